"""What was answered without an entry, remembered for as long as the same mail could come again.

A question is never archived, so nothing in the archive says that it was answered. A file of lines
beside it does, `SIGNED FINGERPRINT TEXT-HASH`; what is older than `freshness` is refused by the
rule `right`, and forgotten here. Without the file the same question may be answered once more.
"""

import os
import re
from collections.abc import Iterable
from pathlib import Path

from pit.archives.disk import io_failure, sync_folder, write_atomic, write_synced
from pit.moderator.case import Case
from pit.moderator.ledger import Instruction
from pit.pits.queries import Asked
from pit.pits.reply import citable

__all__ = ["Memory", "asked"]

_LINE = re.compile(r"([0-9TZ:-]{20}) ([0-9A-F]{40}) ([0-9a-f]{64})").fullmatch
_SPARE = 1000
"""So many lines that mean nothing any more may stand in the file."""


class Memory:
    """The instructions that were answered without an entry; read when first asked for.

    oldest: a time such as '2026-11-20T12:50:19Z'; what was signed before it is forgotten.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[Instruction, None] | None = None
        self._whole = True  # the file ends with a whole line
        self._lines = 0

    def knows(self, instruction: Instruction) -> bool:
        """Whether it was answered before."""
        return instruction in self._read()

    def add(self, instructions: Iterable[Instruction], oldest: str) -> None:
        """Remember them; they are on disk then. Else IOFailure."""
        known = self._read()
        new = [one for one in instructions if one not in known]
        if not new:
            return
        known.update(dict.fromkeys(new))
        text = "".join(f"{one.signed} {one.fingerprint} {one.text}\n" for one in new)
        self._lines += len(new)
        fresh = sum(one.signed >= oldest for one in known)
        if self._whole and self._lines - fresh < _SPARE:
            with io_failure(self._path):
                begun = not self._path.exists()
                write_synced(self._path, os.O_CREAT | os.O_APPEND, text.encode())
                if begun:
                    sync_folder(self._path.parent)
            return
        self._known = {one: None for one in known if one.signed >= oldest}
        lines = (f"{one.signed} {one.fingerprint} {one.text}\n" for one in self._known)
        write_atomic(self._path, "".join(lines).encode())
        self._whole, self._lines = True, len(self._known)

    def _read(self) -> dict[Instruction, None]:
        if self._known is None:
            text = ""
            with io_failure(self._path):
                if self._path.exists():
                    text = self._path.read_text("ascii", "replace")
            self._whole = not text or text.endswith("\n")
            lines = text.split("\n")[:-1]  # a crash may have cut the last one short
            found = [_LINE(line) for line in lines]
            self._lines = len(lines)
            self._known = {
                Instruction(one[2], one[1], one[3]): None for one in found if one is not None
            }
        return self._known


def asked(case: Case) -> Asked:
    """The question of a proven sender, for whoever answers it."""
    fingerprint, signed, digest = case.instruction
    named = [value for name, value in case.mail.fields if name == "message-id"]
    return Asked(
        case.ledger.name,
        case.handle,
        case.mail.sender,
        fingerprint,
        signed,
        digest,
        citable(named[0]) if len(named) == 1 else "",
        case.block.text.decode(),
    )
