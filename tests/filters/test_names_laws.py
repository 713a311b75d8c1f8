"""The laws of FILTERS.md for `listing`, over random lives of names."""

import contextlib
import random
import re

import pytest

from pit.archives.errors import PitError
from pit.filters.dividends import Dividends
from pit.filters.govern import Govern
from pit.filters.history import history
from pit.filters.listing import Listing
from pit.filters.match import Match
from pit.filters.positions import Positions
from pit.filters.profits import Positions as Profits
from pit.filters.runner import Run
from tests.filters import naming_sessions
from tests.filters.filter_laws import check_cuts, check_damaged, open_stream_of
from tests.filters.naming_sessions import asking, live
from tests.filters.sessions import Session, replay, settle
from tests.filters.test_garbage import feed
from tests.filters.test_laws import check_end

SEEN = ("listed", "unlisted", "closing", "ended", "synonyms", "preferred", "closable", "fill")
FILTERS = (Listing, Govern, Dividends, Match, Positions)


def published(session: Session) -> dict[str, int]:
    """How many directives of each verb have effect, of fills those about names."""
    found = dict.fromkeys(SEEN, 0)
    for chapter in history(session.archive.entries):
        for act in chapter.acts:
            verb, args, _ = act.directive
            if verb in found and (verb != "fill" or args[1] in naming_sessions.CODES):
                found[verb] += 1
    return found


def check_names(session: Session) -> None:
    """What must hold of names when everything is published."""
    run = replay(session.archive, Listing)
    listing, pit, record = run.filter, run.pit, run.record
    assert isinstance(listing, Listing) and not listing.answered
    assert not listing.owed and all(pit.tickers[code].closed for code in listing.ending)
    for queue in listing.waiting.values():
        assert all(pit.asked[ref].block == pit.block(pit.time) for ref in queue)
    for code, name in pit.names.items():
        if name.ended:
            assert code not in record.totals and pit.tickers[code].closed
            assert not any(order.ticker == code for order in record.orders.values())
        elif not pit.tickers[code].closed:
            assert bool(record.totals.get(code)) == bool(name.issued)
    register = replay(session.archive, Govern).filter
    assert isinstance(register, Govern)
    for code, marked in register.holders.tickers.items():
        held = {owner: units for owner, units in marked.now.items() if units}
        assert sum(held.values()) == record.totals.get(code, 0)
    profits = Profits(history(session.archive.entries))
    for (account, code), position in profits.held.items():
        assert position.quantity == balance(session, account, code)


def balance(session: Session, account: str, code: str) -> int:
    return sum(
        process.run.filter.accounts.balance(account, code)
        for process in session.running
        if isinstance(process.run.filter, Positions) and process.run.filter.keeps(account)
    )


@pytest.mark.parametrize("round", range(4))
def test_bad_mail_ends_with_everything_answered_and_replayed(round: int) -> None:
    for seed in range(round * 6, round * 6 + 6):
        session = live(seed)
        check_end(session)
        check_names(session)


def test_the_sessions_have_everything_in_them_that_names_do() -> None:
    seen = dict.fromkeys(SEEN, 0)
    for seed in range(24):
        for verb, count in published(live(seed)).items():
            seen[verb] += count
    assert all(seen.values()), seen


@pytest.mark.parametrize("seed", range(4))
def test_a_checkpoint_at_any_entry_continues_as_if_there_was_none(seed: int) -> None:
    session = live(seed, count=45)
    check_cuts(session, FILTERS, 1 + seed, 4)


@pytest.mark.parametrize("seed", range(8))
def test_when_reports_stand_changes_nobodys_name(seed: int) -> None:
    """Of names that are only asked for: those who get one are the same by whatever mail."""

    def got(chaos: bool) -> list[int]:
        session = asking(seed, chaos)
        index = {str(ref): i for i, ref in enumerate(session.refs)}
        lines = (re.findall(r"(?m)^listed .*/(\d+)$", e.text) for e in session.archive.entries)
        return sorted(index[ref] for refs in lines for ref in refs)

    assert len(got(False)) > 3 and got(True) == got(False)


def test_publishing_what_is_owed_leaves_nothing_owed() -> None:
    session = live(3)
    before = len(session.archive.entries)
    settle(session.archive, session.running)
    assert len(session.archive.entries) == before


@pytest.mark.parametrize("seed", range(3))
def test_a_checkpoint_with_a_wrong_line_is_read_or_refused(seed: int) -> None:
    session = live(seed, count=30)
    checkpoint = replay(session.archive, Listing).checkpoint()
    lines = checkpoint.text.split("\n")
    for number in range(0, len(lines) - 1, 3):
        for wrong in (lines[:number] + lines[number + 1 :], [*lines[:number], "ending ?", *lines]):
            try:
                Run(Listing()).feed(checkpoint._replace(text="\n".join(wrong)))
            except PitError:
                continue


def open_stream(seed: int) -> bytes:
    """An open stream of names: plain texts of members whom nobody checked."""
    rng = random.Random(seed)
    words = "rule words govern 1\nrule words dividends 1\nrule words listing 1"
    said = [
        ("operator", f'{words}\nrule name-conflict first\nasset EUR "Euro"', -1),
        ("sam", 'report listing 1\nclosing ACME "so"\nended ACME\nlisted NOVA alice/4', -1),
        *naming_sessions.instructions(rng, ["alice", "bob", "issuer"], 40),
    ]
    for place in range(4, 40, 3):
        code, other = rng.sample(naming_sessions.CODES, 2)
        lines = [f"listed {code} {who}/{place - 1}" for who in ("alice", "bob", "issuer")]
        lines += [f'closing {code} "so"', f"ended {code}", f"synonyms {code} of {other}"]
        lines += [
            f"preferred {code} {other} alice/{place - 1}",
            f"close {code}",
            'refuse bob/9 "x"',
            f"closable {code} bob/9 until 2027-01-01",
        ]
        text = "\n".join(rng.sample(lines, 4))
        said.insert(place, ("sam", f"report listing {place}\n{text}", -1))
    return open_stream_of(said, 5)


@pytest.mark.parametrize("make", FILTERS)
@pytest.mark.parametrize("seed", range(4))
def test_no_stream_of_names_ends_in_a_traceback(make: type, seed: int) -> None:
    data = open_stream(seed)
    with contextlib.suppress(PitError):  # its reports are not what is owed
        feed(data, make)
    check_damaged(data, make, seed)
