"""Companies in the random sessions: issuers, holders who trade, move things, vote and are paid."""

import random
from datetime import datetime, timedelta

import pytest

from pit.filters.dividends import Dividends
from pit.filters.govern import Govern
from pit.filters.runner import Run
from tests.filters import sessions
from tests.filters.sessions import START, Archive, Process, Session, play

HOURS = 7
"""Between two instructions, so that motions of a few days expire within a session."""


def at(index: int) -> datetime:
    """When instruction `index` is sent."""
    return START + timedelta(hours=1 + HOURS * index)


def found(*args: object, **said: object) -> Archive:
    """A pit whose companies are governed and pay dividends; ACME's holders govern the pit."""
    archive = _found(*args, **said)  # type: ignore[arg-type]
    archive.say("operator", "rule words govern 1", "rule words dividends 1")
    archive.say("operator", "rule governed-by ACME")
    archive.say("cashier", "deposit issuer 100000 EUR")
    archive.seal()
    return archive


def processes(shards: int, **more: bool) -> list[Process]:
    """Those of a pit that trades, and the two filters of companies."""
    return [*_processes(shards, **more), *(Process(make, Run(make())) for make in OURS)]


OURS = (Dividends, Govern)
_found, _processes, _instructions = sessions.found, sessions.processes, sessions.instructions


def instructions(
    rng: random.Random, members: list[str], count: int, scarce: bool = True
) -> list[tuple[str, str, int]]:
    """As `sessions.instructions`; every other one is about companies."""
    made: list[tuple[str, str, int]] = []
    motions: list[int] = []
    for index, trade in enumerate(_instructions(rng, members, count, scarce)):
        if rng.random() < 0.45 and trade[2] < 0:
            made.append(company(rng, members, motions))
            if made[-1][1].startswith("motion"):
                motions.append(index)
        else:
            made.append(trade)
    return made


def company(rng: random.Random, members: list[str], motions: list[int]) -> tuple[str, str, int]:
    """An instruction about a company; -1: it names no other."""
    ticker, member = rng.choice(["ACME", "ACME", "BETA", "CHAR"]), rng.choice([*members, "issuer"])
    kind = rng.random()
    if kind < 0.14 or (kind < 0.6 and not motions):
        return member, motion(rng, ticker), -1
    if kind < 0.6:
        favour = rng.choice(["yes", "yes", "yes", "no"])
        comment = rng.choice(["", ' "as said"'])
        by = rng.choice([*members, *members, member])
        return by, f"vote {{ref}} {favour}{comment}", rng.choice(motions[-2:])
    if kind < 0.7:
        where = rng.choice([*members, f"{member}:savings", member])
        keys = rng.choice(["", "\n  account: savings", "\n  account: main"])
        return member, f"payto {where}{keys}", -1
    if kind < 0.75:
        return member, f"transfer {rng.randint(1, 9)} {ticker} to {member}:savings", -1
    if kind < 0.78:
        return "issuer", f"tally {ticker} {rng.choice(['shares', 'heads', 'approval-quorum'])}", -1
    if kind < 0.84:
        return "issuer", f"issue {rng.choice([3, 5, 200])} {ticker}", -1
    amount = rng.choice(["0.01", "0.03", "7.77", "1000.01", "999999"])
    by = rng.choice(["issuer", "issuer", "issuer", member])
    return by, f"dividend {ticker} {amount} {rng.choice(['EUR', 'EUR', 'EUR', 'BETA'])}", -1


def motion(rng: random.Random, ticker: str) -> str:
    """A motion of any kind, at times one that cannot be."""
    days = rng.choice(["1d", "2d", "3d", "4d", "90d", "12h"])
    kinds = {
        "text": "",
        "issue": "\n  quantity: 6",
        "close": "",
        "rule": f"\n  change:\n    rule comment-length {rng.randint(100, 300)}",
    }
    kind = rng.choice([*kinds, "issue", "rule", "issue", "rule"])
    keys = kinds[rng.choice([kind] * 9 + ["text"])]
    return f'motion {ticker} "What to do"\n  expires: {days}\n  kind: {kind}{keys}'


def live(seed: int, *, chaos: bool = True, count: int = 60, **more: str) -> Session:
    """Play a session of companies."""
    ours = {"found": found, "processes": processes, "instructions": instructions, "at": at}
    with pytest.MonkeyPatch.context() as patch:
        for name, made in ours.items():
            patch.setattr(sessions, name, made)
        return play(seed, shards=1 + seed % 2, chaos=chaos, count=count, **more)
