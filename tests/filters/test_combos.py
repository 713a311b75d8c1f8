"""Combinations: what is asked for and refused, what trades, what a wrong report can do."""

from collections import Counter
from pathlib import Path

import pytest

from pit.filters.legs import Legs
from pit.filters.match import Match
from pit.filters.outcomes import Teller
from pit.filters.positions import Positions
from pit.filters.runner import Diverged, Run
from tests.filters.combo_sessions import everybody, founded, play
from tests.filters.sessions import Archive, Process, at, replay, settle
from tests.filters.test_adopt import by_hand
from tests.filters.test_db import ask, check_arithmetic, make, write


class Pit:
    """A pit in which alice combines, and bob and carol make the books."""

    def __init__(self, cash: str = "1000", fee: str = "maker 0 taker 0") -> None:
        self.archive: Archive = founded(["alice", "bob", "carol"], 1, cash, fee)
        self.running: list[Process] = everybody(1)
        self.minute = 0
        self.publish()

    def say(self, member: str, text: str, *, publish: bool = True) -> int:
        """An instruction, and what is owed for it."""
        self.minute += 1
        entry = self.archive.say(member, text, at=at(self.minute))
        self.archive.seal()
        if publish:
            self.publish()
        return entry

    def combo(self, quantity: str, net: str, *legs: str, publish: bool = True) -> int:
        """Alice asks for a combination."""
        lines = "".join(f"\n    {leg}" for leg in legs)
        return self.say("alice", f"combo {quantity} @ {net}\n  legs:{lines}", publish=publish)

    def publish(self) -> None:
        settle(self.archive, self.running)

    def answer(self) -> None:
        """The keeper's reports alone."""
        for draft in self.running[0].mails(self.archive):
            self.archive.post(draft)
        self.archive.seal()

    def after(self, entry: int) -> list[str]:
        """The lines of reports that stand below an entry."""
        texts = [e.text for e in self.archive.entries[entry:] if "\nreport " in e.text]
        lines = [line for text in texts for line in text.split("\n")]
        verbs = ("accept", "refuse", "fill", "leaves", "bounded", "settled")
        return [line for line in lines if line.startswith(verbs)]

    def matching(self) -> Run:
        process = next(p for p in self.running if isinstance(p.run.filter, Match))
        process.catch_up(self.archive)
        return process.run

    def available(self, member: str) -> int:
        """In cents."""
        self.running[0].catch_up(self.archive)
        filter = self.running[0].run.filter
        assert isinstance(filter, Positions)
        return filter.accounts.available(member, "EUR")

    def live_is_replay(self) -> None:
        for process in self.running:
            process.catch_up(self.archive)
            again = replay(self.archive, process.make)
            assert process.run.checkpoint() == again.checkpoint()
            assert process.run.drafts() == again.drafts()


def books(pit: Pit) -> tuple[int, int, int]:
    """Asks of 6 RAIN.2 at 5.00 and 10 at 5.50, bids for 20 RAIN.3 at 4.50."""
    first = pit.say("bob", "sell 6 RAIN.2 @ 5.00")
    second = pit.say("carol", "sell 10 RAIN.2 @ 5.50")
    third = pit.say("bob", "buy 20 RAIN.3 @ 4.50")
    return first, second, third


def test_all_legs_trade_at_once_by_price_then_time_in_one_report() -> None:
    pit = Pit()
    first, second, third = books(pit)
    combo = pit.combo("8", "1.00", "+1 RAIN.2", "-2 RAIN.3")
    assert pit.after(combo) == [
        f"accept alice/{combo}",
        f"fill 6 RAIN.2 @ 5.00 alice/{combo} bob/{first}",
        f"fill 2 RAIN.2 @ 5.50 alice/{combo} carol/{second}",
        f"fill 16 RAIN.3 @ 4.50 bob/{third} alice/{combo}",
    ]
    assert sum("\nfill " in e.text for e in pit.archive.entries) == 1
    pit.live_is_replay()


def test_the_last_cent_decides() -> None:
    pit = Pit()
    books(pit)  # 6 x 5.00 + 2 x 5.50 - 8 x 4.50 = 5.00, which is 8 x 0.625
    dear = pit.combo("8", "0.50", "+1 RAIN.2", "-1 RAIN.3")
    assert pit.after(dear) == [f"accept alice/{dear}", f"leaves alice/{dear} 0 killed"]
    assert pit.available("alice") == 100_000
    exact = pit.combo("6", "0.50", "+1 RAIN.2", "-1 RAIN.3")
    assert [line[:4] for line in pit.after(exact)] == ["acce", "fill", "fill"]


def test_to_sell_a_combination_its_signs_and_its_price_are_turned() -> None:
    pit = Pit()
    pit.say("bob", "buy 5 RAIN.2 @ 4.00")
    pit.say("carol", "sell 5 RAIN.3 @ 4.50")
    little = pit.combo("5", "0.00", "-1 RAIN.2", "+1 RAIN.3")
    assert pit.after(little)[-1] == f"leaves alice/{little} 0 killed"
    enough = pit.combo("5", "0.50", "-1 RAIN.2", "+1 RAIN.3")
    assert [line[:6] for line in pit.after(enough)] == ["accept", "fill 5", "fill 5"]
    pit.say("bob", "sell 5 RAIN.3 @ 4.00")
    pit.say("bob", "buy 5 RAIN.2 @ 6.00")
    received = pit.combo("5", "-2.00", "-1 RAIN.2", "+1 RAIN.3")
    assert [line[:6] for line in pit.after(received)] == ["accept", "fill 5", "fill 5"]


REFUSED = [
    ("1", "1.00", ["+1 RAIN.2"], "a combination has 2 to 16 legs, not 1"),
    ("1", "1.00", ["+1 RAIN"] * 17, "a combination has 2 to 16 legs, not 17"),
    ("1", "1.00", ["+1 RAIN", "-1 RAIN"], "RAIN is two legs; say it once"),
    ("1", "1.00", ["+1 RAIN", "1 RAIN.2"], "'1 RAIN.2' is no leg; write +1 RAIN.2 to buy, -1"),
    ("1", "1.00", ["+1 RAIN", "+0 RAIN.2"], "'+0 RAIN.2' is no leg"),
    ("1", "1.00", ["+1 RAIN", "-1 ACME"], "ACME is not a market of this pit"),
    ("1", "1.00", ["+1 RAIN", "-1 SNOW"], "RAIN is settled with RAIN, SNOW with SNOW"),
    ("1", "1.00", ["+1 RAIN", "-1 RAIN.4"], "RAIN is settled with RAIN, RAIN.4 with RAIN.4"),
    ("0", "1.00", ["+1 RAIN", "-1 RAIN.2"], "a quantity of 0 buys and sells nothing"),
    ("1.5", "1.00", ["+1 RAIN", "-1 RAIN.2"], "1.5 is not a multiple of the lot, 1"),
    ("1", "1.20", ["+1 RAIN", "-1 RAIN.2"], "1.20 is not a multiple of the tick, 0.50"),
    ("2", "0", ["+900000000000000 RAIN", "-1 RAIN.2"], "2 x 900000000000000 RAIN has over 15"),
]


@pytest.mark.parametrize("quantity, net, legs, why", REFUSED)
def test_what_can_never_trade_is_refused(
    quantity: str, net: str, legs: list[str], why: str
) -> None:
    pit = Pit()
    combo = pit.combo(quantity, net, *legs)
    (answer,) = pit.after(combo)
    assert answer.startswith(f'refuse alice/{combo} "{why}')
    pit.live_is_replay()


def test_a_settled_market_is_no_leg() -> None:
    pit = Pit()
    pit.say("issuer", "settle RAIN 4.50")
    pit.say("bob", 'say "settled"')
    combo = pit.combo("1", "1.00", "+1 RAIN", "-1 RAIN.2")
    assert pit.after(combo) == [f'refuse alice/{combo} "RAIN is settled at 4.5"']


def test_cover_is_for_the_whole() -> None:
    """+1 RAIN.2 -1 RAIN at 0.50: at worst RAIN is 10, RAIN.2 8, and 2.50 is lost on each."""
    pit = Pit(cash="100")
    pit.say("cashier", "deposit carol 100 EUR")
    pit.say("bob", "sell 40 RAIN.2 @ 5.50")
    pit.say("carol", "buy 40 RAIN @ 5.00")
    apart = pit.say("alice", "sell 40 RAIN @ 5.00")
    assert "needs 200.00 EUR more" in pit.after(apart)[0]
    combo = pit.combo("40", "0.50", "+1 RAIN.2", "-1 RAIN", publish=False)
    pit.answer()
    assert pit.after(combo) == [f"accept alice/{combo}"]
    assert pit.available("alice") == 0
    pit.publish()
    assert [line[:7] for line in pit.after(combo)] == ["accept ", "fill 40", "fill 40"]
    assert pit.available("alice") == 0
    more = pit.combo("1", "0.50", "+1 RAIN.2", "-1 RAIN")
    assert pit.after(more) == [
        f'refuse alice/{more} "combo 1 @ 0.50 needs 2.50 EUR more (at RAIN = 10.00 all of RAIN '
        "comes to -102.50, held 100.00); available 0.00 = balance 100.00 - held 100.00 by "
        'contracts"'
    ]
    pit.say("issuer", "settle RAIN 10")
    pit.say("bob", 'say "settled"')
    assert pit.available("alice") == 0
    pit.live_is_replay()


def test_what_is_received_counts_as_received_in_all_or_not_at_all() -> None:
    """-1 RAIN.2 +1 RAIN at -0.50: it gains 0.50 or more where RAIN is 2 or more."""
    pit = Pit(cash="10")
    pit.say("bob", "buy 4 RAIN.2 @ 5.50")
    pit.say("carol", "sell 1 RAIN @ 5.00")
    combo = pit.combo("4", "-0.50", "+1 RAIN", "-1 RAIN.2", publish=False)
    pit.answer()
    assert pit.available("alice") == 1000 - 4 * 150  # at RAIN = 0
    pit.publish()
    assert pit.after(combo)[-1] == f"leaves alice/{combo} 0 killed"  # three RAIN are missing
    assert pit.available("alice") == 1000


def test_fees_are_held_at_the_highest_rate_and_charged_as_taker() -> None:
    pit = Pit(fee="maker 0 taker 0.01")
    books(pit)
    before = pit.available("alice")
    combo = pit.combo("2", "0.50", "+1 RAIN.2", "-1 RAIN.3", publish=False)
    pit.answer()
    # 2 x 2.50 where RAIN is 2 and RAIN.3 4; fees of 1 % of 2 x 8 and of 2 x 5
    assert pit.available("alice") == before - 500 - 26
    pit.publish()
    assert pit.available("alice") == before - 500 - 10 - 9
    assert pit.after(combo)[1].startswith("fill 2 RAIN.2 @ 5.00")
    pit.live_is_replay()


def test_an_order_of_ones_own_that_would_be_met_first_kills() -> None:
    pit = Pit()
    own = pit.say("alice", "sell 1 RAIN.2 @ 5.00")
    books(pit)
    combo = pit.combo("2", "5.00", "+1 RAIN.2", "-1 RAIN.3")
    assert pit.after(combo)[-1] == f"leaves alice/{combo} 0 killed"
    assert str(own) in pit.matching().record.orders


def test_in_a_halt_of_one_leg_it_is_killed() -> None:
    pit = Pit()
    books(pit)
    pit.say("operator", "halt RAIN.3")
    combo = pit.combo("2", "5.00", "+1 RAIN.2", "-1 RAIN.3")
    assert pit.after(combo)[-1] == f"leaves alice/{combo} 0 killed"


def test_it_waits_for_an_answer_in_every_lane_and_cancelling_it_is_late() -> None:
    pit = Pit()
    books(pit)
    waits = pit.say("bob", "buy 1 RAIN.3 @ 5.00", publish=False)  # no answer yet
    combo = pit.combo("2", "5.00", "+1 RAIN.2", "-1 RAIN.3", publish=False)
    pit.answer()
    later = pit.say("carol", "sell 1 RAIN.2 @ 4.00", publish=False)
    cancel = pit.say("alice", f"cancel {combo}", publish=False)
    run = pit.matching()
    waiting = {code: len(lane.waiting) for code, lane in run.filter.lanes.items()}  # type: ignore[attr-defined]
    assert waiting["RAIN.2"] == 2 and waiting["RAIN.3"] == 0
    pit.publish()
    lines = pit.after(combo)
    assert f"fill 1 RAIN.3 @ 5.00 bob/{waits} alice/{combo}" in lines
    assert not any(f"carol/{later}" in line for line in lines if line.startswith("fill"))
    assert f"leaves alice/{combo} 0 late {cancel}" in lines
    pit.live_is_replay()


def test_its_fills_trigger_stops_after_it() -> None:
    pit = Pit()
    first, _, third = books(pit)
    stop = pit.say("carol", "buy 3 RAIN.2 @ 6.00\n  stop: 5.00")
    combo = pit.combo("2", "1.00", "+1 RAIN.2", "-1 RAIN.3")
    assert pit.after(combo)[1:] == [
        f"fill 2 RAIN.2 @ 5.00 alice/{combo} bob/{first}",
        f"fill 2 RAIN.3 @ 4.50 bob/{third} alice/{combo}",
        f"fill 3 RAIN.2 @ 5.00 carol/{stop} bob/{first}",
    ]


# What a wrong report can do


def wrong(combo: int, first: int, second: int, third: int) -> list[tuple[list[str], str]]:
    """Reports of sam's that do not count, for 8 x (+1 RAIN.2 -1 RAIN.3) at 0.50; and why."""
    buys = f"fill 6 RAIN.2 @ 5.00 alice/{combo} bob/{first}"
    rest = f"fill 2 RAIN.2 @ 5.50 alice/{combo} carol/{second}"
    sells = f"fill 8 RAIN.3 @ 4.50 bob/{third} alice/{combo}"
    return [
        ([buys], "2 RAIN.2 is missing"),
        ([buys, rest], "8 RAIN.3 is missing"),
        ([sells], "8 RAIN.2 is missing"),
        ([buys, rest, sells], "may cost 4, 8 x 0.5, not 5"),
        ([buys, f"leaves bob/{third} 0 killed", rest, sells], "2 RAIN.2 is missing"),
        ([f"leaves alice/{combo} 8 decremented"], "trades whole, or ends with `0 killed`"),
        ([f"leaves alice/{combo} 0 cancelled"], "trades whole, or ends with `0 killed`"),
    ]


@pytest.mark.parametrize("index", range(7))
def test_fills_count_together_or_not_at_all(index: int) -> None:
    pit = Pit()
    orders = books(pit)
    combo = pit.combo("8", "0.50", "+1 RAIN.2", "-1 RAIN.3", publish=False)
    pit.answer()
    held = pit.available("alice")
    lines, why = wrong(combo, *orders)[index]
    entry = by_hand(pit.archive, "match", "sam", *lines)
    idle: list[str] = []
    run = Run(Match(), idle=lambda entry, found: idle.append(found.why))
    for one in pit.archive.entries[:entry]:
        run.feed(one)
    assert any(why in said for said in idle), idle
    assert str(combo) in run.record.combos
    assert pit.available("alice") == held
    assert all(order.filled == 0 for order in run.record.orders.values())
    if index != 4:
        pit.publish()
        assert pit.after(combo)[-1] == f"leaves alice/{combo} 0 killed"
        pit.live_is_replay()


def test_a_combination_that_was_killed_wrongly_is_adopted_in_all_its_lanes() -> None:
    pit = Pit()
    first, _, third = books(pit)
    combo = pit.combo("2", "0.50", "+1 RAIN.2", "-1 RAIN.3", publish=False)
    pit.answer()
    entry = by_hand(pit.archive, "match", "sam", f"leaves alice/{combo} 0 killed")
    with pytest.raises(Diverged):
        pit.matching().drafts()
    pit.say("operator", f"adopt {entry}")
    assert not pit.matching().drafts()
    again = pit.combo("2", "0.50", "+1 RAIN.2", "-1 RAIN.3")
    assert pit.after(again)[1:] == [
        f"fill 2 RAIN.2 @ 5.00 alice/{again} bob/{first}",
        f"fill 2 RAIN.3 @ 4.50 bob/{third} alice/{again}",
    ]
    pit.live_is_replay()


def test_a_wrong_fill_in_one_lane_is_adopted_and_the_combination_is_worked_again() -> None:
    pit = Pit()
    first, second, third = books(pit)
    other = pit.say("carol", "buy 3 RAIN.2 @ 5.00", publish=False)
    combo = pit.combo("4", "1.00", "+1 RAIN.2", "-1 RAIN.3", publish=False)
    pit.answer()
    entry = by_hand(pit.archive, "match", "sam", f"fill 1 RAIN.2 @ 5.00 carol/{other} bob/{first}")
    with pytest.raises(Diverged):
        pit.matching().drafts()
    pit.say("operator", f"adopt {entry}")
    assert pit.after(entry) == [
        f"fill 2 RAIN.2 @ 5.00 carol/{other} bob/{first}",
        f"fill 3 RAIN.2 @ 5.00 alice/{combo} bob/{first}",
        f"fill 1 RAIN.2 @ 5.50 alice/{combo} carol/{second}",
        f"fill 4 RAIN.3 @ 4.50 bob/{third} alice/{combo}",
    ]
    pit.live_is_replay()


def test_one_that_was_ended_while_it_waited_keeps_no_lane_waiting() -> None:
    pit = Pit()
    books(pit)
    first = pit.archive.append("bob", pit.archive.head() + "buy 1 RAIN.3 @ 4.50\n")
    pit.archive.seal()
    combo = pit.combo("2", "5.00", "+1 RAIN.2", "-1 RAIN.3", publish=False)
    by_hand(pit.archive, "positions", "keeper1", f"accept alice/{combo}")  # before bob's
    entry = by_hand(pit.archive, "match", "sam", f"leaves alice/{combo} 0 killed")
    assert str(first) in pit.matching().record.orders and pit.matching().lanes.diverged
    pit.say("operator", f"adopt {entry}", publish=False)
    assert not pit.matching().lanes.diverged
    later = pit.say("carol", "buy 1 RAIN.2 @ 5.00", publish=False)
    by_hand(pit.archive, "positions", "keeper1", f"accept carol/{later}")
    assert [o.directive.verb for o in pit.matching().lanes] == ["fill"]
    filter = pit.matching().filter
    assert isinstance(filter, Match)
    assert [item.what.ref for item in filter.lanes["RAIN.3"].waiting] == [str(first), str(combo)]
    by_hand(pit.archive, "positions", "keeper1", f"accept bob/{first}")
    assert not pit.matching().filter.lanes["RAIN.3"].waiting  # type: ignore[attr-defined]


def test_fills_that_stand_after_the_settlement_are_paid_at_once() -> None:
    pit = Pit()
    books(pit)
    combo = pit.combo("6", "1.00", "+1 RAIN.2", "-1 RAIN.3", publish=False)
    pit.answer()
    pit.say("issuer", "settle RAIN 8", publish=False)
    pit.say("bob", 'say "now"', publish=False)
    for process in (pit.running[-1], *pit.running):
        for draft in process.mails(pit.archive):
            pit.archive.post(draft)
        pit.archive.seal()
    pit.publish()
    assert pit.after(combo)[1].startswith("settled RAIN 8")
    assert pit.available("alice") == 100_000 + 6 * (300 - 50)  # (8 - 5.00) - (5 - 4.50)
    assert pit.available("bob") == 100_000 - 6 * (300 - 50)
    pit.live_is_replay()


def test_so_many_fills_stand_in_one_report() -> None:
    """A combination's fills are never parted where a report would be too long."""
    pit = Pit(cash="100000")
    asks = [pit.say("bob", "\n".join(["sell 1 RAIN.2 @ 5.00"] * 900), publish=False)]
    asks += [pit.say("carol", "\n".join(["sell 1 RAIN.3 @ 4.50"] * 3900), publish=False)]
    pit.say("bob", "buy 900 RAIN @ 5.00", publish=False)
    pit.answer()
    pit.say("alice", "buy 3900 RAIN.3 @ 4.50", publish=False)
    combo = pit.combo("900", "1.00", "+1 RAIN.2", "-1 RAIN", publish=False)
    pit.answer()
    pit.publish()
    reports = [e.text for e in pit.archive.entries if "\nreport match" in e.text]
    assert [f"alice/{combo}" in text for text in reports].count(True) == 1
    assert len(reports) > 1
    too_many = pit.combo("1", "1.00", "+1 RAIN.2", "-1 RAIN")
    assert pit.after(too_many)[-1] == f"leaves alice/{too_many} 0 killed"


# What is told of them


def test_its_legs_are_legs_of_the_synthetic_market() -> None:
    pit = Pit()
    books(pit)
    pit.combo("2", "0.00", "+1 RAIN.2", "-1 RAIN.3")
    pit.combo("8", "1.00", "+1 RAIN.2", "-2 RAIN.3")
    legs = [leg for leg in Legs().read(pit.archive.entries) if leg.trader == "alice"]
    unmatched, matched = Counter[str](), Counter[str]()
    for leg in legs:
        (matched if leg.matched else unmatched)[leg.market] += leg.quantity
    assert not any(unmatched.values())
    assert matched == {"RAIN.2": 8 * 10**9, "RAIN.3": -16 * 10**9}


def test_the_member_is_told() -> None:
    pit = Pit()
    books(pit)
    killed = pit.combo("2", "0.00", "+1 RAIN.2", "-1 RAIN.3")
    whole = pit.combo("2", "0.50", "+1 RAIN.2", "-1 RAIN.3")
    teller = Teller()
    run = Run(teller)
    said: list[str] = []
    for entry in pit.archive.entries:
        run.feed(entry)
        said += [one.line for one in teller.said if one.handle == "alice"]
    text = "\n".join(said)
    assert f"{killed}: combo 2 at 0.00 of +1 RAIN.2, -1 RAIN.3 accepted, works at once" in text
    assert f"{killed}: killed: not all of it could trade at once for that" in text
    assert f"{whole}: bought 2 RAIN.2 at 5.00" in text
    assert f"{whole}: sold 2 RAIN.3 at 4.50" in text


@pytest.mark.parametrize("seed", range(2))
def test_the_database_has_them(seed: int, tmp_path: Path) -> None:
    entries = play(seed, shards=1, chaos=True, cash="150").archive.entries
    folder = write(tmp_path / "archive", entries)
    assert make(tmp_path / "pit.db", folder).entries == len(entries)
    check_arithmetic(tmp_path / "pit.db")
    query = "SELECT status, count(*), count(ended_by) FROM combos GROUP BY status"
    found = {status: counts for status, *counts in ask(tmp_path / "pit.db", query)}
    assert set(found) <= {"refused", "filled", "killed"} and len(found) > 1
    assert all(count == ended for count, ended in found.values())
    missing = "SELECT ref FROM directives WHERE verb = 'combo' EXCEPT SELECT ref FROM combos"
    assert ask(tmp_path / "pit.db", missing) == []
    whole = (
        "SELECT combo, ticker, quantity FROM combo_legs JOIN combos ON ref = combo "
        "WHERE status = 'filled' ORDER BY combo, ticker"
    )
    traded = (
        "SELECT c.ref, f.ticker, sum(f.quantity) FROM combos AS c JOIN fills AS f "
        "ON c.ref IN (buyer_order, seller_order) GROUP BY c.ref, f.ticker ORDER BY 1, 2"
    )
    assert ask(tmp_path / "pit.db", whole) == ask(tmp_path / "pit.db", traded)
