"""Print every order as primary, offset and match legs, with the signature that authorises each.

    $ pit legs
    $ pit legs alice --json
    $ pit legs ACME --csv --archive FOLDER

An order authorises offsets and matches up to its quantity, at its price or better. It is a primary
leg, unmatched, once its `accept` stands. A fill of part of it is an offset of that part (unmatched,
at the order's price) and a match (at the fill's); what ends it an offset of the rest; a replace an
offset of the rest and a new primary. A combination is an order for each of its legs, at the worst
price that the leg's market can have. Of its unmatched legs the quantities add up to what works of
it, of its matched ones to what it has traded; offers are negative.

`entry` signed the leg, `by` made it stand, `after` is the seal that the signer had seen, and
`chainedTo` the highest leg below that seal, or, of offsets and matches, the primary. Ids count
what comes into the book: the first order is 1, and so are its trader and its market's root. With
--json the signed text and the signature stand in full, else their sha256 (in a table its first 16
digits). With a member, a market or an order (alice/14) it is that one's alone.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from decimal import Decimal
from hashlib import sha256
from typing import NamedTuple

from pit.archives.entry import read_entry
from pit.archives.mbox import Entry
from pit.filters.combos import Combo
from pit.filters.combos import Leg as ComboLeg
from pit.filters.figures import price_text, quantity_text
from pit.filters.history import Chapter, history
from pit.filters.instructions import Act, Cancel, Order, Replace, Trade, scaled
from pit.filters.rows import Row, add_form, show_rows
from pit.filters.tape import add_archive, archive_of
from pit.pits.options import parser
from pit.pits.signed import signed
from pit.pits.state import Pit

__all__ = ["Leg", "Legs", "Said", "rows"]

PRIMARY, OFFSET, MATCH = "primary", "offset", "match"


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
    a market order. market_root, market_branch: RAIN.2 is root RAIN's branch 2. by: the directive by
    which it stands. said: what authorises it, always the trader's own. chained: the leg before it,
    (root, branch), (0, 0) for none.
    """

    root: int
    branch: int
    kind: str
    order: str
    price: int | None
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
        """Whether it is a trade."""
        return self.kind == MATCH


class _Open:
    """An order in the book: its legs so far, what is left of it (10**-9), what authorises it."""

    __slots__ = ("branch", "left", "order", "price", "primary", "root", "said", "sign")

    def __init__(self, order: Order, root: int, said: Said) -> None:
        self.order, self.root, self.said = order, root, said
        self.branch = self.primary = 0
        self.left = order.quantity
        self.price = None if order.limit is None else order.price
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
                yield from self._fill(_key(order), ref, directive.args[0], directive.args[2])
        elif verb == "leaves" and isinstance(subject, Order):
            yield from self._leaves(subject.ref, ref, *directive.args[1:])
        elif verb == "leaves" and isinstance(subject, Combo):
            for order in subject.legs:
                yield from self._leaves(_key(order), ref, *directive.args[1:])
        elif isinstance(subject, Order | Combo | Replace | Cancel):
            if verb in ("buy", "sell", "combo", "replace", "cancel"):
                self._said[subject.ref] = self._signed(chapter)
            if isinstance(subject, Order | Combo) and (verb == "accept" or chapter.pit.open):
                said = self._said.pop(subject.ref)
                for order in subject.legs if isinstance(subject, Combo) else (subject,):
                    self._orders += 1
                    found = self._book[_key(order)] = _Open(order, self._orders, said)
                    yield self._primary(found, ref)
            elif verb in ("refuse", "leaves"):
                self._said.pop(subject.ref, None)

    def _signed(self, chapter: Chapter) -> Said:
        """What the entry's signer has signed; once for all directives of it."""
        entry, last = chapter.entry, self._last
        if last is None or last.entry != entry.number:
            bare = chapter.pit.open or not entry.raw
            armor = b"" if bare else signed(read_entry(entry.raw)[1]).armor
            last = self._last = Said(entry.number, entry.text, armor.decode(), chapter.text.after)
        return last

    def _fill(self, ref: str, by: str, number: Decimal, price: Decimal) -> Iterator[Leg]:
        """A part of an order is offset, and matched at the fill's price."""
        found, quantity = self._book[ref], scaled[number]
        yield self._offset(found, quantity, by, found.said)
        primary = (found.root, found.primary)
        yield self._leg(found, MATCH, scaled[price], found.sign * quantity, by, found.said, primary)

    def _leaves(
        self, ref: str, by: str, number: Decimal, price: Decimal | None, words: str
    ) -> Iterator[Leg]:
        """What is left of an order ends, or goes on with other numbers."""
        found, left = self._book[ref], scaled[number]
        said = self._said.pop(words.partition(" ")[2], found.said)
        if not left or price is None:  # it ends, or is decremented
            yield self._offset(found, found.left - left, by, said)
            return
        yield self._offset(found, found.left, by, said)
        self._book[ref] = found
        found.left, found.price, found.said = left, scaled[price], said
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
    """An order by its reference; of a combination, which has several, with the leg's market."""
    return f"{order.ref} {order.ticker}" if isinstance(order, ComboLeg) else order.ref


def _entry(height: tuple[int, tuple[int, int]]) -> int:
    return height[0]


def rows(
    legs: Iterable[Leg], pit: Pit, *, whole: bool = False, short: bool = False
) -> Iterator[Row]:
    """Legs as rows, under the seed's names for what it names.

    whole: texts and signatures as they are, not their sha256; short: of a hash the first 16 digits.
    """
    digits = 16 if short else 64

    def shown(text: str) -> str:
        return text if whole or not text else sha256(text.encode()).hexdigest()[:digits]

    for leg in legs:
        said = leg.said
        yield {
            "tradeRootId": leg.root,
            "tradeBranchId": leg.branch,
            "leg": leg.kind,
            "order": leg.order,
            "isMatched": int(leg.matched),
            "price": "market" if leg.price is None else price_text(leg.price, leg.market, pit),
            "quantity": quantity_text(leg.quantity, leg.market, pit),
            "marketRootId": leg.market_root,
            "marketBranchId": leg.market_branch,
            "market": leg.market,
            "traderId": leg.trader_id,
            "trader": leg.trader,
            "entry": said.entry,
            "by": leg.by,
            "after": f"{said.after[0]} {said.after[1][:digits]}" if said.after else "",
            "chainedTo": ".".join(map(str, leg.chained)) if leg.chained[0] else "",
            "signatureMsg": shown(said.text),
            "signature": shown(said.signature),
        }


def main(argv: list[str]) -> int:
    """Print the legs."""
    options = parser("legs", __doc__)
    options.add_argument(
        "which", nargs="?", metavar="MEMBER|MARKET|ORDER", help="only that one's legs"
    )
    add_archive(options)
    add_form(options)
    args = options.parse_args(argv)
    legs = Legs()
    found = [
        leg
        for leg in legs.read(archive_of(args))
        if args.which in (None, leg.trader, leg.market, leg.order)
    ]
    short = not args.json and not args.csv
    show_rows(rows(found, legs.pit, whole=args.json, short=short), args, "legs: nothing")
    return 0
