"""A witness's own file: what he has seen of a pit, to go on from, to mail and to publish.

It only grows, and a record is on disk before the statement in it leaves: so no two statements that
contradict each other come from one witness, whatever is killed and started again.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import NamedTuple

from pit.archives.access import make_folder
from pit.archives.disk import io_failure, locked, sync_folder, write_atomic
from pit.archives.errors import Busy, CannotCreate, Damaged, NoInput
from pit.archives.language import parse
from pit.archives.proof import Head, Prefix
from pit.archives.words import CORE
from pit.pits.home import Home, Settings, load_settings
from pit.pits.identity import Identity, keys_of
from pit.pits.openpgp import read_signature, split
from pit.pits.proofs import Sealed, charter_id
from pit.pits.sending import hand_over
from pit.pits.signing import compose, mail, subject_of
from pit.pits.testimony import Record, first_and_last, heading

__all__ = ["Desk", "Seen", "keep_evidence", "published", "settings_of", "where_to"]


class Seen(NamedTuple):
    """What stands in a witness's file. id: of the pit, from the charter that he saw first."""

    data: bytes
    id: str
    charter: str
    last: Record


class Desk(NamedTuple):
    """Who witnesses which pit. settings: of the pit, None where it is not on this host."""

    home: Home
    me: Identity
    pit: str
    settings: Settings | None

    @property
    def handle(self) -> str:
        """His handle."""
        return self.me.handle

    @property
    def file(self) -> Path:
        """What he keeps."""
        return self.home.witness(self.handle, self.pit)

    @property
    def _unsent(self) -> Path:
        """There as long as the last statement in the file may not have left."""
        return self.file.with_name(f"{self.pit}.unsent")

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep another `pit witness` of this wallet out; Busy where there is one."""
        try:
            with locked(self.file.parent):
                yield
        except Busy:
            raise Busy(f"{self.file.parent}: another `pit witness` is at work") from None

    def load(self) -> Seen | None:
        """What was seen so far, None for nothing; Damaged where the file is no witness's."""
        with io_failure(self.file):
            try:
                data = self.file.read_bytes()
            except FileNotFoundError:
                return None
        try:
            first, last = first_and_last(data)
        except Damaged as error:
            raise Damaged(f"{self.file}: {error}; bring back what is published") from None
        charter = first.proof.charter
        return Seen(data, charter_id(charter), charter, last)

    def sign(self, seal: Sealed) -> bytes:
        """His statement that he has seen a seal, clearsigned."""
        known = (seal.size, seal.root.hex())
        text = compose(self.pit, f"saw {known[0]} {known[1]}", after=known)
        with keys_of(self.home, self.handle) as keys:
            return keys.clearsign(text, self.me.fingerprint).encode()

    def add(self, seen: Seen | None, id: str, saw: bytes, proof: Head | Prefix) -> Seen:
        """Put a record on disk; what the file says then."""
        before = seen.data if seen else heading(self.handle, self.pit, id)
        record = Record(saw, proof)
        charter = seen.charter if seen else proof.charter
        write_atomic(self._unsent, b"the last statement may not have been mailed\n")
        write_atomic(self.file, before + record.text())
        return Seen(before + record.text(), id, charter, record)

    def send(self, seen: Seen | None, *, spooled: bool) -> Path | None:
        """Send the last statement unless it has left; where its mail is kept, None if it had.

        The mail is made of the signed block, so that to send it again is to send the same bytes.
        spooled: put it into the pit's spool; without, somebody sends what is kept.
        """
        with io_failure(self._unsent):
            if not self._unsent.exists():
                return None
        path = None
        if seen:
            path, made = self._mail(seen)
            with io_failure(path):
                make_folder(path.parent)
            write_atomic(path, made)
            if spooled and self.settings:
                hand_over(self.home, self.settings, made)
        with io_failure(self._unsent):
            self._unsent.unlink()
            sync_folder(self._unsent.parent)
        return path

    def address(self, charter: str) -> str:
        """Where mail to the pit goes."""
        if self.settings:
            return self.settings.address
        listed = parse(charter, CORE).directives[0].keys.get("list", ())
        return listed[0] if listed else f"{self.pit}@pits.invalid"

    def _mail(self, seen: Seen) -> tuple[Path, bytes]:
        """The statement as a mail, named in `sent/` as every mail that leaves a wallet."""
        saw = seen.last.saw
        block = split(saw)
        date = datetime.fromtimestamp(read_signature(block.armor, block.hash).created, UTC)
        subject = subject_of(block.text.decode())
        made = mail(saw.decode(), self.me.sender, self.address(seen.charter), subject, date)
        name = f"{date:%Y%m%dT%H%M%SZ}-{sha256(block.text).hexdigest()[:16]}.eml"
        return self.home.wallet(self.handle) / "sent" / name, made


def settings_of(home: Home, pit: str) -> Settings | None:
    """What this host knows of a pit; None where it is elsewhere."""
    try:
        return load_settings(home, pit)
    except NoInput:
        return None


def keep_evidence(file: Path, data: bytes) -> Path:
    """Keep evidence beside a witness's file, once."""
    paths = (file.with_name(f"{file.stem}.evidence.{number}.txt") for number in count(1))
    with io_failure(file):
        path = next(one for one in paths if not one.exists() or one.read_bytes() == data)
    write_atomic(path, data)
    return path


# --- publishing ---------------------------------------------------------------------------------


def where_to(
    desk: Desk, seen: Seen | None, chosen: str | None, said: str
) -> tuple[Path | None, str]:
    """Where a witness's file is copied to; where nowhere, what he should do about it.

    chosen: the path that he names; said: where the pit says that he publishes. The pit's word is
    taken only where his file is already: what stands in an archive must not choose what is written
    on his host. Damaged where more is published than he has, so that his own file is an older one;
    CannotCreate where what he names is something else.
    """
    if not chosen and not said.startswith("/"):
        if said:
            return None, f"the pit says that you publish at {said}: copy {desk.file} there"
        return None, (
            "published nowhere; name a place out of the notary's reach with --publish PATH, and "
            f'let the operator say: witness {desk.handle} "PATH or URL"'
        )
    path = Path(chosen or said)
    data = seen.data if seen else b""
    there = b""
    with io_failure(path):
        if path.is_file() or (chosen and path.exists()):
            with path.open("rb") as file:
                there = file.read(len(data) + 4096)
    if data.startswith(there) and (there or chosen):
        return path, ""
    title = heading(desk.handle, desk.pit, "").partition(b"\n")[0]
    if there.startswith(title) and there.startswith(data):
        raise Damaged(f"{path}: it has seen more than {desk.file}; put it in its place: cp")
    if chosen:
        raise CannotCreate(f"{path}: something else stands there; it is not written over")
    return None, f"the pit says that you publish at {path}: say --publish {path} the first time"


def published(path: Path, data: bytes) -> bool:
    """Copy a witness's file; whether anything was new."""
    with io_failure(path):
        if path.exists() and path.read_bytes() == data:
            return False
    write_atomic(path, data)
    return True
