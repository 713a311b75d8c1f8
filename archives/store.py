"""The one writer of an archive, and how it survives a crash at any step.

A folder holds segments (`0000000001.mbox`, …), `mark` (how much of them stands), while a batch is
being written `next` (that batch, whole), and `lock`. A batch is whole entries ending with a seal,
and goes whole into one segment: the one that the mark names or, when that is full, a new one. The
order of steps and the recovery are those of ARCHIVE, Crash safety: `next` is on disk before the
segment grows, the segment before the mark rises, the mark before `next` goes.
"""

import os
from pathlib import Path

from pit.archives.disk import (
    cut,
    io_failure,
    sync_folder,
    take_lock,
    write_atomic,
    write_synced,
)
from pit.archives.entry import NO_STAMP
from pit.archives.errors import Damaged, IOFailure
from pit.archives.extent import Mark, Seal, chunks, extent, read_mark
from pit.archives.recovery import Next, batch_end, survey
from pit.archives.segment import first_entry, protect, segment_name, segments

__all__ = ["Mark", "Store", "chunks", "extent", "next_segment", "read_mark", "write_atomic"]

SEGMENT_ENTRIES, SEGMENT_BYTES = 50_000, 1 << 30
"""A segment that holds as much when a batch has been sealed is closed; mairix can read 65,536 mails
or 2 GiB in one file."""

_LEFT_OVER = (".mark.*", ".next.*", ".new.*", ".*.offsets.*")  # by writers that were killed


def next_segment(mark: Mark, limit: int = SEGMENT_ENTRIES) -> str:
    """The segment that the next batch goes into: the mark's, or a new one if that is full.

    limit: of entries. The size limit is `SEGMENT_BYTES`.
    """
    entries = mark.entries + 1 - first_entry(mark.segment)
    full = entries >= limit or mark.size >= SEGMENT_BYTES
    return segment_name(mark.entries + 1) if full else mark.segment


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
        self._lock = take_lock(folder)
        try:
            with io_failure(folder):
                for left_over in [path for name in _LEFT_OVER for path in folder.glob(name)]:
                    left_over.unlink(missing_ok=True)  # its writer may live
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

    def append(
        self, batch: bytes, *, entries: int, stamp: str, limit: int = SEGMENT_ENTRIES
    ) -> None:
        """Make whole entries that end with a seal stand in the archive, all or none.

        `entries`: how many; `stamp`: the sha256 (hex) of the last one's stamp; `limit`: the entries
        after which a segment is full. Damaged, and nothing done, if they do not continue the
        archive. IOFailure if the system fails a step: the batch may stand or not, and no further
        one is taken.
        """
        if not self._usable:
            raise IOFailure(f"{self._folder}: closed, or an earlier write failed; open it again")
        seal = batch_end(self.mark, self._pit, batch, entries, "batch")
        if seal.stamp != stamp:
            raise Damaged(f"batch: its last stamp is {seal.stamp}, {stamp} was announced")
        self._usable = False
        into = next_segment(self.mark, limit)
        header = Next(self.mark.entries + 1, seal.entry, batch, into).header(self._pit)
        segment = self._folder / self.mark.segment
        with io_failure(self._folder):
            found = segment.stat().st_size
            if found != self.mark.size:
                raise Damaged(
                    f"{segment}: {found} bytes; the mark says {self.mark.size}: who wrote?"
                )
            if into != segment.name and (self._folder / into).exists():
                raise Damaged(f"{self._folder / into}: stands before its first batch: who wrote?")
            write_synced(self._folder / "next", os.O_CREAT | os.O_TRUNC, header + batch)
            sync_folder(self._folder)
            self._apply(batch, seal, into)
        self._usable = True

    def _apply(self, batch: bytes, seal: Seal, into: str) -> None:
        """From a `next` on disk to a risen mark and no `next`."""
        before = self._folder / self.mark.segment
        if into == before.name:
            write_synced(before, os.O_APPEND, batch)
            self._raise_mark(Mark(seal.entry, into, self.mark.size + len(batch), seal.stamp))
        else:
            write_synced(self._folder / into, os.O_CREAT | os.O_TRUNC, batch)
            sync_folder(self._folder)
            self._raise_mark(Mark(seal.entry, into, len(batch), seal.stamp))
        os.unlink(self._folder / "next")
        if into != before.name:
            protect(before)

    def _raise_mark(self, mark: Mark) -> None:
        """Put the mark on disk, then in `self.mark`."""
        line = f"mark {self._pit} {mark.entries} {mark.segment} {mark.size} {mark.stamp}\n"
        write_atomic(self._folder / "mark", line.encode())
        self.mark = mark

    def _begin(self) -> Mark:
        """A new archive: an empty segment, then its mark."""
        found = [path.name for path, size in segments(self._folder) if size]
        found += [p.name for p in self._folder.glob("next")]
        if found:
            raise Damaged(
                f"{self._folder}: {found[0]} but no mark: a copy, for reading only;"
                " the notary writes where its mark is, or after restoring that whole folder"
            )
        write_synced(self._folder / segment_name(1), os.O_CREAT, b"")
        sync_folder(self._folder)
        self._raise_mark(Mark(0, segment_name(1), 0, NO_STAMP))
        return self.mark

    def _recover(self) -> str | None:
        """Undo or finish what was begun."""
        size, pending, seal, closed = survey(self._folder, self._pit, self.mark)
        segment, path = self._folder / self.mark.segment, self._folder / "next"
        done = []
        if size > self.mark.size:
            cut(segment, self.mark.size)  # synced now: the next batch may go into another
            done.append(f"cut {size - self.mark.size} bytes after the mark off {segment.name}")
        # What was read may stand in memory only (a failed fsync): write it anew before going on.
        if pending and seal:
            write_atomic(path, path.read_bytes())
            self._apply(pending.batch, seal, pending.segment)
            done.append(f"appended entries {pending.first} to {pending.last} again from next")
        elif pending:
            self._raise_mark(self.mark)
            os.unlink(path)
            done.append(f"removed a next whose entries stand (to {pending.last})")
        elif path.exists():
            done.append(f"dropped a torn next of {path.stat().st_size} bytes")
            os.unlink(path)
        for one in closed:
            protect(one)
        return f"{self._folder}: {'; '.join(done)}" if done else None
