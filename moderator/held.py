"""Mail that Mailman holds, taken into the spool: for lists whose mail still goes to Mailman first.

Mailman has parsed what it holds, and gives back what it makes of that: 8-bit and unusual headers
change, of two mails with one Message-ID the second is lost. So nothing is believed of it: what is
fetched goes into the spool like any mail, the notary stamps it if the signature still verifies, and
else keeps it in quarantine, in silence. Only what the spool has on disk is discarded there; after a
kill it is fetched again, and is a duplicate. Discarding costs in proportion to what is held, so a
run takes few.
"""

from pathlib import Path
from typing import Any
from urllib.error import HTTPError

from pit.pits import spool

__all__ = ["take_held"]

MANY = 50
"""Mails of one run."""


def take_held(found: Any, folder: Path) -> int:
    """Put what a list holds into a spool, then discard it there; how many mails."""
    held = list(found.get_held_page(count=MANY, page=1))
    spool.put_all([(folder, _bytes(one.msg)) for one in held])
    for one in held:
        try:
            one.discard()
        except HTTPError as error:
            if error.code != 404:  # the list's owner may have been quicker
                raise
    return len(held)


def _bytes(text: str) -> bytes:
    """A mail from the text that the REST interface shows."""
    return text.encode("utf-8", "surrogateescape")
