"""What waits for a person: counted for `pit list status`, mailed to the operator once a day.

`pits/PIT/noticed` is the day (UTC) of the last notice: one line, `noticed 2026-11-20`.
"""

import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from pit.archives.disk import io_failure, write_atomic
from pit.archives.entry import OPERATOR
from pit.archives.errors import PitError
from pit.moderator.mailman import asking, find_list
from pit.pits import spool
from pit.pits.home import Home, Settings
from pit.pits.mailing import Mailman
from pit.pits.reply import destination, letter
from pit.pits.roster import addresses, pit_now

__all__ = ["notice", "waiting", "worth_a_look"]

QUEUES = ("bad", "retry", "shunt")
"""Mailman's queues of what it could not read, deliver, or process."""

_MEANT = {
    "quarantine": "mail whose sender is not proven: pits/{pit}/quarantine; look, then remove it",
    "bounced": "answers that a mail server refused for good: pits/{pit}/bounced",
    "posts": "posts that wait to be handed to the list: pits/{pit}/posts/new",
    "bad": "mail that Mailman cannot read: {queues}/bad",
    "retry": "mail that Mailman tries again to deliver: {queues}/retry",
    "held": "mail to the list that did not come through the notary: look, then discard it there",
    "shunt": "mail that Mailman failed on: look into its log, then `mailman unshunt`",
}


def waiting(home: Home, pit: str, mailman: Mailman | None) -> dict[str, int]:
    """How many mails wait in each place that a person should look into."""
    counts = {
        "quarantine": len(spool.waiting(home.quarantine(pit))),
        "bounced": len(spool.waiting(home.bounced(pit))),
        "posts": _mails(home.posts(pit) / "new"),
    }
    if mailman and mailman.queues:
        counts |= {name: _mails(mailman.queue(name)) for name in QUEUES}
    return counts


def _mails(folder: Path) -> int:
    with io_failure(folder), suppress(FileNotFoundError):
        return sum(name[0] != "." and not name.endswith(".tmp") for name in os.listdir(folder))
    return 0


def _held(mailman: Mailman | None) -> dict[str, int]:
    """What the list holds; nothing where Mailman does not say: it may be down, and posts wait."""
    if mailman is None or mailman.intake:
        return {}
    with suppress(PitError), asking(mailman, "") as client:
        return {"held": find_list(client, mailman).get_held_count()}
    return {}


def worth_a_look(counts: Mapping[str, int], pit: str, mailman: Mailman | None) -> str:
    """Sentences about what waits; '' where nothing does."""
    queues = mailman.queues if mailman else ""
    return "".join(
        f"{count:6}  {name}: {_MEANT[name].format(pit=pit, queues=queues)}\n"
        for name, count in counts.items()
        if count
    )


def notice(home: Home, settings: Settings, mailman: Mailman | None, now: datetime) -> bool:
    """Mail the operator what waits, if anything does and he was not told today; whether it was.

    The mail is on disk before the day is noted. It goes out with the answers.
    """
    pit, today = settings.name, f"{now:%Y-%m-%d}"
    path = home.pit(pit) / "noticed"
    with io_failure(path), suppress(FileNotFoundError):
        if path.read_bytes() == f"noticed {today}\n".encode():
            return False
    counts = waiting(home, pit, mailman) | _held(mailman)
    said = worth_a_look(counts, pit, mailman)
    address = addresses(pit_now(home, pit)).get(OPERATOR) if said else None
    if address is None:
        return False
    body = f"What waits for you in the pit {pit}:\n\n{said}\nThis comes once a day at most.\n"
    time = f"{now:%Y-%m-%dT%H:%M:%S.%fZ}"
    what = f"notice {pit} {today}"
    mail = letter(settings, address, what, today, time, body.encode(), kind="auto-generated")
    spool.put(destination(home, pit, OPERATOR), mail)
    write_atomic(path, f"noticed {today}\n".encode())
    return True
