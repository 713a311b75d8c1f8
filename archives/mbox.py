"""The stream: entries, drafts and checkpoints as mbox messages, read in one pass.

Reading is a hot path (millions of entries), so a message is cut out with a few searches for bytes,
its text checked against Pit-Text, and everything else left for whoever asks (`Entry.raw`).
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
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

_ENTRY = re.compile(
    rb"From [^\n]+\nPit-Entry: ([a-z][a-z0-9-]*) ([1-9][0-9]*)\nPit-Time: ([0-9T:.-]{26}Z)\n"
    rb"Pit-Signer: ([a-z][a-z0-9-]*)(?: ([0-9A-F]{40})(?: [^\n]*)?)?\n"
    rb"(?:Pit-Text: ([0-9a-f]{64})\n)?"
).match
_DRAFT = re.compile(
    rb"From [^\n]+\nPit-Draft: ([a-z][a-z0-9-]*) ([a-z][a-z0-9-]*|-) ([1-9][0-9]*)\n\n"
).match
_CHECKPOINT = re.compile(
    rb"From [^\n]+\nPit-Checkpoint: ([a-z][a-z0-9-]*) (0|[1-9][0-9]*) ([0-9a-f]{64}|-)\n\n"
).match
_OPENING = b"\n\n-----BEGIN PGP SIGNED MESSAGE-----\n"
_CLOSING = b"\n-----BEGIN PGP SIGNATURE-----\n"
_NEXT = b"\n\nFrom "


class _Names(dict[bytes, str]):
    """Handles and fingerprints as text: they repeat, and each is made once."""

    def __missing__(self, name: bytes) -> str:
        if len(self) > 100_000:
            self.clear()
        text = self[name] = name.decode()
        return text


_NAMES = _Names()


def read(chunks: Iterable[bytes]) -> Iterator[Message]:
    """The messages of a stream, in order.

    chunks: its bytes, cut anywhere. Raises Damaged, naming the entry, where a message is malformed
    or an entry's text is not the one that was verified.
    """
    buffer = b""
    for chunk in chunks:
        if len(buffer) > MAX_MESSAGE:
            raise Damaged(f"a message longer than {MAX_MESSAGE} bytes: {_start(buffer)}")
        buffer += chunk
        end = buffer.rfind(_NEXT) + 2
        if end > 1:
            yield from _messages(buffer, end)
            buffer = buffer[end:]
    if buffer:
        yield from _messages(buffer, len(buffer))


def _messages(buffer: bytes, end: int) -> Iterator[Message]:
    sha256 = hashlib.sha256
    find = buffer.find
    names = _NAMES
    position = 0
    while position < end:
        found = _ENTRY(buffer, position)
        if found is None:
            message, position = _other(buffer, position, end)
            yield message
            continue
        pit, number, time, signer, fingerprint, digest = found.groups()
        stop = find(_NEXT, found.end() - 1) + 2
        if stop < 2:
            stop = end
        start = find(_OPENING, found.end() - 1, stop) + 2
        start = find(b"\n\n", start, stop) + 2
        text = buffer[start : find(_CLOSING, start - 1, stop) + 1]
        if digest is None or sha256(text).hexdigest() != digest.decode():
            text = _careful(buffer[found.end() : stop], number, digest)
        try:
            decoded = text.decode()
        except UnicodeDecodeError as error:
            raise Damaged(f"entry {number.decode()}: its text is not UTF-8 ({error})") from None
        yield Entry(
            names[pit],
            int(number),
            time.decode(),
            names[signer],
            names[fingerprint] if fingerprint else "",
            decoded,
            buffer[position:stop],
        )
        position = stop


def _careful(rest: bytes, number: bytes, digest: bytes | None) -> bytes:
    """The text of what a plain scan did not find: quoted, escaped, MIME, or of an open stream."""
    if digest is None:
        return cut_body(rest)
    text = cut_text(rest, digest.decode())
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
