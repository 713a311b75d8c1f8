"""Keep a replica of an archive: fetch it with rsync, verify it, and only then let it grow.

    $ pit mirror --id ID FOLDER copy
    $ pit mirror --id ID FOLDER FOLDER copy --json

SRC is a folder, or one on another host, over ssh: `host:folder`, as rsync has it, or
`ssh://user@host:2222/folder`; --rsh, or RSYNC_RSH, is the command, with its options. Everything new
is verified as by `pit audit`, filters aside, before it touches DST. Of several sources the longest
is taken. If one is of another history than DST or another source, nothing is taken, and it is kept
in DST/refused with the evidence. The pit's id is needed the first time.

The replica of a private pit is its owner's alone, or of those whom he has made DST for.

What is well is said on stdout, what is not on stderr. Exit 0; 1 where there are two histories; 65
where a source is damaged, 74 where one could not be stored, 77 where one is not for you to read, 66
where one could not be read, 75 where one ends before DST; the first of these that holds of any
source.
"""

import os
import re
import sys
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from pit.archives.access import make_inside
from pit.archives.disk import io_failure, locked, write_atomic
from pit.archives.errors import Denied, NoInput, UsageError
from pit.archives.segment import list_segments
from pit.filters import replica
from pit.filters.fetched import (
    DAMAGED,
    DENIED,
    FAILED,
    MISSING,
    Fetched,
    contradictions,
    copy_note,
    fetched,
    standing,
)
from pit.pits.copies import Copy
from pit.pits.display import safe, show_json
from pit.pits.home import Home, root
from pit.pits.options import parser

__all__ = ["Outcome", "main", "mirror"]

FORKED, BEHIND, WAITS = "forked", "behind", "waits"
NEW, SAME, MENDED = "new", "same", "mended"
STATUS = {FORKED: 1, DAMAGED: 65, FAILED: 74, DENIED: 77, MISSING: 66, BEHIND: 75}
"""Exit statuses of what is wrong, the worst first."""


class Outcome(NamedTuple):
    """What became of a source: a word, how many entries it has, why, where it is kept aside.

    new: it goes on from DST, which has grown. same: as DST. mended: the bytes in DST were not those
    that its seals close; now they are. waits: it goes on from DST, and others contradict. behind:
    it ends before DST. missing: it could not be read. denied: others may read it. failed: it could
    not be stored. damaged: it does not hold. forked: it is of another history.
    """

    source: str
    word: str
    entries: int
    why: str
    aside: str = ""


def main(argv: list[str]) -> int:
    """Run `pit mirror`."""
    options = parser("mirror", __doc__)
    options.add_argument("sources", nargs="+", metavar="SRC", help="where an archive is")
    options.add_argument("target", metavar="DST", help="the replica's folder")
    options.add_argument("--id", default="", help="the pit's id; needed the first time")
    options.add_argument("--rsh", metavar="COMMAND", default="", help="how to reach a host (ssh)")
    options.add_argument("--json", action="store_true")
    args = options.parse_args(argv)
    for source in args.sources:
        if not source or source.startswith("-"):
            raise UsageError(f"'{source[:80]}' is no source; write FOLDER, ./FOLDER or HOST:FOLDER")
        replica.by_ssh(source, "")
    if not args.target or replica.is_remote(args.target):
        raise UsageError(f"'{args.target[:80]}': a replica is kept in a folder on this host")
    if args.id and not re.fullmatch("[0-9a-f]{64}", args.id):
        raise UsageError(f"'{args.id[:80]}' is not a pit's id; write its 64 hex digits")
    notes = Home(root()).audits()
    outcomes = mirror(args.sources, Path(args.target), args.id, notes, args.rsh)
    if args.json:
        show_json([outcome._asdict() for outcome in outcomes])
    else:
        for outcome in outcomes:
            _say(outcome)
    words = {outcome.word for outcome in outcomes}
    return next((status for word, status in STATUS.items() if word in words), 0)


def _say(outcome: Outcome) -> None:
    """A line for a person."""
    aside = f"; kept in {outcome.aside}" if outcome.aside else ""
    line = safe(f"{outcome.source}: {outcome.word}: {outcome.why}{aside}")
    if outcome.word in (NEW, SAME):
        print(line)
    else:
        print(f"pit mirror: {line}", file=sys.stderr)


def mirror(
    sources: Sequence[str], target: Path, id: str, notes: Path, rsh: str = ""
) -> list[Outcome]:
    """Let a replica grow by what its sources have, if all are of one history; what became of each.

    id: 64 hex digits, '' for the replica's own. notes: the folder for what was verified before.
    Denied where a notary writes the target, Damaged where it is no whole replica of this pit, Busy.
    """
    target = target.absolute()
    if (target / "mark").exists():
        raise Denied(f"{target}: it has a mark, so a notary writes it; name another folder")
    if not id and not list_segments(target):
        raise NoInput(f"{target}: nothing is mirrored here yet; say the pit's id with --id")
    new = replica.begin(target)
    with locked(target):
        mine = standing(target, id)
        id = id or (mine.id if mine else "")
        note = notes / f"{id}.{sha256(os.fsencode(target)).hexdigest()[:8]}.json"
        try:
            stage = replica.staging(target)
            found = [
                fetched(source, stage / str(number), target, mine, id, note, rsh)
                for number, source in enumerate(sources, 1)
            ]
            return _decided(found, mine, target, note, new)
        finally:
            replica.clear(target)
            if new:
                replica.give_up(target)


def _decided(
    found: Sequence[Fetched], mine: Copy | None, target: Path, note: Path, new: bool
) -> list[Outcome]:
    """Take the longest in, if none contradicts; keep aside what does, and what does not hold."""
    against = contradictions(found, mine)
    fitting = [one for one in found if one.copy and _fits(one, one.copy, mine)]
    taken = None if against else max(fitting, key=lambda one: len(one.copy or ()), default=None)
    if taken:
        replica.fit_mode(target, new=new, private=taken.private)
        _take(taken, mine, target, note)
    outcomes = []
    for index, one in enumerate(found):
        if one.copy is None:
            aside = ""
            if one.word == DAMAGED:
                aside = str(replica.put_aside(one.folder, target, f"{_slug(one.source)}.damaged"))
            outcomes.append(Outcome(one.source, one.word, 0, one.why, aside))
        elif index in against:
            outcomes.append(_forked(one, len(one.copy), against[index], target))
        else:
            word, why = _plain(one, len(one.copy), mine, one in fitting, bool(against))
            outcomes.append(Outcome(one.source, word, len(one.copy), why))
    return outcomes


def _fits(one: Fetched, copy: Copy, mine: Copy | None) -> bool:
    """Whether the files could take the place of the replica's."""
    return not mine or (len(copy) >= len(mine) and replica.fits(one.folder, mine.folder, mine.pit))


def _take(taken: Fetched, mine: Copy | None, target: Path, note: Path) -> None:
    """Let DST be what was fetched; where it was not what its seals close, keep what it was."""
    assert taken.copy and taken.note
    old = None
    if mine and not taken.agrees:
        old = taken.folder.with_name("old")
        with io_failure(old):
            make_inside(old)
    replica.take(taken.folder, target, taken.copy.pit, old)
    if old:
        replica.put_aside(old, target, "before")
    copy_note(taken.note, note)


def _forked(one: Fetched, entries: int, proof: bytes, target: Path) -> Outcome:
    """Keep aside what is of another history; once for each place at which the two part."""
    sentence = proof.split(b"\n", 2)[1].decode().rstrip(".")
    write_atomic(one.folder / "evidence.txt", proof)
    name = f"{_slug(one.source)}.{sha256(sentence.encode()).hexdigest()[:8]}"
    aside = replica.put_aside(one.folder, target, name, stays=True)
    return Outcome(one.source, FORKED, entries, sentence, str(aside))


def _slug(source: str) -> str:
    """A source as the name of a folder."""
    words = re.sub("[^A-Za-z0-9]+", "-", source)[-40:].strip("-") or "here"
    return f"{words}.{sha256(os.fsencode(source)).hexdigest()[:8]}"


def _plain(
    one: Fetched, entries: int, mine: Copy | None, fits: bool, others_contradict: bool
) -> tuple[str, str]:
    """The word for a source that contradicts nothing, and why."""
    before = len(mine) if mine else 0
    if entries < before:
        return BEHIND, f"it ends at entry {entries}; {before} stand here"
    if not fits:
        return DAMAGED, "its files begin at other entries than those here; mirror it elsewhere"
    more = entries - before
    if not more and one.agrees:
        return SAME, f"nothing new since entry {entries}"
    said = f"{more} {'entry' if more == 1 else 'entries'}, up to {entries}, verified"
    if others_contradict:
        return WAITS, f"{said}; nothing is taken while another contradicts"
    if mine and not one.agrees:
        return MENDED, f"{said}; what stood here was damaged, and is kept in refused/before"
    return NEW, said
