"""Writing files so that a crash or a power cut loses nothing that was promised; the one lock."""

import contextlib
import errno
import fcntl
import os
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path

from pit.archives.access import PUBLIC, barred, file_mode, has_mode, make_folder
from pit.archives.errors import Busy, CannotCreate, Denied, IOFailure


@contextlib.contextmanager
def io_failure(where: Path) -> Iterator[None]:
    """Turn what the system reports into IOFailure; into Denied where this process may not read."""
    try:
        yield
    except PermissionError as error:
        why = barred(error.filename or where)
        found = f"{error.filename or where}: {error.strerror}; put that right and start again"
        raise (Denied(why) if why else IOFailure(found)) from error
    except OSError as error:
        found = f"{error.filename or where}: {error.strerror or error}"
        raise IOFailure(f"{found}; put that right and start again") from error


def write_synced(path: Path, flags: int, data: bytes) -> None:
    """Write all of `data` to the file and the file to disk. `flags`: of open(2), how to open it."""
    write_pieces(path, flags, [data])


def write_pieces(path: Path, flags: int, pieces: Iterable[bytes]) -> None:
    """The same with data that comes piece by piece. A new file has `file_mode`."""
    mode = file_mode(path.parent) if flags & os.O_CREAT else 0
    fd = os.open(path, os.O_WRONLY | flags, mode)
    try:
        if mode:
            has_mode(fd, mode)
        right = os.fstat(fd).st_size if flags & os.O_APPEND else 0
        for piece in pieces:
            right += len(piece)
            rest = memoryview(piece)
            while rest:
                rest = rest[os.write(fd, rest) :]
        if (found := os.fstat(fd).st_size) < right:  # the system lied
            raise OSError(errno.EIO, f"{found} bytes where {right} were written", str(path))
        os.fsync(fd)
    finally:
        os.close(fd)


def rename(old: Path, new: Path) -> None:
    """Give a file another name, and look whether the old one is gone: a mark hangs on it."""
    os.replace(old, new)
    if os.path.lexists(old):
        raise OSError(errno.EIO, f"it was not renamed to {new.name}", str(old))


def cut(path: Path, size: int) -> None:
    """Leave the first `size` bytes of a file, on disk."""
    os.truncate(path, size)
    if (found := path.stat().st_size) != size:
        raise OSError(errno.EIO, f"{found} bytes after it was cut to {size}", str(path))
    write_synced(path, os.O_APPEND, b"")


def sync_folder(folder: Path) -> None:
    """Put on disk which names the folder holds."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def write_atomic(path: Path, data: bytes) -> None:
    """Put `data` at `path`: at any time, even after a crash, the old file or the new, whole.

    IOFailure if that cannot be promised; either may then stand there.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    with io_failure(path):
        try:
            write_synced(temporary, os.O_CREAT | os.O_EXCL, data)
            rename(temporary, path)
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise
        sync_folder(path.parent)


def copy(old: Path, new: Path) -> None:
    """Copy a file's bytes to a new one, on disk."""
    with old.open("rb") as file:
        pieces = iter(lambda: file.read(1 << 20), b"")
        write_pieces(new, os.O_CREAT | os.O_EXCL, pieces)


def take_lock(folder: Path) -> int:
    """Make an archive's folder if need be, lock its `lock`, and return the open file.

    Busy if another program holds it; closing the file gives it back.
    """
    try:
        if not folder.exists():
            make_folder(folder, PUBLIC)
        fd = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)  # who may read it may hold it
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


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of an archive."""
    fd = take_lock(folder)
    try:
        yield
    finally:
        os.close(fd)
