"""How long `pit` takes to start: `pit --help` and `pit match --help`, wall and CPU.

Prints `NAME VALUE UNIT` lines, or one JSON list with --json; each value is the median of RUNS
processes, started one after the other. The bound for both is 100 ms of wall time on a quiet
machine; nothing here fails when it is passed.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import NamedTuple

RUNS = 20
COMMANDS = {"help": ["--help"], "match_help": ["match", "--help"]}


class Figure(NamedTuple):
    """One measured value."""

    name: str
    value: float
    unit: str


def measure(name: str, command: list[str], runs: int) -> list[Figure]:
    """Run a command `runs` times; CPU is user plus system time of the process and its children."""
    wall, cpu = [], []
    for _ in range(runs):
        before, start = _cpu(), time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=_environment())
        wall.append(time.perf_counter() - start)
        cpu.append(_cpu() - before)
    return [
        Figure(f"startup.{name}.wall", round(median(wall) * 1000, 1), "ms"),
        Figure(f"startup.{name}.cpu", round(median(cpu) * 1000, 1), "ms"),
    ]


def _environment() -> dict[str, str]:
    """Let Python keep its compiled modules, as it does for everybody who did not forbid it."""
    return {name: v for name, v in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def main() -> int:
    """Measure every command; 1 if one of them does not run."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--json", action="store_true", help="one JSON list instead of lines")
    options.add_argument("--runs", type=int, default=RUNS, metavar="N")
    args = options.parse_args()
    pit = str(Path(sys.executable).with_name("pit"))
    figures: list[Figure] = []
    for name, arguments in COMMANDS.items():
        try:
            figures += measure(name, [pit, *arguments], args.runs)
        except subprocess.CalledProcessError as error:
            print(f"startup: {error}", file=sys.stderr)
            return 1
    if args.json:
        print(json.dumps([figure._asdict() for figure in figures]))
    else:
        for figure in figures:
            print(*figure)
    return 0


if __name__ == "__main__":
    sys.exit(main())
