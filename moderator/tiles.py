"""The Merkle tree of a whole archive, in tiles on disk.

As in C2SP's tlog-tiles: a tile of level L has the roots of up to 256 subtrees of 256**L leaves
each, side by side, and what lies between is worked out. In memory are the right edge, which grows,
and what was looked at lately. `archives.tree` keeps all of it.
"""

from collections.abc import Callable, Iterator
from hashlib import sha256

from pit.archives.merkle import WIDTH, half
from pit.moderator.facts import Unsound

__all__ = ["Paths", "Tiles"]

HEIGHT = 8
WIDE = 1 << HEIGHT
"""A tile's own height, and how many hashes it has."""

_LOOKED_AT = 256  # tiles in memory beside the right edge


class Tiles:
    """The growing tree of RFC 6962, section 2.1, as `archives.tree.Tree` has it.

    load: the bytes of tile (level, place), one hash behind the other, for what is not in memory.
    size: how many leaves the tiles on disk have. Their right edge is right if `root(size)` is, and
    whatever else is read is compared with it: Unsound where the two do not agree.
    """

    def __init__(self, load: Callable[[int, int], bytes], size: int = 0) -> None:
        self._load, self._size, self._saved = load, size, size
        self._looked_at = 0
        # level h: by index, from left to right, the root of 2**h leaves
        self._levels: list[dict[int, bytes]] = [{} for _ in range(64)]

    def __len__(self) -> int:
        return self._size

    def append(self, leaf: bytes) -> None:
        """Add the next leaf."""
        index = self._size
        self._size += 1
        node = self._levels[0][index] = leaf
        height = 0
        while index & 1:
            node = sha256(b"\x01" + self.node(height, index - 1) + node).digest()
            height += 1
            index >>= 1
            self._levels[height][index] = node

    def node(self, height: int, index: int) -> bytes:
        """The root of the 2**height leaves from `index` times as many on."""
        found = self._levels[height].get(index)
        return self._fetched(height, index) if found is None else found

    def root(self, size: int) -> bytes:
        """The head of the tree over the first `size` leaves."""
        return self.span(0, size) if size else sha256(b"").digest()

    def span(self, low: int, high: int) -> bytes:
        """The root over leaves low..high-1, where `low` begins a subtree of that size."""
        count = high - low
        if not count & (count - 1):
            height = count.bit_length() - 1
            return self.node(height, low >> height)
        middle = low + half(count)
        return sha256(b"\x01" + self.span(low, middle) + self.span(middle, high)).digest()

    def _fetched(self, height: int, index: int) -> bytes:
        """The same from its tile, which is compared with the tile above, up to the right edge."""
        self._looked_at += 1
        if self._looked_at > _LOOKED_AT:
            self._forget()
        level, inside = divmod(height, HEIGHT)
        tile = index << inside >> HEIGHT
        count = min(WIDE, (self._saved >> HEIGHT * level) - (tile << HEIGHT))
        above = self.node(height - inside + HEIGHT, tile) if count == WIDE else b""
        data = self._load(level, tile)
        if count <= 0 or len(data) != count * WIDTH:
            raise Unsound(f"a tile of level {level} is missing or has another length")
        nodes = [data[at : at + WIDTH] for at in range(0, len(data), WIDTH)]
        for nodes_height in range(height - inside, height - inside + HEIGHT):
            first = tile << HEIGHT >> nodes_height - (height - inside)
            self._levels[nodes_height].update(enumerate(nodes, first))
            pairs = zip(nodes[::2], nodes[1::2], strict=False)
            nodes = [sha256(b"\x01" + left + right).digest() for left, right in pairs]
        if above and nodes != [above]:
            raise Unsound(f"a tile of level {level} is not the one that was written")
        found = self._levels[height].get(index)
        if found is None:
            raise Unsound(f"there is no node {index} at height {height}")
        return found

    def unsaved(self) -> Iterator[tuple[int, int, bytes]]:
        """The tiles that have changed since `saved`: level, index, bytes."""
        for level in range(64 // HEIGHT):
            before, now = self._saved >> HEIGHT * level, self._size >> HEIGHT * level
            if now == before:
                return
            for tile in range(before >> HEIGHT, now + WIDE - 1 >> HEIGHT):
                last = min(now, tile + 1 << HEIGHT)
                nodes = [self.node(HEIGHT * level, at) for at in range(tile << HEIGHT, last)]
                yield level, tile, b"".join(nodes)

    def saved(self) -> None:
        """They are on disk."""
        self._saved = self._size
        self._forget()

    def _forget(self) -> None:
        """Keep in memory what is not on disk, and the tiles at the right edge."""
        self._looked_at = 0
        for height, nodes in enumerate(self._levels):
            level, inside = divmod(height, HEIGHT)
            edge = self._saved >> HEIGHT * level >> HEIGHT << HEIGHT >> inside
            self._levels[height] = {at: node for at, node in nodes.items() if at >= edge}


class Paths:
    """The ways from leaves up to one sealed root: every hash on them was checked against it.

    The nodes come from disk, so each pair of them is hashed once and compared with the node above
    it, from the root down. Receipts of one batch share nearly all of their paths.
    """

    def __init__(self, tree: Tiles, size: int, root: bytes) -> None:
        self._tree, self._size = tree, size
        # By span: its hash, its path, and where it splits.
        self._found = {(0, size): (root, "", half(size) if size > 1 else 0)}

    def of(self, index: int) -> tuple[bytes, str]:
        """The leaf (from 0), and its path as text: a line for each step, `L` or `R` and a hash.

        Unsound where the tree is not the one that was sealed.
        """
        if not 0 <= index < self._size:
            raise Unsound(f"there is no leaf {index} among {self._size}")
        span = (0, self._size)
        node, path, middle = self._found[span]
        while middle:
            below = (span[0], middle) if index < middle else (middle, span[1])
            if below not in self._found:
                self._look(span)
            span = below
            node, path, middle = self._found[span]
        return node, path

    def _look(self, span: tuple[int, int]) -> None:
        """Find what is below a span whose hash is right."""
        low, high = span
        node, path, middle = self._found[span]
        left, right = self._tree.span(low, middle), self._tree.span(middle, high)
        if sha256(b"\x01" + left + right).digest() != node:
            raise Unsound("the tree is not the one that was sealed")
        first, second = middle - low, high - middle
        after = low + half(first) if first > 1 else 0
        self._found[low, middle] = (left, f"R {right.hex()}\n{path}", after)
        after = middle + half(second) if second > 1 else 0
        self._found[middle, high] = (right, f"L {left.hex()}\n{path}", after)
