"""The database file of `pit db`: made beside and renamed, or extended in one transaction.

Whatever happens on the way, there stands the old file or the new one, whole.
"""

import contextlib
import itertools
import os
import secrets
import sqlite3
import stat
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from pit.archives import mbox
from pit.archives.access import umask
from pit.archives.disk import io_failure, sync_folder
from pit.archives.errors import Busy, CannotCreate, Damaged, IOFailure, NoInput, PitError
from pit.archives.extent import chunks
from pit.archives.mbox import Checkpoint, Entry
from pit.archives.offsets import offset_of
from pit.filters import db_schema
from pit.filters.db_books import Books
from pit.filters.db_pit import write_defaults
from pit.filters.db_rows import Writer
from pit.filters.db_state import write_meta, write_state
from pit.filters.db_views import INDEXES, VIEWS

ANEW = "`--rebuild` makes it anew"
_PATIENCE = 10  # seconds that one waits for another who writes to the same file
_MAGIC = b"SQLite format 3\0"
_PRIVATE = """
    SELECT value = 'yes' FROM rules WHERE name = 'private' ORDER BY from_entry DESC, rowid DESC
    LIMIT 1"""


class Archive(NamedTuple):
    """Where the entries are. id: what the pit's must be, or '' to take the charter's word."""

    folder: Path
    pit: str
    id: str


class Made(NamedTuple):
    """What a database holds now: entries, the new ones among them, N and root of the last seal."""

    pit: str
    id: str
    entries: int
    new: int
    sealed: int
    root: str


def bring(path: Path, archive: Archive, *, rebuild: bool = False) -> Made:
    """Make a database of an archive, or bring one up to the archive's last seal.

    CannotCreate where a file that is none of ours is in the way; Damaged where it was made of
    another archive, or by a program with another schema (rebuild: it is made anew all the same);
    Busy where somebody holds it for long.
    """
    path = Path(os.path.realpath(path))
    with io_failure(path):
        there = _is_ours(path)
    if there and not rebuild:
        with _open(path, path) as con:
            return _extend(con, path, archive)
    return _build(path, archive)


def _is_ours(path: Path) -> bool:
    """Whether a database of ours stands there; False where nothing does, else CannotCreate."""
    try:
        if stat.S_ISREG(path.stat().st_mode):
            with path.open("rb") as file:
                head = file.read(100)
            number = int.from_bytes(head[68:72], "big")
            if head.startswith(_MAGIC) and number == db_schema.APPLICATION:
                return True
    except FileNotFoundError:
        return False
    raise CannotCreate(
        f"{path}: is there, and was not made by `pit db`; it is left alone: name another file"
    )


# --- SQLite -----------------------------------------------------------------------------------

_FAILURES: dict[int, tuple[type[PitError], str]] = {
    sqlite3.SQLITE_BUSY: (Busy, "somebody else writes to it, or reads it for long"),
    sqlite3.SQLITE_LOCKED: (Busy, "somebody else writes to it, or reads it for long"),
    sqlite3.SQLITE_CANTOPEN: (CannotCreate, "is there such a folder, and may you write to it?"),
    sqlite3.SQLITE_READONLY: (CannotCreate, "may you write to it?"),
    sqlite3.SQLITE_PERM: (CannotCreate, "may you write to it?"),
    sqlite3.SQLITE_FULL: (IOFailure, "put that right and start again"),
    sqlite3.SQLITE_IOERR: (IOFailure, "put that right and start again"),
}


@contextlib.contextmanager
def _failures(path: Path) -> Iterator[None]:
    """Turn what SQLite reports into the family; what is none of `_FAILURES`: it is not whole."""
    try:
        yield
    except (sqlite3.ProgrammingError, sqlite3.InterfaceError):
        raise  # ours
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
        kind, right = _FAILURES.get(code, (Damaged, ANEW))
        raise kind(f"{path}: {error}; {right}") from error


@contextlib.contextmanager
def _open(file: Path, path: Path) -> Iterator[sqlite3.Connection]:
    """A connection within a transaction: committed at the end, undone by an exception.

    path: what errors call the file.
    """
    with _failures(path):
        con = sqlite3.connect(file, timeout=_PATIENCE, isolation_level=None)
        try:
            con.execute("PRAGMA cache_size = -65536")  # KiB: few pages go to disk before the end
            con.execute("PRAGMA journal_mode = DELETE")  # whatever somebody else has made of it
            con.execute("BEGIN IMMEDIATE")
            yield con
            con.execute("COMMIT")
        finally:
            con.close()


# --- making -----------------------------------------------------------------------------------


def _build(path: Path, archive: Archive) -> Made:
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with contextlib.suppress(OSError):  # SQLite has the better words for it
            os.close(os.open(beside, os.O_CREAT | os.O_EXCL, 0o600))
        with _open(beside, path) as con:
            made = _fill(con, archive)
            ((private,),) = con.execute(_PRIVATE)
        with io_failure(path):
            if not private:
                beside.chmod(0o644 & ~umask())
            with beside.open("rb") as file:
                os.fsync(file.fileno())
            _put(beside, path)
            sync_folder(path.parent)
    finally:
        for name in (beside, Path(f"{beside}-journal")):
            name.unlink(missing_ok=True)
    return made


def _put(beside: Path, path: Path) -> None:
    """Rename over the old file, if there is one: not while somebody is writing to that.

    What he had not finished, or a crash had left, is undone first: SQLite would play a journal
    that lies there back into the new file.
    """
    with contextlib.ExitStack() as stack:
        if _is_ours(path):
            os.chmod(beside, stat.S_IMODE(path.stat().st_mode))
            try:
                stack.enter_context(_open(path, path))
            except Damaged:
                for suffix in ("-journal", "-wal", "-shm"):
                    Path(f"{path}{suffix}").unlink(missing_ok=True)
        os.replace(beside, path)


def _fill(con: sqlite3.Connection, archive: Archive) -> Made:
    """All tables, from the first entry on, in an empty database."""
    con.execute(f"PRAGMA application_id = {db_schema.APPLICATION}")
    con.execute(f"PRAGMA user_version = {db_schema.VERSION}")
    for statement in db_schema.TABLES:
        con.execute(statement.strip())
    with contextlib.suppress(sqlite3.OperationalError):  # without FTS5
        con.execute(db_schema.SEARCH.strip())
    books = Books()
    new = _write(Writer(con), books, mbox.entries(chunks(archive.folder, archive.pit)), archive)
    if not new:
        raise NoInput(f"{archive.folder}: nothing stands yet")
    for statement in (*INDEXES, *VIEWS):
        con.execute(statement.strip())
    return _made(books, new)


def _write(writer: Writer, books: Books, entries: Iterator[Entry], archive: Archive) -> int:
    """The rows of entries, and of the state after them; how many there were."""
    write_defaults(writer)
    count = 0
    for entry in entries:
        chapter = books.read(entry)
        if not count:
            _check_pit(books, archive)
        writer.write(chapter, books)
        count += 1
    if count:
        write_state(writer, books)
        write_meta(writer, books, version("tradingpit"))
    return count


def _check_pit(books: Books, archive: Archive) -> None:
    pit = books.kept.pit
    if pit.open:
        raise Damaged("entry 1 is no charter: of an open stream no database is made")
    if archive.id and pit.id != archive.id:
        raise Damaged(f"the pit's id is {pit.id}, not {archive.id}: this is another pit")


def _made(books: Books, new: int) -> Made:
    pit = books.kept.pit
    return Made(pit.name, pit.id, pit.entry, new, *pit.seal)


# --- extending --------------------------------------------------------------------------------


def _extend(con: sqlite3.Connection, path: Path, archive: Archive) -> Made:
    """Read what the archive has more than the database."""
    (schema,) = con.execute("PRAGMA user_version").fetchone()
    if schema != db_schema.VERSION:
        raise Damaged(
            f"{path}: its schema has the version {schema}; this program's is {db_schema.VERSION}; "
            f"{ANEW}"
        )
    made = _noted(con, path)
    if made.pit != archive.pit:
        raise Damaged(f"{path}: it is the database of pit {made.pit}, not of {archive.pit}")
    if archive.id and made.id != archive.id:
        raise Damaged(f"{path}: it is of a pit with the id {made.id}, not {archive.id}; {ANEW}")
    offset = offset_of(archive.folder, archive.pit, made.entries)
    entries = mbox.entries(chunks(archive.folder, archive.pit, max(0, offset)))
    _check_seal(con, path, made, next(entries, None) if offset >= 0 else None)
    first = next(entries, None)
    if first is None:
        return made
    books = Books()
    try:
        kept = con.execute("SELECT filter, sealed, root, text FROM checkpoints")
        books.load(Checkpoint(*row) for row in kept)
    except Damaged as error:
        raise Damaged(f"{path}: {error}; {ANEW}") from None
    new = _write(Writer(con), books, itertools.chain([first], entries), archive)
    return _made(books, new)


def _noted(con: sqlite3.Connection, path: Path) -> Made:
    """What the database says it was made from."""
    meta = dict(con.execute("SELECT key, value FROM meta"))
    try:
        sealed = int(meta["sealed"]), meta["root"]
        return Made(meta["pit"], meta["id"], int(meta["entries"]), 0, *sealed)
    except (KeyError, ValueError):
        raise Damaged(f"{path}: its table meta is not as it was made; {ANEW}") from None


def _check_seal(con: sqlite3.Connection, path: Path, made: Made, found: Entry | None) -> None:
    """The entry that the database ends with, a seal, must stand in the archive."""
    if found is None:
        raise Damaged(
            f"{path}: has read up to entry {made.entries}, which does not stand in this archive; "
            f"is it an older copy, or another pit's? {ANEW} from it"
        )
    row = con.execute("SELECT time, text FROM entries WHERE number = ?", (made.entries,)).fetchone()
    if row != (found.time, found.text):
        raise Damaged(
            f"{path}: was made from another archive, in which seal {made.sealed} has the root "
            f"{made.root}; here entry {made.entries} says otherwise; {ANEW} from this one"
        )
