"""What people compare: a folder that holds an archive, or a file of proofs, receipts, a witness.

Each is asked for the proofs that it can give against another's.
"""

import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from pit.archives import mbox
from pit.archives.disk import io_failure
from pit.archives.errors import Damaged, NoInput, PitError, UsageError
from pit.archives.extent import chunks, open_segment
from pit.archives.mbox import Entry
from pit.archives.proof import MAX_PROOF, Proof, read_proofs
from pit.archives.segment import list_segments
from pit.pits.copies import Copy, read_copy
from pit.pits.display import safe
from pit.pits.handover import handed_over, in_raw, number_of, passes
from pit.pits.home import Home
from pit.pits.proofs import (
    Contradiction,
    Notary,
    charter_id,
    claims,
    clearest,
    contradiction,
    first_contradiction,
    notary_in,
)
from pit.pits.reading import entries_of, pit_id

__all__ = [
    "Source",
    "between",
    "held",
    "notary_for",
    "passed_here",
    "pit_in",
    "read_file",
    "read_source",
    "write_proofs",
]


class Source(NamedTuple):
    """Where from, and what is there: an archive's copy, or proofs."""

    path: Path
    copy: Copy | None
    proofs: list[Proof]


def pit_in(folder: Path) -> str:
    """The name of the pit whose archive a folder holds; NoInput where there is none."""
    with io_failure(folder):
        for path in list_segments(folder)[:1]:
            with open_segment(path) as file:
                for message in mbox.read([file.read(2 << 20)]):
                    if isinstance(message, Entry):
                        return message.pit
                    break
    raise NoInput(f"{folder}: no archive is here; name the folder with its *.mbox files")


def read_file(path: Path) -> bytes:
    """The bytes of a file of proofs, `-` stdin; NoInput if it is not there, Damaged if too long."""
    with io_failure(path):
        try:
            if str(path) == "-":
                data = sys.stdin.buffer.read(MAX_PROOF + 1)
            else:
                with path.open("rb") as file:
                    data = file.read(MAX_PROOF + 1)
        except FileNotFoundError:
            raise NoInput(f"{path}: there is no such file") from None
    if len(data) > MAX_PROOF:
        raise Damaged(f"{path}: more than {MAX_PROOF} bytes; a file of proofs is shorter")
    return data


def read_source(path: Path) -> Source:
    """Read a folder or a file (`-`: stdin); NoInput, Damaged."""
    if path.is_dir():
        return Source(path, read_copy(path, pit_in(path)), [])
    try:
        return Source(path, None, read_proofs(read_file(path)))
    except Damaged as error:
        raise Damaged(f"{path}: {error}") from None


def notary_for(sources: Iterable[Source], id: str, home: Home, pit: str = "") -> Notary:
    """The notary to judge by: whom the charter enrols that has the pit's id.

    id: 64 hex digits, '' for the one that is noted here of the pit. Any charter in the sources will
    do, or an archive that is here; with it the entries that pass the notary's key on. Damaged where
    none has the id, NoInput where there is none.
    """
    if id and not re.fullmatch("[0-9a-f]{64}", id):
        raise UsageError(f"'{id[:80]}' is not a pit's id; write its 64 hex digits")
    if not id and not pit:
        raise NoInput("which pit's? say its id with --id, or name a pit that is here with -p")
    id = id or pit_id(home, pit)
    found = [*_charters(sources, home, pit)]
    # Of those that hold, the one that knows of the most keys.
    wrong: Damaged | None = None
    for charter, keys in sorted(found, key=lambda one: -len(one[1])):
        try:
            return notary_in(charter, id, keys)
        except Damaged as error:
            if wrong is None or charter_id(charter) == id:
                wrong = error
    if wrong:
        raise wrong
    raise NoInput(
        "there is no charter to take the notary's key from: no `== charter` in a proof, and no "
        f"archive of the pit {id[:16]}… here; ask for the proof with its charter: pit prove"
    )


def _charters(
    sources: Iterable[Source], home: Home, pit: str
) -> Iterator[tuple[str, tuple[bytes, ...]]]:
    """Charters, and with each the entries that pass keys on, as far as they are known there."""
    for source in sources:
        if source.copy:
            yield source.copy.charter, tuple(source.copy.passed)
        told = {number_of(entry): entry for proof in source.proofs for entry in proof.keys}
        keys = tuple(told[number] for number in sorted(told))
        for charter in dict.fromkeys(proof.charter for proof in source.proofs if proof.charter):
            yield charter, keys
    for name in [pit] if pit else home.pits():
        try:
            yield passed_here(home, name)
        except PitError as error:
            if pit and not isinstance(error, NoInput):
                raise


def passed_here(home: Home, pit: str) -> tuple[str, tuple[bytes, ...]]:
    """The charter of an archive here, and the entries that pass keys on; NoInput, Damaged."""
    charter = next(entries_of(home, pit)).text
    if not in_raw(chunks(home.archive(pit), pit)):
        return charter, ()
    found = (entry for entry in entries_of(home, pit) if passes(entry.text))
    return charter, tuple(map(handed_over, found))


def held(source: Source, notary: Notary) -> tuple[Source, list[str]]:
    """A source without the proofs that do not hold, and of each of these why not.

    Damaged where it is another pit's archive, or one whose last seal is not the notary's.
    """
    copy = source.copy
    if copy and copy.id != notary.id:
        raise Damaged(
            f"{source.path}: the archive of another pit, {copy.pit}, id {copy.id}; right would be "
            f"{notary.pit}, id {notary.id}"
        )
    if copy and (problem := _problem(copy.head(), notary)):
        raise Damaged(f"{source.path}: {problem}")
    good, wrong = [], []
    for number, proof in enumerate(source.proofs, 1):
        if problem := _problem(proof, notary):
            which = f"proof {number}: " if len(source.proofs) > 1 else ""
            wrong.append(f"{source.path}: {which}{problem}")
        else:
            good.append(proof)
    return source._replace(proofs=good), wrong


def _problem(proof: Proof, notary: Notary) -> str:
    """Why a proof does not hold; '' where it does."""
    try:
        claims(proof, notary)
    except Damaged as error:
        return str(error)
    return ""


def write_proofs(text: bytes) -> None:
    """Put proofs on stdout as they are; on a terminal, unable to steer it."""
    if sys.stdout.isatty():
        print("\n".join(map(safe, text.decode("utf-8", "replace").removesuffix("\n").split("\n"))))
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(text)
        sys.stdout.flush()


def between(one: Source, other: Source, notary: Notary) -> Contradiction | None:
    """The proof that two sources are of two histories; None where there is none.

    Two archives need not share the size of a seal: each shows its own root of any size. Damaged
    where a seal that would be needed, or a proof, is not the notary's.
    """
    try:
        return next(filter(None, _compared(one, other, notary)), None)
    except Damaged as error:
        raise Damaged(f"{one.path}, {other.path}: {error}") from None


def _compared(one: Source, other: Source, notary: Notary) -> Iterator[Contradiction | None]:
    proofs = [*one.proofs, *other.proofs]
    match [source.copy for source in (one, other) if source.copy]:
        case [first, second]:
            yield _copies(first, second, notary)
        case copies:
            yield from (_against(copy, proof, notary) for copy in copies for proof in proofs)
    yield first_contradiction(proofs, notary)


def _copies(one: Copy, other: Copy, notary: Notary) -> Contradiction | None:
    """The first entry of which two archives have two stamps, with a path in each."""
    shorter, longer = (one, other) if one.size <= other.size else (other, one)
    low, high = 0, shorter.size
    if one.tree.root(high) == other.tree.root(high):  # then one's last seal is the next entry
        head = longer.head() if longer.size == high else longer.inclusion(high + 1)
        return contradiction(shorter.head(), head, notary)
    while high - low > 1:  # roots of `low` agree, of `high` do not
        middle = (low + high) // 2
        if one.tree.root(middle) == other.tree.root(middle):
            low = middle
        else:
            high = middle
    return contradiction(one.inclusion(high), other.inclusion(high), notary)


def _against(copy: Copy, proof: Proof, notary: Notary) -> Contradiction | None:
    """What an archive can show against a proof."""
    said = claims(proof, notary)
    for span in clearest(said.heads, said.told):
        if span[1] <= copy.size and copy.tree.head(*span) != said.heads[span]:
            return contradiction(proof, copy.showing(span), notary)
    for number, told in said.told:
        if number <= copy.size and copy.told(number) != told:
            return contradiction(proof, copy.inclusion(number), notary)
    return contradiction(proof, copy.head(), notary)
