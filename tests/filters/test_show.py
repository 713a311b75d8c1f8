"""`pit show` and `pit statement`: what their options choose, and that all forms say the same."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from pit.archives.errors import UsageError
from pit.filters import show, statement
from pit.pits.home import Home
from tests.filters.sessions import at, play, settle
from tests.filters.test_adopt import by_hand, market
from tests.filters.test_combos import Pit as Combining
from tests.filters.test_db import write


@pytest.fixture(scope="module")
def traded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a pit in which everything happened."""
    root = tmp_path_factory.mktemp("show")
    archive = play(7, shards=1, chaos=True, count=80).archive
    write(Home(root).archive("acme"), archive.entries)
    return root


@pytest.fixture
def home(traded: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same, as the one that verbs find."""
    monkeypatch.setenv("PIT_HOME", str(traded))
    monkeypatch.setenv("PIT", "acme")
    return traded


class Printed:
    """What verbs print."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys

    def show(self, *args: str) -> str:
        """Of `pit show`."""
        assert show.main([*args]) == 0
        return self.capsys.readouterr().out

    def rows(self, *args: str) -> Any:
        """Of `pit show`, as JSON."""
        return json.loads(self.show(*args, "--json"))

    def statement(self, *args: str) -> str:
        """Of `pit statement`."""
        assert statement.main([*args]) == 0
        return self.capsys.readouterr().out


@pytest.fixture
def printed(home: Path, capsys: pytest.CaptureFixture[str]) -> Printed:
    return Printed(capsys)


@pytest.mark.parametrize("what", sorted(show.VIEWS.keys() - {"contracts", "markets"}))
def test_a_views_table_json_and_csv_have_the_same_cells(what: str, printed: Printed) -> None:
    said = [
        {k: ", ".join(v) if isinstance(v, list) else str(v) for k, v in row.items()}
        for row in printed.rows(what)
    ]
    found = list(csv.DictReader(io.StringIO(printed.show(what, "--csv"))))
    table = printed.show(what).splitlines()
    assert found == said
    assert len(table) == len(said) + 1 > 1
    heads = [head for head in said[0] if head != "account"]  # all are main accounts
    assert table[0].split() == " ".join(heads).split()


@pytest.mark.parametrize("what", ["book", "orders", "positions", "tape"])
def test_ticker_leaves_the_others_out(what: str, printed: Printed) -> None:
    every = printed.rows(what)
    some = [printed.rows(what, "--ticker", ticker) for ticker in ("ACME", "BETA")]
    assert all(some)
    for ticker, rows in zip(("ACME", "BETA"), some, strict=True):
        assert rows == [row for row in every if row["ticker"] == ticker]
    assert printed.rows(what, "--ticker", "NONE") == []


def test_a_members_tape_has_what_he_bought_and_sold(printed: Printed) -> None:
    every = printed.rows("tape")
    his = [row for row in every if "bob" in (row["buyer"][:3], row["seller"][:3])]
    assert printed.rows("tape", "bob") == his
    assert 0 < len(his) < len(every)


def test_a_tapes_period_has_its_first_moment_and_not_its_last(printed: Printed) -> None:
    every = printed.rows("tape")
    first, last = every[2]["time"], every[-1]["time"]
    chosen = printed.rows("tape", "--since", first, "--until", last)
    assert chosen == [row for row in every if first <= row["time"] < last] != []


@pytest.mark.parametrize("what", ["book", "holdings", "members", "orders", "positions", "rules"])
def test_what_stands_now_has_no_period(what: str, home: Path) -> None:
    with pytest.raises(UsageError, match="only the tape"):
        show.main([what, "--since", "2026-11-20"])


@pytest.mark.parametrize("what", ["holdings", "members", "rules"])
def test_what_is_of_no_ticker_has_none(what: str, home: Path) -> None:
    with pytest.raises(UsageError, match="is of no ticker"):
        show.main([what, "--ticker", "ACME"])


def test_the_balances_of_a_period_count_what_came_before_it(printed: Printed) -> None:
    every = json.loads(printed.statement("alice", "--json"))["lines"]
    since, until = every[4]["time"], every[-1]["time"]
    part = json.loads(printed.statement("alice", "--json", "--since", since, "--until", until))
    assert part["lines"] == [row for row in every if since <= row["time"] < until] != []
    assert part["lines"][0]["change"].lstrip("+") != part["lines"][0]["balance"]
    as_csv = printed.statement("alice", "--csv")
    assert list(csv.DictReader(io.StringIO(as_csv))) == every


def test_an_order_says_its_terms_and_a_book_what_an_iceberg_shows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    archive, running = market()
    archive.say("alice", "buy 10 ACME @ 10.00", "  show: 4", "  stp: oldest", at=at(1))
    archive.say("bob", "buy 5 ACME @ 10.00", "  post-only: yes", "  tif: day", at=at(2))
    archive.say("carol", "sell 5 ACME @ market", "  stop: 9.50", "  min: 2", at=at(3))
    archive.seal()
    settle(archive, running)
    write(Home(tmp_path).archive("acme"), archive.entries)
    monkeypatch.setenv("PIT_HOME", str(tmp_path))
    monkeypatch.setenv("PIT", "acme")
    printed = Printed(capsys)
    orders = [(row["price"], row["state"], row["terms"]) for row in printed.rows("orders")]
    assert orders == [
        ("10.00", "working", "show: 4; stp: oldest"),
        ("10.00", "working", "tif: day; post-only: yes"),
        ("market", "stop", "stop: 9.50; min: 2"),
    ]
    [level] = printed.rows("book")
    assert (level["price"], level["quantity"], level["displayed"]) == ("10.00", "15", "9")
    assert [name.partition("/")[0] for name in level["orders"]] == ["alice", "bob"]


def test_a_combination_is_among_the_orders_until_its_end_stands(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIT_HOME", str(tmp_path))
    monkeypatch.setenv("PIT", "acme")
    pit, printed = Combining(), Printed(capsys)

    def shown(*args: str) -> list[tuple[str, ...]]:
        write(Home(tmp_path).archive("acme"), pit.archive.entries)
        keys = ("order", "side", "quantity", "left", "ticker", "price", "state", "terms")
        return [tuple(row[key] for key in keys) for row in printed.rows("orders", *args)]

    pit.say("carol", "sell 6 RAIN.2 @ 5.00")
    bid = pit.say("bob", "buy 6 RAIN.3 @ 4.50", publish=False)
    number = pit.combo("3", "1.00", "+2 RAIN.2", "-2 RAIN.3", publish=False)
    legs = ("RAIN.2 RAIN.3", "1.00")
    waits = (f"alice/{number}", "combo", "3", "3", *legs, "{}", "legs: +2 RAIN.2, -2 RAIN.3")
    unanswered = tuple(cell.format("unanswered") for cell in waits)
    (offer,) = shown("carol")
    assert shown("alice") == [unanswered]
    assert [row[0] for row in shown()] == [offer[0], f"bob/{bid}", f"alice/{number}"]
    assert shown("RAIN.2") == shown("--ticker", "RAIN.2") == [offer, unanswered]
    assert shown("RAIN") == shown("--ticker", "RAIN") == shown("bob", "--ticker", "RAIN.2") == []
    by_hand(pit.archive, "positions", "keeper1", f"accept alice/{number}")
    assert shown("alice") == [tuple(cell.format("waiting") for cell in waits)]
    pit.answer()
    (ended,) = shown("alice")
    assert (ended[3], ended[6]) == ("0", "ended")
    assert f"alice/{number}  combo" in printed.show("orders")
    pit.publish()
    assert shown("alice") == []
    assert pit.after(number)[-2:] == [
        f"fill 6 RAIN.2 @ 5.00 alice/{number} {offer[0]}",
        f"fill 6 RAIN.3 @ 4.50 bob/{bid} alice/{number}",
    ]
