"""A mail before the notary: what the rules ask about it, each thing found when first asked for."""

import hashlib
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from pit.archives.entry import OPERATOR, quote
from pit.archives.errors import PitError
from pit.archives.language import Text, parse
from pit.archives.words import CORE
from pit.moderator.ledger import Instruction, Ledger
from pit.moderator.mail import Fields, Mail, cut, fields_of, normal, oversize
from pit.pits import queries
from pit.pits.display import printable
from pit.pits.home import Settings
from pit.pits.lapsed import lapsed
from pit.pits.openpgp import (
    Certificate,
    Clearsigned,
    Signature,
    certificate,
    read_signature,
    split,
    verify,
)
from pit.pits.signed import signed_in_mime

if TYPE_CHECKING:
    from pit.pits.gnupg import KeyHome

__all__ = ["Case", "Finding", "examine"]


class Finding(NamedTuple):
    """What a rule found: a sentence, and its place in the signed text (0: nowhere in it).

    entry: the one that stands instead, whose receipt is the answer. code: the reason, where it is
    not the rule's name. record: the entry in which this instruction was decided before.
    """

    problem: str
    line: int = 0
    column: int = 0
    entry: int = 0
    code: str = ""
    record: int = 0

    def __str__(self) -> str:
        place = f"line {self.line}, column {self.column}: " if self.line else ""
        return place + printable(self.problem)


_T = TypeVar("_T")


class lazy(Generic[_T]):
    """A property found when first asked for; functools' has a lock, until Python 3.12."""

    def __init__(self, find: "Callable[[Any], _T]") -> None:
        self._find, self._name, self.__doc__ = find, find.__name__, find.__doc__

    def __get__(self, case: object, owner: type | None = None) -> _T:
        found = case.__dict__[self._name] = self._find(case)
        return found


class Case:
    """One mail, and the state that it meets.

    raw: as it came. now: the Pit-Time that it will have if it is taken, '' as long as its turn has
    not come. keys: opens the notary's own. Every property raises PitErrors alone, whatever the
    bytes.
    """

    def __init__(
        self,
        raw: bytes,
        ledger: Ledger,
        now: str,
        settings: Settings,
        keys: "Callable[[], KeyHome] | None" = None,
    ) -> None:
        self.raw, self.ledger, self.now, self.settings = raw, ledger, now, settings
        self._keys = keys
        self._proof: tuple[Certificate, str] | None = None

    @lazy
    def data(self) -> bytes:
        """The mail with LF line ends, as it will be archived."""
        return normal(self.raw)

    @lazy
    def stored(self) -> bytes:
        """The same as the archive quotes it."""
        return quote(self.data) if b"From " in self.data else self.data

    @lazy
    def head(self) -> Fields:
        """Its header fields, as far as they can be read."""
        return fields_of(self.data)

    @lazy
    def excess(self) -> str:
        """Which limit it breaks, as a sentence; '' for none."""
        return oversize(self.data)

    @lazy
    def mail(self) -> Mail:
        """The mail cut apart; MailError."""
        return cut(self.data, self.head)

    @lazy
    def block(self) -> Clearsigned:
        """The signed text and its signature; MailError, MimeError, ShapeError."""
        return signed_in_mime(self.data) if self.mail.in_mime else split(self.mail.body)

    @lazy
    def signature(self) -> Signature:
        """The signature, not yet verified; SignatureError."""
        return read_signature(self.block.armor, self.block.hash)

    @lazy
    def digest(self) -> str:
        """The sha256 of the signed text, as Pit-Text has it."""
        return hashlib.sha256(self.block.text).hexdigest()

    def fault(self, cert: Certificate) -> str:
        """Why the signature is not this certificate's, as a sentence; '' if it is."""
        if self._proof is None or self._proof[0] is not cert:
            try:
                verify(self.block.text, self.signature, cert, self.block.octets)
                fault = ""
            except PitError as error:
                fault = str(error)
            self._proof = (cert, fault)
        return self._proof[1]

    @lazy
    def lapsed(self) -> str:
        """Why a signature that is not good is genuine all the same; '' if it is not."""
        text, octets = self.block.text, self.block.octets
        if octets is None:
            octets = text.removesuffix(b"\n").replace(b"\n", b"\r\n")
        return lapsed(octets, self.signature, self.signer[1])

    def lacks(self, cert: Certificate) -> str:
        """Why the notary cannot sign with that key, as a sentence; '' if it can."""
        if self._keys is None:
            return "no keys of the notary's are here"
        try:
            block = split(self._keys().clearsign("is it here?\n", cert.fingerprint).encode())
            verify(block.text, read_signature(block.armor, block.hash), cert)
        except PitError as error:
            return str(error)
        return ""

    @lazy
    def signer(self) -> tuple[str, Certificate]:
        """Whose key it claims to be of: handle and certificate; PitError if nobody's here."""
        issuer = self.signature.issuer
        found = self.ledger.keys.by_key(issuer) if self.ledger.number else self._founder()
        if found is None or found[1].fingerprint != issuer:
            found = self._proven() or found
        if found is None:
            raise PitError(f"the key {issuer} is of nobody here")
        return found

    def _proven(self) -> tuple[str, Certificate] | None:
        """Whom the text proves by itself: the owner of a new key, or of the recovery key."""
        said = self.block.text
        if self.ledger.number and (b"\nconfirm " in said or b"\n  recovery-key:" in said):
            with suppress(PitError, UnicodeDecodeError):
                return self.ledger.keys.find(self.signature.issuer, self.text)
        return None

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

    @lazy
    def addresses(self) -> tuple[str, ...]:
        """The addresses that the signer may write from, in small letters."""
        handle, cert = self.signer
        if self.ledger.number:
            enrolled = self.ledger.pit.members[handle].mail
        else:
            enrolled = self.text.directives[0].keys.get("mail", ())
        return tuple(address.lower() for address in enrolled or cert.addresses)

    @lazy
    def instruction(self) -> Instruction:
        """Which instruction it is."""
        return Instruction(self.signer[1].fingerprint, self.signature.created_text, self.digest)

    @lazy
    def asks(self) -> bool:
        """Whether the text says nothing but questions, which are never archived."""
        words = self.ledger.pit.words
        text = self.block.text.decode("utf-8", "replace")
        return queries.asks(text) and words.keys().isdisjoint(queries.WORDS)

    @lazy
    def text(self) -> Text:
        """The signed text as the words in force parse it, or those of questions; LanguageError."""
        words = queries.WORDS if self.asks else self.ledger.pit.words
        return parse(self.block.text.decode(), words)

    @lazy
    def moment(self) -> float:
        """`now` in Unix seconds."""
        return datetime.fromisoformat(self.now[:-1]).replace(tzinfo=UTC).timestamp()


def examine(cases: Iterable[Case]) -> None:
    """Find out what mails say by themselves before any is decided: a step for all, then the next.

    It decides nothing, and takes a quarter of the time off: the processor keeps a step's code at
    hand. What depends on the mails before, as who signs for whom, waits for its turn.
    """
    for step in _STEPS:
        for case in cases:
            try:  # noqa: SIM105 - a fiftieth of the time
                step(case)
            except PitError:
                pass  # the rule that asks for it will meet the same


def _proof(case: Case) -> str:
    found = case.ledger.keys.by_key(case.signature.issuer)
    return case.fault(found[1]) if found else ""


_STEPS: tuple[Callable[[Case], object], ...] = (
    lambda case: case.head,
    lambda case: case.excess,
    lambda case: case.excess or case.block,
    lambda case: case.excess or case.signature,
    lambda case: case.excess or case.digest,
    lambda case: case.excess or _proof(case),
)
