"""Print a Postfix configuration that hands the pits' mail to `pit lmtp`.

    $ pit mta
    $ pit mta --dir postfix --mailman 127.0.0.1:8024 --listen 127.0.0.1:2525

Only a pit's posting address goes to the pit; with --mailman the list's other addresses (-request,
-bounces, …) go to Mailman's LMTP server. --dir writes the files, main.cf, master.cf and the tables
that they name, into a folder that Postfix runs from (`postfix -c FOLDER check`); without it
they are printed one after the other. Each setting has a comment that says why; change them freely.
"""

import re
import socket
from collections.abc import Mapping
from pathlib import Path

from pit.archives.disk import write_atomic
from pit.archives.errors import CannotCreate, Misconfigured, NoInput, UsageError
from pit.moderator.places import LISTEN, Address, tcp
from pit.moderator.postfix import Plan, files
from pit.moderator.postings import add_pits, chosen, local, postings
from pit.pits.home import Home, choose_pit, root
from pit.pits.options import parser

_ADDRESS = re.compile(r"[a-z0-9][a-z0-9._-]*@[a-z0-9-]+(\.[a-z0-9-]+)*").fullmatch
_HOST = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*").fullmatch
_FOLDER = re.compile(r"(/[A-Za-z0-9._-]+)+").fullmatch


def main(argv: list[str]) -> int:
    """Run `pit mta`."""
    options = parser("mta", __doc__)
    add_pits(options)
    options.add_argument("--dir", metavar="FOLDER", type=Path, help="write the files there")
    options.add_argument("--force", action="store_true", help="over those that are there")
    options.add_argument(
        "--lmtp", metavar="PLACE", default=LISTEN, help=f"of `pit lmtp` (default: {LISTEN})"
    )
    options.add_argument("--mailman", metavar="PLACE", default="", help="of Mailman's LMTP server")
    options.add_argument(
        "--listen", metavar="HOST:PORT", help="where Postfix listens (default: port 25, anywhere)"
    )
    options.add_argument("--relay", metavar="HOST:PORT", help="who takes all mail that goes out")
    options.add_argument("--hostname", metavar="NAME", help="of this host (default: as it says)")
    options.add_argument("--postmaster", metavar="ADDRESS", default="", help="the person")
    options.add_argument("--queue", metavar="FOLDER", default="", help="for a queue of its own")
    args = options.parse_args(argv)
    home = Home(root())
    found = sorted(postings(home, chosen(args.pit)))
    if not found:
        local(home, choose_pit(home, None))  # one of them says why
        raise NoInput(f"{home.root}: no pit here takes mail")
    for address in found:
        if not _ADDRESS(address):
            raise Misconfigured(f"{address}: no address that `pit mta` can write into a table")
    plan = Plan(
        tuple(found),
        _matching("host name", _HOST, args.hostname or socket.getfqdn()),
        _hop(args.lmtp),
        _hop(args.mailman) if args.mailman else "",
        tcp(args.listen) if args.listen else None,
        _relay(args.relay) if args.relay else None,
        _matching("absolute path without blanks", _FOLDER, args.queue) if args.queue else "",
        _matching("mail address", _ADDRESS, args.postmaster.lower()) if args.postmaster else "",
    )
    texts = files(plan)
    if args.dir is None:
        print("\n".join(f"==> {name} <==\n{text}" for name, text in texts.items()), end="")
    else:
        write(args.dir, texts, force=args.force)
        print(f"{args.dir}: {', '.join(texts)}")
    return 0


def write(folder: Path, texts: Mapping[str, str], *, force: bool) -> None:
    """Write files into a folder; CannotCreate if one is there already, unless force says so."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotCreate(f"{error.filename}: {error.strerror}") from error
    there = [name for name in texts if (folder / name).exists()]
    if there and not force:
        raise CannotCreate(f"{folder}: {', '.join(there)} is there already; --force writes over it")
    for name, text in texts.items():
        write_atomic(folder / name, text.encode())


def _matching(what: str, right: object, text: str) -> str:
    if not right(text):  # type: ignore[operator]
        raise UsageError(f"{text[:80]!r} is no {what}")
    return text


def _hop(text: str) -> str:
    """A next hop of transport(5): `127.0.0.1:8124`, or the path of a Unix socket."""
    if text.startswith("/"):
        return "unix:" + _matching("absolute path without blanks", _FOLDER, text)
    place = tcp(text)
    return f"inet:{place}"


def _relay(text: str) -> Address:
    host, _, port = text.rpartition(":")
    if _HOST(host) and re.fullmatch("[0-9]{1,5}", port):
        return Address(host, int(port))
    return tcp(text)
