"""`pit dividends --dry-run`: the table of a dividend that nobody has declared."""

import argparse
import re

from pit.archives.amounts import decimal, plain
from pit.archives.errors import NoInput, UsageError
from pit.archives.fields import NUMBER, NUMBERS, REFERENCE
from pit.filters.claims import smallest
from pit.filters.dividends import Dividends, table
from pit.filters.rows import Row, print_rows
from pit.filters.run import new_entries
from pit.filters.runner import Run
from pit.pits.display import show_json
from pit.pits.home import Home, choose_pit, root


def main(args: argparse.Namespace) -> int:
    """Print it; args: those of `pit dividends`."""
    if len(args.dividend) not in (2, 3):
        raise UsageError("write --dry-run TICKER AMOUNT [ASSET], like ACME 1000.00 EUR")
    code, number, *named = args.dividend
    if not re.fullmatch(NUMBER, number):
        raise UsageError(f"'{number[:80]}' is not an amount; write 1000.00")
    if args.entry and not re.fullmatch(REFERENCE, args.entry):
        raise UsageError(f"'{args.entry[:80]}' is not an entry; write its number, 1042")
    home = Home(root())
    filter = Dividends()
    run = Run(filter)
    for stands in new_entries(home, choose_pit(home, args.pit), run):
        run.feed(stands)
    pit = run.pit
    ticker = pit.tickers.get(code)
    if ticker is None:
        raise NoInput(f"{code[:80]} is not listed; listed are {', '.join(pit.tickers) or 'none'}")
    asset = named[0] if named else ticker.currency
    total = smallest(NUMBERS[number], asset, pit)
    if total is None:
        raise UsageError(f"{number} {asset[:80]} is no amount of an asset of this pit")
    entry = args.entry or str(pit.entry + 1)
    decimals = pit.decimals(asset) or 0
    rows: list[Row] = []
    for one in table(filter, ticker, total, asset, entry, pit):
        rows.append(
            {
                "holder": one.account,
                "shares": plain(decimal(one.units, ticker.decimals)),
                "amount": plain(decimal(one.amount, decimals)),
                "asset": asset,
                "to": one.to,
                "why": one.why,
            }
        )
    if args.json:
        show_json({"ticker": code, "entry": entry, "payments": rows})
        return 0
    print_rows(rows, f"nobody holds {code}; all of it would come back")
    if rows:
        print(f"\nties are decided by the lots of entry {entry}: sha256 of '{entry} HOLDER'")
    return 0
