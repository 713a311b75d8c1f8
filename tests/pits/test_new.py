"""`pit new` opens a pit in one signed text, or changes nothing."""

import pytest

from pit.pits.home import load_settings
from pit.pits.reading import entries_of, fold_of, pit_id
from tests.conftest import Shell


def test_a_club_is_one_signed_text_and_a_seal(pit: Shell) -> None:
    out = pit("new", "acme", "--currency", "USD")
    first, seal = entries_of(pit.home, "acme")
    assert (first.signer, seal.signer) == ("operator", "notary")
    fold = fold_of(pit.home, "acme")
    assert fold.id in out
    assert fold.members["operator"].roles == {"cashier", "issuer", "keeper", "specialist"}
    assert fold.assets["USD"].name == "US dollar"
    holder = fold.keeper("operator")
    assert holder is not None and holder.handle == "operator"


def test_the_settings_name_the_list_and_the_notarys_key(pit: Shell) -> None:
    pit("new", "acme", "--address", "acme@lists.example.org")
    settings = load_settings(pit.home, "acme")
    assert settings.address == "acme@lists.example.org"
    seal = list(entries_of(pit.home, "acme"))[-1]
    assert settings.notary == seal.fingerprint
    assert settings.id in ("", pit_id(pit.home, "acme"))


def test_without_an_address_no_mail_can_leave_the_host(pit: Shell) -> None:
    pit("new", "acme")
    assert load_settings(pit.home, "acme").address == "acme@pits.invalid"


def test_a_bare_pit_has_a_charter_and_nothing_else(pit: Shell) -> None:
    pit("new", "acme", "--template", "bare", "--title", 'Ümlaut & "Co"')
    fold = fold_of(pit.home, "acme")
    assert fold.title == 'Ümlaut & "Co"'
    assert (fold.assets, fold.members["operator"].roles, fold.shard_count) == ({}, set(), 0)


def test_a_second_pit_has_the_same_operator_and_a_notary_of_its_own(pit: Shell) -> None:
    pit("new", "acme")
    pit("new", "brot")
    acme, brot = (list(entries_of(pit.home, name)) for name in ("acme", "brot"))
    assert acme[0].fingerprint == brot[0].fingerprint
    assert acme[1].fingerprint != brot[1].fingerprint


def test_a_pit_that_is_here_is_not_opened_again_and_nothing_changes(pit: Shell) -> None:
    pit("new", "acme")
    before = {p: p.read_bytes() for p in pit.home.root.rglob("*") if p.is_file()}
    pit("new", "acme", "--title", "Another", status=73)
    assert "the pit acme is here already" in pit.err
    after = {p: p.read_bytes() for p in pit.home.root.rglob("*") if p.is_file()}
    assert after == before


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["Acme"], "is no pit"),
        (["../acme"], "is no pit"),
        (["acme", "--currency", "eur"], "'eur' is not an asset or ticker; write capitals"),
        (["acme", "--title", "a\nb"], "is not a quoted text"),
        (["acme", "--address", "acme"], "'acme' is not a list of mail addresses"),
        (["acme", "--mail", "operator"], "'operator' is not a mail address"),
    ],
)
def test_a_pit_that_cannot_be_is_refused_before_anything_is_made(
    pit: Shell, args: list[str], said: str
) -> None:
    pit("new", *args, status=64)
    assert said in pit.err
    assert not pit.home.root.exists()
