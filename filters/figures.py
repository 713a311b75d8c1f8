"""Quantities and prices of 10**-9 as texts, with the decimals that their ticker gives them."""

from pit.archives.amounts import decimal, plain, trimmed
from pit.filters.instructions import SCALE
from pit.pits.state import Pit

__all__ = ["half_even", "price_text", "quantity_text"]


def half_even(amount: int, divisor: int) -> int:
    """`amount` over `divisor` (above 0) as a whole number, halves to the even one.

    >>> half_even(5, 2), half_even(7, 2), half_even(-5, 2)
    (2, 4, -2)
    """
    whole, rest = divmod(amount, divisor)
    return whole + int(2 * rest > divisor or (2 * rest == divisor and whole % 2 == 1))


def quantity_text(amount: int, ticker: str, pit: Pit) -> str:
    """A quantity of 10**-9 with the ticker's decimals."""
    return _text(amount, pit.decimals(ticker))


def price_text(price: int, ticker: str, pit: Pit) -> str:
    """A price of 10**-9 with the ticker's decimals."""
    listed = pit.tickers.get(ticker)
    return _text(price, listed.price_decimals if listed else None)


def _text(amount: int, decimals: int | None) -> str:
    """With so many decimals; where it is finer, or None says how many, with those it needs."""
    unit = 10 ** (SCALE - (decimals or 0))
    if decimals is None or amount % unit:
        return plain(trimmed(decimal(amount, SCALE)))
    return plain(decimal(amount // unit, decimals))
