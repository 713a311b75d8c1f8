"""A mail before the notary: what the rules ask about it, each thing found when first asked for."""

import hashlib
from datetime import UTC, datetime
from functools import cached_property
from typing import NamedTuple

from pit.archives.entry import OPERATOR
from pit.archives.errors import PitError
from pit.archives.language import Text, parse
from pit.archives.words import CORE
from pit.moderator.ledger import Instruction, Ledger
from pit.moderator.mail import Mail, cut, normal
from pit.pits.display import printable
from pit.pits.home import Settings
from pit.pits.openpgp import (
    Certificate,
    Clearsigned,
    Signature,
    certificate,
    read_signature,
    split,
)

__all__ = ["Case", "Finding"]


class Finding(NamedTuple):
    """What a rule found: a sentence, and its place in the signed text (0: nowhere in it).

    entry: the one that stands instead, whose receipt is the answer. code: the reason, where it is
    not the rule's name.
    """

    problem: str
    line: int = 0
    column: int = 0
    entry: int = 0
    code: str = ""

    def __str__(self) -> str:
        place = f"line {self.line}, column {self.column}: " if self.line else ""
        return place + printable(self.problem)


class Case:
    """One mail, and the state that it meets.

    raw: as it came. now: the Pit-Time that it will have if it is taken. Every property raises
    PitErrors alone, whatever the bytes.
    """

    def __init__(self, raw: bytes, ledger: Ledger, now: str, settings: Settings) -> None:
        self.raw, self.ledger, self.now, self.settings = raw, ledger, now, settings

    @cached_property
    def data(self) -> bytes:
        """The mail with LF line ends, as it will be archived."""
        return normal(self.raw)

    @cached_property
    def mail(self) -> Mail:
        """The mail cut apart; MailError."""
        return cut(self.data)

    @cached_property
    def block(self) -> Clearsigned:
        """The signed text and its signature; MailError, ShapeError."""
        return split(self.mail.body)

    @cached_property
    def signature(self) -> Signature:
        """The signature, not yet verified; SignatureError."""
        return read_signature(self.block.armor, self.block.hash)

    @cached_property
    def signer(self) -> tuple[str, Certificate]:
        """Whose key it claims to be of: handle and certificate; PitError if nobody's here."""
        issuer = self.signature.issuer
        found = self.ledger.keys.by_key(issuer) if self.ledger.number else self._founder()
        if found is None:
            raise PitError(f"the key {issuer} is of nobody here")
        return found

    def _founder(self) -> tuple[str, Certificate] | None:
        """The operator, whose key a charter brings itself; PitError where it is no charter."""
        text = parse(self.block.text.decode("utf-8", "surrogateescape"), CORE)
        if not text.directives or text.directives[0].verb != "charter":
            raise PitError("nothing stands yet; the first text must be the pit's charter")
        cert = certificate(text.directives[0].keys["operator-key"])
        return (OPERATOR, cert) if self.signature.issuer in cert.keys else None

    @property
    def handle(self) -> str:
        """Who signed."""
        return self.signer[0]

    @cached_property
    def addresses(self) -> tuple[str, ...]:
        """The addresses that the signer may write from, in small letters."""
        handle, cert = self.signer
        if self.ledger.number:
            enrolled = self.ledger.pit.members[handle].mail
        else:
            enrolled = self.text.directives[0].keys.get("mail", ())
        return tuple(address.lower() for address in enrolled or cert.addresses)

    @cached_property
    def instruction(self) -> Instruction:
        """Which instruction it is."""
        digest = hashlib.sha256(self.block.text).hexdigest()
        return Instruction(self.signer[1].fingerprint, self.signature.created_text, digest)

    @cached_property
    def text(self) -> Text:
        """The signed text as the words in force parse it; LanguageError."""
        return parse(self.block.text.decode(), self.ledger.pit.words)

    @cached_property
    def moment(self) -> float:
        """`now` in Unix seconds."""
        return datetime.fromisoformat(self.now[:-1]).replace(tzinfo=UTC).timestamp()
