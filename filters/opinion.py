"""A second opinion on signatures: GnuPG's, over the same mails, in batches of `--verify-files`.

gpg judges keys by the clock, so each day's entries are verified with the clock set to the last of
them; what it then finds wrong is asked once more, alone, at its own time. Neither gpg's exit status
nor VALIDSIG alone is enough (NOTARY, OpenPGP): one NEWSIG, GOODSIG and VALIDSIG, and nothing bad.
"""

import random
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from pit.archives.entry import STAMP, read_entry
from pit.archives.errors import Misconfigured, PitError, UsageError
from pit.archives.mbox import Entry
from pit.pits.openpgp import Certificate
from pit.pits.signed import signed

BATCH = 500
"""Mails of a call of gpg's."""

ALL = 1_000_000
"""The share that is every entry."""

_GOOD = ("NEWSIG", "GOODSIG", "VALIDSIG")
_BAD = {
    *("BADSIG", "ERRSIG", "EXPSIG", "EXPKEYSIG", "REVKEYSIG", "NODATA", "FAILURE"),
    *("KEYREVOKED", "KEYEXPIRED", "SIGEXPIRED", "UNEXPECTED", "NO_PUBKEY"),
}
_STATUS = re.compile(r"\[GNUPG:\] (\S+) ?(.*)")


class Opinion(NamedTuple):
    """How many entries GnuPG was asked about, and where it says otherwise (number, what)."""

    asked: int
    disagrees: tuple[tuple[int, str], ...]

    @property
    def wrong(self) -> str:
        """The first disagreement as a sentence; '' for none."""
        for number, what in self.disagrees[:1]:
            return f"entry {number}: GnuPG does not find the signature good: {what}"
        return ""


class Case(NamedTuple):
    """An entry to ask about: its number, the times of stamp and signature, the key, the block."""

    number: int
    time: str
    fingerprint: str
    block: bytes


class Sample:
    """The entries that GnuPG is asked about: of a million, `share` (at random).

    Closing it removes its GnuPG home.
    """

    def __init__(self, share: int) -> None:
        self.share = share
        self._dice = random.SystemRandom()
        self._cases: list[Case] = []
        self._known: set[str] = set()
        self._new: list[str] = []
        self._asked = 0
        self._disagrees: list[tuple[int, str]] = []
        self._folder = Path(tempfile.mkdtemp(prefix="pit-", dir="/tmp"))
        self._home = self._folder / "h"
        self._home.mkdir(0o700)

    @classmethod
    def parse(cls, text: str) -> "Sample":
        """The sample that `all` or `5%` means; UsageError."""
        found = re.fullmatch(r"(\d{1,3})(?:\.(\d{1,4}))?%", text)
        share = int(found[1] + (found[2] or "").ljust(4, "0")) if found else 0
        share = ALL if text == "all" else share
        if not 0 < share <= ALL:
            raise UsageError(f"--second-opinion {text!r}: write `all` or a share such as `5%`")
        return cls(share)

    def take(self, entry: Entry, cert: Certificate) -> None:
        """Perhaps take an entry in; its owner's certificate as enrolled at that point."""
        if self._dice.randrange(ALL) >= self.share:
            return
        found = STAMP.search(entry.raw)
        if found is None:  # whoever examines the bytes says so
            return
        signed = found[6].decode()
        time = max(entry.time[:19], signed[:19])
        if self._cases and (self._cases[-1].time[:10] != time[:10] or len(self._cases) >= BATCH):
            self._ask()
        if cert.armored not in self._known:
            self._known.add(cert.armored)
            self._new.append(cert.armored)
        self._cases.append(Case(entry.number, time, cert.fingerprint, entry.raw))

    def opinion(self) -> Opinion:
        """What GnuPG says of all that was taken in."""
        self._ask()
        return Opinion(self._asked, tuple(self._disagrees))

    def close(self) -> None:
        """Remove the GnuPG home, and end what gpg started in it."""
        subprocess.run(
            ["gpgconf", "--homedir", str(self._home), "--kill", "all"],
            capture_output=True,
            check=False,
        )
        shutil.rmtree(self._folder, ignore_errors=True)

    def _ask(self) -> None:
        cases, self._cases = self._cases, []
        if not cases:
            return
        if self._new:
            self._gpg(["--import"], "".join(self._new).encode())
            self._new = []
        self._asked += len(cases)
        faults = self._faults(cases)
        for case, what in zip(cases, faults, strict=True):
            again = self._faults([case])[0] if what else ""
            if again:
                self._disagrees.append((case.number, again))

    def _faults(self, cases: Sequence[Case]) -> list[str]:
        """What GnuPG finds wrong with each, '' for nothing; the clock stands at the last time."""
        paths = [self._written(case) for case in cases]
        now = max(case.time for case in cases).replace("-", "").replace(":", "")
        said = self._gpg([f"--faked-system-time={now}!", "--verify-files", *paths])
        for name in paths:
            Path(name).unlink()
            Path(name.removesuffix(".asc")).unlink(missing_ok=True)
        by_file: dict[str, list[tuple[str, str]]] = {name: [] for name in paths}
        current = ""
        for found in _STATUS.finditer(said):
            if found[1] == "FILE_START":
                current = found[2].partition(" ")[2]
            elif current in by_file:
                by_file[current].append((found[1], found[2]))
        return [
            _fault(by_file[name], case.fingerprint) for name, case in zip(paths, cases, strict=True)
        ]

    def _written(self, case: Case) -> str:
        """The file that gpg is given: a clearsigned block; else N.asc, with what it signs in N."""
        path = self._folder / str(case.number)
        _, mail = read_entry(case.block)
        try:
            block = signed(mail)
        except PitError:  # whoever examines the bytes says so
            block = None
        if block is None or (block.octets is None and block.hash):
            path.write_bytes(mail.partition(b"\n\n")[2])
            return str(path)
        # Without a Hash line gpg reckons MD5 (RFC 4880, 7), and would find the signature bad.
        path.write_bytes(block.octets or block.text.removesuffix(b"\n").replace(b"\n", b"\r\n"))
        detached = path.with_suffix(".asc")
        detached.write_bytes(block.armor)
        return str(detached)

    def _gpg(self, args: list[str], data: bytes = b"") -> str:
        # Not --batch: in it gpg takes no file for the data of the signature beside it.
        command = ["gpg", "--homedir", str(self._home), "--no-options", "--no-tty", "--quiet"]
        command += ["--no-auto-check-trustdb", "--trust-model=always", "--status-fd=1"]
        try:
            done = subprocess.run([*command, *args], input=data, capture_output=True, check=False)
        except OSError as error:
            raise Misconfigured("gpg cannot be run; install GnuPG 2.2 or newer") from error
        return done.stdout.decode("utf-8", "replace")


def _fault(status: Sequence[tuple[str, str]], fingerprint: str) -> str:
    """What is wrong by gpg's status lines of one file; '' where it is one good signature."""
    words = [word for word, _ in status]
    bad = [word for word in words if word in _BAD]
    counts = [words.count(word) for word in _GOOD]
    if bad or counts != [1, 1, 1]:
        return f"its status is {' '.join(words) or 'nothing'}"
    primary = next(rest.split()[-1] for word, rest in status if word == "VALIDSIG")
    return "" if primary == fingerprint else f"it is by the key {primary}, not {fingerprint}"
