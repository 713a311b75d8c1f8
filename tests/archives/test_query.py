"""The terms of a search: what mairix is asked, what is looked for beside it, what is refused."""

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pit.archives.errors import UsageError
from pit.archives.query import Query, fold, parse

TODAY = date(2026, 11, 20)


def one(*terms: str) -> Query:
    return parse(terms, TODAY)


@pytest.mark.parametrize(
    ("term", "asked"),
    [
        ("buy", "buy"),
        ("BUY", "buy"),
        ("ACM=", "acm="),
        ("^ACM=", "^acm="),
        ("acme=2", "acme=2"),
        ("~buy", "~buy"),
        ("alice/bob", "alice/bob"),
        ("buy,acme/sell", "buy,acme/sell"),
        ("bs:buy", "bs:buy"),
        ("f:alice/bob", "f:alice/bob"),
        ("tc:~acme", "tc:~acme"),
        ("under_score", "under_score"),
        ("m:<4711.X@example.org>", "m:4711.x@example.org"),
        ("12/13", "12/13"),
    ],
)
def test_words_are_mairixs(term: str, asked: str) -> None:
    assert one(term) == Query((asked,), (), None, None, ())


@pytest.mark.parametrize(
    ("term", "asked", "text"),
    [
        ("12.50", "12,50", "buy 1 ACME @ 12.50"),
        ("alice/1042", "alice,1042", "fill 1 ACME @ 2 alice/1042 bob/3"),
        ("alice/1042.2", "alice,1042,2", "accept alice/1042.2"),
        ("b:12.50", "b:12,50", "12.50"),
        ("buy 100 ACME", "buy,100,acme", "Buy  100\nACME @"),
        ('"buy 100 ACME"', "buy,100,acme", "buy 100 ACME"),
        ('s:"alice/bob"', "s:alice,bob", "alice/bob"),
        ("alice@example.org", "alice,example,org", "<alice@example.org>"),
        ("alice/1042,buy", "alice,1042,buy", "alice/1042"),
        ("12.5=", "12=,^5=", "112.50"),
        ("^12.5=", "12,^5=", "12.50"),
        ("Grüße", "gr,sse", "GRÜSSE"),
        ("@", "", "buy 1 ACME @ 2"),
        ("日本", "", "in 日本."),
        ("ref: retirement-7", "ref,retirement,7", "  ref: retirement-7"),
        ("x" * 40 + "=", "x" * 31 + "=", "ax" + "x" * 40),
        ("-o", "o", "mairix -o x"),
        ("--help", "help", "mairix --help"),
        ("12:50:19", "12,50,19", "at 12:50:19."),
    ],
)
def test_other_terms_are_looked_for_as_they_stand(term: str, asked: str, text: str) -> None:
    query = one(term)
    (((branch),),) = query.terms
    (literal,) = branch.literals
    assert branch.asked == asked
    assert literal.pattern.search(fold(text))
    assert query.words == ()


@pytest.mark.parametrize(
    ("term", "text"),
    [
        ("12.50", "112.50"),
        ("12.50", "12.501"),
        ("12.50", "12 50"),
        ("alice/104", "alice/1042"),
        ("alice/1042", "malice/1042"),
        ("^12.5=", "112.50"),
        ("buy 100", "buy 1000"),
        ("Müll", "Müller"),
    ],
)
def test_a_text_does_not_begin_or_end_within_a_word(term: str, text: str) -> None:
    (((branch),),) = one(term).terms
    assert not branch.literals[0].pattern.search(fold(text))


def test_each_way_to_satisfy_a_term_is_one_branch() -> None:
    (branches,) = one("b:buy,12.50/~13.00,~sell/alice").terms
    assert [branch.asked for branch in branches] == ["b:buy,12,50", "b:~sell", "b:alice"]
    assert [[one.negate for one in branch.literals] for branch in branches] == [[False], [True], []]
    assert {one.keys for branch in branches for one in branch.literals} == {"b"}


def test_letters_say_where_a_text_is_looked_for() -> None:
    keys = {"1.2": "tcfsb", "a:1.2": "tcf", "r:1.2": "tc", "bs:1.2": "bs", "f:1.2": "f"}
    for term, letters in keys.items():
        (((branch),),) = one(term).terms
        assert branch.literals[0].keys == letters


@pytest.mark.parametrize(
    ("term", "first", "last"),
    [
        ("d:20261101-20261130", date(2026, 11, 1), date(2026, 11, 30)),
        ("d:20261120", date(2026, 11, 20), date(2026, 11, 20)),
        ("d:20261120-", date(2026, 11, 20), None),
        ("d:-20261120", None, date(2026, 11, 20)),
        ("d:2026", date(2026, 1, 1), date(2026, 12, 31)),
        ("d:2024-2025", date(2024, 1, 1), date(2025, 12, 31)),
        ("d:7d-", date(2026, 11, 13), None),
        ("d:2w-1w", date(2026, 11, 6), date(2026, 11, 13)),
        ("d:-1y", None, date(2025, 11, 20)),
        ("d:20240229", date(2024, 2, 29), date(2024, 2, 29)),
    ],
)
def test_days_are_in_utc_both_included(term: str, first: date | None, last: date | None) -> None:
    assert one(term) == Query((), (), first, last, ())


def test_several_ranges_of_days_must_all_hold() -> None:
    query = one("d:2026", "d:20261101-", "d:-20261130", "d:2020-")
    assert (query.first, query.last) == (date(2026, 11, 1), date(2026, 11, 30))


def test_sizes_are_from_to() -> None:
    terms = ("z:1k-20k", "z:20k-", "z:-500", "z:1M", "z:7-7")
    sizes = ((1024, 20480), (20480, -1), (0, 500), (0, 1 << 20), (7, 7))
    assert one(*terms).sizes == sizes


@pytest.mark.parametrize(
    ("term", "why"),
    [
        ("", "a word is missing"),
        ("~", "a word is missing"),
        ("buy,", "a word is missing"),
        ("/buy", "a word is missing"),
        ("f:", "a word is missing"),
        ('""', "nothing to look for"),
        ('"a"b', "double quotes stand around"),
        ('"a', "double quotes stand around|a word is missing"),
        ("from:alice", "'from:' is none of mairix's keys"),
        ("n:file", "'n:' is none"),
        ("p:path", "'p:' is none"),
        ("F:s", "'F:' is none"),
        ("d:", "no range of days"),
        ("d:-", "no range of days"),
        ("d:2026-11-20", "no range of days; write d:20261120"),
        ("d:261120", "no range of days"),
        ("d:mar", "no range of days"),
        ("d:20261131", "no range of days"),
        ("d:7d", "no range of days"),
        ("d:7q-", "no range of days"),
        ("d:99999999999y-", "no range of days"),
        ("d:" + "9" * 5000, "no range of days"),
        ("d:2027-2026", "ends before it begins"),
        ("z:x", "no range of sizes"),
        ("z:-", "no range of sizes"),
        ("z:20k-1k", "ends before it begins; write z:1k-20k"),
        ("m:", "no Message-ID"),
        ("m:a b", "no Message-ID"),
        ("x" * 32 + "=1", "31 characters"),
        ("acme=100", "99 errors"),
        ("12.50=1", "only a word"),
    ],
)
def test_what_mairix_would_misunderstand_is_refused(term: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        one(term)


@given(st.lists(st.text("abd:zmft ~^=\"',./12-\n\x00\u200bß", max_size=12) | st.text(), max_size=3))
def test_any_terms_are_read_or_refused(terms: list[str]) -> None:
    try:
        query = parse(terms, TODAY)
    except UsageError as error:
        assert str(error)
        return
    asked = [*query.words, *(branch.asked for term in query.terms for branch in term)]
    for words in asked:  # nothing that mairix would take for an option, or split elsewhere
        assert re.fullmatch(r"([tcfarsb]+:)?[a-z0-9_~^=,/]*|m:[!-~]+", words)
        assert not words.startswith("-")
