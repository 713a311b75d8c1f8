"""`pit mirror`: real rsync, real notaries; what a replica takes, and what it never does."""

import fcntl
import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pit.archives.extent import chunks
from pit.archives.segment import list_segments
from pit.filters import replica as files
from pit.filters.audit import audit
from tests.conftest import environment
from tests.moderator.world import NAME, copied
from tests.pits.forks import Forks, forked, orders, pit, run

KILLING = Path(__file__).parent.parent / "e2e" / "killing"
SEGMENT = "0000000001.mbox"


@pytest.fixture(scope="module")
def forks() -> Iterator[Forks]:
    """Not to be changed."""
    with forked() as made:
        yield made


@pytest.fixture(scope="module")
def rotated(forks: Forks) -> Iterator[list[Path]]:
    """A pit whose archive has several files, after each of its batches; the last one is whole.

    Each is the notary's own folder as it was, with its mark.
    """
    with ExitStack() as stack:
        world = stack.enter_context(copied(forks["trunk"].world))
        folders = []
        rule = world.mail("rule segment-entries 3\n", "operator")
        for batch, mails in enumerate([[rule], *(orders(world, f"r{n}", 2) for n in range(4))]):
            run(world, *mails)
            kept = world.home.root / f"after-{batch}"
            shutil.copytree(world.home.archive(NAME), kept)
            folders.append(kept)
        assert len(list_segments(folders[-1])) > 3
        yield folders


class Replica:
    """A replica in a home of its own. id: of the pit."""

    def __init__(self, folder: Path, id: str) -> None:
        self.home, self.folder, self.id = folder / "home", folder / "replica", id
        self.said = self.wrong = ""

    def __call__(self, *sources: object, status: int = 0, more: tuple[str, ...] = ()) -> list[str]:
        """Mirror; the words of the outcomes."""
        args = ["mirror", "--id", self.id, *more, "--", *map(str, sources), str(self.folder)]
        done = pit(self.home, *args)
        self.said, self.wrong = done.text, done.err
        assert done.status == status, (done.status, done.text, done.err)
        lines = [line for line in (done.text + done.err).splitlines() if ": " in line]
        assert not (self.folder / ".incoming").exists()
        return [line.removeprefix("pit mirror: ").split(": ")[1] for line in lines]

    def rows(self, *sources: object, status: int = 0) -> list[dict[str, object]]:
        """The outcomes as JSON."""
        args = ["mirror", "--id", self.id, "--json", *map(str, sources), str(self.folder)]
        done = pit(self.home, *args)
        assert done.status == status, (done.status, done.text, done.err)
        found: list[dict[str, object]] = json.loads(done.text)
        return found

    @property
    def bytes(self) -> bytes:
        """All that may be read."""
        return readable(self.folder)

    @property
    def files(self) -> dict[str, bytes]:
        """The files in it, with their bytes."""
        return {path.name: path.read_bytes() for path in self.folder.iterdir() if path.is_file()}

    @property
    def refused(self) -> list[Path]:
        """What was kept aside."""
        return sorted((self.folder / "refused").glob("*"))

    def holds(self, source: Path) -> None:
        """It has what the source has, and nothing else."""
        assert self.bytes == readable(source)
        assert audit(NAME, self.folder, self.id, filters=()).wrong == ""
        segments = [name for name in self.files if ".mbox" in name]
        assert {name for name in self.files if not name[:10].isdigit()} == {"lock"}
        assert len({name[:10] for name in segments}) == len(segments)


def readable(folder: Path) -> bytes:
    return b"".join(chunks(folder, NAME))


@pytest.fixture
def replica(forks: Forks, tmp_path: Path) -> Replica:
    return Replica(tmp_path, forks.id)


def alter(path: Path, old: bytes, new: bytes) -> None:
    """Change bytes in a file, so that its size and its times are as before."""
    data, times = path.read_bytes(), path.stat()
    assert data.count(old) >= 1 and len(old) == len(new)
    path.write_bytes(new.join(data.rsplit(old, 1)))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


# --- growing ------------------------------------------------------------------------------------


def test_a_replica_grows_by_what_its_source_has(
    forks: Forks, replica: Replica, tmp_path: Path
) -> None:
    short = forks["left"].write(tmp_path / "short", 10)
    long = forks["left"].write(tmp_path / "long")
    assert replica(short) == ["new"]
    assert replica.said == f"{short}: new: 11 entries, up to 11, verified\n"
    replica.holds(short)
    assert replica(short) == ["same"]
    assert replica(long) == ["new"]
    assert replica.said == f"{long}: new: 8 entries, up to 19, verified\n"
    replica.holds(long)
    assert replica.wrong == ""
    assert replica.rows(long) == [
        {
            "source": str(long),
            "word": "same",
            "entries": 19,
            "why": "nothing new since entry 19",
            "aside": "",
        }
    ]


def test_the_id_is_needed_the_first_time_only(forks: Forks, replica: Replica) -> None:
    source = forks["trunk"].folder
    first = pit(replica.home, "mirror", source, replica.folder)
    assert first.status == 66
    assert "say the pit's id with --id" in first.err
    assert not replica.folder.exists()
    replica(source)
    assert pit(replica.home, "mirror", source, replica.folder).status == 0
    other = pit(replica.home, "mirror", "--id", "0" * 64, source, replica.folder)
    assert other.status == 65
    assert "the pit's id is 00" in other.err


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_of_a_notary_at_work_what_is_sealed_comes_over_and_nothing_else(
    forks: Forks, tmp_path: Path, data: st.DataObject
) -> None:
    history = forks["left"]
    size = data.draw(st.sampled_from([3, 7, 10, 12, 16]))
    (folder := tmp_path / "sources").mkdir(exist_ok=True)
    source = history.write(folder / str(len(list(folder.iterdir()))), size)
    sealed = readable(source)
    rest = b"".join(entry.raw for entry in history.entries[size + 1 :])
    until = len(rest) - len(history.entries[-1].raw)
    tail = rest[: data.draw(st.integers(0, until))]
    if data.draw(st.booleans()):  # it begins a new segment
        (source / f"{size + 2:010d}.mbox").write_bytes(tail)
    else:
        with (source / SEGMENT).open("ab") as file:
            file.write(tail)
    for name in ("mark", "next", "lock", f"{SEGMENT[:10]}.offsets", ".next.1234", ".new.1.mbox"):
        (source / name).write_bytes(b"not for you")
    replica = Replica(folder / f"of-{source.name}", forks.id)
    assert replica(source) == ["new"]
    assert replica.bytes == readable(without_mark(source))
    assert replica.bytes.startswith(sealed)
    assert audit(NAME, replica.folder, forks.id, filters=()).wrong == ""
    assert replica.files.keys() - {"lock"} <= {SEGMENT, f"{size + 2:010d}.mbox"}
    assert b"not for you" not in b"".join(replica.files.values())


def without_mark(folder: Path) -> Path:
    (folder / "mark").unlink(missing_ok=True)
    return folder


def test_several_files_come_over_as_the_notary_writes_them(
    rotated: list[Path], replica: Replica
) -> None:
    for folder in rotated:
        assert replica(folder) == ["new"]
        replica.holds(folder)
        closed = list_segments(replica.folder)[:-1]
        assert all(not path.stat().st_mode & 0o222 for path in closed)
    names = {path.name for path in list_segments(rotated[-1])}
    assert replica.files.keys() == names | {"lock"}


def gzipped(source: Path, folder: Path, count: int) -> Path:
    """A copy whose first files are gzipped."""
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("mark", "lock"))
    for path in list_segments(folder)[:count]:
        (folder / f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes(), mtime=0))
        path.unlink()
    return folder


def test_a_gzipped_file_at_the_source_is_one_here(
    rotated: list[Path], replica: Replica, tmp_path: Path
) -> None:
    replica(gzipped(rotated[2], tmp_path / "some", 1))
    replica.holds(rotated[2])
    replica(gzipped(rotated[-1], tmp_path / "more", 3))
    replica.holds(rotated[-1])
    assert f"{SEGMENT}.gz" in replica.files


def test_whoever_gzips_here_keeps_it_so_and_is_not_sent_it_again(
    rotated: list[Path], replica: Replica, tmp_path: Path
) -> None:
    replica(rotated[3])
    home = tmp_path / "home"
    (home / "archives").mkdir(parents=True)
    (home / "archives" / NAME).symlink_to(replica.folder)
    assert pit(home, "segments", "-p", NAME, "--gzip").status == 0
    before = {path: path.stat().st_ino for path in list_segments(replica.folder)[:-1]}
    assert before and all(path.suffix == ".gz" for path in before)
    for source in (rotated[3], rotated[-1]):
        replica(source)
        replica.holds(source)
        assert {path: path.stat().st_ino for path in before} == before
    whole = gzipped(rotated[-1], tmp_path / "gz", 3)
    plain = Replica(tmp_path / "other", replica.id)
    plain(rotated[-1])
    plain(whole)  # and the other way round
    assert all(name.endswith(".mbox") for name in plain.files if name != "lock")


def test_what_ends_inside_a_file_that_is_gzipped_here_is_known_to_be_behind(
    rotated: list[Path], replica: Replica, tmp_path: Path
) -> None:
    here = gzipped(rotated[-1], replica.folder, 2)
    assert replica(rotated[0], status=75) == ["behind"]
    assert "it ends at entry 13; " in replica.wrong
    replica.holds(here)
    short = tmp_path / "first"
    short.mkdir()
    shutil.copy(list_segments(rotated[-1])[0], short)
    assert replica(short, status=75) == ["behind"]


def test_a_file_lent_from_here_does_not_hide_that_the_source_has_another_history(
    forks: Forks, rotated: list[Path], replica: Replica, tmp_path: Path
) -> None:
    with copied(forks["twin"].world) as world:
        run(world, world.mail("rule segment-entries 1\n", "operator"))
        run(world, *orders(world, "on", 2))
        assert len(list_segments(world.home.archive(NAME))) > 1
        gzipped(rotated[-1], replica.folder, 2)
        assert replica(world.home.archive(NAME), status=1) == ["forked"]


def test_a_source_that_is_written_meanwhile_is_taken_up_to_a_seal(
    forks: Forks, replica: Replica, tmp_path: Path
) -> None:
    with copied(forks["trunk"].world) as world:
        run(world, world.mail("rule segment-entries 3\n", "operator"))
        source = world.home.archive(NAME)
        (go := tmp_path / "go").touch()
        notary = f"{sys.executable} -m pit.pits.command notary -p {NAME}"
        env = environment(PIT_HOME=str(world.home.root))
        loop = ["bash", "-c", f"cd /; while [ -e {go} ]; do {notary} >/dev/null || exit; done"]
        words = []
        with subprocess.Popen(loop, env=env) as writing:
            for mail in orders(world, "busy", 12):
                world.put(mail)
                words += replica(source)
                assert audit(NAME, replica.folder, replica.id, filters=()).wrong == ""
            go.unlink()
        assert writing.returncode == 0
        replica(source)
        replica.holds(source)
        assert words.count("new") > 2


def test_a_source_whose_files_are_gzipped_and_back_meanwhile_is_never_called_damaged(
    rotated: list[Path], replica: Replica, tmp_path: Path
) -> None:
    source = gzipped(rotated[-1], tmp_path / "source", 0)
    (go := tmp_path / "go").touch()
    turning = f"""
import time
from pathlib import Path
from pit.archives.segment import gunzip, gzip
while Path({str(go)!r}).exists():
    for exchange, name in ((gzip, {SEGMENT!r}), (gunzip, {SEGMENT!r} ".gz")):
        time.sleep(0.03)
        exchange(Path({str(source)!r}) / name)
"""
    with subprocess.Popen([sys.executable, "-c", turning], cwd="/") as gzipping:
        for _ in range(8):
            shutil.rmtree(replica.folder, ignore_errors=True)
            words = {row["word"] for row in rows(replica, source)}
            assert words <= {"new", "missing"}  # three times vanished under its hands
        go.unlink()
    assert gzipping.returncode == 0
    shutil.rmtree(replica.folder)
    replica(source)
    replica.holds(rotated[-1])


def rows(replica: Replica, source: Path) -> list[dict[str, object]]:
    """The outcomes, whatever the status."""
    args = ("mirror", "--id", replica.id, "--json", source, replica.folder)
    found: list[dict[str, object]] = json.loads(pit(replica.home, *args).text)
    return found


# --- several sources ----------------------------------------------------------------------------


def test_the_longest_is_taken_and_what_is_wrong_with_another_does_not_stop_it(
    forks: Forks, replica: Replica, tmp_path: Path
) -> None:
    replica(forks["left"].write(tmp_path / "start", 7))
    behind = forks["left"].write(tmp_path / "behind", 3)
    middle = forks["left"].write(tmp_path / "middle", 12)
    longest = forks["left"].write(tmp_path / "longest")
    broken = forks["left"].write(tmp_path / "broken")
    alter(broken / SEGMENT, b"buy 1 ACME", b"buy 9 ACME")
    words = replica(behind, tmp_path / "no", broken, middle, longest, status=65)
    assert words == ["new", "new", "behind", "missing", "damaged"]
    assert f"{middle}: new: 5 entries, up to 13, verified\n" in replica.said
    replica.holds(longest)
    assert replica(longest, tmp_path / "no", behind, status=66) == ["same", "missing", "behind"]
    assert replica(longest, behind, status=75) == ["same", "behind"]


def test_two_histories_are_refused_and_kept_with_evidence_that_anybody_can_check(
    forks: Forks, replica: Replica
) -> None:
    replica(forks["left"].folder)
    before = replica.files
    for fork in ("right", "twin", "early"):
        row = replica.rows(forks[fork].folder, status=1)[0]
        assert row["word"] == "forked"
        aside = Path(str(row["aside"]))
        assert readable(aside) == readable(forks[fork].folder)
        checked = pit(replica.home, "verify", "--id", replica.id, aside / "evidence.txt")
        assert checked.status == 65
        assert f"two histories: {row['why']}" in checked.text
    assert replica.files == before
    assert len(replica.refused) == 3


def test_a_fork_that_comes_every_hour_is_kept_once(forks: Forks, replica: Replica) -> None:
    replica(forks["left"].folder)
    kept = set()
    for size in (13, 15, 0):  # it grows
        source = forks["right"].write(replica.home.parent / str(size), size)
        shutil.rmtree(replica.home.parent / "right", ignore_errors=True)
        source.rename(source := replica.home.parent / "right")
        assert replica(source, status=1) == ["forked"]
        (aside,) = replica.refused
        kept.add((aside / SEGMENT).read_bytes())
        assert (aside / "evidence.txt").exists()
    assert len(kept) == 1


def test_of_two_sources_that_contradict_each_other_none_is_taken(
    forks: Forks, replica: Replica, tmp_path: Path
) -> None:
    one, other = forks["left"].folder, forks["right"].folder
    assert replica(one, other, status=1) == ["forked", "forked"]
    assert set(replica.files) == {"lock"}
    assert len(replica.refused) == 2
    replica(forks["trunk"].folder)
    before = replica.bytes
    assert replica(one, other, forks["trunk"].folder, status=1) == ["same", "forked", "forked"]
    assert replica.bytes == before


def test_while_one_contradicts_what_is_here_another_waits(forks: Forks, replica: Replica) -> None:
    part = forks["left"].write(replica.folder, 12)
    assert replica(forks["right"].folder, forks["left"].folder, status=1) == ["forked", "waits"]
    assert replica.bytes == readable(part)
    assert len(replica.refused) == 1
    assert replica(forks["left"].folder) == ["new"]


def test_the_idle_seal_of_another_minute_is_another_history(forks: Forks, replica: Replica) -> None:
    replica(forks["idle"].folder)
    assert replica(forks["late"].folder, status=1) == ["forked"]
    assert replica(forks["trunk"].folder, status=75) == ["behind"]


# --- what does not hold -------------------------------------------------------------------------


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(at=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_changed_byte_with_the_same_size_and_time_is_seen(
    forks: Forks, tmp_path: Path, at: float, bit: int
) -> None:
    folder = tmp_path / str(len(list(tmp_path.iterdir())))
    source, replica = forks["left"].write(folder / "source"), Replica(folder, forks.id)
    replica(source)
    before = replica.files
    data, times = bytearray((source / SEGMENT).read_bytes()), (source / SEGMENT).stat()
    data[int(at * data.rindex(b"\nFrom "))] ^= 1 << bit
    (source / SEGMENT).write_bytes(data)
    for path in (source / SEGMENT, replica.folder / SEGMENT):
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert replica(source, status=65) == ["damaged"]
    assert replica.files == before


def test_a_last_seal_that_is_not_whole_is_no_seal(
    forks: Forks, replica: Replica, tmp_path: Path
) -> None:
    source = forks["left"].write(tmp_path / "source")
    replica(source)
    alter(source / SEGMENT, b"\nseal 18\n", b"\nseal 81\n")
    assert replica(source, status=75) == ["behind"]
    assert replica.wrong == f"pit mirror: {source}: behind: it ends at entry 17; 19 stand here\n"
    assert replica.refused == []


def test_the_damaged_copy_that_a_source_had_last_is_kept(
    forks: Forks, replica: Replica, tmp_path: Path
) -> None:
    source = forks["left"].write(tmp_path / "source")
    for old, new in ((b"buy 1 ACME", b"buy 2 ACME"), (b"buy 2 ACME", b"buy 3 ACME")):
        alter(source / SEGMENT, old, new)
        assert replica(source, status=65) == ["damaged"]
        (aside,) = replica.refused
        assert replica.wrong.endswith(f"; kept in {aside}\n")
        assert new in (aside / SEGMENT).read_bytes()


def no_file(folder: Path) -> None:
    (folder / SEGMENT).unlink()


def symlink(folder: Path) -> None:
    (folder / SEGMENT).rename(folder / "real")
    (folder / SEGMENT).symlink_to("real")


def foreign_symlink(folder: Path) -> None:
    (folder / "0000000020.mbox").symlink_to("/etc/passwd")


def fifo(folder: Path) -> None:
    os.mkfifo(folder / "0000000020.mbox")


def directory(folder: Path) -> None:
    (folder / "0000000020.mbox").mkdir()
    (folder / "0000000020.mbox" / SEGMENT).write_text("x")


def bomb(folder: Path) -> None:
    member = gzip.compress(bytes(1 << 20))
    (folder / "0000000020.mbox.gz").write_bytes(member[:-4] + (1 << 31).to_bytes(4, "little"))


def no_gzip(folder: Path) -> None:
    (folder / "0000000020.mbox.gz").write_bytes(b"\x1f\x8b, or so they say")


def misnamed(folder: Path) -> None:
    (folder / SEGMENT).rename(folder / "0000000002.mbox")


def missing_first(folder: Path) -> None:
    data = (folder / SEGMENT).read_bytes()
    (folder / "0000000005.mbox").write_bytes(data[data.index(b"From 5@") :])
    (folder / SEGMENT).unlink()


def zeros(folder: Path) -> None:
    (folder / SEGMENT).write_bytes(bytes(1 << 16))


def a_later_seal_that_nobody_signed(folder: Path) -> None:
    data = (folder / SEGMENT).read_bytes()
    end = data.index(b"From 12@")
    (folder / SEGMENT).write_bytes(data[:end] + data[end:].replace(b"=\n-----END", b"A\n-----END"))


HOSTILE = {
    no_file: 66,
    symlink: 65,
    foreign_symlink: 65,
    fifo: 65,
    directory: 65,
    bomb: 65,
    no_gzip: 65,
    misnamed: 65,
    missing_first: 65,
    zeros: 65,
}


@pytest.mark.parametrize("make", HOSTILE, ids=lambda make: make.__name__)
def test_a_source_that_is_no_archive_is_refused_and_nothing_changes(
    forks: Forks, replica: Replica, tmp_path: Path, make: object
) -> None:
    replica(forks["left"].write(tmp_path / "good", 10))
    before = replica.files
    make(forks["left"].write(tmp_path / "source"))  # type: ignore[operator]
    words = replica(tmp_path / "source", status=HOSTILE[make])  # type: ignore[index]
    assert words == ["missing" if make is no_file else "damaged"]
    assert str(replica.folder / ".incoming") not in replica.wrong
    assert replica.files == before
    assert not any(path.is_symlink() for path in replica.folder.rglob("*"))


def test_files_of_other_names_stay_where_they_are(
    forks: Forks, replica: Replica, tmp_path: Path
) -> None:
    source = forks["left"].write(tmp_path / "source")
    for name in ("-e sh", "--rsh=sh", "0\x1b[2J\n.mbox", "00000000001.mbox", ".mbox", "$(id).mbox"):
        (source / name).write_text("hostile")
    replica(source)
    assert set(replica.files) == {SEGMENT, "lock"}


def test_a_file_larger_than_any_segment_is_not_fetched(
    forks: Forks, replica: Replica, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "LARGEST", "1M")  # of GiB the reading alone takes seconds
    source = forks["left"].write(tmp_path / "source")
    os.truncate(source / SEGMENT, 1 << 21)
    assert replica(source, status=65) == ["damaged"]
    assert "is over max-size; a segment is a plain file of at most 1M" in replica.wrong
    assert [list(folder.iterdir()) for folder in replica.refused] == [[]]


@pytest.mark.parametrize("source", ["", "-e touch x", "--rsh=touch x", "-oProxyCommand=x:y"])
def test_a_source_that_looks_like_an_option_is_none(replica: Replica, source: str) -> None:
    done = pit(replica.home, "mirror", "--id", replica.id, "--", source, replica.folder)
    assert done.status == 64
    assert f"'{source}' is no source; write FOLDER, ./FOLDER or HOST:FOLDER" in done.err
    assert not replica.folder.exists()


def test_what_stands_in_a_name_cannot_steer_the_terminal(
    forks: Forks, replica: Replica, tmp_path: Path
) -> None:
    source = forks["left"].write(tmp_path / "\x1b[2J\u202egnp.\u200b\udcff")  # and no UTF-8
    replica(source)
    assert replica.said[:-1].isprintable()
    alter(source / SEGMENT, b"buy 1 ACME", b"buy 2 ACME")
    replica(source, tmp_path / "\x1b]0;none\a", status=65)
    assert all(line.isprintable() for line in replica.wrong.splitlines())
    assert all(path.name.isascii() and path.name.isprintable() for path in replica.refused)


def test_the_archive_of_another_pit_is_refused(forks: Forks, replica: Replica) -> None:
    replica.id = "0" * 64
    assert replica(forks["left"].folder, status=65) == ["damaged"]
    assert f"the pit's id is {forks.id}, not {'0' * 64}" in replica.wrong
    assert set(replica.files) == {"lock"}


def test_an_archive_that_is_cut_into_other_files_is_not_put_over_this_one(
    forks: Forks, rotated: list[Path], replica: Replica, tmp_path: Path
) -> None:
    replica(rotated[3])
    before = replica.files
    (joined := tmp_path / "joined").mkdir()
    (joined / SEGMENT).write_bytes(readable(rotated[-1]))
    assert replica(joined, status=65) == ["damaged"]
    assert replica.files == before
    assert replica(joined, rotated[-1], status=65) == ["new", "damaged"]
    replica.holds(rotated[-1])


def test_an_archive_that_is_cut_elsewhere_in_the_middle_is_not_put_over_this_one(
    rotated: list[Path], replica: Replica, tmp_path: Path
) -> None:
    replica(rotated[3])
    before = replica.files
    source = gzipped(rotated[-1], tmp_path / "source", 0)
    second = list_segments(source)[1]
    data = (source / SEGMENT).read_bytes() + second.read_bytes()
    for closed in (second, source / SEGMENT):  # read-only: made anew, not written
        closed.unlink()
    at = data.index(b"From 5@")
    (source / SEGMENT).write_bytes(data[:at])
    (source / "0000000005.mbox").write_bytes(data[at:])
    assert audit(NAME, source, replica.id, filters=()).wrong == ""
    assert replica(source, status=65) == ["damaged"]
    assert replica.files == before


def test_files_that_are_not_named_by_their_first_entry_are_not_taken(
    forks: Forks, replica: Replica, tmp_path: Path
) -> None:
    source = forks["left"].write(tmp_path / "source")
    misnamed(source)
    assert replica(source, status=65) == ["damaged"]
    assert "0000000002.mbox: begins with b'From 1@acme.pit '; by its name" in replica.wrong
    assert set(replica.files) == {"lock"}


# --- from another host --------------------------------------------------------------------------


@pytest.fixture
def rsh(tmp_path: Path) -> str:
    """A remote shell that runs what it is given here, in $HOME, as rsync's own tests have it."""
    script = tmp_path / "rsh"
    script.write_text('#!/bin/sh\nshift\ncd "$REMOTE" && exec sh -c "$*"\n')
    script.chmod(0o755)
    return str(script)


def test_a_replica_grows_from_another_host(
    rotated: list[Path], replica: Replica, tmp_path: Path, rsh: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = tmp_path / "there"
    monkeypatch.setenv("REMOTE", str(there))
    for count, folder in enumerate(rotated[2:]):
        shutil.rmtree(there, ignore_errors=True)
        gzipped(folder, there / "a folder" / "acme", count)
        places = ["host:a folder/acme", "host:a folder/acme/", f"host:{there}/a folder/acme"]
        words = replica(*places, more=("--rsh", rsh))
        assert words == ["new"] * 3
        replica.holds(folder)
    monkeypatch.setenv("REMOTE", str(there / "a folder" / "acme"))
    assert replica("host:", more=("--rsh", rsh)) == ["same"]
    assert replica("host:nowhere", status=66, more=("--rsh", rsh)) == ["missing"]
    assert "No such file or directory" in replica.wrong
    assert replica("host:", status=66, more=("--rsh", "/no/shell")) == ["missing"]


def test_a_folder_with_a_colon_in_its_name_is_written_with_a_dot(
    forks: Forks, replica: Replica, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    forks["left"].write(tmp_path / "a:b")
    assert replica("./a:b") == ["new"]
    done = pit(replica.home, "mirror", "--id", replica.id, "./a:b", "host:copy")
    assert done.status == 64
    assert "a replica is kept in a folder on this host" in done.err


# --- the folder that it is kept in --------------------------------------------------------------


def test_an_archive_that_a_notary_writes_is_no_replica(forks: Forks, replica: Replica) -> None:
    with copied(forks["trunk"].world) as world:
        folder = world.home.archive(NAME)
        before = {path: path.read_bytes() for path in folder.iterdir()}
        done = pit(replica.home, "mirror", "--id", forks.id, forks["left"].folder, folder)
        assert done.status == 77
        assert "it has a mark, so a notary writes it" in done.err
        assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_there_is_one_mirror_at_a_time(forks: Forks, replica: Replica) -> None:
    replica(forks["trunk"].folder)
    with (replica.folder / "lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = pit(replica.home, "mirror", forks["left"].folder, replica.folder)
        assert done.status == 75
    assert replica(forks["left"].folder) == ["new"]


def test_a_place_where_none_can_be_kept_is_named(
    forks: Forks, replica: Replica, tmp_path: Path
) -> None:
    replica.folder.write_text("a file")
    assert replica(forks["left"].folder, status=73) == ["Not a directory"]
    assert f"pit mirror: {replica.folder}/lock: " in replica.wrong
    replica.folder.unlink()
    replica.folder.mkdir()
    (replica.folder / ".incoming").write_text("a file")
    done = pit(replica.home, "mirror", "--id", replica.id, forks["left"].folder, replica.folder)
    assert done.status == 74
    assert str(replica.folder / ".incoming") in done.err


def test_what_is_no_replica_of_this_pit_is_left_alone(
    forks: Forks, replica: Replica, tmp_path: Path
) -> None:
    replica.folder.mkdir()
    (replica.folder / SEGMENT).write_text("From me Thu Jan  1 00:00:00 1970\n\nmy own mail\n\n")
    before = replica.files
    replica(forks["left"].folder, status=65)
    assert "put it aside" in replica.wrong
    assert replica.files == before | {"lock": b""}


def test_a_replica_whose_bytes_its_seals_do_not_close_is_mended_and_the_bytes_are_kept(
    forks: Forks, replica: Replica
) -> None:
    source = forks["left"].folder
    replica(source)
    alter(replica.folder / SEGMENT, b"From: Alice", b"From: Mallo")
    assert audit(NAME, replica.folder, forks.id, filters=()).wrong
    assert replica(source) == ["mended"]
    replica.holds(source)
    assert b"From: Mallo" in (replica.folder / "refused" / "before" / SEGMENT).read_bytes()
    assert replica(source) == ["same"]


def test_a_replica_that_cannot_be_read_any_more_is_left_to_a_person(
    forks: Forks, replica: Replica
) -> None:
    replica(forks["trunk"].folder)
    alter(replica.folder / SEGMENT, b"buy 1 ACME", b"buy 7 ACME")
    before = replica.files
    replica(forks["left"].folder, status=65)
    assert "or was damaged: put it aside" in replica.wrong
    assert replica.files == before


def test_a_torn_end_of_a_replica_is_put_right(forks: Forks, replica: Replica) -> None:
    replica(forks["left"].folder)
    with (replica.folder / SEGMENT).open("ab") as file:
        file.write(b"From 20@acme.pit torn")
    assert replica(forks["left"].folder) == ["same"]
    replica.holds(forks["left"].folder)


def test_what_was_verified_is_noted_for_the_next_time(
    rotated: list[Path], replica: Replica
) -> None:
    for folder in rotated:
        replica(folder)
        (note,) = (replica.home / "audits").glob("*.json")
        found = audit(NAME, replica.folder, replica.id, keep=note, filters=())
        assert found.resumed == found.entries == len(readable(folder).split(b"\nPit-Entry: ")) - 1


def test_what_the_note_has_the_hash_of_is_not_verified_again(
    forks: Forks, replica: Replica, tmp_path: Path
) -> None:
    replica(forks["left"].write(tmp_path / "short", 12))
    alter(replica.folder / SEGMENT, b"From: Alice", b"From: Mallo")
    (note,) = (replica.home / "audits").glob("*.json")
    document = json.loads(note.read_bytes())
    document["sha256"] = sha256(replica.bytes).hexdigest()  # as if that had been verified
    data = json.dumps(document).encode()
    note.write_bytes(data)
    digest = f"{sha256(data).hexdigest()}  {note.name}\n"
    note.with_name(f"{note.name}.sha256").write_text(digest)
    rest = readable(forks["left"].folder)[len(replica.bytes) :]
    (source := tmp_path / "source").mkdir()
    (source / SEGMENT).write_bytes(replica.bytes + rest)
    assert replica(source) == ["new"]
    shutil.rmtree(replica.home / "audits")
    assert replica(source, status=65) == ["damaged"]


def test_in_a_home_s_own_archives_a_replica_is_read_by_every_verb(
    rotated: list[Path], replica: Replica
) -> None:
    replica.folder = replica.home / "archives" / NAME
    replica(rotated[-1])
    proof = pit(replica.home, "prove", "4")
    assert proof.status == 0
    for args in (
        ("read",),
        ("lines",),
        ("show", "members"),
        ("statement", "alice"),
        ("cat", "4"),
        ("print", "4"),
        ("segments",),
        ("journal",),
        ("find", "buy"),
        ("audit", "--id", replica.id, replica.folder),
    ):
        done = pit(replica.home, *args)
        assert (done.status, done.err) == (0, ""), args
        assert done.out
    assert pit(replica.home, "verify", "-", stdin=proof.out).status == 0
    replica.holds(rotated[-1])
    assert pit(replica.home, "notary", "-p", NAME).status != 0


# --- disks and kills ----------------------------------------------------------------------------


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 KiB."""
    if os.geteuid():
        pytest.skip("mounting a tmpfs needs root")
    (place := tmp_path / "disk").mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k,nr_inodes=16", "pit-mirror", str(place)]
    subprocess.run(mount, check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_changes_nothing_and_room_on_it_lets_the_replica_grow(
    forks: Forks, replica: Replica, disk: Path, tmp_path: Path
) -> None:
    replica.folder = disk / "replica"
    replica(forks["left"].write(tmp_path / "short", 7))
    before = replica.files
    (disk / "ballast").write_bytes(bytes(max(0, os.statvfs(disk).f_bavail - 2) * 4096))
    assert replica(forks["left"].folder, tmp_path / "short", status=74) == ["same", "failed"]
    assert "No space left on device" in replica.wrong
    assert replica.files == before
    (disk / "ballast").unlink()
    for number in range(os.statvfs(disk).f_ffree - 3):  # for the three folders above a file
        (disk / f"inode-{number}").touch()
    assert replica(forks["left"].folder, status=74) == ["failed"]
    assert replica.files == before
    for path in disk.glob("inode-*"):
        path.unlink()
    assert replica(forks["left"].folder) == ["new"]
    replica.holds(forks["left"].folder)
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    done = pit(replica.home, "mirror", forks["left"].folder, replica.folder)
    assert done.status == 73
    assert "Read-only file system" in done.err
    assert pit(replica.home, "audit", "--id", forks.id, replica.folder).status == 0


def start(replica: Replica, *args: object, **more: str) -> "subprocess.Popen[bytes]":
    """`pit mirror` as a process."""
    command = [sys.executable, "-m", "pit.pits.command", "mirror", "--id", replica.id]
    return subprocess.Popen(
        [*command, *map(str, args), str(replica.folder)],
        cwd="/",
        env=environment(PIT_HOME=str(replica.home), **more),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def test_killed_at_any_step_it_leaves_a_whole_archive_that_goes_on_from_what_was_there(
    rotated: list[Path], replica: Replica, tmp_path: Path
) -> None:
    source = gzipped(rotated[-1], tmp_path / "source", 1)
    replica(rotated[1])
    shutil.copytree(replica.folder, tmp_path / "before")
    before, whole = replica.bytes, readable(rotated[-1])
    grown, step, died = set(), 1, True
    while died:
        shutil.rmtree(replica.folder)
        shutil.copytree(tmp_path / "before", replica.folder)
        running = start(replica, source, PYTHONPATH=str(KILLING), KILL_AT=str(step))
        died = running.wait() == -signal.SIGKILL
        assert died or running.returncode == 0
        assert replica.bytes.startswith(before) and whole.startswith(replica.bytes)
        assert audit(NAME, replica.folder, replica.id, filters=()).wrong == ""
        grown.add(len(replica.bytes))
        if died:
            assert replica(source) in (["new"], ["same"])
        replica.holds(rotated[-1])
        step += 4
    print(f"pit mirror: killed {step // 4} times; sizes seen: {sorted(grown)}")
    assert step > 20
    assert len(grown) > 2


def test_an_rsync_that_outlives_its_killed_mirror_does_no_harm(
    forks: Forks, replica: Replica, tmp_path: Path
) -> None:
    slow = tmp_path / "slow"
    slow.write_text('#!/bin/sh\nshift\ntouch "$0.began"\nsleep 0.7\nexec sh -c "$*"\n')
    slow.chmod(0o755)
    bad = forks["twin"].folder
    running = start(replica, f"--rsh={slow}", f"host:{bad}")
    while not (tmp_path / "slow.began").exists():
        time.sleep(0.01)
    running.kill()
    running.wait()
    left = list((replica.folder / ".incoming").iterdir())
    assert len(left) == 1
    assert replica(forks["left"].folder) == ["new"]
    time.sleep(1)
    replica.holds(forks["left"].folder)
    assert not (replica.folder / ".incoming").exists()
