"""What the writer finds when it opens an archive: the work of a crash, or damage.

Nothing here changes a file. A crash leaves a tail after the mark, a `next` torn or whole, and, when
that names a new segment, that segment or a part of it. All else is Damaged.
"""

import re
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from pit.archives.errors import Damaged
from pit.archives.extent import Mark, Seal, heads, last_seal, seal_at
from pit.archives.segment import first_entry, list_segments, segment_name

__all__ = ["Found", "Next", "batch_end", "survey"]

_NEXT = re.compile(rb"next (\S+) (\d{1,18}) (\d{1,18}) (\d{1,18}) ([0-9a-f]{64}) (\d{10}\.mbox)\n")


class Next(NamedTuple):
    """A whole `next`: entries first..last, their bytes, and the segment that they go into."""

    first: int
    last: int
    batch: bytes
    segment: str

    def header(self, pit: str) -> bytes:
        """The line before the batch."""
        digest = sha256(self.batch).hexdigest()
        numbers = f"{self.first} {self.last} {len(self.batch)}"
        return f"next {pit} {numbers} {digest} {self.segment}\n".encode()


class Found(NamedTuple):
    """What stands: bytes of the mark's segment, a whole `next`, the closed segments in order.

    seal: the one that ends the batch in `next`, None if that stands already.
    """

    size: int
    pending: Next | None
    seal: Seal | None
    closed: list[Path]


def batch_end(mark: Mark, pit: str, batch: bytes, entries: int, where: str) -> Seal:
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


def survey(folder: Path, pit: str, mark: Mark) -> Found:
    """Check the end of the archive against the mark; Damaged for what no crash leaves."""
    segment, path = folder / mark.segment, folder / "next"
    size = _check_segment(segment, pit, mark)
    pending, seal = _read_next(path, pit), None
    into, batch = mark.segment, b""
    if pending and pending.last > mark.entries:
        seal = _check_next(path, pit, mark, pending)
        into = pending.segment
        batch = pending.batch if into == mark.segment else b""
    closed = _check_others(segment, pit, into)
    if size > mark.size:
        _check_tail(segment, pit, mark, size, batch)
    return Found(size, pending, seal, closed)


def _check_segment(segment: Path, pit: str, mark: Mark) -> int:
    """The segment's size; Damaged unless the entry that the mark names ends at the mark."""
    size = segment.stat().st_size if segment.exists() else -1
    if size < mark.size:
        found = "missing" if size < 0 else f"{size} bytes"
        raise Damaged(f"{segment}: {found}; the mark says {mark.size}; restore a backup")
    seal = last_seal(segment, pit, mark.size)
    if seal != (mark.entries, mark.stamp, mark.size):
        raise Damaged(
            f"{segment}: the last seal below the mark is entry {seal.entry}, ending at byte"
            f" {seal.end}, stamp {seal.stamp}; the mark says {mark.entries},"
            f" {mark.size}, {mark.stamp}; restore a backup"
        )
    return size


def _read_next(path: Path, pit: str) -> Next | None:
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
    if fields[1] != pit.encode():
        raise Damaged(f"{path}: of pit {fields[1].decode(errors='replace')}, not {pit}")
    return Next(int(fields[2]), int(fields[3]), batch, fields[6].decode())


def _check_next(path: Path, pit: str, mark: Mark, pending: Next) -> Seal:
    """The seal that ends a whole `next`; Damaged unless it follows the mark."""
    if pending.first != mark.entries + 1:
        found = f"entries {pending.first}..{pending.last}"
        raise Damaged(f"{path}: {found}, but the mark says {mark.entries}")
    right = (mark.segment, segment_name(pending.first))
    if pending.segment not in right:
        raise Damaged(f"{path}: into {pending.segment}; right would be {' or '.join(right)}")
    entries = pending.last - pending.first + 1
    return batch_end(mark, pit, pending.batch, entries, str(path))


def _check_others(current: Path, pit: str, begun: str) -> list[Path]:
    """The closed segments; Damaged if one is missing or does not end with the right seal.

    Also if one is later than the mark's, `current`, and not the one `begun`, which `next` names.
    What a gzipped one holds is found out when it is read.
    """
    found = list_segments(current.parent)
    closed = [path for path in found if first_entry(path.name) < first_entry(current.name)]
    for path in found[len(closed) :]:
        if path.name not in (current.name, begun):
            raise Damaged(
                f"{path}: later than the mark's segment, {current.name}: was an old mark put back?"
                " restore the whole folder from one backup"
            )
    parts, last = [*closed, current], 0
    for index, path in enumerate(parts):
        if first_entry(path.name) != last + 1:
            raise Damaged(
                f"{path}: follows entry {last}; {segment_name(last + 1)} is missing, or the one"
                " before is not whole; restore it from a backup or a mirror"
            )
        if path.suffix == ".gz":
            last = first_entry(parts[index + 1].name) - 1
        elif path != current:
            last = _closed_end(path, pit)
    return closed


def _closed_end(path: Path, pit: str) -> int:
    """The entry that ends a closed segment; Damaged unless it is a seal."""
    size = path.stat().st_size
    seal = last_seal(path, pit, size)
    if seal.end != size:
        found = f"its last seal, entry {seal.entry}, ends at byte {seal.end} of {size}"
        raise Damaged(f"{path}: closed, but {found}; restore it from a backup or a mirror")
    return seal.entry


def _check_tail(segment: Path, pit: str, mark: Mark, size: int, batch: bytes) -> None:
    """Damaged if a seal stands beyond the mark that `next` does not explain.

    A crash leaves none; an old mark put back does, and cutting there would fork the archive.
    """
    seal = last_seal(segment, pit, size)
    ours = {head.digest for head in heads(batch, pit)}
    if seal.end > mark.size and seal.stamp not in ours:
        raise Damaged(
            f"{segment}: seal at entry {seal.entry}, but the mark says {mark.entries}:"
            " was an old mark put back? restore mark and segment from one backup"
        )
