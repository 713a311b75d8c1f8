"""Several Unix users on one host: `pit` runs as each of them.

Nothing of the system is changed. The users are some that every system has and nobody is, the groups
numbers that are nobody's; a child process takes them on, and what it runs is a copy that everybody
may read, wherever the checkout lies.
"""

import compileall
import contextlib
import grp
import itertools
import json
import os
import pwd
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib import import_module, metadata
from pathlib import Path
from typing import NamedTuple

from packaging.requirements import Requirement

ROOMS = ("archives", "pits", "filters", "moderator", "wallet")


class Person(NamedTuple):
    """A user: his number (his own group's, too), the groups that he is in, his folder."""

    uid: int
    groups: tuple[int, ...]
    folder: Path

    @property
    def home(self) -> Path:
        """His $PIT_HOME."""
        return self.folder / "home"


def idle_users(count: int) -> list[int]:
    """System users (mairix and ssh want one that has a name), else numbers that are nobody's."""
    known = {one.pw_name: one.pw_uid for one in pwd.getpwall()}
    idle = [
        known[name] for name in ("games", "uucp", "news", "irc", "lp", "proxy") if name in known
    ]
    return [*idle, *unused(count)][:count]


def unused(count: int) -> list[int]:
    """Numbers that are no user's and no group's."""
    taken = {one.pw_uid for one in pwd.getpwall()} | {one.gr_gid for one in grp.getgrall()}
    return list(itertools.islice((n for n in range(61840, 65000) if n not in taken), count))


def called(uid: int) -> str:
    """A user's name, as errors have it."""
    return next((one.pw_name for one in pwd.getpwall() if one.pw_uid == uid), f"user {uid}")


class Said(NamedTuple):
    """How a command ended, and what it said."""

    status: int
    out: str
    err: str


EACH = """
import json, os, sys, tempfile
from pit.pits.command import main
said = []
for args in json.load(sys.stdin):
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        if not (child := os.fork()):
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(out.fileno(), 1)
            os.dup2(err.fileno(), 2)
            status = 70
            try:
                status = main(args)
                sys.stdout.flush()
                sys.stderr.flush()
            finally:
                os._exit(status)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode())
        said.append([status, *texts])
print(json.dumps(said))
"""


class Town:
    """A folder that everybody may enter, and people with folders in it; err: what was said last."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="pit-", dir="/tmp"))
        self.folder.chmod(0o755)
        self.library = self.folder / "lib"
        copy_program(self.library)
        self.python, self.env = python_for_all(self.folder / "python")
        self.err = ""

    def close(self) -> None:
        """End the agents, and remove all."""
        for ring in self.folder.rglob("pubring.kbx"):
            command = ["gpgconf", "--homedir", str(ring.parent), "--kill", "all"]
            about = ring.stat()
            subprocess.run(command, user=about.st_uid, group=about.st_gid, extra_groups=[])
        shutil.rmtree(self.folder)

    def person(self, name: str, uid: int, *groups: int) -> Person:
        """Somebody new, with a folder that all may enter."""
        made = Person(uid, groups, self.folder / name)
        made.folder.mkdir()
        made.folder.chmod(0o755)
        os.chown(made.folder, uid, uid)
        return made

    def command(self, who: Person, *command: str, **more: str) -> "dict[str, object]":
        """What subprocess.run needs to run something as somebody."""
        env = {k: v for k, v in os.environ.items() if not k.startswith(("PIT", "PYTHON", "XDG"))}
        env |= {"HOME": str(who.folder), "PIT_HOME": str(who.home), "TMPDIR": "/tmp"}
        env |= {"PYTHONPATH": str(self.library), "PYTHONDONTWRITEBYTECODE": "1", **self.env, **more}
        ids = {"user": who.uid, "group": who.uid, "extra_groups": list(who.groups)}
        return {"args": list(command), "cwd": who.folder, "env": env, **ids}

    def run(
        self,
        who: Person,
        *command: str,
        stdin: bytes = b"",
        status: int | None = 0,
        umask: int = 0,
        **more: str,
    ) -> str:
        """Stdout of a program; its exit status must be `status`, unless that is None."""
        done = subprocess.run(  # type: ignore[call-overload]
            **self.command(who, *command, **more),
            input=stdin,
            capture_output=True,
            umask=umask,
        )
        self.err = done.stderr.decode()
        self.status = done.returncode
        assert status in (None, done.returncode), f"{command}: {done.returncode}: {self.err}"
        assert "Traceback" not in self.err and ": bug: " not in self.err, self.err
        out: bytes = done.stdout
        return out.decode()

    @property
    def program(self) -> list[str]:
        """What `pit` is started with."""
        return [self.python, "-m", "pit.pits.command"]

    def pit(
        self,
        who: Person,
        *args: str,
        stdin: bytes = b"",
        status: int | None = 0,
        umask: int = 0,
        **more: str,
    ) -> str:
        """Stdout of `pit ARGS`."""
        return self.run(who, *self.program, *args, stdin=stdin, status=status, umask=umask, **more)

    def each(self, who: Person, *commands: tuple[str, ...], **more: str) -> list[Said]:
        """Several `pit ARGS`, each in a process of its own, forked by one that has started."""
        given = json.dumps(commands).encode()
        return [
            Said(*one)
            for one in json.loads(self.run(who, self.python, "-c", EACH, stdin=given, **more))
        ]

    def modes(self, folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
        """A folder and all that is in it."""
        for path in (folder, *folder.rglob("*")):
            with contextlib.suppress(FileNotFoundError):
                yield path, path.lstat()

    def readable(self, who: Person, *folders: Path) -> set[Path]:
        """The files below some folders that somebody can open."""
        script = (
            "import sys\nfor path in sys.stdin.read().split('\\0'):\n"
            "    try: open(path, 'rb').close()\n"
            "    except PermissionError: continue\n"
            "    print(path)"
        )
        found = [
            str(path)
            for folder in folders
            for path, about in self.modes(folder)
            if stat.S_ISREG(about.st_mode)
        ]
        assert found
        out = self.run(who, self.python, "-c", script, stdin="\0".join(found).encode())
        return {Path(line) for line in out.splitlines()}


def copy_program(library: Path) -> None:
    """Copy the rooms, and the packages they need, to a folder that everybody may read."""
    for room in ROOMS:
        (source,) = import_module(f"pit.{room}").__path__
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(source, library / "pit" / room, ignore=ignore)
    info = library / "tradingpit-1.dist-info"
    info.mkdir()
    ours = metadata.distribution("tradingpit")
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: tradingpit\nVersion: {ours.version}\n"
    )
    (info / "entry_points.txt").write_text(ours.read_text("entry_points.txt") or "")
    for name in needed("tradingpit"):
        distribution = metadata.distribution(name)
        for file in distribution.files or []:
            if ".." not in file.parts and "__pycache__" not in file.parts:
                target = library / file
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file.locate(), target)
    compileall.compile_dir(library, quiet=2)
    for path in (library, *library.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def python_for_all(folder: Path) -> tuple[str, dict[str, str]]:
    """An interpreter that everybody may run, and what its environment needs: ours, or a copy."""
    python = Path(os.path.realpath(sys.executable))
    if all(path.stat().st_mode & 0o001 for path in python.parents):
        return str(python), {}
    lib = Path(sys.base_prefix) / "lib"
    for name in ("bin", "lib"):
        (folder / name).mkdir(parents=True)
    same_or_copy(python, folder / "bin" / python.name)
    for shared in lib.glob("libpython*"):
        same_or_copy(shared, folder / "lib" / shared.name)
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    shutil.copytree(
        lib / version,
        folder / "lib" / version,
        ignore=shutil.ignore_patterns("site-packages", "test", "config-*", "idlelib", "ensurepip"),
        copy_function=same_or_copy,
    )
    env = {"PYTHONHOME": str(folder), "LD_LIBRARY_PATH": str(folder / "lib")}
    return str(folder / "bin" / python.name), env


def same_or_copy(source: str | Path, target: str | Path) -> None:
    """The same file under another name; a copy where that is another disk's."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def needed(name: str) -> set[str]:
    """The distributions that one needs, and those that these need."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        for line in metadata.requires(waiting.pop()) or []:
            asked = Requirement(line)
            if asked.name not in found and (
                not asked.marker or asked.marker.evaluate({"extra": ""})
            ):
                found.add(asked.name)
                waiting.append(asked.name)
    return found
