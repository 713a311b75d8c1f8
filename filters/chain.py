"""Orders as a chain of signed legs: primary, offset, match, bust.

A fold over what stands, after the seed "Protocol for a distributed synthetic market": legs are only
ever added. An order authorises offsets and matches up to its quantity, at its price or better. A
part of a combination is a trade of its own; only the combination as a whole has a price. What a
bust undoes is matched the other way, by the operator's signature.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from pit.archives.amounts import plain
from pit.archives.entry import read_entry
from pit.archives.mbox import Entry
from pit.filters.busting import Bust, Ruling
from pit.filters.combos import Combo
from pit.filters.combos import Leg as Part
from pit.filters.history import Chapter, history
from pit.filters.instructions import Act, Cancel, Order, Replace, Trade, scaled
from pit.pits.signed import signed
from pit.pits.state import Pit

__all__ = ["BUST", "MATCH", "OFFSET", "PRIMARY", "Leg", "Legs", "Said"]

PRIMARY, OFFSET, MATCH, BUST = "primary", "offset", "match", "bust"


_ORDERS = frozenset({"buy", "sell", "combo"})
_SAID = _ORDERS | {"replace", "cancel", "bust"}
"""The words that authorise legs."""


class Said(NamedTuple):
    """A signed text: its entry, itself, its armoured signature ('' in a stream without), and the
    chain link that it states, the (N, root) of a seal, None for none."""

    entry: int
    text: str
    signature: str
    after: tuple[int, str] | None


class Leg(NamedTuple):
    """A leg of an order (seed "Protocol for a distributed synthetic market", An order).

    root, branch: the trade's. price, quantity: 10**-9, an offer's quantity negative; price None of
    an order without one, whose `limit` says what it has: `market`, of a combination `net 3.50`.
    market_root, market_branch: RAIN.2 is root RAIN's branch 2. by: the directive by which it
    stands. said: what authorises it, the trader's own but of a bust. chained: the leg before it,
    (root, branch), (0, 0) for none.
    """

    root: int
    branch: int
    kind: str
    order: str
    price: int | None
    limit: str
    quantity: int
    market: str
    market_root: int
    market_branch: int
    trader: str
    trader_id: int
    by: str
    said: Said
    chained: tuple[int, int]

    @property
    def matched(self) -> bool:
        """Whether it is a trade, or undoes one."""
        return self.kind in (MATCH, BUST)


class _Open:
    """An order in the book: its legs so far, what is left of it (10**-9), what authorises it."""

    __slots__ = ("branch", "left", "limit", "order", "price", "primary", "root", "said", "sign")

    def __init__(self, order: Order, root: int, said: Said) -> None:
        self.order, self.root, self.said = order, root, said
        self.branch = self.primary = 0
        self.left = order.quantity
        self.price = None if order.limit is None else order.price
        self.limit = "market" if order.limit is None else ""
        if isinstance(order, Part):
            self.price, self.limit = None, f"net {plain(order.combo.limit)}"
        self.sign = 1 if order.buys else -1


class _Ids(dict[str, int]):
    """Names numbered as they come."""

    def __missing__(self, name: str) -> int:
        number = self[name] = len(self) + 1
        return number


class Legs:
    """The legs of an archive, in the order in which they come to stand.

    pit: as the entries read make it.
    """

    def __init__(self) -> None:
        self.pit = Pit()
        self._book: dict[str, _Open] = {}
        self._matches: dict[str, list[tuple[_Open, Leg]]] = {}
        self._said: dict[str, Said] = {}
        self._last: Said | None = None
        self._traders, self._roots = _Ids(), _Ids()
        self._orders = 0
        self._highest = (0, 0)
        self._heights: list[tuple[int, tuple[int, int]]] = []
        """The highest leg after each entry that raised it."""

    def read(self, entries: Iterable[Entry]) -> Iterator[Leg]:
        """The legs of the entries, which are a whole archive's from the first on."""
        for chapter in history(entries):
            self.pit = chapter.pit
            before = self._highest
            for act in chapter.acts:
                for leg in self._act(act, chapter):
                    self._highest = max(self._highest, (leg.root, leg.branch))
                    yield leg
            if self._highest != before:
                self._heights.append((chapter.entry.number, self._highest))

    def _act(self, act: Act, chapter: Chapter) -> Iterator[Leg]:
        (ref, directive, subject), verb = act, act.directive.verb
        if isinstance(subject, Trade):
            for order in subject.sides:
                yield from self._fill(order, ref, directive.args[0], directive.args[2])
        elif isinstance(subject, Ruling):
            yield from self._undone(subject, ref)
        elif verb == "leaves" and isinstance(subject, Order):
            yield from self._leaves(subject, ref, *directive.args[1:])
        elif isinstance(subject, Order | Combo | Replace | Cancel | Bust):
            if verb in _SAID:
                self._said[subject.ref] = self._signed(chapter)
            orders = [subject] if isinstance(subject, Order) else ()
            if isinstance(subject, Combo):
                orders = subject.legs
            if verb == "accept" or (chapter.pit.open and verb in _ORDERS):
                yield from self._enter(orders, ref)
            elif verb == "leaves" and orders:  # a combination is killed
                for order in orders:
                    found = self._book[_key(order)]
                    yield self._offset(found, found.left, ref, found.said)
            elif verb in ("refuse", "leaves"):
                self._said.pop(subject.ref, None)

    def _enter(self, orders: Sequence[Order], by: str) -> Iterator[Leg]:
        """An order, or all parts of a combination, comes into the book."""
        for order in orders:
            self._orders += 1
            found = _Open(order, self._orders, self._said[order.ref])
            self._book[_key(order)] = found
            yield self._primary(found, by)
        for order in orders[:1]:
            del self._said[order.ref]

    def _signed(self, chapter: Chapter) -> Said:
        """What the entry's signer has signed; once for all directives of it."""
        entry, last = chapter.entry, self._last
        if last is None or last.entry != entry.number:
            bare = chapter.pit.open or not entry.raw
            armor = b"" if bare else signed(read_entry(entry.raw)[1]).armor
            last = self._last = Said(entry.number, entry.text, armor.decode(), chapter.text.after)
        return last

    def _fill(self, order: Order, by: str, number: Decimal, price: Decimal) -> Iterator[Leg]:
        """A part of an order is offset, and matched at the fill's price."""
        found, quantity = self._book[_key(order)], scaled[number]
        yield self._offset(found, quantity, by, found.said)
        primary = (found.root, found.primary)
        leg = self._leg(found, MATCH, scaled[price], found.sign * quantity, by, found.said, primary)
        self._matches.setdefault(by, []).append((found, leg))
        yield leg

    def _undone(self, ruling: Ruling, by: str) -> Iterator[Leg]:
        """A fill is undone when the last side's accept stands: each match, the other way."""
        if ruling.done:
            said = self._said.pop(ruling.bust.ref)
            for found, leg in self._matches.pop(ruling.bust.fill.ref):
                chained = (leg.root, leg.branch)
                yield self._leg(found, BUST, leg.price, -leg.quantity, by, said, chained)

    def _leaves(
        self, order: Order, by: str, number: Decimal, price: Decimal | None, words: str
    ) -> Iterator[Leg]:
        """What is left of an order ends, or goes on with other numbers."""
        found, left = self._book[order.ref], scaled[number]
        said = self._said.pop(words.partition(" ")[2], found.said)
        if not left or price is None:  # it ends, or is decremented
            yield self._offset(found, found.left - left, by, said)
            return
        yield self._offset(found, found.left, by, said)
        self._book[order.ref] = found
        found.left, found.price, found.limit, found.said = left, scaled[price], "", said
        yield self._primary(found, by)

    def _primary(self, found: _Open, by: str) -> Leg:
        after = found.said.after
        at = bisect_right(self._heights, after[0], key=_entry) if after else 0
        chained = self._heights[at - 1][1] if at else (0, 0)
        quantity = found.sign * found.left
        leg = self._leg(found, PRIMARY, found.price, quantity, by, found.said, chained)
        found.primary = leg.branch
        return leg

    def _offset(self, found: _Open, quantity: int, by: str, said: Said) -> Leg:
        found.left -= quantity
        if not found.left:
            del self._book[_key(found.order)]
        primary = (found.root, found.primary)
        return self._leg(found, OFFSET, found.price, -found.sign * quantity, by, said, primary)

    def _leg(
        self,
        found: _Open,
        kind: str,
        price: int | None,
        quantity: int,
        by: str,
        said: Said,
        chained: tuple[int, int],
    ) -> Leg:
        found.branch += 1
        order = found.order
        market = self.pit.markets.get(order.ticker)
        return Leg(
            root=found.root,
            branch=found.branch,
            kind=kind,
            order=order.name,
            price=price,
            limit=found.limit if price is None else "",
            quantity=quantity,
            market=order.ticker,
            market_root=self._roots[market.root if market else order.ticker],
            market_branch=market.branch if market else 1,
            trader=order.owner,
            trader_id=self._traders[order.owner],
            by=by,
            said=said,
            chained=chained,
        )


def _key(order: Order) -> str:
    """An order's reference; a part of a combination shares it, and adds its market."""
    return f"{order.ref} {order.ticker}" if isinstance(order, Part) else order.ref


def _entry(height: tuple[int, tuple[int, int]]) -> int:
    return height[0]
