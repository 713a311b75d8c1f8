"""`pit risk`: what a portfolio comes to at every outcome, told, drawn, and held for."""

import json
import xml.etree.ElementTree as ET
from collections import defaultdict
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pit.archives.errors import CannotCreate, NoInput
from pit.filters import risk
from pit.filters.chain import Leg, Legs
from pit.filters.instructions import ONE
from pit.filters.payoffs import Risk, cashes, risks
from pit.filters.plot import Axis, Chart, Curve, Mark, as_svg, as_text
from pit.filters.positions import Positions
from pit.filters.settle import Settle
from pit.pits.home import Home
from tests.filters.sessions import START, Archive, found, replay
from tests.filters.synthetic import MEMBERS, Floor, trade
from tests.filters.test_db import write

SVG = "{http://www.w3.org/2000/svg}"


def of(archive: Archive, who: str) -> tuple[list[Risk], Positions]:
    """A member's risks, and the keeping that they are read from."""
    run = replay(archive, Positions)
    assert isinstance(run.filter, Positions)
    return list(risks(run.filter, run.pit, who)), run.filter


def value(market: str, outcome: int) -> int:
    """A market's value where its driver's is `outcome`."""
    return max(40 * ONE, min(60 * ONE, outcome)) if market == "RAIN.2" else outcome


def reckoned(legs: list[Leg], outcome: int) -> tuple[int, int]:
    """(trades, total) in cents at an outcome of one driver, from the legs alone."""
    trades, open_orders, prices = 0, defaultdict[str, int](int), {}
    for leg in legs:
        if leg.matched:
            assert leg.price is not None
            trades += (value(leg.market, outcome) - leg.price) * leg.quantity
        else:
            open_orders[leg.order] += leg.quantity
            prices[leg.order] = (value(leg.market, outcome), leg.price or 0)
    total = trades
    for order, quantity in open_orders.items():
        now, price = prices[order]
        total += min(0, (now - price) * quantity)
    return trades // 10**16, total // 10**16


@pytest.mark.parametrize("seed", range(20))
def test_every_point_is_what_the_legs_of_the_archive_come_to(seed: int) -> None:
    archive = trade(seed, 30, cash="2000").archive
    legs = [*Legs().read(archive.entries)]
    seen = 0
    for who in MEMBERS:
        every, positions = of(archive, who)
        for one in every:
            if one.state != "open":
                continue
            family = {"RAIN": ("RAIN", "RAIN.2")}.get(one.driver, (one.driver,))
            mine = [leg for leg in legs if leg.trader == who and leg.market in family]
            low, high = (bound // ONE for bound in one.bounds)
            for point in one.points:
                assert point[1:] == reckoned(mine, point.outcome)
            steps = range(2 * low, 2 * high + 1) if one.driver != "SNOW" else range(11)
            step = ONE // 2 if one.driver != "SNOW" else ONE // 10
            totals = [reckoned(mine, at * step)[1] for at in steps]
            assert min(totals) == one.worst.total
            assert one.cover == -min(0, one.worst.total)
            seen += len(one.points)
        for cash in cashes(positions, every):
            covers = [one.cover for one in every if one.ticker.currency == cash.currency]
            assert cash.cover == sum(covers) <= cash.held <= cash.balance
    assert seen


def book() -> Floor:
    """The example of MARKET.md in which the worst is at no end: cover 30, at 40."""
    floor = Floor()
    floor.say("alice", "sell 1 RAIN @ 50", "buy 4 RAIN.2 @ 50")
    floor.say("bob", "buy 1 RAIN @ 50", "sell 4 RAIN.2 @ 50")
    return floor


def test_the_worst_may_be_at_neither_end() -> None:
    (one,), _ = of(book().archive, "alice")
    assert (one.cover, one.worst.outcome, one.worst.total) == (30_00, 40 * ONE, -30_00)


def test_the_accounts_of_a_member_are_covered_apart() -> None:
    floor = Floor()
    floor.say("alice", "transfer 100.00 EUR to alice:side")
    floor.say("alice", "buy 1 SNOW @ 0.5")
    floor.say("alice", "buy 2 SNOW @ 0.5", "  account: side")
    every, _ = of(floor.archive, "alice")
    assert [(one.account, one.cover) for one in every] == [("alice", 50), ("alice:side", 1_00)]
    assert [one.account for one in of(floor.archive, "alice:side")[0]] == ["alice:side"]
    assert [one.account for one in of(floor.archive, "alice:main")[0]] == ["alice"]


def test_a_combination_that_waits_loses_as_a_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    floor = Floor()
    legs = ("  legs:", "    +1 RAIN.2", "    -1 RAIN")
    combo = floor.post("alice", "combo 2 @ 5", *legs)
    (one,), _ = of(floor.archive, "alice")
    for point in one.curve:
        worth = 2 * (value("RAIN.2", point.outcome) - point.outcome - 5 * ONE)
        assert point.total == min(0, worth // 10**7)
    assert [point.outcome // ONE for point in one.curve] == [0, 35, 40, 60, 100]
    monkeypatch.setenv("PIT_HOME", str(tmp_path))
    monkeypatch.setenv("PIT", "acme")
    write(Home(tmp_path).archive("acme"), floor.archive.entries)
    assert risk.main(["alice"]) == 0
    page = capsys.readouterr().out
    assert (
        f"RAIN.2  alice/{combo}         2  net 5\nRAIN    alice/{combo}        -2  net 5\n" in page
    )


@pytest.mark.parametrize(("settled", "state"), [("47", "settled"), (None, "void")])
def test_orders_that_outlive_their_market_are_shown_until_they_end(
    settled: str | None,
    state: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    floor = book()
    floor.say("alice", "buy 2 RAIN @ 60")
    settling = next(p for p in floor.running if isinstance(p.run.filter, Settle))
    if settled:
        floor.post("issuer", f"settle RAIN {settled}")
    floor.post("carol", 'say "later"', when=START + timedelta(days=0 if settled else 900))
    for draft in settling.mails(floor.archive):
        assert floor.archive.post(draft)
    floor.archive.seal()
    (one,), _ = of(floor.archive, "alice")
    assert (one.state, one.portfolio.matched()) == (state, [])
    assert one.cover == (26_00 if settled else 0)
    monkeypatch.setenv("PIT_HOME", str(tmp_path))
    monkeypatch.setenv("PIT", "acme")
    write(Home(tmp_path).archive("acme"), floor.archive.entries)
    assert risk.main(["alice", "--svg", str(tmp_path / "a.svg")]) == 0
    said = "settled at 47.00" if settled else "void"
    assert f", {said}\ncover {'26.00' if settled else '0.00'} EUR\n" in capsys.readouterr().out
    ET.parse(tmp_path / "a.svg")


# --- as printed --------------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PIT_HOME", str(tmp_path))
    monkeypatch.setenv("PIT", "acme")
    monkeypatch.setenv("COLUMNS", "80")
    write(Home(tmp_path).archive("acme"), book().archive.entries)
    return tmp_path


def test_the_page_marks_the_worst_and_fits_the_terminal(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert risk.main(["alice"]) == 0
    page = capsys.readouterr().out
    assert 'alice: RAIN "RAIN <&>", worth 0.00 to 100.00\ncover 30.00 EUR' in page
    assert "\n  40.00  -30.00    0.00  -30.00  worst\n" in page
    assert all(len(line) <= 80 for line in page.splitlines())
    assert page.isascii()
    worst = [line for line in page.splitlines() if line.startswith("-30 |")]
    (plotted,) = worst
    column = plotted.index("X") - len("-30 |")
    assert column == (2 * 40 * 74 + 100) // 200  # 75 columns are 0 to 100
    assert page.endswith("alice   main     EUR    1000.00  30.00  30.00  970.00\n")


def test_json_says_the_same(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert risk.main(["alice", "RAIN.2", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    (one,), (cash,) = said["risks"], said["cash"]
    assert (one["driver"], one["cover"], cash["cover"], cash["free"]) == (
        *("RAIN", "30.00"),
        *("30.00", "970.00"),
    )
    assert [row["worst"] for row in one["points"]] == [False, True, False, False]
    assert one["points"][1]["total"] == "-30.00"
    assert {(row["market"], row["quantity"]) for row in one["has"]} == {
        ("RAIN", "-1"),
        ("RAIN.2", "4"),
    }


def test_the_picture_is_xml_with_axes_ticks_and_the_worst(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert risk.main(["alice", "--svg", str(tmp_path / "a.svg")]) == 0
    tree = ET.parse(tmp_path / "a.svg").getroot()
    texts = [node.text for node in tree.iter(f"{SVG}text")]
    assert "alice: RAIN, RAIN <&>" in texts
    assert "worst: -30 EUR at 40" in texts
    assert {"0", "20", "40", "60", "80", "100", "-30", "30"} <= {*texts}
    lines = [*tree.iter(f"{SVG}polyline")]
    spots = lines[-1].attrib["points"].split()
    (mark,) = tree.iter(f"{SVG}circle")
    assert f"{mark.attrib['cx']},{mark.attrib['cy']}" in spots
    assert max(int(spot.split(",")[1]) for spot in spots) == int(mark.attrib["cy"])


def test_nothing_is_drawn_where_there_is_nothing(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert risk.main(["carol"]) == 0
    assert capsys.readouterr().out == "carol has no trade or order in a bounded market\n"
    assert risk.main(["alice", "SNOW"]) == 0
    assert capsys.readouterr().out == "alice has no trade or order in SNOW\n"
    assert risk.main(["carol", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"cash": [], "risks": []}
    with pytest.raises(NoInput, match="nothing to draw"):
        risk.main(["carol", "--svg", str(tmp_path / "a.svg")])
    assert not (tmp_path / "a.svg").exists()


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["nobody"], "'nobody' is not a member of acme"),
        (["\x1b[2J"], "is not a member of acme"),
        (["alice", "ACME"], "'ACME' is no bounded market of acme; there are: RAIN, RAIN.2"),
        (["alice", "NONE"], "is no bounded market"),
    ],
)
def test_who_or_what_is_not_there_is_named(home: Path, args: list[str], said: str) -> None:
    with pytest.raises(NoInput, match=said):
        risk.main(args)


def test_a_picture_that_cannot_be_written_is_said(home: Path) -> None:
    with pytest.raises(CannotCreate):
        risk.main(["alice", "--svg", "/nonexistent/a.svg"])


def test_a_pit_without_markets_or_entries_has_no_risk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PIT_HOME", str(tmp_path))
    monkeypatch.setenv("PIT", "acme")
    with pytest.raises(NoInput):
        risk.main(["alice"])
    write(Home(tmp_path).archive("acme"), found(["alice"], 1).entries)
    assert risk.main(["alice"]) == 0
    assert capsys.readouterr().out == "alice has no trade or order in a bounded market\n"
    with pytest.raises(NoInput, match="there are: none"):
        risk.main(["alice", "RAIN"])


# --- plots -------------------------------------------------------------------------------------

_spots = st.lists(
    st.tuples(st.integers(-(10**12), 10**12), st.integers(-(10**9), 10**9)),
    min_size=1,
    max_size=8,
    unique_by=lambda spot: spot[0],
).map(sorted)


def charted(spots: list[tuple[int, int]], title: str = "t") -> Chart:
    worst = min(spots, key=lambda spot: spot[1])
    curves = [Curve("one", ".", spots), Curve("other", "*", spots)]
    return Chart(title, Axis("x", 9), Axis("EUR", 2), curves, Mark("worst", "X", worst))


@given(_spots, st.integers(40, 120))
def test_a_plot_in_text_fits_and_shows_its_mark_once(
    spots: list[tuple[int, int]], width: int
) -> None:
    lines = as_text(charted(spots), width)
    assert all(len(line) <= width for line in lines)
    assert sum(line.count("X") for line in lines[:-1]) == 1
    assert sum("|" in line for line in lines) == 13


@given(_spots, st.text())
def test_a_picture_is_xml_whatever_the_title_and_stays_in_its_frame(
    spots: list[tuple[int, int]], title: str
) -> None:
    tree = ET.fromstring(as_svg(title, [charted(spots, title)]).encode())
    _, _, wide, high = map(int, tree.attrib["viewBox"].split())
    for line in tree.iter(f"{SVG}polyline"):
        for spot in line.attrib["points"].split():
            x, y = map(int, spot.split(","))
            assert 0 <= x <= wide and 0 <= y <= high
    assert 2 <= len([*tree.iter(f"{SVG}line")]) <= 18
