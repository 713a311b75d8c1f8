"""A clock that is wrong: time in the archive goes forward, and everything is decided once."""

from collections.abc import Callable

import pytest

from tests.faults.checker import demand
from tests.faults.live import Live, State
from tests.faults.worlds import mails

DAY, YEARS = 86400.0, 20 * 365.25 * 86400
CLOCKS = {
    "-1 s": {"shift": -1.0},
    "-1 day": {"shift": -DAY},
    "-20 years": {"shift": -YEARS},
    "+20 years": {"shift": YEARS},
    "frozen": {"shift": 0.0, "frozen": True},
    "frozen, -1 day": {"shift": -DAY, "frozen": True},
    "back and forth": {"shift": 0.0, "swing": DAY},
}
STATES = ("batch", "rotation", "telling", "idle")


@pytest.mark.parametrize(
    "name", [STATES[0], *(pytest.param(one, marks=pytest.mark.long) for one in STATES[1:])]
)
@pytest.mark.parametrize("clock", CLOCKS)
def test_whatever_the_clock_says_time_goes_forward_and_nothing_is_lost(
    live: Live, state: Callable[[str], State], figure: Callable[..., None], name: str, clock: str
) -> None:
    live.restore(state(name))
    before = live.observe()
    done = live.programs.run(clock=CLOCKS[clock])
    figure(f"runs with a clock: {clock}")
    now = live.observe()
    if clock == "+20 years":
        demand(done.status == 77 and "--clock-ok" in done.err, f"{done.status} {done.err}")
        demand(len(now.items) == len(before.items), "stamped, though the clock had jumped")
    else:
        demand(done.status == 0, f"{done.status} {done.err}")
        back = CLOCKS[clock]["shift"] <= -DAY and len(now.items) > len(before.items)
        demand("the clock stepped back" in done.err or not back, f"{clock}: nothing said")
    live.send(*mails(live, 2))
    live.healthy()


def test_a_clock_that_the_operator_confirmed_moves_the_archive_and_loses_nothing(
    live: Live, state: Callable[[str], State], figure: Callable[..., None]
) -> None:
    live.restore(state("batch"))
    done = live.programs.run(clock={"shift": YEARS, "ok": True})
    demand(done.status == 0, done.err)
    figure("runs with a clock: +20 years, confirmed")
    now = live.settled(fates=False)
    live.send(*mails(live, 1))
    done = live.programs.run("notary")
    demand(done.status == 0 and "the clock stepped back" in done.err, done.err)
    after = live.settled(fates=False)
    demand(after.items[-1].time[:4] == now.items[-1].time[:4] > "2040", "time went back")


@pytest.mark.parametrize("clock", CLOCKS)
def test_a_pit_founded_by_a_wrong_clock_is_founded_once_or_not_yet(
    live: Live, state: Callable[[str], State], figure: Callable[..., None], clock: str
) -> None:
    live.restore(state("founding"))
    done = live.programs.run(clock=CLOCKS[clock])
    figure(f"runs with a clock: {clock}")
    demand(done.status == 0, done.err)
    live.settled(fates=False)
    assert not live.programs.run("notary").status
    live.settled(fates=False)
