"""Which fills can be undone, and what has become of it: the published record's part of busts.

The record remembers the fills of the last `rule bust-window` as lines of text, which nobody reads
until one of them is named: so a checkpoint that carries many costs little.
"""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pit.archives.mbox import Entry
from pit.archives.verbs import Directive
from pit.filters.busting import Bust, Fill, Ruling
from pit.filters.instructions import Problem
from pit.pits.state import Pit

if TYPE_CHECKING:
    from pit.filters.standing import Standing

__all__ = ["bust", "found", "last_of", "remember", "rule"]

_DAY = 86400
_TIME = 27  # characters of a time


def remember(record: "Standing", fill: Fill, pit: Pit) -> None:
    """A fill stands. Those that are too old by now are forgotten."""
    fills, window = record.fills, pit.rule("bust-window")
    if fills and (window < _DAY or fills[0][:10] != fill.time[:10]):
        since = _before(fill.time, window)
        while fills and fills[0] < since:
            fills.popleft()
    fills.append(fill.line())


def _before(time: str, seconds: int) -> str:
    moment = datetime.fromisoformat(time[:-1]) - timedelta(seconds=seconds)
    return moment.isoformat(timespec="microseconds") + "Z"


def found(record: "Standing", ref: str) -> tuple[int, Fill] | None:
    """The place and the fill of that reference, where it is remembered."""
    for place in range(len(record.fills) - 1, -1, -1):
        if record.fills[place].startswith(f" {ref} ", _TIME):
            return place, Fill.of(record.fills[place])
    return None


def last_of(record: "Standing", ticker: str) -> tuple[str, int] | None:
    """Reference and price (10**-9) of a ticker's last remembered fill that stands."""
    for line in reversed(record.fills):
        if line.endswith(" -") and f" {ticker} " in line:
            fill = Fill.of(line)
            return fill.ref, fill.price
    return None


def bust(
    record: "Standing", ref: str, directive: Directive, entry: Entry, pit: Pit, after: int
) -> Bust | Problem:
    """A `bust`: what it would undo, or why it undoes nothing."""
    target = directive.args[0]
    pending = next((one.ref for one in record.busts.values() if one.fill.ref == target), "")
    if pending:
        return record.problem(ref, entry, f"the bust {pending} of {target} waits for its answers")
    known = found(record, target)
    if known is None:
        return record.problem(ref, entry, f"{target} is no fill that counts, or an old one")
    fill = known[1]
    if fill.busted:
        return record.problem(ref, entry, f"{target} is undone already, by {fill.busted}")
    window = pit.rule("bust-window")
    if fill.time < _before(entry.time, window):
        return record.problem(
            ref,
            entry,
            f"{target} is older than the {pit.written.get('bust-window', '1d')} in which a fill "
            "can be undone",
        )
    one = record.busts[ref] = Bust(ref, fill)
    return one


def rule(record: "Standing", one: Bust, owner: str, accepts: bool) -> Ruling | str:
    """An answer of a side's keeper to a bust; '' and a sentence where none is waited for."""
    if owner not in one.waits:
        return f"{owner}/{one.ref} waits for no answer"
    one.waits.remove(owner)
    over = not accepts and not one.refused
    one.refused = one.refused or not accepts
    done = not one.waits and not one.refused
    if not one.waits:
        del record.busts[one.ref]
    known = found(record, one.fill.ref) if done else None
    if known:
        record.fills[known[0]] = known[1]._replace(busted=one.ref).line()
    return Ruling(one, owner, accepts, done, over)
