"""Signed mails: the one place where a text becomes a mail that the notary takes.

    text = compose("acme", "buy 100 ACME @ 12.50", after=last_seal(home, "acme"))
    with keys_of(home, "alice") as keys:
        made = signed(keys, identity_of(home, "alice"), text, "acme@pits.invalid")
    spool.put(home.spool("acme"), made.mail)

Whoever sends keeps the mail: to send again is to send the same bytes, never to sign anew.
"""

from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import sha256
from typing import NamedTuple

from pit.archives.cut import canonical
from pit.archives.errors import UsageError
from pit.pits.gnupg import KeyHome
from pit.pits.identity import Identity
from pit.pits.openpgp import read_signature, split

__all__ = ["Signed", "compose", "mail", "signed", "subject_of"]

_POLICY = SMTP.clone(linesep="\n")
_SUBJECT = 60  # characters; so that no header is folded


def compose(
    pit_name: str, directives_text: str, *, id: str = "", after: tuple[int, str] | None = None
) -> str:
    """The text to be signed: `pit NAME`, what ties it to this pit's history, then the directives.

    after: (N, root) of the last seal that the signer has seen; without it the first 16 digits of
    `id`, the pit's; without either it is a charter. Every line ends with LF.
    """
    head = f"pit {pit_name}\n"
    if after:
        head += f"  after: {after[0]} {after[1]}\n"
    elif id:
        head += f"  id: {id[:16]}\n"
    return head + directives_text.rstrip("\n") + "\n"


def subject_of(text: str) -> str:
    """A mail's subject for a text: its first directive after the `pit` line, shortened."""
    lines = [line for line in text.split("\n")[1:] if line and line[0] not in " \t#-"]
    line = " ".join((lines or ["(nothing)"])[0].split())
    more = f" (+{len(lines) - 1})" if len(lines) > 1 else ""
    return (line if len(line) <= _SUBJECT else line[: _SUBJECT - 1] + "…") + more


def mail(block: str, sender: str, to: str, subject: str, date: datetime) -> bytes:
    """A mail whose whole body is a clearsigned block, LF-ended lines.

    sender, to: `Alice <alice@example.org>`. date: an aware time. A block that is not ASCII gets the
    MIME fields that say so, 8bit and UTF-8. The Message-ID comes from the block, so that the same
    signed text is the same mail. UsageError for an address that cannot stand in a header.
    """
    data = block.encode()
    message = EmailMessage(_POLICY)
    try:
        message["From"] = sender
        message["To"] = to
        message["Subject"] = subject
    except (ValueError, IndexError) as error:  # IndexError: email's parser, of '' and the like
        raise UsageError(f"{sender!r} to {to!r}: {error}") from None
    if not all(len(message[name].addresses) == 1 for name in ("From", "To")):
        raise UsageError(f"{sender!r} to {to!r}: write addresses as Alice <alice@example.org>")
    message["Date"] = format_datetime(date)
    domain = message["From"].addresses[0].domain
    if not domain or not message["To"].addresses[0].domain:
        raise UsageError(f"{sender!r} to {to!r}: an address has no @ and domain")
    message["Message-ID"] = f"<{sha256(data).hexdigest()[:32]}@{domain}>"
    if not data.isascii():
        message["MIME-Version"] = "1.0"
        message["Content-Type"] = "text/plain; charset=utf-8"
        message["Content-Transfer-Encoding"] = "8bit"
    head, _, _ = message.as_bytes().partition(b"\n\n")
    return head + b"\n\n" + data


class Signed(NamedTuple):
    """A signed mail, and what makes it the instruction that it is (ARCHIVE, Entry).

    created: the signature's time, unix seconds. text: sha256 hex of the signed text.
    """

    mail: bytes
    created: int
    text: str


def signed(keys: KeyHome, me: Identity, text: str, to: str) -> Signed:
    """Sign a text and make it a mail, dated by its signature."""
    block = keys.clearsign(text, me.fingerprint)
    cut = split(block.encode())
    created = read_signature(cut.armor, cut.hash).created
    date = datetime.fromtimestamp(created, UTC)
    made = mail(block, me.sender, to, subject_of(text), date)
    return Signed(made, created, sha256(canonical(text.encode())).hexdigest())
