"""Print bars of a ticker: open, high, low, close, volume, amount, VWAP by intervals.

    $ pit bars 1h ACME
    $ pit bars 1d ACME --since 2026-11-01 --until 2026-12-01 --csv
    $ pit bars 1m ACME --fill --json --archive FOLDER

An interval is 30s, 5m, 1h or 7d. They are aligned to UTC: hours to the hour, days to midnight, 7d
to Mondays (all are counted from Monday, 1 January of the year 1). A bar holds the trades from its
start on and before the next one's. One without trades is left out; with --fill it stands between
the others, at the close before it.

A trade that a bust has undone counts in none. Sums are exact: volume in units, amount in the
currency. The volume-weighted average price is amount / volume, rounded half to even to the ticker's
price decimals.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from functools import reduce
from itertools import groupby
from typing import NamedTuple

from pit.archives.amounts import decimal, places, plain, trimmed
from pit.archives.errors import UsageError
from pit.archives.fields import FIELDS, read_duration, show_time
from pit.filters.figures import half_even
from pit.filters.instructions import SCALE, scaled
from pit.filters.rows import Row, add_form, add_period, period, show_rows
from pit.filters.tape import Traded, add_archive, archive_of, check_ticker, read
from pit.pits.listing import Ticker
from pit.pits.options import parser

MOST = 1_000_000
"""Bars that --fill makes at most."""


class Bar(NamedTuple):
    """The trades of an interval.

    start: when it begins, in 27 characters. open, high, low, close: prices in 10**-9. volume:
    units in 10**-9. amount: of the currency, in 10**-18. trades: how many.
    """

    start: str
    open: int
    high: int
    low: int
    close: int
    volume: int
    amount: int
    trades: int


def bar_of(trade: Traded, seconds: int) -> Bar:
    """The bar of one trade."""
    price, quantity = scaled[trade.price], scaled[trade.quantity]
    start = aligned(trade.time, seconds)
    return Bar(start, price, price, price, price, quantity, quantity * price, 1)


def merged(first: Bar, then: Bar) -> Bar:
    """Two bars, one after the other, as one that starts with the first."""
    return Bar(
        first.start,
        first.open,
        max(first.high, then.high),
        min(first.low, then.low),
        then.close,
        first.volume + then.volume,
        first.amount + then.amount,
        first.trades + then.trades,
    )


def bars(trades: Iterable[Traded], seconds: int) -> Iterator[Bar]:
    """The bars of a ticker's trades, undone ones apart, oldest first; without trades none."""
    single = (bar_of(trade, seconds) for trade in trades if not trade.busted)
    for _, group in groupby(single, key=lambda bar: bar.start):
        yield reduce(merged, group)


def filled(found: Iterable[Bar], seconds: int) -> Iterator[Bar]:
    """The same with those between them that have no trades; UsageError past `MOST`."""
    last: Bar | None = None
    count = 0
    for bar in found:
        if last:
            gap = (_seconds(bar.start) - _seconds(last.start)) // seconds
            count += gap
            if count > MOST:
                raise UsageError(f"--fill would make more than {MOST} bars; take a longer interval")
            price = last.close
            for step in range(1, gap):
                start = _time(_seconds(last.start) + step * seconds)
                yield Bar(start, price, price, price, price, 0, 0, 0)
        yield bar
        last = bar


def aligned(time: str, seconds: int) -> str:
    """When the interval begins that a time is in.

    >>> aligned("2026-11-20T11:45:00.000001Z", 3600)
    '2026-11-20T11:00:00.000000Z'
    """
    whole = _seconds(time)
    return _time(whole - whole % seconds)


def _seconds(time: str) -> int:
    """Whole seconds since the beginning of the year 1, a Monday."""
    since = datetime.fromisoformat(time[:-1]) - datetime.min
    return since.days * 86400 + since.seconds


def _time(seconds: int) -> str:
    moment = datetime.min + timedelta(seconds=seconds)
    return moment.isoformat(timespec="microseconds") + "Z"


def vwap(bar: Bar, decimals: int) -> int | None:
    """The volume-weighted average price in 10**-decimals, half to even; None without trades."""
    if not bar.volume:
        return None
    divisor: int = bar.volume * 10 ** (SCALE - decimals)
    return half_even(bar.amount, divisor)


def row_of(bar: Bar, listed: Ticker | None) -> Row:
    """A bar as texts; of an open stream's ticker with as many decimals as are needed."""
    finest = listed.price_decimals if listed else SCALE
    average = vwap(bar, finest)
    prices = zip(("open", "high", "low", "close"), bar[1:5], strict=True)
    amount = decimal(bar.amount, 2 * SCALE)
    if listed:
        value, unit = bar.amount * listed.factor // listed.value_scaled, listed.value_scaled
        amount = decimal(value, 2 * SCALE + places(listed.unit) - (len(str(unit)) - 1))
    return {
        "start": show_time(bar.start),
        **{name: _price(price, listed) for name, price in prices},
        "volume": _text(bar.volume, SCALE, listed.decimals if listed else None),
        "amount": plain(amount if listed else trimmed(amount)),
        "vwap": "" if average is None else _price(average * 10 ** (SCALE - finest), listed),
        "trades": bar.trades,
    }


def _price(price: int, listed: Ticker | None) -> str:
    return _text(price, SCALE, listed.price_decimals if listed else None)


def _text(amount: int, scale: int, decimals: int | None) -> str:
    """An amount of 10**-scale with so many decimals, all that it needs by default."""
    if decimals is None:
        return plain(trimmed(decimal(amount, scale)))
    return plain(decimal(amount // 10 ** (scale - decimals), decimals))


def main(argv: list[str]) -> int:
    """Print the bars."""
    options = parser("bars", __doc__)
    options.add_argument("interval", metavar="INTERVAL", help="30s, 5m, 1h, 7d")
    options.add_argument("ticker", metavar="TICKER")
    add_archive(options)
    add_period(options)
    options.add_argument("--fill", action="store_true", help="with bars without trades")
    add_form(options)
    args = options.parse_args(argv)
    field = FIELDS["duration"]
    if not re.fullmatch(field.pattern, args.interval):
        raise UsageError(f"{args.interval[:80]!r} is not {field.what}; {field.right}")
    seconds = read_duration(args.interval)
    since, until = period(args)
    pit, trades = read(archive_of(args))
    found: Iterable[Bar] = bars(
        (one for one in trades if one.ticker == args.ticker and since <= one.time < until), seconds
    )
    rows = list(filled(found, seconds) if args.fill else found)
    check_ticker(args.ticker, pit)
    listed = pit.tickers.get(args.ticker)
    show_rows((row_of(bar, listed) for bar in rows), args, f"{args.ticker}: no trades")
    return 0
