"""Answer what members asked by mail, and tell them what became of their instructions.

    $ pit answer

Questions (`help`, `show book ACME`, `show holdings`, …) that the notary took are answered as of the
archive's last seal. Then each member is told of what the entries since the last time mean to him:
bought, accepted, refused, expired, paid; how often is the rule `outcomes`. The mails go into the
inboxes of the wallets that are here, the others into the pit's outbox. `pit turn` does it last.

    $ pit answer --json

How far members were told is kept in pits/NAME/told. A question or a note leaves only when its mail
is on disk: after a crash a mail may come twice, with the same Message-ID.
"""

import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from textwrap import shorten
from typing import NamedTuple

from pit.archives.access import make_folder
from pit.archives.disk import io_failure, locked, write_atomic
from pit.archives.errors import Damaged, Misconfigured, PitError
from pit.archives.extent import chunks
from pit.archives.language import show
from pit.archives.mbox import entries, write_checkpoint
from pit.archives.verbs import Directive
from pit.filters import told as notes
from pit.filters.answers import Board, answer, meant, questions
from pit.filters.outcomes import Teller
from pit.filters.runner import Run
from pit.filters.told import Letter, Told
from pit.pits import spool
from pit.pits.home import Home, Settings, choose_pit, load_settings, root
from pit.pits.options import add_pit, parser
from pit.pits.queries import WORDS, Asked, unpack
from pit.pits.read import keep_checkpoint, offset_of, usable
from pit.pits.reading import entries_of, last_seal
from pit.pits.reply import Limit, destination, letter

__all__ = ["main"]

MANY = 500
"""Mails that are put on disk together."""

RECENT = timedelta(days=1)
"""Without a note, what is older than that is taken as told."""


class Done(NamedTuple):
    """What a run did. answered: questions' mails. up_to: the entry that they know of."""

    answered: int
    outcomes: int
    up_to: int


def main(argv: list[str]) -> int:
    """Run `pit answer`."""
    options = parser("answer", __doc__)
    add_pit(options)
    options.add_argument("-q", "--quiet", action="store_true", help="do not say what was done")
    options.add_argument("--json", action="store_true", help="say what was done as JSON")
    args = options.parse_args(argv)
    home = Home(root())
    pit = choose_pit(home, args.pit)
    settings = load_settings(home, pit)
    if settings.send:
        raise Misconfigured(f"{pit} is run elsewhere: mail goes there by {settings.send}")
    sealed = last_seal(home, pit)
    if sealed is None:
        return 0  # nothing stands that anybody could be told of
    with io_failure(home.told(pit)):
        make_folder(home.told(pit))
    with locked(home.told(pit)):
        done, damaged = _run(home, settings, sealed[0] + 1)
    if args.json:
        print(json.dumps(done._asdict()))
    elif (done.answered or done.outcomes) and not args.quiet:
        print(f"answered {done.answered}, told {done.outcomes}; up to entry {done.up_to}")
    if damaged:
        raise Damaged("\n".join(damaged))
    return 0


def _run(home: Home, settings: Settings, end: int) -> tuple[Done, list[str]]:
    """Tell and answer what there is; end: the archive's last entry."""
    waiting, damaged = _waiting(home, settings.name)
    told, since = _note(home, settings.name, end)
    if told.entry == end and not waiting:
        return Done(0, 0, end), damaged  # as in most turns: nothing need be worked out
    teller = Teller()
    run = Run(teller)
    outcomes = _tell(home, settings, run, teller, told, since)
    answered = _answer(home, settings, run, teller, waiting) if waiting else 0
    return Done(answered, outcomes, run.pit.entry), damaged


# --- outcomes ---------------------------------------------------------------------------------


def _tell(home: Home, settings: Settings, run: Run, teller: Teller, told: Told, since: str) -> int:
    """Bring the run to the archive's end and tell of what was not told; how many mails."""
    pit, folder = settings.name, home.archive(settings.name)
    note, kept = home.told(pit) / "note", home.told(pit) / "positions.mbox"
    checkpoint = usable(kept, folder, pit)
    start = 0
    if checkpoint and checkpoint.number <= told.entry:
        run.feed(checkpoint)
        start = offset_of(folder, pit, checkpoint.number + 1)
    before = told
    ready: list[Letter] = []
    count = 0
    for entry in entries(chunks(folder, pit, start)):
        rule = run.pit.rule("outcomes") if run.started else "off"
        run.feed(entry)
        if entry.number <= told.entry:
            continue
        said = teller.said if entry.time >= since else ()
        told, free = told.step(entry.number, entry.time, rule, said)
        ready += free
        if len(ready) >= MANY:
            count += _send(home, settings, run, ready)
            write_atomic(note, notes.write(told))
            ready = []
    count += _send(home, settings, run, ready)
    if run.pit.entry < told.entry:
        print(
            f"pit answer: members were told up to entry {told.entry}, and the archive ends with "
            f"{run.pit.entry}: is it an older backup? What comes from here on is told",
            file=sys.stderr,
        )
        told = Told(run.pit.entry)
    if told != before:
        write_atomic(note, notes.write(told))
        keep_checkpoint(kept, write_checkpoint(run.checkpoint(), pit, run.date))
    return count


def _note(home: Home, pit: str, end: int) -> tuple[Told, str]:
    """The note, and from which time on members are told of what it does not say was told."""
    path = home.told(pit) / "note"
    with io_failure(path):
        data = path.read_bytes() if path.exists() else None
    if data is not None:
        try:
            return notes.read(data), ""
        except Damaged as error:
            raise Damaged(f"{path}: {error}") from None
    last = next(entries_of(home, pit, end))
    moment = datetime.fromisoformat(last.time[:-1]) - RECENT
    return Told(), moment.isoformat(timespec="microseconds") + "Z"


def _send(home: Home, settings: Settings, run: Run, ready: list[Letter]) -> int:
    """Put the mails to those who have an address; how many."""
    mails = []
    for one in ready:
        member = run.pit.members.get(one.handle)
        if member and member.mail:
            folder = destination(home, settings.name, one.handle)
            mails.append((folder, _outcome(settings, one, member.mail[0])))
    spool.put_all(mails)
    return len(mails)


def _outcome(settings: Settings, one: Letter, address: str) -> bytes:
    pit = settings.name
    where = f"entry {one.last}" if one.first == one.last else f"entries {one.first} to {one.last}"
    lines = "".join(f"{line if len(line) < 240 else line[:239] + '…'}\n" for line in one.lines)
    more = f"… and {one.more} more lines; `show statement` tells what moved.\n" if one.more else ""
    body = f"What {where} of the pit {pit} did ({one.time[:19]}Z):\n\n{lines}{more}"
    count = len(one.lines) + one.more - 1
    subject = shorten(f"{pit} {one.lines[0]}", 69, placeholder=" ...")
    return letter(
        settings,
        address,
        f"outcome {pit} {one.last}",
        one.handle,
        one.time,
        body.encode(),
        subject=f"{subject} (+{count})" if count else subject,
        kind="auto-generated",
    )


# --- questions --------------------------------------------------------------------------------


class _Waiting(NamedTuple):
    """A question's file, who asked, and what; the text itself is dropped, for it may be long."""

    path: Path
    asked: Asked
    questions: tuple[Directive, ...]


def _waiting(home: Home, pit: str) -> tuple[list[_Waiting], list[str]]:
    """The questions that wait, in order; what is wrong with files that are none."""
    found: list[_Waiting] = []
    damaged: list[str] = []
    for path in spool.waiting(home.asked(pit)):
        try:
            asked = unpack(spool.take(path))
            if asked.pit != pit:
                raise Damaged(f"it is for the pit {asked.pit}")
            found.append(_Waiting(path, asked._replace(text=""), questions(asked)))
        except PitError as error:
            damaged.append(f"{path}: {error}")
    return found, damaged


def _answer(
    home: Home, settings: Settings, run: Run, teller: Teller, waiting: list[_Waiting]
) -> int:
    """Answer what waits, once for each signed text, and remove it; how many mails."""
    now = datetime.now(UTC)
    moment, hour_ago = (f"{t:%Y-%m-%dT%H:%M:%SZ}" for t in (now, now - timedelta(hours=1)))
    limit = Limit(home.told(settings.name) / "answers")
    meant_so = [meant(one, each.asked.handle) for each in waiting for one in each.questions]
    board = Board(home, run, teller, meant_so)
    seen: set[tuple[str, str, str]] = set()
    count = 0
    for start in range(0, len(waiting), MANY):
        some = waiting[start : start + MANY]
        mails = []
        for path, asked, found in some:
            key = (asked.fingerprint, asked.signed, asked.digest)
            if key in seen:
                continue
            seen.add(key)
            if limit.allows(asked.address, moment, hour_ago):
                folder = destination(home, settings.name, asked.handle)
                mails.append((folder, _reply(settings, asked, found, moment, board)))
            else:
                print(
                    f"pit answer: {asked.handle} asks too often; {path.name} is not answered",
                    file=sys.stderr,
                )
        spool.put_all(mails)
        limit.save(0, hour_ago)
        spool.done_all([one.path for one in some])
        count += len(mails)
    return count


def _reply(
    settings: Settings, asked: Asked, found: Sequence[Directive], moment: str, board: Board
) -> bytes:
    pit = board.pit
    parts = [f"The pit {pit.name} as of entry {pit.entry}, {pit.time[:19]}Z:\n"]
    for question in found:
        text = answer(meant(question, asked.handle), asked.handle, settings.address, board)
        parts.append(f"> {_said(question)}\n\n{text}")
    key = f"{asked.digest[:32]}.{asked.signed.replace(':', '')}"
    what = f"answer {pit.name} {asked.digest[:16]}"
    more = f" (+{len(found) - 1})" if len(found) > 1 else ""
    return letter(
        settings,
        asked.address,
        what,
        key,
        moment,
        "\n".join(parts).encode(),
        thread=asked.thread,
        subject=f"{pit.name}: {_said(found[0])[:60]}{more}",
    )


def _said(question: Directive) -> str:
    """A question as it was written."""
    return show(question, WORDS).rstrip("\n")
