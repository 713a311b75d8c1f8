"""What has an amount held beside an order's cover: claims, and charges in TradeTokens.

Amounts are in the asset's smallest unit.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pit.archives.amounts import Inexact, units
from pit.archives.fields import MAIN
from pit.archives.verbs import Directive
from pit.pits.blocks import TOKEN
from pit.pits.state import Pit

__all__ = ["Charge", "Claim", "account_of", "smallest"]


def account_of(owner: str, keys: Mapping[str, Any]) -> str:
    """The account that an instruction is for, by its `account:`; the owner's own by default."""
    further = keys.get("account", MAIN)
    return owner if further == MAIN else f"{owner}:{further}"


def smallest(number: Decimal, asset: str, pit: Pit) -> int | None:
    """An amount in the asset's smallest unit; None where there is no such asset, or it is finer."""
    decimals = pit.decimals(asset)
    if decimals is None:
        return None
    try:
        return units(number, decimals)
    except Inexact:
        return None


class Claim:
    """What asks for an amount to be held: a transfer, a withdrawal, a stake.

    amount: in smallest units, None where the asset has no such. account: what it draws on. to: the
    account that gets it, '' where it is not a transfer. What is held for others stays held until
    the filter `mover` moves it, which who publishes for `lane` may; `amount` is what is left of it.
    """

    __slots__ = (
        "accepted",
        "account",
        "amount",
        "asset",
        "lane",
        "mover",
        "owner",
        "ref",
        "to",
        "verb",
        "written",
    )

    def __init__(
        self,
        ref: str,
        owner: str,
        directive: Directive,
        pit: Pit,
        *,
        mover: str = "",
        lane: str = "",
    ) -> None:
        self.ref, self.owner, self.verb = ref, owner, directive.verb
        self.account = account_of(owner, directive.keys)
        self.written, self.asset = directive.args[:2]
        self.to: str = directive.args[2] if directive.verb == "transfer" else ""
        self.amount = smallest(self.written, self.asset, pit)
        self.mover, self.lane = mover, lane
        self.accepted = False

    @property
    def hold(self) -> str:
        """The name of what is held for it."""
        return self.ref

    @property
    def left(self) -> int:
        """What is held for it still, once accepted."""
        return self.amount or 0

    @property
    def movable(self) -> int:
        """What of it may be moved."""
        return self.left

    def take(self, amount: int) -> None:
        """Some of it was moved."""
        self.amount = self.left - amount


class Charge:
    """What an instruction is charged in TT, in 10**-5 TT.

    asks: the instruction; text: the same, of one without other cover. time: its entry's; block:
    that of it; sealer: whose block that is, '' while nobody knows. fee: moved to him, as `why`
    reckons it, once `accepted`, that is, the accept stands; where nothing else asks for an accept,
    the instruction has effect by it. deposit: an order's good faith; it may be moved once the order
    has `ended`. moved: what was moved so far. quantity: the largest that the order has had, in
    10**-9. lane: who publishes for it moves both.
    """

    __slots__ = (
        "accepted",
        "asks",
        "block",
        "deposit",
        "ended",
        "fee",
        "lane",
        "moved",
        "owner",
        "quantity",
        "ref",
        "sealer",
        "text",
        "time",
        "why",
    )

    asset = TOKEN
    mover = "tokens"

    def __init__(
        self, ref: str, owner: str, asks: Directive, time: str, lane: str, block: int
    ) -> None:
        self.ref, self.owner, self.asks, self.time = ref, owner, asks, time
        self.lane, self.block = lane, block
        self.sealer = self.why = self.text = ""
        self.fee = self.deposit = self.moved = self.quantity = 0
        self.accepted = self.ended = False

    @property
    def account(self) -> str:
        """Where the TT come from: the member's own account."""
        return self.owner

    @property
    def verb(self) -> str:
        """The instruction's."""
        return self.asks.verb

    @property
    def hold(self) -> str:
        """The name of what is held for it."""
        return self.hold_of(self.ref)

    @classmethod
    def hold_of(cls, ref: str) -> str:
        """The name of what is held in TT for an instruction."""
        return f"{ref} {cls.mover}"

    @property
    def left(self) -> int:
        """What is held for it still, once accepted."""
        return self.fee + self.deposit - self.moved

    @property
    def movable(self) -> int:
        """What of it may be moved now."""
        return self.left if self.ended else self.fee - self.moved

    def take(self, amount: int) -> None:
        """Some of it was moved."""
        self.moved += amount

    def enlarge(self, quantity: int) -> None:
        """The order has another quantity now."""
        self.quantity = max(self.quantity, quantity)
