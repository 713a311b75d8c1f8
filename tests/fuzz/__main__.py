"""`python -m tests.fuzz [SHARE]`: throw 10^6 inputs, or a share of them, at mail and language.

By atheris (libFuzzer, led by what code an input reaches), from the corpus of tests/mails on. Where
atheris is not there for this Python, Hypothesis does what it can in the same time, and it is said.
Ends with 1 if anything but a PitError came out, or an input took more than SLOW seconds; the input
is kept in a folder that is named.
"""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from hashlib import sha256
from pathlib import Path

from tests.fuzz.bench import Made, bench

TARGETS = {"language": 400_000, "splitter": 400_000, "mail": 250_000}
"""Inputs for each."""

SLOW, LONG = 20, 3600
"""Seconds that one input may take, and a target in all."""

EXAMPLES = 20_000
"""Inputs for each test of test_same_text.py, where Hypothesis must do."""


def main(share: float) -> int:
    """Run everything, share: 1 for all of it; the exit status."""
    if importlib.util.find_spec("atheris") is None:
        version = ".".join(map(str, sys.version_info[:2]))
        print(f"atheris is not here for Python {version}: Hypothesis alone", flush=True)
        return by_hypothesis(int(EXAMPLES * share))
    total = 0
    with bench() as made, tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        for name, runs in TARGETS.items():
            done = by_atheris(made, name, int(runs * share), Path(folder) / name)
            if done is None:
                return 1
            total += done
    print(f"{total:,} inputs in all: no error but PitErrors, and nothing hung")
    return 0


def by_hypothesis(examples: int) -> int:
    """The tests of this folder, with more examples."""
    command = [sys.executable, "-m", "pytest", "-q", str(Path(__file__).parent)]
    status = subprocess.run(command, env={**os.environ, "PIT_FUZZ": str(examples)}, check=False)
    print(f"{examples:,} inputs for each of the tests")
    return min(status.returncode, 1)


def by_atheris(made: Made, name: str, runs: int, folder: Path) -> int | None:
    """Run one target; how many inputs it took. None if it found something, which is said."""
    seeds = {"mail": made.corpus, "splitter": made.pieces, "language": made.texts}[name]()
    folder.mkdir()
    for seed in seeds:
        (folder / sha256(seed).hexdigest()).write_bytes(seed)
    found = Path(tempfile.mkdtemp(prefix=f"fuzz-{name}-"))
    command = [sys.executable, "-m", "tests.fuzz.target", name, str(made.world.home.root)]
    options = [f"-runs={runs}", f"-timeout={SLOW}", f"-max_total_time={LONG}", "-max_len=16384"]
    options += ["-rss_limit_mb=2048", "-print_final_stats=1", f"-artifact_prefix={found}/"]
    with (folder.parent / f"{name}.log").open("w+") as log:
        process = subprocess.run([*command, *options, str(folder)], stderr=log, check=False)
        log.seek(0)
        said = log.read()
    counted = re.search(r"number_of_executed_units: ([0-9]+)", said)
    if process.returncode or counted is None:
        print(f"{name}: failed; the input is in {found}\n{said[-6000:]}", flush=True)
        return None
    shutil.rmtree(found)
    rate = re.search(r"average_exec_per_sec: +([0-9]+)", said)[1]
    slowest = re.search(r"slowest_unit_time_sec: +([0-9]+)", said)[1]
    peak = re.search(r"peak_rss_mb: +([0-9]+)", said)[1]
    print(
        f"{name}: {int(counted[1]):,} of {runs:,} inputs, from {len(seeds)} seeds, {rate} a second;"
        f" the slowest took {slowest} s, {peak} MB at most",
        flush=True,
    )
    return int(counted[1])


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0))
