"""The published record as text and back: its part of a checkpoint."""

from collections.abc import Iterable, Iterator

from pit.archives.amounts import decimal, trimmed
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
from pit.filters.markets import Bound, Course
from pit.filters.standing import Standing
from pit.filters.tally import Mandate
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
        keys: dict[str, object] = {"time": order.time}
        if order.until:
            keys["until"] = order.until
        if order.label:
            keys["ref"] = order.label
        if order.account != order.owner:
            keys["account"] = order.account.partition(":")[2]
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
        side = "buy" if order.buys else "sell"
        yield Directive("order", (order.name, side, order.written, order.ticker, order.limit), keys)
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
    for ref in sorted(record.due, key=reference_key):
        yield Directive("due", (f"{record.due[ref]}/{ref}",))
    yield from _courses(record)
    for code, allowed in sorted(record.mandates.items()):
        for mandate in allowed:  # as they came to stand
            yield Directive("allowed", (code, *mandate))
    for asset, total in sorted(record.totals.items()):
        yield Directive("total", (asset, total))


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


def _said(terms: Terms) -> dict[str, object]:
    """The terms of an order as keys; those of a plain one say nothing."""
    keys: dict[str, object] = {}
    if terms is PLAIN:
        return keys
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
            said = Directive(args[1], (args[2], args[3], keys.get("to", "")), keys)
            mover, lane = keys.get("mover", ""), keys.get("lane", "")
            claim = Claim(ref, owner, said, pit, mover=mover, lane=lane)
            claim.amount = keys.get("left", claim.amount)
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
        elif directive.verb == "total":
            record.totals[args[0]] = args[1]
        elif directive.verb == "allowed":
            record.mandates.setdefault(args[0], []).append(Mandate(*args[1:]))
        else:
            _load_course(record, directive)


def _load_course(record: Standing, directive: Directive) -> None:
    verb, (code, *args), keys = directive
    if verb == "course":
        course = record.courses[code] = Course(*args)
        course.value, course.ended = keys.get("value"), "ended" in keys
    elif verb == "narrowing":
        waits = record.courses[code].bound = Bound(*args)
        waits.verdict = keys.get("verdict", "")
    elif found := record.courses[code].bound:
        if verb == "disputed":
            found.disputes.append(args[0])
        else:
            found.votes[args[0]] = args[1]
