"""Addresses of servers as `HOST:PORT`."""

import ipaddress
import re
from typing import NamedTuple

from pit.archives.errors import UsageError

__all__ = ["LISTEN", "Address", "tcp"]

LISTEN = "127.0.0.1:8124"
"""Where `pit lmtp` listens unless told otherwise; Mailman's LMTP server has 8024."""


class Address(NamedTuple):
    """A numeric address, IPv4 or IPv6, and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def tcp(text: str, *, public: bool = True) -> Address:
    """Read `127.0.0.1:8124`, `[::1]:8124` or `localhost:8124`; UsageError where it is none.

    public: whether it may be another address than loopback's.
    """
    found = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+|localhost)):([0-9]{1,5})", text)
    try:
        if found is None or int(found[3]) > 65535:
            raise ValueError
        host = ipaddress.ip_address((found[1] or found[2]).replace("localhost", "127.0.0.1"))
    except ValueError:
        raise UsageError(
            f"{text[:80]!r} is no address to listen at; write it like 127.0.0.1:8124"
        ) from None
    if not public and not host.is_loopback:
        raise UsageError(
            f"{text}: whoever can reach it could put mail into the pit past the mail server; "
            "right is a loopback address like 127.0.0.1, or --public with a firewall"
        )
    return Address(str(host), int(found[3]))
