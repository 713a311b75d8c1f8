"""The signed text of a mail in both shapes that NOTARY allows: clearsigned block and PGP/MIME."""

from pit.archives import mime
from pit.archives.cut import canonical
from pit.pits.clearsigned import Clearsigned, ShapeError, split
from pit.pits.packets import armor_fault

__all__ = ["signed", "signed_in_mime"]

_BLOCK = b"\n\n-----BEGIN PGP SIGNED MESSAGE-----\n"


def signed(mail: bytes) -> Clearsigned:
    """The text and the signature of a mail that stands in an archive (LF line ends).

    Which shape it has is seen from its body. ShapeError, MimeError.
    """
    head = mail.find(b"\n\n")
    if not mail.startswith(_BLOCK, head) and b"multipart/" in mail[: max(head, 0)].lower():
        return signed_in_mime(mail)
    return split(mail[head + 2 :] if head >= 0 else b"")


def signed_in_mime(mail: bytes) -> Clearsigned:
    """The text and the signature of a PGP/MIME mail (LF line ends); ShapeError, MimeError.

    `hash` is '': what micalg says is not signed, and not always so. `octets` is what the signature
    is over: the signed part, its headers included, with CRLF line ends (RFC 3156, 5).
    """
    found = mime.cut(mail)
    line = mail.count(b"\n", 0, found.signature.start) + 1
    fault = armor_fault(found.armor, "SIGNATURE", line)
    if fault:
        raise ShapeError(fault)
    return Clearsigned(canonical(found.text), found.armor, "", found.octets)
