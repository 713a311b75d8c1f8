"""Testimony: the file that a witness keeps, and publishes where the notary cannot reach it.

A head for people, then records that begin with `== saw`: his signed `saw N ROOT`, and the proof
that he had of it, as `archives.proof` has it:

    == saw      clearsigned           == saw          clearsigned
    == charter  the pit's             == since        N and ROOT of the record before
    == seal     the first one seen    == consistency  hashes
                                      == seal         the newer one
"""

import bisect
import re
from collections.abc import Iterable, Sequence
from itertools import zip_longest
from typing import NamedTuple, TypeGuard

from pit.archives.entry import OPERATOR, from_line, read_entry
from pit.archives.errors import Damaged, PitError
from pit.archives.language import parse
from pit.archives.mbox import Entry
from pit.archives.proof import Head, Prefix, Proof, read_proofs, show
from pit.archives.words import CORE
from pit.pits.copies import Copy
from pit.pits.keyring import VERBS, Keyring, Signer
from pit.pits.openpgp import Certificate, read_signature, split, verify
from pit.pits.proofs import Notary, Sealed, check
from pit.pits.signed import signed
from pit.pits.state import Pit
from pit.pits.witnesses import Saw, saws

__all__ = [
    "Record",
    "check_exact",
    "check_said",
    "check_seals",
    "enrolled",
    "first_and_last",
    "heading",
    "hold",
    "read_witness",
    "show_witness",
    "statements",
    "telling",
]


class Record(NamedTuple):
    """A witness's statement, clearsigned, and the proof that goes with it."""

    saw: bytes
    proof: Head | Prefix

    @property
    def size(self) -> int:
        """N of its seal, as the seal's stamp has it."""
        return int(self.proof.seal.split(b"\n", 1)[0].split()[2]) - 1

    @property
    def issuer(self) -> str:
        """The key that the statement says it is signed with, 40 upper hex."""
        block = split(self.saw)
        return read_signature(block.armor, block.hash).issuer

    def text(self) -> bytes:
        """As text."""
        return b"== saw\n" + self.saw + b"\n" + show(self.proof)


def heading(handle: str, pit: str, id: str) -> bytes:
    """What stands above the first record."""
    return (
        f"What {handle} has seen of the archive of the pit {pit}, whose id is\n{id}\n\n"
        "Each record is signed by its witness and holds a seal of the notary's, with the proof that"
        "\nthe archive only grew since the record before. To check this file:\n"
        "pit witness --check FILE --archive FOLDER --id ID\n\n"
    ).encode()


def show_witness(handle: str, pit: str, id: str, records: Iterable[Record]) -> bytes:
    """A whole file; `read_witness` reads its records."""
    return heading(handle, pit, id) + b"".join(record.text() for record in records)


_CUT = re.compile(rb"^== saw\n", re.MULTILINE)


def read_witness(data: bytes) -> list[Record]:
    """The records of a file, in order; Damaged where there is none, or one is none.

    That they are well formed is all that is checked; `hold` does the rest.
    """
    return [_record(number, part) for number, part in enumerate(_parts(data), 1)]


def first_and_last(data: bytes) -> tuple[Record, Record]:
    """Two of the records of a file, all that its owner needs to go on; Damaged."""
    parts = _parts(data)
    return _record(1, parts[0]), _record(len(parts), parts[-1])


def _parts(data: bytes) -> list[bytes]:
    _, *parts = _CUT.split(data.replace(b"\r\n", b"\n"))
    if not parts:
        raise Damaged("no witness's file: there is no line `== saw`")
    return parts


def _record(number: int, part: bytes) -> Record:
    saw, line, rest = part.partition(b"\n== ")
    try:
        proofs = read_proofs(b"== " + rest if line else b"")
        proof = proofs[0]
        if len(proofs) != 1 or not _fits(proof, number):
            right = "`== charter` and `== seal`" if number == 1 else "`== since` with `N ROOT`, …"
            raise Damaged(f"below its statement should stand {right}, and one proof alone")
        record = Record(saw.rstrip(b"\n") + b"\n", proof)
        record.issuer  # noqa: B018 - it must be a signature
    except PitError as error:
        raise Damaged(f"record {number}: {error}") from None
    return record


def _fits(proof: Proof, number: int) -> TypeGuard[Head | Prefix]:
    """The first record has a seal and the charter, the others go on from the one before."""
    if number == 1:
        return isinstance(proof, Head) and bool(proof.charter)
    return isinstance(proof, Prefix) and not proof.charter


def telling(records: Sequence[Record], size: int) -> list[Proof]:
    """What there is to hold against another archive of so many entries.

    One is enough of those that it has grown past, since each goes on from the one before; then the
    first that goes beyond it, and the newest.
    """
    at = bisect.bisect_right([record.size for record in records], size)
    found = [*records[max(at - 1, 0) : at + 1], records[-1]]
    return list(dict.fromkeys(record.proof for record in found))


def hold(records: Sequence[Record], notary: Notary, keys: Keyring) -> list[Sealed]:
    """The seal of each record; Damaged where one does not hold, or does not follow from the last.

    Statements must be of one witness, by any key that he has had, and say what the seal beside them
    says. keys: those that the archive has enrolled.
    """
    witness, _ = _owner(records[0].issuer, keys)
    seals: list[Sealed] = []
    for number, record in enumerate(records, 1):
        try:
            seal = check(record.proof, notary)
            _check_seal(record.proof.seal, seal)
            handle, certificate = _owner(record.issuer, keys)
            if handle != witness:
                raise Damaged(f"its statement is {handle}'s; the first one is {witness}'s")
            _check_statement(record.saw, seal, certificate)
            if seals:
                _check_next(record.proof, seals[-1], seal)
        except PitError as error:
            raise Damaged(f"record {number}: {error}") from None
        seals.append(seal)
    return seals


def statements(data: bytes, notary: Notary, keys: Keyring) -> list[Saw]:
    """What a file says that a witness has seen, each with entry 0; Damaged where it does not hold.

    keys: those that the archive has enrolled.
    """
    records = read_witness(data)
    handle, _ = _owner(records[0].issuer, keys)
    return [(0, handle, seal.size, seal.root.hex()) for seal in hold(records, notary, keys)]


def _owner(issuer: str, keys: Keyring) -> tuple[str, Certificate]:
    """Whose statement it is, by the key that signed it; Damaged where it is nobody's."""
    found = keys.by_key(issuer)
    if found is None:
        raise Damaged(f"it is signed with the key {issuer}, of nobody in this archive")
    return found


def _check_seal(entry: bytes, seal: Sealed) -> None:
    """The seal stands there as it does in an archive, as far as it can tell by itself."""
    stamp, _ = read_entry(from_line(seal.pit, seal.size + 1, seal.time) + entry + b"\n")
    if (stamp.pit, stamp.number, stamp.time) != (seal.pit, seal.size + 1, seal.time):
        raise Damaged(f"the stamp of seal {seal.size} is of entry {stamp.number}, {stamp.time}")


def _check_statement(saw: bytes, seal: Sealed, witness: Certificate) -> None:
    block = split(saw)
    verify(block.text, read_signature(block.armor, block.hash), witness)
    text = parse(block.text.decode("utf-8", "surrogateescape"), CORE)
    known = (seal.size, seal.root.hex())
    said = [(one.verb, *one.args) for one in text.directives]
    if (text.pit, text.after, said) != (seal.pit, known, [("saw", *known)]):
        raise Damaged(
            f"its statement is not `saw {known[0]} {known[1]}` of the pit {seal.pit}, after the "
            "same, as the seal beside it is"
        )


def _check_next(proof: Head | Prefix, before: Sealed, seal: Sealed) -> None:
    if not isinstance(proof, Prefix) or (proof.size, proof.root) != (before.size, before.root):
        raise Damaged(f"it does not go on from seal {before.size}, which the record before saw")
    if seal.pit != before.pit or seal.time <= before.time:
        raise Damaged(
            f"its seal is of {seal.pit} and {seal.time}; the record before saw one of {before.pit} "
            f"and {before.time}"
        )


def check_exact(data: bytes, right: bytes) -> None:
    """Damaged unless in a file stands what its records say, and nothing else.

    right: what `show_witness` makes of them.
    """
    if data == right:
        return
    pairs = enumerate(zip_longest(data.split(b"\n"), right.split(b"\n")), 1)
    line, (found, wanted) = next((number, pair) for number, pair in pairs if pair[0] != pair[1])
    raise Damaged(f"line {line}: {_quoted(found)} stands there; right would be {_quoted(wanted)}")


def _quoted(line: bytes | None) -> str:
    return "nothing" if line is None else repr(line[:60].decode("utf-8", "replace"))


def check_seals(records: Sequence[Record], copy: Copy) -> None:
    """Damaged unless charter and seals are those of an archive, as far as it goes."""
    if records[0].proof.charter != copy.charter:
        raise Damaged("record 1: its charter is not the pit's")
    stand = frozenset(copy.sizes)
    for number, record in enumerate(records, 1):
        size = record.size
        if size > copy.size:
            return
        if size not in stand or copy.seal(size) != record.proof.seal:
            raise Damaged(f"record {number}: its seal {size} is not the one that stands")


def check_said(records: Sequence[Record], stand: Sequence[Entry]) -> list[int]:
    """The sizes that a witness saw by what stands in the archive, but not by his file.

    stand: his entries that say `saw`. Damaged where a statement of the file stands there with other
    bytes.
    """
    mailed: dict[str, list[bytes]] = {}
    for entry in stand:
        body = read_entry(entry.raw)[1].partition(b"\n\n")[2]
        mailed.setdefault(entry.text, []).append(body.rstrip(b"\n") + b"\n")
    for number, record in enumerate(records, 1):
        bodies = mailed.pop(split(record.saw).text.decode(), None)
        if bodies and record.saw not in bodies:
            raise Damaged(f"record {number}: its statement stands in the archive in other bytes")
    lacking = [entry for entry in stand if entry.text in mailed]
    return sorted({size for _, _, size, _ in saws(lacking)})


def enrolled(entries: Iterable[Entry], issuer: str) -> tuple[str, Keyring]:
    """Whose key, or subkey, this is (40 upper hex), and all keys as they were enrolled.

    What enrolled the keys of this handle, and of the operator, must be signed as it says. Damaged
    where it is not, or the key is nobody's.
    """
    fold, keys, said = Pit(), Keyring(), list[tuple[Entry, Certificate, set[str]]]()
    for entry in entries:
        number, text = entry.number, entry.text
        if number > 1 and not _ENROLS(text):
            continue
        try:
            parsed = parse(text, fold.words)
            by = Signer(entry.signer, entry.fingerprint, number, entry.time)
            cert = keys.take(parsed, by)
        except PitError as error:
            raise Damaged(f"entry {number}: {error}") from None
        fold.step(number, entry.time, entry.signer, parsed)
        fold.settle()
        named = {str(one.args[0]) for one in parsed.directives if one.verb in VERBS}
        said.append((entry, cert, named))
    handle, _ = _owner(issuer, keys)
    for entry, cert, named in said[1:]:  # the charter has the pit's id
        if named & {handle, OPERATOR}:
            what = "admits" if "\nadmit " in entry.text else "enrols a key of"
            try:
                _signed(entry, cert)
            except PitError as error:
                raise Damaged(f"entry {entry.number}: it {what} {handle}, but: {error}") from None
    return handle, keys


_ENROLS = re.compile("^(?:admit|rekey|confirm|revoke-key|rule words) ", re.MULTILINE).search


def _signed(entry: Entry, certificate: Certificate) -> None:
    """PitError unless the owner of a certificate signed the entry."""
    block = signed(read_entry(entry.raw)[1])
    if block.text != entry.text.encode():
        raise Damaged("its text is not the one that was signed")
    verify(block.text, read_signature(block.armor, block.hash), certificate, block.octets)
