"""Mails a second, and a CPU second, from LMTP into the spool and on to a sealed entry.

    $ python benchmarks/lmtp.py
    $ python benchmarks/lmtp.py --mails 20000 --connections 1 --json

Signed orders go over so many connections into `pit lmtp`, each waiting for its 250 before the next
mail, as a mail server's deliveries do; when all are in, `pit notary` seals them. What counts is the
wall clock, and the CPU time (user and system) of the servers, not of who sends. The same mails go
into aiosmtpd's own Mailbox handler, which writes a Maildir too, and are written into a Maildir by a
bare loop with the same promise (file, name and folder synced, one mail after the other).

$TMPDIR says on which file system: how long a sync takes is most of the wall clock.
"""

import argparse
import json
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from notary import LIST, PIT, found, orders, pit, since, spent

from pit.pits import spool
from pit.pits.home import Home
from pit.pits.reading import last_seal

HOST = "127.0.0.1"


class Taken(NamedTuple):
    """Wall-clock and CPU seconds."""

    wall: float
    cpu: float


class Server:
    """A program that takes mail on a port; a context manager; cpu: its time, once it has ended."""

    def __init__(self, home: Path, *command: str) -> None:
        env = {key: v for key, v in os.environ.items() if not key.startswith("PIT")}
        self._env, self._command = {**env, "PIT_HOME": str(home)}, command
        self.cpu = 0.0

    def __enter__(self) -> "Server":
        self._before = spent(resource.RUSAGE_CHILDREN)
        self.process = subprocess.Popen(self._command, env=self._env, stdout=subprocess.PIPE)
        return self

    def __exit__(self, *_: object) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
        self.cpu = since(self._before, resource.RUSAGE_CHILDREN).total


class Client:
    """A connection that sends one mail after the other."""

    def __init__(self, port: int, hello: str) -> None:
        self._socket = socket.create_connection((HOST, port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self._socket.makefile("rb")
        self._reply(b"220")
        self._socket.sendall(f"{hello} bench.invalid\r\n".encode())
        self._reply(b"250")
        sender = "alice@example.org"
        self._begin = f"MAIL FROM:<{sender}>\r\nRCPT TO:<{LIST}>\r\nDATA\r\n".encode()

    def send(self, mail: bytes) -> None:
        """Send a mail, CRLF and dots stuffed, and wait for the answer."""
        self._socket.sendall(self._begin)
        for code in (b"250", b"250", b"354"):
            self._reply(code)
        self._socket.sendall(mail)
        self._reply(b"250")

    def _reply(self, code: bytes) -> None:
        while True:
            line = self._file.readline()
            if not line.startswith(code):
                raise SystemExit(f"{line!r} where {code!r} was expected")
            if line[3:4] == b" ":
                return

    def close(self) -> None:
        """Go away."""
        self._socket.close()


def wire(mail: bytes) -> bytes:
    """A mail as it goes over the wire."""
    return re.sub(rb"(?m)^\.", b"..", mail).replace(b"\n", b"\r\n") + b".\r\n"


def send_all(port: int, hello: str, mails: Sequence[bytes], connections: int) -> float:
    """Send mails over so many connections; the seconds until the last answer."""
    clients = [Client(port, hello) for _ in range(connections)]
    failed: list[BaseException] = []

    def run(client: Client, mine: Sequence[bytes]) -> None:
        try:
            for mail in mine:
                client.send(mail)
        except BaseException as error:
            failed.append(error)

    parts = [mails[at::connections] for at in range(connections)]
    threads = [threading.Thread(target=run, args=pair) for pair in zip(clients, parts, strict=True)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - start
    for client in clients:
        client.close()
    if failed:
        raise SystemExit(f"a mail was not taken: {failed[0]}")
    return seconds


def by_lmtp(home: Path, mails: Sequence[bytes], connections: int) -> Taken:
    """Into the spool by `pit lmtp`."""
    program = str(Path(sys.executable).with_name("pit"))
    server = Server(home, program, "lmtp", "-p", PIT, "--listen", f"{HOST}:0")
    with server:
        assert server.process.stdout is not None
        for line in server.process.stdout:
            if place := re.match(rb"lmtp at .*:(\d+)\n", line):
                break
        seconds = send_all(int(place[1]), "LHLO", mails, connections)
    return Taken(seconds, server.cpu)


def by_mailbox(folder: Path, mails: Sequence[bytes], connections: int) -> Taken:
    """Into a Maildir by aiosmtpd's Mailbox handler."""
    with socket.socket() as one:
        one.bind((HOST, 0))
        port = one.getsockname()[1]
    handler = ("-c", "aiosmtpd.handlers.Mailbox", str(folder / "mailbox"))
    listen = ("-n", "-l", f"{HOST}:{port}")
    server = Server(folder, sys.executable, "-m", "aiosmtpd", *listen, *handler)
    with server:
        for _ in range(200):
            try:
                socket.create_connection((HOST, port)).close()
                break
            except OSError:
                time.sleep(0.05)
        seconds = send_all(port, "EHLO", mails, connections)
    stored = len(list((folder / "mailbox/new").iterdir()))
    if stored != len(mails):
        raise SystemExit(f"aiosmtpd stored {stored} of {len(mails)} mails")
    return Taken(seconds, server.cpu)


def by_loop(folder: Path, mails: Sequence[bytes]) -> Taken:
    """Into a Maildir, each synced by itself, by nothing but a loop."""
    before, start = spent(resource.RUSAGE_SELF), time.perf_counter()
    for mail in mails:
        spool.put(folder / "loop", mail)
    return Taken(time.perf_counter() - start, since(before, resource.RUSAGE_SELF).total)


class Measured(NamedTuple):
    """One run."""

    lmtp: Taken
    notary: Taken
    mailbox: Taken
    loop: Taken


def measure(folder: Path, count: int, connections: int) -> Measured:
    """One pit, so many mails."""
    home = folder / "home"
    key = found(home)
    made = [wire(mail) for mail in orders(home, key, count)]
    lmtp = by_lmtp(home, made, connections)
    start = time.perf_counter()
    cpu = pit(home, "notary", "-p", PIT).total
    notary = Taken(time.perf_counter() - start, cpu)
    seal = last_seal(Home(home), PIT)
    if seal is None or seal[0] < count:
        raise SystemExit(f"of {count} mails not all were sealed: {seal}")
    return Measured(lmtp, notary, by_mailbox(folder, made, connections), by_loop(folder, made))


def figures(found: Sequence[Measured], count: int) -> dict[str, float]:
    """The best of several runs, by name."""
    best = {
        name: Taken(
            min(getattr(one, name).wall for one in found),
            min(getattr(one, name).cpu for one in found),
        )
        for name in Measured._fields
    }
    lmtp, notary = best["lmtp"], best["notary"]
    sealed = Taken(lmtp.wall + notary.wall, lmtp.cpu + notary.cpu)
    return {
        "lmtp_mails_per_second": count / lmtp.wall,
        "lmtp_mails_per_cpu_second": count / lmtp.cpu,
        "lmtp_to_sealed_mails_per_second": count / sealed.wall,
        "lmtp_to_sealed_mails_per_cpu_second": count / sealed.cpu,
        "aiosmtpd_mailbox_mails_per_second": count / best["mailbox"].wall,
        "aiosmtpd_mailbox_mails_per_cpu_second": count / best["mailbox"].cpu,
        "synced_loop_mails_per_second": count / best["loop"].wall,
        "lmtp_to_aiosmtpd_mailbox": best["mailbox"].wall / lmtp.wall,
    }


def main() -> None:
    """Make the mails, measure, print `name value unit` lines."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--mails", type=int, default=3000)
    options.add_argument("--connections", type=int, default=20)
    options.add_argument("--repeat", type=int, default=3, help="the best of so many counts")
    options.add_argument("--json", action="store_true")
    args = options.parse_args()
    measured = []
    for _ in range(args.repeat):
        with tempfile.TemporaryDirectory(prefix="pit-") as folder:
            measured.append(measure(Path(folder), args.mails, args.connections))
    best = figures(measured, args.mails)
    if args.json:
        print(json.dumps(best))
        return
    for name, value in best.items():
        times = name == "lmtp_to_aiosmtpd_mailbox"
        print(name, f"{value:.1f} times" if times else f"{value:.0f} mails/s")


if __name__ == "__main__":
    main()
