"""What a directive about a pit does to its fold, once `checks` has no objection."""

from typing import TYPE_CHECKING

from pit.archives.entry import NOTARY, OPERATOR
from pit.archives.verbs import Directive
from pit.pits import rules
from pit.pits.brought import words_of
from pit.pits.listing import Asset, Holder, ticker_of
from pit.pits.members import EXPELLED, GOOD, SUSPENDED, Member

if TYPE_CHECKING:
    from pit.pits.state import Pit


def _charter(pit: "Pit", directive: Directive, signer: str) -> None:
    pit.title = directive.args[0]
    pit.members[OPERATOR] = Member(OPERATOR, "", directive.keys.get("mail", ()))
    pit.members[NOTARY] = Member(NOTARY, "", directive.keys.get("list", ()))


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
        pit.brought[brought] = int(version)
        pit.words.update(words_of(brought, int(version)) or {})
    else:
        pit.rules[name] = rules.read(name, value)
        pit.written[name] = value


def _asset(pit: "Pit", directive: Directive, signer: str) -> None:
    code, name = directive.args
    pit.assets[code] = Asset(code, name, directive.keys.get("decimals", 2))


def _list(pit: "Pit", directive: Directive, signer: str) -> None:
    code = directive.args[0]
    pit.tickers[code] = ticker_of(directive, signer, pit.assets[directive.keys["currency"]])
    pit.specialists[code] = Holder(directive.keys["specialist"], pit.entry)


def _specialist(pit: "Pit", directive: Directive, signer: str) -> None:
    ticker, handle = directive.args
    pit.specialists[ticker] = Holder(handle, pit.entry)


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
    "grant": _grant,
    "revoke": _revoke,
    "rule": _rule,
    "asset": _asset,
    "ticker": _list,
    "specialist": _specialist,
    "keeper": _keeper,
    "adopt": _adopt,
    "witness": _witness,
    "seal": _seal,
    "report": _report,
}
