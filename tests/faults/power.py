"""A disk that loses its power: what may be left of what a program did, from its system calls.

A file that was not synced since it changed may have its old bytes, its new ones, zeros where it
grew, or be torn; a name that its folder was not synced for may be the old or the new. Each of these
for itself, as a file system may write them in any order.
"""

import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from tests.faults.tracer import Call

_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_PLACE = re.compile(r"<((?:\\x[0-9a-f]{2})*)>")
Tree = dict[str, bytes | None]
"""The files below a folder by their path, and its folders: None."""


def plain(text: str) -> bytes:
    """What strace -xx wrote as \\x41\\x42."""
    return bytes.fromhex(text.replace("\\x", ""))


class File:
    """An inode: its bytes, and those that are on disk for sure."""

    def __init__(self, data: bytes = b"") -> None:
        self.data, self.stable = data, data


FOLDER = File()
"""Stands for every folder."""


class _Open(NamedTuple):
    file: File
    append: bool


class Disk:
    """Everything below a folder; `apply` follows what a program does there, call by call."""

    def __init__(self, root: Path) -> None:
        self._root = str(root)
        self.names: dict[str, File] = {}
        for path in sorted(root.rglob("*")):
            if "/gnupg" not in str(path):
                made = FOLDER if path.is_dir() else File(path.read_bytes())
                self.names[str(path)] = made
        self.stable = dict(self.names)
        self._open: dict[int, _Open] = {}
        self._at: dict[int, int] = {}

    def apply(self, call: Call, *, lost: bool = False) -> None:
        """Do what a call did. lost: a sync that was none."""
        if call.result.startswith("-"):
            return
        writes = call.name in ("write", "pwrite64")
        places = [] if writes else [plain(found).decode() for found in _TEXT.findall(call.args)]
        getattr(self, f"_{call.name}", self._nothing)(call, places, lost)

    def _nothing(self, call: Call, *_: object) -> None:
        """Reading, locking, starting programs."""
        changes = ("write", "link", "rename", "trunc", "sync", "mkdir", "creat", "alloc", "copy")
        known = not any(word in call.name for word in changes)
        assert known or self._root not in plain_args(call), f"not modelled: {call}"

    def _openat(self, call: Call, places: list[str], _: bool) -> None:
        path = places[0]
        if not path.startswith(f"{self._root}/"):
            return
        file = self.names.get(path)
        if file is None:
            file = self.names[path] = File()
        if "O_TRUNC" in call.args:
            file.data = b""
        number = int(call.result.partition("<")[0])
        self._open[number], self._at[number] = _Open(file, "O_APPEND" in call.args), 0

    def _mine(self, call: Call) -> int:
        """The number of the open file, if it lies below the root; else -1."""
        place = _PLACE.search(call.args)
        inside = place and plain(place[1]).decode().startswith(self._root)
        return int(call.args.partition("<")[0]) if inside else -1

    def _write(self, call: Call, places: list[str], _: bool) -> None:
        if (number := self._mine(call)) >= 0:
            data = plain(_TEXT.search(call.args)[1])[: int(call.result)]
            file, append = self._open[number]
            at = len(file.data) if append else self._at[number]
            self._put(file, at, data)
            self._at[number] = at + len(data)

    def _pwrite64(self, call: Call, places: list[str], _: bool) -> None:
        if (number := self._mine(call)) >= 0:
            data = plain(_TEXT.search(call.args)[1])[: int(call.result)]
            self._put(self._open[number].file, int(call.args.rpartition(", ")[2]), data)

    @staticmethod
    def _put(file: File, at: int, data: bytes) -> None:
        file.data = file.data[:at].ljust(at, b"\0") + data + file.data[at + len(data) :]

    def _ftruncate(self, call: Call, places: list[str], _: bool) -> None:
        if (number := self._mine(call)) >= 0:
            self._cut(self._open[number].file, int(call.args.rpartition(", ")[2]))

    def _truncate(self, call: Call, places: list[str], _: bool) -> None:
        if places[0] in self.names:
            self._cut(self.names[places[0]], int(call.args.rpartition(", ")[2]))

    @staticmethod
    def _cut(file: File, size: int) -> None:
        file.data = file.data[:size].ljust(size, b"\0")

    def _rename(self, call: Call, places: list[str], _: bool) -> None:
        old, new = places
        if old in self.names:
            self.names[new] = self.names.pop(old)

    def _unlink(self, call: Call, places: list[str], _: bool) -> None:
        self.names.pop(places[0], None)

    def _mkdir(self, call: Call, places: list[str], _: bool) -> None:
        if places[0].startswith(self._root):
            self.names[places[0]] = FOLDER

    def _fsync(self, call: Call, places: list[str], lost: bool) -> None:
        number = self._mine(call)
        if number < 0 or lost:
            return
        folder = plain(_PLACE.search(call.args)[1]).decode()
        if self.names.get(folder, FOLDER) is FOLDER:
            inside = {path for path in {*self.names, *self.stable} if _parent(path) == folder}
            for path in inside:
                self._settle(path)
        else:
            file = self._open[number].file
            file.stable = file.data

    _fdatasync = _fsync

    def _syncfs(self, call: Call, places: list[str], lost: bool) -> None:
        if self._mine(call) >= 0 and not lost:
            for path in {*self.names, *self.stable}:
                self._settle(path)
            for file in self.names.values():
                file.stable = file.data

    def _settle(self, path: str) -> None:
        """This name is on disk as it is."""
        if path in self.names:
            self.stable[path] = self.names[path]
        else:
            self.stable.pop(path, None)

    def now(self) -> Tree:
        """What every program sees."""
        return self._tree(self.names, lambda file: file.data)

    def left(self, chance: random.Random) -> Iterator[Tree]:
        """What a cut may leave: nothing unsynced, names without bytes, bytes without names; and
        each name and file for itself."""
        yield self._tree(self.stable, lambda file: file.stable)
        yield self._tree(self.names, lambda file: file.stable)
        yield self._tree(self.names, _zeros)
        yield self._tree(self.stable, lambda file: file.data)
        changed = [path for path in {*self.names, *self.stable} if self._differs(path)]
        for _ in range(6):
            names = dict(self.stable)
            for path in sorted(changed):
                if chance.random() < 0.5:
                    if path in self.names:
                        names[path] = self.names[path]
                    else:
                        names.pop(path, None)
            torn: Callable[[File], bytes] = lambda file: _torn(file, chance)  # noqa: E731
            yield self._tree(names, torn)

    def _differs(self, path: str) -> bool:
        return self.names.get(path) is not self.stable.get(path)

    def _tree(self, names: dict[str, File], content: Callable[[File], bytes]) -> Tree:
        made: dict[int, bytes] = {}  # an inode with two names has the same bytes under both
        tree: Tree = {}
        for path in sorted(names):
            parent = _parent(path)
            if parent == self._root or parent in tree:
                file = names[path]
                if file is not FOLDER and id(file) not in made:
                    made[id(file)] = file.data if file.data == file.stable else content(file)
                tree[path] = None if file is FOLDER else made[id(file)]
        return tree


def _parent(path: str) -> str:
    return path.rpartition("/")[0]


def _zeros(file: File) -> bytes:
    """Grown, before the bytes were written."""
    return file.stable[: len(file.data)].ljust(len(file.data), b"\0")


def _torn(file: File, chance: random.Random) -> bytes:
    """Old, new, zeros, or a part of what was added."""
    first = len(file.stable) if file.data.startswith(file.stable) else 0
    part = file.data[: chance.randint(min(first, len(file.data)), len(file.data))]
    whole = [file.stable, file.data, _zeros(file)]
    return chance.choice(whole if file.stable.startswith(file.data) else [*whole, part])


def plain_args(call: Call) -> str:
    """The places in a call's arguments."""
    return " ".join(plain(found).decode(errors="replace") for found in _PLACE.findall(call.args))


def lay(root: Path, tree: Tree) -> None:
    """Put a tree into a folder that has none of these files yet."""
    for path in sorted(tree):
        data = tree[path]
        if data is None:
            Path(path).mkdir(parents=True, exist_ok=True)
        else:
            Path(path).write_bytes(data)
