"""Questions in signed mail, `help` and `show …`: answered, never archived.

    pit acme
    show book ACME
    show holdings

They are no words of the archive's language: nothing parses there that never stands there. The
notary takes them from proven members, who need no shell to know how they stand; `pit answer`
answers. `id:` and `after:` may be left out: a question moves nothing.
"""

import re
from typing import NamedTuple

from pit.archives.errors import Damaged
from pit.archives.fields import FIELDS
from pit.archives.language import LanguageError, Text
from pit.archives.verbs import Directive, Verb, vocabulary

__all__ = ["VIEWS", "WORDS", "Asked", "View", "asks", "check", "pack", "unpack"]


class View(NamedTuple):
    """What may be shown: the types of what may be named behind it; what it is, in a few words."""

    kinds: tuple[str, ...]
    example: str
    meaning: str


VIEWS = {
    "book": View(("asset",), "book ACME", "the working orders, best first"),
    "tape": View(("asset",), "tape ACME", "the trades, the newest last"),
    "holdings": View(("handle", "account"), "holdings", "what you have, and what of it is held"),
    "orders": View(("handle", "account", "asset"), "orders", "your open orders"),
    "statement": View(("handle", "account"), "statement", "every change of what you have"),
    "members": View(("handle",), "members", "who is a member"),
    "rules": View(("name",), "rules", "the parameters in force"),
}

WORDS = vocabulary(
    (
        Verb(
            "help",
            "[{word:name}]",
            "How to write to this pit; with a word, how that word is written.",
            who=["member"],
        ),
        Verb(
            "show",
            f"{{view:={'|'.join(VIEWS)}}} [{{which:word}}]",
            "What stands: all of it, or one ticker's or member's; holdings, orders and statement "
            "are the signer's own where nobody is named.",
            who=["member"],
        ),
    )
)
"""The words of questions."""

MOST = 50
"""Questions in one text."""

_ASKING = re.compile(r"^(?:help|show)\b", re.IGNORECASE | re.MULTILINE).search


def asks(text: str) -> bool:
    """Whether a signed text says nothing but questions, well or badly written."""
    if not _ASKING(text):
        return False
    said = []
    for line in text.split("\n"):
        if line == "--":
            break
        if line and line[0] not in " \t#":
            said.append(line.split(" ", 1)[0].lower())
    if said[0] == "pit":
        del said[0]
    return bool(said) and all(word in WORDS for word in said)


def check(text: Text) -> None:
    """LanguageError where a parsed question cannot be meant so."""
    for number, (directive, line) in enumerate(zip(text.directives, text.lines, strict=True), 1):
        if number > MOST:
            raise LanguageError(line, 1, f"more than {MOST} questions in one mail; send several")
        if directive.verb == "show" and directive.args[1] is not None:
            _check_which(directive, line)


def _check_which(directive: Directive, line: int) -> None:
    view, which = directive.args
    fields = [FIELDS[kind] for kind in VIEWS[view].kinds]
    if not any(re.fullmatch(field.pattern, which) for field in fields):
        what = " or ".join(field.what for field in fields)
        right = "; or ".join(field.right for field in fields)
        column = len(f"show {view} ") + 1
        raise LanguageError(line, column, f"'{which[:60]}' is not {what}; {right}")


class Asked(NamedTuple):
    """A question that the notary has taken, and who is to be told.

    address: the enrolled one that he wrote from. fingerprint, signed, digest: what makes the signed
    text the one that it is (ARCHIVE, Entry). thread: the mail's Message-ID, '' for none that can be
    cited. text: as it was signed.
    """

    pit: str
    handle: str
    address: str
    fingerprint: str
    signed: str
    digest: str
    thread: str
    text: str


_PACKED = re.compile(
    r"Pit-Asked: ([a-z0-9-]+) ([a-z0-9-]+) ([0-9A-F]{40}) ([0-9TZ:-]+) ([0-9a-f]{64})\n"
    r"From: ([!-~]+)\n(?:Message-ID: (<[!-~]+>)\n)?\n(pit .*)",
    re.DOTALL,
).fullmatch


def pack(asked: Asked) -> bytes:
    """A question as a mail that waits for its answer."""
    thread = f"Message-ID: {asked.thread}\n" if asked.thread else ""
    return (
        f"Pit-Asked: {asked.pit} {asked.handle} {asked.fingerprint} {asked.signed} "
        f"{asked.digest}\nFrom: {asked.address}\n{thread}\n{asked.text}"
    ).encode()


def unpack(mail: bytes) -> Asked:
    """What `pack` wrote; Damaged for anything else."""
    try:
        found = _PACKED(mail.decode())
    except UnicodeDecodeError:
        found = None
    if found is None:
        raise Damaged("it is no question that the notary took; right begins with `Pit-Asked: `")
    pit, handle, fingerprint, signed, digest, address, thread, text = found.groups("")
    return Asked(pit, handle, address, fingerprint, signed, digest, thread, text)
