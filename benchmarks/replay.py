"""Replay an archive: entries per CPU-second of the bare reader, `pit match` and `pit positions`.

    $ python benchmarks/replay.py --entries 200000
    $ python benchmarks/replay.py --json

The archive is made here: 70 % passive limits around a drifting mid price, 25 % cancels, 5 %
marketable orders, about 900 bytes an entry; texts are hashed, signatures are not real. Each figure
is CPU time of the command as installed, from file through a pipe to drafts and checkpoint.
"""

import argparse
import hashlib
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from pit.archives import mbox
from pit.archives.entry import NO_STAMP, Stamp, write_entry

SIGNATURE = """-----BEGIN PGP SIGNATURE-----

iHUEARYIAB0WIQQT6xGL+oB806aMWtjxDjCdq4kiHgUCawBCCwAKCRDxDjCdq4ki
HoIIAQD9aj3qGwYMr3oQo/KNSy1W46PY1vuUutaV6p53t+gQiAD+NxuPLf2sxDm1
53MkEYSFUayWCkmQGBfXQHra8zTstAQ=
=txi5
-----END PGP SIGNATURE-----
"""
MEMBERS = [f"member-{n}" for n in range(100)]
START = datetime(2026, 11, 20, 9, 0, 0)


def texts(entries: int, seed: int = 1) -> Iterator[tuple[str, str]]:
    """(signer, directives) of each entry: the set-up, then the flow of orders."""
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
    for number in range(3 + 2 * len(MEMBERS), entries + 1):
        mid = max(200.0, mid + rng.gauss(0, 0.05))
        kind = rng.random()
        member = rng.choice(MEMBERS)
        side, sign = rng.choice((("buy", -1), ("sell", 1)))
        if kind < 0.70 or not working:
            price = mid + sign * rng.randint(1, 30)
            working.append((member, number))
        elif kind < 0.95:
            owner, ref = working.pop(rng.randrange(len(working)))
            yield owner, f"cancel {ref}\n"
            continue
        else:
            price = mid - sign * 5
        yield member, f"{side} {rng.randint(1, 100)} ACME @ {price / 100:.2f}\n"


def make(path: Path, entries: int) -> None:
    """Write the archive: an open stream with full stamps."""
    prev = NO_STAMP
    root = hashlib.sha256(b"root").hexdigest()
    with path.open("wb") as out:
        for number, (signer, said) in enumerate(texts(entries), 1):
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


def cpu_of(command: list[str], path: Path) -> float:
    """CPU seconds of a command that reads the archive on stdin."""
    with path.open("rb") as archive:
        reader, writer = os.pipe()
        drain = subprocess.Popen(["sha256sum"], stdin=reader, stdout=subprocess.DEVNULL)
        os.close(reader)
        child = subprocess.Popen(command, stdin=archive, stdout=writer)
        os.close(writer)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        drain.wait()
    if child.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {child.returncode}")
    return usage.ru_utime + usage.ru_stime


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


def main() -> None:
    """Make the archive, measure, print `name value unit` lines."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--entries", type=int, default=200_000)
    options.add_argument("--repeat", type=int, default=3)
    options.add_argument("--json", action="store_true")
    args = options.parse_args()
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "bench.mbox")
        make(path, args.entries)
        figures["bytes_per_entry"] = path.stat().st_size / args.entries
        pit = str(Path(sys.executable).with_name("pit"))
        best = min(reader_cpu(path) for _ in range(args.repeat))
        figures["reader_entries_per_cpu_second"] = args.entries / best
        for name in ("match", "positions"):
            best = min(cpu_of([pit, name], path) for _ in range(args.repeat))
            figures[f"{name}_entries_per_cpu_second"] = args.entries / best
    units = {"bytes_per_entry": "bytes"}
    if args.json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(name, f"{value:.0f}", units.get(name, "entries/s"))


if __name__ == "__main__":
    main()
