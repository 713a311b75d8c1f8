"""One pit, and what its notary makes of copies of its home folder: histories that part.

All are written by the real notary with the pit's one key. They agree up to entry 11:

    trunk     seals 1 3 7 10           ends there
    left      … 12 16 18               entries 12 14 15 16 18 are alice's
    right     … 13 15 20               shares no seal with left after entry 11
    twin      … 12 16 18               as left, with other orders
    idle      … 11                     nothing came; the hour's seal, before the others go on
    late      … 11                     the same, later than all others
    early     1 3 | 5                  parts after entry 4
"""

import contextlib
import io
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from pit.archives import mbox
from pit.moderator.notary import Notary as Moderator
from pit.pits import command
from pit.pits.copies import Copy
from pit.pits.proofs import Notary
from tests.moderator.world import NAME, Keys, World, copied, founded, short_folder

ORDERS = {
    "left": [1, 3, 1],
    "right": [2, 1, 4],
    "twin": [1, 3, 1],
}
"""How many orders come in each batch after entry 11."""

SEALS = {
    "trunk": [1, 3, 7, 10],
    "left": [1, 3, 7, 10, 12, 16, 18],
    "right": [1, 3, 7, 10, 13, 15, 20],
    "twin": [1, 3, 7, 10, 12, 16, 18],
    "idle": [1, 3, 7, 10, 11],
    "late": [1, 3, 7, 10, 11],
    "early": [1, 3, 5],
}
"""The seals of each history."""

PARTS = 12
"""The first entry that differs; 5 where it is `early`'s."""


class History(NamedTuple):
    """What a notary wrote. replies: the receipts it mailed, by entry."""

    world: World
    entries: list[mbox.Entry]
    receipts: dict[int, bytes]

    @property
    def folder(self) -> Path:
        return self.world.home.archive(NAME)

    def cut(self, size: int = 0) -> Copy:
        """A copy that ends with a seal (0: the last)."""
        copy = Copy(self.folder, NAME)
        for entry in self.entries[: size + 1 if size else None]:
            copy.add(entry)
        return copy

    def write(self, folder: Path, size: int = 0) -> Path:
        """The same as files."""
        folder.mkdir(parents=True)
        raw = b"".join(entry.raw for entry in self.entries[: size + 1 if size else None])
        (folder / "0000000001.mbox").write_bytes(raw)
        return folder


class Forks(dict[str, History]):
    """The histories by name, and whom to judge them by."""

    @property
    def notary(self) -> Notary:
        return self["trunk"].cut().notary()

    @property
    def id(self) -> str:
        return self["trunk"].cut().id


def run(world: World, *mails: bytes, later: timedelta = timedelta()) -> None:
    """A batch, at some time after now."""
    world.put(*mails)
    with Moderator(world.home, NAME, clock=lambda: datetime.now(UTC) + later) as notary:
        notary.run()


def orders(world: World, what: str, count: int) -> list[bytes]:
    return [world.mail(f"buy {n} ACME @ 12.50\n  ref: {what}\n") for n in range(1, count + 1)]


def history(world: World) -> History:
    receipts = {}
    for reply in world.replies():
        found = reply.partition("Pit-Reply: receipt acme ")[2]
        if found:
            receipts[int(found.split("\n")[0])] = reply.encode()
    return History(world, world.entries(), receipts)


@contextlib.contextmanager
def forked() -> Iterator[Forks]:
    """All of them, made by the notary."""
    with ExitStack() as stack:
        folder = stack.enter_context(short_folder())
        keys = Keys(folder / "k")
        stack.callback(keys.close)
        trunk = stack.enter_context(founded(keys))

        def copy() -> World:
            return stack.enter_context(copied(trunk))

        run(trunk, trunk.founding())
        run(trunk, trunk.mail(trunk.admission("alice"), "operator"))
        worlds = {"early": copy()}
        run(worlds["early"], *orders(worlds["early"], "early", 1))
        run(trunk, *orders(trunk, "third", 3))
        run(trunk, *orders(trunk, "fourth", 2))
        for name, counts in ORDERS.items():
            worlds[name] = copy()
            for batch, count in enumerate(counts):
                mails = orders(worlds[name], f"{name}-{batch}", count)
                run(worlds[name], *mails, later=timedelta(hours=3))
        for name, hours in (("idle", 2), ("late", 4)):
            worlds[name] = copy()
            run(worlds[name], later=timedelta(hours=hours))
        yield Forks({name: history(world) for name, world in {"trunk": trunk, **worlds}.items()})


# --- the command, in this process ---------------------------------------------------------------


class Done(NamedTuple):
    """How a command ended."""

    status: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        return self.out.decode()


def pit(home: Path, *args: object, stdin: bytes = b"") -> Done:
    """Run `pit ARGS` as a process would run it, in this one."""
    before, streams = dict(os.environ), (sys.stdin, sys.stdout, sys.stderr)
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
    os.environ["PIT_HOME"] = str(home)
    for name in ("PIT", "PIT_AS", "PIT_DEBUG"):
        os.environ.pop(name, None)
    sys.stdin, sys.stdout, sys.stderr = io.TextIOWrapper(io.BytesIO(stdin)), out, err
    try:
        status = command.main([str(arg) for arg in args])
        out.flush()
        printed = out.buffer.getvalue()  # type: ignore[attr-defined]
    finally:
        sys.stdin, sys.stdout, sys.stderr = streams
        os.environ.clear()
        os.environ.update(before)
    said = err.getvalue()
    assert "bug" not in said and "Traceback" not in said, said
    return Done(status, printed, said)


def by_hand(file: Path) -> Done:
    """What docs/how-to/check-proof.sh says of a file of proofs."""
    script = Path(__file__).parents[2] / "docs/how-to/check-proof.sh"
    done = subprocess.run([script, file], capture_output=True, check=False)
    return Done(done.returncode, done.stdout, done.stderr.decode())
