"""Names through the filter: who gets one, what releases, closes and renames it."""

import pytest

from pit.archives.language import parse_directives
from pit.archives.verbs import Directive
from pit.archives.words import CORE
from pit.filters import deadlines, shares
from pit.filters.govern import Govern
from pit.filters.holders import Holders
from pit.filters.listing import Listing
from pit.filters.match import Match
from pit.filters.naming import commitment
from pit.filters.positions import Positions
from pit.filters.runner import Diverged, Run
from tests.filters.naming import Names
from tests.filters.sessions import replay, state
from tests.filters.test_adopt import by_hand

ASK = ("listed", "unlisted")


def test_who_asks_alone_in_a_block_has_the_name_when_that_is_over() -> None:
    names = Names()
    asked = names.ticker("bob", "FIRM", block=7)
    names.say("alice", 'say "hello"', block=7, seconds=299)
    assert names.lines(*ASK) == [] and "FIRM" not in names.pit.tickers
    names.say("alice", 'say "hello"', block=8)
    assert names.lines(*ASK) == [f"listed FIRM bob/{asked}"]
    assert names.pit.tickers["FIRM"].issuer == "bob"
    assert names.pit.specialists["FIRM"].handle == "sue"


def test_all_who_ask_in_one_block_are_refused_and_one_can_ask_again() -> None:
    names = Names()
    one, two = (names.ticker(who, "FIRM", block=7) for who in ("bob", "carol"))
    late = names.ticker("bob", "FIRM", block=8)
    assert names.lines(*ASK) == [
        f'unlisted FIRM bob/{one} "carol/{two} asked for it in block 7, too"',
        f'unlisted FIRM carol/{two} "bob/{one} asked for it in block 7, too"',
    ]
    names.ticker("carol", "FIRM", block=9)
    assert names.lines(*ASK)[2:] == [f"listed FIRM bob/{late}"]  # the notary refuses carol's
    assert names.pit.tickers["FIRM"].issuer == "bob"


def test_who_asks_while_the_answer_of_an_earlier_block_is_not_out_gets_nothing() -> None:
    names = Names(quiet=True)
    one = names.ticker("bob", "FIRM", block=7)
    two = names.ticker("carol", "FIRM", block=8)
    names.say("alice", 'say "hello"', block=9)
    names.quiet = False
    names.say("alice", 'say "hello"', block=10)
    assert sorted(names.lines(*ASK)) == [
        f"listed FIRM bob/{one}",
        f'unlisted FIRM carol/{two} "bob/{one} has it"',
    ]


def test_who_comes_first_has_the_name_at_once_where_that_is_the_rule() -> None:
    names = Names("rule name-conflict first")
    asked = names.ticker("bob", "FIRM")
    assert names.lines(*ASK) == [f"listed FIRM bob/{asked}"]
    names.ticker("carol", "FIRM")
    assert names.lines(*ASK) == [f"listed FIRM bob/{asked}"]  # the notary refuses this one
    assert names.pit.tickers["FIRM"].issuer == "bob"


def test_who_committed_to_a_name_in_an_earlier_block_has_it() -> None:
    names = Names("rule name-conflict commit", "rule reveal 3")
    names.say("bob", f"commit {commitment('FIRM', 'bob', 'x7')}", block=10)
    same = names.ticker("bob", "FIRM", "salt: x7", block=10)
    stolen = names.ticker("carol", "FIRM", "salt: x7", block=11)
    bare = names.ticker("bob", "FIRM", block=11)
    good = names.ticker("bob", "FIRM", "salt: x7", block=13)
    bob, carol = (commitment("FIRM", who, "x7") for who in ("bob", "carol"))
    assert names.lines(*ASK) == [
        f"unlisted FIRM bob/{same} \"no `commit` of bob's in the 3 blocks before block 10 is "
        f"{bob}, the sha256 of 'FIRM bob x7'\"",
        f"unlisted FIRM carol/{stolen} \"no `commit` of carol's in the 3 blocks before block 11 is "
        f"{carol}, the sha256 of 'FIRM carol x7'\"",
        f'unlisted FIRM bob/{bare} "names are committed to first: `commit` the sha256 of CODE '
        'HANDLE SALT, then `salt:`"',
        f"listed FIRM bob/{good}",
    ]


def test_a_commitment_is_good_for_so_many_blocks() -> None:
    names = Names("rule name-conflict commit", "rule reveal 3")
    names.say("bob", f"commit {commitment('FIRM', 'bob', 'x7')}", block=10)
    names.ticker("bob", "FIRM", "salt: x7", block=14)
    assert names.lines("listed") == [] and len(names.lines("unlisted")) == 1


def test_a_name_without_shares_is_released_after_8064_blocks() -> None:
    names = Names("rule name-conflict first")
    names.ticker("bob", "FIRM", block=100)
    names.ticker("bob", "LATE", block=100)
    assert names.pit.names["FIRM"].created == 100
    names.say("bob", "issue 5 LATE", block=8163, seconds=299)
    assert names.balance("bob", "LATE") == 5
    late = names.say("bob", "issue 5 FIRM", block=8164)
    assert names.lines("refuse")[-1] == (
        f'refuse bob/{late} "FIRM was released: no shares by block 8164"'
    )
    assert names.lines("closing", "ended") == [
        'closing FIRM "released: no shares by block 8164"',
        "ended FIRM",
    ]
    asked = names.ticker("carol", "FIRM")
    assert names.lines("listed")[-1] == f"listed FIRM carol/{asked}"
    assert names.pit.tickers["FIRM"].issuer == "carol" and not names.pit.tickers["FIRM"].closed
    assert names.pit.names["FIRM"].created == 8164


def test_who_asks_for_a_released_name_waits_until_nothing_of_the_old_one_is_open() -> None:
    names = Names("rule name-conflict first")
    names.ticker("bob", "FIRM", block=100)
    order = names.say("alice", "buy 5 FIRM @ 2.00", block=101)
    names.quiet = True
    asked = names.ticker("carol", "FIRM", block=8164)
    names.quiet = False
    names.say("alice", 'say "hello"', block=8165)
    closing = names.lines("leaves")[-1]
    assert closing.startswith(f"leaves alice/{order} 0 cancelled ")
    assert names.lines("closing", "ended", *ASK)[1:] == [
        'closing FIRM "released: no shares by block 8164"',
        "ended FIRM",
        f"listed FIRM carol/{asked}",
    ]
    assert names.pit.tickers["FIRM"].issuer == "carol"


def test_an_issue_that_is_refused_keeps_no_name() -> None:
    names = Names("rule name-conflict first", "rule name-rest 10")
    names.ticker("bob", "FIRM", block=100)
    names.say("bob", "issue 0.5 FIRM", "issue 0 FIRM", block=101)
    assert names.pit.names["FIRM"].issued == ()
    names.ticker("bob", "KEPT", block=101)
    names.say("bob", "issue 1.00 KEPT", block=101)
    names.say("alice", 'say "hello"', block=110)
    assert names.lines("ended") == ["ended FIRM"]


def test_a_name_that_is_closed_without_shares_rests() -> None:
    names = Names("rule name-conflict first", "rule name-rest 10")
    names.ticker("bob", "FIRM", block=100)
    order = names.say("alice", "buy 5 FIRM @ 2.00", block=101)
    close = names.say("bob", "close FIRM", block=102)
    assert names.lines("closing", "ended") == [f'closing FIRM "by bob/{close}"', "ended FIRM"]
    assert names.lines("leaves")[-1].startswith(f"leaves alice/{order} 0 cancelled ")
    again = names.say("alice", "buy 5 FIRM @ 2.00")
    assert names.lines("refuse")[-1] == f'refuse alice/{again} "FIRM is closed"'
    names.ticker("carol", "FIRM", block=111)
    assert len(names.lines("listed")) == 1
    assert names.pit.objection(asking("FIRM"), "carol") == "FIRM rests until block 112"
    names.ticker("carol", "FIRM", block=112)
    assert len(names.lines("listed")) == 2


def asking(code: str) -> Directive:
    """A `ticker` as a directive."""
    text = f'ticker {code} "A"\n  currency: EUR\n  tick: 0.01\n  lot: 1\n  specialist: sue\n'
    return parse_directives(text, CORE).directives[0]


def shared(*rules: str) -> Names:
    """FIRM is bob's: alice has 60 shares, carol 40; bids and asks stand."""
    names = Names("rule name-conflict first", *rules)
    names.ticker("bob", "FIRM", block=100)
    names.say("bob", "issue 100 FIRM")
    names.say("bob", "transfer 60 FIRM to alice", "transfer 40 FIRM to carol")
    names.say("alice", "sell 10 FIRM @ 3.00")
    names.say("carol", "buy 10 FIRM @ 2.00")
    return names


HAS = (
    "FIRM has shares; it is closed while there are none, or under a motion that passed "
    "(`kind: close`)"
)


def closed_by_motion() -> Names:
    """FIRM of which the holders have let bob void all shares; he has said so."""
    names = shared()
    early = names.say("bob", "close FIRM")
    assert names.lines("refuse")[-1] == f'refuse bob/{early} "{HAS}"'
    motion = names.say("alice", 'motion FIRM "Wind it up"', "  expires: 1d", "  kind: close")
    names.say("alice", f"vote {motion} yes")
    names.say("carol", f"vote {motion} yes")
    names.say("alice", 'say "a day later"', block=100 + 289)
    (line,) = names.lines("closable")
    assert line.startswith(f"closable FIRM alice/{motion} until 2027-02-")
    names.say("bob", "close FIRM")
    return names


def test_what_has_shares_is_closed_under_a_motion_that_passed() -> None:
    names = closed_by_motion()
    assert names.lines("ended") == ["ended FIRM"]
    run = names.run("positions")
    assert not any(asset == "FIRM" for (who, asset) in run.filter.accounts.balances)  # type: ignore[attr-defined]
    assert "FIRM" not in run.record.totals
    assert [line.split()[0] for line in names.lines("leaves")] == ["leaves", "leaves"]
    assert names.run("govern").filter.holders["FIRM"].now == {}  # type: ignore[attr-defined]
    assert names.pit.permits == {} and names.pit.closes == {}


def test_who_takes_a_name_that_was_closed_has_nothing_of_the_old_one() -> None:
    names = closed_by_motion()
    block = names.pit.names["FIRM"].closed
    assert block == 100 + 289
    names.ticker("carol", "FIRM", block=block + 8063)
    assert len(names.lines("listed")) == 1
    names.ticker("carol", "FIRM", block=block + 8064)
    assert len(names.lines("listed")) == 2
    names.say("carol", "issue 7 FIRM")
    assert names.run("positions").record.totals["FIRM"] == 7
    assert names.balance("alice", "FIRM") == 0 and names.balance("carol", "FIRM") == 7
    early = names.say("carol", "close FIRM")
    assert names.lines("refuse")[-1] == f'refuse carol/{early} "{HAS}"'


def test_while_it_closes_nothing_is_traded_issued_moved_or_given() -> None:
    names = closed_by_motion()
    for member, text, why in (
        ("alice", "buy 1 FIRM @ 1.00", "FIRM is closed"),
        ("bob", "issue 1 FIRM", "FIRM is closed"),
        ("bob", "dividend FIRM 1 EUR", "FIRM is closed"),
        ("alice", "transfer 1 FIRM to bob", "FIRM is closed"),
        ("bob", "close FIRM", "FIRM is closed"),
    ):
        entry = names.say(member, text)
        assert names.lines("refuse")[-1] == f'refuse {member}/{entry} "{why}"'
    names.say("alice", 'motion FIRM "What?"', "  expires: 1d")
    assert names.lines("uncounted")[-1].endswith('"FIRM is closed"')


def test_a_ticker_goes_on_under_another_name() -> None:
    names = shared()
    names.ticker("bob", "NEW")
    said = names.say("bob", "synonym FIRM NEW")
    assert names.lines("closing", "synonyms", "preferred") == [
        f'closing NEW "by bob/{said}: a name of FIRM"',
        f"preferred FIRM NEW bob/{said}",
        "synonyms NEW of FIRM",
    ]
    assert (names.pit.aliases, names.pit.preferred) == ({"NEW": "FIRM"}, {"FIRM": "NEW"})
    order = names.say("carol", "buy 10 NEW @ 3.00")
    assert names.lines("fill")[-1].startswith("fill 10 FIRM @ 3.00 carol/")
    names.say("alice", "transfer 5 NEW to bob")
    assert names.balance("bob", "FIRM") == 5 and order
    third = names.ticker("bob", "NEWER")
    assert names.lines("listed")[-1] == f"listed NEWER bob/{third}"
    names.say("bob", "synonym NEW NEWER")
    assert names.pit.aliases == {"NEW": "FIRM", "NEWER": "FIRM"}
    assert names.pit.preferred == {"FIRM": "NEWER"}
    assert names.pit.objection(asking("NEW"), "carol") == "NEW is another name of FIRM"


def test_names_of_a_ticker_without_shares_become_the_preferred_one() -> None:
    names = Names("rule name-conflict first", "rule name-rest 1000")
    for code in ("OLD", "ODD", "NEW"):
        names.ticker("bob", code, block=100)
    names.say("bob", "synonym OLD ODD NEW")
    assert names.pit.aliases == {"OLD": "NEW", "ODD": "NEW"} and names.pit.preferred == {}
    names.say("bob", "issue 5 OLD")
    assert names.balance("bob", "NEW") == 5
    assert names.pit.closes == {}


def test_other_names_end_with_the_ticker() -> None:
    names = Names("rule name-conflict first", "rule name-rest 1000")
    for code in ("OLD", "NEW"):
        names.ticker("bob", code, block=100)
    names.say("bob", "synonym OLD NEW")
    names.say("bob", "close OLD", block=200)
    assert names.lines("ended") == ["ended NEW"]
    assert names.pit.aliases == {}
    for code in ("OLD", "NEW"):
        assert names.pit.objection(asking(code), "carol") == f"{code} rests until block 1200"
    for code in ("OLD", "NEW"):
        names.ticker("carol", code, block=1200)
    assert len(names.lines("listed")) == 4


WRONG = [
    ("carol", "close FIRM", "FIRM is bob's, not carol's"),
    ("bob", "close NONE", "NONE is not listed"),
    ("bob", "synonym FIRM NONE", "NONE is not listed"),
    ("bob", "synonym FIRM ACME", "ACME is issuer's, not bob's"),
    ("bob", "synonym FIRM MORE FIRM", "FIRM is named twice, by whichever of its names"),
    ("bob", "synonym FIRM SHORT", "SHORT differs from FIRM in currency, lot or `short:`"),
    (
        "bob",
        "synonym FIRM FULL",
        "FIRM and FULL both have shares; of these names at most one may",
    ),
]


def test_what_cannot_be_is_refused_and_the_answer_says_why() -> None:
    names = shared()
    names.ticker("bob", "MORE")
    names.ticker("bob", "MOST")
    names.ticker("bob", "SHORT", "short: allowed")
    names.ticker("bob", "FULL")
    names.say("bob", "issue 1 FULL")
    for member, text, why in WRONG:
        entry = names.say(member, text)
        assert names.lines("refuse")[-1] == f'refuse {member}/{entry} "{why}"'
    short = names.say("alice", "sell 1 SHORT @ 2.00")
    why = "there is no SHORT yet; nobody can sell it short"
    assert names.lines("refuse")[-1] == f'refuse alice/{short} "{why}"'
    first = names.say("bob", "issue 1 MOST", "close MOST")
    assert names.lines("refuse")[-1] == f'refuse bob/{first}.2 "{HAS.replace("FIRM", "MOST")}"'
    both = names.say("bob", "close MORE", "issue 1 MORE")
    why = f"MORE is to be closed or renamed by entry {both}"
    assert names.lines("refuse")[-1] == f'refuse bob/{both}.2 "{why}"'
    assert names.lines("ended") == ["ended MORE"]


def test_what_is_asked_for_is_nobody_elses_meanwhile() -> None:
    names = Names()
    names.ticker("bob", "FIRM", block=7)
    names.say("operator", 'asset FIRM "Francs"')
    assert "FIRM" not in names.pit.assets


def test_the_holders_of_a_ticker_that_is_closed_govern_no_pit() -> None:
    names = Names("rule name-conflict first")
    names.ticker("bob", "FIRM")
    names.say("operator", "rule governed-by FIRM")
    assert names.pit.rule("governed-by") == "FIRM"
    names.ticker("bob", "NEW")
    names.say("bob", "synonym FIRM NEW")
    assert names.pit.rule("governed-by") == "NEW"
    names.say("bob", "close FIRM")
    assert names.lines("ended") == ["ended NEW"] and names.pit.rule("governed-by") == "none"


def test_what_was_listed_before_counts_as_if_it_had_shares() -> None:
    names = Names("rule name-rest 5")
    names.say("alice", 'say "hello"', block=100)
    names.say("issuer", "close ACME")
    assert '"ACME has shares; it is closed while' in names.lines("refuse")[-1]
    assert names.lines("closing") == []


def test_views_show_the_preferred_name_what_is_asked_for_and_what_is_released_when() -> None:
    names = shared()
    names.ticker("bob", "NEW")
    names.say("operator", "rule name-conflict reject-all")
    names.say("bob", "synonym FIRM NEW")
    asked = names.ticker("carol", "ORB", block=200)
    match = names.run("match")
    rows = {row["ticker"]: row for row in shares.listed(match, Holders())}
    assert [*rows] == ["ACME", "BETA", "CHAR", "NEW (was FIRM)", "ORB (asked for)"]
    assert rows["NEW (was FIRM)"]["shares"] == "100" and rows["NEW (was FIRM)"]["bid"] == "2.00"
    (row,) = deadlines.names(match.pit, "carol")
    assert (row["which"], row["ticker"]) == (f"carol/{asked}", "ORB")
    assert row["what"] == "his if nobody else asks until then"
    assert row["until"] == "2026-11-21T01:40:00.000001Z"  # 200 blocks after the first entry
    names.say("alice", 'say "hello"', block=201)
    (row,) = deadlines.names(names.pit, "carol")
    assert row["what"] == "released then unless shares are issued"
    assert row["until"] == "2026-12-19T01:35:00.000001Z"  # block 8,264 begins
    names.say("carol", "issue 5 ORB")
    assert [*deadlines.names(names.pit, "carol")] == []


def adopted(names: Names, entry: int) -> list[str]:
    """A report that is not what is owed stands: the filter stops until it is adopted. What stands
    of names then."""
    listing = next(one for one in names.running if one.run.filter.name == "listing")
    with pytest.raises(Diverged, match=f"entry {entry}.2, lane "):
        listing.mails(names.archive)
    names.quiet = True
    names.say("operator", f"adopt {entry}")
    names.quiet = False
    names.say("alice", 'say "hello"')
    assert state(listing.run) == state(replay(names.archive, Listing))
    assert listing.run.drafts() == []
    return names.lines(*ASK, "closing", "ended", "synonyms", "preferred")


def test_a_name_that_was_wrongly_given_to_another_is_his_once_that_is_adopted() -> None:
    names = Names("rule name-conflict first", quiet=True)
    bob, carol = names.ticker("bob", "FIRM"), names.ticker("carol", "FIRM")
    entry = by_hand(names.archive, "listing", "sue", f"listed FIRM carol/{carol}")
    assert adopted(names, entry) == [
        f"listed FIRM carol/{carol}",
        f'unlisted FIRM bob/{bob} "carol/{carol} has it"',
    ]
    assert names.pit.tickers["FIRM"].issuer == "carol" and names.pit.asked == {}


def test_a_name_that_was_wrongly_refused_is_nobodys_once_that_is_adopted() -> None:
    names = Names("rule name-conflict first", quiet=True)
    bob = names.ticker("bob", "FIRM")
    entry = by_hand(names.archive, "listing", "sue", f'unlisted FIRM bob/{bob} "no"')
    assert adopted(names, entry) == [f'unlisted FIRM bob/{bob} "no"']
    names.ticker("carol", "FIRM")
    assert names.pit.tickers["FIRM"].issuer == "carol"


def test_what_was_wrongly_ended_is_void_and_its_orders_are_forgotten() -> None:
    names = shared()
    motion = names.say("alice", 'motion FIRM "Wind it up"', "  expires: 1d", "  kind: close")
    names.say("alice", f"vote {motion} yes")
    names.say("carol", f"vote {motion} yes")
    names.say("alice", 'say "a day later"', block=100 + 289)
    names.quiet = True
    close = names.say("bob", "close FIRM")
    entry = by_hand(names.archive, "listing", "sue", 'closing FIRM "so"', "ended FIRM")
    listing = next(one for one in names.running if one.run.filter.name == "listing")
    with pytest.raises(Diverged, match=f'owed:   closing FIRM "by bob/{close}"'):
        listing.mails(names.archive)
    names.say("operator", f"adopt {entry}")
    run = replay(names.archive, Positions)
    assert isinstance(run.filter, Positions) and run.record.orders == {}
    assert run.filter.accounts.holds == {} and "FIRM" not in run.record.totals
    assert replay(names.archive, Listing).drafts() == []
    for make in (Positions, Listing, Match, Govern):
        again = Run(make())  # type: ignore[operator]
        again.feed(replay(names.archive, make).checkpoint())
        assert state(again) == state(replay(names.archive, make))


def test_nobody_else_gives_a_name_closes_a_ticker_or_ends_it() -> None:
    names = shared()
    names.quiet = True
    asked = names.ticker("carol", "ORB")
    for signer, line in (
        ("sam", f"listed ORB carol/{asked}"),
        ("sue", f"listed ORB bob/{asked}"),
        ("sue", f"listed ORE carol/{asked}"),
        ("sue", 'closing FIRM "so"'),
        ("sue", "ended FIRM"),
        ("sue", "synonyms FIRM of ACME"),
        ("sue", f"preferred FIRM ACME bob/{asked}"),
        ("sam", "closable FIRM alice/9 until 2030-01-01"),
    ):
        before = names.pit
        by_hand(names.archive, "listing", signer, line)
        after = names.pit
        assert (after.tickers, after.names, after.asked) == (
            before.tickers,
            before.names,
            before.asked,
        )
        assert after.permits == {} and after.aliases == {} and after.preferred == {}
    names.quiet = False
    names.say("alice", 'say "hello"')
    assert names.lines("listed")[-1] == f"listed ORB carol/{asked}"


def test_who_owes_shares_of_what_is_closed_owes_none_and_has_his_margin_back() -> None:
    names = Names("rule name-conflict first")
    names.ticker("bob", "FIRM", "short: allowed", block=100)
    names.say("bob", "issue 100 FIRM")
    names.say("bob", "transfer 60 FIRM to alice")
    names.say("alice", "buy 5 FIRM @ 2.00")
    names.say("carol", "sell 5 FIRM @ 2.00")
    names.say("carol", "sell 3 FIRM @ 4.00")
    assert names.balance("carol", "FIRM") == -5
    motion = names.say("alice", 'motion FIRM "Wind it up"', "  expires: 1d", "  kind: close")
    names.say("alice", f"vote {motion} yes")
    names.say("alice", 'say "a day later"', block=100 + 289)
    names.say("bob", "close FIRM")
    assert names.lines("ended") == ["ended FIRM"]
    run = replay(names.archive, Positions)
    kept = run.filter
    assert isinstance(kept, Positions)
    kept.margin.tidy()
    assert kept.accounts.holds == {} and kept.margin.positions == {} and kept.margin.last == {}
    assert not any(asset == "FIRM" for _, asset in kept.accounts.balances)
    cash = [names.balance(who) for who in ("alice", "carol")]
    assert cash == [10000000 - 1000, 10000000 + 1000]


@pytest.mark.parametrize("line", ["listed FIRM bob/{}", 'unlisted FIRM bob/{} "no"'])
def test_an_answer_before_the_block_is_over_stops_the_filter_and_can_be_adopted(line: str) -> None:
    names = Names(quiet=True)
    bob, carol = (names.ticker(who, "FIRM", block=7) for who in ("bob", "carol"))
    entry = by_hand(names.archive, "listing", "sue", line.format(bob))
    names.say("operator", f"adopt {entry}")
    names.quiet = False
    names.say("alice", 'say "hello"', block=8)
    listed = line.startswith("listed")
    answer = f'unlisted FIRM carol/{carol} "bob/{bob} has it"' if listed else f"carol/{carol}"
    assert answer in names.lines(*ASK)[1]
    assert names.pit.tickers["FIRM"].issuer == ("bob" if listed else "carol")
