"""Take a turn: the notary, then every filter, until nothing is new.

    $ pit turn

The one line for cron (`pit cron` prints it). The notary takes what waits; each filter publishes
what it owes under the keys that are here; that is new mail for the notary, and so on, until the
filters have sent nothing, or nothing that became an entry. A filter that stops (it has met a
divergence, say) is named, the others go on, and the turn ends with its exit status.
"""

import sys
from importlib.metadata import entry_points

from pit.archives.errors import Busy, NoInput, PitError
from pit.archives.extent import extent
from pit.pits import spool
from pit.pits.command import run_verb
from pit.pits.home import Home, choose_pit, root
from pit.pits.options import add_pit, parser

ROUNDS = 10_000
"""More than any backlog takes: a pit that still has news by then is going in a circle."""


def main(argv: list[str]) -> int:
    """Run `pit turn`."""
    options = parser("turn", __doc__)
    add_pit(options)
    args = options.parse_args(argv)
    home = Home(root())
    pit = choose_pit(home, args.pit)
    filters = sorted({point.name for point in entry_points(group="pit.filters")})
    last = -1
    for _ in range(ROUNDS):
        status = run_verb("notary", ["-p", pit])
        size = _size(home, pit)
        for name in filters:
            status = _filter(name, pit) or status
        if size == last or not spool.waiting(home.spool(pit)):
            return status
        last = size
    raise Busy(f"{ROUNDS} rounds and still news; look at what repeats: `pit lines -p {pit} | tail`")


def _filter(name: str, pit: str) -> int:
    """Run one filter; what stops it is said, and leaves the others their turn."""
    try:
        return run_verb("run", [name, "-p", pit])
    except PitError as error:
        print(f"pit turn: {name}: {error}", file=sys.stderr)
        return error.status


def _size(home: Home, pit: str) -> int:
    """The bytes that stand in the archive."""
    try:
        return sum(size for _, size in extent(home.archive(pit), pit))
    except NoInput:
        return 0
