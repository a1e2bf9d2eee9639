"""Lists in SQLite what the index holds, entry by entry, and decides which version a search sees.

A run changes the other parts of an index (vectors, words) step by step. ``publish`` then switches
to the next version of the content in one transaction. Chunks that are stored before it, or are
still there after it, are *unsettled*: searches leave them out, and the next process that opens the
index after a kill removes them. Any number of processes may read while one writes.
"""

import hashlib
import json
import sqlite3
import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from indexer.index.sqlite import mapped, transaction
from indexer.types import Change, Held, Skipped

_PATIENCE_S = 20.0  # how long to wait for another process's transaction, which takes milliseconds
_ID_BYTES = 16
_RUNS_KEPT = 100  # reports that are kept per source
_TABLES = """
CREATE TABLE IF NOT EXISTS sources (name TEXT PRIMARY KEY, chunks INTEGER, total TEXT);
CREATE TABLE IF NOT EXISTS entries (
    source TEXT, key TEXT, stamp TEXT, documents INTEGER, skipped TEXT, ids BLOB,
    PRIMARY KEY (source, key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS unsettled (source TEXT, id TEXT, PRIMARY KEY (source, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS runs (source TEXT, ended_s INTEGER, report TEXT);
CREATE TABLE IF NOT EXISTS names (source TEXT PRIMARY KEY, names TEXT);
"""


@dataclass(frozen=True, slots=True)
class View:
    """One version of the content. A search uses the same view from beginning to end."""

    dataset: str
    chunks: Mapping[str, int]  # chunks per source
    hidden: frozenset[str]  # ids that are stored but not, or no longer, in this version


@dataclass(frozen=True, slots=True)
class Plan:
    """What a change does to the stored chunks, and the version that results."""

    new: frozenset[str]
    vanished: frozenset[str]
    dataset: str
    count: int  # chunks of the source after the change
    total: int  # the sum of the ids as numbers


class Catalog:
    """The catalog in one file. Any thread may use it.

    Raises ``IndexDamaged`` when the file cannot be read, and ``IndexerError`` when it cannot be
    written, for example on a full disk.
    """

    def __init__(self, path: Path, *, writable: bool = True) -> None:
        self._path = path
        self._using = threading.Lock()
        self._seen = -1
        with self._mapped():
            mode = "rwc" if writable else "ro"
            self._db = sqlite3.connect(
                f"{path.resolve().as_uri()}?mode={mode}", uri=True, timeout=_PATIENCE_S,
                isolation_level=None, check_same_thread=False,
            )  # fmt: skip
            if writable:
                self._db.executescript(_TABLES)
        self._view = self._read_view()

    def view(self) -> View:
        """The version that is served now; another process may have published it a moment ago."""
        with self._using, self._mapped():
            (version,) = self._db.execute("PRAGMA data_version").fetchone()
        if version != self._seen:
            self._view = self._read_view()
            self._seen = version
        return self._view

    def held(self, source: str) -> dict[str, Held]:
        """What each entry of a source holds."""
        rows = self._rows("SELECT key, stamp, documents, skipped, ids FROM entries WHERE source=?",
                          source)  # fmt: skip
        return {
            key: Held(stamp, documents, _unpack(ids), *_told(skipped))
            for key, stamp, documents, skipped, ids in rows
        }

    def ids(self, source: str) -> set[str]:
        rows = self._rows("SELECT ids FROM entries WHERE source = ?", source)
        return {chunk_id for (ids,) in rows for chunk_id in _unpack(ids)}

    def plan(self, change: Change) -> Plan:
        """Plans a change: which ids it adds, and which ones no entry holds any more."""
        held = self.held(change.source)
        before = {chunk_id for each in held.values() for chunk_id in each.ids}
        after = {key: each for key, each in held.items() if key not in change.gone}
        after.update(change.held)
        ids = {chunk_id for each in after.values() for chunk_id in each.ids}
        totals = self._totals()
        total = sum(int(chunk_id, 16) for chunk_id in ids)
        totals[change.source] = (len(ids), total)
        return Plan(
            frozenset(ids - before), frozenset(before - ids), _version(totals), len(ids), total
        )

    def begin(self, source: str, new: Collection[str]) -> None:
        """Marks the new chunks before they are stored; no search shows them until ``publish``."""
        if not new:
            return
        with self._transaction() as db:
            db.executemany("INSERT OR IGNORE INTO unsettled VALUES (?, ?)",
                           [(source, chunk_id) for chunk_id in new])  # fmt: skip
        self._view = self._read_view()

    def publish(self, change: Change, plan: Plan, report: Mapping[str, Any] | None) -> None:
        """Serves the content with the change. From now on the removed chunks are unsettled."""
        source = change.source
        with self._transaction() as db:
            db.executemany("DELETE FROM entries WHERE source = ? AND key = ?",
                           [(source, key) for key in change.gone])  # fmt: skip
            db.executemany("INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?, ?, ?)", [
                (source, key, each.stamp, each.documents, _telling(each), _pack(each.ids))
                for key, each in change.held.items()
            ])  # fmt: skip
            if plan.count:
                db.execute("INSERT OR REPLACE INTO sources VALUES (?, ?, ?)",
                           (source, plan.count, str(plan.total)))  # fmt: skip
            else:
                db.execute("DELETE FROM sources WHERE name = ?", (source,))
                db.execute("DELETE FROM names WHERE source = ?", (source,))
            db.executemany("DELETE FROM unsettled WHERE source = ? AND id = ?",
                           [(source, chunk_id) for chunk_id in plan.new])  # fmt: skip
            db.executemany("INSERT OR IGNORE INTO unsettled VALUES (?, ?)",
                           [(source, chunk_id) for chunk_id in plan.vanished])  # fmt: skip
            if report is not None:
                report = dict(report)
                if names := report.pop("names", None):
                    db.execute("INSERT OR REPLACE INTO names VALUES (?, ?)",
                               (source, json.dumps(names)))  # fmt: skip
                db.execute(
                    "INSERT INTO runs VALUES (?, strftime('%s', 'now'), ?)",
                    (source, json.dumps({**report, "dataset": plan.dataset})),
                )
                db.execute("DELETE FROM runs WHERE source = ?1 AND rowid NOT IN (SELECT rowid "
                           "FROM runs WHERE source = ?1 ORDER BY rowid DESC LIMIT ?2)",
                           (source, _RUNS_KEPT))  # fmt: skip
        self._view = self._read_view()

    def names(self, source: str) -> dict[str, list[str]]:
        """The public names within each module and class of a package, documented or not."""
        if not self._rows("SELECT 1 FROM sqlite_master WHERE name = 'names'"):
            return {}  # an older version made it, and this process may not change it
        rows = self._rows("SELECT names FROM names WHERE source = ?", source)
        found: dict[str, list[str]] = json.loads(rows[0][0]) if rows else {}
        return found

    def unsettled(self) -> dict[str, set[str]]:
        """The unsettled ids by source: no search shows them, and the next writer removes them."""
        found: dict[str, set[str]] = {}
        for source, chunk_id in self._rows("SELECT source, id FROM unsettled"):
            found.setdefault(source, set()).add(chunk_id)
        return found

    def settle(self) -> None:
        """Call this after the unsettled chunks were removed from every part."""
        if self._view.hidden:
            with self._transaction() as db:
                db.execute("DELETE FROM unsettled")
            self._view = self._read_view()

    def runs(self, source: str | None = None) -> list[dict[str, Any]]:
        """Reports of past runs, the oldest first. ``ended`` is UTC, ``ended_s`` Unix time."""
        rows = self._rows(
            "SELECT ended_s, datetime(ended_s, 'unixepoch'), report FROM runs "
            "WHERE ?1 IS NULL OR source = ?1 ORDER BY rowid",
            source,
        )
        return [
            {"ended": ended, "ended_s": ended_s, **json.loads(report)}
            for ended_s, ended, report in rows
        ]

    def close(self) -> None:
        """Closes the catalog; calling it again does nothing. It waits for threads that are using
        it, because closing a connection in use crashes the process.
        """
        with self._using:
            self._db.close()

    def _read_view(self) -> View:
        with self._using, self._mapped():
            self._db.execute("BEGIN")
            try:
                totals = self._totals_in(self._db)
                hidden = frozenset(row[0] for row in self._db.execute("SELECT id FROM unsettled"))
                (self._seen,) = self._db.execute("PRAGMA data_version").fetchone()
            finally:
                if self._db.in_transaction:
                    self._db.execute("COMMIT")
        chunks = {source: count for source, (count, _) in sorted(totals.items())}
        return View(_version(totals), chunks, hidden)

    def _totals(self) -> dict[str, tuple[int, int]]:
        with self._using, self._mapped():
            return self._totals_in(self._db)

    @staticmethod
    def _totals_in(db: sqlite3.Connection) -> dict[str, tuple[int, int]]:
        rows = db.execute("SELECT name, chunks, total FROM sources")
        return {name: (chunks, int(total)) for name, chunks, total in rows}

    def _rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with self._using, self._mapped():
            return self._db.execute(query, values).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._using, self._mapped(), transaction(self._db, "BEGIN IMMEDIATE") as db:
            yield db

    def _mapped(self) -> AbstractContextManager[None]:
        return mapped(
            f"The catalog of the index, {self._path},",
            "Rebuild the index: glossator index --rebuild SOURCE…",
        )


def _version(totals: Mapping[str, tuple[int, int]]) -> str:
    """A hash that depends only on the chunks, not on where or in which order they were stored."""
    digest = hashlib.blake2b(digest_size=6)
    for source, (count, total) in sorted(totals.items()):
        if count:
            digest.update(f"{source}\n{total}\n".encode("utf-8", "replace"))
    return digest.hexdigest()


def _pack(ids: Collection[str]) -> bytes:
    return bytes.fromhex("".join(ids))


def _unpack(ids: bytes) -> tuple[str, ...]:
    digits = ids.hex()
    return tuple(digits[i : i + 2 * _ID_BYTES] for i in range(0, len(digits), 2 * _ID_BYTES))


def _telling(held: Held) -> str:
    """What an entry's report lines are stored as. Notes are rare, and older indexes have none."""
    if not held.noted:
        return json.dumps(held.skipped)
    return json.dumps({"skipped": held.skipped, "noted": held.noted})


def _told(text: str) -> tuple[tuple[Skipped, ...], tuple[Skipped, ...]]:
    found = json.loads(text)
    lists = (found["skipped"], found["noted"]) if isinstance(found, dict) else (found, ())
    skipped, noted = (tuple((what, why) for what, why in each) for each in lists)
    return skipped, noted
