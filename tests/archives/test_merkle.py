"""RFC 6962 trees: against the definition itself, published roots, and the example archive."""

import re
import sys
from functools import cache
from hashlib import sha256
from pathlib import Path
from types import FrameType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pit.archives.errors import Damaged, PitError
from pit.archives.merkle import (
    Frontier,
    half,
    heads_in_consistency,
    heads_on_path,
    leaf,
    root_from_path,
)
from pit.archives.tree import Tree

DATA = Path(__file__).parent / "data"
SIZES = st.integers(0, 200)

# The roots over the first 1..8 of these inputs, from the Certificate Transparency project's tests.
INPUTS = ["", "00", "10", "2021", "3031", "40414243"]
INPUTS += ["5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


MOST = 70
"""Entries of the largest tree that all proofs are tried in."""


def naive_split(count: int) -> int:
    """The largest power of two smaller than `count`."""
    power = 1
    while power * 2 < count:
        power *= 2
    return power


def naive_root(inputs: list[bytes]) -> bytes:
    """MTH(D[n]), word for word from section 2.1."""
    if not inputs:
        return sha256(b"").digest()
    if len(inputs) == 1:
        return sha256(b"\x00" + inputs[0]).digest()
    k = naive_split(len(inputs))
    return sha256(b"\x01" + naive_root(inputs[:k]) + naive_root(inputs[k:])).digest()


def naive_path(index: int, inputs: list[bytes]) -> list[tuple[str, bytes]]:
    """PATH(m, D[n]), word for word from section 2.1.1, with the side of each node."""
    if len(inputs) == 1:
        return []
    k = naive_split(len(inputs))
    if index < k:
        return [*naive_path(index, inputs[:k]), ("R", naive_root(inputs[k:]))]
    return [*naive_path(index - k, inputs[k:]), ("L", naive_root(inputs[:k]))]


@cache
def head(low: int, high: int) -> bytes:
    """MTH(D[low:high]) of `some_inputs`."""
    return naive_root(some_inputs(high)[low:])


def naive_proof(old: int, size: int) -> list[bytes]:
    """PROOF(m, D[n]) of `some_inputs`, word for word from section 2.1.2."""
    return naive_subproof(old, 0, size, True)


def naive_subproof(m: int, low: int, high: int, whole: bool) -> list[bytes]:
    """SUBPROOF(m, D[low:high], b)."""
    n = high - low
    if m == n:
        return [] if whole else [head(low, high)]
    k = naive_split(n)
    if m <= k:
        return [*naive_subproof(m, low, low + k, whole), head(low + k, high)]
    return [*naive_subproof(m - k, low + k, high, False), head(low, low + k)]


def some_inputs(count: int) -> list[bytes]:
    return [b"input %d" % number for number in range(count)]


def grown(leaves: list[bytes]) -> Frontier:
    frontier = Frontier()
    for one in leaves:
        frontier.append(one)
    return frontier


def other_byte(data: bytes, where: int, change: int) -> bytes:
    where %= len(data)
    return data[:where] + bytes([data[where] ^ change]) + data[where + 1 :]


@settings(max_examples=50, deadline=None)
@given(SIZES)
def test_the_frontier_has_the_root_of_the_definition(count: int) -> None:
    inputs = some_inputs(count)
    frontier = grown([leaf(one) for one in inputs])
    assert frontier.size == count
    assert frontier.root() == naive_root(inputs)


@settings(deadline=None)
@given(st.data(), st.integers(1, 200), st.integers(0, 1 << 20), st.integers(1, 255))
def test_a_changed_byte_anywhere_leads_to_another_root(
    data: st.DataObject, count: int, where: int, change: int
) -> None:
    index = data.draw(st.integers(0, count - 1))
    stamp = some_inputs(count)[index]
    leaves = [leaf(one) for one in some_inputs(count)]
    root, steps = grown(leaves).root(), naive_path(index, some_inputs(count))
    assert root_from_path(leaf(other_byte(stamp, where, change)), steps) != root
    assert root_from_path(other_byte(leaves[index], where, change), steps) != root
    for number, (side, sibling) in enumerate(steps):
        for step in ((side, other_byte(sibling, where, change)), ("LR"[side == "L"], sibling)):
            wrong = [*steps[:number], step, *steps[number + 1 :]]
            assert root_from_path(leaves[index], wrong) != root
    leaves[where % count] = other_byte(leaves[where % count], where, change)
    assert grown(leaves).root() != root


@settings(max_examples=50, deadline=None)
@given(SIZES, SIZES)
def test_a_dumped_frontier_grows_on_like_the_first(before: int, after: int) -> None:
    leaves = [leaf(one) for one in some_inputs(before + after)]
    first = grown(leaves[:before])
    nodes = first.dump()
    assert len(nodes) == before.bit_count()
    second = Frontier.load(before, nodes)
    for one in leaves[before:]:
        first.append(one)
        second.append(one)
    assert (second.size, second.root()) == (first.size, first.root())
    assert first.root() == grown(leaves).root()
    assert nodes == grown(leaves[:before]).dump()


def test_the_roots_published_for_certificate_transparency_come_out() -> None:
    frontier = Frontier()
    for one, root in zip(INPUTS, ROOTS, strict=True):
        frontier.append(leaf(bytes.fromhex(one)))
        assert frontier.root().hex() == root


def test_the_root_of_no_leaves_is_the_hash_of_nothing() -> None:
    assert Frontier().root() == sha256(b"").digest()


def test_the_seals_of_the_example_archive_bear_their_roots() -> None:
    archive = (DATA / "example.mbox").read_bytes()
    stamps = re.findall(rb"^From \d@acme\.pit .*\n((?:Pit-.*\n){6})", archive, re.MULTILINE)
    seals = re.findall(rb"^seal (\d+)\n  root: (.*)$", archive, re.MULTILINE)
    assert [int(number) for number, _ in seals] == [2, 4, 8]
    for number, root in seals:
        leaves = [leaf(stamp) for stamp in stamps[: int(number)]]
        assert grown(leaves).root().hex() == root.decode()


def test_the_path_of_entry_4_of_the_example_archive_is_path_txt() -> None:
    archive = (DATA / "example.mbox").read_bytes()
    stamps = re.findall(rb"^From \d@acme\.pit .*\n((?:Pit-.*\n){6})", archive, re.MULTILINE)
    steps = naive_path(3, stamps[:4])
    text = "".join(f"{side} {sibling.hex()}\n" for side, sibling in steps)
    assert text == (DATA / "example-path.txt").read_text()


@pytest.mark.parametrize(
    ("size", "nodes"),
    [(-1, [bytes(32)]), (0, [bytes(32)]), (3, [bytes(32)]), (1, []), (1, [bytes(31)])],
)
def test_nodes_that_cannot_be_a_frontier_are_damaged(size: int, nodes: list[bytes]) -> None:
    with pytest.raises(Damaged, match=f"for {size} leaves"):
        Frontier.load(size, nodes)


@pytest.mark.parametrize("step", [("l", bytes(32)), ("", bytes(32)), ("L", bytes(31)), ("R", b"")])
def test_a_step_that_is_no_side_and_hash_is_refused(step: tuple[str, bytes]) -> None:
    with pytest.raises(PitError, match="right would be L or R"):
        root_from_path(leaf(b"a"), [step])


# --- the position in a proof --------------------------------------------------------------------


def root_from_proof(leaf: bytes, number: int, size: int, steps: list[tuple[str, bytes]]) -> bytes:
    return heads_on_path(leaf, number, size, steps)[0, size]


def proved(number: int, size: int) -> tuple[bytes, list[tuple[str, bytes]]]:
    """The leaf of an entry of `some_inputs`, and its path."""
    inputs = some_inputs(size)
    return leaf(inputs[number - 1]), naive_path(number - 1, inputs)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, MOST))
def test_a_path_is_that_of_its_entry_and_of_no_other(size: int) -> None:
    for number in range(1, size + 1):
        one, steps = proved(number, size)
        assert root_from_proof(one, number, size, steps) == head(0, size)
        for other in {*range(-1, size + 3)} - {number}:
            with pytest.raises(PitError, match=r"^Merkle path: (steps|entry)"):
                root_from_proof(one, other, size, steps)


@settings(max_examples=40, deadline=None)
@given(st.data(), st.integers(2, MOST))
def test_a_path_that_was_changed_leads_nowhere(data: st.DataObject, size: int) -> None:
    number = data.draw(st.integers(1, size))
    one, steps = proved(number, size)
    at = data.draw(st.integers(0, len(steps) - 1))
    side, sibling = steps[at]
    for wrong in (
        [*steps[:at], *steps[at + 1 :]],
        [*steps[:at], (side, sibling), *steps[at:]],
        [*steps[:at], ("LR"[side == "L"], sibling), *steps[at + 1 :]],
        [*steps[:at], (side, sibling[:-1]), *steps[at + 1 :]],
        [*steps[:at], (side, sibling + b"\0"), *steps[at + 1 :]],
    ):
        with pytest.raises(PitError, match=r"^Merkle path: step"):
            root_from_proof(one, number, size, wrong)
    for k in range(at):
        swapped = [*steps]
        swapped[k], swapped[at] = (steps[k][0], sibling), (side, steps[k][1])
        assert root_from_proof(one, number, size, swapped) != head(0, size)


def test_the_steps_that_are_wrong_are_named_beside_the_right_ones() -> None:
    one, steps = proved(3, 5)
    with pytest.raises(PitError, match="steps RLR; entry 4 of 5 has 3: LLR"):
        root_from_proof(one, 4, 5, steps)
    with pytest.raises(PitError, match="steps 2; entry 3 of 5 has 3: RLR"):
        root_from_proof(one, 3, 5, steps[1:])
    with pytest.raises(PitError, match="steps 1; entry 1 of 1 has 0: none"):
        root_from_proof(one, 1, 1, steps[:1])


@settings(max_examples=40, deadline=None)
@given(st.integers(1, MOST))
def test_a_path_says_the_head_of_every_stretch_on_it_and_beside_it(size: int) -> None:
    for number in range(1, size + 1):
        one, steps = proved(number, size)
        heads = heads_on_path(one, number, size, steps)
        assert heads == {span: head(*span) for span in heads}
        assert len(heads) == 2 * len(steps) + 1
        assert {(number - 1, number), (0, size)} <= heads.keys()


# --- consistency --------------------------------------------------------------------------------


def consistent(old: int, old_root: bytes, size: int, root: bytes, nodes: list[bytes]) -> str:
    """Why it is refused; '' if it is not."""
    try:
        found = heads_in_consistency(old, old_root, size, nodes)[0, size]
    except PitError as error:
        return str(error)
    return "" if found == root else "leads to another newer root"


def test_every_proof_of_the_definition_holds() -> None:
    for size in range(1, MOST + 1):
        for old in range(1, size + 1):
            nodes = naive_proof(old, size)
            assert consistent(old, head(0, old), size, head(0, size), nodes) == ""
            heads = heads_in_consistency(old, head(0, old), size, nodes)
            assert heads == {span: head(*span) for span in heads}


PAIRS = st.integers(1, MOST).flatmap(lambda size: st.tuples(st.integers(1, size), st.just(size)))


@settings(max_examples=150, deadline=None)
@given(PAIRS, st.integers(0, 1 << 10), st.integers(1, 255))
def test_a_consistency_proof_that_was_changed_anywhere_is_refused(
    pair: tuple[int, int], where: int, change: int
) -> None:
    old, size = pair
    nodes, old_root, root = naive_proof(old, size), head(0, old), head(0, size)
    hashes = "^consistency: the hashes do not lead to the older root$|^leads to another newer root$"
    count = rf"^consistency: \d+ hashes; from {old} to {size} entries it takes {len(nodes)}$"
    other = other_byte(root, where, change)
    wrong = [
        (old_root, other, nodes, hashes),
        (other_byte(old_root, where, change), root, nodes, hashes),
        (old_root[:-1], root, nodes, "a hash is not of 32 bytes"),
        (old_root + b"\0", root, nodes, "a hash is not of 32 bytes"),
        (old_root, root, [*nodes, other], count),
        (old_root, root, [other, *nodes], count),
    ]
    for at, node in enumerate(nodes):
        before, behind = nodes[:at], nodes[at + 1 :]
        flipped = other_byte(node, where, change)
        wrong += [
            (old_root, root, [*before, flipped, *behind], hashes),
            (old_root, root, [*before, *behind], count),
            (old_root, root, [*before, node, node, *behind], count),
            (old_root, root, [*before, node[:-1], *behind], "a hash is not of 32 bytes"),
            (old_root, root, [*before, node + b"\0", *behind], "a hash is not of 32 bytes"),
        ]
        for k in range(at):
            swapped = [*nodes]
            swapped[k], swapped[at] = node, nodes[k]
            wrong.append((old_root, root, swapped, hashes))
    for old_one, new_one, some, said in wrong:
        assert re.search(said, consistent(old, old_one, size, new_one, some))


@settings(max_examples=40, deadline=None)
@given(PAIRS)
def test_a_consistency_proof_is_of_its_two_sizes_alone(pair: tuple[int, int]) -> None:
    """Each size with its own root: that a seal binds the two is its signature's affair."""
    old, size = pair
    nodes = naive_proof(old, size)
    for other in {*range(1, MOST + 1)} - {size}:
        assert consistent(old, head(0, old), other, head(0, other), nodes)
    for other in {*range(1, size + 1)} - {old}:
        assert consistent(other, head(0, other), size, head(0, size), nodes)


def test_a_tree_that_is_no_beginning_has_no_proof_at_all() -> None:
    """Entry `fork` was another in the older tree: not even the hashes of both trees do."""
    for size in range(2, 17):
        for old in range(1, size):
            inputs = some_inputs(size)
            inputs[0] = b"another"
            root, nodes = naive_root(inputs), naive_proof(old, size)
            tree = Tree()
            for one in inputs:
                tree.append(leaf(one))
            assert consistent(old, head(0, old), size, root, nodes)
            assert consistent(old, head(0, old), size, root, tree.consistency(old, size))


@pytest.mark.parametrize(("old", "size"), [(0, 3), (-1, 3), (4, 3), (0, 0), (1, 0)])
def test_degenerate_sizes_are_refused(old: int, size: int) -> None:
    root = sha256(b"").digest()
    assert consistent(old, root, size, root, []) == (
        f"consistency from {old} to {size} entries; from 1 up is right"
    )


def test_of_one_size_only_the_same_root_with_no_hashes_is_consistent() -> None:
    assert consistent(5, head(0, 5), 5, head(0, 5), []) == ""
    assert "newer root" in consistent(5, head(0, 5), 5, head(1, 5), [])
    assert "1 hashes; from 5 to 5 entries it takes 0" in consistent(
        5, head(0, 5), 5, head(0, 5), [head(0, 5)]
    )


# --- what it costs ------------------------------------------------------------------------------


class Hashes:
    """Counts the calls of sha256 while it is entered."""

    def __init__(self) -> None:
        self.count = 0

    def _called(self, frame: FrameType, event: str, called: object) -> None:
        self.count += event == "c_call" and "sha256" in getattr(called, "__name__", "")

    def __enter__(self) -> "Hashes":
        sys.setprofile(self._called)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)


def test_a_seal_costs_hashes_in_the_logarithm_of_the_entries() -> None:
    frontier, tree = Frontier(), Tree()
    most = 0
    for size in range(1, 3000):
        one = leaf(b"%d" % size)
        with Hashes() as grown_by:
            frontier.append(one)
            root = frontier.root()
        with Hashes() as kept_by:
            tree.append(one)
            same = tree.root(size)
        assert root == same
        assert grown_by.count <= size.bit_length() + 1
        assert kept_by.count <= 2 * size.bit_length()
        most = max(most, grown_by.count)
    assert most == 12 - 1  # at 2047 and 2048 entries; counted, not merely bounded


def test_a_tree_splits_at_the_largest_power_of_two_below() -> None:
    assert [half(n) for n in range(2, 10)] == [naive_split(n) for n in range(2, 10)]
    assert half((1 << 50) + 1) == 1 << 50
