"""Move TradeTokens: owes the `move` of every fee and good-faith deposit to whom it is due.

    $ pit read --for tokens | pit tokens | less

Where `rule tokens 1` is in force, the keepers hold what an instruction is charged, and this says
where it goes: a fee to the sealer of the instruction's block, as soon as that block is sealed, or a
later one; a deposit back when its order is filled or expired, and in part when it is cancelled
(docs/reference/tokens.md). Subsidies need no move: `positions` books them with the seal.
"""

import sys
from collections.abc import Iterator, Sequence

from pit.archives.amounts import decimal, plain, trimmed
from pit.archives.verbs import Directive, Verb
from pit.filters.charges import VERSIONS, Minted, fee_of, sealer_of, shown
from pit.filters.claims import Charge, smallest
from pit.filters.closing import Gone
from pit.filters.combos import Combo
from pit.filters.instructions import (
    SCALE,
    Act,
    Cancel,
    Order,
    Replace,
    Trade,
)
from pit.filters.lanes import Owed
from pit.filters.markets import Moved
from pit.filters.record import reference_key
from pit.filters.runner import Event
from pit.filters.standing import Standing
from pit.filters.stream import main_of
from pit.filters.tariff import Returned, cancelled, ended
from pit.pits.blocks import DECIMALS, TOKEN
from pit.pits.listing import Holder
from pit.pits.members import OUTSIDE
from pit.pits.state import Pit

__all__ = ["WORDS", "Tokens"]

WORDS = {
    1: (
        Verb(
            "refund",
            "{order:reference}",
            "Asks for an order's good-faith deposit; it comes by itself, and this changes nothing.",
            who=["trader"],
        ),
    )
}
"""What each version of `rule words tokens VERSION` takes into use."""


class Ending:
    """A cancel, or a replace, that has no answer: what it costs if it ends its order.

    block: its entry's. fee: in 10**-5 TT, as `why` reckons it. burns: whether what is forfeited is
    nobody's. own, next: the sealers of its block and of the one after, '' while nobody knows.
    """

    __slots__ = ("block", "burns", "fee", "next", "own", "why")

    def __init__(self, block: int, fee: int, why: str, burns: bool) -> None:
        self.block, self.fee, self.why, self.burns = block, fee, why, burns
        self.own = self.next = ""

    def sealed(self, minted: Minted) -> None:
        """Blocks were sealed."""
        if self.block <= minted.last:
            self.own = self.own or minted.sealer
        if self.block < minted.last:
            self.next = self.next or minted.sealer


class Tokens:
    """The filter that moves TT (see the module).

    endings: by the reference of a cancel or replace. dues: what the sealer of a block that is not
    sealed yet gets of an ended order's deposit: block, order, amount in 10**-5 TT, why. returned:
    orders whose deposit is owed, or due, to somebody, by reference.
    """

    name = "tokens"
    versions = VERSIONS
    words: Sequence[Verb] = (
        Verb(
            "ending",
            "{instruction:reference} {block:count} {fee:units} {why:text}",
            "A cancel or replace without an answer, its fee, and whose its block and the next are.",
            keys={"own": "handle", "next": "handle", "burns": "yes"},
        ),
        Verb(
            "due-in",
            "{block:count} {order:reference} {amount:units} {why:text}",
            "What the sealer of a block gets of a deposit.",
        ),
        Verb("returned", "{order:reference}", "Its deposit has been divided."),
    )

    def __init__(self) -> None:
        self.endings: dict[str, Ending] = {}
        self.dues: list[tuple[int, str, int, str]] = []
        self.returned: set[str] = set()

    def publisher(self, lane: str, pit: Pit) -> Holder | None:
        """The specialist of the ticker; of the one listed first, for what names none."""
        return pit.specialist(lane)

    def lane(self, act: Act, pit: Pit) -> str | None:
        """The ticker of the instruction."""
        return act.subject.claim.lane if isinstance(act.subject, Moved) else "-"

    def step(self, event: Event, pit: Pit, record: Standing) -> Iterator[Owed]:
        """Fees when both the accept and the seal stand; deposits when the order has ended."""
        for act in event.acts:
            subject, verb = act.subject, act.directive.verb
            if verb == "seal":
                if isinstance(subject, Minted):
                    yield from self._sealed(subject, pit, record)
            elif verb == "accept":
                charge = record.charges.get(act.directive.args[0].partition("/")[2])
                if charge and charge.sealer:
                    yield self._fee(charge, pit)
            elif isinstance(subject, Trade):
                for order, left in zip(subject.sides, subject.left, strict=True):
                    charge = record.charges.get(order.ref)
                    if charge and charge.ended and not left:
                        yield from self._return(charge, ended(charge.deposit), "filled", None, pit)
            elif verb == "leaves":
                yield from self._left(act, pit, record)
            elif isinstance(subject, Gone):
                for order in subject.orders:
                    charge = record.charges.get(order.ref)
                    if charge:
                        back = ended(charge.deposit)
                        yield from self._return(charge, back, "its ticker is over", None, pit)
            elif isinstance(subject, Cancel | Replace):
                if verb in ("cancel", "replace") and subject.target in record.charges:
                    self.endings[act.ref] = self._ending(verb, event, pit, record)
            elif isinstance(subject, Moved):
                claim = subject.claim
                if isinstance(claim, Charge) and not claim.left:
                    self.returned.discard(claim.ref)
            if verb == "refuse":
                self.endings.pop(act.directive.args[0].partition("/")[2], None)

    def _ending(self, verb: str, event: Event, pit: Pit, record: Standing) -> Ending:
        block = pit.block(event.time)
        fee, why = 0, ""
        if verb == "cancel" and pit.tokens:
            fee, why = fee_of("cancel", block, record, pit)
        burns = pit.rule("forfeits") == "burn" or len(pit.rule("sealers")) == 1
        made = Ending(block, fee, why, burns)
        made.own = sealer_of(block, record)
        return made

    def _sealed(self, minted: Minted, pit: Pit, record: Standing) -> Iterator[Owed]:
        """Blocks have their sealer now: what waited for him is his."""
        for charge in minted.charges:
            if charge.accepted:
                yield self._fee(charge, pit)
        for ending in self.endings.values():
            ending.sealed(minted)
        ripe = [due for due in self.dues if due[0] <= minted.last]
        self.dues = [due for due in self.dues if due[0] > minted.last]
        for _, ref, amount, why in ripe:
            if ref in record.charges:
                yield _move(record.charges[ref], amount, minted.sealer, why, pit)

    def _fee(self, charge: Charge, pit: Pit) -> Owed:
        why = f"fee in block {charge.block}, {charge.why}"
        return _move(charge, charge.fee, charge.sealer, why, pit)

    def _left(self, act: Act, pit: Pit, record: Standing) -> Iterator[Owed]:
        """An order has ended otherwise than by trading, or a cancel was late."""
        subject, (_, number, _, words) = act.subject, act.directive.args
        why, _, answered = words.partition(" ")
        ending = self.endings.pop(answered, None)
        charge = record.charges.get(subject.ref) if isinstance(subject, Order | Combo) else None
        if charge is None or number or not charge.ended:
            return
        back, what = ended(charge.deposit), why
        if ending and isinstance(subject, Order):
            back = cancelled(charge.deposit, subject.filled, charge.quantity, ending.fee)
            filled, whole = (
                plain(trimmed(decimal(n, SCALE))) for n in (subject.filled, charge.quantity)
            )
            what = f"{shown(charge.deposit)} x {filled} / {whole} filled, {why} by {answered}"
        yield from self._return(charge, back, what, ending, pit)

    def _return(
        self, charge: Charge, back: Returned, what: str, ending: Ending | None, pit: Pit
    ) -> Iterator[Owed]:
        """A deposit is divided: what goes back, what is lost, what the cancel costs."""
        if charge.ref in self.returned or not charge.deposit:
            return
        self.returned.add(charge.ref)
        if back.refund:
            why = f"good faith back: {what}"
            yield _move(charge, back.refund, charge.account, why, pit)
        if ending is None:
            return
        if back.forfeit:
            why = f"good faith forfeited: {what}"
            if ending.burns:
                yield _move(charge, back.forfeit, OUTSIDE, f"{why}; burned", pit)
            else:
                yield from self._due(ending.block + 1, ending.next, charge, back.forfeit, why, pit)
        if back.fee:
            why = f"fee in block {ending.block}, {ending.why}, out of the good faith"
            yield from self._due(ending.block, ending.own, charge, back.fee, why, pit)

    def _due(
        self, block: int, sealer: str, charge: Charge, amount: int, why: str, pit: Pit
    ) -> Iterator[Owed]:
        """Something is the sealer's of a block, as soon as there is one."""
        if sealer:
            yield _move(charge, amount, sealer, why, pit)
        else:
            self.dues.append((block, charge.ref, amount, why))
            self.dues.sort()

    def adopt(self, lane: str, owed: Sequence[Owed], pit: Pit, record: Standing) -> Iterator[Owed]:
        """What stands was taken as it stood: what is owed, then what is due, as far as the rest of
        each charge reaches; what is left over comes back."""
        left = {
            ref: charge.movable
            for ref, charge in record.charges.items()
            if charge.accepted and (pit.open or charge.lane == lane)
        }
        for was in owed:
            number, _, _, to, why = was.directive.args
            amount = min(smallest(number, TOKEN, pit) or 0, left.get(was.cause, 0))
            if amount:
                left[was.cause] -= amount
                yield _move(record.charges[was.cause], amount, to, why, pit)
        dues, self.dues = self.dues, []
        for block, ref, amount, why in dues:
            most = min(amount, left.get(ref, amount))
            if ref in left:
                left[ref] -= most
            if most:
                self.dues.append((block, ref, most, why))
        for ref, amount in left.items():
            charge = record.charges[ref]
            over = amount - (0 if charge.sealer else charge.fee)
            if charge.ended and over > 0:
                why = "left over by what was adopted; it comes back"
                yield _move(charge, over, charge.account, why, pit)

    def dump(self, record: Standing) -> Iterator[Directive]:
        """What waits."""
        for ref in sorted(self.endings, key=reference_key):
            one = self.endings[ref]
            keys = {"own": one.own, "next": one.next, "burns": "yes" if one.burns else ""}
            known = {key: value for key, value in keys.items() if value}
            yield Directive("ending", (ref, one.block, one.fee, one.why), known)
        for due in self.dues:
            yield Directive("due-in", due)
        for ref in sorted(self.returned, key=reference_key):
            yield Directive("returned", (ref,))

    def load(self, directives: Sequence[Directive], pit: Pit, record: Standing) -> None:
        """The state from `dump`."""
        for verb, args, keys in directives:
            if verb == "ending":
                ref, block, fee, why = args
                one = self.endings[ref] = Ending(block, fee, why, "burns" in keys)
                one.own, one.next = keys.get("own", ""), keys.get("next", "")
            elif verb == "due-in":
                self.dues.append(args)
            elif verb == "returned":
                self.returned.add(args[0])


def _move(charge: Charge, amount: int, to: str, why: str, pit: Pit) -> Owed:
    name = f"{charge.owner}/{charge.ref}"
    said = (decimal(amount, DECIMALS), TOKEN, name, to, why)
    return Owed("-" if pit.open else charge.lane, Directive("move", said), charge.ref)


def main(argv: list[str]) -> int:
    """Run as a filter: the stream on stdin, the same with drafts and checkpoint on stdout."""
    return main_of(Tokens, argv, __doc__ or "", sys.stdin.buffer, sys.stdout.buffer)
