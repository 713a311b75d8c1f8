"""What the notary knows: a fold over its own archive, checked entry by entry.

Beside the pit and its keys these are the tree over all stamps, the seals that stand, every
instruction that was decided, and where each entry lies, so that a receipt can be written anew.
"""

import bisect
import heapq
from array import array
from pathlib import Path
from typing import NamedTuple

from pit.archives import mbox
from pit.archives.entry import NO_STAMP, NOTARY, Stamp, read_entry
from pit.archives.errors import Damaged, NoInput
from pit.archives.extent import chunks
from pit.archives.fields import show_time
from pit.archives.language import Text
from pit.archives.mbox import Entry
from pit.archives.merkle import leaf
from pit.archives.verbs import Directive
from pit.moderator.tree import Tree
from pit.pits.keyring import Keyring
from pit.pits.state import Pit

__all__ = ["Instruction", "Ledger", "read_ledger"]


class Instruction(NamedTuple):
    """What makes a mail the instruction that it is (ARCHIVE, Entry), whatever its other bytes.

    The signer's primary fingerprint, the signature's time '2026-11-20T12:50:19Z', sha256 hex of the
    signed text.
    """

    fingerprint: str
    signed: str
    text: str


class Ledger:
    """The state after the entries added so far.

    number, time, prev: of the last one, prev being its stamp's digest. seen: what became of an
    instruction, its entry or the code that refused it. seals: root by N. reports: the entry of a
    filter's, signer's, K-th report.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.number, self.time, self.prev = 0, "", NO_STAMP
        self.pit = Pit(name)
        self.keys = Keyring()
        self.tree = Tree()
        self.seen: dict[Instruction, int | str] = {}
        self.seals: dict[int, str] = {}
        self.reports: dict[tuple[str, str, int], int] = {}
        self.sealed_at = ""
        self._sealed: list[int] = []
        self._until: list[str] = []
        self._offsets = array("Q", [0])

    def add(self, entry: Entry, stamp: Stamp) -> None:
        """Take the next entry in; Damaged, naming it, where it does not follow."""
        here = f"entry {stamp.number}"
        if (stamp.pit, stamp.number, stamp.prev) != (self.name, self.number + 1, self.prev):
            raise Damaged(
                f"{here} of {stamp.pit}, after stamp {stamp.prev}; right would be entry "
                f"{self.number + 1} of {self.name} after {self.prev}"
            )
        text = self.pit.take(entry)
        if self.pit.open:
            raise Damaged(f"{here} is no charter; an archive begins with one")
        self.keys.step(text)
        found = self.keys.by_key(stamp.fingerprint)
        if not found or (found[0], found[1].fingerprint) != (stamp.signer, stamp.fingerprint):
            raise Damaged(f"{here}: the key {stamp.fingerprint} is not the one of {stamp.signer}")
        self.seen[Instruction(stamp.fingerprint, stamp.signed, stamp.text)] = stamp.number
        if stamp.signer == NOTARY:
            for directive in text.directives:
                self._notarial(directive, stamp)
        else:
            self._members(text, stamp)
        self.pit.settle()
        self.number, self.time, self.prev = stamp.number, stamp.time, stamp.digest()
        self.tree.append(leaf(stamp.lines()))
        self._offsets.append(self._offsets[-1] + len(entry.raw))

    def _members(self, text: Text, stamp: Stamp) -> None:
        for directive in text.directives:
            if directive.verb == "report":
                filter_name, number = directive.args
                self.reports[filter_name, stamp.signer, number] = stamp.number
            if "until" in directive.keys:
                heapq.heappush(self._until, directive.keys["until"])

    def _notarial(self, directive: Directive, stamp: Stamp) -> None:
        if directive.verb == "refused":
            fingerprint, signed, text, code = directive.args
            self.seen[Instruction(fingerprint, show_time(signed), text)] = code
        elif directive.verb == "seal":
            self._seal(directive, stamp)

    def _seal(self, directive: Directive, stamp: Stamp) -> None:
        size, root = directive.args[0], directive.keys["root"]
        right = (stamp.number - 1, self.tree.root(self.number).hex(), stamp.time)
        if (size, root, directive.keys["time"]) != right:
            raise Damaged(
                f"entry {stamp.number}: seal {size}, root {root}, time {directive.keys['time']}; "
                f"right would be seal {right[0]}, root {right[1]}, time {right[2]}"
            )
        self.seals[size] = root
        self._sealed.append(size)
        self.sealed_at = stamp.time
        while self._until and self._until[0] <= stamp.time:
            heapq.heappop(self._until)

    @property
    def next_until(self) -> str:
        """The earliest `until:` that no seal has passed; '' for none."""
        return self._until[0] if self._until else ""

    def seal_over(self, number: int) -> int:
        """N of the first seal over entry `number`; NoInput if there is none yet."""
        at = bisect.bisect_left(self._sealed, number)
        if at == len(self._sealed):
            raise NoInput(f"entry {number} of {self.name} is not sealed yet")
        return self._sealed[at]

    def raw(self, folder: Path, number: int) -> bytes:
        """Entry `number` as it stands in the archive's folder."""
        start, end = self._offsets[number - 1], self._offsets[number]
        return next(chunks(folder, self.name, start, end - start))


def read_ledger(folder: Path, name: str) -> Ledger:
    """The ledger of an archive, empty if nothing stands there; Damaged where anything is wrong.

    Every stamp, link, mail hash, number, time and root is checked; signatures are the audit's.
    """
    ledger = Ledger(name)
    for entry in mbox.entries(chunks(folder, name)):
        stamp, _ = read_entry(entry.raw)
        ledger.add(entry, stamp)
    return ledger
