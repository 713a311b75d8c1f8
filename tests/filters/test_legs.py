"""`pit legs`: what works of an order and what it has traded, as the seed writes it down."""

import csv
import io
import json
from collections import Counter, defaultdict
from hashlib import sha256
from pathlib import Path

import pytest

from pit.filters import legs
from pit.filters.busting import Ruling
from pit.filters.chain import Leg, Legs
from pit.filters.history import history
from pit.filters.instructions import ONE, Trade, scaled
from pit.filters.standing import Standing
from pit.pits.home import Home
from tests.filters import combo_sessions
from tests.filters.sessions import ROOTS, Archive, play
from tests.filters.synthetic import Floor, trade
from tests.filters.test_db import ARMOR, write

ZERO = Counter[str]()


def of(archive: Archive) -> list[Leg]:
    """The legs of an archive."""
    return [*Legs().read(archive.entries)]


def brief(found: list[Leg]) -> list[str]:
    """Legs as the seed lists them: `1.1 1 0.5 +1 unmatched`; and what each is chained to."""
    return [
        f"{leg.root}.{leg.branch} {leg.kind} trader {leg.trader_id} "
        f"p={(leg.price or 0) // (ONE // 10)} q={leg.quantity // ONE:+} {int(leg.matched)} "
        f"after {leg.chained[0]}.{leg.chained[1]}"
        for leg in found
    ]


# --- the seed's three sequences; p in tenths ---------------------------------------------------


def perfect_match() -> Floor:
    floor = Floor()
    floor.say("alice", "buy 1 SNOW @ 0.5")
    floor.say("bob", "sell 1 SNOW @ 0.5")
    return floor


PERFECT = [
    "1.1 primary trader 1 p=5 q=+1 0 after 0.0",
    "2.1 primary trader 2 p=5 q=-1 0 after 1.1",
    "1.2 offset trader 1 p=5 q=-1 0 after 1.1",
    "1.3 match trader 1 p=5 q=+1 1 after 1.1",
    "2.2 offset trader 2 p=5 q=+1 0 after 2.1",
    "2.3 match trader 2 p=5 q=-1 1 after 2.1",
]


def test_a_single_order_that_is_perfectly_matched() -> None:
    assert brief(of(perfect_match().archive)) == PERFECT


def test_a_better_price_matches_at_the_price_of_who_was_there_first() -> None:
    floor = Floor()
    floor.say("alice", "buy 1 SNOW @ 0.5")
    floor.say("bob", "sell 1 SNOW @ 0.4")
    better = [*PERFECT]
    better[1] = "2.1 primary trader 2 p=4 q=-1 0 after 1.1"
    better[4] = "2.2 offset trader 2 p=4 q=+1 0 after 2.1"
    assert brief(of(floor.archive)) == better


def test_an_order_is_chained_to_the_highest_leg_that_its_signer_had_seen() -> None:
    floor = perfect_match()
    floor.say("carol", "sell 1 SNOW @ 0.7")
    floor.say("carol", "sell 1 SNOW @ 0.8")
    assert brief(of(floor.archive)) == [
        *PERFECT,
        "3.1 primary trader 3 p=7 q=-1 0 after 2.3",
        "4.1 primary trader 3 p=8 q=-1 0 after 3.1",
    ]


def test_an_order_whose_signer_had_seen_less_is_chained_to_less() -> None:
    floor = Floor()
    early = f"pit acme\n  after: {floor.archive.sealed} {ROOTS[floor.archive.sealed]}\n"
    floor.say("alice", "buy 1 SNOW @ 0.5")
    floor.archive.append("bob", f"{early}buy 1 SNOW @ 0.4\n")
    floor.say("carol", "buy 1 SNOW @ 0.3")
    chained = [leg.chained for leg in of(floor.archive)]
    assert chained == [(0, 0), (0, 0), (1, 1)]


# --- how orders end ----------------------------------------------------------------------------


def test_a_part_a_replace_and_a_cancel_number_the_legs_on() -> None:
    floor = Floor()
    order = floor.say("alice", "buy 5 RAIN.2 @ 50")
    floor.say("bob", "sell 2 RAIN.2 @ 50")
    again = floor.say("alice", f"replace {order} 6 @ 51")
    end = floor.say("alice", f"cancel {order}")
    mine = [leg for leg in of(floor.archive) if leg.trader == "alice"]
    told = [(g.branch, g.kind, (g.price or 0) // ONE, g.quantity // ONE) for g in mine]
    assert told == [
        (1, "primary", 50, 5),
        (2, "offset", 50, -2),
        (3, "match", 50, 2),
        (4, "offset", 50, -3),
        (5, "primary", 51, 4),
        (6, "offset", 51, -4),
    ]
    assert [leg.said.entry for leg in mine] == [order] * 3 + [again] * 2 + [end]
    assert [leg.chained for leg in mine[1:]] == [(1, 1), (1, 1), (1, 1), (2, 3), (1, 5)]


def test_what_others_end_is_offset_by_the_orders_own_signature() -> None:
    floor = Floor()
    order = floor.say("alice", "buy 5 RAIN.2 @ 50")
    floor.say("issuer", "settle RAIN 55")
    offset = of(floor.archive)[1]
    assert (offset.kind, offset.quantity, offset.said.entry) == ("offset", -5 * ONE, order)
    ended = floor.archive.entries[int(offset.by.partition(".")[0]) - 1].text
    settled = next(e for e in floor.archive.entries if "\nsettled RAIN 55" in e.text)
    assert f"leaves alice/{order} 0 cancelled {settled.number}.2" in ended


def test_a_refused_order_has_no_leg_and_no_number() -> None:
    floor = Floor()
    floor.say("alice", "buy 500 RAIN @ 50")
    floor.say("bob", "buy 1 RAIN @ 50")
    (leg,) = of(floor.archive)
    assert (leg.root, leg.trader, leg.trader_id) == (1, "bob", 1)


def test_a_root_and_a_branch_are_two_numbers_however_they_are_written() -> None:
    floor = Floor()
    floor.archive.say("issuer", 'market RAIN.11 "x"\n  within: RAIN\n  min: 0\n  max: 1')
    floor.say("alice", "buy 1 RAIN.11 @ 1", "buy 1 SNOW @ 0.5", "buy 1 ACME @ 9.00")
    found = [(leg.market, leg.market_root, leg.market_branch) for leg in of(floor.archive)]
    assert found == [("RAIN.11", 1, 11), ("SNOW", 2, 1), ("ACME", 3, 1)]


# --- laws --------------------------------------------------------------------------------------


def check(archive: Archive) -> Counter[str]:
    """What must hold of the legs of any archive; how many of each kind there are."""
    unmatched: dict[str, int] = defaultdict(int)
    matched: dict[str, int] = defaultdict(int)
    numbers: dict[str, list[tuple[int, int]]] = defaultdict(list)
    allowed: dict[tuple[str, int], int] = {}
    price: dict[str, int | None] = {}
    trades: dict[tuple[int, int], Leg] = {}
    markets: dict[str, int] = defaultdict(int)
    above = {(0, 0)}
    found = of(archive)
    for leg in found:
        name = f"{leg.order} {leg.market}"
        numbers[name].append((leg.root, leg.branch))
        sums = matched if leg.matched else unmatched
        sums[name] += leg.quantity
        signer = "operator" if leg.kind == "bust" else leg.trader
        assert archive.entries[leg.said.entry - 1].signer == signer
        assert archive.entries[leg.said.entry - 1].text == leg.said.text
        assert leg.chained in above
        above.add((leg.root, leg.branch))
        if leg.kind == "primary":
            price[name] = leg.price
            allowed[name, leg.said.entry] = leg.quantity
        elif leg.kind == "bust":
            undone = trades.pop(leg.chained)
            assert (leg.price, leg.quantity) == (undone.price, -undone.quantity)
            markets[leg.market] += leg.quantity
        elif leg.matched:
            trades[leg.root, leg.branch] = leg
            limit = price[name]
            sign = 1 if leg.quantity > 0 else -1
            assert leg.price is not None
            assert limit is None or sign * leg.price <= sign * limit
            allowed[name, leg.said.entry] -= leg.quantity
            assert sign * allowed[name, leg.said.entry] >= 0
            markets[leg.market] += leg.quantity
        else:
            assert leg.price == price[name]
    assert not any(markets.values())
    roots = [seen[0][0] for seen in numbers.values()]
    assert sorted(roots) == [*range(1, len(roots) + 1)]
    for seen in numbers.values():
        assert seen == [(seen[0][0], branch) for branch in range(1, len(seen) + 1)]
    record, traded = stands(archive)
    every = [*record.orders.values(), *(leg for c in record.combos.values() for leg in c.legs)]
    working = {
        f"{order.name} {order.ticker}": (1 if order.buys else -1) * (order.quantity - order.filled)
        for order in every
        if order.accepted
    }
    assert {name: sum_ for name, sum_ in unmatched.items() if sum_} == working
    assert {name: sum_ for name, sum_ in matched.items() if sum_} == traded
    return Counter(leg.kind for leg in found)


def stands(archive: Archive) -> tuple[Standing, dict[str, int]]:
    """The published record at the end, and what each order has traded by the fills that count.

    Of a combination in each market by itself; what was undone is not traded.
    """
    fills: dict[str, tuple[Trade, int]] = {}
    record = Standing()
    for chapter in history(archive.entries):
        record = chapter.record
        for act in chapter.acts:
            if isinstance(act.subject, Trade):
                fills[act.ref] = act.subject, scaled[act.directive.args[0]]
            elif isinstance(act.subject, Ruling) and act.subject.done:
                del fills[act.subject.bust.fill.ref]
    traded: dict[str, int] = defaultdict(int)
    for done, quantity in fills.values():
        for order in done.sides:
            traded[f"{order.name} {order.ticker}"] += quantity if order.buys else -quantity
    return record, {name: sum_ for name, sum_ in traded.items() if sum_}


@pytest.mark.parametrize("seed", range(24))
def test_unmatched_legs_add_up_to_what_works_and_matched_to_what_traded(seed: int) -> None:
    kinds = check(play(seed, shards=1 + seed % 2, chaos=True, count=60).archive)
    assert kinds["primary"] and kinds["offset"] > kinds["match"]


def test_they_do_so_where_fills_are_undone() -> None:
    kinds = sum((check(trade(seed).archive) for seed in range(20, 32)), ZERO)
    assert kinds["bust"] > 10


def test_they_do_so_in_combinations() -> None:
    sessions = [combo_sessions.play(seed, shards=1, chaos=seed % 2 == 0) for seed in range(8)]
    found = [leg for session in sessions for leg in of(session.archive) if leg.price is None]
    assert sum((check(session.archive) for session in sessions), ZERO)["match"]
    assert {leg.limit.partition(" ")[0] for leg in found} == {"net"}


@pytest.mark.parametrize("seed", range(8))
def test_they_do_so_in_markets_that_are_bounded_and_settled(seed: int) -> None:
    assert check(trade(seed).archive)["match"]


def test_the_legs_of_an_archive_begin_with_those_of_any_part_of_it() -> None:
    archive = trade(3).archive
    whole = of(archive)
    for cut in range(1, len(archive.entries), 7):
        part = [*Legs().read(archive.entries[:cut])]
        assert part == whole[: len(part)]


# --- as printed --------------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PIT_HOME", str(tmp_path))
    monkeypatch.setenv("PIT", "acme")
    return tmp_path


def test_json_has_the_signed_texts_and_the_table_their_hashes(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    floor = perfect_match()
    write(Home(home).archive("acme"), floor.archive.entries)
    assert legs.main(["--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    first = said[0]
    entry = floor.archive.entries[first["entry"] - 1]
    assert first["signatureMsg"] == entry.text
    assert first["signature"] == ARMOR
    assert first["after"] == entry.text.split("after: ")[1].split("\n")[0]
    assert legs.main(["--csv"]) == 0
    rows = [*csv.DictReader(io.StringIO(capsys.readouterr().out))]
    assert rows[0]["signatureMsg"] == sha256(entry.text.encode()).hexdigest()
    assert rows[0]["signature"] == sha256(ARMOR.encode()).hexdigest()
    for row, one in zip(rows, said, strict=True):
        hashed = {"signatureMsg", "signature"}
        assert {k: v for k, v in row.items() if k not in hashed} == {
            k: str(v) for k, v in one.items() if k not in hashed
        }
    assert legs.main([]) == 0
    table = capsys.readouterr().out.splitlines()
    assert table[0].split() == [*first] and len(table) == 7
    assert f" {rows[0]['signature'][:16]}" in table[1]


def test_a_name_chooses_a_members_a_markets_or_an_orders_and_numbers_stay(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    floor = perfect_match()
    write(Home(home).archive("acme"), floor.archive.entries)
    rows = {}
    for which in ("bob", "SNOW", "RAIN", of(floor.archive)[1].order):
        assert legs.main([which, "--json"]) == 0
        rows[which] = json.loads(capsys.readouterr().out)
    assert [row["tradeRootId"] for row in rows["bob"]] == [2, 2, 2]
    assert rows["bob"] == rows[rows["bob"][0]["order"]]
    assert len(rows["SNOW"]) == 6 and rows["RAIN"] == []


def test_a_pit_without_orders_has_no_legs(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(Home(home).archive("acme"), Floor().archive.entries)
    assert legs.main([]) == 0
    assert capsys.readouterr().out == "legs: nothing\n"
