"""Print one entry: the notary's stamp and the mail, byte for byte as it came.

    $ pit cat 4
    $ pit cat 4 --stamp | sha256sum        # is the next entry's Pit-Prev
    $ pit cat 4 --mail | gpg --verify      # in a GnuPG home that has the member's key
    $ pit cat 4 --mail | wc -c             # is what Pit-Mail says

Other tools' extraction from an mbox is not byte-exact; this is.
"""

import re
import sys

from pit.archives.entry import read_entry
from pit.archives.errors import NoInput, UsageError
from pit.pits.home import Home, choose_pit, root
from pit.pits.options import add_pit, parser
from pit.pits.reading import entries_of, last_seal


def main(argv: list[str]) -> int:
    """Run `pit cat`."""
    options = parser("cat", __doc__)
    add_pit(options)
    options.add_argument("number", metavar="N", help="the entry's number")
    either = options.add_mutually_exclusive_group()
    either.add_argument("--mail", action="store_true", help="the mail alone")
    either.add_argument("--stamp", action="store_true", help="the six stamp lines alone")
    args = options.parse_args(argv)
    home = Home(root())
    stamp, mail = entry_of(home, choose_pit(home, args.pit), args.number)
    if not args.mail:
        sys.stdout.buffer.write(stamp)
    if not args.stamp:
        sys.stdout.buffer.write(mail)
    return 0


def entry_of(home: Home, pit: str, number: str) -> tuple[bytes, bytes]:
    """The stamp lines and the mail of entry `number`; NoInput where it does not stand."""
    if not re.fullmatch("[1-9][0-9]{0,14}", number):
        raise UsageError(f"'{number}' is not an entry's number; write 1042")
    entry = next(entries_of(home, pit, int(number)), None)
    if entry is None:
        seal = last_seal(home, pit)
        last = seal[0] + 1 if seal else 0
        raise NoInput(f"entry {number} does not stand; {pit} ends at entry {last}, its last seal")
    stamp, mail = read_entry(entry.raw)
    return stamp.lines(), mail
