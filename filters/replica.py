"""The files of a replica: what rsync fetches beside them, and how it takes their place.

DST/NNNNNNNNNN.mbox     its segments, plain or gzipped
DST/.incoming/          what is being fetched; what a killed run left, the next one removes
DST/refused/            what was fetched and not taken
"""

import os
import re
import secrets
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from pit.archives.access import PUBLIC, barred, close, file_mode, make_folder, make_inside, umask
from pit.archives.disk import copy, io_failure, sync_folder
from pit.archives.errors import (
    CannotCreate,
    Damaged,
    Denied,
    IOFailure,
    Misconfigured,
    NoInput,
    UsageError,
)
from pit.archives.extent import chunks, extent, open_segment
from pit.archives.segment import first_entry, list_segments, protect

LARGEST = "2G"
"""A segment is smaller; nothing larger is fetched (a size as rsync reads it)."""

SILENCE = 600
"""Seconds without a byte after which a source is given up."""

_TRIES = 3
_FILE_IO, _VANISHED = 11, 24  # rsync(1), EXIT VALUES
_DIGITS = "[0-9]" * 10
_NAME = re.compile(r"[0-9]{10}\.mbox(\.gz)?")
_WRITING = re.compile(r"^rsync: \[(?:receiver|generator)\]", re.MULTILINE)
_MAY_NOT = re.compile(r"Permission denied", re.IGNORECASE)  # rsync's words, and those of ssh
_SSH = re.compile(
    r"ssh://([A-Za-z0-9_][A-Za-z0-9._-]*@)?([A-Za-z0-9][A-Za-z0-9._-]*|\[[0-9A-Fa-f:.%]+\])"
    r"(?::([0-9]{1,5}))?(/[^\0\n]*)"
).fullmatch
_SKIPPED = re.compile(r"^(?:skipping non-regular file \".*\"|.* is over max-size)$", re.MULTILINE)


def is_remote(place: str) -> bool:
    """Whether rsync takes it for a place on another host: a colon before the first slash."""
    return ":" in place.partition("/")[0]


def by_ssh(source: str, rsh: str) -> tuple[str, str]:
    """`ssh://USER@HOST:PORT/FOLDER` as rsync has it, and the command to reach it; others as is.

    UsageError for what is no such place, such as a host that ssh would take for an option.
    """
    if not source.startswith("ssh://"):
        return source, rsh
    found = _SSH(source)
    if found is None:
        raise UsageError(f"'{source[:80]}' is no place; write ssh://USER@HOST:PORT/FOLDER")
    user, host, port, folder = found.groups("")
    command = rsh or os.environ.get("RSYNC_RSH", "ssh")
    return f"{user}{host}:{folder}", f"{command} -p {port}" if port else rsh


def staging(target: Path) -> Path:
    """A new folder on the target's disk; what earlier runs left is removed.

    It has a name of its own, for an rsync that outlived its killed run may go on writing.
    """
    clear(target)
    folder = target / ".incoming" / secrets.token_hex(8)
    with io_failure(target):
        if not folder.parent.exists():
            make_inside(folder.parent)
        make_inside(folder)
    return folder


def begin(target: Path) -> bool:
    """Make the folder of a replica, for its owner alone; False where there is one."""
    try:
        if target.exists():
            return False
        make_folder(target)
    except OSError as error:
        raise CannotCreate(f"{error.filename or target}: {error.strerror}") from error
    return True


def give_up(target: Path) -> None:
    """Remove the folder of a new replica if nothing came to be there."""
    if {path.name for path in target.iterdir()} <= {"lock"}:
        shutil.rmtree(target, ignore_errors=True)


def fit_mode(target: Path, *, new: bool, private: bool) -> None:
    """Let others read a new replica of a public pit, as the umask says; and none of a private one.

    A folder that was there keeps its group and what that may do.
    """
    with io_failure(target):
        if private:
            close(target)
        elif new:
            target.chmod(PUBLIC & ~umask())


def clear(target: Path) -> None:
    """Remove what was fetched."""
    shutil.rmtree(target / ".incoming", ignore_errors=True)


def fetch(source: str, folder: Path, replica: Path, rsh: str = "", *, lend: bool = True) -> None:
    """Copy the segments of a source into `folder`, which is made anew.

    What has the same bytes in the replica is linked. How a segment lies, gzipped or not, is
    everybody's own choice: with `lend`, a closed one that the replica has in the other form is not
    fetched but lent from there, for what follows only holds above the same bytes. NoInput where the
    source cannot be read or has no segments, Denied where others may read it, IOFailure where they
    cannot be written, Damaged where it holds what is no segment.
    """
    others = _other_forms(replica) if lend else []
    with io_failure(folder):
        shutil.rmtree(folder, ignore_errors=True)
        make_inside(folder)
    _rsync(source, folder, replica, others, rsh)
    last = max((first_entry(path.name) for path in list_segments(folder)), default=0)
    if any(first_entry(name) >= last for name in others):
        fetch(source, folder, replica, rsh, lend=False)
        return
    if not last:
        raise NoInput("no archive is there: no file like 0000000001.mbox")
    for path in list_segments(replica)[:-1] if others else ():
        if not (folder / path.name).exists():
            _link(path, folder / path.name)


def _other_forms(replica: Path) -> list[str]:
    """The names that the replica's closed segments do not have: gzipped ones plain, and so on."""
    names = [path.name for path in list_segments(replica)[:-1]]
    return [name[:-3] if name.endswith(".gz") else f"{name}.gz" for name in names]


def _rsync(source: str, folder: Path, replica: Path, others: Iterable[str], rsh: str) -> None:
    source, rsh = by_ssh(source, rsh)
    place = source if is_remote(source) else str(Path(source).absolute())
    place += "" if place.endswith("/") else "./" if place.endswith(":") else "/"
    command = ["rsync", "--dirs", "--checksum", "--chmod=Fu=rw,Fgo=r", f"--max-size={LARGEST}"]
    command += [f"--timeout={SILENCE}", "--info=skip1", f"--link-dest={replica}"]
    command += [f"--exclude={name}" for name in others]
    command += [f"--include={_DIGITS}.mbox", f"--include={_DIGITS}.mbox.gz", "--exclude=*"]
    command += [f"--rsh={rsh}"] if rsh else []
    command += ["--", place, f"{folder}/"]
    for _ in range(_TRIES):
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                umask=~file_mode(folder) & 0o777,
            )
        except OSError as error:
            why = "rsync cannot be run; install it (apt-get install rsync)"
            raise Misconfigured(why) from error
        if done.returncode != _VANISHED:  # a segment was gzipped meanwhile
            break
    said = (done.stdout + b"\n" + done.stderr).decode(errors="replace")
    if done.returncode:
        reason = _reason(said, done.returncode)
        if done.returncode == _FILE_IO or _WRITING.search(said):
            raise IOFailure(reason)
        if not is_remote(source) and (why := barred(place)):
            raise Denied(why)
        raise (Denied if _MAY_NOT.search(said) else NoInput)(reason)
    if skipped := _SKIPPED.search(said):
        raise Damaged(f"{skipped[0]}; a segment is a plain file of at most {LARGEST}")
    _check_files(folder)


def _reason(said: str, status: int) -> str:
    """What rsync or the remote shell says, in a line, without rsync's summing up."""
    lines = [line for line in said.split("\n") if not line.startswith("rsync error: ")]
    return " ".join(" ".join(lines).split())[:500] or f"rsync ended with {status}"


def _check_files(folder: Path) -> None:
    """Damaged unless all that came are plain files with names of segments."""
    with io_failure(folder), os.scandir(folder) as found:
        for entry in found:
            if not _NAME.fullmatch(entry.name) or not entry.is_file(follow_symlinks=False):
                raise Damaged(f"{entry.name[:80]}: no plain file with the name of a segment")


def _link(path: Path, place: Path) -> None:
    """The same file under another name; a copy where the disk knows no links."""
    with io_failure(place):
        try:
            os.link(path, place)
        except OSError:
            copy(path, place)


def cut(folder: Path, pit: str) -> None:
    """Drop what stands below the last seal: the notary may have been writing. NoInput for all."""
    parts = dict(extent(folder, pit))
    with io_failure(folder):
        for path in list(folder.iterdir()):
            if path not in parts:
                path.unlink()
            elif path.suffix == ".mbox" and path.stat().st_size > parts[path]:
                own = path.with_name("own")  # not the replica's, if it is linked
                copy(path, own)
                os.truncate(own, parts[path])
                os.replace(own, path)


def check_names(folder: Path, pit: str) -> None:
    """Damaged unless each segment begins with the entry that it is named by."""
    for path, _ in extent(folder, pit):
        right = f"From {first_entry(path.name)}@{pit}.pit ".encode()
        with io_failure(path), open_segment(path) as file:
            found = file.read(len(right))
        if found != right:
            raise Damaged(f"{path.name}: begins with {found!r}; by its name {right!r} is right")


def agree(one: Path, other: Path, pit: str) -> bool:
    """Whether two folders hold the same bytes as far as both go."""
    ones, others = chunks(one, pit), chunks(other, pit)
    left = right = b""
    while True:
        left, right = left or next(ones, b""), right or next(others, b"")
        size = min(len(left), len(right))
        if left[:size] != right[:size]:
            return False
        if not size:
            return True
        left, right = left[size:], right[size:]


def fits(folder: Path, target: Path, pit: str) -> bool:
    """Whether what may be read in `folder` is cut into files as in the target, and goes on."""
    theirs, ours = (
        [(first_entry(path.name), size) for path, size in extent(where, pit)]
        for where in (folder, target)
    )
    end = len(ours) - 1
    return (
        len(theirs) > end
        and theirs[:end] == ours[:end]
        and theirs[end][0] == ours[end][0]
        and theirs[end][1] >= ours[end][1]
    )


def take(folder: Path, target: Path, pit: str, old: Path | None = None) -> None:
    """Put what was fetched in its place, so that at any time a whole archive stands there.

    Segment by segment, each on disk before it is named. Where one stands both gzipped and plain,
    the plain one counts: the older, until it goes. old: where a segment that is replaced is kept.
    """
    parts = extent(folder, pit)
    with io_failure(target):
        for path, _ in parts:
            place = target / path.name
            if not (place.exists() and place.samefile(path)):
                if old and place.exists():
                    _link(place, old / place.name)
                path.chmod(file_mode(target))
                with path.open("rb") as file:
                    os.fsync(file.fileno())
                os.replace(path, place)
                sync_folder(target)
            twin = path.name[:-3] if path.suffix == ".gz" else f"{path.name}.gz"
            (target / twin).unlink(missing_ok=True)
            if path != parts[-1][0]:
                protect(place)
        sync_folder(target)


def put_aside(folder: Path, target: Path, name: str, *, stays: bool = False) -> Path:
    """Move a folder to `refused/NAME`; what has that name already stays, or goes."""
    place = target / "refused" / name
    with io_failure(place):
        if not place.parent.exists():
            make_inside(place.parent)
        if place.exists():
            if stays:
                return place
            os.rename(place, folder.with_name(f"{folder.name}.before"))  # in .incoming: it goes
        os.rename(folder, place)
        sync_folder(place.parent)
    return place
