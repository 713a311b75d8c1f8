"""Cutting a run short: kills, failing system calls and power cuts at every step of it."""

import errno
import itertools
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import BinaryIO

import pytest

from pit.archives.errors import PitError

STEPS = ("open", "write", "fsync", "truncate", "replace", "unlink")
Step = Callable[[str, tuple[object, ...]], None]  # name and arguments of the call about to be made


@contextmanager
def watched(step: Step) -> Iterator[None]:
    """Call `step` before every system call that opens or changes a file.

    Writes come out short; an fsync does nothing (what one is for, only PowerCut can tell).
    """

    def wrapped(name: str, real: Callable[..., object]) -> Callable[..., object]:
        def call(*args: object) -> object:
            step(name, args)
            if name == "write":
                fd, data = args
                assert isinstance(data, memoryview)
                return real(fd, data[: len(data) * 2 // 3 + 1])
            return None if name == "fsync" else real(*args)

        return call

    with pytest.MonkeyPatch.context() as patch:
        for name in STEPS:
            patch.setattr(os, name, wrapped(name, getattr(os, name)))
        yield


def unwaited() -> AbstractContextManager[None]:
    """No fsync waits for the disk, where only what is in the files is looked at."""
    return watched(lambda _name, _args: None)


def at_call(number: int, act: Callable[[], None]) -> Step:
    """A step that does `act` before call `number`, counted from 0."""
    counter = itertools.count()

    def step(_name: str, _args: tuple[object, ...]) -> None:
        if next(counter) == number:
            act()

    return step


def lives_to_the_end(run: Callable[[], None], number: int) -> bool:
    """Run it in a child that is killed before call `number`, if it comes that far."""
    child = os.fork()
    if not child:
        status = 1
        with watched(at_call(number, lambda: os.kill(os.getpid(), signal.SIGKILL))):
            try:
                run()
                status = 0
            finally:
                os._exit(status)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFEXITED(status)


State = frozenset[tuple[str, bytes]]  # a folder's files


class PowerCut:
    """Every state in which a power cut could leave a folder, at any step of what runs under it.

    A file not fsynced since it changed may have its old bytes, its new ones, or the new ones with
    zeros for all or for the first of what was added; a name in a folder that was not fsynced may
    be the old one or the new; each of these for itself. `last`: the states at the end.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: dict[int, BinaryIO] = {}  # by inode; held, so that no inode comes twice
        self._names = self._live_names()
        self._bytes = {inode: self._live_bytes(inode) for inode in self._names.values()}
        self.seen: set[State] = set()
        self.last: set[State] = set()

    def step(self, name: str, args: tuple[object, ...]) -> None:
        self.seen.update(self._states())
        if name == "fsync" and isinstance(args[0], int):
            found = os.fstat(args[0])
            if found.st_ino in self._open:
                self._bytes[found.st_ino] = self._live_bytes(found.st_ino)
            elif found.st_ino == self._folder.stat().st_ino:
                self._names = self._live_names()

    def end(self) -> None:
        self.last = set(self._states())
        self.seen |= self.last
        for file in self._open.values():
            file.close()

    def _live_names(self) -> dict[str, int]:
        names = {}
        for path in self._folder.iterdir():
            if path.name != "lock":
                names[path.name] = inode = path.stat().st_ino
                if inode not in self._open:
                    self._open[inode] = path.open("rb")
        return names

    def _live_bytes(self, inode: int) -> bytes:
        self._open[inode].seek(0)
        return self._open[inode].read()

    def _states(self) -> Iterator[State]:
        live = self._live_names()
        names = sorted({*self._names, *live})
        for inodes in itertools.product(*({self._names.get(n), live.get(n)} for n in names)):
            there = [(name, i) for name, i in zip(names, inodes, strict=True) if i is not None]
            for some in itertools.product(*(self._contents(inode) for _, inode in there)):
                yield frozenset((name, data) for (name, _), data in zip(there, some, strict=True))

    def _contents(self, inode: int) -> set[bytes]:
        old, new = self._bytes.get(inode, b""), self._live_bytes(inode)
        added = max(0, len(new) - len(old))
        hole = min(added, 100)
        return {old, new, old + bytes(added), old + bytes(hole) + new[len(old) + hole :]}


def fail() -> None:
    raise OSError(errno.EIO, os.strerror(errno.EIO))


def error_of(run: Callable[[], object], fails_at: int = -1) -> PitError | None:
    """The error that it ends with, if its system call of that number fails."""
    try:
        with watched(at_call(fails_at, fail)):
            run()
    except PitError as error:
        return error
    return None
