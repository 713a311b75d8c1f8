"""TradeTokens by example: blocks, fees and what they hold, by docs/reference/tokens.md."""

import pytest

from tests.filters.token_pit import TokenPit

SMALL = ("rule subsidy 777.77777", "rule subsidy-fall 0.5")
"""So that in block 5 there are 3883.88885 TT: 5 x 777.77777 - 0.5 x (0 + 1 + 2 + 3 + 4)."""

THREE = "rule sealers operator sam bob"
"""Whose turn: operator 1, 4, 7; sam 2, 5, 8; bob 3, 6, 9."""

DELT = (
    'ticker DELT "D"', "  currency: EUR", "  tick: 0.01", "  lot: 1", "  specialist: sam",
)  # fmt: skip


# Blocks and subsidies


def linear(*blocks: int) -> int:
    """What these blocks bring."""
    return sum(100_000_000 - 19 * (block - 1) for block in blocks)


def test_the_first_seal_of_a_block_brings_what_it_and_the_empty_ones_before_it_do() -> None:
    pit = TokenPit(THREE, given="0")
    for block in (1, 2, 2, 5, 6, 6, 10):
        pit.pass_to(block)
    assert pit.balance("operator") == linear(1, 7, 8, 9, 10)
    assert pit.balance("sam") == linear(2, 3, 4, 5)
    assert pit.balance("bob") == linear(6)
    pit.check()


def test_blocks_before_the_one_in_which_tokens_were_taken_into_use_bring_nothing() -> None:
    pit = TokenPit(given="0", on=False)
    pit.pass_to(2)
    pit.say("operator", "rule tokens 1", block=4)
    assert pit.balance("operator") == linear(4)
    pit.pass_to(6)
    pit.say("operator", "rule tokens off", block=6)
    assert pit.balance("operator") == linear(4, 5, 6)
    pit.pass_to(7)
    pit.say("operator", "rule tokens 1", block=9)
    pit.pass_to(10)
    assert pit.balance("operator") == linear(4, 5, 6, 9, 10)
    order = pit.say("alice", "sell 1 ACME @ market", block=11)
    assert f"x {linear(4, 5, 6, 9, 10, 11) / 100000} TT" in pit.lines("refuse", of=order)[0]
    pit.check()


def test_tokens_taken_into_use_again_in_a_block_that_is_sealed_bring_that_block() -> None:
    pit = TokenPit(given="0")
    pit.pass_to(2)
    pit.say("operator", "rule tokens off", block=3)
    pit.pass_to(5)
    pit.say("operator", "rule tokens 1", block=5)
    assert pit.balance("operator") == linear(1, 2, 5)
    pit.say("operator", "rule tokens off", block=5)
    pit.say("operator", "rule tokens 1", block=5)
    assert pit.balance("operator") == linear(1, 2, 5)
    pit.check()


SCHEDULES = {
    "rule schedule halving": [1000] * 7,
    "rule schedule halving|rule halving 3": [1000, 1000, 1000, 500, 500, 500, 250],
    "rule schedule halving|rule halving 1|rule subsidy 0.00005": [0.00005, 0.00002, 0.00001, 0],
    "rule subsidy 1|rule subsidy-fall 0.4": [1, 0.6, 0.2, 0, 0],
}


@pytest.mark.parametrize(("rules", "brought"), SCHEDULES.items())
def test_what_blocks_bring_by_either_schedule(rules: str, brought: list[float]) -> None:
    pit = TokenPit(*rules.split("|"), given="0")
    for block, amount in enumerate(brought, 1):
        before = pit.balance("operator") if block > 1 else 0
        pit.pass_to(block)
        assert pit.balance("operator") - before == round(amount * 10**5)
    pit.check()


def test_nothing_else_makes_tokens_and_they_are_not_paid_out() -> None:
    pit = TokenPit()
    deposit = pit.say("cashier", "deposit alice 5 TT", block=2)
    withdrawal = pit.say("alice", "withdraw 5 TT")
    assert pit.lines("refuse") == [
        f'refuse cashier/{deposit} "TT come into being by blocks alone"',
        f'refuse alice/{withdrawal} "TT is kept in this pit; only money is paid out"',
    ]
    pit.check()


# Fees


def fee_of(pit: TokenPit, kind: str) -> int:
    """What an instruction of a kind, said in block 5, has cost the one who says it."""
    order = pit.say("alice", "buy 1 ACME @ 1.00", block=2) if kind == "cancel" else 0
    motion = pit.say("alice", 'motion ACME "x"', "  expires: 9d", block=3) if kind == "vote" else 0
    if kind == "issue":
        pit.say("issuer", *DELT, block=3)
    said = {
        "issue": ("issuer", "issue 5 DELT"),
        "buy": ("bob", "buy 1 ACME @ 1.00"),
        "sell": ("bob", "sell 1 ACME @ 9.00"),
        "cancel": ("alice", f"cancel {order}"),
        "motion": ("bob", 'motion ACME "x"'),
        "vote": ("bob", f"vote {motion} yes"),
        "dividend": ("issuer", "dividend ACME 3 EUR"),
    }
    keys = ["  expires: 9d"] if kind == "motion" else []
    entry = pit.say(said[kind][0], said[kind][1], *keys, block=5)
    pit.check()
    lines = pit.lines("move", of=order or entry)
    fees = [line.split(" ") for line in lines if f'"fee in block 5, {kind}: ' in line]
    return sum(int(words[1].replace(".", "")) for words in fees if words[6] == "operator")


FEES = {
    "issue": 38839, "buy": 389, "sell": 389, "cancel": 467, "motion": 1942, "vote": 39,
    "dividend": 777,
}  # fmt: skip
"""Of 3883.88885 TT a millionth, times 100, 1, 1, 1.2, 5, 0.1, 2, rounded up."""


@pytest.mark.parametrize(("kind", "fee"), FEES.items())
def test_what_each_kind_of_instruction_costs(kind: str, fee: int) -> None:
    assert fee_of(TokenPit(*SMALL), kind) == fee


@pytest.mark.parametrize("kind", FEES)
def test_the_least_and_the_most_that_a_fee_is_and_none_where_it_is_free(kind: str) -> None:
    assert fee_of(TokenPit(*SMALL, "rule fee-minimum 0.5"), kind) == 50_000
    assert fee_of(TokenPit(*SMALL, "rule fee-cap 0.00002"), kind) == 2
    assert fee_of(TokenPit("rule fee-minimum 0.5", "rule fee-cap 0.4"), kind) == 40_000
    assert fee_of(TokenPit("rule fee-minimum 0.5", f"rule fee-{kind} 0"), kind) == 0
    assert fee_of(TokenPit(*SMALL, "rule fee-rate 0"), kind) == 0
    rules = f"rule fee-{kind} 0.000000001", "rule fee-rate 0.000000001"
    assert fee_of(TokenPit(*rules), kind) == 1


def test_all_others_are_free() -> None:
    pit = TokenPit("rule fee-minimum 1")
    order = pit.say("alice", "buy 1 ACME @ 1.00", block=2)
    before = [pit.balance(who) for who in ("alice", "issuer")]
    pit.say(
        "alice", f"replace {order} 2 @ 1.00", "transfer 5 EUR to bob", "withdraw 5 EUR",
        "payto bob", f"refund {order}", 'say "x"', f"replace {order} 3 @ 2.00", "cancel 1",
        block=3,
    )  # fmt: skip
    pit.say("issuer", "tally BETA heads", *DELT)
    pit.pass_to(4)
    assert [pit.balance(who) for who in ("alice", "issuer")] == before
    assert pit.moves(order) == {"operator": 100_000}
    pit.check()


def test_the_words_of_a_listing_cost_something_only_where_it_is_in_force() -> None:
    pit = TokenPit("rule fee-minimum 1", given="0")
    pit.say("issuer", *DELT, block=2)
    pit.say("operator", "specialist DELT sue", block=3)
    assert pit.lines("refuse") == [] and "DELT" in pit.running[0].run.pit.tickers
    pit.check()


def test_a_fee_is_what_exists_in_its_block_sealed_or_not_less_what_was_burned() -> None:
    pit = TokenPit("rule fee-rate 0.001", "rule fee-minimum 10", "rule fee-cancel 0", given="240")
    pit.pass_to(8)
    pit.say("operator", "transfer 200 TT to bob", block=9)
    order = pit.say("alice", "buy 1 ACME @ 0.05", block=9)
    pit.say("alice", f"cancel {order}", block=10)
    assert pit.moves(order) == {"operator": 1_000_000, "outside": 10_050_000}
    last = pit.say("bob", "sell 1 ACME @ market", block=30)
    there = linear(*range(1, 31)) - 10_050_000
    assert pit.moves(last) == {"operator": -(-there // 1000), "bob": 10 * -(-there // 1000)}
    pit.check()


# Who has not enough


def test_who_has_not_enough_is_refused_with_the_arithmetic() -> None:
    pit = TokenPit("rule fee-minimum 0.5", given="8.25")
    first = pit.say("alice", "buy 100 ACME @ 0.05", block=2)
    assert pit.lines("accept")[-1] == f"accept alice/{first}"
    again = pit.say("alice", "buy 1 ACME @ 9.00", 'motion ACME "x"', "  expires: 1d")
    assert pit.lines("refuse") == [
        f'refuse alice/{again} "buy needs 10.00000 TT = fee 0.50000 + good faith 9.50000 '
        "(buy: 1 x 0.000001 x 1999.99981 TT in existence = 0.50000, the minimum); "
        f'available 0.25000 = balance 7.75000 - held 7.50000 by {first}"',
        f'refuse alice/{again}.2 "motion needs 0.50000 TT '
        "(motion: 5 x 0.000001 x 1999.99981 TT in existence = 0.50000, the minimum); "
        f'available 0.25000 = balance 7.75000 - held 7.50000 by {first}"',
    ]
    pit.say("alice", f"cancel {first}")
    pit.check()


def test_fees_and_deposits_are_of_the_signers_own_account() -> None:
    pit = TokenPit("rule fee-minimum 0.5")
    pit.say("alice", "transfer 179 TT to alice:savings", "transfer 50 EUR to alice:savings")
    order = pit.say("alice", "buy 1 ACME @ 50.00", "  account: savings", block=2)
    again = pit.say("alice", "buy 1 ACME @ 50.00")
    assert pit.lines("accept")[-1] == f"accept alice/{order}"
    assert f"refuse alice/{again} " in pit.lines("refuse")[-1]
    assert pit.balance("alice") == 1_050_000 and pit.balance("alice:savings") == 17_900_000
    pit.say("operator", "suspend alice", block=3)
    assert pit.balance("alice") == 1_050_000 and pit.held() == 0
    pit.check()


def test_an_instruction_that_something_else_refuses_costs_nothing() -> None:
    pit = TokenPit("rule fee-minimum 1")
    pit.say("alice", "buy 999999 ACME @ 9.00", "sell 10001 ACME @ 9.00", block=2)
    pit.say("issuer", "dividend ACME 99999 EUR", "issue 5 ACME")
    pit.say("bob", "dividend ACME 1 EUR", "issue 5 ACME")
    pit.pass_to(3)
    assert len(pit.lines("refuse")) == 6
    assert [pit.balance(who) for who in ("alice", "bob", "issuer")] == [19_000_000] * 3
    pit.check()


# Whose fees are


def test_a_fee_goes_to_the_sealer_of_its_block_however_late_its_accept() -> None:
    pit = TokenPit(THREE, "rule fee-minimum 1")
    pit.pass_to(2)
    late = pit.say("alice", "buy 1 ACME @ 0.05", block=2, mail=False)
    pit.archive.seal()
    empty = pit.say("alice", "buy 1 ACME @ 0.05", block=5, mail=False)
    unsealed = pit.say("alice", 'say "x"', block=7, mail=False)
    assert unsealed == empty + 1
    pit.mail()
    assert (pit.moves(late), pit.moves(empty)) == ({"sam": 100_000}, {"operator": 100_000})
    pit.check()


def test_moves_are_of_the_specialist_of_the_ticker_or_of_the_one_listed_first() -> None:
    pit = TokenPit()
    motion = pit.say("alice", 'motion BETA "x"', "  expires: 9d", block=2)
    pit.say("alice", f"vote {motion} yes", block=3)
    pit.say("alice", "buy 1 ACME @ 0.05", block=4)
    by = [entry.signer for entry in pit.archive.entries if "\nreport tokens " in entry.text]
    assert by == ["sue", "sam", "sam"]
    pit.say("operator", "specialist ACME sue")
    pit.say("alice", f"vote {motion} no", block=5)
    assert [e.signer for e in pit.archive.entries if "\nreport tokens " in e.text][-1] == "sue"
    pit.check()
