"""Each rule refuses what it is for, and takes the same mail without what is wrong with it."""

import copy
import re
from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple

import pytest

from pit.moderator.case import Case
from pit.moderator.ledger import Ledger, read_ledger
from pit.moderator.rules import RULES, decide
from tests.moderator.world import FIRST, LIST, NAME, NOW, REFUSED, World, mail_of

BUY = "buy 7 ACME @ 12.50\n"
Make = Callable[[World], bytes]


@pytest.fixture(scope="session")
def ledger(stands: World) -> Ledger:
    return read_ledger(stands.home.archive(NAME), NAME)


def verdict(mail: bytes, world: World, ledger: Ledger) -> tuple[str, str]:
    """The reason code, '' if the mail is taken; and what was found."""
    now = NOW.replace(tzinfo=None).isoformat() + ".000000Z"
    found = decide(Case(mail, ledger, now, world.settings))
    return found.code, str(found.finding)


class Row(NamedTuple):
    """A hostile mail, the code it meets, a part of the sentence; and its good twin."""

    name: str
    code: str
    says: str
    bad: Make
    good: Make


def headed(bad: str, good: str) -> tuple[Make, Make]:
    """The same order with one header and with the other."""
    return (lambda w: w.mail(BUY, "alice", bad)), (lambda w: w.mail(BUY, "alice", good))


def written(bad: str, good: str, who: str = "alice") -> tuple[Make, Make]:
    return (lambda w: w.mail(bad, who)), (lambda w: w.mail(good, who))


def texts(
    bad: Callable[[World], str | bytes], who: str = "alice", good: str = BUY
) -> tuple[Make, Make]:
    """A whole signed text, the `pit` line too."""
    return (lambda w: mail_of(w.keys.sign(who, bad(w)), who)), (lambda w: w.mail(good, who))


def changed(old: bytes, new: bytes, count: int = 1) -> tuple[Make, Make]:
    """Bytes of a good mail exchanged on the way."""

    def bad(world: World) -> bytes:
        mail = world.mail(BUY)
        assert old in mail
        return mail.replace(old, new, count)

    return bad, lambda w: w.mail(BUY)


def at(bad: timedelta, good: timedelta, who: str = "alice") -> tuple[Make, Make]:
    return (lambda w: w.mail(BUY, who, at=NOW + bad)), (
        lambda w: w.mail(BUY, "alice", at=NOW + good)
    )


def signers(bad: str, good: str, make: Callable[[World], str] = lambda w: BUY) -> tuple[Make, Make]:
    """The same directives from one and from another."""
    return (lambda w: w.mail(make(w), bad)), (lambda w: w.mail(make(w), good))


def sender(bad: str, good: str) -> tuple[Make, Make]:
    def make(value: str) -> Make:
        return lambda w: mail_of(w.keys.sign("alice", w.text(BUY)), sender=value)

    return make(bad), make(good)


def padding(lines: int) -> str:
    return f"# {'x' * 950}\n" * lines


BEGIN = b"-----BEGIN PGP SIGNED MESSAGE-----"
LIST_ID = f"List-Id: <{LIST.replace('@', '.')}>"
MIME = "MIME-Version: 1.0\n"
ALICE = b"From: Alice <alice@example.org>\n"

ROWS = [
    Row(
        "a vacation reply",
        "loop",
        "Auto",
        *headed("Auto-Submitted: auto-replied", "Auto-Submitted: no"),
    ),
    Row("a bounce", "loop", "null", *headed("Return-Path: <>", "Return-Path: <a@example.org>")),
    Row("list mail", "loop", "list", *headed(LIST_ID, "List-Id: <other.example.org>")),
    Row("2 MiB", "size", "bytes", *changed(b"pit acme\n", b"pit acme\n" + b"# x\n" * (1 << 19))),
    Row(
        "long headers", "size", "headers", *headed("X: " + "x\n x" * 20000, "X: " + "x\n x" * 12000)
    ),
    Row("a long line", "size", "999", *headed("X: " + "x" * 996, "X: " + "x" * 995)),
    Row("an empty mail", "shape", "empty line", lambda w: b"", lambda w: w.mail(BUY)),
    Row("headers alone", "shape", "empty line", lambda w: ALICE, lambda w: w.mail(BUY)),
    Row("an empty body", "shape", "begin", lambda w: ALICE + b"\n", lambda w: w.mail(BUY)),
    Row("a folded first line", "shape", "field", *changed(b"From:", b" x\nFrom:")),
    Row("a first line that is empty", "shape", "field", *changed(b"From:", b"\nFrom:")),
    Row(
        "a second From_ line",
        "shape",
        "field",
        *changed(b"From:", b"From a Mon\nFrom b Mon\nFrom:"),
    ),
    Row("a line that is no field", "shape", "field", *changed(b"To:", b"no field\nTo:")),
    Row("a line of blanks", "shape", "blanks", *changed(b"To:", b"X: y\n \nTo:")),
    Row("a stamp of its own", "shape", "Pit-", *headed("Pit-Entry: acme 9", "X-Pit-Entry: acme 9")),
    Row("a stamp in capitals", "shape", "pit-", *headed("PIT-TIME: now", "X-PIT-TIME: now")),
    Row("mixed line ends", "shape", "CR", *changed(b"\n", b"\r\n")),
    Row("a CR", "shape", "CR", *changed(b"buy 7", b"buy\r7")),
    Row("a NUL", "shape", "NUL", *changed(b"buy 7", b"buy\0 7")),
    Row("a control character in a header", "shape", "control", *changed(b"To: ", b"To: \x0b")),
    Row("BEGIN in a header", "shape", "PGP line", *changed(b"To: ", b"X: " + BEGIN + b"\nTo: ")),
    Row(
        "two From", "shape", "2 headers", *changed(ALICE, ALICE + b"From: Bob <bob@example.org>\n")
    ),
    Row(
        "two addresses",
        "shape",
        "one address",
        *sender("alice@example.org, mallory@example.org", "alice@example.org"),
    ),
    Row(
        "an address in a name",
        "shape",
        "one address",
        *sender("mallory@example.org <alice@example.org>", '"m@example.org" <alice@example.org>'),
    ),
    Row("a group", "shape", "one address", *sender("a: alice@example.org;", "ALICE@example.org")),
    Row("no From", "shape", "one address", *changed(ALICE, b"")),
    Row(
        "html",
        "shape",
        "Type",
        *headed(MIME + "Content-Type: text/html", MIME + "Content-Type: text/plain"),
    ),
    Row(
        "another charset",
        "shape",
        "Type",
        *headed(
            "Content-Type: text/plain; charset=utf-7", 'Content-Type: text/plain; charset="UTF-8"'
        ),
    ),
    Row(
        "two content types",
        "shape",
        "2 headers",
        *headed("Content-Type: text/plain\nContent-Type: text/plain", "Content-Type: text/plain"),
    ),
    Row(
        "quoted-printable",
        "shape",
        "Encoding",
        *headed("Content-Transfer-Encoding: quoted-printable", "Content-Transfer-Encoding: 7bit"),
    ),
    Row("text before the block", "shape", "begin", *changed(BEGIN, b"Hi!\n" + BEGIN)),
    Row(
        "text after the block",
        "shape",
        "nothing after",
        lambda w: w.mail(BUY) + b"sell!\n",
        lambda w: w.mail(BUY) + b"\n",
    ),
    Row(
        "a stranger",
        "key",
        "nobody",
        *signers("mallory", "bob"),
    ),
    Row(
        "another member's address",
        "key",
        "alice's",
        *sender("Bob <bob@example.org>", "alice@example.org"),
    ),
    Row(
        "the notary's key",
        "key",
        "itself",
        *signers("notary", "operator", lambda w: 'say "x"\n'),
    ),
    Row("a changed text", "signature", "no valid", *changed(b"buy 7", b"buy 8")),
    Row("a changed blank", "signature", "no valid", *changed(b"buy 7", b"buy  7")),
    Row(
        "a changed checksum",
        "signature",
        "checksum",
        lambda w: re.sub(rb"\n=....\n", b"\n=AAAA\n", w.mail(BUY)),
        lambda w: re.sub(rb"\n=....\n", b"\n", w.mail(BUY)),
    ),
    Row(
        "SHA-1",
        "signature",
        "hash",
        lambda w: mail_of(w.keys.sign("alice", w.text(BUY), None, "--digest-algo", "SHA1")),
        lambda w: mail_of(w.keys.sign("alice", w.text(BUY), None, "--digest-algo", "SHA256")),
    ),
    Row(
        "a suspended member",
        "right",
        "carol is suspended",
        *signers("carol", "bob"),
    ),
    Row("an expired key", "right", "expired", *at(timedelta(days=-2), timedelta(days=-2), "erin")),
    Row("an old signature", "right", "more than", *at(timedelta(days=-8), timedelta(days=-6))),
    Row(
        "a signature of tomorrow",
        "right",
        "clock",
        *at(timedelta(minutes=10), timedelta(minutes=4)),
    ),
    Row(
        "a comma",
        "words",
        "line 3, column 14: '12,50' is not a price; write 12.50",
        *written("buy 7 ACME @ 12,50\n", BUY),
    ),
    Row(
        "a word unknown", "words", "line 3, column 1: 'byu'", *written("byu 7 ACME @ 12.50\n", BUY)
    ),
    Row("a text that says nothing", "words", "line 1, column 1", *written("# nothing\n", BUY)),
    Row("no pit line", "words", "line 1, column 1", *texts(lambda w: BUY)),
    Row(
        "another pit",
        "words",
        "line 1, column 5: 'other'",
        *texts(lambda w: w.text(BUY).replace(NAME, "other", 1)),
    ),
    Row(
        "an older pit of that name",
        "words",
        "line 2, column 7",
        *texts(lambda w: f"pit {NAME}\n  id: {'0' * 16}\n{BUY}"),
    ),
    Row("no id", "words", "line 1, column 1", *texts(lambda w: f"pit {NAME}\n{BUY}")),
    Row(
        "bytes that are no UTF-8",
        "words",
        "line 4, column 6: the byte FF",
        *texts(lambda w: w.text("").encode() + b'say "\xff"\n'),
    ),
    Row(
        "a letter and its accent apart",
        "words",
        "line 3, column 6",
        *written('say "e\u0301"\n', 'say "\u00e9"\n'),
    ),
    Row("a code point of no use", "words", "U+0378", *written('say "\u0378"\n', 'say "\u0377"\n')),
    Row(
        "another's verb",
        "words",
        "line 3, column 1: `deposit` is for cashier",
        *written("deposit alice 5 EUR\n", BUY),
    ),
    Row(
        "a member who admits",
        "words",
        "is for operator",
        *signers("alice", "operator", lambda w: w.admission("mallory")),
    ),
    Row(
        "a second charter",
        "words",
        "already",
        lambda w: w.mail(w.charter(), "operator"),
        lambda w: w.mail("rule freshness 2d\n", "operator"),
    ),
    Row(
        "a handle that is taken",
        "words",
        "alice is, or was",
        lambda w: w.mail(w.admission("mallory", handle="alice"), "operator"),
        lambda w: w.mail(w.admission("mallory"), "operator"),
    ),
    Row(
        "a certificate that is taken",
        "words",
        "already",
        lambda w: w.mail(w.admission("operator", handle="mallory"), "operator"),
        lambda w: w.mail(w.admission("mallory"), "operator"),
    ),
    Row(
        "another key than its fingerprint",
        "words",
        "write that one",
        lambda w: w.mail(
            w.admission("mallory").replace(w.keys.prints["mallory"], "A" * 40, 1), "operator"
        ),
        lambda w: w.mail(w.admission("mallory"), "operator"),
    ),
    Row(
        "what the first directive made impossible",
        "words",
        "line 4, column 1: EUR exists",
        *written(
            'asset EUR "Euro"\nasset EUR "Euro"\n',
            'asset EUR "Euro"\nasset USD "Dollar"\n',
            "operator",
        ),
    ),
    Row(
        "what needs what comes later",
        "words",
        "line 3, column 1: operator is not a keeper",
        *written(
            "keeper 1/1 operator\ngrant keeper to operator\n",
            "grant keeper to operator\nkeeper 1/1 operator\n",
            "operator",
        ),
    ),
    Row(
        "an order in a report",
        "words",
        "line 5, column 1: `say` does not belong",
        lambda w: w.report(2, 'accept alice/4\nsay "x"\n'),
        lambda w: w.report(2, "accept alice/4\n"),
    ),
    Row(
        "an accept without report",
        "words",
        "must stand in a report",
        lambda w: w.mail("accept alice/4\n", "kim"),
        lambda w: w.report(2),
    ),
    Row(
        "a report without after",
        "words",
        "after",
        lambda w: w.mail("report positions 2\n", "kim"),
        lambda w: w.report(2),
    ),
    Row(
        "an early report",
        "early",
        "next report of positions is 2",
        lambda w: w.report(3),
        lambda w: w.report(2),
    ),
    Row(
        "a repeated report",
        "number",
        "stands as entry 7",
        lambda w: w.report(1),
        lambda w: w.report(2),
    ),
    Row(
        "a seal that is not",
        "after",
        "line 2, column 10: there is no seal 6",
        lambda w: mail_of(w.keys.sign("alice", w.text(BUY, (6, "0" * 64)))),
        lambda w: mail_of(w.keys.sign("alice", w.text(BUY, w.last_seal()))),
    ),
    Row(
        "a forged seal",
        "after",
        "line 2, column 10: seal 7 has the root",
        lambda w: mail_of(w.keys.sign("alice", w.text(BUY, (7, "0" * 64)))),
        lambda w: mail_of(w.keys.sign("alice", w.text(BUY, w.last_seal()))),
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name.replace(" ", "-"))
def test_what_is_wrong_is_refused_by_its_rule_and_its_good_twin_taken(
    row: Row, stands: World, ledger: Ledger
) -> None:
    code, says = verdict(row.bad(stands), stands, ledger)
    assert code == row.code
    assert row.says in says
    assert verdict(row.good(stands), stands, ledger) == ("", "")


def test_every_rule_is_in_the_table_of_tests() -> None:
    tested = {row.code for row in ROWS} | {"duplicate", "query"}
    assert {rule.name for rule in RULES} <= tested


def test_an_instruction_that_stands_is_a_duplicate_whatever_its_headers_and_line_ends(
    stands: World, ledger: Ledger
) -> None:
    entry = next(e for e in stands.entries() if e.number == 4)
    block = entry.raw[entry.raw.index(BEGIN) :].rstrip(b"\n") + b"\n"
    assert FIRST.encode() in block
    for mail in (
        mail_of(block),
        mail_of(block, "alice", "Subject: again"),
        mail_of(block).replace(b"\n", b"\r\n"),
        b"From alice Mon Nov 20 2026\n" + mail_of(block),
        mail_of(block.replace(b"ref: first\n", b"ref: first \t\n")),
    ):
        assert verdict(mail, stands, ledger) == ("duplicate", "it stands already, as entry 4")


def test_a_judgement_changes_nothing(stands: World, ledger: Ledger) -> None:
    before = copy.deepcopy(vars(ledger.pit)), ledger.unsaved, len(ledger.index.facts)
    verdict(stands.mail('asset EUR "E"\nrule freshness 1d\n', "operator"), stands, ledger)
    verdict(stands.mail(REFUSED), stands, ledger)
    after = vars(ledger.pit), ledger.unsaved, len(ledger.index.facts)
    for name in ("assets", "rules", "written", "coming", "members", "entry"):
        assert before[0][name] == after[0][name]
    assert before[1:] == after[1:]
