"""Instructions as the published record knows them: orders, cancels and what they meet.

Quantities and prices of orders are integers of 10**-9 (`SCALE`), so that an unlisted ticker of an
open stream trades exactly.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from pit.archives.amounts import DECIMALS, units
from pit.archives.verbs import NO_KEYS, Directive
from pit.filters.busting import Bust, Ruling
from pit.filters.claims import Charge, Claim, account_of
from pit.pits.names import Named

SCALE = DECIMALS
ONE: int = 10**SCALE
"""A whole one in units of 10**-9."""


class _Scaled(dict[Decimal, int]):
    """Numbers in units of 10**-9; prices repeat, and a look-up is cheaper than a conversion."""

    def __missing__(self, number: Decimal) -> int:
        if len(self) > 100_000:
            self.clear()
        value = self[number] = units(number, SCALE)
        return value


scaled = _Scaled()


class Terms(NamedTuple):
    """What an order says beside quantity and price, in units of 10**-9; 0 for what it does not say.

    tif: time in force. stop: -1 for one at 0. stp: what happens when it meets an order of the same
    member.
    """

    tif: str = "gtc"
    stop: int = 0
    minimum: int = 0
    show: int = 0
    post_only: bool = False
    stp: str = "newest"

    @property
    def at_once(self) -> bool:
        """Whether it trades when it comes, or not at all."""
        return self.tif in IMMEDIATE or self.minimum > 0


IMMEDIATE = ("ioc", "fok")
"""The times in force after which nothing rests."""

PLAIN, PLAIN_2 = Terms(), Terms(stp="oldest")
"""What an order says that says nothing, by version 1 and by version 2 of the rules."""

NO_FEES = (0, 0)

HIGHEST = 10**30
"""The price of a market order to buy; that of one to sell is 0."""


class Order:
    """An order as published.

    ref: the entry (and directive) that it is. account: the owner's, or a further one of his.
    written, limit: quantity and price as written, None for a market order. quantity, price, filled
    (by fills that stand): units of 10**-9; replaces and decrements that stand change the first two.
    until: when it expires, '' for never. accepted: its `accept` stands. cover: what a market order
    to buy may cost and has not yet, in 10**-18 of the currency; -1 where nothing bounds it. rates:
    fees as maker and as taker, in 10**-9. margin: of a short sale, -1 where there is none.
    charges: what it has been charged, in 10**-27 of the currency; what is paid of it is that
    rounded up.
    """

    __slots__ = (
        "accepted",
        "account",
        "buys",
        "charges",
        "cover",
        "filled",
        "label",
        "limit",
        "margin",
        "owner",
        "price",
        "quantity",
        "rates",
        "ref",
        "terms",
        "ticker",
        "time",
        "until",
        "written",
    )

    def __init__(self, ref: str, time: str, owner: str, directive: Directive) -> None:
        verb, (quantity, ticker, limit), keys = directive
        self.ref = ref
        self.time = time
        self.owner = self.account = owner
        self.buys = verb == "buy"
        self.ticker: str = ticker
        self.written: Decimal = quantity
        self.limit: Decimal | None = limit
        self.quantity = scaled[quantity]
        self.accepted = False
        self.filled = 0
        self.cover = -1
        self.rates = NO_FEES
        self.charges = 0
        self.margin = -1
        if limit is not None:
            self.price = scaled[limit]
        else:
            self.price = HIGHEST if self.buys else 0
        self.until = self.label = ""
        self.terms = PLAIN
        if keys is NO_KEYS:
            return
        self.until = keys.get("until", "")
        self.label = keys.get("ref", "")
        if "account" in keys:
            self.account = account_of(owner, keys)
        self.terms = _terms(keys)
        if self.buys and limit is None and "cap" in keys:
            self.cover = scaled[keys["cap"]] * ONE

    @property
    def name(self) -> str:
        """HANDLE/REF, as reports name it."""
        return f"{self.owner}/{self.ref}"

    @property
    def lane(self) -> str:
        """The ticker in whose lane it is worked."""
        return self.ticker


def _terms(keys: Mapping[str, Any]) -> Terms:
    if not keys.keys() - {"until", "ref", "cap", "account"}:
        return PLAIN
    stop, minimum, show = (scaled[keys[key]] if key in keys else 0 for key in _AMOUNTS)
    tif, stp = keys.get("tif", "gtc"), keys.get("stp", "newest")
    stop = stop if stop or "stop" not in keys else -1
    return Terms(tif, stop, minimum, show, keys.get("post-only") == "yes", stp)


_AMOUNTS = ("stop", "min", "show")


class Cancel(NamedTuple):
    """A cancel that waits for its `leaves`: `lane` is the ticker of the order that it names, '-'
    where no order of its owner stood open under that number."""

    ref: str
    owner: str
    target: str
    lane: str


class Replace:
    """A replace that waits for its answer, of the order `target`, in the lane that is its ticker.

    written, limit: the order quantity and the price that it asks for; quantity, price: the same in
    10**-9. accepted: its `accept` stands.
    """

    __slots__ = (
        "accepted",
        "lane",
        "limit",
        "owner",
        "price",
        "quantity",
        "ref",
        "target",
        "written",
    )

    def __init__(self, ref: str, owner: str, lane: str, directive: Directive) -> None:
        self.ref, self.owner, self.lane = ref, owner, lane
        self.target: str
        self.written: Decimal
        self.limit: Decimal
        self.target, self.written, self.limit = directive.args
        self.quantity, self.price = scaled[self.written], scaled[self.limit]
        self.accepted = False


class Problem(NamedTuple):
    """An instruction that can have no effect, by what everybody can see."""

    why: str


class Trade(NamedTuple):
    """The two orders of a fill, the buyer's first.

    left: what is left of each after it, in 10**-9, whatever later directives of the entry take of
    them. fees: what each pays, in the currency's smallest unit.
    """

    bought: Order
    sold: Order
    left: tuple[int, int]
    fees: tuple[int, int] = NO_FEES

    @property
    def sides(self) -> tuple[Order, Order]:
        """Both orders."""
        return self.bought, self.sold


Subject = Order | Claim | Charge | Cancel | Replace | Problem | Trade | Bust | Ruling | Named | None


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
