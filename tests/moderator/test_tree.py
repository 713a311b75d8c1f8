"""The kept tree is the tree of `archives.merkle`, at every size."""

from hashlib import sha256

from pit.archives import merkle
from pit.moderator.tree import Tree


def test_roots_and_paths_are_those_of_the_plain_tree() -> None:
    leaves = [sha256(str(i).encode()).digest() for i in range(70)]
    tree, frontier = Tree(), merkle.Frontier()
    assert tree.root(0) == frontier.root()
    for size, leaf in enumerate(leaves, 1):
        tree.append(leaf)
        frontier.append(leaf)
        assert len(tree) == size
        assert tree.root(size) == frontier.root()
    for size in range(1, 71):
        for index in range(size):
            assert tree.path(index, size) == merkle.path(leaves[:size], index)
