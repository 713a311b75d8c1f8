"""What a proof proves: the seal's signature, the way to its root, and two proofs side by side.

A proof is judged by the notary's certificate, which the pit's charter names, or an entry that
passes the key on (`pits.handover`); and the charter by the pit's id. So whoever knows the id needs
nothing else (ARCHIVE, Entry).
"""

import hashlib
from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

from pit.archives.cut import canonical
from pit.archives.entry import NOTARY, STAMP
from pit.archives.errors import Damaged, PitError
from pit.archives.language import parse
from pit.archives.merkle import Span, heads_in_consistency, heads_on_path, leaf
from pit.archives.proof import Consistency, Head, Inclusion, Prefix, Proof, show
from pit.archives.words import CORE
from pit.pits.handover import Term, terms
from pit.pits.openpgp import Certificate, read_signature, split, verify

__all__ = [
    "Claims",
    "Contradiction",
    "Notary",
    "Sealed",
    "Told",
    "charter_id",
    "check",
    "claims",
    "clearest",
    "contradiction",
    "entry_of",
    "evidence",
    "first_contradiction",
    "notary_in",
    "sealed",
]


class Notary(NamedTuple):
    """Whose seals count: of which pit, by its name and its id (64 hex), as its charter has it.

    terms: which certificate it signs with from when on; keys: the entries that say so, as a proof
    carries them.
    """

    pit: str
    id: str
    charter: str
    terms: tuple[Term, ...]
    keys: tuple[bytes, ...] = ()

    @property
    def certificate(self) -> Certificate:
        """The last one that is known of."""
        return self.terms[-1].certificate

    def at(self, number: int) -> Certificate:
        """The one that signs entry `number`."""
        return next(one for since, one in reversed(self.terms) if since < number)


class Told(NamedTuple):
    """Three lines of an entry's stamp: Pit-Time, Pit-Signer, Pit-Text.

    A seal tells them too, for `seal N` is always entry N+1, and its time its own Pit-Time.
    """

    time: str
    signer: str
    text: str


class Sealed(NamedTuple):
    """What a seal of the notary's signs: the root (32 bytes) over the first `size` entries.

    told: what that makes of the stamp of entry size+1, the seal itself.
    """

    pit: str
    size: int
    root: bytes
    time: str
    told: Told


def charter_id(charter: str) -> str:
    """The id of the pit that has this charter: the sha256 of its text, 64 hex."""
    return hashlib.sha256(canonical(charter.encode())).hexdigest()


def notary_in(charter: str, id: str, keys: Iterable[bytes] = ()) -> Notary:
    """The notary that a charter enrols; Damaged unless its text has this id.

    keys: the entries that pass its key on, as `handover.handed_over` has them.
    """
    digest = charter_id(charter)
    if digest != id:
        raise Damaged(f"the charter has the sha256 {digest}; the pit's id is {id}")
    passed = tuple(keys)
    found = terms(charter, passed)
    return Notary(parse(charter, CORE).pit, id, charter, found, passed)


def sealed(seal: bytes, notary: Notary) -> Sealed:
    """What a seal signs; Damaged unless it is this pit's, and its signature the notary's.

    seal: its entry without the `From_` line. Of its stamp nothing is asked: the signature decides.
    """
    found = STAMP.match(seal)
    try:
        block = split(seal[found.end() if found else 0 :].partition(b"\n\n")[2])
        signature = read_signature(block.armor, block.hash)
        text = parse(block.text.decode(), CORE)
        if [one.verb for one in text.directives] != ["seal"]:
            raise Damaged("it signs another text than one `seal`")
        certificate = notary.at(text.directives[0].args[0] + 1)
        verify(block.text, signature, certificate)
    except (PitError, ValueError) as error:
        raise Damaged(f"the seal is not the notary's: {error}") from None
    if text.pit != notary.pit or text.id not in ("", notary.id[:16]):
        raise Damaged(
            f"the seal is of the pit {text.pit}, id {text.id or 'not said'}; this one is "
            f"{notary.pit}, {notary.id[:16]}"
        )
    (one,) = text.directives
    size, root, time = one.args[0], one.keys["root"], one.keys["time"]
    signer = f"{NOTARY} {certificate.fingerprint} {signature.created_text}"
    told = Told(time, signer, hashlib.sha256(block.text).hexdigest())
    return Sealed(text.pit, size, bytes.fromhex(root), time, told)


def entry_of(stamp: bytes) -> tuple[str, int, Told]:
    """The pit and the number that six stamp lines name, and three of the lines; Damaged."""
    found = STAMP.fullmatch(stamp)
    if found is None:
        raise Damaged("no stamp: six lines are right")
    pit, number, time, *signer, text = (found[group].decode() for group in range(1, 8))
    return pit, int(number), Told(time, " ".join(signer), text)


class Claims(NamedTuple):
    """What a proof that holds says in the notary's name.

    seal: what its seal signs. heads: the tree head over stretches of entries; each stretch has one
    in every history. told: of entries by their number, what their stamps say.
    """

    seal: Sealed
    heads: dict[Span, bytes]
    told: tuple[tuple[int, Told], ...]


def claims(proof: Proof, notary: Notary) -> Claims:
    """What a proof says; Damaged where it does not hold."""
    seal = sealed(proof.seal, notary)
    told = [(seal.size + 1, seal.told)]
    try:
        match proof:
            case Inclusion(stamp, path):
                pit, number, its = entry_of(stamp)
                if pit != seal.pit:
                    raise Damaged(f"a stamp of the pit {pit} below a seal of {seal.pit}")
                told.append((number, its))
                heads = heads_on_path(leaf(stamp), number, seal.size, path)
            case Consistency(since, nodes):
                old = sealed(since, notary)
                told.append((old.size + 1, old.told))
                heads = heads_in_consistency(old.size, old.root, seal.size, nodes)
            case Prefix(size, root, nodes):
                heads = heads_in_consistency(size, root, seal.size, nodes)
            case Head():
                heads = {(0, seal.size): seal.root}
    except PitError as error:
        raise Damaged(str(error)) from None
    root = heads[0, seal.size]
    if root != seal.root:
        raise Damaged(f"it leads to the root {root.hex()}; the notary sealed {seal.root.hex()}")
    return Claims(seal, heads, tuple(told))


def check(proof: Proof, notary: Notary) -> Sealed:
    """What the proof's seal signs; Damaged where the proof does not hold."""
    return claims(proof, notary).seal


class Contradiction(NamedTuple):
    """Two proofs that are not of one history, or one that is of none (then both are the same).

    sentence: what the notary has signed twice.
    """

    one: Proof
    other: Proof
    sentence: str


def contradiction(one: Proof, other: Proof, notary: Notary) -> Contradiction | None:
    """Where two proofs cannot be of one history; None where they can. Damaged if one is no proof.

    Every hash in a proof is the head over some stretch of entries, and a stretch has one head: the
    smallest that has two is named. An entry has one stamp, and a later one a later time.
    """
    first, second = claims(one, notary), claims(other, notary)
    for span in clearest(first.heads.keys() & second.heads.keys(), (*first.told, *second.told)):
        if first.heads[span] != second.heads[span]:
            return Contradiction(one, other, _sentence(span))
    return _told_twice([(first, one), (second, other)])


def clearest(spans: Iterable[Span], told: Iterable[tuple[int, Told]]) -> list[Span]:
    """Stretches in the order in which they are worth naming: entries whose stamps are shown, then
    others by their length.
    """
    shown = {(number - 1, number) for number, _ in told}
    return sorted(spans, key=lambda span: (span not in shown, span[1] - span[0], span))


def first_contradiction(proofs: Iterable[Proof], notary: Notary) -> Contradiction | None:
    """Two among many proofs that are not of one history; None where all can be. Damaged.

    If all agree two by two they are of one history: a proof that speaks of a stretch speaks of all
    that it is a part of.
    """
    heads: dict[Span, tuple[bytes, Proof]] = {}
    said: list[tuple[Claims, Proof]] = []
    for proof in proofs:
        its = claims(proof, notary)
        said.append((its, proof))
        for span, head in its.heads.items():
            before, by = heads.setdefault(span, (head, proof))
            if before != head:
                return contradiction(by, proof, notary)
    return _told_twice(said)


def _sentence(span: Span) -> str:
    low, high = span
    if high - low == 1:
        return f"two different stamps of entry {high}, each below a root that the notary sealed"
    if low == 0:
        return f"two different roots over the first {high} entries, both under the notary's seals"
    return f"two different histories of the entries {low + 1} to {high}, both under its seals"


def _told_twice(said: Iterable[tuple[Claims, Proof]]) -> Contradiction | None:
    """Where the stamps that proofs tell of cannot stand in one archive."""
    told = [(number, its, proof) for claim, proof in said for number, its in claim.told]
    told.sort(key=lambda one: one[:2])
    for (number, one, by), (above, other, by_too) in pairwise(told):
        times = f"one of {one.time}, one of {other.time}"
        if number == above and one != other:  # of two stamps in paths, the leaves differ already
            what = f"two different stamps of entry {number}, {times}: `seal {number - 1}` is one"
            return Contradiction(by, by_too, what)
        if number < above and one.time >= other.time:
            what = f"entries {number} and {above}, {times}: the notary's time only ever goes on"
            return Contradiction(by, by_too, what)
    return None


def evidence(found: Contradiction, notary: Notary) -> bytes:
    """What a contradiction shows and its proofs, with the charter: a file to hand around."""
    head = (
        f"The notary of the pit {notary.pit} has signed two histories:\n{found.sentence}.\n"
        f"The pit's id is {notary.id}\n\n"
        "Whoever has the pit's id from elsewhere can check this: pit verify --id ID FILE\n\n"
    )
    other = b"" if found.one == found.other else show(found.other._replace(charter="", keys=()))
    first = found.one._replace(charter=notary.charter, keys=notary.keys)
    return head.encode() + show(first) + other
