"""Busts as values: a fill that can be undone, one that may be, and what its sides' keepers said."""

from typing import NamedTuple

from pit.archives.entry import OPERATOR
from pit.archives.errors import Damaged
from pit.pits.members import owner_of

__all__ = ["Bust", "Fill", "Ruling"]


class Fill(NamedTuple):
    """A fill as the record remembers it.

    quantity, price: in 10**-9. buyer, seller: their accounts; fees: what each paid, in the
    currency's smallest unit. busted: by which bust it is undone, '' for none.
    """

    time: str
    ref: str
    quantity: int
    ticker: str
    price: int
    buyer: str
    seller: str
    fees: tuple[int, int]
    busted: str = ""

    def line(self) -> str:
        """In one line, the time first."""
        time, ref, quantity, ticker, price, buyer, seller, (bought, sold), busted = self
        about = f"{quantity} {ticker} {price} {buyer} {seller} {bought} {sold}"
        return f"{time} {ref} {about} {busted or '-'}"

    @classmethod
    def of(cls, line: str) -> "Fill":
        """The fill that a line says; Damaged where it says none."""
        try:
            time, ref, number, ticker, price, buyer, seller, *fees, busted = line.split(" ")
            bought, sold = map(int, fees)
            quantity, at = int(number), int(price)
        except ValueError:
            raise Damaged(f"'filled {line}' is no fill; remove the checkpoint") from None
        by = "" if busted == "-" else busted
        return cls(time, ref, quantity, ticker, at, buyer, seller, (bought, sold), by)

    @property
    def owners(self) -> list[str]:
        """Whose keepers answer a bust: who got something by it."""
        owners = {owner_of(self.buyer): None, owner_of(self.seller): None}
        if any(self.fees):
            owners[OPERATOR] = None
        return list(owners)


class Bust:
    """A bust that waits: its fill, whose answers it waits for, whether one refused."""

    __slots__ = ("fill", "ref", "refused", "waits")

    def __init__(self, ref: str, fill: Fill) -> None:
        self.ref, self.fill = ref, fill
        self.waits = fill.owners
        self.refused = False


class Ruling(NamedTuple):
    """An answer to a bust: whose, and what follows: nothing yet, it is done, or it is over."""

    bust: Bust
    owner: str
    accepts: bool
    done: bool
    over: bool
