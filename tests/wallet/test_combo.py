"""`pit combo`: payoffs made of a market's contracts, and the orders that they come to."""

from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pit.archives.errors import PitError
from pit.archives.language import parse
from pit.pits.state import Pit
from pit.wallet import combo, recipes
from pit.wallet.recipes import ONE, Recipe
from tests.filters.combo_sessions import founded

Payoff = Callable[[Fraction], Fraction]


@pytest.fixture(scope="module")
def pit() -> Pit:
    """RAIN from 0 to 10 with RAIN.2 from 2 to 8, RAIN.3 from 4 to 5; tick 0.50."""
    return folded()


def folded(*more: tuple[str, float, float]) -> Pit:
    archive = founded(["alice"], 1)
    for code, low, high in more:
        about = ("  within: RAIN", f"  min: {low}", f"  max: {high}")
        archive.say("issuer", f'market {code} "{code}"', *about)
    found = Pit()
    for entry in archive.entries:
        found.take(entry)
        found.settle()
    return found


def made(pit: Pit, words: str, step: str | None = None) -> list[Recipe]:
    recipe, strikes, markets, _ = combo._read(words.split())
    return recipes.made(pit, recipe, strikes, markets, step)


PAYOFFS: list[tuple[str, Payoff]] = [
    ("call 2 8 RAIN", lambda x: max(Fraction(0), min(x, Fraction(8)) - 2)),
    ("put 2 8 RAIN", lambda x: max(Fraction(0), 8 - max(x, Fraction(2)))),
    ("forward RAIN", lambda x: x),
    ("spread RAIN RAIN.2", lambda x: x - max(Fraction(2), min(x, Fraction(8)))),
    ("call 4 5 RAIN.2", lambda x: max(Fraction(0), min(x, Fraction(5)) - 4)),
]


@pytest.mark.parametrize("words, payoff", PAYOFFS)
def test_a_recipe_pays_what_its_name_says(pit: Pit, words: str, payoff: Payoff) -> None:
    (recipe,) = made(pit, words)
    for outcome in range(0, 10 * ONE + 1, ONE // 4):
        assert Fraction(recipe.pays(outcome), ONE) == payoff(Fraction(outcome, ONE))
        assert recipe.turned().pays(outcome) == -recipe.pays(outcome)


@given(st.sets(st.integers(1, 10), min_size=1, max_size=6))
def test_of_an_event_exactly_one_outcome_pays_one(strikes: set[int]) -> None:
    found = folded(*((f"RAIN.{5 + k}", k - 1, k) for k in range(1, 11)))
    outcomes = made(found, f"event {' '.join(map(str, sorted(strikes)))} RAIN", "1")
    assert len(outcomes) == len(strikes) + 1
    for outcome in range(11):
        pays = [one.pays(outcome * ONE) for one in outcomes]
        assert sorted(pays) == [0] * len(strikes) + [ONE]
        assert pays.index(ONE) == sum(strike <= outcome for strike in strikes)


@pytest.mark.parametrize(
    ("words", "price", "sold", "lines"),
    [
        ("call 2 8 RAIN", "1.50", False, ["buy 3 RAIN.2 @ 3.50"]),
        ("call 2 8 RAIN", "1.50", True, ["sell 3 RAIN.2 @ 3.50"]),
        ("put 2 8 RAIN", "1.5", False, ["sell 3 RAIN.2 @ 6.50"]),
        ("put 2 8 RAIN", "1.5", True, ["buy 3 RAIN.2 @ 6.50"]),
        ("forward RAIN", "4", False, ["buy 3 RAIN @ 4.00"]),
        (
            "spread RAIN RAIN.2",
            "0.5",
            False,
            ["combo 3 @ 0.50", "  legs:", "    +1 RAIN", "    -1 RAIN.2"],
        ),
        (
            "spread RAIN RAIN.2",
            "0.5",
            True,
            ["combo 3 @ -0.50", "  legs:", "    -1 RAIN", "    +1 RAIN.2"],
        ),
    ],
)
def test_its_order_costs_its_price_more_than_where_it_pays_nothing(
    pit: Pit, words: str, price: str, sold: bool, lines: list[str]
) -> None:
    (recipe,) = made(pit, words)
    recipe = recipe.turned() if sold else recipe
    assert recipes.directive(recipe, "3", price, pit) == lines
    assert parse("\n".join(["pit acme", *lines, ""]), pit.words).directives


def test_of_a_digital_so_many_are_bought_that_they_pay_one() -> None:
    found = folded(("RAIN.5", 4.5, 5))
    (recipe,) = made(found, "digital 5 RAIN")
    assert [recipe.pays(x * ONE) for x in (0, 4, 5, 10)] == [0, 0, ONE, ONE]
    assert recipes.directive(recipe, "3", "1", found) == ["buy 6 RAIN.5 @ 5.00"]


@pytest.mark.parametrize(
    ("words", "step", "why"),
    [
        ("call 3 8 RAIN", None, 'market RAIN.5 "RAIN from 3 to 8"\n    within: RAIN\n    min: 3'),
        ("call 8 2 RAIN", None, "write strikes from low to high"),
        ("call 2 11 RAIN", None, "2 to 11 is not inside RAIN, 0 to 10"),
        ("forward HAIL", None, "HAIL is not a market of this pit"),
        ("spread RAIN SNOW", None, "RAIN and SNOW are not two markets settled together"),
        ("spread RAIN RAIN.4", None, "RAIN and RAIN.4 are not two markets settled together"),
        ("digital 5 RAIN", "0.3", "a step of 0.3 does not divide 1"),
        ("digital 5 RAIN", "0", "a step of 0 does not divide 1"),
        ("digital 5 RAIN", "x", "--step x: write a number of points"),
        ("condor 5 RAIN", None, "'condor' is no recipe; one of call, put, forward"),
        ("call 5 RAIN", None, "call 5 RAIN: see the examples of `pit combo --help`"),
        ("call 2 8 RAIN 3 at 5", None, "write how many and for how much"),
    ],
)
def test_what_cannot_be_made_is_said_with_what_could(
    pit: Pit, words: str, step: str | None, why: str
) -> None:
    with pytest.raises(PitError) as error:
        made(pit, words, step)
    assert why in str(error.value)


@pytest.mark.parametrize(
    ("quantity", "price", "why"),
    [
        ("3", "0.25", "0.25 is not a multiple of 0.5, the step of this price"),
        ("x", "1", "write a number and a price, 10 @ 12.50"),
        ("3", "NaN", "write a number and a price, 10 @ 12.50"),
        ("1e3", "1", "write a number and a price, 10 @ 12.50"),
    ],
)
def test_numbers_that_no_order_can_have_are_refused(
    pit: Pit, quantity: str, price: str, why: str
) -> None:
    (recipe,) = made(pit, "call 2 8 RAIN")
    with pytest.raises(PitError) as error:
        recipes.directive(recipe, quantity, price, pit)
    assert why in str(error.value)
