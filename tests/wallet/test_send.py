"""What the wallet sends is checked first, shown as it is signed, kept, and never signed twice."""

import re
from pathlib import Path

import pytest

from pit.pits.reading import entries_of, last_seal
from pit.pits.spool import waiting
from tests.conftest import Shell


def sent(shell: Shell, handle: str = "alice") -> list[Path]:
    return sorted((shell.home.wallet(handle) / "sent").glob("*.eml"))


def texts(shell: Shell, handle: str = "alice") -> list[str]:
    """The directives of the handle's entries, without their `pit` lines."""
    entries = (e for e in entries_of(shell.home, "acme") if e.signer == handle)
    return [entry.text.split("\n", 2)[2] for entry in entries]


def test_the_text_that_is_shown_is_the_text_that_stands(club: Shell) -> None:
    seal = last_seal(club.home, "acme")
    assert seal is not None
    shown = club("send", "--as", "alice", "buy 100 ACME @ 12.50", "  ref: retirement-7")
    assert shown == (
        f"pit acme\n  after: {seal[0]} {seal[1]}\nbuy 100 ACME @ 12.50\n  ref: retirement-7\n"
    )
    club("notary")
    assert shown in [entry.text for entry in entries_of(club.home, "acme")]


def test_what_was_sent_is_kept_byte_for_byte(club: Shell) -> None:
    club("send", "--as", "alice", 'say "näher"')
    (kept,) = sent(club)
    (spooled,) = waiting(club.home.spool("acme"))
    assert kept.read_bytes() == spooled.read_bytes()
    assert kept.name in club.err
    assert re.fullmatch(r"\d{8}T\d{6}Z-[0-9a-f]{16}\.eml", kept.name)


def test_the_same_order_twice_is_two_orders(club: Shell) -> None:
    for _ in range(3):
        club("send", "--as", "alice", 'say "more"')
    assert len(sent(club)) == 3
    club("notary")
    assert texts(club) == ['say "more"\n'] * 3


def test_a_mail_sent_again_is_the_same_instruction(club: Shell) -> None:
    club("send", "--as", "alice", 'say "once"')
    club("send", "--as", "alice", "--again", sent(club)[0].name)
    club("notary")
    club("send", "--as", "alice", "--again", str(sent(club)[0]))
    club("notary")
    assert texts(club) == ['say "once"\n']
    assert len(sent(club)) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("buy 100 ACME @ 12,50", "line 3, column 16: '12,50' is not a price; write 12.50"),
        ("byu 100 ACME @ 12.50", "line 3, column 1: 'byu' is not a word of this pit"),
        ("pit acme", "line 3, column 1: 'pit' is not a word of this pit"),
        ('say "a\x1bb"', "line 3, column 7: U+001B is not allowed here"),
        ('say "a\u0308"', "line 3, column 6: U+0061 is not in NFC"),
        ("", "line 3, column 1: nothing to say"),
    ],
)
def test_what_does_not_parse_is_neither_signed_nor_sent(club: Shell, text: str, said: str) -> None:
    assert club("send", "--as", "alice", text, status=65) == ""
    assert said in club.err
    assert sent(club) == [] == waiting(club.home.spool("acme"))


def test_unchecked_leaves_the_refusal_to_the_notary(club: Shell) -> None:
    club("send", "--as", "alice", "--unchecked", "buy 100 ACME @ 12,50")
    club("notary")
    assert texts(club) == []
    refused = [e.text for e in entries_of(club.home, "acme") if "\nrefused " in e.text]
    assert len(refused) == 1 and refused[0].rstrip("\n").endswith(" words")


def test_lines_come_from_stdin_or_a_file(club: Shell, tmp_path: Path) -> None:
    file = tmp_path / "talk.txt"
    file.write_bytes('# to the floor\r\nsay "näher"\r\n'.encode())
    club("send", "--as", "alice", "-f", str(file))
    club("send", "--as", "bob", "-", stdin=b'say "hello"\ncancel 2\n')
    club("notary")
    assert texts(club) == ['# to the floor\nsay "näher"\n']
    assert texts(club, "bob") == ['say "hello"\ncancel 2\n']


@pytest.mark.parametrize(
    ("args", "status", "said"),
    [
        (["say"], 64, "which handle? here: alice, bob, operator"),
        (["--as", "carol", 'say "x"'], 66, "`pit key make carol MAIL` makes one"),
        (["--as", "alice"], 64, "write one of DIRECTIVE"),
        (["--as", "alice", "-f", "x", 'say "x"'], 64, "write one of DIRECTIVE"),
        (["--as", "alice", "-f", "no/such/file"], 66, "no/such/file: No such file"),
        (["--as", "alice", "--again", "no/such/file"], 66, "no/such/file: No such file"),
        (["--as", "../alice", 'say "x"'], 64, "is no handle"),
        (["-p", "brot", "--as", "alice", 'say "x"'], 66, "there is no such pit here"),
    ],
)
def test_what_is_missing_is_said(club: Shell, args: list[str], status: int, said: str) -> None:
    club("send", *args, status=status)
    assert said in club.err


def test_bytes_that_are_not_utf_8_are_refused_with_their_place(club: Shell) -> None:
    club("send", "--as", "alice", "-", stdin=b'say "\xff"\n', status=65)
    assert "stdin: byte 5 is not UTF-8" in club.err
    club("send", "--as", "alice", "--unchecked", 'say "\udcff"', status=65)
    assert "is not UTF-8" in club.err
