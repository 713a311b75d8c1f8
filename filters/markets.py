"""Bounds, disputes and settlements of markets in the published record (MARKET, Bounded contracts).

A driver's owner narrows its bounds, one step at a time: a `bound` waits until its dispute window is
over, and counts when `bounded` (or `settled`) stands. A dispute whose `accept` stands stops it
until the majority of the panel has decided. All of it is read off what stands; the filter `settle`
owes what follows.
"""

from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from pit.archives.amounts import decimal, plain, trimmed
from pit.archives.fields import show_time
from pit.archives.mbox import Entry
from pit.archives.verbs import Directive
from pit.filters.claims import Charge, Claim, smallest
from pit.filters.instructions import (
    SCALE,
    Problem,
    scaled,
)
from pit.filters.reported import not_entitled
from pit.pits.markets import Market
from pit.pits.markets import after as later
from pit.pits.members import OUTSIDE

if TYPE_CHECKING:
    from pit.filters.standing import Standing
    from pit.pits.state import Pit

OWNER, DISPUTER, VOID = "owner", "disputer", "void"
"""For whom a panel finds."""


class Bound:
    """A `bound` or `settle` that waits: `ref`, its bounds in 10**-9, the end of its window.

    disputes: those of it, by reference, refused ones too. votes: of the panel, by member. verdict:
    for whom the panel's majority is, '' while there is none.
    """

    __slots__ = ("disputes", "high", "low", "ref", "until", "verdict", "votes")

    def __init__(self, ref: str, low: int, high: int, until: str) -> None:
        self.ref, self.low, self.high, self.until = ref, low, high, until
        self.disputes: list[str] = []
        self.votes: dict[str, str] = {}
        self.verdict = ""

    def disputed(self, record: "Standing") -> bool:
        """Whether a dispute of it stands accepted."""
        return any(claim.accepted for claim in self._live(record))

    def asked(self, record: "Standing") -> bool:
        """Whether the keeper's answer to a dispute of it is missing."""
        return any(not claim.accepted for claim in self._live(record))

    def _live(self, record: "Standing") -> list[Claim]:
        return [record.claims[ref] for ref in self.disputes if ref in record.claims]

    def ripe(self, time: str, record: "Standing") -> bool:
        """Whether it may count at a time."""
        if self.verdict:
            return self.verdict == OWNER
        return self.until <= time and not self._live(record)


class Course:
    """How a driver stands: its bounds in 10**-9, and what waits.

    value: what it was settled at, None before; ended: settled, or void (value None).
    """

    __slots__ = ("bound", "ended", "high", "low", "value")

    def __init__(self, low: int, high: int) -> None:
        self.low, self.high = low, high
        self.bound: Bound | None = None
        self.value: int | None = None
        self.ended = False


class Bounded(NamedTuple):
    """Bounds that count from here on."""

    driver: str


class Settled(NamedTuple):
    """A settlement that stands; value: in 10**-9, None for void."""

    driver: str
    value: int | None


class Verdict(NamedTuple):
    """A panel's voice that counts; bound: what it is about, as it is after it."""

    driver: str
    bound: Bound


class Moved(NamedTuple):
    """What a `move` takes out of a claim's hold, in smallest units, and who gets it."""

    claim: Claim | Charge
    amount: int
    to: str


def shown(value: int) -> str:
    """A price or bound of 10**-9 as written."""
    return plain(trimmed(decimal(value, SCALE)))


def market(
    record: "Standing", ref: str, directive: Directive, entry: Entry, pit: "Pit", after: int
) -> Market | None:
    """A market is founded; a driver has a course of its own."""
    found = pit.markets.get(directive.args[0])
    if found and found.drives and found.code not in record.courses:
        record.courses[found.code] = Course(found.low, found.high)
    return found


def bound(
    record: "Standing", ref: str, directive: Directive, entry: Entry, pit: "Pit", after: int
) -> Bound | Problem:
    """The owner narrows a market, or settles it."""
    code, *bounds = directive.args
    low, high = (scaled[bounds[0]], scaled[bounds[-1]])
    found = pit.markets.get(code)
    why = "" if found else f"{code} is not a market of this pit"
    if found and not found.drives:
        why = f"{code} is derived; it is settled with {found.driver}"
    elif found and found.owner != entry.signer and not pit.open:
        why = f"{code} is {found.owner}'s to settle"
    elif found and unresolved(record.courses[code], found, entry.time, record):
        why = f"{code} is void: it was not settled by {show_time(found.unresolved)}"
    elif found:
        why = _unfit(record.courses[code], low, high, pit.tickers[code].tick_scaled)
    if why or found is None:
        return record.problem(ref, entry, why)
    until = later(entry.time, found.dispute)
    made = record.courses[code].bound = Bound(ref, low, high, until)
    return made


def _unfit(course: Course, low: int, high: int, tick: int) -> str:
    """Why a driver's bounds cannot become these, as a sentence; '' when they can."""
    if course.ended:
        return "it is settled"
    if course.bound:
        return f"entry {course.bound.ref} waits to be decided; one step after the other"
    if low > high:
        return f"{shown(low)} is above {shown(high)}"
    if low < course.low or high > course.high:
        return f"that would widen its bounds, {shown(course.low)} to {shown(course.high)}"
    if low == course.low and high == course.high:
        return "these are its bounds already"
    if low % tick or high % tick:
        return f"bounds are multiples of the tick, {shown(tick)}"
    return ""


def dispute(
    record: "Standing", ref: str, directive: Directive, entry: Entry, pit: "Pit", after: int
) -> Claim | Problem:
    """A member stakes money on it that the bound that waits is wrong."""
    code, keys = directive.args[0], directive.keys
    found, course = pit.markets.get(code), record.courses.get(code)
    if found is None or course is None:
        return record.problem(ref, entry, f"{code} is not a market that somebody settles")
    waits = course.bound
    if waits is None or waits.verdict or waits.until <= entry.time:
        return record.problem(ref, entry, f"no bound of {code} waits in its dispute window")
    currency = pit.tickers[code].currency
    said = Directive("dispute", (keys.get("stake", Decimal(0)), currency), keys)
    claim = Claim(ref, entry.signer, said, pit, mover="settle", lane=code)
    needed = max(found.stake, 1)
    if claim.amount is not None and claim.amount < needed:
        least = plain(decimal(needed, pit.assets[currency].decimals))
        return record.problem(ref, entry, f"a dispute of {code} stakes at least {least} {currency}")
    waits.disputes.append(ref)
    record.claims[ref] = claim
    return claim


def verdict(
    record: "Standing", ref: str, directive: Directive, entry: Entry, pit: "Pit", after: int
) -> Verdict | Problem:
    """A member of the panel says for whom he finds; the majority decides at once."""
    target, voice = directive.args
    claim = record.claims.get(target)
    course = record.courses.get(claim.lane) if claim else None
    waits = course.bound if course else None
    if claim is None or course is None or waits is None or target not in waits.disputes:
        return record.problem(ref, entry, f"entry {target} is no dispute that waits for a verdict")
    panel = pit.markets[claim.lane].panel
    if entry.signer not in panel:
        return record.problem(ref, entry, f"{claim.lane}'s panel is {', '.join(panel)}")
    if not claim.accepted:
        return record.problem(ref, entry, f"the accept of {claim.owner}/{target} does not stand")
    if waits.verdict:
        return record.problem(ref, entry, f"the panel has found for the {waits.verdict}")
    market = pit.markets[claim.lane]
    if unresolved(course, market, entry.time, record):
        last = show_time(market.unresolved)
        return record.problem(ref, entry, f"{claim.lane} is void: there was no verdict by {last}")
    waits.votes[entry.signer] = voice
    if 2 * sum(other == voice for other in waits.votes.values()) > len(panel):
        waits.verdict = voice
        if voice == DISPUTER:
            course.bound = None
    return Verdict(claim.lane, waits)


def bounded(
    record: "Standing", ref: str, directive: Directive, entry: Entry, pit: "Pit", after: int
) -> Bounded | str:
    """A `bounded`: it counts if that bound waits no more."""
    code, low, high = directive.args
    course = record.courses.get(code)
    why = not_entitled(pit.specialist(code), entry.signer, after, pit, code)
    if why:
        return why
    waits = course.bound if course else None
    if course is None or waits is None or (waits.low, waits.high) != (scaled[low], scaled[high]):
        return f"no bound of {code} to {plain(low)} {plain(high)} waits"
    if waits.low == waits.high:
        return f"both bounds of {code} are {plain(low)}: it is `settled`"
    if not waits.ripe(entry.time, record):
        return f"the bound of {code} by entry {waits.ref} is not decided yet"
    course.low, course.high, course.bound = waits.low, waits.high, None
    return Bounded(code)


def settled(
    record: "Standing", ref: str, directive: Directive, entry: Entry, pit: "Pit", after: int
) -> Settled | str:
    """A `settled`: it counts if both bounds have met, or nobody could resolve the market."""
    code, number = directive.args
    course = record.courses.get(code)
    why = not_entitled(pit.specialist(code), entry.signer, after, pit, code)
    if why:
        return why
    if course is None or course.ended:
        return f"{code} is no market that is to be settled"
    waits = course.bound
    if number is None:
        if not unresolved(course, pit.markets[code], entry.time, record):
            return f"{code} is not void"
    elif waits is None or not waits.low == waits.high == scaled[number]:
        return f"no settlement of {code} at {plain(number)} waits"
    elif not waits.ripe(entry.time, record):
        return f"the settlement of {code} by entry {waits.ref} is not decided yet"
    else:
        course.low = course.high = course.value = waits.low
    course.bound, course.ended = None, True
    return Settled(code, course.value)


def unresolved(course: Course, market: Market, time: str, record: "Standing") -> bool:
    """Whether a market is void at a time: the panel says so, or nobody has settled it."""
    waits = course.bound
    if waits and waits.verdict:
        return waits.verdict == VOID
    if time < market.unresolved:
        return False
    return waits is None or (waits.until <= time and waits.disputed(record))


def move(
    record: "Standing", ref: str, directive: Directive, entry: Entry, pit: "Pit", after: int
) -> Moved | str:
    """A `move`: at most what is held for an instruction, by the filter that its verb names."""
    number, asset, name, to, _ = directive.args
    owner, _, target = name.partition("/")
    claim = record.claims.get(target) or record.charges.get(target)
    if record.reporting == Charge.mover:
        claim = record.charges.get(target)
    if claim is None or claim.owner != owner or not claim.accepted or not claim.mover:
        return f"nothing is held for {name} that a filter moves"
    if claim.mover != record.reporting:
        return f"what is held for {name} is moved by {claim.mover}"
    why = not_entitled(pit.specialist(claim.lane), entry.signer, after, pit, claim.lane)
    if why:
        return why
    course = record.courses.get(claim.lane)
    if course and course.bound and not course.bound.verdict and target in course.bound.disputes:
        return f"the dispute {name} is not decided yet"
    amount = smallest(number, asset, pit)
    left = claim.movable
    if asset != claim.asset or amount is None or not 0 < amount <= left:
        held = plain(decimal(left, pit.decimals(claim.asset) or 0))
        return f"{plain(number)} {asset} is not of what is held for {name}, {held} {claim.asset}"
    if to == OUTSIDE:
        if not isinstance(claim, Charge):
            return f"`{OUTSIDE}` is nobody's account"
        record.totals[asset] -= amount
    claim.take(amount)
    if not claim.left:
        del (record.charges if isinstance(claim, Charge) else record.claims)[target]
    return Moved(claim, amount, to)
