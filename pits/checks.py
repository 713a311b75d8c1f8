"""Which directives about a pit can have an effect: each check a small function with its sentence.

The notary refuses what has an objection; a fold that meets it all the same leaves it without
effect, so that every reader holds the same pit.
"""

import re
from typing import TYPE_CHECKING

from pit.archives.entry import NOTARY, OPERATOR
from pit.archives.errors import PitError
from pit.archives.fields import FIELDS
from pit.archives.verbs import Directive
from pit.pits import rules
from pit.pits.blocks import DECIMALS, TOKEN
from pit.pits.brought import words_of
from pit.pits.listing import tick_problem, ticker_of
from pit.pits.markets import CONTRACT, market_problem
from pit.pits.members import CLEARING, GOOD, OUTSIDE, ROLES, SUSPENDED, owner_of
from pit.pits.revocation import revocation

if TYPE_CHECKING:
    from pit.pits.state import Pit


def _known(pit: "Pit", handle: str) -> str:
    return "" if pit.open or pit.member(handle) else f"{handle} is not a member of this pit"


def _check_charter(pit: "Pit", directive: Directive, signer: str) -> str:
    return "the pit has its charter already" if pit.members else ""


def _check_admit(pit: "Pit", directive: Directive, signer: str) -> str:
    handle, fingerprint = directive.args
    if handle in (NOTARY, OPERATOR, OUTSIDE, CLEARING):
        return f"`{handle}` is reserved; take another handle"
    if handle in pit.members:
        return f"{handle} is, or was, a member already; take another handle"
    if fingerprint in pit.handles:
        return f"this key is {pit.handles[fingerprint]}'s already; one certificate, one handle"
    unknown = sorted(set(directive.keys.get("roles", ())) - set(ROLES))
    return f"{unknown[0]} is not a role; roles are {', '.join(ROLES)}" if unknown else ""


def _check_status(pit: "Pit", directive: Directive, signer: str) -> str:
    handle = directive.args[0]
    if handle in (NOTARY, OPERATOR):
        return f"{handle} cannot be the object of `{directive.verb}`"
    problem = _known(pit, handle)
    if problem or pit.open:
        return problem
    now = pit.members[handle].standing
    needed = {"suspend": (GOOD,), "restore": (SUSPENDED,), "expel": (GOOD, SUSPENDED)}
    allowed = needed[directive.verb]
    return "" if now in allowed else f"{handle} is {now} now; `{directive.verb}` changes nothing"


def _check_rekey(pit: "Pit", directive: Directive, signer: str) -> str:
    handle, fingerprint = directive.args
    if signer not in (handle, OPERATOR):
        return f"the key of {handle} is for {handle} or the operator to change"
    owner = pit.handles.get(fingerprint, handle)
    if owner != handle:
        return f"this key is {owner}'s already; one certificate, one handle"
    return _known(pit, handle)


def _check_confirm(pit: "Pit", directive: Directive, signer: str) -> str:
    handle = directive.args[0]
    if handle not in pit.waiting and not pit.open:
        return f"no `rekey {handle}` waits to be confirmed"
    return "" if signer == handle else f"`confirm {handle}` is signed with {handle}'s new key"


def _check_revocation(pit: "Pit", directive: Directive, signer: str) -> str:
    try:
        revocation(directive.keys["certificate"])
    except PitError as error:
        return f"`certificate:` revokes no key: {error}"
    handle = directive.args[0]
    known = pit.open or handle in pit.members
    return "" if known else f"{handle} is not, and was not, a member of this pit"


def _check_role(pit: "Pit", directive: Directive, signer: str) -> str:
    role, handle = directive.args
    if role not in ROLES:
        return f"{role} is not a role; roles are {', '.join(ROLES)}"
    return _known(pit, handle)


def _check_rule(pit: "Pit", directive: Directive, signer: str) -> str:
    name, value = directive.args
    try:
        if name == "words":
            return _check_words(value)
        rules.read(name, value)
    except ValueError as error:
        return str(error)
    counted = "tokens" in pit.written or "listing" in pit.brought
    if name == "block" and counted and value != pit.written.get(name, rules.RULES[name].default):
        return "blocks are counted already; how long one is stays"
    if name == "tokens" and rules.read(name, value):
        taken = any(coming.args == ("words", "tokens 1") for coming in pit.coming)
        if not taken and "tokens" not in pit.brought:
            return "its words must be in force first: `rule words tokens 1`"
        if pit.decimals(TOKEN) != DECIMALS:
            return f"there must be an asset or ticker {TOKEN} with {DECIMALS} decimals first"
    return _check_sealers(pit, value.split(" ")) if name == "sealers" else ""


def _check_sealers(pit: "Pit", sealers: list[str]) -> str:
    for place, handle in enumerate(sealers):
        if _known(pit, handle):
            return _known(pit, handle)
        if handle in sealers[:place]:
            return f"{handle} is named twice; each takes one turn"
    return ""


def _check_words(value: str) -> str:
    name, _, version = value.partition(" ")
    if not version.isdigit():
        return "write `rule words NAME VERSION`, like `rule words govern 1`"
    return "" if words_of(name, int(version)) is not None else f"no words `{name}` {version} here"


def _check_asset(pit: "Pit", directive: Directive, signer: str) -> str:
    code = directive.args[0]
    if code in pit.assets or code in pit.tickers:
        return f"{code} exists already"
    if directive.keys.get("decimals", 2) > 9:
        return "an asset has at most 9 decimals"
    return ""


def _check_ticker(pit: "Pit", directive: Directive, signer: str) -> str:
    code = directive.args[0]
    if code in pit.assets or code in pit.tickers:
        return f"{code} exists already"
    currency = pit.assets.get(directive.keys["currency"])
    if currency is None:
        return f"{directive.keys['currency']} is not a currency of this pit"
    problem = tick_problem(ticker_of(directive, signer, currency), currency)
    return problem or pit.lacks_role(directive.keys["specialist"], "specialist")


def _check_issue(pit: "Pit", directive: Directive, signer: str) -> str:
    ticker = pit.tickers.get(directive.args[1])
    if ticker is None:
        return f"{directive.args[1]} is not listed"
    if ticker.mode == CONTRACT:
        return f"{ticker.code} is a market of contracts; they come into being by trading"
    if ticker.issuer != signer and not pit.open:
        return f"{ticker.code} is {ticker.issuer}'s to issue, not {signer}'s"
    return ""


def _check_specialist(pit: "Pit", directive: Directive, signer: str) -> str:
    ticker, handle = directive.args
    if ticker not in pit.tickers:
        return f"{ticker} is not listed"
    market = pit.markets.get(ticker)
    if market and market.parent:
        return f"{ticker} has the specialist of {market.root}, with all its markets"
    return pit.lacks_role(handle, "specialist")


def _check_session(pit: "Pit", directive: Directive, signer: str) -> str:
    ticker = directive.args[0]
    return "" if ticker in pit.tickers or pit.open else f"{ticker} is not listed"


def _check_keeper(pit: "Pit", directive: Directive, signer: str) -> str:
    shard, count = map(int, directive.args[0].split("/"))
    if shard > count:
        return f"there is no shard {shard} of {count}"
    return pit.lacks_role(directive.args[1], "keeper")


def _check_adopt(pit: "Pit", directive: Directive, signer: str) -> str:
    entry = int(directive.args[0].partition(".")[0])
    return "" if entry <= pit.entry else f"entry {entry} does not stand yet"


def _check_witness(pit: "Pit", directive: Directive, signer: str) -> str:
    handle, where = directive.args
    if handle == NOTARY:
        return "the notary cannot be a witness of its own archive"
    if not re.match("/|[a-z][a-z0-9+.-]*:.", where):
        return f"'{where}' is no place; write a path from / on, or a URL"
    return ""


def check_brought(pit: "Pit", directive: Directive, signer: str) -> str:
    """What is asked of every instruction that a filter brought, by its fields and keys.

    `ticker` is listed, and its issuer's where only issuers say the verb; accounts are members';
    `title`, `text` and `comment` are no longer than the rules `title-length` and so on.
    """
    verb = pit.words[directive.verb]
    if verb.report:
        return ""
    said = verb.said(directive)
    for name in ("title", "text", "comment"):
        length, most = len(said.get(name) or ""), pit.rule(f"{name}-length")
        if length > most:
            return f"the {name} has {length} characters; write at most {most}"
    for slot, value in zip(verb.fields, directive.args, strict=True):
        problem = _known(pit, owner_of(value)) if slot.field is FIELDS["account"] else ""
        if problem:
            return problem
    code = said.get("ticker")
    if code is None:
        return ""
    ticker = pit.tickers.get(code)
    if ticker is None:
        return f"{code} is not listed"
    if verb.who == ("issuer",) and ticker.issuer != signer and not pit.open:
        return f"{code} is {ticker.issuer}'s, not {signer}'s"
    return ""


CHECK = {
    "charter": _check_charter,
    "admit": _check_admit,
    "suspend": _check_status,
    "restore": _check_status,
    "expel": _check_status,
    "rekey": _check_rekey,
    "confirm": _check_confirm,
    "revoke-key": _check_revocation,
    "grant": _check_role,
    "revoke": _check_role,
    "rule": _check_rule,
    "asset": _check_asset,
    "ticker": _check_ticker,
    "market": market_problem,
    "issue": _check_issue,
    "specialist": _check_specialist,
    "halt": _check_session,
    "resume": _check_session,
    "auction": _check_session,
    "keeper": _check_keeper,
    "adopt": _check_adopt,
    "witness": _check_witness,
}
