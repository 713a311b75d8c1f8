"""The Merkle tree of a whole archive, kept so that a path costs little.

`archives.merkle.path` hashes all leaves anew; a notary answers a thousand receipts a batch, over an
archive of any length. Here every full subtree is kept, twice the leaves in memory.
"""

from hashlib import sha256

from pit.archives.merkle import root_from_path


class Tree:
    """The growing tree of RFC 6962, section 2.1: roots of any size so far, and paths to them."""

    def __init__(self) -> None:
        self._levels: list[list[bytes]] = [[]]  # level h: the roots of 2**h leaves, left to right

    def __len__(self) -> int:
        return len(self._levels[0])

    def append(self, leaf: bytes) -> None:
        """Add the next leaf."""
        node, height = leaf, 0
        while True:
            level = self._levels[height]
            level.append(node)
            if len(level) % 2:
                return
            node = root_from_path(level[-1], [("L", level[-2])])
            height += 1
            if height == len(self._levels):
                self._levels.append([])

    def root(self, size: int) -> bytes:
        """The head of the tree over the first `size` leaves."""
        return self._span(0, size) if size else sha256(b"").digest()

    def path(self, index: int, size: int) -> list[tuple[str, bytes]]:
        """From leaf `index` (from 0) up to `root(size)`, as `archives.merkle.path` has it."""
        steps = []
        low, high = 0, size
        while high - low > 1:
            middle = low + _half(high - low)
            if index < middle:
                steps.append(("R", self._span(middle, high)))
                high = middle
            else:
                steps.append(("L", self._span(low, middle)))
                low = middle
        return steps[::-1]

    def _span(self, low: int, high: int) -> bytes:
        """The root over leaves low..high-1, where `low` begins a subtree of that size."""
        count = high - low
        if count & (count - 1) == 0:
            height = count.bit_length() - 1
            return self._levels[height][low >> height]
        middle = low + _half(count)
        return root_from_path(self._span(middle, high), [("L", self._span(low, middle))])


def _half(count: int) -> int:
    """The largest power of 2 below `count`."""
    return 1 << (count - 1).bit_length() - 1
