"""A copy of an archive, as far as proofs are made of it: its stamps' tree, its seals, its charter.

Read in one pass; of each entry a hash and an offset are kept. That the stamps are linked and the
seals' roots are theirs is checked here; signatures are the audit's, or `pits.proofs`'s.
"""

import bisect
from array import array
from hashlib import sha256
from pathlib import Path

from pit.archives import mbox
from pit.archives.entry import NO_STAMP, NOTARY, STAMP
from pit.archives.errors import Damaged, NoInput
from pit.archives.extent import chunks
from pit.archives.language import LanguageError, parse
from pit.archives.merkle import Span, leaf
from pit.archives.proof import Consistency, Head, Inclusion, Prefix, Proof, seal_in
from pit.archives.tree import Tree
from pit.archives.words import CORE
from pit.pits.handover import handed_over, number_of, passes
from pit.pits.proofs import Notary, Told, entry_of, notary_in

__all__ = ["Copy", "read_copy"]


class Copy:
    """What stands in a folder, up to its last seal.

    pit, id: which. charter: entry 1's signed text. passed: the entries that pass the notary's key
    on, or the operator's, as `handover` has them. tree: over the stamps. sizes: N of each seal.
    """

    def __init__(self, folder: Path, pit: str) -> None:
        self.folder, self.pit = folder, pit
        self.id = self.charter = ""
        self.passed: list[bytes] = []
        self.tree = Tree()
        self.sizes: list[int] = []
        self._offsets = array("Q", [0])
        self._prev, self._time = NO_STAMP, ""

    def __len__(self) -> int:
        return len(self.tree)

    @property
    def size(self) -> int:
        """N of the last seal: entries that a root is signed over."""
        return self.sizes[-1] if self.sizes else 0

    def notary(self, id: str = "") -> Notary:
        """The notary whose archive it is; Damaged unless the charter has this id ('': its own)."""
        return notary_in(self.charter, id or self.id, self.passed)

    def keys(self, size: int) -> tuple[bytes, ...]:
        """The entries that pass the notary's key on up to the one that signs seal `size`."""
        return tuple(entry for entry in self.passed if number_of(entry) <= size)

    def raw(self, number: int) -> bytes:
        """Entry `number` as it stands; NoInput where it does not."""
        if not 1 <= number <= len(self):
            raise NoInput(f"entry {number} does not stand; this archive ends at {len(self)}")
        start, end = self._offsets[number - 1], self._offsets[number]
        return next(chunks(self.folder, self.pit, start, end - start), b"")

    def stamp(self, number: int) -> bytes:
        """The six stamp lines of an entry; NoInput where it does not stand."""
        found = STAMP.search(self.raw(number))
        if found is None or leaf(found[0]) != self.tree.head(number - 1, number):
            raise Damaged(f"{self.folder}: entry {number} was changed while it was read; try again")
        return found[0]

    def told(self, number: int) -> Told:
        """What a seal tells of its own stamp, of any entry; NoInput where it does not stand."""
        return entry_of(self.stamp(number))[2]

    def seal(self, size: int) -> bytes:
        """The entry of `seal SIZE` without its `From_` line; NoInput where there is no such."""
        at = bisect.bisect_left(self.sizes, size)
        if self.sizes[at : at + 1] != [size]:
            near = ", ".join(map(str, self.sizes[max(0, at - 1) : at + 1])) or "none"
            raise NoInput(f"there is no seal {size}; the ones near it are {near}")
        return seal_in(self.raw(size + 1).partition(b"\n")[2])

    def seal_over(self, number: int) -> int:
        """N of the first seal over an entry; NoInput where there is none."""
        at = bisect.bisect_left(self.sizes, number)
        if number < 1 or at == len(self.sizes):
            raise NoInput(f"entry {number} is not sealed; the last seal is over 1 to {self.size}")
        return self.sizes[at]

    def inclusion(self, number: int, size: int = 0) -> Inclusion:
        """That an entry stands below seal `size` (0: the first over it); NoInput."""
        size = size or self.seal_over(number)
        seal, path = self.seal(size), self.tree.path(number - 1, size)
        return Inclusion(self.stamp(number), tuple(path), seal, self.charter, self.keys(size))

    def consistency(self, old: int, size: int = 0) -> Consistency:
        """That seal `old` closes the beginning of seal `size`'s entries (0: the last); NoInput."""
        size = size or self.size
        nodes = tuple(self.tree.consistency(old, size))
        return Consistency(self.seal(old), nodes, self.seal(size), self.charter, self.keys(size))

    def prefix(self, size: int) -> Prefix:
        """The root over the first `size` entries, below the first seal over them; NoInput."""
        over = self.seal_over(size)
        nodes = tuple(self.tree.consistency(size, over))
        root, keys = self.tree.root(size), self.keys(over)
        return Prefix(size, root, nodes, self.seal(over), self.charter, keys)

    def head(self, size: int = 0) -> Head:
        """Seal `size` alone (0: the last); NoInput."""
        size = size or self.size
        return Head(self.seal(size), self.charter, self.keys(size))

    def showing(self, span: Span) -> Proof:
        """A proof that says the head over a stretch of entries, or over all up to its end; NoInput.

        Entries 5 to 8 are a subtree of every tree in which they are, 5 to 7 only of that of size 7.
        """
        low, high = span
        count = high - low
        if low and count & (count - 1) == 0:
            return self.inclusion(low + 1, self.seal_over(high))
        return self.inclusion(1) if high == 1 else self.prefix(high)

    def add(self, entry: mbox.Entry) -> None:
        """Take the next entry in; Damaged where it does not follow."""
        number = len(self) + 1
        found = STAMP.match(entry.raw, entry.raw.find(b"\n") + 1)
        if (
            found is None
            or (entry.pit, entry.number) != (self.pit, number)
            or found[10].decode() != self._prev
            or entry.time <= self._time
        ):
            raise Damaged(
                f"{self.folder}: entry {number}: its stamp does not follow the one before: right "
                f"would be `Pit-Entry: {self.pit} {number}`, a later time, `Pit-Prev: {self._prev}`"
            )
        if number == 1:
            self.charter, self.id = entry.text, found[7].decode()
        elif passes(entry.text):
            self.passed.append(handed_over(entry))
        if entry.signer == NOTARY and f"\nseal {number - 1}\n" in entry.text:
            self._seal(entry.text, number - 1)
        self._prev, self._time = sha256(found[0]).hexdigest(), entry.time
        self.tree.append(leaf(found[0]))
        self._offsets.append(self._offsets[-1] + len(entry.raw))

    def _seal(self, text: str, size: int) -> None:
        right = self.tree.root(size).hex()
        try:
            roots = [one.keys.get("root") for one in parse(text, CORE).directives]
        except LanguageError as error:
            raise Damaged(f"{self.folder}: entry {size + 1}: {error}") from None
        if roots != [right]:
            found = f"the root of seal {size} is {roots[0]}" if len(roots) == 1 else "not one seal"
            raise Damaged(f"{self.folder}: entry {size + 1}: {found}; the stamps give {right}")
        self.sizes.append(size)


def read_copy(folder: Path, pit: str) -> Copy:
    """Read what may be read in a folder; NoInput where nothing is sealed, Damaged."""
    copy = Copy(folder, pit)
    for entry in mbox.entries(chunks(folder, pit)):
        copy.add(entry)
    if not copy.sizes:
        raise NoInput(f"{folder}: nothing is sealed in this archive of {pit}")
    return copy
