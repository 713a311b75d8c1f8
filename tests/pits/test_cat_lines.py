"""`pit cat` gives an entry back byte for byte, `pit lines` an archive one directive a line."""

import hashlib
import re
import subprocess
from pathlib import Path

from pit.archives.entry import read_entry
from pit.archives.language import parse
from pit.archives.words import CORE
from pit.pits.gnupg import KeyHome
from pit.pits.lines import one_line
from pit.pits.reading import entries_of
from pit.pits.spool import waiting
from tests.conftest import Shell

TOY = b"""\
From 1@toy.pit Fri Nov 20 11:45:00 2026
Pit-Entry: toy 1
Pit-Time: 2026-11-20T11:45:00.000001Z
Pit-Signer: alice

pit toy
buy 100 ACME @ 12.50
  ref: r-1

From 2@toy.pit Fri Nov 20 11:45:01 2026
Pit-Entry: toy 2
Pit-Time: 2026-11-20T11:45:01.000000Z
Pit-Signer: bob

pit toy
sell 60 ACME @ 12.40
cancel 1

From match@toy.pit Fri Nov 20 11:45:01 2026
Pit-Draft: match - 1

pit toy
report match 1
fill 60 ACME @ 12.50 alice/1 bob/2

From match@toy.pit Fri Nov 20 11:45:01 2026
Pit-Checkpoint: match 2 -

read 2 2026-11-20T11:45:01Z
  open: yes

"""


def test_cat_prints_the_stamp_and_the_mail_as_it_was_sent(club: Shell) -> None:
    sent = club.home.wallet("operator") / "sent"
    mails = {path.read_bytes() for path in sent.iterdir()}
    admitted = [e for e in entries_of(club.home, "acme") if "\nadmit " in e.text]
    assert len(admitted) == 2
    for entry in admitted:
        number = str(entry.number)
        assert club.run("cat", number, "--mail") in mails
        stamp = club.run("cat", number, "--stamp")
        assert club.run("cat", number) == stamp + club.run("cat", number, "--mail")
        following = club("cat", str(entry.number + 1), "--stamp")
        assert f"Pit-Prev: {hashlib.sha256(stamp).hexdigest()}\n" in following


def test_cat_keeps_blanks_at_line_ends_and_a_missing_last_newline(club: Shell) -> None:
    club("send", "--as", "alice", "-", stdin=b'say "x"\n--\n  From here on it is talk\n')
    (spooled,) = waiting(club.home.spool("acme"))
    mail = spooled.read_bytes().replace(b"\nsay", b"  \nsay", 1).rstrip(b"\n")
    spooled.unlink()
    club("deliver", stdin=mail.replace(b"\n", b"\r\n"))
    club("notary")
    entry = next(e for e in entries_of(club.home, "acme") if e.signer == "alice")
    assert club.run("cat", str(entry.number), "--mail") == mail


def test_gpg_verifies_what_cat_prints(club: Shell, tmp_path: Path) -> None:
    with KeyHome(tmp_path / "gnupg") as keys:
        keys.import_key(club.run("key", "show", "--as", "operator"))
        done = subprocess.run(
            ["gpg", "--homedir", str(tmp_path / "gnupg"), "--verify"],
            input=club.run("cat", "1", "--mail"),
            capture_output=True,
            check=False,
        )
    assert b"Good signature" in done.stderr


def test_cat_of_an_entry_that_does_not_stand_says_where_the_archive_ends(club: Shell) -> None:
    last = list(entries_of(club.home, "acme"))[-1].number
    club("cat", str(last + 1), status=66)
    assert f"acme ends at entry {last}" in club.err
    for wrong in ("0", "x", "-1", "1.2"):
        club("cat", "--", wrong, status=64)


def test_lines_has_every_directive_of_the_archive_once(club: Shell) -> None:
    lines = [line.split("\t") for line in club("lines").splitlines()]
    assert all(len(line) == 4 for line in lines)
    texts = [parse(entry.text, CORE) for entry in entries_of(club.home, "acme")]
    assert len(lines) == sum(len(text.directives) for text in texts)
    assert lines[0][0::2] == ["1", "operator"]
    assert lines[1][0::3] == ["1.2", 'asset EUR "Euro"; decimals: 2; kind: currency']


def test_a_key_of_several_lines_is_shortened(club: Shell) -> None:
    line = next(line for line in club("lines").splitlines() if "\tadmit alice " in line)
    assert re.search(
        r"\toperator\tadmit alice [0-9A-F]{40}; mail: alice@example.org; roles: trader; key: …$",
        line,
    )


def test_lines_reads_a_stream_with_drafts(pit: Shell) -> None:
    assert pit("lines", "-", stdin=TOY) == (
        "1\t2026-11-20T11:45:00.000001Z\talice\tbuy 100 ACME @ 12.50; ref: r-1\n"
        "2\t2026-11-20T11:45:01.000000Z\tbob\tsell 60 ACME @ 12.40\n"
        "2.2\t2026-11-20T11:45:01.000000Z\tbob\tcancel 1\n"
        "-\t-\t-\treport match 1\n"
        "-\t-\t-\tfill 60 ACME @ 12.50 alice/1 bob/2\n"
    )


def test_lines_of_a_stream_is_lines_of_the_archive(club: Shell) -> None:
    assert club("lines", "-", stdin=club.run("read")) == club("lines")


def test_lines_names_the_entry_that_does_not_parse(pit: Shell) -> None:
    pit("lines", "-", stdin=TOY.replace(b"cancel 1", b"cancle 1"), status=65)
    assert "entry 2: line 3, column 1: 'cancle' is not a word" in pit.err
    pit("lines", "-", status=66)


def test_a_quoted_text_with_a_line_like_a_key_stays_in_its_block() -> None:
    text = f"pit acme\nadmit al {'0' * 40}\n  mail: a@b.c\n  key:\n    mail: x\n\n      y\n"
    directive = parse(text, CORE).directives[0]
    assert one_line(directive, CORE["admit"]) == f"admit al {'0' * 40}; mail: a@b.c; key: …"


def test_every_entry_that_cat_prints_is_what_read_entry_reads(club: Shell) -> None:
    for entry in entries_of(club.home, "acme"):
        stamp, mail = read_entry(entry.raw)
        assert club.run("cat", str(entry.number)) == stamp.lines() + mail
