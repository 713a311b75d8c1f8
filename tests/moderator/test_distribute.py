"""Posts and answers by plain SMTP: to every member, in order, nothing skipped."""

import json
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pit.moderator.original import originals
from pit.moderator.posts import posts
from pit.pits import spool
from pit.pits.reading import entries_of
from tests.conftest import Shell, environment
from tests.mta.sink import HOST, Sink

OPERATOR, ALICE, BOB = "operator@pits.invalid", "alice@example.org", "bob@example.org"


@pytest.fixture
def sink() -> Iterator[Sink]:
    """Where mail goes out."""
    with Sink() as one:
        yield one


@pytest.fixture
def acme(club: Shell, sink: Sink) -> Shell:
    """The club, whose mail goes out by SMTP."""
    (club.home.pit("acme") / "mail").write_text(f"[mail]\nsmtp = {HOST}:{sink.port}\n")
    return club


def due(acme: Shell) -> list[bytes]:
    """The posts that the archive makes."""
    return [post.mail for post, _ in posts(entries_of(acme.home, "acme"), "acme@pits.invalid")]


def came(sink: Sink, address: str) -> list[bytes]:
    """The posts to an address, LF line ends."""
    mails = [mail.replace(b"\r\n", b"\n") for mail in sink.of(address)]
    return [mail for mail in mails if b"\nPit-Post: " in mail]


def say(acme: Shell, who: str, text: str) -> None:
    acme("send", "--as", who, f'say "{text}"')
    acme("notary")


def test_every_member_gets_every_entry_once_and_in_order(acme: Shell, sink: Sink) -> None:
    say(acme, "alice", "hello")
    done = json.loads(acme("distribute", "--json"))
    assert done["posts"] == len(due(acme)) and done["waiting"] == 0
    say(acme, "bob", "good morning")
    assert acme("distribute") == f"posts 1 to entry {done['entry'] + 2}\n"
    assert acme("distribute") == ""
    for address in (OPERATOR, ALICE, BOB):
        assert came(sink, address) == due(acme)
    numbers = [one.number for mail in came(sink, BOB) for one in originals(mail)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert {one.sender for one in sink.received} == {"acme@pits.invalid"}


def test_an_expelled_member_gets_nothing_more(acme: Shell, sink: Sink) -> None:
    acme("distribute")
    before = len(came(sink, BOB))
    acme("send", "--as", "operator", "expel bob")
    acme("notary")
    acme("distribute")
    assert len(came(sink, BOB)) == before
    assert came(sink, ALICE) == due(acme)


def test_who_is_put_off_gets_all_of_it_later_and_nobody_twice(acme: Shell, sink: Sink) -> None:
    sink.refuse[BOB] = "451 4.7.1 greylisted"
    acme("distribute")
    say(acme, "alice", "while bob waits")
    acme("distribute")
    assert came(sink, BOB) == []
    assert came(sink, ALICE) == due(acme)
    del sink.refuse[BOB]
    acme("distribute")
    assert came(sink, BOB) == came(sink, ALICE) == due(acme)
    assert acme("distribute") == ""


def test_an_address_that_is_refused_is_said_and_holds_nobody_up(acme: Shell, sink: Sink) -> None:
    sink.refuse[BOB] = "550 5.1.1 no such user"
    acme("distribute")
    assert acme.err == "pit distribute: bob@example.org: 550 5.1.1 no such user\n"
    assert came(sink, ALICE) == due(acme)
    assert acme("distribute") == ""


def test_without_a_mail_server_everything_waits_and_nothing_is_lost(
    acme: Shell, sink: Sink
) -> None:
    file = acme.home.pit("acme") / "mail"
    right = file.read_text()
    with socket.socket() as nobody:
        nobody.bind((HOST, 0))
        file.write_text(f"[mail]\nsmtp = {HOST}:{nobody.getsockname()[1]}\n")
        acme("distribute", status=75)
        assert "takes no mail now" in acme.err
        acme("turn", status=75)
    file.write_text(right)
    acme("distribute")
    assert came(sink, ALICE) == due(acme)


def test_without_a_mail_file_posts_stay_here(club: Shell) -> None:
    club("distribute")
    waiting = spool.waiting(club.home.posts("acme"))
    assert [spool.take(path) for path in waiting] == due(club)


def test_a_list_may_begin_in_the_midst_of_an_archive(acme: Shell, sink: Sink) -> None:
    say(acme, "alice", "before the list")
    last = list(entries_of(acme.home, "acme"))[-1].number
    acme("distribute", "--from", str(last + 99), status=64)
    say(acme, "bob", "the first to be posted")
    acme("distribute", "--from", str(last + 1))
    assert came(sink, ALICE) == due(acme)[-1:]
    acme("distribute", "--from", "1", status=64)


def test_an_archive_that_is_not_the_posted_one_stops_it(acme: Shell, sink: Sink) -> None:
    acme("distribute")
    note = acme.home.pit("acme") / "distributed"
    right = note.read_text()
    say(acme, "alice", "more")
    for wrong, why in (
        (right.replace(right.split()[3], "0" * 64), "is not the one that was posted"),
        (right.replace(f" {right.split()[2]} ", " 999 "), "ends before entry 999"),
        ("distributed other 1 x\n", "should be one line"),
        ("", "should be one line"),
    ):
        note.write_text(wrong)
        acme("distribute", status=65)
        assert why in acme.err
    note.write_text(right)
    acme("distribute")
    assert came(sink, ALICE) == due(acme)


@pytest.fixture
def answered(acme: Shell, tmp_path: Path) -> Shell:
    """Bob is a member whose wallet is elsewhere: his receipt goes out by mail."""
    acme("distribute")
    acme("send", "--as", "bob", 'say "from afar"')
    shutil.move(acme.home.wallet("bob"), tmp_path / "bob")
    acme("notary")
    return acme


def test_an_answer_goes_to_its_member_with_the_null_return_path(
    answered: Shell, sink: Sink
) -> None:
    sink.clear()
    (kept,) = [spool.take(path) for path in spool.waiting(answered.home.outbox("acme"))]
    assert "answers 1" in answered("distribute")
    (one,) = [one for one in sink.received if b"\nPit-Reply: receipt" in one.mail]
    assert (one.sender, one.recipients) == ("", (BOB,))
    assert b"\nAuto-Submitted: auto-replied\r\n" in one.mail
    assert one.mail.replace(b"\r\n", b"\n") == kept.removeprefix(b"Return-Path: <>\n")
    assert spool.waiting(answered.home.outbox("acme")) == []
    assert answered("distribute") == ""


def test_an_answer_that_is_put_off_is_sent_again_and_one_refused_is_kept(
    answered: Shell, sink: Sink
) -> None:
    sink.clear()
    sink.refuse[BOB] = "451 4.7.1 later"
    assert "1 answers put off" in answered("distribute")
    assert len(spool.waiting(answered.home.outbox("acme"))) == 1
    sink.refuse[BOB] = "550 5.1.1 gone"
    assert "1 answers refused" in answered("distribute")
    assert spool.waiting(answered.home.outbox("acme")) == []
    (path,) = spool.waiting(answered.home.bounced("acme"))
    assert spool.take(path).startswith(b"Pit-Bounced: 550 5.1.1 gone\nReturn-Path: <>\n")
    assert not any(b"\nPit-Reply: " in mail for mail in sink.of(BOB))


def test_the_operator_is_told_once_a_day_what_waits(
    answered: Shell, sink: Sink, tmp_path: Path
) -> None:
    spool.put(answered.home.quarantine("acme"), b"Pit-Refused: key\n\nx\n")
    shutil.move(answered.home.wallet("operator"), tmp_path / "operator")
    answered("distribute")
    answered("distribute")
    (notice,) = [mail for mail in sink.of(OPERATOR) if b"\nPit-Reply: notice acme" in mail]
    assert b"     1  quarantine: " in notice
    assert b"\nAuto-Submitted: auto-generated\r\n" in notice


def test_the_operator_is_told_what_mailman_failed_on(
    answered: Shell, sink: Sink, tmp_path: Path
) -> None:
    for name in ("pipeline", "out", "shunt", "bad"):
        (tmp_path / "var/queue" / name).mkdir(parents=True)
    for number in (1, 2):
        (tmp_path / f"var/queue/shunt/{number}.pck").touch()
    with (answered.home.pit("acme") / "mail").open("a") as file:
        file.write("[mailman]\nurl = http://127.0.0.1:1/3.1\nuser = u\npassword = p\n")
        file.write(f"var = {tmp_path / 'var'}\n")
    (answered.home.pit("acme") / "subscribed").write_text("subscribed acme 999\n")
    shutil.move(answered.home.wallet("operator"), tmp_path / "operator")
    answered("distribute")
    (notice,) = [mail for mail in sink.of(OPERATOR) if b"\nPit-Reply: notice acme" in mail]
    assert b"     2  shunt: " in notice and b"bad: " not in notice
    assert len(list((tmp_path / "var/queue/pipeline").iterdir())) == 1  # and the post goes its way


def test_a_mail_server_that_is_down_does_not_keep_posts_from_mailman(
    answered: Shell, tmp_path: Path
) -> None:
    (tmp_path / "var/queue/pipeline").mkdir(parents=True)
    (answered.home.pit("acme") / "mail").write_text(
        f"[mail]\nsmtp = {HOST}:1\n[mailman]\nurl = http://127.0.0.1:1/3.1\nuser = u\n"
        f"password = p\nvar = {tmp_path / 'var'}\n"
    )
    (answered.home.pit("acme") / "subscribed").write_text("subscribed acme 999\n")
    answered("distribute", status=75)
    assert len(list((tmp_path / "var/queue/pipeline").iterdir())) == 1
    assert len(spool.waiting(answered.home.outbox("acme"))) == 1


@pytest.mark.parametrize("call", ["sendto", "unlink", "rename", "fsync"])
def test_killed_at_any_system_call_it_sends_again_and_skips_nothing(
    answered: Shell, sink: Sink, call: str
) -> None:
    (answer,) = spool.waiting(answered.home.outbox("acme"))
    kept, note = spool.take(answer), answered.home.pit("acme") / "distributed"
    start = note.read_text()
    new = [mail for mail in due(answered) if mail not in came(sink, BOB)]
    assert len(new) == 1
    for when in range(1, 99):
        sink.clear()
        shutil.rmtree(answered.home.posts("acme"))
        note.write_text(start)
        for path in spool.waiting(answered.home.outbox("acme")):
            spool.done(path)
        spool.put(answered.home.outbox("acme"), kept)
        dead = killed_at(answered, call, when)
        answered("distribute")
        for address in (OPERATOR, ALICE, BOB):
            assert came(sink, address) in (new, new * 2)
        receipts = [mail for mail in sink.of(BOB) if b"\nPit-Reply: receipt" in mail]
        assert receipts in (receipts[:1], receipts[:1] * 2) and receipts
        assert spool.waiting(answered.home.outbox("acme")) == []
        if not dead:
            assert len(came(sink, BOB)) == len(receipts) == 1
            break
    assert not dead and when > 1


def killed_at(pit: Shell, call: str, when: int) -> bool:
    """Run `pit distribute` with kill -9 at a system call; whether it came so far."""
    inject = f"inject={call}:signal=SIGKILL:when={when}"
    strace = ("strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", inject)
    done = subprocess.run(
        [*strace, sys.executable, "-m", "pit.pits.command", "distribute"],
        env=environment(PIT_HOME=str(pit.home.root)),
        capture_output=True,
    )
    assert done.returncode in (0, -signal.SIGKILL, 128 + signal.SIGKILL), done.stderr
    return done.returncode != 0


@pytest.mark.parametrize(
    "text",
    [
        "smtp = 127.0.0.1:25\n",
        "[mail]\nsmtp = 127.0.0.1\n",
        "[mail]\nsmtp = 127.0.0.1:99999\n",
        "[mail]\nport = 25\n",
        "[post]\n",
        "[mailman]\nurl = http://x/3.1\n",
        "[mailman]\nurl = ftp://x\nuser = u\npassword = p\nvar = /v\n",
        "[mailman]\nurl = http://x\nuser = u\npassword = p\nvar = v\n",
        "[mailman]\nurl = http://x\nuser = u\npassword = p\nvar = /v\nlist = x\n",
        "[mailman]\nurl = http://x\nuser = u\npassword = p\nvar = /v\nintake = maybe\n",
        "[mailman]\nurl = http://x\nuser = u\npassword = p\nvar = /nonexistent\n",
        "[mailman]\nurl = http://x\nuser = u\npassword = p\nqueue = v\n",
        "[mailman]\nurl = http://x\nuser = u\npassword = p\n",
        "\x00\xff",
    ],
)
def test_a_mail_file_that_makes_no_sense_is_explained(club: Shell, text: str) -> None:
    (club.home.pit("acme") / "mail").write_bytes(text.encode("latin-1"))
    club("distribute", status=78)
    assert club.err.startswith("pit distribute: ") and club.err.count("\n") == 1
    assert spool.waiting(club.home.posts("acme")) == []
