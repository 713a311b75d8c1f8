"""How the markets of bounded contracts stand, and who is in them (see `db_schema`)."""

from pit.archives.fields import show_time
from pit.filters.contracts import Contracts
from pit.filters.db_orders import in_lots, in_ticks, money
from pit.filters.db_rows import Writer
from pit.filters.db_values import Value
from pit.filters.market_views import average, within
from pit.filters.markets import Course
from pit.filters.standing import Standing
from pit.pits.members import owner_of
from pit.pits.state import Pit


def write_markets(writer: Writer, kept: Contracts, record: Standing, pit: Pit) -> None:
    """The rows of `markets` and `contracts`."""
    for code, market in pit.markets.items():
        course, ticker = record.courses[market.driver], pit.tickers[code]
        now = [within(bound, market, pit) for bound in (course.low, course.high)]
        bounds = [part for n in (market.low, market.high, *now) for part in in_ticks(n, ticker)]
        known = now[0] == now[1] and not (course.ended and course.value is None)
        value: tuple[Value, Value] = in_ticks(now[0], ticker) if known else (None, None)
        writer.insert(
            "markets",
            code,
            market.root,
            market.branch,
            market.parent or None,
            market.driver,
            market.owner,
            *bounds,
            _state(course, record),
            course.bound.ref if course.bound else None,
            course.bound.until if course.bound else None,
            *value,
            show_time(market.expiry),
            market.void,
            show_time(market.unresolved),
        )
    for (account, _), portfolio in sorted(kept.portfolios.items(), key=lambda pair: pair[0]):
        for code, quantity, paid in portfolio.matched():
            ticker = pit.tickers[code]
            price = average(quantity, paid, ticker) if quantity else None
            spent = money(ticker.worth(paid, 1), ticker.currency, pit)
            row = (owner_of(account), account, code, *in_lots(quantity, ticker), *spent, price)
            writer.insert("contracts", *row)


def _state(course: Course, record: Standing) -> str:
    if course.ended:
        return "void" if course.value is None else "settled"
    if course.bound is None:
        return "open"
    if course.bound.verdict:
        return "decided"
    return "disputed" if course.bound.disputed(record) else "waiting"
