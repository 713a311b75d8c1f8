"""The laws of FILTERS.md, over random sessions with every kind of bad mail."""

from fractions import Fraction
from math import ceil

import pytest

from pit.filters.accounts import Hold
from pit.filters.history import history
from pit.filters.positions import Positions
from pit.filters.standing import Standing
from tests.filters.sessions import Process, Session, check_accounts, play, replay, settle, state
from tests.filters.shorts import Said, need

PLENTY, SCARCE = 24, 36  # sessions a round: of the first two each, 1,008 in all
LONG = [pytest.param(round, marks=pytest.mark.long) for round in range(5, 12)]
ROUNDS = [*range(5), *LONG]


def trades(session: Session) -> dict[str, list[tuple[object, ...]]]:
    """Per ticker the fills that count, by the instructions that they are between."""
    index = {str(ref): i for i, ref in enumerate(session.refs)}
    found: dict[str, list[tuple[object, ...]]] = {}
    for chapter in history(session.archive.entries):
        for act in chapter.acts:
            if act.directive.verb == "fill":
                quantity, ticker, price, buyer, seller = act.directive.args
                pair = [index[name.partition("/")[2]] for name in (buyer, seller)]
                taker = act.directive.keys["taker"]
                found.setdefault(ticker, []).append((quantity, price, *pair, taker))
    return found


def endings(session: Session) -> dict[int, str]:
    """Per instruction how it ended, by the `leaves` and answers that count."""
    index = {str(ref): i for i, ref in enumerate(session.refs)}
    found: dict[int, str] = {}
    for chapter in history(session.archive.entries):
        for act in chapter.acts:
            directive = act.directive
            if directive.verb in ("leaves", "accept", "refuse"):
                ref = directive.args[0].partition("/")[2]
                why = directive.args[-1] if directive.verb == "leaves" else directive.verb
                word, _, cancel = why.partition(" ")
                if ref in index:
                    cancelled = word in ("late", "cancelled", "replaced") and cancel
                    key = index[cancel] + 1000 if cancelled else index[ref]
                    found[key] = found.get(key, "") + word + ";"
    return found


def check_end(session: Session) -> None:
    """What must hold when everything is published."""
    for process in session.running:
        process.catch_up(session.archive)
        again = replay(session.archive, process.make)
        assert state(process.run) == state(again)
        assert again.drafts() == []
        record = again.record
        assert not again.lanes.diverged
        assert record.cancels == {} and record.due == {} and record.replaces == {}
        assert record.busts == {}
    check_accounts(session.archive, session.running)
    for process in session.running:
        if isinstance(process.run.filter, Positions):
            check_no_leak(process)


def check_no_leak(process: Process) -> None:
    filter, record = process.run.filter, process.run.record
    assert isinstance(filter, Positions)
    needed = {}
    for order in record.orders.values():
        if filter.keeps(order.owner) and order.ticker != "CHAR":
            left = (order.quantity - order.filled) // 10**9
            cents = Fraction(order.cover, 10**16)
            if order.limit is not None:
                cents = Fraction(left * order.price, 10**7)
            fee = Fraction(order.charges, 10**25)
            rate = Fraction(max(order.rates), 10**9)
            cost = cents + ceil(fee + rate * cents) - ceil(fee)
            needed[order.ref] = cost if order.buys else left
    for claim in record.claims.values():
        if filter.keeps(claim.owner):
            needed[claim.ref] = claim.amount
    held = filter.accounts.holds.items()
    short = {ref: hold for ref, hold in held if ref not in needed}
    assert {ref: hold.amount for ref, hold in held if ref in needed} == needed
    check_short(filter, record, short)


def check_short(filter: Positions, record: Standing, held: dict[str, Hold]) -> None:
    """What is held for orders of the ticker that may be sold short is what an oracle finds."""
    said: dict[str, list[Said]] = {}
    for order in record.orders.values():
        if order.ticker == "CHAR" and filter.keeps(order.owner):
            price = None if order.limit is None else Fraction(order.price, 10**7)
            said.setdefault(order.account, []).append(
                Said(
                    int(order.ref),
                    order.buys,
                    (order.quantity - order.filled) // 10**9,
                    price,
                    Fraction(order.cover, 10**16),
                    Fraction(max(order.rates), 10**9),
                    Fraction(order.charges, 10**25),
                )
            )
    cash: dict[str, int] = {}
    units: dict[str, int] = {}
    for ref, hold in held.items():
        if hold.asset == "CHAR":
            units[ref] = hold.amount
        else:
            cash[hold.owner] = cash.get(hold.owner, 0) + hold.amount
    shorts = {who for (who, asset), amount in filter.accounts.balances.items() if asset == "CHAR"}
    needed: dict[str, int] = {}
    for account in shorts - {"outside"} | said.keys():
        position = filter.margin.positions.get((account, "CHAR"))
        locked = Fraction(position.locked, 10**7) if position else Fraction(0)
        have = filter.accounts.balance(account, "CHAR")
        found = need(said.get(account, []), have, locked)
        assert bool(locked) >= bool(have < 0 or found.parts)
        assert cash.pop(account, 0) == ceil(found.cash)
        needed |= {str(entry): amount for entry, amount in found.units.items()}
    assert (cash, units) == ({}, needed)


@pytest.mark.parametrize("round", ROUNDS)
def test_with_plenty_of_cash_bad_mail_ends_as_instant_mail(round: int) -> None:
    for seed in range(round * PLENTY, (round + 1) * PLENTY):
        shards = 1 + seed % 3
        instant = play(seed, shards=1 + (seed + 1) % 3, chaos=False, count=25, accounts=True)
        chaotic = play(seed, shards=shards, chaos=True, count=25, accounts=True)
        check_end(instant)
        check_end(chaotic)
        assert trades(chaotic) == trades(instant)
        assert endings(chaotic) == endings(instant)


@pytest.mark.parametrize("round", ROUNDS)
def test_with_scarce_cash_and_bad_mail_nothing_is_promised_twice(round: int) -> None:
    for seed in range(round * SCARCE, (round + 1) * SCARCE):
        scarce = {"cash": "250", "units": "25"}
        session = play(seed, shards=1 + seed % 3, chaos=True, count=40, accounts=True, **scarce)  # type: ignore[arg-type]
        check_end(session)


@pytest.mark.parametrize("seed", [*range(5), *LONG[:3]])
def test_a_checkpoint_at_any_entry_continues_as_if_there_was_none(seed: int) -> None:
    scarce = {"cash": "400", "units": "40"}
    session = play(seed, shards=1 + seed % 2, chaos=True, count=25, accounts=True, **scarce)  # type: ignore[arg-type]
    for process in session.running:
        whole = replay(session.archive, process.make)
        for cut in range(1, len(session.archive.entries)):
            first = replay(session.archive, process.make, cut)
            checkpoint = first.checkpoint()
            second = type(first)(process.make())  # type: ignore[operator]
            second.feed(checkpoint)
            assert second.checkpoint() == checkpoint
            for entry in session.archive.entries[cut : session.archive.sealed + 1]:
                second.feed(entry)
            assert state(second) == state(whole)


def test_publishing_what_is_owed_leaves_nothing_owed() -> None:
    session = play(5, shards=2, chaos=True, count=30, accounts=True)
    before = len(session.archive.entries)
    settle(session.archive, session.running)
    assert len(session.archive.entries) == before
