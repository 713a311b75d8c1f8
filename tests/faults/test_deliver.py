"""A mail on its way in: whatever happens to `pit deliver`, what it took with 0 is decided once."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.checker import demand
from tests.faults.live import Live, Sent, State
from tests.faults.tracer import Call
from tests.faults.worlds import found, mails


@pytest.fixture(scope="module")
def empty(live: Live) -> State:
    """A pit in whose spool nothing waits."""
    found(live)
    return live.keep("empty")


@pytest.fixture
def coming(live: Live, empty: State) -> tuple[Sent, Path]:
    """A mail, and the file that it is read from."""
    (one,) = mails(live, 1)
    path = live.folder / "coming"
    path.write_bytes(one.mail)
    live.restore(empty)
    return one, path


def delivering(live: Live, path: Path) -> list[Call]:
    """The calls of a delivery, those on the pit's disk."""
    done = live.programs.run("deliver", stdin=str(path), traced=True)
    demand(done.status == 0, done.err)
    return [one for one in done.calls if str(live.home.root) in one.args]


def again(live: Live, coming: tuple[Sent, Path]) -> None:
    """The mail server keeps what was not taken, and tries again; then the notary runs."""
    mail, path = coming
    done = live.programs.run("deliver", stdin=str(path))
    demand(done.status == 0, done.err)
    live.sent.append(mail)
    live.healthy()


def test_a_delivery_killed_at_a_system_call_comes_again_and_counts_once(
    live: Live,
    empty: State,
    coming: tuple[Sent, Path],
    figure: Callable[..., None],
) -> None:
    calls = delivering(live, coming[1])
    assert len(calls) > 5
    for call in calls:
        live.restore(empty)
        fault = f"{call.name}:signal=KILL:when={call.nth}"
        done = live.programs.run("deliver", stdin=str(coming[1]), inject=fault)
        demand(done.killed, f"{call.point}: {done}")
        figure("kills of a delivery")
        again(live, coming)


@pytest.mark.parametrize(
    "error", ["ENOSPC", *(pytest.param(one, marks=pytest.mark.long) for one in ("EIO", "EINTR"))]
)
def test_a_delivery_that_fails_ends_with_75_and_comes_again(
    live: Live,
    empty: State,
    coming: tuple[Sent, Path],
    figure: Callable[..., None],
    error: str,
) -> None:
    for call in delivering(live, coming[1]):
        if call.result.startswith("-"):
            continue
        live.restore(empty)
        fault = f"{call.name}:error={error}:when={call.nth}"
        done = live.programs.run("deliver", stdin=str(coming[1]), inject=fault)
        demand(any(one.injected for one in done.calls), f"{call.point}: not injected")
        demand(done.status == 75 or error == "EINTR", f"{call.point}: {done.status} {done.err}")
        figure(f"errors: {error} into a call of a delivery")
        if done.status == 0:
            live.sent.append(coming[0])
            live.healthy()
        again(live, coming)
