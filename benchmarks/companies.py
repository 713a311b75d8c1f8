"""Count a motion and divide a dividend among many holders: CPU seconds of the arithmetic.

    $ python benchmarks/companies.py --holders 100000
    $ python benchmarks/companies.py --json

Three registers are made here: `random`, holdings as different as they come; `equal`, everybody
holds one share, so that the lots decide everything; `close`, holdings that differ in their last
digits only. Each figure is the least of some runs; the ratios say how much longer the
holders take than a tenth of them: 10 is linear, what is above it is the processor's cache.
"""

import argparse
import json
import random
import time
from collections.abc import Callable
from functools import partial

from pit.filters.apportion import apportion, reckoning
from pit.filters.tally import TALLIES, count, outcome

REGISTERS: dict[str, Callable[[random.Random], int]] = {
    "random": lambda rng: rng.randint(1, 10**12),
    "equal": lambda rng: 1,
    "close": lambda rng: 10**14 + rng.randint(0, 9),
}


def register(kind: str, holders: int) -> dict[str, int]:
    """Shares by holder."""
    rng = random.Random(kind)
    return {f"member-{n}": REGISTERS[kind](rng) for n in range(holders)}


def cpu_of(work: Callable[[], object], repeat: int) -> float:
    """CPU seconds of the quickest run."""
    found = []
    for _ in range(repeat):
        start = time.process_time()
        work()
        found.append(time.process_time() - start)
    return min(found)


def tally(holdings: dict[str, int], ballots: dict[str, bool]) -> None:
    """Count the ballots and find the outcome by every tally."""
    counted = count(holdings, ballots)
    for kind in TALLIES:
        outcome(counted, kind)


def dividend(total: int, holdings: dict[str, int]) -> list[str]:
    """Divide it, and say the arithmetic of each payment."""
    held = sum(holdings.values())
    paid = apportion(total, holdings, "1042")
    return [reckoning(total, holdings[key], held, units, 2) for key, units in paid.items()]


def measure(holders: int, repeat: int) -> dict[str, float]:
    """CPU seconds by name: of each register its tally and its dividend."""
    figures: dict[str, float] = {}
    for kind in REGISTERS:
        holdings = register(kind, holders)
        rng = random.Random(1)
        ballots = {key: rng.random() < 0.7 for key in holdings}
        # An amount that leaves about half of the holders with a unit more than the others.
        total = 10**9 + holders // 2
        figures[f"{kind}.tally"] = cpu_of(partial(tally, holdings, ballots), repeat)
        figures[f"{kind}.dividend"] = cpu_of(partial(dividend, total, holdings), repeat)
    return figures


def main() -> None:
    """Measure, print `name value unit` lines."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--holders", type=int, default=100_000)
    options.add_argument("--repeat", type=int, default=3)
    options.add_argument("--json", action="store_true")
    args = options.parse_args()
    figures = measure(args.holders, args.repeat)
    tenth = measure(max(1, args.holders // 10), args.repeat)
    rows = [(f"companies.{name}", value, "CPU-s") for name, value in figures.items()]
    rows.append(("companies.worst", max(figures.values()), "CPU-s"))
    rows += [(f"companies.{n}.ratio", v / (tenth[n] or 1e-9), "x") for n, v in figures.items()]
    if args.json:
        print(json.dumps([{"name": n, "value": round(v, 4), "unit": u} for n, v, u in rows]))
    else:
        for name, value, unit in rows:
            print(name, f"{value:.3f}", unit)


if __name__ == "__main__":
    main()
