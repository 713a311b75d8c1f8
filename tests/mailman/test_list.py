"""A pit's list is made and kept as the archive says; what differs is reported."""

import json
import smtplib

import mailmanclient

from pit.archives.entry import read_entry
from pit.moderator.original import originals
from pit.pits.reading import entries_of
from tests.conftest import bash
from tests.mailman.conftest import Listed
from tests.mailman.core import HOST, PASSWORD, USER, free_port
from tests.mailman.readers import eventually
from tests.moderator.world import short_folder

OPERATOR_MAIL = "operator@pits.invalid"


def client(acme: Listed) -> mailmanclient.Client:
    return mailmanclient.Client(acme.core.url, USER, PASSWORD)


def status(acme: Listed, code: int = 0) -> dict:
    return json.loads(acme("list", "status", "--json", status=code))


def test_an_order_comes_back_to_every_subscriber_and_verifies_with_plain_gpg(acme: Listed) -> None:
    acme("send", "--as", "alice", 'say "hello"')
    acme("notary")
    assert "posts " in acme("distribute")
    entries = list(entries_of(acme.home, "acme"))
    order = next(entry for entry in entries if entry.signer == "alice")
    stamp, mail = read_entry(order.raw)
    for who in ("alice", "bob"):
        post = acme.post(who, order.number)
        first, second = originals(post)
        assert (first.number, first.signer, first.mail) == (order.number, "alice", mail)
        assert first.stamp == stamp.lines()
        assert second.mail == read_entry(entries[order.number].raw)[1]  # the seal rides along
        assert acme.run("original", stdin=post) == mail
        assert "Good signature from" in checked(acme, "alice", post)
    acme.complete("alice", "bob")


def checked(acme: Listed, who: str, post: bytes) -> str:
    """What plain gpg says of a post's original.eml, in a keyring with the signer's key."""
    with short_folder() as folder:
        (folder / "post.eml").write_bytes(post)
        (folder / "key.asc").write_bytes(acme.run("key", "show", "--as", who))
        script = (
            "gpg -q --import key.asc; pit original post.eml > original.eml; "
            "gpg --verify original.eml; gpgconf --kill all"
        )
        return bash(script, folder, GNUPGHOME=str(folder))


def test_what_does_not_come_through_the_notary_is_held_and_reaches_nobody(acme: Listed) -> None:
    before = status(acme)["held"]
    order = acme.mail("alice", 'say "around the notary"')
    forged = order.replace(b"From: alice@", b"From: acme <" + acme.address.encode() + b">\nX-Was: ")
    with smtplib.LMTP(HOST, acme.core.lmtp_port) as lmtp:
        lmtp.sendmail("alice@example.org", [acme.address], order)
        lmtp.sendmail(acme.address, [acme.address], forged)
        lmtp.sendmail("eve@example.org", [acme.address], b"From: eve@example.org\n\nhello\n")
    eventually(lambda: status(acme)["held"] == before + 3)
    acme("send", "--as", "bob", 'say "through it"')
    acme("notary")
    acme("distribute")
    acme.complete("alice", "bob")  # and nothing else
    assert acme.sink.addresses() <= {"alice@example.org", "bob@example.org", OPERATOR_MAIL}


def test_the_list_is_as_the_archive_says_and_drift_is_reported_and_set_right(acme: Listed) -> None:
    assert not status(acme)["wrong"]
    found = client(acme).get_list(acme.address)
    found.settings["emergency"] = False
    found.settings["subject_prefix"] = "[acme] "
    found.settings.save()
    found.set_template("list:member:regular:footer", "mailman:///help.txt")
    found.unsubscribe("bob@example.org", pre_confirmed=True, pre_approved=True)
    found.subscribe("eve@example.org", pre_verified=True, pre_confirmed=True, pre_approved=True)
    seen = status(acme, 1)
    assert {one["name"]: one["found"] for one in seen["settings"]} == {
        "emergency": False,
        "subject_prefix": "[acme] ",
    }
    assert [one["name"] for one in seen["templates"]] == ["list:member:regular:footer"]
    assert (seen["missing"], seen["expelled"]) == (["bob@example.org"], [])
    assert seen["others"] == ["eve@example.org"]
    assert "bob@example.org is not subscribed" in acme("list", "sync")
    seen = status(acme)
    assert not seen["wrong"] and seen["others"] == ["eve@example.org"]  # who reads along is let be
    assert acme("list", "sync") == ""


def test_an_expelled_member_is_unsubscribed_and_an_admitted_one_subscribed(acme: Listed) -> None:
    acme("distribute")
    acme.complete("bob")
    acme("key", "make", "carol", "carol@example.org")
    acme("admit", "carol", "carol@example.org", "-", stdin=acme.run("key", "show", "--as", "carol"))
    acme("send", "--as", "operator", "expel bob")
    acme("notary")
    seen = status(acme, 1)
    assert (seen["missing"], seen["expelled"]) == (["carol@example.org"], ["bob@example.org"])
    before = len(acme.posts("bob"))
    acme("distribute")  # which looks first who is a member
    assert set(subscribed(acme)) == {OPERATOR_MAIL, "alice@example.org", "carol@example.org"}
    assert not status(acme)["wrong"] and acme("list", "sync") == ""
    acme.complete("alice")
    assert len(acme.posts("bob")) == before
    assert acme.posts("carol") == acme.posts("alice")[-2:]


def test_nothing_is_queued_for_a_list_that_is_not_there(acme: Listed) -> None:
    client(acme).delete_list(acme.address)
    acme("distribute", status=66)
    assert "there is no list" in acme.err
    assert acme.core.queued("pipeline", "out") == []
    acme("list", "create")
    acme("distribute")
    acme.complete("alice", "bob")


def test_only_members_are_on_the_list_of_a_private_pit(acme: Listed) -> None:
    acme("send", "--as", "operator", "rule private yes")
    acme("notary")
    found = client(acme).get_list(acme.address)
    found.subscribe("eve@example.org", pre_verified=True, pre_confirmed=True, pre_approved=True)
    seen = status(acme, 1)
    assert seen["others"] == ["eve@example.org"]
    assert [one["name"] for one in seen["settings"]] == ["advertised"]
    acme("list", "sync")
    assert "eve@example.org" not in subscribed(acme)
    assert not status(acme)["wrong"]
    settings = client(acme).get_list(acme.address).settings
    assert settings["archive_policy"] == "never"
    assert settings["member_roster_visibility"] == "moderators"


def test_what_a_list_holds_is_taken_by_the_notary_and_then_discarded(acme: Listed) -> None:
    good = acme.mail("alice", 'say "to the list, as ever"')
    broken = acme.mail("bob", 'say "changed on its way"').replace(b"changed", b"CHANGED")
    with smtplib.LMTP(HOST, acme.core.lmtp_port) as lmtp:
        for mail in (good, broken):
            lmtp.sendmail("someone@example.org", [acme.address], mail)
    eventually(lambda: status(acme)["held"] == 2)
    assert acme("list", "intake") == "taken into the spool 2\n"
    assert status(acme)["held"] == 0
    assert acme("notary").startswith("stamped 1, refused 0, answered 0, quarantined 1")
    assert acme("list", "intake") == ""
    assert acme.sink.received == []  # nobody was answered who is not proven
    (said,) = [e for e in entries_of(acme.home, "acme") if "as ever" in e.text]
    assert said.signer == "alice"


def test_a_turn_takes_what_is_held_and_distributes_what_stands(acme: Listed) -> None:
    acme.configure("intake = yes\n")
    with smtplib.LMTP(HOST, acme.core.lmtp_port) as lmtp:
        order = acme.mail("alice", 'say "held, then taken"')
        lmtp.sendmail("alice@example.org", [acme.address], order)
    eventually(lambda: status(acme)["held"] == 1)
    said = acme("turn")
    assert "taken into the spool 1\nstamped 1" in said and "\nposts " in said
    assert status(acme)["held"] == 0
    acme.complete("alice", "bob")


def test_what_keeps_a_list_from_being_looked_at_is_said(acme: Listed) -> None:
    file = acme.home.pit("acme") / "mail"
    right = file.read_text()
    nobody = f"http://{HOST}:{free_port()}/3.1"
    for wrong, code, why in (
        (right.replace(acme.core.url, nobody), 75, "Mailman does not answer"),
        (right.replace(f"password = {PASSWORD}", "password = guess"), 77, "Mailman says 401"),
        (f"{right}list = other@pits.example\n", 66, "there is no list other@pits.example"),
        (right.partition("[mailman]")[0], 78, "no [mailman]"),
        (right.replace("/3.1", "/9.9"), 66, "there is no list"),
    ):
        file.write_text(wrong)
        for action in ("status", "sync", "intake"):
            acme("list", action, status=code)
            assert why in acme.err and acme.err.count("\n") == 1


def subscribed(acme: Listed) -> list[str]:
    return [member.email for member in client(acme).get_list(acme.address).members]
