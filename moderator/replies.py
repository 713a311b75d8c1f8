"""What the notary answers: receipts, refusals, and nothing that could be answered again.

A reply goes to the address that the proven signer wrote from, an enrolled one, and nowhere else. It
is plain text that a person can read, check by hand, and show to others.
"""

import re
from pathlib import Path
from typing import NamedTuple

from pit.archives.disk import write_atomic
from pit.archives.entry import Stamp, asctime
from pit.archives.mbox import Entry
from pit.moderator.case import Case, Finding
from pit.moderator.ledger import Instruction
from pit.moderator.rules import SENTENCES
from pit.pits.display import printable

__all__ = ["Limit", "Reply", "receipt", "refusal"]

PER_HOUR = 100
"""Replies to one address within an hour; receipts of new entries are not counted."""

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


def receipt(
    case: Case, entry: Entry, stamp: Stamp, path: list[tuple[str, bytes]], seal: bytes
) -> Reply:
    """The proof that an entry stands: stamp, path to the seal's root, the seal's entry.

    entry, stamp: what stands. seal: the seal's entry, raw (its `From_` line is left out: mail
    servers and programs change such lines).
    """
    steps = "".join(f"{side} {sibling.hex()}\n" for side, sibling in path)
    body = (
        f"Entry {entry.number} of the pit {entry.pit} is your signed text:\n\n"
        f"{_quoted(entry.text)}\n{_HOW_TO_CHECK}"
        f"== stamp\n{stamp.lines().decode()}== path\n{steps}== seal\n"
    ).encode() + seal.partition(b"\n")[2]
    return _reply(case, f"receipt {entry.pit} {entry.number}", body)


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
    shown = [f"> {printable(line)[:900]}".rstrip() for line in lines[:_QUOTED_LINES]]
    return "\n".join([*shown, *([f"> … {more} more lines"] if more > 0 else []), ""])


def _reply(case: Case, what: str, body: bytes) -> Reply:
    address, now = case.mail.sender, case.now
    ours = case.settings.address
    named = [value for name, value in case.mail.fields if name == "message-id"]
    thread = f"In-Reply-To: {named[0]}\n" if len(named) == 1 and _MESSAGE_ID(named[0]) else ""
    week, month, day, clock, year = asctime(now).split()
    key = f"{case.instruction.text[:32]}.{case.instruction.signed.replace(':', '')}"
    head = (
        "Return-Path: <>\n"
        f"From: {case.ledger.name} <{ours}>\n"
        f"To: {address}\n"
        f"Subject: {what}\n"
        f"Date: {week}, {day:0>2} {month} {year} {clock} +0000\n"
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

    Anybody can mail a signed text again that he has seen, and have its author answered.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        lines = path.read_text("utf-8", "replace").splitlines() if path.exists() else []
        self._sent = [(time, address) for time, _, address in (x.partition(" ") for x in lines)]

    def allows(self, address: str, now: str, hour_ago: str) -> bool:
        """Count a reply to this address at the time `now`; False if there were too many."""
        self._sent = [(time, to) for time, to in self._sent if time > hour_ago]
        if sum(to == address for _, to in self._sent) >= PER_HOUR:
            return False
        self._sent.append((now, address))
        return True

    def save(self) -> None:
        """Write the file, if it has anything to say."""
        if self._sent or self._path.exists():
            lines = "".join(f"{time} {address}\n" for time, address in self._sent)
            write_atomic(self._path, lines.encode())
