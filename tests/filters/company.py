"""One company in a pit in memory, with its keeper, specialist and filters, an entry at a time."""

import re
from datetime import datetime, timedelta

from pit.filters.positions import Positions
from pit.filters.runner import Run
from tests.filters import companies
from tests.filters.sessions import START, Archive, Process, replay, settle


class Company:
    """FIRM, whose issuer has given its shares to holders; holdings: by account.

    Every text is followed by all that is owed; time goes on by an hour an entry.
    """

    def __init__(
        self, holdings: dict[str, int], *, treasury: int = 0, lot: str = "1", short: bool = False
    ) -> None:
        members = sorted({account.partition(":")[0] for account in holdings} - {"issuer"})
        self.archive: Archive = companies.found(members, 1)
        self.running: list[Process] = companies.processes(1)
        self.now: datetime = START
        settle(self.archive, self.running)
        self.say(
            "issuer",
            'ticker FIRM "A firm"',
            "  currency: EUR",
            f"  tick: {'0.01' if lot == '1' else '0.1'}",
            f"  lot: {lot}",
            "  specialist: sue",
            *(["  short: allowed"] if short else []),
        )
        self.say("operator", "rule governed-by FIRM")
        self.say("issuer", f"issue {sum(holdings.values()) + treasury} FIRM")
        for account, number in holdings.items():
            if account != "issuer":
                self.say("issuer", f"transfer {number} FIRM to {account}")

    def say(self, member: str, *lines: str, hours: float = 1) -> int:
        """An instruction so many hours later, and what follows from it; its entry."""
        self.now += timedelta(hours=hours)
        entry = self.archive.say(member, *lines, at=self.now)
        self.archive.seal()
        settle(self.archive, self.running)
        return entry

    def motion(self, member: str, *keys: str, expires: str = "1d") -> int:
        """A motion about FIRM."""
        lines = (f"  {key}" for key in (f"expires: {expires}", *keys))
        return self.say(member, 'motion FIRM "What to do"', *lines)

    def lines(self, *verbs: str) -> list[str]:
        """The directives of these verbs in reports, in order."""
        pattern = rf"(?m)^(?:{'|'.join(verbs)}) .*(?:\n  .*)*"
        reports = (e.text for e in self.archive.entries if "\nreport " in e.text)
        return [line for text in reports for line in re.findall(pattern, text)]

    def balance(self, account: str, asset: str = "EUR") -> int:
        """What an account has, in smallest units."""
        positions = replay(self.archive, Positions).filter
        assert isinstance(positions, Positions)
        return positions.accounts.balance(account, asset)

    def run(self, name: str) -> Run:
        """The run of a filter."""
        return next(one.run for one in self.running if one.run.filter.name == name)
