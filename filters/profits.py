"""What members' positions cost them and have earned: average cost, realised and unrealised profit.

A fold over what stands. Units bought cost what was paid for them, issued ones nothing, and a
transfer carries its share of the cost along. A sale realises its proceeds less the average cost of
what is sold. Inside all of it is exact; fees are stated apart.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from pit.archives.amounts import decimal, plain
from pit.filters.figures import half_even
from pit.filters.history import Chapter
from pit.filters.instructions import SCALE, Claim, Trade, scaled, smallest
from pit.filters.whose import chooses, named
from pit.pits.state import Pit

__all__ = ["Position", "Positions", "rows"]

Row = dict[str, Any]


@dataclass
class Position:
    """A member's position in a ticker.

    quantity: in its smallest unit; cost, realised, fees: in the currency's smallest unit, exactly.
    """

    quantity: int = 0
    cost: Fraction = Fraction(0)
    realised: Fraction = Fraction(0)
    fees: int = 0

    def take(self, quantity: int, cost: Fraction) -> None:
        """Units come in, at a cost."""
        self.quantity += quantity
        self.cost += cost

    def give(self, quantity: int) -> Fraction:
        """Units go out; what they cost on average."""
        cost = self.cost * Fraction(quantity, self.quantity or 1)
        self.quantity -= quantity
        self.cost -= cost
        return cost


class Positions:
    """The positions after the chapters read, by account and ticker.

    last: the price of each ticker's last trade, in 10**-9.
    """

    def __init__(self, chapters: Iterable[Chapter] = ()) -> None:
        self.pit = Pit()
        self.held: dict[tuple[str, str], Position] = {}
        self.last: dict[str, int] = {}
        for chapter in chapters:
            self.read(chapter)

    def of(self, account: str, ticker: str) -> Position:
        """An account's position, an empty one where it has none."""
        return self.held.setdefault((account, ticker), Position())

    def read(self, chapter: Chapter) -> None:
        """What the next entry changed."""
        pit = self.pit = chapter.pit
        for act in chapter.acts:
            subject, (verb, args, _) = act.subject, act.directive
            if isinstance(subject, Trade):
                self._trade(subject, *args[:3])
            elif verb == "issue" and subject is None and args[1] in pit.tickers:
                units = smallest(args[0], args[1], pit) or 0
                self.of(chapter.entry.signer, args[1]).take(units, Fraction(0))
            elif verb == "accept" and isinstance(subject, Claim) and subject.asset in pit.tickers:
                units = subject.amount or 0
                cost = self.of(subject.account, subject.asset).give(units)
                self.of(subject.to, subject.asset).take(units, cost)

    def _trade(self, trade: Trade, number: Decimal, code: str, price: Decimal) -> None:
        ticker = self.pit.tickers.get(code)
        if ticker is None or self.pit.decimals(code) is None:  # nothing that is held
            return
        quantity, self.last[code] = scaled[number], scaled[price]
        units, paid = (
            quantity // ticker.unit_scaled,
            quantity * scaled[price] // ticker.value_scaled,
        )
        sold, bought = self.of(trade.sold.account, code), self.of(trade.bought.account, code)
        sold.realised += paid - sold.give(units)
        bought.take(units, Fraction(paid))
        bought.fees += trade.fees[0]
        sold.fees += trade.fees[1]

    def value(self, code: str, position: Position) -> Fraction | None:
        """What a position is worth at the last price; None before the first trade."""
        ticker, price = self.pit.tickers[code], self.last.get(code)
        if price is None:
            return None
        return Fraction(position.quantity * ticker.unit_scaled * price, ticker.value_scaled)


def rows(found: Positions, who: str | None = None) -> Iterator[Row]:
    """The positions as a person reads them; what is no whole number of units is rounded to even."""
    pit = found.pit
    for (account, code), position in sorted(found.held.items()):
        if who not in (None, code) and not chooses(str(who), account):
            continue
        ticker = pit.tickers[code]
        decimals = pit.assets[ticker.currency].decimals
        value = found.value(code, position)
        average, last = "", ""
        if position.quantity:  # two decimals finer than the currency
            each = position.cost * Fraction(10**ticker.decimals, position.quantity)
            average = _amount(each * 100, decimals + 2)
        if value is not None:
            last = plain(decimal(found.last[code], SCALE).quantize(_unit(ticker.price_decimals)))
        yield {
            **named(account),
            "ticker": code,
            "quantity": plain(decimal(position.quantity, ticker.decimals)),
            "average cost": average,
            "last": last,
            "value": "" if value is None else _amount(value, decimals),
            "unrealised": "" if value is None else _amount(value - position.cost, decimals),
            "realised": _amount(position.realised, decimals),
            "fees": _amount(Fraction(position.fees), decimals),
            "currency": ticker.currency,
        }


def _amount(amount: Fraction, decimals: int) -> str:
    """An amount of smallest units, rounded half to even."""
    whole = half_even(amount.numerator, amount.denominator)
    return plain(decimal(whole, decimals))


def _unit(decimals: int) -> Decimal:
    return Decimal(1).scaleb(-decimals)
