"""`pit find`: what it prints, what it ends with, where its index lies, whatever befalls it."""

import json
import mailbox
import subprocess
from pathlib import Path

import pytest

from pit.pits.find import first_directive
from tests.archives.made import PIT, ends, mail_of, raw_entries, sealed, write_archive
from tests.conftest import Shell

MAILS = sealed(
    [
        mail_of(
            f"pit acme\nbuy {n} ACME @ 12.{n:02}\n  ref: r{n}\ncancel {n}\n".encode(),
            f"From: Alice <alice@example.org>\nSubject: buy {n}\n".encode(),
            after=b"\nFrom here on\n" * (n % 2),
        )
        for n in range(1, 41)
    ],
    every=10,
)
RAWS = raw_entries(MAILS)


@pytest.fixture
def here(pit: Shell) -> Shell:
    """A home with an archive of 44 entries, seals at 11, 22, 33 and 44."""
    write_archive(pit.home.archive(PIT), RAWS, ends(MAILS)[1:2], [0])
    return pit


def test_a_line_has_number_time_signer_and_first_directive(here: Shell) -> None:
    assert here("find", "12.05") == (
        "5\t2026-11-20T12:00:05.163980Z\talice\tbuy 5 ACME @ 12.05 (+1)\n"
    )
    assert here("find", "seal", "d:20261120").splitlines() == [
        f"{n}\t2026-11-20T12:00:{n}.163980Z\tnotary\tseal {n - 1}" for n in ends(MAILS)
    ]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("pit acme\nbuy 1 ACME @ 2\n  ref: x\n", "buy 1 ACME @ 2"),
        ("pit acme\n# talk\ncancel 1\n\ncancel 2\ncancel 3\n", "cancel 1 (+2)"),
        ("pit acme\n", ""),
        ("# nothing\n", ""),
    ],
)
def test_the_first_directive_is_below_the_pit(text: str, shown: str) -> None:
    assert first_directive(text) == shown


def test_numbers_raw_mbox_and_json_are_the_same_entries(here: Shell) -> None:
    found = [5, 6, 7, 8, 9]
    query = ("12.05/12.06/12.07/12.08/12.09",)
    assert here("find", "--numbers", *query).split() == [str(n) for n in found]
    raw = b"".join(RAWS[n - 1] for n in found)
    assert here.run("find", "--raw", *query) == here.run("find", *query, "--mbox") == raw
    shown = json.loads(here("find", *query, "--json"))
    assert [one["entry"] for one in shown] == found
    assert [one["text"].encode() for one in shown] == [MAILS[n - 1].text for n in found]
    assert shown[0]["directive"] == "buy 5 ACME @ 12.05 (+1)"
    assert set(shown[0]) == {"entry", "time", "signer", "fingerprint", "directive", "text"}


def test_what_mbox_prints_is_one_to_mailbox_mairix_and_filters(here: Shell, tmp_path: Path) -> None:
    printed = here.run("find", "--mbox", "f:alice")
    (tmp_path / "found").write_bytes(printed)
    assert len(mailbox.mbox(tmp_path / "found")) == 40
    (tmp_path / "rc").write_text("base=.\nmbox=found\nmformat=raw\ndatabase=./db\n")
    for words in ([], ["s:buy"]):
        command = ["mairix", "-f", "rc", *words]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)
        assert done.stderr == b""
    assert done.stdout.count(b"\n") == 40
    lines = here("lines", "-", stdin=printed).splitlines()
    assert len(lines) == 40 * 2
    assert lines[0].split("\t")[3] == "buy 1 ACME @ 12.01; ref: r1"


def test_where_nothing_is_found_the_status_is_1(here: Shell) -> None:
    for how in ([], ["--numbers"], ["--raw"]):
        assert here("find", "zebra", *how, status=1) == ""
        assert here.err == ""
    assert json.loads(here("find", "zebra", "--json", status=1)) == []


def test_terms_and_options_may_be_mixed_and_dashes_need_two(here: Shell) -> None:
    assert here("find", "12.05/12.06", "--numbers", "~12.06") == "5\n"
    assert here("find", "--numbers", "--", "12.05", "~-x") == "5\n"
    here("find", "-x", status=64)
    assert "see `pit find --help`" in here.err


def test_what_is_no_query_is_said(here: Shell) -> None:
    for term, why in (("from:alice", "'from:' is none of mairix's keys"), ("d:x", "range of days")):
        here("find", term, status=64)
        assert why in here.err
    here("find", status=64)
    assert "what? `pit find WORD`" in here.err


def test_the_archives_text_cannot_steer_a_terminal(pit: Shell) -> None:
    text = 'pit acme\nsay "\u202eevil\u200b\x1b[2J"\n'
    raws = raw_entries(sealed([mail_of(text.encode())], 1))
    write_archive(pit.home.archive(PIT), raws)
    for how in ([], ["--json"]):
        shown = pit.run("find", "evil", *how)
        assert b"evil" in shown and shown.isascii() and b"\x1b" not in shown
    assert pit.run("find", "evil", "--raw") == raws[0]


def test_new_entries_are_found_once_they_are_sealed(club: Shell) -> None:
    club("buy", "--as", "alice", "100", "ACME", "12.50")
    club("find", "12.50", status=1)
    club("notary")
    found = club("find", "12.50", "f:alice")
    assert found.endswith("alice\tbuy 100 ACME @ 12.50\n")
    club("sell", "--as", "bob", "7", "ACME", "12.50")
    club("notary")
    assert len(club("find", "12.50", "f:alice/bob").splitlines()) == 2
    assert club("find", "12.50", "f:alice/bob") == club("find", "--reindex", "12.50", "f:alice/bob")


def test_the_index_of_a_pit_lies_beside_what_its_notary_keeps(here: Shell) -> None:
    here("find", "buy")
    assert (here.home.pit(PIT) / "search/state").exists()
    assert here("find", "--reindex") == f"{len(RAWS)} entries of acme are indexed\n"
    assert {path.name for path in here.home.root.iterdir()} == {"archives", "pits"}


def test_where_there_is_no_archive_no_folder_is_made(pit: Shell) -> None:
    pit("find", "-p", "other", "buy", status=66)
    assert "no archive of pit other" in pit.err
    assert not pit.home.root.exists()


def test_a_copy_is_searched_by_its_folder(here: Shell, tmp_path: Path) -> None:
    copy = write_archive(tmp_path / "copy", RAWS[:22])
    assert here("find", "--archive", str(copy), "seal", "--numbers") == "11\n22\n"
    assert here("find", "seal", "--numbers") == "11\n22\n33\n44\n"
    other = write_archive(tmp_path / "other", RAWS[:11])
    assert here("find", "--archive", str(other), "seal", "--numbers") == "11\n"
    assert here("find", "--archive", str(copy), "seal", "--numbers") == "11\n22\n"
    assert len(list((here.home.root / "search").iterdir())) == 2
    here("find", "--archive", str(tmp_path), "seal", status=66)
    here("find", "--archive", str(copy), "-p", "other", "seal", status=66)


def test_where_the_index_cannot_be_written_it_is_made_for_this_time(
    here: Shell, tmp_path: Path
) -> None:
    copy = write_archive(tmp_path / "copy", RAWS)
    for shell, where, args in (
        (Shell(Path("/dev/null/home")), "/dev/null/home", ["--archive", str(copy)]),
        (here, str(here.home.pit(PIT)), []),
    ):
        if shell is here:
            (here.home.root / "pits").mkdir()
            here.home.pit(PIT).write_text("a file")
        assert shell("find", *args, "12.05", "--numbers") == "5\n"
        assert where in shell.err and "the index is made for this time only" in shell.err


def test_without_mairix_the_package_is_named(here: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    here("find", "buy", status=78)
    assert "apt-get install mairix" in here.err


def test_a_damaged_archive_is_said_to_be(here: Shell) -> None:
    raws = [*RAWS]
    raws[29] = raws[29].replace(b"\nbuy ", b"\nsell ", 1)
    write_archive(here.home.archive(PIT), raws)
    here("find", "12.05", status=65)
    assert "entry 30" in here.err
