"""What an instruction costs in TradeTokens (TT): its fee, and an order's good-faith deposit.

Amounts of TT are integers of 10**-5 TT (`pit.pits.blocks`); rates and multipliers are integers
of 10**-9, as the language's numbers have at most nine decimals. The rules are told in
docs/reference/tokens.md, after RFC 002, sections 5 and 6.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from pit.filters.instructions import ONE

__all__ = ["DEFAULT", "MULTIPLIERS", "Returned", "Tariff", "cancelled", "deposit", "ended", "fee"]

MULTIPLIERS: Mapping[str, int] = MappingProxyType(
    {
        "issue": 100 * ONE,
        "listing": 10 * ONE,
        "buy": ONE,
        "sell": ONE,
        "cancel": 12 * ONE // 10,
        "motion": 5 * ONE,
        "vote": ONE // 10,
        "dividend": 2 * ONE,
    }
)
"""How many times the basic fee an instruction of each kind costs, in 10**-9."""


class Tariff(NamedTuple):
    """A pit's fees.

    rate: the basic fee as a share of the TT in existence, in 10**-9. multipliers: by kind of
    instruction, in 10**-9; a kind that is not named, or with 0, is free. minimum, cap: of every fee
    but those, in 10**-5 TT; None for no cap. good_faith: how many times its fee an order deposits
    at least, and again at most on top for what it is worth. reference: the worth from which on it
    deposits most, in 10**-18 of the currency, as a quantity times a limit is.
    """

    rate: int = ONE // 1_000_000
    multipliers: Mapping[str, int] = MULTIPLIERS
    minimum: int = 0
    cap: int | None = None
    good_faith: int = 10
    reference: int = 10 * ONE * ONE


DEFAULT = Tariff()
"""The seed's numbers."""


def fee(kind: str, existing: int, tariff: Tariff = DEFAULT) -> int:
    """The fee of an instruction: rate x TT in existence x multiplier, in 10**-5 TT.

    existing: in 10**-5 TT: what its block and those before it brought, less what was burned. So it
    does not matter whether the block is sealed yet. Rounded up, as the market's other fees are:
    what has a price is never free for want of decimals. Then the minimum, then the cap: where the
    two contradict each other the cap counts, which is what members rely on.

    >>> fee("buy", 263_157_944_736_843), fee("vote", 100_000_000), fee("vote", 1)
    (263157945, 10, 1)
    """
    multiplier = tariff.multipliers.get(kind, 0)
    if not multiplier:
        return 0
    exact = max(tariff.minimum, -(-existing * tariff.rate * multiplier // (ONE * ONE)))
    return exact if tariff.cap is None else min(exact, tariff.cap)


def deposit(charged: int, worth: int, tariff: Tariff = DEFAULT) -> int:
    """The good-faith deposit of an order, in 10**-5 TT: between 10 and 20 times its fee.

    charged: its fee, in 10**-5 TT. worth: its quantity x its limit, in 10**-18 of the currency.
    d = 10 x fee + floor(10 x fee x min(worth, reference) / reference), as the pit has the 10.

    >>> deposit(50_000, 5 * ONE * ONE)
    750000
    """
    least = tariff.good_faith * charged
    if worth >= tariff.reference:  # also where the pit's reference is 0
        return 2 * least
    return least + least * worth // tariff.reference


class Returned(NamedTuple):
    """What becomes of a deposit, in 10**-5 TT; the three add up to it.

    refund: goes back to its owner. forfeit: to whom the block after the cancel's belongs, or
    burned. fee: the cancel's, to whom the cancel's own block belongs.
    """

    refund: int
    forfeit: int
    fee: int


def ended(deposited: int) -> Returned:
    """Of an order that is filled or expired: all of it goes back.

    >>> ended(20)
    Returned(refund=20, forfeit=0, fee=0)
    """
    return Returned(deposited, 0, 0)


def cancelled(deposited: int, filled: int, quantity: int, charged: int = 0) -> Returned:
    """Of an order that is cancelled: floor(deposit x filled / quantity) goes back.

    filled, quantity: in one unit, 0 <= filled <= quantity, quantity at least 1. charged: the
    cancel's fee. It comes out of the forfeit, then of the refund, and what they do not cover is
    waived: so a cancel is never refused, and costs no more than the deposit.

    >>> cancelled(20, 60, 100), cancelled(7, 1, 3)
    (Returned(refund=12, forfeit=8, fee=0), Returned(refund=2, forfeit=5, fee=0))
    >>> cancelled(20, 60, 100, 3), cancelled(20, 60, 100, 11)
    (Returned(refund=12, forfeit=5, fee=3), Returned(refund=9, forfeit=0, fee=11))
    """
    back = deposited * filled // quantity
    lost = deposited - back
    from_lost = min(charged, lost)
    from_back = min(charged - from_lost, back)
    return Returned(back - from_back, lost - from_lost, from_lost + from_back)
