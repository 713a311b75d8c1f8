"""Bad input of every kind: answered where that is owed, kept apart else, never a traceback."""

import base64
import json
import os
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pit.pits import spool
from pit.pits.command import verbs
from pit.pits.identity import identity_of, keys_of
from pit.pits.read import keep_checkpoint
from pit.pits.signing import signed
from tests.e2e.world import NAME, World

ENCODED = b"Content-Transfer-Encoding: base64\n"
MULTIPART = b"Content-Type: multipart/mixed; boundary=b\n"
HEAD = b"From: alice@example.org\nTo: acme@pits.invalid\nSubject: order\n"


def by_hand(world: World, who: str, text: str) -> bytes:
    """A mail whose signed text is exactly this."""
    with keys_of(world.home, who) as keys:
        return signed(keys, identity_of(world.home, who), text, "acme@pits.invalid").mail


def body_of(mail: bytes) -> bytes:
    """What follows a mail's headers."""
    return mail.partition(b"\n\n")[2]


def test_every_bad_mail_gets_what_it_is_owed(acme: World) -> None:
    id = f"pit acme\n  id: {acme.id[:16]}\n"
    good = by_hand(acme, "alice", f"{id}buy 1 ACME @ 1.00\n")
    block = body_of(good)
    unparsable = by_hand(acme, "bob", f"{id}buy 10 ACME @ 12,50\n")
    acme("key", "make", "mallory", "mallory@example.org")
    unknown = by_hand(acme, "mallory", f"{id}buy 2 ACME @ 1.00\n")
    stolen = unknown.replace(b"mallory@example.org", b"alice@example.org")
    big = HEAD + b"\n" + b"x" * 70 * 30000 + b"\n"
    fine = by_hand(acme, "carol", f'{id}say "hello"\n')
    buy, other, zero = "buy 1 ACME @ 1.00\n", "  id: 0123456789abcdef\n", "0" * 64
    report = f"pit acme\n  after: {acme.audit().verifier.seals[-1].entries} {'0' * 64}\n"
    mails: list[tuple[bytes, str]] = [
        (good, "taken"),
        (good, "answered duplicate"),
        (b"X-Way: another\n" + good, "answered duplicate"),
        (HEAD + b"\n" + block, "answered duplicate"),
        (good.replace(b"\n", b"\r\n"), "answered duplicate"),
        (b"From alice Fri Nov 20 12:50:19 2026\n" + good, "answered duplicate"),
        (HEAD.replace(b"alice", b"bob") + b"\n" + block, "quarantined key"),
        (good.replace(b"buy 1 ", b"buy 9 "), "quarantined signature"),
        (good.replace(b"\nbuy 1 ACME", b"\nsay \"x\"\nbuy 1 ACME"), "quarantined signature"),
        (unparsable, "refused words"),
        (unparsable, "answered words"),
        (HEAD.replace(b"alice", b"bob") + b"X: y\n\n" + body_of(unparsable), "answered words"),
        (unknown, "quarantined key"),
        (stolen, "quarantined key"),
        (by_hand(acme, "alice", f"pit other\n{other}{buy}"), "refused words"),
        (by_hand(acme, "alice", f"pit acme\n{other}{buy}"), "refused words"),
        (by_hand(acme, "alice", f"pit acme\n  after: 1 {zero}\n{buy}"), "refused after"),
        (by_hand(acme, "alice", f"pit acme\n  after: 99999 {zero}\n{buy}"), "refused after"),
        (by_hand(acme, "alice", "pit acme\nbuy 1 ACME @ 1.00\n"), "refused words"),
        (by_hand(acme, "alice", "buy 1 ACME @ 1.00\n"), "refused words"),
        (by_hand(acme, "alice", id), "refused words"),
        (by_hand(acme, "alice", "hello, world\n"), "refused words"),
        (by_hand(acme, "alice", f"{id}deposit alice 1000000.00 EUR\n"), "refused words"),
        (by_hand(acme, "alice", f"{id}suspend bob\n"), "refused words"),
        (by_hand(acme, "alice", f"{id}grant keeper to alice\n"), "refused words"),
        (by_hand(acme, "alice", f"{id}seal 5\n"), "refused words"),
        (by_hand(acme, "alice", f"{id}accept alice/1\n"), "refused words"),
        (by_hand(acme, "alice", f"{id}say \"tab\there\"\n"), "refused words"),
        (by_hand(acme, "alice", f"{id}buy 1 ACME @ 1.00\ncharter \"mine\"\n"), "refused words"),
        (by_hand(acme, "sam", f"{id}report match 1\nleaves alice/1 0 expired\n"), "refused words"),
        (by_hand(acme, "sam", f"{report}report match 1\n"), "refused after"),
        (by_hand(acme, "sam", f"{report}report match 7\n"), "answered early"),
        (b"", "quarantined shape"),
        (b"\n", "quarantined shape"),
        (b"\n\n\n", "quarantined shape"),
        (big, "quarantined size"),
        (b"X: " + b"y" * 2000 + b"\n\nx\n", "quarantined size"),
        (b"\x00\xff\xfe\r\r\n\x1b[2J", "quarantined"),
        (bytes(range(256)) * 20, "quarantined"),
        (b"From: alice@example.org\n\nbuy 1 ACME @ 1.00\n", "quarantined shape"),
        (HEAD + b"\nhello\n" + block, "quarantined shape"),
        (HEAD + b"\n" + block + b"hello\n", "quarantined shape"),
        (HEAD + b"\n" + block + block, "quarantined shape"),
        (HEAD + b"\n> " + block.replace(b"\n", b"\n> "), "quarantined shape"),
        (HEAD + b"Pit-Entry: acme 5\n\n" + block, "quarantined shape"),
        (HEAD + b"From: bob@example.org\n\n" + block, "quarantined shape"),
        (HEAD + b"Content-Type: text/html\n\n" + block, "quarantined shape"),
        (HEAD + ENCODED + b"\n" + base64.encodebytes(block), "quarantined shape"),
        (HEAD + MULTIPART + b"\n--b\n\n" + block + b"--b--\n", "quarantined shape"),
        (HEAD + b"Auto-Submitted: auto-replied\n\n" + block, "quarantined loop"),
        (b"Return-Path: <>\n" + HEAD + b"\n" + block, "quarantined loop"),
        (HEAD + b"List-Id: <acme.pits.invalid>\n\n" + block, "quarantined loop"),
        (good[:-40], "quarantined shape"),
        (good.replace(b"Hash: SHA512", b"Hash: MD5"), "quarantined"),
        (good.replace(b"\n\npit acme", b"\nComment: x\n\npit acme"), "quarantined shape"),
        (fine, "taken"),
    ]  # fmt: skip
    for mail, _ in mails:
        spool.put(acme.home.spool(NAME), mail)
    before = len(acme.entries())
    said = json.loads(acme("notary", "-p", NAME, "--json"))
    got = [f"{d['decision']} {d['code']}".rstrip() for d in said["decisions"]]
    assert len(got) == len(mails)
    for (mail, owed), found in zip(mails, got, strict=True):
        assert found.startswith(owed), (mail[:300], found, owed)
    assert acme.spool() == []
    assert len(acme.entries()) == before + 4  # two mails, the refusals, a seal
    kept = {mail for mail, owed in mails if owed.startswith("quarantined")}
    held = acme.quarantine()
    assert {m.partition(b"\nPit-Reason: ")[2].partition(b"\n")[2] for m in held} == kept
    assert all(m.startswith(b"Pit-Refused: ") for m in held)
    assert not (acme.folder / "wallets/mallory/inbox").exists()
    assert not list(acme.home.outbox(NAME).glob("new/*"))
    answers = acme.inbox("alice")
    assert [a["entry"] for a in answers if a["answer"] == "receipt"] == [before + 1] * 6
    assert {a["code"] for a in answers if a["answer"] == "refusal"} == {"words", "after"}
    assert len([a for a in answers if a["answer"] == "refusal"]) == 15
    (first, again, third) = [a for a in acme.inbox("bob") if a["answer"] == "refusal"]
    assert "line 3, column 15: '12,50' is not a price; write 12.50" in first["text"]
    assert again["code"] == third["code"] == "words"
    acme.settled()


def test_bad_orders_are_refused_by_the_keeper_with_a_reason(acme: World) -> None:
    acme.say(
        "alice",
        *("buy 1 NONE @ 1.00", "buy 1 ACME @ 1.005", "buy 1.5 ACME @ 1.00", "buy 0 ACME @ 1.00"),
        *("sell 1 ACME @ 1.00", "transfer 1.00 USD to bob", "transfer 1.00 EUR to nobody"),
        *("transfer 0.001 EUR to bob", "withdraw 5 ACME", "withdraw 0 EUR", "buy 1 EUR @ 1.00"),
        *("buy 999999999999999 ACME @ 999999999999999.00", "buy 1 ACME @ 0"),
        *("cancel 1", "cancel 999999999999"),
    )
    acme.say("bob", "buy 1 ACME @ 1.00", "  ref: a", "buy 2 ACME @ 1.00", "  ref: a")
    acme.say("operator", "payout 1", "deposit nobody 5.00 EUR", "deposit bob 5.00 USD")
    acme.say("operator", "deposit bob 999999999999999.00 EUR", "deposit bob 1.00 ACME")
    acme.settled()
    order = acme.number_of("alice", "^buy 1 NONE")
    why = {}
    for said in acme.said("^refuse "):
        name, _, text = said.removeprefix("refuse ").partition(" ")
        why[name] = text
    mine = [why.get(f"alice/{order}" + (f".{n}" if n > 1 else "")) for n in range(1, 14)]
    assert None not in mine
    owed = [
        *("NONE is not listed", "not a multiple of the tick", "not a multiple of the lot"),
        *("0 buys", "needs 1 ACME; available 0", "USD is not an asset", "nobody is not a member"),
        *("finer than its smallest unit", "only money is paid out", "is nothing", "not listed"),
        *("needs", "tick"),
    ]
    for text, words in zip(mine, owed, strict=True):
        assert words in str(text)
    late = acme.said("^leaves alice/.* late ")
    assert len(late) == 2
    assert len([text for name, text in why.items() if name.startswith("bob/")]) == 1
    assert len([text for name, text in why.items() if name.startswith("operator/")]) == 5
    assert acme.holdings()["alice EUR"] == ("1000.00", "0.00")


@pytest.fixture
def shut(acme: World) -> World:
    """A pit with an order that waits in the spool."""
    acme.deliver(acme.mail("alice", "buy 1 ACME @ 1.00"))
    return acme


NEEDED = {
    "admit": ["zoe", "zoe@example.org", "-"],
    "bars": ["1h", "ACME"],
    "blame": ["fee"],
    "buy": ["1", "ACME", "1.00", "--as", "alice"],
    "cancel": ["1", "--as", "alice"],
    "cat": ["1"],
    "certificate": ["1", "ACME", "--holder", "bob", "--as", "operator"],
    "combo": ["forward", "RAIN", "1", "1.00", "--as", "alice"],
    "deadlines": ["alice"],
    "deliver": [],
    "dividends": ["--dry-run", "ACME", "1.00", "EUR"],
    "join": ["acme@pits.invalid", "0" * 64, "--mail", "zoe@example.org", "--as", "zoe"],
    "key": ["show", "--as", "alice"],
    "list": ["status"],
    "new": ["club"],
    "publish": ["match"],
    "replace": ["1", "2", "1.00", "--as", "alice"],
    "risk": ["alice"],
    "run": ["match"],
    "sell": ["1", "ACME", "1.00", "--as", "alice"],
    "send": ["--as", "alice", 'say "x"'],
    "show": ["book"],
    "statement": ["alice"],
    "inbox": ["--as", "alice"],
    "witness": ["--as", "alice"],
    "db": ["file"],
    "find": ["seal"],
    "fraud": ["a", "b"],
    "mirror": ["a", "b"],
    "print": ["1"],
    "prove": ["1"],
    "receipt": ["check", "a"],
    "verify": ["a"],
    "whatif": ["-", "--as", "alice"],
}
NO_PIT = {"fraud", "inbox", "join", "key", "match", "mirror", "new", "original", "positions"}
NO_PIT |= {"govern", "listing", "settle", "tokens"}
MANY = {"blame", "dividends", "find", "mirror", "receipt", "verify"}
"""Verbs that take any number of words."""


@pytest.fixture(scope="module")
def asked(stands: World) -> Iterator[World]:
    """A pit that is only asked for what it cannot do."""
    world = stands.copy()
    yield world
    world.remove()


@pytest.mark.parametrize("verb", sorted(verbs()))
def test_a_bad_command_line_ends_with_64_and_does_nothing(asked: World, verb: str) -> None:
    before = {path: path.stat().st_mtime_ns for path in asked.folder.rglob("*")}
    needed = NEEDED.get(verb, [])
    usage = 75 if verb == "deliver" else 64  # the mail server keeps the mail
    asked(verb, *needed, "--nonsense", status=usage)
    assert asked.err.startswith(f"pit {verb}: ") and asked.err.count("\n") == 1
    if verb not in MANY:
        asked(verb, *needed, *"abcdefgh", status=65 if verb == "send" else usage)
    if verb not in NO_PIT:
        for name in ("../acme", ""):
            asked(verb, *needed, "-p", name, status=usage)
        asked(verb, *needed, status=usage, PIT="a/../acme")
        missing = 65 if verb == "publish" else 67 if verb == "deliver" else 66
        asked(verb, *needed, "-p", "nosuch", status=missing)
    if "--as" in needed:
        for name in ("../alice", ""):
            asked(verb, *needed[: needed.index("--as")], "--as", name, status=64)
    assert {path: path.stat().st_mtime_ns for path in asked.folder.rglob("*")} == before


@pytest.mark.parametrize(
    ("args", "status"),
    [
        ([], 64),
        (["nosuch"], 64),
        (["--nonsense"], 64),
        (["../match"], 64),
        (["cat", "0"], 64),
        (["cat", "-1"], 64),
        (["cat", "x"], 64),
        (["cat", "1.2"], 64),
        (["cat", "٣"], 64),
        (["cat", "999999999"], 66),
        (["cat", "9" * 5000], 64),
        (["show", "nosuch"], 64),
        (["show", "book", "--since", "2026-01-01"], 64),
        (["show", "tape", "--since", "yesterday"], 64),
        (["show", "members", "--ticker", "ACME"], 64),
        (["show", "tape", "--csv", "--json"], 64),
        (["bars", "1w", "ACME"], 64),
        (["bars", "1h", "NONE"], 66),
        (["bars", "1h", "ACME", "--archive", "/nonexistent"], 66),
        (["quotes", "NONE"], 66),
        (["quotes", "--depth", "0"], 64),
        (["quotes", "--depth", "9" * 5000], 64),
        (["risk", "nobody"], 66),
        (["risk", "alice", "ACME"], 66),
        (["risk", "alice", "--svg", "/nonexistent/a.svg"], 66),
        (["whatif", "/nonexistent", "--as", "alice"], 66),
        (["whatif", "/dev/zero", "--as", "alice"], 65),
        (["whatif", "-", "--as", "nobody"], 66),
        (["whatif", "-", "--as", "alice", "--at", "yesterday"], 64),
        (["show"], 64),
        (["run", "nosuch"], 64),
        (["run", "../match"], 64),
        (["run", "positions", "--shard", "3/2"], 64),
        (["run", "positions", "--shard", "0/2"], 64),
        (["run", "positions", "--shard", "x"], 64),
        (["run", "positions", "--shard", "1/" + "9" * 5000], 64),
        (["positions", "--shard", "1/0"], 64),
        (["read", "--for", "../match"], 64),
        (["read", "--for", "match", "--shard", "x"], 64),
        (["statement", "nobody"], 66),
        (["audit", "/nonexistent"], 66),
        (["audit", "/etc/passwd"], 66),
        (["send", "--as", "alice"], 64),
        (["send", "--as", "nobody", 'say "x"'], 66),
        (["send", "--as", "alice", "-f", "/nonexistent"], 66),
        (["send", "--as", "alice", "-f", "/etc"], 66),
        (["send", "--as", "alice", "--again", "/nonexistent"], 66),
        (["send", "--as", "alice", "buy 10 ACME @ 12,50"], 65),
        (["send", "--as", "alice", "buy 10 ACME @ 12.50\x1b[2J"], 65),
        (["buy", "--as", "alice", "1", "ACME"], 64),
        (["buy", "--as", "alice", "x", "ACME", "1.00"], 65),
        (["buy", "--as", "alice", "1", "ACME", "1.00", "--until", "tomorrow"], 65),
        (["buy", "--as", "alice", "1", "ACME", "1.00\nsell 1 ACME @ 1.00"], 64),
        (["cancel", "--as", "alice", "x"], 65),
        (["cancel", "--as", "alice", "1\ncancel 2"], 64),
        (["buy", "--as", "alice", "1", "ACME", "1.00", "--ref", "a\nsell 1 ACME @ 1.00"], 64),
        (["admit", "eve", "eve@example.org\nsuspend alice", "-"], 64),
        (["key", "make", "alice", "alice@example.org"], 73),
        (["key", "make", "../eve", "eve@example.org"], 64),
        (["key", "make", "notary", "eve@example.org"], 64),
        (["key", "make", "eve", "no address"], 64),
        (["admit", "eve", "eve@example.org", "/nonexistent"], 66),
        (["admit", "eve", "eve@example.org", "/etc/passwd"], 65),
        (["admit", "--request", "/nonexistent"], 66),
        (["admit", "--request", "/etc/passwd"], 65),
        (["admit", "--request", "/dev/zero"], 65),
        (["join", "acme", "0" * 64, "--as", "eve", "--mail", "eve@example.org"], 64),
        (["join", "acme@pits.invalid", "0" * 64, "--as", "eve", "--mail", "e@example.org"], 73),
        (["join", "x@pits.invalid", "0" * 64, "--as", "eve", "-p", "", "--mail", "e@b.c"], 64),
        (["mirror", "ssh://-oProxyCommand=x/y", "copy"], 64),
        (["new", "x", "--group", "users"], 64),
        (["new", "x", "--private", "--group", "no such group"], 64),
        (["new", "x", "--private", "--group", "9" * 30], 64),
        (["new", "acme"], 73),
        (["new", "../x"], 64),
        (["new", "x", "--currency", "euro"], 64),
        (["new", "x", "--template", "nosuch"], 64),
        (["new", "x", "--title", "a\nsuspend alice"], 64),
        (["lines", "x"], 64),
    ],
)
def test_a_bad_argument_has_its_exit_code_and_one_line(
    asked: World, args: list[str], status: int
) -> None:
    before = len(list(asked.folder.rglob("*")))
    asked(*args, status=status)
    assert asked.err.startswith("pit") and asked.err.count("\n") == 1
    assert len(asked.err) < 6000 and "\x1b" not in asked.err
    assert len(list(asked.folder.rglob("*"))) == before


def test_an_empty_home_has_no_pit_and_nothing_is_made_in_it(empty: World) -> None:
    for verb in sorted(set(verbs()) - NO_PIT):
        empty(verb, *NEEDED.get(verb, []), status=75 if verb == "deliver" else 64)
        assert "which pit? here: none" in empty.err
    assert list(empty.folder.iterdir()) == []


@pytest.mark.parametrize(
    "stream", [b"", b"junk", b"From ", b"\xff" * 999, b"\n\n\n", b"From x\n\n"]
)
def test_a_stream_that_is_none_is_refused(stands: World, stream: bytes) -> None:
    published = ["publish", "-p", NAME, "match"]
    for args in (["match"], ["positions"], ["settle"], published, ["lines", "-"]):
        found = subprocess_status(stands, args, stream)
        assert found in (65, 66), args


def subprocess_status(world: World, args: list[str], stdin: bytes) -> int:
    """The exit status of `pit ARGS`, which is 65 or 66."""
    try:
        world.run(*args, stdin=stdin, status=65)
    except AssertionError:
        world.run(*args, stdin=stdin, status=66)
        return 66
    return 65


def test_a_stream_that_was_cut_publishes_nothing(acme: World) -> None:
    acme.say("bob", "sell 60 ACME @ 9.40", "sell 10 ACME @ 9.30")
    acme.say("alice", "buy 60 ACME @ 9.40")
    acme("notary", "-p", NAME)
    whole = acme.bash("pit read -p acme | pit positions").encode()
    start, end = whole.index(b"Pit-Draft: "), whole.index(b"Pit-Checkpoint: ")
    for at in (start - 50, start + 40, start + 120, end - 70, end - 1):
        acme("publish", "-p", NAME, "positions", stdin=whole[:at], status=65)
        assert acme.spool() == []
    acme("publish", "-p", NAME, "positions", stdin=whole)
    assert len(acme.spool()) == 1
    acme.settled()


def put(path: str, data: bytes) -> Callable[[World], object]:
    return lambda world: (world.folder / path).write_bytes(data)


def file_for_folder(path: str) -> Callable[[World], object]:
    """A file in place of a folder: nothing can be made in it, not even by root."""

    def change(world: World) -> None:
        folder = world.folder / path
        shutil.rmtree(folder, ignore_errors=True)
        folder.write_text("x")

    return change


def folder_for_file(path: str) -> Callable[[World], object]:
    def change(world: World) -> None:
        (world.folder / path).unlink(missing_ok=True)
        (world.folder / path).mkdir()

    return change


@pytest.mark.long
@pytest.mark.parametrize(
    ("harm", "verb", "status"),
    [
        (put("pits/acme/settings", b""), "notary", 78),
        (put("pits/acme/settings", b"\xff\xfe"), "notary", 78),
        (folder_for_file("pits/acme/settings"), "notary", 74),
        (put("archives/acme/mark", b"junk"), "notary", 65),
        (put("archives/acme/mark", b""), "notary", 65),
        (folder_for_file("archives/acme/mark"), "notary", 74),
        (folder_for_file("archives/acme/lock"), "notary", 73),
        (file_for_folder("archives/acme"), "notary", 73),
        (file_for_folder("pits/acme/gnupg"), "notary", 73),
        (file_for_folder("pits/acme/quarantine"), "notary", 74),
        (folder_for_file("pits/acme/answered"), "notary", 74),
        (folder_for_file("archives/acme/next"), "notary", 74),
        (put("archives/acme/0000000001.mbox", b""), "notary", 65),
        (lambda world: shutil.rmtree(world.folder / "pits/acme/gnupg"), "notary", 77),
        (lambda world: shutil.rmtree(world.archive), "notary", 78),
        (file_for_folder("pits/acme/checkpoints"), "turn", 74),
        (folder_for_file("pits/acme/checkpoints/match.mbox"), "turn", 74),
        (file_for_folder("wallets/sam/reports"), "turn", 0),
    ],
)
def test_a_home_that_is_damaged_is_told_of_and_loses_nothing(
    shut: World, harm: Callable[[World], object], verb: str, status: int
) -> None:
    good = shut.copy()
    try:
        (mail,) = [path.read_bytes() for path in shut.spool()]
        shut.deliver(b"junk\n")
        harm(shut)
        shut(verb, "-p", NAME, status=status)
        if status:
            assert shut.err.startswith(f"pit {verb}: ")
        if status and verb == "notary":
            assert mail in [path.read_bytes() for path in shut.spool()]
        for part in ("archives/acme", "pits/acme", "wallets/sam"):  # put right again
            for path in sorted((good.folder / part).rglob("*")):
                target = shut.folder / path.relative_to(good.folder)
                if path.is_file() and status and "spool" not in path.parts:
                    for above in (*reversed(target.parents), target):
                        if above.is_file() and above != target:
                            above.unlink()
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.rmtree(target) if target.is_dir() else None
                    shutil.copy2(path, target)
        for path in (shut.archive / "next", shut.folder / "wallets/sam/reports"):
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        quarantine, answered = shut.home.quarantine(NAME), shut.home.pit(NAME) / "answered"
        quarantine.unlink() if quarantine.is_file() else None
        shutil.rmtree(answered) if answered.is_dir() else None
        if verb == "notary":
            shut.settled()
            assert shut.mails().count(mail) == 1
            assert [kept.endswith(b"junk\n") for kept in shut.quarantine()] == [True]
    finally:
        good.remove()


@pytest.mark.parametrize(
    "data",
    [b"", b"\xff\xfe\n\n", b"From match@acme.pit Fri Nov 20 11:45:00 2026\n\n", b"junk" * 10000],
)
def test_a_checkpoint_that_is_none_is_not_used(shut: World, data: bytes) -> None:
    shut("notary", "-p", NAME)
    for name in ("match", "positions", "settle"):
        (shut.home.checkpoints(NAME) / f"{name}.mbox").write_bytes(data)
        shut("run", "-p", NAME, name)
        assert "not used" in shut.err
    shut.settled()
    assert shut.holdings()["alice EUR"] == ("1000.00", "1.00")


def test_another_filters_or_another_archives_checkpoint_is_not_used(shut: World) -> None:
    shut.turn()
    checkpoints = shut.home.checkpoints(NAME)
    match, positions = checkpoints / "match.mbox", checkpoints / "positions.mbox"
    shutil.copy(positions, match)
    shut("show", "-p", NAME, "book")
    assert "its hash is not the one kept beside it" in shut.err
    keep_checkpoint(match, positions.read_bytes())
    shut("show", "-p", NAME, "book")
    assert "no checkpoint of match" in shut.err
    data = positions.read_bytes()
    root = data.split(b"\n")[1].split()[-1]
    keep_checkpoint(positions, data.replace(root, b"0" * 64))
    (row,) = shut.show("holdings", "alice")
    assert (row["balance"], row["held"]) == ("1000.00", "1.00")
    assert "not taken in this archive" in shut.err
    shut.settled()


def test_a_checkpoint_with_any_line_lost_is_read_or_refused_never_a_bug(shut: World) -> None:
    shut("notary", "-p", NAME)
    dice = random.Random(5)
    for name in ("match", "positions", "settle"):
        shut("run", "-p", NAME, name)
        path = shut.home.checkpoints(NAME) / f"{name}.mbox"
        lines = path.read_bytes().split(b"\n")
        for at in dice.sample(range(3, len(lines) - 2), 7):
            data = b"\n".join([*lines[:at], *lines[at + 1 :]])
            found = subprocess_any(shut, ["pit", name], data)
            assert found in (0, 65, 78), lines[at]


def subprocess_any(world: World, command: list[str], stdin: bytes) -> int:
    """The exit status, whatever it is; nothing a traceback or a bug."""
    import subprocess

    done = subprocess.run(command, input=stdin, capture_output=True, env=world.environment())
    assert b"Traceback" not in done.stderr and b"bug" not in done.stderr, done.stderr
    return done.returncode


def as_anybody(script: str) -> str:
    """The script without root's right to write where nobody may."""
    if os.geteuid():
        return script
    return f"setpriv --bounding-set=-dac_override,-dac_read_search bash -c '{script}'"


def test_a_home_that_cannot_be_written_is_read_and_loses_nothing(shut: World) -> None:
    waiting = shut.spool()
    folders = [p for p in (shut.folder, *shut.folder.rglob("*")) if p.is_dir()]
    for folder in folders:
        if "gnupg" not in folder.parts:
            folder.chmod(0o555)
    try:
        for command in ("show book", "show holdings", "lines", "audit", "statement alice"):
            shut.bash(as_anybody(f"pit {command} >/dev/null"))
        shut.bash(as_anybody("pit notary"), status=74)
        assert "Permission denied" in shut.err
        shut.bash(as_anybody("pit buy --as alice 1 ACME 1.00"), status=74)
        shut.bash(as_anybody("pit deliver </etc/passwd"), status=75)
        shut.bash(as_anybody("pit new club"), status=73)
    finally:
        for folder in folders:
            folder.chmod(0o755)
    assert shut.spool() == waiting
    shut.settled()
    assert shut.holdings()["alice EUR"] == ("1000.00", "1.00")


def test_a_file_that_may_not_be_read_is_told_of(shut: World) -> None:
    for path in (shut.segment, shut.archive / "mark"):
        path.chmod(0)
        for command in ("show book", "lines", "read", "notary", "run match", "audit"):
            shut.bash(as_anybody(f"pit {command} >/dev/null"), status=77)
            assert "Permission denied" in shut.err
        path.chmod(0o644)
    shut.settled()


def test_a_disk_that_is_full_at_any_size_loses_nothing(shut: World) -> None:
    """`ulimit -f`: no file may grow past so many KiB; so does a full disk fail a write."""
    (mail,) = [path.read_bytes() for path in shut.spool()]
    size = shut.segment.stat().st_size // 1024
    failed = 0
    for limit in (0, 1, 2, size, size + 1):
        shut.bash(f"(ulimit -f {limit}; pit turn -p acme) || [ $? -ge 64 ]")
        failed += "File too large" in shut.err
        shut.bash(f"(ulimit -f {limit}; pit buy -p acme --as bob 1 BETA 1.00) || [ $? -ge 64 ]")
    assert failed >= 3
    shut.settled()
    assert shut.mails().count(mail) == 1
    assert max(shut.reports().values()) == 1
    whole = {e.text for e in shut.entries() if "\nbuy 1 BETA" in e.text}
    assert len(whole) <= 5


def test_stdout_that_cannot_be_written_is_an_error_and_a_closed_pipe_is_quiet(
    stands: World,
) -> None:
    for command in ("pit lines", "pit show members", "pit read", "pit audit", "pit --help"):
        stands.bash(f"{command} >/dev/full", status=74)
        assert "No space left" in stands.err
    stands.bash("pit lines | head -n 1; pit read | head -c 10")
    assert stands.err == ""
    stands.bash("pit read | pit match >/dev/full", status=74)


def test_an_address_or_a_text_that_would_forge_a_header_is_refused(acme: World) -> None:
    acme("key", "make", "eve", "eve@example.org\nBcc: bob@example.org", status=64)
    acme("key", "make", "eve", "eve@example.org", "--name", "Eve\nBcc: bob@x.org", status=64)
    acme("new", "club", "--address", "club@x.org\nBcc: bob@x.org", status=64)
    assert not (acme.folder / "wallets/eve").exists() and acme.home.pits() == [NAME]


def test_the_notary_does_not_answer_the_same_mail_for_ever(acme: World) -> None:
    mail = acme.mail("alice", "buy 1 ACME @ 1.00")
    for _ in range(130):
        spool.put(acme.home.spool(NAME), mail)
    acme("notary", "-p", NAME)
    paths = (acme.folder / "wallets/alice/inbox").rglob("*.*")
    answers = [path for path in paths if b"Pit-Reply: receipt " in path.read_bytes()]
    assert 50 <= len(answers) <= 101
    (acme.folder / "pits/acme/answered").write_bytes(b"\xff\x00junk\n\n \n")
    acme.settled()


def test_nothing_that_was_shown_can_steer_a_terminal(acme: World) -> None:
    nasty = acme.mail("alice", 'say "\x1b]0;owned\x07"')
    acme.deliver(nasty, b"From: \x1b[31m@x\n\nx\n", nasty.replace(b"order", b"\x1b[2J"))
    acme("notary", "-p", NAME, "--verbose")
    said = [acme("notary", "-p", NAME), acme("inbox", "--as", "alice"), acme("lines"), acme.err]
    assert all("\x1b" not in text and "\x07" not in text for text in said)


def test_paths_in_names_lead_nowhere(acme: World, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    for name in ("../../outside", str(outside), "a" * 33):
        acme("read", "-p", name, status=64)
        acme("inbox", "--as", name, status=64)
        acme("key", "make", name, "x@example.org", status=64)
        acme("new", name, status=64)
        acme("send", "-p", NAME, "--as", "alice", "--again", name, status=66)
    assert list(outside.iterdir()) == []
