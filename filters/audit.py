"""Audit an archive: every signature, stamp, seal and right, then every filter's every report.

    $ pit audit
    $ pit audit FOLDER --id ID --json
    $ pit audit --full --second-opinion 25%

FOLDER is a copy of a pit's archive; without it, the archive here. All that is needed besides is the
pit's id. Signatures are verified on all cores. What was verified up to a seal is kept, and next
time only hashed again (--full: verified again, too). Exit 0 when the archive is what it says it is,
65 with the first entry that is wrong.
"""

import gc
import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from pit.archives import mbox
from pit.archives.errors import Damaged, PitError
from pit.archives.extent import chunks, extent, leftover
from pit.filters import catalog, report, resume
from pit.filters.cores import Bench, Chunk, Cores, Here
from pit.filters.findings import Check, Checks
from pit.filters.opinion import Opinion, Sample
from pit.filters.verify import Saw, Verifier
from pit.pits.display import show_json
from pit.pits.home import Home, choose_pit, load_settings, root
from pit.pits.options import add_pit, parser
from pit.pits.sources import pit_in

EPOCH = 192
"""Chunks after which the processes are replaced (Sequoia remembers every signature) and what was
verified is kept."""

SMALL = 2 << 20
"""An archive up to this many bytes is examined in this process."""


@dataclass
class Audit:
    """The whole of it: what held, and the first thing that did not (wrong, '' if nothing).

    entries: how many hold, from the first on; resumed: those of them that an earlier audit verified
    and that were hashed only. checks: none where the archive itself is wrong. opinion: GnuPG's.
    since: the times of the entries that reports are owed for. seen: what files of witnesses say.
    """

    pit: str
    verifier: Verifier
    folds: Checks
    entries: int = 0
    time: str = ""
    resumed: int = 0
    wrong: str = ""
    opinion: Opinion | None = None
    since: dict[str, str] = field(default_factory=dict)
    seen: list[Saw] = field(default_factory=list)

    @property
    def checks(self) -> list[Check]:
        """What was found of each filter; none where the archive itself is wrong."""
        return self.folds.each

    @property
    def verdict(self) -> str:
        """One sentence."""
        return self.wrong or "the archive is what it says it is"


def audit(
    pit: str,
    folder: Path,
    id: str,
    *,
    jobs: int = 0,
    keep: Path | None = None,
    full: bool = False,
    sample: Sample | None = None,
    filters: Iterable[str] | None = None,
    files: Sequence[Path] = (),
    progress: bool = False,
) -> Audit:
    """Audit the archive in a folder.

    jobs: processes, 0 for one a core. keep: where what was verified is kept for the next time;
    full: do not go by it. sample: what to ask GnuPG too. filters: those whose reports are compared
    (all that are installed). files: of witnesses, or proofs, that must be of this history.
    """
    names = catalog.names() if filters is None else filters
    verifier = Verifier(id)
    result = Audit(pit, verifier, Checks(names, verifier.pit))
    try:
        total = sum(size for _, size in extent(folder, pit))
        result.verifier.seen.horizon = resume.horizon(chunks(folder, pit))
        jobs = jobs or len(os.sched_getaffinity(0))
        cores: Here | Cores = Here() if total <= SMALL else Cores(jobs)
        read = resume.Reading(folder, pit, total, progress)
        note = resume.Note(keep, id) if keep else None
        try:
            if note and not full:
                _resume(result, note, read)
            bench = Bench(cores, 2 * jobs)
            try:
                _examine(result, read, bench, cores, note, sample)
            finally:
                result.entries = max(result.entries, bench.good)
            if more := leftover(folder, pit):
                raise Damaged(more)
        finally:
            cores.close()
            read.close()
        if sample:
            result.opinion = sample.opinion()
            result.wrong = result.opinion.wrong
        if files and not result.wrong:
            _compare(result, folder, files)
    except PitError as error:
        if error.status != Damaged.status:  # a broken disk, an unknown version of the rules
            raise
        result.wrong = str(error)
        result.folds.each.clear()
    if not result.wrong:
        result.wrong = next(_unadopted(result.checks), "")
    _look_up(result, folder)
    return result


def _resume(result: Audit, note: resume.Note, read: resume.Reading) -> None:
    """Go on from what an earlier audit kept, if the bytes that it verified are still the same."""
    names = [check.found.name for check in result.checks]
    found = resume.load(note.path, result.verifier.id, result.verifier.seen.horizon, names)
    if found is None:
        return
    kept, verifier, folds = found
    if read.hashed(kept.offset) == kept.sha256:
        result.verifier, result.folds = verifier, folds
        result.resumed = result.entries = verifier.pit.entry
        result.time = verifier.pit.time
        return
    if kept.offset > read.total:
        what = f"an earlier audit verified {kept.offset} bytes; this copy has {read.total}"
    else:
        what = f"the {kept.offset} bytes that an earlier audit verified were others"
    print(f"pit audit: {note.path}: {what}; everything is verified again", file=sys.stderr)
    read.again()


def _examine(
    result: Audit,
    read: resume.Reading,
    bench: Bench,
    cores: "Here | Cores",
    note: resume.Note | None,
    sample: Sample | None,
) -> None:
    """Fold the entries in order, and have their bytes examined, a few chunks behind."""
    verifier, folds = result.verifier, result.folds
    chunk = Chunk()
    kept_at = read.offset
    try:
        for entry, ahead in verifier.read(mbox.entries(read.chunks())):
            text, cert = verifier.step(entry, ahead)
            result.time = entry.time
            if not chunk.takes(cert):
                bench.put(chunk)
                chunk = Chunk()
                chunk.takes(cert)
            chunk.add(entry)
            if sample:
                sample.take(entry, cert)
            folds.step(entry, text)
            folds.settle()
            read.passed(entry.raw)
            sealed = verifier.seals and verifier.seals[-1].entries == entry.number - 1
            if sealed and bench.count >= EPOCH:
                bench.put(chunk)
                chunk = Chunk()
                bench.drain()
                bench.count = 0
                cores.renew()
                if note:
                    note.save(read, verifier, folds)
                    kept_at = read.offset
    except Damaged:
        bench.put(chunk)  # an entry above may be wrong, too
        bench.drain()
        raise
    bench.put(chunk)
    bench.drain()
    if note:
        note.check(verifier)
        if read.offset > kept_at and not next(_unadopted(folds.each), ""):
            note.save(read, verifier, folds)


def _unadopted(checks: Iterable[Check]) -> Iterator[str]:
    """Divergences that nobody adopted, as sentences."""
    for check in checks:
        for row in check.found.divergences.values():
            if row["adopted"] is None:
                owed = row["owed"] or "nothing"
                yield f"entry {row['report']}: `{row['stands']}` stands; owed was `{owed}`"


def _compare(result: Audit, folder: Path, files: Sequence[Path]) -> None:
    """Hold the archive against what others keep of it; what witnesses saw counts as said."""
    from pit.pits.copies import read_copy
    from pit.pits.sources import Source, between, read_file, read_source
    from pit.pits.testimony import statements

    copy = read_copy(folder, result.pit)
    notary = copy.notary(result.verifier.id)
    for path in files:
        source = read_source(path)
        found = between(Source(folder, copy, []), source, notary)
        if found:
            raise Damaged(f"{path}: {found.sentence}; `pit fraud` prints the proof")
        data = read_file(path)
        if b"\n== saw\n" in data:
            try:
                result.seen += [Saw(*saw) for saw in statements(data, notary, result.verifier.keys)]
            except Damaged as error:
                raise Damaged(f"{path}: {error}") from None


def _look_up(result: Audit, folder: Path) -> None:
    """The times of the entries that reports are owed for, as far as they can be read."""
    from pit.archives.offsets import raw_entry

    for check in result.checks:
        for _, _, cause in check.owed():
            number = cause.partition(".")[0]
            if number not in result.since:
                with suppress(PitError):  # what is damaged there, the verdict says
                    (entry,) = mbox.entries([raw_entry(folder, result.pit, int(number))])
                    result.since[number] = entry.time


def main(argv: list[str]) -> int:
    """Audit and say so."""
    options = parser("audit", __doc__)
    add_pit(options)
    options.add_argument("folder", nargs="?", metavar="FOLDER", help="a copy of an archive")
    options.add_argument("--id", default="", help="the pit's id (default: the one noted here)")
    options.add_argument("--full", action="store_true", help="verify everything again")
    options.add_argument(
        "--second-opinion",
        metavar="SHARE",
        help="ask GnuPG too: `all`, a share such as `5%%`, or how many entries",
    )
    options.add_argument(
        "--witness",
        metavar="FILE",
        action="append",
        default=[],
        help="a witness's file, or proofs: they must be of this history (more than once)",
    )
    options.add_argument("--jobs", type=int, default=0, metavar="N", help="processes (all cores)")
    options.add_argument("--json", action="store_true")
    args = options.parse_args(argv)
    home = Home(root())
    if args.folder:
        folder = Path(args.folder)
        pit, known = args.pit or pit_in(folder), ""
    else:
        pit = choose_pit(home, args.pit)
        folder, known = home.archive(pit), "" if args.id else load_settings(home, pit).id
    id = args.id or known
    sample = Sample.parse(args.second_opinion) if args.second_opinion else None
    gc.disable()  # as in `stream`
    try:
        result = audit(
            pit,
            folder,
            id,
            jobs=max(0, args.jobs),
            keep=home.audits() / f"{id}.json" if re.fullmatch("[0-9a-f]{64}", id) else None,
            full=args.full,
            sample=sample,
            files=[Path(name) for name in args.witness],
            progress=True,
        )
    finally:
        if sample:
            sample.close()
    if args.json:
        show_json(report.as_json(result))
    else:
        report.print_report(result)
    gc.freeze()  # else Python would look through all of it for garbage as it ends
    return 65 if result.wrong else 0
