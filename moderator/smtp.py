"""Mail given to a mail server by SMTP (RFC 5321): what it took, put off, and refused.

The server answers for a mail once it has said 250 to it; until then it is ours.
"""

import contextlib
import re
import smtplib
import socket
from collections.abc import Iterable
from types import TracebackType
from typing import NamedTuple

from pit.archives.errors import Busy

__all__ = ["Sent", "Server"]

TIMEOUT = 60
"""Seconds to wait for an answer."""

MANY = 50
"""Recipients of one transaction; a server takes at least 100 (RFC 5321, 4.5.3.1.8)."""

_EOL = re.compile(rb"\r?\n")


class Sent(NamedTuple):
    """What became of a mail, by address: those put off (4xx) and refused (5xx), with the reason.

    whole: the mail itself was refused, whoever it is for; '' if not.
    """

    later: dict[str, str]
    refused: dict[str, str]
    whole: str = ""


class Server:
    """A mail server, connected to when there is something to send; a context manager."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._smtp: smtplib.SMTP | None = None

    def __enter__(self) -> "Server":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._smtp:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                self._smtp.quit()
            self._smtp.close()

    def send(self, sender: str, recipients: Iterable[str], mail: bytes) -> Sent:
        """Send a mail; sender: the return path, '' for the null one.

        Busy where the server is not there, or takes no mail now: who got it is not known then.
        """
        to, sent = list(recipients), Sent({}, {})
        for start in range(0, len(to), MANY):
            sent = _both(sent, self._transaction(sender, to[start : start + MANY], mail))
        return sent

    def _transaction(self, sender: str, to: list[str], mail: bytes) -> Sent:
        try:
            smtp = self._connected()
            body = [] if mail.isascii() or not smtp.has_extn("8bitmime") else ["BODY=8BITMIME"]
            return _sorted(smtp.sendmail(sender, to, _EOL.sub(b"\r\n", mail), body))
        except smtplib.SMTPRecipientsRefused as error:
            for code, text in error.recipients.values():
                if code == 421:  # it hangs up: of those after it nothing is known
                    raise self._busy(_said(code, text)) from None
            return _sorted(error.recipients)
        except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as error:
            why = _said(error.smtp_code, error.smtp_error)
            if 500 <= error.smtp_code < 600:
                return Sent({}, {}, why)
            raise self._busy(why) from None
        except (OSError, smtplib.SMTPException) as error:
            raise self._busy(str(error)) from None

    def _connected(self) -> smtplib.SMTP:
        if self._smtp is None:
            # Named here, or smtplib asks DNS for the whole name, which may take long.
            smtp = smtplib.SMTP(local_hostname=socket.gethostname(), timeout=TIMEOUT)
            code, text = smtp.connect(self._host, self._port)
            if code != 220:
                raise self._busy(_said(code, text))
            smtp.ehlo_or_helo_if_needed()
            self._smtp = smtp
        return self._smtp

    def _busy(self, why: str) -> Busy:
        self._smtp = None
        return Busy(f"the mail server {self._host}:{self._port} takes no mail now: {why}")


def _both(one: Sent, other: Sent) -> Sent:
    return Sent(one.later | other.later, one.refused | other.refused, one.whole or other.whole)


def _sorted(answers: dict[str, tuple[int, bytes]]) -> Sent:
    """What a server answered to some recipients."""
    said = {to: (code, _said(code, text)) for to, (code, text) in answers.items()}
    refused = {to: why for to, (code, why) in said.items() if 500 <= code < 600}
    return Sent({to: why for to, (_, why) in said.items() if to not in refused}, refused)


def _said(code: int, text: bytes | str) -> str:
    words = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return f"{code} {' '.join(words.split())}"
