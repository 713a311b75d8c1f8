"""The long way through the pit language: every construct of it, and every error with its place.

`language.parse` comes here for texts with comments and blocks, and for all that are wrong.
"""

import difflib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from pit.archives.errors import PitError
from pit.archives.fields import REFERENCE, TEXT
from pit.archives.verbs import NO_KEYS, Directive, Slot, Verb, Words

MAX_TEXT = 256 * 1024
MAX_LINE = 990


class LanguageError(PitError):
    """A text that is not in the language: `line` and `column` count from 1."""

    def __init__(self, line: int, column: int, problem: str) -> None:
        super().__init__(f"line {line}, column {column}: {problem}")
        self.line, self.column, self.problem = line, column, problem


class Text(NamedTuple):
    """A parsed text.

    pit: the pit it is for ('' for a text that stands in the archive's own files). id: the first 16
    digits of the pit's id, or ''. after: (entry, root) of the last seal that the signer has seen,
    or None. directives: what it says; lines: the line of each.
    """

    pit: str
    id: str
    after: tuple[int, str] | None
    directives: tuple[Directive, ...]
    lines: tuple[int, ...]


_FORBIDDEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]").search
_TOKEN = re.compile(rf"(?:{TEXT}|[^ ]+)").match


def check_characters(text: str) -> None:
    """Refuse what two readers could see differently: not NFC, unassigned, control characters.

    For texts that come in. Which code points are assigned grows with Unicode; so a text that
    stands is never asked again. Raises LanguageError.
    """
    if text.isascii():
        return
    if not unicodedata.is_normalized("NFC", text):
        for number, line in enumerate(text.split("\n"), 1):
            normal = unicodedata.normalize("NFC", line)
            if normal != line:
                pairs = enumerate(zip(line, normal, strict=False), 1)
                column = next((i for i, (a, b) in pairs if a != b), len(normal))
                raise LanguageError(
                    number, column, f"{_name(line[column - 1])} is not in NFC; write it composed"
                )
    for number, line in enumerate(text.split("\n"), 1):
        for column, character in enumerate(line, 1):
            if unicodedata.category(character) == "Cn":
                raise LanguageError(number, column, f"{_name(character)} is not assigned")


def _name(character: str) -> str:
    return f"U+{ord(character):04X}"


def parse_slowly(text: str, words: Words, headed: bool) -> Text:
    """The long way: every construct of the language, every error."""
    if headed and len(text.encode("utf-8", "surrogatepass")) > MAX_TEXT:
        raise LanguageError(1, 1, f"the text is longer than {MAX_TEXT} bytes; send several")
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    for number, line in enumerate(lines, 1):
        data = line.encode("utf-8", "surrogatepass")
        if len(data) > MAX_LINE:
            column = len(data[:MAX_LINE].decode("utf-8", "ignore"))
            raise LanguageError(number, column, f"the line is longer than {MAX_LINE} bytes")
        bad = _FORBIDDEN(line)
        if bad:
            raise LanguageError(number, bad.start() + 1, f"{_name(bad[0])} is not allowed here")
    pit = known = ""
    after = None
    directives: list[Directive] = []
    places: list[int] = []
    at = 0
    while at < len(lines):
        line = lines[at]
        if line == "" or line.startswith("#"):
            at += 1
            continue
        if line == "--":
            _check_tail(lines, at + 1)
            break
        if line[0] in " \t":
            raise LanguageError(at + 1, 1, "an indented line needs a directive above it")
        if headed and not pit:
            pit, known, after, at = _head(lines, at)
            continue
        verb = _verb(line, at + 1, words)
        args = _args(verb, line, at + 1)
        place = at + 1
        keys, at = _keys(verb, lines, at + 1)
        for key in verb.needed:
            if key not in keys:
                raise LanguageError(place, len(line) + 1, f"{verb.name} needs its key `{key}:`")
        directives.append(Directive(verb.name, args, keys or NO_KEYS))
        places.append(place)
    if headed and not pit:
        raise LanguageError(1, 1, "the text is empty; its first line must be `pit NAME`")
    return Text(pit, known, after, tuple(directives), tuple(places))


def _check_tail(lines: list[str], start: int) -> None:
    for number, line in enumerate(lines[start:], start + 1):
        if line and line[0] not in " \t#":
            raise LanguageError(
                number, 1, "below `--` no line may begin in column 1: indent it or leave it out"
            )


def _head(lines: list[str], at: int) -> tuple[str, str, tuple[int, str] | None, int]:
    found = re.fullmatch(r"pit ([a-z][a-z0-9-]{0,31})", lines[at])
    if found is None:
        raise LanguageError(
            at + 1, 1, f"{_quote(lines[at])} found; the first line must be `pit NAME`"
        )
    known, after = "", None
    at += 1
    while at < len(lines):
        line = lines[at]
        if line == "" or line.startswith("#"):
            at += 1
            continue
        if not line.startswith("  "):
            break
        identity = re.fullmatch(r"  id: ([0-9a-f]{16})", line)
        seal = re.fullmatch(r"  after: ([1-9][0-9]{0,14}) ([0-9a-f]{64})", line)
        if known or after or not (identity or seal):
            raise LanguageError(
                at + 1, 3, f"{_quote(line[2:])} found; one of `id: 16 digits`, `after: N ROOT`"
            )
        if identity:
            known = identity[1]
        elif seal:
            after = (int(seal[1]), seal[2])
        at += 1
    return found[1], known, after, at


def _quote(word: str) -> str:
    return f"'{word if len(word) <= 60 else word[:57] + '…'}'"


def _suggest(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, list(known), 1)
    return f"; did you mean `{close[0]}`?" if close else ""


def _verb(line: str, number: int, words: Words) -> Verb:
    name = line.split(" ", 1)[0]
    verb = words.get(name)
    if verb is None:
        again = "; `pit NAME` stands once, as a signed text's first line"
        hint = again if name == "pit" else _suggest(name, words)
        raise LanguageError(number, 1, f"{_quote(name)} is not a word of this pit{hint}")
    return verb


def _tokens(line: str, number: int) -> list[tuple[int, str]]:
    """(column, word) of a line; words are parted by single blanks."""
    tokens = []
    at = 0
    while True:
        if line[at : at + 1] in ("", " "):
            raise LanguageError(number, at + 1, "one blank parts two words, none ends a line")
        found = _TOKEN(line, at)
        assert found is not None
        tokens.append((at + 1, found[0]))
        at = found.end()
        if at == len(line):
            return tokens
        if line[at] != " ":
            raise LanguageError(number, at + 1, "a blank must follow a quoted text")
        at += 1


def _args(verb: Verb, line: str, number: int) -> tuple[Any, ...]:
    tokens = _tokens(line, number)[1:]
    values: list[Any] = []
    at = 0
    skipping = False
    for index, slot in enumerate(verb.slots):
        if slot.optional and (skipping or not _begins(verb.slots, index, tokens[at:])):
            skipping = True
            if slot.field:
                values.append(None)
            continue
        skipping = False
        if at == len(tokens):
            what = slot.field.what if slot.field else f"`{slot.name}`"
            raise LanguageError(
                number, len(line) + 1, f"the line ends; {what} must follow: {verb.usage}"
            )
        column, token = tokens[at]
        if slot.field is None:
            if token != slot.name:
                raise LanguageError(
                    number,
                    column,
                    f"{_quote(token)} found; `{slot.name}` must stand here: {verb.usage}",
                )
        else:
            if index == len(verb.slots) - 1:  # only the last field may take several words
                token = line[column - 1 :] if _several(slot) else token
                at = len(tokens) - 1 if _several(slot) else at
            values.append(_value(slot, token, number, column))
        at += 1
    if at < len(tokens):
        column, token = tokens[at]
        raise LanguageError(number, column, f"{_quote(token)} is one word too many: {verb.usage}")
    return tuple(values)


def _begins(slots: tuple[Slot, ...], index: int, rest: list[tuple[int, str]]) -> bool:
    """Whether the optional words at `index` are there: decided by their first literal; where they
    begin with a field, by whether anything follows.
    """
    first = slots[index]
    inside = index > 0 and slots[index - 1].optional
    return inside or (bool(rest) and (first.field is not None or rest[0][1] == first.name))


def _several(slot: Slot) -> bool:
    return slot.field is not None and "{0,63}" in slot.field.pattern


def _value(slot: Slot, token: str, number: int, column: int) -> Any:
    field = slot.field
    assert field is not None
    if re.fullmatch(field.pattern, token):
        try:
            return field.read(token) if field.read else token
        except ValueError:
            pass
    right = field.right
    if token.endswith(".1") and REFERENCE in field.pattern:
        right = f"write {token[:-2]} for an entry's first directive"
    raise LanguageError(number, column, f"{_quote(token)} is not {field.what}; {right}")


_KEY = re.compile(r"  ([a-z][a-z0-9-]*):(?: (.*))?").fullmatch


def _keys(verb: Verb, lines: list[str], at: int) -> tuple[Mapping[str, Any], int]:
    keys: dict[str, Any] = {}
    while at < len(lines):
        line = lines[at]
        if line.startswith("#") or line == "":
            at += 1
            continue
        if not line.startswith(" "):
            break
        found = _KEY(line)
        if found is None:
            raise LanguageError(at + 1, 1, f"{_quote(line)} is not a key; write `  key: value`")
        name, value = found[1], found[2]
        if name not in verb.keys:
            raise LanguageError(
                at + 1, 3, f"`{name}` is not a key of {verb.name}{_suggest(name, verb.keys)}"
            )
        if name in keys:
            raise LanguageError(at + 1, 3, f"the key `{name}` stands twice")
        field = verb.keys[name]
        column = len(name) + 5
        if field.pattern:
            if not value:
                raise LanguageError(at + 1, column, f"the value is missing; {field.right}")
            keys[name] = _value(Slot(name, field, False), value, at + 1, column)
            at += 1
        else:
            if value is not None:
                raise LanguageError(at + 1, column, f"{_quote(value)} found; {field.right}")
            place = at + 1
            keys[name], at = _block(lines, place)
            if not keys[name]:
                raise LanguageError(place, column, f"the text is missing; {field.right}")
    return keys, at


def _block(lines: list[str], at: int) -> tuple[str, int]:
    """The text below a key, its indent off; empty lines at its end are not part of it."""
    start = at
    while at < len(lines) and (lines[at] == "" or lines[at].startswith("    ")):
        at += 1
    block = [line[4:] for line in lines[start:at]]
    while block and block[-1] == "":
        block.pop()
    return "\n".join(block), at
