"""Take one mail from stdin into a pit's spool: what a mail server's pipe runs.

    $ pit deliver -p acme < order.eml

In aliases(5): `acme: "|pit deliver -p acme"`. It ends with 0 once the mail is on disk, with 67 if
there is no such pit here, with 65 if the mail is longer than 8 MiB, and with 75 for whatever else
keeps the mail from being stored: the mail server then keeps it and tries again. Without a server
that runs all the time, it is the simplest way in; `pit lmtp` is the faster one.
"""

import sys
from typing import BinaryIO

from pit.archives.errors import Busy, NoInput, PitError
from pit.moderator.limits import LIMIT
from pit.moderator.postings import local
from pit.pits import spool
from pit.pits.home import Home, choose_pit, root
from pit.pits.options import add_pit, parser

MOST = LIMIT + 1000
"""With the lines that a mail server puts in front."""


class TooLong(PitError):
    """A mail that is longer than any that is kept; the mail server sends it back."""


class NoUser(PitError):
    """Mail for a pit that is not here: the mail server may send it back."""

    status = 67  # EX_NOUSER


def main(argv: list[str]) -> int:
    """Run `pit deliver`."""
    try:
        options = parser("deliver", __doc__)
        add_pit(options)
        args = options.parse_args(argv)
        home = Home(root())
        settings = local(home, choose_pit(home, args.pit))
        mail = without_from(read(sys.stdin.buffer))
        spool.put(home.spool(settings.name), mail)
    except NoInput as error:
        raise NoUser(str(error)) from error
    except TooLong:
        raise
    except (PitError, OSError) as error:
        raise Busy(str(error)) from error
    except Exception as error:  # with 70 the mail server would send the mail back
        raise Busy(f"{type(error).__name__}: {error}") from error
    return 0


def read(stream: BinaryIO) -> bytes:
    """A mail to its end; TooLong, but not before its end: a pipe that breaks is tried again."""
    mail = stream.read(MOST + 1)
    if len(mail) > MOST:
        while stream.read(1 << 20):
            pass
        raise TooLong(f"a mail of more than {LIMIT} bytes; none is taken that is longer")
    return mail


def without_from(mail: bytes) -> bytes:
    """The mail without the `From ` line that a pipe of Postfix or Exim puts in front."""
    return mail.partition(b"\n")[2] if mail.startswith(b"From ") else mail
