"""Find entries: words, texts, days, in the query language of mairix.

    $ pit find buy ACME
    $ pit find 12.50 d:2026-
    $ pit find alice '~cancel' 'b:buy/sell'
    $ pit find '"buy 100 ACME"' --numbers
    $ pit find --mbox f:alice | pit lines - | cut -f 1,4
    $ pit find --archive FOLDER ACME --json

Each line is an entry: number, time, signer, its first directive. All terms must hold. In a term `,`
is and, `/` is or, `~` is not. A word is of letters, digits and `_`; `ACM=` is any word with acm in
it, `^ACM=` one that begins so, `ACM=1` one with an error. Case does not matter. Letters and a colon
say where: f from (the signer, and what the mail says), t to, c cc, a any of these, s subject, b
body; bs body or subject; without, everywhere. m:ID is the mail with that Message-ID, z:1k-20k its
size, d:20261101-20261130 the days (the notary's time, UTC, both included); d:2026, d:20261101- and
d:7d- are ranges, too.

What mairix would take apart is looked for as it stands: 12.50, alice/1042, a term with blanks, what
is in double quotes. `alice/bob` is alice or bob.

Only what is sealed is searched. Each search first brings its index up to date. When nothing is
found the exit status is 1.
"""

import argparse
import hashlib
import re
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from pit.archives.errors import UsageError
from pit.archives.mailbox import Archive
from pit.archives.mbox import Entry
from pit.archives.query import parse
from pit.archives.search import find, update
from pit.pits.display import safe, show_json
from pit.pits.home import Home, choose_pit, root
from pit.pits.options import Parser, add_pit, parser

_DIRECTIVE = re.compile(r"^(?!pit )[a-z].*", re.MULTILINE)
_Found = TypeVar("_Found")


def main(argv: list[str]) -> int:
    """Run `pit find`."""
    args = _options().parse_intermixed_args(argv)
    query = parse(args.query, datetime.now(UTC).date())
    if not args.query and not args.reindex:
        raise UsageError("what? `pit find WORD`; see `pit find --help`")
    folder, pit, index = _where(Home(root()), args)
    if not args.query:
        entries = _with_index(index, lambda place: update(folder, pit, place, True, _tell))
        print(f"{entries} entries of {pit} are indexed")
        return 0
    numbers = _with_index(index, lambda place: find(folder, pit, query, place, args.reindex, _tell))
    _show(Archive(folder, pit, numbers), args)
    return 0 if numbers else 1


def _options() -> Parser:
    options = parser("find", __doc__)
    add_pit(options)
    options.add_argument("query", metavar="QUERY", nargs="*", help="terms; all must hold")
    options.add_argument(
        "--archive", metavar="FOLDER", help="a copy of an archive (default: the pit's own)"
    )
    how = options.add_mutually_exclusive_group()
    how.add_argument("--numbers", action="store_true", help="their numbers alone")
    how.add_argument(
        "--raw",
        "--mbox",
        dest="raw",
        action="store_true",
        help="the entries as they stand: an mbox, for mail tools and filters; nothing is escaped",
    )
    how.add_argument("--json", action="store_true", help="with their texts")
    options.add_argument("--reindex", action="store_true", help="make the index anew first")
    return options


def _where(home: Home, args: argparse.Namespace) -> tuple[Path, str, Path]:
    """The archive's folder, the pit's name, the index's folder."""
    if not args.archive:
        pit = choose_pit(home, args.pit)
        return home.archive(pit), pit, home.pit(pit) / "search"
    from pit.pits.sources import pit_in  # only a copy's reader pays for it

    folder = Path(args.archive)
    name = hashlib.sha256(bytes(folder.resolve())).hexdigest()[:16]
    return folder, args.pit or pit_in(folder), home.root / "search" / name


def _with_index(index: Path, use: Callable[[Path], _Found]) -> _Found:
    """Search with the index in that folder; where it cannot be written, with one for this time."""
    try:
        return use(index)
    except OSError as error:
        reason = f"{error.filename or index}: {error.strerror or error}"
        print(safe(f"pit find: {reason}; the index is made for this time only"), file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="pit-find-") as folder:
        return use(Path(folder))


def _tell(entries: int) -> None:
    if sys.stderr.isatty():
        print(f"pit find: {entries} entries indexed", file=sys.stderr)


def _show(found: Archive, args: argparse.Namespace) -> None:
    out = sys.stdout
    if args.json:
        show_json([_as_json(found.entry(number)) for number in found.iterkeys()])
    elif args.numbers:
        out.writelines(f"{number}\n" for number in found.iterkeys())
    elif args.raw:
        out.buffer.writelines(found.entry(number).raw for number in found.iterkeys())
    else:
        out.writelines(_line(found.entry(number)) for number in found.iterkeys())


def _line(entry: Entry) -> str:
    fields = (str(entry.number), entry.time, entry.signer, first_directive(entry.text))
    return "\t".join(map(safe, fields)) + "\n"


def _as_json(entry: Entry) -> dict[str, object]:
    return {
        "entry": entry.number,
        "time": entry.time,
        "signer": entry.signer,
        "fingerprint": entry.fingerprint,
        "directive": first_directive(entry.text),
        "text": entry.text,
    }


def first_directive(text: str) -> str:
    """The first directive's line, and how many follow: `buy 100 ACME @ 12.50 (+2)`; or ''."""
    lines = _DIRECTIVE.findall(text)
    return lines[0] + (f" (+{len(lines) - 1})" if lines[1:] else "") if lines else ""
