"""What options, forwards, spreads and events of bounded contracts are made of (MARKET).

A sub-market from LOW to HIGH is worth its parent's value, clipped: LOW and what a call spread
between these strikes pays. So every payoff that is linear between strikes is a sum of sub-markets,
and less a constant, its base, which is what the same contracts are worth where it pays nothing.
Numbers are integers of 10**-9.
"""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from pit.archives.amounts import DECIMALS, decimal, multiply, plain, trimmed, units
from pit.archives.errors import PitError, UsageError
from pit.archives.fields import NUMBER
from pit.pits.display import printable
from pit.pits.markets import Market
from pit.pits.state import Pit

__all__ = ["Recipe", "directive", "made", "shown"]

ONE: int = 10**DECIMALS


class Recipe(NamedTuple):
    """A payoff made of contracts: of each leg its ratio, negative where it is sold, and its market.

    base: what the legs are worth where it pays 0. sold: whether it is sold for a price, not bought.
    """

    title: str
    legs: tuple[tuple[int, Market], ...]
    base: int
    sold: bool = False

    def turned(self) -> "Recipe":
        """The same, sold: whoever sells it pays the payoff."""
        legs = tuple((-ratio, market) for ratio, market in self.legs)
        return Recipe(f"sell {self.title}", legs, -self.base, not self.sold)

    def pays(self, outcome: int) -> int:
        """What it pays where the driver's outcome is this; negative where its holder pays."""
        values = (ratio * min(max(outcome, m.low), m.high) for ratio, m in self.legs)
        return sum(values) - self.base


Interval = tuple[int, int, int]
"""A ratio, and the interval of the market that it is of."""


def made(
    pit: Pit, recipe: str, strikes: Sequence[str], markets: Sequence[str], step: str | None
) -> list[Recipe]:
    """The recipe's payoffs: one, or of an event one for each outcome.

    PitError where there is no such market, or where sub-markets are still to be founded: it says
    the lines that found them.
    """
    found = [_market(pit, code) for code in markets]
    first = found[0]
    title = " ".join([recipe, *strikes, *markets])
    if recipe == "forward":
        return [Recipe(title, ((1, first),), 0)]
    if recipe == "spread":
        if first.driver != found[1].driver or first is found[1]:
            raise PitError(f"{markets[0]} and {markets[1]} are not two markets settled together")
        return [Recipe(title, ((1, first), (-1, found[1])), 0)]
    points = [units(Decimal(strike), DECIMALS) for strike in strikes]
    if points != sorted(set(points)):
        raise UsageError(f"{' '.join(strikes)}: write strikes from low to high")
    if recipe in ("call", "put"):
        sign = 1 if recipe == "call" else -1
        wanted = [(title, [(sign, points[0], points[1])], points[0] if sign > 0 else -points[1])]
        return _founded(pit, first, wanted)
    ratio, wide = _ratio(pit, first, step)
    wanted = []
    for low, high in zip([None, *points], [*points, None], strict=True):
        legs: list[Interval] = [] if low is None else [(ratio, low - wide, low)]
        base = 0 if low is None else ratio * (low - wide)
        if high is not None:
            legs.append((-ratio, high - wide, high))
            base -= ratio * (high - wide)
        if low is None and high is not None:
            base -= ratio * wide  # it pays 1 less the next digital
        wanted.append((_named(title, first, low, high), legs, base))
    if recipe == "digital":
        wanted = [(title, *wanted[1][1:])]
    return _founded(pit, first, wanted)


def _market(pit: Pit, code: str) -> Market:
    market = pit.markets.get(code)
    if market is None:
        raise PitError(f"{code} is not a market of this pit")
    return market


def _ratio(pit: Pit, market: Market, step: str | None) -> tuple[int, int]:
    """How many contracts of a sub-market one step wide pay one point, and that step."""
    if step is not None and not re.fullmatch(NUMBER, step):
        raise UsageError(f"--step {step}: write a number of points, like 1 or 0.5")
    wide = pit.tickers[market.code].tick_scaled if step is None else units(Decimal(step), DECIMALS)
    if wide <= 0 or ONE % wide:
        raise UsageError(f"a step of {_number(wide)} does not divide 1; choose one by --step")
    return ONE // wide, wide


def _named(title: str, market: Market, low: int | None, high: int | None) -> str:
    if low is None:
        return f"{title}: below {_number(high or 0)}"
    return f"{title}: {_number(low)} " + (
        "or more" if high is None else f"to below {_number(high)}"
    )


def _founded(
    pit: Pit, market: Market, wanted: Sequence[tuple[str, Sequence[Interval], int]]
) -> list[Recipe]:
    """Recipes of the markets that have these intervals."""
    family = [one for one in pit.markets.values() if one.driver == market.driver]
    known = {(one.low, one.high): one for one in reversed(family)}
    missing: dict[tuple[int, int], None] = {}
    for _, legs, _ in wanted:
        for _, low, high in legs:
            if (low, high) not in known:
                missing[low, high] = None
            if not market.low <= low < high <= market.high:
                interval = f"{_number(market.low)} to {_number(market.high)}"
                raise PitError(
                    f"{_number(low)} to {_number(high)} is not inside {market.code}, {interval}"
                )
    if missing:
        raise PitError(_to_found(pit, market, list(missing)))
    return [
        Recipe(title, tuple((ratio, known[low, high]) for ratio, low, high in legs), base)
        for title, legs, base in wanted
    ]


def _to_found(pit: Pit, market: Market, missing: Sequence[tuple[int, int]]) -> str:
    """What the market's owner signs to found the sub-markets that are missing."""
    branches = [one.branch for one in pit.markets.values() if one.root == market.root]
    said = [f"{market.root}'s owner, {pit.markets[market.root].owner}, must found it first:"]
    for branch, (low, high) in enumerate(missing, max(branches) + 1):
        low_text, high_text = _number(low), _number(high)
        said.append(
            f'  market {market.root}.{branch} "{market.code} from {low_text} to {high_text}"'
        )
        said += [f"    within: {market.code}", f"    min: {low_text}", f"    max: {high_text}"]
    return "\n".join(said)


def shown(recipe: Recipe, pit: Pit) -> list[str]:
    """What it is made of, and what one of it pays at each kink."""
    driver = pit.markets[recipe.legs[0][1].driver]
    legs = ", ".join(f"{ratio:+d} {market.code}" for ratio, market in recipe.legs)
    lines = [printable(recipe.title), f"  made of {legs}"]
    if len(recipe.legs) == 1 and recipe.base:
        ratio, market = recipe.legs[0]
        lines[-1] += f"; a price of 0 is {_number(recipe.base // ratio)} in {market.code}"
    elif recipe.base:
        lines[-1] += f"; a price of 0 is a net price of {_number(recipe.base)}"
    points = {driver.low, driver.high}
    for _, market in recipe.legs:
        points |= {market.low, market.high}
    pairs = [(_number(point), _number(recipe.pays(point))) for point in sorted(points)]
    widths = [max(map(len, pair)) for pair in pairs]
    names = [f"{driver.code} is", "it pays"]
    wide = max(map(len, names))
    for row, title in enumerate(names):
        cells = [pair[row].rjust(width) for pair, width in zip(pairs, widths, strict=True)]
        lines.append("  ".join([f"  {title:{wide}}", *cells]))
    return lines


def directive(recipe: Recipe, quantity: str, price: str, pit: Pit) -> list[str]:
    """The order for so many of it at that price each."""
    if not re.fullmatch(NUMBER, quantity) or not re.fullmatch(f"-?(?:{NUMBER})", price):
        raise UsageError(f"{quantity} @ {price}: write a number and a price, 10 @ 12.50")
    number, paid = Decimal(quantity), units(Decimal(price), DECIMALS)
    net = recipe.base + (-paid if recipe.sold else paid)
    tick = pit.tickers[recipe.legs[0][1].code].tick_scaled
    if len(recipe.legs) == 1:
        ((ratio, market),) = recipe.legs
        if net % ratio or net // ratio % tick:
            step = _number(tick * abs(ratio))
            raise UsageError(f"{price} is not a multiple of {step}, the step of this price")
        verb = "buy" if ratio > 0 else "sell"
        many = plain(trimmed(multiply(number, Decimal(abs(ratio)))))
        return [f"{verb} {many} {market.code} @ {_price(net // ratio, market, pit)}"]
    if net % tick:
        raise UsageError(f"{price} is not a multiple of {_number(tick)}, the tick")
    lines = [f"combo {quantity} @ {_price(net, recipe.legs[0][1], pit)}", "  legs:"]
    return lines + [f"    {ratio:+d} {market.code}" for ratio, market in recipe.legs]


def _price(value: int, market: Market, pit: Pit) -> str:
    """A price with the market's decimals."""
    step = decimal(1, pit.tickers[market.code].price_decimals)
    return plain(decimal(value, DECIMALS).quantize(step))


def _number(value: int) -> str:
    return plain(trimmed(decimal(value, DECIMALS)))
