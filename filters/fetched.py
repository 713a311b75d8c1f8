"""The sources of a replica: each fetched beside it, verified, and held against the others."""

import shutil
import sys
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

from pit.archives.access import make_folder
from pit.archives.disk import io_failure, write_atomic
from pit.archives.errors import Damaged, Denied, IOFailure, NoInput, PitError
from pit.archives.segment import list_segments
from pit.filters import replica
from pit.filters.audit import audit
from pit.pits.copies import Copy, read_copy
from pit.pits.display import safe
from pit.pits.proofs import evidence
from pit.pits.sources import Source, between, held, pit_in

DAMAGED, FAILED, MISSING, DENIED = "damaged", "failed", "missing", "denied"
"""Words for a source that does not hold, cannot be stored, is not there, is not for us to read."""


class Fetched(NamedTuple):
    """A source, where it was fetched to, and what is there (None: the word for it, and why).

    agrees: the bytes are those of DST as far as both go. note: what its audit has kept. private: by
    its rules only members read it.
    """

    source: str
    folder: Path
    copy: Copy | None
    word: str = ""
    why: str = ""
    agrees: bool = False
    note: Path | None = None
    private: bool = False


def standing(target: Path, id: str) -> Copy | None:
    """What the replica has; None for nothing."""
    if not list_segments(target):
        return None
    try:
        copy = read_copy(target, pit_in(target))
        held(Source(target, copy, []), copy.notary(id))
    except (IOFailure, Denied):
        raise
    except PitError as error:
        raise Damaged(
            f"{error}; so {target} is no replica of this pit, or was damaged: put it aside, mirror "
            "into a new folder, and let `pit fraud` compare the two"
        ) from None
    return copy


def fetched(
    source: str, folder: Path, target: Path, mine: Copy | None, id: str, note: Path, rsh: str
) -> Fetched:
    """Fetch a source beside the target and verify all of it."""
    if sys.stderr.isatty():
        print(f"pit mirror: {safe(source)}: fetching", file=sys.stderr)
    try:
        replica.fetch(source, folder, target, rsh)
        found = _judged(source, folder, mine, id, note)
        if found.copy is None:  # once more, with nothing lent: it may have changed meanwhile
            replica.fetch(source, folder, target, rsh, lend=False)
            found = _judged(source, folder, mine, id, note)
        return found
    except NoInput as error:
        return Fetched(source, folder, None, MISSING, str(error))
    except Denied as error:
        return Fetched(source, folder, None, DENIED, str(error))
    except IOFailure as error:
        shutil.rmtree(folder, ignore_errors=True)  # what fills the disk shall not stop the others
        return Fetched(source, folder, None, FAILED, str(error))
    except Damaged as error:
        return Fetched(source, folder, None, DAMAGED, str(error))


def _judged(source: str, folder: Path, mine: Copy | None, id: str, note: Path) -> Fetched:
    """What was fetched, verified: what DST agrees with was, up to there, when it was taken."""
    own = folder.with_name(f"{folder.name}.json")
    try:
        pit = pit_in(folder)
        replica.cut(folder, pit)
        replica.check_names(folder, pit)
        copy = read_copy(folder, pit)
        agrees = bool(mine and mine.pit == pit and replica.agree(folder, mine.folder, pit))
        if mine and agrees and len(copy) < len(mine):
            return Fetched(source, folder, copy, agrees=True)
        if agrees:
            copy_note(note, own)
        result = audit(pit, folder, id, keep=own, filters=(), progress=True)
        wrong, private = result.wrong, result.verifier.pit.rule("private") == "yes"
    except (IOFailure, Denied):
        raise
    except PitError as error:
        wrong = str(error)
    if wrong:
        wrong = wrong.replace(f"{folder}/", "").replace(str(folder), source)
        return Fetched(source, folder, None, DAMAGED, wrong)
    return Fetched(source, folder, copy, agrees=agrees, note=own, private=private)


def copy_note(note: Path, to: Path) -> None:
    """Put what an audit has kept in another place as well, unless it is there."""
    for suffix in ("", ".sha256"):
        source, place = (path.with_name(path.name + suffix) for path in (note, to))
        with io_failure(place):
            data = source.read_bytes() if source.exists() else b""
            if data and not (place.exists() and place.read_bytes() == data):
                make_folder(place.parent)
                write_atomic(place, data)


def contradictions(fetched: Sequence[Fetched], mine: Copy | None) -> Mapping[int, bytes]:
    """The evidence against sources, by their place.

    Of another history than DST, or, where it is of the same, than another source that is.
    """
    found = {}
    left = []
    for index, one in enumerate(fetched):
        proof = _evidence(mine, one.copy) if mine and not one.agrees else b""
        if proof:
            found[index] = proof
        elif one.copy:
            left.append((index, one.copy))
    for (first, copy), (second, other) in combinations(left, 2):
        if proof := _evidence(copy, other):
            found.setdefault(first, proof)
            found.setdefault(second, proof)
    return found


def _evidence(one: Copy, other: Copy | None) -> bytes:
    """The proof that two archives are of two histories; b'' where they are not."""
    notary = one.notary()
    there = Source(other.folder, other, []) if other else None
    found = between(Source(one.folder, one, []), there, notary) if there else None
    return evidence(found, notary) if found else b""
