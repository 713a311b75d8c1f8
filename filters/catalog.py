"""The installed filters: the entry-point group `pit.filters`, each `NAME = MODULE:CLASS`."""

import importlib.metadata
from typing import Any

from pit.archives.errors import UsageError
from pit.filters.runner import Filter


def names() -> list[str]:
    """The filters' names; the keepers' first, since all others wait for their answers."""
    found = {point.name for point in importlib.metadata.entry_points(group="pit.filters")}
    return sorted(found, key=lambda name: (name != "positions", name))


def make(name: str, part: tuple[int, int] | None = None) -> Filter:
    """An instance of a filter; `part` = (k, n): of one shard of it."""
    for point in importlib.metadata.entry_points(group="pit.filters", name=name):
        made: Any = point.load()
        if part is None:
            return made()  # type: ignore[no-any-return]
        try:
            return made(part)  # type: ignore[no-any-return]
        except TypeError:
            raise UsageError(f"{name} is not split into shards") from None
    raise UsageError(f"there is no filter `{name}`; installed are {', '.join(names())}")
