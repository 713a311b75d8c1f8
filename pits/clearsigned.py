"""The canonical clearsigned block (NOTARY): what may stand in the body of a signed mail.

Everything here is about lines of bytes; the signature itself is read by `pit.pits.openpgp`.
"""

import re
from typing import NamedTuple

from pit.archives.errors import PitError
from pit.pits.packets import ARMORED, armor_fault

__all__ = ["Clearsigned", "ShapeError", "split"]


class ShapeError(PitError):
    """A body that is not exactly one canonical clearsigned block."""


class Clearsigned(NamedTuple):
    """A block cut apart.

    `text` is canonical: dash escapes, and blanks and tabs at line ends, off; every line LF-ended.
    `armor` is the signature's, BEGIN line to END line. `hash` is what the Hash line names, or ''.
    `octets`: what the signature is over, where that is not the text alone (PGP/MIME).
    """

    text: bytes
    armor: bytes
    hash: str
    octets: bytes | None = None


_MARKERS = (
    b"-----BEGIN PGP SIGNED MESSAGE-----",
    b"-----BEGIN PGP SIGNATURE-----",
    b"-----END PGP SIGNATURE-----",
)
_HEAD = re.compile(_MARKERS[0] + rb"\n(?:Hash: ([A-Z0-9-]+)\n)?\n")
_USUAL = re.compile(
    rb"%b\n(?:Hash: ([A-Z0-9-]+)\n)?\n"
    rb"((?=\n*[^\n-])(?:(?:[^\n\r\0-]*[^\n\r\0\t -])?\n)+)"
    rb"(%b\n\n%b%b)\n*" % (*_MARKERS[:2], ARMORED, _MARKERS[2])
).fullmatch
_BAD_DASH = re.compile(rb"^-(?! (?:-|From ))", re.MULTILINE)
_ESCAPE = re.compile(rb"^- ", re.MULTILINE)


def split(body: bytes) -> Clearsigned:
    """Split the body of a mail (LF line ends), which must be one canonical clearsigned block.

    Canonical is what gpg writes: each of the three marker lines once in the body, even as a part of
    a line; at most one `Hash:` line, naming one hash, and no other header; one empty line; a text
    that is not empty, with a dash escape before every `-` that begins a line, perhaps before
    `From `, and nowhere else; armour without headers; after it newlines at most. No CR, no NUL.
    ShapeError names the line and what is wrong.
    """
    return _usual(body) or _unusual(body)


def _usual(body: bytes) -> Clearsigned | None:
    """A block whose text has no dash, no CR, no NUL, and no blank at a line's end; None for others.

    Then nothing in it is escaped, and no marker can stand anywhere else.
    """
    found = _USUAL(body)
    return found and Clearsigned(found[2], found[3] + b"\n", (found[1] or b"").decode())


def _unusual(body: bytes) -> Clearsigned:
    """Any block, looked at thing by thing; ShapeError."""
    begin, signature, _ = _MARKERS
    if not body.startswith(begin + b"\n"):
        raise _shape(body, 0, f"the body should begin with the line {begin.decode()}")
    for byte, name in ((b"\r", "a CR"), (b"\0", "a NUL")):
        if byte in body:
            raise _shape(body, body.index(byte), f"{name}; a signed body should have none")
    for marker in _MARKERS:
        again = body.find(marker, body.find(marker) + 1)
        if again > 0:
            raise _shape(body, again, f"{marker.decode()} should stand once in the whole body")
    head = _HEAD.match(body)
    if head is None:
        at = len(begin) + 1
        if body.startswith(b"Hash: ", at):
            at = body.find(b"\n", at) + 1 or at
        raise _shape(body, at, "should be one `Hash: NAME` line at most, then an empty line")
    start = head.end()
    end = body.find(b"\n" + signature + b"\n", start - 1) + 1
    if not end:
        raise _shape(body, len(body), f"a line {signature.decode()} should stand before the end")
    escaped = body[start:end]
    bad = _BAD_DASH.search(escaped) if b"-" in escaped else None
    if bad:
        raise _shape(body, start + bad.start(), "`- ` should escape `-` or `From `, nothing else")
    text = _canonical(escaped)
    if text in (b"", b"\n"):
        raise _shape(body, start, "the signed text should not be empty")
    fault = armor_fault(body[end:], "SIGNATURE", body.count(b"\n", 0, end) + 1)
    if fault:
        raise ShapeError(fault)
    return Clearsigned(text, body[end:].rstrip(b"\n") + b"\n", (head[1] or b"").decode())


def _canonical(escaped: bytes) -> bytes:
    """The text without its dash escapes, and without blanks at the ends of its lines."""
    text = _ESCAPE.sub(b"", escaped) if b"- " in escaped else escaped
    if b" \n" in text or b"\t\n" in text:
        # Not archives.cut.canonical: its pattern takes seconds over lines of nothing but blanks.
        return b"\n".join([line.rstrip(b" \t") for line in text.split(b"\n")])
    return text


def _shape(body: bytes, at: int, wrong: str) -> ShapeError:
    line = body.count(b"\n", 0, at) + 1
    begin = body.rfind(b"\n", 0, at) + 1
    found = body[begin : begin + 60].partition(b"\n")[0]
    return ShapeError(f"line {line}: found {found.decode('ascii', 'backslashreplace')!r}: {wrong}")
