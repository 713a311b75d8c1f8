"""Signed mails and stamped entries without keys: what a reader checks is the text's hash."""

from hashlib import sha256

from pit.archives.cut import canonical
from pit.archives.entry import NO_STAMP, Stamp, write_entry

HEAD = b"From: Alice <alice@example.org>\nTo: acme@pits.example\nSubject: order\n"
BEGIN = b"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n"
ARMOR = (
    b"-----BEGIN PGP SIGNATURE-----\n\niHUEARYIAB0WIQQT6xGL+oB806aMWtjxDjCdq4kiHgUCawBCCwAKCRDx"
    b"DjCdq4ki\n=txi5\n-----END PGP SIGNATURE-----\n"
)
KEY = "13EB118BFA807CD3A68C5AD8F10E309DAB89221E"


def digest(data: bytes) -> str:
    return sha256(data).hexdigest()


def escaped(text: bytes) -> bytes:
    """A text with the dash escapes that OpenPGP needs."""
    lines = text.split(b"\n")
    return b"\n".join(b"- " + line if line.startswith(b"-") else line for line in lines)


def clearsigned(text: bytes) -> bytes:
    """A mail that is one clearsigned block."""
    return HEAD + b"\n" + BEGIN + escaped(text) + ARMOR


def mime(part: bytes, boundary: bytes = b"b", preamble: bytes = b"") -> bytes:
    """A PGP/MIME mail; part: the signed part, its headers and encoded text."""
    return (
        HEAD
        + b'MIME-Version: 1.0\nContent-Type: multipart/signed; boundary="'
        + boundary
        + b'"; micalg=pgp-sha256;\n protocol="application/pgp-signature"\n\n'
        + preamble
        + b"--%b\n%b\n--%b\n" % (boundary, part, boundary)
        + b"Content-Type: application/pgp-signature\n\n"
        + ARMOR
        + b"\n--%b--\n" % boundary
    )


def stamp(
    number: int, text: bytes, mail: bytes, prev: str = NO_STAMP, signer: str = "alice"
) -> Stamp:
    """A stamp of pit acme, a second later for each number."""
    time = f"2026-11-20T12:{number // 60:02}:{number % 60:02}.163980Z"
    signed = "2026-11-20T12:50:19Z"
    return Stamp(
        *("acme", number, time, signer, KEY, signed),
        *(digest(canonical(text)), len(mail), digest(mail), prev),
    )


def stream(*mails: tuple[bytes, bytes]) -> bytes:
    """The entries of an archive; mails: each the signed text and the mail that it stands in."""
    entries = []
    prev = NO_STAMP
    for number, (text, mail) in enumerate(mails, 1):
        made = stamp(number, text, mail, prev)
        entries.append(write_entry(made, mail))
        prev = made.digest()
    return b"".join(entries)
