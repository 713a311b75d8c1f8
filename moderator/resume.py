"""Start from the index where it can be relied on, from the archive's first entry where it cannot.

The index counts if its state is whole and of this pit, the entry that it ends with is the
archive's, a seal whose root is the one of its tree, and every segment's file is as it was when it
was read: one that is not (another size, mtime or inode) is read again and compared with the tree,
stamp by stamp. Then only the entries after it are read. Otherwise, a line on stderr says why,
everything is read and checked, and the index is made anew.

Only of a restored backup the index is a witness: where it knows entries of this pit that the
archive lacks, going on would give their numbers a second time, and the notary stops (ARCHIVE,
Crash safety).
"""

import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from pit.archives import mbox
from pit.archives.disk import io_failure
from pit.archives.entry import read_entry
from pit.archives.errors import Damaged, NoInput
from pit.archives.extent import chunks, extent
from pit.archives.merkle import leaf
from pit.archives.offsets import raw_entry
from pit.archives.segment import first_entry, open_segment
from pit.moderator.facts import Unsound
from pit.moderator.index import Index, new_index, open_index, replace_index
from pit.moderator.ledger import Ledger, files_of, read_ledger, read_on
from pit.pits.display import printable

__all__ = ["give_up", "open_ledger", "reopened", "say"]


class Behind(Damaged):
    """An archive that is older than what the notary knows of it."""


def say(path: Path, what: str) -> None:
    """A line about the index on stderr."""
    print(f"pit notary: {printable(f'{path}: {what}')}", file=sys.stderr)


def open_ledger(folder: Path, name: str, path: Path, *, full: bool = False) -> Ledger:
    """The ledger of an archive, by its index at `path`; full: every entry is read all the same.

    Damaged where the archive is; Behind where it lacks entries that it had.
    """
    why = ""
    if not full:
        try:
            return _resumed(folder, name, path)
        except Behind:
            raise
        except (Unsound, Damaged) as error:  # what follows says whether it is the archive
            why = str(error)
    ledger = _rebuilt(folder, name, path)
    if why and ledger.number:
        say(path, f"not used: {why}; all {ledger.number} entries were read and checked")
    return ledger


def give_up(ledger: Ledger, path: Path, why: str) -> None:
    """Remove an index that is unsound: the next start makes it anew."""
    ledger.index.stop()
    with io_failure(path):
        path.unlink(missing_ok=True)
    say(path, f"removed, to be made anew: {why}")


def reopened(ledger: Ledger, path: Path, why: str) -> Ledger:
    """The same ledger, read into memory, because its index is unsound; that is removed."""
    ledger.index.close()
    again = read_ledger(ledger.folder, ledger.name)
    give_up(ledger, path, why)
    return again


def _rebuilt(folder: Path, name: str, path: Path) -> Ledger:
    """The ledger from the archive alone, and its index in place of what lies at `path`.

    That stays until all is read: where the archive is damaged, it may know what is missing. If an
    index cannot be made, the ledger is in memory.
    """
    beside = path.with_name(f"{path.name}.new")
    index = new_index(beside)
    try:
        return _moved(_read_into(folder, name, index), beside, path)
    except Unsound as error:
        again = read_ledger(folder, name)
        again.index.problem = f"cannot be made: {error}"
        return again
    finally:
        with suppress(OSError):
            beside.unlink()


def _read_into(folder: Path, name: str, index: Index) -> Ledger:
    """The ledger from the archive alone, saved in an empty index."""
    ledger = Ledger(folder, name, index)
    try:
        read_on(ledger)
        if ledger.number:
            ledger.save(0)
    except BaseException:
        index.close()
        raise
    return ledger


def _moved(ledger: Ledger, beside: Path, path: Path) -> Ledger:
    """The same ledger, its index where it belongs, unless it could not be written."""
    if ledger.index.problem:
        return ledger
    ledger.index.close()
    if not ledger.number:
        return Ledger(ledger.folder, ledger.name, new_index(path))
    return Ledger.load(ledger.folder, ledger.name, replace_index(beside, path))


def _resumed(folder: Path, name: str, path: Path) -> Ledger:
    """The ledger from its index, and the entries that it lacks; Unsound, Damaged."""
    index = open_index(path)
    try:
        ledger = Ledger.load(folder, name, index)
        _check_end(ledger)
        seen = ledger.files
        _check_files(ledger)
        if ledger.files != seen:
            ledger.save(0)  # so that the next start need not read them again
        read_on(ledger)
    except BaseException:
        index.close()
        raise
    return ledger


def _check_end(ledger: Ledger) -> None:
    """Unsound unless the last entry stands in the archive, a seal of the tree below it; Behind."""
    number, (sealed, root) = ledger.number, ledger.pit.seal
    try:
        raw = raw_entry(ledger.folder, ledger.name, number)
    except NoInput:
        raise _behind(ledger, f"there is no entry {number}") from None
    stamp, _ = read_entry(raw)
    if stamp.digest() != ledger.prev:
        raise _behind(ledger, f"entry {number} is another one")
    (entry,) = mbox.entries([raw])
    if sealed != number - 1 or f"\nseal {sealed}\n  root: {root}\n" not in entry.text:
        raise Unsound(f"entry {number} is not the seal that it ends with")
    if ledger.tree.root(sealed).hex() != root or ledger.tree.node(0, sealed) != leaf(stamp.lines()):
        raise Unsound("its tree is not the one that was sealed")
    if ledger.tree.root(number).hex() != ledger.saved_root:
        raise Unsound("its tree is not the one that was written")


def _behind(ledger: Ledger, what: str) -> Exception:
    """What it means that the archive does not hold what the index ends with."""
    first = next(mbox.entries(chunks(ledger.folder, ledger.name, size=1 << 16)), None)
    if first is None:
        what = "there is no entry"
    elif read_entry(first.raw)[0].text != ledger.pit.id:
        return Unsound("it is of another pit")
    return Behind(
        f"{ledger.folder}: {what}, though the notary has sealed {ledger.number} entries (time "
        f"{ledger.time}): is this an older backup? Restore a newer one, or a mirror; or, if the "
        "entries since are lost for good, give their numbers again: pit notary --full"
    )


def _check_files(ledger: Ledger) -> None:
    """Read every segment again whose file has changed; Unsound, Damaged unless it is the same."""
    now = files_of(ledger.folder)
    found = extent(ledger.folder, ledger.name)
    parts = [(first_entry(path.name), path, size) for path, size in found]
    ends = [first - 1 for first, _, _ in parts[1:]] + [ledger.number]
    for (first, path, size), end in zip(parts, ends, strict=True):
        last = min(end, ledger.number)
        if first <= last and now.get(first) != ledger.files.get(first):
            _check_segment(path, size, first, last, ledger)
    ledger.files = {first: about for first, about in now.items() if first <= ledger.number}


def _check_segment(path: Path, size: int, first: int, last: int, ledger: Ledger) -> None:
    """Read a segment's entries first..last, and compare their stamps with the tree."""
    number = first - 1
    for entry in mbox.entries(_beginning(path, size)):
        if number == last:
            return
        number += 1
        stamp, _ = read_entry(entry.raw)
        if (stamp.pit, stamp.number) != (ledger.name, number):
            raise Damaged(f"{path}: entry {stamp.number} of {stamp.pit} where {number} should be")
        if ledger.tree.node(0, number - 1) != leaf(stamp.lines()):
            raise Unsound(f"entry {number} in {path.name} is not the one in its tree")
    if number < last:
        raise Damaged(f"{path}: ends with entry {number}; {last} should be its last")


def _beginning(path: Path, size: int) -> Iterator[bytes]:
    with io_failure(path), open_segment(path) as file:
        while size > 0 and (data := file.read(min(size, 1 << 20))):
            size -= len(data)
            yield data
