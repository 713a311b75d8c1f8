"""The rows of `pit db` about TradeTokens: what instructions are charged, what seals bring."""

from collections.abc import Callable

from pit.filters.charges import Minted
from pit.filters.claims import Charge
from pit.filters.db_books import Said
from pit.filters.db_pit import Rows
from pit.filters.db_values import Value, number
from pit.filters.history import Chapter
from pit.filters.markets import Moved
from pit.pits.blocks import DECIMALS


def write_charge(rows: Rows, one: Said, chapter: Chapter) -> None:
    """What an instruction is charged, whatever its verb, if it is."""
    subject = one.subject
    charge = subject if isinstance(subject, Charge) else chapter.record.charges.get(one.ref)
    if charge is None or charge.ref != one.ref:
        return
    entry, verb = chapter.entry, chapter.pit.words[charge.verb]
    row = (one.ref, entry.number, entry.time, charge.owner, verb.fee, charge.lane, charge.block)
    amounts = (*number(charge.fee, DECIMALS), *number(charge.deposit, DECIMALS))
    left = number(charge.left, DECIMALS)
    rows.insert("charges", *row, *amounts, charge.why, "unanswered", *left, None, None)


def _answer(rows: Rows, one: Said, chapter: Chapter) -> None:
    target = one.directive.args[0].partition("/")[2]
    if one.directive.verb == "accept":
        rows.update("charges", target, status="held", answered_by=one.ref)
        return
    nothing, shown = number(0, DECIMALS)
    answer: dict[str, Value] = {"answered_by": one.ref, "ended_by": one.ref}
    rows.update(
        "charges", target, status="refused", remaining=nothing, remaining_shown=shown, **answer
    )


def _move(rows: Rows, one: Said, chapter: Chapter) -> None:
    charge = one.subject.claim if isinstance(one.subject, Moved) else None
    if isinstance(charge, Charge):
        left, shown = number(charge.left, DECIMALS)
        rows.update("charges", charge.ref, remaining=left, remaining_shown=shown)
        if not charge.left:
            rows.update("charges", charge.ref, status="moved", ended_by=one.ref)


def _seal(rows: Rows, one: Said, chapter: Chapter) -> None:
    entry, minted = chapter.entry, one.subject
    if isinstance(minted, Minted):
        blocks = (minted.sealer, minted.first, minted.last)
        amount = number(minted.amount, DECIMALS)
        rows.insert("subsidies", one.ref, entry.number, entry.time, *blocks, *amount)


TOLD: dict[str, Callable[[Rows, Said, Chapter], None]] = {
    "accept": _answer,
    "refuse": _answer,
    "move": _move,
    "seal": _seal,
}
