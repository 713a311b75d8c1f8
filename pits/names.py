"""Names of tickers where `listing` is in force: asked for, listed, closed, at rest, and aliases.

Everything here follows from what stands and from the time, so that the notary and every filter
agree about whose a name is. What the filter `listing` owes is a report; what it does to the pit
once it stands is here (docs/reference/companies.md, Names).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from pit.archives.fields import FIELDS
from pit.archives.language import Text
from pit.archives.verbs import Directive, Verb
from pit.pits.listing import Holder
from pit.pits.markets import CONTRACT

if TYPE_CHECKING:
    from pit.pits.state import Pit

__all__ = [
    "Asked",
    "Name",
    "Named",
    "codes_of",
    "not_free",
    "not_issued",
    "older",
    "outstanding",
    "problem",
    "released",
    "resolve",
    "shown",
    "stays",
]


class Asked(NamedTuple):
    """A `ticker` that waits for its `listed` or `unlisted`.

    entry: the one that it stands in; block: that one's. conflict: the rule `name-conflict` then.
    """

    ref: str
    directive: Directive
    signer: str
    entry: int
    block: int
    conflict: str

    @property
    def code(self) -> str:
        """The name that it asks for."""
        return str(self.directive.args[0])

    @property
    def title(self) -> str:
        """What it says of the company."""
        return str(self.directive.args[1])

    @property
    def name(self) -> str:
        """HANDLE/REF, as reports name it."""
        return f"{self.signer}/{self.ref}"

    @property
    def publisher(self) -> Holder:
        """The specialist that it names, who answers it."""
        return Holder(self.directive.keys["specialist"], self.entry)


class Name(NamedTuple):
    """What became of a ticker that was asked for.

    ref: the `ticker` ('-' where it was listed before). created: the block of that. issued: the
    first `issue` of it that stands, or all of them (`naming.issued`). closed: the block that its
    rest is counted from, 0 while it is open; of a name that was released, `created`. ended: it is
    nobody's.
    """

    ref: str
    created: int
    issued: tuple[str, ...] = ()
    closed: int = 0
    ended: bool = False


class Named(NamedTuple):
    """What a directive did to a name; effect: as `Verb.names`. ref: the instruction it is about."""

    effect: str
    code: str
    ref: str = ""
    of: str = ""


# What is so


def _free_from(name: Name, pit: "Pit") -> int:
    """The block from which a name can be asked for again, as things stand; 0: never."""
    if name.closed:
        return name.closed + int(pit.rule("name-rest"))
    return 0 if name.issued else name.created + int(pit.rule("name-rest"))


def released(pit: "Pit", code: str) -> int:
    """The block from which a ticker that is not closed is released for want of shares; 0: not so
    by now."""
    name = pit.names.get(code)
    if name is None or name.closed or name.issued:
        return 0
    free = _free_from(name, pit)
    return free if pit.block(pit.time) >= free else 0


def not_free(pit: "Pit", code: str) -> str:
    """Why a name cannot be asked for now, as a sentence; '' when it can."""
    if code in pit.aliases:
        return f"{code} is another name of {pit.aliases[code]}"
    name = pit.names.get(code)
    if code in pit.assets or code in pit.markets or (code in pit.tickers and name is None):
        return f"{code} exists already"
    if name is None or code not in pit.tickers:
        return ""
    free = _free_from(name, pit)
    if free and pit.block(pit.time) >= free:
        return ""
    return f"{code} rests until block {free}" if name.closed else f"{code} exists already"


def outstanding(pit: "Pit", code: str) -> bool:
    """Whether a ticker has shares by what stands; one from before these rules counts as if."""
    name = pit.names.get(code)
    return name is None or bool(name.issued)


def not_issued(pit: "Pit", code: str) -> str:
    """Why nothing of a ticker is issued by its issuer now, as a sentence; '' when it may be."""
    if pit.tickers[code].closed:
        return f"{code} is closed"
    if code in pit.closes:
        return f"{code} is to be closed or renamed by entry {pit.closes[code]}"
    block = released(pit, code)
    return f"{code} was released: no shares by block {block}" if block else ""


def problem(pit: "Pit", verb: Verb, directive: Directive, signer: str) -> str:
    """Why an instruction about names can have no effect, as a sentence; '' when it can."""
    codes = codes_of(verb, directive)
    for code in codes:
        ticker = pit.tickers.get(code)
        if ticker is None:
            return f"{code} is not listed"
        if ticker.mode == CONTRACT:
            return f"{code} is a market of contracts; its name is its own for good"
        if ticker.issuer != signer and not pit.open:
            return f"{code} is {ticker.issuer}'s, not {signer}'s"
        why = not_issued(pit, code)
        if why:
            return why
    if verb.names == "asks-end":
        allowed = pit.permits.get(codes[0], "") > pit.time
        if outstanding(pit, codes[0]) and not allowed:
            return (
                f"{codes[0]} has shares; it is closed while there are none, or under a motion "
                "that passed (`kind: close`)"
            )
        return ""
    return _not_one(pit, codes)


def _not_one(pit: "Pit", codes: Sequence[str]) -> str:
    """Why these cannot be names of one ticker."""
    first = pit.tickers[codes[0]]
    for place, code in enumerate(codes):
        ticker = pit.tickers[code]
        if code in codes[:place]:
            return f"{code} is named twice, by whichever of its names"
        if (ticker.currency, ticker.lot, ticker.mode) != (first.currency, first.lot, first.mode):
            return f"{code} differs from {first.code} in currency, lot or `short:`"
    several = [code for code in codes if outstanding(pit, code)]
    if len(several) > 1:
        return f"{several[0]} and {several[1]} both have shares; of these names at most one may"
    return ""


def stays(pit: "Pit", codes: Sequence[str]) -> str:
    """Which of several names stays the ticker: the one that has shares, else the preferred one."""
    return next((code for code in codes if outstanding(pit, code)), codes[-1])


def shown(pit: "Pit", code: str) -> str:
    """A ticker as people read it, by its preferred name: `NEW (was OLD)`, `FIRM (closed)`."""
    first = pit.preferred.get(code, code)
    others = {code, *(alias for alias, of in pit.aliases.items() if of == code)} - {first}
    said = f"{first} (was {', '.join(sorted(others))})" if others else code
    return f"{said} (closed)" if pit.tickers[code].closed else said


def codes_of(verb: Verb, directive: Directive) -> tuple[str, ...]:
    """The tickers that a `close` or `synonym` is about."""
    said = verb.said(directive)
    return said["tickers"] if "tickers" in said else (said["ticker"],)


def resolve(text: Text, pit: "Pit") -> Text:
    """A text with the tickers that its instructions mean, by whichever name they say it."""
    return text._replace(directives=tuple(_meant(one, pit) for one in text.directives))


def _meant(directive: Directive, pit: "Pit") -> Directive:
    verb, aliases = pit.words[directive.verb], pit.aliases
    if verb.report or verb.name in ("ticker", "market", "asset"):
        return directive
    one, several = FIELDS["asset"], FIELDS["assets"]
    args = tuple(
        aliases.get(value, value)
        if slot.field is one
        else tuple(aliases.get(code, code) for code in value)
        if slot.field is several
        else value
        for slot, value in zip(verb.fields, directive.args, strict=True)
    )
    if verb.name == "rule" and directive.args[0] == "governed-by":
        governs = str(directive.args[1])
        args = (args[0], aliases.get(governs, governs))
    keys = directive.keys
    if any(verb.keys[key] is one for key in keys):
        found = {key: aliases.get(keys[key], keys[key]) for key in keys if verb.keys[key] is one}
        keys = {**keys, **found}
    return Directive(verb.name, args, keys)


def older(ref: str, other: str) -> bool:
    """Whether an entry's directive stands before another one."""
    one, two = ref.partition("."), other.partition(".")
    return (int(one[0]), int(one[2] or 1)) < (int(two[0]), int(two[2] or 1))
