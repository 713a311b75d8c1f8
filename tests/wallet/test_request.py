"""Join requests: what proves that whoever asks has the key, and what only looks like it."""

import base64
import subprocess
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

import pytest

from pit.archives.errors import NoInput, PitError
from pit.pits.gnupg import KeyHome
from pit.pits.home import Settings
from pit.pits.identity import Identity
from pit.wallet import request
from tests.conftest import end_agent

ID = "4f72443ffd17a0b1" * 4
POLICY = SMTP.clone(linesep="\n")


class People:
    """Dora, who asks; Mallory, who would be her; other keys of Dora's: expired, revoked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.keys = KeyHome(folder)
        self.dora = self.keys.make_key("Dora", "dora@example.org")
        self.mallory = self.keys.make_key("Mallory", "mallory@example.org")
        self.late = self.past("Late", "dora@example.org")
        self.gone = self.keys.make_key("Gone", "dora@example.org")

    def gpg(self, *args: str, stdin: bytes = b"") -> bytes:
        """What gpg prints."""
        command = ["gpg", "--homedir", str(self.folder), "--batch", "--quiet", "--armor", *args]
        return subprocess.run(command, input=stdin, capture_output=True, check=True).stdout

    def past(self, name: str, mail: str) -> str:
        """A key of 2020 that was good for a year."""
        before = {*self.keys.secret_keys()}
        made = ("--passphrase", "", "--quick-gen-key", f"{name} <{mail}>", "ed25519", "sign", "1y")
        self.gpg("--faked-system-time", "20200101T000000", *made)
        return str(({*self.keys.secret_keys()} - before).pop())

    def text(self, key: str, **other: str) -> str:
        """What a request says; other: lines that say something else, '' none."""
        said = {"pit": "acme", "id": ID, "handle": "dora", "mail": "dora@example.org"}
        said |= {"fingerprint": key, **other}
        return "Hello!\n" + "".join(f"{name}: {value}\n" for name, value in said.items() if value)

    def block(self, text: str, key: str) -> str:
        """A text, clearsigned."""
        return self.keys.clearsign(text, key)


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Iterator[People]:
    """Their keys, in one GnuPG home."""
    folder = tmp_path_factory.mktemp("k")
    people = People(folder)
    yield people
    people.keys.close()
    end_agent(folder)


def mail(text: str, *attached: str | bytes, **how: Any) -> bytes:
    """A mail with a text and attached keys."""
    message = EmailMessage(POLICY)
    message["From"], message["To"] = "Dora <dora@example.org>", "operator@example.org"
    message["Subject"] = "join"
    message.set_content(text, **how)
    for key in attached:
        data = key.encode() if isinstance(key, str) else key
        message.add_attachment(data, maintype="application", subtype="pgp-keys", filename="k.asc")
    return message.as_bytes()


def pgp_mime(people: People, inner: str, key: str, below: str = "") -> bytes:
    """A multipart/signed mail (RFC 3156) of a part, LF line ends."""
    octets = inner.replace("\n", "\r\n").encode()
    signature = people.gpg("--local-user", key, "--detach-sign", stdin=octets).decode()
    return (
        "From: dora@example.org\nTo: op@example.org\nMIME-Version: 1.0\n"
        'Content-Type: multipart/signed; boundary="xyz"; micalg=pgp-sha512;\n'
        ' protocol="application/pgp-signature"\n\n'
        f"--xyz\n{inner}\n--xyz\nContent-Type: application/pgp-signature\n\n{signature}\n"
        f"--xyz--\n{below}"
    ).encode()


def mixed(text: str, key: str) -> str:
    """A part that holds a text and a key, as Thunderbird signs it."""
    return (
        'Content-Type: multipart/mixed; boundary="in"\n\n--in\n'
        f"Content-Type: text/plain; charset=utf-8\n\n{text}\n--in\n"
        "Content-Type: application/pgp-keys; name=k.asc\n"
        "Content-Transfer-Encoding: base64\n\n"
        f"{base64.encodebytes(key.encode()).decode()}\n--in--\n"
    )


def read(data: bytes, folder: Path) -> request.Request:
    """What a request says."""
    file = folder / "request.eml"
    file.write_bytes(data)
    return request.read(file)


def test_a_request_comes_back_as_it_was_made(people: People, tmp_path: Path) -> None:
    me = Identity("dora", people.dora, "Dora Ünlü", "dora@example.org")
    settings = Settings("acme", ID, "acme@example.org", "")
    made = request.make(people.keys, me, settings, "operator@example.org")
    assert made.isascii() and b"\nTo: operator@example.org\n" in made
    for data in (made, made.replace(b"\n", b"\r\n"), b"Pit-Refused: key\n" + made):
        found = read(data, tmp_path)
        assert found[:4] == ("acme", ID, "dora", "dora@example.org")
        assert found.key.fingerprint == people.dora


def good(people: People) -> dict[str, bytes]:
    """Requests in the forms that mail programs write."""
    key, text = people.keys.export(people.dora), people.text(people.dora)
    block = people.block(text, people.dora)
    versioned = b"-----BEGIN PGP SIGNATURE-----\nVersion: GnuPG v2\nComment: x\n"
    spaced = " ".join(people.dora[at : at + 4] for at in range(0, 40, 4)).lower()
    part = f"Content-Type: text/plain; charset=utf-8\n\n{text}"
    return {
        "attached": mail(block, key),
        "below": mail(f"{block}\n{key}"),
        "base64": mail(block, key, cte="base64"),
        "quoted-printable": mail(block, key, cte="quoted-printable"),
        "footer": mail(f"Dear operator,\n\n{block}\nsent from my phone\n", key),
        "spaced": mail(people.block(people.text(spaced), people.dora), key),
        "capitals": mail(people.block(text.replace("mail: dora", "mail: Dora"), people.dora), key),
        "signed part": pgp_mime(people, mixed(text, key), people.dora),
        "armour's headers": pgp_mime(people, mixed(text, key), people.dora).replace(
            b"-----BEGIN PGP SIGNATURE-----\n", versioned
        ),
        "key inside": pgp_mime(people, f"{part}\n{key}", people.dora),
        "forwarded": b"Subject: fw\nContent-Type: message/rfc822\n\n" + mail(block, key),
    }  # fmt: skip


def test_a_request_counts_in_whatever_form_it_comes(people: People, tmp_path: Path) -> None:
    for form, data in good(people).items():
        found = read(data, tmp_path)
        assert (found.handle, found.key.fingerprint) == ("dora", people.dora), form


def bad(people: People) -> list[tuple[str, bytes, str]]:
    """Name, mail, what the refusal says."""
    keys, dora, mallory = people.keys, people.dora, people.mallory
    key, other = keys.export(dora), keys.export(mallory)
    text = people.text(dora)
    block = people.block(text, dora)
    secret = people.gpg("--export-secret-keys", dora).decode()
    disguised = secret.replace("PRIVATE", "PUBLIC")
    revocation = (people.folder / f"openpgp-revocs.d/{people.gone}.rev").read_text()
    said = people.block(people.text(people.gone), people.gone)
    people.gpg("--import", stdin=revocation.partition("\n:")[2].encode())
    early = people.gpg(
        *("--faked-system-time", "20200601T000000", "--local-user", people.late, "--clearsign"),
        stdin=people.text(people.late).encode(),
    ).decode()

    def saying(**other: str) -> bytes:
        return mail(people.block(people.text(dora, **other), dora), key)

    whole = pgp_mime(people, mixed(text, key), dora)
    outside = f"Content-Type: text/plain\n\n{text}"
    return [
        ("another's signature", mail(people.block(text, mallory), key), f"not a key of {dora}"),
        ("another's key", mail(block, other), f"not a key of {mallory}"),
        ("his key, her name", mail(people.block(text, mallory), other), f"key {dora}; attached is"),
        ("changed", mail(block.replace("handle: dora", "handle: doro"), key), "signature of"),
        ("changed part", whole.replace(b"handle: dora", b"handle: doro"), "signature of"),
        ("two keys", mail(block, key, other), "2 armoured public keys in it; right is one"),
        ("the same twice", mail(f"{block}\n{key}", key), "2 armoured public keys"),
        ("two in one", mail(block, people.gpg("--export", dora, mallory)), "one public key (6)"),
        ("no key", mail(block), "0 armoured public keys in it"),
        ("a secret key", mail(block, key, secret), "has a secret key in it"),
        ("only a secret key", mail(block, secret), "has a secret key in it"),
        ("a disguised secret key", mail(block, disguised), "there should be one public key (6)"),
        ("a key of 10 MB", mail(block, key + "A" * 10_000_000), "longer than 1048576 bytes"),
        ("not armoured", mail(block, b"\x98\x33\x04" + bytes(40)), "0 armoured public keys"),
        ("a torn key", mail(block, key.replace("=", "", 1)[:300]), "0 armoured public keys"),
        ("unsigned", mail(text, key), "0 signed texts in it; right is one"),
        ("two signed texts", mail(f"{block}\n{block}", key), "2 signed texts in it"),
        ("not what is signed", pgp_mime(people, mixed("hello", key), dora, outside), "wrong is"),
        ("said around it", mail(people.block("hello\n", dora) + text, key), "wrong is"),
        ("no such address", saying(mail="eve@example.org"), "no address in the key's user ids"),
        ("another key", saying(fingerprint=mallory), f"it speaks of the key {mallory}; attached"),
        ("no handle", saying(handle=""), "wrong is handle"),
        ("handle twice", saying(handle="dora\nhandle: eve"), "wrong is handle"),
        ("a path", saying(handle="../../x"), "`handle: ../../x` is not a handle"),
        ("a long id", saying(id=f"{ID}0"), "is not a pit's id, 64 hex digits"),
        ("an escape", saying(pit="acme\x1b[2J"), "is not a pit's name"),
        ("expired", mail(early, keys.export(people.late)), "expired at 2020-12-31"),
        ("revoked", mail(said, keys.export(people.gone)), f"the key {people.gone} is revoked"),
        ("deep", b"Content-Type: multipart/mixed; boundary=a\n\n--a\n" * 5000, "than 20 parts"),
        ("long", b"x" * (1 << 21), "longer than"),
        ("many begun", b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n" * 28_000, "0 armoured"),
        ("many begun texts", b"-----BEGIN PGP SIGNED MESSAGE-----\n" * 29_000, "0 armoured"),
        ("nothing", b"", "0 armoured public keys"),
        ("noise", bytes(range(256)) * 99, "0 armoured public keys"),
    ]  # fmt: skip


def test_what_only_looks_like_a_request_is_refused_with_the_reason(
    people: People, tmp_path: Path
) -> None:
    for name, data, why in bad(people):
        with pytest.raises(PitError) as refused:
            read(data, tmp_path)
        assert why in str(refused.value), name
        assert str(refused.value).startswith(f"{tmp_path}/request.eml: "), name
    with pytest.raises(NoInput):
        request.read(tmp_path / "nowhere")


def test_a_request_for_another_pit_is_refused(people: People, tmp_path: Path) -> None:
    found = read(good(people)["attached"], tmp_path)
    request.check_for(found, "acme", ID)
    for pit, id in (("acme", "0" * 64), ("desk", ID)):
        with pytest.raises(PitError, match="the request is for the pit acme, id 4f72"):
            request.check_for(found, pit, id)
