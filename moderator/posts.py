"""What goes out to the list: posts, each a pure function of the entries in it.

A post is From: the pit itself (forwarding in a sender's name fails SPF, DKIM and DMARC), shows each
entry's instruction and stamp as readable text, and carries each mail byte for byte as a base64
attachment, `original.eml`: the one form that survives Mailman for every mail (headers alone and
message/rfc822 lose `From ` lines, blanks in headers, 8-bit). Nothing of a sender's own headers is
copied into it. A seal rides in the post of what it seals; seals of an idle pit ride in front of the
next one. So what posts there are depends on the archive alone.
"""

import base64
import hashlib
import quopri
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pit.archives.entry import NOTARY, OPERATOR, Stamp, asctime, read_entry
from pit.archives.mbox import Entry
from pit.pits.display import printable
from pit.pits.signing import subject_of

__all__ = ["BATCH", "EACH", "Post", "is_seal", "posts", "ruled"]

EACH, BATCH = "each", "batch"
"""`rule post`: a post for each entry, or one for each batch that the notary sealed."""

MAX_POST = 1 << 20
"""Bytes that a post of several entries has at most."""

_SLACK = 4096  # of these, for headers and the seal, which never goes without what it seals
_SHOWN = 400  # lines of an instruction, of 900 characters; all of it is attached
_RULE = re.compile(rf"^rule post ({EACH}|{BATCH})$", re.MULTILINE)
_UNSAFE = re.compile(r"[^ -~]|=(?=\?)")
_NOTE = """\
The mails as they came are attached, byte for byte. To check one: save it, and with its signer's key
in your keyring, gpg --verify original.eml; one signed as PGP/MIME: open it in a mail program that
checks signatures. Each stamp says the sha256 of its mail in Pit-Mail.
"""


class Post(NamedTuple):
    """A mail to the list.

    first, last: its entries' numbers. stamp: the last one's, sha256 in hex. mail: 7-bit, LF.
    """

    first: int
    last: int
    stamp: str
    mail: bytes


class _Part(NamedTuple):
    """An entry as a post shows and carries it."""

    entry: Entry
    stamp: Stamp
    readable: str
    attached: bytes

    @property
    def size(self) -> int:
        """Bytes in a post, at most: of readable text that is not ASCII, three for each byte."""
        return len(self.attached) + 3 * len(self.readable.encode()) + 300


def is_seal(entry: Entry) -> bool:
    """Whether an entry is a seal: the notary's, over all entries above it."""
    return entry.signer == NOTARY and f"\nseal {entry.number - 1}\n" in entry.text


def ruled(entry: Entry, rule: str) -> str:
    """`rule post` after an entry, where it was `rule` before. (A directive begins its line.)"""
    found = _RULE.findall(entry.text) if entry.signer == OPERATOR else []
    return found[-1] if found else rule


def posts(entries: Iterable[Entry], address: str, rule: str = EACH) -> Iterator[tuple[Post, str]]:
    """The posts of a run of entries, each with `rule post` after it.

    entries: as they stand, from one that begins a post on; they end with a seal. rule: in force at
    the first. address: the list's. Seals at the end that seal nothing new are left for the next.
    Damaged where an entry is not whole.
    """
    group: list[_Part] = []
    force = rule
    for entry in entries:
        part, seal = _part(entry), is_seal(entry)
        if not seal and _full(group, part, force):
            yield _post(group, address), rule
            group, force = [], rule
        group.append(part)
        rule = ruled(entry, rule)
        if seal and not _only_seals(group):
            yield _post(group, address), rule
            group, force = [], rule


def _only_seals(group: list[_Part]) -> bool:
    return all(is_seal(part.entry) for part in group)


def _full(group: list[_Part], part: _Part, rule: str) -> bool:
    """Whether a post ends before a part that is no seal."""
    if _only_seals(group):
        return False
    if rule == EACH:
        return True
    return sum(one.size for one in group) + part.size > MAX_POST - _SLACK


def _post(parts: list[_Part], address: str) -> Post:
    """The post of these entries."""
    first, last = parts[0].stamp, parts[-1].stamp
    pit, said = first.pit, [one for one in parts if not is_seal(one.entry)] or parts
    numbers = f"{first.number}" + (f"-{last.number}" if len(parts) > 1 else "")
    which = f"{said[0].stamp.number}" + (f"-{said[-1].stamp.number}" if len(said) > 1 else "")
    boundary = f"pit-{hashlib.sha256(first.lines()).hexdigest()[:32]}"
    week, month, day, clock, year = asctime(said[0].stamp.time).split()
    more = f" (and {len(said) - 1} more)" if len(said) > 1 else ""
    subject = f"{pit} {which} {said[0].stamp.signer}: {subject_of(said[0].entry.text)}{more}"
    head = (
        f"From: {pit} <{address}>\n"
        f"To: {address}\n"
        f"Subject: {_UNSAFE.sub('_', subject.replace('…', '...'))}\n"
        f"Date: {week}, {day:0>2} {month} {year} {clock} +0000\n"
        f"Message-ID: <pit.{pit}.{numbers}@{address.partition('@')[2]}>\n"
        f"List-Id: <{address.replace('@', '.')}>\n"
        "Auto-Submitted: auto-generated\n"
        f"Pit-Post: {pit} {numbers}\n"
        "MIME-Version: 1.0\n"
        f'Content-Type: multipart/mixed; boundary="{boundary}"\n\n'
    )
    shown = "\n".join(one.readable for one in parts) + "\n" + _NOTE
    pieces = [_text(shown), *(_attachment(_name(one, said), one.attached) for one in parts)]
    body = b"".join(f"--{boundary}\n".encode() + piece for piece in pieces)
    data = head.encode() + body + f"--{boundary}--\n".encode()
    return Post(first.number, last.number, last.digest(), data)


def _name(part: _Part, said: list[_Part]) -> str:
    """The file's name for an attached mail."""
    if len(said) == 1 and part is said[0]:
        return "original.eml"
    return f"{'seal-' if is_seal(part.entry) else ''}{part.stamp.number}.eml"


def _part(entry: Entry) -> _Part:
    stamp, mail = read_entry(entry.raw)
    head = f"{stamp.pit} {stamp.number}, {stamp.signer}, {stamp.time}"
    lines = entry.text.removesuffix("\n").split("\n")
    shown = [f"    {printable(line)[:900]}".rstrip() for line in lines[:_SHOWN]]
    more = len(lines) - _SHOWN
    text = "\n".join(shown) + (f"\n    ... {more} more lines, attached" if more > 0 else "")
    readable = f"{head}\n\n{text}\n\n{stamp.lines().decode()}"
    return _Part(entry, stamp, readable, base64.encodebytes(mail))


def _text(text: str) -> bytes:
    """Readable text as a part of its own, 7-bit whatever it says."""
    data, encoding = text.encode(), "7bit"
    if not data.isascii():
        data = quopri.encodestring(data).replace(b"\nFrom ", b"\n=46rom ")
        encoding = "quoted-printable"
    return (
        "Content-Type: text/plain; charset=utf-8\n"
        f"Content-Transfer-Encoding: {encoding}\n"
        "Content-Disposition: inline\n\n"
    ).encode() + data


def _attachment(name: str, encoded: bytes) -> bytes:
    return (
        f'Content-Type: application/octet-stream; name="{name}"\n'
        "Content-Transfer-Encoding: base64\n"
        f'Content-Disposition: attachment; filename="{name}"\n\n'
    ).encode() + encoded
