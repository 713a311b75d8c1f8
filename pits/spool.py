"""A Maildir: mail is on disk, whole, before anything looks at it (NOTARY: save first, think later).

The format is D. J. Bernstein's, so that mail servers can deliver into it and mail readers look into
it: a file is written in tmp/ and renamed into new/. Its name begins with the time of arrival.
"""

import errno
import os
import re
import secrets
import socket
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from pit.archives.access import file_mode, has_mode
from pit.archives.disk import io_failure, sync_folder
from pit.archives.errors import IOFailure, NoInput

__all__ = ["done", "done_all", "put", "put_all", "take", "waiting"]

MANY = 16
"""From so many mails on, whole file systems are put on disk instead of file after file."""

_TIME = re.compile(r"([0-9]+)\.(?:[^:]*?M([0-9]+))?")
_last = 0  # microseconds of this process's latest mail: a clock that stands still keeps the order


def put(folder: Path, mail: bytes) -> Path:
    """Add a mail and return its file in new/; it and its name are on disk then. Else IOFailure."""
    (arrived,) = put_all([(folder, mail)])
    return Path(arrived)


def put_all(mails: Sequence[tuple[Path, bytes]]) -> list[str]:
    """Add mails, each to its folder, and return the paths of their files in new/.

    They and their names are on disk then. Else IOFailure: some may have arrived, none is torn.
    """
    if not mails:
        return []
    folders = list(dict.fromkeys(folder for folder, _ in mails))
    added: list[_Added] = []
    try:
        with io_failure(folders[0]):
            for folder in folders:
                for sub in ("tmp", "new", "cur"):
                    _make(folder / sub)
            modes = {folder: file_mode(folder) for folder in folders}
            with _FileSystems(folders if len(mails) >= MANY else []) as systems:
                for folder, mail in mails:
                    name = _fresh_name()
                    added.append(_Added(f"{folder}/tmp/{name}", f"{folder}/new/{name}"))
                    _write(added[-1].written, mail, modes[folder], sync=not systems)
                systems.sync()
                for one in added:
                    os.rename(*one)
                _check_renamed(added, folders)
                systems.sync()
                for folder in [] if systems else folders:
                    sync_folder(folder / "new")
    except IOFailure:
        for one in added:
            with suppress(OSError):
                os.unlink(one.written)
        raise
    return [one.arrived for one in added]


class _Added(NamedTuple):
    """A mail's file, in tmp/ and then in new/."""

    written: str
    arrived: str


def _write(path: str, mail: bytes, mode: int, *, sync: bool) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        if mode & 0o077:
            has_mode(fd, mode)  # a notary of the same group reads it, whatever the umask
        rest = memoryview(mail)
        while rest:
            rest = rest[os.write(fd, rest) :]
        if (found := os.fstat(fd).st_size) != len(mail):  # the system lied
            raise OSError(errno.EIO, f"{found} bytes where {len(mail)} were written", path)
        if sync:
            os.fsync(fd)
    finally:
        os.close(fd)


def _check_renamed(added: Iterable[_Added], folders: Iterable[Path]) -> None:
    """OSError unless none is left in tmp/: a rename that did nothing may say that it worked."""
    left = {f"{folder}/tmp/{name}" for folder in folders for name in os.listdir(folder / "tmp")}
    for one in added:
        if one.written in left:
            raise OSError(errno.EIO, f"it was not renamed to {one.arrived}", one.written)


class _FileSystems:
    """The file systems below some folders, to be put on disk whole; false if that is not possible.

    One syncfs(2) says what a thousand fsync say, with one commit of the journal instead of so many.
    It reports what failed since the folder was opened: so they are opened first.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = folders if folders and _syncfs() else []
        self._open: list[int] = []

    def __enter__(self) -> "_FileSystems":
        for folder in {os.stat(folder).st_dev: folder for folder in self._folders}.values():
            self._open.append(os.open(folder, os.O_RDONLY | os.O_DIRECTORY))
        return self

    def __exit__(self, *_: object) -> None:
        for fd in self._open:
            os.close(fd)

    def __bool__(self) -> bool:
        return bool(self._open)

    def sync(self) -> None:
        """Put everything that was written there on disk; OSError if that failed."""
        if call := _syncfs():
            for fd in self._open:
                call(fd)


@cache
def _syncfs() -> Callable[[int], None] | None:
    """syncfs(2), None where there is none or it does not report errors: before Linux 5.8."""
    import ctypes  # not every verb pays for it

    about = os.uname()
    release = re.match(r"(\d+)\.(\d+)", about.release)
    if about.sysname != "Linux" or not release or (int(release[1]), int(release[2])) < (5, 8):
        return None
    call: Any = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)

    def syncfs(fd: int) -> None:
        if call(fd):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))

    return syncfs if call else None


def waiting(folder: Path) -> list[Path]:
    """Return the mails in new/ and cur/ in order of arrival; none if there is no such folder."""
    found: list[tuple[tuple[int, int, str], str]] = []
    with io_failure(folder):
        for sub in (f"{folder}/new", f"{folder}/cur"):
            with suppress(FileNotFoundError, NotADirectoryError):
                found += [
                    (_arrival(name), f"{sub}/{name}")
                    for name in os.listdir(sub)
                    if not name.startswith(".")
                ]
    return [Path(path) for _, path in sorted(found)]


def take(path: Path) -> bytes:
    """Return the bytes of a mail, which stays where it is; NoInput if it is gone."""
    try:
        fd = os.open(path, os.O_RDONLY)
        try:
            return b"".join(iter(lambda: os.read(fd, 1 << 16), b""))
        finally:
            os.close(fd)
    except FileNotFoundError as error:
        raise NoInput(f"{path}: the mail is gone; somebody else took it") from error
    except OSError as error:
        raise IOFailure(f"{path}: {error.strerror}") from error


def done(path: Path) -> None:
    """Remove a mail for good: after a crash it does not come back. Else IOFailure."""
    done_all([path])


def done_all(paths: Iterable[Path]) -> None:
    """Remove mails for good; their folders are put on disk once."""
    folders = dict[str, None]()
    for path in paths:
        try:
            os.unlink(path)
        except FileNotFoundError:
            pass
        except OSError as error:
            raise IOFailure(f"{path}: {error.strerror}") from error
        folders[str(path).rpartition("/")[0]] = None
    for folder in folders:
        with io_failure(Path(folder)):
            sync_folder(Path(folder))


def _make(folder: Path) -> None:
    """Make a folder and those above it, private, and sync each new name."""
    if not folder.is_dir():
        _make(folder.parent)
        folder.mkdir(0o700, exist_ok=True)
        sync_folder(folder.parent)


def _fresh_name() -> str:
    """Seconds, microseconds, process, a random part, host: unique, and later names sort later."""
    global _last
    _last = max(time.time_ns() // 1000, _last + 1)
    return f"{_last // 1_000_000:010d}.M{_last % 1_000_000:06d}{_ending(os.getpid())}"


@cache
def _ending(process: int) -> str:
    host = socket.gethostname().replace("/", r"\057").replace(":", r"\072")
    return f"P{process}R{secrets.token_hex(4)}.{host}"


def _arrival(name: str) -> tuple[int, int, str]:
    """The time in a name, ours or a mail server's: seconds, microseconds; then the name."""
    found = _TIME.match(name)
    return (int(found[1]), int(found[2] or 0), name) if found else (0, 0, name)
