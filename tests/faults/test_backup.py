"""An older backup put back: what the notary can know stops it, the rest shows at others'."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.checker import Wrong, demand, look
from tests.faults.live import Live, State
from tests.faults.memory import receipt
from tests.faults.tracer import Outcome, explained
from tests.faults.worlds import mails
from tests.moderator.world import NAME


@pytest.fixture(params=["batch", "rotation"])
def backup(
    request: pytest.FixtureRequest, live: Live, state: Callable[[str], State], tmp_path: Path
) -> Path:
    """A copy of the whole home; the pit has gone on since, in the same or another segment."""
    live.restore(state(request.param))
    live.healthy()
    shutil.copytree(live.home.root, tmp_path / "old", ignore=lambda *_: ["gnupg"])
    live.send(*mails(live, 2))
    live.healthy()
    live.send(*mails(live, 1))
    return tmp_path / "old"


def back(live: Live, backup: Path, *names: str) -> None:
    """Put files or folders of the backup in the place of those that are there."""
    for name in names:
        path = live.home.root / name
        if path.is_dir():
            shutil.rmtree(path)
            shutil.copytree(backup / name, path)
        else:
            path.unlink()
            shutil.copy2(backup / name, path)


def stopped(live: Live) -> Outcome:
    """The notary names what is wrong, and changes nothing."""
    before = {path: path.read_bytes() for path in live.archive.iterdir()}
    done = live.programs.run("notary")
    explained(done, "on an older backup")
    demand(str(live.archive) in done.err, f"{done}")
    demand({path: path.read_bytes() for path in live.archive.iterdir()} == before, "changed")
    return done


def test_an_old_mark_alone_stops_the_notary(
    live: Live, backup: Path, figure: Callable[..., None]
) -> None:
    back(live, backup, f"archives/{NAME}/mark")
    assert "old mark put back" in stopped(live).err
    figure("older backups that stopped the notary")


def test_an_old_segment_alone_stops_the_notary(
    live: Live, backup: Path, figure: Callable[..., None]
) -> None:
    for path in sorted(live.archive.glob("*.mbox")):
        now = path.read_bytes()
        old = backup / "archives" / NAME / path.name
        if old.exists() and old.read_bytes() == now:
            continue
        path.unlink()
        if old.exists():
            path.write_bytes(old.read_bytes())
        stopped(live)
        figure("older backups that stopped the notary")
        path.unlink(missing_ok=True)
        path.write_bytes(now)
    live.healthy()


def test_an_old_archive_beside_what_the_notary_knows_stops_it(
    live: Live, backup: Path, figure: Callable[..., None]
) -> None:
    back(live, backup, "archives")
    stopped(live)
    figure("older backups that stopped the notary")


def test_a_home_put_back_whole_shows_on_every_receipt_given_since(
    live: Live, backup: Path, figure: Callable[..., None], tmp_path: Path
) -> None:
    """Nothing on that host can know. Numbers are given again, and each receipt is the proof."""
    mirror = tmp_path / "mirror"
    shutil.copytree(live.archive, mirror)
    number = len(look(backup / "archives" / NAME, NAME).items)
    inbox = live.home.wallet("alice").glob("inbox/new/*")
    since = [
        path for path in inbox if (found := receipt(path.read_bytes())) and found.number > number
    ]
    assert since
    back(live, backup, "archives", f"pits/{NAME}/ledger.sqlite")
    done = live.programs.run("notary")
    demand(done.status == 0, done.err)
    with pytest.raises(Wrong, match=r"no extension|two stamps"):
        live.memory.observe(look(live.archive, NAME), live.replies())
    done = live.programs.run("receipt", "check", *map(str, since), "--archive", str(live.archive))
    demand(done.status == 1, f"{done}")
    figure("older backups that a receipt shows")
    done = live.programs.run("fraud", str(mirror), str(live.archive))
    demand(done.status == 1 and "has signed two histories" in done.out, f"{done}")
    figure("older backups that a mirror shows")
