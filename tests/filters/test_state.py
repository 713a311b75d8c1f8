"""A checkpoint holds as much as is open, and everything that is."""

from collections.abc import Iterable

import pytest

from pit.archives import mbox
from pit.archives.language import MAX_TEXT
from pit.archives.mbox import Entry, Message
from pit.filters import record
from pit.filters.match import Match
from pit.filters.runner import Run
from tests.filters.flow import arrange, random_steps, stream
from tests.filters.sessions import state


def order(number: int) -> Entry:
    time = f"2026-11-20T{12 + number // 3600}:{number // 60 % 60:02}:{number % 60:02}.{number:06}Z"
    text = f"pit toy\nbuy {number} ACME @ {1 + number / 100:.2f}\n  ref: order-{number}\n"
    return Entry("toy", number, time, "alice", "", text, b"")


def test_a_checkpoint_longer_than_any_signed_text_is_read_again() -> None:
    run, again = Run(Match()), Run(Match())
    for number in range(1, 3600):
        run.feed(order(number))
    checkpoint = run.checkpoint()
    assert len(checkpoint.text) > MAX_TEXT
    (read,) = mbox.read([mbox.write_checkpoint(checkpoint, "toy", run.date)])
    again.feed(read)
    assert state(again) == state(run)
    for one in (run, again):
        one.feed(order(3600))
    assert state(again) == state(run)


@pytest.mark.parametrize("first", range(0, 60, 6))
def test_a_run_may_stop_at_any_entry_of_any_session_of_orders(first: int) -> None:
    for seed in range(first, first + 6):
        session = arrange(random_steps(seed))
        entries = list(mbox.read([stream(session)]))
        whole = fed(Run(Match()), entries)
        for cut in range(1, len(entries), 4):
            checkpoint = fed(Run(Match()), entries[:cut]).checkpoint()
            again = fed(Run(Match()), [checkpoint])
            assert again.checkpoint() == checkpoint
            assert state(fed(again, entries[cut:])) == state(whole)


def test_the_record_is_printed_as_its_directives_are() -> None:
    for seed in range(60):
        messages = mbox.read([stream(arrange(random_steps(seed)))])
        run = fed(Run(Match()), [*messages][: 9 + seed])
        said = [record.STATE[one.verb].show(one) for one in record.dump(run.record)]
        assert [*record.lines(run.record)] == said


def fed(run: Run, messages: Iterable[Message]) -> Run:
    for message in messages:
        run.feed(message)
    return run
