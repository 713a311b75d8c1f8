"""What the tests of several rooms share: `pit` as a process, in a home of its own, real keys."""

import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import settings

from pit.pits.home import Home

# Without bytecode every `pit` compiles each module that it imports, 0.2 s of CPU, and each worker
# rewrites the asserts of all tests, 8 s.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# How long an example takes says nothing on a shared machine.
settings.register_profile("pit", deadline=None)
settings.load_profile("pit")


class Shell:
    """Runs `pit VERB …` with its own $PIT_HOME, as a shell would; `err`: what came on stderr."""

    def __init__(self, home: Path) -> None:
        self.home = Home(home)
        self.err = ""

    def run(self, *args: str, stdin: bytes = b"", status: int = 0) -> bytes:
        """Stdout; the exit status must be `status`."""
        kept = {k: v for k, v in os.environ.items() if k not in ("PIT", "PIT_AS", "PIT_DEBUG")}
        done = subprocess.run(
            [sys.executable, "-m", "pit.pits.command", *args],
            input=stdin,
            capture_output=True,
            env={**kept, "PIT_HOME": str(self.home.root)},
            check=False,
        )
        self.err = done.stderr.decode()
        assert done.returncode == status, f"{args}: {done.returncode}: {self.err}"
        assert "Traceback" not in self.err
        return done.stdout

    def __call__(self, *args: str, stdin: bytes = b"", status: int = 0) -> str:
        """Stdout as text."""
        return self.run(*args, stdin=stdin, status=status).decode()


@pytest.fixture
def pit(tmp_path: Path) -> Shell:
    """`pit` in an empty home."""
    return Shell(tmp_path / "home")


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the club `acme`: the operator, and the members alice and bob, who may trade."""
    shell = Shell(tmp_path_factory.mktemp("club") / "home")
    shell("new", "acme", "--title", "Acme pit")
    for who in ("alice", "bob"):
        shell("key", "make", who, f"{who}@example.org", "--name", who.title())
        key = shell.run("key", "show", "--as", who)
        shell("admit", who, f"{who}@example.org", "-", stdin=key)
    shell("notary")
    return shell.home.root


@pytest.fixture
def club(founded: Path, tmp_path: Path) -> Shell:
    """`pit` in a copy of the club's home: what a test does there, no other test sees."""
    shutil.copytree(founded, tmp_path / "home")
    return Shell(tmp_path / "home")


def end_agent(folder: Path) -> None:
    """End the agent of a GnuPG home of somebody's own, which `pit` leaves running."""
    subprocess.run(["gpgconf", "--homedir", str(folder), "--kill", "all"], check=True)


def environment(**more: str) -> dict[str, str]:
    """The environment of a shell in which `pit` is the one under test."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("PIT")}
    return env | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"} | more


def bash(script: str, folder: Path, **more: str) -> str:
    """What a script prints, stdout and stderr; it must end with 0."""
    done = subprocess.run(
        ["bash", "-c", f"set -euo pipefail; exec 2>&1; {script}"],
        cwd=folder,
        env=environment(**more),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{script}: {done.returncode}: {done.stdout[-2000:]}"
    return done.stdout


@pytest.fixture(scope="session")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder in which `make demo` was run (its pit is in demo/), and what it printed."""
    folder = tmp_path_factory.mktemp("shown")
    script = Path(__file__).parent.parent / "docs" / "demo.sh"
    return folder, bash(f"{script} {folder}/demo", folder)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many faults really fired (tests/faults), and what huge mails cost (tests/mails)."""
    for title in ("faults", "enormous mails"):
        total: Counter[str] = Counter()
        for report in (one for kind in terminalreporter.stats.values() for one in kind):
            if getattr(report, "when", "") == "call":
                for name, counted in report.user_properties:
                    total.update(counted if name == title else {})
        if total:
            terminalreporter.section(title)
        for what in sorted(total):
            terminalreporter.write_line(f"{total[what]:9,}  {what}")
