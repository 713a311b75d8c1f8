"""Dividends by largest remainder: the rule's examples, its laws, and another way to work it out."""

import doctest
from fractions import Fraction
from hashlib import sha256
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pit.archives.errors import PitError
from pit.filters import apportion as module
from pit.filters.apportion import apportion, lot, reckoning

keys = st.text("abcdefgh-:", min_size=1, max_size=8)
entries = st.sampled_from(["1", "1042", "1042.2", "999999999999999"])


def holdings(most: int, size: int = 25) -> st.SearchStrategy[dict[str, int]]:
    held = st.dictionaries(keys, st.integers(0, most), min_size=1, max_size=size)
    return held.filter(lambda found: any(found.values()))


everybody = st.one_of(holdings(3), holdings(100), holdings(10**24))


def by_sorting(total: int, held: dict[str, int], entry: str) -> dict[str, int]:
    """The rule as it is written, with fractions and a sorted list."""
    whole = sum(held.values())
    quota = {key: Fraction(total * units, whole) for key, units in held.items()}
    paid = {key: q.numerator // q.denominator for key, q in quota.items()}

    def rank(key: str) -> tuple[Fraction, str]:
        return paid[key] - quota[key], sha256(f"{entry} {key}".encode()).hexdigest()

    order = sorted(held, key=rank)
    left = total - sum(paid.values())
    return {key: paid[key] + (key in order[:left]) for key in held}


def test_its_examples_are_right() -> None:
    found = doctest.testmod(module)
    assert found.attempted and not found.failed


@pytest.mark.parametrize(
    ("total", "held", "paid"),
    [
        (1000, [1, 1, 1], [333, 333, 334]),
        (122, [40, 40, 40], [40, 41, 41]),
    ],
)
def test_where_fractions_are_equal_the_lot_decides(
    total: int, held: list[int], paid: list[int]
) -> None:
    names = ["alice", "bob", "carol"]
    found = apportion(total, dict(zip(names, held, strict=True)), "1042")
    assert sorted(found.values()) == paid
    by_lot = sorted(names, key=lambda name: lot("1042", name))
    more = paid.count(max(paid))
    assert {name for name in names if found[name] == max(paid)} == set(by_lot[:more])


@pytest.mark.parametrize("entry", ["1", "2", "1042", "1042.2"])
@pytest.mark.parametrize(
    ("total", "held", "paid"),
    [
        (100_001, [500, 333, 167], [50_001, 33_300, 16_700]),
        (5, [97, 1, 1, 1], [5, 0, 0, 0]),
        (0, [1, 2], [0, 0]),
        (7, [7], [7]),
        (10, [0, 3, 0], [0, 10, 0]),
    ],
)
def test_where_they_are_not_the_largest_is_served(
    total: int, held: list[int], paid: list[int], entry: str
) -> None:
    found = apportion(total, {f"holder-{n}": units for n, units in enumerate(held)}, entry)
    assert list(found.values()) == paid


def test_lots_are_sha_256_of_reference_blank_and_holder() -> None:
    """As `printf '1042 alice' | sha256sum` prints it."""
    known = "753c3ce1c6f10365208d5757559189200219a81d702e023ddf5cd680eb52e88e"
    assert f"{lot('1042', 'alice'):064x}" == known == sha256(b"1042 alice").hexdigest()


def test_another_entry_draws_other_lots() -> None:
    held = {f"holder-{n}": 1 for n in range(3)}
    served = [
        next(key for key, units in apportion(1000, held, str(entry)).items() if units == 334)
        for entry in range(1, 301)
    ]
    assert all(60 < served.count(key) < 140 for key in held)


@given(st.integers(0, 10**15), everybody, entries)
def test_it_is_the_rule_as_written(total: int, held: dict[str, int], entry: str) -> None:
    assert apportion(total, held, entry) == by_sorting(total, held, entry)


@given(st.integers(0, 40), holdings(2, 12), entries)
def test_it_is_so_where_nearly_all_are_equal(total: int, held: dict[str, int], entry: str) -> None:
    assert apportion(total, held, entry) == by_sorting(total, held, entry)


@given(st.integers(0, 10**15), everybody, entries)
def test_it_adds_up_and_nobody_is_a_unit_off(total: int, held: dict[str, int], entry: str) -> None:
    paid = apportion(total, held, entry)
    assert sum(paid.values()) == total
    whole = sum(held.values())
    for key, units in held.items():
        assert abs(paid[key] - Fraction(total * units, whole)) < 1
        assert units or not paid[key]


@given(st.integers(0, 10**15), everybody, entries)
def test_who_holds_more_never_gets_less(total: int, held: dict[str, int], entry: str) -> None:
    paid = apportion(total, held, entry)
    order = sorted(held, key=lambda key: held[key])
    for less, more in pairwise(order):
        assert paid[less] <= paid[more] or held[less] == held[more]
        assert abs(paid[less] - paid[more]) <= 1 or held[less] < held[more]


@given(st.integers(0, 10**15), everybody, entries, st.randoms(use_true_random=False))
def test_the_order_of_the_holders_does_not_matter(
    total: int, held: dict[str, int], entry: str, random: Random
) -> None:
    items = list(held.items())
    random.shuffle(items)
    paid = apportion(total, dict(items), entry)
    assert paid == apportion(total, held, entry)
    assert list(paid) == [key for key, _ in items]


@given(st.integers(0, 10**15), everybody, entries, st.integers(1, 1000))
def test_shares_may_be_counted_in_any_unit(
    total: int, held: dict[str, int], entry: str, unit: int
) -> None:
    finer = {key: units * unit for key, units in held.items()}
    assert apportion(total, finer, entry) == apportion(total, held, entry)


@pytest.mark.parametrize("total", [0, 1, 999, 1999, 2000, 123_456_789])
@pytest.mark.parametrize("most", [1, 2, 10**20])
def test_it_is_so_of_two_thousand_holders(total: int, most: int) -> None:
    held = {f"holder-{n}": 1 + n * n * 7919 % most for n in range(2000)}
    assert apportion(total, held, "1042") == by_sorting(total, held, "1042")


@pytest.mark.parametrize("held", [{}, {"alice": 0}, {"alice": 0, "bob": 0}])
def test_where_nobody_holds_anything_nothing_can_be_divided(held: dict[str, int]) -> None:
    with pytest.raises(PitError, match="nobody holds anything; 5 cannot be divided"):
        apportion(5, held, "1042")


def test_who_holds_less_than_nothing_cannot_be_paid() -> None:
    with pytest.raises(PitError, match="bob holds -1"):
        apportion(5, {"alice": 2, "bob": -1}, "1042")


@given(st.integers(0, 10**9), holdings(100), st.integers(0, 9))
def test_the_line_of_arithmetic_says_what_was_paid(
    total: int, held: dict[str, int], decimals: int
) -> None:
    whole = sum(held.values())
    for key, paid in apportion(total, held, "1042").items():
        line = reckoning(total, held[key], whole, paid, decimals)
        division, _, result = line.partition(" = ")
        amount, _, units, _, out_of = division.split(" ")
        exact = Fraction(amount) * int(units) / int(out_of)
        share, _, more = result.removesuffix(" by remainder").partition(", + ")
        said = Fraction(share.removesuffix(" rounded down")) + Fraction(more or 0)
        assert said == Fraction(paid, 10**decimals)
        assert (" rounded down" in line) == (Fraction(share.split(" ")[0]) != exact)
