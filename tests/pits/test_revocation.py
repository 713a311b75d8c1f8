"""Revocation certificates, and signatures that only time speaks against."""

import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pysequoia
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pit.archives.errors import PitError
from pit.pits.lapsed import lapsed
from pit.pits.openpgp import Certificate, certificate, read_signature, split, verify
from pit.pits.packets import dearmor
from pit.pits.revocation import Revocation, is_hard, revocation
from tests.moderator.world import short_folder

NOW = datetime.now(UTC)


class Gpg:
    """gpg in a home of its own, its clock where it is told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, *args: str, days: int = 0, data: bytes = b"") -> bytes:
        at = (NOW + timedelta(days=days)).strftime("%Y%m%dT%H%M%S")
        command = ["gpg", "--homedir", str(self.folder), "--batch", "--no-options"]
        command += ["--pinentry-mode=loopback", "--passphrase=", f"--faked-system-time={at}"]
        done = subprocess.run([*command, *args], input=data, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def certificate(self, who: str, days: int = 0) -> Certificate:
        options = ("--armor", "--export-options=export-minimal")
        return certificate(self(*options, "--export", who, days=days))


@pytest.fixture(scope="module")
def gpg() -> Iterator[Gpg]:
    with short_folder() as folder:
        made = Gpg(folder)
        made("--quick-generate-key", "ann@example.org", "ed25519", "sign,cert", "never", days=-30)
        made("--quick-generate-key", "eve@example.org", "ed25519", "sign,cert", "20d", days=-30)
        yield made
        subprocess.run(["gpgconf", "--homedir", str(folder), "--kill", "all"], check=True)


@pytest.fixture(scope="module")
def ann(gpg: Gpg) -> Certificate:
    return gpg.certificate("ann@example.org")


@pytest.fixture(scope="module")
def kept(gpg: Gpg) -> str:
    """The file that gpg keeps beside Ann's key, as it is."""
    fingerprint = gpg.certificate("ann@example.org").fingerprint
    return (gpg.folder / "openpgp-revocs.d" / f"{fingerprint}.rev").read_text()


def test_the_file_that_gpg_keeps_is_read_as_it_is(gpg: Gpg, kept: str) -> None:
    ann = gpg.certificate("ann@example.org")
    found = revocation(kept)
    assert (found.fingerprint, found.reason) == (ann.fingerprint, "unspecified")
    assert found.holds(ann)
    assert not found.holds(gpg.certificate("eve@example.org"))
    assert is_hard(found.reason)
    assert [is_hard(one) for one in ("compromised", "superseded", "retired")] == [
        True,
        False,
        False,
    ]


def test_a_certificate_with_the_revocation_in_it_will_do(gpg: Gpg, kept: str) -> None:
    ann = gpg.certificate("ann@example.org")
    whole = pysequoia.Cert.from_bytes(bytes(ann.cert) + revocation(kept).raw)
    assert whole.is_revoked
    assert revocation(str(whole)).holds(ann)
    with pytest.raises(PitError, match="0 revocations of a key"):
        revocation(ann.armored)


@given(at=st.integers(0, 10**4), bit=st.integers(0, 7))
def test_one_bit_makes_it_another(ann: Certificate, kept: str, at: int, bit: int) -> None:
    text = kept[kept.index(":-----BEGIN") + 1 :]
    raw = bytearray(dearmor(text.strip().encode(), "PUBLIC KEY BLOCK", headers=True))
    raw[at % len(raw)] ^= 1 << bit
    armored = pysequoia.armor(bytes(raw), pysequoia.ArmorKind.PublicKey)
    try:
        found = revocation(armored)
    except PitError:
        return
    hashed = 8 + int.from_bytes(raw[6:8], "big")
    unsigned = range(hashed, hashed + 2 + int.from_bytes(raw[hashed : hashed + 2], "big"))
    assert not found.holds(ann) or at % len(raw) in unsigned


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])), st.binary(max_size=200))
def test_whatever_stands_there_only_an_error_comes_out(text: str, raw: bytes) -> None:
    armored = pysequoia.armor(raw, pysequoia.ArmorKind.PublicKey)
    for one in (text, armored, text + armored):
        with pytest.raises(PitError):
            revocation(one)


def test_a_packet_that_says_nothing_holds_for_nobody(gpg: Gpg) -> None:
    ann = gpg.certificate("ann@example.org")
    assert not Revocation(ann.fingerprint, "retired", b"").holds(ann)


# --- lapsed -------------------------------------------------------------------------------------


def signed(gpg: Gpg, who: str, days: int) -> tuple[bytes, str]:
    """What a clearsigned text's signature is over, and its armour."""
    block = split(gpg("--local-user", who, "--clearsign", days=days, data=b"so it is\n"))
    return block.text.removesuffix(b"\n"), block.armor.decode()


def test_a_signature_by_a_key_that_had_expired_is_told_from_a_forged_one(gpg: Gpg) -> None:
    old = gpg.certificate("eve@example.org")
    gpg("--quick-set-expire", old.fingerprint, "2y", days=-11)
    octets, armor = signed(gpg, old.fingerprint, -5)
    signature = read_signature(armor.encode())
    with pytest.raises(PitError, match="expired"):
        verify(octets + b"\n", signature, old)
    expected = f"the key {old.fingerprint} had expired when it signed, at {old.expires}"
    assert lapsed(octets, signature, old) == expected
    assert lapsed(octets + b"!", signature, old) == ""
    assert lapsed(octets, signature, gpg.certificate("ann@example.org")) == ""
    verify(octets + b"\n", signature, gpg.certificate("eve@example.org"))


def test_so_is_one_by_a_subkey_that_had_expired(gpg: Gpg) -> None:
    ann = gpg.certificate("ann@example.org")
    gpg("--quick-add-key", ann.fingerprint, "ed25519", "sign", "10d", days=-25)
    old = gpg.certificate("ann@example.org", days=-20)  # gpg leaves expired subkeys out
    gpg("--quick-set-expire", ann.fingerprint, "2y", "*", days=-16)
    (subkey,) = old.keys - ann.keys
    octets, armor = signed(gpg, f"{subkey}!", -5)
    signature = read_signature(armor.encode())
    assert signature.issuer == subkey
    with pytest.raises(PitError):
        verify(octets + b"\n", signature, old)
    assert lapsed(octets, signature, old) == f"the key {subkey} had expired when it signed"
    assert lapsed(octets[:-1], signature, old) == ""
