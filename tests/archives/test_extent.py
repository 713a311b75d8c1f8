"""What may be read of an archive, on the example archive: seals at entries 3, 5 and 9."""

import re
from hashlib import sha256
from pathlib import Path

import pytest

from pit.archives.entry import quote
from pit.archives.errors import Damaged, IOFailure, NoInput
from pit.archives.extent import Mark, leftover, read_mark
from pit.archives.segment import gzip
from pit.archives.store import chunks, extent

EXAMPLE = (Path(__file__).parent / "data" / "example.mbox").read_bytes()
STARTS = [found.start() for found in re.finditer(rb"^From ", EXAMPLE, re.MULTILINE)]
ENDS = [STARTS[3], STARTS[5], len(EXAMPLE)]  # where the three seals end
SEGMENT = "0000000001.mbox"


def stamp_of(number: int) -> str:
    lines = EXAMPLE[STARTS[number - 1] :].split(b"\n", 7)[1:7]
    return sha256(b"\n".join(lines) + b"\n").hexdigest()


def copy(folder: Path, data: bytes, segment: str = SEGMENT) -> Path:
    """An archive without a mark."""
    folder.mkdir(exist_ok=True)
    (folder / segment).write_bytes(data)
    return folder


def with_mark(folder: Path, line: str) -> Path:
    (folder / "mark").write_text(line)
    return folder


def read(folder: Path, start: int = 0, size: int = 1 << 20) -> bytes:
    return b"".join(chunks(folder, "acme", start, size))


def test_readers_stop_at_the_mark_though_a_later_seal_stands(tmp_path: Path) -> None:
    line = f"mark acme 5 {SEGMENT} {ENDS[1]} {stamp_of(5)}\n"
    folder = with_mark(copy(tmp_path / "a", EXAMPLE), line)
    assert extent(folder, "acme") == [(folder / SEGMENT, ENDS[1])]
    assert read(folder) == EXAMPLE[: ENDS[1]]
    assert read_mark(folder, "acme") == Mark(5, SEGMENT, ENDS[1], stamp_of(5))


def test_an_archive_whose_mark_says_nothing_yet_is_empty(tmp_path: Path) -> None:
    folder = with_mark(copy(tmp_path / "a", EXAMPLE), f"mark acme 0 {SEGMENT} 0 {'0' * 64}\n")
    assert read(folder) == b""


def test_a_copy_cut_at_any_byte_ends_with_its_last_whole_seal(tmp_path: Path) -> None:
    for size in (0, 1, *range(STARTS[2], STARTS[6]), len(EXAMPLE) - 1, len(EXAMPLE)):
        folder = copy(tmp_path / "a", EXAMPLE[:size])
        whole = [end for end in ENDS if end <= size]
        if whole:
            assert extent(folder, "acme") == [(folder / SEGMENT, whole[-1])]
        else:
            with pytest.raises(NoInput, match="no sealed entry"):
                extent(folder, "acme")


def test_a_seal_with_a_changed_byte_is_none(tmp_path: Path) -> None:
    mail = EXAMPLE.index(b"From: Notary", STARTS[8])
    for where in (STARTS[8], STARTS[8] + 20, *range(mail, len(EXAMPLE))):
        data = bytearray(EXAMPLE)
        data[where] ^= 1
        folder = copy(tmp_path / "a", bytes(data))
        assert extent(folder, "acme") == [(folder / SEGMENT, ENDS[1])]


def test_a_member_who_says_seal_makes_none(tmp_path: Path) -> None:
    seal = EXAMPLE[STARTS[8] :]
    forged = EXAMPLE[: STARTS[8]] + seal.replace(b"Pit-Signer: notary ", b"Pit-Signer: alice ")
    assert read(copy(tmp_path / "a", forged)) == EXAMPLE[: ENDS[1]]


def test_a_seal_that_names_another_number_is_none(tmp_path: Path) -> None:
    seal = EXAMPLE[STARTS[8] :].replace(b"acme 9\n", b"acme 8\n").replace(b"9@acme", b"8@acme")
    assert read(copy(tmp_path / "a", EXAMPLE[: STARTS[8]] + seal)) == EXAMPLE[: ENDS[1]]


@pytest.mark.parametrize("filling", [0, 1, 40_000, 65_000, 66_000, 300_000])
def test_the_last_seal_is_found_however_far_back_it_lies(tmp_path: Path, filling: int) -> None:
    torn = EXAMPLE[STARTS[5] : STARTS[6]] + b"talk\n" * (filling // 5)
    folder = copy(tmp_path / "a", EXAMPLE[: ENDS[1]] + torn)
    assert read(folder) == EXAMPLE[: ENDS[1]]


def test_a_quoted_seal_is_none_wherever_the_search_begins_to_read(tmp_path: Path) -> None:
    quoted = quote(EXAMPLE[STARTS[8] :])
    fake = len(quoted) - 1  # from its `From ` on, without the `>`
    for window in range(65_536 - 2, 65_536 + 3):
        torn = EXAMPLE[STARTS[5] : STARTS[6]] + quoted + b"x" * (window - fake)
        folder = copy(tmp_path / "a", EXAMPLE[: ENDS[1]] + torn)
        assert extent(folder, "acme") == [(folder / SEGMENT, ENDS[1])]


def test_a_tail_without_seal_in_a_second_segment_leaves_the_first(tmp_path: Path) -> None:
    folder = copy(tmp_path / "a", EXAMPLE[: ENDS[1]])
    copy(folder, EXAMPLE[STARTS[5] : STARTS[7]], "0000000006.mbox")
    assert read(folder) == EXAMPLE[: ENDS[1]]


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("mark", [True, False])
def test_segments_are_read_one_after_another(tmp_path: Path, mark: bool, packed: bool) -> None:
    folder = copy(tmp_path / "a", EXAMPLE[: ENDS[0]])
    copy(folder, EXAMPLE[ENDS[0] : ENDS[1]], "0000000004.mbox")
    last = EXAMPLE[STARTS[5] :]
    copy(folder, last + b"From torn", "0000000006.mbox")
    if mark:
        with_mark(folder, f"mark acme 9 0000000006.mbox {len(last)} {stamp_of(9)}\n")
    if packed:
        gzip(folder / SEGMENT)
        gzip(folder / "0000000004.mbox")
    assert [size for _, size in extent(folder, "acme")] == [
        ENDS[0],
        ENDS[1] - ENDS[0],
        ENDS[2] - ENDS[1],
    ]
    for start in (0, 1, ENDS[0], ENDS[1] - 1, ENDS[1], ENDS[1] + 1, len(EXAMPLE)):
        for size in (100, 1 << 20):
            assert read(folder, start, size) == EXAMPLE[start:]


def test_a_copy_whose_last_segment_is_gzipped_is_read_up_to_its_last_seal(tmp_path: Path) -> None:
    for torn in (b"", EXAMPLE[STARTS[5] : STARTS[6]] + b"talk\n" * 30_000):
        folder = copy(tmp_path / "a", EXAMPLE[: ENDS[1]] + torn)
        path = gzip(folder / SEGMENT)
        assert extent(folder, "acme") == [(path, ENDS[1])]
        assert read(folder) == EXAMPLE[: ENDS[1]]
        path.unlink()


def test_a_segment_that_the_mark_names_is_never_gzipped(tmp_path: Path) -> None:
    line = f"mark acme 9 {SEGMENT} {len(EXAMPLE)} {stamp_of(9)}\n"
    folder = with_mark(copy(tmp_path / "a", EXAMPLE), line)
    gzip(folder / SEGMENT)
    with pytest.raises(Damaged, match=f"{SEGMENT}: missing; the mark says"):
        extent(folder, "acme")


def test_a_torn_gzipped_segment_is_damaged_when_its_end_is_read(tmp_path: Path) -> None:
    folder = copy(tmp_path / "a", EXAMPLE[: ENDS[1]])
    copy(folder, EXAMPLE[ENDS[1] :], "0000000006.mbox")
    path = gzip(folder / SEGMENT)
    whole = path.read_bytes()
    path.unlink()
    path.write_bytes(whole[:-9] + b"\x00" + whole[-8:])
    assert read(folder, ENDS[1]) == EXAMPLE[ENDS[1] :]
    with pytest.raises(Damaged, match=r"0000000001\.mbox\.gz: not one whole gzip member"):
        read(folder)


def test_what_stands_in_a_copy_below_its_last_seal_is_named(tmp_path: Path) -> None:
    folder = copy(tmp_path / "a", EXAMPLE)
    assert leftover(folder, "acme") == ""
    copy(folder, EXAMPLE + b"From 10@acme.pit")
    assert leftover(folder, "acme") == (
        f"{SEGMENT}: 16 bytes below the last whole seal; torn or changed there"
    )
    copy(copy(folder, EXAMPLE), b"junk", "0000000010.mbox")
    assert leftover(folder, "acme").startswith("0000000010.mbox: 4 bytes below")
    gzip(folder / "0000000010.mbox")
    assert leftover(folder, "acme").startswith("0000000010.mbox.gz: 4 bytes below")
    with_mark(folder, f"mark acme 9 {SEGMENT} {len(EXAMPLE)} {stamp_of(9)}\n")
    assert leftover(folder, "acme") == ""


def test_chunks_are_no_longer_than_asked(tmp_path: Path) -> None:
    pieces = list(chunks(copy(tmp_path / "a", EXAMPLE), "acme", 7, 1000))
    assert [len(piece) for piece in pieces[:-1]] == [1000] * (len(pieces) - 1)
    assert b"".join(pieces) == EXAMPLE[7:]


@pytest.mark.parametrize("start", [-1, len(EXAMPLE) + 1])
def test_reading_from_beyond_the_end_is_damage_not_silence(tmp_path: Path, start: int) -> None:
    folder = copy(tmp_path / "a", EXAMPLE)
    with pytest.raises(Damaged, match=f"ends at byte {len(EXAMPLE)}, to be read from {start}"):
        read(folder, start)


def test_a_folder_without_an_archive_is_no_input(tmp_path: Path) -> None:
    for folder in (tmp_path / "missing", tmp_path):
        with pytest.raises(NoInput, match="no archive of pit acme"):
            extent(folder, "acme")


def test_another_pits_archive_is_not_read(tmp_path: Path) -> None:
    folder = copy(tmp_path / "a", EXAMPLE)
    with pytest.raises(NoInput, match="no archive of pit acm "):
        extent(folder, "acm")
    with_mark(folder, f"mark acme 5 {SEGMENT} {ENDS[1]} {stamp_of(5)}\n")
    with pytest.raises(Damaged, match="the mark of pit acme, not of acm"):
        extent(folder, "acm")


@pytest.mark.parametrize(
    "line",
    [
        "",
        "mark",
        f"mark acme 5 {SEGMENT} 100 {'0' * 63}\n",
        f"mark acme 5 {SEGMENT} 100 {'0' * 64}",
        f"mark acme 5 {SEGMENT} 100 {'0' * 64}\n\n",
        f"mark acme -5 {SEGMENT} 100 {'0' * 64}\n",
        f"mark acme 5 ../{SEGMENT} 100 {'0' * 64}\n",
        f"mark acme 5 {SEGMENT} {'9' * 5000} {'0' * 64}\n",
    ],
)
def test_a_mark_that_is_not_one_line_of_six_words_is_damaged(tmp_path: Path, line: str) -> None:
    with pytest.raises(Damaged, match="right would be one line `mark PIT"):
        extent(with_mark(copy(tmp_path / "a", EXAMPLE), line), "acme")


def test_a_copy_shorter_than_its_mark_is_damaged(tmp_path: Path) -> None:
    line = f"mark acme 5 {SEGMENT} {ENDS[1]} {stamp_of(5)}\n"
    folder = with_mark(copy(tmp_path / "a", EXAMPLE[: ENDS[1] - 1]), line)
    with pytest.raises(Damaged, match=f"{ENDS[1] - 1} bytes; the mark says {ENDS[1]}"):
        extent(folder, "acme")
    (folder / SEGMENT).unlink()
    with pytest.raises(Damaged, match="missing; the mark says"):
        extent(folder, "acme")


def test_a_file_that_shrinks_while_it_is_read_is_damaged(tmp_path: Path) -> None:
    folder = copy(tmp_path / "a", EXAMPLE + bytes(1 << 16))
    with_mark(folder, f"mark acme 9 {SEGMENT} {len(EXAMPLE) + (1 << 16)} {stamp_of(9)}\n")
    pieces = chunks(folder, "acme", 0, 100)
    next(pieces)
    copy(folder, EXAMPLE)
    with pytest.raises(Damaged, match="cut while being read"):
        list(pieces)


def test_what_cannot_be_read_is_an_io_failure(tmp_path: Path) -> None:
    (tmp_path / "mark").mkdir()
    with pytest.raises(IOFailure, match="mark: Is a directory"):
        extent(tmp_path, "acme")
