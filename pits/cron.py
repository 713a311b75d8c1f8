"""Print the crontab lines that keep a pit going: one turn a minute.

    $ pit cron

To add them to what is there: (crontab -l; pit cron) | crontab -

What the turns say goes to the pit's turn.log. One that finds nothing to do says nothing; one that
finds another one at work says so and ends.
"""

import shlex
import shutil
import sys
from pathlib import Path

from pit.pits.home import Home, choose_pit, load_settings, root
from pit.pits.options import add_pit, parser


def main(argv: list[str]) -> int:
    """Run `pit cron`."""
    options = parser("cron", __doc__)
    add_pit(options)
    args = options.parse_args(argv)
    home = Home(root())
    settings = load_settings(home, choose_pit(home, args.pit))
    print(crontab(home, settings.name, program()), end="")
    return 0


def crontab(home: Home, pit: str, program: str) -> str:
    """The lines for one pit; `%` is crontab(5)'s own and is escaped."""
    log = shlex.quote(str(home.pit(pit) / "turn.log"))
    command = f"PIT_HOME={shlex.quote(str(home.root))} {shlex.quote(program)} turn -p {pit}"
    escaped = f"{command} >>{log} 2>&1".replace("%", r"\%")
    return f"# {pit}: the notary, then the filters\n* * * * * {escaped}\n"


def program() -> str:
    """The `pit` that runs now, as cron, which has another PATH, will find it."""
    here = Path(sys.argv[0])
    if here.name == "pit" and here.exists():
        return str(here.absolute())
    return shutil.which("pit") or "pit"
