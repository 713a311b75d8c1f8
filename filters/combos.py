"""Combinations: several markets of one family bought and sold at once, for at most a net price.

A combination trades whole or not at all (MARKET, Bounded contracts): its fills stand one after the
other in one report, and count together or not at all.
"""

import re
from decimal import Decimal
from typing import TYPE_CHECKING

from pit.archives.amounts import WHOLE_DIGITS, decimal, multiply, plain, trimmed
from pit.archives.fields import ASSET
from pit.archives.mbox import Entry
from pit.archives.verbs import Directive
from pit.filters import charges
from pit.filters.claims import account_of
from pit.filters.instructions import (
    SCALE,
    Order,
    Problem,
    scaled,
)
from pit.pits.markets import Market

if TYPE_CHECKING:
    from pit.filters.standing import Standing
    from pit.pits.state import Pit

__all__ = ["LEGS", "MAX_FILLS", "Combo", "Leg", "combo", "combo_of"]

LEGS = range(2, 17)
"""How many legs a combination may have."""

MAX_FILLS = 1000
"""The most fills that a combination may take, so that one report can hold them."""

_LEG = re.compile(rf"([+-])([1-9][0-9]{{0,14}}) ({ASSET})").fullmatch


class Leg(Order):
    """A leg of a combination as an order; its limit is the worst price that its market can have."""

    __slots__ = ("combo",)
    combo: "Combo"


class Combo:
    """A combination as published.

    ref, owner, account, label: as an order's. quantity: how many, in 10**-9; net: at most so much
    for each, in 10**-9, negative where at least so much is to be received; written, limit: both as
    written. keys: of its directive. fills: of those that stand in the entry that is being read, how
    many are still to come; failed: the last entry whose fills of it were not all of it.
    """

    __slots__ = (
        "account",
        "failed",
        "fills",
        "keys",
        "label",
        "legs",
        "limit",
        "net",
        "owner",
        "quantity",
        "ref",
        "time",
        "written",
    )

    def __init__(self, ref: str, time: str, owner: str, directive: Directive) -> None:
        _, (self.written, self.limit), self.keys = directive
        self.ref, self.time, self.owner = ref, time, owner
        self.account = account_of(owner, self.keys)
        self.label: str = self.keys.get("ref", "")
        self.quantity, self.net = scaled[self.written], scaled[self.limit]
        self.legs: tuple[Leg, ...] = ()
        self.fills = self.failed = 0

    @property
    def name(self) -> str:
        """HANDLE/REF, as reports name it."""
        return f"{self.owner}/{self.ref}"

    @property
    def lane(self) -> str:
        """The ticker in whose lane it is killed: its first leg's."""
        return self.legs[0].ticker

    @property
    def cost(self) -> int:
        """What all of it may cost together, in 10**-18."""
        return self.quantity * self.net

    @property
    def accepted(self) -> bool:
        """Whether its `accept` stands."""
        return self.legs[0].accepted

    @accepted.setter
    def accepted(self, accepted: bool) -> None:
        for leg in self.legs:
            leg.accepted = accepted

    def leg(self, ticker: str) -> Leg | None:
        """The leg in a market."""
        return next((leg for leg in self.legs if leg.ticker == ticker), None)

    def signed(self) -> list[tuple[str, int]]:
        """(market, quantity in 10**-9), a sold leg's negative."""
        return [(leg.ticker, leg.quantity if leg.buys else -leg.quantity) for leg in self.legs]


def combo_of(ref: str, time: str, owner: str, directive: Directive, pit: "Pit") -> Combo | str:
    """The combination that a directive asks for, or why there can be none, as a sentence."""
    found: list[tuple[str, Decimal, Market]] = []
    for line in directive.keys["legs"].split("\n"):
        leg = _LEG(line)
        if leg is None:
            return f"{line[:60]!a} is no leg; write +1 RAIN.2 to buy, -1 RAIN.3 to sell"
        market = pit.markets.get(leg[3])
        if market is None:
            return f"{leg[3]} is not a market of this pit"
        found.append((leg[1], Decimal(leg[2]), market))
    if len(found) not in LEGS:
        return f"a combination has {LEGS[0]} to {LEGS[-1]} legs, not {len(found)}"
    first = found[0][2]
    for index, (_, _, market) in enumerate(found):
        if any(market is other for _, _, other in found[:index]):
            return f"{market.code} is two legs; say it once"
        if market.driver != first.driver:
            return (
                f"{first.code} is settled with {first.driver}, {market.code} with "
                f"{market.driver}; the legs of a combination are settled together"
            )
    combo = Combo(ref, time, owner, directive)
    made = []
    for sign, ratio, market in found:
        verb, limit = ("buy", market.high) if sign == "+" else ("sell", market.low)
        quantity = multiply(combo.written, ratio)
        if quantity >= 10**WHOLE_DIGITS:
            return f"{plain(combo.written)} x {ratio} {market.code} has over {WHOLE_DIGITS} digits"
        args = (quantity, market.code, decimal(limit, SCALE))
        one = Leg(ref, time, owner, Directive(verb, args))
        one.account, one.label, one.combo = combo.account, combo.label, combo
        made.append(one)
    combo.legs = tuple(made)
    return combo


def combo(
    record: "Standing", ref: str, directive: Directive, entry: Entry, pit: "Pit", after: int
) -> Combo | Problem:
    """A combination is asked for."""
    found = combo_of(ref, entry.time, entry.signer, directive, pit)
    why = found if isinstance(found, str) else _unfit(found, record, pit)
    if why or isinstance(found, str):
        return record.problem(ref, entry, why)
    found.accepted = pit.open
    maker, taker = pit.rule("fee")
    if maker or taker:
        for leg in found.legs:
            leg.rates = (scaled[maker], scaled[taker])
    record.combos[ref] = found
    charges.charge(record, ref, directive, entry, pit, found.lane, found.quantity * abs(found.net))
    return found


def _unfit(combo: Combo, record: "Standing", pit: "Pit") -> str:
    """Why a combination cannot work, whatever its owner has, as a sentence; '' when it can."""
    ticker, driver = pit.tickers[combo.lane], pit.markets[combo.lane].driver
    course = record.courses[driver]
    if course.ended:
        at = "void" if course.value is None else f"settled at {_number(course.value)}"
        return f"{driver} is {at}"
    if not combo.quantity:
        return "a quantity of 0 buys and sells nothing"
    if combo.quantity % ticker.lot_scaled:
        return f"{plain(combo.written)} is not a multiple of the lot, {plain(ticker.lot)}"
    if combo.net % ticker.tick_scaled:
        return f"{plain(combo.limit)} is not a multiple of the tick, {plain(ticker.tick)}"
    return ""


def too_dear(combo: Combo, cost: int) -> str:
    """Why fills that cost so much (10**-18) are not a combination's, as a sentence; '' if not."""
    if cost <= combo.cost:
        return ""
    net = plain(trimmed(decimal(combo.net, SCALE)))
    most = f"{_worth(combo.cost)}, {plain(combo.written)} x {net}"
    return f"{combo.name} may cost {most}, not {_worth(cost)}"


def _number(value: int) -> str:
    return plain(trimmed(decimal(value, SCALE)))


def _worth(value: int) -> str:
    return plain(trimmed(decimal(value, 2 * SCALE)))
