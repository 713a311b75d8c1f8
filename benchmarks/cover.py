"""Cover of bounded contracts: orders checked and opened per CPU second, beside an enumeration.

    $ python benchmarks/cover.py --accounts 1000 --orders 50 --markets 20
    $ python benchmarks/cover.py --json

Every account has trades in a root and open orders in sub-markets of it, nested up to three deep;
then further orders come, each of a random account: checked (`if_open`), and opened. That is the
arithmetic alone. The same through `pit positions` as installed, from file to drafts and checkpoint:
the CPU time of a stream with the further orders less that of one without.

The enumeration is the one that the seed describes, over all combinations of the bounds of all
markets, here for accounts with few of them, since each more doubles it; `cover` is measured on the
same ones. It takes each market's value for free, and asks for more cover than can be needed.
"""

import argparse
import gc
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import product
from pathlib import Path

from pit.filters.bounds import Family
from pit.filters.collateral import Leg, Portfolio
from pit.filters.instructions import ONE


def family(rng: random.Random, markets: int) -> Family:
    """A root from 0 to 100 and its sub-markets; bounds are whole, at least two apart."""
    made = Family("R", 0, 100 * ONE)
    depth = {"R": 0}
    while len(depth) <= markets:
        parent = rng.choice([market for market in depth if depth[market] < 3])
        low, high = (end // ONE for end in made.range(parent))
        ends = sorted(rng.randint(low, high) for _ in range(2))
        if ends[1] - ends[0] > 1:
            name = f"R.{len(depth) + 1}"
            made.add(name, parent, ends[0] * ONE, ends[1] * ONE)
            depth[name] = depth[parent] + 1
    return made


def order(rng: random.Random, family: Family, markets: list[str]) -> Leg:
    """A limit inside its market's bounds, in cents."""
    market = rng.choice(markets)
    low, high = family.range(market)
    quantity = rng.choice((-1, 1)) * rng.randint(1, 100) * ONE
    return market, quantity, rng.randint(low * 100 // ONE, high * 100 // ONE) * ONE // 100


class Bench:
    """Accounts with their orders, and further orders to come; the same for the same numbers."""

    def __init__(self, accounts: int, orders: int, markets: int, further: int) -> None:
        rng = random.Random(accounts + markets)
        self.family = family(rng, markets)
        below = [market for market in self.family if market != "R"]
        self.accounts = [Portfolio(self.family) for _ in range(accounts)]
        for one in self.accounts:
            one.trade("R", rng.randint(-100, 100) * ONE, 50 * ONE)
        self.first = [
            (one, str(number), order(rng, self.family, below))
            for number in range(orders)
            for one in self.accounts
        ]
        self.further = [
            (rng.choice(self.accounts), f"further {number}", order(rng, self.family, below))
            for number in range(further)
        ]

    def fill(self) -> None:
        """Open the orders that each account has at first."""
        for one, ref, leg in self.first:
            one.open(ref, *leg)

    def check(self) -> int:
        """Check and open the further ones; the sum of the covers, so that it is not for nothing."""
        total = 0
        for one, ref, leg in self.further:
            total -= one.if_open(*leg)
            one.open(ref, *leg)
        return total

    def narrow(self) -> int:
        """Two new bounds, which every account feels."""
        self.family.narrow(5 * ONE, 95 * ONE)
        return sum(one.worst() for one in self.accounts)

    def enumerate(self) -> list[int]:
        """Of each further order the cover by all combinations of bounds, its account's included."""
        ends = {market: tuple(self.family.range(market)) for market in self.family}
        names = [*ends]
        trades = {one: one.matched() for one in self.accounts}
        orders = {one: [legs[0][0] for legs in one.orders().values()] for one in self.accounts}
        found = []
        for one, _, leg in self.further:
            worst = 0
            for values in product(*ends.values()):
                value = dict(zip(names, values, strict=True))
                worth = sum(value[m] * quantity - paid for m, quantity, paid in trades[one])
                for market, quantity, price in (*orders[one], leg):
                    pays = (value[market] - price) * quantity
                    if pays < 0:
                        worth += pays
                worst = min(worst, worth)
            orders[one].append(leg)
            found.append(-worst)
        return found


MARKET = """market R "Root"
  min: 0
  max: 100
  currency: EUR
  tick: 0.01
  specialist: sam
  expiry: 2027-01-01
  resolution:
    As it is.
  panel: pam
  void: mid"""
START = datetime(2026, 11, 20, 9, 0, 0)


def stream(path: Path, accounts: int, orders: int, markets: int, further: int) -> None:
    """An open stream with accounts, markets, orders of each account, and further ones."""
    rng = random.Random(accounts + markets)
    made = family(rng, markets)
    below = [market for market in made if market != "R"]
    members = [f"member-{number}" for number in range(accounts)]

    def bid() -> str:
        market, quantity, price = order(rng, made, below)
        side = "buy" if quantity > 0 else "sell"
        return f"{side} {abs(quantity) // ONE} {market} @ {price * 100 // ONE / 100:.2f}"

    said = [("operator", 'asset EUR "Euro"'), ("olga", MARKET)]
    for market in below:
        low, high = (end // ONE for end in made.range(market))
        said.append(("olga", f'market {market} "Sub"\n  within: R\n  min: {low}\n  max: {high}'))
    said += [("cashier", f"deposit {member} 1000000000 EUR") for member in members]
    said += [(member, bid()) for _ in range(orders) for member in members]
    said += [(rng.choice(members), bid()) for _ in range(further)]
    with path.open("w") as out:
        for number, (signer, text) in enumerate(said, 1):
            time = START + timedelta(milliseconds=number)
            out.write(
                f"From {number}@bench.pit {time:%a %b %e %H:%M:%S %Y}\nPit-Entry: bench {number}\n"
                f"Pit-Time: {time.isoformat(timespec='microseconds')}Z\nPit-Signer: {signer}\n\n"
                f"pit bench\n{text}\n\n"
            )


def positions(path: Path) -> float:
    """CPU seconds of `pit positions` over a stream."""
    with path.open("rb") as source:
        pit = str(Path(sys.executable).with_name("pit"))
        child = subprocess.Popen([pit, "positions"], stdin=source, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"pit positions ended with {child.returncode}")
    return usage.ru_utime + usage.ru_stime


def cpu(run: Callable[[], object]) -> float:
    """CPU seconds of a call."""
    gc.collect()
    gc.freeze()
    start = time.process_time()
    run()
    return time.process_time() - start


def main() -> None:
    """Make the accounts, measure, print `name value unit` lines."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--accounts", type=int, default=1000)
    options.add_argument("--orders", type=int, default=50, help="open orders of each account")
    options.add_argument("--markets", type=int, default=20, help="sub-markets")
    options.add_argument("--further", type=int, default=20_000, help="orders to check")
    options.add_argument("--few", type=int, default=10, help="sub-markets of the enumeration")
    options.add_argument("--repeat", type=int, default=3)
    options.add_argument("--json", action="store_true")
    args = options.parse_args()
    parts: dict[str, list[float]] = {"opened": [], "checked": [], "narrowed": []}
    few: list[float] = []
    for _ in range(args.repeat):
        bench = Bench(args.accounts, args.orders, args.markets, args.further)
        parts["opened"].append(cpu(bench.fill) / len(bench.first))
        parts["checked"].append(cpu(bench.check) / args.further)
        parts["narrowed"].append(cpu(bench.narrow) / args.accounts)
        del bench
        small = Bench(args.accounts, args.orders, args.few, args.further)
        small.fill()
        few.append(cpu(small.check) / args.further)
        del small
    naive = Bench(2, args.orders, args.few, 20)
    naive.fill()
    covers: list[int] = []
    slow = cpu(lambda: covers.extend(naive.enumerate())) / len(naive.further)
    for needed, (one, ref, leg) in zip(covers, naive.further, strict=True):
        if -one.if_open(*leg) > needed:
            raise SystemExit(f"cover of {ref}: the enumeration asks for less")
        one.open(ref, *leg)
    numbers = args.accounts, args.orders, args.markets
    with tempfile.TemporaryDirectory() as folder:
        before, whole = Path(folder, "before"), Path(folder, "whole")
        stream(before, *numbers, 0)
        stream(whole, *numbers, args.further)
        less = min(positions(before) for _ in range(args.repeat))
        more = min(positions(whole) for _ in range(args.repeat))
    figures = {
        "orders_through_positions_per_cpu_second": args.further / max(more - less, 1e-9),
        "different_points_of_the_family": len(Bench(0, 0, args.markets, 0).family.points()),
        "orders_checked_and_opened_per_cpu_second": 1 / min(parts["checked"]),
        "first_orders_opened_per_cpu_second": 1 / min(parts["opened"]),
        "accounts_narrowed_per_cpu_second": 1 / min(parts["narrowed"]),
        f"with_{args.few}_sub_markets_per_cpu_second": 1 / min(few),
        f"enumerated_{args.few}_sub_markets_per_cpu_second": 1 / slow,
        f"with_{args.few}_sub_markets_to_enumerated": slow / min(few),
    }
    if args.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        unit = "times" if "_to_" in name else "points" if "_points_" in name else "/s"
        print(name, f"{value:.0f}", unit)


if __name__ == "__main__":
    main()
