"""The entry: a member's mail with the notary's stamp in front (ARCHIVE, Entry).

The stamp is six lines. What it says of the mail (length, hashes) is of the mail as it came, before
the mbox `From ` quoting; the `From_` line above it is derived from it.
"""

import hashlib
import re
from datetime import datetime
from functools import lru_cache, partial
from typing import NamedTuple

from pit.archives.errors import Damaged
from pit.archives.fields import CLOCK

NO_STAMP = "0" * 64
"""What the first entry's Pit-Prev says."""

NOTARY, OPERATOR = "notary", "operator"
"""The two handles that a charter enrols."""


class Stamp(NamedTuple):
    """The six stamp lines.

    pit, number: which entry. time: the notary's, with six decimals. signer: handle, fingerprint of
    the primary key, signed: the signature's creation time. text: sha256 of the signed text. length,
    mail: bytes and sha256 of the mail. prev: sha256 of the previous stamp's lines.
    """

    pit: str
    number: int
    time: str
    signer: str
    fingerprint: str
    signed: str
    text: str
    length: int
    mail: str
    prev: str

    def lines(self) -> bytes:
        """The six lines, LF-ended: what is hashed, and a leaf of the Merkle tree."""
        return (
            f"Pit-Entry: {self.pit} {self.number}\n"
            f"Pit-Time: {self.time}\n"
            f"Pit-Signer: {self.signer} {self.fingerprint} {self.signed}\n"
            f"Pit-Text: {self.text}\n"
            f"Pit-Mail: {self.length} {self.mail}\n"
            f"Pit-Prev: {self.prev}\n"
        ).encode()

    def digest(self) -> str:
        """sha256 of the six lines, as the next entry's Pit-Prev has it."""
        return hashlib.sha256(self.lines()).hexdigest()


_make_stamp = partial(tuple.__new__, Stamp)  # half the cost of a call of the class

STAMP = re.compile(
    rb"Pit-Entry: ([a-z][a-z0-9-]{0,31}) ([1-9][0-9]{0,14})\n"
    rb"Pit-Time: ([0-9]{4}-[0-9]{2}-[0-9]{2}T%b\.[0-9]{6}Z)\n"
    rb"Pit-Signer: ([a-z][a-z0-9-]{0,31}) ([0-9A-F]{40}) ([0-9T:-]{19}Z)\n"
    rb"Pit-Text: ([0-9a-f]{64})\n"
    rb"Pit-Mail: (0|[1-9][0-9]{0,9}) ([0-9a-f]{64})\n"
    rb"Pit-Prev: ([0-9a-f]{64})\n" % CLOCK.encode()
)


def from_line(pit: str, number: int | str, time: str) -> bytes:
    """The `From_` line of an entry: asctime in the C locale, UTC.

    >>> from_line("acme", 4, "2026-11-20T12:50:19.163980Z")
    b'From 4@acme.pit Fri Nov 20 12:50:19 2026\\n'
    """
    return f"From {number}@{pit}.pit {asctime(time)}\n".encode()


def asctime(time: str) -> str:
    """A time of the archive as `From_` lines have it, whatever the locale."""
    return _asctime(time[:19])


@lru_cache(maxsize=1 << 12)
def _asctime(second: str) -> str:
    moment = datetime.fromisoformat(second)
    day = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[moment.weekday()]
    months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    return f"{day} {months[moment.month - 1]} {moment.day:2} {moment:%H:%M:%S} {moment.year}"


_TO_QUOTE = re.compile(rb"^(>*From )", re.MULTILINE)
_QUOTED = re.compile(rb"^>(>*From )", re.MULTILINE)


def quote(mail: bytes) -> bytes:
    """mboxrd quoting: `^>*From ` gains a `>`."""
    return _TO_QUOTE.sub(rb">\1", mail) if b"From " in mail else mail


def unquote(data: bytes) -> bytes:
    """mboxrd quoting undone."""
    return _QUOTED.sub(rb"\1", data) if b"From " in data else data


def write_entry(stamp: Stamp, mail: bytes) -> bytes:
    """The entry as it stands in the archive: `From_` line, stamp, quoted mail, one blank line."""
    return from_line(stamp.pit, stamp.number, stamp.time) + stamp.lines() + _stored(mail)


def _stored(mail: bytes) -> bytes:
    quoted = quote(mail)
    return quoted + (b"\n" if quoted.endswith(b"\n") else b"\n\n")


def read_entry(raw: bytes) -> tuple[Stamp, bytes]:
    """The stamp and the mail of an entry, byte for byte as they came; everything checked.

    raw: the entry as it stands. Raises Damaged where it is not what `write_entry` makes of them.
    """
    start = raw.find(b"\n") + 1
    found = STAMP.match(raw, start)
    if not raw.startswith(b"From ") or found is None:
        raise Damaged(f"{_place(raw)}: the six stamp lines are not in order")
    (_, pit, number, _, time, _, signer, fingerprint, signed, _, text, _, size, digest, _, prev) = (
        found[0].decode().split()
    )
    length = int(size)
    body = found.end()
    mail = unquote(raw[body:-1])
    if len(mail) == length + 1:
        mail = mail[:-1]  # the final newline that the file added
    if len(mail) != length:
        raise Damaged(f"entry {number}: the mail has {len(mail)} bytes; Pit-Mail says {length}")
    if hashlib.sha256(mail).hexdigest() != digest:
        raise Damaged(f"entry {number}: the mail's sha256 is not the one in Pit-Mail")
    try:
        first = from_line(pit, number, time)
    except ValueError as error:
        raise Damaged(f"entry {number}: Pit-Time {time} is not a time") from error
    # The six lines are what they were found to be: only their frame is left to be compared.
    if raw[:start] != first or raw[body:] != _stored(mail):
        raise Damaged(f"entry {number}: the From_ line or the blank line at its end is wrong")
    about = (pit, int(number), time, signer, fingerprint, signed, text, length, digest, prev)
    return _make_stamp(about), mail


def _place(raw: bytes) -> str:
    return f"the entry that begins {raw[:40].decode('ascii', 'backslashreplace')!r}"
