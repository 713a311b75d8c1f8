"""Show what a member's trades and orders in bounded markets come to, whatever the outcome.

    $ pit risk alice
    $ pit risk alice:savings
    $ pit risk alice --json

For each driver (a market that somebody settles) in whose family the account has something: its
payoff over the outcome, of the trades alone, and with each open order where it would lose, as if
all of those were filled. What the worst outcome takes is the cover, held of the account's cash
until then. One driver's gain covers no loss of another's. With a MARKET only its driver is shown;
--svg FILE draws a picture. It is the keeper's reckoning of the archive up to its last seal.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pit.archives.amounts import decimal, plain
from pit.archives.errors import CannotCreate, NoInput
from pit.filters.contracts import middle
from pit.filters.figures import price_text, quantity_text
from pit.filters.instructions import SCALE
from pit.filters.payoffs import Cash, Risk, cashes, point_at, risks
from pit.filters.plot import Axis, Chart, Curve, Mark, as_svg, as_text
from pit.filters.positions import Positions
from pit.filters.rows import Row
from pit.filters.runner import Run
from pit.filters.show import state_of
from pit.filters.whose import named
from pit.pits.display import printable, show_json, table
from pit.pits.home import Home, choose_pit, root
from pit.pits.members import owner_of
from pit.pits.options import add_pit, parser
from pit.pits.state import Pit

__all__ = ["chart", "main"]

WIDEST, NARROWEST = 100, 40


def _has(risk: Risk, run: Run) -> list[Row]:
    """What is in a portfolio: trades by market with what was paid, orders with their price."""
    rows = [
        {
            "market": market,
            "what": "trades",
            "quantity": quantity_text(quantity, market, run.pit),
            "price": "",
            "paid": _money(risk.ticker.worth(paid, 1), risk.ticker.currency, run.pit),
        }
        for market, quantity, paid in risk.portfolio.matched()
    ]
    for ref, versions in risk.portfolio.orders().items():
        combo, order = run.record.combos.get(ref), run.record.orders.get(ref)
        legs = [leg for legs in versions for leg in legs]
        if combo:
            legs = [(market, quantity, 0) for market, quantity in combo.signed()]
        for market, quantity, price in legs:
            rows.append(
                {
                    "market": market,
                    "what": combo.name if combo else order.name if order else ref,
                    "quantity": quantity_text(quantity, market, run.pit),
                    "price": f"net {plain(combo.limit)}"
                    if combo
                    else price_text(price, market, run.pit),
                    "paid": "",
                }
            )
    return rows


def _points(risk: Risk, pit: Pit) -> list[Row]:
    worst, currency = risk.worst, risk.ticker.currency
    return [
        {
            "outcome": price_text(point.outcome, risk.driver, pit),
            "trades": _money(point.trades, currency, pit),
            "orders": _money(point.total - point.trades, currency, pit),
            "total": _money(point.total, currency, pit),
            "worst": "worst" if point == worst else "",
        }
        for point in risk.points
    ]


def _money(amount: int, currency: str, pit: Pit) -> str:
    return plain(decimal(amount, pit.assets[currency].decimals))


def _cash(cash: Cash, pit: Pit) -> Row:
    amounts = {
        "balance": cash.balance,
        "held": cash.held,
        "cover": cash.cover,
        "free": cash.balance - cash.held,
    }
    texts = {name: _money(amount, cash.currency, pit) for name, amount in amounts.items()}
    return {**named(cash.account), "asset": cash.currency, **texts}


def _void(risk: Risk, run: Run) -> str:
    """What the account gets if nobody resolves the market."""
    if run.pit.markets[risk.driver].void == "cancel":
        return "all trades are undone"
    half = middle(run.record.courses[risk.driver], risk.ticker)
    paid = _money(point_at(risk.portfolio, risk.ticker, half).trades, risk.ticker.currency, run.pit)
    return f"it is worth {price_text(half, risk.driver, run.pit)}, the trades {paid}"


def _as_json(risk: Risk, run: Run) -> dict[str, Any]:
    pit, (low, high) = run.pit, risk.bounds
    return {
        **named(risk.account),
        "driver": risk.driver,
        "name": pit.markets[risk.driver].name,
        "state": risk.state,
        "low": price_text(low, risk.driver, pit),
        "high": price_text(high, risk.driver, pit),
        "void": pit.markets[risk.driver].void,
        "currency": risk.ticker.currency,
        "cover": _money(risk.cover, risk.ticker.currency, pit),
        "has": _has(risk, run),
        "points": [{**row, "worst": bool(row["worst"])} for row in _points(risk, pit)],
    }


def chart(risk: Risk, pit: Pit) -> Chart:
    """The payoff over the outcome."""
    currency, worst = risk.ticker.currency, risk.worst
    x = Axis(f"outcome of {risk.driver}", SCALE)
    y = Axis(currency, pit.assets[currency].decimals)
    name = pit.markets[risk.driver].name
    said = f"worst: {y.text(worst.total)} {currency} at {x.text(worst.outcome)}"
    return Chart(
        f"{risk.account}: {risk.driver}, {name if len(name) <= 60 else name[:59] + '…'}",
        x,
        y,
        [
            Curve("trades alone", ".", [(p.outcome, p.trades) for p in risk.curve]),
            Curve("with orders at their worst", "*", [(p.outcome, p.total) for p in risk.curve]),
        ],
        Mark(said, "X", (worst.outcome, worst.total)),
    )


def _page(risk: Risk, run: Run, width: int) -> Iterator[str]:
    pit, market = run.pit, run.pit.markets[risk.driver]
    low, high = (price_text(bound, risk.driver, pit) for bound in risk.bounds)
    now = {"open": f"worth {low} to {high}", "settled": f"settled at {low}", "void": "void"}
    yield printable(f'{risk.account}: {risk.driver} "{market.name}", {now[risk.state]}')
    cover = _money(risk.cover, risk.ticker.currency, pit)
    void = "" if risk.state != "open" else f"; if void, {_void(risk, run)}"
    yield f"cover {cover} {risk.ticker.currency}{void}"
    yield ""
    yield _table(_has(risk, run), "llrrr")
    yield _table(_points(risk, pit), "rrrrl")
    yield from as_text(chart(risk, pit), width)
    yield ""


def _table(rows: list[Row], sides: str) -> str:
    return table([*rows[0]], [[*map(str, row.values())] for row in rows], sides)


def main(argv: list[str]) -> int:
    """Print the risks."""
    options = parser("risk", __doc__)
    add_pit(options)
    options.add_argument("who", metavar="HANDLE|ACCOUNT")
    options.add_argument("market", nargs="?", metavar="MARKET", help="only its driver")
    options.add_argument("--svg", metavar="FILE", help="draw it, too")
    options.add_argument("--json", action="store_true")
    args = options.parse_args(argv)
    home = Home(root())
    name = choose_pit(home, args.pit)
    positions = Positions()
    run = state_of(home, name, positions)
    found = list(risks(positions, run.pit, args.who, _driver(args.who, args.market, run.pit)))
    cash = [_cash(one, run.pit) for one in cashes(positions, found)]
    nothing = f"{args.who} has no trade or order in {args.market or 'a bounded market'}"
    if args.svg:
        if not found:
            raise NoInput(f"{nothing}; there is nothing to draw")
        _write(args.svg, as_svg(nothing.partition(" ")[0], [chart(r, run.pit) for r in found]))
    if args.json:
        show_json({"cash": cash, "risks": [_as_json(risk, run) for risk in found]})
    elif not found:
        print(nothing)
    else:
        width = shutil.get_terminal_size().columns
        for risk in found:
            print("\n".join(_page(risk, run, max(NARROWEST, min(width, WIDEST)))))
        print(_table(cash, "lllrrrr"), end="")
    return 0


def _driver(who: str, market: str | None, pit: Pit) -> str:
    """The driver of the market that is named, '' for none; NoInput."""
    if owner_of(who) not in pit.members and not pit.open:
        raise NoInput(f"{who[:80]!r} is not a member of {pit.name}; `pit show members` lists them")
    if market and market not in pit.markets:
        there = ", ".join(sorted(pit.markets)) or "none"
        raise NoInput(f"{market[:80]!r} is no bounded market of {pit.name}; there are: {there}")
    return pit.markets[market].driver if market else ""


def _write(name: str, text: str) -> None:
    try:
        Path(name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise CannotCreate(f"{name}: {error.strerror}") from None
