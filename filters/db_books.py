"""The filters' books beside an archive as it is read: what `pit db` takes its rows from."""

from collections.abc import Iterable
from typing import NamedTuple

from pit.archives.errors import Damaged
from pit.archives.language import Text
from pit.archives.mbox import Checkpoint, Entry
from pit.archives.verbs import Directive
from pit.filters.accounts import Posting
from pit.filters.history import Chapter
from pit.filters.instructions import Act, Problem, Subject
from pit.filters.match import Match
from pit.filters.positions import Positions
from pit.filters.record import reference_key
from pit.filters.runner import Run
from pit.filters.standing import Standing
from pit.pits.state import Pit


class Said(NamedTuple):
    """A directive that stands, and what the folds made of it; idle: why it has no effect, or ''."""

    ref: str
    directive: Directive
    subject: Subject
    idle: str


class _Noted(Standing):
    """A record that keeps the text and the acts of its last step."""

    text: Text
    acts: list[Act]

    def step(self, entry: Entry, text: Text, pit: Pit) -> list[Act]:
        self.text, self.acts = text, super().step(entry, text, pit)
        return self.acts


class _Asked(Pit):
    """A pit that keeps what it objected to since somebody cleared that."""

    def __init__(self) -> None:
        super().__init__()
        self.objections: list[tuple[Directive, str]] = []

    def objection(self, directive: Directive, signer: str) -> str:
        why = super().objection(directive, signer)
        if why:
            self.objections.append((directive, why))
        return why


class Books:
    """`positions` and `match`, fed the same entries.

    postings: those of the last entry.
    """

    def __init__(self) -> None:
        self.postings: list[Posting] = []
        self.positions, self.match = Positions(journal=self.postings.append), Match()
        self.kept, self.matched = Run(self.positions), Run(self.match)
        self.kept.pit = self._pit = _Asked()
        self.kept.record = self._record = _Noted()

    @property
    def runs(self) -> tuple[Run, Run]:
        """Both runs, the keepers' first."""
        return self.kept, self.matched

    def read(self, entry: Entry) -> Chapter:
        """Read the next entry; PitError where it does not follow, or is in no language of ours."""
        self.postings.clear()
        self._pit.objections.clear()
        self.kept.feed(entry)
        self.matched.feed(entry, self._record.text)
        return Chapter(entry, self._record.text, self._record.acts, self._pit, self._record)

    def said(self, chapter: Chapter) -> list[Said]:
        """The directives of the entry just read in order, those without effect included."""
        idle = chapter.record.idle
        found = [Said(ref, directive, None, why) for ref, directive, why in idle]
        for ref, directive, subject in chapter.acts:
            why = subject.why if isinstance(subject, Problem) else ""
            for other, objection in self._pit.objections:
                if other is directive:
                    why = why or objection
            found.append(Said(ref, directive, subject, why))
        return sorted(found, key=lambda one: reference_key(one.ref)) if idle else found

    def checkpoints(self) -> Iterable[Checkpoint]:
        """The state of each."""
        return (run.checkpoint() for run in self.runs)

    def load(self, checkpoints: Iterable[Checkpoint]) -> None:
        """Bring books that have read nothing to a state; Damaged where one is missing."""
        found = {checkpoint.filter: checkpoint for checkpoint in checkpoints}
        for run in self.runs:
            name = run.filter.name
            if name not in found:
                raise Damaged(f"there is no checkpoint of {name}")
            run.feed(found[name])
