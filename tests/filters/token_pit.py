"""A pit with TradeTokens in memory: what is said, what follows, and what the oracle makes of it."""

import re
from collections import Counter
from datetime import datetime, timedelta

from pit.filters.dividends import Dividends
from pit.filters.govern import Govern
from pit.filters.history import history
from pit.filters.positions import Positions
from pit.filters.runner import Run
from pit.filters.tokens import Tokens
from tests.filters import sessions
from tests.filters.sessions import START, Archive, Process, settle
from tests.filters.token_oracle import Reckoning

ASSET = 'asset TT "TradeTokens"\n  decimals: 5'
WORDS = ("rule words govern 1", "rule words dividends 1", "rule words tokens 1")
MEMBERS = ("alice", "bob", "carol")
_processes = sessions.processes


def running(shards: int = 1, split: bool = False) -> list[Process]:
    """Those of a pit that trades, and the filters of companies and tokens."""
    more = [Process(make, Run(make())) for make in (Govern, Dividends, Tokens)]
    return [*_processes(shards, split), *more]


class TokenPit:
    """A pit of which block n begins 5 x (n - 1) minutes after its first entry.

    first: what the operator says before `rule tokens 1`, which he says if `on`. given: each of
    alice, bob, carol and the issuer has so many TT at first, out of block 1.
    """

    def __init__(
        self, *first: str, given: str = "190", shards: int = 1, asset: str = ASSET, on: bool = True
    ) -> None:
        self.archive: Archive = sessions.found(list(MEMBERS), shards)
        self.running = running(shards)
        self.archive.say("operator", *WORDS)
        if asset:
            self.archive.say("operator", asset)
        self.archive.say("cashier", "deposit issuer 1000 EUR")
        for text in first:
            self.archive.say("operator", text)
        if on:
            self.archive.say("operator", "rule tokens 1")
        self.archive.seal()
        settle(self.archive, self.running)
        self.now: datetime = START
        gifts = [
            f"transfer {given} TT to {who}" for who in (*MEMBERS, "issuer") if given != "0" and on
        ]
        if gifts:
            self.say("operator", *gifts, block=1)

    def say(self, who: str, *lines: str, block: int | None = None, mail: bool = True) -> int:
        """An instruction in a block, or a second later, and (mail) what follows; its entry."""
        self.now += timedelta(seconds=1)
        if block is not None:
            self.now = max(self.now, START + timedelta(seconds=300 * (block - 1), microseconds=5))
        entry = self.archive.say(who, *lines, at=self.now)
        if mail:
            self.mail()
        return entry

    def pass_to(self, block: int) -> None:
        """Somebody says something in a block, so that there is a seal in it."""
        self.say("cashier", 'say "time goes on"', block=block)

    def mail(self, *names: str) -> None:
        """Seal, and publish what is owed, or what these filters owe."""
        self.archive.seal()
        settle(self.archive, [p for p in self.running if not names or p.run.filter.name in names])

    def lines(self, *verbs: str, of: int | None = None) -> list[str]:
        """The directives of these verbs in reports, in order; of: those that name this entry."""
        pattern = rf"(?m)^(?:{'|'.join(verbs)}) .*(?:\n  .*)*"
        reports = (e.text for e in self.archive.entries if "\nreport " in e.text)
        found = [line for text in reports for line in re.findall(pattern, text)]
        return [line for line in found if of is None or f"/{of} " in line.replace("\n", " ") + " "]

    def moves(self, of: int) -> dict[str, int]:
        """Who has got how much of what an instruction was charged, in 0.00001 TT."""
        found: Counter[str] = Counter()
        for line in self.lines("move", of=of):
            _, amount, asset, _, _, _, to, *_ = line.split(" ")
            assert asset == "TT"
            found[to] += round(float(amount) * 10**5)
        return dict(found)

    def balance(self, account: str, asset: str = "TT") -> int:
        """What an account has, held or not, in smallest units."""
        return sum(p.accounts.balance(account, asset) for p in self.keepers())

    def held(self) -> int:
        """TT that are held for anything."""
        holds = [hold for p in self.keepers() for hold in p.accounts.holds.values()]
        return sum(hold.amount for hold in holds if hold.asset == "TT")

    def keepers(self) -> list[Positions]:
        """The filters of the shards."""
        filters = [process.run.filter for process in self.running]
        return [filter for filter in filters if isinstance(filter, Positions)]

    def check(self) -> Reckoning:
        """Everybody has what the oracle says, and each move is as it says; the oracle."""
        return check(self.archive, self.running)


def balances(running: list[Process]) -> dict[str, int]:
    """Everybody's TT."""
    found: Counter[str] = Counter()
    for process in running:
        if isinstance(process.run.filter, Positions):
            for (account, asset), amount in process.run.filter.accounts.balances.items():
                if asset == "TT" and account != "outside":
                    found[account] += amount
    return {account: amount for account, amount in found.items() if amount}


def check(archive: Archive, running: list[Process]) -> Reckoning:
    """All is published: everybody has what the oracle says, and each move is as it says."""
    paid: dict[str, Counter[str]] = {}
    counts = set()
    for chapter in history(archive.entries):
        for act in chapter.acts:
            counts.add(act.ref)
            if act.directive.verb == "move" and "\nreport tokens " in chapter.entry.text:
                amount, _, name, to, _ = act.directive.args
                due = paid.setdefault(name.partition("/")[2], Counter())
                due[to] += int(amount * 10**5)
    oracle = Reckoning(counts).feed(archive.entries)
    owed = {
        ref: Counter({to: n for to, n in due.items() if to})
        for ref, due in oracle.charged().items()
    }
    assert paid == {ref: +due for ref, due in owed.items() if +due}
    found = oracle.balances()
    burned = found.pop("outside", 0)
    assert balances(running) == found
    assert sum(found.values()) == oracle.minted - burned
    return oracle
