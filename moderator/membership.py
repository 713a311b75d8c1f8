"""A Mailman list's subscribers follow the archive: before posts go out, who may read them is right.

`pits/PIT/subscribed` is one line, the last entry that the list was compared with: `subscribed PIT
ENTRY`. Only where an entry after it says something about members or rules is Mailman asked.
"""

import re
from pathlib import Path

from pit.archives.disk import io_failure, write_atomic
from pit.moderator.mailman import asking, drift, find_list, set_right
from pit.pits.home import Home
from pit.pits.mailing import Mailman
from pit.pits.reading import entries_of
from pit.pits.roster import concerns, pit_now

__all__ = ["keep_up"]


def keep_up(home: Home, pit: str, mailman: Mailman) -> None:
    """Set the list right if the archive says anything new about who belongs to the pit.

    The first time always: what is queued for a list that is not there, Mailman drops. NoInput for
    such a one, and Busy and the others that `asking` says; nothing may be posted then.
    """
    path = home.pit(pit) / "subscribed"
    done = _read(path, pit)
    last, changed = done, not done
    for entry in entries_of(home, pit, done + 1):
        last, changed = entry.number, changed or concerns(entry)
    if changed:
        with asking(mailman, path) as client:
            now = pit_now(home, pit)
            found = find_list(client, mailman)
            set_right(found, drift(found, now), now)
    if last > done:
        write_atomic(path, f"subscribed {pit} {last}\n".encode())


def _read(path: Path, pit: str) -> int:
    """The entry in the note; 0 where there is none: then the list is looked at."""
    with io_failure(path):
        try:
            text = path.read_text("utf-8", "replace")
        except FileNotFoundError:
            return 0
    found = re.fullmatch(rf"subscribed {pit} ([1-9][0-9]{{0,14}})\n", text)
    return int(found[1]) if found else 0
