"""`pit whatif`: what it says of an instruction is what comes, and nothing is written."""

import io
import json
import random
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from pit.archives.errors import NoInput, PitError, UsageError
from pit.archives.language import MAX_TEXT, LanguageError
from pit.filters import whatif
from pit.filters.positions import Positions
from pit.filters.prospect import Floor as Prospect
from pit.filters.prospect import Outcome, ask
from pit.filters.runner import Diverged, later
from pit.filters.views import holdings
from pit.pits.home import Home
from tests.filters.company import Company
from tests.filters.sessions import Archive, fills_of, found, replay
from tests.filters.synthetic import MEMBERS, Floor, trade
from tests.filters.test_adopt import by_hand
from tests.filters.test_db import write


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("PIT_HOME", str(tmp_path))
    monkeypatch.setenv("PIT", "acme")
    return Home(tmp_path)


def asked(home: Home, archive: Archive, who: str, *lines: str) -> Outcome:
    """What would follow, by the archive as it is."""
    write(home.archive("acme"), archive.entries)
    floor = Prospect(home, "acme")
    return ask(floor, who, whatif.text_of("\n".join(lines), floor), later(floor.pit.time))


def stands(archive: Archive, number: int, verbs: tuple[str, ...], *names: str) -> list[str]:
    """The directives of those verbs that stand after an entry and name one of these."""
    return [
        line
        for entry in archive.entries[number:]
        for line in entry.text.split("\n")
        if line.startswith(verbs) and any(name in line.split(" ") for name in names)
    ]


# --- what is said is what comes ----------------------------------------------------------------


@pytest.mark.parametrize("seed", range(12))
def test_what_it_says_is_what_comes_where_nothing_waits(home: Home, seed: int) -> None:
    rng = random.Random(seed)
    floor = trade(seed, 16, cash="700")
    for _ in range(6):
        who, side = rng.choice(MEMBERS), rng.choice(["buy", "sell"])
        code = rng.choice(["RAIN", "RAIN.2", "RAIN.3", "SNOW", "ACME"])
        dear = {"SNOW": "0.8", "ACME": "11.00"}.get(code, str(rng.randint(50, 56)))
        cheap = {"SNOW": "0.2", "ACME": "9.00"}.get(code, str(rng.randint(44, 50)))
        text = f"{side} {rng.randint(1, 12)} {code} @ {dear if side == 'buy' else cheap}"
        if rng.random() < 0.2:
            text = rng.choice(["transfer 30.00 EUR to bob", "withdraw 50.00 EUR"])
        elif rng.random() < 0.3:
            text += rng.choice(["\n  tif: ioc", "\n  tif: fok", "\n  post-only: yes"])
        told = asked(home, floor.archive, who, text)
        number = floor.say(who, *text.split("\n"))
        name = f"{who}/{number}"
        assert (told.entry, told.waiting, told.owed) == (number, [], [])
        answers = stands(floor.archive, number, ("accept ", "refuse "), name)
        assert [
            f"{row['answer']} {who}/{row['ref']}" + (f' "{row["why"]}"' if row["why"] else "")
            for row in told.answers
        ] == answers
        fills = [
            (row["quantity"], row["ticker"], row["price"], {row["order"], row["with"]})
            for row in told.fills
        ]
        assert fills == [
            (words[1], words[2], words[4], {*words[5:7]})
            for words in (one.split() for one in stands(floor.archive, number, ("fill ",), name))
        ]
        leaves = [f"leaves {row['order']} {row['quantity']} {row['why']}" for row in told.leaves]
        assert leaves == stands(floor.archive, number, ("leaves ",), name)
        run = replay(floor.archive, Positions)
        assert isinstance(run.filter, Positions)
        now = [
            {key: row[key] for key in ("account", "asset", "balance", "held", "available")}
            for row in holdings(run.filter, run.pit, who)
        ]
        assert now == [
            {
                "account": row["account"],
                "asset": row["asset"],
                **{key: row[f"{key} after"] for key in ("balance", "held", "available")},
            }
            for row in told.balances
        ]


def test_fees_are_those_that_the_fills_cost(home: Home) -> None:
    floor = Floor(fee="maker 0.001 taker 0.003")
    maker = floor.say("bob", "sell 5 ACME @ 10.00")
    told = asked(home, floor.archive, "alice", "buy 8 ACME @ 10.00")
    assert told.fills == [
        {
            "order": f"alice/{told.entry}",
            "side": "buy",
            "quantity": "5",
            "ticker": "ACME",
            "price": "10.00",
            "with": f"bob/{maker}",
            "fee": "0.15",
            "currency": "EUR",
        }
    ]
    (rest,) = told.rests
    assert (rest["order"], rest["left"], rest["state"]) == (f"alice/{told.entry}", "3", "working")


def test_cover_is_said_before_and_after(home: Home) -> None:
    floor = Floor()
    floor.say("alice", "sell 1 RAIN @ 50")
    floor.say("bob", "buy 1 RAIN @ 50", "sell 4 RAIN.2 @ 50")
    told = asked(home, floor.archive, "alice", "buy 4 RAIN.2 @ 50")
    assert [(row["driver"], row["cover"], row["cover after"]) for row in told.cover] == [
        ("RAIN", "50.00", "30.00")
    ]
    first = asked(home, floor.archive, "carol", "buy 2 SNOW @ 0.5")
    assert [(row["driver"], row["cover"], row["cover after"]) for row in first.cover] == [
        ("SNOW", "0.00", "1.00")
    ]


def test_a_refusal_comes_with_the_keepers_arithmetic(home: Home) -> None:
    told = asked(home, Floor().archive, "alice", "buy 30 RAIN @ 50")
    (answer,) = told.answers
    assert answer["answer"] == "refuse"
    assert answer["why"].startswith("buy 30 @ 50 needs 1500.00 EUR more (at RAIN = 0.00 ")
    assert answer["why"].endswith("; available 1000.00 = balance 1000.00")
    assert told.said == [f"{told.entry}: refused: {answer['why']}"]


def test_a_replace_that_crosses_trades_the_order_that_it_names(home: Home) -> None:
    floor = Floor()
    floor.say("bob", "sell 2 ACME @ 10.00")
    order = floor.say("alice", "buy 5 ACME @ 9.00")
    told = asked(home, floor.archive, "alice", f"replace {order} 5 @ 10.00")
    assert [(row["order"], row["quantity"]) for row in told.fills] == [(f"alice/{order}", "2")]
    assert [row["why"] for row in told.leaves] == [f"replaced {told.entry}"]
    assert [row["left"] for row in told.rests] == ["3"]


def test_a_settlement_without_a_window_pays_at_once(home: Home) -> None:
    floor = Floor()
    floor.say("alice", "buy 1 RAIN @ 50")
    floor.say("bob", "sell 1 RAIN @ 50")
    told = asked(home, floor.archive, "issuer", "settle RAIN 47")
    assert told.said == ["then stands `settled RAIN 47.00`"]


def test_a_combination_trades_in_all_its_markets_or_is_killed(home: Home) -> None:
    floor = Floor()
    floor.say("bob", "sell 2 RAIN.2 @ 50", "buy 2 RAIN @ 48")
    legs = ("  legs:", "    +1 RAIN.2", "    -1 RAIN")
    told = asked(home, floor.archive, "alice", "combo 2 @ 2", *legs)
    assert [(row["side"], row["ticker"], row["price"]) for row in told.fills] == [
        ("buy", "RAIN.2", "50.00"),
        ("sell", "RAIN", "48.00"),
    ]
    assert [row["cover after"] for row in told.cover] == ["84.00"]  # 2 x 52 - 2 x 10, at 100
    killed = asked(home, floor.archive, "alice", "combo 2 @ 1", *legs)
    assert (killed.fills, [row["why"] for row in killed.leaves]) == ([], ["killed"])


def test_the_answers_of_both_sides_to_a_bust_are_said(home: Home) -> None:
    floor = Floor()
    floor.say("alice", "buy 1 ACME @ 10.00")
    floor.say("bob", "sell 1 ACME @ 10.00")
    (fill,) = fills_of(floor.archive)
    told = asked(home, floor.archive, "operator", f'bust {fill} "a mistake"')
    assert [(row["of"], row["answer"]) for row in told.answers] == [
        ("alice", "accept"),
        ("bob", "accept"),
    ]
    assert told.said == [f"then stands `accept {who}/{told.entry}`" for who in ("alice", "bob")]


def test_filters_whose_words_the_pit_has_taken_have_their_part(home: Home) -> None:
    firm = Company({"alice": 60, "bob": 40})
    told = asked(home, firm.archive, "issuer", "dividend FIRM 100.00 EUR")
    assert [row["answer"] for row in told.answers] == ["accept"]
    (cash,) = [row for row in told.balances if row["asset"] == "EUR"]
    before, after = (Decimal(cash[key]) for key in ("balance", "balance after"))
    assert before - after == 100
    assert cash["held after"] == cash["held"]


def test_what_waits_above_it_is_named(home: Home) -> None:
    floor = Floor()
    waits = floor.post("bob", "sell 1 ACME @ 10.00", "withdraw 5.00 EUR")
    told = asked(home, floor.archive, "alice", "buy 1 ACME @ 10.00")
    assert told.waiting == [f"bob/{waits}", f"bob/{waits}.2"]
    assert [row["with"] for row in told.fills] == [f"bob/{waits}"]


def test_what_was_owed_before_is_no_fill_of_it(home: Home) -> None:
    floor = Floor()
    floor.say("alice", "buy 1 ACME @ 10.00")
    waits = floor.post("bob", "sell 1 ACME @ 10.00")
    keeper = floor.running[0]
    for draft in keeper.mails(floor.archive):
        floor.archive.post(draft)
    floor.archive.seal()
    told = asked(home, floor.archive, "alice", "buy 1 ACME @ 9.00")
    assert len(told.owed) == 1 and f"bob/{waits}" in told.owed[0]
    assert told.fills == [] and told.waiting == []


def test_what_is_not_owed_stops_it_as_it_stops_the_filter(home: Home) -> None:
    floor = Floor()
    order = floor.say("alice", "buy 5 ACME @ 9.00")
    by_hand(floor.archive, "match", "sam", f"leaves alice/{order} 0 cancelled")
    with pytest.raises(Diverged, match="what stands is not what is owed"):
        asked(home, floor.archive, "carol", "buy 1 ACME @ 9.00")


# --- as printed --------------------------------------------------------------------------------


def say(monkeypatch: pytest.MonkeyPatch, text: bytes, *args: str) -> int:
    """`pit whatif -` with that on stdin."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
    return whatif.main(["-", *args])


def test_nothing_is_written_and_json_says_what_the_page_says(
    home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write(home.archive("acme"), Floor().archive.entries)
    before = {path: path.stat().st_mtime_ns for path in home.root.rglob("*")}
    assert say(monkeypatch, b"buy 1 RAIN @ 50\n", "--as", "alice") == 0
    page = capsys.readouterr().out
    assert say(monkeypatch, b"buy 1 RAIN @ 50\n", "--as", "alice", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert [*told] == [*Outcome._fields]
    assert page.splitlines()[1] == told["said"][0]
    assert "now   1000.00   0.00    1000.00\n" in page
    assert "then  1000.00  50.00     950.00\n" in page
    assert {path: path.stat().st_mtime_ns for path in home.root.rglob("*")} == before


def test_talk_leads_to_nothing(
    home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = Floor().archive
    write(home.archive("acme"), archive.entries)
    assert say(monkeypatch, b'say "hello"\r\n', "--as", "alice") == 0
    number = len(archive.entries) + 1
    said = f"as entry {number}, by alice:\nnothing follows from it for alice\n"
    assert capsys.readouterr().out == said


def test_at_is_the_time_that_counts(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    write(home.archive("acme"), Floor().archive.entries)
    order = b"buy 1 RAIN @ 50\n  until: 2026-12-01\n"
    floor = Prospect(home, "acme")
    told = ask(floor, "alice", whatif.text_of(order.decode(), floor), "2026-12-02T00:00:00.000000Z")
    assert [row["answer"] for row in told.answers] == ["refuse"]
    for wrong in ("2020-01-01", "yesterday", "2026-13-01"):
        with pytest.raises(UsageError):
            say(monkeypatch, order, "--as", "alice", "--at", wrong)


def test_a_whole_text_is_taken_as_it_is(home: Home) -> None:
    archive = Floor().archive
    root = archive.entries[archive.sealed].text.split("root: ")[1][:64]
    write(home.archive("acme"), archive.entries)
    for head in (f"id: {archive.id[:16]}", f"after: {archive.sealed} {root}"):
        floor = Prospect(home, "acme")
        text = whatif.text_of(f"# mine\npit acme\n  {head}\nbuy 1 RAIN @ 50", floor)
        assert text == f"# mine\npit acme\n  {head}\nbuy 1 RAIN @ 50\n"
        whatif.check(text, "alice", later(floor.pit.time), floor, home)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "nothing to say"),
        (b"\n\n", "nothing to say"),
        (b"buy 1 RAIN @ 12,50\n", "'12,50' is not a price"),
        (b"frobnicate\n", "is not a word of this pit"),
        (b"show book\n", "is not a word of this pit"),
        (b"\xff\xfe", "stdin: byte 0 is not UTF-8"),
        (b"buy 1 RAIN @ 50\x1b[2J\n", "U\\+001B"),
        (b"x" * (MAX_TEXT + 9), "stdin: longer than 262144 bytes"),
        (b"pit other\n  id: 0123456789abcdef\nbuy 1 RAIN @ 50\n", "it is for the pit other"),
        (b"pit acme\nbuy 1 RAIN @ 50\n", "line 2: .* `id: "),
        (b"pit acme\n  id: 0123456789abcdef\nbuy 1 RAIN @ 50\n", "line 2: .* `id: "),
        (b"pit acme\n  after: 3 " + b"0" * 64 + b"\nbuy 1 RAIN @ 50\n", "no seal 3 with that root"),
        (b"pit acme\n  after: 999999 " + b"0" * 64 + b"\nbuy 1 RAIN @ 50\n", "no seal 999999"),
        (b"issue 5 ACME\n", "line 3: the notary would refuse it: `issue` is for issuer"),
        (b"buy 1 RAIN @ 50\naccept alice/1\n", "line 4: .*must stand in a report"),
        (b'market RAIN "again"\n  min: 0\n  max: 1\n', "`market` is for issuer"),
    ],
)
def test_what_the_notary_would_refuse_is_refused_with_its_line(
    home: Home, monkeypatch: pytest.MonkeyPatch, text: bytes, said: str
) -> None:
    write(home.archive("acme"), Floor().archive.entries)
    with pytest.raises(PitError, match=said) as caught:
        say(monkeypatch, text, "--as", "alice")
    assert caught.value.status == LanguageError.status == 65


def test_who_is_suspended_says_nothing(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    floor = Floor()
    floor.say("operator", "suspend alice")
    write(home.archive("acme"), floor.archive.entries)
    with pytest.raises(PitError, match="alice is suspended"):
        say(monkeypatch, b"buy 1 RAIN @ 50\n", "--as", "alice")


def test_what_is_not_there_is_said(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NoInput):
        say(monkeypatch, b"buy 1 RAIN @ 50\n", "--as", "alice")
    write(home.archive("acme"), found(["alice"], 1).entries)
    with pytest.raises(NoInput, match="nobody is not a member"):
        say(monkeypatch, b"buy 1 ACME @ 10.00\n", "--as", "nobody")
    for name in ("/nonexistent", str(home.root)):
        with pytest.raises(NoInput):
            whatif.main([name, "--as", "alice"])
    with pytest.raises(UsageError, match="which handle"):
        say(monkeypatch, b"buy 1 ACME @ 10.00\n")


def test_a_pit_without_keeper_answers_nothing(home: Home) -> None:
    archive = found(["alice"], 0)
    told = asked(home, archive, "alice", "buy 1 ACME @ 10.00")
    assert told.answers == [] and told.fills == []
