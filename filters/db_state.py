"""How things stand after the last entry: holdings, open orders, what is owed (see `db_schema`).

These rows are made anew each time: they cost what is open, not what has been.
"""

from pit.filters.accounts import hold_name, hold_order
from pit.filters.claims import Charge
from pit.filters.db_books import Books
from pit.filters.db_markets import write_markets
from pit.filters.db_orders import in_lots, in_ticks, money
from pit.filters.db_rows import Writer
from pit.filters.db_values import Value, number
from pit.filters.runner import Run
from pit.filters.whose import is_members
from pit.pits.lines import one_line
from pit.pits.members import owner_of

_ANEW = (
    "holdings",
    "holds",
    "markets",
    "contracts",
    "book_orders",
    "owed",
    "divergences",
    "keepers",
    "checkpoints",
)


def write_state(writer: Writer, books: Books) -> None:
    """The rows that say how things stand."""
    for table in _ANEW:
        writer.con.execute(f"DELETE FROM {table}")
    _holdings(writer, books)
    kept = books.kept
    write_markets(writer, books.positions.contracts, kept.record, kept.pit)
    _orders(writer, books)
    _book(writer, books)
    _listed(writer, books)
    _mandates(writer, books)
    for run in books.runs:
        _owed(writer, run)
    for name, sealed, root, text in books.checkpoints():
        writer.insert("checkpoints", name, sealed, root, text)


def write_meta(writer: Writer, books: Books, program: str) -> None:
    """What the database was made from, up to where, and by which program."""
    pit = books.kept.pit
    sealed, root = pit.seal
    about: dict[str, Value] = {
        "pit": pit.name,
        "id": pit.id,
        "title": pit.title,
        "entries": pit.entry,
        "time": pit.time,
        "sealed": sealed,
        "root": root,
        "program": program,
        "search": "FTS5" if writer.search else "none",
    }
    for key, value in about.items():
        writer.con.execute(
            "INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (key, str(value))
        )


def _holdings(writer: Writer, books: Books) -> None:
    accounts, pit = books.positions.accounts, books.kept.pit
    for (account, asset), balance in sorted(accounts.balances.items()):
        if not is_members(account):
            continue
        amounts = balance, accounts.held_of(account, asset), accounts.available(account, asset)
        values = [part for amount in amounts for part in money(amount, asset, pit)]
        writer.insert("holdings", owner_of(account), account, asset, *values)
    for hold in sorted(accounts.holds, key=hold_order):
        account, asset, amount = accounts.holds[hold]
        row = (owner_of(account), account, asset, *money(amount, asset, pit))
        writer.insert("holds", *_held_for(hold), *row)


def _held_for(hold: str) -> tuple[str, str | None]:
    """What kind of thing a hold is for, and its reference where it has one.

    >>> _held_for("1042"), _held_for("1042 tokens"), _held_for("short alice ACME")
    (('instruction', '1042'), ('charge', '1042'), ('short ACME', None))
    """
    name, part = hold_name(hold), hold.partition(" ")[2]
    if not name[0].isdigit():
        return name, None
    kind = "charge" if part == Charge.mover else "bust" if part else "instruction"
    return kind, name


def _orders(writer: Writer, books: Books) -> None:
    """How far `match` has come with each order that stands open."""
    orders, pit = books.matched.record.orders, books.matched.pit
    for order in orders.values():
        state, left = books.match.standing(order)
        remaining, text = in_lots(left, pit.tickers.get(order.ticker))
        values: dict[str, Value] = {"remaining": remaining, "remaining_shown": text}
        writer.update("orders", order.ref, status=state, **values)


def _book(writer: Writer, books: Books) -> None:
    """Who stands where in the book, as `match` works it."""
    tickers = books.matched.pit.tickers
    for code, lane in books.match.lanes.items():
        for side, orders in (("bid", lane.book.bids), ("ask", lane.book.asks)):
            for position, one in enumerate(orders, 1):
                ticker, order = tickers.get(code), one.order
                row = (code, side, position, order.ref, order.owner)
                displayed = in_lots(one.shown or one.left, ticker)
                price = in_ticks(one.price, ticker)
                writer.insert("book_orders", *row, *price, *in_lots(one.left, ticker), *displayed)


def _listed(writer: Writer, books: Books) -> None:
    """What exists of each asset; who publishes for tickers and shards."""
    pit, totals = books.kept.pit, books.kept.record.totals
    for code in (*pit.assets, *pit.tickers):
        total = number(totals.get(code, 0), pit.decimals(code) or 0)
        query = "UPDATE assets SET in_existence = ?, in_existence_shown = ? WHERE code = ?"
        writer.con.execute(query, (*total, code))
    for code, holder in pit.specialists.items():
        query = "UPDATE tickers SET specialist = ?, since = ? WHERE code = ?"
        writer.con.execute(query, (*holder, code))
    for shard, count, holder in pit.keeper_shards():
        writer.insert("keepers", f"{shard}/{count}", *holder, int(count == pit.shard_count))


def _mandates(writer: Writer, books: Books) -> None:
    """What was issued of each mandate."""
    kept = books.kept
    query = "UPDATE mandates SET used = ?, used_shown = ? WHERE ticker = ? AND motion = ?"
    for code, allowed in kept.record.mandates.items():
        for one in allowed:
            used = money(one.used, code, kept.pit)
            writer.con.execute(query, (*used, code, one.motion.partition("/")[2]))


def _owed(writer: Writer, run: Run) -> None:
    name, words = run.filter.name, run.pit.words
    for position, (owed, signer) in enumerate(run.owed(), 1):
        line = one_line(owed.directive, words[owed.directive.verb])
        query = """
            INSERT INTO owed (filter, position, lane, signer, line, cause, since)
            SELECT ?, ?, ?, ?, ?, ?, time FROM entries WHERE number = ?"""
        row = (name, position, owed.lane, signer or None, line, owed.cause)
        writer.con.execute(query, (*row, owed.cause.partition(".")[0]))
    for found in sorted(run.lanes.diverged.values()):
        right = one_line(found.owed, words[found.owed.verb]) if found.owed else None
        stands = one_line(found.stands, words[found.stands.verb])
        writer.insert("divergences", name, found.lane, found.report, stands, right)
