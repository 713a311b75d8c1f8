"""What people ask of markets of bounded contracts, as flat rows: how each stands, who is in it."""

from collections.abc import Iterator
from fractions import Fraction

from pit.archives.amounts import decimal, plain
from pit.archives.fields import show_time
from pit.filters.contracts import Contracts
from pit.filters.figures import half_even, price_text, quantity_text
from pit.filters.markets import Bound, Course
from pit.filters.rows import Row
from pit.filters.standing import Standing
from pit.filters.whose import chooses
from pit.pits.listing import Ticker
from pit.pits.markets import Market
from pit.pits.state import Pit


def markets(record: Standing, pit: Pit) -> Iterator[Row]:
    """The markets as they were founded; bounds, and what waits, as of now.

    value: what it is worth, once that is known, though it may not be settled yet.
    """
    for code, market in pit.markets.items():
        course = record.courses[market.driver]
        low, high = (within(bound, market, pit) for bound in (course.low, course.high))
        shown = [price_text(bound, code, pit) for bound in (low, high)]
        yield {
            "market": code,
            "name": market.name,
            "within": market.parent,
            "settled by": market.owner if market.drives else market.driver,
            "low": shown[0],
            "high": shown[1],
            "value": shown[0] if low == high else "",
            "state": _state(course, code, record, pit),
            "expiry": show_time(market.expiry),
            "panel": list(market.panel),
        }


def within(value: int, market: Market, pit: Pit) -> int:
    """A driver's bound as it is for one of its markets: clipped, from the driver down."""
    if not market.drives:
        value = within(value, pit.markets[market.parent], pit)
    return min(max(value, market.low), market.high)


def _state(course: Course, code: str, record: Standing, pit: Pit) -> str:
    if course.ended:
        return "void" if course.value is None else "settled"
    bound = course.bound
    if bound is None:
        return "open"
    asked = " to ".join(price_text(value, code, pit) for value in sorted({bound.low, bound.high}))
    return f"{_waits(bound, record)} {bound.ref}: {asked}"


def _waits(bound: Bound, record: Standing) -> str:
    if bound.verdict:
        return f"found for the {bound.verdict},"
    if bound.disputed(record):
        return "disputed,"
    return f"waits until {show_time(bound.until)},"


def contracts(kept: Contracts, pit: Pit, who: str | None = None) -> Iterator[Row]:
    """The matched contracts of each account, and what of its cash they and its orders hold.

    who: a member's, one account's, or a market's. average: of the prices, paid and received.
    """
    for (account, driver), portfolio in sorted(kept.portfolios.items(), key=lambda item: item[0]):
        for market, quantity, paid in portfolio.matched():
            if who not in (None, market) and not chooses(str(who), account):
                continue
            ticker = pit.tickers[market]
            yield {
                "account": account,
                "market": market,
                "quantity": quantity_text(quantity, market, pit),
                "average": average(quantity, paid, ticker) if quantity else "",
                "settled with": driver,
                "cover": plain(
                    decimal(kept.needed(account, driver), pit.assets[ticker.currency].decimals)
                ),
                "currency": ticker.currency,
            }


def average(quantity: int, paid: int, ticker: Ticker) -> str:
    """Paid for each, to the nearest of the price's decimals and two more; halves to the even."""
    places = ticker.price_decimals + 2
    exact = Fraction(paid * 10**places, quantity * 10**9)
    return plain(decimal(half_even(exact.numerator, exact.denominator), places))
