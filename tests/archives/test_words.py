"""The declarations of the words, and that everything about a word follows from its declaration."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pit.archives.fields import FIELDS, show_duration
from pit.archives.language import LanguageError, parse_directives, show
from pit.archives.verbs import Directive, Verb, vocabulary
from pit.archives.words import CORE, MEMBERS, PIT, REPORTS
from tests.archives.strategies import VALUES, VOCABULARIES

VERBS = [verb for words in VOCABULARIES for verb in words.values()]
ROLES = {"operator", "notary", "member", "trader", "cashier", "keeper", "specialist", "issuer"}
ROLES |= {"witness"}

# From LANGUAGE's tables: who may say each word, and in which filter's reports it stands.
WHO = {
    "charter admit suspend restore expel grant revoke rule asset specialist keeper": "operator",
    "halt resume auction bust adopt witness": "operator",
    "saw": "witness",
    "ticker market issue": "issuer",
    "deposit payout": "cashier",
    "withdraw transfer cancel replace say rekey confirm revoke-key": "member",
    "bound settle dispute verdict": "member",
    "buy sell combo": "trader",
    "accept": "keeper",
    "refuse": "keeper operator",
    "fill leaves bounded settled move": "specialist",
    "report": "keeper specialist",
    "refused seal": "notary",
}
IN_REPORTS = {"accept": "positions", "refuse": "positions", "fill": "match", "leaves": "match"}
IN_REPORTS |= {"bounded": "settle", "settled": "settle", "move": "*"}
COVERED = {
    "buy": "order",
    "sell": "order",
    "combo": "order",
    "replace": "order",
    "withdraw": "amount",
    "transfer": "amount",
    "dispute": "stake",
}
MOVED = {"dispute": "settle"}


def test_each_word_is_declared_once_and_says_who_may_say_it() -> None:
    assert len(CORE) == len(PIT) + len(MEMBERS) + len(REPORTS)
    said_by = {name: who.split() for names, who in WHO.items() for name in names.split()}
    assert {n: [*v.who] for n, v in CORE.items()} == {n: said_by[n] for n in CORE}
    assert ROLES.issuperset(role for verb in CORE.values() for role in verb.who)


def test_reports_and_cover_are_declared_where_the_design_has_them() -> None:
    assert {name: verb.report for name, verb in CORE.items() if verb.report} == IN_REPORTS
    assert {name: verb.cover for name, verb in CORE.items() if verb.cover} == COVERED
    assert {name: verb.mover for name, verb in CORE.items() if verb.mover} == MOVED


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_a_declaration_is_one_that_both_parsers_read_alike(verb: Verb) -> None:
    assert re.fullmatch("[a-z][a-z-]*", verb.name)
    several = [slot.field is not None and "{0,63}" in slot.field.pattern for slot in verb.slots]
    assert not any(several[:-1])  # only the last field may take several words
    assert all(slot.field is None or slot.field.pattern for slot in verb.slots)  # blocks are keys
    groups = re.findall(r"\[([^]]*)\]", verb.form)
    assert len(groups) <= 1
    assert not any(group.startswith("{") for group in groups)  # it is known by its first word
    assert set(verb.needed) <= set(verb.keys)
    assert verb.name != "pit"
    assert verb.usage.split()[0] == verb.name


def test_every_type_has_written_values_to_try() -> None:
    assert set(VALUES) == set(FIELDS) - {"block"}


@given(st.sampled_from(sorted(VALUES)).flatmap(lambda kind: st.tuples(st.just(kind), VALUES[kind])))
def test_every_written_value_of_a_type_is_read_and_printed_canonically(
    case: tuple[str, str],
) -> None:
    kind, written = case
    field = FIELDS[kind]
    read, write = field.read or str, field.show or str
    assert re.fullmatch(field.pattern, written)
    value = read(written)
    shown = write(value)
    assert re.fullmatch(field.pattern, shown)
    assert read(shown) == value
    assert write(read(shown)) == shown


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        ("handle", "Alice|1alice|-a|al_ice|álice|alice:savings|" + "a" * 33),
        ("account", "alice:|:savings|alice:a:b|alice:Savings"),
        ("asset", "acme|1ACME|ACME.|.ACME|ACME.2.3|ACME.123456789|ABCDEFGHIJKLM|ACMÉ|ACME-2"),
        ("number", "|-1|+1|01|1.|.1|1e3|1,000|1_000|0x1|1.0000000001|1000000000000000|١|²|NaN|inf"),
        ("net", "|--1|+1|-|- 1|-01|1.|-.5|1e3|market|-1000000000000000"),
        ("outcome", "|-1|Void|market|void 1|1.|1e3|01"),
        ("switch", "|on|-1|01|1.0|OFF"),
        ("tokens", "|-1|1.|0.123456|none|1e3"),
        ("cap", "|None|-1|1.|market|none 1"),
        ("listed", "|None|acme|-|ACME none"),
        ("majorities", "|1/2|1/2 2/3 1/3|0/1 1/2|1/2,2/3|1/2  2/3|1/2 2/0|01/2 1/2|1/2 2/3 "),
        ("count", "0|-1|01|1.0|1000000000000000"),
        ("natural", "-1|00|1.0|1000000000000000"),
        ("units", "+1|01|1.0|--1|-|" + "9" * 31),
        ("time", "2026-1-1|26-01-01|2026-01-01T00:00Z|2026-01-01T00:00:00|2026-01-01 00:00:00Z"
         "|2026-01-01T00:00:00.1234567Z|2026-01-01T00:00:00,5Z|2026-01-01t00:00:00z|٢026-01-01"),
        ("duration", "0s|1|s|1w|1.5h|-1s|1 s|01s|1h30m|10000000000s"),
        ("reference", "0|1042.1|1042.0|1042.02|1042.|.2|1042.2.2|1042.100000|-1|042|1" + 15 * "0"),
        ("owned", "alice|alice/|/1042|alice/1042.1|Alice/1042|alice/1/2|alice:savings/1"),
        ("word", "|a b|\"a\"|\\a|é|a\u00a0b|" + "x" * 201),
        ("names", "|trader  cashier| trader|trader |Trader|trader,cashier"),
        ("addresses", "|alice|@b|a@|<a@b>|a@b,c@d|a@b  c@d|a@é"),
        ("text", 'a|"a|a"|"a"b"|"a\\n"|"\\"|"a\nb"|"a\tb"'),
        ("fingerprint", "0x" + "A" * 38 + "|" + "A" * 39 + "|" + "A" * 41 + "|" + "a" * 40),
        ("hash", "a" * 63 + "|" + "a" * 65 + "|" + "A" * 64 + "|" + "g" * 64),
        ("id", "a" * 15 + "|" + "a" * 17 + "|" + "A" * 16),
        ("shard", "0/1|1/0|1|1/|/1|1/2/3|01/2|10000/1"),
        ("yes", "true|Yes|y|1||yesno"),
    ],
)  # fmt: skip
def test_no_other_form_is_a_value_of_its_type(kind: str, wrong: str) -> None:
    for written in wrong.split("|"):
        assert re.fullmatch(FIELDS[kind].pattern, written) is None, written


@pytest.mark.parametrize(
    "wrong",
    [
        *("2026-02-30", "2027-02-29", "2026-13-01", "2026-00-01", "2026-01-00", "0000-01-01"),
        *("2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z", "2026-01-01T23:59:60Z"),
    ],
)
def test_a_day_or_hour_that_does_not_exist_is_no_time(wrong: str) -> None:
    words = vocabulary([Verb("at", "{time:time}")])
    with pytest.raises(LanguageError, match="is not a time"):
        parse_directives(f"at {wrong}\n", words)


def test_durations_print_in_the_largest_unit_that_divides_them() -> None:
    seconds = (1, 59, 60, 90, 3600, 5400, 86400, 90000, 2592000)
    assert " ".join(map(show_duration, seconds)) == "1s 59s 1m 90s 1h 90m 1d 25h 30d"


def test_a_verb_is_all_that_its_declaration_says() -> None:
    verb = Verb(
        "lend",
        "{amount:number} {asset:asset} to {handle:handle} [for {time:duration}] {why:rest}",
        keys={"note": "block", "kind": "=secured|open", "ref": "word"},
        needed=["kind"],
    )
    words = vocabulary([verb])
    assert verb.usage == "lend AMOUNT ASSET to HANDLE [for TIME] WHY"
    text = (
        'lend 1.50 USD to bob for 120m because "he asked"\n  ref: a\n  kind: open\n  note:\n    x\n'
    )
    (directive,) = parse_directives(text, words).directives
    assert directive.args[3:] == (7200, 'because "he asked"')
    assert show(directive, words) == (
        'lend 1.50 USD to bob for 2h because "he asked"\n  note:\n    x\n  kind: open\n  ref: a\n'
    )
    (short,) = parse_directives("lend 1 USD to bob because\n  kind: secured\n", words).directives
    assert short == Directive("lend", (1, "USD", "bob", None, "because"), {"kind": "secured"})
    assert show(short, words) == "lend 1 USD to bob because\n  kind: secured\n"
    for wrong, sentence in {
        "lend 1 USD to bob for ever\n": "line 1, column 23: 'ever' is not a duration; write 10s, "
        "5m, 2h or 30d",
        "lend 1 USD to bob for 2h\n": "line 1, column 25: the line ends; a list of words must "
        f"follow: {verb.usage}",
        "lend 1 USD to bob ok\n": "line 1, column 21: lend needs its key `kind:`",
        "lend 1 USD to bob ok\n  kind: gift\n": "line 2, column 9: 'gift' is not one of the words "
        "allowed here; write secured or open",
    }.items():
        with pytest.raises(LanguageError) as caught:
            parse_directives(wrong, words)
        assert str(caught.value) == sentence
