"""Match orders by price, then time: reads entries, owes `fill` and `leaves`.

    $ pit match < orders.mbox | grep '^fill'
    fill 60 ACME @ 12.50 alice/1 bob/2

Each ticker is a lane. Its instructions are worked in the order of their entries; a lane waits at
the first order whose keeper has not answered, so that when a keeper publishes cannot change
priority (FILTERS, Everything in the order of its own entry; MARKET, Matching).
"""

import sys
from collections.abc import Iterator, Sequence
from decimal import Decimal
from heapq import heappop, heappush

from pit.archives.amounts import decimal, trimmed
from pit.archives.verbs import NO_KEYS, Directive, Verb
from pit.filters.book import Banned, Item, Lane
from pit.filters.instructions import SCALE, Act, Cancel, Order
from pit.filters.lanes import Owed
from pit.filters.record import reference_key
from pit.filters.runner import Event
from pit.filters.standing import Standing
from pit.filters.stream import main_of
from pit.pits.listing import Holder
from pit.pits.state import Pit

ZERO = Decimal(0)
_TAKER = {True: {"taker": "buyer"}, False: {"taker": "seller"}}


class Match:
    """The matching filter (see the module)."""

    name = "match"
    versions = range(1, 2)
    words: Sequence[Verb] = (
        Verb("working", "{order:reference} {left:number}", "An order in the book."),
        Verb(
            "ended", "{order:reference}", "An order that works no more; its reports do not stand."
        ),
        Verb(
            "waiting",
            "{ticker:asset} {what:=order|cancel|banned} {instruction:reference} {time:time}",
            "An instruction that waits for its turn.",
            keys={"owner": "handle"},
        ),
    )

    def __init__(self) -> None:
        self.lanes: dict[str, Lane] = {}
        self.deadlines: list[tuple[str, str]] = []

    def publisher(self, lane: str, pit: Pit) -> Holder | None:
        """The specialist of the ticker."""
        return pit.specialist(lane)

    def lane(self, act: Act, pit: Pit) -> str | None:
        """The ticker that a `fill` or `leaves` is about."""
        if act.directive.verb == "fill":
            ticker: str = act.directive.args[1]
            return ticker
        if isinstance(act.subject, Order):
            return str(act.subject.ticker)
        return act.subject.lane if isinstance(act.subject, Cancel) else None

    def step(self, event: Event, pit: Pit, record: Standing) -> Iterator[Owed]:
        """What an entry makes the specialists owe: expiries first, then its own directives."""
        if self.deadlines and self.deadlines[0][0] <= event.time:
            yield from self._expire_all(event.time, record, pit)
        for ref, directive, subject in event.acts:
            verb = directive.verb
            if verb == "buy" or verb == "sell":
                assert isinstance(subject, Order)
                lane = self.lanes.get(subject.ticker)
                if lane is None:
                    lane = self.lanes[subject.ticker] = Lane()
                if subject.accepted and not lane.waiting:
                    yield from self._work_order(subject, lane, record, pit)
                else:
                    lane.waiting.append(Item(event.time, subject))
            elif verb == "cancel":
                if isinstance(subject, Cancel):
                    yield from self._cancel(subject, event.time, record, pit)
            elif verb in ("accept", "refuse"):
                if isinstance(subject, Order):
                    yield from self._drain(subject.ticker, event.time, record, pit)
            elif verb in ("suspend", "expel"):
                banned = Banned(ref, directive.args[0])
                for ticker, lane in sorted(self.lanes.items()):
                    lane.waiting.append(Item(event.time, banned))
                    yield from self._drain(ticker, event.time, record, pit)

    def _cancel(self, cancel: Cancel, time: str, record: Standing, pit: Pit) -> Iterator[Owed]:
        lane = self.lanes.get(cancel.lane)
        if lane is None:
            yield _late(cancel)
            if pit.open:
                record.cancels.pop(cancel.ref, None)
        elif lane.waiting:
            lane.waiting.append(Item(time, cancel))
        else:
            yield self._work_cancel(cancel, record, pit)

    def _drain(self, ticker: str, now: str, record: Standing, pit: Pit) -> Iterator[Owed]:
        """Work what waits, in order, up to the first order that has no answer."""
        lane = self.lanes[ticker]
        waiting = lane.waiting
        while waiting:
            time, what = waiting[0]
            if isinstance(what, Order) and not what.accepted:
                if what.ref in record.orders:
                    return  # no answer yet
                waiting.popleft()  # refused
                continue
            waiting.popleft()
            yield from self._expire(lane, time, record, pit)
            if isinstance(what, Order):
                yield from self._work_order(what, lane, record, pit)
            elif isinstance(what, Cancel):
                yield self._work_cancel(what, record, pit)
            else:
                yield from self._ban(what, lane, record, pit)
        yield from self._expire(lane, now, record, pit)

    def _work_order(self, order: Order, lane: Lane, record: Standing, pit: Pit) -> Iterator[Owed]:
        """An order comes in: it trades as far as it can, and the rest of it rests."""
        if order.left < 0:
            order.left = order.quantity
        book = lane.book
        if order.until:
            if order.until <= order.time:
                yield self._end(order, "expired", order.ref, record, pit)
                return
            self._limit(order, lane)
        while order.left:
            other = book.opposite(order)
            if other is None:
                book.add(order)
                return
            if other.owner == order.owner:
                yield self._end(order, "cancelled", order.ref, record, pit)
                return
            quantity = order.left if order.left < other.left else other.left
            order.left -= quantity
            other.left -= quantity
            yield self._fill(order, other, quantity, pit)
            if pit.open and not other.left:
                record.orders.pop(other.ref, None)
        if pit.open:
            record.orders.pop(order.ref, None)

    def _fill(self, order: Order, other: Order, quantity: int, pit: Pit) -> Owed:
        buyer, seller = (order, other) if order.buys else (other, order)
        ticker = pit.tickers.get(order.ticker)
        price, number = other.limit, decimal(quantity, SCALE)
        if ticker:
            price = decimal(other.price, SCALE).quantize(Decimal(1).scaleb(-ticker.price_decimals))
            number = number.quantize(Decimal(1).scaleb(-ticker.decimals))
        else:
            number = trimmed(number)
        args = (number, order.ticker, price, buyer.name, seller.name)
        lane = "-" if pit.open else order.ticker
        return Owed(lane, Directive("fill", args, _TAKER[order.buys]), order.ref)

    def _end(self, order: Order, why: str, cause: str, record: Standing, pit: Pit) -> Owed:
        """An order works no more: its `leaves`."""
        order.left = 0
        if pit.open:
            record.orders.pop(order.ref, None)
        lane = "-" if pit.open else order.ticker
        return Owed(lane, Directive("leaves", (order.name, ZERO, None, why), NO_KEYS), cause)

    def _work_cancel(self, cancel: Cancel, record: Standing, pit: Pit) -> Owed:
        order = record.orders.get(cancel.target)
        if pit.open:
            record.cancels.pop(cancel.ref, None)
        if order is None or order.left <= 0 or order.owner != cancel.owner:
            owed = _late(cancel)
            return owed._replace(lane="-") if pit.open else owed
        return self._end(order, f"cancelled {cancel.ref}", cancel.ref, record, pit)

    def _ban(self, banned: Banned, lane: Lane, record: Standing, pit: Pit) -> Iterator[Owed]:
        for order in sorted(lane.book, key=lambda order: reference_key(order.ref)):
            if order.owner == banned.owner:
                yield self._end(order, f"cancelled {banned.ref}", banned.ref, record, pit)

    def _expire_all(self, now: str, record: Standing, pit: Pit) -> Iterator[Owed]:
        """The lanes in which a time limit has passed; one that waits does it in its turn."""
        while self.deadlines and self.deadlines[0][0] <= now:
            _, ticker = heappop(self.deadlines)
            lane = self.lanes[ticker]
            if not lane.waiting:
                yield from self._expire(lane, now, record, pit)

    def _expire(self, lane: Lane, now: str, record: Standing, pit: Pit) -> Iterator[Owed]:
        expiries = lane.expiries
        while expiries and expiries[0][0] <= now:
            order = heappop(expiries)[2]
            if order.left > 0:
                yield self._end(order, "expired", order.ref, record, pit)

    def adopt(
        self, ticker: str, owed: Sequence[Owed], pit: Pit, record: Standing
    ) -> Iterator[Owed]:
        """Start the lane again from the orders that stand open, with the fills that stand.

        Orders whose reports all stand rest in the book; what caused the others, and what waited, is
        worked again in the order of the entries.
        """
        old = self.lanes.get(ticker, Lane())
        lane = self.lanes[ticker] = Lane()
        waiting = {item.what.ref for item in old.waiting}
        again: dict[str, Item] = {}
        for was in owed:
            cancel = record.cancels.get(was.cause)
            if cancel:
                again[was.cause] = Item("", cancel)
            elif was.directive.args[-1] == f"cancelled {was.cause}":
                owner = was.directive.args[0].partition("/")[0]
                again[was.cause] = Item("", Banned(was.cause, owner))
            elif was.cause in record.orders:
                order = record.orders[was.cause]
                again[was.cause] = Item(order.time, order)
        for order in sorted(record.orders.values(), key=lambda order: reference_key(order.ref)):
            if order.ticker == ticker and order.ref not in waiting:
                order.left = order.quantity - order.filled
                if order.ref not in again:
                    self._rest(order, lane)
        lane.waiting.extend(again[ref] for ref in sorted(again, key=reference_key))
        lane.waiting.extend(old.waiting)
        yield from self._drain(ticker, pit.time, record, pit)

    def _rest(self, order: Order, lane: Lane) -> None:
        lane.book.add(order)
        if order.until:
            self._limit(order, lane)

    def _limit(self, order: Order, lane: Lane) -> None:
        heappush(lane.expiries, (order.until, reference_key(order.ref), order))
        heappush(self.deadlines, (order.until, order.ticker))

    def dump(self, record: Standing) -> Iterator[Directive]:
        """Which of the record's orders work, and how much of them; what waits."""
        turn = {i.what.ref for lane in self.lanes.values() for i in lane.waiting}
        for ref, order in record.orders.items():
            if order.left > 0:
                whole = order.left == order.quantity
                left = order.written if whole else trimmed(decimal(order.left, SCALE))
                yield Directive("working", (ref, left))
            elif ref not in turn:
                yield Directive("ended", (ref,))
        for ticker, lane in sorted(self.lanes.items()):
            for time, what in lane.waiting:
                if isinstance(what, Order) and what.ref not in record.orders:
                    continue  # refused meanwhile
                kind = type(what).__name__.lower()
                keys = {"owner": what.owner} if isinstance(what, Banned) else NO_KEYS
                yield Directive("waiting", (ticker, kind, what.ref, time), keys)

    def load(self, directives: Sequence[Directive], pit: Pit, record: Standing) -> None:
        """The state from `dump`."""
        for order in record.orders.values():
            self.lanes.setdefault(order.ticker, Lane())
        for verb, args, keys in directives:
            if verb == "working":
                order = record.orders[args[0]]
                order.left = int(args[1].scaleb(SCALE))
                self._rest(order, self.lanes[order.ticker])
            elif verb == "ended":
                record.orders[args[0]].left = 0
            elif verb == "waiting":
                ticker, kind, ref, time = args
                what: Order | Cancel | Banned
                if kind == "order":
                    what = record.orders[ref]
                elif kind == "cancel":
                    what = record.cancels[ref]
                else:
                    what = Banned(ref, keys["owner"])
                self.lanes.setdefault(ticker, Lane()).waiting.append(Item(time, what))


def _late(cancel: Cancel) -> Owed:
    name = f"{cancel.owner}/{cancel.target}"
    return Owed(
        cancel.lane, Directive("leaves", (name, ZERO, None, f"late {cancel.ref}")), cancel.ref
    )


def main(argv: list[str]) -> int:
    """Run as a filter: the stream on stdin, the same with drafts and checkpoint on stdout."""
    return main_of(Match, argv, __doc__ or "", sys.stdin.buffer, sys.stdout.buffer)
