"""The header fields of MIME, by bytes and strictly (RFC 5322, 2045).

What two programs could read differently is refused: comments and quoted pairs in a structural
field, continued or encoded parameters (RFC 2231), anything that is there twice.
"""

import re
from collections.abc import Mapping, Set
from typing import NamedTuple

from pit.archives.errors import PitError

__all__ = [
    "Content",
    "Fields",
    "MimeError",
    "check_version",
    "content",
    "encoding",
    "fields",
    "only",
]


class MimeError(PitError):
    """A mail that is not one PGP/MIME signed text, or that two programs could read differently."""


Fields = tuple[tuple[str, bytes], ...]
"""Names in small letters, and values as they stand, folds and all; in order."""

_FIELD = re.compile(rb"([!-9;-~]+):([^\n]*(?:\n[ \t][^\n]*)*)\n").match
_BLANK_LINE = re.compile(rb"\n[ \t]+\n")
_CONTROL = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]")

_GAP = rb"[ \t]*(?:\n[ \t]+)?"
_TOKEN = rb"[!#$%&'*+.0-9A-Z^_`a-z{|}~-]+"
_KIND = re.compile(rb"%b(%b/%b)" % (_GAP, _TOKEN, _TOKEN)).match
_PARAMETER = re.compile(
    rb'%b;%b(%b)=(?:"([ !#-\[\]-~]*)"|(%b))'
    % (_GAP, _GAP, _TOKEN.replace(b"'*+", b"+"), _TOKEN)  # neither ' nor *: RFC 2231's
).match
_END = re.compile(_GAP).fullmatch
_WORD = re.compile(rb"[ \t]*(%b)" % _TOKEN).fullmatch  # with a blank behind, Python's email errs
_VERSION = re.compile(rb"%b1\.0(?:[ \t]+\([ -~]*\))?%b" % (_GAP, _GAP)).fullmatch


class Content(NamedTuple):
    """A Content-Type: the type in small letters, its parameters by name in small letters."""

    kind: str
    parameters: dict[str, str]


def fields(head: bytes, where: str) -> Fields:
    """The fields of a head, each line LF-ended; where: whose, for the text of a MimeError."""
    if head.startswith((b" ", b"\t")) or _BLANK_LINE.search(b"\n" + head):
        raise MimeError(f"{where}: a header line of blanks alone")
    if _CONTROL.search(head):
        raise MimeError(f"{where}: a control character in a header")
    found = []
    at = 0
    while field := _FIELD(head, at):
        found.append((field[1].decode("ascii").lower(), field[2]))
        at = field.end()
    if at < len(head):
        line = head[at : at + 60].partition(b"\n")[0].decode("ascii", "backslashreplace")
        raise MimeError(f"{where}: {line!r} is no header field; right would be `Name: value`")
    return tuple(found)


def only(found: Fields, name: str, where: str) -> bytes | None:
    """The value of a field that may stand once, None where it does not; MimeError."""
    values = [value for one, value in found if one == name]
    if len(values) > 1:
        raise MimeError(f"{where}: {len(values)} headers `{name}`; one is right")
    return values[0] if values else None


def content(found: Fields, known: Mapping[str, Set[str]], right: str, where: str) -> Content:
    """The Content-Type; MimeError where it is not one of those known, with known parameters.

    known: names of parameters by type. Without the field it is text/plain (RFC 2045, 5.2). right:
    what would be right, for the text of the error.
    """
    value = only(found, "content-type", where)
    if value is None:
        value = b" text/plain"
    begin = _KIND(value)
    kind = begin[1].decode().lower() if begin else ""
    if begin is None or kind not in known:
        raise MimeError(f"{where}: `Content-Type:{_shown(value)}`; right is {right}")
    parameters: dict[str, str] = {}
    at = begin.end()
    while one := _PARAMETER(value, at):
        name = one[1].decode().lower()
        if name in parameters:
            raise MimeError(f"{where}: the parameter `{name}` of Content-Type is there twice")
        parameters[name] = (one[3] or one[2] or b"").decode()
        at = one.end()
    other = [name for name in parameters if name not in known[kind]]
    if other or b"=?" in value or not _END(value, at):
        names = ", ".join(sorted(known[kind]))
        raise MimeError(f"{where}: `Content-Type:{_shown(value)}`; right is {kind} with {names}")
    return Content(kind, parameters)


def encoding(found: Fields, known: Set[str], where: str) -> str:
    """The Content-Transfer-Encoding in small letters, 7bit where there is none; MimeError."""
    value = only(found, "content-transfer-encoding", where)
    word = _WORD(value) if value is not None else None
    name = word[1].decode().lower() if word else "7bit" if value is None else ""
    if name not in known:
        right = ", ".join(sorted(known))
        raise MimeError(
            f"{where}: `Content-Transfer-Encoding:{_shown(value or b'')}`; right is one of {right}"
        )
    return name


def check_version(found: Fields, where: str) -> None:
    """MimeError unless `MIME-Version: 1.0` stands there once (Apple's adds a comment)."""
    value = only(found, "mime-version", where)
    if value is None or not _VERSION(value):
        raise MimeError(f"{where}: `MIME-Version: 1.0` should stand there, once")


def _shown(value: bytes) -> str:
    return value.replace(b"\n", b"")[:80].decode("utf-8", "replace")
