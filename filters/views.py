"""What people ask of a pit, as values: book, tape, holdings, orders, members, rules.

Each is a list of flat rows with the same keys, which `show` prints as a table or as JSON. Amounts
are decimal strings.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from pit.archives.amounts import decimal, plain
from pit.archives.fields import show_time
from pit.archives.mbox import Entry
from pit.filters.accounts import OUTSIDE
from pit.filters.book import Working
from pit.filters.history import history
from pit.filters.instructions import SCALE, Order
from pit.filters.match import Match
from pit.filters.positions import Positions
from pit.filters.record import reference_key
from pit.pits.listing import Ticker
from pit.pits.rules import RULES
from pit.pits.state import Pit

Row = dict[str, Any]


def _quantity(amount: int, ticker: str, pit: Pit) -> str:
    """A quantity of 10**-9 with the ticker's decimals."""
    decimals = pit.decimals(ticker)
    text = plain(decimal(amount, SCALE))
    if decimals is None:
        return text.rstrip("0").rstrip(".")
    return plain(decimal(amount // 10 ** (SCALE - decimals), decimals))


def _price(order: Order | Working, ticker: Ticker | None) -> str:
    if order.limit is None:
        return "market"
    if ticker is None:
        return plain(order.limit)
    decimals = ticker.price_decimals
    return plain(decimal(order.price // 10 ** (SCALE - decimals), decimals))


def book(match: Match, pit: Pit) -> Iterator[Row]:
    """The working orders by ticker, side and price, best first."""
    for ticker, lane in sorted(match.lanes.items()):
        for side, orders in (("bid", lane.book.bids), ("ask", lane.book.asks)):
            for _, group in groupby(orders, key=lambda order: order.price):
                level = list(group)
                yield {
                    "ticker": ticker,
                    "side": side,
                    "price": _price(level[0], pit.tickers.get(ticker)),
                    "quantity": _quantity(sum(order.left for order in level), ticker, pit),
                    "orders": [order.order.name for order in level],
                }


def tape(entries: Iterable[Entry]) -> Iterator[Row]:
    """The trades that stand, oldest first."""
    for entry, _, acts, _, _ in history(entries):
        for act in acts:
            if act.directive.verb == "fill":
                quantity, ticker, price, buyer, seller = act.directive.args
                yield {
                    "entry": act.ref,
                    "time": entry.time,
                    "ticker": ticker,
                    "quantity": plain(quantity),
                    "price": plain(price),
                    "buyer": buyer,
                    "seller": seller,
                    "taker": act.directive.keys.get("taker", ""),
                }


def holdings(positions: Positions, pit: Pit, handle: str | None = None) -> Iterator[Row]:
    """What each account has: balance, held of it, available."""
    accounts = positions.accounts
    for (owner, asset), balance in sorted(accounts.balances.items()):
        if owner == OUTSIDE or (handle and owner != handle):
            continue
        decimals = pit.decimals(asset) or 0
        held = accounts.held_of(owner, asset)
        yield {
            "member": owner,
            "asset": asset,
            "balance": plain(decimal(balance, decimals)),
            "held": plain(decimal(held, decimals)),
            "available": plain(decimal(balance - held, decimals)),
        }


def orders(match: Match, open_orders: dict[str, Order], pit: Pit) -> Iterator[Row]:
    """The open orders, oldest first."""
    for ref in sorted(open_orders, key=reference_key):
        order = open_orders[ref]
        state, left = match.standing(order)
        yield {
            "order": order.name,
            "side": "buy" if order.buys else "sell",
            "quantity": _quantity(order.quantity, order.ticker, pit),
            "left": _quantity(left, order.ticker, pit),
            "ticker": order.ticker,
            "price": _price(order, pit.tickers.get(order.ticker)),
            "until": show_time(order.until) if order.until else "",
            "state": state,
        }


def members(pit: Pit) -> Iterator[Row]:
    """Who is enrolled."""
    for handle, member in sorted(pit.members.items()):
        yield {
            "member": handle,
            "standing": member.standing,
            "roles": sorted(member.roles),
            "mail": list(member.mail),
            "fingerprint": member.fingerprint,
        }


def rules(pit: Pit) -> Iterator[Row]:
    """The parameters in force."""
    for name, rule in RULES.items():
        yield {
            "rule": name,
            "value": pit.written.get(name, rule.default),
            "default": rule.default,
            "meaning": rule.meaning,
        }
    for name, version in sorted(pit.brought.items()):
        yield {
            "rule": f"words {name}",
            "value": str(version),
            "default": "",
            "meaning": "its words",
        }
