"""Run a filter over a pit's archive and publish what it owes; keep its checkpoint.

    $ pit run positions

The same as `pit read --for F | pit F | pit publish F`, in one process. Signs for whoever owes and
has a wallet here; run it from cron, or as part of `pit turn`.

With --follow it goes on: what becomes an entry is worked within milliseconds, until TERM.
"""

import gc
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from pit.archives.errors import NoInput
from pit.archives.extent import chunks
from pit.archives.mbox import Draft, Entry, entries, write_checkpoint
from pit.filters import catalog
from pit.filters.publish import Sent, publish, refusals, report
from pit.filters.runner import Diverged, Filter, Run
from pit.pits.home import Home, choose_pit, root
from pit.pits.options import Part, add_part, add_pit, parser, part
from pit.pits.read import checkpoint_path, keep_checkpoint, offset_of, usable

AGAIN, KEPT = 60, 30
"""Seconds after which, when following, a report that does not stand is sent again, and after which
the checkpoint is kept."""


def resume(home: Home, pit: str, run: Run, part: Part = None) -> int:
    """Bring a run to its kept checkpoint, if there is one; the byte from which it has to read."""
    folder = home.archive(pit)
    checkpoint = usable(checkpoint_path(home, pit, run.filter.name, part), folder, pit)
    if checkpoint is None:
        return 0
    run.feed(checkpoint)
    return offset_of(folder, pit, checkpoint.number + 1)


def new_entries(home: Home, pit: str, run: Run) -> Iterator[Entry]:
    """Bring a run to its kept checkpoint, if there is one, and give the entries after it."""
    start = resume(home, pit, run)
    yield from entries(chunks(home.archive(pit), pit, start))


class Runner:
    """A filter that is run over a pit's archive here, once or again and again."""

    def __init__(self, home: Home, pit: str, filter: Filter, part: Part) -> None:
        self.home, self.pit, self.part = home, pit, part
        self.run = Run(filter)
        self._kept = self._offset = 0
        self._refused: set[str] = set()
        self._sent: dict[str, tuple[int, int]] = {}

    @property
    def path(self) -> Path:
        """The checkpoint's."""
        return checkpoint_path(self.home, self.pit, self.run.filter.name, self.part)

    def read(self) -> int:
        """Read what is new; how many entries that were."""
        run, folder = self.run, self.home.archive(self.pit)
        if not run.started:
            self._offset = resume(self.home, self.pit, run, self.part)
            self._kept = run.pit.entry
        count = 0
        for entry in entries(chunks(folder, self.pit, self._offset)):
            self._offset += len(entry.raw)
            run.feed(entry)
            count += 1
            if refused := refusals(entry):
                self._refused |= refused
                self._sent.clear()
        return count

    def publish(self, again: int = 0) -> list[Sent]:
        """Send what is owed; what was sent from here before, after `again` seconds only."""
        now = time.monotonic_ns() // 10**9
        first: dict[str, Draft] = {}
        for draft in self.run.drafts():
            first.setdefault(draft.signer, draft)
        due = []
        for draft in first.values():
            number, when = self._sent.get(draft.signer, (0, 0))
            if draft.number != number or now - when >= again:
                due.append(draft)
        sent = publish(self.home, self.pit, due, self._refused)
        self._sent |= {one.draft.signer: (one.draft.number, now) for one in sent}
        return sent

    def keep(self) -> None:
        """Keep the checkpoint, if anything is new."""
        if self.run.pit.entry != self._kept:
            message = write_checkpoint(self.run.checkpoint(), self.pit, self.run.date)
            keep_checkpoint(self.path, message)
            self._kept = self.run.pit.entry


def once(runner: Runner) -> None:
    """Read, publish, keep the checkpoint."""
    runner.read()
    run = runner.run
    drafts = runner.publish()
    nobody = sorted({owed.lane for owed, signer in run.owed() if not signer})
    if nobody:
        print(f"pit run: nobody publishes for {', '.join(nobody)}", file=sys.stderr)
    report(drafts)
    runner.keep()


def follow(runner: Runner, seconds: int = 1) -> None:
    """Do so whenever something is new, until TERM.

    A divergence is said once, and waits for its `adopt`.
    """
    from pit.pits.follow import News

    said, kept = "", time.monotonic()
    with News([runner.home.archive(runner.pit)]) as news:
        while news.wait(seconds):
            with suppress(NoInput):  # nothing stands yet
                runner.read()
            try:
                report(runner.publish(AGAIN))
                said = ""
            except Diverged as error:
                if str(error) != said:
                    said = str(error)
                    print(f"pit run: {error}", file=sys.stderr)
            if time.monotonic() - kept > KEPT:
                runner.keep()
                kept = time.monotonic()
    runner.keep()


def main(argv: list[str]) -> int:
    """Run `pit run`."""
    options = parser("run", __doc__)
    add_pit(options)
    options.add_argument("filter", metavar="FILTER")
    add_part(options)
    options.add_argument(
        "--follow", action="store_true", help="go on as entries come, until TERM or ^C"
    )
    args = options.parse_args(argv)
    home = Home(root())
    name = choose_pit(home, args.pit)
    of = part(args)
    gc.disable()  # as in `stream`
    runner = Runner(home, name, catalog.make(args.filter, of), of)
    if args.follow:
        follow(runner)
    else:
        once(runner)
    return 0
