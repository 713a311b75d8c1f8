"""What waits for its turn in a ticker's lane."""

from typing import NamedTuple

from pit.filters.combos import Combo
from pit.filters.instructions import Cancel, Order, Replace

__all__ = ["Banned", "Ended", "Item", "Session", "What"]


class Banned(NamedTuple):
    """A member was suspended or expelled at entry `ref`: his working orders are cancelled."""

    ref: str
    owner: str


class Ended(NamedTuple):
    """The market was settled, or the ticker closed, at entry `ref`: its orders are cancelled."""

    ref: str


class Session(NamedTuple):
    """`halt`, `resume` or `auction` at entry `ref`; until: of an auction."""

    ref: str
    verb: str
    until: str


What = Order | Combo | Cancel | Replace | Banned | Ended | Session


class Item(NamedTuple):
    """An instruction that waits for its turn in a lane: when it came, and what it is.

    fired: a stop order whose stop has been triggered.
    """

    time: str
    what: What
    fired: bool = False
