"""What a start costs when nothing is new: CPU seconds and memory, at 10^4, 10^5, 10^6 entries.

    $ python benchmarks/scale.py
    $ python benchmarks/scale.py --largest --json

A start should cost what is new, and memory what is open. So the archives here differ in length
alone: the same members, at most a thousand working orders, every report published. `pit notary`
starts from its index, `pit run match` and `pit match` from a checkpoint; beside them, what a start
costs the notary that reads everything. 10^6 takes some minutes to make.

The archives are made by the filters themselves in this process, from a real pit's charter and
admissions on. Their mails bear no real signatures: no start looks at those (the audit does).
"""

import argparse
import hashlib
import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pysequoia

from pit.archives import mbox
from pit.archives.entry import OPERATOR, Stamp, read_entry, write_entry
from pit.archives.extent import chunks
from pit.archives.mbox import Draft, Entry
from pit.archives.merkle import Frontier, leaf
from pit.archives.store import Store
from pit.filters import catalog
from pit.filters.runner import Run
from pit.pits.home import Home
from pit.pits.signing import compose

PIT = "bench"
MEMBERS = [f"member-{n}" for n in range(20)]
WORKING, ROUND = 1000, 700
SIGNATURE = """-----BEGIN PGP SIGNATURE-----

iHUEARYIAB0WIQQT6xGL+oB806aMWtjxDjCdq4kiHgUCawBCCwAKCRDxDjCdq4ki
HoIIAQD9aj3qGwYMr3oQo/KNSy1W46PY1vuUutaV6p53t+gQiAD+NxuPLf2sxDm1
53MkEYSFUayWCkmQGBfXQHra8zTstAQ=
=txi5
-----END PGP SIGNATURE-----
"""


class Cost(NamedTuple):
    """Of a process: CPU seconds, user and system; the most memory that it had, MB."""

    cpu: float
    memory: float


LAUNCHER = """
import os, sys
quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=quiet)
_, status, usage = os.wait4(child, 0)
print(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
sys.exit(os.waitstatus_to_exitcode(status))
"""
"""A small program that starts another: until a process is itself, it has its starter's memory."""


def pit(home: Path, *args: str, stdin: bytes | Path = b"") -> Cost:
    """Run `pit ARGS` and say what it cost, with what it started."""
    # Python may keep its compiled modules, as it does for everybody who did not forbid it.
    no = "PYTHONDONTWRITEBYTECODE"
    env = {key: v for key, v in os.environ.items() if not key.startswith("PIT") and key != no}
    program = str(Path(sys.executable).with_name("pit"))
    done = subprocess.run(
        [sys.executable, "-S", "-c", LAUNCHER, program, *args],
        input=stdin.read_bytes() if isinstance(stdin, Path) else stdin,
        env={**env, "PIT_HOME": str(home)},
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"pit {' '.join(args)}: {done.stderr.decode()}")
    cpu, memory = done.stdout.split()
    return Cost(float(cpu), float(memory))


def found(home: Path) -> None:
    """A club with its members, by the real commands."""
    pit(home, "new", PIT)
    for who in MEMBERS:
        cert = pysequoia.Tsk.generate(f"{who} <{who}@example.org>").extract_certificate()
        pit(home, "admit", "-p", PIT, who, f"{who}@example.org", "-", stdin=str(cert).encode())
    pit(home, "notary", "-p", PIT)


class Archive:
    """An archive that grows by whole batches, and the filters that read it along."""

    def __init__(self, folder: Path) -> None:
        self._store = Store(folder, PIT)
        self._runs = {name: Run(catalog.make(name)) for name in catalog.names()}
        self._tree = Frontier()
        self._batch: list[bytes] = []
        self.number, self._prev, self._time = 0, "", ""
        self._keys: dict[str, str] = {}
        for entry in mbox.entries(chunks(folder, PIT)):
            self._keep(entry, read_entry(entry.raw)[0])
        for member in self._runs["match"].pit.members.values():
            self._keys.setdefault(member.handle, member.fingerprint)

    def _keep(self, entry: Entry, stamp: Stamp) -> None:
        for run in self._runs.values():
            run.feed(entry)
        self._tree.append(leaf(stamp.lines()))
        self.number, self._time, self._prev = stamp.number, stamp.time, stamp.digest()
        self._keys[stamp.signer] = stamp.fingerprint

    @property
    def after(self) -> tuple[int, str]:
        """The last seal."""
        return self._runs["match"].pit.seal

    def later(self) -> str:
        """The next stamp's time, a microsecond on."""
        moment = datetime.fromisoformat(self._time[:-1]) + timedelta(microseconds=1)
        return moment.isoformat(timespec="microseconds") + "Z"

    def say(self, signer: str, text: str) -> int:
        """Stamp a text; its number."""
        time = self.later()
        data = (
            f"From: {signer} <{signer}@example.org>\nTo: {PIT}@pits.invalid\nSubject: order\n"
            f"Message-ID: <{self.number}.{self._prev[:16]}@example.org>\n\n"
            f"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n{text}{SIGNATURE}"
        ).encode()
        stamp = Stamp(
            PIT,
            self.number + 1,
            time,
            signer,
            self._keys[signer],
            time[:19] + "Z",
            hashlib.sha256(text.encode()).hexdigest(),
            len(data),
            hashlib.sha256(data).hexdigest(),
            self._prev,
        )
        raw = write_entry(stamp, data)
        entry = Entry(PIT, stamp.number, time, signer, stamp.fingerprint, text, raw)
        self._keep(entry, stamp)
        self._batch.append(raw)
        return stamp.number

    def seal(self) -> None:
        """Seal what was said and append it."""
        root = self._tree.root().hex()
        text = f"seal {self.number}\n  root: {root}\n  time: {self.later()}\n"
        self.say("notary", compose(PIT, text, id=self._runs["match"].pit.id))
        batch, self._batch = self._batch, []
        self._store.append(b"".join(batch), entries=len(batch), stamp=self._prev, limit=50_000)

    def report(self) -> None:
        """Publish what the filters owe, the keeper's answers first."""
        for run in self._runs.values():
            drafts: list[Draft] = run.drafts()
            for draft in drafts:
                self.say(draft.signer, draft.text)
            if drafts:
                self.seal()

    def close(self) -> None:
        """Give the lock back."""
        self._store.close()


def flow(archive: Archive, entries: int) -> None:
    """Let the members trade until the archive is that long: nothing is owed then."""
    rng = random.Random(1)
    first = (
        'ticker ACME "Acme"\n  currency: EUR\n  tick: 0.01\n  lot: 1\n  specialist: operator\n'
        "issue 1000000000000 ACME\n"
        + "".join(f"deposit {who} 10000000000 EUR\n" for who in MEMBERS)
    )
    archive.say(OPERATOR, compose(PIT, first, after=archive.after))
    gifts = "".join(f"transfer 1000000000 ACME to {who}\n" for who in MEMBERS)
    archive.say(OPERATOR, compose(PIT, gifts, after=archive.after))
    archive.seal()
    archive.report()
    said = orders(rng)
    owner, text = next(said)
    while archive.number < entries:
        for _ in range(ROUND):
            number = archive.say(owner, compose(PIT, text, after=archive.after))
            owner, text = said.send(number)
        archive.seal()
        archive.report()


def orders(rng: random.Random) -> Iterator[tuple[str, str]]:
    """(member, directive) without end: passive limits, cancels, and some that trade at once."""
    mid = 1000.0
    working: list[tuple[str, int]] = []
    while True:
        mid = max(200.0, mid + rng.gauss(0, 0.05))
        member = rng.choice(MEMBERS)
        if len(working) > WORKING:
            owner, number = working.pop(rng.randrange(len(working)))
            yield owner, f"cancel {number}"
            continue
        side, sign = rng.choice((("buy", -1), ("sell", 1)))
        trades = rng.random() < 0.1
        price = mid - sign * 5 if trades else mid + sign * rng.randint(1, 30)
        number = yield member, f"{side} {rng.randint(1, 100)} ACME @ {price / 100:.2f}"
        if not trades:
            working.append((member, number))


def measure(folder: Path, entries: int) -> dict[str, Cost]:
    """The costs of one size."""
    home = folder / "home"
    found(home)
    archive = Archive(Home(home).archive(PIT))
    flow(archive, entries)
    archive.close()
    full = pit(home, "notary", "-p", PIT, "--full")
    pit(home, "run", "match", "-p", PIT)
    stream = folder / "stream"
    with stream.open("wb") as target:
        command = [str(Path(sys.executable).with_name("pit")), "read", "-p", PIT, "--for", "match"]
        env = {**os.environ, "PIT_HOME": str(home)}
        subprocess.run(command, stdout=target, env=env, check=True)
    return {
        "notary_full": full,
        "notary_start": pit(home, "notary", "-p", PIT),
        "run_match_start": pit(home, "run", "match", "-p", PIT),
        "read_for_match": pit(home, "read", "-p", PIT, "--for", "match"),
        "match_start": pit(home, "match", stdin=stream),
    }


def main() -> None:
    """Make the archives, measure, print `name value unit` lines."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--largest", action="store_true", help="10^6 entries too")
    options.add_argument("--json", action="store_true")
    args = options.parse_args()
    figures: dict[str, float] = {}
    for power in (4, 5, 6) if args.largest else (4, 5):
        with tempfile.TemporaryDirectory(prefix="pit-") as folder:
            for name, cost in measure(Path(folder), 10**power).items():
                figures[f"{name}_cpu_1e{power}"] = cost.cpu
                figures[f"{name}_rss_1e{power}"] = cost.memory
    if args.json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(name, f"{value:.2f} s" if "_cpu_" in name else f"{value:.0f} MB")


if __name__ == "__main__":
    main()
