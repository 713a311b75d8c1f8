"""The one price of a call auction, and who trades at it (MARKET, Matching; matching.md, 9)."""

from collections.abc import Iterator, Sequence
from itertools import accumulate

from pit.filters.book import Working

__all__ = ["clearing", "pairs"]


def clearing(
    buys: Sequence[Working], sells: Sequence[Working], reference: int | None
) -> Working | None:
    """An order at whose limit most trades; None where nothing can.

    Among equals the least surplus counts, then the distance from the reference price (None: there
    is none), then the lower price.
    """
    limits = {one.price: one for one in [*buys, *sells]}
    prices = sorted(limits)
    demanded, offered = dict.fromkeys(prices, 0), dict.fromkeys(prices, 0)
    for one in buys:
        demanded[one.price] += one.left
    for one in sells:
        offered[one.price] += one.left
    demand = [*accumulate(demanded[price] for price in reversed(prices))][::-1]
    supply = accumulate(offered[price] for price in prices)
    best: tuple[int, int, int, int] | None = None
    for price, wanted, given in zip(prices, demand, supply, strict=True):
        volume, surplus = min(wanted, given), abs(wanted - given)
        key = (-volume, surplus, abs(price - reference) if reference is not None else 0, price)
        if volume and (best is None or key < best):
            best = key
    return limits[best[3]] if best else None


def pairs(
    buys: Sequence[Working], sells: Sequence[Working], price: int
) -> Iterator[tuple[Working, Working]]:
    """Who meets whom at that price: the best limits first, then who came first.

    Whoever takes a pair leaves at least one of the two with nothing.
    """
    bids = [one for one in sorted(buys, key=lambda one: -one.price) if one.price >= price]
    asks = [one for one in sorted(sells, key=lambda one: one.price) if one.price <= price]
    at = to = 0
    while at < len(bids) and to < len(asks):
        if not bids[at].left:
            at += 1
        elif not asks[to].left:
            to += 1
        else:
            yield bids[at], asks[to]
