"""Busts: a fill is undone when the keepers of all its sides accept that, and not otherwise."""

from datetime import timedelta
from decimal import Decimal

import pytest

from pit.filters import profits
from pit.filters.accounts import Accounts
from pit.filters.bars import bars
from pit.filters.history import history
from pit.filters.positions import Positions
from pit.filters.runner import Run
from pit.filters.tape import read
from pit.filters.transactions import Transaction, journal
from pit.filters.views import tape
from tests.filters.sessions import (
    Archive,
    Process,
    at,
    check_accounts,
    fills_of,
    found,
    processes,
    replay,
    settle,
)
from tests.filters.test_adopt import by_hand
from tests.filters.test_outcomes import outcomes


class Told:
    """An archive in which something is said and all is published, and its keepers."""

    def __init__(self, shards: int = 1, fee: str = "maker 0 taker 0") -> None:
        self.archive: Archive = found(["alice", "bob"], shards, cash="1000", fee=fee, accounts=True)
        self.running: list[Process] = processes(shards)
        settle(self.archive, self.running)
        self.index = 0

    def say(self, member: str, text: str, *, wait: float = 0) -> int:
        self.index += 1
        number = self.archive.say(
            member, *text.split("\n"), at=at(self.index) + timedelta(seconds=wait)
        )
        self.archive.seal()
        settle(self.archive, self.running)
        check_accounts(self.archive, self.running)
        for process in self.running:
            again = replay(self.archive, process.make)
            assert again.checkpoint() == process.run.checkpoint()
        return number

    def trade(self, quantity: int = 10, ticker: str = "ACME", price: str = "10.00") -> str:
        """alice sells to bob: the fill."""
        self.say("alice", f"sell {quantity} {ticker} @ {price}")
        self.say("bob", f"buy {quantity} {ticker} @ {price}")
        return fills_of(self.archive)[-1]

    @property
    def run(self) -> Run:
        return self.running[0].run

    def balance(self, account: str, asset: str = "EUR") -> int:
        found = [
            one.run.filter.accounts.balance(account, asset)
            for one in self.running
            if isinstance(one.run.filter, Positions) and one.run.filter.keeps(account)
        ]
        return found[0]

    @property
    def accounts(self) -> Accounts:
        assert isinstance(self.run.filter, Positions)
        return self.run.filter.accounts

    def answers(self, bust: int) -> list[str]:
        lines = [line for entry in self.archive.entries for line in entry.text.split("\n")]
        about = [line for line in lines if f"/{bust}" in line]
        return sorted(line for line in about if line.startswith(("accept", "refuse")))


@pytest.mark.parametrize("shards", [1, 2, 3])
def test_a_fill_is_undone_when_both_accept(shards: int) -> None:
    told = Told(shards)
    fill = told.trade()
    assert told.balance("alice") == 1000_00 + 100_00
    bust = told.say("operator", f'bust {fill} "a mistake"')
    assert told.answers(bust) == [f"accept alice/{bust}", f"accept bob/{bust}"]
    for who in ("alice", "bob"):
        assert told.balance(who) == 1000_00
        assert told.balance(who, "ACME") == 10_000
    assert told.accounts.holds == {}


def test_fees_are_given_back_by_the_operators_account() -> None:
    told = Told(fee="maker 0.01 taker 0.02")
    fill = told.trade()
    assert told.balance("operator") == 3_00
    bust = told.say("operator", f'bust {fill} "a mistake"')
    assert told.answers(bust) == [f"accept {who}/{bust}" for who in ("alice", "bob", "operator")]
    assert [told.balance(who) for who in ("alice", "bob", "operator")] == [1000_00, 1000_00, 0]


def test_what_is_not_there_to_give_back_is_refused_with_the_arithmetic() -> None:
    told = Told()
    fill = told.trade()
    told.say("alice", "withdraw 1050 EUR")
    bust = told.say("operator", f'bust {fill} "a mistake"')
    withdrawal = next(iter(told.run.record.claims))
    assert told.answers(bust) == [
        f"accept bob/{bust}",
        f'refuse alice/{bust} "bust of {fill}: alice buys back 10 ACME @ 10.00 needs 100.00 EUR; '
        f'available 50.00 = balance 1100.00 - held 1050.00 by {withdrawal}"',
    ]
    # nobody's is touched, and what was held of the other is free again
    assert told.balance("bob", "ACME") == 10_010
    assert told.accounts.held_of("bob", "ACME") == 0
    assert list(told.accounts.holds) == [withdrawal]


def test_until_all_have_answered_what_must_be_given_back_is_held() -> None:
    told = Told(2)
    fill = told.trade()
    bust = told.archive.say("operator", f'bust {fill} "a mistake"', at=at(9))
    told.archive.seal()
    keepers = [one for one in told.running if isinstance(one.run.filter, Positions)]
    held = {}
    for process in keepers:
        process.catch_up(told.archive)
        assert isinstance(process.run.filter, Positions)
        held |= dict(process.run.filter.accounts.holds)
        process.restart()
        assert isinstance(process.run.filter, Positions)
        assert set(process.run.filter.accounts.holds) <= set(held)
    assert held == {
        f"{bust} buyer": ("bob", "ACME", 10),
        f"{bust} seller": ("alice", "EUR", 100_00),
    }
    # alice's keeper publishes, bob's does not yet: nothing moves
    (first,) = [one for one in keepers if one.run.filter.keeps("alice")]  # type: ignore[attr-defined]
    for draft in first.mails(told.archive):
        told.archive.post(draft)
    told.archive.seal()
    first.catch_up(told.archive)
    assert told.run.record.fills[-1].endswith(" -")
    settle(told.archive, told.running)
    check_accounts(told.archive, told.running)
    assert told.run.record.fills[-1].endswith(f" {bust}")
    assert told.balance("bob", "ACME") == 10_000


def test_what_cannot_be_undone_says_why() -> None:
    told = Told()
    fill = told.trade()
    told.say("operator", "rule bust-window 1h")
    unknown = told.say("operator", 'bust 7.2 "a mistake"')
    assert told.answers(unknown) == [
        f'refuse operator/{unknown} "7.2 is no fill that counts, or an old one"'
    ]
    done = told.say("operator", f'bust {fill} "a mistake"')
    again = told.say("operator", f'bust {fill} "a mistake"')
    assert told.answers(again) == [f'refuse operator/{again} "{fill} is undone already, by {done}"']
    other = told.trade()
    late = told.say("operator", f'bust {other} "too late"', wait=3600)
    assert told.answers(late) == [
        f'refuse operator/{late} "{other} is older than the 1h in which a fill can be undone"'
    ]
    told.index += 70
    told.trade()
    assert len(told.run.record.fills) == 1  # what is too old is forgotten


def test_a_second_bust_waits_for_the_first() -> None:
    told = Told()
    fill = told.trade()
    first = told.archive.say("operator", f'bust {fill} "a mistake"', at=at(8))
    second = told.say("operator", f'bust {fill} "the same"', wait=300)
    assert told.answers(second) == [
        f'refuse operator/{second} "the bust {first} of {fill} waits for its answers"'
    ]
    assert told.answers(first) == [f"accept alice/{first}", f"accept bob/{first}"]


def test_the_operator_may_refuse_for_a_side_whose_keeper_is_dead() -> None:
    told = Told()
    fill = told.trade()
    bust = told.archive.say("operator", f'bust {fill} "a mistake"', at=at(8))
    told.say("operator", f'refuse bob/{bust} "his keeper is dead"', wait=300)
    assert told.answers(bust) == [
        f"accept alice/{bust}",
        f'refuse bob/{bust} "his keeper is dead"',
    ]
    assert told.accounts.holds == {}
    assert told.balance("bob", "ACME") == 10_010


def test_the_orders_stay_as_they_are() -> None:
    told = Told()
    told.say("alice", "sell 10 ACME @ 10.00")
    buy = told.say("bob", "buy 4 ACME @ 10.00")
    told.say("operator", f'bust {fills_of(told.archive)[-1]} "a mistake"')
    (left,) = told.run.record.orders.values()
    assert left.filled == 4 * 10**9
    assert str(buy) not in told.run.record.orders
    assert told.accounts.holds[left.ref].amount == 6


def test_of_a_short_sale_the_short_is_gone_and_what_was_locked_is_free() -> None:
    told = Told()
    told.say("alice", "transfer 20 CHAR to bob")
    fill = told.trade(10, "CHAR")
    assert told.accounts.held_of("alice", "EUR") == 10 * 15_00
    told.say("alice", "withdraw 950 EUR")  # all that is available
    bust = told.say("operator", f'bust {fill} "a mistake"')
    assert told.answers(bust) == [f"accept alice/{bust}", f"accept bob/{bust}"]
    assert told.balance("alice", "CHAR") == 0
    assert told.balance("alice") == 1000_00
    assert told.accounts.held_of("alice", "EUR") == 950_00


def test_units_bought_to_close_are_given_back_where_the_margin_is_there() -> None:
    told = Told()
    told.say("alice", "transfer 20 CHAR to bob")
    told.trade(10, "CHAR")
    told.say("bob", "sell 10 CHAR @ 9.00")
    told.say("alice", "buy 10 CHAR @ 9.00")
    assert told.accounts.held_of("alice", "EUR") == 0
    fill = fills_of(told.archive)[-1]
    told.say("operator", f'bust {fill} "a mistake"')
    assert told.balance("alice", "CHAR") == -10
    assert told.accounts.held_of("alice", "EUR") == 10 * 13_50  # 1.5 x 9.00, the last price then


def test_a_price_that_was_undone_is_no_last_price() -> None:
    told = Told()
    told.trade(1, "CHAR", "10.00")
    wrong = told.trade(1, "CHAR", "90.00")
    told.say("operator", f'bust {wrong} "a slip"')
    told.say("alice", "sell 25 CHAR @ 10.00")
    assert told.accounts.held_of("alice", "EUR") == 6 * (15_00 - 10_00)


def test_between_ones_own_accounts_one_answer_is_for_both() -> None:
    told = Told()
    sell = told.say("alice", "sell 10 ACME @ 10.00")
    told.say("operator", "halt ACME")
    buy = told.say("alice", "buy 10 ACME @ 10.00\n  account: savings")
    names = f"alice/{buy} alice/{sell}"
    fill = by_hand(told.archive, "match", "sam", f"fill 10 ACME @ 10.00 {names}")
    keeping = [one for one in told.running if isinstance(one.run.filter, Positions)]
    settle(told.archive, keeping)
    assert told.balance("alice:savings", "ACME") == 10_010
    bust = told.archive.say("operator", f'bust {fill}.2 "own accounts"', at=at(50))
    told.archive.seal()
    settle(told.archive, keeping)
    assert told.answers(bust) == [f"accept alice/{bust}"]
    assert told.balance("alice:savings", "ACME") == 10_000
    assert told.balance("alice") == told.balance("alice:savings") == 1000_00


# --- what shows it --------------------------------------------------------------------------------


def test_the_tape_has_the_trade_with_its_bust_and_the_bars_do_not() -> None:
    told = Told()
    first, wrong, last = (told.trade(1, "ACME", price) for price in ("10.00", "90.00", "11.00"))
    bust = told.say("operator", f'bust {wrong} "a slip"')
    rows = [(row["entry"], row["price"], row["busted"]) for row in tape(told.archive.entries)]
    assert rows == [(first, "10.00", ""), (wrong, "90.00", str(bust)), (last, "11.00", "")]
    (bar,) = bars(read(told.archive.entries)[1], 86400)
    assert (bar.high, bar.volume, bar.trades) == (11 * 10**9, 2 * 10**9, 2)


def test_a_trade_comes_to_the_tape_when_no_bust_can_undo_it_any_more() -> None:
    told = Told()
    told.say("operator", "rule bust-window 1h")
    early, late = told.trade(), ""
    told.index += 70
    late = told.trade()
    read_on: list[int] = []
    entries = (read_on.append(entry.number) or entry for entry in told.archive.entries)
    came = [(trade.ref, len(read_on)) for trade in read(entries)[1]]
    assert came == [(early, int(late.partition(".")[0])), (late, len(told.archive.entries))]


def test_positions_are_as_if_the_trade_had_not_been() -> None:
    told = Told(fee="maker 0.01 taker 0.02")
    told.trade(10, "CHAR", "10.00")
    told.trade(20, "CHAR", "12.00")  # 20 of alice's cost nothing; 10 are short at 12.00
    before = list(profits.rows(profits.Positions(history(told.archive.entries))))
    wrong = told.trade(5, "CHAR", "20.00")
    told.say("operator", f'bust {wrong} "a slip"')
    assert list(profits.rows(profits.Positions(history(told.archive.entries)))) == before


def test_what_was_sold_since_keeps_what_it_brought() -> None:
    told = Told()
    wrong = told.trade(10, "CHAR", "30.00")
    told.say("bob", "transfer 20 CHAR to alice")  # at 10.00 each: a third of 300.00 stays
    told.say("bob", "sell 10 CHAR @ 12.00")
    told.say("alice", "buy 10 CHAR @ 12.00")
    told.say("operator", f'bust {wrong} "a slip"')
    stands = profits.Positions(history(told.archive.entries))
    bob = stands.of("bob", "CHAR")
    # 120.00 received, and 10 units given back that he had sold: he is short at what that cost him
    assert bob.quantity == -10
    assert bob.realised - bob.cost == 120_00 + 200_00


def test_the_sides_are_told() -> None:
    told = Told(fee="maker 0 taker 0.02")
    fill = told.trade()
    bust = told.say("operator", f'bust {fill} "a slip"')
    head = f"{bust}: bust of {fill}: undone,"
    lines = [(who, line) for number, who, line in outcomes(told.archive) if number > bust]
    assert lines[-2:] == [
        ("bob", f"{head} 10 ACME given back, 100.00 EUR received, 2.00 EUR fee received, "
         "10000 ACME left"),
        ("alice", f"{head} 100.00 EUR given back, 10 ACME received, 1000.00 left"),
    ]  # fmt: skip
    fill = told.trade(50)
    told.say("alice", "withdraw 1400 EUR")
    refused = told.say("operator", f'bust {fill} "a slip"')
    said = [line for number, who, line in outcomes(told.archive) if who == "bob"][-1]
    assert said.startswith(f"{refused}: bust of {fill}: refused for alice: bust of {fill}: alice ")
    assert said.endswith("; the fill stands")


def test_the_journal_moves_it_back_and_cites_the_bust() -> None:
    told = Told(fee="maker 0 taker 0.02")
    fill = told.trade()
    bust = told.say("operator", f'bust {fill} "a slip"')
    items = [item for item in journal(told.archive.entries) if isinstance(item, Transaction)]
    (undone,) = [item for item in items if item.ref == str(bust)]
    (done,) = [item for item in items if item.ref == fill]
    assert undone.what == f"bust of {fill}"
    assert undone.price is None
    sums: dict[tuple[str, str], Decimal] = {}
    for leg in (*done.legs, *undone.legs):
        key = leg.account, leg.asset
        sums[key] = sums.get(key, Decimal(0)) + Decimal(leg.number)
    assert sums and not any(sums.values())


def test_of_contracts_the_match_is_undone_and_nothing_is_held() -> None:
    told = Told(2)
    told.say(
        "issuer",
        'market RAIN "Rain"\n  min: 0\n  max: 100\n  currency: EUR\n  tick: 1\n'
        "  lot: 1\n  unit: 1\n"
        "  specialist: sam\n  expiry: 2026-12-01\n  panel: alice\n  void: mid\n"
        "  resolution:\n    By the gauge.",
    )
    fill = told.trade(5, "RAIN", "40")
    held = {
        ref: hold.amount
        for one in told.running
        if isinstance(one.run.filter, Positions)
        for ref, hold in one.run.filter.accounts.holds.items()
    }
    assert held == {
        "contracts alice EUR": 5 * 60_00,
        "contracts bob EUR": 5 * 40_00,
    }
    bust = told.say("operator", f'bust {fill} "a slip"')
    assert told.answers(bust) == [f"accept alice/{bust}", f"accept bob/{bust}"]
    for one in told.running:
        if isinstance(one.run.filter, Positions):
            assert one.run.filter.accounts.holds == {}
            assert list(one.run.filter.contracts.dump()) == []
