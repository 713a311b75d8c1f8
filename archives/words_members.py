"""The core words of members (LANGUAGE, Members)."""

from pit.archives.verbs import Verb

__all__ = ["MEMBERS"]

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
