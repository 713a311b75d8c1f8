"""The Merkle tree of a whole archive, kept so that a proof costs little.

The head of every full subtree is kept, 64 bytes an entry: a proof takes hashes in the logarithm of
the entries.
"""

from hashlib import sha256

from pit.archives.errors import NoInput
from pit.archives.merkle import WIDTH, half, parent


class Tree:
    """The growing tree of RFC 6962, section 2.1: roots of any size so far, and proofs in them."""

    def __init__(self) -> None:
        self._levels = [bytearray()]  # level h: the heads over 2**h leaves each, left to right

    def __len__(self) -> int:
        return len(self._levels[0]) // WIDTH

    def append(self, leaf: bytes) -> None:
        """Add the next leaf, a hash of 32 bytes."""
        if len(leaf) != WIDTH:
            raise ValueError(f"a leaf of {len(leaf)} bytes; right is {WIDTH}")
        node, height = leaf, 0
        while True:
            level = self._levels[height]
            level += node
            if len(level) % (2 * WIDTH):
                return
            node = parent(bytes(level[-2 * WIDTH : -WIDTH]), bytes(level[-WIDTH:]))
            height += 1
            if height == len(self._levels):
                self._levels.append(bytearray())

    def root(self, size: int) -> bytes:
        """The head of the tree over the first `size` leaves."""
        return self.head(0, size) if size else sha256(b"").digest()

    def head(self, low: int, high: int) -> bytes:
        """The head over leaves low..high-1; `low` begins a subtree that is at least as large."""
        if not 0 <= low < high <= len(self):
            raise NoInput(f"no head over the entries {low + 1} to {high} of {len(self)}")
        count = high - low
        if count & (count - 1) == 0:
            height = count.bit_length() - 1
            start = (low >> height) * WIDTH
            return bytes(self._levels[height][start : start + WIDTH])
        middle = low + half(count)
        return parent(self.head(low, middle), self.head(middle, high))

    def path(self, index: int, size: int) -> list[tuple[str, bytes]]:
        """The way from leaf `index` (from 0) up to `root(size)`: each sibling, and the side ('L',
        'R') that it stands on; NoInput if there is no such leaf. (RFC 6962, 2.1.1.)
        """
        if not 0 <= index < size <= len(self):
            raise NoInput(f"no entry {index + 1} among {size} of {len(self)} entries")
        steps = []
        low, high = 0, size
        while high - low > 1:
            middle = low + half(high - low)
            if index < middle:
                steps.append(("R", self.head(middle, high)))
                high = middle
            else:
                steps.append(("L", self.head(low, middle)))
                low = middle
        return steps[::-1]

    def consistency(self, old: int, size: int) -> list[bytes]:
        """The nodes that show the first `old` leaves to be the same in `root(size)` (RFC 6962,
        2.1.2); none where the two are equal. NoInput unless 1 <= old <= size <= len.
        """
        if not 1 <= old <= size <= len(self):
            raise NoInput(
                f"no consistency from {old} to {size} entries; right would be 1 or more, the larger"
                f" at most {len(self)}"
            )
        nodes = []
        low, high = 0, size
        while high != old:
            middle = low + half(high - low)
            if old <= middle:
                nodes.append(self.head(middle, high))
                high = middle
            else:
                nodes.append(self.head(low, middle))
                low = middle
        if low:  # else it is the older root
            nodes.append(self.head(low, high))
        return nodes[::-1]
