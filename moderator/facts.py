"""A dictionary on disk whose answers are checked, and whose silences are.

A row of the table has a checksum over all of it, and names the key that comes next, as NSEC does
(RFC 4034, 4): so a row that is damaged or missing is noticed by whoever looks there, and `None`
means that there is nothing. What was put in stays in memory until it is saved.
"""

import bisect
import sqlite3
from collections.abc import Sequence
from typing import NamedTuple
from zlib import crc32

__all__ = ["Facts", "Unsound"]

CREATE = (
    "CREATE TABLE facts (key BLOB PRIMARY KEY, next BLOB, value BLOB, sum INTEGER) WITHOUT ROWID"
)
_FIND = "SELECT key, next, value, sum FROM facts WHERE key <= ? ORDER BY key DESC LIMIT 1"
_PUT = "INSERT OR REPLACE INTO facts VALUES (?, ?, ?, ?)"
_END = b""


class Unsound(Exception):
    """What the index says cannot be relied on; the text says why. It is made anew then."""


class _Row(NamedTuple):
    """A key, the next one (b'' after the last), the value."""

    key: bytes
    next: bytes
    value: bytes

    def sum(self) -> int:
        """The checksum: what the disk may change by itself, not what somebody may forge."""
        key, after, value = self
        return crc32(b"%d %d %b%b%b" % (len(key), len(after), key, after, value))


_NOTHING = _Row(b"", b"\0", b"")
_KNOWN = 10_000  # values in memory at most


class Facts:
    """Values by key, both bytes; no key is empty. Whatever is found damaged raises Unsound."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._new: dict[bytes, bytes] = {}
        self._order: list[bytes] = []  # the new keys, sorted
        self._known: dict[bytes, bytes] = {}
        self._last = _NOTHING  # the last row found: what is new lies mostly behind one

    @staticmethod
    def create(db: sqlite3.Connection) -> None:
        """Make the empty table."""
        db.execute(CREATE)
        first = _Row(b"", _END, b"")
        db.execute(_PUT, (*first, first.sum()))

    def __len__(self) -> int:
        """How many are new."""
        return len(self._new)

    def get(self, key: bytes) -> bytes | None:
        """The value of a key; None where there is certainly none."""
        found = self._new.get(key)
        if found is not None:
            return found
        if key not in self._known:
            row = self._last
            if not row.key < key < (row.next or key + b"\0"):
                row = self._last = self._at(key)
            if row.key != key:
                return None
            if len(self._known) >= _KNOWN:
                self._known.clear()
            self._known[key] = row.value
        return self._known[key]

    def put(self, key: bytes, value: bytes) -> None:
        """Say what a key's value is from now on."""
        if key not in self._new:
            bisect.insort(self._order, key)
        self._new[key] = value

    def after(self, key: bytes) -> bytes:
        """The next larger key; b'' where there is none."""
        saved = self._at(key).next
        at = bisect.bisect_right(self._order, key)
        new = self._order[at] if at < len(self._order) else _END
        return min(saved, new) if saved and new else saved or new

    def save(self) -> list[_Row]:
        """Write what is new into the open transaction; `saved` says that it stands."""
        rows: list[_Row] = []
        keys = self._order
        at = 0
        while at < len(keys):
            before = self._at(keys[at])
            end = bisect.bisect_left(keys, before.next) if before.next else len(keys)
            group = [before.key, *keys[at + (keys[at] == before.key) : end]]
            nexts = [*group[1:], before.next]
            for key, after in zip(group, nexts, strict=True):
                rows.append(_Row(key, after, self._new.get(key, before.value)))
            at = max(end, at + 1)
        self._db.executemany(_PUT, ((*row, row.sum()) for row in rows))
        return rows

    def saved(self, rows: Sequence[_Row] = ()) -> None:
        """What was new is on disk; forget it here. rows: what `save` wrote, Unsound if it is not.

        A page that was never written leaves an older one, as sound in itself: a fact would be
        missing there, and nobody would notice.
        """
        if any(self._at(row.key) != row for row in rows):
            raise Unsound("a row that was written is not there")
        self._new.clear()
        self._order.clear()
        self._known.clear()
        self._last = _NOTHING

    def _at(self, key: bytes) -> _Row:
        """The row of a key, or of the last one before it."""
        try:
            found = self._db.execute(_FIND, (key,)).fetchone()
            row = _Row(*found[:3])
            whole = row.sum() == found[3]
        except (sqlite3.Error, TypeError, ValueError, OverflowError) as error:
            raise Unsound(f"a row cannot be read ({error})") from None
        if not whole or row.key > key:
            raise Unsound("a row is not the one that was written")
        if row.key != key and row.next and row.next <= key:
            raise Unsound("a row is missing")
        return row
