"""Markets of bounded contracts in whole pits: the laws over random sessions, each rule by name."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from pit.archives.errors import PitError
from pit.archives.mbox import Entry
from pit.filters import catalog
from pit.filters.match import Match
from pit.filters.positions import Positions
from pit.filters.runner import Diverged, Run
from pit.filters.settle import Settle
from tests.filters import market_forgeries
from tests.filters.market_audit import audit, check_end
from tests.filters.market_sessions import market, moment, play, processes
from tests.filters.sessions import Archive, Process, at, found, replay, settle, state

ROUNDS, SESSIONS = 20, 10


def check(seed: int, **how: int) -> dict[str, int]:
    """Play a session and check all of it; how often each verb had effect."""
    session = play(seed, shards=1 + seed % 3, chaos=bool(seed % 4), **how)
    check_end(session)
    auditor = audit(session, seed)
    return {**auditor.seen, "freed": auditor.freed}


# --- laws -------------------------------------------------------------------------------------


@pytest.mark.parametrize("round", range(ROUNDS))
def test_whatever_fills_and_whatever_comes_nobody_ends_below_zero_and_all_ends(round: int) -> None:
    seen: dict[str, int] = {}
    for seed in range(round * SESSIONS, (round + 1) * SESSIONS):
        for verb, count in check(seed).items():
            seen[verb] = seen.get(verb, 0) + count
    assert all(seen[what] for what in ("fill", "bounded", "settled", "dispute", "freed", "combo"))


@pytest.mark.long
@pytest.mark.parametrize("round", range(40))
def test_the_same_in_more_and_longer_sessions(round: int) -> None:
    for seed in range(10_000 + round * 50, 10_050 + round * 50):
        check(seed, cash=100 + seed % 7 * 200, count=30 + seed % 5 * 30)


@pytest.mark.parametrize("seed", range(5))
def test_a_checkpoint_at_any_entry_continues_as_if_there_was_none(seed: int) -> None:
    session = play(seed, shards=1 + seed % 2, chaos=True, count=25)
    entries = session.archive.entries[: session.archive.sealed + 1]
    for process in session.running:
        whole = replay(session.archive, process.make)
        for cut in range(40 + seed, len(entries), 3):
            checkpoint = replay(session.archive, process.make, cut).checkpoint()
            second = Run(process.make())  # type: ignore[operator]
            second.feed(checkpoint)
            assert second.checkpoint() == checkpoint
            for entry in entries[cut:]:
                second.feed(entry)
            assert state(second) == state(whole)


@pytest.mark.parametrize("round", range(4))
def test_what_a_specialist_forges_is_adopted_and_all_ends_as_well(round: int) -> None:
    adopted = 0
    for seed in range(round * 8, round * 8 + 8):
        session = market_forgeries.play(seed, shards=1 + seed % 2)
        check_end(session)
        adopted += audit(session, seed, guesses=3).seen.get("adopt", 0)
    assert adopted


def test_publishing_what_is_owed_leaves_nothing_owed() -> None:
    session = play(7, shards=2, chaos=True)
    before = len(session.archive.entries)
    settle(session.archive, session.running)
    assert len(session.archive.entries) == before


# --- a pit in which one thing happens after the other -----------------------------------------


class Pit:
    """A pit with roots RAIN [0,100] and SNOW [0,1]; all that is said is worked at once.

    Minutes are those of `at`; without one, time stands nearly still. Everybody has `cash` EUR.
    """

    def __init__(self, cash: str = "1000", **keys: str) -> None:
        self.archive: Archive = found(["alice", "bob", "carol", "pat", "pia", "pim"], 2, cash, "20")
        self.running: list[Process] = processes(2)
        self.say("operator", "rule unresolved 30m")
        for code, most, tick in (("RAIN", "100", "1"), ("SNOW", "1", "0.1")):
            about = {
                "min": "0", "max": most, "currency": "EUR", "tick": tick, "specialist": "sam",
                "expiry": moment(60), "resolution": "\n    By the gauge.",
                "panel": "pat pia pim", "void": "cancel", "stake": "10",
            }  # fmt: skip
            self.say("issuer", "\n".join(market(code, {**about, **keys})))

    def say(self, signer: str, text: str, minute: int | None = None) -> int:
        when = None if minute is None else at(minute)
        number = self.archive.say(signer, *text.split("\n"), at=when)
        self.archive.seal()
        settle(self.archive, self.running)
        return number

    def trade(self, code: str, buyer: str, seller: str, quantity: int, price: str) -> None:
        self.say(seller, f"sell {quantity} {code} @ {price}")
        self.say(buyer, f"buy {quantity} {code} @ {price}")

    def sub(self, code: str, within: str, low: str, high: str, **keys: str) -> None:
        about = {"within": within, "min": low, "max": high, **keys}
        self.say("issuer", "\n".join(market(code, about)))

    def wait(self, minute: int) -> None:
        self.say("alice", 'say "so late"', minute)

    @property
    def keepers(self) -> Iterator[Positions]:
        for process in self.running:
            process.catch_up(self.archive)
            if isinstance(process.run.filter, Positions):
                yield process.run.filter

    def cents(self, owner: str, asset: str = "EUR") -> int:
        return sum(keeper.accounts.balance(owner, asset) for keeper in self.keepers)

    def held(self, owner: str) -> int:
        return sum(keeper.accounts.held_of(owner, "EUR") for keeper in self.keepers)

    def reports(self) -> list[str]:
        """What stands of reports, line by line."""
        return [
            line
            for entry in self.archive.entries
            if "\nreport " in entry.text
            for line in entry.text.splitlines()
            if line.split(" ")[0] not in ("pit", "report", "")
        ]

    def answer(self, number: int) -> str:
        """What became of an instruction: '' for accepted, else why not."""
        for line in self.reports():
            verb, name, *why = line.split(" ", 2)
            if name.partition("/")[2] == str(number) and verb in ("accept", "refuse"):
                return why[0].strip('"') if why else ""
        raise AssertionError(f"{number} has no answer")

    def refused(self, signer: str, text: str, minute: int | None = None) -> str:
        why = self.answer(self.say(signer, text, minute))
        assert why
        return why

    def accepted(self, signer: str, text: str, minute: int | None = None) -> int:
        number = self.say(signer, text, minute)
        assert self.answer(number) == ""
        return number


# --- the two ways to get it wrong -------------------------------------------------------------


def test_a_gain_that_a_void_would_undo_covers_nothing_else() -> None:
    pit = Pit(cash="0.2", void="cancel")
    pit.say("cashier", "deposit bob 10 EUR")
    pit.trade("SNOW", "alice", "bob", 1, "0.2")
    assert pit.held("alice") == 20
    pit.trade("SNOW", "bob", "alice", 1, "0.8")
    assert pit.cents("alice") == 20 and pit.held("alice") == 0
    assert "needs 0.80 EUR; available 0.20" in pit.refused("alice", "buy 1 ACME @ 0.80")
    assert "available 0.20" in pit.refused("alice", "buy 1 RAIN @ 1")
    pit.accepted("alice", "buy 1 ACME @ 0.20")


def test_a_gain_by_a_bound_is_withdrawn_only_when_its_window_is_over() -> None:
    pit = Pit(cash="50", dispute="5m")
    pit.trade("RAIN", "alice", "bob", 1, "50")
    assert pit.held("alice") == 50_00
    pit.say("issuer", "bound RAIN 90 100", 1)
    assert pit.held("alice") == 50_00
    assert "available 0.00 = balance 50.00 - held 50.00" in pit.refused(
        "alice", "withdraw 1 EUR", 5
    )
    pit.wait(6)
    assert "bounded RAIN 90.00 100.00" in pit.reports()
    assert pit.held("alice") == 0
    pit.accepted("alice", "withdraw 50 EUR")
    assert "available 0.00" in pit.refused("alice", "withdraw 0.01 EUR")


# --- cover ------------------------------------------------------------------------------------

ROWS = [
    ("SNOW +10 @ 0.5", "SNOW open +5 @ 0.4", "SNOW open -4 @ 0.8", "7"),
    ("RAIN -1 @ 50", "RAIN.2 +4 @ 50", "30"),
    (
        "RAIN +2 @ 45", "RAIN.3 -5 @ 55", "RAIN.4 +6 @ 44", "SNOW +20 @ 0.6",
        "RAIN.4 open -8 @ 47", "RAIN.3 open +1 @ 40", "SNOW open -10 @ 0.7", "55",
    ),
    ("SNOW open +1 @ 0.4", "SNOW open +1 @ 0.3", "0.7"),
    ("SNOW open +1 @ 0.4", "SNOW open -1 @ 0.6", "0.4"),
    ("SNOW.2 +1 @ 0.5", "SNOW -1 @ 0.5", "0.4"),
    ("SNOW.3 +1 @ 0.5", "SNOW -1 @ 0.5", "0.6"),
    ("SNOW -100 @ 0.5", "50"),
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids="; ".join)
def test_the_worked_rows_are_what_is_held_and_a_cent_more_is_refused(row: tuple[str, ...]) -> None:
    pit = Pit(cash="5000")
    pit.sub("RAIN.2", "RAIN", "40", "60")
    pit.sub("RAIN.3", "RAIN", "30", "80")
    pit.sub("RAIN.4", "RAIN.3", "40", "50")
    pit.sub("SNOW.2", "SNOW", "0.4", "0.6")
    pit.sub("SNOW.3", "SNOW", "0.4", "0.6", kind="owner-settled")
    *lines, cover = row
    for line in lines:
        code, *opens, quantity, _, price = line.split()
        side, other = ("buy", "sell") if quantity[0] == "+" else ("sell", "buy")
        if not opens:
            pit.say("bob", f"{other} {quantity[1:]} {code} @ {price}")
        pit.accepted("alice", f"{side} {quantity[1:]} {code} @ {price}")
    assert pit.held("alice") == int(Decimal(cover) * 100)
    free = Decimal(5000) - Decimal(cover)
    assert f"available {free:.2f} = " in pit.refused(
        "alice", f"withdraw {free + Decimal('0.01')} EUR"
    )
    pit.accepted("alice", f"withdraw {free} EUR")


def test_an_unfilled_order_is_no_asset() -> None:
    pit = Pit(cash="50")
    pit.say("cashier", "deposit bob 5000 EUR")
    pit.trade("SNOW", "bob", "alice", 100, "0.5")
    pit.accepted("alice", "sell 1 SNOW @ 1")
    why = pit.refused("alice", "buy 100 RAIN @ 1")
    assert why.startswith("buy 100 @ 1 needs 100.00 EUR more (at RAIN = 0.00")
    assert "needs 0.50 EUR more" in pit.refused("alice", "sell 1 SNOW @ 0.5")
    pit.accepted("alice", "buy 100 SNOW @ 0.5")


def test_the_check_holds_the_order_that_is_checked() -> None:
    pit = Pit(cash="0.69")
    pit.accepted("alice", "buy 1 SNOW @ 0.4")
    why = pit.refused("alice", "buy 1 SNOW @ 0.3")
    assert why == (
        "buy 1 @ 0.3 needs 0.30 EUR more (at SNOW = 0.00 all of SNOW comes to -0.70, held 0.40); "
        "available 0.29 = balance 0.69 - held 0.40 by contracts"
    )


def test_part_of_an_order_may_trade_before_its_replace_is_worked() -> None:
    pit = Pit(cash="414")
    order = pit.accepted("alice", "sell 3 RAIN @ 17")
    assert pit.held("alice") == 3 * 83_00
    # 3 sold at 17 and 2 at 21 may lose 407.00; 5 at 17, the largest at the worst price, 415.00.
    why = pit.refused("alice", f"replace {order} 5 @ 21")
    assert why.startswith(f"replace {order} 5 @ 21 needs 166.00 EUR more (at RAIN = 100.00")
    pit.say("cashier", "deposit alice 1 EUR")
    pit.accepted("alice", f"replace {order} 5 @ 21")
    assert pit.held("alice") == 5 * 79_00


def test_a_fee_is_held_beside_the_worst_outcome() -> None:
    pit = Pit(cash="1000")
    pit.say("operator", "rule fee maker 0.01 taker 0.02")
    pit.accepted("alice", "buy 10 RAIN @ 50")
    assert pit.held("alice") == 500_00 + 10_00
    pit.say("bob", "sell 10 RAIN @ 50")
    assert (pit.cents("alice"), pit.held("alice")) == (995_00, 500_00)
    assert (pit.cents("bob"), pit.held("bob")) == (990_00, 500_00)
    pit.accepted("alice", "sell 1 RAIN @ 90")  # may trade at up to 100
    assert pit.held("alice") == 500_00 + 2_00


def test_roots_do_not_pay_for_one_another_and_accounts_neither() -> None:
    pit = Pit(cash="100")
    pit.say("cashier", "deposit bob 900 EUR")
    pit.trade("RAIN", "alice", "bob", 1, "10")
    pit.trade("RAIN", "bob", "alice", 1, "90")  # 80 gained, and not there before it is paid
    pit.accepted("alice", "buy 100 SNOW @ 1")
    assert "available 0.00" in pit.refused("alice", "buy 1 SNOW @ 0.1")
    assert "available 0.00 = balance 0.00" in pit.refused(
        "alice", "buy 1 SNOW @ 0.1\n  account: second"
    )


def test_a_bound_that_counts_frees_what_it_makes_sure() -> None:
    pit = Pit(cash="1000")
    pit.sub("RAIN.2", "RAIN", "30", "80")
    pit.sub("RAIN.3", "RAIN.2", "40", "50")
    for code, price in (("RAIN", "60"), ("RAIN.2", "50"), ("RAIN.3", "45")):
        pit.trade(code, "alice", "bob", 1, price)
    assert pit.held("alice") == (60 + 20 + 5) * 100
    pit.say("issuer", "bound RAIN 35 60")
    assert pit.held("alice") == (25 + 15 + 5) * 100
    pit.say("issuer", "bound RAIN 52 60")
    assert pit.held("alice") == (8 - 2 - 5) * 100


# --- markets apart ----------------------------------------------------------------------------


def test_orders_at_one_price_in_two_markets_do_not_match_each_other() -> None:
    pit = Pit()
    pit.sub("RAIN.2", "RAIN", "0", "100")
    pit.accepted("alice", "buy 1 RAIN @ 50")
    pit.accepted("bob", "sell 1 RAIN.2 @ 50")
    assert not any(line.startswith("fill") for line in pit.reports())
    assert len(replay(pit.archive, Match).record.orders) == 2


def test_a_fill_of_orders_in_two_markets_does_not_count() -> None:
    pit = Pit()
    pit.sub("RAIN.2", "RAIN", "0", "100")
    bid = pit.accepted("alice", "buy 1 RAIN @ 50")
    ask = pit.accepted("bob", "sell 1 RAIN.2 @ 50")
    sealed = pit.archive.sealed
    for code in ("RAIN", "RAIN.2"):
        pit.archive.append(
            "sam",
            f"pit acme\n  after: {sealed} {'0' * 64}\nreport match 1\n"
            f"fill 1 {code} @ 50 alice/{bid} bob/{ask}\n  taker: seller\n",
        )
    pit.archive.seal()
    run = replay(pit.archive, Match)
    assert len(run.record.orders) == 2 and not run.lanes.diverged


def test_root_and_branch_are_read_from_a_name_in_one_way_only() -> None:
    pit = Pit()
    for code in ("R1", "R11"):
        about = {
            "min": "0", "max": "100", "currency": "EUR", "tick": "1", "specialist": "sam",
            "expiry": moment(60), "resolution": "\n    By the gauge.", "panel": "pat",
            "void": "cancel",
        }  # fmt: skip
        pit.say("issuer", "\n".join(market(code, about)))
    pit.sub("R1.11", "R1", "0", "100")
    for code in ("R1.1", "R1.01", "R1.X", "R11.1", "R1.011", "R2.2"):
        pit.sub(code, "R1", "0", "100")
    markets = replay(pit.archive, Settle).pit.markets
    known = {code: (one.root, one.branch) for code, one in markets.items()}
    assert known["R1.11"] == ("R1", 11) and known["R11"] == ("R11", 1)
    assert {"R1.1", "R1.01", "R1.X", "R11.1", "R1.011", "R2.2"}.isdisjoint(known)
    assert len({*known.values()}) == len(known)
    pit.accepted("alice", "buy 1 R1.11 @ 50")
    pit.accepted("bob", "sell 1 R11 @ 50")
    assert not any(line.startswith("fill") for line in pit.reports())


# --- settlement -------------------------------------------------------------------------------

TELESCOPE = [(0, 30, 40), (20, 30, 40), (47, 47, 47), (52, 52, 50), (95, 80, 50), (100, 80, 50)]


@pytest.mark.parametrize("values", TELESCOPE, ids=str)
def test_settling_a_root_settles_every_derived_sub_market(values: tuple[int, int, int]) -> None:
    pit = Pit(cash="2000")
    pit.sub("RAIN.2", "RAIN", "30", "80")
    pit.sub("RAIN.3", "RAIN.2", "40", "50")
    pit.sub("RAIN.4", "RAIN", "30", "80", kind="owner-settled")
    for number, code in enumerate(("RAIN", "RAIN.2", "RAIN.3"), 1):
        pit.trade(code, "alice", "bob", number, "45")
    pit.trade("RAIN.4", "alice", "bob", 7, "45")
    open_order = pit.accepted("bob", "sell 3 RAIN.3 @ 50")
    pit.say("issuer", f"settle RAIN {values[0]}")
    gain = sum(number * (value - 45) for number, value in enumerate(values, 1))
    assert pit.cents("alice") == (2000 + gain) * 100
    assert pit.cents("bob") == (2000 - gain) * 100
    assert pit.cents("clearing") == 0
    assert (pit.held("alice"), pit.held("bob")) == (7 * 15 * 100, 7 * 35 * 100)
    settled = next(e for e in pit.archive.entries if "\nsettled RAIN " in e.text)
    assert f"leaves bob/{open_order} 0 cancelled {settled.number}.2" in pit.reports()
    assert pit.refused("alice", "buy 1 RAIN.3 @ 45") == f"RAIN is settled at {values[0]}"
    pit.accepted("alice", "buy 1 RAIN.4 @ 45")


def test_a_fill_that_comes_to_stand_after_the_settlement_is_paid_at_once() -> None:
    pit = Pit(cash="100")
    pit.accepted("bob", "sell 1 RAIN @ 60")
    pit.accepted("bob", "sell 1 RAIN @ 80")
    bid = pit.archive.say("alice", "buy 1 RAIN @ 70")  # nobody is there to answer
    pit.archive.say("issuer", "settle RAIN 75")
    pit.archive.seal()
    settle(pit.archive, pit.running[2:])
    assert any(line.startswith("settled RAIN 75") for line in pit.reports())
    settle(pit.archive, pit.running)
    assert pit.answer(bid) == ""
    assert any(line.startswith("fill 1 RAIN @ 60") for line in pit.reports())
    assert (pit.cents("alice"), pit.cents("bob")) == (115_00, 85_00)
    assert (pit.held("alice"), pit.held("bob")) == (0, 0)
    assert replay(pit.archive, Match).record.orders == {}


@pytest.mark.parametrize(("void", "gain"), [("cancel", 0), ("mid", 10 + 3)])
def test_a_market_that_nobody_settles_is_void(void: str, gain: int) -> None:
    pit = Pit(cash="100", void=void)
    pit.sub("RAIN.2", "RAIN", "0", "43")
    pit.trade("RAIN", "alice", "bob", 1, "40")
    pit.trade("RAIN.2", "alice", "bob", 1, "40")
    pit.say("issuer", "bound RAIN 20 81", 50)
    pit.wait(89)
    assert "settled RAIN void" not in pit.reports()
    pit.wait(90)
    assert "settled RAIN void" in pit.reports()
    assert (pit.cents("alice"), pit.cents("bob")) == ((100 + gain) * 100, (100 - gain) * 100)
    assert pit.held("alice") == pit.held("bob") == 0
    assert pit.refused("alice", "buy 1 RAIN @ 1") == "RAIN is void"


def test_what_the_owner_says_of_a_void_market_comes_too_late() -> None:
    pit = Pit(dispute="5m")
    number = pit.archive.say("issuer", "settle RAIN 47", at=at(90))
    pit.archive.seal()
    settle(pit.archive, pit.running)
    assert pit.answer(number) == "RAIN is void: it was not settled by 2026-11-20T10:40:00Z"
    assert "settled RAIN void" in pit.reports()


# --- disputes ---------------------------------------------------------------------------------


def disputed(minute: int = 2, **keys: str) -> tuple[Pit, int]:
    """A settlement at 47 that alice disputes with 10 EUR, and what she said."""
    pit = Pit(cash="100", **{"dispute": "5m", **keys})
    pit.trade("RAIN", "alice", "bob", 1, "60")
    pit.say("issuer", "settle RAIN 47", 1)
    return pit, pit.accepted("alice", 'dispute RAIN "it was 74"\n  stake: 10', minute)


def test_a_dispute_stops_a_settlement_until_the_majority_of_the_panel_is_for_the_owner() -> None:
    pit, number = disputed()
    pit.wait(30)
    pit.say("pat", f"verdict {number} owner")
    assert not any(line.startswith("settled") for line in pit.reports())
    pit.accepted("bob", "buy 1 RAIN @ 1")  # trading goes on
    pit.say("pim", f"verdict {number} owner")
    assert "settled RAIN 47.00" in pit.reports()
    moved = f'move 10.00 EUR from alice/{number} to issuer "the panel found for the owner"'
    assert moved in pit.reports()
    assert (pit.cents("alice"), pit.cents("issuer")) == (100_00 - 13_00 - 10_00, 10_00)
    assert pit.held("alice") == 0


def test_a_panel_that_is_for_the_disputer_takes_the_bound_away() -> None:
    pit, number = disputed()
    pit.say("pat", f"verdict {number} disputer")
    pit.say("pia", f"verdict {number} disputer")
    pit.wait(20)
    assert not any(line.startswith("settled") for line in pit.reports())
    assert (pit.cents("alice"), pit.held("alice")) == (100_00, 60_00)
    pit.say("issuer", "settle RAIN 74", 21)
    pit.wait(26)
    assert "settled RAIN 74.00" in pit.reports()
    assert pit.cents("alice") == 114_00


def test_a_panel_can_find_that_nobody_knows() -> None:
    pit, number = disputed(void="mid")
    for member in ("pat", "pia"):
        pit.say(member, f"verdict {number} void")
    assert "settled RAIN void" in pit.reports()
    assert (pit.cents("alice"), pit.cents("bob"), pit.held("alice")) == (90_00, 110_00, 0)


def test_a_panel_that_is_of_three_minds_decides_nothing_and_may_change_them() -> None:
    pit, number = disputed()
    for member, voice in (("pat", "owner"), ("pia", "disputer"), ("pim", "void")):
        pit.say(member, f"verdict {number} {voice}", 3)
    pit.wait(89)
    assert not any(line.startswith("settled") for line in pit.reports())
    pit.say("pim", f"verdict {number} owner")
    assert "settled RAIN 47.00" in pit.reports()
    why = f"entry {number} is no dispute that waits for a verdict"
    assert pit.refused("pia", f"verdict {number} owner") == why


def test_a_dispute_that_nobody_decides_makes_the_market_void_in_the_end() -> None:
    pit, number = disputed()
    pit.say("pat", f"verdict {number} owner", 89)
    late = pit.archive.say("pia", f"verdict {number} owner", at=at(90))
    pit.archive.seal()
    settle(pit.archive, pit.running)
    assert pit.answer(late) == "RAIN is void: there was no verdict by 2026-11-20T10:40:00Z"
    assert "settled RAIN void" in pit.reports()
    assert (pit.cents("alice"), pit.held("alice")) == (100_00, 0)


def test_a_settlement_waits_for_the_answer_to_a_dispute() -> None:
    pit = Pit(cash="10", dispute="5m")
    pit.say("issuer", "settle RAIN 47", 1)
    poor = pit.archive.say("carol", 'dispute RAIN "no"\n  stake: 11', at=at(2))
    pit.archive.seal()
    pit.archive.say("alice", 'say "late"', at=at(9))
    pit.archive.seal()
    settle(pit.archive, pit.running[2:])
    assert not any(line.startswith("settled") for line in pit.reports())
    settle(pit.archive, pit.running)
    assert "dispute 11 EUR needs 11.00 EUR; available 10.00" in pit.answer(poor)
    assert "settled RAIN 47.00" in pit.reports()


def test_a_dispute_that_is_answered_after_the_verdict_gets_its_stake_back() -> None:
    pit, number = disputed()
    late = pit.archive.say("carol", 'dispute RAIN "no"\n  stake: 20', at=at(3))
    for member in ("pat", "pia"):
        pit.archive.say(member, f"verdict {number} owner")
    pit.archive.seal()
    settle(pit.archive, pit.running[2:])
    assert "settled RAIN 47.00" in pit.reports()
    settle(pit.archive, pit.running)
    assert pit.answer(late) == ""
    assert f'move 20.00 EUR from carol/{late} to carol "the dispute came too late"' in pit.reports()
    assert (pit.cents("carol"), pit.held("carol")) == (100_00, 0)


def test_disputes_that_one_report_answers_after_the_end_come_back_once_each() -> None:
    pit = Pit(cash="100", dispute="5m")
    pit.say("issuer", "settle RAIN 47", 86)
    for member in ("bob", "carol"):  # of one shard
        pit.archive.say(member, 'dispute RAIN "no"\n  stake: 10', at=at(87))
    pit.archive.say("alice", 'say "so late"', at=at(95))
    pit.archive.seal()
    settle(pit.archive, pit.running)
    assert "settled RAIN void" in pit.reports()
    assert sum(line.startswith("move 10.00 EUR from ") for line in pit.reports()) == 2
    assert pit.cents("bob") == pit.cents("carol") == 100_00
    assert pit.held("bob") == pit.held("carol") == 0


def test_a_stake_that_was_misdirected_diverges_until_it_is_adopted() -> None:
    pit, number = disputed()
    for member in ("pat", "pia"):
        pit.archive.say(member, f"verdict {number} disputer", at=at(3))
    pit.archive.seal()
    after = f"{pit.archive.sealed} {'0' * 64}"
    pit.archive.append(
        "sam",
        f"pit acme\n  after: {after}\nreport settle 1\n"
        f'move 4 EUR from alice/{number} to sam "mine"\n',
    )
    pit.archive.numbers["settle", "sam"] = 1
    wrong = len(pit.archive.entries)
    pit.archive.seal()
    settling = pit.running[-1]
    with pytest.raises(Diverged, match=f'stands: move 4 EUR from alice/{number} to sam "mine"'):
        settling.mails(pit.archive)
    pit.archive.say("operator", f"adopt {wrong}.2")
    pit.archive.seal()
    settle(pit.archive, pit.running)
    back = f'move 6.00 EUR from alice/{number} to alice "the panel found for the disputer"'
    assert back in pit.reports()
    assert (pit.cents("alice"), pit.held("alice"), pit.cents("sam")) == (96_00, 60_00, 4_00)


def test_a_specialist_does_not_end_a_dispute_by_moving_its_stake() -> None:
    pit, number = disputed()
    after = f"{pit.archive.sealed} {'0' * 64}"
    move = f'move 10 EUR from alice/{number} to alice "so there"'
    pit.archive.append("sam", f"pit acme\n  after: {after}\nreport settle 1\n{move}\n")
    pit.archive.numbers["settle", "sam"] = 1
    pit.archive.seal()
    settle(pit.archive, pit.running)
    pit.wait(30)
    assert not any(line.startswith("settled") for line in pit.reports())
    assert pit.held("alice") == 60_00 + 10_00
    run = replay(pit.archive, Settle, len(pit.archive.entries))
    assert not run.lanes.diverged and f"{number}" in run.record.claims


def test_a_move_that_stands_in_no_report_of_settle_moves_nothing() -> None:
    about = {
        "min": "0", "max": "100", "currency": "EUR", "tick": "1", "specialist": "sam",
        "expiry": moment(60), "resolution": "\n    x", "panel": "pat", "void": "mid",
        "dispute": "1h",
    }  # fmt: skip
    said = [
        ("alice", 'asset EUR "Euro"\ndeposit alice 9 EUR\n' + "\n".join(market("RAIN", about))),
        ("alice", "settle RAIN 47"),
        ("alice", 'dispute RAIN "no"\n  stake: 5'),
        ("-", "report positions 1\naccept alice/3"),
        ("pat", "verdict 3 disputer"),
        ("-", 'report positions 2\nmove 1 EUR from alice/3 to bob "x"'),
        ("-", "report settle 1"),
        ("-", 'move 1 EUR from alice/3 to bob "x"'),
        ("-", 'report settle 2\nmove 1 EUR from alice/3 to carol "x"'),
    ]
    run = Run(Positions())
    for number, (signer, text) in enumerate(said, 1):
        time = f"{at(number).isoformat(timespec='microseconds')}Z"
        run.feed(Entry("toy", number, time, signer, "", f"pit toy\n{text}\n", b""))
    assert isinstance(run.filter, Positions)
    balances = run.filter.accounts.balances
    assert balances == {("outside", "EUR"): -900, ("alice", "EUR"): 800, ("carol", "EUR"): 100}


# --- what is refused --------------------------------------------------------------------------

REFUSED = [
    ("bob", "settle RAIN 47", "RAIN is issuer's to settle"),
    ("issuer", "bound GALE 1 2", "GALE is not a market of this pit"),
    ("issuer", "bound ACME 1 2", "ACME is not a market of this pit"),
    ("issuer", "settle RAIN.2 47", "RAIN.2 is derived; it is settled with RAIN"),
    ("issuer", "settle RAIN 47.5", "bounds are multiples of the tick, 1"),
    ("issuer", "bound RAIN 60 35", "60 is above 35"),
    ("issuer", "bound RAIN 0 101", "that would widen its bounds, 0 to 100"),
    ("issuer", "settle RAIN 101", "that would widen its bounds, 0 to 100"),
    ("issuer", "bound RAIN 0 100", "these are its bounds already"),
    ("alice", 'dispute RAIN "no"\n  stake: 10', "no bound of RAIN waits in its dispute window"),
    ("alice", 'dispute RAIN.2 "no"\n  stake: 10', "RAIN.2 is not a market that somebody settles"),
    ("pat", "verdict 3 owner", "entry 3 is no dispute that waits for a verdict"),
    (
        "alice",
        "buy 1 RAIN @ market",
        "a market order in RAIN has no bound on what it can cost; give a limit",
    ),
    ("alice", "buy 1 RAIN.2 @ 81", "RAIN.2 is worth 30 to 80; 81 is outside"),
    ("alice", "sell 1 RAIN.2 @ 29", "RAIN.2 is worth 30 to 80; 29 is outside"),
    ("alice", "buy 1 RAIN @ 0.5", "0.5 is not a multiple of the tick, 1"),
    ("alice", "buy 0.5 RAIN @ 1", "0.5 is not a multiple of the lot, 1"),
    ("alice", "transfer 1 RAIN to bob", "RAIN is not an asset of this pit"),
    ("alice", "withdraw 1 RAIN", "RAIN is not an asset of this pit"),
    ("cashier", "deposit alice 1 RAIN", "RAIN is not an asset of this pit"),
    ("issuer", "issue 1 RAIN", "RAIN is a market of contracts; they come into being by trading"),
]


@pytest.mark.parametrize(("signer", "text", "why"), REFUSED, ids=[one[1] for one in REFUSED])
def test_what_makes_no_sense_is_refused_with_its_sentence(signer: str, text: str, why: str) -> None:
    pit = Pit()
    pit.sub("RAIN.2", "RAIN", "30", "80")
    assert pit.refused(signer, text) == why


DISPUTED = [
    ("issuer", "bound RAIN 40 50", "entry {bound} waits to be decided; one step after the other"),
    ("bob", 'dispute RAIN "no"\n  stake: 9', "a dispute of RAIN stakes at least 10.00 EUR"),
    ("bob", 'dispute RAIN "no"', "a dispute of RAIN stakes at least 10.00 EUR"),
    ("bob", "verdict {dispute} owner", "RAIN's panel is pat, pia, pim"),
    ("alice", "cancel {dispute}", None),
]


@pytest.mark.parametrize(("signer", "text", "why"), DISPUTED, ids=[one[1] for one in DISPUTED])
def test_what_comes_amiss_during_a_dispute_is_refused(
    signer: str, text: str, why: str | None
) -> None:
    pit, number = disputed()
    bound = next(e.number for e in pit.archive.entries if "\nsettle RAIN" in e.text)
    said = pit.say(signer, text.format(dispute=number))
    if why is None:
        assert f"leaves alice/{number} 0 late {said}" in pit.reports()
    else:
        assert pit.answer(said) == why.format(bound=bound)


def test_orders_at_a_price_of_nothing_trade_where_that_is_a_bound() -> None:
    pit = Pit()
    pit.trade("RAIN", "alice", "bob", 1, "0")
    assert pit.held("alice") == 0 and pit.held("bob") == 100_00


def test_settling_is_not_split_by_ticker() -> None:
    with pytest.raises(PitError, match="settle is not split by ticker"):
        catalog.make("settle", frozenset({"RAIN"}))
