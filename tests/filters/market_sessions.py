"""Random sessions of pits with markets of bounded contracts: bounds, disputes, verdicts, voids.

What a member says depends on how the markets stand, so an observer reads along and the session is
made as it is played.
"""

import random
from collections.abc import Callable, Iterator
from datetime import timedelta
from fractions import Fraction

from pit.archives.mbox import Draft
from pit.filters.instructions import ONE
from pit.filters.match import Match
from pit.filters.positions import Positions
from pit.filters.runner import Run
from pit.filters.settle import Settle
from pit.filters.standing import Standing
from pit.pits.listing import Ticker
from pit.pits.markets import CONTRACT
from pit.pits.state import Pit
from tests.filters.sessions import Archive, Process, Session, at, bad_mail, settle
from tests.filters.sessions import found as found_pit

TRADERS = ["alice", "bob", "carol", "dave"]
PANEL = ["pat", "pia", "pim"]
SETTLED_AT = ("low", "high", "zero", "between")

ROOTS = {
    "RAIN": (0, 100, "1", "1", "1"),
    "SNOW": (0, 4, "0.25", "2", "5"),
    "WIND": (20, 60, "0.5", "1", "0.2"),
}
"""Least and greatest value, tick, lot, unit."""


# A pit with markets


def moment(index: float) -> str:
    """The time of instruction `index` as the language writes it."""
    return f"{(at(0) + timedelta(minutes=index)).isoformat()}Z"


def found(rng: random.Random, shards: int, cash: int, count: int) -> Archive:
    """A pit whose members trade, with one ticker of shares beside one to three roots."""
    fee = rng.choice(["maker 0 taker 0", "maker 0.001 taker 0.003", "maker 0.01 taker 0"])
    archive = found_pit([*TRADERS, *PANEL], shards, f"{cash}", "20", fee)
    archive.say("operator", f"rule unresolved {rng.randint(1, 9)}m")
    for trader in TRADERS:
        archive.say(trader, f"transfer {cash // 3} EUR to {trader}:second")
    roots = rng.sample(sorted(ROOTS), rng.randint(1, 3))
    for code in roots:
        least, most, tick, lot, unit = ROOTS[code]
        expiry = rng.randint(1, count) if rng.random() < 0.3 else count * 2
        keys = {
            "min": f"{least}", "max": f"{most}", "currency": "EUR", "tick": tick, "lot": lot,
            "unit": unit, "specialist": rng.choice(["sam", "sue"]), "expiry": moment(expiry),
            "panel": " ".join(rng.sample(PANEL, rng.randint(1, 3))),
            "void": rng.choice(["mid", "cancel"]), "stake": f"{rng.choice([0, 2, 20])}",
            "resolution": "\n    By the gauge.",
        }  # fmt: skip
        if rng.random() < 0.7:
            keys["dispute"] = f"{rng.choice([1, 3, 6])}m"
        archive.say("issuer", *market(code, keys))
        for branch in rng.sample(range(2, 30), rng.randint(0, 3)):
            archive.say("issuer", *sub_market(rng, archive, code, branch))
    archive.seal()
    return archive


def market(code: str, keys: dict[str, str]) -> Iterator[str]:
    """A `market` directive's lines."""
    yield f'market {code} "{code}"'
    for key, value in keys.items():
        yield f"  {key}:{value if value.startswith(chr(10)) else f' {value}'}"


def sub_market(rng: random.Random, archive: Archive, root: str, branch: int) -> Iterator[str]:
    """One more market of a root, within it or within one of its sub-markets."""
    lines = "".join(entry.text for entry in archive.entries)
    known = [f"{root}.{n}" for n in range(2, 30) if f"market {root}.{n} " in lines]
    parent = rng.choice([root, *known])
    at_parent = lines[lines.index(f"market {parent} ") :]
    low, high = (Fraction(at_parent.split(f"  {key}: ")[1].split()[0]) for key in ("min", "max"))
    tick = Fraction(ROOTS[root][2])
    steps = int((high - low) / tick)
    first = rng.randint(0, steps - 1)
    last = rng.randint(first + 1, steps)
    keys = {"within": parent, "min": text(low + first * tick), "max": text(low + last * tick)}
    if rng.random() < 0.3:
        keys["kind"] = "owner-settled"
        if rng.random() < 0.5:
            keys["dispute"] = f"{rng.choice([1, 2, 5])}m"
        if rng.random() < 0.5:
            keys["void"] = rng.choice(["mid", "cancel"])
    yield from market(f"{root}.{branch}", keys)


def text(number: Fraction) -> str:
    """A number of at most 9 decimals as the language writes it."""
    whole, rest = divmod(int(number * ONE), ONE)
    return f"{whole}.{rest:09}".rstrip("0").rstrip(".")


def processes(shards: int) -> list[Process]:
    """One keeper's process a shard, one that matches, one that settles."""
    made: list[Callable[[], object]] = [
        lambda part=(k, shards): Positions(part)  # type: ignore[misc]
        for k in range(1, shards + 1)
    ]
    made += [Match, Settle]
    return [Process(make, Run(make())) for make in made]  # type: ignore[arg-type]


# What is said


class Author:
    """Makes up what the members, owners, panels and staff say next, by what stands."""

    def __init__(self, rng: random.Random, archive: Archive, shards: int) -> None:
        self.rng, self.archive, self.shards = rng, archive, shards
        self.observer = Process(Settle, Run(Settle()))

    @property
    def pit(self) -> Pit:
        return self.observer.run.pit

    @property
    def record(self) -> Standing:
        return self.observer.run.record

    def next(self, index: int) -> tuple[str, list[str]]:
        """Who says what."""
        self.observer.catch_up(self.archive)
        kinds = (
            [self.order] * 30
            + [self.combo] * 4
            + [self.change] * 5
            + [self.bound] * 5
            + [self.dispute] * 10
        )
        kinds += [self.verdict] * 9 + [self.money] * 4 + [self.payout] + [self.staff] * 3
        while True:
            found = self.rng.choice(kinds)(index)
            if found and self.may_sign(found[0]):
                return found

    def may_sign(self, member: str) -> bool:
        known = self.pit.members.get(member)
        return member == "operator" or (known is not None and known.standing == "good")

    def order(self, index: int) -> tuple[str, list[str]]:
        rng = self.rng
        open = [code for code, one in self.pit.markets.items() if self.trades(one.driver)]
        ticker = self.pit.tickers[rng.choice([*open[:4] * 3, *open, "ACME"])]
        side = rng.choice(["buy", "sell"])
        if ticker.mode != CONTRACT:
            price = f"{rng.randint(98, 102) * 5 / 100:.2f}"
            return rng.choice(TRADERS), [f"{side} {rng.randint(1, 8)} {ticker.code} @ {price}"]
        quantity = Fraction(ticker.lot) * rng.randint(1, 6)
        said = [f"{side} {text(quantity)} {ticker.code} @ {self.price(ticker)}"]
        kind = rng.random()
        if kind < 0.1:
            said.append(f"  tif: {rng.choice(['ioc', 'fok', 'day'])}")
        elif kind < 0.15:
            said.append("  post-only: yes")
        elif kind < 0.2:
            said.append(f"  show: {text(Fraction(ticker.lot))}")
        elif kind < 0.23:
            said[0] = f"{side} {text(quantity)} {ticker.code} @ market"
        if rng.random() < 0.1:
            said.append(f"  stop: {self.price(ticker)}")
        if rng.random() < 0.1:
            said.append(f"  until: {moment(index + rng.randint(1, 9))}")
        if rng.random() < 0.2:
            said.append(f"  stp: {rng.choice(['oldest', 'both', 'decrement'])}")
        if rng.random() < 0.3:
            said.append("  account: second")
        return rng.choice(TRADERS), said

    def combo(self, index: int) -> tuple[str, list[str]] | None:
        """A combination of markets of one family, at a net price near what it costs."""
        rng, markets = self.rng, self.pit.markets
        first = markets[rng.choice(sorted(markets))]
        family = [code for code, one in markets.items() if one.driver == first.driver]
        if len(family) < 2 or not self.trades(first.driver):
            return None
        ticker, net, legs = self.pit.tickers[first.code], 0, []
        for code in rng.sample(family, rng.randint(2, min(3, len(family)))):
            ratio = rng.choice([1, 1, 2, -1, -1, -2])
            net += ratio * (markets[code].low + markets[code].high) // 2
            legs.append(f"    {ratio:+} {code}")
        net += rng.randint(0, 6) * (markets[first.driver].high - markets[first.driver].low) // 10
        net -= net % ticker.tick_scaled
        price = f"{'-' if net < 0 else ''}{text(Fraction(abs(net), ONE))}"
        quantity = text(Fraction(ticker.lot) * rng.randint(1, 3))
        account = ["  account: second"] if rng.random() < 0.2 else []
        said = [f"combo {quantity} @ {price}", *account, "  legs:", *legs]
        return rng.choice(TRADERS), said

    def trades(self, driver: str) -> bool:
        """Whether a driver still has a course to run; now and then one that has not."""
        return not self.record.courses[driver].ended or self.rng.random() < 0.1

    def price(self, ticker: Ticker) -> str:
        """One of a few prices of a market, its bounds among them; now and then one outside."""
        about = self.pit.markets[ticker.code]
        steps = (about.high - about.low) // ticker.tick_scaled
        part = self.rng.choice([0, 1, 4, 4, 4, 5, 5, 5, 6, 6, 6, 9, 10])
        price = about.low + (steps * part // 10) * ticker.tick_scaled
        return text(Fraction(price, ONE))

    def change(self, index: int) -> tuple[str, list[str]] | None:
        rng, orders = self.rng, self.record.orders
        if not orders:
            return None
        order = orders[rng.choice(sorted(orders))]
        signer = order.owner if rng.random() < 0.95 else rng.choice(TRADERS)
        if rng.random() < 0.5:
            return signer, [f"cancel {order.ref}"]
        ticker = self.pit.tickers[order.ticker]
        price = self.price(ticker) if ticker.mode == CONTRACT else "5.00"
        quantity = Fraction(ticker.lot) * rng.randint(1, 12)
        return signer, [f"replace {order.ref} {text(quantity)} @ {price}"]

    def bound(self, index: int) -> tuple[str, list[str]] | None:
        rng = self.rng
        markets = self.pit.markets
        code = rng.choice(sorted(markets))
        about, course = markets[code], self.record.courses.get(markets[code].driver)
        signer = "issuer" if rng.random() < 0.95 else rng.choice(TRADERS)
        assert course is not None
        tick = self.pit.tickers[code].tick_scaled
        if course.ended or (course.bound and rng.random() < 0.8):
            return None
        if rng.random() < 0.9:
            code = about.driver
        low, high = course.low, course.high
        if rng.random() < 0.6:
            ends = sorted(low + tick * rng.randint(0, (high - low) // tick) for _ in range(2))
            if rng.random() < 0.1:
                ends[1] += tick * 7
            return signer, [f"bound {code} {' '.join(text(Fraction(n, ONE)) for n in ends)}"]
        where = rng.choice(SETTLED_AT)
        value = {"low": low, "high": high, "zero": 0}.get(where)
        if value is None:
            value = low + tick * rng.randint(0, (high - low) // tick)
        return signer, [f"settle {code} {text(Fraction(value, ONE))}"]

    def dispute(self, index: int) -> tuple[str, list[str]] | None:
        rng = self.rng
        waiting = [code for code, course in sorted(self.record.courses.items()) if course.bound]
        if not waiting:
            return None
        said = [f'dispute {rng.choice(waiting)} "not so"']
        if rng.random() < 0.95:
            said.append(f"  stake: {rng.choice([1, 2, 20, 20, 21, 21, 5000])}")
        if rng.random() < 0.2:
            said.append("  account: second")
        return rng.choice([*TRADERS, "pat", "issuer"]), said

    def verdict(self, index: int) -> tuple[str, list[str]] | None:
        rng = self.rng
        claims = [claim for claim in self.record.claims.values() if claim.mover]
        if not claims:
            return None
        claim = rng.choice(claims)
        voice = rng.choice(["owner", "disputer", "disputer", "void"])
        panel = self.pit.markets[claim.lane].panel
        signer = rng.choice(panel) if rng.random() < 0.95 else rng.choice(TRADERS)
        return signer, [f"verdict {claim.ref} {voice}"]

    def money(self, index: int) -> tuple[str, list[str]]:
        rng = self.rng
        signer, amount = rng.choice(TRADERS), rng.choice([1, 20, 60, 200])
        account = ["  account: second"] if rng.random() < 0.3 else []
        if rng.random() < 0.6:
            return signer, [f"withdraw {amount} EUR", *account]
        to = rng.choice([*TRADERS, f"{rng.choice(TRADERS)}:second"])
        return signer, [f"transfer {amount}.25 EUR to {to}", *account]

    def payout(self, index: int) -> tuple[str, list[str]] | None:
        claims = [one for one in self.record.claims.values() if one.verb == "withdraw"]
        return ("cashier", [f"payout {self.rng.choice(claims).ref}"]) if claims else None

    def staff(self, index: int) -> tuple[str, list[str]] | None:
        rng, pit = self.rng, self.pit
        code = rng.choice(list(pit.tickers))
        root = rng.choice([code for code, about in pit.markets.items() if not about.parent])
        kind = rng.random()
        if kind < 0.05:
            return "operator", [f"expel {rng.choice(TRADERS[2:])}"]
        if kind < 0.1:
            record = self.record
            asked = [*record.orders.values(), *record.claims.values(), *record.combos.values()]
            names = [f"{one.owner}/{one.ref}" for one in asked if not one.accepted]
            return ("operator", [f'refuse {rng.choice(names)} "away"']) if names else None
        if kind < 0.2:
            free = [n for n in range(2, 30) if f"{root}.{n}" not in pit.tickers]
            return "issuer", list(sub_market(rng, self.archive, root, rng.choice(free)))
        if kind < 0.35:
            gone = [one for one in TRADERS if not self.may_sign(one)]
            return "operator", [f"restore {gone[0]}" if gone else f"suspend {rng.choice(TRADERS)}"]
        if kind < 0.55:
            auction = f"auction {code} until {moment(index + rng.randint(1, 6))}"
            return "operator", [rng.choice([f"halt {code}", f"resume {code}", auction])]
        if kind < 0.8:
            return "operator", [f"specialist {code} {rng.choice(['sam', 'sue'])}"]
        shard = f"{rng.randint(1, self.shards)}/{self.shards}"
        return "operator", [f"keeper {shard} keeper{rng.randint(1, 3)}"]


# A session


def play(seed: int, *, shards: int, chaos: bool, cash: int = 400, count: int = 45) -> Session:
    """Play a session with instant mail, or with every kind of bad mail, until all is over."""
    rng = random.Random(seed)
    archive = found(rng, shards, cash, count)
    running = processes(shards)
    settle(archive, running)
    author = Author(rng, archive, shards)
    flying: list[Draft] = []
    refs: list[int] = []
    for index in range(count):
        signer, lines = author.next(index)
        refs.append(archive.say(signer, *lines, at=at(index)))
        archive.seal()
        if chaos:
            bad_mail(rng, archive, running, flying)
        else:
            settle(archive, running)
    rng.shuffle(flying)
    for draft in flying:
        archive.post(draft)
    archive.seal()
    settle(archive, running)
    close(archive, running, author, count)
    return Session(archive, running, refs, shards)


def close(
    archive: Archive,
    running: list[Process],
    author: Author,
    count: int,
    publish: Callable[[Archive, list[Process]], None] = settle,
) -> None:
    """All markets come to an end, by themselves at last; what is still asked for is answered."""
    archive.say("operator", 'say "it is late"', at=at(count * 3))
    archive.seal()
    publish(archive, running)
    author.observer.catch_up(archive)
    for trader in TRADERS:
        archive.say("operator", f"suspend {trader}")
    for claim in author.record.claims.values():
        if claim.verb == "withdraw":
            archive.say("cashier", f"payout {claim.ref}")
    archive.seal()
    publish(archive, running)
