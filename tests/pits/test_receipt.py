"""`pit receipt check`: a promise that is kept, broken (with evidence), open, or none."""

import json
from pathlib import Path

import pytest

from pit.archives.proof import show
from tests.pits.forks import Done, Forks, by_hand, pit


@pytest.fixture
def nobody(tmp_path: Path) -> Path:
    """A home in which nothing is."""
    return tmp_path / "nobody"


def saved(forks: Forks, name: str, number: int, tmp_path: Path) -> Path:
    """A receipt as it came by mail."""
    path = tmp_path / f"{name}-{number}.eml"
    path.write_bytes(forks[name].receipts[number])
    return path


def against(forks: Forks, name: str, size: int, receipt: Path, tmp_path: Path) -> Done:
    """Check a receipt in an empty home, against a copy that ends with a seal."""
    folder = forks[name].write(tmp_path / f"copy-{name}-{size}", size)
    nobody = tmp_path / "nobody"
    done = pit(nobody, "receipt", "check", "--archive", folder, "--id", forks.id, receipt)
    evidence = Path(f"{receipt}.evidence")
    if done.status == 1:
        assert done.err == f"pit receipt: the evidence is kept: {evidence}\n"
        judged = pit(nobody, "verify", "--id", forks.id, evidence)
        assert judged.status == 65
        assert judged.text.count(": holds: ") == 2 and "\ntwo histories: " in judged.text
        assert done.out.endswith(evidence.read_bytes())
        assert by_hand(evidence).status == 0
    else:
        assert not evidence.exists()
    return done


def test_a_promise_is_kept_while_the_entry_stands(forks: Forks, tmp_path: Path) -> None:
    for number, size in ((1, 1), (9, 10), (12, 12), (12, 18), (16, 18)):
        receipt = saved(forks, "left", number, tmp_path)
        done = against(forks, "left", size, receipt, tmp_path / f"{number}-{size}")
        folder = tmp_path / f"{number}-{size}/copy-left-{size}"
        assert done.text == (
            f"{receipt}: kept: entry {number} stands in {folder} as the receipt says\n"
        )
        assert done.status == 0


def test_a_promise_of_before_the_histories_parted_is_kept_in_both(
    forks: Forks, tmp_path: Path
) -> None:
    for name in ("left", "right", "idle", "trunk"):
        receipt = saved(forks, "twin", 9, tmp_path)
        assert against(forks, name, forks[name].cut().size, receipt, tmp_path).status == 0


@pytest.mark.parametrize(
    ("name", "size", "number", "said"),
    [
        ("left", 18, 12, "two different stamps of entry 12, each below a root"),
        ("left", 12, 12, "two different stamps of entry 12, each below a root"),
        ("left", 12, 16, "two different histories of the entries 9 to 12"),
        ("right", 13, 15, "two different histories of the entries 9 to 12"),
        ("right", 20, 16, "two different stamps of entry 16, each below a root"),
        ("late", 11, 12, "two different stamps of entry 12, one of "),
        ("late", 11, 16, "entries 12 and 16, one of "),
        ("early", 5, 5, "two different stamps of entry 5, each below a root"),
    ],
)
def test_a_promise_is_broken_by_another_history(
    name: str, size: int, number: int, said: str, forks: Forks, tmp_path: Path
) -> None:
    receipt = saved(forks, "twin", number, tmp_path)
    done = against(forks, name, size, receipt, tmp_path)
    assert done.status == 1
    assert done.text.startswith(f"{receipt}: broken: ")
    assert said in done.text.splitlines()[0]


def test_a_promise_is_open_where_the_copy_ends_above_the_entry(
    forks: Forks, tmp_path: Path
) -> None:
    receipt = saved(forks, "left", 16, tmp_path)
    copy = forks["left"].cut()
    for size in (1, 10, 12):
        done = against(forks, "left", size, receipt, tmp_path)
        end = f"this copy ends with seal {size} of {copy.told(size + 1).time}: get a newer one"
        assert done.text == f"{receipt}: open: entry 16 is of {copy.told(16).time}; {end}\n"
        assert done.status == 66


def test_where_the_pit_is_nothing_need_be_named(forks: Forks, tmp_path: Path) -> None:
    home = forks["left"].world.home.root
    receipt = saved(forks, "left", 14, tmp_path)
    done = pit(home, "receipt", "check", receipt)
    assert (done.status, done.err) == (0, "")
    assert pit(home, "receipt", "check", "-p", "acme", receipt).status == 0


def test_many_are_checked_and_the_gravest_says_the_status(forks: Forks, tmp_path: Path) -> None:
    home = forks["left"].world.home.root
    kept, broken = saved(forks, "left", 14, tmp_path), saved(forks, "twin", 14, tmp_path)
    none = tmp_path / "none.eml"
    none.write_bytes(b"Dear Alice\n")
    done = pit(home, "receipt", "check", none, kept, broken)
    assert done.status == 1
    words = [line.split(": ")[1] for line in done.text.splitlines() if ".eml: " in line]
    assert words == ["no receipt", "kept", "broken"]
    assert pit(home, "receipt", "check", none, kept).status == 65
    folder = forks["left"].write(tmp_path / "copy", 12)
    done = pit(home, "receipt", "check", "--archive", folder, kept)
    assert done.status == 66
    assert pit(home, "receipt", "check", "--archive", folder, kept, none).status == 65
    assert sorted(path.name for path in tmp_path.glob("*.evidence")) == ["twin-14.eml.evidence"]


def test_json_says_the_same(forks: Forks, tmp_path: Path) -> None:
    home = forks["left"].world.home.root
    kept, broken = saved(forks, "left", 14, tmp_path), saved(forks, "twin", 14, tmp_path)
    done = pit(home, "receipt", "check", "--json", kept, broken)
    one, other = json.loads(done.out)
    assert (one["file"], one["verdict"], one["evidence"]) == (str(kept), "kept", None)
    assert other["verdict"] == "broken" and other["why"].startswith("two different stamps")
    assert other["evidence"].encode() == Path(f"{broken}.evidence").read_bytes()
    assert done.status == 1


def test_what_is_no_receipt_is_said(forks: Forks, nobody: Path, tmp_path: Path) -> None:
    home = forks["left"].world.home.root
    copy = forks["left"].cut()
    proof, other = copy.inclusion(14), forks["twin"].cut().inclusion(14)
    for data, said in [
        (b"", "no proof: there is no line"),
        (bytes(range(256)) * 9, "no proof: there is no line"),
        (show(proof)[:-200], "no proof: where a seal should be"),
        (show(proof) + show(other), "one `== stamp`, `== path`, `== seal` is right"),
        (show(copy.consistency(3)), "one `== stamp`, `== path`, `== seal` is right"),
        (show(proof._replace(stamp=copy.stamp(15))), "Merkle path: "),
        (show(proof._replace(seal=other.seal)), "it leads to the root "),
        (
            show(proof).replace(b"Pit-Entry: acme 14", b"Pit-Entry: acne 14"),
            "stamp of the pit acne",
        ),
        (show(proof).replace(b"\n  root: ", b"\n  root: 0"), "the seal is not the notary's"),
    ]:
        (tmp_path / "mail").write_bytes(data)
        done = pit(home, "receipt", "check", tmp_path / "mail")
        assert (done.status, done.err) == (65, "")
        assert done.text.startswith(f"{tmp_path / 'mail'}: no receipt: ")
        assert said in done.text
    for args, status, said in [
        ([tmp_path / "none"], 66, "none: there is no such file"),
        ([forks["left"].folder], 0, "no receipt"),
    ]:
        done = pit(home, "receipt", "check", *args)
        assert done.status == (status or 65)
        assert said in done.err + done.text
    done = pit(nobody, "receipt", "check", tmp_path / "mail")
    assert done.status == 64 and "which pit? here: none" in done.err


def test_an_archive_of_another_id_is_not_asked(forks: Forks, nobody: Path, tmp_path: Path) -> None:
    receipt = saved(forks, "left", 14, tmp_path)
    args = ["--archive", forks["left"].folder, "--id", "0" * 64, receipt]
    done = pit(nobody, "receipt", "check", *args)
    assert (done.status, done.out) == (65, b"")
    assert f"the charter has the sha256 {forks.id}; the pit's id is 0000" in done.err


def test_the_verdict_is_said_even_where_the_evidence_cannot_be_kept(
    forks: Forks, tmp_path: Path
) -> None:
    receipt = saved(forks, "twin", 14, tmp_path)
    Path(f"{receipt}.evidence").mkdir()
    done = pit(forks["left"].world.home.root, "receipt", "check", receipt)
    assert done.status == 74
    assert done.text.startswith(f"{receipt}: broken: two different stamps of entry 14")
    assert "\n== seal\n" in done.text
