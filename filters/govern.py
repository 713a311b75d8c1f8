"""Govern companies: reads `motion`, `vote`, `tally`, owes what counts, results and what follows.

    $ pit read --for govern | pit govern | less

The record date of a motion is its own entry: who holds what by what stands above it has that many
votes, the issuer's accounts (the treasury) none. At the first entry whose time is at or past its
expiry, before that entry acts, the result is owed; when that stands, what a motion to issue allows,
or the rules that one changes (docs/reference/companies.md).
"""

import sys
from collections.abc import Iterator, Sequence
from heapq import heapify, heappop, heappush

from pit.archives.amounts import decimal, plain
from pit.archives.errors import PitError
from pit.archives.fields import show_time
from pit.archives.verbs import Directive, Verb
from pit.filters.amendments import Amendment, amendments, lapse
from pit.filters.claims import Charge, smallest
from pit.filters.closing import Gone
from pit.filters.holders import WORDS as REGISTER
from pit.filters.holders import Holders, voters
from pit.filters.instructions import (
    Act,
)
from pit.filters.lanes import Owed
from pit.filters.motions import DAY, STATE, TALLIES, WORDS, Motion, closable, mandate, result
from pit.filters.record import reference_key
from pit.filters.runner import Event
from pit.filters.standing import Standing
from pit.filters.stream import main_of
from pit.pits.listing import Holder, Ticker
from pit.pits.markets import after
from pit.pits.members import owner_of
from pit.pits.state import Pit

__all__ = ["WORDS", "Govern"]


class Govern:
    """The governing filter (see the module).

    holders: units by member, marked at each motion. motions: those whose result does not stand, by
    reference. tallies: by ticker, where its issuer chose one; asked: tickers that had a motion.
    unanswered: instructions whose answer does not stand. asking: motions and votes whose fee has no
    accept yet, with the motion that a vote is on.
    """

    name = "govern"
    versions = range(1, 2)
    words: Sequence[Verb] = (*REGISTER, *STATE)

    def __init__(self) -> None:
        self.holders = Holders(owner_of)
        self.motions: dict[str, Motion] = {}
        self.tallies: dict[str, str] = {}
        self.asked: set[str] = set()
        self.unanswered: set[str] = set()
        self.asking: dict[str, str] = {}
        self._late: set[str] = set()
        self._deadlines: list[tuple[str, tuple[int, int], str]] = []
        self._handlers = {"tally": self._tally, "motion": self._motion, "vote": self._vote}

    def publisher(self, lane: str, pit: Pit) -> Holder | None:
        """The specialist of the ticker."""
        return pit.specialist(lane)

    def lane(self, act: Act, pit: Pit) -> str | None:
        """The ticker."""
        return str(act.directive.args[0])

    def step(self, event: Event, pit: Pit, record: Standing) -> Iterator[Owed]:
        """What time brings, then what the entry's directives do."""
        while self._deadlines and self._deadlines[0][0] <= event.time:
            ref = heappop(self._deadlines)[2]
            if ref in self.asking.values():
                self._late.add(ref)
            elif ref in self.motions:
                yield self._close(self.motions[ref], str(event.number), pit)
        for act in event.acts:
            if isinstance(act.subject, Gone):
                self._forget(act.subject.code)
            self.holders.step(act, event.signer, pit)
            verb = act.directive.verb
            if isinstance(act.subject, Charge) and act.subject.verb in self._handlers:
                yield from self._charged(act, act.subject, event, pit)
                continue
            if verb not in _OURS or pit.words[verb] not in WORDS[1]:
                continue
            if verb in self._handlers:
                problem = pit.objection(act.directive, event.signer)
                why = problem or self._handlers[verb](act, event, pit)
                yield self._answer(act, event.signer, why, pit)
            elif verb in ("counted", "uncounted"):
                self.unanswered.discard(act.directive.args[1].partition("/")[2])
            elif verb == "result":
                yield from self._stands(act, pit)

    def _charged(self, act: Act, charge: Charge, event: Event, pit: Pit) -> Iterator[Owed]:
        """A motion or vote has effect when the accept of its fee stands; its own entry is still the
        record date, and the time at which it came."""
        ref, asks, code = charge.ref, charge.asks, charge.asks.args[0]
        moves = charge.verb == "motion"
        if act.ref == ref:
            if moves:
                self.holders[code].mark(ref)
            open_now = code in self.motions and event.time < self.motions[code].until
            self.asking[ref] = "" if moves else code if open_now else SHUT
            return
        target = self.asking.pop(ref, "")
        if act.directive.verb == "accept":
            came = event._replace(time=charge.time, signer=charge.owner)
            act = Act(ref, asks, None)
            if target == SHUT:
                self.unanswered.add(ref)
                why = f"entry {code} was no motion that was open"
                said = Directive("uncounted", ("-", f"{charge.owner}/{ref}", why))
                yield Owed("-", said, ref)
                return
            yield self._answer(act, charge.owner, self._handlers[charge.verb](act, came, pit), pit)
        if moves and ref not in self.motions:
            self.holders[code].drop(ref)
        if target in self._late and target not in self.asking.values():
            self._late.discard(target)
            if target in self.motions:
                yield self._close(self.motions[target], str(event.number), pit)

    def _answer(self, act: Act, signer: str, found: str | tuple[str, str], pit: Pit) -> Owed:
        """The answer to an instruction; found: why it does not count, or ('counted', why)."""
        self.unanswered.add(act.ref)
        verb, why = found if isinstance(found, tuple) else ("uncounted", found)
        code = str(act.directive.args[0])
        if act.directive.verb == "vote":
            motion = self.motions.get(code)
            code = motion.ticker if motion else "-"
        elif code not in pit.tickers:
            code = "-"
        lane = "-" if pit.open else code
        return Owed(lane, Directive(verb, (code, f"{signer}/{act.ref}", why)), act.ref)

    # Instructions

    def _tally(self, act: Act, event: Event, pit: Pit) -> str | tuple[str, str]:
        """An issuer says how motions are decided."""
        code, by = act.directive.args
        if code in self.asked:
            return f"{code} has had a motion; how they are decided is fixed"
        self.tallies[code] = TALLIES[by]
        return "counted", f"motions about {code} are decided by {by}"

    def _motion(self, act: Act, event: Event, pit: Pit) -> str | tuple[str, str]:
        """Somebody moves something."""
        code, keys = act.directive.args[0], act.directive.keys
        ticker = pit.tickers[code]
        kind = keys.get("kind", "text")
        problem = self._unfit(act, event.signer, ticker, pit)
        if problem:
            return problem
        changes: tuple[Amendment, ...] = ()
        if kind == "rule":
            try:
                changes = amendments(keys["change"], pit)
            except PitError as error:
                return str(error)
        until = after(event.time, keys["expires"])
        motion = self.motions[act.ref] = Motion(event.signer, act.ref, code, kind, until)
        motion.tally = self.tallies.get(code, motion.tally)
        motion.majority, motion.days = pit.rule("majority"), pit.rule("mandate-days")
        motion.quantity = smallest(keys["quantity"], code, pit) or 0 if kind == "issue" else 0
        motion.changes = changes
        self.asked.add(code)
        if act.ref not in self.holders[code].past:
            self.holders[code].mark(act.ref)
        heappush(self._deadlines, (until, reference_key(act.ref), act.ref))
        return "counted", f"open until {show_time(until)}; votes as held at entry {act.ref}"

    def _unfit(self, act: Act, signer: str, ticker: Ticker, pit: Pit) -> str:
        """Why something cannot be moved, as a sentence; '' when it can."""
        code, keys = ticker.code, act.directive.keys
        kind, days = keys.get("kind", "text"), pit.rule("motion-days")
        whole, rest = divmod(keys["expires"], DAY)
        if rest or not 1 <= whole <= days:
            return f"a motion is open for 1 to {days} whole days; write 30d"
        if pit.decimals(code) is None:
            return f"{code} is a market of contracts; it has no shares"
        if self.holders[code].at(act.ref, signer) < 10**ticker.decimals:
            return f"{signer} has no share of {code}; it takes one to move something"
        for key, only in (("quantity", "issue"), ("change", "rule")):
            if (key in keys) != (kind == only):
                said = "needs" if kind == only else "has no"
                return f"a motion of kind {kind} {said} `{key}:`"
        if kind == "issue" and not smallest(keys["quantity"], code, pit):
            return f"{plain(keys['quantity'])} {code} is nothing, or finer than its smallest unit"
        governs = pit.rule("governed-by")
        if kind == "rule" and governs != code:
            by = "nobody" if governs == "none" else f"the holders of {governs}"
            return f"the rules of this pit are changed by {by} (`rule governed-by`), not by {code}"
        return ""

    def _vote(self, act: Act, event: Event, pit: Pit) -> str | tuple[str, str]:
        """Somebody votes."""
        target, vote = act.directive.args[:2]
        motion = self.motions.get(target)
        if motion is None:
            return f"entry {target} is no motion that is open"
        if motion.closed or event.time >= motion.until:
            return f"motion {target} expired at {show_time(motion.until)}"
        ticker = pit.tickers[motion.ticker]
        if event.signer == ticker.issuer:
            return f"{event.signer}'s {ticker.code} are the treasury; they have no vote"
        shares = self.holders[ticker.code].at(target, event.signer)
        if shares <= 0:
            return f"{event.signer} held no {ticker.code} at entry {target}, the record date"
        before, _ = motion.ballots.get(event.signer, ("", False))
        again = "; the vote before counts no more" if before else ""
        if before and reference_key(before) > reference_key(act.ref):
            again = "; a later vote counts already"
        else:
            motion.ballots[event.signer] = act.ref, vote == "yes"
        held = plain(decimal(shares, ticker.decimals))
        return "counted", f"{vote} with {held} {ticker.code}{again}"

    # Results

    def _close(self, motion: Motion, cause: str, pit: Pit) -> Owed:
        """A motion has expired: its result is owed."""
        register, ticker = self.holders[motion.ticker], pit.tickers[motion.ticker]
        holdings = voters(register.all_at(motion.ref), ticker)
        register.drop(motion.ref)
        motion.closed = True
        lane = "-" if pit.open else motion.ticker
        return Owed(lane, result(motion, holdings, ticker), cause)

    def _stands(self, act: Act, pit: Pit) -> Iterator[Owed]:
        """A result stands, and is taken as it stands: what follows from it is owed."""
        code, name, outcome = act.directive.args[:3]
        motion = self.motions.pop(name.partition("/")[2], None)
        if motion is None:
            return
        if not motion.closed:
            self.holders[motion.ticker].drop(motion.ref)
        if outcome != "passed":
            return
        lane = "-" if pit.open else motion.ticker
        if motion.kind == "issue":
            yield Owed(lane, mandate(motion, pit.tickers[motion.ticker]), act.ref)
        elif motion.kind == "close" and "listing" in pit.brought:
            yield Owed(lane, closable(motion), act.ref)
        elif motion.kind == "rule":
            why = lapse(motion.changes, pit)
            if why:
                yield Owed(lane, Directive("lapsed", (code, motion.name, why)), act.ref)
                return
            for change in motion.changes:
                said = (code, motion.name, change.name, change.new)
                yield Owed(lane, Directive("enacted", said), act.ref)

    def _forget(self, code: str) -> None:
        """A ticker is over: so is what was moved about it; who takes the name next begins anew."""
        for ref in [ref for ref, motion in self.motions.items() if motion.ticker == code]:
            del self.motions[ref]
        self.tallies.pop(code, None)
        self.asked.discard(code)

    def adopt(self, lane: str, owed: Sequence[Owed], pit: Pit, record: Standing) -> Iterator[Owed]:
        """What stands was taken as it stood; what has no answer or result yet is owed still."""
        for was in owed:
            verb, (code, name, *_), _ = was.directive
            ref = name.partition("/")[2]
            if verb in ("counted", "uncounted"):
                done = ref not in self.unanswered
            elif verb == "result":
                done = ref not in self.motions
            elif verb == "closable":
                done = pit.permits.get(code, "") >= was.directive.args[2]
            elif verb == "mandate":
                done = any(one.motion == name for one in record.mandates.get(code, ()))
            else:
                done = False
            if not done:
                yield was

    # State

    def dump(self, record: Standing) -> Iterator[Directive]:
        """The registers, motions and ballots."""
        yield from self.holders.dump()
        for ref in sorted(self.motions, key=reference_key):
            motion = self.motions[ref]
            said = (motion.name, motion.ticker, motion.kind, motion.until)
            yield Directive("moved", said, motion.keys())
            for name, old, new in motion.changes:
                yield Directive("amends", (ref, name, new, old or None))
            for member, (entry, favour) in sorted(motion.ballots.items()):
                yield Directive("ballot", (ref, member, "yes" if favour else "no", entry))
        for decides in sorted(self.tallies.items()):
            yield Directive("decides", decides)
        for code in sorted(self.asked):
            yield Directive("asked-once", (code,))
        for ref in sorted(self.unanswered, key=reference_key):
            yield Directive("unanswered", (ref,))
        for ref in sorted(self.asking, key=reference_key):
            yield Directive("asking", (ref, self.asking[ref] or None))

    def load(self, directives: Sequence[Directive], pit: Pit, record: Standing) -> None:
        """The state from `dump`."""
        self.holders.load(directives)
        for verb, args, keys in directives:
            if verb == "moved":
                owner, _, ref = args[0].partition("/")
                motion = self.motions[ref] = Motion(owner, ref, *args[1:])
                motion.tally, motion.majority, motion.days = (
                    keys[key] for key in ("tally", "majority", "days")
                )
                motion.quantity, motion.closed = keys.get("quantity", 0), "closed" in keys
            elif verb == "amends":
                ref, name, new, old = args
                self.motions[ref].changes += (Amendment(name, old or "", new),)
            elif verb == "ballot":
                self.motions[args[0]].ballots[args[1]] = args[3], args[2] == "yes"
            elif verb == "decides":
                self.tallies[args[0]] = args[1]
            elif verb == "asked-once":
                self.asked.add(args[0])
            elif verb == "unanswered":
                self.unanswered.add(args[0])
            elif verb == "asking":
                self.asking[args[0]] = args[1] or ""
        self._deadlines = [
            (motion.until, reference_key(ref), ref)
            for ref, motion in self.motions.items()
            if not motion.closed
        ]
        heapify(self._deadlines)


SHUT = "-"
"""What a vote asks about that was on no open motion when it came."""

_OURS = frozenset(verb.name for verb in WORDS[1])


def main(argv: list[str]) -> int:
    """Run as a filter: the stream on stdin, the same with drafts and checkpoint on stdout."""
    return main_of(Govern, argv, __doc__ or "", sys.stdin.buffer, sys.stdout.buffer)
