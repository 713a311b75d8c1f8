"""Which certificate signs for which handle: a fold over the archive's own texts.

The charter enrols the operator's and the notary's key, `admit` a member's, `rekey` another one or a
newer certificate of the same, `revoke-key` ends one; nothing is fetched from anywhere. A key that
was anybody's stays known, so that old mail can be told from a stranger's, and is never anybody
else's.
"""

import json
from typing import NamedTuple, Protocol

import pysequoia

from pit.archives.entry import OPERATOR
from pit.archives.errors import Damaged, NoInput
from pit.archives.language import Text
from pit.archives.verbs import Directive
from pit.pits import enrolment
from pit.pits.openpgp import Certificate
from pit.pits.revocation import revocation

__all__ = ["VERBS", "Book", "Keyring", "Signer"]

VERBS = frozenset(("charter", "admit", "rekey", "confirm", "revoke-key"))
"""The words that change a keyring."""

_READY = 10_000  # certificates in memory at most; the others are in the book


class Signer(NamedTuple):
    """Who says a text: the handle, the primary fingerprint of the key; in which entry, and when."""

    handle: str
    fingerprint: str = ""
    entry: int = 0
    time: str = ""


NOBODY = Signer("")
"""Whoever it is: what a charter or an admission enrols does not depend on it."""


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
        return self._written[name] if name in self._written else self._below.get(name)

    def __setitem__(self, name: str, value: str, /) -> None:
        self._written[name] = value


class Keyring:
    """The certificates enrolled so far.

    changed_at: the last entry that changed it, of those that `step` saw.

    book: where they stand ('' is nothing). `primary FPR` names the handle, `cert FPR` has the
    certificate, `subkey FPR` the primary key; `of HANDLE` is the key that signs, `waits HANDLE` the
    certificate that waits for its `confirm`; `replaced FPR` and `revoked FPR` say in which entry,
    and by what or why; `recovery` is the charter's.
    """

    def __init__(self, book: Book | None = None) -> None:
        self._book: Book = {} if book is None else book
        self._ready: dict[str, tuple[str, Certificate]] = {}  # by key or subkey
        self._in_force: set[str] = set()  # primary keys that were found to sign
        self.changed_at = 0

    def copy(self) -> "Keyring":
        """The same keyring to try a text on."""
        other = Keyring(_Trial(self._book))
        other._ready, other._in_force = dict(self._ready), set(self._in_force)
        return other

    def take(self, text: Text, by: Signer) -> Certificate:
        """Step over an entry, and return the certificate that its signature must be of.

        Damaged where that handle does not sign with that key above this entry; a charter brings its
        own.
        """
        cert = None
        known = self._ready.get(by.fingerprint)
        if known and known[0] == by.handle and by.fingerprint in self._in_force:
            cert = known[1]  # mostly
        elif self.current(OPERATOR):
            cert = self._signing(text, by)
        self.step(text, by)
        return cert or self._signing(text, by)

    def _signing(self, text: Text, by: Signer) -> Certificate:
        found = self.find(by.fingerprint, text)
        if found is None:
            raise Damaged(f"nobody in this pit has the key {by.fingerprint}")
        handle, cert = found
        if (by.handle, by.fingerprint) != (handle, cert.fingerprint):
            raise Damaged(
                f"Pit-Signer is {by.handle} {by.fingerprint}; that key is part of {handle}'s "
                f"{cert.fingerprint}"
            )
        if fault := self.fault(by.fingerprint):
            raise Damaged(fault)
        return cert

    def step(self, text: Text, by: Signer = NOBODY) -> None:
        """Enrol what a text enrols. A directive that has an objection is left without effect."""
        for directive in text.directives:
            if directive.verb in VERBS:
                self._step(directive, by)

    def _step(self, directive: Directive, by: Signer) -> None:
        found, problem = enrolment.read(directive, by, self)
        if problem:
            return
        self.changed_at = by.entry
        if directive.verb == "charter":
            self._book["recovery"] = directive.keys.get("recovery", "")
        elif directive.verb == "revoke-key":
            self._revoke(directive, by)
        waits = enrolment.needs_confirm(directive, by, self)
        for handle, cert in found.items():
            if waits:
                self._book[f"waits {handle}"] = _packed(cert)
            else:
                self._enrol(handle, cert, by)

    def by_key(self, fingerprint: str) -> tuple[str, Certificate] | None:
        """The handle and certificate of a primary key or subkey (40 upper hex); None if unknown.

        Whether it signs now, `fault` says. A certificate may claim another's key as its subkey; the
        one whose primary key it is comes first, and only `openpgp.verify` proves the claim.
        """
        found = self._ready.get(fingerprint)
        if found is None:
            primary, handle = fingerprint, self.owner(fingerprint)
            if not handle:
                primary = self.primary(fingerprint)
                handle = self.owner(primary)
            if not handle:
                return None
            found = self._keep(fingerprint, handle, self.certificate(primary))
        return found

    def find(self, issuer: str, text: Text) -> tuple[str, Certificate] | None:
        """As `by_key`; also whom a text proves by itself: one that confirms, or recovers.

        Somebody who merely claims the key as his subkey comes after them.
        """
        found = self.by_key(issuer)
        if found and found[1].fingerprint == issuer:
            return found
        return self._claims(issuer, text) or found

    def _claims(self, issuer: str, text: Text) -> tuple[str, Certificate] | None:
        """Whose `confirm` a text is, or the operator whom it recovers, by the key that it needs."""
        if len(text.directives) != 1:
            return None
        (one,) = text.directives
        cert = None
        if one.verb == "confirm":
            cert = self.waiting(one.args[0])
        elif one.verb == "rekey" and "recovery-key" in one.keys:
            cert, _ = enrolment.recovery(one, self)
        return (one.args[0], cert) if cert and issuer in cert.keys else None

    def of(self, handle: str) -> Certificate:
        """The certificate that a handle signs with, or did last; NoInput if it has none."""
        primary = self.current(handle)
        if not primary:
            raise NoInput(f"{handle} has no key in this pit; `charter` and `admit` bring them")
        found = self.by_key(primary)
        assert found is not None  # `of` and `primary` are written together
        return found[1]

    def waiting(self, handle: str) -> Certificate | None:
        """The certificate that waits for this handle's `confirm`; None for none."""
        written = self._book.get(f"waits {handle}")
        return _unpacked(written) if written else None

    def fault(self, fingerprint: str) -> str:
        """Why a primary key that was enrolled signs nothing any more, as a sentence; '' if it does.

        That it has expired is for whoever knows the time.
        """
        if fingerprint in self._in_force:
            return ""
        if revoked := self._book.get(f"revoked {fingerprint}"):
            entry, reason = revoked.split(" ")
            return f"the key {fingerprint} was revoked in entry {entry} ({reason})"
        if replaced := self._book.get(f"replaced {fingerprint}"):
            entry, other = replaced.split(" ")
            return f"the key {fingerprint} was replaced in entry {entry}, by {other}"
        if self.owner(fingerprint):
            if len(self._in_force) >= _READY:
                self._in_force.clear()
            self._in_force.add(fingerprint)
        return ""

    def revoked(self, fingerprint: str) -> tuple[int, str] | None:
        """In which entry a primary key was revoked, and why: a reason of `pits.revocation`."""
        found = self._book.get(f"revoked {fingerprint}")
        if not found:
            return None
        entry, reason = found.split(" ")
        return int(entry), reason

    def check(self, directive: Directive, by: Signer = NOBODY) -> str:
        """Why what a directive says of keys can have no effect, as a sentence; '' when it can."""
        return enrolment.read(directive, by, self)[1] if directive.verb in VERBS else ""

    def current(self, handle: str) -> str:
        """The fingerprint of the key that a handle signs with, or did last; '' for none."""
        return self._book.get(f"of {handle}") or ""

    def owner(self, primary: str) -> str:
        """Whose primary key this is, or was; '' for nobody's."""
        return self._book.get(f"primary {primary}") or ""

    def primary(self, subkey: str) -> str:
        """The primary key of the certificate that has this subkey; '' for none."""
        return self._book.get(f"subkey {subkey}") or ""

    @property
    def recovery(self) -> str:
        """The fingerprint of the pit's recovery key; '' for none."""
        return self._book.get("recovery") or ""

    def certificate(self, primary: str) -> Certificate:
        """The certificate of a primary key that is enrolled."""
        written = self._book.get(f"cert {primary}")
        assert written  # `primary` and `cert` are written together
        return _unpacked(written)

    def _enrol(self, handle: str, cert: Certificate, by: Signer) -> None:
        before = self.current(handle)
        if before and before != cert.fingerprint:
            self._book[f"replaced {before}"] = f"{by.entry} {cert.fingerprint}"
            self._book[f"waits {handle}"] = ""
            self._in_force.discard(before)
        self._book[f"of {handle}"] = cert.fingerprint
        self._book[f"cert {cert.fingerprint}"] = _packed(cert)
        self._book[f"primary {cert.fingerprint}"] = handle
        for key in cert.keys - {cert.fingerprint}:
            self._book[f"subkey {key}"] = cert.fingerprint
        for key in cert.keys:
            self._ready.pop(key, None)
        self._keep(cert.fingerprint, handle, cert)

    def _revoke(self, directive: Directive, by: Signer) -> None:
        handle, found = directive.args[0], revocation(directive.keys["certificate"])
        self._book[f"revoked {found.fingerprint}"] = f"{by.entry} {found.reason}"
        self._in_force.discard(found.fingerprint)
        if (
            self._book.get(f"waits {handle}")
            and self._book.get(f"of {handle}") == found.fingerprint
        ):
            self._book[f"waits {handle}"] = ""  # perhaps a thief's

    def _keep(self, key: str, handle: str, cert: Certificate) -> tuple[str, Certificate]:
        """Have a certificate ready, by a key of it."""
        if len(self._ready) >= _READY:
            self._ready.clear()
        # One object for all of its keys: who compares certificates goes by `is`.
        first = self._ready.setdefault(cert.fingerprint, (handle, cert))
        self._ready[key] = first
        return first


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
