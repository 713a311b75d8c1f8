"""Whose key is whose, from the archive's own texts."""

import pytest

from pit.archives.errors import NoInput
from pit.archives.language import Text, parse
from pit.archives.words import CORE
from pit.pits.keyring import Keyring
from tests.moderator.world import NAME, Keys, World


def parsed(directives: str) -> Text:
    return parse(f"pit {NAME}\n{directives}", CORE)


@pytest.fixture
def ring(stands: World) -> Keyring:
    """The charter's two keys and alice's."""
    ring = Keyring()
    ring.step(parsed(stands.charter()))
    ring.step(parsed(stands.admission("alice")))
    return ring


def check(ring: Keyring, directives: str) -> str:
    return ring.check(parsed(directives).directives[0])


def test_the_charter_and_admissions_enrol(ring: Keyring, keys: Keys) -> None:
    for who in ("operator", "notary", "alice"):
        assert ring.of(who).fingerprint == keys.prints[who]
        assert ring.by_key(keys.prints[who]) == (who, ring.of(who))


def test_a_stranger_has_no_key(ring: Keyring, keys: Keys) -> None:
    assert ring.by_key(keys.prints["bob"]) is None
    with pytest.raises(NoInput):
        ring.of("bob")


def test_a_subkey_signs_for_its_primary_key_and_nobody_elses(stands: World) -> None:
    keys = stands.keys
    keys.gpg("--quick-add-key", keys.prints["mallory"], "ed25519", "sign", "never", passphrase=True)
    ring = Keyring()
    ring.step(parsed(stands.admission("mallory")))
    cert = ring.of("mallory")
    assert len(cert.keys) == 2
    assert all(ring.by_key(key) == ("mallory", cert) for key in cert.keys)


def test_what_cannot_be_enrolled_is_said_and_left_without_effect(
    ring: Keyring, stands: World
) -> None:
    prints = stands.keys.prints
    bob = stands.admission("bob")
    cases = {
        bob.replace(prints["bob"], prints["alice"], 1): "write that one",
        bob.replace("=", "=="): "no key that can be enrolled",
        stands.admission("alice", handle="eve"): "alice's already",
        stands.admission("operator", handle="eve"): "operator's already",
        stands.charter(): "already",
    }
    for text, says in cases.items():
        assert says in check(ring, text)
        ring.step(parsed(text))
    assert ring.by_key(prints["bob"]) is None
    assert ring.by_key(prints["alice"]) == ("alice", ring.of("alice"))
    assert check(ring, bob) == ""


def test_a_charter_needs_two_keys(stands: World) -> None:
    assert "one key, one handle" in check(Keyring(), stands.charter("operator"))


def test_a_copy_goes_its_own_way(ring: Keyring, stands: World) -> None:
    other = ring.copy()
    other.step(parsed(stands.admission("bob")))
    assert other.by_key(stands.keys.prints["bob"]) is not None
    assert ring.by_key(stands.keys.prints["bob"]) is None
