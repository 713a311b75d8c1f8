"""The audit counts who has witnessed which seals, and holds an archive against a witness's file."""

import json
from collections.abc import Callable

from tests.wallet.acme import Acme


def test_an_audit_says_which_seals_have_their_witnesses(seen: Acme) -> None:
    said = seen("audit")
    shown = json.loads(seen("audit", "--json"))["witnesses"]
    assert shown["wanted"] == 2 and shown["against"] == []
    assert sorted(shown["upto"]) == ["carol", "dave", "erin"]
    assert shown["upto"]["carol"] > 0 == shown["upto"]["dave"]
    assert shown["covered"] == 0
    assert "witnesses   0 of " in said and " seals have 2 of 3 witnesses\n" in said
    assert f"witnesses   carol has seen the seals up to {shown['upto']['carol']}\n" in said
    assert "witnesses   dave saw none\n" in said


def test_a_witnesss_file_counts_as_what_he_said(copies: Callable[..., Acme], seen: Acme) -> None:
    acme = copies(seen)
    acme.see("dave", "--no-mail")
    file = str(acme.file("dave"))
    assert json.loads(acme("audit", "--json"))["witnesses"]["covered"] == 0
    shown = json.loads(acme("audit", "--json", "--witness", file))["witnesses"]
    assert shown["upto"]["dave"] > shown["upto"]["carol"] > 0
    assert shown["covered"] > 0 and shown["newest"] == shown["upto"]["carol"]


def test_an_archive_of_another_history_than_a_witness_saw_is_found(
    copies: Callable[..., Acme], seen: Acme
) -> None:
    one, other = copies(seen), copies(seen)
    one.grow("This")
    one.see("carol")
    other.grow("That")
    other.grow("And that")
    file = str(one.file("carol"))
    assert "the archive is what it says it is" in one("audit", "--witness", file)
    said = other("audit", "--witness", file, status=65)
    assert f"verdict     {file}: two different" in said
    assert "`pit fraud` prints the proof" in said
    one.file("carol").write_bytes(b"nothing\n")
    one("audit", "--witness", file, status=65)
