"""The system says that it did what it did not: it is noticed at once, or it does no harm."""

from collections.abc import Callable

import pytest

from tests.faults.live import Live, State
from tests.faults.shares import portions
from tests.faults.test_errors import FAILING
from tests.faults.tracer import Call, explained, kind

HARMLESS = ("fsync", "fdatasync", "syncfs", "unlink", "mkdir")
"""Without a power cut a lost fsync shows nowhere (test_power is about those); a mail that was not
removed comes again; a folder that is missing is made by the next that needs it."""
LEAST = {"founding": 60, "batch": 90, "idle": 35, "rotation": 80, "appending": 80, "turning": 70}


def lie(call: Call) -> str:
    """What the system would have returned."""
    words = call.args.split(", ")
    return words[-1] if call.name == "write" else words[-2] if call.name == "pwrite64" else "0"


@pytest.mark.parametrize(("name", "share"), portions(LEAST, ["batch", "turning"], 19, 2, 1))
def test_what_the_system_lied_about_is_noticed_or_does_no_harm(
    live: Live, state: Callable[[str], State], figure: Callable[..., None], name: str, share: slice
) -> None:
    live.restore(state(name))
    calls = [one for one in live.programs.run("notary", traced=True).calls if one.name in FAILING]
    calls = [one for one in calls if one.result[0] != "-" and str(live.home.root) in one.args]
    assert len(calls) >= LEAST[name]
    for call in calls[share]:
        here = f"{name}, {call.point}"
        live.restore(state(name))
        fault = f"{call.name}:retval={lie(call)}:when={call.nth}"
        done = live.programs.run("notary", inject=fault)
        fired = [one for one in done.calls if one.injected]
        assert len(fired) == 1, f"{here}: {fired} {done.err}"
        figure(f"lies: {kind(fired[0])} that did nothing")
        if done.status or not (call.name in HARMLESS or fired[0].index):
            explained(done, here)
            figure("lies noticed by the same run")
        try:
            live.observe()
            live.healthy()
            live.send(*live.sent)  # an index that lost something would take one of them anew
            live.healthy()
        except AssertionError as error:
            raise AssertionError(f"{here}: {error}") from error
