"""What holds, what does not, and which proofs are not of one history, under a real notary's key."""

from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pit.archives.entry import NOTARY, Stamp
from pit.archives.errors import Damaged, NoInput, PitError
from pit.archives.merkle import leaf
from pit.archives.proof import (
    Consistency,
    Head,
    Inclusion,
    Prefix,
    Proof,
    read_proofs,
    seal_in,
    show,
)
from pit.archives.tree import Tree
from pit.pits.copies import Copy, read_copy
from pit.pits.proofs import (
    Contradiction,
    Notary,
    charter_id,
    check,
    claims,
    contradiction,
    entry_of,
    evidence,
    first_contradiction,
    notary_in,
    sealed,
)
from pit.pits.sources import Source, between
from tests.moderator.world import NAME, World, mail_of
from tests.pits.forks import PARTS, SEALS, Forks

NAMES = sorted(SEALS)
CUTS = st.sampled_from([(name, size) for name in NAMES for size in SEALS[name]])


class Material:
    """Cuts of the histories and all proofs that each can give, made once."""

    def __init__(self, forks: Forks) -> None:
        self.forks, self.notary = forks, forks.notary

    @cache  # noqa: B019
    def cut(self, name: str, size: int) -> Copy:
        return self.forks[name].cut(size)

    @cache  # noqa: B019
    def proofs(self, name: str) -> list[Proof]:
        return [*every_proof(self.cut(name, SEALS[name][-1]))]

    def parts(self, one: str, other: str) -> int:
        """The first entry that is not the same in two histories; far away if there is none."""
        pairs = zip(self.forks[one].entries, self.forks[other].entries, strict=False)
        return next((a.number for a, b in pairs if a.raw != b.raw), 1 << 30)


def every_proof(copy: Copy) -> Iterator[Proof]:
    for at, size in enumerate(copy.sizes):
        yield copy.head(size)
        yield from (copy.inclusion(number, size) for number in range(1, size + 1))
        yield from (copy.consistency(old, size) for old in copy.sizes[: at + 1])
    yield from (copy.prefix(size) for size in range(1, copy.size + 1))


@pytest.fixture(scope="session")
def material(forks: Forks) -> Material:
    return Material(forks)


def source(given: Copy | list[Proof]) -> Source:
    if isinstance(given, Copy):
        return Source(given.folder, given, [])
    return Source(Path("proofs"), None, given)


def shows(found: Contradiction | None, notary: Notary) -> bool:
    """Whether there is a contradiction; it must be one for whoever reads its evidence alone."""
    if found is None:
        return False
    read = read_proofs(evidence(found, notary))
    assert charter_id(read[0].charter) == notary.id
    again = first_contradiction(read, notary_in(read[0].charter, notary.id))
    assert again is not None and again.sentence == found.sentence
    return True


# --- what holds ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_every_proof_of_an_archive_holds_and_says_its_heads(name: str, material: Material) -> None:
    copy = material.cut(name, SEALS[name][-1])
    assert copy.sizes == SEALS[name]
    for proof in material.proofs(name):
        said = claims(proof, material.notary)
        assert said.heads == {span: copy.tree.head(*span) for span in said.heads}
        assert said.told == tuple((number, copy.told(number)) for number, _ in said.told)
        assert said.seal.root == copy.tree.root(said.seal.size)
        assert read_proofs(show(proof)) == [proof]


@settings(max_examples=60, deadline=None)
@given(data=st.data(), name=st.sampled_from(NAMES))
def test_one_history_never_contradicts_itself(
    data: st.DataObject, name: str, material: Material
) -> None:
    """Whatever is compared: copies that end at any seal, and any proofs from any time."""
    notary = material.notary
    sizes = st.sampled_from(SEALS[name])
    one, other = (material.cut(name, data.draw(sizes)) for _ in range(2))
    proofs = data.draw(st.lists(st.sampled_from(material.proofs(name)), max_size=8))
    for first, second in ((one, other), (one, proofs), (proofs, other), (proofs, proofs)):
        assert between(source(first), source(second), notary) is None


# --- two histories ------------------------------------------------------------------------------


def test_the_histories_part_where_they_should(material: Material) -> None:
    for one, other in combinations(NAMES, 2):
        where = 5 if "early" in (one, other) else PARTS
        if "trunk" in (one, other) and "early" not in (one, other):
            assert material.parts(one, other) == 1 << 30
        else:
            assert material.parts(one, other) == where
    assert {*SEALS["left"]} & {*SEALS["right"]} == {*SEALS["trunk"]}


def test_two_archives_contradict_unless_one_is_the_beginning_of_the_other(
    material: Material,
) -> None:
    cuts = [(name, size) for name in NAMES for size in SEALS[name]]
    found = 0
    for one, other in combinations(cuts, 2):
        # The seal that ends a copy is its entry N+1.
        parted = material.parts(one[0], other[0]) <= min(one[1], other[1]) + 1
        first, second = material.cut(*one), material.cut(*other)
        said = between(source(first), source(second), material.notary)
        assert shows(said, material.notary) == parted, (one, other)
        found += parted
    assert found > 60


def test_what_two_archives_have_signed_twice_is_named(material: Material) -> None:
    def said(one: tuple[str, int], other: tuple[str, int]) -> str:
        first, second = source(material.cut(*one)), source(material.cut(*other))
        found = between(first, second, material.notary)
        assert found is not None
        return found.sentence

    stamps = "two different stamps of entry"
    assert said(("left", 18), ("right", 20)).startswith(f"{stamps} 12, each below a root")
    assert said(("left", 12), ("twin", 12)).startswith(f"{stamps} 12, each below a root")
    assert said(("left", 18), ("early", 5)).startswith(f"{stamps} 5, each below a root")
    idle, late = said(("idle", 11), ("left", 12)), said(("idle", 11), ("late", 11))
    assert idle.startswith(f"{stamps} 12, one of ") and idle.endswith(": `seal 11` is one")
    assert late.startswith(f"{stamps} 12, one of ") and late.endswith(": `seal 11` is one")


@settings(max_examples=150, deadline=None)
@given(data=st.data(), cut=CUTS, name=st.sampled_from(NAMES))
def test_an_archive_and_a_proof_contradict_where_they_must_and_only_there(
    data: st.DataObject, cut: tuple[str, int], name: str, material: Material
) -> None:
    proof = data.draw(st.sampled_from(material.proofs(name)))
    copy, notary = material.cut(*cut), material.notary
    parts, size = material.parts(cut[0], name), check(proof, notary).size
    told = {number for number, _ in claims(proof, notary).told}
    found = shows(between(source(copy), source([proof]), notary), notary)
    assert found == shows(between(source([proof]), source(copy), notary), notary)
    if parts > min(copy.size, size) + 1:
        assert not found
    elif size <= copy.size or any(parts <= number <= copy.size + 1 for number in told):
        assert found
    # Else the proof is of a longer archive, and of what the copy has it need not say anything.


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_among_many_proofs_a_contradiction_is_found_if_two_of_them_contradict(
    data: st.DataObject, material: Material
) -> None:
    drawn = st.sampled_from(NAMES).flatmap(
        lambda name: st.tuples(st.just(name), st.sampled_from(material.proofs(name)))
    )
    given = data.draw(st.lists(drawn, min_size=1, max_size=7))
    proofs, notary = [proof for _, proof in given], material.notary
    pairs = [
        (one, other)
        for one, other in combinations(given, 2)
        if shows(contradiction(one[1], other[1], notary), notary)
    ]
    assert shows(first_contradiction(proofs, notary), notary) == bool(pairs)
    for (one, first), (other, second) in pairs:
        sizes = check(first, notary).size, check(second, notary).size
        assert material.parts(one, other) <= min(sizes) + 1


def test_a_seal_that_is_no_entry_of_another_archive_contradicts_it(material: Material) -> None:
    """All roots agree, and all times: but `seal 11` is entry 12, and there another one stands."""
    seal, left, notary = material.cut("idle", 11).head(), material.cut("left", 18), material.notary
    assert claims(seal, notary).told[0][1].time < left.told(12).time
    found = between(source([seal]), source(left), notary)
    assert found is not None and "two different stamps of entry 12, one of " in found.sentence
    assert shows(found, notary)


def test_receipts_of_different_entries_contradict_by_their_paths(material: Material) -> None:
    left, twin, notary = material.cut("left", 18), material.cut("twin", 18), material.notary
    found = contradiction(left.inclusion(14, 16), twin.inclusion(16, 18), notary)
    assert found is not None
    assert found.sentence == (
        "two different histories of the entries 13 to 14, both under its seals"
    )
    assert shows(found, notary)


def test_a_receipt_of_an_entry_above_a_later_seal_is_taken_back(material: Material) -> None:
    """The archive was sealed after the entry's time, and ends below its number."""
    left, late, notary = material.cut("left", 18), material.cut("late", 11), material.notary
    found = contradiction(left.inclusion(16, 18), late.head(), notary)
    assert found is not None
    assert found.sentence.startswith("entries 12 and 16, one of ")
    assert found.sentence.endswith(": the notary's time only ever goes on")
    assert shows(found, notary)


# --- what a notary could sign -------------------------------------------------------------------


def signed_seal(world: World, size: int, root: str, time: str, who: str = "notary") -> bytes:
    """A seal as an archive would have it, whatever it says."""
    text = world.text(f"seal {size}\n  root: {root}\n  time: {time}\n")
    return as_seal(world, world.keys.sign(who, text), size)


def as_seal(world: World, block: bytes, size: int = 10) -> bytes:
    some, second = "a" * 64, "2026-11-20T12:50:19"
    stamp = Stamp(
        NAME, size + 1, f"{second}.163980Z", NOTARY, "A" * 40, f"{second}Z", some, 1, some, some
    )
    return seal_in(stamp.lines() + mail_of(block, "notary"))


def stamps(*times: str) -> list[bytes]:
    """The stamps of an archive that a lying notary makes up."""
    made: list[bytes] = []
    for number, time in enumerate(times, 1):
        prev = sha256(made[-1]).hexdigest() if made else "0" * 64
        some = sha256(b"%d" % number).hexdigest()
        made.append(
            Stamp(
                NAME, number, time, "alice", "AB" * 20, "2026-11-20T12:50:19Z", some, 1, some, prev
            ).lines()
        )
    return made


def tree_of(made: list[bytes]) -> Tree:
    tree = Tree()
    for stamp in made:
        tree.append(leaf(stamp))
    return tree


def root_of(made: list[bytes]) -> str:
    return tree_of(made).root(len(made)).hex()


def at(second: int) -> str:
    return f"2026-11-20T12:50:{second:02}.000000Z"


def included(world: World, made: list[bytes], number: int, time: str) -> Inclusion:
    steps = tree_of(made).path(number - 1, len(made))
    seal = signed_seal(world, len(made), root_of(made), time)
    return Inclusion(made[number - 1], tuple(steps), seal)


@pytest.fixture
def trunk(forks: Forks) -> World:
    return forks["trunk"].world


def test_two_seals_of_one_size_and_root_are_two_stamps_of_the_entry_above(
    trunk: World, forks: Forks
) -> None:
    one, other = (Head(signed_seal(trunk, 8, "ab" * 32, at(second))) for second in (1, 2))
    found = contradiction(one, other, forks.notary)
    assert found is not None and "two different stamps of entry 9" in found.sentence
    assert shows(found, forks.notary)


def test_one_seal_signed_twice_is_two_stamps_of_it(trunk: World, forks: Forks) -> None:
    one, other = (Head(signed_seal(trunk, 8, "ab" * 32, at(1))) for _ in range(2))
    assert one != other  # the second of the signature
    assert shows(contradiction(one, other, forks.notary), forks.notary)
    assert contradiction(one, one, forks.notary) is None


def test_a_longer_archive_is_sealed_later(trunk: World, forks: Forks) -> None:
    for less, more in ((2, 1), (1, 1)):
        one = Head(signed_seal(trunk, 8, "ab" * 32, at(less)))
        other = Head(signed_seal(trunk, 9, "cd" * 32, at(more)))
        assert shows(contradiction(one, other, forks.notary), forks.notary)
        assert shows(first_contradiction([other, one], forks.notary), forks.notary)
    later = Head(signed_seal(trunk, 9, "cd" * 32, at(3)))
    assert contradiction(one, later, forks.notary) is None


def test_a_stamp_that_was_backdated_convicts_by_one_proof(trunk: World, forks: Forks) -> None:
    made = stamps(at(1), at(2), at(30))
    proof = included(trunk, made, 3, at(20))
    assert check(proof, forks.notary).size == 3
    found = first_contradiction([proof], forks.notary)
    assert found is not None and found.one == found.other
    assert found.sentence.startswith(f"entries 3 and 4, one of {at(30)}, one of {at(20)}")
    shown = evidence(found, forks.notary)
    assert len(read_proofs(shown)) == 1
    assert shows(found, forks.notary)


def test_two_stamps_whose_times_run_backwards_convict(trunk: World, forks: Forks) -> None:
    made = stamps(at(1), at(5), at(4), at(6))
    proofs = [included(trunk, made, number, at(9)) for number in (2, 3)]
    proofs = [proof._replace(seal=proofs[0].seal) for proof in proofs]
    found = contradiction(proofs[0], proofs[1], forks.notary)
    assert found is not None and found.sentence.startswith("entries 2 and 3, one of ")


def test_an_older_seal_that_is_the_later_convicts(trunk: World, forks: Forks) -> None:
    made = stamps(at(1), at(2))
    frontier = root_of(made[:1])
    older = signed_seal(trunk, 1, frontier, at(30))
    newer = signed_seal(trunk, 2, root_of(made), at(20))
    proof = Consistency(older, (leaf(made[1]),), newer)
    assert check(proof, forks.notary).size == 2
    assert shows(first_contradiction([proof], forks.notary), forks.notary)


# --- what does not hold -------------------------------------------------------------------------


@settings(max_examples=200, deadline=None)
@given(
    data=st.data(),
    name=st.sampled_from(NAMES),
    where=st.integers(0, 1 << 20),
    change=st.integers(1, 255),
)
def test_a_changed_byte_is_refused_or_changes_nothing_that_is_said(
    data: st.DataObject, name: str, where: int, change: int, material: Material
) -> None:
    proof, notary = data.draw(st.sampled_from(material.proofs(name))), material.notary
    text = show(proof)
    where %= len(text)
    changed = text[:where] + bytes([text[where] ^ change]) + text[where + 1 :]
    try:
        (read,) = read_proofs(changed)
        if read.charter != proof.charter:
            with pytest.raises(Damaged, match="the charter has the sha256"):
                notary_in(read.charter, notary.id)
        said = claims(read, notary)
    except Damaged:
        return
    # For instance in a header of the seal's mail, which nobody signed.
    assert (said, type(read)) == (claims(proof, notary), type(proof))


def test_a_proof_of_another_entry_does_not_hold(material: Material) -> None:
    copy, notary = material.cut("left", 18), material.notary
    for number in range(1, 19):
        proof = copy.inclusion(number, 18)
        for other in {*range(1, 19)} - {number}:
            with pytest.raises(Damaged, match=r"Merkle path|it leads to the root"):
                check(proof._replace(stamp=copy.stamp(other)), notary)


def test_a_proof_below_another_seal_does_not_hold(material: Material) -> None:
    left, twin, notary = material.cut("left", 18), material.cut("twin", 18), material.notary
    proof = left.inclusion(14, 16)
    with pytest.raises(Damaged, match=r"it leads to the root .*; the notary sealed "):
        check(proof._replace(seal=twin.seal(16)), notary)
    with pytest.raises(Damaged, match=r"Merkle path: steps"):
        check(proof._replace(seal=left.seal(18)), notary)
    with pytest.raises(Damaged, match="Merkle path: entry 14 in a tree of 12 entries"):
        check(proof._replace(seal=left.seal(12)), notary)
    since = left.consistency(12, 18)
    with pytest.raises(Damaged, match=r"do not lead to the older root|it leads to the root"):
        check(since._replace(since=twin.seal(12)), notary)
    with pytest.raises(Damaged, match=r"hashes|root"):
        check(since._replace(since=left.seal(10)), notary)
    with pytest.raises(Damaged, match="consistency from 18 to 12 entries"):
        check(since._replace(since=since.seal, seal=since.since), notary)
    prefix = left.prefix(14)
    with pytest.raises(Damaged, match="do not lead to the older root"):
        check(prefix._replace(root=bytes(32)), notary)


def test_a_seal_must_be_the_notarys_and_a_seal(trunk: World, forks: Forks) -> None:
    notary, root = forks.notary, "ab" * 32
    assert sealed(signed_seal(trunk, 8, root, at(1)), notary).size == 8
    refused = "the seal is not the notary's: "
    for who in ("alice", "operator", "mallory"):
        with pytest.raises(Damaged, match=f"{refused}.*not a key of"):
            sealed(signed_seal(trunk, 8, root, at(1), who), notary)
    for text in (
        'say "so"\n',
        "seal 8\n",
        f"seal 8\n  root: {root}\n",
        f"seal 0x8\n  root: {root}",
    ):
        with pytest.raises(Damaged, match=refused):
            sealed(as_seal(trunk, trunk.keys.sign("notary", trunk.text(text))), notary)
    one = f"seal 8\n  root: {root}\n  time: {at(1)}\n"
    for text in (one + one, one + 'say "so"\n'):
        with pytest.raises(Damaged, match="another text than one `seal`"):
            sealed(as_seal(trunk, trunk.keys.sign("notary", trunk.text(text))), notary)
    seal = signed_seal(trunk, 8, root, at(1))
    for wrong in (b"", seal[:-30], seal.replace(b"\n\n", b"\n"), seal + seal, b"\n\n" + seal):
        with pytest.raises(Damaged, match=refused):
            sealed(wrong, notary)


def test_a_seal_of_another_pit_under_the_same_key_is_none_of_this_one(
    trunk: World, forks: Forks
) -> None:
    said = f"seal 8\n  root: {'ab' * 32}\n  time: {at(1)}\n"
    for head in ("pit other\n", f"pit {NAME}\n  id: {'0' * 16}\n"):
        with pytest.raises(Damaged, match=rf"^the seal is of the pit .*; this one is {NAME}, "):
            sealed(as_seal(trunk, trunk.keys.sign("notary", head + said)), forks.notary)


def test_a_stamp_of_another_pit_stands_not_below_a_seal_of_this_one(
    trunk: World, forks: Forks
) -> None:
    made = [stamp.replace(b"Pit-Entry: acme", b"Pit-Entry: other") for stamp in stamps(at(1))]
    with pytest.raises(Damaged, match="a stamp of the pit other below a seal of acme"):
        check(included(trunk, made, 1, at(2)), forks.notary)


def test_a_charter_must_have_the_pits_id(forks: Forks) -> None:
    charter = forks.notary.charter
    with pytest.raises(
        Damaged, match=rf"^the charter has the sha256 {forks.id}; the pit's id is 0"
    ):
        notary_in(charter, "0" * 64)
    changed = charter.replace("charter ", "charter  ")
    with pytest.raises(Damaged, match="the pit's id is"):
        notary_in(changed, forks.id)
    for text, said in (
        (changed, "line 2"),
        ('pit acme\nsay "so"\n', "notary has no key"),
        ("", ""),
    ):
        with pytest.raises(Damaged, match=f"^the charter: .*{said}"):
            notary_in(text, charter_id(text))


def test_a_stamp_is_six_lines(forks: Forks) -> None:
    stamp = forks["left"].cut().stamp(12)
    pit, number, told = entry_of(stamp)
    fields = dict(line.split(": ") for line in stamp.decode().splitlines())
    assert (pit, number) == (NAME, 12)
    assert told == (fields["Pit-Time"], fields["Pit-Signer"], fields["Pit-Text"])
    for wrong in (stamp[:-1], stamp + b"\n", b"", b"\n" + stamp):
        with pytest.raises(Damaged, match="no stamp: six lines are right"):
            entry_of(wrong)


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_what_almost_is_a_seal_is_refused_and_nothing_worse(
    data: st.DataObject, material: Material
) -> None:
    seal = material.cut("trunk", 10).seal(10)
    low, high = sorted(data.draw(st.tuples(*[st.integers(0, len(seal))] * 2)))
    other = seal[:low] + data.draw(st.binary(max_size=20)) + seal[high:]
    try:
        assert sealed(other, material.notary) == sealed(seal, material.notary)
    except PitError as error:
        assert isinstance(error, Damaged)


# --- copies -------------------------------------------------------------------------------------


def test_a_copy_knows_its_seals_entries_and_end(forks: Forks) -> None:
    copy = read_copy(forks["left"].folder, NAME)
    assert (copy.id, copy.size, len(copy)) == (forks.id, 18, 19)
    assert [copy.raw(entry.number) for entry in forks["left"].entries] == [
        entry.raw for entry in forks["left"].entries
    ]
    assert [copy.seal_over(number) for number in (1, 2, 3, 4, 7, 8, 10, 11, 17, 18)] == (
        [1, 3, 3, 7, 7, 10, 10, 12, 18, 18]
    )
    for number in (0, 20):
        with pytest.raises(NoInput, match=f"entry {number} does not stand; .* ends at 19"):
            copy.raw(number)
    for number in (0, 19):
        with pytest.raises(NoInput, match=rf"entry {number} is not sealed; .* over 1 to 18"):
            copy.inclusion(number)
    with pytest.raises(NoInput, match="there is no seal 11; the ones near it are 10, 12"):
        copy.consistency(11)
    with pytest.raises(NoInput, match="no consistency from 12 to 10 entries"):
        copy.consistency(12, 10)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b"Pit-Entry: acme 5\n", b"Pit-Entry: acme 6\n", "entry 5: its stamp does not follow"),
        (b"Pit-Entry: acme 5\n", b"Pit-Entry: other 5\n", "entry 5: its stamp does not follow"),
        (b"\nPit-Mail: ", b"\nPit-Mail: 1", "entry 2: its stamp does not follow"),
        (b"\nseal 3\n", b"\nseal 2\n", "not the one that the notary verified"),
    ],
)
def test_a_copy_that_was_changed_is_refused_where_it_was(
    old: bytes, new: bytes, said: str, forks: Forks, tmp_path: Path
) -> None:
    folder = forks["trunk"].write(tmp_path / "copy")
    path = folder / "0000000001.mbox"
    path.write_bytes(path.read_bytes().replace(old, new, 1))
    with pytest.raises(PitError, match=said):
        read_copy(folder, NAME)


def test_what_a_stranger_puts_into_a_copy_in_the_notarys_name_is_no_seal(
    forks: Forks, tmp_path: Path
) -> None:
    """Nobody looks at signatures here, so the text can be anything."""
    copy = forks["trunk"].cut()
    good = read_copy(forks["trunk"].write(tmp_path / "good"), NAME)
    entry = forks["trunk"].entries[10]
    for text, said in [
        ('pit acme\nsay "so"\nseal 10\n  root: 1\n  time: 2\n', "line 4"),
        (f"{entry.text}{entry.text.partition('id: ')[2].partition(chr(10))[2]}", "not one seal"),
        (entry.text.replace("  root: ", "  root: 0"), "line 4"),
        (entry.text.replace(copy.tree.root(10).hex(), "0" * 64), "the root of seal 10 is 0000"),
    ]:
        copy = forks["trunk"].cut(7)
        for one in forks["trunk"].entries[8:10]:
            copy.add(one)
        with pytest.raises(Damaged, match=f"entry 11: .*{said}"):
            copy.add(entry._replace(text=text))
    assert good.sizes == SEALS["trunk"]


def test_a_copy_whose_times_do_not_go_on_is_refused(forks: Forks) -> None:
    copy = forks["trunk"].cut(7)
    entry = forks["trunk"].entries[8]
    with pytest.raises(Damaged, match=r"entry 9: its stamp does not follow .* a later time"):
        copy.add(entry._replace(time=forks["trunk"].entries[7].time))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"\nPit-Entry: acme 12\n", b"\nPit-entry: acme 12\n"),
        (b"\nPit-Entry: acme 12\n", b"\nPit-Entry: acme 13\n"),
    ],
)
def test_a_copy_that_changes_while_it_is_read_is_said_to(
    old: bytes, new: bytes, forks: Forks, tmp_path: Path
) -> None:
    path = forks["left"].write(tmp_path / "copy") / "0000000001.mbox"
    copy = read_copy(path.parent, NAME)
    assert old in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(old, new))
    with pytest.raises(Damaged, match="entry 12 was changed while it was read"):
        copy.stamp(12)


def test_a_prefix_shows_the_root_of_any_size(material: Material) -> None:
    copy = material.cut("left", 18)
    for size in range(1, 19):
        proof = copy.prefix(size)
        assert isinstance(proof, Prefix)
        assert claims(proof, material.notary).heads[0, size] == copy.tree.root(size)
