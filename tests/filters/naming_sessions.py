"""Names in the random sessions: issuers ask for them, trade, rename, close, and let them go."""

import random
from datetime import datetime, timedelta
from typing import Any

import pytest

from pit.filters.listing import Listing
from pit.filters.match import Match
from pit.filters.naming import commitment
from pit.filters.runner import Run
from tests.filters import companies, sessions
from tests.filters.sessions import START, Archive, Process, Session, play

CODES = ("NOVA", "ORB", "PAX")
OWNERS = {"NOVA": "alice", "ORB": "alice", "PAX": "bob"}
"""Who mostly asks for which."""

RULES = ("reject-all", "commit", "first", "first", "first")


def found(*args: object, **said: object) -> Archive:
    """A pit whose names are asked for, in blocks of an hour; they rest for five days."""
    archive = companies.found(*args, **said)
    archive.say("operator", "grant issuer to alice", "grant issuer to bob")
    archive.say("operator", "rule block 1h", "rule name-rest 120", "rule reveal 24")
    archive.say("operator", "rule name-conflict first", "rule words listing 1")
    archive.seal()
    return archive


def processes(shards: int, **more: bool) -> list[Process]:
    """Those of companies, and the filter of names."""
    made = [*companies.processes(shards, **more), Process(Listing, Run(Listing()))]
    if more.get("split"):
        made.append(Process(_theirs, Run(_theirs())))
    return made


def _theirs() -> Match:
    return Match(frozenset(CODES))


def instructions(
    rng: random.Random, members: list[str], count: int, scarce: bool = True
) -> list[tuple[str, str, int]]:
    """As `companies.instructions`; more than every other one is about a name."""
    made: list[tuple[str, str, int]] = []
    votes: list[tuple[str, str, int]] = []
    for index, trade in enumerate(companies.instructions(rng, members, count, scarce)):
        if trade[2] >= 0 or rng.random() > 0.75:
            made.append(trade)
        elif votes:
            made.append(votes.pop())
        elif index % 40 < len(BEGIN) and rng.random() < 0.8:
            made.append(BEGIN[index % 40])
        else:
            made.append(name(rng, members))
            if made[-1][1].startswith("motion"):
                votes = [(member, "vote {ref} yes", index) for member in members]
    return made


def name(rng: random.Random, members: list[str]) -> tuple[str, str, int]:
    """An instruction about a name; -1: it names no other."""
    code, member = rng.choice(CODES), rng.choice(members)
    owner = OWNERS[code] if rng.random() < 0.9 else rng.choice([*members, "issuer"])
    kind = rng.random()
    if kind < 0.2:
        salt = rng.choice(["", "\n  salt: x7"])
        return owner, listing(code, rng.choice(["sam", "sue"]), salt), -1
    if kind < 0.29:
        return owner, f"commit {commitment(code, owner, 'x7')}", -1
    if kind < 0.33:
        return "operator", f"rule name-conflict {rng.choice(RULES)}", -1
    if kind < 0.37:
        return owner, f"close {code}", -1
    if kind < 0.43:
        codes = rng.sample(CODES[:2], 2) if rng.random() < 0.8 else rng.sample(CODES, 3)
        return OWNERS[codes[0]], f"synonym {' '.join(codes)}", -1
    if kind < 0.58:
        return owner, f"issue {rng.randint(20, 90)} {code}", -1
    if kind < 0.7:
        return owner, f"transfer {rng.randint(1, 9)} {code} to {member}", -1
    if kind < 0.76:
        return owner, f'motion {code} "Wind it up"\n  expires: 1d\n  kind: close', -1
    if kind < 0.79:
        return "operator", f"specialist {code} {rng.choice(['sam', 'sue'])}", -1
    side, quantity = rng.choice(["buy", "sell"]), rng.randint(1, 9)
    return rng.choice([owner, member]), f"{side} {quantity} {code} @ {rng.choice(PRICES)}", -1


PRICES = ("2.00", "2.05", "2.10")


def listing(code: str, specialist: str, more: str = "") -> str:
    """A `ticker`."""
    said = f"currency: EUR\n  tick: 0.05\n  lot: 1\n  specialist: {specialist}{more}"
    return f'ticker {code} "{code} Inc."\n  {said}'


BEGIN = [
    *((owner, listing(code, "sue"), -1) for code, owner in OWNERS.items()),
    ("alice", 'say "some time later"', -1),
    ("bob", 'say "some time later"', -1),
    ("alice", "issue 60 NOVA", -1),
    ("bob", "issue 60 PAX", -1),
    ("alice", "transfer 20 NOVA to bob", -1),
    ("bob", "transfer 20 PAX to alice", -1),
    ("alice", "synonym ORB NOVA", -1),
    ("alice", "sell 9 NOVA @ 2.00", -1),
    ("bob", "buy 5 ORB @ 2.05", -1),
    ("bob", "sell 9 PAX @ 2.00", -1),
    ("alice", "buy 5 PAX @ 2.05", -1),
]
"""What is said again and again."""


def asks(
    rng: random.Random, members: list[str], count: int, scarce: bool = True
) -> list[tuple[str, str, int]]:
    """Names are asked for, and nothing else: by whatever rule."""
    made: list[tuple[str, str, int]] = []
    for _ in range(count):
        code, owner = rng.choice(CODES), rng.choice([*members[:2], "issuer"])
        ticker = listing(code, rng.choice(["sam", "sue"]), rng.choice(["", "\n  salt: x7"]))
        commit = f"commit {commitment(code, owner, 'x7')}"
        if rng.random() < 0.1:
            made.append(("operator", f"rule name-conflict {rng.choice(RULES)}", -1))
        else:
            made.append((owner, rng.choice([ticker, ticker, ticker, commit]), -1))
    return made


def soon(index: int) -> datetime:
    """Four instructions in a block."""
    return START + timedelta(hours=1, minutes=15 * index)


def asking(seed: int, chaos: bool) -> Session:
    """Play a session in which names are only asked for; they are released after ten blocks."""

    def brief(*args: object, **said: object) -> Archive:
        archive = found(*args, **said)
        archive.say("operator", "rule name-rest 10")
        archive.seal()
        return archive

    ours = {"found": brief, "processes": processes, "instructions": asks, "at": soon}
    return _play(ours, seed, chaos, 120)


def live(seed: int, *, chaos: bool = True, count: int = 100) -> Session:
    """Play a session of names."""
    ours = {
        "found": found,
        "processes": processes,
        "instructions": instructions,
        "at": companies.at,
    }
    return _play(ours, seed, chaos, count)


def _play(ours: dict[str, Any], seed: int, chaos: bool, count: int) -> Session:
    with pytest.MonkeyPatch.context() as patch:
        for what, made in ours.items():
            patch.setattr(sessions, what, made)
        return play(seed, shards=1 + seed % 2, chaos=chaos, count=count)
