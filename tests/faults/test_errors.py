"""The system fails a call, or does half of it: the notary says so and stops, or goes on rightly."""

from collections.abc import Callable

import pytest

from tests.faults.checker import demand
from tests.faults.live import Live, State
from tests.faults.shares import portions
from tests.faults.tracer import Call, explained, kind

ERRORS = {
    "ENOSPC": "No space left on device",
    "EIO": "Input/output error",
    "EINTR": "Interrupted system call",
}
FAILING = (
    "write",
    "pwrite64",
    "fsync",
    "fdatasync",
    "syncfs",
    "rename",
    "unlink",
    "mkdir",
    "truncate",
    "ftruncate",
)
LEAST = {"founding": 75, "batch": 105, "idle": 45, "appending": 95, "rotation": 95, "turning": 85}
"""Calls in each state that can fail; fewer are a failure."""


def failing(live: Live, state: State) -> list[Call]:
    """Every call by which a healthy run gets something onto the disk."""
    live.restore(state)
    done = live.programs.run("notary", traced=True)
    assert done.status == 0, done.err
    live.settled()
    did = [one for one in done.calls if one.result[0] != "-"]
    return [one for one in did if one.name in FAILING or makes_file(live, one)]


def makes_file(live: Live, call: Call) -> bool:
    return call.name == "openat" and "O_CREAT" in call.args and str(live.home.root) in call.args


@pytest.mark.parametrize(("name", "share"), portions(LEAST, ["batch", "turning"], 37, 2, 7))
@pytest.mark.parametrize("error", ERRORS)
def test_a_call_that_fails_stops_the_notary_and_the_next_run_sets_it_right(
    live: Live,
    state: Callable[[str], State],
    figure: Callable[..., None],
    name: str,
    share: slice,
    error: str,
) -> None:
    calls = failing(live, state(name))
    assert len(calls) >= LEAST[name]
    for call in calls[share]:
        here = f"{name}, {call.point}, {error}"
        live.restore(state(name))
        done = live.programs.run("notary", inject=f"{call.name}:error={error}:when={call.nth}")
        fired = [one for one in done.calls if one.injected]
        assert len(fired) == 1, f"{here}: {fired} {done.err}"
        figure(f"errors: {error} into {kind(fired[0])}")
        if done.status or not (error == "EINTR" or fired[0].index):
            explained(done, here)
            demand(ERRORS[error] in done.err, f"{here}: {done.err}")
        live.observe()
        live.healthy()


@pytest.mark.parametrize(
    ("name", "stride"),
    [
        pytest.param("batch", 6, id="sample"),
        *(pytest.param(name, 1, marks=pytest.mark.long) for name in LEAST),
    ],
)
def test_a_write_that_does_half_of_it_is_gone_on_with(
    live: Live, state: Callable[[str], State], figure: Callable[..., None], name: str, stride: int
) -> None:
    log = live.folder / "short"
    for nth in (0, *range(1, 1000, stride)):
        live.restore(state(name))
        done = live.programs.run("notary", short=(nth, str(log)))
        fired = len(log.read_text().splitlines())
        if not fired:
            break
        demand(done.status == 0, f"{name}, write {nth}: {done.status} {done.err}")
        figure("short writes that went on", fired)
        live.settled()
    assert nth > 1


@pytest.mark.parametrize("stride", [2999, pytest.param(97, marks=pytest.mark.long)])
def test_files_that_may_not_grow_beyond_any_size_stop_the_notary(
    live: Live, state: Callable[[str], State], figure: Callable[..., None], stride: int
) -> None:
    """RLIMIT_FSIZE: the kernel itself writes as far as it may, then it fails: File too large."""
    live.restore(state("batch"))
    longest = max(path.stat().st_size for path in live.archive.iterdir()) * 2
    ended = set()
    for limit in range(600 + stride, longest, stride):
        live.restore(state("batch"))
        done = live.programs.run("notary", traced=True, limit=limit)
        figure("short writes that the kernel made", sum(map(is_short, done.calls)))
        failed = [one for one in done.calls if "EFBIG" in one.result]
        figure("errors: EFBIG into write", len(failed))
        ended.add(done.status)
        if not all(one.index for one in failed):
            explained(done, f"at most {limit} bytes")
            demand("File too large" in done.err, done.err)
        live.observe()
        live.healthy()
    assert 74 in ended


def is_short(call: Call) -> bool:
    asked = call.args.split(", ")[-1]
    return call.name == "write" and asked != call.result and call.result.isdigit()
