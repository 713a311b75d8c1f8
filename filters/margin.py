"""Cover in mode `short`: a ticker that may be sold without having it (docs/reference/matching.md).

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

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from pit.archives.amounts import decimal, plain, trimmed
from pit.archives.verbs import Directive, Verb
from pit.filters.accounts import Accounts
from pit.filters.cover import Lacking, Move, Traded, largest
from pit.filters.instructions import ONE, SCALE, Order, Replace, Trade, scaled
from pit.filters.problems import units_of, with_fee
from pit.filters.record import reference_key
from pit.pits.listing import Ticker

__all__ = ["WORDS", "Margin", "required"]

WORDS = (
    Verb(
        "locked",
        "{owner:account} {ticker:asset} {price:units}",
        "What is locked for each unit that the account is short, in 10**-9.",
    ),
    Verb("traded", "{ticker:asset} {price:price} {fill:reference}", "The last fill that stands."),
)


class Open(NamedTuple):
    """An open order with its unanswered replaces.

    left: the most that may be left of it; price: the worst that it may trade at; high: its highest
    limit; in 10**-9. whole: what a market order to buy holds, in smallest units, -1 for others.
    """

    order: Order
    left: int
    price: int
    high: int
    whole: int = -1


class Needs(NamedTuple):
    """What a position needs held.

    units: of each sell, cash: of each buy that closes nothing, in smallest units. pooled: the cash
    for all else. parts: the short part of each sell; short: what the account is short (10**-9).
    sells, buys: their share of the cash, in 10**-27, buys with `cash`.
    """

    units: dict[str, int]
    cash: dict[str, int]
    pooled: int
    parts: dict[str, int]
    short: int
    sells: int
    buys: int

    @property
    def total(self) -> int:
        """All cash."""
        return self.pooled + sum(self.cash.values())


class Position:
    """An account's open orders for a ticker, by entry, and what is held for them.

    locked: for each unit short, in 10**-9; 0 where nothing is. needs: what is held.
    """

    __slots__ = ("account", "code", "locked", "needs", "open")

    def __init__(self, account: str, code: str) -> None:
        self.account, self.code = account, code
        self.open: dict[str, Open] = {}
        self.locked = 0
        self.needs = Needs({}, {}, 0, {}, 0, 0, 0)

    @property
    def pool(self) -> str:
        """The key of the hold for the position as a whole."""
        return f"short {self.account} {self.code}"

    @property
    def flat(self) -> bool:
        """Whether nothing is short, and no open order may make it so."""
        return not self.needs.short and not any(self.needs.parts.values())

    def highest(self, needs: Needs) -> int:
        """The highest limit of a sell with a short part."""
        return max((self.open[ref].high for ref, part in needs.parts.items() if part), default=0)

    def put(self, ref: str, one: Open | None) -> None:
        """An order is so now; None: it is over."""
        if one is None:
            self.open.pop(ref, None)
            return
        late = ref not in self.open and any(_by_entry(ref) < _by_entry(key) for key in self.open)
        self.open[ref] = one
        if late:
            self.open = {key: self.open[key] for key in sorted(self.open, key=_by_entry)}


def _by_entry(ref: str) -> tuple[tuple[int, int], str]:
    return reference_key(ref.partition(" ")[0]), ref


def required(price: int, margin: int, ticker: Ticker) -> int:
    """(1 + margin) x price, rounded up to the tick; all in 10**-9."""
    step = ONE * ticker.tick_scaled
    return -(-(ONE + margin) * price // step) * ticker.tick_scaled


def needs_of(orders: Iterable[Open], units: int, short: int, locked: int, ticker: Ticker) -> Needs:
    """What open orders, in the order of their entries, need held.

    units: what there is for sells; short: what the account is short; locked: for each (10**-9).
    """
    unit = ticker.value_scaled * ONE
    sells = [one for one in orders if not one.order.buys]
    given: dict[str, int] = {}
    parts: dict[str, int] = {}
    for one in sells:
        got = min(one.left, units)
        units -= got
        given[one.order.ref] = units_of(got, ticker)
        parts[one.order.ref] = one.left - got
    selling = 0
    if any(parts.values()):
        for one in sells:
            rate = max(one.order.rates)
            net = locked * ONE - one.price * (ONE - rate)
            selling += parts[one.order.ref] * max(0, net)
            if rate:
                selling += _rounding(one.order, unit)
    cash: dict[str, int] = {}
    buying, closing = 0, short
    for one in orders:
        if not one.order.buys:
            continue
        ref, rate, cost = one.order.ref, max(one.order.rates), one.left * one.price
        if one.whole >= 0:
            cash[ref] = one.whole
            continue
        whole = with_fee(one.order, cost, ticker)
        closes = min(one.left, closing)
        closing -= closes
        if not closes * locked:
            cash[ref] = whole
            continue
        rest = max(0, cost * (ONE + rate) - closes * locked * ONE)
        buying += min(whole * unit, rest + _rounding(one.order, unit) * bool(rate))
    exact = short * locked * ONE + selling + buying
    buying += sum(cash.values()) * unit
    return Needs(given, cash, -(-exact // unit), parts, short, selling, buying)


def _rounding(order: Order, unit: int) -> int:
    """What rounding up may still add to the fees of an order: up to one smallest unit (10**-27)."""
    return unit - -order.charges % unit


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
