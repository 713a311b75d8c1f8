"""`pit admit` makes a member of somebody's mail address and public key."""

from pathlib import Path

import pytest

from pit.pits.reading import fold_of
from tests.conftest import Shell


@pytest.fixture
def key(club: Shell) -> bytes:
    """Carol's public key, as she shows it."""
    club("key", "make", "carol", "carol@example.org")
    return club.run("key", "show", "--as", "carol")


def test_a_member_is_admitted_by_the_operator_and_may_trade(club: Shell, key: bytes) -> None:
    club("admit", "carol", "carol@example.org", "-", stdin=key)
    club("notary")
    carol = fold_of(club.home, "acme").members["carol"]
    assert carol.fingerprint == key.split()[1].decode()
    assert (carol.mail, carol.roles) == (("carol@example.org",), {"trader"})
    club("send", "--as", "carol", 'say "here"')
    club("notary")
    assert "\tcarol\tsay " in club("lines")


def test_roles_and_addresses_come_with_commas(club: Shell, key: bytes, tmp_path: Path) -> None:
    file = tmp_path / "carol.asc"
    file.write_bytes(key)
    club("admit", "carol", "carol@example.org,c@b.c", str(file), "--roles", "issuer,specialist")
    club("notary")
    carol = fold_of(club.home, "acme").members["carol"]
    assert carol.mail == ("carol@example.org", "c@b.c")
    assert carol.roles == {"issuer", "specialist"}


def test_the_key_block_stands_in_the_text_that_is_signed(club: Shell, key: bytes) -> None:
    shown = club("admit", "carol", "carol@example.org", "-", stdin=key)
    assert "  key:\n    -----BEGIN PGP PUBLIC KEY BLOCK-----\n\n    " in shown
    assert shown.endswith("\n    -----END PGP PUBLIC KEY BLOCK-----\n")


@pytest.mark.parametrize(
    ("handle", "mail", "roles", "said"),
    [
        ("Carol", "carol@example.org", "trader", "'Carol' is not a handle"),
        ("carol", "carol", "trader", "'carol' is not a list of mail addresses"),
        ("carol", "carol@example.org", "Trader", "'Trader' is not a list of names"),
    ],
)
def test_a_wrong_admission_is_not_sent(
    club: Shell, key: bytes, handle: str, mail: str, roles: str, said: str
) -> None:
    club("admit", handle, mail, "-", "--roles", roles, stdin=key, status=65)
    assert said in club.err


def test_what_is_not_one_public_key_is_refused(club: Shell, key: bytes) -> None:
    club("admit", "carol", "carol@example.org", "-", stdin=b"carol\n", status=65)
    assert "KEYFILE has 0 public key blocks" in club.err
    club("admit", "carol", "carol@example.org", "-", stdin=key + key, status=65)
    assert "KEYFILE has 2 public key blocks" in club.err
    club("admit", "carol", "carol@example.org", "-", stdin=key.replace(b"mD", b"mE"), status=65)


@pytest.mark.parametrize("handle", ["operator", "notary", "outside"])
def test_nobody_is_admitted_under_a_handle_that_is_not_a_members(
    club: Shell, key: bytes, handle: str
) -> None:
    club("admit", handle, "carol@example.org", "-", stdin=key)
    assert f"`{handle}` is reserved; take another handle" in club("notary", "-v")
    assert fold_of(club.home, "acme").member("outside") is None
