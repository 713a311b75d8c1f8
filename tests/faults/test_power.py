"""The power fails after any system call: what was promised before stands, whatever was unsynced."""

import random
from collections.abc import Callable, Iterator

import pytest

from tests.faults.checker import demand, look
from tests.faults.live import Live, State
from tests.faults.power import Disk, Tree, lay
from tests.faults.shares import portions
from tests.faults.tracer import Call, explained
from tests.moderator.world import NAME

LEAST = {
    "founding": 120,
    "batch": 250,
    "crowd": 400,
    "rotation": 200,
    "turning": 150,
    "idle": 80,
}
"""Different disks after cuts in each state."""


def traced(live: Live, state: State) -> tuple[Disk, list[Call]]:
    """The disk as it is before, and what a run does to it."""
    live.restore(state)
    before = Disk(live.home.root)
    done = live.programs.run("notary", traced=True, data=True)
    demand(done.status == 0, done.err)
    live.settled()
    return before, done.calls


def put(live: Live, tree: Tree) -> None:
    live.empty()
    lay(live.home.root, tree)


def cuts(disk: Disk, calls: list[Call], chance: random.Random) -> Iterator[tuple[Call, Tree, Tree]]:
    """After each call: what every program saw then, and what may be left; no disk twice."""
    seen = set()
    for call in calls:
        disk.apply(call)
        now = disk.now()
        for tree in disk.left(chance):
            key = hash(frozenset(tree.items()))
            if key not in seen:
                seen.add(key)
                yield call, now, tree


@pytest.mark.parametrize(("name", "share"), portions(LEAST, ["batch", "turning"], 41))
def test_what_was_promised_stands_after_a_power_cut(
    live: Live, state: Callable[[str], State], figure: Callable[..., None], name: str, share: slice
) -> None:
    disk, calls = traced(live, state(name))
    count = 0
    for call, now, tree in cuts(disk, calls, random.Random(name)):
        count += 1
        if count % share.step:
            continue
        live.restore(state(name))
        put(live, now)
        live.observe(written=False)  # what somebody may have read just before
        put(live, tree)
        figure("power cuts: disks with what may be left of unsynced files and names")
        try:
            live.healthy()
        except AssertionError as error:
            raise AssertionError(f"{name}, after {call.point}: {error}") from error
    assert count >= LEAST[name]


@pytest.mark.parametrize(("name", "share"), portions(LEAST, ["batch", "turning"], 29, first=2))
def test_a_sync_that_lied_costs_nothing_or_stops_the_notary_when_the_power_fails(
    live: Live, state: Callable[[str], State], figure: Callable[..., None], name: str, share: slice
) -> None:
    _, calls = traced(live, state(name))
    chance = random.Random(name)
    syncs = [at for at, call in enumerate(calls) if call.name in ("fsync", "fdatasync", "syncfs")]
    for lost in syncs[share]:
        live.restore(state(name))
        disk = Disk(live.home.root)
        last = chance.randrange(lost + 1, len(calls) + 1)
        for at, call in enumerate(calls[:last]):
            disk.apply(call, lost=at == lost)
        put(live, disk.now())
        told = live.replies()
        for tree in disk.left(chance):
            live.restore(state(name))
            put(live, tree)
            done = live.programs.run("notary")
            figure("lies: sync that did nothing, then a power cut")
            if done.status:
                explained(done, f"{name}, {calls[lost].point} lied")
                figure("syncs that lied, then a power cut: named, and the notary stopped")
            else:
                live.memory.observe(look(live.archive, NAME), told)
