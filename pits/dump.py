"""A pit's fold as text and back: the part of a checkpoint that every filter has."""

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

from pit.archives.verbs import Directive, Verb, vocabulary
from pit.archives.words import CORE
from pit.pits import dump_names
from pit.pits.brought import words_of
from pit.pits.effects import APPLY, put_in_force
from pit.pits.listing import Holder, Ticker
from pit.pits.markets import CONTRACT, contract_of, market_of
from pit.pits.members import Member
from pit.pits.rules import RULES
from pit.pits.state import Pit

STATE = {
    **vocabulary(
        (
            Verb(
                "read",
                "{entry:natural} {time:time}",
                "The last entry read.",
                keys={
                    "pit": "name",
                    "id": "hash",
                    "title": "text",
                    "genesis": "time",
                    "tokens": "natural",
                    "counted": "yes",
                    "adopted": "natural",
                    "open": "yes",
                },
            ),
            Verb(
                "member",
                "{handle:handle} {standing:name}",
                "A member.",
                keys={"fingerprint": "fingerprint", "mail": "addresses", "roles": "names"},
            ),
            Verb("held", "{fingerprint:fingerprint} {handle:handle}", "Whose key this was."),
            Verb(
                "waits",
                "{handle:handle} {fingerprint:fingerprint}",
                "Which key waits for its `confirm`.",
            ),
            Verb(
                "revoked",
                "{fingerprint:fingerprint} {entry:natural} {reason:name}",
                "In which entry a key was revoked, and why.",
            ),
            Verb(
                "listed",
                "{code:asset} {name:text} by {issuer:handle}",
                "A ticker.",
                keys={
                    "currency": "asset",
                    "tick": "number",
                    "lot": "number",
                    "short": "=allowed",
                    "closed": "yes",
                },
            ),
            Verb(
                "publishes",
                "{ticker:asset} {handle:handle} since {entry:natural}",
                "Whose ticker it is.",
            ),
            Verb(
                "keeps",
                "{shard:shard} {handle:handle} since {entry:natural}",
                "Whose shard it is.",
            ),
            Verb("sharded", "{count:natural} since {entry:natural}", "Into how many shards."),
        )
    ),
    **dump_names.STATE,
    "market": Verb(
        "market",
        CORE["market"].form,
        "A market: its owner, and when it is void if nobody has settled it.",
        keys={**CORE["market"].key_types, "void-from": "time"},
    ),
    "rule": CORE["rule"],
    "asset": CORE["asset"],
    "witness": CORE["witness"],
}


WHOLE = {
    **STATE,
    **vocabulary(
        (
            Verb("sealed", "{entries:natural} {root:hash}", "The last seal."),
            Verb(
                "reported",
                "{filter:name} {signer:handle} {number:natural}",
                "A signer's last report for a filter that stands.",
            ),
        )
    ),
}
"""The words of `dump_whole`."""


def dump_whole(pit: Pit) -> Iterator[Directive]:
    """All of the fold, where `dump` leaves the last seal and the reports to the checkpoint."""
    yield from dump(pit)
    yield Directive("sealed", pit.seal)
    for (name, signer), number in sorted(pit.reports.items()):
        yield Directive("reported", (name, signer, number))


def dump(pit: Pit) -> Iterator[Directive]:
    """The fold as directives of `STATE`, in canonical order."""
    if not pit.entry:
        return
    keys: dict[str, Any] = {"pit": pit.name, "id": pit.id, "title": pit.title}
    keys |= {"genesis": pit.genesis, "tokens": pit.tokens, "adopted": pit.adopted}
    keys |= {"counted": "yes" if pit.counted else "", "open": "yes" if pit.open else ""}
    yield Directive("read", (pit.entry, pit.time), {k: v for k, v in keys.items() if v})
    for handle, member in sorted(pit.members.items()):
        about: dict[str, Any] = {
            "fingerprint": member.fingerprint,
            "mail": member.mail,
            "roles": tuple(sorted(member.roles)),
        }
        yield Directive("member", (handle, member.standing), {k: v for k, v in about.items() if v})
    now = {member.fingerprint for member in pit.members.values()}
    for held in sorted(pit.handles.items()):
        if held[0] not in now:
            yield Directive("held", held)
    for waits in sorted(pit.waiting.items()):
        yield Directive("waits", waits)
    for fingerprint, why in sorted(pit.revoked.items()):
        yield Directive("revoked", (fingerprint, *why))
    for name, version in _brought(pit):
        yield Directive("rule", ("words", f"{name} {version}"))
    for name, value in sorted(pit.written.items()):
        yield Directive("rule", (name, value))
    for asset in sorted(pit.assets.values()):
        yield Directive("asset", (asset.code, asset.name), {"decimals": asset.decimals})
    for ticker in pit.tickers.values():  # as listed: the first answers for what has no ticker
        if ticker.mode == CONTRACT:
            market = pit.markets[ticker.code]
            about = {"owner": market.owner, "void-from": market.unresolved}
            yield Directive("market", (market.code, market.name), {**market.said, **about})
            continue
        keys = {"currency": ticker.currency, "tick": ticker.tick, "lot": ticker.lot}
        if ticker.mode == "short":
            keys["short"] = "allowed"
        if ticker.closed:
            keys["closed"] = "yes"
        yield Directive("listed", (ticker.code, ticker.name, ticker.issuer), keys)
    yield from dump_names.dump(pit)
    for code, holder in sorted(pit.specialists.items()):
        yield Directive("publishes", (code, *holder))
    for shard, count, holder in pit.keeper_shards():
        yield Directive("keeps", (f"{shard}/{count}", *holder))
    if pit.shard_count:
        yield Directive("sharded", (pit.shard_count, pit.sharded_at))
    for named in sorted(pit.witnesses.items()):
        yield Directive("witness", named)


def _brought(pit: Pit) -> Iterator[tuple[str, int]]:
    """Name and version of the words brought: before those in force, what is left of others.

    A word that was once brought stays, also where a later version has it no more.
    """
    for name, version in sorted(pit.brought.items()):
        now = words_of(name, version) or {}
        for other in itertools.count(1):
            words = words_of(name, other)
            if words is None:
                break
            left = [word for word in words if word not in now]
            if words.keys() <= pit.words.keys() and any(
                pit.words[word] is words[word] for word in left
            ):
                yield name, other
        yield name, version


def load(pit: Pit, state: Iterable[Directive]) -> None:
    """Bring an empty fold to the state that `dump`, or `dump_whole`, wrote; others' are left alone.

    KeyError or ValueError for what `dump` does not write.
    """
    for directive in state:
        args, keys = directive.args, directive.keys
        if directive.verb == "read":
            pit.entry, pit.time = args
            pit.name, pit.genesis = keys["pit"], keys["genesis"]
            pit.tokens, pit.counted = keys.get("tokens", 0), "counted" in keys
            pit.id, pit.title = keys.get("id", ""), keys.get("title", "")
            pit.adopted, pit.open = keys.get("adopted", 0), "open" in keys
        elif directive.verb == "member":
            fingerprint = keys.get("fingerprint", "")
            pit.members[args[0]] = Member(
                args[0], fingerprint, keys.get("mail", ()), set(keys.get("roles", ())), args[1]
            )
            if fingerprint:
                pit.handles[fingerprint] = args[0]
        elif directive.verb == "held":
            pit.handles[args[0]] = args[1]
        elif directive.verb == "waits":
            pit.waiting[args[0]] = args[1]
        elif directive.verb == "revoked":
            pit.revoked[args[0]] = args[1:]
        elif directive.verb == "rule":
            if args[0] == "words" or args[0] in RULES:  # else it is the version of brought words
                put_in_force(pit, directive)
        elif directive.verb in ("asset", "witness"):
            APPLY[directive.verb](pit, directive, "")
        elif directive.verb == "listed":
            ticker = Ticker.of(
                args[0],
                args[1],
                args[2],
                pit.assets[keys["currency"]],
                keys["tick"],
                keys["lot"],
                "short" if "short" in keys else "book",
            )
            pit.tickers[args[0]] = ticker._replace(closed="closed" in keys)
        elif directive.verb == "market":
            said = {key: keys[key] for key in keys if key in CORE["market"].keys}
            market = market_of(
                Directive("market", args, said), keys["owner"], keys["void-from"], pit
            )
            pit.markets[args[0]] = market
            pit.tickers[args[0]] = contract_of(market, pit)
        elif directive.verb == "publishes":
            pit.specialists[args[0]] = Holder(args[1], args[2])
        elif directive.verb == "keeps":
            shard, count = map(int, args[0].split("/"))
            pit.shards.setdefault(count, {})[shard] = Holder(args[1], args[2])
        elif directive.verb == "sharded":
            pit.shard_count, pit.sharded_at = args
        elif directive.verb == "sealed":
            pit.seal = args
        elif directive.verb == "reported":
            pit.reports[args[:2]] = args[2]
        else:
            dump_names.load(pit, directive)
    if pit.shard_count and len(pit.shards.get(pit.shard_count, ())) != pit.shard_count:
        raise ValueError(f"of the {pit.shard_count} shards in force one has no keeper")
