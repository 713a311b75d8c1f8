"""PGP/MIME whose outline is not plain: its parameters, its boundaries, the signature's part."""

import re

from tests.mails.enclosed import attached
from tests.mails.pair import Make, Pair
from tests.mails.parts import (
    NAMED,
    Mails,
    changed,
    last,
    mimed,
    multipart,
    part,
    signed,
)
from tests.mails.pen import ORDER, Pen


def kinds(kind: str) -> Make:
    """Other parameters of multipart/signed."""

    def make(pen: Pen) -> Mails:
        one = pen.signed()
        return Mails(mimed(signed(*one, kind=kind)), mimed(signed(*one)))

    return make


def boundaries(bad: str, good: str = "=-signed") -> Make:
    """Another boundary."""

    def make(pen: Pen) -> Mails:
        one = pen.signed()
        return Mails(mimed(signed(*one, boundary=bad)), mimed(signed(*one, boundary=good)))

    return make


def parameter(bad: str) -> Make:
    """Something else in place of the boundary parameter."""

    def make(pen: Pen) -> Mails:
        good = pen.mime()
        return Mails(changed(good, b'boundary="=-signed"', bad.encode()), good)

    return make


def detached_below(pen: Pen) -> Mails:
    """A signed part and its signature, with nothing that says so."""
    first, armor = pen.signed()
    bad = multipart("mixed", first, attached("signature.asc", armor, "application/pgp-signature"))
    return Mails(mimed(bad), mimed(signed(first, armor)))


def armour(old: bytes, new: bytes) -> Make:
    def make(pen: Pen) -> Mails:
        good = pen.mime()
        return Mails(last(good, old, new), good)

    return make


def prefixed(pen: Pen) -> Mails:
    """A boundary that another line only begins with: some programs end the part there."""
    first = part(pen.text(f"{ORDER}# x\n").encode())
    bad = changed(first, b"# x\n", b"--=-signedx\n")
    return Mails(mimed(signed(bad, pen.armor(bad))), mimed(signed(first, pen.armor(first))))


def early_end(pen: Pen) -> Mails:
    """The signed part holds a closing boundary of the mail."""
    first = part(pen.text(f"{ORDER}# x\n").encode())
    bad = changed(first, b"# x\n", b"--=-signed--\n")
    return Mails(mimed(signed(bad, pen.armor(bad))), mimed(signed(first, pen.armor(first))))


def without_mime_version(pen: Pen) -> Mails:
    good = pen.mime()
    return Mails(changed(good, b"Content-Type: multipart", b"X-Content-Type: multipart"), good)


def smime(pen: Pen) -> Mails:
    good = pen.mime()
    bad = good.replace(b"application/pgp-signature", b"application/pkcs7-signature")
    return Mails(bad, good)


def no_close(pen: Pen) -> Mails:
    good = pen.mime()
    return Mails(last(good, b"--=-signed--\n", b""), good)


def cut(pen: Pen) -> Mails:
    good = pen.mime()
    return Mails(good[: good.index(b"-----BEGIN PGP SIGNATURE")], good)


def doubled(pen: Pen) -> Mails:
    good = pen.mime()
    bad = changed(good, b"MIME-Version", b"Content-Type: text/plain\nMIME-Version")
    return Mails(bad, good)


def retyped(pen: Pen) -> Mails:
    good = pen.mime()
    return Mails(
        last(good, b"Content-Type: application/pgp-signature", b"Content-Type: text/plain"), good
    )


def armour_twice(pen: Pen) -> Mails:
    first, armor = pen.signed()
    return Mails(mimed(signed(first, armor + pen.armor(first, "bob"))), mimed(signed(first, armor)))


def miscounted(pen: Pen) -> Mails:
    good = pen.mime()
    return Mails(re.sub(rb"\n=....\n-----END", rb"\n=AAAA\n-----END", good), good)


PAIRS = [
    # What multipart/signed says of itself.
    Pair("mime-of-another-protocol", "shape", smime),
    Pair("mime-without-protocol", "shape", kinds("signed; micalg=pgp-sha512")),
    Pair(
        "mime-with-a-protocol-called-dot-dot",
        "shape",
        kinds('signed; micalg=pgp-sha512; protocol="../application/pgp-signature"'),
    ),
    Pair("mime-mixed-with-a-signature", "shape", detached_below),
    Pair("mime-without-content-type", "shape", without_mime_version),
    Pair("mime-without-boundary", "shape", parameter("x=y")),
    Pair("mime-an-empty-boundary", "shape", parameter('boundary=""')),
    Pair("mime-two-boundaries", "shape", parameter('boundary="=-signed"; boundary="=-other"')),
    Pair("mime-a-boundary-in-pieces", "shape", parameter('boundary*0="=-sig"; boundary*1="ned"')),
    Pair("mime-an-encoded-boundary", "shape", parameter("boundary*=us-ascii''%3D-signed")),
    Pair("mime-a-boundary-of-71", "shape", boundaries("b" * 71, "b" * 70)),
    Pair("mime-a-boundary-with-a-blank-behind", "shape", boundaries("=-signed ")),
    Pair("mime-a-boundary-within-a-line", "shape", parameter('boundary="=-sig\\ned"')),
    Pair("mime-no-closing-boundary", "shape", no_close),
    Pair("mime-cut-off", "shape", cut),
    Pair("mime-a-closing-boundary-inside", "shape", early_end),
    # Some programs end the part at a line that only begins like the boundary.
    Pair("mime-a-line-that-begins-like-the-boundary", "shape", prefixed),
    Pair("mime-two-content-types", "shape", doubled),
    # The signature part.
    Pair("mime-a-signature-of-another-type", "shape", retyped),
    Pair(
        "mime-text-before-the-armour",
        "shape",
        armour(NAMED.encode(), NAMED.encode() + b"buy 9\n\n"),
    ),
    Pair("mime-text-behind-the-armour", "shape", armour(b"E-----\n", b"E-----\nbuy 9\n")),
    Pair("mime-armour-twice", "shape", armour_twice),
    Pair(
        "mime-an-encoded-signature",
        "shape",
        armour(b"\n\n-----B", b"\nContent-Transfer-Encoding: base64\n\n-----B"),
    ),
    Pair("mime-a-bad-checksum", "signature", miscounted),
]
