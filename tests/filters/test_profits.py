"""Positions: cost, realised and unrealised profit add up exactly, whoever trades with whom."""

from fractions import Fraction

import pytest

from pit.filters import profits
from pit.filters.history import history
from tests.filters.sessions import Archive, at, found, play, processes, settle


def traded(*said: tuple[str, str]) -> Archive:
    archive = found(["alice", "bob"], 1, fee="maker 0 taker 0.01", accounts=True)
    running = processes(1)
    settle(archive, running)
    for index, (member, text) in enumerate(said):
        archive.say(member, *text.split("\n"), at=at(index))
        archive.seal()
        settle(archive, running)
    return archive


def row(archive: Archive, account: str, ticker: str = "ACME") -> dict[str, str]:
    """The row of one account."""
    stands = profits.Positions(history(archive.entries))
    name = account if ":" in account else f"{account}:main"
    (one,) = [one for one in profits.rows(stands, name) if one["ticker"] == ticker]
    return {key: value for key, value in one.items() if key not in ("member", "account", "ticker")}


def test_a_position_by_hand() -> None:
    archive = traded(
        ("bob", "sell 30 ACME @ 10.00"),
        ("alice", "buy 10 ACME @ 10.00"),
        ("alice", "buy 20 ACME @ 10.00"),
        ("bob", "buy 100 ACME @ 10.50"),
        ("alice", "sell 15 ACME @ 10.50"),
    )
    # 10,000 units given to her cost nothing; 30 at 10.00 cost 300.00: 0.0299 each on average.
    assert row(archive, "alice") == {
        "quantity": "10015",
        "average cost": "0.0299",
        "last": "10.50",
        "value": "105157.50",
        "unrealised": "104857.95",
        "realised": "157.05",
        "fees": "4.58",
        "currency": "EUR",
    }


def test_a_transfer_carries_its_cost_along() -> None:
    archive = traded(
        ("alice", "transfer 10000 ACME to bob"),
        ("bob", "sell 10 ACME @ 10.00"),
        ("alice", "buy 10 ACME @ 10.00"),
        ("alice", "transfer 5 ACME to bob"),
    )
    assert row(archive, "alice")["average cost"] == "10.0000"
    assert row(archive, "alice")["unrealised"] == "0.00"
    assert row(archive, "bob")["average cost"] == "0.0025"  # 50.00 over 19,995
    assert row(archive, "bob")["realised"] == "100.00"


def test_a_short_position_by_hand() -> None:
    archive = traded(
        ("alice", "transfer 20 CHAR to bob"),
        ("alice", "sell 10 CHAR @ 10.00"),
        ("alice", "sell 10 CHAR @ 12.00"),
        ("bob", "buy 20 CHAR @ 12.00"),  # 220.00 for 20: 11.00 each on average
        ("bob", "sell 5 CHAR @ 9.00"),
        ("alice", "buy 5 CHAR @ 9.00"),
    )
    # 5 closed: 55.00 less 45.00. 15 are short for 165.00, and would cost 135.00 at the last price.
    assert row(archive, "alice", "CHAR") == {
        "quantity": "-15",
        "average cost": "11.0000",
        "last": "9.00",
        "value": "-135.00",
        "unrealised": "30.00",
        "realised": "10.00",
        "fees": "0.45",  # as maker nothing, as taker a hundredth of 45.00
        "currency": "EUR",
    }


def test_a_trade_that_closes_and_goes_on_to_the_other_side() -> None:
    archive = traded(
        ("alice", "transfer 20 CHAR to bob"),
        ("alice", "sell 10 CHAR @ 10.00"),
        ("bob", "buy 10 CHAR @ 10.00"),
        ("bob", "sell 16 CHAR @ 9.00"),
        ("alice", "buy 16 CHAR @ 9.00"),
    )
    # 10 closed: 100.00 less 90.00; 6 bought at 9.00.
    found = row(archive, "alice", "CHAR")
    assert (found["quantity"], found["average cost"]) == ("6", "9.0000")
    assert (found["realised"], found["unrealised"]) == ("10.00", "0.00")


def test_each_account_has_its_own_position() -> None:
    archive = traded(
        ("alice", "transfer 20 CHAR to bob\n  account: savings"),
        ("alice", "sell 4 CHAR @ 10.00\n  account: savings"),
        ("bob", "buy 4 CHAR @ 10.00"),
    )
    assert row(archive, "alice:savings", "CHAR")["quantity"] == "-4"
    assert row(archive, "alice:savings", "CHAR")["average cost"] == "10.0000"
    assert row(archive, "alice", "CHAR")["quantity"] == "20"
    stands = profits.Positions(history(archive.entries))
    his = [one["account"] for one in profits.rows(stands, "alice") if one["ticker"] == "CHAR"]
    assert his == ["main", "savings"]


@pytest.mark.parametrize("seed", range(12))
def test_what_all_have_earned_is_what_all_is_worth(seed: int) -> None:
    """Units were issued for nothing, and what one pays another gets."""
    scarce = {"cash": "900", "units": "90"}
    archive = play(seed, shards=1, chaos=True, count=60, accounts=True, **scarce).archive  # type: ignore[arg-type]
    stands = profits.Positions(history(archive.entries))
    earned = dict.fromkeys(stands.last, Fraction(0))
    worth = dict.fromkeys(stands.last, Fraction(0))
    for (_, code), position in stands.held.items():
        if code in stands.last:
            value = stands.value(code, position)
            assert value is not None
            earned[code] += position.realised + value - position.cost
            worth[code] += value
    assert earned == worth and earned
