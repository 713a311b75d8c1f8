"""Texts that are wholly signed by their sender, and must not be taken as they are."""

from tests.mails.pair import Make, Pair, worded
from tests.mails.parts import Mails, mail
from tests.mails.pen import ORDER, Pen
from tests.moderator.world import NAME

OPERATOR = "operator"


def raw(bad: str, good: str = "") -> Make:
    """Whole texts, the `pit` line too; ID is the pit's."""

    def make(pen: Pen) -> Mails:
        head = bad.replace("ID", pen.id[:16])
        other = pen.raw(good.replace("ID", pen.id[:16])) if good else pen.block()
        return Mails(mail(pen.raw(head)), mail(other))

    return make


def said(bad: str, good: str = "x") -> Make:
    """Something in a quoted text."""
    return worded(f'say "{bad}"\n', f'say "{good}"\n')


def noted(bad: str, good: str = "# x") -> Make:
    """Something in a comment."""
    return worded(f"{bad}\n{ORDER}", f"{good}\n{ORDER}")


def granted(handle: str, good: str) -> Make:
    """The operator grants somebody by that name a role."""

    return worded(f"grant cashier to {handle}\n", f"grant cashier to {good}\n", OPERATOR)


def bytes_of(bad: bytes) -> Make:
    """A comment of these bytes."""

    def make(pen: Pen) -> Mails:
        text = pen.text().encode()
        return Mails(mail(pen.raw(text + bad)), mail(pen.raw(text + b"# x\n")))

    return make


def after(pen: Pen) -> Mails:
    """A history that is not this archive's."""
    number, root = pen.seal
    text = f"pit {NAME}\n  after: {number} "
    bad, good = f"{text}{'0' * 64}\n{ORDER}", f"{text}{root}\n{ORDER}"
    return Mails(mail(pen.raw(bad)), mail(pen.raw(good)))


def chartered(pen: Pen) -> Mails:
    """A member founds the pit anew."""
    return Mails(mail(pen.raw(f'pit {NAME}\ncharter "Mine"\n')), mail(pen.block()))


def long(pen: Pen) -> Mails:
    """The text may have 256 KiB, the mail 1 MiB."""
    return Mails(*(mail(pen.block(ORDER + f"# {'x' * 97}\n" * count)) for count in (3000, 2500)))


UP = "../../x"

PAIRS = [
    # What would steer a terminal, or be read two ways by eyes or by programs.
    Pair("an-escape-in-a-text", "words", said("\x1b[2Jx")),
    Pair("an-escape-in-a-comment", "words", noted("# \x1b]0;x\x07")),
    Pair("a-bell-in-a-text", "words", said("\x07")),
    Pair("a-delete-in-a-text", "words", said("\x7f")),
    Pair("a-c1-control-in-a-text", "words", said("\x9b2J")),
    Pair("a-vertical-tab-in-a-comment", "words", noted("# x\x0bbuy 9 ACME @ 1.00")),
    Pair("a-form-feed-in-a-comment", "words", noted("# x\x0cbuy 9 ACME @ 1.00")),
    Pair("a-file-separator-in-a-comment", "words", noted("# x\x1cbuy 9 ACME @ 1.00")),
    Pair("next-line-in-a-comment", "words", noted("# x\x85buy 9 ACME @ 1.00")),
    Pair("a-line-separator-in-a-comment", "words", noted("# x\u2028buy 9 ACME @ 1.00")),
    Pair("a-paragraph-separator-in-a-comment", "words", noted("# x\u2029buy 9 ACME @ 1.00")),
    Pair("a-line-separator-in-a-text", "words", said("x\u2028y")),
    Pair("a-tab-in-a-comment", "words", noted("# x\ty")),
    Pair("a-tab-before-a-key", "words", worded(f"{ORDER}\tref: x\n", f"{ORDER}  ref: x\n")),
    Pair("bidi-in-a-ticker", "words", worded("buy 7 \u202eEMCA @ 12.50\n")),
    Pair("bidi-in-a-number", "words", worded("buy \u202e7 ACME @ 12.50\n")),
    Pair("bidi-in-a-reference", "words", worded(f"{ORDER}  ref: \u202ex\n", f"{ORDER}  ref: x\n")),
    # Open: the language refuses control characters (LANGUAGE, Lines), and whether those that
    # Unicode calls format characters are such is not said. Where texts are shown, they are escaped.
    Pair("bidi-in-a-text", "words -", said("\u202ex")),
    Pair("bidi-in-a-comment", "words -", noted("# \u2066x")),
    Pair("zero-width-in-a-text", "words -", said("\u200bx")),
    Pair("zero-width-in-a-comment", "words -", noted("# \u200dx")),
    Pair("a-tag-character-in-a-text", "words -", said("\U000e0041x")),
    Pair("zero-width-in-a-ticker", "words", worded("buy 7 AC\u200bME @ 12.50\n")),
    Pair("zero-width-in-a-verb", "words", worded("b\u200duy 7 ACME @ 12.50\n")),
    Pair("zero-width-in-a-number", "words", worded("buy 7\u2060 ACME @ 12.50\n")),
    Pair("a-byte-order-mark-in-a-text", "words", raw("\ufeffpit acme\n  id: ID\n")),
    Pair("a-soft-hyphen-in-a-ticker", "words", worded("buy 7 AC\u00adME @ 12.50\n")),
    Pair("a-no-break-space", "words", worded("buy\u00a07 ACME @ 12.50\n")),
    Pair("a-cyrillic-ticker", "words", worded("buy 7 \u0410CME @ 12.50\n")),
    Pair("a-greek-ticker", "words", worded("buy 7 ACM\u0395 @ 12.50\n")),
    Pair("a-fullwidth-ticker", "words", worded("buy 7 \uff21CME @ 12.50\n")),
    Pair("arabic-digits", "words", worded("buy \u0667 ACME @ 12.50\n")),
    Pair("fullwidth-digits", "words", worded("buy \uff17 ACME @ 12.50\n")),
    Pair("a-superscript-digit", "words", worded("buy 7\u00b2 ACME @ 12.50\n")),
    Pair("a-fullwidth-full-stop", "words", worded("buy 7 ACME @ 12\uff0e50\n")),
    Pair("a-cyrillic-verb", "words", worded("bu\u0443 7 ACME @ 12.50\n")),
    Pair("an-accent-of-its-own", "words", said("e\u0301", "\u00e9")),
    Pair("a-ligature-is-a-letter-of-its-own", "-", said("\ufb01", "fi")),
    Pair("a-code-point-of-no-use", "words", said("\u0378")),
    # Open: private code points are assigned, to whom is not said.
    Pair("a-private-code-point", "- words", said("\ue000")),
    Pair("bytes-that-are-no-utf-8", "words", bytes_of(b"# \xff\n")),
    Pair("an-overlong-newline", "words", bytes_of(b"# \xc0\x8abuy 9 ACME @ 1.00\n")),
    Pair("a-surrogate", "words", bytes_of(b"# \xed\xa0\x80\n")),
    Pair(
        "utf-16",
        "shape",
        lambda pen: Mails(mail(pen.raw(pen.text().encode("utf-16-le"))), mail(pen.block())),
    ),
    # Names that would leave their folder.
    Pair("dot-dot-slash-in-the-pit", "words", raw(f"pit ../{NAME}\n  id: ID\n{ORDER}")),
    Pair("dot-dot-slash-in-a-ticker", "words", worded("buy 7 ../ACME @ 12.50\n")),
    Pair("dot-dot-slash-in-a-handle", "words", granted("../bob", "bob")),
    Pair("dot-dot-slash-in-an-account", "words", worded(f"{ORDER}  account: {UP}\n", ORDER)),
    Pair("dot-dot-slash-in-a-cancel", "words", worded(f"cancel {UP}\n", "cancel 4\n")),
    Pair(
        "dot-dot-slash-in-an-asset",
        "words",
        worded(f'asset {UP} "x"\n', 'asset SEK "x"\n', OPERATOR),
    ),
    Pair("dot-dot-slash-in-a-rule", "words", worded(f"rule {UP} 1\n", "rule match 1\n", OPERATOR)),
    Pair("dot-dot-slash-in-a-filter", "words", raw(f"pit {NAME}\n  id: ID\nreport {UP} 1\n")),
    Pair("dot-dot-slash-in-an-id", "words", raw(f"pit {NAME}\n  id: {UP}\n{ORDER}")),
    Pair("dot-dot-slash-in-a-verb", "words", worded(f"{UP} 7 ACME\n")),
    Pair("dot-dot-slash-in-a-key", "words", worded(f"{ORDER}  {UP}: x\n", f"{ORDER}  ref: x\n")),
    Pair(
        "dot-dot-slash-in-a-time",
        "words",
        worded(f"{ORDER}  until: {UP}\n", f"{ORDER}  until: 2099-01-01\n"),
    ),
    # A reference is a word of the member's own; nothing is named by it.
    Pair(
        "dot-dot-slash-in-a-reference",
        "words -",
        worded(f"{ORDER}  ref: {UP}\n", f"{ORDER}  ref: x\n"),
    ),
    # What another program would read.
    Pair("another-pit", "words", raw(f"pit other\n  id: ID\n{ORDER}")),
    Pair("another-pit-of-that-name", "words", raw(f"pit {NAME}\n  id: {'0' * 16}\n{ORDER}")),
    Pair("a-pit-line-that-is-not-first", "words", raw(f"{ORDER}pit {NAME}\n  id: ID\n")),
    Pair("two-pit-lines", "words", raw(f"pit {NAME}\n  id: ID\npit {NAME}\n  id: ID\n{ORDER}")),
    Pair(
        "a-phones-signature",
        "words",
        worded(f"{ORDER}Sent from my phone\n", f"{ORDER}--\n# phone\n"),
    ),
    Pair(
        "an-order-below-the-dashes",
        "words",
        worded(f"{ORDER}--\nsell 9 ACME @ 1.00\n", f"{ORDER}--\n# x\n"),
    ),
    Pair(
        "a-from-line-in-a-text",
        "words",
        worded(f"{ORDER}From here on\n", f"{ORDER}# From here on\n"),
    ),
    Pair(
        "a-begin-line-in-a-text",
        "shape",
        worded(f"{ORDER}-----BEGIN PGP SIGNED MESSAGE-----\n"),
    ),
    Pair(
        "a-signature-line-in-a-text",
        "shape",
        worded(f"{ORDER}-----BEGIN PGP SIGNATURE-----\n"),
    ),
    Pair("a-decimal-comma", "words", worded("buy 7 ACME @ 12,50\n")),
    Pair("an-exponent", "words", worded("buy 7e3 ACME @ 12.50\n")),
    Pair("a-hexadecimal-number", "words", worded("buy 0x7 ACME @ 12.50\n")),
    Pair("an-underscore-in-a-number", "words", worded("buy 7_0 ACME @ 12.50\n")),
    Pair("a-number-of-400-digits", "words", worded(f"buy {'9' * 400} ACME @ 12.50\n")),
    Pair("not-a-number", "words", worded("buy NaN ACME @ 12.50\n")),
    Pair("an-infinite-price", "words", worded("buy 7 ACME @ inf\n")),
    Pair("minus-seven", "words", worded("buy -7 ACME @ 12.50\n")),
    Pair("capitals-in-a-verb", "words", worded("BUY 7 ACME @ 12.50\n")),
    Pair("two-blanks", "words", worded("buy  7 ACME @ 12.50\n")),
    Pair("a-key-twice", "words", worded(f"{ORDER}  ref: x\n  ref: y\n", f"{ORDER}  ref: x\n")),
    Pair("the-operators-word", "words", worded('asset SEK "x"\n', ORDER)),
    Pair(
        "a-notarys-word",
        "words",
        worded("seal 4\n  root: " + "0" * 64 + "\n  time: 2026-01-01\n", ORDER),
    ),
    Pair("a-charter", "words", chartered),
    Pair("a-question-beside-an-order", "words", worded(f"help\n{ORDER}")),
    Pair("nothing-said", "words", worded("# nothing\n")),
    Pair("a-history-that-is-not", "after", after),
    Pair("a-text-of-300-kib", "words", long),
]
