"""The same mail a thousand times, and two notaries at once a thousand times."""

from collections.abc import Callable

import pytest

from tests.faults.checker import demand
from tests.faults.live import TAKEN, Live, State
from tests.faults.tracer import explained
from tests.faults.worlds import found, mails, mixed, order


@pytest.mark.parametrize("times", [10, pytest.param(1000, marks=pytest.mark.long)])
def test_a_mail_that_comes_again_and_again_counts_once(
    live: Live, figure: Callable[..., None], times: int
) -> None:
    found(live)
    several = mixed(live)
    for one in several:
        live.send(one, times=times)
    figure(f"mails delivered {times:,} times, in one run", len(several))
    now = live.healthy()
    for again in (1, times):
        for one in several:
            live.send(one, times=again)
        then = live.healthy()
        figure(f"mails delivered {again:,} times more, after that", len(several))
        demand(then.data == now.data, "a mail that stood already was recorded again")


@pytest.mark.long
@pytest.mark.parametrize("times", [2, 30, 300])
def test_a_mail_that_comes_while_it_is_told_about_counts_once(
    live: Live, state: Callable[[str], State], figure: Callable[..., None], times: int
) -> None:
    live.restore(state("telling"))
    for one in list(live.sent):
        live.send(one, times=times)
    figure(f"mails delivered {times:,} times more, between mark and distribution", len(live.sent))
    live.healthy()


@pytest.mark.parametrize("count", [150])
def test_everybody_is_told_though_the_notary_was_killed_before_it_told_anybody(
    live: Live, figure: Callable[..., None], count: int
) -> None:
    """More mails of one member than he is answered in an hour when somebody repeats them."""
    found(live)
    live.send(*(order(live, number, "alice") for number in range(1, count + 1)))
    live.until(lambda call: call.name == "unlink" and call.args.endswith('/next"'))
    figure("receipts owed when killed between mark and distribution, and given", count)
    live.healthy()


@pytest.fixture(scope="module")
def pair(live: Live) -> State:
    """Two mails wait."""
    found(live)
    live.send(*mails(live, 2))
    return live.keep("pair")


@pytest.mark.parametrize(
    "count", [10, *(pytest.param(250, marks=pytest.mark.long, id=f"250, {n}") for n in range(4))]
)
def test_of_two_notaries_that_start_together_one_does_it_all(
    live: Live, pair: State, figure: Callable[..., None], count: int
) -> None:
    busy = 0
    for _ in range(count):
        live.restore(pair)
        ends = live.programs.together(["notary"], ["notary"])
        figure("pairs of notaries started together")
        for done in ends:
            demand(done.status in (0, 75), f"{done}")
            if done.status:
                explained(done, "the second of two")
                busy += 1
        demand(any(not done.status for done in ends), f"neither did it: {ends}")
        now = live.settled()
        demand(sum(one.mail == mail for one in now.items for mail, _ in live.sent[-2:]) == 2, "")
    figure("pairs of which one found the other at work", busy)
    assert busy


def test_notaries_started_one_upon_the_other_take_all_that_comes_meanwhile(
    live: Live, figure: Callable[..., None]
) -> None:
    found(live)
    for one in mails(live, 12):
        live.send(one)
        live.programs.together(["notary"], ["notary"], ["notary"])
        figure("triples of notaries started together, with a mail each")
    now = live.healthy()
    demand(sum(one.signer in ("alice", "bob") for one in now.items) == 12, "not each once")
    assert sum(fate == TAKEN for _, fate in live.sent) == 14
