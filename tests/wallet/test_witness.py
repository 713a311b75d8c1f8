"""A witness sees seal after seal, and refuses what is not one history."""

import json
import re
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from pit.archives.disk import locked
from pit.moderator.notary import Notary
from pit.pits import spool
from pit.pits.copies import read_copy
from pit.pits.openpgp import split
from pit.pits.testimony import read_witness
from tests.wallet.acme import WITNESSES, Acme

# --- an honest notary ---------------------------------------------------------------------------


def test_seals_that_two_of_three_witnesses_have_seen_are_covered(acme: Acme) -> None:
    first = acme.covered()
    assert (first.wanted, first.upto, first.covered) == (2, dict.fromkeys(WITNESSES, 0), 0)
    seen = max(read_copy(acme.archive, "acme").sizes)
    assert f"saw seal {seen} of acme" in acme.see("carol")
    acme.see("dave")
    acme.sealed()
    by_two = acme.covered()
    assert by_two.upto == {"carol": seen, "dave": seen, "erin": 0}
    assert (by_two.size, by_two.covered, by_two.seals) == (seen, first.seals, first.seals + 1)
    assert by_two.of(seen) == ["carol", "dave"]
    grown = acme.grow()
    assert f"seal {grown} of acme" in acme.see("erin")
    assert "it extends seal" in acme.see("dave")
    acme.sealed()
    later = acme.covered()
    assert later.upto == {"carol": seen, "dave": grown, "erin": grown}
    assert (later.size, later.against) == (grown, [])
    for who in WITNESSES:
        sizes = [record.size for record in acme.records(who)]
        told = acme("witness", "--check", str(acme.file(who)))
        assert f"{who} saw {len(sizes)} seals of acme, {sizes[0]} to {sizes[-1]}" in told
        assert acme("verify", str(acme.file(who))).count(": holds: ") == len(sizes)
    assert "nothing here contradicts" in acme("fraud", str(acme.file("dave")), str(acme.archive))


def test_a_witness_signs_a_seal_once_and_mails_what_is_in_his_file(acme: Acme) -> None:
    acme.see("carol")
    assert "kept in sent/ as" in acme.err and "--publish" in acme.err
    before = acme.file("carol").read_bytes()
    assert "nothing new: seal" in acme.see("carol")
    row = json.loads(acme.see("carol", "--json"))
    assert (row["seal"], row["before"], row["mails"], row["published"]) == (
        row["before"], row["seal"], [], None,
    )  # fmt: skip
    assert acme.file("carol").read_bytes() == before
    (record,) = acme.records("carol")
    assert acme.waiting() == [record.saw]
    (sent,) = (acme.home.wallet("carol") / "sent").iterdir()
    assert acme.err == "" and sent.read_bytes().endswith(record.saw)
    stamped = re.fullmatch(r"stamped 1, refused 0, .*; sealed (\d+)\n", acme("notary"))
    assert stamped is not None
    entry = acme.entries()[int(stamped[1]) - 1]
    assert entry.text == split(record.saw).text.decode()
    seal = read_copy(acme.archive, "acme")
    root = seal.tree.root(record.size).hex()
    assert entry.text == f"pit acme\n  after: {row['seal']} {root}\nsaw {row['seal']} {root}\n"


def test_on_another_host_the_witness_needs_the_id_and_mails_himself(
    acme: Acme, tmp_path: Path
) -> None:
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    shutil.copy(acme.archive / "0000000001.mbox", mirror)
    away = Acme(tmp_path / "away")
    shutil.copytree(acme.home.wallet("erin"), away.home.wallet("erin"))
    away("witness", str(mirror), status=66)
    assert "say the pit's id: --id" in away.err
    away("witness", str(mirror), "--id", "0" * 64, status=65)
    assert "another pit, with the id" in away.err
    away("witness", str(mirror), "--id", acme.id)
    assert "mail it to acme@pits.invalid as erin; kept in sent/" in away.err
    assert not away.home.spool("acme").exists()
    (sent,) = (away.home.wallet("erin") / "sent").iterdir()
    acme("deliver", stdin=sent.read_bytes())
    assert acme("notary").startswith("stamped 1, refused 0")
    assert "nothing new" in away("witness", str(mirror))  # it goes by what it saw first
    away("witness", str(mirror), "--id", "0" * 64, status=65)
    assert "what was seen is of the pit with the id" in away.err
    file = str(away.file("erin"))
    told = away("witness", "--check", file, "--archive", str(acme.archive), "--id", acme.id)
    assert "erin saw 1 seals" in told
    away("witness", "--check", file, "--archive", str(mirror), status=66)


def test_with_no_mail_the_pit_gets_none(acme: Acme) -> None:
    acme.see("carol", "--no-mail")
    assert "mail it to acme@pits.invalid as carol" in acme.err
    assert acme.waiting() == []


# --- publishing ---------------------------------------------------------------------------------


def test_a_file_is_published_where_the_witness_said_and_the_pit_says_from_then_on(
    stands: Acme, acme: Acme
) -> None:
    public = stands.folder.parent / "carol.txt"  # as `witness carol` has it
    acme.see("carol")
    assert f"the pit says that you publish at {public}" in acme.err
    assert not public.exists()  # nothing in an archive chooses what is written here
    assert f"published as {public}" in acme.see("carol", "--publish", str(public))
    acme.sealed()
    try:
        acme.see("carol")
        assert public.read_bytes() == acme.file("carol").read_bytes()
        assert len(acme.records("carol")) == 2
        longer = public.read_bytes()
        acme.file("carol").write_bytes(longer[: longer.rindex(b"== saw\n")])
        acme.see("carol", status=65)
        assert f"{public}: it has seen more than {acme.file('carol')}" in acme.err
        acme.file("carol").unlink()
        acme.see("carol", status=65)
        assert len(acme.waiting()) == 1  # he has signed nothing new
        public.write_text("#!/bin/sh\n")
        assert "saw seal" in acme.see("carol")
        assert public.read_text() == "#!/bin/sh\n"
        acme.see("carol", "--publish", str(public), status=73)
        assert "something else stands there" in acme.err
    finally:
        public.unlink()
    acme.see("dave")
    assert "you publish at https://dave.example/acme.txt: copy" in acme.err


# --- a notary that is not -----------------------------------------------------------------------


def check_evidence(acme: Acme, evidence: str, tmp_path: Path) -> None:
    """Evidence stands by itself: its proofs hold, and are of two histories."""
    file = tmp_path / "evidence.txt"
    file.write_text(evidence)
    told = acme("verify", "--id", acme.id, str(file), status=65)
    assert "does not hold" not in told and told.count(": holds: ") == 2
    assert "two histories: " in told


def test_an_archive_that_ends_before_what_was_seen_is_refused(acme: Acme, tmp_path: Path) -> None:
    shutil.copytree(acme.archive, tmp_path / "old")
    old = read_copy(tmp_path / "old", "acme").size
    new = acme.grow()
    acme.see("carol")
    before = acme.file("carol").read_bytes()
    acme.see("carol", str(tmp_path / "old"), status=65)
    said = f"it ends with seal {old}; carol has seen seal {new}: an old copy, or one that was cut"
    assert said in acme.err
    assert acme.file("carol").read_bytes() == before
    assert len(acme.waiting()) == 1


@pytest.mark.parametrize("mails", [(1, 1), (1, 3), (3, 1)], ids=["same size", "longer", "shorter"])
def test_a_fork_is_refused_and_its_evidence_kept(
    copies: Callable[..., Acme], mails: tuple[int, int], tmp_path: Path
) -> None:
    one, other = copies(), copies()
    for acme, number in zip((one, other), mails, strict=True):
        for _ in range(number):
            acme.grow(f"number {number} of {id(acme)}")
    one.see("carol")
    before = one.file("carol").read_bytes()
    evidence = one.see("carol", str(other.archive), status=1)
    kept = one.file("carol").with_name("acme.evidence.1.txt")
    assert str(kept) in one.err and kept.read_text() == evidence
    check_evidence(one, evidence, tmp_path)
    row = json.loads(one.see("carol", str(other.archive), "--json", status=1))
    assert row["evidence"] == evidence and row["contradiction"] in evidence
    assert len(list(kept.parent.glob("*.evidence.*"))) == 1  # the same again is not kept again
    assert one.file("carol").read_bytes() == before
    assert len(one.waiting()) == 1
    assert "nothing new" in one.see("carol")


def test_a_seal_taken_back_is_a_fork_though_all_below_it_stands(
    copies: Callable[..., Acme], tmp_path: Path
) -> None:
    one, other = copies(), copies()
    mail = one("send", "--as", "alice", 'say "the same mail"')
    (waits,) = spool.waiting(one.home.spool("acme"))
    other("deliver", stdin=waits.read_bytes())
    start = datetime.now(UTC) + timedelta(seconds=1)
    for acme, later in ((one, 0), (other, 5)):
        size = len(acme.entries())

        def clock(acme: Acme = acme, later: int = later, size: int = size) -> datetime:
            return start + timedelta(seconds=later * (notary.ledger.number > size))

        with Notary(acme.home, "acme", clock=clock) as notary:
            notary.run()
    first, second = (read_copy(acme.archive, "acme") for acme in (one, other))
    assert mail and first.tree.root(first.size) == second.tree.root(second.size)
    assert first.seal(first.size) != second.seal(second.size)
    one.see("carol")
    check_evidence(one, one.see("carol", str(other.archive), status=1), tmp_path)


def test_two_witnesses_of_two_forks_prove_it_and_each_of_them_with_the_other_archive(
    copies: Callable[..., Acme], tmp_path: Path
) -> None:
    one, other = copies(), copies()
    one.grow("this")
    other.grow("that")
    one.see("carol")
    other.see("dave")
    fraud = ("fraud", "--id", one.id)
    files = str(one.file("carol")), str(other.file("dave"))
    check_evidence(one, one(*fraud, *files, status=1), tmp_path)
    other.file("dave").unlink()
    other.grow("more")
    other.see("dave", "--no-mail")  # no seal of this one has the size of the other's
    sizes = [{record.size for record in read_witness(Path(file).read_bytes())} for file in files]
    assert not sizes[0] & sizes[1]
    one.grow("and")
    one.grow("on")
    for file, archive in ((files[0], other.archive), (files[1], one.archive)):
        check_evidence(one, one(*fraud, file, str(archive), status=1), tmp_path)
        told = one("witness", "--check", file, "--archive", str(archive), status=1)
        assert "has signed two histories" in told


def test_an_archive_that_does_not_hold_together_is_not_witnessed(acme: Acme) -> None:
    size = acme.grow()
    segment = acme.archive / "0000000001.mbox"
    good = segment.read_bytes()
    (*_, before, _, last) = (entry.raw for entry in acme.entries())
    at = last.index(b"  root: ") + 8
    rooted = last[:at] + (b"1" if last[at : at + 1] == b"0" else b"0") + last[at + 1 :]
    at = last.index(b"\n\n", last.index(b"-----BEGIN PGP SIGNATURE")) + 60
    signed = last[:at] + b"?" + last[at + 1 :]
    for raw, changed, why in [
        (before, before.replace(b"Pit-Prev: ", b"Pit-Prev: 0", 1), f"entry {size - 1}"),
        (before, re.sub(rb"(Pit-Mail: \d+ )..", rb"\1zz", before), f"entry {size - 1}"),
        (before, re.sub(rb"(Pit-Mail: )\d", rb"\g<1>9", before), f"entry {size}: its stamp"),
        (last, stamped(rooted), f"entry {size + 1}: the root of seal {size} is"),
        (last, stamped(signed), f"seal {size}: the seal is not the notary's"),
    ]:
        assert raw != changed
        segment.write_bytes(good.replace(raw, changed))
        acme.see("carol", status=65)
        assert why in acme.err
    assert not acme.file("carol").exists()


def stamped(raw: bytes) -> bytes:
    """A changed entry, of the same length, with a stamp that fits it."""
    head, mark, rest = raw.partition(b"Pit-Text: ")
    mail = rest[rest.index(b"Pit-Prev: ") + 75 :].removesuffix(b"\n")
    text = mail.partition(b"\n\n")[2].partition(b"\n\n")[2].partition(b"-----BEGIN PGP SIG")[0]
    digests = [sha256(part).hexdigest().encode() for part in (text, mail)]
    rest = digests[0] + rest[64:]
    old = rest.index(b"Pit-Mail: ")
    start = rest.index(b" ", old + 10) + 1
    return head + mark + rest[:start] + digests[1] + rest[start + 64 :]


def test_what_is_no_sealed_archive_of_a_pit_is_told_apart(acme: Acme, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    acme.see("carol", str(tmp_path / "empty"), status=66)
    assert "no archive is here" in acme.err
    acme.see("carol", str(tmp_path / "nowhere"), status=66)
    (tmp_path / "open").mkdir()
    (tmp_path / "open" / "0000000001.mbox").write_text(
        "From 1@acme.pit Fri Nov 20 11:45:00 2026\nPit-Entry: acme 1\n"
        "Pit-Time: 2026-11-20T11:45:00.000001Z\nPit-Signer: alice\n\npit acme\n"
        "buy 100 ACME @ 12.50\n\n"
    )
    acme.see("carol", str(tmp_path / "open"), status=66)
    assert "no sealed entry" in acme.err
    acme("new", "beta")
    acme("witness", "-p", "beta", str(acme.archive), "--as", "carol", status=65)
    assert "the mark of pit acme, not of beta" in acme.err
    acme("witness", str(acme.home.archive("beta")), "--id", acme.id, "--as", "carol", status=65)
    assert "another pit, with the id" in acme.err
    acme("witness", "-p", "acme", "--as", "nobody", status=66)
    assert acme.home.wallets() == ["alice", *WITNESSES, "operator"]
    assert not any(acme.file("carol").parent.glob("*.txt"))


def test_only_one_witnesses_at_a_time(acme: Acme) -> None:
    with locked(acme.file("carol").parent):
        acme.see("carol", status=75)
    assert "another `pit witness` is at work" in acme.err


def test_a_witness_may_contradict_the_archive_and_others_may_not_speak_for_him(acme: Acme) -> None:
    other = "b" * 64
    acme("send", "--as", "carol", f"saw 1 {other}", f"saw 999 {other}")
    acme("send", "--as", "alice", f"saw 1 {other}")
    assert acme("notary").startswith("stamped 1, refused 1")
    against = acme.covered().against
    assert [(saw[1:], bool(here)) for saw, here in against] == [
        (("carol", 1, other), True),
        (("carol", 999, other), False),
    ]
    acme.see("dave")
    acme("witness", "--check", str(acme.file("dave")))
