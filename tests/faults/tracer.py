"""Processes under strace: which system calls they make, and faults put into one of them.

strace works without --seccomp-bpf here, which would drop signals in silence. A fault counts only
where strace, or the process's end, says that it happened.
"""

import json
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.faults.checker import demand

CALLS = (
    "write,pwrite64,writev,pwritev,pwritev2,copy_file_range,sendfile,"
    "fsync,fdatasync,syncfs,sync_file_range,ftruncate,truncate,fallocate,"
    "rename,renameat,renameat2,unlink,unlinkat,rmdir,mkdir,mkdirat,link,linkat,symlink,symlinkat,"
    "openat,flock,clone,clone3,vfork,fork"
)
"""What changes a disk, takes a lock, or starts a process. Names that a machine lacks are left out
by strace's `?`."""

_INDEX = re.compile(r"ledger\.sqlite|\.offsets")
_SQLITES = ("pwrite64", "fdatasync", "ftruncate")  # nobody else makes these calls
_LINE = re.compile(r"(\w+)\((.*)")


class Call(NamedTuple):
    """A system call: which one of its name (from 1), its arguments, what it returned.

    index: it concerns a file that can be made again at any time, and may fail quietly.
    """

    name: str
    nth: int
    args: str
    result: str
    index: bool

    @property
    def point(self) -> str:
        """Name and number, as strace's `when` counts."""
        return f"{self.name} {self.nth}"

    @property
    def injected(self) -> bool:
        """Whether strace says that it did not let the kernel do this one."""
        return self.result.endswith("(INJECTED)")


class Outcome(NamedTuple):
    """How a process ended: exit status (minus the signal), its output, its calls if traced."""

    status: int
    out: str
    err: str
    calls: list[Call]

    @property
    def killed(self) -> bool:
        """Whether SIGKILL ended it."""
        return self.status == -signal.SIGKILL


class Programs:
    """A server (server.py) that forks real processes; a context manager."""

    def __init__(self, folder: Path, home: Path) -> None:
        self._folder = folder
        self._env = {"PIT_HOME": str(home), "PIT": "acme"}
        self._server = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("server.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> "Programs":
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stdin.close()
        self._server.stdout.close()
        assert self._server.wait() == 0

    def run(
        self,
        *args: str,
        inject: str = "",
        traced: bool = False,
        data: bool = False,
        stdin: str = "",
        **more: Any,
    ) -> Outcome:
        """`pit ARGS`, untraced unless asked for or needed. inject: strace's SYSCALL:FAULT:when=N.

        data: with all that is written, in hex. more: clock, short, limit (server.py).
        """
        (pid,) = self._start([{"args": args, "stdin": stdin, **more}])
        if not (traced or inject):
            (status,) = self._go()
            return Outcome(status, *self._said(0), [])
        record = self._folder / "trace"
        command = [*_strace(record), "-p", str(pid)]
        command += ["-s", str(1 << 24), "-xx"] if data else []
        command += ["-e", f"inject={inject}"] if inject else []
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as strace:
            said = strace.stderr.readline()
            (status,) = self._go()
            rest = strace.stderr.read()
        assert "attached" in said, f"strace cannot attach: {said}{rest}"
        assert strace.returncode == 0, rest
        return Outcome(status, *self._said(0), _calls(record.read_text("utf-8", "replace")))

    def alone(self, *args: str) -> Outcome:
        """The same started as a shell does, not forked, and traced from its first call on."""
        record = self._folder / "trace"
        command = [*_strace(record), sys.executable, "-m", "pit.pits.command", *args]
        env = os.environ | self._env
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        return Outcome(done.returncode, done.stdout, done.stderr, _calls(record.read_text()))

    def together(self, *several: Sequence[str]) -> list[Outcome]:
        """Several processes, let go at the same moment."""
        self._start([{"args": args} for args in several])
        ends = self._go()
        return [Outcome(end, *self._said(at), []) for at, end in enumerate(ends)]

    def _start(self, runs: list[dict[str, Any]]) -> list[int]:
        for at, run in enumerate(runs):
            place = str(self._folder / str(at))
            run.update(env=self._env, out=f"{place}.out", err=f"{place}.err")
        self._server.stdin.write(json.dumps(runs) + "\n")
        self._server.stdin.flush()
        return [int(pid) for pid in self._server.stdout.readline().split()]

    def _go(self) -> list[int]:
        self._server.stdin.write("\n")
        self._server.stdin.flush()
        return [int(end) for end in self._server.stdout.readline().split()]

    def _said(self, at: int) -> tuple[str, str]:
        paths = (self._folder / f"{at}.out", self._folder / f"{at}.err")
        out, err = (path.read_text("utf-8", "replace") for path in paths)
        return out, err


def _strace(record: Path) -> list[str]:
    """strace, which writes into a file what is called; arguments without the data."""
    trace = f"trace=?{CALLS.replace(',', ',?')}"
    return ["strace", "-o", str(record), "-y", "-s", "0", "-e", trace, "-e", "signal=none"]


def _calls(record: str) -> list[Call]:
    counts: Counter[str] = Counter()
    calls, renamed = [], False
    for line in record.splitlines():
        said, _, result = line.rpartition(" = ")
        if found := _LINE.match(said):
            name, args = found[1], found[2].rstrip().removesuffix(")")
            counts[name] += 1
            index = bool(_INDEX.search(said)) or name in _SQLITES
            if name == "rename":
                renamed = index
            elif name == "fsync" and "/." not in args:  # of the folder that it was renamed in
                index, renamed = index or renamed, False
            calls.append(Call(name, counts[name], args, result, index))
    return calls


FAMILY = (64, 65, 66, 69, 73, 74, 75, 77, 78)
"""Exit statuses of the errors that the software raises on purpose (sysexits); 70 is a bug."""


def explained(done: Outcome, what: str) -> None:
    """Wrong unless it ended with a status of the family and a sentence, never as a bug."""
    demand(done.status in FAMILY, f"{what}: status {done.status}: {done.err}")
    demand("Traceback" not in done.err and "bug:" not in done.err, f"{what}: {done.err}")
    demand(bool(re.search(r"(?m)^pit \w+: \S", done.err)), f"{what}: nothing said")


def kind(call: Call) -> str:
    """What fails, in words."""
    place = re.search(r"<(.*)>", call.args)
    if call.name in ("fsync", "fdatasync") and place and os.path.isdir(place[1]):
        return "fsync of a folder"
    what = {"openat": "open of a new file", "pwrite64": "write", "fdatasync": "fsync"}
    return what.get(call.name, call.name) + " (an index)" * call.index
