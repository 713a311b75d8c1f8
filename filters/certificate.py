"""Print a share certificate, signed by the issuer's key.

    $ pit certificate 100 ACME --holder bob --as operator > bob.asc
    $ gpg --verify bob.asc

It says what the archive said at the last seal: whose the shares were by then, under which key, and
of how many. `gpg --verify` with the issuer's key proves who says so; the entry and root that it
names, in any copy of the archive, that it was so. It is a statement, not the share: units go where
the archive says, whoever has the paper.
"""

import re
from typing import NamedTuple

from pit.archives.amounts import decimal, plain
from pit.archives.errors import NoInput, PitError, UsageError
from pit.archives.fields import NUMBER, NUMBERS
from pit.filters.claims import smallest
from pit.filters.history import history
from pit.filters.holders import Holders
from pit.pits.display import printable
from pit.pits.home import Home, choose_handle, choose_pit, root
from pit.pits.identity import identity_of, keys_of
from pit.pits.listing import Ticker
from pit.pits.members import owner_of
from pit.pits.options import add_as, add_pit, parser
from pit.pits.reading import entries_of, last_seal
from pit.pits.state import Pit

__all__ = ["Held", "held", "text"]


class Held(NamedTuple):
    """What a member held at a seal, in the ticker's smallest unit; existing: of how many.

    sealed: up to which entry, its time, and the root over all of them.
    """

    amount: int
    existing: int
    sealed: tuple[int, str, str]


def held(home: Home, name: str, code: str, member: str) -> tuple[Held, Pit]:
    """What he held of a ticker at the last seal, and the pit at it; NoInput without one."""
    seal = last_seal(home, name)
    if seal is None:
        raise NoInput(f"nothing is sealed in {name} yet; `pit turn` seals")
    holders, pit, existing = Holders(owner_of), Pit(), 0
    for chapter in history(entries_of(home, name)):
        pit = chapter.pit
        for act in chapter.acts:
            holders.step(act, chapter.entry.signer, pit)
        existing = chapter.record.totals.get(code, 0)
        if chapter.entry.number == seal[0]:
            break
    amount = holders[code].now.get(member, 0)
    return Held(amount, existing, (seal[0], pit.time, seal[1])), pit


def text(number: str, ticker: Ticker, member: str, found: Held, pit: Pit) -> str:
    """What is signed."""
    entry, time, root = found.sealed
    existing = plain(decimal(found.existing, ticker.decimals))
    issuer = pit.members[ticker.issuer]
    rows = (
        ("company", f"{ticker.code}, {printable(ticker.name)}"),
        ("holder", f"{member}, key {pit.members[member].fingerprint}"),
        ("shares", f"{number} of {existing} that exist"),
        ("as of", f"entry {entry}, {time}"),
        ("root", root),
        ("pit", f"{pit.name}, id {pit.id}"),
        ("issued by", f"{ticker.issuer}, key {issuer.fingerprint}"),
    )
    return "\n".join(
        [
            "SHARE CERTIFICATE",
            "",
            *(f"{name:<10} {value}" for name, value in rows),
            "",
            f"By the archive of the pit {pit.name} the holder had at least these shares when",
            "that entry was sealed. They go where the archive says, whoever has this paper.",
            "",
        ]
    )


def main(argv: list[str]) -> int:
    """Print one."""
    options = parser("certificate", __doc__)
    add_pit(options)
    add_as(options)
    options.add_argument("number", metavar="N", help="how many shares")
    options.add_argument("ticker", metavar="TICKER")
    options.add_argument("--holder", metavar="HANDLE", help="whose they are; yours by default")
    args = options.parse_args(argv)
    home = Home(root())
    name = choose_pit(home, args.pit)
    me = identity_of(home, choose_handle(home, args.handle))
    member = args.holder or me.handle
    found, pit = held(home, name, args.ticker, member)
    ticker = pit.tickers.get(args.ticker)
    if ticker is None or pit.decimals(args.ticker) is None:
        raise NoInput(f"{args.ticker[:20]!a} is no company of {name}; `pit shares` lists those")
    if ticker.issuer != me.handle:
        raise UsageError(f"{ticker.code} is {ticker.issuer}'s; he signs its certificates (--as)")
    if pit.member(member) is None:
        raise NoInput(f"{member[:32]!a} is no member of {name}; `pit show members` lists those")
    amount = _amount(args.number, ticker, pit)
    if amount > found.amount:
        has = plain(decimal(found.amount, ticker.decimals))
        sealed = f"at entry {found.sealed[0]}, the last that is sealed"
        raise PitError(f"{member} had {has} {ticker.code} {sealed}")
    with keys_of(home, me.handle) as keys:
        print(keys.clearsign(text(args.number, ticker, member, found, pit), me.fingerprint), end="")
    return 0


def _amount(number: str, ticker: Ticker, pit: Pit) -> int:
    """A number of shares in the smallest unit, above 0."""
    is_number = re.fullmatch(NUMBER, number)
    amount = smallest(NUMBERS[number], ticker.code, pit) if is_number else 0
    if not amount:
        lot = plain(decimal(1, ticker.decimals))
        raise UsageError(f"{number[:40]!a} is no number of shares; write a multiple of {lot}")
    return amount
