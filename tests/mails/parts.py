"""What the mails of the corpus are made of: headers, clearsigned bodies, parts and multiparts.

Pure functions over bytes with LF line ends; signatures are given to them (tests/mails/pen.py).
"""

import base64
import quopri
from collections.abc import Callable
from typing import NamedTuple

LIST = "acme@pits.example"
ALICE = "Alice <alice@example.org>"
BEGIN = b"-----BEGIN PGP SIGNED MESSAGE-----"
SIGNATURE = b"-----BEGIN PGP SIGNATURE-----"
END = b"-----END PGP SIGNATURE-----"
FOOTER = (
    b"_______________________________________________\nacme mailing list\nhttps://pits.example/\n"
)


class Mails(NamedTuple):
    """A hostile mail, and its good twin: as near to it as can be."""

    hostile: bytes
    good: bytes


def headed(*fields: str, sender: str = ALICE, to: str = LIST) -> bytes:
    """A mail's headers with their empty line."""
    return "".join(f"{one}\n" for one in (f"From: {sender}", f"To: {to}", *fields)).encode() + b"\n"


def mail(block: bytes, *fields: str, sender: str = ALICE) -> bytes:
    """A mail whose body is that block; fields: more headers."""
    return headed(*fields, sender=sender) + block


def changed(data: bytes, old: bytes, new: bytes, count: int = 1) -> bytes:
    """Bytes exchanged; the old ones must be there."""
    assert old in data, (old, data)
    return data.replace(old, new, count)


def last(data: bytes, old: bytes, new: bytes) -> bytes:
    """The last of these bytes exchanged."""
    assert old in data, (old, data)
    return new.join(data.rsplit(old, 1))


def crlf(data: bytes) -> bytes:
    """LF to CRLF."""
    return data.replace(b"\n", b"\r\n")


def wrapped(data: bytes, width: int = 76) -> bytes:
    """Base64, in lines."""
    text = base64.b64encode(data)
    return b"".join(text[at : at + width] + b"\n" for at in range(0, len(text), width))


ENCODINGS: dict[str, Callable[[bytes], bytes]] = {
    "7bit": bytes,
    "8bit": bytes,
    "base64": wrapped,
    "quoted-printable": lambda data: quopri.encodestring(data, quotetabs=False),
}


def part(
    content: bytes,
    encoding: str = "7bit",
    kind: str = "text/plain; charset=utf-8",
    *fields: str,
) -> bytes:
    """A MIME part: its headers, an empty line, its content encoded; ends with a line end."""
    head = [f"Content-Type: {kind}", f"Content-Transfer-Encoding: {encoding}", *fields]
    return "".join(f"{one}\n" for one in head).encode() + b"\n" + ENCODINGS[encoding](content)


def multipart(
    kind: str, *parts: bytes, boundary: str = "=-bound", before: bytes = b"", after: bytes = b""
) -> bytes:
    """A multipart with its Content-Type in front, as a part may have it or a mail's headers end.

    kind: `mixed`, or `signed; micalg=…`. before, after: preamble and epilogue.
    """
    lines = b"".join(b"--%b\n%b\n" % (boundary.encode(), one) for one in parts)
    head = f'Content-Type: multipart/{kind}; boundary="{boundary}"\n\n'.encode()
    return head + before + lines + b"--%b--\n" % boundary.encode() + after


SIGNED = 'signed; micalg=pgp-sha512;\n protocol="application/pgp-signature"'
NAMED = 'Content-Type: application/pgp-signature; name="signature.asc"\n\n'


def signature_part(armor: bytes, head: str = NAMED) -> bytes:
    """The second part of multipart/signed."""
    return head.encode() + armor


def signed(
    first: bytes,
    armor: bytes,
    *more: bytes,
    kind: str = SIGNED,
    boundary: str = "=-signed",
    before: bytes = b"",
    after: bytes = b"",
) -> bytes:
    """multipart/signed (RFC 3156) of a part, its signature, and what else is put there."""
    parts = (first, signature_part(armor), *more)
    return multipart(kind, *parts, boundary=boundary, before=before, after=after)


def mimed(body: bytes, *fields: str, sender: str = ALICE) -> bytes:
    """A mail that is this multipart (or part), its Content-Type among the headers."""
    head = headed(*fields, "MIME-Version: 1.0", sender=sender)
    return head.removesuffix(b"\n") + body
