"""Mail on its way to a pit: into its spool where the pit is here, else as its settings say.

`send =` in pits/NAME/settings, which `pit join` writes:

    (nothing)               pits/NAME/spool
    sendmail                the program sendmail(8), as every mail server brings it
    sendmail:/usr/bin/msmtp another program that takes `-i -t` and a mail
    smtp://me@mx.example    SMTP, port 587 unless it is said; TLS by STARTTLS
    smtps://me@mx.example   SMTP over TLS, port 465
    maildir:/var/out        a Maildir, for somebody else to send from

A password stands in the user's ~/.netrc, never on a command line. Without TLS nothing is sent but
to this host.
"""

import os
import shutil
import socket
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from pit.archives.errors import Busy, Denied, IOFailure, Misconfigured, PitError, UsageError
from pit.pits import spool
from pit.pits.home import Home, Settings

if TYPE_CHECKING:
    from smtplib import SMTP

__all__ = ["check_send", "hand_over"]

PORTS = {"smtp": 587, "smtps": 465}
LOOPBACK = ("localhost", "127.0.0.1", "::1")
PATIENCE = 60
"""Seconds that a mail server has for an answer."""

_RIGHT = "write sendmail, sendmail:PROGRAM, smtp://[USER@]HOST[:PORT], smtps://… or maildir:FOLDER"


def check_send(send: str) -> None:
    """UsageError for a way of sending that is none."""
    kind, _, rest = send.partition(":")
    if kind in PORTS:
        _server(send)
    elif not (send in ("", "sendmail") or (kind in ("sendmail", "maildir") and rest[:1] == "/")):
        raise UsageError(f"'{send[:80]}' is no way to send mail; {_RIGHT} (paths from / on)")


def hand_over(home: Home, settings: Settings, mail: bytes, to: str = "") -> None:
    """Send a mail, LF-ended lines, to the pit, or to another address.

    It has arrived, or somebody else answers for it, when this returns. Misconfigured where there is
    no such program, Busy where the same may work later, Denied where it was refused for good.
    """
    kind, _, rest = settings.send.partition(":")
    if not kind:
        if to and to != settings.address:
            raise Misconfigured(f"no way to send mail is set; mail it yourself, to {to}")
        spool.put(home.spool(settings.name), mail)
    elif kind == "maildir":
        spool.put(Path(rest), mail)
    elif kind == "sendmail":
        _run(rest or "sendmail", mail)
    else:
        _submit(_server(settings.send), mail, to or settings.address)


def _run(program: str, mail: bytes) -> None:
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/lib"])
    found = shutil.which(program, path=path)
    if found is None:
        raise Misconfigured(f"{program}: no such program; install a mail server, or {_RIGHT}")
    done = subprocess.run([found, "-i", "-t"], input=mail, capture_output=True, check=False)
    if done.returncode:
        said = " ".join(done.stderr.decode(errors="replace").split())[:500]
        what = f"{found}: it ended with {done.returncode}: {said or 'no reason given'}"
        raise (Busy if done.returncode == Busy.status else IOFailure)(what)


def _server(send: str) -> SplitResult:
    """The parts of smtp://…; UsageError."""
    try:
        server = urlsplit(send)
        port = server.port
    except ValueError:
        port, server = 0, urlsplit("smtp://")
    more = server.path.strip("/") or server.query or server.fragment or server.password is not None
    if not server.hostname or more or port == 0:
        why = "; a password stands in ~/.netrc" if server.password else ""
        raise UsageError(f"'{send[:80]}' is no mail server; {_RIGHT}{why}")
    return server


def _submit(server: SplitResult, mail: bytes, to: str) -> None:
    import smtplib  # most mail goes into a spool

    host = server.hostname or ""
    port = server.port or PORTS[server.scheme]
    where = f"{host}:{port}"
    try:
        with _connect(server.scheme, host, port) as smtp:
            if server.username:
                smtp.login(server.username, _password(host, server.username))
            options = [] if mail.isascii() else ["BODY=8BITMIME"]
            if options and not smtp.has_extn("8bitmime"):
                raise Misconfigured(f"{where}: takes no 8-bit mail; write the text in ASCII")
            lines = mail.replace(b"\n", b"\r\n")  # smtplib takes bytes as they are
            smtp.sendmail(_sender(mail), [to], lines, mail_options=options)
    except smtplib.SMTPRecipientsRefused as error:
        code, said = next(iter(error.recipients.values()))
        raise _refused(where, code, said) from error
    except smtplib.SMTPResponseException as error:
        raise _refused(where, error.smtp_code, error.smtp_error) from error
    except (smtplib.SMTPException, OSError) as error:
        raise Busy(f"{where}: {error}; try again later") from error


def _connect(scheme: str, host: str, port: int) -> "SMTP":
    """A session, under TLS unless it stays on this host."""
    import smtplib
    import ssl

    context = ssl.create_default_context()
    name = socket.gethostname()  # not getfqdn: that may wait for a name server
    if scheme == "smtps":
        return smtplib.SMTP_SSL(host, port, name, timeout=PATIENCE, context=context)
    smtp = smtplib.SMTP(host, port, name, timeout=PATIENCE)
    try:
        smtp.ehlo_or_helo_if_needed()
        if smtp.has_extn("starttls"):
            smtp.starttls(context=context)
        elif host not in LOOPBACK:
            raise Denied(f"{host}:{port}: offers no STARTTLS; without TLS nothing is sent there")
    except BaseException:
        smtp.close()
        raise
    return smtp


def _password(host: str, user: str) -> str:
    """The password in ~/.netrc."""
    import netrc

    right = f"`machine {host} login {user} password …` in ~/.netrc, mode 600"
    try:
        found = netrc.netrc().authenticators(host)
    except (OSError, netrc.NetrcParseError) as error:
        raise Misconfigured(f"no password for {user}: {error}; right would be {right}") from None
    if found is None or found[0] != user or not found[2]:
        raise Misconfigured(f"no password for {user} at {host}; right would be {right}")
    return found[2]


def _sender(mail: bytes) -> str:
    """The address in From."""
    from email.parser import BytesHeaderParser
    from email.utils import parseaddr

    return parseaddr(str(BytesHeaderParser().parsebytes(mail)["From"]))[1]


def _refused(where: str, code: int, said: bytes | str) -> PitError:
    """Busy for a refusal that may pass (4yz), Denied for good (RFC 5321, 4.2.1)."""
    text = said.decode(errors="replace") if isinstance(said, bytes) else said
    kind = Busy if 400 <= code < 500 else Denied
    return kind(f"{where}: {code} {' '.join(text.split())[:500]}")
