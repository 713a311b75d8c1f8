"""List names: reads `ticker`, `commit`, `close` and `synonym`, owes whose each name is.

    $ pit read --for listing | pit listing | less

With `rule words listing 1` in force a `ticker` asks for a name; it is its signer's when `listed`
stands. By `rule name-conflict`: who asked alone in a block, who had committed to it, or who came
first. A name of which nothing was ever issued is released after `rule name-rest` blocks; what its
issuer closes rests for as many (docs/reference/companies.md).
"""

import sys
from collections.abc import Iterator, Sequence

from pit.archives.verbs import Directive, Verb
from pit.filters.claims import Charge
from pit.filters.closing import Gone, drained
from pit.filters.instructions import (
    Act,
)
from pit.filters.lanes import Owed
from pit.filters.naming import STATE, WORDS, Commit, uncommitted
from pit.filters.record import reference_key
from pit.filters.runner import Event
from pit.filters.standing import Standing
from pit.filters.stream import main_of
from pit.pits.listing import Holder
from pit.pits.names import Asked, Named, codes_of, not_free, older, released, stays
from pit.pits.state import Pit

__all__ = ["WORDS", "Listing"]


class Listing:
    """The listing filter (see the module).

    waiting: by code the names asked for that have no answer yet, in order, by reference, with why
    each cannot be had ('' if it can). answered: what the others are answered, as long as that does
    not stand. commits: the blocks of each. ending: tickers that are closing, and what their names
    will mean then, '' for nothing; owed: those whose end is owed.
    """

    name = "listing"
    versions = range(1, 2)
    words: Sequence[Verb] = STATE

    def __init__(self) -> None:
        self.waiting: dict[str, dict[str, str]] = {}
        self.answered: dict[str, bool] = {}
        self.commits: dict[Commit, list[int]] = {}
        self.ending: dict[str, str] = {}
        self.owed: set[str] = set()
        self._block = 0

    def publisher(self, lane: str, pit: Pit) -> Holder | None:
        """Of a name asked for the specialist whom its `ticker` names; else the ticker's."""
        asked = pit.asked.get(lane)
        return asked.publisher if asked else pit.specialist(lane)

    def lane(self, act: Act, pit: Pit) -> str | None:
        """Of a name asked for the reference of its `ticker`; else the ticker."""
        code, *rest = act.directive.args
        asked = act.directive.verb in ("listed", "unlisted")
        return str(rest[0]).partition("/")[2] if asked else str(code)

    def together(self, lane: str, pit: Pit) -> list[str]:
        """The lanes of those who ask for the same name."""
        codes = {code for code, name in pit.names.items() if lane in (name.ref, code)}
        codes |= {asked.code for ref, asked in pit.asked.items() if ref == lane}
        return [ref for ref, asked in pit.asked.items() if asked.code in codes]

    def step(self, event: Event, pit: Pit, record: Standing) -> Iterator[Owed]:
        """What time brings, then what the entry's directives do."""
        if "listing" not in pit.brought:
            return
        block, cause = pit.block(event.time), str(event.number)
        if block != self._block:
            self._block = block
            self._forget(block - pit.rule("reveal"))
            yield from self._release(cause, pit, record)
        yield from self._decide(block, pit)
        for act in event.acts:
            verb, subject = act.directive.verb, act.subject
            if isinstance(subject, Charge) and subject.verb in _OURS:
                if verb == "accept":
                    about = (subject.asks, subject.ref, subject.owner, subject.time)
                    yield from self._effect(*about, pit)
                continue
            asks = act.ref in pit.asked and verb == "ticker"
            if asks or (pit.words[verb] in WORDS[1] and not pit.words[verb].report):
                if asks or verb == "commit" or isinstance(subject, Named):
                    yield from self._effect(act.directive, act.ref, event.signer, event.time, pit)
            elif isinstance(subject, Gone):
                self.ending.pop(subject.code, None)
                self.owed.discard(subject.code)
            elif isinstance(subject, Named) and subject.effect in ("list", "drop"):
                self.answered.pop(subject.ref, None)
            elif isinstance(subject, Named) and subject.effect == "close":
                self.ending.setdefault(subject.code, "")
            elif verb == "refuse" and (subject is None or isinstance(subject, Charge)):
                yield from self._release(cause, pit, record)
        yield from self._decide(block, pit)
        if any(act.directive.verb in ("report", "refuse") for act in event.acts[:1]):
            yield from self._end(cause, pit, record)  # by nothing else something is open no more

    def _effect(
        self, directive: Directive, ref: str, owner: str, time: str, pit: Pit
    ) -> Iterator[Owed]:
        """An instruction takes effect."""
        verb = directive.verb
        if verb == "commit":
            made = self.commits.setdefault(Commit(owner, directive.args[0]), [])
            made.append(pit.block(time))
        elif verb == "ticker":
            asked, why = pit.asked[ref], ""
            if asked.conflict == "commit":
                why = uncommitted(asked, self.commits, pit.rule("reveal"))
            queue = {**self.waiting.get(asked.code, {}), ref: why}
            self.waiting[asked.code] = {one: queue[one] for one in sorted(queue, key=reference_key)}
        elif verb == "close":
            code = directive.args[0]
            yield self._closing(code, "", f"by {owner}/{ref}", ref, pit)
        elif verb == "synonym":
            codes = codes_of(pit.words[verb], directive)
            of = stays(pit, codes)
            for code in codes:
                if code != of:
                    why = f"by {owner}/{ref}: a name of {of}"
                    yield self._closing(code, of, why, ref, pit)
            said = Directive("preferred", (of, codes[-1], f"{owner}/{ref}"))
            yield Owed(_lane(of, pit), said, ref)

    # Names asked for

    def _decide(self, block: int, pit: Pit) -> Iterator[Owed]:
        """Answer those that need to wait no longer; block: the one that it is."""
        for code in list(self.waiting):
            queue = self.waiting[code]
            for ref in queue.keys() - pit.asked.keys():  # answered by a report of somebody's own
                del queue[ref]
            while queue:
                answers = self._answers(code, queue, block, pit)
                if not answers:
                    break
                for asked, why in answers:
                    del queue[asked.ref]
                    self.answered[asked.ref] = not why
                    said = Directive("unlisted", (code, asked.name, why))
                    if not why:
                        said = Directive("listed", (code, asked.name))
                    yield Owed(_lane(asked.ref, pit), said, asked.ref)
            if not queue:
                del self.waiting[code]

    def _answers(
        self, code: str, queue: dict[str, str], block: int, pit: Pit
    ) -> list[tuple[Asked, str]]:
        """What the first of those who ask for a name, and all that are decided with it, are
        answered: why not, '' for yes. Nothing where it has to wait."""
        first, why = next((pit.asked[ref], why) for ref, why in queue.items())
        if first.conflict == "reject-all" and block <= first.block:
            return []
        others = (asked for asked in pit.asked.values() if asked.ref not in queue)
        if any(self._rivals(asked, first) for asked in others):
            return []  # for whose fee there is no answer yet
        granted = self._granted(code, pit)
        if granted and first.block < granted.block + pit.rule("name-rest"):
            return [(first, f"{granted.name} has it")]
        owner = self._owner(code, pit)
        if owner:
            return [(first, f"{owner} has it")]
        if granted or (code in pit.tickers and not pit.names[code].ended):
            return []  # it is free by time, and not over yet
        if first.conflict != "reject-all":
            return [(first, why)]
        rivals = [
            pit.asked[ref]
            for ref in queue
            if (pit.asked[ref].block, pit.asked[ref].conflict) == (first.block, first.conflict)
        ]
        if len(rivals) == 1:
            return [(first, "")]
        return [
            (one, f"{_other(one, rivals).name} asked for it in block {first.block}, too")
            for one in rivals
        ]

    def _rivals(self, asked: Asked, first: Asked) -> bool:
        """Whether a name that is asked for, and not answered, could be had instead."""
        if asked.code != first.code or asked.ref in self.answered:
            return False
        both = asked.block == first.block and first.conflict == "reject-all"
        return both or older(asked.ref, first.ref)

    def _granted(self, code: str, pit: Pit) -> Asked | None:
        """Who will have a name when his `listed` stands."""
        theirs = (pit.asked.get(ref) for ref, listed in self.answered.items() if listed)
        return next((asked for asked in theirs if asked and asked.code == code), None)

    def _owner(self, code: str, pit: Pit) -> str:
        """Whose a name is, as HANDLE/REF; '' for nobody's."""
        if code not in pit.tickers or not not_free(pit, code):
            return ""
        name = pit.names.get(code)
        closed = name is not None and name.closed
        return "" if closed else f"{pit.tickers[code].issuer}/{name.ref if name else '-'}"

    def _forget(self, before: int) -> None:
        """Forget the commitments of blocks before this one."""
        for made, blocks in list(self.commits.items()):
            left = [block for block in blocks if block >= before]
            self.commits[made] = left
            if not left:
                del self.commits[made]

    # Tickers that end

    def _closing(self, code: str, of: str, why: str, cause: str, pit: Pit) -> Owed:
        self.ending[code] = of
        return Owed(_lane(code, pit), Directive("closing", (code, why)), cause)

    def _release(self, cause: str, pit: Pit, record: Standing) -> Iterator[Owed]:
        """Names of which nobody has issued any in time."""
        for code in sorted(pit.names.keys() - self.ending.keys()):
            block = released(pit, code)
            if block and code not in pit.closes and not record.totals.get(code):
                why = f"released: no shares by block {block}"
                yield self._closing(code, "", why, cause, pit)

    def _end(self, cause: str, pit: Pit, record: Standing) -> Iterator[Owed]:
        """Those that are closed, and of which nothing is open any more, end."""
        for code in sorted(self.ending.keys() - self.owed):
            if pit.tickers[code].closed and drained(record, code):
                self.owed.add(code)
                yield Owed(_lane(code, pit), self._last(code), cause)

    def _last(self, code: str) -> Directive:
        of = self.ending[code]
        return Directive("synonyms", (code, of)) if of else Directive("ended", (code,))

    def adopt(self, lane: str, owed: Sequence[Owed], pit: Pit, record: Standing) -> Iterator[Owed]:
        """What stands was taken as it stood; what can still be is owed still."""
        for was in owed:
            verb, (code, *rest), _ = was.directive
            if verb in ("listed", "unlisted"):
                ref = rest[0].partition("/")[2]
                owner = "" if verb == "unlisted" else self._owner_by_now(code, ref, pit)
                if ref in pit.asked and owner:
                    self.answered[ref] = False
                    said = Directive("unlisted", (code, rest[0], f"{owner} has it"))
                    yield was._replace(directive=said)
                elif ref in pit.asked:
                    yield was
            elif verb == "closing":
                if not pit.tickers[code].closed:
                    yield was
            elif verb == "preferred":
                if pit.closes.get(code) == rest[1].partition("/")[2]:
                    yield was
            elif code in self.ending:
                yield was

    def _owner_by_now(self, code: str, ref: str, pit: Pit) -> str:
        """Who got a name by a report that was adopted, though another one was to; '' for nobody."""
        name, asked = pit.names.get(code), pit.asked.get(ref)
        if name is None or asked is None:
            return ""
        if asked.block > name.closed if name.ended else name.closed or not not_free(pit, code):
            return ""
        return f"{pit.tickers[code].issuer}/{name.ref}"

    # State

    def dump(self, record: Standing) -> Iterator[Directive]:
        """Who waits, what is answered, commitments, what ends."""
        for code, queue in sorted(self.waiting.items()):
            for ref, why in queue.items():  # as they came
                yield Directive("undecided", (ref, code, why or None))
        for ref in sorted(self.answered, key=reference_key):
            yield Directive("answered", (ref, "yes" if self.answered[ref] else "no"))
        for (handle, made), blocks in sorted(self.commits.items()):
            for block in blocks:
                yield Directive("committed", (handle, made, block))
        for code, of in sorted(self.ending.items()):
            keys = {"owed": "yes"} if code in self.owed else {}
            yield Directive("ending", (code, of or None), keys)

    def load(self, directives: Sequence[Directive], pit: Pit, record: Standing) -> None:
        """The state from `dump`."""
        for verb, args, keys in directives:
            if verb == "undecided":
                self.waiting.setdefault(args[1], {})[args[0]] = args[2] or ""
            elif verb == "answered":
                self.answered[args[0]] = args[1] == "yes"
            elif verb == "committed":
                self.commits.setdefault(Commit(args[0], args[1]), []).append(args[2])
            elif verb == "ending":
                self.ending[args[0]] = args[1] or ""
                self.owed |= {args[0]} if "owed" in keys else set()
        if "listing" in pit.brought:
            self._block = pit.block(pit.time)


_OURS = ("ticker", "commit", "close", "synonym")


def _lane(lane: str, pit: Pit) -> str:
    return "-" if pit.open else lane


def _other(one: Asked, rivals: Sequence[Asked]) -> Asked:
    """The first of the others."""
    return next(other for other in rivals if other.ref != one.ref)


def main(argv: list[str]) -> int:
    """Run as a filter: the stream on stdin, the same with drafts and checkpoint on stdout."""
    return main_of(Listing, argv, __doc__ or "", sys.stdin.buffer, sys.stdout.buffer)
