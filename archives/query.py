"""What `pit find` understands: mairix's query language, and what mairix cannot answer.

mairix (0.24, db.c) indexes words of ASCII letters, digits and `_`, so it finds neither `12.50` nor
`alice/1042`; it drops blanks, and its `d:` ranges leave the last day out. A term is therefore
either a `word` as mairix takes it, or a literal: mairix is asked for the words in it, and whoever
searches looks whether the literal stands in the entries that it names. Days are the searcher's, and
sizes.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from pit.archives.errors import UsageError

__all__ = ["Branch", "Literal", "Query", "fold", "parse"]

KEYS = {"t": "to", "c": "cc", "f": "sender", "s": "subject", "b": "body"}
"""mairix's letters and the fields of an entry (`pit.archives.search.Fields`) that they mean."""

_SETS = {"a": "tcf", "r": "tc"}  # letters that stand for several
_ALL = "".join(KEYS)
_KEY = re.compile(r"([A-Za-z]+):(.*)", re.DOTALL)
_ATOM = re.compile(
    r'~?(?:"[^"]*"|\^?[a-z][a-z0-9-]*/[1-9][0-9]*(?:\.[1-9][0-9]*)?(?=[,/]|$)|[^,/"]*)'
)
_WORD = re.compile(r"[a-z0-9_]+")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_PLAIN = re.compile(r"~?(?:[a-z0-9_]+|\^?[a-z0-9_]{1,31}=[0-9]{0,2})")
_LONGEST = 31  # characters of a substring that mairix looks for
_SPANS = {"d": 1, "w": 7, "m": 30, "y": 365}  # days, as mairix has them
_DAYS = re.compile(r"([0-9]+[a-z]?)?(?:(-)([0-9]+[a-z]?)?)?")
_SIZES = re.compile(r"([0-9]{1,9}[kKmM]?)?(?:(-)([0-9]{1,9}[kKmM]?)?)?")
_DAYS_RIGHT = (
    "write d:20261120 or d:2026, d:20261101-20261130, d:20261101- or d:-2026 (days in UTC, both"
    " included), or d:7d- (w, m, y: 7, 30, 365 days)"
)


class Literal(NamedTuple):
    """A text to look for, folded, in the fields that the letters name; `negate`: is not there."""

    keys: str
    pattern: re.Pattern[str]
    negate: bool

    def holds(self, fields: dict[str, str]) -> bool:
        """Whether it is so for an entry; fields: its folded texts, by letter."""
        found = any(self.pattern.search(fields[key]) for key in self.keys)
        return found != self.negate


class Branch(NamedTuple):
    """One way to satisfy a term: what mairix is asked ('': nothing), and the literals beside it."""

    asked: str
    literals: tuple[Literal, ...]


class Query(NamedTuple):
    """A search: all of it must hold.

    words: arguments that mairix answers by itself. terms: for each, any of its branches. first,
    last: the days in UTC, both included, None for open ends. sizes: least and most bytes of the
    mail as it came (Pit-Mail), most -1 for no end.
    """

    words: tuple[str, ...]
    terms: tuple[tuple[Branch, ...], ...]
    first: date | None
    last: date | None
    sizes: tuple[tuple[int, int], ...]


def fold(text: str) -> str:
    """A text as it is searched: without regard to case, in NFC, no control characters but LF."""
    text = _CONTROLS.sub(" ", text)
    return text.lower() if text.isascii() else unicodedata.normalize("NFC", text.casefold())


def parse(terms: Sequence[str], today: date) -> Query:
    """Read the arguments of a search; today: what `d:7d-` counts back from.

    UsageError, with what would be right, for what mairix would misunderstand or cannot know.
    """
    words: list[str] = []
    mixed: list[tuple[Branch, ...]] = []
    first: date | None = None
    last: date | None = None
    sizes: list[tuple[int, int]] = []
    for term in terms:
        key, text = _split(term)
        if key == "d":
            since, until = _days(text, today)
            first = max(filter(None, (first, since)), default=None)
            last = min(filter(None, (last, until)), default=None)
        elif key == "z":
            sizes.append(_sizes(text))
        elif key == "m":
            words.append(f"m:{_message_id(text)}")
        else:
            branches = tuple(_branches(term, key, text))
            if any(branch.literals for branch in branches):
                mixed.append(branches)
            else:
                prefix = key and f"{key}:"
                words.append(prefix + "/".join(b.asked.removeprefix(prefix) for b in branches))
    return Query(tuple(words), tuple(mixed), first, last, tuple(sizes))


def _split(term: str) -> tuple[str, str]:
    """Its letters ('': none) and what follows them."""
    found = _KEY.fullmatch(term)
    if found is None:
        return "", term
    key, text = found.groups()
    if key in ("d", "z", "m") or set(key) <= {*KEYS, *_SETS}:
        return key, text.strip()
    if re.match(r"\s", text):  # `ref: retirement-7`, as the pit language has it
        return "", f'"{term}"' if '"' not in term else term
    raise UsageError(
        f"'{term}': '{key}:' is none of mairix's keys that an archive has (t c f a s b m d z); if"
        f" it is text, write it in double quotes: '\"{term}\"'"
    )


def _branches(term: str, key: str, text: str) -> Iterator[Branch]:
    keys = "".join(_SETS.get(letter, letter) for letter in key) or _ALL
    for parts in _disjuncts(term, text):
        asked: list[str] = []
        literals: list[Literal] = []
        for part in parts:
            if _PLAIN.fullmatch(part):
                asked.append(part)
            else:
                literal, words = _literal(term, keys, part)
                literals.append(literal)
                asked += [] if literal.negate else words
        prefix = key and f"{key}:"
        yield Branch(prefix + ",".join(asked) if asked else "", tuple(literals))


def _disjuncts(term: str, text: str) -> list[list[str]]:
    """The parts that `/` separates, each as those that `,` does; folded."""
    text = fold(text).strip()
    found: list[list[str]] = [[]]
    at = 0
    while True:
        atom = _ATOM.match(text, at)
        assert atom is not None  # it may be empty
        at = atom.end()
        if not atom[0].strip("~^"):
            raise UsageError(
                f"'{term}': a word is missing; between words `,` means and, `/` or; text with such"
                " signs goes in double quotes"
            )
        found[-1].append(atom[0].strip())
        if at == len(text):
            return found
        if text[at] not in ",/":
            raise UsageError(
                f"'{term}': double quotes stand around a whole text, as in s:\"a b\",c"
            )
        if text[at] == "/":
            found.append([])
        at += 1


def _literal(term: str, keys: str, part: str) -> tuple[Literal, list[str]]:
    """What to look for in the entries, and what to ask mairix so that it names all of them."""
    negate, body = part.startswith("~"), part.removeprefix("~")
    anchored = within = False
    if body.startswith('"'):
        body = body[1:-1]
    else:
        found = re.fullmatch(r"(\^?)(.*?)(=[0-9]*)?", body, re.DOTALL)
        assert found is not None
        anchored, body, within = bool(found[1]), found[2], found[3] is not None
        if within and found[3] != "=":
            if _WORD.fullmatch(body):
                raise UsageError(f"'{term}': mairix takes {_LONGEST} characters and 99 errors")
            raise UsageError(f"'{term}': only a word of letters and digits can have errors")
    body = " ".join(body.split())
    if not body:
        raise UsageError(f"'{term}': there is nothing to look for")
    left = r"(?<!\w)" if (anchored or not within) and re.match(r"\w", body) else ""
    right = r"(?!\w)" if not within and re.search(r"\w$", body) else ""
    pattern = left + re.escape(body).replace(r"\ ", r"\s+") + right
    asked = []
    for word in _WORD.finditer(body):
        opens = within and not anchored and word.start() == 0
        closes = within and word.end() == len(body)
        if opens:
            asked.append(f"{word[0][-_LONGEST:]}=")
        elif closes:
            asked.append(f"^{word[0][:_LONGEST]}=")
        else:
            asked.append(word[0])
    return Literal(keys, re.compile(pattern), negate), asked


def _message_id(text: str) -> str:
    found = re.fullmatch(r"<?([!-;=?-~]{1,990})>?", text)
    if found is None:
        raise UsageError(f"'m:{text}' is no Message-ID; write m:4711@example.org")
    return found[1].lower()


def _days(text: str, today: date) -> tuple[date | None, date | None]:
    found = _DAYS.fullmatch(text)
    if found is None or not (found[1] or found[3]):
        raise UsageError(f"'d:{text}' is no range of days; {_DAYS_RIGHT}")
    start, dash, end = found.groups()
    try:
        first = _day(start, today, False) if start else None
        if not dash and start[-1].isalpha():
            raise ValueError
        last = _day(end, today, True) if end else None if dash else _day(start, today, True)
    except (ValueError, OverflowError):
        raise UsageError(f"'d:{text}' is no range of days; {_DAYS_RIGHT}") from None
    if first and last and first > last:
        raise UsageError(f"'d:{text}' ends before it begins; {_DAYS_RIGHT}")
    return first, last


def _day(text: str, today: date, ends: bool) -> date:
    """The first day that `2026`, `20261120` or `7d` means, or the last; ValueError."""
    if text[-1] in _SPANS:
        return today - timedelta(days=int(text[:-1]) * _SPANS[text[-1]])
    if len(text) == 4:
        return date(int(text), 12, 31) if ends else date(int(text), 1, 1)
    if len(text) != 8:
        raise ValueError
    return date(int(text[:4]), int(text[4:6]), int(text[6:]))


def _sizes(text: str) -> tuple[int, int]:
    found = _SIZES.fullmatch(text)
    if found is None or not (found[1] or found[3]):
        raise UsageError(f"'z:{text}' is no range of sizes; write z:1k-20k, z:20k- or z:-500")
    low, dash, high = found.groups()
    if not dash:
        low, high = None, low  # as mairix reads z:20k
    least, most = _size(low) if low else 0, _size(high) if high else -1
    if -1 < most < least:
        raise UsageError(f"'z:{text}' ends before it begins; write z:{high}-{low}")
    return least, most


def _size(text: str) -> int:
    scale = {"k": 10, "m": 20}.get(text[-1].lower(), 0)
    return int(text.rstrip("kKmM")) << scale
