"""The general journal in the plain text that both hledger and ledger read.

What the two understand differently is not used: an asset without decimals has no `format` line
(hledger wants `1000.` there, which ledger refuses), and one comment line holds one tag.
"""

from pit.filters.accounts import OUTSIDE
from pit.filters.transactions import (
    Account,
    Balances,
    Commodity,
    End,
    Item,
    Leg,
    Title,
    Transaction,
    ascii_text,
    described,
    quiet,
)
from pit.filters.whose import is_members
from pit.pits.members import CLEARING

TAGS = ("entry", "ref", "signer", "time")
"""The tags of transactions: what made it so, the cashier's word for it, by whom, when."""


def show(item: Item) -> str:
    """An item as lines."""
    match item:
        case Title():
            return _title(item)
        case Commodity(_, code, name, decimals):
            form = f"    format 1000.{'0' * decimals} {_symbol(code)}\n" if decimals else ""
            return f"; {code}: {ascii_text(name[:200])}\ncommodity {_symbol(code)}\n{form}\n"
        case Account(_, name):
            kind = "    ; type: A\n" if name == CLEARING else ""
            return "" if name == OUTSIDE else f"account {_account(name)}\n{kind}\n"
        case Transaction():
            return _transaction(item)
        case Balances(day, entry, legs, _):
            # An amount of 0, because without one the two would post what is missing.
            lines = [f"{_leg(leg._replace(number='0'))} = {_amount(leg)}\n" for leg in legs]
            return f"{day} * balances after entry {entry}\n{''.join(lines)}\n"
        case End(entries, (size, root)):
            sealed = f"; seal {size} has the root {root}\n" if size else ""
            return f"; entries 1 to {entries}\n{sealed}"


def _title(item: Title) -> str:
    whose = f"{item.member} in the pit" if item.member else "the pit"
    lines = [
        f"; Journal of {whose} {item.pit}, {ascii_text(item.title[:200])}\n",
        f"; id {item.id or 'unknown'}\n\n",
        *(f"tag {tag}\n" for tag in TAGS),
        "\naccount Members\n    ; type: A\naccount Outside\n    ; type: E\n\n",
    ]
    return "".join(lines)


def _transaction(item: Transaction) -> str:
    day, clock = item.time[:10], item.time[11:19]
    lines = [f"{day} * ({item.ref}) {described(item.what)}\n", f"    ; entry: {item.cause}\n"]
    if item.note:
        lines.append(f"    ; ref: {quiet(item.note)}\n")
    lines += [f"    ; signer: {item.signer}\n", f"    ; time: {item.time}\n"]
    lines += [f"{_leg(leg)}\n" for leg in item.legs]
    if item.price:
        ticker, number, currency = item.price
        lines.append(f"P {day} {clock} {_symbol(ticker)} {number} {_symbol(currency)}\n")
    return "".join(lines) + "\n"


def _leg(leg: Leg) -> str:
    return f"    {_account(leg.account):<24}  {leg.number:>16} {_symbol(leg.asset)}"


def _amount(leg: Leg) -> str:
    return f"{leg.number} {_symbol(leg.asset)}"


def _account(name: str) -> str:
    return f"Members:{name}" if is_members(name) else name.capitalize()


def _symbol(code: str) -> str:
    """An asset's code, in quotes where a digit or a point in it would end it."""
    return code if code.isalpha() else f'"{code}"'
