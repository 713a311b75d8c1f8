"""What accounts get from bounded contracts over the outcomes of their drivers, and their cover.

Read off the portfolios that `positions` keeps (filters/contracts.py, filters/collateral.py).
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from pit.filters.collateral import Portfolio
from pit.filters.positions import Positions
from pit.filters.whose import chooses
from pit.pits.listing import Ticker
from pit.pits.state import Pit

__all__ = ["Cash", "Point", "Risk", "cashes", "point_at", "risks"]


class Point(NamedTuple):
    """What an account gets at an outcome (10**-9), in the currency's smallest unit: by its trades,
    and with each open order that loses there."""

    outcome: int
    trades: int
    total: int


class Risk(NamedTuple):
    """What an account has in a driver's family, and what that can come to.

    points: between two of them the trades are linear, and all of it is concave. curve: the same
    with the prices of the orders. cover: what is held for it. state: `open`, `settled` or `void`.
    """

    account: str
    driver: str
    ticker: Ticker
    bounds: tuple[int, int]
    state: str
    points: list[Point]
    curve: list[Point]
    cover: int
    portfolio: Portfolio

    @property
    def worst(self) -> Point:
        """Where it comes to least."""
        return min(self.points, key=lambda point: point.total)


class Cash(NamedTuple):
    """An account's cash in a currency, smallest units; cover: what of `held` is for contracts."""

    account: str
    currency: str
    balance: int
    held: int
    cover: int


def risks(positions: Positions, pit: Pit, who: str, driver: str = "") -> Iterator[Risk]:
    """The risks of a member, or of one account; of one driver where it is named."""
    contracts = positions.contracts
    for (account, code), portfolio in sorted(contracts.portfolios.items(), key=lambda one: one[0]):
        if not chooses(who, account) or driver not in ("", code):
            continue
        ticker = pit.tickers[code]
        ended = code in contracts.closed
        void = ended and contracts.closed[code] is None
        family = contracts.families[code]
        points = [point_at(portfolio, ticker, x) for x, _ in portfolio.profile()]
        low, high = family.bounds
        xs = {*(point.outcome for point in points), *_kinks(portfolio)}
        yield Risk(
            account,
            code,
            ticker,
            (low, high),
            "void" if void else "settled" if ended else "open",
            points,
            [point_at(portfolio, ticker, x) for x in sorted(xs)],
            0 if void else -ticker.worth(portfolio.worst(), 1),
            portfolio,
        )


def _kinks(portfolio: Portfolio) -> Iterator[int]:
    """Where orders begin and end to lose: at their price, or between two of the points."""
    points, value = [x for x, _ in portfolio.profile()], portfolio.family.value
    for legs in (legs for order in portfolio.orders().values() for legs in order):
        worths = [sum((value(m, x) - price) * q for m, q, price in legs) for x in points]
        for (x, worth), (y, then) in pairwise(zip(points, worths, strict=True)):
            if worth * then < 0:
                yield x + (y - x) * abs(worth) // (abs(worth) + abs(then))


def point_at(portfolio: Portfolio, ticker: Ticker, outcome: int) -> Point:
    """What a portfolio comes to at an outcome of its driver, in the currency's smallest unit."""
    trades, total = portfolio.payoff(outcome), portfolio.worth(outcome)
    return Point(outcome, ticker.worth(trades, 1), ticker.worth(total, 1))


def cashes(positions: Positions, found: list[Risk]) -> Iterator[Cash]:
    """The cash that covers these risks."""
    accounts = positions.accounts
    for account, asset in sorted({(risk.account, risk.ticker.currency) for risk in found}):
        hold = accounts.holds.get(f"contracts {account} {asset}")
        balance, held = accounts.balance(account, asset), accounts.held_of(account, asset)
        yield Cash(account, asset, balance, held, hold.amount if hold else 0)
