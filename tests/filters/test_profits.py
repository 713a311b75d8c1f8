"""Positions: cost, realised and unrealised profit add up exactly, whoever trades with whom."""

from fractions import Fraction

import pytest

from pit.filters import profits
from pit.filters.history import history
from tests.filters.sessions import Archive, at, found, play, processes, settle


def traded(*said: tuple[str, str]) -> Archive:
    archive = found(["alice", "bob"], 1, fee="maker 0 taker 0.01")
    running = processes(1)
    settle(archive, running)
    for index, (member, text) in enumerate(said):
        archive.say(member, text, at=at(index))
        archive.seal()
        settle(archive, running)
    return archive


def row(archive: Archive, member: str, ticker: str = "ACME") -> dict[str, str]:
    stands = profits.Positions(history(archive.entries))
    (one,) = [one for one in profits.rows(stands, member) if one["ticker"] == ticker]
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


@pytest.mark.parametrize("seed", range(12))
def test_what_all_have_earned_is_what_all_is_worth(seed: int) -> None:
    """Units were issued for nothing, and what one pays another gets."""
    archive = play(seed, shards=1, chaos=True, count=30).archive
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
