"""A server that runs: where it listens, how it ends, the turns that it takes beside."""

import asyncio
import errno
import os
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path

from pit.archives.errors import Busy, Denied, UsageError
from pit.moderator.lmtpd import Service, say
from pit.moderator.places import Address
from pit.moderator.postings import Postings, served
from pit.pits.home import Home

__all__ = ["run"]

GRACE = 30.0
"""Seconds that transactions and a turn have to end in after TERM."""

EVERY = 60.0
"""Seconds between turns when no mail comes: as often as cron."""

READABLE = 0o117
"""The umask under which a socket is made: its owner and its group may write to it."""


class Turns:
    """Runs `pit turn` for a pit when its mail has come and once a minute, never two at a time."""

    def __init__(self) -> None:
        self._news: dict[str, asyncio.Event] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._closing = False

    def arrived(self, pit: str) -> None:
        """Take a turn soon: at once, or when the one that runs has ended."""
        if pit not in self._news:
            self._news[pit] = asyncio.Event()
            self._tasks.append(asyncio.create_task(self._turns(pit)))
        self._news[pit].set()

    async def _turns(self, pit: str) -> None:
        command = [sys.executable, "-m", "pit.pits.command", "turn", "-p", pit]
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news[pit].wait(), EVERY)
            if self._closing:
                return
            self._news[pit].clear()
            try:
                child = await asyncio.create_subprocess_exec(
                    *command, stdin=asyncio.subprocess.DEVNULL
                )
                status = await child.wait()
            except OSError as error:
                say(f"pit turn -p {pit}: {error}")
            else:
                if status:
                    say(f"pit turn -p {pit} ended with {status}; it is tried again")

    async def finish(self) -> None:
        """Wait for the turns that run, and begin none."""
        self._closing = True
        for news in self._news.values():
            news.set()
        await asyncio.gather(*self._tasks)


def run(home: Home, postings: Postings, place: Address | Path, *, turns: bool) -> int:
    """Serve until TERM or an interrupt; place: an address, or the path of a Unix socket."""
    return asyncio.run(_serve(home, postings, place, Turns() if turns else None))


async def _serve(home: Home, postings: Postings, place: Address | Path, turns: Turns | None) -> int:
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_explain)
    ended: asyncio.Future[int] = loop.create_future()

    def end(number: int) -> None:
        if not ended.done():
            ended.set_result(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end, number)
    arrived = turns.arrived if turns else lambda pit: None
    hostname = socket.gethostname().encode("ascii", "replace").decode()
    service = Service(home, postings, hostname, arrived)
    server, where = await _listen(service, place)
    print(f"{served(postings)}lmtp at {where}", flush=True)
    if turns:
        for pit in postings.known.values():
            turns.arrived(pit)
    found = await ended
    server.close()
    if isinstance(place, Path):
        place.unlink(missing_ok=True)
    service.close()
    with suppress(TimeoutError):
        await asyncio.wait_for(service.ended(), GRACE)
    service.drop()
    await service.writer.finish()
    if turns:
        with suppress(TimeoutError):
            await asyncio.wait_for(turns.finish(), GRACE)
    if found == signal.SIGINT:
        raise KeyboardInterrupt
    return 0


async def _listen(service: Service, place: Address | Path) -> tuple[asyncio.Server, str]:
    """The server, and where it listens; Busy if another one does, Denied if this user may not."""
    loop = asyncio.get_running_loop()
    try:
        if isinstance(place, Path):
            return await _listen_at(service, place), str(place)
        server = await loop.create_server(service.connection, place.host, place.port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise Busy(f"{place}: another program listens there") from error
        if isinstance(error, PermissionError):
            raise Denied(f"{place}: {error.strerror}") from error
        raise UsageError(f"{place}: {os.strerror(error.errno or 0)}") from error
    port = server.sockets[0].getsockname()[1]
    return server, str(place._replace(port=port))


async def _listen_at(service: Service, path: Path) -> asyncio.Server:
    """A Unix socket; one that was left behind is replaced, one that is answered is not."""
    if path.is_socket():
        with socket.socket(socket.AF_UNIX) as other, suppress(ConnectionRefusedError):
            other.connect(str(path))
            raise OSError(errno.EADDRINUSE, "in use", str(path))
    before = os.umask(READABLE)
    try:
        return await asyncio.get_running_loop().create_unix_server(service.connection, path)
    finally:
        os.umask(before)


def _explain(loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
    """A line for what nobody waited for; clients that went away are nothing new."""
    error = context.get("exception")
    if not isinstance(error, ConnectionError):
        say(f"{context.get('message')}: {type(error).__name__}: {error}")
