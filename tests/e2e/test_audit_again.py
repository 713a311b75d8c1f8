"""An audit on many cores, resumed, or with GnuPG's second opinion says what a plain one says."""

import json
import os
import shutil
import signal
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from pit.archives import mbox
from pit.archives.entry import read_entry
from pit.archives.errors import IOFailure
from pit.archives.extent import chunks
from pit.archives.mbox import Entry
from pit.filters import audit as module
from pit.filters import cores, report
from pit.filters.audit import Audit, audit
from pit.filters.opinion import Sample
from pit.filters.report import as_json
from pit.pits.keyring import Keyring
from pit.pits.state import Pit
from tests.e2e.world import NAME, World, join, listing, new_world


@pytest.fixture(scope="module")
def traded() -> Iterator[World]:
    """A small pit of many seals: trades, a refusal, an order that nobody has answered yet."""
    world = new_world()
    world("new", NAME)
    join(world, "alice")
    world.say(
        "operator", *listing("ACME", "operator"), "issue 100 ACME", "grant trader to operator"
    )
    world.say("operator", "deposit alice 1000.00 EUR")
    world.turn()
    world.say("operator", "sell 60 ACME @ 9.40")
    world.say("alice", "buy 100 ACME @ 9.50", "  ref: retirement-7")
    world.turn()
    world.say("alice", "buy 9000 ACME @ 9.50")
    world.settled()
    world.say("alice", "buy 1 ACME @ 2.00")
    world("notary", "-p", NAME)
    yield world
    world.remove()


@pytest.fixture
def pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Archives of any size are cut into many small chunks and examined in processes."""
    monkeypatch.setattr(cores, "CHUNK", 3000)
    monkeypatch.setattr(module, "SMALL", 0)
    monkeypatch.setattr(module, "EPOCH", 2)


def said(result: Audit) -> dict[str, object]:
    """All that an audit says, but how it came by it."""
    return {key: value for key, value in as_json(result).items() if key != "resumed"}


def ends(world: World) -> list[int]:
    """Where each seal ends in the archive."""
    size, found = 0, []
    for entry in world.entries():
        size += len(entry.raw)
        if "\nseal " in entry.text:
            found.append(size)
    return found


def cut(world: World, folder: Path, size: int) -> Path:
    """A copy of the first bytes of the archive."""
    folder.mkdir(exist_ok=True)
    (folder / world.segment.name).write_bytes(world.segment.read_bytes()[:size])
    return folder


@pytest.mark.usefixtures("pieces")
def test_on_many_cores_it_says_the_same(traded: World) -> None:
    with pytest.MonkeyPatch.context() as plain:
        plain.setattr(module, "SMALL", 1 << 30)
        here = audit(NAME, traded.archive, traded.id)
    assert here.wrong == ""
    for jobs in (1, 2, 3):
        assert said(audit(NAME, traded.archive, traded.id, jobs=jobs)) == said(here)


@pytest.mark.usefixtures("pieces")
def test_on_many_cores_the_first_wrong_entry_is_the_one_that_is_named(
    traded: World, tmp_path: Path
) -> None:
    data = bytearray(traded.segment.read_bytes())
    starts = [0]
    for entry in traded.entries():
        starts.append(starts[-1] + len(entry.raw))
    folder = cut(traded, tmp_path / "copy", len(data))
    for bad in (3, 7, 12):
        changed = bytearray(data)
        for number in (bad, bad + 1, bad + 2):  # also below it
            at = data.index(b"\niHUE", starts[number - 1]) + 60
            changed[at] = ord("A") if changed[at] != ord("A") else ord("B")
        (folder / traded.segment.name).write_bytes(changed)
        wrong = audit(NAME, folder, traded.id, jobs=2).wrong
        assert wrong.startswith(f"entry {bad}: "), wrong


def _dying(_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.usefixtures("pieces")
def test_a_process_that_is_killed_is_an_error_and_no_verdict(
    traded: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cores, "examine", _dying)
    with pytest.raises(IOFailure, match="was killed; start again"):
        audit(NAME, traded.archive, traded.id, jobs=2)


def test_resumed_from_any_seal_it_says_what_a_whole_one_says(traded: World, tmp_path: Path) -> None:
    whole = said(audit(NAME, traded.archive, traded.id))
    for count, size in enumerate(ends(traded)):
        keep = tmp_path / f"{count}.json"
        copy = cut(traded, tmp_path / "copy", size)
        before = audit(NAME, copy, traded.id, keep=keep)
        assert before.wrong == "" and not before.resumed
        after = audit(NAME, traded.archive, traded.id, keep=keep)
        assert after.resumed == before.entries
        assert said(after) == whole
        full = audit(NAME, traded.archive, traded.id, keep=keep, full=True)
        assert not full.resumed and said(full) == whole


@pytest.mark.usefixtures("pieces")
def test_stopped_in_the_middle_it_goes_on_from_what_it_kept(
    traded: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = tmp_path / "kept.json"
    examine = cores.examine
    monkeypatch.setattr(cores, "examine", _until(10, examine))
    assert audit(NAME, traded.archive, traded.id, keep=keep, jobs=1).wrong
    monkeypatch.setattr(cores, "examine", examine)
    after = audit(NAME, traded.archive, traded.id, keep=keep)
    assert 0 < after.resumed < 10
    assert said(after) == said(audit(NAME, traded.archive, traded.id))


class _until:
    def __init__(self, last: int, examine: object) -> None:
        self.last, self.examine = last, examine

    def __call__(self, task: cores.Task) -> object:
        if task.first + len(task.lengths) > self.last:
            return cores.Found(task.first, "the power went")
        return self.examine(task)  # type: ignore[operator]


def test_what_was_verified_and_has_changed_since_is_found(
    traded: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keep = tmp_path / "kept.json"
    data = traded.segment.read_bytes()
    copy = cut(traded, tmp_path / "copy", len(data))
    assert audit(NAME, copy, traded.id, keep=keep).wrong == ""
    kept = keep.read_bytes()
    at = data.index(b"\nbuy 100 ACME") + 5
    for bad in (data[:at] + b"9" + data[at + 1 :], data[: ends(traded)[-2]]):
        (copy / traded.segment.name).write_bytes(bad)
        again = audit(NAME, copy, traded.id, keep=keep)
        assert not again.resumed
        assert bool(again.wrong) == (len(bad) == len(data))
        assert keep.read_bytes() == kept
    said = capsys.readouterr().err
    assert f"the {len(data)} bytes that an earlier audit verified were others; everything" in said
    assert f"an earlier audit verified {len(data)} bytes; this copy has {len(bad)}; everyth" in said


def test_another_history_than_an_earlier_audit_found_is_no_archive_of_this_pit(
    traded: World, tmp_path: Path
) -> None:
    keep = tmp_path / "kept.json"
    copy = cut(traded, tmp_path / "copy", ends(traded)[-2])
    assert audit(NAME, traded.archive, traded.id, keep=keep).wrong == ""
    kept = keep.read_bytes()
    fork = traded.copy()
    try:
        for path in (fork.archive / "mark", *fork.archive.glob("*.mbox")):
            path.unlink()
        shutil.copy(copy / traded.segment.name, fork.archive)
        last = list(mbox.entries(chunks(fork.archive, NAME)))[-1]
        size = (fork.archive / traded.segment.name).stat().st_size
        digest = read_entry(last.raw)[0].digest()
        (fork.archive / "mark").write_text(
            f"mark {NAME} {last.number} {traded.segment.name} {size} {digest}\n"
        )
        for path in (fork.home.pit(NAME) / "ledger.sqlite",):
            path.unlink(missing_ok=True)
        fork.say("alice", 'say "another history"')
        fork("notary", "-p", NAME)
        forked = audit(NAME, fork.archive, traded.id)
        assert forked.wrong == ""  # by itself it is an archive
        for full in (False, True):
            again = audit(NAME, fork.archive, traded.id, keep=keep, full=full)
            assert "two histories; compare the two copies, pit fraud" in again.wrong
            assert keep.read_bytes() == kept
        (document,) = [json.loads(kept)]
        document["versions"] = ["an older program"]
        keep.write_text(json.dumps(document))
        digest = sha256(keep.read_bytes()).hexdigest()
        keep.with_name(f"{keep.name}.sha256").write_text(f"{digest}  {keep.name}\n")
        assert "two histories" in audit(NAME, fork.archive, traded.id, keep=keep).wrong
    finally:
        fork.remove()


def test_a_note_that_is_damaged_or_of_another_version_costs_time_only(
    traded: World, tmp_path: Path
) -> None:
    keep = tmp_path / "kept.json"
    whole = said(audit(NAME, traded.archive, traded.id, keep=keep))
    data = keep.read_bytes()
    hash_file = tmp_path / "kept.json.sha256"
    line = hash_file.read_bytes()
    for bad in (b"", b"{}", data[:100], data[:-1], data.replace(b'"offset": ', b'"offset": 1')):
        keep.write_bytes(bad)
        again = audit(NAME, traded.archive, traded.id, keep=keep)
        assert not again.resumed and said(again) == whole
        keep.write_bytes(data)
        hash_file.write_bytes(line)
    for key, value in (("format", 0), ("versions", []), ("id", "0" * 64), ("horizon", 1)):
        document = json.loads(data) | {key: value}
        keep.write_bytes(json.dumps(document).encode())
        hash_file.write_bytes(sha256(keep.read_bytes()).hexdigest().encode())
        again = audit(NAME, traded.archive, traded.id, keep=keep)
        assert not again.resumed and said(again) == whole, key


def test_an_instruction_that_stands_twice_is_found_however_far_freshness_reaches(
    traded: World,
) -> None:
    entries = traded.entries()
    (order,) = (one for one in entries if "\nbuy 100 ACME" in one.text)
    for days in ("7d", "400d"):
        horizon = module.resume.horizon([f"\nrule freshness {days}\n".encode()])
        seen = module.Verifier("", horizon).seen
        assert seen.add(order.fingerprint, order.time[:19] + "Z", "a" * 64)
        seen.forget(order.time)
        assert not seen.add(order.fingerprint, order.time[:19] + "Z", "a" * 64)
        year = str(int(order.time[:4]) + 1)
        seen.forget(year + order.time[4:])
        assert seen.add(order.fingerprint, order.time[:19] + "Z", "a" * 64) == (days == "7d")


def certified(entries: list[Entry]) -> Iterator[tuple[Entry, object]]:
    """Entries with the certificates of their signers."""
    keys, pit = Keyring(), Pit()
    for entry in entries:
        keys.step(pit.take(entry))
        pit.settle()
        yield entry, keys.of(entry.signer)


def test_gnupg_finds_all_good_or_says_which_is_not(traded: World) -> None:
    entries = list(mbox.entries(chunks(traded.archive, NAME)))
    sample = Sample.parse("all")
    bad = []
    try:
        for entry, cert in certified(entries):
            if entry.number % 5 == 3:
                bad.append(entry.number)
                at = entry.raw.index(b"Hash: SHA512\n\npit acme\n  ") + 25
                mail = entry.raw[:at] + b" " + entry.raw[at:]
                entry = entry._replace(raw=restamped(mail))
            sample.take(entry, cert)  # type: ignore[arg-type]
        opinion = sample.opinion()
    finally:
        sample.close()
    assert opinion.asked == len(entries) and bad
    assert [number for number, _ in opinion.disagrees] == bad
    assert all("BADSIG" in what for _, what in opinion.disagrees)
    assert opinion.wrong.startswith(f"entry {bad[0]}: GnuPG does not find the signature good")


def restamped(raw: bytes) -> bytes:
    """The entry as it would be had the notary stamped these bytes."""

    head, _, mail = raw.partition(b"\nFrom: ")
    mail = (b"From: " + mail)[:-1]
    lines = head.split(b"\n")
    at = next(i for i, line in enumerate(lines) if line.startswith(b"Pit-Mail"))
    extra = b"\n".join(lines[at + 2 :])
    whole = (extra + b"\n" if extra else b"") + mail
    lines[at] = f"Pit-Mail: {len(whole)} {sha256(whole).hexdigest()}".encode()
    return b"\n".join(lines[: at + 2]) + b"\n" + whole + b"\n"


def test_a_share_is_of_so_many_entries(traded: World) -> None:
    for text, share in (("all", 10**6), ("100%", 10**6), ("5%", 50_000), ("0.0001%", 1)):
        sample = Sample.parse(text)
        sample.close()
        assert sample.share == share
    asked = []
    for _ in range(5):
        sample = Sample.parse("40%")
        try:
            for entry, cert in certified(traded.entries()):
                sample.take(entry, cert)  # type: ignore[arg-type]
            asked.append(sample.opinion().asked)
        finally:
            sample.close()
    assert 0 < sum(asked) < 5 * len(traded.entries())


def test_the_command_resumes_and_asks_gnupg(traded: World, empty: World, tmp_path: Path) -> None:
    copy = shutil.copytree(traded.archive, tmp_path / "copy")
    (copy / "mark").unlink()
    args = ("audit", str(copy), "--id", traded.id)
    first = empty(*args)
    count = len(traded.entries())
    assert f"\nentries     {count}, " in first and "verified before" not in first
    assert f"entries     {count} ({count} of them verified before), each" in empty(*args)
    shown = empty(*args, "--full", "--second-opinion", "all")
    assert "verified before" not in shown
    assert f"\nGnuPG       asked about {count}; disagrees 0\n" in shown
    assert "owed 1\n  owed: accept alice/" in shown
    for wrong in ("most", "0%", "101%", "-5%", "5"):
        empty(*args, f"--second-opinion={wrong}", status=64)
        assert "write `all` or a share such as `5%`" in empty.err


def test_what_cannot_be_read_of_an_entry_that_is_owed_for_does_not_hide_the_verdict(
    traded: World, tmp_path: Path
) -> None:
    data = traded.segment.read_bytes()
    (order,) = (one for one in traded.entries() if "\nbuy 1 ACME" in one.text)
    at = data.index(order.raw)
    copy = cut(traded, tmp_path / "copy", len(data))
    (copy / traded.segment.name).write_bytes(data[:at] + b"G" + data[at + 1 :])
    found = audit(NAME, copy, traded.id)
    assert found.wrong
    report.print_report(found)
