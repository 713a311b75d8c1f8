"""The dictionary on disk is a dictionary; what is damaged or missing in it is never believed."""

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pit.moderator.facts import Facts, Unsound

KEYS = st.binary(min_size=1, max_size=3)
ALL = [bytes([a, b]) for a in range(6) for b in range(6)]


def opened() -> tuple[sqlite3.Connection, Facts]:
    db = sqlite3.connect(":memory:", isolation_level=None)
    Facts.create(db)
    return db, Facts(db)


def after(known: dict[bytes, bytes], key: bytes) -> bytes:
    return min((other for other in known if other > key), default=b"")


@given(st.lists(st.one_of(st.tuples(KEYS, st.binary(max_size=4)), st.none()), max_size=30), KEYS)
def test_it_says_what_a_dict_says_whenever_it_is_saved(
    steps: list[tuple[bytes, bytes] | None], probe: bytes
) -> None:
    db, facts = opened()
    known: dict[bytes, bytes] = {}
    for step in steps:
        if step:
            facts.put(*step)
            known[step[0]] = step[1]
        else:
            facts.save()
            facts.saved()
        for key in (*known, probe):
            assert facts.get(key) == known.get(key)
            assert facts.after(key) == after(known, key)
    facts.save()
    facts.saved()
    again = Facts(db)
    for key in (*known, probe):
        assert again.get(key) == known.get(key)
        assert again.after(key) == after(known, key)


def filled() -> tuple[sqlite3.Connection, dict[bytes, bytes]]:
    """Half of ALL, saved in two goes."""
    db, facts = opened()
    known = {key: b"of " + key for key in ALL[::2]}
    for keys in (ALL[::4], ALL[2::4]):
        for key in keys:
            facts.put(key, known[key])
        facts.save()
        facts.saved()
    return db, known


def answers(db: sqlite3.Connection, known: dict[bytes, bytes]) -> tuple[int, int]:
    """How many look-ups are refused, and how many are wrong."""
    refused = wrong = 0
    for key in (b"\0", *ALL, b"\xff"):
        try:
            wrong += Facts(db).get(key) != known.get(key)
        except Unsound:
            refused += 1
        try:
            wrong += Facts(db).after(key) != after(known, key)
        except Unsound:
            refused += 1
    return refused, wrong


def test_a_whole_table_answers_everything() -> None:
    assert answers(*filled()) == (0, 0)


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM facts WHERE key = ?",
        "UPDATE facts SET value = x'00' WHERE key = ?",
        "UPDATE facts SET next = x'ffff' WHERE key = ?",
        "UPDATE facts SET next = x'' WHERE key = ?",
        "UPDATE facts SET sum = sum + 1 WHERE key = ?",
        "UPDATE facts SET value = NULL WHERE key = ?",
        "UPDATE facts SET value = 7 WHERE key = ?",
        "UPDATE facts SET sum = 'x' WHERE key = ?",
        "UPDATE facts SET key = x'0301' WHERE key = ?",
        "UPDATE facts SET key = 'text' WHERE key = ?",
    ],
)
def test_a_row_that_was_changed_or_is_gone_gives_no_wrong_answer(damage: str) -> None:
    for key in (b"", *ALL[:-2:2]):
        db, known = filled()
        db.execute(damage, (key,))
        refused, wrong = answers(db, known)
        assert wrong == 0
        assert refused > 0


def test_rows_of_an_older_state_among_newer_ones_are_noticed() -> None:
    db, facts = opened()
    facts.put(b"b", b"1")
    facts.save()
    facts.saved()
    older = db.execute("SELECT * FROM facts WHERE key = x''").fetchone()
    facts.put(b"a", b"2")
    facts.save()
    db.execute("REPLACE INTO facts VALUES (?, ?, ?, ?)", older)
    db.execute("DELETE FROM facts WHERE key = ?", (b"b",))
    for key in (b"b", b"c"):
        with pytest.raises(Unsound):
            assert Facts(db).get(key) is None


def test_a_table_that_is_gone_is_unsound_not_empty() -> None:
    db, _ = filled()
    db.execute("DROP TABLE facts")
    with pytest.raises(Unsound):
        Facts(db).get(b"a")
    with pytest.raises(Unsound):
        Facts(db).after(b"a")
