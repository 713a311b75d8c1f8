"""The general journal in beancount's text.

Three things have other names there. An account's parts begin with a capital: alice is
`Assets:Members:Alice`, alice:savings `Assets:Members:Alice:Savings`, the outside `Equity:Outside`.
A code of one letter (beancount 2 knows none), or one that is a word of beancount's, has `PIT-` in
front, which no code of a pit can have. And a balance is stated for the beginning of the next day,
for beancount knows no other time of day; that of an account includes those below it.
"""

from datetime import date, timedelta

from pit.filters.accounts import OUTSIDE
from pit.filters.transactions import (
    Account,
    Balances,
    Commodity,
    End,
    Item,
    Title,
    Transaction,
    ascii_text,
)
from pit.filters.whose import is_members

_TAKEN = ("TRUE", "FALSE", "NULL")


def show(item: Item) -> str:
    """An item as lines."""
    match item:
        case Title(pit, id, title, member):
            name = f"{member} in {pit}: {title[:200]}" if member else f"{pit}: {title[:200]}"
            return f'option "title" {_string(name)}\n; id {id or "unknown"}\n\n'
        case Commodity(day, code, name, _):
            return f"{day} commodity {symbol(code)}\n  name: {_string(name[:200])}\n\n"
        case Account(day, name):
            return f"{day} open {account_of(name)}\n\n"
        case Transaction():
            return _transaction(item)
        case Balances():
            return _balances(item)
        case End(entries, (size, root)):
            sealed = f"; seal {size} has the root {root}\n" if size else ""
            return f"; entries 1 to {entries}\n{sealed}"


def _transaction(item: Transaction) -> str:
    day = item.time[:10]
    lines = [f"{day} * {_string(item.what)}\n", f'  code: "{item.ref}"\n']
    lines.append(f'  entry: "{item.cause}"\n')
    if item.note:
        lines.append(f"  ref: {_string(item.note)}\n")
    lines += [f'  signer: "{item.signer}"\n', f'  time: "{item.time}"\n']
    lines += [
        f"  {account_of(leg.account):<30}  {leg.number:>16} {symbol(leg.asset)}\n"
        for leg in item.legs
    ]
    if item.price:
        ticker, number, currency = item.price
        lines.append(f"{day} price {symbol(ticker)} {number} {symbol(currency)}\n")
    return "".join(lines) + "\n"


def _balances(item: Balances) -> str:
    try:
        after = date.fromisoformat(item.day) + timedelta(days=1)
    except OverflowError:
        return f"; no day follows {item.day}, so nothing is stated of it\n\n"
    totals = {(leg.account, leg.asset): leg for leg in item.totals}
    legs = (totals.get((leg.account, leg.asset), leg) for leg in item.legs)
    lines = [
        # `~ 0`: without it a difference of one smallest unit would pass.
        f"{after} balance {account_of(leg.account):<30}  {leg.number:>16} ~ 0 {symbol(leg.asset)}\n"
        for leg in legs
    ]
    return f"; after entry {item.entry}\n{''.join(lines)}\n"


def account_of(name: str) -> str:
    """An account's name in beancount; no two are the same there."""
    if not is_members(name):
        return "Equity:Outside" if name == OUTSIDE else "Assets:Clearing"
    return ":".join(["Assets:Members", *(part.capitalize() for part in name.split(":"))])


def symbol(code: str) -> str:
    """An asset's code in beancount; no two are the same there."""
    return f"PIT-{code}" if len(code) == 1 or code in _TAKEN else code


def _string(text: str) -> str:
    """A text in quotes. Beancount takes one backslash off again."""
    return '"' + ascii_text(text).replace("\\", "\\\\").replace('"', '\\"') + '"'
