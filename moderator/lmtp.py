"""Take mail from a mail server over LMTP into the spools of the pits here.

    $ pit lmtp --check
    address            pit
    acme@pits.invalid  acme

Without --check it is a server, which runs until it is ended (TERM; transactions that have begun are
finished). Without -p it serves all pits here, those that come later too. A recipient that is no
pit's posting address is refused (550), and so is a mail over 8 MiB (552). Each recipient of a mail
is answered for himself: 250 once the mail is on disk, 4xx if it cannot be written, which the mail
server tries again.

The mail is stored as it came, byte for byte; `Return-Path: <>` is put in front of one whose
envelope sender is null. --turn runs `pit turn` when mail has come, and once a minute: then no cron
is needed. `pit mta` writes the mail server's side of it.
"""

import os
from pathlib import Path

from pit.archives.errors import Denied, Misconfigured, NoInput
from pit.moderator.places import LISTEN, tcp
from pit.moderator.postings import Postings, add_pits, chosen, local, served
from pit.pits.home import Home, choose_pit, root
from pit.pits.options import parser


def main(argv: list[str]) -> int:
    """Run `pit lmtp`."""
    options = parser("lmtp", __doc__)
    add_pits(options)
    where = options.add_mutually_exclusive_group()
    where.add_argument(
        "--listen", metavar="HOST:PORT", default=LISTEN, help=f"where (default: {LISTEN}; 0: any)"
    )
    where.add_argument("--socket", metavar="PATH", type=Path, help="a Unix socket instead")
    options.add_argument(
        "--public", action="store_true", help="let HOST be an address that others can reach"
    )
    options.add_argument("--turn", action="store_true", help="run `pit turn` when mail has come")
    options.add_argument("--check", action="store_true", help="say who would be served, and end")
    args = options.parse_args(argv)
    place = None if args.socket else tcp(args.listen, public=args.public)
    home, named = Home(root()), chosen(args.pit)
    postings = Postings(home, named)
    if not postings.known:
        local(home, choose_pit(home, None))  # one of them says why
        raise NoInput(f"{home.root}: no pit here takes mail")
    for pit in postings.known.values():
        check_writable(home.spool(pit))
    if args.check:
        print(served(postings), end="")
        return 0
    from pit.moderator.serving import run  # asyncio and aiosmtpd: --help does not pay for them

    return run(home, postings, place or args.socket, turns=args.turn)


def check_writable(spool: Path) -> None:
    """Denied if nothing could be written into a spool, which may not be there yet."""
    found = next(path for path in (spool, *spool.parents) if path.exists())
    if not found.is_dir():
        raise Misconfigured(f"{found}: should be a folder; mail could not be stored")
    if not os.access(found, os.W_OK | os.X_OK):
        raise Denied(f"{found}: may not be written by this user; mail could not be stored")
