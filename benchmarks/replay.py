"""Replay an archive: what the reader, `pit match` and `pit positions` do in a CPU-second.

    $ python benchmarks/replay.py
    $ python benchmarks/replay.py --entries 200000 --json

The archive is made here: 70 % passive limits around a drifting mid price, 25 % cancels, 5 %
marketable orders, about 900 bytes an entry; texts are hashed, signatures are not real. Each rate is
of the command as installed, CPU time from file through a pipe to drafts and checkpoint.

Memory: the most that `pit match` had, and how many orders stood open in the end. Then two archives
of different length with an equally large open book, every report published: their peaks must be
about the same, for memory goes by what is open and not by what was.

Fills: those that `pit match` drafts of the first entries must be, by sha256, those of the naive
book in tests/filters/oracle.py. Last, `turn_idle`: `pit turn` in a pit with as many entries, all
reports published, when nothing is new.
"""

import argparse
import hashlib
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from pit.archives import mbox
from pit.archives.entry import NO_STAMP, Stamp, write_entry
from pit.archives.mbox import Entry
from pit.filters.match import Match
from pit.filters.runner import Run

SIGNATURE = """-----BEGIN PGP SIGNATURE-----

iHUEARYIAB0WIQQT6xGL+oB806aMWtjxDjCdq4kiHgUCawBCCwAKCRDxDjCdq4ki
HoIIAQD9aj3qGwYMr3oQo/KNSy1W46PY1vuUutaV6p53t+gQiAD+NxuPLf2sxDm1
53MkEYSFUayWCkmQGBfXQHra8zTstAQ=
=txi5
-----END PGP SIGNATURE-----
"""
MEMBERS = [f"member-{n}" for n in range(100)]
START = datetime(2026, 11, 20, 9, 0, 0)
PIT = str(Path(sys.executable).with_name("pit"))
ENVIRONMENT = {key: v for key, v in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
"""As for everybody who did not forbid Python to keep its compiled modules."""

OPEN, EVERY, GROWTH = 1000, 1000, 1.2
"""Of the archives that are published: how many orders stand open, after how many entries there are
reports, and how much more memory the longer one may take."""


def texts(entries: int, seed: int = 1, run: Run | None = None) -> Iterator[tuple[str, str]]:
    """(signer, directives) of each entry: the set-up, then the flow of orders.

    run: reads along; where there is one, its reports are published and OPEN orders work at most.
    """
    rng = random.Random(seed)
    yield "operator", 'asset EUR "Euro"\n  decimals: 2\n'
    listing = 'ticker ACME "Acme"\n  currency: EUR\n  tick: 0.01\n  lot: 1\n  specialist: sam\n'
    yield "issuer", listing
    for member in MEMBERS:
        yield "cashier", f"deposit {member} 1000000000 EUR\n"
    for member in MEMBERS:
        yield member, "issue 1000000000 ACME\n"
    mid = 1000.0
    working: list[tuple[str, int]] = []
    number, reported = 2 + 2 * len(MEMBERS), 0
    while number < entries:
        if run and number - reported >= EVERY:
            for draft in run.drafts():
                yield "sam", draft.text.partition("\n")[2]
                number += 1
            reported = number
        number += 1
        mid = max(200.0, mid + rng.gauss(0, 0.05))
        kind = rng.random()
        member = rng.choice(MEMBERS)
        side, sign = rng.choice((("buy", -1), ("sell", 1)))
        if (kind < 0.70 or not working) and not (run and len(working) >= OPEN):
            price = mid + sign * rng.randint(1, 30)
            working.append((member, number))
        elif kind < 0.95:
            owner, ref = working.pop(rng.randrange(len(working)))
            yield owner, f"cancel {ref}\n"
            continue
        else:
            price = mid - sign * 5
        yield member, f"{side} {rng.randint(1, 100)} ACME @ {price / 100:.2f}\n"


def make(path: Path, entries: int, run: Run | None = None) -> None:
    """Write the archive: an open stream with full stamps. run: as for `texts`."""
    prev = NO_STAMP
    root = hashlib.sha256(b"root").hexdigest()
    with path.open("wb") as out:
        for number, (signer, said) in enumerate(texts(entries, run=run), 1):
            text = f"pit bench\n  after: {max(1, number - 1)} {root}\n{said}"
            mail = (
                f"From: {signer} <{signer}@example.org>\nTo: bench@pits.example\nSubject: order\n"
                f"Message-ID: <{number}.{prev[:16]}@example.org>\n\n"
                f"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n{text}{SIGNATURE}"
            ).encode()
            moment = START + timedelta(milliseconds=number)
            stamp = Stamp(
                "bench",
                number,
                moment.isoformat(timespec="microseconds") + "Z",
                signer,
                "13EB118BFA807CD3A68C5AD8F10E309DAB89221E",
                "2026-11-20T09:00:00Z",
                hashlib.sha256(text.encode()).hexdigest(),
                len(mail),
                hashlib.sha256(mail).hexdigest(),
                prev,
            )
            prev = stamp.digest()
            out.write(write_entry(stamp, mail))
            if run:
                run.feed(Entry("bench", number, stamp.time, signer, "", text, b""))


class Cost(NamedTuple):
    """Of a command: CPU seconds, user and system; the most memory that it had, MB.

    orders: how many stand open in its checkpoint.
    """

    cpu: float
    memory: float
    orders: int


LAUNCHER = """
import os, sys
child = os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(child, 0)
with open(sys.argv[1], "w") as said:
    print(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, file=said)
sys.exit(os.waitstatus_to_exitcode(status))
"""
"""A small program that starts another: until a process is itself, it has its starter's memory."""


def cost_of(command: list[str], path: Path) -> Cost:
    """What a command costs that reads the archive on stdin and writes into a pipe."""
    said = path.with_suffix(".cost")
    launched = [sys.executable, "-S", "-c", LAUNCHER, str(said), *command]
    with path.open("rb") as archive:
        child = subprocess.Popen(launched, stdin=archive, stdout=subprocess.PIPE, env=ENVIRONMENT)
        count = ["grep", "-ac", "^order "]
        found = subprocess.run(count, stdin=child.stdout, stdout=subprocess.PIPE, check=False)
    if child.wait():
        raise SystemExit(f"{' '.join(command)} ended with {child.returncode}")
    cpu, memory = said.read_text().split()
    return Cost(float(cpu), float(memory), int(found.stdout))


def cpu_of(command: list[str], path: Path) -> float:
    """CPU seconds of a command that reads the archive on stdin."""
    return cost_of(command, path).cpu


def reader_cpu(path: Path) -> float:
    """CPU seconds of the bare reading, Pit-Text check included."""

    def chunks() -> Iterator[bytes]:
        with path.open("rb") as archive:
            while chunk := archive.read(1 << 20):
                yield chunk

    start = time.process_time()
    for _ in mbox.entries(chunks()):
        pass
    return time.process_time() - start


def rates(path: Path, entries: int, repeat: int) -> dict[str, float]:
    """Entries a CPU-second, the best of some runs, and the memory of `match`."""
    figures = {"bytes_per_entry": path.stat().st_size / entries}
    best = min(reader_cpu(path) for _ in range(repeat))
    figures["reader_entries_per_cpu_second"] = entries / best
    for name in ("match", "positions"):
        costs = [cost_of([PIT, name], path) for _ in range(repeat)]
        figures[f"{name}_entries_per_cpu_second"] = entries / min(cost.cpu for cost in costs)
        figures[f"{name}_peak_memory"] = costs[0].memory
        figures[f"{name}_open_orders"] = costs[0].orders
    return figures


def memory(folder: Path, entries: int) -> dict[str, float]:
    """The peaks of `match` over a short and a long archive with equally large open books."""
    figures: dict[str, float] = {}
    for name, length in (("short", entries // 10), ("long", entries)):
        path = folder / f"{name}.mbox"
        make(path, length, Run(Match()))
        cost = cost_of([PIT, "match"], path)
        path.unlink()
        figures[f"match_{name}_archive_entries"] = length
        figures[f"match_{name}_archive_open_orders"] = cost.orders
        figures[f"match_{name}_archive_peak_memory"] = cost.memory
    growth = cost.memory / figures["match_short_archive_peak_memory"]
    if growth > GROWTH:
        raise SystemExit(f"memory grows with the archive, not with the open book: {figures}")
    return {**figures, "match_memory_growth": growth}


def fills(folder: Path, entries: int) -> dict[str, float]:
    """How many fills there are in so many entries, if the naive book has the same."""
    sys.path.append(str(Path(__file__).parents[1]))
    from tests.filters.oracle import Instruction, oracle

    path = folder / "few.mbox"
    make(path, entries)
    with path.open("rb") as archive:
        done = subprocess.run([PIT, "match"], stdin=archive, stdout=subprocess.PIPE, check=True)
    drafted = re.findall(r"^(fill .*)\n  (taker: .*)\n", done.stdout.decode(), re.MULTILINE)
    ours = [f"{fill}; {taker}" for fill, taker in drafted]
    session = []
    for number, (who, said) in enumerate(texts(entries), 1):
        moment = START.replace(tzinfo=UTC) + timedelta(milliseconds=number)
        session.append(Instruction(number, moment, who, said.partition("\n")[0], {}))
    theirs = [line for line in oracle(session) if line.startswith("fill ")]
    if digest(ours) != digest(theirs):
        raise SystemExit(f"fills: {len(ours)} of ours, {len(theirs)} of the oracle's; they differ")
    return {"fills_entries": entries, "fills_as_the_oracle_has_them": len(ours)}


def digest(lines: list[str]) -> str:
    """The sha256 of lines."""
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def turn_idle(folder: Path, entries: int) -> dict[str, float]:
    """CPU seconds of `pit turn` when nothing is new."""
    from scale import PIT as NAME
    from scale import Archive, flow, found, pit

    from pit.pits.home import Home

    home = folder / "home"
    found(home)
    archive = Archive(Home(home).archive(NAME))
    flow(archive, entries)
    archive.close()
    pit(home, "turn", "-p", NAME)
    best = min(pit(home, "turn", "-p", NAME).cpu for _ in range(5))
    return {"turn_entries": archive.number, "turn_idle": best}


def unit(name: str) -> str:
    """What a figure is measured in."""
    if name.endswith("per_cpu_second"):
        return "entries/s"
    ends = {"memory": "MB", "orders": "orders", "entries": "entries", "entry": "bytes"}
    ends |= {"growth": "times", "idle": "s", "them": "fills"}
    return ends[name.rpartition("_")[2]]


def main() -> None:
    """Make the archives, measure, print `name value unit` lines."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--entries", type=int, default=1_000_000)
    options.add_argument("--repeat", type=int, default=2, help="of each rate, the best is taken")
    options.add_argument("--few", type=int, default=20_000, help="entries for the naive book")
    options.add_argument("--json", action="store_true")
    args = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="pit-") as name:
        folder = Path(name)
        path = folder / "bench.mbox"
        make(path, args.entries)
        figures = rates(path, args.entries, args.repeat)
        path.unlink()
        figures |= memory(folder, args.entries // 5)
        figures |= fills(folder, min(args.few, args.entries))
        figures |= turn_idle(folder, args.entries)
    if args.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        few = unit(name) in ("s", "times")
        print(name, f"{value:.2f}" if few else f"{value:.0f}", unit(name))


if __name__ == "__main__":
    main()
