"""Show what stands in a pit: its book, tape, holdings, orders, members or rules.

    $ pit show book
    $ pit show holdings alice
    $ pit show tape --json

Everything is worked out from the archive, up to its last seal, by the filters that keep it.
"""

from collections.abc import Callable, Iterable
from typing import Any

from pit.archives.errors import UsageError
from pit.filters import views
from pit.filters.match import Match
from pit.filters.positions import Positions
from pit.filters.run import new_entries
from pit.filters.runner import Filter, Run
from pit.pits.display import show_json, table
from pit.pits.home import Home, choose_pit, root
from pit.pits.options import add_pit, parser
from pit.pits.reading import entries_of, fold_of

NUMBERS = {"price", "quantity", "left", "balance", "held", "available"}


def state_of(home: Home, pit: str, filter: Filter) -> Run:
    """A filter's run over the whole archive, from its kept checkpoint on."""
    run = Run(filter)
    for entry in new_entries(home, pit, run):
        run.feed(entry)
    return run


def _book(home: Home, pit: str, who: str | None) -> Iterable[views.Row]:
    match = Match()
    run = state_of(home, pit, match)
    return (row for row in views.book(match, run.pit) if who in (None, row["ticker"]))


def _tape(home: Home, pit: str, who: str | None) -> Iterable[views.Row]:
    return (row for row in views.tape(entries_of(home, pit)) if who in (None, row["ticker"]))


def _holdings(home: Home, pit: str, who: str | None) -> Iterable[views.Row]:
    positions = Positions()
    return views.holdings(positions, state_of(home, pit, positions).pit, who)


def _orders(home: Home, pit: str, who: str | None) -> Iterable[views.Row]:
    match = Match()
    run = state_of(home, pit, match)
    rows = views.orders(match, run.record.orders, run.pit)
    return (row for row in rows if who in (None, row["ticker"], row["order"].partition("/")[0]))


def _members(home: Home, pit: str, who: str | None) -> Iterable[views.Row]:
    return (row for row in views.members(fold_of(home, pit)) if who in (None, row["member"]))


def _rules(home: Home, pit: str, who: str | None) -> Iterable[views.Row]:
    return (row for row in views.rules(fold_of(home, pit)) if who in (None, row["rule"]))


VIEWS: dict[str, Callable[[Home, str, str | None], Iterable[views.Row]]] = {
    "book": _book,
    "tape": _tape,
    "holdings": _holdings,
    "orders": _orders,
    "members": _members,
    "rules": _rules,
}


def _cell(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)


def written(rows: list[views.Row], nothing: str) -> str:
    """Rows as a table, numbers to the right; `nothing` where there are none."""
    if not rows:
        return f"{nothing}\n"
    heads = list(rows[0])
    sides = "".join("r" if head in NUMBERS else "l" for head in heads)
    return table(heads, [[_cell(row[head]) for head in heads] for row in rows], sides)


def print_rows(rows: list[views.Row], nothing: str) -> None:
    """Print them so."""
    print(written(rows, nothing), end="")


def main(argv: list[str]) -> int:
    """Print a view."""
    options = parser("show", __doc__)
    add_pit(options)
    options.add_argument("what", metavar="|".join(VIEWS))
    options.add_argument("which", nargs="?", metavar="MEMBER|TICKER", help="only that one's")
    options.add_argument("--json", action="store_true")
    args = options.parse_args(argv)
    if args.what not in VIEWS:
        raise UsageError(f"there is no view `{args.what}`; there are {', '.join(VIEWS)}")
    home = Home(root())
    pit = choose_pit(home, args.pit)
    rows = list(VIEWS[args.what](home, pit, args.which))
    if args.json:
        show_json(rows)
    else:
        print_rows(rows, f"{args.what}: nothing")
    return 0
