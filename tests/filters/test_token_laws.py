"""The laws of FILTERS.md where TradeTokens are in force, and the oracle, over random lives."""

import random
from collections import Counter

import pytest

from pit.archives.amounts import decimal, plain
from pit.archives.errors import Misconfigured, PitError
from pit.filters.dividends import Dividends
from pit.filters.govern import Govern
from pit.filters.match import Match
from pit.filters.positions import Positions
from pit.filters.runner import Run
from pit.filters.tokens import Tokens
from tests.filters.filter_laws import check_cuts, check_damaged, open_stream_of
from tests.filters.sessions import Session, fill_in, replay, settle, state
from tests.filters.test_adopt import by_hand
from tests.filters.test_garbage import feed
from tests.filters.test_laws import check_end
from tests.filters.token_lives import instructions, live
from tests.filters.token_pit import ASSET, WORDS, TokenPit, balances, check

SOME, MANY = range(40), range(40, 1040)

SEEN = (
    '"fee in block', ", the minimum", ", the cap", ", out of the good faith", "; burned",
    "good faith back: filled", "good faith back: killed", "good faith back: expired",
    "good faith back: cancelled", " filled, cancelled by", "good faith forfeited", "needs 0.",
    "rule tokens off", "report dividends", "fill ", "vote: ", "motion: ", "dividend: ",
)  # fmt: skip
"""What must stand in some texts."""


def check_all(session: Session) -> None:
    """What must hold when everything is published and all orders have ended."""
    check_end(session)
    oracle = check(session.archive, session.running)
    for process in session.running:
        filter = process.run.filter
        if isinstance(filter, Positions):
            assert not [hold for hold in filter.accounts.holds.values() if hold.asset == "TT"]
    check_every_entry(session)
    assert sum(balances(session.running).values()) == oracle.minted - oracle.burned


def check_every_entry(session: Session) -> None:
    """After each entry all assets add up; nobody is below zero, or has promised what is not his."""
    run = Run(Positions())
    filter = run.filter
    assert isinstance(filter, Positions)
    for entry in session.archive.entries:
        run.feed(entry)
        accounts, sums, held = filter.accounts, Counter[str](), Counter[tuple[str, str]]()
        for (account, asset), amount in accounts.balances.items():
            sums[asset] += amount
            assert account == "outside" or amount >= 0 or asset == "CHAR"  # may be sold short
        assert not any(sums.values()), (entry.number, sums)
        for hold in accounts.holds.values():
            held[hold.owner, hold.asset] += hold.amount
        for (account, asset), amount in held.items():
            assert asset == "CHAR" or accounts.balance(account, asset) >= amount, entry.number


@pytest.mark.parametrize("round", range(4))
def test_bad_mail_ends_as_the_oracle_says(round: int) -> None:
    for seed in SOME[round::4]:
        check_all(live(seed))


@pytest.mark.long
@pytest.mark.parametrize("round", range(20))
def test_bad_mail_always_ends_as_the_oracle_says(round: int) -> None:
    for seed in MANY[round::20]:
        check_all(live(seed))


def test_instant_mail_ends_as_the_oracle_says() -> None:
    for seed in range(6):
        check_all(live(seed, chaos=False))


def test_the_lives_have_everything_in_them_that_tokens_do() -> None:
    texts = [e.text for seed in range(12) for e in live(seed).archive.entries]
    found = {what: sum(what in text for text in texts) for what in SEEN}
    assert all(found.values()), found


@pytest.mark.parametrize("seed", range(3))
def test_a_checkpoint_at_any_entry_continues_as_if_there_was_none(seed: int) -> None:
    session = live(seed)
    check_cuts(session, (Tokens, Positions, Govern, Dividends, Match), 1 + seed, 7)


def test_a_checkpoint_from_before_tokens_knows_of_no_rule_of_theirs() -> None:
    pit = TokenPit(on=False)
    checkpoint = replay(pit.archive, Tokens).checkpoint()
    cut = pit.archive.sealed + 1
    pit.say("operator", "rule block 1h")
    pit.say("operator", "rule tokens 1")
    run = Run(Tokens())
    run.feed(checkpoint)
    for entry in pit.archive.entries[cut:]:
        run.feed(entry)
    assert run.pit.rule("block") == 3600
    assert state(run) == state(replay(pit.archive, Tokens))


def test_publishing_what_is_owed_leaves_nothing_owed() -> None:
    session = live(3)
    before = len(session.archive.entries)
    settle(session.archive, session.running)
    assert len(session.archive.entries) == before


@pytest.mark.parametrize("make", [Tokens, Positions])
def test_a_checkpoint_with_a_wrong_line_is_read_or_refused(make: type) -> None:
    pit = TokenPit("rule sealers operator sam bob")
    order = pit.say("alice", "buy 9 ACME @ 1.00", block=2)
    pit.say("alice", "buy 8 ACME @ 1.00", block=3)
    pit.say("alice", f"cancel {order}")
    checkpoint = replay(pit.archive, make).checkpoint()
    lines = checkpoint.text.split("\n")
    for number in range(len(lines) - 1):
        fewer, more = lines[:number] + lines[number + 1 :], [*lines[:number], "units ?", *lines]
        for wrong in (fewer, more, [*lines[:number], lines[number] + " 1", *lines[number + 1 :]]):
            try:
                Run(make()).feed(checkpoint._replace(text="\n".join(wrong)))
            except PitError as error:
                assert str(error)


def wrong_move(rng: random.Random, run: Run) -> tuple[str, str] | None:
    """A move that counts though nobody owes it, and who signs it."""
    found = [one for one in run.record.charges.values() if one.accepted and one.movable > 0]
    if not found:
        return None
    charge = rng.choice(found)
    amount = plain(decimal(rng.randint(1, charge.movable), 5))
    to = rng.choice(["alice", "bob", "operator", "outside"])
    line = f'move {amount} TT from {charge.owner}/{charge.ref} to {to} "wrong"'
    holder = run.pit.specialist(charge.lane)
    assert holder
    return line, holder.handle


@pytest.mark.parametrize("seed", range(4))
def test_after_wrong_moves_were_adopted_everything_comes_to_its_end(seed: int) -> None:
    rng, pit, adopted = random.Random(seed), TokenPit("rule sealers operator sam bob"), 0
    moving = next(one for one in pit.running if one.run.filter.name == "tokens")
    others = [one.run.filter.name for one in pit.running if one is not moving]
    refs: list[int] = []
    members = ["alice", "bob", "carol"]
    for index, (who, text, target) in enumerate(instructions(0, rng, members, 40)):
        said = fill_in(text, target, refs, 1, pit.archive).split("\n")
        refs.append(pit.say(who, *said, block=2 + index, mail=False))
        pit.mail(*others)
        moving.catch_up(pit.archive)
        wrong = wrong_move(rng, moving.run) if rng.random() < 0.5 else None
        if wrong:
            entry = by_hand(pit.archive, "tokens", wrong[1], wrong[0])
            moving.catch_up(pit.archive)
            if moving.run.lanes.diverged:
                adopted += 1
                pit.say("operator", f"adopt {entry}", mail=False)
            moving.outbox.clear()
        pit.mail()
    for block, member in enumerate(members, 50):
        pit.say("operator", f"suspend {member}", block=block)
    pit.pass_to(60)
    assert adopted > 2 and pit.held() == 0
    for process in pit.running:
        process.catch_up(pit.archive)
        assert state(process.run) == state(replay(pit.archive, process.make))
    assert not moving.run.record.charges


def open_stream(seed: int) -> bytes:
    """An open stream in which tokens are in force: texts of members whom nobody checked."""
    members = ["alice", "bob", "issuer"]
    listing = "\n  currency: EUR\n  tick: 0.05\n  lot: 1\n  specialist: sam"
    said = [
        ("operator", "\n".join([*WORDS, 'asset EUR "Euro"', ASSET, "rule sealers alice bob"]), -1),
        *(("issuer", f'ticker {code} "A"{listing}', -1) for code in ("ACME", "BETA", "CHAR")),
        ("operator", "rule tokens 1\nseal 4\n  root: " + "0" * 64 + "\n  time: 2026-11-20", -1),
        *instructions(seed, random.Random(seed), members, 60),
    ]
    return open_stream_of(said, 6)


@pytest.mark.parametrize("make", [Tokens, Positions, Govern])
@pytest.mark.parametrize("seed", range(3))
def test_no_stream_of_tokens_ends_in_a_traceback(make: type, seed: int) -> None:
    data = open_stream(seed)
    feed(data, make)
    check_damaged(data, make, seed)


def test_an_unknown_version_of_tokens_ends_the_filter_with_78() -> None:
    pit = TokenPit()
    pit.say("operator", "rule tokens 2", mail=False)
    pit.archive.seal()
    with pytest.raises(Misconfigured, match="rule tokens 2") as error:
        replay(pit.archive, Tokens)
    assert error.value.status == 78
