"""Match orders by price, then time: reads entries, owes `fill` and `leaves`.

    $ pit match < orders.mbox | grep '^fill'
    fill 60 ACME @ 12.50 alice/1 bob/2

Each ticker is a lane. Its instructions are worked in the order of their entries; a lane waits at
the first order whose keeper has not answered, so that when a keeper publishes cannot change
priority (FILTERS, Everything in the order of its own entry; MARKET, Matching).
"""

import sys
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from heapq import heappop, heappush
from typing import NamedTuple

from pit.archives.amounts import decimal, trimmed
from pit.archives.verbs import NO_KEYS, Directive, Verb
from pit.filters.book import Working
from pit.filters.instructions import SCALE, Act, Cancel, Order, Replace, scaled
from pit.filters.lanes import Owed
from pit.filters.record import reference_key
from pit.filters.runner import Event
from pit.filters.standing import Standing
from pit.filters.stream import main_of
from pit.filters.trading import HALT, Lane
from pit.pits.listing import Holder
from pit.pits.state import Pit


class Banned(NamedTuple):
    """A member was suspended or expelled at entry `ref`: his working orders are cancelled."""

    ref: str
    owner: str


class Session(NamedTuple):
    """`halt`, `resume` or `auction` at entry `ref`; until: of an auction."""

    ref: str
    verb: str
    until: str


What = Order | Cancel | Replace | Banned | Session


class Item(NamedTuple):
    """An instruction that waits for its turn in a lane: when it came, and what it is.

    fired: a stop order whose stop has been triggered.
    """

    time: str
    what: What
    fired: bool = False


class Match:
    """The matching filter (see the module)."""

    name = "match"
    versions = range(1, 2)
    words: Sequence[Verb] = (
        Verb(
            "working",
            "{order:reference} {left:number}",
            "An order in the book, each side in the order in which it trades.",
            keys={
                "quantity": "number",
                "price": "price",
                "shown": "number",
                "cover": "units",
                "as": "=stop|held",
            },
        ),
        Verb(
            "waiting",
            "{lane:word} {what:=order|cancel|replace|banned|session} {instruction:reference} "
            "{time:time}",
            "An instruction that waits for its turn.",
            keys={
                "owner": "handle",
                "session": "=halt|resume|auction",
                "until": "time",
                "fired": "yes",
            },
        ),
        Verb("last", "{ticker:asset} {price:price}", "The price of a ticker's last fill."),
        Verb("closed", "{ticker:asset} {until:word}", "A halt, or a call phase until a time."),
    )

    def __init__(self) -> None:
        self.lanes: dict[str, Lane] = {}
        self.waiting: dict[str, deque[Item]] = {}
        self._deadlines: list[tuple[str, str]] = []

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
        return act.subject.lane if isinstance(act.subject, Cancel | Replace) else None

    def step(self, event: Event, pit: Pit, record: Standing) -> Sequence[Owed]:
        """What an entry makes the specialists owe: what time brings first, then its directives."""
        out: list[Owed] = []
        if self._deadlines and self._deadlines[0][0] <= event.time:
            self._pass_time(event.time, out)
        for ref, directive, subject in event.acts:
            verb = directive.verb
            if verb == "buy" or verb == "sell":
                assert isinstance(subject, Order)
                self._take(subject.ticker, event.time, subject, pit, record, out)
            elif verb == "accept" or verb == "refuse":
                if isinstance(subject, Order):
                    self._drain(subject.ticker, event.time, record, out)
                elif isinstance(subject, Replace):
                    self._drain(subject.lane, event.time, record, out)
            elif verb == "cancel" or verb == "replace":
                if isinstance(subject, Cancel | Replace):
                    self._take(subject.lane, event.time, subject, pit, record, out)
            elif verb in ("suspend", "expel"):
                banned = Banned(ref, directive.args[0])
                for ticker in sorted(self.lanes):
                    self._take(ticker, event.time, banned, pit, record, out)
            elif verb in ("halt", "resume", "auction"):
                ticker, *until = directive.args
                session = Session(ref, verb, *until or ("",))
                self._take(ticker, event.time, session, pit, record, out)
        return out

    def _take(
        self, ticker: str, time: str, what: What, pit: Pit, record: Standing, out: list[Owed]
    ) -> None:
        """An instruction comes to its lane, where others may wait before it."""
        lane = self.lanes.get(ticker)
        if lane is None:
            lane = self.lanes[ticker] = Lane(ticker, pit, record)
            self.waiting[ticker] = deque()
        waiting = self.waiting[ticker]
        if waiting or (isinstance(what, Order | Replace) and not what.accepted):
            waiting.append(Item(time, what))
        else:
            self._work(lane, Item(time, what), out)

    def _drain(self, ticker: str, now: str, record: Standing, out: list[Owed]) -> None:
        """Work what waits, in order, up to the first instruction that has no answer."""
        lane, waiting = self.lanes[ticker], self.waiting[ticker]
        while waiting:
            time, what, _ = waiting[0]
            if isinstance(what, Order | Replace) and not what.accepted:
                if _open(what.ref, record):
                    return  # no answer yet
                waiting.popleft()  # refused
                continue
            item = waiting.popleft()
            lane.pass_time(time, out)
            self._work(lane, item, out)
        lane.pass_time(now, out)

    def _work(self, lane: Lane, item: Item, out: list[Owed]) -> None:
        what = item.what
        if isinstance(what, Order):
            lane.order(what, out, fired=item.fired)
            if what.until:
                heappush(self._deadlines, (what.until, lane.ticker))
        elif isinstance(what, Cancel):
            lane.cancel(what, out)
        elif isinstance(what, Replace):
            lane.replace(what, out)
        elif isinstance(what, Banned):
            lane.ban(what.owner, what.ref, out)
        elif what.verb == "resume":
            lane.resume(out)
        else:
            lane.close(what.until or HALT)
            if what.until:
                heappush(self._deadlines, (what.until, lane.ticker))

    def standing(self, order: Order) -> tuple[str, int]:
        """How far an open order has come, and what is left of it (10**-9).

        `working` in the book, `stop` or `held` before it; `waiting` for its turn, `unanswered` by
        its keeper; `ended`, though the report does not stand.
        """
        lane = self.lanes.get(order.ticker)
        found = lane.working.get(order.ref) if lane else None
        if lane and found:
            state = "stop" if found in lane.stops else "held" if found in lane.held else "working"
            return state, found.left
        if any(item.what is order for item in self.waiting.get(order.ticker, ())):
            return "waiting" if order.accepted else "unanswered", order.quantity
        return "ended", 0

    def _pass_time(self, now: str, out: list[Owed]) -> None:
        """The lanes in which a time has come; one that waits does it in its turn."""
        due = set()
        while self._deadlines and self._deadlines[0][0] <= now:
            due.add(heappop(self._deadlines)[1])
        for ticker in sorted(due):
            if not self.waiting[ticker]:
                self.lanes[ticker].pass_time(now, out)

    def adopt(
        self, ticker: str, owed: Sequence[Owed], pit: Pit, record: Standing
    ) -> Iterator[Owed]:
        """Start the lane again from the orders that stand open, with the fills that stand.

        Orders whose reports all stand go back to where they were; what caused the others, and what
        waited, is worked again in the order of the entries.
        """
        lane = Lane(ticker, pit, record)
        old = self.lanes.get(ticker, lane)
        lane.closed, lane.last = old.closed, old.last
        self.lanes[ticker] = lane
        waited = self.waiting.get(ticker, deque())
        later = {item.what.ref for item in waited}
        again: dict[str, Item] = {}
        for was in owed:
            found = record.cancels.get(was.cause) or record.replaces.get(was.cause)
            if found:
                again[was.cause] = Item("", found)
            elif was.directive.args[-1] == f"cancelled {was.cause}":
                owner = was.directive.args[0].partition("/")[0]
                again[was.cause] = Item("", Banned(was.cause, owner))
            elif was.cause in record.orders:
                order = record.orders[was.cause]
                again[was.cause] = Item(order.time, order, fired=bool(order.terms.stop))
        for order in sorted(record.orders.values(), key=lambda order: reference_key(order.ref)):
            if order.ticker == ticker and order.ref not in later and order.ref not in again:
                self._put_back(Working(order), lane, old)
        self.waiting[ticker] = deque(again[ref] for ref in sorted(again, key=reference_key))
        self.waiting[ticker].extend(waited)
        out: list[Owed] = []
        self._drain(ticker, pit.time, record, out)
        yield from out

    def _put_back(self, found: Working, lane: Lane, old: Lane) -> None:
        """Let an order that stands open work as it did, or rest."""
        order = found.order
        was = old.working.get(order.ref)
        if was in old.stops:
            lane.stops.append(found)
        elif was in old.held:
            lane.held.append(found)
        else:
            found.shown = min(order.terms.show, found.left)
            lane.book.side(order.buys).add(found)
        self._put(found, lane)

    def _put(self, found: Working, lane: Lane) -> None:
        lane.working[found.order.ref] = found
        if found.order.until:
            lane.limit_time(found)
            heappush(self._deadlines, (found.order.until, lane.ticker))

    def dump(self, record: Standing) -> Iterator[Directive]:
        """Which of the record's orders work, and how; what waits."""
        for ticker, lane in sorted(self.lanes.items()):
            if lane.closed:
                yield Directive("closed", (ticker, lane.closed))
            if lane.last is not None:
                yield Directive("last", (ticker, trimmed(decimal(lane.last, SCALE))))
            places = (("", lane.book), ("stop", lane.stops), ("held", lane.held))
            for place, orders in places:
                for found in orders:
                    if found.left and found.order.ref in record.orders:
                        yield _dumped(found, place)
            for time, what, fired in self.waiting[ticker]:
                if isinstance(what, Order | Replace) and not _open(what.ref, record):
                    continue  # refused meanwhile
                keys: Mapping[str, str] = {"fired": "yes"} if fired else NO_KEYS
                if isinstance(what, Banned):
                    keys = {"owner": what.owner}
                elif isinstance(what, Session):
                    keys = {"session": what.verb, **({"until": what.until} if what.until else {})}
                kind = type(what).__name__.lower()
                yield Directive("waiting", (ticker, kind, what.ref, time), keys)

    def load(self, directives: Sequence[Directive], pit: Pit, record: Standing) -> None:
        """The state from `dump`."""
        for verb, args, keys in directives:
            if verb == "working":
                order = record.orders[args[0]]
                lane = self._made(order.ticker, pit, record)
                found = Working(order)
                found.left = scaled[args[1]]
                if "quantity" in keys:
                    found.quantity = scaled[keys["quantity"]]
                if "price" in keys:
                    found.price, found.limit = scaled[keys["price"]], keys["price"]
                    found.cover = -1
                if "cover" in keys:
                    found.cover = keys["cover"]
                if "shown" in keys:
                    found.shown = scaled[keys["shown"]]
                place = keys.get("as", "")
                if place:
                    (lane.stops if place == "stop" else lane.held).append(found)
                else:
                    lane.book.side(order.buys).add(found)
                self._put(found, lane)
            elif verb == "waiting":
                ticker, kind, ref, time = args
                what: What
                if kind == "order":
                    what = record.orders[ref]
                elif kind == "cancel":
                    what = record.cancels[ref]
                elif kind == "replace":
                    what = record.replaces[ref]
                elif kind == "banned":
                    what = Banned(ref, keys["owner"])
                else:
                    what = Session(ref, keys["session"], keys.get("until", ""))
                self._made(ticker, pit, record)
                self.waiting[ticker].append(Item(time, what, "fired" in keys))
            elif verb == "closed":
                lane = self._made(args[0], pit, record)
                lane.closed = args[1]
                if lane.closed != HALT:
                    heappush(self._deadlines, (lane.closed, args[0]))
            elif verb == "last":
                self._made(args[0], pit, record).last = scaled[args[1]]
        for order in record.orders.values():
            self._made(order.ticker, pit, record)

    def _made(self, ticker: str, pit: Pit, record: Standing) -> Lane:
        """A ticker's lane, made if there is none."""
        if ticker not in self.lanes:
            self.lanes[ticker], self.waiting[ticker] = Lane(ticker, pit, record), deque()
        return self.lanes[ticker]


def _open(ref: str, record: Standing) -> bool:
    """Whether an order or replace was neither refused nor is over."""
    return ref in record.orders or ref in record.replaces


def _dumped(found: Working, place: str) -> Directive:
    """An order that works: what of it is not as published is said."""
    order = found.order
    keys: dict[str, object] = {}
    if found.quantity != order.quantity:
        keys["quantity"] = trimmed(decimal(found.quantity, SCALE))
    if found.price != order.price:
        keys["price"] = found.limit
    if found.shown:
        keys["shown"] = trimmed(decimal(found.shown, SCALE))
    if found.cover != order.cover:
        keys["cover"] = found.cover
    if place:
        keys["as"] = place
    left = order.written if found.left == scaled[order.written] else None
    args = (order.ref, left if left is not None else trimmed(decimal(found.left, SCALE)))
    return Directive("working", args, keys or NO_KEYS)


def main(argv: list[str]) -> int:
    """Run as a filter: the stream on stdin, the same with drafts and checkpoint on stdout."""
    return main_of(Match, argv, __doc__ or "", sys.stdin.buffer, sys.stdout.buffer)
