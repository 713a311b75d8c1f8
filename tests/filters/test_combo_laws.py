"""The laws of filters over random sessions in which combinations trade (FILTERS, Writing one)."""

import random
from collections import Counter
from decimal import Decimal

import pytest

from pit.archives.amounts import plain
from pit.filters.history import history
from pit.filters.positions import Positions
from pit.filters.runner import Run
from pit.pits.members import CLEARING, OUTSIDE
from tests.filters.combo_sessions import everybody, founded, instructions, keepers, play
from tests.filters.sessions import Session, at, fill_in, replay, settle, state
from tests.filters.test_adopt import by_hand
from tests.filters.test_laws import trades


def check_end(session: Session) -> None:
    """What must hold when everything is published, and all markets are settled."""
    for process in session.running:
        process.catch_up(session.archive)
        again = replay(session.archive, process.make)
        assert state(process.run) == state(again)
        assert again.drafts() == [] and not again.lanes.diverged
        record = again.record
        assert not (record.combos or record.cancels or record.due or record.replaces)
    check_paid(session)
    combinations(session)


def check_paid(session: Session) -> None:
    """All is paid: nothing is held but for what still waits, and every asset adds up."""
    sums: Counter[str] = Counter()
    clearing: Counter[str] = Counter()
    for process in keepers(session):
        filter, record = process.run.filter, process.run.record
        assert isinstance(filter, Positions)
        assert set(filter.accounts.holds) <= set(record.claims) | set(record.orders)
        assert not filter.contracts.portfolios and not filter.replacing
        assert set(filter.labels.values()) <= set(record.orders)
        for (account, asset), amount in filter.accounts.balances.items():
            if account == CLEARING:
                clearing[asset] += amount
            if account != OUTSIDE:
                sums[asset] += amount
    assert not any(clearing.values())
    assert sums == Counter({code: n for code, n in process.run.record.totals.items() if n})


def combinations(session: Session) -> Counter[str]:
    """How many traded, each whole, within its net price, in one report; were refused, or killed."""
    asked: dict[str, tuple[dict[str, Decimal], Decimal]] = {}
    bought: dict[str, dict[str, Decimal]] = {}
    cost: Counter[str] = Counter()
    reports: dict[str, set[int]] = {}
    seen: Counter[str] = Counter()
    for chapter in history(session.archive.entries):
        for act in chapter.acts:
            verb, args, keys = act.directive
            if verb == "combo":
                legs = [line.split() for line in keys["legs"].split("\n")]
                name, (number, net) = f"{chapter.entry.signer}/{act.ref}", args
                asked[name] = {leg: int(ratio) * number for ratio, leg in legs}, number * net
            elif verb == "fill":
                for name, sign in (args[3], 1), (args[4], -1):
                    if name in asked:
                        legs = bought.setdefault(name, {})
                        legs[args[1]] = legs.get(args[1], 0) + sign * args[0]
                        cost[name] += sign * args[0] * args[2]
                        reports.setdefault(name, set()).add(chapter.entry.number)
            elif verb in ("refuse", "leaves") and args[0] in asked and "late" not in args[-1]:
                assert args[0] not in bought
                del asked[args[0]]
                seen[verb] += 1
    for name, (legs, most) in asked.items():
        assert bought[name] == legs and cost[name] <= most and len(reports[name]) == 1
        seen["whole"] += 1
    return seen


def check_every_entry(session: Session) -> None:
    """Nobody is below zero at any entry, nor has promised more than is there."""
    for process in keepers(session):
        run = Run(process.make())  # type: ignore[operator]
        filter = run.filter
        for entry in session.archive.entries:
            run.feed(entry)
            for account, asset in filter.accounts.balances:
                if account not in (OUTSIDE, CLEARING):
                    assert filter.accounts.available(account, asset) >= 0, (account, entry.number)


def endings(session: Session) -> dict[int, list[str]]:
    """Per instruction its answers, and how it ended; of cancels by their own number from 1000."""
    index = {str(ref): i for i, ref in enumerate(session.refs)}
    found: dict[int, list[str]] = {}
    for chapter in history(session.archive.entries):
        for act in chapter.acts:
            verb, args, _ = act.directive
            if verb not in ("accept", "refuse", "leaves"):
                continue
            word, _, cause = str(args[-1] if verb == "leaves" else verb).partition(" ")
            ref = args[0].partition("/")[2]
            key = index[cause] + 1000 if cause in index else index.get(ref, -1)
            found.setdefault(key, []).append(word)
    return found


ROUNDS = 4


@pytest.mark.parametrize("round", range(ROUNDS))
def test_with_plenty_of_cash_bad_mail_ends_as_instant_mail(round: int) -> None:
    for seed in range(round, 12, ROUNDS):
        instant = play(seed, shards=1 + (seed + 1) % 3, chaos=False, settling=False)
        chaotic = play(seed, shards=1 + seed % 3, chaos=True, settling=False)
        check_end(instant)
        check_end(chaotic)
        assert trades(chaotic) == trades(instant)
        assert endings(chaotic) == endings(instant)


@pytest.mark.parametrize("round", range(ROUNDS))
def test_with_scarce_cash_nobody_is_below_zero_at_any_entry(round: int) -> None:
    seen: Counter[str] = Counter()
    for seed in range(100 + round, 116, ROUNDS):
        session = play(seed, shards=1 + seed % 2, chaos=True, cash="150")
        check_end(session)
        check_every_entry(session)
        seen += combinations(session)
    assert min(seen["whole"], seen["refuse"], seen["leaves"]) > 2, seen


@pytest.mark.parametrize("seed", range(200, 202))
def test_a_checkpoint_at_any_entry_continues_as_if_there_was_none(seed: int) -> None:
    session = play(seed, shards=1 + seed % 2, chaos=True, cash="90", count=25)
    for process in session.running:
        whole = replay(session.archive, process.make)
        for cut in range(40, len(session.archive.entries)):
            first = replay(session.archive, process.make, cut)
            checkpoint = first.checkpoint()
            second = Run(process.make())  # type: ignore[operator]
            second.feed(checkpoint)
            assert second.checkpoint() == checkpoint
            for entry in session.archive.entries[cut : session.archive.sealed + 1]:
                second.feed(entry)
            assert state(second) == state(whole)


def wrong_line(rng: random.Random, run: Run) -> tuple[str, str] | None:
    """A directive that counts though nothing calls for it, and who signs it."""
    record, pit = run.record, run.pit
    found = [one for one in record.combos.values() if one.accepted]
    if found and rng.random() < 0.7:
        combo = rng.choice(found)
        return f"leaves {combo.name} 0 killed", pit.specialists[combo.lane].handle
    orders = [one for one in record.orders.values() if one.accepted]
    pairs = [
        (buy, sell)
        for buy in orders
        for sell in orders
        if buy.buys and not sell.buys and buy.ticker == sell.ticker and buy.price >= sell.price
    ]
    if pairs:
        buy, sell = rng.choice(pairs)
        line = f"fill 1 {buy.ticker} @ {plain(buy.limit)} {buy.name} {sell.name}"
        return f"{line}\n  taker: buyer", pit.specialists[buy.ticker].handle
    if orders:
        order = rng.choice(orders)
        return f"leaves {order.name} 0 killed", pit.specialists[order.ticker].handle
    return None


@pytest.mark.parametrize("round", range(3))
def test_what_stands_wrongly_is_adopted_and_live_is_replay(round: int) -> None:
    adopted = 0
    for seed in range(300 + round, 309, 3):
        rng = random.Random(seed)
        members = ["alice", "bob", "carol", "dave"]
        archive, running = founded(members, 1, "200"), everybody(1)
        matching = running[1]
        settle(archive, running)
        refs: list[int] = []
        for index, (member, text, target) in enumerate(instructions(rng, members, 40, False)):
            refs.append(archive.say(member, fill_in(text, target, refs, 1), at=at(index)))
            archive.seal()
            for draft in running[0].mails(archive):  # the keeper's
                archive.post(draft)
            archive.seal()
            matching.catch_up(archive)
            if matching.run.lanes.diverged or rng.random() < 0.6:
                continue
            wrong = wrong_line(rng, matching.run) if rng.random() < 0.4 else None
            if wrong:
                entry = by_hand(archive, "match", wrong[1], wrong[0])
                matching.catch_up(archive)
                if matching.run.lanes.diverged:
                    adopted += 1
                    archive.say("operator", f"adopt {entry}", at=at(index))
                    archive.seal()
            matching.outbox.clear()
            settle(archive, running)
        settle(archive, running)
        for code in ("RAIN 5", "SNOW 1.50", "RAIN.4 7"):
            archive.say("issuer", f"settle {code}", at=at(50))
            archive.seal()
            archive.say("operator", 'say "go on"', at=at(51))
            archive.seal()
            settle(archive, running)
        session = Session(archive, running, refs, 1)
        check_end(session)
        check_every_entry(session)
    assert adopted > 3
