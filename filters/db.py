"""Make an SQLite database of a pit's archive, or bring one up to date, to query it.

    $ pit db acme.db
    $ sqlite3 acme.db "SELECT time, quantity_shown, price_shown, buyer, seller FROM fills"
    $ pit db --archive FOLDER --id ID acme.db --rebuild

FILE is made from the archive, up to its last seal; where it is there already, only the new entries
are read. It is a copy to look things up in: nothing reads it but whoever asks, and it proves
nothing. docs/reference/database.md says what is in it; so does `sqlite3 FILE .schema`.
"""

import gc
from pathlib import Path

from pit.archives.errors import Denied, NoInput
from pit.pits.display import printable, show_json
from pit.pits.home import Home, choose_pit, load_settings, root
from pit.pits.options import add_pit, parser


def main(argv: list[str]) -> int:
    """Bring the file up to date."""
    options = parser("db", __doc__)
    add_pit(options)
    options.add_argument("file", metavar="FILE", help="the database")
    options.add_argument("--archive", metavar="FOLDER", help="a copy of an archive")
    options.add_argument("--id", default="", help="the pit's id (default: the one noted here)")
    options.add_argument("--rebuild", action="store_true", help="make it anew")
    options.add_argument("--json", action="store_true")
    args = options.parse_args(argv)
    from pit.filters.db_file import Archive, bring  # --help need not load SQLite

    if args.archive:
        from pit.pits.sources import pit_in

        folder = Path(args.archive)
        archive = Archive(folder, args.pit or pit_in(folder), args.id)
    else:
        home = Home(root())
        pit = choose_pit(home, args.pit)
        archive = Archive(home.archive(pit), pit, args.id or _noted_id(home, pit))
    gc.disable()  # as in `stream`
    made = bring(Path(args.file), archive, rebuild=args.rebuild)
    if args.json:
        show_json({"file": args.file, **made._asdict()})
    else:
        print(
            f"{printable(args.file)}: pit {made.pit}, {made.entries} entries ({made.new} new), "
            f"up to seal {made.sealed}"
        )
    return 0


def _noted_id(home: Home, pit: str) -> str:
    try:
        return load_settings(home, pit).id
    except (NoInput, Denied):  # an archive alone
        return ""
