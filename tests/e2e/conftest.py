"""The pit of these tests: made once through the commands, copied for each test that changes it."""

from collections.abc import Iterator

import pytest

from tests.e2e.world import World, founded, new_world


@pytest.fixture(scope="session")
def stands() -> Iterator[World]:
    """The pit as it stands; only to be read, or copied."""
    world = founded()
    yield world
    world.remove()


@pytest.fixture
def acme(stands: World) -> Iterator[World]:
    """A copy of it: what a test does there, no other test sees."""
    world = stands.copy()
    yield world
    world.remove()


@pytest.fixture
def empty() -> Iterator[World]:
    """An empty home."""
    world = new_world()
    yield world
    world.remove()
