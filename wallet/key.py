"""Make, choose and show the key that a handle signs with.

    $ pit key make dora dora@example.org --name "Dora"
    $ pit key use emil FINGERPRINT --gnupghome ~/.gnupg
    $ pit key show --as dora

`make` makes an Ed25519 key; `use` copies one that you have into the wallet, with its passphrase as
it is. What `show` prints is what the operator needs to admit you: `pit admit HANDLE MAIL KEYFILE`.
"""

import re
import subprocess
import sys
from pathlib import Path

from pit.archives.errors import CannotCreate, Denied, Misconfigured, UsageError
from pit.pits.home import Home, choose_handle, root
from pit.pits.identity import Identity, identity_of, keys_of, make_identity, save_identity
from pit.pits.openpgp import certificate
from pit.pits.options import add_as, parser


def main(argv: list[str]) -> int:
    """Run `pit key`."""
    options = parser("key", __doc__)
    verbs = options.add_subparsers(dest="verb", metavar="make|use|show", required=True)
    make = verbs.add_parser("make", help="make a key", allow_abbrev=False)
    make.add_argument("who", metavar="HANDLE", help="the handle to sign as")
    make.add_argument("mail", metavar="MAIL", help="the address that your mails come from")
    make.add_argument("--name", default="", help="your name, beside the address")
    use = verbs.add_parser("use", help="choose a key that you have", allow_abbrev=False)
    use.add_argument("who", metavar="HANDLE", help="the handle to sign as")
    use.add_argument("fingerprint", metavar="FINGERPRINT", help="the key's 40 hex digits")
    use.add_argument("--gnupghome", metavar="DIR", required=True, help="where gpg has it")
    use.add_argument("--mail", help="the address your mails come from (default: the key's own)")
    use.add_argument("--name", default="", help="your name, beside the address")
    show = verbs.add_parser("show", help="print fingerprint and public key", allow_abbrev=False)
    add_as(show)
    args = options.parse_args(argv)
    home = Home(root())
    if args.verb == "make":
        me = make_identity(home, args.who, args.name, args.mail)
        print(me.fingerprint)
        print(f"next, for the operator: pit key show --as {me.handle}", file=sys.stderr)
    elif args.verb == "use":
        fingerprint = args.fingerprint.replace(" ", "").upper().removeprefix("0X")
        me = _use(home, args.who, fingerprint, Path(args.gnupghome), args.mail, args.name)
        print(me.fingerprint)
    else:
        me = identity_of(home, choose_handle(home, args.handle))
        with keys_of(home, me.handle) as keys:
            armored = keys.export(me.fingerprint)
        print(me.handle, me.fingerprint, me.sender)
        print(armored.strip())
    return 0


def _use(
    home: Home, handle: str, fingerprint: str, folder: Path, mail: str | None, name: str
) -> Identity:
    """Copy a secret key into the wallet and choose it."""
    folder = folder.expanduser()
    if not re.fullmatch("[0-9A-F]{40}", fingerprint):
        raise UsageError(f"'{fingerprint}' is not a key's fingerprint; write its 40 hex digits")
    if (home.wallet(handle) / "identity").exists():
        raise CannotCreate(f"{handle} has a key already; `pit key show --as {handle}`")
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder; give the GnuPG home that has the key")
    public = _gpg(folder, "--export-options", "export-minimal", "--export", fingerprint)
    cert = certificate(public)
    addresses = [mail] if mail else list(cert.addresses)
    if len(addresses) != 1:
        found = ", ".join(addresses) or "none"
        raise UsageError(f"the key has the addresses {found}; choose one: --mail ADDRESS")
    secret = _gpg(folder, "--export-secret-keys", fingerprint)
    with keys_of(home, handle) as keys:
        keys.import_key(secret)
        if fingerprint not in keys.secret_keys():
            raise Denied(f"{fingerprint} came without its secret part; it cannot sign from here")
    me = Identity(handle, fingerprint, name, addresses[0])
    save_identity(home, me)
    return me


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
