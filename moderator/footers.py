"""What mail programs, providers and lists put around a text, as far as it can be recognised."""

import re
from typing import NamedTuple

from pit.archives.errors import PitError
from pit.pits.display import printable
from pit.pits.openpgp import split

__all__ = ["FOOTER", "PHONE", "Around", "around", "blame", "outside", "unwrap"]

PHONE = re.compile(
    r"(?im)^[ \t]*(?:-- ?\n)?(?:sent (?:from|with|via|by) |get outlook for |"
    r"von mein\w+ .{0,40}gesendet|gesendet (?:von|mit) |envoyé (?:de|depuis|avec) |"
    r"enviado (?:desde|con|do) |inviato da |"
    r"verzonden (?:vanaf|met) |wysłane z |отправлено (?:с|из) ).{0,60}"
)
"""The signature of a phone or of a mail program."""

FOOTER = re.compile(
    r"(?im)^(?:[_=*~-]{5,}$|-- $|to unsubscribe|unsubscribe|mailing list|you (?:are|have been) "
    r"(?:receiving|subscribed)|you received this|this (?:e-?mail|message)|diese (?:e-?mail|"
    r"nachricht)|ce (?:message|courriel)|este (?:mensaje|correo)|virus-?free|virenfrei|scanned by|"
    r"confidential|disclaimer|external|caution|warning:|important:).{0,60}"
)
"""What a provider or a list adds."""


class Around(NamedTuple):
    """A body that is more than one clearsigned block: what stands before and after the block."""

    before: bytes
    block: bytes
    after: bytes


_BEGIN, _END = b"-----BEGIN PGP SIGNED MESSAGE-----\n", b"\n-----END PGP SIGNATURE-----\n"


def around(body: bytes) -> Around | None:
    """What stands around the only canonical clearsigned block in a body; None where there is none,
    or it stands alone. Each of its lines stands once in the whole body, even as part of a line.
    """
    start, end = body.find(_BEGIN), body.find(_END) + len(_END)
    if start < 0 or end < start + len(_END) or (start and body[start - 1 : start] != b"\n"):
        return None
    found = Around(body[:start], body[start:end], body[end:])
    outside = found.before + found.after
    if not outside.strip() or b"-----BEGIN PGP" in outside or b"-----END PGP" in outside:
        return None
    try:
        split(found.block)
    except PitError:
        return None
    return found


_MOST = 20
"""Parts of a mail that are looked at."""

_KIND = re.compile(rb"(?im)^content-type:[ \t]*([^\n]*(?:\n[ \t][^\n]*)*)\n")
_MIXED = re.compile(
    rb'multipart/mixed[\s;].*?boundary="?([!#-:<-\[\]-~]{1,70})"?', re.I | re.S
).match


def outside(mail: bytes) -> Around | None:
    """What a list or provider has put around a PGP/MIME mail, in a multipart/mixed of its own.

    block: the mail as it may have been; None where it is not one multipart/signed among others.
    """
    head, _, body = mail.partition(b"\n\n")
    kinds = _KIND.findall(head + b"\n")
    mixed = _MIXED(kinds[0]) if len(kinds) == 1 else None
    if mixed is None:
        return None
    parts = (b"\n" + body).split(b"\n--" + mixed[1], _MOST)[1:-1]
    signed = [
        at
        for at, part in enumerate(parts)
        if (kind := _KIND.search(part.partition(b"\n\n")[0] + b"\n"))
        and kind[1].lower().startswith(b"multipart/signed")
    ]
    if len(signed) != 1 or len(parts) < 2:
        return None
    texts = [part.partition(b"\n\n")[2] for part in parts]
    at = signed[0]
    outer = _KIND.sub(b"", head + b"\n")
    block = outer + parts[at].lstrip(b"\n") + b"\n"
    return Around(b"\n".join(texts[:at]), block, b"\n".join(texts[at + 1 :]))


def blame(found: Around) -> list[str]:
    """Sentences for the sender: what was added where, and the likely cause."""
    said = []
    for where, data in (("above", found.before), ("below", found.after)):
        text = data.decode("utf-8", "replace").strip()
        if not text:
            continue
        lines = [line for line in text.split("\n") if line.strip() not in ("", "--")]
        first = lines[0] if lines else text
        line = f"There is text {where} the signed block: `{printable(first.strip()[:60])}`."
        if PHONE.search(text):
            line += (
                " A phone or mail program puts it there: switch its signature off for this mail."
            )
        elif where == "below" or FOOTER.search(text):
            line += " A mail program, a provider or a list may have added it; switch that off."
        else:
            line += " Send the block alone."
        said.append(line)
    return said


_PARTS = (
    (
        b"application/pgp-keys",
        "The mail brings a public key. In Thunderbird switch off `Attach my public key when adding "
        "an OpenPGP digital signature`.",
    ),
    (b"text/html", "The mail has an HTML part: let the mail program compose plain text."),
    (b"content-disposition: attachment", "Send no attachment: the text is the whole mail."),
)


def unwrap(signed: bytes) -> list[str]:
    """Sentences for the sender about parts of a signed mail that should not be there."""
    low = signed.lower()
    return [sentence for name, sentence in _PARTS if name in low][:1]
