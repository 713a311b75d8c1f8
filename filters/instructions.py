"""Instructions as the published record knows them: orders, claims, cancels and what they meet.

Quantities and prices of orders are integers of 10**-9 (`SCALE`), so that an unlisted ticker of an
open stream trades exactly; amounts of claims are in the asset's smallest unit.
"""

from decimal import Decimal
from typing import NamedTuple

from pit.archives.amounts import DECIMALS, Inexact, units
from pit.archives.verbs import NO_KEYS, Directive
from pit.pits.state import Pit

SCALE = DECIMALS


class _Scaled(dict[Decimal, int]):
    """Numbers in units of 10**-9; prices repeat, and a look-up is cheaper than a conversion."""

    def __missing__(self, number: Decimal) -> int:
        if len(self) > 100_000:
            self.clear()
        value = self[number] = units(number, SCALE)
        return value


scaled = _Scaled()


class Order:
    """An order as published.

    ref: the entry (and directive) that it is. written, limit: quantity and price as written.
    quantity, price, filled (by fills that stand): units of 10**-9. accepted: its `accept` stands.
    left: what `match` has worked out that still works of it (-1 before it came to its turn); no
    other filter looks at that.
    """

    __slots__ = (
        "accepted",
        "buys",
        "filled",
        "label",
        "left",
        "limit",
        "owner",
        "price",
        "quantity",
        "ref",
        "ticker",
        "time",
        "until",
        "written",
    )

    def __init__(self, ref: str, time: str, owner: str, directive: Directive) -> None:
        verb, (quantity, ticker, limit), keys = directive
        self.ref = ref
        self.time = time
        self.owner = owner
        self.buys = verb == "buy"
        self.ticker: str = ticker
        self.written: Decimal = quantity
        self.limit: Decimal = limit
        self.quantity = scaled[quantity]
        self.price = scaled[limit]
        self.until: str = "" if keys is NO_KEYS else keys.get("until", "")
        self.label: str = "" if keys is NO_KEYS else keys.get("ref", "")
        self.accepted = False
        self.filled = 0
        self.left = -1

    @property
    def name(self) -> str:
        """HANDLE/REF, as reports name it."""
        return f"{self.owner}/{self.ref}"


class Claim:
    """A transfer or withdrawal; `amount` in smallest units, None where the asset has no such."""

    __slots__ = ("accepted", "amount", "asset", "owner", "ref", "to", "verb", "written")

    def __init__(self, ref: str, owner: str, directive: Directive, pit: Pit) -> None:
        self.ref, self.owner, self.verb = ref, owner, directive.verb
        self.written, self.asset = directive.args[:2]
        self.to: str = directive.args[2] if directive.verb == "transfer" else ""
        self.amount = smallest(self.written, self.asset, pit)
        self.accepted = False


class Cancel(NamedTuple):
    """A cancel that waits for its `leaves`: `lane` is the ticker of the order that it names, '-'
    where no order of its owner stood open under that number."""

    ref: str
    owner: str
    target: str
    lane: str


class Problem(NamedTuple):
    """An instruction that can have no effect, by what everybody can see."""

    why: str


class Trade(NamedTuple):
    """The two orders of a fill."""

    bought: Order
    sold: Order


Subject = Order | Claim | Cancel | Problem | Trade | None


class Act(NamedTuple):
    """A directive that has effect: `ref` its own reference, `subject` what it is about."""

    ref: str
    directive: Directive
    subject: Subject


class Idle(NamedTuple):
    """A report's directive that has no effect, and why."""

    ref: str
    directive: Directive
    why: str


def smallest(number: Decimal, asset: str, pit: Pit) -> int | None:
    """An amount in the asset's smallest unit; None where there is no such asset, or it is finer."""
    decimals = pit.decimals(asset)
    if decimals is None:
        return None
    try:
        return units(number, decimals)
    except Inexact:
        return None
