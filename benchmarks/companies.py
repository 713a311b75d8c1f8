"""Count a motion and divide a dividend among many holders: CPU seconds.

    $ python benchmarks/companies.py --holders 100000
    $ python benchmarks/companies.py --json

Three registers are made here: `random`, holdings as different as they come; `equal`, everybody
holds one share, so that the lots decide everything; `close`, holdings that differ in their last
digits only. Each figure is the least of some runs; the ratios say how much longer the
holders take than a tenth of them: 10 is linear, what is above it is the processor's cache.

`filter.*` are through the filters, of holders as different as they come: `filter.tally` from the
entry at which a motion expires to its result, everybody having voted; `filter.dividend` from the
accept to all payments written as reports; `filter.standing` these reports read back, until nothing
is owed.
"""

import argparse
import gc
import json
import random
import time
from collections.abc import Callable
from functools import partial

from pit.archives.mbox import Entry
from pit.archives.verbs import Directive
from pit.filters.apportion import apportion, reckoning
from pit.filters.dividends import Dividends
from pit.filters.govern import Govern
from pit.filters.runner import Filter, Run
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


FOUNDED = (
    'asset EUR "Euro"\n',
    'ticker FIRM "A firm"\n  currency: EUR\n  tick: 0.01\n  lot: 1\n  specialist: sam\n',
    "rule words govern 1\nrule words dividends 1\n",
    "issue 1000 FIRM\n",
)


class Stream:
    """An open stream, an entry a second, read by one filter."""

    def __init__(self, filter: Filter) -> None:
        self.run, self.number = Run(filter), 0
        for text in FOUNDED:
            self.say("issuer", text)

    def say(self, signer: str, text: str, day: int = 20) -> int:
        """The next entry, read; its number."""
        self.number += 1
        clock = f"{self.number // 3600:02}:{self.number // 60 % 60:02}:{self.number % 60:02}"
        time = f"2026-11-{day}T{clock}.000000Z"
        self.run.feed(Entry("toy", self.number, time, signer, "", f"pit toy\n{text}", b""))
        return self.number


def held(holdings: dict[str, int]) -> list[Directive]:
    """A register as a filter's state has it."""
    return [Directive("units", ("FIRM", holder, amount)) for holder, amount in holdings.items()]


def through(holders: int) -> dict[str, float]:
    """CPU seconds by name, through the filters."""
    holdings = register("random", holders)
    figures = {}
    govern = Govern()
    stream = Stream(govern)
    govern.load(held(holdings), stream.run.pit, stream.run.record)
    ref = str(stream.say("member-1", 'motion FIRM "All"\n  expires: 1d\n'))
    govern.motions[ref].ballots = dict.fromkeys(holdings, ("2", True))
    figures["filter.tally"] = cpu_of(partial(stream.say, "member-1", 'say "late"\n', 22), 1)
    paying = Dividends()
    stream = Stream(paying)
    paying.load(held(holdings), stream.run.pit, stream.run.record)
    ref = str(stream.say("issuer", "dividend FIRM 10000000.00 EUR\n"))
    start = time.process_time()
    stream.say("keeper", f"report positions 1\naccept issuer/{ref}\n")
    drafts = stream.run.drafts()
    figures["filter.dividend"] = time.process_time() - start
    start = time.process_time()
    for draft in drafts:
        stream.say("sam", draft.text.partition("\n")[2])
    figures["filter.standing"] = time.process_time() - start
    assert not list(stream.run.lanes)
    return figures


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
    gc.disable()  # as the filters do
    figures = measure(args.holders, args.repeat) | through(args.holders)
    tenth = measure(max(1, args.holders // 10), args.repeat) | through(max(1, args.holders // 10))
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
