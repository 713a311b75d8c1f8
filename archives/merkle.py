"""Merkle trees over the stamps of entries 1..N, as in RFC 6962 section 2.1 with SHA-256.

A seal signs the root of such a tree; a path shows that one entry stands below that root. A *leaf*
is the hash of one stamp, 32 bytes; all hashes are raw bytes, and indices count from 0 (entry N is
leaf N-1).
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256

from pit.archives.errors import Damaged, PitError

WIDTH = 32  # bytes of one hash

Span = tuple[int, int]
"""Entries low+1..high, RFC 6962's D[low:high]: a stretch that has one head in every tree."""


def leaf(stamp: bytes) -> bytes:
    """The leaf of a stamp (its six LF-ended lines): sha256(00, stamp)."""
    return sha256(b"\x00" + stamp).digest()


def parent(left: bytes, right: bytes) -> bytes:
    """The hash of a node over its two: sha256(01, left, right)."""
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
            node = parent(self._nodes.pop(), node)
            size >>= 1
        self._nodes.append(node)
        self.size += 1

    def root(self) -> bytes:
        """The tree head; sha256 of nothing for the empty tree."""
        if not self._nodes:
            return sha256(b"").digest()
        root = self._nodes[-1]
        for node in reversed(self._nodes[:-1]):
            root = parent(node, root)
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


def half(count: int) -> int:
    """The largest power of 2 below `count` (2 or more): where a tree of that many leaves splits."""
    return 1 << (count - 1).bit_length() - 1


def root_from_path(leaf: bytes, path: Iterable[tuple[str, bytes]]) -> bytes:
    """The root that `path` leads to from `leaf`; PitError if a step is not a side and a hash."""
    root = leaf
    for side, sibling in path:
        if side not in ("L", "R") or len(sibling) != WIDTH:
            raise PitError(
                f"Merkle path: step {side!r} with {len(sibling)} bytes;"
                f" right would be L or R with a hash of {WIDTH} bytes"
            )
        root = parent(sibling, root) if side == "L" else parent(root, sibling)
    return root


def heads_on_path(
    leaf: bytes, number: int, size: int, path: Sequence[tuple[str, bytes]]
) -> dict[Span, bytes]:
    """What the path of entry `number` of `size` says: the head over every stretch on it or beside.

    That over (0, size) is the root that it leads to. Unlike `root_from_path` this binds the
    position: the steps must be the ones of that entry in a tree of that size, no more and no other
    sides. PitError otherwise. (RFC 9162, 2.1.3.2.)
    """
    if not 1 <= number <= size:
        raise PitError(f"Merkle path: entry {number} in a tree of {size} entries")
    ways: list[tuple[str, Span, Span]] = []  # from the root down: side and place of what is beside
    low, high = 0, size
    while high - low > 1:
        middle = low + half(high - low)
        whole = (low, high)
        if number <= middle:
            ways.append(("R", (middle, high), whole))
            high = middle
        else:
            ways.append(("L", (low, middle), whole))
            low = middle
    right, found = [side for side, _, _ in reversed(ways)], [side for side, _ in path]
    if found != right:
        steps = "".join(found) if len(found) == len(right) else str(len(found))
        raise PitError(
            f"Merkle path: steps {steps}; entry {number} of {size} has {len(right)}: "
            f"{''.join(right) or 'none'}"
        )
    heads = {(low, high): leaf}
    head = leaf
    for (_, beside, whole), step in zip(reversed(ways), path, strict=True):
        head = root_from_path(head, [step])
        heads |= {beside: step[1], whole: head}
    return heads


def heads_in_consistency(
    old: int, old_root: bytes, size: int, nodes: Sequence[bytes]
) -> dict[Span, bytes]:
    """What a consistency proof says: the head over every stretch it speaks of, (0, size) the root.

    PitError for too few or too many hashes, hashes that are not of 32 bytes, an `old` of 0 (every
    tree begins with nothing: it would prove nothing) or of more than `size`, and where the hashes
    do not lead to `old_root`. (RFC 6962, 2.1.2.)
    """
    if not 1 <= old <= size:
        raise PitError(f"consistency from {old} to {size} entries; from 1 up is right")
    if any(len(node) != WIDTH for node in (old_root, *nodes)):
        raise PitError(f"consistency: a hash is not of {WIDTH} bytes")
    beside: list[Span] = []  # from the root down
    low, high = 0, size
    while high != old:
        middle = low + half(high - low)
        if old <= middle:
            beside.append((middle, high))
            high = middle
        else:
            beside.append((low, middle))
            low = middle
    rest = list(nodes) if low else [old_root, *nodes]
    if len(rest) != len(beside) + 1:
        raise PitError(
            f"consistency: {len(nodes)} hashes; from {old} to {size} entries it takes"
            f" {len(beside) + bool(low)}"
        )
    begin = end = rest[0]  # the heads of the older tree's last part, and of the newer's over it
    heads = {(low, high): end}
    for span, node in zip(reversed(beside), rest[1:], strict=True):
        if span[1] == low:
            low, begin, end = span[0], parent(node, begin), parent(node, end)
        else:
            high, end = span[1], parent(end, node)
        heads |= {span: node, (low, old): begin, (low, high): end}
    if begin != old_root:
        raise PitError("consistency: the hashes do not lead to the older root")
    return heads
