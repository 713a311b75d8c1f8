"""GnuPG keeps the keys and signs with them: one home folder, through python-gnupg.

Verifying is `pit.pits.openpgp`'s; this is for where a key lives, be it a file, an agent or a token.
"""

import contextlib
import io
import os
import re
import subprocess
import sys
import tempfile
import time
import weakref
from pathlib import Path
from typing import Any

import gnupg  # type: ignore[import-untyped]  # it comes without types

from pit.archives.access import make_folder
from pit.archives.cut import canonical
from pit.archives.errors import CannotCreate, Denied, Misconfigured, NoInput, PitError
from pit.archives.fields import ADDRESS
from pit.pits.openpgp import ShapeError, read_signature, split

__all__ = ["KeyHome"]

# Nothing hangs on a gpg.conf. SHA-512 is long enough for every key (ECDSA on P-521 takes no less).
_OPTIONS = [
    "--no-options",
    "--no-auto-check-trustdb",
    "--trust-model=always",
    "--digest-algo=SHA512",
    "--cert-digest-algo=SHA512",
]
# The agent's socket lies in the home folder where there is no /run/user; from about 87 characters
# on its path does not fit a socket address.
_LONGEST = 80
# An agent that was told to end still takes connections for a moment, and breaks them: whoever signs
# just after another program closed this home tries again. The codes are libgpg-error's: no agent,
# connect failed, end of file, ECONNRESET, EPIPE.
_AGENT_WENT = (77, 262, 16383, 32768 + 26, 32768 + 109)
# Of a passphrase: wrong; not given (timeout, cancelled); no pinentry, or no terminal (ENOTTY,
# ENXIO, ENOENT).
_BAD_PASSPHRASE, _NOT_GIVEN = 11, (62, 99)
_NOBODY = (85, 86, 32768 + 102, 32768 + 104, 32768 + 81)
_REASONS = {"compromised": 1, "superseded": 2, "retired": 3}  # as gpg asks for them
_WAITS = (0.01, 0.05, 0.1, 0.2, 0.4, 0.8)  # seconds


class KeyHome:
    """A GnuPG home folder, made (0700) if missing; a context manager.

    Closing it, or the end of the program, ends the folder's agent; not with `own=False`: then it is
    somebody's own home, and his agent goes on running, and remembers his passphrase as long as he
    has told it to. Every error carries gpg's own words on one line.
    """

    def __init__(self, folder: Path, *, own: bool = True) -> None:
        self.folder = folder.absolute()
        link: Path | None = None
        if not own and not self.folder.is_dir():
            raise NoInput(f"{self.folder}: there is no such GnuPG home")
        try:
            make_folder(self.folder.parent)
            make_folder(self.folder)
            if len(os.fsencode(self.folder)) > _LONGEST:
                link = Path(tempfile.mkdtemp(prefix="pit-", dir="/tmp")) / "h"
                link.symlink_to(self.folder)
        except OSError as error:
            raise CannotCreate(f"{error.filename or folder}: {error.strerror}") from error
        self._home = str(link or self.folder)
        self._end = weakref.finalize(self, _end if own else _unlink, self._home, link)
        if "GPG_TTY" not in os.environ and sys.stdin and sys.stdin.isatty():
            os.environ["GPG_TTY"] = os.ttyname(sys.stdin.fileno())  # where pinentry asks
        try:
            self._gpg = gnupg.GPG(gnupghome=self._home, options=_OPTIONS)
        except OSError as error:
            self.close()
            raise Misconfigured("gpg cannot be run; install GnuPG 2.2 or newer") from error
        except ValueError as error:  # gpg itself refused to start
            self.close()
            raise Misconfigured(f"gpg: {_line(str(error))}") from error

    def __enter__(self) -> "KeyHome":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the agent of this home (it forgets its passphrases). A second time does nothing."""
        self._end()

    def make_key(
        self, name: str, mail: str, *, passphrase: str | None = None, ask: bool = False
    ) -> str:
        """Make an Ed25519 key that signs and certifies and never expires; return its fingerprint.

        The name may be empty. ask: gpg's agent asks for the passphrase. PitError for a name or an
        address that is none; Denied if gpg will not.
        """
        _check_passphrase(passphrase)
        # gpg takes lines, such as `%commit`, and any address.
        if re.search(r"[\x00-\x1f\x7f<>()]", name) or not re.fullmatch(ADDRESS, mail):
            raise PitError(f"{name!r} <{mail}>: should be a name without <>(), and a mail address")
        real = f"Name-Real: {name}\n" if name.strip() else ""
        protection = f"Passphrase: {passphrase}" if passphrase else "%no-protection"
        if ask:
            protection = "%ask-passphrase"
        made = self._gpg.gen_key(
            "Key-Type: EDDSA\nKey-Curve: ed25519\nKey-Usage: sign\nExpire-Date: 0\n"
            f"{real}Name-Email: {mail}\n{protection}\n%commit\n".encode("utf-8", "surrogateescape")
        )
        if not made.fingerprint:
            raise Denied(f"no key for {mail}: {_words(made)}{_hint(str(made.stderr))}")
        return str(made.fingerprint)

    def secret_keys(self) -> list[str]:
        """Return the fingerprints of the primary keys that can sign here."""
        listed = self._gpg.list_keys(True)
        if listed.returncode:
            raise Denied(f"{self.folder}: {_words(listed)}")
        return [key["fingerprint"] for key in listed]

    def export(self, fingerprint: str) -> str:
        """Return the armoured public key with nothing but its own newest signatures."""
        armored = self._gpg.export_keys(_fingerprint(fingerprint), minimal=True)
        if not armored:
            raise Denied(f"{self.folder}: there is no key {fingerprint}")
        return str(armored)

    def import_key(self, data: bytes) -> list[str]:
        """Import public or secret keys; return their primary fingerprints. PitError if none."""
        done = self._gpg.import_keys(data)
        found = [fingerprint for fingerprint in done.fingerprints if fingerprint]
        if not found:
            raise PitError(f"nothing imported; there should be an OpenPGP key: {_words(done)}")
        return list(dict.fromkeys(found))

    def clearsign(self, text: str, fingerprint: str, *, passphrase: str | None = None) -> str:
        """Return the clearsigned block of a text, LF-ended lines, as `openpgp.split` takes it.

        Without a passphrase a protected key's agent asks for it (pinentry). Denied if gpg will not
        sign; ShapeError for a text that would not come back: empty, with CR or NUL, or with lines
        that gpg cuts.
        """
        _check_passphrase(passphrase)
        try:
            data = text.encode()
        except UnicodeEncodeError as error:
            raise ShapeError(f"a text to sign should be Unicode: {error}") from error
        # With --default-key alone gpg would sign with another key when this one is missing.
        for wait in _WAITS:
            signed = self._gpg.sign_file(
                io.BytesIO(data),
                passphrase=_bytes_as_latin1(passphrase),
                extra_args=["--local-user", _fingerprint(fingerprint)],
            )
            if not _agent_went(signed):
                break
            time.sleep(wait)
        if signed.returncode or not signed.data:
            raise Denied(f"{fingerprint} does not sign: {_words(signed)}{_hint(signed.stderr)}")
        block = split(signed.data)
        read_signature(block.armor, block.hash)
        if block.text != canonical(data):
            raise ShapeError("gpg cut the text; lines should be shorter than 19,000 bytes")
        return str(signed.data.decode("utf-8"))

    def extend(self, fingerprint: str, expires: str) -> None:
        """Let a key and its subkeys expire then: `2y`, `2027-12-31`, `never`; Denied."""
        for subkeys in ([], ["*"]):
            self._run("--quick-set-expire", _fingerprint(fingerprint), expires, *subkeys)

    def revocation(self, fingerprint: str, reason: str) -> str:
        """A revocation certificate of a key that is here; Denied.

        reason: `compromised`, `superseded`, `retired`.
        """
        answers = f"y\n{_REASONS[reason]}\n\ny\n"
        return self._run("--armor", "--gen-revoke", _fingerprint(fingerprint), answers=answers)

    def _run(self, *args: str, answers: str = "") -> str:
        """What gpg prints; answers: to what it asks. Denied if it fails."""
        command = ["gpg", "--homedir", self._home, *_OPTIONS, "--no-tty", "--yes"]
        command += ["--status-fd", "2", *(["--command-fd", "0"] if answers else ["--batch"]), *args]
        done = subprocess.run(command, input=answers.encode(), capture_output=True, check=False)
        if done.returncode:
            said = done.stderr.decode("utf-8", "replace")
            words = _line("; ".join(_said(said)))
            raise Denied(f"{self.folder}: {words}{_hint(said)}")
        return done.stdout.decode("utf-8", "replace")


def _unlink(home: str, link: Path | None) -> None:
    if link:
        link.unlink(missing_ok=True)
        link.parent.rmdir()


def _end(home: str, link: Path | None) -> None:
    with contextlib.suppress(OSError):  # no gpgconf, no agent
        subprocess.run(
            ["gpgconf", "--homedir", home, "--kill", "all"], capture_output=True, check=False
        )
    _unlink(home, link)


def _fingerprint(text: str) -> str:
    """Denied unless it names one key exactly: gpg would also take a part of a user id."""
    if not re.fullmatch(r"[0-9A-F]{40}", text):
        raise Denied(f"{text!r} should be a fingerprint, 40 upper-case hex digits")
    return text


def _check_passphrase(passphrase: str | None) -> None:
    # gpg's description of a new key is lines, and loses the blanks at their ends.
    if passphrase is not None and not re.fullmatch(
        r"[^\s\x00](?:[^\r\n\x00]*[^\s\x00])?", passphrase
    ):
        raise Denied("a passphrase should be one line without blanks at its ends; None for none")


def _bytes_as_latin1(passphrase: str | None) -> str | None:
    """python-gnupg writes Latin-1, gpg's own; the characters are to be UTF-8's bytes."""
    if passphrase is None:
        return None
    return passphrase.encode("utf-8", "surrogateescape").decode("latin-1")


def _agent_went(result: Any) -> bool:
    """Whether gpg failed for want of an agent that had just been there."""
    found = re.search(r"FAILURE sign (\d+)", str(getattr(result, "stderr", "")))
    return found is not None and int(found[1]) & 0xFFFF in _AGENT_WENT


def _words(result: Any) -> str:
    """What gpg said, without its status lines."""
    said = (
        str(getattr(result, "stderr", "")).encode("latin-1", "replace").decode("utf-8", "replace")
    )
    return _line("; ".join(_said(said)))


def _said(stderr: str) -> list[str]:
    return [line for line in stderr.splitlines() if not line.startswith("[GNUPG:]")]


def _hint(stderr: str) -> str:
    """What to do where a passphrase was wrong, or nobody could be asked for it."""
    found = re.search(r"FAILURE \S+ (\d+)", stderr)
    code = int(found[1]) & 0xFFFF if found else 0
    if code == _BAD_PASSPHRASE:
        return "; the passphrase is another; nothing was signed"
    if code in _NOT_GIVEN:
        return "; nobody gave the passphrase; nothing was signed"
    if code in _NOBODY:
        return (
            "; its passphrase can be asked of nobody here: there is no terminal, or no pinentry. "
            "Sign where you can be asked, or by an agent that knows it: pit key use --in-place"
        )
    return ""


def _line(text: str) -> str:
    return " ".join(text.replace("gpg: ", "").split()) or "no reason given"
