"""Keeps downloaded pages between runs, for conditional requests and for reading."""

import sqlite3
import zlib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Kept:
    body: bytes
    type: str
    etag: str
    modified: str


class Pages:
    """Pages by address, in one file. Any thread may use it, one at a time."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS pages "
            "(url TEXT PRIMARY KEY, body BLOB, type TEXT, etag TEXT, modified TEXT)"
        )

    def get(self, url: str) -> Kept | None:
        row = self._database.execute(
            "SELECT body, type, etag, modified FROM pages WHERE url = ?", (url,)
        ).fetchone()
        return Kept(zlib.decompress(row[0]), *row[1:]) if row else None

    def put(self, url: str, page: Kept) -> None:
        self._database.execute(
            "REPLACE INTO pages VALUES (?, ?, ?, ?, ?)",
            (url, zlib.compress(page.body, 1), page.type, page.etag, page.modified),
        )

    def keep_only(self, urls: set[str]) -> None:
        """Deletes pages that are no longer part of the site."""
        known = {row[0] for row in self._database.execute("SELECT url FROM pages")}
        self._database.executemany(
            "DELETE FROM pages WHERE url = ?", [(url,) for url in sorted(known - urls)]
        )

    def close(self) -> None:
        self._database.close()
