"""Members, roles, and who may say what."""

from dataclasses import dataclass, field

from pit.archives.entry import NOTARY, OPERATOR
from pit.archives.verbs import Directive, Verb, Words

GOOD, SUSPENDED, EXPELLED = "good", "suspended", "expelled"
OUTSIDE = "outside"
"""No member's handle: the account of the world outside, where money comes from and goes to."""
CLEARING = "clearing"
"""No member's handle either: the other side of what a market pays when it is settled."""
ROLES = ("trader", "cashier", "keeper", "specialist", "issuer", "witness")


def owner_of(account: str) -> str:
    """The member whose account it is: alice, of `alice` and of `alice:savings`."""
    return account.partition(":")[0]


@dataclass(slots=True)
class Member:
    """Somebody whose key the archive has enrolled: his primary fingerprint, addresses, roles."""

    handle: str
    fingerprint: str
    mail: tuple[str, ...] = ()
    roles: set[str] = field(default_factory=set)
    standing: str = GOOD


def objection(member: Member | None, signer: str, verb: Verb) -> str:
    """Why the signer may not say this verb, as a sentence; '' when he may.

    `member` is what the pit knows of the signer.
    """
    if "member" in verb.who and signer != NOTARY:
        return ""  # mostly
    roles = set(member.roles) if member else set()
    if signer == NOTARY:
        roles = {"notary"}
    else:
        roles.add("member")
        if signer == OPERATOR:
            roles.add("operator")
    if roles.intersection(verb.who):
        return ""
    wanted = " or ".join(verb.who)
    has = ", ".join(sorted(roles))
    return f"`{verb.name}` is for {wanted}; {signer} is {has}"


def misplaced(directives: tuple[Directive, ...], signer: str, words: Words) -> tuple[int, str]:
    """The first directive that may not stand where it stands, and why; (-1, '') when all may.

    A report holds its filter's directives and nothing else, and they stand nowhere else; except
    that the operator may `refuse` for one instruction whose keeper is dead. What passes on the keys
    by which all others are judged stands alone: so a proof can carry it.
    """
    inside = directives[0].args[0] if directives and directives[0].verb == "report" else ""
    for index, directive in enumerate(directives):
        if index == 0 and inside:
            continue
        report = words[directive.verb].report
        passes = directive.verb == "rekey" and directive.args[0] in (OPERATOR, NOTARY)
        if passes and len(directives) > 1:
            return index, f"`rekey {directive.args[0]}` must stand alone in its text"
        if directive.verb == "report":
            return index, "`report` must be the first directive of its text"
        if inside and report not in (inside, "*"):
            return index, f"`{directive.verb}` does not belong in a report of {inside}"
        if report and not inside and not (signer == OPERATOR and directive.verb == "refuse"):
            of, name = ("its filter", "NAME") if report == "*" else (report, report)
            why = f"`{directive.verb}` must stand in a report of {of}: `report {name} N`"
            return index, why
    return -1, ""
