"""The general journal, checked by programs that this project did not write."""

import codecs
import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from beancount.core.account import is_valid
from beancount.core.amount import CURRENCY_RE
from hypothesis import given, settings
from hypothesis import strategies as st

from pit.archives.mbox import Entry
from pit.filters import journal_beancount
from pit.filters.positions import Positions
from pit.filters.runner import Run
from pit.filters.transactions import Balances, Item, Transaction, journal
from pit.filters.views import holdings
from tests.archives import strategies
from tests.conftest import Shell
from tests.filters.accounting import (
    PROGRAMS,
    Totals,
    accepted,
    prices_of,
    refused,
    told_of,
    totals_of,
    written,
)
from tests.filters.sessions import CHARTER, FPR, START, Archive, play, processes, settle

Played = list[tuple[list[Entry], Totals]]
"""Sessions: the entries, and what the members' accounts hold at their end."""


def form(program: str) -> list[str]:
    return ["--beancount"] if program == "beancount" else []


# --- a whole pit ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def demo(shown: tuple[Path, str]) -> Shell:
    """`pit` in the home that the demo left."""
    return Shell(shown[0] / "demo")


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_journal_of_the_demo_is_accepted_and_adds_up_to_the_holdings(
    program: str, demo: Shell, tmp_path: Path
) -> None:
    file = accepted(program, demo("journal", *form(program)), tmp_path)
    totals = totals_of(program, file)
    rows = json.loads(demo("show", "holdings", "--json"))
    assert {key: number for key, number in totals.items() if key[0]} == {
        (row["member"], row["asset"]): row["balance"] for row in rows
    }
    assert (totals["", "ACME"], totals["", "EUR"]) == ("-1000", "-2500.00")
    assert prices_of(program, file) == [("ACME", "12.40 EUR")]


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_members_journal_is_accepted_and_adds_up_to_his_holdings(
    program: str, demo: Shell, tmp_path: Path
) -> None:
    text = demo("journal", "alice", *form(program))
    totals = totals_of(program, accepted(program, text, tmp_path))
    own = {asset: number for (member, asset), number in totals.items() if member == "alice"}
    assert own == {"ACME": "60", "EUR": "1256.00"}
    assert "deposit alice" in text and "deposit carol" not in text


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_pit_in_which_nothing_moved_has_a_journal(
    program: str, club: Shell, tmp_path: Path
) -> None:
    for whose in ([], ["bob"]):
        text = club("journal", *whose, *form(program))
        assert totals_of(program, accepted(program, text, tmp_path)) == {}


def test_a_copy_has_the_same_journal(demo: Shell, club: Shell) -> None:
    folder = str(demo.home.archive("acme"))
    assert club("journal", "--archive", folder) == demo("journal")
    assert "Members:bob" in club("journal", "bob", "--archive", folder, "-p", "acme")


def test_what_cannot_be_had_is_said_and_nothing_is_printed(demo: Shell, tmp_path: Path) -> None:
    for words, status, says in (
        (["mallory"], 66, "mallory is not a member of acme; `pit show members` lists them"),
        (["outside"], 66, "outside is not a member of acme"),
        (["--every", "0"], 64, "write --every 1000"),
        (["--every", "1e3"], 64, "write --every 1000"),
        (["--every", "5", "--beancount"], 64, "beancount states balances for whole days only"),
        (["--archive", str(tmp_path)], 66, "no archive is here"),
        (["-p", "nowhere"], 66, "nowhere"),
    ):
        assert demo("journal", *words, status=status) == ""
        assert says in demo.err


# --- sessions with every kind of bad mail -----------------------------------------------------


def over_days(archive: Archive) -> list[Entry]:
    """The entries of a session, which took minutes, as if it had taken days."""

    def later(time: str) -> str:
        passed = datetime.fromisoformat(time[:-1]) - START
        return (START + 200 * passed).isoformat(timespec="microseconds") + "Z"

    return [entry._replace(time=later(entry.time)) for entry in archive.entries]


@pytest.fixture(scope="module")
def sessions() -> Played:
    """Sessions with plenty of cash, and with hardly any."""
    played = []
    for seed in range(6):
        cash, units = ("100000", "10000") if seed % 2 else ("900", "60")
        shards = 1 + seed % 3
        archive = play(seed, shards=shards, chaos=True, cash=cash, units=units, count=70).archive
        entries = over_days(archive)
        run = Run(Positions())
        for entry in entries:
            run.feed(entry)
        assert isinstance(run.filter, Positions)
        rows = holdings(run.filter, run.pit)
        held = {(row["member"], row["asset"]): row["balance"] for row in rows}
        played.append((entries, held))
    return played


def test_the_sessions_move_value_in_every_way_on_several_days(sessions: Played) -> None:
    moves = [
        item
        for entries, _ in sessions
        for item in journal(entries)
        if isinstance(item, Transaction)
    ]
    assert {item.what.split()[0] for item in moves} == {
        "issue",
        "deposit",
        "transfer",
        "fill",
        "bust",
    }
    assert len({item.time[:10] for item in moves}) > 5


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_journal_of_any_session_is_accepted_and_adds_up_to_the_holdings(
    program: str, sessions: Played, tmp_path: Path
) -> None:
    every = 0 if program == "beancount" else 7
    for entries, held in sessions:
        file = accepted(program, written(journal(entries, every=every), program), tmp_path)
        totals = totals_of(program, file)
        assert {key: number for key, number in totals.items() if key[0]} == held
        for asset in ("EUR", "ACME", "BETA"):
            mine = [number for (_, code), number in totals.items() if code == asset]
            assert sum(int(number.replace(".", "")) for number in mine) == 0


@pytest.mark.parametrize("program", PROGRAMS)
def test_each_members_journal_of_a_session_is_accepted_and_adds_up_to_his_holdings(
    program: str, sessions: Played, tmp_path: Path
) -> None:
    entries, held = sessions[1]
    for member in {member for member, _ in held}:
        file = accepted(program, written(journal(entries, member), program), tmp_path)
        totals = totals_of(program, file)
        for asset in ("EUR", "ACME", "BETA"):
            assert totals.get((member, asset)) == held.get((member, asset))


def test_a_journal_comes_as_the_archive_is_read(sessions: Played) -> None:
    entries, _ = sessions[0]
    taken = 0

    def counted() -> Iterator[Entry]:
        nonlocal taken
        for entry in entries:
            taken += 1
            yield entry

    for item in journal(counted()):
        if isinstance(item, Transaction):
            assert item.cause.partition(".")[0] == str(entries[taken - 1].number)


# --- that the programs really check -----------------------------------------------------------


def higher(number: str) -> str:
    """A number that is one smallest unit further from 0."""
    digits = number.lstrip("-").replace(".", "")
    places = len(number.partition(".")[2])
    text = f"{int(digits) + 1:0{places + 1}}"
    cut = len(text) - places
    return "-" * number.startswith("-") + text[:cut] + "." * bool(places) + text[cut:]


def one_posting_changed(item: Transaction) -> list[Item]:
    first, *rest = item.legs
    return [item._replace(legs=(first._replace(number=higher(first.number)), *rest))]


def a_unit_more_moved(item: Transaction) -> list[Item]:
    """The transaction still adds up to 0: only the balances are wrong."""
    legs = tuple(leg._replace(number=higher(leg.number)) for leg in item.legs)
    return [item._replace(legs=legs)]


def left_out(item: Transaction) -> list[Item]:
    return []


def told_twice(item: Transaction) -> list[Item]:
    return [item, item]


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("asset", ["EUR", "ACME"])
@pytest.mark.parametrize("change", [one_posting_changed, a_unit_more_moved, left_out, told_twice])
def test_a_journal_in_which_one_transaction_is_wrong_is_refused(
    program: str,
    asset: str,
    change: Callable[[Transaction], list[Item]],
    sessions: Played,
    tmp_path: Path,
) -> None:
    items = list(journal(sessions[1][0]))
    moves = [
        index
        for index, item in enumerate(items)
        if isinstance(item, Transaction)
        and [leg.asset for leg in item.legs] == [asset, asset]
        and item.legs[0].account != item.legs[1].account
    ]
    index = moves[len(moves) // 2]
    item = items[index]
    assert isinstance(item, Transaction)
    wrong = [*items[:index], *change(item), *items[index + 1 :]]
    said = refused(program, written(wrong, program), tmp_path)
    if change is not one_posting_changed:
        assert re.search("(?i)balance assertion|balance failed", said), said


@pytest.mark.parametrize("program", PROGRAMS)
def test_each_balance_that_is_stated_is_checked(
    program: str, sessions: Played, tmp_path: Path
) -> None:
    items = list(journal(sessions[0][0]))
    days = [index for index, item in enumerate(items) if isinstance(item, Balances)]
    assert len(days) > 3
    for index in days:
        item = items[index]
        assert isinstance(item, Balances)
        for at in {0, len(item.legs) - 1}:
            legs = list(item.legs)
            legs[at] = legs[at]._replace(number=higher(legs[at].number))
            wrong = [*items[:index], item._replace(legs=tuple(legs)), *items[index + 1 :]]
            said = refused(program, written(wrong, program), tmp_path)
            assert re.search("(?i)balance assertion|balance failed", said), said


# --- hostile words ----------------------------------------------------------------------------

WORDS = [
    "x;date:2001-01-01",
    "a,date:2001-01-01",
    "[2001-01-01]",
    "[=2001/01/01]",
    ":2+2",
    ":a:b:",
    "a|b",
    "a\\n(1)",
    'x"y\\"z',
    "=",
    "*",
    "!",
    "(1042)",
    "{1.00}",
    "@@",
    "assert:1==2",
    "%(account)",
    "~" * 200,
    "2026/11/20-0042",
]
CODES = [
    "P",
    "E",
    "D",
    "TRUE",
    "FALSE",
    "NULL",
    "A1",
    "RAIN.2",
    "X.Y",
    "AND",
    "C1234567890B.8888888A",
]
HANDLES = ["a", "z9", "a-", "a--b", "members", "outsider", "x" * 32]

names = strategies.texts.filter(lambda text: len(text.encode()) < 900)


@st.composite
def hostile_pits(draw: st.DrawFn) -> tuple[list[Entry], list[tuple[str, str, str]]]:
    """A pit whose names are chosen to break a journal; its deposits: day, directive, `ref:`."""
    archive = Archive()
    archive.append("operator", f"pit acme\n{CHARTER}".replace('"Acme"', draw(names), 1))
    for number, handle in enumerate(HANDLES):
        keys = ("  mail: m@example.org", "  roles: trader", "  key:", "    key")
        archive.say("operator", f"admit {handle} {FPR.format(number)}", *keys)
    places = {code: draw(st.integers(0, 9)) for code in CODES}
    for code, decimals in places.items():
        archive.say("operator", f"asset {code} {draw(names)}", f"  decimals: {decimals}")
    deposits = []
    now = START
    for note in draw(st.lists(st.sampled_from(WORDS) | strategies.words, min_size=20, max_size=30)):
        now += timedelta(hours=draw(st.integers(0, 40)))
        code = draw(st.sampled_from(CODES))
        digits = f"{draw(st.integers(1, 10 ** (13 + places[code]))):0{places[code] + 1}}"
        cut = len(digits) - places[code]
        amount = digits[:cut] + "." * bool(places[code]) + digits[cut:]
        account = draw(st.sampled_from(HANDLES)) + draw(st.sampled_from(["", ":z9", ":x-1"]))
        said = f"deposit {account} {amount} {code}"
        archive.say("operator", said, f"  ref: {note}", at=now)
        deposits.append((archive.entries[-1].time[:10], said, note))
    archive.seal()
    return archive.entries, deposits


@settings(max_examples=6, deadline=None)
@given(pit=hostile_pits())
def test_no_word_of_a_mail_is_more_than_a_word_to_any_program(
    pit: tuple[list[Entry], list[tuple[str, str, str]]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    entries, deposits = pit
    folder = tmp_path_factory.mktemp("hostile")
    for program in PROGRAMS:
        told = told_of(program, accepted(program, written(journal(entries), program), folder))
        assert len(told) == len(deposits)
        for one, (day, said, note) in zip(told, deposits, strict=True):
            _, member, number, code = said.split(" ")
            amount = Decimal(number)
            assert (one.day, one.what) == (day, said)
            assert codecs.decode(one.note, "unicode_escape") == note
            assert one.legs == (("", -amount, code), (member, amount, code))


@given(
    st.lists(strategies.handles, unique=True, min_size=1),
    st.lists(strategies.assets, unique=True),
    st.data(),
)
def test_beancount_takes_every_name_and_no_two_become_one(
    handles: list[str], codes: list[str], data: st.DataObject
) -> None:
    further = st.tuples(st.sampled_from(handles), strategies.handles).map(":".join)
    names = [*handles, *data.draw(st.lists(further, unique=True))]
    accounts = {journal_beancount.account_of(name) for name in names}
    symbols = {journal_beancount.symbol(code) for code in codes}
    assert all(is_valid(name) for name in accounts) and len(accounts) == len(names)
    assert all(re.fullmatch(CURRENCY_RE, code) for code in symbols) and len(symbols) == len(codes)


# --- the form ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def week() -> list[Entry]:
    """A deposit, two transfers, a withdrawal paid out and a trade, on four days."""
    archive = Archive()
    archive.append("operator", "pit acme\n" + CHARTER)
    roles = {"sam": "specialist", "kate": "keeper", "alice": "trader", "bob": "trader"}
    for number, (handle, role) in enumerate(roles.items()):
        keys = (f"  mail: {handle}@example.org", f"  roles: {role}", "  key:", "    key")
        archive.say("operator", f"admit {handle} {FPR.format(number)}", *keys)
    archive.say("operator", "keeper 1/1 kate")
    keys = ("  currency: EUR", "  tick: 0.005", "  lot: 10", "  specialist: sam")
    archive.say("operator", 'ticker RAIN.2 "Rain, \u2014 \\"wet\\""', *keys)
    running = processes(1)
    for day, signer, *said in (
        (0, "operator", "issue 50 RAIN.2", "transfer 50 RAIN.2 to bob"),
        (0, "operator", "deposit alice 100 EUR", "  ref: TR;date:2001-01-01"),
        (1, "alice", "transfer 20 EUR to alice:savings"),
        (2, "alice", "withdraw 9.5 EUR", "  account: savings"),
        (2, "alice", "buy 20 RAIN.2 @ 1.215"),
        (3, "bob", "sell 10 RAIN.2 @ 1.2"),
        (3, "operator", "payout {withdrawal}"),
    ):
        found = next((e.number for e in archive.entries if "\nwithdraw" in e.text), 0)
        lines = [line.format(withdrawal=found) for line in said]
        archive.say(signer, *lines, at=START + timedelta(days=day, hours=len(archive.entries) / 10))
        archive.seal()
        settle(archive, running)
    return archive.entries


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_journal_looks_like_this(program: str, week: list[Entry], tmp_path: Path) -> None:
    name = "week.beancount" if program == "beancount" else "week.journal"
    text = (Path(__file__).parent / "data" / name).read_text()
    assert written(journal(week), program) == text
    file = accepted(program, text, tmp_path)
    assert prices_of(program, file) == [("RAIN.2", "1.215 EUR")]


def test_on_the_last_day_that_there_is_beancount_states_nothing(week: list[Entry]) -> None:
    last = [entry._replace(time="9999-12-31" + entry.time[10:]) for entry in week[:12]]
    last = [e._replace(time=f"{e.time[:-4]}{e.number:03}Z") for e in last]
    text = written(journal(last), "beancount")
    assert "; no day follows 9999-12-31" in text
