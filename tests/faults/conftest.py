"""What the fault tests share: one pit to run, its states made when first asked for, and figures."""

from collections.abc import Callable, Iterator

import pytest

from tests.faults.live import Live, State, living
from tests.faults.worlds import STATES


@pytest.fixture(scope="session")
def live() -> Iterator[Live]:
    with living() as made:
        yield made


@pytest.fixture(scope="session")
def state(live: Live) -> Callable[[str], State]:
    """A prepared pit by its name."""
    made: dict[str, State] = {}

    def prepared(name: str) -> State:
        if name not in made:
            STATES[name](live)
            made[name] = live.keep(name)
        return made[name]

    return prepared


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Count what really happened; tests/conftest.py prints the sums of all tests at the end."""
    box: dict[str, int] = {}
    request.node.user_properties.append(("faults", box))

    def add(what: str, count: int = 1) -> None:
        box[what] = box.get(what, 0) + count

    return add
