"""What an account's open orders in a ticker that may be sold short need held: the arithmetic.

docs/reference/short-sales.md has the rule and why it is enough. Quantities and prices are in
10**-9, sums of both with a rate in 10**-27.
"""

from collections.abc import Iterable
from typing import NamedTuple

from pit.filters.instructions import ONE, Order
from pit.filters.problems import units_of, with_fee
from pit.filters.record import reference_key
from pit.pits.listing import Ticker

__all__ = ["Needs", "Open", "Position", "needs_of", "required"]


class Open(NamedTuple):
    """An open order with its unanswered replaces.

    left: the most that may be left of it; price: the worst that it may trade at; high: its highest
    limit; in 10**-9. whole: what a market order to buy holds, in smallest units, -1 for others.
    """

    order: Order
    left: int
    price: int
    high: int
    whole: int = -1


class Needs(NamedTuple):
    """What a position needs held.

    units: of each sell, cash: of each buy that closes nothing, in smallest units. pooled: the cash
    for all else. parts: the short part of each sell; short: what the account is short (10**-9).
    sells, buys: their share of the cash, in 10**-27, buys with `cash`.
    """

    units: dict[str, int]
    cash: dict[str, int]
    pooled: int
    parts: dict[str, int]
    short: int
    sells: int
    buys: int

    @property
    def total(self) -> int:
        """All cash."""
        return self.pooled + sum(self.cash.values())


class Position:
    """An account's open orders for a ticker, by entry, and what is held for them.

    locked: for each unit short, in 10**-9; 0 where nothing is. needs: what is held.
    """

    __slots__ = ("account", "code", "locked", "needs", "open")

    def __init__(self, account: str, code: str) -> None:
        self.account, self.code = account, code
        self.open: dict[str, Open] = {}
        self.locked = 0
        self.needs = Needs({}, {}, 0, {}, 0, 0, 0)

    @property
    def pool(self) -> str:
        """The key of the hold for the position as a whole."""
        return f"short {self.account} {self.code}"

    @property
    def flat(self) -> bool:
        """Whether nothing is short, and no open order may make it so."""
        return not self.needs.short and not any(self.needs.parts.values())

    def highest(self, needs: Needs) -> int:
        """The highest limit of a sell with a short part."""
        return max((self.open[ref].high for ref, part in needs.parts.items() if part), default=0)

    def put(self, ref: str, one: Open | None) -> None:
        """An order is so now; None: it is over."""
        if one is None:
            self.open.pop(ref, None)
            return
        last = next(reversed(self.open), ref)
        late = ref not in self.open and _by_entry(ref) < _by_entry(last)
        self.open[ref] = one
        if late:
            self.open = {key: self.open[key] for key in sorted(self.open, key=_by_entry)}


def _by_entry(ref: str) -> tuple[tuple[int, int], str]:
    return reference_key(ref.partition(" ")[0]), ref


def required(price: int, margin: int, ticker: Ticker) -> int:
    """(1 + margin) x price, rounded up to the tick; all in 10**-9."""
    step = ONE * ticker.tick_scaled
    return -(-(ONE + margin) * price // step) * ticker.tick_scaled


def needs_of(orders: Iterable[Open], units: int, short: int, locked: int, ticker: Ticker) -> Needs:
    """What open orders, in the order of their entries, need held.

    units: what there is for sells; short: what the account is short; locked: for each (10**-9).
    """
    unit = ticker.value_scaled * ONE
    sells = [one for one in orders if not one.order.buys]
    given: dict[str, int] = {}
    parts: dict[str, int] = {}
    for one in sells:
        got = min(one.left, units)
        units -= got
        given[one.order.ref] = units_of(got, ticker)
        parts[one.order.ref] = one.left - got
    selling = 0
    if any(parts.values()):
        for one in sells:
            rate = max(one.order.rates)
            net = locked * ONE - one.price * (ONE - rate)
            selling += parts[one.order.ref] * max(0, net)
            if rate:
                selling += _rounding(one.order, unit)
    cash: dict[str, int] = {}
    buying, closing = 0, short
    for one in orders:
        if not one.order.buys:
            continue
        ref, rate, cost = one.order.ref, max(one.order.rates), one.left * one.price
        if one.whole >= 0:
            cash[ref] = one.whole
            continue
        whole = with_fee(one.order, cost, ticker)
        closes = min(one.left, closing)
        closing -= closes
        if not closes * locked:
            cash[ref] = whole
            continue
        rest = max(0, cost * (ONE + rate) - closes * locked * ONE)
        buying += min(whole * unit, rest + _rounding(one.order, unit) * bool(rate))
    exact = short * locked * ONE + selling + buying
    buying += sum(cash.values()) * unit
    return Needs(given, cash, -(-exact // unit), parts, short, selling, buying)


def _rounding(order: Order, unit: int) -> int:
    """What rounding up may still add to the fees of an order: up to one smallest unit (10**-27)."""
    return unit - -order.charges % unit
