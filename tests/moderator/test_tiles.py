"""The tree in tiles is the tree of `archives.tree`; a tile that is not is noticed."""

import random
from hashlib import sha256

import pytest

from pit.archives.tree import Tree
from pit.moderator.facts import Unsound
from pit.moderator.tiles import Paths, Tiles

LEAVES = [sha256(str(number).encode()).digest() for number in range(700)]
SIZES = (1, 2, 3, 7, 8, 9, 255, 256, 257, 300, 511, 512, 513, 700)
Disk = dict[tuple[int, int], bytes]


@pytest.fixture(scope="module")
def plain() -> Tree:
    tree = Tree()
    for leaf in LEAVES:
        tree.append(leaf)
    return tree


def opened(disk: Disk, size: int = 0) -> Tiles:
    return Tiles(lambda level, place: disk.get((level, place), b""), size)


def grown(disk: Disk, tree: Tiles, size: int) -> Tiles:
    """The tree grown to a size and saved."""
    for leaf in LEAVES[len(tree) : size]:
        tree.append(leaf)
    disk |= {(level, place): hashes for level, place, hashes in tree.unsaved()}
    tree.saved()
    return tree


def as_text(path: list[tuple[str, bytes]]) -> str:
    return "".join(f"{side} {sibling.hex()}\n" for side, sibling in path)


def check(tree: Tiles, plain: Tree, size: int, indices: range) -> None:
    """Paths to the leaves are the plain tree's."""
    assert tree.root(size) == plain.root(size)
    paths = Paths(tree, size, plain.root(size))
    for index in indices:
        assert paths.of(index) == (LEAVES[index], as_text(plain.path(index, size)))


def test_roots_and_paths_are_the_plain_trees_as_it_grows(plain: Tree) -> None:
    tree = opened({})
    for size in range(1, len(LEAVES) + 1):
        tree.append(LEAVES[size - 1])
        assert (len(tree), tree.root(size)) == (size, plain.root(size))
    for size in SIZES:
        check(tree, plain, size, range(size))


@pytest.mark.parametrize("size", SIZES)
def test_what_was_saved_goes_on_wherever_it_was_cut(plain: Tree, size: int) -> None:
    disk: Disk = {}
    tree = grown(disk, opened(disk), size)
    check(tree, plain, size, range(0, size, 7))
    check(opened(disk, size), plain, size, range(0, size, 7))
    for more in (1, 255, 256, 300):
        end = min(size + more, len(LEAVES))
        later: Disk = dict(disk)
        check(grown(later, opened(later, size), end), plain, end, range(0, end, 11))
        check(opened(later, end), plain, end, range(0, end, 11))


def test_saving_often_or_once_writes_the_same_tiles() -> None:
    once: Disk = {}
    grown(once, opened(once), 700)
    often: Disk = {}
    tree = opened(often)
    for size in (1, 100, 256, 257, 258, 511, 513, 699, 700):
        grown(often, tree, size)
    assert often == once
    assert {place: len(hashes) // 32 for place, hashes in once.items()} == {
        (0, 0): 256,
        (0, 1): 256,
        (0, 2): 188,
        (1, 0): 2,
    }


def test_no_path_comes_from_a_tile_that_is_not_the_one_that_was_written(plain: Tree) -> None:
    disk: Disk = {}
    grown(disk, opened(disk), 700)
    dice = random.Random(1)
    right, refused = 0, 0
    for _ in range(200):
        place = dice.choice(list(disk))
        bad = bytearray(disk[place])
        if dice.random() < 0.2:
            del bad[dice.randrange(len(bad)) :]
        else:
            bad[dice.randrange(len(bad))] ^= 1 << dice.randrange(8)
        tree = opened({**disk, place: bytes(bad)}, 700)
        index = dice.randrange(700)
        try:
            assert Paths(tree, 700, plain.root(700)).of(index) == (
                LEAVES[index],
                as_text(plain.path(index, 700)),
            )
            right += 1
        except Unsound:
            refused += 1
        try:
            assert tree.node(0, index) == LEAVES[index] or tree.root(700) != plain.root(700)
        except Unsound:
            refused += 1
    assert right > 0
    assert refused > 100


def test_there_are_no_paths_but_those_of_the_tree_and_its_leaves(plain: Tree) -> None:
    tree = grown({}, opened({}), 300)
    with pytest.raises(Unsound):
        Paths(tree, 300, plain.root(299)).of(5)
    for index in (-1, 300):
        with pytest.raises(Unsound):
            Paths(tree, 300, plain.root(300)).of(index)


def test_a_tree_remembers_little_of_what_it_has_shown(plain: Tree) -> None:
    disk: Disk = {}
    tree = grown(disk, opened(disk), 700)
    reads = 0

    def load(level: int, place: int) -> bytes:
        nonlocal reads
        reads += 1
        return disk[level, place]

    tree = Tiles(load, 700)
    for _ in range(300):
        check(tree, plain, 700, range(0, 700, 300))
    assert 3 <= reads <= 30
