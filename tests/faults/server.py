"""Run by tests/faults/tracer.py: starts `pit VERB` as real processes, each forked from here.

What is imported already need not be imported a thousand times; the rest is the program's own. One
job is one line of JSON on stdin; a process waits at its gate until it is told to go on, so that
strace can be there first, or several can start together.
"""

import ctypes
import json
import os
import resource
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pit.filters.audit
import pit.moderator.deliver
import pit.moderator.notary  # noqa: F401
from pit.archives.errors import PitError
from pit.moderator.notary import Notary
from pit.pits import command
from pit.pits.home import Home, root

PR_SET_PTRACER = 0x59616D61


def clocked(clock: dict[str, float | bool]) -> int:
    """`pit notary` by a clock that is wrong by so many seconds, stands still, or swings."""
    shift, start = timedelta(seconds=clock["shift"]), datetime.now(UTC)
    frozen, swing = clock.get("frozen", False), timedelta(seconds=clock.get("swing", 0))

    def now() -> datetime:
        nonlocal swing
        swing = -swing
        return (start if frozen else datetime.now(UTC)) + shift + swing

    try:
        with Notary(Home(root()), "acme", clock=now, clock_ok=bool(clock.get("ok"))) as notary:
            print(notary.run().sealed)
    except PitError as error:
        print(f"pit notary: {error}", file=sys.stderr)
        return error.status
    return 0


def shortened(nth: int, log: str) -> None:
    """From here on the nth os.write of this process (0: each) puts only half on disk, and says so.

    The kernel may do that whenever a disk is nearly full or a signal comes in between.
    """
    real: Callable[..., int] = os.write
    fired = open(log, "w", buffering=1)  # noqa: SIM115 - open until the process ends
    count = 0

    def write(fd: int, data: bytes) -> int:
        nonlocal count
        count += 1
        if len(data) < 2 or nth not in (0, count):
            return real(fd, data)
        done = real(fd, data[: len(data) // 2])
        print(f"{done} of {len(data)}", file=fired)
        return done

    os.write = write


def child(run: dict, ready: int, gate: int) -> int:
    """The process itself: it says that it is ready, and waits at the gate; its exit status."""
    for fd, path in ((0, os.devnull), (1, run["out"]), (2, run["err"])):
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC if fd else os.O_RDONLY
        opened = os.open(run.get("stdin") or path if not fd else path, flags, 0o666)
        os.dup2(opened, fd)
        os.close(opened)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115
    os.environ.update(run["env"])
    if run.get("limit"):
        resource.setrlimit(resource.RLIMIT_FSIZE, (run["limit"], run["limit"]))
    if run.get("short"):
        shortened(*run["short"])
    ctypes.CDLL(None).prctl(PR_SET_PTRACER, ctypes.c_ulong(-1))  # Yama: strace is no parent of it
    os.close(ready)
    os.read(gate, 1)
    os.close(gate)
    if run.get("clock"):
        return clocked(run["clock"])
    return command.main(run["args"])


def main() -> int:
    """Serve; only a child returns."""
    command.verbs()  # looked up once, not once a process
    jobs = os.fdopen(os.dup(0))
    for line in jobs:
        gates, pids = [], []
        for run in json.loads(line):
            (waits, ready), (here, there) = os.pipe(), os.pipe()
            pid = os.fork()
            if not pid:
                for end in (waits, there, jobs.fileno(), *gates):
                    os.close(end)
                return child(run, ready, here)
            os.close(ready)
            os.close(here)
            os.read(waits, 1)  # nothing comes; it ends when the other side closes
            os.close(waits)
            gates.append(there)
            pids.append(pid)
        print(*pids, flush=True)
        jobs.readline()
        for gate in gates:
            os.write(gate, b"x")
            os.close(gate)
        ends = {}
        for pid in pids:
            ends[pid] = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        print(*(ends[pid] for pid in pids), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
