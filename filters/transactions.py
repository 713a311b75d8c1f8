"""The general journal as values: what moved in an archive, and what every balance must then be.

Each change of a balance is a posting; what one directive moved is one transaction, which adds up to
zero in every asset. Accounts and assets come before what first names them. The balances between
are those that `positions` keeps, not sums over the transactions: whoever adds up checks both.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from pit.archives.amounts import decimal, plain
from pit.archives.errors import NoInput
from pit.archives.fields import MAIN
from pit.archives.mbox import Entry
from pit.archives.verbs import Directive
from pit.filters.accounts import OUTSIDE, Posting
from pit.filters.busting import Ruling
from pit.filters.claims import Claim
from pit.filters.instructions import (
    Act,
)
from pit.filters.lanes import Owed
from pit.filters.positions import Positions
from pit.filters.runner import Event, Run
from pit.filters.standing import Standing
from pit.filters.whose import further, is_account
from pit.pits.listing import Asset, Ticker
from pit.pits.members import owner_of
from pit.pits.state import Pit


class Title(NamedTuple):
    """What the journal is of; member: whose, '' for everybody's."""

    pit: str
    id: str
    title: str
    member: str


class Commodity(NamedTuple):
    """An asset, before it is first posted; its smallest unit is 10**-decimals."""

    day: str
    code: str
    name: str
    decimals: int


class Account(NamedTuple):
    """An account, before it is first posted to: alice, alice:savings, or `OUTSIDE`."""

    day: str
    name: str


class Leg(NamedTuple):
    """An amount of an asset and its account; number: with all the asset's decimals."""

    account: str
    number: str
    asset: str


class Price(NamedTuple):
    """What a unit was traded at."""

    ticker: str
    number: str
    currency: str


class Transaction(NamedTuple):
    """What one directive moved.

    time: the entry's. ref: the instruction, as statements cite it; cause: the directive by which it
    took effect (of a transfer its `accept`); signer: of the cause. what: in words. note: what the
    cashier calls it, '' for nothing.
    """

    time: str
    ref: str
    cause: str
    signer: str
    what: str
    note: str
    legs: tuple[Leg, ...]
    price: Price | None


class Balances(NamedTuple):
    """What accounts hold after an entry, by account and asset.

    legs: each by itself. totals: what members whose own account is among them, and who have further
    ones, hold in all of these together.
    """

    day: str
    entry: int
    legs: tuple[Leg, ...]
    totals: tuple[Leg, ...] = ()


class End(NamedTuple):
    """What the journal covers: entries from 1 on; seal: (N, root) of the last."""

    entries: int
    seal: tuple[int, str]


Item = Title | Commodity | Account | Transaction | Balances | End


class _Keeping(Positions):
    """Position keeping that remembers the acts of the last entry."""

    acts: Sequence[Act] = ()

    def step(self, event: Event, pit: Pit, record: Standing) -> Iterator[Owed]:
        self.acts = event.acts
        return super().step(event, pit, record)


def journal(entries: Iterable[Entry], member: str = "", every: int = 0) -> Iterator[Item]:
    """The journal of an archive, item by item as its entries come.

    Balances that changed are stated after each day (UTC) and each `every` entries (0: days only),
    all of them at the end. member: only what moves his accounts, with all of each transaction, and
    his balances. Raises NoInput where he is none.
    """
    postings: list[Posting] = []
    keeping = _Keeping(journal=postings.append)
    run = Run(keeping)
    pit = run.pit
    named: set[str] = set()
    changed: set[tuple[str, str]] = set()
    for entry in entries:
        if changed and entry.time[:10] != pit.time[:10]:
            yield _balances(changed, named, run, keeping)
            changed.clear()
        postings.clear()
        run.feed(entry)
        for transaction in _transactions(postings, keeping.acts, entry, pit):
            legs = transaction.legs
            own = [leg for leg in legs if member in ("", owner_of(leg.account))]
            if own:
                if not named:
                    yield _title(member, pit)
                yield from _declared(transaction, named, pit)
                yield transaction
                changed.update((leg.account, leg.asset) for leg in own)
        if changed and every and entry.number % every == 0:
            yield _balances(changed, named, run, keeping)
            changed.clear()
    if not named:
        yield _title(member, pit)
    held = keeping.accounts.balances
    changed.update(key for key in held if member in ("", owner_of(key[0])))
    if changed:
        yield _balances(changed, named, run, keeping)
    yield End(pit.entry, pit.seal)


def _title(member: str, pit: Pit) -> Title:
    if member and member not in pit.members and not pit.open:
        raise NoInput(f"{member} is not a member of {pit.name}; `pit show members` lists them")
    return Title(pit.name, pit.id, pit.title, member)


def _transactions(
    postings: Sequence[Posting], acts: Sequence[Act], entry: Entry, pit: Pit
) -> Iterator[Transaction]:
    """What an entry moved, directive by directive."""
    if not postings:
        return
    moved = {act.ref if act.directive.verb != "accept" else _claimed(act): act for act in acts}
    for ref, group in groupby(postings, key=lambda posting: posting.ref):
        act = moved[ref]
        verb, args, keys = act.directive
        legs = tuple(_leg(p.account, p.amount, p.asset, pit) for p in group)
        note = keys.get("ref", "") if verb == "deposit" else ""
        price = None
        if verb == "fill" and pit.decimals(args[1]) is not None:  # a contract is no commodity
            price = Price(args[1], plain(args[2]), pit.tickers[args[1]].currency)
        what = _what(act, pit)
        yield Transaction(entry.time, ref, act.ref, entry.signer, what, note, legs, price)


def _claimed(act: Act) -> str:
    """The instruction that an `accept` answers, which its postings cite."""
    _, _, ref = act.directive.args[0].partition("/")
    return str(ref)


def _what(act: Act, pit: Pit) -> str:
    """A directive in words."""
    claim = act.subject
    if isinstance(claim, Ruling):
        return f"bust of {claim.bust.fill.ref}"
    if isinstance(claim, Claim):
        said = f"{claim.verb} {plain(claim.written)} {claim.asset}"
        if further(claim.account) != MAIN:
            said += f" from {claim.account}"
        if claim.verb == "transfer":
            return f"{said} to {claim.to}"
        return f"payout {claim.owner}/{claim.ref} ({said})"
    verb, args, _ = act.directive
    return pit.words[verb].show(Directive(verb, args)).rstrip("\n")


def _leg(account: str, amount: int, asset: str, pit: Pit) -> Leg:
    return Leg(account, plain(decimal(amount, pit.decimals(asset) or 0)), asset)


def _declared(transaction: Transaction, named: set[str], pit: Pit) -> Iterator[Item]:
    """The accounts and assets that a transaction is the first to name, which are named now."""
    day, price = transaction.time[:10], transaction.price
    codes = [leg.asset for leg in transaction.legs] + ([price.currency] if price else [])
    for code in codes:
        if code not in named:  # an asset begins with a capital, an account never does
            named.add(code)
            asset: Asset | Ticker = pit.assets.get(code) or pit.tickers[code]
            yield Commodity(day, code, asset.name, asset.decimals)
    for leg in transaction.legs:
        if leg.account not in named:
            named.add(leg.account)
            yield Account(day, leg.account)


def _balances(
    keys: Iterable[tuple[str, str]], named: Iterable[str], run: Run, keeping: Positions
) -> Balances:
    """What accounts hold now, the outside last; named: all that have been named."""
    pit = run.pit
    ordered = sorted(keys, key=lambda key: (key[0] == OUTSIDE, key))
    balance = keeping.accounts.balance
    legs = (_leg(who, balance(who, what), what, pit) for who, what in ordered)
    below: dict[str, list[str]] = {}
    for name in filter(is_account, named):
        below.setdefault(owner_of(name), []).append(name)
    totals = (
        _leg(who, sum(balance(one, what) for one in (who, *below[who])), what, pit)
        for who, what in ordered
        if who in below
    )
    return Balances(pit.time[:10], pit.entry, tuple(legs), tuple(totals))


_FOREIGN = re.compile(r"[^ -~]|\\")
_MEANING = re.compile(r'[^ -~]|[",:;\[\\\]|]')
_ENDING = re.compile(r'[^ -~]|[",;\[\\\]|]')


def ascii_text(text: str) -> str:
    r"""A text as printable ASCII in one line; all else, and `\`, as an escape of Python's."""
    return _FOREIGN.sub(_escape, text)


def described(text: str) -> str:
    r"""The same, with escapes for what ends a description or begins a comment or a date, too.

    A `:` stays: it means nothing there, and an account has one.
    """
    return _ENDING.sub(_escape, text)


def quiet(text: str) -> str:
    r"""The same for a comment, with escapes for what begins a tag, too.

    `;` is `\x3b`. So no word of a mail's is more than a word to a program that reads the journal.
    """
    return _MEANING.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    form = "\\x%02x" if code < 0x100 else "\\u%04x" if code < 0x10000 else "\\U%08x"
    return form % code
