"""A key that changes: the wallet goes along, and what was proven by the old ones stays proven."""

import contextlib
import json
import re
import shutil
import sqlite3
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pit.pits.gnupg import KeyHome
from pit.pits.identity import identity_of
from tests.conftest import bash, end_agent
from tests.pits.forks import by_hand
from tests.wallet.quick import Quick


@pytest.fixture
def club(founded: Path, tmp_path: Path) -> Quick:
    """A club of one's own, as in tests.conftest."""
    shutil.copytree(founded, tmp_path / "home")
    return Quick(tmp_path / "home")


@pytest.fixture
def empty(tmp_path: Path) -> Quick:
    return Quick(tmp_path / "empty")


def key_of(club: Quick, who: str) -> str:
    return identity_of(club.home, who).fingerprint


def notary(club: Quick) -> list[str]:
    """What became of each mail: `stamped N WHO`, or the code of a refusal."""
    lines = club("notary", "-v").splitlines()[:-1]
    return [re.sub(r"^(?:refused \w+|quarantined) (\w+):.*", r"\1", line) for line in lines]


def bought(club: Quick, who: str) -> list[str]:
    club("buy", "--as", who, "1", "ACME", "1.00")
    return notary(club)


def test_a_wallet_signs_with_its_new_key_and_keeps_receipts_of_both(
    club: Quick, tmp_path: Path
) -> None:
    old = key_of(club, "alice")
    club("buy", "--as", "alice", "1", "ACME", "1.00")
    said = club("rekey", "--as", "alice")
    new = key_of(club, "alice")
    assert f"rekey alice {new}\n  key:\n    -----BEGIN" in said
    assert "\nconfirm alice\n" in said
    assert f"from now on alice signs with {new}\n" in club.err
    club("buy", "--as", "alice", "2", "ACME", "1.00")
    stamped = [line.split()[0] for line in notary(club)]
    assert stamped == ["stamped"] * 4
    assert len(re.findall("(?m)^receipt acme", club("inbox", "--as", "alice"))) == 4
    receipts = [path.read_text() for path in club.home.wallet("alice").glob("receipts/acme/*.txt")]
    assert sorted(re.findall(r"Pit-Signer: alice (\w+)", "".join(receipts))) == sorted(
        [old, old, new, new]
    )
    assert f"{new}  in force" in club("show", "members")
    assert "verdict     the archive is what it says it is" in club("audit")
    club("db", str(tmp_path / "a.db"))
    with contextlib.closing(sqlite3.connect(tmp_path / "a.db")) as db:
        rows = [*db.execute("SELECT * FROM keys WHERE handle = 'alice' ORDER BY from_entry")]
    assert [row[:1] + row[2:] for row in rows] == [
        (old, 4, "3", 8, None, None),
        (new, 9, "8", None, None, None),
    ]


def test_a_rekey_that_is_refused_is_undone(club: Quick) -> None:
    old = key_of(club, "alice")
    club("send", "--as", "operator", "suspend alice")
    club("rekey", "--as", "alice")
    assert notary(club)[1:] == ["right", "key"]
    club("rekey", "--as", "alice", "--undo")
    assert key_of(club, "alice") == old
    club("send", "--as", "operator", "restore alice")
    assert all(line.startswith("stamped") for line in bought(club, "alice"))
    club("rekey", "--as", "alice", "--undo", status=66)
    assert "has had no other key" in club.err


def test_a_confirmation_that_was_lost_is_sent_anew(club: Quick) -> None:
    club("rekey", "--as", "alice")
    waiting = sorted((club.home.spool("acme") / "new").iterdir())
    lost = next(path for path in waiting if b"\nconfirm alice\n" in path.read_bytes())
    lost.unlink()
    assert [line.split()[0] for line in notary(club)] == ["stamped"]
    assert f"{key_of(club, 'alice')} waits for `confirm`" in club("show", "members")
    assert bought(club, "alice") == ["key"]
    club("rekey", "--as", "alice", "--confirm")
    assert [line.split()[0] for line in notary(club)] == ["stamped"]
    assert [line.split()[0] for line in bought(club, "alice")] == ["stamped"]


def test_a_key_is_extended_in_time_by_its_owner_and_too_late_by_the_operator(club: Quick) -> None:
    club("key", "extend", "--as", "alice", "--expires", "seconds=6")
    (ends,) = re.findall("(?m)^expires (.*)Z, once it stands$", club.err)
    assert [line.split()[0] for line in bought(club, "alice")] == ["stamped", "stamped"]
    while datetime.now(UTC).isoformat() < f"{ends}.9":
        time.sleep(0.1)
    time.sleep(0.2)
    club("buy", "--as", "alice", "1", "ACME", "1.00", status=77)
    assert "Unusable secret key" in club.err
    club("key", "extend", "--as", "alice", "--expires", "1y")
    assert notary(club) == ["right"]
    assert "had expired when it signed, at 20" in club("inbox", "--as", "alice")
    key = club.run("key", "show", "--as", "alice")
    club("rekey", "alice", "-", stdin=key)
    assert [line.split()[0] for line in bought(club, "alice")] == ["stamped", "stamped"]
    club("key", "extend", "--as", "alice", "--expires", "never")
    assert [line.split()[0] for line in notary(club)] == ["stamped"]
    assert "verdict     the archive is what it says it is" in club(
        "audit", "--second-opinion", "all"
    )
    assert "disagrees 0" in club("audit", "--second-opinion", "all", "--full")


def test_one_revokes_ones_own_key_and_for_others_what_they_hand_over(
    club: Quick, tmp_path: Path
) -> None:
    club("buy", "--as", "bob", "1", "ACME", "1.00")
    bought(club, "alice")
    bobs = tmp_path / "bob.rev"
    fingerprint = key_of(club, "bob")
    kept = club.home.wallet("bob") / "gnupg/openpgp-revocs.d" / f"{fingerprint}.rev"
    shutil.copy(kept, bobs)
    club("key", "revoke", "--as", "alice", "--of", "bob", status=64)
    assert "needs his revocation certificate" in club.err
    club("key", "revoke", "--as", "alice", "--of", "bob", "--certificate", str(bobs))
    assert f"bob's key {fingerprint} signs nothing here once this stands (unspecified)" in club.err
    club("key", "revoke", "--as", "alice", "--reason", "compromised")
    assert [line.split()[0] for line in notary(club)] == ["stamped", "stamped"]
    assert bought(club, "bob") == bought(club, "alice") == ["right"]
    shown = club("audit")
    assert re.search(rf"bob's {fingerprint}, which .* revoked in entry \d+ \(hard: unspec", shown)
    assert re.search(r"alice's \w+, which .* revoked in entry \d+ \(hard: compromised\)", shown)
    key = club("key", "make", "alice-2", "alice@example.org").strip()
    club("rekey", "alice", "-", stdin=club.run("key", "show", "--as", "alice-2"))
    assert [line.split()[0] for line in bought(club, "alice-2")] == ["stamped", "stamped"]
    assert re.search(rf"(?m)^alice .* {key}  in force$", club("show", "members"))


def test_what_the_old_key_of_the_notary_sealed_stays_proven(club: Quick, tmp_path: Path) -> None:
    id = re.findall(r"(?m)^id = (\w+)$", (club.home.pit("acme") / "settings").read_text())[0]
    before = tmp_path / "before.txt"
    club("buy", "--as", "alice", "1", "ACME", "1.00")
    club("notary")
    before.write_bytes(club.run("prove", "4"))
    assert b"== key\n" not in before.read_bytes()
    club("witness", "--as", "alice", "--no-mail")
    club("rekey", "notary")
    club("rekey", "--as", "alice")
    assert [line.split()[0] for line in notary(club)] == ["stamped"] * 3
    assert [line.split()[0] for line in bought(club, "bob")] == ["stamped"]
    club("witness", "--as", "alice", "--no-mail")
    after, since = tmp_path / "after.txt", tmp_path / "since.txt"
    after.write_bytes(club.run("prove", "10"))
    since.write_bytes(club.run("prove", "10", "--since", "4"))
    assert after.read_bytes().count(b"== key\n") == since.read_bytes().count(b"== key\n") == 1
    elsewhere = Quick(tmp_path / "elsewhere")
    files = [str(path) for path in (before, after, since)]
    assert elsewhere("verify", "--id", id, *files).count(": holds: ") == 3
    # The newer one's keys are known from the first two; without them, nothing is known of them.
    cut = re.sub(rb"(?s)== key\n.*?(?=== seal\n)", b"", after.read_bytes())
    after.write_bytes(cut)
    said = elsewhere("verify", "--id", id, str(after), status=65)
    assert "does not hold: the seal is not the notary's" in said
    assert "does not hold" not in club("verify", str(after))
    assert "kept" in club("receipt", "check", str(before))
    witnessed = str(club.home.witness("alice", "acme"))
    assert "alice saw 2 seals of acme" in club("witness", "--check", witnessed)
    assert club("inbox", "--as", "bob").startswith("receipt acme 12")
    after.write_bytes(club.run("prove", "10"))
    checked = by_hand(after)
    assert (checked.status, checked.text.partition(" (")[0]) == (0, "ok: stamp 10")
    commands = json.loads(club("print", "10", "--json"))["check"]
    printed = bash("\n".join(commands), club.home.archive("acme"))
    expected = [line[2:] for line in commands if line.startswith("# ") and " as it " not in line]
    assert [line for line in printed.splitlines() if line in expected] == expected


def test_forged_and_foreign_changes_of_the_notarys_key_prove_nothing(
    club: Quick, tmp_path: Path
) -> None:
    club("rekey", "notary")
    club("notary")
    id = re.findall(r"(?m)^id = (\w+)$", (club.home.pit("acme") / "settings").read_text())[0]
    proof = club.run("prove", "5")
    key = re.findall(rb"(?s)== key\n(.*?)== seal\n", proof)[0]
    member = key.replace(b"Pit-Signer: operator", b"Pit-Signer: alice")
    forged = {
        "that key is part of operator's": proof.replace(key, member),
        "Pit-Text is": proof.replace(b"rekey notary", b"rekey  notary"),
        "six stamp lines": proof.replace(key, key[1:]),
    }
    elsewhere = Quick(tmp_path / "elsewhere")
    assert "holds" in elsewhere("verify", "--id", id, "-", stdin=proof)
    for says, text in forged.items():
        elsewhere("verify", "--id", id, "-", stdin=text, status=65)
        assert says in elsewhere.err, (says, elsewhere.err)


def test_the_recovery_key_brings_a_lost_operator_back(empty: Quick) -> None:
    spare = empty("key", "make", "recovery", "me@example.org").strip()
    empty("new", "desk", "--recovery", spare, "--mail", "op@example.org")
    shutil.rmtree(empty.home.wallet("operator") / "gnupg/private-keys-v1.d")
    empty("send", "--as", "operator", 'say "hello"', status=77)
    empty("rekey", "--recovery", "recovery")
    assert [line.split()[0] for line in notary(empty)] == ["stamped"]
    empty("send", "--as", "operator", 'say "hello"')
    assert [line.split()[0] for line in notary(empty)] == ["stamped"]
    assert "verdict     the archive is what it says it is" in empty("audit")
    empty("new", "other", "--recovery", "nobody", status=64)
    assert "not a key's fingerprint" in empty.err


@pytest.mark.parametrize(
    ("args", "status", "said"),
    [
        (["bob"], 64, "which key shall be bob's?"),
        (["bob", "no-such-file"], 66, "no-such-file"),
        (["bob", "-"], 65, "0 public key blocks"),
        (["--use", "F" * 40], 64, "goes with --gnupghome DIR"),
        (["--as", "alice", "--use", "F" * 40, "--gnupghome", "no/such"], 64, "no such folder"),
        (["bob", "-", "--undo"], 64, "with HANDLE only KEYFILE"),
    ],
)
def test_what_is_wrong_is_said(club: Quick, args: list[str], status: int, said: str) -> None:
    club("rekey", *args, status=status)
    assert said in club.err


def test_a_key_of_ones_own_home_is_changed_to_and_signs_there(club: Quick, tmp_path: Path) -> None:
    own = tmp_path / "own"
    with KeyHome(own) as keys:
        fingerprint = keys.make_key("Alice", "alice@example.org")
    where = ("--use", fingerprint, "--gnupghome", str(own))
    club("rekey", "--as", "alice", *where, "--in-place")
    assert [line.split()[0] for line in bought(club, "alice")] == ["stamped"] * 3
    assert not list((club.home.wallet("alice") / "gnupg").glob(f"**/{fingerprint}*"))
    club("rekey", "--as", "alice", *where, status=64)
    assert "a key does not come back" in club.err
    end_agent(own)
