"""`pit mta`: what it writes about; that Postfix does as it says, tests/mta shows."""

import re
from pathlib import Path

import pytest

from pit.archives.errors import UsageError
from pit.moderator.limits import LIMIT, PASSED
from pit.moderator.mail import MAX_MAIL
from pit.moderator.mta import main
from pit.pits.home import Home, Settings, save_settings
from tests.conftest import Shell


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """`pit` in a home with two pits in two domains."""
    home = Home(tmp_path / "home")
    save_settings(home, Settings("acme", "", "Acme@Pits.Example", "A" * 40))
    save_settings(home, Settings("beta", "", "b.e-ta@other.example", "B" * 40))
    return Shell(home.root)


def texts(printed: str) -> dict[str, str]:
    """The files, as they are printed."""
    found = re.split(r"(?m)^==> (.*) <==\n", printed)[1:]
    return dict(zip(found[::2], found[1::2], strict=True))


def rules(text: str) -> dict[str, str]:
    """A table's lines."""
    lines = [line.split(" ", 1) for line in text.splitlines() if line and line[0] != "#"]
    return {one[0]: one[1] for one in lines}


def test_only_the_posting_address_goes_to_the_pit(shell: Shell) -> None:
    found = texts(shell("mta", "--mailman", "127.0.0.1:8024", "--lmtp", "/run/pit/lmtp"))
    assert list(found) == ["main.cf", "master.cf", "transport", "posting", "virtual", "verp"]
    table = rules(found["transport"])
    pits = [address for address, hop in table.items() if hop == "pit:unix:/run/pit/lmtp"]
    assert pits == ["acme@pits.example", "b.e-ta@other.example"] == list(rules(found["posting"]))
    assert table["acme-request@pits.example"] == "lmtp:inet:127.0.0.1:8024"
    assert len(table) == 2 * 9
    (one, two) = [line for line in found["verp"].splitlines() if line[0] == "/"]
    assert one.startswith(r"/^acme-(bounces|confirm)\+[^@]+@pits\.example$/ ")
    assert two.startswith(r"/^b\.e-ta-(bounces|confirm)\+[^@]+@other\.example$/ ")
    assert "\nrelay_domains = other.example, pits.example\n" in found["main.cf"].replace(
        "pits.example, other.example", "other.example, pits.example"
    )


def test_without_mailman_the_posting_addresses_are_all(shell: Shell) -> None:
    found = texts(shell("mta", "-p", "acme", "--postmaster", "Ops@example.org"))
    assert rules(found["transport"]) == {"acme@pits.example": "pit:inet:127.0.0.1:8124"}
    assert rules(found["virtual"])["acme-owner@pits.example"] == "ops@example.org"
    assert "verp" not in found and "verp" not in found["main.cf"]


def test_nobody_is_made_postmaster_unasked(shell: Shell) -> None:
    assert rules(texts(shell("mta"))["virtual"]) == {}


def test_each_limit_leaves_room_for_the_one_before_it() -> None:
    assert MAX_MAIL * 1.5 < PASSED < LIMIT - (1 << 20)


def test_files_are_written_into_a_folder_and_not_over_others(shell: Shell, tmp_path: Path) -> None:
    folder = tmp_path / "etc"
    args = ("mta", "--hostname", "mail.pits.example")
    assert shell(*args, "--dir", str(folder)).startswith(f"{folder}: main.cf, master.cf, ")
    printed = texts(shell(*args))
    assert {path.name: path.read_text() for path in folder.iterdir()} == {
        name: text.removesuffix("\n") if name != list(printed)[-1] else text
        for name, text in printed.items()
    }
    (folder / "main.cf").write_text("mine")
    (folder / "transport").unlink()
    shell(*args, "--dir", str(folder), status=73)
    assert "--force" in shell.err
    assert (folder / "main.cf").read_text() == "mine" and not (folder / "transport").exists()
    shell(*args, "--dir", str(folder), "--force")
    assert (folder / "main.cf").read_text() != "mine"
    shell(*args, "--dir", "/dev/null/etc", status=73)


@pytest.mark.parametrize(
    "args",
    [
        ("--lmtp", "here"),
        ("--lmtp", "/run/pit lmtp"),
        ("--lmtp", "127.0.0.1:99999"),
        ("--mailman", "127.0.0.1"),
        ("--listen", "25"),
        ("--relay", "relay.example"),
        ("--relay", "relay.example:25\nrelayhost = evil"),
        ("--hostname", "a b"),
        ("--hostname", "x\ny"),
        ("--postmaster", "nobody"),
        ("--postmaster", "a@b.example\nx"),
        ("--queue", "relative"),
    ],
)
def test_what_would_not_come_back_from_a_table_is_refused(
    shell: Shell, args: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIT_HOME", str(shell.home.root))
    with pytest.raises(UsageError):
        main(list(args))


def test_an_address_that_is_none_is_refused(shell: Shell) -> None:
    for address in ("acme", "a b@c.example", "a@b.example x", "$a@b", "a@b/c", "@b"):
        save_settings(shell.home, Settings("acme", "", address, "A" * 40))
        assert shell("mta", "-p", "acme", status=78) == ""
