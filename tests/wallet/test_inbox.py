"""Receipts are checked and kept, refusals shown whole, and nothing is shown as new twice."""

import json
import shutil
from pathlib import Path

import pytest

from pit.pits.identity import identity_of
from pit.pits.spool import put, waiting
from pit.wallet.receipts import check, keep, notary_of, read_receipt
from tests.conftest import Shell


@pytest.fixture
def order(club: Shell) -> Shell:
    """The club, in which Alice's talk stands and its receipt waits."""
    club("send", "--as", "alice", 'say "näher"', 'say "and again"')
    club("notary")
    return club


def number(shell: Shell) -> str:
    return next(line for line in shell("lines").splitlines() if "\talice\t" in line).split("\t")[0]


def mail(shell: Shell) -> Path:
    (path,) = waiting(shell.home.wallet("alice") / "inbox")
    return path


def body(shell: Shell) -> bytes:
    return mail(shell).read_bytes().partition(b"\n\n")[2]


def test_a_receipt_is_one_line_and_is_kept(order: Shell) -> None:
    entry, whole = number(order), body(order)
    assert order("inbox", "--as", "alice") == f'receipt acme {entry}: say "näher" (+1)\n'
    assert (order.home.wallet("alice") / "receipts/acme" / f"{entry}.txt").read_bytes() == whole


def test_what_was_shown_is_read_and_all_shows_it_again(order: Shell) -> None:
    first = order("inbox", "--as", "alice")
    assert order("inbox", "--as", "alice") == "nothing new\n"
    assert order("inbox", "--as", "alice", "--all") == first
    assert mail(order).parent.name == "cur" and mail(order).name.endswith(":2,S")
    assert len(list((order.home.wallet("alice") / "receipts/acme").iterdir())) == 1


def test_a_refusal_is_shown_whole_with_line_and_column(club: Shell) -> None:
    club("send", "--as", "alice", "--unchecked", "buy 100 ACME @ 12,50")
    club("notary")
    shown = club("inbox", "--as", "alice")
    assert shown.startswith("refusal acme words\n")
    assert "  line 3, column 16: '12,50' is not a price; write 12.50\n" in shown
    assert "  > buy 100 ACME @ 12,50\n" in shown


def test_json_says_the_same(order: Shell) -> None:
    order("send", "--as", "alice", "--unchecked", "byu")
    order("notary")
    receipt, refusal = json.loads(order("inbox", "--as", "alice", "--json"))
    assert (receipt["answer"], receipt["pit"], receipt["problem"]) == ("receipt", "acme", "")
    assert receipt["entry"] == int(number(order))
    assert receipt["text"].endswith('\nsay "näher"\nsay "and again"\n')
    assert Path(receipt["file"]).is_file()
    assert (refusal["answer"], refusal["code"]) == ("refusal", "words")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b"\nPit-Time: 20", b"\nPit-Time: 19", "it leads to the root "),
        (b"\nPit-Prev: ", b"\nPit-Prev: 0", "should stand six stamp lines"),
        (b"== path\nL ", b"== path\nR ", "Merkle path: steps "),
        (b"== path\nL ", b"== path\nX ", "a line of the path should be"),
        (b"\n  root: ", b"\n  root: 0", "the seal is not the notary's"),
        (b"\nseal ", b"\nseal 1", "the seal is not the notary's"),
        (b"== seal\n", b"", "a line of the path should be"),
        (b"== stamp\n", b"", "`== path` stands where `== seal` should"),
        (b"\n== path\n", b"\n== seal\n", "`== seal` stands where `== path` should"),
    ],
)
def test_a_receipt_that_was_changed_is_named_and_not_kept(
    order: Shell, old: bytes, new: bytes, said: str
) -> None:
    whole = body(order)
    assert old in whole
    path = mail(order)
    path.write_bytes(path.read_bytes().replace(old, new))
    shown = order("inbox", "--as", "alice")
    assert shown.startswith("receipt acme ") and "not kept: " in shown and said in shown
    assert not (order.home.wallet("alice") / "receipts").exists()


def test_somebody_elses_receipt_is_not_mine(order: Shell) -> None:
    put(order.home.wallet("bob") / "inbox", mail(order).read_bytes())
    bob = identity_of(order.home, "bob").fingerprint
    assert f"yours is {bob}" in order("inbox", "--as", "bob")


def test_a_text_that_is_not_the_stamps_is_not_shown_as_it(order: Shell) -> None:
    path = mail(order)
    path.write_bytes(path.read_bytes().replace(b"> say", b"> buy", 1))
    assert order("inbox", "--as", "alice").endswith(": (its text is not shown)\n")


def test_a_receipt_counts_whatever_mail_did_to_its_line_ends(order: Shell) -> None:
    entry, path = number(order), mail(order)
    head, _, rest = path.read_bytes().partition(b"\n\n")
    path.write_bytes(head + b"\n\n" + rest.replace(b"\n", b"\r\n") + b"-- \r\nthe list\r\n")
    assert order("inbox", "--as", "alice") == f'receipt acme {entry}: say "näher" (+1)\n'
    kept = order.home.wallet("alice") / "receipts/acme" / f"{entry}.txt"
    assert order("receipt", "check", str(kept)).startswith(f"{kept}: kept: ")


def test_a_receipt_of_a_seal_by_another_key_proves_nothing(order: Shell, pit: Shell) -> None:
    receipt = read_receipt(body(order))
    notary = notary_of(order.home, "acme")
    alice = identity_of(order.home, "alice").fingerprint
    assert check(receipt, notary, {alice}) == ""
    order("new", "brot")
    assert "the seal is not the notary's" in check(receipt, notary_of(order.home, "brot"), {alice})


def test_two_stamps_of_one_entry_are_both_kept_and_said(order: Shell, tmp_path: Path) -> None:
    folder, whole = tmp_path / "receipts", body(order)
    receipt = read_receipt(whole)
    first, said = keep(folder, receipt, whole)
    assert said == ""
    assert keep(folder, receipt, whole) == (first, "")
    stamp = receipt.proof.stamp.replace(b"Pit-Time: 20", b"Pit-Time: 19")
    changed = receipt._replace(proof=receipt.proof._replace(stamp=stamp))
    other, said = keep(folder, changed, whole.replace(receipt.proof.stamp, stamp))
    assert "two different stamps" in said and str(other) in said
    assert keep(folder, changed, whole.replace(receipt.proof.stamp, stamp)) == (other, said)
    assert first.read_bytes() == whole and other.read_bytes() != whole


def test_without_the_archive_a_receipt_waits_unkept(order: Shell) -> None:
    shutil.rmtree(order.home.archive("acme"))
    for _ in range(2):  # it stays new until it can be checked
        assert "no archive of acme is here to check it by" in order("inbox", "--as", "alice")


def test_other_mail_is_shown_and_cannot_steer_the_terminal(order: Shell) -> None:
    order("inbox", "--as", "alice")
    put(order.home.wallet("alice") / "inbox", b"Subject: \x1b[2Jhello\n\n\x1b[31mred\n\xff\n")
    assert order("inbox", "--as", "alice") == "mail: \\u001b[2Jhello\n  \\u001b[31mred\n  �\n"
    put(order.home.wallet("alice") / "inbox", b"")
    order("inbox", "--as", "alice")
    order("inbox", "--as", "carol", status=66)
