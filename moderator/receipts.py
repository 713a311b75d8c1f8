"""Receipts of entries that stand, each checked before it leaves: stamp, path and root agree."""

from types import TracebackType

from pit.archives import mbox
from pit.archives.entry import read_entry
from pit.archives.merkle import leaf
from pit.archives.offsets import Offsets
from pit.moderator import replies
from pit.moderator.case import Case
from pit.moderator.facts import Unsound
from pit.moderator.ledger import Ledger
from pit.moderator.stamp import Batch, Made
from pit.moderator.tiles import Paths

__all__ = ["Receipts"]


class Receipts:
    """What a batch's senders are told of entries, its own and older ones; a context manager.

    Nothing in a receipt rests on the index: what it says of the tree is compared with the root that
    the seal in the receipt signs, else Unsound. The archive must not grow meanwhile.
    """

    def __init__(self, ledger: Ledger, batch: Batch) -> None:
        self._ledger, self._batch = ledger, batch
        self._seals: dict[int, tuple[Paths, bytes]] = {}
        self._offsets: Offsets | None = None

    def __enter__(self) -> "Receipts":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._offsets:
            self._offsets.close()

    def of(self, case: Case, number: int) -> replies.Reply:
        """The receipt of an entry for who sent a mail."""
        entry = self._batch.entry(number)
        if entry:
            size = self._ledger.pit.seal[0]
        else:
            entry, size = self._older(number), self._ledger.seal_over(number)
        if size not in self._seals:
            self._seals[size] = self._seal(size)
        paths, seal = self._seals[size]
        found, path = paths.of(number - 1)
        if found != leaf(entry.stamp):
            raise Unsound(f"entry {number} is not the one in its tree")
        return replies.receipt(case, entry, path, seal)

    def _older(self, number: int) -> Made:
        """An entry of an earlier batch."""
        raw = self._read(number)
        (entry,) = mbox.entries([raw])
        return Made(number, read_entry(raw)[0].lines(), entry.text, raw)

    def _seal(self, size: int) -> tuple[Paths, bytes]:
        """The paths to a seal's root, and its entry without the `From_` line."""
        root = self._ledger.seal_root(size)
        made = self._batch.entry(size + 1)
        raw = made.raw if made else self._read(size + 1)
        if f"\nseal {size}\n  root: {root}\n".encode() not in raw:
            raise Unsound(f"entry {size + 1} is no seal of the root {root}")
        return Paths(self._ledger.tree, size, bytes.fromhex(str(root))), raw.partition(b"\n")[2]

    def _read(self, number: int) -> bytes:
        """An entry as it stands in the archive."""
        if self._offsets is None:
            self._offsets = Offsets(self._ledger.folder, self._ledger.name)
        return self._offsets.raw(number)
