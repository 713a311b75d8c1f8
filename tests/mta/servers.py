"""`pit lmtp` as a process, and a client that speaks LMTP to it byte by byte."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

HOST = "127.0.0.1"


class Server:
    """`pit lmtp ARGS`; a context manager, which ends it and looks how it ended.

    prefix: a command that runs it. said: what it printed on its way up.
    """

    def __init__(self, home: Path, *args: str, prefix: Sequence[str] = (), **more: str) -> None:
        self._command = [*prefix, sys.executable, "-m", "pit.pits.command", "lmtp", *args]
        if "--socket" not in args and "--listen" not in args:
            self._command += ["--listen", f"{HOST}:0"]
        kept = {k: v for k, v in os.environ.items() if not k.startswith("PIT")}
        self._env = {**kept, "PIT_HOME": str(home), **more}
        self._errors = b""

    def __enter__(self) -> "Server":
        self.start()
        return self

    def start(self) -> None:
        """Start it, and wait until it listens."""
        self.process = subprocess.Popen(
            self._command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self._env,
        )
        assert self.process.stdout is not None
        self.said = b""
        while not (found := re.search(rb"(?m)^lmtp at (\S+)\n", self.said)):
            line = self.process.stdout.readline()
            assert line, (self.said, self.errors())
            self.said += line
        self.place = found[1].decode()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.place.rpartition(":")[2])

    def kill(self) -> None:
        """End it as a power cut does."""
        self.process.send_signal(signal.SIGKILL)
        self.errors()

    def end(self, number: int = signal.SIGTERM) -> int:
        """Ask it to end; its status."""
        self.process.send_signal(number)
        self.errors()
        return self.process.returncode

    def errors(self) -> str:
        """Wait for its end; what it wrote on stderr."""
        try:
            self._errors += self.process.communicate(timeout=90)[1] or b""
        finally:
            if self.process.poll() is None:
                self.process.kill()
        return self._errors.decode()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            status = self.end()
            assert error or status == 0, (status, self._errors)
        for stream in (self.process.stdout, self.process.stderr):
            if stream:
                stream.close()
        assert error or b"Traceback" not in self._errors


class Client:
    """A connection; a context manager."""

    def __init__(self, place: str | int) -> None:
        if isinstance(place, int):
            self._socket = socket.create_connection((HOST, place), timeout=60)
        else:
            self._socket = socket.socket(socket.AF_UNIX)
            self._socket.settimeout(60)
            self._socket.connect(place)
        self._file = self._socket.makefile("rb")
        self.greeting = self.reply()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Go away without a word."""
        self._file.close()
        self._socket.close()

    def write(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._socket.sendall(data)

    def reply(self) -> str:
        """A reply, all its lines; '' if the server has closed."""
        lines = []
        while (line := self._file.readline().decode("ascii")) and lines.append(line) is None:
            assert re.match(r"\d{3}[ -]", line) and line.endswith("\r\n") and len(line) <= 512
            if line[3] == " ":
                break
        return "".join(lines)

    def say(self, *commands: str) -> list[str]:
        """Send commands at once; the reply to each."""
        self.write("".join(f"{command}\r\n" for command in commands).encode("ascii"))
        return [self.reply() for _ in commands]

    def begin(self, *recipients: str, sender: str = "alice@example.org") -> list[str]:
        """Everything before the mail itself; the replies to RCPT and DATA."""
        said = [f"MAIL FROM:<{sender}>", *(f"RCPT TO:<{one}>" for one in recipients), "DATA"]
        replies = self.say("LHLO client.example", *said)
        assert all(reply.startswith("250") for reply in replies[:2]), replies
        return replies[2:]

    def send(
        self, mail: bytes, recipients: Sequence[str], sender: str = "alice@example.org"
    ) -> list[str]:
        """A whole transaction; the replies after the mail, one for each that was taken."""
        replies = self.begin(*recipients, sender=sender)
        taken = [reply for reply in replies[:-1] if reply.startswith("250")]
        assert replies[-1].startswith("354"), replies
        self.write(stuffed(mail) + b".\r\n")
        return [self.reply() for _ in taken]


def stuffed(mail: bytes) -> bytes:
    """A mail that ends with CRLF, as it goes over the wire (RFC 5321, 4.5.2)."""
    assert mail.endswith(b"\r\n") or not mail
    return (b"\r\n" + mail).replace(b"\r\n.", b"\r\n..")[2:]
