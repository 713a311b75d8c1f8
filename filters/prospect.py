"""What would follow from an instruction: the filters fed with it, and with what they then owe.

The instruction is read as the next entry, what the keepers owe after it as the entries behind that,
then what the specialists owe: as drafts count downstream (FILTERS, Contract). Nothing is written.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from pit.archives.amounts import decimal, plain
from pit.archives.entry import NOTARY
from pit.archives.fields import show_time
from pit.archives.language import show
from pit.archives.mbox import Draft, Entry
from pit.archives.verbs import Directive
from pit.filters import catalog, views
from pit.filters.claims import Claim
from pit.filters.combos import Combo
from pit.filters.instructions import (
    Act,
    Cancel,
    Order,
    Replace,
    Trade,
)
from pit.filters.lanes import Owed
from pit.filters.markets import Bound, Bounded, Settled
from pit.filters.match import Match
from pit.filters.outcomes import Teller
from pit.filters.payoffs import risks
from pit.filters.record import reference_key
from pit.filters.rows import Row
from pit.filters.runner import Event
from pit.filters.show import state_of
from pit.filters.standing import Standing
from pit.filters.whose import named
from pit.pits.home import Home
from pit.pits.reading import entries_of
from pit.pits.state import Pit

__all__ = ["Floor", "Outcome", "ask"]

ROUNDS = 9
"""How often the filters are asked what they owe; each round's reports may call for others."""


class _Keeper(Teller):
    """Position keeping that remembers the acts of the last entry."""

    acts: Sequence[Act] = ()

    def step(self, event: Event, pit: Pit, record: Standing) -> Iterator[Owed]:
        self.acts = event.acts
        return super().step(event, pit, record)


class Floor:
    """The filters that have a part in a pit, after the last entry of its archive."""

    def __init__(self, home: Home, pit: str) -> None:
        self.keeper, self.match = _Keeper(), Match()
        self.run = state_of(home, pit, self.keeper)
        brought = self.run.pit.brought.keys() | ({"settle"} if self.run.pit.markets else set())
        filters = [catalog.make(name) for name in catalog.names() if name in brought]
        filters.append(self.match)
        self.runs = [self.run, *(state_of(home, pit, filter) for filter in filters)]
        top = max(run.pit.entry for run in self.runs)
        for run in self.runs:  # something may have been sealed meanwhile
            for entry in entries_of(home, pit, run.pit.entry + 1) if run.pit.entry < top else ():
                if entry.number <= top:
                    run.feed(entry)

    @property
    def pit(self) -> Pit:
        """The pit after what was fed."""
        return self.run.pit

    def waiting(self) -> list[str]:
        """The instructions that no keeper has answered, HANDLE/REF, the oldest first."""
        record = self.run.record
        asked: list[Order | Claim | Combo | Replace] = [*record.orders.values()]
        asked += [*record.claims.values(), *record.combos.values(), *record.replaces.values()]
        found = [(one.ref, one.owner) for one in asked if not one.accepted]
        found += [*record.due.items()]
        found += [(bust.ref, owner) for bust in record.busts.values() for owner in bust.waits]
        return [f"{who}/{ref}" for ref, who in sorted(found, key=lambda one: reference_key(one[0]))]

    def owed(self) -> list[str]:
        """The reports of the specialists that do not stand yet, as text."""
        words = self.pit.words
        return [show(o.directive, words).strip() for run in self.runs[1:] for o, _ in run.owed()]


class Outcome(NamedTuple):
    """What an instruction leads to, for its signer; rows are as `--json` prints them.

    entry, time: what it is read as. waiting: what has no answer above it; owed: what specialists
    owe above it, which here stands only below it. answers, fills, leaves: what is owed after it.
    rests: the orders of it that work then. balances, cover: before and after. said: it in words.
    """

    entry: int
    time: str
    waiting: list[str]
    owed: list[str]
    answers: list[Row]
    fills: list[Row]
    leaves: list[Row]
    rests: list[Row]
    balances: list[Row]
    cover: list[Row]
    said: list[str]


def ask(floor: Floor, handle: str, text: str, time: str) -> Outcome:
    """Read a text as the next entry, and what is owed after it; the floor is used up by it."""
    number = floor.pit.entry + 1
    waiting, owed = floor.waiting(), floor.owed()
    before = _holdings(floor, handle), _covers(floor, handle)
    told = _Told(floor, handle, number, Counter(owed))
    key = floor.pit.members[handle].fingerprint if handle in floor.pit.members else ""
    told.feed(Entry(floor.pit.name, number, time, handle, key, text, b""))
    told.feed(_seal(number, time, floor.pit))
    for _ in range(ROUNDS):
        if not [told.feed(draft) for run in floor.runs for draft in run.drafts()]:
            break
    after = _holdings(floor, handle), _covers(floor, handle)
    orders = views.orders(floor.match, floor.run.record, floor.pit, handle)
    return Outcome(
        number,
        time,
        waiting,
        owed,
        told.answers,
        told.fills,
        told.leaves,
        [row for row in orders if row["order"].partition("/")[2] in told.touched],
        _compared(before[0], after[0], ("balance", "held", "available")),
        _compared(before[1], after[1], ("cover",)),
        told.said,
    )


def _seal(number: int, time: str, pit: Pit) -> Draft:
    """The seal without which no specialist would have read the entry; its root cannot be known."""
    text = f"pit {pit.name}\nseal {number}\n  root: {'0' * 64}\n  time: {time}\n"
    return Draft("notary", NOTARY, 1, text)


class _Told:
    """What the entries after an instruction say to its signer. passed: what was owed before it."""

    def __init__(self, floor: Floor, handle: str, number: int, passed: Counter[str]) -> None:
        self.floor, self.handle, self.number, self.passed = floor, handle, number, passed
        self.answers: list[Row] = []
        self.fills: list[Row] = []
        self.leaves: list[Row] = []
        self.said: list[str] = []
        self.touched: set[str] = set()

    def feed(self, message: Entry | Draft) -> Entry | Draft:
        """Read one more."""
        for run in self.floor.runs:
            run.feed(message)
        self.said += [one.line for one in self.floor.keeper.said if one.handle == self.handle]
        for act in self.floor.keeper.acts:
            self._act(act)
        return message

    def _act(self, act: Act) -> None:
        (ref, directive, subject), pit = act, self.floor.pit
        verb, args, keys = directive
        text = show(directive, pit.words).strip()
        if verb in ("accept", "refuse"):
            owner, _, asked = args[0].partition("/")
            if asked.partition(".")[0] == str(self.number):
                cover = plain(keys["cover"]) if "cover" in keys else ""
                why = args[1] if verb == "refuse" else ""
                row = {"ref": asked, "of": owner, "answer": verb, "why": why, "cover": cover}
                self.answers.append(row)
                if owner != self.handle:  # a side of a bust
                    self.said.append(f"then stands `{text}`")
        elif isinstance(subject, Trade | Order | Combo | Cancel | Replace) and self.passed[text]:
            self.passed[text] -= 1
        elif isinstance(subject, Bounded | Settled):
            self.said.append(f"then stands `{text}`")
        elif isinstance(subject, Trade):
            self._trade(subject, directive, pit)
        elif verb == "leaves" and isinstance(subject, Order | Combo | Cancel | Replace):
            owner, _, left = args[0].partition("/")
            if owner == self.handle:
                price = "" if args[2] is None else plain(args[2])
                row = {"order": args[0], "quantity": plain(args[1]), "price": price, "why": args[3]}
                self.leaves.append(row)
                self.touched.add(left)
        elif ref.partition(".")[0] == str(self.number):
            if isinstance(subject, Order | Combo):
                self.touched.add(ref)
            elif isinstance(subject, Bound) and subject.until > pit.time:
                self.said.append(f"{ref}: open to disputes until {show_time(subject.until)}")

    def _trade(self, trade: Trade, directive: Directive, pit: Pit) -> None:
        quantity, code, price = directive.args[:3]
        currency = pit.tickers[code].currency
        for order, fee, other in zip(trade.sides, trade.fees, trade.sides[::-1], strict=True):
            if order.owner == self.handle:
                self.touched.add(order.ref)
                self.fills.append(
                    {
                        "order": order.name,
                        "side": "buy" if order.buys else "sell",
                        "quantity": plain(quantity),
                        "ticker": code,
                        "price": plain(price),
                        "with": other.name,
                        "fee": plain(decimal(fee, pit.decimals(currency) or 0)),
                        "currency": currency,
                    }
                )


def _holdings(floor: Floor, handle: str) -> list[Row]:
    return list(views.holdings(floor.keeper, floor.pit, handle))


def _covers(floor: Floor, handle: str) -> list[Row]:
    """What each driver takes of each account."""
    return [
        {
            **named(risk.account),
            "driver": risk.driver,
            "asset": risk.ticker.currency,
            "cover": plain(decimal(risk.cover, floor.pit.decimals(risk.ticker.currency) or 0)),
        }
        for risk in risks(floor.keeper, floor.pit, handle)
    ]


def _compared(before: list[Row], after: list[Row], numbers: tuple[str, ...]) -> list[Row]:
    """Rows of the same things before and after; what is in one of them alone is 0 in the other."""

    def keyed(rows: list[Row]) -> dict[tuple[str, ...], Row]:
        return {tuple(v for k, v in row.items() if k not in numbers): row for row in rows}

    old, new = keyed(before), keyed(after)
    found = []
    for key in sorted(old | new):
        row = {k: v for k, v in (new.get(key) or old[key]).items() if k not in numbers}
        for suffix, rows in (("", old), (" after", new)):
            for name in numbers:
                nothing = plain(Decimal((old.get(key) or new[key])[name]) * 0)
                row[name + suffix] = rows[key][name] if key in rows else nothing
        found.append(row)
    return found
