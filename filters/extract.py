"""An extract of the record: one entry, what proves it, and what became of it.

All of it is checked before it is given out: the stamp and the mail, its signature by the key that
the archive had enrolled for its signer, the path to the root, the seal that signs that.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

from pit.archives import mbox, mime
from pit.archives.entry import Stamp, read_entry
from pit.archives.errors import Damaged
from pit.archives.extent import chunks, extent
from pit.archives.fields import FIELDS
from pit.archives.language import Text
from pit.archives.mbox import Entry
from pit.archives.merkle import leaf, root_from_path
from pit.archives.mime_text import Coding
from pit.archives.segment import first_entry, segment_name
from pit.archives.verbs import Directive, Words
from pit.filters.examine import examine_entry
from pit.filters.history import history
from pit.pits import witnesses
from pit.pits.copies import Copy
from pit.pits.handover import number_of
from pit.pits.keyring import Keyring, Signer
from pit.pits.lines import one_line
from pit.pits.openpgp import Certificate
from pit.pits.signed import signed
from pit.pits.state import Pit

__all__ = ["Extract", "Line", "Parts", "Place", "Step", "extract", "names"]

_REFERENCES = (FIELDS["reference"], FIELDS["owned"])


class Line(NamedTuple):
    """A directive that stands: its reference, time, signer, itself in one line.

    idle: why it has no effect; '' where it has.
    """

    ref: str
    time: str
    signer: str
    said: str
    idle: str = ""


class Step(NamedTuple):
    """A step up to the root: the side that the other hash stands on, it, and both's, in hex."""

    side: str
    sibling: str
    node: str


class Parts(NamedTuple):
    """Which lines of a PGP/MIME mail are the signed part, the text in it and the signature.

    Each the first and the last, counted from 1. coding: how the text stands there.
    """

    part: tuple[int, int]
    body: tuple[int, int]
    signature: tuple[int, int]
    coding: Coding


class Place(NamedTuple):
    """Where an entry stands: its stamp, and the file (as it is named when it is not gzipped).

    parts: of a PGP/MIME mail; None of a clearsigned one.
    """

    stamp: Stamp
    file: str
    parts: Parts | None = None


class Extract(NamedTuple):
    """An entry of a pit, with what proves it.

    id: the pit's. entry, seal, charter, enrolment (of the signer's key): where they stand. passed:
    others that say what keys are his, the operator's or the notary's. signed, sealed: the bodies of
    the entry's and the seal's mail, text and signature (of PGP/MIME: decoded). followed: the later
    directives that name the entry. leaf: the stamp's. path: from there to `root`, the one over the
    first `size` entries. seen: which witnesses have seen the seal or a later one; wanted: how many
    the pit's rule asks for. The newest seal is its own seal: it has no path.
    """

    pit: str
    id: str
    entry: Place
    enrolment: Place
    charter: Place
    passed: list[Place]
    seal: Place
    signed: str
    sealed: str
    followed: list[Line]
    leaf: str
    path: list[Step]
    root: str
    size: int
    seen: list[str]
    wanted: int

    @property
    def is_newest_seal(self) -> bool:
        """Whether the entry is the last seal, above which none stands."""
        return self.entry == self.seal


def extract(copy: Copy, number: int) -> Extract:
    """The extract of an entry; NoInput where it does not stand, Damaged where it does not hold."""
    newest = number == copy.size + 1
    size = copy.size if newest else copy.seal_over(number)
    stamp, mail = read_entry(copy.raw(number))
    seal = read_entry(copy.raw(size + 1))[1]
    told = _told(mbox.entries(chunks(copy.folder, copy.pit)), stamp, size)
    notary = copy.notary()
    _check(copy, number, told.certificate)
    _check(copy, size + 1, notary.at(size + 1))
    path = () if newest else copy.inclusion(number).path
    start = leaf(stamp.lines())
    steps = [
        Step(side, sibling.hex(), root_from_path(start, path[: at + 1]).hex())
        for at, (side, sibling) in enumerate(path)
    ]
    root = copy.tree.root(size).hex()
    if not newest and (steps[-1].node if steps else start.hex()) != root:
        raise Damaged(f"entry {number}: its path does not lead to the root of seal {size}")

    def place(number: int) -> Place:
        firsts = [first_entry(path.name) for path, _ in extent(copy.folder, copy.pit)]
        file = segment_name(max(first for first in firsts if first <= number))
        found, mail = read_entry(copy.raw(number))
        return Place(found, file, _parts(mail))

    return Extract(
        pit=copy.pit,
        id=copy.id,
        entry=place(number),
        enrolment=place(told.enrolment),
        charter=place(1),
        passed=[place(one) for one in sorted({*map(number_of, copy.keys(size + 1)), *told.before})],
        seal=place(size + 1),
        signed=_body(mail),
        sealed=_body(seal),
        followed=told.followed,
        leaf=start.hex(),
        path=steps,
        root=root,
        size=size,
        seen=told.seen,
        wanted=told.wanted,
    )


def _check(copy: Copy, number: int, cert: Certificate) -> None:
    """Damaged unless an entry is whole and signed by that key."""
    try:
        examine_entry(copy.raw(number), {cert.fingerprint: cert.armored})
    except Damaged as error:
        raise Damaged(f"{copy.folder}: entry {number}: {error}") from None


def _parts(mail: bytes) -> Parts | None:
    if signed(mail).octets is None:
        return None
    found = mime.cut(mail)

    def lines(span: mime.Span) -> tuple[int, int]:
        first = mail.count(b"\n", 0, span.start) + 1
        return first, first + mail.count(b"\n", *span)

    first, last = lines(found.body)
    last -= mail.endswith(b"\n", *found.body)  # that line end is the text's own
    return Parts(lines(found.part), (first, last), lines(found.signature), found.coding)


def _body(mail: bytes) -> str:
    block = signed(mail)
    if block.octets is not None:
        return (block.text + b"\n" + block.armor).decode().rstrip("\n")
    return mail.partition(b"\n\n")[2].decode("utf-8", "replace").rstrip("\n")


class _Told(NamedTuple):
    """What only the whole archive tells of an entry."""

    certificate: Certificate
    enrolment: int
    before: list[int]
    followed: list[Line]
    seen: list[str]
    wanted: int


def _told(entries: Iterable[Entry], stamp: Stamp, size: int) -> _Told:
    """The key of its signer, what followed, who has seen `seal SIZE` or one after it."""
    enrolled = _Enrolled(stamp)
    followed: list[Line] = []
    seals: list[tuple[int, str, str]] = []
    saws: list[witnesses.Saw] = []
    pit = Pit()
    for entry, text, _, pit, record in history(entries):
        enrolled.step(entry, text)
        for index, directive in enumerate(text.directives, 1):
            if directive.verb == "seal":
                seals.append((directive.args[0], directive.keys["root"], entry.time))
            elif entry.number > stamp.number and names(directive, pit.words, stamp.number):
                ref = str(entry.number) if index == 1 else f"{entry.number}.{index}"
                idle = next((one.why for one in record.idle if one.ref == ref), "")
                line = one_line(directive, pit.words[directive.verb])
                followed.append(Line(ref, entry.time, entry.signer, line, idle))
        saws += witnesses.saws([entry])
    if enrolled.certificate is None:
        raise Damaged(f"entry {stamp.number}: {stamp.signer} has no key {stamp.fingerprint} here")
    wanted = pit.rule("witnesses")
    seen = witnesses.coverage(seals, saws, witnesses.witnesses_of(pit), wanted).of(size)
    before = [number for number in enrolled.steps if number != enrolled.number]
    return _Told(enrolled.certificate, enrolled.number, before, followed, seen, wanted)


class _Enrolled:
    """The certificate of a stamp's signer, as it is above the entry, and which one brought it.

    steps: all entries up to there that say what his key is.
    """

    def __init__(self, stamp: Stamp) -> None:
        self.certificate: Certificate | None = None
        self.number = 0
        self.steps: list[int] = []
        self._stamp, self._keys = stamp, Keyring()

    def step(self, entry: Entry, text: Text) -> None:
        """Look at the next entry, up to the stamp's own; Damaged where that is not its signer's."""
        stamp = self._stamp
        if entry.number > stamp.number:
            return
        by = Signer(entry.signer, entry.fingerprint, entry.number, entry.time)
        own = entry.number == stamp.number
        if own:
            try:
                self.certificate = self._keys.take(text, by)
            except Damaged as error:
                raise Damaged(f"entry {entry.number}: {error}") from None
        else:
            self._keys.step(text, by)
        founded = entry.number == 1 and self._keys.owner(stamp.fingerprint)
        brought = False
        for one in () if own else text.directives:
            if one.verb in ("admit", "rekey", "confirm") and one.args[0] == stamp.signer:
                self.steps.append(entry.number)
                brought = brought or one.args[1:] == (stamp.fingerprint,)
        if founded or brought or (own and not self.number):  # the recovery key is in its text
            self.number = entry.number


def names(directive: Directive, words: Words, number: int) -> bool:
    """Whether a directive names an entry, or a directive in it, by its reference.

    By the types of its fields: a text that quotes `alice/14` names nothing.
    """
    verb = words[directive.verb]
    values = [
        value
        for slot, value in zip(verb.fields, directive.args, strict=True)
        if slot.field in _REFERENCES and value
    ]
    values += [value for key, value in directive.keys.items() if verb.keys[key] in _REFERENCES]
    if directive.verb == "leaves":  # `cancelled 15`: by which cancel
        values += directive.args[-1].split(" ")[1:2]
    return any(re.fullmatch(rf"(?:.*/)?{number}(?:\.\d+)?", value) for value in values)
