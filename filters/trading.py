"""One ticker's trading: what its specialist owes for each instruction (docs/reference/matching.md).

A lane is worked instruction by instruction, in the order of their entries; each method takes one,
changes the book, and adds what is owed to `out`. Nothing here knows about accounts or answers.
"""

from collections import deque
from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache
from heapq import heappop, heappush

from pit.archives.amounts import decimal, trimmed
from pit.archives.verbs import NO_KEYS, Directive, make_directive
from pit.filters.auction import clearing, pairs
from pit.filters.book import FEW, Book, Working
from pit.filters.instructions import IMMEDIATE, PLAIN, PLAIN_2, SCALE, Cancel, Order, Replace
from pit.filters.lanes import Owed, make_owed
from pit.filters.record import reference_key
from pit.filters.standing import Standing
from pit.filters.turns import Item
from pit.pits.state import Pit

__all__ = ["Lane"]

ZERO = Decimal(0)
HALT = "halt"
_TAKER = {True: {"taker": "buyer"}, False: {"taker": "seller"}, None: {"taker": "none"}}

Out = list[Owed]


class Lane:
    """A ticker at work.

    working: every order that works, by reference: in the book, in `stops` until a fill triggers it,
    or in `held` until a halt is over. closed: '' while it trades, HALT, or the time until which a
    call phase lasts; call: the instruction that said so. last: the price of the last fill, None
    before the first. waiting: instructions, from the first on that has no answer. noted: the
    deadline that its filter knows.
    """

    def __init__(self, ticker: str, pit: Pit, record: Standing) -> None:
        self.ticker, self.pit, self.record = ticker, pit, record
        self.book = Book()
        self.working: dict[str, Working] = {}
        self.stops: list[Working] = []
        self.held: list[Working] = []
        self.closed = self.call = ""
        self.waiting: deque[Item] = deque()
        self.last: int | None = None
        self.noted = ""
        self._fills: list[int] = []
        self._expiries: list[tuple[str, tuple[int, int], Working]] = []

    # What comes in

    def order(self, order: Order, out: Out, *, fired: bool = False) -> None:
        """An accepted order comes in; fired: its stop has been triggered before."""
        came = Working(order)
        if order.until and order.until <= order.time:
            self._end(came, "expired", order.ref, out)
            return
        if order.until:
            self.put(came)
        else:  # mostly
            self.working[order.ref] = came
        if order.terms.stop and not fired:
            self.stops.append(came)
            return
        if self.closed:
            self.enter(came, order.ref, out)
        else:
            self._work(came, order.ref, out)
        if self.stops:
            self._trigger(order.ref, out)

    def enter(self, order: Working, cause: str, out: Out) -> None:
        """An order that waits for nothing of its own trades and rests, if the ticker is open."""
        if not self.closed:
            self._work(order, cause, out)
        elif order.limit is None or (order.order.terms.at_once and not order.tried):
            self._end(order, "killed", cause, out)
        else:
            self.held.append(order)

    def combine(self, leg: Order, out: Out) -> None:
        """A leg of a combination trades, all of it; that it can was seen before."""
        self._work(Working(leg), leg.ref, out)

    def follow(self, ref: str, out: Out) -> None:
        """The stops come in that the fills of instruction `ref` have triggered."""
        if self.stops:
            self._trigger(ref, out)

    def kill(self, name: str, ref: str, out: Out) -> None:
        """A combination ends without a trade."""
        self._owe(Directive("leaves", (name, ZERO, None, "killed"), NO_KEYS), ref, out)

    def cancel(self, cancel: Cancel, out: Out) -> None:
        """A cancel ends the order that it names, or is late."""
        if self.pit.open:
            self.record.cancels.pop(cancel.ref, None)
        found = self.working.get(cancel.target)
        if found is None or found.order.owner != cancel.owner:
            self._late(cancel, out)
        else:
            self._end(found, f"cancelled {cancel.ref}", cancel.ref, out)

    def replace(self, replace: Replace, out: Out) -> None:
        """A replace gives the order that it names new numbers, or is late."""
        if self.pit.open:
            self.record.replaces.pop(replace.ref, None)
        found = self.working.get(replace.target)
        if found is None or found.order.owner != replace.owner:
            self._late(replace, out)
            return
        why, ref = f"replaced {replace.ref}", replace.ref
        left = replace.quantity - (found.quantity - found.left)
        if left <= 0:
            self._end(found, why, ref, out)
            return
        stays = replace.price == found.price and replace.quantity <= found.quantity
        args = (found.order.name, self._number(left), replace.limit, why)
        self._owe(Directive("leaves", args, NO_KEYS), ref, out)
        resting = found not in self.stops and found not in self.held
        if resting and not stays:
            self.book.side(found.order.buys).remove(found)
        found.quantity, found.left = replace.quantity, left
        found.price, found.limit, found.cover = replace.price, replace.limit, -1
        found.shown = min(found.shown, left) if stays else 0
        if stays or found in self.stops:
            return
        if not resting:
            self.held.remove(found)
        found.came, found.tried = ref, True
        self.enter(found, ref, out)
        if self.stops:
            self._trigger(ref, out)

    def ban(self, owner: str, ref: str, out: Out) -> None:
        """A member may not trade any more: his orders end."""
        his = [one for one in self.working.values() if one.order.owner == owner]
        for found in sorted(his, key=_by_entry):
            self._end(found, f"cancelled {ref}", ref, out)

    def finish(self, ref: str, out: Out) -> None:
        """The market is settled: all orders end."""
        for found in sorted(self.working.values(), key=_by_entry):
            self._end(found, f"cancelled {ref}", ref, out)
        self.held.clear()
        self.closed = ""

    def close(self, ref: str, until: str) -> None:
        """A halt begins, or a call phase until a time."""
        self.closed, self.call = until, ref

    def resume(self, ref: str, out: Out) -> None:
        """Trading goes on: what came meanwhile comes in."""
        self.closed = ""
        held, self.held = self.held, []
        for order in held:
            if order.left:
                self._work(order, order.order.ref, out)
        if self.stops:
            self._trigger(ref, out)

    # What time brings

    def put(self, order: Working) -> None:
        """An order works from now on, until its time is over."""
        self.working[order.order.ref] = order
        if order.order.until:
            if len(self._expiries) > 2 * len(self.working) + FEW:  # most have ended before
                self._expiries = sorted(one for one in self._expiries if one[2].left)
            heappush(self._expiries, (order.order.until, _by_entry(order), order))

    def deadline(self) -> str:
        """The next time at which something happens by itself; '' for none."""
        if not self._expiries and not self.closed:
            return ""  # mostly
        times = [self._expiries[0][0]] if self._expiries else []
        if self.closed not in ("", HALT):
            times.append(self.closed)
        return min(times, default="")

    def pass_time(self, now: str, out: Out) -> None:
        """Expire what has come to its end; hold the auction whose time has come."""
        expiries = self._expiries
        while expiries and expiries[0][0] <= now:
            order = heappop(expiries)[2]
            if order.left:
                self._end(order, "expired", order.order.ref, out)
        if self.closed not in ("", HALT) and self.closed <= now:
            self._uncross(out)

    # Trading

    def _work(self, order: Working, cause: str, out: Out) -> None:
        """An order comes to the book, trades as far as it may, and rests or ends."""
        terms, buys = order.order.terms, order.order.buys
        if terms is not PLAIN and terms is not PLAIN_2 and not self._admitted(order, cause, out):
            return
        own, others = self.book.bids, self.book.asks
        if not buys:
            own, others = others, own
        while order.left:
            other = others.best()
            if other is None:
                break
            if order.price < other.price if buys else order.price > other.price:
                break
            quantity = min(order.left, other.shown or other.left)
            if order.cover >= 0:
                quantity = min(quantity, self._payable(order.cover, other.price))
                if not quantity:
                    break
            if other.order.owner == order.order.owner:
                self._meet(order, other, cause, out)
                continue
            if order.cover >= 0:
                order.cover -= quantity * other.price
            self._fill(order, other, quantity, cause, out)
        if not order.left:
            return
        if order.limit is None or terms.tif in IMMEDIATE:
            self._end(order, "killed", cause, out)
            return
        if terms.show:
            order.shown = min(terms.show, order.left)
        own.add(order)

    def _admitted(self, order: Working, cause: str, out: Out) -> bool:
        """Whether an order may trade at all now; it has ended if not."""
        terms = order.order.terms
        if terms.post_only:
            other = self.book.side(not order.order.buys).best()
            if other and order.crosses(other):
                self._end(order, 'rejected "would trade"', cause, out)
                return False
        wanted = max(terms.minimum, order.left if terms.tif == "fok" else 0)
        if not order.tried and wanted > self._available(order):
            self._end(order, "killed", cause, out)
            return False
        order.tried = True
        return True

    def _available(self, order: Working) -> int:
        """What an order could trade at once."""
        found, cover = 0, order.cover
        for other, size in self.offered(order):
            quantity = min(order.left - found, size)
            if cover >= 0:
                payable = self._payable(cover, other.price)
                cover -= min(quantity, payable) * other.price
                if payable < quantity:
                    return found + payable
            found += quantity
            if found == order.left:
                break
        return found

    def offered(self, order: Working) -> Iterator[tuple[Working, int]]:
        """Who would trade with an order, and how much of it, until it meets one of its member."""
        owner, passes = order.order.owner, order.order.terms.stp == "oldest"
        for level in self.book.side(not order.order.buys).levels():
            if not order.crosses(level[0]):
                return
            alone = passes or all(other.order.owner != owner for other in level)
            for other in level:
                if other.order.owner != owner:
                    # Hidden parts come behind the own order.
                    yield other, other.left if alone else other.shown or other.left
                elif not passes:
                    return

    def _payable(self, cover: int, price: int) -> int:
        """The largest whole number of lots that a cover pays at a price."""
        if not price:
            return cover
        quantity = cover // price
        listed = self.pit.tickers.get(self.ticker)
        return quantity - quantity % listed.lot_scaled if listed else quantity

    def _meet(self, order: Working, other: Working, cause: str, out: Out) -> None:
        """An order would trade with one of the same member (self-trade prevention)."""
        mode = order.order.terms.stp
        if mode == "decrement":
            less = min(order.left, other.left)
            for one in (other, order):
                one.quantity -= less
                one.left -= less
                if one.left:
                    one.shown = min(one.shown, one.left)
                    args = (one.order.name, self._number(one.left), None, "decremented")
                    self._owe(Directive("leaves", args, NO_KEYS), cause, out)
                else:
                    self._end(one, "decremented", cause, out)
            return
        if mode != "newest":
            self._end(other, "cancelled", cause, out)
        if mode != "oldest":
            self._end(order, "cancelled", cause, out)

    def _fill(self, order: Working, other: Working, quantity: int, cause: str, out: Out) -> None:
        """Two orders trade, at the resting one's price."""
        buys = order.order.buys
        buyer, seller = (order, other) if buys else (other, order)
        self._trade(buyer, seller, quantity, other, _TAKER[buys], cause, out)
        if other.shown:
            other.shown -= quantity
            if not other.shown:
                self.book.side(not buys).refill(other)

    def _trade(
        self,
        buyer: Working,
        seller: Working,
        quantity: int,
        priced: Working,
        keys: dict[str, str],
        cause: str,
        out: Out,
    ) -> None:
        price = self.last = priced.price
        if self.stops:
            self._fills.append(price)
        args = (
            self._number(quantity),
            self.ticker,
            self._price(priced),
            buyer.order.name,
            seller.order.name,
        )
        self._owe(make_directive(("fill", args, keys)), cause, out)
        for one in (buyer, seller):
            one.left -= quantity
            if not one.left:
                self._forget(one)

    # Stops

    def _trigger(self, cause: str, out: Out) -> None:
        """The stops that fills have triggered come in, one after the other, until none is left.

        cause: the instruction that was worked.
        """
        due: list[Working] = []
        while True:
            if self._fills:
                low, high = min(self._fills), max(self._fills)
                due += [one for one in self.stops if _reached(one, low, high)]
                self.stops = [one for one in self.stops if one not in due]
                due.sort(key=_by_stop)
                self._fills.clear()
            if not due:
                return
            order = due.pop(0)
            if order.left:
                order.came = cause
                self.enter(order, order.order.ref, out)

    # Auctions

    def _uncross(self, out: Out) -> None:
        """The call phase is over: everything that can trade does, at one price."""
        self.closed = ""
        held, self.held = [one for one in self.held if one.left], []
        buys, sells = (
            [*self.book.side(side), *(one for one in held if one.order.buys is side)]
            for side in (True, False)
        )
        found = clearing(buys, sells, self.last)
        if found:
            for buyer, seller in pairs(buys, sells, found.price):
                cause = max(buyer, seller, key=_by_coming)
                if buyer.order.owner == seller.order.owner:
                    self._end(cause, "cancelled", cause.order.ref, out)
                    continue
                quantity = min(buyer.left, seller.left)
                self._trade(buyer, seller, quantity, found, _TAKER[None], cause.order.ref, out)
        for one in [*buys, *sells]:
            one.shown = min(one.shown, one.left)
        for one in held:
            if one.left:
                self._work(one, one.order.ref, out)
        if self.stops:
            self._trigger(self.call, out)

    # What is owed

    def _end(self, order: Working, why: str, cause: str, out: Out) -> None:
        """An order works no more: its `leaves`."""
        order.left = 0
        self._forget(order)
        args = (order.order.name, ZERO, None, why)
        self._owe(make_directive(("leaves", args, NO_KEYS)), cause, out)

    def _late(self, instruction: Cancel | Replace, out: Out) -> None:
        name = f"{instruction.owner}/{instruction.target}"
        args = (name, ZERO, None, f"late {instruction.ref}")
        self._owe(Directive("leaves", args, NO_KEYS), instruction.ref, out)

    def _forget(self, order: Working) -> None:
        ref = order.order.ref
        self.working.pop(ref, None)
        if order.order.terms.stop and order in self.stops:
            self.stops.remove(order)
        if self.pit.open:
            self.record.orders.pop(ref, None)

    def _owe(self, directive: Directive, cause: str, out: Out) -> None:
        out.append(make_owed(("-" if self.pit.open else self.ticker, directive, cause)))

    def _number(self, quantity: int) -> Decimal:
        listed = self.pit.tickers.get(self.ticker)
        return _written(quantity, listed.decimals if listed else -1)

    def _price(self, order: Working) -> Decimal:
        listed = self.pit.tickers.get(self.ticker)
        if listed is None:
            return order.limit or ZERO
        return _written(order.price, listed.price_decimals)


@lru_cache(maxsize=1 << 12)
def _written(amount: int, decimals: int) -> Decimal:
    """An amount in 10**-9 with so many decimals; -1: with as many as it needs."""
    number = decimal(amount, SCALE)
    return trimmed(number) if decimals < 0 else number.quantize(Decimal(1).scaleb(-decimals))


def _reached(order: Working, low: int, high: int) -> bool:
    """Whether fills between these prices trigger a stop."""
    stop = order.order.terms.stop
    return high >= stop if order.order.buys else low <= stop


def _by_entry(order: Working) -> tuple[int, int]:
    return reference_key(order.order.ref)


def _by_coming(order: Working) -> tuple[tuple[int, int], bool, bool]:
    """Who came, or came back, later: of what one instruction brought, stops, and of these sells."""
    brought = order.came or order.order.ref
    return reference_key(brought), brought != order.order.ref, not order.order.buys


def _by_stop(order: Working) -> tuple[int, int, tuple[int, int]]:
    """Buy stops first, by rising price; then sell stops, by falling price."""
    stop, buys = order.order.terms.stop, order.order.buys
    return (0, stop, _by_entry(order)) if buys else (1, -stop, _by_entry(order))
