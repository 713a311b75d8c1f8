"""Print the best bid and offer of tickers, each time that they changed.

    $ pit quotes
    $ pit quotes ACME --depth 5 --csv
    $ pit quotes --last --until 2026-12-01 --archive FOLDER

It is the specialist's book, as `match` works it out from the archive: after each entry that changed
it, whether his reports stand already or not. Sizes are what is displayed: of an iceberg the part
that it shows. With --depth it is so many prices of each side, a line each; with --last only how
each ticker stands in the end. In a halt or call phase nothing trades at these prices.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from pit.archives.errors import UsageError
from pit.archives.mbox import Entry
from pit.filters.book import Side
from pit.filters.figures import price_text, quantity_text
from pit.filters.instructions import Act, Cancel, Order, Replace
from pit.filters.lanes import Owed
from pit.filters.match import Match
from pit.filters.rows import Row, add_form, add_period, period, show_rows
from pit.filters.runner import Event, Run
from pit.filters.standing import Standing
from pit.filters.tape import add_archive, archive_of, check_ticker
from pit.filters.trading import HALT, Lane
from pit.pits.options import parser
from pit.pits.state import Pit

DEEPEST = 1000
"""Prices of each side that --depth shows at most."""


class Level(NamedTuple):
    """A price of the book and what is displayed at it, in 10**-9."""

    price: int
    size: int


class Quote(NamedTuple):
    """How a ticker stands after an entry: each side's levels, the best first.

    state: trading, halt, or auction (a call phase).
    """

    entry: int
    time: str
    ticker: str
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    state: str


class _Watched(Match):
    """Matching that remembers the acts of the last entry."""

    acts: Sequence[Act] = ()

    def step(self, event: Event, pit: Pit, record: Standing) -> Sequence[Owed]:
        self.acts = event.acts
        return super().step(event, pit, record)


class Quotes:
    """The quotes of an archive, entry by entry. depth: how many levels of each side."""

    def __init__(self, depth: int = 1) -> None:
        self.depth = depth
        self._match = _Watched()
        self._run = Run(self._match)
        self._last: dict[str, tuple[object, ...]] = {}

    @property
    def pit(self) -> Pit:
        """The pit as the entries make it."""
        return self._run.pit

    def read(self, entries: Iterable[Entry]) -> Iterator[Quote]:
        """The quotes that entries have changed, in order; those of one entry by ticker."""
        lanes = self._match.lanes
        for entry in entries:
            touched = {code for code, lane in lanes.items() if "" < lane.deadline() <= entry.time}
            self._run.feed(entry)
            for act in self._match.acts:
                touched.update(_touched(act, lanes))
            for ticker in sorted(touched & lanes.keys()):
                found = self._found(lanes[ticker])
                if self._last.get(ticker, ((), (), "trading")) != found:
                    self._last[ticker] = found
                    yield Quote(entry.number, entry.time, ticker, *found)

    def _found(self, lane: Lane) -> tuple[tuple[Level, ...], tuple[Level, ...], str]:
        book, closed = lane.book, lane.closed
        state = "trading" if not closed else "halt" if closed == HALT else "auction"
        return _levels(book.bids, self.depth), _levels(book.asks, self.depth), state


def _levels(side: Side, depth: int) -> tuple[Level, ...]:
    """The best levels of a side."""
    return tuple(
        Level(level[0].price, sum(one.shown or one.left for one in level))
        for level in islice(side.levels(), depth)
    )


_QUIET = frozenset({"fill", "leaves", "report", "seal", "say", "saw", "transfer", "withdraw"})
"""Words that change no book; what stands of `match`'s own it has worked before."""


def _touched(act: Act, lanes: Iterable[str]) -> Iterable[str]:
    """The tickers whose book an act may have changed."""
    _, directive, subject = act
    if directive.verb in _QUIET:
        return ()
    if isinstance(subject, Order):
        return (subject.ticker,)
    if isinstance(subject, Cancel | Replace):
        return (subject.lane,)
    return lanes


def rows_of(quote: Quote, pit: Pit, *, numbered: bool) -> Iterator[Row]:
    """A quote as rows, one a level; numbered: which level each is."""
    entry, time, ticker, bids, asks, state = quote
    for index in range(max(len(bids), len(asks), 1)):
        yield {
            "entry": str(entry),
            "time": time,
            "ticker": ticker,
            **({"level": index + 1} if numbered else {}),
            "bid_size": _size(bids, index, ticker, pit),
            "bid": _price(bids, index, ticker, pit),
            "ask": _price(asks, index, ticker, pit),
            "ask_size": _size(asks, index, ticker, pit),
            "state": state,
        }


def _size(levels: Sequence[Level], index: int, ticker: str, pit: Pit) -> str:
    return quantity_text(levels[index].size, ticker, pit) if index < len(levels) else ""


def _price(levels: Sequence[Level], index: int, ticker: str, pit: Pit) -> str:
    return price_text(levels[index].price, ticker, pit) if index < len(levels) else ""


def main(argv: list[str]) -> int:
    """Print the quotes."""
    options = parser("quotes", __doc__)
    options.add_argument("ticker", metavar="TICKER", nargs="?", default="", help="only that one's")
    add_archive(options)
    options.add_argument("--depth", metavar="N", default="1", help="how many prices of each side")
    options.add_argument("--last", action="store_true", help="how each ticker stands in the end")
    add_period(options)
    add_form(options)
    args = options.parse_args(argv)
    depth = _depth(args.depth)
    since, until = period(args)
    quotes = Quotes(depth)
    found = [
        quote
        for quote in quotes.read(archive_of(args))
        if args.ticker in ("", quote.ticker) and since <= quote.time < until
    ]
    check_ticker(args.ticker, quotes.pit)
    if args.last:
        found = sorted({quote.ticker: quote for quote in found}.values(), key=lambda q: q.ticker)
    rows = (row for quote in found for row in rows_of(quote, quotes.pit, numbered=depth > 1))
    show_rows(rows, args, "quotes: nothing")
    return 0


def _depth(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) < 5 and 0 < int(text) <= DEEPEST:
        return int(text)
    raise UsageError(f"--depth {text[:80]!r}: write a number from 1 to {DEEPEST}")
