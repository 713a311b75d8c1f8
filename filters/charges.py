"""What instructions are charged in TradeTokens (docs/reference/tokens.md), in the published record.

Where `rule tokens 1` is in force, the keeper's `accept` of an instruction holds its fee and, of an
order, its good-faith deposit beside it; what has no other cover asks for an accept because of it.
The filter `tokens` moves them: the fee to whose block it is, a deposit when its order has ended.
What is charged follows from what stands above the instruction: the rules and the TT in existence.
"""

from typing import TYPE_CHECKING, NamedTuple

from pit.archives.amounts import decimal, plain, trimmed
from pit.archives.mbox import Entry
from pit.archives.verbs import Directive
from pit.filters.claims import Charge, smallest
from pit.filters.instructions import (
    ONE,
    SCALE,
    scaled,
)
from pit.filters.tally import give_back
from pit.filters.tariff import Tariff, deposit, fee
from pit.pits.blocks import DECIMALS, TOKEN, Halving, Linear, Schedule, minted, turn

if TYPE_CHECKING:
    from pit.filters.standing import Standing
    from pit.pits.state import Pit

__all__ = [
    "VERSIONS",
    "Minted",
    "charge",
    "end",
    "existing",
    "fee_of",
    "refused",
    "seal",
    "sealer_of",
    "shown",
]


VERSIONS = range(2)
"""The versions of `rule tokens` that the record knows; 0: off."""


class Minted(NamedTuple):
    """What the first seal of a block brings into being: the subsidies of blocks `first` to `last`.

    amount: in 10**-5 TT. charges: those of instructions in these blocks; their fees are the
    sealer's.
    """

    sealer: str
    amount: int
    first: int
    last: int
    charges: tuple[Charge, ...] = ()


def shown(amount: int) -> str:
    """An amount of 10**-5 TT as written."""
    return plain(decimal(amount, DECIMALS))


def schedule(pit: "Pit") -> Schedule:
    """How the subsidy falls, by the rules in force."""
    first: int = pit.rule("subsidy")
    if pit.rule("schedule") == "halving":
        return Halving(first, pit.rule("halving"))
    return Linear(first, pit.rule("subsidy-fall"))


def _paid(record: "Standing", pit: "Pit") -> int:
    """The last block whose subsidy is in existence, or that never had one."""
    return max(record.paid, pit.tokens - 1)


def seal(
    record: "Standing", ref: str, directive: Directive, entry: Entry, pit: "Pit", after: int
) -> Minted | None:
    """The first seal of a block: it, and the empty ones before it, are those of whose turn it is.

    None of the others. After `rule tokens off` blocks bring nothing any more, but have their
    sealers still.
    """
    if not pit.tokens and not record.sealed:
        return None
    last, paid = pit.block(entry.time), _paid(record, pit)
    amount = 0
    if pit.tokens and last > paid:
        amount = minted(schedule(pit), paid, last)
        record.paid = last
    elif last <= record.sealed:
        return None
    sealer = sealer_of(last, record) or turn(last, pit.rule("sealers"))
    record.sealed, record.sealer = last, sealer
    record.totals[TOKEN] = record.totals.get(TOKEN, 0) + amount
    for one in record.fresh:
        one.sealer = sealer
    found = Minted(sealer, amount, paid + 1, last, tuple(record.fresh))
    record.fresh.clear()
    return found


def existing(record: "Standing", block: int, pit: "Pit") -> int:
    """The TT in existence in a block, in 10**-5: its own and all before it count, sealed or not."""
    paid = _paid(record, pit)
    more = minted(schedule(pit), paid, block) if block > paid else 0
    return record.totals.get(TOKEN, 0) + more


def _tariff(kind: str, pit: "Pit") -> Tariff:
    return Tariff(
        scaled[pit.rule("fee-rate")],
        {kind: scaled[pit.rule(f"fee-{kind}")]},
        pit.rule("fee-minimum"),
        pit.rule("fee-cap"),
        pit.rule("good-faith"),
        scaled[pit.rule("good-faith-worth")] * ONE,
    )


def fee_of(kind: str, block: int, record: "Standing", pit: "Pit") -> tuple[int, str]:
    """The fee of an instruction of that kind in a block, in 10**-5 TT, and its arithmetic."""
    return _fee(kind, _tariff(kind, pit), existing(record, block, pit))


def _fee(kind: str, tariff: Tariff, there: int) -> tuple[int, str]:
    amount = fee(kind, there, tariff)
    rates = (tariff.multipliers[kind], tariff.rate)
    times, rate = (plain(trimmed(decimal(number, SCALE))) for number in rates)
    why = f"{kind}: {times} x {rate} x {shown(there)} TT in existence = {shown(amount)}"
    if amount == tariff.cap:
        why += ", the cap"
    elif amount == tariff.minimum:
        why += ", the minimum"
    return amount, why


def charge(
    record: "Standing",
    ref: str,
    directive: Directive,
    entry: Entry,
    pit: "Pit",
    lane: str,
    worth: int = -1,
) -> Charge | None:
    """What an instruction is charged, by the rules in force; None where that is nothing.

    lane: who publishes for it moves what is held. worth: of an order, its quantity x its limit, in
    10**-18; -1 where it deposits nothing.
    """
    verb = pit.words[directive.verb]
    kind = verb.fee
    if not pit.tokens or not kind:
        return None
    block = pit.block(entry.time)
    tariff = _tariff(kind, pit)
    amount, why = _fee(kind, tariff, existing(record, block, pit))
    faith = 0 if worth < 0 else deposit(amount, worth, tariff)
    if not amount and not faith:
        return None
    made = Charge(ref, entry.signer, directive, entry.time, lane, block)
    made.fee, made.deposit, made.why = amount, faith, why
    made.accepted = pit.open
    if not verb.cover:
        made.text = verb.show(directive)
    record.charges[ref] = made
    made.sealer = sealer_of(block, record)
    if not made.sealer:
        record.fresh.append(made)
    return made


def sealer_of(block: int, record: "Standing") -> str:
    """Whose the block of the entry at hand is, where a seal stands in it already; else ''."""
    return record.sealer if block == record.sealed else ""


def end(record: "Standing", ref: str) -> None:
    """An order has ended: its deposit may be moved."""
    found = record.charges.get(ref)
    if found:
        found.ended = True


def refused(record: "Standing", found: Charge, pit: "Pit") -> None:
    """A `refuse` stands: nothing is charged; what an `issue` had taken of its mandates is back."""
    del record.charges[found.ref]
    if found in record.fresh:
        record.fresh.remove(found)
    if found.asks.verb == "issue":
        number, code = found.asks.args
        whole = smallest(number, code, pit) or 0
        record.totals[code] -= whole
        give_back(record.mandates.get(code, []), whole)
