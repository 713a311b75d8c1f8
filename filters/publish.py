"""Sign a filter's drafts, read from stdin, and hand them to the notary.

    $ pit read --for match | pit match | pit publish match

One report of a signer is in flight at a time: the next is made when the last one stands. What was
sent is kept and sent again as it was, until it stands, is refused, or somebody else's report took
its number (FILTERS, Numbers keep order).
"""

import sys
from collections.abc import Iterable, Set
from typing import NamedTuple

from pit.archives import mbox
from pit.archives.access import make_folder
from pit.archives.disk import write_atomic
from pit.archives.errors import Damaged
from pit.archives.mbox import Checkpoint, Draft, Entry, Message
from pit.filters.stream import chunks
from pit.pits.home import Home, choose_pit, load_settings, root
from pit.pits.identity import identity_of, keys_of
from pit.pits.options import add_pit, parser
from pit.pits.sending import hand_over
from pit.pits.signing import signed


class Sent(NamedTuple):
    """A report that went to the notary; `again`: as it was sent before."""

    draft: Draft
    again: bool


def publish(home: Home, pit: str, drafts: Iterable[Draft], refused: Set[str]) -> list[Sent]:
    """Send the first draft of each signer whose wallet is here.

    refused: the text hashes that the notary has refused; a stored report among them is dropped.
    """
    first: dict[str, Draft] = {}
    for draft in drafts:
        first.setdefault(draft.signer, draft)
    here = set(home.wallets())
    return [_send(home, pit, draft, refused) for who, draft in first.items() if who in here]


def _send(home: Home, pit: str, draft: Draft, refused: Set[str]) -> Sent:
    settings = load_settings(home, pit)
    folder = home.wallet(draft.signer) / "reports"
    stem = f"{pit}.{draft.filter}."
    for path in sorted(folder.glob(f"{stem}*.eml")):
        number, digest = path.name[len(stem) :].split(".")[:2]
        if int(number) == draft.number and digest not in refused:
            hand_over(home, settings, path.read_bytes())
            return Sent(draft, True)
        if int(number) <= draft.number:
            path.unlink()
    with keys_of(home, draft.signer) as keys:
        me = identity_of(home, draft.signer)
        made = signed(keys, me, draft.text, settings.address)
    make_folder(folder)
    write_atomic(folder / f"{stem}{draft.number}.{made.text}.eml", made.mail)
    hand_over(home, settings, made.mail)
    return Sent(draft, False)


def refusals(entry: Entry) -> set[str]:
    """The hashes of the texts that an entry of the notary refuses."""
    if entry.signer != "notary" or "\nrefused " not in entry.text:
        return set()
    lines = (line.split(" ") for line in entry.text.split("\n"))
    return {words[3] for words in lines if words[0] == "refused" and len(words) == 5}


def drafts_of(stream: Iterable[Message], name: str, pit: str) -> tuple[list[Draft], set[str]]:
    """The drafts of a filter in a stream, and the hashes of the texts that were refused.

    Damaged for a stream of another pit, for another filter's drafts above these, and for a stream
    that does not end with the filter's checkpoint: whoever made it was stopped on the way, and its
    last draft may be cut short.
    """
    drafts: list[Draft] = []
    refused: set[str] = set()
    whole = False
    for message in stream:
        if isinstance(message, Checkpoint):
            whole = whole or message.filter == name
        elif isinstance(message, Entry):
            if message.pit != pit:
                raise Damaged(f"the stream is of the pit {message.pit}, not {pit}")
            refused |= refusals(message)
            whole = False
        elif message.filter == name:
            drafts.append(message)
            whole = False
        elif not drafts:
            raise Damaged(
                f"a draft of {message.filter} stands above those of {name}, which would "
                f"build on what is not published; publish {message.filter} first"
            )
    if not whole:
        raise Damaged(
            f"the stream does not end with a checkpoint of {name}: it was cut short, or {name} did "
            f"not make it; right would be `pit read --for {name} | pit {name} | pit publish {name}`"
        )
    return drafts, refused


def report(sent: list[Sent]) -> None:
    """Say on stderr what was sent."""
    for draft, again in sent:
        how = "sent again" if again else "sent"
        count = sum(line[:1].isalpha() for line in draft.text.split("\n")) - 2
        what = f"{count} directive{'s' if count != 1 else ''}"
        print(
            f"{how} report {draft.filter} {draft.number} of {draft.signer}, {what}", file=sys.stderr
        )


def main(argv: list[str]) -> int:
    """Publish the drafts of one filter."""
    options = parser("publish", __doc__)
    add_pit(options)
    options.add_argument("filter", metavar="FILTER", help="whose drafts")
    args = options.parse_args(argv)
    home = Home(root())
    name = choose_pit(home, args.pit)
    drafts, refused = drafts_of(mbox.read(chunks(sys.stdin.buffer)), args.filter, name)
    report(publish(home, name, drafts, refused))
    return 0
