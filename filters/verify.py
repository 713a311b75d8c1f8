"""Verify an archive entry by entry: stamp, mail, signature, right, seal (ARCHIVE, Whom to believe).

It needs nothing but the archive: each signature is checked against the key that the archive itself
had enrolled by then, the charter's first.
"""

import hashlib
from datetime import datetime, timedelta
from typing import NamedTuple

from pit.archives.entry import NO_STAMP, Stamp, read_entry
from pit.archives.errors import Damaged, PitError
from pit.archives.fields import read_time
from pit.archives.language import LanguageError, Text, parse
from pit.archives.mbox import Entry
from pit.archives.merkle import Frontier, leaf
from pit.pits.keyring import Keyring
from pit.pits.members import GOOD
from pit.pits.openpgp import Signature, read_signature, split, verify
from pit.pits.state import Pit
from pit.pits.trial import first_objection

AHEAD = timedelta(minutes=5)
"""How far a signature's clock may be ahead of the notary's (NOTARY, right)."""


class Seal(NamedTuple):
    """A seal that holds: how many entries it closes, their root, its time."""

    entries: int
    root: str
    time: str


class Verifier:
    """Checks entries in order; `step` raises Damaged at the first that is wrong.

    id: the pit's, or '' to take the charter's word. seals: those that held.
    """

    def __init__(self, id: str = "") -> None:
        self.id = id
        self.pit = Pit()
        self.keys = Keyring()
        self.seals: list[Seal] = []
        self._tree = Frontier()
        self._prev = NO_STAMP
        self._seen: set[tuple[str, str, str]] = set()
        self._roots: dict[int, str] = {}

    def step(self, entry: Entry) -> None:
        """Check the next entry against all those before it."""
        here = f"entry {self.pit.entry + 1}"  # whatever number it claims
        try:
            self._step(entry)
        except PitError as error:
            text = str(error)
            known = text.startswith((f"{here}:", f"{here} "))
            raise Damaged(text if known else f"{here}: {text}") from None

    def _step(self, entry: Entry) -> None:
        stamp, mail = read_entry(entry.raw)
        if stamp.prev != self._prev:
            raise Damaged(f"its Pit-Prev is {stamp.prev}; the stamp before it has {self._prev}")
        block = split(mail.partition(b"\n\n")[2])
        digest = hashlib.sha256(block.text).hexdigest()
        if digest != stamp.text or entry.text.encode() != block.text:
            raise Damaged(f"Pit-Text is {stamp.text}; the signed text has the sha256 {digest}")
        text = self._parsed(entry)
        self._signature(stamp, block.text, read_signature(block.armor, block.hash))
        self._rights(stamp, text)
        self._seal(stamp, text)
        self.pit.settle()
        self._prev = stamp.digest()
        self._tree.append(leaf(stamp.lines()))

    def _parsed(self, entry: Entry) -> Text:
        """The text, read by the pit's fold, and the keys that it enrols."""
        pit = self.pit
        first = not pit.entry
        try:
            text = parse(entry.text, pit.words)
        except LanguageError as error:
            raise Damaged(str(error)) from None
        self._check_report(entry, text)
        index, problem = first_objection(text, entry.signer, entry.time, pit, self.keys)
        if problem:
            raise Damaged(f"line {text.lines[index]}: {problem}")
        self.keys.step(text)
        pit.take(entry)
        if first and pit.open:
            raise Damaged("entry 1 is no charter; an open stream proves nothing")
        if first and self.id and pit.id != self.id:
            raise Damaged(f"the pit's id is {pit.id}, not {self.id}: this is another pit")
        return text

    def _check_report(self, entry: Entry, text: Text) -> None:
        """A report's number is its signer's next for that filter."""
        for directive in text.directives[:1]:
            if directive.verb == "report":
                name, number = directive.args
                last = self.pit.reports.get((name, entry.signer), 0)
                if number != last + 1:
                    raise Damaged(f"report {name} {number} of {entry.signer} follows number {last}")

    def _signature(self, stamp: Stamp, text: bytes, signature: Signature) -> None:
        """The signature is good, and the stamp says whose it is."""
        found = self.keys.by_key(signature.issuer)
        if found is None:
            raise Damaged(f"nobody in this pit has the key {signature.issuer}")
        handle, certificate = found
        says = (stamp.signer, stamp.fingerprint, stamp.signed)
        proved = (handle, certificate.fingerprint, signature.created_text)
        if says != proved:
            raise Damaged(f"Pit-Signer is {' '.join(says)}; the signature's is {' '.join(proved)}")
        verify(text, signature, certificate)
        if certificate.expires and read_time(certificate.expires) <= stamp.time:
            raise Damaged(f"the key of {handle} had expired at {certificate.expires}")
        made = datetime.fromisoformat(read_time(signature.created_text)[:-1])
        stamped = datetime.fromisoformat(stamp.time[:-1])
        freshness = timedelta(seconds=self.pit.rule("freshness"))
        if not stamped - freshness <= made <= stamped + AHEAD:
            raise Damaged(
                f"signed at {stamp.signed}, stamped at {stamp.time}: outside {freshness} before "
                f"and {AHEAD} after"
            )
        instruction = (stamp.fingerprint, stamp.signed, stamp.text)
        if instruction in self._seen:
            raise Damaged("the same instruction (Pit-Signer, Pit-Text) stands already")
        self._seen.add(instruction)

    def _rights(self, stamp: Stamp, text: Text) -> None:
        """The signer was in good standing, and what the text says of the pit's history is so."""
        pit = self.pit
        member = pit.members.get(stamp.signer)
        if member and member.standing != GOOD:
            raise Damaged(f"{stamp.signer} is {member.standing}")
        report = text.directives and text.directives[0].verb == "report"
        if report and not text.after:
            raise Damaged("a report must say `after: N ROOT`, the seal it was made from")
        if text.id and text.id != pit.id[:16]:
            raise Damaged(f"it is for the pit with the id {text.id}…; this one's is {pit.id}")
        if text.after and self._roots.get(text.after[0]) != text.after[1]:
            raise Damaged(f"`after: {text.after[0]} {text.after[1]}` names no seal above it")
        if pit.entry > 1 and not text.id and not text.after:
            raise Damaged("its text has neither `id:` nor `after:`")

    def _seal(self, stamp: Stamp, text: Text) -> None:
        """A seal N is entry N+1, over all stamps above it, and of its own time."""
        for directive in text.directives:
            if directive.verb != "seal":
                continue
            (number,) = directive.args
            root, time = directive.keys["root"], directive.keys["time"]
            if (number, time) != (stamp.number - 1, stamp.time):
                raise Damaged(
                    f"seal {number} of {time} stands at entry {stamp.number} of {stamp.time}"
                )
            found = self._tree.root().hex()
            if root != found:
                raise Damaged(f"seal {number} has the root {root}; the stamps give {found}")
            self.seals.append(Seal(number, root, time))
            self._roots[number] = root
