"""A closed segment is compressed, or made plain again, and something happens meanwhile."""

from collections.abc import Callable

import pytest

from tests.faults.checker import Standing, demand
from tests.faults.live import Live, State
from tests.faults.tracer import Call, explained, kind
from tests.faults.worlds import mails, rotation

pytestmark = pytest.mark.long
FAILING = ("write", "fsync", "rename", "unlink")
PACKED = {"--gzip": 0, "--gunzip": 1}


@pytest.fixture(scope="module", params=PACKED)
def closed(request: pytest.FixtureRequest, live: Live) -> tuple[str, State]:
    """The option, and a pit with closed segments that it has work on; a mail waits."""
    rotation(live)
    live.healthy()
    if PACKED[request.param]:
        demand(live.programs.run("segments", "--gzip").status == 0, "not compressed")
    live.send(*mails(live, 1))
    return request.param, live.keep(request.param)


def calls_of(live: Live, option: str, state: State) -> tuple[Standing, list[Call]]:
    """What stands, and what the verb does to the archive's folder."""
    live.restore(state)
    before = live.observe()
    done = live.programs.run("segments", option, traced=True)
    demand(done.status == 0, done.err)
    demand(live.observe().data == before.data, "it changed what stands")
    calls = [one for one in done.calls if str(live.archive) in one.args and not one.index]
    return before, [one for one in calls if one.result[0] != "-"]


def again(live: Live, option: str, before: Standing) -> None:
    """The same bytes stand; the verb ends what it began, and the notary goes on."""
    demand(live.observe().data == before.data, "it changed what stands")
    done = live.programs.run("segments", option)
    demand(done.status == 0, done.err)
    demand(live.observe().data == before.data, "it changed what stands")
    live.healthy()


def test_it_is_killed_at_each_system_call(
    live: Live, closed: tuple[str, State], figure: Callable[..., None]
) -> None:
    option, state = closed
    before, calls = calls_of(live, option, state)
    assert len(calls) > 10
    for call in calls:
        live.restore(state)
        fault = f"{call.name}:signal=KILL:when={call.nth}"
        done = live.programs.run("segments", option, inject=fault)
        demand(done.killed, f"{call.point}: {done}")
        figure(f"kills of pit segments {option}")
        again(live, option, before)


@pytest.mark.parametrize("fault", ["error=ENOSPC", "error=EIO"])
def test_a_call_of_it_fails(
    live: Live, closed: tuple[str, State], figure: Callable[..., None], fault: str
) -> None:
    option, state = closed
    before, calls = calls_of(live, option, state)
    for call in (one for one in calls if one.name in FAILING):
        live.restore(state)
        inject = f"{call.name}:{fault}:when={call.nth}"
        done = live.programs.run("segments", option, inject=inject)
        fired = [one for one in done.calls if one.injected]
        demand(len(fired) == 1, f"{call.point}: {done}")
        explained(done, f"{option}, {call.point}")
        figure(f"errors: {fault[6:]} into {kind(fired[0])} of pit segments")
        again(live, option, before)
