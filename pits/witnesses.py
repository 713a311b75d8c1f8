"""Witnesses in the archive: what they say there, where they publish, which seals they cover."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from pit.archives.entry import OPERATOR
from pit.archives.fields import read_text
from pit.archives.mbox import Entry
from pit.pits.members import GOOD
from pit.pits.state import Pit

__all__ = ["Coverage", "Saw", "coverage", "lines", "places", "saws", "witnesses_of"]

Saw = tuple[int, str, int, str]
"""A `saw N ROOT`: the entry that says so (0: a file of the witness's), who, N, root in hex."""

ROLE = "witness"

_SAW = re.compile(r"^saw ([1-9][0-9]{0,14}) ([0-9a-f]{64})$", re.MULTILINE)
_WITNESS = re.compile(r"^witness ([a-z][a-z0-9-]{0,31}) (\".*\")$", re.MULTILINE)


def saws(entries: Iterable[Entry]) -> list[Saw]:
    """Every `saw` that stands. (A line that begins with a verb is a directive: LANGUAGE.)"""
    return [
        (entry.number, entry.signer, int(size), root)
        for entry in entries
        if "\nsaw " in entry.text
        for size, root in _SAW.findall(entry.text)
    ]


def places(entries: Iterable[Entry]) -> dict[str, str]:
    """Where each witness publishes, by handle: the last `witness` said."""
    return {
        handle: read_text(where)
        for entry in entries
        if "\nwitness " in entry.text and entry.signer == OPERATOR
        for handle, where in _WITNESS.findall(entry.text)
    }


def witnesses_of(pit: Pit) -> list[str]:
    """The members in good standing with the role."""
    found = pit.members.values()
    return sorted(one.handle for one in found if ROLE in one.roles and one.standing == GOOD)


class Coverage(NamedTuple):
    """Which seals have their witnesses.

    wanted: k of the pit's rule. upto: for each witness the size of the last seal that he covers, 0
    for none; he covers all below it, since he asked for the proof between them. seals: how many
    there are; covered: how many have k; size, time: of the newest of these, 0 and '' for none.
    against: `saw`s of what is no seal of this archive, each with the root that it has here, '' for
    none.
    """

    wanted: int
    upto: Mapping[str, int]
    seals: int
    covered: int
    size: int
    time: str
    against: Sequence[tuple[Saw, str]]

    def of(self, size: int) -> list[str]:
        """Who covers the seal of so many entries."""
        return [handle for handle, upto in self.upto.items() if upto >= size]


def coverage(
    seals: Sequence[tuple[int, str, str]], saws: Iterable[Saw], handles: Iterable[str], k: int
) -> Coverage:
    """Which seals (size, root in hex, time; in order) have k of these witnesses.

    Only those count who are witnesses now; against the archive speaks whatever anybody saw. A file
    may be ahead of the archive; an entry is not.
    """
    roots = {size: root for size, root, _ in seals}
    upto = dict.fromkeys(sorted(handles), 0)
    against = []
    end = seals[-1][0] if seals else 0
    for saw in saws:
        entry, handle, size, root = saw
        if not entry and size > end:
            continue
        if roots.get(size) != root:
            against.append((saw, roots.get(size, "")))
        elif handle in upto:
            upto[handle] = max(upto[handle], size)
    furthest = sorted(upto.values(), reverse=True)
    limit = furthest[k - 1] if 0 < k <= len(furthest) else 0
    covered = [seal for seal in seals if not k or seal[0] <= limit]
    size, _, time = covered[-1] if covered else (0, "", "")
    return Coverage(k, upto, len(seals), len(covered), size, time, against)


def lines(found: Coverage) -> list[str]:
    """A coverage as sentences; none where a pit has no witnesses and wants none."""
    said = []
    k, n = found.wanted, len(found.upto)
    if k > n:
        said.append(f"no seal can have {k} witnesses: members in good standing with the role: {n}")
    elif k:
        said.append(
            f"{found.covered} of {found.seals} seals have {k} of {n} witnesses"
            + (f"; the newest is seal {found.size} of {found.time}" if found.size else "")
        )
    for handle, size in found.upto.items():
        said.append(f"{handle} has seen the seals up to {size}" if size else f"{handle} saw none")
    for (entry, handle, size, root), here in found.against:
        here = f"here it has {here}" if here else f"there is no seal {size} here"
        where = f"entry {entry}" if entry else "his file"
        said.append(f"{where}: {handle} saw seal {size} with the root {root}; {here}")
    return said
