"""Short forms of `pit send`: buy, sell, cancel, replace."""

from argparse import Namespace

from pit.archives.errors import UsageError
from pit.pits.options import parser
from pit.wallet.compose import add_place, one_line, place_of, send


def buy(argv: list[str]) -> int:
    """Send an order to buy at a price or lower.

    It is short for `pit send 'buy 100 ACME @ 12.50'`, with the order's keys as options.

        $ pit buy --as alice 100 ACME 12.50
        $ pit buy --as alice 100 ACME @ 12.50 --until 2026-12-01T17:00:00Z --ref retirement-7
        $ pit buy --as alice 100 ACME market --cap 1300.00
    """
    return _order("buy", buy.__doc__, argv)


def sell(argv: list[str]) -> int:
    """Send an order to sell at a price or higher.

    It is short for `pit send 'sell 100 ACME @ 12.50'`, with the order's keys as options.

        $ pit sell --as bob 60 ACME 12.40
        $ pit sell --as bob 60 ACME @ 12.40 --until 2026-12-01 --ref spring
        $ pit sell --as bob 60 ACME 12.40 --stop 12.45 --stp oldest
        $ pit sell --as bob 60 ACME 12.40 --account savings
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


def replace(argv: list[str]) -> int:
    """Give a working order of one's own another quantity or price.

    N is the order's new quantity, what is filled of it included. With less of it at the same price
    the order keeps its place.

        $ pit replace --as alice 1042 50 @ 12.60
    """
    options = parser("replace", replace.__doc__)
    options.usage = "pit replace [options] REF N [@] PRICE"
    add_place(options)
    options.add_argument(
        "words", metavar="REF N [@] PRICE", nargs="+", help="which order; how many, at what limit"
    )
    args = options.parse_args(argv)
    one_line(args.words)
    match args.words:
        case [ref, quantity, price] | [ref, quantity, "@", price]:
            send(place_of(args), f"replace {ref} {quantity} @ {price}")
        case _:
            raise UsageError("write `pit replace 1042 50 12.60`; see `pit replace --help`")
    return 0


_KEYS = {
    "until": ("TIME", "it ends then: 2026-12-01T17:00:00Z, UTC"),
    "ref": ("WORD", "your own name for it"),
    "tif": ("KIND", "time in force: gtc, day, ioc or fok"),
    "stop": ("PRICE", "wait until the ticker trades there, or through it"),
    "min": ("N", "trade at least so many at once, or nothing"),
    "show": ("N", "show no more of it than that at a time"),
    "stp": ("MODE", "where it meets an order of yours: newest, oldest, both or decrement"),
    "account": ("NAME", "for a further account of yours: savings"),
}
"""The keys of an order that take a value: what it is, what it does."""


def _order(verb: str, doc: str | None, argv: list[str]) -> int:
    options = parser(verb, doc)
    options.usage = f"pit {verb} [options] N TICKER [@] PRICE"
    add_place(options)
    options.add_argument(
        "words",
        metavar="N TICKER [@] PRICE",
        nargs="+",
        help="how many of what, and its limit, or `market`",
    )
    for key, (name, what) in _KEYS.items():
        options.add_argument(f"--{key}", metavar=name, help=what)
    options.add_argument("--post-only", action="store_true", help="rest, or nothing")
    if verb == "buy":
        options.add_argument("--cap", metavar="AMOUNT", help="the most a market order may cost")
    args = options.parse_args(argv)
    one_line([*args.words, *(getattr(args, key) or "" for key in (*_KEYS, *_CAP[verb]))])
    send(place_of(args), _directive(verb, args))
    return 0


_CAP = {"buy": ("cap",), "sell": ()}


def _directive(verb: str, args: Namespace) -> str:
    match args.words:
        case [quantity, ticker, price] | [quantity, ticker, "@", price]:
            lines = [f"{verb} {quantity} {ticker} @ {price}"]
        case _:
            raise UsageError(f"write `pit {verb} 100 ACME 12.50`; see `pit {verb} --help`")
    for key in (*_KEYS, *_CAP[verb]):
        value = getattr(args, key)
        if value is not None:
            lines.append(f"  {key}: {value}")
    if args.post_only:
        lines.append("  post-only: yes")
    return "\n".join(lines)
