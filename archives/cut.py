"""The signed text, cut from a stored mail by scanning bytes.

Only for mail that the notary has verified: what is cut counts when its sha256 is the stamp's
Pit-Text, and for nothing otherwise (ARCHIVE, Reading).
"""

import hashlib
import re
from collections.abc import Iterator

from pit.archives.entry import unquote

BEGIN = b"-----BEGIN PGP SIGNED MESSAGE-----\n"
SIGNATURE = b"-----BEGIN PGP SIGNATURE-----\n"

# Only from the first blank of a run: trying at each would take time in the square of its length.
_BLANK_ENDS = re.compile(rb"(?<![ \t\r])[ \t\r]+$", re.MULTILINE)
_DASHES = re.compile(rb"^- ", re.MULTILINE)


def canonical(text: bytes) -> bytes:
    """A signed text as it is hashed: no blanks at line ends, every line LF-ended."""
    text = _BLANK_ENDS.sub(b"", text)
    return text if text.endswith(b"\n") or not text else text + b"\n"


def cut_text(stored: bytes, digest: str) -> bytes | None:
    """The signed text whose sha256 is `digest` in a stored mail; None if there is none.

    stored: the quoted mail from the line end before its first line on, as for `cut_body`.
    """
    for candidate in _candidates(stored):
        if hashlib.sha256(candidate).hexdigest() == digest:
            return candidate
    return None


def cut_body(stored: bytes) -> bytes:
    """The text of an unverified mail: its clearsigned block, else its body (open streams)."""
    text = next(_clearsigned(stored), None)
    if text is not None:
        return text
    _, _, body = unquote(stored).partition(b"\n\n")
    return canonical(body.rstrip(b"\n"))


def _candidates(stored: bytes) -> Iterator[bytes]:
    yield from _clearsigned(stored)
    yield from _mime(unquote(stored).removeprefix(b"\n"))


def _clearsigned(stored: bytes) -> Iterator[bytes]:
    start = stored.find(b"\n\n" + BEGIN) + 2
    if start < 2:
        return
    start = stored.find(b"\n\n", start) + 2
    end = stored.find(b"\n" + SIGNATURE, start - 1) + 1
    if start >= 2 and end:
        text = stored[start:end]
        yield canonical(_DASHES.sub(b"", text))
        yield canonical(_DASHES.sub(b"", unquote(text)))


def _mime(mail: bytes) -> Iterator[bytes]:
    """The text of a PGP/MIME signed mail."""
    from pit.archives import mime  # few archives need it

    try:
        yield canonical(mime.cut(mail).text)
    except mime.MimeError:
        return
