"""Who signs from here: a wallet's key and the name and address that its mails come from.

`wallets/HANDLE/identity` says which key of `wallets/HANDLE/gnupg` it is:

    [identity]
    fingerprint = 13EB118BFA807CD3A68C5AD8F10E309DAB89221E
    name = Alice
    mail = alice@example.org

`former = FINGERPRINT …` are the keys that it had before; `gnupghome = DIR` says that it lives in
another GnuPG home, whose agent signs.
"""

import configparser
import io
import re
from email.utils import formataddr
from pathlib import Path
from typing import NamedTuple

from pit.archives.access import make_folder
from pit.archives.disk import io_failure, write_atomic
from pit.archives.entry import NOTARY
from pit.archives.errors import CannotCreate, Misconfigured, NoInput, UsageError
from pit.archives.fields import ADDRESS
from pit.pits.gnupg import KeyHome
from pit.pits.home import Home

__all__ = [
    "Identity",
    "identity_of",
    "keys_at",
    "keys_of",
    "make_identity",
    "save_identity",
]


class Identity(NamedTuple):
    """A handle, the fingerprint (40 upper hex) of the key it signs with, its name and address.

    former: fingerprints of the keys before, the last one last. gnupghome: where the key lives, ''
    for the wallet.
    """

    handle: str
    fingerprint: str
    name: str
    mail: str
    former: tuple[str, ...] = ()
    gnupghome: str = ""

    @property
    def keys(self) -> frozenset[str]:
        """The fingerprints of all keys that it has had."""
        return frozenset((self.fingerprint, *self.former))

    @property
    def sender(self) -> str:
        """The `From` of its mails: `Alice <alice@example.org>`."""
        return formataddr((self.name, self.mail))


def _file(home: Home, handle: str) -> Path:
    return home.wallet(handle) / "identity"


def keys_of(home: Home, handle: str) -> KeyHome:
    """The GnuPG home in which a wallet's key lives."""
    return (
        keys_at(home, _read(home, handle)) if _file(home, handle).exists() else _own(home, handle)
    )


def keys_at(home: Home, me: Identity) -> KeyHome:
    """The GnuPG home in which the key of an identity lives, be it the wallet's or not."""
    return KeyHome(Path(me.gnupghome), own=False) if me.gnupghome else _own(home, me.handle)


def _own(home: Home, handle: str) -> KeyHome:
    return KeyHome(home.wallet(handle) / "gnupg")


def identity_of(home: Home, handle: str) -> Identity:
    """Who signs as `handle`; NoInput, with what to do, where no key is chosen here."""
    if not _file(home, handle).exists():
        raise NoInput(
            f"{home.wallet(handle)}: no key is chosen; "
            f"`pit key make {handle} MAIL` makes one, `pit key use` takes one that you have"
        )
    return _read(home, handle)


def _read(home: Home, handle: str) -> Identity:
    path = _file(home, handle)
    try:
        with io_failure(path):
            data = path.read_bytes()
        settings = configparser.ConfigParser(interpolation=None)
        settings.read_string(data.decode())
        section = settings["identity"]
        former = tuple(section.get("former", "").split())
        elsewhere = section.get("gnupghome", "")
        names = (section["fingerprint"], section["name"], section["mail"])
        return Identity(handle, *names, former, elsewhere)
    except (configparser.Error, KeyError, UnicodeDecodeError) as error:
        raise Misconfigured(
            f"{path}: {' '.join(str(error).split())}; right would be the section [identity] with "
            "fingerprint, name, mail"
        ) from None


def save_identity(home: Home, identity: Identity) -> None:
    """Choose the key; UsageError for a name or an address that a mail cannot come from."""
    _check(identity.handle, identity.name, identity.mail)
    path = _file(home, identity.handle)
    settings = configparser.ConfigParser(interpolation=None)
    settings["identity"] = {
        "fingerprint": identity.fingerprint,
        "name": identity.name,
        "mail": identity.mail,
    }
    if identity.former:
        settings["identity"]["former"] = " ".join(identity.former)
    if identity.gnupghome:
        settings["identity"]["gnupghome"] = identity.gnupghome
    text = io.StringIO()
    settings.write(text)
    with io_failure(path):
        make_folder(path.parent)
    write_atomic(path, text.getvalue().strip().encode() + b"\n")


def make_identity(home: Home, handle: str, name: str, mail: str, *, ask: bool = False) -> Identity:
    """Make a key and choose it; CannotCreate where one is chosen already.

    ask: gpg's agent asks for a passphrase.
    """
    _check(handle, name, mail)
    path = _file(home, handle)
    if path.exists():
        raise CannotCreate(f"{path}: {handle} has a key already; `pit key show --as {handle}`")
    with keys_of(home, handle) as keys:
        identity = Identity(handle, keys.make_key(name or handle, mail, ask=ask), name, mail)
    save_identity(home, identity)
    return identity


def _check(handle: str, name: str, mail: str) -> None:
    if handle == NOTARY:
        raise UsageError(f"`{NOTARY}` is the notary's own; take another handle")
    if not re.fullmatch(ADDRESS, mail):
        raise UsageError(f"{mail!r} is not a mail address; write alice@example.org")
    if not name.isprintable() or name != name.strip() or re.search("[<>()]", name):
        raise UsageError(f"{name!r} is not a name; write it in one line, without <>()")
