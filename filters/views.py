"""What people ask of a pit, as values: book, tape, holdings, orders, members, rules.

Each is a list of flat rows with the same keys, which `show` prints as a table or as JSON. Amounts
are decimal strings.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby

from pit.archives.amounts import decimal, plain
from pit.archives.fields import show_time
from pit.archives.mbox import Entry
from pit.filters.book import Working
from pit.filters.combos import Combo
from pit.filters.figures import price_text, quantity_text
from pit.filters.instructions import PLAIN, Order
from pit.filters.match import Match
from pit.filters.positions import Positions
from pit.filters.record import reference_key
from pit.filters.rows import Row
from pit.filters.standing import Standing
from pit.filters.tape import Traded, read
from pit.filters.whose import chooses, further, is_members, named
from pit.pits.members import Member
from pit.pits.rules import RULES
from pit.pits.state import Pit


def book(match: Match, pit: Pit) -> Iterator[Row]:
    """The working orders by ticker, side and price, best first.

    displayed: of the quantity, what the icebergs among them show.
    """
    for ticker, lane in sorted(match.lanes.items()):
        for side, orders in (("bid", lane.book.bids), ("ask", lane.book.asks)):
            for _, group in groupby(orders, key=lambda order: order.price):
                level = list(group)
                yield {
                    "ticker": ticker,
                    "side": side,
                    "price": price_text(level[0].price, ticker, pit),
                    "quantity": quantity_text(sum(order.left for order in level), ticker, pit),
                    "displayed": quantity_text(
                        sum(order.shown or order.left for order in level), ticker, pit
                    ),
                    "orders": [order.order.name for order in level],
                }


def tape(entries: Iterable[Entry]) -> Iterator[Row]:
    """The trades that stand, oldest first."""
    return (trade(traded) for traded in read(entries)[1])


def trade(traded: Traded) -> Row:
    """A trade as a row."""
    return {
        "entry": traded.ref,
        "time": traded.time,
        "ticker": traded.ticker,
        "quantity": plain(traded.quantity),
        "price": plain(traded.price),
        "buyer": traded.buyer,
        "seller": traded.seller,
        "taker": traded.taker,
        "busted": traded.busted,
    }


def holdings(positions: Positions, pit: Pit, who: str | None = None) -> Iterator[Row]:
    """What each account has: balance, held of it, available; who: a member or one account."""
    accounts = positions.accounts
    for (account, asset), balance in sorted(accounts.balances.items()):
        if not is_members(account) or (who and not chooses(who, account)):
            continue
        decimals = pit.decimals(asset) or 0
        held = accounts.held_of(account, asset)
        yield {
            **named(account),
            "asset": asset,
            "balance": plain(decimal(balance, decimals)),
            "held": plain(decimal(held, decimals)),
            "available": plain(decimal(balance - held, decimals)),
        }


def orders(match: Match, record: Standing, pit: Pit, who: str | None = None) -> Iterator[Row]:
    """The open orders and combinations, oldest first; who: a ticker's, a member's, an account's.

    Quantity and price are those published. In an open stream nobody publishes what a replace makes
    of an order, so there they are those that it works with.
    """
    found: dict[str, Order | Combo] = {**record.orders, **record.combos}
    for ref in sorted(found, key=reference_key):
        order = found[ref]
        tickers = [leg.ticker for leg in order.legs] if isinstance(order, Combo) else [order.ticker]
        if who not in (None, *tickers) and not chooses(str(who), order.account):
            continue
        yield _combo(match, order) if isinstance(order, Combo) else _order(match, order, pit)


def _order(match: Match, order: Order, pit: Pit) -> Row:
    state, left = match.standing(order)
    asked: Order | Working = order
    if pit.open and order.ticker in match.lanes:
        asked = match.lanes[order.ticker].working.get(order.ref, order)
    return {
        "order": order.name,
        "account": further(order.account),
        "side": "buy" if order.buys else "sell",
        "quantity": quantity_text(asked.quantity, order.ticker, pit),
        "left": quantity_text(left, order.ticker, pit),
        "ticker": order.ticker,
        "price": _limit(asked, order.ticker, pit),
        "until": show_time(order.until) if order.until else "",
        "state": state,
        "terms": _terms(order, pit),
    }


def _combo(match: Match, combo: Combo) -> Row:
    """A combination that waits: how many, the markets of its legs, and what each may cost."""
    state, left = match.standing(combo)
    return {
        "order": combo.name,
        "account": further(combo.account),
        "side": "combo",
        "quantity": plain(combo.written),
        "left": plain(combo.written) if left else "0",
        "ticker": " ".join(leg.ticker for leg in combo.legs),
        "price": plain(combo.limit),
        "until": "",
        "state": state,
        "terms": f"legs: {', '.join(combo.keys['legs'].split(chr(10)))}",
    }


def _limit(asked: Order | Working, ticker: str, pit: Pit) -> str:
    return "market" if asked.limit is None else price_text(asked.price, ticker, pit)


def _terms(order: Order, pit: Pit) -> str:
    """What an order says beside, as its keys; '' for a plain one."""
    terms, ticker = order.terms, order.ticker
    said = [
        ("tif", terms.tif if terms.tif != PLAIN.tif else ""),
        ("stop", price_text(terms.stop, ticker, pit) if terms.stop else ""),
        ("min", quantity_text(terms.minimum, ticker, pit) if terms.minimum else ""),
        ("show", quantity_text(terms.show, ticker, pit) if terms.show else ""),
        ("post-only", "yes" if terms.post_only else ""),
        ("stp", terms.stp if terms.stp != PLAIN.stp else ""),
    ]
    return "; ".join(f"{key}: {value}" for key, value in said if value)


def members(pit: Pit) -> Iterator[Row]:
    """Who is enrolled."""
    for handle, member in sorted(pit.members.items()):
        yield {
            "member": handle,
            "standing": member.standing,
            "roles": sorted(member.roles),
            "mail": list(member.mail),
            "fingerprint": member.fingerprint,
            "key": _key_state(pit, member),
        }


def _key_state(pit: Pit, member: Member) -> str:
    """What there is to know of a member's key; that it has expired, an audit says."""
    if member.fingerprint in pit.revoked:
        entry, reason = pit.revoked[member.fingerprint]
        return f"revoked in entry {entry}, {reason}"
    waits = pit.waiting.get(member.handle)
    return f"{waits} waits for `confirm`" if waits else "in force"


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
