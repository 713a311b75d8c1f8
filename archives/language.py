"""The pit language: a signed text to directives and back.

`parse` accepts a text whole or refuses it whole, with the line, the column, what was found and what
would be right. Texts without comments and blocks take a short way of a few regular expressions; all
others, and all that are wrong, the long way, which says what is wrong. Both accept the same
language (a test compares them).
"""

import re
from functools import partial
from typing import Any

from pit.archives.grammar import (
    MAX_LINE,
    MAX_TEXT,
    LanguageError,
    Text,
    check_characters,
    parse_slowly,
)
from pit.archives.verbs import NO_KEYS, Directive, Verb, Words, make_directive

__all__ = [
    "MAX_LINE",
    "MAX_TEXT",
    "LanguageError",
    "Text",
    "check_characters",
    "parse",
    "parse_directives",
    "show",
    "show_text",
]

_make_text = partial(tuple.__new__, Text)  # half the cost of a call of the class

_HEAD = re.compile(
    r"pit ([a-z][a-z0-9-]{0,31})\n"
    r"(?:  after: ([1-9][0-9]{0,14}) ([0-9a-f]{64})\n|  id: ([0-9a-f]{16})\n)?"
    r"(?=([a-z][a-z0-9-]*)|)"
).match
_NAME = re.compile(r"[a-z][a-z0-9-]*").match


def parse(text: str, words: Words) -> Text:
    """The directives of a signed text that begins with `pit NAME`.

    text: LF-ended lines. Raises LanguageError.
    """
    return _quick(text, words) or parse_slowly(text, words, headed=True)


def parse_directives(text: str, words: Words) -> Text:
    """The directives of a text without `pit` line, a checkpoint's: it may be of any length."""
    return _quick(text, words, headed=False) or parse_slowly(text, words, headed=False)


def _quick(text: str, words: Words, headed: bool = True) -> Text | None:
    """The short way: None where the text is anything but plain directives and keys."""
    if not text.isascii() or (len(text) > MAX_LINE and _too_long(text, headed)):
        return None
    pit, known, after = "", "", None
    verb: Verb | None = None
    found: re.Match[str] | None = None
    position, line = 0, 1
    end = len(text)
    if text.endswith("\n\n"):  # some programs sign an empty line at the end
        end = len(text.rstrip("\n")) + 1
    if headed:
        head = _HEAD(text)
        if head is None:
            return None
        pit, number, root, known, first = head.groups("")
        position = head.end()
        line = 2
        if number:
            after = (int(number), root)
            line = 3
        elif known:
            line = 3
        verb = words.get(first)
        if verb is None:
            if first:
                return None
        elif not verb.needed:  # most texts are one line
            found = verb.match(text, position)
            if found is None:
                return None
            if found.end() == end:
                try:
                    only = make_directive((first, verb.values(found), NO_KEYS))
                except ValueError:
                    return None
                return _make_text((pit, known, after, (only,), (line,)))
    directives: list[Directive] = []
    lines: list[int] = []
    while position < end:
        if verb and found is None:  # in reports the same verb comes again and again
            found = verb.match(text, position)
        if verb is None or found is None:
            name = _NAME(text, position)
            verb = words.get(name[0]) if name else None
            found = verb.match(text, position) if verb else None
            if verb is None or found is None:
                return None
        position = found.end()
        keys = NO_KEYS
        here = line
        line += 1
        if text.startswith("  ", position):
            made: dict[str, Any] = {}
            key = verb.key_line(text, position)
            while key is not None:
                whole, read = verb.key_readers[key[1]]
                if key[1] in made or whole(key[2]) is None:
                    return None
                try:
                    made[key[1]] = read(key[2])
                except ValueError:
                    return None
                position = key.end()
                line += 1
                key = verb.key_line(text, position)
            keys = made
        if verb.needed and not all(key in keys for key in verb.needed):
            return None
        try:
            directives.append(make_directive((verb.name, verb.values(found), keys)))
        except ValueError:
            return None
        lines.append(here)
        found = None
    return _make_text((pit, known, after, tuple(directives), tuple(lines)))


def _too_long(text: str, signed: bool) -> bool:
    """Whether an ASCII text, or a line of it, is longer than the language allows."""
    return (signed and len(text) > MAX_TEXT) or any(
        len(line) > MAX_LINE for line in text.split("\n")
    )


def show(directive: Directive, words: Words) -> str:
    """A directive as canonical text, its keys below it."""
    return words[directive.verb].show(directive)


def show_text(text: Text, words: Words) -> str:
    """A text as canonical text: parsing it again gives the same directives."""
    head = ""
    if text.pit:
        head = f"pit {text.pit}\n"
        if text.after:
            head += f"  after: {text.after[0]} {text.after[1]}\n"
        elif text.id:
            head += f"  id: {text.id}\n"
    return head + "".join(show(directive, words) for directive in text.directives)
