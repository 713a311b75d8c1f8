"""Command-line options that the verbs share; argparse is loaded here and nowhere else.

A verb module reads its arguments with

    options = parser("match", __doc__)
    add_pit(options)
    args = options.parse_args(argv)
"""

from __future__ import annotations

import argparse
import re
from textwrap import dedent
from typing import NoReturn

from pit.archives.errors import UsageError
from pit.archives.fields import ASSET

__all__ = ["Parser", "Part", "add_as", "add_part", "add_pit", "parser", "part", "shard"]


class Parser(argparse.ArgumentParser):
    """An ArgumentParser whose errors are UsageErrors (exit 64), for `pit.pits.command` to print."""

    def error(self, message: str) -> NoReturn:
        """Raise UsageError with argparse's words and where to read more."""
        raise UsageError(f"{message}; see `{self.prog} --help`")


def parser(verb: str, doc: str | None) -> Parser:
    """Return the parser of `pit VERB`; its help shows `doc`, a docstring, as it is written.

    The indentation that all lines but the first share is taken off, as Python 3.13 itself does.
    Long options must be written out (`--as`, never `--a`), so that a new option breaks no script.
    """
    first, _, rest = (doc or "").strip().partition("\n")
    return Parser(
        prog=f"pit {verb}",
        description=f"{first}\n{dedent(rest)}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def add_pit(parser: argparse.ArgumentParser) -> None:
    """Add -p/--pit: `args.pit` is a name or None, for `pit.pits.home.choose_pit`."""
    parser.add_argument(
        "-p", "--pit", metavar="NAME", help="the pit (default: $PIT, or the only pit here)"
    )


def shard(text: str) -> tuple[int, int]:
    """Read `K/N`, as `--shard` has it; UsageError where it is no shard."""
    found = re.fullmatch("([1-9][0-9]{0,8})/([1-9][0-9]{0,8})", text)
    if found is None or int(found[1]) > int(found[2]):
        raise UsageError(f"'{text[:80]}' is not a shard; write K/N, like 1/2")
    return int(found[1]), int(found[2])


Part = tuple[int, int] | frozenset[str] | None
"""What of a filter's work: shard K of N, some tickers, or all of it."""


def add_part(parser: argparse.ArgumentParser) -> None:
    """Add --shard and --ticker, for `part`."""
    parser.add_argument("--shard", metavar="K/N", help="only the members of shard K of N")
    parser.add_argument("--ticker", metavar="T,…", help="only these tickers")


def part(args: argparse.Namespace) -> Part:
    """What --shard and --ticker say; UsageError where they make no sense."""
    if args.shard and args.ticker:
        raise UsageError("--shard is for a filter that goes by member, --ticker for one by ticker")
    if args.ticker:
        codes = args.ticker.split(",")
        wrong = [code for code in codes if not re.fullmatch(ASSET, code)]
        if wrong:
            raise UsageError(f"'{wrong[0][:80]}' is not a ticker; write ACME, or ACME,BETA")
        return frozenset(codes)
    return shard(args.shard) if args.shard else None


def add_as(parser: argparse.ArgumentParser) -> None:
    """Add --as: `args.handle` is a handle or None, for `pit.pits.home.choose_handle`."""
    parser.add_argument(
        "--as",
        dest="handle",
        metavar="HANDLE",
        help="who signs (default: $PIT_AS, or the only wallet here)",
    )
