"""Print a member's statement: every change of a balance, with the entry that made it.

    $ pit statement alice
    $ pit statement alice:savings
    $ pit statement alice --since 2026-11-01 --until 2026-12-01 --csv
    $ pit statement alice --json

Each line cites its entry, and the directive in it: 8.4 is the fourth of entry 8. Balances are what
they were after it, with all that came before --since. Below the lines is what the member holds now.
A member's statement is of all his accounts, and says which where he has moved more than his main
one; alice:savings is one of alice's further accounts, alice:main her own.
"""

from collections.abc import Iterator

from pit.archives.amounts import decimal, plain
from pit.archives.errors import NoInput
from pit.archives.mbox import Entry
from pit.filters.accounts import Posting
from pit.filters.positions import Positions
from pit.filters.rows import Row, add_form, add_period, period, print_rows, show_rows
from pit.filters.runner import Run
from pit.filters.views import holdings
from pit.filters.whose import chooses, further
from pit.pits.display import show_json
from pit.pits.home import Home, choose_pit, root
from pit.pits.members import owner_of
from pit.pits.options import add_pit, parser
from pit.pits.reading import entries_of
from pit.pits.state import Pit


def lines(run: Run, entries: Iterator[Entry], postings: list[Posting], who: str) -> Iterator[Row]:
    """The changes of the balances of a member, or of one account, oldest first.

    postings: the journal that the run's filter writes to.
    """
    balances: dict[tuple[str, str], int] = {}
    for entry in entries:
        postings.clear()
        run.feed(entry)
        for posting in postings:
            if chooses(who, posting.account):
                yield change(posting, entry.time, balances, run.pit)


def change(posting: Posting, time: str, balances: dict[tuple[str, str], int], pit: Pit) -> Row:
    """One change of a balance; balances: those before, by account and asset, brought forward."""
    account, asset, amount, ref, why = posting
    decimals = pit.decimals(asset) or 0
    now = balances[account, asset] = balances.get((account, asset), 0) + amount
    changed = plain(decimal(amount, decimals))
    return {
        "time": time,
        "entry": ref,
        "account": further(account),
        "what": why,
        "change": changed if amount < 0 else f"+{changed}",
        "asset": asset,
        "balance": plain(decimal(now, decimals)),
    }


def main(argv: list[str]) -> int:
    """Print the statement."""
    options = parser("statement", __doc__)
    add_pit(options)
    options.add_argument("who", metavar="HANDLE|ACCOUNT")
    add_period(options)
    add_form(options)
    args = options.parse_args(argv)
    since, until = period(args)
    home = Home(root())
    pit = choose_pit(home, args.pit)
    postings: list[Posting] = []
    positions = Positions(journal=postings.append)
    run = Run(positions)
    said = lines(run, entries_of(home, pit), postings, args.who)
    rows = [row for row in said if since <= row["time"] < until]
    member = owner_of(args.who)
    if member not in run.pit.members and not run.pit.open:
        raise NoInput(f"{member} is not a member of {pit}; `pit show members` lists them")
    now = list(holdings(positions, run.pit, args.who))
    if args.json:
        show_json({"member": member, "lines": rows, "holdings": now})
    else:
        show_rows(rows, args, f"{args.who} has moved nothing")
        if now and not args.csv:
            print()
            print_rows(now, "")
    return 0
