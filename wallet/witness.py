"""Witness a pit: see its newest seal, demand the proof that nothing below it changed, sign that.

    $ pit witness --as alice
    $ pit witness --as alice --publish alice.txt; pit witness --check alice.txt --archive FOLDER

SOURCE is a folder with a copy of the archive, best one that did not come from the notary; without
it, the archive here. What was seen is kept in wallets/HANDLE/witness/PIT.txt, signed, and a copy of
that file belongs where the notary cannot reach it: --publish PATH says so the first time, the pit's
`witness HANDLE "PATH"` from then on. The statement `saw N ROOT` is mailed to the pit as well.

An archive that ends before what was seen is refused (65). If it has another history under the
notary's seals, the evidence is printed and kept beside the file as PIT.evidence.N.txt (1).

The first time the pit's id is needed: --id, or the one noted here. Take it from the members, not
from whoever hands you the archive.

--check FILE: whether somebody's file holds: his signatures, the proofs from record to record, and
that the archive (--archive FOLDER, or the one here) is of the same history. 0, 65, or 1 and the
evidence.
"""

import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

from pit.archives import mbox
from pit.archives.entry import STAMP
from pit.archives.errors import Damaged, NoInput, UsageError
from pit.archives.extent import chunks
from pit.archives.proof import Head, Prefix, Proof
from pit.pits.copies import Copy, read_copy
from pit.pits.display import safe, show_json
from pit.pits.fraud import FOUND
from pit.pits.handover import number_of
from pit.pits.home import Home, Settings, choose_handle, choose_pit, root
from pit.pits.identity import identity_of
from pit.pits.options import add_as, add_pit, parser
from pit.pits.proofs import Contradiction, Notary, Sealed, check, evidence
from pit.pits.sources import Source, between, pit_in, read_file, write_proofs
from pit.pits.testimony import (
    check_exact,
    check_said,
    check_seals,
    enrolled,
    hold,
    read_witness,
    show_witness,
    telling,
)
from pit.pits.witnesses import places
from pit.wallet.seen import Desk, Seen, keep_evidence, published, settings_of, where_to


def main(argv: list[str]) -> int:
    """Run `pit witness`."""
    options = parser("witness", __doc__)
    options.add_argument("source", nargs="?", metavar="SOURCE", help="a copy of the archive")
    add_pit(options)
    add_as(options)
    options.add_argument("--id", default="", help="the pit's id (default: the one noted here)")
    options.add_argument("--publish", metavar="PATH", help="keep a copy of the file there")
    options.add_argument("--no-mail", action="store_true", help="sign, and leave it to you to mail")
    options.add_argument("--check", metavar="FILE", help="check a witness's file instead")
    options.add_argument("--archive", metavar="FOLDER", help="the copy to check it by")
    options.add_argument("--json", action="store_true")
    args = options.parse_args(argv)
    home = Home(root())
    if args.check is not None:
        if args.source or args.publish or args.no_mail:
            raise UsageError("--check FILE goes with --archive FOLDER, --id, --as and --json alone")
        return _check(args, home)
    if args.archive:
        raise UsageError("--archive FOLDER goes with --check; write pit witness FOLDER")
    folder, pit = _place(args.source, args.pit, home)
    me = identity_of(home, choose_handle(home, args.handle))
    desk = Desk(home, me, pit, settings_of(home, pit))
    copy = read_copy(folder, pit)
    with desk.alone():
        return _witness(args, desk, copy)


def _place(named: str | None, pit: str | None, home: Home) -> tuple[Path, str]:
    """The archive's folder, and the name of its pit."""
    if named is None:
        chosen = choose_pit(home, pit)
        return home.archive(chosen), chosen
    return Path(named), pit or pit_in(Path(named))


def _evidence(sentence: str, shown: bytes, json: bool, row: dict[str, Any]) -> int:
    """Show what the notary has signed twice."""
    if json:
        show_json({**row, "contradiction": sentence, "evidence": shown.decode("utf-8", "replace")})
    else:
        write_proofs(shown)
    return FOUND


# --- seeing and signing -------------------------------------------------------------------------


def _witness(args: Namespace, desk: Desk, copy: Copy) -> int:
    seen = desk.load()
    spooled = desk.settings is not None and not args.no_mail
    mails = [desk.send(seen, spooled=spooled)]  # a run that was killed may have left it
    id = _id(args.id, desk, seen, copy)
    notary = copy.notary(id)
    row: dict[str, Any] = {"pit": desk.pit, "id": id, "witness": desk.handle}
    row["file"] = str(desk.file)
    found = _compare(desk, seen, copy, notary)
    if found:
        shown = evidence(found, notary)
        row["kept"] = str(keep_evidence(desk.file, shown))
        print(safe(f"two histories; the evidence is kept as {row['kept']}"), file=sys.stderr)
        return _evidence(found.sentence, shown, args.json, row)
    seal = _seal(copy, notary)
    said = "" if args.publish else _said(copy, desk.handle)
    target, advice = where_to(desk, seen, args.publish, said)
    before = seen.last.size if seen else 0
    if seen is None or seal.size > before:
        proof = _proof(copy, seen, notary)
        seen = desk.add(seen, id, desk.sign(seal), proof)
        mails.append(desk.send(seen, spooled=spooled))
    fresh = target is not None and published(target, seen.data)
    row |= {
        "seal": seal.size,
        "root": seal.root.hex(),
        "time": seal.time,
        "before": before,
        "published": str(target) if target else None,
        "mails": [str(path) for path in mails if path],
    }
    if args.json:
        show_json({**row, "contradiction": None, "evidence": None})
    else:
        _tell(row, fresh)
    sent = f"sent to {desk.pit}" if spooled else f"mail it to {desk.address(seen.charter)}"
    notes = [f"{sent} as {desk.handle}; kept in sent/ as {path.name}" for path in mails if path]
    for note in [*notes, advice if seal.size > before else ""]:
        if note:
            print(safe(note), file=sys.stderr)
    return 0


def _tell(row: dict[str, Any], fresh: bool) -> None:
    seal, before = f"seal {row['seal']} of {row['pit']}, {row['time']}", row["before"]
    if row["seal"] == before:
        print(f"nothing new: {seal}, was seen before")
    else:
        since = f"it extends seal {before}" if before else "the first one seen"
        print(f"saw {seal}: {since}\nroot {row['root']}")
    if fresh:
        print(f"published as {safe(row['published'])}")


def _id(named: str, desk: Desk, seen: Seen | None, copy: Copy) -> str:
    """The id that the archive must have: of what was seen first, else the one that is given."""
    known = seen.id if seen else named or _noted(desk.settings, desk.pit)
    if named and named != known:
        raise Damaged(f"{desk.file}: what was seen is of the pit with the id {known}; not {named}")
    if copy.id != known:
        raise Damaged(f"{copy.folder}: another pit, with the id {copy.id}; {known} is to be seen")
    return known


def _noted(settings: Settings | None, pit: str) -> str:
    """The id that is noted here of a pit; NoInput."""
    if settings is None or not settings.id:
        raise NoInput(f"which {pit}? say the pit's id: --id, 64 digits, which its members know")
    return settings.id


def _seal(copy: Copy, notary: Notary) -> Sealed:
    """The last seal of an archive; Damaged where the notary has not signed it."""
    try:
        return check(copy.head(), notary)
    except Damaged as error:
        raise Damaged(f"{copy.folder}: seal {copy.size}: {error}") from None


def _compare(desk: Desk, seen: Seen | None, copy: Copy, notary: Notary) -> Contradiction | None:
    """The proof that an archive is not of the history that was seen; None where it goes on from it.

    Damaged where it does not, and nothing signed proves that.
    """
    _seal(copy, notary)
    if seen is None:
        return None
    last = seen.last
    try:
        check(last.proof, notary)
    except Damaged as error:
        raise Damaged(f"{desk.file}: {error}; bring back what is published") from None
    back = copy.size < last.size
    proofs: list[Proof] = [last.proof]
    if back:
        proofs = telling(read_witness(seen.data), copy.size)
    found = between(Source(copy.folder, copy, []), Source(desk.file, None, proofs), notary)
    if found is None and back:
        raise Damaged(
            f"{copy.folder}: it ends with seal {copy.size}; {desk.handle} has seen seal "
            f"{last.size}: an old copy, or one that was cut back; get a newer one"
        )
    stamp = STAMP.match(last.proof.seal)
    assert stamp is not None  # it was read so
    if found is None and copy.stamp(last.size + 1) != stamp[0]:
        raise Damaged(
            f"{copy.folder}: seal {last.size}, which {desk.handle} has seen, does not stand in it: "
            f"its entry {last.size + 1} is another"
        )
    return found


def _proof(copy: Copy, seen: Seen | None, notary: Notary) -> Head | Prefix:
    """That an archive's last seal goes on from what was seen."""
    if seen is None:
        return copy.head()
    size = seen.last.size
    nodes = tuple(copy.tree.consistency(size, copy.size))
    root = check(seen.last.proof, notary).root
    passed = tuple(entry for entry in copy.keys(copy.size) if number_of(entry) > size)
    proof = Prefix(size, root, nodes, copy.seal(copy.size), keys=passed)
    check(proof, notary)
    return proof


def _said(copy: Copy, handle: str) -> str:
    """Where the pit says that a witness publishes; '' where it does not."""
    return places(mbox.entries(chunks(copy.folder, copy.pit))).get(handle, "")


# --- checking somebody's file -------------------------------------------------------------------


def _check(args: Namespace, home: Home) -> int:
    """Check a witness's file by an archive."""
    file = Path(args.check)
    folder, pit = _place(args.archive, args.pit, home)
    copy = read_copy(folder, pit)
    notary = copy.notary(args.id or _noted(settings_of(home, pit), pit))
    _seal(copy, notary)
    data = read_file(file).replace(b"\r\n", b"\n")
    row: dict[str, Any] = {"pit": pit, "id": copy.id, "file": str(file)}
    try:
        records = read_witness(data)
        proofs = telling(records, copy.size)
        found = between(Source(folder, copy, []), Source(file, None, proofs), notary)
        if found:
            return _evidence(found.sentence, evidence(found, notary), args.json, row)
        handle, keys = enrolled(mbox.entries(chunks(folder, pit)), records[0].issuer)
        if args.handle and args.handle != handle:
            raise Damaged(f"it is {handle}'s, not {args.handle}'s")
        seals = hold(records, notary, keys)
        check_exact(data, show_witness(handle, pit, copy.id, records))
        check_seals(records, copy)
        stand = [one for one in mbox.entries(chunks(folder, pit)) if one.signer == handle]
        lacks = check_said(records, [one for one in stand if "\nsaw " in one.text])
    except Damaged as error:
        raise Damaged(f"{file}: {error}") from None
    row |= {"witness": handle, "records": len(seals), "seal": seals[-1].size}
    row |= {"time": seals[-1].time, "beyond": sum(seal.size > copy.size for seal in seals)}
    row["lacks"] = lacks
    if args.json:
        show_json({**row, "contradiction": None, "evidence": None})
        return 0
    print(
        f"{safe(str(file))}: {handle} saw {len(seals)} seals of {pit}, {seals[0].size} to "
        f"{seals[-1].size}, the last of {seals[-1].time}; all hold, and {safe(str(folder))} is of "
        "the same history"
    )
    if row["beyond"]:
        print(f"{row['beyond']} of them are newer than this copy, which ends with {copy.size}")
    if lacks:
        print(f"it lacks `saw {lacks[0]}`, which stands in the archive: an older copy of it?")
    return 0
