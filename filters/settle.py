"""Settle markets of bounded contracts: owes `bounded`, `settled`, and what becomes of stakes.

    $ pit read --for settle | pit settle | pit publish settle

Each driver (a root, or a sub-market that its owner settles) is a lane. A bound counts when its
dispute window is over, at the first entry whose time is at or past it, or when the majority of the
panel has found for the owner; a dispute whose keeper has not answered is waited for. A market that
nobody has settled in time is void (docs/reference/contracts.md; MARKET, Bounded contracts).
"""

import sys
from collections.abc import Iterator, Sequence
from heapq import heappop, heappush

from pit.archives.amounts import decimal
from pit.archives.verbs import Directive, Verb
from pit.filters.claims import Claim
from pit.filters.instructions import (
    SCALE,
    Act,
    Order,
)
from pit.filters.lanes import Owed
from pit.filters.markets import DISPUTER, OWNER, Bound, Moved, Verdict, unresolved
from pit.filters.record import reference_key
from pit.filters.runner import Event
from pit.filters.standing import Standing
from pit.filters.stream import main_of
from pit.pits.listing import Holder, Ticker
from pit.pits.markets import Market
from pit.pits.state import Pit


class Settle:
    """The settling filter (see the module).

    decided: by driver, the reference of what its owed `bounded` or `settled` follows from, until
    that stands. returning: by reference, the stakes that are owed a `move`.
    """

    name = "settle"
    versions = range(1, 2)
    words: Sequence[Verb] = (
        Verb("decided", "{market:asset} {cause:reference}", "What it owes follows from that."),
        Verb("returning", "{dispute:reference}", "A stake that is owed to somebody."),
    )

    def __init__(self) -> None:
        self.decided: dict[str, str] = {}
        self.returning: set[str] = set()
        self._deadlines: list[tuple[str, str]] = []

    def publisher(self, lane: str, pit: Pit) -> Holder | None:
        """The specialist of the market."""
        return pit.specialist(lane)

    def lane(self, act: Act, pit: Pit) -> str | None:
        """The driver."""
        if isinstance(act.subject, Moved):
            return act.subject.claim.lane
        return str(act.directive.args[0])

    def step(self, event: Event, pit: Pit, record: Standing) -> Iterator[Owed]:
        """What time brings, then what the entry's directives do."""
        while self._deadlines and self._deadlines[0][0] <= event.time:
            driver = heappop(self._deadlines)[1]
            yield from self._decide(driver, f"{event.number}", event.time, pit, record)
        for act in event.acts:
            subject, verb = act.subject, act.directive.verb
            if isinstance(subject, Order):
                continue  # mostly: nothing is decided by it
            if isinstance(subject, Market):
                if subject.drives:
                    heappush(self._deadlines, (subject.unresolved, subject.code))
            elif isinstance(subject, Bound):
                heappush(self._deadlines, (subject.until, act.directive.args[0]))
            elif isinstance(subject, Verdict):
                yield from self._found(subject, act.ref, event.time, pit, record)
            elif isinstance(subject, Claim) and subject.mover == self.name:
                yield from self._answered(subject, verb, act.ref, event.time, pit, record)
            elif verb in ("bounded", "settled"):
                driver = act.directive.args[0]
                self.decided.pop(driver, None)
                yield from self._decide(driver, act.ref, event.time, pit, record)
                yield from self._undecided(driver, act.ref, pit, record)
            elif isinstance(subject, Moved) and not subject.claim.left:
                self.returning.discard(subject.claim.ref)

    def _found(
        self, found: Verdict, ref: str, time: str, pit: Pit, record: Standing
    ) -> Iterator[Owed]:
        """A member of the panel has spoken: perhaps that decides it."""
        bound = found.bound
        if bound.verdict and bound.votes:
            yield from self._decide(found.driver, ref, time, pit, record)
            if bound.verdict == DISPUTER:
                yield from self._return(bound, found.driver, ref, pit, record)

    def _answered(
        self, claim: Claim, verb: str, ref: str, time: str, pit: Pit, record: Standing
    ) -> Iterator[Owed]:
        """A dispute's answer stands: one that comes too late gives its stake back."""
        bound = record.courses[claim.lane].bound
        waits = bound is not None and claim.ref in bound.disputes and not bound.verdict
        if verb == "accept" and (not waits or claim.lane in self.decided):
            if claim.ref not in self.returning:  # by what another answer of that entry decided
                yield self._stake(claim, claim.account, ref, "the dispute came too late", pit)
        elif verb in ("accept", "refuse"):
            yield from self._decide(claim.lane, ref, time, pit, record)

    def _decide(
        self, driver: str, ref: str, time: str, pit: Pit, record: Standing
    ) -> Iterator[Owed]:
        """Owe what a driver has come to, if anything."""
        course, market = record.courses[driver], pit.markets[driver]
        if course.ended or driver in self.decided:
            return
        bound = course.bound
        lane = "-" if pit.open else driver
        if bound and bound.ripe(time, record):
            ticker = pit.tickers[driver]
            self.decided[driver] = bound.ref
            low, high = _price(bound.low, ticker), _price(bound.high, ticker)
            said = Directive("bounded", (driver, low, high))
            if bound.low == bound.high:
                said = Directive("settled", (driver, low))
            yield Owed(lane, said, bound.ref)
            yield from self._return(bound, driver, ref, pit, record)
        elif self._waits(bound, time, record):
            return
        elif unresolved(course, market, time, record):
            self.decided[driver] = ref
            yield Owed(lane, Directive("settled", (driver, None)), ref)
            if bound:
                yield from self._return(bound, driver, ref, pit, record)

    def _waits(self, bound: Bound | None, time: str, record: Standing) -> bool:
        """Whether the answer to a dispute is missing, which would decide."""
        return bound is not None and not bound.verdict and bound.asked(record)

    def _return(
        self, bound: Bound, driver: str, ref: str, pit: Pit, record: Standing
    ) -> Iterator[Owed]:
        """The stakes: lost to the owner where the panel found for him, else given back."""
        for dispute in bound.disputes:
            claim = record.claims.get(dispute)
            if claim and claim.accepted and dispute not in self.returning:
                lost = bound.verdict == OWNER
                to = pit.markets[driver].owner if lost else claim.account
                why = f"the panel found for the {bound.verdict}" if bound.verdict else "no verdict"
                yield self._stake(claim, to, ref, why, pit)

    def _undecided(self, driver: str, ref: str, pit: Pit, record: Standing) -> Iterator[Owed]:
        """The stakes of disputes that no panel will decide, where nobody owes them yet."""
        if record.courses[driver].bound is None:
            for claim in record.claims.values():
                mine = claim.mover == self.name and claim.lane == driver
                if mine and claim.accepted and claim.ref not in self.returning:
                    yield self._stake(claim, claim.account, ref, "no verdict", pit)

    def _stake(self, claim: Claim, to: str, ref: str, why: str, pit: Pit) -> Owed:
        self.returning.add(claim.ref)
        amount = decimal(claim.amount or 0, pit.assets[claim.asset].decimals)
        args = (amount, claim.asset, f"{claim.owner}/{claim.ref}", to, why)
        return Owed("-" if pit.open else claim.lane, Directive("move", args), ref)

    def adopt(self, lane: str, owed: Sequence[Owed], pit: Pit, record: Standing) -> Iterator[Owed]:
        """What stands was taken as it stood; what has not come to pass is owed still."""
        for was in owed:
            verb, args, _ = was.directive
            if verb == "move":
                claim = record.claims.get(args[2].partition("/")[2])
                if claim and claim.accepted:
                    yield self._stake(claim, args[3], was.cause, args[4], pit)
            else:
                self.decided.pop(lane, None)
                yield from self._decide(lane, was.cause, pit.time, pit, record)

    def dump(self, record: Standing) -> Iterator[Directive]:
        """What is decided and does not stand yet."""
        for decided in sorted(self.decided.items()):
            yield Directive("decided", decided)
        for ref in sorted(self.returning, key=reference_key):
            yield Directive("returning", (ref,))

    def load(self, directives: Sequence[Directive], pit: Pit, record: Standing) -> None:
        """The state from `dump`."""
        self.decided = {args[0]: args[1] for verb, args, _ in directives if verb == "decided"}
        self.returning = {args[0] for verb, args, _ in directives if verb == "returning"}
        for driver, course in record.courses.items():
            if not course.ended:
                heappush(self._deadlines, (pit.markets[driver].unresolved, driver))
            if course.bound:
                heappush(self._deadlines, (course.bound.until, driver))


def _price(value: int, ticker: Ticker) -> object:
    """A bound with the ticker's decimals."""
    exact = decimal(value, SCALE)
    return exact.quantize(decimal(1, ticker.price_decimals))


def main(argv: list[str]) -> int:
    """Run as a filter: the stream on stdin, the same with drafts and checkpoint on stdout."""
    return main_of(Settle, argv, __doc__ or "", sys.stdin.buffer, sys.stdout.buffer)
