"""Names in the published record: what keeps a closed ticker from its end, and what ends with it.

Whether a directive about a name has effect, the pit's fold decides (`pit.pits.names`).
"""

from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from pit.archives.mbox import Entry
from pit.archives.verbs import Directive
from pit.filters.charges import charge, end
from pit.filters.claims import Charge, Claim
from pit.filters.instructions import (
    Order,
    Problem,
    Replace,
)
from pit.pits.names import Named

if TYPE_CHECKING:
    from pit.filters.standing import Standing
    from pit.pits.state import Pit

__all__ = ["Gone", "drained", "named", "objection"]


class Gone(NamedTuple):
    """A ticker is over; of: the one that its name means now, '' where it is nobody's.

    orders, claims: what stood open all the same, by a report that was not right.
    """

    code: str
    of: str
    orders: tuple[Order, ...]
    claims: tuple[Claim, ...]


def drained(record: "Standing", code: str) -> bool:
    """Whether nothing that is open is about a ticker any more."""
    return not (
        any(order.ticker == code for order in record.orders.values())
        or any(code in (claim.asset, claim.lane) for claim in record.claims.values())
        or any(asked.lane == code for asked in record.replaces.values())
        or any(asked.lane == code for asked in record.cancels.values())
        or any(bust.fill.ticker == code for bust in record.busts.values())
    )


def objection(ref: str, directive: Directive, signer: str, pit: "Pit") -> str:
    """Why an `issue` can have no effect, as a sentence; '' when it can. Where `listing` is in
    force, the pit has asked in its place among the directives of its text."""
    found = pit.named.get(ref)
    if found is None:
        return pit.objection(directive, signer)
    return found if isinstance(found, str) else ""


def named(
    record: "Standing", ref: str, directive: Directive, entry: Entry, pit: "Pit", after: int
) -> Charge | Named | Gone | Problem | str:
    """A directive about a name: what it did, or why it did nothing."""
    found = pit.named.get(ref, "it stands outside a report")
    if isinstance(found, str):
        report = pit.words[directive.verb].report
        return found if report else record.problem(ref, entry, found)
    if found.effect in ("end", "join"):
        return _gone(record, found)
    if pit.words[directive.verb].fee:
        code = found.code if found.effect == "asks-end" else "-"
        return charge(record, ref, directive, entry, pit, code) or found
    if found.effect == "list":
        record.mandates.pop(found.code, None)
    return found


def _gone(record: "Standing", found: Named) -> Gone:
    """The ticker is over: whatever is open about it, and what is known of it, is forgotten.

    The answers that keepers owe stay owed, though they decide nothing any more.
    """
    code = found.code
    orders = tuple(order for order in record.orders.values() if order.ticker == code)
    claims = tuple(claim for claim in record.claims.values() if code in (claim.asset, claim.lane))
    replaces = [asked for asked in record.replaces.values() if asked.lane == code]
    open_ones: tuple[Order | Claim | Replace, ...] = (*orders, *claims, *replaces)
    for one in open_ones:
        if one.accepted:
            end(record, one.ref)
        else:
            record.due[one.ref] = one.owner
            record.charges.pop(one.ref, None)
        record.orders.pop(one.ref, None)
        record.claims.pop(one.ref, None)
        record.replaces.pop(one.ref, None)
    for cancel in [cancel for cancel in record.cancels.values() if cancel.lane == code]:
        del record.cancels[cancel.ref]
    record.totals.pop(code, None)
    record.mandates.pop(code, None)
    record.fills = deque(line for line in record.fills if line.split(" ", 4)[3] != code)
    return Gone(code, found.of, orders, claims)
