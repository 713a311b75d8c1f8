"""What witnesses say in an archive, and which seals they cover."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pit.archives.language import parse
from pit.archives.mbox import Entry
from pit.archives.verbs import Directive
from pit.archives.words import CORE
from pit.pits import dump, rules
from pit.pits.keyring import Keyring
from pit.pits.state import Pit
from pit.pits.trial import first_objection
from pit.pits.witnesses import Saw, coverage, lines, places, saws, witnesses_of

ROOT, OTHER = "a" * 64, "b" * 64
HANDLES = ("carol", "dave", "erin")


def folded(*said: tuple[str, str]) -> Pit:
    """The pit after texts, each with its signer."""
    pit = Pit("acme")
    for signer, text in said:
        parsed = parse(f"pit acme\n{text}\n", CORE)
        pit.step(pit.entry + 1, f"2026-11-20T12:00:{pit.entry:02}.000000Z", signer, parsed)
        pit.settle()
    return pit


def entry(number: int, signer: str, text: str) -> Entry:
    time = f"2026-11-20T12:00:{number:02}.000000Z"
    return Entry("acme", number, time, signer, "", f"pit acme\n{text}\n", b"")


CHARTER = 'charter "Acme"\n  operator-key:\n    x\n  notary-key:\n    y'


def admit(handle: str, mark: str) -> str:
    return (
        f"admit {handle} {mark * 40}\n  mail: {handle}@example.org\n  roles: witness\n  key:\n    z"
    )


FOUNDED = [("operator", f'{CHARTER}\nwitness carol "https://carol.example/acme.txt"')]
ADMITTED = [
    ("operator", "\n".join(map(admit, HANDLES, "ABC"))),
    ("operator", 'rule witnesses 2\nwitness dave "/srv/dave.txt"'),
]


# --- the words ----------------------------------------------------------------------------------


def test_the_charter_itself_may_say_where_a_witness_publishes_before_he_is_a_member() -> None:
    pit = folded(*FOUNDED)
    assert pit.witnesses == {"carol": "https://carol.example/acme.txt"}
    assert witnesses_of(pit) == []


def test_where_a_witness_publishes_is_what_was_said_last() -> None:
    pit = folded(*FOUNDED, *ADMITTED, ("operator", 'witness carol "/mnt/carol.txt"'))
    assert pit.witnesses == {"carol": "/mnt/carol.txt", "dave": "/srv/dave.txt"}


def test_witnesses_are_the_members_in_good_standing_with_the_role() -> None:
    pit = folded(*FOUNDED, *ADMITTED)
    assert witnesses_of(pit) == [*HANDLES]
    away = ("operator", "suspend carol\nrevoke witness from dave\nexpel erin")
    assert witnesses_of(folded(*FOUNDED, *ADMITTED, away)) == []
    back = ("operator", "restore carol\ngrant witness to dave")
    assert witnesses_of(folded(*FOUNDED, *ADMITTED, away, back)) == ["carol", "dave"]


def test_a_pit_wants_no_witnesses_until_its_rule_says_how_many() -> None:
    assert folded(*FOUNDED).rule("witnesses") == 0
    assert folded(*FOUNDED, *ADMITTED).rule("witnesses") == 2
    assert rules.read("witnesses", "0") == 0
    with pytest.raises(ValueError, match="'-1' is not a whole number"):
        rules.read("witnesses", "-1")


def test_a_checkpoint_keeps_where_witnesses_publish() -> None:
    pit, again = folded(*FOUNDED, *ADMITTED), Pit()
    state = list(dump.dump(pit))
    dump.load(again, state)
    assert again.witnesses == pit.witnesses
    assert list(dump.dump(again)) == state
    assert Directive("witness", ("dave", "/srv/dave.txt")) in state


@pytest.mark.parametrize(
    ("signer", "text", "why"),
    [
        ("operator", 'witness notary "/srv/n.txt"', "the notary cannot be a witness of its own"),
        ("operator", 'witness carol "carol.txt"', "'carol.txt' is no place; write a path"),
        ("operator", 'witness carol ""', "'' is no place; write a path from / on, or a URL"),
        ("carol", 'witness carol "/srv/c.txt"', "`witness` is for operator; carol is member"),
        ("operator", f"saw 4 {ROOT}", "`saw` is for witness; operator is member, operator"),
        ("notary", f"saw 4 {ROOT}", "`saw` is for witness; notary is notary"),
        ("operator", "grant watcher to carol", "roles are trader, .*, witness$"),
    ],
)
def test_what_has_no_place_among_these_words_is_refused(signer: str, text: str, why: str) -> None:
    pit = folded(*FOUNDED, *ADMITTED)
    parsed = parse(f"pit acme\n{text}\n", CORE)
    _, problem = first_objection(parsed, signer, "2027-01-01T00:00:00.000000Z", pit, Keyring())
    with pytest.raises(AssertionError, match=why):
        raise AssertionError(problem)


def test_a_witness_may_say_that_he_saw_what_is_no_seal_here() -> None:
    pit = folded(*FOUNDED, *ADMITTED)
    parsed = parse(f"pit acme\nsaw 999 {OTHER}\n", CORE)
    assert first_objection(parsed, "carol", "2027", pit, Keyring()) == (-1, "")


def test_what_was_said_is_found_in_the_entries() -> None:
    stand = [
        entry(1, "operator", 'charter "x"\nwitness carol "https://c.example/a\\"b"'),
        entry(2, "carol", f"saw 1 {ROOT}"),
        entry(3, "mallory", 'witness carol "/etc/passwd"'),
        entry(4, "dave", f'say "saw 1 {ROOT}"\nsaw 2 {OTHER}\nsaw 3 {ROOT}'),
        entry(5, "operator", 'witness erin "/e"\nwitness erin "/f"'),
    ]
    assert places(stand) == {"carol": 'https://c.example/a"b', "erin": "/f"}
    assert saws(stand) == [(2, "carol", 1, ROOT), (4, "dave", 2, OTHER), (4, "dave", 3, ROOT)]


# --- coverage -----------------------------------------------------------------------------------


def seals_of(sizes: list[int]) -> list[tuple[int, str, str]]:
    """Seals of these sizes, each with a root and a time of its own."""
    return [(size, f"{size:064x}", f"2026-11-20T12:00:{size:02}.000000Z") for size in sizes]


SIZES = st.lists(st.integers(1, 40), unique=True, max_size=12).map(sorted)
SAWS = st.lists(
    st.tuples(st.integers(0, 99), st.sampled_from([*HANDLES, "frank"]), st.integers(1, 40),
              st.booleans()),
    max_size=16,
)  # fmt: skip


@given(SIZES, SAWS, st.sets(st.sampled_from(HANDLES)), st.integers(0, 4))
def test_a_seal_is_covered_by_the_witnesses_who_saw_it_or_a_later_one(
    sizes: list[int],
    said: list[tuple[int, str, int, bool]],
    handles: set[str],
    k: int,
) -> None:
    seals = seals_of(sizes)
    heard: list[Saw] = [
        (at, who, size, f"{size:064x}" if good else OTHER) for at, who, size, good in said
    ]
    found = coverage(seals, heard, handles, k)
    true = [(who, size) for _, who, size, good in said if good and size in sizes]
    by = {
        size: sorted({who for who, upto in true if upto >= size and who in handles})
        for size in sizes
    }
    assert {size: found.of(size) for size in sizes} == by
    covered = [seal for seal in seals if len(by[seal[0]]) >= k]
    assert (found.seals, found.covered) == (len(sizes), len(covered))
    assert (found.size, found.time) == ((covered[-1][0], covered[-1][2]) if covered else (0, ""))
    ahead = [saw for saw in heard if not saw[0] and saw[2] > max(sizes, default=0)]
    wrong = [saw for saw in heard if saw[2] not in sizes or saw[3] == OTHER]
    wrong = [saw for saw in wrong if saw not in ahead]  # a file may have seen more than this copy
    assert [saw for saw, _ in found.against] == wrong
    assert all(here == (f"{saw[2]:064x}" if saw[2] in sizes else "") for saw, here in found.against)


def test_a_coverage_says_how_many_seals_are_seen_and_what_speaks_against_the_archive() -> None:
    seals = seals_of([2, 5, 9])
    said = [
        (4, "carol", 2, f"{2:064x}"),
        (7, "dave", 5, f"{5:064x}"),
        (8, "carol", 5, f"{5:064x}"),
        (11, "erin", 9, OTHER),
        (12, "frank", 10, ROOT),
    ]
    assert lines(coverage(seals, said, HANDLES, 2)) == [
        "2 of 3 seals have 2 of 3 witnesses; the newest is seal 5 of 2026-11-20T12:00:05.000000Z",
        "carol has seen the seals up to 5",
        "dave has seen the seals up to 5",
        "erin saw none",
        f"entry 11: erin saw seal 9 with the root {OTHER}; here it has {9:064x}",
        f"entry 12: frank saw seal 10 with the root {ROOT}; there is no seal 10 here",
    ]
    files = [(0, "carol", 5, OTHER), (0, "dave", 5, f"{5:064x}"), (0, "dave", 10, ROOT)]
    assert lines(coverage(seals, files, ["carol", "dave"], 1)) == [
        "2 of 3 seals have 1 of 2 witnesses; the newest is seal 5 of 2026-11-20T12:00:05.000000Z",
        "carol saw none",
        "dave has seen the seals up to 5",
        f"his file: carol saw seal 5 with the root {OTHER}; here it has {5:064x}",
    ]
    assert lines(coverage(seals, [], ["carol"], 2)) == [
        "no seal can have 2 witnesses: members in good standing with the role: 1",
        "carol saw none",
    ]
    assert lines(coverage(seals, [], [], 0)) == []
