"""One ticker's order book, price then time, and what waits for its turn (MARKET, Matching).

Each side is a heap of prices over queues of orders. An order that has ended stays in its queue with
`left` 0 until it comes to the front; an empty queue leaves with the price that comes to the top.
"""

from collections import deque
from collections.abc import Iterator
from heapq import heappop, heappush
from typing import NamedTuple

from pit.filters.instructions import Cancel, Order


class Side:
    """The bids or the asks. A level's key is its price, negative for bids: the best is least."""

    __slots__ = ("_heap", "_levels", "_sign")

    def __init__(self, bids: bool) -> None:
        self._sign = -1 if bids else 1
        self._heap: list[int] = []
        self._levels: dict[int, deque[Order]] = {}

    def add(self, order: Order) -> None:
        """Put an order behind all others of its price."""
        key = order.price * self._sign
        level = self._levels.get(key)
        if level is None:
            self._levels[key] = level = deque()
            heappush(self._heap, key)
        level.append(order)

    def best(self) -> Order | None:
        """The order that trades first; None on an empty side."""
        heap, levels = self._heap, self._levels
        while heap:
            level = levels[heap[0]]
            while level:
                if level[0].left > 0:
                    return level[0]
                level.popleft()
            del levels[heappop(heap)]
        return None

    def __iter__(self) -> Iterator[Order]:
        """The working orders, best first."""
        for key in sorted(self._levels):
            yield from (order for order in self._levels[key] if order.left > 0)


class Book:
    """Bids and asks of a ticker."""

    __slots__ = ("asks", "bids")

    def __init__(self) -> None:
        self.bids, self.asks = Side(True), Side(False)

    def add(self, order: Order) -> None:
        """Let an order rest."""
        (self.bids if order.buys else self.asks).add(order)

    def opposite(self, order: Order) -> Order | None:
        """The resting order that `order` would trade with, by price and time."""
        best = (self.asks if order.buys else self.bids).best()
        if best is None:
            return None
        crosses = best.price <= order.price if order.buys else best.price >= order.price
        return best if crosses else None

    def __iter__(self) -> Iterator[Order]:
        yield from self.bids
        yield from self.asks


class Banned(NamedTuple):
    """A member was suspended or expelled at entry `ref`: his working orders are cancelled."""

    ref: str
    owner: str


class Item(NamedTuple):
    """An instruction that waits for its turn in a lane: when it came, and what it is."""

    time: str
    what: Order | Cancel | Banned


class Lane:
    """A ticker: its book, the instructions that wait for an answer ahead of them, and expiries."""

    __slots__ = ("book", "expiries", "waiting")

    def __init__(self) -> None:
        self.book = Book()
        self.waiting: deque[Item] = deque()
        self.expiries: list[tuple[str, tuple[int, int], Order]] = []
