"""A wallet's key is made or chosen once, and shown as the operator needs it."""

from pathlib import Path

import pytest

from pit.pits.gnupg import KeyHome
from pit.pits.openpgp import certificate
from tests.conftest import Shell, end_agent


def test_a_made_key_is_shown_with_its_fingerprint_and_address(pit: Shell) -> None:
    fingerprint = pit("key", "make", "alice", "alice@example.org", "--name", "Alice").strip()
    head, _, block = pit("key", "show").partition("\n")
    assert head == f"alice {fingerprint} Alice <alice@example.org>"
    cert = certificate(block)
    assert (cert.fingerprint, cert.addresses) == (fingerprint, ("alice@example.org",))


def test_a_second_key_is_not_made_over_the_first(pit: Shell) -> None:
    pit("key", "make", "alice", "alice@example.org")
    before = pit("key", "show")
    pit("key", "make", "alice", "alice@example.org", status=73)
    assert "alice has a key already" in pit.err
    assert pit("key", "show") == before


def test_a_key_that_one_has_is_copied_with_its_secret_part(pit: Shell, tmp_path: Path) -> None:
    with KeyHome(tmp_path / "own") as own:
        fingerprint = own.make_key("Alice", "alice@example.org")
        other = own.make_key("Bob", "bob@example.org")
    own_home = str(tmp_path / "own")
    assert pit("key", "use", "alice", fingerprint, "--gnupghome", own_home).strip() == fingerprint
    assert pit("key", "show").startswith(f"alice {fingerprint} alice@example.org\n")
    with KeyHome(pit.home.wallet("alice") / "gnupg") as keys:
        assert keys.secret_keys() == [fingerprint]
        assert "say so" in keys.clearsign("say so\n", fingerprint)
    spaced = " ".join(other[i : i + 4] for i in range(0, 40, 4)).lower()
    pit("key", "use", "bob", spaced, "--gnupghome", own_home, "--mail", "b@example.org")
    assert f"bob {other} b@example.org\n" in pit("key", "show", "--as", "bob")
    end_agent(tmp_path / "own")


def test_a_public_key_alone_is_not_chosen(pit: Shell, tmp_path: Path) -> None:
    with KeyHome(tmp_path / "own") as own, KeyHome(tmp_path / "public") as public:
        fingerprint = own.make_key("Alice", "alice@example.org")
        public.import_key(own.export(fingerprint).encode())
    folder = str(tmp_path / "public")
    pit("key", "use", "alice", fingerprint, "--gnupghome", folder, status=77)
    pit("key", "show", "--as", "alice", status=66)
    end_agent(tmp_path / "public")


@pytest.mark.parametrize(
    ("args", "status", "said"),
    [
        (["show"], 64, "which handle? here: none"),
        (["show", "--as", "alice"], 66, "`pit key make alice MAIL` makes one"),
        (["make", "notary", "n@example.org"], 64, "take another handle"),
        (["make", "../alice", "a@example.org"], 64, "is no handle"),
        (["make", "alice", "alice"], 64, "'alice' is not a mail address"),
        (["use", "alice", "F" * 40, "--gnupghome", "no/such"], 64, "no such folder"),
        (["use", "alice", "alice", "--gnupghome", "."], 64, "'ALICE' is not a key's fingerprint"),
        ([], 64, "make|use|show"),
    ],
)
def test_what_is_wrong_is_said(pit: Shell, args: list[str], status: int, said: str) -> None:
    pit("key", *args, status=status)
    assert said in pit.err
