"""The notary's decision: an ordered table of small rules (NOTARY), each a pure function of a case.

A rule finds something or nothing; the first finding decides. What follows from it stands in the
table: until the signature is proven, silence; after that an answer.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from pit.archives.cut import SIGNATURE, cut_text
from pit.archives.entry import NOTARY
from pit.archives.errors import PitError
from pit.archives.verbs import Directive
from pit.moderator.case import Case, Finding
from pit.moderator.wording import line_of, objection
from pit.pits.members import GOOD
from pit.pits.openpgp import SignatureError
from pit.pits.signing import subject_of

__all__ = [
    "ANSWERED",
    "ASKED",
    "QUARANTINED",
    "REFUSED",
    "RULES",
    "TAKEN",
    "Rule",
    "Verdict",
    "decide",
]

TAKEN, QUARANTINED, REFUSED, ANSWERED = "taken", "quarantined", "refused", "answered"
ASKED = "asked"
"""What follows: an entry; quarantine in silence; an answer and a record; an answer alone; `pit
answer` answers."""

SOON = 300
"""Seconds that a signature may be in the future: clocks differ."""


def loop(case: Case) -> Finding | None:
    """Mail that a program sent by itself, or that comes back from the list."""
    ours = "<" + case.settings.address.replace("@", ".").lower() + ">"
    for name, value in case.head.found:
        if name == "return-path" and "".join(value.split()) == "<>":
            return Finding("its return path is null: a bounce or an answer")
        if name == "auto-submitted" and value.lower() != "no":
            return Finding(f"`Auto-Submitted: {value[:80]}`")
        if name == "list-id" and ours in value.lower():
            return Finding("it comes from this list")
    return None


def size(case: Case) -> Finding | None:
    """Mail, headers or lines that are too long."""
    return Finding(case.excess) if case.excess else None


def shape(case: Case) -> Finding | None:
    """Anything but plain headers and one signed text, a canonical clearsigned block or PGP/MIME."""
    try:
        block = case.block
    except PitError as error:
        return Finding(str(error))
    if block.octets is None and _PART(block.text):
        return Finding("the signed text is a part of a PGP/MIME mail, taken out of it")
    return None


_PART = re.compile(rb"(?:[!-9;-~]+:[^\n]*\n(?:[ \t][^\n]*\n)*)*?content-type:", re.IGNORECASE).match


def key(case: Case) -> Finding | None:
    """A key that the archive has not enrolled, or mail that is not from its owner's address."""
    try:
        signer = case.signer
    except SignatureError:
        return None  # the next rule says what is wrong with it
    except PitError as error:
        return Finding(str(error))
    if signer is None or signer[0] == NOTARY:
        owner = "the notary, who takes no mail from itself" if signer else "nobody here"
        return Finding(f"the key {case.signature.issuer} is of {owner}")
    if case.mail.sender.lower() not in case.addresses:
        return Finding(
            f"From is {case.mail.sender}; {signer[0]}'s is {' or '.join(case.addresses)}"
        )
    return None


def signature(case: Case) -> Finding | None:
    """A signature that is not good."""
    try:
        fault = case.fault(case.signer[1])
    except PitError as error:
        return Finding(str(error))
    if fault and not case.lapsed:
        return Finding(fault)
    # What readers will cut from the archive must be what was verified (ARCHIVE, Reading).
    if not _plain(case) and _cut(case) != case.block.text:
        return Finding("a reader of the archive would not find the same text in it")
    return None


def _plain(case: Case) -> bool:
    """Whether nothing is escaped, encoded or quoted: the text stands between its two lines."""
    if case.mail.in_mime:
        return False
    body = case.mail.body
    start = body.find(b"\n\n") + 2
    return case.stored is case.data and body.startswith(case.block.text + SIGNATURE, start)


def _cut(case: Case) -> bytes | None:
    return cut_text(b"\n" + case.stored, case.digest)


def duplicate(case: Case) -> Finding | None:
    """An instruction that was decided already."""
    before = case.ledger.decided(case.instruction)
    if before is None:
        return None
    entry, code = before
    if code:
        what = f"it was refused already, by the rule `{code}`"
        return Finding(what, code=code, record=entry)
    return Finding(f"it stands already, as entry {entry}", entry=entry, record=entry)


def right(case: Case) -> Finding | None:
    """A signer who may not act now, or a signature of another time."""
    member = case.ledger.pit.members.get(case.handle)
    if member and member.standing != GOOD:
        return Finding(f"{case.handle} is {member.standing}")
    cert = case.signer[1]
    if fault := case.ledger.keys.fault(cert.fingerprint):
        return Finding(fault)
    if case.fault(cert):
        return Finding(case.lapsed)
    if cert.expires and cert.expires[:19] <= case.now[:19]:
        return Finding(f"the key {cert.fingerprint} expired at {cert.expires}")
    signed = case.signature.created_text
    age, fresh = case.moment - case.signature.created, case.ledger.pit.rule("freshness")
    if age < -SOON:
        return Finding(f"signed at {signed}; it is {case.now} only: is the sender's clock right?")
    if age > fresh:
        return Finding(f"signed at {signed}, more than {fresh} s before {case.now}: sign it anew")
    return None


def number(case: Case) -> Finding | None:
    """A report that is not its signer's next."""
    head = _report(case)
    if head is None:
        return None
    name, found = head.args
    last = case.ledger.pit.reports.get((name, case.handle), 0)
    line = case.text.lines[0]
    if found <= last:
        first = case.ledger.report(case.handle, name, found)
        return Finding(
            f"{case.handle}'s report {name} {found} stands as entry {first}", entry=first
        )
    if found > last + 1:
        wanted = f"{case.handle}'s next report of {name} is {last + 1}; send this one again then"
        return Finding(wanted, line, 9 + len(name), code="early")
    return None


def _report(case: Case) -> Directive | None:
    first = case.text.directives[0]
    return first if first.verb == "report" else None


def after(case: Case) -> Finding | None:
    """A text built on a history that is not this archive's."""
    if case.text.after is None:
        return None
    entry, root = case.text.after
    stands = case.ledger.seal_root(entry)
    if stands == root:
        return None
    line = line_of(case.block.text.decode(), "  after: ")
    if stands is None:
        return Finding(f"there is no seal {entry} in this archive", line, 10)
    return Finding(f"seal {entry} has the root {stands} here; keep both: one is forged", line, 10)


def query(case: Case) -> Finding | None:
    """A text that asks and instructs nothing: it is no entry."""
    return Finding(subject_of(case.block.text.decode())) if case.asks else None


class Rule(NamedTuple):
    """A rule: its name, the reason code; what it asks; what follows; a sentence for the sender."""

    name: str
    check: Callable[[Case], Finding | None]
    follows: str
    sentence: str


RULES = (
    Rule("loop", loop, QUARANTINED, "Automatic mail is not taken."),
    Rule("size", size, QUARANTINED, "The mail is too large."),
    Rule("shape", shape, QUARANTINED, "The mail is not one signed text and nothing else."),
    Rule("key", key, QUARANTINED, "The mail is signed by nobody here, or not from his address."),
    Rule("signature", signature, QUARANTINED, "The signature is not good."),
    Rule("duplicate", duplicate, ANSWERED, "This instruction was decided before."),
    Rule("right", right, REFUSED, "The signature is good, but it gives no right here and now."),
    Rule("words", objection, REFUSED, "The text is not one that this pit can take."),
    Rule("number", number, ANSWERED, "This report is not the next one; nothing was recorded."),
    Rule("after", after, REFUSED, "The text builds on a history that is not this archive's."),
    Rule("query", query, ASKED, "The text asks; it is answered, and nothing is recorded."),
)
"""The rules in the order in which they are asked."""

SENTENCES = {rule.name: rule.sentence for rule in RULES}


class Verdict(NamedTuple):
    """What follows (TAKEN, …), the reason code, and what was found."""

    follows: str
    code: str
    finding: Finding


_TAKEN = Verdict(TAKEN, "", Finding(""))


def decide(case: Case) -> Verdict:
    """The verdict of the first rule that finds something; TAKEN if none does."""
    for rule in RULES:
        finding = rule.check(case)
        if finding:
            # What is never archived is refused without a record of it.
            follows = ANSWERED if rule.follows == REFUSED and case.asks else rule.follows
            return Verdict(follows, finding.code or rule.name, finding)
    return _TAKEN
