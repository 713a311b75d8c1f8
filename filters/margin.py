"""Cover in mode `short`: a ticker that may be sold without having it (docs: short sales).

For each account and ticker the open orders share what there is, in the order of their entries: the
units go to the sells, and what a sell does not get is its short part; what is short goes to the
buys, which close it. `locked` is the price, in the ticker's ticks, that is locked for each unit
short, proceeds included. Held in cash:

    short x locked + sum over sells of part x max(0, locked - net proceeds)
                   + sum over buys of max(0, cost - locked x closing)

Exact, and rounded up as a sum, so that no fill of any of them, in any order, at any price that its
limit allows, makes available cash negative: a fill of a sell brings at least what the hold counts
on, a fill of a buy costs at most what it counts with, and what others lose in units or in what they
close, at most `locked` each, the fill itself brought or freed.
"""

from collections.abc import Iterator, Sequence

from pit.archives.amounts import decimal, plain, trimmed
from pit.archives.verbs import Directive, Verb
from pit.filters.accounts import Accounts
from pit.filters.cover import Lacking, Move, Traded, largest
from pit.filters.instructions import ONE, SCALE, Order, Replace, Trade, scaled
from pit.filters.problems import units_of, with_fee
from pit.filters.record import reference_key
from pit.filters.shorting import Needs, Open, Position, needs_of, required
from pit.pits.listing import Ticker

__all__ = ["WORDS", "Margin"]

WORDS = (
    Verb(
        "locked",
        "{owner:account} {ticker:asset} {price:units}",
        "What is locked for each unit that the account is short, in 10**-9.",
    ),
    Verb("traded", "{ticker:asset} {price:price} {fill:reference}", "The last fill that stands."),
)


class Margin:
    """Cover in mode `short` (see the module).

    last: the last fill of each ticker that stands, its reference and price (10**-9).
    """

    def __init__(self, accounts: Accounts, move: Move) -> None:
        self.accounts, self.move = accounts, move
        self.last: dict[str, tuple[str, int]] = {}
        self.positions: dict[tuple[str, str], Position] = {}
        self.touched: dict[tuple[str, str], None] = {}
        self._at: dict[str, Position] = {}

    def holds(self, order: Order) -> bool:
        """As `Cover`."""
        return order.ref in self._at

    def take(
        self,
        order: Order,
        left: int,
        asked: Sequence[Replace],
        ticker: Ticker,
        *,
        unasked: bool = False,
    ) -> Lacking | None:
        """As `Cover`. A sell that is short, or makes others so, decides what is locked for each."""
        position = self._position(order.account, ticker.code)
        was, before = position.open.get(order.ref), position.locked
        position.put(order.ref, self._came(order, left, asked, was, ticker))
        needs = self._needs(position, ticker)
        more = sum(needs.parts.values()) > sum(position.needs.parts.values())
        if (more or needs.parts.get(order.ref)) and (not unasked or not before):
            high = max(position.highest(needs), self.last.get(ticker.code, ("", 0))[1])
            position.locked = max(before, required(high, order.margin, ticker))
            needs = self._needs(position, ticker)
        lacking = None
        if not unasked:
            lacking = self._lacking(position, order, needs, bool(asked), ticker)
        if lacking:
            position.put(order.ref, was)
            position.locked = before
            self._rest(position)
            return lacking
        self._at[order.ref] = position
        self._hold(position, needs, ticker)
        return None

    def _lacking(
        self, position: Position, order: Order, needs: Needs, asked: bool, ticker: Ticker
    ) -> Lacking | None:
        """What a position lacks with an order that is not held for yet, or not so."""
        part, market = needs.parts.get(order.ref, 0), order.limit is None and not asked
        if market and part:
            have = _quantity(order.quantity - part, ticker)
            why = (
                f"sell {_quantity(order.quantity, ticker)} @ market would sell "
                f"{_quantity(part, ticker)} {ticker.code} short; available {have}: give a limit"
            )
            return Lacking(ticker.code, 0, why=why)
        available = self.accounts.available(position.account, ticker.currency)
        if market and order.buys and not needs.cash[order.ref]:
            held = _cash(available, ticker)
            why = f"no {ticker.currency} is available ({held}) to buy at market: give a limit"
            return Lacking(ticker.currency, 0, why=why)
        more = needs.total - position.needs.total
        if more <= max(0, available):
            return None
        how = ""
        if position.locked:
            how = self._arithmetic(position, order, needs, ticker)
        return Lacking(ticker.currency, more, how=how)

    def _arithmetic(self, position: Position, order: Order, needs: Needs, ticker: Ticker) -> str:
        """The numbers behind what a short position needs."""
        locked, code = position.locked, ticker.code
        said = ""
        part = needs.parts.get(order.ref, 0)
        if part:
            last = self.last.get(code)
            units = _quantity(position.open[order.ref].left - part, ticker)
            said += f"{units} {code} available, {_quantity(part, ticker)} short, margin "
            said += plain(trimmed(decimal(order.margin, SCALE)))
            said += f", last {_price(last[1], ticker)}; " if last else ", no last price; "
        unit = ticker.value_scaled * ONE
        parts = (needs.short * locked * ONE, needs.sells, needs.buys)
        short, sells, buys = (_cash(-(-part // unit), ticker) for part in parts)
        return (
            f" more ({said}{_price(locked, ticker)} locked for each unit short: then held "
            f"{_cash(needs.total, ticker)} = {short} for {_quantity(needs.short, ticker)} short + "
            f"{sells} for sells + {buys} for buys, now {_cash(position.needs.total, ticker)})"
        )

    def _came(
        self, order: Order, left: int, asked: Sequence[Replace], was: Open | None, ticker: Ticker
    ) -> Open:
        """An order with the largest quantity, and the worst price, of its versions."""
        quantity = largest(order, left, asked)
        versions: list[Order | Replace] = [order, *asked]
        limits = [one.price for one in versions if one.limit is not None]
        if not order.buys:
            return Open(order, quantity, min([*limits, order.price]), max(limits, default=0))
        price = max(limits, default=0)
        if order.limit is not None:
            return Open(order, quantity, price, price)
        if order.cover < 0 and was is None:
            whole = max(0, self.accounts.available(order.account, ticker.currency))
        elif order.cover < 0 and was:
            whole = max(was.whole, with_fee(order, quantity * price, ticker))
        else:
            whole = with_fee(order, max(quantity * price, order.cover), ticker)
        return Open(order, quantity, price, price, whole)

    def drop(self, order: Order, ticker: Ticker) -> None:
        """As `Cover`."""
        position = self._at.pop(order.ref, None)
        if position:
            position.put(order.ref, None)
            self._hold(position, self._needs(position, ticker), ticker)

    def fill(self, trade: Trade, traded: Traded, ticker: Ticker) -> None:
        """As `Cover`: cash one way, units the other."""
        ref, quantity, price, why, undoes = traded
        buyer, seller = trade.bought.account, trade.sold.account
        self.move(buyer, seller, ticker.currency, ticker.worth(quantity, price), ref, why)
        self.move(seller, buyer, ticker.code, units_of(quantity, ticker), ref, why)
        if not undoes:
            self.last[ticker.code] = (ref, price)
        for account in (buyer, seller):
            self.moved(account, ticker)

    def moved(self, account: str, ticker: Ticker) -> None:
        """As `Cover`."""
        position = self.positions.get((account, ticker.code))
        if position:
            self._hold(position, self._needs(position, ticker), ticker)

    def forget(self, fill: str, ticker: Ticker, before: tuple[str, int] | None) -> None:
        """As `Cover`."""
        if self.last.get(ticker.code, ("", 0))[0] == fill:
            del self.last[ticker.code]
            if before:
                self.last[ticker.code] = before

    def tidy(self) -> None:
        """An entry is over: nothing is locked any more where nothing is short."""
        for key in self.touched:
            position = self.positions.get(key)
            if position and position.flat:
                position.locked = 0
                if not position.open:
                    del self.positions[key]
        self.touched.clear()

    def _position(self, account: str, code: str) -> Position:
        found = self.positions.get((account, code))
        if found is None:
            found = self.positions[account, code] = Position(account, code)
        return found

    def _needs(self, position: Position, ticker: Ticker) -> Needs:
        """What a position needs; units that a transfer waits for are not there for its sells."""
        account, code = position.account, position.code
        balance = self.accounts.balance(account, code)
        others = self.accounts.held_of(account, code) - sum(position.needs.units.values())
        free, short = max(0, balance - others), max(0, -balance)
        scale = ticker.unit_scaled
        orders = position.open.values()
        return needs_of(orders, free * scale, short * scale, position.locked, ticker)

    def _hold(self, position: Position, needs: Needs, ticker: Ticker) -> None:
        """Hold what a position needs, whether or not it is available."""
        was, account = position.needs, position.account
        for asset, old, new in (
            (ticker.code, was.units, needs.units),
            (ticker.currency, was.cash, needs.cash),
        ):
            for ref in old.keys() - new.keys():
                self.accounts.release(ref)
            for ref, amount in new.items():
                if amount != old.get(ref, 0):
                    self._set(ref, account, asset, amount)
        if needs.pooled != was.pooled:
            self._set(position.pool, account, ticker.currency, needs.pooled)
        position.needs = needs
        self._rest(position)

    def _set(self, ref: str, account: str, asset: str, amount: int) -> None:
        if not amount:
            self.accounts.release(ref)
        elif ref in self.accounts.holds:
            self.accounts.change(ref, amount, unasked=True)
        else:
            self.accounts.hold(ref, account, asset, amount, unasked=True)

    def _rest(self, position: Position) -> None:
        if position.flat and (position.locked or not position.open):
            self.touched[position.account, position.code] = None

    def dump(self) -> Iterator[Directive]:
        """What is locked, and the last fills, in canonical order; `covered` says which orders."""
        self.tidy()
        for (account, code), position in sorted(self.positions.items()):
            if position.locked:
                yield Directive("locked", (account, code, position.locked))
        for code, (ref, price) in sorted(self.last.items()):
            yield Directive("traded", (code, trimmed(decimal(price, SCALE)), ref))

    def covered(self) -> list[str]:
        """The orders that are held for, by their entries."""
        return sorted((ref for ref in self._at if " " not in ref), key=reference_key)

    def load(self, directive: Directive) -> None:
        """One directive of `dump`."""
        args = directive.args
        if directive.verb == "locked":
            self._position(args[0], args[1]).locked = args[2]
        else:
            self.last[args[0]] = (args[2], scaled[args[1]])

    def put_back(self, order: Order, asked: Sequence[Replace], ticker: Ticker) -> None:
        """An order that a checkpoint says is held for; `settle` holds, once all are there."""
        held = self.accounts.holds.get(order.ref)
        self.accounts.release(order.ref)
        position = self._at[order.ref] = self._position(order.account, ticker.code)
        came = self._came(order, order.quantity - order.filled, asked, None, ticker)
        if came.whole >= 0:
            came = came._replace(whole=held.amount if held else 0)
        position.put(order.ref, came)

    def settle(self, tickers: dict[str, Ticker]) -> None:
        """Hold what all positions need."""
        for (_, code), position in self.positions.items():
            self._hold(position, self._needs(position, tickers[code]), tickers[code])


def _quantity(amount: int, ticker: Ticker) -> str:
    return plain(decimal(units_of(amount, ticker), ticker.decimals))


def _price(price: int, ticker: Ticker) -> str:
    number = decimal(price, SCALE)
    return plain(number.quantize(decimal(1, ticker.price_decimals)))


def _cash(amount: int, ticker: Ticker) -> str:
    decimals = 2 * SCALE + 1 - len(str(ticker.value_scaled))
    return plain(decimal(amount, decimals))
