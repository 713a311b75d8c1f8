"""Take what waits in the spool: stamp it, seal it, answer it.

Every mail becomes an entry of the archive, or is refused with an answer, or goes into quarantine;
it leaves the spool only when that is on disk. When nothing waits, it seals what is due. One line
says what was done, if anything was.

    $ pit notary -p acme
    stamped 3, refused 1, answered 0, quarantined 1; sealed 1042
"""

import json
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from pit.archives import mbox
from pit.archives.entry import read_entry
from pit.archives.errors import Misconfigured
from pit.archives.store import Store
from pit.moderator import quarantine, replies
from pit.moderator.case import Case
from pit.moderator.ledger import read_ledger
from pit.moderator.rules import QUARANTINED, REFUSED, TAKEN, Verdict, decide
from pit.moderator.stamp import Batch, Clock, seal_due, utc_now
from pit.pits import spool
from pit.pits.gnupg import KeyHome
from pit.pits.home import Home, choose_pit, load_settings, root, save_settings
from pit.pits.options import add_pit, parser

__all__ = ["Decision", "Notary", "Report", "main"]

MAILS, BYTES = 1000, 64 << 20
"""A batch has at most so many mails, and ends when they are that long together."""


class Decision(NamedTuple):
    """What became of a mail: its file in the spool, the verdict, its entry (0: none of its own)."""

    path: Path
    case: Case
    verdict: Verdict
    entry: int


class Report(NamedTuple):
    """What a run did: decisions in order; sealed: N of the last seal, 0 before the charter."""

    decisions: list[Decision]
    seals: int
    sealed: int


class Notary:
    """The one writer of a pit's archive, a context manager; Busy if there is another.

    After an error it must be opened anew: what it knows may be ahead of the disk.
    """

    def __init__(
        self, home: Home, pit: str, *, clock: Clock = utc_now, clock_ok: bool = False
    ) -> None:
        self._home, self._clock, self._clock_ok = home, clock, clock_ok
        self.settings = load_settings(home, pit)
        self._folder = home.archive(pit)
        self._store = Store(self._folder, pit)
        try:
            if self._store.recovered:
                print(f"pit notary: {self._store.recovered}", file=sys.stderr)
            self.ledger = read_ledger(self._folder, pit)
            self._keys = KeyHome(home.notary_keys(pit))
            self._limit = replies.Limit(home.pit(pit) / "answered")
            self._note_id()
        except BaseException:
            self._store.close()
            raise

    def __enter__(self) -> "Notary":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the lock back and end gpg's agent."""
        self._store.close()
        self._keys.close()

    def run(self) -> Report:
        """Decide everything that waits; then seal, if one is due."""
        decisions: list[Decision] = []
        seals = 0
        while paths := self._waiting():
            done, sealed = self._batch(paths)
            decisions += done
            seals += sealed
        if seal_due(self.ledger, self._clock()):
            seals += self._append(self._new_batch())
        return Report(decisions, seals, self.ledger.pit.seal[0])

    def _waiting(self) -> list[Path]:
        paths: list[Path] = []
        total = 0
        for path in spool.waiting(self._home.spool(self.settings.name))[:MAILS]:
            total += path.stat().st_size
            if paths and total > BYTES:
                break
            paths.append(path)
        return paths

    def _new_batch(self) -> Batch:
        return Batch(self.ledger, self.settings, self._keys, self._clock, self._clock_ok)

    def _batch(self, paths: list[Path]) -> tuple[list[Decision], int]:
        """Decide on these mails, in the order of ARCHIVE, Crash safety."""
        batch = self._new_batch()
        decisions = [self._decide(batch, path) for path in paths]
        sealed = 0
        if batch.news:
            sealed = self._append(batch)
        for decision in decisions:
            self._answer(decision)
        self._limit.save()
        for path in paths:
            spool.done(path)
        return decisions, sealed

    def _decide(self, batch: Batch, path: Path) -> Decision:
        case = Case(spool.take(path), self.ledger, batch.now(), self.settings)
        verdict = decide(case)
        entry = verdict.finding.entry
        if verdict.follows == REFUSED and not self.ledger.number:
            verdict = verdict._replace(follows=QUARANTINED)  # no archive yet to record it in
        if verdict.follows == TAKEN:
            entry = batch.take(case)
        elif verdict.follows == REFUSED:
            batch.refuse(case.instruction, verdict.code)
        elif verdict.follows == QUARANTINED:
            folder = self._home.quarantine(self.settings.name)
            quarantine.put(folder, case.raw, verdict.code, str(verdict.finding))
        return Decision(path, case, verdict, entry)

    def _append(self, batch: Batch) -> int:
        """Seal the batch and put it on disk; 1, the number of seals."""
        data = batch.close()
        self._store.append(data, entries=len(batch.entries), stamp=self.ledger.prev)
        self._note_id()
        return 1

    def _note_id(self) -> None:
        """Note the pit's id in the settings once the charter stands; it never changes again."""
        found, noted = self.ledger.pit.id, self.settings.id
        if noted and found != noted:
            raise Misconfigured(
                f"{self._folder}: the pit's id is {found or 'missing'}; the settings say {noted}: "
                "another pit's archive, or none; put the right one back"
            )
        if found != noted:
            self.settings = self.settings._replace(id=found)
            save_settings(self._home, self.settings)

    def _answer(self, decision: Decision) -> None:
        """Write the reply into the member's inbox if his wallet is here, else into the outbox."""
        _, case, verdict, entry = decision
        if verdict.follows == QUARANTINED or not self._allows(decision):
            return
        if entry:
            seal = self.ledger.seal_over(entry)
            raw = self.ledger.raw(self._folder, entry)
            (found,) = mbox.entries([raw])
            path = self.ledger.tree.path(entry - 1, seal)
            sealing = self.ledger.raw(self._folder, seal + 1)
            reply = replies.receipt(case, found, read_entry(raw)[0], path, sealing)
        else:
            recorded = verdict.code != "early"
            reply = replies.refusal(case, verdict.code, verdict.finding, recorded)
        wallet = self._home.wallet(reply.handle)
        outbox = self._home.outbox(self.settings.name)
        spool.put(wallet / "inbox" if wallet.is_dir() else outbox, reply.mail)

    def _allows(self, decision: Decision) -> bool:
        if decision.verdict.follows == TAKEN:
            return True
        now = self._clock()
        times = [t.strftime("%Y-%m-%dT%H:%M:%SZ") for t in (now, now - timedelta(hours=1))]
        return self._limit.allows(decision.case.mail.sender, *times)


def _line(decision: Decision) -> str:
    """One decision for a person."""
    _, case, verdict, entry = decision
    if verdict.follows == TAKEN:
        return f"stamped {entry} {case.handle}"
    who = "" if verdict.follows == QUARANTINED else f" {case.handle}"
    return f"{verdict.follows}{who} {verdict.code}: {verdict.finding}"


def _count(report: Report) -> Counter[str]:
    return Counter(decision.verdict.follows for decision in report.decisions)


def _summary(report: Report) -> str:
    count = _count(report)
    return (
        f"stamped {count['taken']}, refused {count['refused']}, answered {count['answered']}, "
        f"quarantined {count['quarantined']}; sealed {report.sealed}"
    )


def _json(report: Report) -> str:
    count = _count(report)
    kinds = {"stamped": "taken", "refused": "refused", "answered": "answered"}
    found = {name: count[kind] for name, kind in (*kinds.items(), (QUARANTINED, QUARANTINED))}
    decisions = [
        {
            "decision": verdict.follows,
            "code": verdict.code,
            "signer": "" if verdict.follows == QUARANTINED else case.handle,
            "entry": entry,
            "why": str(verdict.finding),
        }
        for _, case, verdict, entry in report.decisions
    ]
    return json.dumps({**found, "sealed": report.sealed, "decisions": decisions})


def main(argv: list[str]) -> int:
    """Run `pit notary`."""
    options = parser("notary", __doc__)
    add_pit(options)
    options.add_argument("-v", "--verbose", action="store_true", help="a line for each mail")
    options.add_argument("--json", action="store_true", help="say it as JSON, each mail too")
    options.add_argument(
        "--clock-ok", action="store_true", help="the clock is right, however far it has jumped"
    )
    args = options.parse_args(argv)
    home = Home(root())
    with Notary(home, choose_pit(home, args.pit), clock_ok=args.clock_ok) as notary:
        report = notary.run()
    if args.json:
        print(_json(report))
    elif report.decisions or report.seals:
        for decision in report.decisions if args.verbose else []:
            print(_line(decision))
        print(_summary(report))
    return 0
