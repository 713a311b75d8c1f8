"""The histories that the tests of proofs compare, made once."""

from collections.abc import Iterator

import pytest

from tests.pits.forks import Forks, forked


@pytest.fixture(scope="session")
def forks() -> Iterator[Forks]:
    """Not to be changed."""
    with forked() as made:
        yield made
