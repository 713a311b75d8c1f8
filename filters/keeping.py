"""What a keeper keeps of its members: accounts, and what is held for which instruction.

Everything here is a hold or a posting: `judging` says what an instruction is answered, `positions`
what stands (MARKET, Accounts).
"""

from collections.abc import Callable, Iterator, Sequence

from pit.archives.verbs import NO_KEYS, Directive, Verb, make_directive
from pit.filters.accounts import OUTSIDE, Accounts, Posting, hold_order
from pit.filters.claims import Charge, Claim, account_of
from pit.filters.closing import Gone
from pit.filters.combos import Combo
from pit.filters.contracts import Contracts
from pit.filters.cover import Book, Cover
from pit.filters.instructions import (
    Order,
    Replace,
)
from pit.filters.margin import WORDS as MARGIN
from pit.filters.margin import Margin
from pit.filters.record import reference_key
from pit.filters.standing import Standing
from pit.filters.undoing import Undoing
from pit.pits.listing import shard_of
from pit.pits.markets import CONTRACT
from pit.pits.members import CLEARING, owner_of
from pit.pits.state import Pit

__all__ = ["WORDS", "Keeping"]

WORDS: Sequence[Verb] = (
    Verb("account", "{owner:account} {asset:asset} {amount:units}", "A balance, smallest units."),
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
        "A replace, or an order without a hold of its own, that is held for.",
    ),
    Verb("charged", "{instruction:reference}", "Whose fee and good-faith deposit are held."),
    *MARGIN,
    Verb("giving", "{bust:owned}", "A side of a bust whose part is held."),
)


class Keeping:
    """Accounts and holds of the members of a shard.

    part: (k, n), the shard; all by default. journal: see `Accounts`. covers: by the mode of a
    ticker. labels: the working order that has a member's `ref:`. replacing: of each order, the
    replaces that are held for and have no answer that ends them.
    """

    def __init__(
        self, part: tuple[int, int] = (1, 1), journal: Callable[[Posting], None] | None = None
    ) -> None:
        self.part = part
        self.accounts = Accounts(journal)
        self.contracts = Contracts(self.accounts, self.move, self.keeps)
        self.margin = Margin(self.accounts, self.move)
        self.covers: dict[str, Cover] = {
            "book": Book(self.accounts, self.move),
            "short": self.margin,
            CONTRACT: self.contracts,
        }
        self.undoing = Undoing(self.accounts, self.covers, self.move)
        self.labels: dict[tuple[str, str], str] = {}
        self.replacing: dict[str, list[Replace]] = {}
        self._mine: dict[str, bool] = {}

    def keeps(self, account: str) -> bool:
        """Whether this shard keeps that member, or the member whose account it is."""
        mine = self._mine.get(account)
        if mine is None:
            handle = owner_of(account)
            mine = self._mine[account] = shard_of(handle, self.part[1]) == self.part[0]
        return mine

    def move(self, source: str, to: str, asset: str, amount: int, ref: str, why: str) -> None:
        """Post an amount to both sides, each where it is kept; the outside is kept everywhere."""
        for account, sign in ((source, -1), (to, 1)):
            if account in (OUTSIDE, CLEARING) or self.keeps(account):
                self.accounts.post(account, asset, sign * amount, ref, why)

    def moved(self, account: str, asset: str, pit: Pit) -> None:
        """Units came, went, or are free again, but by a fill."""
        ticker = pit.tickers.get(asset)
        if ticker:
            self.covers[ticker.mode].moved(account, ticker)

    def forget(self, replace: Replace) -> None:
        """A replace has had its answer."""
        left = [one for one in self.replacing.get(replace.target, ()) if one.ref != replace.ref]
        if left:
            self.replacing[replace.target] = left
        else:
            self.replacing.pop(replace.target, None)

    def hold_on(self, order: Order, left: int, pit: Pit) -> None:
        """Hold what is needed for an order of which that is left (10**-9)."""
        ticker = pit.tickers.get(order.ticker)
        if ticker and self.covers[ticker.mode].holds(order):
            self.take(order, left, pit)

    def take(self, order: Order, left: int, pit: Pit) -> None:
        """Hold what is needed, whatever is available: the answer stands."""
        ticker = pit.tickers[order.ticker]
        asked = self.replacing.get(order.ref, ())
        self.covers[ticker.mode].take(order, left, asked, ticker, unasked=True)

    def _put_back(self, order: Order, pit: Pit) -> None:
        """An order that a checkpoint says is held for, though not by a hold of its own."""
        ticker = pit.tickers[order.ticker]
        if ticker.mode == CONTRACT:
            self.take(order, order.quantity - order.filled, pit)
        else:
            self.margin.put_back(order, self.replacing.get(order.ref, ()), ticker)

    def label(self, order: Order | Combo) -> None:
        """An order works: its `ref:` is taken."""
        if order.label:
            self.labels[order.owner, order.label] = order.ref

    def twin(self, order: Order | Combo) -> str:
        """Whether another working order of his has the same `ref:`."""
        twin = self.labels.get((order.owner, order.label)) if order.label else None
        return f"ref {order.label} is the working order {twin}'s" if twin else ""

    def release(self, order: Order, pit: Pit) -> None:
        """An order has ended: nothing is held for it any more."""
        if self.keeps(order.owner):
            ticker = pit.tickers.get(order.ticker)
            if ticker:
                self.covers[ticker.mode].drop(order, ticker)
            self.replacing.pop(order.ref, None)
            if order.label and self.labels.get((order.owner, order.label)) == order.ref:
                del self.labels[order.owner, order.label]

    def uncharge(self, ref: str, record: Standing) -> None:
        """An instruction is refused: nothing is held of what it would be charged."""
        charge = record.charges.get(ref)
        if charge:
            self.accounts.release(charge.hold)

    def void(self, gone: Gone, ref: str, pit: Pit) -> None:
        """A ticker is over: nobody holds units of it any more."""
        code = gone.code
        for order in gone.orders:
            self.release(order, pit)
        for claim in gone.claims:
            self.accounts.release(claim.ref)
        asked: tuple[Order | Claim, ...] = (*gone.orders, *gone.claims)
        for one in asked:
            if not one.accepted:
                self.accounts.release(Charge.hold_of(one.ref))
        held = [(account, asset) for account, asset in self.accounts.balances if asset == code]
        for account, _ in sorted(held):
            if account != OUTSIDE:
                amount = self.accounts.balance(account, code)
                self.move(account, OUTSIDE, code, amount, ref, f"{code} is closed")
                self.moved(account, code, pit)
        self.margin.last.pop(code, None)

    def dump(self, record: Standing) -> Iterator[Directive]:
        """Balances, holds, and what is held for without one of its own."""
        margin = list(self.margin.dump())
        for (owner, asset), amount in sorted(self.accounts.balances.items()):
            yield Directive("account", (owner, asset, amount))
        for ref in sorted((ref for ref in self.accounts.holds if " " not in ref), key=hold_order):
            account, asset, amount = self.accounts.holds[ref]
            owner, _, further = account.partition(":")
            keys = {"account": further} if further else NO_KEYS
            yield Directive("hold", (f"{owner}/{ref}", asset, amount), keys)
        yield from self.contracts.dump()
        covered = {one.ref for asked in self.replacing.values() for one in asked}
        covered.update(self.margin.covered(), self.contracts.covered())
        orders = [ref for ref in record.orders if ref in covered]  # sorted already, and most of it
        for ref in sorted([*orders, *covered.difference(orders)], key=reference_key):
            yield make_directive(("covered", (ref,), NO_KEYS))
        charged = [ref for ref, one in record.charges.items() if one.hold in self.accounts.holds]
        for ref in sorted(charged, key=reference_key):
            yield Directive("charged", (ref,))
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
            elif verb == "charged":
                one = record.charges[args[0]]
                self.accounts.hold(one.hold, one.account, one.asset, one.left, unasked=True)
            elif verb == "covered" and args[0] in record.replaces:
                replace = record.replaces[args[0]]
                self.replacing.setdefault(replace.target, []).append(replace)
        self.contracts.load(args for verb, args, _ in directives if verb == "matched")
        for verb, args, _ in directives:
            order = record.orders.get(args[0]) if verb == "covered" else None
            combo = record.combos.get(args[0]) if verb == "covered" else None
            if order:
                self._put_back(order, pit)
            elif combo:
                self.contracts.take_all(combo, unasked=True)
                self.label(combo)
        for verb, args, _ in directives:
            if verb in ("locked", "traded"):
                self.margin.load(Directive(verb, args))
        self.margin.settle(pit.tickers)
        for verb, args, _ in directives:
            if verb == "giving":
                owner, _, ref = args[0].partition("/")
                self.undoing.judge(record.busts[ref], owner, pit, unasked=True)
        for order in record.orders.values():
            ticker = pit.tickers.get(order.ticker)
            if ticker and self.covers[ticker.mode].holds(order):
                self.label(order)
