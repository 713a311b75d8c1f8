"""PGP/MIME (RFC 3156) that is not wholly signed, or not one text; its twin is, in every way."""

from tests.mails.coded import from_line
from tests.mails.enclosed import FRAME, HIDING, HTML, attached, html, text
from tests.mails.pair import Make, Pair
from tests.mails.parts import (
    FOOTER,
    SIGNED,
    Mails,
    changed,
    headed,
    mimed,
    multipart,
    part,
    signature_part,
    signed,
)
from tests.mails.pen import Pen

LURE = "buy 7000 ACME @ 99.00\n"
HTML_PART = html(HTML)


def put_in(kind: str, before: bytes = b"", after: bytes = b"") -> Make:
    """The signed multipart as one part of another; and alone."""

    def make(pen: Pen) -> Mails:
        inner = signed(*pen.signed())
        parts = [one for one in (before, inner, after) if one]
        return Mails(mimed(multipart(kind, *parts, boundary="=-outer")), mimed(inner))

    return make


def changing(old: bytes, new: bytes, encoding: str = "7bit") -> Make:
    """Bytes of a good mail changed on the way."""

    def make(pen: Pen) -> Mails:
        good = pen.mime(encoding=encoding)
        return Mails(changed(good, old, new), good)

    return make


def having(*more: bytes, before: bytes = b"", after: bytes = b"") -> Make:
    """More parts, or text around the parts."""

    def make(pen: Pen) -> Mails:
        one = pen.signed()
        return Mails(mimed(signed(*one, *more, before=before, after=after)), mimed(signed(*one)))

    return make


def firsts(bad: bytes, good: str = "7bit") -> Make:
    """Another first part, signed too: what is not one text says nothing, whoever signed it."""

    def make(pen: Pen) -> Mails:
        return Mails(mimed(signed(bad, pen.armor(bad))), pen.mime(encoding=good))

    return make


def signed_second(pen: Pen) -> Mails:
    """The signature in front of what it signs."""
    first, armor = pen.signed()
    bad = multipart(SIGNED, signature_part(armor), first, boundary="=-signed")
    return Mails(mimed(bad), mimed(signed(first, armor)))


def second_text(pen: Pen) -> Mails:
    """An unsigned text in front of the signed one."""
    first, armor = pen.signed()
    bad = multipart(SIGNED, text(LURE.encode()), first, signature_part(armor), boundary="=-signed")
    return Mails(mimed(bad), mimed(signed(first, armor)))


def wrapped_block(pen: Pen) -> Mails:
    """A clearsigned block signed once more as PGP/MIME: which of the two is the order?"""
    first = part(pen.block())
    return Mails(mimed(signed(first, pen.armor(first))), pen.mime())


def of_another(pen: Pen) -> Mails:
    """One part with another's signature."""
    first, armor = pen.signed()
    other = part(pen.text(LURE).encode())
    return Mails(mimed(signed(other, armor)), mimed(signed(first, armor)))


def strangers(who: str) -> Make:
    def make(pen: Pen) -> Mails:
        first, armor = pen.signed()
        return Mails(mimed(signed(first, pen.armor(first, who))), mimed(signed(first, armor)))

    return make


def encrypted(pen: Pen) -> Mails:
    """multipart/encrypted comes later, with dark orders; here its shape is refused."""
    version = part(b"Version: 1\n", "7bit", "application/pgp-encrypted")
    data = part(b"-----BEGIN PGP MESSAGE-----\n\nAAAA\n-----END PGP MESSAGE-----\n")
    kind = 'encrypted; protocol="application/pgp-encrypted"'
    return Mails(mimed(multipart(kind, version, data)), pen.mime())


def halves(pen: Pen) -> Mails:
    """Both shapes at once: clearsigned above, PGP/MIME below."""
    one = pen.signed()
    return Mails(mimed(signed(*one, before=pen.block(LURE))), mimed(signed(*one)))


def mangled(pen: Pen) -> Mails:
    """What mail programs do to a line that begins with From, if nobody encoded it."""
    good = from_line(pen)
    return Mails(changed(good, b"\nFrom here", b"\n>From here"), good)


def forwarded(pen: Pen) -> Mails:
    good = pen.mime()
    return Mails(mimed(b"Content-Type: message/rfc822\n\n" + good), good)


def two_signatures(pen: Pen) -> Mails:
    first, armor = pen.signed()
    other = signature_part(pen.armor(first, "bob"))
    return Mails(mimed(signed(first, armor, other)), mimed(signed(first, armor)))


def signed_message(pen: Pen) -> Mails:
    inner = b"Content-Type: message/rfc822\n\n" + headed() + pen.text(LURE).encode()
    return Mails(mimed(signed(inner, pen.armor(inner))), pen.mime())


def rewrapped(pen: Pen) -> Mails:
    """Base64 with other line breaks is the same text, but not what was signed."""
    good = pen.mime(encoding="base64")
    start = good.index(b"\n\n", good.index(b"base64")) + 2
    return Mails(good[: start + 40] + b"\n" + good[start + 40 :], good)


def after(pen: Pen, more: bytes) -> Mails:
    good = pen.mime()
    return Mails(good + more, good)


PAIRS = [
    # The signed part is not the mail.
    Pair("mime-text-in-front", "shape", put_in("mixed", text(b"Sell everything.\n"))),
    Pair("mime-a-footer-behind", "shape", put_in("mixed", b"", text(FOOTER))),
    Pair("mime-alone-in-a-multipart", "shape", put_in("mixed")),
    Pair("mime-html-in-front", "shape", put_in("alternative", HTML_PART)),
    Pair("mime-html-that-hides", "shape", put_in("mixed", html(HIDING))),
    Pair("mime-html-that-frames-by-cid", "shape", put_in("related", html(FRAME))),
    Pair("mime-an-attachment-beside", "shape", put_in("mixed", b"", attached("o.txt", b"sell\n"))),
    Pair("mime-forwarded", "shape", forwarded),
    Pair("mime-a-third-part", "shape", having(text(LURE.encode()))),
    Pair("mime-a-third-part-of-html", "shape", having(HTML_PART)),
    Pair("mime-two-signatures", "shape", two_signatures),
    Pair("mime-text-before-the-parts", "shape", having(before=LURE.encode() + b"\n")),
    Pair("mime-text-behind-the-parts", "shape", having(after=LURE.encode())),
    Pair("mime-a-list-footer-behind-the-parts", "shape", having(after=FOOTER)),
    Pair("mime-signature-first", "shape", signed_second),
    Pair("mime-an-unsigned-text-first", "shape", second_text),
    Pair("mime-both-shapes-at-once", "shape", halves),
    Pair("mime-a-block-inside", "shape", wrapped_block),
    # Signed as a whole, but no text.
    Pair("mime-signed-html", "shape", firsts(html(HTML))),
    Pair(
        "mime-signed-alternatives",
        "shape",
        firsts(multipart("alternative", text(b"x\n"), HTML_PART)),
    ),
    Pair(
        "mime-signed-attachment",
        "shape",
        firsts(multipart("mixed", text(b"x\n"), attached("a", b"b"))),
    ),
    Pair(
        "mime-signed-attachment-called-dot-dot-slash",
        "shape",
        firsts(multipart("mixed", text(b"x\n"), attached("../../tmp/escaped", b"b"))),
    ),
    Pair("mime-signed-message", "shape", signed_message),
    Pair("mime-signed-nothing", "shape", firsts(b"\n")),
    Pair("mime-encrypted", "shape", encrypted),
    # What was signed is changed.
    Pair("mime-a-word-changed", "signature", changing(b"buy 7 ", b"buy 8 ")),
    Pair("mime-a-line-added", "signature", changing(b"buy 7 ", b"# x\nbuy 7 ")),
    Pair("mime-an-empty-line-added", "signature", changing(b"12.50\n", b"12.50\n\n")),
    Pair("mime-a-parts-header-changed", "signature", changing(b"charset=utf-8", b"charset=UTF-8")),
    Pair(
        "mime-a-parts-charset-changed",
        "shape",
        changing(b"charset=utf-8", b"charset=latin1"),
    ),
    Pair(
        "mime-a-parts-encoding-changed",
        "signature",
        changing(b"Encoding: 7bit", b"Encoding: quoted-printable"),
    ),
    Pair("mime-a-from-line-mangled", "signature", mangled),
    Pair("mime-base64-wrapped-anew", "signature", rewrapped),
    Pair("mime-one-part-with-anothers-signature", "signature", of_another),
    Pair("mime-anothers-key", "key", strangers("bob")),
    Pair("mime-a-strangers-key", "key", strangers("mallory")),
    Pair("mime-a-strangers-key-that-bears-a-members-name", "key", strangers("impostor")),
    # As text, a clearsigned mail's rules for bytes hold too.
    Pair("mime-a-trailing-nul", "shape", lambda pen: after(pen, b"\0")),
    Pair("mime-bare-cr", "shape", changing(b"12.50\n", b"12.50\r\n")),
]
