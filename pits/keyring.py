"""Which certificate signs for which handle: a fold over the archive's own texts.

The charter enrols the operator's and the notary's key, `admit` a member's; nothing is fetched from
anywhere. A handle that left keeps its certificate, so that its old mail can be told from a
stranger's.
"""

import json
from typing import Protocol

import pysequoia

from pit.archives.entry import NOTARY, OPERATOR
from pit.archives.errors import NoInput, PitError
from pit.archives.language import Text
from pit.archives.verbs import Directive
from pit.pits.openpgp import Certificate, certificate

__all__ = ["Book", "Keyring"]

_READY = 10_000  # certificates in memory at most; the others are in the book


class Book(Protocol):
    """Where a keyring writes down what was enrolled: a dict, or one that lies on disk."""

    def get(self, name: str, /) -> str | None:
        """What stands there."""

    def __setitem__(self, name: str, value: str, /) -> None:
        """Write it down."""


class _Trial:
    """A book that is written above another one, which stays as it is."""

    def __init__(self, below: Book) -> None:
        self._below, self._written = below, dict[str, str]()

    def get(self, name: str, /) -> str | None:
        return self._written.get(name) or self._below.get(name)

    def __setitem__(self, name: str, value: str, /) -> None:
        self._written[name] = value


class Keyring:
    """The certificates enrolled so far.

    book: where they stand; `primary FINGERPRINT` and `subkey FINGERPRINT` name the handle,
    `of HANDLE` has the certificate.
    """

    def __init__(self, book: Book | None = None) -> None:
        self._book: Book = {} if book is None else book
        self._certificates: dict[str, Certificate] = {}
        self._handles: dict[str, str] = {}

    def copy(self) -> "Keyring":
        """The same keyring to try a text on."""
        other = Keyring(_Trial(self._book))
        other._certificates = dict(self._certificates)
        return other

    def step(self, text: Text) -> None:
        """Enrol what a text enrols. A directive that has an objection is left without effect."""
        for directive in text.directives:
            if directive.verb in _BLOCKS:
                found, problem = self._read(directive)
                if not problem:
                    for handle, cert in found.items():
                        self._enrol(handle, cert)

    def by_key(self, fingerprint: str) -> tuple[str, Certificate] | None:
        """The handle and certificate of a primary key or subkey (40 upper hex); None if unknown.

        A certificate may claim another's key as its subkey; the one whose primary key it is comes
        first, and only `openpgp.verify` proves the claim.
        """
        handle = self._handles.get(fingerprint)
        if handle is None:
            handle = self._primary(fingerprint) or self._subkey(fingerprint)
            if handle is None:
                return None
            self._handles[fingerprint] = handle
        return handle, self.of(handle)

    def of(self, handle: str) -> Certificate:
        """The certificate of a handle; NoInput if it has none."""
        found = self._certificates.get(handle)
        if found is None:
            written = self._book.get(f"of {handle}")
            if written is None:
                raise NoInput(f"{handle} has no key in this pit; `charter` and `admit` bring them")
            found = self._keep(handle, _unpacked(written))
        return found

    def check(self, directive: Directive) -> str:
        """Why the keys in a directive cannot be enrolled, as a sentence; '' when they can."""
        return self._read(directive)[1] if directive.verb in _BLOCKS else ""

    def _primary(self, fingerprint: str) -> str | None:
        return self._book.get(f"primary {fingerprint}")

    def _subkey(self, fingerprint: str) -> str | None:
        return self._book.get(f"subkey {fingerprint}")

    def _read(self, directive: Directive) -> tuple[dict[str, Certificate], str]:
        """The certificates that a directive enrols, by handle; and what is wrong with them."""
        found: dict[str, Certificate] = {}
        for handle, key in _BLOCKS[directive.verb].items():
            name = handle or directive.args[0]
            try:
                cert = certificate(directive.keys[key])
            except PitError as error:
                return {}, f"`{key}:` is no key that can be enrolled: {error}"
            if not handle and cert.fingerprint != directive.args[1]:
                return {}, f"`{key}:` has the fingerprint {cert.fingerprint}; write that one"
            if cert.revoked:
                return {}, f"the key {cert.fingerprint} is revoked; make a new one"
            shared = (other for other, its in found.items() if cert.keys & its.keys)
            owner = self._owner(cert, name) or next(shared, "")
            if owner:
                return {}, f"a key in {cert.fingerprint} is {owner}'s already; one key, one handle"
            found[name] = cert
        return found, ""

    def _owner(self, cert: Certificate, handle: str) -> str:
        """Who holds this certificate or a key of it, or this handle, already; '' if nobody.

        A primary key that somebody else merely claims as his subkey is still free: otherwise a
        member could keep others out.
        """
        if self._book.get(f"of {handle}"):
            return handle
        taken = (self._subkey(key) for key in cert.keys if key != cert.fingerprint)
        primary = (self._primary(key) for key in cert.keys)
        return next((owner for owner in (*primary, *taken) if owner), "")

    def _enrol(self, handle: str, cert: Certificate) -> None:
        self._book[f"of {handle}"] = _packed(cert)
        self._book[f"primary {cert.fingerprint}"] = handle
        for key in cert.keys - {cert.fingerprint}:
            self._book[f"subkey {key}"] = handle
        self._keep(handle, cert)
        for key in cert.keys:
            self._handles.pop(key, None)

    def _keep(self, handle: str, cert: Certificate) -> Certificate:
        """Have a certificate ready."""
        if len(self._certificates) >= _READY:
            self._certificates.clear()
            self._handles.clear()
        self._certificates[handle] = cert
        return cert


def _packed(cert: Certificate) -> str:
    """What was found out when the certificate was read, as a book holds it."""
    keys = sorted(cert.keys)
    return json.dumps([cert.fingerprint, keys, cert.expires, cert.addresses, cert.armored])


def _unpacked(written: str) -> Certificate:
    fingerprint, keys, expires, addresses, armored = json.loads(written)
    return Certificate(
        fingerprint=fingerprint,
        keys=frozenset(keys),
        expires=expires,
        revoked=False,  # a revoked one is never enrolled
        addresses=tuple(addresses),
        armored=armored,
        cert=pysequoia.Cert.from_bytes(armored.encode()),
    )


_BLOCKS: dict[str, dict[str, str]] = {
    "charter": {OPERATOR: "operator-key", NOTARY: "notary-key"},
    "admit": {"": "key"},
}
"""The verbs that bring certificates: handle ('' for the one that is named) -> the key it is in."""
