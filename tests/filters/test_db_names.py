"""`pit db` of a pit whose names come and go, also when it is extended."""

import random
from pathlib import Path

import pytest

from pit.filters.positions import Positions
from tests.filters.naming_sessions import live
from tests.filters.sessions import replay
from tests.filters.test_db import ask, contents, cut, make, write


@pytest.mark.parametrize("seed", range(3))
def test_a_database_of_names_is_extended_to_what_it_is_made_as_at_once(
    seed: int, tmp_path: Path
) -> None:
    archive = live(seed).archive
    for number in cut(archive.entries, random.Random(seed), 4):
        folder = write(tmp_path / f"{number}", archive.entries[:number])
        path = tmp_path / f"{number}.db"
        make(tmp_path / "extended.db", folder)
        make(path, folder)
        assert contents(tmp_path / "extended.db") == contents(path)
        assert ask(path, "PRAGMA foreign_key_check") == []
        run = replay(archive, Positions, number)
        tickers = sorted((code, one.issuer) for code, one in run.pit.tickers.items())
        assert ask(path, "SELECT code, issuer FROM tickers ORDER BY code") == tickers
        total = "SELECT code, in_existence FROM assets WHERE in_existence <> 0 ORDER BY code"
        assert ask(path, total) == sorted(one for one in run.record.totals.items() if one[1])
