"""Text for people: tables, JSON, and archive text with what could mislead a terminal escaped."""

import json
import re
import sys
import unicodedata
from collections.abc import Sequence
from typing import Any

_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""Letters and marks that show nothing (Unicode, Default_Ignorable_Code_Point); what else shows
nothing is no letter."""


def safe(text: str) -> str:
    """A text with control, bidi, zero-width and other unprintable characters as escapes."""
    return "".join(
        c
        if (c == " " or unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))
        and not _UNSEEN.match(c)
        else f"\\u{ord(c):04x}"
        for c in text
    )


def printable(text: str) -> str:
    """A text that may quote any mail, as one line that cannot steer a terminal."""
    return "".join(
        one
        if one.isprintable() and not _UNSEEN.match(one)
        else one.encode("unicode_escape").decode("ascii")
        for one in text
    )


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], right: str = "") -> str:
    """Rows in columns under their heads; the columns named in `right` (one letter each, l or r)."""
    cells = [[safe(cell) for cell in row] for row in (heads, *rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(heads))]
    sides = right.ljust(len(heads), "l")
    lines = []
    for row in cells:
        columns = zip(row, widths, sides, strict=True)
        line = "  ".join(c.rjust(w) if s == "r" else c.ljust(w) for c, w, s in columns)
        lines.append(line.rstrip() + "\n")
    return "".join(lines)


def show_json(value: Any) -> None:
    """A value as JSON on stdout, one document, keys in their order."""
    json.dump(value, sys.stdout, indent=2, ensure_ascii=True)
    print()
