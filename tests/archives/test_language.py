"""The pit language: what `parse` takes, what it makes of it, and what it says to all else."""

import datetime
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pit.archives.language import (
    MAX_LINE,
    MAX_TEXT,
    LanguageError,
    Text,
    _quick,
    check_characters,
    parse,
    parse_directives,
    parse_slowly,
    show,
    show_text,
)
from pit.archives.verbs import Directive, Words
from pit.archives.words import CORE
from tests.archives.strategies import (
    STATE,
    VOCABULARIES,
    directives_of,
    letters,
    nearly,
    signed_texts,
)

ROOT = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
KEY = "13EB118BFA807CD3A68C5AD8F10E309DAB89221E"
UNTIL = "2026-12-01T17:00:00.000000Z"


def said(text: str) -> str:
    """What `parse` says to a text that is wrong."""
    with pytest.raises(LanguageError) as caught:
        parse(text, CORE)
    error = caught.value
    assert str(error) == f"line {error.line}, column {error.column}: {error.problem}"
    return str(error)


def only(line: str) -> Directive:
    """The one directive of a text for acme."""
    (directive,) = parse(f"pit acme\n{line}", CORE).directives
    return directive


# What a text means.


def test_the_example_of_the_design_reads_as_it_says() -> None:
    text = f"""\
pit acme
  after: 1040 {ROOT}
buy 100 ACME @ 12.50
  until: 2026-12-01T17:00:00Z
  ref: retirement-7
cancel 1012
"""
    read = parse(text, CORE)
    assert (read.pit, read.id, read.after) == ("acme", "", (1040, ROOT))
    buy, cancel = read.directives
    assert (buy.verb, *map(str, buy.args)) == ("buy", "100", "ACME", "12.50")
    assert dict(buy.keys) == {"until": UNTIL, "ref": "retirement-7"}
    assert cancel == Directive("cancel", ("1012",))
    assert read.lines == (3, 6)
    assert show_text(read, CORE) == text


def test_comments_and_empty_lines_mean_nothing() -> None:
    plain = (
        'pit acme\n  id: 0123456789abcdef\nbuy 1 ACME @ 2\n  ref: a\n  until: 2026-12-01\nsay "x"\n'
    )
    lines = plain.splitlines()
    expected = parse(plain, CORE)
    for gap in ("", "#", "# talk", "#buy 1 ACME @ 2"):
        for at in range(len(lines) + 1):
            text = "\n".join([*lines[:at], gap, gap, *lines[at:]]) + "\n"
            assert parse(text, CORE)[:4] == expected[:4], text


def test_the_lines_of_directives_count_comments_keys_and_blocks() -> None:
    text = (
        '# first\n\npit acme\n# second\nsay "a"\n\n'
        f'admit alice {KEY}\n  mail: a@example.org\n  key:\n    one\n\n    two\n\n\nsay "b"\n'
    )
    assert parse(text, CORE).lines == (5, 7, 15)


def test_a_text_need_not_end_with_a_line_end() -> None:
    for text in ("pit acme", 'pit acme\nsay "x"', "pit acme\ncancel 3\n--\n Alice"):
        assert parse(text, CORE) == parse(text + "\n", CORE)


def test_below_the_dashes_stands_what_is_indented_or_a_comment_or_empty() -> None:
    expected = parse("pit acme\ncancel 3\n", CORE)
    assert parse("pit acme\ncancel 3\n--\n", CORE) == expected
    assert parse("pit acme\ncancel 3\n--\n Alice\n\n  buy 1 ACME @ 2\n# buy\n", CORE) == expected


def test_a_block_keeps_its_line_breaks_and_empty_lines() -> None:
    text = (
        f"pit acme\nadmit alice {KEY}\n  key:\n\n    -----BEGIN-----\n\n      deep\n    # no"
        " comment\n    --\n    last\n\n\n  mail: a@example.org\n"
    )
    (admit,) = parse(text, CORE).directives
    assert admit.keys["key"] == "\n-----BEGIN-----\n\n  deep\n# no comment\n--\nlast"
    assert admit.keys["mail"] == ("a@example.org",)
    (again,) = parse("pit acme\n" + show(admit, CORE), CORE).directives
    assert again == admit


def test_quotes_and_backslashes_are_escaped_in_a_text() -> None:
    assert only(r'say "he said \"a\\b\""').args == ('he said "a\\b"',)
    assert only('say ""').args == ("",)
    assert only('say "# no comment  --  "').args == ("# no comment  --  ",)


@pytest.mark.parametrize(
    ("written", "time"),
    [
        ("2026-12-01", "2026-12-01T00:00:00.000000Z"),
        ("2026-12-01T17:00:00Z", "2026-12-01T17:00:00.000000Z"),
        ("2026-12-01T17:00:00.5Z", "2026-12-01T17:00:00.500000Z"),
        ("2028-02-29T23:59:59.999999Z", "2028-02-29T23:59:59.999999Z"),
        ("0001-01-01", "0001-01-01T00:00:00.000000Z"),
    ],
)
def test_a_date_means_its_first_instant_and_times_compare_as_texts(written: str, time: str) -> None:
    assert only(f"cancel 1\nbuy 1 A @ 1\n  until: {written}"[9:]).keys["until"] == time


@given(st.datetimes(), st.datetimes())
def test_times_compare_as_the_instants_do(one: datetime.datetime, two: datetime.datetime) -> None:
    def read(moment: datetime.datetime) -> str:
        stem = moment.isoformat()
        if moment.microsecond:
            stem = stem.rstrip("0")
        return str(only(f"buy 1 A @ 1\n  until: {stem}Z").keys["until"])

    assert (read(one) < read(two)) == (one < two)


def test_two_directives_are_equal_when_they_say_the_same() -> None:
    assert only("buy 1.0 ACME @ 12.50") == only("buy 1 ACME @ 12.5")
    assert only("buy 1 ACME @ 12.50") != only("sell 1 ACME @ 12.50")
    assert only("buy 1 ACME @ 12.50\n  ref: a") != only("buy 1 ACME @ 12.50")


def test_the_price_of_leaves_may_be_missing() -> None:
    with_price = only('leaves alice/1042 40 @ 12.50 rejected "too late"')
    without = only("leaves alice/1042 0 cancelled 1050")
    assert [str(value) for value in with_price.args] == [
        *("alice/1042", "40", "12.50"),
        'rejected "too late"',
    ]
    assert without.args[2:] == (None, "cancelled 1050")


# Round trips.


@settings(max_examples=300)
@given(
    st.sampled_from(VOCABULARIES).flatmap(
        lambda words: st.tuples(st.just(words), directives_of(words))
    )
)
def test_printing_a_parsed_directive_is_canonical(case: tuple[Words, str]) -> None:
    words, text = case
    (directive,) = parse_directives(text, words).directives
    shown = show(directive, words)
    again = parse_directives(shown, words)
    assert again.directives == (directive,)
    assert show(again.directives[0], words) == shown


@settings(max_examples=200)
@given(signed_texts())
def test_printing_a_parsed_text_is_canonical(text: str) -> None:
    read = parse(text, CORE)
    shown = show_text(read, CORE)
    again = parse(shown, CORE)
    assert again[:4] == read[:4]
    assert show_text(again, CORE) == shown


@given(directives_of(CORE))
def test_what_is_canonical_prints_as_it_stands(text: str) -> None:
    (directive,) = parse_directives(text, CORE).directives
    shown = show(directive, CORE)
    assert parse_directives(shown, CORE).lines == (1,)
    assert "".join(show(d, CORE) for d in parse_directives(shown * 3, CORE).directives) == shown * 3


# The short way and the long way.


def both(text: str, words: Words, headed: bool) -> tuple[Text | None, Text | None]:
    """What the short way makes of a text, and the long way: None where it refuses."""
    try:
        slow = parse_slowly(text, words, headed)
    except LanguageError:
        slow = None
    return _quick(text, words, headed), slow


@settings(max_examples=600)
@given(nearly(signed_texts(2)))
def test_the_short_way_takes_no_text_that_the_long_way_refuses(text: str) -> None:
    quick, slow = both(text, CORE, True)
    assert quick is None or quick == slow


@settings(max_examples=300)
@given(nearly(directives_of(STATE)))
def test_the_short_way_reads_checkpoints_as_the_long_way(text: str) -> None:
    quick, slow = both(text, STATE, False)
    assert quick is None or quick == slow


@settings(max_examples=200)
@given(signed_texts())
def test_the_short_way_is_taken_for_every_text_of_plain_ascii_without_blocks(text: str) -> None:
    quick, slow = both(text, CORE, True)
    assert slow is not None
    plain = text.isascii() and not re.search("^  [a-z-]+:$", text, re.MULTILINE)
    assert quick == (slow if plain else None)
    if quick:
        assert [type(v) for d in quick.directives for v in d.args] == [
            type(v) for d in slow.directives for v in d.args
        ]


@pytest.mark.parametrize(
    "text",
    [
        "leaves alice/1 5 @ killed\n",  # the optional price begins with its `@`, or is missing
        "leaves alice/1 5 @ 3\n",
        "leaves alice/1 5 @\n",
        f"admit alice {KEY}\n  mail: a@b.org\n  key: inline\n",  # a block written beside its key
        'charter "x"\n  operator-key: a\n  notary-key: b\n',
        "buy 1 ACME @ 2\n  until: 2026-02-30\n",
        "buy 1 ACME @ 2\n  until: 2026-12-01T24:00:00Z\n",
        "buy 1 ACME @ 2\n  ref: a\n  ref: a\n",
        'ticker ACME "x"\n  tick: 1\n',
        "buy 1 ACME @ 2 \n",
        "buy 1 ACME @ 2\n\n \n",
        "rule a b  c\n",
        'say "a" "b"\n',
        'rule a "b"c\n',
        "cancel 1.1\n",
        "cancel 0\n",
        "cancel 1\x85cancel 2\n",
        f"rule a {'x' * 201}\n",
        "rule a" + " x" * 65 + "\n",
    ],
)
def test_both_ways_refuse_the_awkward(text: str) -> None:
    for words in VOCABULARIES:
        assert both(text, words, False) == (None, None)
    assert both(f"pit acme\n{text}", CORE, True) == (None, None)
    assert both(f"pit acme\ncancel 5\n{text}", CORE, True) == (None, None)


# Nothing but LanguageError.


@settings(max_examples=300)
@given(st.text(st.characters()) | st.text('pit acmebuy\n #-"\\@:.0123\x00\ud800'))
def test_any_text_at_all_is_read_or_refused_with_a_place(text: str) -> None:
    for read in (parse, parse_directives):
        for words in VOCABULARIES:
            try:
                read(text, words)
            except LanguageError as error:
                lines = text.split("\n")
                assert 1 <= error.line <= len(lines)
                assert error.column >= 1


@settings(max_examples=400)
@given(nearly(signed_texts(2)))
def test_a_nearly_right_text_is_read_canonically_or_refused_with_a_place(text: str) -> None:
    try:
        read = parse(text, CORE)
    except LanguageError as error:
        lines = text.split("\n")
        assert 1 <= error.line <= len(lines)
        assert 1 <= error.column <= len(lines[error.line - 1]) + 3  # where a missing value would be
    else:
        assert parse(show_text(read, CORE), CORE)[:4] == read[:4]


@given(st.text(st.characters()))
def test_characters_are_good_or_refused_with_a_place(text: str) -> None:
    try:
        check_characters(text)
    except LanguageError as error:
        assert 1 <= error.line <= text.count("\n") + 1
        assert 1 <= error.column <= len(text.split("\n")[error.line - 1])


# The catalogue of errors: each a text, and the sentence with its place.


def catalogue() -> list[tuple[str, str]]:
    """The texts and sentences of data/language-errors.txt."""
    path = Path(__file__).parent / "data" / "language-errors.txt"
    cases = []
    for block in path.read_text("ascii").split("\n\n")[1:]:
        *text, sentence = (line.encode().decode("unicode_escape") for line in block.splitlines())
        cases.append(("".join(line[2:] + "\n" for line in text), sentence))
    return cases


@pytest.mark.parametrize(("text", "sentence"), catalogue(), ids=lambda value: repr(value)[:50])
def test_an_error_names_its_place_what_was_found_and_what_would_be_right(
    text: str, sentence: str
) -> None:
    assert said(text) == sentence


def test_an_empty_text_lacks_its_first_line() -> None:
    assert said("") == "line 1, column 1: the text is empty; its first line must be `pit NAME`"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            'pit acme\nsay "re\u0301sume"\n',
            "line 2, column 7: U+0065 is not in NFC; write it composed",
        ),
        ('pit acme\nsay "\u212b"\n', "line 2, column 6: U+212B is not in NFC; write it composed"),
        ('pit acme\nsay "a\u0378"\n', "line 2, column 7: U+0378 is not assigned"),
        ("pit acme\n# \U000e0fff\n", "line 2, column 3: U+E0FFF is not assigned"),
        ("pit acme\n--\n \uffff\n", "line 3, column 2: U+FFFF is not assigned"),
    ],
)
def test_what_comes_in_is_nfc_and_assigned(text: str, sentence: str) -> None:
    with pytest.raises(LanguageError) as caught:
        check_characters(text)
    assert str(caught.value) == sentence


def test_a_mark_alone_on_its_line_is_judged_on_its_line() -> None:
    check_characters('pit acme\nsay "r\u00e9sum\u00e9 \u65e5\u672c \U0001f600"\n')
    check_characters("pit acme\n# a\n#\u0301\n")
    check_characters("x\n\u0301\n")  # a line end composes with nothing


def test_what_stands_is_not_asked_again_whether_it_is_assigned() -> None:
    assert only('say "a\u0378"').args == ("a\u0378",)


# Limits.


def test_the_longest_line_and_the_longest_text_are_read() -> None:
    line = f'say "{"x" * (MAX_LINE - 6)}"'
    assert len(line) == MAX_LINE
    assert only(line).args == ("x" * (MAX_LINE - 6),)
    accents = f'say "{"é" * ((MAX_LINE - 6) // 2)}"'
    assert only(accents).args == ("é" * ((MAX_LINE - 6) // 2),)
    assert said(f'pit acme\n{accents[:-1]}é"') == (
        "line 2, column 497: the line is longer than 990 bytes"
    )
    text = "pit acme\n" + "cancel 1\n" * 30_000
    text = text[: MAX_TEXT // 9 * 9]
    text += "#" * (MAX_TEXT - len(text) - 1) + "\n"
    assert len(text) == MAX_TEXT
    assert len(parse(text, CORE).directives) == MAX_TEXT // 9 - 1
    assert said(text[:-1] + "#\n").startswith("line 1, column 1: the text is longer than")


def test_numbers_reach_from_fifteen_digits_to_nine_decimals() -> None:
    most, least = "999999999999999.999999999", "0.000000001"
    assert [str(v) for v in only(f"buy {most} A @ {least}").args] == [most, "A", "1E-9"]
    assert show(only(f"buy {most} A @ {least}"), CORE) == f"buy {most} A @ {least}\n"
    assert show(only("buy 1.500 A @ 0"), CORE) == "buy 1.500 A @ 0\n"


def test_words_decide_what_parses_not_what_is_installed() -> None:
    few = {name: CORE[name] for name in ("cancel",)}
    assert parse("pit acme\ncancel 1\n", few).directives == (Directive("cancel", ("1",)),)
    with pytest.raises(LanguageError):
        parse("pit acme\nbuy 1 A @ 1\n", few)


@given(st.text(letters, max_size=200))
def test_any_printable_text_can_be_said(text: str) -> None:
    said = Directive("say", (text,))
    assert parse("pit acme\n" + show(said, CORE), CORE).directives == (said,)
