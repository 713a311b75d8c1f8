"""What became of each instruction, in the words of who gave it.

    1042 (spring): bought 10 SHARE at 5.00, 50.00 EUR paid, 450.00 left

A line is about an instruction by its entry (or the directive in it) and the member's own `ref:`,
and says what the entry at hand made of it. The arithmetic is that of `positions`: exact, and after
the directive that the line is about. A balance is of the account that the instruction is for; where
that is a further one, the line says which: `450.00 left in savings`.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pit.archives.amounts import decimal, plain
from pit.archives.fields import MAIN, show_time
from pit.archives.verbs import Directive
from pit.filters.accounts import Hold, Posting
from pit.filters.busting import Bust, Fill, Ruling
from pit.filters.claims import Charge, Claim, smallest
from pit.filters.combos import Combo
from pit.filters.instructions import (
    SCALE,
    Act,
    Cancel,
    Order,
    Replace,
    Trade,
    scaled,
)
from pit.filters.lanes import Owed
from pit.filters.markets import Moved, Settled
from pit.filters.positions import Positions
from pit.filters.runner import Event
from pit.filters.standing import Standing
from pit.filters.whose import further, is_members
from pit.pits.display import printable
from pit.pits.listing import Ticker
from pit.pits.members import CLEARING, owner_of
from pit.pits.state import Pit

__all__ = ["Outcome", "Teller"]


class Outcome(NamedTuple):
    """A line for a member."""

    handle: str
    line: str


class Teller(Positions):
    """Position keeping that says what each entry means to whom. said: of the last entry."""

    def __init__(self) -> None:
        self._posted: list[Posting] = []
        super().__init__(journal=self._posted.append)
        self.said: list[Outcome] = []

    def step(self, event: Event, pit: Pit, record: Standing) -> Iterator[Owed]:
        """As `positions`, a directive at a time."""
        self.said = []
        coming = Counter[
            tuple[str, str]
        ]()  # what later fills of this entry take of an order, in 10**-9
        for act in event.acts:
            if isinstance(act.subject, Trade):
                for order in act.subject.sides:
                    coming[order.ref, order.ticker] += scaled[act.directive.args[0]]
        for act in event.acts:
            hold = self.accounts.holds.get(_subject(act))
            self._posted.clear()
            yield from super().step(event._replace(acts=(act,)), pit, record)
            if isinstance(act.subject, Trade):
                for order in act.subject.sides:
                    coming[order.ref, order.ticker] -= scaled[act.directive.args[0]]
            for handle, line in self._tell(act, hold, coming, event.signer, pit):
                self.said.append(Outcome(handle, printable(line)))

    def _tell(
        self, act: Act, hold: Hold | None, coming: Counter[tuple[str, str]], signer: str, pit: Pit
    ) -> Iterator[tuple[str, str]]:
        """(handle, line) of a directive that has had its effect; hold: before it."""
        verb, args, keys = act.directive
        subject = act.subject
        if isinstance(subject, Ruling):
            yield from self._ruled(subject, args, pit)
        elif verb == "accept" or verb == "refuse":
            owner, _, ref = args[0].partition("/")
            if verb == "refuse":
                yield owner, f"{_name(ref, subject)}: refused: {args[1]}"
            elif isinstance(subject, Order):
                yield owner, f"{_name(ref, subject)}: {self._accepted(subject, pit)}"
            elif isinstance(subject, Combo):
                yield owner, f"{_name(ref, subject)}: {_combined(subject)} accepted, works at once"
            elif isinstance(subject, Claim):
                yield from self._granted(subject, pit)
            elif isinstance(subject, Charge) and subject.verb == "issue":
                yield owner, self._new_units(ref, subject.asks, owner, pit)
            elif isinstance(subject, Replace):
                asked = f"{plain(subject.written)} at {plain(subject.limit)}"
                yield owner, f"{ref}: replace of {subject.target} with {asked} accepted"
            else:
                yield owner, f"{ref}: accepted"
        elif isinstance(subject, Trade):
            ticker = pit.tickers.get(subject.bought.ticker)
            if ticker:
                yield from self._traded(act, subject, coming, ticker, pit)
        elif verb == "leaves":
            if isinstance(subject, Order) and args[1]:
                yield subject.owner, self._goes_on(subject, str(args[3]), pit)
            elif isinstance(subject, Order):
                yield subject.owner, self._ended(subject, str(args[3]), hold, pit)
            elif isinstance(subject, Combo):
                said = "not all of it could trade at once for that; nothing did"
                yield subject.owner, f"{_name(subject.ref, subject)}: killed: {said}"
            elif isinstance(subject, Cancel | Replace):
                line = f"{subject.ref}: too late, {subject.target} works no more"
                yield subject.owner, line
        elif isinstance(subject, Bust):
            line = f"{act.ref}: the operator asks to undo {subject.fill.ref}: {args[1]}"
            for owner in subject.fill.owners:
                yield owner, line
        elif isinstance(subject, Settled):
            yield from self._paid(act.ref, "", pit)
        elif isinstance(subject, Moved):
            yield from self._moved(subject, str(args[-1]), pit)
        elif isinstance(subject, Claim):
            yield from self._claimed(verb, act.ref, subject, hold, pit)
        elif verb == "deposit" and subject is None:
            account, number, asset = args
            now = self._now(account, asset, pit, "now")
            note = f" ({keys['ref']})" if "ref" in keys else ""
            said = f"{act.ref}{note}: received {self._amount(number, asset, pit)}, {now}"
            yield owner_of(account), said
        elif verb == "issue" and subject is None:
            yield signer, self._new_units(act.ref, act.directive, signer, pit)

    def _new_units(self, ref: str, issue: Directive, issuer: str, pit: Pit) -> str:
        number, asset = issue.args
        now = self._now(issuer, asset, pit, "now")
        return f"{ref}: issued {self._amount(number, asset, pit)}, {now}"

    def _amount(self, number: object, asset: str, pit: Pit) -> str:
        """An amount as written, with the asset's decimals."""
        units = smallest(number, asset, pit) or 0  # type: ignore[arg-type]
        return f"{_plain(units, asset, pit)} {asset}"

    def _now(self, account: str, asset: str, pit: Pit, word: str) -> str:
        """A balance, called so, and what of it is held: `450.00 left in savings (100.00 held)`."""
        balance = _plain(self.accounts.balance(account, asset), asset, pit)
        held = self.accounts.held_of(account, asset)
        held_of = f" ({_plain(held, asset, pit)} held)" if held else ""
        return f"{balance} {word}{_in(account)}{held_of}"

    def _available(self, account: str, asset: str, pit: Pit) -> str:
        available = _plain(self.accounts.available(account, asset), asset, pit)
        return f"{available} available{_in(account)}"

    def _accepted(self, order: Order, pit: Pit) -> str:
        side, limit = ("buy", "or lower") if order.buys else ("sell", "or higher")
        ticker = pit.tickers.get(order.ticker)
        quantity = _quantity(order.quantity, ticker) if ticker else plain(order.written)
        price = "market" if order.limit is None else f"{plain(order.limit)} {limit}"
        waits = plain(decimal(order.terms.stop, SCALE).normalize())
        how = f"waits for a trade at {waits}" if order.terms.stop else "works"
        said = f"{side} {quantity} {order.ticker} at {price} accepted, {how}"
        if order.until:
            said += f" until {show_time(order.until)}"
        hold = self.accounts.holds.get(order.ref)
        if ticker and pit.decimals(order.ticker) is None:  # what contracts need is held as a whole
            said += f"; {self._available(order.account, ticker.currency, pit)}"
        elif hold:
            held = f"{_plain(hold.amount, hold.asset, pit)} {hold.asset} held"
            said += f"; {held}, {self._available(order.account, hold.asset, pit)}"
        return said

    def _granted(self, claim: Claim, pit: Pit) -> Iterator[tuple[str, str]]:
        """A transfer or withdrawal whose accept stands."""
        asset = claim.asset
        amount = f"{_plain(claim.amount or 0, asset, pit)} {asset}"
        if claim.verb == "transfer":
            left = self._now(claim.account, asset, pit, "left")
            now = self._now(claim.to, asset, pit, "now")
            receiver = owner_of(claim.to)
            if receiver == claim.owner:
                between = f"from {further(claim.account)} to {further(claim.to)}"
                ends = now if claim.to == claim.account else f"{left}, {now}"
                yield claim.owner, f"{claim.ref}: moved {amount} {between}, {ends}"
                return
            yield claim.owner, f"{claim.ref}: {amount} given to {claim.to}, {left}"
            yield receiver, f"{claim.ref}: received {amount} from {claim.account}, {now}"
        else:
            available = self._available(claim.account, asset, pit)
            said = f"{claim.verb} {amount} accepted; held until it is paid out, {available}"
            if claim.verb != "withdraw":
                said = f"{claim.verb} accepted; {amount} held for it, {available}"
            yield claim.owner, f"{claim.ref}: {said}"

    def _claimed(
        self, verb: str, ref: str, claim: Claim, hold: Hold | None, pit: Pit
    ) -> Iterator[tuple[str, str]]:
        """A withdrawal that ends."""
        asset = claim.asset
        amount = f"{_plain(claim.amount or 0, asset, pit)} {asset}"
        if verb == "payout":
            left = self._now(claim.account, asset, pit, "left")
            yield claim.owner, f"{claim.ref}: {amount} paid out by {ref}, {left}"
        elif verb == "cancel":
            free = f"; {amount} free again" if hold else ""
            available = self._available(claim.account, asset, pit)
            yield claim.owner, f"{claim.ref}: cancelled by {ref}{free}, {available}"

    def _traded(
        self, act: Act, trade: Trade, coming: Counter[tuple[str, str]], ticker: Ticker, pit: Pit
    ) -> Iterator[tuple[str, str]]:
        number, code, price = act.directive.args[:3]
        currency = ticker.currency
        cost = _plain(ticker.worth(scaled[number], scaled[price]), currency, pit)
        for order, fee in zip(trade.sides, trade.fees, strict=True):
            said = f"{'bought' if order.buys else 'sold'} {plain(number)} {code} at {plain(price)}"
            held = pit.decimals(code) is not None  # not a contract, whose fill pays nothing
            if held:
                said += f", {cost} {currency} {'paid' if order.buys else 'received'}"
            if fee:
                said += f", {_plain(fee, currency, pit)} {currency} fee"
            if not held:
                left = self._available(order.account, currency, pit)
            elif order.buys:
                left = self._now(order.account, currency, pit, "left")
            else:
                left = self._now(order.account, code, pit, f"{code} left")
            rest = order.quantity - order.filled + coming[order.ref, order.ticker]
            more = f"; {_of(rest, order, ticker)} still work" if rest else ""
            yield order.owner, f"{_name(order.ref, order)}: {said}, {left}{more}"
        if pit.decimals(ticker.code) is None:  # perhaps its market is settled already
            yield from self._paid(act.ref, CLEARING, pit)

    def _paid(self, ref: str, side: str, pit: Pit) -> Iterator[tuple[str, str]]:
        """What the directive paid, as its postings say; side: only from or to that account."""
        for pair in zip(self._posted[::2], self._posted[1::2], strict=True):
            for account, asset, amount, _, why in pair:
                if is_members(account) and (not side or side in (pair[0].account, pair[1].account)):
                    paid = f"{_plain(abs(amount), asset, pit)} {asset}"
                    said = f"{paid} received" if amount > 0 else f"{paid} paid"
                    now = self._now(account, asset, pit, "now" if amount > 0 else "left")
                    yield owner_of(account), f"{ref}: {why}, {said}, {now}"

    def _moved(self, moved: Moved, why: str, pit: Pit) -> Iterator[tuple[str, str]]:
        """What a `move` paid, or gave back; a fee's sealer is not told of each one."""
        claim, amount, to = moved
        if to == claim.account:
            back = f"{_plain(amount, claim.asset, pit)} {claim.asset} back"
            available = self._available(to, claim.asset, pit)
            yield claim.owner, f"{claim.ref}: {why}, {back}, {available}"
        for owner, line in self._paid(claim.ref, "", pit):
            if owner == claim.owner or not isinstance(claim, Charge):
                yield owner, line

    def _ruled(self, ruling: Ruling, args: Sequence[str], pit: Pit) -> Iterator[tuple[str, str]]:
        """An answer to a bust: what it means to the sides."""
        bust, fill = ruling.bust, ruling.bust.fill
        head = f"{bust.ref}: bust of {fill.ref}:"
        if not ruling.accepts:
            said = f"refused for {ruling.owner}: {args[1]}"
            for owner in fill.owners if ruling.over else ():
                yield owner, f"{head} {said}; the fill stands"
            return
        ticker = pit.tickers[fill.ticker]
        if not ruling.done:
            yield ruling.owner, f"{head} accepted; others have to answer"
            return
        units = f"{_quantity(fill.quantity, ticker)} {fill.ticker}"
        cost = ticker.worth(fill.quantity, fill.price)
        paid = f"{_plain(cost, ticker.currency, pit)} {ticker.currency}"
        for account, gives, gets, asset, fee in (
            (fill.buyer, units, paid, fill.ticker, fill.fees[0]),
            (fill.seller, paid, units, ticker.currency, fill.fees[1]),
        ):
            if pit.decimals(fill.ticker) is None:  # contracts are matched, and not matched any more
                yield owner_of(account), f"{head} undone, {units} at {plain_price(fill, ticker)}"
                continue
            said = f"undone, {gives} given back, {gets} received"
            if fee:
                said += f", {_plain(fee, ticker.currency, pit)} {ticker.currency} fee received"
            left = "left" if asset == ticker.currency else f"{asset} left"
            yield owner_of(account), f"{head} {said}, {self._now(account, asset, pit, left)}"

    def _goes_on(self, order: Order, words: str, pit: Pit) -> str:
        """An order that works with other numbers now."""
        cause = words.partition(" ")[2]
        said = f"replaced by {cause}" if cause else "less: it met an order of your own"
        ticker = pit.tickers.get(order.ticker)
        line = f"{_name(order.ref, order)}: {said}"
        if ticker:
            limit = "" if order.limit is None else f" at {plain(order.limit)}"
            line += f"; {_of(order.quantity - order.filled, order, ticker)} work{limit}"
        return line

    def _ended(self, order: Order, words: str, hold: Hold | None, pit: Pit) -> str:
        """An order that works no more."""
        why, _, cause = words.partition(" ")
        said = words
        if why == "cancelled":
            said = f"cancelled by {cause}" if cause else "cancelled: it met an order of your own"
        elif why in _ENDS:
            said = _ENDS[why].format(cause)
        ticker = pit.tickers.get(order.ticker)
        line = f"{_name(order.ref, order)}: {said}"
        if ticker:
            rest = _of(order.quantity - order.filled, order, ticker)
            line += f"; {rest} {order.ticker} did not trade"
        if hold:
            free = f"{_plain(hold.amount, hold.asset, pit)} {hold.asset} free again"
            line += f", {free}, {self._available(order.account, hold.asset, pit)}"
        return line


_ENDS = {
    "killed": "ended: what did not trade at once",
    "rejected": "ended: it would have traded, and is post-only",
    "decremented": "ended: it met an order of your own",
    "replaced": "ended by {}: no more than what is filled was asked for",
}


def _in(account: str) -> str:
    """Where a balance is, for one who has more than one: ` in savings`; '' in the main account."""
    return "" if further(account) == MAIN else f" in {further(account)}"


def _subject(act: Act) -> str:
    """The reference of the order or claim that a directive is about, '' for none."""
    return act.subject.ref if isinstance(act.subject, Order | Claim) else ""


def _name(ref: str, subject: object) -> str:
    """An instruction by its reference, and the member's own."""
    label = subject.label if isinstance(subject, Order | Combo) else ""
    return f"{ref} ({label})" if label else ref


def _combined(combo: Combo) -> str:
    """What a combination asks for: `combo 10 at 3.50 of +1 RAIN.2, -1 RAIN.3`."""
    legs = ", ".join(combo.keys["legs"].split("\n"))
    return f"combo {plain(combo.written)} at {plain(combo.limit)} of {legs}"


def _plain(amount: int, asset: str, pit: Pit) -> str:
    """An amount in smallest units as a number."""
    return plain(decimal(amount, pit.decimals(asset) or 0))


def _quantity(amount: int, ticker: Ticker) -> str:
    """A quantity of 10**-9 with the ticker's decimals."""
    return plain(decimal(amount // ticker.unit_scaled, ticker.decimals))


def plain_price(fill: Fill, ticker: Ticker) -> str:
    """A fill's price with the ticker's decimals."""
    return plain(decimal(fill.price, SCALE).quantize(decimal(1, ticker.price_decimals)))


def _of(rest: int, order: Order, ticker: Ticker) -> str:
    """What is left of an order: `4 of 10`."""
    return f"{_quantity(rest, ticker)} of {_quantity(order.quantity, ticker)}"
