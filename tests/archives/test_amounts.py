"""Amounts are exact, whatever their length, and no float is anywhere near them."""

import ast
import decimal as python
import re
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pit.archives.amounts import (
    DECIMALS,
    WHOLE_DIGITS,
    Inexact,
    decimal,
    multiply,
    places,
    plain,
    trimmed,
    units,
)
from tests.archives.strategies import numbers as written_numbers

ROOMS = Path(__file__).parents[2]
LEAST = Decimal("0.000000001")
MOST = Decimal("999999999999999.999999999")

numbers = written_numbers.map(Decimal)
decimals = st.integers(0, 3 * DECIMALS)


def test_the_limits_are_those_of_the_language() -> None:
    assert (WHOLE_DIGITS, DECIMALS) == (15, 9)
    assert len(plain(MOST)) == WHOLE_DIGITS + 1 + DECIMALS


@given(numbers, numbers, numbers)
def test_products_are_exact(a: Decimal, b: Decimal, c: Decimal) -> None:
    assert Fraction(multiply(a, b)) == Fraction(a) * Fraction(b)
    assert Fraction(multiply(multiply(a, b), c)) == Fraction(a) * Fraction(b) * Fraction(c)


@given(numbers, numbers, decimals)
def test_units_of_a_number_or_a_product_are_exact_or_refused(
    a: Decimal, b: Decimal, fine: int
) -> None:
    for number in (a, multiply(a, b)):
        exact = Fraction(number) * 10**fine
        if exact.denominator == 1:
            assert units(number, fine) == exact
        else:
            with pytest.raises(Inexact):
                units(number, fine)


def test_the_largest_and_the_finest_products_keep_every_digit() -> None:
    most, least = multiply(MOST, MOST), multiply(LEAST, LEAST)
    assert units(most, 18) == (10**24 - 1) ** 2
    assert plain(least) == "0.000000000000000001"
    assert units(least, 18) == 1
    for number in (most, multiply(MOST, LEAST), least):
        with pytest.raises(Inexact):
            units(number, 17)


@given(st.integers(-(10**40), 10**40), decimals)
def test_units_and_decimals_are_each_others_way_back(amount: int, fine: int) -> None:
    number = decimal(amount, fine)
    assert units(number, fine) == amount
    assert Fraction(number) == Fraction(amount, 10**fine)
    assert places(number) == fine
    assert plain(number).partition(".")[2] == plain(number)[len(plain(number)) - fine :]


@given(numbers, numbers)
def test_nothing_depends_on_the_callers_decimal_context(a: Decimal, b: Decimal) -> None:
    def all_of() -> list[object]:
        product = multiply(a, b)
        return [product, units(product, 18), decimal(units(a, 9), 9), plain(a), trimmed(a)]

    usual = all_of()
    with python.localcontext(prec=3, rounding=python.ROUND_UP, Emax=3, Emin=-3):
        assert all_of() == usual


@given(numbers)
def test_a_number_is_written_plainly_with_the_decimals_that_it_has(number: Decimal) -> None:
    text = plain(number)
    assert Decimal(text).as_tuple() == number.as_tuple()
    assert set(text) <= set("0123456789.")
    assert len(text.partition(".")[2]) == places(number)


@given(numbers)
def test_trimming_takes_zeros_at_the_end_of_decimals_and_nothing_else(number: Decimal) -> None:
    short = trimmed(number)
    assert short == number
    text = plain(short)
    assert not ("." in text and text[-1] in "0.")
    assert plain(number).startswith(text)


@pytest.mark.parametrize(
    ("number", "text"), [("100", "100"), ("0.00", "0"), ("1.50", "1.5"), ("10.0", "10")]
)
def test_trimmed_numbers(number: str, text: str) -> None:
    assert plain(trimmed(Decimal(number))) == text


def test_what_is_too_fine_is_named_as_it_would_be_written() -> None:
    with pytest.raises(Inexact) as caught:
        units(LEAST, 2)
    assert str(caught.value) == "0.000000001 has more than 2 decimals"


FOLDERS = {"home", "index", "notes", "old", "part", "stage", "target"}
"""Names of paths, which `/` joins."""


@pytest.mark.parametrize("room", ["archives", "filters"])
def test_there_is_no_float_and_no_division_that_makes_one(room: str) -> None:
    files = sorted((ROOMS / room).glob("*.py"))
    assert files
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            place = f"{file}:{getattr(node, 'lineno', 0)}"
            assert not (isinstance(node, ast.Constant) and isinstance(node.value, float)), place
            assert not (isinstance(node, ast.Name) and node.id in ("float", "round")), place
            if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
                left = ast.unparse(node.left if isinstance(node, ast.BinOp) else node.target)
                joins = "folder" in left or re.match(r"\w+", left)[0] in FOLDERS
                assert joins, place
