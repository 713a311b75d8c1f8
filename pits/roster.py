"""Who belongs to a pit now, read off its archive without folding all of it."""

import re

from pit.archives.entry import NOTARY, OPERATOR
from pit.archives.errors import Damaged
from pit.archives.language import LanguageError, parse
from pit.archives.mbox import Entry
from pit.pits.effects import APPLY
from pit.pits.home import Home
from pit.pits.members import EXPELLED
from pit.pits.reading import entries_of
from pit.pits.state import Pit

__all__ = ["addresses", "concerns", "pit_now"]

_CONCERNS = re.compile(rf"^(?:{'|'.join(sorted(set(APPLY) - {'report', 'seal'}))})\b", re.MULTILINE)


def concerns(entry: Entry) -> bool:
    """Whether an entry may say something about the pit itself. (A directive begins its line.)"""
    return entry.number == 1 or _CONCERNS.search(entry.text) is not None


def pit_now(home: Home, pit: str) -> Pit:
    """The pit after the last seal, seals and reports aside: members, roles, rules, listings.

    Only the entries that say something about these are parsed: most are orders and reports.
    """
    fold = Pit()
    for entry in entries_of(home, pit):
        if not concerns(entry) and not any(f"\n{word} " in entry.text for word in fold.hooks):
            continue
        try:
            text = parse(entry.text, fold.words)
        except LanguageError as error:
            raise Damaged(f"entry {entry.number}: {error}") from None
        if entry.number == 1:
            fold.name = text.pit
        fold.step(entry.number, entry.time, entry.signer, text)
        fold.settle()
    return fold


def addresses(pit: Pit) -> dict[str, str]:
    """Where each member reads the list, by handle: the first of his enrolled addresses.

    The operator is one; the notary and who was expelled are not. A suspended member reads on.
    """
    found = {
        handle: member.mail[0]
        for handle, member in pit.members.items()
        if member.mail and member.standing != EXPELLED and handle != NOTARY
    }
    return dict(sorted(found.items(), key=lambda one: (one[0] != OPERATOR, one[0])))
