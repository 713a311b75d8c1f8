"""PGP/MIME mails as programs lay them out, around a text and a signature that are given."""

import quopri
from base64 import encodebytes
from collections.abc import Callable
from typing import NamedTuple

from pit.archives.mime_text import Coding
from tests.archives.mails import ARMOR

Sign = Callable[[bytes], bytes]
"""What makes the armour of a detached signature over octets."""

LETTER = (
    "From: Alice <alice@example.org>",
    "To: acme@pits.example",
    "Subject: order =?UTF-8?B?w7w=?=",
    "Date: Sat, 21 Nov 2026 18:45:50 +0000",
)
"""A mail's own headers."""

BIRDS = Coding("base64", "UTF-8", True)
MUTTS = Coding("quoted-printable", "utf-8")
APPLES = Coding("quoted-printable", "us-ascii")
"""How the programs write a text, mostly."""


def unsigned(octets: bytes) -> bytes:
    """An armour, for those who do not look at the signature."""
    return ARMOR


def lines(*parts: str) -> bytes:
    return "".join(f"{part}\n" for part in parts).encode()


ENCODE: dict[str, Callable[[bytes], bytes]] = {
    "7bit": bytes,
    "8bit": bytes,
    "quoted-printable": lambda text: quopri.encodestring(text, quotetabs=False),
    "base64": lambda text: encodebytes(text.replace(b"\n", b"\r\n")),
}


def text_part(text: bytes, coding: Coding, *fields: str) -> bytes:
    """A text/plain part; its text in the charset already, and flowed where it should be."""
    kind = f"Content-Type: text/plain; charset={coding.charset}"
    kind += "; format=flowed" if coding.flowed else ""
    kind += "; delsp=yes" if coding.joined else ""
    head = lines(kind, f"Content-Transfer-Encoding: {coding.encoding}", *fields)
    return head + b"\n" + ENCODE[coding.encoding](text)


def thunderbird(
    text: bytes,
    sign: Sign = unsigned,
    coding: Coding = BIRDS,
    head: tuple[str, ...] = LETTER,
    micalg: str = "pgp-sha512",
    protected: tuple[str, ...] | None = None,
) -> bytes:
    """As Thunderbird 78 and later: a copy of the headers and the text in a multipart/mixed.

    protected: the copy, where it is not of the headers.
    """
    outer, inner = "------------8WkFgBeLlvh8RkAuFLxSlLuZ", "------------YegK0pKgNRYQ4Ojx3TLkiOWK"
    copy = [one for one in head if not one.startswith("Date:")] if protected is None else protected
    part = lines(
        f'Content-Type: multipart/mixed; boundary="{inner}";',
        ' protected-headers="v1"',
        *copy,
        "Message-ID: <669eb324-aef6-0583-c8a4-f54a93ee4d6d@example.org>",
        "",
        f"--{inner}",
    )
    part += text_part(text, coding) + lines("", f"--{inner}--")
    return (
        lines(
            "Message-ID: <669eb324-aef6-0583-c8a4-f54a93ee4d6d@example.org>",
            "MIME-Version: 1.0",
            "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:102.0) Gecko/20100101",
            " Thunderbird/102.7.1",
            "Content-Language: en-US",
            *head,
            f"Content-Type: multipart/signed; micalg={micalg};",
            ' protocol="application/pgp-signature";',
            f' boundary="{outer}"',
            "",
            "This is an OpenPGP/MIME signed message (RFC 4880 and 3156)",
            f"--{outer}",
        )
        + part
        + lines(
            "",
            f"--{outer}",
            'Content-Type: application/pgp-signature; name="OpenPGP_signature.asc"',
            "Content-Description: OpenPGP digital signature",
            'Content-Disposition: attachment; filename="OpenPGP_signature.asc"',
            "",
        )
        + sign(part.replace(b"\n", b"\r\n"))
        + lines("", f"--{outer}--")
    )


def mutt(
    text: bytes,
    sign: Sign = unsigned,
    coding: Coding = MUTTS,
    head: tuple[str, ...] = LETTER,
    protected: tuple[str, ...] = (),
) -> bytes:
    """As mutt 2.2: the text is the signed part."""
    part = text_part(text, coding, "Content-Disposition: inline", *protected)
    return (
        lines(
            *head,
            "MIME-Version: 1.0",
            "Content-Type: multipart/signed; micalg=pgp-sha256;",
            '\tprotocol="application/pgp-signature"; boundary="EUy4j9bQkDG62gai"',
            "Content-Disposition: inline",
            "",
            "",
            "--EUy4j9bQkDG62gai",
        )
        + part
        + lines(
            "",
            "--EUy4j9bQkDG62gai",
            'Content-Type: application/pgp-signature; name="signature.asc"',
            "",
        )
        + sign(part.replace(b"\n", b"\r\n"))
        + lines("", "--EUy4j9bQkDG62gai--")
    )


def apple(
    text: bytes,
    sign: Sign = unsigned,
    coding: Coding = APPLES,
    head: tuple[str, ...] = LETTER,
) -> bytes:
    """As Apple Mail with GPG Mail: comments, another order, an armour with a Comment."""
    part = text_part(text, coding).replace(b"text/plain; ", b"text/plain;\n\t", 1)
    armor = sign(part.replace(b"\n", b"\r\n"))
    return (
        lines(
            *head,
            'Content-Type: multipart/signed;\n\tboundary="Apple-Mail=_0C1E5F34-7B9B-4E2C-8F71";',
            '\tprotocol="application/pgp-signature";\n\tmicalg=pgp-sha512',
            "Mime-Version: 1.0 (Mac OS X Mail 13.4 \\(3608.120.23.2.4\\))",
            "",
            "",
            "--Apple-Mail=_0C1E5F34-7B9B-4E2C-8F71",
        )
        + part
        + lines(
            "",
            "--Apple-Mail=_0C1E5F34-7B9B-4E2C-8F71",
            "Content-Transfer-Encoding: 7bit",
            "Content-Disposition: attachment;\n\tfilename=signature.asc",
            "Content-Type: application/pgp-signature;\n\tname=signature.asc",
            "Content-Description: Message signed with OpenPGP",
            "",
        )
        + armor.replace(b"\n\n", b"\nComment: GPGTools - https://gpgtools.org\n\n", 1)
        + lines("", "--Apple-Mail=_0C1E5F34-7B9B-4E2C-8F71--")
    )


class Flow(NamedTuple):
    """A text as format=flowed writes it: where each line is broken softly."""

    text: bytes
    breaks: tuple[int, ...] = ()


def flowed(flow: Flow, joined: bool) -> bytes:
    """RFC 3676, 4.2: soft breaks, then space-stuffing. The text has no blanks at line ends."""
    made = []
    for number, line in enumerate(flow.text.split(b"\n")):
        pieces = [line]
        for at in flow.breaks[number : number + 1]:
            pieces = broken(line, at, joined)
        for piece in pieces:
            stuffed = piece.startswith((b" ", b">", b"From "))
            made.append(b" " + piece if stuffed else piece)
    return b"\n".join(made)


def broken(line: bytes, at: int, joined: bool) -> list[bytes]:
    """The line in two, the first ending in a blank; or whole where that would not be undone."""
    if joined:
        left, right = line[:at] + b" ", line[at:]
    else:
        blank = line.find(b" ", at) + 1
        left, right = line[:blank], line[blank:]
    fits = left.strip() and right.strip() and left != b"-- " and right != b"-- "
    whole = right.isascii() and left.isascii()  # a letter of several bytes is not torn apart
    return [left, right] if fits and whole else [line]
