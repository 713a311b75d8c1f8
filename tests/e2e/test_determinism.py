"""The same archive gives the same bytes, on any machine, however it comes in."""

import random
import re
import subprocess
from collections.abc import Iterator

import pytest

from pit.archives.mbox import Entry
from tests.e2e.world import NAME, World, environment


@pytest.fixture(scope="module")
def busy(stands: World) -> Iterator[World]:
    """A pit with trades, refusals, cancels, a suspension, and orders that nobody has answered."""
    world = stands.copy()
    world.say("bob", "sell 60 ACME @ 9.40", "  ref: spring", "sell 20 BETA @ 3.10")
    world.say("alice", "buy 100 ACME @ 9.50", "  ref: retirement-7", "buy 9000 BETA @ 1.00")
    world.say("carol", "sell 30 ACME @ 9.50", "  until: 2099-01-01", "withdraw 5.00 EUR")
    world.turn()
    order = world.number_of("alice", "^buy 100")
    world.say("alice", f"cancel {order}", 'say "- grün, ⌘ ½"', "buy 3 BETA @ 3.20")
    world.say("operator", "suspend carol", "keeper 1/2 kate", "keeper 2/2 kurt")
    world.turn()
    world.say("bob", "buy 7 ACME @ 9.45", "transfer 1 BETA to alice")
    world.say("alice", "sell 2 BETA @ 3.00")
    world("notary", "-p", NAME)
    yield world
    world.remove()


PIPE = "pit read -p acme | pit positions | pit match | sha256sum"


def test_the_stream_is_the_same_whatever_the_machine_is_set_to(busy: World) -> None:
    here = busy.bash(PIPE)
    for settings in (
        {"PYTHONHASHSEED": "0"},
        {"PYTHONHASHSEED": "1", "TZ": "Asia/Kathmandu"},
        {"PYTHONHASHSEED": "4294967295", "TZ": "America/St_Johns", "LC_ALL": "C"},
        {
            "LC_ALL": "POSIX",
            "LANG": "tr_TR.UTF-8",
            "PYTHONUTF8": "0",
            "PYTHONIOENCODING": "latin-1",
        },
        {"LC_ALL": "de_DE.ISO-8859-1", "COLUMNS": "10", "TERM": "dumb", "NO_COLOR": "1"},
        {"PYTHONOPTIMIZE": "2", "PYTHONDONTWRITEBYTECODE": "1", "HOME": "/nonexistent"},
    ):
        assert busy.bash(PIPE, **settings) == here, settings
    for before in ("umask 0;", "umask 777;", "cd /;", "ulimit -s 1024;", "exec 2>&-;"):
        assert busy.bash(f"{before} {PIPE}") == here, before


def test_what_people_read_is_the_same_whatever_the_machine_is_set_to(busy: World) -> None:
    commands = [
        *(
            f"pit show {what}"
            for what in ("book", "tape", "holdings", "orders", "members", "rules")
        ),
        "pit statement alice",
        "pit lines",
        "pit show orders --json",
        "pit audit --full",
    ]
    script = "; ".join(commands)
    here = busy.bash(script)
    assert len(here) > 5000
    for settings in (
        {"PYTHONHASHSEED": "7", "TZ": "Asia/Kathmandu"},
        {"LC_ALL": "C", "TZ": "America/St_Johns", "PYTHONHASHSEED": "8", "COLUMNS": "20"},
    ):
        assert busy.bash(script, **settings) == here, settings


def filtered(data: bytes, *args: str, sizes: Iterator[int] | None = None) -> bytes:
    """What a filter makes of a stream that comes in pieces."""
    running = subprocess.Popen(
        ["pit", *args], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment()
    )
    assert running.stdin and running.stdout
    reader = subprocess.Popen(["cat"], stdin=running.stdout, stdout=subprocess.PIPE)
    running.stdout.close()
    at = 0
    while at < len(data):
        size = next(sizes) if sizes else len(data)
        running.stdin.write(data[at : at + size])
        running.stdin.flush()
        at += size
    running.stdin.close()
    found, _ = reader.communicate()
    assert running.wait() == 0
    return found


def test_a_stream_that_dribbles_in_is_the_same_stream(busy: World) -> None:
    data = busy.run("read", "-p", NAME)
    for name in ("positions", "match"):
        whole = filtered(data, name)
        for seed in (1, 2):
            dice = random.Random(seed)
            largest = (3, 700)[seed - 1]
            sizes = iter(lambda: dice.randint(1, largest), 0)  # noqa: B023
            assert filtered(data, name, sizes=sizes) == whole


def messages(stream: bytes) -> list[bytes]:
    """A stream's messages."""
    return [b"From " + part for part in re.split(rb"(?m)^From ", stream)[1:]]


def drafts_and_state(stream: bytes) -> list[bytes]:
    return [m for m in messages(stream) if not m.split(b"\n")[1].startswith(b"Pit-Entry")]


def sealed(entries: list[Entry]) -> list[int]:
    """How many entries to take so that a seal is the last."""
    return [entry.number for entry in entries if "\nseal " in entry.text]


@pytest.mark.parametrize("name", ["positions", "match"])
def test_from_a_checkpoint_at_any_seal_come_the_same_drafts_and_state(
    busy: World, name: str
) -> None:
    entries = busy.entries()
    whole = drafts_and_state(filtered(b"".join(e.raw for e in entries), name))
    assert len(whole) >= 2 or name == "match"
    cuts = sealed(entries)[:-1]
    assert len(cuts) >= 8
    for cut in cuts:
        first = filtered(b"".join(e.raw for e in entries[:cut]), name)
        (state,) = [m for m in messages(first) if b"\nPit-Checkpoint: " in m[:200]]
        rest = b"".join(e.raw for e in entries[cut:])
        assert drafts_and_state(filtered(state + rest, name))[1:] == whole, cut
        # It may come with entries that the state has read already.
        more = b"".join(e.raw for e in entries[max(0, cut - 3) :])
        assert drafts_and_state(filtered(state + more, name))[1:] == whole, cut


def test_a_checkpoint_of_a_checkpoint_is_the_same_text(busy: World) -> None:
    for name in ("positions", "match"):
        done = filtered(busy.run("read", "-p", NAME), name)
        state = messages(done)[-1]
        assert b"\nPit-Checkpoint: " in state[:200]
        again = messages(filtered(state, name))
        assert again[0] == again[-1] == state


def test_the_kept_checkpoint_is_the_one_that_the_pipe_makes(busy: World) -> None:
    world = busy.copy()
    try:
        for path in world.home.checkpoints(NAME).iterdir():
            path.unlink()
        for name in ("positions", "match"):
            world("run", "-p", NAME, name)
            kept = (world.home.checkpoints(NAME) / f"{name}.mbox").read_bytes()
            assert messages(filtered(busy.run("read", "-p", NAME), name))[-1] == kept
    finally:
        world.remove()


def test_a_copy_of_the_home_elsewhere_reads_the_same(busy: World) -> None:
    world = busy.copy()
    try:
        assert world.bash(PIPE) == busy.bash(PIPE)
        (world.archive / "mark").unlink()  # a mirror
        assert world.bash(PIPE) == busy.bash(PIPE)
    finally:
        world.remove()


def test_a_filter_passes_on_what_it_read_byte_for_byte(busy: World) -> None:
    data = busy.run("read", "-p", NAME)
    for name in ("positions", "match"):
        assert filtered(data, name).startswith(data)
