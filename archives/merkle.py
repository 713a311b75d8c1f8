"""Merkle trees over the stamps of entries 1..N, as in RFC 6962 section 2.1 with SHA-256.

A seal signs the root of such a tree; a path shows that one entry stands below that root. A *leaf*
is the hash of one stamp, 32 bytes; all hashes are raw bytes, and indices count from 0 (entry N is
leaf N-1).
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256

from pit.archives.errors import Damaged, NoInput, PitError

WIDTH = 32  # bytes of one hash


def leaf(stamp: bytes) -> bytes:
    """The leaf of a stamp (its six LF-ended lines): sha256(00, stamp)."""
    return sha256(b"\x00" + stamp).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


class Frontier:
    """The head of a growing tree in O(log n) memory: the roots of its full subtrees, largest first.

    The bits of `size` say how many leaves each of them has, as in 13 = 8 + 4 + 1.
    """

    __slots__ = ("_nodes", "size")

    def __init__(self) -> None:
        self.size = 0
        self._nodes: list[bytes] = []

    def append(self, leaf: bytes) -> None:
        """Add the next leaf."""
        node, size = leaf, self.size
        while size & 1:
            node = _node(self._nodes.pop(), node)
            size >>= 1
        self._nodes.append(node)
        self.size += 1

    def root(self) -> bytes:
        """The tree head; sha256 of nothing for the empty tree."""
        if not self._nodes:
            return sha256(b"").digest()
        root = self._nodes[-1]
        for node in reversed(self._nodes[:-1]):
            root = _node(node, root)
        return root

    def dump(self) -> tuple[bytes, ...]:
        """The nodes, for a checkpoint; `load` with the same size gives the frontier back."""
        return tuple(self._nodes)

    @classmethod
    def load(cls, size: int, nodes: Sequence[bytes]) -> "Frontier":
        """The frontier that was dumped; Damaged if the nodes cannot be those of `size` leaves."""
        if size < 0 or len(nodes) != size.bit_count() or any(len(n) != WIDTH for n in nodes):
            raise Damaged(
                f"Merkle frontier: {len(nodes)} nodes for {size} leaves;"
                f" right would be one of {WIDTH} bytes for each 1 in the size's binary digits"
            )
        frontier = cls()
        frontier.size, frontier._nodes = size, list(nodes)
        return frontier


def _root(leaves: Sequence[bytes]) -> bytes:
    frontier = Frontier()
    for one in leaves:
        frontier.append(one)
    return frontier.root()


def path(leaves: Sequence[bytes], index: int) -> list[tuple[str, bytes]]:
    """The way from leaf `index` up to the root: each sibling, and the side ('L', 'R') it stands on.

    One pass over the leaves. NoInput if there is no such leaf. (RFC 6962, 2.1.1.)
    """
    if not 0 <= index < len(leaves):
        raise NoInput(f"no entry {index + 1} in a Merkle tree over {len(leaves)} entries")
    steps = []
    low, high = 0, len(leaves)
    while high - low > 1:
        middle = low + (1 << (high - low - 1).bit_length() - 1)  # the largest power of 2 below
        if index < middle:
            steps.append(("R", _root(leaves[middle:high])))
            high = middle
        else:
            steps.append(("L", _root(leaves[low:middle])))
            low = middle
    return steps[::-1]


def root_from_path(leaf: bytes, path: Iterable[tuple[str, bytes]]) -> bytes:
    """The root that `path` leads to from `leaf`; PitError if a step is not a side and a hash."""
    root = leaf
    for side, sibling in path:
        if side not in ("L", "R") or len(sibling) != WIDTH:
            raise PitError(
                f"Merkle path: step {side!r} with {len(sibling)} bytes;"
                f" right would be L or R with a hash of {WIDTH} bytes"
            )
        root = _node(sibling, root) if side == "L" else _node(root, sibling)
    return root
