"""The checker itself: it takes what the notary made, and names whatever is changed in it."""

import ast
import random
import re
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from types import ModuleType

import pytest

from tests.faults import checker, memory
from tests.faults.checker import Tree, Wrong, look
from tests.faults.live import Live, State
from tests.faults.memory import Memory, receipt
from tests.moderator.world import NAME

PRODUCT = re.compile(r"\bpit\b")


@pytest.fixture
def whole(live: Live, state: Callable[[str], State]) -> Live:
    """A pit of several segments at rest."""
    live.restore(state("rotation"))
    live.healthy()
    return live


@pytest.mark.parametrize("module", [checker, memory])
def test_it_shares_no_code_with_the_product(module: ModuleType) -> None:
    tree = ast.parse(Path(module.__file__).read_text())
    imported = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = [ast.unparse(node) for node in imported]
    assert names
    assert [name for name in names if PRODUCT.search(name)] == []


@pytest.mark.parametrize(
    ("size", "root"),
    [
        (1, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
        (2, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"),
        (3, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"),
        (4, "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"),
        (5, "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"),
        (6, "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"),
        (7, "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"),
        (8, "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"),
    ],
)
def test_its_roots_are_those_of_certificate_transparency(size: int, root: str) -> None:
    leaves = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "60" * 0]
    leaves[7] = "606162636465666768696a6b6c6d6e6f"
    tree = Tree()
    for leaf in leaves:
        tree.add(bytes.fromhex(leaf))
    assert tree.root(size) == root


def test_it_names_each_changed_byte(whole: Live, figure: Callable[..., None]) -> None:
    look(whole.archive, NAME)
    chance = random.Random(1)
    for path in [*whole.archive.glob("*.mbox"), whole.archive / "mark"]:
        data = path.read_bytes()
        path.chmod(0o644)
        for _ in range(150):
            at = chance.randrange(len(data))
            path.write_bytes(
                data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :]
            )
            with pytest.raises(Wrong):
                look(whole.archive, NAME)
        path.write_bytes(data)


def test_it_names_a_missing_segment_and_a_lost_end(whole: Live) -> None:
    segments = sorted(whole.archive.glob("*.mbox"))
    assert len(segments) > 2
    for path in segments:
        data = path.read_bytes()
        path.unlink()
        with pytest.raises(Wrong):
            look(whole.archive, NAME)
        path.write_bytes(data)
    look(whole.archive, NAME)


def test_it_remembers_stamps_roots_receipts_and_bytes(whole: Live) -> None:
    now, mails = look(whole.archive, NAME), whole.replies()
    said = [found for found in map(receipt, mails) if found]
    assert said
    held = Memory()
    held.observe(now, mails)
    assert len(held.receipts) == len(said)

    def refuses(words: str, standing: checker.Standing, replies: list[bytes]) -> None:
        with pytest.raises(Wrong, match=words):
            held.copy().observe(standing, replies)

    older = now._replace(data=now.data[:-1])
    refuses("no extension", older, [])
    other = now.items[2]._replace(stamp=now.items[2].stamp.replace(b"Time: 2", b"Time: 1"))
    refuses("two stamps", now._replace(tail=[other]), [])
    refuses("two stamps", now._replace(coming=[other]), [])
    size = max(now.roots)
    refuses("two roots", now._replace(roots={size: "0" * 64}), [])
    fewer = now._replace(items=[one for one in now.items if one.number != said[0].number])
    refuses("stands 0 times", fewer, [])
    refuses("stands 2 times", now._replace(items=[*now.items, now.items[said[0].number - 1]]), [])


def test_a_forged_receipt_is_found(whole: Live) -> None:
    (mail, *_) = [one for one in whole.replies() if receipt(one)]
    stamp = receipt(mail).stamp
    for old, new in (
        (b"\nPit-Time: 2", b"\nPit-Time: 1"),
        (b"\nL ", b"\nR "),
        (b"root: ", b"root: 0"),
    ):
        changed = mail.replace(old, new, 1)
        if changed != mail:
            with pytest.raises(Wrong):
                receipt(changed)
    assert sha256(stamp).hexdigest() in mail.decode() or stamp in mail


def test_a_mail_that_is_lost_or_decided_twice_is_noticed(
    live: Live, state: Callable[[str], State]
) -> None:
    live.restore(state("batch"))
    live.observe()
    lost = 0
    for path in live.home.spool(NAME).glob("new/*"):
        mail = path.read_bytes()
        path.unlink()
        fates = [one.fate for one in live.sent if one.mail == mail]
        twice = mail in live.waiting() or mail in live.memory.data
        if fates in (["taken"], ["junk"]) and not twice:
            lost += 1
            with pytest.raises(Wrong, match="lost"):
                live.observe()
        path.write_bytes(mail)
    assert lost > 3
    now = live.healthy()
    (first, *_) = [one for one in live.sent if one.mail == now.items[-3].mail]
    kept = live.home.quarantine(NAME) / "new" / "again"
    kept.write_bytes(b"Pit-Refused: x\nPit-Reason: x\n" + first.mail)
    with pytest.raises(Wrong, match="decided 2 times"):
        live.observe()
