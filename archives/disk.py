"""Writing files so that a crash or a power cut loses nothing that was promised."""

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from pit.archives.errors import IOFailure


@contextlib.contextmanager
def io_failure(where: Path) -> Iterator[None]:
    """Turn what the system reports into IOFailure."""
    try:
        yield
    except OSError as error:
        found = f"{error.filename or where}: {error.strerror or error}"
        raise IOFailure(f"{found}; put that right and start again") from error


def write_synced(path: Path, flags: int, data: bytes) -> None:
    """Write all of `data` to the file and the file to disk. `flags`: of open(2), how to open it."""
    fd = os.open(path, os.O_WRONLY | flags, 0o666)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(fd, rest) :]
        os.fsync(fd)
    finally:
        os.close(fd)


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
            os.replace(temporary, path)
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise
        sync_folder(path.parent)
