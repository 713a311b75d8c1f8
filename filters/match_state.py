"""The state of `match` as text and back: what works of each order, and what waits for its turn."""

from collections.abc import Iterable, Iterator, Mapping

from pit.archives.amounts import decimal, trimmed
from pit.archives.verbs import NO_KEYS, Directive, Verb, make_directive
from pit.filters.book import Working
from pit.filters.combos import Combo
from pit.filters.instructions import SCALE, Order, Replace, scaled
from pit.filters.standing import Standing
from pit.filters.trading import Lane
from pit.filters.turns import Banned, Ended, Item, Session, What
from pit.pits.state import Pit

__all__ = ["WORDS", "dump", "load", "stands"]

WORDS = (
    Verb(
        "working",
        "{order:reference} {left:number}",
        "An order that works: in the book, each side as it trades, or not yet there.",
        keys={
            "quantity": "number",
            "price": "price",
            "shown": "number",
            "cover": "units",
            "came": "reference",
            "as": "=stop|held",
        },
    ),
    Verb(
        "waiting",
        "{lane:word} {what:=order|combo|cancel|replace|banned|ended|session} "
        "{instruction:reference} {time:time}",
        "An instruction that waits for its turn.",
        keys={
            "owner": "handle",
            "session": "=halt|resume|auction",
            "until": "time",
            "fired": "yes",
        },
    ),
    Verb("last", "{ticker:asset} {price:price}", "The price of a ticker's last fill."),
    Verb("closed", "{ticker:asset} {until:word} {by:reference}", "A halt, or a call phase."),
)


def dump(lanes: Mapping[str, Lane], record: Standing) -> Iterator[Directive]:
    """Which of the record's orders work, and how; what waits."""
    for ticker, lane in sorted(lanes.items()):
        if lane.closed:
            yield Directive("closed", (ticker, lane.closed, lane.call))
        if lane.last is not None:
            yield Directive("last", (ticker, trimmed(decimal(lane.last, SCALE))))
        for place, orders in (("", lane.book), ("stop", lane.stops), ("held", lane.held)):
            for found in orders:
                if found.left and found.order.ref in record.orders:
                    yield _working(found, place)
        for item in lane.waiting:
            if not isinstance(item.what, Order | Combo | Replace) or stands(item.what.ref, record):
                yield _waiting(ticker, item)


def stands(ref: str, record: Standing) -> bool:
    """Whether an order, combination or replace was neither refused nor is over."""
    return ref in record.orders or ref in record.replaces or ref in record.combos


def _working(found: Working, place: str) -> Directive:
    """An order that works; what of it is not as published is said."""
    order = found.order
    whole = found.left == scaled[order.written]
    left = order.written if whole else trimmed(decimal(found.left, SCALE))
    same = found.quantity == order.quantity and found.price == order.price
    if same and found.cover == order.cover and not (found.shown or found.came or place):  # mostly
        return make_directive(("working", (order.ref, left), NO_KEYS))
    keys: dict[str, object] = {}
    if found.quantity != order.quantity:
        keys["quantity"] = trimmed(decimal(found.quantity, SCALE))
    if found.price != order.price:
        keys["price"] = found.limit
    if found.shown:
        keys["shown"] = trimmed(decimal(found.shown, SCALE))
    if found.cover != order.cover:
        keys["cover"] = found.cover
    if found.came:
        keys["came"] = found.came
    if place:
        keys["as"] = place
    return make_directive(("working", (order.ref, left), keys or NO_KEYS))


def _waiting(ticker: str, item: Item) -> Directive:
    time, what, fired = item
    keys: Mapping[str, str] = {"fired": "yes"} if fired else NO_KEYS
    if isinstance(what, Banned):
        keys = {"owner": what.owner}
    elif isinstance(what, Session):
        keys = {"session": what.verb} | ({"until": what.until} if what.until else {})
    kind = type(what).__name__.lower()
    return Directive("waiting", (ticker, kind, what.ref, time), keys)


def load(directives: Iterable[Directive], pit: Pit, record: Standing) -> dict[str, Lane]:
    """The lanes that `dump` wrote."""
    lanes: dict[str, Lane] = {}

    def lane_of(ticker: str) -> Lane:
        if ticker not in lanes:
            lanes[ticker] = Lane(ticker, pit, record)
        return lanes[ticker]

    for order in record.orders.values():
        lane_of(order.ticker)
    for directive in directives:
        verb, args, keys = directive
        if verb == "working":
            found, place = _worked(directive, record), keys.get("as", "")
            lane = lane_of(found.order.ticker)
            if place:
                (lane.stops if place == "stop" else lane.held).append(found)
            else:
                lane.book.side(found.order.buys).add(found)
            lane.put(found)
        elif verb == "waiting":
            ticker, kind, ref, time = args
            item = Item(time, _what(kind, ref, keys, record), "fired" in keys)
            lane_of(ticker).waiting.append(item)
        elif verb == "closed":
            lane = lane_of(args[0])
            lane.closed, lane.call = args[1:]
        elif verb == "last":
            lane_of(args[0]).last = scaled[args[1]]
    return lanes


def _worked(directive: Directive, record: Standing) -> Working:
    (ref, left), keys = directive.args, directive.keys
    found = Working(record.orders[ref])
    found.left = scaled[left]
    if "quantity" in keys:
        found.quantity = scaled[keys["quantity"]]
    if "price" in keys:
        found.price, found.limit, found.cover = scaled[keys["price"]], keys["price"], -1
    if "cover" in keys:
        found.cover = keys["cover"]
    if "shown" in keys:
        found.shown = scaled[keys["shown"]]
    found.came = keys.get("came", "")
    found.tried = bool(found.came)  # what waits to come back has rested before
    return found


def _what(kind: str, ref: str, keys: Mapping[str, str], record: Standing) -> What:
    if kind == "order":
        return record.orders[ref]
    if kind == "combo":
        return record.combos[ref]
    if kind == "cancel":
        return record.cancels[ref]
    if kind == "replace":
        return record.replaces[ref]
    if kind == "ended":
        return Ended(ref)
    if kind == "banned":
        return Banned(ref, keys["owner"])
    return Session(ref, keys["session"], keys.get("until", ""))
