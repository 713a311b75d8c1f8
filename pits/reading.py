"""The archive of a pit here, up to its last seal: the entries, their texts, the pit they make."""

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from pit.archives import mbox
from pit.archives.disk import io_failure
from pit.archives.errors import Damaged, NoInput
from pit.archives.extent import chunks, extent, heads, open_segment
from pit.archives.language import Text, parse
from pit.archives.mbox import Entry
from pit.archives.offsets import offset_of
from pit.archives.verbs import Words
from pit.archives.words import CORE
from pit.pits.home import Home, choose_pit, load_settings, root
from pit.pits.state import Pit

__all__ = ["entries_of", "fold_of", "folding", "last_seal", "named_archive", "pit_id", "words_of"]

_WINDOW = 1 << 14  # bytes first read from the end; a seal is an entry of about one KiB


def named_archive(pit: str | None, archive: str | None) -> tuple[Path, str]:
    """The folder and the pit that --archive and --pit name: a copy, or the archive here."""
    if archive:
        from pit.pits.sources import pit_in  # only a copy's reader pays for it

        return Path(archive), pit or pit_in(Path(archive))
    home = Home(root())
    name = choose_pit(home, pit)
    return home.archive(name), name


def last_seal(home: Home, pit: str) -> tuple[int, str] | None:
    """(N, root) of the last `seal N`, as `after:` takes it; None where nothing is sealed here."""
    try:
        parts = extent(home.archive(pit), pit)
    except NoInput:
        return None
    parts = [(path, size) for path, size in parts if size]
    if not parts:
        return None
    path, size = parts[-1]
    entry = _last_entry(path, size, pit)
    seal = parse(entry.text, CORE).directives[0]
    if seal.verb != "seal":
        raise Damaged(f"{path}: entry {entry.number} ends what may be read, and is no seal")
    return seal.args[0], seal.keys["root"]


def _last_entry(path: Path, size: int, pit: str) -> Entry:
    """The entry that ends at byte `size` of a segment."""
    window = _WINDOW
    while True:
        start = max(0, size - window)
        with io_failure(path), open_segment(path) as file:
            file.seek(start)
            data = file.read(size - start)
        found = [head.start for head in heads(data, pit) if head.start or not start]
        if found:
            return next(mbox.entries([data[found[-1] :]]))
        if not start:
            raise Damaged(f"{path}: no entry of pit {pit} in its first {size} bytes")
        window *= 4


def pit_id(home: Home, pit: str) -> str:
    """The pit's id, 64 hex digits: the sha256 of its charter's text (ARCHIVE).

    From the archive here; without one, what the settings have noted; NoInput where neither knows.
    """
    try:
        first = next(entries_of(home, pit))
    except NoInput:
        noted = load_settings(home, pit).id
        if not noted:
            raise
        return noted
    return hashlib.sha256(first.text.encode()).hexdigest()


def entries_of(home: Home, pit: str, start: int = 1) -> Iterator[Entry]:
    """The entries of a pit from number `start` on, never past the last seal; none past its end.

    NoInput where there is no archive of it or nothing stands in it, Damaged where an entry is not
    what it must be.
    """
    folder = home.archive(pit)
    offset = offset_of(folder, pit, start) if start > 1 else 0
    if offset < 0:
        return
    empty = True
    for entry in mbox.entries(chunks(folder, pit, offset)):
        empty = False
        if entry.number >= start:
            yield entry
    if empty:
        raise NoInput(f"{folder}: nothing stands yet; `pit notary -p {pit}` takes the charter in")


def folding(entries: Iterable[Entry], pit: Pit) -> Iterator[tuple[Entry, Text]]:
    """Feed entries to a fold, and give each with its text as the words in force at it read it."""
    for entry in entries:
        text = pit.take(entry)
        pit.settle()
        yield entry, text


def fold_of(home: Home, pit: str) -> Pit:
    """The pit as its whole archive makes it."""
    fold = Pit()
    for _ in folding(entries_of(home, pit), fold):
        pass
    return fold


def words_of(home: Home, pit: str) -> Words:
    """The words in force after the last seal; the core's where there is no archive here.

    Only the entries that set them are parsed, so that a wallet need not fold a whole archive.
    """
    fold = Pit()
    try:
        for entry in entries_of(home, pit):
            if _sets_words(entry):
                text = parse(entry.text, fold.words)
                fold.step(entry.number, entry.time, entry.signer, text)
                fold.settle()
    except NoInput:
        return CORE
    return fold.words


def _sets_words(entry: Entry) -> bool:
    return entry.number == 1 or "\nrule words " in entry.text
