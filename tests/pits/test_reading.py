"""What is read of an archive: its last seal, its id, its entries, the pit that they make."""

import hashlib
from pathlib import Path

import pytest

from pit.archives.errors import Damaged, NoInput
from pit.archives.words import CORE
from pit.pits.home import Home, Settings, save_settings
from pit.pits.reading import entries_of, fold_of, folding, last_seal, pit_id, words_of
from pit.pits.state import Pit
from tests.conftest import Shell


def test_the_last_seal_is_what_the_last_entry_says(club: Shell) -> None:
    entries = list(entries_of(club.home, "acme"))
    seal = last_seal(club.home, "acme")
    assert seal is not None
    assert entries[-1].signer == "notary"
    assert f"\nseal {seal[0]}\n  root: {seal[1]}\n" in entries[-1].text
    assert seal[0] == len(entries) - 1


def test_the_last_seal_is_found_behind_a_long_entry(club: Shell) -> None:
    club("send", "--as", "operator", *(f'say "{"x" * 900}"' for _ in range(100)))
    club("notary")
    seal = last_seal(club.home, "acme")
    assert seal == fold_of(club.home, "acme").seal


def test_the_id_is_the_hash_of_the_charters_text(club: Shell) -> None:
    first = next(entries_of(club.home, "acme"))
    assert pit_id(club.home, "acme") == hashlib.sha256(first.text.encode()).hexdigest()
    assert f"Pit-Text: {pit_id(club.home, 'acme')}\n".encode() in first.raw


def test_entries_begin_where_asked_and_end_at_the_last_seal(club: Shell) -> None:
    numbers = [entry.number for entry in entries_of(club.home, "acme")]
    assert numbers == list(range(1, numbers[-1] + 1))
    assert [entry.number for entry in entries_of(club.home, "acme", 3)] == numbers[2:]
    assert list(entries_of(club.home, "acme", numbers[-1] + 1)) == []


def test_the_fold_knows_the_pit_as_the_charter_and_the_operator_made_it(club: Shell) -> None:
    pit = fold_of(club.home, "acme")
    assert (pit.name, pit.id, pit.title) == ("acme", pit_id(club.home, "acme"), "Acme pit")
    assert not pit.open
    assert sorted(pit.members) == ["alice", "bob", "notary", "operator"]
    assert pit.members["operator"].roles == {"cashier", "issuer", "keeper", "specialist"}
    assert pit.members["alice"].roles == {"trader"}
    assert pit.assets["EUR"].decimals == 2
    assert pit.keeper("alice") is not None


def test_folding_gives_each_text_when_the_pit_has_taken_it(club: Shell) -> None:
    pit = Pit()
    for entry, text in folding(entries_of(club.home, "acme"), pit):
        assert pit.entry == entry.number
        assert text.pit == "acme"


def test_the_words_in_force_are_the_core_of_a_pit_that_took_no_others(club: Shell) -> None:
    assert words_of(club.home, "acme") == fold_of(club.home, "acme").words == CORE


def test_without_an_archive_there_is_no_seal_and_the_id_is_the_one_noted(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert last_seal(home, "acme") is None
    assert words_of(home, "acme") == CORE
    with pytest.raises(NoInput, match="no archive of pit acme"):
        next(entries_of(home, "acme"))
    with pytest.raises(NoInput, match="there is no such pit here"):
        pit_id(home, "acme")
    save_settings(home, Settings("acme", "ab" * 32, "acme@pits.invalid", "0" * 40))
    assert pit_id(home, "acme") == "ab" * 32


def test_a_changed_byte_of_a_text_is_damage_that_names_the_entry(club: Shell) -> None:
    path = next(club.home.archive("acme").glob("*.mbox"))
    data = path.read_bytes()
    path.write_bytes(data.replace(b"\nadmit bob ", b"\nadmit bop "))
    entries = entries_of(club.home, "acme")
    with pytest.raises(Damaged, match=r"^entry [0-9]+: its text is not the one"):
        list(entries)
