"""The files that an archive's segments lie in: their names, plain or gzipped, one into the other.

A segment is `NNNNNNNNNN.mbox`, named by its first entry. A closed one may lie there as
`NNNNNNNNNN.mbox.gz`, one gzip member (RFC 1952) of the same bytes; where both stand, the plain one
counts. Whoever reads sees no difference.
"""

import bisect
import contextlib
import io
import itertools
import os
import re
import stat
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeVar

from pit.archives.disk import io_failure, sync_folder, write_pieces
from pit.archives.errors import Damaged

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = [
    "first_entry",
    "gunzip",
    "gzip",
    "list_segments",
    "open_segment",
    "protect",
    "segment_name",
    "segments",
    "size_of",
]

LONGEST = 2 << 30
"""Bytes that no segment has: it closes at half of that."""

_NAME = re.compile(r"([0-9]{10})\.mbox(\.gz)?")
_STEP = 1 << 16
_Found = TypeVar("_Found")


def segment_name(first: int) -> str:
    """The name of the segment that begins with entry `first`."""
    return f"{first:010d}.mbox"


def first_entry(name: str) -> int:
    """The first entry of the segment of that name."""
    return int(name[:10])


def list_segments(folder: Path) -> list[Path]:
    """The segments in a folder, in order; none if there is no folder.

    One that is compressed meanwhile may be seen under neither name: so it looks until it has seen
    the same twice.
    """
    found = _names(folder)
    while (again := _names(folder)) != found:
        found = again
    return [folder / name for name in found]


def _names(folder: Path) -> list[str]:
    try:
        names = [name for name in os.listdir(folder) if _NAME.fullmatch(name)]
    except (FileNotFoundError, NotADirectoryError):
        return []
    plain = {name for name in names if not name.endswith(".gz")}
    return sorted(plain | {name for name in names if name.removesuffix(".gz") not in plain})


def segments(folder: Path) -> list[tuple[Path, int]]:
    """Every segment in a folder, in order, and its bytes; what may be read of them says `extent`.

    Damaged for a file that ends with .gz and is not gzipped.
    """
    with io_failure(folder):
        return [(path, size_of(path)) for path in list_segments(folder)]


def size_of(path: Path) -> int:
    """The bytes of a segment; of a gzipped one, those that it says it holds."""
    return _either(path, _size)


def open_segment(path: Path) -> BinaryIO:
    """Open a segment for reading: its bytes, seekable, whether it is gzipped or not.

    A gzipped one raises Damaged, while it is read, where it is torn or holds anything but one
    member of as many bytes as it says. Seeking in it is reading: forward all that lies between,
    back at most a MiB or a 64th of the whole.
    """
    return _either(path, lambda file: file.open("rb") if _is_plain(file) else _open_gzip(file))


def _is_plain(path: Path) -> bool:
    return path.suffix != ".gz"


def _either(path: Path, use: Callable[[Path], _Found]) -> _Found:
    """Use the file, or what has been made of it since its name was read."""
    try:
        return use(path)
    except FileNotFoundError:
        other = path.with_name(f"{path.name}.gz") if _is_plain(path) else path.with_suffix("")
        with contextlib.suppress(FileNotFoundError):
            return use(other)
        raise


def _size(path: Path) -> int:
    if _is_plain(path):
        return path.stat().st_size
    with path.open("rb") as file:
        return _stated_size(path, file)


def _stated_size(path: Path, file: BinaryIO) -> int:
    """ISIZE, the last four bytes of a gzip file (RFC 1952, 2.3.1)."""
    length = os.fstat(file.fileno()).st_size
    head = file.read(3)
    if length < 18 or head != b"\x1f\x8b\x08":
        raise Damaged(f"{path}: {length} bytes, and no gzip file; copy it again")
    file.seek(length - 4)
    size = int.from_bytes(file.read(4), "little")
    if size > LONGEST:
        raise Damaged(f"{path}: says it holds {size} bytes; a segment has at most {LONGEST}")
    return size


class _Gunzip(io.RawIOBase):
    """The bytes in a gzip file; no more of them are made than are asked for, or than it states.

    points: byte, place in the file, and the state there, from which to read on; 64 at most.
    """

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self._path, self._file = path, file
        self._size = _stated_size(path, file)
        self._wanted = self._at = 0
        self._inflate = zlib.decompressobj(31)  # with gzip's header and its check at the end
        self._apart = max(1 << 20, self._size // 64)
        self._file.seek(0)
        self._points = [(0, 0, self._inflate.copy())]

    def _go_back(self) -> None:
        """To the last point from which reading on leads to the byte that is wanted."""
        index = bisect.bisect(self._points, self._wanted, key=lambda point: point[0]) - 1
        self._at, place, inflate = self._points[index]
        self._inflate = inflate.copy()
        self._file.seek(place)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._wanted, os.SEEK_END: self._size}[whence]
        self._wanted = max(0, base + offset)
        return self._wanted

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        view = memoryview(buffer).cast("B")
        most = min(len(view), self._size - self._wanted)
        if most <= 0:
            return 0
        if self._wanted < self._at:
            self._go_back()
        while self._at < self._wanted:
            self._some(min(_STEP, self._wanted - self._at))
        data = self._some(most)
        view[: len(data)] = data
        self._wanted = self._at
        return len(data)

    def _some(self, most: int) -> bytes:
        """The next bytes, one at least; with the last ones the end of the file is checked."""
        data = b""
        while not data:
            data = self._fed(most)
        self._at += len(data)
        if self._at - self._points[-1][0] >= self._apart:
            self._points.append((self._at, self._file.tell(), self._inflate.copy()))
        if self._at == self._size:
            while not self._inflate.eof:
                if self._fed(1):
                    raise self._damaged(f"it is longer than {self._size} bytes, which it states")
            if self._inflate.unused_data or self._file.read(1):
                raise self._damaged("something stands behind its first member")
        return data

    def _fed(self, most: int) -> bytes:
        """At most so many bytes; none only where more must be read for them."""
        packed = self._inflate.unconsumed_tail or self._file.read(_STEP)
        ended = self._inflate.eof
        try:
            data = self._inflate.decompress(packed, most)
        except zlib.error as error:
            raise self._damaged(str(error)) from None
        if not packed and not data and not self._inflate.eof:
            raise self._damaged("it is torn")
        if ended or (not data and self._inflate.eof and self._at < self._size):
            raise self._damaged(f"it is shorter than {self._size} bytes, which its end states")
        return data

    def _damaged(self, found: str) -> Damaged:
        return Damaged(f"{self._path}: not one whole gzip member: {found}; copy it again")

    def close(self) -> None:
        self._file.close()
        super().close()


def _open_gzip(path: Path) -> BinaryIO:
    file = path.open("rb")
    try:
        return io.BufferedReader(_Gunzip(path, file), _STEP)
    except BaseException:
        file.close()
        raise


def protect(path: Path) -> None:
    """Take the right to write away from everybody, as a closed segment has it; not vital."""
    with contextlib.suppress(OSError):
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o222:
            os.chmod(path, mode & ~0o222)


def gzip(path: Path) -> Path:
    """Put a closed segment's gzip file in its place and return that; the caller holds the lock.

    The same bytes always make the same file: no name, no time. At any moment, a crash at any step
    included, one of the two stands whole; the plain one goes when the other was read back. Damaged
    if another gzip file stands there and is not of the same bytes.
    """
    return _exchange(path, path.with_name(f"{path.name}.gz"), _deflated)


def gunzip(path: Path) -> Path:
    """Undo `gzip`; the same promises."""
    return _exchange(path, path.with_suffix(""), _pieces)


def _pieces(path: Path) -> Iterator[bytes]:
    with open_segment(path) as file:
        yield from iter(lambda: file.read(1 << 20), b"")


def _deflated(path: Path) -> Iterator[bytes]:
    deflate = zlib.compressobj(9, zlib.DEFLATED, 31)
    yield from filter(None, map(deflate.compress, _pieces(path)))
    yield deflate.flush()


def _exchange(source: Path, target: Path, make: Callable[[Path], Iterable[bytes]]) -> Path:
    with io_failure(source):
        if not target.exists():
            written = target.with_name(f".new.{target.name}")
            with contextlib.suppress(FileNotFoundError):
                os.unlink(written)  # what was killed may have left it, not to be written to
            try:
                write_pieces(written, os.O_CREAT | os.O_EXCL, make(source))
                os.chmod(written, stat.S_IMODE(source.stat().st_mode) & ~0o222)
                _compare(source, written)
                os.replace(written, target)
            except BaseException:
                with contextlib.suppress(OSError):
                    os.unlink(written)
                raise
            sync_folder(target.parent)
        else:
            _compare(source, target)
        os.unlink(source)
        sync_folder(source.parent)
    return target


def _compare(one: Path, other: Path) -> None:
    """Damaged unless both hold the same bytes."""
    for ours, theirs in itertools.zip_longest(_pieces(one), _pieces(other)):
        if ours != theirs:
            raise Damaged(
                f"{other}: not the bytes of {one.name}; compare both with another copy of the"
                " archive and remove the wrong one"
            )
