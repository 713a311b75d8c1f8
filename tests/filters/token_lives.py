"""Random lives of a pit with TradeTokens: everything costs, blocks are skipped, rules change."""

import random
import re
from datetime import datetime, timedelta
from functools import partial
from itertools import accumulate, cycle, islice

import pytest

from pit.filters.match import Match
from pit.filters.runner import Run
from tests.filters import companies, sessions
from tests.filters.sessions import START, Archive, Process, Session, play, settle
from tests.filters.token_pit import ASSET, WORDS, running

GAPS = (
    *(1, 40, 299, 300, 301, 700, 5, 60, 3600, 299.999999, 2, 0.000002, 90, 1800, 7, 30, 600),
    *(1, 1, 250, 40000, 20, 4, 301, 300, 100),
)
"""Seconds between two instructions, over and over: some seals stand in a later block."""

MOMENTS = [
    START + timedelta(minutes=10, seconds=gone) for gone in accumulate(islice(cycle(GAPS), 400))
]

TICKER = (
    'ticker TT "TradeTokens"', "  currency: GLD", "  tick: 0.5", "  lot: 0.00001",
    "  specialist: sue",
)  # fmt: skip

_found, _instructions = sessions.found, sessions.instructions


def at(index: int) -> datetime:
    """When instruction `index` is sent."""
    return MOMENTS[index]


def rules(rng: random.Random) -> list[str]:
    """What is in force from the first block on: mostly not the defaults."""
    chosen = {
        "block": ["5m", "5m", "90s", "1h"],
        "sealers": ["operator", "operator alice sam", "operator bob", "operator sam bob alice"],
        "forfeits": ["next", "next", "next", "burn"],
        "schedule": ["linear", "linear", "halving"],
        "subsidy": ["1000", "1000", "777.77777", "3"],
        "subsidy-fall": ["0.00019", "0.5", "20"],
        "halving": ["3", "100", "1315790"],
        "fee-rate": ["0.000001", "0.000001", "0.00001", "0.0000001"],
        "fee-minimum": ["0", "0", "0.02", "0.00001"],
        "fee-cap": ["none", "none", "0.4", "0.03", "0.002"],
        "good-faith": ["10", "10", "3", "0"],
        "good-faith-worth": ["10", "10", "250.5", "1000"],
        "fee-cancel": ["1.2", "1.2", "25", "0"],
        "fee-vote": ["0.1", "0", "3"],
    }
    return [f"rule {name} {rng.choice(values)}" for name, values in chosen.items()]


def found(seed: int, members: list[str], *args: object, **said: object) -> Archive:
    """A pit whose companies are governed, in which TT are in force; each has a few."""
    rng = random.Random(-seed)
    archive = _found(members, *args, **said)  # type: ignore[arg-type]
    archive.say("operator", *WORDS, "rule governed-by ACME")
    archive.say("cashier", "deposit issuer 100000 EUR")
    if traded(seed):
        archive.say("operator", 'asset GLD "Gold"', "  decimals: 9")
        archive.say("issuer", *TICKER)
        archive.say("cashier", *(f"deposit {member} 5000 GLD" for member in members))
    else:
        archive.say("operator", ASSET)
    archive.say("operator", *rules(rng))
    archive.say("operator", "rule tokens 1")
    archive.seal()
    given = rng.choice(["5", "100", "150"])
    gifts = [f"transfer {given} TT to {who}" for who in (*members, "issuer", members[0])]
    archive.say("operator", *gifts, f"transfer {given} TT to {members[0]}:savings")
    archive.seal()
    return archive


def traded(seed: int) -> bool:
    """Whether TT are a ticker in this life."""
    return seed % 3 == 2


def processes(seed: int, shards: int, split: bool = False) -> list[Process]:
    """Those of the pit; split: one that matches a ticker."""
    if not (split and traded(seed)):
        return running(shards, split)
    return [*running(shards, split), Process(_match, Run(_match()))]


def _match() -> Match:
    return Match(frozenset({"TT"}))


def instructions(
    seed: int, rng: random.Random, members: list[str], count: int, scarce: bool = True
) -> list[tuple[str, str, int]]:
    """As those of `sessions`; many are about tokens, or end an order, and some about a company."""
    made: list[tuple[str, str, int]] = []
    motions: list[int] = []
    for trade in _instructions(rng, members, count, scarce):
        kind = rng.random()
        if kind < 0.12:
            made.append(companies.company(rng, members, motions))
            motions += [len(made) - 1] * made[-1][1].startswith("motion")
        elif kind < 0.5 and made:
            made.append(about_tokens(seed, rng, members, made))
        else:
            text = re.sub("until: .*", f"until: {soon(rng, len(made))}", trade[1])
            made.append((trade[0], text, trade[2]))
    return made


def soon(rng: random.Random, index: int) -> str:
    """When an order of the instruction `index` expires, or a call phase ends."""
    return f"{(at(index) + timedelta(minutes=rng.randint(1, 60))).isoformat()}Z"


def about_tokens(
    seed: int, rng: random.Random, members: list[str], made: list[tuple[str, str, int]]
) -> tuple[str, str, int]:
    """A cancel or replace, a refund, TT given, traded or paid out, or a rule changed."""
    orders = [n for n, (_, text, _) in enumerate(made) if text.startswith(("buy", "sell"))]
    kind, member = rng.random(), rng.choice(members)
    if orders and kind < 0.4:
        target = rng.choice(orders[-5:])
        verb = rng.choice(["cancel {ref}", "cancel {ref}", "refund {ref}", LESS, MORE])
        return made[target][0], verb, target
    if kind < 0.62:
        side, ticker = rng.choice(["buy", "sell"]), rng.choice(["ACME", "ACME", "BETA"])
        return member, f"{side} {rng.randint(2, 20)} {ticker} @ 10.00", -1
    if kind < 0.72:
        giver, amount = rng.choice([(member, "1.5"), (member, "40"), ("operator", "300")])
        return giver, f"transfer {amount} TT to {rng.choice([*members, 'issuer'])}", -1
    if kind < 0.86 and traded(seed):
        price, side = f"{rng.randint(9, 12) / 2:.1f}", rng.choice(["buy", "sell"])
        return member, f"{side} {rng.choice(['1', '0.00003', '7.5'])} TT @ {price}", -1
    if kind < 0.89:
        return "issuer", f"dividend ACME {rng.choice(['0.00007', '2'])} TT", -1
    return "operator", rng.choice(CHANGES), -1


LESS, MORE = "replace {ref} 1 @ 10.00", "replace {ref} 45 @ 10.00"

CHANGES = (
    *("rule tokens off", "rule tokens off", "rule tokens 1", "rule tokens 1", "rule tokens 1"),
    *("rule fee-minimum 0.1", "rule fee-buy 0", "rule fee-buy 2.5", "rule fee-cancel 2"),
    *("rule fee-rate 0.000002", "rule good-faith 5", "rule good-faith-worth 77"),
    *("rule forfeits burn", "rule forfeits next", "rule sealers bob operator"),
    *("rule sealers operator alice sam", "rule schedule halving", "rule subsidy 500"),
)


def live(seed: int, *, chaos: bool = True, count: int = 40) -> Session:
    """Play a life, to an end in which all orders have ended and all blocks are sealed.

    Of every second seed money and units are scarce.
    """
    cash, units = ("100000", "10000") if seed % 4 < 2 or traded(seed) else ("250", "25")
    ours = {
        "found": partial(found, seed),
        "processes": partial(processes, seed),
        "instructions": partial(instructions, seed),
        "at": at,
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, made in ours.items():
            patch.setattr(sessions, name, made)
        shards = 1 + seed % 2
        session = play(seed, shards=shards, chaos=chaos, cash=cash, units=units, count=count)
    end(session, random.Random(seed))
    return session


def end(session: Session, rng: random.Random) -> None:
    """Every order is cancelled, or its member suspended; then blocks go by until all is paid."""
    archive, now = session.archive, MOMENTS[len(session.refs)]
    orders = dict(session.running[0].run.record.orders)
    for order in orders.values():
        if rng.random() < 0.6:
            archive.say(order.owner, f"cancel {order.ref}", at=now)
    archive.seal()
    settle(archive, session.running)
    for owner in sorted({order.owner for order in orders.values()}):
        archive.say("operator", f"suspend {owner}", at=now + timedelta(hours=1))
    archive.seal()
    for hours in (2, 4, 24 * 91):
        archive.say("operator", 'say "later"', at=now + timedelta(hours=hours))
        archive.seal()
        settle(archive, session.running)
