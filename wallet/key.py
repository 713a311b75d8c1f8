"""Make, choose, show, extend or revoke the key that a handle signs with.

    $ pit key make dora dora@example.org --name "Dora"
    $ pit key use emil FINGERPRINT --gnupghome ~/.gnupg --in-place
    $ pit key show --as dora
    $ pit key extend --as alice --expires 2y
    $ pit key revoke --as alice --reason retired

`make` makes an Ed25519 key; with --passphrase gpg asks for one. `use` copies a key that you have
into the wallet, with its passphrase as it is; with --in-place it stays where it is, on a token or
with an agent that knows its passphrase, and signs there. What `show` prints is what the operator
needs to admit you: `pit admit HANDLE MAIL KEYFILE`.

`extend` changes when the key expires, and mails the newer certificate: do it while the key is in
force, or the operator has to: `pit key show | pit rekey HANDLE -`. `revoke` mails a revocation
certificate, after which the key signs nothing in this pit: your own, made now for a reason or kept
since the key was made; or, with --of HANDLE --certificate FILE, that of somebody who has lost his
key. `pit rekey` changes to another key.
"""

import re
import subprocess
import sys
from argparse import Namespace
from pathlib import Path

import pysequoia

from pit.archives.entry import OPERATOR
from pit.archives.errors import CannotCreate, Denied, Misconfigured, NoInput, UsageError
from pit.archives.verbs import Directive
from pit.archives.words import CORE
from pit.pits.gnupg import KeyHome
from pit.pits.home import Home, choose_handle, root
from pit.pits.identity import Identity, identity_of, keys_of, make_identity, save_identity
from pit.pits.openpgp import Certificate, certificate
from pit.pits.options import add_as, parser
from pit.pits.revocation import revocation
from pit.wallet.compose import Place, add_place, place_of, read_text, send

REASONS = ("compromised", "superseded", "retired")


def main(argv: list[str]) -> int:
    """Run `pit key`."""
    options = parser("key", __doc__)
    verbs = options.add_subparsers(
        dest="verb", metavar="make|use|show|extend|revoke", required=True
    )
    make = verbs.add_parser("make", help="make a key", allow_abbrev=False)
    make.add_argument("who", metavar="HANDLE", help="the handle to sign as")
    make.add_argument("mail", metavar="MAIL", help="the address that your mails come from")
    make.add_argument("--name", default="", help="your name, beside the address")
    make.add_argument("--passphrase", action="store_true", help="gpg asks for one")
    use = verbs.add_parser("use", help="choose a key that you have", allow_abbrev=False)
    use.add_argument("who", metavar="HANDLE", help="the handle to sign as")
    use.add_argument("fingerprint", metavar="FINGERPRINT", help="the key's 40 hex digits")
    use.add_argument("--gnupghome", metavar="DIR", required=True, help="where gpg has it")
    use.add_argument("--mail", help="the address your mails come from (default: the key's own)")
    use.add_argument("--name", default="", help="your name, beside the address")
    use.add_argument("--in-place", action="store_true", help="leave it there, and sign there")
    show = verbs.add_parser("show", help="print fingerprint and public key", allow_abbrev=False)
    add_as(show)
    extend = verbs.add_parser("extend", help="change when it expires", allow_abbrev=False)
    add_place(extend)
    extend.add_argument("--expires", required=True, metavar="WHEN", help="2y, 2027-12-31 or never")
    revoke = verbs.add_parser("revoke", help="let it sign nothing more", allow_abbrev=False)
    add_place(revoke)
    revoke.add_argument("--of", metavar="HANDLE", help="whose key (default: your own)")
    revoke.add_argument("--reason", choices=REASONS, help="why, if the key is here")
    revoke.add_argument("--certificate", metavar="FILE", help="that is made already; `-`: stdin")
    args = options.parse_args(argv)
    home = Home(root())
    if args.verb in ("extend", "revoke"):
        return {"extend": _extend, "revoke": _revoke}[args.verb](args)
    if args.verb == "make":
        me = make_identity(home, args.who, args.name, args.mail, ask=args.passphrase)
        print(me.fingerprint)
        print(f"next, for the operator: pit key show --as {me.handle}", file=sys.stderr)
    elif args.verb == "use":
        me = _use(home, args)
        print(me.fingerprint)
    else:
        me = identity_of(home, choose_handle(home, args.handle))
        with keys_of(home, me.handle) as keys:
            armored = keys.export(me.fingerprint)
        print(me.handle, me.fingerprint, me.sender)
        print(armored.strip())
    return 0


def _use(home: Home, args: Namespace) -> Identity:
    """Choose a key that somebody has."""
    if (home.wallet(args.who) / "identity").exists():
        raise CannotCreate(f"{args.who} has a key already; `pit rekey --use` changes to another")
    folder = Path(args.gnupghome).expanduser().absolute()
    cert, elsewhere = taken(home, args.who, args.fingerprint, folder, in_place=args.in_place)
    addresses = [args.mail] if args.mail else list(cert.addresses)
    if len(addresses) != 1:
        found = ", ".join(addresses) or "none"
        raise UsageError(f"the key has the addresses {found}; choose one: --mail ADDRESS")
    me = Identity(args.who, cert.fingerprint, args.name, addresses[0], gnupghome=elsewhere)
    save_identity(home, me)
    return me


def taken(
    home: Home, handle: str, named: str, folder: Path, *, in_place: bool
) -> tuple[Certificate, str]:
    """Copy a secret key into a wallet, or leave it; its certificate, and where it lives if not.

    named: its fingerprint, as people write it. folder: the GnuPG home that has it.
    """
    fingerprint = named.replace(" ", "").upper().removeprefix("0X")
    if not re.fullmatch("[0-9A-F]{40}", fingerprint):
        raise UsageError(f"'{fingerprint}' is not a key's fingerprint; write its 40 hex digits")
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder; give the GnuPG home that has the key")
    public = _gpg(folder, "--export-options", "export-minimal", "--export", fingerprint)
    cert = certificate(public)
    missing = Denied(f"{fingerprint} came without its secret part; it cannot sign from here")
    if in_place:
        with KeyHome(folder, own=False) as keys:
            if fingerprint not in keys.secret_keys():
                raise missing
        return cert, str(folder)
    secret = _gpg(folder, "--export-secret-keys", fingerprint)
    with KeyHome(home.wallet(handle) / "gnupg") as keys:
        keys.import_key(secret)
        if fingerprint not in keys.secret_keys():
            raise missing
    return cert, ""


def _extend(args: Namespace) -> int:
    """Let one's own key expire later, or never, and say so."""
    place = place_of(args)
    me = identity_of(place.home, place.handle)
    with keys_of(place.home, place.handle) as keys:
        keys.extend(me.fingerprint, args.expires)
        armored = keys.export(me.fingerprint)
    cert = certificate(armored)
    send(place, rekey_text(place.handle, cert))
    print(f"expires {cert.expires or 'never'}, once it stands", file=sys.stderr)
    return 0


def rekey_text(handle: str, cert: Certificate, recovery: Certificate | None = None) -> str:
    """The directive that gives a handle this key; recovery: the recovery key, if that signs."""
    keys = {"key": cert.armored.strip()}
    if recovery:
        keys["recovery-key"] = recovery.armored.strip()
    return CORE["rekey"].show(Directive("rekey", (handle, cert.fingerprint), keys))


def _revoke(args: Namespace) -> int:
    """Say that a key signs nothing more."""
    place = place_of(args)
    handle = args.of or place.handle
    if args.certificate:
        if args.reason:
            raise UsageError("why, the certificate says: leave --reason out")
        made = read_text(args.certificate)
    elif handle != place.handle:
        raise UsageError(f"--of {handle} needs his revocation certificate: --certificate FILE")
    else:
        made = _own_certificate(place, args.reason)
    found = revocation(made)
    armored = pysequoia.armor(found.raw, pysequoia.ArmorKind.PublicKey).strip()
    send(
        place, CORE["revoke-key"].show(Directive("revoke-key", (handle,), {"certificate": armored}))
    )
    who = f"{handle}'s key {found.fingerprint}"
    print(f"{who} signs nothing here once this stands ({found.reason})", file=sys.stderr)
    if handle == OPERATOR:
        print("after that only the pit's recovery key changes the operator's", file=sys.stderr)
    return 0


def _own_certificate(place: Place, reason: str | None) -> str:
    """A revocation certificate of one's own key: made for a reason, or kept since the key was."""
    me = identity_of(place.home, place.handle)
    with keys_of(place.home, place.handle) as keys:
        if reason:
            return keys.revocation(me.fingerprint, reason)
        kept = keys.folder / "openpgp-revocs.d" / f"{me.fingerprint}.rev"
    try:
        return kept.read_text()
    except (OSError, UnicodeDecodeError):
        raise NoInput(f"{kept}: no certificate was kept; make one: --reason WHY") from None


def _gpg(folder: Path, *args: str) -> bytes:
    """What gpg prints of somebody's own GnuPG home; an agent that runs there goes on running.

    For a secret key, the agent asks for its passphrase, if it has one.
    """
    command = ["gpg", "--no-options", "--homedir", str(folder), "--armor", *args]
    try:
        done = subprocess.run(command, capture_output=True, check=False)
    except OSError as error:
        raise Misconfigured("gpg cannot be run; install GnuPG 2.2 or newer") from error
    if done.returncode or not done.stdout:
        said = " ".join(done.stderr.decode("utf-8", "replace").split())
        raise Denied(f"{folder}: {said or f'gpg has no key {args[-1]}'}")
    return done.stdout
