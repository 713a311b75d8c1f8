"""Exact amounts: decimals as people write them, integers in the smallest unit inside, never floats.

A number of the language has at most 15 digits before the point and 9 after it (LANGUAGE, types).
"""

from decimal import Context, Decimal

from pit.archives.errors import PitError

WHOLE_DIGITS = 15
"""Digits before the point: the most a number, and an asset's total, may have."""

DECIMALS = 9
"""Digits after the point: the most a number may have."""

_EXACT = Context(prec=100)  # the product of three numbers has 72 digits


def multiply(a: Decimal, b: Decimal) -> Decimal:
    """The exact product of two numbers of the language."""
    return _EXACT.multiply(a, b)


class Inexact(PitError):
    """A number that is finer than the smallest unit it is asked in."""


def units(number: Decimal, decimals: int) -> int:
    """`number` in units of 10**-decimals; `Inexact` where it has more decimals than that.

    >>> units(Decimal("12.50"), 2)
    1250
    """
    scaled = number.scaleb(decimals, _EXACT)
    whole = int(scaled)
    if whole != scaled:
        raise Inexact(f"{plain(number)} has more than {decimals} decimals")
    return whole


def decimal(amount: int, decimals: int) -> Decimal:
    """The number that `amount` units of 10**-decimals are, written with all its decimals.

    >>> decimal(1250, 2)
    Decimal('12.50')
    """
    return Decimal(amount).scaleb(-decimals, _EXACT)


def places(number: Decimal) -> int:
    """How many decimals `number` was written with: 2 for 12.50.

    >>> places(Decimal("12.50")), places(Decimal("100"))
    (2, 0)
    """
    exponent = number.as_tuple().exponent
    return -exponent if isinstance(exponent, int) and exponent < 0 else 0


def plain(number: Decimal) -> str:
    """`number` in plain decimal notation, never with an exponent."""
    text = str(number)  # a third of the time of format
    return format(number, "f") if "E" in text else text


def trimmed(number: Decimal) -> Decimal:
    """The same number without zeros at the end of its decimals: 1.50 becomes 1.5, 2.0 becomes 2."""
    text = plain(number)
    return Decimal(text.rstrip("0").rstrip(".")) if "." in text else number
