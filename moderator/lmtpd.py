"""LMTP (RFC 2033) as aiosmtpd speaks it, with what that leaves out.

aiosmtpd answers once after DATA, LMTP wants an answer for each recipient; it announces neither
PIPELINING nor ENHANCEDSTATUSCODES, which LMTP asks for; it refuses long lines. A mail ends with
CR LF . CR LF and with nothing else; a bare CR or LF in it is a byte like any other, and the
notary's rule `shape` has the last word on it (SMTP smuggling, CVE-2024-27305).
"""

import asyncio
import logging
import re
import sys
from collections import defaultdict
from collections.abc import Callable
from typing import AnyStr

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session, syntax

from pit.archives.errors import IOFailure, PitError
from pit.moderator.intake import Writer, bounced, failure
from pit.moderator.limits import LIMIT
from pit.moderator.postings import Postings
from pit.pits.display import printable
from pit.pits.home import Home

__all__ = ["Connection", "Service", "reply", "say"]

CONNECTIONS = 64
"""At once; each may hold a mail in memory."""

RECIPIENTS = 1000
"""Of one mail, the same one counted as often as it is named (RFC 5321, 4.5.3.1.8: 100 or more)."""

PIECE = 1 << 16
"""Bytes read at a time where a line does not end."""

_BARE = re.compile(r"([245]\d\d)[ -](?![245]\.\d)")
_ADDRESS = re.compile(r"<([\w.+=-]+@[A-Za-z0-9.-]+|)>(?: +(.*))?", re.ASCII).fullmatch
_CODES = {"500": "5.5.2", "501": "5.5.4", "502": "5.5.1", "503": "5.5.1", "552": "5.3.4"}
"""Enhanced codes (RFC 3463) of replies that aiosmtpd gives without one."""

# It would write what clients send, as it is, to stderr.
logging.getLogger("mail.log").setLevel(logging.CRITICAL)


def say(text: str) -> None:
    """A line on stderr for whoever runs the server."""
    print(f"pit lmtp: {printable(text)}", file=sys.stderr, flush=True)


def reply(text: str) -> str:
    """One reply line: printable ASCII, at most 500 bytes, with an enhanced status code."""
    if (bare := _BARE.match(text)) and bare[1] != "220":  # a greeting has none (RFC 2034, 4)
        text = f"{bare[1]} {_CODES.get(bare[1], text[0] + '.0.0')} {text[4:]}"
    return re.sub(r"[^ -~]", "?", text)[:500]


class Service:
    """What the connections share.

    arrived: called with a pit's name when mail has come for it. closing: no more transactions.
    """

    def __init__(
        self, home: Home, postings: Postings, hostname: str, arrived: Callable[[str], None]
    ) -> None:
        self.home, self.postings, self.hostname, self.arrived = home, postings, hostname, arrived
        self.writer = Writer()
        self.connections: set[Connection] = set()
        self.closing = False
        self._last = asyncio.Event()

    def connection(self) -> "Connection":
        """A new one, for asyncio's create_server."""
        return Connection(self)

    def close(self) -> None:
        """Take no more transactions: end what is idle, and the others when they are through."""
        self.closing = True
        for connection in list(self.connections):
            if not connection.busy:
                connection.leave()

    async def ended(self) -> None:
        """Wait until the last connection has ended, after close()."""
        while self.connections:
            self._last.clear()
            await self._last.wait()

    def left(self, connection: "Connection") -> None:
        """Forget a connection."""
        self.connections.discard(connection)
        self._last.set()

    def drop(self) -> None:
        """End every connection; whoever was not answered has not been promised anything."""
        for connection in list(self.connections):
            connection.leave()

    async def store(self, recipients: list[str], mail: bytes | None) -> list[str]:
        """Put a mail into the spools of its recipients; a reply for each, in order.

        mail: None if it was too long to be kept. recipients: names of pits.
        """
        if mail is None:
            return [f"552 5.3.4 a mail has at most {LIMIT} bytes here"] * len(recipients)
        pits = dict.fromkeys(recipients)
        answers = await asyncio.gather(*(self._put(pit, mail) for pit in pits))
        by_pit = dict(zip(pits, answers, strict=True))
        return [by_pit[pit] for pit in recipients]

    async def _put(self, pit: str, mail: bytes) -> str:
        try:
            name = await self.writer.put(self.home.spool(pit), mail)
        except IOFailure as error:
            say(str(error))
            return failure(error)
        except Exception as error:  # it is not on disk, whatever it was
            say(f"bug: {type(error).__name__}: {error}; please report")
            return "451 4.3.0 it could not be stored"
        self.arrived(pit)
        return f"250 2.0.0 {pit}: stored as {name}"

    # What aiosmtpd calls.

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take the recipient if it is the posting address of a pit."""
        if len(envelope.rcpt_tos) >= RECIPIENTS:
            return f"452 4.5.3 at most {RECIPIENTS} recipients"
        try:
            pit = self.postings.pit(address)
        except (PitError, OSError) as error:
            say(str(error))
            return "451 4.3.0 the pits' settings cannot be read now"
        if not pit:
            return f"550 5.1.1 <{address}>: no pit here takes mail at this address"
        envelope.rcpt_tos.append(pit)
        return f"250 2.1.5 {pit}"

    async def handle_exception(self, error: Exception) -> str:
        """Answer where the software is wrong: come again."""
        say(f"bug: {type(error).__name__}: {error}; please report")
        return "451 4.3.0 local error"


class Connection(LMTP):
    """One client."""

    line_length_limit = PIECE  # the reader's; there is no limit for a line of a mail
    command_size_limits: dict[str, int] = defaultdict(lambda: 2048)  # noqa: RUF012

    def __init__(self, service: Service) -> None:
        super().__init__(
            service,
            data_size_limit=LIMIT,
            hostname=service.hostname,
            ident="LMTP: the trading pit",
            loop=asyncio.get_running_loop(),
        )
        self.service = service

    @property
    def busy(self) -> bool:
        """Whether it is between MAIL and the answer to its mail."""
        return self.envelope is not None and self.envelope.mail_from is not None

    def leave(self) -> None:
        """Say that the service ends, and close."""
        if self.transport is not None:
            self._writer.write(b"421 4.3.2 the service ends\r\n")
            self.transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count it."""
        self.service.connections.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Count it no more."""
        self.service.left(self)
        super().connection_lost(error)

    async def _handle_client(self) -> None:
        if len(self.service.connections) > CONNECTIONS:
            await self._send("421 4.3.2 too many connections")
            self._writer.close()
        else:
            await super()._handle_client()

    async def push(self, status: AnyStr) -> None:
        """Send a reply."""
        await self._send(reply(status if isinstance(status, str) else status.decode("latin-1")))

    async def _send(self, *lines: str) -> None:
        self._writer.write("".join(f"{line}\r\n" for line in lines).encode("ascii"))
        await self._writer.drain()

    async def check_helo_needed(self, helo: str = "LHLO") -> bool:
        """Whether the greeting is missing, which is answered then."""
        return bool(await super().check_helo_needed(helo))

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        if plain := _ADDRESS(arg):  # a tenth of the time of the parser for all
            return plain[1] or "<>", plain[2] or ""
        try:
            found: tuple[str | None, str | None] = super()._getaddr(arg)
        except Exception:  # Python's parser of addresses meets its own limits
            return None, None
        return found

    @syntax("LHLO hostname")
    async def smtp_LHLO(self, arg: str | None) -> None:
        """Greet, and say what is understood."""
        if not arg:
            await self.push("501 Syntax: LHLO hostname")
            return
        assert self.session is not None
        self._set_rset_state()  # type: ignore[no-untyped-call]
        self.session.extended_smtp = True
        self.session.host_name = arg
        can = ("PIPELINING", "ENHANCEDSTATUSCODES", "8BITMIME", f"SIZE {LIMIT}")
        words = [self.hostname, *can]
        await self._send(*(f"250-{word}" for word in words[:-1]), f"250 {words[-1]}")

    @syntax("DATA")
    async def smtp_DATA(self, arg: str | None) -> None:
        """Take a mail, and answer for each recipient when it is on disk (RFC 2033, 4.2)."""
        if await self.check_helo_needed():
            return
        if arg:
            await self.push("501 Syntax: DATA")
            return
        assert self.envelope is not None
        recipients, sender = self.envelope.rcpt_tos, self.envelope.mail_from
        if not recipients:
            await self.push("503 Error: need RCPT command")
            return
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        mail = await self._content()
        if mail is not None and sender == "<>":
            mail = bounced(mail)
        answers = await self.service.store(recipients, mail)
        self._set_post_data_state()  # type: ignore[no-untyped-call]
        await self._send(*map(reply, answers))
        if self.service.closing:
            self.leave()

    async def _content(self) -> bytes | None:
        """The mail up to its end, dots unstuffed (RFC 5321, 4.5.2); None if it is too long."""
        pieces: list[bytes] = []
        size = 0
        starts = True  # a line: only there does a dot mean anything
        while True:
            ends = True
            try:
                piece = await self._reader.readuntil(b"\r\n")
            except asyncio.LimitOverrunError as long:
                piece = await self._reader.read(long.consumed)
                ends = False
            if starts and piece[:1] == b".":
                if piece == b".\r\n":
                    return b"".join(pieces) if size <= LIMIT else None
                piece = piece[1:]
            starts = ends
            size += len(piece)
            if size <= LIMIT:
                pieces.append(piece)
            else:
                pieces.clear()
