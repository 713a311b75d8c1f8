"""The likely cause of a refusal, for a person who writes by hand.

    A decimal comma? The pit writes numbers with a point: `12.50`.

A table of small tests over the line at fault and those around it; the first two that hold are said.
A hint decides nothing. What it quotes of a mail can steer no terminal.
"""

import re
import unicodedata
from collections.abc import Callable
from typing import NamedTuple

from pit.archives.fields import ASSET, HANDLE
from pit.moderator.footers import FOOTER, PHONE
from pit.moderator.mistake import Mistake
from pit.pits.display import printable

__all__ = ["HINTS", "Hint", "explain"]

Test = Callable[[Mistake], str | None]
"""None where a hint does not apply, else what its sentence is filled with, any text."""


class Hint(NamedTuple):
    """A likely cause: its name, its test, its sentence with `{}` for what was found."""

    name: str
    test: Test
    sentence: str


def _matching(pattern: str, of: Callable[[Mistake], str] = lambda m: m.word) -> Test:
    """A test that looks for a pattern in a part of the mistake; what it found."""
    search = re.compile(pattern).search

    def test(m: Mistake) -> str | None:
        found = search(of(m))
        return found[0] if found else None

    return test


def _line(m: Mistake) -> str:
    return m.line


def _number(test: Test) -> Test:
    return lambda m: test(m) if m.wants("number", "price", "count") else None


def _thousands(m: Mistake) -> str | None:
    found = re.fullmatch(r"[0-9]{1,3}((?:[,'’._ \u00a0][0-9]{3})+)((?:[.,][0-9]{1,2})?)", m.word)
    if not found or (found[1].count(".") == 1 and not found[2]):
        return None  # 1.000 is a number
    return re.sub(r"[^0-9]", "", m.word[: found.end(1)]) + found[2].replace(",", ".")


def _comma(m: Mistake) -> str | None:
    found = re.fullmatch(r"([0-9]+),([0-9]{1,9})", m.word)
    return f"{found[1]}.{found[2]}" if found else None


def _full_stop(m: Mistake) -> str | None:
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)[.,;:!]", m.word)
    return found[1] if found else None


def _currency(m: Mistake) -> str | None:
    behind = "one word too many" in m.problem and m.line.startswith(("buy ", "sell "))
    if behind and re.fullmatch(ASSET, m.word):
        return m.word
    return next((one for one in m.word if unicodedata.category(one) == "Sc"), None)


def _capital_verb(m: Mistake) -> str | None:
    word = m.word.lower()
    known = word in m.words or word == "pit"
    return word if m.column == 1 and word != m.word and known else None


def _capital_name(m: Mistake) -> str | None:
    low = m.word.lower()
    wanted = m.wants("handle", "name", "owned", "account")
    fits = re.fullmatch(rf"{HANDLE}(?:[/:].*)?", low)
    return low if wanted and low != m.word and fits else None


def _small_ticker(m: Mistake) -> str | None:
    capital = m.word.upper()
    fits = m.wants("asset") and capital != m.word and re.fullmatch(ASSET, capital)
    return capital if fits else None


def _foreign(m: Mistake) -> str | None:
    """A letter or digit of another alphabet, which may look like one of ours."""
    for one in m.word:
        if not one.isascii() and (one.isalpha() or one.isdigit()):
            return f"{one} (U+{ord(one):04X}, {unicodedata.name(one, 'no name').lower()})"
    return None


def _no_pit_line(m: Mistake) -> str | None:
    said = "the first line must be `pit NAME`" in m.problem
    return m.pit if said and m.word.lower() != "pit" else None


def _wrong_id(m: Mistake) -> str | None:
    return m.id if m.line.startswith("  id: ") and m.id not in ("", m.line[6:]) else None


def _no_id(m: Mistake) -> str | None:
    return m.id if "says not which" in m.problem else None


def _indent(m: Mistake) -> str | None:
    """A key whose line does not begin with exactly two blanks."""
    found = re.match(r"( ?| {3,})([a-z][a-z0-9-]*): ", m.line)
    return found[2] if found and m.above and found[2] not in m.words else None


def _wrapped(m: Mistake) -> str | None:
    """A line that a mail program broke in two: its end is missing, or begins the next line."""
    if m.line.count('"') % 2 and m.below.count('"') % 2:
        return m.below.split(" ", 1)[0]
    broken = m.below and not re.match(r"[ #]|--$", m.below) and not m.is_verb(m.below)
    if broken and m.column > len(m.line) and len(m.line) >= 40:
        return m.below.split(" ", 1)[0]
    if m.column == 1 and len(m.above) + len(m.word) >= 62 and not m.is_verb(m.line):
        return m.word
    return None


def _below_dashes(m: Mistake) -> str | None:
    return "" if "below `--`" in m.problem else None


def _footer_here(pattern: re.Pattern[str]) -> Test:
    """A footer at the place, or just below what was cut short by it."""

    def test(m: Mistake) -> str | None:
        if m.is_verb(m.line):
            return None
        found = pattern.search(m.line) or pattern.search("\n".join(m.rest.split("\n")[:3]))
        return found[0].strip() if found else None

    return test


HINTS = (
    Hint(
        "phone",
        _footer_here(PHONE),
        "`{}`: a phone or mail program has put its signature inside the signed text. Switch that "
        "signature off for mail to the pit, and sign anew.",
    ),
    Hint(
        "dashes",
        _below_dashes,
        "A mail program has put its signature inside the signed text. Switch it off for mail to "
        "the pit, or let it begin each line with a blank.",
    ),
    Hint(
        "footer",
        _footer_here(FOOTER),
        "`{}` looks like a footer that a program, a provider or a list added before the text was "
        "signed. Switch it off for mail to the pit.",
    ),
    Hint(
        "greeting",
        _matching(
            r"(?i)^(?:hi|hello|hey|dear|hallo|liebe|bonjour|hola|ciao|thanks|thank you|regards|"
            r"best|cheers|please)\b",
            lambda m: m.line if m.column == 1 else "",
        ),
        "`{}`: the pit is no person. Write the instruction alone, or put `#` before what nobody "
        "need read.",
    ),
    Hint(
        "quoted",
        _matching(r"^>+", _line),
        "The line is quoted with `>`. Write a new mail, not an answer that quotes another.",
    ),
    Hint("pit-line", _no_pit_line, "Every text begins with the line `pit {}`."),
    Hint("wrong-id", _wrong_id, "This pit's id begins {}: is the mail meant for another pit?"),
    Hint("no-id", _no_id, "Below the `pit` line write, after two blanks, `id: {}`."),
    Hint(
        "capital-word",
        _capital_verb,
        "A phone makes the first letter of a line a capital. Write it small: `{}`.",
    ),
    Hint("capital-name", _capital_name, "Names are written in small letters: `{}`."),
    Hint("small-ticker", _small_ticker, "Tickers and currencies are written in capitals: `{}`."),
    Hint(
        "thousands",
        _number(_thousands),
        "Separators between thousands? Numbers are written without: `{}`.",
    ),
    Hint(
        "comma",
        _number(_comma),
        "A decimal comma? The pit writes numbers with a point: `{}`.",
    ),
    Hint("full-stop", _number(_full_stop), "Leave out what stands behind the number: `{}`."),
    Hint(
        "currency",
        _currency,
        "Leave `{}` out: a price is in the ticker's currency; in an amount the currency's code "
        "stands behind the number, `12.50 EUR`.",
    ),
    Hint(
        "quotes",
        _matching("[“”„‟‘’‚«»]", _line),
        'A curly quote ({}): phones and mail programs put it in. Write a plain one, ".',
    ),
    Hint(
        "dash",
        _matching("[‐-―−]", _line),
        "`{}` is a long dash, which phones and mail programs put in as one types. Write a plain -.",
    ),
    Hint(
        "blank",
        _matching("[\u00a0\u2000-\u200a\u202f\u205f\u3000]", _line),
        "There is a blank in the line that is no plain blank ({}), as phones and word processors "
        "put in. Type the line anew.",
    ),
    Hint(
        "tab",
        _matching("\t", _line),
        "There is a tab in the line. Before a key stand two blanks, between two words one.",
    ),
    Hint("indent", _indent, "A key stands below its instruction after two blanks: `  {}: …`."),
    Hint(
        "wrapped",
        _wrapped,
        "Did a mail program break a long line before `{}`? An instruction stands in one line; "
        "switch wrapping off, or move a part of it into a key.",
    ),
    Hint(
        "alphabet",
        _foreign,
        "{} only looks like a letter or digit of ours. Type the word anew.",
    ),
)
"""The likely causes, in the order in which they are asked."""


def explain(m: Mistake) -> list[str]:
    """The sentences of the first two hints that hold."""
    said = []
    for hint in HINTS:
        found = hint.test(m)
        if found is not None:
            said.append(hint.sentence.format(printable(found[:60])))
        if len(said) == 2:
            break
    return said
