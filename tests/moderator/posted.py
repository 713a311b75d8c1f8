"""Entries with any mails in them, made without keys: what posts are made of."""

import hashlib
from collections.abc import Iterable

from pit.archives.entry import NO_STAMP, Stamp, write_entry
from pit.archives.mbox import Entry

ADDRESS = "acme@pits.example"


def entries(said: Iterable[tuple[str, str, bytes]], prev: str = NO_STAMP) -> list[Entry]:
    """Entries 1, 2, … : signer, text, mail of each. `seal` as a text makes a seal."""
    found = []
    for number, (signer, text, mail) in enumerate(said, 1):
        if text == "seal":
            signer, text = "notary", f"pit acme\nseal {number - 1}\n  root: {'0' * 64}\n"
        time = (
            f"2026-11-20T{number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02}.000000Z"
        )
        stamp = Stamp(
            "acme", number, time, signer, "A" * 40, "2026-11-20T12:50:19Z", "0" * 64,
            len(mail), hashlib.sha256(mail).hexdigest(), prev,
        )  # fmt: skip
        prev = stamp.digest()
        raw = write_entry(stamp, mail)
        found.append(Entry("acme", number, time, signer, "A" * 40, text, raw))
    return found
