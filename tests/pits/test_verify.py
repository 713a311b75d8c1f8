"""`pit verify`: the proofs of a file, with nothing but the pit's id."""

import json
from pathlib import Path

import pytest

from pit.archives.proof import MAX_PROOF, show
from tests.pits.forks import Forks, pit


@pytest.fixture
def home(forks: Forks) -> Path:
    """Where the pit is that has `left`'s history."""
    return forks["left"].world.home.root


@pytest.fixture
def nobody(tmp_path: Path) -> Path:
    """A home in which nothing is."""
    return tmp_path / "nobody"


@pytest.fixture
def proof(forks: Forks, tmp_path: Path) -> Path:
    """A file with the proof of entry 14, charter and all."""
    path = tmp_path / "proof.txt"
    path.write_bytes(show(forks["left"].cut().inclusion(14)))
    return path


def test_with_the_pits_id_nothing_else_is_needed(nobody: Path, proof: Path, forks: Forks) -> None:
    copy = forks["left"].cut()
    done = pit(nobody, "verify", "--id", forks.id, proof)
    seal = f"seal 16 of acme, {copy.told(17).time}, root {copy.tree.root(16).hex()}"
    assert done.text == (
        f"{proof}: holds: entry 14 of alice, {copy.told(14).time}, stands below {seal}\n"
    )
    assert (done.status, done.err) == (0, "")
    assert not nobody.exists()


def test_each_kind_of_proof_is_said_in_a_line(nobody: Path, forks: Forks) -> None:
    copy = forks["left"].cut()
    proofs = [copy.consistency(10, 12), copy.prefix(9), copy.head(12)]
    done = pit(nobody, "verify", "--id", forks.id, "-", stdin=b"".join(map(show, proofs)))
    seal = f"seal 12 of acme, {copy.told(13).time}, root {copy.tree.root(12).hex()}"
    over = f"seal 10 of acme, {copy.told(11).time}, root {copy.tree.root(10).hex()}"
    root = copy.tree.root(9).hex()
    assert done.text.splitlines() == [
        f"-: holds: seal 10 closes the beginning of {seal}",
        f"-: holds: the first 9 stamps below {over} have the root {root}",
        f"-: holds: the notary signed {seal}",
    ]
    assert done.status == 0


def test_json_says_the_same(nobody: Path, proof: Path, forks: Forks) -> None:
    done = pit(nobody, "verify", "--id", forks.id, "--json", proof)
    said = json.loads(done.out)
    assert said["contradiction"] is None
    (row,) = said["proofs"]
    assert (row["file"], row["holds"]) == (str(proof), True)
    assert row["what"].startswith("entry 14 of alice, ")


def test_where_the_pit_is_its_noted_id_will_do(home: Path, proof: Path) -> None:
    assert pit(home, "verify", proof).status == 0
    assert pit(home, "verify", "-p", "acme", proof).status == 0


def test_a_receipts_mail_is_a_proof_where_an_archive_of_the_pit_is(
    home: Path, nobody: Path, forks: Forks, tmp_path: Path
) -> None:
    receipt = tmp_path / "mail"
    receipt.write_bytes(forks["left"].receipts[15].replace(b"\n", b"\r\n"))
    assert pit(home, "verify", receipt).text.startswith(f"{receipt}: holds: entry 15 of alice, ")
    assert pit(home, "verify", "--id", forks.id, receipt).status == 0
    done = pit(nobody, "verify", "--id", forks.id, receipt)
    assert done.status == 66
    assert "there is no charter to take the notary's key from" in done.err
    assert "ask for the proof with its charter: pit prove" in done.err


def test_the_charter_of_one_file_serves_the_others(
    nobody: Path, proof: Path, forks: Forks, tmp_path: Path
) -> None:
    receipt = tmp_path / "mail"
    receipt.write_bytes(forks["left"].receipts[15])
    assert pit(nobody, "verify", "--id", forks.id, receipt, proof).status == 0


def test_receipts_one_behind_the_other_are_a_file_of_proofs(home: Path, forks: Forks) -> None:
    mails = b"".join(forks["left"].receipts.values())
    done = pit(home, "verify", "-", stdin=mails)
    assert done.status == 0
    assert done.text.count(": holds: entry ") == len(forks["left"].receipts)


def test_a_charter_with_another_id_is_refused(nobody: Path, proof: Path, forks: Forks) -> None:
    done = pit(nobody, "verify", "--id", "0" * 64, proof)
    assert (done.status, done.out) == (65, b"")
    assert f"the charter has the sha256 {forks.id}; the pit's id is {'0' * 64}" in done.err
    proof.write_bytes(proof.read_bytes().replace(b'\ncharter "Acme"', b'\ncharter "Acne"'))
    done = pit(nobody, "verify", "--id", forks.id, proof)
    assert (done.status, done.out) == (65, b"")
    assert f"; the pit's id is {forks.id}" in done.err


def test_what_does_not_hold_is_said_with_its_reason(
    nobody: Path, proof: Path, forks: Forks
) -> None:
    copy = forks["left"].cut()
    good = copy.inclusion(14)
    bad = good._replace(stamp=copy.stamp(15), charter="")
    proof.write_bytes(show(bad) + show(good))
    done = pit(nobody, "verify", "--id", forks.id, proof)
    wrong, right = done.text.splitlines()
    assert wrong.startswith(f"{proof}: does not hold: Merkle path: steps ")
    assert right.startswith(f"{proof}: holds: entry 14 ")
    assert (done.status, done.err) == (65, "")


def test_two_histories_are_seen_across_files(
    nobody: Path, proof: Path, forks: Forks, tmp_path: Path
) -> None:
    other = tmp_path / "other.txt"
    other.write_bytes(show(forks["twin"].cut().inclusion(14)))
    done = pit(nobody, "verify", "--id", forks.id, proof, other)
    assert done.status == 65
    assert done.text.splitlines()[2] == (
        "two histories: two different stamps of entry 14, each below a root that the notary sealed"
    )
    done = pit(nobody, "verify", "--id", forks.id, "--json", proof, other)
    assert (done.status, json.loads(done.out)["contradiction"][:26]) == (
        65,
        "two different stamps of en",
    )


@pytest.mark.parametrize(
    ("id", "said"),
    [("abc", "'abc' is not a pit's id"), ("A" * 64, "is not a pit's id; write its 64 hex digits")],
)
def test_an_id_is_64_digits(id: str, said: str, nobody: Path, proof: Path) -> None:
    done = pit(nobody, "verify", "--id", id, proof)
    assert done.status == 64 and said in done.err


def test_without_an_id_or_a_pit_it_asks_which(nobody: Path, proof: Path) -> None:
    done = pit(nobody, "verify", proof)
    assert done.status == 64 and "which pit? here: none" in done.err


def test_files_that_are_no_proofs_are_named(nobody: Path, forks: Forks, tmp_path: Path) -> None:
    folder = forks["trunk"].folder
    garbage, long = tmp_path / "garbage", tmp_path / "long"
    garbage.write_bytes(bytes(range(256)))
    with long.open("wb") as file:
        file.truncate(MAX_PROOF + 1)
    for path, status, said in [
        (tmp_path / "none", 66, "none: there is no such file"),
        (garbage, 65, "garbage: no proof: there is no line `== stamp`"),
        (long, 65, f"long: more than {MAX_PROOF} bytes"),
        (folder, 65, ": an archive, where a file of proofs is right; pit audit checks it"),
        (tmp_path, 66, "no archive is here"),
    ]:
        done = pit(nobody, "verify", "--id", forks.id, path)
        assert (done.status, done.out) == (status, b"")
        assert said in done.err
    done = pit(nobody, "verify", "--id", forks.id, "-", stdin=b"\0\xff")
    assert done.status == 65 and "-: no proof: " in done.err
