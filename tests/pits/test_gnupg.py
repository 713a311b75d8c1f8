"""Keys in real GnuPG homes: made, listed, exported, imported, signed with, and the agents ended."""

import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pit.archives.cut import canonical
from pit.archives.errors import CannotCreate, Denied, Misconfigured, PitError
from pit.pits.gnupg import KeyHome
from pit.pits.openpgp import ShapeError, certificate, read_signature, split, verify

TEXT = "pit acme\nbuy 100 ACME @ 12.50  \n- a dash\nFrom here on\nZoë\n"


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="pit-", dir="/tmp") as name:
        yield Path(name)


@pytest.fixture(scope="module")
def home(folder: Path) -> Iterator[KeyHome]:
    with KeyHome(folder / "main") as home:
        yield home


@pytest.fixture(scope="module")
def alice(home: KeyHome) -> str:
    return home.make_key("Alice", "alice@example.org")


def agent_runs(folder: Path) -> bool:
    """Whether an agent answers; a folder with a long path is reached from inside."""
    ask = ["gpg-connect-agent", "--homedir", ".", "--no-autostart", "GETINFO pid", "/bye"]
    return b"OK" in subprocess.run(ask, cwd=folder, capture_output=True).stdout


def test_a_new_home_is_private(home: KeyHome) -> None:
    assert stat.S_IMODE(home.folder.stat().st_mode) == 0o700


def test_a_new_key_signs_and_certifies_and_never_expires(home: KeyHome, alice: str) -> None:
    cert = certificate(home.export(alice))
    assert (cert.fingerprint, cert.keys, cert.expires) == (alice, frozenset([alice]), None)
    assert cert.addresses == ("alice@example.org",)
    assert alice in home.secret_keys()


def test_what_is_signed_verifies_and_gives_the_text(home: KeyHome, alice: str) -> None:
    block = split(home.clearsign(TEXT, alice).encode())
    signature = read_signature(block.armor, block.hash)
    verify(block.text, signature, certificate(home.export(alice)))
    assert block.text == canonical(TEXT.encode())
    assert (signature.issuer, signature.hash) == (alice, "SHA512")


def test_a_name_may_be_of_any_script_or_missing(home: KeyHome) -> None:
    named = home.make_key("Zoë Ünal 張", "zoe@example.org")
    assert certificate(home.export(named)).addresses == ("zoe@example.org",)
    assert [str(uid) for uid in certificate(home.export(named)).cert.user_ids] == [
        "Zoë Ünal 張 <zoe@example.org>"
    ]
    for nameless in ("", " "):
        bare = home.make_key(nameless, "bare@example.org")
        assert certificate(home.export(bare)).addresses == ("bare@example.org",)


@pytest.mark.parametrize("name", ["x\n%commit", "x\0", "x <y@example.org>", "x (y)"])
def test_a_name_or_an_address_cannot_say_more_than_that(home: KeyHome, name: str) -> None:
    before = home.secret_keys()
    for pair in ((name, "x@example.org"), ("x", name), ("x", f"x@{name}"), ("x", "nowhere")):
        with pytest.raises(PitError, match="should be a name"):
            home.make_key(*pair)
    assert home.secret_keys() == before


def test_gpg_says_why_it_makes_no_key(folder: Path) -> None:
    (folder / "broken").mkdir(0o700)
    (folder / "broken" / "private-keys-v1.d").write_text("in the way")
    said = r"^no key for x@example.org: .*Not a directory"
    with KeyHome(folder / "broken") as home, pytest.raises(Denied, match=said) as caught:
        home.make_key("X", "x@example.org")
    assert "\n" not in str(caught.value)


def test_no_other_key_signs_for_a_missing_one(home: KeyHome, alice: str) -> None:
    for fingerprint in ("0" * 40, alice[::-1]):
        with pytest.raises(Denied, match=f"{fingerprint} does not sign: .*No secret key"):
            home.clearsign(TEXT, fingerprint)
        with pytest.raises(Denied, match="there is no key"):
            home.export(fingerprint)


@pytest.mark.parametrize("name", ["alice", "alice@example.org", "", "--armor", "a" * 40, "F" * 39])
def test_a_key_is_named_by_its_fingerprint_alone(home: KeyHome, alice: str, name: str) -> None:
    for ask in (home.export, lambda name: home.clearsign(TEXT, name)):
        with pytest.raises(Denied, match="should be a fingerprint"):
            ask(name)


def test_a_protected_key_signs_with_its_passphrase_only(folder: Path) -> None:
    with KeyHome(folder / "secret") as home:
        bob = home.make_key("Bob", "bob@example.org", passphrase="trüe  words")
    with KeyHome(folder / "secret") as home:
        with pytest.raises(Denied, match=r"does not sign: .*Bad passphrase"):
            home.clearsign(TEXT, bob, passphrase="wrong")
        assert split(home.clearsign(TEXT, bob, passphrase="trüe  words").encode())
    with KeyHome(folder / "secret") as home, pytest.raises(Denied, match="Bad passphrase"):
        home.clearsign(TEXT, bob, passphrase="forgotten with the agent")


@pytest.mark.parametrize("passphrase", ["", " x", "x ", "x\ny", "x\0", "\t"])
def test_a_passphrase_that_would_not_come_back_is_refused(
    home: KeyHome, alice: str, passphrase: str
) -> None:
    with pytest.raises(Denied, match="one line"):
        home.make_key("X", "x@example.org", passphrase=passphrase)
    with pytest.raises(Denied, match="one line"):
        home.clearsign(TEXT, alice, passphrase=passphrase)


@pytest.mark.parametrize(
    "text", ["", "\n", "a\r\nb\n", "a\rb\n", "a\0b\n", "x" * 25_000 + "\n", "\udcff\n"]
)
def test_a_text_that_would_not_come_back_is_not_signed(
    home: KeyHome, alice: str, text: str
) -> None:
    with pytest.raises(ShapeError):
        home.clearsign(text, alice)


def test_a_gpg_conf_changes_nothing(folder: Path) -> None:
    with KeyHome(folder / "conf") as home:
        (home.folder / "gpg.conf").write_text("comment x\nemit-version\ndigest-algo SHA1\n")
        carol = home.make_key("Carol", "carol@example.org")
        block = split(home.clearsign(TEXT, carol).encode())
    assert block.hash == "SHA512"
    assert b"Comment" not in block.armor


def test_an_imported_key_is_known_and_only_a_secret_one_signs(
    folder: Path, home: KeyHome, alice: str
) -> None:
    public = home.export(alice).encode()
    ask = ["gpg", "--homedir", str(home.folder), "--batch", "--export-secret-keys", alice]
    secret = subprocess.run(ask, capture_output=True, check=True).stdout
    with KeyHome(folder / "other") as other:
        assert other.import_key(public) == other.import_key(public) == [alice]
        assert other.export(alice).encode() == public
        assert other.secret_keys() == []
        with pytest.raises(Denied, match="No secret key"):
            other.clearsign(TEXT, alice)
        assert other.import_key(secret) == [alice]
        assert other.secret_keys() == [alice]
        assert split(other.clearsign(TEXT, alice).encode()).text == canonical(TEXT.encode())


@pytest.mark.parametrize("data", [b"", b"nonsense", b"\xff\xfe\x00", b"-----BEGIN PGP PUBLIC KEY"])
def test_what_is_no_key_is_not_imported(home: KeyHome, data: bytes) -> None:
    with pytest.raises(PitError, match=r"there should be an OpenPGP key: [a-zA-Z[]"):
        home.import_key(data)


def test_a_home_with_a_long_path_works_and_leaves_nothing_behind(folder: Path) -> None:
    deep = folder / ("d" * 60) / ("e" * 60)
    with KeyHome(deep) as home:
        dora = home.make_key("Dora", "dora@example.org")
        link = Path(home._home)
        assert link.resolve() == deep.resolve()
        assert split(home.clearsign(TEXT, dora).encode())
    assert not link.parent.exists()
    with KeyHome(deep) as home:
        assert home.secret_keys() == [dora]
        assert Path(home._home).parent != link.parent


def test_closing_ends_the_agent_and_a_second_time_does_nothing(folder: Path) -> None:
    home = KeyHome(folder / "closed")
    home.make_key("Eve", "eve@example.org")
    assert agent_runs(home.folder)
    home.close()
    assert not agent_runs(home.folder)
    home.close()


def test_a_text_is_signed_though_the_agent_is_ended_again_and_again(folder: Path) -> None:
    """As another program does that closes the same home: once in six times gpg alone would fail."""
    with KeyHome(folder / "ended") as home:
        key = home.make_key("Gil", "gil@example.org")
        ending = f"while gpgconf --homedir {home.folder} --kill gpg-agent; do sleep 0.2; done"
        other = subprocess.Popen(["sh", "-c", ending])
        try:
            for _ in range(40):
                assert split(home.clearsign(TEXT, key).encode()).text == canonical(TEXT.encode())
            assert other.poll() is None
        finally:
            other.kill()
            other.wait()


def test_a_forgotten_home_ends_its_agent_too(folder: Path) -> None:
    home = KeyHome(folder / "forgotten")
    home.make_key("Fay", "fay@example.org")
    assert agent_runs(folder / "forgotten")
    del home
    assert not agent_runs(folder / "forgotten")


def test_without_gpg_it_says_what_to_install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(folder))
    with pytest.raises(Misconfigured, match="install GnuPG"):
        KeyHome(folder / "none")


def test_a_file_in_the_way_of_the_home_is_named(folder: Path) -> None:
    (folder / "file").write_text("")
    for path in (folder / "file", folder / "file" / "gnupg"):
        with pytest.raises(CannotCreate, match=str(folder / "file")):
            KeyHome(path)
