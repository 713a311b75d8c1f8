"""The kept tree is the tree of the definition, at every size."""

import pytest

from pit.archives import merkle
from pit.archives.errors import NoInput
from pit.archives.merkle import heads_in_consistency, heads_on_path, leaf
from pit.archives.tree import Tree
from tests.archives.test_merkle import MOST, head, naive_path, naive_proof, some_inputs


def grown(count: int) -> Tree:
    tree = Tree()
    for one in some_inputs(count):
        tree.append(leaf(one))
    return tree


def test_roots_and_paths_are_those_of_the_definition() -> None:
    tree, frontier = Tree(), merkle.Frontier()
    assert tree.root(0) == frontier.root()
    for size, one in enumerate(some_inputs(MOST), 1):
        tree.append(leaf(one))
        frontier.append(leaf(one))
        assert len(tree) == size
        assert tree.root(size) == frontier.root() == head(0, size)
    for size in range(1, MOST + 1):
        inputs = some_inputs(size)
        for index in range(size):
            assert tree.path(index, size) == naive_path(index, inputs)


def test_consistency_proofs_are_those_of_the_definition() -> None:
    tree = grown(MOST)
    for size in range(1, MOST + 1):
        for old in range(1, size + 1):
            assert tree.consistency(old, size) == naive_proof(old, size)


def test_it_knows_the_head_of_every_stretch_that_a_proof_speaks_of() -> None:
    tree = grown(MOST)
    spans = set()
    for size in range(1, MOST + 1):
        for number in range(1, size + 1):
            steps = tree.path(number - 1, size)
            one = leaf(some_inputs(size)[number - 1])
            spans |= heads_on_path(one, number, size, steps).items()
            nodes = tree.consistency(number, size)
            spans |= heads_in_consistency(number, tree.root(number), size, nodes).items()
    assert len(spans) > MOST * 3
    assert spans == {(span, tree.head(*span)) for span, _ in spans}
    assert spans == {(span, head(*span)) for span, _ in spans}


@pytest.mark.parametrize(("old", "size"), [(0, 5), (-1, 5), (5, 4), (3, 6), (0, 0)])
def test_there_is_no_consistency_outside_of_it(old: int, size: int) -> None:
    with pytest.raises(NoInput, match=f"no consistency from {old} to {size} entries"):
        grown(5).consistency(old, size)


@pytest.mark.parametrize(("low", "high"), [(0, 6), (4, 4), (3, 2), (-1, 1), (5, 6)])
def test_there_is_no_head_outside_of_it(low: int, high: int) -> None:
    with pytest.raises(NoInput, match="no head over"):
        grown(5).head(low, high)


@pytest.mark.parametrize(("index", "size"), [(-1, 5), (5, 5), (0, 6), (0, 0)])
def test_there_is_no_path_outside_of_it(index: int, size: int) -> None:
    with pytest.raises(NoInput, match=f"no entry {index + 1} among {size} of 5 entries"):
        grown(5).path(index, size)


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_a_leaf_is_a_hash(length: int) -> None:
    with pytest.raises(ValueError, match=f"a leaf of {length} bytes"):
        Tree().append(bytes(length))
