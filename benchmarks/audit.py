"""Signatures a CPU-second that an audit verifies, beside Sequoia's and OpenSSL's bare rates.

    $ python benchmarks/audit.py --entries 50000
    $ python benchmarks/audit.py --json

The archive is a real one: a pit is opened, members are admitted, their orders, each signed with
Ed25519, are stamped by the notary, answered by the keeper and matched by the specialist. What
counts is the CPU time of `pit audit --full` as installed, start, filters and all. Beside it, in the
same run: pysequoia verifying the same clearsigned messages as they stand (`sequoia`), and given
text and signature already cut apart (`sequoia_detached`); and `openssl speed ed25519`. Sequoia
remembers what it has verified: each message is verified once in a process, and was signed in
another. The wall times are of one core and of all that there are.
"""

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pysequoia

from pit.archives import mbox
from pit.archives.entry import read_entry
from pit.archives.extent import chunks
from pit.pits.home import Home
from pit.pits.openpgp import read_signature, split
from pit.pits.reading import last_seal
from pit.pits.signing import compose, mail

PIT = "bench"
MEMBERS = ("alice", "bob", "carol", "dave")


def cpu(who: int) -> float:
    """CPU seconds, user and system, of this process or of its children."""
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


def pit(home: Path, *args: str, stdin: bytes = b"", cores: set[int] | None = None) -> list[float]:
    """Run `pit ARGS`; its CPU and wall seconds."""
    command = [str(Path(sys.executable).with_name("pit")), *args]
    # Python may keep its compiled modules, as it does for everybody who did not forbid it.
    no = "PYTHONDONTWRITEBYTECODE"
    env = {key: v for key, v in os.environ.items() if not key.startswith("PIT") and key != no}
    env["PIT_HOME"] = str(home)
    before, began = cpu(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(
        command,
        input=stdin,
        env=env,
        check=True,
        stdout=subprocess.DEVNULL,
        preexec_fn=(lambda: os.sched_setaffinity(0, cores)) if cores else None,
    )
    return [cpu(resource.RUSAGE_CHILDREN) - before, time.monotonic() - began]


def make(home: Path, entries: int) -> list[pysequoia.Cert]:
    """A pit with about so many entries; the members' certificates."""
    pit(home, "new", PIT, "--currency", "EUR")
    certs = [pysequoia.Cert.generate(f"{who.title()} <{who}@example.org>") for who in MEMBERS]
    for who, cert in zip(MEMBERS, certs, strict=True):
        mails = f"{who}@example.org"
        pit(home, "admit", "-p", PIT, who, mails, "-", stdin=bytes(str(cert), "ascii"))
    listing = 'ticker ACME "Acme"\n  currency: EUR\n  tick: 0.01\n  lot: 1\n  specialist: operator'
    said = ["grant issuer to operator", "grant trader to operator", *listing.split("\n")]
    pit(home, "send", "-p", PIT, "--as", "operator", *said, "issue 1000000000 ACME")
    pit(home, "turn", "-p", PIT)
    gifts = [f"transfer 100000000 ACME to {who}" for who in MEMBERS]
    cash = [f"deposit {who} 1000000000.00 EUR" for who in MEMBERS]
    pit(home, "send", "-p", PIT, "--as", "operator", *gifts, *cash)
    pit(home, "turn", "-p", PIT)
    signers = [cert.secrets.signer() for cert in certs]
    new = Home(home).spool(PIT) / "new"
    for start in range(0, entries, 5000):
        after, now = last_seal(Home(home), PIT), datetime.now(UTC)
        for number in range(start, min(start + 5000, entries)):
            who = number % len(MEMBERS)
            side, price = ("buy", 1200) if number % 3 else ("sell", 1210)
            text = (
                f"{side} {number % 97 + 1} ACME @ {(price + number % 40) / 100}\n  ref: n{number}"
            )
            signed = compose(PIT, text, after=after).removesuffix("\n").encode()
            block = bytes(pysequoia.sign(signers[who], signed, mode=pysequoia.SignatureMode.CLEAR))
            name = MEMBERS[who]
            sender = f"{name.title()} <{name}@example.org>"
            data = mail(block.decode(), sender, f"{PIT}@pits.invalid", f"{side} ACME", now)
            (new / f"{1000000000 + number}.M000000P1.bench").write_bytes(data)
        pit(home, "turn", "-p", PIT)
    return certs


def bare(home: Path, verify: Callable[[bytes], object]) -> float:
    """Messages a CPU-second of the members', verified by `verify`, in a process of its own."""
    folder = Home(home).archive(PIT)
    blocks = [
        read_entry(entry.raw)[1].partition(b"\n\n")[2]
        for entry in mbox.entries(chunks(folder, PIT))
        if entry.signer in MEMBERS
    ]
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        rate = 0.0
        try:
            before = cpu(resource.RUSAGE_SELF)
            for block in blocks:
                verify(block)
            rate = len(blocks) / (cpu(resource.RUSAGE_SELF) - before)
        finally:
            os.write(writer, str(rate).encode())
            os._exit(0)
    os.waitpid(child, 0)
    os.close(writer)
    with os.fdopen(reader) as answer:
        return float(answer.read())


def detached(certs: Sequence[pysequoia.Cert], home: Path) -> float:
    """The same with text and signature cut apart beforehand."""
    cut: dict[bytes, tuple[bytes, bytes]] = {}

    def prepare(block: bytes) -> None:
        found = split(block)
        octets = found.text.removesuffix(b"\n").replace(b"\n", b"\r\n")
        cut[block] = octets, read_signature(found.armor, found.hash).raw

    for entry in mbox.entries(chunks(Home(home).archive(PIT), PIT)):
        if entry.signer in MEMBERS:
            prepare(read_entry(entry.raw)[1].partition(b"\n\n")[2])

    def verify(block: bytes) -> None:
        octets, raw = cut[block]
        found = pysequoia.verify(
            octets, lambda _: list(certs), signature=pysequoia.Sig.from_bytes(raw)
        )
        assert len(found.valid_sigs) == 1

    return bare(home, verify)


def openssl() -> float:
    """Ed25519 signatures a second that OpenSSL verifies on one core."""
    said = subprocess.run(
        ["openssl", "speed", "-seconds", "2", "ed25519"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    found = re.search(r"Ed25519\) .* ([0-9.]+)\s*$", said, re.MULTILINE)
    if found is None:
        raise SystemExit(f"openssl speed: {said}")
    return float(found[1])


def measure(home: Path, entries: int) -> dict[str, float]:
    """All figures, by name."""
    certs = make(home, entries)
    seal = last_seal(Home(home), PIT)
    if seal is None or seal[0] < entries:
        raise SystemExit(f"of {entries} orders not all were stamped: {seal}")
    count = seal[0] + 1
    cores = os.sched_getaffinity(0)
    one = pit(home, "audit", "-p", PIT, "--full", cores={min(cores)})
    many = pit(home, "audit", "-p", PIT, "--full")
    again = pit(home, "audit", "-p", PIT)

    def inline(block: bytes) -> None:
        assert len(pysequoia.verify(block, lambda _: list(certs)).valid_sigs) == 1

    sequoia, apart, ossl = bare(home, inline), detached(certs, home), openssl()
    rate = count / one[0]
    return {
        "audit_entries": count,
        "audit_signatures_per_cpu_second": rate,
        "audit_resumed_cpu": again[0],
        "sequoia": sequoia,
        "sequoia_detached": apart,
        "openssl": ossl,
        "audit_to_sequoia": rate / sequoia,
        "audit_to_sequoia_detached": rate / apart,
        "audit_to_openssl": rate / ossl,
        "audit_wall_one_core": one[1],
        f"audit_wall_{len(cores)}_cores": many[1],
        "audit_wall_ratio": many[1] / one[1],
    }


def unit(name: str) -> str:
    """What a figure is measured in."""
    if "_to_" in name or name.endswith("ratio"):
        return "times"
    if "wall" in name or name.endswith("_cpu"):
        return "s"
    return "entries" if name == "audit_entries" else "/s"


def main() -> None:
    """Make the archive, measure, print `name value unit` lines."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--entries", type=int, default=50_000, help="orders in the archive")
    options.add_argument("--json", action="store_true")
    args = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="pit-", dir="/tmp") as folder:
        figures = measure(Path(folder) / "home", args.entries)
    if args.json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(
                name,
                f"{value:.0f}" if unit(name) in ("/s", "entries") else f"{value:.2f}",
                unit(name),
            )


if __name__ == "__main__":
    main()
