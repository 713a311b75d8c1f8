"""Pay dividends: reads `dividend` and `payto`, owes the `move` to each holder by record.

    $ pit read --for dividends | pit dividends | less
    $ pit dividends --dry-run ACME 1000.00
    $ pit dividends --dry-run ACME 1000.00 EUR --entry 1042

The record date is the dividend's own entry: what stands above it counts, units held for orders for
their owner, the issuer's (the treasury) for nobody. When the `accept` stands, the amount is divided
by largest remainder among the accounts that held units then, and paid to them, or to where `payto`
sent it then. Where nobody held any, all of it comes back (docs/reference/companies.md).
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from pit.archives.amounts import decimal, plain
from pit.archives.fields import MAIN
from pit.archives.verbs import Directive, Verb
from pit.filters.apportion import apportion, reckoning
from pit.filters.claims import Claim, smallest
from pit.filters.holders import WORDS as REGISTER
from pit.filters.holders import Holders, Marked, voters
from pit.filters.instructions import (
    Act,
)
from pit.filters.lanes import Owed
from pit.filters.markets import Moved
from pit.filters.runner import Event
from pit.filters.standing import Standing
from pit.filters.stream import run_stream
from pit.pits.listing import Holder, Ticker
from pit.pits.members import owner_of
from pit.pits.options import add_pit, parser
from pit.pits.state import Pit

__all__ = ["WORDS", "Dividends", "Payment", "divide"]

WORDS = {
    1: (
        Verb(
            "dividend",
            "{ticker:asset} {amount:number} {asset:asset} [{comment:text}]",
            "Divides an amount among the holders of a ticker by record of this entry, by its "
            "issuer; refused whole where his account lacks it.",
            who=["issuer"],
            keys={"account": "name"},
            cover="amount",
            mover="dividends",
            fee="dividend",
        ),
        Verb(
            "payto",
            "{to:account}",
            "Where the signer's dividends go; by default to the account that holds the units. "
            "`account`: only those of that one of his accounts.",
            who=["member"],
            keys={"account": "name"},
        ),
    )
}
"""What each version of `rule words dividends VERSION` takes into use."""

NOBODY = "nobody holds any by record; all of it comes back"


class Payment(NamedTuple):
    """What an account that holds units is paid: to which account, how much, and the arithmetic."""

    account: str
    units: int
    to: str
    amount: int
    why: str


def divide(
    total: int,
    register: Mapping[str, int],
    paytos: Mapping[str, str],
    entry: str,
    decimals: tuple[int, int],
) -> list[Payment]:
    """The table of a dividend, by account; those that get nothing too.

    total: in 10**-decimals[0] of what is paid. register: in 10**-decimals[1] of the ticker's units,
    by account, all above 0. paytos: by account (`alice:savings`, `alice:main`) or by member.
    entry: the dividend's reference, which decides ties. Linear in the holders.
    """
    if not register:
        return []
    held = sum(register.values())
    table = []
    for account, amount in apportion(total, register, entry).items():
        owned = register[account]
        why = reckoning(total, owned, held, amount, decimals[0])
        if decimals[1]:
            why = f"{why}; units of {plain(decimal(1, decimals[1]))}"
        table.append(Payment(account, owned, _target(account, paytos), amount, why))
    return table


def _target(account: str, paytos: Mapping[str, str]) -> str:
    """Where an account's dividends go."""
    if not paytos:
        return account
    owner = owner_of(account)
    own = account if ":" in account else f"{account}:{MAIN}"
    return paytos.get(own) or paytos.get(owner) or account


class Dividends:
    """The paying filter (see the module).

    holders: units by account. paytos: where dividends go, by account or member. Both are marked at
    each dividend that has no answer yet.
    """

    name = "dividends"
    versions = range(1, 2)
    words: Sequence[Verb] = (
        *REGISTER,
        Verb("pays", "{holder:word} {to:account}", "Where a holder's dividends go."),
        Verb("asked-for", "{entry:reference}", "A dividend that waits for its answer."),
        Verb(
            "paid",
            "{entry:reference} {holder:word} [{to:account}]",
            "Where his dividends went at that dividend, where it was elsewhere at the next.",
        ),
    )

    def __init__(self) -> None:
        self.holders = Holders()
        self.paytos: Marked[str] = Marked("")

    def publisher(self, lane: str, pit: Pit) -> Holder | None:
        """The specialist of the ticker."""
        return pit.specialist(lane)

    def lane(self, act: Act, pit: Pit) -> str | None:
        """The ticker whose dividend it is."""
        return act.subject.claim.lane if isinstance(act.subject, Moved) else "-"

    def step(self, event: Event, pit: Pit, record: Standing) -> Iterator[Owed]:
        """Mark what a dividend is by; divide it when its accept stands."""
        for act in event.acts:
            subject, verb = act.subject, act.directive.verb
            self.holders.step(act, event.signer, pit)
            if verb == "payto" and pit.words[verb] in WORDS[1]:
                if not pit.objection(act.directive, event.signer):
                    further = act.directive.keys.get("account")
                    key = f"{event.signer}:{further}" if further else event.signer
                    self.paytos.put(key, act.directive.args[0])
            elif isinstance(subject, Claim) and subject.mover == self.name:
                if verb == "accept":
                    yield from self._divide(subject, pit)
                elif verb == "dividend":
                    self.holders[subject.lane].mark(subject.ref)
                    self.paytos.mark(subject.ref)
                if verb in ("accept", "refuse"):
                    self.holders[subject.lane].drop(subject.ref)
                    self.paytos.drop(subject.ref)

    def _divide(self, claim: Claim, pit: Pit) -> Iterator[Owed]:
        """Owe the payments of a dividend whose accept stands."""
        ticker, total = pit.tickers[claim.lane], claim.amount or 0
        lane = "-" if pit.open else claim.lane
        decimals = pit.decimals(claim.asset) or 0
        register = voters(self.holders[claim.lane].all_at(claim.ref), ticker)
        paytos = self.paytos.all_at(claim.ref)
        table = divide(total, register, paytos, claim.ref, (decimals, ticker.decimals))
        name = f"{claim.owner}/{claim.ref}"
        for one in table:
            if one.amount:
                why = f"dividend of {claim.lane}: {one.why}"
                why += "" if one.to == one.account else f"; held by {one.account}"
                args = (decimal(one.amount, decimals), claim.asset, name, one.to, why)
                yield Owed(lane, Directive("move", args), claim.ref)
        if not table:
            args = (decimal(total, decimals), claim.asset, name, claim.account, NOBODY)
            yield Owed(lane, Directive("move", args), claim.ref)

    def adopt(self, lane: str, owed: Sequence[Owed], pit: Pit, record: Standing) -> Iterator[Owed]:
        """What stands was taken as it stood: who comes first is paid of what is left of each
        dividend; what nobody is owed any more comes back."""
        left = {
            ref: claim.amount or 0
            for ref, claim in record.claims.items()
            if claim.mover == self.name and claim.accepted and (pit.open or claim.lane == lane)
        }
        for was in owed:
            amount, asset, *rest = was.directive.args
            whole = min(smallest(amount, asset, pit) or 0, left.get(was.cause, 0))
            if whole:
                left[was.cause] -= whole
                cut = decimal(whole, pit.decimals(asset) or 0)
                yield Owed(lane, Directive("move", (cut, asset, *rest)), was.cause)
        for ref, amount in left.items():
            claim = record.claims[ref]
            if amount:
                over = decimal(amount, pit.decimals(claim.asset) or 0)
                why = "left over by what was adopted; it comes back"
                args = (over, claim.asset, f"{claim.owner}/{ref}", claim.account, why)
                yield Owed(lane, Directive("move", args), ref)

    def dump(self, record: Standing) -> Iterator[Directive]:
        """The registers, and where dividends go."""
        yield from self.holders.dump()
        for pays in sorted(self.paytos.now.items()):
            yield Directive("pays", pays)
        for ref, was in self.paytos.past.items():
            yield Directive("asked-for", (ref,))
            for holder, to in sorted(was.items()):
                yield Directive("paid", (ref, holder, to or None))

    def load(self, directives: Sequence[Directive], pit: Pit, record: Standing) -> None:
        """The state from `dump`."""
        self.holders.load(directives)
        for verb, args, _ in directives:
            if verb == "pays":
                self.paytos.now[args[0]] = args[1]
            elif verb == "asked-for":
                self.paytos.mark(args[0])
            elif verb == "paid":
                self.paytos.past[args[0]][args[1]] = args[2] or ""


def table(
    filter: Dividends, ticker: Ticker, total: int, asset: str, entry: str, pit: Pit
) -> list[Payment]:
    """What a dividend would pay if it was the next entry, with that reference."""
    register = filter.holders[ticker.code].now
    now = voters({holder: register[holder] for holder in sorted(register)}, ticker)
    decimals = pit.decimals(asset) or 0, ticker.decimals
    return divide(total, now, filter.paytos.now, entry, decimals)


def main(argv: list[str]) -> int:
    """Run as a filter: the stream on stdin, the same with drafts and checkpoint on stdout."""
    options = parser("dividends", __doc__ or "")
    add_pit(options)
    options.add_argument(
        "--dry-run", action="store_true", help="print what a dividend would pay, and to whom"
    )
    options.add_argument("--entry", metavar="REF", help="by the lots of that entry, not the next")
    options.add_argument("--json", action="store_true")
    options.add_argument("dividend", nargs="*", metavar="TICKER AMOUNT [ASSET]")
    args = options.parse_args(argv)
    if args.dry_run:
        from pit.filters import dry_run

        return dry_run.main(args)
    if args.dividend or args.entry or args.json:
        options.error("that is for --dry-run")
    run_stream(Dividends(), sys.stdin.buffer, sys.stdout.buffer)
    return 0
