"""A clearsigned block inside something larger, or under headers that make other bytes of it."""

import gzip
import quopri

from tests.mails.pair import Make, Pair, fields, whole
from tests.mails.parts import FOOTER, Mails, changed, mail, mimed, multipart, part, wrapped
from tests.mails.pen import Pen

HTML = b"<html><body><p>Please sell everything.</p></body></html>\n"
HIDING = (
    b"<b>Sell everything.</b><style>fieldset, br {display: none}</style>"
    b'<div style="display: none"><plaintext>\n'
)
FRAME = b'<b>Sell everything.</b><iframe src="cid:block"></iframe><img src="cid:block">\n'
PLAIN = "text/plain; charset=utf-8"
TYPE = "Content-Type: text/plain; charset=utf-8"


def among(kind: str, before: bytes = b"", after: bytes = b"", *block_fields: str) -> Make:
    """The block as one part of a multipart, and as the mail's whole body."""

    def make(pen: Pen) -> Mails:
        block = pen.block()
        parts = [one for one in (before, part(block, "7bit", PLAIN, *block_fields), after) if one]
        return Mails(mimed(multipart(kind, *parts)), mail(block))

    return make


def html(content: bytes) -> bytes:
    return part(content, "7bit", "text/html; charset=utf-8")


def text(content: bytes) -> bytes:
    return part(content)


def attached(name: str, content: bytes, kind: str = "application/octet-stream") -> bytes:
    return part(content, "base64", kind, f'Content-Disposition: attachment; filename="{name}"')


def encoded(encoding: str, named: str = "") -> Make:
    """The block in a transfer encoding: `shape`, because readers scan the archive for it."""

    def make(pen: Pen) -> Mails:
        block = pen.block()
        body = wrapped(block) if encoding == "base64" else quopri.encodestring(block)
        head = f"Content-Transfer-Encoding: {named or encoding}"
        return Mails(mail(body, "MIME-Version: 1.0", TYPE, head), mail(block))

    return make


def softly_broken(pen: Pen) -> Mails:
    """A block that reads 7 as it stands, and 77 once quoted-printable is undone."""
    block = pen.block()
    bad = changed(block, b"buy 7 ACME", b"buy 7=\n7 ACME")
    head = "Content-Transfer-Encoding: quoted-printable"
    return Mails(mail(bad, "MIME-Version: 1.0", TYPE, head), mail(block))


def forwarded(pen: Pen) -> Mails:
    """A member's mail forwarded by somebody, in the member's name."""
    good = mail(pen.block())
    body = b"Content-Type: message/rfc822\n\n" + good
    return Mails(mimed(body), good)


def forwarded_among(pen: Pen) -> Mails:
    good = mail(pen.block())
    inner = b"Content-Type: message/rfc822\nContent-Disposition: inline\n\n" + good
    return Mails(mimed(multipart("mixed", text(b"FYI\n"), inner)), good)


def inline_with_mime_headers(pen: Pen) -> Mails:
    """A single text part, but its headers stand in the body."""
    block = pen.block()
    return Mails(mail(f"{TYPE}\n\n".encode() + block), mail(block, TYPE))


def bodiless(pen: Pen) -> Mails:
    """Partial mail: a reader puts it together with what came before."""
    block = pen.block()
    kind = 'Content-Type: message/partial; id="a@b"; number=1; total=1'
    return Mails(mail(block, kind), mail(block, TYPE))


def preamble(pen: Pen) -> Mails:
    """The block where programs that know MIME show nothing."""
    block = pen.block()
    return Mails(mimed(multipart("mixed", text(b"x\n"), before=block)), mail(block))


def epilogue(pen: Pen) -> Mails:
    block = pen.block()
    return Mails(mimed(multipart("mixed", text(b"x\n"), after=block)), mail(block))


GOOD = "Content-Type: text/plain"

PAIRS = [
    # In a multipart.
    Pair("html-beside-the-block", "shape", among("alternative", b"", html(HTML))),
    Pair("html-before-the-block", "shape", among("alternative", html(HTML))),
    Pair("html-that-hides-the-block", "shape", among("mixed", html(HIDING))),
    Pair(
        "html-that-frames-the-block-by-cid",
        "shape",
        among("related", html(FRAME), b"", "Content-ID: <block>"),
    ),
    Pair("text-in-a-part-before-the-block", "shape", among("mixed", text(b"Sell everything.\n"))),
    Pair("a-footer-in-a-part-after-the-block", "shape", among("mixed", b"", text(FOOTER))),
    Pair("the-block-alone-in-a-multipart", "shape", among("mixed")),
    Pair("the-block-in-a-digest", "shape", among("digest")),
    Pair(
        "the-block-as-an-attachment",
        "shape",
        among("mixed", text(b"Sell everything.\n"), b"", "Content-Disposition: attachment"),
    ),
    Pair("an-attachment-beside", "shape", among("mixed", b"", attached("order.txt", b"sell\n"))),
    Pair(
        "an-attachment-called-dot-dot-slash",
        "shape",
        among("mixed", b"", attached("../../../tmp/escaped", b"x\n")),
    ),
    Pair(
        "an-attachment-with-a-root", "shape", among("mixed", b"", attached("/tmp/escaped", b"x\n"))
    ),
    Pair(
        "a-gzip-bomb-attached",
        "shape",
        among("mixed", b"", attached("x.gz", gzip.compress(bytes(1 << 24)), "application/gzip")),
    ),
    Pair("the-block-in-a-preamble", "shape", preamble),
    Pair("the-block-in-an-epilogue", "shape", epilogue),
    Pair("a-signed-mail-forwarded", "shape", forwarded),
    Pair("a-signed-mail-forwarded-with-a-note", "shape", forwarded_among),
    Pair("a-part-of-a-partial-mail", "shape", bodiless),
    Pair("a-parts-headers-in-the-body", "shape", inline_with_mime_headers),
    # Under headers that say something else about the same bytes.
    Pair("a-block-as-html", "shape", fields("Content-Type: text/html", GOOD)),
    Pair("a-block-as-enriched-text", "shape", fields("Content-Type: text/enriched", GOOD)),
    Pair("a-block-as-a-file", "shape", fields("Content-Type: application/octet-stream", GOOD)),
    Pair("a-block-as-encrypted", "shape", fields("Content-Type: multipart/encrypted", GOOD)),
    Pair("a-block-as-a-multipart", "shape", fields("Content-Type: multipart/mixed", GOOD)),
    Pair("a-block-in-utf-7", "shape", fields("Content-Type: text/plain; charset=utf-7", TYPE)),
    Pair("a-block-in-utf-16", "shape", fields("Content-Type: text/plain; charset=utf-16", TYPE)),
    Pair("a-block-in-ebcdic", "shape", fields("Content-Type: text/plain; charset=cp037", TYPE)),
    Pair("a-block-in-rot13", "shape", fields("Content-Type: text/plain; charset=rot13", TYPE)),
    Pair(
        "a-charset-called-dot-dot",
        "shape",
        fields('Content-Type: text/plain; charset="../x"', TYPE),
    ),
    Pair("two-charsets", "shape", fields(TYPE + "; charset=utf-7", TYPE)),
    Pair("two-content-types", "shape", fields(f"{TYPE}\nContent-Type: text/html", TYPE)),
    Pair("content-type-with-a-blank", "shape", fields("Content-Type : text/html", TYPE)),
    Pair("two-encodings", "shape", fields("Content-Transfer-Encoding: 7bit\n" * 2 + GOOD, GOOD)),
    Pair("a-charset-in-pieces", "shape", fields("Content-Type: text/plain; charset*0=utf-7", TYPE)),
    Pair(
        "an-encoded-charset",
        "shape",
        fields("Content-Type: text/plain; charset*=us-ascii''utf-7", TYPE),
    ),
    Pair("a-comment-in-content-type", "shape", fields("Content-Type: text/(html)plain", GOOD)),
    Pair("half-a-content-type", "shape", fields("Content-Type: text", GOOD)),
    Pair("an-empty-content-type", "-", fields("Content-Type: ", GOOD)),
    Pair(
        "a-block-that-is-a-file",
        "-",
        fields('Content-Disposition: attachment; filename="../../../tmp/escaped"', GOOD),
    ),
    Pair("a-block-in-base64", "shape", encoded("base64")),
    Pair("a-block-in-quoted-printable", "shape", encoded("quoted-printable")),
    Pair("a-block-in-base64-in-capitals", "shape", encoded("base64", "BASE64")),
    Pair("a-block-with-soft-line-breaks", "shape", softly_broken),
    Pair("a-block-uuencoded", "shape", fields("Content-Transfer-Encoding: x-uuencode")),
    Pair("an-encoding-unknown", "shape", fields("Content-Transfer-Encoding: ../../x")),
    Pair(
        "an-encoding-in-a-folded-header",
        "shape",
        fields(
            "Content-Transfer-Encoding:\n quoted-printable", "Content-Transfer-Encoding:\n 7bit"
        ),
    ),
    Pair(
        "the-headers-end-late", "shape", whole(lambda m: changed(m, b"\n\n", b"\nX: y\n z\n\n \n"))
    ),
]
