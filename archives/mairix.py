"""An index made and asked by mairix: a folder that can go at any time.

It has a part for each 50,000 entries or GiB of text, whatever the archive's segments are, below
mairix's limits of 65,536 mails and 2 GiB a file:

    state              how far it goes: entries, and where in the archive the last one begins
    0000000001/db      mairix's database of the part that begins with entry 1
    0000000001/starts  where the text of each of its entries begins, 8 bytes each, this machine's
    0000000001/sums    the hashes of these two, as `sha256sum -c` reads them
    0000000001/text    the texts as an mbox, while the part can still grow

New entries go into the last part. The index is made anew of an archive that has another entry, or
none, where the last one was seen; and when a hash is wrong, since mairix answers from a torn
database as if nothing were missing. It runs in the folder of a part and is given names of ours
alone: in its rc file `$`, `:`, `#`, `%` and blanks of a path would mean something.
"""

import fcntl
import itertools
import os
import re
import shutil
import subprocess
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, NamedTuple, TypeVar

from pit.archives import mbox
from pit.archives.access import make_folder
from pit.archives.disk import io_failure, write_atomic
from pit.archives.entry import NO_STAMP
from pit.archives.errors import Damaged, IOFailure, Misconfigured
from pit.archives.extent import chunks, extent
from pit.archives.mailbox import stamp_of
from pit.archives.mbox import Entry

__all__ = ["Broken", "State", "ask", "with_index"]

PART_ENTRIES, PART_BYTES = 50_000, 1 << 30
_FROM = b"From pit Thu Jan  1 00:00:00 1970\n"
_RCS = ("db", "next")  # the database that is asked, and the one that is being made
_RC = "base=.\nmbox=text\nmformat=raw\ndatabase=./{}\n"
_STATE = re.compile(rb"index 1 (\S+) (\d{1,15}) (\d{1,18}) ([0-9a-f]{64}) (\d{1,15}) (\d{1,12})\n")
_HIT = re.compile(rb"mbox:\./text \[(\d+),\d+\)")
_Found = TypeVar("_Found")
_Standing = Iterator[tuple[int, Entry]]


class State(NamedTuple):
    """How far an index goes: `entries`, the last at byte `start`; its stamp's sha256 (hex).

    part: the first entry of the part that can still grow; text: the bytes of text in that.
    """

    pit: str
    entries: int
    start: int
    stamp: str
    part: int
    text: int


class Broken(Exception):
    """The index and mairix do not fit together: it is made anew, once."""


def with_index(
    folder: Path,
    pit: str,
    index: Path,
    text: Callable[[Entry], bytes],
    use: Callable[[State], _Found],
    anew: bool = False,
    told: Callable[[int], object] = lambda entries: None,
) -> _Found:
    """Bring an index up to the archive's last seal and use it; whoever comes second waits.

    index: its folder, made if need be (OSError where it cannot be). text: what of an entry is
    searched, as mail headers and body. anew: drop what is there. told: called with the number of
    entries so far after each part. Damaged, NoInput as the archive's readers say; IOFailure with
    what mairix said; Misconfigured if it is not installed.
    """
    extent(folder, pit)  # where there is no archive, no folder is made
    make_folder(index)
    with (index / "lock").open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        os.set_inheritable(file.fileno(), True)  # a mairix that outlives us holds the lock, too
        with io_failure(index):
            said = ""
            for fresh in (anew, True):
                try:
                    return use(_updated(folder, pit, index, text, fresh, told))
                except Broken as error:
                    said = str(error)
    raise IOFailure(f"{index}: mairix fails on an index just made: {said}; is it 0.24 or later?")


def ask(index: Path, words: Sequence[str]) -> Iterator[int]:
    """The numbers of the entries that mairix finds, ascending; words: its search expressions."""
    for part in _parts(index):
        status, out, err = _run(part, "db", "-r", "--", *words)
        if status > 1 or status < 0 or err:  # 1: nothing found
            raise Broken(err or f"status {status}")
        starts = _starts(part)
        for line in out.splitlines():
            found = _HIT.fullmatch(line)
            at = bisect_left(starts, int(found[1])) if found else len(starts)
            if not found or starts[at : at + 1] != array("Q", [int(found[1])]):
                raise Broken(f"{line!r} is no place where an entry begins")
            yield int(part.name) + at


# --- bringing it up to date -------------------------------------------------------------------


def _updated(
    folder: Path,
    pit: str,
    index: Path,
    text: Callable[[Entry], bytes],
    anew: bool,
    told: Callable[[int], object],
) -> State:
    known = None if anew else _load(index, pit)
    standing = known and _after(folder, known)
    if known is None or standing is None or not _whole(index, known):
        known, standing = State(pit, 0, 0, NO_STAMP, 1, 0), _standing(folder, pit, 0)
        (index / "state").unlink(missing_ok=True)
        _remove_parts(index, 1)
        for name in _RCS:
            (index / f"{name}.rc").write_text(_RC.format(name))
    while one := next(standing, None):
        known = _grown(index, known, itertools.chain([one], standing), text)
        told(known.entries)
    return known


def _standing(folder: Path, pit: str, start: int) -> _Standing:
    """The entries from that byte on, each with the byte at which it begins."""
    for entry in mbox.entries(chunks(folder, pit, start)):
        yield start, entry
        start += len(entry.raw)


def _after(folder: Path, known: State) -> _Standing | None:
    """The entries that the index lacks; None if this is not the archive that it was made of."""
    standing = _standing(folder, known.pit, known.start)
    try:
        _, last = next(standing, (0, None))
    except Damaged:
        return None  # it is read, and named, from its beginning
    if last is None or (last.number, _digest(last)) != (known.entries, known.stamp):
        return None
    return standing


def _digest(entry: Entry) -> str:
    """sha256 of the stamp, which names every stamp before it, and so every mail."""
    return sha256(stamp_of(entry)[0]).hexdigest()


def _grown(index: Path, known: State, standing: _Standing, text: Callable[[Entry], bytes]) -> State:
    """The index with the next entries in its last part: all of them, or as many as have room."""
    part = index / f"{known.part:010d}"
    part.mkdir(exist_ok=True)
    starts, full = array("Q"), False
    with (part / "text").open("ab") as out:
        for start, entry in standing:
            if entry.number != known.entries + 1:
                raise Damaged(f"entry {entry.number} stands where {known.entries + 1} should")
            message = _FROM + text(entry)
            starts.append(known.text + len(_FROM))
            out.write(message)
            size = known.text + len(message)
            known = known._replace(
                entries=entry.number, start=start, stamp=_digest(entry), text=size
            )
            full = entry.number - known.part + 1 >= PART_ENTRIES or size >= PART_BYTES
            if full:
                break
        _synced(out)
    with (part / "starts").open("ab") as file:
        file.write(starts.tobytes())
        _synced(file)
    _make_database(part)
    if full:
        known = known._replace(part=known.entries + 1, text=0)
    write_atomic(index / "state", f"index 1 {' '.join(map(str, known))}\n".encode())
    if full:
        (part / "text").unlink()
    return known


def _make_database(part: Path) -> None:
    """Let mairix read the new texts: into a copy, since it writes in place and may be killed."""
    new, old = part / "next", part / "db"
    new.unlink(missing_ok=True)
    if old.exists():
        shutil.copyfile(old, new)
    status, out, err = _run(part, "next")
    if status or out or err or not new.exists():
        raise Broken(err or out.decode(errors="replace") or f"status {status}")
    with new.open("rb") as file:
        _synced(file)
    new.replace(old)
    write_atomic(part / "sums", _sums(part))


def _synced(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _run(part: Path, database: str, *args: str) -> tuple[int, bytes, str]:
    """Run mairix: its exit status, stdout, stderr. The lock is ours: one of its own is stale."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("MAIRIX_")}
    try:
        done = subprocess.run(
            ["mairix", "-f", f"../{database}.rc", "--unlock", *args],
            cwd=part,
            env=env | {"LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            close_fds=False,
            check=False,
        )
    except FileNotFoundError as error:
        if error.filename != "mairix":
            raise
        raise Misconfigured(
            "the program mairix is not installed; as root: apt-get install mairix"
        ) from None
    return done.returncode, done.stdout, " ".join(done.stderr.decode(errors="replace").split())


# --- what is on disk --------------------------------------------------------------------------


def _load(index: Path, pit: str) -> State | None:
    """What the index says of itself; None if it is none of this pit, or of another version."""
    try:
        found = _STATE.fullmatch((index / "state").read_bytes())
    except FileNotFoundError:
        return None
    if found is None or found[1] != pit.encode():
        return None
    _, entries, start, stamp, part, text = found.groups()
    return State(pit, int(entries), int(start), stamp.decode(), int(part), int(text))


def _whole(index: Path, known: State) -> bool:
    """Whether each part is there; what a search that was killed had added is taken off."""
    count = known.entries - known.part + 1
    _remove_parts(index, known.part + (count > 0))
    part = index / f"{known.part:010d}"
    for name, size in (("text", known.text), ("starts", 8 * count)) if count else ():
        try:
            if (part / name).stat().st_size < size:
                return False
        except FileNotFoundError:
            return False
        os.truncate(part / name, size)
    following = 1
    for part in _parts(index):
        if int(part.name) != following or _sums(part) != _read(part / "sums"):
            return False
        following += len(_starts(part))
    return following == known.entries + 1 and all((index / f"{n}.rc").exists() for n in _RCS)


def _parts(index: Path) -> list[Path]:
    return [path for path in sorted(index.iterdir()) if re.fullmatch("[0-9]{10}", path.name)]


def _remove_parts(index: Path, first: int) -> None:
    """Remove the parts that begin with entry `first` or a later one."""
    for part in _parts(index):
        if int(part.name) >= first:
            shutil.rmtree(part)


def _sums(part: Path) -> bytes:
    lines = (f"{sha256(_read(part / name)).hexdigest()}  {name}\n" for name in ("db", "starts"))
    return "".join(lines).encode()


def _starts(part: Path) -> "array[int]":
    data = _read(part / "starts")
    return array("Q", data[: len(data) // 8 * 8])


def _read(path: Path) -> bytes:
    """The bytes of a file; none of one that is not there."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
