"""Rows of a view for people and programs: as a table, as JSON, as CSV.

A row is a dict of texts, lists of texts and counts; all rows of a view have the same keys. A table
leaves out the column `account` where it is of main accounts alone; JSON and CSV have it always.
"""

import argparse
import re
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from pit.archives.errors import UsageError
from pit.archives.fields import FIELDS, MAIN, read_time
from pit.pits.display import safe, show_json, table

__all__ = [
    "Row",
    "add_form",
    "add_period",
    "defused",
    "period",
    "print_rows",
    "show_rows",
    "written",
]

Row = dict[str, Any]

_RIGHT = frozenset(
    [
        "price",
        "quantity",
        "displayed",
        "left",
        "balance",
        "held",
        "available",
        "change",
        "level",
        "bid_size",
        "bid",
        "ask",
        "ask_size",
        "open",
        "high",
        "low",
        "close",
        "volume",
        "amount",
        "vwap",
        "trades",
        "average cost",
        "last",
        "value",
        "unrealised",
        "realised",
        "fees",
        "shares",
        "treasury",
        "holders",
        "buy orders",
        "sell orders",
        "votes",
        "from",
    ]
)
"""The columns of numbers."""

_FIRST, _LAST = "", "9999-12-31T23:59:59.999999Z~"
_NUMBER = re.compile(r"[-+]?[0-9]+(?:\.[0-9]+)?")
_RUNS = frozenset("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")


def add_form(options: argparse.ArgumentParser) -> None:
    """Add --json and --csv, for `show_rows`."""
    how = options.add_mutually_exclusive_group()
    how.add_argument("--json", action="store_true")
    how.add_argument("--csv", action="store_true", help="for a spreadsheet")


def add_period(options: argparse.ArgumentParser) -> None:
    """Add --since and --until, for `period`."""
    options.add_argument("--since", metavar="TIME", help="2026-11-20 or 2026-11-20T17:00:00Z, UTC")
    options.add_argument("--until", metavar="TIME", help="before that time")


def period(args: argparse.Namespace) -> tuple[str, str]:
    """The times from `since` on and before `until`, as they compare; UsageError."""
    return _time(args.since, _FIRST), _time(args.until, _LAST)


def _time(text: str | None, otherwise: str) -> str:
    if text is None:
        return otherwise
    field = FIELDS["time"]
    try:
        if re.fullmatch(field.pattern, text):
            return read_time(text)
    except ValueError:
        pass
    raise UsageError(f"{text[:80]!r} is not {field.what}; {field.right}")


def show_rows(rows: Iterable[Row], args: argparse.Namespace, nothing: str) -> None:
    """Print rows as the options of `add_form` ask; nothing: the line of an empty table."""
    found = list(rows)
    if args.json:
        show_json(found)
    elif args.csv:
        print_csv(found)
    else:
        print_rows(found, nothing)


def written(rows: Sequence[Row], nothing: str) -> str:
    """Rows as a table, numbers to the right; `nothing` where there are none."""
    if not rows:
        return f"{nothing}\n"
    heads = list(rows[0])
    if all(row.get("account") == MAIN for row in rows):
        heads.remove("account")
    sides = "".join("r" if head in _RIGHT else "l" for head in heads)
    return table(heads, [[_cell(row[head]) for head in heads] for row in rows], sides)


def print_rows(rows: Sequence[Row], nothing: str) -> None:
    """Print them so."""
    print(written(rows, nothing), end="")


def print_csv(rows: Sequence[Row]) -> None:
    """Rows as CSV (RFC 4180, lines end with LF) under their heads; no rows print nothing."""
    import csv  # only who asks for it pays for it

    out = csv.writer(sys.stdout, lineterminator="\n")
    if rows:
        out.writerow(rows[0])
    out.writerows([defused(safe(_cell(value))) for value in row.values()] for row in rows)


def _cell(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)


def defused(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula: one that may be is a text, behind a `'`.

    Formulas begin with = + - or @, or their full-width forms, also after blanks, tabs and line
    ends. A plain number with a sign stays what it is.

    >>> defused('=HYPERLINK("http://example.org")'), defused("-12.50"), defused("-1+1")
    ('\\'=HYPERLINK("http://example.org")', '-12.50', "'-1+1")
    """
    if _NUMBER.fullmatch(cell):
        return cell
    return f"'{cell}" if {cell[:1], cell.lstrip()[:1]} & _RUNS else cell
