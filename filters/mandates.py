"""What motions allow to be issued, in the published record (docs/reference/companies.md).

Where the words in force have one that allows `issue`, no unit is issued beside those there are but
under such a report that stands: in pieces, never above its number, before its time is over. The
oldest is used up first; one `issue` may take of several.
"""

from typing import TYPE_CHECKING

from pit.archives.amounts import decimal, plain
from pit.archives.mbox import Entry
from pit.archives.verbs import Directive
from pit.filters.claims import smallest
from pit.filters.reported import not_entitled
from pit.filters.tally import Mandate, used
from pit.pits.names import older

if TYPE_CHECKING:
    from pit.filters.standing import Standing
    from pit.pits.state import Pit

__all__ = ["mandate", "spend"]


def mandate(
    record: "Standing", ref: str, directive: Directive, entry: Entry, pit: "Pit", after: int
) -> Mandate | str:
    """A report that allows something to be issued: it counts by whoever publishes for the ticker,
    once for each motion."""
    said = pit.words[directive.verb].said(directive)
    code, motion = said["ticker"], said["motion"]
    why = not_entitled(pit.specialist(code), entry.signer, after, pit, code)
    if why:
        return why
    number = smallest(said["quantity"], code, pit)
    if number is None:
        return f"{plain(said['quantity'])} is no quantity of {code}"
    allowed = record.mandates.setdefault(code, [])
    if any(one.motion == motion for one in allowed):
        return f"what {motion} allows stands already"
    made = Mandate(motion, number, 0, said["until"])
    name = pit.names.get(code)
    if not (name and older(motion.partition("/")[2], name.ref)):  # else of who had the name before
        allowed.append(made)
    return made


def spend(mandates: dict[str, list[Mandate]], code: str, number: int, time: str, pit: "Pit") -> str:
    """Use up what allows an `issue` of so many smallest units; why nothing does, '' if it may be.

    mandates: by ticker; those whose time is over, or that are used up, stay: they say what was.
    """
    if not any(verb.allows == "issue" for verb in pit.words.values()):
        return ""
    found = mandates.get(code, [])
    left = [one.number - one.used if time < one.until else 0 for one in found]
    if number > sum(left):
        decimals = pit.decimals(code) or 0
        asked, most = (plain(decimal(amount, decimals)) for amount in (number, sum(left)))
        by = ", ".join(one.motion for one, rest in zip(found, left, strict=True) if rest)
        return (
            f"{asked} {code} is more than motions allow, {most}{f' by {by}' if by else ''}: once "
            "there are units, more are issued under a motion that passed (`kind: issue`)"
        )
    for index, rest in enumerate(left):
        taken = min(number, rest)
        number -= taken
        found[index] = used(found[index], taken)
    return ""
