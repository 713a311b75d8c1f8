"""Keep positions: reads everything that moves value, owes `accept` or `refuse`.

    $ pit read --for positions | pit positions | grep -E '^(accept|refuse)'

Every instruction that needs cover is judged at its own entry, by what stands above it. A hold is
taken when the `accept` is owed and given back only against a `fill` or `leaves` that stands, so
nothing is promised twice, however late anybody is (FILTERS, The core filters; MARKET, Accounts).
"""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence

from pit.archives.amounts import decimal, plain, units
from pit.archives.entry import OPERATOR
from pit.archives.verbs import NO_KEYS, Directive, Verb, make_directive
from pit.filters import judging
from pit.filters.accounts import OUTSIDE, Posting
from pit.filters.busting import Bust, Ruling
from pit.filters.busts import last_of
from pit.filters.charges import Minted
from pit.filters.claims import Charge, Claim, smallest
from pit.filters.closing import Gone
from pit.filters.combos import Combo, Leg
from pit.filters.cover import Traded
from pit.filters.instructions import (
    SCALE,
    Act,
    Order,
    Problem,
    Replace,
    Trade,
    scaled,
)
from pit.filters.keeping import WORDS, Keeping
from pit.filters.lanes import Owed, make_owed
from pit.filters.markets import Bounded, Moved, Settled
from pit.filters.problems import cover_of
from pit.filters.runner import Event
from pit.filters.standing import Standing
from pit.filters.stream import run_stream
from pit.pits.blocks import TOKEN
from pit.pits.listing import Holder
from pit.pits.markets import Market
from pit.pits.options import parser, shard
from pit.pits.state import Pit


class Positions(Keeping):
    """The position keeping filter (see the module).

    part: (k, n), the shard whose members are kept; all by default. journal: see `Accounts`.
    """

    name = "positions"
    parts = "member"
    versions = range(1, 2)
    words: Sequence[Verb] = WORDS

    def __init__(
        self, part: tuple[int, int] = (1, 1), journal: Callable[[Posting], None] | None = None
    ) -> None:
        super().__init__(part, journal)
        self._entry = 0

    def publisher(self, lane: str, pit: Pit) -> Holder | None:
        """The keeper of the member's shard."""
        return pit.keeper(lane)

    def lane(self, act: Act, pit: Pit) -> str | None:
        """The member that an answer is for."""
        owner: str = act.directive.args[0].partition("/")[0]
        return owner if self.keeps(owner) else None

    def step(self, event: Event, pit: Pit, record: Standing) -> Iterator[Owed]:
        """Post what moved; judge what asks for cover."""
        if event.number != self._entry:
            self._entry = event.number
            if self.margin.touched:
                self.margin.tidy()
        for act in event.acts:
            subject = act.subject
            verb = act.directive.verb
            if isinstance(subject, Problem):
                if self.keeps(event.signer):
                    yield self._answer(event.signer, act.ref, subject.why, pit)
            elif verb in ("buy", "sell"):
                if self.keeps(event.signer) and isinstance(subject, Order):
                    yield self._order(subject, event, pit, record)
            elif verb == "combo":
                if self.keeps(event.signer) and isinstance(subject, Combo):
                    why = judging.combo(self, subject, pit, record)
                    yield self._answer(subject.owner, act.ref, why, pit)
            elif verb == "replace":
                if self.keeps(event.signer) and isinstance(subject, Replace):
                    why = judging.replace(self, subject, pit, record)
                    yield self._answer(subject.owner, act.ref, why, pit)
            elif isinstance(subject, Claim) and subject.ref == act.ref:
                if self.keeps(event.signer):
                    why = judging.claim(self, subject, pit, record)
                    yield self._answer(subject.owner, act.ref, why, pit)
            elif isinstance(subject, Charge) and subject.ref == act.ref:
                if self.keeps(event.signer):
                    why = judging.charge(self, act.ref, pit, record)
                    yield self._answer(subject.owner, act.ref, why, pit)
            elif verb == "fill":
                if isinstance(subject, Trade):
                    self._fill(act, subject, pit)
            elif verb in ("accept", "refuse"):
                self._answered(act, pit, record)
            elif verb == "bust":
                if isinstance(subject, Bust):
                    for owner in filter(self.keeps, subject.fill.owners):
                        why = self.undoing.judge(subject, owner, pit)
                        yield self._answer(owner, act.ref, why, pit)
            elif verb == "leaves":
                self._left(act, pit, record)
            elif verb == "payout":
                if isinstance(subject, Claim) and self.keeps(subject.owner):
                    amount = subject.amount or 0
                    self.accounts.release(subject.ref)
                    account = subject.account
                    self.move(account, OUTSIDE, subject.asset, amount, act.ref, "paid out")
            elif verb == "cancel":
                if isinstance(subject, Claim) and self.keeps(subject.owner):
                    self.accounts.release(subject.ref)
                    yield self._answer(subject.owner, act.ref, "", pit)
            elif verb == "deposit":
                account, number, asset = act.directive.args
                if self.keeps(account):
                    amount = smallest(number, asset, pit) or 0
                    self.move(OUTSIDE, account, asset, amount, act.ref, "deposit")
            elif verb == "issue":
                self._issued(act.directive, event.signer, act.ref, pit)
            elif verb == "seal":
                if isinstance(subject, Minted):
                    self._minted(subject, act.ref)
            elif verb == "move" and isinstance(subject, Moved):
                self._taken(act, subject, pit)
            elif isinstance(subject, Gone):
                self.void(subject, act.ref, pit)
            elif isinstance(subject, Market):
                self.contracts.found(subject, pit)
            elif isinstance(subject, Bounded):
                self.contracts.narrow(subject.driver, record.courses[subject.driver])
            elif isinstance(subject, Settled):
                driver = subject.driver
                course = record.courses[driver]
                self.contracts.settle(subject, course, act.ref, pit.markets[driver])

    def _issued(self, issue: Directive, issuer: str, ref: str, pit: Pit) -> None:
        """New units are in their issuer's account."""
        if self.keeps(issuer):
            number, asset = issue.args
            self.move(OUTSIDE, issuer, asset, smallest(number, asset, pit) or 0, ref, "issue")
            self.moved(issuer, asset, pit)

    def _minted(self, minted: Minted, ref: str) -> None:
        """A block is sealed, and empty ones before it: their subsidies."""
        sealer, amount, first, last, _ = minted
        if self.keeps(sealer):
            blocks = f"block {last}" if first == last else f"blocks {first} to {last}"
            self.move(OUTSIDE, sealer, TOKEN, amount, ref, f"subsidy of {blocks}")

    def _taken(self, act: Act, moved: Moved, pit: Pit) -> None:
        """A `move` stands: what is left over comes back to its owner, the rest is another's."""
        claim, amount, to = moved
        if self.keeps(claim.owner):
            self.accounts.release(claim.hold, amount)
        if to != claim.account:
            self.move(claim.account, to, claim.asset, amount, act.ref, act.directive.args[-1])
        for account in (claim.account, to):
            self.moved(account, claim.asset, pit)

    def _answer(
        self, owner: str, ref: str, why: str, pit: Pit, keys: Mapping[str, object] = NO_KEYS
    ) -> Owed:
        """`refuse`, where there is a reason to; else `accept`."""
        if why:
            said = make_directive(("refuse", (f"{owner}/{ref}", why), NO_KEYS))
        else:
            said = make_directive(("accept", (f"{owner}/{ref}",), keys))
        return make_owed(("-" if pit.open else owner, said, ref))

    def _order(self, order: Order, event: Event, pit: Pit, record: Standing) -> Owed:
        """The answer to an order; a market buy's names what it may cost."""
        why = judging.order(self, order, event.time, pit, record)
        if why or order.limit is not None or not order.buys:
            return self._answer(order.owner, order.ref, why, pit)
        held, ticker = self.accounts.holds[order.ref], pit.tickers[order.ticker]
        cover = decimal(cover_of(order, held.amount, ticker), pit.assets[held.asset].decimals)
        return self._answer(order.owner, order.ref, "", pit, {"cover": cover})

    def _bust_answered(self, ruling: Ruling, pit: Pit, record: Standing) -> None:
        """An answer stands: the fill is undone, or the bust is over, or others are missing."""
        bust, owner = ruling.bust, ruling.owner
        if ruling.done:
            self.undoing.undo(bust, last_of(record, bust.fill.ticker), pit)
        elif ruling.over:
            self.undoing.release(bust, pit)
        elif not bust.refused and self.keeps(owner) and not self.undoing.holds(bust, owner):
            self.undoing.judge(bust, owner, pit, unasked=True)

    def _left(self, act: Act, pit: Pit, record: Standing) -> None:
        """A `leaves` stands: the order is over, or is held for as it is now."""
        name, number, _, words = act.directive.args
        owner, _, ref = name.partition("/")
        if not self.keeps(owner):
            return
        why, _, answered = words.partition(" ")
        if why in ("late", "replaced"):
            for one in self.replacing.get(ref, ()):
                if one.ref == answered:
                    self.forget(one)
        order = record.orders.get(ref)
        if isinstance(act.subject, Order) and not number:
            self.release(act.subject, pit)
        elif isinstance(act.subject, Combo):
            self.release(act.subject.legs[0], pit)
        elif order:
            left = scaled[number] if number else order.quantity - order.filled
            self.hold_on(order, left, pit)

    def _answered(self, act: Act, pit: Pit, record: Standing) -> None:
        """An answer stands. It is taken as it stands, whatever was owed."""
        subject = act.subject
        if pit.tokens or record.sealed:
            self._charge_answered(act, pit, record)
        accepted = act.directive.verb == "accept"
        if isinstance(subject, Order):
            self._order_answered(subject, accepted, pit)
        elif isinstance(subject, Claim):
            if accepted:
                self._covered(subject, pit)
            elif self.keeps(subject.owner):
                self.accounts.release(subject.ref)
                self.moved(subject.account, subject.asset, pit)
        elif isinstance(subject, Ruling):
            self._bust_answered(subject, pit, record)
        elif isinstance(subject, Replace):
            self._replace_answered(subject, accepted, pit, record)
        elif isinstance(subject, Combo):
            if not accepted:
                self.release(subject.legs[0], pit)
            elif self.keeps(subject.owner):
                self.contracts.take_all(subject, unasked=True)

    def _order_answered(self, order: Order, accepted: bool, pit: Pit) -> None:
        """An order's answer stands: it is held for, or not."""
        if not accepted:
            self.release(order, pit)
        elif self.keeps(order.owner):
            ticker = pit.tickers.get(order.ticker)
            if ticker and not self.covers[ticker.mode].holds(order):
                left = order.quantity - order.filled
                self.covers[ticker.mode].take(order, left, (), ticker, unasked=True)

    def _charge_answered(self, act: Act, pit: Pit, record: Standing) -> None:
        """What an instruction is charged is held, or is not, as its answer says."""
        owner, _, ref = act.directive.args[0].partition("/")
        accepted = act.directive.verb == "accept"
        charge = record.charges.get(ref)
        if not self.keeps(owner):
            return
        if not accepted:
            self.accounts.release(Charge.hold_of(ref))
        elif charge and charge.hold not in self.accounts.holds:
            self.accounts.hold(charge.hold, owner, charge.asset, charge.left, unasked=True)
        if accepted and isinstance(act.subject, Charge) and act.subject.verb == "issue":
            self._issued(act.subject.asks, owner, ref, pit)

    def _covered(self, claim: Claim, pit: Pit) -> None:
        """The accept of a claim stands: a transfer is delivered, a withdrawal held for."""
        ref, asset, amount = claim.ref, claim.asset, claim.amount or 0
        keeps = self.keeps(claim.owner)
        if claim.verb == "transfer":
            if keeps:
                self.accounts.release(ref)
            self.move(claim.account, claim.to, asset, amount, ref, "transfer")
            for account in (claim.account, claim.to):
                self.moved(account, asset, pit)
        elif keeps and ref not in self.accounts.holds:
            self.accounts.hold(ref, claim.account, asset, amount, unasked=True)

    def _replace_answered(
        self, replace: Replace, accepted: bool, pit: Pit, record: Standing
    ) -> None:
        """A replace's answer stands. It is taken as it stands, whatever was owed."""
        order = judging.replaced(replace, record)
        if not self.keeps(replace.owner) or order is None:
            return
        asked = self.replacing.setdefault(replace.target, [])
        known = [one.ref for one in asked]
        if accepted and replace.ref not in known:
            asked.append(replace)
        elif not accepted:
            self.forget(replace)
        self.hold_on(order, order.quantity - order.filled, pit)

    def _fill(self, act: Act, trade: Trade, pit: Pit) -> None:
        ticker = pit.tickers.get(trade.bought.ticker)
        if ticker is None:
            return
        number, _, price = act.directive.args[:3]
        why = f"{plain(number)} {ticker.code} @ {plain(price)}"
        traded = Traded(act.ref, units(number, SCALE), units(price, SCALE), why)
        self.covers[ticker.mode].fill(trade, traded, ticker)
        for order, left in zip(trade.sides, trade.left, strict=True):
            if self.keeps(order.owner):
                if left and not isinstance(order, Leg):
                    self.hold_on(order, left, pit)
                else:
                    self.release(order, pit)
        for order, fee in zip(trade.sides, trade.fees, strict=True):
            if fee:
                said = f"fee of {order.name} for {why}"
                self.move(order.account, OPERATOR, ticker.currency, fee, act.ref, said)

    def adopt(self, lane: str, owed: Sequence[Owed], pit: Pit, record: Standing) -> Iterator[Owed]:
        """What stands was taken as it stood; what is not answered keeps the answer that is owed."""
        for was in owed:
            ref = was.cause
            if ref in record.busts and lane in record.busts[ref].waits:
                yield was
            if any(
                ref in some
                for some in (
                    record.orders,
                    record.combos,
                    record.claims,
                    record.replaces,
                    record.charges,
                    record.due,
                )
            ):
                found = (
                    record.orders.get(ref)
                    or record.combos.get(ref)
                    or record.claims.get(ref)
                    or record.replaces.get(ref)
                    or record.charges.get(ref)
                )
                if found is None or not found.accepted:
                    yield was


def main(argv: list[str]) -> int:
    """Run as a filter: the stream on stdin, the same with drafts and checkpoint on stdout."""
    options = parser("positions", __doc__ or "")
    options.add_argument("--shard", metavar="K/N", default="1/1", help="keep only shard K of N")
    chosen = options.parse_args(argv)
    run_stream(Positions(shard(chosen.shard)), sys.stdin.buffer, sys.stdout.buffer)
    return 0
