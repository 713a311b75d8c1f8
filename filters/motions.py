"""Motions that are open, and their words: what `govern` keeps of each, and how one ends.

The arithmetic is that of `tally`; this is what goes in, and what comes out as directives.
"""

from collections.abc import Mapping
from typing import Any

from pit.archives.amounts import decimal, plain
from pit.archives.verbs import Directive, Verb
from pit.filters.amendments import Amendment
from pit.filters.tally import Count, Mandate, Outcome, Rules, count, outcome
from pit.pits.listing import Ticker
from pit.pits.markets import after

__all__ = ["DAY", "STATE", "TALLIES", "WORDS", "Motion", "mandate", "result"]

DAY = 86400

TALLIES = {"shares": "default", "heads": "heads", "approval-quorum": "approval-quorum"}
"""What `tally:` says, and what `pit.filters.tally` calls it."""

WORDS = {
    1: (
        Verb(
            "tally",
            "{ticker:asset} {by:=shares|heads|approval-quorum}",
            "How motions about a ticker are decided, by its issuer before the first; `shares` "
            "unless he says so.",
            who=["issuer"],
        ),
        Verb(
            "motion",
            "{ticker:asset} {title:text}",
            "Asks the holders of a ticker, by one who has a share; the record date is this entry. "
            "`expires`: after how many whole days. `quantity`: what `kind: issue` allows to be "
            "issued; `change`: of `kind: rule` the new `rule` lines, or a diff of the pit's rules.",
            who=["member"],
            keys={
                "expires": "duration",
                "kind": "=text|issue|close|rule",
                "quantity": "number",
                "text": "block",
                "change": "block",
            },
            needed=["expires"],
            fee="motion",
        ),
        Verb(
            "vote",
            "{motion:reference} {vote:yes} [{comment:text}]",
            "A vote with all that the signer held on the record date; his last one counts.",
            who=["member"],
            fee="vote",
        ),
        Verb(
            "counted",
            "{ticker:word} {instruction:owned} {why:text}",
            "A tally, motion or vote has effect.",
            who=["specialist"],
            report="govern",
        ),
        Verb(
            "uncounted",
            "{ticker:word} {instruction:owned} {why:text}",
            "A tally, motion or vote has none, and why.",
            who=["specialist"],
            report="govern",
        ),
        Verb(
            "result",
            "{ticker:asset} {motion:owned} {outcome:=passed|failed} of {outstanding:number} "
            "yes {yes:number} no {no:number} cast {cast:number} "
            "heads {heads:natural} yes {heads_yes:natural} no {heads_no:natural} {why:text}",
            "What became of a motion: shares outstanding and cast, members likewise, and the "
            "arithmetic.",
            who=["specialist"],
            report="govern",
        ),
        Verb(
            "mandate",
            "{ticker:asset} {motion:owned} {quantity:number} until {until:time}",
            "A motion that passed lets the issuer issue so many, in pieces.",
            who=["specialist"],
            report="govern",
            allows="issue",
        ),
        Verb(
            "enacted",
            "{ticker:asset} {motion:owned} {name:name} {value:rest}",
            "A rule that a motion changed, in force from the next entry.",
            who=["specialist"],
            report="govern",
            sets=True,
        ),
        Verb(
            "lapsed",
            "{ticker:asset} {motion:owned} {why:text}",
            "A motion passed, but what it changes has changed since.",
            who=["specialist"],
            report="govern",
        ),
    )
}
"""What each version of `rule words govern VERSION` takes into use."""

STATE = (
    Verb(
        "moved",
        "{motion:owned} {ticker:asset} {kind:name} until {time:time}",
        "A motion whose result does not stand.",
        keys={
            "tally": "name",
            "majority": "majorities",
            "days": "count",
            "quantity": "units",
            "closed": "yes",
        },
    ),
    Verb(
        "amends",
        "{motion:reference} {rule:text} {value:text} [{old:text}]",
        "What a motion would make of a rule; what it must be until then.",
    ),
    Verb(
        "ballot",
        "{motion:reference} {member:handle} {vote:yes} {entry:reference}",
        "A member's last vote.",
    ),
    Verb(
        "asking",
        "{instruction:reference} [{motion:word}]",
        "A motion, or a vote on one (`-`: on none that is open), whose fee has no accept yet.",
    ),
    Verb("decides", "{ticker:asset} {tally:name}", "How its motions are decided."),
    Verb("asked-once", "{ticker:asset}", "There was a motion about it."),
    Verb("unanswered", "{instruction:reference}", "Whose answer does not stand."),
)


class Motion:
    """A motion whose result does not stand.

    until: when it expires. tally: one of `pit.filters.tally.TALLIES`; majority, days (of a
    mandate): the rules in force at its entry. quantity: in the ticker's smallest unit. ballots: by
    member, the vote's reference, and True for *yes*. closed: its result is owed.
    """

    __slots__ = (
        "ballots",
        "changes",
        "closed",
        "days",
        "kind",
        "majority",
        "owner",
        "quantity",
        "ref",
        "tally",
        "ticker",
        "until",
    )

    def __init__(self, owner: str, ref: str, ticker: str, kind: str, until: str) -> None:
        self.owner, self.ref, self.ticker = owner, ref, ticker
        self.kind, self.until = kind, until
        self.tally = "default"
        self.majority: Rules = ()
        self.days = self.quantity = 0
        self.changes: tuple[Amendment, ...] = ()
        self.ballots: dict[str, tuple[str, bool]] = {}
        self.closed = False

    @property
    def name(self) -> str:
        """HANDLE/REF, as reports name it."""
        return f"{self.owner}/{self.ref}"

    def keys(self) -> dict[str, Any]:
        """What of it `STATE` has as keys."""
        keys: dict[str, Any] = {"tally": self.tally, "majority": self.majority, "days": self.days}
        if self.quantity:
            keys["quantity"] = self.quantity
        if self.closed:
            keys["closed"] = "yes"
        return keys

    def tell(self, holdings: Mapping[str, int]) -> tuple[Count, Outcome]:
        """Count it; holdings: by member, of those who have a vote, on its record date."""
        ballots = {member: favour for member, (_, favour) in self.ballots.items()}
        counted = count(holdings, ballots)
        return counted, outcome(counted, self.tally, self.majority)


def result(motion: Motion, holdings: Mapping[str, int], ticker: Ticker) -> Directive:
    """The `result` of a motion that has expired."""
    counted, found = motion.tell(holdings)
    shares = (counted.outstanding, counted.yes, counted.no, counted.yes + counted.no)
    why = found.why
    if ticker.decimals and motion.tally != "heads":
        why += f"; in units of {plain(decimal(1, ticker.decimals))}"
    return Directive(
        "result",
        (
            motion.ticker,
            motion.name,
            "passed" if found.passed else "failed",
            *(decimal(number, ticker.decimals) for number in shares),
            counted.heads,
            counted.heads_yes,
            counted.heads_no,
            why,
        ),
    )


def mandate(motion: Motion, ticker: Ticker) -> Directive:
    """The `mandate` of a motion to issue that passed: for its days from when it expired."""
    made = Mandate(motion.name, motion.quantity, 0, after(motion.until, motion.days * DAY))
    quantity = decimal(made.number, ticker.decimals)
    return Directive("mandate", (motion.ticker, made.motion, quantity, made.until))
