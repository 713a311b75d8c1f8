"""Keys that change, expire and are revoked: what the notary takes, and what it says."""

from collections.abc import Iterator
from datetime import timedelta

import pysequoia
import pytest

from pit.archives.entry import NOTARY
from pit.filters.audit import Audit, audit
from pit.moderator.ledger import Ledger, read_ledger
from pit.pits.gnupg import KeyHome
from pit.pits.openpgp import certificate
from pit.pits.packets import dearmor, packets
from tests.moderator.spare import block, certificate_of, mailed, make, rekey, revoke
from tests.moderator.world import NAME, NOW, Keys, World, copied, founded

SPARE = ("alice2", "alice3", "bob2", "zoe", "operator2", "notary2", "recovery")


@pytest.fixture(scope="module")
def many(keys: Keys) -> Keys:
    for who in SPARE:
        make(keys, who)
    return keys


@pytest.fixture(scope="module")
def founded_with_recovery(many: Keys) -> Iterator[World]:
    with founded(many) as world:
        world.run(world.founding(f"  recovery: {many.prints['recovery']}\n"))
        admissions = "".join(world.admission(who) for who in ("alice", "bob", "carol", "erin"))
        world.run(world.mail(f"{admissions}suspend carol\n", "operator"))
        world.replies()
        yield world


@pytest.fixture
def pit(founded_with_recovery: World) -> Iterator[World]:
    with copied(founded_with_recovery) as made:
        yield made


def order(pit: World, key: str, who: str) -> str:
    """What becomes of an order that is signed with that key."""
    (code,) = pit.codes(mailed(pit, "buy 1 ACME @ 1\n", key, who))
    return code.partition(" ")[0]


def ledger_of(pit: World) -> Ledger:
    """What the archive alone says."""
    return read_ledger(pit.home.archive(NAME), NAME)


def audited(pit: World) -> Audit:
    found = audit(NAME, pit.home.archive(NAME), pit.settings.id, jobs=1, filters=[])
    assert found.wrong == ""
    assert found.entries == len(pit.stamps())
    return found


def why(pit: World) -> str:
    """The sentence of the last reply."""
    return pit.replies()[-1]


# --- a member's own key -------------------------------------------------------------------------


def test_a_member_takes_another_key_once_the_new_one_has_confirmed(pit: World) -> None:
    keys = pit.keys
    assert pit.codes(mailed(pit, rekey(keys, "alice", "alice2"), "alice", "alice")) == ["stamped 5"]
    assert order(pit, "alice", "alice") == "stamped"
    assert order(pit, "alice2", "alice") == "key"
    (confirmed,) = pit.codes(mailed(pit, "confirm alice\n", "alice2", "alice"))
    assert confirmed.startswith("stamped")
    stamp = pit.stamps()[-2]
    assert (stamp.signer, stamp.fingerprint) == ("alice", keys.prints["alice2"])
    assert order(pit, "alice2", "alice") == "stamped"
    pit.replies()
    assert order(pit, "alice", "alice") == "right"
    replaced = f"the key {keys.prints['alice']} was replaced in entry {stamp.number}, by "
    assert replaced + keys.prints["alice2"] in why(pit)
    audited(pit)


def test_both_may_come_in_one_batch_and_an_order_behind_them(pit: World) -> None:
    mails = [
        mailed(pit, rekey(pit.keys, "alice", "alice2"), "alice", "alice"),
        mailed(pit, "confirm alice\n", "alice2", "alice"),
        mailed(pit, "buy 1 ACME @ 1\n", "alice2", "alice"),
        mailed(pit, "buy 1 ACME @ 1\n", "alice", "alice"),
    ]
    assert pit.codes(*mails) == ["stamped 5", "stamped 6", "stamped 7", "right"]
    audited(pit)


def test_a_newer_certificate_of_the_same_key_needs_no_confirmation(pit: World, many: Keys) -> None:
    ends = (NOW + timedelta(days=3)).strftime("%Y%m%dT%H%M%S")
    fingerprint = make(many, "fred", ends)
    pit.run(pit.mail(pit.admission("fred"), "operator"))
    assert order(pit, "fred", "fred") == "stamped"
    in_flight = mailed(pit, "buy 2 ACME @ 1\n", "fred", "fred")
    extended = NOW - timedelta(minutes=40)
    many.gpg("--quick-set-expire", fingerprint, "2y", at=extended, passphrase=True)
    later = extended + timedelta(seconds=5)
    (code,) = pit.codes(mailed(pit, rekey(many, "fred", "fred"), "fred", "fred", later))
    assert code.startswith("stamped")
    assert ledger_of(pit).keys.of("fred").expires > (NOW + timedelta(days=700)).isoformat()
    # Signed before the key was extended, taken afterwards.
    assert pit.codes(in_flight)[0].startswith("stamped")
    subkey = ("--quick-add-key", fingerprint, "ed25519", "sign", "never")
    many.gpg(*subkey, at=later, passphrase=True)
    newer = rekey(many, "fred", "fred")
    by_subkey = mailed(pit, "buy 3 ACME @ 1\n", "fred", "fred", NOW - timedelta(minutes=30))
    assert pit.codes(by_subkey) == ["key"]
    many.prints["fred"] = f"{fingerprint}!"  # else gpg takes the newest subkey
    (code,) = pit.codes(mailed(pit, newer, "fred", "fred", NOW - timedelta(minutes=29)))
    assert code.startswith("stamped")
    assert pit.codes(by_subkey)[0].startswith("stamped")
    audited(pit)


# --- the operator, and the notary ---------------------------------------------------------------


def test_the_operator_gives_a_member_another_key_at_once(pit: World) -> None:
    text = rekey(pit.keys, "bob", "bob2")
    assert pit.codes(mailed(pit, text, "operator", "operator"))[0].startswith("stamped")
    assert order(pit, "bob", "bob") == "right"
    assert order(pit, "bob2", "bob") == "stamped"
    audited(pit)


def test_the_operators_own_key_is_confirmed_like_a_members(pit: World) -> None:
    text = rekey(pit.keys, "operator", "operator2")
    assert pit.codes(mailed(pit, text, "operator", "operator"))[0].startswith("stamped")
    assert pit.codes(mailed(pit, "restore carol\n", "operator", "operator")) == ["stamped 7"]
    assert pit.codes(mailed(pit, "confirm operator\n", "operator2", "operator")) == ["stamped 9"]
    assert pit.codes(mailed(pit, "suspend carol\n", "operator", "operator"))[0][:5] == "right"
    assert pit.codes(mailed(pit, "suspend carol\n", "operator2", "operator"))[0][:7] == "stamped"
    audited(pit)


def test_the_recovery_key_gives_the_operator_another_key_and_nothing_else(pit: World) -> None:
    keys = pit.keys
    revoked = revoke("operator", certificate_of(keys, "operator"))
    assert pit.codes(mailed(pit, revoked, "bob", "bob")) == ["stamped 5"]
    assert pit.codes(mailed(pit, "restore carol\n", "operator", "operator"))[0][:5] == "right"
    assert pit.codes(mailed(pit, "restore carol\n", "recovery", "operator")) == ["key"]
    recover = rekey(keys, "operator", "operator2", spare="recovery")
    both = f"{recover}restore carol\n"
    assert pit.codes(mailed(pit, both, "recovery", "operator")) == ["key"]
    assert pit.codes(mailed(pit, recover, "alice", "alice"))[0][:5] == "words"
    other = rekey(keys, "operator", "operator2", spare="zoe")
    assert pit.codes(mailed(pit, other, "zoe", "operator")) == ["key"]
    bobs = rekey(keys, "bob", "bob2", spare="recovery")
    assert pit.codes(mailed(pit, bobs, "recovery", "operator")) == ["key"]
    (code,) = pit.codes(mailed(pit, recover, "recovery", "operator"))
    assert code.startswith("stamped")
    assert pit.codes(mailed(pit, "restore carol\n", "operator2", "operator"))[0][:7] == "stamped"
    stamp = pit.stamps()[int(code.split()[1]) - 1]
    assert (stamp.signer, stamp.fingerprint) == ("operator", keys.prints["recovery"])
    admits = f"admit eve {keys.prints['recovery']}\n  mail: eve@example.org\n"
    admits += block("key", keys.export("recovery"))
    assert pit.codes(mailed(pit, admits, "operator2", "operator"))[0][:5] == "words"
    audited(pit)


def test_the_notary_signs_with_its_new_key_from_the_next_entry(pit: World) -> None:
    keys = pit.keys
    text = rekey(keys, "notary", "notary2")
    assert pit.codes(mailed(pit, text, "operator", "operator"))[0][:5] == "words"
    assert "this notary cannot sign with that key" in why(pit)
    before = pit.settings.notary
    with KeyHome(pit.home.notary_keys(NAME)) as own:
        own.import_key(keys.gpg("--export-secret-keys", keys.prints["notary2"]))
    one = mailed(pit, "buy 1 ACME @ 1\n", "alice", "alice")
    two = mailed(pit, "buy 2 ACME @ 1\n", "alice", "alice")
    assert [
        code[:7] for code in pit.codes(one, mailed(pit, text, "operator", "operator"), two)
    ] == ["stamped"] * 3
    seals = [stamp for stamp in pit.stamps() if stamp.signer == NOTARY]
    assert seals[-2].fingerprint == before == keys.prints["notary"]
    assert seals[-1].fingerprint == pit.settings.notary == keys.prints["notary2"]
    assert order(pit, "alice", "alice") == "stamped"
    audited(pit)
    assert (
        pit.codes(mailed(pit, rekey(keys, "notary", "notary"), "operator", "operator"))[0][:5]
        == "words"
    )
    assert "does not come back" in why(pit)


# --- attacks ------------------------------------------------------------------------------------


def refused(pit: World, text: str, key: str, sender: str, says: str) -> None:
    """It is refused by `words`, with that sentence, and the rest is as it was."""
    pit.replies()
    before = {who: ledger_of(pit).keys.current(who) for who in ("alice", "bob", NOTARY, "operator")}
    (code,) = pit.codes(mailed(pit, text, key, sender))
    assert code.startswith("words"), code
    assert says in why(pit)
    assert before == {who: ledger_of(pit).keys.current(who) for who in before}


def test_a_confirmation_by_another_key_confirms_nothing(pit: World) -> None:
    pit.run(mailed(pit, rekey(pit.keys, "alice", "alice2"), "alice", "alice"))
    assert pit.codes(mailed(pit, "confirm alice\n", "zoe", "alice")) == ["key"]
    assert pit.codes(mailed(pit, "confirm alice\n", "alice2", "bob")) == ["key"]
    assert pit.codes(mailed(pit, "confirm bob\n", "alice2", "alice")) == ["key"]
    assert pit.codes(mailed(pit, "confirm alice\nbuy 1 ACME @ 1\n", "alice2", "alice")) == ["key"]
    refused(pit, "confirm alice\n", "bob", "bob", "is signed with alice's new key")
    refused(pit, "confirm alice\n", "alice", "alice", "is signed with the new key")
    refused(pit, "confirm bob\n", "bob", "bob", "no `rekey bob` waits")
    assert order(pit, "alice", "alice") == "stamped"
    audited(pit)


def test_nobody_takes_somebody_elses_key_or_changes_it(pit: World) -> None:
    keys = pit.keys
    refused(pit, rekey(keys, "alice", "bob"), "alice", "alice", "bob's already")
    refused(pit, rekey(keys, "alice", "operator"), "alice", "alice", "operator's already")
    refused(pit, rekey(keys, "bob", "alice2"), "alice", "alice", "for bob or the operator")
    refused(pit, rekey(keys, "notary", "alice2"), "alice", "alice", "for notary or the operator")
    refused(pit, rekey(keys, "zoe", "zoe"), "operator", "operator", "zoe is not a member")
    wrong = rekey(keys, "alice", "alice2", armored=keys.export("zoe"))
    refused(pit, wrong, "alice", "alice", "write that one")
    # A key that is nobody's yet may be claimed; its owner can still come, and then it is his.
    assert pit.codes(mailed(pit, rekey(keys, "alice", "zoe"), "alice", "alice"))[0][:7] == "stamped"
    assert pit.codes(mailed(pit, pit.admission("zoe"), "operator", "operator"))[0][:7] == "stamped"
    assert order(pit, "zoe", "zoe") == "stamped"
    refused(pit, "confirm alice\n", "zoe", "zoe", "is signed with alice's new key")
    audited(pit)


def test_a_rekey_that_comes_again_changes_nothing_and_old_keys_never_come_back(pit: World) -> None:
    keys = pit.keys
    first = mailed(pit, rekey(keys, "alice", "alice2"), "alice", "alice")
    confirmed = mailed(pit, "confirm alice\n", "alice2", "alice")
    pit.run(first, confirmed)
    pit.run(mailed(pit, rekey(keys, "alice", "alice3"), "alice2", "alice"))
    pit.run(mailed(pit, "confirm alice\n", "alice3", "alice"))
    assert pit.codes(first, confirmed) == ["duplicate 5", "duplicate 6"]
    assert ledger_of(pit).keys.current("alice") == keys.prints["alice3"]
    refused(pit, rekey(keys, "alice", "alice2"), "alice3", "alice", "does not come back")
    refused(pit, rekey(keys, "bob", "alice2"), "operator", "operator", "alice's already")
    refused(pit, pit.admission("alice2", handle="eve"), "operator", "operator", "alice's already")
    again = pit.codes(mailed(pit, rekey(keys, "alice", "alice"), "alice2", "alice"))
    assert again[0][:5] == "right"
    audited(pit)


def claiming(keys: Keys, thief: str, owner: str) -> str:
    """The thief's certificate with the owner's primary key hung into it as a subkey."""
    own, theirs = (packets_of(keys, who) for who in (thief, owner))
    subkey = bytes([0xC0 | 14]) + theirs[0][1:]  # the same packet with a subkey's tag
    return armor(b"".join(own) + subkey)


def packets_of(keys: Keys, who: str) -> list[bytes]:
    raw = dearmor(keys.export(who).strip().encode(), "PUBLIC KEY BLOCK", headers=True)
    return [
        bytes([0xC0 | tag, len(body)]) + body if len(body) < 192 else b""
        for tag, body in packets(raw)
    ]


def armor(raw: bytes) -> str:
    return pysequoia.armor(raw, pysequoia.ArmorKind.PublicKey)


def test_a_certificate_that_claims_anothers_key_steals_nothing(pit: World) -> None:
    keys = pit.keys
    own, bob = packets_of(keys, "alice"), packets_of(keys, "bob")
    assert certificate(claiming(keys, "alice", "bob")).keys >= {keys.prints["bob"]}
    assert own and bob
    stolen = rekey(keys, "alice", "alice", armored=claiming(keys, "alice", "bob"))
    refused(pit, stolen, "alice", "alice", "bob's already")
    assert order(pit, "bob", "bob") == "stamped"
    # Of a key that is nobody's yet it may say so, and keeps nobody out: not the admitted, not the
    # one who confirms.
    claim = rekey(keys, "alice", "alice", armored=claiming(keys, "alice", "zoe"))
    assert pit.codes(mailed(pit, claim, "alice", "alice"))[0][:7] == "stamped"
    assert pit.codes(mailed(pit, pit.admission("zoe"), "operator", "operator"))[0][:7] == "stamped"
    assert order(pit, "zoe", "zoe") == "stamped"
    pit.run(mailed(pit, rekey(keys, "bob", "bob2"), "bob", "bob"))
    claim = rekey(keys, "alice", "alice2", armored=claiming(keys, "alice2", "bob2"))
    pit.run(mailed(pit, claim, "operator", "operator"))
    assert ledger_of(pit).keys.by_key(keys.prints["bob2"])[0] == "alice"
    assert pit.codes(mailed(pit, "confirm bob\n", "bob2", "bob"))[0][:7] == "stamped"
    assert order(pit, "bob2", "bob") == "stamped"
    audited(pit)


# --- revoked ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "reason"),
    [("", "unspecified"), ("1", "compromised"), ("2", "superseded"), ("3", "retired")],
)
def test_a_revoked_key_signs_nothing_from_the_next_entry(
    pit: World, number: str, reason: str
) -> None:
    keys = pit.keys
    before = mailed(pit, "buy 1 ACME @ 1\n", "alice", "alice")
    text = revoke("alice", certificate_of(keys, "alice", number))
    assert pit.codes(mailed(pit, text, "bob", "bob")) == ["stamped 5"]
    pit.replies()
    assert pit.codes(before)[0][:5] == "right"
    assert f"the key {keys.prints['alice']} was revoked in entry 5 ({reason})" in why(pit)
    refused(pit, rekey(keys, "alice", "alice"), "operator", "operator", "does not come back")
    assert ledger_of(pit).keys.revoked(keys.prints["alice"]) == (5, reason)
    assert (
        pit.codes(mailed(pit, rekey(keys, "alice", "alice2"), "operator", "operator"))[0][:7]
        == "stamped"
    )
    assert order(pit, "alice2", "alice") == "stamped"
    audited(pit)


def test_a_revocation_proves_itself_or_nothing(pit: World) -> None:
    keys = pit.keys
    alices, zoes = certificate_of(keys, "alice"), certificate_of(keys, "zoe")
    refused(pit, revoke("bob", alices), "bob", "bob", "no key of bob's")
    refused(pit, revoke("bob", zoes), "bob", "bob", "no key of bob's")
    refused(pit, revoke("bob", keys.export("bob")), "bob", "bob", "0 revocations")
    raw = bytearray(dearmor(alices.strip().encode(), "PUBLIC KEY BLOCK", headers=True))
    raw[-3] ^= 1
    refused(pit, revoke("alice", armor(bytes(raw))), "bob", "bob", "not signed by")
    # Bob's own, that says it is of Alice's key.
    bobs = dearmor(certificate_of(keys, "bob").strip().encode(), "PUBLIC KEY BLOCK", headers=True)
    ids = [bytes.fromhex(keys.prints[who]) for who in ("bob", "alice")]
    forged = bobs.replace(*ids).replace(ids[0][-8:], ids[1][-8:])
    refused(pit, revoke("alice", armor(forged)), "bob", "bob", "not signed by")
    refused(pit, revoke("notary", certificate_of(keys, "notary")), "bob", "bob", "rekey notary")
    assert pit.codes(mailed(pit, revoke("alice", alices), "alice", "alice"))[0][:7] == "stamped"
    refused(pit, revoke("alice", alices), "bob", "bob", "already")
    audited(pit)


def test_revoking_the_old_key_stops_a_rekey_that_waits(pit: World) -> None:
    """A thief's, perhaps: he has the old key."""
    keys = pit.keys
    pit.run(mailed(pit, rekey(keys, "alice", "zoe"), "alice", "alice"))
    pit.run(mailed(pit, revoke("alice", certificate_of(keys, "alice")), "bob", "bob"))
    assert pit.codes(mailed(pit, "confirm alice\n", "zoe", "alice")) == ["key"]
    audited(pit)


def test_a_suspended_member_says_nothing_and_others_revoke_for_him(pit: World) -> None:
    keys = pit.keys
    certificate = certificate_of(keys, "carol")
    assert pit.codes(mailed(pit, revoke("carol", certificate), "carol", "carol"))[0][:5] == "right"
    assert pit.codes(mailed(pit, rekey(keys, "carol", "zoe"), "carol", "carol"))[0][:5] == "right"
    assert pit.codes(mailed(pit, revoke("carol", certificate), "bob", "bob"))[0][:7] == "stamped"
    pit.run(mailed(pit, "restore carol\n", "operator", "operator"))
    assert order(pit, "carol", "carol") == "right"
    audited(pit)


# --- expired ------------------------------------------------------------------------------------


def test_who_signs_with_an_expired_key_is_told_and_a_forger_is_not(pit: World) -> None:
    """gpg signs with an expired key only for someone who has extended it and told nobody."""
    keys = pit.keys
    before = mailed(pit, "buy 1 ACME @ 1\n", "erin", "erin", NOW - timedelta(days=2))
    old = keys.export("erin")
    at = NOW - timedelta(hours=2)
    keys.gpg("--quick-set-expire", keys.prints["erin"], "2y", at=at, passphrase=True)
    after = mailed(pit, "buy 2 ACME @ 1\n", "erin", "erin", NOW - timedelta(minutes=30))
    pit.replies()
    assert [code[:5] for code in pit.codes(before, after)] == ["right", "right"]
    assert all("expired" in reply for reply in pit.replies())
    assert pit.codes(after.replace(b"buy 2", b"buy 3")) == ["signature"]
    assert pit.replies() == []
    extended = rekey(keys, "erin", "erin")
    assert pit.codes(mailed(pit, extended, "erin", "erin"))[0][:5] == "right"
    refused(pit, rekey(keys, "erin", "erin", armored=old), "operator", "operator", "extend it")
    assert pit.codes(mailed(pit, extended, "operator", "operator"))[0][:7] == "stamped"
    assert order(pit, "erin", "erin") == "stamped"
    audited(pit)
