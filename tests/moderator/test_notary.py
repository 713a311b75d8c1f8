"""The notary from spool to receipt, with real keys and files."""

import contextlib
import json
import os
import re
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest

from pit.archives.entry import read_entry
from pit.archives.errors import Busy, Damaged, Denied, Misconfigured
from pit.moderator import notary
from pit.moderator.notary import Notary
from pit.pits import reply, spool
from pit.pits.home import save_settings
from tests.moderator.world import (
    FIRST,
    NAME,
    NOW,
    Keys,
    World,
    check_receipt,
    copied,
    founded,
    mail_of,
    replied,
)

BUY = "buy 7 ACME @ 12.50\n"


def stored(world: World, number: int) -> bytes:
    """A member's mail as he sent it, from the archive."""
    return read_entry(world.entries()[number - 1].raw)[1]


def test_a_pit_goes_from_charter_to_receipts(keys: Keys) -> None:
    with founded(keys) as world:
        assert world.codes(world.founding('asset EUR "Euro"\n')) == ["stamped 1"]
        assert world.settings.id == world.stamps()[0].text
        admission = world.mail(world.admission("alice"), "operator")
        order = world.mail(BUY)
        assert world.codes(admission, order) == ["stamped 3", "stamped 4"]
        signers = [entry.signer for entry in world.entries()]
        assert signers == ["operator", "notary", "operator", "alice", "notary"]
        sent = world.replies()
        assert [replied(one) for one in sent] == [f"receipt acme {n}" for n in (1, 3, 4)]
        assert [check_receipt(one, keys) for one in sent] == [world.stamps()[n] for n in (0, 2, 3)]
        assert stored(world, 4) == order


def test_gpg_alone_finds_each_entry_signed_as_its_stamp_says(stands: World) -> None:
    for entry in stands.entries():
        stamp, mail = read_entry(entry.raw)
        found = stands.keys.gpg("--status-fd", "2", "-o", "-", "--decrypt", data=mail)
        assert sha256(found).hexdigest() == stamp.text
        assert keys_name(stands, stamp.fingerprint) == stamp.signer
        stands.keys.gpg("--verify", data=mail)


def keys_name(world: World, fingerprint: str) -> str:
    return next(who for who, found in world.keys.prints.items() if found == fingerprint)


def test_every_batch_ends_with_a_seal_whose_root_is_over_all_stamps(stands: World) -> None:
    with Notary(stands.home, NAME) as opened:
        ledger = opened.ledger
        assert [size for size in range(9) if ledger.seal_root(size)] == [1, 5, 7]
        for size in (1, 5, 7):
            assert ledger.seal_root(size) == ledger.tree.root(size).hex()


def test_nothing_waits_and_nothing_is_done(world: World) -> None:
    before = world.archive
    report = world.run()
    assert (report.decisions, report.seals, report.sealed) == ([], 0, 7)
    assert world.archive == before


@pytest.mark.parametrize("which", ["the operator's order", "another name", "another notary's key"])
def test_an_empty_archive_takes_nothing_but_its_charter(keys: Keys, which: str) -> None:
    with founded(keys) as world:
        mails = {
            "the operator's order": mail_of(
                keys.sign("operator", f"pit {NAME}\n{BUY}"), "operator"
            ),
            "another name": mail_of(
                keys.sign("operator", f"pit other\n{world.charter()}"), "operator"
            ),
            "another notary's key": mail_of(
                keys.sign("operator", f"pit {NAME}\n{world.charter('mallory')}"), "operator"
            ),
        }
        world.run(mails[which])
        assert len(world.quarantined()) == 1
        assert world.archive == b""
        assert world.replies() == []
        assert world.codes(world.founding()) == ["stamped 1"]


def test_a_charter_signed_with_another_key_than_it_names_is_quarantined(keys: Keys) -> None:
    with founded(keys) as world:
        charter = world.text(world.charter())
        mail = mail_of(keys.sign("mallory", charter), "mallory", sender="operator@example.org")
        assert world.codes(mail) == ["key"]


def test_the_same_mail_again_is_answered_with_its_receipt_and_no_entry(world: World) -> None:
    before = world.archive
    again = stored(world, 4)
    assert world.codes(again, again) == ["duplicate 4", "duplicate 4"]
    assert world.archive == before
    assert [check_receipt(one, world.keys) for one in world.replies()] == [world.stamps()[3]] * 2


def test_a_signature_put_into_another_mail_is_the_same_instruction(world: World) -> None:
    block = stored(world, 4).partition(b"\n\n")[2]
    mail = mail_of(block, "alice", "Subject: new", "Message-ID: <x@example.org>")
    assert world.codes(mail) == ["duplicate 4"]


def test_an_instruction_twice_in_one_batch_is_one_entry(world: World) -> None:
    mail = world.mail(BUY)
    assert world.codes(mail, mail) == ["stamped 9", "duplicate 9"]
    assert [replied(one) for one in world.replies()] == ["receipt acme 9"] * 2


def test_the_same_order_signed_twice_on_purpose_counts_twice(world: World) -> None:
    text = world.text(FIRST)
    mails = [mail_of(world.keys.sign("alice", text, NOW - timedelta(seconds=s))) for s in (900, 8)]
    assert world.codes(*mails) == ["stamped 9", "stamped 10"]


def test_a_refused_mail_is_recorded_once_and_answered_each_time(world: World) -> None:
    bad = world.mail("buy 7 ACME @ 12,50\n")
    assert world.codes(bad, bad) == ["words", "words"]
    assert world.codes(bad) == ["words"]
    record = world.entries()[-2].text
    assert record.count("\nrefused ") == 1
    assert record.endswith(" words\n")
    assert len(world.entries()) == 10
    answers = world.replies()
    assert [replied(one) for one in answers] == ["refusal acme words"] * 3
    assert "line 3, column 14: '12,50' is not a price; write 12.50\n" in answers[0]
    assert "> buy 7 ACME @ 12,50\n" in answers[0]


def test_what_was_refused_stays_refused_when_its_cause_has_gone(world: World) -> None:
    order = world.mail(BUY, "carol")
    assert world.codes(order) == ["right"]
    assert world.codes(world.mail("restore carol\n", "operator")) == ["stamped 11"]
    assert world.codes(order) == ["right"]
    assert world.codes(world.mail(BUY, "carol")) == ["stamped 13"]


def test_a_suspension_counts_for_the_next_mail_of_its_batch(world: World) -> None:
    stop = world.mail("suspend alice\n", "operator")
    assert world.codes(world.mail(BUY), stop, world.mail(BUY)) == [
        "stamped 9",
        "stamped 10",
        "right",
    ]


def test_strangers_and_forgeries_go_into_quarantine_in_silence(world: World) -> None:
    tampered = world.mail(BUY).replace(b"buy 7", b"buy 8")
    mails = [
        world.mail(BUY, "mallory"),
        mail_of(world.keys.sign("alice", world.text(BUY)), "bob"),
        tampered,
        b"",
        world.mail(BUY) + b"x" * (2 << 20),
    ]
    before = world.archive
    assert world.codes(*mails) == ["key", "key", "signature", "shape", "size"]
    assert world.archive == before
    assert world.replies() == []
    kept = world.quarantined()
    assert sorted(mail.split(b"\n", 2)[2] for mail in kept) == sorted(mails)
    assert any(mail.startswith(b"Pit-Refused: signature\nPit-Reason: ") for mail in kept)
    assert os.listdir(world.home.spool(NAME) / "new") == []


def test_an_order_for_another_pit_or_an_older_one_of_this_name_is_refused(world: World) -> None:
    texts = [world.text(BUY).replace("pit acme", "pit other"), f"pit acme\n  id: {'1' * 16}\n{BUY}"]
    mails = [mail_of(world.keys.sign("alice", text)) for text in texts]
    assert world.codes(*mails) == ["words", "words"]


def test_reports_are_taken_in_order_and_only_in_order(world: World) -> None:
    second, third = world.report(2, "accept alice/4\n"), world.report(3)
    other = world.report(1, 'refuse alice/4 "no"\n')
    assert world.codes(third, other) == ["early", "number 7"]
    assert len(world.entries()) == 8
    early, receipt = world.replies()
    assert replied(early) == "refusal acme early"
    assert check_receipt(receipt, world.keys) == world.stamps()[6]
    assert "> accept alice/4\n" in receipt
    assert world.codes(second, third) == ["stamped 9", "stamped 10"]


def test_awkward_bytes_come_back_as_they_were_sent(world: World) -> None:
    said = 'say "grün → 5 €"\n# From here\n# -----BEGIN PGP\n'
    text = world.text(said) + "--\n From me, with love\n  \t\n>From \n".replace(
        "\n>From ", "\n # x"
    )
    mail = mail_of(world.keys.sign("alice", text), "alice", "Subject: =?utf-8?q?gr=C3=BCn?=")
    crlf = mail.replace(b"\n", b"\r\n")
    assert world.codes(b"From alice Mon Nov  1 00:00:00 2026\r\n" + crlf) == ["stamped 9"]
    assert stored(world, 9) == mail
    assert world.entries()[8].text == re.sub(r"[ \t]+\n", "\n", text)


def test_replies_go_into_the_inbox_of_a_wallet_that_is_here(world: World) -> None:
    world.home.wallet("alice").mkdir(parents=True)
    world.run(world.mail(BUY), world.mail(BUY, "bob"))
    (inbox,) = (world.home.wallet("alice") / "inbox" / "new").iterdir()
    assert replied(inbox.read_text()) == "receipt acme 9"
    assert [replied(one) for one in world.replies()] == ["receipt acme 10"]


def test_a_reply_cannot_be_answered_and_goes_to_the_enrolled_address_alone(world: World) -> None:
    block = world.keys.sign("alice", world.text("buy\n"))
    headers = ["Reply-To: victim@example.net", "Cc: victim@example.net", "Message-ID: <a@b>"]
    world.run(mail_of(block, "alice", *headers))
    (reply,) = world.replies()
    head = reply.partition("\n\n")[0]
    assert "Return-Path: <>\n" in head
    assert "\nAuto-Submitted: auto-replied\n" in head
    assert "\nTo: alice@example.org\n" in head
    assert "\nIn-Reply-To: <a@b>\n" in head
    assert "victim" not in head
    assert world.codes(reply.encode()) == ["loop"]


def test_an_address_gets_at_most_so_many_refusals_an_hour(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reply, "PER_HOUR", 2)  # beside the first one to each instruction
    bad = world.mail("buy\n")
    world.run(bad, bad)
    world.run(bad, bad, world.mail("buy\n", "bob"), world.mail(BUY))
    assert [replied(one) for one in world.replies()] == [
        *["refusal acme words"] * 4,
        "receipt acme 11",
    ]


def killed_before_it_tells(world: World) -> None:
    """Run the notary in a process that dies when all is sealed, and nobody told."""
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            setattr(spool, "put_all", lambda _: os._exit(9))  # noqa: B010 - of this process alone
            Notary(world.home, NAME).run()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 9


def test_what_a_crash_cut_off_is_told_whatever_the_limit_and_once(
    stands: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reply, "PER_HOUR", 1)
    with copied(stands) as world:
        mails = [world.mail(BUY) for _ in range(3)] + [world.mail("buy\n")]
        world.put(*mails)
        killed_before_it_tells(world)
        assert len(world.entries()) == 13
        assert world.replies() == []
        world.put(*mails, *mails)
        told = ["receipt acme 9", "receipt acme 10", "receipt acme 11", "refusal acme words"]
        assert world.codes() == [*(f"duplicate {n}" for n in (9, 10, 11)), "words"] * 3
        assert sorted(replied(one) for one in world.replies()) == sorted([*told, told[0]])
        world.run(*mails)
        assert world.replies() == []


def later(**change: int) -> datetime:
    return datetime.now(UTC) + timedelta(**change)


def test_an_idle_pit_is_sealed_each_hour(world: World) -> None:
    last = datetime.fromisoformat(world.entries()[-1].time)
    for minutes, seals in ((59, 0), (61, 1), (62, 0)):
        clock = last + timedelta(minutes=minutes)
        with Notary(world.home, NAME, clock=lambda clock=clock: clock) as opened:
            assert opened.run().seals == seals
    assert world.entries()[-1].text.startswith(world.text("seal 8\n"))


def test_a_seal_follows_as_soon_as_an_until_has_passed(world: World) -> None:
    until = later(minutes=5).replace(microsecond=0)
    world.run(world.mail(f"{BUY}  until: {until:%Y-%m-%dT%H:%M:%SZ}\n"))
    for minutes, seals in ((4, 0), (6, 1), (7, 0)):
        with Notary(world.home, NAME, clock=lambda m=minutes: later(minutes=m)) as opened:
            assert opened.run().seals == seals


def test_a_clock_that_jumped_stops_the_notary_until_it_is_confirmed(world: World) -> None:
    world.run(world.mail("rule clock-jump 10d\n", "operator"))
    before = world.archive
    with (
        Notary(world.home, NAME, clock=lambda: later(days=11)) as opened,
        pytest.raises(Denied, match="clock-ok"),
    ):
        opened.run()
    assert world.archive == before
    with Notary(world.home, NAME, clock=lambda: later(days=11), clock_ok=True) as opened:
        assert opened.run().seals == 1


def test_a_clock_that_stepped_back_is_noted_and_time_goes_on(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.put(world.mail(BUY), world.mail(BUY))
    with Notary(world.home, NAME, clock=lambda: later(minutes=-3)) as opened:
        assert [decision.entry for decision in opened.run().decisions] == [9, 10]
    assert "stepped back" in capsys.readouterr().err
    times = [stamp.time for stamp in world.stamps()]
    assert times == sorted(set(times))
    assert times[8][:20] == times[7][:20]


def test_an_archive_changed_by_anybody_stops_the_notary(world: World) -> None:
    path = world.home.archive(NAME) / "0000000001.mbox"
    whole = path.read_bytes()
    for old, new in (
        (b"ref: first", b"ref: worst"),
        (b"To: acme@", b"To: acmf@"),
        (b"Pit-Signer: alice", b"Pit-Signer: bobby"),
        (b"Pit-Entry: acme 4", b"Pit-Entry: acme 9"),
    ):
        assert old in whole
        path.write_bytes(whole.replace(old, new, 1))
        with pytest.raises(Damaged):
            Notary(world.home, NAME)
    path.write_bytes(whole)
    Notary(world.home, NAME).close()


def test_a_second_notary_waits_its_turn(world: World) -> None:
    with Notary(world.home, NAME), pytest.raises(Busy):
        Notary(world.home, NAME)


def test_an_archive_that_is_not_this_pits_stops_the_notary(world: World) -> None:
    save_settings(world.home, world.settings._replace(id="0" * 64))
    with pytest.raises(Misconfigured, match="id"):
        Notary(world.home, NAME)


def test_the_command_says_what_it_did(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PIT_HOME", str(world.home.root))
    world.put(world.mail(BUY), world.mail("buy\n"), b"\x1b[2J: x\n\n")
    assert notary.main(["-p", NAME, "--verbose"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0] == "stamped 9 alice"
    assert out[1].startswith("refused alice words: line 3, column 4: ")
    assert out[2].startswith("quarantined shape: ")
    assert out[3] == "stamped 1, refused 1, answered 0, quarantined 1; sealed 10"
    assert notary.main([]) == 0
    assert capsys.readouterr().out == ""
    world.put(world.mail(BUY))
    notary.main(["--json"])
    said = json.loads(capsys.readouterr().out)
    assert (said["stamped"], said["sealed"], said["decisions"][0]["entry"]) == (1, 12, 12)
    assert os.listdir(world.home.spool(NAME) / "new") == []
