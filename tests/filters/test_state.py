"""A checkpoint holds as much as is open."""

from pit.archives import mbox
from pit.archives.language import MAX_TEXT
from pit.archives.mbox import Entry
from pit.filters.match import Match
from pit.filters.runner import Run
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
