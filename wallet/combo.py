"""Options, forwards, spreads and events of a market of bounded contracts, as orders.

Each is made of the market and its sub-markets (docs/how-to/combinations.md). Without N and PRICE,
what it is made of is shown, and what it pays; with them it is signed and sent: as an order that
rests where one market is enough, else as a combination, which trades whole and at once, or not.
PRICE is what is paid for one, in points.

    $ pit combo call 30 80 RAIN                # what RAIN is above 30, at most 50
    $ pit combo put 30 80 RAIN                 # what RAIN is below 80, at most 50
    $ pit combo forward RAIN                   # what RAIN is
    $ pit combo spread RAIN.2 RAIN.3           # what RAIN.2 is above RAIN.3
    $ pit combo digital 50 RAIN                # 1 if RAIN is 50 or more, else 0
    $ pit combo event 30 80 RAIN               # 1 if RAIN is below 30; from 30; or from 80 on
    $ pit combo call 30 80 RAIN 10 @ 12.50 --as alice
"""

import re

from pit.archives.errors import UsageError
from pit.archives.fields import ASSET, NUMBER
from pit.pits.options import parser
from pit.wallet.compose import add_place, one_line, place_of, send

_MARKETS = {"call": 1, "put": 1, "forward": 1, "spread": 2, "digital": 1, "event": 1}
_STRIKES = {"call": (2, 2), "put": (2, 2), "digital": (1, 1), "event": (1, 15)}


def main(argv: list[str]) -> int:
    """Run `pit combo`."""
    options = parser("combo", __doc__)
    options.usage = "pit combo [options] RECIPE [STRIKE …] MARKET [N [@] PRICE]"
    add_place(options)
    options.add_argument(
        "words", metavar="RECIPE", nargs="+", help="what to make, as above; how many, for how much"
    )
    options.add_argument("--sell", action="store_true", help="sell it, for PRICE or more")
    options.add_argument(
        "--step",
        metavar="POINTS",
        help="of digital and event: the step of the outcomes (default: the tick)",
    )
    options.add_argument("--outcome", metavar="I", help="of event: which of its outcomes, from 1")
    options.add_argument("--ref", metavar="WORD", help="your own name for it")
    options.add_argument("--account", metavar="NAME", help="for a further account of yours")
    args = options.parse_args(argv)
    one_line([*args.words, args.ref or "", args.account or ""])
    recipe, strikes, markets, terms = _read(args.words)

    from pit.pits.home import Home, choose_pit, root
    from pit.pits.reading import fold_of
    from pit.wallet import recipes

    place = place_of(args) if terms else None
    home = Home(root())
    pit = fold_of(home, choose_pit(home, args.pit))
    found = recipes.made(pit, recipe, strikes, markets, args.step)
    if args.outcome:
        if not args.outcome.isdigit() or not 1 <= int(args.outcome) <= len(found):
            raise UsageError(f"--outcome {args.outcome}: {recipe} has 1 to {len(found)}")
        found = [found[int(args.outcome) - 1]]
    if args.sell:
        found = [one.turned() for one in found]
    if terms is None or place is None:
        print("\n".join(line for one in found for line in recipes.shown(one, pit)))
        if len(found) > 1:
            print("One of each pays 1, whatever comes: so much their prices come to together.")
        return 0
    if len(found) > 1:
        raise UsageError(f"which outcome? --outcome 1 to {len(found)}")
    lines = recipes.directive(found[0], *terms, pit)
    for key in ("ref", "account"):
        if getattr(args, key):
            lines.append(f"  {key}: {getattr(args, key)}")
    send(place, "\n".join(lines))
    return 0


def _read(words: list[str]) -> tuple[str, list[str], list[str], tuple[str, str] | None]:
    """The recipe, its strikes, its markets, and quantity and price where they are said."""
    recipe, *rest = words
    if recipe not in _MARKETS:
        raise UsageError(f"'{recipe}' is no recipe; one of {', '.join(_MARKETS)}")
    strikes: list[str] = []
    while rest and re.fullmatch(NUMBER, rest[0]):
        strikes.append(rest.pop(0))
    markets: list[str] = []
    while rest and re.fullmatch(ASSET, rest[0]):
        markets.append(rest.pop(0))
    least, most = _STRIKES.get(recipe, (0, 0))
    if len(markets) != _MARKETS[recipe] or not least <= len(strikes) <= most:
        raise UsageError(f"{' '.join(words)}: see the examples of `pit combo --help`")
    match rest:
        case []:
            return recipe, strikes, markets, None
        case [quantity, price] | [quantity, "@", price]:
            return recipe, strikes, markets, (quantity, price)
        case _:
            raise UsageError(f"write how many and for how much: pit combo {' '.join(words[:-1])}")
