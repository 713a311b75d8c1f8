"""Take a turn: the notary, then every filter, until nothing is new; then the members are told.

    $ pit turn

The one line for cron (`pit cron` prints it). The notary takes what waits; each filter publishes
what it owes under the keys that are here; that is new mail for the notary, and so on, until the
filters have sent nothing, or nothing that became an entry. Last, `pit answer` tells the members
what became of their instructions, and answers what they have asked by mail; and where the pit has
a file `mail`, `pit distribute` hands the list what stands, and the mail server the answers. A
filter that stops (it has met a divergence, say) is named, the others go on, and the turn ends with
its exit status.
"""

import sys
from importlib.metadata import entry_points

from pit.archives.errors import Busy, NoInput, PitError
from pit.archives.extent import extent
from pit.pits import spool
from pit.pits.command import run_verb
from pit.pits.home import Home, choose_pit, root
from pit.pits.mailing import load_mailing, mailing_file
from pit.pits.options import add_pit, parser
from pit.pits.read import checkpoint_path, idle
from pit.pits.reading import last_seal

ROUNDS = 10_000
"""More than any backlog takes: a pit that still has news by then is going in a circle."""


def main(argv: list[str]) -> int:
    """Run `pit turn`."""
    options = parser("turn", __doc__)
    add_pit(options)
    args = options.parse_args(argv)
    home = Home(root())
    pit = choose_pit(home, args.pit)
    mailed = mailing_file(home, pit).exists()
    held = _stopping("list", ["intake", "-p", pit], "list") if mailed and _holds(home, pit) else 0
    status = _rounds(home, pit) or held
    status = _stopping("answer", ["-p", pit, "-q"], "answer") or status
    return (_stopping("distribute", ["-p", pit], "distribute") if mailed else 0) or status


def _holds(home: Home, pit: str) -> bool:
    """Whether mail comes by way of a list's hold queue; what is wrong there, distribute says."""
    try:
        mailman = load_mailing(home, pit).mailman
    except PitError:
        return False
    return mailman is not None and mailman.intake


def _rounds(home: Home, pit: str) -> int:
    """The notary and the filters, until nothing is new; the status of what stopped."""
    filters = sorted({point.name for point in entry_points(group="pit.filters")})
    last = -1
    for _ in range(ROUNDS):
        status = run_verb("notary", ["-p", pit])
        size = _size(home, pit)
        sealed = last_seal(home, pit)
        for name in filters:
            if sealed and idle(checkpoint_path(home, pit, name), sealed):
                continue  # as in most turns: not even its program is loaded
            status = _stopping("run", [name, "-p", pit], name) or status
        if size == last or not spool.waiting(home.spool(pit)):
            return status
        last = size
    raise Busy(f"{ROUNDS} rounds and still news; look at what repeats: `pit lines -p {pit} | tail`")


def _stopping(verb: str, args: list[str], name: str) -> int:
    """Run a verb; what stops it is said, and leaves the others their turn."""
    try:
        return run_verb(verb, args)
    except PitError as error:
        print(f"pit turn: {name}: {error}", file=sys.stderr)
        return error.status


def _size(home: Home, pit: str) -> int:
    """The bytes that stand in the archive."""
    try:
        return sum(size for _, size in extent(home.archive(pit), pit))
    except NoInput:
        return 0
