"""What is owed and does not stand yet, lane by lane, and the ticking off (FILTERS, Reports)."""

from collections import OrderedDict
from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

from pit.archives.verbs import Directive


class Owed(NamedTuple):
    """A directive that a filter owes.

    lane: the ticker or member whose order of reports it belongs to ('-': none). cause: the
    reference of the instruction that it follows from.
    """

    lane: str
    directive: Directive
    cause: str


make_owed = partial(tuple.__new__, Owed)
"""One of its three parts, for half the cost of a call of the class."""


class Divergence(NamedTuple):
    """A report that stands otherwise than owed: where, what stands, what is owed (if anything)."""

    report: str
    lane: str
    stands: Directive
    owed: Directive | None


_NONE: OrderedDict[int, Owed] = OrderedDict()


class Lanes:
    """The owed directives in the order in which they came to be owed, ticked off lane by lane.

    diverged: the lanes in which something stands otherwise than owed, until it is adopted.
    """

    def __init__(self) -> None:
        # Ordered: of a plain dict that was emptied from its front, the first is found in O(n).
        self._queues: dict[str, OrderedDict[int, Owed]] = {}
        self._count = 0
        self.diverged: dict[str, Divergence] = {}

    def __iter__(self) -> Iterator[Owed]:
        """All that is owed, oldest first."""
        pairs = [pair for queue in self._queues.values() for pair in queue.items()]
        return (owed for _, owed in sorted(pairs, key=lambda pair: pair[0]))

    def add(self, owed: Owed) -> None:
        """Owe one more."""
        queue = self._queues.get(owed.lane)
        if queue is None:
            queue = self._queues[owed.lane] = OrderedDict()
        self._count += 1
        queue[self._count] = owed

    def tick(self, lane: str, report: str, stands: Directive) -> None:
        """A directive stands that counts: take it off what is owed, or note the divergence."""
        queue = self._queues.get(lane, _NONE)
        if lane in self.diverged:
            self._drop(lane, next((k for k, owed in queue.items() if owed.directive == stands), 0))
            return
        first = next(iter(queue), 0)
        owed = queue[first].directive if first else None
        if owed == stands:
            self._drop(lane, first)
        else:
            self.diverged[lane] = Divergence(report, lane, stands, owed)

    def answered(self, lane: str, cause: str) -> None:
        """Somebody else's answer to an instruction stands: the one that is owed is not any more."""
        queue = self._queues.get(lane, _NONE)
        for key in [key for key, owed in queue.items() if owed.cause == cause]:
            self._drop(lane, key)

    def take(self, lane: str) -> list[Owed]:
        """All that a lane owes, which it owes no more."""
        return list(self._queues.pop(lane, _NONE).values())

    def _drop(self, lane: str, key: int) -> None:
        if key:
            queue = self._queues[lane]
            del queue[key]
            if not queue:
                del self._queues[lane]
