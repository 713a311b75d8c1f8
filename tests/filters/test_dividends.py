"""Dividends through the filter: who gets what, by which record, and where it goes."""

import pytest

from pit.filters.dividends import Dividends, table
from pit.filters.runner import Diverged
from tests.filters.company import Company
from tests.filters.sessions import replay, settle
from tests.filters.test_adopt import by_hand


def paid(firm: Company) -> dict[str, str]:
    """What the moves that stand pay, by account; the last to each counts."""
    moves = (line.split(" ") for line in firm.lines("move"))
    return {words[6]: words[1] for words in moves}


TABLE = [
    ("10.00", [1, 1, 1], ["3.33", "3.33", "3.34"]),
    ("1.22", [40, 40, 40], ["0.40", "0.41", "0.41"]),
    ("1000.01", [500, 333, 167], ["500.01", "333.00", "167.00"]),
    ("0.05", [97, 1, 1, 1], ["0.05"]),
]


@pytest.mark.parametrize(("total", "held", "amounts"), TABLE)
def test_the_tables_of_largest_remainders(total: str, held: list[int], amounts: list[str]) -> None:
    names = ["alice", "bob", "carol", "dave"]
    firm = Company(dict(zip(names, held, strict=False)), treasury=1000)
    firm.say("cashier", "deposit issuer 1000 EUR")
    firm.say("issuer", f'dividend FIRM {total} EUR "for the year"')
    found = sorted(paid(firm).values(), key=float)
    assert found == sorted(amounts, key=float)
    if held[0] > held[1]:
        assert paid(firm)["alice"] == amounts[0]


def test_the_line_of_arithmetic_stands_behind_each_payment() -> None:
    firm = Company({"alice": 500, "bob": 333, "carol": 167})
    entry = firm.say("issuer", "dividend FIRM 1000.01 EUR")
    assert firm.lines("move")[:2] == [
        f"move 500.01 EUR from issuer/{entry} to alice "
        '"dividend of FIRM: 1000.01 x 500 / 1000 = 500.00 rounded down, + 0.01 by remainder"',
        f"move 333.00 EUR from issuer/{entry} to bob "
        '"dividend of FIRM: 1000.01 x 333 / 1000 = 333.00 rounded down"',
    ]


def test_the_record_is_what_stands_above_the_dividend() -> None:
    firm = Company({"alice": 60, "bob:savings": 30, "bob": 10}, treasury=900)
    firm.say("alice", "sell 60 FIRM @ 9.00")  # held for an order: still alice's
    before = firm.balance("issuer")
    firm.say("issuer", "dividend FIRM 100 EUR", "transfer 900 FIRM to bob")
    assert paid(firm) == {"alice": "60.00", "bob": "10.00", "bob:savings": "30.00"}
    assert firm.balance("issuer") == before - 10_000
    firm.say("issuer", "transfer 1 FIRM to bob", "dividend FIRM 1000 EUR")  # it is not his yet
    assert paid(firm)["bob"] == "910.00"


def test_dividends_go_where_payto_says_by_the_same_record() -> None:
    firm = Company({"alice": 50, "alice:savings": 30, "bob": 20})
    firm.say("alice", "payto bob")
    firm.say("alice", "payto alice:cash", "  account: savings")
    firm.say("issuer", "dividend FIRM 100 EUR")
    assert paid(firm) == {"bob": "20.00", "alice:cash": "30.00"}
    first = [line for line in firm.lines("move") if " 50.00 EUR" in line]
    assert first[0].endswith('to bob "dividend of FIRM: 100.00 x 50 / 100 = 50.00; held by alice"')
    firm.say("alice", "payto alice", "  account: main")
    firm.say("issuer", "dividend FIRM 200 EUR")
    assert paid(firm)["alice"] == "100.00"


def test_a_dividend_that_cannot_be_covered_is_refused_whole() -> None:
    firm = Company({"alice": 60, "bob": 40})
    before = firm.balance("issuer")
    entry = firm.say("issuer", "dividend FIRM 100000.01 EUR")
    assert firm.lines("refuse")[-1].startswith(
        f'refuse issuer/{entry} "dividend 100000.01 EUR needs 100000.01 EUR; available 100000.00'
    )
    assert paid(firm) == {} and firm.balance("issuer") == before


def test_only_the_issuer_pays_a_dividend_and_who_tries_is_told() -> None:
    firm = Company({"alice": 60, "bob": 40})
    entry = firm.say("alice", "dividend FIRM 10 EUR")
    assert firm.lines("refuse")[-1] == f"refuse alice/{entry} \"FIRM is issuer's, not alice's\""
    entry = firm.say("issuer", "dividend NONE 10 EUR")
    assert firm.lines("refuse")[-1] == f'refuse issuer/{entry} "NONE is not listed"'
    entry = firm.say("issuer", "dividend FIRM 10 EUR " + '"' + "x" * 201 + '"')
    assert "the comment has 201 characters; write at most 200" in firm.lines("refuse")[-1]


def test_where_nobody_holds_any_all_of_it_comes_back() -> None:
    firm = Company({"issuer": 100})
    before = firm.balance("issuer")
    firm.say("issuer", "dividend FIRM 100 EUR")
    assert firm.lines("move")[0].endswith(
        'to issuer "nobody holds any by record; all of it comes back"'
    )
    assert firm.balance("issuer") == before
    assert firm.run("positions").record.claims == {}


def test_shares_are_paid_as_a_dividend_too() -> None:
    firm = Company({"alice": 60, "bob": 40}, treasury=10)
    firm.say("issuer", "dividend FIRM 10 FIRM")
    assert (firm.balance("alice", "FIRM"), firm.balance("bob", "FIRM")) == (66, 44)
    firm.say("issuer", "dividend FIRM 110 EUR")
    assert paid(firm) == {"alice": "66.00", "bob": "44.00"}


def test_fractions_of_shares_count() -> None:
    firm = Company({"alice": 60, "bob": 40}, lot="0.1")
    firm.say("alice", "transfer 0.5 FIRM to bob")
    firm.say("issuer", "dividend FIRM 100 EUR")
    assert paid(firm) == {"alice": "59.50", "bob": "40.50"}
    assert firm.lines("move")[0].endswith('100.00 x 595 / 1000 = 59.50; units of 0.1"')


def test_who_is_short_gets_nothing_and_pays_nothing_and_has_no_vote() -> None:
    firm = Company({"alice": 60, "bob": 40, "carol": 1}, short=True)
    firm.say("bob", "buy 11 FIRM @ 9.00")
    firm.say("carol", "sell 11 FIRM @ 9.00")
    assert firm.balance("carol", "FIRM") == -10
    firm.say("issuer", "dividend FIRM 111 EUR")
    assert paid(firm) == {"alice": "60.00", "bob": "51.00"}  # of 101 that exist, 111 are held
    motion = firm.motion("alice")
    firm.say("carol", f"vote {motion} no")
    assert "carol held no FIRM at entry" in firm.lines("uncounted")[-1]


def test_after_a_wrong_payment_is_adopted_the_rest_of_the_amount_is_paid() -> None:
    firm = Company({"alice": 60, "bob": 40})
    entry = firm.archive.say("issuer", "dividend FIRM 100 EUR", at=firm.now)
    firm.archive.seal()
    for process in firm.running:
        if process.run.filter.name == "positions":
            settle(firm.archive, [process])
    move = f'move 30.00 EUR from issuer/{entry} to bob "mine"'
    wrong = by_hand(firm.archive, "dividends", "sue", move)
    with pytest.raises(Diverged, match=f"adopt {wrong}"):
        settle(firm.archive, firm.running)
    firm.say("operator", f"adopt {wrong}")
    assert paid(firm) == {"bob": "10.00", "alice": "60.00"}  # 30 + 10, 60
    assert firm.run("positions").record.claims == {}


def test_the_dry_run_is_the_very_table() -> None:
    firm = Company({"alice": 1, "bob": 1, "carol": 1}, treasury=7)
    filter = replay(firm.archive, Dividends)
    assert isinstance(filter.filter, Dividends)
    entry = len(firm.archive.entries) + 1
    pit = filter.pit
    shown = table(filter.filter, pit.tickers["FIRM"], 1000, "EUR", str(entry), pit)
    assert entry == firm.say("issuer", "dividend FIRM 10.00 EUR")
    assert [line.partition(" to ")[2] for line in firm.lines("move")] == [
        f'{one.to} "dividend of FIRM: {one.why}"' for one in shown if one.amount
    ]
