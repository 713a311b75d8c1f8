"""Keep positions: reads everything that moves value, owes `accept` or `refuse`.

    $ pit read --for positions | pit positions | grep -E '^(accept|refuse)'

Every instruction that needs cover is judged at its own entry, by what stands above it. A hold is
taken when the `accept` is owed and given back only against a `fill` or `leaves` that stands, so
nothing is promised twice, however late anybody is (FILTERS, The core filters; MARKET, Accounts).
"""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from heapq import nsmallest

from pit.archives.amounts import decimal, plain, units
from pit.archives.entry import OPERATOR
from pit.archives.verbs import NO_KEYS, Directive, Verb
from pit.filters.accounts import OUTSIDE, Accounts, Posting, hold_name, hold_order
from pit.filters.busting import Bust, Ruling
from pit.filters.busts import last_of
from pit.filters.contracts import Contracts
from pit.filters.cover import Book, Cover, Lacking, Traded
from pit.filters.instructions import (
    SCALE,
    Act,
    Claim,
    Order,
    Problem,
    Replace,
    Trade,
    account_of,
    scaled,
    smallest,
)
from pit.filters.lanes import Owed
from pit.filters.margin import WORDS as MARGIN
from pit.filters.margin import Margin
from pit.filters.markets import Bounded, Moved, Settled
from pit.filters.problems import (
    contract_problem,
    cover_of,
    order_problem,
    replace_problem,
    written_of,
)
from pit.filters.record import reference_key
from pit.filters.runner import Event
from pit.filters.standing import Standing
from pit.filters.stream import run_stream
from pit.filters.undoing import Undoing
from pit.pits.listing import Holder, shard_of
from pit.pits.markets import CONTRACT, Market
from pit.pits.members import CLEARING, owner_of
from pit.pits.options import parser, shard
from pit.pits.state import Pit


class Positions:
    """The position keeping filter (see the module).

    part: (k, n), the shard whose members are kept; all by default. journal: see `Accounts`.
    """

    name = "positions"
    parts = "member"
    versions = range(1, 2)
    words: Sequence[Verb] = (
        Verb(
            "account", "{owner:account} {asset:asset} {amount:units}", "A balance, smallest units."
        ),
        Verb(
            "hold",
            "{instruction:owned} {asset:asset} {amount:units}",
            "Set aside for it, in the member's account, or the further one of his.",
            keys={"account": "name"},
        ),
        Verb(
            "matched",
            "{owner:account} {market:asset} {quantity:units} {paid:units}",
            "Contracts: sums of quantity (10**-9) and of quantity x price (10**-18).",
        ),
        Verb(
            "covered",
            "{instruction:reference}",
            "A replace, or an order for contracts or in mode `short`, that is held for.",
        ),
        *MARGIN,
        Verb("giving", "{bust:owned}", "A side of a bust whose part is held."),
    )

    def __init__(
        self, part: tuple[int, int] = (1, 1), journal: Callable[[Posting], None] | None = None
    ) -> None:
        self.part = part
        self.accounts = Accounts(journal)
        self.contracts = Contracts(self.accounts, self._move, self.keeps)
        self.margin = Margin(self.accounts, self._move)
        self.covers: dict[str, Cover] = {
            "book": Book(self.accounts, self._move),
            "short": self.margin,
            CONTRACT: self.contracts,
        }
        self.undoing = Undoing(self.accounts, self.covers, self._move, self._shortfall)
        self.labels: dict[tuple[str, str], str] = {}
        self.replacing: dict[str, list[Replace]] = {}
        self._mine: dict[str, bool] = {}
        self._entry = 0

    def keeps(self, account: str) -> bool:
        """Whether this shard keeps that member, or the member whose account it is."""
        mine = self._mine.get(account)
        if mine is None:
            handle = owner_of(account)
            mine = self._mine[account] = shard_of(handle, self.part[1]) == self.part[0]
        return mine

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
                    yield self._refuse(event.signer, act.ref, subject.why, pit)
            elif verb in ("buy", "sell"):
                if self.keeps(event.signer) and isinstance(subject, Order):
                    yield self._judge_order(subject, event, pit, record)
            elif verb == "replace":
                if self.keeps(event.signer) and isinstance(subject, Replace):
                    yield self._judge_replace(subject, pit, record)
            elif isinstance(subject, Claim) and subject.ref == act.ref:
                if self.keeps(event.signer):
                    yield self._judge_claim(subject, pit)
            elif verb == "fill":
                if isinstance(subject, Trade):
                    self._fill(act, subject, pit)
            elif verb in ("accept", "refuse"):
                self._answered(act, pit, record)
            elif verb == "bust":
                if isinstance(subject, Bust):
                    yield from self._judge_bust(subject, pit)
            elif verb == "leaves":
                self._left(act, pit, record)
            elif verb == "payout":
                if isinstance(subject, Claim) and self.keeps(subject.owner):
                    amount = subject.amount or 0
                    self.accounts.release(subject.ref)
                    account = subject.account
                    self._move(account, OUTSIDE, subject.asset, amount, act.ref, "paid out")
            elif verb == "cancel":
                if isinstance(subject, Claim) and self.keeps(subject.owner):
                    self.accounts.release(subject.ref)
                    yield self._accept(subject.owner, act.ref, pit)
            elif verb == "deposit":
                account, number, asset = act.directive.args
                if self.keeps(account):
                    amount = smallest(number, asset, pit) or 0
                    self._move(OUTSIDE, account, asset, amount, act.ref, "deposit")
            elif verb == "issue":
                if self.keeps(event.signer):
                    number, asset = act.directive.args
                    amount = smallest(number, asset, pit) or 0
                    self._move(OUTSIDE, event.signer, asset, amount, act.ref, "issue")
                    self._units(event.signer, asset, pit)
            elif verb == "move" and isinstance(subject, Moved):
                self._moved(act, subject, pit)
            elif isinstance(subject, Market):
                self.contracts.found(subject, pit)
            elif isinstance(subject, Bounded):
                self.contracts.narrow(subject.driver, record.courses[subject.driver])
            elif isinstance(subject, Settled):
                driver = subject.driver
                course = record.courses[driver]
                self.contracts.settle(subject, course, act.ref, pit.markets[driver])

    def _moved(self, act: Act, moved: Moved, pit: Pit) -> None:
        """A `move` stands: what is left over comes back to its owner, the rest is another's."""
        claim, amount, to = moved
        if self.keeps(claim.owner):
            self.accounts.release(claim.ref, amount)
        if to != claim.account:
            self._move(claim.account, to, claim.asset, amount, act.ref, act.directive.args[-1])
        for account in (claim.account, to):
            self._units(account, claim.asset, pit)

    def _move(self, source: str, to: str, asset: str, amount: int, ref: str, why: str) -> None:
        """Post an amount to both sides, each where it is kept; the outside is kept everywhere."""
        for account, sign in ((source, -1), (to, 1)):
            if account in (OUTSIDE, CLEARING) or self.keeps(account):
                self.accounts.post(account, asset, sign * amount, ref, why)

    def _units(self, account: str, asset: str, pit: Pit) -> None:
        """Units came, went, or are free again, but by a fill."""
        ticker = pit.tickers.get(asset)
        if ticker:
            self.covers[ticker.mode].moved(account, ticker)

    def _accept(self, owner: str, ref: str, pit: Pit, keys: Mapping[str, object] = NO_KEYS) -> Owed:
        directive = Directive("accept", (f"{owner}/{ref}",), keys)
        return Owed("-" if pit.open else owner, directive, ref)

    def _refuse(self, owner: str, ref: str, why: str, pit: Pit) -> Owed:
        directive = Directive("refuse", (f"{owner}/{ref}", why))
        return Owed("-" if pit.open else owner, directive, ref)

    def _judge_order(self, order: Order, event: Event, pit: Pit, record: Standing) -> Owed:
        ticker = pit.tickers.get(order.ticker)
        why = order_problem(order, ticker, event.time) or self._twin(order)
        if ticker and ticker.mode == CONTRACT and not why:
            market = pit.markets[ticker.code]
            why = contract_problem(order, market, record.courses[market.driver])
        if ticker is None or why:
            return self._refuse(order.owner, order.ref, why, pit)
        lacking = self.covers[ticker.mode].take(order, order.quantity, (), ticker)
        if lacking:
            said = f"{'buy' if order.buys else 'sell'} {written_of(order, ticker)}"
            why = self._shortfall(order.account, lacking, said, pit)
            return self._refuse(order.owner, order.ref, why, pit)
        if order.label:
            self.labels[order.owner, order.label] = order.ref
        if order.limit is not None or not order.buys:
            return self._accept(order.owner, order.ref, pit)
        held = self.accounts.holds[order.ref]
        cover = decimal(cover_of(order, held.amount, ticker), pit.assets[held.asset].decimals)
        return self._accept(order.owner, order.ref, pit, {"cover": cover})

    def _judge_replace(self, replace: Replace, pit: Pit, record: Standing) -> Owed:
        order = _replaced(replace, record)
        ticker = pit.tickers.get(order.ticker) if order else None
        if order is None or ticker is None:
            return self._accept(replace.owner, replace.ref, pit)  # it will be late
        why = replace_problem(replace, order, ticker)
        if ticker.mode == CONTRACT and not why:
            market = pit.markets[ticker.code]
            why = contract_problem(replace, market, record.courses[market.driver])
        cover = self.covers[ticker.mode]
        if not why and not cover.holds(order):  # refused, or over and not published yet
            self.replacing.setdefault(order.ref, []).append(replace)
        elif not why:
            asked = self.replacing.setdefault(order.ref, [])
            asked.append(replace)
            lacking = cover.take(order, order.quantity - order.filled, asked, ticker)
            if lacking:
                self._forget(replace)
                said = f"replace {replace.target} {plain(replace.written)} @ {plain(replace.limit)}"
                why = self._shortfall(order.account, lacking, said, pit)
        if why:
            return self._refuse(replace.owner, replace.ref, why, pit)
        return self._accept(replace.owner, replace.ref, pit)

    def _judge_bust(self, bust: Bust, pit: Pit) -> Iterator[Owed]:
        """Each side gives back what it got, if it can."""
        for owner in filter(self.keeps, bust.fill.owners):
            why = self.undoing.judge(bust, owner, pit)
            if why:
                yield self._refuse(owner, bust.ref, why, pit)
            else:
                yield self._accept(owner, bust.ref, pit)

    def _bust_answered(self, ruling: Ruling, pit: Pit, record: Standing) -> None:
        """An answer stands: the fill is undone, or the bust is over, or others are missing."""
        bust, owner = ruling.bust, ruling.owner
        if ruling.done:
            self.undoing.undo(bust, last_of(record, bust.fill.ticker), pit)
        elif ruling.over:
            self.undoing.release(bust, pit)
        elif not bust.refused and self.keeps(owner) and not self.undoing.holds(bust, owner):
            self.undoing.judge(bust, owner, pit, unasked=True)

    def _forget(self, replace: Replace) -> None:
        """A replace has had its answer."""
        left = [one for one in self.replacing.get(replace.target, ()) if one.ref != replace.ref]
        if left:
            self.replacing[replace.target] = left
        else:
            self.replacing.pop(replace.target, None)

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
                    self._forget(one)
        order = record.orders.get(ref)
        if isinstance(act.subject, Order) and not number:
            self._release(act.subject, pit)
        elif order:
            left = scaled[number] if number else order.quantity - order.filled
            self._hold_on(order, left, pit)

    def _hold_on(self, order: Order, left: int, pit: Pit) -> None:
        """Hold what is needed for an order of which that is left (10**-9)."""
        ticker = pit.tickers.get(order.ticker)
        if ticker and self.covers[ticker.mode].holds(order):
            self._take(order, left, pit)

    def _take(self, order: Order, left: int, pit: Pit) -> None:
        """Hold what is needed, whatever is available: the answer stands."""
        ticker = pit.tickers[order.ticker]
        asked = self.replacing.get(order.ref, ())
        self.covers[ticker.mode].take(order, left, asked, ticker, unasked=True)

    def _twin(self, order: Order) -> str:
        """Whether another working order of his has the same `ref:`."""
        twin = self.labels.get((order.owner, order.label)) if order.label else None
        return f"ref {order.label} is the working order {twin}'s" if twin else ""

    def _judge_claim(self, claim: Claim, pit: Pit) -> Owed:
        why = ""
        if pit.decimals(claim.asset) is None:
            why = f"{claim.asset} is not an asset of this pit"
        elif not claim.amount:
            why = (
                f"{plain(claim.written)} {claim.asset} is nothing, or finer than its smallest unit"
            )
        elif claim.verb == "withdraw" and claim.asset in pit.tickers:
            why = f"{claim.asset} is kept in this pit; only money is paid out"
        elif claim.to and not pit.open and pit.member(owner_of(claim.to)) is None:
            why = f"{owner_of(claim.to)} is not a member of this pit"
        elif not self.accounts.hold(claim.ref, claim.account, claim.asset, claim.amount):
            said = f"{claim.verb} {plain(claim.written)} {claim.asset}"
            why = self._shortfall(claim.account, Lacking(claim.asset, claim.amount), said, pit)
        if why:
            return self._refuse(claim.owner, claim.ref, why, pit)
        return self._accept(claim.owner, claim.ref, pit)

    def _shortfall(self, account: str, lacking: Lacking, said: str, pit: Pit) -> str:
        """The line of arithmetic that says why an account cannot cover an instruction."""
        if lacking.why:
            return lacking.why
        accounts = self.accounts
        asset = lacking.asset
        available = accounts.available(account, asset)
        decimals = pit.decimals(asset) or 0

        def text(amount: int) -> str:
            return plain(decimal(amount, decimals))

        line = (
            f"{said} needs {text(lacking.need)} {asset}{lacking.how}; "
            f"available {text(available)} = balance {text(accounts.balance(account, asset))}"
        )
        held = accounts.holds_of(account, asset)
        if held:
            refs = [hold_name(hold) for hold in nsmallest(5, held, key=hold_order)]
            more = f" and {len(held) - 5} more" if len(held) > 5 else ""
            line += f" - held {text(accounts.held_of(account, asset))} by {', '.join(refs)}{more}"
        return line

    def _answered(self, act: Act, pit: Pit, record: Standing) -> None:
        """An answer stands. It is taken as it stands, whatever was owed."""
        subject = act.subject
        if isinstance(subject, Ruling):
            self._bust_answered(subject, pit, record)
        if isinstance(subject, Replace):
            self._replace_answered(subject, act.directive.verb == "accept", pit, record)
        if not isinstance(subject, Order | Claim):
            return
        if act.directive.verb == "refuse":
            if isinstance(subject, Order):
                self._release(subject, pit)
            elif self.keeps(subject.owner):
                self.accounts.release(subject.ref)
                self._units(subject.account, subject.asset, pit)
        elif isinstance(subject, Claim):
            self._covered(subject, pit)
        elif self.keeps(subject.owner):
            ticker = pit.tickers.get(subject.ticker)
            if ticker and not self.covers[ticker.mode].holds(subject):
                left = subject.quantity - subject.filled
                self.covers[ticker.mode].take(subject, left, (), ticker, unasked=True)

    def _covered(self, claim: Claim, pit: Pit) -> None:
        """The accept of a claim stands: a transfer is delivered, a withdrawal held for."""
        ref, asset, amount = claim.ref, claim.asset, claim.amount or 0
        keeps = self.keeps(claim.owner)
        if claim.verb == "transfer":
            if keeps:
                self.accounts.release(ref)
            self._move(claim.account, claim.to, asset, amount, ref, "transfer")
            for account in (claim.account, claim.to):
                self._units(account, asset, pit)
        elif keeps and ref not in self.accounts.holds:
            self.accounts.hold(ref, claim.account, asset, amount, unasked=True)

    def _replace_answered(
        self, replace: Replace, accepted: bool, pit: Pit, record: Standing
    ) -> None:
        """A replace's answer stands. It is taken as it stands, whatever was owed."""
        order = _replaced(replace, record)
        if not self.keeps(replace.owner) or order is None:
            return
        asked = self.replacing.setdefault(replace.target, [])
        known = [one.ref for one in asked]
        if accepted and replace.ref not in known:
            asked.append(replace)
        elif not accepted:
            self._forget(replace)
        self._hold_on(order, order.quantity - order.filled, pit)

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
                if left:
                    self._hold_on(order, left, pit)
                else:
                    self._release(order, pit)
        for order, fee in zip(trade.sides, trade.fees, strict=True):
            if fee:
                said = f"fee of {order.name} for {why}"
                self._move(order.account, OPERATOR, ticker.currency, fee, act.ref, said)

    def _release(self, order: Order, pit: Pit) -> None:
        """An order has ended: nothing is held for it any more."""
        if self.keeps(order.owner):
            ticker = pit.tickers.get(order.ticker)
            if ticker:
                self.covers[ticker.mode].drop(order, ticker)
            self.replacing.pop(order.ref, None)
            if order.label and self.labels.get((order.owner, order.label)) == order.ref:
                del self.labels[order.owner, order.label]

    def adopt(self, lane: str, owed: Sequence[Owed], pit: Pit, record: Standing) -> Iterator[Owed]:
        """What stands was taken as it stood; what is not answered keeps the answer that is owed."""
        for was in owed:
            ref = was.cause
            if ref in record.busts and lane in record.busts[ref].waits:
                yield was
            if any(
                ref in some for some in (record.orders, record.claims, record.replaces, record.due)
            ):
                found = record.orders.get(ref) or record.claims.get(ref) or record.replaces.get(ref)
                if found is None or not found.accepted:
                    yield was

    def dump(self, record: Standing) -> Iterator[Directive]:
        """Balances, holds, and what is held for without one of its own."""
        margin = list(self.margin.dump())
        for (owner, asset), amount in sorted(self.accounts.balances.items()):
            yield Directive("account", (owner, asset, amount))
        for ref in sorted(
            (hold for hold in self.accounts.holds if " " not in hold), key=hold_order
        ):
            account, asset, amount = self.accounts.holds[ref]
            owner, _, further = account.partition(":")
            keys = {"account": further} if further else NO_KEYS
            yield Directive("hold", (f"{owner}/{ref}", asset, amount), keys)
        yield from self.contracts.dump()
        covered = [one.ref for asked in self.replacing.values() for one in asked]
        covered += [ref for ref in self.contracts.covered() if " " not in ref]
        for ref in sorted([*covered, *self.margin.covered()], key=reference_key):
            yield Directive("covered", (ref,))
        yield from margin
        yield from self.undoing.dump()

    def load(self, directives: Sequence[Directive], pit: Pit, record: Standing) -> None:
        """The state from `dump`."""
        self.contracts.restore(pit, record.courses)
        for verb, args, keys in directives:
            if verb == "account":
                self.accounts.balances[args[0], args[1]] = args[2]
            elif verb == "hold":
                owner, _, ref = args[0].partition("/")
                account = account_of(owner, keys)
                self.accounts.hold(ref, account, args[1], args[2], unasked=True)
            elif verb == "covered" and args[0] in record.replaces:
                replace = record.replaces[args[0]]
                self.replacing.setdefault(replace.target, []).append(replace)
            elif verb in ("locked", "traded"):
                self.margin.load(Directive(verb, args))
        self.contracts.load(args for verb, args, _ in directives if verb == "matched")
        for verb, args, _ in directives:
            order = record.orders.get(args[0]) if verb == "covered" else None
            if order and order.margin >= 0:
                asked = self.replacing.get(order.ref, ())
                self.margin.put_back(order, asked, pit.tickers[order.ticker])
            elif order:
                self._take(order, order.quantity - order.filled, pit)
        self.margin.settle(pit.tickers)
        for verb, args, _ in directives:
            if verb == "giving":
                owner, _, ref = args[0].partition("/")
                self.undoing.judge(record.busts[ref], owner, pit, unasked=True)
        for order in record.orders.values():
            ticker = pit.tickers.get(order.ticker)
            if order.label and ticker and self.covers[ticker.mode].holds(order):
                self.labels[order.owner, order.label] = order.ref


def _replaced(replace: Replace, record: Standing) -> Order | None:
    """The order that a replace is of, if it stands open and is its owner's."""
    order = record.orders.get(replace.target)
    return order if order and order.owner == replace.owner else None


def main(argv: list[str]) -> int:
    """Run as a filter: the stream on stdin, the same with drafts and checkpoint on stdout."""
    options = parser("positions", __doc__ or "")
    options.add_argument("--shard", metavar="K/N", default="1/1", help="keep only shard K of N")
    chosen = options.parse_args(argv)
    run_stream(Positions(shard(chosen.shard)), sys.stdin.buffer, sys.stdout.buffer)
    return 0
