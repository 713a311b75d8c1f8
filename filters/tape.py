"""The tape: the trades of an archive, oldest first.

A trade is a `fill` that counts by the published record (`standing`); whoever reads the same archive
has the same tape. One that a bust has undone stays on it, and says so.
"""

import argparse
from collections import deque
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import chain
from typing import NamedTuple

from pit.archives import mbox
from pit.archives.errors import NoInput
from pit.archives.extent import chunks
from pit.archives.mbox import Entry
from pit.filters.busting import Bust, Ruling
from pit.filters.history import Chapter, history
from pit.filters.instructions import Act
from pit.filters.standing import Standing
from pit.pits.home import Home, choose_pit, root
from pit.pits.listing import Ticker
from pit.pits.options import add_pit
from pit.pits.reading import entries_of, named_archive
from pit.pits.state import Pit

__all__ = ["Traded", "add_archive", "archive_of", "check_ticker", "read", "traded"]


class Traded(NamedTuple):
    """A trade.

    ref: its fill. quantity, price: as written there. buyer, seller: their orders, HANDLE/REF.
    taker: buyer, seller, none (an auction), or ''. listed: the ticker, None in an open stream.
    busted: the bust that has undone it, '' for none.
    """

    ref: str
    time: str
    ticker: str
    quantity: Decimal
    price: Decimal
    buyer: str
    seller: str
    taker: str
    listed: Ticker | None
    busted: str = ""


def read(entries: Iterable[Entry]) -> tuple[Pit, Iterator[Traded]]:
    """The pit of an archive, as it is when the trades have been read, and its trades.

    A trade comes when no bust can undo it any more, or the archive is at its end.
    """
    chapters = history(entries)
    first = next(chapters, None)
    if first is None:
        return Pit(), iter(())
    return first.pit, _trades(chain([first], chapters))


def _trades(chapters: Iterable[Chapter]) -> Iterator[Traded]:
    kept: deque[Traded] = deque()
    for entry, _, acts, pit, record in chapters:
        for act in acts:
            if act.directive.verb == "fill":
                kept.append(traded(act, entry.time, pit))
            elif isinstance(act.subject, Ruling) and act.subject.done:
                mark(kept, act.subject.bust)
        while kept and not _may_be_undone(kept[0], record):
            yield kept.popleft()
    yield from kept


def mark(trades: deque[Traded], bust: Bust) -> None:
    """Say of the trade that a bust has undone by which."""
    for place, trade in enumerate(trades):
        if trade.ref == bust.fill.ref:
            trades[place] = trade._replace(busted=bust.ref)


def _may_be_undone(trade: Traded, record: Standing) -> bool:
    """Whether a bust may still undo a trade."""
    if record.fills and trade.time >= record.fills[0][: len(trade.time)]:
        return True
    return any(bust.fill.ref == trade.ref for bust in record.busts.values())


def traded(act: Act, time: str, pit: Pit) -> Traded:
    """The trade that a `fill` of an entry of that time says."""
    quantity, ticker, price, buyer, seller = act.directive.args
    taker = act.directive.keys.get("taker", "")
    listed = pit.tickers.get(ticker)
    return Traded(act.ref, time, ticker, quantity, price, buyer, seller, taker, listed)


def add_archive(options: argparse.ArgumentParser) -> None:
    """Add --pit and --archive, for `archive_of`."""
    add_pit(options)
    options.add_argument("--archive", metavar="FOLDER", help="a copy of the archive")


def archive_of(args: argparse.Namespace) -> Iterator[Entry]:
    """The entries of the pit's archive here, or of the copy that is named."""
    if args.archive:
        return mbox.entries(chunks(*named_archive(args.pit, args.archive)))
    home = Home(root())
    return entries_of(home, choose_pit(home, args.pit))


def check_ticker(ticker: str, pit: Pit) -> None:
    """NoInput where it is not listed; in an open stream every ticker is."""
    if ticker and ticker not in pit.tickers and not pit.open:
        there = ", ".join(sorted(pit.tickers)) or "none"
        raise NoInput(f"{ticker[:80]!r} is no ticker of {pit.name}; there are: {there}")
