"""The index changes nothing: whatever becomes of it, the notary knows and does what it would."""

import contextlib
import itertools
import os
import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pit.archives import segment
from pit.archives.errors import Damaged
from pit.moderator import ledger as ledger_module
from pit.moderator import notary
from pit.moderator.index import Index, new_index, open_index
from pit.moderator.ledger import Ledger, read_ledger
from pit.moderator.notary import Notary
from pit.moderator.resume import open_ledger
from tests.moderator.world import (
    FIRST,
    NAME,
    REFUSED,
    Keys,
    World,
    check_receipt,
    copied,
    founded,
    mail_of,
    outcome,
    replied,
    short_folder,
)

BUY = "buy 7 ACME @ 12.50\n"


class Cut(NamedTuple):
    """A moment between two runs: the index and the archive's folder as they were."""

    index: bytes
    archive: Path
    entries: int


class History(NamedTuple):
    """A pit with a past of several runs and segments, and its cuts, oldest first."""

    world: World
    cuts: list[Cut]

    @property
    def folder(self) -> Path:
        return self.world.home.archive(NAME)

    @property
    def path(self) -> Path:
        return self.world.home.ledger(NAME)


@pytest.fixture(scope="module")
def past(stands: World) -> Iterator[History]:
    with copied(stands) as world, short_folder() as kept:
        runs: list[Callable[[], list[bytes]]] = [
            lambda: [world.mail("rule segment-entries 6\nrule freshness 3d\n", "operator")],
            lambda: [world.mail(f"{BUY}  until: 2099-01-0{n}\n") for n in (3, 1, 2)],
            lambda: [world.mail("buy\n"), world.mail("sell\n", "bob")],
            lambda: [world.report(2, "accept alice/9\n"), world.mail(BUY, "carol")],
            lambda: [world.mail(world.admission("mallory") + "restore carol\n", "operator")],
            lambda: [world.mail(BUY, who) for who in ("mallory", "carol", "bob", "alice")],
            lambda: [world.mail('asset EUR "E"\nasset USD "D"\n', "operator")],
        ]
        cuts: list[Cut] = []
        history = History(world, cuts)
        for number, make in enumerate(runs):
            world.run(*make())
            archive = kept / str(number)
            shutil.copytree(history.folder, archive)
            cuts.append(Cut(history.path.read_bytes(), archive, len(world.entries())))
        assert len(list(history.folder.glob("*.mbox"))) > 2
        yield history


@pytest.fixture
def history(past: History) -> Iterator[History]:
    """A copy that may be changed."""
    with copied(past.world) as world:
        world.replies()
        yield History(world, past.cuts)


def opened(history: History, **more: bool) -> Ledger:
    return open_ledger(history.folder, NAME, history.path, **more)


def known(ledger: Ledger) -> dict[str, Any]:
    """All that a ledger knows."""
    facts: dict[bytes, bytes | None] = {}
    key = ledger.index.facts.after(b"")
    while key:
        facts[key] = ledger.index.facts.get(key)
        key = ledger.index.facts.after(key)
    sizes = range(len(ledger.tree) + 1)
    return {
        **vars(ledger.pit),
        "last": (ledger.number, ledger.time, ledger.prev, ledger.sealed_at, ledger.next_until),
        "facts": facts,
        "roots": [ledger.tree.root(size) for size in sizes],
        "keys": [ledger.keys.of(handle) for handle in sorted(ledger.pit.members)],
    }


def test_at_every_cut_what_was_saved_and_what_came_after_make_the_whole(
    history: History, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = known(read_ledger(history.folder, NAME))
    for cut in history.cuts:
        history.path.write_bytes(cut.index)
        ledger = opened(history)
        assert ledger.number - ledger.unsaved == cut.entries
        assert known(ledger) == whole
        ledger.save()
        ledger.index.close()
        again = opened(history)
        assert (again.unsaved, known(again)) == (0, whole)
        again.index.close()
    assert capsys.readouterr().err == ""


def test_a_run_on_an_older_index_does_what_a_run_without_one_does(history: History) -> None:
    mails = errands(history)
    right = None
    for index in (None, *(cut.index for cut in history.cuts)):
        done = run(history, mails, index)
        right = right or done
        assert done == right


def errands(history: History) -> list[bytes]:
    """Mails that ask for all that the index knows, old and new."""
    world = history.world
    entry = {entry.number: entry.raw.partition(b"From: ") for entry in world.entries()}
    number = next(e.number for e in world.entries() if FIRST in e.text)
    later = next(e.number for e in world.entries() if "until: 2099-01-01" in e.text)
    again = [b"From: " + entry[n][2].rstrip(b"\n") + b"\n" for n in (number, later)]
    first, last = read_ledger(history.folder, NAME), world.last_seal()
    return [
        *again,
        world.report(1),
        world.mail(REFUSED, "bob"),
        world.mail(BUY),
        *(
            mail_of(world.keys.sign("bob", world.text(BUY, after)), "bob")
            for after in ((7, str(first.seal_root(7))), last, (6, "0" * 64), (7, "0" * 64))
        ),
        world.report(3),
        world.report(5),
        world.mail(world.admission("mallory", handle="eve"), "operator"),
    ]


def run(
    history: History, mails: list[bytes], index: bytes | None
) -> tuple[list[str], list[str], list[str]]:
    """What becomes of the mails, what is answered, what then stands (times aside)."""
    with copied(history.world) as world:
        path = world.home.ledger(NAME)
        if index is None:
            path.unlink()
        else:
            path.write_bytes(index)
        before = len(world.entries())
        codes = [outcome(decision) for decision in world.run(*mails).decisions]
        said = world.replies()
        for one in said[:2]:
            check_receipt(one, world.keys)
        texts = [entry.text for entry in world.entries()[before:-1]]
        return codes, [replied(one) for one in said], texts


def test_no_damage_to_the_index_changes_what_a_run_does(history: History) -> None:
    mails = errands(history)
    right = run(history, mails, None)
    assert right[0][0].startswith("duplicate ")
    whole = history.cuts[-1].index
    dice = random.Random(7)
    for _ in range(40):
        index = bytearray(whole)
        kind = dice.choice(("bit", "bytes", "page", "cut", "swap"))
        at = dice.randrange(len(index))
        if kind == "bit":
            index[at] ^= 1 << dice.randrange(8)
        elif kind == "bytes":
            for _ in range(dice.choice((2, 20, 200))):
                index[dice.randrange(len(index))] = dice.randrange(256)
        elif kind == "page":
            index[at // 4096 * 4096 : at // 4096 * 4096 + 4096] = bytes(4096)
        elif kind == "cut":
            del index[at:]
        else:  # a page of an older state, as a disk leaves it that lost a write
            older = dice.choice(history.cuts[:-1]).index
            page = at // 4096 * 4096
            index[page : page + 4096] = older[page : page + 4096] or bytes(4096)
        assert run(history, mails, bytes(index)) == right, kind


def test_a_row_gone_from_the_index_is_noticed_when_it_is_asked_for(
    history: History, capsys: pytest.CaptureFixture[str]
) -> None:
    mails = errands(history)[:1]
    right = run(history, mails, None)
    db = sqlite3.connect(history.path)
    db.execute("DELETE FROM facts WHERE key > x'69' AND key < x'6a'")  # the instructions
    db.commit()
    db.close()
    capsys.readouterr()
    assert run(history, mails, history.path.read_bytes()) == right
    assert "removed, to be made anew: a row is missing" in capsys.readouterr().err


def test_an_index_is_what_is_left_when_saving_is_killed_at_any_step(history: History) -> None:
    whole = known(read_ledger(history.folder, NAME))
    journals = killed = 0
    steps, died = 0, True
    while died:
        steps += 60
        history.path.write_bytes(history.cuts[0].index)
        died = killed_while_saving(history, steps)
        killed += died
        journals += history.path.with_name(f"{history.path.name}-journal").exists()
        ledger = opened(history)
        assert ledger.number - ledger.unsaved in (history.cuts[0].entries, ledger.number)
        assert known(ledger) == whole
        ledger.index.close()
    assert killed > 20
    assert journals > 5


def killed_while_saving(history: History, steps: int) -> bool:
    """Open the index and save it in a process that dies after so many steps of SQLite's."""
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            connect = sqlite3.connect
            left = itertools.count(steps, -1)

            def dying(*args: Any, **keys: Any) -> sqlite3.Connection:
                db = connect(*args, **keys)
                db.set_progress_handler(lambda: None if next(left) else os._exit(9), 1)
                return db

            setattr(sqlite3, "connect", dying)  # noqa: B010 - of this process alone
            opened(history).save()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) == 9


def test_an_index_that_knows_more_than_the_archive_stops_the_notary_until_it_is_told(
    history: History,
) -> None:
    for cut in history.cuts[:-1]:
        shutil.rmtree(history.folder)
        shutil.copytree(cut.archive, history.folder)
        history.path.write_bytes(history.cuts[-1].index)
        for _ in range(2):
            with pytest.raises(Damaged, match=r"older backup.*--full"):
                Notary(history.world.home, NAME)
        ledger = opened(history, full=True)
        assert ledger.number == cut.entries
        assert known(ledger) == known(read_ledger(history.folder, NAME))
        ledger.index.close()
        again = opened(history)
        assert (again.unsaved, again.number) == (0, cut.entries)
        again.index.close()


def test_a_damaged_archive_leaves_the_index_that_knows_better(history: History) -> None:
    path = parts(history)[-1]
    path.write_bytes(path.read_bytes().replace(b"To: acme@", b"To: acmf@", 1))
    known_before = history.path.read_bytes()
    for full in (False, True):
        with pytest.raises(Damaged, match="entry"):
            Notary(history.world.home, NAME, full=full)
    assert history.path.read_bytes() == known_before
    shutil.rmtree(history.folder)
    shutil.copytree(history.cuts[0].archive, history.folder)
    with pytest.raises(Damaged, match="older backup"):
        Notary(history.world.home, NAME)
    shutil.rmtree(history.folder)
    with pytest.raises(Damaged, match="there is no entry, though the notary has sealed 28"):
        Notary(history.world.home, NAME)
    assert [path.name for path in history.path.parent.glob("ledger*")] == ["ledger.sqlite"]


def test_an_index_of_another_history_of_this_pit_stops_the_notary(history: History) -> None:
    with copied(history.world) as other:
        other.run(other.mail(BUY))
        theirs = other.home.ledger(NAME).read_bytes()
    order = history.world.mail(BUY)
    history.world.run(order)
    history.path.write_bytes(theirs)
    with pytest.raises(Damaged, match="is another one"):
        Notary(history.world.home, NAME)


def test_an_index_of_another_pit_is_not_used(
    history: History, keys: Keys, capsys: pytest.CaptureFixture[str]
) -> None:
    with founded(keys) as other:
        other.run(other.founding('asset EUR "Euro"\n'))
        history.path.write_bytes(other.home.ledger(NAME).read_bytes())
    assert known(opened(history)) == known(read_ledger(history.folder, NAME))
    assert "it is of another pit" in capsys.readouterr().err


@pytest.mark.parametrize("what", ["text", "empty", "schema", "folder", "locked"])
def test_what_is_no_index_is_replaced_or_done_without(
    history: History, what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = history.path
    held = None
    if what == "text":
        path.write_text("not a database, but longer than a header" * 100)
    elif what == "empty":
        path.write_bytes(b"")
    elif what == "schema":
        db = sqlite3.connect(path)
        db.execute("PRAGMA user_version = 99")
        db.close()
    elif what == "folder":
        path.unlink()
        path.mkdir()
    else:
        held = sqlite3.connect(path, isolation_level=None)
        held.execute("BEGIN EXCLUSIVE")
    order = history.world.mail(BUY)
    (found,) = history.world.codes(order)
    assert found.startswith("stamped ")
    said = capsys.readouterr().err
    assert "not used: " in said
    assert ("cannot be written" in said) == (what == "folder")
    if held:
        held.close()
    if what != "folder":
        assert history.world.codes(order) == [f"duplicate {found.split()[1]}"]
        assert capsys.readouterr().err == ""


def test_a_full_disk_leaves_the_index_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    index = new_index(path)
    index.facts.put(b"a", b"1")
    index.save("one")
    index.close()
    db = sqlite3.connect(path, isolation_level=None)
    pages = db.execute("PRAGMA page_count").fetchone()[0]
    db.execute(f"PRAGMA max_page_count = {pages + 1}")
    full = Index(db, 0, "one")
    for number in range(5000):
        full.facts.put(b"b%d" % number, b"2")
    full.save("two")
    assert "cannot be written: database or disk is full" in full.problem
    assert (full.facts.get(b"a"), full.facts.get(b"b4999")) == (b"1", b"2")
    full.close()
    left = open_index(path)
    assert (left.state, left.facts.get(b"a"), left.facts.get(b"b0")) == ("one", b"1", None)


def parts(history: History) -> list[Path]:
    return sorted(history.folder.glob("*.mbox"))


def test_a_file_with_another_time_or_gzipped_is_read_again_and_found_to_be_the_same(
    history: History, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = known(read_ledger(history.folder, NAME))
    for path in parts(history):
        os.utime(path, (1, 1))
    segment.gzip(parts(history)[0])
    ledger = opened(history)
    assert (ledger.unsaved, known(ledger)) == (0, whole)
    assert capsys.readouterr().err == ""


def test_a_changed_byte_in_any_segment_stops_the_notary_by_the_files_time(
    history: History,
) -> None:
    for path in parts(history):
        right = path.read_bytes()
        os.chmod(path, 0o644)
        path.write_bytes(right.replace(b"To: acme@", b"To: acmf@", 1))
        with pytest.raises(Damaged, match="entry"):
            Notary(history.world.home, NAME)
        os.chmod(path, 0o644)
        path.write_bytes(right)
    Notary(history.world.home, NAME).close()


def test_a_change_that_leaves_no_trace_in_the_file_is_met_by_a_receipt_and_by_full(
    history: History,
) -> None:
    again = errands(history)[0]
    Notary(history.world.home, NAME).close()  # it gets to know the files of this copy
    path = parts(history)[0]
    about = path.stat()
    os.chmod(path, 0o644)
    with path.open("r+b") as file:
        data = file.read()
        file.seek(data.index(b"  ref: first\n") + len("  ref: "))
        file.write(b"worst")
    os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))
    Notary(history.world.home, NAME).close()  # it reads what is new
    with pytest.raises(Damaged):
        Notary(history.world.home, NAME, full=True)
    with pytest.raises(Damaged):
        history.world.run(again)


def test_full_reads_everything_and_makes_the_index_anew(
    history: History, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = known(read_ledger(history.folder, NAME))
    history.path.write_bytes(history.cuts[0].index)
    monkeypatch.setenv("PIT_HOME", str(history.world.home.root))
    assert notary.main(["-p", NAME, "--full"]) == 0
    assert capsys.readouterr() == ("", "")
    ledger = opened(history)
    assert (ledger.unsaved, known(ledger)) == (0, whole)


@pytest.mark.parametrize("often", [1, 2, 5])
def test_an_index_saved_on_the_way_is_the_same(
    history: History, monkeypatch: pytest.MonkeyPatch, often: int
) -> None:
    whole = known(read_ledger(history.folder, NAME))
    monkeypatch.setattr(ledger_module, "SAVED_EVERY", often)
    monkeypatch.setattr(notary, "SAVED_EVERY", often)
    history.path.unlink()
    ledger = opened(history)
    assert (ledger.unsaved, known(ledger)) == (0, whole)
    ledger.index.close()
    history.world.run(*(history.world.mail(BUY) for _ in range(3)))
    assert known(opened(history)) == known(read_ledger(history.folder, NAME))


def test_a_start_without_an_index_says_so_and_makes_one(
    history: History, capsys: pytest.CaptureFixture[str]
) -> None:
    history.path.unlink()
    history.world.run()
    said = capsys.readouterr().err
    assert said.startswith(f"pit notary: {history.path}: not used: it is missing; all ")
    history.world.run()
    assert capsys.readouterr().err == ""
