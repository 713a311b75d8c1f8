"""Take one mail from stdin into a pit's spool: what a mail server's pipe runs.

    $ pit deliver -p acme < order.eml

In aliases(5): `acme: "|pit deliver -p acme"`. It ends with 0 once the mail is on disk, with 67 if
there is no such pit here, and with 75 for whatever else keeps the mail from being stored: the mail
server then keeps it and tries again.
"""

import sys

from pit.archives.errors import Busy, NoInput, PitError
from pit.pits import spool
from pit.pits.home import Home, choose_pit, load_settings, root
from pit.pits.options import add_pit, parser


class NoUser(PitError):
    """Mail for a pit that is not here: the mail server may send it back."""

    status = 67  # EX_NOUSER


def main(argv: list[str]) -> int:
    """Run `pit deliver`."""
    options = parser("deliver", __doc__)
    add_pit(options)
    try:
        args = options.parse_args(argv)
        home = Home(root())
        settings = load_settings(home, choose_pit(home, args.pit))
        spool.put(home.spool(settings.name), without_from(sys.stdin.buffer.read()))
    except NoInput as error:
        raise NoUser(str(error)) from error
    except (PitError, OSError) as error:
        raise Busy(str(error)) from error
    return 0


def without_from(mail: bytes) -> bytes:
    """The mail without the `From ` line that a pipe of Postfix or Exim puts in front."""
    return mail.partition(b"\n")[2] if mail.startswith(b"From ") else mail
