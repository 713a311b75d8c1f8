"""Somebody joins a pit that runs on another host, is admitted, trades by mail, checks receipts."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from pit.pits.home import load_settings
from pit.pits.identity import identity_of
from tests.conftest import Shell
from tests.mta.sink import Sink

LIST = "acme@pits.invalid"
OPERATOR = "operator@pits.invalid"


@pytest.fixture
def sink() -> Iterator[Sink]:
    """The mail server between the two hosts; what it takes, the test brings."""
    with Sink() as sink:
        yield sink


@pytest.fixture
def there(tmp_path: Path) -> Shell:
    """The member's host, on which nothing is yet."""
    return Shell(tmp_path / "there")


def id_of(club: Shell) -> str:
    return load_settings(club.home, "acme").id


def test_a_new_member_joins_is_admitted_and_trades_by_mail(
    club: Shell, there: Shell, sink: Sink, tmp_path: Path
) -> None:
    source, copy = str(club.home.archive("acme")), there.home.archive("acme")
    me = ["--as", "dora", "--mail", "dora@example.org", "--name", "Dora"]
    way = ["--send", f"smtp://127.0.0.1:{sink.port}"]
    said = there("join", LIST, id_of(club), *me, *way, "--from", source)
    fingerprint = identity_of(there.home, "dora").fingerprint
    assert f"your key's fingerprint: {fingerprint}\nthe request was sent to {OPERATOR}; " in said
    assert "mail it" not in said and "--from SRC" not in said
    settings = load_settings(there.home, "acme")
    assert settings[:3] == ("acme", id_of(club), LIST)
    assert settings.notary == load_settings(club.home, "acme").notary

    (received,) = sink.of(OPERATOR)
    request = tmp_path / "request.eml"
    request.write_bytes(received)
    club("admit", "--request", str(request), "--fingerprint", "0" * 40, status=77)
    assert f"the key's fingerprint is {fingerprint}, not '000" in club.err
    club("admit", "--request", "-", "--fingerprint", fingerprint.lower(), stdin=received)
    assert "dora asks to be admitted to acme" in club.err and "dora@example.org" in club.err
    club("notary")
    club("admit", "--request", str(request), status=65)
    assert club.err.endswith("eml: dora is, or was, a member already; take another handle\n")

    there("mirror", source, str(copy))
    said = there("join", LIST, id_of(club), "--as", "dora")
    assert said == "acme knows your key: you are dora there; pit buy, pit send, …\n"
    there("buy", "--as", "dora", "1", "ACME", "12.00")
    (order,) = sink.of(LIST)
    club("deliver", stdin=order)
    assert re.search(r"stamped \d+ dora\n", club("notary", "-v"))
    (answer,) = [
        path
        for path in club.home.outbox("acme").glob("new/*")
        if b"Pit-Reply: receipt" in path.read_bytes()
    ]
    there("mirror", source, str(copy))
    receipt = tmp_path / "receipt.eml"
    receipt.write_bytes(answer.read_bytes())
    kept = there("receipt", "check", str(receipt))
    assert re.search(r": kept: entry \d+ stands in .*/archives/acme as the receipt says\n", kept)
    inbox = there.home.wallet("dora") / "inbox"
    for sub in ("new", "cur", "tmp"):
        (inbox / sub).mkdir(parents=True)
    (inbox / "new" / "1.eml").write_bytes(answer.read_bytes())
    assert re.fullmatch(r"receipt acme \d+: buy 1 ACME @ 12.00\n", there("inbox"))
    assert (there.home.wallet("dora") / "receipts/acme").exists()


def test_who_cannot_read_the_archive_yet_asks_first_and_mirrors_later(
    club: Shell, there: Shell, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    me = ["--as", "dora", "--mail", "dora@example.org"]
    said = there("join", LIST, id_of(club), *me, "--send", f"maildir:{out}")
    assert f"the request was sent to {LIST}" in said
    assert "Nothing of the pit is here yet" in said and f"Your mails wait in {out}" in said
    there("notary", status=78)
    assert f"pit notary: acme is run elsewhere: mail goes there by maildir:{out}\n" == there.err
    assert not there.home.archive("acme").exists()
    (request,) = (out / "new").iterdir()
    club("deliver", stdin=request.read_bytes())
    club("notary")
    (held,) = club.home.quarantine("acme").glob("new/*")
    club("admit", "--request", str(held))
    club("notary")
    there("join", LIST, id_of(club), "--from", str(club.home.archive("acme")))
    there("send", 'say "here"')
    (order,) = {*(out / "new").iterdir()} - {request}
    club("deliver", stdin=order.read_bytes())
    club("notary")
    assert "\tdora\tsay " in club("lines")


def test_a_mail_that_did_not_leave_is_kept_and_sent_again(
    club: Shell, there: Shell, sink: Sink
) -> None:
    me = ["--as", "dora", "--mail", "dora@example.org", "--send", f"smtp://127.0.0.1:{sink.port}"]
    there("join", LIST, id_of(club), *me, "--from", str(club.home.archive("acme")))
    sink.refuse[LIST] = "451 4.3.0 later"
    there("send", 'say "here"', status=75)
    found = re.search(r"451 4.3.0 later; it is kept: pit send --again (\S+\.eml)\n", there.err)
    assert found and sink.of(LIST) == []
    sink.refuse.clear()
    there("send", "--again", found[1])
    (mail,) = sink.of(LIST)
    kept = there.home.wallet("dora") / "sent" / found[1]
    assert mail.replace(b"\r\n", b"\n") == kept.read_bytes()


def test_whoever_is_shown_another_pit_has_nothing_left_of_it(
    club: Shell, there: Shell, tmp_path: Path
) -> None:
    source = club.home.archive("acme")
    id = id_of(club)
    me = ["--as", "dora", "--mail", "dora@example.org"]
    for address, given, more, status, why in (
        (LIST, "0" * 64, ["--from", f"{source}"], 65, "this is another pit; nothing was set up"),
        (LIST, id, ["--from", f"{tmp_path}/none"], 66, "; nothing was set up"),
        (LIST, id, ["--from", f"{source}", "-p", "club"], 65, "is called acme; say so: -p acme"),
        ("acme@b.example", id, ["--from", f"{source}"], 65, f"list of this pit is {LIST}, not"),
        ("other@pits.invalid", id, ["--from", f"{source}"], 65, "say so: -p acme"),
        (LIST, "12", [], 64, "'12' is not a pit's id"),
        ("acme", id, [], 64, "'acme' is not a mail address"),
        ("a.b@pits.invalid", id, [], 64, "'a.b' is no pit's name; say it with -p NAME"),
        (LIST, id, ["--send", "post"], 64, "'post' is no way to send mail"),
        (LIST, id, ["--from", "-x"], 64, "expected one argument"),
        (LIST, id, ["--from=-x"], 64, "'-x' is no source"),
    ):
        there("join", address, given, *me, *more, status=status)
        assert why in there.err
        assert there.err.startswith("pit join: ") and there.err.count("\n") == 1
        assert not there.home.root.exists()
    there("join", LIST, id, status=64)
    assert "who will you be in the pit? say it with --as HANDLE" in there.err
    there("join", LIST, id, "--as", "dora", status=64)
    assert "from which address will your mails come? say it with --mail MAIL" in there.err
    there("join", LIST, id, "--as", "notary", "--mail", "n@example.org", status=64)
    assert not there.home.root.exists()


def test_what_is_here_already_is_not_joined_twice_nor_mixed_up(club: Shell) -> None:
    id = id_of(club)
    said = club("join", LIST, id, "--as", "alice")
    assert said == "acme knows your key: you are alice there; pit buy, pit send, …\n"
    before = (club.home.pit("acme") / "settings").read_bytes()
    club("join", LIST, "0" * 64, "--as", "alice", status=73)
    assert f"acme is another pit here, id {id}" in club.err
    club("join", LIST, id, "--as", "alice", "--mail", "other@example.org", status=73)
    assert "alice has a key already, and writes from alice@example.org" in club.err
    club("join", LIST, id, "--as", "dora", "--mail", "dora@example.org")
    path = club.home.wallet("dora") / "requests/acme.eml"
    assert path.exists() and (club.home.pit("acme") / "settings").read_bytes() == before
    club("admit", "--request", str(path))
    club("notary")
    assert "you are dora" in club("join", LIST, id, "--as", "dora")


def test_a_request_that_cannot_become_a_member_is_not_admitted(club: Shell, there: Shell) -> None:
    id = id_of(club)
    there("join", LIST, id, "--as", "alice", "--mail", "alice@example.org")
    path = str(there.home.wallet("alice") / "requests/acme.eml")
    club("admit", "--request", path, status=65)
    assert club.err.endswith("eml: alice is, or was, a member already; take another handle\n")
    there("join", LIST, id, "--as", "operator", "--mail", "op@example.org")
    path = str(there.home.wallet("operator") / "requests/acme.eml")
    club("admit", "--request", path, status=65)
    assert club.err.endswith("eml: `operator` is reserved; take another handle\n")
    there("join", LIST, "12ab" * 16, "-p", "desk", "--as", "dora", "--mail", "dora@example.org")
    path = str(there.home.wallet("dora") / "requests/desk.eml")
    club("admit", "--request", path, status=65)
    assert f"the request is for the pit desk, id {'12ab' * 16}; this is acme, id {id}" in club.err
    for wrong in (["alice"], ["--request", path, "alice"], []):
        club("admit", *wrong, status=64)
        assert "write HANDLE MAIL KEYFILE, or --request FILE" in club.err
    club("notary")
    assert "dora" not in club("lines")
