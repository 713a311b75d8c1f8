"""Entries: the stamp, the mail byte for byte, and that a change of any byte shows."""

import time
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pit.archives.entry import (
    NO_STAMP,
    Stamp,
    asctime,
    from_line,
    quote,
    read_entry,
    unquote,
    write_entry,
)
from pit.archives.errors import Damaged
from tests.archives.mails import clearsigned, digest, stamp

DATA = Path(__file__).parent / "data"
EXAMPLE = (DATA / "example.mbox").read_bytes()
STARTS = [0]
while (found := EXAMPLE.find(b"\n\nFrom ", STARTS[-1])) >= 0:
    STARTS.append(found + 2)
RAW = [EXAMPLE[a:b] for a, b in zip(STARTS, [*STARTS[1:], len(EXAMPLE)], strict=True)]
TEXT = b"pit acme\nbuy 1 ACME @ 2\n"

pieces = st.sampled_from(
    [
        *(b"From ", b">From ", b">>>From ", b"from ", b">", b"\n", b"\n\n", b"\r\n", b"\r", b" "),
        *(b"Pit-Entry: acme 1\n", b"x", b"- ", b"\x00", b"\xff\xfe", "é".encode(), b"Subject: a\n"),
    ]
)
mails = st.lists(pieces, max_size=12).map(b"".join) | st.binary(max_size=40)

hashes = st.binary(min_size=32, max_size=32).map(bytes.hex)
moments = st.datetimes().map(lambda at: at.isoformat(timespec="microseconds") + "Z")


@st.composite
def stamps(draw: st.DrawFn, mail: bytes) -> Stamp:
    """Any stamp that a notary could put on this mail."""
    names = st.from_regex("[a-z][a-z0-9-]{0,31}", fullmatch=True)
    fingerprint = draw(st.binary(min_size=20, max_size=20)).hex().upper()
    return Stamp(
        *(draw(names), draw(st.integers(1, 10**15 - 1)), draw(moments)),
        *(draw(names), fingerprint, draw(moments)[:19] + "Z"),
        *(draw(hashes), len(mail), digest(mail), draw(hashes)),
    )


stamped = mails.flatmap(lambda mail: st.tuples(stamps(mail), st.just(mail)))


@given(stamped)
def test_every_byte_of_a_mail_comes_back(case: tuple[Stamp, bytes]) -> None:
    written, mail = case
    raw = write_entry(written, mail)
    assert read_entry(raw) == (written, mail)
    assert write_entry(*read_entry(raw)) == raw


@given(stamped)
def test_an_entry_is_one_message_of_an_mbox_and_ends_with_a_blank_line(
    case: tuple[Stamp, bytes],
) -> None:
    raw = write_entry(*case)
    assert raw.startswith(b"From ")
    assert raw.endswith(b"\n\n")
    assert b"\nFrom " not in raw


@given(mails)
def test_quoting_is_undone_exactly_and_grows_only_from_lines(mail: bytes) -> None:
    quoted = quote(mail)
    assert unquote(quoted) == mail
    lines = mail.split(b"\n")
    grown = sum(line.lstrip(b">").startswith(b"From ") for line in lines)
    assert len(quoted) == len(mail) + grown


def test_a_mail_without_a_final_line_end_is_told_from_one_with_it() -> None:
    for mail in (b"", b"\n", b"\n\n", b"x", b"x\n", b"x\n\n", b"From ", b">From \n"):
        raw = write_entry(stamp(1, TEXT, mail), mail)
        assert read_entry(raw)[1] == mail
    one, other = (write_entry(stamp(1, TEXT, mail), mail) for mail in (b"x", b"x\n"))
    assert one.split(b"\n")[7:] == other.split(b"\n")[7:]


@given(st.datetimes())
def test_from_lines_have_the_date_of_the_c_library(moment: datetime) -> None:
    written = moment.isoformat(timespec="microseconds") + "Z"
    assert asctime(written) == time.asctime(moment.timetuple())
    assert from_line("acme", 7, written) == f"From 7@acme.pit {asctime(written)}\n".encode()


def test_the_stamp_is_the_six_lines_of_the_design() -> None:
    written = stamp(4, TEXT, b"Subject: a\n\nx\n", "ab" * 32)
    assert written.lines().decode() == (
        "Pit-Entry: acme 4\n"
        "Pit-Time: 2026-11-20T12:00:04.163980Z\n"
        "Pit-Signer: alice 13EB118BFA807CD3A68C5AD8F10E309DAB89221E 2026-11-20T12:50:19Z\n"
        f"Pit-Text: {digest(TEXT)}\n"
        f"Pit-Mail: 14 {digest(b'Subject: a' + bytes([10, 10]) + b'x' + bytes([10]))}\n"
        f"Pit-Prev: {'ab' * 32}\n"
    )
    assert written.digest() == digest(written.lines())


# Changes.

MAIL = b"From: a@b\n\n>From x\nFrom y\n\xff"
SMALL = write_entry(stamp(1, TEXT, MAIL), MAIL)
LINES = SMALL.split(b"\n")
FREE = {2, 3, 4, 6}  # Pit-Time, Pit-Signer, Pit-Text, Pit-Prev: fixed by the next Pit-Prev and seal


def check_change(changed: bytes, line: int) -> None:
    """A changed entry is refused, or shows in its stamp's digest with the mail as it was."""
    try:
        read, mail = read_entry(changed)
    except Damaged:
        return
    assert line in FREE
    assert mail == MAIL
    assert read.digest() != stamp(1, TEXT, MAIL).digest()
    assert read.lines() in changed


def test_every_change_of_one_byte_is_refused_or_is_another_stamp() -> None:
    at = 0
    for number, line in enumerate(LINES):
        for _ in range(len(line) + 1):
            before, byte, behind = SMALL[:at], SMALL[at : at + 1], SMALL[at + 1 :]
            if byte:
                check_change(before + behind, number)
            for put in b"\n\r >0123456789aAFfgZ\x00\xff":
                other = bytes([put])
                if byte and other != byte:
                    check_change(before + other + behind, number)
                if other != byte:  # next to an equal byte it is the same text
                    check_change(before + other + byte + behind, number)
            at += 1
    assert at == len(SMALL) + 1


def test_an_entry_that_is_cut_short_or_has_more_behind_it_is_refused() -> None:
    for size in range(len(SMALL)):
        with pytest.raises(Damaged):
            read_entry(SMALL[:size])
    for more in (b"\n", b" ", SMALL):
        with pytest.raises(Damaged):
            read_entry(SMALL + more)


@given(st.binary(max_size=200) | st.lists(st.sampled_from(LINES)).map(b"\n".join))
def test_garbage_is_damaged_and_nothing_else(raw: bytes) -> None:
    try:
        read, mail = read_entry(raw)
    except Damaged:
        return
    assert write_entry(read, mail) == raw


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (b"Pit-Mail: 27 ", b"Pit-Mail: 24 ", "entry 1: the mail has 28 bytes; Pit-Mail says 24"),
        (b"a@b", b"a@c", "entry 1: the mail's sha256 is not the one in Pit-Mail"),
        (b"Fri Nov 20", b"Sat Nov 20", "entry 1: the From_ line or the blank line at its end is"),
        (b"1@acme", b"2@acme", "entry 1: the From_ line or the blank line at its end is wrong"),
        (b"2026-11-20T12:00", b"2026-11-31T12:00", "entry 1: Pit-Time 2026-11-31T12:00:01.163980Z"),
        (
            b"Pit-Text",
            b"Pit-Next",
            "the entry that begins 'From 1@acme.pit Fri Nov 20 12:00:01 202",
        ),
        (b"T12:00:01.163980Z", b"T24:00:01.163980Z", "the entry that begins 'From 1@acme.pit Fri"),
    ],
)
def test_what_is_wrong_is_named_with_its_entry(old: bytes, new: bytes, sentence: str) -> None:
    assert old in SMALL
    with pytest.raises(Damaged) as caught:
        read_entry(SMALL.replace(old, new, 1))
    assert str(caught.value).startswith(sentence)


# The example archive, and what must never have been stamped.


def test_the_example_archive_reads_exactly() -> None:
    assert [read_entry(raw)[0].number for raw in RAW] == list(range(1, 10))
    prev = NO_STAMP
    for raw in RAW:
        read, mail = read_entry(raw)
        assert read.prev == prev
        assert read.lines() == b"".join(raw.splitlines(keepends=True)[1:7])
        assert (read.length, read.mail) == (len(mail), digest(mail))
        assert write_entry(read, mail) == raw
        prev = read.digest()


def test_the_stamp_of_the_design_reads_field_by_field() -> None:
    read, mail = read_entry(RAW[3])
    assert read == Stamp(
        pit="acme",
        number=4,
        time="2026-11-20T12:50:19.163980Z",
        signer="alice",
        fingerprint="13EB118BFA807CD3A68C5AD8F10E309DAB89221E",
        signed="2026-11-20T12:50:19Z",
        text="f317ab4a4d088b074ac01ac70d5234276863b855913af43ad89b1ed941a02c16",
        length=377,
        mail="88933afe46893716c57d5da5f52a83c490be60bd2f27e4b135bdbec00b3bbfdb",
        prev="e773ec63a2c48a5a5ffdedb8ce36cc94066abe535c7791f82a1375936c87719f",
    )
    assert mail.startswith(b"From: Alice <alice@example.org>\n")
    assert b"\nbuy 100 ACME @ 12.50\n-----BEGIN PGP SIGNATURE-----\n" in mail


def test_a_quoted_line_of_the_example_comes_back_unquoted() -> None:
    assert b"\n>From me  \n" in RAW[7]
    assert b"\nFrom me  \n" in read_entry(RAW[7])[1]


def test_a_real_mail_of_the_usual_shape_comes_back() -> None:
    mail = clearsigned(b'pit acme\nsay "x"\n')
    raw = write_entry(stamp(12, TEXT, mail), mail)
    assert raw.endswith(b"-----END PGP SIGNATURE-----\n\n")
    assert read_entry(raw)[1] == mail
