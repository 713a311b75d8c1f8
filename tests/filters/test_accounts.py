"""Members' further accounts, as everything that shows them shows them."""

import csv
import io
import json
import random
import re
from collections import Counter, defaultdict
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from pit.archives.amounts import decimal
from pit.archives.errors import UsageError
from pit.archives.mbox import Entry
from pit.filters import journal, profits, show, statement
from pit.filters.accounts import OUTSIDE, Posting
from pit.filters.history import history
from pit.filters.instructions import Trade
from pit.filters.match import Match
from pit.filters.positions import Positions
from pit.filters.runner import Run
from pit.filters.settle import Settle
from pit.filters.transactions import journal as journal_of
from pit.filters.views import holdings, orders
from pit.filters.whose import chooses
from pit.pits.home import Home
from tests.filters import market_sessions
from tests.filters.accounting import PROGRAMS, accepted, totals_of, written
from tests.filters.sessions import (
    SAVINGS,
    Archive,
    Process,
    at,
    fill_in,
    found,
    instructions,
    play,
    processes,
    replay,
    settle,
)
from tests.filters.test_db import (
    ask,
    check_arithmetic,
    check_statements,
    check_views,
    contents,
    cut,
    make,
    write,
)
from tests.filters.test_outcomes import outcomes, told_to_move

MEMBERS = ["alice", "bob", "carol"]
FURTHER = ["", "", "savings", "rent-2"]


def of_account(rng: random.Random, name: str) -> str:
    """One of a member's accounts."""
    further = rng.choice([*FURTHER, "main"])
    return f"{name}:{further}" if further else name


def with_accounts(rng: random.Random, text: str) -> str:
    """An instruction, for one of its owner's accounts, and to one of the receiver's."""
    first, *keys = text.replace(SAVINGS, "").replace(":savings", "").split("\n")
    if first.startswith("transfer "):
        said, _, to = first.rpartition(" ")
        first = f"{said} {of_account(rng, to)}"
    further = rng.choice(FURTHER)
    if further and first.split(" ")[0] in ("buy", "sell", "transfer", "withdraw"):
        keys.append(f"  account: {further}")
    return "\n".join([first, *keys])


def session(seed: int, count: int = 60) -> Archive:
    """A random session whose members have several accounts each, with something in all of them."""
    rng = random.Random(seed)
    archive = found(MEMBERS, 1 + seed % 2, "300", "60", "maker 0.001 taker 0.003")
    running = processes(1 + seed % 2)
    settle(archive, running)
    for member in MEMBERS:
        archive.say("cashier", f"deposit {member}:savings {rng.randint(100, 400)} EUR")
        archive.say(member, f"transfer {rng.randint(20, 90)} EUR to {member}:rent-2")
        for further in ("savings", "rent-2"):
            units = (f"transfer {rng.randint(5, 25)} {code}" for code in ("ACME", "BETA"))
            archive.say(member, *(f"{said} to {member}:{further}" for said in units))
    archive.seal()
    settle(archive, running)
    out = archive.say("carol", "withdraw 10 EUR", "  account: savings")
    archive.seal()
    settle(archive, running)
    archive.say("cashier", f"payout {out}")
    refs: list[int] = []
    for index, (member, text, target) in enumerate(instructions(rng, MEMBERS, count)):
        said = with_accounts(rng, fill_in(text, target, refs, 1 + seed % 2))
        refs.append(archive.say(member, said, at=at(index)))
        if rng.random() < 0.5:
            archive.seal()
            settle(archive, running)
    archive.seal()
    settle(archive, running)
    return archive


@pytest.fixture(scope="module", params=range(4))
def played(request: pytest.FixtureRequest) -> Archive:
    return session(request.param)


def kept(archive: Archive) -> Run:
    return replay(archive, Positions)


def held(archive: Archive) -> list[dict[str, Any]]:
    run = kept(archive)
    assert isinstance(run.filter, Positions)
    return list(holdings(run.filter, run.pit))


def account(row: dict[str, Any]) -> str:
    return row["member"] if row["account"] == "main" else f"{row['member']}:{row['account']}"


# --- laws -------------------------------------------------------------------------------------


def test_sessions_use_further_accounts_in_every_way(played: Archive) -> None:
    trades = [
        act.subject.sides
        for chapter in history(played.entries)
        for act in chapter.acts
        if isinstance(act.subject, Trade)
    ]
    traded = {order.account for sides in trades for order in sides}
    assert {":" in name for name in traded} == {True, False}
    moved = {posting.why for posting in postings_of(played.entries) if ":" in posting.account}
    assert {"deposit", "transfer", "paid out"} <= moved


def postings_of(entries: list[Entry]) -> list[Posting]:
    postings: list[Posting] = []
    run = Run(Positions(journal=postings.append))
    for entry in entries:
        run.feed(entry)
    return postings


def test_over_all_accounts_there_is_what_came_in(played: Archive) -> None:
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for row in held(played):
        sold_short = row["asset"] == "CHAR" and Decimal(row["balance"]) < 0
        assert sold_short or Decimal(row["balance"]) >= Decimal(row["held"]) >= 0
        totals[row["asset"]] += Decimal(row["balance"])
    run = kept(played)
    known = {code: decimal(total, run.pit.decimals(code) or 0) for code, total in
             run.record.totals.items()}  # fmt: skip
    assert totals == known


def test_the_last_balances_of_a_statement_are_the_holdings(played: Archive) -> None:
    rows = held(played)
    names = {account(row) for row in rows} | {row["member"] for row in rows}
    for name in names | {f"{member}:main" for member in MEMBERS}:
        postings: list[Posting] = []
        run = Run(Positions(journal=postings.append))
        last = {
            (row["account"], row["asset"]): row["balance"]
            for row in statement.lines(run, iter(played.entries), postings, name)
        }
        mine = {
            (row["account"], row["asset"]): row["balance"]
            for row in rows
            if chooses(name, account(row))
        }
        assert {key: value for key, value in last.items() if Decimal(value)} == mine != {}


def test_a_members_statement_is_that_of_each_of_his_accounts(played: Archive) -> None:
    def said(name: str) -> list[tuple[Any, ...]]:
        postings: list[Posting] = []
        run = Run(Positions(journal=postings.append))
        found = statement.lines(run, iter(played.entries), postings, name)
        return [tuple(row.values()) for row in found]

    for member in MEMBERS:
        parts = [said(f"{member}:{name}") for name in ("main", "savings", "rent-2")]
        assert all(parts)
        assert sorted(said(member)) == sorted(row for part in parts for row in part)


def test_positions_are_those_of_the_accounts_and_all_is_worth_what_all_have_earned(
    played: Archive,
) -> None:
    stands = profits.Positions(history(played.entries))
    units = {(account(row), row["asset"]): row["balance"] for row in held(played)}
    for row in profits.rows(stands):
        assert units.get((account(row), row["ticker"]), "0") == row["quantity"]
    earned = dict.fromkeys(stands.last, Fraction(0))
    for (_, code), position in stands.held.items():
        value = stands.value(code, position) if code in earned else None
        if value is not None:
            earned[code] += position.realised - position.cost
    assert set(earned.values()) == {Fraction(0)}
    for member in MEMBERS:
        his = list(profits.rows(stands, member))
        assert {row["member"] for row in his} == {member}
        assert list(profits.rows(stands, f"{member}:savings")) == [
            row for row in his if row["account"] == "savings"
        ]


def test_what_is_told_adds_up_to_what_moved_whichever_accounts(played: Archive) -> None:
    """Over his accounts: between two of them nothing is gained."""
    run = Run(Positions(journal=(postings := []).append))  # type: ignore[var-annotated]
    moved: Counter[tuple[int, str, str]] = Counter()
    for entry in played.entries:
        postings.clear()
        run.feed(entry)
        for name, asset, amount, _, _ in postings:
            if name not in (OUTSIDE, "operator"):
                number = decimal(amount, run.pit.decimals(asset) or 0)
                moved[entry.number, name.partition(":")[0], asset] += number  # type: ignore[assignment]
    said: Counter[tuple[int, str, str]] = Counter()
    for number, handle, line in outcomes(played):
        assert ":" not in handle
        for asset, change in told_to_move(line):
            said[number, handle, asset] += change  # type: ignore[assignment]
    assert {k: v for k, v in said.items() if v} == {k: v for k, v in moved.items() if v}


def test_each_balance_that_is_told_is_that_of_the_account_that_it_names(played: Archive) -> None:
    """Of deposits and transfers that are the only thing that an entry means to anybody."""
    told = outcomes(played)
    lines = Counter(number for number, _, _ in told)
    alone = {number: (who, line) for number, who, line in told if lines[number] == 1}
    positions, checked = Positions(), 0
    run = Run(positions)
    for entry in played.entries:
        run.feed(entry)
        who, line = alone.get(entry.number, ("", ""))
        found = re.search(
            r"(?:received|moved) [0-9.]+ ([A-Z]+).* ([0-9.]+) now(?: in (\S+))?", line
        )
        if found:
            asset, balance, further = found.groups()
            amount = positions.accounts.balance(f"{who}:{further}" if further else who, asset)
            assert decimal(amount, run.pit.decimals(asset) or 0) == Decimal(balance)
            checked += 1
    assert checked


# --- what members are told --------------------------------------------------------------------


@pytest.fixture(scope="module")
def club() -> tuple[Archive, dict[str, int]]:
    """alice has 500.00 EUR and 100 of each ticker, bob too; what they do with further accounts."""
    archive = found(["alice", "bob"], 1, "500", "100")
    running = processes(1)
    settle(archive, running)
    refs: dict[str, int] = {}
    for index, (name, who, *text) in enumerate(
        [
            ("came", "cashier", "deposit alice:savings 100 EUR", "  ref: bank-77"),
            ("to", "alice", "transfer 5 EUR to alice:savings"),
            ("back", "alice", "transfer 7.50 EUR to alice:main", "  account: savings"),
            ("gift", "alice", "transfer 1 EUR to bob:rent", "  account: savings"),
            ("units", "alice", "transfer 10 ACME to alice:savings"),
            ("loop", "alice", "transfer 1 EUR to alice"),
            ("sell", "alice", "sell 10 ACME @ 5.00", "  account: savings"),
            ("buy", "bob", "buy 6 ACME @ 5.10", "  account: main"),
            ("more", "alice", "buy 1 ACME @ 3.00", "  account: savings"),
            ("cancel", "alice", "cancel {more}"),
            ("out", "alice", "withdraw 3 EUR", "  account: savings"),
            ("paid", "cashier", "payout {out}"),
            ("large", "alice", "buy 30 ACME @ 5.00", "  account: savings"),
        ]
    ):
        refs[name] = archive.say(who, *(line.format(**refs) for line in text), at=at(index))
        archive.seal()
        settle(archive, running)
    return archive, refs


def test_a_line_names_the_account_and_a_move_between_ones_own_is_told_once(
    club: tuple[Archive, dict[str, int]],
) -> None:
    archive, refs = club
    said = [one for one in outcomes(archive) if one[0] >= refs["came"]]
    names = {str(number): name for name, number in refs.items()}

    def told(handle: str) -> list[str]:
        lines = [line for _, who, line in said if who == handle]
        return [re.sub(r"\b[0-9]+(?=: | \(|$|;|,)", by_name, line, count=1) for line in lines]

    def by_name(found: re.Match[str]) -> str:
        return names.get(found[0], found[0])

    assert told("alice") == [
        "came (bank-77): received 100.00 EUR, 100.00 now in savings",
        "to: moved 5.00 EUR from main to savings, 495.00 left, 105.00 now in savings",
        "back: moved 7.50 EUR from savings to main, 97.50 left in savings, 502.50 now",
        "gift: 1.00 EUR given to bob:rent, 96.50 left in savings",
        "units: moved 10 ACME from main to savings, 90 left, 10 now in savings",
        "loop: moved 1.00 EUR from main to main, 502.50 now",
        "sell: sell 10 ACME at 5.00 or higher accepted, works; 10 ACME held, "
        "0 available in savings",
        "sell: sold 6 ACME at 5.00, 30.00 EUR received, 4 ACME left in savings (4 held); "
        "4 of 10 still work",
        "more: buy 1 ACME at 3.00 or lower accepted, works; 3.00 EUR held, "
        "123.50 available in savings",
        f"more: cancelled by {refs['cancel']}; 1 of 1 ACME did not trade, 3.00 EUR free again, "
        "126.50 available in savings",
        "out: withdraw 3.00 EUR accepted; held until it is paid out, 123.50 available in savings",
        f"out: 3.00 EUR paid out by {refs['paid']}, 123.50 left in savings",
        "large: refused: buy 30 @ 5.00 needs 150.00 EUR; available 123.50 = balance 123.50",
    ]
    assert told("bob") == [
        "gift: received 1.00 EUR from alice:savings, 1.00 now in rent",
        "buy: buy 6 ACME at 5.10 or lower accepted, works; 30.60 EUR held, 469.40 available",
        "buy: bought 6 ACME at 5.00, 30.00 EUR paid, 470.00 left",
    ]


# --- views ------------------------------------------------------------------------------------


@pytest.fixture
def home(
    club: tuple[Archive, dict[str, int]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    write(Home(tmp_path).archive("acme"), club[0].entries)
    monkeypatch.setenv("PIT_HOME", str(tmp_path))
    monkeypatch.setenv("PIT", "acme")
    return tmp_path


@pytest.fixture
def printed(home: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """What `pit show …` or `pit statement …` prints."""

    def out(verb: str, *args: str) -> str:
        main = {"show": show.main, "statement": statement.main}[verb]
        assert main([*args]) == 0
        return capsys.readouterr().out

    return out


def test_holdings_are_of_a_member_or_of_one_account(printed: Any) -> None:
    assert printed("show", "holdings", "alice") == (
        "member  account  asset  balance  held  available\n"
        "alice   main     ACME        90     0         90\n"
        "alice   main     BETA       100     0        100\n"
        "alice   main     CHAR        20     0         20\n"
        "alice   main     EUR     502.50  0.00     502.50\n"
        "alice   savings  ACME         4     4          0\n"
        "alice   savings  EUR     123.50  0.00     123.50\n"
    )
    assert printed("show", "holdings", "bob:rent") == (
        "member  account  asset  balance  held  available\n"
        "bob     rent     EUR       1.00  0.00       1.00\n"
    )
    assert printed("show", "holdings", "alice:main").splitlines()[0].split()[1] == "asset"
    assert printed("show", "holdings", "bob:savings") == "holdings: nothing\n"


def test_an_order_says_its_account_where_that_is_a_further_one(
    printed: Any, club: tuple[Archive, dict[str, int]]
) -> None:
    (row,) = json.loads(printed("show", "orders", "alice:savings", "--json"))
    assert (row["order"], row["account"]) == (f"alice/{club[1]['sell']}", "savings")
    assert printed("show", "orders").split()[:3] == ["order", "account", "side"]
    assert json.loads(printed("show", "orders", "alice:main", "--json")) == []
    assert json.loads(printed("show", "orders", "ACME", "--json")) == [row]


def test_positions_are_of_each_account(printed: Any) -> None:
    rows = json.loads(printed("show", "positions", "alice", "--json"))
    found = [(row["account"], row["ticker"], row["quantity"], row["realised"]) for row in rows]
    assert found == [
        ("main", "ACME", "90", "0.00"),
        ("main", "BETA", "100", "0.00"),
        ("main", "CHAR", "20", "0.00"),
        ("savings", "ACME", "4", "30.00"),
    ]


def test_a_statement_has_a_column_for_the_account_where_there_is_more_than_one(
    printed: Any, club: tuple[Archive, dict[str, int]]
) -> None:
    lines = printed("statement", "alice").partition("\n\n")[0].splitlines()
    assert lines[0].split() == [*["time", "entry", "account", "what", "change", "asset", "balance"]]
    own = [line.split()[1:] for line in lines if line.split()[1] == str(club[1]["to"])]
    assert own == [
        [str(club[1]["to"]), "main", "transfer", "-5.00", "EUR", "495.00"],
        [str(club[1]["to"]), "savings", "transfer", "+5.00", "EUR", "105.00"],
    ]
    assert printed("statement", "bob:main").split()[:3] == ["time", "entry", "what"]
    savings = json.loads(printed("statement", "alice:savings", "--json"))
    assert savings["member"] == "alice"
    assert {row["account"] for row in savings["lines"] + savings["holdings"]} == {"savings"}


def test_the_forms_and_the_period_of_a_statement_agree(printed: Any) -> None:
    every = json.loads(printed("statement", "alice", "--json"))["lines"]
    period = ("--since", every[4]["time"], "--until", every[-2]["time"])
    part = [row for row in every if period[1] <= row["time"] < period[3]]
    assert json.loads(printed("statement", "alice", "--json", *period))["lines"] == part != []
    for rows, more in ((every, ()), (part, period)):
        found = csv.DictReader(io.StringIO(printed("statement", "alice", "--csv", *more)))
        assert list(found) == rows
    only = json.loads(printed("statement", "alice:savings", "--json", *period))["lines"]
    assert only == [row for row in part if row["account"] == "savings"]


def test_what_is_of_no_account_says_so(home: Path) -> None:
    for what in ("book", "tape", "members", "rules"):
        with pytest.raises(UsageError, match=f"{what} is of no account; name the member, alice"):
            show.main([what, "alice:savings"])
    with pytest.raises(UsageError, match="`pit journal alice` has it as well"):
        journal.main(["alice:savings"])


# --- the journal ------------------------------------------------------------------------------


@pytest.mark.parametrize("program", PROGRAMS)
def test_each_program_accepts_further_accounts_and_adds_up_to_the_holdings(
    program: str, played: Archive, tmp_path: Path
) -> None:
    rows = {(account(row), row["asset"]): row["balance"] for row in held(played)}
    every = 0 if program == "beancount" else 9
    file = accepted(program, written(journal_of(played.entries, every=every), program), tmp_path)
    totals = totals_of(program, file)
    assert {key: number for key, number in totals.items() if key[0]} == rows
    for member in MEMBERS:
        text = written(journal_of(played.entries, member), program)
        totals = totals_of(program, accepted(program, text, tmp_path))
        mine = {key for key in rows if chooses(member, key[0])}
        assert {key: totals.get(key) for key in mine} == {key: rows[key] for key in mine}
        assert f":{member}:savings ".lower() in text.lower()


# --- the database -----------------------------------------------------------------------------


def test_a_database_has_the_accounts_and_one_that_was_extended_is_one_made_at_once(
    played: Archive, tmp_path: Path
) -> None:
    home = Home(tmp_path / "home")
    path = tmp_path / "a.db"
    for end in cut(played.entries, random.Random(1), 3):
        folder = write(home.archive("acme"), played.entries[:end])
        make(path, folder)
    check_views(path, home)
    check_arithmetic(path)
    check_statements(path, played.entries, MEMBERS)
    make(tmp_path / "b.db", folder)
    assert contents(path) == contents(tmp_path / "b.db")
    query = "SELECT member, asset, balance_shown, held_shown, available_shown FROM member_holdings"
    sums: dict[tuple[str, str], list[Decimal]] = {}
    for row in held(played):
        one = sums.setdefault((row["member"], row["asset"]), [Decimal(0)] * 3)
        for index, name in enumerate(("balance", "held", "available")):
            one[index] += Decimal(row[name])
    found = {(row[0], row[1]): [Decimal(cell) for cell in row[2:]] for row in ask(path, query)}
    assert found == sums
    for table in ("postings", "holdings", "holds"):
        query = f"SELECT DISTINCT member, account FROM {table} WHERE account <> 'outside'"
        assert all(chooses(member, name) for member, name in ask(path, query))
    query = "SELECT DISTINCT owner, account FROM orders UNION SELECT owner, account FROM claims"
    owners = ask(path, query)
    assert all(chooses(owner, name) for owner, name in owners)
    assert any(":" in name for _, name in owners)
    query = "SELECT recipient, recipient_account FROM claims WHERE kind = 'transfer'"
    assert all(chooses(member, name) for member, name in ask(path, query))
    query = "SELECT DISTINCT buyer, seller FROM fills"
    assert {handle for row in ask(path, query) for handle in row} <= set(MEMBERS)


# --- in open streams --------------------------------------------------------------------------


def test_in_an_open_stream_an_order_is_shown_as_it_works() -> None:
    archive = Archive()
    archive.append("alice", "pit acme\nbuy 10 ACME @ 5.00\n")
    archive.append("bob", "pit acme\nsell 3 ACME @ 5.00\n  account: units\n")
    archive.append("alice", "pit acme\nreplace 1 8 @ 4.50\n")
    archive.append("bob", "pit acme\nsell 2 ACME @ 6.00\n  account: units\n")
    run = Run(Match())
    for entry in archive.entries:
        run.feed(entry)
    assert isinstance(run.filter, Match)
    rows = list(orders(run.filter, run.record, run.pit))
    shown = [
        tuple(row[key] for key in ("order", "account", "quantity", "left", "price")) for row in rows
    ]
    assert shown == [("alice/1", "main", "8", "5", "4.5"), ("bob/4", "units", "2", "2", "6")]


@pytest.mark.parametrize("seed", range(2))
def test_in_a_pit_an_order_is_shown_as_published(seed: int) -> None:
    archive = play(seed, shards=1, chaos=True, count=40).archive
    run = replay(archive, Match)
    assert isinstance(run.filter, Match)
    for row in orders(run.filter, run.record, run.pit):
        order = run.record.orders[row["order"].partition("/")[2]]
        assert Decimal(row["quantity"]) == decimal(order.quantity, 9)
        assert row["price"] == "market" or Decimal(row["price"]) == decimal(order.price, 9)


# --- tickers whose units are no asset ---------------------------------------------------------


@pytest.fixture(scope="module")
def rainy() -> Archive:
    """A market of contracts in which somebody trades from a further account, then settled."""
    archive = found(["alice", "bob"], 1, "500", "100", "maker 0.001 taker 0.003")
    running = [*processes(1), Process(Settle, Run(Settle()))]
    settle(archive, running)
    keys = {"min": "0", "max": "100", "currency": "EUR", "tick": "0.5", "lot": "1", "unit": "0.1"}
    keys |= {"specialist": "sam", "expiry": "2026-12-01", "panel": "bob", "void": "mid"}
    said = [f"  {key}: {value}" for key, value in keys.items()]
    said += ["  resolution:", "    as measured", '  source: "a gauge"']
    for index, (who, *text) in enumerate(
        [
            ("issuer", 'market RAIN "Rain"', *said),
            ("alice", "transfer 100 EUR to alice:rain"),
            ("alice", "buy 10 RAIN @ 40", "  account: rain"),
            ("bob", "sell 4 RAIN @ 40"),
            ("issuer", "settle RAIN 55"),
            ("alice", 'say "later"'),
        ]
    ):
        archive.say(who, *text, at=at(index))
        archive.seal()
        settle(archive, running)
    return archive


def test_contracts_are_traded_and_settled_in_every_view(rainy: Archive, tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    for end in cut(rainy.entries, random.Random(2), 4):
        folder = write(home.archive("acme"), rainy.entries[:end])
        make(tmp_path / "a.db", folder)
        check_views(tmp_path / "a.db", home)
        check_arithmetic(tmp_path / "a.db")
        stands = profits.Positions(history(rainy.entries[:end]))
        assert {row["ticker"] for row in profits.rows(stands)} == {"ACME", "BETA", "CHAR"}
    make(tmp_path / "b.db", folder)
    assert contents(tmp_path / "a.db") == contents(tmp_path / "b.db")
    query = "SELECT mode, code IN (SELECT code FROM assets) FROM tickers ORDER BY code = 'RAIN'"
    modes = [("book", 1), ("book", 1), ("short", 1), ("contract", 0)]
    assert ask(tmp_path / "a.db", query) == modes
    query = "SELECT ticker, quantity, value, buyer FROM fills"
    assert ask(tmp_path / "a.db", query) == [("RAIN", 4, None, "alice")]
    for program in PROGRAMS:
        file = accepted(program, written(journal_of(rainy.entries), program), tmp_path)
        rows = {(account(row), row["asset"]): row["balance"] for row in held(rainy)}
        totals = totals_of(program, file)
        assert {key: number for key, number in totals.items() if key[0]} == rows


def test_what_is_held_for_contracts_is_of_the_account_as_a_whole(
    rainy: Archive, tmp_path: Path
) -> None:
    last = next(e.number for e in rainy.entries if "\nsettle RAIN" in e.text) - 1
    make(tmp_path / "a.db", write(tmp_path / "a", rainy.entries[:last]))
    query = "SELECT kind, ref IS NULL, account, amount_shown FROM holds ORDER BY kind, account"
    assert ask(tmp_path / "a.db", query) == [
        ("contracts", 1, "alice:rain", "40.00"),
        ("contracts", 1, "bob", "24.00"),
        ("instruction", 0, "alice:rain", "0.07"),
    ]


def test_a_member_is_told_what_a_settlement_paid(rainy: Archive) -> None:
    said = [re.sub(r"^[0-9.]+", "N", line) for _, who, line in outcomes(rainy) if who == "alice"]
    assert said[-5:-1] == [
        "N: moved 100.00 EUR from main to rain, 400.00 left, 100.00 now in rain",
        "N: buy 10 RAIN at 40 or lower accepted, works; 59.88 available in rain",
        "N: bought 4 RAIN at 40.00, 0.02 EUR fee, 59.91 available in rain; 6 of 10 still work",
        "N: RAIN settled: 55.00, 6.00 EUR received, 105.98 now in rain (0.07 held)",
    ]


@pytest.mark.parametrize("seed", [0, 4, 5])
def test_in_sessions_with_markets_all_that_is_shown_agrees(seed: int, tmp_path: Path) -> None:
    archive = market_sessions.play(seed, shards=1 + seed % 2, chaos=seed == 5).archive
    test_over_all_accounts_there_is_what_came_in(archive)
    test_what_is_told_adds_up_to_what_moved_whichever_accounts(archive)
    home = Home(tmp_path / "home")
    for end in cut(archive.entries, random.Random(seed), 2):
        folder = write(home.archive("acme"), archive.entries[:end])
        make(tmp_path / "a.db", folder)
    check_views(tmp_path / "a.db", home)
    check_arithmetic(tmp_path / "a.db")
    check_statements(tmp_path / "a.db", archive.entries, ["alice", "bob"])
    make(tmp_path / "b.db", folder)
    assert contents(tmp_path / "a.db") == contents(tmp_path / "b.db")
    rows = {(account(row), row["asset"]): row["balance"] for row in held(archive)}
    for program in PROGRAMS:
        file = accepted(program, written(journal_of(archive.entries), program), tmp_path)
        totals = totals_of(program, file)
        assert {key: number for key, number in totals.items() if key[0]} == rows
