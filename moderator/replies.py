"""What the notary answers: receipts, refusals, and nothing that could be answered again.

A reply goes to the address that the proven signer wrote from, an enrolled one, and nowhere else. It
is plain text that a person can read, check by hand, and show to others.
"""

import re
from collections import deque
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from pit.archives.disk import write_atomic
from pit.archives.entry import asctime
from pit.moderator.case import Case, Finding
from pit.moderator.ledger import Instruction
from pit.moderator.rules import SENTENCES
from pit.moderator.stamp import Made
from pit.pits.display import printable

__all__ = ["Limit", "Reply", "receipt", "refusal"]

PER_HOUR = 100
"""Replies to one address within an hour; the first one to each instruction is not counted."""

_QUOTED_LINES = 200
_HOW_TO_CHECK = """\
Keep this mail: it proves that the entry stands, whatever becomes of the archive. Below are the
entry's stamp, six lines; the path from it to the root of the tree over all stamps; and the seal, a
mail of the notary that signs the root, with its own stamp.

To check: take the sha256 of a zero byte and the stamp's lines; for each line of the path the sha256
of a byte 01, the hash on the left and the hash on the right, the path's being on the side that L or
R says. The last one is the seal's `root:`. gpg --verify checks the seal.

"""
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{3,200}>").fullmatch


class Reply(NamedTuple):
    """A mail to a member: his handle, his address, the mail itself."""

    handle: str
    address: str
    mail: bytes


def receipt(case: Case, entry: Made, path: str, seal: bytes) -> Reply:
    """The proof that an entry stands: stamp, path to the seal's root, the seal's entry.

    path: its lines, `L HASH` or `R HASH`. seal: the seal's entry without its `From_` line (mail
    servers and programs change such lines).
    """
    number, stamp, text, _ = entry
    pit = case.ledger.name
    body = (
        f"Entry {number} of the pit {pit} is your signed text:\n\n"
        f"{_quoted(text)}\n{_HOW_TO_CHECK}"
        f"== stamp\n{stamp.decode()}== path\n{path}== seal\n"
    ).encode() + seal
    return _reply(case, f"receipt {pit} {number}", body)


def refusal(case: Case, code: str, finding: Finding, recorded: bool) -> Reply:
    """Why an instruction was not taken; recorded: in the archive, for good."""
    name = case.ledger.name
    rule = "number" if code == "early" else code
    if recorded:
        what = (
            "The archive records the refusal, so the same signature is never taken again: to try\n"
            "anew, correct the text and sign it anew."
        )
    else:
        what = "Nothing was recorded: the same mail may be sent again."
    body = (
        f"The pit {name} does not take your text: {code}.\n"
        f"{SENTENCES[rule]}\n\n{finding}\n\n{what}\n\n"
        f"{_directive(case.instruction, code)}\n\n"
        f"{_quoted(case.block.text.decode('utf-8', 'replace'))}"
    )
    return _reply(case, f"refusal {name} {code}", body.encode())


def _directive(instruction: Instruction, code: str) -> str:
    """Which instruction it is, in the words of the archive."""
    return f"refused {instruction.fingerprint} {instruction.signed} {instruction.text} {code}"


def _quoted(text: str) -> str:
    """A text behind `> `, shortened, and unable to steer a terminal."""
    lines = text.removesuffix("\n").split("\n")
    more = len(lines) - _QUOTED_LINES
    shown = [_quoted_line(line) for line in lines[:_QUOTED_LINES]]
    return "\n".join([*shown, *([f"> … {more} more lines"] if more > 0 else []), ""])


def _quoted_line(line: str) -> str:
    shown = line if line.isprintable() else printable(line)
    return f"> {shown[:900]}".rstrip()


@lru_cache(maxsize=16)
def _date(second: str) -> str:
    """A time as a Date field has it (RFC 5322, 3.3); second: `2026-11-20T12:50:19`."""
    week, month, day, clock, year = asctime(second).split()
    return f"{week}, {day:0>2} {month} {year} {clock} +0000"


def _reply(case: Case, what: str, body: bytes) -> Reply:
    address, now = case.mail.sender, case.now
    ours = case.settings.address
    named = [value for name, value in case.mail.fields if name == "message-id"]
    thread = f"In-Reply-To: {named[0]}\n" if len(named) == 1 and _MESSAGE_ID(named[0]) else ""
    key = f"{case.instruction.text[:32]}.{case.instruction.signed.replace(':', '')}"
    head = (
        "Return-Path: <>\n"
        f"From: {case.ledger.name} <{ours}>\n"
        f"To: {address}\n"
        f"Subject: {what}\n"
        f"Date: {_date(now[:19])}\n"
        f"Message-ID: <{what.replace(' ', '.')}.{key}@{ours.partition('@')[2]}>\n"
        f"{thread}"
        "Auto-Submitted: auto-replied\n"
        f"Pit-Reply: {what}\n"
        "MIME-Version: 1.0\n"
        "Content-Type: text/plain; charset=utf-8\n"
        "Content-Transfer-Encoding: 8bit\n\n"
    )
    return Reply(case.handle, address, head.encode() + body)


class Limit:
    """How many replies each address got within the last hour; kept in a file of lines.

    Anybody can mail a signed text again that he has seen, and have its author answered. The file
    also says up to which entry everybody was told; number: the archive's last. What is between was
    cut off by a crash, and is owed.
    """

    def __init__(self, path: Path, number: int) -> None:
        self._path, self._changed = path, False
        lines = path.read_text("utf-8", "replace").splitlines() if path.exists() else []
        self._told = 0
        self._sent: dict[str, deque[str]] = {}
        for time, _, address in (line.partition(" ") for line in lines):
            if time != "told":
                self._sent.setdefault(address, deque()).append(time)
            elif re.fullmatch("[0-9]{1,15}", address):
                self._told = int(address)
        self._owed = range(self._told + 1, number + 1)
        self._paid: set[Instruction] = set()

    def owes(self, instruction: Instruction, record: int) -> bool:
        """Whether an answer to an instruction decided in that entry is still owed; only once."""
        if record not in self._owed or instruction in self._paid:
            return False
        self._paid.add(instruction)
        return True

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
        if not self._changed and told == self._told:
            return
        sent = sorted((time, to) for to, times in self._sent.items() for time in times)
        lines = "".join(f"{time} {to}\n" for time, to in sent if time > hour_ago)
        write_atomic(self._path, f"told {told}\n{lines}".encode())
        self._changed, self._told = False, told
