"""Verify an archive entry by entry: order, links, rights, seals (ARCHIVE, Whom to believe).

It needs nothing but the archive: who may say what follows from the entries above. The bytes of an
entry and its signature are `examine`'s, with the certificate that is found here: the one that the
archive itself had enrolled by then, the charter's first.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from pit.archives.entry import NO_STAMP, STAMP
from pit.archives.errors import Damaged, PitError
from pit.archives.language import LanguageError, Text, parse
from pit.archives.mbox import Entry
from pit.archives.merkle import Frontier, leaf
from pit.archives.verbs import Directive, Words
from pit.pits.keyring import Keyring, Signer
from pit.pits.members import GOOD
from pit.pits.openpgp import Certificate
from pit.pits.state import Pit
from pit.pits.trial import first_objection

DAY = 86400
TOGETHER = 500
"""Entries that are read before the first of them is checked."""
AHEAD = timedelta(minutes=5)
"""How far a signature's clock may be ahead of the notary's (NOTARY, right)."""


class Seal(NamedTuple):
    """A seal that holds: how many entries it closes, their root in hex, its time."""

    entries: int
    root: str
    time: str


class Saw(NamedTuple):
    """A witness's `saw N ROOT`: the entry that says so, who, N, root in hex."""

    entry: int
    handle: str
    size: int
    root: str


class Seen:
    """The instructions that stand, as far as they could come again, by the day they were signed.

    Older than `horizon` (the longest `rule freshness` of the archive) a signature is refused as too
    old, so nothing older need be remembered.
    """

    def __init__(self, horizon: timedelta) -> None:
        self.horizon = horizon
        self.days: dict[str, set[bytes]] = {}

    def add(self, fingerprint: str, signed: str, text: str) -> bool:
        """Remember an instruction; False if it was there."""
        key = hashlib.blake2b(f"{fingerprint} {signed} {text}".encode(), digest_size=16).digest()
        day = self.days.get(signed[:10])
        if day is None:
            day = self.days[signed[:10]] = set()
        if key in day:
            return False
        day.add(key)
        return True

    def forget(self, time: str) -> None:
        """Drop what is too old at `time` to be taken again."""
        oldest = (datetime.fromisoformat(time[:-1]) - self.horizon).isoformat()[:10]
        for day in [day for day in self.days if day < oldest]:
            del self.days[day]


class Ahead(NamedTuple):
    """What can be read of an entry before its turn comes.

    Of the stamp the signer's key, the time of the signature, the text's hash, the hash of the stamp
    before, its own, and its leaf. text: None where the words that were in force do not read it.
    """

    fingerprint: str
    signed: str
    digest: str
    prev: str
    own: str
    leaf: bytes
    text: Text | None


def _read(stamp: re.Match[bytes], text: Text | None) -> Ahead:
    fingerprint, signed, digest, prev = (part.decode() for part in stamp.group(5, 6, 7, 10))
    lines = stamp[0]
    own = hashlib.sha256(lines).hexdigest()
    return Ahead(fingerprint, signed, digest, prev, own, leaf(lines), text)


def _parsed(text: str, words: Words) -> Text | None:
    """A text, None where it is not in the language."""
    try:
        return parse(text, words)
    except LanguageError:
        return None


class Verifier:
    """Checks entries in order; `step` raises Damaged at the first that is wrong.

    id: the pit's, or '' to take the charter's word. seals: those that held. saws: what witnesses
    said. enrolled: the texts that changed the keyring, and who said them. spans: the first and last
    entry that a primary key signed, and how many.
    """

    def __init__(self, id: str = "", horizon: timedelta = timedelta(days=7)) -> None:
        self.id = id
        self.pit = Pit()
        self.keys = Keyring()
        self.seals: list[Seal] = []
        self.saws: list[Saw] = []
        self.enrolled: list[tuple[str, Signer]] = []
        self.spans: dict[str, list[int]] = {}
        self.tree = Frontier()
        self.prev = NO_STAMP
        self.seen = Seen(horizon)
        self.roots: dict[int, str] = {}
        self._read_with: dict[str, int] = {}

    def read(self, entries: Iterable[Entry]) -> Iterator[tuple[Entry, Ahead | None]]:
        """The entries, and what is read of them ahead; None where the stamp's lines are not right.

        Some hundreds at once: what reads them stays in the processor's caches.
        """
        some: list[Entry] = []
        try:
            for entry in entries:
                some.append(entry)
                if len(some) == TOGETHER:
                    yield from zip(some, self._ahead(some), strict=True)
                    some = []
        except Damaged:
            yield from zip(some, self._ahead(some), strict=True)  # they may be wrong, too
            raise
        yield from zip(some, self._ahead(some), strict=True)

    def _ahead(self, entries: Sequence[Entry]) -> list[Ahead | None]:
        words = self.pit.words
        self._read_with = dict(self.pit.brought)
        stamps = [STAMP.match(entry.raw, entry.raw.find(b"\n") + 1) for entry in entries]
        texts = [_parsed(entry.text, words) for entry in entries]
        return [found and _read(found, text) for found, text in zip(stamps, texts, strict=True)]

    def step(self, entry: Entry, ahead: Ahead | None) -> tuple[Text, Certificate]:
        """Check the next entry against all those before it; the caller ends it with `pit.settle`.

        ahead: what `read` says of it. Returned are its text as the words in force read it, and the
        certificate that its signature must be of.
        """
        number = self.pit.entry + 1  # whatever number it claims
        try:
            return self._step(entry, ahead)
        except PitError as error:
            here, text = f"entry {number}", str(error)
            known = text.startswith((f"{here}:", f"{here} "))
            raise Damaged(text if known else f"{here}: {text}") from None

    def certificate(self, handle: str) -> Certificate | None:
        """The certificate of a member, None where he has none."""
        try:
            return self.keys.of(handle)
        except PitError:
            return None

    def _step(self, entry: Entry, ahead: Ahead | None) -> tuple[Text, Certificate]:
        if ahead is None:
            raise Damaged("the six stamp lines are not in order")
        fingerprint, signed, digest, prev, own, leaf, text = ahead
        if prev != self.prev:
            raise Damaged(f"its Pit-Prev is {prev}; the stamp before it has {self.prev}")
        if text is None or self.pit.brought != self._read_with:
            try:
                text = parse(entry.text, self.pit.words)
            except LanguageError as error:
                raise Damaged(str(error)) from None
        cert = self._take(entry, text, fingerprint)
        self._moment(entry, signed, cert)
        if not self.seen.add(fingerprint, signed, digest):
            raise Damaged("the same instruction (Pit-Signer, Pit-Text) stands already")
        self._rights(entry, text)
        for directive in text.directives:
            if directive.verb == "seal":
                self._seal(entry, directive)
            elif directive.verb == "saw":
                size, root = directive.args
                self.saws.append(Saw(entry.number, entry.signer, size, root))
        self.prev = own
        self.tree.append(leaf)
        return text, cert

    def _take(self, entry: Entry, text: Text, fingerprint: str) -> Certificate:
        """Have the text take effect; the certificate of the key, in force above it."""
        pit = self.pit
        first = not pit.entry
        self._check_report(entry, text.directives[:1])
        by = Signer(entry.signer, fingerprint, entry.number, entry.time)
        index, problem = first_objection(text, by.handle, by.time, pit, self.keys, fingerprint)
        if problem:
            raise Damaged(f"line {text.lines[index]}: {problem}")
        cert = self.keys.take(text, by)
        if self.keys.changed_at == entry.number:
            self.enrolled.append((entry.text, by))
        span = self.spans.setdefault(fingerprint, [entry.number, 0, 0])
        span[1:] = entry.number, span[2] + 1
        pit.take(entry, text)
        if first and pit.open:
            raise Damaged("entry 1 is no charter; an open stream proves nothing")
        if first and self.id and pit.id != self.id:
            raise Damaged(f"the pit's id is {pit.id}, not {self.id}: this is another pit")
        return cert

    def _check_report(self, entry: Entry, first: Iterable[Directive]) -> None:
        """A report's number is its signer's next for that filter."""
        for directive in first:
            if directive.verb == "report":
                name, number = directive.args
                last = self.pit.reports.get((name, entry.signer), 0)
                if number != last + 1:
                    raise Damaged(f"report {name} {number} of {entry.signer} follows number {last}")

    def _moment(self, entry: Entry, signed: str, certificate: Certificate) -> None:
        """The key was in force, and the signature fresh, by Pit-Time."""
        if certificate.expires and certificate.expires[:19] <= entry.time[:19]:
            raise Damaged(f"the key of {entry.signer} had expired at {certificate.expires}")
        seconds = self.pit.rule("freshness")
        if signed[:10] == entry.time[:10] and signed[:19] <= entry.time[:19] and seconds > DAY:
            return  # mostly; that `signed` is a time, the signature says
        freshness = timedelta(seconds=seconds)
        stamped = datetime.fromisoformat(entry.time[:-1])
        try:
            made = datetime.fromisoformat(signed[:-1])
        except ValueError:
            raise Damaged(f"Pit-Signer says signed at {signed}, which is no time") from None
        if not stamped - freshness <= made <= stamped + AHEAD:
            raise Damaged(
                f"signed at {signed}, stamped at {entry.time}: outside {freshness} before and "
                f"{AHEAD} after"
            )

    def _rights(self, entry: Entry, text: Text) -> None:
        """The signer was in good standing, and what the text says of the pit's history is so."""
        pit = self.pit
        member = pit.members.get(entry.signer)
        if member and member.standing != GOOD:
            raise Damaged(f"{entry.signer} is {member.standing}")
        report = text.directives and text.directives[0].verb == "report"
        if report and not text.after:
            raise Damaged("a report must say `after: N ROOT`, the seal it was made from")
        if text.id and text.id != pit.id[:16]:
            raise Damaged(f"it is for the pit with the id {text.id}…; this one's is {pit.id}")
        if text.after and self.roots.get(text.after[0]) != text.after[1]:
            raise Damaged(f"`after: {text.after[0]} {text.after[1]}` names no seal above it")
        if pit.entry > 1 and not text.id and not text.after:
            raise Damaged("its text has neither `id:` nor `after:`")

    def _seal(self, entry: Entry, seal: Directive) -> None:
        """A seal N is entry N+1, over all stamps above it, and of its own time."""
        (number,) = seal.args
        root, time = seal.keys["root"], seal.keys["time"]
        if (number, time) != (entry.number - 1, entry.time):
            raise Damaged(f"seal {number} of {time} stands at entry {entry.number} of {entry.time}")
        found = self.tree.root().hex()
        if root != found:
            raise Damaged(f"seal {number} has the root {root}; the stamps give {found}")
        self.seals.append(Seal(number, root, time))
        self.roots[number] = root
        self.seen.forget(entry.time)
