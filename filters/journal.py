"""Print the general journal: double entry for hledger and ledger, or for beancount.

    $ pit journal
    $ pit journal > acme.journal; hledger -f acme.journal check -s; ledger -f acme.journal balance
    $ pit journal --beancount > acme.beancount
    $ pit journal alice --every 100 --archive FOLDER

Every change of a balance, up to the last seal, with the entry that made it; what one directive
moved is one transaction. After each day (UTC), after every N entries and at the end it states what
the accounts must hold, for these programs to check. What is only held for an order has not changed
hands and is not posted. With HANDLE: the transactions that move that member's accounts, of which
alice:savings is a sub-account of alice's.
"""

import sys
from pathlib import Path

from pit.archives import mbox
from pit.archives.errors import UsageError
from pit.archives.extent import chunks
from pit.filters import journal_beancount, journal_ledger
from pit.filters.transactions import journal
from pit.filters.whose import is_account
from pit.pits.home import Home, choose_pit, root
from pit.pits.members import owner_of
from pit.pits.options import add_pit, parser
from pit.pits.reading import entries_of


def main(argv: list[str]) -> int:
    """Print the journal as the archive is read."""
    options = parser("journal", __doc__)
    add_pit(options)
    options.add_argument("handle", nargs="?", metavar="HANDLE", default="", help="only that one's")
    options.add_argument("--archive", metavar="FOLDER", help="a copy of the archive")
    options.add_argument("--beancount", action="store_true", help="in beancount's text")
    options.add_argument("--every", metavar="N", default="", help="balances each N entries as well")
    args = options.parse_args(argv)
    every = _count(args.every) if args.every else 0
    if every and args.beancount:
        raise UsageError("beancount states balances for whole days only; leave --every out")
    if is_account(args.handle):
        member = owner_of(args.handle)
        raise UsageError(f"a journal is of whole members; `pit journal {member}` has it as well")
    if args.archive:
        from pit.pits.sources import pit_in  # only a copy's reader pays for it

        folder = Path(args.archive)
        entries = mbox.entries(chunks(folder, args.pit or pit_in(folder)))
    else:
        home = Home(root())
        entries = entries_of(home, choose_pit(home, args.pit))
    show = journal_beancount.show if args.beancount else journal_ledger.show
    write = sys.stdout.write
    for item in journal(entries, args.handle, every):
        write(show(item))
    return 0


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 16 and int(text)):
        raise UsageError(f"--every {text[:80]!r} is no number of entries; write --every 1000")
    return int(text)
