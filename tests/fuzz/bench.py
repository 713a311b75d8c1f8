"""A pit to throw bytes at, and what must hold of whatever is thrown: an answer, or a PitError."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import NamedTuple

from pit.archives import language, mbox
from pit.archives.cut import cut_text
from pit.archives.entry import quote
from pit.archives.errors import PitError
from pit.archives.grammar import LanguageError, parse_slowly
from pit.archives.verbs import Words, vocabulary
from pit.archives.words import CORE
from pit.filters.match import Match
from pit.filters.positions import Positions
from pit.moderator import hints, mistake, replies
from pit.moderator.case import Case
from pit.moderator.footers import around
from pit.moderator.ledger import Ledger, read_ledger
from pit.moderator.rules import QUARANTINED, REFUSED, TAKEN, Verdict, decide
from pit.pits import clearsigned, openpgp
from pit.pits.home import Home, load_settings
from pit.pits.signed import signed_in_mime
from tests.archives.mails import stream
from tests.mails.coded import encodings
from tests.mails.parts import mail
from tests.mails.pen import ORDER, Pen
from tests.mails.sent import peopled
from tests.mails.table import CLEARSIGNED, MIME
from tests.mails.texts import PAIRS as TEXTS
from tests.moderator.world import NAME, NOW, World, founded, short_folder

TIME = NOW.replace(tzinfo=None).isoformat() + ".000000Z"
WORDS: Words = {**CORE, **vocabulary(Match.words, Positions.words)}
ORDERS = (
    ORDER,
    'say "- grün"\n# x\n',
    f"{ORDER}  ref: x\n--\n# Alice\n",
)


class Bench:
    """A pit with members, and what it says of mails."""

    def __init__(self, home: Home) -> None:
        self.ledger: Ledger = read_ledger(home.archive(NAME), NAME)
        self.settings = load_settings(home, NAME)

    def decide(self, data: bytes) -> tuple[Case, Verdict]:
        """What the notary says of a mail."""
        case = Case(data, self.ledger, TIME, self.settings)
        return case, decide(case)

    def check_mail(self, data: bytes) -> Verdict:
        """A verdict; and whatever proves its sender, readers find the same text in."""
        case, verdict = self.decide(data)
        if verdict.follows == QUARANTINED:
            assert verdict.code
            return verdict
        text = case.block.text
        if verdict.follows == TAKEN:
            assert read_back(case.data, text) == text.decode()
        elif verdict.follows == REFUSED:
            assert replies.refusal(case, verdict.code, verdict.finding).mail.isascii() or text
        return verdict


class Made(NamedTuple):
    """A pit, made with real keys; and who signs."""

    bench: Bench
    world: World
    pen: Pen

    def good(self) -> dict[str, bytes]:
        """Mails that are taken, of every shape."""
        made = {f"clearsigned {n}": mail(self.pen.block(text)) for n, text in enumerate(ORDERS)}
        return made | encodings(self.pen)

    def corpus(self) -> list[bytes]:
        """All of tests/mails that is of ordinary size, good and hostile."""
        pairs = [pair.make(self.pen) for pair in (*CLEARSIGNED, *MIME)]
        return [*self.good().values(), *(one for two in pairs for one in two if len(one) < 8192)]

    def texts(self) -> list[bytes]:
        """Signed texts, good and hostile."""
        mails = [*self.good().values(), *(one for pair in TEXTS for one in pair.make(self.pen))]
        blocks = [refused(lambda one=one: self.bench.decide(one)[0].block) for one in mails]
        signed = [block.text for block in blocks if block is not None]
        return [*signed, *(entry.text.encode() for entry in self.world.entries())]

    def pieces(self) -> list[bytes]:
        """Bodies, mails, certificates."""
        good = list(self.good().values())
        certificates = [self.pen.export(who).encode() for who in ("alice", "sue", "dave")]
        return [*(one.partition(b"\n\n")[2] for one in good), *good, *certificates]


@contextmanager
def bench() -> Iterator[Made]:
    """A pit to throw bytes at."""
    with short_folder() as folder:
        pen = Pen(folder / "k")
        try:
            with founded(pen.keys) as world:
                peopled(world, pen)
                yield Made(Bench(world.home), world, pen)
        finally:
            pen.keys.close()


def read_back(data: bytes, text: bytes) -> str:
    """The text that readers find in the entry of a mail over this text."""
    (entry,) = mbox.entries([stream((text, data))])
    return entry.text


def refused(work: Callable[[], object]) -> object:
    """What it returns; None if it refuses."""
    try:
        return work()
    except PitError as error:
        assert str(error)
        return None


def check_splitter(data: bytes) -> None:
    """Bytes as a body, a whole mail, an armour, a certificate: each is cut or refused."""
    block = refused(lambda: clearsigned.split(data))
    if block is not None:
        assert_read(b"From: a@b.example\n\n" + data, block.text)
        refused(lambda: openpgp.read_signature(block.armor, block.hash))
    part = refused(lambda: signed_in_mime(data))
    if part is not None:
        assert_read(data, part.text)
    refused(lambda: openpgp.read_signature(data))
    refused(lambda: openpgp.certificate(data))
    refused(lambda: around(data))


def assert_read(data: bytes, text: bytes) -> None:
    """Readers cut the same text from the quoted mail."""
    stored = b"\n" + quote(data)
    found = cut_text(stored, sha256(text).hexdigest())
    assert found == text, (found, text)


def check_language(data: bytes) -> None:
    """A text is refused with its place, both ways alike; or printed so that it reads the same."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    slow = attempt(lambda: parse_slowly(text, WORDS, headed=True))
    found = attempt(lambda: language.parse(text, WORDS))
    if isinstance(slow, LanguageError):
        assert isinstance(found, LanguageError) and str(found) == str(slow)
        place = mistake.mistake(text, slow.line, slow.column, str(slow), WORDS, NAME, "0" * 16)
        assert mistake.excerpt(place).rstrip("^\n ").replace("\n", "").isprintable()
        hints.explain(place)
        return
    assert [d[:3] for d in found.directives] == [d[:3] for d in slow.directives]
    shown = language.show_text(found, WORDS)
    again = language.parse(shown, WORDS)
    assert language.show_text(again, WORDS) == shown


def attempt(work: Callable[[], object]) -> object:
    """What it returns, or its LanguageError."""
    try:
        return work()
    except LanguageError as error:
        return error
