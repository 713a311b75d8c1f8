"""The store: whatever is cut short, wherever, the archive is whole batches and none is lost."""

import itertools
import os
from functools import partial
from gzip import decompress
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pit.archives.errors import Busy, CannotCreate, Damaged, IOFailure
from pit.archives.segment import gzip, list_segments
from pit.archives.store import Mark, Store, chunks, next_segment, read_mark, write_atomic
from tests.archives.crashes import (
    PowerCut,
    Step,
    error_of,
    fail,
    lives_to_the_end,
    unwaited,
    watched,
)
from tests.archives.sealed import SEGMENT, Batch, Files, batches, files, laid, lay

LATER = "0000000003.mbox"  # where the second batch goes when the first one fills a segment
LIMITS = [50_000, 2]  # entries a segment: the second batch goes into the first one, or its own
FIRST, SECOND, THIRD = batches(1, 2, 0)
BEFORE, AFTER = FIRST.data, FIRST.data + SECOND.data
END = len(BEFORE)


def append(store: Store, batch: Batch, limit: int = 50_000) -> None:
    store.append(batch.data, entries=batch.entries, stamp=batch.stamp, limit=limit)


def open_and_append(folder: Path, limit: int) -> None:
    with Store(folder, "acme") as store:
        append(store, SECOND, limit)


def open_and_close(folder: Path) -> None:
    Store(folder, "acme").close()


def read(folder: Path) -> bytes:
    return b"".join(chunks(folder, "acme"))


def next_of(batch: Batch, first: int, pit: str = "acme", segment: str = SEGMENT) -> bytes:
    digest, last = sha256(batch.data).hexdigest(), first + batch.entries - 1
    line = f"next {pit} {first} {last} {len(batch.data)} {digest} {segment}\n"
    return line.encode() + batch.data


ONE = laid(50_000, FIRST)  # the archive at rest after one batch
WHOLE_NEXT = next_of(SECOND, 3)
NEXT = {50_000: WHOLE_NEXT, 2: next_of(SECOND, 3, segment=LATER)}  # by limit


def begun(limit: int, size: int) -> Files:
    """The archive after one batch, with so many bytes of the second."""
    part = SECOND.data[:size]
    return {**ONE, SEGMENT: BEFORE + part} if limit > 2 else {**ONE, LATER: part}


def expected(content: Files, limit: int = 50_000) -> bytes:
    """What must stand after recovery: the second batch too if `next` is whole or it is marked."""
    marked = content["mark"] == laid(limit, FIRST, SECOND)["mark"]
    return AFTER if marked or content.get("next") == NEXT[limit] else BEFORE


def recovers(folder: Path, right: bytes, limit: int = 50_000) -> None:
    """The archive opens with these bytes, again without anything to repair, and takes a batch."""
    with unwaited(), Store(folder, "acme"):
        assert read(folder) == right
    with unwaited(), Store(folder, "acme") as store:
        assert store.recovered is None
        append(store, THIRD if right == AFTER else SECOND, limit)
    whole = (FIRST, SECOND, THIRD) if right == AFTER else (FIRST, SECOND)
    assert files(folder) == laid(limit, *whole)
    with unwaited(), Store(folder, "acme") as store:
        assert store.mark.entries == sum(batch.entries for batch in whole)


# -- runs cut short --------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", LIMITS)
def test_an_append_killed_at_any_step_is_done_or_not(tmp_path: Path, limit: int) -> None:
    for number in itertools.count():
        folder = lay(tmp_path / "a", ONE)
        done = lives_to_the_end(partial(open_and_append, folder, limit), number)
        assert read(folder) in (BEFORE, AFTER)
        recovers(folder, AFTER if done else expected(files(folder), limit), limit)
        if done:
            assert number > 20
            break


@pytest.mark.parametrize("limit", LIMITS)
def test_a_recovery_killed_at_any_step_is_finished_by_the_next(tmp_path: Path, limit: int) -> None:
    torn = {**begun(limit, len(SECOND.data) - 100), "next": NEXT[limit]}
    for number in itertools.count():
        folder = lay(tmp_path / "a", torn)
        done = lives_to_the_end(partial(open_and_close, folder), number)
        assert read(folder) in (BEFORE, AFTER)
        recovers(folder, AFTER, limit)
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


@pytest.mark.parametrize("limit", LIMITS)
def test_a_power_cut_at_any_step_loses_no_batch_and_halves_none(tmp_path: Path, limit: int) -> None:
    folder = lay(tmp_path / "a", ONE)
    with Store(folder, "acme") as store:
        first = PowerCut(folder)
        with watched(first.step):
            append(store, SECOND, limit)
        first.end()
    assert all(expected(dict(state), limit) == AFTER for state in first.last)
    assert {expected(dict(state), limit) for state in first.seen} == {BEFORE, AFTER}
    checked = set()
    for state in first.seen:
        right = expected(dict(state), limit)
        second = PowerCut(lay(folder, dict(state)))
        with watched(second.step), Store(folder, "acme"):
            assert read(folder) == right
        second.end()
        checked |= {(later, right) for later in second.seen}
    for later, right in checked:
        lay(folder, dict(later))
        with unwaited(), Store(folder, "acme"):
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


@pytest.mark.parametrize("limit", LIMITS)
def test_an_append_that_fails_at_any_step_ends_the_store(tmp_path: Path, limit: int) -> None:
    for number in itertools.count():
        folder = lay(tmp_path / "a", ONE)
        with Store(folder, "acme") as store:
            error = error_of(partial(append, store, SECOND, limit), number)
            if error is None:
                break
            assert isinstance(error, IOFailure)
            assert "Input/output error" in str(error)
            with pytest.raises(IOFailure, match="open it again"):
                append(store, SECOND)
        assert read(folder) in (BEFORE, AFTER)
        recovers(folder, expected(files(folder), limit), limit)
    assert number > 20


def fsync_failing(number: int, cut: PowerCut) -> Step:
    """Steps under a power cut in which fsync `number` puts nothing on disk and says so."""
    counter = itertools.count()

    def step(name: str, args: tuple[object, ...]) -> None:
        if name == "fsync" and next(counter) == number:
            fail()
        cut.step(name, args)

    return step


@pytest.mark.parametrize("limit", LIMITS)
def test_what_a_failed_fsync_left_in_memory_is_written_anew(tmp_path: Path, limit: int) -> None:
    for number in range(5 if limit > 2 else 6):
        folder = lay(tmp_path / "a", ONE)
        cut = PowerCut(folder)
        failing = watched(fsync_failing(number, cut))
        with Store(folder, "acme") as store, failing, pytest.raises(IOFailure, match="error"):
            append(store, SECOND, limit)
        with watched(cut.step), Store(folder, "acme"):
            right = read(folder)
        cut.end()
        for state in cut.seen:
            with unwaited(), Store(lay(folder, dict(state)), "acme"):
                assert read(folder) in ((right,) if state in cut.last else (BEFORE, AFTER))


@pytest.mark.parametrize("limit", LIMITS)
def test_a_recovery_that_fails_at_any_step_gives_the_lock_back(tmp_path: Path, limit: int) -> None:
    torn = {**begun(limit, len(SECOND.data) - 100), "next": NEXT[limit]}
    for number in itertools.count():
        folder = lay(tmp_path / "a", torn)
        error = error_of(partial(open_and_close, folder), number)
        if error is None:
            break
        assert isinstance(error, IOFailure | CannotCreate)
        assert "Input/output error" in str(error)
        recovers(folder, AFTER, limit)
    assert number > 20


# -- what recovery finds ---------------------------------------------------------------------------


def test_a_next_torn_at_any_byte_is_dropped(tmp_path: Path) -> None:
    for size in range(len(WHOLE_NEXT)):
        folder = lay(tmp_path / "a", {**ONE, "next": WHOLE_NEXT[:size]})
        with unwaited(), Store(folder, "acme") as store:
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


@pytest.mark.parametrize("limit", LIMITS)
def test_a_whole_next_is_appended_once_whatever_part_of_it_stands(
    tmp_path: Path, limit: int
) -> None:
    whole = len(SECOND.data)
    for size in (*range(0, whole, 9), whole - 1, whole):
        folder = lay(tmp_path / "a", {**begun(limit, size), "next": NEXT[limit]})
        with unwaited(), Store(folder, "acme") as store:
            assert store.recovered is not None
            assert store.recovered.endswith("appended entries 3 to 5 again from next")
            assert ("cut" in store.recovered) == (size > 0 and limit > 2)
        assert files(folder) == laid(limit, FIRST, SECOND)


def test_a_segment_that_a_whole_next_names_and_that_was_not_begun_is_made(tmp_path: Path) -> None:
    folder = lay(tmp_path / "a", {**ONE, "next": NEXT[2]})
    Store(folder, "acme").close()
    assert files(folder) == laid(2, FIRST, SECOND)


def test_a_tail_cut_off_stays_off_when_the_next_batch_goes_into_a_new_segment(
    tmp_path: Path,
) -> None:
    folder = lay(tmp_path / "a", begun(50_000, 100))
    cut = PowerCut(folder)
    with watched(cut.step), Store(folder, "acme") as store:
        append(store, SECOND, 2)
    cut.end()
    for state in cut.last:
        recovers(lay(folder, dict(state)), AFTER, 2)


def test_a_torn_tail_without_next_is_cut_off(tmp_path: Path) -> None:
    for size in (*range(len(BEFORE), len(AFTER), 5), len(AFTER) - 1):
        with Store(lay(tmp_path / "a", {**ONE, SEGMENT: AFTER[:size]}), "acme") as store:
            assert bool(store.recovered) == (size > len(BEFORE))
        assert files(tmp_path / "a") == ONE


def test_a_next_below_the_mark_is_removed(tmp_path: Path) -> None:
    done = laid(50_000, FIRST, SECOND)
    with Store(lay(tmp_path / "a", {**done, "next": WHOLE_NEXT}), "acme") as store:
        assert store.recovered is not None
        assert "whose entries stand (to 5)" in store.recovered
    assert files(tmp_path / "a") == done


def test_files_left_over_from_a_torn_write_go(tmp_path: Path) -> None:
    left = (".mark.0", ".next.1", f".new.{SEGMENT}.gz", ".0000000001.offsets.2")
    with Store(lay(tmp_path / "a", {**ONE, **dict.fromkeys(left, b"x")}), "acme") as store:
        assert store.recovered is None
    assert files(tmp_path / "a") == ONE


OTHER = Batch(SECOND.data.replace(FIRST.stamp.encode(), b"0" * 64, 1), 3, SECOND.stamp)
TWO, THREE = laid(2, FIRST, SECOND), laid(2, FIRST, SECOND, THIRD)  # a batch a segment


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
        ({**laid(9, FIRST, SECOND), SEGMENT: BEFORE * 9}, "the last seal below"),
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
        ({**ONE, LATER: b""}, f"{LATER}: later than the mark's segment, {SEGMENT}"),
        ({**ONE, LATER: SECOND.data}, "later than the mark's segment"),
        ({**TWO, "mark": ONE["mark"]}, "later than the mark's segment"),
        ({**ONE, f"{LATER}.gz": b""}, "later than the mark's segment"),
        ({**ONE, LATER: SECOND.data, "next": NEXT[2][:-1]}, "later than the mark's segment"),
        ({**ONE, LATER: SECOND.data, "next": WHOLE_NEXT}, "later than the mark's segment"),
        ({**ONE, f"{LATER}.gz": b"", "next": NEXT[2]}, "later than the mark's segment"),
        ({**ONE, "0000000004.mbox": b"", "next": NEXT[2]}, "later than the mark's segment"),
        (
            {**ONE, "next": next_of(SECOND, 3, segment="0000000004.mbox")},
            f"next: into 0000000004.mbox; right would be {SEGMENT} or {LATER}",
        ),
        ({**ONE, SEGMENT: AFTER, "next": NEXT[2]}, "seal at entry 5, but the mark says 2"),
        ({**TWO, LATER: SECOND.data[:-1]}, "bytes; the mark says"),
        ({LATER: TWO[LATER], "mark": TWO["mark"]}, f"follows entry 0; {SEGMENT} is missing"),
        ({**TWO, SEGMENT: b""}, f"follows entry 0; {SEGMENT} is missing, or the one before is not"),
        (
            {**TWO, SEGMENT: BEFORE + b"x"},
            f"closed, but its last seal, entry 2, ends at byte {END}",
        ),
        ({**TWO, SEGMENT: BEFORE[:-1]}, f"entry 0, ends at byte 0 of {END - 1}"),
        ({k: THREE[k] for k in THREE if k != LATER}, f"follows entry 2; {LATER} is missing"),
        ({**laid(5, FIRST, SECOND, THIRD), SEGMENT: BEFORE}, f"follows entry 2; {LATER} is mis"),
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


@settings(max_examples=40, deadline=None)
@given(
    counts=st.lists(st.integers(0, 5), max_size=6),
    limit=st.integers(1, 8),
    reopened=st.booleans(),
    packed=st.booleans(),
)
def test_batches_come_back_byte_for_byte_from_segments_named_by_their_first_entry(
    tmp_path_factory: pytest.TempPathFactory,
    counts: list[int],
    limit: int,
    reopened: bool,
    packed: bool,
) -> None:
    folder = tmp_path_factory.mktemp("round") / "archives" / "acme"
    made, store = batches(*counts), Store(folder, "acme")
    for done, batch in enumerate(made, 1):
        append(store, batch, limit)
        assert read(folder) == b"".join(one.data for one in made[:done])
        assert store.mark.entries == sum(one.entries for one in made[:done])
        if packed:
            for path in list_segments(folder)[:-1]:
                if path.suffix != ".gz":
                    gzip(path)
        if reopened:
            store.close()
            store = Store(folder, "acme")
            assert store.recovered is None
    assert store.mark == read_mark(folder, "acme")
    store.close()
    if made:
        unpacked = {
            name.removesuffix(".gz"): decompress(data) if name.endswith(".gz") else data
            for name, data in files(folder).items()
        }
        assert unpacked == laid(limit, *made)


def modes(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mode & 0o777 for path in folder.glob("*.mbox")}


def test_a_closed_segment_is_read_only_and_as_private_as_it_was(tmp_path: Path) -> None:
    folder = lay(tmp_path / "a", ONE)
    for path in folder.iterdir():
        path.chmod(0o640)
    open_and_append(folder, 2)
    assert modes(folder)[SEGMENT] == 0o440
    assert modes(folder)[LATER] & 0o200


def test_opening_an_archive_makes_the_closed_segments_read_only(tmp_path: Path) -> None:
    folder = lay(tmp_path / "a", THREE)
    for path in folder.iterdir():
        path.chmod(0o600)
    with Store(folder, "acme") as store:
        assert store.recovered is None
    assert modes(folder) == {SEGMENT: 0o400, LATER: 0o400, "0000000006.mbox": 0o600}


@pytest.mark.parametrize(
    ("entries", "segment", "size", "right"),
    [
        (0, SEGMENT, 0, SEGMENT),
        (49_999, SEGMENT, 1, SEGMENT),
        (50_000, SEGMENT, 1, "0000050001.mbox"),
        (50_700, SEGMENT, 1, "0000050701.mbox"),
        (100_700, "0000050701.mbox", 1, "0000100701.mbox"),
        (100_699, "0000050701.mbox", 1, "0000050701.mbox"),
        (2, SEGMENT, (1 << 30) - 1, SEGMENT),
        (2, SEGMENT, 1 << 30, LATER),
    ],
)
def test_a_segment_is_full_at_fifty_thousand_entries_or_a_gibibyte(
    entries: int, segment: str, size: int, right: str
) -> None:
    assert next_segment(Mark(entries, segment, size, "0" * 64)) == right


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


def test_a_segment_that_somebody_else_began_stops_the_store(tmp_path: Path) -> None:
    folder = lay(tmp_path / "a", ONE)
    with Store(folder, "acme") as store:
        (folder / LATER).write_bytes(b"From me\n")
        with pytest.raises(Damaged, match=f"{LATER}: stands before its first batch: who wrote"):
            append(store, SECOND, 2)
        with pytest.raises(IOFailure, match="open it again"):
            append(store, SECOND, 2)
    assert files(folder) == {**ONE, LATER: b"From me\n"}


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
                append(store, batch, 9)
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
