"""`pit segments` lists an archive's files, and compresses those that are closed."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from pit.archives.store import Store
from pit.pits.reading import entries_of, fold_of, last_seal
from tests.conftest import Shell


@pytest.fixture(scope="module")
def written(founded: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The club's home with a segment closed at three entries, three times."""
    home = tmp_path_factory.mktemp("cut") / "home"
    shutil.copytree(founded, home)
    club = Shell(home)
    club("send", "--as", "operator", "rule segment-entries 3")
    club("notary")
    for number in range(5):
        club("send", "--as", "alice", f'say "{number}"')
        club("notary")
    return home


@pytest.fixture
def cut(written: Path, tmp_path: Path) -> Shell:
    """`pit` in a copy of it."""
    shutil.copytree(written, tmp_path / "home")
    return Shell(tmp_path / "home")


def listed(shell: Shell) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(shell("segments", "--json"))
    return found


def rows(shell: Shell) -> list[list[str]]:
    return [line.split(maxsplit=4) for line in shell("segments").splitlines()]


def test_a_pit_whose_first_segment_is_open_has_one(club: Shell) -> None:
    (path,) = club.home.archive("acme").glob("*.mbox")
    seal = last_seal(club.home, "acme")
    assert seal is not None
    last, size = str(seal[0] + 1), str(path.stat().st_size)
    heads = ["first", "last", "bytes", "file", "state"]
    assert rows(club) == [heads, ["1", last, size, path.name, "open"]]
    assert club("segments", "--gzip") == club("segments", "--gunzip") == ""


def test_the_notary_begins_a_segment_where_the_rule_says(cut: Shell) -> None:
    entries = list(entries_of(cut.home, "acme"))
    begun = [row[:2] for row in rows(cut)[1:]]
    lasts = [int(last) for _, last in begun]
    assert [int(first) for first, _ in begun] == [1, *(last + 1 for last in lasts[:-1])]
    assert lasts[-1] == entries[-1].number
    assert len(begun) == 4
    for last in lasts:
        assert entries[last - 1].signer == "notary"
    assert lasts[1] - lasts[0] == lasts[2] - lasts[1] == 4  # two batches of an entry and a seal
    sizes = [int(row[2]) for row in rows(cut)[1:]]
    assert sizes == [
        path.stat().st_size for path in sorted(cut.home.archive("acme").glob("*.mbox"))
    ]
    assert [row[4] for row in rows(cut)[1:]] == ["closed", "closed", "closed", "open"]


def test_json_says_the_same_and_what_lies_on_disk(cut: Shell) -> None:
    cut("segments", "--gzip", "1")
    found, shown = listed(cut), rows(cut)[1:]
    for one, row in zip(found, shown, strict=True):
        assert [str(one[key]) for key in ("first", "last", "bytes", "file")] == row[:4]
        path = cut.home.archive("acme") / str(one["file"])
        assert one["on_disk"] == path.stat().st_size
    assert [one["gzip"] for one in found] == [True, False, False, False]
    assert [one["closed"] for one in found] == [True, True, True, False]
    assert shown[0][4] == "closed, gzip"


def outputs(shell: Shell) -> list[bytes]:
    """What verbs that read an archive print of it."""
    numbers = [str(entry.number) for entry in entries_of(shell.home, "acme")]
    cats = [shell.run("cat", number) for number in (numbers[0], numbers[7], numbers[-1])]
    return [*cats, shell.run("read"), shell.run("lines"), shell.run("show", "rules")]


def test_compressed_segments_are_read_as_before_and_written_on_to(cut: Shell) -> None:
    folder = cut.home.archive("acme")
    before, plain = outputs(cut), {p.name: p.read_bytes() for p in folder.glob("*.mbox")}
    said = cut("segments", "--gzip").splitlines()
    assert len(said) == 3
    packed = sorted(folder.glob("*.gz"))
    assert [line.split()[0] for line in said] == [path.name[:-3] for path in packed]
    for path in packed:
        done = subprocess.run(["gzip", "-dc", path], capture_output=True, check=True)
        assert done.stdout == plain[path.name[:-3]]
    assert len(list(folder.glob("*.mbox"))) == 1
    assert outputs(cut) == before
    assert cut("segments", "--gzip") == ""
    cut("send", "--as", "bob", 'say "on"')
    assert "stamped 1" in cut("turn")
    assert fold_of(cut.home, "acme").seal == last_seal(cut.home, "acme")
    assert len(cut("segments", "--gunzip").splitlines()) == 3
    assert {p.name: p.read_bytes() for p in folder.glob("*.mbox")}.items() >= {
        name: data for name, data in plain.items() if name != max(plain)
    }.items()
    assert list(folder.glob("*.gz")) == []


def test_segments_are_named_by_file_or_first_entry(cut: Shell) -> None:
    names = [str(one["file"]) for one in listed(cut)]
    second = str(listed(cut)[1]["first"])
    assert cut("segments", "--gzip", second).startswith(f"{names[1]} ")
    assert cut("segments", "--gzip", names[0], f"{names[1]}.gz").startswith(f"{names[0]} ")
    assert [one["gzip"] for one in listed(cut)] == [True, True, False, False]
    cut("segments", "--gunzip", names[0][:10])
    assert [one["gzip"] for one in listed(cut)] == [False, True, False, False]
    for wrong in (names[3], "2", "x", "../0000000001.mbox", "\x1b[1m", "9" * 200):
        cut("segments", "--gzip", wrong, status=64)
        assert "is no closed segment here; closed are: 0000000001.mbox, " in cut.err
        assert "\x1b" not in cut.err


def test_what_cannot_be_meant_is_a_usage_error(cut: Shell) -> None:
    cut("segments", "1", status=64)
    cut("segments", "--gzip", "--gunzip", status=64)
    cut("segments", "--gzip", "--json", status=64)


def test_nothing_is_compressed_while_somebody_writes(cut: Shell) -> None:
    with Store(cut.home.archive("acme"), "acme"):
        cut("segments", "--gzip", status=75)
        assert len(listed(cut)) == 4
    assert not any(one["gzip"] for one in listed(cut))


def test_a_copy_without_a_mark_is_listed_and_compressed_alike(cut: Shell, tmp_path: Path) -> None:
    folder = cut.home.archive("acme")
    (folder / "mark").unlink()
    shown = rows(cut)
    cut("segments", "--gzip")
    assert [row[:3] for row in rows(cut)] == [row[:3] for row in shown]
    assert len(list(folder.glob("*.mbox"))) == 1
    cut("segments", "-p", "gold", "--gzip", status=66)
    assert not cut.home.archive("gold").exists()


def test_both_files_of_a_segment_become_one_again(cut: Shell) -> None:
    folder = cut.home.archive("acme")
    plain, packed = folder / "0000000001.mbox", folder / "0000000001.mbox.gz"
    for flag, kept in (("--gunzip", plain), ("--gzip", packed)):
        subprocess.run(["gzip", "-kf", plain], check=True)
        assert not listed(cut)[0]["gzip"]
        cut("segments", flag, "1")
        assert {plain, packed} & set(folder.iterdir()) == {kept}
    subprocess.run(["gzip", "-dk", packed], check=True)
    packed.unlink()
    packed.write_bytes(b"torn")
    cut("segments", "--gzip", "1", status=65)
    assert "0000000001.mbox.gz: 4 bytes, and no gzip file" in cut.err
    assert plain.exists() and packed.exists()


@pytest.mark.parametrize(
    ("value", "words"),
    [("50001", "'50001' is too much for `segment-entries`; write at most 50000"), ("0", "'0' is")],
)
def test_a_limit_that_mairix_could_not_follow_is_refused(
    club: Shell, value: str, words: str
) -> None:
    club("send", "--as", "operator", "--unchecked", f"rule segment-entries {value}")
    assert words in club("notary", "-v")
    assert re.search(r"^segment-entries +50000 +50000 ", club("show", "rules"), re.M)
