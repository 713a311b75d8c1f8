"""Send a pit's archive to stdout, up to the last seal: what filters read.

    $ pit read --for match | pit match | pit publish match

With `--for`, the newest checkpoints of those filters that are here come first, and then only the
entries that one of them has not read.
"""

import os
import re
import sys
from hashlib import sha256
from pathlib import Path

from pit.archives import mbox
from pit.archives.access import make_folder
from pit.archives.disk import io_failure, write_atomic
from pit.archives.errors import NoInput, PitError, UsageError
from pit.archives.extent import chunks
from pit.archives.mbox import Checkpoint
from pit.archives.offsets import offset_of
from pit.pits.home import Home, choose_pit, root
from pit.pits.options import Part, add_part, add_pit, parser, part

__all__ = ["checkpoint_path", "idle", "keep_checkpoint", "main", "offset_of", "usable"]


def checkpoint_path(home: Home, pit: str, name: str, part: Part = None) -> Path:
    """Where the checkpoint of a filter, or of a part of it, is kept."""
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,31}", name):
        raise UsageError(f"'{name}' is not a filter's name")
    suffix = ""
    if isinstance(part, frozenset):
        suffix = f".{'+'.join(sorted(part))}"
    elif part:
        suffix = f".{part[0]}-of-{part[1]}"
    return home.checkpoints(pit) / f"{name}{suffix}.mbox"


def keep_checkpoint(path: Path, data: bytes) -> None:
    """Keep a checkpoint, and beside it its hash, as `sha256sum -c` reads it.

    A kill between the two, or a broken disk, leaves a checkpoint that is not used.
    """
    with io_failure(path):
        make_folder(path.parent)
    write_atomic(path, data)
    write_atomic(_hash_file(path), _hash_line(path, data))


def _hash_file(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def _hash_line(path: Path, data: bytes) -> bytes:
    return f"{sha256(data).hexdigest()}  {path.name}\n".encode()


def idle(path: Path, sealed: tuple[int, str]) -> bool:
    """Whether the checkpoint in a file is of the last seal, and says of nothing that it is owed.

    Then its filter has nothing to read and nothing to publish. Where the file is not whole: no.
    """
    try:
        data = path.read_bytes()
        if _hash_file(path).read_bytes() != _hash_line(path, data):
            return False
        found = next(mbox.read([data]), None)
    except (OSError, PitError):
        return False
    return (
        isinstance(found, Checkpoint)
        and found.filter == path.name.partition(".")[0]
        and (found.number, found.root) == sealed
        and not re.search(r"^(?:owed|stands) ", found.text, re.MULTILINE)
    )


def usable(path: Path, folder: Path, pit: str) -> Checkpoint | None:
    """The checkpoint in a file, if it is whole and was taken in this archive; else None and a note.

    Without one, all is worked out from the archive's first entry on.
    """
    try:
        data = path.read_bytes()
    except (FileNotFoundError, PermissionError):  # it is the notary's own: a member goes without
        return None
    try:
        whole = _hash_file(path).read_bytes() == _hash_line(path, data)
    except FileNotFoundError:
        whole = False
    if not whole:
        print(f"pit: {path}: its hash is not the one kept beside it; not used", file=sys.stderr)
        return None
    try:
        found = next(mbox.read([data]), None)
    except PitError as error:
        print(f"pit: {path}: {error}; not used", file=sys.stderr)
        return None
    name = path.name.partition(".")[0]
    if not isinstance(found, Checkpoint) or found.filter != name:
        print(f"pit: {path}: it is no checkpoint of {name}; not used", file=sys.stderr)
        return None
    if _root_of(folder, pit, found.number) != found.root:
        print(f"pit: {path}: it was not taken in this archive; not used", file=sys.stderr)
        return None
    return found


def _root_of(folder: Path, pit: str, number: int) -> str:
    """The root that `seal NUMBER` states in this archive; '' where there is no such seal."""
    start = offset_of(folder, pit, number + 1)
    if start < 0:
        return ""
    for entry in mbox.entries(chunks(folder, pit, start, 1 << 14)):
        found = re.search(
            rf"^seal {number}\n(?:  .*\n)*?  root: ([0-9a-f]{{64}})$", entry.text, re.M
        )
        return found[1] if found else ""
    return ""


def main(argv: list[str]) -> int:
    """Send the stream."""
    options = parser("read", __doc__)
    add_pit(options)
    options.add_argument(
        "--for", dest="names", metavar="FILTER,…", default="", help="begin with their checkpoints"
    )
    add_part(options)
    args = options.parse_args(argv)
    home = Home(root())
    pit = choose_pit(home, args.pit)
    folder = home.archive(pit)
    names = [name for name in args.names.split(",") if name]
    of = part(args)
    found: list[Checkpoint] = []
    for name in names:
        checkpoint = usable(checkpoint_path(home, pit, name, of), folder, pit)
        if checkpoint is None:
            found = []
            break
        found.append(checkpoint)
    start = offset_of(folder, pit, min(c.number for c in found) + 1) if found else 0
    out = sys.stdout.buffer
    for checkpoint in found:
        path = checkpoint_path(home, pit, checkpoint.filter, of)
        out.write(path.read_bytes())
    empty = True
    for chunk in chunks(folder, pit, start):
        empty = False
        out.write(chunk)
    out.flush()
    if empty and not found:
        raise NoInput(f"{folder}: nothing stands yet")
    return os.EX_OK
