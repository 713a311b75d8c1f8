"""A pit in memory with markets of bounded contracts, for the views of them.

RAIN is worth 0 to 100, its sub-market RAIN.2 40 to 60, RAIN.3 30 to 80 (within RAIN.2's parent, and
settled by its owner); SNOW is worth 0 to 1 in ticks of 0.1. All in EUR, a point 1.00 a contract.
"""

import random
from datetime import datetime

from pit.filters.runner import Run
from pit.filters.settle import Settle
from tests.filters.sessions import (
    ROOTS,
    Archive,
    Process,
    at,
    fills_of,
    found,
    processes,
    settle,
)

MEMBERS = ["alice", "bob", "carol"]

ROOT = """\
  currency: EUR
  tick: {tick}
  specialist: sam
  expiry: 2027-01-01
  resolution:
    The gauge at X.
  source: "the weather service"
  panel: carol
  void: {void}
"""


def root(code: str, low: str, high: str, tick: str = "1", void: str = "cancel") -> str:
    """The text that founds a root."""
    head = f'market {code} "{code} <&>"\n  min: {low}\n  max: {high}\n'
    return head + ROOT.format(tick=tick, void=void).rstrip("\n")


RAIN = root("RAIN", "0", "100")
RAIN_2 = 'market RAIN.2 "between"\n  within: RAIN\n  min: 40\n  max: 60'
RAIN_3 = 'market RAIN.3 "free"\n  within: RAIN\n  kind: owner-settled\n  min: 30\n  max: 80'
SNOW = root("SNOW", "0", "1", "0.1", "mid")


class Floor:
    """A pit with the markets, and who publishes there; everybody has `cash` EUR."""

    def __init__(self, cash: str = "1000", fee: str = "maker 0 taker 0") -> None:
        self.archive: Archive = found(MEMBERS, 1, cash, "100", fee)
        self.running = [*processes(1), Process(Settle, Run(Settle()))]
        for text in (RAIN, RAIN_2, RAIN_3, SNOW):
            self.archive.say("issuer", text)
        self.archive.seal()
        settle(self.archive, self.running)

    def say(self, who: str, *lines: str, when: datetime | None = None) -> int:
        """An instruction chained to the last seal, and what becomes of it: its number."""
        number = self.post(who, *lines, when=when)
        settle(self.archive, self.running)
        return number

    def post(self, who: str, *lines: str, when: datetime | None = None) -> int:
        """An instruction chained to the last seal, which nobody has answered."""
        archive = self.archive
        head = f"pit acme\n  after: {archive.sealed} {ROOTS[archive.sealed]}\n"
        number = archive.append(who, head + "".join(f"{line}\n" for line in lines), when)
        archive.seal()
        return number


def trade(seed: int, count: int = 40, cash: str = "1000") -> Floor:
    """A random session: orders in all markets, cancels, replaces, busts, perhaps a settlement."""
    rng = random.Random(seed)
    floor = Floor(cash, rng.choice(["maker 0 taker 0", "maker 0.001 taker 0.003"]))
    orders: list[tuple[str, int]] = []
    for index in range(count):
        who = rng.choice(MEMBERS)
        kind = rng.random()
        if orders and kind < 0.12:
            owner, ref = rng.choice(orders)
            floor.post(owner, f"cancel {ref}", when=at(index))
        elif orders and kind < 0.28:
            owner, ref = rng.choice(orders)
            asked = f"replace {ref} {rng.randint(1, 9)} @ {rng.randint(45, 55)}"
            floor.post(owner, asked, when=at(index))
        elif kind < 0.32:
            code, low, high = rng.choice([("RAIN", 20, 70), ("RAIN", 50, 50), ("SNOW", 0, 1)])
            said = f"settle {code} {low}" if low == high else f"bound {code} {low} {high}"
            floor.post("issuer", said, when=at(index))
        elif kind < 0.4 and fills_of(floor.archive):
            fill = rng.choice(fills_of(floor.archive)[-4:])
            floor.post("operator", f'bust {fill} "a mistake"', when=at(index))
        else:
            code = rng.choice(["RAIN", "RAIN.2", "RAIN.3", "SNOW", "ACME"])
            price = {"SNOW": f"0.{rng.randint(1, 9)}", "ACME": f"{rng.randint(8, 12)}.00"}
            at_price = price.get(code, str(rng.randint(45, 55)))
            side = rng.choice(["buy", "sell"])
            text = f"{side} {rng.randint(1, 9)} {code} @ {at_price}"
            more = rng.choice([[], [], [], ["  tif: ioc"], ["  stp: decrement"], ["  show: 1"]])
            orders.append((who, floor.post(who, text, *more, when=at(index))))
        if rng.random() < 0.7:
            settle(floor.archive, floor.running)
    settle(floor.archive, floor.running)
    return floor
