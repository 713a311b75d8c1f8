"""Where an entry begins, by its number: an index beside each closed segment.

`0000000001.offsets` has a line for each entry of `0000000001.mbox`: the byte (12 digits) at which
it begins there, gzipped or not. It is made when it is first needed and can go at any time. Nobody
trusts it: where the entry asked for does not begin at its place, the index is made anew.
"""

import bisect
import contextlib
import itertools
import re
from array import array
from pathlib import Path
from typing import BinaryIO, NamedTuple

from pit.archives.disk import io_failure, write_atomic
from pit.archives.errors import Damaged, NoInput, PitError
from pit.archives.extent import extent
from pit.archives.mbox import MAX_MESSAGE
from pit.archives.segment import first_entry, open_segment

__all__ = ["Offsets", "index_of", "offset_of", "raw_entry"]

_WIDTH = 13  # bytes of a line of an index
_PREFIX = 80  # more bytes than `\nFrom N@PIT.pit ` has
_STEP = 1 << 20
_NEXT = b"\n\nFrom "


class _Part(NamedTuple):
    """A segment: its first entry, its bytes that may be read, where they begin among all.

    entries: how many it holds by the next one's name; 0 for the last segment.
    """

    first: int
    path: Path
    size: int
    start: int
    entries: int


def offset_of(folder: Path, pit: str, number: int) -> int:
    """Where an entry begins in the archive's readable bytes; -1 where it does not stand.

    Damaged, NoInput as `extent` and `chunks` say.
    """
    with Offsets(folder, pit) as offsets:
        return offsets.of(number)


def raw_entry(folder: Path, pit: str, number: int) -> bytes:
    """An entry as it stands, From_ line to blank line; NoInput where it does not stand.

    What is in it is not checked; `read_entry` does that.
    """
    with Offsets(folder, pit) as offsets:
        return offsets.raw(number)


def index_of(segment: Path) -> Path:
    """Where the index of a segment lies."""
    return segment.with_name(f"{segment.name[:10]}.offsets")


class Offsets:
    """The entries of an archive by number, of as much as could be read when this was made.

    A context manager that keeps a segment open: asked for in rising order, each is read once.
    """

    def __init__(self, folder: Path, pit: str) -> None:
        self._folder, self._pit = folder, pit
        self._file: tuple[Path, BinaryIO] | None = None
        self._made: dict[Path, array[int]] = {}
        found = extent(folder, pit)
        firsts = [first_entry(path.name) for path, _ in found]
        counts = [after - first for first, after in itertools.pairwise(firsts)]
        self._parts: list[_Part] = []
        start = 0
        for (path, size), first, count in zip(found, firsts, [*counts, 0], strict=True):
            self._parts.append(_Part(first, path, size, start, count))
            start += size

    def __enter__(self) -> "Offsets":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the segment that is open."""
        if self._file:
            self._file[1].close()
            self._file = None

    def of(self, number: int) -> int:
        """What `offset_of` says."""
        found = self._locate(number)
        return found[0].start + found[1] if found else -1

    def raw(self, number: int) -> bytes:
        """What `raw_entry` says."""
        found = self._locate(number)
        if found is None:
            raise NoInput(f"{self._folder}: entry {number} of {self._pit} does not stand here")
        part, offset = found
        with io_failure(part.path):
            file = self._open(part)
            file.seek(offset)
            return _one(file, part, offset)

    def _locate(self, number: int) -> tuple[_Part, int] | None:
        """The segment that an entry stands in, and where."""
        at = bisect.bisect(self._parts, number, key=lambda part: part.first) - 1
        if at < 0:
            return None
        part = self._parts[at]
        mark = f"From {number}@{self._pit}.pit ".encode()
        with io_failure(part.path):
            file = self._open(part)
            if part.entries:
                offset = self._indexed(part, number - part.first, file, mark)
            elif part.path.suffix == ".gz":  # in a copy without a mark
                offset = _at(self._scanned(part, file), number - part.first)
            else:
                offset = _find_back(file, part.size, mark)
        return None if offset < 0 else (part, offset)

    def _open(self, part: _Part) -> BinaryIO:
        if self._file is None or self._file[0] != part.path:
            self.close()
            self._file = (part.path, open_segment(part.path))
        return self._file[1]

    def _indexed(self, part: _Part, index: int, file: BinaryIO, mark: bytes) -> int:
        """Where the entry of that index (from 0) begins in a closed segment, -1 if nowhere."""
        if part.path not in self._made:
            offset = _look_up(index_of(part.path), index)
            if 0 <= offset < part.size and _begins(file, offset, mark):
                return offset
            lines = b"".join(b"%012d\n" % offset for offset in self._scanned(part, file))
            with contextlib.suppress(PitError):
                write_atomic(index_of(part.path), lines)
        return _at(self._made[part.path], index)

    def _scanned(self, part: _Part, file: BinaryIO) -> "array[int]":
        if part.path not in self._made:
            file.seek(0)
            self._made[part.path] = _scan(file, part, self._pit)
        return self._made[part.path]


def _at(offsets: "array[int]", index: int) -> int:
    return offsets[index] if index < len(offsets) else -1


def _look_up(path: Path, index: int) -> int:
    """What a line (from 0) of an index says; -1 where there is none."""
    try:
        with path.open("rb") as file:
            file.seek(index * _WIDTH)
            line = file.read(_WIDTH)
    except OSError:
        return -1
    return int(line) if re.fullmatch(rb"[0-9]{12}\n", line) else -1


def _begins(file: BinaryIO, offset: int, mark: bytes) -> bool:
    """Whether a line that begins with `mark` stands there; in a mail no line begins so."""
    before = min(offset, 1)
    file.seek(offset - before)
    return file.read(before + len(mark)) == b"\n"[:before] + mark


def _scan(file: BinaryIO, part: _Part, pit: str) -> "array[int]":
    """Where each entry of a segment begins; Damaged where they are not in order."""
    pattern = re.compile(rb"\nFrom (?:([1-9][0-9]{0,14})@%b\.pit )?" % pit.encode())
    offsets, number, left = array("Q"), part.first, part.size
    data, base = b"\n", -1  # bytes not searched yet, and where they begin
    while left:
        block = file.read(min(_STEP, left))
        if not block:
            raise Damaged(f"{part.path}: ends {left} bytes early; it was cut while being read")
        left -= len(block)
        data += block
        end = len(data) - _PREFIX if left else len(data)
        for found in pattern.finditer(data):
            if found.start() >= end:
                break
            if found[1] is None or int(found[1]) != number:
                line = data[found.start() + 1 : found.end() + 20]
                raise Damaged(f"{part.path}: {line!r} where entry {number} of {pit} should begin")
            offsets.append(base + found.start() + 1)
            number += 1
        base, data = base + max(0, end), data[max(0, end) :]
    return offsets


def _find_back(file: BinaryIO, size: int, mark: bytes, window: int = 1 << 22) -> int:
    """The last place of a line that begins with `mark` in the first `size` bytes of a file.

    From the end, since what is asked for in an open segment is mostly new; -1 if there is none.
    """
    end = size
    while end > 0:
        begin = max(0, end - window)
        file.seek(max(0, begin - 1))
        data = file.read(min(size, end + len(mark)) - max(0, begin - 1))
        if not begin:
            data = b"\n" + data
        found = data.rfind(b"\n" + mark)
        if found >= 0:
            return begin + found
        end = begin
    return -1


def _one(file: BinaryIO, part: _Part, offset: int) -> bytes:
    """The entry that the file stands at: up to the next one, or the end."""
    data, left = b"", part.size - offset
    while left:
        block = file.read(min(1 << 13, left))
        if not block:
            raise Damaged(f"{part.path}: ends {left} bytes early; it was cut while being read")
        left -= len(block)
        searched = max(0, len(data) - len(_NEXT))
        data += block
        end = data.find(_NEXT, searched)
        if end >= 0:
            return data[: end + 2]
        if len(data) > MAX_MESSAGE:
            raise Damaged(f"{part.path}: an entry longer than {MAX_MESSAGE} bytes, at {offset}")
    return data
