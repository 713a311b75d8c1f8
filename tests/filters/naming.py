"""A pit in memory in which names are asked for, with its keeper, specialists and filters."""

from datetime import timedelta

from pit.filters.listing import Listing
from pit.filters.runner import Run
from pit.pits.state import Pit
from tests.filters import companies
from tests.filters.company import Company
from tests.filters.sessions import START, Archive, Process, replay, settle


class Names(Company):
    """Members bob and carol may list; sue and sam answer. Every text is followed by all owed.

    rules: said with the words. ACME, BETA and CHAR were listed before.
    """

    def __init__(self, *rules: str, quiet: bool = False) -> None:
        self.archive: Archive = companies.found(["alice", "bob", "carol"], 1)
        self.running: list[Process] = [*companies.processes(1), Process(Listing, Run(Listing()))]
        self.quiet = quiet
        for member in ("bob", "carol"):
            self.archive.say("operator", f"grant issuer to {member}")
        self.archive.say("operator", *rules, "rule words listing 1")
        self.archive.seal()
        settle(self.archive, self.running)

    def say(self, member: str, *lines: str, block: int = 0, seconds: float = 0) -> int:
        """An instruction in a block, so many seconds after it began; its entry."""
        when = START + timedelta(microseconds=1, seconds=(block - 1) * 300 + seconds)
        entry = self.archive.say(member, *lines, at=when if block else None)
        self.archive.seal()
        if not self.quiet:
            settle(self.archive, self.running)
        return entry

    def ticker(self, member: str, code: str, *keys: str, block: int = 0, seconds: float = 0) -> int:
        """Ask for a name."""
        lines = ("currency: EUR", "tick: 0.01", "lot: 1", "specialist: sue", *keys)
        said = (f'ticker {code} "{code} of {member}"', *(f"  {line}" for line in lines))
        return self.say(member, *said, block=block, seconds=seconds)

    @property
    def pit(self) -> Pit:
        """The pit as it stands."""
        return replay(self.archive, Listing).pit
