"""`pit turn` goes on until nothing is new; `pit cron` prints the line that does it every minute."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pit.pits.read import checkpoint_path, idle
from pit.pits.reading import entries_of, last_seal
from tests.conftest import Shell


def directives(shell: Shell, verb: str) -> list[str]:
    """Every directive of that verb, with its signer."""
    lines = [line.split("\t") for line in shell("lines").splitlines()]
    return [f"{who} {what}" for _, _, who, what in lines if what.split(" ")[0] == verb]


@pytest.fixture
def floor(club: Shell) -> Shell:
    """The club with a ticker, whose specialist the operator is; Alice has money, Bob has shares."""
    ticker = ["  currency: EUR", "  tick: 0.01", "  lot: 1", "  specialist: operator"]
    club("send", "--as", "operator", 'ticker ACME "Acme Inc."', *ticker)
    club("send", "--as", "operator", "deposit alice 1000 EUR", "issue 100 ACME")
    club("send", "--as", "operator", "transfer 50 ACME to bob")
    club("turn")
    return club


def test_one_turn_takes_an_order_to_its_fill(floor: Shell) -> None:
    floor("sell", "--as", "bob", "10", "ACME", "12.40")
    floor("buy", "--as", "alice", "10", "ACME", "12.50")
    floor("turn")
    (fill,) = directives(floor, "fill")
    assert fill.startswith("operator fill 10 ACME @ 12.40 alice/")


def test_a_turn_that_finds_nothing_new_says_and_changes_nothing(floor: Shell) -> None:
    archive = next(floor.home.archive("acme").glob("*.mbox"))
    before = archive.read_bytes()
    assert floor("turn") == "" == floor.err
    assert archive.read_bytes() == before


def test_a_filter_is_idle_where_its_checkpoint_knows_all_and_nothing_is_owed(floor: Shell) -> None:
    positions, match = (
        checkpoint_path(floor.home, "acme", name) for name in ("positions", "match")
    )

    def both() -> tuple[bool, bool]:
        sealed = last_seal(floor.home, "acme")
        assert sealed
        return idle(positions, sealed), idle(match, sealed)

    assert both() == (True, True)
    floor("sell", "--as", "bob", "10", "ACME", "12.40")
    floor("notary")
    assert both() == (False, False)  # there is something to read
    floor("run", "positions")
    floor("run", "match")
    assert both() == (False, True)  # the accept is sent and does not stand
    floor("turn")
    assert both() == (True, True)
    shutil.copy(match, positions)
    shutil.copy(f"{match}.sha256", f"{positions}.sha256")
    match.write_bytes(match.read_bytes() + b"\n")
    assert both() == (False, False)
    floor("turn")
    assert both() == (True, True) and "not used" in floor.err


def test_a_filter_that_stops_is_named_and_the_others_go_on(floor: Shell) -> None:
    floor("sell", "--as", "bob", "10", "ACME", "12.40")
    floor("buy", "--as", "alice", "10", "ACME", "12.50")
    floor("notary")
    floor("run", "positions")
    floor("notary")
    buy, sell = (
        next(e.number for e in entries_of(floor.home, "acme") if f"\n{verb} " in e.text)
        for verb in ("buy", "sell")
    )
    wrong = f"fill 10 ACME @ 12.45 alice/{buy} bob/{sell}"
    floor("send", "--as", "operator", "report match 1", wrong)
    floor("send", "--as", "bob", "transfer 1 ACME to alice")
    floor("turn", status=65)
    assert "pit turn: match: entry " in floor.err and "12.45" in floor.err
    assert len(directives(floor, "accept")) == 4


def test_the_cron_line_takes_a_turn_wherever_the_home_lies(floor: Shell, tmp_path: Path) -> None:
    folder = tmp_path / "100% home"
    floor.home.root.rename(folder)
    shell = Shell(folder)
    shell("send", "--as", "alice", 'say "hello"')
    note, line = shell("cron", "-p", "acme").splitlines()
    assert note.startswith("# acme")
    fields = line.split(" ", 5)
    assert fields[:5] == ["*"] * 5
    assert "%" not in fields[5].replace(r"\%", "")
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    command = fields[5].replace(r"\%", "%")
    done = subprocess.run(
        ["sh", "-c", command], env={"PATH": path, "HOME": str(tmp_path)}, check=False
    )
    assert done.returncode == 0
    assert directives(shell, "say") == ['alice say "hello"']
    assert "stamped 1" in (shell.home.pit("acme") / "turn.log").read_text()
