"""Short forms of `pit send`: buy, sell, cancel."""

from argparse import Namespace

from pit.archives.errors import UsageError
from pit.pits.options import parser
from pit.wallet.compose import add_place, one_line, place_of, send


def buy(argv: list[str]) -> int:
    """Send an order to buy at a price or lower.

    It is short for `pit send 'buy 100 ACME @ 12.50'`, with the order's keys as options.

        $ pit buy --as alice 100 ACME 12.50
        $ pit buy --as alice 100 ACME @ 12.50 --until 2026-12-01T17:00:00Z --ref retirement-7
    """
    return _order("buy", buy.__doc__, argv)


def sell(argv: list[str]) -> int:
    """Send an order to sell at a price or higher.

    It is short for `pit send 'sell 100 ACME @ 12.50'`, with the order's keys as options.

        $ pit sell --as bob 60 ACME 12.40
        $ pit sell --as bob 60 ACME @ 12.40 --until 2026-12-01 --ref spring
    """
    return _order("sell", sell.__doc__, argv)


def cancel(argv: list[str]) -> int:
    """Cancel working orders of one's own, or withdrawals not yet paid out.

    REF is the number of the order's entry, as its receipt and `pit show orders` have it; 1042.2 is
    the second directive of entry 1042.

        $ pit cancel --as alice 1042
    """
    options = parser("cancel", cancel.__doc__)
    add_place(options)
    options.add_argument("references", metavar="REF", nargs="+", help="an entry's number")
    args = options.parse_args(argv)
    one_line(args.references)
    send(place_of(args), "\n".join(f"cancel {ref}" for ref in args.references))
    return 0


def _order(verb: str, doc: str | None, argv: list[str]) -> int:
    options = parser(verb, doc)
    options.usage = f"pit {verb} [options] N TICKER [@] PRICE"
    add_place(options)
    options.add_argument(
        "words", metavar="N TICKER [@] PRICE", nargs="+", help="how many of what, and its limit"
    )
    options.add_argument("--until", metavar="TIME", help="it ends then: 2026-12-01T17:00:00Z, UTC")
    options.add_argument("--ref", metavar="WORD", help="your own name for it")
    args = options.parse_args(argv)
    one_line([*args.words, args.until or "", args.ref or ""])
    send(place_of(args), _directive(verb, args))
    return 0


def _directive(verb: str, args: Namespace) -> str:
    match args.words:
        case [quantity, ticker, price] | [quantity, ticker, "@", price]:
            lines = [f"{verb} {quantity} {ticker} @ {price}"]
        case _:
            raise UsageError(f"write `pit {verb} 100 ACME 12.50`; see `pit {verb} --help`")
    for key in ("until", "ref"):
        value = getattr(args, key)
        if value is not None:
            lines.append(f"  {key}: {value}")
    return "\n".join(lines)
