"""Mail on its way to the disk: what comes together goes there together."""

import asyncio
import errno
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from pit.archives.errors import IOFailure
from pit.pits import spool

__all__ = ["Writer", "bounced", "failure"]

MOST = 256
"""Mails that are put on disk at once."""


class Writer:
    """Puts mails into spools; what comes while the disk is busy goes onto it with one sync."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Path, bytes, asyncio.Future[str]]] = []
        self._work: asyncio.Task[None] | None = None
        # One thread: the names in a spool are made one after the other.
        self._thread = ThreadPoolExecutor(1, "spool")

    async def put(self, folder: Path, mail: bytes) -> str:
        """Add a mail to a spool and return its file's name; it is on disk then. Else IOFailure."""
        arrived = asyncio.get_running_loop().create_future()
        self._waiting.append((folder, mail, arrived))
        if self._work is None:
            self._work = asyncio.create_task(self._write())
        return str(await arrived)

    async def _write(self) -> None:
        loop = asyncio.get_running_loop()
        while batch := self._waiting[:MOST]:
            del self._waiting[:MOST]
            for folder in dict.fromkeys(folder for folder, _, _ in batch):
                mails = [(mail, arrived) for where, mail, arrived in batch if where == folder]
                put = [(folder, mail) for mail, _ in mails]
                found: list[str] | Exception
                try:
                    found = await loop.run_in_executor(self._thread, spool.put_all, put)
                except Exception as error:
                    found = error
                for at, (_, arrived) in enumerate(mails):
                    if arrived.done():  # who sent it did not wait for the answer
                        continue
                    if isinstance(found, Exception):
                        arrived.set_exception(found)
                    else:
                        arrived.set_result(Path(found[at]).name)
        self._work = None

    async def finish(self) -> None:
        """Wait until all is on disk that was to be."""
        while self._work is not None:
            with suppress(asyncio.CancelledError):
                await asyncio.shield(self._work)


def bounced(mail: bytes) -> bytes:
    """A mail whose envelope sender is null, marked so: the notary's rule `loop` looks for that.

    RFC 5321, 4.4, has whoever delivers put the envelope sender in front. Here only the null one is:
    what becomes an entry stays as it came, and a bounce never becomes one.
    """
    return b"Return-Path: <>\r\n" + mail


def failure(error: IOFailure) -> str:
    """The SMTP reply to a mail that could not be written: come again."""
    cause = error.__cause__
    full = isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT)
    return f"452 4.3.1 {error}" if full else f"451 4.3.0 {error}"
