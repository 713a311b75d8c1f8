"""Who signs from here: a wallet's key and the name and address that its mails come from.

`wallets/HANDLE/identity` says which key of `wallets/HANDLE/gnupg` it is:

    [identity]
    fingerprint = 13EB118BFA807CD3A68C5AD8F10E309DAB89221E
    name = Alice
    mail = alice@example.org
"""

import configparser
import io
import re
from email.utils import formataddr
from pathlib import Path
from typing import NamedTuple

from pit.archives.disk import io_failure, write_atomic
from pit.archives.entry import NOTARY
from pit.archives.errors import CannotCreate, Misconfigured, NoInput, UsageError
from pit.archives.fields import ADDRESS
from pit.pits.gnupg import KeyHome
from pit.pits.home import Home

__all__ = ["Identity", "identity_of", "keys_of", "make_identity", "save_identity"]


class Identity(NamedTuple):
    """A handle, the fingerprint (40 upper hex) of the key it signs with, its name and address."""

    handle: str
    fingerprint: str
    name: str
    mail: str

    @property
    def sender(self) -> str:
        """The `From` of its mails: `Alice <alice@example.org>`."""
        return formataddr((self.name, self.mail))


def _file(home: Home, handle: str) -> Path:
    return home.wallet(handle) / "identity"


def keys_of(home: Home, handle: str) -> KeyHome:
    """The GnuPG home of a wallet."""
    return KeyHome(home.wallet(handle) / "gnupg")


def identity_of(home: Home, handle: str) -> Identity:
    """Who signs as `handle`; NoInput, with what to do, where no key is chosen here."""
    path = _file(home, handle)
    try:
        with io_failure(path):
            data = path.read_bytes() if path.exists() else None
        if data is None:
            raise NoInput(
                f"{home.wallet(handle)}: no key is chosen; "
                f"`pit key make {handle} MAIL` makes one, `pit key use` takes one that you have"
            )
        settings = configparser.ConfigParser(interpolation=None)
        settings.read_string(data.decode())
        section = settings["identity"]
        return Identity(handle, section["fingerprint"], section["name"], section["mail"])
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
    text = io.StringIO()
    settings.write(text)
    with io_failure(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, text.getvalue().strip().encode() + b"\n")


def make_identity(home: Home, handle: str, name: str, mail: str) -> Identity:
    """Make a key and choose it; CannotCreate where one is chosen already."""
    _check(handle, name, mail)
    path = _file(home, handle)
    if path.exists():
        raise CannotCreate(f"{path}: {handle} has a key already; `pit key show --as {handle}`")
    with keys_of(home, handle) as keys:
        identity = Identity(handle, keys.make_key(name or handle, mail), name, mail)
    save_identity(home, identity)
    return identity


def _check(handle: str, name: str, mail: str) -> None:
    if handle == NOTARY:
        raise UsageError(f"`{NOTARY}` is the notary's own; take another handle")
    if not re.fullmatch(ADDRESS, mail):
        raise UsageError(f"{mail!r} is not a mail address; write alice@example.org")
    if not name.isprintable() or name != name.strip() or re.search("[<>()]", name):
        raise UsageError(f"{name!r} is not a name; write it in one line, without <>()")
