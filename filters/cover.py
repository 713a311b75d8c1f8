"""What lets an order stand, and what its fills move, by the mode of its ticker (MARKET, Accounts).

In mode `book`, units and cash change hands by the fill itself: a buy holds quantity x limit and its
fee, a sell the units.
"""

from collections.abc import Callable, Sequence
from heapq import nsmallest
from typing import NamedTuple, Protocol

from pit.archives.amounts import decimal, plain
from pit.filters.accounts import Accounts, hold_name, hold_order
from pit.filters.instructions import NO_FEES, Order, Replace, Trade
from pit.filters.problems import units_of, with_fee
from pit.pits.listing import Ticker
from pit.pits.state import Pit

__all__ = ["Book", "Cover", "Lacking", "Move", "Traded", "largest", "shortfall"]

Move = Callable[[str, str, str, int, str, str], None]
"""Posts an amount of an asset from an account to another: source, to, asset, amount, ref, why."""


class Lacking(NamedTuple):
    """What an instruction needs and its account has not available, in smallest units.

    why: a sentence that says all of it, where `need` does not. how: what `need` is made of.
    """

    asset: str
    need: int
    why: str = ""
    how: str = ""


class Traded(NamedTuple):
    """A fill: its reference, its numbers in 10**-9, and both in words.

    undoes: the one that it undoes, '' for one that is none such.
    """

    ref: str
    quantity: int
    price: int
    why: str
    undoes: str = ""


class Cover(Protocol):
    """How the orders of one kind of ticker are covered.

    left: what is left of an order, in 10**-9; asked: its unanswered replaces. unasked: because the
    answer stands, whatever is available.
    """

    def holds(self, order: Order) -> bool:
        """Whether anything is set aside for an order."""

    def take(
        self,
        order: Order,
        left: int,
        asked: Sequence[Replace],
        ticker: Ticker,
        *,
        unasked: bool = False,
    ) -> Lacking | None:
        """Hold what is needed for an order as it is now; where that lacks, nothing changes."""

    def drop(self, order: Order, ticker: Ticker) -> None:
        """An order has ended: nothing is held for it any more."""

    def fill(self, trade: Trade, traded: Traded, ticker: Ticker) -> None:
        """What a fill moves, fees apart."""

    def moved(self, account: str, ticker: Ticker) -> None:
        """An account's units changed otherwise: by a transfer, or an issue."""

    def forget(self, fill: str, ticker: Ticker, before: tuple[str, int] | None) -> None:
        """A fill is undone; before: the last one that stands, its reference and price (10**-9)."""


def largest(order: Order, left: int, asked: Sequence[Replace]) -> int:
    """The largest quantity that may be left to trade of an order, in 10**-9."""
    quantity = order.quantity
    for one in asked:
        quantity = max(quantity, one.quantity)
    return max(0, quantity - order.quantity + left)


def shortfall(accounts: Accounts, account: str, lacking: Lacking, said: str, pit: Pit) -> str:
    """The line of arithmetic that says why an account cannot cover an instruction."""
    if lacking.why:
        return lacking.why
    asset = lacking.asset
    available = accounts.available(account, asset)
    decimals = pit.decimals(asset) or 0

    def text(amount: int) -> str:
        return plain(decimal(amount, decimals))

    line = (
        f"{said} needs {text(lacking.need)} {asset}{lacking.how}; "
        f"available {text(available)} = balance {text(accounts.balance(account, asset))}"
    )
    held = accounts.holds_of(account, asset)
    if held:
        refs = [hold_name(ref) for ref in nsmallest(5, held, key=hold_order)]
        more = f" and {len(held) - 5} more" if len(held) > 5 else ""
        line += f" - held {text(accounts.held_of(account, asset))} by {', '.join(refs)}{more}"
    return line


class Book:
    """Cover in mode `book`: a hold for each order, in the asset that it gives."""

    def __init__(self, accounts: Accounts, move: Move) -> None:
        self.accounts, self.move = accounts, move

    def holds(self, order: Order) -> bool:
        """As `Cover`."""
        return order.ref in self.accounts.holds

    def take(
        self,
        order: Order,
        left: int,
        asked: Sequence[Replace],
        ticker: Ticker,
        *,
        unasked: bool = False,
    ) -> Lacking | None:
        """As `Cover`. A market buy holds what it caps, or all that there is."""
        asset, need = self._needed(order, left, asked, ticker)
        accounts = self.accounts
        held = accounts.holds.get(order.ref)
        if held is not None:
            if accounts.change(order.ref, need, unasked=unasked):
                return None
            return Lacking(asset, need - held.amount)
        if (need or unasked) and accounts.hold(
            order.ref, order.account, asset, need, unasked=unasked
        ):
            return None
        return Lacking(asset, need)

    def _needed(
        self, order: Order, left: int, asked: Sequence[Replace], ticker: Ticker
    ) -> tuple[str, int]:
        """The asset, and how much of it: a buy's largest quantity at its highest price."""
        if not asked and order.limit is not None and order.rates is NO_FEES:  # mostly
            if order.buys:
                return ticker.currency, ticker.worth(left, order.price)
            return ticker.code, units_of(left, ticker)
        quantity = largest(order, left, asked)
        if not order.buys:
            return ticker.code, units_of(quantity, ticker)
        if order.limit is None and order.cover < 0:
            return ticker.currency, max(0, self.accounts.available(order.account, ticker.currency))
        both: list[Order | Replace] = [order, *asked]
        prices = [one.price for one in both if one.limit is not None]
        need = quantity * max(prices, default=0)
        return ticker.currency, with_fee(order, max(need, order.cover), ticker)

    def drop(self, order: Order, ticker: Ticker) -> None:
        """As `Cover`."""
        self.accounts.release(order.ref)

    def fill(self, trade: Trade, traded: Traded, ticker: Ticker) -> None:
        """As `Cover`: cash one way, units the other."""
        ref, quantity, price, why, _ = traded
        buyer, seller = trade.bought.account, trade.sold.account
        self.move(buyer, seller, ticker.currency, ticker.worth(quantity, price), ref, why)
        self.move(seller, buyer, ticker.code, units_of(quantity, ticker), ref, why)

    def moved(self, account: str, ticker: Ticker) -> None:
        """As `Cover`: no order depends on another's units."""

    def forget(self, fill: str, ticker: Ticker, before: tuple[str, int] | None) -> None:
        """As `Cover`: no order depends on a last price."""
