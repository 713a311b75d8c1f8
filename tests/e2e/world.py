"""A pit at work for tests from outside: its home, its people, `pit` as a process."""

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from pit.archives import mbox
from pit.archives.entry import read_entry
from pit.archives.extent import chunks
from pit.archives.mbox import Entry
from pit.filters import views
from pit.filters.audit import Audit, audit
from pit.filters.positions import Positions
from pit.filters.show import state_of
from pit.pits.home import Home, load_settings
from pit.pits.lines import lines
from tests.conftest import environment

NAME = "acme"
CODES = ("ACME", "BETA")
TRADERS = ("alice", "bob", "carol")
SPECIALISTS = ("sam", "sue")
KEEPERS = ("kate", "kurt")


class Line(NamedTuple):
    """A line of `pit lines`."""

    ref: str
    time: str
    signer: str
    said: str


class World:
    """A home folder; `folder` is short, since GnuPG's sockets lie in it.

    err: what the last command wrote on stderr.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = Home(folder)
        self.err = ""

    def environment(self, **more: str) -> dict[str, str]:
        """What `pit` and a shell run with."""
        return environment(PIT_HOME=str(self.folder), **more)

    def run(self, *args: str, stdin: bytes = b"", status: int = 0, **more: str) -> bytes:
        """Stdout of `pit ARGS`; the exit status must be `status`, and nothing a traceback."""
        done = subprocess.run(
            ["pit", *args], input=stdin, capture_output=True, env=self.environment(**more)
        )
        self.err = done.stderr.decode()
        assert done.returncode == status, f"{args}: {done.returncode}: {self.err}"
        assert "Traceback" not in self.err and "bug" not in self.err
        return done.stdout

    def __call__(self, *args: str, stdin: bytes = b"", status: int = 0, **more: str) -> str:
        """Stdout of `pit ARGS` as text."""
        return self.run(*args, stdin=stdin, status=status, **more).decode()

    def bash(self, script: str, status: int = 0, **more: str) -> str:
        """Stdout of a script."""
        done = subprocess.run(
            ["bash", "-c", f"set -o pipefail; {script}"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=self.environment(**more),
        )
        self.err = done.stderr.decode()
        assert done.returncode == status, f"{script}: {done.returncode}: {self.err}"
        assert "Traceback" not in self.err
        return done.stdout.decode()

    def say(self, who: str, *directives: str) -> Path:
        """Sign and send; the mail as it is kept, in `sent/`."""
        self("send", "-p", NAME, "--as", who, *directives)
        return self.folder / "wallets" / who / "sent" / self.err.split()[-1]

    def mail(self, who: str, *directives: str) -> bytes:
        """A signed mail that is not sent yet: out of the spool again."""
        before = set(self.spool())
        self("send", "-p", NAME, "--as", who, "--unchecked", *directives)
        (path,) = set(self.spool()) - before
        data = path.read_bytes()
        path.unlink()
        return data

    def deliver(self, *mails: bytes) -> None:
        """Put mails into the spool, as a mail server does."""
        for mail in mails:
            self("deliver", "-p", NAME, stdin=mail)

    def turn(self, status: int = 0) -> str:
        """A turn."""
        return self("turn", "-p", NAME, status=status)

    def settled(self) -> None:
        """A turn, after which nothing waits and all is well."""
        self.turn()
        assert self.spool() == []
        assert self.audit().wrong == ""

    @property
    def archive(self) -> Path:
        """The folder of the archive."""
        return self.home.archive(NAME)

    @property
    def segment(self) -> Path:
        """The archive's file."""
        return self.archive / "0000000001.mbox"

    @property
    def id(self) -> str:
        """The pit's id."""
        return load_settings(self.home, NAME).id

    def spool(self) -> list[Path]:
        """What waits for the notary."""
        return sorted(self.home.spool(NAME).glob("new/[!.]*"))

    def quarantine(self) -> list[bytes]:
        """The mails in quarantine."""
        kept = sorted(self.home.quarantine(NAME).glob("new/[!.]*"))
        return [path.read_bytes() for path in kept]

    def inbox(self, who: str) -> list[dict[str, Any]]:
        """The answers that came and were not shown yet."""
        found: list[dict[str, Any]] = json.loads(self("inbox", "--as", who, "--json"))
        return found

    def entries(self) -> list[Entry]:
        """What stands."""
        return list(mbox.entries(chunks(self.archive, NAME)))

    def mails(self) -> list[bytes]:
        """The mail of each entry, as it came."""
        return [read_entry(entry.raw)[1] for entry in self.entries()]

    def lines(self) -> list[Line]:
        """What `pit lines` prints, in this process."""
        return [Line(*line.rstrip("\n").split("\t")) for line in lines(self.entries())]

    def said(self, pattern: str) -> list[str]:
        """The directives in the archive that match."""
        return [line.said for line in self.lines() if re.search(pattern, line.said)]

    def show(self, what: str, *args: str) -> list[dict[str, Any]]:
        """`pit show WHAT` as values."""
        found: list[dict[str, Any]] = json.loads(self("show", "-p", NAME, what, *args, "--json"))
        return found

    def holdings(self) -> dict[str, tuple[str, str]]:
        """(balance, held) by 'member asset', as `pit show holdings` has them, in this process."""
        positions = Positions()
        rows = views.holdings(positions, state_of(self.home, NAME, positions).pit)
        return {f"{r['member']} {r['asset']}": (r["balance"], r["held"]) for r in rows}

    def audit(self, folder: Path | None = None) -> Audit:
        """The audit of the archive, or of a copy of it, in this process."""
        return audit(NAME, folder or self.archive, self.id)

    def reports(self) -> Counter[tuple[str, str]]:
        """How often each report number stands, by signer and 'report FILTER K'."""
        said = re.compile(r"^report \S+ \d+$", re.M)
        return Counter((e.signer, found) for e in self.entries() for found in said.findall(e.text))

    def number_of(self, who: str, pattern: str) -> str:
        """The reference of the only directive of somebody's that matches."""
        found = [x.ref for x in self.lines() if x.signer == who and re.search(pattern, x.said)]
        assert len(found) == 1, found
        return found[0]

    def copy(self) -> "World":
        """Another home with the same in it; whoever copies removes it."""
        target = short_folder()
        subprocess.run(["cp", "-a", f"{self.folder}/.", str(target)], check=True)
        return World(target)

    def remove(self) -> None:
        """End the agents that a killed program left, then remove the home."""
        elsewhere = Path(f"/run/user/{os.getuid()}").exists()
        for keys in [*self.folder.glob("wallets/*/gnupg"), *self.folder.glob("pits/*/gnupg")]:
            if elsewhere or any(keys.glob("S.gpg-agent*")):
                subprocess.run(["gpgconf", "--homedir", str(keys), "--kill", "all"], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)


def short_folder() -> Path:
    """A new folder; in memory where there is such a place, for every step here waits for a disk."""
    memory = "/dev/shm"
    return Path(tempfile.mkdtemp(prefix="e2e-", dir=memory if os.access(memory, 7) else "/tmp"))


def new_world() -> World:
    """An empty home."""
    return World(short_folder())


def join(world: World, who: str, roles: str = "trader") -> None:
    """Make a key and have its owner admitted."""
    world("key", "make", who, f"{who}@example.org", "--name", who.title())
    key = world.run("key", "show", "--as", who)
    world("admit", "-p", NAME, who, f"{who}@example.org", "-", "--roles", roles, stdin=key)


def listing(code: str, specialist: str) -> tuple[str, ...]:
    """The directive that lists a ticker."""
    about = ("  currency: EUR", "  tick: 0.01", "  lot: 1", f"  specialist: {specialist}")
    return (f'ticker {code} "{code.title()} Inc."', *about)


def founded() -> World:
    """A pit with two tickers and money: alice has 1000.00 EUR, bob and carol units too."""
    world = new_world()
    world("new", NAME, "--currency", "EUR")
    for who in SPECIALISTS:
        join(world, who, "specialist")
    for who in KEEPERS:
        join(world, who, "keeper")
    for who in TRADERS:
        join(world, who)
    world("notary")
    world.say("operator", *listing("ACME", "sam"), *listing("BETA", "sue"))
    world.say("operator", "issue 1000 ACME", "issue 1000 BETA", "keeper 1/1 kate")
    money = [f"deposit {who} 1000.00 EUR" for who in TRADERS]
    given = [f"transfer 100 {code} to {who}" for who in ("bob", "carol") for code in CODES]
    world.say("operator", *money, *given)
    world.turn()
    return world
