"""One batch in memory: stamps for what was taken, the record of what was refused, the seal."""

import hashlib
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from pit.archives.entry import NOTARY, Stamp, asctime, quote
from pit.archives.errors import Denied, Misconfigured, PitError
from pit.archives.fields import read_time
from pit.archives.language import Text, parse
from pit.archives.mbox import Entry
from pit.archives.verbs import Directive
from pit.archives.words import CORE
from pit.moderator.case import Case
from pit.moderator.ledger import Instruction, Ledger, Outcome
from pit.pits.home import Settings
from pit.pits.openpgp import read_signature, split, verify
from pit.pits.signing import compose, mail

if TYPE_CHECKING:
    from pit.pits.gnupg import KeyHome

__all__ = ["Batch", "Clock", "Made", "seal_due", "utc_now"]

Clock = Callable[[], datetime]

_STEP = timedelta(microseconds=1)
_NOTED = timedelta(seconds=1)


def utc_now() -> datetime:
    """What time it is."""
    return datetime.now(UTC)


def _written(moment: datetime) -> str:
    """A time as Pit-Time has it, '2026-11-20T12:50:19.163980Z'."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")[:26] + "Z"


def _moment(time: str) -> datetime:
    return datetime.fromisoformat(time[:-1]).replace(tzinfo=UTC)


def seal_due(ledger: Ledger, now: datetime) -> bool:
    """Whether a seal is due though nothing came: the pit was idle, or an `until:` has passed."""
    if not ledger.number:
        return False
    idle = now - _moment(ledger.sealed_at) >= timedelta(seconds=ledger.pit.rule("idle-seal"))
    return idle or bool(ledger.next_until and ledger.next_until <= _written(now))


class Made(NamedTuple):
    """An entry of the batch: its number, stamp lines and signed text; itself as it will stand."""

    number: int
    stamp: bytes
    text: str
    raw: bytes


class _Mail(NamedTuple):
    """A mail, the same as it is stored, its signed text, and that parsed."""

    data: bytes
    stored: bytes
    said: str
    text: Text


class Batch:
    """Entries that will be appended together; the ledger goes with each of them.

    If the batch does not reach the disk the ledger is ahead of it, and must be read anew.
    keys: opens the notary's keys, asked for when something is to be signed. confirmed: the operator
    says that the clock is right. Denied if it has jumped too far.
    """

    def __init__(
        self,
        ledger: Ledger,
        settings: Settings,
        keys: Callable[[], "KeyHome"],
        clock: Clock = utc_now,
        confirmed: bool = False,
    ) -> None:
        self._ledger, self._settings, self._keys, self._clock = ledger, settings, keys, clock
        self._refused: list[Directive] = []
        self._first = ledger.number + 1
        self.entries: list[Made] = []
        if ledger.number:
            self._check_clock(confirmed)

    def _check_clock(self, confirmed: bool) -> None:
        """Back: said on stderr, time goes on from the last stamp. Far ahead: Denied."""
        last, now = _moment(self._ledger.time), self._clock()
        limit = timedelta(seconds=self._ledger.pit.rule("clock-jump"))
        if now - last > limit and not confirmed:
            raise Denied(
                f"it is {_written(now)}, the last stamp is of {self._ledger.time}: further than "
                f"`rule clock-jump` allows ({limit}). Every order until then would expire. If the "
                "clock is right, say so once: pit notary --clock-ok"
            )
        if last - now > _NOTED:
            print(
                f"pit notary: the clock stepped back, to {_written(now)}; time goes on from the "
                f"last stamp, {self._ledger.time}",
                file=sys.stderr,
            )

    def now(self) -> str:
        """The time of the next stamp: the clock's, or just after the last stamp."""
        now, last = _written(self._clock()), self._ledger.time
        return now if now > last else _written(_moment(last) + _STEP)

    def take(self, case: Case) -> int:
        """Stamp a mail that passed every rule; its entry number."""
        instruction, said = case.instruction, case.block.text.decode()
        mail = _Mail(case.data, case.stored, said, case.text)
        return self._stamp(case.handle, instruction, mail, case.now)

    def refuse(self, instruction: Instruction, code: str) -> None:
        """Note a refusal, to be recorded when the batch closes; it counts from now on."""
        signed = read_time(instruction.signed)
        args = (instruction.fingerprint, signed, instruction.text, code)
        self._refused.append(Directive("refused", args))
        self._ledger.decide(instruction, Outcome(0, code))

    def entry(self, number: int) -> Made | None:
        """The entry of that number, if it is one of this batch."""
        at = number - self._first
        return self.entries[at] if 0 <= at < len(self.entries) else None

    @property
    def news(self) -> bool:
        """Whether there is anything to record and seal."""
        return bool(self.entries or self._refused)

    def close(self) -> bytes:
        """Record what was refused, seal, and return the whole batch."""
        if self._refused:
            lines = "".join(CORE["refused"].show(directive) for directive in self._refused)
            self._own(lines, f"refused {len(self._refused)}", self.now())
        size, now = self._ledger.number, self.now()
        keys = {"root": self._ledger.tree.root(size).hex(), "time": now}
        # The time is written with all of its digits, as Pit-Time is.
        self._own(f"seal {size}\n  root: {keys['root']}\n  time: {now}\n", f"seal {size}", now)
        return b"".join(entry.raw for entry in self.entries)

    def _own(self, directives: str, subject: str, time: str) -> None:
        """Sign a text of the notary's own and stamp it."""
        ledger, settings = self._ledger, self._settings
        text = compose(ledger.name, directives, id=ledger.pit.id)
        keys = self._keys()
        cert = ledger.keys.of(NOTARY)
        block = keys.clearsign(text, cert.fingerprint)
        cut = split(block.encode())
        signature = read_signature(cut.armor, cut.hash)
        try:
            verify(cut.text, signature, cert)
        except PitError as error:
            raise Misconfigured(
                f"{keys.folder}: signs with another key than the notary's in this pit, "
                f"{cert.fingerprint}: {error}"
            ) from error
        sender = f"{ledger.name} <{settings.address}>"
        data = mail(block, sender, settings.address, subject, _moment(time))
        data = b"Auto-Submitted: auto-generated\n" + data
        digest, said = hashlib.sha256(cut.text).hexdigest(), cut.text.decode()
        instruction = Instruction(cert.fingerprint, signature.created_text, digest)
        made = _Mail(data, quote(data), said, parse(said, ledger.pit.words))
        self._stamp(NOTARY, instruction, made, time)

    def _stamp(self, handle: str, instruction: Instruction, mail: _Mail, time: str) -> int:
        """Stamp a mail; its entry number."""
        pit, number = self._ledger.name, self._ledger.number + 1
        stamp = Stamp(
            pit=pit,
            number=number,
            time=time,
            signer=handle,
            fingerprint=instruction.fingerprint,
            signed=instruction.signed,
            text=instruction.text,
            length=len(mail.data),
            mail=hashlib.sha256(mail.data).hexdigest(),
            prev=self._ledger.prev,
        )
        lines = stamp.lines()
        # What archives.entry.write_entry makes of them, without asking for the date each time.
        end = b"\n" if mail.stored.endswith(b"\n") else b"\n\n"
        head = f"From {number}@{pit}.pit {_date(time[:19])}\n".encode()
        raw = b"".join((head, lines, mail.stored, end))
        entry = Entry(pit, number, time, handle, stamp.fingerprint, mail.said, raw)
        self._ledger.add(entry, stamp, lines, mail.text)
        self.entries.append(Made(number, lines, mail.said, raw))
        return number


_date = lru_cache(maxsize=16)(asctime)
