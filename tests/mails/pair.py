"""One row of the corpus: a hostile mail, the code that it must meet, and its good twin."""

from collections.abc import Callable
from typing import NamedTuple

from tests.mails.parts import Mails, changed, mail
from tests.mails.pen import ORDER, Pen

RECORDED = ("right", "words", "after")
"""Codes of refusals that the archive records and that the sender is told."""

Make = Callable[[Pen], Mails]


class Pair(NamedTuple):
    """What a hostile mail is called, its code, and how it and its twin are made.

    code: `-` if it must pass (its twin bears the same signature, and is the same instruction);
    several if the design leaves open which: the row says why.
    """

    name: str
    code: str
    make: Make


def bodied(change: Callable[[bytes], bytes]) -> Make:
    """One block of alice's as it is, and changed on the way."""

    def make(pen: Pen) -> Mails:
        block = pen.block()
        return Mails(mail(change(block)), mail(block))

    return make


def altered(old: bytes, new: bytes, count: int = 1) -> Make:
    """Some bytes of a block changed on the way."""
    return bodied(lambda block: changed(block, old, new, count))


def whole(change: Callable[[bytes], bytes]) -> Make:
    """A mail as it is, and changed on the way, headers and all."""

    def make(pen: Pen) -> Mails:
        good = mail(pen.block())
        return Mails(change(good), good)

    return make


def fields(bad: str, good: str = "Subject: order") -> Make:
    """The same block under one header and under the other."""

    def make(pen: Pen) -> Mails:
        block = pen.block()
        return Mails(mail(block, bad), mail(block, good))

    return make


def senders(bad: str, good: str = "Alice <alice@example.org>") -> Make:
    """The same block, alice's, under two values of From."""

    def make(pen: Pen) -> Mails:
        block = pen.block()
        return Mails(mail(block, sender=bad), mail(block, sender=good))

    return make


def worded(bad: str, good: str = ORDER, who: str = "alice") -> Make:
    """Two texts, each signed."""

    def make(pen: Pen) -> Mails:
        sender = f"{who.title()} <{who}@example.org>"
        return Mails(*(mail(pen.block(one, who), sender=sender) for one in (bad, good)))

    return make


def blocks(bad: Callable[[Pen], bytes], good: Callable[[Pen], bytes] = Pen.block) -> Make:
    """Two blocks, each made by its function, in mails of alice's."""
    return lambda pen: Mails(mail(bad(pen)), mail(good(pen)))
