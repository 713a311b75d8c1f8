"""Margin short sales: no fill of anything, in any order, makes available cash negative."""

from decimal import Decimal
from fractions import Fraction
from math import ceil

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pit.archives.verbs import Directive
from pit.filters.accounts import OUTSIDE, Accounts
from pit.filters.cover import Traded
from pit.filters.instructions import Order, Replace, Trade, scaled
from pit.filters.margin import Margin
from pit.filters.positions import Positions
from pit.filters.reported import charge
from pit.filters.runner import Run
from pit.pits.listing import Asset, Ticker
from tests.filters.sessions import Archive, at, check_accounts, found, processes, replay, settle
from tests.filters.shorts import Held, Said, need

EUR = Asset("EUR", "Euro", 2)
WHO = ("alice", "alice:savings", "bob")
QUANTITIES = st.integers(1, 8)
PRICES = st.sampled_from([1, 2, 10, 11, 12, 15, 40, 100, 1000])
RATES = st.sampled_from([0, 0, Decimal("0.001"), Decimal("0.07"), Decimal("0.5"), 1])


class Pit:
    """A few accounts that trade one ticker with each other and with the rest of the world.

    Money of the oracle is in cents, units are whole; lots are of two, so that an odd one is left
    over. locked: what the oracle says is locked, by account.
    """

    def __init__(self, tick: str) -> None:
        self.ticker = Ticker.of(
            "CHAR", "Char Ltd.", "issuer", EUR, Decimal(tick), Decimal(2), "short"
        )
        self.accounts = Accounts()
        self.margin = Margin(self.accounts, self.move)
        self.orders: dict[str, Order] = {}
        self.asked: dict[str, list[Replace]] = {}
        self.locked = dict.fromkeys(WHO, Fraction(0))
        self.last = Fraction(0)
        self.number = 0

    def move(self, source: str, to: str, asset: str, amount: int, ref: str, why: str) -> None:
        self.accounts.post(source, asset, -amount, ref, why)
        self.accounts.post(to, asset, amount, ref, why)

    def enter(self, account: str, asset: str, amount: int) -> None:
        """Money or units come from outside, or go out as far as they are there."""
        if amount < 0:
            amount = -max(0, min(-amount, self.accounts.available(account, asset)))
        self.move(OUTSIDE, account, asset, amount, "1", "")
        self.margin.moved(account, self.ticker)

    def said(self, account: str) -> list[Said]:
        """The orders of an account as the oracle wants them."""
        found = []
        for order in self.orders.values():
            if order.account == account:
                versions: list[Order | Replace] = [order, *self.asked.get(order.ref, ())]
                prices = [one.price for one in versions]
                most = max(one.quantity for one in versions) - order.filled
                worst = Fraction(max(prices) if order.buys else min(prices), 10**7)
                rate, charged = Fraction(max(order.rates), 10**9), Fraction(order.charges, 10**25)
                said = Said(int(order.ref), order.buys, most // 10**9, worst)
                found.append(said._replace(fee=rate, charged=charged))
        return found

    def need(self, account: str) -> Held:
        units = self.accounts.balance(account, "CHAR")
        return need(self.said(account), units, self.locked[account])

    def ask(self, order: Order, replace: Replace | None, margin: Fraction) -> bool:
        """Judge an order, or a replace of one; the oracle judges it too."""
        account, was = order.account, self.locked[order.account]
        before = self.need(account)
        asked = self.asked.get(order.ref, [])
        self.orders[order.ref] = order
        if replace:
            asked.append(replace)
            self.asked[order.ref] = asked
        after = self.need(account)
        own = after.parts.get(int(order.ref), 0)
        if not order.buys and (own or sum(after.parts.values()) > sum(before.parts.values())):
            high = [self.last]
            for ref in after.parts:
                versions = [self.orders[str(ref)], *self.asked.get(str(ref), ())]
                high += [Fraction(one.price, 10**7) for one in versions]
            tick = Fraction(self.ticker.tick) * 100
            needed = ceil((1 + margin) * max(high) / tick) * tick
            self.locked[account] = max(was, needed)
            after = self.need(account)
        more = ceil(after.cash) - ceil(before.cash)
        covered = more <= max(0, self.accounts.available(account, "EUR"))
        left = order.quantity - order.filled
        lacking = self.margin.take(order, left, asked, self.ticker)
        assert (lacking is None) is covered
        if lacking:
            assert lacking.need == more
            self.locked[account] = was
            if replace:
                asked.pop()
            else:
                del self.orders[order.ref]
        return covered

    def fill(self, order: Order, quantity: int, price: int, other: Order | None) -> None:
        """A fill of an order at a price that it allows, with one of here or of anybody."""
        world = Order("1", "", "world", Directive("sell", (Decimal(1), "CHAR", Decimal(1)), {}))
        buyer, seller = (order, other or world) if order.buys else (other or world, order)
        for one in (order, other):
            if one:
                one.filled += quantity
        trade = Trade(buyer, seller, (0, 0))
        self.last = Fraction(price, 10**7)
        self.margin.fill(trade, Traded("1", quantity, price, ""), self.ticker)
        for one in (order, other):
            if one:
                self.rest(one)
                fee = charge(one, quantity * price, one.rates[1] >= one.rates[0], self.ticker)
                self.move(one.account, "operator", "EUR", fee, "1", "")
                self.margin.moved(one.account, self.ticker)

    def rest(self, order: Order) -> None:
        """Hold for what is left of an order."""
        left = order.quantity - order.filled
        if left:
            asked = self.asked.get(order.ref, [])
            self.margin.take(order, left, asked, self.ticker, unasked=True)
        else:
            self.margin.drop(order, self.ticker)
            del self.orders[order.ref]
            self.asked.pop(order.ref, None)

    def check(self) -> None:
        """What is held is what the oracle finds, and is there."""
        self.margin.tidy()
        for account in WHO:
            found = self.need(account)
            short = self.accounts.balance(account, "CHAR") < 0
            if not short and not found.parts:
                self.locked[account] = Fraction(0)
            assert self.accounts.held_of(account, "EUR") == ceil(found.cash)
            assert self.accounts.held_of(account, "CHAR") == sum(found.units.values())
            assert self.accounts.available(account, "EUR") >= 0
            assert short or self.accounts.available(account, "CHAR") >= 0
        for asset in ("EUR", "CHAR"):
            sums = [self.accounts.balance(who, asset) for who in (*WHO, OUTSIDE, "world")]
            fees = self.accounts.balance("operator", asset)
            assert sum(sums) + fees == 0


@given(st.data())
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_fills_what_is_held_is_enough_and_no_more_than_the_rule_says(
    data: st.DataObject,
) -> None:
    pit = Pit(data.draw(st.sampled_from(["0.01", "0.5", "1"])))
    for account in WHO:
        pit.enter(account, "EUR", data.draw(st.sampled_from([0, 500, 5000, 100_000, 10**7])))
        pit.enter(account, "CHAR", data.draw(st.integers(0, 9)))
    for _ in range(data.draw(st.integers(1, 25))):
        kinds = ["order", "order", "fill", "fill", "fill", "end", "replace", "answer", "enter"]
        kind = data.draw(st.sampled_from(kinds))
        margin = data.draw(st.sampled_from(["0", "0.25", "0.5", "2.333"]))
        if kind == "order":
            pit.number += 1
            side = data.draw(st.sampled_from(["buy", "sell", "sell"]))
            account, size = data.draw(st.sampled_from(WHO)), Decimal(2 * data.draw(QUANTITIES))
            said = Directive(side, (size, "CHAR", Decimal(data.draw(PRICES))), {})
            order = Order(str(pit.number), "", account.partition(":")[0], said)
            order.account, order.margin = account, scaled[Decimal(margin)]
            rates = [scaled[Decimal(data.draw(RATES))] for _ in range(2)]
            order.rates = (min(rates), max(rates))
            pit.ask(order, None, Fraction(margin))
        elif kind == "enter":
            asset = data.draw(st.sampled_from(["EUR", "CHAR"]))
            pit.enter(data.draw(st.sampled_from(WHO)), asset, data.draw(st.integers(-900, 900)))
        elif pit.orders:
            order = data.draw(st.sampled_from(list(pit.orders.values())))
            asked = pit.asked.get(order.ref, [])
            if kind == "end":
                order.filled = order.quantity
                pit.rest(order)
            elif kind == "replace":
                said = Directive("replace", (order.ref, Decimal(2), Decimal(1)), {})
                replace = Replace(str(pit.number), order.owner, "CHAR", said)
                replace.quantity = order.filled + 2 * data.draw(QUANTITIES) * 10**9
                replace.limit = Decimal(data.draw(PRICES))
                replace.price = scaled[replace.limit]
                pit.ask(order, replace, Fraction(order.margin, 10**9))
            elif kind == "answer" and asked:
                replace = asked.pop(0)
                if data.draw(st.booleans()) and replace.quantity > order.filled:
                    order.quantity, order.price = replace.quantity, replace.price
                    order.limit = replace.limit
                pit.rest(order)
            elif kind == "fill":
                left = (order.quantity - order.filled) // (2 * 10**9)
                size = 2 * 10**9 * data.draw(st.integers(1, left))
                beyond = data.draw(st.sampled_from([0, 0, 1, 50]))
                price = order.price + (-beyond if order.buys else beyond) * 10**9
                price = max(10**9, price)
                others = [one for one in pit.orders.values() if one.buys is not order.buys]
                others = [
                    one
                    for one in others
                    if one.quantity - one.filled >= size
                    and (one.price >= price if one.buys else one.price <= price)
                ]
                other = data.draw(st.sampled_from([None, *others]))
                pit.fill(order, size, price, other)
        pit.check()


# --- by hand --------------------------------------------------------------------------------------


def traded(*said: tuple[str, str], fee: str = "maker 0 taker 0") -> tuple[Archive, Run]:
    """An archive in which that was said and all is published, and its keeper's run."""
    archive = found(["alice", "bob"], 1, cash="100", fee=fee, accounts=True)
    archive.say("cashier", "deposit bob 1000 EUR")
    running = processes(1)
    settle(archive, running)
    for index, (member, text) in enumerate(said):
        archive.say(member, *text.split("\n"), at=at(index))
        archive.seal()
        settle(archive, running)
    check_accounts(archive, running)
    run = running[0].run
    assert replay(archive, Positions).checkpoint() == run.checkpoint()
    return archive, run


def accounts_of(run: Run) -> Accounts:
    assert isinstance(run.filter, Positions)
    return run.filter.accounts


def refusals(archive: Archive) -> list[str]:
    lines = [line for entry in archive.entries for line in entry.text.split("\n")]
    return [line.partition('"')[2][:-1] for line in lines if line.startswith("refuse ")]


def test_a_short_sale_by_hand() -> None:
    archive, run = traded(
        ("alice", "sell 30 CHAR @ 10.00"),  # 20 are hers; 10 short: 15.00 locked for each
        ("bob", "buy 24 CHAR @ 10.00"),
    )
    accounts = accounts_of(run)
    assert accounts.balance("alice", "CHAR") == -4
    assert accounts.balance("alice", "EUR") == 100_00 + 24 * 10_00
    # 4 short at 15.00, 6 more would bring 10.00 of their 15.00
    assert accounts.held_of("alice", "EUR") == 4 * 15_00 + 6 * 5_00
    archive.say("alice", "buy 4 CHAR @ 12.00", at=at(10))
    archive.seal()
    run = replay(archive, Positions)
    assert [draft.text.split("\n")[-2] for draft in run.drafts()] == [
        f"accept alice/{len(archive.entries) - 1}"
    ]
    # closing 4 frees 60.00, and costs 48.00 of it at most: nothing more is held
    assert accounts_of(run).held_of("alice", "EUR") == 4 * 15_00 + 6 * 5_00


def test_before_a_fill_only_what_the_sale_would_not_bring_is_held() -> None:
    _, run = traded(("alice", "sell 30 CHAR @ 10.00"))
    accounts = accounts_of(run)
    assert accounts.held_of("alice", "EUR") == 10 * (15_00 - 10_00)
    assert accounts.held_of("alice", "CHAR") == 20


def test_with_fees_the_sale_brings_less() -> None:
    _, run = traded(("alice", "sell 30 CHAR @ 10.00"), fee="maker 0.01 taker 0.02")
    # 15.00 less 9.80 for each of 10, and a cent for rounding up
    assert accounts_of(run).held_of("alice", "EUR") == 10 * 5_20 + 1


def test_what_is_locked_is_free_again_when_nothing_is_short() -> None:
    _, run = traded(
        ("alice", "sell 30 CHAR @ 10.00"),
        ("bob", "buy 30 CHAR @ 10.00"),
        ("bob", "sell 10 CHAR @ 9.00"),
        ("alice", "buy 10 CHAR @ 9.00"),
    )
    accounts = accounts_of(run)
    assert accounts.held_of("alice", "EUR") == 0
    assert accounts.available("alice", "EUR") == 100_00 + 300_00 - 90_00
    assert isinstance(run.filter, Positions) and run.filter.margin.positions == {}


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (
            [("alice", "sell 45 CHAR @ 10.00")],
            "sell 45 @ 10.00 needs 125.00 EUR more (20 CHAR available, 25 short, margin 0.5, "
            "no last price; 15.00 locked for each unit short: then held 125.00 = 0.00 for 0 short "
            "+ 125.00 for sells + 0.00 for buys, now 0.00); available 100.00 = balance 100.00",
        ),
        (
            [
                ("bob", "sell 10 CHAR @ 20.00"),
                ("alice", "buy 1 CHAR @ 20.00"),
                ("alice", "sell 27 CHAR @ 10.00"),  # 6 short at 30.00, which bring 10.00: 120.00
            ],
            "sell 27 @ 10.00 needs 120.00 EUR more (21 CHAR available, 6 short, margin 0.5, "
            "last 20.00; 30.00 locked for each unit short: then held 120.00 = 0.00 for 0 short + "
            "120.00 for sells + 0.00 for buys, now 0.00); available 80.00 = balance 80.00",
        ),
        (
            [("alice", "sell 30 CHAR @ 10.00"), ("alice", "withdraw 60 EUR")],
            "withdraw 60 EUR needs 60.00 EUR; available 50.00 = balance 100.00 - held 50.00 by "
            "short CHAR",
        ),
        (
            [("alice", "sell 21 CHAR @ market")],
            "sell 21 @ market would sell 1 CHAR short; available 20: give a limit",
        ),
        (
            [("alice", "withdraw 100 EUR"), ("alice", "buy 1 CHAR @ market")],
            "no EUR is available (0.00) to buy at market: give a limit",
        ),
        (
            [("alice", "transfer 21 CHAR to bob")],
            "transfer 21 CHAR needs 21 CHAR; available 20 = balance 20",
        ),
        (
            [
                ("alice", "sell 21 ACME @ 10.00\n  account: savings"),
                ("alice", "sell 10001 ACME @ 1"),
            ],
            "sell 10001 @ 1 needs 10001 ACME; available 10000 = balance 10000",
        ),
    ],
)
def test_a_refusal_shows_the_numbers(said: list[tuple[str, str]], why: str) -> None:
    archive, _ = traded(*said)
    assert refusals(archive) == [why]


def test_a_market_sale_of_what_one_has_and_a_market_buy_to_close_are_taken() -> None:
    archive, run = traded(
        ("bob", "buy 30 CHAR @ 3.00"),
        ("alice", "sell 20 CHAR @ market"),
        ("alice", "sell 10 CHAR @ 3.00"),
        ("bob", "sell 10 CHAR @ 3.50"),
        ("alice", "buy 10 CHAR @ market\n  cap: 40"),
    )
    assert refusals(archive) == []
    assert accounts_of(run).balance("alice", "CHAR") == 0
    assert accounts_of(run).available("alice", "EUR") == 100_00 + 90_00 - 35_00


def test_units_that_come_make_a_sale_less_short() -> None:
    _, run = traded(("alice", "sell 30 CHAR @ 10.00"), ("bob", "transfer 5 CHAR to alice"))
    assert accounts_of(run).held_of("alice", "EUR") == 5 * 5_00


def test_the_margin_in_force_at_the_orders_own_entry_holds() -> None:
    _, run = traded(
        ("operator", "rule margin 2"),
        ("alice", "sell 21 CHAR @ 10.00"),
        ("operator", "rule margin 0.5"),
        ("alice", "sell 1 CHAR @ 10.00"),
    )
    assert accounts_of(run).held_of("alice", "EUR") == 2 * (30_00 - 10_00)


def test_each_account_has_a_position_of_its_own() -> None:
    _, run = traded(("alice", "sell 25 CHAR @ 10.00\n  account: savings"))
    accounts = accounts_of(run)
    assert accounts.held_of("alice:savings", "EUR") == 5 * 5_00
    assert accounts.held_of("alice", "EUR") == 0
