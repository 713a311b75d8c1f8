"""Everything runs: what is mailed is traded at once. TERM ends it, KILL loses nothing."""

import os
import random
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.e2e.test_kill import fills
from tests.e2e.world import NAME, World


class Program(NamedTuple):
    """A program that runs, and the file of what it says."""

    process: subprocess.Popen[bytes]
    log: Path

    def said(self) -> str:
        """So far."""
        return self.log.read_text()

    def children(self) -> list[int]:
        """The programs that it keeps, by what the system says."""
        task = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(word) for word in task.read_text().split()]


@contextmanager
def running(world: World, *args: str) -> Iterator[Program]:
    """`pit ARGS` in a session of its own, all of which is ended in the end."""
    log = world.folder / "said"
    with log.open("wb") as said:
        process = subprocess.Popen(
            ["pit", *args],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            env=world.environment(),
            start_new_session=True,
        )
    try:
        yield Program(process, log)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def until(true: Callable[[], bool], seconds: float = 120) -> None:
    """Wait for something that comes; an error if it never does."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.05)


def ended(program: Program) -> str:
    """Send TERM, and wait: what it said."""
    program.process.terminate()
    status, said = program.process.wait(timeout=120), program.said()
    assert status == 0, said
    assert "Traceback" not in said and "bug" not in said
    return said


def test_an_order_that_is_mailed_is_a_trade_that_is_published(acme: World) -> None:
    with running(acme, "up") as up:
        acme.say("bob", "sell 60 ACME @ 9.40")
        acme.say("alice", "buy 60 ACME @ 9.50")
        until(lambda: acme.said("^fill 60 ACME @ 9.40") != [])
        acme.say("alice", "buy 1 ACME @ 9.00")
        until(lambda: len(acme.said("^accept alice/")) == 2)
        kept = up.children()
        said = ended(up)
    assert "sent report match 1 of sam, 1 directive\n" in said
    assert len(kept) >= 3 and not any(Path(f"/proc/{one}").exists() for one in kept)
    ran = [acme.home.checkpoints(NAME) / f"{one}.mbox" for one in ("match", "positions", "settle")]
    before = [path.read_bytes() for path in ran]
    acme.settled()  # nothing is left to do, and the checkpoints are those of the end
    assert before == [path.read_bytes() for path in ran]


def test_a_filter_that_follows_publishes_what_the_notary_seals(acme: World) -> None:
    with running(acme, "run", "positions", "-p", NAME, "--follow") as keeper:
        acme.say("alice", "buy 1 ACME @ 9.00")
        acme("notary", "-p", NAME)
        until(lambda: bool(acme.spool()))
        acme("notary", "-p", NAME)
        assert len(acme.said("^accept alice/")) == 1
        ended(keeper)
    acme.settled()


def test_a_divergence_is_said_once_and_waits_for_its_adoption(acme: World) -> None:
    acme.say("bob", "sell 10 ACME @ 9.40")
    acme.say("alice", "buy 10 ACME @ 9.50")
    acme("notary", "-p", NAME)
    acme("run", "positions", "-p", NAME)
    acme("notary", "-p", NAME)
    sell, buy = acme.number_of("bob", "^sell"), acme.number_of("alice", "^buy")
    wrong = f"fill 5 ACME @ 9.45 alice/{buy} bob/{sell}"
    acme("send", "-p", NAME, "--as", "sam", "report match 1", wrong, "--unchecked")
    acme("notary", "-p", NAME)
    with running(acme, "run", "match", "-p", NAME, "--follow") as match:
        until(lambda: "what stands is not what is owed" in match.said())
        acme.say("operator", f"adopt {acme.number_of('sam', '^report')}")
        acme("notary", "-p", NAME)
        until(lambda: bool(acme.spool()))
        said = ended(match)
    assert said.count("what stands is not what is owed") == 1
    acme.turn()
    assert sorted(one.partition(";")[0] for one in acme.said("^fill")) == [
        wrong.replace("9.45", "9.40"),
        wrong,
    ]


def test_whatever_is_killed_while_everything_runs_nothing_is_lost_or_done_twice(
    acme: World,
) -> None:
    rng = random.Random(5)
    plain = acme.copy()
    orders = [
        ("bob", "sell 10 ACME @ 9.40"),
        ("alice", "buy 4 ACME @ 9.40"),
        ("carol", "sell 7 BETA @ 3.00"),
        ("alice", "buy 9 ACME @ 9.40"),
        ("alice", "buy 9 BETA @ 3.00"),
        ("bob", "sell 5 ACME @ 9.35"),
    ]
    with running(acme, "up") as up:
        for number, (who, said) in enumerate(orders, 1):
            acme.say(who, said)
            until(lambda: len(up.children()) >= 3)
            os.kill(rng.choice(up.children()), signal.SIGKILL)
            until(lambda n=number: len(acme.said("^(accept|refuse) (alice|bob|carol)/")) >= n)
        ended(up)
    acme.settled()
    for who, said in orders:
        plain.say(who, said)
        plain.settled()
    assert fills(acme) == fills(plain)
    assert acme.holdings() == plain.holdings()
    assert not {report: count for report, count in acme.reports().items() if count > 1}
    plain.remove()


def test_the_units_run_each_program_that_up_runs(acme: World, tmp_path: Path) -> None:
    units = acme("up", "-p", NAME, "--systemd")
    names = re.findall(r"^# /etc/systemd/system/(\S+)$", units, re.M)
    programs = ("notary", "match", "positions", "settle")
    assert names == [f"pit-{NAME}-{one}.service" for one in programs]
    for command in re.findall(r"^ExecStart=(.*)$", units, re.M):
        words = command.split()
        assert Path(words[0]).exists()
        with running(acme, *words[1:]) as process:
            time.sleep(1)
            ended(process)


@pytest.mark.parametrize("verb", [["notary"], ["run", "match"]])
def test_a_second_one_that_follows_does_no_harm(acme: World, verb: list[str]) -> None:
    command = [*verb, "-p", NAME, "--follow"]
    with running(acme, *command) as first:
        time.sleep(2)
        if verb == ["notary"]:
            acme("notary", "-p", NAME, status=75)
        else:
            acme("run", "match", "-p", NAME)
        ended(first)
