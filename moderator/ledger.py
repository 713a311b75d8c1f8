"""What the notary knows: a fold over its own archive, checked entry by entry.

Beside the pit and its keys these are the tree over all stamps, the seals that stand, and every
instruction that was decided. The pit is in memory; whatever grows with the archive is in an index
(moderator.index), on disk or not. What is said about it is what stands or what the batch at hand
adds to that.
"""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from pit.archives import mbox
from pit.archives.disk import io_failure
from pit.archives.entry import NO_STAMP, NOTARY, Stamp, read_entry
from pit.archives.errors import Damaged, NoInput
from pit.archives.extent import chunks
from pit.archives.fields import show_time
from pit.archives.language import LanguageError, Text, parse_directives, show
from pit.archives.mbox import Entry
from pit.archives.offsets import offset_of
from pit.archives.segment import first_entry, list_segments
from pit.archives.verbs import Directive
from pit.moderator.facts import Facts, Unsound
from pit.moderator.index import Index, new_index
from pit.pits import dump
from pit.pits.keyring import Keyring, Signer
from pit.pits.state import Pit

__all__ = [
    "SAVED_EVERY",
    "Instruction",
    "Ledger",
    "Outcome",
    "files_of",
    "read_ledger",
    "read_on",
]

SAVED_EVERY = 20_000
"""After so many entries the index is saved, so that what is in memory stays bounded."""

Files = dict[int, tuple[int, int, int]]
"""Size, mtime (ns) and inode of each segment's file, by its first entry: they change with it."""


class Instruction(NamedTuple):
    """What makes a mail the instruction that it is (ARCHIVE, Entry), whatever its other bytes.

    The signer's primary fingerprint, the signature's time '2026-11-20T12:50:19Z', sha256 hex of the
    signed text.
    """

    fingerprint: str
    signed: str
    text: str

    def key(self) -> bytes:
        """Its key among the facts: by time, so that new ones lie side by side."""
        digest = sha256(f"{self.fingerprint} {self.text}".encode()).digest()
        return b"i" + self.signed.encode() + digest[:16]


class Outcome(NamedTuple):
    """What became of an instruction: the entry that it is, or that records why it was refused.

    entry: 0 for a refusal that the batch at hand will record. code: '' where it was not refused.
    """

    entry: int
    code: str = ""


class Ledger:
    """The state after the entries added so far.

    number, time, prev: of the last one, prev being its stamp's digest. sealed_at: the time of the
    last seal. tree: over all stamps; saved_root: its root (hex) when the index was saved. files:
    those that were read, see `files_of`. Any look-up may raise Unsound.
    """

    def __init__(self, folder: Path, name: str, index: Index) -> None:
        self.folder, self.name, self.index = folder, name, index
        self.number, self.time, self.prev = 0, "", NO_STAMP
        self.pit = Pit(name)
        self.sealed_at, self.saved_root = "", ""
        self.files: Files = {}
        self.tree, self._facts = index.tree, index.facts
        self.keys = Keyring(_Enrolled(index.facts))
        self._saved = 0

    def add(self, entry: Entry, stamp: Stamp, lines: bytes, text: Text | None = None) -> None:
        """Take the next entry in; Damaged, naming it, where it does not follow.

        lines: the stamp's. text: what the entry says, where that has been parsed.
        """
        here = f"entry {stamp.number}"
        if (stamp.pit, stamp.number, stamp.prev) != (self.name, self.number + 1, self.prev):
            raise Damaged(
                f"{here} of {stamp.pit}, after stamp {stamp.prev}; right would be entry "
                f"{self.number + 1} of {self.name} after {self.prev}"
            )
        text = self.pit.take(entry, text)
        if self.pit.open:
            raise Damaged(f"{here} is no charter; an archive begins with one")
        try:
            self.keys.take(text, Signer(stamp.signer, stamp.fingerprint, stamp.number, stamp.time))
        except Damaged as error:
            raise Damaged(f"{here}: {error}") from None
        this = Instruction(stamp.fingerprint, stamp.signed, stamp.text)
        self.decide(this, Outcome(stamp.number))
        if stamp.signer == NOTARY:
            for directive in text.directives:
                self._notarial(directive, stamp)
        else:
            self._members(text, stamp)
        self.pit.settle()
        self.number, self.time, self.prev = stamp.number, stamp.time, sha256(lines).hexdigest()
        self.tree.append(sha256(b"\0" + lines).digest())

    def _members(self, text: Text, stamp: Stamp) -> None:
        for directive in text.directives:
            if directive.verb == "report":
                self._facts.put(_report(stamp.signer, *directive.args), b"%d" % stamp.number)
            if "until" in directive.keys:
                self._facts.put(b"until " + directive.keys["until"].encode(), b"")

    def _notarial(self, directive: Directive, stamp: Stamp) -> None:
        if directive.verb == "refused":
            fingerprint, signed, text, code = directive.args
            refused = Instruction(fingerprint, show_time(signed), text)
            self.decide(refused, Outcome(stamp.number, code))
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
        self._facts.put(b"seal %015d" % size, root.encode())
        self.sealed_at = stamp.time

    def decide(self, instruction: Instruction, outcome: Outcome) -> None:
        """Note what became of an instruction."""
        entry, code = outcome
        self._facts.put(instruction.key(), f"{entry} {code}".rstrip().encode())

    def decided(self, instruction: Instruction) -> Outcome | None:
        """What became of an instruction; None for one that is new."""
        found = self._facts.get(instruction.key())
        if found is None:
            return None
        entry, _, code = found.decode().partition(" ")
        return Outcome(int(entry), code)

    def seal_root(self, size: int) -> str | None:
        """The root (hex) of the seal over `size` entries; None if there is no such seal."""
        found = self._facts.get(b"seal %015d" % size)
        return found.decode() if found else None

    def seal_over(self, number: int) -> int:
        """N of the first seal over entry `number`; NoInput if there is none yet."""
        found = self._facts.after(b"seal %015d" % (number - 1))
        if not found.startswith(b"seal "):
            if number <= self.pit.seal[0]:
                raise Unsound(f"the seal over entry {number} is not in the index")
            raise NoInput(f"entry {number} of {self.name} is not sealed yet")
        return int(found[5:])

    def report(self, signer: str, name: str, number: int) -> int:
        """The entry of a signer's report that stands, by the filter's name and its number."""
        found = self._facts.get(_report(signer, name, number))
        if found is None:
            raise Unsound(f"{signer}'s report {name} {number} stands and is not in the index")
        return int(found)

    @property
    def next_until(self) -> str:
        """The earliest `until:` that no seal has passed; '' for none."""
        found = self._facts.after(b"until " + self.sealed_at.encode())
        return found[6:].decode() if found.startswith(b"until ") else ""

    @property
    def unsaved(self) -> int:
        """How many entries the index lacks."""
        return self.number - self._saved

    @property
    def sealed(self) -> bool:
        """Whether the last entry is a seal: then the index can be saved."""
        return self.number > 0 and self.pit.seal[0] == self.number - 1

    def save(self, least: int = 1) -> None:
        """Save the index if at least so many entries are new; what it is like says `Index`."""
        if self.unsaved < least:
            return
        state = {
            "pit": self.name,
            "prev": self.prev,
            "sealed_at": self.sealed_at,
            "root": self.tree.root(self.number).hex(),
            "files": [[first, *about] for first, about in self.files.items()],
            "fold": "".join(show(one, dump.WHOLE) for one in dump.dump_whole(self.pit)),
        }
        self.index.save(json.dumps(state))
        self._saved = self.number

    @classmethod
    def load(cls, folder: Path, name: str, index: Index) -> "Ledger":
        """The ledger that an index was saved with; Unsound if it is another pit's."""
        ledger = cls(folder, name, index)
        try:
            state: dict[str, Any] = json.loads(index.state)
            fold = parse_directives(state["fold"], dump.WHOLE).directives
            dump.load(ledger.pit, fold)
            files = {first: (size, time, node) for first, size, time, node in state["files"]}
        except (LanguageError, KeyError, ValueError, TypeError) as error:
            raise Unsound(f"its state cannot be read ({error})") from None
        if state["pit"] != name:
            raise Unsound(f"it is of the pit {state['pit']}")
        ledger.number, ledger.time = ledger.pit.entry, ledger.pit.time
        ledger.prev, ledger.sealed_at = state["prev"], state["sealed_at"]
        ledger.saved_root = state["root"]
        ledger.files, ledger._saved = files, ledger.number
        return ledger


class _Enrolled:
    """The keyring's book among the facts."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts

    def get(self, name: str, /) -> str | None:
        found = self._facts.get(b"key " + name.encode())
        return None if found is None else found.decode()

    def __setitem__(self, name: str, value: str, /) -> None:
        self._facts.put(b"key " + name.encode(), value.encode())


def _report(signer: str, name: str, number: int) -> bytes:
    return f"report {name} {signer} {number}".encode()


def read_ledger(folder: Path, name: str) -> Ledger:
    """The ledger of an archive, all in memory; as `read_on`."""
    ledger = Ledger(folder, name, new_index(None))
    read_on(ledger)
    return ledger


def read_on(ledger: Ledger) -> None:
    """Add the entries that a ledger lacks, none if nothing more stands; save it now and then.

    Every stamp, link, mail hash, number, time and root is checked, and Damaged raised where
    anything is wrong; signatures are the audit's.
    """
    ledger.files |= files_of(ledger.folder, max(ledger.files, default=1))
    start = offset_of(ledger.folder, ledger.name, ledger.number + 1) if ledger.number else 0
    if start < 0:
        return
    for entry in mbox.entries(chunks(ledger.folder, ledger.name, start)):
        stamp, _ = read_entry(entry.raw)
        ledger.add(entry, stamp, stamp.lines())
        if ledger.sealed:
            ledger.save(SAVED_EVERY)


def files_of(folder: Path, first: int = 1) -> Files:
    """The files of an archive's segments, from the one that begins with entry `first` on."""
    found = {}
    with io_failure(folder):
        for path in list_segments(folder):
            if first_entry(path.name) >= first:
                about = path.stat()
                found[first_entry(path.name)] = (about.st_size, about.st_mtime_ns, about.st_ino)
    return found
