"""TradeTokens by example: when what has no other cover has effect, and where TT are traded."""

import pytest

from pit.filters.govern import Govern
from pit.filters.positions import Positions
from pit.filters.runner import Diverged
from tests.filters.sessions import Process, settle
from tests.filters.test_adopt import by_hand
from tests.filters.test_tokens import DELT, THREE
from tests.filters.token_pit import TokenPit

ONE = "rule fee-minimum 1"

GOLD = ('asset GLD "Gold"', "  decimals: 9")
TICKER = (
    'ticker TT "TradeTokens"', "  currency: GLD", "  tick: 0.5", "  lot: 0.00001",
    "  specialist: sue",
)  # fmt: skip
RAIN = (
    'market RAIN "Rain"', "  currency: EUR", "  tick: 0.50", "  specialist: sue", "  void: mid",
    "  expiry: 2027-01-01", "  panel: cashier", "  resolution:", "    By the station.",
    "  min: 0", "  max: 10",
)  # fmt: skip


def governing(pit: TokenPit) -> Govern:
    """The filter that counts votes."""
    (found,) = (p.run.filter for p in pit.running if isinstance(p.run.filter, Govern))
    return found


# Effect when the accept stands


def test_more_units_are_there_when_the_accept_of_their_fee_stands() -> None:
    pit = TokenPit(ONE, given="18")
    pit.say("issuer", *DELT, *(line.replace("DELT", "ECHO") for line in DELT), block=2)
    issue = pit.say("issuer", "issue 5 DELT", "sell 5 DELT @ 1.00", mail=False)
    pit.archive.seal()
    pit.mail("tokens", "match", "govern")
    assert pit.balance("issuer", "DELT") == 0
    pit.mail()
    assert pit.balance("issuer", "DELT") == 5
    assert pit.lines("refuse") == [
        f'refuse issuer/{issue}.2 "sell 5 @ 1.00 needs 5 DELT; available 0 = balance 0"'
    ]
    pit.say("issuer", "transfer 17 TT to bob", block=3)
    refused = pit.say("issuer", "issue 7 ECHO", block=3)
    assert pit.lines("refuse", of=refused) == [
        f'refuse issuer/{refused} "issue needs 1.00000 TT (issue: 100 x 0.000001 x 2999.99943 TT '
        'in existence = 1.00000, the minimum); available 0.00000 = balance 0.00000"'
    ]
    assert pit.balance("issuer", "ECHO") == 0 == pit.balance("outside", "ECHO")
    pit.check()


def test_a_mandate_is_used_up_by_what_was_accepted_alone() -> None:
    pit = TokenPit(ONE, "rule fee-rate 0", given="5")
    motion = pit.say(
        "alice", 'motion ACME "x"', "  expires: 1d", "  kind: issue", "  quantity: 10", block=2
    )
    for who in ("alice", "bob"):
        pit.say(who, f"vote {motion} yes")
    pit.pass_to(300)
    before = pit.balance("issuer", "ACME")
    pit.say("issuer", "transfer 4.5 TT to bob")
    pit.say("issuer", "issue 6 ACME")
    assert "TT" in pit.lines("refuse")[-1] and pit.balance("issuer", "ACME") == before
    pit.say("operator", "transfer 50 TT to issuer")
    pit.say("issuer", "issue 6 ACME", "issue 6 ACME", "issue 4 ACME", block=301)
    assert pit.balance("issuer", "ACME") == before + 10
    assert "6 ACME is more than motions allow, 4" in pit.lines("refuse")[-1]
    assert pit.balance("issuer") == 50_00000 + 50_000 - 2 * 100_000
    pit.check()


def test_a_refused_motion_is_none_and_a_refused_vote_does_not_count() -> None:
    pit = TokenPit(ONE, given="2")
    pit.say("alice", "transfer 2 TT to bob")
    refused = pit.say("alice", 'motion ACME "x"', "  expires: 1d", block=2)
    lost = pit.say("bob", f"vote {refused} yes")
    motion = pit.say("bob", 'motion ACME "x"', "  expires: 1d")
    first = pit.say("bob", f"vote {motion} yes")
    pit.say("bob", "transfer 1 TT to carol")
    late = pit.say("bob", f"vote {motion} no")
    assert [line.split(" ")[1] for line in pit.lines("refuse")] == [
        f"alice/{refused}", f"bob/{late}",
    ]  # fmt: skip
    pit.pass_to(400)
    assert pit.lines("counted", "uncounted") == [
        f'uncounted - bob/{lost} "entry {refused} was no motion that was open"',
        *[line for line in pit.lines("counted") if f"/{motion} " in line],
        f'counted ACME bob/{first} "yes with 10000 ACME"',
    ]
    (result,) = pit.lines("result")
    assert " yes 10000 no 0 cast 10000 " in result
    pit.check()


def keeper(pit: TokenPit, shard: int) -> Process:
    """The process of a shard."""
    return next(
        p for p in pit.running
        if isinstance(p.run.filter, Positions) and p.run.filter.part[0] == shard
    )  # fmt: skip


def two_votes(pit: TokenPit) -> tuple[int, int, int]:
    """A motion of carol's, and alice's vote and bob's before its end, which have no answer yet."""
    motion = pit.say("carol", 'motion ACME "x"', "  expires: 1d", block=2)
    votes = []
    for who, said in (("alice", "no"), ("bob", "yes")):
        votes.append(pit.say(who, f"vote {motion} {said}", block=287, mail=False))
        pit.archive.seal()
    pit.say("cashier", 'say "it is over"', block=291, mail=False)
    pit.archive.seal()
    return motion, votes[0], votes[1]


OURS = ("govern", "tokens", "match", "dividends")


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_a_result_waits_for_the_answers_to_votes_that_came_in_time(order: tuple[int, int]) -> None:
    pit = TokenPit(ONE, shards=2)  # the first keeps alice, the second bob and carol
    motion, no, yes = two_votes(pit)
    pit.mail(*OURS)
    assert pit.lines("result") == []
    settle(pit.archive, [keeper(pit, order[0])])
    pit.mail(*OURS)
    assert pit.lines("result") == []
    settle(pit.archive, [keeper(pit, order[1])])
    pit.mail(*OURS)
    assert pit.lines("result")[0].startswith(
        f"result ACME carol/{motion} failed of 30000 yes 10000 no 10000 cast 20000 heads 3 "
    )
    counted = [line.split(" ")[2] for line in pit.lines("counted")[1:]]
    assert sorted(counted) == [f"alice/{no}", f"bob/{yes}"]
    pit.mail()
    pit.check()


def test_a_result_waits_for_no_vote_that_came_too_late() -> None:
    pit = TokenPit(ONE, shards=2)
    motion = pit.say("carol", 'motion ACME "x"', "  expires: 1d", block=2)
    late = pit.say("alice", f"vote {motion} no", block=291, mail=False)
    pit.archive.seal()
    pit.mail(*OURS)
    assert len(pit.lines("result")) == 1 and pit.lines("uncounted") == []
    pit.mail()
    assert pit.lines("uncounted", of=late) != []
    assert pit.moves(late) == {"operator": 100_000}
    pit.check()


def test_the_record_date_of_a_motion_is_its_entry_however_late_the_accept() -> None:
    pit = TokenPit(ONE)
    motion = pit.say("carol", 'motion ACME "x"', "  expires: 1d", block=2, mail=False)
    pit.say("alice", "transfer 10000 ACME to bob", mail=False)
    pit.say("operator", 'say "x"', block=4, mail=False)
    pit.mail()
    pit.say("alice", f"vote {motion} yes", block=5)
    assert pit.lines("counted")[-1].endswith('"yes with 10000 ACME"')
    pit.pass_to(290)
    assert " yes 10000 no 0 " in pit.lines("result")[0]
    assert not governing(pit).unanswered
    pit.check()


def test_a_vote_on_a_motion_that_was_not_accepted_above_it_is_on_none() -> None:
    pit = TokenPit(ONE)
    motion = pit.say("carol", 'motion ACME "x"', "  expires: 1d", block=2, mail=False)
    pit.say("alice", f"vote {motion} yes", block=3, mail=False)
    pit.mail()
    assert pit.lines("uncounted")[-1].endswith(f'"entry {motion} was no motion that was open"')
    pit.check()


def test_a_dividend_needs_its_fee_and_is_of_the_signers_own_account() -> None:
    pit = TokenPit(ONE, given="3")
    pit.say("issuer", "transfer 100 EUR to issuer:cash", "transfer 2 TT to issuer:cash", block=2)
    paid = pit.say("issuer", "dividend ACME 30 EUR", "  account: cash", block=2)
    refused = pit.say("issuer", "dividend ACME 30 EUR", "  account: cash", block=2)
    assert len(pit.lines("move", of=paid)) == 4 and pit.balance("issuer:cash", "EUR") == 7000
    assert pit.lines("refuse") == [
        f'refuse issuer/{refused} "dividend needs 1.00000 TT (dividend: 2 x 0.000001 x 1999.99981 '
        'TT in existence = 1.00000, the minimum); available 0.00000 = balance 0.00000"'
    ]
    tokens = pit.say("issuer", "dividend ACME 2 TT", "  account: cash", block=3)
    assert len(pit.lines("refuse", of=tokens)) == 1
    pit.say("operator", "transfer 1 TT to issuer", block=4)
    tokens = pit.say("issuer", "dividend ACME 2 TT", "  account: cash", block=4)
    assert pit.balance("issuer") == pit.balance("issuer:cash") == 0
    assert sum(int(x.split()[1].replace(".", "")) for x in pit.lines("move", of=tokens)) == 300_000


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ("block 1m", "blocks are counted already; how long one is stays"),
        ("sealers operator nobody", "nobody is not a member of this pit"),
    ],
)
def test_a_motion_changes_no_rule_of_tokens_that_the_operator_could_not(
    rule: str, why: str
) -> None:
    pit = TokenPit("rule governed-by ACME")
    keys = ("  expires: 1d", "  kind: rule", "  change:", f"    rule {rule}")
    motion = pit.say("alice", 'motion ACME "x"', *keys, block=2)
    assert pit.lines("uncounted") == [f'uncounted ACME alice/{motion} "{why}"']
    pit.check()


def test_a_motion_changes_what_a_fee_is() -> None:
    pit = TokenPit(ONE, "rule governed-by ACME")
    keys = ("  expires: 1d", "  kind: rule", "  change:", "    rule fee-minimum 2")
    motion = pit.say("alice", 'motion ACME "x"', *keys, "    rule fee-cap 2", block=2)
    for who in ("alice", "bob"):
        pit.say(who, f"vote {motion} yes")
    pit.pass_to(291)
    assert len(pit.lines("enacted")) == 2
    order = pit.say("alice", "sell 1 ACME @ market", block=292)
    assert pit.moves(order) == {"operator": 200_000, "alice": 2_000_000}


# TT in trade


def traded() -> TokenPit:
    """A pit in which TT are a ticker; alice and bob have 50 GLD and 100 TT each."""
    pit = TokenPit(asset="", on=False)
    pit.say("operator", *GOLD)
    pit.say("issuer", *TICKER)
    pit.say("cashier", "deposit alice 50 GLD", "deposit bob 50 GLD")
    pit.say("operator", "rule fee-minimum 1", "rule tokens 1", "rule fee-cancel 0")
    pit.say("operator", "transfer 100 TT to alice", "transfer 100 TT to bob", block=2)
    return pit


def test_tokens_are_bought_and_sold_like_any_ticker() -> None:
    pit = traded()
    assert pit.lines("refuse") == []
    buy = pit.say("alice", "buy 3 TT @ 5.0", block=3)
    sell = pit.say("bob", "sell 2.00001 TT @ 4.5", block=4)
    pit.say("alice", f"cancel {buy}", block=5)
    assert pit.moves(sell) == {"operator": 100_000, "bob": 1_900_004}
    assert pit.moves(buy) == {
        "operator": 100_000,
        "alice": 2_000_000 * 200_001 // 300_000,
        "outside": 2_000_000 - 2_000_000 * 200_001 // 300_000,
    }
    assert pit.balance("bob") == 10_000_000 - 100_000 - 200_001
    assert pit.balance("alice", "GLD") == 50 * 10**9 - 10_000_050_000
    pit.check()


def test_who_sells_all_tokens_has_none_left_to_pay_with() -> None:
    pit = traded()
    refused = pit.say("alice", "sell 100 TT @ 5.0", "sell 79 TT @ 5.0", block=3)
    assert [line.split(" ")[1] for line in pit.lines("refuse")] == [f"alice/{refused}"]
    pit.say("bob", "buy 79 TT @ 0.5", "buy 70 TT @ 5.0")
    assert pit.held() == 79_00000 + 2 * 20_00000 and len(pit.lines("refuse")) == 2
    pit.say("operator", "suspend alice", "suspend bob", block=4)
    assert pit.held() == 0 and pit.balance("alice") == 99_00000
    pit.check()


def test_tokens_are_not_issued_where_they_are_a_ticker() -> None:
    pit = traded()
    issue = pit.say("issuer", "issue 100 TT", block=3)
    assert pit.lines("refuse") == [f'refuse issuer/{issue} "TT come into being by blocks alone"']
    pit.check()


# Combinations, shards, wrong moves


def test_a_combination_costs_what_a_buy_does_and_gets_its_deposit_back() -> None:
    pit = TokenPit(ONE)
    pit.say("issuer", *RAIN)
    pit.say("issuer", 'market RAIN.2 "Rain"', "  within: RAIN", "  min: 2", "  max: 8")
    pit.say("bob", "sell 5 RAIN @ 4.00", "sell 5 RAIN.2 @ 3.00", block=2)
    legs = ("  legs:", "    +1 RAIN", "    +1 RAIN.2")
    bought = pit.say("alice", "combo 1 @ 7.00", *legs, block=3)
    assert pit.moves(bought) == {"operator": 100_000, "alice": 1_700_000}  # N = 7
    killed = pit.say("alice", "combo 2 @ 3.50", *legs, block=4)
    assert pit.moves(killed) == {"operator": 100_000, "alice": 1_700_000}
    sold = ("  legs:", "    -1 RAIN", "    -1 RAIN.2")
    taken = pit.say("alice", "combo 1 @ -8.00", *sold, block=5)
    assert pit.moves(taken) == {"operator": 100_000, "alice": 1_800_000}
    late = pit.say("alice", f"cancel {bought}", f"cancel {taken}", block=6)
    assert len(pit.lines("leaves", of=bought)) == 1 and f"late {late}" in pit.lines("leaves")[-2]
    assert pit.balance("alice") == 19_000_000 - 3 * 100_000
    pit.check()


def test_two_keepers_hold_what_their_members_owe() -> None:
    pit = TokenPit(ONE, THREE, "rule fee-cancel 0", shards=2)
    buy = pit.say("alice", "buy 10 ACME @ 1.00", block=2)
    sell = pit.say("bob", "sell 4 ACME @ 1.00", block=3)
    assert [sum(h.asset == "TT" for h in k.accounts.holds.values()) for k in pit.keepers()] == [
        1,
        0,
    ]
    pit.say("alice", f"cancel {buy}", block=5)
    pit.pass_to(6)
    assert pit.moves(buy) == {"sam": 100_000, "alice": 800_000, "bob": 1_200_000}
    assert pit.moves(sell) == {"bob": 1_500_000}  # whose block 3 is, too
    pit.check()


def adopted(pit: TokenPit, order: int, amount: str) -> None:
    """A move to bob that nobody owes, and the operator's `adopt`."""
    wrong = by_hand(pit.archive, "tokens", "sam", f'move {amount} TT from alice/{order} to bob "x"')
    with pytest.raises(Diverged, match=f"adopt {wrong}"):
        settle(pit.archive, pit.running)
    pit.say("operator", f"adopt {wrong}")


def test_after_a_wrong_fee_was_adopted_the_rest_is_paid() -> None:
    pit = TokenPit(ONE, THREE)
    order = pit.say("alice", "buy 10 ACME @ 1.00", block=2, mail=False)
    pit.mail("positions")
    adopted(pit, order, "0.30000")
    assert pit.moves(order) == {"bob": 30_000, "sam": 70_000}
    pit.say("operator", "suspend alice", block=4)
    assert pit.moves(order) == {"bob": 30_000, "sam": 70_000, "alice": 2_000_000}
    assert pit.held() == 0


@pytest.mark.parametrize(
    ("amount", "others"),
    [("2", {"alice": 600_000, "sam": 900_000}), ("9", {"alice": 600_000, "sam": 200_000})],
)
def test_after_a_wrong_refund_was_adopted_what_is_owed_is_paid_as_far_as_it_reaches(
    amount: str, others: dict[str, int]
) -> None:
    pit = TokenPit(ONE, THREE, "rule fee-cancel 0")
    order = pit.say("alice", "buy 10 ACME @ 1.00", block=2)
    pit.say("bob", "sell 3 ACME @ 1.00", block=3)
    pit.say("alice", f"cancel {order}", block=4, mail=False)
    pit.archive.seal()
    pit.mail("match")
    pit.say("cashier", 'say "x"', block=5, mail=False)
    adopted(pit, order, f"{amount}.00000")
    pit.pass_to(6)
    moves = pit.moves(order)
    assert moves.pop("bob") == int(amount) * 100_000
    assert sum(moves.values()) == 2_100_000 - int(amount) * 100_000 and pit.held() == 0
