"""An extract of the record: one entry, what proves it, and what became of it.

All of it is checked before it is given out: the stamp and the mail, its signature by the key that
the archive had enrolled for its signer, the path to the root, the seal that signs that.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

from pit.archives import mbox
from pit.archives.entry import Stamp, read_entry
from pit.archives.errors import Damaged
from pit.archives.extent import chunks, extent
from pit.archives.fields import FIELDS
from pit.archives.language import Text
from pit.archives.mbox import Entry
from pit.archives.merkle import leaf, root_from_path
from pit.archives.segment import first_entry, segment_name
from pit.archives.verbs import Directive, Words
from pit.filters.examine import examine_entry
from pit.filters.history import history
from pit.pits import witnesses
from pit.pits.copies import Copy
from pit.pits.keyring import Keyring
from pit.pits.lines import one_line
from pit.pits.openpgp import Certificate
from pit.pits.state import Pit

__all__ = ["Extract", "Line", "Place", "Step", "extract", "names"]

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


class Place(NamedTuple):
    """Where an entry stands: its stamp, and the file (as it is named when it is not gzipped)."""

    stamp: Stamp
    file: str


class Extract(NamedTuple):
    """An entry of a pit, with what proves it.

    id: the pit's. entry, seal, charter, enrolment (of the signer's key): where they stand. signed,
    sealed: the bodies of the entry's and the seal's mail, text and signature. followed: the later
    directives that name the entry. leaf: the stamp's. path: from there to `root`, the one over
    the first `size` entries. seen: which witnesses have seen the seal or a later one; wanted: how
    many the pit's rule asks for. The newest seal is its own seal: it has no path.
    """

    pit: str
    id: str
    entry: Place
    enrolment: Place
    charter: Place
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
    _check(copy, size + 1, notary.certificate)
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
        return Place(read_entry(copy.raw(number))[0], file)

    return Extract(
        pit=copy.pit,
        id=copy.id,
        entry=place(number),
        enrolment=place(told.enrolment),
        charter=place(1),
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


def _body(mail: bytes) -> str:
    return mail.partition(b"\n\n")[2].decode("utf-8", "replace").rstrip("\n")


class _Told(NamedTuple):
    """What only the whole archive tells of an entry."""

    certificate: Certificate
    enrolment: int
    followed: list[Line]
    seen: list[str]
    wanted: int


def _told(entries: Iterable[Entry], stamp: Stamp, size: int) -> _Told:
    """The key of its signer, what followed, who has seen `seal SIZE` or one after it."""
    keys = Keyring()
    found: tuple[Certificate, int] | None = None
    followed: list[Line] = []
    seals: list[tuple[int, str, str]] = []
    saws: list[witnesses.Saw] = []
    pit = Pit()
    for entry, text, _, pit, record in history(entries):
        if found is None:
            found = _enrolled(keys, entry, text, stamp)
        for index, directive in enumerate(text.directives, 1):
            if directive.verb == "seal":
                seals.append((directive.args[0], directive.keys["root"], entry.time))
            elif entry.number > stamp.number and names(directive, pit.words, stamp.number):
                ref = str(entry.number) if index == 1 else f"{entry.number}.{index}"
                idle = next((one.why for one in record.idle if one.ref == ref), "")
                line = one_line(directive, pit.words[directive.verb])
                followed.append(Line(ref, entry.time, entry.signer, line, idle))
        saws += witnesses.saws([entry])
    if found is None:
        raise Damaged(f"entry {stamp.number}: {stamp.signer} has no key {stamp.fingerprint} here")
    wanted = pit.rule("witnesses")
    seen = witnesses.coverage(seals, saws, witnesses.witnesses_of(pit), wanted).of(size)
    return _Told(*found, followed, seen, wanted)


def _enrolled(
    keys: Keyring, entry: Entry, text: Text, stamp: Stamp
) -> tuple[Certificate, int] | None:
    """The certificate of the stamp's signer and this entry, if it is the one that enrols it."""
    if entry.number > stamp.number or not any(
        directive.verb in ("charter", "admit") for directive in text.directives
    ):
        return None
    keys.step(text)
    handle, certificate = keys.by_key(stamp.fingerprint) or ("", None)
    if handle != stamp.signer or not certificate or certificate.fingerprint != stamp.fingerprint:
        return None
    return certificate, entry.number


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
