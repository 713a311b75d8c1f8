"""Posts on disk: each stored once, then noted, then handed over, then kept for a while.

`pits/PIT/posts` is a Maildir: a post waits in new/ under its first entry's number and lies in cur/
once it has gone out; to send it again, move it back. `pits/PIT/distributed` is one line, the last
entry whose post was stored: `distributed PIT ENTRY STAMP RULE`.
"""

import os
import re
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from pit.archives.access import make_inside
from pit.archives.disk import io_failure, rename, sync_folder, write_atomic, write_synced
from pit.archives.entry import NO_STAMP
from pit.archives.errors import Damaged
from pit.moderator.posts import BATCH, EACH, Post

__all__ = ["Note", "Postbox", "read_note", "write_note"]

KEPT = 7 * 86400
"""Seconds for which a post is kept that went out."""

_NOTE = re.compile(rf"distributed (\S+) (0|[1-9][0-9]{{0,14}}) ([0-9a-f]{{64}}) ({EACH}|{BATCH})\n")
_NAME = re.compile(r"[0-9]{15}\..+")


class Note(NamedTuple):
    """How far posts are stored: the last entry, its stamp's sha256, `rule post` after it."""

    entry: int = 0
    stamp: str = NO_STAMP
    rule: str = EACH


def read_note(path: Path, pit: str) -> Note | None:
    """The note of a pit; None where there is none, Damaged where it says nothing of this pit."""
    with io_failure(path):
        try:
            text = path.read_bytes().decode("utf-8", "replace")
        except FileNotFoundError:
            return None
    found = _NOTE.fullmatch(text)
    if found is None or found[1] != pit:
        raise Damaged(
            f"{path}: {text[:80]!r}; should be one line `distributed {pit} ENTRY STAMP RULE`; "
            "without the file the list begins at entry 1, or where --from says"
        )
    return Note(int(found[2]), found[3], found[4])


def write_note(path: Path, pit: str, note: Note) -> None:
    """Put the note on disk, in one step."""
    write_atomic(path, f"distributed {pit} {note.entry} {note.stamp} {note.rule}\n".encode())


class Postbox:
    """The Maildir of posts; who uses it holds its lock."""

    def __init__(self, folder: Path, pit: str) -> None:
        self._folder, self._pit = folder, pit
        with io_failure(folder):
            for part in ("tmp", "new", "cur"):
                with suppress(FileExistsError):
                    make_inside(folder / part)
            for left_over in (folder / "tmp").iterdir():
                left_over.unlink()

    def store(self, posts: Sequence[Post]) -> None:
        """Put posts on disk, to wait; one that waits there already stays as it was stored."""
        tmp, new = self._folder / "tmp", self._folder / "new"
        with io_failure(self._folder):
            for post in posts:
                name = f"{post.first:015d}.{self._pit}"
                if not (new / name).exists():
                    write_synced(tmp / name, os.O_CREAT | os.O_TRUNC, post.mail)
                    rename(tmp / name, new / name)
            sync_folder(new)

    def waiting(self) -> list[Path]:
        """The posts that wait, in order of their entries."""
        new = self._folder / "new"
        with io_failure(new):
            return [new / name for name in sorted(os.listdir(new)) if _NAME.fullmatch(name)]

    def hand_over(self, hand: Callable[[Path, bytes], bool]) -> int:
        """Hand over what waits, in order; how many went.

        hand: takes a post's file and bytes; False where the post must wait.
        """
        gone = 0
        for path in self.waiting():
            with io_failure(path):
                mail = path.read_bytes()
            if hand(path, mail):
                with io_failure(path):
                    rename(path, self._folder / "cur" / path.name)
                gone += 1
        if gone:
            with io_failure(self._folder):
                sync_folder(self._folder / "cur")
                sync_folder(self._folder / "new")
        return gone

    def forget(self) -> None:
        """Remove what went out longer ago than it is kept."""
        long_ago = time.time() - KEPT
        with io_failure(self._folder):
            for entry in os.scandir(self._folder / "cur"):
                if entry.stat().st_ctime < long_ago:  # mtime is of when it was stored
                    os.unlink(entry.path)
