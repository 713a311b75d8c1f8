"""The core words of reports (LANGUAGE, Reports)."""

from pit.archives.verbs import Verb

__all__ = ["REPORTS"]

REPORTS = (
    Verb(
        "report",
        "{filter:name} {number:count}",
        "Heads a report: the signer's NUMBER-th for this filter.",
        who=["keeper", "specialist"],
    ),
    Verb(
        "accept",
        "{instruction:owned}",
        "Cover stands; of a market order to buy, `cover` is what it may cost.",
        who=["keeper"],
        keys={"cover": "number"},
        report="positions",
    ),
    Verb(
        "refuse",
        "{instruction:owned} {why:text}",
        "No cover, with the numbers used; by the operator, outside a report, for one instruction "
        "whose keeper is dead.",
        who=["keeper", "operator"],
        report="positions",
    ),
    Verb(
        "fill",
        "{quantity:number} {ticker:asset} @ {price:price} {buyer:owned} {seller:owned}",
        "A trade, at the resting order's price.",
        who=["specialist"],
        keys={"taker": "=buyer|seller|none"},
        report="match",
    ),
    Verb(
        "leaves",
        "{order:owned} {quantity:number} [@ {price:price}] {why:rest}",
        "What works of an order now; 0 ends it.",
        who=["specialist"],
        report="match",
    ),
    Verb(
        "bounded",
        "{market:asset} {low:number} {high:number}",
        "A market's bounds from here on: its dispute window is over, or the panel has decided.",
        who=["specialist"],
        report="settle",
    ),
    Verb(
        "settled",
        "{market:asset} {value:outcome}",
        "What a market is worth, with all that is derived of it; `void`: what its `void` says.",
        who=["specialist"],
        report="settle",
    ),
    Verb(
        "move",
        "{amount:number} {asset:asset} from {instruction:owned} to {account:account} {why:text}",
        "Pays out of what is held for an instruction, by the filter that its verb names.",
        who=["specialist"],
        report="*",
    ),
    Verb(
        "refused",
        "{fingerprint:fingerprint} {signed:time} {text:hash} {code:name}",
        "A signed instruction that was refused; it can never be sent again.",
        who=["notary"],
    ),
    Verb(
        "seal",
        "{entries:count}",
        "Closes the archive up to here: the tree head over all stamps.",
        who=["notary"],
        keys={"root": "hash", "time": "time"},
        needed=["root", "time"],
    ),
)
