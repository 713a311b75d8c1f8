"""Keys beside those of the members, and the texts that bring, confirm and revoke them."""

import re
import subprocess
from datetime import datetime, timedelta

from tests.moderator.world import NOW, Keys, World, indented, mail_of

BORN = NOW - timedelta(days=19)


def make(keys: Keys, who: str, ends: str = "never", at: datetime = BORN) -> str:
    """A new key in the same home; its fingerprint."""
    name = f"{who.title()} <{who}@example.org>"
    keys.gpg("--quick-generate-key", name, "ed25519", "sign,cert", ends, at=at, passphrase=True)
    listed = keys.gpg("--with-colons", "--list-keys", f"{who}@example.org").decode()
    found = re.search(r"^fpr:+([0-9A-F]{40}):", listed, re.MULTILINE)
    assert found is not None
    keys.prints[who] = found[1]
    return found[1]


def block(key: str, armored: str) -> str:
    return f"  {key}:\n{indented(armored)}"


def rekey(keys: Keys, handle: str, new: str, *, armored: str = "", spare: str = "") -> str:
    """The directive that gives a handle the key of `new`; spare: whose is the recovery key."""
    text = f"rekey {handle} {keys.prints[new]}\n{block('key', armored or keys.export(new))}"
    return text + (block("recovery-key", keys.export(spare)) if spare else "")


def certificate_of(keys: Keys, who: str, reason: str = "") -> str:
    """A revocation certificate: gpg's own of a new key, or one for a reason (its number)."""
    fingerprint = keys.prints[who]
    if not reason:
        made = (keys.folder / "openpgp-revocs.d" / f"{fingerprint}.rev").read_text()
        return made[made.index(":-----BEGIN") + 1 :]
    answers = f"y\n{reason}\n\ny\n"
    done = subprocess.run(
        [
            *("gpg", "--homedir", str(keys.folder), "--no-options", "--no-tty", "--yes"),
            *("--pinentry-mode", "loopback", "--passphrase", "", "--command-fd", "0"),
            *("--status-fd", "2", "--armor", "--gen-revoke", fingerprint),
        ],
        input=answers.encode(),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def revoke(handle: str, certificate: str) -> str:
    return f"revoke-key {handle}\n{block('certificate', certificate)}"


def mailed(world: World, text: str, key: str, sender: str, at: datetime | None = None) -> bytes:
    """A mail from `sender`'s address, signed with the key of `key`."""
    return mail_of(world.keys.sign(key, world.text(text), at), sender)
