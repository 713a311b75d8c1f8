"""What a bust takes of its sides, and gives back: a fill the other way, at its own price.

Until all sides' keepers have answered, each side's part is held as that of an order is: the buyer's
as of one that sells what he bought, the seller's as of one that buys it back, the fees in the
operator's account. So any mode of cover can undo its fills (filters/cover.py).
"""

from collections.abc import Iterator, Mapping

from pit.archives.amounts import decimal, plain, trimmed
from pit.archives.entry import OPERATOR
from pit.archives.verbs import Directive
from pit.filters.accounts import Accounts
from pit.filters.busting import Bust
from pit.filters.cover import Cover, Lacking, Move, Traded, shortfall
from pit.filters.instructions import SCALE, Order, Trade, scaled
from pit.filters.record import reference_key
from pit.pits.listing import Ticker
from pit.pits.members import owner_of
from pit.pits.state import Pit

__all__ = ["Undoing"]


class Undoing:
    """The busts that wait, as far as something is held for them here."""

    def __init__(self, accounts: Accounts, covers: Mapping[str, Cover], move: Move) -> None:
        self.accounts, self.covers = accounts, covers
        self.move = move
        self._held: dict[tuple[str, str], list[Order]] = {}

    def judge(self, bust: Bust, owner: str, pit: Pit, *, unasked: bool = False) -> str:
        """Hold what a side must give back; why it cannot, as a sentence, where that lacks."""
        ticker = pit.tickers[bust.fill.ticker]
        taken: list[Order] = []
        for order in _orders(bust, ticker, pit):
            if order.owner != owner or bust.fill.buyer == bust.fill.seller:
                continue
            cover = self.covers[ticker.mode]
            lacking = cover.take(order, order.quantity, (), ticker, unasked=unasked)
            if lacking:
                for one in taken:
                    cover.drop(one, ticker)
                back = "buys back" if order.buys else "gives back"
                said = f"bust of {bust.fill.ref}: {order.account} {back} {_text(bust, ticker)}"
                return shortfall(self.accounts, order.account, lacking, said, pit)
            taken.append(order)
        fees = sum(bust.fill.fees)
        if owner == OPERATOR and fees:
            key, asset = _fees(bust), ticker.currency
            if not self.accounts.hold(key, OPERATOR, asset, fees, unasked=unasked):
                for one in taken:
                    self.covers[ticker.mode].drop(one, ticker)
                said = f"bust of {bust.fill.ref}: {OPERATOR} gives back its fees,"
                return shortfall(self.accounts, OPERATOR, Lacking(asset, fees), said, pit)
        self._held[bust.ref, owner] = taken
        return ""

    def holds(self, bust: Bust, owner: str) -> bool:
        """Whether a side's part is held here."""
        return (bust.ref, owner) in self._held

    def release(self, bust: Bust, pit: Pit) -> None:
        """A bust is over: nothing is held for it any more."""
        ticker = pit.tickers[bust.fill.ticker]
        for owner in bust.fill.owners:
            for order in self._held.pop((bust.ref, owner), ()):
                self.covers[ticker.mode].drop(order, ticker)
        self.accounts.release(_fees(bust))

    def undo(self, bust: Bust, before: tuple[str, int] | None, pit: Pit) -> None:
        """All accepts stand: each side gives back what it got. before: the last fill left."""
        fill, ticker = bust.fill, pit.tickers[bust.fill.ticker]
        cover = self.covers[ticker.mode]
        sold, bought = _orders(bust, ticker, pit)
        why = f"bust of {fill.ref}, {_text(bust, ticker)}"
        traded = Traded(bust.ref, fill.quantity, fill.price, why, fill.ref)
        cover.fill(Trade(bought, sold, (0, 0)), traded, ticker)
        cover.forget(fill.ref, ticker, before)
        self.release(bust, pit)
        for account, fee in zip((fill.buyer, fill.seller), fill.fees, strict=True):
            if fee:
                said = f"fee given back by {why}"
                self.move(OPERATOR, account, ticker.currency, fee, bust.ref, said)

    def dump(self) -> Iterator[Directive]:
        """The sides whose parts are held, in canonical order."""
        for ref, owner in sorted(self._held, key=lambda key: (reference_key(key[0]), key[1])):
            yield Directive("giving", (f"{owner}/{ref}",))


def _text(bust: Bust, ticker: Ticker) -> str:
    """`100 ACME @ 12.50`."""
    quantity, price = decimal(bust.fill.quantity, SCALE), decimal(bust.fill.price, SCALE)
    number = plain(quantity.quantize(decimal(1, ticker.decimals)))
    return f"{number} {ticker.code} @ {plain(price.quantize(decimal(1, ticker.price_decimals)))}"


def _fees(bust: Bust) -> str:
    return f"{bust.ref} fees"


def _orders(bust: Bust, ticker: Ticker, pit: Pit) -> tuple[Order, Order]:
    """The fill the other way: an order of its buyer's to sell, and one of its seller's to buy."""
    fill = bust.fill
    return (
        _order(bust, "buyer", "sell", fill.buyer, ticker, pit),
        _order(bust, "seller", "buy", fill.seller, ticker, pit),
    )


def _order(bust: Bust, side: str, verb: str, account: str, ticker: Ticker, pit: Pit) -> Order:
    fill = bust.fill
    quantity, price = decimal(fill.quantity, SCALE), decimal(fill.price, SCALE)
    said = Directive(verb, (trimmed(quantity), fill.ticker, trimmed(price)))
    order = Order(f"{bust.ref} {side}", fill.time, owner_of(account), said)
    order.account = account
    if ticker.mode == "short":
        order.margin = scaled[pit.rule("margin")]
    return order
