"""How much of a list of faults a test takes: a part of them always, all in `make faults`."""

from collections.abc import Iterable
from typing import Any

import pytest


def shares(stride: int, parts: int = 1, first: int = 0) -> list[Any]:
    """Slices: each stride-th from `first` on; and, marked long, `parts` that together are all."""
    some = pytest.param(slice(first, None, stride), id="sample")
    every = [(slice(part, None, parts), f"{part + 1} of {parts}") for part in range(parts)]
    return [some, *(pytest.param(one, id=name, marks=pytest.mark.long) for one, name in every)]


def portions(
    names: Iterable[str], always: Iterable[str], stride: int, parts: int = 1, first: int = 0
) -> list[Any]:
    """The same for each name with it; the first of them for those that are asked for always."""
    found = []
    for name in names:
        some, *every = shares(stride, parts, first)
        for one in [some, *every] if name in always else every:
            found.append(pytest.param(name, *one.values, id=f"{name}, {one.id}", marks=one.marks))
    return found
