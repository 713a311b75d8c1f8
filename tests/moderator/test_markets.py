"""What the notary refuses of a `market`, each with its sentence, and the good twins he takes."""

from collections.abc import Iterator

import pytest

from pit.moderator.case import Case
from pit.moderator.ledger import Ledger, read_ledger
from pit.moderator.rules import decide
from tests.moderator.world import NAME, NOW, World, copied

ROOT = {
    "min": "0",
    "max": "100",
    "currency": "EUR",
    "tick": "1",
    "specialist": "kim",
    "expiry": "2030-01-01",
    "resolution": "\n    By the gauge at X.",
    "panel": "bob kim",
    "void": "mid",
}
SUB = {"within": "RAIN", "min": "30", "max": "80"}
OWN = {**SUB, "kind": "owner-settled"}


def market(code: str, keys: dict[str, str]) -> str:
    lines = (
        f"  {key}:{'' if value[0] == chr(10) else ' '}{value}\n" for key, value in keys.items()
    )
    return f'market {code} "Rain"\n{"".join(lines)}'


@pytest.fixture(scope="module")
def founded(stands: World) -> Iterator[tuple[World, Ledger]]:
    """A pit in which alice, an issuer, has founded RAIN and RAIN.2."""
    with copied(stands) as made:
        said = 'asset EUR "Euro"\ngrant issuer to alice\ngrant issuer to bob\n'
        codes = made.codes(
            made.mail(said, "operator"),
            made.mail(market("RAIN", ROOT)),
            made.mail(market("RAIN.2", SUB)),
        )
        assert all(code.startswith("stamped") for code in codes)
        yield made, read_ledger(made.home.archive(NAME), NAME)


def verdict(text: str, who: str, founded: tuple[World, Ledger]) -> tuple[str, str]:
    world, ledger = founded
    now = NOW.replace(tzinfo=None).isoformat() + ".000000Z"
    found = decide(Case(world.mail(text, who), ledger, now, world.settings))
    return found.code, str(found.finding)


WRONG = [
    ("RAIN", ROOT, {}, "RAIN exists already"),
    ("EUR", ROOT, {}, "EUR exists already"),
    ("SNOW", ROOT, {"min": "100"}, "min 100 is not below max 100"),
    ("SNOW.2", ROOT, {}, "SNOW.2 is a sub-market's name; say `within:`, or leave the point out"),
    (
        "SNOW",
        ROOT,
        {"kind": "derived"},
        "`kind:` is a sub-market's; a root is settled by its owner",
    ),
    ("SNOW", ROOT, {"currency": ""}, "a root needs `currency:`"),
    ("SNOW", ROOT, {"resolution": ""}, "a root needs `resolution:`"),
    ("SNOW", ROOT, {"panel": ""}, "a root needs `panel:`"),
    ("SNOW", ROOT, {"void": ""}, "a root needs `void:`"),
    ("SNOW", ROOT, {"currency": "USD"}, "USD is not a currency of this pit"),
    ("SNOW", ROOT, {"specialist": "bob"}, "bob is not a specialist of this pit"),
    ("SNOW", ROOT, {"owner": "nobody"}, "nobody is not a member of this pit"),
    ("SNOW", ROOT, {"panel": "alice bob"}, "alice owns the market and cannot judge its disputes"),
    ("SNOW", ROOT, {"owner": "bob"}, "bob owns the market and cannot judge its disputes"),
    ("SNOW", ROOT, {"panel": "bob nobody"}, "nobody, of the panel, is not a member of this pit"),
    ("SNOW", ROOT, {"panel": "bob bob"}, "the panel names somebody twice"),
    ("SNOW", ROOT, {"expiry": "2020-01-01"}, "its expiry has passed"),
    ("SNOW", ROOT, {"stake": "0.001"}, "stake 0.001 is finer than the currency's smallest unit"),
    ("SNOW", ROOT, {"tick": "0"}, "tick and lot must be above 0"),
    ("SNOW", ROOT, {"tick": "0.001"}, "tick 0.001 x lot 1 = 0.001 is not a whole number of EUR's"),
    ("SNOW", ROOT, {"unit": "0.001"}, "tick 1 x lot 1 x unit 0.001 = 0.001 is not a whole number"),
    ("SNOW", ROOT, {"tick": "3"}, "its bounds are not multiples of the tick, 3"),
    ("RAIN.3", SUB, {"within": "SNOW"}, "SNOW is not a market of this pit"),
    ("RAIN.1", SUB, {}, "a sub-market of RAIN has its name and a number from 2 on: RAIN.2"),
    ("SNOW.3", SUB, {}, "a sub-market of RAIN has its name and a number from 2 on: RAIN.2"),
    ("RAIN", SUB, {}, "RAIN exists already"),
    ("RAIN.3", SUB, {"tick": "1"}, "`tick:` is RAIN's for all its markets"),
    ("RAIN.3", SUB, {"owner": "bob"}, "`owner:` is RAIN's for all its markets"),
    (
        "RAIN.3",
        SUB,
        {"void": "mid"},
        "`void:` is for who settles; a derived market is settled with its parent",
    ),
    ("RAIN.3", SUB, {"max": "101"}, "30 to 101 is not inside RAIN's interval"),
    ("RAIN.3", SUB, {"within": "RAIN.2", "min": "29"}, "29 to 80 is not inside RAIN.2's interval"),
    ("RAIN.3", SUB, {"min": "30.5"}, "its bounds are not multiples of the tick, 1"),
    ("RAIN.3", OWN, {"panel": "alice"}, "alice owns the market and cannot judge its disputes"),
    ("RAIN.3", OWN, {"expiry": "2020-01-01"}, "its expiry has passed"),
]


@pytest.mark.parametrize(
    ("code", "good", "change", "why"), WRONG, ids=[f"{one[0]}-{one[3]}" for one in WRONG]
)
def test_a_market_that_makes_no_sense_is_refused_with_its_sentence(
    code: str, good: dict[str, str], change: dict[str, str], why: str, founded: tuple[World, Ledger]
) -> None:
    keys = {key: value for key, value in {**good, **change}.items() if value}
    found, says = verdict(market(code, keys), "alice", founded)
    assert (found, why in says) == ("words", True), says


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("SNOW", ROOT),
        ("SNOW", {**ROOT, "owner": "carol", "dispute": "2d", "stake": "12.50", "unit": "10"}),
        ("RAIN.3", SUB),
        ("RAIN.99999999", {**SUB, "within": "RAIN.2", "min": "40", "max": "50"}),
        ("RAIN.3", {**OWN, "panel": "carol", "expiry": "2029-01-01", "dispute": "1h"}),
    ],
)
def test_its_good_twin_is_taken(
    code: str, said: dict[str, str], founded: tuple[World, Ledger]
) -> None:
    assert verdict(market(code, said), "alice", founded) == ("", "")


def test_only_the_owner_of_a_root_founds_its_sub_markets(founded: tuple[World, Ledger]) -> None:
    code, says = verdict(market("RAIN.3", SUB), "bob", founded)
    assert (code, "RAIN is alice's; so are its sub-markets" in says) == ("words", True)
    code, says = verdict(market("SNOW", {**ROOT, "panel": "bob"}), "kim", founded)
    assert (code, "issuer" in says) == ("words", True)


def test_nothing_is_issued_of_a_market_and_nothing_else_has_its_name(
    founded: tuple[World, Ledger],
) -> None:
    code, says = verdict("issue 5 RAIN\n", "alice", founded)
    assert "RAIN is a market of contracts; they come into being by trading" in says
    keys = {"currency": "EUR", "tick": "1", "lot": "1", "specialist": "kim"}
    lines = "".join(f"  {key}: {value}\n" for key, value in keys.items())
    for said in (f'ticker RAIN.2 "x"\n{lines}', 'asset RAIN "x"\n'):
        who = "operator" if said.startswith("asset") else "alice"
        found, why = verdict(said, who, founded)
        assert "exists already" in why and found == code == "words"


@pytest.mark.parametrize("line", ["bounded RAIN 0 50", "settled RAIN 7", "settled RAIN void"])
def test_what_settles_stands_in_a_report_of_settle_alone(
    line: str, founded: tuple[World, Ledger]
) -> None:
    code, says = verdict(f"{line}\n", "kim", founded)
    verb = line.split()[0]
    assert code == "words" and f"`{verb}` must stand in a report of settle" in says
    code, says = verdict('move 1 EUR from bob/4 to kim "x"\n', "kim", founded)
    assert (
        code == "words" and "`move` must stand in a report of its filter: `report NAME N`" in says
    )
