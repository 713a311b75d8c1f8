"""A real Mailman core on loopback: for the tests, and for `make mailman`, which shows one.

    with Core(folder, smtp_port=2525) as core:
        client = mailmanclient.Client(core.url, USER, PASSWORD)

It runs `master --force` in the foreground in a session of its own, with its output in a file (a
pipe would keep whoever reads it waiting). Its runners stay when it is killed; they are ended by the
session's number.
"""

import fcntl
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from base64 import b64encode
from contextlib import suppress
from pathlib import Path
from types import TracebackType

USER, PASSWORD = "restadmin", "restpass"
HOST = "127.0.0.1"
TOP = Path(__file__).resolve().parents[2]
VENV = TOP / ".venv-mailman"
RUNNERS = ("lmtp", "in", "pipeline", "out", "virgin", "rest", "retry")
"""Those that tests need; a list of one's own keeps bounces, command and task as well."""

_IDLE = ("archive", "bounces", "command", "task", "digest")


def venv() -> Path:
    """Mailman's venv, made where it is missing."""
    with open(TOP / "Makefile") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (VENV / "ready").exists():
            subprocess.run(["make", "-s", "-C", TOP, ".venv-mailman/ready"], check=True)
    return VENV


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as one:
        one.bind((HOST, 0))
        port: int = one.getsockname()[1]
        return port


class Core:
    """A Mailman core with its files in `folder`; a context manager.

    smtp_port: where its mail goes out, on loopback. url: of its REST interface. var: its var_dir.
    """

    def __init__(self, folder: Path, smtp_port: int) -> None:
        self.folder, self.var = folder, folder / "var"
        self.rest_port, self.lmtp_port = free_port(), free_port()
        self.url = f"http://{HOST}:{self.rest_port}/3.1"
        self._master: subprocess.Popen[bytes] | None = None
        self.smtp_port = smtp_port
        self._bin = venv() / "bin"
        folder.mkdir(parents=True, exist_ok=True)
        self._config = folder / "mailman.cfg"

    def _settings(self) -> str:
        quick = "".join(f"[runner.{name}]\nsleep_time: 0.1s\n" for name in RUNNERS)
        idle = "".join(f"[runner.{name}]\nstart: no\n" for name in _IDLE)
        return (
            "[mailman]\nlayout: ours\nsite_owner: owner@pits.example\n"
            f"[paths.ours]\nvar_dir: {self.var}\nbin_dir: {self._bin}\n"
            f"[mta]\nincoming: mailman.mta.null.NullMTA\nsmtp_host: {HOST}\n"
            f"smtp_port: {self.smtp_port}\nlmtp_host: {HOST}\nlmtp_port: {self.lmtp_port}\n"
            f"max_recipients: 500\n"
            f"[webservice]\nhostname: {HOST}\nport: {self.rest_port}\nworkers: 1\n"
            f"admin_user: {USER}\nadmin_pass: {PASSWORD}\n{quick}{idle}"
        )

    def __enter__(self) -> "Core":
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "MAILMAN"))}
        self._config.write_text(self._settings())
        with open(self.folder / "output", "ab") as output:
            self._master = subprocess.Popen(
                [self._bin / "master", "--force", "-C", self._config],
                cwd=self.folder,
                env=kept,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        try:
            self._wait()
        except BaseException:
            self.kill()
            raise

    def _wait(self) -> None:
        assert self._master is not None
        asked = urllib.request.Request(f"{self.url}/system/versions")
        login = b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        asked.add_header("Authorization", f"Basic {login}")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        end = time.monotonic() + 90
        while True:
            with suppress(OSError):
                opener.open(asked, timeout=10).read()
                socket.create_connection((HOST, self.lmtp_port), 5).close()
                return
            assert self._master.poll() is None and time.monotonic() < end, self.said()
            time.sleep(0.05)

    def kill(self, *runners: str) -> None:
        """kill -9: the named runners (which master starts again), or all of it, master first."""
        assert self._master is not None
        if not runners:
            with suppress(ProcessLookupError):
                os.killpg(self._master.pid, signal.SIGKILL)  # the group that its session began as
            self._master.wait()
        for name in runners:
            for pid in self.pids(name):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def kill_master(self) -> None:
        """kill -9 of master alone: its runners stay, until `kill`."""
        assert self._master is not None
        os.kill(self._master.pid, signal.SIGKILL)

    def pids(self, runner: str) -> list[int]:
        """The processes of a runner of this core."""
        found = []
        for entry in Path("/proc").iterdir():
            with suppress(OSError):
                words = (entry / "cmdline").read_bytes().split(b"\0")
                mine = str(self._config).encode() in words
                if mine and f"--runner={runner}:0:1".encode() in words:
                    found.append(int(entry.name))
        return found

    def queued(self, *names: str) -> list[str]:
        """The mails in its queues. (What a killed runner was writing stays for ever, as .tmp.)"""
        return [
            f"{name}/{path.name}"
            for name in names
            for path in sorted((self.var / "queue" / name).glob("*"))
            if path.suffix != ".tmp"
        ]

    def said(self) -> str:
        """What it wrote, and its log."""
        logs = [self.folder / "output", self.var / "logs" / "mailman.log"]
        return "\n".join(path.read_text()[-4000:] for path in logs if path.exists())


def main() -> int:
    """Run a core until Ctrl-C, and print how to look at it."""
    from tests.mta.sink import Sink

    folder = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp()).absolute()
    with suppress(KeyboardInterrupt), Sink() as sink, Core(folder, sink.port) as core:
        print(f"Mailman answers at {core.url} (user {USER}, password {PASSWORD}).")
        print(f"For pits/NAME/mail:\n\n[mail]\nsmtp = {HOST}:{sink.port}\n")
        print(f"[mailman]\nurl = {core.url}\nuser = {USER}\npassword = {PASSWORD}")
        print(f"var = {core.var}\n\nWhat it sends is shown here. Ctrl-C ends it.", flush=True)
        while True:
            sink.until(lambda: bool(sink.received), 3600)
            for one in list(sink.received):
                head = one.mail.partition(b"\r\n\r\n")[0].split(b"\r\n")
                subject = b"".join(line for line in head if line.startswith(b"Subject:"))
                print(f"to {', '.join(one.recipients)}: {subject.decode(errors='replace')}")
            sink.clear()
    return 0


if __name__ == "__main__":
    sys.exit(main())
