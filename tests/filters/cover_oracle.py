"""Cover by brute force, from the text of MARKET.md's "Bounded contracts" alone: no points, no sums.

Everything that may come is gone through: which open orders are filled, which drivers are settled
and at which half-unit outcome, jointly. Fractions throughout; the last step, which only adds and
compares, multiplies them by their common denominator first.
"""

import random
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import product
from math import lcm
from typing import NamedTuple

HALF = Fraction(1, 2)
NONE, ALL = Fraction(0), Fraction(1)


class Market(NamedTuple):
    """parent: '' for a root."""

    name: str
    parent: str
    low: Fraction
    high: Fraction
    owner_settled: bool = False


class Contract(NamedTuple):
    """A trade, or an order; a sell's quantity is negative."""

    market: str
    quantity: Fraction
    price: Fraction


class Case(NamedTuple):
    """One account. bounds: of each driver, after its narrowings."""

    markets: dict[str, Market]
    bounds: dict[str, tuple[Fraction, Fraction]]
    trades: list[Contract]
    orders: list[Contract]


def driver(case: Case, market: str) -> str:
    """The nearest market upwards whose value is free."""
    found = case.markets[market]
    while found.parent and not found.owner_settled:
        found = case.markets[found.parent]
    return found.name


def value(case: Case, market: str, outcome: Fraction) -> Fraction:
    """A market's value where its driver's outcome is this."""
    found = case.markets[market]
    if found.owner_settled or not found.parent:
        low, high = case.bounds[market]
        return max(low, min(high, outcome))
    return max(found.low, min(found.high, value(case, found.parent, outcome)))


def outcomes(case: Case, of: str) -> list[Fraction]:
    """Every half unit between a driver's bounds."""
    low, high = case.bounds[of]
    return [low + HALF * step for step in range(int((high - low) / HALF) + 1)]


def fillings(case: Case, rng: random.Random, partial: int) -> Iterator[tuple[Fraction, ...]]:
    """How much of each order is filled: every subset whole, and some in part."""
    yield from product((NONE, ALL), repeat=len(case.orders))
    for _ in range(partial):
        yield tuple(rng.choice((NONE, Fraction(1, 3), HALF, ALL)) for _ in case.orders)


def payments(case: Case, of: str, filled: Sequence[Fraction]) -> list[Fraction]:
    """What the account is paid when this driver is settled, by its outcome."""
    held = [*case.trades]
    for order, part in zip(case.orders, filled, strict=True):
        held.append(order._replace(quantity=order.quantity * part))
    mine = [c for c in held if c.quantity and driver(case, c.market) == of]
    return [
        sum(((value(case, c.market, x) - c.price) * c.quantity for c in mine), NONE)
        for x in outcomes(case, of)
    ]


def cover(case: Case) -> Fraction:
    """What the account must have: per driver the worst of every subset of fills and outcome.

    A driver's gain pays nothing.
    """
    total = NONE
    for of in case.bounds:
        own = [order for order in case.orders if driver(case, order.market) == of]
        alone = case._replace(orders=own)
        subsets = product((NONE, ALL), repeat=len(own))
        total += min(0, *(pay for filled in subsets for pay in payments(alone, of, filled)))
    return -total


def least(case: Case, ways: Iterable[tuple[Fraction, ...]]) -> Fraction:
    """The least that comes in, of every way of filling, whichever drivers are settled, and how.

    Any set of drivers may be the settled ones when the account is looked at, in whatever order
    they came; a fill after a settlement is paid at once, so that it is as if it had been before.
    """
    lowest = NONE
    known: dict[tuple[str, tuple[Fraction, ...]], list[Fraction]] = {}
    for filled in ways:
        rows = []
        for of in case.bounds:
            mine = tuple(
                part if driver(case, order.market) == of else NONE
                for order, part in zip(case.orders, filled, strict=True)
            )
            if (of, mine) not in known:
                known[of, mine] = [NONE, *payments(case, of, mine)]
            rows.append(known[of, mine])
        common = lcm(*(pay.denominator for row in rows for pay in row))
        scaled = [[int(pay * common) for pay in row] for row in rows]
        lowest = min(lowest, Fraction(min(map(sum, product(*scaled))), common))
    return lowest


# Cases


def generate(rng: random.Random) -> Case:
    """An account with at most 5 open orders in nested markets of 1 to 3 roots and drivers."""
    drivers = rng.randint(1, 3)
    roots = rng.randint(1, drivers)
    top = 8 if drivers == 3 else 24  # in half units
    markets: dict[str, Market] = {}
    for root in range(1, roots + 1):
        low, high = _interval(rng, 0, top)
        markets[str(root)] = Market(str(root), "", low, high)
    depth = dict.fromkeys(markets, 1)
    branches = range(2, 2 + max(drivers - roots, rng.randint(0, 6)))
    owned = rng.sample(branches, drivers - roots)
    for branch in branches:
        deep = [name for name in markets if depth[name] < 4]
        parent = markets[rng.choice(deep[-3:] if rng.random() < 0.5 else deep)]
        low, high = _interval(rng, int(parent.low * 2), int(parent.high * 2))
        name = f"{parent.name.partition('.')[0]}.{branch}"
        markets[name] = Market(name, parent.name, low, high, branch in owned)
        depth[name] = depth[parent.name] + 1
    free = [m for m in markets.values() if m.owner_settled or not m.parent]
    bounds = {m.name: (m.low, m.high) for m in free}
    for name, (low, high) in bounds.items():
        if rng.random() < 0.4:
            bounds[name] = _interval(rng, int(low * 2), int(high * 2))
    names = [*markets]
    trades = [_contract(rng, markets[rng.choice(names)]) for _ in range(rng.randint(0, 6))]
    orders = [_contract(rng, markets[rng.choice(names)]) for _ in range(rng.randint(0, 5))]
    return Case(markets, bounds, trades, orders)


def _interval(rng: random.Random, low: int, high: int) -> tuple[Fraction, Fraction]:
    first, second = sorted((rng.randint(low, high), rng.randint(low, high)))
    return first * HALF, second * HALF


def _contract(rng: random.Random, market: Market) -> Contract:
    """Prices are tenths, now and then just outside the market's interval."""
    price = rng.randint(int(market.low * 10) - 3, int(market.high * 10) + 3)
    quantity = rng.choice((-1, 1)) * rng.choice((1, 2, 5, 10, rng.randint(1, 100)))
    return Contract(market.name, Fraction(quantity, 10), Fraction(price, 10))
