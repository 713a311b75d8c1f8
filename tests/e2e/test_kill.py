"""Whatever is killed, wherever: the same command again, and all is as if nothing had happened."""

import hashlib
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.e2e.world import NAME, World

KILLING = Path(__file__).parent / "killing"
JUNK = b"From: nobody@example.org\n\nBuy! Buy! Buy!\n"


class Prepared(NamedTuple):
    """A pit in whose spool mails wait, and what comes of them when nothing is killed."""

    world: World
    good: list[bytes]
    bad: bytes
    fills: list[str]
    balances: dict[str, tuple[str, str]]


def fills(world: World) -> list[str]:
    """The trades, without the numbers of entries: refusals and seals may stand elsewhere."""
    found = [line for e in world.entries() for line in re.findall(r"(?m)^fill .*", e.text)]
    return sorted(re.sub(r"/\d+", "", fill) for fill in found)


@pytest.fixture(scope="module")
def prepared(stands: World) -> Iterator[Prepared]:
    world = stands.copy()
    world.say("operator", "keeper 1/2 kate", "keeper 2/2 kurt")
    world.turn()
    good = [
        world.mail("bob", "sell 60 ACME @ 9.40", "transfer 5 BETA to alice"),
        world.mail("alice", "buy 100 ACME @ 9.50"),
        world.mail("carol", "sell 10 ACME @ 9.45", "sell 10 BETA @ 3.00"),
        world.mail("alice", "buy 10 BETA @ 3.00", "withdraw 10.00 EUR"),
        world.mail("carol", "buy 9000 ACME @ 9.00"),
    ]
    bad = world.mail("carol", "buy 10 ACME @ 12,50")
    world.deliver(good[0], JUNK, *good[1:], bad, good[1])
    done = world.copy()
    done.settled()
    yield Prepared(world, good, bad, fills(done), done.holdings())
    done.remove()
    world.remove()


def killed_at(world: World, step: int, *args: str, stdin: bytes = b"") -> bool:
    """Run `pit ARGS` until just before its step-th step on the disk; whether it got that far."""
    done = subprocess.run(
        ["pit", *args],
        input=stdin,
        capture_output=True,
        env=world.environment(PYTHONPATH=str(KILLING), KILL_AT=str(step)),
    )
    assert done.returncode in (0, -signal.SIGKILL), done.stderr.decode()
    return done.returncode != 0


def killed_after(world: World, seconds: float, *args: str) -> bool:
    """Run `pit ARGS` for so long, then kill it and all that it had started; whether it ran yet."""
    running = subprocess.Popen(
        ["pit", *args],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=world.environment(),
        start_new_session=True,
    )
    time.sleep(seconds)
    alive = running.poll() is None
    if alive:
        subprocess.run(["kill", "-9", "--", f"-{running.pid}"], check=True)
    running.wait()
    return alive


def text_hash(mail: bytes) -> str:
    """sha256 of a mail's signed text."""
    body = mail.partition(b"\n\n")[2]
    start = body.index(b"\n\n") + 2
    text = body[start : body.index(b"-----BEGIN PGP SIGNATURE")]
    return hashlib.sha256(text).hexdigest()


def check(world: World, prepared: Prepared) -> None:
    """All is as in the run in which nothing was killed."""
    world.turn()
    assert world.spool() == []
    stored = world.mails()
    for mail in prepared.good:
        assert stored.count(mail) == 1
    whole = world.segment.read_text()
    assert len(re.findall(rf"(?m)^refused .* {text_hash(prepared.bad)} words$", whole)) == 1
    assert [mail.endswith(JUNK) for mail in world.quarantine()] == [True]
    assert set(world.reports().values()) == {1}
    assert fills(world) == prepared.fills
    assert world.holdings() == prepared.balances
    result = world.audit()
    assert result.wrong == ""
    assert len(result.checks) > 2
    assert not any([*check.owed(), *check.found.idle] for check in result.checks)
    answered = b"".join(path.read_bytes() for path in world.folder.glob("wallets/*/inbox/new/*"))
    for at, mail in enumerate(stored, 1):
        if mail in prepared.good:
            assert f"Pit-Reply: receipt {NAME} {at}\n".encode() in answered
    assert b"Pit-Reply: refusal acme words\n" in answered


def test_the_run_in_which_nothing_is_killed_trades(prepared: Prepared) -> None:
    assert [fill.split(" ")[1] for fill in prepared.fills] == ["10", "10", "60"]
    world = prepared.world.copy()
    try:
        check(world, prepared)
    finally:
        world.remove()


def each_step(prepared: Prepared, world: World, first: int, stride: int, *args: str) -> int:
    """Kill a command at every stride-th step on disk, from `first` on; how often it was killed."""
    kills = 0
    step = first
    died = True
    while died:
        copy = world.copy()
        try:
            died = killed_at(copy, step, *args)
            kills += died
            check(copy, prepared)
        finally:
            copy.remove()
        step += stride
    return kills


@pytest.mark.parametrize("half", [0, pytest.param(1, marks=pytest.mark.long)])
def test_a_turn_killed_at_any_step_is_done_by_the_next_one(prepared: Prepared, half: int) -> None:
    kills = each_step(prepared, prepared.world, 2 + 17 * half, 34, "turn", "-p", NAME)
    print(f"pit turn: killed {kills} times at its steps on disk")
    assert kills >= 4


@pytest.mark.parametrize("filter", [pytest.param("positions", marks=pytest.mark.long), "match"])
def test_a_filter_killed_at_any_step_publishes_each_report_once(
    prepared: Prepared, filter: str
) -> None:
    world = prepared.world.copy()
    try:
        world("notary", "-p", NAME)
        if filter == "match":
            world("run", "-p", NAME, "positions")
            world("notary", "-p", NAME)
        kills = each_step(prepared, world, 1, 4, "run", "-p", NAME, filter)
    finally:
        world.remove()
    print(f"pit run {filter}: killed {kills} times at its steps on disk")
    assert kills >= 4


def test_a_notary_killed_at_any_step_stamps_each_mail_once(prepared: Prepared) -> None:
    kills = each_step(prepared, prepared.world, 3, 13, "notary", "-p", NAME)
    print(f"pit notary: killed {kills} times at its steps on disk")
    assert kills >= 4


@pytest.mark.parametrize("verb", ["turn", pytest.param("notary", marks=pytest.mark.long)])
def test_what_is_killed_at_any_moment_with_all_it_started_is_done_by_the_next_turn(
    prepared: Prepared, verb: str
) -> None:
    started = time.monotonic()
    world = prepared.world.copy()
    world(verb, "-p", NAME)
    whole = time.monotonic() - started
    world.remove()
    kills = 0
    for part in range(1, 8):
        world = prepared.world.copy()
        try:
            kills += killed_after(world, whole * part / 8, verb, "-p", NAME)
            check(world, prepared)
        finally:
            world.remove()
    print(f"pit {verb}: killed {kills} times at a moment")


def test_a_turn_that_is_killed_again_and_again_comes_to_its_end(prepared: Prepared) -> None:
    world = prepared.world.copy()
    kills = 0
    try:
        for step in (7, 19, 31, 3, 43, 11, 23, 2, 29, 37, 5, 61, 13):
            kills += killed_at(world, step, "turn", "-p", NAME)
        check(world, prepared)
    finally:
        world.remove()
    print(f"pit turn: killed {kills} times, one after the other")
    assert kills >= 4


def test_a_mail_whose_sending_was_killed_is_sent_again_and_counts_once(stands: World) -> None:
    kills = 0
    died = True
    step = 1
    while died:
        world = stands.copy()
        sent = world.folder / "wallets/alice/sent"
        try:
            died = killed_at(world, step, "buy", "-p", NAME, "--as", "alice", "1", "ACME", "9.00")
            kills += died
            kept = sorted(path.name for path in sent.glob("*.eml"))
            assert len(kept) <= 1
            if not kept:  # nothing was signed, or it was not kept and so never left
                world.say("alice", "buy 1 ACME @ 9.00")
            elif died:
                world("send", "-p", NAME, "--as", "alice", "--again", kept[0])
            world.turn()
            assert [e.text.count("\nbuy 1 ACME") for e in world.entries()].count(1) == 1
            assert world.holdings()["alice EUR"] == ("1000.00", "9.00")
            assert world.audit().wrong == ""
        finally:
            world.remove()
        step += 1
    print(f"pit buy: killed {kills} times at its steps on disk")
    assert kills >= 4


def test_a_mail_whose_delivery_was_killed_comes_again_and_counts_once(stands: World) -> None:
    base = stands.copy()
    mail = base.mail("alice", "buy 1 ACME @ 9.00")
    kills = 0
    died = True
    step = 1
    try:
        while died:
            world = base.copy()
            try:
                died = killed_at(world, step, "deliver", "-p", NAME, stdin=mail)
                kills += died
                if died:  # the mail server keeps what was not taken with 0
                    world.deliver(mail)
                world.turn()
                assert world.mails().count(mail) == 1
                assert world.holdings()["alice EUR"] == ("1000.00", "9.00")
            finally:
                world.remove()
            step += 1
    finally:
        base.remove()
    print(f"pit deliver: killed {kills} times at its steps on disk")
    assert kills >= 3


@pytest.mark.long
def test_a_founding_that_was_killed_is_given_again(empty: World) -> None:
    kills = 0
    for step in range(1, 200, 17):
        world = empty.copy()
        try:
            died = killed_at(world, step, "new", NAME)
            kills += died
            if NAME not in world.home.pits():
                world("new", NAME)
            world("turn", "-p", NAME)
            assert [e.text.count("\ncharter ") for e in world.entries()][:2] == [1, 0], step
            assert {e.signer for e in world.entries()[1:]} == {"notary"}
            world("new", NAME, status=73)
            assert world.audit().wrong == ""
            assert world.id == world.audit().verifier.pit.id
        finally:
            world.remove()
        if not died:
            break
    print(f"pit new: killed {kills} times at its steps on disk")
    assert kills >= 3
