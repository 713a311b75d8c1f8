"""Open a pit: keys, settings, and the charter, signed by the operator and taken in by the notary.

    $ pit new club
    $ pit new fund --template bare --title "The fund" --address fund@lists.example.org
    $ pit new desk --private

The template `club` makes one person, the treasurer, operator, cashier, issuer, keeper and
specialist, with a currency, in the one signed text that founds the pit; `bare` founds it and leaves
the rest to you. The operator signs with the wallet `operator`, which is made if it is missing.

With --private only members read it: `rule private yes` stands in the charter, which mirrors and the
list go by, and on this host the archive is open to nobody but whoever runs the notary and, with
--group, that Unix group (2750, files 0640). Whatever the notary keeps beside it is its own (0700).

Without --address the pit's list is NAME@pits.invalid: `.invalid` is reserved (RFC 2606) and no mail
can ever be sent there, so nothing leaves this host by mistake while mail comes through the spool.
"""

import contextlib
import errno
import grp
import os
import re
import sys
from pathlib import Path
from typing import Any

from pit.archives.access import PUBLIC, close, group_name, make_folder
from pit.archives.entry import OPERATOR
from pit.archives.errors import CannotCreate, PitError, UsageError
from pit.archives.language import LanguageError, check_characters, parse
from pit.archives.verbs import Directive
from pit.archives.words import CORE
from pit.pits import spool
from pit.pits.command import run_verb
from pit.pits.gnupg import KeyHome
from pit.pits.home import Home, Settings, root, save_settings
from pit.pits.identity import Identity, identity_of, keys_of, make_identity
from pit.pits.options import parser
from pit.pits.reading import last_seal, pit_id
from pit.pits.signing import compose, signed

ROLES = ("cashier", "issuer", "keeper", "specialist")
CURRENCIES = {
    "CHF": ("Swiss franc", 2),
    "EUR": ("Euro", 2),
    "GBP": ("Pound sterling", 2),
    "JPY": ("Yen", 0),
    "USD": ("US dollar", 2),
}
"""Names and decimals (ISO 4217) of a few; any other code is its own name, with 2."""


def main(argv: list[str]) -> int:
    """Run `pit new`."""
    options = parser("new", __doc__)
    options.add_argument("name", metavar="NAME", help="a-z, then up to 31 of a-z, 0-9 and -")
    options.add_argument("--template", choices=["club", "bare"], default="club")
    options.add_argument("--currency", metavar="CODE", default="EUR", help="of a club (EUR)")
    options.add_argument("--title", help="what it is called (default: NAME)")
    options.add_argument("--address", help="the list's (default: NAME@pits.invalid)")
    options.add_argument(
        "--mail", default="operator@pits.invalid", help="of a new operator's wallet"
    )
    options.add_argument(
        "--recovery",
        metavar="FINGERPRINT",
        default="",
        help="of a key kept apart, which can give the operator another one",
    )
    options.add_argument("--private", action="store_true", help="only members may read it")
    options.add_argument("--group", metavar="GROUP", help="the members' Unix group, if private")
    args = options.parse_args(argv)
    if args.group is not None and not args.private:
        raise UsageError("--group is for a private pit; write --private too")
    group = _group(args.group) if args.group is not None else None
    home = Home(root())
    address = args.address or f"{args.name}@pits.invalid"
    if args.name in home.pits() or _taken(home.archive(args.name)):
        raise CannotCreate(f"{home.pit(args.name)}: the pit {args.name} is here already")
    currency = args.currency if args.template == "club" else ""
    args.recovery = args.recovery.replace(" ", "").upper()
    if args.recovery and not re.fullmatch("[0-9A-F]{40}", args.recovery):
        raise UsageError(f"'{args.recovery}' is not a key's fingerprint; write its 40 hex digits")
    _check(args.name, args.title or args.name, address, currency)
    if args.private:
        shut(home, args.name, group)
    me = _operator(home, args.mail)
    found(
        home,
        me,
        args.name,
        args.title or args.name,
        address,
        currency,
        private=args.private,
        recovery=args.recovery,
    )
    print(f"{args.name} is open. Its id, by which anybody can check its archive:")
    print(f"  {pit_id(home, args.name)}")
    if args.private:
        _tell_readers(home.archive(args.name))
    print("Next: a member's key, his admission, and the notary, which takes what waits:")
    print("  pit key make alice alice@example.org")
    print(f"  pit key show --as alice | pit admit -p {args.name} alice alice@example.org -")
    print(f"  pit notary -p {args.name}")
    return 0


def _check(name: str, title: str, address: str, currency: str) -> None:
    """UsageError for a charter that would not parse; nothing is made yet."""
    text = compose(name, charter(title, "-", "-", "operator@pits.invalid", address, currency))
    try:
        check_characters(text)
        parse(text, CORE)
    except LanguageError as error:
        raise UsageError(f"{error.problem} (in the charter)") from None


def _operator(home: Home, mail: str) -> Identity:
    """The operator's wallet, made if it is missing."""
    if OPERATOR in home.wallets():
        return identity_of(home, OPERATOR)
    return make_identity(home, OPERATOR, "Operator", mail)


def _group(name: str) -> int:
    """The number of a Unix group, by its name or as digits; UsageError where there is none."""
    try:
        if re.fullmatch("[0-9]{1,9}", name):
            return int(name)
        return grp.getgrnam(name).gr_gid
    except (KeyError, ValueError):
        raise UsageError(f"{name!r} is no group on this host; addgroup makes one") from None


def _taken(folder: Path) -> bool:
    """Whether something is there; an empty folder, made for this pit, is nothing yet."""
    return folder.exists() and not (folder.is_dir() and not any(folder.iterdir()))


def shut(home: Home, name: str, group: int | None) -> None:
    """Make the archive's folder: the owner's alone, or 2750 with that group; CannotCreate.

    One that is there keeps its group. The folders above are open to all, for in them nothing but
    names can be read.
    """
    folder = home.archive(name)
    try:
        if group is not None:
            for above in (home.root, folder.parent):
                if not above.exists():
                    make_folder(above, PUBLIC)
                    above.chmod(PUBLIC)  # whatever the umask: the group must come through
        make_folder(folder)
        close(folder)
        if group is not None:
            os.chown(folder, -1, group)
            folder.chmod(0o2750)
            if folder.stat().st_mode & 0o7777 != 0o2750:
                raise PermissionError(errno.EPERM, "its group would not pass on", str(folder))
    except OSError as error:
        with contextlib.suppress(OSError):
            folder.rmdir()
        hint = "; to give a folder to a group one must be in it" if group is not None else ""
        raise CannotCreate(f"{error.filename or folder}: {error.strerror}{hint}") from error


def _tell_readers(folder: Path) -> None:
    """Say who reads the archive, and on stderr what stands in their way."""
    about = folder.stat()
    if not about.st_mode & 0o050:
        print("Private: nobody but you reads it on this host; members keep mirrors (pit mirror).")
        return
    print(f"Private: the group {group_name(about.st_gid)} reads {folder}")
    for above in reversed(folder.parents):
        mode = above.stat()
        if not mode.st_mode & (0o011 if mode.st_gid == about.st_gid else 0o001):
            what = f"{above} lets nobody through to it; chmod o+x it, or move $PIT_HOME"
            print(f"pit new: {what}", file=sys.stderr)
            return


def found(
    home: Home,
    me: Identity,
    name: str,
    title: str,
    address: str,
    currency: str,
    *,
    private: bool = False,
    recovery: str = "",
) -> None:
    """Make the notary's key, sign the charter, put it into the spool, and let the notary take it.

    The settings come last of what is made here: as long as there are none, there is no pit, and
    the same command may be given again.
    """
    with keys_of(home, OPERATOR) as keys, KeyHome(home.notary_keys(name)) as notary:
        theirs = notary.secret_keys()
        fingerprint = theirs[0] if theirs else notary.make_key(f"Notary of {name}", address)
        directives = charter(
            title,
            keys.export(me.fingerprint),
            notary.export(fingerprint),
            me.mail,
            address,
            currency,
            private=private,
            recovery=recovery,
        )
        made = signed(keys, me, compose(name, directives), address)
    spool.put(home.spool(name), made.mail)
    save_settings(home, Settings(name, "", address, fingerprint))
    status = run_verb("notary", ["-p", name])
    if status or last_seal(home, name) is None:
        raise PitError(f"the notary did not take the charter; see {home.quarantine(name)}")


def charter(
    title: str,
    operator_key: str,
    notary_key: str,
    mail: str,
    address: str,
    currency: str,
    *,
    private: bool = False,
    recovery: str = "",
) -> str:
    """The directives that found a pit; those of a club if there is a currency."""
    keys: dict[str, Any] = {
        "operator-key": operator_key.strip(),
        "notary-key": notary_key.strip(),
        "mail": (mail,),
        "list": (address,),
    }
    if recovery:
        keys["recovery"] = recovery
    directives = [Directive("charter", (title,), keys)]
    if private:
        directives.append(Directive("rule", ("private", "yes")))
    if currency:
        called, decimals = CURRENCIES.get(currency, (currency, 2))
        about = {"decimals": decimals, "kind": "currency"}
        directives.append(Directive("asset", (currency, called), about))
        directives += [Directive("grant", (role, OPERATOR)) for role in ROLES]
        directives.append(Directive("keeper", ("1/1", OPERATOR)))
    return "".join(CORE[directive.verb].show(directive) for directive in directives)
