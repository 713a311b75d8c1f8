"""Start a ticker's lane again from what stands: the part of `match` that an `adopt` calls for."""

from collections import deque
from collections.abc import Sequence

from pit.filters.book import Working
from pit.filters.combos import Combo
from pit.filters.instructions import Cancel, Order, Replace
from pit.filters.lanes import Owed
from pit.filters.match_state import stands
from pit.filters.record import reference_key
from pit.filters.standing import Standing
from pit.filters.trading import Lane
from pit.filters.turns import Banned, Ended, Item, What

__all__ = ["lane", "wait"]


def lane(old: Lane, owed: Sequence[Owed]) -> Lane:
    """The lane anew; owed: what it owed before.

    Orders whose reports all stand go back to where they were; what caused the others, and what
    waited, waits to be worked again in the order of the entries.
    """
    record, pit, ticker = old.record, old.pit, old.ticker
    made = Lane(ticker, pit, record)
    made.closed, made.call, made.last = old.closed, old.call, old.last
    later = {item.what.ref for item in old.waiting}
    again: dict[str, Item] = {}
    for was in owed:
        found = record.cancels.get(was.cause) or record.replaces.get(was.cause)
        if found:
            again[was.cause] = Item("", found)
        elif was.directive.args[-1] == f"cancelled {was.cause}":
            owner = was.directive.args[0].partition("/")[0]
            market = pit.markets.get(ticker)
            ended = market is not None and record.courses[market.driver].ended
            ended = ended or (ticker in pit.tickers and pit.tickers[ticker].closed)
            again[was.cause] = Item("", Ended(was.cause) if ended else Banned(was.cause, owner))
        elif was.cause in record.orders:
            order = record.orders[was.cause]
            again[was.cause] = Item(order.time, order, fired=bool(order.terms.stop))
    for order in sorted(record.orders.values(), key=lambda order: reference_key(order.ref)):
        if order.ticker == ticker and order.ref not in later and order.ref not in again:
            _put_back(Working(order), made, old)
    made.waiting.extend(again[ref] for ref in sorted(again, key=reference_key))
    made.waiting.extend(item for item in old.waiting if _waits(item.what, record))
    return made


def _put_back(found: Working, made: Lane, old: Lane) -> None:
    """Let an order that stands open work as it did, or rest."""
    order = found.order
    was = old.working.get(order.ref)
    if was in old.stops:
        made.stops.append(found)
    elif was in old.held:
        made.held.append(found)
    else:
        found.shown = min(order.terms.show, found.left)
        made.book.side(order.buys).add(found)
    made.put(found)


def _waits(what: What, record: Standing) -> bool:
    """Whether what waited for its turn still can have one: no report that was adopted ended it."""
    if isinstance(what, Cancel):
        return what.ref in record.cancels
    return not isinstance(what, Order | Combo | Replace) or stands(what.ref, record)


def wait(lane: Lane, item: Item) -> None:
    """Let an instruction wait in its place: in the order of the entries."""
    lane.waiting = deque(sorted([*lane.waiting, item], key=_by_entry))


def _by_entry(item: Item) -> tuple[int, int]:
    return reference_key(item.what.ref)
