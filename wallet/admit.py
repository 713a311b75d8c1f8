"""Make somebody a member: his handle, his mail address, his public key.

    $ pit key show --as alice | pit admit alice alice@example.org -
    $ pit key show --as sam > sam.asc
    $ pit admit sam sam@example.org sam.asc --roles specialist,trader

KEYFILE is what `pit key show` or `gpg --armor --export` prints, `-` is stdin. Compare the
fingerprint with the member over the telephone before you admit him: it is all that his orders will
be judged by. The directive is signed as the operator, unless --as or PIT_AS says otherwise.
"""

import os
import re

from pit.archives.entry import OPERATOR
from pit.archives.errors import PitError
from pit.archives.verbs import Directive
from pit.archives.words import CORE
from pit.pits.openpgp import certificate
from pit.pits.options import parser
from pit.wallet.compose import add_place, one_line, place_of, read_text, send

_BLOCK = re.compile(
    r"^-----BEGIN PGP PUBLIC KEY BLOCK-----$.*?^-----END PGP PUBLIC KEY BLOCK-----$", re.M | re.S
)


def main(argv: list[str]) -> int:
    """Run `pit admit`."""
    options = parser("admit", __doc__)
    add_place(options)
    options.add_argument("who", metavar="HANDLE", help="the member's handle")
    options.add_argument("mail", metavar="MAIL", help="addresses, with commas between")
    options.add_argument("key", metavar="KEYFILE", help="the armored public key; `-` is stdin")
    options.add_argument("--roles", default="trader", help="with commas between (default: trader)")
    args = options.parse_args(argv)
    one_line([args.who, args.mail, args.roles])
    place = place_of(args, os.environ.get("PIT_AS") or OPERATOR)
    send(place, admission(args.who, args.mail, read_text(args.key), args.roles))
    return 0


def admission(handle: str, mail: str, key: str, roles: str) -> str:
    """The directive that admits a member. mail, roles: words with commas between."""
    blocks = _BLOCK.findall(key)
    if len(blocks) != 1:
        raise PitError(
            f"KEYFILE has {len(blocks)} public key blocks; right would be one, as `pit key show` "
            "prints it"
        )
    cert = certificate(blocks[0])
    keys = {"mail": tuple(mail.split(",")), "key": cert.armored.strip()}
    if roles:
        keys["roles"] = tuple(roles.split(","))
    return CORE["admit"].show(Directive("admit", (handle, cert.fingerprint), keys))
