"""An archive read with its folds beside it: for whoever tells what happened, not what is owed."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pit.archives.language import Text
from pit.archives.mbox import Entry
from pit.filters.instructions import Act
from pit.filters.standing import Standing
from pit.pits.state import Pit


class Chapter(NamedTuple):
    """An entry, its text, the acts that have effect, and the folds after it (live, not copies)."""

    entry: Entry
    text: Text
    acts: list[Act]
    pit: Pit
    record: Standing


def history(entries: Iterable[Entry]) -> Iterator[Chapter]:
    """The entries from the first on."""
    pit, record = Pit(), Standing()
    for entry in entries:
        text = pit.take(entry)
        acts = record.step(entry, text, pit)
        yield Chapter(entry, text, acts, pit, record)
        pit.settle()
