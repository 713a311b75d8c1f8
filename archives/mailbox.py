"""An archive, or a selection of its entries, as a read-only `mailbox.Mailbox`.

    for message in Archive(folder, "acme"):
        print(message["Pit-Entry"], message["Subject"])

Keys are entry numbers. A message is the six stamp lines and below them the mail, byte for byte as
it came: what `pit cat` prints, so that mail tools show the Pit-… headers. mboxrd quoting is undone;
Python's own `mailbox.mbox` over the same file leaves it in, or undoes too much.

What stands is what stood when the object was made: nothing past the last seal then. Entries are
read when they are asked for, fastest in the order of their numbers; of a selection only the numbers
are kept, of the whole archive nothing. Whatever would change something raises
io.UnsupportedOperation, as `mailbox.mbox` does over a file opened for reading.
"""

import bisect
import contextlib
import io
import mailbox
import re
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any, NoReturn

from pit.archives import mbox
from pit.archives.entry import STAMP, asctime, from_line, read_entry
from pit.archives.errors import Damaged, NoInput
from pit.archives.extent import chunks, extent, last_seal, read_mark
from pit.archives.mbox import Entry
from pit.archives.offsets import Offsets

__all__ = ["Archive", "last_entry", "stamp_of"]

_NEAR, _NEAR_LAST = 8, 256  # entries ahead that reading on reaches sooner; in the last segment
_RUN = 8  # entries each near the one before, after which reading on pays
_CHUNK = 1 << 16  # bytes read at once


def last_entry(folder: Path, pit: str) -> int:
    """The number of the last entry that stands, 0 in an archive where nothing does yet; NoInput."""
    mark = read_mark(folder, pit)
    if mark is not None:
        return mark.entries
    path, size = extent(folder, pit)[-1]
    return last_seal(path, pit, size).entry


def stamp_of(entry: Entry) -> re.Match[bytes]:
    """The stamp lines of an entry, with the groups of `STAMP`; Damaged if they are not six."""
    found = STAMP.match(entry.raw, entry.raw.find(b"\n") + 1)
    if found is None:
        raise Damaged(f"entry {entry.number}: the six stamp lines are not in order")
    return found


class _Reader:
    """Entries by number, the fastest way: by the index where they lie apart, else reading on.

    The last segment has no index, and gzip cannot be entered midway: there it always reads on.
    """

    def __init__(self, folder: Path, pit: str) -> None:
        self._folder, self._pit = folder, pit
        self._segments = [(int(path.name[:10]), path) for path, _ in extent(folder, pit)]
        self._offsets = Offsets(folder, pit)
        self._next = 0  # the number after the last one that was read
        self._run = 0
        self._stream: Iterator[Entry] | None = None

    def entry(self, number: int) -> Entry:
        """Entry `number`; Damaged if it does not stand there, or is not what its stamp says."""
        at = bisect.bisect(self._segments, number, key=lambda one: one[0]) - 1
        first, path = self._segments[at]
        last, gzipped = at == len(self._segments) - 1, path.suffix == ".gz"
        near = 0 <= number - self._next < (_NEAR_LAST if last else _NEAR)
        near = near or (gzipped and first < self._next <= number)
        if near and self._stream:
            with contextlib.suppress(Damaged):  # one before it is; then it is looked for itself
                return self._read(number, self._stream)
        self._run = self._run + 1 if near else 0
        if last or gzipped or self._run > _RUN:
            start = self._offsets.of(number)
            if start < 0:
                raise self._gone(number)
            self._stream = mbox.entries(chunks(self._folder, self._pit, start, _CHUNK))
            return self._read(number, self._stream)
        self._stream = None
        try:
            raw = self._offsets.raw(number)
        except NoInput:
            raise self._gone(number) from None
        return self._read(number, mbox.entries([raw]))

    def _read(self, number: int, stream: Iterator[Entry]) -> Entry:
        self._next = 0  # until it was read
        for entry in stream:
            if entry.number >= number:
                break
        else:
            raise self._gone(number)
        if entry.number > number:
            raise Damaged(f"{self._folder}: entry {entry.number} stands where {number} should")
        self._next = number + 1
        return entry

    def _gone(self, number: int) -> Damaged:
        return Damaged(f"{self._folder}: entry {number} of {self._pit} is gone; it stood before")

    def close(self) -> None:
        """Let go of what is open."""
        self._next, self._stream = 0, None
        self._offsets.close()


class Archive(mailbox.Mailbox[mailbox.mboxMessage]):
    """Entries of one archive as messages.

    folder, pit: the archive. numbers: which entries, in any order (None: all). factory: as for
    every Mailbox. NoInput where there is no archive, or an entry does not stand. Damaged is raised
    for an entry, when it is read, that is not what its stamp says.
    """

    def __init__(
        self,
        folder: Path,
        pit: str,
        numbers: Iterable[int] | None = None,
        factory: Callable[[Any], mailbox.mboxMessage] | None = None,
    ) -> None:
        super().__init__(str(folder), factory, create=False)
        self.folder, self.pit = folder, pit
        self.last = last_entry(folder, pit)
        self.numbers: Sequence[int] = range(1, self.last + 1)
        if numbers is not None:
            self.numbers = array("Q", sorted(set(numbers)))
            for number in (*self.numbers[:1], *self.numbers[-1:]):
                if not 1 <= number <= self.last:
                    raise NoInput(f"entry {number} does not stand; {pit} ends at {self.last}")
        self._reader = _Reader(folder, pit)

    def entry(self, number: int) -> Entry:
        """An entry as filters read it; KeyError if it is none of these."""
        if number not in self:
            raise KeyError(number)
        return self.peek(number)

    def peek(self, number: int) -> Entry:
        """The same of any entry that stood when this was made, selected or not."""
        return self._reader.entry(number)

    def __contains__(self, key: object) -> bool:
        if not isinstance(key, int):
            return False
        if isinstance(self.numbers, range):
            return key in self.numbers
        at = bisect.bisect_left(self.numbers, key)
        return at < len(self.numbers) and self.numbers[at] == key

    def __len__(self) -> int:
        return len(self.numbers)

    def iterkeys(self) -> Iterator[int]:  # type: ignore[override]  # typeshed says str
        """The numbers, ascending."""
        return iter(self.numbers)

    def keys(self) -> list[int]:  # type: ignore[override]
        """The numbers, ascending."""
        return list(self.numbers)

    def get_bytes(self, key: int, from_: bool = False) -> bytes:  # type: ignore[override]
        """The stamp lines and the mail; from_: with the `From_` line above them. KeyError."""
        stamp, mail = read_entry(self.entry(key).raw)
        first = from_line(stamp.pit, stamp.number, stamp.time) if from_ else b""
        return first + stamp.lines() + mail

    def get_file(self, key: int, from_: bool = False) -> IO[bytes]:  # type: ignore[override]
        """The same bytes to read from."""
        return io.BytesIO(self.get_bytes(key, from_))

    def get_message(self, key: int) -> mailbox.mboxMessage:  # type: ignore[override]
        """The message, parsed, with its `From_` line."""
        entry = self.entry(key)
        message = mailbox.mboxMessage(self.get_bytes(key))
        message.set_from(f"{key}@{self.pit}.pit {asctime(entry.time)}")
        return message

    def _refuse(self, *args: object, **kwargs: object) -> NoReturn:
        raise io.UnsupportedOperation("an archive is read-only; what stands there stays")

    add = remove = discard = update = clear = pop = popitem = _refuse
    __setitem__ = __delitem__ = _refuse

    def lock(self) -> None:
        """Nothing: only the notary writes, and what was sealed stays."""

    unlock = flush = lock

    def close(self) -> None:
        """Let go of the files that are being read; whoever asks again opens them again."""
        self._reader.close()
