"""What an instruction that asks for cover is answered, at its own entry, by what stands above it.

Each function holds what is needed and returns '', or the sentence that says why it is refused, with
nothing held (MARKET, Accounts).
"""

from pit.archives.amounts import plain
from pit.filters.charges import shown
from pit.filters.claims import Claim
from pit.filters.combos import Combo
from pit.filters.cover import Lacking, shortfall
from pit.filters.instructions import (
    Order,
    Replace,
)
from pit.filters.keeping import Keeping
from pit.filters.problems import contract_problem, order_problem, replace_problem, written_of
from pit.filters.standing import Standing
from pit.pits.blocks import TOKEN
from pit.pits.listing import Ticker
from pit.pits.markets import CONTRACT
from pit.pits.members import owner_of
from pit.pits.state import Pit

__all__ = ["charge", "claim", "combo", "order", "replace", "replaced"]


def order(keeping: Keeping, order: Order, time: str, pit: Pit, record: Standing) -> str:
    """An order that came at a time."""
    ticker = pit.tickers.get(order.ticker)
    why = order_problem(order, ticker, time) or keeping.twin(order)
    if ticker is None or why:
        return why
    why = _unfit(order, ticker, pit, record) or charge(keeping, order.ref, pit, record)
    if why:
        return why
    exists = ticker.mode != "short" or order.buys or record.totals.get(ticker.code)
    if not exists and "listing" in pit.brought:  # else a name without shares could have holders
        return f"there is no {ticker.code} yet; nobody can sell it short"
    lacking = keeping.covers[ticker.mode].take(order, order.quantity, (), ticker)
    if lacking:
        keeping.uncharge(order.ref, record)
        said = f"{'buy' if order.buys else 'sell'} {written_of(order, ticker)}"
        return shortfall(keeping.accounts, order.account, lacking, said, pit)
    keeping.label(order)
    return ""


def _unfit(asked: Order | Replace, ticker: Ticker, pit: Pit, record: Standing) -> str:
    """Why its price cannot be one in a market of contracts, as a sentence."""
    if ticker.mode != CONTRACT:
        return ""
    market = pit.markets[ticker.code]
    return contract_problem(asked, market, record.courses[market.driver])


def combo(keeping: Keeping, combo: Combo, pit: Pit, record: Standing) -> str:
    """A combination: cover for the whole, since nothing of it trades without the rest."""
    why = keeping.twin(combo) or charge(keeping, combo.ref, pit, record)
    lacking = None if why else keeping.contracts.take_all(combo)
    if lacking:
        keeping.uncharge(combo.ref, record)
        said = f"combo {plain(combo.written)} @ {plain(combo.limit)}"
        why = shortfall(keeping.accounts, combo.account, lacking, said, pit)
    if not why:
        keeping.label(combo)
    return why


def replace(keeping: Keeping, replace: Replace, pit: Pit, record: Standing) -> str:
    """A replace: its order's largest quantity at its worst price, as long as it has no answer."""
    order = replaced(replace, record)
    ticker = pit.tickers.get(order.ticker) if order else None
    if order is None or ticker is None:
        return ""  # it will be late
    why = replace_problem(replace, order, ticker) or _unfit(replace, ticker, pit, record)
    if why:
        return why
    cover = keeping.covers[ticker.mode]
    asked = keeping.replacing.setdefault(order.ref, [])
    asked.append(replace)
    if not cover.holds(order):  # refused, or over and not published yet
        return ""
    lacking = cover.take(order, order.quantity - order.filled, asked, ticker)
    if lacking is None:
        return ""
    keeping.forget(replace)
    said = f"replace {replace.target} {plain(replace.written)} @ {plain(replace.limit)}"
    return shortfall(keeping.accounts, order.account, lacking, said, pit)


def replaced(replace: Replace, record: Standing) -> Order | None:
    """The order that a replace is of, if it stands open and is its owner's."""
    order = record.orders.get(replace.target)
    return order if order and order.owner == replace.owner else None


def charge(keeping: Keeping, ref: str, pit: Pit, record: Standing) -> str:
    """What an instruction is charged in TT, if anything, beside its own cover."""
    found = record.charges.get(ref) if record.charges else None
    if found is None or keeping.accounts.hold(found.hold, found.account, found.asset, found.left):
        return ""
    fee, deposit = shown(found.fee), shown(found.deposit)
    how = f" = fee {fee} + good faith {deposit}" if found.deposit else ""
    lacking = Lacking(found.asset, found.left, how=f"{how} ({found.why})")
    return shortfall(keeping.accounts, found.account, lacking, found.verb, pit)


def claim(keeping: Keeping, claim: Claim, pit: Pit, record: Standing) -> str:
    """A transfer, a withdrawal, or what a filter holds an amount for."""
    written = f"{plain(claim.written)} {claim.asset}"
    if pit.decimals(claim.asset) is None:
        return f"{claim.asset} is not an asset of this pit"
    if not claim.amount:
        return f"{written} is nothing, or finer than its smallest unit"
    if claim.asset in pit.tickers and pit.tickers[claim.asset].closed:
        return f"{claim.asset} is closed"
    kept = claim.asset in pit.tickers or (pit.tokens and claim.asset == TOKEN)
    if claim.verb == "withdraw" and kept:
        return f"{claim.asset} is kept in this pit; only money is paid out"
    if claim.to and not pit.open and pit.member(owner_of(claim.to)) is None:
        return f"{owner_of(claim.to)} is not a member of this pit"
    why = charge(keeping, claim.ref, pit, record)
    if why or keeping.accounts.hold(claim.ref, claim.account, claim.asset, claim.amount):
        return why
    keeping.uncharge(claim.ref, record)
    lacking = Lacking(claim.asset, claim.amount)
    return shortfall(keeping.accounts, claim.account, lacking, f"{claim.verb} {written}", pit)
