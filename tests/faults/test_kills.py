"""Killed at any system call, and killed again while it recovers: nothing is lost or said twice."""

import random
import re
from collections.abc import Callable

import pytest

from tests.faults.live import Live, State
from tests.faults.shares import portions
from tests.faults.tracer import Call
from tests.faults.worlds import STATES

LEAST = {
    "founding": 115,
    "batch": 175,
    "idle": 75,
    "crowd": 160,
    "rotation": 155,
    "appending": 155,
    "marking": 155,
    "telling": 145,
    "removing": 125,
    "turning": 140,
}
"""Points in each state, fewer are a failure."""


def points(live: Live, state: State) -> list[Call]:
    """What a run that nothing happens to does on the disk of the pit, or to start programs."""
    live.restore(state)
    done = live.programs.run("notary", traced=True)
    assert done.status == 0, done.err
    live.settled()
    own = str(live.folder)
    return [one for one in done.calls if one.name not in ("openat", "write") or own in one.args]


def each_killed(live: Live, state: State, chosen: list[Call], figure: Callable[..., None]) -> None:
    """Kill at each of these points, in the next run at another one; then all must be well."""
    others = random.Random(state.name)
    every = points(live, state)
    for point in chosen:
        live.restore(state)
        done = live.programs.run("notary", inject=f"{point.name}:signal=KILL:when={point.nth}")
        assert done.killed, f"{state.name}, {point.point}: {done.status} {done.err}"
        figure("kills fired, at as many points (state, system call, which one)")
        live.observe()
        then = others.choice(every)
        done = live.programs.run("notary", inject=f"{then.name}:signal=KILL:when={then.nth}")
        assert done.killed or done.status == 0, f"{state.name}, {point.point}: {done.err}"
        if done.killed:
            figure("kills fired in the recovery from these")
            live.observe()
        live.healthy()


def test_the_states_have_a_thousand_points() -> None:
    assert set(STATES) <= set(LEAST)
    assert sum(LEAST[name] for name in STATES) >= 1000


@pytest.mark.parametrize(
    ("name", "share"), portions(STATES, ["founding", "batch", "marking", "turning"], 26, 3, 5)
)
def test_a_notary_killed_at_a_system_call_loses_nothing_and_says_nothing_twice(
    live: Live, state: Callable[[str], State], figure: Callable[..., None], name: str, share: slice
) -> None:
    every = points(live, state(name))
    assert len(every) >= LEAST[name]
    each_killed(live, state(name), every[share], figure)
    if not share.start or share.step > 3:
        figure("prepared pits (states) that these points are of")


def bare(live: Live, calls: list[Call]) -> list[str]:
    """The calls on the pit's disk, without what differs each time: times, numbers, random names."""
    own = [one for one in calls if str(live.home.root) in one.args]
    return [f"{one.name} {re.sub('[0-9a-f]{8,}|[0-9]+', '#', one.args)}" for one in own]


def test_what_is_killed_does_what_pit_notary_does_in_a_shell(
    live: Live, state: Callable[[str], State]
) -> None:
    live.restore(state("batch"))
    forked = bare(live, live.programs.run("notary", traced=True).calls)
    live.restore(state("batch"))
    assert bare(live, live.programs.alone("notary").calls) == forked
    assert len(forked) > 100
    live.settled()


def test_strace_that_cannot_attach_is_a_failure(live: Live, state: Callable[[str], State]) -> None:
    live.restore(state("founding"))
    with pytest.raises(AssertionError, match="strace cannot attach"):
        live.programs.run("notary", inject="nosuchcall:signal=KILL:when=1")
    live.healthy()
