"""OpenPGP armour and packets, read strictly: what two readers could read differently is refused.

Only what `pit.pits.openpgp` needs: blocks of one armour, whole packets of definite length, and the
subpackets of version 4 signatures (RFC 4880, sections 4.2, 5.2.3, 6.2).
"""

import binascii
import re
from typing import NamedTuple

from pit.archives.errors import PitError

__all__ = [
    "ARMORED",
    "CREATED",
    "EMBEDDED",
    "EXPIRES",
    "ISSUER",
    "ISSUER_KEY_ID",
    "PacketError",
    "SignaturePacket",
    "armor_fault",
    "dearmor",
    "packets",
    "signature_packet",
]

# Signature subpackets (RFC 4880, 5.2.3.1; 33: RFC 9580, 5.2.3.35).
CREATED, EXPIRES, ISSUER_KEY_ID, EMBEDDED, ISSUER = 2, 3, 16, 32, 33


class PacketError(PitError):
    """Armour or packets that are not what they must be."""


_HEADER = rb"[A-Z][A-Za-z-]*: [^\n]*"
_BASE64 = rb"[A-Za-z0-9+/]{1,76}={0,2}"
_CHECKSUM = rb"=([A-Za-z0-9+/]{4})"
ARMORED = rb"(?:%b\n)+(?:=[A-Za-z0-9+/]{4}\n)?" % _BASE64
"""What stands between the empty line and the END line of armour, as a pattern without groups."""

_BLOCK = re.compile(
    rb"-----BEGIN PGP ([A-Z ]+)-----\n"
    rb"((?:%b\n)*)\n((?:%b\n)+)(?:%b\n)?"
    rb"-----END PGP \1-----\n*" % (_HEADER, _BASE64, _CHECKSUM)
)


def dearmor(block: bytes, kind: str, *, headers: bool = False) -> bytes:
    """Return the bytes of one armoured block of this kind, such as 'SIGNATURE'.

    `block` runs from its BEGIN line to its END line and may end with newlines. Lines are LF-ended
    and hold no blanks; the base64 is the only one that these bytes have; a checksum, where there is
    one, is right. Header lines (`Version: …`) are unsigned text: refused, unless `headers`. Raises
    PacketError.
    """
    found = _BLOCK.fullmatch(block)
    if found is None or found[1] != kind.encode() or (found[2] and not headers):
        raise PacketError(_fault(block, kind, 1, headers))
    base64 = found[3].replace(b"\n", b"")
    try:
        data = binascii.a2b_base64(base64, strict_mode=True)
    except binascii.Error as error:
        raise PacketError(f"the base64 of the {kind.lower()}: {error}") from error
    if binascii.b2a_base64(data, newline=False) != base64:
        raise PacketError(f"the base64 of the {kind.lower()} has bits left over at its end")
    if found[4] and binascii.a2b_base64(found[4]) != _crc24(data).to_bytes(3, "big"):
        raise PacketError(f"the checksum ={found[4].decode()} of the {kind.lower()} is wrong")
    return data


def armor_fault(block: bytes, kind: str, first_line: int) -> str:
    """Say where the lines of `block` are not those of one armour without headers; else ''.

    `first_line` is the number of the block's first line, for the text.
    """
    found = _BLOCK.fullmatch(block)
    if found and found[1] == kind.encode() and not found[2]:
        return ""
    return _fault(block, kind, first_line, False)


def _fault(block: bytes, kind: str, first_line: int, headers: bool) -> str:
    """Walk the lines as _BLOCK does, and tell where they leave it."""
    lines = block.split(b"\n")
    begin, end = f"-----BEGIN PGP {kind}-----", f"-----END PGP {kind}-----"
    at = 1
    while headers and at < len(lines) and re.fullmatch(_HEADER, lines[at]):
        at += 1
    if lines[0] != begin.encode():
        at, right = 0, begin
    elif at >= len(lines) or lines[at]:
        right = "an empty line" if headers else "an empty line (no armour headers, no blanks)"
    else:
        first = at = at + 1
        while at < len(lines) and re.fullmatch(_BASE64, lines[at]):
            at += 1
        right = f"base64 of at most 76 characters{'' if at == first else ', or ' + end}"
        if at > first and at < len(lines) and re.fullmatch(_CHECKSUM, lines[at]):
            at, right = at + 1, end
        if at > first and at < len(lines) and lines[at] == end.encode():
            at, right = at + 1, f"nothing after {end}"
            while at < len(lines) and not lines[at]:
                at += 1
    found = "the end"
    if at < len(lines):
        found = repr(lines[at][:60].decode("ascii", "backslashreplace"))
    return f"line {first_line + at}: found {found}; should be {right}"


def _crc24_table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        crc = byte << 16
        for _ in range(8):
            crc = crc << 1 ^ (0x1864CFB if crc & 0x800000 else 0)
        table.append(crc)
    return tuple(table)


_CRC24 = _crc24_table()


def _crc24(data: bytes) -> int:
    """The armour checksum, a byte at a time (RFC 4880, 6.1)."""
    crc, table = 0xB704CE, _CRC24
    for byte in data:
        crc = (crc & 0xFFFF) << 8 ^ table[crc >> 16 ^ byte]
    return crc


def packets(data: bytes) -> list[tuple[int, bytes]]:
    """Return (tag, body) of each packet; PacketError unless definite lengths fill all of `data`."""
    found = []
    at = 0
    while at < len(data):
        head = data[at]
        if head & 0xC0 == 0xC0 and not 224 <= _byte(data, at + 1) < 255:  # 224..254: partial
            tag = head & 0x3F
            size, start = _length(data, at + 1)
        elif head & 0xC0 == 0x80 and head & 3 != 3:  # 3: until the end, wherever that is
            tag = head >> 2 & 0x0F
            start = at + 1 + (1 << (head & 3))
            size = int.from_bytes(data[at + 1 : start], "big")
        else:
            raise PacketError(f"byte {at}, {head:02X}, begins no packet of a definite length")
        at = start + size
        if at > len(data):
            raise PacketError(f"a packet ends {at - len(data)} bytes after the data")
        found.append((tag, data[start:at]))
    return found


def _byte(data: bytes, at: int) -> int:
    return data[at] if at < len(data) else 0


def _length(data: bytes, at: int) -> tuple[int, int]:
    """Return a length of 1, 2 or 5 bytes and the index after it (RFC 4880, 4.2.2, 5.2.3.1)."""
    first = _byte(data, at)
    if first < 192:
        return first, at + 1
    if first < 255:
        return (first - 192 << 8) + _byte(data, at + 1) + 192, at + 2
    return int.from_bytes(data[at + 1 : at + 5], "big"), at + 5


class SignaturePacket(NamedTuple):
    """A version 4 signature; subpackets are (type without the critical bit, content)."""

    kind: int
    algorithm: int
    hash: int
    hashed: list[tuple[int, bytes]]
    unhashed: list[tuple[int, bytes]]

    def signed(self, kind: int) -> list[bytes]:
        """Return the contents of the hashed (signed) subpackets of this type."""
        return [content for found, content in self.hashed if found == kind]


def signature_packet(body: bytes) -> SignaturePacket:
    """Read the body of a signature packet; PacketError unless it is of version 4 and whole."""
    if len(body) < 6 or body[0] != 4:
        version = body[0] if body else "none"
        raise PacketError(f"signature of version {version}; only version 4 counts")
    hashed_end = 6 + int.from_bytes(body[4:6], "big")
    start = hashed_end + 2
    end = start + int.from_bytes(body[hashed_end:start], "big")
    if len(body) < end + 2:
        raise PacketError("signature: its subpackets end after the packet")
    hashed, unhashed = _subpackets(body[6:hashed_end]), _subpackets(body[start:end])
    return SignaturePacket(body[1], body[2], body[3], hashed, unhashed)


def _subpackets(data: bytes) -> list[tuple[int, bytes]]:
    found = []
    at = 0
    while at < len(data):
        size, start = data[at], at + 1
        if size >= 192:
            size, start = _length(data, at)
        at = start + size
        if not size or at > len(data):
            raise PacketError("signature: a subpacket is empty, or ends after its area")
        found.append((data[start] & 0x7F, data[start + 1 : at]))
    return found
