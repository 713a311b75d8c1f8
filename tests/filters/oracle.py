"""The rules of matching a second time, as naively as they can be said: what `pit match` must owe.

Lists, sorting and exact numbers, nothing clever; a number in brackets is that of the rule. The
sessions are open streams: an order counts as accepted at its own entry, and every signer may do
everything. Nothing here comes from `pit.filters`.
"""

import copy
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, time, timedelta
from decimal import Context, Decimal, localcontext
from fractions import Fraction
from math import floor
from typing import NamedTuple

NONE, ENDLESS = Decimal(0), Decimal("Infinity")
NEVER = datetime.max.replace(tzinfo=UTC)


class Instruction(NamedTuple):
    """Entry `entry` at `time`: `member` says a directive, `buy 60 ACME @ 12.50`, with its keys."""

    entry: int
    time: datetime
    member: str
    text: str
    keys: Mapping[str, str]


def moment(text: str) -> datetime:
    """A time, or the first instant of a date."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class Order:
    """A buy (sign 1) or sell (sign -1): `left` works, `shown` of it shows; a market's limit is ±∞.

    state: "comes", "rests", "waits" (for the end of a halt or call phase), "stop" (for its price).
    An order with nothing left is dead.
    """

    def __init__(self, said: Instruction, day_end: time) -> None:
        side, quantity, self.ticker, _, limit = said.text.split()
        self.entry, now, self.member, _, self.keys = said
        self.name, self.state = f"{self.member}/{self.entry}", "comes"
        self.sign = 1 if side == "buy" else -1
        self.limit = self.sign * ENDLESS if limit == "market" else Decimal(limit)
        self.left, self.filled, self.cover = Decimal(quantity), NONE, self.number("cap")
        day = datetime.combine(now, day_end, UTC)
        day += timedelta(days=0 if day > now else 1)
        until = moment(self.keys["until"]) if "until" in self.keys else NEVER
        self.ends = min(until, day if self.keys.get("tif") == "day" else NEVER)

    def number(self, key: str, default: Decimal = ENDLESS) -> Decimal:
        return Decimal(self.keys.get(key, default))


class Book:
    """The orders of one ticker, in the order of coming (the refill of an iceberg comes anew).

    lines: what is owed. phase: "open", "halted", or "call" until `until`. prices: of all fills;
    those from `heard` on have not reached the stops.
    """

    def __init__(self, ticker: str, lines: list[str]) -> None:
        self.ticker, self.lines, self.orders, self.prices, self.heard = ticker, lines, [], [], 0
        self.phase, self.until = "open", NEVER

    def those(self, *states: str) -> list[Order]:
        return [o for o in self.orders if o.left and o.state in states]

    def queue(self, sign: int, price: Decimal) -> list[Order]:
        """The orders of a side that trade at a price, the best first (sorting is stable)."""
        facing = [o for o in self.those("rests", "waits") if o.sign == sign]
        return sorted(
            (o for o in facing if sign * (o.limit - price) >= 0), key=lambda o: -sign * o.limit
        )

    def put(self, order: Order, state: str) -> None:
        self.orders = [o for o in self.orders if o is not order] + [order]
        order.state, order.shown = state, order.number("show")

    def leaves(self, order: Order, left: Decimal, why: str) -> None:
        order.left = left
        self.lines.append(f"leaves {order.name} {plain(left)} {why}")

    def begin(self, now: datetime) -> None:
        """What the time of an entry does before it acts: expiry (1), the end of an auction (9)."""
        for order in sorted(self.those("rests", "waits", "stop"), key=lambda o: (o.ends, o.entry)):
            if order.ends <= now:
                self.leaves(order, NONE, "expired")
        if self.phase == "call" and self.until <= now:
            self.auction()
            self.trigger()

    def enter(self, order: Order, again: bool = False) -> None:
        """An order comes in (2b to 2e), or comes in again (7, 8): what it needed it had then."""
        tif = order.keys.get("tif")
        at_once = order.limit.is_infinite() or tif in ("ioc", "fok")
        needs = NONE if again else order.number("min", NONE)
        needs = max(needs, order.left) if tif == "fok" else needs
        order.state = "comes"
        if self.phase != "open" and not (at_once or needs):
            self.put(order, "waits")
        elif self.phase != "open":
            self.leaves(order, NONE, "killed")
        elif "post-only" in order.keys and self.queue(-order.sign, order.limit):
            self.leaves(order, NONE, 'rejected "would trade"')
        elif needs and needs > self.count(order):
            self.leaves(order, NONE, "killed")
        else:
            self.trade(order)
            if order.left and at_once:
                self.leaves(order, NONE, "killed")
            elif order.left:
                self.put(order, "rests")

    def count(self, order: Order) -> Decimal:
        """What would trade at once (4): tried in a copy of the book, up to the first own order."""
        book, tried = copy.deepcopy((self, order))
        mode = "oldest" if order.keys.get("stp") == "oldest" else "newest"
        tried.keys = {**order.keys, "stp": mode}
        book.trade(tried)
        return tried.filled

    def trade(self, order: Order) -> None:
        """With the best that it crosses, as long as there is one (3)."""
        while order.left and (crossed := self.queue(-order.sign, order.limit)):
            best, most = crossed[0], order.left
            if order.limit == ENDLESS and order.cover < ENDLESS and best.limit:
                most = Decimal(floor(Fraction(order.cover) / Fraction(best.limit) * 10**9)) / 10**9
            if not most:
                return
            if best.member == order.member:
                self.prevent(order, best)
                continue
            quantity = min(order.left, best.left, best.shown, most)
            self.fill(quantity, best.limit, "buyer" if order.sign > 0 else "seller", order, best)
            best.shown -= quantity
            if not best.shown:  # the next part of an iceberg goes to the back (5)
                self.put(best, "rests")

    def prevent(self, order: Order, best: Order) -> None:
        """An order meets one of its own member (3)."""
        mode, less = order.keys.get("stp", "newest"), min(order.left, best.left)
        for one, ends in (best, ("oldest", "both")), (order, ("newest", "both")):
            if mode == "decrement":
                self.leaves(one, one.left - less, "decremented")
            elif mode in ends:
                self.leaves(one, NONE, "cancelled")

    def fill(self, quantity: Decimal, price: Decimal, taker: str, *pair: Order) -> None:
        for one in pair:
            one.left -= quantity
            one.filled += quantity
            one.cover -= quantity * price
        buy, sell = sorted(pair, key=lambda o: -o.sign)
        names = f"{buy.name} {sell.name}; taker: {taker}"
        self.lines.append(f"fill {plain(quantity)} {self.ticker} @ {price:f} {names}")
        self.prices.append(price)

    def trigger(self) -> None:
        """The stops that fills triggered come in, one by one, and those that these trigger (6)."""
        for order in self.those("stop"):
            if any(order.sign * (p - order.number("stop")) >= 0 for p in self.prices[self.heard :]):
                order.state = "due"
        self.heard = len(self.prices)
        due = self.those("due")
        if due:
            self.enter(min(due, key=lambda o: (-o.sign, o.sign * o.number("stop"), o.entry)))
            self.trigger()

    def replace(self, order: Order, quantity: Decimal, price: Decimal, entry: int) -> None:
        """By entry `entry`; quantity is the order's, with what is filled (7)."""
        left = quantity - order.filled
        if left <= 0:
            return self.leaves(order, NONE, f"replaced {entry}")
        keeps = order.state == "stop" or (price == order.limit and left <= order.left)
        self.leaves(order, left, f"@ {price:f} replaced {entry}")
        order.limit = price
        return None if keeps else self.enter(order, again=True)

    def auction(self) -> None:
        """The end of a call phase: one price, and the fills at it (9)."""

        def rank(price: Decimal) -> tuple[Decimal, ...]:
            demand, supply = (sum((o.left for o in self.queue(s, price)), NONE) for s in (1, -1))
            away = abs(price - self.prices[-1]) if self.prices else NONE
            return -min(demand, supply), abs(demand - supply), away, price

        price = min((o.limit for o in self.those("rests", "waits")), key=rank, default=NONE)
        while (buys := self.queue(1, price)) and (sells := self.queue(-1, price)):
            pair = buys[0], sells[0]
            if pair[0].member == pair[1].member:
                self.leaves(max(pair, key=self.orders.index), NONE, "cancelled")
            else:
                self.fill(min(o.left for o in pair), price, "none", *pair)
        self.resume()

    def resume(self) -> None:
        """What came in the halt comes in now (8)."""
        self.phase, waiting = "open", self.those("waits")
        for order in waiting:
            order.state = "comes"
        for order in waiting:
            self.enter(order, again=True)


def combine(said: Instruction, book: Callable[[str], Book], lines: list[str]) -> None:
    """A combination: what its legs would trade is tried in copies of their books (10)."""
    _, quantity, _, net = said.text.split()
    legs = []
    for line in said.keys["legs"].split("\n"):
        sign, ratio, ticker = line[0], Decimal(line[1:].split()[0]), line.split()[1]
        side = "buy" if sign == "+" else "sell"
        text = f"{side} {plain(Decimal(quantity) * ratio)} {ticker} @ market"
        legs.append((said._replace(text=text, keys={"tif": "ioc", "stp": "newest"}), ticker))
    cost, works = NONE, all(book(ticker).phase == "open" for _, ticker in legs)
    for leg, ticker in legs:
        tried, order = copy.deepcopy(book(ticker)), Order(leg, time())
        tried.lines = []
        tried.trade(order)
        works = works and order.filled == Decimal(leg.text.split()[1])
        for line in tried.lines:
            if line.startswith("fill "):
                cost += order.sign * Decimal(line.split()[1]) * Decimal(line.split()[4])
    if not works or cost > Decimal(quantity) * Decimal(net):
        lines.append(f"leaves {said.member}/{said.entry} 0 killed")
        return
    for leg, ticker in legs:
        book(ticker).trade(Order(leg, time()))
    for _, ticker in legs:
        book(ticker).trigger()


def plain(number: Decimal) -> str:
    """Without zeros at the end, never with an exponent."""
    return f"{number.normalize():f}"


def oracle(session: Iterable[Instruction]) -> list[str]:
    """What is owed, in order: lines like `fill 60 ACME @ 12.50 alice/1 bob/2; taker: seller`."""
    lines, books, orders, day_end = [], {}, {}, time()

    def book(ticker: str) -> Book:
        return books.setdefault(ticker, Book(ticker, lines))

    with localcontext(Context(prec=100)):
        for said in session:
            for one in books.values():
                one.begin(said.time)
            match said.text.split():
                case ["buy" | "sell", _, ticker, "@", _]:
                    order = orders[str(said.entry)] = Order(said, day_end)
                    if order.ends <= said.time:
                        book(ticker).leaves(order, NONE, "expired")
                    elif "stop" in said.keys:
                        book(ticker).put(order, "stop")
                    else:
                        book(ticker).enter(order)
                case ["cancel" | "replace", ref, *new]:
                    order = orders.get(ref)
                    if not order or not order.left or order.member != said.member:
                        lines.append(f"leaves {said.member}/{ref} 0 late {said.entry}")
                    elif new:
                        quantity, price = Decimal(new[0]), Decimal(new[2])
                        book(order.ticker).replace(order, quantity, price, said.entry)
                    else:
                        book(order.ticker).leaves(order, NONE, f"cancelled {said.entry}")
                case ["combo", *_]:
                    combine(said, book, lines)
                case ["halt", ticker]:
                    book(ticker).phase = "halted"
                case ["resume", ticker]:
                    book(ticker).resume()
                case ["auction", ticker, "until", until]:
                    book(ticker).phase, book(ticker).until = "call", moment(until)
                case ["suspend" | "expel", member]:
                    for order in orders.values():
                        if order.left and order.member == member:
                            book(order.ticker).leaves(order, NONE, f"cancelled {said.entry}")
                case ["rule", "day-end", clock]:
                    day_end = time.fromisoformat(clock)
            for one in books.values():
                one.trigger()
    return lines
