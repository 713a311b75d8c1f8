"""Mails whose clearsigned block is not all there is, or not one that every program reads alike."""

from tests.mails.pair import Make, Pair, altered, bodied, whole
from tests.mails.parts import BEGIN, END, FOOTER, SIGNATURE, Mails, changed, mail
from tests.mails.pen import Pen

LURE = b"buy 7000 ACME @ 99.00\n"


def two(second: str) -> Make:
    """Two whole blocks, the second by that signer; the twin is the first one alone."""

    def make(pen: Pen) -> Mails:
        first = pen.block()
        return Mails(mail(first + pen.block(LURE.decode(), second)), mail(first))

    return make


def second_first(pen: Pen) -> Mails:
    """A block that nobody knows in front of the member's."""
    block = pen.block()
    return Mails(mail(pen.block(LURE.decode(), "mallory") + block), mail(block))


def nested(pen: Pen) -> Mails:
    """A block signed once more around itself."""
    inner = pen.block()
    return Mails(mail(pen.raw(inner)), mail(inner))


def spliced(pen: Pen) -> Mails:
    """One order's text over another order's signature."""
    one, other = pen.block(LURE.decode()), pen.block()
    at = other.index(SIGNATURE)
    return Mails(mail(one[: one.index(SIGNATURE)] + other[at:]), mail(other))


def quoted(block: bytes) -> bytes:
    return b"".join(b"> " + line for line in block.splitlines(keepends=True))


def indented(block: bytes) -> bytes:
    return b"".join(b" " + line for line in block.splitlines(keepends=True))


def hashed(new: bytes) -> Make:
    """Other lines between the BEGIN line and the text; HASH: the Hash line that was there."""

    def change(block: bytes) -> bytes:
        start, stop = block.index(b"Hash: "), block.index(b"\n\n") + 2
        line = block[start : block.index(b"\n", start) + 1]
        return block[:start] + new.replace(b"HASH\n", line) + block[stop:]

    return bodied(change)


def armour(old: bytes, new: bytes) -> Make:
    """A change after the signed text."""

    def change(block: bytes) -> bytes:
        at = block.index(SIGNATURE)
        return block[:at] + changed(block[at:], old, new)

    return bodied(change)


def dashed(pen: Pen) -> Mails:
    """A needless dash escape: gpg takes it off, so that a reader who scans sees another line."""
    block = pen.block("# x\nbuy 7 ACME @ 12.50\n")
    return Mails(mail(changed(block, b"buy 7", b"- buy 7")), mail(block))


def undashed(pen: Pen) -> Mails:
    """A dash escape that is missing: the text's line begins with a dash as it stands."""
    block = pen.block("buy 7 ACME @ 12.50\n--\n# Alice\n")
    return Mails(mail(changed(block, b"\n- --\n", b"\n--\n")), mail(block))


def double_dashed(pen: Pen) -> Mails:
    """A dash escape escaped once more."""
    block = pen.block("buy 7 ACME @ 12.50\n--\n# Alice\n")
    return Mails(mail(changed(block, b"\n- --\n", b"\n- - --\n")), mail(block))


def glued(pen: Pen) -> Mails:
    """A dash escape without its blank."""
    block = pen.block("buy 7 ACME @ 12.50\n--\n# Alice\n")
    return Mails(mail(changed(block, b"\n- --\n", b"\n---\n")), mail(block))


def not_escaped(pen: Pen) -> Mails:
    """gpg --not-dash-escaped: a header that changes what the lines below it mean."""
    bad = pen.block("buy 7 ACME @ 12.50\n--\n# A\n", "alice", "--not-dash-escaped")
    assert b"NotDashEscaped" in bad
    return Mails(mail(bad), mail(pen.block("buy 7 ACME @ 12.50\n--\n# A\n")))


PAIRS = [
    # The block is whole, and the mail says more.
    Pair("text-before-the-block", "shape", bodied(lambda b: b"Please do:\n\n" + b)),
    Pair("text-right-before-the-block", "shape", bodied(lambda b: LURE + b)),
    Pair("text-after-the-block", "shape", bodied(lambda b: b + LURE)),
    Pair("text-around-the-block", "shape", bodied(lambda b: LURE + b + LURE)),
    Pair("text-inside-the-block", "signature", altered(b"buy 7 ", LURE + b"buy 7 ")),
    Pair("text-inside-the-block-as-a-comment", "signature", altered(b"buy 7 ", b"# x\nbuy 7 ")),
    Pair("a-line-taken-out-of-the-block", "signature", altered(b"buy 7 ACME @ 12.50\n", b"")),
    Pair("an-empty-line-before-the-block", "shape", bodied(lambda b: b"\n" + b)),
    Pair("a-blank-before-the-block", "shape", bodied(lambda b: b" " + b)),
    Pair("blanks-after-the-block", "shape", bodied(lambda b: b + b" \n\t\n")),
    Pair("a-list-footer", "shape", bodied(lambda b: b + FOOTER)),
    Pair("a-mail-signature-after-the-block", "shape", bodied(lambda b: b + b"-- \nAlice\n")),
    Pair("two-blocks", "shape", two("alice")),
    Pair("a-second-block-by-a-stranger", "shape", two("mallory")),
    Pair("the-signed-block-second", "shape", second_first),
    Pair("a-block-in-a-block", "shape", nested),
    Pair("the-block-twice", "shape", bodied(lambda b: b + b)),
    Pair("a-block-quoted", "shape", bodied(quoted)),
    Pair("a-block-indented", "shape", bodied(indented)),
    Pair("one-order-over-anothers-signature", "signature", spliced),
    # Where the block begins.
    Pair("begin-with-a-blank-behind", "shape", altered(BEGIN, BEGIN + b" ")),
    Pair("begin-with-a-tab-behind", "shape", altered(BEGIN, BEGIN + b"\t")),
    Pair("begin-with-text-behind", "shape", altered(BEGIN, BEGIN + b" buy 9 ACME @ 1.00")),
    Pair("begin-in-small-letters", "shape", altered(BEGIN, BEGIN.lower())),
    Pair("begin-with-four-dashes", "shape", altered(BEGIN, BEGIN[1:])),
    Pair("begin-with-six-dashes", "shape", altered(BEGIN, b"-" + BEGIN)),
    Pair("begin-with-a-no-break-space", "shape", altered(b"BEGIN PGP", b"BEGIN\xc2\xa0PGP")),
    Pair("begin-with-a-byte-order-mark", "shape", bodied(lambda b: b"\xef\xbb\xbf" + b)),
    Pair("begin-twice", "shape", altered(BEGIN, BEGIN + b"\n" + BEGIN)),
    Pair(
        "begin-in-a-folded-header",
        "shape",
        whole(lambda m: changed(m, b"To:", b"Subject: x\n " + BEGIN + b"\nTo:")),
    ),
    Pair(
        # What a program sees that takes the first BEGIN of the file and unfolds nothing.
        "a-block-in-folded-headers",
        "shape",
        whole(
            lambda m: changed(
                m, b"To:", b"X: \n " + BEGIN + b"\n Hash: SHA256\n \n " + LURE + b"To:"
            )
        ),
    ),
    Pair("begin-in-a-subject", "shape", whole(lambda m: b"Subject: " + BEGIN + b"\n" + m)),
    # Between BEGIN and the text: what one program takes for headers, another takes for text.
    Pair("hash-then-a-line-with-one-blank", "shape", hashed(b"HASH\n \n" + LURE + b"\n")),
    Pair("hash-then-one-blank-and-no-empty-line", "shape", hashed(b"HASH\n \n")),
    Pair("hash-then-a-tab", "shape", hashed(b"HASH\n\t\n")),
    Pair("hash-then-a-no-break-space", "shape", hashed(b"HASH\n\xc2\xa0\n")),
    Pair("hash-then-a-vertical-tab", "shape", hashed(b"HASH\n\x0b\n")),
    Pair("hash-then-text", "shape", hashed(b"HASH\n" + LURE + b"\n")),
    Pair("hash-then-a-folded-line", "shape", hashed(b"HASH\n buy 9 ACME @ 1.00\n\n")),
    Pair("no-empty-line-after-hash", "shape", hashed(b"HASH\n")),
    # One empty line more is the signed text's first line, to those who count one.
    Pair("two-empty-lines-after-hash", "signature", hashed(b"HASH\n\n\n")),
    Pair("two-hash-lines", "shape", hashed(b"HASH\nHASH\n\n")),
    Pair("hash-with-blanks-behind", "shape", hashed(b"Hash: SHA512 \t\n\n")),
    Pair("hash-in-small-letters", "shape", hashed(b"hash: SHA512\n\n")),
    Pair("hash-with-an-order-in-it", "shape", hashed(b"Hash: SHA512, buy 9 ACME @ 1.00\n\n")),
    Pair("hash-without-a-name", "shape", hashed(b"Hash:\n\n")),
    # gpg reckons the hashes that the line names, and finds the signature bad: so must the notary.
    Pair("hash-of-another-name", "signature", hashed(b"Hash: MD5\n\n")),
    Pair("a-comment-header-above-the-text", "shape", hashed(b"HASH\nComment: buy 9\n\n")),
    Pair("a-charset-header-above-the-text", "shape", hashed(b"HASH\nCharset: utf-7\n\n")),
    Pair("an-unknown-header-above-the-text", "shape", hashed(b"HASH\nX-Order: buy 9\n\n")),
    Pair("not-dash-escaped", "shape", not_escaped),
    Pair("not-dash-escaped-added", "shape", hashed(b"HASH\nNotDashEscaped: yes\n\n")),
    Pair("not-dash-escaped-in-place-of-hash", "shape", hashed(b"NotDashEscaped: yes\n\n")),
    # gpg takes MD5 for meant and finds the signature bad; the design allows it: one line at most.
    Pair("no-hash-line", "-", hashed(b"\n")),
    Pair("no-hash-line-and-no-empty-line", "shape", hashed(b"")),
    # Dash escapes.
    Pair("a-needless-dash-escape", "shape", dashed),
    Pair("a-dash-escape-missing", "shape", undashed),
    Pair("a-dash-escape-escaped", "signature", double_dashed),
    Pair("a-dash-escape-without-blank", "shape", glued),
    # The armour.
    Pair(
        "an-armour-header", "shape", armour(SIGNATURE, SIGNATURE + b"\nComment: buy 9 ACME @ 1.00")
    ),
    Pair(
        "an-armour-header-version", "shape", armour(SIGNATURE, SIGNATURE + b"\nVersion: GnuPG v2")
    ),
    Pair("armour-after-a-line-with-one-blank", "shape", armour(b"-----\n\n", b"-----\n \n")),
    Pair("armour-without-empty-line", "shape", armour(b"-----\n\n", b"-----\n")),
    Pair("armour-with-a-blank-behind-begin", "shape", armour(SIGNATURE, SIGNATURE + b" ")),
    Pair("armour-with-blanks-behind-a-line", "shape", armour(b"\n=", b" \n=")),
    Pair("armour-with-an-empty-line", "shape", armour(b"\n=", b"\n\n=")),
    Pair("armour-with-text", "shape", armour(b"\n=", b"\nbuy 9 ACME\n=")),
    Pair("armour-without-end", "shape", armour(END + b"\n", b"")),
    Pair("armour-with-a-blank-behind-end", "shape", armour(END, END + b" ")),
    Pair("armour-with-text-behind-end", "shape", armour(END, END + b"buy 9 ACME @ 1.00")),
    Pair("armour-of-another-kind", "shape", armour(b"PGP SIGNATURE", b"PGP MESSAGE")),
    Pair("armour-that-ends-as-another-kind", "shape", armour(END, END.replace(b"SIG", b"Sig"))),
    Pair("armour-twice", "shape", bodied(lambda b: b + b[b.index(SIGNATURE) :])),
    Pair("armour-alone", "shape", bodied(lambda b: b[b.index(SIGNATURE) :])),
    Pair("no-armour", "shape", bodied(lambda b: b[: b.index(SIGNATURE)])),
    # Bytes.
    Pair("a-trailing-nul", "shape", bodied(lambda b: b + b"\0")),
    Pair("a-nul-inside", "shape", altered(b"buy 7", b"buy\x007")),
    Pair("a-trailing-control-z", "shape", bodied(lambda b: b + b"\x1a")),
    Pair("a-cr-inside", "shape", altered(b"buy 7", b"# \rbuy 7")),
    Pair("one-line-with-crlf", "shape", altered(b"12.50\n", b"12.50\r\n")),
    Pair(
        "headers-with-lf-and-a-body-with-crlf", "shape", bodied(lambda b: b.replace(b"\n", b"\r\n"))
    ),
    Pair("cr-in-place-of-lf", "shape", whole(lambda m: m.replace(b"\n", b"\r"))),
    # gpg takes blanks and tabs off the ends of lines before it reckons; nothing else.
    Pair("a-vertical-tab-put-behind-a-line", "signature", altered(b"12.50\n", b"12.50\x0b\n")),
    Pair("a-form-feed-put-behind-a-line", "signature", altered(b"12.50\n", b"12.50\x0c\n")),
    Pair(
        "a-no-break-space-put-behind-a-line", "signature", altered(b"12.50\n", b"12.50\xc2\xa0\n")
    ),
    Pair(
        "a-line-separator-put-inside", "signature", altered(b"12.50\n", b"12.50\xe2\x80\xa8# x\n")
    ),
]
