"""Proofs as text come back as they were, whatever mail does around them; nothing else is one."""

import contextlib
import re

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pit.archives.entry import Stamp
from pit.archives.errors import Damaged, PitError
from pit.archives.proof import (
    MAX_PROOF,
    Consistency,
    Head,
    Inclusion,
    Prefix,
    Proof,
    read_proofs,
    show,
)

HASH = st.binary(min_size=32, max_size=32)


def stamp_of(number: int, digest: bytes) -> bytes:
    some = digest.hex()
    time = "2026-11-20T12:50:19.163980Z"
    return Stamp(
        "acme", number, time, "alice", "AB" * 20, "2026-11-20T12:50:19Z", some, 377, some, some
    ).lines()


def seal_of(number: int, digest: bytes, said: str = "seal") -> bytes:
    return (
        stamp_of(number, digest)
        + (
            f"From: acme <acme@pits.example>\n\n-----BEGIN PGP SIGNED MESSAGE-----\n\n{said}\n"
            "-----BEGIN PGP SIGNATURE-----\n\nabcd\n-----END PGP SIGNATURE-----\n"
        ).encode()
    )


def words(alphabet: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Lines of text, none of them a section's."""
    line = st.text(alphabet, max_size=30).filter(lambda one: not re.fullmatch("== [a-z]+", one))
    return st.lists(line, min_size=1, max_size=4).map(lambda lines: "\n".join(lines) + "\n")


PRINTED = words(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]))
NUMBERS = st.integers(1, 10**15 - 1)
STAMPS = st.builds(stamp_of, NUMBERS, HASH)
SEALS = st.builds(seal_of, NUMBERS, HASH)
CHARTERS = st.just("") | PRINTED
STEPS = st.lists(st.tuples(st.sampled_from("LR"), HASH), max_size=9).map(tuple)
NODES = st.lists(HASH, max_size=9).map(tuple)
KEYS = st.lists(st.builds(seal_of, NUMBERS, HASH, st.just("rekey notary")), max_size=2).map(tuple)
PROOFS: st.SearchStrategy[Proof] = st.one_of(
    st.builds(Inclusion, STAMPS, STEPS, SEALS, CHARTERS, KEYS),
    st.builds(Consistency, SEALS, NODES, SEALS, CHARTERS, KEYS),
    st.builds(Prefix, NUMBERS, HASH, NODES, SEALS, CHARTERS, KEYS),
    st.builds(Head, SEALS, CHARTERS, KEYS),
)

STAMP, SEAL = stamp_of(4, bytes(32)), seal_of(9, bytes(32))
PATH = (("L", b"a" * 32), ("R", b"b" * 32))
INCLUSION = Inclusion(STAMP, PATH, SEAL, "pit acme\n")
CONSISTENCY = Consistency(seal_of(5, b"c" * 32), (b"d" * 32,), SEAL)
PREFIX = Prefix(5, b"e" * 32, (b"d" * 32,), SEAL)


# --- what is read back --------------------------------------------------------------------------


@given(st.lists(PROOFS, min_size=1, max_size=3))
def test_what_was_shown_is_read_back(proofs: list[Proof]) -> None:
    assert read_proofs(b"".join(map(show, proofs))) == proofs


@given(st.lists(st.tuples(PRINTED, PROOFS), min_size=1, max_size=3), PRINTED, st.booleans())
def test_what_stands_before_and_behind_proofs_is_for_people(
    proofs: list[tuple[str, Proof]], footer: str, by_mail: bool
) -> None:
    """As when receipts are saved into one file, headers, quoted text, footers and all."""
    text = b"".join(above.encode() + show(proof) for above, proof in proofs) + footer.encode()
    if by_mail:
        text = text.replace(b"\n", b"\r\n")
    assert read_proofs(text) == [proof for _, proof in proofs]


@given(PROOFS, PRINTED)
def test_a_quoted_proof_is_no_proof(proof: Proof, above: str) -> None:
    quoted = b"".join(b"> " + line for line in show(proof).splitlines(keepends=True))
    assert read_proofs(above.encode() + quoted + show(proof)) == [proof]
    with pytest.raises(Damaged, match="there is no line `== stamp`"):
        read_proofs(above.encode() + quoted)


@given(PROOFS)
def test_the_last_line_end_may_be_missing(proof: Proof) -> None:
    assert read_proofs(show(proof).rstrip(b"\n")) == [proof]


def test_what_a_witness_says_is_passed_by() -> None:
    saw = b"== saw\n-----BEGIN PGP SIGNED MESSAGE-----\n\npit acme\nsaw 8 00\n"
    text = saw + show(CONSISTENCY) + saw + show(INCLUSION) + saw
    assert read_proofs(text) == [CONSISTENCY, INCLUSION]


def test_a_proof_is_text_that_a_person_can_read() -> None:
    assert show(INCLUSION).decode() == (
        f"== stamp\n{STAMP.decode()}== path\nL {'61' * 32}\nR {'62' * 32}\n"
        f"== charter\npit acme\n== seal\n{SEAL.decode()}\n"
    )
    assert show(PREFIX).decode() == (
        f"== since\n5 {'65' * 32}\n== consistency\n{'64' * 32}\n== seal\n{SEAL.decode()}\n"
    )
    assert show(CONSISTENCY).startswith(b"== since\n" + CONSISTENCY.since + b"\n== consistency\n")
    assert show(Head(SEAL)) == b"== seal\n" + SEAL + b"\n"


def test_the_path_of_an_only_entry_has_no_lines() -> None:
    only = Inclusion(STAMP, (), SEAL)
    assert b"== path\n== seal\n" in show(only)
    assert read_proofs(show(only)) == [only]


# --- what is refused ----------------------------------------------------------------------------


@settings(max_examples=300)
@given(st.binary(max_size=400) | st.text(max_size=400).map(str.encode))
def test_other_bytes_are_refused_and_nothing_worse(data: bytes) -> None:
    with pytest.raises(PitError):
        read_proofs(data)


HEX = b"61" * 32
NAMES = ["stamp", "path", "since", "consistency", "charter", "seal", "saw", "nothing"]
LINES = [STAMP, SEAL, b"L %b\n" % HEX, HEX + b"\n", b"5 %b\n" % HEX, b"pit acme\n", b"\n", b"\r\n"]
PIECES = st.sampled_from(
    [*(f"== {name}\n".encode() for name in NAMES), *LINES, b"\xff\n", b"== \n"]
)


@settings(max_examples=300)
@given(st.lists(PIECES, max_size=9).map(b"".join))
def test_what_almost_is_a_proof_is_read_or_refused(data: bytes) -> None:
    try:
        found = read_proofs(data)
    except PitError as error:
        assert str(error).startswith("no proof: ")
    else:
        assert found and read_proofs(b"".join(map(show, found))) == found


@given(PROOFS, st.data())
def test_a_cut_proof_is_none(proof: Proof, data: st.DataObject) -> None:
    text = show(proof)
    first, end = text.index(b"\n") + 1, text.rindex(b"-----END PGP")
    at = data.draw(st.integers(0, end + 20))
    with pytest.raises(Damaged, match="no proof: "):
        read_proofs(text[:at])
    assume(at > first)
    # Without its first line the rest may still be a seal alone, but not this proof.
    with contextlib.suppress(Damaged):
        assert proof not in read_proofs(text[at:])


def sections(proof: Proof) -> list[bytes]:
    return re.split(rb"(?m)^(?=== )", show(proof))[1:]


@pytest.mark.parametrize(
    ("proof", "order", "said"),
    [
        (INCLUSION, [1, 0, 2, 3], "`== path` stands where `== seal` should"),
        (INCLUSION, [0, 2, 1, 3], "`== charter` stands where `== path` should"),
        (INCLUSION, [0, 1, 3, 2], "the file ends where `== seal` should"),
        (INCLUSION, [3, 0, 1, 2], "the file ends where `== seal` should"),
        (INCLUSION, [1, 2, 3], "`== path` stands where `== seal` should"),
        (INCLUSION, [0, 2, 3], "`== charter` stands where `== path` should"),
        (INCLUSION, [0, 1, 2], "the file ends where `== seal` should"),
        (INCLUSION, [0], "the file ends where `== path` should"),
        (INCLUSION, [0, 0, 1, 2, 3], "`== stamp` stands where `== path` should"),
        (INCLUSION, [0, 1, 1, 2, 3], "`== path` stands where `== seal` should"),
        (INCLUSION, [0, 1, 2, 2, 3], "`== charter` stands where `== seal` should"),
        (INCLUSION, [2, 0, 1, 3], "`== stamp` stands where `== seal` should"),
        (CONSISTENCY, [1, 0, 2], "`== consistency` stands where `== seal` should"),
        (CONSISTENCY, [0, 2, 1], "`== seal` stands where `== consistency` should"),
        (CONSISTENCY, [0, 2], "`== seal` stands where `== consistency` should"),
        (CONSISTENCY, [0, 1], "the file ends where `== seal` should"),
        (CONSISTENCY, [0, 1, 1, 2], "`== consistency` stands where `== seal` should"),
    ],
)
def test_a_section_out_of_its_place_is_named(proof: Proof, order: list[int], said: str) -> None:
    parts = sections(proof)
    with pytest.raises(Damaged, match=f"^no proof: {said}; right would be `== stamp`"):
        read_proofs(b"".join(parts[at] for at in order))


def test_a_section_of_another_kind_is_named() -> None:
    with pytest.raises(Damaged, match="`== paths` stands where `== path` should"):
        read_proofs(show(INCLUSION).replace(b"== path\n", b"== paths\n"))
    with pytest.raises(Damaged, match="`== other` stands where `== seal` should"):
        read_proofs(b"== other\n" + show(INCLUSION))


@pytest.mark.parametrize(
    ("proof", "old", "new", "said"),
    [
        (INCLUSION, b"\nPit-Prev: ", b"\nPit-Prev: 0", "six stamp lines and nothing else"),
        (INCLUSION, b"== path\n", b"\n== path\n", "six stamp lines and nothing else"),
        (INCLUSION, b"\nL ", b"\nX ", "line of the path should be L or R and 64 hex digits"),
        (INCLUSION, b"\nL 61", b"\nL 6", "'L 661.*61': a line of the path"),
        (INCLUSION, b"\nL 61", b"\nL 6161", "a line of the path"),
        (INCLUSION, b"\nL 61", b"\nL  61", "a line of the path"),
        (INCLUSION, b"\nL 61", b"\nl 61", "a line of the path"),
        (INCLUSION, b"\nL 61", b"\nL 6\xe9", "a line of the path"),
        (INCLUSION, b"\nL 61", b"\n\nL 61", "'': a line of the path"),
        (INCLUSION, b"\nR 62", b" \nR 62", "a line of the path"),
        (INCLUSION, b"pit acme\n", b"pit acm\xe9\n", "the charter is not UTF-8"),
        (INCLUSION, b"-----END PGP", b"----- END PGP", "where a seal should be"),
        (INCLUSION, b"== seal\n", b"== seal\n\n", "where a seal should be"),
        (CONSISTENCY, b"\n64", b"\n6g", "of the consistency should be 64 hex digits"),
        (CONSISTENCY, b"\n64", b"\nL 64", "of the consistency should be 64 hex digits"),
        (CONSISTENCY, b"== since\n", b"== since\n\n", "where a seal should be"),
        (PREFIX, b"\n5 65", b"\n0 65", "where a seal should be"),
        (PREFIX, b"\n5 65", b"\n05 65", "where a seal should be"),
        (PREFIX, b"\n5 65", b"\n-5 65", "where a seal should be"),
        (PREFIX, b"\n5 65", b"\n5555555555555555 65", "where a seal should be"),
        (PREFIX, b"\n5 65", b"\n5 6", "where a seal should be"),
    ],
)
def test_a_line_that_is_wrong_is_said(proof: Proof, old: bytes, new: bytes, said: str) -> None:
    text = show(proof)
    assert old in text
    with pytest.raises(Damaged, match=said):
        read_proofs(text.replace(old, new, 1))


@pytest.mark.parametrize("name", [*NAMES, "other"])
def test_a_section_in_a_seal_or_a_charter_cuts_it(name: str) -> None:
    """What is cut short is not what was signed or hashed, so it can only be refused later on."""
    line = f"== {name}\n".encode()
    inside = SEAL.replace(b"\nseal\n", b"\n" + line + b"seal\n")
    with pytest.raises(Damaged, match=r"no proof: "):
        read_proofs(show(INCLUSION._replace(seal=inside)))
    charter = f"pit acme\n{line.decode()}charter\n"
    try:
        found = read_proofs(show(INCLUSION._replace(charter=charter)))
    except Damaged:
        return
    assert charter not in [proof.charter for proof in found]


def test_a_file_that_is_far_too_long_is_not_read() -> None:
    with pytest.raises(Damaged, match=f"{MAX_PROOF + 1} bytes; at most {MAX_PROOF}"):
        read_proofs(bytes(MAX_PROOF + 1))
