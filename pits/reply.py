"""Mail that the pit sends to a member by itself: receipts, refusals, answers, outcomes.

It is plain text to an enrolled address, with a null return path and `Auto-Submitted`, so that no
program answers it (RFC 3834). The Message-ID follows from what it is about: who gets a mail twice,
as after a crash, can tell.
"""

import re
from collections import deque
from functools import lru_cache
from pathlib import Path

from pit.archives.disk import write_atomic
from pit.archives.entry import asctime
from pit.pits.home import Home, Settings

__all__ = ["Limit", "citable", "destination", "letter"]

PER_HOUR = 100
"""Replies to one address within an hour; the first one to each instruction is not counted."""

_MESSAGE_ID = re.compile(r"<[!-;=?-~]{3,200}>").fullmatch


def citable(message_id: str) -> str:
    """A Message-ID if it may stand in a header of ours, else ''."""
    return message_id if _MESSAGE_ID(message_id) else ""


def destination(home: Home, pit: str, handle: str) -> Path:
    """The Maildir for a member's mail: his inbox if his wallet is here, else the outbox."""
    wallet = home.wallet(handle)
    return wallet / "inbox" if wallet.is_dir() else home.outbox(pit)


@lru_cache(maxsize=16)
def _date(second: str) -> str:
    """A time as a Date field has it (RFC 5322, 3.3); second: `2026-11-20T12:50:19`."""
    week, month, day, clock, year = asctime(second).split()
    return f"{week}, {day:0>2} {month} {year} {clock} +0000"


def letter(
    settings: Settings,
    address: str,
    what: str,
    key: str,
    time: str,
    body: bytes,
    *,
    thread: str = "",
    subject: str = "",
    kind: str = "auto-replied",
) -> bytes:
    """A mail from the pit to a member's address.

    what: `receipt acme 1042`, for `Pit-Reply`. key: with it, makes the Message-ID. time: of its
    Date, as Pit-Time has it. thread: the Message-ID that it answers. subject: `what` where it is
    missing or no plain line of ASCII. kind: of Auto-Submitted.
    """
    ours = settings.address
    plain = subject.isascii() and subject.isprintable()
    answers = f"In-Reply-To: {thread}\n" if thread else ""
    head = (
        "Return-Path: <>\n"
        f"From: {settings.name} <{ours}>\n"
        f"To: {address}\n"
        f"Subject: {subject.strip() if subject.strip() and plain else what}\n"
        f"Date: {_date(time[:19])}\n"
        f"Message-ID: <{what.replace(' ', '.')}.{key}@{ours.partition('@')[2]}>\n"
        f"{answers}"
        f"Auto-Submitted: {kind}\n"
        f"Pit-Reply: {what}\n"
        "MIME-Version: 1.0\n"
        "Content-Type: text/plain; charset=utf-8\n"
        "Content-Transfer-Encoding: 8bit\n\n"
    )
    return head.encode() + body


class Limit:
    """How many replies each address got within the last hour; kept in a file of lines.

    Anybody can mail a signed text again that he has seen, and have its author answered. The file
    also says up to which entry everybody was told.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._changed = path, False
        lines = path.read_text("utf-8", "replace").splitlines() if path.exists() else []
        self.told = 0
        self._sent: dict[str, deque[str]] = {}
        for time, _, address in (line.partition(" ") for line in lines):
            if time != "told":
                self._sent.setdefault(address, deque()).append(time)
            elif re.fullmatch("[0-9]{1,15}", address):
                self.told = int(address)

    def allows(self, address: str, now: str, hour_ago: str) -> bool:
        """Count a reply to this address at the time `now`; False if there were too many."""
        times = self._sent.setdefault(address, deque())
        while times and times[0] <= hour_ago:
            times.popleft()
        if len(times) >= PER_HOUR:
            return False
        times.append(now)
        self._changed = True
        return True

    def save(self, told: int, hour_ago: str) -> None:
        """Write the file, if it has anything new to say, without what is an hour old."""
        if not self._changed and told == self.told:
            return
        sent = sorted((time, to) for to, times in self._sent.items() for time in times)
        lines = "".join(f"{time} {to}\n" for time, to in sent if time > hour_ago)
        write_atomic(self._path, f"told {told}\n{lines}".encode())
        self._changed, self.told = False, told
