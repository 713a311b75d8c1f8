"""Who signs the corpus: real GnuPG keys, good and odd; every signature is made by gpg."""

import re
import subprocess
from datetime import datetime, timedelta
from pathlib import Path

from pit.pits.signing import compose
from tests.mails import parts
from tests.moderator.world import NAME, NOW, Keys

ODD = {
    "hard": ("ed25519", 20),
    "soft": ("ed25519", 20),
    "late": ("ed25519", 2),
    "dave": ("rsa2048", 20),
    "nina": ("nistp256", 20),
    "sue": ("ed25519", 20),
    "leo": ("ed25519", 20),
    "ed": ("ed25519", 20),
}
"""More members, the kind and the age in days of their keys: hard and soft revoke theirs, late's is
of the day before yesterday, sue signs with subkeys, leo will be expelled,
ed's ended (he still signs, with a certificate that says otherwise)."""
STRANGERS = {"impostor": "Alice <alice@example.org>"}
"""No members; the name on the key."""
ORDER = "buy 7 ACME @ 12.50\n"
REASONS = {"hard": "1", "soft": "3"}  # compromised; retired


class Pen:
    """Signs for everybody. Each signature is of a second of its own, so of an instruction too."""

    def __init__(self, folder: Path) -> None:
        self.keys = Keys(folder)
        self.id = ""
        self.seal = (0, "")
        for who, (kind, days) in ODD.items():
            self._make(who, f"{who.title()} <{who}@example.org>", kind, days)
        for who, name in STRANGERS.items():
            self._make(who, name, "ed25519", 20)
        self.subkeys = [self._subkey("sue") for _ in range(2)]
        """sue's: one that lasts, one that ended four days ago."""
        self.exports = {}
        self._end("ed")
        self._end("sue", self.subkeys[1])
        self._seconds = 0

    def _make(self, who: str, name: str, kind: str, days: int) -> None:
        made = self.keys.gpg(
            *(
                "--yes",
                "--status-fd",
                "1",
                "--quick-generate-key",
                name,
                kind,
                "sign,cert",
                "never",
            ),
            at=NOW - timedelta(days=days),
            passphrase=True,
        )
        self.keys.prints[who] = re.search(rb"KEY_CREATED \S+ (\w{40})", made)[1].decode()

    def _end(self, who: str, *subkeys: str) -> None:
        """Export a certificate that says that a key has ended; here it goes on."""
        command = ["--quick-set-expire", self.keys.prints[who]]
        ended = NOW - timedelta(days=9)
        self.keys.gpg(*command, "5d", *subkeys, at=ended, passphrase=True)
        self.exports[who] = self.keys.export(who)
        self.keys.gpg(*command, "never", *subkeys, passphrase=True)

    def export(self, who: str) -> str:
        """The certificate that the pit is to know."""
        return self.exports.get(who) or self.keys.export(who)

    def _subkey(self, who: str) -> str:
        self.keys.gpg(
            *("--quick-add-key", self.keys.prints[who], "ed25519", "sign", "never"),
            at=NOW - timedelta(days=9),
            passphrase=True,
        )
        listed = self.keys.gpg("--with-colons", "--list-keys", self.keys.prints[who]).decode()
        return re.findall(r"^fpr:+([0-9A-F]{40}):", listed, re.MULTILINE)[-1]

    def revocation(self, who: str) -> str:
        """The armoured revocation of a key, for REASONS[who]."""
        command = ["gpg", "--homedir", str(self.keys.folder), "--no-options", "--no-tty", "--yes"]
        done = subprocess.run(
            [*command, "--command-fd", "0", "--gen-revoke", self.keys.prints[who]],
            input=f"y\n{REASONS[who]}\n\ny\n".encode(),
            capture_output=True,
            check=True,
        )
        return done.stdout.decode()

    def at(self) -> datetime:
        """A second within the last hour, of which nothing is signed yet."""
        self._seconds += 1
        return NOW - timedelta(minutes=50) + timedelta(seconds=self._seconds)

    def text(self, directives: str = ORDER) -> str:
        """A whole text of this pit."""
        return compose(NAME, directives, id=self.id)

    def _sign(self, data: str | bytes, who: str, at: datetime | None, *options: str) -> bytes:
        raw = data.encode() if isinstance(data, str) else data
        users = [word for one in who.split() for word in ("--local-user", self._user(one))]
        late = ["--ignore-time-conflict", "--ignore-valid-from", "--allow-weak-digest-algos"]
        frozen = ["--faked-system-time", f"{at or self.at():%Y%m%dT%H%M%S}!"]
        return self.keys.gpg(*frozen, *users, *late, *options, data=raw)

    def _user(self, who: str) -> str:
        return self.keys.prints.get(who, who)

    def block(
        self,
        directives: str = ORDER,
        who: str = "alice",
        *options: str,
        at: datetime | None = None,
    ) -> bytes:
        """A clearsigned block over this pit's head and those directives."""
        return self.raw(self.text(directives), who, *options, at=at)

    def raw(
        self,
        text: str | bytes,
        who: str = "alice",
        *options: str,
        at: datetime | None = None,
    ) -> bytes:
        """A clearsigned block over exactly this text; who: more names, more signatures."""
        return self._sign(text, who, at, *options, "--clearsign")

    def armor(
        self, data: bytes, who: str = "alice", *options: str, at: datetime | None = None
    ) -> bytes:
        """A detached signature over these lines as CRLF, as RFC 3156 wants it."""
        return self._sign(parts.crlf(data), who, at, *options, "--armor", "--detach-sign")

    def opened(self, block: bytes) -> bytes:
        """What gpg takes for the text of a clearsigned block, whatever it says of the signature."""
        command = ["gpg", "--homedir", str(self.keys.folder), "--batch", "--no-options", "-q"]
        return subprocess.run(
            [*command, "--decrypt"], input=block, capture_output=True, check=False
        ).stdout

    def sealed(self, octets: bytes) -> bytes:
        """The armour of alice's signature over these octets."""
        return self._sign(octets, "alice", None, "--armor", "--detach-sign")

    def signed(
        self,
        directives: str = ORDER,
        encoding: str = "7bit",
        *fields: str,
        kind: str = "text/plain; charset=utf-8",
    ) -> tuple[bytes, bytes]:
        """A part that holds a text, and alice's signature over it; fields: more of its headers."""
        first = parts.part(self.text(directives).encode(), encoding, kind, *fields)
        return first, self.armor(first)

    def mime(self, directives: str = ORDER, encoding: str = "7bit", *fields: str) -> bytes:
        """A PGP/MIME mail of alice's; fields: more headers of the mail."""
        return parts.mimed(parts.signed(*self.signed(directives, encoding)), *fields)
