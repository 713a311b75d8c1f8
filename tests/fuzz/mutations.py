"""What may happen to a mail on its way, or be done to it, as Hypothesis strategies."""

import base64
import quopri
from collections.abc import Callable

from hypothesis import strategies as st

Edit = Callable[[bytes], bytes]

PIECES = [
    *(b"\n", b"\r\n", b"\r", b"\0", b" ", b"\t", b"- ", b"-", b"--", b"From ", b">From ", b"\xff"),
    *(b"=", b"=\n", b"=0A", b"=20", b"\x0b", b"\x0c", b"\xc2\x85", b"\xe2\x80\xa8", b"\xc2\xa0"),
    *(b"-----BEGIN PGP SIGNED MESSAGE-----\n", b"-----BEGIN PGP SIGNATURE-----\n", b"Hash: MD5\n"),
    *(b"From: bob@example.org\n", b"Pit-Entry: acme 1\n", b"buy 9 ACME @ 1.00\n", b"pit other\n"),
    *(b"Content-Type: text/plain; charset=utf-8\n", b"Content-Transfer-Encoding: base64\n"),
    *(b"Content-Transfer-Encoding: quoted-printable\n", b"Content-Type: text/html\n", b"\n\n"),
    *(b"--=-signed\n", b"--=-signed--\n", b"NotDashEscaped: x\n", b"Comment: x\n", b"Subject: x\n"),
]


CODED = [
    *(b"=C3=BC", b"=\n", b" \n", b"=20\n", b"\n ", b"\t", b"QQ==", b"IyB4Cg==", b"\xc3\xbc"),
    *(b"; format=flowed", b"; delsp=yes", b"; charset=us-ascii", b"; charset=iso-8859-1", b"(x)"),
    *(b"Content-Transfer-Encoding: 8bit\n", b"Content-Disposition: attachment\n", b">", b"  "),
    *(b"--", b"\xfc"),
]
"""What changes how a text is coded, or what it is decoded to."""

ESCAPED = [
    *(b"- ", b"- -", b"--\n", b"- --\n", b"-\n", b"- From ", b"From ", b" \t\n", b"\n\n", b"\x1a"),
    *(b"\x0b\n", b"\x0c\n", b"\x1c\n", b"\xc2\xa0\n", b"\xe2\x80\xa8", b"\x85\n", b"\xff\n"),
]
"""What looks like a dash escape, an end of a line, or a blank at one."""


@st.composite
def inserted(draw: st.DrawFn, pieces: list[bytes] = PIECES) -> Edit:
    """A piece put somewhere, in place of some bytes."""
    at, piece = draw(st.floats(0, 1)), draw(st.sampled_from(pieces) | st.binary(max_size=3))
    length = draw(st.sampled_from((0, 0, 0, 1, 2, 40)))

    def edit(mail: bytes) -> bytes:
        start = int(at * len(mail))
        return mail[:start] + piece + mail[start + length :]

    return edit


@st.composite
def lines_edited(draw: st.DrawFn) -> Edit:
    """A line doubled, taken out, exchanged with the next one, or given blanks or a piece."""
    at, kind = draw(st.floats(0, 0.999)), draw(st.integers(0, 5))
    piece = draw(st.sampled_from(PIECES))

    def edit(mail: bytes) -> bytes:
        found = mail.split(b"\n")
        n = int(at * len(found))
        line = found[n]
        two = found[n : n + 2]
        put = {
            0: [line, line],
            1: [],
            2: two[::-1],
            3: [line + b" \t"],
            4: [piece + line],
            5: [line + piece],
        }[kind]
        return b"\n".join(found[:n] + put + found[n + (2 if kind == 2 else 1) :])

    return edit


def body_encoded(encoding: str, code: Edit) -> Edit:
    """The body encoded, and a header that says so."""

    def edit(mail: bytes) -> bytes:
        head, _, body = mail.partition(b"\n\n")
        return b"%b\nContent-Transfer-Encoding: %b\n\n%b" % (head, encoding.encode(), code(body))

    return edit


def fronted(piece: bytes) -> Edit:
    """A header in front."""
    return lambda mail: piece + mail


HARMLESS: list[Edit] = [
    lambda mail: mail.replace(b"\n", b"\r\n"),
    lambda mail: mail + b"\n\n",
    lambda mail: mail.replace(b"12.50\n", b"12.50 \t\n"),
    lambda mail: b"From alice@example.org Mon Nov 20 2026\n" + mail,
    lambda mail: mail.replace(b"\nTo: ", b"\nTO:  ").replace(b"From: ", b"FROM:\n ", 1),
    lambda mail: mail.replace(b"\n\n", b"\nX-Note: a\n  From b\n\n", 1),
    fronted(b"Received: from a by b; Mon, 20 Nov 2026\n"),
    fronted(b"Subject: From the other side\n"),
    fronted(b"DKIM-Signature: v=1; b=a\n b\n\tc\n"),
    body_encoded("base64", base64.encodebytes),
    body_encoded("quoted-printable", quopri.encodestring),
    body_encoded("8bit", bytes),
]
"""What mail servers do, or might."""

EDITS: st.SearchStrategy[list[Edit]] = st.lists(st.sampled_from(HARMLESS), max_size=2).flatmap(
    lambda first: st.lists(inserted() | lines_edited(), max_size=3).map(lambda more: first + more)
)

ESCAPES: st.SearchStrategy[list[Edit]] = st.lists(
    inserted(ESCAPED) | lines_edited(), min_size=1, max_size=3
)
CODINGS: st.SearchStrategy[list[Edit]] = st.lists(
    inserted(CODED) | inserted(), min_size=1, max_size=3
)


def applied(mail: bytes, edits: list[Edit]) -> bytes:
    """The mail after all of them."""
    for edit in edits:
        mail = edit(mail)
    return mail
