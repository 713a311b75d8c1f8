"""Reads a session of markets entry by entry, beside a reckoning of its own in fractions.

What every account is paid, what may still come, and what must hold at every entry: nobody is below
zero, nothing is promised twice, all that is paid adds up to nothing.
"""

import random
from collections.abc import Iterator, Sequence
from fractions import Fraction

from pit.archives.verbs import Directive
from pit.filters.accounts import Posting
from pit.filters.instructions import ONE, Act, Order, Trade
from pit.filters.lanes import Owed
from pit.filters.markets import Bounded, Settled
from pit.filters.positions import Positions
from pit.filters.runner import Event, Run
from pit.filters.settle import Settle
from pit.filters.standing import Standing
from pit.pits.markets import Market
from pit.pits.members import CLEARING, OUTSIDE
from pit.pits.state import Pit
from tests.filters.sessions import Archive, Session, replay, state


class Watch(Positions):
    """Position keeping of everybody, whose postings and acts of the last entry are kept."""

    def __init__(self) -> None:
        self.postings: list[Posting] = []
        self.acts: Sequence[Act] = ()
        super().__init__(journal=self.postings.append)

    def step(self, event: Event, pit: Pit, record: Standing) -> Iterator[Owed]:
        self.postings.clear()
        self.acts = event.acts
        return super().step(event, pit, record)


class Deal:
    """A side of a trade, in fractions: whose, where, how many, at what price."""

    def __init__(self, order: Order, directive: Directive) -> None:
        sign = 1 if order.buys else -1
        self.account, self.market = order.account, order.ticker
        self.quantity = sign * Fraction(directive.args[0])
        self.price = Fraction(directive.args[2])


def value(markets: dict[str, Market], code: str, outcomes: dict[str, Fraction]) -> Fraction:
    """What a market is worth, by the outcomes of the drivers: its parent's value, clipped."""
    about = markets[code]
    if about.drives:
        return outcomes[code]
    low, high = Fraction(about.low, ONE), Fraction(about.high, ONE)
    return min(max(value(markets, about.parent, outcomes), low), high)


def middle(low: int, high: int, tick: int) -> Fraction:
    """Half way between two bounds, down to the tick."""
    return Fraction((low + high) // 2 // tick * tick, ONE)


class Auditor:
    """Reads an archive entry by entry and reckons by itself what every account must be paid."""

    def __init__(self, archive: Archive, rng: random.Random) -> None:
        self.archive, self.rng = archive, rng
        self.watch = Watch()
        self.run = Run(self.watch)
        self.deals: list[Deal] = []
        self.over: dict[str, Fraction | None] = {}
        self.seen: dict[str, int] = {}
        self.freed = 0

    def read(self, guesses: int) -> None:
        """The whole archive; guesses: how often all that may come is tried, on the way."""
        entries = self.archive.entries[: self.archive.sealed + 1]
        asked = set(self.rng.sample(range(len(entries)), min(guesses, len(entries))))
        for index, entry in enumerate(entries):
            available = self.available()
            self.run.feed(entry)
            if any(isinstance(act.subject, Bounded | Settled) for act in self.watch.acts):
                self.narrowed(available)
            for act in self.watch.acts:
                self.seen[act.directive.verb] = self.seen.get(act.directive.verb, 0) + 1
                if isinstance(act.subject, Trade) and self.contract(act.directive.args[1]):
                    self.filled(act, act.subject)
                elif isinstance(act.subject, Settled):
                    self.settled(act, act.subject)
            self.books()
            if index in asked:
                self.whatever_comes()

    def available(self) -> dict[str, int]:
        """What each account has and is free to use."""
        accounts = self.watch.accounts
        owners = [owner for owner, asset in accounts.balances if asset == "EUR"]
        return {owner: accounts.available(owner, "EUR") for owner in owners if owner != OUTSIDE}

    def narrowed(self, before: dict[str, int]) -> None:
        """Bounds that count never raise a cover, nor does a settlement beyond what it pays."""
        after = self.available()
        assert all(after.get(owner, 0) >= amount for owner, amount in before.items())
        self.freed += before != after

    def contract(self, code: str) -> bool:
        return code in self.run.pit.markets

    def books(self) -> None:
        """Nothing is below zero or promised twice; every asset adds up, the clearing to nothing."""
        accounts = self.watch.accounts
        sums: dict[str, int] = {}
        for (owner, asset), amount in accounts.balances.items():
            sums[asset] = sums.get(asset, 0) + amount
            if owner not in (OUTSIDE, CLEARING):
                assert amount >= 0, (owner, asset, amount, self.run.pit.entry)
                assert accounts.available(owner, asset) >= 0, (owner, asset, self.run.pit.entry)
            assert owner != CLEARING, "payments do not sum to zero"
        assert not any(sums.values())
        for asset, total in self.run.record.totals.items():
            assert accounts.balance(OUTSIDE, asset) == -total

    def filled(self, act: Act, trade: Trade) -> None:
        """A trade of contracts moves no money, unless the market is over: then it is paid."""
        market = self.run.pit.markets[act.directive.args[1]]
        deals = [Deal(order, act.directive) for order in trade.sides]
        if market.driver not in self.over:
            self.deals += deals
            deals = []
        self.paid(act.ref, deals, market.driver)

    def settled(self, act: Act, found: Settled) -> None:
        """A driver's whole family is paid, each account for all its trades."""
        pit, driver = self.run.pit, found.driver
        value = None if found.value is None else Fraction(found.value, ONE)
        if value is None and pit.markets[driver].void == "mid":
            course = self.run.record.courses[driver]
            value = middle(course.low, course.high, pit.tickers[driver].tick_scaled)
        self.over[driver] = value
        mine = [deal for deal in self.deals if pit.markets[deal.market].driver == driver]
        self.deals = [deal for deal in self.deals if pit.markets[deal.market].driver != driver]
        self.paid(act.ref, mine, driver)

    def paid(self, ref: str, deals: list[Deal], driver: str) -> None:
        """Exactly this was paid at that entry, and nothing to nobody."""
        pit = self.run.pit
        owed: dict[str, Fraction] = {}
        at = self.over.get(driver)
        for deal in deals if at is not None else ():
            assert at is not None
            worth = value(pit.markets, deal.market, {driver: at}) - deal.price
            cents = worth * deal.quantity * Fraction(pit.tickers[driver].unit) * 100
            owed[deal.account] = owed.get(deal.account, Fraction(0)) + cents
        got: dict[str, int] = {}
        for posting in self.watch.postings:
            fee = posting.why.startswith("fee ")
            if posting.ref == ref and posting.account != CLEARING and not fee:
                got[posting.account] = got.get(posting.account, 0) + posting.amount
        assert got == {account: cents for account, cents in owed.items() if cents}
        assert sum(got.values()) == 0

    def whatever_comes(self) -> None:
        """Guess outcomes and fills: nobody could end below zero, holds for others apart."""
        accounts, pit, record = self.watch.accounts, self.run.pit, self.run.record
        contracts = self.watch.contracts
        orders = [
            order
            for order in record.orders.values()
            if self.contract(order.ticker) and contracts.holds(order)
        ]
        combos = [combo for combo in record.combos.values() if contracts.holds(combo.legs[0])]
        for _ in range(12):
            outcomes, undone = self.guess()
            worth: dict[str, Fraction] = {}
            deals = [(deal.account, deal.market, deal.quantity, deal.price) for deal in self.deals]
            for order in orders:
                left = Fraction(order.quantity - order.filled, ONE) * (1 if order.buys else -1)
                part = left * self.rng.choice([0, 1, 1, Fraction(1, 2)])
                deals.append((order.account, order.ticker, part, Fraction(order.price, ONE)))
            for combo in combos:
                price = Fraction(combo.cost, ONE * combo.signed()[0][1])  # all of it at one leg
                for code, quantity in combo.signed() if self.rng.random() < 0.7 else ():
                    deals.append((combo.account, code, Fraction(quantity, ONE), price))
                    price = Fraction(0)
            for account, code, quantity, price in deals:
                driver = pit.markets[code].driver
                if driver not in undone:
                    cents = (value(pit.markets, code, outcomes) - price) * quantity
                    cents *= Fraction(pit.tickers[code].unit) * 100
                    worth[account] = worth.get(account, Fraction(0)) + cents
            for account, cents in worth.items():
                others = sum(
                    hold.amount
                    for name, hold in accounts.holds.items()
                    if hold[:2] == (account, "EUR") and " " not in name
                )
                assert accounts.balance(account, "EUR") - others + cents >= 0

    def guess(self) -> tuple[dict[str, Fraction], set[str]]:
        """An outcome of each driver within its bounds, ends and middles often; which are undone."""
        pit, rng = self.run.pit, self.rng
        outcomes: dict[str, Fraction] = {}
        undone: set[str] = set()
        for code, course in self.run.record.courses.items():
            tick = pit.tickers[code].tick_scaled
            steps = (course.high - course.low) // tick
            low, high = Fraction(course.low, ONE), Fraction(course.high, ONE)
            inside = low + Fraction(rng.randint(0, 2 * steps) * tick, 2 * ONE)
            outcomes[code] = rng.choice(
                [low, high, inside, inside, middle(course.low, course.high, tick)]
            )
            over = self.over.get(code, low)
            if code in self.over and over is not None:
                outcomes[code] = over
            if over is None or (pit.markets[code].void == "cancel" and rng.random() < 0.2):
                undone.add(code)
        return outcomes, undone


def audit(session: Session, seed: int, guesses: int = 6) -> Auditor:
    """Read a session with an auditor."""
    found = Auditor(session.archive, random.Random(seed))
    found.read(guesses)
    return found


def check_end(session: Session) -> None:
    """What must hold when everything is over and published."""
    sums: dict[str, int] = {}
    for process in session.running:
        process.catch_up(session.archive)
        run = process.run
        assert state(run) == state(replay(session.archive, process.make))
        assert run.drafts() == []
        record = run.record
        assert record.orders == {} and record.claims == {} and record.combos == {}
        assert record.cancels == {} and record.replaces == {} and record.due == {}
        assert all(course.ended and course.bound is None for course in record.courses.values())
        filter = run.filter
        if isinstance(filter, Settle):
            assert filter.decided == {} and filter.returning == set()
        if isinstance(filter, Positions):
            assert filter.accounts.holds == {} and filter.contracts.portfolios == {}
            for (_, asset), amount in filter.accounts.balances.items():
                sums[asset] = sums.get(asset, 0) + amount
    assert not any(sums.values())
