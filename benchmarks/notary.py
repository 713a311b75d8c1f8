"""Mails a CPU-second that the notary stamps, beside what python-gnupg alone verifies of them.

    $ python benchmarks/notary.py
    $ python benchmarks/notary.py --mails 20000 --json

A pit is opened and a member admitted as always; his orders, each signed with Ed25519 and made a
mail, lie in the spool when the clock starts. What counts is the CPU time, user and system, of
`pit notary` with every program that it starts, until the spool is empty: all entries sealed on
disk, all receipts written. Sequoia remembers what it has signed or verified in a process; here one
signs and another verifies. python-gnupg verifies a few of the same mails, with gpg's time.

The system's part depends on the file system ($TMPDIR says on which): a mail costs it a file read
and removed, a file made and renamed. ext4 without a journal makes files slowly near to where many
were removed within the last minutes, as by a run of this before: so the pit's folder is put where
there is room (chattr +T, which only ext4 knows).
"""

import argparse
import json
import os
import resource
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import gnupg  # type: ignore[import-untyped]  # it comes without types
import pysequoia

from pit.pits.home import Home
from pit.pits.reading import last_seal
from pit.pits.signing import compose, mail

PIT, MEMBER = "bench", "alice"
LIST = f"{PIT}@pits.invalid"


class Cpu(NamedTuple):
    """CPU seconds."""

    user: float
    system: float

    @property
    def total(self) -> float:
        """Both."""
        return self.user + self.system


def spent(*who: int) -> Cpu:
    """What this process, or its children that have ended, have used so far."""
    found = [resource.getrusage(one) for one in who]
    return Cpu(sum(one.ru_utime for one in found), sum(one.ru_stime for one in found))


def since(before: Cpu, *who: int) -> Cpu:
    """What they have used since then."""
    now = spent(*who)
    return Cpu(now.user - before.user, now.system - before.system)


def pit(home: Path, *args: str, stdin: bytes = b"") -> Cpu:
    """Run `pit ARGS`; the CPU time of it and of what it started."""
    command = [str(Path(sys.executable).with_name("pit")), *args]
    env = {key: v for key, v in os.environ.items() if not key.startswith("PIT")}
    before = spent(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        command,
        input=stdin,
        env={**env, "PIT_HOME": str(home)},
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"pit {' '.join(args)}: {done.stderr.decode()}")
    return since(before, resource.RUSAGE_CHILDREN)


def found(home: Path) -> pysequoia.Tsk:
    """Open the pit and admit its one member; the member's key."""
    pit(home, "new", PIT)
    key = pysequoia.Tsk.generate(f"Alice <{MEMBER}@example.org>")
    public = str(key.extract_certificate()).encode()
    pit(home, "admit", "-p", PIT, MEMBER, f"{MEMBER}@example.org", "-", stdin=public)
    pit(home, "notary", "-p", PIT)
    return key


def orders(home: Path, key: pysequoia.Tsk, count: int) -> list[bytes]:
    """That many signed orders, as the wallet writes them."""
    after = last_seal(Home(home), PIT)
    now = datetime.now(UTC)
    signer = key.signer()
    made = []
    for number in range(1, count + 1):
        text = compose(PIT, f"buy {number} ACME @ 12.50", after=after).rstrip("\n")
        block = pysequoia.sign(signer, text.encode(), mode=pysequoia.SignatureMode.CLEAR)
        sender = f"Alice <{MEMBER}@example.org>"
        made.append(mail(bytes(block).decode(), sender, LIST, f"buy {number} ACME @ 12.50", now))
    return made


def spooled(home: Path, mails: Sequence[bytes]) -> None:
    """Put mails into the spool, named as Maildir names are."""
    new = Home(home).spool(PIT) / "new"
    for number, one in enumerate(mails):
        (new / f"{1000000000 + number}.M000000P1.bench").write_bytes(one)


def verified(folder: Path, key: pysequoia.Tsk, mails: Sequence[bytes]) -> Cpu:
    """The CPU time of python-gnupg, gpg included, to verify these mails one after the other."""
    folder.mkdir(mode=0o700)
    keys = gnupg.GPG(gnupghome=str(folder), options=["--no-auto-check-trustdb"])
    keys.import_keys(bytes(key.extract_certificate()))
    before = spent(resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    for one in mails:
        if not keys.verify(one.partition(b"\n\n")[2]).valid:
            raise SystemExit("python-gnupg finds a signature that is not good")
    return since(before, resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)


class Measured(NamedTuple):
    """CPU time: of all mails, of a start when there are none, of what gpg takes for a few."""

    taken: Cpu
    idle: Cpu
    gpg: Cpu


def measure(folder: Path, count: int, sample: int) -> Measured:
    """One pit's time, from mails in the spool to the last receipt."""
    with suppress(OSError):
        subprocess.run(["chattr", "+T", folder], capture_output=True, check=False)
    home = folder / secrets.token_hex(4)  # ext4 chooses by the name
    key = found(home)
    mails = orders(home, key, count)
    idle = pit(home, "notary", "-p", PIT)
    spooled(home, mails)
    taken = pit(home, "notary", "-p", PIT)
    seal = last_seal(Home(home), PIT)
    told = len(list((Home(home).outbox(PIT) / "new").iterdir()))
    if seal is None or seal[0] < count or told < count:
        raise SystemExit(f"of {count} mails not all were stamped and answered: {seal}, {told}")
    return Measured(taken, idle, verified(folder / "gpg", key, mails[:sample]))


def figures(found: Sequence[Measured], count: int, sample: int) -> dict[str, float]:
    """The best of several, by name."""
    taken = min((one.taken for one in found), key=lambda cpu: cpu.total)
    gpg = min(one.gpg.total for one in found)
    return {
        "notary_mails_per_cpu_second": count / taken.total,
        "notary_user_per_mail": taken.user / count * 1e6,
        "notary_system_per_mail": taken.system / count * 1e6,
        "notary_idle_cpu": min(one.idle.total for one in found) * 1e3,
        "python_gnupg_verifications_per_cpu_second": sample / gpg,
        "notary_to_python_gnupg": count / taken.total / (sample / gpg),
    }


UNITS = {
    "notary_mails_per_cpu_second": "mails/s",
    "notary_user_per_mail": "us",
    "notary_system_per_mail": "us",
    "notary_idle_cpu": "ms",
    "python_gnupg_verifications_per_cpu_second": "mails/s",
    "notary_to_python_gnupg": "times",
}


def main() -> None:
    """Make the mails, measure, print `name value unit` lines."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--mails", type=int, default=10_000)
    options.add_argument("--sample", type=int, default=200, help="mails for python-gnupg")
    options.add_argument("--repeat", type=int, default=3, help="the best of so many counts")
    options.add_argument("--json", action="store_true")
    args = options.parse_args()
    sample = min(args.sample, args.mails)
    measured = []
    for _ in range(args.repeat):
        with tempfile.TemporaryDirectory(prefix="pit-") as folder:
            measured.append(measure(Path(folder), args.mails, sample))
    best = figures(measured, args.mails, sample)
    if args.json:
        print(json.dumps(best))
    else:
        for name, value in best.items():
            print(name, f"{value:.0f}", UNITS[name])


if __name__ == "__main__":
    main()
