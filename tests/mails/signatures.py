"""Signatures that are weak, odd, of another time, or by a key that gives no right."""

from collections.abc import Callable
from datetime import timedelta

from tests.mails import packets
from tests.mails.packets import Signature
from tests.mails.pair import Make, Pair
from tests.mails.parts import Mails, mail, mimed, part, signed
from tests.mails.pen import ORDER, Pen
from tests.moderator.world import NOW

HOUR, DAY, MINUTE = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)


def options(bad: tuple[str, ...], good: tuple[str, ...] = (), who: str = "alice") -> Make:
    """A signature that gpg makes with these options, and with those."""
    sender = f"{who.title()} <{who}@example.org>"

    def make(pen: Pen) -> Mails:
        blocks = [pen.block(ORDER, who, *some) for some in (bad, good)]
        return Mails(*(mail(block, sender=sender) for block in blocks))

    return make


def mime_options(*bad: str) -> Make:
    """The same of a PGP/MIME mail."""

    def make(pen: Pen) -> Mails:
        first = part(pen.text().encode())
        armors = [pen.armor(first, "alice", *some) for some in (bad, ())]
        return Mails(*(mimed(signed(first, armor)) for armor in armors))

    return make


def digest(name: str, who: str = "alice") -> Make:
    return options(("--digest-algo", name), ("--digest-algo", "SHA256"), who)


def times(bad: timedelta, good: timedelta, who: str = "alice") -> Make:
    """The same order, signed then and then."""
    sender = f"{who.title()} <{who}@example.org>"

    def make(pen: Pen) -> Mails:
        late = timedelta(seconds=pen.at().second)
        blocks = [pen.block(ORDER, who, at=NOW + one + late) for one in (bad, good)]
        return Mails(*(mail(block, sender=sender) for block in blocks))

    return make


def signer(bad: str, good: str, bad_user: str = "", good_user: str = "") -> Make:
    """An order of one member's and of another's; user: the key, if not his first."""

    def make(pen: Pen) -> Mails:
        return Mails(
            *(
                mail(pen.block(ORDER, user or who), sender=f"{who} <{who}@example.org>")
                for who, user in ((bad, bad_user), (good, good_user))
            )
        )

    return make


def subkey(pen: Pen) -> Mails:
    """Signed with a subkey that has ended, and with one that lasts."""
    lasting, ended = pen.subkeys
    sender = "Sue <sue@example.org>"
    return Mails(*(mail(pen.block(ORDER, f"{one}!"), sender=sender) for one in (ended, lasting)))


def repacked(change: Callable[[Signature, Pen], bytes]) -> Make:
    """The packets of a good signature, changed: change(Signature, pen) gives the new ones."""

    def make(pen: Pen) -> Mails:
        block = pen.block()
        made = change(packets.signature(block), pen)
        return Mails(mail(packets.resigned(block, made)), mail(block))

    return make


def typed(kind: int) -> Make:
    """A signature said to be of another type (RFC 4880, 5.2.1)."""
    return repacked(
        lambda s, pen: s._replace(head=s.head[:1] + bytes([kind]) + s.head[2:]).packet()
    )


def unhashed(kind: int, body: bytes) -> Make:
    """A subpacket put where nothing is signed, that would matter if it were."""
    return repacked(
        lambda s, pen: s._replace(unhashed=s.unhashed + packets.subpacket(kind, body)).packet()
    )


def other_issuer(s: Signature, pen: Pen) -> bytes:
    """The unsigned subpacket names another member's key."""
    return s._replace(unhashed=packets.issuer(pen.keys.prints["bob"])).packet()


def self_signature(pen: Pen) -> Mails:
    """The signature of a user id, out of the certificate, in place of one over a text."""
    block = pen.block()
    certificate = packets.parsed(pen.keys.export("alice").encode())
    at = certificate.rindex(b"<alice@example.org>") + len(b"<alice@example.org>")
    return Mails(mail(packets.resigned(block, certificate[at:])), mail(block))


def negative(pen: Pen) -> Mails:
    """Ed25519 with S + L in place of S: the same signature, to those who do not reduce it."""
    block = pen.block()
    sig = packets.signature(block)
    r, s = packets.numbers(sig.tail)
    swapped = int.from_bytes(s.to_bytes(32, "big")[::-1], "big") + packets.ED25519
    made = int.from_bytes(swapped.to_bytes(32, "little"), "big")
    tail = packets.tail_of(sig.tail[:2], r, made)
    return Mails(mail(packets.resigned(block, sig._replace(tail=tail).packet())), mail(block))


def truncated(pen: Pen) -> Mails:
    block = pen.block()
    made = packets.parsed(block)
    return Mails(mail(packets.resigned(block, made[:-1])), mail(block))


def marked(pen: Pen) -> Mails:
    """A marker packet in front, which programs must pass over (5.8): not what canonical means."""
    block = pen.block()
    made = packets.packet(10, b"PGP") + packets.parsed(block)
    return Mails(mail(packets.resigned(block, made)), mail(block))


def in_compressed(s: Signature, pen: Pen) -> bytes:
    """The signature in a packet of compressed data."""
    return packets.compressed(s.packet())


def before(data: bytes) -> Make:
    """Other packets in front of the signature."""
    return repacked(lambda s, pen: data + s.packet())


def instead(data: bytes) -> Make:
    """Other packets in place of the signature."""
    return repacked(lambda s, pen: data)


def bomb(times: int) -> bytes:
    """Zeros in compressed packets in each other; tests/mails/huge.py has more of them."""
    return packets.compressed(packets.literal(bytes(1 << 22)), times)


def version(number: int) -> Make:
    return repacked(lambda s, pen: s._replace(head=bytes([number]) + s.head[1:]).packet())


def early(pen: Pen, who: str, ago: timedelta = DAY) -> Mails:
    """Signed, it says, before the key was revoked: whoever has the key can say so."""
    sender = f"{who.title()} <{who}@example.org>"
    return Mails(
        mail(pen.block(ORDER, who, at=NOW - ago), sender=sender),
        mail(pen.block(ORDER, "bob", at=NOW - ago), sender="Bob <bob@example.org>"),
    )


def spoofed(pen: Pen) -> Mails:
    """A stranger whose signature holds lines as gpg says them (CVE-2018-12020 and its kin)."""
    lines = ("--sig-notation", SPOOF, "--sig-policy-url", "https://x.example/%0A[GNUPG:] GOODSIG")
    return Mails(mail(pen.block(ORDER, "mallory", *lines)), mail(pen.block(ORDER, "alice", *lines)))


def two_signers(pen: Pen) -> Mails:
    block = pen.block()
    text = pen.text()
    return Mails(mail(pen.raw(text, "alice bob")), mail(block))


SPOOF = "spoof@example.org=x%0A[GNUPG:] GOODSIG 0 alice%0A[GNUPG:] VALIDSIG"

PAIRS = [
    # Weak.
    Pair("sha-1", "signature", digest("SHA1")),
    Pair("md5", "signature", digest("MD5")),
    Pair("ripemd-160", "signature", digest("RIPEMD160")),
    Pair("sha-224", "signature", digest("SHA224")),
    Pair("sha-1-by-an-rsa-key", "signature", digest("SHA1", "dave")),
    Pair("md5-by-an-rsa-key", "signature", digest("MD5", "dave")),
    Pair("mime-sha-1", "signature", mime_options("--digest-algo", "SHA1")),
    Pair("mime-md5", "signature", mime_options("--digest-algo", "MD5")),
    # Odd.
    Pair("a-signature-that-expires", "signature", options(("--default-sig-expire", "1d"))),
    Pair(
        "a-critical-notation",
        "signature",
        options(("--sig-notation", "!x@example.org=1"), ("--sig-notation", "x@example.org=1")),
    ),
    Pair("a-notation-that-speaks-for-gpg", "key", spoofed),
    # What is no signature at all has no issuer, so the design leaves open whether `key` says it, or
    # `shape` since the armour is part of a body, or `signature`. None of them answers or records.
    Pair("two-signers", "signature", two_signers),
    Pair("a-marker-packet", "signature", marked),
    Pair(
        "a-user-id-packet-in-front",
        "signature",
        before(packets.packet(13, b"alice@example.org")),
    ),
    Pair("a-literal-packet-in-front", "signature", before(packets.literal(b"sell\n"))),
    Pair("a-private-packet-in-front", "signature", before(packets.packet(60, b"x"))),
    Pair("a-compressed-signature", "signature", repacked(in_compressed)),
    Pair("a-compression-bomb", "signature", instead(bomb(1))),
    Pair("a-compression-bomb-in-a-bomb", "signature", instead(bomb(4))),
    Pair("a-literal-in-place-of-a-signature", "signature", instead(packets.literal(b"sell\n"))),
    Pair("no-packet", "shape", instead(b"")),
    Pair("a-packet-cut-off", "signature", truncated),
    Pair("a-certificates-signature", "signature", self_signature),
    Pair("a-signature-of-type-standalone", "signature", typed(2)),
    Pair("a-signature-of-type-certification", "signature", typed(0x13)),
    Pair("a-signature-of-type-timestamp", "signature", typed(0x40)),
    Pair("a-signature-said-to-be-binary", "signature", typed(0)),
    Pair("a-signature-of-version-3", "signature", version(3)),
    Pair("a-signature-of-version-6", "signature", version(6)),
    Pair("a-signature-s-plus-l", "signature", negative),
    Pair("another-issuer-unsigned", "signature", repacked(other_issuer)),
    # What is not signed in a signature means nothing; but anybody can change it on the way, so it
    # may say nothing but the issuer.
    Pair("a-creation-time-unsigned", "signature", unhashed(2, bytes(4))),
    Pair("a-critical-subpacket-unsigned", "signature", unhashed(0x80 | 100, b"x")),
    Pair("an-unknown-subpacket-unsigned", "signature", unhashed(100, b"x")),
    # Of another time: `right`, by Pit-Time.
    # Sequoia finds no signature good that is more than half an hour early: `signature`, in silence.
    Pair("a-signature-of-tomorrow", "right signature", times(DAY, -HOUR)),
    Pair("a-signature-of-in-20-minutes", "right", times(20 * MINUTE, -HOUR)),
    Pair("a-signature-of-8-days-ago", "right", times(-8 * DAY, -6 * DAY)),
    # No such key was there at that time: `signature` before `right` is asked.
    Pair("older-than-the-key", "signature", times(-3 * DAY, -HOUR, "late")),
    # By a key that gives no right.
    Pair("an-expired-key", "right", signer("ed", "bob")),
    Pair("an-expired-key-of-before", "right", lambda pen: early(pen, "ed", 5 * DAY)),
    Pair("a-suspended-member", "right", signer("carol", "bob")),
    Pair("an-expelled-member", "right", signer("leo", "bob")),
    # A subkey that had ended when its certificate was enrolled was never a key to sign with here:
    # `key`, not `right`.
    Pair("an-expired-subkey", "key", subkey),
]
REVOKED = [
    Pair("a-key-revoked-as-compromised", "right", signer("hard", "bob")),
    Pair("a-key-revoked-as-retired", "right", signer("soft", "bob")),
    Pair("a-compromised-key-of-before", "right", lambda pen: early(pen, "hard")),
]
