"""Blocks of time, and the TradeTokens (TT) that each one brings into being.

A pit's time is cut into blocks of 300 s from its genesis, the time of entry 1, on; they are
numbered from 1, empty ones included (docs/reference/tokens.md, after RFC 002, section 2). Amounts
of TT are integers of 10**-5 TT (`UNIT`). What comes into being through a block is in closed form,
so that nobody counts blocks: an archive of a hundred years costs what one of a day does.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

__all__ = [
    "DECIMALS",
    "HALVING",
    "LINEAR",
    "SCHEDULES",
    "SECONDS",
    "TOKEN",
    "UNIT",
    "Halving",
    "Linear",
    "Schedule",
    "block_of",
    "minted",
    "turn",
]

DECIMALS = 5
"""Decimals of TT: the seed's 0.00019 TT needs five."""

TOKEN = "TT"
"""The code of the asset."""

UNIT: int = 10**DECIMALS
"""One TT in its smallest unit."""

SECONDS = 300
"""How long a block is: the seed's five minutes."""


class Linear(NamedTuple):
    """A subsidy that falls by the same amount from each block to the next, down to 0.

    first: that of block 1; fall: by how much; both in 10**-5 TT, from 1 up. RFC 002, section 2.
    """

    first: int = 1000 * UNIT
    fall: int = 19

    @property
    def last(self) -> int:
        """The last block that pays anything: 5,263,158."""
        return (self.first - 1) // self.fall + 1

    def subsidy(self, block: int) -> int:
        """What block `block`, from 1 up, brings: max(0, first - fall x (block - 1)).

        >>> Linear().subsidy(1), Linear().subsidy(2), Linear().subsidy(5_263_158)
        (100000000, 99999981, 17)
        """
        return max(0, self.first - self.fall * (block - 1))

    def issued(self, block: int) -> int:
        """What blocks 1 … `block` bring together, 0 for block 0: an arithmetic series.

        >>> Linear().issued(5_263_158)
        263157944736843
        """
        paying = min(block, self.last)
        return paying * self.first - self.fall * (paying * (paying - 1) // 2)


class Halving(NamedTuple):
    """A subsidy that is halved, rounded down, every `interval` blocks: Bitcoin's rule.

    first: that of the blocks of the first interval, in 10**-5 TT; interval: in blocks; both from 1
    up. Block 1 is the first of its interval, as Bitcoin's block 0 is. Bitcoin's own interval would
    bring a sixth of what `Linear` brings as 210,000 blocks, and a third as four years; this one, a
    quarter of the blocks that `Linear` pays (12 years and a half), brings as good as the same:
    263,157,984,210,520 units, which is more by 0.000015 %.
    """

    first: int = 1000 * UNIT
    interval: int = 1_315_790

    @property
    def last(self) -> int:
        """The last block that pays anything: 35,526,330."""
        return self.first.bit_length() * self.interval

    def subsidy(self, block: int) -> int:
        """What block `block`, from 1 up, brings: first >> ((block - 1) // interval).

        >>> Halving().subsidy(1_315_790), Halving().subsidy(1_315_791)
        (100000000, 50000000)
        """
        # A shift by more bits than there are is 0, but Python counts them all out first.
        return self.first >> min((block - 1) // self.interval, self.first.bit_length())

    def issued(self, block: int) -> int:
        """What blocks 1 … `block` bring together, 0 for block 0: one term a halving.

        >>> Halving().issued(1_315_791) - Halving().issued(1_315_790)
        50000000
        """
        whole, rest = divmod(min(block, self.last), self.interval)
        return self.interval * sum(self.first >> n for n in range(whole)) + rest * (
            self.first >> whole
        )


Schedule = Linear | Halving
"""How the subsidy falls."""

LINEAR, HALVING = Linear(), Halving()

SCHEDULES: dict[str, Schedule] = {"linear": LINEAR, "halving": HALVING}
"""The schedules that a pit can choose from, with the seed's numbers."""


def minted(schedule: Schedule, after: int, through: int) -> int:
    """What the blocks past `after` up to and including `through` bring, in 10**-5 TT.

    This is what the first seal of block `through` is due where `after` was the last block sealed:
    its own subsidy and those of the empty blocks before it.

    >>> minted(LINEAR, 0, 2)
    199999981
    """
    return schedule.issued(through) - schedule.issued(after)


def block_of(time: str, genesis: str, seconds: int = SECONDS) -> int:
    """The block that a time is in: floor((time - genesis) / seconds) + 1.

    time, genesis: 27 characters, as `archives.fields.read_time` makes them. A time before genesis,
    which only an open stream can have, is in block 1.

    >>> block_of("2026-11-20T12:05:00.000000Z", "2026-11-20T12:00:00.000001Z")
    1
    """
    since = datetime.fromisoformat(time[:-1]) - datetime.fromisoformat(genesis[:-1])
    return max(0, since // timedelta(seconds=seconds)) + 1


def turn(block: int, sealers: Sequence[str]) -> str:
    """Whose turn a block is: the sealers (at least one) take turns, the first has block 1.

    >>> [turn(block, ("a", "b", "c")) for block in (1, 2, 3, 4)]
    ['a', 'b', 'c', 'a']
    """
    return sealers[(block - 1) % len(sealers)]
