"""Signatures against which nothing speaks but time: good, by a key that had expired or was revoked.

Sequoia says of such a one what it says of a forged one. But its author is proven, and is owed an
answer (NOTARY, right): so gpg is asked, which tells the two apart.
"""

import re
import subprocess
import tempfile
from pathlib import Path

from pit.archives.errors import Misconfigured
from pit.pits.openpgp import Certificate, Signature
from pit.pits.packets import packets, signature_packet

__all__ = ["lapsed"]

_SIGNATURE, _KEY_EXPIRES, _SUBKEY_REVOKED = 2, 9, 0x28
_STATUS = re.compile(r"^\[GNUPG:\] (NEWSIG|[A-Z]+SIG)(?: (.*))?$", re.MULTILINE)
_WHY = {"EXPKEYSIG": "had expired when it signed", "REVKEYSIG": "is revoked in its certificate"}


def lapsed(octets: bytes, signature: Signature, certificate: Certificate) -> str:
    """Why this signature over these bytes counts no more although it is genuine, as a sentence.

    '' where it is not, or nothing in the certificate ever ends. Misconfigured without gpg.
    """
    if signature.issuer not in certificate.keys or not _ends(certificate):
        return ""
    with tempfile.TemporaryDirectory(prefix="pit-") as folder:
        place = Path(folder)
        (place / "key").write_bytes(bytes(certificate.cert))
        (place / "signature").write_bytes(signature.raw)
        (place / "text").write_bytes(octets)
        command = ["gpg", "--homedir", folder, "--batch", "--no-options", "--no-default-keyring"]
        command += ["--keyring", f"{folder}/key", "--trust-model=always", "--no-auto-check-trustdb"]
        command += ["--status-fd=1", "--verify", f"{folder}/signature", f"{folder}/text"]
        try:
            done = subprocess.run(command, capture_output=True, check=False)
        except OSError as error:
            raise Misconfigured("gpg cannot be run; install GnuPG 2.2 or newer") from error
    return _why(done.stdout.decode("utf-8", "replace"), signature, certificate)


def _ends(certificate: Certificate) -> bool:
    """Whether a key or subkey of a certificate expires, or a subkey is revoked."""
    found = packets(bytes(certificate.cert))
    own = [signature_packet(body) for tag, body in found if tag == _SIGNATURE]
    return any(
        one.kind == _SUBKEY_REVOKED or any(after != bytes(4) for after in one.signed(_KEY_EXPIRES))
        for one in own
    )


def _why(said: str, signature: Signature, certificate: Certificate) -> str:
    """What gpg says: one signature, valid, by a key that has ended."""
    words = {word: rest or "" for word, rest in _STATUS.findall(said)}
    reason = next((why for word, why in _WHY.items() if word in words), "")
    valid = words.get("VALIDSIG", "").split(" ")
    if len(_STATUS.findall(said)) != 3 or (valid[0], valid[-1]) != (
        signature.issuer,
        certificate.fingerprint,
    ):
        return ""
    when = f", at {certificate.expires}" if "EXPKEYSIG" in words and certificate.expires else ""
    return reason and f"the key {signature.issuer} {reason}{when}"
