"""Compare two archives, mirrors, receipts or witness files; print the proof of two histories.

    $ pit fraud FOLDER FOLDER
    $ pit prove 4 > proof.txt; pit fraud --id ID FOLDER proof.txt

Exit 0 when nothing in them contradicts; 1, and the evidence on stdout, when the notary has signed
two histories: two stamps of one number, or two roots of one size, each below a seal of its own, or
times that do not go on. The evidence needs nothing but the pit's id: `pit verify` checks it
anywhere. What does not hold is named and left aside; then 65, unless the rest is evidence.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from pit.archives.errors import Damaged
from pit.pits.display import safe, show_json
from pit.pits.home import Home, choose_pit, root
from pit.pits.options import add_pit, parser
from pit.pits.proofs import Contradiction, Notary, evidence
from pit.pits.sources import Source, between, held, notary_for, read_source, write_proofs

FOUND = 1


def main(argv: list[str]) -> int:
    """Run `pit fraud`."""
    options = parser("fraud", __doc__)
    add_pit(options)
    options.add_argument("one", metavar="A", help="a folder with an archive, or a file of proofs")
    options.add_argument("other", metavar="B", help="another")
    options.add_argument("--id", default="", help="the pit's id (default: the archives', or noted)")
    options.add_argument("--json", action="store_true")
    args = options.parse_args(argv)
    sources = [read_source(Path(args.one)), read_source(Path(args.other))]
    notary = _notary(sources, args.id, Home(root()), args.pit)
    checked = [held(source, notary) for source in sources]
    wrong = [why for _, problems in checked for why in problems]
    found = between(checked[0][0], checked[1][0], notary)
    if args.json:
        show_json(_row(found, notary, wrong))
    else:
        for why in wrong:
            print(safe(f"pit fraud: does not hold: {why}"), file=sys.stderr)
        if found:
            write_proofs(evidence(found, notary))
        elif not wrong:
            print("nothing here contradicts: what both speak of is one history")
    return FOUND if found else 65 if wrong else 0


def _notary(sources: Sequence[Source], id: str, home: Home, pit: str | None) -> Notary:
    """Whom to judge by, where no id is named: -p's, else of the archives that are compared."""
    ids = {source.copy.id: source for source in sources if source.copy}
    if not id and not pit and len(ids) > 1:
        raise Damaged(
            " and ".join(f"{one.path} (id {its})" for its, one in ids.items())
            + " are archives of two pits; two of one pit are compared"
        )
    if not id and not pit and not ids:
        pit = choose_pit(home, pit)
    return notary_for(sources, id or ("" if pit else next(iter(ids), "")), home, pit or "")


def _row(found: Contradiction | None, notary: Notary, wrong: list[str]) -> dict[str, object]:
    return {
        "contradiction": found.sentence if found else None,
        "evidence": evidence(found, notary).decode("utf-8", "replace") if found else None,
        "wrong": wrong,
    }
