"""Fees and good-faith deposits: the examples of the rule, and that nothing is lost or made."""

import doctest
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pit.filters import tariff
from pit.filters.instructions import ONE
from pit.filters.tariff import (
    DEFAULT,
    MULTIPLIERS,
    Returned,
    Tariff,
    cancelled,
    deposit,
    ended,
    fee,
)
from pit.pits.blocks import LINEAR, UNIT

MONEY = ONE * ONE
"""One of the currency, as quantity times limit."""

kinds = st.sampled_from(sorted(MULTIPLIERS))
amounts = st.integers(0, 10**20)
tariffs = st.builds(
    Tariff,
    rate=st.integers(0, ONE),
    multipliers=st.just(MULTIPLIERS),
    minimum=st.integers(0, 10**9),
    cap=st.none() | st.integers(0, 10**9),
    good_faith=st.integers(0, 50),
    reference=st.integers(0, 10**30),
)


def test_its_examples_are_right() -> None:
    found = doctest.testmod(tariff)
    assert found.attempted and not found.failed


@pytest.mark.parametrize(
    ("kind", "times"),
    [
        ("issue", "100"),
        ("listing", "10"),
        ("buy", "1"),
        ("sell", "1"),
        ("cancel", "1.2"),
        ("motion", "5"),
        ("vote", "0.1"),
        ("dividend", "2"),
    ],
)
def test_a_fee_is_a_millionth_of_what_exists_times_its_multiplier(kind: str, times: str) -> None:
    assert fee(kind, 10**7 * UNIT) == Fraction(times) * 10 * UNIT
    assert Fraction(MULTIPLIERS[kind], ONE) == Fraction(times)
    assert len(MULTIPLIERS) == 8


def test_what_the_tariff_does_not_name_is_free_whatever_the_minimum() -> None:
    assert fee("say", 10**15, Tariff(minimum=5)) == 0
    assert fee("vote", 10**15, Tariff(minimum=5, multipliers={"vote": 0})) == 0


def test_uncapped_the_fee_passes_the_whole_subsidy_at_block_905_843() -> None:
    def passes(block: int) -> bool:
        return fee("buy", LINEAR.issued(block)) > LINEAR.subsidy(block)

    assert not passes(905_842) and passes(905_843)
    assert fee("buy", LINEAR.issued(905_843)) == 82_789_069
    assert LINEAR.subsidy(905_843) == 82_789_002
    # Once passed it stays so: what exists only grows, the subsidy only falls.
    assert all(passes(905_843 + 10**n) for n in range(8))


def test_a_cap_keeps_it_below_and_a_minimum_above() -> None:
    capped = Tariff(minimum=UNIT, cap=2 * UNIT)
    assert fee("vote", 10**8, capped) == UNIT
    assert fee("issue", 10**15, capped) == 2 * UNIT
    assert fee("buy", 15 * 10**10, capped) == 150_000
    assert fee("buy", 10**15, Tariff(minimum=3, cap=2)) == 2


@given(kinds, amounts, tariffs)
def test_fees_are_rounded_up_by_less_than_a_unit(kind: str, existing: int, one: Tariff) -> None:
    bare = one._replace(minimum=0, cap=None)
    exact = Fraction(existing) * one.rate * MULTIPLIERS[kind] / ONE**2
    assert exact <= fee(kind, existing, bare) < exact + 1
    bounded = max(fee(kind, existing, bare), one.minimum)
    assert fee(kind, existing, one) == (bounded if one.cap is None else min(bounded, one.cap))


@given(kinds, amounts, amounts, tariffs)
def test_fees_never_fall_while_more_comes_into_being(
    kind: str, existing: int, more: int, one: Tariff
) -> None:
    assert fee(kind, existing, one) <= fee(kind, existing + more, one)


@given(amounts)
def test_a_cancel_costs_more_than_an_order_and_a_vote_least(existing: int) -> None:
    order = ["vote", "buy", "cancel", "dividend", "motion", "listing", "issue"]
    fees = [fee(kind, existing) for kind in order]
    assert fees == sorted(fees) and fee("sell", existing) == fee("buy", existing)


@pytest.mark.parametrize(
    ("worth", "deposited"),
    [
        (5 * MONEY, 75 * UNIT // 10),
        (0, 5 * UNIT),
        (1, 5 * UNIT),
        (10 * MONEY, 10 * UNIT),
        (10 * MONEY - 1, 10 * UNIT - 1),
        (11 * MONEY, 10 * UNIT),
        (10**15 * MONEY, 10 * UNIT),
    ],
)
def test_a_deposit_is_5_to_10_tt_at_a_fee_of_half_a_tt(worth: int, deposited: int) -> None:
    assert deposit(UNIT // 2, worth) == deposited
    assert DEFAULT.reference == 10 * MONEY


@given(st.integers(0, 10**15), st.integers(0, 10**40), tariffs)
def test_a_deposit_is_the_formula_s(charged: int, worth: int, one: Tariff) -> None:
    found = deposit(charged, worth, one)
    least = one.good_faith * charged
    assert least <= found <= 2 * least
    if one.reference:
        share = Fraction(least * min(worth, one.reference), one.reference)
        assert found == least + share.numerator // share.denominator


@given(st.integers(0, 10**15), st.integers(0, 10**25), st.integers(0, 10**25))
def test_a_deposit_never_falls_with_worth_or_fee(charged: int, worth: int, more: int) -> None:
    assert deposit(charged, worth) <= deposit(charged, worth + more)
    assert deposit(charged, worth) <= deposit(charged + 1, worth)


@pytest.mark.parametrize(
    ("deposited", "filled", "quantity", "back", "lost"),
    [
        (20, 60, 100, 12, 8),
        (20 * UNIT, 60, 100, 12 * UNIT, 8 * UNIT),
        (7, 1, 3, 2, 5),
        (7, 0, 3, 0, 7),
        (7, 3, 3, 7, 0),
    ],
)
def test_a_cancel_gives_back_the_share_that_was_filled(
    deposited: int, filled: int, quantity: int, back: int, lost: int
) -> None:
    assert cancelled(deposited, filled, quantity) == Returned(back, lost, 0)


@pytest.mark.parametrize(
    ("charged", "expected"),
    [
        (0, (12, 8, 0)),
        (7, (12, 1, 7)),
        (8, (12, 0, 8)),
        (9, (11, 0, 9)),
        (20, (0, 0, 20)),
        (21, (0, 0, 20)),
    ],
)
def test_its_fee_comes_out_of_the_forfeit_then_of_the_refund(
    charged: int, expected: tuple[int, int, int]
) -> None:
    assert cancelled(20, 60, 100, charged) == expected


def test_what_is_filled_or_expired_goes_back_whole() -> None:
    assert ended(750_000) == Returned(750_000, 0, 0)


@given(st.integers(0, 10**15), st.integers(1, 10**24), st.data(), st.integers(0, 10**16))
def test_refund_forfeit_and_fee_add_up_to_the_deposit_always(
    deposited: int, quantity: int, data: st.DataObject, charged: int
) -> None:
    filled = data.draw(st.integers(0, quantity))
    found = cancelled(deposited, filled, quantity, charged)
    assert sum(found) == deposited and min(found) >= 0
    assert found.fee == min(charged, deposited)
    assert found.refund <= Fraction(deposited * filled, quantity)
    free = cancelled(deposited, filled, quantity)
    assert free.refund <= Fraction(deposited * filled, quantity) < free.refund + 1
    assert found.refund == free.refund or found.forfeit == 0
    if filled < quantity:
        assert found.refund <= cancelled(deposited, filled + 1, quantity, charged).refund
