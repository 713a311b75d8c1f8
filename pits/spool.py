"""A Maildir: mail is on disk, whole, before anything looks at it (NOTARY: save first, think later).

The format is D. J. Bernstein's, so that mail servers can deliver into it and mail readers look into
it: a file is written in tmp/ and renamed into new/. Its name begins with the time of arrival.
"""

import os
import re
import secrets
import socket
import time
from pathlib import Path

from pit.archives.disk import io_failure, sync_folder, write_synced
from pit.archives.errors import IOFailure, NoInput

__all__ = ["done", "put", "take", "waiting"]

_TIME = re.compile(r"([0-9]+)\.(?:[^:]*?M([0-9]+))?")
_last = 0  # microseconds of this process's latest mail: a clock that stands still keeps the order


def put(folder: Path, mail: bytes) -> Path:
    """Add a mail and return its file in new/; it and its name are on disk then. Else IOFailure."""
    with io_failure(folder):
        for sub in ("tmp", "new", "cur"):
            _make(folder / sub)
        name = _fresh_name()
        written, arrived = folder / "tmp" / name, folder / "new" / name
        try:
            write_synced(written, os.O_CREAT | os.O_EXCL, mail)
            os.rename(written, arrived)
        except OSError:
            written.unlink(missing_ok=True)
            raise
        sync_folder(arrived.parent)
    return arrived


def waiting(folder: Path) -> list[Path]:
    """Return the mails in new/ and cur/ in order of arrival; none if there is no such folder."""
    found: list[Path] = []
    with io_failure(folder):
        for sub in (folder / "new", folder / "cur"):
            if sub.is_dir():
                found += [path for path in sub.iterdir() if not path.name.startswith(".")]
    return sorted(found, key=_arrival)


def take(path: Path) -> bytes:
    """Return the bytes of a mail, which stays where it is; NoInput if it is gone."""
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise NoInput(f"{path}: the mail is gone; somebody else took it") from error
    except OSError as error:
        raise IOFailure(f"{path}: {error.strerror}") from error


def done(path: Path) -> None:
    """Remove a mail for good: after a crash it does not come back. Else IOFailure."""
    with io_failure(path):
        path.unlink(missing_ok=True)
        sync_folder(path.parent)


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
    seconds, micros = divmod(_last, 1_000_000)
    host = socket.gethostname().replace("/", r"\057").replace(":", r"\072")
    return f"{seconds:010d}.M{micros:06d}P{os.getpid()}R{secrets.token_hex(4)}.{host}"


def _arrival(path: Path) -> tuple[int, int, str]:
    """The time in a name, ours or a mail server's: seconds, microseconds; then the name."""
    found = _TIME.match(path.name)
    return (int(found[1]), int(found[2] or 0), path.name) if found else (0, 0, path.name)
