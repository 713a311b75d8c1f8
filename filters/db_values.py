"""Values of the archive as SQLite keeps them, and the row of an entry."""

import binascii
import json
import re
from collections.abc import Mapping
from typing import Any

from pit.archives.amounts import decimal, plain
from pit.archives.entry import STAMP
from pit.archives.fields import read_time
from pit.archives.language import Text
from pit.archives.mbox import Entry

Value = int | str | None
Number = tuple[Value, str]
"""An amount in its smallest unit, and as a person reads it."""

_SUBJECT = re.compile(rb"^[Ss][Uu][Bb][Jj][Ee][Cc][Tt]:(.*(?:\n[ \t].*)*)", re.MULTILINE).search
_WORD = re.compile(
    r"=\?(utf-8|us-ascii|iso-8859-\d{1,2}|windows-125\d)\?([bq])\?([!->@-~]*)\?=", re.IGNORECASE
)
_BETWEEN = re.compile(rf"(?<=\?=)[ \t]+(?={_WORD.pattern})", re.IGNORECASE)
_LONGEST = 998  # characters that a line of mail may have (RFC 5322, 2.1.1)


def exact(amount: int) -> Value:
    """An integer; past 64 bits, which SQLite would round, a text that says so.

    >>> exact(1250), exact(10**20)
    (1250, '100000000000000000000 (past 64 bits)')
    """
    return amount if -(2**63) <= amount < 2**63 else f"{amount} (past 64 bits)"


def number(amount: int, decimals: int) -> Number:
    """An amount of 10**-decimals.

    >>> number(-1250, 2)
    (-1250, '-12.50')
    """
    return exact(amount), plain(decimal(amount, decimals))


_encode = json.JSONEncoder(ensure_ascii=False, default=plain).encode


def as_json(values: Mapping[str, Any]) -> str:
    """An object: numbers of the language as strings, which no reader rounds; counts as numbers."""
    return _encode(dict(values))


def entry_row(entry: Entry, text: Text) -> tuple[Value, ...]:
    """An entry in the columns of `entries`, as it stands; nothing is verified here."""
    head = entry.raw.find(b"\n") + 1
    found = STAMP.match(entry.raw, head)
    stamp: tuple[Value, ...] = (None,) * 5
    if found:
        head = found.end()
        signed, digest, length, mail, prev = (found[i].decode() for i in (6, 7, 8, 9, 10))
        stamp = _time(signed), digest, int(length), mail, prev
    return (
        entry.number,
        entry.time,
        entry.signer,
        entry.fingerprint or None,
        *stamp,
        text.after[0] if text.after else None,
        subject(entry.raw[head:]),
        entry.text,
    )


def _time(text: str) -> str:
    """A time in the form of Pit-Time, so that all times compare; one that is none as it stands."""
    try:
        return read_time(text)
    except ValueError:
        return text


def subject(mail: bytes) -> str | None:
    """A mail's subject, unfolded and decoded where it can be; None where it has none."""
    found = _SUBJECT(mail, 0, mail.find(b"\n\n") + 1)
    if found is None:
        return None
    text = found[1].replace(b"\n", b"").decode(errors="replace").strip(" \t")
    if "=?" not in text or len(text) > _LONGEST:
        return text
    return _WORD.sub(_decoded, _BETWEEN.sub("", text))


def _decoded(word: re.Match[str]) -> str:
    """An encoded word of RFC 2047 decoded; as it stands where it cannot be."""
    charset, encoding, data = word.groups()
    try:
        if encoding in "bB":
            found = binascii.a2b_base64(data, strict_mode=True)
        else:
            found = binascii.a2b_qp(data, header=True)
        return found.decode(charset, "replace")
    except (LookupError, ValueError):
        return word[0]
