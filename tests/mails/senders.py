"""Mails that are not from whom they seem to be from, or not from a person at all."""

from tests.mails.pair import Make, Pair, fields, senders, whole
from tests.mails.parts import ALICE, LIST, Mails, changed, mail
from tests.mails.pen import ORDER

FROM = f"From: {ALICE}\n".encode()
BOB = "Bob <bob@example.org>"
EVE = "eve@evil.example"


def signer(who: str, good: str = "alice") -> Make:
    """A mail from alice that somebody else signed, and one that she did."""
    return lambda pen: Mails(mail(pen.block(ORDER, who)), mail(pen.block(ORDER, good)))


def unwritten(new: bytes) -> Make:
    """Other bytes in place of the From field."""
    return whole(lambda m: changed(m, FROM, new))


LIST_ID = f"List-Id: Acme <{LIST.replace('@', '.')}>"

PAIRS = [
    # Whose key, and whose name.
    Pair("anothers-key-in-a-members-name", "key", signer("bob")),
    Pair("a-strangers-key-in-a-members-name", "key", signer("mallory")),
    Pair("a-strangers-key-that-bears-a-members-name", "key", signer("impostor")),
    Pair("the-notarys-key-in-a-members-name", "key", signer("notary")),
    Pair("another-members-address", "key", senders(BOB)),
    Pair("an-address-that-is-nobodys", "key", senders(f"Alice <{EVE}>")),
    Pair("a-members-address-as-a-strangers-name", "key", senders(f'"alice@example.org" <{EVE}>')),
    Pair("a-subdomain-of-a-members-address", "key", senders("alice@example.org.evil.example")),
    Pair("a-tagged-address", "key", senders("alice+x@example.org")),
    # Whether `shape` or `key` says it is open in the design. It is `shape` for what few programs
    # write, and not all of them read alike; `key` for what is an address, but not the member's.
    Pair("a-letter-like-a-members", "shape", senders("alice@ex\u0430mple.org")),
    Pair("a-source-route", "shape", senders(f"<@{EVE.partition('@')[2]}:alice@example.org>")),
    Pair("a-quoted-local-part", "shape", senders('<"alice"@example.org>')),
    Pair("a-dot-behind-an-address", "key", senders("<alice@example.org.>")),
    Pair("an-address-with-two-ats", "shape", senders(f"<alice@example.org@{EVE}>")),
    Pair("an-address-with-a-percent", "key", senders("<alice%example.org@evil.example>")),
    Pair("blanks-in-an-address", "shape", senders("<alice @ example.org>")),
    Pair("an-address-in-a-comment", "key", senders(f"{EVE} (<alice@example.org>)")),
    Pair("a-comment-in-an-address", "shape", senders(f"<alice({EVE})@example.org>")),
    Pair("dot-dot-slash-in-an-address", "key", senders("<../alice@example.org>")),
    # Which of several.
    Pair("no-from", "shape", unwritten(b"")),
    Pair("from-twice", "shape", unwritten(FROM + f"From: {BOB}\n".encode())),
    Pair("from-twice-the-same", "shape", unwritten(FROM + FROM)),
    Pair("from-twice-in-other-letters", "shape", unwritten(f"FROM: {EVE}\n".encode() + FROM)),
    Pair("from-with-a-blank-before-its-colon", "shape", unwritten(FROM.replace(b":", b" :"))),
    Pair("from-below-the-empty-line", "shape", whole(lambda m: changed(m, FROM, b"\n" + FROM))),
    Pair("an-empty-from", "shape", senders("")),
    Pair("a-name-without-address", "shape", senders("alice")),
    Pair("two-addresses-in-from", "shape", senders(f"{ALICE}, {BOB}")),
    Pair("two-addresses-and-no-comma", "shape", senders(f"<{EVE}> <alice@example.org>")),
    Pair("a-semicolon-between-addresses", "shape", senders(f"{ALICE}; {BOB}")),
    Pair("a-group-in-from", "shape", senders("Us: alice@example.org;")),
    Pair("a-display-name-that-is-an-address", "shape", senders(f"{EVE} <alice@example.org>")),
    Pair("an-unclosed-bracket", "shape", senders("Alice <alice@example.org")),
    Pair("an-unclosed-quote", "shape", senders('"Alice <alice@example.org>')),
    Pair("a-folded-second-address", "shape", senders(f"{ALICE},\n {BOB}")),
    Pair("an-encoded-address", "shape", senders("=?utf-8?q?alice=40example=2Eorg?=")),
    Pair("an-escape-in-a-display-name", "shape", senders("\x1b[2J <alice@example.org>")),
    Pair("a-vertical-tab-in-a-display-name", "shape", senders("A\x0bB <alice@example.org>")),
    # Python's email splits a header at these; a program that reads it so sees two From fields.
    Pair(
        "a-line-separator-in-a-display-name",
        "shape",
        senders(f"A\u2028From: {EVE} <alice@example.org>"),
    ),
    Pair("a-next-line-in-a-display-name", "shape", senders("A\u0085B <alice@example.org>")),
    Pair("a-unit-separator-in-a-header", "shape", fields("X: a\x1fFrom: b")),
    # What is put in front of the mail, or into it, on the way.
    Pair("a-stamp-of-its-own", "shape", fields("Pit-Signer: bob", "X-Pit-Signer: bob")),
    Pair("a-folded-first-line", "shape", whole(lambda m: b" Pit-Time: x\n" + m)),
    Pair("an-empty-first-line", "shape", whole(lambda m: b"\n" + m)),
    Pair(
        "a-from-line-between-headers", "shape", whole(lambda m: changed(m, b"To:", b"From a\nTo:"))
    ),
    Pair("a-quoted-from-line-in-front", "shape", whole(lambda m: b">From a@b Mon\n" + m)),
    Pair("two-from-lines-in-front", "shape", whole(lambda m: b"From a Mon\nFrom b Mon\n" + m)),
    Pair("a-byte-order-mark-in-front", "shape", whole(lambda m: b"\xef\xbb\xbf" + m)),
    Pair("a-header-without-name", "shape", whole(lambda m: changed(m, b"To:", b": x\nTo:"))),
    Pair(
        "a-blank-line-that-is-not-empty", "shape", whole(lambda m: changed(m, b"\n\n", b"\n \n\n"))
    ),
    # What was sent by a program.
    Pair("a-vacation-notice", "loop", fields("Auto-Submitted: auto-replied", "Auto-Submitted: no")),
    Pair("a-notice-in-capitals", "loop", fields("AUTO-SUBMITTED: AUTO-GENERATED")),
    Pair("a-notice-with-a-comment", "loop", fields("Auto-Submitted: auto-replied; owner=x")),
    Pair("a-folded-notice", "loop", fields("Auto-Submitted:\n auto-replied")),
    Pair("a-bounce", "loop", fields("Return-Path: <>", "Return-Path: <alice@example.org>")),
    Pair(
        "a-bounce-with-blanks", "loop", fields("Return-Path:  < > ", "Return-Path: <a@b.example>")
    ),
    Pair(
        "a-bounce-with-a-blank-behind",
        "loop",
        fields("Return-Path: <> ", "Return-Path: <a@b.example>"),
    ),
    Pair("a-folded-bounce", "loop", fields("Return-Path:\n <>", "Return-Path: <a@b.example>")),
    Pair(
        "a-second-return-path",
        "loop",
        fields("Return-Path: <a@b.example>\nReturn-Path: <>", "Return-Path: <a@b.example>"),
    ),
    Pair("a-c1-control-in-a-subject", "shape", fields("Subject: \u009b2J")),
    # Open: no program decides by a subject, but the archive shows it.
    Pair("bidi-in-a-subject", "- shape", fields("Subject: \u202eorder")),
    Pair("a-line-separator-in-a-subject", "shape", fields("Subject: a\u2028From: b")),
    Pair(
        "the-lists-own-mail-with-a-comment",
        "loop",
        fields(f"List-Id: (x) <{LIST.replace('@', '.')}>"),
    ),
    Pair("the-lists-own-mail", "loop", fields(LIST_ID, "List-Id: <other.pits.example>")),
    Pair("the-lists-own-mail-in-capitals", "loop", fields(LIST_ID.upper(), "List-Id: <o.example>")),
]

INNOCENT = {
    "a-reply-to-elsewhere": f"Reply-To: {EVE}",
    "a-sender-elsewhere": f"Sender: {EVE}",
    "dot-dot-slash-in-a-message-id": "Message-ID: <../../etc/passwd@example.org>",
    "an-escape-in-an-encoded-subject": "Subject: =?utf-8?q?=1B=5B2J=E2=80=AE?=",
    "a-list-header-of-another-list": "List-Post: <mailto:x@other.example>",
}
"""Headers that mean nothing here: such a mail is taken, and its answer goes to its sender alone."""
