"""OpenPGP packets (RFC 4880, 4 to 6) taken apart and put together, as no signing program does."""

import base64
import re
import zlib
from typing import NamedTuple

ED25519 = 2**252 + 27742317777372353535851937790883648493
"""The order of the curve's base point."""


def _entry(byte: int) -> int:
    crc = byte << 16
    for _ in range(8):
        crc = (crc << 1) ^ (0x1864CFB if crc & 0x800000 else 0)
    return crc


_TABLE = [_entry(byte) for byte in range(256)]


def crc24(data: bytes) -> int:
    """The armour's checksum (RFC 4880, 6.1)."""
    crc = 0xB704CE
    for byte in data:
        crc = ((crc << 8) & 0xFFFFFF) ^ _TABLE[(crc >> 16) ^ byte]
    return crc


def armored(data: bytes, *fields: str, kind: str = "SIGNATURE") -> bytes:
    """The armour; fields: its headers."""
    text = base64.b64encode(data).decode()
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    check = base64.b64encode(crc24(data).to_bytes(3, "big")).decode()
    head = [f"-----BEGIN PGP {kind}-----", *fields, ""]
    return "\n".join([*head, *lines, f"={check}", f"-----END PGP {kind}-----", ""]).encode()


def parsed(armor: bytes) -> bytes:
    """The packets in the last armour of this text."""
    found = re.findall(rb"(?s)\n\n([A-Za-z0-9+/=\n]*?)\n=.{4}\n-----END PGP", armor)
    return base64.b64decode(found[-1])


def resigned(block: bytes, packets: bytes) -> bytes:
    """A clearsigned block with other packets in its armour."""
    return block[: block.rindex(b"-----BEGIN PGP SIGNATURE-----")] + armored(packets)


def packet(tag: int, body: bytes) -> bytes:
    """One packet, with a header of the new format."""
    size = len(body)
    if size < 192:
        head = bytes([size])
    elif size < 8384:
        head = bytes([((size - 192) >> 8) + 192, (size - 192) & 255])
    else:
        head = b"\xff" + size.to_bytes(4, "big")
    return bytes([0xC0 | tag]) + head + body


def body_of(data: bytes) -> bytes:
    """The body of the one packet, of the old format with a length of one or two bytes."""
    kind = data[0] & 3
    assert data[0] & 0xC0 == 0x80 and kind < 2
    return data[2 + kind :]


class Signature(NamedTuple):
    """A signature packet of version 4: what is before its subpackets, these, and what is after."""

    head: bytes  # version, type, algorithms
    hashed: bytes
    unhashed: bytes
    tail: bytes  # two bytes of the hash, then the numbers

    def packet(self) -> bytes:
        """The packet again."""
        areas = b"".join(len(a).to_bytes(2, "big") + a for a in (self.hashed, self.unhashed))
        return packet(2, self.head + areas + self.tail)


def signature(block: bytes) -> Signature:
    """The signature in a block's armour."""
    body = body_of(parsed(block))
    at = 6 + int.from_bytes(body[4:6], "big")
    end = at + 2 + int.from_bytes(body[at : at + 2], "big")
    return Signature(body[:4], body[6:at], body[at + 2 : end], body[end:])


def subpacket(kind: int, body: bytes) -> bytes:
    """A subpacket of less than 191 bytes; kind + 128: a critical one."""
    return bytes([len(body) + 1, kind]) + body


def issuer(fingerprint: str) -> bytes:
    """The subpacket that names the key by its last 16 digits."""
    return subpacket(16, bytes.fromhex(fingerprint[-16:]))


def numbers(tail: bytes) -> list[int]:
    """The numbers after the hash's two bytes (RFC 4880, 3.2)."""
    found, at = [], 2
    while at < len(tail):
        end = at + 2 + (int.from_bytes(tail[at : at + 2], "big") + 7) // 8
        found.append(int.from_bytes(tail[at + 2 : end], "big"))
        at = end
    return found


def tail_of(start: bytes, *values: int) -> bytes:
    """The hash's two bytes and the numbers."""
    made = start
    for value in values:
        made += value.bit_length().to_bytes(2, "big")
        made += value.to_bytes((value.bit_length() + 7) // 8, "big")
    return made


def compressed(data: bytes, times: int = 1) -> bytes:
    """A packet of compressed data (5.6), in itself so many times."""
    for _ in range(times):
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        data = packet(8, b"\x01" + packer.compress(data) + packer.flush())
    return data


def literal(data: bytes) -> bytes:
    """A packet of literal data (5.9)."""
    return packet(11, b"b\x00\0\0\0\0" + data)
