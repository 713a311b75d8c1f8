"""What is wrong with an order before anybody looks at cover (MARKET, Matching, row 1)."""

from decimal import Decimal

from pit.archives.amounts import decimal, plain
from pit.filters.instructions import (
    IMMEDIATE,
    ONE,
    PLAIN,
    PLAIN_2,
    SCALE,
    Order,
    Replace,
    Terms,
)
from pit.filters.markets import Course
from pit.pits.listing import Ticker
from pit.pits.markets import CONTRACT, Market

__all__ = [
    "contract_problem",
    "cover_of",
    "order_problem",
    "replace_problem",
    "units_of",
    "with_fee",
    "written_of",
]


def units_of(quantity: int, ticker: Ticker) -> int:
    """A quantity in 10**-9 in the ticker's smallest unit."""
    return quantity // ticker.unit_scaled


def with_fee(order: Order, worst: int, ticker: Ticker) -> int:
    """What a buy needs, in smallest units, if what is left of it costs `worst` (10**-18).

    With the fee that it may still be charged at its highest rate, beyond what it has paid.
    """
    unit = ticker.value_scaled
    worst *= ticker.factor
    if not any(order.rates):
        return worst // unit
    whole = unit * ONE
    paid = -(-order.charges // whole)
    charged = order.charges + worst * max(order.rates)
    return worst // unit - (-charged // whole) - paid


def cover_of(order: Order, held: int, ticker: Ticker) -> int:
    """What a market order to buy may cost if so much is held for it, its fee included."""
    if order.cover >= 0:
        return order.cover // ticker.value_scaled
    return held * ONE // (ONE + max(order.rates))


def written_of(order: Order, ticker: Ticker) -> str:
    """`100 @ 12.50`."""
    quantity = plain(decimal(units_of(order.quantity, ticker), ticker.decimals))
    return f"{quantity} @ {'market' if order.limit is None else plain(order.limit)}"


def order_problem(order: Order, ticker: Ticker | None, now: str) -> str:
    """Why an order cannot work, whatever its owner has, as a sentence; '' when it can."""
    if ticker is None:
        return f"{order.ticker} is not listed"
    if ticker.closed:
        return f"{order.ticker} is closed"
    if not order.quantity:
        return "a quantity of 0 buys and sells nothing"
    found = _off_lot("", order.quantity, ticker)
    if order.limit is not None:
        found = found or _off_tick("", order.price, order.limit, ticker)
    if found:
        return found
    if order.until and order.until <= now:
        return f"until {order.until} is not after {now}"
    if order.limit is not None and order.terms in (PLAIN, PLAIN_2):
        return ""
    return _terms_problem(order, order.terms, ticker)


def contract_problem(order: Order | Replace, market: Market, course: Course) -> str:
    """Why an order cannot work in a market of contracts, as a sentence; '' when it can."""
    if course.ended:
        at = "void" if course.value is None else f"settled at {_number(course.value)}"
        return f"{market.driver} is {at}"
    if order.limit is None:
        return f"a market order in {market.code} has no bound on what it can cost; give a limit"
    if not market.low <= order.price <= market.high:
        low, high = _number(market.low), _number(market.high)
        return f"{market.code} is worth {low} to {high}; {plain(order.limit)} is outside"
    return ""


def _terms_problem(order: Order, terms: Terms, ticker: Ticker) -> str:
    """Why what an order says beside quantity and price makes no sense, as a sentence."""
    found = _off_lot("min ", terms.minimum, ticker) or _off_lot("show ", terms.show, ticker)
    if terms.stop:
        found = found or _off_tick("stop ", terms.stop, _plain(max(0, terms.stop)), ticker)
    if found:
        return found
    if terms.minimum > order.quantity:
        return f"min {_number(terms.minimum)} is more than {plain(order.written)}"
    at_once = order.limit is None or terms.tif in IMMEDIATE
    if terms.post_only and (at_once or terms.minimum):
        return "post-only never trades at once; market, ioc, fok and min only do"
    if order.cover >= 0 and order.cover % ticker.value_scaled:
        cap = plain(decimal(order.cover, 2 * SCALE).normalize())
        return f"cap {cap} is finer than {ticker.currency}'s smallest unit"
    return ""


def replace_problem(replace: Replace, order: Order, ticker: Ticker) -> str:
    """Why an order cannot be replaced so, as a sentence; '' when it can."""
    if ticker.closed:
        return f"{ticker.code} is closed"
    if not replace.quantity:
        return f"a quantity of 0 buys and sells nothing; `cancel {order.ref}` ends it"
    return _off_lot("", replace.quantity, ticker) or _off_tick(
        "", replace.price, replace.limit, ticker
    )


def _off_lot(what: str, quantity: int, ticker: Ticker) -> str:
    if quantity % ticker.lot_scaled:
        return f"{what}{_number(quantity)} is not a multiple of the lot, {plain(ticker.lot)}"
    return ""


def _off_tick(what: str, price: int, written: Decimal, ticker: Ticker) -> str:
    if price % ticker.tick_scaled or not (price or ticker.mode == CONTRACT):
        return f"{what}{plain(written)} is not a multiple of the tick, {plain(ticker.tick)}"
    return ""


def _plain(amount: int) -> Decimal:
    return decimal(amount, SCALE).normalize()


def _number(amount: int) -> str:
    return plain(_plain(amount))
