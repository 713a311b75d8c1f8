"""The stream: entries, drafts and checkpoints as mbox messages, read in one pass.

Reading is a hot path (millions of entries), so an entry of the usual shape, a clearsigned mail, is
cut out by one regular expression, its text checked against Pit-Text, and everything else left for
whoever asks (`Entry.raw`); so is an open stream's that is a stamp and a bare text. All others, and
all that are wrong, take the long way, which says what is wrong. Both read the same (a test compares
them).
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import partial
from typing import NamedTuple

from pit.archives.cut import cut_body, cut_text
from pit.archives.errors import Damaged

MAX_MESSAGE = 64 << 20
"""Bytes of one message: a mail has at most 1 MiB; a checkpoint is the longest there is."""


class Entry(NamedTuple):
    """An entry as filters read it: its text is the one that the notary verified.

    fingerprint is '' and raw may lack stamp lines in an open stream.
    """

    pit: str
    number: int
    time: str
    signer: str
    fingerprint: str
    text: str
    raw: bytes


_make_entry = partial(tuple.__new__, Entry)  # half the cost of a call of the class


class Draft(NamedTuple):
    """A report not yet standing: report `number` of `filter` that `signer` owes ('-': anybody)."""

    filter: str
    signer: str
    number: int
    text: str


class Checkpoint(NamedTuple):
    """The state of `filter` after entry `number`, whose tree head is `root` ('-': open stream)."""

    filter: str
    number: int
    root: str
    text: str


Message = Entry | Draft | Checkpoint

_NAME = rb"[a-z][a-z0-9-]{0,31}"
_USUAL = re.compile(  # what is loose here (names, fingerprint, day) is looked at once, in `_Names`
    r"From [^\n]+\n"
    r"Pit-Entry: ([^ \n]+) ([1-9][0-9]{0,14})\n"
    r"Pit-Time: (([^\n]{13}):[0-5][0-9]:[0-5][0-9]\.[0-9]{6}Z)\n"
    r"Pit-Signer: ([^ \n]+)"
    r"(?:"
    r" ([^\n]{40}) [^\n]*\nPit-Text: ([^\n]{64})\n"
    r"(?:[^\n]+\n)*+"
    r"\n-----BEGIN PGP SIGNED MESSAGE-----\n(?:[^\n]+\n)*+"
    r"\n((?:[^\n-][^\n]*\n)++)"
    r"-----BEGIN PGP SIGNATURE-----\n(?:[^\n]+\n)*+"
    r"\n(?!From )(?:[^\n]+\n)++"
    r"|\n\n((?:[^\n>-][^\n]*+(?<![ \t\r])\n)++)"  # an open stream's: nothing to undo
    r")\n(?=From |\Z)"
).finditer
_ENTRY = re.compile(
    rb"From [^\n]+\nPit-Entry: (%b) ([1-9][0-9]{0,14})\n"
    rb"Pit-Time: ([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2})(:[0-5][0-9]:[0-5][0-9]\.[0-9]{6}Z)\n"
    rb"Pit-Signer: (%b)(?: ([0-9A-F]{40})(?: [^\n]*)?)?\n"
    rb"(?:Pit-Text: ([0-9a-f]{64})\n)?" % (_NAME, _NAME)
).match
_DRAFT = re.compile(
    rb"From [^\n]+\nPit-Draft: (%b) (%b|-) ([1-9][0-9]{0,14})\n\n" % (_NAME, _NAME)
).match
_CHECKPOINT = re.compile(
    rb"From [^\n]+\nPit-Checkpoint: (%b) (0|[1-9][0-9]{0,14}) ([0-9a-f]{64}|-)\n\n" % _NAME
).match
_CHARTER = re.compile(r"(?:(?:#.*|  .*|)\n|pit .*\n)*charter ").match
_OPENING = b"\n\n-----BEGIN PGP SIGNED MESSAGE-----\n"
_CLOSING = b"\n-----BEGIN PGP SIGNATURE-----\n"
_NEXT = b"\n\nFrom "


class _Names(dict[str, str]):
    """Words that repeat, each made and checked once; ValueError where it is not as it should be."""

    def __init__(self, pattern: str) -> None:
        self._right = re.compile(pattern).fullmatch

    def __missing__(self, name: str) -> str:
        self.check(name)
        if len(self) > 100_000:
            self.clear()
        self[name] = name
        return name

    def check(self, name: str) -> None:
        """ValueError where it is not as it should be."""
        if not self._right(name):
            raise ValueError(name)


class _Hours(_Names):
    """`2026-11-20T12`; the calendar must have such a day, and the day such an hour."""

    def check(self, name: str) -> None:
        super().check(name)
        year, month, day, hour = map(int, re.split("[-T]", name))
        datetime(year, month, day, hour)


_NAMES = _Names(_NAME.decode())
_KEYS = _Names("[0-9A-F]{40}")
_HOURS = _Hours("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}")


def read(chunks: Iterable[bytes]) -> Iterator[Message]:
    """The messages of a stream, in order.

    chunks: its bytes, cut anywhere. Raises Damaged, naming the entry, where a message is malformed
    or an entry's text is not the one that was verified: only in an open stream (FILTERS) may an
    entry lack its Pit-Text.
    """
    pending = bytearray()
    opened: bool | None = None
    for chunk in chunks:
        if len(pending) > MAX_MESSAGE:
            raise Damaged(f"a message longer than {MAX_MESSAGE} bytes: {_start(bytes(pending))}")
        searched = max(0, len(pending) - len(_NEXT))
        pending += chunk
        end = pending.rfind(_NEXT, searched) + 2
        if end > 1:
            with memoryview(pending) as view:
                buffer = bytes(view[:end])
            del pending[:end]
            opened = _opens(buffer) if opened is None else opened
            yield from _messages(buffer, opened)
    if pending:
        buffer = bytes(pending)
        yield from _messages(buffer, _opens(buffer) if opened is None else opened)


def _opens(buffer: bytes) -> bool:
    """Whether the stream that begins so is open: from entry 1, no charter, or a checkpoint's."""
    first = next(_messages(buffer, True))
    if isinstance(first, Checkpoint):
        return first.root == "-"
    return isinstance(first, Entry) and first.number == 1 and not _CHARTER(first.text)


def _messages(buffer: bytes, opened: bool) -> Iterator[Message]:
    sha256 = hashlib.sha256
    names, keys, hours = _NAMES, _KEYS, _HOURS
    position, end = 0, len(buffer)
    for found in _USUAL(buffer.decode("latin-1")):  # a character a byte
        start, stop = found.span()
        while position < start:
            message, position = _message(buffer, position, end, opened)
            yield message
        if position > start:  # it only looked like one
            continue
        pit, number, time, hour, signer, key, digest, text, bare = found.groups()
        if bare:
            key, text, octets, right = "", bare, bare.encode("latin-1"), opened
        else:
            octets = text.encode("latin-1")
            right = sha256(octets).hexdigest() == digest
        if not right:
            continue
        try:
            hours[hour]
            pit, signer, key = names[pit], names[signer], key and keys[key]
            if not text.isascii():
                text = octets.decode()
        except ValueError:
            continue
        yield _make_entry((pit, int(number), time, signer, key, text, buffer[start:stop]))
        position = stop
    while position < end:
        message, position = _message(buffer, position, end, opened)
        yield message


def _message(buffer: bytes, position: int, end: int, opened: bool) -> tuple[Message, int]:
    """The message at a position, of whatever shape, and where it ends."""
    found = _ENTRY(buffer, position)
    if found is None:
        return _other(buffer, position, end)
    pit, number, hour, clock, signer, fingerprint, digest = found.groups()
    after = found.end() - 1
    # The header ends at the first empty line; there, mostly, the signed block begins.
    start = buffer.find(b"\n\n", after)
    close = after
    text = b""
    if digest is not None and buffer.startswith(_OPENING, start):
        start = buffer.find(b"\n\n", start + 2) + 2
        close = buffer.find(_CLOSING, start - 1)
        text = buffer[start : close + 1]
        if close < 0 or hashlib.sha256(text).hexdigest() != digest.decode():
            close, text = after, b""
    stop = buffer.find(_NEXT, close) + 2
    if stop < 2:
        stop = end
    if not text:
        text = _careful(buffer[after:stop], number, digest, opened)
    try:
        decoded = text.decode()
        time = _HOURS[hour.decode()] + clock.decode()
    except UnicodeDecodeError as error:
        raise Damaged(f"entry {number.decode()}: its text is not UTF-8 ({error})") from None
    except ValueError:
        raise Damaged(f"entry {number.decode()}: {hour.decode()} is no day and hour") from None
    key = fingerprint.decode() if fingerprint else ""
    raw = buffer[position:stop]
    entry = Entry(pit.decode(), int(number), time, signer.decode(), key, decoded, raw)
    return entry, stop


def _careful(rest: bytes, number: bytes, digest: bytes | None, opened: bool) -> bytes:
    """The text of what a plain scan did not find: quoted, escaped, MIME, or of an open stream."""
    if digest is None and (not opened or rest.startswith(b"\nPit-Text:")):
        raise Damaged(
            f"entry {number.decode()}: its Pit-Text is missing or malformed; only an open stream "
            "may lack it: whole, from entry 1 or from an open checkpoint on, and without a charter"
        )
    if digest is None:
        return cut_body(rest)
    text = cut_text(rest, digest.decode())
    if text is None and opened:  # hashed, but signed by nobody
        body = cut_body(rest)
        text = body if hashlib.sha256(body).hexdigest() == digest.decode() else None
    if text is None:
        raise Damaged(
            f"entry {number.decode()}: its text is not the one that the notary verified: "
            f"no part of the mail has the sha256 in Pit-Text, {digest.decode()}"
        )
    return text


def _other(buffer: bytes, position: int, end: int) -> tuple[Message, int]:
    stop = buffer.find(_NEXT, position) + 2
    if stop < 2:
        stop = end
    draft = _DRAFT(buffer, position)
    checkpoint = _CHECKPOINT(buffer, position)
    found = draft or checkpoint
    if found is None:
        raise Damaged(
            f"{_start(buffer[position:stop])} is no message of a stream; it must begin with a "
            "From_ line and a stamp (Pit-Entry, Pit-Time, …), Pit-Draft or Pit-Checkpoint"
        )
    try:
        body = buffer[found.end() : stop].decode().rstrip("\n")
    except UnicodeDecodeError as error:
        raise Damaged(f"{_start(buffer[position:stop])} is not UTF-8 ({error})") from None
    text = body + "\n" if body else ""
    if draft:
        return Draft(draft[1].decode(), draft[2].decode(), int(draft[3]), text), stop
    assert checkpoint is not None
    name, number, root = (group.decode() for group in checkpoint.groups())
    return Checkpoint(name, int(number), root, text), stop


def _start(data: bytes) -> str:
    return repr(data[:60].decode("ascii", "backslashreplace"))


def entries(chunks: Iterable[bytes]) -> Iterator[Entry]:
    """The entries of a stream of nothing else: an archive."""
    for message in read(chunks):
        if not isinstance(message, Entry):
            raise Damaged("an archive holds entries alone; a draft or a checkpoint stands in it")
        yield message


def copying(chunks: Iterable[bytes], write: Callable[[bytes], object]) -> Iterator[bytes]:
    """The same chunks, each written on as it passes."""
    for chunk in chunks:
        write(chunk)
        yield chunk


def write_draft(draft: Draft, pit: str, date: str) -> bytes:
    """A draft as a message; date: asctime of the last entry."""
    head = f"From {draft.filter}@{pit}.pit {date}\n"
    return (
        f"{head}Pit-Draft: {draft.filter} {draft.signer} {draft.number}\n\n{draft.text}\n".encode()
    )


def write_checkpoint(checkpoint: Checkpoint, pit: str, date: str) -> bytes:
    """A checkpoint as a message; date: asctime of the last entry."""
    name, number, root, text = checkpoint
    return (
        f"From {name}@{pit}.pit {date}\nPit-Checkpoint: {name} {number} {root}\n\n{text}\n".encode()
    )
