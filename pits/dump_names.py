"""Names as text and back: the part of a pit's fold that is there where `listing` is in force."""

from collections.abc import Iterator
from typing import Any

from pit.archives.verbs import Directive, Verb, vocabulary
from pit.archives.words import CORE
from pit.pits.names import Asked, Name
from pit.pits.state import Pit

STATE = vocabulary(
    (
        Verb(
            "asks",
            "{ref:reference} {code:asset} {name:text} by {signer:handle}",
            "A name that is asked for; in which entry and block, under which `name-conflict`.",
            keys={
                **CORE["ticker"].key_types,
                "entry": "natural",
                "block": "natural",
                "conflict": "name",
            },
        ),
        Verb(
            "named",
            "{code:asset} {ref:word} created {block:natural}",
            "A name, and the `ticker` that asked for it.",
            keys={"closed": "natural", "ended": "yes"},
        ),
        Verb("issued-in", "{code:asset} {ref:word}", "An `issue` of it that stands."),
        Verb("to-close", "{code:asset} {ref:reference}", "Who closes or renames it."),
        Verb("may-close", "{code:asset} until {until:time}", "A motion that passed."),
        Verb("alias", "{code:asset} of {ticker:asset}", "Another name of a ticker."),
        Verb("shown", "{ticker:asset} {code:asset}", "The name that it is shown by."),
    )
)


def dump(pit: Pit) -> Iterator[Directive]:
    """As directives of `STATE`, in canonical order."""
    for ref, asked in pit.asked.items():  # as they came
        keys: dict[str, Any] = {**asked.directive.keys}
        keys |= {"entry": asked.entry, "block": asked.block, "conflict": asked.conflict}
        yield Directive("asks", (ref, *asked.directive.args, asked.signer), keys)
    for code, name in sorted(pit.names.items()):
        keys = {"closed": name.closed} if name.closed else {}
        if name.ended:
            keys["ended"] = "yes"
        yield Directive("named", (code, name.ref, name.created), keys)
        for ref in name.issued:  # as they came
            yield Directive("issued-in", (code, ref))
    for verb, pairs in (
        ("to-close", pit.closes),
        ("may-close", pit.permits),
        ("alias", pit.aliases),
        ("shown", pit.preferred),
    ):
        for pair in sorted(pairs.items()):
            yield Directive(verb, pair)


def load(pit: Pit, directive: Directive) -> None:
    """Take one directive of `dump`; others are left alone."""
    verb, args, keys = directive
    if verb == "asks":
        ref, code, name, signer = args
        said = {key: keys[key] for key in keys if key in CORE["ticker"].keys}
        asks = Directive("ticker", (code, name), said)
        block, conflict = keys["block"], keys["conflict"]
        pit.asked[ref] = Asked(ref, asks, signer, keys["entry"], block, conflict)
    elif verb == "named":
        pit.names[args[0]] = Name(args[1], args[2], (), keys.get("closed", 0), "ended" in keys)
    elif verb == "issued-in":
        name = pit.names[args[0]]
        pit.names[args[0]] = name._replace(issued=(*name.issued, args[1]))
    elif verb == "to-close":
        pit.closes[args[0]] = args[1]
    elif verb == "may-close":
        pit.permits[args[0]] = args[1]
    elif verb == "alias":
        pit.aliases[args[0]] = args[1]
    elif verb == "shown":
        pit.preferred[args[0]] = args[1]
