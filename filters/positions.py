"""Keep positions: reads everything that moves value, owes `accept` or `refuse`.

    $ pit read --for positions | pit positions | grep -E '^(accept|refuse)'

Every instruction that needs cover is judged at its own entry, by what stands above it. A hold is
taken when the `accept` is owed and given back only against a `fill` or `leaves` that stands, so
nothing is promised twice, however late anybody is (FILTERS, The core filters; MARKET, Accounts).
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from heapq import nsmallest

from pit.archives.amounts import decimal, plain, units
from pit.archives.verbs import Directive, Verb
from pit.filters.accounts import OUTSIDE, Accounts, Posting
from pit.filters.instructions import SCALE, Act, Claim, Order, Problem, Trade, smallest
from pit.filters.lanes import Owed
from pit.filters.record import reference_key
from pit.filters.runner import Event
from pit.filters.standing import Standing
from pit.filters.stream import run_stream
from pit.pits.listing import Holder, Ticker, shard_of
from pit.pits.options import parser, shard
from pit.pits.state import Pit


class Positions:
    """The position keeping filter (see the module).

    part: (k, n), the shard whose members are kept; all by default. journal: see `Accounts`.
    """

    name = "positions"
    versions = range(1, 2)
    words: Sequence[Verb] = (
        Verb(
            "account", "{owner:account} {asset:asset} {amount:units}", "A balance, smallest units."
        ),
        Verb("hold", "{instruction:owned} {asset:asset} {amount:units}", "Set aside for it."),
    )

    def __init__(
        self, part: tuple[int, int] = (1, 1), journal: Callable[[Posting], None] | None = None
    ) -> None:
        self.part = part
        self.accounts = Accounts(journal)
        self.labels: dict[tuple[str, str], str] = {}
        self._mine: dict[str, bool] = {}

    def keeps(self, handle: str) -> bool:
        """Whether this shard keeps that member."""
        mine = self._mine.get(handle)
        if mine is None:
            mine = self._mine[handle] = shard_of(handle, self.part[1]) == self.part[0]
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
        for act in event.acts:
            subject = act.subject
            verb = act.directive.verb
            if isinstance(subject, Problem):
                if self.keeps(event.signer):
                    yield self._refuse(event.signer, act.ref, subject.why, pit)
            elif verb in ("buy", "sell"):
                if self.keeps(event.signer) and isinstance(subject, Order):
                    yield self._judge_order(subject, event, pit)
            elif verb in ("transfer", "withdraw"):
                if self.keeps(event.signer) and isinstance(subject, Claim):
                    yield self._judge_claim(subject, pit)
            elif verb == "fill":
                if isinstance(subject, Trade):
                    self._fill(act, subject.bought, subject.sold, pit)
            elif verb in ("accept", "refuse"):
                self._answered(act, pit)
            elif verb == "leaves":
                if isinstance(subject, Order):
                    self._release(subject)
            elif verb == "payout":
                if isinstance(subject, Claim) and self.keeps(subject.owner):
                    amount = subject.amount or 0
                    self.accounts.release(subject.ref)
                    self._move(subject.owner, OUTSIDE, subject.asset, amount, act.ref, "paid out")
            elif verb == "cancel":
                if isinstance(subject, Claim) and self.keeps(subject.owner):
                    self.accounts.release(subject.ref)
                    yield self._accept(subject.owner, act.ref, pit)
            elif verb == "deposit":
                handle, number, asset = act.directive.args
                if self.keeps(handle):
                    amount = smallest(number, asset, pit) or 0
                    self._move(OUTSIDE, handle, asset, amount, act.ref, "deposit")
            elif verb == "issue" and self.keeps(event.signer):
                number, asset = act.directive.args
                amount = smallest(number, asset, pit) or 0
                self._move(OUTSIDE, event.signer, asset, amount, act.ref, "issue")

    def _move(self, source: str, to: str, asset: str, amount: int, ref: str, why: str) -> None:
        """Post an amount to both sides, each where it is kept; the outside is kept everywhere."""
        for account, sign in ((source, -1), (to, 1)):
            if account == OUTSIDE or self.keeps(account):
                self.accounts.post(account, asset, sign * amount, ref, why)

    def _accept(self, owner: str, ref: str, pit: Pit) -> Owed:
        directive = Directive("accept", (f"{owner}/{ref}",))
        return Owed("-" if pit.open else owner, directive, ref)

    def _refuse(self, owner: str, ref: str, why: str, pit: Pit) -> Owed:
        directive = Directive("refuse", (f"{owner}/{ref}", why))
        return Owed("-" if pit.open else owner, directive, ref)

    def _judge_order(self, order: Order, event: Event, pit: Pit) -> Owed:
        ticker = pit.tickers.get(order.ticker)
        why = self._order_problem(order, ticker, event)
        if ticker and not why:
            if order.buys:
                asset, need = ticker.currency, _value(order.quantity, order.price, ticker)
            else:
                asset, need = ticker.code, _units(order.quantity, ticker)
            if not self.accounts.hold(order.ref, order.owner, asset, need):
                said = f"{'buy' if order.buys else 'sell'} {_written(order, ticker)}"
                why = self._shortfall(order.owner, asset, need, said, pit)
        if why:
            return self._refuse(order.owner, order.ref, why, pit)
        if order.label:
            self.labels[order.owner, order.label] = order.ref
        return self._accept(order.owner, order.ref, pit)

    def _order_problem(self, order: Order, ticker: Ticker | None, event: Event) -> str:
        """What is wrong with an order before anybody looks at cover (MARKET, Matching, row 1)."""
        if ticker is None:
            return f"{order.ticker} is not listed"
        if not order.quantity:
            return "a quantity of 0 buys and sells nothing"
        if order.quantity % ticker.lot_scaled:
            number = plain(decimal(order.quantity, SCALE).normalize())
            return f"{number} is not a multiple of the lot, {plain(ticker.lot)}"
        if not order.price or order.price % ticker.tick_scaled:
            return f"{plain(order.limit)} is not a multiple of the tick, {plain(ticker.tick)}"
        if order.until and order.until <= event.time:
            return f"until {order.until} is not after {event.time}"
        twin = self.labels.get((order.owner, order.label)) if order.label else None
        if twin:
            return f"ref {order.label} is the working order {twin}'s"
        return ""

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
        elif claim.to and not pit.open and pit.member(claim.to) is None:
            why = f"{claim.to} is not a member of this pit"
        elif not self.accounts.hold(claim.ref, claim.owner, claim.asset, claim.amount):
            said = f"{claim.verb} {plain(claim.written)} {claim.asset}"
            why = self._shortfall(claim.owner, claim.asset, claim.amount, said, pit)
        if why:
            return self._refuse(claim.owner, claim.ref, why, pit)
        return self._accept(claim.owner, claim.ref, pit)

    def _shortfall(self, owner: str, asset: str, need: int, said: str, pit: Pit) -> str:
        """The line of arithmetic that says why an account cannot cover an instruction."""
        accounts = self.accounts
        available = accounts.available(owner, asset)
        decimals = pit.decimals(asset) or 0

        def text(amount: int) -> str:
            return plain(decimal(amount, decimals))

        line = (
            f"{said} needs {text(need)} {asset}; "
            f"available {text(available)} = balance {text(accounts.balance(owner, asset))}"
        )
        held = accounts.holds_of(owner, asset)
        if held:
            refs = nsmallest(5, held, key=reference_key)
            more = f" and {len(held) - 5} more" if len(held) > 5 else ""
            line += f" - held {text(accounts.held_of(owner, asset))} by {', '.join(refs)}{more}"
        return line

    def _answered(self, act: Act, pit: Pit) -> None:
        """An answer stands. It is taken as it stands, whatever was owed."""
        subject = act.subject
        if not isinstance(subject, Order | Claim):
            return
        if act.directive.verb == "refuse":
            if isinstance(subject, Order):
                self._release(subject)
            elif self.keeps(subject.owner):
                self.accounts.release(subject.ref)
        elif isinstance(subject, Claim):
            if subject.verb == "transfer":
                if self.keeps(subject.owner):
                    self.accounts.release(subject.ref)
                amount = subject.amount or 0
                self._move(
                    subject.owner, subject.to, subject.asset, amount, subject.ref, "transfer"
                )
            elif self.keeps(subject.owner) and subject.ref not in self.accounts.holds:
                self.accounts.hold(
                    subject.ref, subject.owner, subject.asset, subject.amount or 0, unasked=True
                )
        elif self.keeps(subject.owner) and subject.ref not in self.accounts.holds:
            ticker = pit.tickers.get(subject.ticker)
            if ticker and subject.buys:
                need = _value(subject.quantity, subject.price, ticker)
                self.accounts.hold(subject.ref, subject.owner, ticker.currency, need, unasked=True)
            elif ticker:
                need = _units(subject.quantity, ticker)
                self.accounts.hold(subject.ref, subject.owner, subject.ticker, need, unasked=True)

    def _fill(self, act: Act, bought: Order, sold: Order, pit: Pit) -> None:
        ticker = pit.tickers.get(bought.ticker)
        if ticker is None:
            return
        number, _, price = act.directive.args[:3]
        quantity, at = units(number, SCALE), units(price, SCALE)
        cost, pieces = _value(quantity, at, ticker), _units(quantity, ticker)
        for order, held in (
            (bought, _value(quantity, bought.price, ticker)),
            (sold, pieces),
        ):
            if self.keeps(order.owner):
                self.accounts.release(order.ref, held)
                if order.filled == order.quantity:
                    self._release(order)
        why = f"{plain(number)} {ticker.code} @ {plain(price)}"
        self._move(bought.owner, sold.owner, ticker.currency, cost, act.ref, why)
        self._move(sold.owner, bought.owner, ticker.code, pieces, act.ref, why)

    def _release(self, order: Order) -> None:
        """An order has ended: nothing is held for it any more."""
        if self.keeps(order.owner):
            self.accounts.release(order.ref)
            if order.label and self.labels.get((order.owner, order.label)) == order.ref:
                del self.labels[order.owner, order.label]

    def adopt(self, lane: str, owed: Sequence[Owed], pit: Pit, record: Standing) -> Iterator[Owed]:
        """What stands was taken as it stood; what is not answered keeps the answer that is owed."""
        for was in owed:
            ref = was.cause
            if ref in record.orders or ref in record.claims or ref in record.due:
                found = record.orders.get(ref) or record.claims.get(ref)
                if found is None or not found.accepted:
                    yield was

    def dump(self, record: Standing) -> Iterator[Directive]:
        """Balances and holds."""
        for (owner, asset), amount in sorted(self.accounts.balances.items()):
            yield Directive("account", (owner, asset, amount))
        for ref in sorted(self.accounts.holds, key=reference_key):
            owner, asset, amount = self.accounts.holds[ref]
            yield Directive("hold", (f"{owner}/{ref}", asset, amount))

    def load(self, directives: Sequence[Directive], pit: Pit, record: Standing) -> None:
        """The state from `dump`."""
        for verb, args, _ in directives:
            if verb == "account":
                self.accounts.balances[args[0], args[1]] = args[2]
            elif verb == "hold":
                owner, _, ref = args[0].partition("/")
                self.accounts.hold(ref, owner, args[1], args[2], unasked=True)
        for order in record.orders.values():
            if order.label and order.ref in self.accounts.holds:
                self.labels[order.owner, order.label] = order.ref


def _value(quantity: int, price: int, ticker: Ticker) -> int:
    """Quantity x price (both in 10**-9) in the currency's smallest unit; exact for whole lots."""
    return quantity * price // ticker.value_scaled


def _units(quantity: int, ticker: Ticker) -> int:
    return quantity // ticker.unit_scaled


def _written(order: Order, ticker: Ticker) -> str:
    quantity = plain(decimal(_units(order.quantity, ticker), ticker.decimals))
    return f"{quantity} @ {plain(order.limit)}"


def main(argv: list[str]) -> int:
    """Run as a filter: the stream on stdin, the same with drafts and checkpoint on stdout."""
    options = parser("positions", __doc__ or "")
    options.add_argument("--shard", metavar="K/N", default="1/1", help="keep only shard K of N")
    chosen = options.parse_args(argv)
    run_stream(Positions(shard(chosen.shard)), sys.stdin.buffer, sys.stdout.buffer)
    return 0
