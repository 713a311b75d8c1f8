"""The installed filters: the entry-point group `pit.filters`, each `NAME = MODULE:CLASS`."""

import importlib.metadata
from functools import cache
from typing import Any

from pit.archives.errors import UsageError
from pit.filters.runner import Filter
from pit.pits.options import Part


@cache
def _points() -> importlib.metadata.EntryPoints:
    """The group; every installed package is read for it."""
    return importlib.metadata.entry_points(group="pit.filters")


def names() -> list[str]:
    """The filters' names; the keepers' first, since all others wait for their answers."""
    return sorted({point.name for point in _points()}, key=lambda name: (name != "positions", name))


def make(name: str, part: Part = None) -> Filter:
    """An instance of a filter, for a part of its work; UsageError where that is no part of it.

    A filter that can be split says so: `parts` is "member" or "ticker".
    """
    for point in _points().select(name=name):
        made: Any = point.load()
        if part is None:
            return made()  # type: ignore[no-any-return]
        asked = "ticker" if isinstance(part, frozenset) else "member"
        if getattr(made, "parts", "") != asked:
            how = "by ticker" if asked == "ticker" else "into shards"
            raise UsageError(f"{name} is not split {how}")
        return made(part)  # type: ignore[no-any-return]
    raise UsageError(f"there is no filter `{name}`; installed are {', '.join(names())}")
