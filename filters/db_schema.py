"""The tables of the database that `pit db` makes; docs/reference/database.md explains them.

Their statements stand by subject, in the modules `db_schema_*`. Each table and column says what it
is in a comment inside its own statement, which SQLite keeps: `.schema` shows it. Whoever changes
what stands where raises VERSION; another file is made anew.
"""

from pit.filters import (
    db_schema_accounts,
    db_schema_companies,
    db_schema_orders,
    db_schema_pit,
    db_schema_tokens,
)

VERSION = 5
"""Of the schema; the file's `user_version`."""

APPLICATION = int.from_bytes(b"pit ", "big")
"""The file's `application_id`: by it a file is known to be ours to write to."""

TABLES = (
    *db_schema_pit.TABLES,
    *db_schema_orders.TABLES,
    *db_schema_accounts.TABLES,
    *db_schema_companies.TABLES,
    *db_schema_tokens.TABLES,
)

SEARCH = """
CREATE VIRTUAL TABLE entries_fts USING fts5(
  subject, text, content='entries', content_rowid='number'
)"""
"""Full-text search; where SQLite was built without FTS5 it is left out."""
