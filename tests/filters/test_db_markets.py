"""`pit db` of a pit with markets: how they stand, who is in them, also when it is extended."""

import random
from pathlib import Path

import pytest

from pit.filters import market_views
from pit.filters.positions import Positions
from tests.filters import market_sessions
from tests.filters.sessions import replay
from tests.filters.test_db import ask, contents, cut, make, write
from tests.filters.test_markets import Pit


@pytest.mark.parametrize("seed", range(4))
def test_markets_and_contracts_are_what_pit_show_says(seed: int, tmp_path: Path) -> None:
    archive = market_sessions.play(seed, shards=1, chaos=True, count=25).archive
    for number in cut(archive.entries, random.Random(seed), 4):
        path = tmp_path / f"{number}.db"
        make(path, write(tmp_path / f"{number}", archive.entries[:number]))
        run = replay(archive, Positions, number)
        assert isinstance(run.filter, Positions)
        shown = list(market_views.markets(run.record, run.pit))
        columns = "code, parent, low_now_shown, high_now_shown, state"
        found = {row[0]: row[1:] for row in ask(path, f"SELECT {columns} FROM markets")}
        assert len(found) == len(shown)
        for row in shown:
            parent, low, high, state = found[row["market"]]
            assert (parent or "", low, high) == (row["within"], row["low"], row["high"])
            says = {"waiting": "waits until", "decided": "found for the"}.get(state, state)
            assert row["state"].startswith(says)
        columns = "account, market, quantity_shown, ifnull(average, '') FROM contracts"
        contracts = market_views.contracts(run.filter.contracts, run.pit)
        assert ask(path, f"SELECT {columns} ORDER BY account, market") == sorted(
            (row["account"], row["market"], row["quantity"], row["average"]) for row in contracts
        )
        assert ask(path, "PRAGMA foreign_key_check") == []


def test_a_database_of_markets_is_extended_to_what_it_is_made_as_at_once(tmp_path: Path) -> None:
    archive = market_sessions.play(3, shards=2, chaos=True).archive
    for number in cut(archive.entries, random.Random(3), 6):
        folder = write(tmp_path / f"{number}", archive.entries[:number])
        make(tmp_path / "extended.db", folder)
        make(tmp_path / f"{number}.db", folder)
        assert contents(tmp_path / "extended.db") == contents(tmp_path / f"{number}.db")


def test_a_market_says_its_bounds_and_its_value(tmp_path: Path) -> None:
    pit = Pit(unit="5")
    pit.sub("RAIN.2", "RAIN", "30", "80")
    pit.trade("RAIN.2", "alice", "bob", 3, "50")
    pit.trade("RAIN.2", "alice", "bob", 1, "51")
    pit.say("issuer", "bound RAIN 52 60")
    made = make(tmp_path / "a.db", write(tmp_path / "a", pit.archive.entries))
    assert made
    columns = "root, branch, low, high, low_now, high_now, state, value, void FROM markets"
    (row,) = ask(tmp_path / "a.db", f"SELECT {columns} WHERE code = 'RAIN.2'")
    assert row == ("RAIN", 2, 30_00, 80_00, 52_00, 60_00, "open", None, "cancel")
    columns = "account, quantity, quantity_shown, paid, paid_shown, average FROM contracts"
    assert ask(tmp_path / "a.db", f"SELECT {columns} ORDER BY account") == [
        ("alice", 4, "4", 1005_00, "1005.00", "50.2500"),
        ("bob", -4, "-4", -1005_00, "-1005.00", "50.2500"),
    ]
    pit.say("issuer", "settle RAIN 57")
    make(tmp_path / "a.db", write(tmp_path / "b", pit.archive.entries))
    columns = "code, state, value, value_shown FROM markets WHERE root = 'RAIN' ORDER BY code"
    assert ask(tmp_path / "a.db", f"SELECT {columns}") == [
        ("RAIN", "settled", 57_00, "57.00"),
        ("RAIN.2", "settled", 57_00, "57.00"),
    ]
    assert ask(tmp_path / "a.db", "SELECT * FROM contracts") == []
