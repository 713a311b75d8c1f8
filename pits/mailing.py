"""How a pit's mail goes out: `pits/PIT/mail`, an ini file beside the settings.

    [mail]
    smtp = 127.0.0.1:25

    [mailman]
    url = http://127.0.0.1:8001/3.1
    user = restadmin
    password = …
    var = /var/lib/mailman3

With both, posts go through the Mailman list and replies by SMTP. With [mail] alone, posts go by
SMTP to every member's enrolled address. Without the file nothing leaves this host. It holds a
password: `chmod 600`.

In [mailman] `queue` is Mailman's queue_dir (default: `queue` in its var_dir) and `list` the list's
address (default: the pit's); `intake = yes` takes in what waits in the list's hold queue, for lists
whose mail still goes to Mailman first.
"""

import configparser
import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from pit.archives.disk import io_failure
from pit.archives.errors import Misconfigured
from pit.archives.fields import ADDRESS
from pit.pits.home import Home, load_settings

__all__ = ["Mailing", "Mailman", "load_mailing", "mailing_file"]

_KEYS = {
    "mail": {"smtp"},
    "mailman": {"url", "user", "password", "var", "queue", "list", "intake"},
}


class Mailman(NamedTuple):
    """A Mailman 3 core: its REST interface, its queues' folder, the list's address.

    queues: '' where it is not on this host; nothing can be handed over then. intake: take held
    mail.
    """

    url: str
    user: str
    password: str
    queues: str
    list: str
    intake: bool

    @property
    def list_id(self) -> str:
        """The List-Id, `acme.pits.example` for acme@pits.example."""
        return self.list.replace("@", ".")

    def queue(self, name: str) -> Path:
        """The folder of one of Mailman's queues."""
        return Path(self.queues) / name


class Mailing(NamedTuple):
    """smtp: host and port of the mail server that mail is given to; None: mail stays here."""

    smtp: tuple[str, int] | None = None
    mailman: Mailman | None = None


def mailing_file(home: Home, pit: str) -> Path:
    """Where it stands."""
    return home.pit(pit) / "mail"


def load_mailing(home: Home, pit: str) -> Mailing:
    """Read it; an empty one where there is no file, Misconfigured where it makes no sense."""
    path = mailing_file(home, pit)
    found = configparser.ConfigParser(interpolation=None)
    with io_failure(path):
        try:
            found.read_string(path.read_bytes().decode())
        except FileNotFoundError:
            return Mailing()
        except (configparser.Error, UnicodeDecodeError) as error:
            raise Misconfigured(f"{path}: {' '.join(str(error).split())}") from None
    for section in found.sections():
        known = _KEYS.get(section)
        if known is None:
            raise Misconfigured(f"{path}: [{section}]; the sections are {_or(_KEYS)}")
        for key in found[section]:
            if key not in known:
                raise Misconfigured(f"{path}: `{key}` in [{section}]; it takes {_or(known)}")
    mailman = None
    if found.has_section("mailman"):
        mailman = _mailman(path, dict(found["mailman"]), load_settings(home, pit).address)
    return Mailing(_smtp(path, found.get("mail", "smtp", fallback="")), mailman)


def _or(words: Iterable[str]) -> str:
    return ", ".join(sorted(words))


def _smtp(path: Path, value: str) -> tuple[str, int] | None:
    """`127.0.0.1:25`, `[::1]:25`; '' is None."""
    if not value:
        return None
    host = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]+)):([1-9][0-9]{0,4})", value)
    if host is None or int(host[3]) > 65535:
        raise Misconfigured(f"{path}: smtp = {value}; should be HOST:PORT, like 127.0.0.1:25")
    return host[1] or host[2], int(host[3])


def _mailman(path: Path, values: dict[str, str], address: str) -> Mailman:
    intake = values.pop("intake", "no")
    named = values.pop("list", address)
    var, queues = values.pop("var", ""), values.pop("queue", "")
    missing = sorted({"url", "user", "password"} - {key for key, value in values.items() if value})
    if missing:
        raise Misconfigured(f"{path}: [mailman] has no {', '.join(missing)}")
    if not re.fullmatch(r"https?://[!-~]+", values["url"]):
        url = values["url"]
        raise Misconfigured(f"{path}: url = {url}; should be like http://127.0.0.1:8001/3.1")
    if intake not in ("yes", "no"):
        raise Misconfigured(f"{path}: intake = {intake}; should be yes or no")
    if not re.fullmatch(ADDRESS, named):
        raise Misconfigured(f"{path}: list = {named}; should be an address, acme@pits.example")
    for key, value in (("var", var), ("queue", queues)):
        if value and not Path(value).is_absolute():
            raise Misconfigured(f"{path}: {key} = {value}; should be an absolute path")
    queues = queues or (f"{var}/queue" if var else "")
    return Mailman(queues=queues, list=named, intake=intake == "yes", **values)
