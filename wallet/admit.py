"""Make somebody a member: his handle, his mail address, his public key.

    $ pit key show --as alice | pit admit alice alice@example.org -
    $ pit key show --as sam > sam.asc
    $ pit admit sam sam@example.org sam.asc --roles specialist,trader
    $ pit admit --request request.eml --fingerprint FINGERPRINT

KEYFILE is what `pit key show` or `gpg --armor --export` prints, `-` is stdin. A request is a mail
that `pit join` has made, or any signed one that says the same (docs/how-to/join.md): admitted is
whom it names, once it is found to be signed by the very key that it brings, and for this pit.

Compare the fingerprint with the member over the telephone before you admit him: it is all that his
orders will be judged by. With --fingerprint, admitted is nobody who has another. The directive is
signed as the operator, unless --as or PIT_AS says otherwise.
"""

import os
import re
import sys
from argparse import Namespace
from pathlib import Path
from textwrap import wrap

from pit.archives.entry import OPERATOR
from pit.archives.errors import Denied, PitError, UsageError
from pit.archives.verbs import Directive
from pit.archives.words import CORE
from pit.pits.display import safe
from pit.pits.openpgp import Certificate, certificate
from pit.pits.options import parser
from pit.pits.reading import fold_of, pit_id
from pit.wallet import request
from pit.wallet.compose import Place, add_place, one_line, place_of, read_text, send
from pit.wallet.request import Request


def main(argv: list[str]) -> int:
    """Run `pit admit`."""
    options = parser("admit", __doc__)
    add_place(options)
    options.add_argument("who", metavar="HANDLE", nargs="?", help="the member's handle")
    options.add_argument("mail", metavar="MAIL", nargs="?", help="addresses, with commas between")
    options.add_argument(
        "key", metavar="KEYFILE", nargs="?", help="the armored public key; `-` is stdin"
    )
    options.add_argument("--request", metavar="FILE", help="a signed mail; `-` is stdin")
    options.add_argument("--fingerprint", metavar="FPR", help="what the key's must be")
    options.add_argument("--roles", default="trader", help="with commas between (default: trader)")
    args = options.parse_args(argv)
    given = [word for word in (args.who, args.mail, args.key) if word is not None]
    if len(given) != (0 if args.request is not None else 3):
        raise UsageError("write HANDLE MAIL KEYFILE, or --request FILE; see `pit admit --help`")
    one_line([*given[:2], args.roles])
    place = place_of(args, os.environ.get("PIT_AS") or OPERATOR)
    if args.request is not None:
        text = _requested(place, args)
    else:
        key = _key(read_text(args.key))
        _compare(key, args.fingerprint)
        text = _admission(args.who, args.mail, key, args.roles)
    send(place, text)
    return 0


def admission(handle: str, mail: str, key: str, roles: str) -> str:
    """The directive that admits a member. mail, roles: words with commas between."""
    return _admission(handle, mail, _key(key), roles)


def _key(text: str) -> Certificate:
    blocks = request.key_blocks(text)
    if len(blocks) != 1:
        raise PitError(
            f"KEYFILE has {len(blocks)} public key blocks; right would be one, as `pit key show` "
            "prints it"
        )
    return certificate(blocks[0])


def _admission(handle: str, mail: str, key: Certificate, roles: str) -> str:
    return CORE["admit"].show(_directive(handle, mail, key, roles))


def _directive(handle: str, mail: str, key: Certificate, roles: str) -> Directive:
    keys = {"mail": tuple(mail.split(",")), "key": key.armored.strip()}
    if roles:
        keys["roles"] = tuple(roles.split(","))
    return Directive("admit", (handle, key.fingerprint), keys)


def _compare(key: Certificate, said: str | None) -> None:
    """Denied where the operator has heard another fingerprint."""
    heard = re.sub("[^0-9A-F]", "", (said or "").upper().removeprefix("0X"))
    if said is not None and heard != key.fingerprint:
        raise Denied(
            f"the key's fingerprint is {key.fingerprint}, not {said[:80]!r}: it is somebody else's"
        )


def _requested(place: Place, args: Namespace) -> str:
    """What a request asks for, shown to the operator; PitError where it does not hold."""
    found = request.read(Path(args.request))
    name = place.settings.name
    request.check_for(found, name, pit_id(place.home, name))
    directive = _directive(found.handle, found.mail, found.key, args.roles)
    why = fold_of(place.home, name).objection(directive, OPERATOR)
    if why:
        raise PitError(f"{args.request}: {why}")
    print(_shown(found), file=sys.stderr)
    _compare(found.key, args.fingerprint)
    if args.fingerprint is None and sys.stdin.isatty():
        print("Did he tell you this fingerprint himself? [y/N] ", end="", file=sys.stderr)
        sys.stderr.flush()
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            raise Denied("nobody was admitted")
    return CORE["admit"].show(directive)


def _shown(found: Request) -> str:
    """A request for a person, who compares."""
    words = " ".join(wrap(found.key.fingerprint, 4))
    lines = [
        f"{found.handle} asks to be admitted to {found.pit}, {found.signed}; the signature is good",
        f"  address      {found.mail}",
        f"  fingerprint  {words[:24]} {words[24:]}",
        f"  its key has  {', '.join(found.key.addresses)}",
        "Whoever wrote it has this key. Who that is, he alone can tell: let him read it to you.",
    ]
    return "\n".join(map(safe, lines))
