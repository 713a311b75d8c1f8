"""Keep shut what others shall not read: the notary's own things, and a private pit's archive."""

import sys

from pit.archives.access import close
from pit.archives.disk import io_failure
from pit.pits.home import Home

__all__ = ["keep_shut"]


def keep_shut(home: Home, pit: str, *, private: bool) -> None:
    """Shut what is the notary's own to others; the archive too, and say so, if it is private."""
    folder = home.archive(pit)
    with io_failure(folder):
        close(home.pit(pit))
        if private and close(folder):
            what = "the pit is private: shut to all but its owner and group"
            print(f"pit notary: {folder}: {what}", file=sys.stderr)
