"""A disk that is full: the notary stops and says so; when there is room again, it goes on."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.checker import demand
from tests.faults.live import Live, State
from tests.faults.tracer import explained
from tests.moderator.world import NAME

PAGE = 4096


@pytest.fixture
def disk(live: Live, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A tmpfs of 64 pages, mounted over a folder of the pit; a skip for whoever may not mount."""
    if os.geteuid():
        pytest.skip("mounting a tmpfs needs root")
    place = live.home.root / request.param
    place.mkdir(parents=True, exist_ok=True)
    size = f"size={64 * PAGE}"
    subprocess.run(["mount", "-t", "tmpfs", "-o", size, "pit-full", str(place)], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


PLACES = ["archives", f"pits/{NAME}/outbox", f"pits/{NAME}/quarantine", "wallets"]


@pytest.mark.parametrize("name", ["batch", "rotation"])
@pytest.mark.parametrize("disk", PLACES, indirect=True)
@pytest.mark.long
def test_a_full_disk_stops_the_notary_and_room_on_it_lets_it_go_on(
    live: Live, state: Callable[[str], State], figure: Callable[..., None], disk: Path, name: str
) -> None:
    prepared = state(name)
    full = 0
    for pages in range(24):
        live.restore(prepared)
        ballast = disk / "ballast"
        room = os.statvfs(disk)
        ballast.write_bytes(bytes(max(0, room.f_bavail - pages) * PAGE))
        done = live.programs.run("notary")
        if done.status:
            explained(done, f"{pages} pages free")
            demand("No space left on device" in done.err, f"{pages} pages free: {done.err}")
            figure(f"runs on a full tmpfs: {disk.relative_to(live.home.root)}")
            full += 1
        live.observe()
        ballast.unlink()
        live.healthy()
    assert full
    assert full < 24
