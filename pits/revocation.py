"""Revocation certificates: what one says, and whether a key's owner signed it.

It is one signature by a primary key over itself (RFC 4880, 5.2.1, type 0x20), as `gpg --gen-revoke`
makes it, or the file that gpg keeps beside every new key. It carries its own proof.
"""

from typing import NamedTuple

import pysequoia

from pit.pits.openpgp import HASHES, Certificate, KeyRefused
from pit.pits.packets import ISSUER, PacketError, dearmor, packets, signature_packet

__all__ = ["Revocation", "is_hard", "revocation"]

_SIGNATURE, _PRIMARY, _KEY_REVOCATION = 2, 6, 0x20
_REASON = 29  # subpacket (RFC 4880, 5.2.3.23)
_REASONS = {0: "unspecified", 1: "superseded", 2: "compromised", 3: "retired"}
_SOFT = ("superseded", "retired")
_MARK = "-----BEGIN PGP PUBLIC KEY BLOCK-----"


def is_hard(reason: str) -> bool:
    """Whether a reason casts doubt on what the key signed before: unless it was given up in order.

    The owner of a lost or stolen key cannot say since when others have it.
    """
    return reason not in _SOFT


class Revocation(NamedTuple):
    """A revocation that was read, not yet verified.

    fingerprint: of the key that it revokes, 40 upper hex. reason: `superseded` or `retired` (soft),
    `compromised` or `unspecified` (hard). raw: the packet.
    """

    fingerprint: str
    reason: str
    raw: bytes

    def holds(self, certificate: Certificate) -> bool:
        """Whether the owner of that certificate signed it."""
        if certificate.fingerprint != self.fingerprint:
            return False
        key = next(body for tag, body in packets(bytes(certificate.cert)) if tag == _PRIMARY)
        # The key alone: a signature of its own that is newer would undo a soft revocation.
        bare = _packet(_PRIMARY, key) + self.raw
        try:
            return pysequoia.Cert.from_bytes(bare).is_revoked
        except BaseException as error:
            if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
                raise
            return False


def revocation(armored: str) -> Revocation:
    """Read an armoured revocation certificate, alone or within a public key; KeyRefused.

    What stands above the armour, and the colon that gpg puts before its first dashes, is passed
    over.
    """
    _, mark, rest = armored.replace("\r\n", "\n").partition(_MARK)
    try:
        raw = dearmor((mark + rest).strip().encode(), "PUBLIC KEY BLOCK", headers=True)
        found = [
            (body, packet)
            for tag, body in packets(raw)
            if tag == _SIGNATURE and (packet := signature_packet(body)).kind == _KEY_REVOCATION
        ]
        if len(found) != 1:
            raise PacketError(f"{len(found)} revocations of a key; right would be one")
        body, packet = found[0]
        issuers = packet.signed(ISSUER)
        if [(len(issuer), issuer[:1]) for issuer in issuers] != [(21, b"\x04")]:
            raise PacketError("it names no fingerprint in its signed part; gpg 2.2 or newer does")
        if packet.hash not in HASHES:
            raise PacketError(f"hash {packet.hash}; good are {', '.join(HASHES.values())}")
        reasons = [content[0] for content in packet.signed(_REASON) if content]
    except PacketError as error:
        raise KeyRefused(f"revocation certificate: {error}") from error
    reason = _REASONS.get(reasons[0], "unspecified") if len(reasons) == 1 else "unspecified"
    return Revocation(issuers[0][1:].hex().upper(), reason, _packet(_SIGNATURE, body))


def _packet(tag: int, body: bytes) -> bytes:
    """A packet of the new format, its length in five bytes."""
    return bytes([0xC0 | tag, 255]) + len(body).to_bytes(4, "big") + body
