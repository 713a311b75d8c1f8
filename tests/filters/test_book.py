"""The order book holds what works, in price-time order, however much has ended."""

import random
from decimal import Decimal

import pytest

from pit.archives.verbs import Directive
from pit.filters.book import FEW, Side, Working
from pit.filters.instructions import Order


def coming(number: int, price: int) -> Working:
    said = Directive("buy", (Decimal(1), "ACME", Decimal(price)))
    return Working(Order(str(number), "2026-11-20T12:00:00.000000Z", "alice", said))


@pytest.mark.parametrize("bids", [True, False])
@pytest.mark.parametrize("working", [0, 3, 2000])
def test_what_has_ended_does_not_stay_in_the_book(bids: bool, working: int) -> None:
    side, dice, works = Side(bids), random.Random(working), list[Working]()
    sign = -1 if bids else 1
    for number in range(12 * FEW):
        one = coming(number, dice.randint(1, 300))
        side.add(one)
        works.append(one)
        if len(works) > working:
            works.pop(dice.randrange(len(works))).left = 0
        if number % FEW < 3:
            best = min(works, key=lambda one: sign * one.price, default=None)
            assert side.best() is best
    assert list(side) == sorted(works, key=lambda one: (sign * one.price, int(one.order.ref)))
    assert sum(map(len, side._levels.values())) <= 2 * working + 2 * FEW
