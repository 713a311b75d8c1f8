"""OpenPGP: cut a clearsigned body strictly, read its signature, verify it with one enrolled key.

    block = split(body)
    signature = read_signature(block.armor, block.hash)
    verify(block.text, signature, certificate)

The mathematics is Sequoia's; what counts as a block, a signature or a key is decided here (NOTARY,
"Canonical clearsigned block" and "OpenPGP"). Any bytes may be fed in: only PitErrors come out.
Sequoia remembers every signature that it has verified and holds the interpreter's lock: bulk work
belongs into processes that are replaced from time to time.
"""

import os
import re
import time
from binascii import Error as BinasciiError
from binascii import a2b_base64
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha1
from typing import NamedTuple

import pysequoia

from pit.archives.errors import PitError
from pit.archives.fields import ADDRESS
from pit.pits.clearsigned import Clearsigned, ShapeError, split
from pit.pits.packets import (
    CREATED,
    EMBEDDED,
    EXPIRES,
    ISSUER,
    ISSUER_KEY_ID,
    PacketError,
    SignaturePacket,
    dearmor,
    packets,
    signature_packet,
)

__all__ = [
    "Certificate",
    "Clearsigned",
    "KeyRefused",
    "ShapeError",
    "Signature",
    "SignatureError",
    "certificate",
    "read_signature",
    "split",
    "verify",
]

# For each signature by a subkey Sequoia makes an error that it drops: without the stack's trace,
# also where RUST_BACKTRACE asks for one (of panics, it is still there).
os.environ.setdefault("RUST_LIB_BACKTRACE", "0")

# Which hashes and keys are good enough: our rule, version 1 (numbers: RFC 9580, 9.1 and 9.5).
HASHES = {8: "SHA256", 9: "SHA384", 10: "SHA512", 12: "SHA3-256", 14: "SHA3-512"}
SIGNING = {1: "RSA", 3: "RSA", 19: "ECDSA", 22: "EdDSA", 27: "Ed25519", 28: "Ed448"}
ENCRYPTING = {2: "RSA", 16: "Elgamal", 18: "ECDH", 25: "X25519", 26: "X448"}  # subkeys only
RSA_BITS = 2048

_BEGIN = b"-----BEGIN PGP SIGNATURE-----\n\n"
_SIGNATURE, _PRIMARY, _USER_ID, _SUBKEY, _USER_ATTRIBUTE = 2, 6, 13, 14, 17  # packet tags


class SignatureError(PitError):
    """A signature that cannot be read, is of a kind that does not count, or is not good."""


class KeyRefused(PitError):
    """A public key that may not be enrolled."""


class Signature(NamedTuple):
    """A signature that was read, not yet verified; times are the signer's, from its signed part."""

    issuer: str  # fingerprint of the key or subkey, 40 upper hex
    created: int  # Unix seconds
    hash: str  # as a Hash line names it
    raw: bytes  # the packet
    created_text: str  # '2026-11-20T12:50:19Z'


def read_signature(armor: bytes, named: str = "") -> Signature:
    """Read an armoured signature: one packet, version 4, of a text or binary document.

    `named` is what a Hash line says, '' without one: gpg checks nothing when that is another hash
    than the signature's. The issuer's fingerprint and one creation time must stand in the signed
    part, an expiry must not: the record is for good. The unsigned part, which anybody can change,
    may only say the issuer again. SignatureError otherwise.
    """
    try:
        raw = _canonical(armor) or dearmor(armor, "SIGNATURE")
        kind, algorithm, hash, fingerprint, seconds = _usual(raw) or _unusual(raw)
    except PacketError as error:
        raise SignatureError(str(error)) from error
    if kind not in (0, 1):
        raise SignatureError(f"signature of type {kind:02X}; a document's is 00 or 01")
    if hash not in HASHES or algorithm not in SIGNING:
        raise SignatureError(
            f"signature with hash {hash}, algorithm {algorithm}; good are "
            f"{', '.join(HASHES.values())} with {', '.join(sorted({*SIGNING.values()}))}"
        )
    if named not in ("", HASHES[hash]):
        raise SignatureError(f"the Hash line says {named}, the signature {HASHES[hash]}")
    created = int.from_bytes(seconds, "big")
    return Signature(fingerprint.hex().upper(), created, HASHES[hash], raw, _moment(created))


_Found = tuple[int, int, int, bytes, bytes]
"""Of a signature packet: type, algorithm, hash, the issuer's fingerprint, the creation time."""


def _usual(raw: bytes) -> _Found | None:
    """What a packet says that is laid out as gpg or Sequoia do it; None for others."""
    found = _USUAL(raw)
    if found is None or len(raw) != 2 + raw[1]:
        return None
    kind, algorithm, hash, fingerprint, seconds, issuer, *other = found.groups()
    if fingerprint is None:
        seconds, issuer, fingerprint = other
    if issuer != fingerprint[-8:]:
        return None
    return kind[0], algorithm[0], hash[0], fingerprint, seconds


_USUAL = re.compile(
    rb"[\x88\xc2][\0-\xbf]\x04(.)(.)(.)(?:"
    rb"\0\x1d\x16\x21\x04(.{20})\x05\x02(.{4})\0\x0a\x09\x10(.{8})|"  # gpg
    rb"\0\x6f\x05[\x02\x82](.{4})\x09\x10(.{8})\x47\x14.{70}\x16\x21\x04(.{20})\0\0)..",  # Sequoia
    re.DOTALL,
).match


def _unusual(raw: bytes) -> _Found:
    """What any packet says, every subpacket looked at; PacketError, SignatureError."""
    packets_found = packets(raw)
    if [tag for tag, _ in packets_found] != [_SIGNATURE]:
        raise PacketError(f"{len(packets_found)} packets, where one signature should be")
    packet = signature_packet(packets_found[0][1])
    issuers, times = packet.signed(ISSUER), packet.signed(CREATED)
    if [(len(issuer), issuer[:1]) for issuer in issuers] != [(21, b"\x04")]:
        raise SignatureError(
            "the signed part should have the issuer's fingerprint (version 4) once"
        )
    if [len(created) for created in times] != [4]:
        raise SignatureError("the signed part should have the creation time once")
    if _expires(packet):
        raise SignatureError("the signature has an expiry; it should be good for ever")
    fingerprint = issuers[0][1:]
    said_again = [(ISSUER, issuers[0]), (ISSUER_KEY_ID, fingerprint[-8:])]
    unsigned = packet.unhashed + [(ISSUER_KEY_ID, key) for key in packet.signed(ISSUER_KEY_ID)]
    if any(subpacket not in said_again for subpacket in unsigned):
        raise SignatureError("outside the signed part only the same issuer should be named")
    return packet.kind, packet.algorithm, packet.hash, fingerprint, times[0]


def _expires(packet: SignaturePacket) -> bool:
    """Whether a signature expires: zero is never (RFC 4880, 5.2.3.10), and Thunderbird's say so."""
    return any(after != bytes(4) for after in packet.signed(EXPIRES))


@lru_cache(maxsize=1 << 12)
def _moment(seconds: int) -> str:
    return _iso(datetime.fromtimestamp(seconds, UTC))


def _canonical(armor: bytes) -> bytes:
    """The packets in an armoured signature that is just what Sequoia makes of them; else b''.

    Mostly it is, checksum and all. Then nothing need be asked line by line.
    """
    try:
        raw = a2b_base64(armor[len(_BEGIN) : armor.rfind(b"\n=")])
    except BinasciiError:
        return b""
    return raw if pysequoia.armor(raw, pysequoia.ArmorKind.Signature).encode() == armor else b""


def _iso(moment: datetime) -> str:
    """A time in UTC as '2026-11-20T12:50:19Z'."""
    return moment.isoformat(timespec="seconds")[:19] + "Z"


@dataclass(frozen=True, slots=True)
class Certificate:
    """A public key with its subkeys and user ids, read once and then used for every signature.

    `keys` is what the certificate *claims*: anybody can hang somebody else's key into his own as a
    subkey. Only `verify` proves that a subkey belongs to it.
    """

    fingerprint: str  # of the primary key, 40 upper hex
    keys: frozenset[str]  # fingerprints of the primary key and all subkeys
    expires: str | None  # '2027-01-01T00:00:00Z', or None for never
    revoked: bool
    addresses: tuple[str, ...]  # mail addresses of the user ids that are valid and not revoked
    armored: str  # the same packets, armoured anew without headers
    cert: pysequoia.Cert = field(repr=False, compare=False)


_MAIL = re.compile(rf".*<({ADDRESS})>|({ADDRESS})", re.DOTALL)


def certificate(armored: str | bytes) -> Certificate:
    """Read exactly one armoured public key, of version 4, with nothing but its own signatures.

    RSA of at least 2048 bits, ECDSA, EdDSA, Ed25519 or Ed448. What it says must not change with the
    clock once it is accepted: no signature in it may be later than now, or expire (the key itself
    may). KeyRefused otherwise.
    """
    block = armored.encode("utf-8", "replace") if isinstance(armored, str) else armored
    try:
        raw = dearmor(block.strip().replace(b"\r\n", b"\n"), "PUBLIC KEY BLOCK", headers=True)
        found = packets(raw)
        tags = [tag for tag, _ in found]
        others = {*tags} - {_SIGNATURE, _PRIMARY, _USER_ID, _SUBKEY, _USER_ATTRIBUTE}
        if tags[:1] != [_PRIMARY] or tags.count(_PRIMARY) > 1 or others:
            raise PacketError(
                f"packets {tags[:9]}: there should be one public key (6) and its parts"
            )
        keys = [_key(body, tag) for tag, body in found if tag in (_PRIMARY, _SUBKEY)]
        for tag, body in found:
            if tag == _SIGNATURE:
                _check_own(body, bytes.fromhex(keys[0]), time.time())
    except PacketError as error:
        raise KeyRefused(f"public key: {error}") from error
    try:
        return _certificate(raw, pysequoia.Cert.from_bytes(raw), keys)
    except PitError:
        raise
    except BaseException as error:
        raise KeyRefused(f"public key {keys[0]}: {_panic(error)}") from error


def _certificate(raw: bytes, cert: pysequoia.Cert, keys: list[str]) -> Certificate:
    expires = cert.expiration  # raises when no signature of its own makes it valid
    mails = [_MAIL.fullmatch(str(user_id)) for user_id in cert.user_ids]
    if cert.fingerprint.upper() != keys[0]:
        raise KeyRefused(f"public key {keys[0]}: Sequoia reads {cert.fingerprint.upper()}")
    return Certificate(
        fingerprint=keys[0],
        keys=frozenset(keys),
        expires=_iso(expires) if expires else None,
        revoked=cert.is_revoked,
        addresses=tuple(mail[1] or mail[2] for mail in mails if mail),
        armored=pysequoia.armor(raw, pysequoia.ArmorKind.PublicKey),
        cert=cert,
    )


def _key(body: bytes, tag: int) -> str:
    """Return the fingerprint of a version 4 key (RFC 4880, 12.2) if it is strong enough."""
    if not 8 <= len(body) < 65536 or body[0] != 4:
        raise PacketError("a key should be of version 4, and shorter than 64 KiB")
    fingerprint = sha1(b"\x99" + len(body).to_bytes(2, "big") + body).hexdigest().upper()
    algorithm = body[5]
    if algorithm not in SIGNING and not (tag == _SUBKEY and algorithm in ENCRYPTING):
        names = ", ".join(sorted({*SIGNING.values()}))
        raise PacketError(f"{fingerprint}: algorithm {algorithm}; should be one of {names}")
    size = (int.from_bytes(body[6:8], "big") + 7) // 8
    bits = int.from_bytes(body[8 : 8 + size], "big").bit_length()  # of the modulus
    if algorithm <= 3 and bits < RSA_BITS:
        raise PacketError(f"{fingerprint}: RSA of {bits} bits; should be {RSA_BITS} or more")
    return fingerprint


def _check_own(body: bytes, primary: bytes, now: float) -> None:
    """PacketError unless a certificate's signature is by its own key, in force, and for good."""
    packet = signature_packet(body)
    both = packet.hashed + packet.unhashed
    issuers = [content for kind, content in both if kind == ISSUER_KEY_ID]
    issuers += [content[1:] for kind, content in both if kind == ISSUER]
    if primary and (not issuers or any(not primary.endswith(issuer) for issuer in issuers)):
        raise PacketError(
            "a signature by another key; gpg --armor --export-options export-minimal leaves it out"
        )
    times = packet.signed(CREATED)
    if len(times) != 1 or int.from_bytes(times[0], "big") > now:
        raise PacketError("a signature in it is later than now, or has no time")
    if _expires(packet):
        raise PacketError("a signature in it expires; only the key should")
    for kind, content in both:
        if kind == EMBEDDED and primary:  # a subkey's consent, signed by the subkey
            _check_own(content, b"", now)


def verify(
    text: bytes, signature: Signature, certificate: Certificate, octets: bytes | None = None
) -> None:
    r"""Return if the certificate's owner signed this text (LF-ended lines); else SignatureError.

    Signed are the lines of the text with CRLF between them: the line end before the signature is
    not part of it (RFC 4880, 7.1). Whether the key was expired, revoked or not yet valid is judged
    at the signature's own time; of the clock only this is asked, that the signature is not more
    than half an hour in the future. octets: what is signed instead, byte for byte (PGP/MIME).
    """
    if octets is None:
        octets = text.removesuffix(b"\n").replace(b"\n", b"\r\n")
    wrong = _wrong(text, octets, signature, certificate)
    if wrong:
        what = f"signature of {signature.created_text} by {signature.issuer}"
        raise SignatureError(f"{what}: {wrong}")


def _wrong(text: bytes, octets: bytes, signature: Signature, certificate: Certificate) -> str:
    """Why a signature is not good; '' if it is."""
    if signature.issuer not in certificate.keys:
        return f"not a key of {certificate.fingerprint}"
    if b"\r" in text:
        return "the text has a CR; its lines should end with LF alone"
    if certificate.expires and signature.created_text >= certificate.expires:
        return f"the key expired at {certificate.expires}"
    certs = [certificate.cert]
    try:
        packet = pysequoia.Sig.from_bytes(signature.raw)
        good = pysequoia.verify(octets, lambda _: certs, signature=packet).valid_sigs
    except BaseException as error:
        return _panic(error)
    found = [(one.certificate.upper(), one.signing_key.upper()) for one in good]
    if found != [(certificate.fingerprint, signature.issuer)]:
        return f"{len(found)} good signatures; should be one, by this key"
    return ""


def _panic(error: BaseException) -> str:
    """What Sequoia says; a panic of Rust code is no Exception, and anything else goes on."""
    if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
        raise error
    return str(error).partition("\n")[0]
