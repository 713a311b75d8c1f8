"""The store: whatever is cut short, wherever, the archive is whole batches and none is lost."""

import errno
import itertools
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pit.archives.entry import Stamp, write_entry
from pit.archives.errors import Busy, CannotCreate, Damaged, IOFailure, PitError
from pit.archives.store import Mark, Store, chunks, read_mark, write_atomic

SEGMENT = "0000000001.mbox"
Files = dict[str, bytes]  # the files of a folder


class Batch(NamedTuple):
    data: bytes
    entries: int
    stamp: str


def batches(*counts: int) -> list[Batch]:
    """Batches of that many orders each, and a seal."""
    made, number, prev = [], 0, "0" * 64
    for count in counts:
        data = b""
        for rest in range(count, -1, -1):
            number += 1
            text = f"buy {number} ACME @ 1.00" if rest else f"seal {number - 1}\n  root: {prev}"
            mail = f"From: x\n\npit acme\n{text}\nFrom here\n" if rest else f"From: n\n\n{text}\n"
            stamp = Stamp(
                pit="acme",
                number=number,
                time=f"2026-11-20T12:50:{number:02}.000000Z",
                signer="alice" if rest else "notary",
                fingerprint="A" * 40,
                signed="2026-11-20T12:50:19Z",
                text=sha256(text.encode()).hexdigest(),
                length=len(mail),
                mail=sha256(mail.encode()).hexdigest(),
                prev=prev,
            )
            data, prev = data + write_entry(stamp, mail.encode()), stamp.digest()
        made.append(Batch(data, count + 1, prev))
    return made


FIRST, SECOND, THIRD = batches(1, 2, 0)
BEFORE, AFTER = FIRST.data, FIRST.data + SECOND.data


def append(store: Store, batch: Batch) -> None:
    store.append(batch.data, entries=batch.entries, stamp=batch.stamp)


def open_and_append(folder: Path) -> None:
    with Store(folder, "acme") as store:
        append(store, SECOND)


def open_and_close(folder: Path) -> None:
    Store(folder, "acme").close()


def read(folder: Path) -> bytes:
    return b"".join(chunks(folder, "acme"))


def files(folder: Path) -> Files:
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.name != "lock"}


def lay(folder: Path, content: Files) -> Path:
    """A folder with exactly these files."""
    folder.mkdir(exist_ok=True)
    for path in folder.iterdir():
        path.unlink()
    for name, data in content.items():
        (folder / name).write_bytes(data)
    return folder


def mark_of(*some: Batch) -> bytes:
    size, entries = sum(len(one.data) for one in some), sum(one.entries for one in some)
    return f"mark acme {entries} {SEGMENT} {size} {some[-1].stamp}\n".encode()


def next_of(batch: Batch, first: int, pit: str = "acme") -> bytes:
    digest, last = sha256(batch.data).hexdigest(), first + batch.entries - 1
    return f"next {pit} {first} {last} {len(batch.data)} {digest}\n".encode() + batch.data


ONE = {SEGMENT: BEFORE, "mark": mark_of(FIRST)}  # the archive at rest after one batch
WHOLE_NEXT = next_of(SECOND, 3)


def expected(content: Files) -> bytes:
    """What must stand after recovery: the second batch too if `next` is whole or it is marked."""
    whole = content.get("next") == WHOLE_NEXT or content["mark"] == mark_of(FIRST, SECOND)
    return AFTER if whole else BEFORE


def recovers(folder: Path, right: bytes) -> None:
    """The archive opens with these bytes, again without anything to repair, and takes a batch."""
    with Store(folder, "acme"):
        assert read(folder) == right
    with Store(folder, "acme") as store:
        assert store.recovered is None
        append(store, THIRD if right == AFTER else SECOND)
    with Store(folder, "acme") as store:
        assert store.mark.entries == (6 if right == AFTER else 5)
    assert set(files(folder)) == {SEGMENT, "mark"}


# -- cutting a run short ---------------------------------------------------------------------------

STEPS = ("open", "write", "fsync", "truncate", "replace", "unlink")
Step = Callable[[str, tuple[object, ...]], None]  # name and arguments of the call about to be made


@contextmanager
def watched(step: Step) -> Iterator[None]:
    """Call `step` before every system call that opens or changes a file.

    Writes come out short; an fsync does nothing (what one is for, only PowerCut can tell).
    """

    def wrapped(name: str, real: Callable[..., object]) -> Callable[..., object]:
        def call(*args: object) -> object:
            step(name, args)
            if name == "write":
                fd, data = args
                assert isinstance(data, memoryview)
                return real(fd, data[: len(data) * 2 // 3 + 1])
            return None if name == "fsync" else real(*args)

        return call

    with pytest.MonkeyPatch.context() as patch:
        for name in STEPS:
            patch.setattr(os, name, wrapped(name, getattr(os, name)))
        yield


def at_call(number: int, act: Callable[[], None]) -> Step:
    """A step that does `act` before call `number`, counted from 0."""
    counter = itertools.count()

    def step(_name: str, _args: tuple[object, ...]) -> None:
        if next(counter) == number:
            act()

    return step


def lives_to_the_end(run: Callable[[], None], number: int) -> bool:
    """Run it in a child that is killed before call `number`, if it comes that far."""
    child = os.fork()
    if not child:
        status = 1
        with watched(at_call(number, lambda: os.kill(os.getpid(), signal.SIGKILL))):
            try:
                run()
                status = 0
            finally:
                os._exit(status)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFEXITED(status)


State = frozenset[tuple[str, bytes]]  # a folder's files


class PowerCut:
    """Every state in which a power cut could leave a folder, at any step of what runs under it.

    A file not fsynced since it changed may have its old bytes, its new ones, or the new ones with
    zeros for all or for the first of what was added; a name in a folder that was not fsynced may
    be the old one or the new; each of these for itself. `last`: the states at the end.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: dict[int, BinaryIO] = {}  # by inode; held, so that no inode comes twice
        self._names = self._live_names()
        self._bytes = {inode: self._live_bytes(inode) for inode in self._names.values()}
        self.seen: set[State] = set()
        self.last: set[State] = set()

    def step(self, name: str, args: tuple[object, ...]) -> None:
        self.seen.update(self._states())
        if name == "fsync" and isinstance(args[0], int):
            found = os.fstat(args[0])
            if found.st_ino in self._open:
                self._bytes[found.st_ino] = self._live_bytes(found.st_ino)
            elif found.st_ino == self._folder.stat().st_ino:
                self._names = self._live_names()

    def end(self) -> None:
        self.last = set(self._states())
        self.seen |= self.last
        for file in self._open.values():
            file.close()

    def _live_names(self) -> dict[str, int]:
        names = {}
        for path in self._folder.iterdir():
            if path.name != "lock":
                names[path.name] = inode = path.stat().st_ino
                if inode not in self._open:
                    self._open[inode] = path.open("rb")
        return names

    def _live_bytes(self, inode: int) -> bytes:
        self._open[inode].seek(0)
        return self._open[inode].read()

    def _states(self) -> Iterator[State]:
        live = self._live_names()
        names = sorted({*self._names, *live})
        for inodes in itertools.product(*({self._names.get(n), live.get(n)} for n in names)):
            there = [(name, i) for name, i in zip(names, inodes, strict=True) if i is not None]
            for some in itertools.product(*(self._contents(inode) for _, inode in there)):
                yield frozenset((name, data) for (name, _), data in zip(there, some, strict=True))

    def _contents(self, inode: int) -> set[bytes]:
        old, new = self._bytes.get(inode, b""), self._live_bytes(inode)
        added = max(0, len(new) - len(old))
        hole = min(added, 100)
        return {old, new, old + bytes(added), old + bytes(hole) + new[len(old) + hole :]}


def test_an_append_killed_at_any_step_is_done_or_not(tmp_path: Path) -> None:
    for number in itertools.count():
        folder = lay(tmp_path / "a", ONE)
        done = lives_to_the_end(partial(open_and_append, folder), number)
        assert read(folder) in (BEFORE, AFTER)
        recovers(folder, AFTER if done else expected(files(folder)))
        if done:
            assert number > 20
            break


def test_a_recovery_killed_at_any_step_is_finished_by_the_next(tmp_path: Path) -> None:
    torn = {**ONE, SEGMENT: AFTER[:-100], "next": WHOLE_NEXT}
    for number in itertools.count():
        folder = lay(tmp_path / "a", torn)
        done = lives_to_the_end(partial(open_and_close, folder), number)
        assert read(folder) in (BEFORE, AFTER)
        recovers(folder, AFTER)
        if done:
            assert number > 20
            break


def test_the_making_of_an_archive_killed_at_any_step_is_begun_again(tmp_path: Path) -> None:
    for number in itertools.count():
        folder = tmp_path / str(number) / "archives" / "acme"
        done = lives_to_the_end(partial(open_and_close, folder), number)
        with Store(folder, "acme") as store:
            assert store.mark == Mark(0, SEGMENT, 0, "0" * 64)
            append(store, FIRST)
        assert files(folder) == ONE
        if done:
            assert number > 5
            break


def test_a_power_cut_at_any_step_loses_no_batch_and_halves_none(tmp_path: Path) -> None:
    folder = lay(tmp_path / "a", ONE)
    with Store(folder, "acme") as store:
        first = PowerCut(folder)
        with watched(first.step):
            append(store, SECOND)
        first.end()
    assert all(expected(dict(state)) == AFTER for state in first.last)
    assert {expected(dict(state)) for state in first.seen} == {BEFORE, AFTER}
    checked = set()
    for state in first.seen:
        right = expected(dict(state))
        second = PowerCut(lay(folder, dict(state)))
        with watched(second.step), Store(folder, "acme"):
            assert read(folder) == right
        second.end()
        checked |= {(later, right) for later in second.seen}
    for later, right in checked:
        lay(folder, dict(later))
        with watched(at_call(-1, fail)), Store(folder, "acme"):
            assert read(folder) == right
    assert len(checked) > len(first.seen) > 50


def test_a_power_cut_while_an_archive_is_made_leaves_an_empty_one(tmp_path: Path) -> None:
    folder = lay(tmp_path / "a", {})
    cut = PowerCut(folder)
    with watched(cut.step):
        Store(folder, "acme").close()
    cut.end()
    assert all(dict(state)["mark"] for state in cut.last)
    for state in cut.seen:
        with Store(lay(folder, dict(state)), "acme") as store:
            append(store, FIRST)
        assert files(folder) == ONE


def fail() -> None:
    raise OSError(errno.EIO, os.strerror(errno.EIO))


def error_of(run: Callable[[], object], fails_at: int = -1) -> PitError | None:
    """The error that it ends with, if its system call of that number fails."""
    try:
        with watched(at_call(fails_at, fail)):
            run()
    except PitError as error:
        return error
    return None


def test_an_append_that_fails_at_any_step_ends_the_store(tmp_path: Path) -> None:
    for number in itertools.count():
        folder = lay(tmp_path / "a", ONE)
        with Store(folder, "acme") as store:
            error = error_of(partial(append, store, SECOND), number)
            if error is None:
                break
            assert isinstance(error, IOFailure)
            assert "Input/output error" in str(error)
            with pytest.raises(IOFailure, match="open it again"):
                append(store, SECOND)
        assert read(folder) in (BEFORE, AFTER)
        recovers(folder, expected(files(folder)))
    assert number > 20


def fsync_failing(number: int, cut: PowerCut) -> Step:
    """Steps under a power cut in which fsync `number` puts nothing on disk and says so."""
    counter = itertools.count()

    def step(name: str, args: tuple[object, ...]) -> None:
        if name == "fsync" and next(counter) == number:
            fail()
        cut.step(name, args)

    return step


def test_what_a_failed_fsync_left_in_memory_is_written_anew(tmp_path: Path) -> None:
    for number in range(5):
        folder = lay(tmp_path / "a", ONE)
        cut = PowerCut(folder)
        failing = watched(fsync_failing(number, cut))
        with Store(folder, "acme") as store, failing, pytest.raises(IOFailure, match="error"):
            append(store, SECOND)
        with watched(cut.step), Store(folder, "acme"):
            right = read(folder)
        cut.end()
        for state in cut.seen:
            with Store(lay(folder, dict(state)), "acme"):
                assert read(folder) in ((right,) if state in cut.last else (BEFORE, AFTER))


def test_a_recovery_that_fails_at_any_step_gives_the_lock_back(tmp_path: Path) -> None:
    torn = {**ONE, SEGMENT: AFTER[:-100], "next": WHOLE_NEXT}
    for number in itertools.count():
        folder = lay(tmp_path / "a", torn)
        error = error_of(partial(open_and_close, folder), number)
        if error is None:
            break
        assert isinstance(error, IOFailure | CannotCreate)
        assert "Input/output error" in str(error)
        recovers(folder, AFTER)
    assert number > 20


# -- what recovery finds ---------------------------------------------------------------------------


def test_a_next_torn_at_any_byte_is_dropped(tmp_path: Path) -> None:
    for size in range(len(WHOLE_NEXT)):
        folder = lay(tmp_path / "a", {**ONE, "next": WHOLE_NEXT[:size]})
        with Store(folder, "acme") as store:
            assert store.recovered == f"{folder}: dropped a torn next of {size} bytes"
        assert files(folder) == ONE


def test_a_next_with_a_changed_byte_is_never_appended(tmp_path: Path) -> None:
    for where in range(len(WHOLE_NEXT)):
        data = bytearray(WHOLE_NEXT)
        data[where] ^= 1
        folder = lay(tmp_path / "a", {**ONE, "next": bytes(data)})
        error = error_of(partial(open_and_close, folder))
        if error is None:
            assert files(folder) == ONE
        else:
            assert isinstance(error, Damaged)
            assert "next: " in str(error)
            assert files(folder) == {**ONE, "next": bytes(data)}


def test_a_whole_next_is_appended_once_whatever_part_of_it_stands(tmp_path: Path) -> None:
    for size in (*range(len(BEFORE), len(AFTER), 9), len(AFTER) - 1, len(AFTER)):
        folder = lay(tmp_path / "a", {**ONE, SEGMENT: AFTER[:size], "next": WHOLE_NEXT})
        with Store(folder, "acme") as store:
            assert store.recovered is not None
            assert store.recovered.endswith("appended entries 3 to 5 again from next")
            assert ("cut" in store.recovered) == (size > len(BEFORE))
        assert files(folder) == {SEGMENT: AFTER, "mark": mark_of(FIRST, SECOND)}


def test_a_torn_tail_without_next_is_cut_off(tmp_path: Path) -> None:
    for size in (*range(len(BEFORE), len(AFTER), 5), len(AFTER) - 1):
        with Store(lay(tmp_path / "a", {**ONE, SEGMENT: AFTER[:size]}), "acme") as store:
            assert bool(store.recovered) == (size > len(BEFORE))
        assert files(tmp_path / "a") == ONE


def test_a_next_below_the_mark_is_removed(tmp_path: Path) -> None:
    done = {SEGMENT: AFTER, "mark": mark_of(FIRST, SECOND)}
    with Store(lay(tmp_path / "a", {**done, "next": WHOLE_NEXT}), "acme") as store:
        assert store.recovered is not None
        assert "whose entries stand (to 5)" in store.recovered
    assert files(tmp_path / "a") == done


def test_files_left_over_from_a_torn_write_go(tmp_path: Path) -> None:
    with Store(lay(tmp_path / "a", {**ONE, ".mark.0": b"", ".next.1": b"x"}), "acme") as store:
        assert store.recovered is None
    assert files(tmp_path / "a") == ONE


OTHER = Batch(SECOND.data.replace(FIRST.stamp.encode(), b"0" * 64, 1), 3, SECOND.stamp)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({**ONE, SEGMENT: BEFORE[:-1]}, "bytes; the mark says"),
        ({**ONE, SEGMENT: b""}, "0 bytes; the mark says"),
        ({"mark": ONE["mark"]}, "missing; the mark says"),
        ({SEGMENT: BEFORE}, "0000000001.mbox but no mark: a copy"),
        ({"0000050001.mbox": BEFORE}, "0000050001.mbox but no mark: a copy"),
        ({"next": next_of(FIRST, 1)}, "next but no mark"),
        ({**ONE, "mark": ONE["mark"][:-1]}, "right would be one line `mark PIT"),
        ({**ONE, "mark": ONE["mark"].replace(b"acme", b"acmes")}, "mark of pit acmes, not of acme"),
        ({**ONE, "mark": ONE["mark"].replace(b" 2 ", b" 3 ")}, "below the mark is entry 2"),
        ({**ONE, "mark": mark_of(FIRST, SECOND), SEGMENT: BEFORE * 9}, "the last seal below"),
        ({**ONE, SEGMENT: BEFORE.replace(b"seal 1", b"seal 2")}, "below the mark is entry 0"),
        ({**ONE, SEGMENT: BEFORE.replace(b"19Z\nPit-Text", b"18Z\nPit-Text")}, "the mark says 2"),
        ({**ONE, SEGMENT: AFTER}, "seal at entry 5, but the mark says 2"),
        ({**ONE, SEGMENT: AFTER, "next": WHOLE_NEXT[:-1]}, "seal at entry 5, but the mark says 2"),
        ({**ONE, "next": next_of(SECOND, 3, "gold")}, "next: of pit gold, not acme"),
        ({**ONE, "next": next_of(SECOND, 4)}, "next: entries 4..6, but the mark says 2"),
        ({**ONE, "next": next_of(SECOND, 2)}, "next: entries 2..4, but the mark says 2"),
        ({**ONE, "next": next_of(THIRD, 6)}, "next: entries 6..6, but the mark says 2"),
        ({**ONE, "next": next_of(THIRD, 3)}, "next: 1 entries, 6..6; right would be 3..3"),
        ({**ONE, "next": next_of(OTHER, 3)}, "entry 3 has Pit-Prev 0000"),
    ],
)
def test_what_no_crash_leaves_stops_the_store_and_is_left(
    tmp_path: Path, content: Files, words: str
) -> None:
    folder = lay(tmp_path / "a", content)
    with pytest.raises(Damaged) as caught:
        Store(folder, "acme")
    assert words in str(caught.value)
    assert files(folder) == content
    recovers(lay(folder, ONE), BEFORE)  # and the lock is free


# -- appending -------------------------------------------------------------------------------------


@settings(max_examples=20, deadline=None)
@given(counts=st.lists(st.integers(0, 5), max_size=6), reopened=st.booleans())
def test_batches_come_back_byte_for_byte(
    tmp_path_factory: pytest.TempPathFactory, counts: list[int], reopened: bool
) -> None:
    folder = tmp_path_factory.mktemp("round") / "archives" / "acme"
    made, store = batches(*counts), Store(folder, "acme")
    for done, batch in enumerate(made, 1):
        append(store, batch)
        whole = b"".join(one.data for one in made[:done])
        assert read(folder) == whole
        entries = sum(one.entries for one in made[:done])
        assert store.mark == Mark(entries, SEGMENT, len(whole), batch.stamp)
        if reopened:
            store.close()
            store = Store(folder, "acme")
            assert store.recovered is None
    assert store.mark == read_mark(folder, "acme")
    assert set(files(folder)) == {SEGMENT, "mark"}
    store.close()


QUOTED = SECOND.data.replace(b"\n>From here", b"\nFrom here", 1)


@pytest.mark.parametrize(
    ("batch", "words"),
    [
        (Batch(b"", 0, FIRST.stamp), "no entry; right would be 3..2"),
        (FIRST, "2 entries, 1..2; right would be 3..4"),
        (THIRD, "1 entries, 6..6; right would be 3..3"),
        (SECOND._replace(entries=2), "3 entries, 3..5; right would be 3..4"),
        (SECOND._replace(entries=10**17), "3 entries, 3..5; right would be 3..1"),
        (SECOND._replace(stamp=FIRST.stamp), "was announced"),
        (SECOND._replace(data=b"\n" + SECOND.data), "and nothing else"),
        (SECOND._replace(data=SECOND.data + b"\n"), "ends with no whole seal"),
        (SECOND._replace(data=SECOND.data[:-1]), "ends with no whole seal"),
        (SECOND._replace(data=SECOND.data.replace(b"seal 4", b"seal 5")), "no whole seal"),
        (SECOND._replace(data=QUOTED), "a line `From ` that begins no entry"),
        (OTHER, "entry 3 has Pit-Prev 0000"),
    ],
)
def test_a_batch_that_does_not_continue_the_archive_is_refused_and_harms_nothing(
    tmp_path: Path, batch: Batch, words: str
) -> None:
    folder = lay(tmp_path / "a", ONE)
    with Store(folder, "acme") as store:
        with pytest.raises(Damaged) as caught:
            append(store, batch)
        assert words in str(caught.value)
        assert files(folder) == ONE
        append(store, SECOND)
    assert read(folder) == AFTER


def test_a_segment_that_somebody_else_wrote_to_stops_the_store(tmp_path: Path) -> None:
    folder = lay(tmp_path / "a", ONE)
    with Store(folder, "acme") as store:
        (folder / SEGMENT).write_bytes(BEFORE + b"From me\n")
        with pytest.raises(Damaged, match="who wrote"):
            append(store, SECOND)
        with pytest.raises(IOFailure, match="open it again"):
            append(store, SECOND)
    recovers(folder, BEFORE)


def test_of_two_writers_the_second_is_told_busy(tmp_path: Path) -> None:
    with Store(tmp_path, "acme") as store:
        with pytest.raises(Busy, match="another program is writing"):
            Store(tmp_path, "acme")
        append(store, FIRST)
    Store(tmp_path, "acme").close()


def test_a_closed_store_takes_nothing_more(tmp_path: Path) -> None:
    store = Store(lay(tmp_path / "a", ONE), "acme")
    store.close()
    store.close()
    with pytest.raises(IOFailure, match="closed"):
        append(store, SECOND)
    assert files(tmp_path / "a") == ONE


def test_a_folder_that_cannot_be_made_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(CannotCreate, match="file"):
        Store(tmp_path / "file" / "acme", "acme")


def test_readers_beside_the_writer_see_whole_batches_only(tmp_path: Path) -> None:
    made = batches(*[2] * 19)
    borders = set(itertools.accumulate((len(batch.data) for batch in made), initial=0))
    whole = b"".join(batch.data for batch in made)
    store = Store(tmp_path, "acme")
    child = os.fork()
    if not child:
        try:
            for batch in made:
                append(store, batch)
        finally:
            os._exit(0)
    seen = set()
    while os.waitpid(child, os.WNOHANG) == (0, 0):
        data = read(tmp_path)
        seen.add(len(data))
        assert whole.startswith(data)
    store.close()
    assert seen <= borders
    assert read(tmp_path) == whole


# -- write_atomic ----------------------------------------------------------------------------------


def test_a_power_cut_leaves_the_old_file_or_the_new(tmp_path: Path) -> None:
    cut = PowerCut(lay(tmp_path / "a", {"state": b"old"}))
    with watched(cut.step):
        write_atomic(tmp_path / "a" / "state", b"new, longer")
    cut.end()
    assert {dict(state)["state"] for state in cut.seen} == {b"old", b"new, longer"}
    assert {dict(state)["state"] for state in cut.last} == {b"new, longer"}


def test_an_atomic_write_that_fails_leaves_one_of_both_and_no_litter(tmp_path: Path) -> None:
    for number in itertools.count():
        folder = lay(tmp_path / "a", {"state": b"old"})
        error = error_of(partial(write_atomic, folder / "state", b"new"), number)
        if error is None:
            break
        assert isinstance(error, IOFailure)
        assert files(folder) in ({"state": b"old"}, {"state": b"new"})
    assert number > 5
    assert files(folder) == {"state": b"new"}
