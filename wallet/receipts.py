"""Receipts: reading them, checking them, keeping them (ARCHIVE, Receipt).

A receipt is the proof that an entry stands, whatever becomes of the archive; so it counts only if
it was checked, and two that contradict each other are both kept.
"""

import hashlib
import re
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from pit.archives.access import make_folder
from pit.archives.cut import canonical
from pit.archives.disk import io_failure, write_atomic
from pit.archives.errors import Damaged
from pit.archives.proof import Inclusion, read_proofs
from pit.pits import proofs
from pit.pits.home import Home
from pit.pits.proofs import Notary, notary_in
from pit.pits.reading import pit_id
from pit.pits.sources import passed_here

__all__ = ["Receipt", "check", "keep", "notary_of", "read_receipt"]


class Receipt(NamedTuple):
    """What a receipt says.

    pit, number: which entry. fingerprint: its signer's key. text: the signed text, '' where the
    receipt shortens it. proof: that it stands.
    """

    pit: str
    number: int
    fingerprint: str
    text: str
    proof: Inclusion


def read_receipt(body: bytes) -> Receipt:
    """Read the body of a receipt; Damaged, saying what is missing, where it is none."""
    found = read_proofs(body)
    if len(found) != 1 or not isinstance(found[0], Inclusion):
        raise Damaged("no receipt: there should be `== stamp`, `== path`, `== seal`, once each")
    pit, number, told = proofs.entry_of(found[0].stamp)
    before = body.replace(b"\r\n", b"\n").partition(b"\n== stamp\n")[0] + b"\n"
    quoted = re.findall(r"^> ?(.*)\n", before.decode("utf-8", "replace"), re.MULTILINE)
    text = "".join(f"{line}\n" for line in quoted)
    shown = hashlib.sha256(canonical(text.encode())).hexdigest() == told.text
    fingerprint = told.signer.split(" ")[1]
    return Receipt(pit, number, fingerprint, text if shown else "", found[0])


def notary_of(home: Home, pit: str) -> Notary:
    """The notary, with all the keys that the archive here knows of; NoInput without one."""
    charter, keys = passed_here(home, pit)
    return notary_in(charter, pit_id(home, pit), keys)


def check(receipt: Receipt, notary: Notary, mine: Collection[str]) -> str:
    """Why a receipt proves nothing, as a sentence; '' when it proves an entry of one's own keys."""
    if receipt.fingerprint not in mine:
        yours = " or ".join(sorted(mine))
        return f"it is for an entry of the key {receipt.fingerprint}; yours is {yours}"
    try:
        proofs.check(receipt.proof, notary)
    except Damaged as error:
        return str(error)
    return ""


def keep(folder: Path, receipt: Receipt, body: bytes) -> tuple[Path, str]:
    """Keep a checked receipt as PIT/NUMBER.txt; where it is, and what it contradicts ('' for none).

    A receipt for another stamp of the same number is kept beside the first: the two together prove
    that the notary has written two histories.
    """
    path = folder / receipt.pit / f"{receipt.number}.txt"
    with io_failure(path):
        make_folder(path.parent)
        before = path.read_bytes() if path.exists() else None
    if before is None:
        write_atomic(path, body)
        return path, ""
    if b"\n== stamp\n" + receipt.proof.stamp + b"== path\n" in before:
        return path, ""
    digest = hashlib.sha256(receipt.proof.stamp).hexdigest()
    other = path.with_name(f"{receipt.number}.{digest[:16]}.txt")
    write_atomic(other, body)
    return other, (
        f"{path} and {other} are receipts for two different stamps of entry {receipt.number}: "
        "together they prove that the notary has written two histories; keep both, show both "
        "(pit fraud makes one file of them)"
    )
