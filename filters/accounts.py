"""The members' accounts: balances and holds, by account and asset, in smallest units.

An account is a member's handle, or one of his further ones, `alice:savings`.

Double entry: whatever is posted to one account is taken from another; `OUTSIDE` is the side of the
cashier and the issuers, so that every asset sums to zero over all accounts, always.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from pit.pits.members import OUTSIDE

__all__ = ["OUTSIDE", "Accounts", "Hold", "Posting"]


class Hold(NamedTuple):
    """An amount set aside for an instruction."""

    owner: str
    asset: str
    amount: int


_make_hold = partial(tuple.__new__, Hold)  # half the cost of a call of the class


def hold_order(hold: str) -> tuple[str, int, int, str]:
    """What is held for an account as a whole first, then by the order of the references."""
    if not hold[0].isdigit():
        return hold, 0, 0, ""
    number, _, index = hold.partition(" ")[0].partition(".")
    return "~", int(number), int(index or 1), hold


def hold_name(hold: str) -> str:
    """A hold as a person reads it: `1042`, `contracts`, `short ACME`.

    Kept are `1042`, for an instruction; `1070 buyer`, for a side of a bust; `contracts alice EUR`,
    and `short alice ACME`.
    """
    kind, _, rest = hold.partition(" ")
    return f"{kind} {rest.partition(' ')[2]}" if kind == "short" else kind


class Posting(NamedTuple):
    """A change of one balance: whose, of what, by how much, at which entry, why."""

    account: str
    asset: str
    amount: int
    ref: str
    why: str


class _Held:
    """What is held of one account: the sum, and the instructions it is held for."""

    __slots__ = ("amount", "refs")

    def __init__(self) -> None:
        self.amount = 0
        self.refs: dict[str, None] = {}


class Accounts:
    """Balances and holds; what is held of an account is kept as a sum beside it.

    holds: by the reference of the instruction that they are for, or by a name of several words,
    `contracts alice EUR`, for what is held of an account as a whole.

    journal: called with each posting, where one is given.
    """

    def __init__(self, journal: Callable[[Posting], None] | None = None) -> None:
        self.balances: dict[tuple[str, str], int] = {}
        self.holds: dict[str, Hold] = {}
        self._held: dict[tuple[str, str], _Held] = {}
        self.journal = journal

    def balance(self, owner: str, asset: str) -> int:
        """What an account has, holds included."""
        return self.balances.get((owner, asset), 0)

    def held_of(self, owner: str, asset: str) -> int:
        """What is held of it."""
        held = self._held.get((owner, asset))
        return held.amount if held else 0

    def holds_of(self, owner: str, asset: str) -> list[str]:
        """The instructions that it is held for."""
        held = self._held.get((owner, asset))
        return list(held.refs) if held else []

    def available(self, owner: str, asset: str) -> int:
        """Balance less holds."""
        key = (owner, asset)
        held = self._held.get(key)
        return self.balances.get(key, 0) - (held.amount if held else 0)

    def post(self, account: str, asset: str, amount: int, ref: str, why: str) -> None:
        """Change a balance."""
        key = (account, asset)
        left = self.balances.get(key, 0) + amount
        if left:
            self.balances[key] = left
        else:
            self.balances.pop(key, None)
        if self.journal and amount:
            self.journal(Posting(account, asset, amount, ref, why))

    def hold(self, ref: str, owner: str, asset: str, amount: int, *, unasked: bool = False) -> bool:
        """Hold an amount for an instruction; False, and nothing held, where it is not available.

        unasked: available or not, because the `accept` stands.
        """
        key = (owner, asset)
        held = self._held.get(key)
        if held is None:
            held = self._held[key] = _Held()
        if amount > self.balances.get(key, 0) - held.amount and not unasked:
            return False
        self.holds[ref] = _make_hold((owner, asset, amount))
        held.amount += amount
        held.refs[ref] = None
        return True

    def release(self, ref: str, amount: int | None = None) -> None:
        """Give back part of a hold, or all of it."""
        hold = self.holds.get(ref)
        if hold is None:
            return
        held = self._held[hold.owner, hold.asset]
        if amount is None or amount >= hold.amount:
            amount = hold.amount
            del self.holds[ref], held.refs[ref]
        else:
            self.holds[ref] = hold._replace(amount=hold.amount - amount)
        held.amount -= amount

    def change(self, ref: str, amount: int, *, unasked: bool = False) -> bool:
        """Hold another amount for an instruction; False, and nothing changed, where it lacks cover.

        Where nothing is held for it, nothing is.
        """
        hold = self.holds.get(ref)
        if hold is None:
            return True
        more = amount - hold.amount
        if not unasked and more > self.available(hold.owner, hold.asset):
            return False
        self.holds[ref] = Hold(hold.owner, hold.asset, amount)
        self._held[hold.owner, hold.asset].amount += more
        return True
