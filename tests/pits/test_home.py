"""Paths below $PIT_HOME, who is meant, and the settings of a pit."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pit.archives.errors import CannotCreate, IOFailure, Misconfigured, NoInput, UsageError
from pit.pits.home import (
    Home,
    Settings,
    choose_handle,
    choose_pit,
    load_settings,
    root,
    save_settings,
)

ACME = Settings("acme", "97a1" * 16, "acme@pits.example", "E338" * 10)
NO_NAMES = [
    "",
    ".",
    "..",
    "../acme",
    "/etc",
    "a/b",
    "acme\n",
    "Acme",
    "1up",
    "-p",
    "a" * 33,
    "a b",
    "ä",
]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    for variable in ("PIT", "PIT_AS", "PIT_HOME"):
        monkeypatch.delenv(variable, raising=False)
    return Home(tmp_path)


def make_archive(home: Home, pit: str) -> None:
    home.archive(pit).mkdir(parents=True)
    (home.archive(pit) / "0000000001.mbox").write_bytes(b"")


def test_the_root_is_pit_home_or_the_users_data_folder(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(home.root / "data"))
    assert root() == home.root / "data" / "pit"
    monkeypatch.setenv("PIT_HOME", str(home.root))
    assert root() == home.root
    monkeypatch.setenv("PIT_HOME", "here")
    assert root() == Path.cwd() / "here"


def test_everything_lies_below_the_root(home: Home) -> None:
    at = home.root
    assert home.archive("acme") == at / "archives/acme"
    assert home.wallet("alice") == at / "wallets/alice"
    assert home.pit("acme") == at / "pits/acme"
    assert home.spool("acme") == at / "pits/acme/spool"
    assert home.quarantine("acme") == at / "pits/acme/quarantine"
    assert home.checkpoints("acme") == at / "pits/acme/checkpoints"
    assert home.outbox("acme") == at / "pits/acme/outbox"
    assert home.notary_keys("acme") == at / "pits/acme/gnupg"


@pytest.mark.parametrize("name", NO_NAMES)
def test_what_is_no_name_becomes_no_path(home: Home, name: str) -> None:
    paths = [home.archive, home.pit, home.spool, home.quarantine, home.checkpoints, home.outbox]
    for path in (*paths, home.notary_keys, home.wallet):
        with pytest.raises(UsageError, match=r"is no (pit|handle)"):
            path(name)
    for choose in (choose_pit, choose_handle):
        with pytest.raises(UsageError, match=r"is no (pit|handle)"):
            choose(home, name)
    with pytest.raises(UsageError, match="is no pit"):
        load_settings(home, name)


def test_pits_are_those_with_an_archive_or_settings(home: Home) -> None:
    assert home.pits() == home.wallets() == []
    make_archive(home, "beta")
    save_settings(home, ACME)
    make_archive(home, "acme")
    home.spool("gamma").mkdir(parents=True)
    (home.root / "archives" / "No Name").mkdir()
    (home.root / "archives" / "No Name" / "0000000001.mbox").write_bytes(b"")
    assert home.pits() == ["acme", "beta"]
    home.wallet("bob").mkdir(parents=True)
    home.wallet("alice").mkdir()
    (home.root / "wallets" / "carol").write_text("")
    assert home.wallets() == ["alice", "bob"]


def test_the_named_one_comes_before_the_environment_before_the_only_one(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    for choose, variable in ((choose_pit, "PIT"), (choose_handle, "PIT_AS")):
        with pytest.raises(UsageError, match=rf"here: none; .*\${variable}"):
            choose(home, None)
    make_archive(home, "acme")
    home.wallet("alice").mkdir(parents=True)
    assert (choose_pit(home, None), choose_handle(home, None)) == ("acme", "alice")
    make_archive(home, "beta")
    home.wallet("bob").mkdir()
    for choose, names in ((choose_pit, "acme, beta"), (choose_handle, "alice, bob")):
        with pytest.raises(UsageError, match=f"here: {names};"):
            choose(home, None)
    monkeypatch.setenv("PIT", "beta")
    monkeypatch.setenv("PIT_AS", "bob")
    assert (choose_pit(home, None), choose_handle(home, None)) == ("beta", "bob")
    assert (choose_pit(home, "new"), choose_handle(home, "zoe")) == ("new", "zoe")
    monkeypatch.setenv("PIT", "..")
    with pytest.raises(UsageError, match="is no pit"):
        choose_pit(home, None)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.tuples(*[st.text(st.characters(exclude_categories=["C", "Z"]))] * 3))
def test_saved_settings_come_back(home: Home, values: tuple[str, str, str]) -> None:
    saved = Settings("acme", *values)
    save_settings(home, saved)
    assert load_settings(home, "acme") == saved


def test_settings_are_a_readable_file(home: Home) -> None:
    save_settings(home, ACME._replace(id=""))
    save_settings(home, ACME)
    assert load_settings(home, "acme") == ACME
    lines = (home.pit("acme") / "settings").read_text().splitlines()
    assert lines[:2] == ["[pit]", "name = acme"]
    assert [path.name for path in home.pit("acme").iterdir()] == ["settings"]


@pytest.mark.parametrize("value", ["x\n[pit]", "x\ny = z", " x", "x ", "x\0", "\u2028"])
def test_a_value_that_would_not_come_back_is_not_saved(home: Home, value: str) -> None:
    with pytest.raises(UsageError, match="should be one printable line"):
        save_settings(home, ACME._replace(address=value))
    assert not home.pit("acme").exists()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[pit]\nname = acme\n",
        b"[other]\n",
        b"name = acme\n",
        b"[pit]\n[pit]\n",
        b"\xff\xfe",
        b"[pit]\nname = beta\nid =\naddress =\nnotary =\n",
    ],
)
def test_settings_that_make_no_sense_are_named_with_their_file(home: Home, data: bytes) -> None:
    home.pit("acme").mkdir(parents=True)
    (home.pit("acme") / "settings").write_bytes(data)
    with pytest.raises(Misconfigured, match=str(home.pit("acme") / "settings")) as caught:
        load_settings(home, "acme")
    assert "should be" in str(caught.value) and "\n" not in str(caught.value)


def test_missing_and_unreadable_settings_are_told_apart(home: Home) -> None:
    with pytest.raises(NoInput, match="no such pit here"):
        load_settings(home, "acme")
    (home.pit("acme") / "settings").mkdir(parents=True)
    with pytest.raises(IOFailure, match="directory"):
        load_settings(home, "acme")


def test_a_file_in_the_way_of_the_settings_is_named(home: Home) -> None:
    (home.root / "pits").write_text("")
    with pytest.raises(CannotCreate, match=str(home.root / "pits")):
        save_settings(home, ACME)
