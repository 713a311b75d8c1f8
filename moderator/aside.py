"""What a batch answers without an entry.

Questions, which `pit answer` answers; and mail that proves its sender though its shape is not one
of the two: a body that is more than the signed block, or signed parts that are more than a text.
Such mail is never taken: a valid signature inside something larger may be an attack. But a member
whose provider adds a footer, or whose program attaches a key, would never learn why he is not
heard. So he is told, once for each signed text, at his enrolled address. Whoever sends on what he
has seen gets nothing, and nobody is told of what is decided, old, or was told before.
"""

from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from pit.archives.errors import PitError
from pit.archives.mime import enclosed
from pit.moderator import queries, replies
from pit.moderator.case import Case, Finding
from pit.moderator.footers import Around, around, blame, outside, unwrap
from pit.moderator.ledger import Instruction
from pit.moderator.mail import MAX_MAIL
from pit.moderator.rules import ANSWERED, ASKED, QUARANTINED, Verdict, decide, key, right
from pit.pits.clearsigned import Clearsigned
from pit.pits.packets import armor_fault
from pit.pits.queries import pack

__all__ = ["Aside"]


class _Stray(NamedTuple):
    """A mail of another shape that proves its sender.

    case: what of it does; its text is quoted if it is one. why: sentences for the sender.
    """

    case: Case
    why: list[str]
    quoted: bool


def _inside(case: Case) -> _Stray | None:
    """A mail with something around what is signed, if it would be new and right without."""
    with suppress(PitError):
        body = case.mail.body
        found = around(body)
        head = case.data[: len(case.data) - len(body)]
        return _alone(case, found, head + found.block) if found else None
    found = outside(case.data)
    return _alone(case, found, found.block) if found else None


def _alone(case: Case, found: Around, mail: bytes) -> _Stray | None:
    inner = Case(mail, case.ledger, case.now, case.settings)
    verdict = decide(inner)
    if verdict.follows == QUARANTINED or verdict.code in ("duplicate", "right"):
        return None
    return _Stray(inner, blame(found), True)


def _enclosed(case: Case, finding: Finding) -> _Stray | None:
    """A multipart/signed mail that is wholly its sender's, but is not one text; PitError."""
    if not case.mail.in_mime:
        return None
    octets, armor = enclosed(case.data)
    if armor_fault(armor, "SIGNATURE", 1):
        return None
    inner = Case(case.data, case.ledger, case.now, case.settings)
    inner.block = Clearsigned(octets.replace(b"\r\n", b"\n"), armor, "", octets)
    if key(inner) or inner.fault(inner.signer[1]) or right(inner):
        return None
    return _Stray(inner, [f"{finding}.", *unwrap(octets)], False)


class Aside:
    """The questions and the stray mails of one batch, each signed text once.

    asked, strays: what was answered before; apart, for a question that went astray may come again.
    """

    def __init__(self, asked: queries.Memory, strays: queries.Memory) -> None:
        self._memory, self._strays = asked, strays
        self.asked: dict[Instruction, Case] = {}
        self._seen: dict[Instruction, None] = {}  # the questions that were refused, too
        self.astray: dict[Instruction, _Stray] = {}

    def __bool__(self) -> bool:
        return bool(self._seen or self.astray)

    def judge(self, case: Case, verdict: Verdict) -> Verdict:
        """The verdict; a question that was asked before is a duplicate, answered by nothing."""
        if verdict.follows == ASKED or (verdict.follows == ANSWERED and case.asks):
            if case.instruction in self._seen or self._memory.knows(case.instruction):
                return Verdict(ASKED, "duplicate", Finding("it was asked before"))
            self._seen[case.instruction] = None
            if verdict.follows == ASKED:
                self.asked[case.instruction] = case
        elif verdict.code in ("shape", "size") and len(case.data) <= MAX_MAIL:
            self._stray(case, verdict)
        return verdict

    def _stray(self, case: Case, verdict: Verdict) -> None:
        try:
            found = _inside(case) if verdict.code == "shape" else None
            found = found or _enclosed(case, verdict.finding)
        except PitError:
            return
        if found and not self._strays.knows(found.case.instruction):
            self.astray.setdefault(found.case.instruction, found)

    def questions(self, folder: Path) -> list[tuple[Path, bytes]]:
        """The questions, for the Maildir in which they wait."""
        return [(folder, pack(queries.asked(case))) for case in self.asked.values()]

    def answers(self) -> list[replies.Reply]:
        """What the senders of stray mails are told."""
        return [replies.astray(*found) for found in self.astray.values()]

    def remember(self, oldest: str) -> None:
        """Note on disk what was answered; what was signed before `oldest` is forgotten."""
        self._memory.add(self._seen, oldest)
        self._strays.add(self.astray, oldest)
