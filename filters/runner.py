"""The one runner that all filters share (FILTERS, Contract and Writing one).

It reads the stream, folds the pit and the published record, asks the filter what it owes, ticks
that off against what stands, numbers the drafts, and makes the checkpoint. A filter is left with
what is its own.
"""

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple, Protocol

from pit.archives.entry import OPERATOR, asctime
from pit.archives.errors import Damaged, Misconfigured, PitError
from pit.archives.language import MAX_TEXT, Text, show
from pit.archives.mbox import Checkpoint, Draft, Entry, Message
from pit.archives.verbs import Directive, Verb
from pit.filters import charges, state
from pit.filters.instructions import Act, Idle
from pit.filters.lanes import Divergence, Lanes, Owed
from pit.filters.reported import not_entitled
from pit.filters.standing import COUNTED, Standing
from pit.pits.listing import Holder
from pit.pits.state import Pit


class Event(NamedTuple):
    """An entry as a filter sees it: its acts are the directives that have effect."""

    number: int
    time: str
    signer: str
    acts: Sequence[Act]


make_event = partial(tuple.__new__, Event)
"""One of its four parts, for half the cost of a call of the class."""


class Filter(Protocol):
    """A program that reads entries and says what reports they call for.

    It opens no file, asks no clock, and keeps no state but what `dump` writes.
    """

    @property
    def name(self) -> str:
        """The report's and the checkpoint's name."""

    @property
    def versions(self) -> Container[int]:
        """The rules versions that it knows."""

    @property
    def words(self) -> Sequence[Verb]:
        """The verbs of its state."""

    def step(self, event: Event, pit: Pit, record: Standing) -> Iterable[Owed]:
        """What this entry makes it owe. Pure: the entry and what came before decide."""

    def publisher(self, lane: str, pit: Pit) -> Holder | None:
        """Who publishes for a lane."""

    def lane(self, act: Act, pit: Pit) -> str | None:
        """The lane of a directive of its own reports; None where another shard keeps it."""

    def adopt(self, lane: str, owed: Sequence[Owed], pit: Pit, record: Standing) -> Iterable[Owed]:
        """Take what stands as it stands; what a lane owes from there (FILTERS, `adopt`).

        owed: what it owed before; the causes are the instructions to work again. A filter whose
        lanes hang together may name, by `together(lane, pit)`, those that are adopted with one;
        what they owed is in `owed`, too.
        """

    def dump(self, record: Standing) -> Iterable[Directive]:
        """The state in canonical order."""

    def load(self, directives: Sequence[Directive], pit: Pit, record: Standing) -> None:
        """The state from `dump`, into an empty instance."""


class Diverged(PitError):
    """What stands is not what is owed; nothing more is published until it is adopted."""

    def __init__(self, divergences: Iterable[Divergence], pit: Pit) -> None:
        lines = []
        for found in divergences:
            owed = _indented(found.owed, pit) if found.owed else "nothing"
            entry = found.report.partition(".")[0]
            lines.append(
                f"entry {found.report}, lane {found.lane}: what stands is not what is owed\n"
                f"  stands: {_indented(found.stands, pit)}\n  owed:   {owed}\n"
                f"  the operator's `adopt {entry}` would take it as it stands"
            )
        super().__init__("\n".join(lines))


def _indented(directive: Directive, pit: Pit) -> str:
    """A directive with its keys below it, for a message."""
    return show(directive, pit.words).strip().replace("\n", "\n        ")


class Run:
    """A filter on its way through a stream.

    feed it messages in order; then `drafts()` are the reports not yet standing and `checkpoint()`
    the state that the archive's entries (not the drafts) led to. idle: called with each directive
    of a report of this filter that has no effect. pit, record: folds that several runs share; who
    keeps them hands each entry's acts to `work`.
    """

    def __init__(
        self,
        filter: Filter,
        idle: Callable[[Entry, Idle], None] | None = None,
        pit: Pit | None = None,
        record: Standing | None = None,
    ) -> None:
        self.filter, self.idle = filter, idle
        self.pit = pit or Pit()
        self.record = record or Standing()
        self.lanes = Lanes()
        self._saved: Checkpoint | None = None
        self._printed: list[tuple[Owed, str, str]] | None = None

    @property
    def started(self) -> bool:
        """Whether anything was read yet."""
        return bool(self.pit.entry)

    def feed(self, message: Message, text: Text | None = None) -> None:
        """Read one message: a checkpoint of this filter to begin with, an entry, or a draft.

        text: of an entry, where another fold of the same pit has parsed it already.
        """
        if isinstance(message, Entry):
            if self._saved:
                raise Damaged(f"entry {message.number} stands below a draft; entries come first")
            if message.number <= self.pit.entry:
                self._seen(message)
                return
            self._entry(message, text)
        elif isinstance(message, Draft):
            if self._saved is None:
                self._saved = self.checkpoint()
            pit = self.pit
            time = later(pit.time)
            self._entry(Entry(pit.name, pit.entry + 1, time, message.signer, "", message.text, b""))
        elif message.filter == self.filter.name and not self.started:
            state.load(self, message)
            self.check_version()

    def _seen(self, entry: Entry) -> None:
        """An entry that the checkpoint covers: its seal must be the checkpoint's."""
        sealed, root = self.pit.seal
        if (
            entry.number == sealed + 1
            and not self.pit.open
            and f"  root: {root}\n" not in entry.text
        ):
            raise Damaged(
                f"the checkpoint of {self.filter.name} was taken in another archive: its seal of "
                f"{sealed} has the root {root}; entry {entry.number} has not"
            )

    def _entry(self, entry: Entry, text: Text | None = None) -> None:
        pit = self.pit
        first = not pit.entry
        text = pit.take(entry, text)
        if first:
            self.check_version()
        self.work(entry, text, self.record.step(entry, text, pit))
        if pit.coming:
            pit.settle()
            self.check_version()

    def work(self, entry: Entry, text: Text, acts: Sequence[Act]) -> None:
        """Work an entry that the pit and the record have taken; acts: what the record made of it.

        The rules that it sets are not in force yet.
        """
        directives = text.directives
        if len(directives) > 1 and directives[0].verb == "report":
            if directives[0].args[0] == self.filter.name:
                acts = self._tick(entry, acts, text)
        elif entry.signer == OPERATOR:
            self._answered(entry, acts)
        self.react(make_event((entry.number, entry.time, entry.signer, acts)))
        if self.lanes.diverged and self.pit.adopted == entry.number:
            self._adopt(text)

    def react(self, event: Event) -> None:
        """Owe what an entry calls for that is no report, nor the operator's."""
        self._printed = None
        add = self.lanes.add
        for owed in self.filter.step(event, self.pit, self.record):
            add(owed)

    def check_version(self) -> None:
        """Misconfigured where the rules in force are of a version that the filter does not know."""
        known = {"tokens": charges.VERSIONS, self.filter.name: self.filter.versions}
        for name, versions in known.items():
            version = self.pit.rule(name)
            if version in versions:
                continue
            raise Misconfigured(
                f"`rule {name} {version}` is in force from entry {self.pit.entry + 1}; "
                f"this program does not know that version: a newer one is needed"
            )

    def _tick(self, entry: Entry, acts: Sequence[Act], text: Text) -> Sequence[Act]:
        """Tick a report of this filter off; the acts of it that count."""
        if self.pit.open:
            for index, directive in enumerate(text.directives[1:], 2):
                self.lanes.tick("-", f"{entry.number}.{index}", directive)
            return acts
        after = text.after[0] if text.after else 0
        counted = list(acts[:1])
        for act in acts[1:]:
            lane = self.filter.lane(act, self.pit)
            if lane is not None:
                ref, directive, _ = act
                why = self._not_entitled(directive, lane, entry.signer, after)
                if why:
                    self.record.idle.append(Idle(ref, directive, why))
                    continue
                self.lanes.tick(lane, ref, directive)
            counted.append(act)
        self._tell(entry)
        return counted

    def _not_entitled(self, directive: Directive, lane: str, signer: str, after: int) -> str:
        """Why a directive that the filter brought does not count; `Standing` judges the core's."""
        if directive.verb in COUNTED:
            return ""
        return not_entitled(self.filter.publisher(lane, self.pit), signer, after, self.pit, lane)

    def _answered(self, entry: Entry, acts: Sequence[Act]) -> None:
        """The operator refused an instruction whose keeper is dead: nobody owes its answer now."""
        if self.filter.name == "positions":
            for act in acts:
                if act.directive.verb == "refuse":
                    owner, _, ref = act.directive.args[0].partition("/")
                    self.lanes.answered(owner, ref)
            self._tell(entry)

    def _tell(self, entry: Entry) -> None:
        if self.idle:
            for found in self.record.idle:
                self.idle(entry, found)

    def _adopt(self, text: Text) -> None:
        named = {d.args[0] for d in text.directives if d.verb == "adopt"}
        diverged = self.lanes.diverged
        adopted = [
            lane
            for lane, found in diverged.items()
            if found.report in named or found.report.partition(".")[0] in named
        ]
        for lane in adopted:
            if lane not in diverged:
                continue  # with another one
            del diverged[lane]
            before = self.lanes.take(lane)
            for other in self._together(lane):
                if other not in diverged or other in adopted:
                    diverged.pop(other, None)
                    before += self.lanes.take(other)
            for owed in self.filter.adopt(lane, before, self.pit, self.record):
                self.lanes.add(owed)

    def _together(self, lane: str) -> list[str]:
        """The lanes that a filter works together with one, where it says so."""
        together = getattr(self.filter, "together", None)
        return together(lane, self.pit) if together else []

    def owed(self) -> Iterator[tuple[Owed, str]]:
        """What is owed, oldest first, and by whom ('' where nobody publishes for the lane)."""
        for owed in self.lanes:
            holder = None if self.pit.open else self.filter.publisher(owed.lane, self.pit)
            yield owed, "-" if self.pit.open else holder.handle if holder else ""

    def printed(self) -> list[tuple[Owed, str, str]]:
        """The same with each directive as text: drafts and checkpoint both take it from here."""
        if self._printed is None:
            words = self.pit.words
            self._printed = [
                (owed, signer, show(owed.directive, words)) for owed, signer in self.owed()
            ]
        return self._printed

    def drafts(self) -> list[Draft]:
        """The reports not yet standing, for each signer who owes, numbered on from what stands.

        Raises Diverged where what stands is not what is owed.
        """
        if self.lanes.diverged:
            raise Diverged(self.lanes.diverged.values(), self.pit)
        pit, name = self.pit, self.filter.name
        head = f"pit {pit.name}\n"
        if not pit.open:
            head += f"  after: {pit.seal[0]} {pit.seal[1]}\n"
        parts: dict[str, list[list[str]]] = {}
        sizes: dict[str, int] = {}
        starts: dict[str, tuple[str, int]] = {}
        for owed, signer, text in self.printed():
            if not signer:
                continue
            texts = parts.setdefault(signer, [[]])
            size = sizes.get(signer, 0) + len(text)
            cause, start = starts.get(signer, ("", 0))
            if cause != owed.cause:
                start = len(texts[-1])
            if size > MAX_TEXT - 1024:  # what follows from one cause stays together
                part, start = texts[-1], start or len(texts[-1])
                texts.append(part[start:])
                del part[start:]
                size, start = sum(map(len, texts[-1])) + len(text), 0
            starts[signer] = owed.cause, start
            sizes[signer] = size
            texts[-1].append(text)
        drafts = []
        for signer, texts in parts.items():
            number = pit.reports.get((name, signer), 0)
            for lines in texts:
                number += 1
                body = f"{head}report {name} {number}\n{''.join(lines)}"
                drafts.append(Draft(name, signer, number, body))
        return drafts

    def checkpoint(self) -> Checkpoint:
        """The state after the archive's last entry; drafts that were read do not show in it."""
        return self._saved or state.dump(self)

    @property
    def date(self) -> str:
        """The last entry's time as `From_` lines have it."""
        return asctime(self.pit.time)


def later(time: str) -> str:
    """The first time after `time`: when a draft that counts as the next entry is taken to stand."""
    moment = datetime.fromisoformat(time[:-1]) + timedelta(microseconds=1)
    return moment.isoformat(timespec="microseconds") + "Z"
