"""Random sessions of an open stream in which combinations trade beside orders.

Few members, prices and quantities, so that combinations are now affordable and now not, and meet
icebergs, orders of their own member, halts and call phases all the time.
"""

from datetime import UTC, datetime, timedelta
from random import Random

from tests.filters.oracle import Instruction

START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
MEMBERS = ("alice", "bob", "carol")
INTERVALS = {"RAIN": (0, 10), "RAIN.2": (2, 8), "RAIN.3": (4, 5)}
FOUNDING = (
    ('asset EUR "Euro"', {}),
    (
        'market RAIN "Rain"',
        {
            "min": "0",
            "max": "10",
            "currency": "EUR",
            "tick": "0.5",
            "specialist": "sam",
            "expiry": "2026-12-01",
            "resolution": "By the station.",
            "panel": "dave",
            "void": "mid",
        },
    ),
    ('market RAIN.2 "Two to eight"', {"within": "RAIN", "min": "2", "max": "8"}),
    ('market RAIN.3 "Four or five"', {"within": "RAIN.2", "min": "4", "max": "5"}),
)
BLOCKS = ("legs", "resolution")


def session(seed: int, count: int = 50) -> list[Instruction]:
    """The founding of the markets, and so many instructions."""
    rng = Random(seed)
    said: list[Instruction] = []
    now = START
    for text, keys in FOUNDING:
        said.append(Instruction(len(said) + 1, now, "operator", text, keys))
        now += timedelta(seconds=1)
    while len(said) < count + len(FOUNDING):
        now += timedelta(seconds=rng.choice([1, 1, 1, 2, 5, 60]))
        entry = len(said) + 1
        text, keys = instruction(rng, entry, now)
        said.append(Instruction(entry, now, rng.choice(MEMBERS), text, keys))
    return said


def instruction(rng: Random, entry: int, now: datetime) -> tuple[str, dict[str, str]]:
    """A directive and its keys."""
    kind, market = rng.random(), rng.choice([*INTERVALS])
    if kind < 0.2:
        return combination(rng)
    if kind < 0.92:
        return order(rng, market, now)
    if kind < 0.97:
        return rng.choice(["cancel {}", "replace {} 3 @ 4.50"]).format(rng.randint(5, entry)), {}
    until = f"{now + timedelta(seconds=rng.randint(1, 20)):%Y-%m-%dT%H:%M:%SZ}"
    sessions = [f"halt {market}", f"auction {market} until {until}"]
    return rng.choice([*sessions, *[f"resume {one}" for one in INTERVALS] * 2]), {}


def order(rng: Random, market: str, now: datetime) -> tuple[str, dict[str, str]]:
    """An order, mostly one that rests; low bids and high asks make a book."""
    low, high = INTERVALS[market]
    buys = rng.random() < 0.5
    middle = (low + high) / 2
    price = rng.randint(2 * low, 2 * high) / 2
    if rng.random() < 0.8:
        price = min(price, middle) if buys else max(price, middle)
    keys: dict[str, str] = {}
    if rng.random() < 0.2:
        keys["show"] = str(rng.randint(1, 3))
    if rng.random() < 0.1:
        keys["stop"] = str(rng.randint(2 * low, 2 * high) / 2)
    if rng.random() < 0.1:
        keys["tif"] = rng.choice(["ioc", "fok"])
    if rng.random() < 0.1:
        until = now + timedelta(seconds=rng.randint(1, 30))
        keys["until"] = f"{until:%Y-%m-%dT%H:%M:%SZ}"
    verb = "buy" if buys else "sell"
    return f"{verb} {rng.randint(2, 20)} {market} @ {price:.2f}", keys


def combination(rng: Random) -> tuple[str, dict[str, str]]:
    """A combination of two or three legs."""
    markets = rng.sample([*INTERVALS], rng.choice([2, 2, 2, 3]))
    legs = [f"{rng.choice('+-')}{rng.choice([1, 1, 1, 2])} {market}" for market in markets]
    return f"combo {rng.randint(1, 3)} @ {rng.randint(-10, 40) / 2}", {"legs": "\n".join(legs)}


def stream(session: list[Instruction]) -> bytes:
    """The session as an open stream in mbox form."""
    text = ""
    for one in session:
        text += f"From {one.entry}@toy.pit {one.time:%a %b %d %H:%M:%S %Y}\n"
        text += f"Pit-Entry: toy {one.entry}\nPit-Time: {one.time:%Y-%m-%dT%H:%M:%S.%fZ}\n"
        text += f"Pit-Signer: {one.member}\n\npit toy\n{one.text}\n"
        for key, value in one.keys.items():
            block = "".join(f"\n    {line}" for line in value.split("\n"))
            text += f"  {key}:{block if key in BLOCKS else ' ' + value}\n"
        text += "\n"
    return text.encode()
