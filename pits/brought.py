"""Words that filters bring: the entry-point group `pit.words`, each `NAME = MODULE:WORDS`.

WORDS maps a version to its verbs, because a program keeps every version that was ever in force.
"""

import importlib.metadata
from collections.abc import Mapping, Sequence
from functools import cache

from pit.archives.verbs import Verb, vocabulary


@cache
def words_of(name: str, version: int) -> dict[str, Verb] | None:
    """The verbs of one version of a filter's words; None where they are not installed."""
    for point in importlib.metadata.entry_points(group="pit.words", name=name):
        versions: Mapping[int, Sequence[Verb]] = point.load()
        if version in versions:
            return vocabulary(versions[version])
    return None
