"""Whatever bytes come: a verdict, never an error, and no text but the one that was signed."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from pit.moderator.case import Case
from pit.moderator.ledger import read_ledger
from pit.moderator.rules import QUARANTINED, TAKEN, decide
from tests.moderator.world import NAME, NOW, World

TIME = NOW.replace(tzinfo=None).isoformat() + ".000000Z"
PIECES = [
    *(b"\n", b"\r\n", b"\r", b"\0", b" ", b"\t", b"- ", b"--", b"From ", b">From ", b"\xff", b"="),
    *(b"-----BEGIN PGP SIGNED MESSAGE-----\n", b"-----BEGIN PGP SIGNATURE-----\n", b"Hash: MD5\n"),
    *(b"From: bob@example.org\n", b"Pit-Entry: acme 1\n", b"buy 9 ACME @ 1.00\n", b"pit other\n"),
]


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=400))
def test_any_bytes_go_into_quarantine(stands: World, data: bytes) -> None:
    ledger = read_ledger(stands.home.archive(NAME), NAME)
    assert decide(Case(data, ledger, TIME, stands.settings)).follows == QUARANTINED


def test_no_change_of_a_mails_bytes_makes_another_text_stand(stands: World) -> None:
    ledger = read_ledger(stands.home.archive(NAME), NAME)
    text = stands.text('buy 7 ACME @ 12.50\n  ref: x\nsay "- grün"\n')
    mail = stands.mail('buy 7 ACME @ 12.50\n  ref: x\nsay "- grün"\n')
    dice = random.Random(1)
    taken = 0
    for _ in range(3000):
        at, length = dice.randrange(len(mail)), dice.choice((0, 0, 1, 1, 3, 40))
        changed = mail[:at] + dice.choice(PIECES) + mail[at + length :]
        case = Case(changed, ledger, TIME, stands.settings)
        if decide(case).follows == TAKEN:
            taken += 1
            assert case.block.text.decode() == text
            assert case.mail.sender.lower() == "alice@example.org"
    assert 0 < taken < 3000
