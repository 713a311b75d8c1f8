"""A segment's file: the same bytes, plain or gzipped, and at any crash one of the two whole."""

import gzip as python_gzip
import itertools
import os
import subprocess
import tracemalloc
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pit.archives.errors import Damaged, IOFailure, PitError
from pit.archives.segment import (
    LONGEST,
    gunzip,
    gzip,
    list_segments,
    open_segment,
    segments,
    size_of,
)
from tests.archives.crashes import PowerCut, error_of, lives_to_the_end, watched
from tests.archives.sealed import SEGMENT, Files, batches, files, lay

PACKED = f"{SEGMENT}.gz"
DATA = b"".join(batch.data for batch in batches(2, 1))
LONG = b"".join(b"%d\n" % number for number in range(450_000))  # three MiB


@cache
def packed(data: bytes) -> bytes:
    """As gzip(1) makes it, with a name and a time."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    head = b"\x1f\x8b\x08\x08\x01\x02\x03\x04\x02\x03some name\x00"
    end = zlib.crc32(data).to_bytes(4, "little") + len(data).to_bytes(4, "little")
    return head + deflate.compress(data) + deflate.flush() + end


def padded(data: bytes, size: int) -> bytes:
    """A gzip file of that many bytes: its name is as long as it takes."""
    short = packed(data)
    return short.replace(b"some name", b"n" * (size - len(short) + 9), 1)


def read(path: Path) -> bytes:
    with open_segment(path) as file:
        return file.read()


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    """A closed segment."""
    return lay(tmp_path / "a", {SEGMENT: DATA}) / SEGMENT


# -- reading ---------------------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(
    data=st.one_of(st.binary(min_size=1, max_size=300), st.just(LONG)),
    steps=st.lists(st.tuples(st.floats(0, 1.1), st.floats(0, 1.1)), min_size=1, max_size=8),
)
def test_a_gzipped_file_is_read_from_anywhere_as_the_plain_one_is(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, steps: list[tuple[float, float]]
) -> None:
    path = lay(tmp_path_factory.mktemp("a"), {PACKED: packed(data)}) / PACKED
    with open_segment(path) as file:
        for start, size in steps:
            begin, count = int(start * len(data)), int(size * len(data))
            assert file.seek(begin) == file.tell() == begin
            assert file.read(count) == data[begin : begin + count]
        assert file.seek(0, os.SEEK_END) == len(data) == size_of(path)


def test_what_gzip_and_python_make_is_read(plain: Path) -> None:
    subprocess.run(["gzip", "-k", plain], check=True)
    assert read(plain.with_name(PACKED)) == DATA
    for level in (0, 1, 9):
        lay(plain.parent, {PACKED: python_gzip.compress(DATA, level)})
        assert read(plain.with_name(PACKED)) == DATA


def test_a_gzip_file_torn_at_any_byte_is_damaged(tmp_path: Path) -> None:
    whole = packed(DATA)
    for size in range(len(whole)):
        path = lay(tmp_path / "a", {PACKED: whole[:size]}) / PACKED
        with pytest.raises(Damaged, match=r"0000000001\.mbox\.gz: "):
            read(path)


def test_a_changed_byte_of_a_gzip_file_changes_nothing_or_is_damage(tmp_path: Path) -> None:
    found = set()
    for where in range(len(packed(DATA))):
        changed = bytearray(packed(DATA))
        changed[where] ^= 1 << where % 8
        path = lay(tmp_path / "a", {PACKED: bytes(changed)}) / PACKED
        try:
            assert read(path) == DATA
            found.add("unchanged")
            assert where < 20  # name, time and system
        except Damaged:
            found.add("damaged")
    assert found == {"unchanged", "damaged"}


def restated(size: int, data: bytes = DATA) -> bytes:
    """A gzip file whose end states another size."""
    return packed(data)[:-4] + size.to_bytes(4, "little")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", ": 0 bytes, and no gzip file"),
        (DATA, "and no gzip file"),
        (packed(DATA) * 2, "something stands behind its first member"),
        (packed(DATA[:9]) + packed(DATA[9:]), "shorter than"),
        (packed(DATA) + b"x" * 9, "shorter than 2021161080 bytes"),
        (packed(DATA) + packed(DATA)[-8:], "something stands behind its first member"),
        (padded(DATA, 1 << 16) + packed(DATA)[-8:], "something stands behind its first member"),
        (restated(len(DATA) - 1), "incorrect length check"),
        (restated(len(DATA) + 1), "incorrect length check"),
        (restated(LONGEST + 1), "a segment has at most"),
        (packed(DATA)[:-8] + bytes(4) + packed(DATA)[-4:], "incorrect data check"),
    ],
)
def test_what_is_not_one_whole_member_is_damaged(
    tmp_path: Path, content: bytes, words: str
) -> None:
    path = lay(tmp_path / "a", {PACKED: content}) / PACKED
    with pytest.raises(Damaged, match=words):
        read(path)


def test_of_a_bomb_no_more_is_unpacked_than_it_states(tmp_path: Path) -> None:
    path = lay(tmp_path / "a", {PACKED: restated(1000, bytes(64 << 20))}) / PACKED
    tracemalloc.start()
    with pytest.raises(Damaged, match="longer than 1000 bytes"):
        read(path)
    assert tracemalloc.get_traced_memory()[1] < 2 << 20
    tracemalloc.stop()


def test_a_file_that_changed_its_form_since_its_name_was_read_is_read_all_the_same(
    plain: Path,
) -> None:
    (listed,) = list_segments(plain.parent)
    gzip(plain)
    assert read(listed) == DATA
    assert size_of(listed) == len(DATA)
    (listed,) = list_segments(plain.parent)
    gunzip(plain.with_name(PACKED))
    assert read(listed) == DATA
    plain.unlink()
    with pytest.raises(FileNotFoundError, match=r"mbox\.gz'"):
        read(listed)


def test_readers_beside_see_the_segment_at_any_moment(plain: Path) -> None:
    path = plain
    with ThreadPoolExecutor() as pool:
        for act in (gzip, gunzip) * 40:
            running = pool.submit(act, path)
            while not running.done():
                (listed,) = list_segments(plain.parent)
                assert size_of(listed) == len(DATA)
                assert read(listed) == DATA
            path = running.result()
    assert path == plain


def test_where_both_stand_the_plain_one_counts(tmp_path: Path) -> None:
    content = {SEGMENT: DATA, PACKED: b"", "0000000009.mbox.gz": packed(b"x"), "1.mbox": b""}
    folder = lay(tmp_path / "a", {**content, ".new.0000000001.mbox.gz": b"", "mark": b""})
    assert segments(folder) == [(folder / SEGMENT, len(DATA)), (folder / "0000000009.mbox.gz", 1)]
    assert segments(folder / "missing") == segments(folder / SEGMENT) == []


# -- compressing -----------------------------------------------------------------------------------


def test_gzip_and_gunzip_give_the_bytes_back(plain: Path) -> None:
    made = gzip(plain)
    assert files(plain.parent).keys() == {PACKED}
    assert read(made) == python_gzip.decompress(made.read_bytes()) == DATA
    done = subprocess.run(["gzip", "-dc", made], capture_output=True, check=True)
    assert done.stdout == DATA
    assert gunzip(made) == plain
    assert files(plain.parent) == {SEGMENT: DATA}


def test_the_same_bytes_make_the_same_gzip_file(plain: Path, tmp_path: Path) -> None:
    other = lay(tmp_path / "b", {"0000000007.mbox": DATA}) / "0000000007.mbox"
    os.utime(other, (1, 1))
    assert gzip(plain).read_bytes() == gzip(other).read_bytes()
    assert plain.with_name(PACKED).read_bytes()[3:8] == bytes(5)  # no name, no time


def test_the_file_that_is_made_is_read_only_and_as_private_as_the_other(plain: Path) -> None:
    plain.chmod(0o640)
    made = gzip(plain)
    assert made.stat().st_mode & 0o777 == 0o440
    assert gunzip(made).stat().st_mode & 0o777 == 0o440


@pytest.mark.parametrize("act", [gzip, gunzip])
def test_two_files_of_one_segment_that_differ_are_left(
    tmp_path: Path, act: Callable[[Path], Path]
) -> None:
    for other in (DATA[:-1], DATA + b"x", b"x" + DATA[1:]):
        content = {SEGMENT: DATA, PACKED: packed(other)}
        folder = lay(tmp_path / "a", content)
        with pytest.raises(Damaged, match=r"not the bytes of 0000000001\.mbox"):
            act(folder / (SEGMENT if act is gzip else PACKED))
        assert files(folder) == content


@pytest.mark.parametrize("where", [0, 40, -12, -1])
def test_a_plain_file_stays_until_the_other_was_read_back(plain: Path, where: int) -> None:
    def lie(name: str, _args: tuple[object, ...]) -> None:
        """The disk keeps another byte than was written."""
        for path in plain.parent.glob(".new.*") if name == "fsync" else ():
            data = bytearray(path.read_bytes())
            data[where] ^= 1
            path.write_bytes(data)

    with watched(lie), pytest.raises(Damaged):
        gzip(plain)
    assert files(plain.parent) == {SEGMENT: DATA}


def test_an_unpacked_file_is_read_back_too(plain: Path) -> None:
    def lie(name: str, _args: tuple[object, ...]) -> None:
        for path in plain.parent.glob(".new.*") if name == "fsync" else ():
            path.write_bytes(DATA[:-1] + b"x")

    made = gzip(plain)
    before = files(plain.parent)
    with watched(lie), pytest.raises(Damaged, match="not the bytes of"):
        gunzip(made)
    assert files(plain.parent) == before


def test_a_damaged_gzip_file_is_not_unpacked(tmp_path: Path) -> None:
    content = {PACKED: packed(DATA)[:-1] + b"\x01"}
    folder = lay(tmp_path / "a", content)
    with pytest.raises(PitError):
        gunzip(folder / PACKED)
    assert files(folder) == content


BOTH = (
    pytest.param(gzip, {SEGMENT: DATA}, id="gzip"),
    pytest.param(gunzip, {PACKED: packed(DATA)}, id="gunzip"),
)


def stands(folder: Path) -> bool:
    """Whether the segment can be read whole."""
    (path,) = list_segments(folder)
    return read(path) == DATA


def again(act: Callable[[Path], Path], folder: Path) -> None:
    """What was cut short is done by doing it again."""
    source = folder / (SEGMENT if act is gzip else PACKED)
    if source.exists():
        act(source)
    assert stands(folder)
    assert [path.suffix for path in list_segments(folder)] == [".gz" if act is gzip else ".mbox"]
    assert len([name for name in files(folder) if not name.startswith(".")]) == 1


@pytest.mark.parametrize(("act", "content"), BOTH)
def test_a_kill_at_any_step_leaves_one_whole_file(
    tmp_path: Path, act: Callable[[Path], Path], content: Files
) -> None:
    for number in itertools.count():
        folder = lay(tmp_path / "a", content)
        done = lives_to_the_end(partial(act, folder / next(iter(content))), number)
        assert stands(folder)
        again(act, folder)
        if done:
            assert number >= 8
            break


@pytest.mark.parametrize(("act", "content"), BOTH)
def test_a_failure_at_any_step_leaves_one_whole_file_and_says_so(
    tmp_path: Path, act: Callable[[Path], Path], content: Files
) -> None:
    for number in itertools.count():
        folder = lay(tmp_path / "a", content)
        error = error_of(partial(act, folder / next(iter(content))), number)
        assert stands(folder)
        if error is None:
            break
        assert isinstance(error, IOFailure)
        again(act, folder)
    assert number >= 8


@pytest.mark.parametrize(("act", "content"), BOTH)
def test_a_power_cut_at_any_step_leaves_one_whole_file(
    tmp_path: Path, act: Callable[[Path], Path], content: Files
) -> None:
    folder = lay(tmp_path / "a", content)
    cut = PowerCut(folder)
    with watched(cut.step):
        act(folder / next(iter(content)))
    cut.end()
    for state in cut.seen:
        lay(folder, dict(state))
        assert stands(folder)
        again(act, folder)
    assert len(cut.seen) > 10
