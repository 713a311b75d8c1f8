"""A real Postfix with a folder, a queue and a port of its own, set up by `pit mta`; needs root."""

import contextlib
import json
import os
import shutil
import signal
import smtplib
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest

from tests.conftest import Shell

HOST = "127.0.0.1"
HOSTNAME = "mail.pits.invalid"

needs_postfix = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("postfix"),
    reason="a Postfix of its own, which root starts: not root, or another mail server is installed",
)


def free_port() -> int:
    """A port of 127.0.0.1 at which nobody listens."""
    with socket.socket() as one:
        one.bind((HOST, 0))
        return int(one.getsockname()[1])


def until(true: Callable[[], object], seconds: float = 60) -> None:
    """Wait until something is true; AssertionError if it does not come to that."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"{true} in {seconds} s"
        time.sleep(0.02)


class Postfix:
    """A running Postfix; a context manager.

    args: of `pit mta`. more: settings in place of those that it writes.
    """

    def __init__(self, home: Path, *args: str, more: Sequence[str] = ()) -> None:
        memory = "/dev/shm"
        place = memory if os.access(memory, os.W_OK) else "/tmp"
        self.folder = Path(tempfile.mkdtemp(prefix="mta-", dir=place))
        self.folder.chmod(0o755)
        self.port = free_port()
        self.etc = self.folder / "etc"
        for name in ("queue", "data"):
            (self.folder / name).mkdir(mode=0o755)
        shutil.chown(self.folder / "data", "postfix")
        named = ["--listen", f"{HOST}:{self.port}", "--queue", str(self.folder)]
        named += ["--hostname", HOSTNAME, "--dir", str(self.etc)]
        Shell(home)("mta", *named, *args)
        here = (f"maillog_file={self.folder}/log", f"maillog_file_prefixes={place}")
        self.run("postconf", "-e", *here, "inet_protocols=ipv4", *more)

    def __enter__(self) -> "Postfix":
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error:
            print(self.log()[-5000:])
        if self._process.poll() is None:
            self.stop()
        shutil.rmtree(self.folder)

    def run(self, program: str, *args: str, status: int = 0) -> str:
        """What one of Postfix's programs prints, for this instance."""
        done = subprocess.run(
            [program, "-c", str(self.etc), *args], capture_output=True, text=True, check=False
        )
        assert done.returncode == status, (program, args, done.stdout, done.stderr)
        return done.stdout + done.stderr

    def start(self) -> None:
        """Start it, and wait until it listens."""
        self._process = subprocess.Popen(
            ["postfix", "-c", str(self.etc), "start-fg"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        until(self._listens)

    def _listens(self) -> bool:
        assert self._process.poll() is None, self.log()
        try:
            socket.create_connection((HOST, self.port)).close()
        except OSError:
            return False
        return True

    def stop(self) -> None:
        """End it as its administrator does."""
        self.run("postfix", "stop")
        self._process.wait()

    def kill(self) -> None:
        """End all of its processes as a power cut does."""
        master = int((self.folder / "queue/pid/master.pid").read_text())
        found = [master, *_children(master)]
        for number in found:
            with contextlib.suppress(ProcessLookupError):  # it had ended by itself
                os.kill(number, signal.SIGKILL)
        self._process.wait()
        until(lambda: not any(Path(f"/proc/{number}").exists() for number in found))

    def client(self) -> smtplib.SMTP:
        """A connection to it."""
        return smtplib.SMTP(HOST, self.port, local_hostname="client.example")

    def flush(self) -> None:
        """Have it try everything again."""
        self.run("postqueue", "-f")

    def queue(self) -> list[dict[str, Any]]:
        """What waits."""
        return [json.loads(line) for line in self.run("postqueue", "-j").splitlines()]

    def empty(self) -> None:
        """Wait until nothing does, trying again."""

        def true() -> bool:
            if not self.queue():
                return True
            self.flush()
            time.sleep(0.2)
            return False

        until(true, 90)

    def log(self) -> str:
        """What it has written so far."""
        path = self.folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""


def _children(parent: int) -> list[int]:
    """The processes that one has started."""
    found = []
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = place.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == parent:
            found.append(int(place.parent.name))
    return found
