"""Who may read what: the modes of what is made, and the sentence for whoever may not.

A folder says who reads what is in it: a new file is readable to those who may read its folder, and
writable to its owner alone. So a pit is as private as its folder, and no umask makes it wider or
narrower. What is made has its mode from the start; it is never wide first.
"""

import contextlib
import errno
import grp
import os
import pwd
import stat
from pathlib import Path

__all__ = [
    "barred",
    "close",
    "file_mode",
    "group_name",
    "has_mode",
    "make_folder",
    "make_inside",
    "umask",
]

PRIVATE, PUBLIC = 0o700, 0o755


def umask() -> int:
    """The process's umask."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def file_mode(folder: Path | str) -> int:
    """The mode of a new file in a folder: 0600, and 0640 or 0644 where group or all may look."""
    return 0o600 | stat.S_IMODE(os.stat(folder).st_mode) & 0o044


def has_mode(fd: int, mode: int) -> None:
    """Give an open file the permission bits, whatever the umask has taken; OSError.

    A disk that knows no modes is let be, unless others could read there what they shall not.
    """
    found = stat.S_IMODE(os.fstat(fd).st_mode) & 0o777
    if found != mode:
        try:
            os.fchmod(fd, mode)
        except OSError:
            if found & ~mode & 0o077:
                raise


def make_folder(folder: Path, mode: int = PRIVATE) -> None:
    """Make a folder of that mode, and those missing above it (0755 at most); each is on disk.

    One that is there keeps its mode; OSError for what is there and no folder.
    """
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir(mode if path == folder else PUBLIC, exist_ok=True)
        fd = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def make_inside(folder: Path) -> None:
    """Make a folder that those may read who may read the one that it is in."""
    mode = PRIVATE | stat.S_IMODE(folder.parent.stat().st_mode) & 0o055
    folder.mkdir(mode)
    folder.chmod(folder.stat().st_mode & 0o7000 | mode)


def close(folder: Path) -> bool:
    """Shut a folder to all but its owner and its group; whether it was open. OSError."""
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode & 0o007:
        folder.chmod(mode & ~0o007)
    return bool(mode & 0o007)


def barred(path: Path | str) -> str:
    """Why this process may not read what is there, as a sentence; '' where it may."""
    where = Path(os.path.abspath(path))
    for place in (*reversed(where.parents), where):
        try:
            about = place.stat()
        except OSError:
            return ""
        folder = stat.S_ISDIR(about.st_mode)
        wanted = os.X_OK if folder and place != where else os.R_OK | (os.X_OK if folder else 0)
        if not os.access(place, wanted, effective_ids=os.access in os.supports_effective_ids):
            return f"{place}: Permission denied: {_readers(about)}"
    return ""


def _readers(about: os.stat_result) -> str:
    """Who may read, and who asks."""
    owner, group = _user(about.st_uid), group_name(about.st_gid)
    me = _user(os.geteuid())
    if about.st_mode & 0o050:
        return (
            f"it is for {owner} and the members of the group {group}, and you are {me}; whoever "
            f"runs the pit adds you to the group"
        )
    return f"it is for {owner} alone, and you are {me}; ask {owner} for what you need of it"


def _user(number: int) -> str:
    with contextlib.suppress(KeyError):
        return pwd.getpwuid(number).pw_name
    return f"user {number}"


def group_name(number: int) -> str:
    """A group's name; its number where it has none."""
    with contextlib.suppress(KeyError):
        return grp.getgrgid(number).gr_name
    return str(number)
