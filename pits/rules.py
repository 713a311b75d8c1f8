"""The parameters of a pit: `rule NAME VALUE …`, one table with their defaults.

A rule is in force from the entry after the one that sets it. docs/reference/rules.md is made from
this table.
"""

import re
from collections.abc import Callable
from difflib import get_close_matches
from functools import cache
from typing import Any, NamedTuple

from pit.archives.fields import FIELDS, choice


class Rule(NamedTuple):
    """A parameter: the field its value is read by, its default as written, what it means.

    kind: the field's name, or `=` and the words to choose from, `|` between. least, most: the
    smallest and the largest number it may be, as read; None for any.
    """

    kind: str
    default: str
    meaning: str
    most: int | None = None
    least: int | None = None


RULES: dict[str, Rule] = {
    "match": Rule("count", "1", "version of the matching rules"),
    "positions": Rule("count", "1", "version of the rules of accounts and cover"),
    "settle": Rule("count", "1", "version of the rules of settlement"),
    "freshness": Rule(
        "duration",
        "7d",
        "how old a signature may be, by Pit-Time, when the notary takes the mail in",
    ),
    "day-end": Rule("clock", "00:00", "when orders with `tif: day` expire: HH:MM, UTC"),
    "fee": Rule(
        "fees",
        "maker 0 taker 0",
        "shares of a trade's value that the operator's account gets of each side: `taker` of who "
        "came later, `maker` of the other; as in force at the order's own entry",
    ),
    "unresolved": Rule(
        "duration",
        "30d",
        "how long after its expiry a market that nobody has settled is void; as in force when it "
        "was founded",
    ),
    "margin": Rule(
        "number",
        "0.5",
        "of a ticker with `short: allowed`, what is locked for a unit sold short beyond its price, "
        "as a share of it; as in force at the order's own entry",
        100,
    ),
    "bust-window": Rule(
        "duration",
        "1d",
        "how old a fill may be, by Pit-Time, that a `bust` undoes; what is older is forgotten",
        10 * 365 * 86400,
    ),
    "governed-by": Rule(
        "listed",
        "none",
        "the ticker whose holders may change these rules by motion (`kind: rule`)",
    ),
    "majority": Rule(
        "majorities",
        "1/2 2/3 1/3 3/4",
        "when a motion passes, in pairs: so much of the vote cast, and so much of that in favour; "
        "one pair is enough; as in force when it was moved",
    ),
    "motion-days": Rule("count", "90", "the most whole days that a motion may be open", 3650),
    "mandate-days": Rule(
        "count", "90", "for how many days what a motion allows to be issued may be issued", 3650
    ),
    "title-length": Rule("count", "50", "the most characters of a motion's title"),
    "text-length": Rule("count", "10000", "the most characters of a motion's text"),
    "comment-length": Rule(
        "count", "200", "the most characters of a comment on a vote or a dividend"
    ),
    "block": Rule(
        "duration",
        "5m",
        "how long a block is, by Pit-Time from entry 1 on; fixed once a `rule tokens` or "
        "`rule words listing 1` was said",
    ),
    "tokens": Rule(
        "switch",
        "off",
        "version of the rules of TradeTokens (TT): subsidies, fees and good-faith deposits; `off`: "
        "there are none",
    ),
    "schedule": Rule(
        "=linear|halving",
        "linear",
        "how a block's subsidy falls: from each block to the next by `subsidy-fall`, or by half "
        "every `halving` blocks",
    ),
    "subsidy": Rule("tokens", "1000", "what the first block brings, in TT"),
    "subsidy-fall": Rule("tokens", "0.00019", "by how much it falls a block, in TT", least=1),
    "halving": Rule("count", "1315790", "after how many blocks it is halved"),
    "sealers": Rule(
        "names",
        "operator",
        "the notaries that take turns, block by block: each gets the subsidies and fees of its own "
        "blocks, and of the empty ones before them",
    ),
    "forfeits": Rule(
        "=next|burn",
        "next",
        "where forfeited good faith goes: to the sealer of the block after the cancel's, or to "
        "nobody; with one sealer always to nobody",
    ),
    "fee-rate": Rule("number", "0.000001", "the basic fee as a share of all TT in existence", 1),
    "fee-minimum": Rule("tokens", "0", "the least that a fee in TT is, where there is one"),
    "fee-cap": Rule("cap", "none", "the most that a fee in TT is"),
    **{
        f"fee-{kind}": Rule("number", times, f"how many basic fees {what} costs; 0: none")
        for kind, times, what in (
            ("issue", "100", "an `issue`"),
            ("listing", "10", "a `ticker`, `commit`, `synonym` or `close`"),
            ("buy", "1", "an order to buy, or a combination,"),
            ("sell", "1", "an order to sell"),
            ("cancel", "1.2", "a cancel that ends an order, out of its good-faith deposit,"),
            ("motion", "5", "a `motion`"),
            ("vote", "0.1", "a `vote`"),
            ("dividend", "2", "a `dividend`"),
        )
    },
    "good-faith": Rule(
        "natural",
        "10",
        "how many of its fees an order deposits at least, and at most again for what it is worth",
        1_000_000,
    ),
    "good-faith-worth": Rule(
        "number", "10", "the quantity x limit from which on an order deposits most"
    ),
    "name-conflict": Rule(
        "=reject-all|commit|first",
        "reject-all",
        "who gets a name that several ask for (`rule words listing 1`): nobody, in one block; who "
        "had committed to it; or who came first",
    ),
    "reveal": Rule("count", "288", "within how many blocks of its `commit` a `ticker` is said"),
    "name-rest": Rule(
        "count",
        "8064",
        "after how many blocks a name that was never issued is free again, or one that was closed",
    ),
    "idle-seal": Rule(
        "duration", "1h", "after how long without a seal the notary makes one anyway"
    ),
    "clock-jump": Rule(
        "duration",
        "400d",
        "how far the notary's clock may be past the last stamp before it stops and asks",
    ),
    "witnesses": Rule("natural", "0", "how many witnesses each seal should have"),
    "private": Rule("yes", "no", "`yes`: archive, mirrors and list are readable to members only"),
    "outcomes": Rule(
        "=each|hourly|daily|off",
        "each",
        "how often members are told what became of their instructions: at each entry that says "
        "so, by the hour or the day of Pit-Time, or never",
    ),
    "post": Rule(
        "=each|batch",
        "each",
        "what a mail to the list carries: each entry has one of its own, or all that the notary "
        "sealed together (at most 1 MiB) share one",
    ),
    "segment-entries": Rule(
        "count",
        "50000",
        "after how many entries a seal closes a segment of the archive; at most 50000",
        50_000,
    ),
}


@cache
def default(name: str) -> Any:
    """The value of a rule that nobody has set."""
    return read(name, RULES[name].default)


def read(name: str, value: str) -> Any:
    """The value of a rule from its words; ValueError with the sentence of what would be right."""
    rule = RULES.get(name)
    if rule is None:
        near = " or ".join(f"`{one}`" for one in get_close_matches(name, sorted(RULES)))
        known = f"there is {near}; " if near else ""
        raise ValueError(f"there is no rule `{name}`; {known}`pit show rules` lists them")
    field = choice(*rule.kind[1:].split("|")) if rule.kind[0] == "=" else FIELDS[rule.kind]
    if not re.fullmatch(field.pattern, value):
        raise ValueError(f"'{value}' is not {field.what}; {field.right}")
    reader: Callable[[str], Any] = field.read or str
    found = reader(value)
    if rule.most is not None and found > rule.most:
        raise ValueError(f"'{value}' is too much for `{name}`; write at most {rule.most}")
    if rule.least is not None and found < rule.least:
        raise ValueError(f"'{value}' is too little for `{name}`; write 0.00001 or more")
    return found


def reference() -> str:
    """The table as a page of the reference."""
    lines = [
        "# Rules",
        "",
        "Parameters of a pit. The operator sets them, `rule NAME VALUE`, from the next entry on.",
        "",
        "| rule | default | meaning |",
        "|---|---|---|",
    ]
    lines += [f"| `{name}` | `{rule.default}` | {rule.meaning} |" for name, rule in RULES.items()]
    words = (
        "`rule words NAME VERSION` takes a filter's words into use; until then they are refused."
    )
    return "\n".join([*lines, "", words, ""])
