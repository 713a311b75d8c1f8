"""PGP/MIME before the notary: as mail programs make it, signed by real keys, and nothing else."""

import os
import pty
import random
import select
import shutil
import signal
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pit.archives import mime
from pit.archives.entry import read_entry
from pit.archives.mime_text import Coding
from pit.moderator.case import Case
from pit.moderator.ledger import read_ledger
from pit.moderator.nesting import depth
from pit.moderator.rules import QUARANTINED, TAKEN, decide
from tests.archives.pgp_mime import Flow, Sign, apple, flowed, mutt, thunderbird
from tests.moderator.world import NAME, NOW, Keys, World, mail_of, short_folder

TIME = NOW.replace(tzinfo=None).isoformat() + ".000000Z"
HEAD = ("From: Alice <alice@example.org>", "To: acme@pits.example", "Subject: order")


def bird(text: bytes, *args: object, **named: object) -> bytes:
    """Thunderbird's mail, its text flowed as Thunderbird does it."""
    return thunderbird(flowed(Flow(text), False), *args, **named)


PROGRAMS = {"thunderbird": bird, "mutt": mutt, "apple": apple}
ORDER = 'buy 7 ACME @ 12.50\n  ref: x\nsay "grün"\n'
UNSIGNED = "no valid signatures"
ASCII = "buy 7 ACME @ 12.50\n"


def signer(keys: Keys, who: str = "alice", *options: str, seconds: int = 0) -> Sign:
    """Detached signatures by gpg; each is made in the same second, `seconds` before NOW."""

    def sign(octets: bytes) -> bytes:
        at = NOW - timedelta(seconds=600 + seconds)
        user = ("--local-user", keys.prints[who])
        return keys.gpg(*user, *options, "--armor", "--detach-sign", at=at, data=octets)

    return sign


def case_of(world: World, mail: bytes) -> Case:
    ledger = read_ledger(world.home.archive(NAME), NAME)
    now = datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
    return Case(mail, ledger, now, world.settings)


def verified_by_gpg(keys: Keys, mail: bytes, folder: Path) -> str:
    """The key that gpg names, given the two parts of the mail as they are cut from it."""
    found = mime.cut(mail)
    (folder / "part").write_bytes(found.octets)
    (folder / "part.asc").write_bytes(mail[slice(*found.signature)])
    files = ("--verify", str(folder / "part.asc"), str(folder / "part"))
    said = keys.gpg("--status-fd", "1", *files).decode()
    (valid,) = [line for line in said.split("\n") if " VALIDSIG " in line]
    return valid.split()[-1]


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
@pytest.mark.parametrize("program", PROGRAMS)
def test_an_order_as_a_program_signs_it_stands_as_it_came(
    world: World, tmp_path: Path, program: str, ends: str
) -> None:
    order = ASCII if program == "apple" else ASCII + 'say "grün"\n'
    text = world.text(order)
    mail = PROGRAMS[program](text.encode(), signer(world.keys), head=HEAD)
    sent = mail.replace(b"\n", ends.encode())
    (code,) = world.codes(sent)
    assert code.startswith("stamped ")
    entry = world.entries()[-2]
    assert entry.text == text
    stamp, stored = read_entry(entry.raw)
    assert stored == mail
    assert stamp.signed == (NOW - timedelta(seconds=600)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert verified_by_gpg(world.keys, stored, tmp_path) == world.keys.prints["alice"]


def test_a_text_is_one_instruction_whatever_shape_it_comes_in(world: World) -> None:
    text, at = world.text(ASCII), NOW - timedelta(seconds=600)
    block = mail_of(world.keys.sign("alice", text, at), "alice")
    sign = signer(world.keys)
    (first,) = world.codes(mutt(text.encode(), sign, head=HEAD))
    assert first.startswith("stamped ")
    for again in (bird(text.encode(), sign, head=HEAD), block):
        assert world.codes(again) == [first.replace("stamped", "duplicate")]


@pytest.mark.parametrize("first", ["", "#a: comment\n", "#a: b\n#Content-Type: text/plain\n"])
def test_a_clearsigned_text_is_never_taken_again_as_a_part(world: World, first: str) -> None:
    """One signature, one text: octets that are both would be two instructions."""
    text = f"{first}\n{world.text(ASCII)}"
    block = world.keys.sign("alice", text)
    assert decide(case_of(world, mail_of(block, "alice"))).follows == TAKEN
    armor = block[block.index(b"-----BEGIN PGP SIGNATURE") :]
    mail = mutt(b"x", lambda octets: armor, head=HEAD)
    start, end = mime.cut(mail).part
    verdict = decide(case_of(world, mail[:start] + text.encode().removesuffix(b"\n") + mail[end:]))
    assert (verdict.follows, verdict.code) == (QUARANTINED, "shape")


def test_a_signed_part_is_never_taken_again_as_a_clearsigned_text(world: World) -> None:
    mail = mutt(world.text(ASCII).encode(), signer(world.keys, "alice", "--textmode"), head=HEAD)
    assert decide(case_of(world, mail)).follows == TAKEN
    found = mime.cut(mail)
    part = found.octets.replace(b"\r\n", b"\n") + b"\n"
    assert b"\n-" not in part
    block = b"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n" + part + found.armor
    verdict = decide(case_of(world, mail_of(block, "alice")))
    assert (verdict.follows, verdict.code) == (QUARANTINED, "shape")
    assert str(verdict.finding) == "the signed text is a part of a PGP/MIME mail, taken out of it"


@pytest.mark.parametrize("options", [("--textmode",), ("--digest-algo", "SHA384")])
def test_a_signature_of_a_text_counts_and_so_does_one_of_another_hash_than_micalg(
    world: World, options: tuple[str, ...]
) -> None:
    text = world.text(ORDER).encode()
    mail = bird(text, signer(world.keys, "alice", *options), head=HEAD, micalg="pgp-sha256")
    assert decide(case_of(world, mail)).follows == TAKEN


@pytest.mark.parametrize(
    ("change", "code", "why"),
    [
        (lambda mail: mail.replace(b"buy 7", b"buy 8"), "signature", UNSIGNED),
        (lambda mail: mail.replace(b"charset=utf-8", b"charset=UTF-8"), "signature", UNSIGNED),
        (lambda mail: mail.replace(b"12.50\n", b"12.50 =\n\n"), "signature", UNSIGNED),
        (lambda mail: mail.replace(b"From: Alice <alice", b"From: Bob <bob"), "key", "From is bob"),
        (lambda mail: mail.replace(b"\n\n--EUy", b"\n\nbuy 9\n--EUy", 1), "shape", "text above"),
        (lambda mail: mail + b"-- \nlist\n", "shape", "text below"),
        (lambda mail: mail.replace(b"text/plain", b"text/html", 1), "shape", "right is text/plain"),
        (lambda mail: mail.replace(b"\n\niH", b"\nHash: SHA256\n\niH"), "shape", "one armoured"),
        (lambda mail: mail.replace(b"\n\niH", b"\n\n iH"), "shape", "found ' iH"),
        (lambda mail: mail.replace(b"signed", b"encrypted", 1), "shape", "are not taken yet"),
        (lambda mail: mail.replace(b"\n", b"\r\n", 9), "shape", "mixed line ends"),
    ],
)  # fmt: skip
def test_what_is_not_wholly_signed_goes_into_quarantine(
    world: World, change: object, code: str, why: str
) -> None:
    mail = mutt(world.text(ASCII).encode(), signer(world.keys), head=HEAD)
    verdict = decide(case_of(world, change(mail)))
    assert (verdict.follows, verdict.code) == (QUARANTINED, code)
    assert why in str(verdict.finding)
    assert decide(case_of(world, mail)).follows == TAKEN


@pytest.mark.parametrize("kind", ["multipart/encrypted", "application/pgp-encrypted"])
def test_an_encrypted_mail_is_refused_with_that_as_the_reason(world: World, kind: str) -> None:
    head = f'Content-Type: {kind}; protocol="application/pgp-encrypted"; boundary="b"'
    body = b"--b\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n\n--b--\n"
    verdict = decide(case_of(world, mail_of(body, "alice", "MIME-Version: 1.0", head)))
    assert (verdict.code, str(verdict.finding)) == (
        "shape",
        f"`Content-Type: {kind}`; encrypted instructions are not taken yet",
    )


def test_other_inline_armour_is_no_shape(world: World) -> None:
    block = world.keys.sign("alice", world.text(ASCII))
    for kind in ("application/pgp; format=text; x-action=sign", "text/plain; x-action=pgp-signed"):
        mail = mail_of(block, "alice", f"Content-Type: {kind}")
        assert decide(case_of(world, mail)).code == "shape"


def test_a_protected_header_that_disagrees_is_named(world: World) -> None:
    text = world.text(ASCII).encode()
    for name, said in (("From", "Bob <bob@example.org>"), ("To", "x@y.z"), ("Subject", "sell")):
        mail = bird(text, signer(world.keys), head=HEAD, protected=(f"{name}: {said}",))
        verdict = decide(case_of(world, mail))
        assert verdict.code == "shape"
        assert str(verdict.finding).startswith(f"the signed `{name}` is '{said}'; the mail, ")


def test_no_change_of_a_mails_bytes_makes_another_text_stand(stands: World) -> None:
    ledger = read_ledger(stands.home.archive(NAME), NAME)
    text = stands.text('buy 7 ACME @ 12.50\n  ref: x\nsay "- grün"\n')
    sign = signer(stands.keys)
    seen = [
        mutt(text.encode(), sign, head=HEAD),
        bird(text.encode(), sign, Coding("quoted-printable", "utf-8", True), head=HEAD),
    ]
    pieces = [
        b"\n",
        b" ",
        b"=\n",
        b"=20",
        b"\r\n",
        b"x",
        b"X-A: b\n",
        b";",
        b"\n\n",
        b"Comment: x\n",
    ]
    dice = random.Random(1)
    taken = 0
    for _ in range(1500):
        mail = dice.choice(seen)
        at, length = dice.randrange(len(mail)), dice.choice((0, 0, 1, 1, 3, 40))
        case = Case(
            mail[:at] + dice.choice(pieces) + mail[at + length :], ledger, TIME, stands.settings
        )
        if decide(case).follows == TAKEN:
            taken += 1
            assert case.block.text.decode() == text
            assert case.mail.sender.lower() == "alice@example.org"
    assert 0 < taken < 1500


# --- how deep -----------------------------------------------------------------------------------


def nested(
    levels: int, inner: bytes = b"Content-Type: text/plain\n\nx\n", name: str = "b"
) -> bytes:
    """Multiparts in one another, as the rest of a mail's header and its body."""
    made = inner
    for level in range(levels):
        head = (
            f'Content-Type: multipart/mixed; boundary="{name}{level}"\n\n--{name}{level}\n'.encode()
        )
        made = head + made + f"\n--{name}{level}--\n".encode()
    return made


def test_multiparts_in_one_another_are_counted() -> None:
    for levels in (0, 1, 2, 3, 50, 5000):
        assert depth(b"From: a@b.c\n" + nested(levels)) == levels
    assert depth(nested(2, inner=b"Content-Type: message/rfc822\n\n" + nested(2, name="c"))) == 4
    beside = nested(1).replace(b"--b0--", b"--b0\n" + nested(1, name="c") + b"\n--b0--")
    assert depth(beside) == 2
    assert depth(b"Content-Type: text/plain\n\n" + nested(9)) == 0
    assert depth(b"Content-Type: multipart/mixed\n\n--\nContent-Type: multipart/mixed\n\n") == 1


def test_more_multiparts_in_one_another_than_thunderbirds_are_too_much(world: World) -> None:
    codes = {}
    for levels in (1, 2, 3, 5000):
        mail = mail_of(b"", "alice").removesuffix(b"\n") + b"MIME-Version: 1.0\n" + nested(levels)
        verdict = decide(case_of(world, mail))
        codes[levels] = verdict.code
    assert codes == {1: "shape", 2: "shape", 3: "size", 5000: "size"}
    assert str(verdict.finding) == "more than 2 multiparts in one another"


# --- real programs ------------------------------------------------------------------------------


def muttrc(folder: Path, keys: Keys) -> Path:
    """mutt's settings: it signs with gpg as its example gpg.rc does, and `sends` into a file."""
    sendmail = folder / "sendmail"
    sendmail.write_text(f"#!/bin/sh\ncat > {folder}/sent\n")
    sendmail.chmod(0o755)
    key = keys.prints["alice"]
    sign = "gpg --batch --quiet --output - --armor --textmode --detach-sign"
    rc = folder / "muttrc"
    rc.write_text(
        f"""
set sendmail="{sendmail}" from="Alice <alice@example.org>" copy=no charset=utf-8
set crypt_use_gpgme=no crypt_autosign=yes pgp_use_gpg_agent=yes pgp_check_exit=yes
set pgp_sign_as={key} pgp_default_key={key}
set pgp_sign_command="{sign} --local-user {key} %f"
set editor=true autoedit=yes edit_headers=yes abort_unmodified=no abort_nosubject=no
set folder="{folder}" spoolfile=/dev/null tmpdir="{folder}" postpone=no
"""
    )
    return rc


def run_mutt(folder: Path, keys: Keys, body: str, *settings: str) -> bytes:
    """What mutt hands to its sendmail when a user writes a mail and says `y` to send it."""
    (folder / "body").write_text(body)
    rc = muttrc(folder, keys)
    more = [word for one in settings for word in ("-e", f"set {one}")]
    args = ["mutt", "-n", "-F", str(rc), *more, "-s", "order", "-i", str(folder / "body")]
    child, screen = pty.fork()
    if not child:
        os.environ.update(GNUPGHOME=str(keys.folder), TERM="xterm", LC_ALL="C.UTF-8")
        os.execvp("mutt", [*args, "acme@pits.example"])
    seen, asked = b"", False
    end = time.monotonic() + 60
    try:
        while time.monotonic() < end:
            if screen in select.select([screen], [], [], 0.2)[0]:
                try:
                    seen += os.read(screen, 4096)
                except OSError:  # the other end is closed
                    break
            if not asked and b"Mutt: Compose" in seen:
                os.write(screen, b"y")
                asked = True
        else:
            os.kill(child, signal.SIGKILL)
    finally:
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        os.close(screen)
    assert status == 0, seen.decode("utf-8", "replace")
    return (folder / "sent").read_bytes()


@pytest.mark.parametrize(
    "setting", ["", "crypt_protected_headers_write=yes", "text_flowed=yes", "crypt_use_gpgme=yes"]
)
def test_what_mutt_sends_is_taken(world: World, setting: str) -> None:
    text = world.text(f"# trailing blank{'' if 'flowed' in setting else ' '}\n{ORDER}")
    with short_folder() as folder:
        mail = run_mutt(folder, world.keys, text, *([setting] if setting else []))
        assert b"multipart/signed" in mail and b"quoted-printable" in mail
        assert (b"\nSubject: order\n\npit" in mail) is ("protected" in setting)
        case = case_of(world, mail)
        verdict = decide(case)
        assert (verdict.follows, str(verdict.finding)) == (TAKEN, "")
        assert case.block.text.decode() == text.replace("blank \n", "blank\n")
        assert verified_by_gpg(world.keys, mail, folder) == world.keys.prints["alice"]


def test_what_thunderbirds_library_signs_is_taken(world: World) -> None:
    """Its signatures say that they expire after 0 seconds: never (RFC 4880, 5.2.3.10)."""
    with short_folder() as folder:
        secret = world.keys.gpg("--export-secret-keys", world.keys.prints["alice"], passphrase=True)
        (folder / "secret").write_bytes(secret)
        home = folder / "rnp"
        home.mkdir(0o700)
        named = ["--homedir", str(home), "--password", ""]
        rnp(["rnpkeys", *named, "--import-keys", str(folder / "secret")])

        def sign(octets: bytes) -> bytes:
            (folder / "part").write_bytes(octets)
            what = ["--sign", "--detach", "--armor", "--hash", "SHA512", str(folder / "part")]
            user = ["--userid", world.keys.prints["alice"], "--output", str(folder / "asc")]
            rnp(["rnp", *named, *user, *what])
            armor = (folder / "asc").read_bytes()
            packets = subprocess.run(["gpg", "--list-packets"], input=armor, capture_output=True)
            assert b"sig does not expire" in packets.stdout
            return armor.replace(b"\r\n", b"\n")

        text = world.text(ORDER)
        case = case_of(world, bird(text.encode(), sign, head=HEAD))
        verdict = decide(case)
        assert (verdict.follows, str(verdict.finding)) == (TAKEN, "")
        assert case.block.text.decode() == text


def rnp(command: list[str]) -> None:
    assert shutil.which(command[0])
    subprocess.run(command, check=True, capture_output=True)
