"""An SMTP server that holds what is sent to each address: the subscribers of a list, in tests.

    with Sink() as sink:
        ...  # have mail sent to 127.0.0.1, port sink.port
        sink.wait("bob@example.org", 3)
        assert b"Subject: order" in sink.of("bob@example.org")[0]

It takes whatever comes for whomever. `sink.refuse["bob@example.org"] = "451 4.3.0 later"` makes it
answer so, until the entry is taken out.
"""

import asyncio
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, NamedTuple

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session

HOST = "127.0.0.1"
LIMIT = 64 << 20


class Received(NamedTuple):
    """A mail as it came: its envelope, and its bytes with CRLF line ends.

    sender: '' for the null return path. options: of MAIL, in capitals, such as `BODY=8BITMIME`.
    """

    sender: str
    recipients: tuple[str, ...]
    mail: bytes
    options: tuple[str, ...] = ()


class _Server(SMTP):
    line_length_limit = LIMIT  # what a mail server would never send is to be seen, too


class _LmtpServer(LMTP):
    line_length_limit = LIMIT


class Sink:
    """The server, in a thread of its own; a context manager.

    port: of 127.0.0.1; 0 for one that is free. lmtp: it speaks LMTP, with mails to one recipient
    each. received: all mails in order of arrival.
    """

    def __init__(self, port: int = 0, *, lmtp: bool = False) -> None:
        self.port = port
        self._kind = _LmtpServer if lmtp else _Server
        self.received: list[Received] = []
        self.refuse: dict[str, str] = {}
        self._news = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> "Sink":
        self._thread.start()
        self._server = self._do(self._serve)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._do(self._end)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def of(self, address: str) -> list[bytes]:
        """The mails to an address, CRLF line ends, in order of arrival."""
        name = address.lower()
        with self._news:
            return [one.mail for one in self.received if name in map(str.lower, one.recipients)]

    def addresses(self) -> set[str]:
        """Whoever got mail, in small letters."""
        with self._news:
            return {address.lower() for one in self.received for address in one.recipients}

    def wait(self, address: str, count: int = 1, seconds: float = 60) -> list[bytes]:
        """The mails to an address, once there are so many; AssertionError if they do not come."""
        self.until(lambda: len(self.of(address)) >= count, seconds)
        found = self.of(address)
        assert len(found) >= count, f"{address}: {len(found)} of {count} mails in {seconds} s"
        return found

    def until(self, true: Callable[[], bool], seconds: float = 60) -> bool:
        """Wait for mail until something is true; whether it is."""
        end = time.monotonic() + seconds
        with self._news:
            while not true() and (left := end - time.monotonic()) > 0:
                self._news.wait(min(left, 1))
            return true()

    def clear(self) -> None:
        """Forget what has come."""
        with self._news:
            self.received.clear()

    # What aiosmtpd calls.

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take the address, unless it is to be refused."""
        if answer := self.refuse.get(address.lower()):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Hold the mail."""
        sender = "" if envelope.mail_from in (None, "<>") else str(envelope.mail_from)
        mail = envelope.original_content or b""
        options = tuple(envelope.mail_options)
        with self._news:
            self.received.append(Received(sender, tuple(envelope.rcpt_tos), mail, options))
            self._news.notify_all()
        return "250 2.0.0 OK"

    def _do(self, make: Callable[[], Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(make(), self._loop).result(60)

    async def _serve(self) -> asyncio.Server:
        return await self._loop.create_server(self._connection, HOST, self.port)

    def _connection(self) -> SMTP:
        return self._kind(
            self, hostname="sink.example", data_size_limit=LIMIT, enable_SMTPUTF8=True,
            loop=self._loop,
        )  # fmt: skip

    async def _end(self) -> None:
        self._server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
