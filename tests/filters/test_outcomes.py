"""What members are told: each instruction's fate, in sums that add up to what moved."""

import re
from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pit.archives.amounts import decimal
from pit.archives.errors import Damaged
from pit.filters import told
from pit.filters.accounts import OUTSIDE, Posting
from pit.filters.outcomes import Outcome, Teller
from pit.filters.positions import Positions
from pit.filters.runner import Run
from pit.filters.tokens import Tokens
from pit.filters.told import Letter, Told
from pit.pits import rules
from tests.filters.sessions import START, Archive, Process, found, play, processes, settle


def outcomes(archive: Archive) -> list[tuple[int, str, str]]:
    """(entry, member, line) of all that members are told."""
    teller = Teller()
    run = Run(teller)
    said = []
    for entry in archive.entries:
        run.feed(entry)
        said += [(entry.number, *one) for one in teller.said]
    return said


class Club:
    """alice has 500.00 EUR and 100 of each ticker, bob too."""

    def __init__(self) -> None:
        self.archive = found(["alice", "bob"], 1, "500", "100")
        self._running = processes(1)
        settle(self.archive, self._running)
        self._before = len(self.archive.entries)

    def say(self, who: str, *text: str, at: datetime | None = None) -> int:
        """An instruction, and what becomes of it."""
        number = self.archive.say(who, *text, at=at)
        self.archive.seal()
        settle(self.archive, self._running)
        return number

    def told(self, handle: str) -> list[str]:
        """What somebody is told, without his first money and units."""
        said = outcomes(self.archive)
        return [line for number, who, line in said if who == handle and number > self._before]


@pytest.fixture
def club() -> Club:
    return Club()


def test_a_trade_is_told_with_what_was_paid_and_what_is_left(club: Club) -> None:
    sell = club.say("bob", "sell 10 ACME @ 5.00")
    buy = club.say("alice", "buy 10 ACME @ 5.00", "  ref: spring")
    name = f"{buy} (spring)"
    assert club.told("alice") == [
        f"{name}: buy 10 ACME at 5.00 or lower accepted, works; 50.00 EUR held, 450.00 available",
        f"{name}: bought 10 ACME at 5.00, 50.00 EUR paid, 450.00 left",
    ]
    assert club.told("bob") == [
        f"{sell}: sell 10 ACME at 5.00 or higher accepted, works; 10 ACME held, 90 available",
        f"{sell}: sold 10 ACME at 5.00, 50.00 EUR received, 90 ACME left",
    ]


def test_parts_are_told_one_by_one_with_what_still_works(club: Club) -> None:
    club.say("bob", "sell 3 ACME @ 5.00", "sell 4 ACME @ 5.05")
    buy = club.say("alice", "buy 10 ACME @ 5.10")
    assert club.told("alice")[1:] == [
        f"{buy}: bought 3 ACME at 5.00, 15.00 EUR paid, 485.00 left (35.70 held); "
        "7 of 10 still work",
        f"{buy}: bought 4 ACME at 5.05, 20.20 EUR paid, 464.80 left (15.30 held); "
        "3 of 10 still work",
    ]
    cancel = club.say("alice", f"cancel {buy}")
    assert club.told("alice")[3:] == [
        f"{buy}: cancelled by {cancel}; 3 of 10 ACME did not trade, 15.30 EUR free again, "
        "464.80 available"
    ]
    again = club.say("alice", f"cancel {buy}")
    assert club.told("alice")[4:] == [f"{again}: too late, {buy} works no more"]


def test_a_refusal_is_told_with_its_arithmetic(club: Club) -> None:
    buy = club.say("alice", "buy 1000 ACME @ 5.00")
    (line,) = club.told("alice")
    assert line.startswith(f"{buy}: refused: buy 1000 @ 5.00 needs 5000.00 EUR; available 500.00")


def test_what_expires_or_meets_an_own_order_is_told(club: Club) -> None:
    limit = START + timedelta(hours=3)
    buy = club.say("alice", "buy 10 ACME @ 5.00", f"  until: {limit.isoformat()}Z")
    sell = club.say("alice", "sell 1 ACME @ 5.00")
    club.say("bob", 'say "later"', at=limit + timedelta(hours=1))
    said = club.told("alice")
    assert f"works until {limit.isoformat()}Z; 50.00 EUR held" in said[0]
    assert said[2:] == [
        f"{sell}: cancelled: it met an order of your own; 1 of 1 ACME did not trade, "
        "1 ACME free again, 100 available",
        f"{buy}: expired; 10 of 10 ACME did not trade, 50.00 EUR free again, 500.00 available",
    ]


def test_money_that_comes_and_goes_is_told_to_both_sides(club: Club) -> None:
    club.say("cashier", "deposit alice 12.50 EUR", "  ref: bank-77")
    gift = club.say("alice", "transfer 2.50 EUR to bob")
    out = club.say("alice", "withdraw 10 EUR")
    paid = club.say("cashier", f"payout {out}")
    other = club.say("alice", "withdraw 20 EUR")
    cancel = club.say("alice", f"cancel {other}")
    assert [re.sub(r"^[0-9]+", "N", line) for line in club.told("alice")] == [
        "N (bank-77): received 12.50 EUR, 512.50 now",
        "N: 2.50 EUR given to bob, 510.00 left",
        "N: withdraw 10.00 EUR accepted; held until it is paid out, 500.00 available",
        f"N: 10.00 EUR paid out by {paid}, 500.00 left",
        "N: withdraw 20.00 EUR accepted; held until it is paid out, 480.00 available",
        f"N: cancelled by {cancel}; 20.00 EUR free again, 500.00 available",
        "N: accepted",
    ]
    assert club.told("bob") == [f"{gift}: received 2.50 EUR from alice, 502.50 now"]


def test_a_suspended_members_orders_are_told_cancelled(club: Club) -> None:
    buy = club.say("alice", "buy 10 ACME @ 5.00")
    end = club.say("operator", "suspend alice")
    assert club.told("alice")[1].startswith(f"{buy}: cancelled by {end}; 10 of 10 ACME did not")


NUMBER = r"([0-9]+(?:\.[0-9]+)?)"
FEE = rf"(?:, {NUMBER} (\S+) fee)?"
MOVED = [
    (rf": bought {NUMBER} (\S+) at \S+, {NUMBER} ([A-Z0-9]+) paid{FEE}", (1, -1, -1)),
    (rf": sold {NUMBER} (\S+) at \S+, {NUMBER} ([A-Z0-9]+) received{FEE}", (-1, 1, -1)),
    (rf"undone, {NUMBER} (\S+) given back, {NUMBER} (\S+) received{FEE}", (-1, 1, 1)),
    (rf": {NUMBER} (\S+) given to", (-1,)),
    (rf": received {NUMBER} (\S+)(?:,| from)", (1,)),
    (rf": issued {NUMBER} (\S+),", (1,)),
    (rf": {NUMBER} (\S+) paid out by", (-1,)),
    (rf": (?:bought|sold) \S+ \S+ at [0-9.]+, {NUMBER} (\S+) fee, [0-9.]+ available", (-1,)),
    (rf": .*, {NUMBER} (\S+) received, [0-9.]+ now", (1,)),
    (rf": .*, {NUMBER} (\S+) paid, [0-9.]+ left", (-1,)),
]


def told_to_move(line: str) -> list[tuple[str, Decimal]]:
    """(asset, change) that a line says."""
    for pattern, signs in MOVED:
        if found := re.search(pattern, line):
            groups = found.groups()
            return [
                (groups[2 * i + 1], sign * Decimal(groups[2 * i]))
                for i, sign in enumerate(signs)
                if groups[2 * i]
            ]
    return []


@pytest.mark.parametrize("seed", range(6))
def test_what_is_told_adds_up_to_what_moved_entry_by_entry(seed: int) -> None:
    archive = play(seed, shards=1 + seed % 2, chaos=seed % 2 > 0, count=60).archive
    postings: list[Posting] = []
    run = Run(Positions(journal=postings.append))
    moved: Counter[tuple[int, str, str]] = Counter()
    for entry in archive.entries:
        postings.clear()
        run.feed(entry)
        for account, asset, amount, _, _ in postings:
            if account not in (OUTSIDE, "operator"):  # who gets the fees is told of no orders
                number = decimal(amount, run.pit.decimals(asset) or 0)
                moved[entry.number, account, asset] += number  # type: ignore[assignment]
    said: Counter[tuple[int, str, str]] = Counter()
    for number, handle, line in outcomes(archive):
        for asset, change in told_to_move(line):
            said[number, handle, asset] += change  # type: ignore[assignment]
    assert {k: v for k, v in said.items() if v} == {k: v for k, v in moved.items() if v}
    assert len(said) > 20


@pytest.mark.parametrize("seed", range(3))
def test_every_order_is_told_its_answer_and_its_end(seed: int) -> None:
    session = play(seed, shards=1, chaos=False, count=60)
    said = [line for _, _, line in outcomes(session.archive)]
    for entry in session.archive.entries:
        if re.search(r"^(buy|sell|withdraw|transfer|cancel) ", entry.text, re.M):
            answer = rf"(?:^|: cancelled by ){entry.number}\b"
            assert any(re.search(answer, line) for line in said), entry.text


def test_a_teller_goes_on_from_any_checkpoint() -> None:
    archive = play(4, shards=1, chaos=True, count=30).archive
    whole = outcomes(archive)
    for cut in range(20, archive.sealed, 7):
        first, second = Run(Teller()), Teller()
        for entry in archive.entries[:cut]:
            first.feed(entry)
        run = Run(second)
        run.feed(first.checkpoint())
        said = []
        for entry in archive.entries[cut:]:
            run.feed(entry)
            said += [(entry.number, *one) for one in second.said]
        assert said == [one for one in whole if one[0] > cut]


# --- which mail it goes into ------------------------------------------------------------------

RULES = st.sampled_from(["each", "each", "hourly", "daily", "off"])
SAID = st.lists(
    st.tuples(st.sampled_from(["alice", "bob"]), st.text("abc 1.:", min_size=1, max_size=9)),
    max_size=3,
)
STEPS = st.lists(st.tuples(st.integers(1, 90_000), RULES, SAID), max_size=40)


def letters(
    steps: list[tuple[int, str, list[tuple[str, str]]]], restart: bool = False
) -> tuple[list[Letter], Told]:
    """All mails of some entries; restart: the note is written and read before each."""
    state, sent = Told(), []
    moment = START
    for number, (later, rule, said) in enumerate(steps, 1):
        if restart:
            state = told.read(told.write(state))
        moment += timedelta(seconds=later)
        time = moment.isoformat(timespec="microseconds") + "Z"
        outcomes = [Outcome(who, f"x{line}x") for who, line in said]
        state, free = state.step(number, time, rule, outcomes)
        sent += free
    return sent, state


@given(STEPS)
def test_each_line_is_told_once_and_in_order(
    steps: list[tuple[int, str, list[tuple[str, str]]]],
) -> None:
    sent, state = letters(steps)
    for who in ("alice", "bob"):
        mails = [one for one in [*sent, *state.late.values()] if one.handle == who]
        said = [f"x{line}x" for _, rule, pairs in steps if rule != "off"
                for handle, line in pairs if handle == who]  # fmt: skip
        assert [line for one in mails for line in one.lines] == said
        assert all(one.first <= one.last for one in mails)
    assert len({(one.handle, one.last) for one in sent}) == len(sent)  # a Message-ID each


@given(STEPS)
def test_a_restart_at_any_entry_changes_no_mail(
    steps: list[tuple[int, str, list[tuple[str, str]]]],
) -> None:
    assert letters(steps, restart=True) == letters(steps)


@pytest.mark.parametrize(
    ("rule", "mails"), [("each", 100), ("hourly", 0), ("daily", 0), ("off", 0)]
)
def test_a_busy_hour_is_told_in_so_many_mails(rule: str, mails: int) -> None:
    busy = [(1, rule, [("alice", "traded")])] * 3000
    sent, state = letters(busy)
    assert len(sent) == mails
    sent, state = letters([*busy, (90_000, rule, [])])
    assert len(sent) == mails + (rule != "off")
    if rule != "off":
        last = sent[-1]
        assert (last.first, last.last) == (mails + 1, 3000)
        assert len(last.lines) + last.more == 3000 - mails
        assert len(last.lines) == told.MOST
    assert state.late == {}


def test_the_rule_is_one_of_four_words() -> None:
    assert [rules.read("outcomes", word) for word in ("each", "off")] == ["each", "off"]
    for wrong in ("weekly", "each hourly", "each|hourly", ""):
        with pytest.raises(ValueError, match="write each or hourly or daily or off"):
            rules.read("outcomes", wrong)


@given(st.binary())
def test_a_note_that_is_none_is_named_damaged(data: bytes) -> None:
    try:
        state = told.read(data)
    except Damaged as error:
        assert str(error).startswith("line ")
    else:
        assert told.write(state).startswith(b"told ")


def test_fees_and_good_faith_are_told_to_who_pays_them_alone(club: Club) -> None:
    club._running += [Process(Tokens, Run(Tokens()))]
    club.say("operator", 'asset TT "TradeTokens"', "  decimals: 5")
    club.say("operator", "rule words tokens 1", "rule fee-rate 0.001", "rule tokens 1")
    club.say("bob", 'say "a block is sealed"')
    club.say("operator", "transfer 100 TT to alice")
    order = club.say("alice", "buy 4 ACME @ 5.00")
    cancel = club.say("alice", f"cancel {order}")
    told = [line for line in club.told("alice") if line.startswith(f"{order}: ")]
    assert told[1] == (
        f"{order}: fee in block 1, buy: 1 x 0.001 x 1000.00000 TT in existence = 1.00000, "
        "1.00000 TT paid, 99.00000 left (20.00000 held)"
    )
    assert told[-2:] == [
        f"{order}: good faith forfeited: 20.00000 x 0 / 4 filled, cancelled by {cancel}; burned, "
        "18.80000 TT paid, 80.20000 left (1.20000 held)",
        f"{order}: fee in block 1, cancel: 1.2 x 0.001 x 1000.00000 TT in existence = 1.20000, "
        "out of the good faith, 1.20000 TT paid, 79.00000 left",
    ]
    assert not any("fee in block" in line for line in club.told("operator"))
