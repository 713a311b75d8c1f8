"""Print a proof that entry N stands, or that the archive only grew since an older seal.

    $ pit prove 4
    $ pit prove 4 > proof.txt; pit verify proof.txt
    $ pit prove --json 4

With `--since M`: that seal N closes an archive whose beginning is what seal M closed (both sizes of
seals; N may be `last`). Whoever knows the pit's id can check the proof with `pit verify`, or with
sha256sum and gpg alone, as docs/how-to/check-proof.sh does.
"""

import re

from pit.archives.errors import UsageError
from pit.archives.proof import Consistency, Inclusion, show
from pit.pits.copies import read_copy
from pit.pits.display import show_json
from pit.pits.options import add_pit, parser
from pit.pits.proofs import Notary, Sealed, check, entry_of, sealed
from pit.pits.reading import named_archive
from pit.pits.sources import write_proofs


def main(argv: list[str]) -> int:
    """Run `pit prove`."""
    options = parser("prove", __doc__)
    add_pit(options)
    options.add_argument("number", metavar="N", help="an entry; with --since, the size of a seal")
    options.add_argument("--since", metavar="M", help="the size of the older seal")
    options.add_argument("--archive", metavar="FOLDER", help="a copy of the archive")
    options.add_argument("--json", action="store_true", help="the same as JSON")
    args = options.parse_args(argv)
    wanted = 0 if args.since and args.number == "last" else number(args.number)
    since = number(args.since) if args.since is not None else 0
    copy = read_copy(*named_archive(args.pit, args.archive))
    proof = copy.consistency(since, wanted) if since else copy.inclusion(wanted)
    notary = copy.notary()
    seal = check(proof, notary)
    if args.json:
        show_json(as_json(proof, seal, notary))
    else:
        write_proofs(preamble(proof, seal, notary).encode() + show(proof))
    return 0


def number(text: str) -> int:
    """The number of an entry or the size of a seal; UsageError."""
    if not re.fullmatch("[1-9][0-9]{0,14}", text):
        raise UsageError(f"'{text[:80]}' is not the number of an entry or seal; write 1042")
    return int(text)


def preamble(proof: Inclusion | Consistency, seal: Sealed, notary: Notary) -> str:
    """What a proof says, for a person; nothing of it is asked when the proof is checked."""
    if isinstance(proof, Inclusion):
        what = f"entry {entry_of(proof.stamp)[1]} stands below seal {seal.size}"
    else:
        what = (
            f"what seal {sealed(proof.since, notary).size} closes begins what seal {seal.size} does"
        )
    return (
        f"In the pit {notary.pit}, {what}.\n"
        f"The pit's id is {notary.id}\n\n"
        "To check this: pit verify --id ID FILE\n\n"
    )


def as_json(proof: Inclusion | Consistency, seal: Sealed, notary: Notary) -> dict[str, object]:
    """The same as one document; hashes in hex."""
    shown: dict[str, object] = {"pit": notary.pit, "id": notary.id}
    if isinstance(proof, Inclusion):
        shown["entry"] = entry_of(proof.stamp)[1]
        shown["stamp"] = proof.stamp.decode()
        shown["path"] = [[side, sibling.hex()] for side, sibling in proof.path]
    else:
        shown["since"] = sealed(proof.since, notary).size
        shown["since_seal"] = proof.since.decode("utf-8", "replace")
        shown["consistency"] = [node.hex() for node in proof.nodes]
    shown |= {"size": seal.size, "root": seal.root.hex()}
    return shown | {"seal": proof.seal.decode("utf-8", "replace"), "charter": proof.charter}
