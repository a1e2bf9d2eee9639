"""Maps errors of SQLite to ours, and tells a damaged file from a full disk."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from indexer.types import IndexDamaged, IndexerError

# Primary result codes (https://sqlite.org/rescode.html) for a file that is not, or no longer, a
# database. Other failures, such as a full disk, leave the file as it was.
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


@contextmanager
def mapped(what: str, damaged: str) -> Iterator[None]:
    """Raises ``IndexDamaged`` or ``IndexerError`` for what SQLite raises in the block.

    ``what`` names the file; ``damaged`` says what to do when it cannot be read.
    """
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        # A table that is missing, or lacks a column, was not written by this program.
        if code in _DAMAGED or "no such" in str(error):
            raise IndexDamaged(f"{what} is damaged ({error}). {damaged}") from error
        raise IndexerError(f"{what} cannot be used now ({error}).") from error


@contextmanager
def transaction(db: sqlite3.Connection, begin: str = "BEGIN") -> Iterator[sqlite3.Connection]:
    """Commits what the block did, or takes all of it back."""
    db.execute(begin)
    try:
        yield db
        db.execute("COMMIT")
    except BaseException:
        # On a full disk SQLite has already rolled back.
        with suppress(sqlite3.Error):
            db.execute("ROLLBACK")
        raise
