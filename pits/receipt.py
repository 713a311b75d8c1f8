"""Check receipts against an archive: was the promise kept that an entry stands?

    $ pit prove 4 > receipt.txt; pit receipt check receipt.txt
    $ pit prove 4 > receipt.txt; pit receipt check receipt.txt --archive FOLDER --id ID

FILE is a receipt's mail, or what is kept of it in wallets/HANDLE/receipts. *Kept*: the archive has
the entry as the receipt says. *Broken*: it has another history; the evidence follows, two proofs
under the notary's own seals, and goes into FILE.evidence as well. *Open*: this copy ends above it.
Exit 0 when all are kept, 1 when one is broken, 66 when one is open, 65 when one is no receipt.
"""

import sys
from pathlib import Path
from typing import Any, NamedTuple

from pit.archives.disk import write_atomic
from pit.archives.errors import Damaged, IOFailure
from pit.archives.proof import Inclusion
from pit.pits.copies import read_copy
from pit.pits.display import safe, show_json
from pit.pits.fraud import FOUND
from pit.pits.home import Home, choose_pit, root
from pit.pits.options import add_pit, parser
from pit.pits.proofs import Notary, entry_of, evidence
from pit.pits.sources import Source, between, held, notary_for, pit_in, read_source, write_proofs

KEPT, BROKEN, OPEN, NONE = "kept", "broken", "open", "no receipt"
_STATUS = {KEPT: 0, OPEN: 66, NONE: 65, BROKEN: FOUND}  # the gravest last


class Judged(NamedTuple):
    """What became of a receipt's promise: a word of the four, a sentence, evidence if broken."""

    verdict: str
    why: str
    evidence: bytes = b""


def main(argv: list[str]) -> int:
    """Run `pit receipt`."""
    options = parser("receipt", __doc__)
    add_pit(options)
    options.add_argument("action", choices=["check"], help="the only one so far")
    options.add_argument("files", nargs="+", metavar="FILE", help="a receipt")
    options.add_argument("--archive", metavar="FOLDER", help="a copy of the archive")
    options.add_argument("--id", default="", help="the pit's id (default: the one noted here)")
    options.add_argument("--json", action="store_true")
    args = options.parse_args(argv)
    home = Home(root())
    pit = (args.pit or "") if args.id and args.archive else choose_pit(home, args.pit)
    folder = Path(args.archive) if args.archive else home.archive(pit)
    archive = Source(folder, read_copy(folder, pit or pit_in(folder)), [])
    notary = notary_for([archive], args.id, home, pit)
    held(archive, notary)
    rows = [(path, judge(path, archive, notary)) for path in map(Path, args.files)]
    unkept = [error for error in (_keep(path, judged) for path, judged in rows) if error]
    if args.json:
        show_json([_row(path, judged) for path, judged in rows])
    else:
        for path, judged in rows:
            print(safe(f"{path}: {judged.verdict}: {judged.why}"))
            if judged.evidence:
                write_proofs(judged.evidence)
    if unkept:
        raise unkept[0]
    return max((_STATUS[judged.verdict] for _, judged in rows), key=[*_STATUS.values()].index)


def _keep(path: Path, judged: Judged) -> IOFailure | None:
    """Put evidence beside the receipt; what hinders that, which does not hinder the verdict."""
    if judged.evidence and str(path) != "-":
        kept = path.with_name(f"{path.name}.evidence")
        try:
            write_atomic(kept, judged.evidence)
        except IOFailure as error:
            return error
        print(safe(f"pit receipt: the evidence is kept: {kept}"), file=sys.stderr)
    return None


def _row(path: Path, judged: Judged) -> dict[str, Any]:
    text = judged.evidence.decode("utf-8", "replace") or None
    return {"file": str(path), "verdict": judged.verdict, "why": judged.why, "evidence": text}


def judge(path: Path, archive: Source, notary: Notary) -> Judged:
    """Whether an archive keeps what the receipt in a file promises; NoInput if there is no file."""
    copy = archive.copy
    assert copy is not None
    try:
        source = read_source(path)
    except Damaged as error:
        return Judged(NONE, str(error))
    if source.copy or len(source.proofs) != 1 or not isinstance(source.proofs[0], Inclusion):
        return Judged(NONE, "one `== stamp`, `== path`, `== seal` is right, and nothing else")
    _, wrong = held(source, notary)
    if wrong:
        return Judged(NONE, wrong[0].removeprefix(f"{path}: "))
    found = between(archive, source, notary)
    if found:
        return Judged(BROKEN, found.sentence, evidence(found, notary))
    _, number, told = entry_of(source.proofs[0].stamp)
    if number > copy.size:
        last = copy.told(copy.size + 1).time
        why = f"entry {number} is of {told.time}; this copy ends with seal {copy.size} of {last}"
        return Judged(OPEN, f"{why}: get a newer one")
    return Judged(KEPT, f"entry {number} stands in {copy.folder} as the receipt says")
