"""The members' accounts: balances and holds, by member and asset, in smallest units.

Double entry: whatever is posted to one account is taken from another; `OUTSIDE` is the side of the
cashier and the issuers, so that every asset sums to zero over all accounts, always.
"""

from collections.abc import Callable
from typing import NamedTuple

OUTSIDE = "outside"


class Hold(NamedTuple):
    """An amount set aside for an instruction."""

    owner: str
    asset: str
    amount: int


class Posting(NamedTuple):
    """A change of one balance: whose, of what, by how much, at which entry, why."""

    account: str
    asset: str
    amount: int
    ref: str
    why: str


class Accounts:
    """Balances and holds of the members that `keeps` says are kept here.

    journal: called with each posting, where one is given.
    """

    def __init__(self, journal: Callable[[Posting], None] | None = None) -> None:
        self.balances: dict[tuple[str, str], int] = {}
        self.holds: dict[str, Hold] = {}
        self.held: dict[tuple[str, str], dict[str, int]] = {}
        self.journal = journal

    def balance(self, owner: str, asset: str) -> int:
        """What an account has, holds included."""
        return self.balances.get((owner, asset), 0)

    def held_of(self, owner: str, asset: str) -> int:
        """What is held of it."""
        return sum(self.held.get((owner, asset), {}).values())

    def available(self, owner: str, asset: str) -> int:
        """Balance less holds."""
        return self.balance(owner, asset) - self.held_of(owner, asset)

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

    def hold(self, ref: str, owner: str, asset: str, amount: int) -> None:
        """Set an amount aside for an instruction."""
        self.holds[ref] = Hold(owner, asset, amount)
        self.held.setdefault((owner, asset), {})[ref] = amount

    def release(self, ref: str, amount: int | None = None) -> None:
        """Give back part of a hold, or all of it."""
        hold = self.holds.get(ref)
        if hold is None:
            return
        left = 0 if amount is None else hold.amount - amount
        by = self.held[hold.owner, hold.asset]
        if left > 0:
            self.holds[ref] = hold._replace(amount=left)
            by[ref] = left
        else:
            del self.holds[ref], by[ref]
            if not by:
                del self.held[hold.owner, hold.asset]
