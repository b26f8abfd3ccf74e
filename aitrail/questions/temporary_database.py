"""A temporary database, which takes disk space instead of memory."""

import sqlite3


def temporary_database(table: str) -> sqlite3.Connection:
    """A new database with this table. What exceeds SQLite's cache is in a private temporary file.

    There is no journal: after an error, it may be corrupt.
    """
    database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
    database.execute("PRAGMA journal_mode = OFF")
    database.execute(f"CREATE TABLE {table}")
    return database
