"""A pit with real keys, made once and copied for each test; mails to it, good and hostile."""

import contextlib
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from pit.archives import mbox
from pit.archives.entry import Stamp, read_entry
from pit.archives.extent import chunks
from pit.archives.mbox import Entry
from pit.archives.merkle import leaf, root_from_path
from pit.moderator.notary import Decision, Notary, Report
from pit.pits import spool
from pit.pits.gnupg import KeyHome
from pit.pits.home import Home, Settings, load_settings, save_settings
from pit.pits.signing import compose

NAME, LIST = "acme", "acme@pits.example"
NOW = datetime.now(UTC).replace(microsecond=0)
MEMBERS = ("alice", "bob", "carol", "erin", "kim")
"""alice, bob trade; carol is suspended; erin's key has expired; kim keeps and is specialist."""


FIRST = "buy 100 ACME @ 12.50\n  ref: first\n"
REFUSED = "buy 100 ACME @ 12,50\n"
"""Two orders of alice's in the pit that `stands`: entry 4, and one that entry 5 refuses."""


def indented(block: str) -> str:
    return "".join(f"    {line}\n".rstrip(" ") for line in block.strip().split("\n"))


class Keys:
    """Everybody's secret keys in one GnuPG home; signs at any time that is asked for."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700)
        self.folder = folder
        self._seconds = 0
        self.prints: dict[str, str] = {}
        born = NOW - timedelta(days=20)
        for who in ("operator", "notary", "mallory", *MEMBERS):
            ends = (NOW - timedelta(days=1)).strftime("%Y%m%dT%H%M%S") if who == "erin" else "never"
            name = f"{who.title()} <{who}@example.org>"
            self.gpg(
                "--quick-generate-key", name, "ed25519", "sign,cert", ends, at=born, passphrase=True
            )
            listed = self.gpg("--with-colons", "--list-keys", f"{who}@example.org").decode()
            self.prints[who] = re.search(r"^fpr:+([0-9A-F]{40}):", listed, re.MULTILINE)[1]

    def gpg(
        self, *args: str, at: datetime | None = None, data: bytes = b"", passphrase: bool = False
    ) -> bytes:
        more = ["--pinentry-mode", "loopback", "--passphrase", ""] if passphrase else []
        if at:
            more += ["--faked-system-time", at.strftime("%Y%m%dT%H%M%S")]
        command = ["gpg", "--homedir", str(self.folder), "--batch", "--no-options", *more, *args]
        done = subprocess.run(command, input=data, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def export(self, who: str) -> str:
        options = ["--armor", "--export-options", "export-minimal"]
        return self.gpg(*options, "--export", self.prints[who]).decode()

    def sign(self, who: str, text: str | bytes, at: datetime | None = None, *options: str) -> bytes:
        """The clearsigned block; without a time, each a second after the one before."""
        if at is None:
            self._seconds += 1
            at = NOW - timedelta(minutes=50) + timedelta(seconds=self._seconds)
        data = text.encode() if isinstance(text, str) else text
        fingerprint = self.prints[who]
        return self.gpg("--local-user", fingerprint, *options, "--clearsign", at=at, data=data)

    def close(self) -> None:
        subprocess.run(["gpgconf", "--homedir", str(self.folder), "--kill", "all"], check=True)


def mail_of(block: bytes, who: str = "alice", *headers: str, sender: str = "") -> bytes:
    head = [f"From: {sender or f'{who.title()} <{who}@example.org>'}", f"To: {LIST}", *headers]
    return "".join(f"{line}\n" for line in head).encode() + b"\n" + block


class World:
    """A home folder with the pit, the keys of all, and what they send."""

    def __init__(self, home: Home, keys: Keys) -> None:
        self.home, self.keys = home, keys

    @property
    def settings(self) -> Settings:
        return load_settings(self.home, NAME)

    @property
    def archive(self) -> bytes:
        return b"".join(chunks(self.home.archive(NAME), NAME))

    def text(self, directives: str, after: tuple[int, str] | None = None) -> str:
        return compose(NAME, directives, id=self.settings.id, after=after)

    def mail(
        self, directives: str, who: str = "alice", *headers: str, at: datetime | None = None
    ) -> bytes:
        return mail_of(self.keys.sign(who, self.text(directives), at), who, *headers)

    def founding(self, extra: str = "") -> bytes:
        """The charter, signed and mailed."""
        text = compose(NAME, self.charter() + extra)
        return mail_of(self.keys.sign("operator", text), "operator")

    def report(
        self, number: int, directives: str = "", after: tuple[int, str] | None = None
    ) -> bytes:
        text = self.text(f"report positions {number}\n{directives}", after or self.last_seal())
        return mail_of(self.keys.sign("kim", text), "kim")

    def admission(self, who: str, roles: str = "trader", handle: str = "") -> str:
        return (
            f"admit {handle or who} {self.keys.prints[who]}\n  mail: {who}@example.org\n"
            f"  roles: {roles}\n  key:\n{indented(self.keys.export(who))}"
        )

    def charter(self, notary: str = "notary") -> str:
        return (
            'charter "Acme"\n  operator-key:\n'
            f"{indented(self.keys.export('operator'))}  notary-key:\n"
            f"{indented(self.keys.export(notary))}  mail: operator@example.org\n"
        )

    def put(self, *mails: bytes) -> None:
        for mail in mails:
            spool.put(self.home.spool(NAME), mail)

    def run(self, *mails: bytes) -> Report:
        """Put mails into the spool and let the notary take them."""
        self.put(*mails)
        with Notary(self.home, NAME) as notary:
            return notary.run()

    def codes(self, *mails: bytes) -> list[str]:
        """What became of each: its code, or `stamped N`."""
        return [outcome(decision) for decision in self.run(*mails).decisions]

    def entries(self) -> list[Entry]:
        """The archive, read and checked by the reader alone."""
        return list(mbox.entries([self.archive]))

    def stamps(self) -> list[Stamp]:
        return [read_entry(entry.raw)[0] for entry in self.entries()]

    def last_seal(self) -> tuple[int, str]:
        found = re.findall(r"^seal (\d+)\n  root: (\w+)", self.entries()[-1].text, re.MULTILINE)
        return int(found[-1][0]), found[-1][1]

    def replies(self) -> list[str]:
        """The mails in the outbox, in order; each is read once."""
        paths = spool.waiting(self.home.outbox(NAME))
        mails = [spool.take(path).decode() for path in paths]
        for path in paths:
            spool.done(path)
        return mails

    def quarantined(self) -> list[bytes]:
        return [path.read_bytes() for path in spool.waiting(self.home.quarantine(NAME))]


def outcome(decision: Decision) -> str:
    kind, code, _ = decision.verdict
    if decision.entry:
        return f"{'stamped' if kind == 'taken' else code} {decision.entry}"
    return code


def replied(reply: str) -> str:
    """What a reply says it is."""
    return re.search(r"^Pit-Reply: (.*)$", reply, re.MULTILINE)[1]


def check_receipt(reply: str, keys: Keys) -> Stamp:
    """Check a receipt with nothing but itself and the notary's key, by gpg; what it proves."""
    body = reply.partition("\n\n")[2]
    rest, _, seal = body.rpartition("== seal\n")
    rest, _, path = rest.rpartition("== path\n")
    stamp = rest.rpartition("== stamp\n")[2]
    steps = [line.split(" ") for line in path.splitlines()]
    root = root_from_path(leaf(stamp.encode()), [(s, bytes.fromhex(h)) for s, h in steps])
    status = keys.gpg("--status-fd", "1", "-o", "/dev/null", "--decrypt", data=seal.encode())
    assert f"VALIDSIG {keys.prints['notary']}" in status.decode()
    signed = keys.gpg("--decrypt", data=seal.encode()).decode()
    assert f"  root: {root.hex()}\n" in signed
    fields = dict(line.split(": ", 1) for line in stamp.splitlines())
    quoted = re.findall(r"^> ?(.*\n)", rest, re.MULTILINE)
    assert sha256("".join(quoted).encode()).hexdigest() == fields["Pit-Text"]
    number = int(fields["Pit-Entry"].split()[1])
    assert f"Pit-Reply: receipt {NAME} {number}\n" in reply
    handle, fingerprint, at = fields["Pit-Signer"].split()
    length, digest = fields["Pit-Mail"].split()
    return Stamp(
        NAME,
        number,
        fields["Pit-Time"],
        handle,
        fingerprint,
        at,
        fields["Pit-Text"],
        int(length),
        digest,
        fields["Pit-Prev"],
    )


@contextlib.contextmanager
def founded(keys: Keys) -> Iterator[World]:
    """A pit whose charter waits in the spool."""
    with short_folder() as folder:
        home = Home(folder)
        with KeyHome(home.notary_keys(NAME)) as notary:
            secret = keys.gpg("--export-secret-keys", keys.prints["notary"])
            notary.import_key(secret)
        save_settings(home, Settings(NAME, "", LIST, keys.prints["notary"]))
        yield World(home, keys)


@contextlib.contextmanager
def copied(world: World) -> Iterator[World]:
    """The same pit in another folder."""
    with short_folder() as folder:
        target = folder / "home"
        shutil.copytree(world.home.root, target, ignore=shutil.ignore_patterns("S.*"))
        yield World(Home(target), world.keys)


@contextlib.contextmanager
def short_folder() -> Iterator[Path]:
    """A folder under a path short enough for an agent's socket."""
    with tempfile.TemporaryDirectory(prefix="pit-", dir="/tmp") as folder:
        yield Path(folder)
