"""What instructions and reports do to names, once `listing` is in force (`names`).

Each function of a report returns what it did, or the sentence that says why it can do nothing.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pit.archives.amounts import Inexact, units
from pit.archives.verbs import Directive, Verb
from pit.pits.listing import Holder, ticker_of
from pit.pits.names import Asked, Name, Named, codes_of, older, released

if TYPE_CHECKING:
    from pit.pits.state import Pit

__all__ = ["REPORTED", "answers", "asks", "issued", "refused", "waits"]


def asks(pit: "Pit", ref: str, directive: Directive, signer: str) -> None:
    """A `ticker`: it waits for its answer."""
    block, conflict = pit.block(pit.time), pit.rule("name-conflict")
    pit.asked[ref] = Asked(ref, directive, signer, pit.entry, block, conflict)


def issued(pit: "Pit", ref: str, directive: Directive) -> Named:
    """An `issue`: the first that is of something keeps the name; where a keeper may refuse it for
    want of tokens, each does that he does not refuse."""
    number, code = directive.args
    name = pit.names.get(code)
    try:
        whole = units(number, pit.tickers[code].decimals)
    except Inexact:
        whole = 0
    if name and whole and (not name.issued or answers(pit)):
        pit.names[code] = name._replace(issued=(*name.issued, ref))
    return Named("issue", code, ref)


def answers(pit: "Pit") -> bool:
    """Whether a keeper answers what is said of names."""
    return "listing" in pit.brought and bool(pit.rule("tokens"))


def refused(pit: "Pit", ref: str) -> None:
    """An instruction that its keeper answers was refused: it had no effect on names."""
    for code, name in pit.names.items():
        if ref in name.issued:
            left = tuple(one for one in name.issued if one != ref)
            pit.names[code] = name._replace(issued=left)
            return
    pit.asked.pop(ref, None)
    pit.closes = {code: by for code, by in pit.closes.items() if by != ref}


def waits(pit: "Pit", ref: str, verb: Verb, directive: Directive) -> Named:
    """A `close` or `synonym`: until it is answered nothing more of these is issued."""
    codes = codes_of(verb, directive)
    for code in codes:
        pit.closes[code] = ref
    return Named(verb.names, codes[-1], ref)


# What reports do


def enlist(pit: "Pit", args: Sequence[str]) -> Named | str:
    """`listed`: the name is its signer's."""
    code, ref = args[0], args[1].partition("/")[2]
    asked = pit.asked.get(ref)
    if asked is None or (asked.code, asked.name) != (code, args[1]):
        return f"{args[1]} asks for no name {code} now"
    name = pit.names.get(code)
    if code in pit.aliases or code in pit.assets or code in pit.markets:
        return f"{code} exists already"
    if code in pit.tickers and (name is None or not name.ended):
        return f"{code} is {pit.tickers[code].issuer}'s"
    if name and asked.block <= name.closed:
        return f"{args[1]} asked before {code} was closed"
    del pit.asked[ref]
    currency = pit.assets[asked.directive.keys["currency"]]
    pit.tickers[code] = ticker_of(asked.directive, asked.signer, currency)
    pit.specialists[code] = Holder(asked.directive.keys["specialist"], pit.entry)
    pit.names[code] = Name(ref, asked.block)
    return Named("list", code, ref)


def drop(pit: "Pit", args: Sequence[str]) -> Named | str:
    """`unlisted`: it asks no more."""
    asked = pit.asked.get(args[1].partition("/")[2])
    if asked is None or (asked.code, asked.name) != (args[0], args[1]):
        return f"{args[1]} asks for no name {args[0]} now"
    del pit.asked[asked.ref]
    return Named("drop", args[0], asked.ref)


def close(pit: "Pit", args: Sequence[str]) -> Named | str:
    """`closing`: nothing of it is traded or issued any more, if somebody asked for that or time
    brought it."""
    code = args[0]
    ticker = pit.tickers.get(code)
    if ticker is None or ticker.closed:
        return f"{code} is {'closed already' if ticker else 'not listed'}"
    free = released(pit, code)
    if not free and code not in pit.closes:
        return f"nobody closes {code}, and it was not released"
    name = pit.names.get(code) or Name("-", 0, ("-",))
    closed = name.created if free else pit.block(pit.time)
    pit.tickers[code] = ticker._replace(closed=True)
    pit.names[code] = name._replace(closed=closed)
    return Named("close", code, pit.closes.pop(code, ""))


def end(pit: "Pit", args: Sequence[str]) -> Named | str:
    """`ended`: what was closed is nobody's any more, with all its other names."""
    code = args[0]
    why = _not_over(pit, code)
    if why:
        return why
    _over(pit, code)
    for alias in [alias for alias, of in pit.aliases.items() if of == code]:
        del pit.aliases[alias]
        pit.names[alias] = pit.names[alias]._replace(closed=pit.names[code].closed)
    _govern(pit, code, "none")  # else who takes the name next would govern
    return Named("end", code)


def joins(pit: "Pit", args: Sequence[str]) -> Named | str:
    """`synonyms`: what was closed is another name of a ticker, and so are its own."""
    code, of = args
    why = _not_over(pit, code)
    if why:
        return why
    of = pit.aliases.get(of, of)
    name = pit.names.get(of)
    if of == code or of not in pit.tickers:
        return f"{of} is no other ticker"
    if name and name.ended:  # it ended meanwhile, and so does this
        return end(pit, (code,))
    _over(pit, code)
    pit.aliases = {alias: of if to == code else to for alias, to in pit.aliases.items()}
    pit.aliases[code] = of
    _govern(pit, code, of)
    return Named("join", code, of=of)


def _not_over(pit: "Pit", code: str) -> str:
    name = pit.names.get(code)
    if name is None or not name.closed or not pit.tickers[code].closed or name.ended:
        return f"{code} is not closing"
    return ""


def _govern(pit: "Pit", code: str, by: str) -> None:
    """Where a ticker governs the pit, another one does from the next entry on, or none."""
    if pit.rule("governed-by") == code:
        pit.coming.append(Directive("rule", ("governed-by", by)))


def _over(pit: "Pit", code: str) -> None:
    pit.names[code] = pit.names[code]._replace(ended=True)
    pit.permits.pop(code, None)
    pit.preferred.pop(code, None)


def prefer(pit: "Pit", args: Sequence[str]) -> Named | str:
    """`preferred`: by which name a ticker is shown."""
    code, shown, by = args
    ref = by.partition("/")[2]
    if pit.closes.get(code) != ref:
        return f"{by} gives {code} no other name now"
    del pit.closes[code]
    pit.preferred.pop(code, None)
    if shown != code:
        pit.preferred[code] = shown
    return Named("prefer", code, ref)


def permit(pit: "Pit", args: Sequence[str]) -> Named | str:
    """`closable`: by a motion that passed, the issuer may close what has shares. Nothing follows
    where that is closed meanwhile."""
    code, motion, until = args
    ticker, name, ref = pit.tickers.get(code), pit.names.get(code), motion.partition("/")[2]
    if ticker is None:
        return f"{code} is not listed"
    if not ticker.closed and not (name and older(ref, name.ref)):
        pit.permits[code] = max(until, pit.permits.get(code, ""))
    return Named("permit", code, ref)


REPORTED = {
    "list": enlist,
    "drop": drop,
    "close": close,
    "end": end,
    "join": joins,
    "prefer": prefer,
    "permit": permit,
}
"""By `Verb.names`."""
