"""What stands: the open orders and claims, folded from published lines alone.

Whether a report's directive counts is decided here, by the published record of both sides: who may
publish, orders named, quantities left, prices inside limits, `accept` standing (FILTERS, What
counts). Every filter and the audit use this one fold, so all decide alike, without knowing
anybody's balance.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from pit.archives.amounts import WHOLE_DIGITS, decimal, plain, trimmed
from pit.archives.entry import OPERATOR
from pit.archives.language import Text
from pit.archives.mbox import Entry
from pit.archives.verbs import Directive
from pit.filters.instructions import (
    NO_FEES,
    ONE,
    PLAIN,
    PLAIN_2,
    SCALE,
    Act,
    Cancel,
    Claim,
    Idle,
    Order,
    Problem,
    Replace,
    Trade,
    scaled,
    smallest,
)
from pit.pits.listing import Holder, Ticker
from pit.pits.state import Pit

_make_act = partial(tuple.__new__, Act)  # half the cost of a call of Act


class Standing:
    """The published record: open orders, claims, cancels, replaces and answers due, by reference.

    totals: what is in existence of each asset, in its smallest unit. idle: directives of the last
    entry that had no effect.
    """

    def __init__(self) -> None:
        self.orders: dict[str, Order] = {}
        self.claims: dict[str, Claim] = {}
        self.cancels: dict[str, Cancel] = {}
        self.replaces: dict[str, Replace] = {}
        self.due: dict[str, str] = {}
        self.totals: dict[str, int] = {}
        self.idle: list[Idle] = []

    def step(self, entry: Entry, text: Text, pit: Pit) -> list[Act]:
        """The acts of an entry, in order; the record is what it is after them."""
        acts: list[Act] = []
        if self.idle:
            self.idle = []
        directives = text.directives
        after = -1
        if len(directives) > 1 and directives[0].verb == "report":
            after = text.after[0] if text.after else 0
        for index, directive in enumerate(directives):
            handler = _HANDLERS.get(directive.verb)
            number = entry.number
            ref = str(number) if not index else f"{number}.{index + 1}"
            if handler is None:
                acts.append(_make_act((ref, directive, None)))
                continue
            result = handler(self, ref, directive, entry, pit, after)
            if type(result) is str:
                self.idle.append(Idle(ref, directive, result))
            else:
                acts.append(_make_act((ref, directive, result)))
        return acts

    def problem(self, ref: str, entry: Entry, why: str) -> Problem:
        """An instruction without effect: its signer's keeper owes a `refuse`."""
        self.due[ref] = entry.signer
        return Problem(why)


def not_entitled(holder: Holder | None, signer: str, after: int, pit: Pit, what: str) -> str:
    """Why the signer's report on `what` does not count; '' when it may (FILTERS, What counts)."""
    if pit.open:
        return ""
    if holder is None or holder.handle != signer:
        owner = holder.handle if holder else "nobody"
        return f"{what} is {owner}'s to report on, not {signer}'s"
    if holder.since > after:
        return (
            f"{signer} has {what} since entry {holder.since}; the report knows only up to {after}"
        )
    if after < pit.adopted:
        return f"the report knows only up to {after}; entry {pit.adopted} adopted what stood then"
    return ""


Handler = Callable[[Standing, str, Directive, Entry, Pit, int], Any]


def _order(
    record: Standing, ref: str, directive: Directive, entry: Entry, pit: Pit, after: int
) -> Order:
    order = Order(ref, entry.time, entry.signer, directive)
    order.accepted = pit.open
    if pit.rule("match") > 1 and "stp" not in directive.keys:
        order.terms = PLAIN_2 if order.terms is PLAIN else order.terms._replace(stp="oldest")
    maker, taker = pit.rule("fee")
    if maker or taker:
        order.rates = (scaled[maker], scaled[taker])
    if order.terms.tif == "day":
        end = _day_end(entry.time, pit.rule("day-end"))
        order.until = min(order.until or end, end)
    record.orders[ref] = order
    return order


def _day_end(time: str, clock: str) -> str:
    """The first `clock` (HH:MM, UTC) after a time."""
    end = f"{time[:10]}T{clock}:00.000000Z"
    if end > time:
        return end
    day = datetime.fromisoformat(time[:10]) + timedelta(days=1)
    return f"{day:%Y-%m-%d}T{clock}:00.000000Z"


def _claim(
    record: Standing, ref: str, directive: Directive, entry: Entry, pit: Pit, after: int
) -> Claim:
    claim = Claim(ref, entry.signer, directive, pit)
    record.claims[ref] = claim
    return claim


def _cancel(
    record: Standing, ref: str, directive: Directive, entry: Entry, pit: Pit, after: int
) -> Claim | Cancel | Problem:
    target = directive.args[0]
    claim = record.claims.get(target)
    if claim and claim.verb == "withdraw" and claim.owner == entry.signer:
        del record.claims[target]
        if not claim.accepted:  # its answer is still owed, though it decides nothing any more
            record.due[target] = entry.signer
        record.due[ref] = entry.signer
        return claim
    order = record.orders.get(target)
    lane = order.ticker if order and order.owner == entry.signer else "-"
    if lane == "-" and pit.specialist("-") is None and not pit.open:
        return record.problem(ref, entry, f"no order or withdrawal of yours is entry {target}")
    cancel = record.cancels[ref] = Cancel(ref, entry.signer, target, lane)
    return cancel


def _replace(
    record: Standing, ref: str, directive: Directive, entry: Entry, pit: Pit, after: int
) -> Replace | Problem:
    target = directive.args[0]
    order = record.orders.get(target)
    lane = order.ticker if order and order.owner == entry.signer else "-"
    if lane == "-" and pit.specialist("-") is None and not pit.open:
        return record.problem(ref, entry, f"no order of yours is entry {target}")
    replace = record.replaces[ref] = Replace(ref, entry.signer, lane, directive)
    replace.accepted = pit.open
    return replace


def _payout(
    record: Standing, ref: str, directive: Directive, entry: Entry, pit: Pit, after: int
) -> Claim | Problem:
    target = directive.args[0]
    claim = record.claims.get(target)
    if claim is None or claim.verb != "withdraw":
        return record.problem(
            ref, entry, f"entry {target} is no withdrawal that waits for its payout"
        )
    if not claim.accepted:
        return record.problem(
            ref, entry, f"the accept of {claim.owner}/{target} does not stand yet"
        )
    del record.claims[target]
    record.totals[claim.asset] = record.totals.get(claim.asset, 0) - (claim.amount or 0)
    return claim


def _enter(
    record: Standing, ref: str, directive: Directive, entry: Entry, pit: Pit, after: int
) -> Problem | None:
    """A deposit or an issue: value that comes into existence."""
    if directive.verb == "deposit":
        handle, amount, asset = directive.args
        if not pit.open and pit.member(handle) is None:
            return record.problem(ref, entry, f"{handle} is not a member of this pit")
    else:
        amount, asset = directive.args
        objection = pit.objection(directive, entry.signer)
        if objection:
            return record.problem(ref, entry, objection)
    if asset in pit.tickers and directive.verb == "deposit":
        return record.problem(ref, entry, f"{asset} comes into being by `issue`, not by deposit")
    whole = smallest(amount, asset, pit)
    if whole is None or not whole:
        decimals = pit.decimals(asset)
        why = f"{asset} is not an asset of this pit"
        if decimals is not None:
            why = f"{plain(amount)} {asset} is nothing, or finer than {decimals} decimals"
        return record.problem(ref, entry, why)
    total = record.totals.get(asset, 0) + whole
    decimals = pit.decimals(asset) or 0
    if total >= 10 ** (WHOLE_DIGITS + decimals):
        return record.problem(
            ref,
            entry,
            f"{asset} in existence would be {plain(decimal(total, decimals))}; "
            f"a total has at most {WHOLE_DIGITS} digits",
        )
    record.totals[asset] = total
    return None


def _answer(
    record: Standing, ref: str, directive: Directive, entry: Entry, pit: Pit, after: int
) -> Order | Claim | Replace | str | None:
    """An `accept` or `refuse`: the first answer to stand counts."""
    owner, _, target = directive.args[0].partition("/")
    if after >= 0 or entry.signer != OPERATOR:
        why = not_entitled(pit.keeper(owner), entry.signer, after, pit, f"what {owner} instructs")
        if why:
            return why
    accepts = directive.verb == "accept"
    found = record.orders.get(target) or record.claims.get(target) or record.replaces.get(target)
    if found is None:
        if record.due.get(target) == owner:
            del record.due[target]
            return None
        return f"{directive.args[0]} waits for no answer"
    if found.owner != owner:
        return f"entry {target} is {found.owner}'s, not {owner}'s"
    if found.accepted:
        return f"{directive.args[0]} is accepted already"
    found.accepted = accepts
    if isinstance(found, Order):
        if not accepts:
            del record.orders[target]
        elif "cover" in directive.keys and found.buys and found.limit is None:
            found.cover = scaled[directive.keys["cover"]] * ONE
    elif isinstance(found, Replace):
        if not accepts:
            del record.replaces[target]
    elif not accepts or found.verb == "transfer":
        del record.claims[target]
    return found


def _fill(
    record: Standing, ref: str, directive: Directive, entry: Entry, pit: Pit, after: int
) -> Trade | str:
    number, ticker, price, buyer, seller = directive.args
    why = not_entitled(pit.specialists.get(ticker), entry.signer, after, pit, ticker)
    if why:
        return why
    quantity, at = scaled[number], scaled[price]
    listed = pit.tickers.get(ticker)
    if listed and (quantity % scaled[listed.lot] or at % scaled[listed.tick]):
        return f"{plain(number)} @ {plain(price)} is off {ticker}'s lot or tick"
    sides = []
    for name, buys in ((buyer, True), (seller, False)):
        owner, _, target = name.partition("/")
        order = record.orders.get(target)
        if order is None or order.owner != owner or order.buys is not buys:
            return f"{name} is no open order to {'buy' if buys else 'sell'}"
        if order.ticker != ticker:
            return f"{name} is an order for {order.ticker}, not {ticker}"
        if not order.accepted:
            return f"the accept of {name} does not stand"
        if quantity > order.quantity - order.filled or not quantity:
            return f"{name} has {_number(order.quantity - order.filled)} left, not {plain(number)}"
        if at > order.price if buys else at < order.price:
            limit = order.limit or price  # of a market order nothing is outside
            return f"{plain(price)} is outside the limit of {name}, {plain(limit)}"
        sides.append(order)
    bought, sold = sides
    if bought.cover >= 0:
        if quantity * at > bought.cover:
            return f"{plain(number)} @ {plain(price)} is more than what is left of {buyer}'s cover"
        bought.cover -= quantity * at
    for order in sides:
        order.filled += quantity
        if order.filled == order.quantity:
            del record.orders[order.ref]
    left = (bought.quantity - bought.filled, sold.quantity - sold.filled)
    if (bought.rates is NO_FEES and sold.rates is NO_FEES) or listed is None:
        return Trade(bought, sold, left)
    taker = directive.keys.get("taker")
    sides_of = ((bought, taker == "buyer"), (sold, taker == "seller"))
    bought_fee, sold_fee = (
        charge(order, quantity * at, takes, listed) for order, takes in sides_of
    )
    return Trade(bought, sold, left, (bought_fee, sold_fee))


def charge(order: Order, value: int, takes: bool, ticker: Ticker) -> int:
    """Charge an order its fee for a trade of that value (10**-18): what it pays now of it.

    What it is charged is added up exactly, and rounded up as a sum, so that many small trades cost
    what one large one does (MARKET, Accounts).
    """
    unit = ticker.value_scaled * ONE
    before = order.charges
    order.charges += value * order.rates[takes]
    return -(-order.charges // unit) + -before // unit


def _leaves(
    record: Standing, ref: str, directive: Directive, entry: Entry, pit: Pit, after: int
) -> Order | Cancel | Replace | str:
    name, number, _, words = directive.args
    owner, _, target = name.partition("/")
    why, _, answered = words.partition(" ")
    order = record.orders.get(target)
    asked: Cancel | Replace | None = None
    if why in ("cancelled", "late", "replaced"):
        asked = record.replaces.get(answered)
        if why != "replaced":
            asked = record.cancels.get(answered) or asked
    if asked and (asked.owner != owner or asked.target != target):
        return f"entry {answered} does not name {name}"
    if asked is None and why in ("late", "replaced"):
        return f"no {'replace' if why == 'replaced' else 'cancel'} of {name} waits for an answer"
    if isinstance(asked, Replace) and not asked.accepted:
        return f"the accept of {owner}/{answered} does not stand"
    lane = asked.lane if asked else order.ticker if order else "-"
    problem = not_entitled(pit.specialist(lane), entry.signer, after, pit, lane)
    if problem:
        return problem
    if why == "late" and asked:
        if number:
            return f"an order ends with 0 here, not {plain(number)}"
        _answered(record, asked)
        return asked
    if order is None or order.owner != owner or not order.accepted:
        return f"{name} is no accepted order that is open"
    problem = _wrong_end(order, why, asked, directive, entry)
    if problem:
        return problem
    if not number:
        del record.orders[target]
    elif isinstance(asked, Replace):
        order.quantity, order.price, order.limit = asked.quantity, asked.price, asked.limit
        order.written, order.cover = asked.written, -1
    else:  # decremented
        order.quantity = order.filled + scaled[number]
        order.written = trimmed(decimal(order.quantity, SCALE))
    if asked:
        _answered(record, asked)
    return order


def _answered(record: Standing, asked: Cancel | Replace) -> None:
    """The one answer to a cancel or replace stands."""
    (record.replaces if isinstance(asked, Replace) else record.cancels).pop(asked.ref)


def _wrong_end(
    order: Order, why: str, asked: Cancel | Replace | None, directive: Directive, entry: Entry
) -> str:
    """Why a `leaves` of an open order cannot be right, by what everybody can see."""
    name, number, limit, _ = directive.args
    left = order.quantity - order.filled
    if isinstance(asked, Replace) and why == "replaced":
        left = max(0, asked.quantity - order.filled)
        if scaled[number] != left:
            return f"{name} has {_number(left)} left after that replace, not {plain(number)}"
        if left and limit != asked.limit:
            return f"the replace asks for the price {plain(asked.limit)}"
    elif why == "decremented":
        if scaled[number] >= left:
            return f"{name} has {_number(left)} left; {plain(number)} is not less"
    elif number:
        return f"an order ends with 0 here, not {plain(number)}"
    elif why == "expired" and not "" < order.until <= entry.time:
        return f"{name} has no time limit that has passed"
    return ""


def _number(amount: int) -> str:
    return plain(trimmed(decimal(amount, SCALE)))


_HANDLERS: dict[str, Handler] = {
    "buy": _order,
    "sell": _order,
    "withdraw": _claim,
    "transfer": _claim,
    "cancel": _cancel,
    "replace": _replace,
    "payout": _payout,
    "deposit": _enter,
    "issue": _enter,
    "accept": _answer,
    "refuse": _answer,
    "fill": _fill,
    "leaves": _leaves,
}

COUNTED = frozenset({"accept", "refuse", "fill", "leaves"})
"""The report directives of which this module decides whether they count."""
