"""The laws of FILTERS.md for `govern` and `dividends`, over random lives of companies."""

import random
import re

import pytest

from pit.archives.errors import PitError
from pit.filters.dividends import Dividends
from pit.filters.govern import Govern
from pit.filters.history import history
from pit.filters.positions import Positions
from pit.filters.runner import Run
from tests.filters import companies
from tests.filters.companies import live
from tests.filters.filter_laws import check_cuts, check_damaged, open_stream_of
from tests.filters.sessions import Session, replay, settle
from tests.filters.test_garbage import feed
from tests.filters.test_laws import check_end

SEEN = ("counted", "uncounted", "result", "mandate", "enacted", "move", "issue", "dividend")


def published(session: Session) -> dict[str, int]:
    """How many directives of each verb have effect."""
    found = dict.fromkeys(SEEN, 0)
    for chapter in history(session.archive.entries):
        for act in chapter.acts:
            if act.directive.verb in found:
                found[act.directive.verb] += 1
    return found


def outcomes(session: Session) -> list[str]:
    """What became of the company's instructions, by instruction: as said, but for lots.

    Where holdings differ by when a keeper's answer came, so does what follows; here nothing does.
    """
    index = {str(ref): i for i, ref in enumerate(session.refs)}
    lines = []
    for entry in session.archive.entries:
        for line in re.findall(r"(?m)^(?:counted|uncounted|result) .*", entry.text):
            ref = re.search(r"/(\d+) ", line)
            if ref and ref[1] in index:
                lines.append(f"{index[ref[1]]} {line.split()[0]}")
    return sorted(lines)


@pytest.mark.parametrize("round", range(3))
def test_bad_mail_ends_with_everything_answered_and_replayed(round: int) -> None:
    for seed in range(round * 6, round * 6 + 6):
        session = live(seed, count=70)
        check_end(session)
        again = replay(session.archive, Govern).filter
        assert isinstance(again, Govern) and not again.unanswered
        assert not any(motion.closed for motion in again.motions.values())
        paying = replay(session.archive, Dividends).filter
        assert isinstance(paying, Dividends) and not paying.paytos.past


def test_the_sessions_have_everything_in_them_that_companies_do() -> None:
    seen = dict.fromkeys(SEEN, 0)
    for seed in range(18):
        for verb, count in published(live(seed, count=70)).items():
            seen[verb] += count
    assert all(seen.values()), seen


@pytest.mark.parametrize("seed", range(4))
def test_a_checkpoint_at_any_entry_continues_as_if_there_was_none(seed: int) -> None:
    session = live(seed, count=45)
    check_cuts(session, (Govern, Dividends, Positions), 1 + seed, 4)


@pytest.mark.parametrize("seed", range(6))
def test_instant_mail_and_bad_mail_answer_every_instruction_alike(seed: int) -> None:
    def answered(session: Session) -> set[str]:
        return {line.split()[0] for line in outcomes(session)}

    assert answered(live(seed, chaos=False)) == answered(live(seed, chaos=True))


@pytest.mark.parametrize("seed", range(8))
def test_every_asset_adds_up_after_every_entry_and_each_dividend_pays_all_of_it(seed: int) -> None:
    session = live(seed)
    run = Run(Positions())
    paid: dict[str, int] = {}
    asked: dict[str, int] = {}
    for chapter in history(session.archive.entries):
        run.feed(chapter.entry)
        positions = run.filter
        assert isinstance(positions, Positions)
        sums: dict[str, int] = {}
        for (account, asset), amount in positions.accounts.balances.items():
            sums[asset] = sums.get(asset, 0) + amount
            assert account == "outside" or amount >= 0 or asset == "CHAR"  # may be sold short
        assert not any(sums.values()), (chapter.entry.number, sums)
        for act in chapter.acts:
            subject = act.subject
            if act.directive.verb == "dividend" and getattr(subject, "amount", None):
                asked[act.ref] = subject.amount  # type: ignore[union-attr]
            if act.directive.verb == "move":
                claim = subject.claim  # type: ignore[union-attr]
                paid[claim.ref] = paid.get(claim.ref, 0) + subject.amount  # type: ignore[union-attr]
    assert all(asked[ref] == amount for ref, amount in paid.items())
    assert paid.keys() <= asked.keys()


def test_publishing_what_is_owed_leaves_nothing_owed() -> None:
    session = live(3)
    before = len(session.archive.entries)
    settle(session.archive, session.running)
    assert len(session.archive.entries) == before


@pytest.mark.parametrize("make", [Govern, Dividends])
@pytest.mark.parametrize("seed", range(3))
def test_a_checkpoint_with_a_wrong_line_is_read_or_refused(make: type, seed: int) -> None:
    session = live(seed, count=30)
    checkpoint = replay(session.archive, make).checkpoint()
    lines = checkpoint.text.split("\n")
    for number in range(0, len(lines) - 1, 3):
        for wrong in (lines[:number] + lines[number + 1 :], [*lines[:number], "units ?", *lines]):
            try:
                Run(make()).feed(checkpoint._replace(text="\n".join(wrong)))
            except PitError:
                continue


def open_stream(seed: int) -> bytes:
    """An open stream of companies: plain texts of members whom nobody checked."""
    rng = random.Random(seed)
    said = [
        ("operator", 'rule words govern 1\nrule words dividends 1\nasset EUR "Euro"', -1),
        *(("issuer", listing.format(code), -1) for code in ("ACME", "BETA")),
        ("operator", "rule governed-by ACME\nissue 100 ACME\ndeposit issuer 5000 EUR", -1),
        *companies.instructions(rng, ["alice", "bob", "issuer"], 60),
    ]
    return open_stream_of(said, 5)


listing = (
    'ticker {0} "A"\n  currency: EUR\n  tick: 0.05\n  lot: 1\n  specialist: sam\nissue 100 {0}'
)


@pytest.mark.parametrize("make", [Govern, Dividends, Positions])
@pytest.mark.parametrize("seed", range(4))
def test_no_stream_of_companies_ends_in_a_traceback(make: type, seed: int) -> None:
    data = open_stream(seed)
    feed(data, make)
    check_damaged(data, make, seed)
