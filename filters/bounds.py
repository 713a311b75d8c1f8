"""Bounded markets whose values hang on one another: a driver and its family.

A driver is a market whose value is free within its bounds: a root, or a sub-market that its owner
settles. The value of every other market of its family is that of the market it lies within, clipped
to its own interval. Bounds and values are integers of 10**-9. See design/MARKET.md, "Bounded
contracts".
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pit.archives.errors import PitError

__all__ = ["Family", "Range"]


class Range(NamedTuple):
    """The least and the greatest value that a market can have."""

    low: int
    high: int

    def clip(self, value: int) -> int:
        """The value, or the end of the range that it is beyond."""
        low, high = self
        return low if value < low else high if value > high else value


class Family:
    """A driver with its bounds, and the markets that are functions of it.

    A clip of a clip is a clip, so that each market's value is the driver's clipped to one range,
    however deep it lies. `changes` counts the narrowings.
    """

    __slots__ = ("_ranges", "bounds", "changes", "driver")

    def __init__(self, driver: str, low: int, high: int) -> None:
        self.driver = driver
        self.bounds = _range(driver, low, high)
        self.changes = 0
        self._ranges = {driver: self.bounds}

    def __contains__(self, market: str) -> bool:
        return market in self._ranges

    def __iter__(self) -> Iterator[str]:
        """The markets, the driver first, parents before their children."""
        return iter(self._ranges)

    def add(self, market: str, parent: str, low: int, high: int) -> None:
        """A market whose value is that of `parent`, of this family, clipped to [low, high]."""
        if market in self._ranges:
            raise PitError(f"{market}: the family of {self.driver} has it already")
        if parent not in self._ranges:
            raise PitError(f"{market}: within {parent}, which the family of {self.driver} lacks")
        own, outer = _range(market, low, high), self._ranges[parent]
        self._ranges[market] = Range(own.clip(outer.low), own.clip(outer.high))

    def narrow(self, low: int, high: int) -> None:
        """New bounds of the driver, inside those that it has; both the same when it is settled."""
        if not self.bounds.low <= low <= high <= self.bounds.high:
            raise PitError(f"{self.driver}: {low} to {high} is not within {tuple(self.bounds)}")
        self.bounds = Range(low, high)
        self.changes += 1

    def range(self, market: str) -> Range:
        """What the market's value can still be; the two are equal when it is known."""
        fixed = self._ranges[market]
        return Range(fixed.clip(self.bounds.low), fixed.clip(self.bounds.high))

    def value(self, market: str, outcome: int) -> int:
        """The market's value where the driver's is `outcome`, clipped to the driver's bounds."""
        return self._ranges[market].clip(self.bounds.clip(outcome))

    def points(self, markets: Iterable[str] | None = None) -> list[int]:
        """The driver's bounds and those of the markets (by default of all), clipped to them.

        Sorted, without duplicates; a worth that is made of these markets is least at one of them.
        """
        found = set(self.bounds)
        for market in self._ranges if markets is None else markets:
            found.update(map(self.bounds.clip, self._ranges[market]))
        return sorted(found)


def _range(market: str, low: int, high: int) -> Range:
    if low > high:
        raise PitError(f"{market}: from {low} to {high}; the lower bound comes first")
    return Range(low, high)
