"""The keys and the pit that these tests share."""

from collections.abc import Iterator

import pytest

from tests.moderator.world import (
    FIRST,
    MEMBERS,
    REFUSED,
    Keys,
    World,
    copied,
    founded,
    short_folder,
)


@pytest.fixture(scope="session")
def keys() -> Iterator[Keys]:
    with short_folder() as folder:
        made = Keys(folder / "k")
        yield made
        made.close()


@pytest.fixture(scope="session")
def stands(keys: Keys) -> Iterator[World]:
    """A pit with members, an order (entry 4), a refused order, and kim's first report (entry 7).

    Not to be changed: `world` is a copy that may be.
    """
    with founded(keys) as world:
        world.run(world.founding())
        roles = {"kim": "keeper specialist"}
        admissions = "".join(world.admission(who, roles.get(who, "trader")) for who in MEMBERS)
        world.run(
            world.mail(f"{admissions}suspend carol\n", "operator"),
            world.mail(FIRST),
            world.mail(REFUSED),
        )
        world.run(world.report(1, "accept alice/4\n"))
        world.replies()
        yield world


@pytest.fixture
def world(stands: World) -> Iterator[World]:
    with copied(stands) as made:
        yield made
