"""The rows of `pit db` about orders: what was asked, who answered, what was traded and left."""

from collections.abc import Callable

from pit.archives.amounts import decimal, plain, trimmed
from pit.filters.busting import Ruling
from pit.filters.claims import Claim, account_of, smallest
from pit.filters.combos import Combo, Leg
from pit.filters.db_books import Said
from pit.filters.db_pit import Rows
from pit.filters.db_values import Number, Value, exact, number
from pit.filters.history import Chapter
from pit.filters.instructions import (
    SCALE,
    Order,
    Replace,
    Trade,
    scaled,
)
from pit.pits.listing import Ticker
from pit.pits.state import Pit

Amount = Number | tuple[None, str | None]
"""An amount as it is stored and shown; no integer where it is not whole, no text where none is."""

_NONE: Amount = None, None
_ENDINGS = ("cancelled", "expired", "killed", "rejected", "replaced", "decremented")


def in_lots(amount: int, ticker: Ticker | None) -> Amount:
    """A quantity (10**-9) in the ticker's smallest unit; no integer where none fits."""
    if ticker and not amount % ticker.unit_scaled:
        return number(amount // ticker.unit_scaled, ticker.decimals)
    return None, plain(trimmed(decimal(amount, SCALE)))


def in_ticks(price: int, ticker: Ticker | None) -> Amount:
    """A price (10**-9) as `tickers.price_scale` has it; no integer where none fits."""
    unit = 10 ** (SCALE - ticker.price_decimals) if ticker else 1
    if ticker and not price % unit:
        return number(price // unit, ticker.price_decimals)
    return None, plain(trimmed(decimal(price, SCALE)))


def quantity_of(asked: Order | Replace, ticker: Ticker | None) -> Amount:
    """The quantity that is asked for; as it was written where it is not whole."""
    found = in_lots(asked.quantity, ticker)
    return found if found[0] is not None else (None, plain(asked.written))


def limit_of(asked: Order | Replace, ticker: Ticker | None) -> Amount:
    """Its price; as it was written where it is not whole."""
    if asked.limit is None:
        return None, "market"
    found = in_ticks(asked.price, ticker)
    return found if found[0] is not None else (None, plain(asked.limit))


def money(amount: int, code: str, pit: Pit) -> Number:
    """An amount in the smallest unit of an asset."""
    return number(amount, pit.decimals(code) or 0)


# --- what was asked ---------------------------------------------------------------------------


def _order(rows: Rows, one: Said, chapter: Chapter) -> None:
    order, pit = one.subject, chapter.pit
    assert isinstance(order, Order)
    ticker, terms, keys = pit.tickers.get(order.ticker), order.terms, one.directive.keys
    quantity = quantity_of(order, ticker)
    row: dict[str, Value] = {
        "ref": order.ref,
        "entry": chapter.entry.number,
        "time": order.time,
        "owner": order.owner,
        "account": order.account,
        "side": "buy" if order.buys else "sell",
        "ticker": order.ticker,
        "tif": terms.tif,
        "until": order.until or None,
        "post_only": int(terms.post_only),
        "stp": terms.stp,
        "label": order.label or None,
        "status": "unanswered",
    }
    amounts = {
        "quantity": quantity,
        "price": limit_of(order, ticker),
        "stop": in_ticks(terms.stop, ticker) if "stop" in keys else _NONE,
        "minimum": in_lots(terms.minimum, ticker) if "min" in keys else _NONE,
        "display": in_lots(terms.show, ticker) if "show" in keys else _NONE,
        "cap": _cap(one, ticker, pit),
        "filled": in_lots(0, ticker),
        "remaining": quantity,
    }
    rows.add("orders", row | _columns(amounts))


def _cap(one: Said, ticker: Ticker | None, pit: Pit) -> Amount:
    cap = one.directive.keys.get("cap")
    if cap is None:
        return _NONE
    whole = smallest(cap, ticker.currency, pit) if ticker else None
    if ticker is None or whole is None:
        return None, plain(cap)
    return money(whole, ticker.currency, pit)


def _columns(amounts: dict[str, Amount]) -> dict[str, Value]:
    """Each amount in its two columns."""
    row: dict[str, Value] = {}
    for name, (value, text) in amounts.items():
        row |= {name: value, f"{name}_shown": text}
    return row


def _combo(rows: Rows, one: Said, chapter: Chapter) -> None:
    entry, (number, net), keys = chapter.entry, one.directive.args, one.directive.keys
    row: dict[str, Value] = {
        "ref": one.ref,
        "entry": entry.number,
        "time": entry.time,
        "owner": entry.signer,
        "account": account_of(entry.signer, keys),
        "quantity_shown": plain(number),
        "net_shown": plain(net),
        "label": keys.get("ref"),
        "status": "unanswered",
    }
    rows.add("combos", row)
    legs: tuple[Leg, ...] = one.subject.legs if isinstance(one.subject, Combo) else ()
    for position, leg in enumerate(legs, 1):
        quantity = in_lots(leg.quantity, chapter.pit.tickers.get(leg.ticker))
        side = "buy" if leg.buys else "sell"
        rows.insert("combo_legs", one.ref, position, leg.ticker, side, *quantity)


def _cancel(rows: Rows, one: Said, chapter: Chapter) -> None:
    entry, target = chapter.entry, one.directive.args[0]
    row = (one.ref, entry.number, entry.time, entry.signer, target)
    rows.insert("cancels", *row, "unanswered", None)
    if isinstance(one.subject, Claim):
        rows.update("claims", target, status="cancelled", ended_by=one.ref)


def _replace(rows: Rows, one: Said, chapter: Chapter) -> None:
    entry, (target, quantity, price) = chapter.entry, one.directive.args
    asked: tuple[Value, ...] = None, plain(quantity), None, plain(price)
    if isinstance(one.subject, Replace):
        ticker = chapter.pit.tickers.get(one.subject.lane)
        asked = *quantity_of(one.subject, ticker), *limit_of(one.subject, ticker)
    row = (one.ref, entry.number, entry.time, entry.signer, target)
    rows.insert("replaces", *row, *asked, "unanswered", None, None)


def _session(rows: Rows, one: Said, chapter: Chapter) -> None:
    entry, (ticker, *until) = chapter.entry, one.directive.args
    kind = one.directive.verb
    rows.insert("sessions", one.ref, entry.number, entry.time, ticker, kind, *until or (None,))


# --- what was answered ------------------------------------------------------------------------


def _answer(rows: Rows, one: Said, chapter: Chapter) -> None:
    entry, (verb, args, keys), subject = chapter.entry, one.directive, one.subject
    owner, _, target = args[0].partition("/")
    refused = verb == "refuse"
    cover = _cover(one, chapter.pit) if "cover" in keys else _NONE
    row = (one.ref, entry.number, entry.time, entry.signer, owner, target, verb)
    rows.insert("answers", *row, *cover, args[1] if refused else None)
    if isinstance(subject, Ruling):
        if subject.done:
            rows.update("fills", subject.bust.fill.ref, busted=subject.bust.ref)
    elif isinstance(subject, Order):
        rows.update("orders", target, answered_by=one.ref)
        if refused:
            _end(rows, subject, "refused", one.ref, chapter.pit)
    elif isinstance(subject, Claim):
        ends = refused or subject.verb == "transfer"
        status = "refused" if refused else "delivered" if ends else "held"
        ended = one.ref if ends else None
        rows.update("claims", target, status=status, answered_by=one.ref, ended_by=ended)
    else:  # a replace, or something that needs no cover, or needs none any more
        status, ended = ("refused", one.ref) if refused else ("accepted", None)
        rows.update("replaces", target, status=status, answered_by=one.ref, ended_by=ended)
        rows.update("cancels", target, status=status, answered_by=one.ref)
        rows.update("combos", target, status=status, answered_by=one.ref, ended_by=ended)
        rows.update("claims", target, answered_by=one.ref)


def _cover(one: Said, pit: Pit) -> Amount:
    cover = one.directive.keys["cover"]
    ticker = pit.tickers.get(one.subject.ticker) if isinstance(one.subject, Order) else None
    whole = smallest(cover, ticker.currency, pit) if ticker else None
    if ticker is None or whole is None:
        return None, plain(cover)
    return money(whole, ticker.currency, pit)


# --- what was traded, and what is left --------------------------------------------------------


def _fill(rows: Rows, one: Said, chapter: Chapter) -> None:
    trade = one.subject
    assert isinstance(trade, Trade)
    quantity, code, price, buyer, seller = one.directive.args
    entry, pit = chapter.entry, chapter.pit
    ticker = pit.tickers.get(code)
    value: tuple[Value, ...] = None, None, None
    lots = at = None
    fees: list[Value] = [0, "0"] * 2
    if ticker:
        currency = ticker.currency
        lots = exact(scaled[quantity] // ticker.unit_scaled)
        at = exact(scaled[price] // 10 ** (SCALE - ticker.price_decimals))
        value = None, None, currency  # a contract's fill pays nothing
        if pit.decimals(code) is not None:
            value = *money(rows.received.get((one.ref, currency), 0), currency, pit), currency
        fees = [part for fee in trade.fees for part in money(fee, currency, pit)]
    row = (one.ref, entry.number, entry.time, entry.signer, code, lots, plain(quantity), at)
    sides = (*buyer.split("/"), *seller.split("/"))
    taker = one.directive.keys.get("taker")
    rows.insert("fills", *row, plain(price), *value, *sides, taker, *fees, None)
    for order in (trade.bought, trade.sold):
        if isinstance(order, Leg):
            rows.update("combos", order.ref, status="filled", ended_by=one.ref)
            continue
        amounts = {
            "filled": in_lots(order.filled, ticker),
            "remaining": in_lots(order.quantity - order.filled, ticker),
        }
        rows.update("orders", order.ref, **_columns(amounts))
        if order.filled == order.quantity:
            _end(rows, order, "filled", one.ref, pit)


def _leaves(rows: Rows, one: Said, chapter: Chapter) -> None:
    entry, (name, left, price, words) = chapter.entry, one.directive.args
    owner, _, target = name.partition("/")
    why, _, answered = words.partition(" ")
    order = one.subject if isinstance(one.subject, Order) else None
    ticker = chapter.pit.tickers.get(order.ticker) if order else None
    quantity = in_lots(scaled[left], ticker) if order else (0, "0")
    at = in_ticks(scaled[price], ticker) if price is not None else _NONE
    row = (one.ref, entry.number, entry.time, entry.signer, owner, target)
    rows.insert("leaves", *row, *quantity, *at, words)
    if order and left:
        amounts = {
            "quantity": quantity_of(order, ticker),
            "price": limit_of(order, ticker),
            "remaining": quantity,
        }
        rows.update("orders", target, **_columns(amounts))
    elif order:
        _end(rows, order, why if why in _ENDINGS else "ended", one.ref, chapter.pit)
    elif isinstance(one.subject, Combo):
        rows.update("combos", target, status=why, ended_by=one.ref)
    if why in ("cancelled", "late"):
        query = "UPDATE cancels SET status = ?, answered_by = ? WHERE ref = ?"
        rows.con.execute(f"{query} AND answered_by IS NULL", (why, one.ref, answered))
    if why in ("replaced", "late"):
        rows.update("replaces", answered, status=why, ended_by=one.ref)


def _end(rows: Rows, order: Order, status: str, ref: str, pit: Pit) -> None:
    """An order has ended."""
    nothing = _columns({"remaining": in_lots(0, pit.tickers.get(order.ticker))})
    rows.update("orders", order.ref, status=status, ended_by=ref, **nothing)


TOLD: dict[str, Callable[[Rows, Said, Chapter], None]] = {
    "buy": _order,
    "sell": _order,
    "combo": _combo,
    "cancel": _cancel,
    "replace": _replace,
    "halt": _session,
    "resume": _session,
    "auction": _session,
    "accept": _answer,
    "refuse": _answer,
    "fill": _fill,
    "leaves": _leaves,
}
