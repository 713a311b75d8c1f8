"""Work a combination against the books of its legs: all of it at once, or nothing (MARKET)."""

from collections.abc import Sequence

from pit.filters.book import Working
from pit.filters.combos import MAX_FILLS, Combo
from pit.filters.lanes import Owed
from pit.filters.trading import Lane

__all__ = ["work"]


def work(combo: Combo, lanes: Sequence[Lane], out: list[Owed]) -> None:
    """Fill all legs, in their order, each in its lane, or kill it; then come the stops.

    lanes: the legs' own. The fills follow one another, so that they stand in one report.
    """
    first = lanes[0]
    if first.pit.open:
        first.record.combos.pop(combo.ref, None)
    if any(lane.closed for lane in lanes) or not _affordable(combo, lanes):
        first.kill(combo.name, combo.ref, out)
        return
    for lane, leg in zip(lanes, combo.legs, strict=True):
        lane.combine(leg, out)
    for lane in lanes:
        lane.follow(combo.ref, out)


def _affordable(combo: Combo, lanes: Sequence[Lane]) -> bool:
    """Whether the books hold all legs, in few enough fills, for no more than it may cost.

    Each leg trades by price, then time, up to an order of the same member.
    """
    cost = fills = 0
    for lane, leg in zip(lanes, combo.legs, strict=True):
        order = Working(leg)
        left = order.left
        for other, size in lane.offered(order):
            quantity = min(left, size)
            shown = other.order.terms.show
            fills += quantity // shown + 2 if shown else 1  # at most
            cost += quantity * other.price if leg.buys else -quantity * other.price
            left -= quantity
            if not left:
                break
        if left:
            return False
    return cost <= combo.cost and fills <= MAX_FILLS
