"""What was promised in a pit, and whether it is kept: receipts, stamps, roots, and every byte.

As the checker, it shares no line with the product.
"""

import re
from hashlib import sha256
from typing import NamedTuple

from tests.faults.checker import ENTRY, SEAL, STAMP, Standing, demand


class Receipt(NamedTuple):
    """What a receipt promises: the entry's stamp, and the root of that size, sealed."""

    number: int
    stamp: bytes
    size: int
    root: str
    seal: bytes


def receipt(mail: bytes) -> Receipt | None:
    """A receipt, checked with nothing but itself (the signature apart); None for other mail."""
    named = re.search(rb"(?m)^Pit-Reply: receipt \S+ (\d+)$", mail)
    if not named:
        return None
    stamps = [found[0] for found in re.finditer(STAMP, mail)]
    demand(len(stamps) == 2, f"a receipt of {len(stamps)} stamps")
    stamp, seal = stamps
    said = SEAL.search(mail, mail.index(seal))
    demand(said is not None, "a receipt without a seal")
    at = sha256(b"\0" + stamp).digest()
    for side, other in re.findall(rb"(?m)^([LR]) ([0-9a-f]{64})$", mail):
        pair = (bytes.fromhex(other.decode()), at)
        at = sha256(b"\1" + b"".join(pair if side == b"L" else pair[::-1])).digest()
    demand(at.hex() == said[2].decode(), "a receipt whose path does not lead to its root")
    number = int(ENTRY.match(stamp)[2])
    demand(number == int(named[1]), f"a receipt of {named[1]!r} with the stamp of {number}")
    demand(int(ENTRY.match(seal)[2]) == int(said[1]) + 1, "a seal that is not entry N+1")
    return Receipt(number, stamp, int(said[1]), at.hex(), seal)


class Memory:
    """Everything that was ever promised in one pit, whatever became of the disk since.

    stamps by number, roots by size, the receipts seen, and the longest archive that stood.
    """

    def __init__(self) -> None:
        self.stamps: dict[int, bytes] = {}
        self.roots: dict[int, str] = {}
        self.receipts: dict[bytes, Receipt] = {}
        self.data = b""

    def copy(self) -> "Memory":
        """The same, to go on from here."""
        made = Memory()
        made.stamps, made.roots = dict(self.stamps), dict(self.roots)
        made.receipts, made.data = dict(self.receipts), self.data
        return made

    def observe(self, now: Standing, mails: list[bytes], *, written: bool = True) -> None:
        """Hold it against the past: nothing gone, nothing changed, nothing said twice otherwise.

        mails: all replies on disk. written: what lies beyond the mark, or is about to, counts as
        said too; a power cut alone may undo it.
        """
        demand(now.data.startswith(self.data), "the archive is no extension of what stood before")
        self.data = now.data
        for one in [*now.items, *(now.coming + now.tail if written else [])]:
            self._stamp(one.number, one.stamp)
        for size, root in now.roots.items():
            self._root(size, root)
        for mail in mails:
            if mail not in self.receipts and (found := receipt(mail)):
                self.receipts[mail] = found
                self._stamp(found.number, found.stamp)
                self._stamp(found.size + 1, found.seal)
                self._root(found.size, found.root)
        for found in self.receipts.values():
            stands = [one for one in now.items if one.number == found.number]
            demand(
                [one.stamp for one in stands] == [found.stamp],
                f"entry {found.number} was receipted; it stands {len(stands)} times",
            )

    def _stamp(self, number: int, stamp: bytes) -> None:
        before = self.stamps.setdefault(number, stamp)
        demand(before == stamp, f"entry {number} has two stamps:\n{before!r}\n{stamp!r}")

    def _root(self, size: int, root: str) -> None:
        before = self.roots.setdefault(size, root)
        demand(before == root, f"size {size} has two roots: {before} {root}")
