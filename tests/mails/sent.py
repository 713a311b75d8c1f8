"""The corpus sent to a real notary, and what became of each mail."""

from typing import NamedTuple

from pit.archives.mbox import Entry
from pit.pits import spool
from tests.mails.pair import RECORDED, Pair
from tests.mails.parts import Mails, mail
from tests.mails.pen import ORDER, REASONS, Pen
from tests.moderator.world import MEMBERS, NAME, World, indented, outcome

ENROLLED = (*MEMBERS, "hard", "soft", "late", "dave", "nina", "sue", "leo", "ed", "operator")


class Sent(NamedTuple):
    """A mail and its outcome: `stamped N`, `duplicate N` if it stands as entry N, or CODE."""

    name: str
    mail: bytes
    outcome: str
    says: str

    @property
    def code(self) -> str:
        return self.outcome.partition(" ")[0]

    @property
    def entry(self) -> int:
        return int(self.outcome.partition(" ")[2] or 0)

    @property
    def silent(self) -> bool:
        """Whether it went to quarantine, where nobody is answered."""
        return self.code not in ("stamped", "duplicate", *RECORDED)


class Fate(NamedTuple):
    """What became of a pair's two mails."""

    pair: Pair
    hostile: Sent
    good: Sent


def send(world: World, mails: dict[str, bytes]) -> list[Sent]:
    """Put mails into the spool and have them decided, in that order."""
    folder = world.home.spool(NAME)
    spool.put_all([(folder, one) for one in mails.values()])
    decisions = world.run().decisions
    assert len(decisions) == len(mails)
    return [
        Sent(name, one, outcome(decision), str(decision.verdict.finding))
        for (name, one), decision in zip(mails.items(), decisions, strict=True)
    ]


def fates(world: World, pen: Pen, pairs: list[Pair]) -> list[Fate]:
    """All hostile mails first, then all of their twins."""
    made: list[tuple[Pair, Mails]] = [(pair, pair.make(pen)) for pair in pairs]
    hostile = send(world, {pair.name: mails.hostile for pair, mails in made})
    good = send(world, {pair.name: mails.good for pair, mails in made})
    return [Fate(pair, *two) for pair, *two in zip(pairs, hostile, good, strict=True)]


def peopled(world: World, pen: Pen) -> None:
    """Found the pit and admit everybody; carol is suspended, leo expelled."""
    world.run(world.founding())
    pen.id = world.settings.id
    text = "".join(
        f"admit {who} {pen.keys.prints[who]}\n  mail: {who}@example.org\n  roles: trader\n"
        f"  key:\n{indented(pen.export(who))}"
        for who in ENROLLED
        if who != "operator"
    )
    sender = "Operator <operator@example.org>"
    first = mail(pen.block(text, "operator"), sender=sender)
    second = mail(pen.block("suspend carol\nexpel leo\n", "operator"), sender=sender)
    order = mail(pen.block(ORDER, "leo"), sender="Leo <leo@example.org>")
    assert [sent.code for sent in send(world, {"1": first, "2": order, "3": second})] == [
        "stamped"
    ] * 3
    pen.seal = world.last_seal()
    world.replies()


def revoked(world: World, pen: Pen) -> list[Sent]:
    """Orders of those whose keys become revoked, then the revocations, posted by alice."""
    mails = {
        who: mail(pen.block(ORDER, who), sender=f"{who.title()} <{who}@example.org>")
        for who in REASONS
    }
    for who in REASONS:
        text = f"revoke-key {who}\n  certificate:\n{indented(pen.revocation(who))}"
        mails[f"revoke {who}"] = mail(pen.block(text))
    return send(world, mails)


def entries(world: World) -> dict[int, Entry]:
    """The archive as its readers have it."""
    return {entry.number: entry for entry in world.entries()}
