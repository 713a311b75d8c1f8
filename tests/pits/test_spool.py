"""A spool keeps what it was given, in order, and is a Maildir for everybody else."""

import mailbox
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pit.archives.errors import IOFailure, NoInput
from pit.pits.spool import MANY, done, done_all, put, put_all, take, waiting


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(mails=st.lists(st.binary(max_size=200), max_size=5))
def test_mails_wait_in_order_of_arrival_until_they_are_done(
    tmp_path: Path, mails: list[bytes]
) -> None:
    paths = [put(tmp_path, mail) for mail in mails]
    assert waiting(tmp_path) == paths
    assert [take(path) for path in paths] == mails
    for path in paths:
        done(path)
    assert waiting(tmp_path) == []
    assert not list(tmp_path.glob("tmp/*"))


def test_a_spool_that_does_not_exist_is_empty_and_is_made_private(tmp_path: Path) -> None:
    folder = tmp_path / "pits" / "acme" / "spool"
    assert waiting(folder) == []
    put(folder, b"x")
    assert {path.name for path in folder.iterdir()} == {"tmp", "new", "cur"}
    assert folder.stat().st_mode & 0o777 == 0o700


def test_pythons_maildir_reads_the_spool_and_the_spool_reads_its(tmp_path: Path) -> None:
    first = put(tmp_path, b"Subject: one\n\nbody\n")
    maildir = mailbox.Maildir(tmp_path, create=False)
    assert [message["Subject"] for message in maildir] == ["one"]
    second = maildir.add(b"Subject: two\n\n")
    assert [path.name for path in waiting(tmp_path)] == [first.name, second]
    key = next(key for key in maildir.keys() if maildir[key]["Subject"] == "one")  # noqa: SIM118
    seen = maildir[key]
    seen.set_subdir("cur")
    seen.add_flag("S")
    maildir[key] = seen
    assert [path.parent.name for path in waiting(tmp_path)] == ["cur", "new"]
    assert take(waiting(tmp_path)[0]) == b"Subject: one\n\nbody\n"


def test_names_of_mail_servers_are_in_order_of_their_times(tmp_path: Path) -> None:
    put(tmp_path, b"")
    done(waiting(tmp_path)[0])
    names = [
        "999999999.5_1.host",
        "1763712345.M000002P9.host",
        "1763712345.Vfe01I5fM000100.host",
        "1763712345.M3000P1Q1.host:2,S",
        "1763712346.1234_0.host",
    ]
    for name in reversed(names):
        (tmp_path / ("cur" if ":" in name else "new") / name).write_bytes(b"")
    (tmp_path / "new" / ".hidden").write_bytes(b"")
    assert [path.name for path in waiting(tmp_path)] == names


def test_two_processes_lose_nothing_and_keep_their_own_order(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib; from pit.pits.spool import put\n"
        "for n in range(50): put(pathlib.Path(sys.argv[1]), b'%b %d' % (sys.argv[2].encode(), n))"
    )
    run = [sys.executable, "-c", program, str(tmp_path)]
    for writer in [subprocess.Popen([*run, mark]) for mark in "ab"]:
        assert writer.wait() == 0
    mails = [take(path) for path in waiting(tmp_path)]
    for mark in (b"a", b"b"):
        assert [mail for mail in mails if mail[:1] == mark] == [
            mark + b" %d" % n for n in range(50)
        ]


def test_a_mail_that_is_gone_is_no_input_and_done_twice_is_done(tmp_path: Path) -> None:
    path = put(tmp_path, b"x")
    done(path)
    done(path)
    with pytest.raises(NoInput, match="the mail is gone"):
        take(path)


def test_a_mail_that_cannot_be_kept_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    put(tmp_path, b"x")
    new = tmp_path / "new"
    os.rename(new, tmp_path / "away")
    new.symlink_to(tmp_path / "nowhere" / "new")
    with pytest.raises(IOFailure):
        put(tmp_path, b"y")
    assert not list(tmp_path.glob("tmp/*"))
    (tmp_path / "file").write_text("")
    with pytest.raises(IOFailure, match="file"):
        put(tmp_path / "file", b"z")
    with pytest.raises(IOFailure):
        take(tmp_path / "away")


def test_many_mails_are_put_into_many_folders_and_taken_out_at_once(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("a", "b", "c")]
    for count in (0, 1, MANY - 1, MANY, 3 * MANY):
        mails = [(folders[number % 3], b"%d" % number) for number in range(count)]
        arrived = [Path(path) for path in put_all(mails)]
        assert [take(path) for path in arrived] == [mail for _, mail in mails]
        assert [path.parent.parent for path in arrived] == [folder for folder, _ in mails]
        for number, folder in enumerate(folders):
            assert waiting(folder) == arrived[number::3]
            assert not list(folder.glob("tmp/*"))
        done_all(arrived)
        done_all(arrived)
        assert [waiting(folder) for folder in folders] == [[], [], []]


def test_many_mails_of_which_one_cannot_be_kept_leave_nothing_half_written(tmp_path: Path) -> None:
    good, bad = tmp_path / "good", tmp_path / "bad"
    put(bad, b"")
    os.rename(bad / "new", tmp_path / "away")
    (bad / "new").symlink_to(tmp_path / "nowhere" / "new")
    for count in (2, 2 * MANY):
        with pytest.raises(IOFailure):
            put_all([(folder, b"x") for folder in (good, bad)] * (count // 2))
        assert [take(path) for path in waiting(good)] in ([b"x"] * n for n in range(count))
        assert not list(tmp_path.glob("*/tmp/*"))
        done_all(waiting(good))


def test_mails_that_do_not_fit_on_the_disk_are_an_error(tmp_path: Path) -> None:
    """In a process that may write no file of more than 100 bytes."""
    program = (
        "import pathlib, resource, signal, sys\n"
        "from pit.archives.errors import IOFailure\n"
        "from pit.pits.spool import put_all, waiting\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"
        "folder = pathlib.Path(sys.argv[1])\n"
        "mails = [(folder, b'x' * 80)] * int(sys.argv[2]) + [(folder, b'x' * 101)]\n"
        "try:\n    put_all(mails)\n"
        "except IOFailure as error:\n    print(error, len(waiting(folder)))\n"
    )
    for count in (1, 2 * MANY):
        run = [sys.executable, "-c", program, str(tmp_path), str(count)]
        said = subprocess.run(run, capture_output=True, text=True, check=True).stdout
        assert "File too large" in said
        assert said.endswith(" 0\n")
        assert not list(tmp_path.glob("tmp/*"))
