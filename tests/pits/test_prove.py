"""`pit prove`: every entry that is sealed, every two seals; checked by `verify` and by hand."""

import json
import os
import pty
import subprocess
import sys
from hashlib import sha256
from itertools import combinations_with_replacement
from pathlib import Path

import pytest

from pit.archives.entry import NOTARY, Stamp
from pit.archives.merkle import leaf
from pit.archives.proof import Consistency, Inclusion, Prefix, Proof, read_proofs, show
from pit.archives.tree import Tree
from tests.pits.forks import SEALS, Forks, by_hand, pit


@pytest.fixture
def home(forks: Forks) -> Path:
    """Where the pit is that has `left`'s history."""
    return forks["left"].world.home.root


def proof_of(home: Path, *args: object) -> Proof:
    done = pit(home, "prove", *args)
    assert (done.status, done.err) == (0, "")
    (proof,) = read_proofs(done.out)
    return proof


def test_an_entry_is_proven_by_the_first_seal_over_it(home: Path, forks: Forks) -> None:
    copy = forks["left"].cut()
    for number, seal in ((1, 1), (2, 3), (11, 12), (14, 16), (18, 18)):
        assert proof_of(home, number) == copy.inclusion(number, seal)


def test_a_proof_says_what_it_is_and_how_to_check_it(home: Path, forks: Forks) -> None:
    text = pit(home, "prove", 14).text
    assert text.startswith(
        f"In the pit acme, entry 14 stands below seal 16.\nThe pit's id is {forks.id}\n\n"
        "To check this: pit verify --id ID FILE\n\n== stamp\nPit-Entry: acme 14\n"
    )
    assert text.count("\n== charter\npit acme\n") == 1
    text = pit(home, "prove", "last", "--since", 7).text
    assert text.startswith("In the pit acme, what seal 7 closes begins what seal 18 does.\n")


def test_growth_is_proven_between_any_two_seals(home: Path, forks: Forks) -> None:
    copy = forks["left"].cut()
    assert proof_of(home, "last", "--since", 3) == copy.consistency(3, 18)
    assert proof_of(home, 12, "--since", 10) == copy.consistency(10, 12)
    assert proof_of(home, 12, "--since", 12) == copy.consistency(12, 12)


def test_a_copy_elsewhere_will_do(forks: Forks, tmp_path: Path) -> None:
    folder = forks["right"].write(tmp_path / "copy", 15)
    proof = proof_of(tmp_path / "nobody", 12, "--archive", folder)
    assert proof == forks["right"].cut().inclusion(12)
    proof = proof_of(tmp_path / "nobody", "last", "--since", 10, "--archive", folder)
    assert proof == forks["right"].cut().consistency(10, 15)


def test_json_says_the_same(home: Path, forks: Forks) -> None:
    copy = forks["left"].cut()
    said = json.loads(pit(home, "prove", 14, "--json").out)
    proof = copy.inclusion(14)
    assert said == {
        "pit": "acme",
        "id": forks.id,
        "entry": 14,
        "stamp": proof.stamp.decode(),
        "path": [[side, sibling.hex()] for side, sibling in proof.path],
        "size": 16,
        "root": copy.tree.root(16).hex(),
        "seal": proof.seal.decode(),
        "charter": copy.charter,
    }
    said = json.loads(pit(home, "prove", "last", "--since", 7, "--json").out)
    since = copy.consistency(7)
    assert (said["since"], said["since_seal"]) == (7, since.since.decode())
    assert said["consistency"] == [node.hex() for node in since.nodes]
    assert (said["size"], said["root"]) == (18, copy.tree.root(18).hex())


@pytest.mark.parametrize(
    ("args", "status", "said"),
    [
        (["19"], 66, "entry 19 is not sealed; the last seal is over 1 to 18"),
        (["999999999"], 66, "entry 999999999 is not sealed"),
        (["0"], 64, "'0' is not the number of an entry or seal; write 1042"),
        (["-1"], 64, "'-1' is not the number"),
        (["acme/4"], 64, "'acme/4' is not the number"),
        (["last"], 64, "'last' is not the number"),
        (["12", "--since", "0"], 64, "'0' is not the number of an entry or seal"),
        (["12", "--since", ""], 64, "'' is not the number of an entry or seal"),
        (["12", "--since", "11"], 66, "there is no seal 11; the ones near it are 10, 12"),
        (["13", "--since", "10"], 66, "there is no seal 13; the ones near it are 12, 16"),
        (["99", "--since", "10"], 66, "no consistency from 10 to 99 entries"),
        (["10", "--since", "12"], 66, "no consistency from 12 to 10 entries"),
        (["4", "--archive", "/nowhere"], 66, "/nowhere: no archive is here"),
        (["4", "--pit", "other"], 66, "no archive of pit other"),
    ],
)
def test_what_cannot_be_proven_is_said(args: list[str], status: int, said: str, home: Path) -> None:
    done = pit(home, "prove", *args)
    assert (done.status, done.out) == (status, b"")
    assert said in done.err


def test_a_proof_that_would_not_hold_is_not_printed(forks: Forks, tmp_path: Path) -> None:
    folder = forks["left"].write(tmp_path / "copy")
    path, seal = folder / "0000000001.mbox", forks["left"].entries[10].raw
    at = seal.index(b"\n\n", seal.index(b"-----BEGIN PGP SIGNATURE")) + 30
    other = seal[:at] + bytes([seal[at] ^ 1]) + seal[at + 1 :]
    path.write_bytes(path.read_bytes().replace(seal, other))
    done = pit(tmp_path, "prove", 9, "--archive", folder)
    assert (done.status, done.out) == (65, b"")
    assert "the seal is not the notary's" in done.err
    assert pit(tmp_path, "prove", 12, "--archive", folder).status == 0


def test_on_a_terminal_a_proof_cannot_steer_it() -> None:
    """Whatever stands in a charter, or in the headers of a seal from somebody else's archive."""
    text = "== charter\n\x1b[2Jred \u202egreen\n".encode()
    command = f"from pit.pits.sources import write_proofs as write; write({text!r})"
    ours, terminal = pty.openpty()
    subprocess.run([sys.executable, "-c", command], stdout=terminal, check=True)
    os.close(terminal)
    assert os.read(ours, 1000) == b"== charter\r\n\\u001b[2Jred \\u202egreen\r\n"
    os.close(ours)
    done = subprocess.run([sys.executable, "-c", command], stdout=subprocess.PIPE, check=True)
    assert done.stdout == text


# --- by hand ------------------------------------------------------------------------------------


def test_the_script_is_a_page_that_needs_what_every_system_has() -> None:
    script = Path(__file__).parents[2] / "docs/how-to/check-proof.sh"
    lines = script.read_text().splitlines()
    assert len(lines) <= 30 and max(map(len, lines)) <= 100


def unsigned(count: int) -> tuple[list[bytes], Tree]:
    """Stamps of an archive, and their tree."""
    tree, stamps = Tree(), []
    for number in range(1, count + 1):
        some = sha256(b"%d" % number).hexdigest()
        second = "2026-11-20T12:50:19"
        stamps.append(
            Stamp(
                "acme", number, f"{second}.163980Z", NOTARY, "A" * 40, f"{second}Z", some, 1, some,
                some,
            ).lines()
        )  # fmt: skip
        tree.append(leaf(stamps[-1]))
    return stamps, tree


def seal_of(stamps: list[bytes], tree: Tree, size: int) -> bytes:
    """A seal, which nobody signed: the script leaves that to gpg."""
    return (
        stamps[size]
        + (
            "From: acme <acme@pits.example>\n\n-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n"
            f"pit acme\nseal {size}\n  root: {tree.root(size).hex()}\n"
            "-----BEGIN PGP SIGNATURE-----\n\nabcd\n-----END PGP SIGNATURE-----\n"
        ).encode()
    )


STAMPS, TREE = unsigned(20)


def inclusion(number: int, size: int) -> Inclusion:
    path = tuple(TREE.path(number - 1, size))
    return Inclusion(STAMPS[number - 1], path, seal_of(STAMPS, TREE, size))


def consistency(old: int, size: int) -> Consistency:
    nodes = tuple(TREE.consistency(old, size))
    return Consistency(seal_of(STAMPS, TREE, old), nodes, seal_of(STAMPS, TREE, size))


def prefix(old: int, size: int) -> Prefix:
    nodes = tuple(TREE.consistency(old, size))
    return Prefix(old, TREE.root(old), nodes, seal_of(STAMPS, TREE, size))


def test_the_script_takes_proofs_of_every_shape(tmp_path: Path) -> None:
    proofs: list[Proof] = [
        inclusion(number, size) for size in (1, 2, 3, 5, 7, 8, 11) for number in range(1, size + 1)
    ]
    right = [
        f"ok: stamp {number} ({leaf(STAMPS[number - 1]).hex()}) below seal {size} "
        f"(root {TREE.root(size).hex()})"
        for size in (1, 2, 3, 5, 7, 8, 11)
        for number in range(1, size + 1)
    ]
    pairs = [*combinations_with_replacement(range(1, 8), 2), (4, 16), (6, 19), (16, 17)]
    for old, size in pairs:
        proofs.append((consistency if (old + size) % 2 else prefix)(old, size))
        right.append(
            f"ok: since {old} ({TREE.root(old).hex()}) below seal {size} "
            f"(root {TREE.root(size).hex()})"
        )
    text = b"Dear Carol,\n\n" + b"and this one:\n".join(map(show, proofs)) + b"-- \nAlice\n"
    (tmp_path / "proofs").write_bytes(text.replace(b"\n", b"\r\n"))
    done = by_hand(tmp_path / "proofs")
    assert (done.status, done.err, done.text.splitlines()) == (0, "", right)


FIRST, GROWN, BEGUN = inclusion(6, 11), consistency(6, 11), prefix(6, 11)
OTHER, HEX = b"\x11" * 32, GROWN.nodes[0].hex().encode()
SEAL = FIRST.seal


def seal_with(old: str, new: str) -> bytes:
    assert old in SEAL.decode()
    return SEAL.decode().replace(old, new).encode()


BAD: dict[str, bytes] = {
    "another stamp": show(FIRST._replace(stamp=STAMPS[6])),
    "a changed stamp": show(FIRST).replace(b"\nPit-Mail: 1 ", b"\nPit-Mail: 2 ", 1),
    "the position of another": show(FIRST).replace(b"Pit-Entry: acme 6", b"Pit-Entry: acme 5", 1),
    "a line behind the stamp": show(FIRST).replace(b"== path\n", b"\n== path\n"),
    "a changed hash": show(FIRST._replace(path=(("L", OTHER), *FIRST.path[1:]))),
    "another side": show(FIRST._replace(path=(("R", FIRST.path[0][1]), *FIRST.path[1:]))),
    "no sides": show(FIRST).replace(b"\nL ", b"\n").replace(b"\nR ", b"\n"),
    "a hash too few": show(FIRST._replace(path=FIRST.path[:-1])),
    "a hash too many": show(FIRST._replace(path=(*FIRST.path, ("L", OTHER)))),
    "a hash of 31 bytes": show(
        FIRST._replace(path=((FIRST.path[0][0], b"1" * 31), *FIRST.path[1:]))
    ),
    "another seal": show(FIRST._replace(seal=seal_of(STAMPS, TREE, 12))),
    "a seal below it": show(FIRST._replace(seal=seal_of(STAMPS, TREE, 5))),
    "another root": show(FIRST._replace(seal=seal_with(TREE.root(11).hex(), OTHER.hex()))),
    "a seal of no size": show(FIRST._replace(seal=seal_with("seal 11", "seal 0"))),
    "a seal of an expression": show(FIRST._replace(seal=seal_with("seal 11", "seal a[$(date>x)]"))),
    "two sizes": show(FIRST._replace(seal=seal_with("seal 11\n", "seal 11\nseal 11\n"))),
    "no seal": show(FIRST).partition(b"== seal\n")[0],
    "a size outside the signed text": show(
        FIRST._replace(seal=seal_with("seal 11\n", "").replace(b"From: ", b"seal 11\nFrom: "))
    ),
    "an older root": show(BEGUN._replace(root=OTHER)),
    "an older size": show(BEGUN._replace(size=5)),
    "an older size of 0": show(BEGUN._replace(size=0)),
    "an older size that is larger": show(BEGUN._replace(size=12)),
    "a size of an expression": show(BEGUN).replace(b"\n6 ", b"\na[$(date>x)] "),
    "another older seal": show(GROWN._replace(since=seal_of(STAMPS, TREE, 5))),
    "an older seal of another root": show(
        GROWN._replace(since=GROWN.since.replace(TREE.root(6).hex().encode(), OTHER.hex().encode()))
    ),
    "a changed node": show(GROWN._replace(nodes=(*GROWN.nodes[:-1], OTHER))),
    "a changed first node": show(GROWN._replace(nodes=(OTHER, *GROWN.nodes[1:]))),
    "a node too few": show(GROWN._replace(nodes=GROWN.nodes[:-1])),
    "a node too many": show(GROWN._replace(nodes=(*GROWN.nodes, OTHER))),
    "no nodes": show(GROWN._replace(nodes=())),
    "nodes with sides": show(GROWN).replace(HEX, b"L " + HEX),
    "a good one and a bad one": show(GROWN) + show(FIRST._replace(path=FIRST.path[:-1])),
    "no proof": b"Dear Carol\n",
    "nothing": b"",
}


@pytest.mark.parametrize("name", BAD)
def test_the_script_refuses_what_was_changed(name: str, tmp_path: Path) -> None:
    for good in (FIRST, GROWN, BEGUN):
        assert BAD[name] != show(good)
    file = tmp_path / "bad"
    file.write_bytes(BAD[name])
    done = by_hand(file)
    assert done.status == 1
    assert done.text.splitlines()[-1].startswith("WRONG: ")
    assert [*tmp_path.iterdir()] == [file]


def test_the_script_takes_what_prove_prints_and_a_receipts_mail(
    home: Path, forks: Forks, tmp_path: Path
) -> None:
    text = pit(home, "prove", 14).out + pit(home, "prove", "last", "--since", 7).out
    (tmp_path / "both").write_bytes(text + forks["left"].receipts[16])
    done = by_hand(tmp_path / "both")
    said = [line.split(" (")[0] for line in done.text.splitlines()]
    assert (done.status, said) == (0, ["ok: stamp 14", "ok: since 7", "ok: stamp 16"])
    assert SEALS["left"][-1] == 18
