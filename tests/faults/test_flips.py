"""A bit that changes on the disk: the notary or the audit notices, and nothing is said twice."""

import os
import random
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from pit.archives import segment
from tests.faults.checker import Wrong, demand, look
from tests.faults.live import Live, Sent, State
from tests.faults.shares import shares
from tests.faults.tracer import FAMILY, explained
from tests.faults.worlds import mails, rotation, turning
from tests.moderator.world import NAME

NAMED = re.compile(rf"/archives/{NAME}|entry \d|From \d+@{NAME}")
"""Where the damage is: a file, or an entry by its number."""


def at_rest(live: Live) -> None:
    """Several segments, one of them gzipped; a mail waits."""
    rotation(live)
    live.healthy()
    segment.gzip(min(live.archive.glob("*.mbox")))
    live.send(*mails(live, 1))


FLIPPED = {"at rest": at_rest, "in a rotation": turning}
PLACES = {"at rest": 700, "in a rotation": 350}


class Whole(NamedTuple):
    """A pit before a bit flips; later: a mail that comes after that."""

    state: State
    later: Sent

    def restore(self, live: Live) -> None:
        """The pit, and its notary's index as it is of files that lie there for long."""
        live.restore(self.state)
        if self.state.name == "at rest":
            live.healthy()
        live.send(self.later)


@pytest.fixture(scope="module", params=FLIPPED)
def whole(request: pytest.FixtureRequest, live: Live) -> Whole:
    FLIPPED[request.param](live)
    return Whole(live.keep(request.param), *mails(live, 1))


def places(folder: Path, count: int) -> list[tuple[str, int]]:
    """Files and bits in them: a quarter in the small files, the rest anywhere."""
    sizes = {path.name: path.stat().st_size for path in sorted(folder.iterdir())}
    small = [name for name, size in sizes.items() if 0 < size < 5000]
    chosen = random.Random(count)
    found = []
    for at in range(count):
        names, weights = (small, None) if at % 4 == 0 else (list(sizes), list(sizes.values()))
        (name,) = chosen.choices(names, weights)
        found.append((name, chosen.randrange(sizes[name] * 8)))
    return found


def flip(path: Path, bit: int) -> None:
    """As the disk itself would do it: the file's times stay as they are."""
    about = path.stat()
    path.chmod(0o600)
    with path.open("r+b") as file:
        file.seek(bit // 8)
        (byte,) = file.read(1)
        file.seek(bit // 8)
        file.write(bytes([byte ^ 1 << bit % 8]))
    path.chmod(about.st_mode)
    os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))


def is_damaged(live: Live) -> bool:
    """What the checker says of what is below the mark."""
    try:
        look(live.archive, NAME)
    except Wrong:
        return True
    return False


def test_a_thousand_bits_are_flipped() -> None:
    assert sum(PLACES.values()) >= 1000


@pytest.mark.parametrize("share", shares(50, parts=4))
def test_a_flipped_bit_is_noticed_and_leads_to_no_second_stamp(
    live: Live, whole: Whole, figure: Callable[..., None], share: slice
) -> None:
    count: Counter[str] = Counter()
    whole.restore(live)
    for name, bit in places(live.archive, PLACES[whole.state.name])[share]:
        here = f"{whole.state.name}, {name}, bit {bit}"
        whole.restore(live)
        path = live.archive / name
        flip(path, bit)
        damaged, flipped = is_damaged(live), path.read_bytes()
        done = live.programs.run("notary")
        if done.status:
            explained(done, here)
            demand(bool(NAMED.search(done.err)), f"{here}: {done.err}")
            noticed = "the notary"
        elif (audit := live.programs.run("audit")).status:
            said = audit.out + audit.err
            demand(audit.status in FAMILY and bool(NAMED.search(said)), f"{here}: {audit}")
            noticed = "the audit"
        else:
            demand(not damaged, f"{here}: noticed by nobody")
            noticed = "nobody, beyond the mark or in what can be made again"
        count[noticed] += 1
        figure("bits flipped")
        figure(f"bits flipped, noticed by {noticed}")
        if path.exists() and path.read_bytes().startswith(flipped):
            flip(path, bit)
        elif done.status:
            raise Wrong(f"{here}: the notary stopped, and changed the file")
        live.observe()
        live.healthy()
    assert count["the notary"]


KEPT = 250
"""Places flipped in what the notary keeps beside the archive."""


@pytest.mark.parametrize("share", shares(50, parts=2))
def test_a_flipped_bit_in_what_the_notary_keeps_leads_to_no_second_stamp(
    live: Live, figure: Callable[..., None], share: slice
) -> None:
    """The index, the count of answers: they can be made again; every mail comes once more."""
    at_rest(live)
    live.healthy()
    state = live.keep("kept")
    folder = live.home.pit(NAME)
    sizes = {name: (folder / name).stat().st_size for name in ("ledger.sqlite", "answered")}
    chosen = random.Random(KEPT)
    names = ["answered" if at % 10 == 0 else "ledger.sqlite" for at in range(KEPT)]
    for name, bit in [(name, chosen.randrange(sizes[name] * 8)) for name in names][share]:
        live.restore(state)
        flip(folder / name, bit)
        live.send(*live.sent)
        done = live.programs.run("notary")
        figure("bits flipped in what the notary keeps beside the archive")
        if done.status:
            explained(done, f"{name}, bit {bit}")
        live.observe()
        live.healthy()
