"""`pit answer`: members are answered and told, at least once, wherever it is killed."""

import email
import json
import os
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from email.message import Message
from pathlib import Path
from typing import Any

import pytest

from pit.archives.disk import locked
from pit.archives.language import parse_directives
from pit.archives.words import CORE
from pit.filters import answer
from pit.filters.manual import about, example, manual
from pit.pits import reply, spool
from pit.pits.queries import WORDS
from pit.pits.reading import fold_of
from pit.pits.state import Pit
from tests.conftest import Shell
from tests.e2e.world import short_folder

STEPS = ("fsync", "write", "rename", "replace", "unlink", "mkdir", "ftruncate")
"""The calls by which anything gets onto the disk."""
KILLED = 9
LISTING = ("  currency: EUR", "  tick: 0.01", "  lot: 1", "  specialist: operator")


def copied(home: Path, folder: Path) -> Shell:
    shutil.copytree(home, folder / "home", ignore=shutil.ignore_patterns("S.*"))
    return Shell(folder / "home")


def forget(pit: Shell) -> None:
    """As if nobody had been told anything."""
    shutil.rmtree(pit.home.told("acme"))
    for inbox in pit.home.root.glob("wallets/*/inbox"):
        shutil.rmtree(inbox)


@pytest.fixture(scope="module")
def asking(founded: Path, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """A pit that has traded, in which nobody was told, and two questions wait."""
    pit = copied(founded, tmp_path_factory.mktemp("asking"))
    pit("send", "--as", "operator", 'ticker ACME "Acme Inc."', *LISTING)
    money = ("issue 100 ACME", "transfer 90 ACME to bob", "deposit alice 500.00 EUR")
    pit("send", "--as", "operator", *money)
    pit("turn")
    pit("sell", "--as", "bob", "10", "ACME", "5.00")
    pit("buy", "--as", "alice", "15", "ACME", "5.00", "--ref", "spring")
    pit("turn")
    forget(pit)
    pit("send", "--as", "alice", "show book", "show holdings")
    pit("send", "--as", "bob", "help")
    pit("notary")
    return pit


@pytest.fixture
def pit(asking: Shell, tmp_path: Path) -> Shell:
    """A copy of it: what a test does there, no other test sees."""
    return copied(asking.home.root, tmp_path)


def mails(pit: Shell, who: str) -> list[Message]:
    """What a member got, oldest first."""
    paths = spool.waiting(pit.home.wallet(who) / "inbox")
    return [email.message_from_bytes(spool.take(path)) for path in paths]


def body(mail: Message) -> str:
    return bytes(mail.get_payload(decode=True)).decode()  # type: ignore[arg-type]


def test_each_is_told_what_became_of_his_instructions_and_gets_his_answers(pit: Shell) -> None:
    assert pit("answer") == "answered 2, told 8; up to entry 17\n"
    *said, last = mails(pit, "alice")
    assert [mail["Subject"] for mail in said] == [
        "acme 7.3: received 500.00 EUR, 500.00 now",
        "acme 12 (spring): buy 15 ACME at 5.00 or lower accepted, works; ...",
        "acme 12 (spring): bought 10 ACME at 5.00, 50.00 EUR paid, 450.00 ...",
    ]
    assert "\n12 (spring): bought 10 ACME at 5.00, 50.00 EUR paid, 450.00 left (25.00 held); " in (
        body(said[-1])
    )
    assert last["Subject"] == "acme: show book (+1)"
    assert body(last).endswith(
        "\n> show book\n\n"
        "ticker  side  price  quantity  displayed  orders\n"
        "ACME    bid    5.00         5          5  alice/12\n"
        "\n> show holdings\n\n"
        "member  asset  balance   held  available\n"
        "alice   ACME        10      0         10\n"
        "alice   EUR     450.00  25.00     425.00\n"
    )
    assert "What you may say:\n\n    withdraw " in body(mails(pit, "bob")[-1]).replace(
        "rekey HANDLE FINGERPRINT\n    confirm HANDLE\n    revoke-key HANDLE\n    ", ""
    )
    assert pit("answer") == ""
    assert spool.waiting(pit.home.asked("acme")) == []


def test_a_mail_answers_nothing_and_nobody_answers_it(pit: Shell) -> None:
    pit("answer")
    sent = {mail["Subject"]: mail for mail in mails(pit, "alice")}
    answered = sent.pop("acme: show book (+1)")
    assert answered["Auto-Submitted"] == "auto-replied"
    assert answered["In-Reply-To"]
    for mail in (answered, *sent.values()):
        assert (mail["Return-Path"], mail["To"]) == ("<>", "alice@example.org")
        assert mail["Auto-Submitted"].startswith("auto-")
    paths = spool.waiting(pit.home.wallet("alice") / "inbox")
    for path in paths:
        spool.put(pit.home.spool("acme"), spool.take(path))
    assert "quarantined 4" in pit("notary")


def test_who_keeps_his_wallet_elsewhere_is_written_to(pit: Shell) -> None:
    shutil.rmtree(pit.home.wallet("bob"))
    pit("answer")
    out = [spool.take(path) for path in spool.waiting(pit.home.outbox("acme"))]
    assert len(out) == 4
    assert all(b"\nTo: bob@example.org\n" in mail for mail in out)


def test_the_inbox_shows_it_all(pit: Shell) -> None:
    pit("answer")
    rows: list[dict[str, Any]] = json.loads(pit("inbox", "--as", "alice", "--json"))
    assert [row["answer"] for row in rows] == ["outcome", "outcome", "outcome", "answer"]
    assert "outcome acme 12 (spring): bought 10" in pit("inbox", "--as", "alice", "--all")


def test_the_answer_is_what_the_command_shows(pit: Shell) -> None:
    views = ["book", "tape ACME", "holdings alice", "orders ACME", "members", "statement alice"]
    views += ["holdings alice:savings", "statement alice:savings", "statement alice:main"]
    pit("send", "--as", "alice", "transfer 5 EUR to alice:savings")
    pit("turn")
    pit("send", "--as", "alice", *(f"show {view}" for view in views))
    pit("notary")
    pit("answer", "-q")
    answered = body(mails(pit, "alice")[-1])
    for view in views:
        shown = pit(*view.split()) if view.startswith("statement") else pit("show", *view.split())
        part = answered.partition(f"> show {view}\n\n")[2].partition("\n> ")[0]
        assert shown.startswith(part)
        assert part.count("\n") > 1


def test_what_is_not_there_is_said(pit: Shell) -> None:
    pit(
        "send", "--as", "alice", "show book NONE", "show holdings zoe", "show orders bob", "help me"
    )
    pit("notary")
    pit("answer", "-q")
    said = body(mails(pit, "alice")[-1])
    assert "NONE is not listed in acme; listed: ACME\n" in said
    assert "zoe is not a member of acme; `show members` lists them\n" in said
    assert "orders bob: nothing\n" in said
    assert "`me` is not a word of this pit. Its words:\n" in said


def forked(work: Callable[[], object]) -> int:
    """The status of a process that does it and ends."""
    child = os.fork()
    if child == 0:
        status = 70
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def run_killed(pit: Shell, step: int) -> bool:
    """Run `pit answer` until just before its step-th step on the disk; whether it got that far."""

    def work() -> None:
        left = step
        os.environ["PIT_HOME"] = str(pit.home.root)

        def dying(call: Callable[..., Any]) -> Callable[..., Any]:
            def counted(*args: Any, **keys: Any) -> Any:
                nonlocal left
                left -= 1
                if not left:
                    os._exit(KILLED)
                return call(*args, **keys)

            return counted

        for name in STEPS:
            setattr(os, name, dying(getattr(os, name)))
        answer.main(["-p", "acme", "-q"])

    status = forked(work)
    assert status in (0, KILLED)
    return status == KILLED


def everything(pit: Shell) -> dict[str, str]:
    """Each mail's text by its Message-ID; who got a mail twice got the same one."""
    found: dict[str, str] = {}
    for who in ("alice", "bob", "operator"):
        for mail in mails(pit, who):
            assert found.setdefault(mail["Message-ID"], body(mail)) == body(mail)
    return found


def test_killed_at_any_step_it_tells_all_in_the_end_and_nothing_else(asking: Shell) -> None:
    folder = short_folder()  # in memory: each step is put on disk
    try:
        whole = copied(asking.home.root, folder / "whole")
        assert not run_killed(whole, 10_000)
        right = everything(whole)
        assert len(right) == 10
        died, step = True, 0
        while died:
            step += 1
            pit = copied(asking.home.root, folder / "killed")
            died = run_killed(pit, step)
            assert not run_killed(pit, 10_000)
            assert everything(pit) == right, step
            assert spool.waiting(pit.home.asked("acme")) == []
            count = sum(len(mails(pit, who)) for who in ("alice", "bob", "operator"))
            assert not run_killed(pit, 10_000)
            assert sum(len(mails(pit, who)) for who in ("alice", "bob", "operator")) == count
            shutil.rmtree(pit.home.root)
        assert step > 40
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def here(pit: Shell, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    """The pit for what runs in this process."""
    monkeypatch.setenv("PIT_HOME", str(pit.home.root))
    yield pit


def test_without_its_note_it_tells_of_the_last_day_alone(
    here: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answer, "RECENT", timedelta(0))
    answer.main(["-q"])
    assert [mail["Pit-Reply"].split()[0] for mail in mails(here, "alice")] == ["answer"]
    here("cancel", "--as", "alice", "12")
    here("turn")
    assert mails(here, "alice")[-1]["Subject"].startswith("acme 12 (spring): cancelled by 18; ")


def test_who_asks_too_often_is_not_answered(here: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reply, "PER_HOUR", 1)
    here("send", "--as", "alice", "help")
    here("notary")
    answer.main(["-q"])
    kinds = [mail["Pit-Reply"].split()[0] for mail in mails(here, "alice")]
    assert kinds.count("answer") == 1
    assert spool.waiting(here.home.asked("acme")) == []


def test_two_at_once_do_not_tell_twice(pit: Shell) -> None:
    pit.home.told("acme").mkdir()
    with locked(pit.home.told("acme")):
        pit("answer", status=75)
    assert mails(pit, "alice") == []


def test_a_file_that_is_no_question_stays_and_is_named(pit: Shell) -> None:
    path = spool.put(pit.home.asked("acme"), b"\x1b[2Jjunk\n")
    assert pit("answer", status=65).startswith("answered 2, ")
    assert str(path) in pit.err and "\x1b" not in pit.err
    assert path.exists()


def test_a_note_that_cannot_be_read_is_named(pit: Shell) -> None:
    pit("answer")
    note = pit.home.told("acme") / "note"
    note.write_text("told 3\njunk\n")
    pit("answer", status=65)
    assert f"{note}: line 2: 'junk'" in pit.err


def test_a_lost_or_foreign_checkpoint_changes_nothing(pit: Shell) -> None:
    pit("answer")
    before = everything(pit)
    kept = pit.home.told("acme") / "positions.mbox"
    for data in (None, b"junk"):
        kept.unlink()
        if data:
            kept.write_bytes(data)
        pit("buy", "--as", "alice", "1", "ACME", "4.00")
        pit("turn")
        now = everything(pit)
        assert len(now) == len(before) + 3  # two receipts, the acceptance
        before = now


def test_after_an_older_backup_what_is_new_is_told(pit: Shell, tmp_path: Path) -> None:
    archive, backup = pit.home.archive("acme"), tmp_path / "backup"
    shutil.copytree(archive, backup)
    pit("buy", "--as", "alice", "1", "ACME", "4.00")
    pit("turn")
    shutil.rmtree(archive)
    shutil.copytree(backup, archive)
    pit.home.ledger("acme").unlink()
    pit("answer")
    assert "told up to entry 21, and the archive ends with 17" in pit.err
    pit("answer")
    assert pit.err == ""
    pit("buy", "--as", "alice", "2", "ACME", "4.00")
    pit("turn")
    assert mails(pit, "alice")[-1]["Subject"].startswith("acme 18: buy 2 ACME at 4.00 or lower")


def test_where_nothing_stands_nobody_is_told(pit: Shell) -> None:
    shutil.rmtree(pit.home.archive("acme"))
    assert pit("answer") == ""


# --- help -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def fold(asking: Shell) -> Pit:
    return fold_of(asking.home, "acme")


@pytest.mark.parametrize("word", sorted({**CORE, **WORDS}))
def test_the_example_of_every_word_is_one(word: str, fold: Pit) -> None:
    words = {**CORE, **WORDS}
    said = example(words[word], fold, "alice").replace("    (the text", "    the text")
    (directive,) = parse_directives(said + "\n", words).directives
    assert directive.verb == word
    assert said.split("\n")[0] in about(word, fold, "alice")


def test_the_manual_names_what_a_member_may_say_and_no_more(fold: Pit) -> None:
    member, operator = (manual(fold, who, "acme@pits.invalid") for who in ("alice", "operator"))
    assert "    buy QUANTITY TICKER @ PRICE\n" in member
    assert "    admit HANDLE FINGERPRINT\n" in operator
    assert "admit" not in member and "refused" not in operator
    assert "    ACME Acme Inc., in EUR, price steps 0.01, lots of 1\n" in member
    assert f"    pit acme\n      id: {fold.id[:16]}\n    buy 10 ACME @ 12.50\n" in member
