"""PGP/MIME that is wholly signed, and that programs could decode to different texts."""

from tests.archives.pgp_mime import Flow, apple, flowed, mutt, thunderbird
from tests.mails.pair import Make, Pair
from tests.mails.parts import (
    ENCODINGS,
    Mails,
    changed,
    mimed,
    part,
    signed,
)
from tests.mails.pen import ORDER, Pen

LURE = "buy 7000 ACME @ 99.00\n"
PLAIN = "text/plain; charset=utf-8"
NONE = (b"", b"")


def signed_texts(kind: str, encoding: str, change: tuple[bytes, bytes], *fields: str) -> Make:
    """A signed text under other headers of its part, or with its encoded bytes changed first."""

    def make(pen: Pen) -> Mails:
        good = part(pen.text().encode(), encoding, PLAIN)
        bad = part(pen.text().encode(), encoding, kind, *fields)
        bad = changed(bad, *change) if change[0] else bad
        return Mails(*(mimed(signed(one, pen.armor(one))) for one in (bad, good)))

    return make


def headers(name: str, bad: str, good: str) -> Make:
    """Protected headers, as Thunderbird signs them: they say the same as the outer ones, or not."""

    def make(pen: Pen) -> Mails:
        mails = []
        for value in (bad, good):
            kind = f'{PLAIN}; protected-headers="v1"\n{name}: {value}'
            first = part(pen.text().encode(), "7bit", kind)
            mails.append(mimed(signed(first, pen.armor(first)), "Subject: order"))
        return Mails(*mails)

    return make


def bare_cr(pen: Pen) -> Mails:
    """A CR that the encoding hides: a program that breaks lines there sees an order more."""
    bad = part(f"{pen.text()}# \r{LURE}".encode(), "base64")
    good = part(f"{pen.text()}# {LURE}".encode(), "base64")
    return Mails(*(mimed(signed(one, pen.armor(one))) for one in (bad, good)))


def nul(pen: Pen) -> Mails:
    bad = part(f"{pen.text()}# \0\n".encode(), "base64")
    good = part(f"{pen.text()}# 0\n".encode(), "base64")
    return Mails(*(mimed(signed(one, pen.armor(one))) for one in (bad, good)))


def into_a_comment(pen: Pen) -> Mails:
    """format=flowed makes one line of two: what is signed says what it says once that is undone.

    A line's first blank is doubled (RFC 3676, 4.4).
    """
    kind = f"{PLAIN}; format=flowed"
    body = pen.text('# a \nbuy 7 ACME @ 12.50\nsay "x"\n').encode().replace(b"\n ", b"\n  ")
    first, other = part(body, "7bit", kind), part(body.replace(b"a \n", b"a\n"), "7bit", kind)
    return Mails(*(mimed(signed(one, pen.armor(one))) for one in (first, other)))


def trailing(pen: Pen, more: bytes) -> Mails:
    """Base64 goes on behind its end: some programs stop there, and some do not."""
    text_of = pen.text()
    text_of += f"# {'x' * ((-len(text_of) - 5) % 3 + 3)}\n"
    assert len(text_of) % 3 == 1
    good = part(text_of.encode(), "base64")
    bad = good + more
    return Mails(*(mimed(signed(one, pen.armor(one))) for one in (bad, good)))


def dotted(pen: Pen) -> Mails:
    """Bytes outside the alphabet, which lenient programs pass over."""
    good = part(pen.text().encode(), "base64")
    at = good.index(b"\n\n") + 6
    bad = good[:at] + b".-*" + good[at:]
    return Mails(*(mimed(signed(one, pen.armor(one))) for one in (bad, good)))


def escaped(pen: Pen, code: bytes) -> Mails:
    """A comment that holds this escape."""
    good = part(pen.text(f"# x\n{ORDER}").encode(), "quoted-printable")
    bad = changed(good, b"# x\n", b"# x" + code + LURE.encode())
    return Mails(*(mimed(signed(one, pen.armor(one))) for one in (bad, good)))


def eight_bit(pen: Pen) -> Mails:
    body = pen.text(f"# é\n{ORDER}").encode()
    kinds_of = ("text/plain; charset=us-ascii", PLAIN)
    made = [part(body, "8bit", kind) for kind in kinds_of]
    return Mails(*(mimed(signed(one, pen.armor(one))) for one in made))


def invalid(pen: Pen) -> Mails:
    body = pen.text(f"# é\n{ORDER}").encode()
    made = [part(one, "8bit") for one in (body.replace("é".encode(), b"\xe9"), body)]
    return Mails(*(mimed(signed(one, pen.armor(one))) for one in made))


def programs(pen: Pen) -> dict[str, bytes]:
    """Mails as Thunderbird, mutt and Apple Mail lay them out."""
    text = pen.text(f'say "grün"\n{ORDER}').encode()
    soft = tuple(range(3, 20, 4))  # Thunderbird breaks lines behind a blank
    return {
        "mime-thunderbird": thunderbird(flowed(Flow(text, soft), False), pen.sealed),
        "mime-mutt": mutt(text, pen.sealed),
        "mime-apple": apple(pen.text().encode(), pen.sealed),
    }


def encodings(pen: Pen) -> dict[str, bytes]:
    """Mails as good programs write them: every encoding, and both ends of a text."""
    made = {
        f"mime-{name}": pen.mime(f'say "grün"\n{ORDER}', name)
        for name in ENCODINGS
        if name != "7bit"
    }
    made["mime-7bit"] = pen.mime()
    made["mime-latin-1"] = latin(pen)
    made |= programs(pen)
    made["mime-a-line-that-begins-with-from"] = from_line(pen)
    made["mime-crlf"] = pen.mime().replace(b"\n", b"\r\n")
    made["mime-micalg-of-another-name"] = pen.mime().replace(b"pgp-sha512", b"pgp-sha256")
    made["mime-a-boundary-with-dots-and-slashes"] = dotted_boundary(pen)
    return made


def latin(pen: Pen) -> bytes:
    body = pen.text(f'say "grün"\n{ORDER}').encode("latin-1")
    first = part(body, "quoted-printable", "text/plain; charset=iso-8859-1")
    return mimed(signed(first, pen.armor(first)))


def dotted_boundary(pen: Pen) -> bytes:
    return mimed(signed(*pen.signed(), boundary="../../etc/passwd"))


def from_line(pen: Pen) -> bytes:
    """A comment that quoted-printable breaks before From: the archive must quote the line."""
    first = part(pen.text(f"{ORDER}# from FROM here\n").encode(), "quoted-printable")
    first = changed(first, b"# from FROM", b"# from =\nFrom")
    return mimed(signed(first, pen.armor(first)))


PAIRS = [
    # Signed by its sender, and read differently by different programs.
    Pair(
        "mime-a-file-by-disposition",
        "shape",
        signed_texts(PLAIN, "7bit", NONE, "Content-Disposition: attachment"),
    ),
    Pair("mime-utf-7", "shape", signed_texts("text/plain; charset=utf-7", "7bit", NONE)),
    Pair("mime-utf-16", "shape", signed_texts("text/plain; charset=utf-16", "base64", NONE)),
    Pair("mime-rot13", "shape", signed_texts("text/plain; charset=rot13", "7bit", NONE)),
    Pair(
        "mime-a-charset-called-dot-dot",
        "shape",
        signed_texts('text/plain; charset="../x"', "7bit", NONE),
    ),
    Pair("mime-two-charsets", "shape", signed_texts(PLAIN + "; charset=utf-7", "7bit", NONE)),
    Pair(
        "mime-two-encodings",
        "shape",
        signed_texts(PLAIN, "7bit", NONE, "Content-Transfer-Encoding: base64"),
    ),
    Pair(
        "mime-two-types-in-the-part",
        "shape",
        signed_texts(PLAIN, "7bit", NONE, "Content-Type: text/html"),
    ),
    Pair(
        "mime-an-unknown-encoding",
        "shape",
        signed_texts(PLAIN, "7bit", (b": 7bit", b": x-uuencode")),
    ),
    Pair("mime-base64-with-text-behind", "shape", lambda pen: trailing(pen, b"IyBoaQo=\n")),
    Pair("mime-base64-with-a-dot-inside", "shape", dotted),
    Pair("mime-quoted-printable-with-a-bad-escape", "shape", lambda pen: escaped(pen, b"=ZZ")),
    Pair("mime-quoted-printable-with-a-hidden-line", "shape", lambda pen: escaped(pen, b"=0D")),
    Pair("mime-a-hidden-cr", "shape", bare_cr),
    Pair("mime-a-hidden-nul", "shape", nul),
    Pair("mime-8-bit-bytes-said-to-be-ascii", "shape", eight_bit),
    Pair("mime-bytes-that-are-no-utf-8", "shape", invalid),
    # A flowed line ends with a blank: `# a ` and the order below it become one comment.
    Pair("mime-flowed-into-a-comment", "-", into_a_comment),
    # Protected headers say the same as the outer ones.
    Pair(
        "mime-another-protected-from",
        "shape",
        headers("From", "Bob <bob@example.org>", "Alice <alice@example.org>"),
    ),
    Pair(
        "mime-another-protected-to",
        "shape",
        headers("To", "other@pits.example", "acme@pits.example"),
    ),
    Pair("mime-another-protected-subject", "shape", headers("Subject", "no order", "order")),
]
