"""What members' positions cost them and have earned: average cost, realised and unrealised profit.

A fold over what stands. Units bought cost what was paid for them, issued ones nothing, and a
transfer carries its share of the cost along. A sale realises its proceeds less the average cost of
what is sold. Of a short position cost and quantity are below zero: it has cost less than nothing,
what it was sold for, and what is bought to close it realises that average less what is paid. Inside
all of it is exact; fees are stated apart. Each account has its own positions.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from pit.archives.amounts import decimal, plain
from pit.archives.verbs import Directive
from pit.filters.busting import Fill, Ruling
from pit.filters.busts import last_of
from pit.filters.claims import Charge, Claim, smallest
from pit.filters.closing import Gone
from pit.filters.figures import half_even
from pit.filters.history import Chapter
from pit.filters.instructions import (
    SCALE,
    Act,
    Trade,
    scaled,
)
from pit.filters.standing import Standing
from pit.filters.whose import chooses, named
from pit.pits.state import Pit

__all__ = ["Position", "Positions", "rows"]

Row = dict[str, Any]


@dataclass
class Position:
    """An account's position in a ticker.

    quantity: in its smallest unit, below 0 where it is short; cost, realised, fees: in the
    currency's smallest unit, exactly.
    """

    quantity: int = 0
    cost: Fraction = Fraction(0)
    realised: Fraction = Fraction(0)
    fees: int = 0

    def take(self, quantity: int, cost: Fraction) -> None:
        """Units come in, at a cost."""
        self.quantity += quantity
        self.cost += cost

    def trade(self, quantity: int, value: int) -> Fraction:
        """Units bought, or sold (below 0), for a value of the same sign; what that realises."""
        profit = Fraction(0)
        if quantity * self.quantity < 0:
            closes = min(abs(quantity), abs(self.quantity))
            cost = self.cost * Fraction(closes, abs(self.quantity))
            profit = -cost - Fraction(value * closes, abs(quantity))
        self.quantity += quantity
        self.cost += value + profit
        self.realised += profit
        return profit

    def undo(self, quantity: int, value: int, profit: Fraction) -> None:
        """Take back a trade, and what it realised; what of the cost no unit is left for is lost."""
        self.quantity -= quantity
        self.cost -= value + profit
        self.realised -= profit
        if not self.quantity:
            self.realised -= self.cost
            self.cost = Fraction(0)

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
        self._earned: dict[str, tuple[Fraction, Fraction]] = {}
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
                self._trade(subject, act, chapter.record)
            elif isinstance(subject, Ruling):
                if subject.done:
                    self._undo(subject.bust.fill, chapter.record)
            elif isinstance(subject, Gone):
                for (_, code), position in self.held.items():
                    if code == subject.code:  # as if sold for nothing
                        position.trade(-position.quantity, 0)
                self.last.pop(subject.code, None)
            elif verb == "issue" and subject is None and args[1] in pit.tickers:
                self._issued(act.directive, chapter.entry.signer)
            elif verb == "accept" and isinstance(subject, Charge):
                if subject.verb == "issue":
                    self._issued(subject.asks, subject.owner)
            elif verb == "accept" and isinstance(subject, Claim) and subject.asset in pit.tickers:
                units = subject.amount or 0
                cost = self.of(subject.account, subject.asset).give(units)
                self.of(subject.to, subject.asset).take(units, cost)

    def _issued(self, issue: Directive, issuer: str) -> None:
        number, code = issue.args
        self.of(issuer, code).take(smallest(number, code, self.pit) or 0, Fraction(0))

    def _trade(self, trade: Trade, act: Act, record: Standing) -> None:
        number, code, price = act.directive.args[:3]
        ticker = self.pit.tickers.get(code)
        if ticker is None or self.pit.decimals(code) is None:  # nothing that is held
            return
        quantity, self.last[code] = scaled[number], scaled[price]
        units, paid = quantity // ticker.unit_scaled, ticker.worth(quantity, scaled[price])
        sold, bought = self.of(trade.sold.account, code), self.of(trade.bought.account, code)
        earned = (bought.trade(units, paid), sold.trade(-units, -paid))
        if record.fills:
            self._remember(act.ref, earned, record)
        bought.fees += trade.fees[0]
        sold.fees += trade.fees[1]

    def _remember(self, ref: str, earned: tuple[Fraction, Fraction], record: Standing) -> None:
        """What a trade realised for its buyer and seller, as long as a bust may undo it."""
        self._earned[ref] = earned
        if len(self._earned) > 2 * len(record.fills) + 100:
            known = {line.split(" ", 2)[1] for line in record.fills}
            known |= {bust.fill.ref for bust in record.busts.values()}
            self._earned = {one: self._earned[one] for one in self._earned if one in known}

    def _undo(self, fill: Fill, record: Standing) -> None:
        """A trade is undone: what it changed is taken back, and the price before it is the last."""
        ticker, earned = self.pit.tickers[fill.ticker], self._earned.pop(fill.ref, None)
        if earned is None:  # nothing that is held
            return
        units = fill.quantity // ticker.unit_scaled
        paid = fill.quantity * fill.price // ticker.value_scaled
        sides = ((fill.buyer, 1), (fill.seller, -1))
        for (account, sign), profit, fee in zip(sides, earned, fill.fees, strict=True):
            position = self.of(account, fill.ticker)
            position.undo(sign * units, sign * paid, profit)
            position.fees -= fee
        last = last_of(record, fill.ticker)
        self.last.pop(fill.ticker)
        if last:
            self.last[fill.ticker] = last[1]

    def value(self, code: str, position: Position) -> Fraction | None:
        """What a position is worth at the last price; None before the first trade."""
        ticker, price = self.pit.tickers[code], self.last.get(code)
        if price is None:
            return None
        worth = position.quantity * ticker.unit_scaled * price * ticker.factor
        return Fraction(worth, ticker.value_scaled)


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
