"""Check proofs and receipts: that each holds, and that they are of one history.

    $ pit prove 4 | pit verify -
    $ pit prove 4 | pit verify --id ID -

FILE holds what `pit prove`, `pit fraud` or `pit witness` printed, or a receipt's mail. What is
needed besides is the pit's id: `--id`, or the one noted here of the pit (`-p`). The notary's key is
that of the charter with this id, which stands in the proof or in an archive here. Exit 0 when all
hold and agree, else 65.
"""

from pathlib import Path

from pit.archives.errors import Damaged
from pit.archives.proof import Consistency, Inclusion, Prefix, Proof
from pit.pits.display import safe, show_json
from pit.pits.home import Home, choose_pit, root
from pit.pits.options import add_pit, parser
from pit.pits.proofs import Notary, claims, entry_of, first_contradiction, sealed
from pit.pits.sources import Source, notary_for, read_source


def main(argv: list[str]) -> int:
    """Run `pit verify`."""
    options = parser("verify", __doc__)
    add_pit(options)
    options.add_argument("files", nargs="+", metavar="FILE", help="proofs; `-` is stdin")
    options.add_argument("--id", default="", help="the pit's id (default: the one noted here)")
    options.add_argument("--json", action="store_true")
    args = options.parse_args(argv)
    home = Home(root())
    pit = "" if args.id and args.pit is None else choose_pit(home, args.pit)
    sources = [_source(name) for name in args.files]
    notary = notary_for(sources, args.id, home, pit)
    asked = [(source.path, proof) for source in sources for proof in source.proofs]
    rows = [{"file": str(path), **judge(proof, notary)} for path, proof in asked]
    good = [proof for (_, proof), row in zip(asked, rows, strict=True) if row["holds"]]
    against = first_contradiction(good, notary)
    if args.json:
        show_json({"proofs": rows, "contradiction": against.sentence if against else None})
    else:
        for row in rows:
            verdict = "holds" if row["holds"] else "does not hold"
            print(safe(f"{row['file']}: {verdict}: {row['what']}"))
        if against:
            print(f"two histories: {against.sentence}")
    return 0 if len(good) == len(rows) and not against else 65


def _source(name: str) -> Source:
    found = read_source(Path(name))
    if found.copy:
        raise Damaged(f"{name}: an archive, where a file of proofs is right; pit audit checks it")
    return found


def judge(proof: Proof, notary: Notary) -> dict[str, object]:
    """Whether a proof holds, and what it proves or why it does not."""
    try:
        seal = claims(proof, notary).seal
    except Damaged as error:
        return {"holds": False, "what": str(error)}
    below = f"seal {seal.size} of {seal.pit}, {seal.time}, root {seal.root.hex()}"
    match proof:
        case Inclusion(stamp):
            _, number, told = entry_of(stamp)
            signer = told.signer.split(" ")[0]
            what = f"entry {number} of {signer}, {told.time}, stands below {below}"
        case Consistency(since):
            what = f"seal {sealed(since, notary).size} closes the beginning of {below}"
        case Prefix(size, root_):
            what = f"the first {size} stamps below {below} have the root {root_.hex()}"
        case _:
            what = f"the notary signed {below}"
    return {"holds": True, "what": what}
