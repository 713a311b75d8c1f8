"""Mail leaves as the settings say: a spool, a program, a mail server; or it is said why not."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from pit.archives.errors import Busy, Denied, IOFailure, Misconfigured, UsageError
from pit.pits import spool
from pit.pits.home import Home, Settings, load_settings, save_settings
from pit.pits.sending import check_send, hand_over
from tests.mta.sink import Sink

ADDRESS = "acme@lists.example.org"
MAIL = (
    b"From: Dora <dora@example.org>\nTo: acme@lists.example.org\n\n.\nbuy 1 ACME @ 1.00\nFrom x\n"
)


@pytest.fixture
def sink() -> Iterator[Sink]:
    """A mail server."""
    with Sink() as sink:
        yield sink


def settings(send: str) -> Settings:
    return Settings("acme", "ab" * 32, ADDRESS, "", send)


def test_without_a_word_mail_goes_into_the_spool_that_is_here(tmp_path: Path) -> None:
    home = Home(tmp_path)
    hand_over(home, settings(""), MAIL)
    assert [path.read_bytes() for path in spool.waiting(home.spool("acme"))] == [MAIL]
    with pytest.raises(Misconfigured, match="mail it yourself, to op"):
        hand_over(home, settings(""), MAIL, "op@example.org")


def test_mail_waits_in_a_maildir_for_others_to_send(tmp_path: Path) -> None:
    hand_over(Home(tmp_path), settings(f"maildir:{tmp_path}/out"), MAIL, "op@example.org")
    assert [path.read_bytes() for path in spool.waiting(tmp_path / "out")] == [MAIL]


def program(folder: Path, script: str) -> str:
    """A program that takes mail as sendmail does."""
    path = folder / "send"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return f"sendmail:{path}"


def test_a_program_gets_the_mail_on_its_stdin(tmp_path: Path) -> None:
    send = program(tmp_path, f'echo "$@" > {tmp_path}/args; cat > {tmp_path}/mail')
    hand_over(Home(tmp_path), settings(send), MAIL)
    assert (tmp_path / "mail").read_bytes() == MAIL
    assert (tmp_path / "args").read_text() == "-i -t\n"


def test_sendmail_is_found_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, f"cat > {tmp_path}/mail")
    (tmp_path / "send").rename(tmp_path / "sendmail")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    hand_over(Home(tmp_path), settings("sendmail"), MAIL)
    assert (tmp_path / "mail").read_bytes() == MAIL


@pytest.mark.parametrize(("status", "kind"), [(75, Busy), (64, IOFailure), (1, IOFailure)])
def test_what_a_program_says_when_it_fails_is_passed_on(
    tmp_path: Path, status: int, kind: type[Exception]
) -> None:
    send = program(tmp_path, f"cat > /dev/null; echo no queue >&2; exit {status}")
    with pytest.raises(kind, match=f"ended with {status}: no queue"):
        hand_over(Home(tmp_path), settings(send), MAIL)
    with pytest.raises(Misconfigured, match="no such program"):
        hand_over(Home(tmp_path), settings("sendmail:/nowhere/sendmail"), MAIL)


def test_smtp_brings_the_mail_whole_to_the_list_or_to_somebody(tmp_path: Path, sink: Sink) -> None:
    send = f"smtp://127.0.0.1:{sink.port}"
    eight = MAIL + "say “hello”\n".encode()
    hand_over(Home(tmp_path), settings(send), MAIL)
    hand_over(Home(tmp_path), settings(send), eight, "op@example.org")
    first, second = sink.received
    assert first.sender == second.sender == "dora@example.org"
    assert (first.recipients, second.recipients) == ((ADDRESS,), ("op@example.org",))
    assert first.mail.replace(b"\r\n", b"\n") == MAIL
    assert second.mail.replace(b"\r\n", b"\n") == eight
    assert "BODY=8BITMIME" in second.options and "BODY=8BITMIME" not in first.options


def test_a_mail_server_that_refuses_or_is_away_is_told_apart(tmp_path: Path, sink: Sink) -> None:
    home, send = Home(tmp_path), f"smtp://127.0.0.1:{sink.port}"
    sink.refuse[ADDRESS] = "451 4.3.0 later"
    with pytest.raises(Busy, match=r"127.0.0.1:\d+: 451 4.3.0 later"):
        hand_over(home, settings(send), MAIL)
    sink.refuse[ADDRESS] = "550 5.1.1 no such list"
    with pytest.raises(Denied, match="no such list"):
        hand_over(home, settings(send), MAIL)
    with pytest.raises(Busy, match="try again later"):
        hand_over(home, settings("smtp://127.0.0.1:1"), MAIL)


def test_a_password_comes_from_netrc_and_is_not_sent_where_nobody_asks_for_it(
    tmp_path: Path, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    home, send = Home(tmp_path), f"smtp://dora@127.0.0.1:{sink.port}"
    with pytest.raises(Misconfigured, match="no password for dora"):
        hand_over(home, settings(send), MAIL)
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login eve password x\n")
    netrc.chmod(stat.S_IRUSR | stat.S_IWUSR)
    with pytest.raises(Misconfigured, match="no password for dora at 127"):
        hand_over(home, settings(send), MAIL)
    netrc.write_text("machine 127.0.0.1 login dora password secret-word\n")
    with pytest.raises(Busy) as refused:  # this server knows no AUTH
        hand_over(home, settings(send), MAIL)
    assert "AUTH" in str(refused.value) and "secret-word" not in str(refused.value)
    assert sink.received == []


def test_without_tls_nothing_leaves_this_host(
    tmp_path: Path, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pit.pits.sending.LOOPBACK", ())
    with pytest.raises(Denied, match="offers no STARTTLS; without TLS nothing is sent there"):
        hand_over(Home(tmp_path), settings(f"smtp://127.0.0.1:{sink.port}"), MAIL)
    assert sink.received == []


WRONG = (
    *("post", "sendmail:", "sendmail:msmtp", "maildir:", "maildir:out", "smtp://", "smtp:host"),
    *("smtp://host:port", "smtp://host:0", "smtp://me:secret@host", "smtp://host/x", "http://host"),
    *("smtp://host?x", "smtps://@", "SENDMAIL", " sendmail", "smtp://[::1"),
)


def test_a_way_that_is_none_is_refused_and_the_others_are_kept(tmp_path: Path) -> None:
    for send in WRONG:
        with pytest.raises(UsageError, match=r"write sendmail, sendmail:PROGRAM"):
            check_send(send)
    for send in ("", "sendmail", "sendmail:/usr/bin/msmtp", "smtp://me@mx.example", "maildir:/out",
                 "smtps://mx.example:465", "smtp://[::1]:25"):  # fmt: skip
        check_send(send)
        save_settings(Home(tmp_path), settings(send))
        assert load_settings(Home(tmp_path), "acme") == settings(send)
    save_settings(Home(tmp_path), settings(""))
    assert "send" not in (tmp_path / "pits/acme/settings").read_text()
