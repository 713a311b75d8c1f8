"""A text becomes a mail that is cut back to the same text."""

from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pit.archives.errors import CannotCreate, UsageError
from pit.archives.language import parse
from pit.archives.words import CORE
from pit.pits.home import Home
from pit.pits.identity import identity_of, keys_of, make_identity
from pit.pits.openpgp import certificate, read_signature, split, verify
from pit.pits.signing import compose, mail, signed, subject_of

NOON = datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC)
ROOT = "ed1a966a1413c848ef3d48e654a472e0d314f16236fdd23ef05bf391fcf87d00"


def made(block: str = "block\n", sender: str = "Alice <alice@example.org>") -> bytes:
    return mail(block, sender, "acme@pits.invalid", "order", NOON)


def test_a_text_says_after_or_id_or_neither() -> None:
    line = "buy 100 ACME @ 12.50"
    assert compose("acme", line) == "pit acme\nbuy 100 ACME @ 12.50\n"
    assert compose("acme", line, id="ab" * 32).split("\n")[1] == "  id: abababababababab"
    assert compose("acme", line, after=(4, ROOT)).split("\n")[1] == f"  after: 4 {ROOT}"


def test_what_is_composed_parses_to_what_was_asked() -> None:
    text = parse(compose("acme", 'cancel 7\nsay "so"\n\n', id="ab" * 32, after=(4, ROOT)), CORE)
    assert (text.pit, text.after, text.id) == ("acme", (4, ROOT), "")
    assert [directive.verb for directive in text.directives] == ["cancel", "say"]


def test_an_ascii_mail_has_four_fields_an_id_and_the_block_as_its_body() -> None:
    head, _, body = made().partition(b"\n\n")
    assert body == b"block\n"
    assert head.decode().split("\n")[:4] == [
        "From: Alice <alice@example.org>",
        "To: acme@pits.invalid",
        "Subject: order",
        "Date: Fri, 20 Nov 2026 12:00:00 +0000",
    ]
    assert list(message_from_bytes(made()))[4:] == ["Message-ID"]


def test_a_mail_that_is_not_ascii_says_so_and_keeps_its_bytes() -> None:
    data = made("näher\n", "Ålice <alice@example.org>")
    message = message_from_bytes(data)
    assert data.endswith("\n\nnäher\n".encode())
    assert data.partition(b"\n\n")[0].isascii()
    assert str(make_header(decode_header(message["From"]))) == "Ålice <alice@example.org>"
    assert message.get_content_charset() == "utf-8"
    assert message["Content-Transfer-Encoding"] == "8bit"
    assert message["MIME-Version"] == "1.0"


def test_the_same_block_is_the_same_message_and_another_is_another() -> None:
    ids = [message_from_bytes(made(block))["Message-ID"] for block in ("a\n", "a\n", "b\n")]
    assert ids[0] == ids[1] != ids[2]
    assert ids[0].endswith("@example.org>")


@pytest.mark.parametrize(
    "sender", ["", "alice", "Alice <>", "a@b.c\nBcc: x@y.z", "a@b.c, d@e.f", "Alice <a@b.c", "@"]
)
def test_a_sender_that_is_not_one_address_is_refused(sender: str) -> None:
    try:
        head = made(sender=sender).partition(b"\n\n")[0]
    except UsageError:
        return
    assert head.startswith(b"From: Alice <a@b.c>\nTo: ")  # what the email package mends


@given(st.text(max_size=200))
def test_no_text_breaks_a_subject_out_of_its_line(text: str) -> None:
    subject = subject_of(compose("acme", text))
    data = mail("block\n", "a@b.c", "acme@pits.invalid", subject, NOON)
    fields = message_from_bytes(data).keys()
    assert fields == ["From", "To", "Subject", "Date", "Message-ID"]
    assert data.endswith(b"\n\nblock\n")


def test_the_subject_is_the_first_directive_shortened() -> None:
    assert subject_of("pit acme\n  id: 00\nbuy 1 ACME @ 2\n  ref: x\n") == "buy 1 ACME @ 2"
    assert subject_of("pit acme\ncancel 4\ncancel 5\ncancel 6\n") == "cancel 4 (+2)"
    assert len(subject_of("pit acme\nsay " + "x" * 100)) == 60


def test_a_signed_mail_verifies_and_is_dated_by_its_signature(tmp_path: Path) -> None:
    home = Home(tmp_path)
    me = make_identity(home, "alice", "Alice Ünder, Ltd.", "alice@example.org")
    text = compose("acme", 'say "– From here"\n--\n  Alice', id="ab" * 32)
    with keys_of(home, "alice") as keys:
        done = signed(keys, me, text, "acme@pits.invalid")
        cert = certificate(keys.export(me.fingerprint))
    block = split(done.mail.partition(b"\n\n")[2])
    signature = read_signature(block.armor, block.hash)
    verify(block.text, signature, cert)
    assert block.text == text.encode()
    assert signature.created == done.created
    date = datetime.fromtimestamp(done.created, UTC)
    message = message_from_bytes(done.mail)
    assert message["Date"] == f"{date:%a, %d %b %Y %H:%M:%S} +0000"
    assert str(make_header(decode_header(message["From"]))).endswith("<alice@example.org>")


def test_a_handle_has_one_key_and_a_second_is_not_made(tmp_path: Path) -> None:
    home = Home(tmp_path)
    me = make_identity(home, "alice", '100% "Alice"', "alice@example.org")
    assert identity_of(home, "alice") == me
    assert me.sender == '"100% \\"Alice\\"" <alice@example.org>'
    with pytest.raises(CannotCreate, match="alice has a key already"):
        make_identity(home, "alice", "Alice", "alice@example.org")
    with keys_of(home, "alice") as keys:
        assert keys.secret_keys() == [me.fingerprint]


@pytest.mark.parametrize(
    ("handle", "name", "mail_of"),
    [
        ("notary", "", "n@example.org"),
        ("../x", "", "n@example.org"),
        ("alice", "", "alice"),
        ("alice", "", "a@b\nc"),
        ("alice", "Al<ice", "a@b.c"),
        ("alice", "Al\nice", "a@b.c"),
    ],
)
def test_an_identity_that_could_not_sign_is_refused_before_a_key_is_made(
    tmp_path: Path, handle: str, name: str, mail_of: str
) -> None:
    with pytest.raises(UsageError):
        make_identity(Home(tmp_path), handle, name, mail_of)
    assert list(tmp_path.iterdir()) == []
