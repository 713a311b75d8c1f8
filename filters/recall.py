"""The published record from the text that `record` made of it: its part of a checkpoint."""

from collections.abc import Iterable

from pit.archives.language import parse_directives
from pit.archives.verbs import Directive
from pit.filters.busting import Bust, Fill
from pit.filters.claims import Charge, Claim
from pit.filters.combos import combo_of
from pit.filters.instructions import (
    Cancel,
    Order,
    Replace,
    scaled,
)
from pit.filters.markets import Bound, Course
from pit.filters.record import STATE
from pit.filters.standing import Standing
from pit.filters.tally import Mandate
from pit.pits.state import Pit

__all__ = ["load", "load_fills"]


def load_fills(record: Standing, text: str) -> str:
    """Take the lines of `dump_fills` out of a text: what is left of it. ValueError."""
    text = f"\n{text}"
    start = text.find("\nfilled ")
    if start < 0:
        return text[1:]
    end = text.index("\n", text.rindex("\nfilled ") + 1)
    lines = text[start + len("\nfilled ") : end].split("\nfilled ")
    if text.count("\n", start, end) != len(lines):
        raise ValueError("the lines of `filled` do not stand together")
    record.fills.extend(lines)
    return text[1:start] + text[end:] if start else text[end + 1 :]


_STATE_KEYS = ("time", "filled", "cover", "fee", "charges", "margin", "accepted")


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
            order.margin = scaled[keys["margin"]] if "margin" in keys else -1
            order.filled = scaled[keys["filled"]] if "filled" in keys else 0
            order.accepted = "accepted" in keys
            record.orders[ref] = order
        elif directive.verb == "combination":
            asked = Directive("combo", args[1:], keys)
            combo = combo_of(ref, keys["time"], owner, asked, pit)
            if isinstance(combo, str):
                raise ValueError(combo)
            combo.accepted = "accepted" in keys
            for leg in combo.legs if "fee" in keys else ():
                leg.rates = (scaled[keys["fee"][0]], scaled[keys["fee"][1]])
            record.combos[ref] = combo
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
        elif directive.verb == "busting":
            bust = record.busts[args[0]] = Bust(args[0], Fill.of(args[1]))
            bust.waits, bust.refused = list(keys["waits"]), "refused" in keys
        elif directive.verb == "charge":
            record.charges[ref] = _charge(owner, ref, directive, pit)
        elif directive.verb == "sealed-block":
            record.sealed, record.paid, record.sealer = args
        elif directive.verb == "due":
            record.due[ref] = owner
        elif directive.verb == "total":
            record.totals[args[0]] = args[1]
        elif directive.verb == "allowed":
            record.mandates.setdefault(args[0], []).append(Mandate(*args[1:]))
        else:
            _load_course(record, directive)
    record.fresh = [one for one in record.charges.values() if not one.sealer]


def _charge(owner: str, ref: str, said: Directive, pit: Pit) -> Charge:
    _, verb, fee, deposit, block, lane = said.args
    keys = said.keys
    text = f"{keys['asks']}\n" if "asks" in keys else ""
    asks = parse_directives(text, pit.words).directives[0] if text else Directive(verb, ())
    charge = Charge(ref, owner, asks, keys["time"], lane, block)
    charge.fee, charge.deposit, charge.text = fee, deposit, text
    charge.sealer, charge.why = keys.get("sealer", ""), keys.get("why", "")
    charge.quantity, charge.moved = keys.get("quantity", 0), keys.get("moved", 0)
    charge.accepted, charge.ended = "accepted" in keys, "ended" in keys
    return charge


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
