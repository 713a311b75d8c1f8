"""An entry is found by its number wherever it lies, whatever stands in the index beside it."""

from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pit.archives.errors import Damaged, NoInput
from pit.archives.extent import chunks
from pit.archives.offsets import Offsets, index_of, offset_of, raw_entry
from pit.archives.segment import gunzip, gzip, list_segments
from tests.archives.sealed import SEGMENT, batches, files, laid, lay

MADE = batches(2, 0, 3, 1, 2)  # entries 1..3, 4, 5..8, 9..10, 11..13
WHOLE = b"".join(batch.data for batch in MADE)
ARCHIVE = laid(4, *MADE)  # segments of the entries 1..4, 5..8, 9..13
CLOSED = [SEGMENT, "0000000005.mbox"]
LAST = 13


class Entry(NamedTuple):
    offset: int
    raw: bytes


def entries_in(data: bytes) -> dict[int, Entry]:
    """Where each entry begins, and its bytes, by its number."""
    found, offset = {}, 0
    for number, raw in enumerate(data.removeprefix(b"From ").split(b"\n\nFrom "), 1):
        found[number] = Entry(offset, b"From " + raw + b"\n\n")
        offset += len(raw) + 7
    assert b"".join(entry.raw for entry in found.values()) == data + b"\n\n"
    return {**found, len(found): Entry(found[len(found)].offset, data[found[len(found)].offset :])}


RIGHT = entries_in(WHOLE)
INDEX = b"".join(b"%012d\n" % RIGHT[number].offset for number in range(1, 5))


def check(folder: Path, right: dict[int, Entry] = RIGHT) -> None:
    """Every entry is found, one by one and with one `Offsets`, and no other."""
    last = max(right)
    for number, entry in right.items():
        assert offset_of(folder, "acme", number) == entry.offset
        assert raw_entry(folder, "acme", number) == entry.raw
    with Offsets(folder, "acme") as offsets:
        for number in (*right, *reversed(right)):
            assert offsets.of(number) == right[number].offset
            assert offsets.raw(number) == right[number].raw
    for number in (-1, 0, last + 1, 10**15):
        assert offset_of(folder, "acme", number) == -1
        with pytest.raises(NoInput, match=f"entry {number} of acme does not stand here"):
            raw_entry(folder, "acme", number)


@settings(max_examples=25, deadline=None)
@given(
    counts=st.lists(st.integers(0, 4), min_size=1, max_size=5),
    limit=st.integers(1, 9),
    marked=st.booleans(),
    packed=st.sets(st.integers(0, 5)),
)
def test_an_entry_is_found_in_any_segment_plain_or_gzipped_open_or_closed(
    tmp_path_factory: pytest.TempPathFactory,
    counts: list[int],
    limit: int,
    marked: bool,
    packed: set[int],
) -> None:
    made = batches(*counts)
    content = laid(limit, *made)
    if not marked:
        del content["mark"]
    folder = lay(tmp_path_factory.mktemp("a"), content)
    found = list_segments(folder)
    for index, path in enumerate(found):
        if index in packed and not (marked and path == found[-1]):
            gzip(path)
    right = entries_in(b"".join(batch.data for batch in made))
    assert b"".join(chunks(folder, "acme")) == b"".join(entry.raw for entry in right.values())
    check(folder, right)
    indexed = {path.name for path in folder.glob("*.offsets")}
    assert indexed == {index_of(path).name for path in found[:-1]}


def test_an_index_is_a_line_of_twelve_digits_for_each_entry(tmp_path: Path) -> None:
    folder = lay(tmp_path / "a", ARCHIVE)
    assert offset_of(folder, "acme", 6) == RIGHT[6].offset
    assert files(folder).keys() == {*ARCHIVE, "0000000005.offsets"}
    check(folder)
    assert (folder / "0000000001.offsets").read_bytes() == INDEX
    lines = (folder / "0000000005.offsets").read_bytes().split(b"\n")
    assert [int(line) + RIGHT[5].offset for line in lines[:-1]] == [
        RIGHT[number].offset for number in range(5, 9)
    ]
    assert {len(line) for line in lines[:-1]} == {12}


@settings(max_examples=60, deadline=None)
@given(
    content=st.one_of(
        st.binary(max_size=80),
        st.permutations(INDEX.splitlines(True)).map(b"".join),
        st.lists(st.integers(0, 10**4), max_size=6).map(
            lambda some: b"".join(b"%012d\n" % one for one in some)
        ),
        st.integers(0, len(INDEX)).map(lambda size: INDEX[:size]),
        st.integers(0, len(INDEX) - 1).map(lambda at: INDEX[:at] + b"7" + INDEX[at + 1 :]),
    )
)
def test_whatever_stands_in_an_index_the_entry_is_found(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    folder = lay(tmp_path_factory.mktemp("a"), ARCHIVE)
    for name in CLOSED:
        index_of(folder / name).write_bytes(content)
    check(folder)
    assert index_of(folder / SEGMENT).read_bytes() == INDEX


def test_an_index_that_points_at_a_quoted_line_is_made_anew(tmp_path: Path) -> None:
    quoted = WHOLE.index(b"\n>From 2@acme.pit ") + 2
    wrong = b"%012d\n%012d\n" % (0, quoted) + INDEX[26:]
    folder = lay(tmp_path / "a", {**ARCHIVE, "0000000001.offsets": wrong})
    assert WHOLE[quoted:].startswith(b"From 2@acme.pit ")
    check(folder)
    assert (folder / "0000000001.offsets").read_bytes() == INDEX


def test_a_right_index_is_used_and_left(tmp_path: Path) -> None:
    folder = lay(tmp_path / "a", {**ARCHIVE, "0000000001.offsets": INDEX})
    before = (folder / "0000000001.offsets").stat()
    for number in range(1, 5):
        assert raw_entry(folder, "acme", number) == RIGHT[number].raw
    assert (folder / "0000000001.offsets").stat().st_ino == before.st_ino


def test_where_no_index_can_be_written_entries_are_found_all_the_same(tmp_path: Path) -> None:
    folder = lay(tmp_path / "a", ARCHIVE)
    for name in CLOSED:
        (index_of(folder / name) / "in the way").mkdir(parents=True)
    check(folder)
    assert sorted(path.name for path in folder.glob(".*")) == []


def test_nothing_past_the_mark_or_the_last_seal_is_found(tmp_path: Path) -> None:
    folder = lay(tmp_path / "a", ARCHIVE)
    last = folder / "0000000009.mbox"
    torn = RIGHT[11].raw + RIGHT[12].raw[:-5]
    for content in (laid(4, *MADE[:4]), {k: ARCHIVE[k] for k in CLOSED}):
        lay(folder, {**content, last.name: MADE[3].data + torn})
        check(folder, {number: RIGHT[number] for number in range(1, 11)})


def test_in_a_copy_that_lacks_a_segment_the_others_entries_are_found(tmp_path: Path) -> None:
    folder = lay(tmp_path / "a", {k: ARCHIVE[k] for k in ARCHIVE if k != CLOSED[1]})
    moved = len(ARCHIVE[CLOSED[1]])
    for number in (*range(1, 5), *range(9, LAST + 1)):
        right = RIGHT[number].offset - (moved if number > 8 else 0)
        assert offset_of(folder, "acme", number) == right
        assert raw_entry(folder, "acme", number) == RIGHT[number].raw
    for number in range(5, 9):
        assert offset_of(folder, "acme", number) == -1


def swapped(data: bytes) -> bytes:
    """The first two entries of the segment in the other order."""
    one, two = (RIGHT[number].raw for number in (5, 6))
    return data.replace(one + two, two + one)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (swapped(ARCHIVE[CLOSED[1]]), r"b'From 6@acme.*where entry 5 of acme should begin"),
        (b"From nobody\n\n" + ARCHIVE[CLOSED[1]], r"b'From nobody.*where entry 5 of acme"),
        (ARCHIVE[CLOSED[1]].replace(b"From 7@", b"From 07@"), r"b'From 07@.*where entry 7 of"),
        (ARCHIVE[CLOSED[1]].replace(b"From 7@acme", b"From 7@gold"), "where entry 7 of acme"),
    ],
)
def test_a_closed_segment_out_of_order_is_damaged(
    tmp_path: Path, content: bytes, words: str
) -> None:
    folder = lay(tmp_path / "a", {**ARCHIVE, CLOSED[1]: content})
    with pytest.raises(Damaged, match=words):
        raw_entry(folder, "acme", 8)
    assert raw_entry(folder, "acme", 4) == RIGHT[4].raw
    assert not index_of(folder / CLOSED[1]).exists()


def test_entries_are_found_while_segments_change_their_form(tmp_path: Path) -> None:
    folder = lay(tmp_path / "a", ARCHIVE)
    with Offsets(folder, "acme") as offsets:
        assert offsets.raw(2) == RIGHT[2].raw
        for name in CLOSED:
            gzip(folder / name)
        for number in (3, 1, 6, 2):
            assert offsets.raw(number) == RIGHT[number].raw
    with Offsets(folder, "acme") as offsets:
        gunzip(folder / f"{SEGMENT}.gz")
        assert offsets.raw(4) == RIGHT[4].raw


@pytest.mark.parametrize("step", [1 << 20, 100, 81])
def test_an_index_is_right_wherever_the_reading_stops(
    tmp_path: Path, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pit.archives.offsets._STEP", step)
    check(lay(tmp_path / "a", ARCHIVE))


def test_an_entry_longer_than_one_reading_comes_whole(tmp_path: Path) -> None:
    first = ARCHIVE[SEGMENT]
    long = first.replace(b"\n>From here", b"\n" + b">From here\n" * 20_000, 1)
    folder = lay(tmp_path / "a", {**ARCHIVE, SEGMENT: long})
    right = entries_in(long + WHOLE[len(first) :])
    check(folder, right)
    assert len(right[1].raw) > 3 * (1 << 16)


def test_another_pits_entry_and_a_folder_without_an_archive_are_no_input(tmp_path: Path) -> None:
    folder = lay(tmp_path / "a", {k: ARCHIVE[k] for k in CLOSED})
    for where, pit in ((folder, "gold"), (tmp_path, "acme"), (tmp_path / "missing", "acme")):
        with pytest.raises(NoInput, match=f"no archive of pit {pit}"):
            raw_entry(where, pit, 1)
