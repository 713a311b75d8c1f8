"""What the notary's index keeps on disk: one SQLite file beside the settings, never the truth.

Tables: `facts` (moderator.facts), `tiles` (moderator.tiles), and `head`, one row: the state after
an entry that stands, with its sha256. A transaction moves all three from one sealed entry to a
later one, after the archive's mark has risen. So the file is as old as the archive or older, and
may be removed at any time; where it cannot be written, the same tables are in memory.
"""

import contextlib
import os
import sqlite3
from hashlib import sha256
from pathlib import Path

from pit.moderator.facts import Facts, Unsound
from pit.moderator.tiles import Tiles

__all__ = ["Index", "new_index", "open_index", "replace_index"]

SCHEMA = 2
"""One more with every change of the tables, or of what is kept in them."""

_CREATE = (
    "CREATE TABLE head (entries INTEGER, state TEXT, sum TEXT)",
    "CREATE TABLE tiles (level INTEGER, place INTEGER, hashes BLOB, PRIMARY KEY (level, place))",
    f"PRAGMA user_version = {SCHEMA}",
)


class Index:
    """The open file, or its like in memory; `open_index` and `new_index` make it.

    state: what it was last saved with, '' for nothing. problem: why it is not on disk, or cannot be
    written any more (no space, locked); '' while all is well.
    """

    def __init__(
        self, db: sqlite3.Connection, entries: int = 0, state: str = "", problem: str = ""
    ) -> None:
        self._db, self.state, self.problem = db, state, problem
        self._stuck = False
        self.facts = Facts(db)
        self.tree = Tiles(self._tile, entries)

    def _tile(self, level: int, place: int) -> bytes:
        query = "SELECT hashes FROM tiles WHERE level = ? AND place = ?"
        try:
            found = self._db.execute(query, (level, place)).fetchone()
        except (sqlite3.Error, ValueError, OverflowError) as error:
            raise Unsound(f"the tiles cannot be read ({error})") from None
        return found[0] if found and isinstance(found[0], bytes) else b""

    def save(self, state: str) -> None:
        """Write what is new, and the state: all, or nothing where it cannot be (`problem`).

        Then what is new stays in memory, and what is on disk is as good as before. Unsound where a
        row that it must link to is.
        """
        if self._stuck:
            return
        entries = len(self.tree)
        try:
            self._db.execute("BEGIN IMMEDIATE")
            rows = self.facts.save()
            put = "INSERT OR REPLACE INTO tiles VALUES (?, ?, ?)"
            self._db.executemany(put, self.tree.unsaved())
            self._db.execute("DELETE FROM head")
            head = (entries, state, _digest(entries, state))
            self._db.execute("INSERT INTO head VALUES (?, ?, ?)", head)
            self._db.execute("COMMIT")
            self._db.execute("PRAGMA shrink_memory")  # what is read now comes from the file
        except BaseException as error:
            with contextlib.suppress(sqlite3.Error):
                self._db.execute("ROLLBACK")
            if isinstance(error, sqlite3.OperationalError):
                self._stuck, self.problem = True, f"cannot be written: {error}"
                return
            if isinstance(error, sqlite3.Error):
                raise Unsound(str(error)) from None
            raise
        self.state = state
        self.facts.saved(rows)
        self.tree.saved()

    def stop(self) -> None:
        """Save no more."""
        self._stuck = True

    def close(self) -> None:
        """Close it; what was not saved is forgotten."""
        with contextlib.suppress(sqlite3.Error):
            self._db.close()


def _digest(entries: int, state: str) -> str:
    return sha256(f"{entries} {state}".encode()).hexdigest()


def _connect(where: str) -> sqlite3.Connection:
    """A connection that holds its locks, and begins transactions only where it is told to."""
    db = sqlite3.connect(where, timeout=1, isolation_level=None, uri=True)
    db.execute("PRAGMA locking_mode = EXCLUSIVE")
    return db


def open_index(path: Path) -> Index:
    """The index that lies there; Unsound if there is none, or it is not one of this program's."""
    if not path.exists():
        raise Unsound("it is missing")
    try:
        db = _connect(f"{path.absolute().as_uri()}?mode=rw")
    except sqlite3.Error as error:
        raise Unsound(str(error)) from None
    try:
        ((schema,),) = db.execute("PRAGMA user_version")
        ((entries, state, sum),) = db.execute("SELECT entries, state, sum FROM head")
        if schema != SCHEMA:
            raise Unsound(f"it has schema {schema}; this program's is {SCHEMA}")
        if sum != _digest(entries, state):
            raise Unsound("its state is not the one that was written")
        return Index(db, entries, state)
    except (sqlite3.Error, ValueError, OverflowError, Unsound) as error:
        db.close()
        raise Unsound(str(error)) from None


def replace_index(made: Path, path: Path) -> Index:
    """Put an index that is closed in the place of another, and open it there, or where it is."""
    try:
        _journal(path).unlink(missing_ok=True)  # SQLite would play it back into the new file
        os.replace(made, path)
    except OSError as error:
        index = open_index(made)
        index.problem = f"cannot be written: {error}"
        return index
    return open_index(path)


def _journal(path: Path) -> Path:
    return path.with_name(f"{path.name}-journal")


def new_index(path: Path | None) -> Index:
    """An empty index in place of what lies at `path`; in memory without one, or if it cannot be."""
    try:
        if path:
            path.unlink(missing_ok=True)
            _journal(path).unlink(missing_ok=True)
        return _created(path.absolute().as_uri() if path else ":memory:")
    except (OSError, sqlite3.Error) as error:
        if path is None:
            raise
        index = new_index(None)
        index.problem = f"cannot be written: {error}"
        return index


def _created(where: str) -> Index:
    db = _connect(where)
    try:
        db.execute("BEGIN EXCLUSIVE")
        for statement in _CREATE:
            db.execute(statement)
        Facts.create(db)
        db.execute("COMMIT")
    except sqlite3.Error:
        db.close()
        raise
    return Index(db)
