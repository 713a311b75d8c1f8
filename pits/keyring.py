"""Which certificate signs for which handle: a fold over the archive's own texts.

The charter enrols the operator's and the notary's key, `admit` a member's; nothing is fetched from
anywhere. A handle that left keeps its certificate, so that its old mail can be told from a
stranger's.
"""

from pit.archives.entry import NOTARY, OPERATOR
from pit.archives.errors import NoInput, PitError
from pit.archives.language import Text
from pit.archives.verbs import Directive
from pit.pits.openpgp import Certificate, certificate

__all__ = ["Keyring"]


class Keyring:
    """The certificates enrolled so far."""

    def __init__(self) -> None:
        self._certificates: dict[str, Certificate] = {}
        self._primaries: dict[str, str] = {}  # fingerprint of the primary key -> handle
        self._subkeys: dict[str, str] = {}

    def copy(self) -> "Keyring":
        """The same keyring to try a text on."""
        other = Keyring()
        other._certificates = dict(self._certificates)
        other._primaries = dict(self._primaries)
        other._subkeys = dict(self._subkeys)
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
        handle = self._primaries.get(fingerprint) or self._subkeys.get(fingerprint)
        return None if handle is None else (handle, self._certificates[handle])

    def of(self, handle: str) -> Certificate:
        """The certificate of a handle; NoInput if it has none."""
        if handle not in self._certificates:
            raise NoInput(f"{handle} has no key in this pit; `charter` and `admit` bring them")
        return self._certificates[handle]

    def check(self, directive: Directive) -> str:
        """Why the keys in a directive cannot be enrolled, as a sentence; '' when they can."""
        return self._read(directive)[1] if directive.verb in _BLOCKS else ""

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
        if handle in self._certificates:
            return handle
        taken = (self._subkeys.get(key) for key in cert.keys if key != cert.fingerprint)
        primary = (self._primaries.get(key) for key in cert.keys)
        return next((owner for owner in (*primary, *taken) if owner), "")

    def _enrol(self, handle: str, cert: Certificate) -> None:
        self._certificates[handle] = cert
        self._primaries[cert.fingerprint] = handle
        for key in cert.keys - {cert.fingerprint}:
            self._subkeys[key] = handle


_BLOCKS: dict[str, dict[str, str]] = {
    "charter": {OPERATOR: "operator-key", NOTARY: "notary-key"},
    "admit": {"": "key"},
}
"""The verbs that bring certificates: handle ('' for the one that is named) -> the key it is in."""
