"""`pit new` opens a pit in one signed text, or changes nothing."""

import os
import re
from pathlib import Path

import pytest

from pit.archives.access import group_name
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


def modes(folder: Path) -> dict[str, int]:
    """The permission bits of a folder and of all in it, but its lock, which is its owner's."""
    found = {path.name: path.stat().st_mode & 0o7777 for path in folder.rglob("*")}
    lock = found.pop("lock")
    assert lock == 0o600
    return {".": folder.stat().st_mode & 0o7777, **found}


def set_umask(shell: Shell, mask: int) -> None:
    """What `shell` runs from now on, it runs with this umask."""
    run = shell.run

    def masked(*args: str, stdin: bytes = b"", status: int = 0) -> bytes:
        before = os.umask(mask)
        try:
            return run(*args, stdin=stdin, status=status)
        finally:
            os.umask(before)

    shell.run = masked  # type: ignore[method-assign]


@pytest.mark.parametrize("mask", [0o000, 0o077])
def test_a_private_pit_is_its_owners_and_its_groups_whatever_the_umask(
    pit: Shell, mask: int
) -> None:
    set_umask(pit, mask)
    out = pit("new", "acme", "--private", "--group", str(os.getegid()))
    archive = pit.home.archive("acme")
    assert f"Private: the group {group_name(os.getegid())} reads {archive}\n" in out
    assert modes(archive) == {".": 0o2750, "0000000001.mbox": 0o640, "mark": 0o640}
    assert pit.home.pit("acme").stat().st_mode & 0o777 == 0o700
    assert pit.home.wallet("operator").stat().st_mode & 0o777 == 0o700
    above = (archive.parent, pit.home.root)
    assert [path.stat().st_mode & 0o777 for path in above] == [0o755, 0o755]
    assert fold_of(pit.home, "acme").rule("private") == "yes"
    said = next(entries_of(pit.home, "acme")).text
    assert "\nrule private yes\n" in said


@pytest.mark.parametrize("mask", [0o000, 0o077])
def test_a_private_pit_without_a_group_is_its_owners_alone(pit: Shell, mask: int) -> None:
    set_umask(pit, mask)
    out = pit("new", "acme", "--private", "--template", "bare")
    assert "Private: nobody but you reads it on this host" in out
    modes_now = modes(pit.home.archive("acme"))
    assert modes_now == {".": 0o700, "0000000001.mbox": 0o600, "mark": 0o600}


@pytest.mark.parametrize("mask", [0o000, 0o077])
def test_a_public_pit_is_written_by_its_owner_alone_and_its_keys_are_his(
    pit: Shell, mask: int
) -> None:
    set_umask(pit, mask)
    pit("new", "acme")
    open_to = 0o077 & ~mask
    wanted = {".": 0o700 | open_to & 0o055, "0000000001.mbox": 0o600 | open_to & 0o044}
    assert modes(pit.home.archive("acme")) == {**wanted, "mark": 0o600 | open_to & 0o044}
    assert pit.home.pit("acme").stat().st_mode & 0o777 == 0o700
    assert pit.home.notary_keys("acme").stat().st_mode & 0o777 == 0o700
    assert pit.home.wallet("operator").stat().st_mode & 0o777 == 0o700


def test_a_pit_that_becomes_private_is_shut_from_then_on(pit: Shell) -> None:
    pit("new", "acme")
    archive = pit.home.archive("acme")
    archive.chmod(0o755)
    pit.home.pit("acme").chmod(0o755)
    pit("send", "--as", "operator", "rule private yes")
    pit("notary")
    assert f"pit notary: {archive}: the pit is private: shut to all but" in pit.err
    assert archive.stat().st_mode & 0o777 == 0o750
    assert pit.home.pit("acme").stat().st_mode & 0o777 == 0o750
    archive.chmod(0o755)
    pit("notary")
    assert archive.stat().st_mode & 0o777 == 0o750


def test_a_folder_made_for_a_private_pit_keeps_its_group_and_is_shut(pit: Shell) -> None:
    archive = pit.home.archive("acme")
    archive.mkdir(parents=True)
    archive.chmod(0o2755)
    pit("new", "acme", "--private")
    assert archive.stat().st_mode & 0o7777 == 0o2750


def test_a_group_that_is_none_or_for_everybody_opens_no_pit(pit: Shell) -> None:
    pit("new", "acme", "--private", "--group", "no-such-group", status=64)
    assert "'no-such-group' is no group on this host; addgroup makes one" in pit.err
    pit("new", "acme", "--group", str(os.getegid()), status=64)
    assert "--group is for a private pit; write --private too" in pit.err
    assert not pit.home.root.exists()


def test_who_cannot_come_to_a_private_pit_is_told_of(pit: Shell) -> None:
    pit.home.root.mkdir(mode=0o700)
    pit("new", "acme", "--private", "--group", str(os.getegid()))
    found = re.search(r"pit new: (/\S+) lets nobody through to it; chmod o\+x it", pit.err)
    assert found and not Path(found[1]).stat().st_mode & 0o001


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
