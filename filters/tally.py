"""Motions: whether one passes, and what a passed one allows.

The rules are told in docs/reference/companies.md, after RFC 002, sections 7 and 12. No vote is
rounded: shares of the vote are compared by cross-multiplication, in integers.
"""

from collections.abc import Mapping
from math import gcd
from typing import NamedTuple

__all__ = [
    "PARADOX",
    "RULES",
    "TALLIES",
    "Branch",
    "Count",
    "Mandate",
    "Outcome",
    "Rules",
    "count",
    "give_back",
    "outcome",
    "used",
]


class Branch(NamedTuple):
    """One of the ways to pass: so much of the vote cast, and so much of what is cast in favour.

    Both are fractions: (numerator, denominator).
    """

    quorum: tuple[int, int]
    majority: tuple[int, int]


Rules = tuple[Branch, ...]
"""The ways to pass; one is enough."""

RULES: Rules = (Branch((1, 2), (2, 3)), Branch((1, 3), (3, 4)))
"""The seed's: half of the vote and two thirds of that, or a third of it and three quarters."""

TALLIES = ("default", "approval-quorum", "heads")
"""What a ticker's `tally:` may be.

`default`: by share; the quorum is of all votes cast, so that one more *no* can carry a motion.
`approval-quorum`: by share; the quorum is of the votes in favour, the default's times its majority
(1/2 x 2/3 = 1/3; 1/3 x 3/4 = 1/4), and no *no* ever carries anything. `heads`: as `default`, but
each holder has one vote, for bodies of members such as a board.
"""

PARADOX = "PARADOX: one more no carried it"
"""What is printed with the outcome of a motion that one *no* less would have lost."""


class Count(NamedTuple):
    """What was cast, by share and by head.

    outstanding: the shares that have a vote. yes, no: those that were cast so. heads, heads_yes,
    heads_no: the same of the members who hold them.
    """

    outstanding: int
    yes: int
    no: int
    heads: int
    heads_yes: int
    heads_no: int


class Outcome(NamedTuple):
    """What became of a motion.

    paradox: it passed, and with one *no* less would not have. why: the arithmetic in ASCII, of the
    branch that carried it or of all that did not.
    """

    passed: bool
    paradox: bool
    why: str


def count(holdings: Mapping[str, int], ballots: Mapping[str, bool]) -> Count:
    """Count the ballots; linear in holders and ballots.

    holdings: shares by member at the record date, treasury left out. ballots: by member, the last
    valid vote, True for *yes*. Who holds nothing has no vote.

    >>> count({"alice": 60, "bob": 40, "carol": 0}, {"alice": True, "carol": False})
    Count(outstanding=100, yes=60, no=0, heads=2, heads_yes=1, heads_no=0)
    """
    yes = no = heads_yes = heads_no = 0
    for member, favour in ballots.items():
        shares = holdings.get(member, 0)
        if shares <= 0:
            continue
        if favour:
            yes += shares
            heads_yes += 1
        else:
            no += shares
            heads_no += 1
    held = [shares for shares in holdings.values() if shares > 0]
    return Count(sum(held), yes, no, len(held), heads_yes, heads_no)


def outcome(counted: Count, tally: str = "default", rules: Rules = RULES) -> Outcome:
    """Whether a motion is carried; tally: one of `TALLIES`.

    With O votes outstanding, Y in favour, N against and C = Y + N, by `RULES`: C > 0 and ((2C >= O
    and 3Y >= 2C) or (3C >= O and 4Y >= 3C)); `approval-quorum`: C > 0 and ((3Y >= O and 3Y >= 2C)
    or (4Y >= O and 4Y >= 3C)).

    >>> outcome(Count(100, 36, 13, 5, 3, 2))
    Outcome(passed=False, paradox=False, why='2 x 49 < 100; 3 x 49 >= 100, 4 x 36 < 3 x 49')
    >>> outcome(Count(100, 36, 14, 5, 3, 2)).why
    '2 x 50 >= 100, 3 x 36 >= 2 x 50; PARADOX: one more no carried it'
    """
    approval = tally == "approval-quorum"
    of, yes, no = counted[3:] if tally == "heads" else counted[:3]
    if not yes + no:
        return Outcome(False, False, "no votes")
    found = [_conditions(branch, of, yes, no, approval) for branch in rules]
    carried = next((both for both in found if all(one.holds for one in both)), None)
    if carried is None:
        return Outcome(False, False, "; ".join(map(_reckoning, found)))
    # A motion that is carried has a vote in favour: without one *no* there are still votes.
    fewer = (_conditions(branch, of, yes, no - 1, approval) for branch in rules if no)
    paradox = no > 0 and not any(all(one.holds for one in both) for both in fewer)
    why = _reckoning(carried)
    return Outcome(True, paradox, f"{why}; {PARADOX}" if paradox else why)


class _Condition(NamedTuple):
    """`times` x `votes` is to be at least `part` x `of`."""

    times: int
    votes: int
    part: int
    of: int

    @property
    def holds(self) -> bool:
        return self.times * self.votes >= self.part * self.of


def _conditions(
    branch: Branch, of: int, yes: int, no: int, approval: bool
) -> tuple[_Condition, _Condition]:
    """The quorum and the majority of a branch."""
    (share, whole), (most, cast) = branch
    majority = _Condition(cast, yes, most, yes + no)
    if not approval:
        return _Condition(whole, yes + no, share, of), majority
    common = gcd(whole * cast, share * most)
    return _Condition(whole * cast // common, yes, share * most // common, of), majority


def _reckoning(conditions: tuple[_Condition, ...]) -> str:
    """The conditions in numbers, up to the first that does not hold."""
    lines = []
    for one in conditions:
        sign = ">=" if one.holds else "<"
        lines.append(f"{_product(one.times, one.votes)} {sign} {_product(one.part, one.of)}")
        if not one.holds:
            break
    return ", ".join(lines)


def _product(times: int, number: int) -> str:
    return str(number) if times == 1 else f"{times} x {number}"


class Mandate(NamedTuple):
    """What a passed motion allows to be issued: in pieces, never above its number, for a time.

    motion: its reference. number, used: in the ticker's smallest unit; what was issued under it is
    `used`. until: the first time, in 27 characters, at which it is too late.
    """

    motion: str
    number: int
    used: int
    until: str


def used(mandate: Mandate, number: int) -> Mandate:
    """The mandate after that number was issued under it.

    >>> used(Mandate("1042", 500, 400, "2027-02-18T12:00:00.000000Z"), 100).used
    500
    """
    return mandate._replace(used=mandate.used + number)


def give_back(mandates: list[Mandate], number: int) -> None:
    """An issue of that number does not happen after all: what was used last may be used again.

    >>> some = [Mandate("1042", 500, 500, ""), Mandate("1043", 500, 100, "")]
    >>> give_back(some, 200)
    >>> [one.used for one in some]
    [400, 0]
    """
    for index in reversed(range(len(mandates))):
        back = min(number, mandates[index].used)
        number -= back
        mandates[index] = used(mandates[index], -back)
