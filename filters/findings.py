"""What an audit finds of one filter's reports, by running the filter beside what stands.

Rows of plain values, as they are printed, shown as JSON and kept for the next audit.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from pit.archives.entry import OPERATOR
from pit.archives.language import Text, show
from pit.archives.mbox import Entry
from pit.archives.verbs import Directive
from pit.filters import catalog
from pit.filters.instructions import Act, Idle
from pit.filters.runner import Run, make_event
from pit.filters.standing import Standing
from pit.pits.state import Pit

Row = dict[str, Any]


def line(directive: Directive, pit: Pit) -> str:
    """A directive without its keys."""
    return show(directive, pit.words).partition("\n")[0]


@dataclass
class Findings:
    """What was found of one filter's reports.

    standing: how many directives they have. idle: those without effect (report, signer, directive,
    why). divergences: by report (report, stands, owed, adopted: the entry that did, None).
    """

    name: str
    standing: int = 0
    idle: list[Row] = field(default_factory=list)
    divergences: dict[str, Row] = field(default_factory=dict)


class Check:
    """A filter on its way through an archive, and what is found on the way.

    pit, record: the folds that it shares with others.
    """

    def __init__(self, name: str, pit: Pit, record: Standing) -> None:
        self.found = Findings(name)
        self.run = Run(catalog.make(name), self._idle, pit, record)
        self._head = f"\nreport {name} "

    def _idle(self, entry: Entry, idle: Idle) -> None:
        shown = line(idle.directive, self.run.pit)
        self.found.idle.append(
            {"report": idle.ref, "signer": entry.signer, "directive": shown, "why": idle.why}
        )

    def step(self, entry: Entry, text: Text, acts: Sequence[Act]) -> None:
        """Run the filter on over what its report, or the operator, may have changed."""
        run, found = self.run, self.found
        run.work(entry, text, acts)
        for diverged in run.lanes.diverged.values():
            if diverged.report not in found.divergences:
                owed = line(diverged.owed, run.pit) if diverged.owed else None
                found.divergences[diverged.report] = {
                    "report": diverged.report,
                    "stands": line(diverged.stands, run.pit),
                    "owed": owed,
                    "adopted": None,
                }
        if run.pit.adopted == entry.number:
            left = {diverged.report for diverged in run.lanes.diverged.values()}
            for report, row in found.divergences.items():
                if row["adopted"] is None and report not in left:
                    row["adopted"] = entry.number
        if self._head in entry.text:
            found.standing += len(text.directives) - 1

    def owed(self) -> Iterator[tuple[str, str, str]]:
        """What is owed, oldest first: the directive, by whom ('' nobody), the cause's reference."""
        for owed, signer in self.run.owed():
            yield line(owed.directive, self.run.pit), signer, owed.cause


class Checks:
    """Filters that are checked together, over the pit's fold and one record of what stands.

    Each entry: `step`, after the pit has taken it; then `settle`, instead of the pit's own.
    """

    def __init__(self, names: Iterable[str], pit: Pit) -> None:
        self.pit, self.record = pit, Standing()
        self.each = [Check(name, pit, self.record) for name in names]

    def step(self, entry: Entry, text: Text) -> None:
        """Check the entry that the pit has taken last."""
        number, time, signer = entry.number, entry.time, entry.signer
        if number == 1:
            self._check_versions()
        acts = self.record.step(entry, text, self.pit)
        first = text.directives[0].verb if text.directives else ""
        if signer == OPERATOR or first == "report" or self.pit.adopted == number:
            for check in self.each:
                check.step(entry, text, acts)
        else:  # mostly: nothing stands that was owed
            event = make_event((number, time, signer, acts))
            for check in self.each:
                check.run.react(event)

    def settle(self) -> None:
        """The entry is over: the rules that it set are in force, and known to the filters."""
        if self.pit.coming:
            self.pit.settle()
            self._check_versions()

    def _check_versions(self) -> None:
        for check in self.each:
            check.run.check_version()
