"""Print one entry on a page: the text, what became of it, stamp, path, seal, how to check it.

    $ pit print 14
    $ pit print 14 --html > page.html
    $ pit print 14 --archive FOLDER

All of it is checked before it is printed. The page says how to check it again by hand, with the
archive's files and without these programs. With `--html` it is one file that a browser shows and
prints, or makes a PDF of. What could mislead an eye or a terminal (control, bidi and zero-width
characters) is escaped; `--raw` leaves it as it stands.
"""

import sys
from html import escape
from typing import Any, NamedTuple

from pit.filters.by_hand import commands, tools
from pit.filters.extract import Extract, extract
from pit.pits.copies import read_copy
from pit.pits.display import printable, show_json
from pit.pits.options import add_pit, parser
from pit.pits.prove import number
from pit.pits.reading import named_archive

__all__ = ["Section", "as_html", "as_text", "main", "sections"]


class Section(NamedTuple):
    """A part of the page: its head, its lines, and whether they are narrow."""

    head: str
    lines: list[str]
    narrow: bool = False


def sections(found: Extract, raw: bool = False) -> list[Section]:
    """The page; what members wrote is escaped unless `raw`."""
    clean = str if raw else printable
    stamp = found.entry.stamp
    followed = [clean(line) for line in _followed(found)]
    by_hand = f"By hand, in the folder with the archive's files: {tools(found)}"
    return [
        Section(f"Entry {stamp.number} of the pit {found.pit}", _about(found, raw)),
        Section("What was signed", [clean(line) for line in found.signed.split("\n")], True),
        Section(_seal_head(found), [clean(line) for line in found.sealed.split("\n")], True),
        Section("What followed", followed or ["nothing that names it"]),
        Section("Stamp", stamp.lines().decode().splitlines()),
        Section(f"Path from the stamp to the root over 1 to {found.size}", _path(found)),
        Section("Witnesses of this seal or a later one", _witnesses(found)),
        Section("To check it, with an archive's copy", [_program(found)]),
        Section(by_hand, ["# below each command stands what it prints", *commands(found)]),
    ]


def _about(found: Extract, raw: bool) -> list[str]:
    stamp, enrolment = found.entry.stamp, found.enrolment.stamp
    enrolled = f"enrolled in entry {enrolment.number} by {enrolment.signer}"
    lines = [
        f"the pit's id  {found.id}",
        f"stamped       {stamp.time}, the notary's time",
        f"signed        {stamp.signed}, by {stamp.signer}",
        f"key           {stamp.fingerprint}, {enrolled}",
    ]
    written = found.signed + "".join(line.said for line in found.followed)
    unseen = sum(len(printable(one)) > 1 for one in written if one != "\n")
    if unseen and not raw:
        lines.append(f"escaped       {unseen} characters that do not show; --raw leaves them")
    return lines


def _seal_head(found: Extract) -> str:
    number = found.seal.stamp.number
    own = ", which is this entry: no other stands above it" if found.is_newest_seal else ""
    return f"Seal, entry {number}, signed by the notary{own}"


def _followed(found: Extract) -> list[str]:
    """The later directives in columns."""
    widths = [max((len(line[at]) for line in found.followed), default=0) for at in range(3)]
    return [
        "  ".join([*(cell.ljust(width) for cell, width in zip(line, widths, strict=False)), said])
        for line in found.followed
        for said in [f"{line.said}  (no effect: {line.idle})" if line.idle else line.said]
    ]


def _path(found: Extract) -> list[str]:
    if found.is_newest_seal:
        return ["none: what it signs is the root over the entries above it"]
    return [f"{side} {sibling}" for side, sibling, _ in found.path] or ["none: it is the root"]


def _witnesses(found: Extract) -> list[str]:
    names = ", ".join(found.seen) or "none"
    return [f"{names}; the pit asks for {found.wanted}" if found.wanted else names]


def _program(found: Extract) -> str:
    if found.is_newest_seal:
        return f"pit audit . --id {found.id}"
    prove = f"pit prove {found.entry.stamp.number} --archive ."
    return f"{prove} | pit verify --id {found.id} -"


def as_text(found: Extract, raw: bool = False) -> str:
    """The page as text."""
    parts = sections(found, raw)
    return "\n".join("\n".join([one.head, "-" * len(one.head), *one.lines, ""]) for one in parts)


_STYLE = """\
@page { size: A4; margin: 10mm }
body { font: 14px/1.4 Georgia, serif; color: #111; max-width: 68rem; margin: 2rem auto;
  padding: 0 1rem }
h1 { font-size: 1.4em; margin: 0 0 .3em } h2 { font-size: 1em; margin: .8em 0 .2em }
main { display: grid; grid-template-columns: 1fr 1fr; column-gap: .6em }
section { grid-column: 1 / -1; min-width: 0 } section.narrow { grid-column: auto }
pre { font: 12px/1.4 "DejaVu Sans Mono", Menlo, Consolas, monospace; margin: 0; padding: .4em;
  background: #f5f5f2; direction: ltr; white-space: pre-wrap; overflow-wrap: anywhere }
pre span { display: block; padding-left: 6ch; text-indent: -6ch }
@media (max-width: 62rem) { section.narrow { grid-column: 1 / -1 } }
@media print {
  body { font-size: 9px; margin: 0; padding: 0; max-width: none }
  h1 { margin: 0 } h2 { break-after: avoid; margin: .5em 0 .1em }
  pre { font-size: 8.3px; line-height: 1.2; padding: 2px 3px } main { column-gap: 4px }
  section.narrow { grid-column: auto } section:not(:last-child) { break-inside: avoid }
}
"""


def as_html(found: Extract, raw: bool = False) -> str:
    """The page as one HTML document that needs no other file."""
    first, *rest = sections(found, raw)
    parts = [f"<h1>{escape(first.head)}</h1>", f"<pre>{_pre(first)}</pre>", "<main>"]
    for one in rest:
        kind = ' class="narrow"' if one.narrow else ""
        parts.append(f"<section{kind}>\n<h2>{escape(one.head)}</h2>\n<pre>{_pre(one)}</pre>")
        parts.append("</section>")
    body = "\n".join([*parts, "</main>"])
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        f"<title>{escape(first.head)}</title>\n<style>\n{_STYLE}</style>\n</head>\n"
        f"<body>\n{body}\n</body>\n</html>\n"
    )


def _pre(one: Section) -> str:
    """Each line by itself, so that one that is broken cannot pass for two: it goes on indented."""
    return "".join(f"<span>{escape(line)}\n</span>" for line in one.lines)


def as_json(found: Extract) -> dict[str, Any]:
    """The extract as one document; what can be worked out from it is left out."""
    entry, seal = found.entry.stamp, found.seal.stamp
    return {
        "pit": found.pit,
        "id": found.id,
        "stamp": entry._asdict(),
        "enrolment": found.enrolment.stamp.number,
        "signed": found.signed,
        "followed": [line._asdict() for line in found.followed],
        "path": [[side, sibling] for side, sibling, _ in found.path],
        "size": found.size,
        "root": found.root,
        "seal": {"stamp": seal._asdict(), "signed": found.sealed},
        "witnesses": {"seen": found.seen, "wanted": found.wanted},
        "check": commands(found),
    }


def main(argv: list[str]) -> int:
    """Run `pit print`."""
    options = parser("print", __doc__)
    add_pit(options)
    options.add_argument("number", metavar="N", help="an entry")
    options.add_argument("--archive", metavar="FOLDER", help="a copy of the archive")
    options.add_argument("--raw", action="store_true", help="escape nothing")
    either = options.add_mutually_exclusive_group()
    either.add_argument("--html", action="store_true", help="as a page for a browser")
    either.add_argument("--json", action="store_true")
    args = options.parse_args(argv)
    copy = read_copy(*named_archive(args.pit, args.archive))
    found = extract(copy, number(args.number))
    if args.json:
        show_json(as_json(found))
    else:
        page = (as_html if args.html else as_text)(found, args.raw)
        sys.stdout.flush()
        sys.stdout.buffer.write(page.encode())  # UTF-8 wherever it goes, as the HTML says it is
    return 0
