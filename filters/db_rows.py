"""What an entry puts into the tables of `pit db` (see `db_schema`).

Each verb that has a table has a function here or in `db_pit`, which takes what the folds made of
the directive: whether it counts was decided there. A word that a filter brings is in `directives`
in any case; where it is worth a table of its own, that is one more statement in `db_schema` and one
more function in `_TOLD`.
"""

import contextlib
import sqlite3
from collections.abc import Callable
from typing import Any

from pit.archives.amounts import decimal, plain, trimmed
from pit.archives.verbs import Directive, Verb
from pit.filters import db_pit
from pit.filters.accounts import Posting
from pit.filters.db_books import Books, Said
from pit.filters.db_schema import TABLES
from pit.filters.db_values import Number, Value, as_json, entry_row, exact, number
from pit.filters.history import Chapter
from pit.filters.instructions import SCALE, Claim, Order, Trade, scaled
from pit.pits.lines import one_line
from pit.pits.state import Pit

_ENDINGS = ("cancelled", "expired", "killed", "replaced", "decremented", "rejected")


def columns() -> dict[str, list[str]]:
    """The columns of each table as this program makes them; somebody may have added to a file's."""
    with contextlib.closing(sqlite3.connect(":memory:")) as con:
        for statement in TABLES:
            con.execute(statement)
        query = "SELECT t.name, c.name FROM sqlite_master AS t, pragma_table_info(t.name) AS c"
        found: dict[str, list[str]] = {}
        for table, column in con.execute(query):
            found.setdefault(table, []).append(column)
        return found


class Writer:
    """Writes rows through a connection whose tables are there.

    search: whether there is full-text search. received: by (reference, asset), what an account
    received at the last entry.
    """

    def __init__(self, con: sqlite3.Connection) -> None:
        self.con = con
        self.received: dict[tuple[str, str], int] = {}
        self._inserts: dict[str, str] = {}
        for table, names in columns().items():
            places = ", ".join("?" * len(names))
            self._inserts[table] = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({places})"
        found = con.execute("SELECT 1 FROM sqlite_master WHERE name = 'entries_fts'").fetchone()
        self.search = found is not None
        (self._postings,) = con.execute("SELECT ifnull(max(id), 0) FROM postings").fetchone()

    def insert(self, table: str, *row: Value) -> None:
        """Add a row; its values in the order of the columns."""
        self.con.execute(self._inserts[table], row)

    def update(self, table: str, ref: str, **values: Value) -> None:
        """Change the row of that reference, if there is one."""
        changes = ", ".join(f"{column} = ?" for column in values)
        self.con.execute(f"UPDATE {table} SET {changes} WHERE ref = ?", (*values.values(), ref))

    def write(self, chapter: Chapter, books: Books) -> None:
        """The rows of an entry that the books have just read."""
        entry, text, _, pit, _ = chapter
        row = entry_row(entry, text)
        self.insert("entries", *row)
        if self.search:
            query = "INSERT INTO entries_fts(rowid, subject, text) VALUES (?, ?, ?)"
            self.con.execute(query, (entry.number, *row[-2:]))
        said = books.said(chapter)
        for position, one in enumerate(said, 1):
            directive = one.directive
            verb = pit.words[directive.verb]
            self.insert(
                "directives",
                one.ref,
                entry.number,
                position,
                verb.name,
                one_line(directive, verb),
                as_json(_fields(verb, directive)),
                as_json(directive.keys) if directive.keys else None,
                one.idle or None,
            )
        self.received.clear()
        for posting in books.postings:
            self._post(posting, chapter)
        for one in said:
            tell = _TOLD.get(one.directive.verb)
            if tell and (not one.idle or one.directive.verb == "cancel"):
                tell(self, one, chapter)

    def _post(self, posting: Posting, chapter: Chapter) -> None:
        account, asset, amount, ref, why = posting
        if amount > 0:
            self.received[ref, asset] = amount
        self._postings += 1
        entry = chapter.entry
        shown = number(amount, chapter.pit.decimals(asset) or 0)
        row = (self._postings, entry.number, entry.time, ref, account, asset, *shown, why)
        self.insert("postings", *row)


def _fields(verb: Verb, directive: Directive) -> dict[str, Any]:
    pairs = zip(verb.fields, directive.args, strict=True)
    return {slot.name: value for slot, value in pairs if value is not None}


# --- instructions and their answers -----------------------------------------------------------


def in_lots(amount: int, order: Order, pit: Pit) -> Number | tuple[None, str]:
    """An amount of an order (10**-9) in the ticker's smallest unit; no integer where none fits."""
    ticker = pit.tickers.get(order.ticker)
    if ticker and not amount % ticker.unit_scaled:
        return number(amount // ticker.unit_scaled, ticker.decimals)
    whole = amount == order.quantity
    return None, plain(order.written if whole else trimmed(decimal(amount, SCALE)))


def _limit(order: Order, pit: Pit) -> Number | tuple[None, str]:
    if order.limit is None:
        return None, "market"
    ticker = pit.tickers.get(order.ticker)
    unit = 10 ** (SCALE - ticker.price_decimals) if ticker else 1
    if ticker and not order.price % unit:
        return number(order.price // unit, ticker.price_decimals)
    return None, plain(order.limit)


def _order(writer: Writer, one: Said, chapter: Chapter) -> None:
    order, pit = one.subject, chapter.pit
    assert isinstance(order, Order)
    quantity = in_lots(order.quantity, order, pit)
    writer.insert(
        "orders",
        order.ref,
        chapter.entry.number,
        order.time,
        order.owner,
        "buy" if order.buys else "sell",
        order.ticker,
        *quantity,
        *_limit(order, pit),
        order.until or None,
        order.label or None,
        "unanswered",
        *in_lots(0, order, pit),
        *quantity,
        None,
        None,
    )


def _end(writer: Writer, order: Order, status: str, ref: str, pit: Pit) -> None:
    """An order has ended."""
    left, text = in_lots(0, order, pit)
    values: dict[str, Value] = {"remaining": left, "remaining_shown": text}
    writer.update("orders", order.ref, status=status, ended_by=ref, **values)


def _claim(writer: Writer, one: Said, chapter: Chapter) -> None:
    claim, entry = one.subject, chapter.entry
    assert isinstance(claim, Claim)
    amount: Number | tuple[None, str] = None, plain(claim.written)
    if claim.amount is not None:
        amount = number(claim.amount, chapter.pit.decimals(claim.asset) or 0)
    row = (claim.ref, entry.number, entry.time, claim.owner, claim.verb, *amount, claim.asset)
    writer.insert("claims", *row, claim.to or None, "unanswered", None, None)


def _cancel(writer: Writer, one: Said, chapter: Chapter) -> None:
    entry, target = chapter.entry, one.directive.args[0]
    row = (one.ref, entry.number, entry.time, entry.signer, target)
    writer.insert("cancels", *row, "unanswered", None)
    if isinstance(one.subject, Claim):
        writer.update("claims", target, status="cancelled", ended_by=one.ref)


def _payout(writer: Writer, one: Said, chapter: Chapter) -> None:
    if isinstance(one.subject, Claim):
        writer.update("claims", one.subject.ref, status="paid", ended_by=one.ref)


def _answer(writer: Writer, one: Said, chapter: Chapter) -> None:
    entry, (verb, args, _), subject = chapter.entry, one.directive, one.subject
    owner, _, target = args[0].partition("/")
    refused = verb == "refuse"
    row = (one.ref, entry.number, entry.time, entry.signer, owner, target, verb)
    writer.insert("answers", *row, args[1] if refused else None)
    if isinstance(subject, Order):
        writer.update("orders", target, answered_by=one.ref)
        if refused:
            _end(writer, subject, "refused", one.ref, chapter.pit)
    elif isinstance(subject, Claim):
        ends = refused or subject.verb == "transfer"
        status = "refused" if refused else "delivered" if ends else "held"
        ended = one.ref if ends else None
        writer.update("claims", target, status=status, answered_by=one.ref, ended_by=ended)
    else:  # of something that needs no cover, or needs none any more
        status = "refused" if refused else "accepted"
        writer.update("cancels", target, status=status, answered_by=one.ref)
        writer.update("claims", target, answered_by=one.ref)


# --- trades -----------------------------------------------------------------------------------


def _fill(writer: Writer, one: Said, chapter: Chapter) -> None:
    assert isinstance(one.subject, Trade)
    quantity, code, price, buyer, seller = one.directive.args
    entry, pit = chapter.entry, chapter.pit
    ticker = pit.tickers.get(code)
    value: tuple[Value, ...] = None, None, None
    lots = at = None
    if ticker:
        lots = exact(scaled[quantity] // ticker.unit_scaled)
        at = exact(scaled[price] // 10 ** (SCALE - ticker.price_decimals))
        paid = writer.received.get((one.ref, ticker.currency), 0)
        value = *number(paid, pit.decimals(ticker.currency) or 0), ticker.currency
    row = (one.ref, entry.number, entry.time, entry.signer, code, lots, plain(quantity), at)
    sides = (*buyer.split("/"), *seller.split("/"))
    taker = one.directive.keys.get("taker")
    writer.insert("fills", *row, plain(price), *value, *sides, taker)
    for order in one.subject:
        filled, text = in_lots(order.filled, order, pit)
        left, left_shown = in_lots(order.quantity - order.filled, order, pit)
        values: dict[str, Value] = {"filled": filled, "filled_shown": text}
        values |= {"remaining": left, "remaining_shown": left_shown}
        writer.update("orders", order.ref, **values)
        if order.filled == order.quantity:
            _end(writer, order, "filled", one.ref, pit)


def _leaves(writer: Writer, one: Said, chapter: Chapter) -> None:
    entry, (name, _, _, words) = chapter.entry, one.directive.args
    owner, _, target = name.partition("/")
    row = (one.ref, entry.number, entry.time, entry.signer, owner, target, words)
    writer.insert("leaves", *row)
    why, _, answered = words.partition(" ")
    if isinstance(one.subject, Order):
        _end(writer, one.subject, why if why in _ENDINGS else "ended", one.ref, chapter.pit)
    if why in ("cancelled", "late"):
        query = "UPDATE cancels SET status = ?, answered_by = ? WHERE ref = ?"
        writer.con.execute(f"{query} AND answered_by IS NULL", (why, one.ref, answered))


_TOLD: dict[str, Callable[[Writer, Said, Chapter], None]] = {
    "buy": _order,
    "sell": _order,
    "transfer": _claim,
    "withdraw": _claim,
    "cancel": _cancel,
    "payout": _payout,
    "accept": _answer,
    "refuse": _answer,
    "fill": _fill,
    "leaves": _leaves,
    **db_pit.TOLD,
}
