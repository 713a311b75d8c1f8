"""What a directive about a pit does to its fold, once `checks` has no objection."""

from typing import TYPE_CHECKING

from pit.archives.entry import NOTARY, OPERATOR
from pit.archives.errors import PitError
from pit.archives.language import Text
from pit.archives.verbs import Directive
from pit.pits import naming, rules
from pit.pits.brought import words_of
from pit.pits.listing import Asset, Holder, ticker_of
from pit.pits.markets import contract_of, market_of
from pit.pits.members import EXPELLED, GOOD, SUSPENDED, Member
from pit.pits.names import Named
from pit.pits.openpgp import certificate
from pit.pits.revocation import revocation

if TYPE_CHECKING:
    from pit.pits.state import Pit


def _charter(pit: "Pit", directive: Directive, signer: str) -> None:
    pit.title = directive.args[0]
    for handle, key, mail in (
        (OPERATOR, "operator-key", "mail"),
        (NOTARY, "notary-key", "list"),
    ):
        fingerprint = _fingerprint(directive.keys[key])
        pit.members[handle] = Member(handle, fingerprint, directive.keys.get(mail, ()))
        if fingerprint:
            pit.handles[fingerprint] = handle


def _fingerprint(key: str) -> str:
    """Of an armoured public key; '' where it is none (a pit of examples, without signatures)."""
    try:
        return certificate(key).fingerprint
    except PitError:
        return ""


def _admit(pit: "Pit", directive: Directive, signer: str) -> None:
    handle, fingerprint = directive.args
    roles = set(directive.keys.get("roles", ()))
    pit.members[handle] = Member(handle, fingerprint, directive.keys["mail"], roles)
    pit.handles[fingerprint] = handle


def _status(pit: "Pit", directive: Directive, signer: str) -> None:
    member = pit.members.get(directive.args[0])
    if member:
        after = {"suspend": SUSPENDED, "restore": GOOD, "expel": EXPELLED}
        member.standing = after[directive.verb]


def _rekey(pit: "Pit", directive: Directive, signer: str) -> None:
    handle, fingerprint = directive.args
    own = signer == handle and "recovery-key" not in directive.keys
    member = pit.members.get(handle)
    if own and member and member.fingerprint != fingerprint:
        pit.waiting[handle] = fingerprint
    else:
        _new_key(pit, handle, fingerprint)


def _confirm(pit: "Pit", directive: Directive, signer: str) -> None:
    handle = directive.args[0]
    if handle in pit.waiting:
        _new_key(pit, handle, pit.waiting[handle])


def _new_key(pit: "Pit", handle: str, fingerprint: str) -> None:
    member = pit.members.get(handle)
    if member and member.fingerprint != fingerprint:
        member.fingerprint = fingerprint
        pit.handles[fingerprint] = handle
        pit.waiting.pop(handle, None)


def _revoke_key(pit: "Pit", directive: Directive, signer: str) -> None:
    handle, found = directive.args[0], revocation(directive.keys["certificate"])
    pit.revoked[found.fingerprint] = (pit.entry, found.reason)
    member = pit.members.get(handle)
    if member and member.fingerprint == found.fingerprint:
        pit.waiting.pop(handle, None)


def _grant(pit: "Pit", directive: Directive, signer: str) -> None:
    role, handle = directive.args
    if handle in pit.members:
        pit.members[handle].roles.add(role)


def _revoke(pit: "Pit", directive: Directive, signer: str) -> None:
    role, handle = directive.args
    if handle in pit.members:
        pit.members[handle].roles.discard(role)


def _rule(pit: "Pit", directive: Directive, signer: str) -> None:
    pit.coming.append(directive)


def put_in_force(pit: "Pit", directive: Directive) -> None:
    """A rule, from the entry after its own."""
    name, value = directive.args
    if name == "words":
        brought, _, version = value.partition(" ")
        words = words_of(brought, int(version)) or {}
        pit.brought[brought] = int(version)
        pit.words.update(words)
        pit.hooks.update(word for word, verb in words.items() if verb.sets or verb.names)
    else:
        pit.rules[name] = rules.read(name, value)
        pit.written[name] = value
    if "listing" in pit.brought:
        pit.hooks |= {"issue", "refuse"} if naming.answers(pit) else {"issue"}


def reported(pit: "Pit", text: Text, signer: str) -> None:
    """What a report does to the pit itself: the one place where one does.

    A rule that the holders of the ticker that governs the pit have set; what `listing` says of
    names; what a keeper refuses. Each counts as other reports do: its signer publishes for what it
    is about since an entry that the report knows of, and the last `adopt`, too.
    """
    after = text.after[0] if text.after else 0

    def entitled(holder: Holder | None) -> bool:
        return pit.open or bool(
            holder and holder.handle == signer and holder.since <= after >= pit.adopted
        )

    for index, directive in enumerate(text.directives):
        if directive.verb not in pit.hooks:
            continue
        verb, args = pit.words[directive.verb], directive.args
        if directive.verb == "refuse":
            owner, _, ref = args[0].partition("/")
            if entitled(pit.keeper(owner)):
                naming.refused(pit, ref)
        elif verb.sets:
            governs = pit.rule("governed-by")
            if governs in pit.tickers and entitled(pit.specialists.get(governs)):
                _by_motion(pit, directive)
        elif verb.names in naming.REPORTED:
            asked = pit.asked.get(args[1].partition("/")[2]) if verb.names in _ASKED else None
            holder = asked.publisher if asked else pit.specialists.get(args[0])
            found: Named | str = f"{args[0]} is not {signer}'s to report on"
            if entitled(holder):
                found = naming.REPORTED[verb.names](pit, args)
            pit.named[f"{pit.entry}.{index + 1}"] = found


_ASKED = ("list", "drop")
"""What is about a name that is not listed yet."""


def _by_motion(pit: "Pit", directive: Directive) -> None:
    """The rule that a report sets."""
    rule = Directive("rule", directive.args[-2:], {"by": directive})
    if rule.args[0] in rules.RULES and not pit.objection(rule, OPERATOR):
        pit.coming.append(rule)


def about_names(pit: "Pit", text: Text, signer: str) -> None:
    """What instructions do to names, where `listing` is in force."""
    for index, directive in enumerate(text.directives):
        verb = pit.words[directive.verb]
        about = bool(verb.names) and not verb.report
        if verb.name not in ("ticker", "issue", "refuse") and not about:
            continue
        ref = f"{pit.entry}.{index + 1}" if index else str(pit.entry)
        why = pit.objection(directive, signer)
        if about:
            pit.named[ref] = why or naming.waits(pit, ref, verb, directive)
        elif verb.name == "issue":
            pit.named[ref] = why or naming.issued(pit, ref, directive)
        elif why:
            continue
        elif verb.name == "ticker":
            naming.asks(pit, ref, directive, signer)
        elif verb.name == "refuse" and signer == OPERATOR and naming.answers(pit):
            naming.refused(pit, directive.args[0].partition("/")[2])


def _asset(pit: "Pit", directive: Directive, signer: str) -> None:
    code, name = directive.args
    pit.assets[code] = Asset(code, name, directive.keys.get("decimals", 2))


def _list(pit: "Pit", directive: Directive, signer: str) -> None:
    if "listing" in pit.brought:
        return  # it asks (`about_names`)
    code = directive.args[0]
    pit.tickers[code] = ticker_of(directive, signer, pit.assets[directive.keys["currency"]])
    pit.specialists[code] = Holder(directive.keys["specialist"], pit.entry)


def _market(pit: "Pit", directive: Directive, signer: str) -> None:
    code, keys = directive.args[0], directive.keys
    market = market_of(directive, keys.get("owner", signer), "", pit)
    pit.markets[code] = market
    pit.tickers[code] = contract_of(market, pit)
    root = pit.specialists.get(market.root)
    pit.specialists[code] = root or Holder(keys["specialist"], pit.entry)


def _specialist(pit: "Pit", directive: Directive, signer: str) -> None:
    ticker, handle = directive.args
    pit.specialists[ticker] = Holder(handle, pit.entry)
    for code, market in pit.markets.items():
        if market.root == ticker:
            pit.specialists[code] = pit.specialists[ticker]


def _keeper(pit: "Pit", directive: Directive, signer: str) -> None:
    shard, count = map(int, directive.args[0].split("/"))
    holders = pit.shards.setdefault(count, {})
    holders[shard] = Holder(directive.args[1], pit.entry)
    if len(holders) == count and pit.shard_count != count:
        pit.shards = {count: holders}
        pit.shard_count, pit.sharded_at = count, pit.entry


def _adopt(pit: "Pit", directive: Directive, signer: str) -> None:
    pit.adopted = pit.entry


def _witness(pit: "Pit", directive: Directive, signer: str) -> None:
    handle, where = directive.args
    pit.witnesses[handle] = where


def _seal(pit: "Pit", directive: Directive, signer: str) -> None:
    pit.seal = (directive.args[0], directive.keys["root"])


def _report(pit: "Pit", directive: Directive, signer: str) -> None:
    pit.reports[directive.args[0], signer] = directive.args[1]


APPLY = {
    "charter": _charter,
    "admit": _admit,
    "suspend": _status,
    "restore": _status,
    "expel": _status,
    "rekey": _rekey,
    "confirm": _confirm,
    "revoke-key": _revoke_key,
    "grant": _grant,
    "revoke": _revoke,
    "rule": _rule,
    "asset": _asset,
    "ticker": _list,
    "market": _market,
    "specialist": _specialist,
    "keeper": _keeper,
    "adopt": _adopt,
    "witness": _witness,
    "seal": _seal,
    "report": _report,
}
