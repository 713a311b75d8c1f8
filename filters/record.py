"""The published record as text and back: its part of a checkpoint."""

from collections.abc import Iterable, Iterator

from pit.archives.amounts import decimal, plain, trimmed
from pit.archives.fields import show_limit, show_time
from pit.archives.verbs import Directive, Verb, vocabulary
from pit.filters.instructions import (
    NO_FEES,
    PLAIN,
    SCALE,
    Cancel,
    Claim,
    Order,
    Replace,
    Terms,
    scaled,
)
from pit.filters.standing import Standing
from pit.pits.state import Pit

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
                "accepted": "yes",
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
            keys={"to": "handle", "accepted": "yes"},
        ),
        Verb("asked", "{cancel:owned} {order:reference} {lane:word}", "A cancel not answered yet."),
        Verb("due", "{instruction:owned}", "An answer of the signer's keeper that does not stand."),
        Verb("total", "{asset:asset} {amount:units}", "Smallest units in existence."),
    )
)


def reference_key(ref: str) -> tuple[int, int]:
    """References in the order of their entries."""
    number, _, index = ref.partition(".")
    return int(number), int(index or 1)


def dump(record: Standing) -> Iterator[Directive]:
    """The record as directives of `STATE`, in canonical order."""
    for order in record.orders.values():  # as they came: by entry
        yield _order(order)
    yield from _others(record)


def _others(record: Standing) -> Iterator[Directive]:
    """The record without the orders."""
    for ref in sorted(record.claims, key=reference_key):
        claim = record.claims[ref]
        about = {"to": claim.to, "accepted": "yes" if claim.accepted else ""}
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
    for ref in sorted(record.due, key=reference_key):
        yield Directive("due", (f"{record.due[ref]}/{ref}",))
    for asset, total in sorted(record.totals.items()):
        yield Directive("total", (asset, total))


_ACCEPTED = "  accepted: yes\n"


def lines(record: Standing) -> Iterator[str]:
    """The record as text: what `dump` says, printed.

    Most orders say no more than they must, and are printed without a directive being made of them.
    """
    for order in record.orders.values():
        said = order.until or order.label or order.filled or order.charges or order.cover >= 0
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


_STATE_KEYS = ("time", "filled", "cover", "fee", "charges", "accepted")


def load(record: Standing, state: Iterable[Directive], pit: Pit) -> None:
    """Bring an empty record to what `dump` wrote; directives of others are left alone."""
    for directive in state:
        args, keys = directive.args, directive.keys
        if directive.verb not in STATE:
            continue
        owner, _, ref = str(args[0]).partition("/")
        if directive.verb == "order":
            terms = {key: keys[key] for key in keys if key not in _STATE_KEYS}
            order = Order(ref, keys["time"], owner, Directive(args[1], args[2:], terms))
            order.cover = keys.get("cover", -1)
            if "fee" in keys:
                order.rates = (scaled[keys["fee"][0]], scaled[keys["fee"][1]])
            order.charges = keys.get("charges", 0)
            order.filled = scaled[keys["filled"]] if "filled" in keys else 0
            order.accepted = "accepted" in keys
            record.orders[ref] = order
        elif directive.verb == "claim":
            said = Directive(args[1], (args[2], args[3], keys.get("to", "")))
            claim = Claim(ref, owner, said, pit)
            claim.accepted = "accepted" in keys
            record.claims[ref] = claim
        elif directive.verb == "replacing":
            replace = Replace(ref, owner, args[4], Directive("replace", args[1:4]))
            replace.accepted = "accepted" in keys
            record.replaces[ref] = replace
        elif directive.verb == "asked":
            record.cancels[ref] = Cancel(ref, owner, args[1], args[2])
        elif directive.verb == "due":
            record.due[ref] = owner
        else:
            record.totals[args[0]] = args[1]
