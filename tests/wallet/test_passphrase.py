"""A key with a passphrase signs when its agent is given it, and says why when it is not."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pit.pits.gnupg import KeyHome
from tests.conftest import end_agent, environment
from tests.moderator.world import short_folder
from tests.wallet.quick import Quick

PINENTRY = """\
#!/usr/bin/env python3
# Speaks the protocol of pinentry (Assuan), and answers with what stands in the file `answer`.
import sys
from pathlib import Path

here = Path(__file__).parent
print("OK at your service", flush=True)
for line in sys.stdin:
    word = line.split()[0]
    with (here / "asked").open("a") as asked:
        asked.write(line)
    answer = (here / "answer").read_text()
    if word == "GETPIN" and answer == "cancel":
        print("ERR 83886179 Operation cancelled <Pinentry>", flush=True)
        continue
    if word == "GETPIN":
        print(f"D {answer}")
    print("OK", flush=True)
    if word == "BYE":
        break
"""
SECRET, MAIL = "correct horse", "alice@example.org"


class Person:
    """Somebody with a GnuPG home of his own, whose agent asks our pinentry."""

    def __init__(self, folder: Path) -> None:
        self.home, self._folder = folder / "own", folder
        self.home.mkdir(mode=0o700, exist_ok=True)
        (folder / "pinentry").write_text(PINENTRY)
        (folder / "pinentry").chmod(0o755)
        self.ask_by(self.pinentry)
        self.answers(SECRET)
        with KeyHome(self.home) as keys:
            found = keys.secret_keys()
            self.fingerprint = (found or [keys.make_key("Alice", MAIL, ask=True)])[0]

    def ask_by(self, program: str, home: Path | None = None) -> None:
        conf = (
            f"pinentry-program {program}\ns2k-count 65536\n"  # else it finds out what takes 100 ms
        )
        (home or self.home).joinpath("gpg-agent.conf").write_text(conf)

    @property
    def pinentry(self) -> str:
        return str(self._folder / "pinentry")

    def answers(self, answer: str) -> None:
        (self._folder / "answer").write_text(answer)
        (self._folder / "asked").write_text("")

    @property
    def asked(self) -> int:
        """How often a passphrase was asked for since `answers`."""
        return (self._folder / "asked").read_text().count("GETPIN")

    def agent_runs(self) -> bool:
        command = ["gpg-connect-agent", "--homedir", str(self.home), "--no-autostart", "/bye"]
        return b"no running" not in subprocess.run(command, capture_output=True).stderr


@pytest.fixture(scope="module")
def stands(founded: Path) -> Iterator[Path]:
    """A folder with somebody's home, and the club in which he is admitted as dora."""
    with short_folder() as folder:
        made = Person(folder)
        shutil.copytree(founded, folder / "club")
        club = Quick(folder / "club")
        where = ("--gnupghome", str(made.home), "--in-place")
        club("key", "use", "dora", made.fingerprint, *where)
        club("admit", "dora", MAIL, "-", stdin=club.run("key", "show", "--as", "dora"))
        club("notary")
        end_agent(made.home)
        yield folder


@pytest.fixture
def person(stands: Path) -> Iterator[Person]:
    """The same in a folder of one's own."""
    with short_folder() as folder:
        ignored = shutil.ignore_patterns("S.*")
        shutil.copytree(stands, folder, dirs_exist_ok=True, ignore=ignored)
        identity = folder / "club/wallets/dora/identity"
        identity.write_text(identity.read_text().replace(str(stands), str(folder)))
        made = Person(folder)
        yield made
        end_agent(made.home)


@pytest.fixture
def club(person: Person) -> Quick:
    return Quick(person.home.parent / "club")


def test_an_agent_is_asked_once_and_goes_on_running(club: Quick, person: Person) -> None:
    end_agent(person.home)
    person.answers(SECRET)
    club("send", "--as", "dora", 'say "one"')
    club("send", "--as", "dora", 'say "two"')
    assert person.asked == 1
    assert person.agent_runs()
    assert "stamped 2, refused 0" in club("notary")


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ("wrong", "the passphrase is another; nothing was signed"),
        ("cancel", "nobody gave the passphrase; nothing was signed"),
    ],
)
def test_without_the_passphrase_nothing_is_signed(
    club: Quick, person: Person, answer: str, says: str
) -> None:
    end_agent(person.home)
    person.answers(answer)
    club("send", "--as", "dora", 'say "one"', status=77)
    assert says in club.err
    assert person.asked == (3 if answer == "wrong" else 1)
    assert not (club.home.wallet("dora") / "sent").exists() or not list(
        (club.home.wallet("dora") / "sent").iterdir()
    )
    assert club("notary") == ""


@pytest.mark.parametrize("program", ["/no/such/pinentry", "/usr/bin/pinentry-curses"])
def test_where_nobody_can_be_asked_it_says_what_to_do(
    club: Quick, person: Person, program: str
) -> None:
    """As in cron: no terminal."""
    if program.endswith("curses") and not os.access(program, os.X_OK):
        pytest.skip("there is no pinentry-curses here")
    end_agent(person.home)
    person.ask_by(program)
    done = subprocess.run(
        [sys.executable, "-m", "pit.pits.command", "send", "--as", "dora", 'say "one"'],
        env={**environment(PIT_HOME=str(club.home.root)), "GPG_TTY": "", "DISPLAY": ""},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        start_new_session=True,
        check=False,
    )
    assert done.returncode == 77
    assert "its passphrase can be asked of nobody here" in done.stderr
    assert "pit key use --in-place" in done.stderr


def test_a_key_is_made_and_copied_with_its_passphrase(club: Quick, person: Person) -> None:
    for who in ("erin", "fred"):
        gnupg = club.home.wallet(who) / "gnupg"
        gnupg.mkdir(mode=0o700, parents=True)
        person.ask_by(person.pinentry, gnupg)
    club("key", "make", "erin", "erin@example.org", "--passphrase")
    person.answers(SECRET)
    where = ("--gnupghome", str(person.home))
    club("key", "use", "fred", person.fingerprint, *where)
    key = club.run("key", "show", "--as", "erin")
    club("admit", "erin", "erin@example.org", "-", stdin=key)
    for who in ("erin", "fred"):
        person.answers(SECRET)
        club("send", "--as", who, 'say "by my passphrase"')
        assert person.asked == 1
    person.answers("wrong")
    club("send", "--as", "erin", 'say "by another"', status=77)
    assert "the passphrase is another" in club.err
    assert "stamped 3, refused 0" in club("notary")


def test_a_home_that_is_gone_is_said(club: Quick, person: Person) -> None:
    path = club.home.wallet("dora") / "identity"
    text = path.read_text().replace(str(person.home), str(person.home / "gone"))
    path.write_text(text)
    club("send", "--as", "dora", 'say "one"', status=66)
    assert "gone: there is no such GnuPG home" in club.err
