"""What a run of the notary did, and how that is said."""

import json
from collections import Counter
from typing import NamedTuple

from pit.moderator.rules import ANSWERED, ASKED, QUARANTINED, REFUSED, TAKEN, Verdict

__all__ = ["Decision", "Report"]


class Decision(NamedTuple):
    """What became of a mail: its signer ('' where he is not proven), the verdict, the entry that it
    is or repeats (0: none).
    """

    signer: str
    verdict: Verdict
    entry: int

    def line(self) -> str:
        """It for a person."""
        if self.verdict.follows == TAKEN:
            return f"stamped {self.entry} {self.signer}"
        who = f" {self.signer}" if self.signer else ""
        return f"{self.verdict.follows}{who} {self.verdict.code}: {self.verdict.finding}"


class Report(NamedTuple):
    """What a run did.

    tally: how many mails each thing followed for. decisions: each of them in order, if they were
    asked for. seals: how many were made. sealed: N of the last one, 0 before the charter.
    """

    tally: Counter[str]
    decisions: list[Decision]
    seals: int
    sealed: int

    def summary(self) -> str:
        """It in one line."""
        count = self.tally
        asked = f"asked {count[ASKED]}, " if count[ASKED] else ""
        return (
            f"stamped {count[TAKEN]}, refused {count[REFUSED]}, answered {count[ANSWERED]}, {asked}"
            f"quarantined {count[QUARANTINED]}; sealed {self.sealed}"
        )

    def json(self) -> str:
        """It for a program, each mail too."""
        kinds = {"stamped": TAKEN} | {k: k for k in (REFUSED, ANSWERED, ASKED, QUARANTINED)}
        found = {name: self.tally[kind] for name, kind in kinds.items()}
        decisions = [
            {
                "decision": verdict.follows,
                "code": verdict.code,
                "signer": signer,
                "entry": entry,
                "why": str(verdict.finding),
            }
            for signer, verdict, entry in self.decisions
        ]
        return json.dumps({**found, "sealed": self.sealed, "decisions": decisions})
