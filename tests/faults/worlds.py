"""Pits in the states in which the faults find them, made with real keys and real runs."""

import itertools
import time
from collections.abc import Callable

from tests.faults.live import ANSWERED, JUNK, REFUSED, TAKEN, Live, Sent
from tests.moderator.world import mail_of


def mails(live: Live, count: int) -> list[Sent]:
    """Orders that are taken, no two of them alike."""
    numbers = itertools.islice(live.numbers, count)
    return [order(live, number, ("alice", "bob")[number % 2]) for number in numbers]


def order(live: Live, number: int, who: str) -> Sent:
    return Sent(live.world.mail(f"buy {number} ACME @ 9.50\n", who), TAKEN)


def mixed(live: Live) -> list[Sent]:
    """Mails of every fate."""
    (first, second, third, fourth) = mails(live, 4)
    refused = Sent(live.world.mail("buy 100 ACME @ 12,50\n"), REFUSED)
    early = Sent(live.world.report(7), ANSWERED)
    stranger = mail_of(live.keys.sign("mallory", live.world.text("buy 1 ACME @ 1.00\n")), "mallory")
    bounce = b"Return-Path: <>\n" + fourth.mail
    junk = [Sent(one, JUNK) for one in (b"junk\n", stranger, bounce)]
    return [first, refused, junk[0], second, early, junk[1], third, junk[2]]


def found(live: Live, extra: str = "") -> None:
    """The pit founded, with members: alice, whose wallet is here, bob, and kim, who reports."""
    live.clear()
    (live.home.wallet("alice")).mkdir(parents=True)
    charter = live.world.founding(extra)
    live.send(Sent(charter, TAKEN))
    assert live.programs.run("notary").status == 0
    live.observe()
    admitted = "".join(live.world.admission(who) for who in ("alice", "bob"))
    admitted += live.world.admission("kim", "keeper specialist")
    live.send(Sent(live.world.mail(admitted, "operator"), TAKEN))
    live.healthy()


def founding(live: Live) -> None:
    """A first run: the charter, among others that come too early."""
    live.clear()
    live.send(Sent(b"junk\n", JUNK), Sent(live.world.founding(), TAKEN))


def batch(live: Live) -> None:
    """Mails of every fate in one batch, one of them twice, one that stands already."""
    found(live)
    old = live.sent[-1]
    several = mixed(live)
    live.send(*several, several[0], old)


def idle(live: Live) -> None:
    """Nothing waits, but a seal is due."""
    found(live, "rule idle-seal 1s\n")
    time.sleep(1.1)


def crowd(live: Live) -> None:
    """Fifteen mails and their receipts."""
    found(live)
    live.send(*mails(live, 15))


def rotation(live: Live) -> None:
    """A segment that the next seal closes."""
    found(live, "rule segment-entries 3\n")
    live.send(*mails(live, 2))
    live.healthy()
    live.send(*mixed(live))


def appending(live: Live) -> None:
    """Killed with half of the batch in the segment; `next` is whole."""
    batch(live)
    live.until(lambda call: call.name == "write" and ".mbox" in call.args)
    segment = max(live.archive.glob("*.mbox"))
    coming = (live.archive / "next").read_bytes().partition(b"\n")[2]
    with segment.open("ab") as file:
        file.write(coming[: len(coming) // 2])
    live.observe()


def marking(live: Live) -> None:
    """Killed with the whole batch in the segment, before the mark rises."""
    batch(live)
    live.until(lambda call: call.name.startswith("rename") and call.args.endswith('/mark"'))
    live.observe()


def telling(live: Live) -> None:
    """Killed between mark and distribution: nobody was told."""
    batch(live)
    live.until(lambda call: call.name.startswith("unlink") and call.args.endswith('/next"'))
    live.observe()


def removing(live: Live) -> None:
    """Killed when all were told, before the first mail is out of the spool."""
    batch(live)
    live.until(lambda call: call.name.startswith("unlink") and "/spool/" in call.args)
    live.observe()


def turning(live: Live) -> None:
    """Killed in the middle of a rotation, before the first entry of the new segment."""
    rotation(live)
    live.until(lambda call: call.name == "write" and ".mbox" in call.args)
    live.observe()


STATES: dict[str, Callable[[Live], None]] = {
    made.__name__: made
    for made in (
        founding,
        batch,
        idle,
        crowd,
        rotation,
        appending,
        marking,
        telling,
        removing,
        turning,
    )
}
