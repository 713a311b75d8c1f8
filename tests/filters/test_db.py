"""`pit db`: the database says what the archive says, however often it was extended, or says no."""

import hashlib
import json
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pit.archives.entry import NO_STAMP, Stamp, write_entry
from pit.archives.errors import Busy, CannotCreate, Damaged, NoInput, PitError
from pit.archives.fields import show_time
from pit.archives.mbox import Entry
from pit.filters import db_file, db_rows, db_schema, db_values, db_views
from pit.filters.accounts import Posting
from pit.filters.db_file import Archive, Made, bring
from pit.filters.match import Match
from pit.filters.positions import Positions
from pit.filters.runner import Run
from pit.filters.show import VIEWS
from pit.filters.statement import lines as statement_lines
from pit.pits.home import Home
from pit.pits.lines import lines
from tests.conftest import Shell
from tests.filters import sessions
from tests.filters.sessions import at, play, settle
from tests.filters.test_adopt import by_hand, market

PAGE = Path(__file__).parents[2] / "docs/reference/database.md"
ARMOR = "-----BEGIN PGP SIGNATURE-----\n\nabcd\n=abcd\n-----END PGP SIGNATURE-----\n"


def write(folder: Path, entries: Iterable[Entry], subject: str = "order") -> Path:
    """Entries of a simulated pit as an archive on disk: every hash right, no signature real."""
    folder.mkdir(parents=True, exist_ok=True)
    prev = NO_STAMP
    with (folder / "0000000001.mbox").open("wb") as out:
        for entry in entries:
            text = entry.text
            mail = (
                f"From: {entry.signer}@example.org\nSubject: {subject}\n\n"
                f"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n{text}{ARMOR}"
            ).encode()
            stamp = Stamp(
                entry.pit,
                entry.number,
                entry.time,
                entry.signer,
                hashlib.sha1(entry.signer.encode()).hexdigest().upper(),
                f"{entry.time[:19]}Z",
                hashlib.sha256(text.encode()).hexdigest(),
                len(mail),
                hashlib.sha256(mail).hexdigest(),
                prev,
            )
            prev = stamp.digest()
            out.write(write_entry(stamp, mail))
    return folder


def make(path: Path, folder: Path, *, rebuild: bool = False) -> Made:
    return bring(path, Archive(folder, "acme", ""), rebuild=rebuild)


def ask(path: Path, query: str, *values: object) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as con:
        return con.execute(query, values).fetchall()


def contents(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables as they lie there, the schema, and what the search finds where."""
    with closing(sqlite3.connect(path)) as con:
        held = {"schema": con.execute("SELECT name, sql FROM sqlite_master").fetchall()}
        for table in db_rows.columns():
            held[table] = con.execute(f"SELECT * FROM {table}").fetchall()
        con.execute("CREATE VIRTUAL TABLE temp.found USING fts5vocab(main, entries_fts, instance)")
        held["search"] = con.execute(
            "SELECT * FROM found ORDER BY term, doc, col, offset"
        ).fetchall()
    return held


def cut(entries: list[Entry], rng: random.Random, count: int) -> list[int]:
    """Some places where an archive may end: after a seal."""
    seals = [entry.number for entry in entries if "\nseal " in entry.text]
    return sorted({*rng.sample(seals, min(count, len(seals))), seals[-1]})


# --- it says what the others say --------------------------------------------------------------


def full(row: dict[str, Any]) -> str:
    """The account that a row is of, as the database names it."""
    member = row.get("member") or row["order"].partition("/")[0]
    return member if row["account"] == "main" else f"{member}:{row['account']}"


def check_views(path: Path, home: Home) -> None:
    """Each table says what `pit show`, `pit statement` and `pit lines` say."""

    def shown(what: str) -> list[dict[str, Any]]:
        return list(VIEWS[what](home, "acme", None))

    columns = "member, account, asset, balance_shown, held_shown, available_shown FROM holdings"
    held = [(row["member"], full(row), *tuple(row.values())[2:]) for row in shown("holdings")]
    assert ask(path, f"SELECT {columns}") == held
    columns = (
        "ref, time, ticker, quantity_shown, price_shown, buyer || '/' || buyer_order, "
        "seller || '/' || seller_order, ifnull(taker, ''), ifnull(busted, '') FROM fills"
    )
    assert ask(path, f"SELECT {columns}") == [tuple(row.values()) for row in shown("tape")]
    columns = (
        "owner || '/' || ref, account, side, quantity_shown, remaining_shown, ticker, price_shown, "
        "until, status FROM orders WHERE ended_by IS NULL"
    )
    stand = [
        (*row[:7], show_time(row[7]) if row[7] else "", row[8])
        for row in ask(path, f"SELECT {columns}")
    ]
    assert stand == [
        (row["order"], full(row), *tuple(row.values())[2:9]) for row in shown("orders")
    ]
    columns = "handle, standing, roles, mail, ifnull(fingerprint, '') FROM members ORDER BY handle"
    rows = [
        (a, b, roles.split(), mail.split(), c)
        for a, b, roles, mail, c in ask(path, f"SELECT {columns}")
    ]
    assert rows == [tuple(row.values())[:5] for row in shown("members")]  # keys have a table
    rules = [(row["rule"], row["value"]) for row in shown("rules")]
    assert sorted(ask(path, "SELECT name, value FROM rules_in_force")) == sorted(rules)
    columns = "ticker, side, price_shown, quantity_shown, displayed_shown, orders FROM book"
    book = [(*tuple(row.values())[:5], len(row["orders"])) for row in shown("book")]
    assert ask(path, f"SELECT {columns}") == book


def check_statements(path: Path, entries: list[Entry], members: list[str]) -> None:
    postings: list[Posting] = []
    for member in members:
        run = Run(Positions(journal=postings.append))
        said = [
            tuple(row.values()) for row in statement_lines(run, iter(entries), postings, member)
        ]
        columns = (
            "time, ref, iif(account = member, 'main', substr(account, length(member) + 2)), why, "
            "iif(amount > 0, '+', '') || amount_shown, asset, balance_shown"
        )
        query = f"SELECT {columns} FROM statement WHERE member = ?"
        assert sorted(ask(path, query, member)) == sorted(said)


def check_arithmetic(path: Path) -> None:
    """What must hold in any pit's database, asked in SQL."""
    assert ask(path, "PRAGMA foreign_key_check") == []
    assert ask(path, "PRAGMA integrity_check") == [("ok",)]
    assert ask(path, "SELECT asset FROM postings GROUP BY asset HAVING sum(amount) <> 0") == []
    query = (
        "SELECT account, asset, sum(amount) FROM postings WHERE account <> 'outside' "
        "GROUP BY 1, 2 HAVING sum(amount) <> 0"
    )
    assert ask(path, query) == ask(path, "SELECT account, asset, balance FROM holdings")
    query = "SELECT code, in_existence FROM assets WHERE in_existence <> 0 ORDER BY code"
    totals = "SELECT asset, sum(balance) FROM holdings GROUP BY asset ORDER BY asset"
    assert ask(path, query) == ask(path, totals)
    held = "SELECT account, asset, sum(amount) FROM holds GROUP BY 1, 2"
    assert ask(path, held) == ask(path, "SELECT account, asset, held FROM holdings WHERE held")
    wrong = (
        "SELECT fills.ref FROM fills JOIN tickers ON tickers.code = ticker JOIN assets AS units ON "
        "units.code = ticker JOIN assets AS money ON money.code = fills.currency "
        "WHERE value * price_scale * units.scale <> quantity * price * money.scale"
    )
    assert ask(path, wrong) == []
    filled = (
        "SELECT ref FROM orders WHERE filled <> (SELECT ifnull(sum(quantity), 0) FROM fills "
        "WHERE orders.ref IN (buyer_order, seller_order)) OR (filled + remaining > quantity "
        "AND ref NOT IN (SELECT target FROM replaces WHERE status = 'accepted'))"
    )
    assert ask(path, filled) == []
    assert ask(path, "SELECT ref FROM orders WHERE status = 'filled' AND filled <> quantity") == []
    ends = "SELECT DISTINCT status FROM orders WHERE (ended_by IS NULL) <> (status IN ({}))"
    open_ones = "'unanswered', 'waiting', 'stop', 'held', 'working', 'ended'"
    assert ask(path, ends.format(open_ones)) == []
    ends = "SELECT ref FROM replaces WHERE (ended_by IS NULL) <> (status IN ({}))"
    assert ask(path, ends.format("'unanswered', 'accepted'")) == []
    paid = "SELECT ifnull(sum(buyer_fee + seller_fee), 0) FROM fills"
    fees = "SELECT ifnull(sum(amount), 0) FROM postings WHERE account = 'operator' AND amount > 0"
    assert ask(path, paid) == ask(path, f"{fees} AND why LIKE 'fee of %'")


@pytest.mark.parametrize("seed", range(6))
def test_a_database_says_what_the_other_verbs_say(seed: int, tmp_path: Path) -> None:
    scarce = {"cash": "250", "units": "25"} if seed % 2 else {}
    session = play(seed, shards=1 + seed % 3, chaos=True, count=40, **scarce)  # type: ignore[arg-type]
    entries, rng = session.archive.entries, random.Random(seed)
    for end in cut(entries, rng, 3):
        home = Home(tmp_path / str(end))
        folder = write(home.archive("acme"), entries[:end])
        path = tmp_path / f"{end}.db"
        assert make(path, folder).entries == end
        check_views(path, home)
        check_arithmetic(path)
    check_statements(path, entries[:end], ["alice", "bob"])
    said = [line.rstrip("\n").split("\t", 3) for line in lines(entries[:end])]
    columns = "ref, time, signer, line FROM directives JOIN entries ON number = entry"
    assert [list(row) for row in ask(path, f"SELECT {columns}")] == said
    idle: set[tuple[str, str]] = set()
    for filter in (Positions(), Match()):
        run = Run(filter, lambda _, found: idle.add((found.ref, found.why)))
        for entry in entries[:end]:
            run.feed(entry)
    query = (
        "SELECT ref, idle FROM directives WHERE idle IS NOT NULL "
        "AND verb IN ('accept', 'refuse', 'fill', 'leaves')"
    )
    assert set(ask(path, query)) == idle


def test_what_is_owed_is_listed_with_who_owes_it_and_since_when(tmp_path: Path) -> None:
    archive, running = market()
    buy = archive.say("alice", "buy 10 ACME @ 10.00", at=at(1))
    late = archive.say("alice", "cancel 2", at=at(2))
    archive.seal()
    path = tmp_path / "a.db"
    folder = write(tmp_path / "a", archive.entries)
    make(path, folder)
    time = archive.entries[buy - 1].time
    query = (
        "SELECT filter, lane, signer, line, cause, since FROM owed ORDER BY filter DESC, position"
    )
    assert ask(path, query)[0] == (
        "positions",
        "alice",
        "keeper1",
        f"accept alice/{buy}",
        str(buy),
        time,
    )
    assert ask(path, "SELECT status FROM orders WHERE ref = ?", str(buy)) == [("unanswered",)]
    settle(archive, running)
    write(folder, archive.entries)
    make(path, folder)
    assert ask(path, query) == []
    assert ask(path, "SELECT status FROM orders WHERE ref = ?", str(buy)) == [("working",)]
    assert ask(path, "SELECT target, status FROM cancels WHERE ref = ?", str(late)) == [
        ("2", "late")
    ]


def test_a_wrong_report_is_listed_until_it_is_adopted_and_a_hollow_one_with_why(
    tmp_path: Path,
) -> None:
    archive, running = market()
    buy = archive.say("alice", "buy 10 ACME @ 10.00", at=at(1))
    archive.seal()
    settle(archive, running)
    sell = archive.say("carol", "sell 4 ACME @ 9.00", at=at(3))
    archive.seal()
    for draft in running[0].mails(archive):
        archive.post(draft)
    archive.seal()
    wrong = by_hand(
        archive,
        "match",
        "sam",
        f"fill 1 ACME @ 9.50 alice/{buy} carol/{sell}",
        f"fill 99 ACME @ 9.50 alice/{buy} carol/{sell}",
    )
    folder, path = write(tmp_path / "a", archive.entries), tmp_path / "a.db"
    make(path, folder)
    [(filter, lane, ref, stands, owed)] = ask(path, "SELECT * FROM divergences")
    assert (filter, lane, ref) == ("match", "ACME", f"{wrong}.2")
    assert stands == f"fill 1 ACME @ 9.50 alice/{buy} carol/{sell}"
    assert owed == f"fill 4 ACME @ 10.00 alice/{buy} carol/{sell}; taker: seller"
    query = "SELECT ref, idle FROM directives WHERE idle IS NOT NULL"
    assert ask(path, query) == [(f"{wrong}.3", f"alice/{buy} has 9 left, not 99")]
    assert ask(path, "SELECT directives, idle FROM reports WHERE ref = ?", str(wrong)) == [(2, 1)]
    archive.say("operator", f"adopt {wrong}", at=at(4))
    archive.seal()
    settle(archive, running)
    make(path, write(folder, archive.entries))
    assert ask(path, "SELECT * FROM divergences") == []
    check_views(path, Home(write_home(tmp_path, archive.entries)))
    check_arithmetic(path)


def write_home(tmp_path: Path, entries: list[Entry]) -> Path:
    write(Home(tmp_path / "home").archive("acme"), entries)
    return tmp_path / "home"


def test_members_assets_rules_and_claims_have_their_history(tmp_path: Path) -> None:
    archive, running = market()
    admission = ["  mail: dave@example.org", "  roles: witness", "  key:", "    key"]
    said = {
        "rule": archive.say("operator", "rule freshness 2d", "rule freshness 3d"),
        "grant": archive.say("operator", "grant cashier to bob"),
        "admit": archive.say("operator", "admit dave " + "D" * 40, *admission),
        "witness": archive.say("operator", 'witness dave "https://dave.example/seals"'),
        "transfer": archive.say("alice", "transfer 5.50 EUR to bob", "transfer 1 NONE to bob"),
        "withdraw": archive.say("alice", "withdraw 7 EUR", "withdraw 8 EUR", "withdraw 9 EUR"),
        "suspend": archive.say("operator", "suspend carol"),
        "nobody": archive.say("operator", "suspend nobody", "rule unheard-of 1"),
        "problem": archive.say("cashier", "deposit alice 1.005 EUR", "payout 1"),
    }
    archive.seal()
    settle(archive, running)
    withdraw = said["withdraw"]
    cancel = archive.say("alice", f"cancel {withdraw}.2")
    payout = archive.say("cashier", f"payout {withdraw}")
    expel = archive.say("operator", "expel carol")
    saw = archive.say("dave", f"saw {archive.sealed} {sessions.ROOTS[archive.sealed]}")
    archive.seal()
    settle(archive, running)
    path = tmp_path / "a.db"
    make(path, write(tmp_path / "a", archive.entries))

    query = "SELECT value, from_entry, ref FROM rules WHERE name = 'freshness'"
    rule = said["rule"]
    values = [("7d", 1, None), ("2d", rule + 1, str(rule)), ("3d", rule + 1, f"{rule}.2")]
    assert ask(path, query) == values
    assert ask(path, "SELECT value FROM rules_in_force WHERE name = 'freshness'") == [("3d",)]
    query = "SELECT handle, place, ref FROM witnesses"
    assert ask(path, query) == [("dave", "https://dave.example/seals", str(said["witness"]))]
    query = "SELECT sightings.ref, witness FROM sightings JOIN seals USING (size, root)"
    assert ask(path, query) == [(str(saw), "dave")]
    query = "SELECT standing, roles, ended FROM members WHERE handle = ?"
    assert ask(path, query, "bob") == [("good", "cashier trader", None)]
    assert ask(path, query, "carol") == [("expelled", "trader", str(expel))]
    columns = "ref, kind, amount, amount_shown, asset, recipient, status, ended_by"
    query = f"SELECT {columns} FROM claims WHERE owner = 'alice'"
    rows = {row[0]: row[1:] for row in ask(path, query)}
    first = said["transfer"]
    assert rows[str(first)][:6] == ("transfer", 550, "5.50", "EUR", "bob", "delivered")
    assert rows[f"{first}.2"][:6] == ("transfer", None, "1", "NONE", "bob", "refused")
    assert rows[str(withdraw)][5:] == ("paid", str(payout))
    assert rows[f"{withdraw}.2"][5:] == ("cancelled", str(cancel))
    assert rows[f"{withdraw}.3"] == ("withdraw", 900, "9.00", "EUR", None, "held", None)
    assert ask(path, "SELECT status FROM cancels WHERE ref = ?", str(cancel)) == [("accepted",)]
    idle = dict(ask(path, "SELECT ref, idle FROM directives WHERE idle IS NOT NULL"))
    nobody, problem = said["nobody"], said["problem"]
    assert set(idle) == {str(nobody), f"{nobody}.2", str(problem), f"{problem}.2"}
    assert idle[str(nobody)] == "nobody is not a member of this pit"
    assert idle[str(problem)] == "1.005 EUR is nothing, or finer than 2 decimals"
    refused = ask(path, "SELECT instruction, why FROM refusals WHERE refused_by = 'keeper'")
    assert (str(problem), idle[str(problem)]) in refused
    check_arithmetic(path)


def test_orders_of_every_kind_have_their_terms_and_their_ends(tmp_path: Path) -> None:
    archive, running = market()

    def say(who: str, *lines: str) -> str:
        number = archive.say(who, *lines, at=at(len(archive.entries)))
        archive.seal()
        settle(archive, running)
        return str(number)

    ice = say("alice", "buy 10 ACME @ 10.00", "  show: 4", "  stp: both")
    more = say("alice", f"replace {ice} 12 @ 10.05")
    late = say("alice", "replace 2 5 @ 10.00")
    rejected = say("carol", "sell 1 ACME @ 9.00", "  post-only: yes", "  tif: day")
    sold = say("carol", "sell 5 ACME @ market")
    killed = say("carol", "sell 99 ACME @ 10.00", "  tif: fok")
    bought = say("bob", "buy 3 ACME @ market", "  cap: 50")
    stop = say("bob", "buy 3 ACME @ 11.00", "  stop: 10.50", "  min: 2")
    halt = say("operator", "halt ACME")
    held = say("bob", "sell 2 ACME @ 9.00")
    auction = say("operator", "auction ACME until 2026-11-21")
    path = tmp_path / "a.db"
    make(path, write(tmp_path / "a", archive.entries))
    columns = "quantity, price_shown, filled, remaining, status"
    orders = {row[0]: row[1:] for row in ask(path, f"SELECT ref, {columns} FROM orders")}
    assert orders == {
        ice: (12, "10.05", 5, 7, "working"),
        rejected: (1, "9.00", 0, 0, "rejected"),
        sold: (5, "market", 5, 0, "filled"),
        killed: (99, "10.00", 0, 0, "killed"),
        bought: (3, "market", 0, 0, "killed"),
        stop: (3, "11.00", 0, 3, "stop"),
        held: (2, "9.00", 0, 2, "held"),
    }
    columns = "tif, stop_shown, minimum, display, cap_shown, post_only, stp"
    terms = {row[0]: row[1:] for row in ask(path, f"SELECT ref, {columns} FROM orders")}
    assert terms[ice] == ("gtc", None, None, 4, None, 0, "both")
    assert terms[rejected] == ("day", None, None, None, None, 1, "newest")
    assert terms[bought] == ("gtc", None, None, None, "50.00", 0, "newest")
    assert terms[stop] == ("gtc", "10.50", 2, None, None, 0, "newest")
    columns = "ref, target, quantity, price_shown, status FROM replaces"
    assert ask(path, f"SELECT {columns}") == [
        (more, ice, 12, "10.05", "replaced"),
        (late, "2", None, "10.00", "late"),
    ]
    columns = "target, quantity, price_shown, why FROM leaves"
    assert ask(path, f"SELECT {columns} ORDER BY entry") == [
        (ice, 12, "10.05", f"replaced {more}"),
        ("2", 0, None, f"late {late}"),
        (rejected, 0, None, 'rejected "would trade"'),
        (killed, 0, None, "killed"),
        (bought, 0, None, "killed"),
    ]
    query = "SELECT instruction, cover, cover_shown FROM answers WHERE cover IS NOT NULL"
    assert ask(path, query) == [(bought, 5000, "50.00")]
    assert ask(path, "SELECT ref, ticker, kind, until FROM sessions") == [
        (halt, "ACME", "halt", None),
        (auction, "ACME", "auction", "2026-11-21T00:00:00.000000Z"),
    ]
    query = "SELECT side, price_shown, quantity, displayed, orders FROM book"
    assert ask(path, query) == [("bid", "10.05", 7, 3, 1)]
    check_views(path, Home(write_home(tmp_path, archive.entries)))
    check_arithmetic(path)


# --- built at once or extended ----------------------------------------------------------------


@given(seed=st.integers(0, 10**6), steps=st.integers(1, 6))
@settings(max_examples=20, deadline=None)
def test_built_at_once_is_extended_in_any_steps(
    tmp_path_factory: pytest.TempPathFactory, seed: int, steps: int
) -> None:
    rng, there = random.Random(seed), tmp_path_factory.mktemp("steps")
    session = play(seed, shards=rng.randint(1, 2), chaos=True, cash="400", units="40", count=20)
    entries = session.archive.entries
    ends = cut(entries, rng, steps)
    read = 0
    for end in ends:
        made = make(there / "steps.db", write(there / "a", entries[:end]))
        assert (made.entries, made.new) == (end, end - read)
        read = end
    make(there / "once.db", there / "a")
    assert contents(there / "steps.db") == contents(there / "once.db")
    again = make(there / "steps.db", there / "a")
    assert (again.new, again.entries) == (0, read)


def test_the_same_archive_always_makes_the_same_file(tmp_path: Path) -> None:
    folder = write(tmp_path / "a", play(1, shards=1, chaos=True, count=20).archive.entries)
    make(tmp_path / "one.db", folder)
    make(tmp_path / "two.db", folder)
    first = (tmp_path / "one.db").read_bytes()
    assert first == (tmp_path / "two.db").read_bytes()
    (tmp_path / "one.db").chmod(0o640)
    make(tmp_path / "one.db", folder, rebuild=True)
    assert first == (tmp_path / "one.db").read_bytes()
    assert (tmp_path / "one.db").stat().st_mode & 0o777 == 0o640


def test_what_lies_below_the_last_seal_is_not_read(tmp_path: Path) -> None:
    archive, _ = market()
    sealed = len(archive.entries)
    archive.say("alice", "buy 10 ACME @ 10.00")
    made = make(tmp_path / "a.db", write(tmp_path / "a", archive.entries))
    assert (made.entries, made.sealed) == (sealed, sealed - 1)


def test_what_people_add_to_a_file_stays_when_it_is_extended(tmp_path: Path) -> None:
    entries = play(2, shards=1, chaos=True, count=20).archive.entries
    path = tmp_path / "a.db"
    first = cut(entries, random.Random(1), 1)[0]
    make(path, write(tmp_path / "a", entries[:first]))
    with closing(sqlite3.connect(path)) as con:
        con.execute("PRAGMA journal_mode = WAL")
        con.execute("ALTER TABLE orders ADD COLUMN note TEXT")
        con.execute("CREATE VIEW mine AS SELECT count(*) AS n FROM orders")
        con.commit()
    made = make(path, write(tmp_path / "a", entries))
    assert made.new == made.entries - first > 0
    orders = sum(verb in ("buy", "sell") for (verb,) in ask(path, "SELECT verb FROM directives"))
    assert ask(path, "SELECT n FROM mine") == [(orders,)]
    assert ask(path, "PRAGMA journal_mode") == [("delete",)]


# --- what it refuses --------------------------------------------------------------------------


def refuses(kind: type[PitError], path: Path, folder: Path, *, rebuild: bool = False) -> str:
    """The message of a refusal that left the file, and what lies beside it, as they were."""
    before = path.read_bytes() if path.is_file() else None
    names = sorted(path.parent.iterdir())
    with pytest.raises(kind) as error:
        make(path, folder, rebuild=rebuild)
    assert (path.read_bytes() if path.is_file() else None) == before
    assert sorted(path.parent.iterdir()) == names
    return str(error.value)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("small") / "a", market()[0].entries)


@pytest.mark.parametrize("rebuild", [False, True])
@pytest.mark.parametrize("what", ["text", "empty", "other", "folder", "pipe"])
def test_a_file_that_it_did_not_make_is_left_alone(
    what: str, rebuild: bool, small: Path, tmp_path: Path
) -> None:
    path = tmp_path / "mine"
    if what == "text":
        path.write_text("mine\n" * 100)
    elif what == "empty":
        path.touch()
    elif what == "folder":
        path.mkdir()
    elif what == "pipe":
        os.mkfifo(path)
    else:
        with closing(sqlite3.connect(path)) as con:
            con.execute("CREATE TABLE mine (number)")
    assert "name another file" in refuses(CannotCreate, path, small, rebuild=rebuild)


def test_a_database_of_another_archive_is_refused_and_made_anew_on_demand(tmp_path: Path) -> None:
    entries = market()[0].entries
    path, folder = tmp_path / "a.db", tmp_path / "a"
    made = make(path, write(folder, entries))
    seal = entries[-1]
    other = seal._replace(text=seal.text.replace(sessions.ROOTS[made.sealed], "0" * 64))
    write(folder, [*entries[:-1], other])
    message = refuses(Damaged, path, folder)
    assert f"seal {made.sealed} has the root {made.root}" in message and "--rebuild" in message
    assert make(path, folder, rebuild=True).root == "0" * 64

    last = [entry.number for entry in entries if "\nseal " in entry.text][-2]
    write(folder, entries[:last])
    assert "is it an older copy" in refuses(Damaged, path, folder)
    assert make(path, folder, rebuild=True).entries == last


def test_a_database_of_another_pit_or_schema_is_refused(small: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    id = make(path, small).id
    with pytest.raises(Damaged, match=f"the id {id}, not {'1' * 64}"):
        bring(path, Archive(small, "acme", "1" * 64))
    with pytest.raises(Damaged, match="the database of pit acme, not of beta"):
        bring(path, Archive(small, "beta", ""))
    with pytest.raises(Damaged, match=f"the pit's id is {id}, not"):
        bring(tmp_path / "b.db", Archive(small, "acme", "1" * 64))
    with closing(sqlite3.connect(path)) as con:
        con.execute(f"PRAGMA user_version = {db_schema.VERSION + 1}")
    assert "--rebuild" in refuses(Damaged, path, small)
    assert make(path, small, rebuild=True).id == id


@pytest.mark.parametrize(
    "damage",
    [
        "DROP TABLE entries",
        "DELETE FROM meta",
        "UPDATE meta SET value = 'x' WHERE key = 'entries'",
        "DELETE FROM checkpoints",
        "UPDATE checkpoints SET text = 'nothing' || text",
        "INSERT INTO entries(number, time, signer, text) VALUES (1000, '', 'a', '')",
    ],
)
def test_a_database_that_somebody_has_changed_is_refused_not_made_worse(
    damage: str, tmp_path: Path
) -> None:
    archive, _ = market()
    path, folder = tmp_path / "a.db", write(tmp_path / "a", archive.entries)
    make(path, folder)
    with closing(sqlite3.connect(path)) as con:
        con.execute(damage)
        con.commit()
    while len(archive.entries) < 1005:
        archive.say("alice", 'say "on and on"')
    archive.seal()
    write(folder, archive.entries)
    assert "--rebuild" in refuses(Damaged, path, folder)
    assert make(path, folder, rebuild=True).entries == len(archive.entries)


def test_a_torn_database_is_refused_and_made_anew_on_demand(small: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    made = make(path, small)
    path.write_bytes(path.read_bytes()[:8192])
    assert "--rebuild" in refuses(Damaged, path, small)
    assert make(path, small, rebuild=True) == made


def test_an_archive_that_is_damaged_further_down_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    archive, _ = market()
    path, folder = tmp_path / "a.db", write(tmp_path / "a", archive.entries)
    make(path, folder)
    bad = archive.say("alice", "buy 10 ACME @ 10,00")
    archive.seal()
    write(folder, archive.entries)
    assert f"entry {bad}: line 3, column 15" in refuses(Damaged, path, folder)
    assert f"entry {bad}: line 3, column 15" in refuses(Damaged, path, folder, rebuild=True)
    assert f"entry {bad}: line 3, column 15" in refuses(Damaged, tmp_path / "b.db", folder)


def test_an_open_stream_makes_no_database(tmp_path: Path) -> None:
    archive = sessions.Archive()
    archive.append("alice", 'pit acme\nsay "hello"\n')
    archive.seal()
    folder = write(tmp_path / "a", archive.entries)
    assert "open stream" in refuses(Damaged, tmp_path / "a.db", folder)
    refuses(NoInput, tmp_path / "a.db", tmp_path / "nowhere")


def test_one_who_writes_to_the_file_is_waited_for_and_then_given_way(
    tmp_path: Path, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db_file, "_PATIENCE", 0.1)
    path = tmp_path / "a.db"
    make(path, small)
    with closing(sqlite3.connect(path, isolation_level=None)) as con:
        con.execute("BEGIN IMMEDIATE")
        for rebuild in (False, True):
            with pytest.raises(Busy):
                make(path, small, rebuild=rebuild)
    assert sorted(tmp_path.iterdir()) == [path]
    assert make(path, small, rebuild=True).new > 0


def test_a_kill_at_any_moment_leaves_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    archive, running = market()
    path, folder = tmp_path / "here" / "a.db", tmp_path / "home/archives/acme"
    path.parent.mkdir()
    make(path, write(folder, archive.entries))
    for index in range(400):
        archive.say(("alice", "bob")[index % 2], f"{('buy', 'sell')[index % 2]} 3 ACME @ 10.00")
    archive.seal()
    settle(archive, running)
    write(folder, archive.entries)
    make(tmp_path / "new.db", folder)
    old, new = path.read_bytes(), contents(tmp_path / "new.db")
    command = [sys.executable, "-m", "pit.pits.command", "db", str(path), "--json"]
    command += ["--archive", str(folder)]
    killed = 0
    rng = random.Random(1)
    for turn in range(12):
        path.write_bytes(old)
        more = ["--rebuild"] if turn % 3 == 0 else []
        child = subprocess.Popen([*command, *more], stdout=subprocess.DEVNULL)
        time.sleep(rng.uniform(0.15, 0.6))
        child.send_signal(signal.SIGKILL)
        killed += child.wait() == -signal.SIGKILL
        assert make(path, folder).entries == len(archive.entries)
        assert contents(path) == new
        for left in path.parent.iterdir():
            assert left == path or left.name.startswith(".a.db."), left
            left.unlink()
    assert killed


# --- exact, and as it stands ------------------------------------------------------------------


def test_an_amount_past_64_bits_is_kept_exactly_and_a_sum_shows_that_it_is_not(
    tmp_path: Path,
) -> None:
    archive, running = market()
    archive.say("operator", 'asset COIN "Coin"', "  decimals: 9")
    most = "999999999999999"
    archive.say("cashier", f"deposit alice {most}.000000001 COIN")
    order = archive.say("alice", f"buy {most} ACME @ {most}")
    archive.seal()
    settle(archive, running)
    path = tmp_path / "a.db"
    make(path, write(tmp_path / "a", archive.entries))
    query = "SELECT balance, balance_shown FROM holdings WHERE asset = 'COIN'"
    assert ask(path, query) == [(f"{most}000000001 (past 64 bits)", f"{most}.000000001")]
    query = "SELECT amount, amount_shown FROM postings WHERE asset = 'COIN'"
    minus = (f"-{most}000000001 (past 64 bits)", f"-{most}.000000001")
    assert ask(path, query)[0] == minus
    query = "SELECT typeof(sum(balance)) FROM holdings GROUP BY asset = 'COIN'"
    assert ask(path, query) == [("integer",), ("real",)]
    assert ask(path, "SELECT balance_shown FROM statement WHERE asset = 'COIN'") == [
        (None,),
        (None,),
    ]
    query = "SELECT quantity, quantity_shown, price, price_shown, status FROM orders WHERE ref = ?"
    shown = (int(most), most, int(most) * 100, f"{most}.00", "refused")
    assert ask(path, query, str(order)) == [shown]


@given(amount=st.integers(-(10**30), 10**30), decimals=st.integers(0, 9))
def test_a_view_shows_an_integer_as_the_filters_show_it(amount: int, decimals: int) -> None:
    value, text = db_values.number(amount, decimals)
    query = "SELECT " + db_views.DECIMAL.format("?1", "?2", "?3")
    with closing(sqlite3.connect(":memory:")) as con:
        (shown,) = con.execute(query, (value, decimals, 10**decimals)).fetchone()
    assert shown == (text if isinstance(value, int) else None)
    assert str(amount) == str(value).removesuffix(" (past 64 bits)")


def test_quantities_that_are_not_whole_stand_as_written(tmp_path: Path) -> None:
    archive, running = market()
    odd = archive.say("alice", "buy 1.50 ACME @ 10.005", "sell 2.50 NONE @ 3.0")
    archive.seal()
    settle(archive, running)
    path = tmp_path / "a.db"
    make(path, write(tmp_path / "a", archive.entries))
    columns = "quantity, quantity_shown, price, price_shown, remaining, remaining_shown, status"
    query = f"SELECT {columns} FROM orders WHERE entry = ?"
    assert ask(path, query, odd) == [
        (None, "1.50", None, "10.005", 0, "0", "refused"),
        (None, "2.50", None, "3.0", None, "0", "refused"),
    ]


def test_hostile_texts_are_data(tmp_path: Path) -> None:
    archive, running = market()
    evil = "'); DROP TABLE entries; -- \u202eAyes\u200b 'quoted' \\\" end"
    talk = archive.say("alice", f'say "{evil}"')
    order = archive.say("alice", "buy 1 ACME @ 10.00", "  ref: ');DROP")
    archive.seal()
    settle(archive, running)
    path = tmp_path / "a.db"
    subject = "a\x1b[31mb\u202e =?utf-8?q?caf=C3=A9?="
    make(path, write(tmp_path / "a", archive.entries, subject))
    said = evil.replace('\\"', '"')
    query = "SELECT json_extract(fields, '$.text') FROM directives WHERE ref = ?"
    assert ask(path, query, str(talk)) == [(said,)]
    assert ask(path, "SELECT text, subject FROM entries WHERE number = ?", talk) == [
        (archive.entries[talk - 1].text, "a\x1b[31mb\u202e café")
    ]
    assert ask(path, "SELECT label FROM orders WHERE ref = ?", str(order)) == [("');DROP",)]
    query = "SELECT rowid FROM entries_fts WHERE entries_fts MATCH '\"drop table entries\"'"
    assert ask(path, query) == [(talk,)]


@pytest.mark.parametrize(
    ("head", "subject"),
    [
        (b"From: a\n\nSubject: not this\n\n", None),
        (b"Subject:\n\n", ""),
        (b"sUBJECT: two\n lines\n\tof it\nTo: b\n\n", "two lines\tof it"),
        (b"Subject: \xff\xfe\n\n", "\ufffd\ufffd"),
        (b"Subject: =?utf-8?b?w6k=?= =?iso-8859-1?q?=E9?=\n\n", "éé"),
        (b"Subject: =?utf-8?b?w6k?=\n\n", "=?utf-8?b?w6k?="),
        (b"Subject: =?utf-8?q?=FF_=F?= \\u0041\n\n", "\ufffd =F \\u0041"),
        (b"Subject: =?iso-8859-99?q?a?=\n\n", "=?iso-8859-99?q?a?="),
        (b"Subject: =?punycode?q?a-b-c?=\n\n", "=?punycode?q?a-b-c?="),
        (b"Subject: =?utf-7?q?+2AA-?=\n\n", "=?utf-7?q?+2AA-?="),
        (b"Subject: " + b"=?a?q?" * 5000 + b"\n\n", "=?a?q?" * 5000),
    ],
)
def test_a_subject_is_decoded_where_that_is_safe(head: bytes, subject: str | None) -> None:
    assert db_values.subject(head) == subject


@given(st.binary(max_size=200))
def test_any_subject_can_be_kept(data: bytes) -> None:
    kept = db_values.subject(b"Subject: =?utf-8?" + data + b"\n\n")
    with closing(sqlite3.connect(":memory:")) as con:
        assert con.execute("SELECT ?", (kept,)).fetchone() == (kept,)


# --- as a user has it -------------------------------------------------------------------------


def test_it_is_made_of_a_pit_here_or_of_a_copy(shown: tuple[Path, str], tmp_path: Path) -> None:
    shutil.copytree(shown[0] / "demo", tmp_path / "home")
    pit = Shell(tmp_path / "home")
    path = tmp_path / "acme.db"
    archive = tmp_path / "home/archives/acme"
    entries = int(pit("audit", "--json").partition('"entries": ')[2].partition(",")[0])
    assert pit("db", str(path)).endswith(
        f"acme.db: pit acme, {entries} entries ({entries} new), up to seal {entries - 1}\n"
    )
    pit("buy", "--as", "alice", "1", "ACME", "12.00")
    pit("turn")
    made = json.loads(pit("db", "-p", "acme", str(path), "--json"))
    assert made["new"] == made["entries"] - entries > 0
    check_views(path, Home(tmp_path / "home"))
    check_arithmetic(path)
    copy = tmp_path / "copy.db"
    assert json.loads(pit("db", "--archive", str(archive), "--id", made["id"], str(copy), "--json"))
    assert contents(copy) == contents(path)
    pit("db", "--archive", str(archive), "--id", "0" * 64, str(copy), status=65)
    assert "not made by `pit db`" in (pit("db", str(archive), status=73) or pit.err)
    pit("db", str(tmp_path / "no/where.db"), status=73)
    assert "unable to open database file" in pit.err and "where.db" in pit.err
    pit("db", status=64)


def documented() -> dict[str, set[str]]:
    """Tables and views of the page, and the columns that it explains."""
    page = PAGE.read_text()
    tables = {}
    for section in re.split(r"(?m)^#{2,3} ", page)[1:]:
        names = re.findall(r"`(\w+)`", section.partition("\n")[0])
        columns = set(re.findall(r"`(\w+)`", "".join(re.findall(r"(?m)^\| (.*?) \|", section))))
        tables |= dict.fromkeys(names, columns)
    return tables


def test_the_page_explains_every_column_of_every_table_and_view(
    small: Path, tmp_path: Path
) -> None:
    make(tmp_path / "a.db", small)
    query = (
        "SELECT t.name, c.name FROM sqlite_master AS t, pragma_table_info(t.name) AS c "
        "WHERE t.type IN ('table', 'view') AND t.name NOT LIKE 'entries_fts_%'"
    )
    there: dict[str, set[str]] = {}
    for table, column in ask(tmp_path / "a.db", query):
        there.setdefault(table, set()).add(column)
    assert there == documented()


def test_every_table_says_in_the_file_what_it_is(small: Path, tmp_path: Path) -> None:
    make(tmp_path / "a.db", small)
    query = (
        "SELECT sql FROM sqlite_master WHERE type IN ('table', 'view') "
        "AND name NOT LIKE 'entries_%'"
    )
    silent = [sql for (sql,) in ask(tmp_path / "a.db", query) if " -- " not in sql.split("\n")[0]]
    assert silent == []
