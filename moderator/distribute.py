"""Hand what stands to the list, and the notary's answers to the mail server.

    $ pit distribute
    posts 12 to entry 1057, answers 3
    $ pit distribute --json

Each entry's post is stored once in pits/NAME/posts/new, then noted in pits/NAME/distributed, then
handed over, and kept in posts/cur for a week. A kill at any time repeats; it skips nothing, and
nothing goes out of turn. Where to is said in pits/NAME/mail: the queue of a Mailman list, or every
member by SMTP; without that file posts stay in posts/new. A list that is to begin in the midst of
an archive: `--from N`, once, before the first post.

Answers in pits/NAME/outbox go out by SMTP with the null return path. What the mail server puts off
is sent by a later run; what it refuses for good is kept in pits/NAME/bounced. Once a day the
operator is mailed what waits there, in quarantine, and in Mailman's queues for what failed.
"""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import islice
from typing import NamedTuple

from pit.archives.access import make_folder
from pit.archives.disk import io_failure, locked
from pit.archives.entry import read_entry
from pit.archives.errors import Busy, Damaged, UsageError
from pit.archives.mbox import Entry
from pit.moderator.handover import Way, by_mailman, by_smtp
from pit.moderator.membership import keep_up
from pit.moderator.notice import notice
from pit.moderator.outbox import Tally, send_answers
from pit.moderator.postbox import Note, Postbox, read_note, write_note
from pit.moderator.posts import Post, posts, ruled
from pit.moderator.smtp import Server
from pit.pits.display import show_json
from pit.pits.home import Home, Settings, choose_pit, load_settings, root
from pit.pits.mailing import load_mailing
from pit.pits.options import add_pit, parser
from pit.pits.reading import entries_of, last_seal
from pit.pits.roster import addresses, pit_now

__all__ = ["Done", "distribute", "main"]

_ROUND = 100
"""So many posts are stored, then handed over; then the next."""


class Done(NamedTuple):
    """What a run did: posts handed over, and left waiting; the last entry whose post is stored;
    answers sent, put off, and refused for good."""

    posts: int
    waiting: int
    entry: int
    answers: Tally

    def line(self) -> str:
        """For people; '' where there is nothing to say."""
        said = [f"posts {self.posts} to entry {self.entry}"] if self.posts else []
        said += [f"{self.waiting} posts wait"] if self.waiting else []
        sent, later, bounced = self.answers
        said += [f"answers {sent}"] if sent else []
        said += [f"{later} answers put off"] if later else []
        said += [f"{bounced} answers refused, see `bounced`"] if bounced else []
        return ", ".join(said)


def main(argv: list[str]) -> int:
    """Run `pit distribute`."""
    options = parser("distribute", __doc__)
    add_pit(options)
    options.add_argument(
        "--from", dest="start", metavar="N", help="begin at this entry, where none was posted yet"
    )
    options.add_argument("--json", action="store_true")
    args = options.parse_args(argv)
    if args.start is not None and not re.fullmatch("[1-9][0-9]{0,14}", args.start):
        raise UsageError(f"'{args.start[:80]}' is not an entry's number; write 1042")
    home = Home(root())
    done = distribute(home, choose_pit(home, args.pit), int(args.start or 0))
    if args.json:
        show_json({**done._asdict(), "answers": done.answers._asdict()})
    elif line := done.line():
        print(line)
    return 0


def distribute(home: Home, pit: str, start: int = 0) -> Done:
    """Hand over what is new. start: the first entry ever to be posted, 0 for going on.

    Busy where another one is at work, or the mail server takes nothing now; Damaged where the
    archive is not the one that was posted.
    """
    settings, mailing = load_settings(home, pit), load_mailing(home, pit)
    folder = home.posts(pit)
    with io_failure(folder), ExitStack() as stack:
        make_folder(folder)
        try:
            stack.enter_context(locked(folder))
        except Busy:
            raise Busy(f"{folder}: another `pit distribute` is at work") from None
        box = Postbox(folder, pit)
        server = stack.enter_context(Server(*mailing.smtp)) if mailing.smtp else None
        answers, stuck = Tally(), None
        if server:
            notice(home, settings, mailing.mailman, datetime.now(UTC))
            try:
                answers = send_answers(home, pit, server)
            except Busy as error:
                stuck = error  # the list has its own way
        way: Way | None = None
        if mailing.mailman:
            way = by_mailman(mailing.mailman)
            keep_up(home, pit, mailing.mailman)
        elif server:
            later = folder / "later"
            way = by_smtp(server, settings.address, lambda: _members(home, pit), later)
        gone, entry = _post(home, settings, box, way, start)
        box.forget()
        if stuck:
            raise stuck
        return Done(gone, len(box.waiting()), entry, answers)


def _members(home: Home, pit: str) -> list[str]:
    return list(addresses(pit_now(home, pit)).values())


def _post(
    home: Home, settings: Settings, box: Postbox, way: Way | None, start: int
) -> tuple[int, int]:
    """Store and hand over; how many went out, and the last entry whose post is stored."""
    pit = settings.name
    path = home.pit(pit) / "distributed"
    note = read_note(path, pit)
    if note and start:
        raise UsageError(f"{path}: posts went out, the last one of entry {note.entry}; no --from")
    if note is None:
        note = _begin(home, pit, start)
        write_note(path, pit, note)
    gone = box.hand_over(way) if way else 0
    found = posts(_new(home, pit, note), settings.address, note.rule)
    for some in _rounds(found):
        box.store([post for post, _ in some])
        last, rule = some[-1]
        write_note(path, pit, note := Note(last.last, last.stamp, rule))
        if way:
            gone += box.hand_over(way)
            if box.waiting():
                break  # the queue is full, or a member owed: the next run goes on
    return gone, note.entry


def _rounds(found: Iterator[tuple[Post, str]]) -> Iterator[list[tuple[Post, str]]]:
    while some := list(islice(found, _ROUND)):
        yield some


def _begin(home: Home, pit: str, start: int) -> Note:
    """The note before the first post: of the entry above `start`."""
    note = Note()
    if start > 1:
        for entry in entries_of(home, pit):
            if entry.number == start:
                return note
            stamp, _ = read_entry(entry.raw)
            note = Note(entry.number, stamp.digest(), ruled(entry, note.rule))
        raise UsageError(f"entry {start} does not stand; {pit} ends at entry {note.entry}")
    return note


def _new(home: Home, pit: str, note: Note) -> Iterator[Entry]:
    """The entries after the note. Damaged where they do not follow what was posted."""
    seal = last_seal(home, pit)
    if (seal[0] + 1 if seal else 0) < note.entry:
        raise Damaged(
            f"{home.archive(pit)}: ends before entry {note.entry}, which was posted: an old backup?"
        )
    found = entries_of(home, pit, note.entry + 1)
    first = next(found, None)
    if first is not None:
        stamp, _ = read_entry(first.raw)
        if stamp.prev != note.stamp:
            raise Damaged(f"{home.archive(pit)}: entry {note.entry} is not the one that was posted")
        yield first
        yield from found
