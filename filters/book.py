"""One ticker's order book, price then time: what works of each order, and where it stands.

Each side is a heap of prices over queues of orders. An order that has ended stays in its queue with
`left` 0 until it comes to the front; an empty queue leaves with the price that comes to the top.
When most of what stands in the queues has ended, all that has is swept out, so that memory goes by
what works.
"""

from collections import deque
from collections.abc import Iterator
from heapq import heappop, heappush

from pit.filters.instructions import Order

__all__ = ["Book", "Side", "Working"]


FEW = 1000
"""So many orders may be added before anybody looks for those that have ended."""


class Working:
    """An accepted order as the specialist works it, ahead of what is published of it.

    quantity, price, left: in 10**-9; the first two change by replaces, `left` is what may still
    trade. limit: the price as written. shown: of an iceberg that rests, what is shown of it; 0 for
    other orders. cover: what a market order to buy may still cost, in 10**-18 of the currency; -1
    without a bound. came: the instruction by which it came back, '' for its own.
    tried: whether it has been seen that it could trade as much at once as it must.
    """

    __slots__ = ("came", "cover", "left", "limit", "order", "price", "quantity", "shown", "tried")

    def __init__(self, order: Order) -> None:
        self.order = order
        self.price, self.limit = order.price, order.limit
        self.quantity, self.left = order.quantity, order.quantity - order.filled
        self.shown = 0
        self.cover, self.came, self.tried = order.cover, "", False

    def crosses(self, other: "Working") -> bool:
        """Whether this one would trade with one of the other side."""
        return self.price >= other.price if self.order.buys else self.price <= other.price


class Side:
    """The bids or the asks. A level's key is its price, negative for bids: the best is least."""

    __slots__ = ("_added", "_heap", "_levels", "_room", "_sign")

    def __init__(self, bids: bool) -> None:
        self._sign = -1 if bids else 1
        self._added, self._room = 0, FEW
        self._heap: list[int] = []
        self._levels: dict[int, deque[Working]] = {}

    def add(self, order: Working) -> None:
        """Put an order behind all others of its price."""
        key = order.price * self._sign
        level = self._levels.get(key)
        if level is None:
            self._levels[key] = level = deque()
            heappush(self._heap, key)
        level.append(order)
        self._added += 1
        if self._added > self._room:
            self._sweep()

    def _sweep(self) -> None:
        """Take out all that has ended; again when as many have been added as work now."""
        found = {key: deque(o for o in level if o.left) for key, level in self._levels.items()}
        self._levels = {key: level for key, level in found.items() if level}
        self._heap = sorted(self._levels)
        self._added, self._room = 0, FEW + sum(map(len, self._levels.values()))

    def remove(self, order: Working) -> None:
        """Take an order out that still works."""
        self._levels[order.price * self._sign].remove(order)

    def refill(self, order: Working) -> None:
        """Show the next part of an iceberg, the first of its level, behind all others there."""
        order.shown = min(order.order.terms.show, order.left)
        if order.shown:
            level = self._levels[order.price * self._sign]
            level.append(level.popleft())

    def best(self) -> Working | None:
        """The order that trades first; None on an empty side."""
        heap, levels = self._heap, self._levels
        while heap:
            level = levels[heap[0]]
            while level:
                if level[0].left:
                    return level[0]
                level.popleft()
            del levels[heappop(heap)]
        return None

    def __iter__(self) -> Iterator[Working]:
        """The working orders, best first."""
        for level in self.levels():
            yield from level

    def levels(self) -> Iterator[list[Working]]:
        """The working orders of each price, best first."""
        for key in sorted(self._levels):
            level = [order for order in self._levels[key] if order.left]
            if level:
                yield level


class Book:
    """Bids and asks of a ticker."""

    __slots__ = ("asks", "bids")

    def __init__(self) -> None:
        self.bids, self.asks = Side(True), Side(False)

    def side(self, buys: bool) -> Side:
        """The side on which such orders rest."""
        return self.bids if buys else self.asks

    def __iter__(self) -> Iterator[Working]:
        yield from self.bids
        yield from self.asks
