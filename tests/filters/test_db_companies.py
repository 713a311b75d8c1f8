"""`pit db` of a pit with companies and TradeTokens: motions, votes, dividends, charges."""

import random
import re
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from pit.filters import shares
from pit.filters.amendments import rule_lines
from pit.filters.govern import Govern
from pit.filters.runner import Run
from pit.filters.tokens import Tokens
from tests.filters import companies
from tests.filters.company import Company
from tests.filters.sessions import START, Archive, Process, Session, replay, settle
from tests.filters.test_adopt import by_hand
from tests.filters.test_db import PAGE, ask, check_arithmetic, contents, cut, make, write

COUNT = 80
TT = ('asset TT "TradeTokens"', "  decimals: 5")
_found, _processes = companies.found, companies.processes


def tokened(members: list[str], *args: object, **said: object) -> Archive:
    """A pit of companies in which everything is charged; some have few TT."""
    archive = _found(members, *args, **said)
    archive.say("operator", "rule words tokens 1", *TT)
    archive.say("operator", "rule sealers operator sam", "rule fee-cap 2")
    archive.say("operator", "rule tokens 1")
    archive.seal()
    gifts = zip((*members, "issuer"), ("400", "30", "900", "8", "400"), strict=False)
    archive.say("operator", *(f"transfer {amount} TT to {who}" for who, amount in gifts))
    archive.seal()
    return archive


def running(shards: int, **more: bool) -> list[Process]:
    """The processes of such a pit."""
    return [*_processes(shards, **more), Process(Tokens, Run(Tokens()))]


def live(seed: int, *, tokens: bool) -> Session:
    """A session of companies, with bad mail."""
    with pytest.MonkeyPatch.context() as patch:
        if tokens:
            patch.setattr(companies, "found", tokened)
            patch.setattr(companies, "processes", running)
        return companies.live(seed, count=COUNT)


# --- it says what the others say --------------------------------------------------------------

VOTED = """
    SELECT sum(iif(vote = 'yes', held, 0)), sum(iif(vote = 'no', held, 0)), count(*) FROM (
      SELECT vote, (SELECT sum(amount) FROM postings WHERE asset = ?2
                    AND postings.member = votes.member AND entry < ?3) AS held
      FROM votes WHERE motion = ?1 AND counts
    )"""
"""What those had on the record date whose votes count, by the journal."""


def check(path: Path, session: Session, end: int) -> None:
    """The tables say what the filters and the other tables say."""
    check_arithmetic(path)
    archive = session.archive
    govern = replay(archive, Govern, end).filter
    assert isinstance(govern, Govern)
    query = "SELECT ref, mover || '/' || ref, ticker, kind, until FROM motions WHERE {}"
    still = {row[0]: row[1:] for row in ask(path, query.format("result IS NULL"))}
    for ref, motion in govern.motions.items():
        assert still[ref] == (motion.name, motion.ticker, motion.kind, motion.until)
    for ref, ticker, entry, yes, no, voted, heads in ask(
        path,
        "SELECT ref, ticker, entry, yes, no, voted, heads_yes + heads_no FROM motions "
        "WHERE result IS NOT NULL",
    ):
        counted = ask(path, VOTED, ref, ticker, entry)
        assert [(yes, no, heads)] == [(y or 0, n or 0, c) for y, n, c in counted]
        assert voted == yes + no
    twice = "SELECT motion, member FROM votes WHERE counts GROUP BY 1, 2 HAVING count(*) > 1"
    assert ask(path, twice) == []
    assert ask(path, "SELECT ref FROM votes WHERE counts AND status <> 'counted'") == []
    columns = (
        "time, ref, ticker, member, account, amount_shown, asset, issuer || '/' || dividend, why"
    )
    paid = [
        (*row[:4], row[3] if row[4] == "main" else f"{row[3]}:{row[4]}", *row[5:])
        for row in (tuple(row.values()) for row in shares.dividends(archive.entries[:end]))
    ]
    assert ask(path, f"SELECT {columns} FROM payments") == paid
    check_moves(path)


def check_moves(path: Path) -> None:
    """What was moved is what was held for it, and what the journal says came of it."""
    moved = "(SELECT ifnull(sum(amount), 0) FROM moves WHERE instruction = {}.ref)"
    wrong = f"SELECT ref FROM dividends WHERE status <> 'refused' AND paid <> {moved}"
    assert ask(path, wrong.format("dividends")) == []
    wrong = f"SELECT ref FROM charges WHERE fee + deposit - remaining <> {moved}"
    wrong += " AND status <> 'refused'"
    assert ask(path, wrong.format("charges")) == []
    whole = "SELECT ref FROM dividends WHERE (status = 'paid') <> (paid = amount AND amount > 0)"
    assert ask(path, f"{whole} AND status <> 'refused'") == []
    held = (
        "SELECT ref, remaining FROM charges WHERE status = 'held' "
        "EXCEPT SELECT ref, amount FROM holds WHERE kind = 'charge'"
    )
    assert ask(path, held) == []
    posted = (
        "SELECT ref, account, asset, amount, why FROM moves WHERE account <> from_account "
        "EXCEPT SELECT ref, account, asset, amount, why FROM postings WHERE amount > 0"
    )
    assert ask(path, posted) == []
    total = "SELECT ifnull(sum(amount), 0) FROM {}"
    made = ask(path, total.format("postings WHERE why LIKE 'subsidy of %' AND amount > 0"))
    assert ask(path, total.format("subsidies")) == made
    sealer = "SELECT charges.ref FROM charges JOIN moves ON instruction = charges.ref "
    sealer += "JOIN subsidies ON block BETWEEN first_block AND last_block "
    assert (
        ask(
            path,
            f"{sealer} WHERE moves.why LIKE 'fee in block ' || block || ',%' "
            "AND sealer <> moves.account AND moves.why NOT LIKE '%cancel%'",
        )
        == []
    )


SEEN = (
    "motions WHERE outcome = 'passed'",
    "motions WHERE outcome = 'failed'",
    "motions WHERE status = 'uncounted'",
    "votes WHERE counts",
    "votes WHERE status = 'counted' AND NOT counts",
    "votes WHERE status = 'uncounted'",
    "mandates",
    "payments",
    "dividends WHERE status = 'refused'",
    "dividends WHERE status = 'paid'",
    "charges WHERE status = 'refused'",
    "charges WHERE status = 'held'",
    "charges WHERE status = 'moved'",
    "subsidies",
)


def test_a_database_that_is_extended_is_the_one_made_at_once_and_adds_up(tmp_path: Path) -> None:
    seen = dict.fromkeys(SEEN, 0)
    for seed, tokens in ((1, False), (4, False), (3, True), (8, True)):
        session, there = live(seed, tokens=tokens), tmp_path / f"{seed}"
        entries = session.archive.entries
        for end in cut(entries, random.Random(seed), 3):
            make(there / "steps.db", write(there / "a", entries[:end]))
        make(there / "once.db", there / "a")
        assert contents(there / "steps.db") == contents(there / "once.db")
        check(there / "once.db", session, end)
        for table in SEEN:
            seen[table] += ask(there / "once.db", f"SELECT count(*) FROM {table}")[0][0]
    assert all(seen.values()), seen


# --- a company's life, in figures -------------------------------------------------------------


class Life:
    """A company whose holders move, vote and are paid; the database of it.

    passed, failed: motions. paid, short: dividends.
    """

    def __init__(self, path: Path) -> None:
        firm = Company({"alice": 30, "bob": 20, "carol:savings": 10}, treasury=40)
        self.path = path
        self.passed = firm.motion("alice", "kind: issue", "quantity: 50", expires="3d")
        self.first = firm.say("bob", f'vote {self.passed} no "too many"')
        self.treasury = firm.say("issuer", f"vote {self.passed} yes")
        self.votes = [
            firm.say("carol", f"vote {self.passed} yes"),
            firm.say("bob", f'vote {self.passed} yes "well then"'),
        ]
        self.failed = firm.motion("bob", expires="2d")
        self.against = firm.say("alice", f"vote {self.failed} no")
        self.shareless = firm.say("sam", 'motion FIRM "Mine"', "  expires: 1d")
        self.unlisted = firm.say("alice", 'motion NONE "Theirs"', "  expires: 1d")
        firm.say("alice", 'say "later"', hours=80)
        self.late = firm.say("alice", f"vote {self.passed} yes")
        firm.say("issuer", "issue 20 FIRM")
        firm.say("alice", "payto alice:savings")
        self.paid = firm.say("issuer", 'dividend FIRM 100.01 EUR "the first"')
        self.short = firm.say("issuer", "dividend FIRM 1000000 EUR")
        self.his = firm.say("alice", "dividend FIRM 1 EUR")
        self.next = firm.say("issuer", "dividend FIRM 60 EUR", hours=24 * 50)
        self.archive = firm.archive
        make(path, write(path.with_suffix(""), firm.archive.entries))

    def query(self, words: str) -> list[str]:
        """What `sqlite3` prints for the query of the page that follows these words in it."""
        return query(self.path, words, **{"57": str(self.passed)})


def query(path: Path, words: str, **names: str) -> list[str]:
    """What the `sqlite3` program prints for the query below these words on the page."""
    page = PAGE.read_text()
    assert page.count(words) == 1
    found = re.search(r"```sql\n(.*?)```", page[page.index(words) :], re.DOTALL)
    assert found
    sql = found[1]
    for name, said in names.items():
        assert f"'{name}'" in sql or name not in words
        sql = sql.replace(f"'{name}'", f"'{said}'")
    done = subprocess.run(["sqlite3", path, sql], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Life:
    return Life(tmp_path_factory.mktemp("life") / "firm.db")


def test_a_motion_says_who_moved_it_what_was_answered_and_how_it_ended(life: Life) -> None:
    columns = "mover, ticker, kind, title, quantity, status, outcome"
    rows = {row[0]: row[1:] for row in ask(life.path, f"SELECT ref, {columns} FROM motions")}
    assert rows == {
        str(life.passed): ("alice", "FIRM", "issue", "What to do", 50, "counted", "passed"),
        str(life.failed): ("bob", "FIRM", "text", "What to do", None, "counted", "failed"),
        str(life.shareless): ("sam", "FIRM", "text", "Mine", None, "uncounted", None),
        str(life.unlisted): ("alice", "NONE", "text", "Theirs", None, "uncounted", None),
    }
    columns = "outstanding, yes, no, voted, heads, heads_yes, heads_no, yes_shown FROM motions"
    query = f"SELECT {columns} WHERE ref = ?"
    assert ask(life.path, query, str(life.passed)) == [(60, 30, 0, 30, 3, 2, 0, "30")]
    assert ask(life.path, query, str(life.failed)) == [(60, 0, 30, 30, 3, 0, 1, "0")]
    query = "SELECT until, why, reckoning, line FROM motions JOIN directives ON directives.ref = {}"
    ((until, why, reckoning, line),) = ask(
        life.path, f"{query.format('answered_by')} WHERE motions.ref = ?", str(life.passed)
    )
    assert line.startswith(f"counted FIRM alice/{life.passed} ")
    assert until[:19] in line.replace("Z", "") and why in line
    ((_, _, _, line),) = ask(
        life.path, f"{query.format('result')} WHERE motions.ref = ?", str(life.passed)
    )
    assert line.startswith(f"result FIRM alice/{life.passed} passed of 60 ") and reckoning in line
    query = "SELECT why FROM motions WHERE ref = ?"
    assert "sam has no share of FIRM" in ask(life.path, query, str(life.shareless))[0][0]


def test_of_a_members_votes_his_last_one_counts(life: Life) -> None:
    columns = "member, motion, vote, comment, status, counts"
    rows = {row[0]: row[1:] for row in ask(life.path, f"SELECT ref, {columns} FROM votes")}
    on = str(life.passed)
    assert rows == {
        str(life.first): ("bob", on, "no", "too many", "counted", 0),
        str(life.treasury): ("issuer", on, "yes", None, "uncounted", 0),
        str(life.votes[0]): ("carol", on, "yes", None, "counted", 1),
        str(life.votes[1]): ("bob", on, "yes", "well then", "counted", 1),
        str(life.against): ("alice", str(life.failed), "no", None, "counted", 1),
        str(life.late): ("alice", on, "yes", None, "uncounted", 0),
    }
    query = "SELECT why FROM votes WHERE ref = ?"
    again = "yes with 20 FIRM; the vote before counts no more"
    assert ask(life.path, query, str(life.votes[1])) == [(again,)]


def test_a_mandate_says_what_was_issued_of_it(life: Life) -> None:
    columns = "ticker, motion, quantity_shown, used, used_shown"
    assert ask(life.path, f"SELECT {columns} FROM mandates") == [
        ("FIRM", str(life.passed), "50", 20, "20")
    ]


def test_a_dividend_says_what_was_paid_of_it_and_its_payments_to_whom(life: Life) -> None:
    columns = "owner, amount, asset, comment, status, paid"
    rows = {row[0]: row[1:] for row in ask(life.path, f"SELECT ref, {columns} FROM dividends")}
    assert rows == {
        str(life.paid): ("issuer", 100_01, "EUR", "the first", "paid", 100_01),
        str(life.short): ("issuer", 1_000_000_00, "EUR", None, "refused", 0),
        str(life.his): ("alice", 1_00, "EUR", None, "refused", 0),
        str(life.next): ("issuer", 60_00, "EUR", None, "paid", 60_00),
    }
    columns = "member, account, amount_shown, issuer, comment FROM payments"
    assert ask(life.path, f"SELECT {columns} WHERE dividend = ?", str(life.paid)) == [
        ("alice", "alice:savings", "50.00", "issuer", "the first"),
        ("bob", "bob", "33.34", "issuer", "the first"),
        ("carol", "carol:savings", "16.67", "issuer", "the first"),
    ]
    query = "SELECT count(*), sum(amount) FROM moves WHERE filter = 'dividends'"
    assert ask(life.path, query) == [(6, 160_01)]


def test_the_queries_of_the_page_about_companies_print_what_they_say(life: Life) -> None:
    assert life.query("who voted how on motion 57") == ["carol|yes|10|", "bob|yes|20|well then"]
    assert life.query("Who could have voted, and did not") == ["alice|30"]
    assert life.query("What became of motions") == [
        f"{life.passed}|What to do|alice|passed|30|0|60",
        f"{life.failed}|What to do|bob|failed|0|30|60",
        f"{life.shareless}|Mine|sam|uncounted|||",
        f"{life.unlisted}|Theirs|alice|uncounted|||",
    ]
    treasury, late = life.query("The votes that did not count")
    assert treasury.startswith(f"{life.treasury}|issuer|{life.passed}|issuer's FIRM are the treas")
    assert late.startswith(f"{life.late}|alice|{life.passed}|entry {life.passed} is no motion")
    (mandate,) = life.query("What may still be issued")
    assert mandate.startswith(f"FIRM|{life.passed}|30|2027-")
    assert life.query("Dividends paid to alice, by year") == [
        "2026|FIRM|1|50.00|EUR",
        "2027|FIRM|1|30.00|EUR",
    ]


# --- what is charged, in figures --------------------------------------------------------------


class Charged:
    """A pit in which alice and bob have TT, and carol none; odd blocks are the operator's."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.archive = tokened(["alice", "bob", "carol"], 1)
        self.running = running(1)
        settle(self.archive, self.running)
        self.buy = self.say(2, "alice", "buy 10 ACME @ 10.00")
        self.sell = self.say(2, "bob", "sell 4 ACME @ 10.00")
        self.cancel = self.say(3, "alice", f"cancel {self.buy}")
        self.motion = self.say(4, "alice", 'motion ACME "What to do"', "  expires: 1d")
        self.vote = self.say(5, "bob", f"vote {self.motion} yes")
        self.poor = self.say(5, "carol", f"vote {self.motion} no")
        self.open = self.say(6, "bob", "sell 5 ACME @ 12.00")
        make(path, write(path.with_suffix(""), self.archive.entries))

    def say(self, block: int, member: str, *lines: str) -> int:
        """An instruction in a block, and what follows from it; its entry."""
        at = START + timedelta(minutes=5 * block - 3)
        entry = self.archive.say(member, *lines, at=at)
        self.archive.seal()
        settle(self.archive, self.running)
        return entry


@pytest.fixture(scope="module")
def charged(tmp_path_factory: pytest.TempPathFactory) -> Charged:
    return Charged(tmp_path_factory.mktemp("charged") / "tokens.db")


def test_a_charge_says_what_is_held_of_an_instruction_and_what_is_left(charged: Charged) -> None:
    columns = "owner, kind, block, fee, deposit_shown, status, remaining"
    rows = {row[0]: row[1:] for row in ask(charged.path, f"SELECT ref, {columns} FROM charges")}
    assert rows == {
        str(charged.buy): ("alice", "buy", 2, 200, "0.04000", "moved", 0),
        str(charged.sell): ("bob", "sell", 2, 200, "0.04000", "moved", 0),
        str(charged.motion): ("alice", "motion", 4, 2000, "0.00000", "moved", 0),
        str(charged.vote): ("bob", "vote", 5, 50, "0.00000", "moved", 0),
        str(charged.poor): ("carol", "vote", 5, 50, "0.00000", "refused", 0),
        str(charged.open): ("bob", "sell", 6, 600, "0.12000", "held", 12000),
    }
    query = "SELECT kind, member, asset, amount_shown FROM holds WHERE ref = ?"
    assert ask(charged.path, query, str(charged.open)) == [
        ("instruction", "bob", "ACME", "5"),
        ("charge", "bob", "TT", "0.12000"),
    ]
    check_moves(charged.path)
    check_arithmetic(charged.path)


def test_moves_say_to_whom_a_fee_and_a_deposit_went_and_why(charged: Charged) -> None:
    columns = "owner, from_account, account, amount, substr(why, 1, 22)"
    query = f"SELECT {columns} FROM moves WHERE instruction = ? ORDER BY entry"
    assert ask(charged.path, query, str(charged.buy)) == [
        ("alice", "alice", "sam", 200, "fee in block 2, buy: 1"),
        ("alice", "alice", "alice", 1600, "good faith back: 0.040"),
        ("alice", "alice", "operator", 360, "fee in block 3, cancel"),
        ("alice", "alice", "sam", 2040, "good faith forfeited: "),
    ]
    sealed = "SELECT sealer, first_block, last_block, amount_shown FROM subsidies"
    assert ask(charged.path, sealed)[:3] == [
        ("operator", 1, 1, "1000.00000"),
        ("sam", 2, 2, "999.99981"),
        ("operator", 3, 3, "999.99962"),
    ]


def test_a_vote_whose_fee_is_refused_does_not_count_and_says_why(charged: Charged) -> None:
    query = "SELECT member, status, counts, substr(why, 1, 21) FROM votes"
    assert ask(charged.path, query) == [
        ("bob", "counted", 1, "yes with 9996 ACME"),
        ("carol", "refused", 0, "vote needs 0.00050 TT"),
    ]


def test_the_queries_of_the_page_about_tokens_print_what_they_say(charged: Charged) -> None:
    assert query(charged.path, "Fees by sealer") == ["operator|2|0.00410", "sam|4|0.03000"]
    assert query(charged.path, "What their blocks brought") == [
        "operator|3|2999.99886",
        "sam|3|2999.99829",
    ]
    order = "buy 10 ACME @ 10.00|0.00200|0.04000|"
    where = query(charged.path, "What alice's instructions")
    assert [line.split("|", 3)[3].split("|")[:2] for line in where if line.startswith(order)] == [
        ["sam", "0.00200"],
        ["alice", "0.01600"],
        ["operator", "0.00360"],
        ["sam", "0.02040"],
    ]
    assert where[-1].startswith('motion ACME "What to do"; expires: 1d|0.02000|0.00000|sam|0.02000')


# --- wrong reports ----------------------------------------------------------------------------


def test_what_another_says_of_a_motion_does_not_count(tmp_path: Path) -> None:
    firm = Company({"alice": 30, "bob": 20})
    motion = firm.motion("alice", expires="2d")
    vote = firm.archive.say("bob", f"vote {motion} yes")
    firm.archive.seal()
    named, passed = f"FIRM bob/{vote}", f"FIRM alice/{motion}"
    by_hand(firm.archive, "govern", "sam", f'uncounted {named} "so I say"')
    numbers = "50 yes 50 no 0 cast 50 heads 2 yes 2 no 0"
    by_hand(firm.archive, "govern", "sam", f'result {passed} passed of {numbers} "so I say"')
    make(tmp_path / "a.db", write(tmp_path / "a", firm.archive.entries))
    query = "SELECT status, counts FROM votes"
    assert ask(tmp_path / "a.db", query) == [("unanswered", 0)]
    assert ask(tmp_path / "a.db", "SELECT outcome FROM motions") == [(None,)]
    settle(firm.archive, firm.running)
    make(tmp_path / "a.db", write(tmp_path / "a", firm.archive.entries))
    assert ask(tmp_path / "a.db", query) == [("counted", 1)]


def test_a_motion_that_lapsed_names_the_report_that_says_so(tmp_path: Path) -> None:
    firm = Company({"alice": 60, "bob": 40})
    lines = rule_lines(firm.run("govern").pit)
    at = lines.index("rule comment-length 200")
    diff = ["--- rules", "+++ rules", f"@@ -{at + 1} +{at + 1} @@"]
    diff += ["-rule comment-length 200", "+rule comment-length 30"]
    motion = firm.motion("bob", "kind: rule", "change:", *(f"  {line}" for line in diff))
    firm.say("alice", f"vote {motion} yes")
    firm.say("operator", "rule comment-length 99")
    firm.say("alice", 'say "later"', hours=24)
    make(tmp_path / "a.db", write(tmp_path / "a", firm.archive.entries))
    query = "SELECT outcome, line FROM motions JOIN directives ON directives.ref = lapsed"
    ((outcome, line),) = ask(tmp_path / "a.db", query)
    assert outcome == "passed" and line == firm.lines("lapsed")[0]


def test_whatever_stands_in_texts_and_reports_the_database_is_made_of_it(tmp_path: Path) -> None:
    firm = Company({"alice": 30, "bob": 20})
    path, folder = tmp_path / "a.db", tmp_path / "a"
    make(path, write(folder, firm.archive.entries))
    odd = ["  expires: 900000000d", "  kind: issue", "  quantity: 0.5"]
    motion = firm.say("alice", 'motion FIRM "Odd"', *odd, "vote 99999.7 no")
    firm.say("issuer", "dividend FIRM 1.005 EUR", "dividend NONE 1 EUR", "dividend FIRM 1 NONE")
    by_hand(
        firm.archive,
        "govern",
        "sue",
        'counted FIRM nobody/99999 "so I say"',
        f'counted FIRM alice/{motion} "so I say"',
        f'result FIRM alice/{motion} passed of 0.5 yes 0.25 no 0 cast 1 heads 9 yes 8 no 7 "mine"',
        f'result FIRM alice/{motion} failed of 1 yes 1 no 1 cast 1 heads 1 yes 1 no 1 "no, his"',
        "mandate FIRM nobody/99999 5 until 2027-01-01",
        f"mandate FIRM alice/{motion} 0.5 until 2027-01-01",
        f'lapsed FIRM alice/{motion} "so I say"',
        'uncounted - nobody/1 "so I say"',
    )
    by_hand(firm.archive, "dividends", "sue", f'move 1 EUR from alice/{motion} to bob "mine"')
    make(path, write(folder, firm.archive.entries))
    make(tmp_path / "b.db", folder)
    assert contents(path) == contents(tmp_path / "b.db")
    check_arithmetic(path)
    columns = "quantity, quantity_shown, status, why, outcome, yes, yes_shown, reckoning, heads"
    assert ask(path, f"SELECT {columns} FROM motions WHERE ref = ?", str(motion)) == [
        (None, "0.5", "uncounted", *whole(path, motion), "passed", None, "0.25", "mine", 9)
    ]
    assert ask(path, "SELECT until FROM motions")[0] == ("9999-12-31T23:59:59.999999Z",)
    query = "SELECT amount, amount_shown, asset, status, paid FROM dividends"
    assert ask(path, query) == [
        (None, "1.005", "EUR", "refused", 0),
        (1_00, "1.00", "EUR", "refused", 0),
        (None, "1", "NONE", "refused", 0),
    ]
    assert ask(path, "SELECT motion, quantity, used FROM mandates") == [("99999", 5, 0)]
    assert ask(path, "SELECT * FROM moves") == []


def whole(path: Path, motion: int) -> tuple[str, ...]:
    """Why a motion did not count, as its answer says."""
    query = "SELECT json_extract(fields, '$.why') FROM directives WHERE verb = 'uncounted'"
    return next(iter(ask(path, f"{query} AND line LIKE ?", f"%/{motion} %")))


def test_of_votes_that_are_answered_out_of_order_the_later_one_counts(charged: Charged) -> None:
    archive, path = charged.archive, charged.path.with_name("order.db")
    govern = [process for process in charged.running if process.run.filter.name == "govern"]
    refs = [archive.say("bob", f"vote {charged.motion} {vote}") for vote in ("no", "yes")]
    archive.seal()
    for ref in reversed(refs):
        by_hand(archive, "positions", "keeper1", f"accept bob/{ref}")
        settle(archive, govern)
        make(path, write(path.with_suffix(""), archive.entries))
    query = "SELECT ref, vote, status, counts FROM votes WHERE member = 'bob'"
    assert ask(path, query) == [
        (str(charged.vote), "yes", "counted", 0),
        (str(refs[0]), "no", "counted", 0),
        (str(refs[1]), "yes", "counted", 1),
    ]
    query = "SELECT why FROM votes WHERE ref = ?"
    assert ask(path, query, str(refs[0])) == [("no with 9996 ACME; a later vote counts already",)]
