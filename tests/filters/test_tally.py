"""Motions: the outcomes of the rule's table, and what a motion allows."""

import doctest
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pit.filters import tally
from pit.filters.mandates import spend
from pit.filters.tally import (
    PARADOX,
    RULES,
    TALLIES,
    Branch,
    Count,
    Mandate,
    Rules,
    count,
    give_back,
    outcome,
)
from tests.filters.company import Company

BY_SHARE = ("default", "approval-quorum")


def by_share(outstanding: int, yes: int, no: int) -> Count:
    return Count(outstanding, yes, no, 0, 0, 0)


@st.composite
def counts(draw: st.DrawFn) -> tuple[int, int, int]:
    """O, Y, N: small ones, where the branches meet, and large ones."""
    most = draw(st.sampled_from([12, 120, 10**15]))
    outstanding = draw(st.integers(0, most))
    yes = draw(st.integers(0, outstanding))
    return outstanding, yes, draw(st.integers(0, outstanding - yes))


shares = st.integers(1, 5).flatmap(lambda n: st.tuples(st.integers(1, n), st.just(n)))
rules = st.lists(st.builds(Branch, shares, shares), min_size=1, max_size=3).map(tuple)


def test_its_examples_are_right() -> None:
    found = doctest.testmod(tally)
    assert found.attempted and not found.failed


@pytest.mark.parametrize(
    ("outstanding", "yes", "no", "passed", "paradox"),
    [
        (100, 34, 16, True, True),
        (100, 33, 17, False, False),
        (100, 26, 8, True, True),
        (100, 33, 0, False, False),
        (100, 34, 0, True, False),
        (100, 36, 13, False, False),
        (100, 36, 14, True, True),
        (3, 1, 0, True, False),
        (4, 2, 0, True, False),
        (1000, 333, 167, False, False),
    ],
)
def test_the_table_of_outcomes(
    outstanding: int, yes: int, no: int, passed: bool, paradox: bool
) -> None:
    """34 to 16 and 26 to 8 are paradoxes as well: 34 to 15 fails (4 x 34 < 3 x 49), 26 to 7 too."""
    found = outcome(by_share(outstanding, yes, no))
    assert (found.passed, found.paradox) == (passed, paradox)
    assert (PARADOX in found.why) == paradox


def test_the_arithmetic_is_said() -> None:
    assert outcome(by_share(100, 34, 0)).why == "3 x 34 >= 100, 4 x 34 >= 3 x 34"
    assert outcome(by_share(100, 33, 0)).why == "2 x 33 < 100; 3 x 33 < 100"
    assert outcome(by_share(1000, 333, 167)).why == (
        "2 x 500 >= 1000, 3 x 333 < 2 x 500; 3 x 500 >= 1000, 4 x 333 < 3 x 500"
    )
    assert outcome(by_share(100, 36, 14), "approval-quorum").why == (
        "3 x 36 >= 100, 3 x 36 >= 2 x 50"
    )


@given(counts())
def test_the_default_is_the_rule_as_written(cast: tuple[int, int, int]) -> None:
    o, y, n = cast
    c = y + n
    passed = c > 0 and ((2 * c >= o and 3 * y >= 2 * c) or (3 * c >= o and 4 * y >= 3 * c))
    assert outcome(by_share(o, y, n)).passed == passed


@given(counts())
def test_approval_quorum_is_the_rule_as_written(cast: tuple[int, int, int]) -> None:
    o, y, n = cast
    c = y + n
    passed = c > 0 and ((3 * y >= o and 3 * y >= 2 * c) or (4 * y >= o and 4 * y >= 3 * c))
    assert outcome(by_share(o, y, n), "approval-quorum").passed == passed


@given(counts(), rules, st.sampled_from(BY_SHARE))
def test_other_numbers_are_the_same_rule(
    cast: tuple[int, int, int], other: Rules, kind: str
) -> None:
    o, y, n = cast
    c = y + n
    passed = False
    for quorum, majority in ((Fraction(*q), Fraction(*m)) for q, m in other):
        cast_enough = y >= quorum * majority * o if kind == "approval-quorum" else c >= quorum * o
        passed = passed or (c > 0 and cast_enough and y >= majority * c)
    assert outcome(by_share(o, y, n), kind, other).passed == passed


@given(counts())
def test_a_paradox_is_a_motion_that_one_no_less_would_have_lost(
    cast: tuple[int, int, int],
) -> None:
    o, y, n = cast
    found = outcome(by_share(o, y, n))
    lost = n > 0 and not outcome(by_share(o, y, n - 1)).passed
    assert found.paradox == (found.passed and lost)


@given(counts(), rules)
def test_with_approval_quorum_no_no_ever_carries_anything(
    cast: tuple[int, int, int], other: Rules
) -> None:
    o, y, n = cast
    assume(n)
    for numbers in (RULES, other):
        now, before = (
            outcome(by_share(o, y, votes), "approval-quorum", numbers) for votes in (n, n - 1)
        )
        assert before.passed or not now.passed
        assert not now.paradox


@given(counts(), st.sampled_from(BY_SHARE))
def test_one_more_yes_never_loses_a_motion(cast: tuple[int, int, int], kind: str) -> None:
    o, y, n = cast
    assume(y + n < o)
    assert (
        outcome(by_share(o, y + 1, n), kind).passed or not outcome(by_share(o, y, n), kind).passed
    )


@pytest.mark.parametrize("kind", TALLIES)
@pytest.mark.parametrize("outstanding", [0, 1, 100])
def test_without_a_vote_nothing_passes(kind: str, outstanding: int) -> None:
    assert outcome(Count(outstanding, 0, 0, outstanding, 0, 0), kind) == (False, False, "no votes")


def test_a_board_is_counted_by_heads() -> None:
    counted = count(
        {"alice": 900, "bob": 60, "carol": 40}, {"alice": False, "bob": True, "carol": True}
    )
    assert counted == Count(1000, 100, 900, 3, 2, 1)
    assert not outcome(counted).passed
    assert outcome(counted, "heads") == (True, False, "2 x 3 >= 3, 3 x 2 >= 2 x 3")


def test_one_head_of_three_and_two_of_four_pass() -> None:
    assert outcome(Count(0, 0, 0, 3, 1, 0), "heads").passed
    assert outcome(Count(0, 0, 0, 4, 2, 0), "heads").passed


members = st.sampled_from([f"member-{n}" for n in range(9)])


@given(st.dictionaries(members, st.integers(0, 50)), st.dictionaries(members, st.booleans()))
def test_a_count_is_that_of_every_share_and_every_head(
    holdings: dict[str, int], ballots: dict[str, bool]
) -> None:
    single = [ballots.get(member) for member, held in holdings.items() for _ in range(held)]
    heads = [ballots.get(member) for member, held in holdings.items() if held]
    expected = (
        *(len(single), single.count(True), single.count(False)),
        *(len(heads), heads.count(True), heads.count(False)),
    )
    assert count(holdings, ballots) == expected
    backwards = dict(reversed(holdings.items())), dict(reversed(ballots.items()))
    assert count(*backwards) == expected


LAST, LATE = "2027-02-18T11:59:59.999999Z", "2027-02-18T12:00:00.000000Z"
PIT = Company({"alice": 1}).run("govern").pit


@given(
    st.lists(st.integers(1, 600), min_size=1, max_size=3),
    st.lists(st.integers(1, 400), max_size=20),
)
def test_pieces_never_exceed_the_mandates_and_are_refused_only_then(
    numbers: list[int], pieces: list[int]
) -> None:
    found = {"FIRM": [Mandate(f"alice/{n}", n, 0, LATE) for n in numbers]}
    issued = 0
    for piece in pieces:
        fits = issued + piece <= sum(numbers)
        assert (spend(found, "FIRM", piece, LAST, PIT) == "") == fits
        issued += piece if fits else 0
        assert spend(found, "FIRM", 1, LATE, PIT).startswith("1 FIRM is more than motions allow, 0")
    assert sum(one.used for one in found["FIRM"]) == issued
    assert all(0 <= one.used <= one.number for one in found["FIRM"])
    give_back(found["FIRM"], issued)
    assert not any(one.used for one in found["FIRM"])
