"""List the files of an archive; gzip those that are closed, or undo it.

    $ pit segments
    $ pit segments --json
    $ pit segments --gzip
    $ pit segments --gunzip

An archive begins a new file when a seal closes one at `rule segment-entries`. A closed one never
changes again; with --gzip it, or those that are named (by file or first entry), lie there
compressed. Every verb of `pit` reads them as before; `grep *.mbox` and other mail tools silently
pass them by, so none is compressed unless you say so. Needs the archive's lock, for a moment.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from pit.archives import segment
from pit.archives.disk import io_failure, locked
from pit.archives.errors import UsageError
from pit.archives.extent import extent, last_seal
from pit.pits.home import Home, choose_pit, root
from pit.pits.options import add_pit, parser


class Segment(NamedTuple):
    """A file of an archive: its entries, its bytes uncompressed (those that may be read)."""

    path: Path
    first: int
    last: int
    bytes: int
    closed: bool

    @property
    def gzip(self) -> bool:
        """Whether it lies there compressed."""
        return self.path.suffix == ".gz"

    def as_json(self) -> dict[str, Any]:
        """The segment as an object."""
        return {
            "file": self.path.name,
            "first": self.first,
            "last": self.last,
            "bytes": self.bytes,
            "closed": self.closed,
            "gzip": self.gzip,
            "on_disk": self.path.stat().st_size,
        }


def segments_of(folder: Path, pit: str) -> list[Segment]:
    """The segments of an archive, as far as they may be read; all but the last are closed."""
    parts = extent(folder, pit)
    firsts = [segment.first_entry(path.name) for path, _ in parts]
    with io_failure(folder):
        end = last_seal(parts[-1][0], pit, parts[-1][1])
    lasts = [*(first - 1 for first in firsts[1:]), end.entry]
    return [
        Segment(path, first, last, size, path != parts[-1][0])
        for (path, size), first, last in zip(parts, firsts, lasts, strict=True)
    ]


def chosen(found: list[Segment], names: Iterable[str]) -> list[Segment]:
    """The closed segments of these names, all if there are no names; UsageError for others."""
    closed = {one.first: one for one in found if one.closed}
    wanted = []
    for name in names:
        number = re.fullmatch(r"([0-9]{1,10})(\.mbox(\.gz)?)?", name)
        first = int(number[1]) if number else 0
        if first not in closed:
            right = ", ".join(one.path.name for one in closed.values()) or "none yet"
            raise UsageError(f"'{name[:80]}' is no closed segment here; closed are: {right}")
        wanted.append(closed[first])
    return wanted or list(closed.values())


def exchange(folder: Path, pit: str, names: Iterable[str], compress: bool) -> Iterable[str]:
    """Compress, or the reverse, what is not yet; a line for each that was. Busy if locked."""
    extent(folder, pit)  # so that no folder is made where there is no archive
    with locked(folder):
        for one in chosen(segments_of(folder, pit), names):
            plain = folder / segment.segment_name(one.first)
            source = plain if compress else plain.with_name(f"{plain.name}.gz")
            if not source.exists():
                continue
            before = source.stat().st_size
            made = segment.gzip(source) if compress else segment.gunzip(source)
            yield f"{source.name} {before} bytes, now {made.name} {made.stat().st_size} bytes"


def main(argv: list[str]) -> int:
    """Run `pit segments`."""
    options = parser("segments", __doc__)
    add_pit(options)
    options.add_argument("segments", nargs="*", metavar="SEGMENT", help="with --gzip, --gunzip")
    options.add_argument("--json", action="store_true", help="list them as JSON")
    either = options.add_mutually_exclusive_group()
    either.add_argument("--gzip", action="store_true", help="compress closed segments")
    either.add_argument("--gunzip", action="store_true", help="make them plain files again")
    args = options.parse_args(argv)
    home = Home(root())
    pit = choose_pit(home, args.pit)
    folder = home.archive(pit)
    if args.gzip or args.gunzip:
        if args.json:
            raise UsageError("--json lists; say it without --gzip and --gunzip")
        for line in exchange(folder, pit, args.segments, args.gzip):
            print(line)
        return 0
    if args.segments:
        raise UsageError("SEGMENT goes with --gzip or --gunzip")
    show(segments_of(folder, pit), args.json)
    return 0


def show(found: list[Segment], as_json: bool) -> None:
    """The list for a person, or as JSON."""
    from pit.pits.display import show_json, table

    if as_json:
        show_json([one.as_json() for one in found])
        return
    rows = [
        (str(one.first), str(one.last), str(one.bytes), one.path.name, _state(one)) for one in found
    ]
    print(table(("first", "last", "bytes", "file", "state"), rows, "rrrll"), end="")


def _state(one: Segment) -> str:
    if not one.closed:
        return "open"
    return "closed, gzip" if one.gzip else "closed"
