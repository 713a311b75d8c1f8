"""What a directive about keys enrols, and why it can enrol nothing: each word a small function.

Read against a keyring as it stands above the directive. The notary refuses what has an objection; a
keyring that meets it all the same leaves it without effect.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pysequoia

from pit.archives.entry import NOTARY, OPERATOR
from pit.archives.errors import PitError
from pit.archives.verbs import Directive
from pit.pits.openpgp import Certificate, KeyRefused, certificate
from pit.pits.revocation import is_hard, revocation

if TYPE_CHECKING:
    from pit.pits.keyring import Keyring, Signer

__all__ = ["needs_confirm", "read", "recovery"]

Found = tuple[dict[str, Certificate], str]
"""The certificates that a directive brings, by handle; or none, and what is wrong."""

LONGEST = 1 << 18
"""Bytes of a certificate, armoured, with all that refreshing it has added."""

_BLOCKS: Mapping[str, Mapping[str, str]] = {
    "charter": {OPERATOR: "operator-key", NOTARY: "notary-key"},
    "admit": {"": "key"},
    "rekey": {"": "key"},
}
"""The verbs that bring certificates: handle ('' for the one that is named) -> the key it is in."""


def read(directive: Directive, by: "Signer", ring: "Keyring") -> Found:
    """What one of `keyring.VERBS` brings."""
    if directive.verb == "confirm":
        return _confirm(directive.args[0], by, ring)
    if directive.verb == "revoke-key":
        return {}, _revocation(directive, ring)
    found, problem = _blocks(directive, ring)
    if problem:
        return {}, problem
    return _rekey(directive, found, by, ring) if directive.verb == "rekey" else _new(found, ring)


def _blocks(directive: Directive, ring: "Keyring") -> Found:
    """The certificates that stand in a directive, and hold no key of somebody else's."""
    found: dict[str, Certificate] = {}
    for handle, key in _BLOCKS[directive.verb].items():
        try:
            cert = certificate(directive.keys[key])
        except PitError as error:
            return {}, f"`{key}:` is no key that can be enrolled: {error}"
        if not handle and cert.fingerprint != directive.args[1]:
            return {}, f"`{key}:` has the fingerprint {cert.fingerprint}; write that one"
        if cert.revoked:
            return {}, f"the key {cert.fingerprint} is revoked; make a new one"
        spare = directive.keys.get("recovery") or ring.recovery
        if spare in cert.keys:
            return {}, f"the key {spare} is the pit's recovery key, and nobody's"
        shared = (other for other, its in found.items() if cert.keys & its.keys)
        if owner := next(shared, "") or _holder(cert, ring):
            return {}, _taken(cert, owner)
        found[handle or directive.args[0]] = cert
    return found, ""


def _taken(cert: Certificate, owner: str) -> str:
    return f"a key in {cert.fingerprint} is {owner}'s already; one key, one handle"


def _holder(cert: Certificate, ring: "Keyring") -> str:
    """Who holds a subkey of this certificate otherwise than as a part of it; '' if nobody.

    A primary key that somebody else merely claims as his subkey is still free: otherwise a member
    could keep others out.
    """
    others = sorted(cert.keys - {cert.fingerprint})
    primaries = [*others, *map(ring.primary, others)]
    owners = (ring.owner(key) for key in primaries if key != cert.fingerprint)
    return next(filter(None, owners), "")


def _new(found: dict[str, Certificate], ring: "Keyring") -> Found:
    """Certificates for handles that have none yet."""
    for handle, cert in found.items():
        owner = ring.owner(cert.fingerprint) or (handle if ring.current(handle) else "")
        if owner:
            return {}, _taken(cert, owner)
    return found, ""


def _rekey(
    directive: Directive, found: dict[str, Certificate], by: "Signer", ring: "Keyring"
) -> Found:
    """Another key for a handle that has one, or a newer certificate of the same key."""
    ((handle, cert),) = found.items()
    now, owner = ring.current(handle), ring.owner(cert.fingerprint)
    if by.handle not in (handle, OPERATOR):
        return {}, f"the key of {handle} is for {handle} or the operator to change"
    if not now:
        return {}, f"{handle} has no key here; `admit` brings the first one"
    if "recovery-key" in directive.keys:
        spare, problem = recovery(directive, ring)
        if spare is None or by.fingerprint != spare.fingerprint:
            return {}, problem or "a text with `recovery-key:` is signed with that key"
    if owner not in ("", handle):
        return {}, _taken(cert, owner)
    if owner and (cert.fingerprint != now or ring.revoked(now)):
        return {}, f"{ring.fault(cert.fingerprint)}, and does not come back; make a new one"
    if owner:
        try:
            cert = _merged(ring.certificate(now), cert)
        except PitError as error:
            return {}, f"`key:` does not go with what is enrolled of that key: {error}"
    if cert.expires and by.time and cert.expires[:19] <= by.time[:19]:
        return {}, f"the key {cert.fingerprint} expired at {cert.expires}; extend it first"
    return {handle: cert}, ""


def _merged(old: Certificate, new: Certificate) -> Certificate:
    """A certificate with what a newer one of the same key adds; KeyRefused.

    A signature is judged by what the certificate said when it was made: so what it said before
    stays, as it does in every keyring.
    """
    try:
        raw = bytes(old.cert.merge(new.cert))
    except Exception as error:
        raise KeyRefused(str(error).partition("\n")[0]) from error
    cert = certificate(pysequoia.armor(raw, pysequoia.ArmorKind.PublicKey))
    if cert.revoked:
        raise KeyRefused("together they are revoked")
    if len(cert.armored) > LONGEST:
        raise KeyRefused(f"together {len(cert.armored)} bytes; the most is {LONGEST}")
    return cert


def needs_confirm(directive: Directive, by: "Signer", ring: "Keyring") -> bool:
    """Whether a `rekey` waits for the proof that its author has the new key, too."""
    if directive.verb != "rekey" or "recovery-key" in directive.keys:
        return False
    handle, fingerprint = directive.args
    return bool(by.handle == handle and ring.current(handle) != fingerprint)


def _confirm(handle: str, by: "Signer", ring: "Keyring") -> Found:
    cert = ring.waiting(handle)
    if cert is None:
        return {}, f"no `rekey {handle}` waits to be confirmed"
    if (by.handle, by.fingerprint) != (handle, cert.fingerprint):
        return {}, f"`confirm {handle}` is signed with the new key, {cert.fingerprint}"
    owner = ring.owner(cert.fingerprint) or _holder(cert, ring)
    return ({}, _taken(cert, owner)) if owner else ({handle: cert}, "")


def recovery(directive: Directive, ring: "Keyring") -> tuple[Certificate | None, str]:
    """The certificate in a `rekey`'s `recovery-key:`; or None, and why it recovers nothing."""
    if directive.args[0] != OPERATOR:
        return None, "the recovery key is for the operator's key alone"
    if not ring.recovery:
        return None, "the charter names no `recovery:` key"
    try:
        cert = certificate(directive.keys["recovery-key"])
    except PitError as error:
        return None, f"`recovery-key:` is no key: {error}"
    if cert.fingerprint != ring.recovery:
        return None, f"`recovery-key:` is {cert.fingerprint}; the charter names {ring.recovery}"
    return cert, ""


def _revocation(directive: Directive, ring: "Keyring") -> str:
    """Why a `revoke-key` revokes nothing; '' if it does."""
    handle = directive.args[0]
    try:
        found = revocation(directive.keys["certificate"])
    except PitError as error:
        return f"`certificate:` revokes no key: {error}"
    fingerprint = found.fingerprint
    if ring.owner(fingerprint) != handle:
        return f"`certificate:` is for {fingerprint}, which is no key of {handle}'s"
    if not found.holds(ring.certificate(fingerprint)):
        return f"`certificate:` is not signed by {fingerprint}; it proves nothing"
    before = ring.revoked(fingerprint)
    if before and is_hard(before[1]) >= is_hard(found.reason):
        return f"{ring.fault(fingerprint)} already"
    if handle == NOTARY and ring.current(NOTARY) == fingerprint:
        return "without its key the notary could seal nothing; `rekey notary` first"
    return ""
