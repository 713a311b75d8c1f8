"""From an order in the spool to its published fill, with everything running (`pit up`).

    $ python benchmarks/latency.py --orders 40
    $ python benchmarks/latency.py --json

A pit is made, `pit up` follows it, and orders that trade at once are put into the spool one after
the other, as a mail server puts them. Each figure is a wall time in milliseconds: the median and
the 99th percentile of the whole, and the median of each stage (until the order is stamped, until
its `accept` stands, until its `fill` stands), by the notary's stamps.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from pit.archives import mbox
from pit.archives.extent import chunks
from pit.pits.home import Home

PIT = "bench"


def made(pit: str, env: dict[str, str]) -> None:
    """A pit with two members, a specialist, a ticker, cash and units."""

    def run(*args: str, stdin: bytes = b"") -> bytes:
        done = subprocess.run([pit, *args], input=stdin, env=env, capture_output=True, check=True)
        return done.stdout

    run("new", PIT, "--currency", "EUR")
    for who, role in (("sam", "specialist"), ("alice", "trader"), ("bob", "trader")):
        run("key", "make", who, f"{who}@example.org")
        key = run("key", "show", "--as", who)
        run("admit", who, f"{who}@example.org", "-", "--roles", role, stdin=key)
    listing = ['ticker ACME "Acme"', "  currency: EUR", "  tick: 0.01", "  lot: 1"]
    run("send", "--as", "operator", *listing, "  specialist: sam")
    gifts = ["issue 100000 ACME", "transfer 50000 ACME to bob", "deposit alice 1000000.00 EUR"]
    run("send", "--as", "operator", *gifts)
    run("turn")
    run("send", "--as", "bob", "sell 50000 ACME @ 10.00")
    run("turn")


def seconds(time: str) -> float:
    """A Pit-Time as Unix seconds."""
    return datetime.fromisoformat(time[:-1]).replace(tzinfo=UTC).timestamp()


def stages(home: Home, sent: dict[str, float]) -> list[tuple[float, float, float]]:
    """Of each order that was sent, by its `ref:`: the milliseconds of the three stages."""
    stamped: dict[str, tuple[str, float]] = {}
    accepted: dict[str, float] = {}
    found = []
    for entry in mbox.entries(chunks(home.archive(PIT), PIT)):
        now = seconds(entry.time)
        for label in re.findall(r"^  ref: (n\d+)$", entry.text, re.M):
            stamped[str(entry.number)] = label, now
        for ref in re.findall(r"^accept alice/(\d+)$", entry.text, re.M):
            accepted[ref] = now
        for ref in re.findall(r"^fill \S+ ACME @ \S+ alice/(\d+) ", entry.text, re.M):
            label, when = stamped[ref]
            whole = (when - sent[label], accepted[ref] - when, now - accepted[ref])
            found.append(tuple(1000 * part for part in whole))
    return found  # type: ignore[return-value]


def measure(orders: int, folder: Path) -> dict[str, float]:
    """All figures, by name."""
    pit = str(Path(sys.executable).with_name("pit"))
    home = Home(folder / "home")
    env = {key: value for key, value in os.environ.items() if not key.startswith("PIT")}
    env["PIT_HOME"] = str(home.root)
    made(pit, env)
    spool = home.spool(PIT)
    mails = []
    for number in range(orders):
        said = ["buy 1 ACME @ 10.00", f"  ref: n{number}"]
        subprocess.run([pit, "send", "--as", "alice", *said], env=env, capture_output=True)
        (path,) = [path for path in (spool / "new").iterdir() if path not in mails]
        mails.append(path.rename(folder / f"n{number}"))
    up = subprocess.Popen([pit, "up"], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
    sent: dict[str, float] = {}
    try:
        time.sleep(5)
        for path in mails:
            sent[path.name] = time.time()
            path.rename(spool / "new" / f"{int(time.time())}.M{len(sent):06d}.bench")
            while len(stages(home, sent)) < len(sent):
                time.sleep(0.05)
    finally:
        up.terminate()
        up.wait()
    found = stages(home, sent)
    whole = sorted(sum(parts) for parts in found)
    middle = len(whole) // 2
    named = dict(zip(("to_stamp", "to_accept", "to_fill"), zip(*found, strict=True), strict=True))
    return {
        "order_to_fill_p50": whole[middle],
        "order_to_fill_p99": whole[min(len(whole) - 1, len(whole) * 99 // 100)],
        **{f"{name}_p50": sorted(parts)[middle] for name, parts in named.items()},
    }


def main() -> None:
    """Measure, print `name value unit` lines."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--orders", type=int, default=40)
    options.add_argument("--json", action="store_true")
    args = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="pit-", dir="/tmp") as folder:
        figures = measure(args.orders, Path(folder))
    if args.json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(name, f"{value:.0f}", "ms")


if __name__ == "__main__":
    main()
