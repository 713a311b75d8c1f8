"""Join requests: a mail that proves that whoever asks for admission has the key he comes with.

Signed, by the key that is attached, is a text with these lines, in any order, once each; what else
it says is for people:

    pit: acme
    id: 4f72443ffd17…
    handle: alice
    mail: alice@example.org
    fingerprint: 13EB118BFA807CD3A68C5AD8F10E309DAB89221E

Clearsigned, or PGP/MIME (RFC 3156); the key armoured, in an attachment or below. `pit join` writes
one; any mail program with OpenPGP can. It is no instruction: no pit takes it into its archive.
"""

import email
import email.policy
import re
import sys
import time
from datetime import UTC, datetime
from email.message import EmailMessage, Message
from email.utils import format_datetime
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from pit.archives.errors import NoInput, PitError, UsageError
from pit.archives.fields import ADDRESS, HANDLE
from pit.pits.gnupg import KeyHome
from pit.pits.home import Settings
from pit.pits.identity import Identity
from pit.pits.openpgp import Certificate, certificate, read_signature, split, verify

__all__ = ["Request", "check_for", "key_blocks", "make", "read"]

LONGEST = 1 << 20
"""Bytes of a mail; a pit takes no longer ones either."""

_PARTS = 20
_AHEAD = 300  # seconds that a clock may be wrong
_KEY = "PUBLIC KEY BLOCK", "PUBLIC KEY BLOCK"
_CLEARSIGNED = "SIGNED MESSAGE", "SIGNATURE"
_SIGNATURE = "SIGNATURE", "SIGNATURE"
_HEADERS = re.compile(r"(\A[^\n]*\n)(?:(?:Version|Comment): [^\n]*\n)+")
_SECRET = b"-----BEGIN PGP PRIVATE KEY BLOCK-----"
_FIELDS = {
    "pit": (HANDLE, "a pit's name"),
    "id": ("[0-9a-f]{64}", "a pit's id, 64 hex digits"),
    "handle": (HANDLE, "a handle: a-z, then up to 31 of a-z, 0-9 and -"),
    "mail": (ADDRESS, "a mail address"),
    "fingerprint": ("[0-9A-F]{40}", "a fingerprint, 40 hex digits"),
}


class Request(NamedTuple):
    """What is asked for, signed with the key in `key` at `signed` ('2026-11-20T12:50:19Z')."""

    pit: str
    id: str
    handle: str
    mail: str
    key: Certificate
    signed: str


def key_blocks(text: str) -> list[str]:
    """The armoured public keys in a text."""
    return [text[start:end] for start, end in _spans(text, _KEY)]


def _spans(text: str, kind: tuple[str, str]) -> list[tuple[int, int]]:
    """Where armour stands in a text: from a BEGIN line of that kind to the next such END line."""
    begin, end = (
        re.compile(rf"^-----{word} PGP {what}-----$", re.MULTILINE)
        for word, what in zip(("BEGIN", "END"), kind, strict=True)
    )
    found = []
    first = begin.search(text)
    while first and (last := end.search(text, first.end())):
        found.append((first.start(), last.end()))
        first = begin.search(text, last.end())
    return found


# --- making ---------------------------------------------------------------------------------------


def make(keys: KeyHome, me: Identity, settings: Settings, to: str) -> bytes:
    """A request to be admitted to a pit, as a mail with LF line ends. to: the operator's address.

    UsageError for an address that cannot stand in a header.
    """
    text = (
        f"I ask to be admitted to the pit {settings.name}. My key is attached.\n\n"
        f"pit: {settings.name}\nid: {settings.id}\nhandle: {me.handle}\nmail: {me.mail}\n"
        f"fingerprint: {me.fingerprint}\n\n"
        "To the operator: compare the fingerprint with me, over the telephone say. Then keep this\n"
        "mail in a file, and: pit admit --request FILE\n"
    )
    message = EmailMessage(email.policy.SMTP.clone(linesep="\n"))
    try:
        message["From"], message["To"] = me.sender, to
    except (ValueError, IndexError) as error:
        raise UsageError(f"{me.sender!r} to {to!r}: {error}") from None
    message["Subject"] = f"join {settings.name} as {me.handle}"
    message["Date"] = format_datetime(datetime.now(UTC))
    block = keys.clearsign(text, me.fingerprint)
    message["Message-ID"] = f"<{sha256(block.encode()).hexdigest()[:32]}@{me.mail.split('@')[1]}>"
    message.set_content(block, cte="7bit")
    message.add_attachment(
        keys.export(me.fingerprint).encode(),
        maintype="application",
        subtype="pgp-keys",
        cte="7bit",
        filename=f"{me.handle}.asc",
    )
    return message.as_bytes()


# --- reading --------------------------------------------------------------------------------------


def read(path: Path) -> Request:
    """Read a request (`-`: stdin) and prove it; PitError, saying what is wrong, where it is none.

    It holds where one key is attached, whole and fit to sign, and the text that says which pit, who
    and which key is signed by it.
    """
    try:
        if str(path) == "-":
            data = sys.stdin.buffer.read(LONGEST + 1)
        else:
            with path.open("rb") as file:
                data = file.read(LONGEST + 1)
    except OSError as error:
        raise NoInput(f"{path}: {error.strerror}") from None
    try:
        return _read(data.replace(b"\r\n", b"\n"))
    except PitError as error:
        raise type(error)(f"{path}: {error}") from None


def _read(data: bytes) -> Request:
    if len(data) > LONGEST:
        raise PitError(f"longer than {LONGEST} bytes; a request with its key is a few thousand")
    if data.lower().count(b"content-type:") > _PARTS:
        raise PitError(f"more than {_PARTS} parts; right are a signed text and a key")
    message = email.message_from_bytes(data, policy=email.policy.compat32)
    parts = _leaves(message)
    if _SECRET in data or any(_SECRET in part for part in parts):
        raise PitError(
            "it has a secret key in it, which now others have read: its owner makes a new one, and "
            "sends the public key alone (pit key show, gpg --armor --export)"
        )
    blocks = [block for part in parts for block in key_blocks(_text(part))]
    if len(blocks) != 1:
        raise PitError(f"{len(blocks)} armoured public keys in it; right is one, the signer's own")
    key = certificate(blocks[0])
    _check_key(key)
    text, created = _signed(data, message, parts, key)
    said = _said(text)
    _check(said, key, created)
    when = f"{datetime.fromtimestamp(created, UTC):%Y-%m-%dT%H:%M:%SZ}"
    return Request(said["pit"], said["id"], said["handle"], said["mail"], key, when)


def _leaves(message: "Message[str, str]") -> list[bytes]:
    """The texts and keys in a mail, decoded, with LF line ends."""
    found = []
    for part in message.walk():
        kind = part.get_content_type()
        if not part.is_multipart() and kind.split("/")[0] in ("text", "application"):
            payload = part.get_payload(decode=True)
            if isinstance(payload, bytes) and kind != "application/pgp-signature":
                found.append(payload.replace(b"\r\n", b"\n"))
    return found


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _signed(
    data: bytes, message: "Message[str, str]", parts: list[bytes], key: Certificate
) -> tuple[str, int]:
    """The text that the key has signed, and when (Unix seconds); PitError where there is none."""
    blocks = [
        text[start:end] for text in map(_text, parts) for start, end in _spans(text, _CLEARSIGNED)
    ]
    whole = message.get_content_type() == "multipart/signed"
    if len(blocks) + whole != 1:
        raise PitError(f"{len(blocks) + whole} signed texts in it; right is one")
    if blocks:
        cut = split(f"{blocks[0]}\n".encode())
        signature = read_signature(cut.armor, cut.hash)
        verify(cut.text, signature, key)
        return cut.text.decode("utf-8", "replace"), signature.created
    part, armor = _pgp_mime(data, message)
    signature = read_signature(armor)
    verify(b"", signature, key, part.replace(b"\n", b"\r\n"))
    inside = email.message_from_bytes(part, policy=email.policy.compat32)
    return "\n".join(_without_keys(_text(leaf)) for leaf in _leaves(inside)), signature.created


def _without_keys(text: str) -> str:
    for start, end in reversed(_spans(text, _KEY)):
        text = text[:start] + text[end:]
    return text


def _pgp_mime(data: bytes, message: "Message[str, str]") -> tuple[bytes, bytes]:
    """The signed part of a multipart/signed, byte for byte, and the armoured signature."""
    boundary = str(message.get_boundary("")).encode("ascii", "replace")
    pieces = data.split(b"\n--" + boundary) if boundary else []
    below = _text(pieces[2]) if len(pieces) == 4 else ""
    found = _spans(below, _SIGNATURE)
    if len(found) != 1 or not pieces[1].startswith(b"\n") or not pieces[3].startswith(b"--"):
        raise PitError("its multipart/signed is not of two parts, a text and a signature")
    armor = _HEADERS.sub(r"\1", below[slice(*found[0])])
    return pieces[1][1:], f"{armor}\n".encode()


def _said(text: str) -> dict[str, str]:
    """What the lines of a signed text say; PitError where one is missing, twice, or none."""
    pairs = (line.strip(" \t").partition(":") for line in text.split("\n"))
    lines = [(name, value.strip(" \t")) for name, _, value in pairs if name in _FIELDS]
    said = dict(lines)
    if len(lines) != len(said) or said.keys() != _FIELDS.keys():
        wrong = sorted(name for name in _FIELDS if [line[0] for line in lines].count(name) != 1)
        raise PitError(
            f"its signed text should say once each, in a line: {', '.join(_FIELDS)}; wrong is "
            f"{', '.join(wrong)}"
        )
    said["fingerprint"] = re.sub("[ \t]", "", said["fingerprint"]).upper().removeprefix("0X")
    for name, (pattern, right) in _FIELDS.items():
        if not re.fullmatch(pattern, said[name]):
            raise PitError(f"`{name}: {said[name][:80]}` is not {right}")
    return said


def _check_key(key: Certificate) -> None:
    """PitError for a key that signs no more."""
    if key.revoked:
        raise PitError(f"the key {key.fingerprint} is revoked")
    if key.expires and key.expires <= f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}":
        raise PitError(f"the key {key.fingerprint} expired at {key.expires}")


def _check(said: dict[str, str], key: Certificate, created: int) -> None:
    """PitError unless the key is the one that is named, and has the address."""
    if said["fingerprint"] != key.fingerprint:
        raise PitError(f"it speaks of the key {said['fingerprint']}; attached is {key.fingerprint}")
    if said["mail"].lower() not in [address.lower() for address in key.addresses]:
        there = ", ".join(key.addresses) or "none"
        raise PitError(f"{said['mail']} is no address in the key's user ids; there: {there}")
    if created > time.time() + _AHEAD:
        raise PitError("it is signed in the future; look at the clocks")


def check_for(request: Request, pit: str, id: str) -> None:
    """PitError unless a request is for this pit. id: 64 hex digits."""
    if (request.pit, request.id) != (pit, id):
        raise PitError(
            f"the request is for the pit {request.pit}, id {request.id}; this is {pit}, id {id}"
        )
