"""What stands: the open orders and claims, folded from published lines alone.

Whether a report's directive counts is decided by `reported`, by the published record of both sides
(FILTERS, What counts). Every filter and the audit use this one fold, so all decide alike, without
knowing anybody's balance.
"""

from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from pit.archives.amounts import WHOLE_DIGITS, decimal, plain
from pit.archives.language import Text
from pit.archives.mbox import Entry
from pit.archives.verbs import Directive
from pit.filters import charges, closing, combos, mandates, markets
from pit.filters.busting import Bust
from pit.filters.busts import bust
from pit.filters.claims import Charge, Claim, smallest
from pit.filters.combos import Combo
from pit.filters.instructions import (
    PLAIN,
    PLAIN_2,
    Act,
    Cancel,
    Idle,
    Order,
    Problem,
    Replace,
    scaled,
)
from pit.filters.markets import Course
from pit.filters.reported import answer, fill, leaves
from pit.filters.tally import Mandate
from pit.pits.blocks import TOKEN
from pit.pits.members import owner_of
from pit.pits.state import Pit

_make_act = partial(tuple.__new__, Act)  # half the cost of a call of Act


class Standing:
    """The published record: open orders, combinations, claims, cancels, replaces and answers due.

    All by reference.

    busts: those that wait. fills: what a bust may undo, oldest first, as lines (`busts`).
    totals: what is in existence of each asset, in its smallest unit. courses: how each market's
    driver stands. mandates: what may be issued, by ticker. charges: what is held in TT, or asked
    for; fresh: those of blocks in which no seal stands yet; sealed, sealer: the last block in which
    one does, and whose it is; paid: the last that brought TT. reporting: the filter whose report
    was read last; reading: where combinations stand open, the last entry's directives. idle: those
    that had no effect.
    """

    def __init__(self) -> None:
        self.orders: dict[str, Order] = {}
        self.combos: dict[str, Combo] = {}
        self.claims: dict[str, Claim] = {}
        self.cancels: dict[str, Cancel] = {}
        self.replaces: dict[str, Replace] = {}
        self.busts: dict[str, Bust] = {}
        self.fills: deque[str] = deque()
        self.due: dict[str, str] = {}
        self.totals: dict[str, int] = {}
        self.courses: dict[str, Course] = {}
        self.mandates: dict[str, list[Mandate]] = {}
        self.charges: dict[str, Charge] = {}
        self.fresh: list[Charge] = []
        self.sealed, self.paid, self.sealer = 0, 0, ""
        self.reporting = ""
        self.reading: tuple[Directive, ...] = ()
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
            self.reporting = directives[0].args[0]
            if self.combos:
                self.reading = directives
        else:
            self.reporting = ""
        for index, directive in enumerate(directives):
            handler = _HANDLERS.get(directive.verb)
            number = entry.number
            ref = str(number) if not index else f"{number}.{index + 1}"
            if handler is None:
                verb = pit.words[directive.verb]
                if verb.names:
                    handler = closing.named
                elif verb.mover:
                    handler = _held_for
                elif verb.allows:
                    handler = mandates.mandate
                elif verb.fee and pit.tokens:
                    handler = _charged
                else:
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
    ticker = pit.tickers.get(order.ticker)
    if ticker and ticker.mode == "short":
        order.margin = scaled[pit.rule("margin")]
    if order.terms.tif == "day":
        end = _day_end(entry.time, pit.rule("day-end"))
        order.until = min(order.until or end, end)
    record.orders[ref] = order
    if pit.tokens:
        worth = 0 if order.limit is None else order.quantity * order.price
        made = charges.charge(record, ref, directive, entry, pit, order.lane, worth)
        if made:
            made.quantity = order.quantity
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


def _held_for(
    record: Standing, ref: str, directive: Directive, entry: Entry, pit: Pit, after: int
) -> Claim | Problem:
    """An instruction that a filter brought: an amount is held until the filter moves it."""
    verb = pit.words[directive.verb]
    said = verb.said(directive)
    code = said.get("ticker", "-")
    ticker = pit.tickers.get(code)
    objection = pit.objection(directive, entry.signer)
    if objection:
        return record.problem(ref, entry, objection)
    asset = said.get("asset") or (ticker.currency if ticker else "")
    asks = Directive(verb.name, (said.get(verb.cover, Decimal(0)), asset), directive.keys)
    claim = Claim(ref, entry.signer, asks, pit, mover=verb.mover, lane=code)
    record.claims[ref] = claim
    charges.charge(record, ref, directive, entry, pit, code)
    return claim


def _charged(
    record: Standing, ref: str, directive: Directive, entry: Entry, pit: Pit, after: int
) -> Charge | None:
    """An instruction that a filter brought, and that has effect when the accept of its fee stands.

    One that can have none is charged nothing: the filter says so.
    """
    if pit.objection(directive, entry.signer):
        return None
    code = pit.words[directive.verb].said(directive).get("ticker", "-")
    return charges.charge(record, ref, directive, entry, pit, code)


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
    order = record.orders.get(target) or record.combos.get(target)
    lane = order.lane if order and order.owner == entry.signer else "-"
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
) -> Charge | Problem | None:
    """A deposit or an issue: value that comes into existence.

    An issue that is charged comes when the accept of its fee stands; it counts from here on.
    """
    if directive.verb == "deposit":
        account, amount, asset = directive.args
        handle = owner_of(account)
        if not pit.open and pit.member(handle) is None:
            return record.problem(ref, entry, f"{handle} is not a member of this pit")
    else:
        amount, asset = directive.args
        objection = closing.objection(ref, directive, entry.signer, pit)
        if objection:
            return record.problem(ref, entry, objection)
    if asset == TOKEN and pit.tokens:
        return record.problem(ref, entry, f"{TOKEN} come into being by blocks alone")
    if asset in pit.tickers and directive.verb == "deposit" and pit.decimals(asset) is not None:
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
    if directive.verb == "issue" and record.totals.get(asset):
        why = mandates.spend(record.mandates, asset, whole, entry.time, pit)
        if why:
            return record.problem(ref, entry, why)
    record.totals[asset] = total
    return charges.charge(record, ref, directive, entry, pit, asset)


_HANDLERS: dict[str, Handler] = {
    "buy": _order,
    "sell": _order,
    "combo": combos.combo,
    "withdraw": _claim,
    "transfer": _claim,
    "cancel": _cancel,
    "replace": _replace,
    "bust": bust,
    "payout": _payout,
    "deposit": _enter,
    "issue": _enter,
    "accept": answer,
    "refuse": answer,
    "fill": fill,
    "leaves": leaves,
    "market": markets.market,
    "bound": markets.bound,
    "settle": markets.bound,
    "dispute": markets.dispute,
    "verdict": markets.verdict,
    "bounded": markets.bounded,
    "settled": markets.settled,
    "move": markets.move,
    "seal": charges.seal,
}

COUNTED = frozenset({"accept", "refuse", "fill", "leaves", "bounded", "settled", "move"})
"""The report directives of which this module decides whether they count."""
