"""A wrong report stands: the filter stops, the operator adopts it, the filter goes on."""

import random

import pytest

from pit.archives.mbox import Draft
from pit.filters.match import Match
from pit.filters.runner import Diverged, Run
from tests.filters.sessions import (
    Archive,
    Process,
    Session,
    at,
    check_accounts,
    fill_in,
    found,
    instructions,
    processes,
    replay,
    settle,
    state,
)
from tests.filters.test_laws import check_end


def by_hand(archive: Archive, filter: str, signer: str, *lines: str) -> int:
    """A report that no program made, with the signer's next number, as his key could sign it."""
    number = archive.numbers.get((filter, signer), 0) + 1
    sealed = archive.sealed
    root = next(
        line.split()[1] for line in archive.entries[sealed].text.split("\n") if "  root:" in line
    )
    text = f"pit acme\n  after: {sealed} {root}\nreport {filter} {number}\n" + "".join(
        f"{line}\n" for line in lines
    )
    assert archive.post(Draft(filter, signer, number, text))
    entry = len(archive.entries)
    archive.seal()
    return entry


def market() -> tuple[Archive, list[Process]]:
    archive = found(["alice", "bob", "carol"], 1)
    running = processes(1)
    settle(archive, running)
    return archive, running


def matching(running: list[Process]) -> Process:
    return next(p for p in running if isinstance(p.run.filter, Match))


def test_a_fill_that_is_not_owed_stops_the_filter_and_names_the_entry() -> None:
    archive, running = market()
    buy = archive.say("alice", "buy 10 ACME @ 10.00", at=at(1))
    sell = archive.say("bob", "sell 10 ACME @ 10.50", at=at(2))
    archive.seal()
    settle(archive, running)
    low = archive.say("carol", "sell 4 ACME @ 9.00", at=at(3))
    archive.seal()
    keeper = running[0]
    for draft in keeper.mails(archive):
        archive.post(draft)
    archive.seal()
    wrong = by_hand(archive, "match", "sam", f"fill 1 ACME @ 9.50 alice/{buy} carol/{low}")
    with pytest.raises(Diverged) as error:
        matching(running).mails(archive)
    assert f"entry {wrong}.2, lane ACME" in str(error.value)
    assert "stands: fill 1 ACME @ 9.50" in str(error.value)
    assert f"owed:   fill 4 ACME @ 10.00 alice/{buy} carol/{low}" in str(error.value)
    assert f"adopt {wrong}" in str(error.value)
    archive.say("operator", f"adopt {wrong}", at=at(4))
    archive.seal()
    settle(archive, running)
    match = matching(running)
    fills = [e.text for e in archive.entries if "\nfill " in e.text]
    assert f"fill 3 ACME @ 10.00 alice/{buy} carol/{low}" in fills[-1]
    working = match.run.filter.lanes["ACME"].working
    assert {ref: one.left for ref, one in working.items()} == {
        str(buy): 6 * 10**9,
        str(sell): 10 * 10**9,
    }
    check_end(Session(archive, running, [], 1))


def test_a_fill_outside_the_published_record_has_no_effect_and_stops_nobody() -> None:
    archive, running = market()
    buy = archive.say("alice", "buy 10 ACME @ 10.00", at=at(1))
    sell = archive.say("bob", "sell 10 ACME @ 10.50", at=at(2))
    archive.seal()
    settle(archive, running)
    for line in (
        f"fill 5 ACME @ 10.25 alice/{buy} bob/{sell}",  # outside both limits
        f"fill 11 ACME @ 10.00 alice/{buy} bob/{sell}",  # more than is left
        f"fill 1 ACME @ 10.00 alice/{buy} bob/999",  # no such order
        f"fill 1 BETA @ 10.00 alice/{buy} bob/{sell}",  # another ticker, not sam's
        f"leaves alice/{sell} 0 expired",  # not alice's
        f"leaves alice/{buy} 0 late 999",  # no such cancel
    ):
        by_hand(archive, "match", "sam", line)
    by_hand(archive, "match", "sue", f"leaves alice/{buy} 0 expired")  # sam's ticker
    archive.say("operator", "specialist ACME sue", at=at(3))
    archive.seal()
    old = archive.say("carol", "sell 2 ACME @ 9.00", at=at(4))
    archive.seal()
    settle(archive, running)
    fills = [e for e in archive.entries if f"carol/{old}" in e.text and "\nfill " in e.text]
    assert [e.signer for e in fills] == ["sue"]
    check_end(Session(archive, running, [], 1))


def test_a_wrong_accept_is_adopted_and_later_orders_are_judged_after_it() -> None:
    archive, running = market()
    archive.say("alice", "buy 1000000 ACME @ 10.00", at=at(1))
    poor = archive.say("alice", "buy 1 ACME @ 10.00", at=at(2))
    archive.seal()
    wrong = by_hand(archive, "positions", "keeper1", f"accept alice/{poor - 1}")
    with pytest.raises(Diverged):
        running[0].mails(archive)
    archive.say("operator", f"adopt {wrong}", at=at(3))
    archive.seal()
    settle(archive, running)
    last = archive.say("alice", "buy 1 ACME @ 10.00", at=at(4))
    archive.seal()
    settle(archive, running)
    assert any(f"refuse alice/{last}" in entry.text for entry in archive.entries)


def test_the_operator_may_refuse_for_a_dead_keeper_and_the_lane_goes_on() -> None:
    archive, running = market()
    keeper, match = running[0], matching(running)
    stuck = archive.say("alice", "buy 10 ACME @ 10.00", at=at(1))
    archive.say("bob", "sell 10 ACME @ 10.00", at=at(2))
    archive.seal()
    inflight = keeper.mails(archive)
    archive.say("operator", f'refuse alice/{stuck} "the keeper is away"', at=at(3))
    archive.seal()
    for draft in inflight:
        archive.post(draft)
    archive.seal()
    settle(archive, running)
    assert str(stuck) not in match.run.record.orders
    assert not any("\nfill " in entry.text for entry in archive.entries)
    check_end(Session(archive, running, [], 1))


def test_an_accepted_instruction_is_answered_for_good() -> None:
    archive, running = market()
    buy = archive.say("alice", "buy 10 ACME @ 10.00", at=at(1))
    archive.seal()
    settle(archive, running)
    archive.say("operator", f'refuse alice/{buy} "too late"', at=at(2))
    archive.seal()
    by_hand(archive, "positions", "keeper1", f"accept alice/{buy}")
    by_hand(archive, "positions", "keeper1", f'refuse alice/{buy} "no"')
    settle(archive, running)
    sell = archive.say("bob", "sell 10 ACME @ 10.00", at=at(3))
    archive.seal()
    settle(archive, running)
    assert any(f"fill 10 ACME @ 10.00 alice/{buy} bob/{sell}" in e.text for e in archive.entries)
    check_end(Session(archive, running, [], 1))


def test_a_report_made_before_a_handover_back_and_forth_has_no_effect() -> None:
    archive, running = market()
    buy = archive.say("alice", "buy 10 ACME @ 10.00", at=at(1))
    archive.say("bob", "sell 10 ACME @ 10.00", at=at(2))
    archive.seal()
    for draft in running[0].mails(archive):
        archive.post(draft)
    archive.seal()
    (old,) = matching(running).mails(archive)
    archive.say("operator", "specialist ACME sue", at=at(3))
    archive.say("operator", "specialist ACME sam", at=at(4))
    assert archive.post(old)
    archive.seal()
    assert replay(archive, Match).record.orders[str(buy)].filled == 0
    settle(archive, running)
    assert sum(f"alice/{buy}" in e.text for e in archive.entries if "\nfill " in e.text) == 2
    check_end(Session(archive, running, [], 1))


def test_a_report_made_before_an_adoption_has_no_effect_and_is_made_anew() -> None:
    """Its second fill would still be right by the record; but it is not what is owed any more."""
    archive, running = market()
    keeper, match = running[0], matching(running)
    buy = archive.say("alice", "buy 6 ACME @ 10.00", at=at(1))
    bob = archive.say("bob", "sell 4 ACME @ 9.00", at=at(2))
    carol = archive.say("carol", "sell 4 ACME @ 9.00", at=at(3))
    archive.seal()
    for draft in keeper.mails(archive):
        archive.post(draft)
    archive.seal()
    (old,) = match.mails(archive)
    assert f"fill 2 ACME @ 10.00 alice/{buy} carol/{carol}" in old.text
    late_sell = archive.say("carol", "sell 3 ACME @ 10.00", at=at(4))
    archive.seal()
    for draft in keeper.mails(archive):
        archive.post(draft)
    archive.seal()
    wrong = by_hand(archive, "match", "sam", f"fill 3 ACME @ 10.00 alice/{buy} carol/{late_sell}")
    archive.say("operator", f"adopt {wrong}", at=at(5))
    assert archive.post(
        old._replace(number=old.number + 1, text=old.text.replace("match 1", "match 2"))
    )
    archive.seal()
    settle(archive, running)
    fills = "".join(e.text for e in archive.entries[wrong + 2 :] if "\nfill " in e.text)
    assert f"fill 3 ACME @ 10.00 alice/{buy} bob/{bob}" in fills
    check_end(Session(archive, running, [], 1))


def test_two_members_suspended_in_one_text_lose_their_orders_after_an_adoption_too() -> None:
    archive, running = market()
    buy = archive.say("alice", "buy 10 ACME @ 10.00", at=at(1))
    sell = archive.say("bob", "sell 10 ACME @ 10.50", at=at(2))
    other = archive.say("carol", "sell 10 ACME @ 10.75", at=at(3))
    archive.seal()
    settle(archive, running)
    banned = archive.say("operator", "suspend alice", "suspend bob", at=at(4))
    archive.seal()
    wrong = by_hand(archive, "match", "sam", f"leaves carol/{other} 0 cancelled")
    archive.say("operator", f"adopt {wrong}", at=at(5))
    archive.seal()
    settle(archive, running)
    said = "".join(entry.text for entry in archive.entries[banned:])
    assert f"leaves alice/{buy} 0 cancelled {banned}\n" in said
    assert f"leaves bob/{sell} 0 cancelled {banned}.2\n" in said
    check_end(Session(archive, running, [], 1))


@pytest.mark.parametrize("seed", range(60))
def test_after_any_wrong_reports_and_their_adoption_everything_drains(seed: int) -> None:
    """Random sessions in which a specialist's key signs random fills and leaves by hand."""
    rng = random.Random(seed)
    members = ["alice", "bob", "carol"]
    archive = found(members, 1 + seed % 2)
    running = processes(1 + seed % 2)
    settle(archive, running)
    refs: list[int] = []
    owners: list[str] = []
    flying: list[Draft] = []
    for index, (member, text, target) in enumerate(instructions(rng, members, 30)):
        said = fill_in(text, target, refs, 1 + seed % 2, archive)
        refs.append(archive.say(member, said, at=at(index)))
        owners.append(member)
        archive.seal()
        if rng.random() < 0.15 and len(refs) > 3:
            a, b = rng.sample(range(len(refs)), 2)
            price = f"{rng.randint(195, 205) * 5 / 100:.2f}"
            line = rng.choice(
                [
                    f"fill {rng.randint(1, 9)} ACME @ {price} {owners[a]}/{refs[a]} "
                    f"{owners[b]}/{refs[b]}",
                    f"leaves {owners[a]}/{refs[a]} 0 cancelled",
                ]
            )
            wrong = by_hand(archive, "match", "sam", line)
            if rng.random() < 0.8:
                archive.say("operator", f"adopt {wrong}")
                archive.seal()
        for process in running:
            try:
                flying += process.mails(archive)
            except Diverged as error:
                report = str(error).split(",")[0].removeprefix("entry ").partition(".")[0]
                archive.say("operator", f"adopt {report}")
            rng.shuffle(flying)
            for _ in range(rng.randint(0, len(flying))):
                archive.post(flying.pop())
            archive.seal()
    for _ in range(20):
        try:
            settle(archive, running)
            break
        except Diverged as error:
            report = str(error).split(",")[0].removeprefix("entry ").partition(".")[0]
            archive.say("operator", f"adopt {report}")
            archive.seal()
    check_end(Session(archive, running, refs, 1 + seed % 2))
    check_accounts(archive, running)
    match = matching(running)
    for cut in range(2, len(archive.entries), 7):
        second = Run(Match())
        second.feed(replay(archive, Match, cut).checkpoint())
        for entry in archive.entries[cut : archive.sealed + 1]:
            second.feed(entry)
        assert state(second) == state(match.run)
