"""Cover for bounded contracts: MARKET.md's examples, the oracle, and laws over random accounts."""

import random
from collections import Counter
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pit.archives.errors import PitError
from pit.filters.bounds import Family
from pit.filters.collateral import Portfolio
from pit.filters.instructions import ONE, scaled
from tests.filters.cover_oracle import (
    Case,
    Contract,
    driver,
    fillings,
    generate,
    least,
    outcomes,
    payments,
)
from tests.filters.cover_oracle import cover as cover_by_force

CENT = ONE // 100
cents = st.integers(-300, 300).map(CENT.__mul__)
quantities = st.integers(-500, 500).map(CENT.__mul__)


def of(number: str) -> int:
    return scaled[Decimal(number)]


def family(driver: str, low: str, high: str, **derived: str) -> Family:
    """Derived markets as `b2="R 40 60"`: within R, from 40 to 60."""
    made = Family(driver, of(low), of(high))
    for market, text in derived.items():
        parent, *bounds = text.split()
        made.add(market, parent, *map(of, bounds))
    return made


def account(family: Family, *lines: str) -> Portfolio:
    """Trades as `R +10 @ 0.5`, open orders as `open R +10 @ 0.5`."""
    made = Portfolio(family)
    for number, line in enumerate(lines):
        kind, market, quantity, _, price = f"trade {line}".replace("trade open", "open").split()
        if kind == "open":
            made.open(str(number), market, of(quantity), of(price))
        else:
            made.trade(market, of(quantity), of(price))
    return made


def cover(*portfolios: Portfolio) -> Decimal:
    return -Decimal(sum(one.worst() for one in portfolios)) / ONE**2


# The table of covers


def test_open_orders_count_only_where_they_lose() -> None:
    unit = family("R", "0", "1")
    assert cover(account(unit, "R +10 @ 0.5", "open R +5 @ 0.4", "open R -4 @ 0.8")) == 7


def test_the_worst_outcome_may_lie_at_a_bound_of_a_sub_market() -> None:
    nested = family("R", "0", "100", b2="R 40 60")
    one = account(nested, "R -1 @ 50", "b2 +4 @ 50")
    assert cover(one) == 30
    assert min(one.profile(), key=lambda point: point[1])[0] == of("40")
    assert [one.payoff(of(x)) // ONE**2 for x in ("0", "40", "100")] == [10, -30, -10]


def test_accounts_net_over_nested_markets_and_add_over_roots() -> None:
    seven = family("r7", "0", "100", b2="r7 30 80", b3="b2 40 50")
    eight = family("r8", "0", "1")
    first = account(
        seven, "r7 +2 @ 45", "b2 -5 @ 55", "b3 +6 @ 44", "open b3 -8 @ 47", "open b2 +1 @ 40"
    )
    assert cover(first, account(eight, "r8 +20 @ 0.6", "open r8 -10 @ 0.7")) == 55


def test_two_bids_may_both_be_filled() -> None:
    unit = family("R", "0", "1")
    assert cover(account(unit, "open R +1 @ 0.4", "open R +1 @ 0.3")) == Decimal("0.7")


def test_a_bid_and_an_ask_do_not_lose_both() -> None:
    unit = family("R", "0", "1")
    assert cover(account(unit, "open R +1 @ 0.4", "open R -1 @ 0.6")) == Decimal("0.4")


def test_a_derived_sub_market_nets_with_its_root_and_an_owner_settled_one_does_not() -> None:
    derived = family("R", "0", "1", b2="R 0.4 0.6")
    assert cover(account(derived, "b2 +1 @ 0.5", "R -1 @ 0.5")) == Decimal("0.4")
    root, owned = family("R", "0", "1"), family("b2", "0.4", "0.6")
    both = account(owned, "b2 +1 @ 0.5"), account(root, "R -1 @ 0.5")
    assert cover(*both) == Decimal("0.6")


def test_an_unfilled_order_is_no_asset() -> None:
    one = account(family("R", "0", "1"), "R -100 @ 0.5")
    with_bid = one.if_open("R", of("100"), of("0.01"))
    assert with_bid == one.worst() == -50 * ONE**2
    one.open("phantom", "R", of("100"), of("0.01"))
    assert cover(one) == 50


def test_a_gain_that_is_certain_covers_nothing() -> None:
    """It may be due after a loss elsewhere, or be undone by `void: cancel`."""
    assert account(family("R", "0", "1"), "R +1 @ 0.2", "R -1 @ 0.8").worst() == 0
    rain = family("RAIN", "0", "100")
    one = account(rain, "RAIN +1 @ 50")
    assert cover(one) == 50
    rain.narrow(of("90"), of("100"))
    assert one.worst() == 0
    assert cover(account(rain, "RAIN +1 @ 50", "open RAIN +1 @ 92")) == 0
    assert cover(one, account(family("R", "0", "1"), "R +1 @ 0.8")) == Decimal("0.8")


# The table of bounds

TELESCOPING = [
    ("0 100", "0 100", "30 80", "40 50"),
    ("35 60", "35 60", "35 60", "40 50"),
    ("52 60", "52 60", "52 60", "50 50"),
    ("47 47", "47 47", "47 47", "47 47"),
    ("20 20", "20 20", "30 30", "40 40"),
    ("95 95", "95 95", "80 80", "50 50"),
]


@pytest.mark.parametrize("row", TELESCOPING, ids=[row[0] for row in TELESCOPING])
def test_bounds_telescope(row: tuple[str, ...]) -> None:
    nested = family("root", "0", "100", b2="root 30 80", b3="b2 40 50")
    nested.narrow(*map(of, row[0].split()))
    found = [" ".join(str(end // ONE) for end in nested.range(market)) for market in nested]
    assert found == list(row[1:])
    for market in nested:
        ends = nested.value(market, of("0")), nested.value(market, of("100"))
        assert ends == nested.range(market)


@given(st.lists(st.tuples(cents, cents), min_size=1, max_size=6), cents)
def test_a_value_is_its_parent_s_clipped_however_deep(
    ends: list[tuple[int, int]], outcome: int
) -> None:
    """Intervals that reach beyond their parent's, or lie outside it, included."""
    (low, high), *intervals = (sorted(pair) for pair in ends)
    made, name, expected = Family("0", low, high), "0", max(low, min(high, outcome))
    for depth, (low, high) in enumerate(intervals, 1):
        made.add(str(depth), name, low, high)
        name, expected = str(depth), max(low, min(high, expected))
    assert made.value(name, outcome) == expected


def test_only_narrower_bounds_are_taken() -> None:
    made = family("R", "0", "100", b2="R 30 80")
    made.narrow(of("20"), of("60"))
    for low, high in (("19", "60"), ("20", "61"), ("50", "40"), ("70", "80")):
        with pytest.raises(PitError, match=r"^R: "):
            made.narrow(of(low), of(high))
    assert made.bounds == (of("20"), of("60"))
    for market, parent, low, high in (("b2", "R", 1, 2), ("b3", "b4", 1, 2), ("b3", "b2", 2, 1)):
        with pytest.raises(PitError, match=rf"^{market}: "):
            made.add(market, parent, low, high)


def test_the_points_are_every_bound_within_those_of_the_driver() -> None:
    nested = family("R", "0", "100", b2="R 30 80", b3="b2 40 50", b4="R 85 90")
    assert [x // ONE for x in nested.points()] == [0, 30, 40, 50, 80, 85, 90, 100]
    assert [x // ONE for x in nested.points(["b3"])] == [0, 40, 50, 100]
    nested.narrow(of("35"), of("80"))
    assert [x // ONE for x in nested.points()] == [35, 40, 50, 80]


# The oracle

some_and_many = pytest.mark.parametrize(
    "seeds",
    [range(500), pytest.param(range(500, 10_500), marks=pytest.mark.long)],
    ids=["some", "many"],
)


def exact(number: Fraction) -> int:
    """In units of 10**-9."""
    assert ONE % number.denominator == 0
    return int(number * ONE)


def terms(contract: Contract) -> tuple[str, int, int]:
    return contract.market, exact(contract.quantity), exact(contract.price)


def families(case: Case) -> dict[str, Family]:
    """By driver, with the bounds that the markets began with."""
    made: dict[str, Family] = {}
    for market in case.markets.values():
        of = driver(case, market.name)
        if of == market.name:
            made[of] = Family(of, exact(market.low), exact(market.high))
        else:
            made[of].add(market.name, market.parent, exact(market.low), exact(market.high))
    return made


def portfolios(case: Case, rng: random.Random) -> dict[str, Portfolio]:
    """The case in an order of its own: narrowings anywhere, some orders filled or ended since."""
    family = families(case)
    made = {of: Portfolio(one) for of, one in family.items()}
    steps: list[tuple[str, str, tuple[str, int, int]]] = []
    for number, trade in enumerate(case.trades):
        steps.append((rng.choice(("trade", "filled")), f"t{number}", terms(trade)))
    for number, order in enumerate(case.orders):
        steps.append((rng.choice(("open", "asked", "replaced")), f"o{number}", terms(order)))
    for market in case.markets:
        steps.append(("gone", f"g{market}", (market, rng.choice((-ONE, ONE)), ONE)))
    rng.shuffle(steps)
    narrowings = {rng.randint(0, len(steps)): of for of in case.bounds}
    for at, (kind, ref, (market, quantity, price)) in enumerate(steps):
        if at in narrowings:
            of = narrowings.pop(at)
            family[of].narrow(*map(exact, case.bounds[of]))
        one = made[driver(case, market)]
        if kind == "asked":
            one.if_open(market, quantity, price)
        if kind == "replaced":
            one.open(ref, market, -quantity, price + ONE)
            one.change(ref, (quantity, price), (-quantity, price + ONE))
            one.change(ref, (quantity, price))
        elif kind != "trade":
            one.open(ref, market, quantity, price)
        if kind in ("trade", "filled"):
            one.trade(market, quantity, price)
        if kind in ("gone", "filled"):
            one.close(ref)
    for of, bounds in case.bounds.items():
        family[of].narrow(*map(exact, bounds))
    return made


@some_and_many
def test_the_cover_is_the_oracle_s(seeds: range) -> None:
    """And what is enough: whatever fills and whatever comes, no cash is below zero."""
    covers: Counter[str] = Counter()
    for seed in seeds:
        rng = random.Random(seed)
        case = generate(rng)
        made = portfolios(case, rng)
        needed = cover_by_force(case)
        found = Fraction(-sum(one.worst() for one in made.values()), ONE**2)
        assert found == needed, seed
        assert least(case, fillings(case, rng, 6)) == -needed, seed
        for of, one in made.items():
            whole = payments(case, of, (Fraction(1),) * len(case.orders))
            for order in case.orders:
                if driver(case, order.market) == of:
                    one.trade(*terms(order))
            points = [exact(x) for x in outcomes(case, of)]
            assert [Fraction(one.payoff(x), ONE**2) for x in points] == whole, seed
        covers["some" if needed else "none"] += 1
        covers[f"{len(made)} drivers, {len({name.partition('.')[0] for name in made})} roots"] += 1
        covers[f"{len(case.orders)} orders"] += 1
    assert min(covers.values()) > len(seeds) // 30 and len(covers) == 2 + 6 + 6, covers


@some_and_many
def test_the_check_contains_the_order_being_checked(seeds: range) -> None:
    refused = 0
    for seed in seeds:
        rng = random.Random(-1 - seed)
        case = generate(rng)
        if not case.orders:
            continue
        *before, last = case.orders
        made = portfolios(case._replace(orders=before), rng)
        one = made.pop(driver(case, last.market))
        others = sum(other.worst() for other in made.values())
        found = Fraction(-others - one.if_open(*terms(last)), ONE**2)
        assert found == cover_by_force(case), seed
        refused += found > cover_by_force(case._replace(orders=before))
    assert refused > len(seeds) // 3


# Laws


@st.composite
def random_families(draw: st.DrawFn) -> Family:
    low, high = sorted((draw(cents), draw(cents)))
    made = Family("R", low, high)
    for branch in range(2, draw(st.integers(2, 7))):
        parent = draw(st.sampled_from([*made]))
        ends = st.integers(made.range(parent).low, made.range(parent).high) | cents
        made.add(f"R.{branch}", parent, *sorted((draw(ends), draw(ends))))
    return made


def of_family(made: Family) -> st.SearchStrategy[tuple[str, int, int]]:
    return st.tuples(st.sampled_from([*made]), quantities, cents)


def narrower(data: st.DataObject, family: Family) -> tuple[int, int]:
    ends = st.integers(*family.bounds)
    low, high = sorted((data.draw(ends), data.draw(ends)))
    return low, high


Legs = list[tuple[str, int, int]]
"""Of one version of an order."""


class Plain:
    """The formula as it stands, from lists, over every point of the family."""

    def __init__(self, family: Family) -> None:
        self.family = family
        self.trades: Legs = []
        self.orders: dict[str, list[Legs]] = {}

    def pays(self, legs: Legs, x: int) -> int:
        return sum((self.family.value(m, x) - p) * q for m, q, p in legs)

    def worth(self, x: int) -> int:
        losses = (
            min(0, *(self.pays(legs, x) for legs in versions)) for versions in self.orders.values()
        )
        return self.pays(self.trades, x) + sum(losses)

    def worst(self) -> int:
        return min(0, *map(self.worth, self.family.points()))


ACTS = ["open", "open", "open", "legs", "change", "change", "close", "trade", "narrow"]


@given(random_families(), st.data())
@settings(max_examples=150)
def test_what_is_kept_is_what_is_worked_out_anew(family: Family, data: st.DataObject) -> None:
    """And asking is doing: each if_... is what `worst` is afterwards, and changes nothing."""
    one, plain = Portfolio(family), Plain(family)
    some = of_family(family)
    for number in range(data.draw(st.integers(1, 14))):
        act, ref = data.draw(st.sampled_from(ACTS)), str(number)
        single = [ref for ref, versions in plain.orders.items() if len(versions[0]) == 1]
        asked: int | None = None
        if act == "open":
            leg = data.draw(some)
            asked = one.if_open(*leg) if data.draw(st.booleans()) else None
            one.open(ref, *leg)
            plain.orders[ref] = [[leg]]
        elif act == "legs":
            legs = data.draw(st.lists(some, max_size=3))
            asked = one.if_legs(legs)
            one.open_legs(ref, legs)
            plain.orders[ref] = [legs]
        elif act == "change" and single:
            ref = data.draw(st.sampled_from(single))
            market = plain.orders[ref][0][0][0]
            versions = data.draw(st.lists(st.tuples(quantities, cents), min_size=1, max_size=3))
            asked = one.if_change(ref, *versions)
            one.change(ref, *versions)
            plain.orders[ref] = [[(market, *version)] for version in versions]
        elif act == "close" and plain.orders:
            ref = data.draw(st.sampled_from([*plain.orders]))
            one.close(ref)
            del plain.orders[ref]
        elif act == "trade":
            leg = data.draw(some)
            one.trade(*leg)
            plain.trades.append(leg)
        elif act == "narrow":
            family.narrow(*narrower(data, family))
        if data.draw(st.booleans()):
            one.if_open(*data.draw(some))  # asked, and not done
        assert one.worst() == plain.worst()
        assert asked in (None, one.worst())
        again = one.copy()
        assert (again.worst(), again.matched(), again.orders()) == (
            one.worst(),
            one.matched(),
            one.orders(),
        )
        assert all(worth == plain.worth(x) == one.worth(x) for x, worth in one.profile())


@pytest.mark.parametrize("between", ["nothing", "another", "trade", "close", "market", "narrow"])
def test_a_check_does_not_outlive_what_it_was_of(between: str) -> None:
    made = family("R", "0", "1", b2="R 0.2 0.6")
    one = account(made, "R +2 @ 0.5", "open R -1 @ 0.4")
    other = account(made, "R +2 @ 0.5", "open R -2 @ 0.4")
    leg = "R", of("3"), of("0.5")
    found = one.if_open(*leg)
    if between == "another":
        assert other.if_open(*leg) == found
    elif between == "trade":
        one.trade("R", of("-1"), of("0.3"))
    elif between == "close":
        one.close("1")
    elif between == "market":
        one.trade("b2", of("2"), of("0.5"))
    elif between == "narrow":
        made.narrow(of("0.1"), of("0.9"))
    for account_ in (one, other):
        again = account_.copy()
        account_.open("new", *leg)
        again.trade(*leg)
        again.trade("R", -leg[1], leg[2])
        again.open_legs("new", [leg])
        assert account_.profile() == again.profile()


@given(random_families(), st.data())
def test_the_least_is_at_a_point(family: Family, data: st.DataObject) -> None:
    one = Portfolio(family)
    for number, (kind, leg) in enumerate(
        data.draw(st.lists(st.tuples(st.booleans(), of_family(family)), max_size=8))
    ):
        if kind:
            one.open(str(number), *leg)
        else:
            one.trade(*leg)
    outcome = data.draw(st.integers(*family.bounds))
    assert one.payoff(outcome) >= one.worth(outcome) >= one.worst()


@given(random_families(), st.data())
def test_narrowing_raises_nobody_s_cover(family: Family, data: st.DataObject) -> None:
    one = Portfolio(family)
    for number, leg in enumerate(data.draw(st.lists(of_family(family), max_size=8))):
        one.trade(*leg) if data.draw(st.booleans()) else one.open(str(number), *leg)
    for _ in range(3):
        before = one.worst()
        family.narrow(*narrower(data, family))
        assert before <= one.worst() <= 0


@given(random_families(), st.data())
def test_payments_over_all_members_sum_to_zero(family: Family, data: st.DataObject) -> None:
    members = [Portfolio(family) for _ in range(4)]
    pair = st.permutations(range(4)).map(lambda order: order[:2])
    for buyer, seller in data.draw(st.lists(pair, max_size=10)):
        market, quantity, price = data.draw(of_family(family))
        members[buyer].trade(market, quantity, price)
        members[seller].trade(market, -quantity, price)
    for outcome in (*family.points(), data.draw(cents)):
        assert sum(one.payoff(outcome) for one in members) == 0


@given(random_families(), st.data())
def test_a_settled_driver_settles_its_whole_family(family: Family, data: st.DataObject) -> None:
    one = account(family)
    one.trade(*data.draw(of_family(family)))
    outcome = data.draw(st.integers(*family.bounds))
    paid, values = one.payoff(outcome), [family.value(market, outcome) for market in family]
    family.narrow(outcome, outcome)
    assert [tuple(family.range(market)) for market in family] == [(v, v) for v in values]
    assert one.worst() == min(0, paid)
    assert one.payoff(outcome) == paid
    assert family.points() == [outcome]


@given(random_families(), st.data())
def test_what_is_dumped_does_not_depend_on_the_order_of_things(
    family: Family, data: st.DataObject
) -> None:
    steps = data.draw(st.lists(st.tuples(st.booleans(), of_family(family)), max_size=8))
    numbered = [(str(number), *step) for number, step in enumerate(steps)]
    made = []
    for some in (numbered, data.draw(st.permutations(numbered))):
        one = Portfolio(family)
        for ref, kind, leg in some:
            one.open(ref, *leg) if kind else one.trade(*leg)
        made.append((one.matched(), [*one.orders().items()], one.worst(), one.payoff(0)))
    assert made[0] == made[1]
    matched, orders, worst, paid = made[0]
    again = Portfolio(family, matched)
    for ref, versions in orders:
        again.open_legs(ref, versions[0])
    assert (again.matched(), again.worst(), again.payoff(0)) == (matched, worst, paid)
    markets = [line.market for line in matched]
    assert markets == sorted({*markets})


@given(random_families(), st.data())
def test_no_fill_needs_more_than_was_held(family: Family, data: st.DataObject) -> None:
    """Whatever part is filled, at the order's price or better, and whatever becomes of the rest."""
    one = Portfolio(family)
    for number, leg in enumerate(data.draw(st.lists(of_family(family), max_size=4))):
        one.trade(*leg) if data.draw(st.booleans()) else one.open(str(number), *leg)
    market, quantity, price = data.draw(of_family(family))
    held = one.if_open(market, quantity, price)
    one.open("order", market, quantity, price)
    left = quantity
    for _ in range(data.draw(st.integers(1, 3))):
        part = data.draw(st.integers(min(0, left), max(0, left)))
        better = data.draw(st.integers(0, ONE)) * (1 if quantity < 0 else -1)
        one.trade(market, part, price + better)
        left -= part
        one.change("order", (left, price))
        assert one.worst() >= held
    one.close("order")
    assert one.worst() >= held


@given(random_families(), st.data())
def test_an_order_under_replacement_is_held_at_the_worse(
    family: Family, data: st.DataObject
) -> None:
    one = account(family)
    one.trade(*data.draw(of_family(family)))
    market, *old = data.draw(of_family(family))
    new = data.draw(st.tuples(quantities, cents))
    either = one.if_open(market, *old), one.if_open(market, *new)
    one.open("order", market, *old)
    one.change("order", (old[0], old[1]), new)
    both = one.worst()
    assert both == min(either)
    one.change("order", new)
    assert one.worst() == either[1] >= both


def test_an_account_that_moves_on_keeps_few_points() -> None:
    wide = Family("R", 0, 1000 * ONE)
    for branch in range(500):
        wide.add(f"R.{branch}", "R", branch * ONE, (branch + 1) * ONE)
    one = Portfolio(wide)
    for branch in range(500):
        one.trade(f"R.{branch}", ONE, branch * ONE)
        one.trade(f"R.{branch}", -ONE, branch * ONE + 1)
        one.if_open(f"R.{branch}", ONE, ONE)
    assert len(one.profile()) < 10
    assert one.worst() == 0
    assert one.payoff(0) == 500 * ONE
    assert len(one.matched()) == 500


def test_markets_of_which_some_were_only_asked_about_are_taken_in_together() -> None:
    one = account(family("R", "0", "1", b2="R 0.2 0.6"))
    assert one.if_open("R", ONE, of("0.5")) == -ONE * of("0.5")
    assert one.if_legs([("R", ONE, of("0.5")), ("b2", -ONE, of("0.4"))]) == -ONE * of("0.3")
    assert one.worst() == 0


def test_a_ref_is_open_once() -> None:
    one = account(family("R", "0", "1"), "open R +1 @ 0.4")
    before = one.worst()
    with pytest.raises(PitError, match=r"^0: open already"):
        one.open("0", "R", ONE, ONE)
    with pytest.raises(PitError, match=r"^0: open already"):
        one.open_legs("0", [("R", ONE, ONE)])
    assert one.worst() == before
    one.change("0")
    assert one.worst() == 0
    one.close("0")
    with pytest.raises(KeyError):
        one.close("0")
    with pytest.raises(KeyError):
        one.if_open("S", ONE, ONE)
    assert one.worst() == 0
