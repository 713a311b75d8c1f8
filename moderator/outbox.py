"""The notary's answers on their way out: by SMTP, with the null return path, each to one address.

An answer leaves the outbox when the mail server has said 250; a kill before that sends it again,
under the same Message-ID. What the server puts off stays; what it refuses for good is kept in
`pits/PIT/bounced` with the reason in front, and nobody is told but the operator.
"""

import re
from pathlib import Path
from typing import NamedTuple

from pit.archives.fields import ADDRESS
from pit.moderator.smtp import Server
from pit.pits import spool
from pit.pits.home import Home

__all__ = ["Tally", "send_answers"]

_TO = re.compile(rf"^To: ({ADDRESS})$", re.MULTILINE)
_RETURN_PATH = b"Return-Path: <>\n"


class Tally(NamedTuple):
    """Answers that were sent, put off, refused for good."""

    sent: int = 0
    later: int = 0
    bounced: int = 0


def send_answers(home: Home, pit: str, server: Server) -> Tally:
    """Send what lies in the outbox, in order of arrival. Busy where the server takes nothing."""
    sent, later, bounced = 0, 0, 0
    for path in spool.waiting(home.outbox(pit)):
        mail = spool.take(path)
        to = _TO.search(mail.partition(b"\n\n")[0].decode("utf-8", "replace"))
        why = "it has no address in To"
        if to:
            # The last server on the way writes the Return-Path, from the envelope (RFC 5321, 4.4).
            answer = server.send("", [to[1]], mail.removeprefix(_RETURN_PATH))
            if answer.later:
                later += 1
                continue
            why = answer.whole or "".join(answer.refused.values())
        if why:
            _keep(home.bounced(pit), mail, why)
            bounced += 1
        else:
            sent += 1
        spool.done(path)
    return Tally(sent, later, bounced)


def _keep(folder: Path, mail: bytes, why: str) -> None:
    reason = why.encode("ascii", "backslashreplace").decode()[:900]
    spool.put(folder, f"Pit-Bounced: {reason}\n".encode() + mail)
