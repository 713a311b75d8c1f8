"""Markets of bounded contracts: what a `market` directive founds (MARKET, Bounded contracts).

A root has bounds of its own; a sub-market an interval inside its parent's. Who settles a market is
its *driver*: a root, or a sub-market declared `owner-settled`; every other market is a function of
its nearest driver.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from pit.archives.amounts import DECIMALS, Inexact, plain, units
from pit.archives.verbs import Directive
from pit.pits.listing import Ticker, taken, tick_problem

if TYPE_CHECKING:
    from pit.pits.state import Pit

CONTRACT = "contract"
"""The mode of a ticker whose units are contracts, not assets."""

OWN_KEYS = ("expiry", "resolution", "source", "panel", "void", "dispute", "stake")
"""What a driver may say for itself; an owner-settled sub-market has its root's by default."""

TRADED_KEYS = ("currency", "tick", "lot", "unit", "specialist")
"""What a root says for all its markets."""


class Market(NamedTuple):
    """A market.

    parent: '' of a root. low, high: the bounds it was founded with, in 10**-9. panel: who decides a
    dispute. dispute: seconds of its window; stake: what a dispute costs at least, in the currency's
    smallest unit. void: `mid` or `cancel`, what holds if nobody resolves it by `unresolved`. said:
    the keys of its directive but `owner`.
    """

    code: str
    name: str
    parent: str
    driver: str
    owner: str
    low: int
    high: int
    panel: tuple[str, ...]
    dispute: int
    stake: int
    void: str
    expiry: str
    unresolved: str
    said: Mapping[str, Any]

    @property
    def drives(self) -> bool:
        """Whether its value is free, and its owner's to settle."""
        return self.driver == self.code

    @property
    def root(self) -> str:
        """The root: RAIN, of `RAIN` and of `RAIN.2`."""
        return self.code.partition(".")[0]

    @property
    def branch(self) -> int:
        """1 for a root, 2 for `RAIN.2`."""
        return int(self.code.partition(".")[2] or 1)


def market_of(directive: Directive, owner: str, unresolved: str, pit: "Pit") -> Market:
    """The market that a directive founds; unresolved: '' to reckon it by the rule in force."""
    code, name = directive.args
    keys = {key: value for key, value in directive.keys.items() if key != "owner"}
    parent = pit.markets.get(keys.get("within", ""))
    low, high = units(keys["min"], DECIMALS), units(keys["max"], DECIMALS)
    if parent and keys.get("kind", "derived") == "derived":
        return parent._replace(
            code=code, name=name, parent=parent.code, low=low, high=high, said=keys
        )
    root = pit.markets[parent.root] if parent else None
    about = {**(root.said if root else {}), **keys}
    expiry = about["expiry"]
    if not unresolved:
        unresolved = after(expiry, pit.rule("unresolved"))
    decimals = pit.assets[about["currency"]].decimals
    return Market(
        code,
        name,
        parent.code if parent else "",
        code,
        root.owner if root else owner,
        low,
        high,
        about["panel"],
        about.get("dispute", 0),
        units(about.get("stake", Decimal(0)), decimals),
        about["void"],
        expiry,
        unresolved,
        keys,
    )


def contract_of(market: Market, pit: "Pit") -> Ticker:
    """What is traded in a market: contracts, in the currency and ticks of its root."""
    about = pit.markets[market.root].said if market.parent else market.said
    return Ticker.of(
        market.code,
        market.name,
        market.owner,
        pit.assets[about["currency"]],
        about["tick"],
        about.get("lot", Decimal(1)),
        CONTRACT,
        about.get("unit", Decimal(1)),
    )


def after(time: str, seconds: int) -> str:
    """A time so many seconds after another; the last there is where that is past year 9999."""
    try:
        moment = datetime.fromisoformat(time[:-1]) + timedelta(seconds=seconds)
    except OverflowError:
        moment = datetime.max
    return moment.isoformat(timespec="microseconds") + "Z"


def market_problem(pit: "Pit", directive: Directive, signer: str) -> str:
    """Why a market cannot be founded so, as a sentence; '' when it can."""
    code = directive.args[0]
    problem = taken(pit, code)
    if problem:
        return problem
    keys = directive.keys
    low, high = keys["min"], keys["max"]
    if low >= high:
        return f"min {plain(low)} is not below max {plain(high)}"
    return (
        _sub_problem(pit, directive, signer)
        if "within" in keys
        else _root_problem(pit, directive, signer)
    )


def _root_problem(pit: "Pit", directive: Directive, signer: str) -> str:
    code, keys = directive.args[0], directive.keys
    if "." in code:
        return f"{code} is a sub-market's name; say `within:`, or leave the point out"
    if "kind" in keys:
        return "`kind:` is a sub-market's; a root is settled by its owner"
    needed = ("currency", "tick", "specialist", "expiry", "resolution", "panel", "void")
    missing = [key for key in needed if key not in keys]
    if missing:
        return f"a root needs `{missing[0]}:`"
    currency = pit.assets.get(keys["currency"])
    if currency is None:
        return f"{keys['currency']} is not a currency of this pit"
    problem = pit.lacks_role(keys["specialist"], "specialist")
    problem = problem or _own_problem(pit, keys, keys.get("owner", signer), currency.decimals)
    if problem:
        return problem
    market = market_of(directive, keys.get("owner", signer), "-", pit)
    contract = contract_of(market, pit)
    return tick_problem(contract, currency) or _off_tick(market, contract)


def _sub_problem(pit: "Pit", directive: Directive, signer: str) -> str:
    code, keys = directive.args[0], directive.keys
    parent = pit.markets.get(keys["within"])
    if parent is None:
        return f"{keys['within']} is not a market of this pit"
    root = pit.markets[parent.root]
    if not re.fullmatch(rf"{root.code}\.(?:[2-9]|[1-9][0-9]{{1,7}})", code):
        return f"a sub-market of {root.code} has its name and a number from 2 on: {root.code}.2"
    if signer != root.owner and not pit.open:
        return f"{root.code} is {root.owner}'s; so are its sub-markets"
    for key in ("owner", *TRADED_KEYS):
        if key in keys:
            return f"`{key}:` is {root.code}'s for all its markets"
    derived = keys.get("kind", "derived") == "derived"
    if derived:
        for key in OWN_KEYS:
            if key in keys:
                return f"`{key}:` is for who settles; a derived market is settled with its parent"
    currency = pit.assets[pit.tickers[root.code].currency]
    problem = _own_problem(pit, keys, root.owner, currency.decimals)
    if problem:
        return problem
    market = market_of(directive, root.owner, "-", pit)
    if market.drives and market.expiry <= pit.time:
        return f"its expiry, that of {root.code}, has passed"
    if market.low < parent.low or market.high > parent.high:
        low, high = keys["min"], keys["max"]
        return f"{plain(low)} to {plain(high)} is not inside {parent.code}'s interval"
    return _off_tick(market, contract_of(market, pit))


def _own_problem(pit: "Pit", keys: Mapping[str, Any], owner: str, decimals: int) -> str:
    """What is wrong with how a market is to be settled."""
    if not pit.open and pit.member(owner) is None:
        return f"{owner} is not a member of this pit"
    for handle in keys.get("panel", ()):
        if handle == owner:
            return f"{owner} owns the market and cannot judge its disputes"
        if not pit.open and pit.member(handle) is None:
            return f"{handle}, of the panel, is not a member of this pit"
    if len(set(keys.get("panel", ()))) != len(keys.get("panel", ())):
        return "the panel names somebody twice"
    if "expiry" in keys and keys["expiry"] <= pit.time:
        return "its expiry has passed"
    try:
        units(keys.get("stake", Decimal(0)), decimals)
    except Inexact:
        return f"stake {plain(keys['stake'])} is finer than the currency's smallest unit"
    return ""


def _off_tick(market: Market, contract: Ticker) -> str:
    for bound in (market.low, market.high):
        if bound % contract.tick_scaled:
            return f"its bounds are not multiples of the tick, {plain(contract.tick)}"
    return ""
