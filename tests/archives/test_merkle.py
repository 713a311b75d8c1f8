"""RFC 6962 trees: against the definition itself, published roots, and the example archive."""

import re
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pit.archives.errors import Damaged, NoInput, PitError
from pit.archives.merkle import Frontier, leaf, path, root_from_path

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


@settings(max_examples=12, deadline=None)
@given(SIZES)
def test_every_path_is_that_of_the_definition_and_leads_to_the_root(count: int) -> None:
    inputs = some_inputs(count)
    leaves = [leaf(one) for one in inputs]
    root = naive_root(inputs)
    for index in range(count):
        steps = path(leaves, index)
        assert steps == naive_path(index, inputs)
        assert root_from_path(leaves[index], steps) == root


@settings(deadline=None)
@given(st.data(), st.integers(1, 200), st.integers(0, 1 << 20), st.integers(1, 255))
def test_a_changed_byte_anywhere_leads_to_another_root(
    data: st.DataObject, count: int, where: int, change: int
) -> None:
    index = data.draw(st.integers(0, count - 1))
    stamp = some_inputs(count)[index]
    leaves = [leaf(one) for one in some_inputs(count)]
    root, steps = grown(leaves).root(), path(leaves, index)
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
    steps = path([leaf(stamp) for stamp in stamps[:4]], 3)
    text = "".join(f"{side} {sibling.hex()}\n" for side, sibling in steps)
    assert text == (DATA / "example-path.txt").read_text()


@pytest.mark.parametrize("index", [-1, 3, 4])
def test_a_leaf_that_is_not_there_has_no_path(index: int) -> None:
    with pytest.raises(NoInput, match=f"no entry {index + 1} .* 3 entries"):
        path([leaf(b"a"), leaf(b"b"), leaf(b"c")], index)


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
