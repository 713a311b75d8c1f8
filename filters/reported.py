"""Which directives of reports count, by the published record of both sides (FILTERS, What counts).

Who may publish, orders named, quantities left, prices inside limits, `accept` standing, covers not
exceeded: each function here returns what a directive is about, after it has had its effect on the
record, or the sentence that says why it has none.
"""

from typing import TYPE_CHECKING

from pit.archives.amounts import decimal, plain, trimmed
from pit.archives.entry import OPERATOR
from pit.archives.mbox import Entry
from pit.archives.verbs import Directive
from pit.filters import charges
from pit.filters.busting import Fill, Ruling
from pit.filters.busts import remember, rule
from pit.filters.claims import Charge, Claim
from pit.filters.combos import Combo, Leg, too_dear
from pit.filters.instructions import (
    NO_FEES,
    ONE,
    SCALE,
    Cancel,
    Order,
    Replace,
    Trade,
    scaled,
)
from pit.pits.listing import Holder, Ticker
from pit.pits.state import Pit

if TYPE_CHECKING:
    from pit.filters.standing import Standing

__all__ = ["answer", "fill", "leaves", "not_entitled"]


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


def answer(
    record: "Standing", ref: str, directive: Directive, entry: Entry, pit: Pit, after: int
) -> Order | Combo | Claim | Charge | Replace | Ruling | str | None:
    """An `accept` or `refuse`: the first answer to stand counts."""
    owner, _, target = directive.args[0].partition("/")
    if after >= 0 or entry.signer != OPERATOR:
        why = not_entitled(pit.keeper(owner), entry.signer, after, pit, f"what {owner} instructs")
        if why:
            return why
    accepts = directive.verb == "accept"
    if target in record.busts:
        return rule(record, record.busts[target], owner, accepts)
    found: Order | Claim | Charge | Replace | Combo | None = (
        record.orders.get(target)
        or record.claims.get(target)
        or record.replaces.get(target)
        or record.combos.get(target)
    )
    charge = record.charges.get(target) if record.charges else None
    if found is None and charge and not charge.ended:
        found = charge
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
    if charge:
        charge.accepted = accepts
        if not accepts:
            charges.refused(record, charge, pit)
    if isinstance(found, Order):
        if not accepts:
            del record.orders[target]
        elif "cover" in directive.keys and found.buys and found.limit is None:
            found.cover = scaled[directive.keys["cover"]] * ONE
    elif isinstance(found, Replace):
        if not accepts:
            del record.replaces[target]
    elif isinstance(found, Combo):
        if not accepts:
            del record.combos[target]
    elif isinstance(found, Claim) and (not accepts or found.verb == "transfer"):
        del record.claims[target]
    return found


def fill(
    record: "Standing", ref: str, directive: Directive, entry: Entry, pit: Pit, after: int
) -> Trade | str:
    """A `fill`: the trade, with what is left of both orders and what each pays."""
    number, ticker, price, buyer, _ = directive.args
    sides = _sides(record, directive, entry, pit, after)
    if isinstance(sides, str):
        return sides
    bought, sold = sides
    quantity, at = scaled[number], scaled[price]
    if record.combos:
        leg = bought if isinstance(bought, Leg) else sold
        if isinstance(leg, Leg):
            why = _partial(record, ref, leg.combo, entry, pit, after)
            if why:
                return why
    if bought.cover >= 0:
        if quantity * at > bought.cover:
            return f"{plain(number)} @ {plain(price)} is more than what is left of {buyer}'s cover"
        bought.cover -= quantity * at
    for order in sides:
        order.filled += quantity
        if isinstance(order, Leg):
            order.combo.fills -= 1
            if not order.combo.fills:
                del record.combos[order.ref]
                charges.end(record, order.ref)
        elif order.filled == order.quantity:
            del record.orders[order.ref]
            if record.charges:
                charges.end(record, order.ref)
    left = (bought.quantity - bought.filled, sold.quantity - sold.filled)
    listed = pit.tickers.get(ticker)
    if listed is None:
        return Trade(bought, sold, left)
    fees = NO_FEES
    if bought.rates is not NO_FEES or sold.rates is not NO_FEES:
        taker = directive.keys.get("taker")
        fees = (
            charge(bought, quantity * at, taker == "buyer", listed),
            charge(sold, quantity * at, taker == "seller", listed),
        )
    if not pit.open:
        done = Fill(entry.time, ref, quantity, ticker, at, bought.account, sold.account, fees)
        remember(record, done, pit)
    return Trade(bought, sold, left, fees)


def _sides(
    record: "Standing", directive: Directive, entry: Entry, pit: Pit, after: int
) -> tuple[Order, Order] | str:
    """The orders that a `fill` is between, the buyer's first; or why it cannot count."""
    number, ticker, price, buyer, seller = directive.args
    why = not_entitled(pit.specialists.get(ticker), entry.signer, after, pit, ticker)
    if why:
        return why
    quantity, at = scaled[number], scaled[price]
    listed = pit.tickers.get(ticker)
    if listed and (quantity % scaled[listed.lot] or at % scaled[listed.tick]):
        return f"{plain(number)} @ {plain(price)} is off {ticker}'s lot or tick"
    sides: list[Order] = []
    for name, buys in ((buyer, True), (seller, False)):
        owner, _, target = name.partition("/")
        order = record.orders.get(target)
        if order is None and target in record.combos:
            order = record.combos[target].leg(ticker)
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
    if isinstance(bought, Leg) and isinstance(sold, Leg):
        return f"{buyer} and {seller} are combinations; each trades with orders that rest"
    return bought, sold


def _partial(record: "Standing", ref: str, combo: Combo, entry: Entry, pit: Pit, after: int) -> str:
    """Why a combination's fills from this one on are not all of it; '' when they are.

    They stand one after the other in one report; each is tried on the record, and undone.
    """
    if combo.fills:
        return ""
    first = int(ref.partition(".")[2] or 1) - 1
    why = f"these fills of {combo.name} are not all of it" if combo.failed == entry.number else ""
    tried: list[tuple[Order, int]] = []
    cost = count = 0
    for directive in record.reading[first:]:
        if why or directive.verb != "fill" or combo.name not in directive.args[3:]:
            break
        sides = _sides(record, directive, entry, pit, after)
        if isinstance(sides, str):
            why = f"the fills of {combo.name} count together; {directive.args[1]}: {sides}"
            break
        quantity, at = scaled[directive.args[0]], scaled[directive.args[2]]
        cost += quantity * at if isinstance(sides[0], Leg) else -quantity * at
        count += 1
        for order in sides:
            order.filled += quantity
            tried.append((order, quantity))
    for leg in combo.legs:
        if not why and leg.filled != leg.quantity:
            missing = _number(leg.quantity - leg.filled)
            why = f"the fills of {combo.name} count together; {missing} {leg.ticker} is missing"
    why = why or too_dear(combo, cost)
    for order, quantity in tried:
        order.filled -= quantity
    if why:
        combo.failed = entry.number
    else:
        combo.fills = count
    return why


def charge(order: Order, value: int, takes: bool, ticker: Ticker) -> int:
    """Charge an order its fee for a trade of that value (10**-18): what it pays now of it.

    What it is charged is added up exactly, and rounded up as a sum, so that many small trades cost
    what one large one does (MARKET, Accounts).
    """
    unit = ticker.value_scaled * ONE
    before = order.charges
    order.charges += value * ticker.factor * order.rates[takes]
    return -(-order.charges // unit) + -before // unit


def leaves(
    record: "Standing", ref: str, directive: Directive, entry: Entry, pit: Pit, after: int
) -> Order | Combo | Cancel | Replace | str:
    """A `leaves`: the order that ends or goes on, or the cancel or replace that came late."""
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
    combo = record.combos.get(target)
    lane = asked.lane if asked else order.lane if order else combo.lane if combo else "-"
    problem = not_entitled(pit.specialist(lane), entry.signer, after, pit, lane)
    if problem:
        return problem
    if why == "late" and asked:
        if number:
            return f"an order ends with 0 here, not {plain(number)}"
        _answered(record, asked)
        return asked
    if combo and combo.owner == owner and combo.accepted:
        if number or words != "killed":
            return f"a combination trades whole, or ends with `0 killed`, not {words}"
        del record.combos[target]
        charges.end(record, target)
        return combo
    if order is None or order.owner != owner or not order.accepted:
        return f"{name} is no accepted order that is open"
    problem = _wrong_end(order, why, asked, directive, entry)
    if problem:
        return problem
    if not number:
        del record.orders[target]
        if record.charges:
            charges.end(record, target)
    elif isinstance(asked, Replace):
        if target in record.charges:
            record.charges[target].enlarge(asked.quantity)
        order.quantity, order.price, order.limit = asked.quantity, asked.price, asked.limit
        order.written, order.cover = asked.written, -1
    else:  # decremented
        order.quantity = order.filled + scaled[number]
        order.written = trimmed(decimal(order.quantity, SCALE))
    if asked:
        _answered(record, asked)
    return order


def _answered(record: "Standing", asked: Cancel | Replace) -> None:
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
