"""The core words of the language (LANGUAGE, The words).

Only words that do something stand here: what a later rule brings comes with its rule, so that no
text is accepted whose meaning nobody carries out.
"""

from pit.archives.verbs import Verb, vocabulary

_ORDER_KEYS = {
    "until": "time",
    "ref": "word",
    "tif": "=gtc|day|ioc|fok",
    "stop": "price",
    "min": "number",
    "show": "number",
    "cap": "number",
    "post-only": "yes",
    "stp": "=newest|oldest|both|decrement",
    "account": "name",
}

PIT = (
    Verb(
        "charter",
        "{title:text}",
        "Founds the pit; entry 1.",
        who=["operator"],
        keys={
            "operator-key": "block",
            "notary-key": "block",
            "mail": "addresses",
            "list": "addresses",
            "recovery": "fingerprint",
        },
        needed=["operator-key", "notary-key"],
    ),
    Verb(
        "admit",
        "{handle:handle} {fingerprint:fingerprint}",
        "Makes a member; `key` is the public key itself.",
        who=["operator"],
        keys={"mail": "addresses", "roles": "names", "key": "block"},
        needed=["mail", "key"],
    ),
    Verb(
        "suspend",
        "{handle:handle}",
        "Takes a member's right to sign until `restore`; working orders are cancelled.",
        who=["operator"],
    ),
    Verb("restore", "{handle:handle}", "Ends a suspension.", who=["operator"]),
    Verb(
        "expel",
        "{handle:handle}",
        "Ends a membership for good; working orders are cancelled.",
        who=["operator"],
    ),
    Verb(
        "rekey",
        "{handle:handle} {fingerprint:fingerprint}",
        "The handle's key from the next entry; with the fingerprint that it has, a newer "
        "certificate of the same key. Said by its owner, another key waits for his `confirm`; the "
        "operator says it for all others, `notary` included; the charter's recovery key, alone in "
        "a text with `recovery-key`, for the operator.",
        who=["member"],
        keys={"key": "block", "recovery-key": "block"},
        needed=["key"],
    ),
    Verb(
        "confirm",
        "{handle:handle}",
        "Signed with the key that the handle's last `rekey` brought, alone in a text: it is his "
        "key from the next entry.",
        who=["member"],
    ),
    Verb(
        "revoke-key",
        "{handle:handle}",
        "A key that is or was the handle's signs nothing here from the next entry; `certificate`, "
        "a revocation certificate, proves it, whoever says it.",
        who=["member"],
        keys={"certificate": "block"},
        needed=["certificate"],
    ),
    Verb("grant", "{role:name} to {handle:handle}", "Gives a role.", who=["operator"]),
    Verb("revoke", "{role:name} from {handle:handle}", "Takes a role.", who=["operator"]),
    Verb(
        "rule",
        "{name:name} {value:rest}",
        "Sets a parameter of the pit, from the next entry.",
        who=["operator"],
    ),
    Verb(
        "asset",
        "{code:asset} {name:text}",
        "A currency of the pit.",
        who=["operator"],
        keys={"decimals": "natural", "kind": "=currency"},
    ),
    Verb(
        "specialist",
        "{ticker:asset} {handle:handle}",
        "Who publishes for a ticker, from the next entry.",
        who=["operator"],
    ),
    Verb(
        "halt",
        "{ticker:asset}",
        "Nothing trades until `resume`; orders are kept.",
        who=["operator"],
    ),
    Verb("resume", "{ticker:asset}", "Ends a halt, or a call phase.", who=["operator"]),
    Verb(
        "auction",
        "{ticker:asset} until {time:time}",
        "A call phase: orders are kept, and trade at one price when that time has come.",
        who=["operator"],
    ),
    Verb(
        "bust",
        "{fill:reference} {why:text}",
        "Undoes a fill that stands, once the keeper of each side has accepted that; what became "
        "of the orders stays.",
        who=["operator"],
    ),
    Verb(
        "keeper",
        "{shard:shard} {handle:handle}",
        "Who keeps shard K of N, from the next entry in which all N have a keeper.",
        who=["operator"],
    ),
    Verb(
        "witness",
        "{handle:handle} {where:text}",
        "Where this witness publishes what he has seen: a path or URL out of the notary's reach; "
        "the last one said counts.",
        who=["operator"],
    ),
    Verb(
        "adopt",
        "{report:reference}",
        "Takes a divergent report as it stands; the filter goes on from there.",
        who=["operator"],
    ),
)

MEMBERS = (
    Verb(
        "ticker",
        "{code:asset} {name:text}",
        "Lists something to trade; the signer is its issuer. Where names are asked for "
        "(`rule words listing 1`) it asks; `salt`: that of his `commit`.",
        who=["issuer"],
        keys={
            "currency": "asset",
            "tick": "number",
            "lot": "number",
            "specialist": "handle",
            "short": "=allowed",
            "salt": "word",
        },
        needed=["currency", "tick", "lot", "specialist"],
        fee="listing",
    ),
    Verb(
        "market",
        "{code:asset} {name:text}",
        "Founds a market of bounded contracts: a root, or with `within` a sub-market of the "
        "signer's root. `unit`: what one point is worth. Fixed for good: how it is resolved, who "
        "decides a dispute, and what holds (`void`) if nobody can resolve it.",
        who=["issuer"],
        keys={
            "within": "asset",
            "kind": "=derived|owner-settled",
            "min": "number",
            "max": "number",
            "currency": "asset",
            "tick": "number",
            "lot": "number",
            "unit": "number",
            "specialist": "handle",
            "owner": "handle",
            "expiry": "time",
            "resolution": "block",
            "source": "text",
            "panel": "names",
            "void": "=mid|cancel",
            "dispute": "duration",
            "stake": "number",
        },
        needed=["min", "max"],
    ),
    Verb(
        "issue",
        "{quantity:number} {ticker:asset}",
        "New units into the issuer's account.",
        who=["issuer"],
        fee="issue",
    ),
    Verb(
        "deposit",
        "{account:account} {amount:number} {asset:asset}",
        "Money came in from outside for a member.",
        who=["cashier"],
        keys={"ref": "word"},
    ),
    Verb(
        "withdraw",
        "{amount:number} {asset:asset}",
        "Asks for money to go out; held when accepted, gone when paid out.",
        who=["member"],
        keys={"ref": "word", "account": "name"},
        cover="amount",
    ),
    Verb("payout", "{withdrawal:reference}", "Money went out.", who=["cashier"]),
    Verb(
        "transfer",
        "{amount:number} {asset:asset} to {account:account}",
        "Gives an amount to another account; delivered when its accept stands.",
        who=["member"],
        keys={"ref": "word", "account": "name"},
        cover="amount",
    ),
    Verb(
        "buy",
        "{quantity:number} {ticker:asset} @ {price:limit}",
        "An order to buy at that price or lower; `market`: at any.",
        who=["trader"],
        keys=_ORDER_KEYS,
        cover="order",
        fee="buy",
    ),
    Verb(
        "sell",
        "{quantity:number} {ticker:asset} @ {price:limit}",
        "An order to sell at that price or higher; `market`: at any.",
        who=["trader"],
        keys=_ORDER_KEYS,
        cover="order",
        fee="sell",
    ),
    Verb(
        "combo",
        "{quantity:number} @ {net:net}",
        "An order to buy so many combinations, each of all `legs`, for at most that net price "
        "each: at once and whole, or it is killed. Legs stand one a line: `+1 RAIN.2` is bought, "
        "`-1 RAIN.3` sold.",
        who=["trader"],
        keys={"legs": "block", "ref": "word", "account": "name"},
        needed=["legs"],
        cover="order",
        fee="buy",
    ),
    Verb(
        "cancel",
        "{order:reference}",
        "Ends one's own working order, or a withdrawal not yet paid out.",
        who=["member"],
    ),
    Verb(
        "replace",
        "{order:reference} {quantity:number} @ {price:price}",
        "Gives one's own working order another quantity (what is filled included) or price.",
        who=["member"],
        cover="order",
    ),
    Verb(
        "saw",
        "{entries:count} {root:hash}",
        "The signer has seen the seal of so many entries with this root, and the proof that it "
        "extends what he saw before.",
        who=["witness"],
    ),
    Verb("say", "{text:text}", "Talk; no tool acts on it.", who=["member"]),
    Verb(
        "bound",
        "{market:asset} {low:number} {high:number}",
        "Narrows a market's bounds, by its owner; they count when `bounded` stands.",
        who=["member"],
    ),
    Verb(
        "settle",
        "{market:asset} {value:number}",
        "Both bounds at once: what the market is worth, by its owner.",
        who=["member"],
    ),
    Verb(
        "dispute",
        "{market:asset} {why:text}",
        "Stops the bound that waits, when its accept stands, until the panel has decided; `stake` "
        "is lost if the panel finds for the owner.",
        who=["member"],
        keys={"stake": "number", "account": "name"},
        cover="stake",
        mover="settle",
    ),
    Verb(
        "verdict",
        "{dispute:reference} {for:=owner|disputer|void}",
        "A panel member's voice on a dispute; the majority of the panel decides.",
        who=["member"],
    ),
)

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

CORE = vocabulary(PIT, MEMBERS, REPORTS)
"""The words that every pit has."""
