"""The one writer of an archive, and how it survives a crash at any step.

A folder holds a segment (`0000000001.mbox`), `mark` (how much of it stands), while a batch is being
written `next` (that batch, whole), and `lock`. A batch is whole entries ending with a seal. The
order of steps and the recovery are those of ARCHIVE, Crash safety: `next` is on disk before the
segment grows, the segment before the mark rises, the mark before `next` goes.
"""

import fcntl
import os
import re
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from pit.archives.disk import io_failure, sync_folder, write_atomic, write_synced
from pit.archives.entry import NO_STAMP
from pit.archives.errors import Busy, CannotCreate, Damaged, IOFailure
from pit.archives.extent import (
    SEGMENTS,
    Mark,
    Seal,
    chunks,
    extent,
    heads,
    last_seal,
    read_mark,
    seal_at,
)

__all__ = ["Mark", "Store", "chunks", "extent", "read_mark", "write_atomic"]

FIRST_SEGMENT = "0000000001.mbox"
_NEXT = re.compile(rb"next (\S+) (\d{1,18}) (\d{1,18}) (\d{1,18}) ([0-9a-f]{64})\n")


class _Next(NamedTuple):
    """A whole `next`: entries first..last and their bytes."""

    first: int
    last: int
    batch: bytes


def _take_lock(folder: Path) -> int:
    """Make the folder, lock its `lock`, and return the open file."""
    try:
        for missing in reversed([p for p in (folder, *folder.parents) if not p.exists()]):
            missing.mkdir(exist_ok=True)
            sync_folder(missing.parent)
        fd = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise CannotCreate(f"{error.filename or folder}: {error.strerror}") from error
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(fd)
        if isinstance(error, BlockingIOError):
            raise Busy(f"{folder / 'lock'}: another program is writing this archive") from error
        raise CannotCreate(f"{folder / 'lock'}: cannot be locked: {error.strerror}") from error
    return fd


def _batch_end(mark: Mark, pit: str, batch: bytes, entries: int, where: str) -> Seal:
    """The seal that ends the batch; Damaged unless it is that many entries that follow the mark."""
    found = heads(batch, pit)
    first, numbers = mark.entries + 1, [head.number for head in found]
    in_order = numbers == list(range(first, first + len(numbers)))
    if not found or found[0].start or len(found) != entries or not in_order:
        span = f"{len(found)} entries, {numbers[0]}..{numbers[-1]}" if found else "no entry"
        right = f"{first}..{mark.entries + entries} of pit {pit} and nothing else"
        raise Damaged(f"{where}: {span}; right would be {right}")
    if batch.count(b"\nFrom ") != entries - 1:
        raise Damaged(f"{where}: a line `From ` that begins no entry; right would be `>From `")
    if found[0].prev != mark.stamp:
        prev = f"entry {first} has Pit-Prev {found[0].prev}"
        raise Damaged(f"{where}: {prev}; the last stamp is {mark.stamp}")
    seal = seal_at(batch, found[-1])
    if seal is None or seal.end != len(batch):
        raise Damaged(f"{where}: ends with no whole seal; right would be `seal {numbers[-1] - 1}`")
    return seal


class Store:
    """The one writer of an archive, a context manager; Busy if there is another.

    Opening makes the folder if need be and recovers from a crash: `recovered` says in a line what
    was done, None if nothing was. Damaged if what is found is no result of a crash; it is left as
    it is. After a failed append the store refuses everything; what stands on the disk is
    only known again once it is opened anew.
    """

    mark: Mark
    recovered: str | None

    def __init__(self, folder: Path, pit: str) -> None:
        self._folder, self._pit = folder, pit
        self._usable = False
        self._lock = _take_lock(folder)
        try:
            with io_failure(folder):
                for left_over in [*folder.glob(".mark.*"), *folder.glob(".next.*")]:
                    os.unlink(left_over)
                self.mark = read_mark(folder, pit) or self._begin()
                self.recovered = self._recover()
        except BaseException:
            self.close()
            raise
        self._usable = True

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the lock back; closing twice is fine."""
        self._usable = False
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def append(self, batch: bytes, *, entries: int, stamp: str) -> None:
        """Make whole entries that end with a seal stand in the archive, all or none.

        `entries`: how many; `stamp`: the sha256 (hex) of the last one's stamp. Damaged, and nothing
        done, if they do not continue the archive. IOFailure if the system fails a step: the batch
        may stand or not, and no further one is taken.
        """
        if not self._usable:
            raise IOFailure(f"{self._folder}: closed, or an earlier write failed; open it again")
        seal = _batch_end(self.mark, self._pit, batch, entries, "batch")
        if seal.stamp != stamp:
            raise Damaged(f"batch: its last stamp is {seal.stamp}, {stamp} was announced")
        self._usable = False
        first = self.mark.entries + 1
        digest = sha256(batch).hexdigest()
        header = f"next {self._pit} {first} {seal.entry} {len(batch)} {digest}\n".encode()
        segment = self._folder / self.mark.segment
        with io_failure(self._folder):
            found = segment.stat().st_size
            if found != self.mark.size:
                raise Damaged(
                    f"{segment}: {found} bytes; the mark says {self.mark.size}: who wrote?"
                )
            write_synced(self._folder / "next", os.O_CREAT | os.O_TRUNC, header + batch)
            sync_folder(self._folder)
            self._apply(batch, seal)
        self._usable = True

    def _apply(self, batch: bytes, seal: Seal) -> None:
        """From a `next` on disk to a risen mark and no `next`."""
        write_synced(self._folder / self.mark.segment, os.O_APPEND, batch)
        size = self.mark.size + len(batch)
        self._raise_mark(Mark(seal.entry, self.mark.segment, size, seal.stamp))
        os.unlink(self._folder / "next")

    def _raise_mark(self, mark: Mark) -> None:
        """Put the mark on disk, then in `self.mark`."""
        line = f"mark {self._pit} {mark.entries} {mark.segment} {mark.size} {mark.stamp}\n"
        write_atomic(self._folder / "mark", line.encode())
        self.mark = mark

    def _begin(self) -> Mark:
        """A new archive: an empty segment, then its mark."""
        found = [p.name for p in self._folder.glob(SEGMENTS) if p.stat().st_size]
        found += [p.name for p in self._folder.glob("next")]
        if found:
            raise Damaged(
                f"{self._folder}: {found[0]} but no mark: a copy, for reading only;"
                " the notary writes where its mark is, or after restoring that whole folder"
            )
        write_synced(self._folder / FIRST_SEGMENT, os.O_CREAT, b"")
        sync_folder(self._folder)
        self._raise_mark(Mark(0, FIRST_SEGMENT, 0, NO_STAMP))
        return self.mark

    def _recover(self) -> str | None:
        """Check the end of the archive against the mark, then undo or finish what was begun."""
        segment, path = self._folder / self.mark.segment, self._folder / "next"
        size = self._check_segment(segment)
        pending = self._read_next(path)
        seal, batch = None, b""
        if pending and pending.last > self.mark.entries:
            if pending.first != self.mark.entries + 1:
                found = f"entries {pending.first}..{pending.last}"
                raise Damaged(f"{path}: {found}, but the mark says {self.mark.entries}")
            batch = pending.batch
            entries = pending.last - pending.first + 1
            seal = _batch_end(self.mark, self._pit, batch, entries, str(path))
        done = []
        if size > self.mark.size:
            self._check_tail(segment, size, batch)
            os.truncate(segment, self.mark.size)  # on disk with the next append; till then harmless
            done.append(f"cut {size - self.mark.size} bytes after the mark off {segment.name}")
        # What was read may stand in memory only (a failed fsync): write it anew before going on.
        if pending and seal:
            write_atomic(path, path.read_bytes())
            self._apply(batch, seal)
            done.append(f"appended entries {pending.first} to {pending.last} again from next")
        elif pending:
            self._raise_mark(self.mark)
            os.unlink(path)
            done.append(f"removed a next whose entries stand (to {pending.last})")
        elif path.exists():
            done.append(f"dropped a torn next of {path.stat().st_size} bytes")
            os.unlink(path)
        return f"{self._folder}: {'; '.join(done)}" if done else None

    def _check_segment(self, segment: Path) -> int:
        """The segment's size; Damaged unless the entry that the mark names ends at the mark."""
        size = segment.stat().st_size if segment.exists() else -1
        if size < self.mark.size:
            found = "missing" if size < 0 else f"{size} bytes"
            raise Damaged(f"{segment}: {found}; the mark says {self.mark.size}; restore a backup")
        seal = last_seal(segment, self._pit, self.mark.size)
        if seal != (self.mark.entries, self.mark.stamp, self.mark.size):
            raise Damaged(
                f"{segment}: the last seal below the mark is entry {seal.entry}, ending at byte"
                f" {seal.end}, stamp {seal.stamp}; the mark says {self.mark.entries},"
                f" {self.mark.size}, {self.mark.stamp}; restore a backup"
            )
        return size

    def _check_tail(self, segment: Path, size: int, batch: bytes) -> None:
        """Damaged if a seal stands beyond the mark that `next` does not explain.

        A crash leaves none; an old mark put back does, and cutting there would fork the archive.
        """
        seal = last_seal(segment, self._pit, size)
        ours = {head.digest for head in heads(batch, self._pit)}
        if seal.end > self.mark.size and seal.stamp not in ours:
            raise Damaged(
                f"{segment}: seal at entry {seal.entry}, but the mark says {self.mark.entries}:"
                " was an old mark put back? restore mark and segment from one backup"
            )

    def _read_next(self, path: Path) -> _Next | None:
        """The whole batch in `next`, None if there is none or it is torn; Damaged if not ours."""
        if not path.exists():
            return None
        data = path.read_bytes()
        fields = _NEXT.match(data)
        if fields is None:
            return None
        batch = data[fields.end() :]
        digest = sha256(batch).hexdigest().encode()
        if (len(batch), digest) != (int(fields[4]), fields[5]):
            return None
        if fields[1] != self._pit.encode():
            raise Damaged(f"{path}: of pit {fields[1].decode(errors='replace')}, not {self._pit}")
        return _Next(int(fields[2]), int(fields[3]), batch)
