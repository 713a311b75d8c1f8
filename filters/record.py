"""The published record as text and back: its part of a checkpoint."""

from collections.abc import Iterator

from pit.archives.amounts import decimal, plain, trimmed
from pit.archives.fields import show_limit, show_time
from pit.archives.verbs import Directive, Verb, vocabulary
from pit.filters.claims import Charge
from pit.filters.instructions import (
    NO_FEES,
    PLAIN,
    SCALE,
    Order,
    Terms,
)
from pit.filters.standing import Standing

STATE = vocabulary(
    (
        Verb(
            "order",
            "{order:owned} {side:=buy|sell} {quantity:number} {ticker:asset} @ {price:limit}",
            "An order that stands open.",
            keys={
                "time": "time",
                "until": "time",
                "ref": "word",
                "account": "name",
                "tif": "=gtc|day|ioc|fok",
                "stop": "price",
                "min": "number",
                "show": "number",
                "post-only": "yes",
                "stp": "=newest|oldest|both|decrement",
                "filled": "number",
                "cover": "units",
                "fee": "fees",
                "charges": "units",
                "margin": "number",
                "accepted": "yes",
            },
        ),
        Verb(
            "combination",
            "{combo:owned} {quantity:number} @ {net:net}",
            "A combination that stands open.",
            keys={
                "time": "time",
                "ref": "word",
                "account": "name",
                "fee": "fees",
                "accepted": "yes",
                "legs": "block",
            },
        ),
        Verb(
            "replacing",
            "{replace:owned} {order:reference} {quantity:number} @ {price:price} {lane:word}",
            "A replace not answered yet.",
            keys={"accepted": "yes"},
        ),
        Verb(
            "claim",
            "{claim:owned} {verb:name} {amount:number} {asset:asset}",
            "A transfer or withdrawal that waits.",
            keys={
                "account": "name",
                "to": "account",
                "mover": "name",
                "lane": "asset",
                "left": "units",
                "accepted": "yes",
            },
        ),
        Verb("asked", "{cancel:owned} {order:reference} {lane:word}", "A cancel not answered yet."),
        Verb(
            "busting",
            "{bust:reference} {fill:rest}",
            "A bust that waits for answers, and its fill.",
            keys={"waits": "names", "refused": "yes"},
        ),
        Verb(
            "filled",
            "{fill:rest}",
            "A fill that a bust may undo: time, reference, quantity, ticker, price (in 10**-9), "
            "accounts of buyer and seller, their fees, the bust that undid it.",
        ),
        Verb("due", "{instruction:owned}", "An answer of the signer's keeper that does not stand."),
        Verb(
            "course",
            "{market:asset} {low:units} {high:units}",
            "The bounds of a market that somebody settles, in 10**-9.",
            keys={"value": "units", "ended": "yes"},
        ),
        Verb(
            "narrowing",
            "{market:asset} {bound:reference} {low:units} {high:units} until {time:time}",
            "Bounds that wait, and the end of their dispute window.",
            keys={"verdict": "name"},
        ),
        Verb("disputed", "{market:asset} {dispute:reference}", "A dispute of what waits."),
        Verb("voice", "{market:asset} {member:handle} {for:name}", "A panel's vote on it."),
        Verb(
            "allowed",
            "{ticker:asset} {motion:owned} {number:units} {used:units} until {time:time}",
            "What a motion allows to be issued, and what was issued of it, in smallest units.",
        ),
        Verb(
            "charge",
            "{instruction:owned} {verb:word} {fee:units} {deposit:units} {block:count} {lane:word}",
            "What an instruction is charged in TT, in 10**-5; the filter `tokens` moves it.",
            keys={
                "time": "time",
                "sealer": "handle",
                "why": "text",
                "quantity": "units",
                "moved": "units",
                "accepted": "yes",
                "ended": "yes",
                "asks": "block",
            },
        ),
        Verb(
            "sealed-block",
            "{block:count} {paid:natural} {sealer:handle}",
            "The last block with a seal, the last that brought TT, and whose the first is.",
        ),
        Verb("total", "{asset:asset} {amount:units}", "Smallest units in existence."),
    )
)


def reference_key(ref: str) -> tuple[int, int]:
    """References in the order of their entries."""
    number, _, index = ref.partition(".")
    return int(number), int(index or 1)


def dump(record: Standing) -> Iterator[Directive]:
    """The record as directives of `STATE`, in canonical order; its fills are `dump_fills`'s."""
    for order in record.orders.values():  # as they came: by entry
        yield _order(order)
    yield from _others(record)


def _others(record: Standing) -> Iterator[Directive]:
    """The record without the orders."""
    for combo in record.combos.values():
        keys: dict[str, object] = {"time": combo.time}
        keys |= {key: combo.keys[key] for key in ("ref", "account") if key in combo.keys}
        rates = combo.legs[0].rates
        if rates is not NO_FEES:
            keys["fee"] = tuple(trimmed(decimal(rate, SCALE)) for rate in rates)
        if combo.accepted:
            keys["accepted"] = "yes"
        keys["legs"] = combo.keys["legs"]
        yield Directive("combination", (combo.name, combo.written, combo.limit), keys)
    for ref in sorted(record.claims, key=reference_key):
        claim = record.claims[ref]
        further = claim.account.partition(":")[2]
        left = claim.amount if claim.mover else None
        about = {
            "account": further,
            "to": claim.to,
            "mover": claim.mover,
            "lane": claim.lane,
            "left": left,
            "accepted": "yes" if claim.accepted else "",
        }
        yield Directive(
            "claim",
            (f"{claim.owner}/{ref}", claim.verb, claim.written, claim.asset),
            {key: value for key, value in about.items() if value},
        )
    for ref in sorted(record.cancels, key=reference_key):
        cancel = record.cancels[ref]
        yield Directive("asked", (f"{cancel.owner}/{ref}", cancel.target, cancel.lane))
    for ref in sorted(record.replaces, key=reference_key):
        replace = record.replaces[ref]
        asked = (replace.target, replace.written, replace.limit, replace.lane)
        keys = {"accepted": "yes"} if replace.accepted else {}
        yield Directive("replacing", (f"{replace.owner}/{ref}", *asked), keys)
    for ref in sorted(record.busts, key=reference_key):
        bust = record.busts[ref]
        keys = {"waits": tuple(bust.waits)} | ({"refused": "yes"} if bust.refused else {})
        yield Directive("busting", (ref, bust.fill.line()), keys)
    for ref in sorted(record.due, key=reference_key):
        yield Directive("due", (f"{record.due[ref]}/{ref}",))
    yield from _courses(record)
    for code, allowed in sorted(record.mandates.items()):
        for mandate in allowed:  # as they came to stand
            yield Directive("allowed", (code, *mandate))
    for ref in sorted(record.charges, key=reference_key):
        yield _charge(record.charges[ref])
    if record.sealed:
        yield Directive("sealed-block", (record.sealed, record.paid, record.sealer))
    for asset, total in sorted(record.totals.items()):
        yield Directive("total", (asset, total))


def dump_fills(record: Standing) -> str:
    """The fills that a bust may undo, as text of `STATE`; they are many, and seldom read."""
    return "".join(f"filled {line}\n" for line in record.fills)


def _courses(record: Standing) -> Iterator[Directive]:
    for code, course in sorted(record.courses.items()):
        keys: dict[str, object] = {} if course.value is None else {"value": course.value}
        if course.ended:
            keys["ended"] = "yes"
        yield Directive("course", (code, course.low, course.high), keys)
        waits = course.bound
        if waits:
            keys = {"verdict": waits.verdict} if waits.verdict else {}
            args = (code, waits.ref, waits.low, waits.high, waits.until)
            yield Directive("narrowing", args, keys)
            for ref in waits.disputes:
                yield Directive("disputed", (code, ref))
            for voice in sorted(waits.votes.items()):
                yield Directive("voice", (code, *voice))


def _charge(charge: Charge) -> Directive:
    said = (charge.verb, charge.fee, charge.deposit, charge.block, charge.lane)
    keys: dict[str, object] = {
        "time": charge.time,
        "sealer": charge.sealer,
        "why": charge.why,
        "quantity": charge.quantity,
        "moved": charge.moved,
        "accepted": "yes" if charge.accepted else "",
        "ended": "yes" if charge.ended else "",
        "asks": charge.text.rstrip("\n"),
    }
    keys = {key: value for key, value in keys.items() if value}
    return Directive("charge", (f"{charge.owner}/{charge.ref}", *said), keys)


_ACCEPTED = "  accepted: yes\n"


def lines(record: Standing) -> Iterator[str]:
    """The record as text: what `dump` says, printed.

    Most orders say no more than they must, and are printed without a directive being made of them.
    """
    for order in record.orders.values():
        said = order.until or order.label or order.filled or order.charges
        said = said or order.cover >= 0 or order.margin >= 0 or order.account != order.owner
        if said or order.terms is not PLAIN or order.rates is not NO_FEES:
            yield STATE["order"].show(_order(order))
            continue
        side, accepted = "buy" if order.buys else "sell", _ACCEPTED if order.accepted else ""
        yield (
            f"order {order.owner}/{order.ref} {side} {plain(order.written)} {order.ticker} "
            f"@ {show_limit(order.limit)}\n  time: {show_time(order.time)}\n{accepted}"
        )
    for directive in _others(record):
        yield STATE[directive.verb].show(directive)


def _order(order: Order) -> Directive:
    side = "buy" if order.buys else "sell"
    args = (order.name, side, order.written, order.ticker, order.limit)
    return Directive("order", args, _keys(order))


def _keys(order: Order) -> dict[str, object]:
    """What an order says, and what became of it."""
    keys: dict[str, object] = {"time": order.time}
    if order.until:
        keys["until"] = order.until
    if order.label:
        keys["ref"] = order.label
    if order.account != order.owner:
        keys["account"] = order.account.partition(":")[2]
    if order.terms is not PLAIN:
        keys |= _said(order.terms)
    if order.filled:
        keys["filled"] = trimmed(decimal(order.filled, SCALE))
    if order.cover >= 0:
        keys["cover"] = order.cover
    if order.rates is not NO_FEES:
        keys["fee"] = tuple(trimmed(decimal(rate, SCALE)) for rate in order.rates)
    if order.charges:
        keys["charges"] = order.charges
    if order.margin >= 0:
        keys["margin"] = trimmed(decimal(order.margin, SCALE))
    if order.accepted:
        keys["accepted"] = "yes"
    return keys


def _said(terms: Terms) -> dict[str, object]:
    """The terms of an order as keys."""
    keys: dict[str, object] = {}
    for key, amount in (("stop", terms.stop), ("min", terms.minimum), ("show", terms.show)):
        if amount:
            keys[key] = trimmed(decimal(max(0, amount), SCALE))
    if terms.post_only:
        keys["post-only"] = "yes"
    return {"tif": terms.tif, **keys, "stp": terms.stp}
