"""The last record torn at every byte: what a crash leaves is set right, all else is named.

The store is opened on each of these folders; what then stands is read by the checker. Every so
often the whole notary runs there as well.
"""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from pit.archives.errors import Damaged
from pit.archives.store import Store
from tests.faults.checker import demand, look
from tests.faults.live import Live, State
from tests.faults.shares import shares
from tests.faults.worlds import found, mails
from tests.moderator.world import NAME

Files = dict[str, bytes]


class Record(NamedTuple):
    """A batch: the folder before it and after it, `next` while it is written, and where it goes."""

    state: State
    before: Files
    after: Files
    coming: bytes
    segment: str

    @property
    def batch(self) -> bytes:
        return self.after[self.segment].removeprefix(self.before.get(self.segment, b""))


def files(folder: Path) -> Files:
    """What the archive is made of: no lock, no index."""
    found = [path for path in folder.iterdir() if path.suffix in ("", ".mbox")]
    return {path.name: path.read_bytes() for path in found if path.name != "lock"}


def lay(folder: Path, content: Files) -> None:
    for path in folder.iterdir():
        path.unlink()
    for name, data in content.items():
        (folder / name).write_bytes(data)


def record(live: Live, size: int, extra: str = "") -> Record:
    """A batch of so many orders and its seal."""
    found(live, extra)
    live.send(*mails(live, size))
    state, before = live.keep(f"batch of {size}"), files(live.archive)
    live.until(lambda call: call.name == "unlink" and "/next" in call.args)
    coming = (live.archive / "next").read_bytes()
    live.healthy()
    after = files(live.archive)
    segment = coming.split(b"\n", 1)[0].split()[-1].decode()
    return Record(state, before, after, coming, segment)


@pytest.fixture(scope="module", params=[1, 4, 12, "new segment"])
def torn(request: pytest.FixtureRequest, live: Live) -> Record:
    """Batches of three sizes, and one that begins a segment."""
    if request.param == "new segment":
        return record(live, 2, "rule segment-entries 3\n")
    return record(live, request.param)


def cuts(torn: Record) -> Iterator[tuple[str, int, Files, Files | None]]:
    """What is torn, where, the folder then, and what must stand (None: it must be refused)."""
    old, new = torn.before, torn.after
    start = old.get(torn.segment, b"")
    for at in range(len(torn.coming)):
        yield "next", at, {**old, "next": torn.coming[:at]}, old
    for at in range(len(torn.batch) + 1):
        part = {torn.segment: start + torn.batch[:at]} if start or at else {}
        yield "segment, with next", at, {**old, **part, "next": torn.coming}, new
        if start:
            right = old if at < len(torn.batch) else None
            yield "segment, without next", at, {**old, **part}, right
        elif at:
            yield "new segment, without next", at, {**old, **part}, None
    for at in range(len(start)):
        yield "segment, below the mark", at, {**old, torn.segment: start[:at]}, None
    for at in range(len(old["mark"])):
        yield "mark", at, {**old, "mark": old["mark"][:at]}, None


def opened(folder: Path) -> str:
    """What the store says of the folder when it refuses it; '' when it takes it."""
    try:
        Store(folder, NAME).close()
    except Damaged as error:
        return str(error)
    return ""


@pytest.mark.parametrize("share", shares(89))
def test_a_record_torn_at_any_byte_is_finished_or_dropped_and_damage_is_named(
    live: Live, torn: Record, figure: Callable[..., None], tmp_path: Path, share: slice
) -> None:
    for what, at, content, right in itertools.islice(cuts(torn), share.start, None, share.step):
        here = f"{torn.state.name}, {what}, byte {at}"
        lay(tmp_path, content)
        said = opened(tmp_path)
        figure(f"torn records: {what}")
        if right is None:
            demand(str(tmp_path) in said, f"{here}: it was taken, or nothing is named: {said!r}")
            demand(files(tmp_path) == content, f"{here}: refused, and changed")
            continue
        demand(not said, f"{here}: {said}")
        demand(files(tmp_path) == right, f"{here}: not what stood, or was to stand")
        look(tmp_path, NAME)


@pytest.mark.parametrize("stride", [4999, pytest.param(211, marks=pytest.mark.long)])
def test_the_notary_goes_on_from_a_torn_record_or_names_the_damage(
    live: Live, torn: Record, figure: Callable[..., None], stride: int
) -> None:
    for what, at, content, right in itertools.islice(cuts(torn), 0, None, stride):
        here = f"{torn.state.name}, {what}, byte {at}"
        live.restore(torn.state)
        lay(live.archive, content)
        done = live.programs.run("notary")
        figure("torn records that the notary was started on")
        if right is None:
            demand(done.status == 65 and str(live.archive) in done.err, f"{here}: {done}")
            lay(live.archive, torn.before)
        live.healthy()
