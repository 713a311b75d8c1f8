"""Run a filter over a pit's archive and publish what it owes; keep its checkpoint.

    $ pit run positions

The same as `pit read --for F | pit F | pit publish F`, in one process. Signs for whoever owes and
has a wallet here; run it from cron, or as part of `pit turn`.
"""

import gc
import sys
from collections.abc import Iterator

from pit.archives.extent import chunks
from pit.archives.mbox import Entry, entries, write_checkpoint
from pit.filters import catalog
from pit.filters.publish import publish, refusals, report
from pit.filters.runner import Run
from pit.pits.home import Home, choose_pit, root
from pit.pits.options import add_pit, parser, shard
from pit.pits.read import checkpoint_path, keep_checkpoint, offset_of, usable


def new_entries(
    home: Home, pit: str, run: Run, part: tuple[int, int] | None = None
) -> Iterator[Entry]:
    """Bring a run to its kept checkpoint, if there is one, and give the entries after it."""
    folder = home.archive(pit)
    checkpoint = usable(checkpoint_path(home, pit, run.filter.name, part), folder, pit)
    start = 0
    if checkpoint:
        run.feed(checkpoint)
        start = offset_of(folder, pit, checkpoint.number + 1)
    yield from entries(chunks(folder, pit, start))


def main(argv: list[str]) -> int:
    """Run, publish, keep the checkpoint."""
    options = parser("run", __doc__)
    add_pit(options)
    options.add_argument("filter", metavar="FILTER")
    options.add_argument("--shard", metavar="K/N", help="only shard K of N (positions)")
    args = options.parse_args(argv)
    home = Home(root())
    name = choose_pit(home, args.pit)
    part = shard(args.shard) if args.shard else None
    gc.disable()  # as in `stream`
    run = Run(catalog.make(args.filter, part))
    refused: set[str] = set()
    before = 0
    for entry in new_entries(home, name, run, part):
        before = before or run.pit.entry
        run.feed(entry)
        refused |= refusals(entry)
    drafts = run.drafts()
    nobody = sorted({owed.lane for owed, signer in run.owed() if not signer})
    if nobody:
        print(f"pit run: nobody publishes for {', '.join(nobody)}", file=sys.stderr)
    report(publish(home, name, drafts, refused))
    if run.pit.entry != before:
        path = checkpoint_path(home, name, run.filter.name, part)
        keep_checkpoint(path, write_checkpoint(run.checkpoint(), name, run.date))
    return 0
