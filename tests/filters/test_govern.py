"""Motions through the filter: who may move and vote, what is counted, what passes, what follows."""

from datetime import timedelta

import pytest

from pit.filters.amendments import rule_lines
from pit.filters.runner import Diverged
from tests.filters.company import Company
from tests.filters.sessions import Archive, settle
from tests.filters.test_adopt import by_hand

TABLE = [
    (100, 34, 16, "passed"),
    (100, 33, 17, "failed"),
    (100, 26, 8, "passed"),
    (100, 33, 0, "failed"),
    (100, 34, 0, "passed"),
    (100, 36, 13, "failed"),
    (100, 36, 14, "passed"),
    (3, 1, 0, "passed"),
    (4, 2, 0, "passed"),
    (1000, 333, 167, "failed"),
]


def voted(of: int, yes: int, no: int, *first: str) -> str:
    """The result of a motion of which alice holds and votes `yes`, bob `no`; carol the rest."""
    holdings = {"alice": yes, "bob": no, "carol": of - yes - no}
    firm = Company({who: number for who, number in holdings.items() if number}, treasury=50)
    for text in first:
        firm.say("issuer", text)
    motion = firm.motion("alice")
    firm.say("alice", f"vote {motion} yes")
    if no:
        firm.say("bob", f"vote {motion} no")
    firm.say("carol", 'say "time goes on"', hours=24)
    (line,) = firm.lines("result")
    assert line.startswith(f"result FIRM alice/{motion} ")
    return line.partition(f"alice/{motion} ")[2]


@pytest.mark.parametrize(("of", "yes", "no", "became"), TABLE)
def test_the_table_of_the_default_tally(of: int, yes: int, no: int, became: str) -> None:
    line = voted(of, yes, no)
    heads = 1 + (no > 0) + (of > yes + no)
    said = (
        f"{became} of {of} yes {yes} no {no} cast {yes + no} heads {heads} yes 1 no {int(no > 0)}"
    )
    assert line.startswith(said)
    if (yes, no) == (36, 14):
        assert line.endswith('"2 x 50 >= 100, 3 x 36 >= 2 x 50; PARADOX: one more no carried it"')


def test_by_approval_quorum_no_no_carries_anything() -> None:
    assert voted(100, 36, 13, "tally FIRM approval-quorum").startswith("passed ")
    assert "PARADOX" not in voted(100, 36, 14, "tally FIRM approval-quorum")


def test_by_heads_every_holder_has_one_vote() -> None:
    assert voted(100, 1, 60, "tally FIRM heads").startswith(
        "failed of 100 yes 1 no 60 cast 61 heads 3 yes 1 no 1"
    )
    assert voted(100, 1, 0, "tally FIRM heads").startswith("passed ")


def test_a_motion_ends_at_the_first_entry_at_or_past_its_expiry_before_that_entry_acts() -> None:
    firm = Company({"alice": 60, "bob": 40})
    motion = firm.motion("alice")
    firm.say("alice", f"vote {motion} yes", hours=23)
    assert firm.lines("result") == []
    late = firm.say("bob", f"vote {motion} no")
    assert firm.lines("result")[0].startswith(
        f"result FIRM alice/{motion} passed of 100 yes 60 no 0"
    )
    (answer,) = [line for line in firm.lines("uncounted") if f"bob/{late}" in line]
    assert f'"motion {motion} expired at ' in answer


def test_votes_are_those_of_the_record_date_whatever_was_given_away_since() -> None:
    firm = Company({"alice": 60, "bob:savings": 30, "bob": 10}, treasury=900)
    motion = firm.motion("alice")
    firm.say("alice", "transfer 60 FIRM to carol")
    firm.say("issuer", "transfer 900 FIRM to bob")
    votes = [firm.say(who, f"vote {motion} yes") for who in ("alice", "bob", "issuer", "operator")]
    assert firm.lines("counted", "uncounted")[1:] == [
        f'counted FIRM alice/{votes[0]} "yes with 60 FIRM"',
        f'counted FIRM bob/{votes[1]} "yes with 40 FIRM"',
        f'uncounted FIRM issuer/{votes[2]} "issuer\'s FIRM are the treasury; they have no vote"',
        f'uncounted FIRM operator/{votes[3]} "operator held no FIRM at entry {motion}, '
        'the record date"',
    ]
    firm.say("alice", 'say "later"', hours=24)
    assert "passed of 100 yes 100 no 0 cast 100 heads 2 yes 2 no 0" in firm.lines("result")[0]


def test_shares_held_for_an_order_vote_for_their_owner() -> None:
    firm = Company({"alice": 60, "bob": 40})
    firm.say("alice", "sell 60 FIRM @ 9.00")
    motion = firm.motion("bob")
    firm.say("alice", f"vote {motion} no")
    assert firm.lines("counted")[-1].endswith('"no with 60 FIRM"')


def test_the_last_valid_vote_counts_and_all_stay() -> None:
    firm = Company({"alice": 60, "bob": 40})
    motion = firm.motion("bob")
    firm.say("alice", f'vote {motion} no "at first"')
    second = firm.say("alice", f"vote {motion} yes")
    assert firm.lines("counted")[-1] == (
        f'counted FIRM alice/{second} "yes with 60 FIRM; the vote before counts no more"'
    )
    firm.say("alice", 'say "later"', hours=24)
    assert "passed of 100 yes 60 no 0 cast 60" in firm.lines("result")[0]


WRONG = [
    (["expires: 1d", "kind: issue"], "a motion of kind issue needs `quantity:`"),
    (["expires: 1d", "quantity: 5"], "a motion of kind text has no `quantity:`"),
    (["expires: 12h"], "a motion is open for 1 to 90 whole days; write 30d"),
    (["expires: 91d"], "a motion is open for 1 to 90 whole days; write 30d"),
    (["expires: 1d", "kind: issue", "quantity: 0"], "0 FIRM is nothing, or finer than"),
    (["expires: 1d", "kind: issue", "quantity: 0.5"], "0.5 FIRM is nothing, or finer than"),
    (["expires: 1d", "kind: rule", "change:", "  rule feee 1"], "there is no rule `feee`"),
    (["expires: 1d", "kind: rule", "change:", "  feee"], "'feee' is not a rule; write"),
]


def test_what_cannot_be_moved_is_not_counted_and_the_answer_says_why() -> None:
    firm = Company({"alice": 60, "bob": 40})
    for keys, why in WRONG:
        firm.say("alice", 'motion FIRM "What?"', *(f"  {key}" for key in keys))
        assert f'"{why}' in firm.lines("uncounted")[-1]
    firm.say("operator", 'motion FIRM "What?"', "  expires: 1d")
    assert "operator has no share of FIRM" in firm.lines("uncounted")[-1]
    vote = firm.say("alice", "vote 3 yes")
    assert firm.lines("uncounted")[-1] == (
        f'uncounted - alice/{vote} "entry 3 is no motion that is open"'
    )
    firm.say("alice", 'motion FIRM "' + "x" * 51 + '"', "  expires: 1d")
    assert "the title has 51 characters; write at most 50" in firm.lines("uncounted")[-1]


def test_how_motions_are_decided_is_fixed_by_the_first_one() -> None:
    firm = Company({"alice": 60, "bob": 40})
    firm.say("issuer", "tally FIRM heads")
    firm.say("alice", "tally FIRM shares")
    assert firm.lines("counted", "uncounted")[-1].endswith("\"FIRM is issuer's, not alice's\"")
    firm.motion("bob")
    firm.say("issuer", "tally FIRM shares")
    assert "FIRM has had a motion" in firm.lines("uncounted")[-1]


def passed(firm: Company, *keys: str) -> int:
    """A motion that bob and alice carry."""
    motion = firm.motion("bob", *keys)
    firm.say("alice", f"vote {motion} yes")
    firm.say("alice", 'say "later"', hours=24)
    return motion


def test_more_is_issued_only_under_a_motion_in_pieces_and_never_above_its_number() -> None:
    firm = Company({"alice": 60, "bob": 40})
    firm.say("issuer", "issue 1 FIRM")
    assert "1 FIRM is more than motions allow, 0: once there are units" in firm.lines("refuse")[-1]
    motion = passed(firm, "kind: issue", "quantity: 50")
    (line,) = firm.lines("mandate")
    assert line.startswith(f"mandate FIRM bob/{motion} 50 until 2027-02-")
    for number, issued in ((30, True), (30, False), (20, True), (1, False)):
        before = firm.balance("issuer", "FIRM")
        firm.say("issuer", f"issue {number} FIRM")
        assert firm.balance("issuer", "FIRM") - before == number * issued
    assert "1 FIRM is more than motions allow, 0" in firm.lines("refuse")[-1]


def test_a_motion_to_issue_is_good_for_90_days() -> None:
    firm = Company({"alice": 60, "bob": 40})
    passed(firm, "kind: issue", "quantity: 50")
    firm.say("issuer", "issue 10 FIRM", hours=24 * 89)
    assert firm.balance("issuer", "FIRM") == 10
    firm.say("issuer", "issue 10 FIRM", hours=24)
    assert firm.balance("issuer", "FIRM") == 10


def test_what_failed_allows_nothing() -> None:
    firm = Company({"alice": 60, "bob": 40})
    motion = firm.motion("bob", "kind: issue", "quantity: 50")
    firm.say("alice", f"vote {motion} no")
    firm.say("alice", 'say "later"', hours=24)
    assert firm.lines("result")[0].startswith(f"result FIRM bob/{motion} failed")
    firm.say("issuer", "issue 10 FIRM")
    assert firm.balance("issuer", "FIRM") == 0 and firm.lines("mandate") == []


def test_rules_are_changed_by_motion_from_the_entry_after_the_report() -> None:
    firm = Company({"alice": 60, "bob": 40})
    motion = passed(
        firm, "kind: rule", "change:", "  rule comment-length 20", "  rule title-length 9"
    )
    assert firm.lines("enacted") == [
        f"enacted FIRM bob/{motion} comment-length 20",
        f"enacted FIRM bob/{motion} title-length 9",
    ]
    assert firm.run("govern").pit.rule("comment-length") == 20
    assert firm.run("positions").pit.written["title-length"] == "9"


def test_a_diff_changes_what_it_found_and_lapses_where_that_has_changed_since() -> None:
    firm = Company({"alice": 60, "bob": 40})
    pit = firm.run("govern").pit
    lines = rule_lines(pit)
    at = lines.index("rule comment-length 200")
    diff = [
        "change:",
        "  --- rules",
        "  +++ rules",
        f"  @@ -{at},3 +{at},3 @@",
        f"   {lines[at - 1]}",
        "  -rule comment-length 200",
        "  +rule comment-length 30",
        f"   {lines[at + 1]}",
    ]
    passed(firm, "kind: rule", *diff)
    assert pit.rule("comment-length") == 30
    stale = firm.motion("bob", "kind: rule", *diff)
    assert "'rule comment-length 200' found; line" in firm.lines("uncounted")[-1]
    assert f"bob/{stale}" in firm.lines("uncounted")[-1]
    diff[5:7] = ["  -rule comment-length 30", "  +rule comment-length 31"]
    motion = firm.motion("bob", "kind: rule", *diff)
    firm.say("alice", f"vote {motion} yes")
    firm.say("operator", "rule comment-length 99")
    firm.say("alice", 'say "later"', hours=24)
    assert firm.lines("lapsed") == [
        f'lapsed FIRM bob/{motion} "rule comment-length is 99 now; the motion found it 30"'
    ]
    assert pit.rule("comment-length") == 99


def test_only_the_holders_of_the_ticker_that_governs_the_pit_change_its_rules() -> None:
    firm = Company({"alice": 60, "bob": 40})
    firm.say(
        "alice",
        'motion ACME "More"',
        "  expires: 1d",
        "  kind: rule",
        "  change:",
        "    rule comment-length 3",
    )
    assert (
        "changed by the holders of FIRM (`rule governed-by`), not by ACME"
        in (firm.lines("uncounted")[-1])
    )


def forged(archive: Archive, signer: str, *lines: str) -> None:
    """A report that no program made, as somebody's key could sign it."""
    sealed = archive.sealed
    root = archive.entries[sealed].text.partition("root: ")[2][:64]
    number = archive.numbers.get(("govern", signer), 0) + 1
    archive.numbers["govern", signer] = number
    text = f"pit acme\n  after: {sealed} {root}\nreport govern {number}\n"
    archive.append(signer, text + "".join(f"{line}\n" for line in lines))
    archive.seal()


def test_nobody_but_the_specialist_of_the_governing_ticker_enacts_a_rule() -> None:
    firm = Company({"alice": 60, "bob": 40})
    forged(firm.archive, "sam", "enacted FIRM bob/9 comment-length 3")
    forged(firm.archive, "sam", "mandate FIRM bob/9 100 until 2099-01-01T00:00:00Z")
    firm.say("issuer", "issue 10 FIRM")
    assert firm.run("govern").pit.rule("comment-length") == 200
    assert firm.balance("issuer", "FIRM") == 0


def test_a_wrong_result_that_is_adopted_is_taken_as_it_stands() -> None:
    firm = Company({"alice": 60, "bob": 40})
    motion = firm.motion("bob", "kind: issue", "quantity: 50")
    vote = firm.archive.say("alice", f"vote {motion} no", at=firm.now)
    firm.archive.seal()
    wrong = by_hand(firm.archive, "govern", "sue", f'uncounted FIRM alice/{vote} "no"')
    with pytest.raises(Diverged, match=f"adopt {wrong}"):
        settle(firm.archive, firm.running)
    firm.say("operator", f"adopt {wrong}")
    assert firm.lines("counted", "uncounted")[-1] == f'uncounted FIRM alice/{vote} "no"'
    lie = "of 100 yes 60 no 0 cast 60 heads 2 yes 1 no 0"
    firm.now += timedelta(hours=30)
    firm.archive.say("bob", 'say "later"', at=firm.now)
    firm.archive.seal()
    report = f'result FIRM bob/{motion} passed {lie} "so there"'
    wrong = by_hand(firm.archive, "govern", "sue", report)
    with pytest.raises(Diverged, match=" failed of 100 yes 0 no 60"):
        settle(firm.archive, firm.running)
    firm.say("operator", f"adopt {wrong}")
    assert len(firm.lines("result")) == len(firm.lines("mandate")) == 1
    firm.say("issuer", "issue 50 FIRM")
    assert firm.balance("issuer", "FIRM") == 50


def test_what_carries_a_motion_is_a_rule_as_in_force_when_it_was_moved() -> None:
    firm = Company({"alice": 10, "bob": 90})
    firm.say("operator", "rule majority 1/10 1/2")
    first = firm.motion("bob")
    firm.say("alice", f"vote {first} yes")
    firm.say("operator", "rule majority 1/2 1/2")
    second = firm.motion("bob")
    firm.say("alice", f"vote {second} yes")
    firm.say("alice", 'say "later"', hours=30)
    assert [line.split()[3] for line in firm.lines("result")] == ["passed", "failed"]
    assert firm.lines("result")[1].endswith('"2 x 10 < 100"')
