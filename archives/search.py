"""Searching an archive: what is searched of an entry, and which entries a query finds.

mairix is not given the archive but a plain text of each entry (`Fields`): its headers, its body
without the signature's armor, and the signed text where that stands encoded. The archive itself
would mislead it. It reads to the end of a file, past the last seal. It follows MIME, and whoever
writes a mail chooses that: a wrong encoding hides the mail's own words, a part without an end takes
the following entries in (mbox.c, "coalesce"). A NUL ends what it sees of a mail. And it would index
the armor's base64, each word of it a new one.
"""

import bisect
import contextlib
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

from pit.archives.entry import unquote
from pit.archives.mailbox import Archive, stamp_of
from pit.archives.mairix import ask, with_index
from pit.archives.mbox import Entry
from pit.archives.query import KEYS, Literal, Query, fold

__all__ = ["Fields", "fields", "find", "update"]

_CONTINUED = re.compile(rb"\n[ \t]+")
_HEADER = re.compile(rb"(?im)^(from|to|cc|subject|message-id):[ \t]*(.*)$")
_ARMOR = re.compile(r"(?ms)^-----BEGIN PGP SIGNATURE-----$.*?^-----END PGP SIGNATURE-----$")


class Fields(NamedTuple):
    """What is searched of an entry, folded (`query.fold`), headers in one line.

    sender: who signed, with the key's fingerprint, and what the mail says in From; a mail may say
    anything there. body: the mail's, then the signed text if it does not stand in that as it is.
    """

    sender: str
    to: str
    cc: str
    subject: str
    message_id: str
    body: str


def fields(entry: Entry) -> Fields:
    """What is searched of an entry."""
    mail = unquote(entry.raw[stamp_of(entry).end() : -1])
    head, _, rest = mail.partition(b"\n\n")
    said: dict[bytes, list[str]] = {}
    for name, value in _HEADER.findall(_CONTINUED.sub(b" ", head)):
        said.setdefault(name.lower(), []).append(_decoded(value.decode(errors="replace")))
    signer = f"{entry.signer} {entry.fingerprint}"
    headers = [", ".join([signer, *said.get(b"from", [])])]
    for name in (b"to", b"cc", b"subject", b"message-id"):
        headers.append(", ".join(said.get(name, [])))
    body = _ARMOR.sub("", rest.decode(errors="replace"))
    if entry.text not in body:
        body += "\n" + entry.text
    lines = fold("\n".join(" ".join(header.split()) for header in headers)).split("\n")
    return Fields._make([*lines, fold(body)])


def _decoded(value: str) -> str:
    """A header's value with its encoded words (RFC 2047) as text, where they make sense."""
    if "=?" not in value:
        return value
    from email.errors import MessageError
    from email.header import decode_header, make_header

    try:
        return str(make_header(decode_header(value)))
    except (LookupError, TypeError, ValueError, MessageError):
        return value


def message(entry: Entry) -> bytes:
    """An entry as mairix reads it: folded, so that no line of it begins with `From `."""
    found = fields(entry)
    names = ("from", "to", "cc", "subject", "message-id")
    lines = [f"{name}: {value}\n" for name, value in zip(names, found, strict=False) if value]
    head = "".join(lines).replace("=?", "= ?")  # so that mairix decodes nothing a second time
    return f"{head}\n{found.body}\n\n".encode(errors="replace")


def update(
    folder: Path,
    pit: str,
    index: Path,
    anew: bool = False,
    told: Callable[[int], object] = lambda entries: None,
) -> int:
    """Bring the index of an archive up to its last seal: how many entries it has.

    Arguments and errors: those of `mairix.with_index`.
    """
    return with_index(folder, pit, index, message, lambda state: state.entries, anew, told)


def find(
    folder: Path,
    pit: str,
    query: Query,
    index: Path,
    anew: bool = False,
    told: Callable[[int], object] = lambda entries: None,
) -> list[int]:
    """The numbers of the entries that a query finds, ascending, none past the last seal.

    Arguments and errors: those of `mairix.with_index`, which brings the index up to date first.
    """

    def use(entries: int) -> list[int]:
        with contextlib.closing(Archive(folder, pit)) as archive:
            return _found(archive, entries, query, lambda words: ask(index, words))

    return with_index(folder, pit, index, message, lambda state: use(state.entries), anew, told)


def _found(
    archive: Archive, entries: int, query: Query, asked: Callable[[Sequence[str]], Iterable[int]]
) -> list[int]:
    days = _days(archive, entries, query.first, query.last)
    numbers = list(days)
    if query.words:
        numbers = [number for number in asked(query.words) if number in days]
    for term in query.terms:
        held: set[int] = set()
        for branch in term:
            candidates: Iterable[int] = numbers
            if branch.asked:
                named = set(asked([*query.words, branch.asked]))
                candidates = (number for number in numbers if number in named)
            for number in candidates:
                if number in held:
                    continue
                if not branch.literals or _holds(archive.peek(number), branch.literals):
                    held.add(number)
        numbers = sorted(held)
    for least, most in query.sizes:
        sizes = ((number, int(stamp_of(archive.peek(number))[8])) for number in numbers)
        numbers = [number for number, size in sizes if least <= size and (size <= most or most < 0)]
    return numbers


def _days(archive: Archive, entries: int, first: date | None, last: date | None) -> range:
    """The entries of those days: times only increase, so they are found by halving."""

    def day(number: int) -> str:
        return archive.peek(number).time[:10]

    standing = range(1, entries + 1)
    start = bisect.bisect_left(standing, first.isoformat(), key=day) if first else 0
    end = bisect.bisect_right(standing, last.isoformat(), key=day) if last else entries
    return standing[start:end]


def _holds(entry: Entry, literals: Iterable[Literal]) -> bool:
    found = fields(entry)
    by_key = {key: getattr(found, name) for key, name in KEYS.items()}
    return all(literal.holds(by_key) for literal in literals)
