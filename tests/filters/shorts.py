"""What margin short sales need held, worked out anew from what stands: a slow oracle.

One unit at a time, in fractions; it shares nothing with pit.filters.margin.
"""

from collections.abc import Iterable
from fractions import Fraction
from math import ceil
from typing import NamedTuple


class Said(NamedTuple):
    """An order as it stands: entry, side, what is left, its price (None: market), in whole units.

    cost: what a market order to buy may cost. fee: its highest rate. charged: unrounded.
    """

    entry: int
    buys: bool
    left: int
    price: Fraction | None
    cost: Fraction = Fraction(0)
    fee: Fraction = Fraction(0)
    charged: Fraction = Fraction(0)


class Held(NamedTuple):
    """What must be held: cash as an exact fraction of the smallest unit, units by entry, parts."""

    cash: Fraction
    units: dict[int, int]
    parts: dict[int, int]


def need(orders: Iterable[Said], units: int, locked: Fraction) -> Held:
    """Of an account that has so many units (below 0: is short); money in smallest units."""
    by_entry = sorted(orders)
    free, short = max(0, units), max(0, -units)
    given: dict[int, int] = {}
    parts: dict[int, int] = {}
    closes: dict[int, int] = {}
    for order in by_entry:
        for _ in range(order.left):
            if order.buys:
                if order.price is not None and short > sum(closes.values()):
                    closes[order.entry] = closes.get(order.entry, 0) + 1
            elif free:
                free -= 1
                given[order.entry] = given.get(order.entry, 0) + 1
            else:
                parts[order.entry] = parts.get(order.entry, 0) + 1
    cash = short * locked
    for order in by_entry:
        price = order.price or Fraction(0)
        slack = 1 - (ceil(order.charged) - order.charged) if order.fee else Fraction(0)
        if not order.buys:
            each = max(Fraction(0), locked - price * (1 - order.fee))
            cash += parts.get(order.entry, 0) * each
            if parts:
                cash += slack
            continue
        cost = order.left * price if order.price is not None else order.cost
        whole = cost + ceil(order.charged + order.fee * cost) - ceil(order.charged)
        closed = closes.get(order.entry, 0) * locked
        if not closed:
            cash += whole
        else:
            cash += min(whole, max(Fraction(0), cost * (1 + order.fee) - closed) + slack)
    return Held(cash, given, parts)
