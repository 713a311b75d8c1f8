"""Tape, quotes and bars: sums are exact, bars add up, and all of it is what the record says."""

import csv
import io
import json
import re
import unicodedata
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import reduce
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pit.archives.errors import NoInput, PitError, UsageError
from pit.archives.fields import read_duration
from pit.filters import bars as bars_verb
from pit.filters import figures, rows, tape
from pit.filters import quotes as quotes_verb
from pit.filters.bars import Bar, aligned, bars, filled, merged, row_of, vwap
from pit.filters.instructions import SCALE, scaled
from pit.filters.match import Match
from pit.filters.quotes import Level, Quote, Quotes
from pit.filters.runner import Run
from pit.filters.show import VIEWS
from pit.filters.standing import Standing
from pit.filters.tape import Traded
from pit.pits.home import Home
from pit.pits.state import Pit
from tests.filters.sessions import Archive, at, play
from tests.filters.test_adopt import by_hand, market
from tests.filters.test_db import write

START = datetime(2026, 11, 20, 22, 0, 0)

numbers = st.decimals("0.000000001", "999999999999999", places=9)
"""What prices and quantities of the language may be, 0 apart."""


def trade(at: timedelta, quantity: Decimal, price: Decimal) -> Traded:
    """A trade so long after the start, in a ticker that is not listed."""
    time = (START + at).isoformat(timespec="microseconds") + "Z"
    return Traded("1", time, "ACME", quantity, price, "alice/1", "bob/2", "buyer", None)


@st.composite
def tapes(draw: st.DrawFn) -> list[Traded]:
    """Some trades, by time."""
    times = draw(st.lists(st.timedeltas(timedelta(0), timedelta(hours=30)), max_size=40))
    whole = st.integers(1, 50).map(Decimal)
    amounts = draw(st.sampled_from([numbers, whole]))
    return [trade(when, draw(amounts), draw(amounts)) for when in sorted(times)]


def durations(*texts: str) -> list[int]:
    return [read_duration(text) for text in texts]


# --- bars -------------------------------------------------------------------------------------


def naive(trades: list[Traded], start: datetime, seconds: int) -> list[Traded]:
    """The trades of the interval that starts there."""
    end = start + timedelta(seconds=seconds)
    return [one for one in trades if start <= datetime.fromisoformat(one.time[:-1]) < end]


@given(tapes(), st.sampled_from(durations("1s", "30s", "1m", "7m", "1h", "1d")))
def test_a_bar_is_what_its_trades_say(trades: list[Traded], seconds: int) -> None:
    found = list(bars(trades, seconds))
    assert [bar.start for bar in found] == sorted({aligned(t.time, seconds) for t in trades})
    for bar in found:
        its = naive(trades, datetime.fromisoformat(bar.start[:-1]), seconds)
        prices = [Fraction(one.price) for one in its]
        low, high = Fraction(bar.low, 10**SCALE), Fraction(bar.high, 10**SCALE)
        assert (low, high) == (min(prices), max(prices))
        ends = Fraction(bar.open, 10**SCALE), Fraction(bar.close, 10**SCALE)
        assert ends == (prices[0], prices[-1])
        assert Fraction(bar.volume, 10**SCALE) == sum(Fraction(one.quantity) for one in its)
        amount = sum(Fraction(one.quantity) * Fraction(one.price) for one in its)
        assert (Fraction(bar.amount, 10 ** (2 * SCALE)), bar.trades) == (amount, len(its))


@given(tapes())
def test_bars_of_any_interval_add_up_to_the_trades(trades: list[Traded]) -> None:
    for seconds in durations("1s", "1m", "1h", "1d", "7d", "9999999999d"):
        found = list(bars(trades, seconds))
        assert sum(bar.volume for bar in found) == sum(scaled[one.quantity] for one in trades)
        assert sum(bar.trades for bar in found) == len(trades)
        amounts = (scaled[one.quantity] * scaled[one.price] for one in trades)
        assert sum(bar.amount for bar in found) == sum(amounts)


@given(tapes(), st.sampled_from([("1m", "1h"), ("1s", "1m"), ("1h", "1d"), ("1d", "7d")]))
def test_a_bar_is_the_merge_of_the_shorter_ones_in_it(
    trades: list[Traded], pair: tuple[str, str]
) -> None:
    short, long = durations(*pair)
    groups: dict[str, list[Bar]] = {}
    for bar in bars(trades, short):
        groups.setdefault(aligned(bar.start, long), []).append(bar)
    again = [reduce(merged, group)._replace(start=start) for start, group in groups.items()]
    assert again == list(bars(trades, long))


@given(st.datetimes(datetime(1, 1, 1)), st.integers(1, 10**10))
def test_an_interval_begins_at_or_before_its_times_and_less_than_its_length(
    moment: datetime, seconds: int
) -> None:
    time = moment.isoformat(timespec="microseconds") + "Z"
    start = datetime.fromisoformat(aligned(time, seconds)[:-1])
    assert timedelta(0) <= moment - start < timedelta(seconds=seconds)
    assert (start - datetime(1, 1, 1)) % timedelta(seconds=seconds) == timedelta(0)


def test_hours_begin_on_the_hour_days_at_midnight_and_seven_days_on_a_monday() -> None:
    time = "2026-11-20T22:59:59.999999Z"
    assert aligned(time, read_duration("1h")) == "2026-11-20T22:00:00.000000Z"
    assert aligned(time, read_duration("1d")) == "2026-11-20T00:00:00.000000Z"
    monday = aligned(time, read_duration("7d"))
    assert monday == "2026-11-16T00:00:00.000000Z"
    assert datetime.fromisoformat(monday[:-1]).weekday() == 0


@given(tapes(), st.sampled_from(durations("1m", "7m", "1h")))
def test_filled_bars_follow_each_other_and_the_empty_ones_stand_at_the_close_before(
    trades: list[Traded], seconds: int
) -> None:
    found = list(bars(trades, seconds))
    full = list(filled(found, seconds))
    assert [bar for bar in full if bar.trades] == found
    for before, bar in pairwise(full):
        start = datetime.fromisoformat(before.start[:-1]) + timedelta(seconds=seconds)
        assert datetime.fromisoformat(bar.start[:-1]) == start
        if not bar.trades:
            assert bar[1:] == (*[before.close] * 4, 0, 0, 0)


def test_more_empty_bars_than_anybody_wants_are_refused() -> None:
    ends = [
        trade(timedelta(0), Decimal(1), Decimal(1)),
        trade(timedelta(99), Decimal(1), Decimal(1)),
    ]
    with pytest.raises(UsageError, match="longer interval"):
        list(filled(bars(ends, 1), 1))


@given(tapes(), st.integers(0, SCALE))
def test_the_average_price_is_the_exact_quotient_rounded_half_to_even(
    trades: list[Traded], decimals: int
) -> None:
    for bar in bars(trades, 3600):
        quotient = Fraction(bar.amount, bar.volume) / 10**SCALE
        found = vwap(bar, decimals)
        assert found is not None
        assert found == round(quotient * 10**decimals)  # of a Fraction: half to even
        assert bar.low <= Fraction(bar.amount, bar.volume) <= bar.high


def test_a_half_goes_to_the_even_digit() -> None:
    half = Bar("", 0, 0, 0, 0, 2 * 10**SCALE, 25 * 10 ** (2 * SCALE), 1)
    assert [vwap(half, 0), vwap(half._replace(amount=27 * 10 ** (2 * SCALE)), 0)] == [12, 14]


# --- cells ------------------------------------------------------------------------------------

RUNS = set("=+-@\t\r")


@given(st.one_of(st.text(), st.text("=+-@\t\r\n 1.a'\"\uff1d", max_size=6)))
@example("=1+1")
@example(" \t=1+1")
@example("-12.50")
@example("+5\n")
@example("+12.50")
@example("-1+1")
@example("\uff20SUM(1)")
def test_no_cell_begins_as_a_formula_does_and_none_is_lost(cell: str) -> None:
    safe = rows.defused(cell)
    assert safe in (cell, f"'{cell}")
    first = unicodedata.normalize("NFKC", safe.lstrip()[:1])
    if first not in ("-", "+") or not re.fullmatch(r".[0-9]+(\.[0-9]+)?", safe):
        assert safe[:1] not in RUNS and first not in RUNS


def test_a_member_cannot_put_a_formula_into_a_csv(capsys: pytest.CaptureFixture[str]) -> None:
    evil = [
        '=HYPERLINK("http://evil.example")',
        "+1+1",
        "@x",
        "\t=1",
        'a,"b"\nc',
        "\x1b[2J",
        "-1.5",
    ]
    rows.print_csv([{"name": cell, "n": 1} for cell in evil])
    printed = capsys.readouterr().out
    read = list(csv.reader(io.StringIO(printed)))
    assert read[0] == ["name", "n"]
    assert [cell for cell, _ in read[1:]] == [
        "'" + evil[0],
        "'+1+1",
        "'@x",
        "\\u0009=1",
        'a,"b"\\u000ac',
        "\\u001b[2J",
        "-1.5",
    ]
    assert "\x1b" not in printed


# --- the tape ---------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_the_tape_has_the_fills_that_count_and_no_others(seed: int) -> None:
    archive = play(seed, shards=1, chaos=True).archive
    pit, record = Pit(), Standing()
    counted = []
    for entry in archive.entries:
        text = pit.take(entry)
        for act in record.step(entry, text, pit):
            if act.directive.verb == "fill":
                counted.append((act.ref, *act.directive.args))
        pit.settle()
    there, found = tape.read(archive.entries)
    assert [(t.ref, t.quantity, t.ticker, t.price, t.buyer, t.seller) for t in found] == counted
    assert counted and there.entry == len(archive.entries)


def test_a_fill_that_does_not_count_is_not_on_the_tape() -> None:
    archive, running = market()
    buy = archive.say("alice", "buy 10 ACME @ 10.00", at=at(1))
    sell = archive.say("carol", "sell 4 ACME @ 9.00", at=at(3))
    archive.seal()
    for draft in running[0].mails(archive):
        archive.post(draft)
    archive.seal()
    wrong = f"fill 99 ACME @ 10.00 alice/{buy} carol/{sell}"
    number = by_hand(
        archive, "match", "sam", f"fill 4 ACME @ 10.00 alice/{buy} carol/{sell}", wrong
    )
    assert [one.ref for one in tape.read(archive.entries)[1]] == [f"{number}.2"]


def test_of_nothing_there_is_no_tape() -> None:
    pit, trades = tape.read([])
    assert (pit.entry, list(trades)) == (0, [])


# --- quotes -----------------------------------------------------------------------------------


def plainly(archive: Archive, depth: int) -> list[Quote]:
    """The quotes, by looking at every ticker after every entry, order by order."""
    match = Match()
    run = Run(match)
    found: list[Quote] = []
    last: dict[str, Quote] = {}
    for entry in archive.entries:
        run.feed(entry)
        for ticker, lane in sorted(match.lanes.items()):
            sides: list[tuple[Level, ...]] = []
            for buys in (True, False):
                sizes: dict[int, int] = {}
                for one in lane.working.values():
                    if one.order.buys is buys and one not in [*lane.stops, *lane.held]:
                        size = min(one.shown or one.left, one.left)
                        sizes[one.price] = sizes.get(one.price, 0) + size
                best = sorted(sizes, reverse=buys)[:depth]
                sides.append(tuple(Level(price, sizes[price]) for price in best))
            state = {"": "trading", "halt": "halt"}.get(lane.closed, "auction")
            quote = Quote(entry.number, entry.time, ticker, sides[0], sides[1], state)
            if quote[3:] != (last[ticker][3:] if ticker in last else ((), (), "trading")):
                found.append(quote)
                last[ticker] = quote
    return found


@pytest.mark.parametrize("seed", range(12))
def test_quotes_are_what_the_book_shows_after_each_entry_that_changed_it(seed: int) -> None:
    archive = play(seed, shards=1 + seed % 2, chaos=True, count=60).archive
    depth = (1, 3, 1000)[seed % 3]
    assert list(Quotes(depth).read(archive.entries)) == plainly(archive, depth)


@pytest.mark.parametrize("seed", range(3))
def test_the_last_quotes_at_full_depth_are_the_book(seed: int, tmp_path: Path) -> None:
    archive = play(seed, shards=1, chaos=True, count=60).archive
    home = Home(tmp_path / "home")
    write(home.archive("acme"), archive.entries)
    quotes = Quotes(1000)
    last = {quote.ticker: quote for quote in quotes.read(archive.entries)}
    shown = [
        (ticker, side, figures.price_text(level.price, ticker, quotes.pit), level.size)
        for ticker, quote in sorted(last.items())
        for side, levels in (("bid", quote.bids), ("ask", quote.asks))
        for level in levels
    ]
    assert shown == [
        (row["ticker"], row["side"], row["price"], scaled[Decimal(row["displayed"])])
        for row in VIEWS["book"](home, "acme", None)
    ]


# --- as verbs ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Archive]:
    """An archive on disk with trades in two tickers."""
    archive = play(7, shards=1, chaos=False, count=80).archive
    return write(tmp_path_factory.mktemp("tape") / "acme", archive.entries), archive


def test_the_forms_of_a_view_say_the_same(
    session: tuple[Path, Archive], capsys: pytest.CaptureFixture[str]
) -> None:
    folder, _ = session
    for verb, args in ((bars_verb, ["10m", "ACME"]), (quotes_verb, ["ACME", "--depth", "2"])):
        printed = []
        for form in (["--json"], ["--csv"], []):
            assert verb.main([*args, "--archive", str(folder), *form]) == 0
            printed.append(capsys.readouterr().out)
        as_json, as_csv, as_table = printed
        said = [{k: str(v) for k, v in row.items()} for row in json.loads(as_json)]
        assert said == list(csv.DictReader(io.StringIO(as_csv)))
        assert len(as_table.splitlines()) == len(said) + 1 > 2


def test_a_period_has_its_first_moment_and_not_its_last(
    session: tuple[Path, Archive], capsys: pytest.CaptureFixture[str]
) -> None:
    folder, archive = session
    times = [one.time for one in tape.read(archive.entries)[1] if one.ticker == "ACME"]
    middle = times[len(times) // 2]

    def counted(*args: str) -> int:
        bars_verb.main(["1d", "ACME", "--archive", str(folder), "--json", *args])
        return sum(bar["trades"] for bar in json.loads(capsys.readouterr().out))

    assert counted() == len(times)
    assert counted("--since", middle) == sum(time >= middle for time in times)
    assert counted("--until", middle) == sum(time < middle for time in times)
    assert counted("--since", "2027-01-01") == 0


def test_rows_have_the_tickers_decimals_and_amounts_the_currencys(
    session: tuple[Path, Archive],
) -> None:
    _, archive = session
    pit, trades = tape.read(archive.entries)
    [bar] = bars([one for one in trades if one.ticker == "ACME"], 86400)
    row = row_of(bar, pit.tickers["ACME"])
    assert Decimal(row["amount"]) == Fraction(bar.amount, 10 ** (2 * SCALE))
    assert row["amount"][-3] == row["vwap"][-3] == row["open"][-3] == "."
    assert row["volume"].isdigit()
    plain = row_of(bar, None)
    assert Decimal(plain["amount"]) == Decimal(row["amount"])
    assert abs(Decimal(plain["vwap"]) - Decimal(row["vwap"])) <= Decimal("0.005")


@pytest.mark.parametrize(
    ("args", "kind", "words"),
    [
        (["1x", "ACME"], UsageError, "not a duration"),
        (["0h", "ACME"], UsageError, "not a duration"),
        (["1h", "NONE"], NoInput, "no ticker of acme; there are: ACME, BETA"),
        (["1h", "ACME", "--since", "yesterday"], UsageError, "not a time"),
        (["1h", "ACME", "--until", "2026-02-30"], UsageError, "not a time"),
        (["1h", "ACME", "--csv", "--json"], UsageError, "not allowed with"),
    ],
)
def test_a_bad_argument_of_bars_is_answered_with_what_is_right(
    session: tuple[Path, Archive], args: list[str], kind: type[PitError], words: str
) -> None:
    with pytest.raises(kind, match=words):
        bars_verb.main([*args, "--archive", str(session[0])])


@pytest.mark.parametrize("depth", ["0", "x", "-1", "1001", "9" * 5000, "\u0663"])
def test_a_depth_that_is_none_is_refused(session: tuple[Path, Archive], depth: str) -> None:
    with pytest.raises(UsageError, match="from 1 to 1000"):
        quotes_verb.main(["--archive", str(session[0]), f"--depth={depth}"])


def test_quantities_and_prices_have_their_tickers_decimals_or_those_they_need() -> None:
    assert figures.quantity_text(1_500_000_000, "ACME", Pit()) == "1.5"
    assert figures.price_text(12 * 10**9, "ACME", Pit()) == "12"
    pit, trades = tape.read(market()[0].entries)
    assert list(trades) == []
    assert figures.price_text(12 * 10**9, "ACME", pit) == "12.00"
    assert figures.price_text(12_005_000_000, "ACME", pit) == "12.005"
    assert figures.quantity_text(1_500_000_000, "ACME", pit) == "1.5"
    assert figures.quantity_text(2 * 10**9, "ACME", pit) == "2"
