"""Say what an instruction would lead to, before it is signed: answer, fills, fees, cover, balances.

    $ echo 'buy 100 ACME @ 12.50' | pit whatif - --as alice
    $ pit whatif talk.txt --as alice --json

FILE holds directives as `pit send -f` takes them, or a whole text with its `pit` line; `-` is
stdin. It is read as the next entry of the archive, and what the keepers, then the specialists owe
after it as the entries behind, by the programs that they run. Nothing is written or sent. What
waits for an answer above it is named: until that stands, the answer to this may become another.
--at is the time that the notary would stamp; without it, just after the last entry's.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from pit.archives.errors import NoInput, PitError, UsageError
from pit.archives.fields import FIELDS, read_time, show_time
from pit.archives.language import MAX_TEXT, LanguageError, check_characters, parse
from pit.filters.prospect import Floor, Outcome, ask
from pit.filters.rows import Row
from pit.filters.runner import later
from pit.pits.display import show_json, table
from pit.pits.home import Home, choose_handle, choose_pit, root
from pit.pits.members import GOOD
from pit.pits.options import add_as, add_pit, parser
from pit.pits.reading import entries_of
from pit.pits.signing import compose
from pit.pits.state import Pit

__all__ = ["check", "main", "text_of"]


def text_of(said: str, floor: Floor) -> str:
    """The text to be signed: as it is where it has its `pit` line, else tied to the last seal."""
    if re.match(r"(?:#.*\n|\n)*pit ", said):
        return said if said.endswith("\n") else f"{said}\n"
    number, head = floor.pit.seal
    after = (number, head) if number else None
    return compose(floor.pit.name, said, id=floor.pit.id, after=after)


def check(text: str, handle: str, time: str, floor: Floor, home: Home) -> None:
    """PitError where the notary would refuse it: the text, the chain link, the signer's right."""
    from pit.pits.keyring import Keyring  # not for `--help`
    from pit.pits.trial import first_objection

    check_characters(text)
    pit = floor.pit
    parsed = parse(text, pit.words)
    if not parsed.directives:
        raise LanguageError(text.count("\n"), 1, "nothing to say; write a directive")
    line, why = 1, ""
    member = pit.member(handle)
    if parsed.pit != pit.name:
        why = f"it is for the pit {parsed.pit}; this is {pit.name}"
    elif parsed.after is None and parsed.id != pit.id[:16]:
        line, why = 2, f"this pit's text says `id: {pit.id[:16]}`, or `after:` and its last seal"
    elif parsed.after and not _sealed(parsed.after, home, pit.name):
        line, why = 2, f"no seal {parsed.after[0]} with that root stands in this archive"
    elif member and member.standing != GOOD:
        why = f"{handle} is {member.standing}"
    else:
        index, why = first_objection(parsed, handle, time, pit, Keyring())
        line = parsed.lines[index]
    if why:
        raise PitError(f"line {line}: the notary would refuse it: {why}")


def _sealed(after: tuple[int, str], home: Home, pit: str) -> bool:
    number, head = after
    seal = next(entries_of(home, pit, number + 1), None)
    return seal is not None and (f"\nseal {number}\n  root: {head}\n" in seal.text)


def _read(name: str) -> str:
    """A file's text, stdin's for `-`; line ends become LF."""
    where = "stdin" if name == "-" else name
    try:
        with sys.stdin.buffer if name == "-" else Path(name).open("rb") as file:
            data = file.read(MAX_TEXT + 1)
    except OSError as error:
        raise NoInput(f"{where}: {error.strerror}") from None
    if len(data) > MAX_TEXT:
        raise PitError(f"{where}: longer than {MAX_TEXT} bytes; send several")
    try:
        return data.decode().replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        wrong = f"byte {error.start} is not UTF-8; write the text in UTF-8"
        raise PitError(f"{where}: {wrong}") from None


def _time(text: str | None, pit: Pit) -> str:
    """The time that the entry is read at; UsageError."""
    if text is None:
        return later(pit.time)
    field = FIELDS["time"]
    try:
        time = read_time(text) if re.fullmatch(field.pattern, text) else ""
    except ValueError:
        time = ""
    if not time:
        raise UsageError(f"{text[:80]!r} is not {field.what}; {field.right}")
    if time <= pit.time:
        raise UsageError(
            f"--at {text}: the last entry stands at {show_time(pit.time)}; name a later one"
        )
    return time


def main(argv: list[str]) -> int:
    """Print what an instruction would lead to."""
    options = parser("whatif", __doc__)
    add_pit(options)
    add_as(options)
    options.add_argument("file", metavar="FILE", help="directives; `-` is stdin")
    options.add_argument("--at", metavar="TIME", help="when it would be stamped")
    options.add_argument("--json", action="store_true")
    args = options.parse_args(argv)
    home = Home(root())
    name = choose_pit(home, args.pit)
    handle = choose_handle(home, args.handle)
    floor = Floor(home, name)
    if floor.pit.member(handle) is None:
        raise NoInput(f"{handle} is not a member of {name}; `pit show members` lists them")
    time = _time(args.at, floor.pit)
    text = text_of(_read(args.file), floor)
    check(text, handle, time, floor, home)
    found = ask(floor, handle, text, time)
    if args.json:
        show_json(found._asdict())
    else:
        print("\n".join(_page(found, handle)))
    return 0


def _page(found: Outcome, handle: str) -> Iterator[str]:
    yield f"as entry {found.entry}, by {handle}:"
    yield from found.said or [f"nothing follows from it for {handle}"]
    if found.waiting:
        yield f"no answer stands yet to {', '.join(found.waiting)}; the keeper's is reckoned with"
    if found.owed:
        count = len(found.owed)
        yield f"{count} reports of specialists are owed above it, and reckoned to stand below it"
    yield from _table(found.fills, "llrlrlrl")
    yield from _table(found.rests, "lllrrlrlll")
    yield from _table(_changes(found.balances), "llllrrr")
    yield from _table(_changes(found.cover), "lllllr")


def _changes(rows: list[Row]) -> list[Row]:
    """What changes, in two rows: how it is, and how it would be."""
    found: list[Row] = []
    for row in rows:
        then = {key.removesuffix(" after"): row[key] for key in row if key.endswith(" after")}
        now = {key: row[key] for key in then}
        if then != now:
            about = {key: row[key] for key in row if key.removesuffix(" after") not in then}
            found += [about | {"": "now"} | now, dict.fromkeys(about, "") | {"": "then"} | then]
    return found


def _table(rows: list[Row], sides: str) -> Iterator[str]:
    if rows:
        yield ""
        cells = [[str(cell) for cell in row.values()] for row in rows]
        yield table([*rows[0]], cells, sides).rstrip("\n")
