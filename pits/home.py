"""Where things are: $PIT_HOME, and in it a folder for each pit, archive and wallet.

    archives/PIT/     the record (ARCHIVE)
    pits/PIT/         what the notary keeps: settings, spool, quarantine, checkpoints, outbox, keys,
                      and an index of the archive that can go at any time
    wallets/HANDLE/   what a member keeps: gnupg, inbox, receipts, sent, witness

A name goes into a path only after it was found to be one.
"""

import configparser
import io
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from pit.archives.access import make_folder
from pit.archives.disk import io_failure, write_atomic
from pit.archives.errors import CannotCreate, Misconfigured, NoInput, UsageError
from pit.archives.fields import HANDLE

__all__ = [
    "Home",
    "Settings",
    "choose_handle",
    "choose_pit",
    "load_settings",
    "root",
    "save_settings",
]


def root() -> Path:
    """Return $PIT_HOME, else the user's data folder for `pit`."""
    if chosen := os.environ.get("PIT_HOME"):
        return Path(chosen).expanduser().absolute()
    from platformdirs import user_data_path  # not every verb pays for it

    return user_data_path("pit")


def _name(what: str, name: str) -> str:
    """Return the name of a pit or a handle; UsageError if it is none (or a path)."""
    if not re.fullmatch(HANDLE, name):
        raise UsageError(f"{name!r} is no {what}: a-z, then up to 31 of a-z, 0-9 and -")
    return name


class Home(NamedTuple):
    """The paths below one root. Nothing here makes a folder."""

    root: Path

    def archive(self, pit: str) -> Path:
        """Return the folder of the pit's archive."""
        return self.root / "archives" / _name("pit", pit)

    def pit(self, pit: str) -> Path:
        """Return the folder of what the notary keeps beside the archive."""
        return self.root / "pits" / _name("pit", pit)

    def ledger(self, pit: str) -> Path:
        """Return the notary's index of the archive, which can go at any time."""
        return self.pit(pit) / "ledger.sqlite"

    def spool(self, pit: str) -> Path:
        """Return the Maildir of mail that came in."""
        return self.pit(pit) / "spool"

    def quarantine(self, pit: str) -> Path:
        """Return the Maildir of mail whose sender is not proven."""
        return self.pit(pit) / "quarantine"

    def checkpoints(self, pit: str) -> Path:
        """Return the folder of the filters' saved states."""
        return self.pit(pit) / "checkpoints"

    def asked(self, pit: str) -> Path:
        """Return the Maildir of signed questions that wait for their answers."""
        return self.pit(pit) / "asked"

    def told(self, pit: str) -> Path:
        """Return the folder of what `pit answer` keeps: how far members were told."""
        return self.pit(pit) / "told"

    def outbox(self, pit: str) -> Path:
        """Return the Maildir of mail that goes out."""
        return self.pit(pit) / "outbox"

    def posts(self, pit: str) -> Path:
        """Return the Maildir of posts to the list: new/ waits, cur/ went out."""
        return self.pit(pit) / "posts"

    def bounced(self, pit: str) -> Path:
        """Return the Maildir of mail that a mail server refused for good."""
        return self.pit(pit) / "bounced"

    def notary_keys(self, pit: str) -> Path:
        """Return the GnuPG home of the notary."""
        return self.pit(pit) / "gnupg"

    def wallet(self, handle: str) -> Path:
        """Return the folder of a member's keys, inbox, receipts and sent mail."""
        return self.root / "wallets" / _name("handle", handle)

    def witness(self, handle: str, pit: str) -> Path:
        """Return the file of what a witness has seen of a pit."""
        return self.wallet(handle) / "witness" / f"{_name('pit', pit)}.txt"

    def audits(self) -> Path:
        """Return the folder of what audits have verified, by the pit's id."""
        return self.root / "audits"

    def pits(self) -> list[str]:
        """Return the pits that have an archive or settings here, sorted."""
        archives = {path.parent.name for path in self.root.glob("archives/*/*.mbox*")}
        settings = {path.parent.name for path in self.root.glob("pits/*/settings")}
        return sorted(name for name in archives | settings if re.fullmatch(HANDLE, name))

    def wallets(self) -> list[str]:
        """Return the handles that have a wallet here, sorted."""
        names = [path.name for path in self.root.glob("wallets/*/")]
        return sorted(name for name in names if re.fullmatch(HANDLE, name))


def choose_pit(home: Home, named: str | None) -> str:
    """Return the pit that is named (-p), else $PIT, else the only one here; else UsageError."""
    return _choose("pit", named, "-p NAME", "PIT", home.pits)


def choose_handle(home: Home, named: str | None) -> str:
    """Return who is named (--as), else $PIT_AS, else the only wallet here; else UsageError."""
    return _choose("handle", named, "--as HANDLE", "PIT_AS", home.wallets)


def _choose(
    what: str, named: str | None, option: str, variable: str, here: Callable[[], list[str]]
) -> str:
    name = os.environ.get(variable) if named is None else named
    if name or named is not None:
        return _name(what, name or "")
    found = here()
    if len(found) != 1:
        names = ", ".join(found) or "none"
        raise UsageError(f"which {what}? here: {names}; say it with {option} or ${variable}")
    return found[0]


class Settings(NamedTuple):
    """What this host knows of a pit, in pits/NAME/settings."""

    name: str
    id: str  # Pit-Text of the charter, 64 hex; '' before it stands
    address: str  # of the list
    notary: str  # fingerprint of the notary's key, 40 upper hex; '' where it is not known yet
    send: str = ""  # how mail gets there (pits.sending); '' where the pit is here


def load_settings(home: Home, pit: str) -> Settings:
    """Read a pit's settings; NoInput if there are none, Misconfigured if they make no sense."""
    path = home.pit(pit) / "settings"
    parser = configparser.ConfigParser(interpolation=None)
    try:
        with io_failure(path):
            data = path.read_bytes() if path.exists() else None
        if data is None:
            raise NoInput(f"{path}: there is no such pit here")
        parser.read_string(data.decode())
        fields = dict(Settings._field_defaults) | dict(parser["pit"])
        settings = Settings(*(fields[field] for field in Settings._fields))
    except (configparser.Error, KeyError, UnicodeDecodeError) as error:
        found = " ".join(str(error).split())
        raise Misconfigured(f"{path}: {found}; should be [pit] with {_FIELDS}") from error
    if settings.name != pit:
        raise Misconfigured(f"{path}: name = {settings.name}; should be {pit}")
    return settings


_FIELDS = ", ".join(Settings._fields)


def save_settings(home: Home, settings: Settings) -> None:
    """Write the settings in one step; UsageError for values that would not come back."""
    for field, value in zip(Settings._fields, settings, strict=True):
        if not value.isprintable() or value != value.strip():
            raise UsageError(f"{field} = {value!r}; should be one printable line")
    folder = home.pit(settings.name)
    parser = configparser.ConfigParser(interpolation=None)
    unsaid = Settings._field_defaults.items()
    said = [item for item in settings._asdict().items() if item not in unsaid]
    parser["pit"] = dict(said)
    text = io.StringIO()
    parser.write(text)
    try:
        make_folder(folder)
    except OSError as error:
        raise CannotCreate(f"{error.filename}: {error.strerror}") from error
    write_atomic(folder / "settings", text.getvalue().encode())
