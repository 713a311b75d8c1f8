"""Mail through a real Postfix, set up by `pit mta`: what it has taken becomes one entry, whole."""

import os
import random
import re
import shutil
import signal
import smtplib
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path

import pytest

from pit.pits import spool
from pit.pits.home import Settings, save_settings
from pit.pits.identity import identity_of, keys_of
from pit.pits.signing import signed
from tests.e2e.world import NAME, World
from tests.mta.postfix import HOST, HOSTNAME, Postfix, free_port, needs_postfix, until
from tests.mta.servers import Client, Server
from tests.mta.sink import Sink

pytestmark = needs_postfix
ROOT = Path(__file__).parent.parent.parent
ACME, BETA = "acme@pits.invalid", "beta@pits.invalid"
FROM = "alice@example.org"


def orders(world: World, *texts: str) -> list[bytes]:
    """Signed mails of alice's, CRLF line ends."""
    found = []
    with keys_of(world.home, "alice") as keys:
        for text in texts:
            whole = f"pit acme\n  id: {world.id[:16]}\n{text}\n"
            mail = signed(keys, identity_of(world.home, "alice"), whole, ACME).mail
            found.append(mail.replace(b"\n", b"\r\n"))
    return found


def two_pits(world: World) -> World:
    """The world with a second pit, whose mail is only stored."""
    save_settings(world.home, Settings("beta", "", BETA, "B" * 40))
    return world


@pytest.fixture
def world(founded: Path) -> Iterator[World]:
    """A club of its own, under a short path."""
    home = Path(tempfile.mkdtemp(prefix="mta-", dir="/tmp"))
    shutil.copytree(founded, home, dirs_exist_ok=True)
    found = World(home)
    yield found
    found.remove()


@pytest.fixture(scope="module")
def running(founded: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator["Running"]:
    """A pit, `pit lmtp` and Postfix, for tests that leave nothing behind."""
    home = tmp_path_factory.mktemp("mta") / "home"
    shutil.copytree(founded, home)
    world = two_pits(World(home))
    with Sink() as sink, Sink(lmtp=True) as mailman, Server(home) as server:
        args = ["--lmtp", server.place, "--mailman", f"{HOST}:{mailman.port}"]
        args += ["--relay", f"{HOST}:{sink.port}", "--postmaster", "ops@example.org"]
        with Postfix(home, *args) as postfix:
            yield Running(world, postfix, server, sink, mailman)


class Running:
    """What runs."""

    def __init__(
        self, world: World, postfix: Postfix, server: Server, sink: Sink, mailman: Sink
    ) -> None:
        self.world, self.postfix, self.server = world, postfix, server
        self.sink, self.mailman = sink, mailman

    def spooled(self, pit: str = NAME, count: int = 1) -> list[bytes]:
        """Wait for mails in a spool, and take them out."""
        folder = self.world.home.spool(pit)
        until(lambda: len(spool.waiting(folder)) >= count)
        paths = spool.waiting(folder)
        found = [spool.take(path) for path in paths]
        spool.done_all(paths)
        return found


def received(mail: bytes) -> tuple[bytes, bytes]:
    """The header that Postfix puts in front, and the rest."""
    found = re.match(rb"Received: .*\r\n(?:[ \t].*\r\n)*", mail)
    assert found is not None
    return found[0], mail[found.end() :]


# --- what is generated ------------------------------------------------------------------------


def test_postfix_finds_nothing_wrong_with_what_is_generated(running: Running) -> None:
    assert running.postfix.run("postfix", "check") == ""
    assert "warning" not in running.postfix.run("postconf", "-n")
    assert "warning" not in running.postfix.run("postconf", "-M")
    assert "warning" not in running.postfix.log()


# --- mail -------------------------------------------------------------------------------------


def test_a_signed_mail_becomes_an_entry_with_the_bytes_that_were_sent(running: Running) -> None:
    (mail,) = orders(running.world, "buy 1 ACME @ 1.00")
    with running.postfix.client() as client:
        client.sendmail(FROM, [ACME], mail)
    world = running.world
    until(lambda: world.spool())
    before = len(world.entries())
    world("notary", "-p", NAME)
    stored = world.mails()[before].replace(b"\n", b"\r\n")
    header, rest = received(stored)
    assert rest == mail
    assert HOSTNAME.encode() in header
    assert world.audit().wrong == ""


@pytest.mark.parametrize(
    "mail",
    [
        "From: ä@example.org\r\nSubject: Größe\r\n\r\ngrün\r\n".encode(),
        b"From: a@example.org\r\n\r\n" + b"x" * 5000 + b"\r\n" + b"y" * 999 + b"\r\n",
        b"From: a@example.org\r\n\r\n..\r\n.a\r\nFrom b\r\n>From c\r\n \t \r\nend  \r\n\r\n\r\n",
        b"\r\nno header\r\n",
        b"From: a@example.org\r\nX: 1\r\nX: 2\r\nMessage-ID: <1>\r\nMessage-ID: <1>\r\n\r\nz\r\n",
        b"From: a@example.org\r\n\r\n\x01\x02\x7f\x80\xff\x1b[2J\r\n",
    ],
    ids=["8bit", "long lines", "dots", "no header", "doubled", "control"],
)
def test_no_byte_is_changed_on_the_way(running: Running, mail: bytes) -> None:
    with running.postfix.client() as client:
        client.sendmail(FROM, [ACME], mail, ["BODY=8BITMIME"])
    (stored,) = running.spooled()
    assert received(stored)[1] == mail


def test_two_recipients_get_two_replies_in_one_transaction(running: Running) -> None:
    with running.postfix.client() as client:
        client.sendmail(FROM, [ACME, BETA], b"From: a@example.org\r\n\r\nfor two\r\n")
    one, two = running.spooled(), running.spooled("beta")
    assert one == two and len(one) == 1  # one Received header: one mail, one transaction
    identity = re.search(rb"ESMTP id (\w+)", one[0])
    assert identity is not None
    until(lambda: not running.postfix.queue())
    sent = rf"{identity[1].decode()}: to=<(\w+)@.* dsn=2.0.0, status=sent"
    said = re.findall(rf"{sent} \(250 2.0.0 (\w+): stored as", running.postfix.log())
    assert sorted(said) == [("acme", "acme"), ("beta", "beta")]


def test_what_is_refused_with_4xx_waits_in_the_queue_and_comes_later(running: Running) -> None:
    folder = running.world.home.spool("beta")
    shutil.rmtree(folder, ignore_errors=True)
    folder.write_text("no folder")
    with running.postfix.client() as client:
        client.sendmail(FROM, [ACME, BETA], b"From: a@example.org\r\n\r\nlater\r\n")
    assert len(running.spooled()) == 1  # one recipient is not kept waiting for the other
    until(lambda: any(one["queue_name"] == "deferred" for one in running.postfix.queue()))
    (waiting,) = running.postfix.queue()
    (to,) = waiting["recipients"]
    assert to["address"] == BETA and "451 4.3.0" in to["delay_reason"]
    folder.unlink()
    running.postfix.flush()
    (late,) = running.spooled("beta")
    assert late.endswith(b"\r\n\r\nlater\r\n")
    until(lambda: not running.postfix.queue())
    assert spool.waiting(running.world.home.spool(NAME)) == []


@pytest.mark.parametrize(
    ("recipient", "answer"),
    [
        (ACME, (250, "2.1.5")),
        ("ACME@Pits.Invalid", (250, "2.1.5")),
        ("acme-request@pits.invalid", (250, "2.1.5")),
        ("acme-bounces+bob=x.org@pits.invalid", (250, "2.1.5")),
        ("postmaster@pits.invalid", (250, "2.1.5")),
        ("acme+x@pits.invalid", (550, "5.1.1")),
        ("acme-nosuch@pits.invalid", (550, "5.1.1")),
        ("nobody@pits.invalid", (550, "5.1.1")),
        ("root@[127.0.0.1]", (550, "5.1.1")),
        ("root", (504, "5.5.2")),
    ],
)
def test_who_is_not_there_is_refused_at_once(
    running: Running, recipient: str, answer: tuple[int, str]
) -> None:
    with running.postfix.client() as client:
        client.ehlo()
        client.mail(FROM)
        code, text = client.rcpt(recipient)
    assert (code, text.decode()[:5]) == answer


def test_the_lists_other_addresses_are_mailmans(running: Running) -> None:
    others = ["acme-request@pits.invalid", "acme-bounces+bob=x.org@pits.invalid"]
    with running.postfix.client() as client:
        for address in others:
            client.sendmail("", [address], b"From: b@example.org\r\n\r\nhelp\r\n")
    for address in others:
        assert len(running.mailman.wait(address)) == 1
    assert spool.waiting(running.world.home.spool(NAME)) == []


def test_a_bounce_to_the_posting_address_is_refused_but_not_the_question_for_it(
    running: Running,
) -> None:
    with running.postfix.client() as client:
        client.ehlo()
        client.mail("")
        assert client.rcpt(ACME)[0] == 250  # other servers ask so whether an address is there
        code, said = client.docmd("DATA")
        assert (code, b"takes no bounces" in said) == (554, True)
        client.rset()
        client.mail("")
        assert client.rcpt(ACME)[0] == client.rcpt(BETA)[0] == 250
        assert client.docmd("DATA")[0] == 550  # a bounce has one recipient


def test_a_mail_that_is_too_long_is_refused_before_it_is_taken(running: Running) -> None:
    with running.postfix.client() as client:
        client.ehlo()
        code, said = client.mail(FROM, [f"SIZE={5 << 20}"])
        assert (code, b"5.3.4" in said) == (552, True)
        client.rset()
        assert client.mail(FROM)[0] == client.rcpt(ACME)[0] == 250
        code, said = client.data(b"From: a@example.org\r\n\r\n" + b"x\r\n" * (2 << 20))
        assert (code, b"5.3.4" in said) == (552, True)


def test_only_crlf_dot_crlf_ends_a_mail(running: Running) -> None:
    inner = b"MAIL FROM:<e@b.example>\r\nRCPT TO:<acme@pits.invalid>\r\nDATA\r\nFrom: e\r\n\r\nevil"
    for end in (b"\n.\n", b"\r\n.\n", b"\n.\r\n"):
        with running.postfix.client() as client:
            client.ehlo()
            client.mail(FROM)
            client.rcpt(ACME)
            client.docmd("DATA")
            client.send(b"From: a@example.org\r\n\r\nx" + end + inner + b"\r\n.\r\n")
            assert client.getreply()[0] == 250
            assert client.noop()[0] == 250
        until(lambda: not running.postfix.queue())
        (stored,) = running.spooled()
        assert stored.endswith(b"\r\n\r\nevil\r\n") and b"MAIL FROM" in stored


def test_members_get_mail_by_the_host_that_takes_what_goes_out(running: Running) -> None:
    with running.postfix.client() as client:
        client.sendmail(
            ACME, ["bob@example.org", "eve@example.org"], b"From: x@y.example\r\n\r\nhi\r\n"
        )
    for who in ("bob@example.org", "eve@example.org"):
        (mail,) = running.sink.wait(who)
        assert mail.endswith(b"\r\n\r\nhi\r\n")
    with running.postfix.client() as client:
        client.sendmail(FROM, ["postmaster@pits.invalid"], b"From: x@y.example\r\n\r\nhelp\r\n")
    assert len(running.sink.wait("ops@example.org")) == 1


def test_strangers_cannot_send_through_it(founded: Path) -> None:
    with Postfix(founded, more=["mynetworks=127.0.0.9/32"]) as postfix, postfix.client() as client:
        client.ehlo()
        client.mail(FROM)
        for recipient in ("bob@example.org", "bob%example.org@pits.invalid", f"a@{HOSTNAME}"):
            assert client.rcpt(recipient)[0] in (550, 554), recipient
        assert client.rcpt('"bob@example.org"@pits.invalid')[0] in (550, 554)
        assert client.rcpt("@pits.invalid:bob@example.org")[0] in (550, 554)
        assert client.rcpt("acme-request@pits.invalid")[0] == 550  # no Mailman here
        assert client.rcpt(ACME)[0] == 250


def test_a_domain_may_have_users_of_the_host_beside_the_pit(founded: Path) -> None:
    with Sink(lmtp=True) as pit:
        settings = (
            *("mydestination=pits.invalid", "relay_domains=", "local_transport=local"),
            "alias_maps=inline:{{root=ops@example.org}}",
            "local_recipient_maps=$alias_maps texthash:$config_directory/transport",
        )
        args = ("--lmtp", f"{HOST}:{pit.port}", "--relay", f"{HOST}:{pit.port}")
        with Postfix(founded, *args, more=settings) as postfix, postfix.client() as client:
            client.ehlo()
            client.mail(FROM)
            assert client.rcpt("nobody@pits.invalid")[0] == 550
            assert client.rcpt("root@pits.invalid")[0] == client.rcpt(ACME)[0] == 250
            assert client.data(b"From: a@example.org\r\n\r\nx\r\n")[0] == 250
            assert len(pit.wait(ACME)) == 1


def test_a_bounce_never_becomes_an_entry_whatever_it_holds(world: World) -> None:
    (mail,) = orders(world, "buy 1 ACME @ 1.00")
    with Server(world.folder) as server, Client(server.port) as client:
        assert client.send(mail, [ACME], sender="")[0].startswith("250")
        assert world("notary", "-p", NAME, "-v").startswith("quarantined loop: ")
        assert client.send(mail, [ACME])[0].startswith("250")
        assert world("notary", "-p", NAME, "-v").startswith("stamped ")


# --- the pipe ---------------------------------------------------------------------------------


def a_python() -> str:
    """A Python that any user may run."""
    for found in (os.path.realpath(sys.executable), "/usr/bin/python3", "/usr/local/bin/python3"):
        done = subprocess.run(
            ["sh", "-c", f"exec {found} -c 'import sys; sys.exit(sys.version_info < (3, 11))'"],
            capture_output=True,
            check=False,
            user="nobody",
            extra_groups=[],
        )
        if done.returncode == 0:
            return found
    pytest.skip("no Python 3.11 here that any user may run")


@pytest.fixture
def program() -> Iterator[Path]:
    """`pit` where any user can run it, wherever the checkout lies."""
    folder = Path(tempfile.mkdtemp(prefix="pit-", dir="/tmp"))
    for room in ("archives", "pits", "moderator"):
        shutil.copytree(ROOT / room, folder / "pit" / room)
    info = distribution("tradingpit")
    (folder / "tradingpit-1.dist-info").mkdir()
    for name in ("METADATA", "entry_points.txt"):
        (folder / "tradingpit-1.dist-info" / name).write_text(info.read_text(name) or "")
    program = folder / "run"
    program.write_text(
        f'#!/bin/sh\nPYTHONPATH={folder} exec {a_python()} -m pit.pits.command "$@"\n'
    )
    subprocess.run(["chmod", "-R", "a+rX", str(folder)], check=True)
    program.chmod(0o755)
    yield program
    shutil.rmtree(folder)


@pytest.fixture
def aliased(world: World, program: Path) -> Iterator[tuple[World, Postfix]]:
    """A pit whose mail comes by `pit deliver`, as nobody: local(8) runs nothing as root."""
    home = world.folder
    subprocess.run(["chown", "-R", "nobody", str(home)], check=True)
    settings = (
        *("mydestination=pits.invalid", "relay_domains=", "transport_maps="),
        *("local_transport=local", "alias_maps=hash:$config_directory/aliases"),
    )
    with Sink() as sink:
        postfix = Postfix(home, "--relay", f"{HOST}:{sink.port}", more=settings)
        command = f"env PIT_HOME={home} {program} deliver -p"
        (postfix.etc / "aliases").write_text(
            f'acme: "|{command} acme"\nnosuch: "|{command} nosuch"\n'
            f'safe: "|env PIT_HOME={home} {program}.not.there deliver -p acme || exit 75"\n'
        )
        postfix.run("postalias", f"hash:{postfix.etc}/aliases")
        with postfix:
            yield world, postfix


def test_a_mail_through_an_alias_becomes_an_entry(aliased: tuple[World, Postfix]) -> None:
    world, postfix = aliased
    (mail,) = orders(world, "buy 1 ACME @ 1.00")
    with postfix.client() as client:
        client.sendmail(FROM, [ACME], mail)
    until(lambda: world.spool())
    (path,) = world.spool()
    stored = path.read_bytes()
    assert path.stat().st_uid != 0
    head = stored[: stored.index(b"Received: ")]
    names = re.findall(rb"(?m)^([\w-]+):", head)
    assert names == [b"Return-Path", b"X-Original-To", b"Delivered-To"]  # and no `From ` line
    assert stored.endswith(mail.replace(b"\r\n", b"\n"))
    before = len(world.entries())
    world("notary", "-p", NAME)
    assert world.mails()[before] == stored
    assert world.audit().wrong == ""


def test_an_alias_keeps_what_cannot_be_stored_and_sends_back_what_has_no_pit(
    aliased: tuple[World, Postfix],
) -> None:
    world, postfix = aliased
    mail = b"From: a@example.org\r\n\r\nx\r\n"
    place = world.home.pit("acme") / "settings"
    whole = place.read_bytes()
    place.write_text("damaged")
    with postfix.client() as client:
        client.sendmail("", ["nosuch@pits.invalid"], mail)
        client.sendmail(FROM, [ACME], mail)
        client.sendmail(FROM, ["safe@pits.invalid"], mail)
    until(lambda: len(re.findall("status=(deferred|bounced)", postfix.log())) >= 3)
    waiting = [one["recipients"][0] for one in postfix.queue()]
    assert sorted(one["address"] for one in waiting) == [ACME, "safe@pits.invalid"]
    assert re.search("to=<nosuch@.* dsn=5.1.1, status=bounced .*no such pit here", postfix.log())
    place.write_bytes(whole)
    postfix.flush()
    until(lambda: world.spool())


# --- in and out --------------------------------------------------------------------------------


def test_an_order_goes_in_and_comes_back_to_every_member(world: World, tmp_path: Path) -> None:
    home = world.folder
    place = f"{HOST}:{free_port()}"
    (mail,) = orders(world, "buy 1 ACME @ 1.00")
    number = len(world.entries()) + 1
    with Sink() as sink:
        out = Postfix(home, "--lmtp", place, "--relay", f"{HOST}:{sink.port}")
        (world.home.pit(NAME) / "mail").write_text(f"[mail]\nsmtp = {HOST}:{out.port}\n")
        with out as postfix, Server(home, "--listen", place, "--turn"):
            with postfix.client() as client:
                client.sendmail(FROM, [ACME], mail)
            wanted = re.compile(rf"\r\nPit-Post: {NAME} {number}(-\d+)?\r\n".encode()).search
            posts = []
            for who in ("alice@example.org", "bob@example.org"):
                assert sink.until(lambda who=who: any(map(wanted, sink.of(who))))
                posts += filter(wanted, sink.of(who))
            postfix.empty()
    for post in posts:
        (tmp_path / "post").write_bytes(post)
        original = world.run("original", str(tmp_path / "post"))
        assert received(original.replace(b"\n", b"\r\n"))[1] == mail
    assert world.audit().wrong == ""


# --- kills ------------------------------------------------------------------------------------


def send_all(postfix: Postfix, mails: list[bytes]) -> None:
    """Send each until it is taken, as a mail server does."""
    for mail in mails:
        while True:
            try:
                with postfix.client() as client:
                    client.sendmail(FROM, [ACME], mail)
                break
            except (OSError, smtplib.SMTPException):
                time.sleep(0.05)
        time.sleep(0.05)


def test_whatever_is_killed_each_mail_that_was_taken_is_one_entry(world: World) -> None:
    home = world.folder
    mails = orders(world, *(f"buy {number} ACME @ 1.00" for number in range(1, 17)))
    place = f"{HOST}:{free_port()}"
    chance = random.Random(7)
    with Server(home, "--listen", place) as server, Postfix(home, "--lmtp", place) as postfix:
        sender = threading.Thread(target=send_all, args=(postfix, mails))
        sender.start()
        kills = 0
        while sender.is_alive() or kills < 5:
            time.sleep(chance.random() / 2)
            if kills % 2:
                postfix.kill()
                world("notary", "-p", NAME)
                postfix.start()
            else:
                server.kill()
                postfix.flush()
                server.start()
            kills += 1
        sender.join()
        postfix.empty()
    world("notary", "-p", NAME)
    assert world.spool() == []
    stored = [mail.replace(b"\n", b"\r\n") for mail in world.mails()]
    assert [sum(one.endswith(mail) for one in stored) for mail in mails] == [1] * len(mails)
    assert world.audit().wrong == ""
    print(f"{kills} kills")


def test_a_turn_follows_each_mail_where_that_is_wanted(world: World) -> None:
    home = world.folder
    mails = orders(world, "buy 1 ACME @ 1.00", "buy 2 ACME @ 1.00")
    before = len(world.entries())
    with Server(home, "--turn") as server, Client(server.port) as client:
        for mail in mails:
            client.send(mail, [ACME])
            until(lambda: not world.spool())
        until(lambda: len(world.entries()) >= before + 2)
        assert server.end(signal.SIGTERM) == 0  # not before its turn is over
    world.settled()
