"""What an entry puts into the tables of `pit db` (see `db_schema`).

Each verb that has a table has a function here or in a module beside this one (`db_pit`,
`db_orders`, `db_companies`, `db_tokens`), which takes what the folds made of the directive: whether
it counts was decided there. A word that a filter brings is in `directives` in any case; where it is
worth a table of its own, that is one more statement in `db_schema_*` and one more function in a
`TOLD`.
"""

import contextlib
import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

from pit.archives.amounts import plain
from pit.archives.verbs import Directive, Verb
from pit.filters import db_companies, db_orders, db_pit, db_tokens
from pit.filters.accounts import Posting
from pit.filters.claims import Claim
from pit.filters.db_books import Books, Said
from pit.filters.db_schema import TABLES
from pit.filters.db_values import Number, Value, as_json, entry_row, number
from pit.filters.history import Chapter
from pit.filters.markets import Moved
from pit.filters.whose import is_members
from pit.pits.lines import one_line
from pit.pits.members import owner_of

_UNHEEDED = ("cancel", "combo", "dividend", "motion", "replace", "vote")
"""Verbs that have a row even where they can have no effect: they are answered."""


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
    received at the last entry; of a fill what was paid, whose fees come after it.
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

    def add(self, table: str, row: Mapping[str, Value]) -> None:
        """Add a row by the names of its columns."""
        names = ", ".join(row)
        places = ", ".join("?" * len(row))
        self.con.execute(f"INSERT INTO {table} ({names}) VALUES ({places})", (*row.values(),))

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
            if not one.idle or one.directive.verb in _UNHEEDED:
                db_tokens.write_charge(self, one, chapter)
                for tell in _TOLD.get(one.directive.verb, ()):
                    tell(self, one, chapter)

    def _post(self, posting: Posting, chapter: Chapter) -> None:
        account, asset, amount, ref, why = posting
        if amount > 0:
            self.received.setdefault((ref, asset), amount)
        self._postings += 1
        entry = chapter.entry
        shown = number(amount, chapter.pit.decimals(asset) or 0)
        member = owner_of(account) if is_members(account) else None
        row = (self._postings, entry.number, entry.time, ref, member, account, asset, *shown, why)
        self.insert("postings", *row)


def _fields(verb: Verb, directive: Directive) -> dict[str, Any]:
    pairs = zip(verb.fields, directive.args, strict=True)
    return {slot.name: value for slot, value in pairs if value is not None}


# --- transfers, withdrawals, and what is held for others ----------------------------------------


def _claim(writer: Writer, one: Said, chapter: Chapter) -> None:
    claim, entry = one.subject, chapter.entry
    assert isinstance(claim, Claim)
    amount: Number | tuple[None, str] = None, plain(claim.written)
    if claim.amount is not None:
        amount = number(claim.amount, chapter.pit.decimals(claim.asset) or 0)
    given = (claim.ref, entry.number, entry.time, claim.owner, claim.account)
    to = (owner_of(claim.to), claim.to) if claim.to else (None, None)
    row = (*given, claim.verb, *amount, claim.asset, *to, "unanswered", None, None)
    writer.insert("claims", *row)


def _payout(writer: Writer, one: Said, chapter: Chapter) -> None:
    if isinstance(one.subject, Claim):
        writer.update("claims", one.subject.ref, status="paid", ended_by=one.ref)


def _move(writer: Writer, one: Said, chapter: Chapter) -> None:
    entry, moved = chapter.entry, one.subject
    assert isinstance(moved, Moved)
    claim, amount, to = moved
    member = owner_of(to) if is_members(to) else None
    row = (one.ref, entry.number, entry.time, entry.signer, claim.mover, claim.lane)
    given = (claim.ref, claim.owner, claim.account, member, to, claim.asset)
    shown = number(amount, chapter.pit.decimals(claim.asset) or 0)
    writer.insert("moves", *row, *given, *shown, one.directive.args[-1])


_Tell = Callable[["Writer", Said, Chapter], None]

_OURS: dict[str, _Tell] = {
    "transfer": _claim,
    "withdraw": _claim,
    "payout": _payout,
    "move": _move,
}

_TOLD: dict[str, list[_Tell]] = {}
for _table in (_OURS, db_orders.TOLD, db_pit.TOLD, db_companies.TOLD, db_tokens.TOLD):
    for _verb, _tell in _table.items():
        _TOLD.setdefault(_verb, []).append(_tell)
