"""Print what ends when, of all that concerns a member: motions, orders, markets, names.

    $ pit deadlines alice
    $ pit deadlines alice --json

Motions about which he has a vote, with it and what he has said; his orders that expire; markets
in which he has an order or contracts, and when they expire; his names that are released if no
shares are issued. Soonest first.
"""

from collections.abc import Iterator

from pit.archives.amounts import decimal, plain
from pit.archives.errors import NoInput
from pit.archives.fields import show_time
from pit.filters.figures import quantity_text
from pit.filters.govern import Govern
from pit.filters.positions import Positions
from pit.filters.rows import Row, add_form, show_rows
from pit.filters.runner import Run
from pit.filters.show import state_of
from pit.pits.home import Home, choose_pit, root
from pit.pits.markets import after
from pit.pits.members import owner_of
from pit.pits.options import add_pit, parser
from pit.pits.state import Pit


def motions(run: Run, member: str) -> Iterator[Row]:
    """The open motions about which a member has a vote; run: of `govern`."""
    govern = run.filter
    assert isinstance(govern, Govern)
    for motion in govern.motions.values():
        ticker = run.pit.tickers[motion.ticker]
        shares = govern.holders[motion.ticker].at(motion.ref, member) if not motion.closed else 0
        if shares > 0 and ticker.issuer != member:
            said = motion.ballots.get(member)
            vote = "not voted" if said is None else f"voted {'yes' if said[1] else 'no'}"
            held = f"{plain(decimal(shares, ticker.decimals))} votes"
            yield _row(motion.until, "motion", motion.name, motion.ticker, f"{held}, {vote}")


def orders(run: Run, member: str) -> Iterator[Row]:
    """His working orders that expire."""
    for order in run.record.orders.values():
        if order.owner == member and order.until:
            left = quantity_text(order.quantity - order.filled, order.ticker, run.pit)
            side = "buy" if order.buys else "sell"
            yield _row(order.until, "order", order.name, order.ticker, f"{side} {left}")


def markets(run: Run, member: str) -> Iterator[Row]:
    """The markets in which he has an order or contracts; run: of `positions`."""
    positions, pit = run.filter, run.pit
    assert isinstance(positions, Positions)
    drivers = {
        driver for account, driver in positions.contracts.portfolios if owner_of(account) == member
    }
    mine = (one.ticker for one in run.record.orders.values() if one.owner == member)
    drivers |= {pit.markets[code].driver for code in mine if code in pit.markets}
    for driver in drivers:
        market = pit.markets[driver]
        if not run.record.courses[driver].ended:
            what = f"settled by {market.owner}; void from {show_time(market.unresolved)}"
            yield _row(market.expiry, "market", driver, driver, what)


def names(pit: Pit, member: str) -> Iterator[Row]:
    """His names that are decided about, released, or may be closed, by then."""
    for asked in pit.asked.values():
        if asked.signer == member and asked.conflict == "reject-all":
            end = after(pit.genesis, asked.block * pit.rule("block"))
            yield _row(end, "name", asked.name, asked.code, "his if nobody else asks until then")
    for code, name in pit.names.items():
        ticker = pit.tickers[code]
        if ticker.issuer != member or ticker.closed:
            continue
        if not name.issued:
            blocks = name.created + pit.rule("name-rest") - 1
            end = after(pit.genesis, blocks * pit.rule("block"))
            what = "released then unless shares are issued"
            yield _row(end, "name", f"{member}/{name.ref}", code, what)
    for code, until in pit.permits.items():
        if pit.tickers[code].issuer == member:
            yield _row(until, "name", code, code, "may be closed until then, by a motion")


def _row(until: str, kind: str, name: str, ticker: str, what: str) -> Row:
    return {
        "until": show_time(until),
        "kind": kind,
        "which": name,
        "ticker": ticker,
        "what": what,
    }


def main(argv: list[str]) -> int:
    """Print the deadlines."""
    options = parser("deadlines", __doc__)
    add_pit(options)
    add_form(options)
    options.add_argument("member", metavar="HANDLE")
    args = options.parse_args(argv)
    home = Home(root())
    pit = choose_pit(home, args.pit)
    governed = state_of(home, pit, Govern())
    kept = state_of(home, pit, Positions())
    if args.member not in kept.pit.members and not kept.pit.open:
        raise NoInput(f"{args.member[:80]} is not a member of {pit}; `pit show members` lists them")
    rows = [
        *motions(governed, args.member),
        *orders(kept, args.member),
        *markets(kept, args.member),
        *names(kept.pit, args.member),
    ]
    rows.sort(key=lambda row: (row["until"].rstrip("Z"), row["which"]))
    show_rows(rows, args, f"nothing of {args.member}'s has a deadline")
    return 0
