"""A raw mail cut into headers and body, by bytes.

What is archived are the bytes that came, with LF line ends. Nothing here repairs or guesses: where
two mail readers could see different headers or another body, the mail has another shape (NOTARY).
Fields are RFC 5322's, the limits those of NOTARY and of RFC 5321 (998 bytes a line).
"""

import re
from typing import NamedTuple

from pit.archives.errors import PitError
from pit.moderator.nesting import depth

__all__ = ["Fields", "Mail", "MailError", "cut", "fields_of", "normal", "oversize"]

MAX_MAIL, MAX_HEAD, MAX_LINE = 1 << 20, 64 << 10, 998
"""Bytes of a mail, of its headers, of a line without its end."""

MAX_DEPTH = 2
"""Multiparts in one another: multipart/signed, and the one wrapper that Thunderbird puts inside."""

_FIELD = re.compile(rb"([!-9;-~]+):([^\n]*(?:\n[ \t][^\n]*)*)\n")
_BLANK_LINE = re.compile(rb"\n[ \t]+\n")
_ADDRESS = r"([A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+)"
_FROM = re.compile(
    rf'(?:(?:"(?:[^"\\]|\\.)*"|[^"<>,;:@()\\])*<{_ADDRESS}>|{_ADDRESS}(?: *\([^()\\]*\))?)'
).fullmatch
_PLAIN = re.compile(
    r'text/plain *(?:; *(?:charset="?(?:utf-8|us-ascii)"?|format="?(?:fixed|flowed)"?'
    r'|delsp="?(?:yes|no)"?) *)*',
    re.IGNORECASE,
).fullmatch
_CONTROL = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xa8\xa9]")
"""ASCII's, and what ends a line or steers a terminal in UTF-8: U+0080 to 009F, U+2028, 2029."""
_ENCRYPTED = ("multipart/encrypted", "application/pgp-encrypted", "application/pkcs7-mime")


class MailError(PitError):
    """A mail whose headers are not what the notary takes."""


class Fields(NamedTuple):
    """The header fields that a mail begins with, as far as they can be read.

    found: names in small letters, values unfolded, in order. end: the byte at which the first line
    begins that is no field.
    """

    found: tuple[tuple[str, str], ...]
    end: int


class Mail(NamedTuple):
    """A mail cut apart.

    data: all of it, LF line ends, as it will be archived. fields: names in small letters, values
    unfolded, in order. body: what follows the empty line. sender: the address in `From`. in_mime:
    whether it says that it is multipart/signed, not text as it stands.
    """

    data: bytes
    fields: tuple[tuple[str, str], ...]
    body: bytes
    sender: str
    in_mime: bool = False


def normal(raw: bytes) -> bytes:
    """The mail without the `From ` line that a mail server's pipe puts in front, CRLF as LF.

    A mail whose line ends are mixed stays as it is.
    """
    if raw.startswith(b"From "):
        raw = raw.partition(b"\n")[2]
    if b"\r" in raw and raw.count(b"\r\n") == raw.count(b"\n") == raw.count(b"\r"):
        return raw.replace(b"\r\n", b"\n")
    return raw


def oversize(data: bytes) -> str:
    """Which limit a normal mail breaks, as a sentence; '' for none."""
    if len(data) > MAX_MAIL:
        return f"the mail has {len(data)} bytes; at most {MAX_MAIL} are taken"
    head = data.find(b"\n\n") + 1 or len(data)
    if head > MAX_HEAD:
        return f"the headers have {head} bytes; at most {MAX_HEAD} are taken"
    longest = max(map(len, data.split(b"\n")))
    if longest > MAX_LINE:
        return f"a line has {longest} bytes; at most {MAX_LINE} are taken"
    if b"multipart/" in data[:head].lower() and depth(data) > MAX_DEPTH:
        return f"more than {MAX_DEPTH} multiparts in one another"
    return ""


def fields_of(data: bytes) -> Fields:
    """The fields of a normal mail; of more than MAX_HEAD bytes, those at their beginning."""
    head = data[: MAX_HEAD + 1].partition(b"\n\n")[0] + b"\n"
    found = []
    at = 0
    while field := _FIELD.match(head, at):
        name, value = field.groups()
        if b"\n" in value:
            value = value.replace(b"\n", b"")
        found.append((name.decode("ascii").lower(), value.decode("utf-8", "replace").strip(" \t")))
        at = field.end()
    return Fields(tuple(found), at)


def cut(data: bytes, head_fields: Fields | None = None) -> Mail:
    """Cut a normal mail, whose fields may be known; MailError where its shape is not NOTARY's."""
    for byte, name in ((b"\r", "a CR (mixed line ends)"), (b"\0", "a NUL")):
        if byte in data:
            raise MailError(f"line {_line(data, data.index(byte))}: {name}; there should be none")
    split = data.find(b"\n\n") + 1
    if not split:
        raise MailError("there is no empty line between headers and body")
    head = data[:split]
    blank = _BLANK_LINE.search(head)
    if blank:
        raise MailError(f"line {_line(head, blank.start() + 1)}: a header line of blanks alone")
    control = _CONTROL.search(head)
    if control:
        raise MailError(f"line {_line(head, control.start())}: a control character in a header")
    begin = head.find(b"-----BEGIN PGP")
    if begin >= 0:
        raise MailError(f"line {_line(head, begin)}: a PGP line in a header")
    fields, end = head_fields or fields_of(data)
    if end < len(head):
        raise MailError(f"line {_line(head, end)}: no header field; right would be `Name: value`")
    for name, _ in fields:
        if name.startswith("pit-"):
            raise MailError(f"a header `{name}`; `Pit-…` headers are the notary's own")
    in_mime = _check_content(fields)
    return Mail(data, fields, data[split + 1 :], _sender(fields), in_mime)


def _only(fields: tuple[tuple[str, str], ...], name: str) -> str:
    values = [value for found, value in fields if found == name]
    if len(values) > 1:
        raise MailError(f"{len(values)} headers `{name}`; one is right")
    return values[0] if values else ""


def _sender(fields: tuple[tuple[str, str], ...]) -> str:
    value = _only(fields, "from")
    found = _FROM(value)
    if found is None:
        raise MailError(f"`From: {value[:80]}`; right is one address, `Alice <alice@example.org>`")
    return str(found[1] or found[2])


def _check_content(fields: tuple[tuple[str, str], ...]) -> bool:
    """Whether it is multipart/signed, which `archives.mime` cuts; else MailError unless the body is
    text as it stands: so that all readers read the same.
    """
    kind = _only(fields, "content-type")
    name = kind.partition(";")[0].strip().lower()
    encoding = _only(fields, "content-transfer-encoding")
    if name == "multipart/signed":
        return True
    if name in _ENCRYPTED:
        raise MailError(f"`Content-Type: {name}`; encrypted instructions are not taken yet")
    if kind and not _PLAIN(kind):
        right = "text/plain in UTF-8 or ASCII, or multipart/signed"
        raise MailError(f"`Content-Type: {kind[:80]}`; right is {right}")
    if encoding.lower() not in ("", "7bit", "8bit"):
        raise MailError(f"`Content-Transfer-Encoding: {encoding[:80]}`; right is 7bit or 8bit")
    return False


def _line(data: bytes, at: int) -> int:
    return data.count(b"\n", 0, at) + 1
