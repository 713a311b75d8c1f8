"""Which pit takes mail at which address: the one in its settings, and no other."""

import argparse
import os
from collections.abc import Iterable, Sequence

from pit.archives.errors import Misconfigured, NoInput
from pit.pits.display import table
from pit.pits.home import Home, Settings, choose_pit, load_settings, root

__all__ = ["Postings", "add_pits", "chosen", "local", "postings", "served"]


def postings(home: Home, named: Iterable[str] = ()) -> dict[str, str]:
    """Which pit takes mail to which address, in small letters; of all pits here if none is named.

    NoInput if a named one is not here (a mirror or a member's settings are no pit), Misconfigured
    if two have the same address.
    """
    found: dict[str, str] = {}
    wanted = list(named)
    for name in wanted or home.pits():
        try:
            address = local(home, name).address
        except NoInput:
            if wanted:
                raise
            continue
        other = found.setdefault(address.lower(), name)
        if other != name:
            raise Misconfigured(f"{address} is the address of {other} and of {name}; right is one")
    return found


def local(home: Home, name: str) -> Settings:
    """The settings of a pit whose notary is here; NoInput if there is none or it is elsewhere."""
    settings = load_settings(home, name)
    if settings.send:
        raise NoInput(f"{home.pit(name)}: this pit is elsewhere; here is a member of it")
    return settings


class Postings:
    """The same as the settings now say, for a server that runs while pits come and go."""

    def __init__(self, home: Home, named: Sequence[str] = ()) -> None:
        self._home, self._named = home, named
        self._read: dict[str, tuple[tuple[int, ...], str]] = {}
        self.known = postings(home, named)

    def pit(self, address: str) -> str:
        """The pit that takes mail to this address, '' if none does.

        PitError if that cannot be said now: nobody must be told that there is no such address only
        because a file could not be read.
        """
        address = address.lower()
        name = self.known.get(address, "")
        if not name or self._address(name) != address:
            self.known = postings(self._home, self._named)
            name = self.known.get(address, "")
        return name

    def _address(self, name: str) -> str:
        """A pit's address, '' if it is gone; read again only if the file is another one."""
        try:
            about = os.stat(self._home.pit(name) / "settings")
            stamp = (about.st_ino, about.st_mtime_ns, about.st_size)
            if name not in self._read or self._read[name][0] != stamp:
                self._read[name] = (stamp, local(self._home, name).address.lower())
        except (FileNotFoundError, NoInput):
            return ""
        return self._read[name][1]


def served(postings: Postings) -> str:
    """A table of who is served."""
    return table(("address", "pit"), sorted(postings.known.items()))


def add_pits(options: argparse.ArgumentParser) -> None:
    """Add -p/--pit, which may come several times."""
    options.add_argument(
        "-p",
        "--pit",
        metavar="NAME",
        action="append",
        default=[],
        help="a pit; may be repeated (default: $PIT, or all that are here)",
    )


def chosen(named: list[str]) -> list[str]:
    """The pits that -p names, else $PIT; none means all; UsageError for what is no name."""
    home = Home(root())
    if not named and os.environ.get("PIT"):
        return [choose_pit(home, None)]
    return [choose_pit(home, name) for name in dict.fromkeys(named)]
