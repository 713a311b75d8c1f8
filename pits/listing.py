"""Assets, tickers and who publishes for them: the values that a pit's fold keeps."""

import hashlib
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from pit.archives.amounts import DECIMALS, multiply, places, plain, units
from pit.archives.verbs import Directive

if TYPE_CHECKING:
    from pit.pits.state import Pit


class Asset(NamedTuple):
    """A currency: its smallest unit is 10**-decimals."""

    code: str
    name: str
    decimals: int


class Ticker(NamedTuple):
    """Something to trade.

    Its smallest unit is 10**-decimals, as the lot is written; prices are printed with
    `price_decimals`. Orders are reckoned in 10**-9: so are `lot_scaled` and `tick_scaled`;
    `unit_scaled` is the ticker's smallest unit, and `value_scaled` the currency's in quantity x
    price x `factor`. mode: how a fill is settled (MARKET, Settlement modes). unit: what one point
    of the price is worth, in the currency. closed: nothing is traded or issued any more (`names`).
    """

    code: str
    name: str
    issuer: str
    currency: str
    tick: Decimal
    lot: Decimal
    decimals: int
    price_decimals: int
    lot_scaled: int
    tick_scaled: int
    unit_scaled: int
    value_scaled: int
    mode: str = "book"
    unit: Decimal = Decimal(1)
    factor: int = 1
    closed: bool = False

    @classmethod
    def of(
        cls,
        code: str,
        name: str,
        issuer: str,
        currency: Asset,
        tick: Decimal,
        lot: Decimal,
        mode: str = "book",
        unit: Decimal = Decimal(1),
    ) -> "Ticker":
        """The ticker with the decimals that its lot, tick and currency give it.

        unit: what one point of the price is worth, in the currency.
        """
        price_decimals = max(places(tick), currency.decimals)
        return cls(
            code,
            name,
            issuer,
            currency.code,
            tick,
            lot,
            places(lot),
            price_decimals,
            units(lot, DECIMALS),
            units(tick, DECIMALS),
            10 ** (DECIMALS - places(lot)),
            10 ** (2 * DECIMALS - currency.decimals + places(unit)),
            mode,
            unit,
            units(unit, places(unit)),
        )

    def worth(self, quantity: int, price: int) -> int:
        """Quantity x price, both in 10**-9, in the currency's smallest unit; exact for lots."""
        return quantity * price * self.factor // self.value_scaled


class Holder(NamedTuple):
    """Who publishes, and since which entry."""

    handle: str
    since: int


def ticker_of(directive: Directive, signer: str, currency: Asset) -> Ticker:
    """What a `ticker` directive lists."""
    keys = directive.keys
    code, name = directive.args
    mode = "short" if "short" in keys else "book"
    return Ticker.of(code, name, signer, currency, keys["tick"], keys["lot"], mode)


def taken(pit: "Pit", code: str) -> str:
    """Why a code is no new asset's or market's, as a sentence; '' when it can be one's."""
    if code in pit.aliases:
        return f"{code} is another name of {pit.aliases[code]}"
    if any(asked.code == code for asked in pit.asked.values()):
        return f"{code} is asked for by a `ticker`"
    return f"{code} exists already" if code in pit.assets or code in pit.tickers else ""


def tick_problem(ticker: Ticker, currency: Asset) -> str:
    """Why a tick and lot cannot be traded exactly, as a sentence; '' when they can."""
    if not ticker.tick or not ticker.lot:
        return "tick and lot must be above 0"
    if ticker.tick_scaled * ticker.lot_scaled * ticker.factor % ticker.value_scaled:
        unit = Decimal(1).scaleb(-currency.decimals)
        value = multiply(multiply(ticker.tick, ticker.lot), ticker.unit)
        said = f"tick {plain(ticker.tick)} x lot {plain(ticker.lot)}"
        said += f" x unit {plain(ticker.unit)}" if ticker.unit != 1 else ""
        return (
            f"{said} = {plain(value)} is not a whole number of {currency.code}'s "
            f"smallest unit, {plain(unit)}"
        )
    return ""


@lru_cache(maxsize=1 << 14)
def shard_of(handle: str, count: int) -> int:
    """Which of `count` shards keeps a member: int(sha256(handle), 16) mod count + 1."""
    return int(hashlib.sha256(handle.encode()).hexdigest(), 16) % count + 1
