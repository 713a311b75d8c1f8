"""A pit with witnesses, for their tests: a home in a short folder, `pit` as a process."""

import os
import shutil
import tempfile
from pathlib import Path

from pit.archives import mbox
from pit.archives.extent import chunks
from pit.archives.mbox import Entry
from pit.pits import spool
from pit.pits.copies import read_copy
from pit.pits.home import load_settings
from pit.pits.reading import fold_of
from pit.pits.testimony import Record, read_witness
from pit.pits.witnesses import Coverage, coverage, saws, witnesses_of
from tests.conftest import Shell

WITNESSES = ("carol", "dave", "erin")


class Acme(Shell):
    """A home with the pit acme: alice trades, three may witness, two of them should."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.folder = folder

    @property
    def archive(self) -> Path:
        return self.home.archive("acme")

    @property
    def id(self) -> str:
        return load_settings(self.home, "acme").id

    def grow(self, text: str = "Good morning") -> int:
        """Something happens; N of the seal over it."""
        self("send", "--as", "alice", f'say "{text}"')
        return self.sealed()

    def sealed(self) -> int:
        """The notary takes what waits; N of its seal."""
        return int(self("notary").split()[-1])

    def see(self, who: str, *args: str, status: int = 0) -> str:
        return self("witness", *args, "--as", who, status=status)

    def file(self, who: str) -> Path:
        return self.home.witness(who, "acme")

    def records(self, who: str) -> list[Record]:
        return read_witness(self.file(who).read_bytes())

    def entries(self) -> list[Entry]:
        return list(mbox.entries(chunks(self.archive, "acme")))

    def waiting(self) -> list[bytes]:
        """The signed blocks in the mails that wait for the notary."""
        mails = map(spool.take, spool.waiting(self.home.spool("acme")))
        return [mail.partition(b"\n\n")[2] for mail in mails]

    def covered(self) -> Coverage:
        """What the audit makes of what stands."""
        copy, fold = read_copy(self.archive, "acme"), fold_of(self.home, "acme")
        seals = [(n, copy.tree.root(n).hex(), copy.told(n + 1).time) for n in copy.sizes]
        handles = witnesses_of(fold)
        return coverage(seals, saws(self.entries()), handles, fold.rule("witnesses"))

    def copy(self) -> "Acme":
        target = short_folder() / "home"
        shutil.copytree(self.folder, target, ignore=shutil.ignore_patterns("S.*"))
        return Acme(target)

    def remove(self) -> None:
        shutil.rmtree(self.folder.parent)


def short_folder() -> Path:
    """A new folder, in memory where there is such a place, whose path fits an agent's socket."""
    memory = "/dev/shm"
    return Path(tempfile.mkdtemp(prefix="wit-", dir=memory if os.access(memory, 7) else "/tmp"))


def founded() -> Acme:
    """The pit, made anew."""
    acme = Acme(short_folder() / "home")
    acme("new", "acme")
    for who in ("alice", *WITNESSES):
        acme("key", "make", who, f"{who}@example.org")
        roles = "witness" if who in WITNESSES else "trader"
        key = acme.run("key", "show", "--as", who)
        acme("admit", who, f"{who}@example.org", "-", "--roles", roles, stdin=key)
    places = [f'witness carol "{acme.folder.parent}/carol.txt"']
    places.append('witness dave "https://dave.example/acme.txt"')
    acme("send", "--as", "operator", "rule witnesses 2", *places)
    acme("notary")
    return acme
