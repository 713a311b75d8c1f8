"""An amount divided among holders in whole units, by largest remainder (Hamilton's method).

Each of the holders h(i) of H gets the floor of T x h(i) / H; the units that are left go one each to
those whose fraction was cut off the most (docs/reference/companies.md, Dividends). Linear in the
number of holders, whatever they hold: who gets a unit is found by selection, without sorting
anybody.
"""

from collections.abc import Collection, Mapping
from hashlib import sha256

from pit.archives.amounts import decimal, plain
from pit.archives.errors import PitError

__all__ = ["apportion", "lot", "reckoning"]


def apportion(total: int, holdings: Mapping[str, int], entry: str) -> dict[str, int]:
    """What each holder gets of `total` units, in the order of `holdings`; together it is `total`.

    total: 0 or more, in the smallest unit of what is divided. holdings: by holder, in one unit, 0
    or more. entry: the reference of the instruction that divides it, by which ties are decided
    (`lot`); the answer depends on nothing else, nor on the order of the holders. PitError where
    somebody holds less than nothing, or nobody anything.

    >>> apportion(5, {"alice": 97, "bob": 1, "carol": 1, "dave": 1}, "1042")
    {'alice': 5, 'bob': 0, 'carol': 0, 'dave': 0}
    >>> apportion(122, {"alice": 40, "bob": 40, "carol": 40}, "1042")
    {'alice': 41, 'bob': 41, 'carol': 40}
    """
    held = sum(holdings.values())
    if min(holdings.values(), default=0) < 0:
        owes = next(key for key, units in holdings.items() if units < 0)
        raise PitError(f"{owes} holds {holdings[owes]}; only 0 or more can be paid by share")
    if not held:
        raise PitError(f"nobody holds anything; {total} cannot be divided")
    paid: dict[str, int] = {}
    cut: dict[str, int] = {}
    left = total
    for key, units in holdings.items():
        paid[key], cut[key] = divmod(total * units, held)
        left -= paid[key]
    for key in _first(left, cut, entry):
        paid[key] += 1
    return paid


def lot(entry: str, key: str) -> int:
    """What decides among equal fractions; the lowest is served first.

    It is SHA-256 of the reference of the dividing instruction, a blank and the holder, in UTF-8, as
    a number, the first byte the highest: `printf '1042 alice' | sha256sum`.

    >>> f"{lot('1042', 'alice'):064x}"[:16]
    '753c3ce1c6f10365'
    """
    return int.from_bytes(sha256(f"{entry} {key}".encode()).digest(), "big")


def reckoning(total: int, units: int, held: int, paid: int, decimals: int = 0) -> str:
    """The line of arithmetic behind a payment, for the report that makes it.

    total, paid: in 10**-decimals of what is divided; units of `held` in all are the holder's.

    >>> reckoning(1000, 1, 3, 334, 2)
    '10.00 x 1 / 3 = 3.33 rounded down, + 0.01 by remainder'
    >>> reckoning(1000, 1, 3, 333), reckoning(9, 1, 3, 3)
    ('1000 x 1 / 3 = 333 rounded down', '9 x 1 / 3 = 3')
    """
    whole, cut = divmod(total * units, held)
    written, share, more = (plain(decimal(n, decimals)) for n in (total, whole, paid - whole))
    line = f"{written} x {units} / {held} = {share}"
    if cut:
        line += " rounded down"
    return f"{line}, + {more} by remainder" if paid > whole else line


def _first(count: int, cut: Mapping[str, int], entry: str) -> Collection[str]:
    """Who gets the `count` units that are left: the largest fractions, then the lowest lots."""
    if not count:
        return ()
    least = _largest(cut.values(), count)
    served = [key for key, rest in cut.items() if rest > least]
    tied = [key for key, rest in cut.items() if rest == least]
    if len(served) + len(tied) > count:
        # The n-th lowest of them is the one that so many are not below.
        lots = {key: lot(entry, key) for key in tied}
        highest = _largest(lots.values(), len(tied) - (count - len(served)) + 1)
        tied = [key for key, number in lots.items() if number <= highest]
    return served + tied


_DIGIT = 8


def _largest(numbers: Collection[int], rank: int) -> int:
    """The rank-th largest of some numbers, 0 or more; rank from 1 to as many as they are.

    Selection digit by digit, the highest first, by counting. A pivot that somebody's holdings could
    be chosen against would make it quadratic; here they cannot.
    """
    left = list(numbers)
    shift = max(left).bit_length()
    while shift > 0 and len(left) > 1:
        shift = max(0, shift - _DIGIT)
        found: dict[int, list[int]] = {}
        for number in left:
            found.setdefault(number >> shift, []).append(number)
        for high in sorted(found, reverse=True):  # at most 2**_DIGIT
            left = found[high]
            if rank <= len(left):
                break
            rank -= len(left)
    return left[0]
