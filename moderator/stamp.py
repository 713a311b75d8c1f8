"""One batch in memory: stamps for what was taken, the record of what was refused, the seal."""

import hashlib
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from pit.archives import mbox
from pit.archives.entry import NOTARY, Stamp, write_entry
from pit.archives.errors import Denied, Misconfigured, PitError
from pit.archives.fields import read_time
from pit.archives.verbs import Directive
from pit.archives.words import CORE
from pit.moderator.case import Case
from pit.moderator.ledger import Instruction, Ledger
from pit.pits.gnupg import KeyHome
from pit.pits.home import Settings
from pit.pits.openpgp import read_signature, split, verify
from pit.pits.signing import compose, mail

__all__ = ["Batch", "Clock", "seal_due", "utc_now"]

Clock = Callable[[], datetime]

_STEP = timedelta(microseconds=1)
_NOTED = timedelta(seconds=1)


def utc_now() -> datetime:
    """What time it is."""
    return datetime.now(UTC)


def _written(moment: datetime) -> str:
    """A time as Pit-Time has it, '2026-11-20T12:50:19.163980Z'."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def _moment(time: str) -> datetime:
    return datetime.fromisoformat(time[:-1]).replace(tzinfo=UTC)


def seal_due(ledger: Ledger, now: datetime) -> bool:
    """Whether a seal is due though nothing came: the pit was idle, or an `until:` has passed."""
    if not ledger.number:
        return False
    idle = now - _moment(ledger.sealed_at) >= timedelta(seconds=ledger.pit.rule("idle-seal"))
    return idle or bool(ledger.next_until and ledger.next_until <= _written(now))


class Batch:
    """Entries that will be appended together; the ledger goes with each of them.

    If the batch does not reach the disk the ledger is ahead of it, and must be read anew.
    `confirmed`: the operator says that the clock is right. Denied if it has jumped too far.
    """

    def __init__(
        self,
        ledger: Ledger,
        settings: Settings,
        keys: KeyHome,
        clock: Clock = utc_now,
        confirmed: bool = False,
    ) -> None:
        self._ledger, self._settings, self._keys, self._clock = ledger, settings, keys, clock
        self._refused: list[Directive] = []
        self.entries: list[bytes] = []
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
        now = self._clock()
        if self._ledger.number:
            now = max(now, _moment(self._ledger.time) + _STEP)
        return _written(now)

    def take(self, case: Case) -> int:
        """Stamp a mail that passed every rule; its entry number."""
        return self._stamp(case.handle, case.instruction, case.data, case.now)

    def refuse(self, instruction: Instruction, code: str) -> None:
        """Note a refusal, to be recorded when the batch closes; it counts from now on."""
        signed = read_time(instruction.signed)
        args = (instruction.fingerprint, signed, instruction.text, code)
        self._refused.append(Directive("refused", args))
        self._ledger.seen[instruction] = code

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
        return b"".join(self.entries)

    def _own(self, directives: str, subject: str, time: str) -> None:
        """Sign a text of the notary's own and stamp it."""
        ledger, settings = self._ledger, self._settings
        text = compose(ledger.name, directives, id=ledger.pit.id)
        block = self._keys.clearsign(text, settings.notary)
        cut = split(block.encode())
        signature = read_signature(cut.armor, cut.hash)
        cert = ledger.keys.of(NOTARY)
        try:
            verify(cut.text, signature, cert)
        except PitError as error:
            raise Misconfigured(
                f"{self._keys.folder}: signs with another key than the notary's in this pit, "
                f"{cert.fingerprint}: {error}"
            ) from error
        sender = f"{ledger.name} <{settings.address}>"
        data = mail(block, sender, settings.address, subject, _moment(time))
        digest = hashlib.sha256(cut.text).hexdigest()
        instruction = Instruction(cert.fingerprint, signature.created_text, digest)
        self._stamp(NOTARY, instruction, b"Auto-Submitted: auto-generated\n" + data, time)

    def _stamp(self, handle: str, instruction: Instruction, data: bytes, time: str) -> int:
        stamp = Stamp(
            pit=self._ledger.name,
            number=self._ledger.number + 1,
            time=time,
            signer=handle,
            fingerprint=instruction.fingerprint,
            signed=instruction.signed,
            text=instruction.text,
            length=len(data),
            mail=hashlib.sha256(data).hexdigest(),
            prev=self._ledger.prev,
        )
        raw = write_entry(stamp, data)
        (entry,) = mbox.entries([raw])
        self._ledger.add(entry, stamp)
        self.entries.append(raw)
        return stamp.number
