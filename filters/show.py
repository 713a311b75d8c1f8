"""Show what stands in a pit: its book, tape, holdings, orders, markets, members or rules.

    $ pit show book
    $ pit show holdings alice
    $ pit show holdings alice:savings
    $ pit show tape --since 2026-11-01 --csv
    $ pit show orders alice --json

Everything is worked out from the archive, up to its last seal, by the filters that keep it. A
member's are all his accounts; alice:savings is one of alice's further ones, alice:main her own.
"""

from collections.abc import Callable, Iterable

from pit.archives.errors import UsageError
from pit.filters import market_views, views
from pit.filters.history import history
from pit.filters.match import Match
from pit.filters.positions import Positions
from pit.filters.rows import Row, add_form, add_period, period, show_rows
from pit.filters.run import new_entries
from pit.filters.runner import Filter, Run
from pit.filters.whose import is_account
from pit.pits.home import Home, choose_pit, root
from pit.pits.members import owner_of
from pit.pits.options import add_pit, parser
from pit.pits.reading import entries_of, fold_of


def state_of(home: Home, pit: str, filter: Filter) -> Run:
    """A filter's run over the whole archive, from its kept checkpoint on."""
    run = Run(filter)
    for entry in new_entries(home, pit, run):
        run.feed(entry)
    return run


def _book(home: Home, pit: str, who: str | None) -> Iterable[Row]:
    match = Match()
    run = state_of(home, pit, match)
    return (row for row in views.book(match, run.pit) if who in (None, row["ticker"]))


def _tape(home: Home, pit: str, who: str | None) -> Iterable[Row]:
    rows = views.tape(entries_of(home, pit))
    return (row for row in rows if who in (None, row["ticker"], *_owners(row)))


def _owners(row: Row) -> Iterable[str]:
    """Who traded."""
    return (row[side].partition("/")[0] for side in ("buyer", "seller"))


def _holdings(home: Home, pit: str, who: str | None) -> Iterable[Row]:
    positions = Positions()
    return views.holdings(positions, state_of(home, pit, positions).pit, who)


def _orders(home: Home, pit: str, who: str | None) -> Iterable[Row]:
    match = Match()
    run = state_of(home, pit, match)
    return views.orders(match, run.record, run.pit, who)


def _members(home: Home, pit: str, who: str | None) -> Iterable[Row]:
    return (row for row in views.members(fold_of(home, pit)) if who in (None, row["member"]))


def _positions(home: Home, pit: str, who: str | None) -> Iterable[Row]:
    from pit.filters import profits

    return profits.rows(profits.Positions(history(entries_of(home, pit))), who)


def _markets(home: Home, pit: str, who: str | None) -> Iterable[Row]:
    run = state_of(home, pit, Positions())
    rows = market_views.markets(run.record, run.pit)
    return (row for row in rows if who in (None, row["market"]))


def _contracts(home: Home, pit: str, who: str | None) -> Iterable[Row]:
    positions = Positions()
    run = state_of(home, pit, positions)
    return market_views.contracts(positions.contracts, run.pit, who)


def _rules(home: Home, pit: str, who: str | None) -> Iterable[Row]:
    return (row for row in views.rules(fold_of(home, pit)) if who in (None, row["rule"]))


VIEWS: dict[str, Callable[[Home, str, str | None], Iterable[Row]]] = {
    "book": _book,
    "tape": _tape,
    "holdings": _holdings,
    "orders": _orders,
    "members": _members,
    "positions": _positions,
    "markets": _markets,
    "contracts": _contracts,
    "rules": _rules,
}


_OF_ACCOUNTS = ("holdings", "orders", "positions", "contracts")


def main(argv: list[str]) -> int:
    """Print a view."""
    options = parser("show", __doc__)
    add_pit(options)
    options.add_argument("what", metavar="|".join(VIEWS))
    options.add_argument(
        "which", nargs="?", metavar="MEMBER|ACCOUNT|TICKER", help="only that one's"
    )
    options.add_argument("--ticker", help="of book, orders, positions, tape: only that one's")
    add_period(options)
    add_form(options)
    args = options.parse_args(argv)
    if args.what not in VIEWS:
        raise UsageError(f"there is no view `{args.what}`; there are {', '.join(VIEWS)}")
    since, until = period(args)
    if (args.since or args.until) and args.what != "tape":
        raise UsageError(f"{args.what} is how things stand now; only the tape has a --since")
    if args.ticker and args.what not in ("book", "orders", "positions", "tape"):
        raise UsageError(f"{args.what} is of no ticker; leave --ticker out")
    if args.which and is_account(args.which) and args.what not in _OF_ACCOUNTS:
        raise UsageError(f"{args.what} is of no account; name the member, {owner_of(args.which)}")
    home = Home(root())
    pit = choose_pit(home, args.pit)
    rows = VIEWS[args.what](home, pit, args.which)
    if args.ticker:
        rows = (row for row in rows if args.ticker in row["ticker"].split(" "))
    if args.what == "tape":
        rows = (row for row in rows if since <= row["time"] < until)
    show_rows(rows, args, f"{args.what}: nothing")
    return 0
