"""Show the mail that came from the pit: receipts in a line each, the rest whole.

    $ pit inbox --as alice
    $ pit inbox --as alice --all --json

Each receipt is checked (its path leads to a root that the notary has signed) and kept in the
wallet, receipts/PIT/N.txt. What was shown is marked as read; --all shows it again. A receipt that
cannot be checked yet, for want of the archive, stays new.
"""

import email
import email.policy
import os
import re
import sys
from collections.abc import Collection
from functools import cache
from pathlib import Path
from typing import Any

from pit.archives.disk import io_failure, sync_folder
from pit.archives.errors import Damaged, NoInput
from pit.pits import spool
from pit.pits.display import safe, show_json
from pit.pits.home import Home, choose_handle, root
from pit.pits.identity import identity_of
from pit.pits.options import add_as, parser
from pit.pits.proofs import Notary
from pit.pits.signing import subject_of
from pit.wallet.receipts import check, keep, notary_of, read_receipt


def main(argv: list[str]) -> int:
    """Run `pit inbox`."""
    options = parser("inbox", __doc__)
    add_as(options)
    options.add_argument("--all", action="store_true", help="also what was shown before")
    options.add_argument("--json", action="store_true", help="as JSON")
    args = options.parse_args(argv)
    home = Home(root())
    handle = choose_handle(home, args.handle)
    mine = identity_of(home, handle).keys
    wallet = home.wallet(handle)
    paths = spool.waiting(wallet / "inbox")
    paths = [path for path in paths if args.all or path.parent.name == "new"]
    answers = [answer_of(home, wallet, mine, path) for path in paths]
    if args.json:
        show_json(answers)
    else:
        for answer in answers:
            sys.stdout.write(_written(answer))
        if not answers:
            print("nothing new")
    sys.stdout.flush()
    for answer in answers:
        if answer.get("contradiction"):
            print(f"pit inbox: {answer['contradiction']}", file=sys.stderr)
    for path, answer in zip(paths, answers, strict=True):
        if path.parent.name == "new" and not answer.get("waits"):
            _mark_read(path)
    return 0


def answer_of(home: Home, wallet: Path, mine: Collection[str], path: Path) -> dict[str, Any]:
    """One mail of the inbox as a row: what it is, and what of it counts.

    mine: the fingerprints that the wallet signs or has signed with. A receipt that passes is kept.
    """
    data = spool.take(path)
    head, _, body = data.partition(b"\n\n")
    fields = email.message_from_bytes(head, policy=email.policy.compat32)
    kinds = "receipt|refusal|outcome|answer"
    found = re.fullmatch(rf"({kinds}) (\S+) (\S+)", str(fields["Pit-Reply"]))
    text = body.decode("utf-8", "replace")
    if found is None:
        return {"answer": "mail", "subject": str(fields["Subject"]), "text": text}
    kind, pit, what = found.groups()
    if kind == "refusal":
        return {"answer": kind, "pit": pit, "code": what, "text": text}
    if kind != "receipt":
        return {"answer": kind, "pit": pit, "subject": str(fields["Subject"]), "text": text}
    waits = False
    try:
        receipt = read_receipt(body)
        problem = check(receipt, _notary(home, receipt.pit), mine)
    except Damaged as error:
        return {"answer": kind, "pit": pit, "problem": str(error)}
    except NoInput:
        problem, waits = f"no archive of {receipt.pit} is here to check it by", True
    row: dict[str, Any] = {
        "answer": kind,
        "pit": receipt.pit,
        "entry": receipt.number,
        "text": receipt.text,
        "problem": problem,
        "waits": waits,
    }
    if not problem:
        kept, row["contradiction"] = keep(wallet / "receipts", receipt, body)
        row["file"] = str(kept)
    return row


@cache
def _notary(home: Home, pit: str) -> Notary:
    return notary_of(home, pit)


def _written(answer: dict[str, Any]) -> str:
    """A row for a person; it may quote any mail, so nothing in it steers a terminal."""
    if answer["answer"] == "receipt":
        about = subject_of(answer["text"]) if answer.get("text") else "(its text is not shown)"
        line = f"receipt {answer['pit']} {answer.get('entry', '?')}: {about}"
        problem = f"; not kept: {answer['problem']}" if answer["problem"] else ""
        return safe(line + problem) + "\n"
    if answer["answer"] == "refusal":
        head = f"refusal {answer['pit']} {answer['code']}"
    elif answer["answer"] == "mail":
        head = f"mail: {answer['subject']}"
    else:
        head = f"{answer['answer']} {answer['subject']}"
    lines = [f"  {safe(line)}".rstrip() for line in answer["text"].rstrip("\n").split("\n")]
    return "\n".join([safe(head), *lines, ""])


def _mark_read(path: Path) -> None:
    """Move a mail from new/ to cur/, seen, as mail programs do."""
    target = path.parent.parent / "cur" / f"{path.name}:2,S"
    with io_failure(path):
        os.replace(path, target)
        sync_folder(target.parent)
        sync_folder(path.parent)
