"""Print every order as primary, offset and match legs, with the signature that authorises each.

    $ pit legs
    $ pit legs alice --json
    $ pit legs ACME --csv --archive FOLDER

An order authorises offsets and matches up to its quantity, at its price or better. It is a primary
leg, unmatched, once its `accept` stands. A fill of part of it is an offset of that part (unmatched,
at the order's price) and a match (at the fill's); what ends it an offset of the rest; a replace an
offset of the rest and a new primary; a bust the match the other way. Of its unmatched legs the
quantities add up to what works of it, of its matched ones to what it has traded; offers are
negative.

`entry` signed the leg, `by` made it stand, `after` is the seal that the signer had seen, and
`chainedTo` the highest leg below that seal, or, of offsets and matches, the primary. Ids count
what comes into the book: the first order is 1, and so are its trader and its market's root. With
--json the signed text and the signature stand in full, else their sha256 (in a table its first 16
digits). With a member, a market or an order (alice/14) it is that one's alone.
"""

from collections.abc import Iterable, Iterator
from hashlib import sha256

from pit.filters.chain import Leg, Legs
from pit.filters.figures import price_text, quantity_text
from pit.filters.rows import Row, add_form, show_rows
from pit.filters.tape import add_archive, archive_of
from pit.pits.options import parser
from pit.pits.state import Pit

__all__ = ["rows"]


def rows(
    legs: Iterable[Leg], pit: Pit, *, whole: bool = False, short: bool = False
) -> Iterator[Row]:
    """Legs as rows, under the seed's names for what it names.

    whole: texts and signatures as they are, not their sha256; short: of a hash the first 16 digits.
    """
    digits = 16 if short else 64

    def shown(text: str) -> str:
        return text if whole or not text else sha256(text.encode()).hexdigest()[:digits]

    for leg in legs:
        said = leg.said
        yield {
            "tradeRootId": leg.root,
            "tradeBranchId": leg.branch,
            "leg": leg.kind,
            "order": leg.order,
            "isMatched": int(leg.matched),
            "price": leg.limit if leg.price is None else price_text(leg.price, leg.market, pit),
            "quantity": quantity_text(leg.quantity, leg.market, pit),
            "marketRootId": leg.market_root,
            "marketBranchId": leg.market_branch,
            "market": leg.market,
            "traderId": leg.trader_id,
            "trader": leg.trader,
            "entry": said.entry,
            "by": leg.by,
            "after": f"{said.after[0]} {said.after[1][:digits]}" if said.after else "",
            "chainedTo": ".".join(map(str, leg.chained)) if leg.chained[0] else "",
            "signatureMsg": shown(said.text),
            "signature": shown(said.signature),
        }


def main(argv: list[str]) -> int:
    """Print the legs."""
    options = parser("legs", __doc__)
    options.add_argument(
        "which", nargs="?", metavar="MEMBER|MARKET|ORDER", help="only that one's legs"
    )
    add_archive(options)
    add_form(options)
    args = options.parse_args(argv)
    legs = Legs()
    found = [
        leg
        for leg in legs.read(archive_of(args))
        if args.which in (None, leg.trader, leg.market, leg.order)
    ]
    short = not args.json and not args.csv
    show_rows(rows(found, legs.pit, whole=args.json, short=short), args, "legs: nothing")
    return 0
