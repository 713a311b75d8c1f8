"""Laws of FILTERS.md as checks that the tests of each filter share."""

import random
from collections.abc import Iterable

from pit.archives.errors import PitError
from pit.filters.runner import Filter, Run
from tests.filters import companies
from tests.filters.sessions import Session, fill_in, replay, state
from tests.filters.test_garbage import feed


def check_cuts(session: Session, makes: Iterable[type[Filter]], first: int, step: int) -> None:
    """From its checkpoint at every step-th entry each filter goes on as if there was none."""
    archive = session.archive
    for make in makes:
        whole = replay(archive, make)
        for cut in range(first, len(archive.entries), step):
            checkpoint = replay(archive, make, cut).checkpoint()
            second = Run(make())
            second.feed(checkpoint)
            assert second.checkpoint() == checkpoint
            for entry in archive.entries[cut : archive.sealed + 1]:
                second.feed(entry)
            assert state(second) == state(whole)


def open_stream_of(said: Iterable[tuple[str, str, int]], first: int) -> bytes:
    """An open stream of what members say, with the targets of those texts that name one.

    first: the entry that target 0 is.
    """
    return "".join(
        f"From {n}@toy.pit Fri Nov 20 11:45:00 2026\nPit-Entry: toy {n}\n"
        f"Pit-Time: {companies.at(n).isoformat(timespec='microseconds')}Z\n"
        f"Pit-Signer: {member}\n\n"
        f"pit toy\n{fill_in(text, target, list(range(first, 99)), 1)}\n\n"
        for n, (member, text, target) in enumerate(said, 1)
    ).encode()


def check_damaged(data: bytes, make: type[Filter], seed: int) -> None:
    """With a word of a stream changed for another one, a filter goes on or says what is wrong."""
    rng = random.Random(seed)
    lines, words = data.split(b"\n"), data.replace(b"\n", b" ").split(b" ")
    for _ in range(60):
        changed = list(lines)
        place = rng.randrange(len(changed))
        parts = changed[place].split(b" ")
        parts[rng.randrange(len(parts))] = rng.choice([*words, b"", b"0", b"999999999999999"])
        changed[place] = b" ".join(parts)
        try:
            feed(b"\n".join(changed), make)
        except PitError as error:
            assert str(error)
