"""List tickers and shares: what exists, what is on offer, what a member owns and was paid.

    $ pit shares
    $ pit shares --find acme
    $ pit shares ACME
    $ pit shares alice --json

Without a name every ticker of the pit; --find: those whose code, name or issuer has these letters.
A ticker: how many exist, who holds them, the orders to buy and to sell by price. A member: the
tickers that he issues, what he holds, and every dividend that he was paid.
"""

import argparse
from collections.abc import Iterable, Iterator

from pit.archives.amounts import decimal, plain
from pit.archives.errors import NoInput
from pit.archives.mbox import Entry
from pit.filters import views
from pit.filters.figures import price_text, quantity_text
from pit.filters.govern import Govern
from pit.filters.history import history
from pit.filters.holders import Holders, voters
from pit.filters.markets import Moved
from pit.filters.match import Match
from pit.filters.rows import Row, add_form, print_csv, print_rows
from pit.filters.runner import Run
from pit.filters.show import state_of
from pit.filters.whose import named
from pit.pits.display import show_json
from pit.pits.home import Home, choose_pit, root
from pit.pits.listing import Ticker
from pit.pits.members import owner_of
from pit.pits.names import shown
from pit.pits.options import add_pit, parser
from pit.pits.reading import entries_of
from pit.pits.state import Pit


def listed(match: Run, holders: Holders, find: str = "", only: str = "") -> Iterator[Row]:
    """A row for each ticker whose code, name or issuer has the letters `find`, and for each name
    that is asked for.

    match: a run of `match`. holders: units by account or member. only: that ticker's. Contracts
    have no shares, and of a name that is nobody's there is nothing to say.
    """
    pit, filter = match.pit, match.filter
    assert isinstance(filter, Match)
    for code, ticker in sorted(pit.tickers.items()):
        about, known = f"{shown(pit, code)} {ticker.name} {ticker.issuer}", pit.names.get(code)
        if pit.decimals(code) is None or find.casefold() not in about.casefold():
            continue
        if only not in ("", code) or (known and known.ended):
            continue
        register = holders[code].now
        held = voters(register, ticker)
        total = match.record.totals.get(code, 0)
        lane = filter.lanes.get(code)
        bids, asks = (list(lane.book.bids), list(lane.book.asks)) if lane else ([], [])
        buying, selling = (sum(one.left for one in side) for side in (bids, asks))
        yield {
            "ticker": shown(pit, code),
            "name": ticker.name,
            "issuer": ticker.issuer,
            "shares": _units(total, ticker),
            "treasury": _units(total - sum(held.values()), ticker),
            "holders": str(len({owner_of(holder) for holder in held})),
            "buy orders": quantity_text(buying, code, pit),
            "bid": price_text(bids[0].price, code, pit) if bids else "",
            "sell orders": quantity_text(selling, code, pit),
            "ask": price_text(asks[0].price, code, pit) if asks else "",
        }
    for asked in pit.asked.values() if not only else ():
        about = f"{asked.code} {asked.title} {asked.signer}"
        if find.casefold() in about.casefold():
            row = dict.fromkeys(("shares", "treasury", "holders", "buy orders"), "0")
            row |= {"bid": "", "sell orders": "0", "ask": ""}
            who = {"name": asked.title, "issuer": asked.signer}
            yield {"ticker": f"{asked.code} (asked for)", **who, **row}


def owned(holders: Holders, pit: Pit, code: str) -> Iterator[Row]:
    """Who holds a ticker, the most first; holders: by account."""
    ticker = pit.tickers[code]
    register = holders[code].now
    for holder, amount in sorted(register.items(), key=lambda one: (-one[1], one[0])):
        about = "treasury" if owner_of(holder) == ticker.issuer else ""
        yield {**named(holder), "shares": _units(amount, ticker), "as": about}


def held_by(holders: Holders, pit: Pit, member: str) -> Iterator[Row]:
    """What a member holds; holders: by account."""
    for code, register in sorted(holders.tickers.items()):
        ticker = pit.tickers[code]
        for holder, amount in sorted(register.now.items()):
            if owner_of(holder) == member:
                about = "treasury" if ticker.issuer == member else ""
                shares = _units(amount, ticker)
                yield {"ticker": code, **named(holder), "shares": shares, "as": about}


def dividends(entries: Iterable[Entry], member: str = "") -> Iterator[Row]:
    """The dividends that a member, or everybody, was paid, oldest first."""
    for chapter in history(entries):
        for act in chapter.acts:
            moved = act.subject
            if not isinstance(moved, Moved) or moved.claim.mover != "dividends":
                continue
            if moved.to == moved.claim.account or member not in ("", owner_of(moved.to)):
                continue
            amount = decimal(moved.amount, chapter.pit.decimals(moved.claim.asset) or 0)
            yield {
                "time": chapter.entry.time,
                "entry": act.ref,
                "ticker": moved.claim.lane,
                **named(moved.to),
                "amount": plain(amount),
                "asset": moved.claim.asset,
                "dividend": f"{moved.claim.owner}/{moved.claim.ref}",
                "why": act.directive.args[-1],
            }


def _units(amount: int, ticker: Ticker) -> str:
    return plain(decimal(amount, ticker.decimals))


def main(argv: list[str]) -> int:
    """Print them."""
    options = parser("shares", __doc__)
    add_pit(options)
    add_form(options)
    options.add_argument(
        "--find", metavar="TEXT", default="", help="only tickers with these letters"
    )
    options.add_argument("who", nargs="?", metavar="TICKER|HANDLE")
    args = options.parse_args(argv)
    home = Home(root())
    name = choose_pit(home, args.pit)
    match = state_of(home, name, Match())
    pit = match.pit
    who = pit.aliases.get(args.who, args.who)
    holders = Holders()
    for chapter in history(entries_of(home, name)):
        for act in chapter.acts:
            holders.step(act, chapter.entry.signer, chapter.pit)
    if who is None:
        return _print({"tickers": list(listed(match, holders, args.find))}, args)
    if who in pit.tickers and pit.decimals(who) is not None:
        return _print(_of_ticker(home, name, match, holders, who), args)
    if who not in pit.members and not pit.open:
        raise NoInput(f"{who[:80]} is no ticker and no member of {name}; `pit shares` lists those")
    issued = [row for row in listed(match, holders) if row["issuer"] == who]
    parts = {
        "tickers": issued,
        "holdings": list(held_by(holders, pit, who)),
        "dividends": list(dividends(entries_of(home, name), who)),
    }
    return _print(parts, args)


def _of_ticker(
    home: Home, name: str, match: Run, holders: Holders, code: str
) -> dict[str, list[Row]]:
    """All that there is to say of a ticker."""
    filter = match.filter
    assert isinstance(filter, Match)
    govern = Govern()
    state_of(home, name, govern)
    return {
        "ticker": list(listed(match, holders, only=code)),
        "orders": [row for row in views.book(filter, match.pit) if row["ticker"] == code],
        "holders": list(owned(holders, match.pit, code)),
        "motions": [
            {"motion": one.name, "kind": one.kind, "until": one.until, "votes": len(one.ballots)}
            for one in govern.motions.values()
            if one.ticker == code
        ],
    }


def _print(parts: dict[str, list[Row]], args: argparse.Namespace) -> int:
    """Print the parts, as asked; CSV: the first that has rows."""
    if args.json:
        show_json(parts if len(parts) > 1 else next(iter(parts.values())))
        return 0
    if args.csv:
        print_csv(next((rows for rows in parts.values() if rows), []))
        return 0
    for index, (what, rows) in enumerate(parts.items()):
        if len(parts) > 1:
            print(f"{chr(10) if index else ''}{what}:")
        print_rows(rows, f"no {what}")
    return 0
