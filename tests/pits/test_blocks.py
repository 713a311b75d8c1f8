"""Blocks and their subsidies: every number of the rule, and closed forms against plain addition."""

import doctest
from datetime import datetime, timedelta
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pit.archives.fields import read_time
from pit.pits import blocks
from pit.pits.blocks import (
    DECIMALS,
    HALVING,
    LINEAR,
    SCHEDULES,
    SECONDS,
    UNIT,
    Halving,
    Linear,
    Schedule,
    block_of,
    minted,
    turn,
)

GENESIS = "2026-11-20T11:45:00.000001Z"

times = st.datetimes(datetime(1970, 1, 1), datetime(2500, 1, 1)).map(
    lambda moment: read_time(moment.isoformat(timespec="microseconds") + "Z")
)
small: st.SearchStrategy[Schedule] = st.one_of(
    st.builds(Linear, st.integers(1, 300), st.integers(1, 40)),
    st.builds(Halving, st.integers(1, 300), st.integers(1, 40)),
)
handles = st.lists(st.sampled_from(["a", "b", "c", "d"]), min_size=1, max_size=5)


def test_its_examples_are_right() -> None:
    found = doctest.testmod(blocks)
    assert found.attempted and not found.failed


def test_a_tt_has_five_decimals_and_a_block_five_minutes() -> None:
    assert (DECIMALS, UNIT, SECONDS) == (5, 100_000, 300)


@pytest.mark.parametrize(
    ("block", "subsidy"),
    [(1, 100_000_000), (2, 99_999_981), (5_263_158, 17), (5_263_159, 0), (10**15, 0)],
)
def test_the_subsidy_falls_by_19_units_from_1000_tt_to_nothing(block: int, subsidy: int) -> None:
    assert LINEAR.subsidy(block) == subsidy == max(0, 10**8 - 19 * (block - 1))


@pytest.mark.parametrize("block", [5_263_158, 5_263_159, 10**15])
def test_all_blocks_together_bring_2_631_579_447_tt_and_36843_units(block: int) -> None:
    assert LINEAR.last == 5_263_158
    assert LINEAR.issued(block) == 263_157_944_736_843
    assert divmod(LINEAR.issued(block), UNIT) == (2_631_579_447, 36_843)


def test_the_sum_is_that_of_every_single_block() -> None:
    assert sum(range(17, 10**8 + 1, 19)) == LINEAR.issued(LINEAR.last)
    assert len(range(17, 10**8 + 1, 19)) == LINEAR.last


@pytest.mark.parametrize(
    ("block", "subsidy"),
    [
        (1, 100_000_000),
        (1_315_790, 100_000_000),
        (1_315_791, 50_000_000),
        (2_631_581, 25_000_000),
        (35_526_330, 1),
        (35_526_331, 0),
        (10**15, 0),
    ],
)
def test_the_other_schedule_halves_it_every_1_315_790_blocks(block: int, subsidy: int) -> None:
    assert HALVING.subsidy(block) == subsidy


def test_halving_brings_as_good_as_what_the_linear_schedule_does() -> None:
    assert HALVING.last == 27 * HALVING.interval == 35_526_330
    assert HALVING.issued(HALVING.last) == HALVING.issued(10**15) == 263_157_984_210_520
    apart = [
        abs(Halving(interval=HALVING.interval + n).issued(10**15) - LINEAR.issued(10**15))
        for n in (-1, 0, 1)
    ]
    assert min(apart) == apart[1]  # no other interval comes nearer
    assert apart[1] * 10**6 < LINEAR.issued(10**15)
    assert 4 * (HALVING.interval - 1) < LINEAR.last < 4 * HALVING.interval


def test_a_pit_chooses_by_a_word() -> None:
    assert SCHEDULES["linear"] == Linear(10**8, 19) == LINEAR
    assert SCHEDULES["halving"] == Halving(10**8, 1_315_790) == HALVING
    assert len(SCHEDULES) == 2


@given(small, st.integers(0, 700))
def test_closed_forms_are_plain_addition(schedule: Schedule, count: int) -> None:
    each = [schedule.subsidy(block) for block in range(1, count + 1)]
    assert [schedule.issued(block) for block in range(count + 1)] == [0, *accumulate(each)]
    assert each == sorted(each, reverse=True) and min(each, default=0) >= 0


@given(small)
def test_the_last_block_that_pays_is_the_last(schedule: Schedule) -> None:
    assert schedule.subsidy(schedule.last) > 0 == schedule.subsidy(schedule.last + 1)
    assert schedule.issued(schedule.last) == schedule.issued(schedule.last + 10**12)


@given(st.sampled_from([LINEAR, HALVING]), st.integers(1, 4 * 10**7))
def test_each_block_adds_its_own_subsidy(schedule: Schedule, block: int) -> None:
    assert minted(schedule, block - 1, block) == schedule.subsidy(block)


@given(small, st.lists(st.integers(1, 500), unique=True).map(sorted))
def test_seals_bring_all_that_came_into_being_and_nothing_twice(
    schedule: Schedule, sealed: list[int]
) -> None:
    parts = [minted(schedule, a, b) for a, b in zip([0, *sealed], sealed, strict=False)]
    assert sum(parts) == schedule.issued(sealed[-1] if sealed else 0)


@pytest.mark.parametrize(
    ("time", "block"),
    [
        ("2026-11-20T11:45:00.000001Z", 1),
        ("2026-11-20T11:50:00.000000Z", 1),
        ("2026-11-20T11:50:00.000001Z", 2),
        ("2026-11-20T11:55:00.000000Z", 2),
        ("2026-12-18T11:45:00.000001Z", 8_065),
        ("2026-11-19T00:00:00.000000Z", 1),
    ],
)
def test_a_block_begins_at_its_first_instant_and_ends_before_the_next(
    time: str, block: int
) -> None:
    assert block_of(time, GENESIS) == block


def test_eight_thousand_and_sixty_four_blocks_are_28_days() -> None:
    """A name taken in block 100 is free from the first instant of block 8,164 on."""
    taken, free = "2026-11-20T20:00:00.000001Z", "2026-12-18T20:00:00.000001Z"
    assert (block_of(taken, GENESIS), block_of(free, GENESIS)) == (100, 8_164)
    assert block_of("2026-11-20T20:00:00.000000Z", GENESIS) == 99
    assert block_of("2026-12-18T20:00:00.000000Z", GENESIS) == 8_163


@given(times, st.integers(0, 3 * 10**9), st.integers(0, 999_999), st.integers(1, 10**6))
def test_a_time_is_in_the_block_that_whole_microseconds_say(
    genesis: str, seconds: int, micro: int, length: int
) -> None:
    begin = datetime.fromisoformat(genesis[:-1])
    moment = begin + timedelta(seconds=seconds, microseconds=micro)
    time = moment.isoformat(timespec="microseconds") + "Z"
    block = block_of(time, genesis, length)
    assert block == (seconds * 10**6 + micro) // (length * 10**6) + 1


def test_with_one_sealer_every_block_is_his() -> None:
    assert {turn(block, ["notary"]) for block in range(1, 100)} == {"notary"}


@given(small, handles, st.lists(st.integers(1, 60), unique=True).map(sorted))
def test_what_sealers_get_at_their_seals_is_what_their_blocks_bring(
    schedule: Schedule, sealers: list[str], sealed: list[int]
) -> None:
    by_seal = dict.fromkeys(sealers, 0)
    for last, block in zip([0, *sealed], sealed, strict=False):
        by_seal[turn(block, sealers)] += minted(schedule, last, block)
    by_block = dict.fromkeys(sealers, 0)
    for block in range(1, sealed[-1] + 1 if sealed else 1):
        later = next(one for one in sealed if one >= block)  # an empty one is the next one's
        by_block[sealers[(later - 1) % len(sealers)]] += schedule.subsidy(block)
    assert by_seal == by_block
