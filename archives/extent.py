"""What of an archive may be read: the mark, the seals in a file, and the bytes below them.

Readers never go past the mark, which is always at the end of a seal; in a copy that has no mark
they never go past the last seal (ARCHIVE, Seal).
"""

import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from pit.archives.disk import io_failure
from pit.archives.entry import NO_STAMP, NOTARY, STAMP, read_entry
from pit.archives.errors import Damaged, NoInput
from pit.archives.segment import first_entry, list_segments, open_segment, segments, size_of

__all__ = [
    "Head",
    "Mark",
    "Seal",
    "chunks",
    "extent",
    "heads",
    "last_seal",
    "leftover",
    "open_segment",
    "read_mark",
    "seal_at",
    "segments",
]

_WINDOW = 1 << 16  # bytes first looked at when searching backwards for a seal
_HEAD = re.compile(rb"^From [^\n]*\n(" + STAMP.pattern + rb")", re.MULTILINE)
_MARK = re.compile(rb"mark (\S+) (\d{1,18}) (\d{10}\.mbox) (\d{1,18}) ([0-9a-f]{64})\n")


class Mark(NamedTuple):
    """The high-water mark: what of the archive stands for good.

    `entries` of them end at byte `size` of `segment`; `stamp` is the sha256 (hex) of the last
    one's stamp, 64 zeros if there is none.
    """

    entries: int
    segment: str
    size: int
    stamp: str


class Head(NamedTuple):
    """Where an entry begins, where its mail does, and what is needed of its stamp.

    `length`: bytes of the mail; `prev`, `digest`: sha256 (hex) of the stamp before and of this one.
    """

    start: int
    body: int
    number: int
    signer: str
    length: int
    prev: str
    digest: str


class Seal(NamedTuple):
    """A whole seal: its entry number, its stamp's sha256 (hex), the offset where it ends."""

    entry: int
    stamp: str
    end: int


def heads(data: bytes, pit: str) -> list[Head]:
    """Where entries of the pit begin (mboxrd: a line `From ` never stands inside a mail)."""
    return [
        Head(
            start=found.start(),
            body=found.end(),
            number=int(found[3]),
            signer=found[5].decode(),
            length=int(found[9]),
            prev=found[11].decode(),
            digest=sha256(found[1]).hexdigest(),
        )
        for found in _HEAD.finditer(data)
        if found[2] == pit.encode()
    ]


def seal_at(data: bytes, head: Head) -> Seal | None:
    """The seal that begins there, if the entry is one and stands in `data` whole.

    A seal is the notary's, entry N+1, and says `seal N`; it has no line to be quoted, so its mail
    takes as many bytes as its stamp says.
    """
    end = head.body + head.length
    mail = data[head.body : end]
    if head.signer != NOTARY or f"\nseal {head.number - 1}\n".encode() not in mail:
        return None
    end += 1 if mail.endswith(b"\n") else 2
    try:
        read_entry(data[head.start : end])
    except Damaged:
        return None
    return Seal(head.number, head.digest, end)


def last_seal(path: Path, pit: str, size: int) -> Seal:
    """The last seal within the first `size` bytes of a segment, searched for from the end.

    (0, 64 zeros, 0) if there is none.
    """
    window = _WINDOW
    with open_segment(path) as file:
        while True:
            start = max(0, size - window)
            file.seek(start)
            data = file.read(size - start)
            for head in reversed(heads(data, pit)):
                seal = seal_at(data, head)
                if seal and (head.start or not start):  # a window may begin inside a line
                    return seal._replace(end=start + seal.end)
            if not start:
                return Seal(0, NO_STAMP, 0)
            window *= 4


def read_mark(folder: Path, pit: str) -> Mark | None:
    """The mark, None if there is none (a copy, or no archive); Damaged if it is not this pit's."""
    path = folder / "mark"
    with io_failure(path):
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return None
    fields = _MARK.fullmatch(data)
    if fields is None:
        right = "right would be one line `mark PIT ENTRIES SEGMENT SIZE STAMP`"
        raise Damaged(f"{path}: {data[:80]!r}; {right}; restore it from a backup")
    if fields[1] != pit.encode():
        raise Damaged(f"{path}: the mark of pit {fields[1].decode(errors='replace')}, not of {pit}")
    return Mark(int(fields[2]), fields[3].decode(), int(fields[4]), fields[5].decode())


def extent(folder: Path, pit: str) -> list[tuple[Path, int]]:
    """What may be read: each segment in order, and how many bytes of it (uncompressed).

    Up to the mark; in a copy without one, up to the end of the last whole seal. NoInput if there is
    no archive of the pit, Damaged if a segment is shorter than the mark says.
    """
    mark = read_mark(folder, pit)
    with io_failure(folder):
        found = list_segments(folder)
        if mark is not None:
            last = folder / mark.segment
            size = last.stat().st_size if last in found else -1
            if size < mark.size:
                what = "missing" if size < 0 else f"{size} bytes"
                raise Damaged(f"{last}: {what}; the mark says {mark.size}; copy it again")
            closed = [path for path in found if first_entry(path.name) < first_entry(last.name)]
            return [*((path, size_of(path)) for path in closed), (last, mark.size)]
        while found:
            part = found.pop()
            if end := last_seal(part, pit, size_of(part)).end:
                return [*((path, size_of(path)) for path in found), (part, end)]
    raise NoInput(f"{folder}: no archive of pit {pit} (no mark, and no sealed entry)")


def leftover(folder: Path, pit: str) -> str:
    """What stands in a copy below its last whole seal, as a sentence; '' if nothing does.

    No seal covers it. In an archive with a mark it is the notary's own business.
    """
    if read_mark(folder, pit) is not None:
        return ""
    read = {first_entry(path.name): size for path, size in extent(folder, pit)}
    for path, size in segments(folder):
        if more := size - read.get(first_entry(path.name), 0):
            return f"{path.name}: {more} bytes below the last whole seal; torn or changed there"
    return ""


def chunks(folder: Path, pit: str, start: int = 0, size: int = 1 << 20) -> Iterator[bytes]:
    """The bytes of `extent` from offset `start` on, at most `size` at a time.

    Damaged if the archive ends before `start`: whoever asks has seen more of it.
    """
    parts = extent(folder, pit)
    total = sum(length for _, length in parts)
    if not 0 <= start <= total:
        raise Damaged(f"{folder}: ends at byte {total}, to be read from {start}; is this copy old?")
    for path, length in parts:
        skip = min(start, length)
        start, left = start - skip, length - skip
        if not left:
            continue
        with io_failure(path), open_segment(path) as file:
            file.seek(skip)
            while left:
                data = file.read(min(size, left))
                if not data:
                    raise Damaged(f"{path}: ends {left} bytes early; it was cut while being read")
                left -= len(data)
                yield data
