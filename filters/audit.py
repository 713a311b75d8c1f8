"""Audit an archive: every signature, stamp, seal and right, then every filter's every report.

    $ pit audit
    $ pit audit FOLDER --id ID --json

FOLDER is a copy of a pit's archive; without it, the archive here. All that is needed besides is the
pit's id. Exit 0 when the archive is what it says it is, 65 with the first entry that is wrong.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pit.archives import mbox
from pit.archives.errors import Damaged, NoInput, PitError
from pit.archives.extent import SEGMENTS, chunks, extent, read_mark
from pit.archives.language import show
from pit.archives.mbox import Entry
from pit.filters import catalog
from pit.filters.instructions import Idle
from pit.filters.lanes import Divergence, Owed
from pit.filters.runner import Run
from pit.filters.verify import Verifier
from pit.pits.display import safe, show_json
from pit.pits.home import Home, choose_pit, load_settings, root
from pit.pits.options import add_pit, parser


@dataclass
class Findings:
    """What an audit found of one filter's reports.

    idle: directives without effect, with their signer. divergences: each with the entry that
    adopted it (0: nobody did). owed: what is owed, by whom, since which time.
    """

    name: str
    standing: int = 0
    idle: list[tuple[str, Idle]] = field(default_factory=list)
    divergences: dict[str, tuple[Divergence, int]] = field(default_factory=dict)
    owed: list[tuple[Owed, str, str]] = field(default_factory=list)


def check_filter(name: str, entries: Iterable[Entry]) -> Findings:
    """Run one filter over an archive and compare every report of its that stands."""
    found = Findings(name)
    run = Run(catalog.make(name), lambda entry, idle: found.idle.append((entry.signer, idle)))
    times: dict[str, str] = {}
    for entry in entries:
        run.feed(entry)
        times[str(entry.number)] = entry.time
        for diverged in run.lanes.diverged.values():
            found.divergences.setdefault(diverged.report, (diverged, 0))
        if run.pit.adopted == entry.number:
            left = {diverged.report for diverged in run.lanes.diverged.values()}
            for report, (diverged, adopted) in found.divergences.items():
                if not adopted and report not in left:
                    found.divergences[report] = (diverged, entry.number)
        text = entry.text
        if f"\nreport {name} " in text:
            lines = text[text.index("\nreport ") + 1 :].split("\n")
            found.standing += sum(line[:1].isalpha() for line in lines) - 1
    for owed, signer in run.owed():
        found.owed.append((owed, signer, times[owed.cause.partition(".")[0]]))
    return found


@dataclass
class Audit:
    """The whole of it: what held, and the first thing that did not (wrong, '' if nothing)."""

    pit: str
    verifier: Verifier
    entries: int = 0
    time: str = ""
    filters: list[Findings] = field(default_factory=list)
    wrong: str = ""

    @property
    def verdict(self) -> str:
        """One sentence."""
        return self.wrong or "the archive is what it says it is"


def audit(pit: str, folder: Path, id: str) -> Audit:
    """Audit the archive in a folder."""
    result = Audit(pit, Verifier(id))
    try:
        for entry in mbox.entries(chunks(folder, pit)):
            result.verifier.step(entry)
            result.entries, result.time = entry.number, entry.time
        _check_end(folder, pit)
    except NoInput:
        raise
    except PitError as error:
        result.wrong = str(error)
        return result
    for name in catalog.names():
        found = check_filter(name, mbox.entries(chunks(folder, pit)))
        result.filters.append(found)
        for diverged, adopted in found.divergences.values():
            if not adopted and not result.wrong:
                result.wrong = _divergence(diverged, result.verifier)
    return result


def _check_end(folder: Path, pit: str) -> None:
    """A copy ends with its last seal: what stands below it is covered by nothing."""
    if read_mark(folder, pit) is None:
        read = dict(extent(folder, pit))
        for path in sorted(folder.glob(SEGMENTS)):
            more = path.stat().st_size - read.get(path, 0)
            if more:
                raise Damaged(
                    f"{path.name}: {more} bytes below the last whole seal; torn or changed there"
                )


def _divergence(found: Divergence, verifier: Verifier) -> str:
    words = verifier.pit.words
    stands, _, _ = show(found.stands, words).partition("\n")
    owed, _, _ = show(found.owed, words).partition("\n") if found.owed else ("nothing", "", "")
    return f"entry {found.report}: `{stands}` stands; owed was `{owed}`"


def as_json(result: Audit) -> dict[str, Any]:
    """The audit as one document."""
    words = result.verifier.pit.words

    def line(directive: Any) -> str:
        return show(directive, words).partition("\n")[0]

    return {
        "pit": result.pit,
        "id": result.verifier.pit.id,
        "entries": result.entries,
        "time": result.time,
        "seals": len(result.verifier.seals),
        "root": result.verifier.seals[-1].root if result.verifier.seals else None,
        "filters": [
            {
                "filter": found.name,
                "directives": found.standing,
                "without_effect": [
                    {
                        "report": idle.ref,
                        "signer": who,
                        "directive": line(idle.directive),
                        "why": idle.why,
                    }
                    for who, idle in found.idle
                ],
                "divergences": [
                    {
                        "report": diverged.report,
                        "stands": line(diverged.stands),
                        "owed": line(diverged.owed) if diverged.owed else None,
                        "adopted": adopted or None,
                    }
                    for diverged, adopted in found.divergences.values()
                ],
                "owed": [
                    {"directive": line(owed.directive), "by": who or None, "since": since}
                    for owed, who, since in found.owed
                ],
            }
            for found in result.filters
        ],
        "wrong": result.wrong or None,
    }


def print_report(result: Audit) -> None:
    """The audit for a person."""
    verifier = result.verifier
    print(f"pit {result.pit}, id {verifier.pit.id or 'unknown'}")
    count = result.entries
    print(f"entries     {count}, each signed by a key enrolled above it and allowed to say it")
    print(f"stamps      {count} in order, each linked to the one before, times increasing")
    if verifier.seals:
        last = verifier.seals[-1]
        print(f"seals       {len(verifier.seals)}; root of 1..{last.entries}: {last.root}")
    for found in as_json(result)["filters"]:
        idle, owed = found["without_effect"], found["owed"]
        print(
            f"{found['filter']:<11} {found['directives']} reported; without effect {len(idle)}, "
            f"divergent {len(found['divergences'])}, owed {len(owed)}"
        )
        for one in idle:
            print(f"  without effect: {one['report']} {safe(one['directive'])}: {safe(one['why'])}")
        for one in found["divergences"]:
            adopted = f"adopted by {one['adopted']}" if one["adopted"] else "not adopted"
            print(
                f"  divergent: {one['report']} {one['stands']}; owed was {one['owed']}; {adopted}"
            )
        for one in owed[:1]:
            by = one["by"] or "nobody"
            print(f"  oldest owed: {safe(one['directive'])}, by {by}, since {one['since']}")
    print(f"verdict     {safe(result.verdict)}")


def main(argv: list[str]) -> int:
    """Audit and say so."""
    options = parser("audit", __doc__)
    add_pit(options)
    options.add_argument("folder", nargs="?", metavar="FOLDER", help="a copy of an archive")
    options.add_argument("--id", default="", help="the pit's id (default: the one noted here)")
    options.add_argument("--json", action="store_true")
    args = options.parse_args(argv)
    home = Home(root())
    if args.folder:
        folder = Path(args.folder)
        pit, known = args.pit or _pit_in(folder), ""
    else:
        pit = choose_pit(home, args.pit)
        folder, known = home.archive(pit), load_settings(home, pit).id
    result = audit(pit, folder, args.id or known)
    if args.json:
        show_json(as_json(result))
    else:
        print_report(result)
    return 65 if result.wrong else 0


def _pit_in(folder: Path) -> str:
    """The name of the pit whose archive a folder holds."""
    for path in sorted(folder.glob("*.mbox"))[:1]:
        with path.open("rb") as file:
            for entry in mbox.read([file.read(1 << 20)]):
                if isinstance(entry, Entry):
                    return entry.pit
    raise NoInput(f"{folder}: no archive is here; name the folder with its *.mbox files")
