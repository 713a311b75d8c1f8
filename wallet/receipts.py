"""Receipts: reading them, checking them, keeping them (ARCHIVE, Receipt).

A receipt holds the stamp of an entry, the path from it to a tree head, and the notary's seal that
signs the head. It proves that the entry stands, whatever becomes of the archive; so it counts only
if it was checked, and two that contradict each other are both kept.
"""

import hashlib
import re
from pathlib import Path
from typing import NamedTuple

from pit.archives.cut import canonical
from pit.archives.disk import io_failure, write_atomic
from pit.archives.entry import NOTARY, STAMP
from pit.archives.errors import Damaged, PitError
from pit.archives.language import parse
from pit.archives.merkle import leaf, root_from_path
from pit.archives.words import CORE
from pit.pits.home import Home
from pit.pits.keyring import Keyring
from pit.pits.openpgp import Certificate, read_signature, split, verify
from pit.pits.reading import entries_of

__all__ = ["Receipt", "check", "keep", "notary_of", "read_receipt"]

_STEP = re.compile(r"([LR]) ([0-9a-f]{64})")


class Receipt(NamedTuple):
    """What a receipt says.

    pit, number: which entry. stamp: its six lines. fingerprint: its signer's key. text: the signed
    text, '' where the receipt shortens it. path: from the stamp to the tree head. seal: the mail of
    the notary that signs it.
    """

    pit: str
    number: int
    stamp: bytes
    fingerprint: str
    text: str
    path: list[tuple[str, bytes]]
    seal: bytes


def read_receipt(body: bytes) -> Receipt:
    """Read the body of a receipt; Damaged, saying what is missing, where it is none."""
    before, _, rest = body.partition(b"\n== stamp\n")
    stamp, _, rest = rest.partition(b"== path\n")
    path, _, seal = rest.partition(b"== seal\n")
    found, sealing = STAMP.fullmatch(stamp), STAMP.match(seal)
    if found is None or sealing is None:
        raise Damaged("no receipt: there should be `== stamp`, `== path`, `== seal`")
    steps = [_STEP.fullmatch(line) for line in path.decode("ascii", "replace").splitlines()]
    if not all(steps):
        raise Damaged("no receipt: a line of the path should be L or R and 64 hex digits")
    quoted = re.findall(r"^> ?(.*)\n", before.decode("utf-8", "replace"), re.MULTILINE)
    text = "".join(f"{line}\n" for line in quoted)
    shown = hashlib.sha256(canonical(text.encode())).hexdigest() == found[7].decode()
    return Receipt(
        pit=found[1].decode(),
        number=int(found[2]),
        stamp=stamp,
        fingerprint=found[5].decode(),
        text=text if shown else "",
        path=[(step[1], bytes.fromhex(step[2])) for step in steps if step],
        seal=seal[sealing.end() :],
    )


def notary_of(home: Home, pit: str) -> Certificate:
    """The notary's certificate, as the pit's charter enrolled it; NoInput without an archive."""
    keys = Keyring()
    keys.step(parse(next(entries_of(home, pit)).text, CORE))
    return keys.of(NOTARY)


def check(receipt: Receipt, notary: Certificate, fingerprint: str) -> str:
    """Why a receipt proves nothing, as a sentence; '' when it proves an entry of that key."""
    if receipt.fingerprint != fingerprint:
        return f"it is for an entry of the key {receipt.fingerprint}; yours is {fingerprint}"
    try:
        block = split(receipt.seal.partition(b"\n\n")[2])
        verify(block.text, read_signature(block.armor, block.hash), notary)
        text = parse(block.text.decode(), CORE)
        (seal,) = text.directives
        entries, root = seal.args[0], seal.keys["root"]
    except (PitError, ValueError, LookupError) as error:
        return f"its seal is not the notary's: {error}"
    if text.pit != receipt.pit or entries < receipt.number:
        return f"its seal is of {entries} entries of {text.pit}"
    if root_from_path(leaf(receipt.stamp), receipt.path).hex() != root:
        return "its path does not lead from the stamp to the root that the notary sealed"
    return ""


def keep(folder: Path, receipt: Receipt, body: bytes) -> tuple[Path, str]:
    """Keep a checked receipt as PIT/NUMBER.txt; where it is, and what it contradicts ('' for none).

    A receipt for another stamp of the same number is kept beside the first: the two together prove
    that the notary has written two histories.
    """
    path = folder / receipt.pit / f"{receipt.number}.txt"
    with io_failure(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        before = path.read_bytes() if path.exists() else None
    if before is None:
        write_atomic(path, body)
        return path, ""
    if b"\n== stamp\n" + receipt.stamp + b"== path\n" in before:
        return path, ""
    digest = hashlib.sha256(receipt.stamp).hexdigest()
    other = path.with_name(f"{receipt.number}.{digest[:16]}.txt")
    write_atomic(other, body)
    return other, (
        f"{path} and {other} are receipts for two different stamps of entry {receipt.number}: "
        "together they prove that the notary has written two histories; keep both, show both"
    )
