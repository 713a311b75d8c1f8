"""Take what waits in the spool: stamp it, seal it, answer it.

Every mail becomes an entry of the archive, or is refused with an answer, or goes into quarantine;
it leaves the spool only when that is on disk. When nothing waits, it seals what is due. One line
says what was done, if anything was.

    $ pit notary -p acme
    stamped 3, refused 1, answered 0, quarantined 1; sealed 1042

It starts from an index of the archive, pits/NAME/ledger.sqlite, which may be removed at any time,
and reads what is new and what has changed; --full reads and checks everything. With --follow it
goes on until TERM, and what comes is stamped within milliseconds.
"""

import gc
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, TypeVar

from pit.archives.entry import NOTARY
from pit.archives.errors import Misconfigured
from pit.archives.store import Store
from pit.moderator import quarantine, replies
from pit.moderator.aside import Aside
from pit.moderator.case import Case, examine
from pit.moderator.facts import Unsound
from pit.moderator.ledger import SAVED_EVERY, files_of
from pit.moderator.privacy import keep_shut
from pit.moderator.queries import Memory
from pit.moderator.receipts import Receipts
from pit.moderator.report import Decision, Report
from pit.moderator.resume import give_up, open_ledger, reopened, say
from pit.moderator.rules import ASKED, QUARANTINED, REFUSED, TAKEN, Verdict, decide
from pit.moderator.stamp import Batch, Clock, seal_due, utc_now
from pit.pits import spool
from pit.pits.gnupg import KeyHome
from pit.pits.home import Home, choose_pit, load_settings, root, save_settings
from pit.pits.options import add_pit, parser
from pit.pits.reply import destination

__all__ = ["Decision", "Notary", "Report", "main"]

MAILS, BYTES = 1000, 64 << 20
"""A batch has at most so many mails, and ends when they are that long together."""

_T = TypeVar("_T")


class Notary:
    """The one writer of a pit's archive, a context manager; Busy if there is another.

    full: read and check the whole archive, whatever the index says. After an error it must be
    opened anew: what it knows may be ahead of the disk.
    """

    def __init__(
        self,
        home: Home,
        pit: str,
        *,
        clock: Clock = utc_now,
        clock_ok: bool = False,
        full: bool = False,
    ) -> None:
        self._home, self._clock, self._clock_ok = home, clock, clock_ok
        self.settings = load_settings(home, pit)
        if self.settings.send:
            raise Misconfigured(f"{pit} is run elsewhere: mail goes there by {self.settings.send}")
        self._folder, self._index = home.archive(pit), home.ledger(pit)
        self._opened: KeyHome | None = None
        self._closing = ExitStack()
        self._store = self._closing.enter_context(Store(self._folder, pit))
        try:
            if self._store.recovered:
                print(f"pit notary: {self._store.recovered}", file=sys.stderr)
            self.ledger = open_ledger(self._folder, pit, self._index, full=full)
            self._closing.callback(lambda: self.ledger.index.close())
            self._limit = replies.Limit(home.pit(pit) / "answered", self.ledger.number)
            self._memories = (Memory(home.pit(pit) / "queries"), Memory(home.pit(pit) / "strays"))
            self._note_id()
            self._keep_shut()
        except BaseException:
            self.close()
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
        self._closing.close()

    def _keys(self) -> KeyHome:
        """The notary's keys, opened when something is to be signed."""
        if self._opened is None:
            keys = KeyHome(self._home.notary_keys(self.settings.name))
            self._opened = self._closing.enter_context(keys)
        return self._opened

    def run(self, *, keep: bool = True) -> Report:
        """Decide everything that waits; then seal, if one is due. keep: tell each decision."""
        tally: Counter[str] = Counter()
        decisions: list[Decision] = []
        seals = 0
        while waiting := spool.waiting(self._home.spool(self.settings.name)):
            while waiting:
                done, sealed = self._batch(waiting)
                del waiting[: len(done)]
                tally.update(decision.verdict.follows for decision in done)
                decisions += done if keep else []
                seals += sealed
        if self._sure(lambda: seal_due(self.ledger, self._clock())):
            self._append(self._sure(lambda: self._decided([], seal=True)))
            seals += 1
        self._save()
        if self.ledger.index.problem:
            say(self._index, self.ledger.index.problem)
        return Report(tally, decisions, seals, self.ledger.pit.seal[0])

    def _batch(self, waiting: Sequence[Path]) -> tuple[list[Decision], int]:
        """Decide on the first of these mails, in the order of ARCHIVE, Crash safety."""
        mails: list[bytes] = []
        total = 0
        for path in waiting[:MAILS]:
            mail = spool.take(path)
            total += len(mail)
            if mails and total > BYTES:
                break
            mails.append(mail)
        done = self._sure(lambda: self._decided(mails))
        if done.data:
            self._append(done)
        self._answer(done)
        spool.done_all(waiting[: len(mails)])
        self._save(SAVED_EVERY)
        return [decision for _, decision in done.decided], int(bool(done.data))

    def _sure(self, work: Callable[[], _T]) -> _T:
        """Do what may be done twice; if the index is unsound, again with everything read anew."""
        try:
            return work()
        except Unsound as error:
            self.ledger = reopened(self.ledger, self._index, str(error))
            return work()

    def _decided(self, mails: Sequence[bytes], seal: bool = False) -> "_Done":
        """Decide on mails, stamp those that are taken, and close the batch if it has any news."""
        batch = Batch(self.ledger, self.settings, self._keys, self._clock, self._clock_ok)
        cases = [Case(mail, self.ledger, "", self.settings, self._keys) for mail in mails]
        examine(cases)
        aside = Aside(*self._memories)
        decided = [(case, self._decide(batch, case, aside)) for case in cases]
        return _Done(batch, decided, batch.close() if batch.news or seal else b"", aside)

    def _decide(self, batch: Batch, case: Case, aside: Aside) -> Decision:
        case.now = batch.now()
        verdict = aside.judge(case, decide(case))
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
        signer = "" if verdict.follows == QUARANTINED else case.handle
        return Decision(signer, verdict, entry)

    def _append(self, done: "_Done") -> None:
        """Put a closed batch on disk."""
        limit = self.ledger.pit.rule("segment-entries")
        entries, stamp = len(done.batch.entries), self.ledger.prev
        self._store.append(done.data, entries=entries, stamp=stamp, limit=limit)
        self._note_id()
        self._keep_shut()

    def _save(self, least: int = 1) -> None:
        """Save the index if at least so many entries are new: it follows the archive's mark."""
        if self.ledger.unsaved >= least:
            self.ledger.files |= files_of(self._folder, max(self.ledger.files, default=1))
            try:
                self.ledger.save()
            except Unsound as error:
                give_up(self.ledger, self._index, str(error))

    def _keep_shut(self) -> None:
        private = self.ledger.pit.rule("private") == "yes"
        keep_shut(self._home, self.settings.name, private=private)

    def _note_id(self) -> None:
        """Note in the settings the pit's id, which never changes again, and the notary's key."""
        found, noted = self.ledger.pit.id, self.settings.id
        if noted and found != noted:
            raise Misconfigured(
                f"{self._folder}: the pit's id is {found or 'missing'}; the settings say {noted}: "
                "another pit's archive, or none; put the right one back"
            )
        own = self.ledger.pit.members.get(NOTARY)
        key = own.fingerprint if own else self.settings.notary
        if (found, key) != (noted, self.settings.notary):
            self.settings = self.settings._replace(id=found, notary=key)
            save_settings(self._home, self.settings)

    def _answer(self, done: "_Done") -> None:
        """Write the replies: into a member's inbox if his wallet is here, else into the outbox."""
        now = self._clock()
        moment, hour_ago = (f"{t:%Y-%m-%dT%H:%M:%SZ}" for t in (now, now - timedelta(hours=1)))
        answered = [
            (case, decision)
            for case, decision in done.decided
            if decision.signer
            and decision.verdict.follows != ASKED
            and (
                self._first(case, decision.verdict)
                or self._limit.allows(case.mail.sender, moment, hour_ago)
            )
        ]
        told = self._sure(lambda: self._replies(done.batch, answered))
        told += [
            reply
            for reply in done.aside.answers()
            if self._limit.allows(reply.address, moment, hour_ago)
        ]
        name = self.settings.name
        places = {who: destination(self._home, name, who) for who in {one.handle for one in told}}
        questions = done.aside.questions(self._home.asked(name))
        spool.put_all([*questions, *((places[reply.handle], reply.mail) for reply in told)])
        if done.aside:
            fresh = timedelta(seconds=self.ledger.pit.rule("freshness"))
            done.aside.remember(f"{now - fresh:%Y-%m-%dT%H:%M:%SZ}")
        self._limit.save(self.ledger.number, hour_ago)

    def _first(self, case: Case, verdict: Verdict) -> bool:
        """Whether it is the first answer to an instruction, which is not counted."""
        if verdict.follows in (TAKEN, REFUSED):
            return True
        return self._limit.owes(case.instruction, verdict.finding.record)

    def _replies(
        self, batch: Batch, decided: Sequence[tuple[Case, Decision]]
    ) -> list[replies.Reply]:
        with Receipts(self.ledger, batch) as receipts:
            return [self._reply(receipts, case, decision) for case, decision in decided]

    def _reply(self, receipts: Receipts, case: Case, decision: Decision) -> replies.Reply:
        if decision.entry:
            return receipts.of(case, decision.entry)
        return replies.refusal(case, decision.verdict.code, decision.verdict.finding)


class _Done(NamedTuple):
    """A batch, each mail's case and decision; data: what is to be appended, b'' for nothing; aside:
    what is answered without an entry.
    """

    batch: Batch
    decided: list[tuple[Case, Decision]]
    data: bytes
    aside: Aside


def main(argv: list[str]) -> int:
    """Run `pit notary`."""
    options = parser("notary", __doc__)
    add_pit(options)
    options.add_argument("-v", "--verbose", action="store_true", help="a line for each mail")
    options.add_argument("--json", action="store_true", help="say it as JSON, each mail too")
    options.add_argument(
        "--clock-ok", action="store_true", help="the clock is right, however far it has jumped"
    )
    options.add_argument(
        "--full", action="store_true", help="read and check the whole archive, not only what is new"
    )
    options.add_argument(
        "--follow", action="store_true", help="go on as mail comes, until TERM or ^C"
    )
    args = options.parse_args(argv)
    home = Home(root())
    gc.disable()  # nothing here makes cycles, and looking for them costs a tenth of the time
    pit = choose_pit(home, args.pit)
    with Notary(home, pit, clock_ok=args.clock_ok, full=args.full) as notary:
        if not args.follow:
            say_report(notary.run(keep=args.json or args.verbose), args.json)
            return 0
        from pit.pits.follow import News

        spooled = home.spool(pit) / "new"
        with News([spooled]) as news:
            while news.wait(1):
                report = notary.run(keep=args.json or args.verbose)
                if report.tally or report.seals:
                    say_report(report, args.json)
    return 0


def say_report(report: Report, as_json: bool) -> None:
    """Say what a run did, if it did anything."""
    if as_json:
        print(report.json(), flush=True)
    elif report.tally or report.seals:
        for decision in report.decisions:
            print(decision.line())
        print(report.summary(), flush=True)
