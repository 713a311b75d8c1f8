"""What people see of companies: `pit shares`, `pit deadlines`, `pit blame`, the dry run."""

import json
from pathlib import Path
from typing import Any

import pytest

from pit.archives.errors import NoInput, UsageError
from pit.filters import blame, deadlines, dividends, shares
from pit.pits.home import Home
from pit.pits.reading import fold_of
from pit.pits.roster import pit_now
from tests.filters.company import Company
from tests.filters.test_db import write


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """A home with a pit in which a company has lived; the entry of its dividend."""
    firm = Company({"alice": 500, "alice:savings": 33, "bob": 300, "carol": 167}, treasury=1000)
    motion = firm.motion("bob", "kind: rule", "change:", "  rule comment-length 30")
    firm.say("alice", f"vote {motion} yes")
    firm.say("carol", f"vote {motion} no")
    firm.say("bob", f"vote {motion} no")
    firm.say("bob", f"vote {motion} yes")
    firm.say("alice", 'say "later"', hours=24)
    firm.say("carol", "payto bob")
    paid = firm.say("issuer", 'dividend FIRM 100.00 EUR "so far"')
    firm.say("alice", "sell 40 FIRM @ 9.50", "  until: 2026-12-24")
    firm.say("bob", "buy 10 FIRM @ 9.00")
    firm.say("operator", "rule title-length 40")
    open_one = firm.motion("alice", expires="30d")
    firm.say("alice", f"vote {open_one} no")
    root = tmp_path_factory.mktemp("shares")
    write(Home(root).archive("acme"), firm.archive.entries)
    return root, paid


class Printed:
    """What verbs print."""

    def __init__(self, capsys: pytest.CaptureFixture[str], paid: int) -> None:
        self.capsys, self.paid = capsys, paid

    def text(self, verb: Any, *args: str) -> str:
        assert verb.main([*args]) == 0
        return self.capsys.readouterr().out

    def rows(self, verb: Any, *args: str) -> Any:
        return json.loads(self.text(verb, *args, "--json"))


@pytest.fixture
def printed(
    lived: tuple[Path, int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Printed:
    monkeypatch.setenv("PIT_HOME", str(lived[0]))
    monkeypatch.setenv("PIT", "acme")
    return Printed(capsys, lived[1])


def test_every_ticker_is_listed_with_what_exists_and_what_is_on_offer(printed: Printed) -> None:
    rows = {row["ticker"]: row for row in printed.rows(shares)}
    assert list(rows) == sorted(rows) and {"ACME", "BETA"} < set(rows)
    assert rows["FIRM"] == {
        "ticker": "FIRM",
        "name": "A firm",
        "issuer": "issuer",
        "shares": "2000",
        "treasury": "1000",
        "holders": "3",
        "buy orders": "10",
        "bid": "9.00",
        "sell orders": "40",
        "ask": "9.50",
    }
    assert [row["ticker"] for row in printed.rows(shares, "--find", "a FIRM")] == ["FIRM"]
    assert printed.text(shares, "--find", "zzz") == "no tickers\n"
    assert printed.text(shares, "--csv").startswith("ticker,name,issuer,shares,")


def test_a_ticker_shows_its_orders_its_holders_and_its_motions(printed: Printed) -> None:
    found = printed.rows(shares, "FIRM")
    assert [(row["side"], row["price"]) for row in found["orders"]] == [
        ("bid", "9.00"),
        ("ask", "9.50"),
    ]
    assert [(row["member"], row["account"], row["shares"]) for row in found["holders"]] == [
        ("issuer", "main", "1000"),
        ("alice", "main", "500"),
        ("bob", "main", "300"),
        ("carol", "main", "167"),
        ("alice", "savings", "33"),
    ]
    (motion,) = found["motions"]
    assert motion["kind"] == "text"


def test_a_member_sees_what_he_issues_what_he_holds_and_what_he_was_paid(printed: Printed) -> None:
    alice = printed.rows(shares, "alice")
    assert alice["tickers"] == []
    firm = [row for row in alice["holdings"] if row["ticker"] == "FIRM"]
    assert [(row["account"], row["shares"]) for row in firm] == [("main", "500"), ("savings", "33")]
    assert len(alice["holdings"]) > len(firm)
    assert [(r["account"], r["amount"]) for r in alice["dividends"]] == [
        ("main", "50.00"),
        ("savings", "3.30"),
    ]
    bob = printed.rows(shares, "bob")
    assert [r["amount"] for r in bob["dividends"]] == ["30.00", "16.70"]
    assert bob["dividends"][0]["dividend"] == f"issuer/{printed.paid}"
    issuer = printed.rows(shares, "issuer")
    assert {"ACME", "BETA", "FIRM"} <= {row["ticker"] for row in issuer["tickers"]}
    assert "no dividends\n" in printed.text(shares, "issuer")
    with pytest.raises(NoInput):
        shares.main(["nobody"])


def test_deadlines_are_those_of_ones_motions_and_orders_soonest_first(printed: Printed) -> None:
    rows = printed.rows(deadlines, "alice")
    assert [(row["kind"], row["what"]) for row in rows] == [
        ("motion", "533 votes, voted no"),
        ("order", "sell 40"),
    ]
    assert rows[1]["until"] == "2026-12-24T00:00:00Z"
    (bob,) = printed.rows(deadlines, "bob")
    assert bob["what"] == "300 votes, not voted"
    assert printed.text(deadlines, "issuer") == "nothing of issuer's has a deadline\n"
    with pytest.raises(NoInput):
        deadlines.main(["nobody"])


def test_blame_names_the_motion_and_who_voted_how(printed: Printed) -> None:
    (row,) = printed.rows(blame, "comment-length")
    assert (row["rule"], row["value"], row["motion"][:4]) == ("comment-length", "30", "bob/")
    assert (row["yes"], row["no"]) == (["alice", "bob"], ["carol"])
    assert " passed of 1000 yes 833 no 167 " in row["result"]
    text = printed.text(blame, "comment-length")
    assert '"What to do"\nresult FIRM bob/' in text and "alice, bob" in text
    (title,) = printed.rows(blame, "title-length")
    assert (title["by"], title["motion"]) == ("operator", "")
    assert printed.text(blame, "text-length") == "nobody has set it; its default is in force\n"
    with pytest.raises(NoInput):
        blame.main(["nothing"])


def test_blame_prints_the_rules_in_force_as_lines(printed: Printed) -> None:
    lines = printed.text(blame, "--lines").splitlines()
    assert "rule comment-length 30" in lines and "rule words govern 1" not in lines
    assert printed.text(blame, "--lines", "words", "govern") == "rule words govern 1\n"


def test_the_dry_run_prints_the_table_that_was_paid(printed: Printed) -> None:
    found = printed.rows(dividends, "--dry-run", "FIRM", "100.00", "--entry", str(printed.paid))
    assert [(r["holder"], r["amount"], r["to"]) for r in found["payments"]] == [
        ("alice", "50.00", "alice"),
        ("alice:savings", "3.30", "alice:savings"),
        ("bob", "30.00", "bob"),
        ("carol", "16.70", "bob"),
    ]
    assert "ties are decided by the lots of entry" in printed.text(
        dividends, "--dry-run", "FIRM", "100"
    )
    for wrong in (["FIRM"], ["FIRM", "1,5"], ["FIRM", "1", "XXX"], ["FIRM", "0.001"]):
        with pytest.raises(UsageError):
            dividends.main(["--dry-run", *wrong])
    with pytest.raises(NoInput):
        dividends.main(["--dry-run", "NONE", "1"])


def test_who_reads_only_what_concerns_the_pit_finds_rules_that_a_motion_set(
    printed: Printed, lived: tuple[Path, int]
) -> None:
    assert pit_now(Home(lived[0]), "acme").rule("comment-length") == 30
    assert fold_of(Home(lived[0]), "acme").rule("comment-length") == 30
