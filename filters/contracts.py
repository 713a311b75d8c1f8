"""Cover in mode `contract`, and what a market pays when it is settled (MARKET, Bounded contracts).

Nothing is paid at the trade. What all trades and open orders of an account can come to at worst,
driver by driver, is held of its cash as one amount a currency; `collateral` reckons it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

from pit.archives.amounts import decimal, plain
from pit.archives.verbs import Directive
from pit.filters.accounts import Accounts
from pit.filters.bounds import Family
from pit.filters.collateral import Matched, Portfolio
from pit.filters.combos import Combo
from pit.filters.cover import Lacking, Move, Traded, largest
from pit.filters.instructions import NO_FEES, SCALE, Order, Replace, Trade
from pit.filters.markets import Course, Settled
from pit.filters.problems import with_fee
from pit.pits.listing import Ticker
from pit.pits.markets import Market
from pit.pits.members import CLEARING
from pit.pits.state import Pit

__all__ = ["Contracts", "middle"]


class Contracts:
    """The portfolios of the accounts that a shard keeps, by account and driver.

    families: by driver. closed: what each driver that is settled was settled at, in 10**-9, None
    for all trades undone.
    """

    def __init__(self, accounts: Accounts, move: Move, keeps: Callable[[str], bool]) -> None:
        self.accounts, self.move, self.keeps = accounts, move, keeps
        self.families: dict[str, Family] = {}
        self.drivers: dict[str, str] = {}
        self.closed: dict[str, int | None] = {}
        self.portfolios: dict[tuple[str, str], Portfolio] = {}
        self._tickers: dict[str, Ticker] = {}
        self._tops: dict[str, int] = {}
        self._decimals: dict[str, int] = {}
        self._needs: dict[tuple[str, str], int] = {}

    # Markets

    def found(self, market: Market, pit: Pit) -> None:
        """A market exists from here on."""
        code = market.code
        if code in self.drivers:
            return
        self.drivers[code], self._tops[code] = market.driver, market.high
        if market.drives:
            self.families[code] = Family(code, market.low, market.high)
            self._tickers[code] = pit.tickers[code]
            self._decimals[code] = pit.assets[pit.tickers[code].currency].decimals
        else:
            self.families[market.driver].add(code, market.parent, market.low, market.high)

    def narrow(self, driver: str, course: Course) -> None:
        """Bounds count from here on: what they free is free."""
        self.families[driver].narrow(course.low, course.high)
        for account, _ in self._portfolios(driver):
            self._reckon(account, driver)

    def settle(self, settled: Settled, course: Course, ref: str, market: Market) -> None:
        """Pay a driver's whole family; orders that are open still are good for what they lose."""
        driver, value = settled
        family, ticker = self.families[driver], self._tickers[driver]
        said = "void" if value is None else _number(value, ticker)
        if value is None and market.void == "mid":
            value = middle(course, ticker)
        if value is not None:
            family.narrow(value, value)
        self.closed[driver] = value
        for account, portfolio in self._portfolios(driver):
            if value is not None:
                amount = self._money(portfolio.payoff(value), ticker)
                self._pay(account, amount, ticker, ref, f"{driver} settled: {said}")
            self.portfolios[account, driver] = portfolio.pending()
            self._reckon(account, driver)

    def _portfolios(self, driver: str) -> list[tuple[str, Portfolio]]:
        """Who has something in a driver's family, by account."""
        found = ((account, one) for (account, of), one in self.portfolios.items() if of == driver)
        return sorted(found, key=lambda pair: pair[0])

    # Orders, as `Cover`

    def holds(self, order: Order) -> bool:
        """As `Cover`."""
        portfolio = self.portfolios.get((order.account, self.drivers[order.ticker]))
        return portfolio is not None and order.ref in portfolio

    def take(
        self,
        order: Order,
        left: int,
        asked: Sequence[Replace],
        ticker: Ticker,
        *,
        unasked: bool = False,
    ) -> Lacking | None:
        """As `Cover`: what the account's worst comes to with it, and its fee apart."""
        account, driver = order.account, self.drivers[order.ticker]
        portfolio = self._portfolio(account, driver)
        # Part may trade before a replace is worked, the rest after: the largest at the worst price.
        quantity, price = largest(order, left, asked), order.price
        if asked:
            price = (max if order.buys else min)(price, *(one.price for one in asked))
        quantity = quantity if order.buys else -quantity
        fee = self._fee(order, left, asked, ticker)
        held = self.accounts.holds.get(order.ref)
        known = order.ref in portfolio
        need: int | None = None
        if not unasked:
            if known:
                worst = portfolio.if_change(order.ref, (quantity, price))
            else:
                worst = portfolio.if_open(order.ticker, quantity, price)
            need = -self._money(worst, ticker)
            more = need - self._needs.get((account, driver), 0)
            more += fee - (held.amount if held else 0)
            if more > 0 and more > self.accounts.available(account, ticker.currency):
                would = portfolio.copy()
                if known:
                    would.change(order.ref, (quantity, price))
                else:
                    would.open(order.ref, order.ticker, quantity, price)
                return Lacking(ticker.currency, more, how=self._how(account, would, fee))
        if known:
            portfolio.change(order.ref, (quantity, price))
        else:
            portfolio.open(order.ref, order.ticker, quantity, price)
        if need is None:
            self._reckon(account, driver)
        else:
            self._hold(account, driver, need)
        if fee or held:
            self._hold_fee(order.ref, account, ticker.currency, fee)
        return None

    def take_all(self, combo: Combo, *, unasked: bool = False) -> Lacking | None:
        """As `take`, for a combination: what it comes to if all its legs are filled."""
        account, driver = combo.account, self.drivers[combo.lane]
        portfolio, ticker = self._portfolio(account, driver), self._tickers[driver]
        fee = sum(self._fee(leg, leg.quantity, (), ticker) for leg in combo.legs)
        legs = [(market, quantity, 0) for market, quantity in combo.signed()]
        if not unasked:
            worst = portfolio.if_legs(legs, combo.cost)
            more = fee - self._money(worst, ticker) - self._needs.get((account, driver), 0)
            if more > 0 and more > self.accounts.available(account, ticker.currency):
                would = portfolio.copy()
                would.open_legs(combo.ref, legs, combo.cost)
                return Lacking(ticker.currency, more, how=self._how(account, would, fee))
        if combo.ref not in portfolio:
            portfolio.open_legs(combo.ref, legs, combo.cost)
        self._reckon(account, driver)
        self._hold_fee(combo.ref, account, ticker.currency, fee)
        return None

    def _hold_fee(self, ref: str, account: str, currency: str, fee: int) -> None:
        """Hold an order's fee, apart from what its contracts need."""
        self.accounts.release(ref)
        if fee:
            self.accounts.hold(ref, account, currency, fee, unasked=True)

    def _how(self, account: str, would: Portfolio, fee: int) -> str:
        """Where an account would be worst off, in words."""
        driver = would.family.driver
        ticker = self._tickers[driver]
        outcome, worst = min(would.profile(), key=lambda point: point[1])
        decimals = self._decimals[driver]

        def text(amount: int) -> str:
            return plain(decimal(amount, decimals))

        held = text(self.needed(account, driver))
        at, comes = _number(outcome, ticker), text(self._money(worst, ticker))
        said = f" more (at {driver} = {at} all of {driver} comes to {comes}, held {held}"
        return said + (f", fee {text(fee)})" if fee else ")")

    def _fee(self, order: Order, left: int, asked: Sequence[Replace], ticker: Ticker) -> int:
        """What the order may still be charged: a sell at any price up to the market's highest."""
        if order.rates is NO_FEES:
            return 0
        highest = max([order.price, *(one.price for one in asked)])
        if not order.buys:
            highest = max(highest, self._tops[order.ticker])
        worst = largest(order, left, asked) * highest
        return with_fee(order, worst, ticker) - ticker.worth(worst, 1)

    def drop(self, order: Order, ticker: Ticker) -> None:
        """As `Cover`."""
        account, driver = order.account, self.drivers[order.ticker]
        portfolio = self.portfolios.get((account, driver))
        if portfolio and order.ref in portfolio:
            portfolio.close(order.ref)
            self._reckon(account, driver)
        self.accounts.release(order.ref)

    def fill(self, trade: Trade, traded: Traded, ticker: Ticker) -> None:
        """As `Cover`: matched on both sides; paid at once where the market is settled."""
        driver = self.drivers[ticker.code]
        for order in trade.sides:
            if not self.keeps(order.owner):
                continue
            sign = 1 if order.buys else -1
            quantity = sign * traded.quantity
            if driver not in self.closed:
                portfolio = self._portfolio(order.account, driver)
                portfolio.trade(ticker.code, quantity, traded.price)
                self._reckon(order.account, driver)
                continue
            value = self.closed[driver]
            if value is not None:
                worth = self.families[driver].value(ticker.code, value) - traded.price
                amount = self._money(worth * quantity, ticker)
                why = f"{traded.why}, settled"
                self._pay(order.account, amount, ticker, traded.ref, why)

    def moved(self, account: str, ticker: Ticker) -> None:
        """As `Cover`: contracts do not come or go but by a fill."""

    def forget(self, fill: str, ticker: Ticker, before: tuple[str, int] | None) -> None:
        """As `Cover`: cover depends on no last price."""

    # Money

    def needed(self, account: str, driver: str) -> int:
        """What is held of an account's cash for a driver's family, in smallest units."""
        return self._needs.get((account, driver), 0)

    def _portfolio(self, account: str, driver: str) -> Portfolio:
        key = account, driver
        found = self.portfolios.get(key)
        if found is None:
            found = self.portfolios[key] = Portfolio(self.families[driver])
        return found

    def _pay(self, account: str, amount: int, ticker: Ticker, ref: str, why: str) -> None:
        """Pay an account its gain, or take its loss; the other side is the clearing's."""
        if amount > 0:
            self.move(CLEARING, account, ticker.currency, amount, ref, why)
        elif amount < 0:
            self.move(account, CLEARING, ticker.currency, -amount, ref, why)

    def _money(self, worth: int, ticker: Ticker) -> int:
        """A worth of 10**-18 in the currency's smallest unit; exact for lots and ticks."""
        return worth * ticker.factor // ticker.value_scaled

    def _reckon(self, account: str, driver: str) -> None:
        """Hold of an account's cash what its contracts need now."""
        key = account, driver
        portfolio = self.portfolios[key]
        self._hold(account, driver, -self._money(portfolio.worst(), self._tickers[driver]))
        if not portfolio:
            del self.portfolios[key]
            self._needs.pop(key, None)

    def _hold(self, account: str, driver: str, need: int) -> None:
        """Hold so much of an account's cash for a driver's family; nothing where it is undone."""
        key = account, driver
        if driver in self.closed and self.closed[driver] is None:
            need = 0
        before = self._needs.get(key, 0)
        if need == before:
            return
        accounts, currency = self.accounts, self._tickers[driver].currency
        hold = f"contracts {account} {currency}"
        held = accounts.holds.get(hold)
        total = (held.amount if held else 0) + need - before
        if not total:
            accounts.release(hold)
        elif held:
            accounts.change(hold, total, unasked=True)
        else:
            accounts.hold(hold, account, currency, total, unasked=True)
        self._needs[key] = need

    # State

    def dump(self) -> Iterator[Directive]:
        """The matched trades, and which orders are covered."""
        for (account, _), portfolio in sorted(self.portfolios.items(), key=lambda pair: pair[0]):
            for market, quantity, paid in portfolio.matched():
                yield Directive("matched", (account, market, quantity, paid))

    def covered(self) -> Iterator[str]:
        """The references of the orders that are covered here."""
        for portfolio in self.portfolios.values():
            yield from (ref for ref in portfolio if " " not in ref)  # the rest are busts'

    def load(self, matched: Iterable[tuple[str, str, int, int]]) -> None:
        """The trades from `dump`, once the markets are known."""
        trades: dict[tuple[str, str], list[Matched]] = {}
        for account, market, quantity, paid in matched:
            key = account, self.drivers[market]
            trades.setdefault(key, []).append(Matched(market, quantity, paid))
        for key, found in trades.items():
            self.portfolios[key] = Portfolio(self.families[key[1]], found)
            self._reckon(*key)

    def restore(self, pit: Pit, courses: Mapping[str, Course]) -> None:
        """The markets that there are, as they stand."""
        for market in pit.markets.values():
            self.found(market, pit)
        for driver, course in courses.items():
            family, market = self.families[driver], pit.markets[driver]
            value = course.value
            if course.ended and value is None and market.void == "mid":
                value = middle(course, self._tickers[driver])
            if value is not None:
                family.narrow(value, value)
            else:
                family.narrow(course.low, course.high)
            if course.ended:
                self.closed[driver] = value


def middle(course: Course, ticker: Ticker) -> int:
    """The middle of a driver's bounds, down to the tick: what it is worth if void, `void: mid`."""
    found = (course.low + course.high) // 2
    return found - found % ticker.tick_scaled


def _number(value: int, ticker: Ticker) -> str:
    return plain(decimal(value, SCALE).quantize(Decimal(1).scaleb(-ticker.price_decimals)))
