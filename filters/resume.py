"""What an audit has verified up to a seal, kept so that the next one need not verify it again.

One JSON document an archive, named by the pit's id, with its own hash beside it, and in it the hash
of all bytes that were verified: the next audit hashes them again, and goes by the document only if
they are the same. It is the auditor's own note, nobody else's; removing it costs time only.
"""

import base64
import json
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from pit.archives.access import make_folder
from pit.archives.disk import io_failure, write_atomic
from pit.archives.errors import Damaged, Denied, IOFailure, PitError
from pit.archives.extent import chunks
from pit.archives.language import parse, parse_directives, show
from pit.archives.mbox import Checkpoint
from pit.archives.merkle import Frontier
from pit.archives.words import CORE
from pit.filters import recall, record, state
from pit.filters.findings import Checks, Findings
from pit.filters.verify import Saw, Seal, Verifier
from pit.pits import dump, rules
from pit.pits.keyring import Signer

FORMAT = 4
_FRESHNESS = re.compile(rb"^rule freshness (\S+)$", re.MULTILINE)


class Kept(NamedTuple):
    """How many of the archive's bytes were verified, and their sha256 in hex."""

    offset: int
    sha256: str


class Reading:
    """The bytes of an archive on their way, hashed, and how far they are shown on a terminal."""

    def __init__(self, folder: Path, pit: str, total: int, progress: bool) -> None:
        self.folder, self.pit, self.total = folder, pit, total
        self.hash = sha256()
        self.offset = 0
        self._bar: Any = None
        if progress and sys.stderr.isatty():
            # Not every audit has a terminal, and it comes without types.
            from tqdm import tqdm  # type: ignore[import-untyped]

            self._bar = tqdm(total=total, unit="B", unit_scale=True, desc="audit", leave=False)

    def chunks(self) -> Iterator[bytes]:
        """From where the reading stands."""
        yield from chunks(self.folder, self.pit, self.offset)

    def passed(self, raw: bytes) -> None:
        """These bytes are done with."""
        self.hash.update(raw)
        self.offset += len(raw)
        if self._bar is not None:
            self._bar.update(len(raw))

    def hashed(self, offset: int) -> str:
        """Pass the first `offset` bytes; their sha256 in hex, '' where there are not so many."""
        for data in self.chunks() if offset <= self.total else ():
            self.passed(data[: offset - self.offset])
            if self.offset == offset:
                return self.hash.hexdigest()
        return ""

    def again(self) -> None:
        """From the first byte on."""
        self.hash, self.offset = sha256(), 0

    def close(self) -> None:
        """Take the bar off the terminal."""
        if self._bar is not None:
            self._bar.close()


def horizon(data: Iterable[bytes]) -> timedelta:
    """The longest `rule freshness` that an archive speaks of: how far back duplicates can reach."""
    longest = rules.default("freshness")
    rest = b""
    for chunk in data:
        joined = rest + chunk
        if b"\nrule freshness " in joined:
            for found in _FRESHNESS.finditer(joined):
                try:
                    value = rules.read("freshness", found[1].decode("ascii", "replace"))
                except ValueError:
                    continue
                longest = max(longest, value)
        rest = joined[-200:]
    return timedelta(seconds=min(longest, 10**10))


class Note:
    """The document at `path` about the archive with an id, whatever program's version wrote it.

    seals: those that an earlier audit found to hold.
    """

    def __init__(self, path: Path, id: str) -> None:
        self.path = path
        try:
            document = _read(path)
            self.seals = [Seal(*seal) for seal in document["seals"] if document["id"] == id]
        except (OSError, ValueError, LookupError, TypeError):
            self.seals = []

    def check(self, verifier: Verifier) -> None:
        """Damaged where an earlier audit found a seal of this pit that has another root here."""
        last = verifier.seals[-1].entries if verifier.seals else 0
        for size, root, time in self.seals:
            if size <= last and verifier.roots.get(size) != root:
                here = verifier.roots.get(size)
                found = f"has the root {here} here" if here else "is not here"
                raise Damaged(
                    f"seal {size} {found}; an earlier audit of this pit ({self.path}) found it of "
                    f"{time} with the root {root}: two histories; compare the two copies, pit fraud"
                )

    def save(self, read: "Reading", verifier: Verifier, folds: Checks) -> None:
        """Keep what was verified, unless an earlier audit has verified more; Damaged as `check`."""
        self.check(verifier)
        if not self.seals or self.seals[-1].entries <= verifier.seals[-1].entries:
            try:
                save(self.path, read.offset, read.hash.hexdigest(), verifier, folds)
            except (IOFailure, Denied) as error:  # of the archive it says nothing
                print(f"pit audit: not noted for the next time: {error}", file=sys.stderr)


def save(path: Path, offset: int, digest: str, verifier: Verifier, folds: Checks) -> None:
    """Write what was verified to a document; IOFailure."""
    pit = verifier.pit
    document = {
        "format": FORMAT,
        "versions": _versions(check.found.name for check in folds.each),
        "offset": offset,
        "sha256": digest,
        "id": pit.id,
        "fold": "".join(show(directive, dump.STATE) for directive in dump.dump(pit)),
        "seal": pit.seal,
        "reports": [[*key, number] for key, number in sorted(pit.reports.items())],
        "enrolled": verifier.enrolled,
        "spans": verifier.spans,
        "tree": [verifier.tree.size, [node.hex() for node in verifier.tree.dump()]],
        "prev": verifier.prev,
        "horizon": int(verifier.seen.horizon.total_seconds()),
        "seen": {
            day: base64.b64encode(b"".join(sorted(keys))).decode()
            for day, keys in sorted(verifier.seen.days.items())
        },
        "seals": verifier.seals,
        "saws": verifier.saws,
        "record": "".join(record.lines(folds.record)),
        "fills": record.dump_fills(folds.record),
        "filters": [
            {"checkpoint": state.dump_own(check.run), "found": asdict(check.found)}
            for check in folds.each
        ],
    }
    data = json.dumps(document, indent=0).encode()
    with io_failure(path):
        make_folder(path.parent)
    write_atomic(path, data)
    write_atomic(_hash(path), f"{sha256(data).hexdigest()}  {path.name}\n".encode())


def load(
    path: Path, id: str, horizon: timedelta, names: Iterable[str]
) -> tuple[Kept, Verifier, Checks] | None:
    """What was kept of the archive with that id, ready to go on; None if nothing is, or fits.

    It does not fit where it was made by another version of the program, for other filters, or where
    duplicates may reach further back now than it remembers.
    """
    try:
        document = _read(path)
        names = list(names)
        right = (FORMAT, _versions(names), id)
        if (document["format"], document["versions"], document["id"]) != right:
            return None
        if document["horizon"] < int(horizon.total_seconds()):
            return None
        verifier = Verifier(id, timedelta(seconds=document["horizon"]))
        folds = Checks(names, verifier.pit)
        _load(document, verifier, folds)
        return Kept(document["offset"], document["sha256"]), verifier, folds
    except (OSError, ValueError, LookupError, TypeError, PitError):
        return None


def _read(path: Path) -> dict[str, Any]:
    """The document, if it is as it was written; OSError, ValueError, LookupError."""
    data = path.read_bytes()
    if _hash(path).read_bytes().split()[0] != sha256(data).hexdigest().encode():
        raise ValueError(f"{path}: its hash is another")
    document: dict[str, Any] = json.loads(data)
    return document


def _hash(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def _versions(names: Iterable[str]) -> list[str]:
    """What the document depends on: the filters, and the program's own code."""
    return [program(), *names]


def program() -> str:
    """A name of this version of the program: the hash of the code that judges."""
    from pit import archives, filters, pits

    digest = sha256()
    for room in (archives, filters, pits):
        for folder in room.__path__:
            for path in sorted(Path(folder).glob("*.py")):
                digest.update(path.read_bytes())
    return digest.hexdigest()


def _load(document: dict[str, Any], verifier: Verifier, folds: Checks) -> None:
    pit = verifier.pit
    dump.load(pit, parse_directives(document["fold"], dump.STATE).directives)
    entries, root = document["seal"]
    pit.seal = (entries, root)
    pit.reports = {(name, signer): number for name, signer, number in document["reports"]}
    verifier.enrolled = [(text, Signer(*by)) for text, by in document["enrolled"]]
    for text, by in verifier.enrolled:
        verifier.keys.step(parse(text, {**CORE, **pit.words}), by)
    verifier.spans = document["spans"]
    size, nodes = document["tree"]
    verifier.tree = Frontier.load(size, [bytes.fromhex(node) for node in nodes])
    verifier.prev = document["prev"]
    for day, keys in document["seen"].items():
        joined = base64.b64decode(keys)
        verifier.seen.days[day] = {joined[at : at + 16] for at in range(0, len(joined), 16)}
    verifier.seals = [Seal(*seal) for seal in document["seals"]]
    verifier.saws = [Saw(*saw) for saw in document["saws"]]
    verifier.roots = {seal.entries: seal.root for seal in verifier.seals}
    recall.load(folds.record, parse_directives(document["record"], record.STATE).directives, pit)
    recall.load_fills(folds.record, document["fills"])
    for check, kept in zip(folds.each, document["filters"], strict=True):
        state.load(check.run, Checkpoint(*kept["checkpoint"]))
        check.run.check_version()
        check.found = Findings(**kept["found"])
