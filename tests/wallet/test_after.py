"""Every signed instruction names the last seal that its signer has: so each member is a witness."""

import re
from pathlib import Path

from pit.archives import mbox
from pit.archives.extent import chunks
from pit.pits.reading import last_seal
from tests.conftest import Shell

SEAL = r"(?m)^seal (\d+)\n  root: ([0-9a-f]{64})$"


def head(shell: Shell) -> str:
    """What a text begins with that knows the last seal."""
    seal = last_seal(shell.home, "acme")
    assert seal is not None
    return f"pit acme\n  after: {seal[0]} {seal[1]}\n"


def test_every_verb_of_the_wallet_writes_the_last_seal(club: Shell) -> None:
    key = club.run("key", "show", "--as", "alice")
    before = head(club)
    for args in (
        ["send", "--as", "alice", 'say "Good morning"'],
        ["send", "--as", "alice", "--unchecked", "buy 100 ACME @ 12,50"],
        ["buy", "--as", "alice", "100", "ACME", "12.50"],
        ["sell", "--as", "bob", "60", "ACME", "12.40", "--ref", "spring"],
        ["cancel", "--as", "alice", "5"],
        ["admit", "carol", "carol@example.org", "-"],
    ):
        assert club(*args, stdin=key).startswith(before)
    club("notary")
    assert head(club) != before
    assert club("send", "--as", "alice", 'say "and now"').startswith(head(club))


def test_whatever_anybody_signed_in_the_demo_names_a_seal_that_stands_above_it(
    shown: tuple[Path, str],
) -> None:
    """Orders, admissions, bookings; and the reports that `pit publish` sends."""
    seals: set[str] = set()
    reports = 0
    for entry in mbox.entries(chunks(shown[0] / "demo/archives/acme", "acme")):
        if entry.signer == "notary":
            seals |= {f"{n} {root}" for n, root in re.findall(SEAL, entry.text)}
        elif entry.number > 1:
            after = re.match(r"pit acme\n  after: (\d+ [0-9a-f]{64})\n", entry.text)
            assert after is not None and after[1] in seals, entry.text
            reports += "\nreport " in entry.text
    assert reports >= 3 and len(seals) >= 5
