"""Sign a filter's drafts, read from stdin, and hand them to the notary.

    $ pit read --for match | pit match | pit publish match

One report of a signer is in flight at a time: the next is made when the last one stands. What was
sent is kept and sent again as it was, until it stands, is refused, or somebody else's report took
its number (FILTERS, Numbers keep order).
"""

import hashlib
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from pit.archives import mbox
from pit.archives.disk import write_atomic
from pit.archives.errors import Damaged
from pit.archives.mbox import Checkpoint, Draft, Entry
from pit.filters.stream import chunks
from pit.pits import dump, spool
from pit.pits.gnupg import KeyHome
from pit.pits.home import Home, choose_pit, load_settings, root
from pit.pits.options import add_pit, parser
from pit.pits.signing import mail
from pit.pits.state import Pit


class Sent(NamedTuple):
    """A report that went to the notary; `again`: as it was sent before."""

    draft: Draft
    again: bool


def publish(
    home: Home, pit: Pit, drafts: Iterable[Draft], refused: frozenset[str] | set[str]
) -> list[Sent]:
    """Send the first draft of each signer whose wallet is here.

    refused: the text hashes that the notary has refused; a stored report among them is dropped.
    """
    sent = []
    done: set[str] = set()
    for draft in drafts:
        if draft.signer in done:
            continue
        done.add(draft.signer)
        wallet = home.wallet(draft.signer)
        if (wallet / "gnupg").is_dir():
            sent.append(_send(home, pit, draft, refused))
    return sent


def _send(home: Home, pit: Pit, draft: Draft, refused: frozenset[str] | set[str]) -> Sent:
    folder = home.wallet(draft.signer) / "reports"
    stem = f"{pit.name}.{draft.filter}."
    for path in sorted(folder.glob(f"{stem}*.eml")):
        number, digest = path.name[len(stem) :].split(".")[:2]
        if int(number) == draft.number and digest not in refused:
            spool.put(home.spool(pit.name), path.read_bytes())
            return Sent(draft, True)
        if int(number) <= draft.number:
            path.unlink()
    data = _signed(home, pit, draft)
    folder.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256(draft.text.encode()).hexdigest()
    write_atomic(Path(folder, f"{stem}{draft.number}.{digest}.eml"), data)
    spool.put(home.spool(pit.name), data)
    return Sent(draft, False)


def _signed(home: Home, pit: Pit, draft: Draft) -> bytes:
    with KeyHome(home.wallet(draft.signer) / "gnupg") as keys:
        member = pit.members.get(draft.signer)
        here = keys.secret_keys()
        enrolled = member.fingerprint if member else ""
        block = keys.clearsign(draft.text, enrolled if enrolled in here or not here else here[0])
    sender = member.mail[0] if member and member.mail else f"{draft.signer}@pits.invalid"
    to = load_settings(home, pit.name).address
    subject = f"report {draft.filter} {draft.number}"
    return mail(block, f"{draft.signer} <{sender}>", to, subject, datetime.now(UTC))


def refusals(entry: Entry) -> set[str]:
    """The hashes of the texts that an entry of the notary refuses."""
    if entry.signer != "notary" or "\nrefused " not in entry.text:
        return set()
    lines = (line.split(" ") for line in entry.text.split("\n"))
    return {words[3] for words in lines if words[0] == "refused" and len(words) == 5}


def report(sent: list[Sent]) -> None:
    """Say on stderr what was sent."""
    for draft, again in sent:
        how = "sent again" if again else "sent"
        lines = draft.text.count("\n") - 3
        print(
            f"{how} report {draft.filter} {draft.number} of {draft.signer}, {lines} lines",
            file=sys.stderr,
        )


def main(argv: list[str]) -> int:
    """Publish the drafts of one filter."""
    options = parser("publish", __doc__)
    add_pit(options)
    options.add_argument("filter", metavar="FILTER", help="whose drafts")
    args = options.parse_args(argv)
    home = Home(root())
    name = choose_pit(home, args.pit)
    pit = Pit()
    drafts: list[Draft] = []
    refused: set[str] = set()
    for message in mbox.read(chunks(sys.stdin.buffer)):
        if isinstance(message, Draft):
            if message.filter == args.filter:
                drafts.append(message)
            elif not drafts:
                raise Damaged(
                    f"a draft of {message.filter} stands above those of {args.filter}, which would "
                    f"build on what is not published; publish {message.filter} first"
                )
        elif isinstance(message, Checkpoint):
            if message.filter == args.filter and not pit.entry:
                dump.load_text(pit, message.text)
        elif message.number > pit.entry:
            pit.take(message)
            pit.settle()
            refused |= refusals(message)
    if pit.name and pit.name != name:
        raise Damaged(f"the stream is of the pit {pit.name}, not {name}")
    report(publish(home, pit, drafts, refused))
    return 0
