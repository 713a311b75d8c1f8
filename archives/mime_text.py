"""The text of a MIME part: transfer encoding, charset and format=flowed undone, all strictly.

Whatever two programs could undo differently is refused (RFC 2045, 6; RFC 3676). And the text of a
header (RFC 2047), of which only equality matters.
"""

import binascii
import re
from typing import NamedTuple

from pit.archives.mime_fields import MimeError

__all__ = ["CHARSETS", "ENCODINGS", "Coding", "decoded", "text_of"]

ENCODINGS = {"7bit", "8bit", "quoted-printable", "base64"}

CHARSETS = {
    *("us-ascii", "utf-8", "iso-8859-1", "iso-8859-2", "iso-8859-4", "iso-8859-5", "iso-8859-7"),
    *("iso-8859-9", "iso-8859-13", "iso-8859-15", "windows-1250", "windows-1251"),
    *("windows-1252", "windows-1253", "windows-1254", "windows-1257"),
}
"""What mail programs write Latin, Greek and Cyrillic texts in, by the names that they give it."""


class Coding(NamedTuple):
    """How a text stands in its part: transfer encoding, charset, and whether its lines flow.

    encoding: one of ENCODINGS. charset: one of CHARSETS. flowed: format=flowed (RFC 3676), joined:
    with delsp=yes.
    """

    encoding: str
    charset: str
    flowed: bool = False
    joined: bool = False


def text_of(body: bytes, coding: Coding) -> bytes:
    """The text in UTF-8, LF line ends, from the body of a part; MimeError.

    body: as stored, LF line ends, without the one that belongs to the boundary.
    """
    decode = {"quoted-printable": _quoted_printable, "base64": _base64}.get(coding.encoding)
    if decode:
        body = decode(body)
    elif coding.encoding == "7bit" and not body.isascii():
        raise MimeError("the text has bytes over 127; its Content-Transfer-Encoding is 7bit")
    if b"\0" in body or b"\r" in body:
        raise MimeError("the text has a NUL, or a CR that ends no line")
    text = _unicode(body, coding.charset)
    return _unflowed(text, coding.joined) if coding.flowed else text


def _unicode(data: bytes, charset: str) -> bytes:
    """Bytes of a charset in UTF-8; MimeError where one means nothing in it."""
    try:
        text = data.decode(charset)
    except UnicodeDecodeError as error:
        raise MimeError(f"the text is not {charset}: byte {data[error.start]:02X}") from None
    if charset in ("us-ascii", "utf-8"):
        return data
    # C1 controls: nobody writes them; readers take them for the letters of windows-1252.
    control = next((one for one in text if "\x7f" <= one < "\xa0"), "")
    if control:
        raise MimeError(f"the text is not {charset}: byte {ord(control):02X}")
    return text.encode()


_QP_LINE = re.compile(rb"(?:[\t -<>-~]|=[0-9A-F]{2})*=?").fullmatch


def _quoted_printable(body: bytes) -> bytes:
    """RFC 2045, 6.7: capital digits, no blank at a line's end, no line end or NUL encoded."""
    lines = body.split(b"\n")
    for line in lines:
        if not _QP_LINE(line) or line.endswith((b" ", b"\t")):
            raise _wrong(line, "is no quoted-printable")
    if lines[-1].endswith(b"="):
        raise _wrong(lines[-1], "goes on after the end of the text")
    for code in (b"=0A", b"=0D", b"=00"):
        if code in body:
            raise MimeError(f"the text has {code.decode()}, an encoded line end or NUL")
    return binascii.a2b_qp(body)


_B64_LINE = re.compile(rb"(?:[A-Za-z0-9+/]{4}){1,19}").fullmatch
_B64_LAST = re.compile(
    rb"(?:[A-Za-z0-9+/]{4}){0,18}(?:[A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==)"
).fullmatch


def _base64(body: bytes) -> bytes:
    """RFC 2045, 6.8: whole groups in each line, nothing but them; CRLF inside as LF."""
    *lines, last = body.rstrip(b"\n").split(b"\n")
    for line in lines:
        if not _B64_LINE(line):
            raise _wrong(line, "is no base64 of whole groups, at most 76 characters")
    if not _B64_LAST(last):
        raise _wrong(last, "does not end base64")
    data = binascii.a2b_base64(last)
    if binascii.b2a_base64(data, newline=False) != last:
        raise MimeError("the base64 has bits left over at its end")
    data = binascii.a2b_base64(b"".join(lines)) + data
    if b"\r" in data:
        if not data.count(b"\r\n") == data.count(b"\n") == data.count(b"\r"):
            raise MimeError("the text in base64 has mixed line ends")
        data = data.replace(b"\r\n", b"\n")
    return data


def _unflowed(text: bytes, joined: bool) -> bytes:
    """Soft line breaks and space-stuffing undone (RFC 3676, 4.1 to 4.5; joined: delsp=yes).

    A quoted line keeps its `>`s, then a blank. `-- ` ends what flows and stays a line.
    """
    made: list[list[bytes]] = []
    flows = -1  # the depth of the quote that goes on, -1 where nothing does
    for line in text.split(b"\n"):
        said = line.lstrip(b">")
        depth = len(line) - len(said)
        if said and not depth and not said.strip(b" "):
            raise MimeError("format=flowed with a line of blanks alone: does it flow?")
        said = said.removeprefix(b" ")
        soft = said.endswith(b" ") and said != b"-- "
        kept = said[:-1] if soft and joined else said
        if flows == depth and said != b"-- ":
            made[-1].append(kept)
        else:
            made.append([b">" * depth + b" " if depth else b"", kept])
        flows = depth if soft else -1
    return b"\n".join([b"".join(pieces) for pieces in made])


def _wrong(line: bytes, what: str) -> MimeError:
    return MimeError(f"the line {line[:60].decode('ascii', 'backslashreplace')!r} {what}")


# --- text in a header ---------------------------------------------------------------------------

_ENCODED = re.compile(
    r"=\?([A-Za-z0-9-]{1,40})(?:\*[A-Za-z0-9-]{0,20})?\?([BbQq])\?([!->@-~]{0,998})\?="
)
_BETWEEN = re.compile(r"(?<=\?=)[ \t\n]+(?==\?)")
_BLANKS = re.compile(r"[ \t\n]+")


def decoded(value: bytes) -> str:
    """What a header says: unfolded, encoded words (RFC 2047) read, runs of blanks as one.

    Bytes that are not UTF-8, and encoded words that make no sense, stay as they are: they agree
    with themselves alone.
    """
    text = value.decode("utf-8", "backslashreplace")
    if "=?" in text:
        text = _ENCODED.sub(_word, _BETWEEN.sub("", text))
    return _BLANKS.sub(" ", text).strip(" ")


def _word(found: re.Match[str]) -> str:
    charset, how, data = found.groups()
    if charset.lower() not in CHARSETS:
        return found[0]
    try:
        if how in "Bb":
            return binascii.a2b_base64(data, strict_mode=True).decode(charset)
        return binascii.a2b_qp(data, header=True).decode(charset)
    except ValueError:  # binascii's and the codecs' are of these
        return found[0]
