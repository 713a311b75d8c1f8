"""The rows of `pit db` about the pit itself: members, assets, tickers, rules, reports, seals."""

import sqlite3
from collections.abc import Callable, Mapping
from typing import Protocol

from pit.archives.entry import NOTARY, OPERATOR
from pit.filters.amendments import in_force
from pit.filters.db_books import Said
from pit.filters.db_values import Value
from pit.filters.history import Chapter
from pit.pits.members import EXPELLED
from pit.pits.rules import RULES


class Rows(Protocol):
    """What rows are written to: `db_rows.Writer`."""

    con: sqlite3.Connection
    received: dict[tuple[str, str], int]

    def insert(self, table: str, *row: Value) -> None:
        """Add a row; its values in the order of the columns."""

    def add(self, table: str, row: Mapping[str, Value]) -> None:
        """Add a row by the names of its columns."""

    def update(self, table: str, ref: str, **values: Value) -> None:
        """Change the row of that reference, if there is one."""


_MEMBER = """
INSERT INTO members (handle, standing, roles, mail, fingerprint, admitted)
VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (handle) DO UPDATE SET
standing = excluded.standing, roles = excluded.roles, mail = excluded.mail,
fingerprint = excluded.fingerprint"""


def _member(rows: Rows, one: Said, chapter: Chapter) -> None:
    verb, args, _ = one.directive
    handles = (OPERATOR, NOTARY) if verb == "charter" else (args[verb in ("grant", "revoke")],)
    for handle in handles:
        member = chapter.pit.members.get(handle)
        if member is None:
            continue
        roles, mail = " ".join(sorted(member.roles)), " ".join(member.mail)
        about = (handle, member.standing, roles, mail, member.fingerprint or None, one.ref)
        rows.con.execute(_MEMBER, about)
        if member.fingerprint:
            number = chapter.entry.number
            since = number + (verb != "charter")
            rows.con.execute(_KEY, (member.fingerprint, handle, since, one.ref))
            rows.con.execute(_REPLACED, (number, handle, member.fingerprint))
        if verb == "expel" and member.standing == EXPELLED:
            rows.con.execute("UPDATE members SET ended = ? WHERE handle = ?", (one.ref, handle))


_KEY = "INSERT OR IGNORE INTO keys (fingerprint, handle, from_entry, ref) VALUES (?, ?, ?, ?)"
_REPLACED = """
UPDATE keys SET replaced = ? WHERE handle = ? AND fingerprint <> ? AND replaced IS NULL"""


def _revoked(rows: Rows, one: Said, chapter: Chapter) -> None:
    query = "UPDATE keys SET revoked = ?, reason = ? WHERE fingerprint = ?"
    for fingerprint, (number, reason) in chapter.pit.revoked.items():
        if number == chapter.entry.number:
            rows.con.execute(query, (number, reason, fingerprint))


def _asset(rows: Rows, one: Said, chapter: Chapter) -> None:
    asset = chapter.pit.assets[one.directive.args[0]]
    scale = 10**asset.decimals
    rows.insert("assets", asset.code, asset.name, "currency", asset.decimals, scale, 0, "", one.ref)


def _ticker(rows: Rows, one: Said, chapter: Chapter) -> None:
    """A ticker, whatever verb lists it; its units are an asset unless they are contracts."""
    ticker = chapter.pit.tickers.get(one.directive.args[0])
    if ticker is None or one.ref in chapter.pit.asked:
        return
    for table in ("assets", "tickers"):  # a name can come again, when it is free
        rows.con.execute(f"DELETE FROM {table} WHERE code = ?", (ticker.code,))
    code, decimals, places = ticker.code, ticker.decimals, ticker.price_decimals
    units = (decimals, 10**decimals)
    if chapter.pit.decimals(code) is not None:
        rows.insert("assets", code, ticker.name, "ticker", *units, 0, "", one.ref)
    steps = (f"{ticker.tick:f}", f"{ticker.lot:f}", *units, places, 10**places)
    about = (code, ticker.mode, ticker.issuer, ticker.currency)
    rows.insert("tickers", *about, *steps, one.ref, None, None)


def write_defaults(rows: Rows) -> None:
    """The rules that a pit begins with; a newer program may know more of them."""
    query = """
        INSERT INTO rules (name, value, from_entry)
        SELECT ?1, ?2, 1 WHERE ?1 NOT IN (SELECT name FROM rules)"""
    for name, rule in RULES.items():
        rows.con.execute(query, (name, rule.default))


def _rule(rows: Rows, one: Said, chapter: Chapter) -> None:
    name, value = one.directive.args[-2:]
    if name == "words":
        brought, _, value = value.partition(" ")
        name = f"words {brought}"
    if one.directive.verb == "rule" or in_force(chapter.pit).get(name) == value:
        rows.insert("rules", name, value, chapter.entry.number + 1, one.ref)


def _refused(rows: Rows, one: Said, chapter: Chapter) -> None:
    entry, (fingerprint, signed, digest, code) = chapter.entry, one.directive.args
    member = chapter.pit.handles.get(fingerprint)
    row = (one.ref, entry.number, entry.time, fingerprint, member, signed, digest, code)
    rows.insert("refused", *row)


def _report(rows: Rows, one: Said, chapter: Chapter) -> None:
    entry, (name, number) = chapter.entry, one.directive.args
    counts = len(chapter.text.directives) - 1, len(chapter.record.idle)
    rows.insert("reports", one.ref, entry.number, entry.time, name, entry.signer, number, *counts)


def _seal(rows: Rows, one: Said, chapter: Chapter) -> None:
    (size,), keys = one.directive.args, one.directive.keys
    rows.insert("seals", one.ref, chapter.entry.number, size, keys["root"], keys["time"])


def _witness(rows: Rows, one: Said, chapter: Chapter) -> None:
    query = "INSERT OR REPLACE INTO witnesses (handle, place, ref) VALUES (?, ?, ?)"
    rows.con.execute(query, (*one.directive.args, one.ref))


def _saw(rows: Rows, one: Said, chapter: Chapter) -> None:
    entry = chapter.entry
    rows.insert("sightings", one.ref, entry.number, entry.time, entry.signer, *one.directive.args)


TOLD: dict[str, Callable[[Rows, Said, Chapter], None]] = {
    "charter": _member,
    "admit": _member,
    "suspend": _member,
    "restore": _member,
    "expel": _member,
    "grant": _member,
    "revoke": _member,
    "rekey": _member,
    "confirm": _member,
    "revoke-key": _revoked,
    "asset": _asset,
    "ticker": _ticker,
    "listed": _ticker,  # where names are asked for
    "market": _ticker,
    "rule": _rule,
    "enacted": _rule,  # by a motion, if the pit took it so
    "refused": _refused,
    "report": _report,
    "seal": _seal,
    "witness": _witness,
    "saw": _saw,
}
