"""The pit that witnesses see: made once, copied for each test that changes it."""

from collections.abc import Callable, Iterator

import pytest

from tests.wallet.acme import Acme, founded


@pytest.fixture(scope="session")
def stands() -> Iterator[Acme]:
    """The pit as it stands; only to be read, or copied."""
    acme = founded()
    yield acme
    acme.remove()


@pytest.fixture(scope="session")
def seen(stands: Acme) -> Iterator[Acme]:
    """The pit when carol has seen two seals of it; only to be read, or copied."""
    acme = stands.copy()
    acme.see("carol")
    acme.sealed()
    acme.see("carol")
    acme.sealed()
    yield acme
    acme.remove()


@pytest.fixture
def copies(stands: Acme) -> Iterator[Callable[..., Acme]]:
    """Makes copies that a test may change, and removes them afterwards."""
    made: list[Acme] = []

    def copy(of: Acme | None = None) -> Acme:
        made.append((of or stands).copy())
        return made[-1]

    yield copy
    for one in made:
        one.remove()


@pytest.fixture
def acme(copies: Callable[..., Acme]) -> Acme:
    """A copy."""
    return copies()
