"""An archive that was changed anywhere is never found to be well."""

import hashlib
import random
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from pit.archives.mbox import Entry
from pit.filters.audit import audit
from tests.e2e.world import NAME, World, join, listing, new_world


@pytest.fixture(scope="module")
def traded() -> Iterator[World]:
    """A small pit with a trade, a refused text and a refused order; only to be read."""
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
    world.say("alice", "buy 9000 ACME @ 9.50")
    world("send", "-p", NAME, "--as", "alice", "--unchecked", "buy 10 ACME @ 12,50")
    world.settled()
    yield world
    world.remove()


@pytest.fixture
def changed(traded: World, tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """Two copies of the archive: one with its mark, and one without, as a mirror has it."""
    home, copy = tmp_path / "home", tmp_path / "copy"
    shutil.copytree(traded.archive, home)
    copy.mkdir()
    shutil.copy(traded.segment, copy)
    assert audit(NAME, home, traded.id).wrong == audit(NAME, copy, traded.id).wrong == ""
    yield home, copy


def wrong(world: World, folder: Path, data: bytes, id: str | None = None) -> str:
    """What the audit of a folder says once these bytes are its archive."""
    (folder / world.segment.name).write_bytes(data)
    return audit(NAME, folder, world.id if id is None else id).wrong


def span(world: World, entry: Entry) -> range:
    """Where an entry stands in the archive."""
    start = world.segment.read_bytes().index(entry.raw)
    return range(start, start + len(entry.raw))


def number_at(world: World, place: int) -> int:
    """Which entry a byte of the archive belongs to."""
    end = 0
    for entry in world.entries():
        end += len(entry.raw)
        if place < end:
            return entry.number
    raise AssertionError(place)


def named(said: str) -> int:
    """The entry that a verdict names; 0 for none."""
    found = re.search(r"entry (\d+)", said)
    return int(found[1]) if found else 0


KINDS = {
    "charter": r"\ncharter ",
    "admission": r"\nadmit ",
    "order": r"\nbuy ",
    "accept": r"\nreport positions ",
    "fill": r"\nreport match ",
    "refusal": r"\nrefused ",
    "seal": r"\nseal ",
}


PARTS = 3
"""The bytes that are changed are dealt out to so many tests, for they take long."""
EVERY = [(kind, part) for part in range(PARTS) for kind in KINDS]
SOON = [(kind, 0) for kind in ("charter", "order", "fill", "seal")]
LATER = [pytest.param(*one, marks=pytest.mark.long) for one in EVERY if one not in SOON]


@pytest.mark.parametrize(("kind", "part"), [*SOON, *LATER])
def test_a_change_of_a_byte_of_any_kind_of_entry_is_found_and_named(
    traded: World, changed: tuple[Path, Path], kind: str, part: int
) -> None:
    entries = [entry for entry in traded.entries() if re.search(KINDS[kind], entry.text)]
    entry = entries[0]
    data = traded.segment.read_bytes()
    home, copy = changed
    step = 2 if kind in ("order", "seal") else 4  # the others are made of the same parts
    for count, at in enumerate(list(span(traded, entry))[part * step :: PARTS * step]):
        bad = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        said = wrong(traded, home if count % 2 else copy, bad)
        assert said, f"byte {at - span(traded, entry).start} of entry {entry.number}"
        assert named(said) in (entry.number - 1, entry.number, entry.number + 1, 0), said


def test_a_change_of_any_byte_anywhere_is_found(traded: World, changed: tuple[Path, Path]) -> None:
    data = traded.segment.read_bytes()
    dice = random.Random(2)
    found = 0
    for _ in range(150):
        at = dice.randrange(len(data))
        byte = dice.choice([b"", b"\n", b" ", b"\0", b"\xff", b">", bytes([data[at] ^ 32])])
        bad = data[:at] + byte + data[at + 1 :]
        if bad == data:
            continue
        found += 1
        for folder in changed:
            said = wrong(traded, folder, bad)
            assert said, (at, byte)
            near = number_at(traded, at)
            assert named(said) in (0, near - 1, near, near + 1), (said, at, near)
    assert found > 130


def test_a_byte_too_many_anywhere_is_found(traded: World, changed: tuple[Path, Path]) -> None:
    data = traded.segment.read_bytes()
    dice = random.Random(3)
    for _ in range(60):
        at = dice.randrange(len(data))
        bad = data[:at] + dice.choice([b"\n", b" ", b"x", b"From ", b"\r"]) + data[at:]
        for folder in changed:
            assert wrong(traded, folder, bad), at


def rebuilt(entries: list[Entry]) -> bytes:
    return b"".join(entry.raw for entry in entries)


def test_entries_swapped_dropped_doubled_or_moved_are_found(
    traded: World, changed: tuple[Path, Path]
) -> None:
    entries = traded.entries()
    for at in range(len(entries) - 1):
        swapped = [*entries[:at], entries[at + 1], entries[at], *entries[at + 2 :]]
        dropped = [*entries[:at], *entries[at + 1 :]]
        doubled = [*entries[: at + 1], *entries[at:]]
        moved = [*dropped, entries[at]]
        for changes in (swapped, dropped, doubled, moved):
            for folder in changed:
                assert wrong(traded, folder, rebuilt(changes)), at


def test_an_archive_cut_short_is_found_but_at_a_seal_where_only_the_mark_knows(
    traded: World, changed: tuple[Path, Path]
) -> None:
    data = traded.segment.read_bytes()
    home, copy = changed
    ends = set()
    size = 0
    for entry in traded.entries():
        size += len(entry.raw)
        if "\nseal " in entry.text:
            ends.add(size)
    dice = random.Random(4)
    places = {dice.randrange(len(data) // 3, len(data)) for _ in range(60)}
    for at in sorted(places | ends | {end - 1 for end in ends} | {end + 1 for end in ends}):
        if at < len(data):
            assert wrong(traded, home, data[:at]), at
            (copy / traded.segment.name).write_bytes(data[:at])
            if at in ends:  # a prefix that ends with a seal is an archive: an older one
                assert audit(NAME, copy, traded.id).wrong == ""
            elif at > min(ends):
                assert audit(NAME, copy, traded.id).wrong, at


def test_what_stands_below_the_last_seal_is_found(
    traded: World, changed: tuple[Path, Path]
) -> None:
    data, (_, copy) = traded.segment.read_bytes(), changed
    entry = traded.entries()[-2].raw
    for more in (b"\n", b"x", b"From ", b"garbage\n\n", entry, data[-300:]):
        assert wrong(traded, copy, data + more), more


def test_a_second_segment_of_junk_is_found(traded: World, changed: tuple[Path, Path]) -> None:
    for folder in changed[1:]:
        shutil.copy(traded.segment, folder)
        (folder / "0000000999.mbox").write_bytes(b"garbage\n\n")
        assert audit(NAME, folder, traded.id).wrong


def test_another_pit_of_the_same_name_is_not_this_one(
    traded: World, changed: tuple[Path, Path]
) -> None:
    other = new_world()
    try:
        other("new", NAME, "--title", "Another")
        theirs, ours = other.entries(), traded.entries()
        assert wrong(traded, changed[1], rebuilt(theirs))
        assert other.id in wrong(traded, changed[1], rebuilt(theirs))
        for mixed in ([theirs[0], *ours[1:]], [*theirs, *ours[2:]], [ours[0], *theirs[1:]]):
            for folder in changed:
                assert wrong(traded, folder, rebuilt(mixed))
    finally:
        other.remove()


def test_a_wrong_id_and_a_wrong_name_are_found(traded: World, changed: tuple[Path, Path]) -> None:
    data, (_, copy) = traded.segment.read_bytes(), changed
    for id in ("0" * 64, traded.id[:16], traded.id.upper(), hashlib.sha256(b"").hexdigest()):
        assert wrong(traded, copy, data, id)
    traded("audit", str(copy), "--id", "0" * 64, status=65)
    traded("audit", str(copy), "--id", traded.id)
    traded("audit", str(copy), "-p", "other", "--id", traded.id, status=66)


def test_the_command_audits_a_copy_with_nothing_else_at_hand(
    traded: World, changed: tuple[Path, Path], empty: World
) -> None:
    home, copy = changed
    for folder in (home, copy):
        said = empty("audit", str(folder), "--id", traded.id)
        assert said.endswith("verdict     the archive is what it says it is\n")
        assert f"id {traded.id}" in said
    data = traded.segment.read_bytes()
    at = data.index(b"\nbuy 100 ACME") + 5
    bad = data[:at] + b"9" + data[at + 1 :]
    (copy / traded.segment.name).write_bytes(bad)
    said = empty("audit", str(copy), "--id", traded.id, status=65)
    assert re.search(rf"\nverdict     entry {number_at(traded, at)}: ", said)
    assert "what it says it is" not in said


def test_no_view_is_shown_of_a_changed_order(traded: World) -> None:
    world = traded.copy()
    try:
        mail = world.mail("alice", "sell 1 ACME @ 9.40")
        data = world.segment.read_bytes()
        at = data.index(b"\nbuy 100 ACME") + 5
        world.segment.write_bytes(data[:at] + b"9" + data[at + 1 :])
        for path in world.home.checkpoints(NAME).iterdir():
            path.unlink()
        for args in (["show", "holdings"], ["lines"], ["run", "match"], ["statement", "alice"]):
            world(*args, "-p", NAME, status=65)
            assert "entry " in world.err
        world.deliver(mail)
        world("notary", "-p", NAME, status=65)
        world("turn", "-p", NAME, status=65)
        assert [path.read_bytes() for path in world.spool()] == [mail]
        world("send", "-p", NAME, "--as", "alice", 'say "hello"', status=65)
    finally:
        world.remove()
