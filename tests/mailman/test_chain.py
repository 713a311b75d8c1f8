"""The whole chain: SMTP in, Postfix, LMTP, the notary, Mailman, SMTP out to each subscriber."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

import pytest

from pit.archives.entry import NOTARY, read_entry
from pit.moderator.original import originals
from pit.pits import spool
from pit.pits.signing import compose
from tests.archives.pgp_mime import mutt, thunderbird
from tests.conftest import bash, end_agent
from tests.e2e.world import NAME, World, founded
from tests.mailman.core import HOST, PASSWORD, USER, Core
from tests.mailman.readers import Readers, eventually
from tests.mta.postfix import Postfix, needs_postfix
from tests.mta.servers import Server
from tests.mta.sink import Sink

pytestmark = needs_postfix
ADDRESS = "acme@pits.invalid"


class Chain:
    """A pit with everything around it; readers: what comes to its subscribers."""

    def __init__(self, world: World, sink: Sink, core: Core, postfix: Postfix) -> None:
        self.world, self.sink, self.core, self.postfix = world, sink, core, postfix
        self.readers = Readers(world.home, ADDRESS, sink, core)

    def send(self, who: str, mail: bytes) -> None:
        """By SMTP, as a mail program does."""
        with self.postfix.client() as client:
            client.sendmail(f"{who}@example.org", [ADDRESS], mail.replace(b"\n", b"\r\n"))

    def spooled(self, count: int) -> list[bytes]:
        """Wait until so many mails have come to the notary."""
        folder = self.world.home.spool(NAME)
        eventually(lambda: len(spool.waiting(folder)) >= count)
        return [spool.take(path) for path in spool.waiting(folder)]


@pytest.fixture(scope="module")
def market() -> Iterator[World]:
    """A pit with a market, no list yet."""
    world = founded()
    yield world
    world.remove()


@pytest.fixture
def chain(market: World) -> Iterator[Chain]:
    """A copy of it, with a list, a mail server in front and behind, and subscribers."""
    world = market.copy()
    folder = Path(tempfile.mkdtemp(prefix="mm-", dir="/tmp"))
    core = Core(folder, 0)
    try:
        with Sink() as sink, Server(world.folder) as lmtp:
            args = ["--lmtp", lmtp.place, "--mailman", f"{HOST}:{core.lmtp_port}"]
            with Postfix(world.folder, *args, "--relay", f"{HOST}:{sink.port}") as postfix:
                core.smtp_port = postfix.port
                (world.home.pit(NAME) / "mail").write_text(
                    f"[mail]\nsmtp = {HOST}:{postfix.port}\n[mailman]\nurl = {core.url}\n"
                    f"user = {USER}\npassword = {PASSWORD}\nvar = {core.var}\n"
                )
                with core:
                    world("list", "create", "-p", NAME)
                    world("distribute", "-p", NAME)
                    yield Chain(world, sink, core, postfix)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        world.remove()


def signing(world: World, who: str) -> Callable[[bytes], bytes]:
    """What makes somebody's detached signature, as mail programs have gpg make it."""
    keys = world.home.wallet(who) / "gnupg"
    gpg = ("gpg", "--homedir", str(keys), "--batch", "--digest-algo", "SHA512")

    def sign(octets: bytes) -> bytes:
        done = subprocess.run(
            [*gpg, "--armor", "--detach-sign"], input=octets, capture_output=True, check=True
        )
        end_agent(keys)
        return done.stdout

    return sign


def letter(who: str, subject: str) -> tuple[str, ...]:
    """The headers of somebody's mail to the pit."""
    date = format_datetime(datetime.now(UTC))
    sender = f"From: {who.title()} <{who}@example.org>"
    return (sender, f"To: {ADDRESS}", f"Subject: {subject}", f"Date: {date}")


def test_orders_come_back_to_every_subscriber_in_order_and_verify(
    chain: Chain, market: World, tmp_path: Path
) -> None:
    world = chain.world
    texts = {
        "sell": "sell 5 ACME @ 10.00\n  ref: from-mutt\n",
        "buy": "buy 5 ACME @ 10.00\n  ref: from-thunderbird\n",
    }
    whole = {name: compose(NAME, text, id=world.id).encode() for name, text in texts.items()}
    flowed = stuffed(whole["buy"])
    mails = [
        ("bob", mutt(whole["sell"], signing(world, "bob"), head=letter("bob", "to sell"))),
        ("alice", thunderbird(flowed, signing(world, "alice"), head=letter("alice", "to buy"))),
        ("carol", world.mail("carol", 'say "clearsigned"')),
    ]
    shutil.move(world.home.wallet("alice"), tmp_path / "alice")  # she reads mail, and nothing else
    for count, (who, mail) in enumerate(mails, 1):
        chain.send(who, mail)
        as_they_came = chain.spooled(count)
    world.turn()

    chain.readers.complete("alice", "bob", "carol", "sam", "kate")
    mine = [one for post in chain.readers.posts("alice") for one in originals(post)]
    came = [one.number for one in mine]
    entry = {
        "sell": number(world, "ref: from-mutt"),
        "buy": number(world, "ref: from-thunderbird"),
        "say": number(world, "^say "),
        "fill": number(world, "^fill "),
    }
    assert came.index(entry["sell"]) < came.index(entry["buy"]) < came.index(entry["fill"])

    receipt = f"\r\nPit-Reply: receipt acme {entry['buy']}\r\n".encode()
    assert chain.sink.until(lambda: any(receipt in m for m in chain.sink.of("alice@example.org")))
    (told,) = [one for one in chain.sink.received if receipt in one.mail]
    assert (told.sender, told.recipients) == ("", ("alice@example.org",))

    for name, script in VERIFY.items():
        original = next(one for one in mine if one.number == entry[name])
        assert original.mail.replace(b"\n", b"\r\n") in as_they_came  # line ends apart
        (tmp_path / "original.eml").write_bytes(original.mail)
        keys = world.home.wallet(original.signer) / "gnupg"
        if original.signer == "alice":
            keys = tmp_path / "alice" / "gnupg"
        assert "Good signature" in bash(script, tmp_path, GNUPGHOME=str(keys))

    # The same mails by way of the spool make the same archive.
    twin = market.copy()
    try:
        for mail in as_they_came:
            spool.put(twin.home.spool(NAME), mail)
        twin.turn()
        assert sayings(twin) == sayings(world)
        assert members_mails(twin) == members_mails(world)
    finally:
        twin.remove()
    assert world.audit().wrong == ""
    assert chain.core.queued("shunt", "bad") == []


def stuffed(text: bytes) -> bytes:
    """A text as it stands in format=flowed (RFC 3676, 4.4)."""
    return re.sub(rb"(?m)^(?=[ >]|From )", b" ", text)


def number(world: World, pattern: str) -> int:
    """The entry of the first directive that matches."""
    refs = (line.ref for line in world.lines() if re.search(pattern, line.said))
    return int(next(refs).partition(".")[0])


PAGE = Path(__file__).parents[2] / "docs/how-to/mailman.md"
PGP_MIME = PAGE.read_text().split("```bash\n")[1].split("```")[0]
"""As RFC 3156 has it: the first part with CRLF line ends, but for the one before its boundary."""

VERIFY = {"sell": PGP_MIME, "buy": PGP_MIME, "say": "gpg --verify original.eml"}


def sayings(world: World) -> list[tuple[str, str]]:
    """What everybody but the notary has said."""
    return [(line.signer, line.said) for line in world.lines() if line.signer != NOTARY]


def members_mails(world: World) -> list[bytes]:
    """The mails of those whose keys are not used here."""
    return [read_entry(e.raw)[1] for e in world.entries() if e.signer in ("alice", "bob", "carol")]


def test_killed_at_any_place_each_mail_is_one_entry_and_reaches_everybody(chain: Chain) -> None:
    world = chain.world
    mails = [world.mail("alice", f"buy 1 ACME @ 1.{number:02}") for number in range(5)]
    chain.send("alice", mails[0])
    chain.postfix.kill()
    chain.postfix.start()
    chain.postfix.empty()
    chain.send("alice", mails[1])
    chain.spooled(2)
    for number, seconds in enumerate((0.4, 0.8, 1.4), 2):
        chain.send("alice", mails[number])
        if number % 2:
            chain.core.kill("pipeline", "out")
        turn = subprocess.Popen(
            ["pit", "turn", "-p", NAME],
            env=world.environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        time.sleep(seconds)
        if turn.poll() is None:
            os.killpg(turn.pid, signal.SIGKILL)
        turn.wait()
    chain.core.kill()
    chain.postfix.empty()
    world.turn()
    chain.core.start()
    world.turn()
    assert len(world.said("^buy 1 ACME @ 1.0")) == len(mails)
    chain.readers.complete("alice", "bob", "kate")
    chain.postfix.empty()
    assert world.audit().wrong == ""
