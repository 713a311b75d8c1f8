"""Clearsigned bodies, signatures and keys: real ones verify, forged and ambiguous ones do not."""

import hashlib
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pysequoia
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pit.archives.cut import canonical, cut_text
from pit.archives.errors import PitError
from pit.pits import clearsigned, openpgp
from pit.pits.openpgp import (
    Certificate,
    KeyRefused,
    ShapeError,
    Signature,
    SignatureError,
    certificate,
    read_signature,
    split,
    verify,
)
from pit.pits.packets import dearmor, packets

TEXT = b"pit acme\nbuy 100 ACME @ 12.50\n- a dash\nFrom here on\n-- \nlast\n"
EXAMPLE = Path(__file__).parent.parent / "archives" / "data" / "example.mbox"
THEN = "--faked-system-time=20200601T120000"


class Gpg:
    """The real gpg in a home of its own."""

    def __init__(self, home: str) -> None:
        self.home = home

    def __call__(self, *args: str, data: bytes = b"") -> bytes:
        start = ["gpg", "--homedir", self.home, "--batch", "--quiet", "--passphrase", ""]
        options = ["--pinentry-mode=loopback", "--no-auto-check-trustdb", "--trust-model=always"]
        done = subprocess.run([*start, *options, *args], input=data, capture_output=True)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def key(self, name: str, kind: str, expiry: str, *options: str) -> str:
        made = self(
            "--status-fd=1", "--faked-system-time=20200101T000000", *options,
            "--quick-gen-key", f"{name} <{name}@example.org>", kind, "sign", expiry,
        )  # fmt: skip
        return str(re.findall(rb"KEY_CREATED . ([0-9A-F]{40})", made)[0].decode())

    def export(self, fingerprint: str, *options: str) -> bytes:
        return self("--armor", "--export-options=export-minimal", *options, "--export", fingerprint)

    def sign(self, fingerprint: str, text: bytes, *options: str) -> bytes:
        return self(*(options or (THEN,)), "-u", fingerprint, "--clearsign", data=text)


@pytest.fixture(scope="module")
def gpg() -> Iterator[Gpg]:
    home = tempfile.mkdtemp(prefix="pit-", dir="/tmp")
    yield Gpg(home)
    subprocess.run(["gpgconf", "--homedir", home, "--kill", "all"], check=True)
    shutil.rmtree(home)


@pytest.fixture(scope="module")
def alice(gpg: Gpg) -> Any:
    fingerprint = gpg.key("alice", "ed25519", "never")
    block = gpg.sign(fingerprint, TEXT, THEN, "--digest-algo=SHA512")
    return SimpleNamespace(
        fingerprint=fingerprint, cert=certificate(gpg.export(fingerprint)), block=block
    )


@pytest.fixture(scope="module")
def mallory(gpg: Gpg) -> Any:
    fingerprint = gpg.key("mallory", "ed25519", "never")
    return SimpleNamespace(fingerprint=fingerprint, cert=certificate(gpg.export(fingerprint)))


def accept(block: bytes, cert: Certificate) -> tuple[bytes, Signature]:
    found = split(block)
    signature = read_signature(found.armor, found.hash)
    verify(found.text, signature, cert)
    return found.text, signature


def armored(raw: bytes, kind: pysequoia.ArmorKind = pysequoia.ArmorKind.Signature) -> bytes:
    return pysequoia.armor(raw, kind).encode()


def raw_of(block: bytes) -> bytes:
    return read_signature(split(block).armor).raw


def packet(tag: int, body: bytes) -> bytes:
    return bytes([0xC0 | tag, 255]) + len(body).to_bytes(4, "big") + body


def edited(block: bytes, old: bytes, new: bytes) -> bytes:
    assert block.count(old) == 1
    return block.replace(old, new)


# The example archive, with the keys that it enrolled itself.


def entries() -> Iterator[tuple[int, dict[str, str], bytes]]:
    """Number, stamp and mail of each entry, From quoting undone."""
    for entry in re.split(rb"(?m)^(?=From [0-9]+@acme\.pit )", EXAMPLE.read_bytes())[1:]:
        lines = entry.split(b"\n", 7)
        stamp = dict(line.decode().split(": ", 1) for line in lines[1:7])
        mail = re.sub(rb"(?m)^>(>*From )", rb"\1", lines[7])[: int(stamp["Pit-Mail"].split()[0])]
        yield int(stamp["Pit-Entry"].split()[1]), stamp, mail


def enrolled() -> dict[str, Certificate]:
    found = re.findall(
        rb"(?ms)^    -----BEGIN PGP PUBLIC.*?^    -----END [^\n]*", EXAMPLE.read_bytes()
    )
    certs = [certificate(re.sub(rb"(?m)^    ", b"", key)) for key in found]
    return {cert.fingerprint: cert for cert in certs}


def test_every_clearsigned_entry_of_the_example_verifies_and_gives_its_pit_text() -> None:
    seen = []
    for number, stamp, mail in entries():
        if number == 8:
            continue
        body = mail.partition(b"\n\n")[2]
        _, fingerprint, signed = stamp["Pit-Signer"].split()
        text, signature = accept(body, enrolled()[fingerprint])
        assert hashlib.sha256(text).hexdigest() == stamp["Pit-Text"]
        assert cut_text(mail, stamp["Pit-Text"]) == text
        assert signature.created_text == signed
        seen.append(number)
    assert seen == [1, 2, 3, 4, 5, 6, 7, 9]


def test_the_examples_mime_part_verifies_as_the_lines_before_its_boundary() -> None:
    _, stamp, mail = next(entry for entry in entries() if entry[0] == 8)
    part = mail.split(b"--b\n")[1]
    armor = re.findall(rb"(?s)-----BEGIN PGP SIGNATURE.*-----END PGP SIGNATURE-----\n", mail)[0]
    verify(part, read_signature(armor), enrolled()[stamp["Pit-Signer"].split()[1]])
    with pytest.raises(SignatureError):
        verify(part + b"\n", read_signature(armor), enrolled()[stamp["Pit-Signer"].split()[1]])


# Blocks of the real gpg.


def test_a_block_of_gpg_gives_its_text_and_signature(alice: Any) -> None:
    text, signature = accept(alice.block, alice.cert)
    assert text == TEXT.replace(b"-- \n", b"--\n")
    assert signature[:3] == (alice.fingerprint, 1591012800, "SHA512")
    assert signature.created_text == "2020-06-01T12:00:00Z"


def test_gpg_reads_the_same_text_from_an_accepted_block(gpg: Gpg, alice: Any) -> None:
    for text in (
        TEXT,
        b"\n\n a \t\n\n",
        b"- - x\n-\n- \n",
        "ü\x0b \x0c\n".encode(),
        b"no line end",
    ):
        block = gpg.sign(alice.fingerprint, text)
        assert accept(block, alice.cert)[0] == canonical(text) == canonical(gpg("-d", data=block))


def test_newlines_after_the_block_and_a_missing_last_one_change_nothing(alice: Any) -> None:
    assert split(alice.block + b"\n\n\n") == split(alice.block) == split(alice.block[:-1])


@settings(max_examples=8, deadline=None)
@given(
    text=st.text(st.characters(exclude_characters="\r\0", exclude_categories=["Cs"]), min_size=1)
)
def test_splitting_what_gpg_signed_gives_the_canonical_text(
    gpg: Gpg, alice: Any, text: str
) -> None:
    data = text.encode() + b"\n."
    assert accept(gpg.sign(alice.fingerprint, data), alice.cert)[0] == canonical(data)


def test_a_binary_signature_in_a_block_is_over_the_same_bytes(gpg: Gpg, alice: Any) -> None:
    text = canonical(TEXT)
    octets = text[:-1].replace(b"\n", b"\r\n")
    detached = gpg(
        THEN, "--digest-algo=SHA512", "-u", alice.fingerprint, "--detach-sign", data=octets
    )
    found = split(alice.block)
    block = alice.block.replace(found.armor, armored(detached))
    assert packets(detached)[0][1][1] == 0
    assert accept(block, alice.cert)[0] == text


# Shape.

HEAD = b"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n"
BEGIN = b"-----BEGIN PGP SIGNED MESSAGE-----\n"
SIGNATURE = b"-----BEGIN PGP SIGNATURE-----\n"
END = b"-----END PGP SIGNATURE-----\n"

FORGED: dict[str, Callable[[bytes], bytes]] = {
    "a line before it": lambda b: b"Hello\n" + b,
    "an empty line before it": lambda b: b"\n" + b,
    "a blank before it": lambda b: b" " + b,
    "nothing": lambda b: b"",
    "a footer after it": lambda b: b + b"-- \nlist@example.org\n",
    "a blank after it": lambda b: b + b" \n",
    "a second block after it": lambda b: b + b,
    "a second signature after it": lambda b: b + b[b.index(SIGNATURE) :],
    "a blank after BEGIN": lambda b: edited(b, BEGIN, BEGIN[:-1] + b" \n"),
    "BEGIN in lower case": lambda b: b.replace(b"BEGIN PGP SIGNED", b"begin PGP SIGNED"),
    "BEGIN again, escaped": lambda b: edited(b, b"buy 100", b"- " + BEGIN + b"buy 100"),
    "BEGIN again, in a line": lambda b: edited(b, b"buy 100", b"x " + BEGIN + b"buy 100"),
    "SIGNATURE again, escaped": lambda b: edited(b, b"buy 100", b"- " + SIGNATURE + b"buy 100"),
    "END again, indented": lambda b: edited(b, b"buy 100", b"  " + END + b"buy 100"),
    "two Hash lines": lambda b: edited(b, b"Hash: SHA512\n", b"Hash: SHA512\nHash: SHA256\n"),
    "two hashes in a line": lambda b: edited(b, b"Hash: SHA512\n", b"Hash: SHA512,SHA256\n"),
    "a blank after the hash": lambda b: edited(b, b"Hash: SHA512\n", b"Hash: SHA512 \n"),
    "a hash without a name": lambda b: edited(b, b"Hash: SHA512\n", b"Hash: \n"),
    "NotDashEscaped": lambda b: edited(b, b"Hash: SHA512\n", b"NotDashEscaped: yes\n"),
    "NotDashEscaped after Hash": lambda b: edited(b, HEAD, HEAD[:-1] + b"NotDashEscaped: yes\n\n"),
    "a Comment": lambda b: edited(b, HEAD, HEAD[:-1] + b"Comment: x\n\n"),
    "a blank in the empty line": lambda b: edited(b, HEAD, HEAD[:-1] + b" \n"),
    "a tab in the empty line": lambda b: edited(b, HEAD, HEAD[:-1] + b"\t\n"),
    "a blank line before the empty one": lambda b: edited(b, HEAD, HEAD[:-1] + b" \n\n"),
    "no empty line": lambda b: edited(b, HEAD, HEAD[:-1]),
    "CRLF": lambda b: b.replace(b"\n", b"\r\n"),
    "one CR": lambda b: edited(b, b"buy 100", b"buy\r100"),
    "a NUL": lambda b: edited(b, b"buy 100", b"buy\x00100"),
    "a NUL at the end": lambda b: b + b"\0",
    "a needless dash escape": lambda b: edited(b, b"buy 100", b"- buy 100"),
    "an escaped empty line": lambda b: edited(b, b"buy 100", b"- \nbuy 100"),
    "an escape before Fromage": lambda b: edited(b, b"- From here", b"- Fromage"),
    "a line with a bare dash": lambda b: edited(b, b"- - a dash", b"-a dash"),
    "a line that is a dash": lambda b: edited(b, b"- - a dash", b"-"),
    "dashes like a marker": lambda b: edited(b, b"- - a dash", b"-----BEGIN PGP MESSAGE-----"),
    "an empty text": lambda b: HEAD + b[b.index(SIGNATURE) :],
    "a text of one blank line": lambda b: HEAD + b" \n" + b[b.index(SIGNATURE) :],
    "no signature": lambda b: b[: b.index(SIGNATURE)],
    "a blank after SIGNATURE": lambda b: edited(b, SIGNATURE, SIGNATURE[:-1] + b" \n"),
    "a Version": lambda b: edited(b, SIGNATURE, SIGNATURE + b"Version: GnuPG v2\n"),
    "a Comment in the armour": lambda b: edited(b, SIGNATURE, SIGNATURE + b"Comment: x\n"),
    "a blank in the armour's empty line": lambda b: edited(b, SIGNATURE, SIGNATURE + b" "),
    "no base64": lambda b: b[: b.index(SIGNATURE)] + SIGNATURE + b"\n" + END,
    "a blank after the base64": lambda b: re.sub(rb"\n=", rb" \n=", b),
    "a line of 77": lambda b: re.sub(rb"\n=", b"\n" + b"A" * 77 + b"\n=", b),
    "two checksums": lambda b: re.sub(rb"(\n=....)\n", rb"\1\1\n", b),
    "no END": lambda b: b[: b.index(END)],
    "a blank after END": lambda b: edited(b, END, END[:-1] + b" \n"),
}  # fmt: skip


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED.keys())
def test_a_body_that_two_readers_could_read_differently_is_no_block(
    alice: Any, forge: Callable[[bytes], bytes]
) -> None:
    forged = forge(alice.block)
    assert forged != alice.block
    with pytest.raises(ShapeError, match=r"^line [0-9]+: found "):
        split(forged)


def test_a_fault_is_named_with_its_line(alice: Any) -> None:
    with pytest.raises(ShapeError, match=r"line 5: found '- buy 100 ACME @ 12\.50': `- ` should"):
        split(FORGED["a needless dash escape"](alice.block))
    with pytest.raises(ShapeError, match="line 11: found 'Version: GnuPG v2'; should be an empty"):
        split(FORGED["a Version"](alice.block))


def test_a_block_may_lack_the_hash_line_or_its_checksum(alice: Any) -> None:
    bare = re.sub(rb"\n=....\n", b"\n", edited(alice.block, b"Hash: SHA512\n", b""))
    assert split(bare).hash == ""
    assert accept(bare, alice.cert)[0] == accept(alice.block, alice.cert)[0]


def test_long_runs_of_blanks_cost_no_more_than_their_length() -> None:
    runs = (b" " * 900_000 + b"x\n") * 2  # squared, this is a day
    assert split(HEAD + runs + b"y \t\n" + SIGNATURE + b"\nAAAA\n" + END).text == runs + b"y\n"


# Signatures.


def test_a_changed_text_does_not_verify(alice: Any) -> None:
    for old, new in ((b"100", b"900"), (b"last", b"last\n"), (b"pit acme", b"\npit acme")):
        with pytest.raises(SignatureError, match=alice.fingerprint):
            accept(edited(alice.block, old, new), alice.cert)


def test_blanks_at_line_ends_are_not_signed(alice: Any) -> None:
    changed = edited(alice.block, b"12.50\n", b"12.50 \t \n")
    assert accept(changed, alice.cert)[0] == accept(alice.block, alice.cert)[0]


def test_a_signature_with_any_byte_changed_does_not_verify(gpg: Gpg, alice: Any) -> None:
    """But for the hint of how the hash begins, which gpg and Sequoia both pass over."""
    found = split(alice.block)
    raw = read_signature(found.armor).raw
    good = []
    for at in range(len(raw)):
        changed = raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
        try:
            verify(found.text, read_signature(armored(changed)), alice.cert)
            gpg("--verify", data=alice.block.replace(found.armor, armored(changed)))
            good.append(at)
        except SignatureError:
            pass
    body = packets(raw)[0][1]
    hint = len(raw) - len(body) + 6 + int.from_bytes(body[4:6], "big") + 2 + 10
    assert good == [hint, hint + 1]


def test_a_wrong_checksum_is_refused(alice: Any) -> None:
    changed = re.sub(rb"\n=....\n", b"\n=AAAA\n", split(alice.block).armor)
    with pytest.raises(SignatureError, match="checksum =AAAA of the signature is wrong"):
        read_signature(changed)


def test_base64_that_another_reader_might_decode_otherwise_is_refused(alice: Any) -> None:
    good = armored(raw_of(alice.block) + b"x" * ((1 - len(raw_of(alice.block))) % 3))
    body = re.sub(rb"\n=....\n", b"\n", good)
    assert b"==\n" in body
    for changed in (body.replace(b"==\n", b"\n"), re.sub(rb"(.)==\n", rb"/==\n", body)):
        with pytest.raises(SignatureError, match="base64"):
            read_signature(changed)


def test_two_signatures_are_refused(gpg: Gpg, alice: Any, mallory: Any) -> None:
    both = gpg.sign(alice.fingerprint, TEXT, THEN, "-u", mallory.fingerprint)
    assert len(packets(dearmor(split(both).armor, "SIGNATURE"))) == 2
    with pytest.raises(SignatureError, match="2 packets"):
        accept(both, alice.cert)


@pytest.mark.parametrize("name", ["SHA1", "RIPEMD160", "SHA224"])
def test_a_signature_with_a_weak_hash_is_refused(gpg: Gpg, alice: Any, name: str) -> None:
    weak = gpg.sign(alice.fingerprint, TEXT, THEN, f"--digest-algo={name}")
    assert split(weak).hash == name
    with pytest.raises(SignatureError, match="signature with hash"):
        accept(weak, alice.cert)


def test_a_hash_line_that_is_not_the_signatures_is_refused(alice: Any) -> None:
    with pytest.raises(SignatureError, match="says SHA256, the signature SHA512"):
        accept(edited(alice.block, b"SHA512", b"SHA256"), alice.cert)


def test_a_signature_by_another_key_is_refused(gpg: Gpg, alice: Any, mallory: Any) -> None:
    block = gpg.sign(mallory.fingerprint, TEXT)
    accept(block, mallory.cert)
    with pytest.raises(SignatureError, match=f"not a key of {alice.fingerprint}"):
        accept(block, alice.cert)


def test_an_issuer_that_did_not_sign_is_refused(gpg: Gpg, alice: Any, mallory: Any) -> None:
    raw = raw_of(gpg.sign(mallory.fingerprint, TEXT))
    for name in (bytes.fromhex(mallory.fingerprint), bytes.fromhex(mallory.fingerprint)[-8:]):
        raw = raw.replace(name, bytes.fromhex(alice.fingerprint)[-len(name) :])
    signature = read_signature(armored(raw))
    assert signature.issuer == alice.fingerprint
    for cert in (alice.cert, mallory.cert):
        with pytest.raises(SignatureError):
            verify(canonical(TEXT), signature, cert)


def test_what_is_said_outside_the_signed_part_is_refused(alice: Any) -> None:
    """The mathematics does not cover it, so anybody could have put it there."""
    raw = raw_of(alice.block)
    body = packets(raw)[0][1]
    start = 6 + int.from_bytes(body[4:6], "big")
    rest = body[start + 2 + int.from_bytes(body[start : start + 2], "big") :]
    issuer = bytes([9, 16]) + bytes.fromhex(alice.fingerprint)[-8:]

    def said(*subpackets: bytes) -> bytes:
        area = b"".join(subpackets)
        whole = packet(2, body[:start] + len(area).to_bytes(2, "big") + area + rest)
        octets = split(alice.block).text[:-1].replace(b"\n", b"\r\n")
        sig = pysequoia.Sig.from_bytes(whole)
        assert (
            len(pysequoia.verify(octets, lambda _: [alice.cert.cert], signature=sig).valid_sigs)
            == 1
        )
        return armored(whole)

    again = bytes([22, 33, 4]) + bytes.fromhex(alice.fingerprint)
    assert read_signature(said()).issuer == alice.fingerprint
    assert read_signature(said(issuer, again)).issuer == alice.fingerprint
    for more in (
        b"\x05\x02\x00\x00\x00\x01",
        b"\x05\x03\x00\x00\x00\x01",
        bytes([9, 16]) + b"mallory!",
    ):
        with pytest.raises(SignatureError, match="only the same issuer"):
            read_signature(said(issuer, more))


def test_only_a_whole_version_4_document_signature_counts(alice: Any) -> None:
    raw = raw_of(alice.block)
    body = packets(raw)[0][1]
    for wrong, words in (
        (packet(2, b"\x03" + body[1:]), "version 3"),
        (packet(2, b"\x06" + body[1:]), "version 6"),
        (packet(2, body[:1] + b"\x10" + body[2:]), "type 10"),
        (packet(2, body[:1] + b"\x02" + body[2:]), "type 02"),
        (packet(2, body[:2] + b"\x11" + body[3:]), "algorithm 17"),
        (packet(13, body), "1 packets"),
        (raw + raw, "2 packets"),
        (raw + b"x", "begins no packet"),
        (raw[:-1], "after the data"),
        (b"\xc2\xe1" + body, "begins no packet"),  # a partial length
        (b"\x8b" + body, "begins no packet"),  # a length that is not said
        (packet(2, body[:40]), "subpacket"),
        (packet(2, b""), "version none"),
    ):
        with pytest.raises(SignatureError, match=words):
            read_signature(armored(wrong))


def test_issuer_and_time_must_stand_once_in_the_signed_part(alice: Any) -> None:
    body = packets(raw_of(alice.block))[0][1]
    issuer = bytes([22, 33, 4]) + bytes.fromhex(alice.fingerprint)
    time = b"\x05\x02\x5e\xd4\xed\xc0"
    for hashed, words in (
        (time, "fingerprint"),
        (issuer, "creation time"),
        (issuer + issuer + time, "fingerprint"),
        (issuer + time + time, "creation time"),
        (issuer + b"\x04\x02\x5e\xd4\xed", "creation time"),
        (issuer.replace(b"\x21\x04", b"\x21\x05") + time, "fingerprint"),
        (issuer + time + b"\x09\x10mallory!", "same issuer"),
        (issuer + time + b"\x05\x83\x00\x00\x00\x01", "expiry"),  # marked critical
    ):
        area = len(hashed).to_bytes(2, "big") + hashed + b"\0\0"
        with pytest.raises(SignatureError, match=words):
            read_signature(armored(packet(2, body[:4] + area + b"\0\0")))


def test_a_signature_that_expires_is_refused(gpg: Gpg, alice: Any) -> None:
    with pytest.raises(SignatureError, match="expiry"):
        accept(gpg.sign(alice.fingerprint, TEXT, "--default-sig-expire=1d"), alice.cert)


def test_a_text_with_cr_is_not_verified(alice: Any) -> None:
    found = split(alice.block)
    with pytest.raises(SignatureError, match="CR"):
        verify(found.text.replace(b"\n", b"\r\n"), read_signature(found.armor), alice.cert)


# Time: the signature's own, as far as Sequoia lets it.


def test_an_old_signature_verifies_although_the_key_has_expired_since(gpg: Gpg) -> None:
    fingerprint = gpg.key("dave", "ed25519", "2021-01-01")
    cert = certificate(gpg.export(fingerprint))
    assert cert.expires is not None and cert.expires.startswith("2021-01-01T")
    accept(gpg.sign(fingerprint, TEXT), cert)
    gpg("--quick-set-expire", fingerprint, "0")
    late = gpg.sign(fingerprint, TEXT, "--faked-system-time=20220601T120000")
    with pytest.raises(SignatureError, match="the key expired at 2021-01-01T"):
        accept(late, cert)


def test_a_signature_from_the_future_does_not_verify(gpg: Gpg, alice: Any) -> None:
    with pytest.raises(SignatureError, match="2100-01-01"):
        accept(gpg.sign(alice.fingerprint, TEXT, "--faked-system-time=21000101T000000"), alice.cert)


def test_a_signature_older_than_its_key_does_not_verify(gpg: Gpg) -> None:
    fingerprint = gpg.key("eve", "ed25519", "never")
    early = ("--faked-system-time=20190601T120000", "--ignore-time-conflict", "--ignore-valid-from")
    with pytest.raises(SignatureError):
        accept(gpg.sign(fingerprint, TEXT, *early), certificate(gpg.export(fingerprint)))


# Keys.


def test_a_certificate_says_what_the_key_is(gpg: Gpg, alice: Any) -> None:
    cert = alice.cert
    assert (cert.fingerprint, cert.keys) == (alice.fingerprint, frozenset([alice.fingerprint]))
    assert (cert.expires, cert.revoked, cert.addresses) == (None, False, ("alice@example.org",))
    assert cert.armored.encode() == gpg.export(alice.fingerprint)
    assert certificate(cert.armored) == certificate(cert.armored.encode()) == cert
    headed = cert.armored.replace("\n\n", "\nComment: x\n\n", 1).replace("\n", "\r\n")
    assert certificate("\n" + headed + " \n") == cert


def test_a_signature_by_a_signing_subkey_is_its_owners(gpg: Gpg) -> None:
    fingerprint = gpg.key("carol", "ed25519", "never")
    for usage in ("sign", "encr"):
        kind = "ed25519" if usage == "sign" else "cv25519"
        gpg("--faked-system-time=20200102T000000", "--quick-add-key", fingerprint, kind, usage)
    cert = certificate(gpg.export(fingerprint))
    _, signature = accept(gpg.sign(fingerprint, TEXT), cert)
    assert signature.issuer in cert.keys - {fingerprint}
    assert len(cert.keys) == 3


def test_a_key_hung_into_a_strangers_certificate_proves_nothing(
    gpg: Gpg, alice: Any, mallory: Any
) -> None:
    own = dearmor(mallory.cert.armored.encode(), "PUBLIC KEY BLOCK")
    stolen = packets(dearmor(alice.cert.armored.encode(), "PUBLIC KEY BLOCK"))[0][1]
    binding = packets(own)[2]  # Mallory's own signature, of another thing
    raw = own + packet(14, stolen) + packet(*binding)
    cert = certificate(armored(raw, pysequoia.ArmorKind.PublicKey))
    assert cert.keys == {alice.fingerprint, mallory.fingerprint}
    with pytest.raises(SignatureError, match="no valid signatures"):
        accept(alice.block, cert)


def test_a_weak_or_foreign_key_is_refused(gpg: Gpg, alice: Any, mallory: Any) -> None:
    rsa = gpg.key("rsa1024", "rsa1024", "never")
    sha1 = gpg.key("sha1", "ed25519", "never", "--cert-digest-algo=SHA1")
    brainpool = gpg.key("brainpool", "brainpoolP256r1", "never")
    late = ["--faked-system-time=21000101T000000"]
    future = re.findall(
        rb"KEY_CREATED . ([0-9A-F]{40})",
        gpg(
            "--status-fd=1",
            *late,
            "--quick-gen-key",
            "late <l@example.org>",
            "ed25519",
            "sign",
            "0",
        ),
    )[0].decode()
    secret = gpg("--armor", "--export-secret-keys", alice.fingerprint)
    good = gpg.export(alice.fingerprint)
    for key, words in (
        (gpg.export(rsa), "RSA of 1024 bits; should be 2048"),
        (gpg.export(sha1), "No binding signature"),
        (gpg.export(brainpool), "No binding signature"),
        (gpg("--armor", *late, "--export", future), "later than now"),
        (secret, "BEGIN PGP PRIVATE KEY BLOCK"),
        (armored(dearmor(secret, "PRIVATE KEY BLOCK"), pysequoia.ArmorKind.PublicKey), "packets"),
        (gpg("--armor", "--export", alice.fingerprint, mallory.fingerprint), "one public key"),
        (good + gpg.export(mallory.fingerprint), "nothing after"),
        (gpg("--export", alice.fingerprint), "should be -----BEGIN PGP PUBLIC KEY BLOCK-----"),
        (alice.block, "BEGIN PGP PUBLIC KEY"),
        ("", "should be -----BEGIN"),
        ("\udcff", "should be -----BEGIN"),
    ):
        with pytest.raises(KeyRefused, match=re.escape(words)):
            certificate(key)


def test_rsa_of_2048_bits_and_the_nist_curves_are_good(gpg: Gpg) -> None:
    for kind in ("rsa2048", "nistp256", "nistp384", "nistp521"):
        fingerprint = gpg.key(kind, kind, "never")
        accept(gpg.sign(fingerprint, TEXT), certificate(gpg.export(fingerprint)))


def test_a_key_that_others_signed_must_come_without_their_signatures(
    gpg: Gpg, alice: Any, mallory: Any
) -> None:
    gpg("-u", alice.fingerprint, "--yes", "--quick-sign-key", mallory.fingerprint)
    with pytest.raises(KeyRefused, match=r"a signature by another key; gpg .* export-minimal"):
        certificate(gpg("--armor", "--export", mallory.fingerprint))
    assert certificate(gpg.export(mallory.fingerprint)) == mallory.cert


def test_a_key_whose_own_signature_expires_is_refused(alice: Any) -> None:
    found = packets(dearmor(alice.cert.armored.encode(), "PUBLIC KEY BLOCK"))
    body = found[2][1]
    size = int.from_bytes(body[4:6], "big")
    longer = body[:4] + (size + 6).to_bytes(2, "big") + b"\x05\x03\x00\x01\x00\x00" + body[6:]
    raw = b"".join(packet(*one) for one in (*found[:2], (2, longer)))
    with pytest.raises(KeyRefused, match="expires; only the key should"):
        certificate(armored(raw, pysequoia.ArmorKind.PublicKey))


def test_a_revoked_key_is_known_as_such(gpg: Gpg) -> None:
    fingerprint = gpg.key("ruth", "ed25519", "never")
    block = gpg.sign(fingerprint, TEXT)
    revocation = (Path(gpg.home) / "openpgp-revocs.d" / f"{fingerprint}.rev").read_bytes()
    gpg("--import", data=revocation[revocation.index(b":-----BEGIN") + 1 :])
    cert = certificate(gpg.export(fingerprint))
    assert cert.revoked
    with pytest.raises(SignatureError):
        accept(block, cert)


# Any bytes.


@settings(max_examples=300, deadline=None)
@given(body=st.binary(max_size=300))
def test_splitting_any_bytes_raises_nothing_but_a_pit_error(body: bytes) -> None:
    for data in (body, HEAD + body, HEAD + b"x\n" + SIGNATURE + b"\n" + body):
        try:
            split(data)
        except ShapeError as error:
            assert str(error).startswith("line ")


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_whatever_happens_to_a_block_it_gives_the_signed_text_or_none(
    alice: Any, data: st.DataObject
) -> None:
    block = alice.block
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(block)))
        end = data.draw(st.integers(start, min(start + 40, len(block))))
        pieces = [
            b"",
            b"\n",
            b"\r",
            b" ",
            b"-",
            b"- ",
            b"=",
            block[start:end] * 2,
            BEGIN,
            SIGNATURE,
        ]
        piece = data.draw(st.sampled_from(pieces) | st.binary(max_size=3))
        block = block[:start] + piece + block[end:]
    try:
        text, signature = accept(block, alice.cert)
    except PitError:
        return
    assert text == split(alice.block).text
    assert signature[:3] == read_signature(split(alice.block).armor)[:3]


def long_way(step: Callable[[bytes], Any], data: bytes) -> Any:
    try:
        return step(data)
    except PitError:
        return None


_BLOCK_LINES = st.sampled_from(
    [b"", b" ", b"a", b"a ", b"-", b"- -a", b"- a", b"a-b", b"From a", BEGIN[:-1], b"\0", b"a\r"]
)


@settings(max_examples=500)
@given(
    head=st.sampled_from([HEAD, HEAD[:-1], HEAD + b" \n", BEGIN + b"\n", BEGIN]),
    lines=st.lists(_BLOCK_LINES, max_size=4),
    end=st.sampled_from([b"", b"\n", b"\n\n", b"x", b" "]),
)
def test_the_short_way_through_a_block_finds_what_the_long_way_finds(
    alice: Any, head: bytes, lines: list[bytes], end: bytes
) -> None:
    armor = split(alice.block).armor
    body = head + b"".join(line + b"\n" for line in lines) + armor.rstrip(b"\n") + end
    short = clearsigned._usual(body)
    plain = not any(b"-" in line or line.endswith((b" ", b"\r", b"\0")) for line in lines)
    if plain and any(lines) and head in (HEAD, BEGIN + b"\n") and not end.strip(b"\n"):
        assert short is not None
    if short is not None:
        assert short == long_way(clearsigned._unusual, body)


@cache
def of_sequoia() -> bytes:
    """A block that Sequoia made."""
    cert = pysequoia.Cert.generate("Ann <ann@example.org>")
    mode = pysequoia.SignatureMode.CLEAR
    return bytes(pysequoia.sign(cert.secrets.signer(), b"a\n", mode=mode))


@settings(max_examples=500)
@given(data=st.data())
def test_the_short_way_through_a_signature_finds_what_the_long_way_finds(
    alice: Any, data: st.DataObject
) -> None:
    raws = [raw_of(alice.block), raw_of(of_sequoia())]
    assert all(openpgp._usual(raw) == openpgp._unusual(raw) for raw in raws)
    raw = bytearray(data.draw(st.sampled_from(raws)))
    at = data.draw(st.integers(0, len(raw) - 1))
    kind = data.draw(st.sampled_from(["flip", "drop", "add"]))
    if kind == "flip":
        raw[at] ^= data.draw(st.integers(1, 255))
    elif kind == "drop":
        del raw[at]
    else:
        raw.insert(at, data.draw(st.integers(0, 255)))
    short = openpgp._usual(bytes(raw))
    assert short is None or short == long_way(openpgp._unusual, bytes(raw))


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_broken_packets_raise_nothing_but_pit_errors(alice: Any, data: st.DataObject) -> None:
    key = dearmor(alice.cert.armored.encode(), "PUBLIC KEY BLOCK")
    for raw, kind in (
        (raw_of(alice.block), pysequoia.ArmorKind.Signature),
        (key, pysequoia.ArmorKind.PublicKey),
    ):
        start = data.draw(st.integers(0, len(raw)))
        end = data.draw(st.integers(start, len(raw)))
        broken = raw[:start] + data.draw(st.binary(max_size=40)) + raw[end:]
        block = armored(broken, kind)
        try:
            if kind == pysequoia.ArmorKind.Signature:
                signature = read_signature(block)
                verify(split(alice.block).text, signature, alice.cert)
                assert signature.issuer == alice.fingerprint
            else:
                assert certificate(block).fingerprint in certificate(block).keys
        except PitError:
            pass
