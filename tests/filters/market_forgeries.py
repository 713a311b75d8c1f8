"""Sessions of markets in which specialists publish what is not owed, and the operator adopts it."""

import random
import re
from collections.abc import Iterable
from fractions import Fraction
from itertools import product

from pit.archives.mbox import Draft
from pit.filters.instructions import ONE
from pit.filters.runner import Diverged
from tests.filters.market_sessions import Author, close, found, processes, text
from tests.filters.sessions import Archive, Process, Session, at

Forgery = tuple[str, str, str]
"""A filter, who publishes for what it is about, and a directive that nobody owes."""


def publish(archive: Archive, running: Iterable[Process]) -> None:
    """Publish until nothing is owed; what diverges is adopted."""
    for _ in range(400):
        posted = False
        for process in running:
            try:
                drafts: list[Draft] = process.mails(archive)
            except Diverged as error:
                for report in dict.fromkeys(re.findall(r"(?m)^entry (\S+), lane", str(error))):
                    archive.say("operator", f"adopt {report}")
                drafts, posted = [], True
            for draft in drafts:
                posted |= archive.post(draft)
            archive.seal()
        if not posted:
            return
    raise AssertionError("reports never end")


def forged(rng: random.Random, author: Author) -> Forgery | None:
    """Something that may count by the published record, and yet is not owed."""
    record = author.record
    kind = rng.choice(["course", "course", "stake", "trade", "trade", "end"])
    orders = [order for order in record.orders.values() if order.accepted]
    if kind == "course":
        code, course = rng.choice(sorted(record.courses.items()))
        said = [f"settled {code} void", f"settled {code} {number(course.low)}"]
        if course.bound:
            low, high = number(course.bound.low), number(course.bound.high)
            said += [f"bounded {code} {low} {high}", f"settled {code} {low}"]
        return "settle", specialist(author, code), rng.choice(said)
    if kind == "stake":
        stakes = [claim for claim in record.claims.values() if claim.mover]
        if not stakes:
            return None
        stake = rng.choice(stakes)
        to = rng.choice(["sam", stake.account, "issuer"])
        said = [f'move {rng.choice([1, 2, 20])} EUR from {stake.owner}/{stake.ref} to {to} "mine"']
        return "settle", specialist(author, stake.lane), said[0]
    if kind == "trade":
        pairs = [
            (bought, sold)
            for bought, sold in product(orders, orders)
            if bought.buys and not sold.buys and bought.price >= sold.price
            if bought.ticker == sold.ticker and bought.owner != sold.owner
        ]
        if not pairs:
            return None
        bought, sold = rng.choice(pairs)
        quantity = number(min(one.quantity - one.filled for one in (bought, sold)))
        price = number(rng.choice([bought.price, sold.price]))
        said = [f"fill {quantity} {bought.ticker} @ {price} {bought.name} {sold.name}"]
        return "match", specialist(author, bought.ticker), f"{said[0]}\n  taker: buyer"
    if not orders:
        return None
    order = rng.choice(orders)
    return "match", specialist(author, order.ticker), f"leaves {order.name} 0 killed"


def number(amount: int) -> str:
    return text(Fraction(amount, ONE))


def specialist(author: Author, ticker: str) -> str:
    holder = author.pit.specialist(ticker)
    assert holder is not None
    return holder.handle


def play(seed: int, shards: int, count: int = 40) -> Session:
    """Play a session in which reports come late, and some are wrong, until all is over."""
    rng = random.Random(seed)
    archive = found(rng, shards, 400, count)
    running = processes(shards)
    publish(archive, running)
    author = Author(rng, archive, shards)
    refs: list[int] = []
    for index in range(count):
        signer, lines = author.next(index)
        refs.append(archive.say(signer, *lines, at=at(index)))
        archive.seal()
        if rng.random() < 0.6:
            publish(archive, rng.sample(running, rng.randint(1, len(running))))
        author.observer.catch_up(archive)
        forgery = forged(rng, author) if rng.random() < 0.3 else None
        if forgery:
            filter, who, said = forgery
            last = archive.numbers.get((filter, who), 0)
            entries, root = author.pit.seal
            report = f"report {filter} {last + 1}\n{said}\n"
            assert archive.post(
                Draft(filter, who, last + 1, f"pit acme\n  after: {entries} {root}\n{report}")
            )
            archive.seal()
    publish(archive, running)
    close(archive, running, author, count, publish)
    return Session(archive, running, refs, shards)
