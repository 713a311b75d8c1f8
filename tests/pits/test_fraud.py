"""`pit fraud`: whatever two people hold, two histories are found, and the evidence stands alone."""

import json
from hashlib import sha256
from pathlib import Path

import pytest

from pit.archives.entry import read_entry, write_entry
from pit.archives.proof import read_proofs, show
from tests.moderator.world import Keys, founded, short_folder
from tests.pits.forks import NAME, Done, Forks, by_hand, pit, run


@pytest.fixture
def nobody(tmp_path: Path) -> Path:
    """A home in which nothing is."""
    return tmp_path / "nobody"


def convicts(done: Done, forks: Forks, tmp_path: Path) -> str:
    """What evidence says to somebody who has it and the pit's id, and nothing else."""
    assert (done.status, done.err) == (1, "")
    path = tmp_path / "evidence.txt"
    path.write_bytes(done.out)
    judged = pit(tmp_path / "empty", "verify", "--id", forks.id, path)
    assert (judged.status, judged.err) == (65, "")
    lines = judged.text.splitlines()
    assert len(lines) == 3 and all(": holds: " in line for line in lines[:2])
    sentence = lines[2].removeprefix("two histories: ")
    assert done.text.startswith(
        f"The notary of the pit {NAME} has signed two histories:\n{sentence}.\n"
        f"The pit's id is {forks.id}\n"
    )
    # The same once more in reverse, and through a mail program.
    again = pit(tmp_path / "empty", "fraud", "--id", forks.id, path, path)
    assert again.status == 1
    mailed = done.out.replace(b"\n", b"\r\n")
    assert pit(tmp_path / "empty", "verify", "--id", forks.id, "-", stdin=mailed).status == 65
    assert pit(tmp_path / "empty", "verify", "--id", "0" * 64, path).status == 65
    proofs = read_proofs(done.out)
    steps = [proof for proof in proofs if show(proof).startswith((b"== stamp", b"== since"))]
    if steps:
        checked = by_hand(path)
        assert (checked.status, checked.text.count("ok: ")) == (0, len(steps))
    return sentence


def folder(forks: Forks, name: str, tmp_path: Path, size: int = 0) -> Path:
    """An archive's files; each call makes a copy."""
    return forks[name].write(tmp_path / f"{name}-{size}-{len([*tmp_path.iterdir()])}", size)


def saved(mail: bytes, tmp_path: Path, name: str) -> Path:
    path = tmp_path / name
    path.write_bytes(mail)
    return path


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        (("left", 12), ("twin", 12), "two different stamps of entry 12, each below a root"),
        (("left", 18), ("twin", 18), "two different stamps of entry 12, each below a root"),
        (("left", 18), ("right", 20), "two different stamps of entry 12, each below a root"),
        (("left", 12), ("right", 13), "two different stamps of entry 12, each below a root"),
        (("early", 5), ("right", 20), "two different stamps of entry 5, each below a root"),
        (("idle", 11), ("late", 11), "two different stamps of entry 12, one of "),
        (("idle", 11), ("left", 18), "two different stamps of entry 12, one of "),
    ],
    ids=lambda given: "-".join(map(str, given)) if isinstance(given, tuple) else "",
)
def test_two_archives_that_part_are_convicted(
    one: tuple[str, int],
    other: tuple[str, int],
    said: str,
    forks: Forks,
    nobody: Path,
    tmp_path: Path,
) -> None:
    first = folder(forks, one[0], tmp_path, one[1])
    second = folder(forks, other[0], tmp_path, other[1])
    done = pit(nobody, "fraud", first, second)
    assert convicts(done, forks, tmp_path).startswith(said)
    assert pit(nobody, "fraud", second, first).status == 1


def test_an_archive_and_its_beginning_are_one_history(
    forks: Forks, nobody: Path, tmp_path: Path
) -> None:
    whole = folder(forks, "left", tmp_path)
    for size in (1, 3, 10, 16):
        done = pit(nobody, "fraud", folder(forks, "left", tmp_path, size), whole)
        assert (done.status, done.err) == (0, "")
        assert done.text == "nothing here contradicts: what both speak of is one history\n"


def test_a_copy_that_ends_before_the_histories_part_cannot_tell(
    forks: Forks, nobody: Path, tmp_path: Path
) -> None:
    short = folder(forks, "twin", tmp_path, 10)
    assert pit(nobody, "fraud", short, folder(forks, "right", tmp_path)).status == 0


def test_two_receipts_of_one_number_convict(forks: Forks, nobody: Path, tmp_path: Path) -> None:
    """They have no charter; the archive of either side says whose key it is."""
    one = saved(forks["left"].receipts[12], tmp_path, "one")
    other = saved(forks["twin"].receipts[12], tmp_path, "other")
    home = forks["right"].world.home.root
    done = pit(home, "fraud", one, other)
    assert convicts(done, forks, tmp_path) == (
        "two different stamps of entry 12, each below a root that the notary sealed"
    )
    assert pit(nobody, "fraud", "--id", forks.id, one, other).status == 66


def test_two_receipts_of_different_numbers_convict_by_their_paths(
    forks: Forks, tmp_path: Path
) -> None:
    one = saved(forks["left"].receipts[14], tmp_path, "one")
    other = saved(forks["twin"].receipts[15], tmp_path, "other")
    done = pit(forks["left"].world.home.root, "fraud", "--id", forks.id, one, other)
    assert convicts(done, forks, tmp_path).startswith("two different ")


def test_receipts_before_the_histories_part_are_of_one(forks: Forks, tmp_path: Path) -> None:
    one = saved(forks["left"].receipts[9], tmp_path, "one")
    other = saved(forks["twin"].receipts[12], tmp_path, "other")
    assert pit(forks["left"].world.home.root, "fraud", one, other).status == 0


def test_a_receipt_and_an_archive_convict_either_way(
    forks: Forks, nobody: Path, tmp_path: Path
) -> None:
    mail = saved(forks["twin"].receipts[15], tmp_path, "mail")
    archive = folder(forks, "left", tmp_path)
    done = pit(nobody, "fraud", archive, mail)
    assert convicts(done, forks, tmp_path).startswith("two different stamps of entry 15")
    assert pit(nobody, "fraud", mail, archive).status == 1


def test_one_file_may_hold_both_histories(forks: Forks, nobody: Path, tmp_path: Path) -> None:
    both = forks["left"].receipts[12] + forks["twin"].receipts[12]
    file, archive = saved(both, tmp_path, "both"), folder(forks, "trunk", tmp_path)
    done = pit(nobody, "fraud", file, archive)
    assert convicts(done, forks, tmp_path).startswith("two different stamps of entry 12")


def test_json_says_the_same(forks: Forks, nobody: Path, tmp_path: Path) -> None:
    left, twin = folder(forks, "left", tmp_path), folder(forks, "twin", tmp_path)
    plain = pit(nobody, "fraud", left, twin)
    done = pit(nobody, "fraud", "--json", left, twin)
    said = json.loads(done.out)
    assert (done.status, said["evidence"], said["wrong"]) == (1, plain.text, [])
    assert said["contradiction"].startswith("two different stamps of entry 12")
    done = pit(nobody, "fraud", "--json", left, left)
    assert (done.status, json.loads(done.out)) == (
        0,
        {"contradiction": None, "evidence": None, "wrong": []},
    )


# --- what is no evidence ------------------------------------------------------------------------


def test_archives_of_two_pits_are_not_compared(forks: Forks, nobody: Path, tmp_path: Path) -> None:
    with short_folder() as short:
        keys = Keys(short / "k")
        with founded(keys) as other:
            run(other, other.founding())
            theirs, ours = other.home.archive(NAME), forks["trunk"].folder
            done = pit(nobody, "fraud", ours, theirs)
            assert (done.status, done.out) == (65, b"")
            assert f"{ours} (id {forks.id}) and {theirs} (id {other.settings.id})" in done.err
            assert "are archives of two pits; two of one pit are compared" in done.err
            done = pit(nobody, "fraud", "--id", forks.id, ours, theirs)
            assert (done.status, done.out) == (65, b"")
            assert f"{theirs}: the archive of another pit, acme, id {other.settings.id}" in done.err
            mail = saved(forks["left"].receipts[12], tmp_path, "mail")
            done = pit(nobody, "fraud", theirs, mail)
            assert (done.status, done.out) == (65, b"")
            assert f"does not hold: {mail}: the seal is not the notary's" in done.err
        keys.close()


def test_what_a_stranger_made_up_is_no_evidence(forks: Forks, nobody: Path, tmp_path: Path) -> None:
    proof = forks["left"].cut().inclusion(14)
    short = show(proof._replace(path=()))
    forged = saved(short, tmp_path, "forged")
    archive = folder(forks, "twin", tmp_path)
    done = pit(nobody, "fraud", archive, forged)
    assert (done.status, done.out) == (65, b"")
    assert done.err.startswith(f"pit fraud: does not hold: {forged}: Merkle path: steps 0")
    mixed = saved(short + forks["left"].receipts[12], tmp_path, "mixed")
    done = pit(nobody, "fraud", archive, mixed)
    assert done.status == 1
    assert done.err.startswith(f"pit fraud: does not hold: {mixed}: proof 1: Merkle path: ")
    assert len(read_proofs(done.out)) == 2


def test_an_archive_with_a_forged_last_seal_is_refused(
    forks: Forks, nobody: Path, tmp_path: Path
) -> None:
    """Its stamps and roots are all in order; the signature is another seal's."""
    entries = forks["left"].entries
    (_, seal), (stamp, last) = read_entry(entries[16].raw), read_entry(entries[18].raw)
    begin = b"-----BEGIN PGP SIGNATURE"
    mail = last.partition(begin)[0] + begin + seal.partition(begin)[2]
    stamp = stamp._replace(length=len(mail), mail=sha256(mail).hexdigest())
    made = folder(forks, "left", tmp_path, 16)
    with (made / "0000000001.mbox").open("ab") as file:
        file.write(entries[17].raw + write_entry(stamp, mail))
    done = pit(nobody, "fraud", made, folder(forks, "twin", tmp_path))
    assert (done.status, done.out) == (65, b"")
    assert f"{made}: the seal is not the notary's" in done.err


def test_what_cannot_be_compared_is_said(forks: Forks, nobody: Path, tmp_path: Path) -> None:
    archive = forks["trunk"].folder
    garbage = saved(b"garbage", tmp_path, "garbage")
    mail = saved(forks["left"].receipts[12], tmp_path, "mail")
    for args, status, said in [
        ([archive, tmp_path / "none"], 66, "none: there is no such file"),
        ([archive, garbage], 65, "garbage: no proof: "),
        ([archive, tmp_path], 66, "no archive is here"),
        ([mail, mail], 64, "which pit? here: none"),
        (["--id", "x", archive, archive], 64, "'x' is not a pit's id"),
        (["--id", "0" * 64, archive, archive], 65, "the pit's id is 0000"),
        ([archive], 64, "required: B"),
    ]:
        done = pit(nobody, "fraud", *args)
        assert (done.status, done.out) == (status, b"")
        assert said in done.err
