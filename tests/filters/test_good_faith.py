"""TradeTokens by example: what becomes of good-faith deposits, by docs/reference/tokens.md."""

from datetime import timedelta

import pytest

from tests.filters.sessions import START
from tests.filters.token_pit import TokenPit

THREE = "rule sealers operator sam bob"
"""Whose turn: operator 1, 4, 7; sam 2, 5, 8; bob 3, 6, 9."""

ONE = "rule fee-minimum 1"
"""So that every fee is 1 TT; an order of N >= 10 deposits 20."""

HALF = "rule fee-minimum 0.5"


@pytest.mark.parametrize(
    ("order", "deposit"),
    [
        ("buy 100 ACME @ 0.05", 750_000),  # N = 5
        ("buy 1 ACME @ 0.05", 502_500),
        ("buy 200 ACME @ 0.05", 1_000_000),
        ("buy 1000 ACME @ 50.00", 1_000_000),
        ("sell 100 ACME @ 0.05\n  stop: 0.05", 750_000),
        ("sell 1 ACME @ market\n  stop: 0.05", 500_000),
        ("buy 7 ACME @ market\n  stop: 99.00", 500_000),
    ],
)
def test_what_an_order_deposits(order: str, deposit: int) -> None:
    pit = TokenPit(HALF)
    pit.say("alice", *order.split("\n"), block=2)
    assert pit.held() == deposit
    assert pit.balance("alice") == 19_000_000 - 50_000
    pit.check()


@pytest.mark.parametrize(
    ("rules", "deposit"),
    [
        ("rule good-faith 3", 150_000 + 75_000),
        ("rule good-faith 0", 0),
        ("rule good-faith-worth 2.5", 1_000_000),
        ("rule good-faith-worth 15", 500_000 + 166_666),
        ("rule good-faith-worth 0", 1_000_000),
        ("rule fee-buy 0", 0),
    ],
)
def test_what_an_order_deposits_by_other_rules(rules: str, deposit: int) -> None:
    pit = TokenPit(HALF, rules)
    pit.say("alice", "buy 100 ACME @ 0.05", block=2)
    assert pit.held() == deposit
    pit.check()


ENDS = {
    "filled": ("buy 10 ACME @ 1.00", ("bob", "sell 10 ACME @ 1.00")),
    "filled at once": (None, "buy 10 ACME @ 2.00"),
    "expired": ("buy 10 ACME @ 1.00\n  until: 2026-11-20T09:11:00Z", ("bob", 'say "x"')),
    "killed": ("buy 10 ACME @ 1.00\n  tif: ioc", ("bob", 'say "x"')),
    "market": ("buy 10 ACME @ market\n  cap: 50", ("bob", 'say "x"')),
    "post-only": ("buy 10 ACME @ 5.00\n  post-only: yes", ("bob", 'say "x"')),
    "self-trade": ("buy 10 ACME @ 5.00", ("alice", 'say "x"')),
    "decrement": ("buy 2 ACME @ 5.00\n  stp: decrement", ("alice", 'say "x"')),
    "suspended": ("buy 10 ACME @ 1.00", ("operator", "suspend alice")),
    "expelled": ("buy 10 ACME @ 1.00", ("operator", "expel alice")),
}


@pytest.mark.parametrize("how", [how for how in ENDS if how != "filled at once"])
def test_all_goes_back_where_an_order_ends_by_anything_but_its_owners_word(how: str) -> None:
    pit = TokenPit(ONE, THREE)
    text, (who, then) = ENDS[how][0] or "", ENDS[how][1]
    if how in ("post-only", "self-trade", "decrement"):
        pit.say("alice" if how != "post-only" else "bob", "sell 3 ACME @ 5.00", block=2)
    before = pit.balance("alice")
    order = pit.say("alice", *text.split("\n"), block=3)
    pit.say(who, then, block=4)
    moves = pit.moves(order)
    assert moves == {"bob": 100_000, "alice": 2_000_000 if "@ market" not in text else 1_000_000}
    assert pit.balance("alice") == before - 100_000
    pit.check()


def cancelled(
    pit: TokenPit, quantity: int, filled: int, *keys: str, price: str = "1.00"
) -> dict[str, int]:
    """Who gets what when alice cancels an order in block 5 that is filled in part."""
    order = pit.say("alice", f"buy {quantity} ACME @ {price}", *keys, block=3)
    if filled:
        pit.say("bob", f"sell {filled} ACME @ {price}", block=4)
    pit.say("alice", f"cancel {order}", block=5)
    pit.pass_to(6)
    pit.check()
    return pit.moves(order)


def test_sixty_of_a_hundred_filled_gives_back_twelve_of_twenty() -> None:
    pit = TokenPit(ONE, "rule fee-cancel 0")
    assert cancelled(pit, 100, 60) == {"operator": 100_000, "alice": 1_200_000, "outside": 800_000}


def test_one_of_three_filled_is_rounded_down() -> None:
    rules = ("rule fee-rate 0", "rule fee-minimum 0.00001", "rule good-faith 7")
    pit = TokenPit(*rules, "rule fee-cancel 0")
    assert cancelled(pit, 3, 1, price="0.05") == {"operator": 1, "alice": 2, "outside": 5}


@pytest.mark.parametrize(
    ("fee", "back", "forfeit", "paid"),
    [(0, 12, 8, 0), (1, 12, 7, 1), (8, 12, 0, 8), (9, 11, 0, 9), (20, 0, 0, 20), (25, 0, 0, 20)],
)
def test_a_cancels_fee_is_of_the_forfeit_then_of_what_goes_back_then_waived(
    fee: int, back: int, forfeit: int, paid: int
) -> None:
    pit = TokenPit(ONE, THREE)
    order = pit.say("alice", "buy 100 ACME @ 1.00", block=2)
    pit.say("bob", "sell 60 ACME @ 1.00")
    pit.say("alice", f"transfer {pit.balance('alice') // 10**5 - 20} TT to bob")
    pit.say("operator", f"rule fee-minimum {fee}", "rule fee-rate 0", block=3)
    pit.say("alice", f"cancel {order}", block=4)
    pit.pass_to(5)
    found = pit.moves(order)
    expected = {"sam": 1 + forfeit, "alice": back, "operator": paid}  # blocks 2 and 5; 4
    assert found == {who: amount * 10**5 for who, amount in expected.items() if amount}
    assert pit.lines("refuse") == []
    pit.check()


def test_a_cancel_is_not_refused_where_nothing_is_left_at_all() -> None:
    pit = TokenPit(ONE, "rule good-faith 0")
    order = pit.say("alice", "buy 1 ACME @ 1.00", block=2)
    pit.say("alice", "transfer 189 TT to bob", block=3)
    pit.say("alice", f"cancel {order}", block=4)
    assert pit.lines("leaves")[-1].startswith(f"leaves alice/{order} 0 cancelled")
    assert pit.balance("alice") == 0 and pit.moves(order) == {"operator": 100_000}
    pit.check()


def test_a_cancel_that_comes_too_late_costs_nothing() -> None:
    pit = TokenPit(ONE)
    order = pit.say("alice", "buy 5 ACME @ 1.00", block=2)
    pit.say("bob", "sell 5 ACME @ 1.00", block=3)
    before = pit.balance("alice")
    late = pit.say("alice", f"cancel {order}", block=4)
    pit.say("bob", f"cancel {order}", "cancel 1")
    pit.pass_to(5)
    assert pit.lines("leaves")[0] == f"leaves alice/{order} 0 late {late}"
    assert pit.balance("alice") == before == 19_000_000 - 100_000
    pit.check()


@pytest.mark.parametrize("mail", [True, False])
def test_expiry_before_a_later_cancel_wins(mail: bool) -> None:
    pit = TokenPit(ONE)
    end = START + timedelta(minutes=11)
    order = pit.say("alice", "buy 5 ACME @ 1.00", f"  until: {end.isoformat()}Z", block=2)
    pit.say("bob", "sell 2 ACME @ 1.00")
    pit.now = end - timedelta(seconds=1)
    pit.say("alice", f"cancel {order}", mail=mail)
    pit.pass_to(5)
    assert pit.lines("leaves")[0].startswith(f"leaves alice/{order} 0 expired")
    assert pit.moves(order) == {"operator": 100_000, "alice": 1_500_000}
    pit.check()


def test_a_cancel_before_the_expiry_wins() -> None:
    pit = TokenPit(ONE, "rule fee-cancel 0")
    end = START + timedelta(minutes=11)
    order = pit.say("alice", "buy 10 ACME @ 1.00", f"  until: {end.isoformat()}Z", block=2)
    pit.now = end - timedelta(seconds=1, microseconds=1)
    pit.say("alice", f"cancel {order}", mail=False)
    pit.pass_to(5)
    assert pit.moves(order) == {"operator": 100_000, "outside": 2_000_000}
    pit.check()


@pytest.mark.parametrize(
    ("replaces", "back"),
    [
        (["200 @ 1.00"], 600_000),  # 60 of 200
        (["80 @ 1.00"], 1_200_000),  # 60 of the 100 that it had
        (["80 @ 0.95", "90 @ 0.90"], 1_200_000),
        (["300 @ 1.00", "61 @ 1.00"], 400_000),
    ],
)
def test_the_quantity_is_the_largest_that_the_order_has_had(replaces: list[str], back: int) -> None:
    pit = TokenPit(ONE, "rule fee-cancel 0")
    order = pit.say("alice", "buy 100 ACME @ 1.00", block=2)
    pit.say("bob", "sell 60 ACME @ 1.00")
    for replace in replaces:
        pit.say("alice", f"replace {order} {replace}", block=3)
        assert pit.held() == 2_000_000
    pit.say("alice", f"cancel {order}", block=4)
    expected = {"operator": 100_000, "alice": back, "outside": 2_000_000 - back}
    assert pit.moves(order) == expected
    pit.check()


@pytest.mark.parametrize("quantity", [60, 20])
def test_replaced_by_what_is_filled_is_forfeited_like_a_cancel_but_costs_nothing(
    quantity: int,
) -> None:
    pit = TokenPit(ONE)
    order = pit.say("alice", "buy 100 ACME @ 1.00", block=2)
    pit.say("bob", "sell 60 ACME @ 1.00")
    pit.say("alice", f"replace {order} {quantity} @ 1.00", block=3)
    assert pit.lines("leaves")[-1].startswith(f"leaves alice/{order} 0 replaced")
    assert pit.moves(order) == {"operator": 100_000, "alice": 1_200_000, "outside": 800_000}
    pit.check()


def test_a_forfeit_goes_to_the_sealer_of_the_next_block_when_that_is_sealed() -> None:
    pit = TokenPit(ONE, THREE, "rule fee-cancel 0")
    orders = [pit.say("alice", "buy 10 ACME @ 1.00", block=2) for _ in range(2)]
    pit.say("alice", f"cancel {orders[0]}", block=3)
    assert pit.moves(orders[0]) == {"sam": 100_000} and pit.held() == 4_000_000
    pit.pass_to(4)
    assert pit.moves(orders[0]) == {"sam": 100_000, "operator": 2_000_000}
    pit.say("alice", f"cancel {orders[1]}", block=5)
    pit.pass_to(9)  # 6 is empty, and bob's who seals 9
    assert pit.moves(orders[1]) == {"sam": 100_000, "bob": 2_000_000} and pit.held() == 0
    pit.check()


@pytest.mark.parametrize("rules", [("rule forfeits burn", THREE), ("rule sealers sam",)])
def test_a_forfeit_is_burned_by_rule_and_always_where_there_is_one_sealer(
    rules: tuple[str, ...],
) -> None:
    pit = TokenPit(ONE, "rule fee-cancel 0", "rule sealers sam", given="0")
    pit.say("operator", *rules)
    pit.say("sam", "transfer 100 TT to alice", block=2)
    order = pit.say("alice", "buy 10 ACME @ 1.00", block=2)
    before = sum(pit.balance(who) for who in ("alice", "bob", "sam", "operator"))
    pit.say("alice", f"cancel {order}", block=2)
    assert pit.moves(order) == {"sam": 100_000, "outside": 2_000_000}
    after = sum(pit.balance(who) for who in ("alice", "bob", "sam", "operator"))
    assert after == before - 2_000_000
    pit.check()


def test_where_a_forfeit_goes_is_by_the_rules_at_the_cancel() -> None:
    pit = TokenPit(ONE, THREE, "rule fee-cancel 0")
    order = pit.say("alice", "buy 10 ACME @ 1.00", block=2)
    pit.say("alice", f"cancel {order}", block=3, mail=False)
    pit.say("operator", "rule forfeits burn", "rule sealers operator", block=4, mail=False)
    pit.archive.seal()
    pit.pass_to(5)
    assert pit.moves(order) == {"sam": 100_000, "operator": 2_000_000}
    pit.check()


def test_asking_for_a_refund_changes_nothing() -> None:
    pit = TokenPit(ONE, "rule fee-cancel 0")
    order = pit.say("alice", "buy 100 ACME @ 1.00", block=2)
    pit.say("alice", f"refund {order}", f"refund {order}")
    pit.say("bob", f"refund {order}", "refund 1", "refund 999")
    assert pit.held() == 2_000_000 and pit.lines("refuse") == []
    pit.say("bob", "sell 60 ACME @ 1.00")
    pit.say("alice", f"cancel {order}", f"refund {order}", block=3)
    pit.say("alice", f"refund {order}")
    assert pit.moves(order) == {"operator": 100_000, "alice": 1_200_000, "outside": 800_000}
    pit.check()


def test_what_was_charged_before_tokens_were_off_is_settled_all_the_same() -> None:
    pit = TokenPit(ONE, THREE)
    orders = [pit.say("alice", f"buy 100 ACME @ {price}", block=2) for price in ("1.00", "0.95")]
    pit.say("bob", "sell 60 ACME @ 1.00", block=3)
    late = pit.say("alice", "buy 100 ACME @ 0.90", block=4, mail=False)
    pit.say("operator", "rule tokens off", mail=False)
    pit.mail()
    assert pit.moves(late) == {"operator": 100_000}
    free = pit.say("alice", f"cancel {orders[0]}", "buy 10 ACME @ 0.05", block=5)
    pit.pass_to(6)
    assert pit.moves(orders[0]) == {"sam": 100_000, "alice": 1_200_000, "bob": 800_000}
    assert pit.lines("move", of=free) == []
    pit.say("operator", "suspend alice", block=7)
    assert pit.moves(orders[1]) == {"sam": 100_000, "alice": 2_000_000} and pit.held() == 0
    pit.check()
