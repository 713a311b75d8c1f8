"""Killed at any step of the hand-over, subscribers get every entry at least once, in order."""

import pickle
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from pit.archives.extent import chunks
from pit.moderator.posts import posts
from pit.pits.reading import entries_of
from tests.conftest import Shell
from tests.mailman.conftest import Listed
from tests.mailman.readers import eventually
from tests.moderator.test_distribute import killed_at


@pytest.fixture(scope="module")
def busy(founded: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """The club, with a queue of Mailman's that nobody empties but the test."""
    home = tmp_path_factory.mktemp("busy") / "home"
    shutil.copytree(founded, home, ignore=shutil.ignore_patterns("S.*"))
    pit = Shell(home)
    for who in ("alice", "bob"):
        pit("send", "--as", who, f'say "{who}"')
    pit("notary")
    for name in ("pipeline", "out"):
        (home / "var" / "queue" / name).mkdir(parents=True)
    (home / "pits/acme/mail").write_text(
        f"[mailman]\nurl = http://127.0.0.1:1/3.1\nuser = u\npassword = p\nvar = {home / 'var'}\n"
    )
    (home / "pits/acme/subscribed").write_text("subscribed acme 999\n")  # so Mailman is not asked
    yield pit


def taken(pit: Shell) -> list[bytes]:
    """What Mailman would take out of its queue now, in its order; as its Switchboard reads it."""
    found = []
    queue = pit.home.root / "var/queue/pipeline"
    for path in sorted(queue.glob("*.pck"), key=lambda path: float(path.name.partition("+")[0])):
        with path.open("rb") as file:
            mail, about = pickle.load(file), pickle.load(file)
        assert about["_parsemsg"] and about["original_size"] == len(mail)
        found.append(mail.encode())
        path.unlink()
    return found


@pytest.mark.parametrize("call", ["fsync", "rename"])
def test_killed_at_any_system_call_distribute_repeats_and_skips_nothing(
    busy: Shell, call: str
) -> None:
    note = busy.home.pit("acme") / "distributed"
    made = list(posts(entries_of(busy.home, "acme"), "acme@pits.invalid"))
    before, due = made[-3][0], [post.mail for post, _ in made[-2:]]
    when = 1
    while True:
        shutil.rmtree(busy.home.posts("acme"), ignore_errors=True)
        note.write_text(f"distributed acme {before.last} {before.stamp} each\n")
        dead = killed_at(busy, call, when)
        first = taken(busy)
        busy("distribute")
        then = taken(busy)
        assert first == due[: len(first)]  # in order, each as it is made from the archive
        assert then == due[len(due) - len(then) :]
        assert len(first) + len(then) >= len(due)  # no gap
        assert len(first) + len(then) <= len(due) + 1  # the one that was being handed over
        if not dead:
            assert then == []
            break
        when += 1
    assert when > 2
    assert busy("distribute") == ""


def test_with_mailman_killed_at_its_steps_every_subscriber_gets_every_entry(acme: Listed) -> None:
    archive = acme.home.archive("acme")
    for number, victims in enumerate([("pipeline",), ("out",), ("pipeline", "out")], 1):
        acme("send", "--as", "alice", f'say "{number}"')
        acme("notary")
        before = b"".join(chunks(archive, "acme"))
        acme("distribute")
        acme.core.kill(*victims)
        assert b"".join(chunks(archive, "acme")) == before
    acme("send", "--as", "bob", 'say "master is gone"')
    acme("notary")
    acme("distribute")
    acme.core.kill_master()  # its runners go on
    acme.complete("alice", "bob")
    acme.core.kill()
    acme("send", "--as", "bob", 'say "nobody is there"')
    acme("notary")
    acme("distribute")
    acme.core.start()
    acme.complete("alice", "bob")
    eventually(lambda: acme.core.queued("pipeline", "out", "shunt", "bad"), [])


def test_a_subscriber_whose_server_puts_mail_off_gets_it_later(acme: Listed) -> None:
    acme.sink.refuse["bob@example.org"] = "451 4.7.1 later"
    acme("send", "--as", "alice", 'say "greylisted"')
    acme("notary")
    acme("distribute")
    acme.complete("alice")
    assert acme.posts("bob") == []
    del acme.sink.refuse["bob@example.org"]
    acme.complete("bob")
