"""What is made is as private as its folder, from the start, whatever the umask says."""

import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pit.archives.access import barred, close, file_mode, make_folder, make_inside, umask
from pit.archives.disk import copy, io_failure, locked, write_atomic
from pit.archives.errors import Denied, IOFailure
from pit.pits import spool
from pit.pits.home import Home, Settings, save_settings
from tests.archives.crashes import watched

MODES = [0o700, 0o711, 0o750, 0o755, 0o2750, 0o770, 0o777]
MASKS = [0o000, 0o022, 0o077, 0o777]


@contextmanager
def masked(mask: int) -> Iterator[None]:
    """Another umask for a while."""
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("folder_mode", MODES)
@pytest.mark.parametrize("mask", MASKS)
def test_a_file_is_for_those_who_may_read_its_folder_whatever_the_umask(
    tmp_path: Path, folder_mode: int, mask: int
) -> None:
    tmp_path.chmod(folder_mode)
    wanted = 0o600 | folder_mode & 0o044
    with masked(mask):
        write_atomic(tmp_path / "a", b"1")
        copy(tmp_path / "a", tmp_path / "b")
        write_atomic(tmp_path / "a", b"2")
        with locked(tmp_path):
            assert mode(tmp_path / "lock") & 0o077 == 0
        assert umask() == mask
    assert file_mode(tmp_path) == mode(tmp_path / "a") == mode(tmp_path / "b") == wanted
    tmp_path.chmod(0o700)


def test_no_file_is_ever_wider_than_it_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.chmod(0o750)
    seen = set()

    def look(_name: str, _args: tuple[object, ...]) -> None:
        seen.update(mode(path) for path in tmp_path.rglob("*") if path.is_file())

    fchmod = os.fchmod

    def looked(fd: int, mode: int) -> None:
        look("fchmod", ())
        fchmod(fd, mode)

    monkeypatch.setattr(os, "fchmod", looked)
    with masked(0), watched(look):
        write_atomic(tmp_path / "a", b"1")
        spool.put(tmp_path / "box", b"2")
    assert seen == {0o640, 0o600}


@given(st.lists(st.sampled_from(MASKS), min_size=1, max_size=3))
def test_folders_are_made_private_and_those_above_open_to_no_writer(
    tmp_path_factory: pytest.TempPathFactory, masks: list[int]
) -> None:
    top = tmp_path_factory.mktemp("f")
    for number, mask in enumerate(masks):
        with masked(mask & 0o077):
            make_folder(top / f"{number}/a/b")
        assert mode(top / f"{number}/a/b") == 0o700
        assert mode(top / f"{number}/a") == 0o755 & ~(mask & 0o077)
        make_folder(top / f"{number}/a")
        assert mode(top / f"{number}/a/b") == 0o700
    (top / "file").touch()
    with pytest.raises(NotADirectoryError):
        make_folder(top / "file")


@pytest.mark.parametrize("mask", [0o000, 0o077])
def test_a_folder_inside_another_is_for_the_same_people(tmp_path: Path, mask: int) -> None:
    for outer in (0o700, 0o750, 0o755, 0o2750):
        folder = tmp_path / f"{outer:o}"
        folder.mkdir()
        folder.chmod(outer)
        with masked(mask):
            make_inside(folder / "in")
        assert mode(folder / "in") == outer


def test_a_folder_is_shut_to_others_and_keeps_its_group(tmp_path: Path) -> None:
    for before, after in ((0o2755, 0o2750), (0o777, 0o770), (0o700, 0o700), (0o2750, 0o2750)):
        tmp_path.chmod(before)
        assert close(tmp_path) == (before != after)
        assert mode(tmp_path) == after
    tmp_path.chmod(0o700)


@pytest.mark.parametrize("mask", [0o000, 0o077])
def test_what_a_notary_keeps_is_his_alone(tmp_path: Path, mask: int) -> None:
    home = Home(tmp_path / "home")
    with masked(mask):
        save_settings(home, Settings("acme", "", "acme@pits.example", "A" * 40))
        spool.put(home.spool("acme"), b"mail")
    assert mode(home.pit("acme")) == 0o700
    assert mode(home.pit("acme") / "settings") == 0o600
    assert {mode(path) for path in home.spool("acme").rglob("*")} == {0o700, 0o600}
    assert mode(home.root) & 0o022 == 0


@contextmanager
def anybody() -> Iterator[None]:
    """Not root for a while, who may read everything."""
    before = os.geteuid()
    os.seteuid(before or 65534)
    try:
        yield
    finally:
        os.seteuid(before)


def test_whoever_may_not_read_is_told_whose_it_is(tmp_path: Path) -> None:
    shut = tmp_path / "shut"
    shut.mkdir()
    (shut / "file").touch()
    shut.chmod(0)
    told = "/.*: Permission denied: it is for .* alone, and you are .*; ask .*"
    with anybody():
        assert re.fullmatch(told, barred(shut / "file"))
        with pytest.raises(Denied) as denied, io_failure(shut):
            (shut / "file").read_bytes()
    shut.chmod(0o700)
    assert re.fullmatch(told, str(denied.value))
    assert (barred(shut / "file"), Denied.status) == ("", 77)


def test_what_may_be_read_is_not_barred_and_other_failures_stay_what_they_are(
    tmp_path: Path,
) -> None:
    assert barred(tmp_path) == barred(tmp_path / "none") == barred("/") == ""
    with pytest.raises(IOFailure, match="put that right"), io_failure(tmp_path):
        raise PermissionError(13, "Permission denied", str(tmp_path / "none"))
