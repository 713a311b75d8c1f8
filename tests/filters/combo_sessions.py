"""Random sessions of a whole pit in which combinations trade in markets of bounded contracts."""

import random

from pit.filters.match import Match
from pit.filters.positions import Positions
from pit.filters.runner import Run
from pit.filters.settle import Settle
from tests.filters.sessions import (
    Archive,
    Process,
    Session,
    at,
    bad_mail,
    fill_in,
    found,
    processes,
    settle,
)

MARKETS = {
    "RAIN": (0, 10, ""),
    "RAIN.2": (2, 8, "RAIN"),
    "RAIN.3": (4, 5, "RAIN.2"),
    "RAIN.4": (6, 9, "RAIN"),  # settled by its owner
    "SNOW": (0, 4, ""),
    "SNOW.2": (1, 3, "SNOW"),
}
FAMILIES = (("RAIN", "RAIN.2", "RAIN.3"), ("SNOW", "SNOW.2"))


def founded(
    members: list[str], shards: int, cash: str = "100000", fee: str = "maker 0 taker 0"
) -> Archive:
    """A pit with two families of markets, of the specialists sam and sue."""
    archive = found(members, shards, cash, "1", fee)
    for code, (low, high, within) in MARKETS.items():
        about = [f"within: {within}"] if within else ["currency: EUR", "tick: 0.50"]
        if code in ("RAIN", "SNOW"):
            about += [f"specialist: {'sam' if code == 'RAIN' else 'sue'}", "void: mid"]
            about += ["expiry: 2027-01-01", "panel: cashier", "resolution:\n    By the station."]
        if code == "RAIN.4":
            about += ["kind: owner-settled"]
        about += [f"min: {low}", f"max: {high}"]
        archive.say("issuer", f'market {code} "{code}"', *(f"  {line}" for line in about))
    archive.seal()
    return archive


def everybody(shards: int, split: bool = False) -> list[Process]:
    """One keeper's process a shard, one that settles, and one or two that match."""
    running = processes(shards)[:shards]
    makes = [Match]
    if split:
        parts = frozenset({"SNOW"}), frozenset({"RAIN", "ACME", "BETA"})
        makes = [lambda part=part: Match(part) for part in parts]
    return running + [Process(make, Run(make())) for make in (*makes, Settle)]


def instructions(
    rng: random.Random, members: list[str], count: int, settling: bool
) -> list[tuple[str, str, int]]:
    """(member, text, index of the instruction that `{ref}` in it names, or -1).

    settling: whether markets are settled among them, which counts when it stands.
    """
    made: list[tuple[str, str, int]] = []
    for index in range(count):
        member, kind = rng.choice(members), rng.random()
        market = rng.choice([*MARKETS, *FAMILIES[0] * 2])
        if kind < 0.22:
            made.append((rng.choice(members[:-1]), combination(rng, index), -1))
        elif kind < 0.86 or not made:
            made.append((member, order(rng, market), -1))
        elif kind < 0.91:
            target = rng.randrange(len(made))
            asked = f"replace {{ref}} {rng.randint(1, 9)} @ {rng.randint(8, 10) / 2:.2f}"
            made.append((made[target][0], rng.choice(["cancel {ref}", asked]), target))
        elif kind < 0.93:
            end = f"{at(index + rng.randint(1, 6)).isoformat()}Z"
            kinds = [f"halt {market}", f"auction {market} until {end}", f"resume {market}"]
            made.append(("operator", rng.choice([*kinds, *[f"resume {m}" for m in MARKETS]]), -1))
        elif kind < 0.95:
            root = rng.choice(["RAIN", "SNOW"])
            made.append(("operator", f"specialist {root} {rng.choice(['sam', 'sue'])}", -1))
        elif kind < 0.97:
            made.append((member, f"withdraw {rng.randint(1, 5)} EUR", -1))
        elif kind < 0.98:
            made.append(("operator", f"keeper {{shard}} keeper{rng.randint(1, 3)}", -99))
        else:
            what = [f"bound RAIN {rng.randint(0, 4)} {rng.randint(6, 10)}", "bound RAIN 3 7"]
            what += (
                what if not settling else ["settle RAIN 4.50", "settle SNOW 0", "settle RAIN.4 7"]
            )
            made.append(("issuer", rng.choice(what), -1))
    return made


def order(rng: random.Random, market: str) -> str:
    """An order; low bids and high asks make a book."""
    low, high, _ = MARKETS[market]
    verb = rng.choice(["buy", "sell"])
    price = rng.randint(2 * low, 2 * high) / 2
    if rng.random() < 0.7:
        price = min(price, (low + high) / 2) if verb == "buy" else max(price, (low + high) / 2)
        price = int(2 * price) / 2
    show = f"\n  show: {rng.randint(1, 3)}" if rng.random() < 0.15 else ""
    stop = f"\n  stop: {price:.2f}" if rng.random() < 0.1 else ""
    return f"{verb} {rng.randint(2, 15)} {market} @ {price:.2f}{show}{stop}"


def combination(rng: random.Random, index: int) -> str:
    """A combination; at times with a leg too many, or of two families."""
    family = rng.choice((*FAMILIES, *FAMILIES[:1]))
    legs = rng.sample(family, rng.choice([2, 2, len(family)]))
    if rng.random() < 0.05:
        legs.append(rng.choice(["RAIN.4", "RAIN", "ACME"]))
    lines = "".join(f"\n    {rng.choice('+-')}{rng.choice([1, 1, 1, 2])} {leg}" for leg in legs)
    label = f"\n  ref: mine-{index % 7}" if rng.random() < 0.2 else ""
    net = rng.randint(-4, 30) / 2
    return f"combo {rng.randint(1, 3)} @ {net:.2f}{label}\n  legs:{lines}"


def play(
    seed: int,
    *,
    shards: int,
    chaos: bool,
    cash: str = "100000",
    count: int = 40,
    settling: bool = True,
) -> Session:
    """Play the instructions of a seed, with instant or with bad mail; in the end all is settled."""
    rng = random.Random(seed)
    members = ["alice", "bob", "carol", "dave"][: rng.randint(2, 4)]
    maker = members[-1]
    script = instructions(rng, members, count, settling)
    fee = rng.choice(["maker 0 taker 0", "maker 0.001 taker 0.003", "maker 0 taker 0.01"])
    ends = [("issuer", f"settle RAIN {rng.randint(8, 12) / 2:.2f}"), ("issuer", "settle SNOW 1.50")]
    ends += [("issuer", "settle RAIN.4 6.50")]
    quotes = [f"buy 20 {code} @ {low}.50" for code, (low, _, _) in MARKETS.items()]
    quotes += [f"sell 20 {code} @ {high - 1}.50" for code, (_, high, _) in MARKETS.items()]
    script = [(maker, quote, -1) for quote in quotes] + [
        (member, text, target + len(quotes) if target >= 0 else target)
        for member, text, target in script
    ]
    archive = founded(members, shards, cash, fee)
    running = everybody(shards, split=chaos and seed % 4 == 3)
    settle(archive, running)
    flying = []
    refs: list[int] = []
    for index, (member, text, target) in enumerate(script):
        said = fill_in(text, target, refs, shards)
        refs.append(archive.say(member, said, at=at(index)))
        archive.seal()
        if not chaos:
            settle(archive, running)
            continue
        bad_mail(rng, archive, running, flying)
    for draft in flying:
        archive.post(draft)
    archive.seal()
    settle(archive, running)
    for minute, (member, text) in enumerate(ends):
        archive.say(member, text, at=at(len(script) + 1 + minute))
        archive.seal()
        settle(archive, running)
    archive.say("operator", 'say "over"', at=at(len(script) + 9))
    archive.seal()
    settle(archive, running)
    return Session(archive, running, refs, shards)


def keepers(session: Session) -> list[Process]:
    """The processes that keep positions."""
    return [one for one in session.running if isinstance(one.run.filter, Positions)]


__all__ = ["FAMILIES", "MARKETS", "everybody", "founded", "keepers", "play"]
