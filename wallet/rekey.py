"""Change a key: your own for a new one, or, as the operator, a member's or the notary's.

    $ pit rekey --as alice
    $ pit key make alice2 alice@example.org; pit key show --as alice2 | pit rekey alice -
    $ pit rekey notary

Without HANDLE a new key is made in your wallet, or taken from the GnuPG home DIR with --use. Two
mails go out: `rekey`, signed with the old key, and `confirm`, signed with the new one; when both
stand, the new one is yours, and the wallet signs with it from now on. If the first is refused,
--undo takes the old one back; if the second never got there, --confirm sends it anew.

With HANDLE and KEYFILE (`-`: stdin) the operator gives somebody another key, or a newer certificate
of the same: after a loss, or when it has expired. Compare the fingerprint with its owner over the
telephone. `pit rekey notary`, on the notary's host, makes its new key first.

--recovery WALLET: the operator's key is lost, or not his alone; his new one is signed for with the
pit's recovery key, which is in that wallet (docs/how-to/keys.md).
"""

import sys
from argparse import Namespace
from pathlib import Path

from pit.archives.entry import NOTARY, OPERATOR
from pit.archives.errors import NoInput, PitError, UsageError
from pit.pits.gnupg import KeyHome
from pit.pits.home import Home
from pit.pits.identity import Identity, identity_of, keys_at, save_identity
from pit.pits.openpgp import Certificate, certificate
from pit.pits.options import parser
from pit.wallet.compose import Place, add_place, place_of, read_text, send
from pit.wallet.key import rekey_text, taken
from pit.wallet.request import key_blocks


def main(argv: list[str]) -> int:
    """Run `pit rekey`."""
    options = parser("rekey", __doc__)
    add_place(options)
    options.add_argument("who", metavar="HANDLE", nargs="?", help="whose key, for the operator")
    options.add_argument("key", metavar="KEYFILE", nargs="?", help="the public key; `-` is stdin")
    options.add_argument("--use", metavar="FINGERPRINT", help="take a key that you have")
    options.add_argument("--gnupghome", metavar="DIR", help="where gpg has it")
    options.add_argument("--in-place", action="store_true", help="leave it there, and sign there")
    options.add_argument("--passphrase", action="store_true", help="gpg asks for one for a new key")
    other = options.add_mutually_exclusive_group()
    other.add_argument("--confirm", action="store_true", help="send the second mail anew")
    other.add_argument("--undo", action="store_true", help="sign with the old key again")
    other.add_argument("--recovery", metavar="WALLET", help="sign with the pit's recovery key")
    args = options.parse_args(argv)
    if bool(args.use) != bool(args.gnupghome) or (args.in_place and not args.use):
        raise UsageError("--use FINGERPRINT goes with --gnupghome DIR, --in-place with both")
    if args.who:
        return _others(place_of(args, OPERATOR), args)
    place = place_of(args, OPERATOR if args.recovery else None)
    me = identity_of(place.home, place.handle)
    if args.confirm:
        send(place, f"confirm {place.handle}")
    elif args.undo:
        _undo(place.home, me)
    else:
        _own(place, me, args)
    return 0


def _own(place: Place, me: Identity, args: Namespace) -> None:
    """Change one's own key; the operator, with the recovery key."""
    new = _new(place.home, me, args)
    with keys_at(place.home, new) as keys:
        cert = certificate(keys.export(new.fingerprint))
    if args.recovery:
        spare = identity_of(place.home, args.recovery)
        with keys_at(place.home, spare) as keys:
            recovery = certificate(keys.export(spare.fingerprint))
        from_him = spare._replace(name=me.name, mail=me.mail)
        send(place, rekey_text(OPERATOR, cert, recovery), me=from_him)
        save_identity(place.home, new)
    else:
        send(place, rekey_text(place.handle, cert))
        save_identity(place.home, new)
        send(place, f"confirm {place.handle}")
    print(f"from now on {place.handle} signs with {new.fingerprint}", file=sys.stderr)


def _new(home: Home, me: Identity, args: Namespace) -> Identity:
    """The identity with another key, made or taken; not chosen yet."""
    if args.use:
        folder = Path(args.gnupghome).expanduser().absolute()
        cert, elsewhere = taken(home, me.handle, args.use, folder, in_place=args.in_place)
        fingerprint = cert.fingerprint
    else:
        elsewhere = ""
        with keys_at(home, me._replace(gnupghome="")) as keys:
            fingerprint = keys.make_key(me.name or me.handle, me.mail, ask=args.passphrase)
    if fingerprint in me.keys:
        raise UsageError(f"{fingerprint} is, or was, {me.handle}'s key; a key does not come back")
    former = (*me.former, me.fingerprint)
    return me._replace(fingerprint=fingerprint, former=former, gnupghome=elsewhere)


def _undo(home: Home, me: Identity) -> None:
    """Sign with the key before, because the pit has refused the new one."""
    if not me.former:
        raise NoInput(f"{me.handle} has had no other key than {me.fingerprint}")
    *former, last = me.former
    for elsewhere in dict.fromkeys(("", me.gnupghome)):
        before = me._replace(fingerprint=last, former=tuple(former), gnupghome=elsewhere)
        with keys_at(home, before) as keys:
            if last in keys.secret_keys():
                save_identity(home, before)
                print(f"from now on {me.handle} signs with {last} again", file=sys.stderr)
                return
    raise NoInput(f"{home.wallet(me.handle)}: the key {last} is not here any more")


def _others(place: Place, args: Namespace) -> int:
    """Give somebody another key, or a newer certificate, as the operator."""
    if args.use or args.passphrase or args.confirm or args.undo or args.recovery:
        raise UsageError("with HANDLE only KEYFILE is written, and who says it")
    if args.key:
        blocks = key_blocks(read_text(args.key))
        if len(blocks) != 1:
            raise PitError(f"KEYFILE has {len(blocks)} public key blocks; right would be one")
        cert = certificate(blocks[0])
    elif args.who == NOTARY:
        cert = _notarys(place)
    else:
        raise UsageError(f"which key shall be {args.who}'s? write KEYFILE, or `-`")
    send(place, rekey_text(args.who, cert))
    return 0


def _notarys(place: Place) -> Certificate:
    """A new key in the notary's home, which is on this host."""
    name, address = place.settings.name, place.settings.address
    folder = place.home.notary_keys(name)
    if not folder.is_dir():
        raise NoInput(f"{folder}: the notary is on another host; make its key there, write KEYFILE")
    with KeyHome(folder) as keys:
        return certificate(keys.export(keys.make_key(f"Notary of {name}", address)))
