"""Who holds how many units of each ticker, now and on record dates: a fold over acts.

What changes a holding is read off what stands, one line a verb (`changes`). A record date is a
*mark*: what was held when it was made stays known until it is dropped, at a cost of O(1) for each
change and none for the mark itself. Units that are held for an order count for their owner.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Generic, NamedTuple, TypeVar

from pit.archives.amounts import units
from pit.archives.verbs import Directive, Verb
from pit.filters.busting import Ruling
from pit.filters.charges import Minted
from pit.filters.claims import Charge, Claim, smallest
from pit.filters.closing import Gone
from pit.filters.instructions import (
    SCALE,
    Act,
    Order,
    Trade,
)
from pit.filters.markets import Moved
from pit.filters.problems import units_of
from pit.filters.record import reference_key
from pit.pits.blocks import TOKEN
from pit.pits.listing import Ticker
from pit.pits.members import OUTSIDE, owner_of
from pit.pits.state import Pit

__all__ = ["WORDS", "Change", "Holders", "Marked", "changes", "voters"]

WORDS = (
    Verb("units", "{ticker:asset} {holder:account} {amount:units}", "Held, smallest units."),
    Verb("record", "{ticker:asset} {entry:reference}", "A record date that is still needed."),
    Verb(
        "was",
        "{ticker:asset} {entry:reference} {holder:account} {amount:units}",
        "Held at that record date, where it was another amount at the next one, or now.",
    ),
)
"""The words of the state."""


class Change(NamedTuple):
    """An account has so many units of a ticker more, or less, in its smallest unit."""

    ticker: str
    account: str
    amount: int


def changes(act: Act, signer: str, pit: Pit) -> Iterator[Change]:
    """What an act changes. The sums are those of `positions`, which posts the same acts."""
    verb, args, _ = act.directive
    subject = act.subject
    if isinstance(subject, Trade):
        ticker = pit.tickers.get(subject.bought.ticker)
        if ticker and pit.decimals(ticker.code) is not None:  # of a contract nobody holds units
            amount = units_of(units(args[0], SCALE), ticker)
            yield from _given(ticker.code, subject.sold.account, subject.bought.account, amount)
    elif isinstance(subject, Ruling):
        fill = subject.bust.fill
        if subject.done and pit.decimals(fill.ticker) is not None:
            amount = units_of(fill.quantity, pit.tickers[fill.ticker])
            yield from _given(fill.ticker, fill.buyer, fill.seller, amount)
    elif verb == "accept":
        if (
            isinstance(subject, Claim)
            and subject.verb == "transfer"
            and subject.asset in pit.tickers
        ):
            amount = subject.amount or 0
            yield from _given(subject.asset, subject.account, subject.to, amount)
        elif isinstance(subject, Charge) and subject.verb == "issue":
            yield _issued(subject.asks, subject.owner, pit)
    elif verb == "seal":
        if isinstance(subject, Minted) and TOKEN in pit.tickers:
            yield Change(TOKEN, subject.sealer, subject.amount)
    elif verb == "move":
        if isinstance(subject, Moved) and subject.claim.asset in pit.tickers:
            yield from _given(
                subject.claim.asset, subject.claim.account, subject.to, subject.amount
            )
    elif verb == "issue":
        if subject is None:
            yield _issued(act.directive, signer, pit)
    elif verb == "payout" and isinstance(subject, Claim) and subject.asset in pit.tickers:
        yield Change(subject.asset, subject.account, -(subject.amount or 0))


def _issued(issue: Directive, issuer: str, pit: Pit) -> Change:
    number, code = issue.args
    return Change(code, issuer, smallest(number, code, pit) or 0)


def _given(ticker: str, source: str, to: str, amount: int) -> Iterator[Change]:
    yield Change(ticker, source, -amount)
    if to != OUTSIDE:
        yield Change(ticker, to, amount)


V = TypeVar("V")


class Marked(Generic[V]):
    """A mapping that knows what it was at each of its marks.

    now: the mapping; nothing in it is `nothing`, which is what it has of whatever is missing. past:
    by mark, oldest first, what was another then than at the next mark, or than now.
    """

    __slots__ = ("nothing", "now", "past")

    def __init__(self, nothing: V) -> None:
        self.nothing = nothing
        self.now: dict[str, V] = {}
        self.past: dict[str, dict[str, V]] = {}

    def put(self, key: str, value: V) -> None:
        """Change a value."""
        before = self.now.get(key, self.nothing)
        if self.past:
            self.past[next(reversed(self.past))].setdefault(key, before)
        if value == self.nothing:
            self.now.pop(key, None)
        else:
            self.now[key] = value

    def mark(self, name: str) -> None:
        """Remember everything as it is."""
        self.past[name] = {}

    def at(self, name: str, key: str) -> V:
        """A value as it was at a mark; O(marks since)."""
        since = False
        for mark, was in self.past.items():
            since = since or mark == name
            if since and key in was:
                return was[key]
        return self.now.get(key, self.nothing)

    def all_at(self, name: str) -> dict[str, V]:
        """The mapping as it was at a mark, in the order of its keys."""
        then = dict(self.now)
        for mark in reversed(self.past):
            then.update(self.past[mark])
            if mark == name:
                break
        return {key: then[key] for key in sorted(then) if then[key] != self.nothing}

    def drop(self, name: str) -> None:
        """Forget a mark; those before it still know what they knew."""
        was = self.past.pop(name)
        older = [mark for mark in self.past if reference_key(mark) < reference_key(name)]
        if older:
            before = self.past[older[-1]]
            for key, value in was.items():
                before.setdefault(key, value)


class Holders:
    """The units of every ticker by holder.

    by: what a holder is, of an account: the account itself, or its owner (`owner_of`), for whom all
    his accounts are added up.
    """

    def __init__(self, by: Callable[[str], str] = str) -> None:
        self.by = by
        self.tickers: dict[str, Marked[int]] = {}

    def __getitem__(self, ticker: str) -> Marked[int]:
        """The register of a ticker, by holder."""
        found = self.tickers.get(ticker)
        if found is None:
            found = self.tickers[ticker] = Marked(0)
        return found

    def step(self, act: Act, signer: str, pit: Pit) -> None:
        """Take an act."""
        if isinstance(act.subject, Order):  # mostly: what asks, is answered, or ends
            return
        if isinstance(act.subject, Gone):
            self.tickers.pop(act.subject.code, None)
            return
        for ticker, account, amount in changes(act, signer, pit):
            register, holder = self[ticker], self.by(account)
            register.put(holder, register.now.get(holder, 0) + amount)

    def dump(self) -> Iterator[Directive]:
        """The state as directives of `WORDS`."""
        for code, register in sorted(self.tickers.items()):
            for holder, amount in sorted(register.now.items()):
                yield Directive("units", (code, holder, amount))
            for mark, was in register.past.items():  # as made: by entry
                yield Directive("record", (code, mark))
                for holder, amount in sorted(was.items()):
                    yield Directive("was", (code, mark, holder, amount))

    def load(self, state: Iterable[Directive]) -> None:
        """The state from `dump`; directives of others are left alone."""
        for verb, args, _ in state:
            if verb == "units":
                self[args[0]].now[args[1]] = args[2]
            elif verb == "record":
                self[args[0]].mark(args[1])
            elif verb == "was":
                self[args[0]].past[args[1]][args[2]] = args[3]


def voters(register: dict[str, int], ticker: Ticker) -> dict[str, int]:
    """Of a register those who have a vote, or a share of a dividend.

    The issuer's accounts are the treasury: they have neither until their units are sold. Whoever
    owes units (has less than none) has neither.
    """
    issuer = ticker.issuer
    return {
        holder: amount
        for holder, amount in register.items()
        if amount > 0 and owner_of(holder) != issuer
    }
