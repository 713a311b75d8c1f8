"""How the notary's key passes on: the entries that say so, from the charter to the key of today.

Each is signed by who may change it, with a key that the charter, or an entry before, enrols: the
operator's `rekey notary`, and what changes the operator's own key. So the pit's id is enough to
know every key that the notary ever had. What only the archive tells is that nothing was left out:
whoever has a key that was replaced since can still show seals of it, and no later entry.
"""

import hashlib
import re
from collections.abc import Iterable
from typing import NamedTuple

from pit.archives.entry import NOTARY, STAMP, unquote
from pit.archives.errors import Damaged, PitError
from pit.archives.language import parse
from pit.archives.mbox import Entry
from pit.archives.words import CORE
from pit.pits.keyring import Keyring, Signer
from pit.pits.openpgp import Certificate, read_signature, verify
from pit.pits.signed import signed

__all__ = ["Term", "handed_over", "in_raw", "number_of", "passes", "terms"]


class Term(NamedTuple):
    """A certificate with which the notary signs what stands after entry `since`."""

    since: int
    certificate: Certificate


_PASSES = re.compile(r"^(?:rekey (?:operator|notary) |confirm operator$)", re.MULTILINE)
# What an archive's bytes show of such an entry, if it is not encoded.
_HINT = re.compile(rb"\nrekey (?:operator|notary) |multipart/signed", re.IGNORECASE)
_LONGEST = 64  # bytes of a hint


def passes(text: str) -> bool:
    """Whether an entry's text may change the notary's key, or the operator's."""
    return ("rekey " in text or "confirm " in text) and _PASSES.search(text) is not None


def in_raw(data: Iterable[bytes]) -> bool:
    """Whether an archive may have such an entry, as far as its bytes tell: quick, and never wrongly
    no.
    """
    rest = b""
    for chunk in data:
        if _HINT.search(rest + chunk):
            return True
        rest = chunk[-_LONGEST:]
    return False


def handed_over(entry: Entry) -> bytes:
    """An entry as a proof carries it: without its `From_` line, which mail programs change."""
    return entry.raw.partition(b"\n")[2].rstrip(b"\n") + b"\n"


def number_of(passed: bytes) -> int:
    """The number in the stamp of an entry as `handed_over` has it; Damaged where there is none."""
    found = STAMP.match(passed)
    if found is None:
        raise Damaged("below `== key` should stand an entry, which begins with six stamp lines")
    return int(found[2])


def terms(charter: str, entries: Iterable[bytes]) -> tuple[Term, ...]:
    """Which certificate the notary has had since when; Damaged.

    charter: its text. entries: as `handed_over` has them, in order; each must be signed by whom the
    ones before say. That their numbers are true, the archive tells.
    """
    keys = Keyring()
    try:
        text = parse(charter, CORE)
        keys.step(text)
        found = [Term(0, keys.of(NOTARY))]
    except PitError as error:
        raise Damaged(f"the charter: {error}") from None
    id = hashlib.sha256(charter.encode()).hexdigest()
    last = 1
    for passed in entries:
        number = number_of(passed)
        if number <= last:
            raise Damaged(f"entry {number}, which passes a key on, stands behind entry {last}")
        last = number
        try:
            _step(passed, keys, (text.pit, id))
        except PitError as error:
            raise Damaged(f"entry {number}, which passes a key on: {error}") from None
        now = keys.of(NOTARY)
        if now is not found[-1].certificate:
            found.append(Term(number, now))
    return tuple(found)


def _step(passed: bytes, keys: Keyring, pit: tuple[str, str]) -> None:
    """Verify an entry by the keys above it, and step over it; PitError."""
    stamp = STAMP.match(passed)
    assert stamp is not None  # it has a number
    name, number, time, handle, fingerprint, when, digest = (
        stamp[group].decode() for group in range(1, 8)
    )
    block = signed(unquote(passed[stamp.end() :]))
    if hashlib.sha256(block.text).hexdigest() != digest:
        raise Damaged(f"Pit-Text is {digest}; that is not the text that was signed")
    signature = read_signature(block.armor, block.hash)
    text = parse(block.text.decode("utf-8", "surrogateescape"), CORE)
    if (name, text.pit) != (pit[0], pit[0]) or text.id not in ("", pit[1][:16]):
        raise Damaged(f"it is for the pit {text.pit}, id {text.id or 'not said'}")
    if signature.created_text != when:
        raise Damaged(f"Pit-Signer says signed at {when}; it was at {signature.created_text}")
    cert = keys.take(text, Signer(handle, fingerprint, int(number), time))
    if cert.expires and cert.expires[:19] <= time[:19]:
        raise Damaged(f"the key of {handle} had expired at {cert.expires}")
    verify(block.text, signature, cert, block.octets)
