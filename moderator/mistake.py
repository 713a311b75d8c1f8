"""The place in a signed text at which something is wrong.

buy 10 ACME @ 12,50
              ^
"""

import unicodedata
from typing import NamedTuple

from pit.archives.fields import FIELDS
from pit.archives.verbs import Words
from pit.pits.display import printable

__all__ = ["Mistake", "excerpt", "mistake"]

_WIDTH = 72
"""Columns of a line that an excerpt shows."""


class Mistake(NamedTuple):
    """A place in a signed text at which something is wrong.

    line: all of it; column counts from 1. above, below: the lines around it, '' where there are
    none; rest: all below it. problem: the error's sentence. words: what the pit understands. pit,
    id: of the pit that was written to, the id's first 16 digits.
    """

    number: int
    column: int
    line: str
    above: str
    below: str
    rest: str
    problem: str
    words: Words
    pit: str
    id: str

    @property
    def word(self) -> str:
        """What stands at the place, up to a blank."""
        return self.line[self.column - 1 :].split(" ", 1)[0]

    def wants(self, *kinds: str) -> bool:
        """Whether a value of one of these types should stand there."""
        return any(f"is not {FIELDS[kind].what};" in self.problem for kind in kinds)

    def is_verb(self, line: str) -> bool:
        """Whether a line begins a directive."""
        return line.split(" ", 1)[0] in self.words


def mistake(
    text: str, number: int, column: int, problem: str, words: Words, pit: str, id: str
) -> Mistake:
    """The place in a text; number, column: from 1, those of the error, whatever they are."""
    lines = text.split("\n")
    at = min(max(number, 1), len(lines)) - 1
    line = lines[at]
    return Mistake(
        at + 1,
        min(max(column, 1), len(line) + 1),
        line,
        lines[at - 1] if at else "",
        lines[at + 1] if at + 1 < len(lines) else "",
        "\n".join(lines[at + 1 :]),
        problem,
        words,
        pit,
        id,
    )


def excerpt(m: Mistake) -> str:
    """The line, shortened around the place, and a caret below it."""
    at = m.column - 1
    start = max(0, at - _WIDTH * 2 // 3)
    left, right = printable(m.line[start:at]), printable(m.line[at : start + _WIDTH])
    left = ("…" if start else "") + left
    more = "…" if start + _WIDTH < len(m.line) else ""
    return f"    {left}{right}{more}\n    {' ' * _columns(left)}^\n"


def _columns(text: str) -> int:
    """How many columns of a terminal a printable text takes (UAX #11)."""
    wide = sum(unicodedata.east_asian_width(one) in "WF" for one in text)
    return len(text) + wide - sum(unicodedata.combining(one) > 0 for one in text)
