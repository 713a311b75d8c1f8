"""Cover for bounded contracts: the least that an account's trades and orders can come to.

A contract pays quantity x (value - price) when its market is settled. A driver is a market whose
value is free; the value of every other market of its family is the driver's, clipped. Bounds,
values, prices and quantities are integers of 10**-9, worths are integers of 10**-18 (a price times
a quantity). What a point is worth in currency, accounts and settlement are the caller's: it turns
each family's worth into money by itself, rounding down, and adds up, since different drivers share
no variable and no gain of one pays a loss of another.

    W(x) = sum over trades of (v(x) - p) q  +  sum over open orders of min(0, (v(x) - p) q)
    worst = min(0, min over x of W(x))

The rule is that of design/MARKET.md, "Bounded contracts", after the seed "Protocol for a
distributed synthetic market".
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import filterfalse
from operator import add
from typing import NamedTuple

from pit.archives.errors import PitError
from pit.filters.bounds import Family

__all__ = ["Leg", "Matched", "Order", "Portfolio"]

Leg = tuple[str, int, int]
"""Market, quantity (a sell's is negative), price."""

Order = tuple[tuple[Leg, ...], ...]
"""An order as the one or several versions that it may be, each of one leg or several."""

Terms = tuple[int, int]
"""Quantity and price of an order whose market is known."""


class Matched(NamedTuple):
    """All trades of an account in a market: they are worth v x quantity - paid.

    quantity: the sum of the signed quantities, 10**-9. paid: that of quantity x price, 10**-18.
    """

    market: str
    quantity: int
    paid: int


class Portfolio:
    """What one account has in one family: trades that are matched, and open orders by reference.

    Kept incrementally: the account's points and what W is at each. Why so few points are enough:
    between two neighbours of the points of the account's markets each of those values is constant
    or rises with the driver's, so that a trade is linear in x, and an order, a minimum of linear
    functions, concave. A sum of concave functions is least at an end of the interval. Markets in
    which the account has nothing add nothing to W, and a point too many is an outcome that may come
    like another. A part of an order is worth a part of the whole, so that the least is with all of
    it filled or none.

    Narrowed bounds are seen by themselves at the next question. KeyError: a market that the family
    lacks, an order that is not open.
    """

    __slots__ = (
        "_asked",
        "_matched",
        "_most",
        "_orders",
        "_places",
        "_points",
        "_seen",
        "_sums",
        "family",
    )
    _sums: list[int]
    _most: int
    """Of so many markets some may have nothing in them any more."""
    _asked: tuple[list[int], Leg, list[int]] | None
    """The last question: the sums before, the order, and the sums with it."""

    def __init__(self, family: Family, matched: Iterable[Matched] = ()) -> None:
        self.family = family
        self._matched = {market: (quantity, paid) for market, quantity, paid in matched}
        self._orders: dict[str, Order] = {}
        self._asked = None
        self.rebuild()

    def copy(self) -> "Portfolio":
        """Another one with the same trades and orders, to ask what would be."""
        other = Portfolio(self.family, self.matched())
        other._orders.update(self._orders)
        other.rebuild()
        return other

    def pending(self) -> "Portfolio":
        """Another one with the open orders alone: the trades have been paid."""
        other = Portfolio(self.family)
        other._orders.update(self._orders)
        other.rebuild()
        return other

    def __contains__(self, ref: str) -> bool:
        """Whether an order is open."""
        return ref in self._orders

    def __iter__(self) -> Iterator[str]:
        """The references of the open orders, as they were opened."""
        return iter(self._orders)

    def __bool__(self) -> bool:
        """Whether there is anything in it."""
        return bool(self._orders) or any(any(sums) for sums in self._matched.values())

    # What there is

    def open(self, ref: str, market: str, quantity: int, price: int) -> None:
        """One more open order; a sell's quantity is negative."""
        leg = market, quantity, price
        asked, self._asked = self._asked, None
        if asked and asked[0] is self._sums and asked[1] == leg:
            sums = asked[2]
        else:
            self._enter((market,))
            sums = self._losing(self._sums, leg)
        self._note(ref, ((leg,),))
        self._sums = sums

    def open_legs(self, ref: str, legs: Iterable[Leg], paid: int = 0) -> None:
        """One more open order of several legs, which are filled together or not at all.

        paid: what all of it costs (10**-18) beyond what the legs' own prices say.
        """
        order = self._together(legs, paid)
        sums = self._with(order)
        self._note(ref, order)
        self._sums = sums

    def change(self, ref: str, *versions: Terms) -> None:
        """Replace an order's (quantity, price); while it may be one of several, the worst counts.

        For orders of one leg. A fill is a `trade` and a `change` to what is left.
        """
        order = self._changed(ref, versions)
        self._sums = self._instead(ref, order)
        self._orders[ref] = order

    def close(self, ref: str) -> None:
        """An order ends: filled, cancelled, expired or killed."""
        self._sums = self._instead(ref, ((),))
        del self._orders[ref]

    def trade(self, market: str, quantity: int, price: int) -> None:
        """One more matched trade, at the price of the fill."""
        self._enter((market,))
        self._sums = self._paying(self._sums, (market, quantity, price))
        had, paid = self._matched.get(market, (0, 0))
        self._matched[market] = had + quantity, paid + quantity * price

    # What it comes to

    def worst(self) -> int:
        """The cover, negative: the least that trades and orders can come to, at most 0."""
        self._enter(())
        return min(0, *self._sums)

    def if_open(self, market: str, quantity: int, price: int) -> int:
        """`worst` with one more open order."""
        leg = market, quantity, price
        self._enter((market,))
        sums = self._losing(self._sums, leg)
        self._asked = self._sums, leg, sums
        least = min(sums)
        return least if least < 0 else 0

    def if_legs(self, legs: Iterable[Leg], paid: int = 0) -> int:
        """`worst` with one more order of several legs, filled together or not at all."""
        return min(0, *self._with(self._together(legs, paid)))

    def if_change(self, ref: str, *versions: Terms) -> int:
        """`worst` after a `change`."""
        return min(0, *self._instead(ref, self._changed(ref, versions)))

    def worth(self, outcome: int) -> int:
        """W at one outcome of the driver: the trades, and each open order where it loses."""
        value = self.family.value
        values = {market: value(market, outcome) for market in self._places}
        worth = self.payoff(outcome)
        for order in self._orders.values():
            if len(order) == 1 and len(order[0]) == 1:  # mostly
                (((market, quantity, price),),) = order
                pays = (values[market] - price) * quantity
                worth += pays if pays < 0 else 0
            else:
                worth += min(0, *[sum((values[m] - p) * q for m, q, p in legs) for legs in order])
        return worth

    def payoff(self, outcome: int) -> int:
        """What the matched trades pay where the driver's outcome is this."""
        value = self.family.value
        return sum(value(m, outcome) * quantity - paid for m, quantity, paid in self.matched())

    def profile(self) -> list[tuple[int, int]]:
        """The points, and W at each; the least of them is where the account is worst off."""
        self._enter(())
        return [*zip(self._points, self._sums, strict=True)]

    def matched(self) -> list[Matched]:
        """The trades, sorted by market; what a portfolio is made from again."""
        return [Matched(m, *sums) for m, sums in sorted(self._matched.items()) if any(sums)]

    def orders(self) -> dict[str, Order]:
        """The open orders by reference, sorted."""
        return dict(sorted(self._orders.items()))

    # The orders

    def _together(self, legs: Iterable[Leg], paid: int) -> Order:
        """An order of several legs; what is paid beside is the driver bought at it, sold at 0."""
        driver = self.family.driver
        beside = ((driver, 1, paid), (driver, -1, 0)) if paid else ()
        return ((*legs, *beside),)

    def _note(self, ref: str, order: Order) -> None:
        if ref in self._orders:
            raise PitError(f"{ref}: open already")
        self._orders[ref] = order

    def _changed(self, ref: str, versions: Iterable[Terms]) -> Order:
        (((market, _, _),), *_) = self._orders[ref]
        return tuple(((market, *terms),) for terms in versions or ((0, 0),))

    def _instead(self, ref: str, order: Order) -> list[int]:
        """The sums with this order in place of the one that is open."""
        return self._plus(self._with(order), self._orders[ref], -1)

    # The points

    def rebuild(self) -> None:
        """Work points and sums out anew, without markets in which there is nothing any more."""
        markets = self._live()
        self._seen = self.family.changes
        self._points = self.family.points(markets)
        self._places = {market: self.family.range(market) for market in markets}
        self._most = 2 * len(markets) + 2
        self._sums = [-sum(paid for _, paid in self._matched.values())] * len(self._points)
        for market in markets & self._matched.keys():
            self._sums = self._paying(self._sums, (market, self._matched[market][0], 0))
        for order in self._orders.values():
            self._sums = self._plus(self._sums, order)

    def _live(self) -> set[str]:
        """The markets in which trades or orders depend on the outcome."""
        live = {market for market, (quantity, _) in self._matched.items() if quantity}
        for order in self._orders.values():
            live.update(leg[0] for legs in order for leg in legs)
        return live

    def _enter(self, markets: Sequence[str]) -> None:
        """See what has been narrowed, and take in the points of markets that are new."""
        if self._seen != self.family.changes:
            self.rebuild()
        new = [*filterfalse(self._places.__contains__, markets)]
        if not new:
            return
        if len(self._places) > self._most:  # seldom looked at: it takes all orders
            self._most = 2 * len(self._live()) + 2
            if len(self._places) > self._most:
                self.rebuild()
                new = [*markets]
        points, sums = self._points, self._sums.copy()
        for point in self.family.points(new):
            at = bisect_left(points, point)
            if points[at] != point:  # never past the last: both ends are points from the start
                points.insert(at, point)
                sums.insert(at, self.worth(point))
        self._places |= {market: self.family.range(market) for market in new}
        self._sums = sums

    # The sums

    def _with(self, order: Order) -> list[int]:
        """The sums with one more order."""
        self._enter([leg[0] for legs in order for leg in legs])
        return self._plus(self._sums, order)

    def _plus(self, sums: list[int], order: Order, sign: int = 1) -> list[int]:
        """Sums with what an order can lose, whichever of its versions it is; sign -1: without."""
        if len(order) == 1 and len(order[0]) == 1:
            return self._losing(sums, order[0][0], sign)
        nothing = [0] * len(sums)
        least = nothing
        for legs in filter(None, order):
            pays = zip(*[self._paying(nothing, leg) for leg in legs], strict=True)
            least = list(map(min, least, map(sum, pays)))
        return [worth + sign * loss for worth, loss in zip(sums, least, strict=True)]

    def _losing(self, sums: list[int], leg: Leg, sign: int = 1) -> list[int]:
        """Sums with what an order of one leg can lose: a buy below its price, a sell above.

        That is what a trade pays in a market whose values end at the price.
        """
        market, quantity, price = leg
        low, high = self._places[market]
        if quantity > 0:
            low, high = low if low < price else price, high if high < price else price
        else:
            low, high = low if low > price else price, high if high > price else price
        return self._linear(sums, low, high, sign * quantity, price)

    def _paying(self, sums: list[int], leg: Leg) -> list[int]:
        """Sums with what a trade pays at each point."""
        market, quantity, price = leg
        return self._linear(sums, *self._places[market], quantity, price)

    def _linear(self, sums: list[int], low: int, high: int, quantity: int, price: int) -> list[int]:
        """Sums with (value - price) x quantity, the value being the point, clipped to a range."""
        points = self._points
        rise, top = bisect_left(points, low), bisect_left(points, high)
        below, above = (low - price) * quantity, (high - price) * quantity
        head, tail = sums[:rise], sums[top:]
        if below:
            head = [worth + below for worth in head]
        if above:
            tail = [worth + above for worth in tail]
        pays = [(x - price) * quantity for x in points[rise:top]]
        return [*head, *map(add, sums[rise:top], pays), *tail]
