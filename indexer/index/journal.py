"""Keeps what one run has made so far: chunks with vectors, and at the end the change itself.

There is a file per source, in a folder beside the index. The process that embeds need not own the
index: the owner takes in complete journals (``HybridIndex.take_in``). A killed run leaves an
incomplete journal, and the next run of the source embeds only what that lacks.
"""

import hashlib
import json
import logging
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Self

import msgspec
import numpy as np

from indexer.index.lock import FolderLock
from indexer.index.packed import unpacked, values
from indexer.index.sqlite import mapped, transaction
from indexer.types import (
    Change,
    Chunk,
    Held,
    IndexDamaged,
    IndexerError,
    IndexInUse,
    TokenForm,
    Tokens,
    Vectors,
)

_log = logging.getLogger(__name__)

_BATCH = 5000  # chunks that are read at a time
_TABLES = """
CREATE TABLE IF NOT EXISTS chunks (id TEXT PRIMARY KEY, chunk BLOB, vector BLOB, size INTEGER);
CREATE INDEX IF NOT EXISTS without_vector ON chunks (size) WHERE vector IS NULL;
CREATE TABLE IF NOT EXISTS run (name TEXT PRIMARY KEY, value TEXT);
"""


class Journal:
    """The journal of one source. Open it with ``open``; until ``close`` this process owns the
    source.

    Raises ``IndexInUse`` when another process runs the same source, ``IndexDamaged`` when the file
    cannot be read, and ``IndexerError`` when it cannot be written, for example on a full disk.
    """

    def __init__(self, path: Path, lock: FolderLock) -> None:
        self._path = path
        self._lock = lock
        with self._mapped():
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            # SQLite appends here, so a killed process loses nothing that was committed.
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.executescript(_TABLES)
            columns = {row[1] for row in self._db.execute("PRAGMA table_info(chunks)")}
            if "tokens" not in columns:  # a journal or backup from before there were any
                self._db.execute("ALTER TABLE chunks ADD COLUMN tokens BLOB")

    @classmethod
    def open(cls, folder: Path, source: str, made_by: str) -> Self:
        """Opens the journal of a source. If ``made_by`` names another embedder, its contents are
        dropped.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise IndexerError(f"The folder {folder} cannot be made: {error.strerror}.") from error
        stem = hashlib.blake2b(source.encode("utf-8", "replace"), digest_size=8).hexdigest()
        path = folder / f"{stem}.db"
        try:
            return cls._opened_for(path, source, made_by)
        except IndexDamaged:
            set_aside(path)  # its chunks are embedded again
            return cls._opened_for(path, source, made_by)

    @classmethod
    def complete_in(cls, folder: Path) -> Iterator[Self]:
        """The journals that wait to be taken in, without those still in use. Close each one."""
        for mark in sorted(folder.glob("*.ready")):
            try:
                opened = cls._opened(mark.with_suffix(".db"), "")
                complete = opened.complete
            except IndexInUse:
                continue
            except IndexDamaged as error:
                _log.warning("%s Left out; index its source again.", error)
                set_aside(mark.with_suffix(".db"))
                continue
            if complete:
                yield opened
            else:
                opened.discard()

    @classmethod
    def _opened_for(cls, path: Path, source: str, made_by: str) -> Self:
        opened = cls._opened(path, source)
        try:
            if opened._get("made_by") not in ("", made_by):
                opened.clear()
            opened._set(source=source, made_by=made_by)
        except BaseException:
            opened.close()
            raise
        return opened

    @classmethod
    def _opened(cls, path: Path, source: str) -> Self:
        try:
            lock = FolderLock(path.with_suffix(".lock"), exclusive=True)
        except IndexInUse as error:
            raise IndexInUse(
                f"{source} is being indexed by another process ({error.owner}); let it end."
            ) from error
        try:
            return cls(path, lock)
        except BaseException:
            lock.release()
            raise

    @property
    def source(self) -> str:
        return self._get("source")

    @property
    def made_by(self) -> str:
        return self._get("made_by")

    @property
    def mark(self) -> Path:
        """A file that exists from the end of the run until the journal is taken in."""
        return self._path.with_suffix(".ready")

    @property
    def complete(self) -> bool:
        return bool(self._get("held"))

    @property
    def report(self) -> dict[str, Any]:
        """The report that ``finish`` was given."""
        found: dict[str, Any] = json.loads(self._get("report") or "{}")
        return found

    @property
    def token_form(self) -> TokenForm | None:
        """The form of the token vectors that are kept here."""
        made = json.loads(self._get("token_form") or "null")
        return TokenForm(*made) if made else None

    @token_form.setter
    def token_form(self, form: TokenForm) -> None:
        """Drops vectors of another form; their chunks do without."""
        if self.token_form not in (None, form):
            self._write("UPDATE chunks SET tokens = ?", [(None,)])
        self._set(token_form=json.dumps([form.made_by, form.width]))

    @property
    def lacking(self) -> int:
        """How many chunks have no vector yet."""
        return int(self._rows("SELECT count(*) FROM chunks WHERE vector IS NULL")[0][0])

    def put(self, chunks: Sequence[Chunk], sizes: Sequence[int] = ()) -> None:
        """Keeps chunks that are to be embedded. Chunks that are already here stay as they are.

        ``sizes`` say what embedding each chunk costs; ``pending`` sorts by them.
        """
        rows = [
            (chunk.id, _encoded(chunk), size)
            for chunk, size in zip(chunks, sizes or map(_characters, chunks), strict=True)
        ]
        self._write("INSERT OR IGNORE INTO chunks (id, chunk, size) VALUES (?, ?, ?)", rows)

    def keep(self, wanted: Collection[str]) -> None:
        """Drops all other chunks, which an earlier run left of content that has changed since."""
        ids = {chunk_id for (chunk_id,) in self._rows("SELECT id FROM chunks")}
        self._write("DELETE FROM chunks WHERE id = ?", [(each,) for each in ids - set(wanted)])

    def pending(self, count: int) -> Iterator[list[Chunk]]:
        """The chunks without vectors, in batches of at most ``count``, the longest first.

        Texts of similar length share a batch, because each text is padded to the longest of its
        batch.
        """
        after: tuple[int, str] | None = None
        while True:
            rows = self._rows(
                "SELECT size, id, chunk FROM chunks WHERE vector IS NULL "
                "AND (?1 IS NULL OR (size, id) < (?1, ?2)) ORDER BY size DESC, id DESC LIMIT ?3",
                *(after or (None, None)),
                count,
            )
            if not rows:
                return
            after = rows[-1][:2]
            yield [_decoded(chunk) for _, _, chunk in rows]

    def add(
        self, chunks: Sequence[Chunk], vectors: Vectors, tokens: Mapping[str, Tokens] | None = None
    ) -> None:
        """Keeps row ``i`` of ``vectors`` for chunk ``i``, and token vectors by the chunk's id. A
        kill after this does not lose them.
        """
        by_id = tokens or {}
        rows = [
            (vector.tobytes(), by_id[chunk.id].tobytes() if chunk.id in by_id else None, chunk.id)
            for chunk, vector in zip(chunks, vectors.astype(np.float32), strict=True)
        ]
        self._write("UPDATE chunks SET vector = ?, tokens = ? WHERE id = ?", rows)

    def finish(
        self, held: Mapping[str, Held], gone: Collection[str], report: Mapping[str, Any]
    ) -> None:
        """Marks the run as complete, so that it can be taken in."""
        self._set(
            held=json.dumps(msgspec.to_builtins(held)),
            gone=json.dumps(sorted(gone)),
            report=json.dumps(report),
        )
        try:
            self.mark.touch()
        except OSError as error:
            raise IndexerError(f"{self.mark} cannot be made: {error.strerror}.") from error

    def change(self) -> Change:
        """The change that a complete run makes."""
        held = {
            key: Held(each["stamp"], each["documents"], tuple(each["ids"]),
                      tuple((what, why) for what, why in each["skipped"]),
                      tuple((what, why) for what, why in each.get("noted", ())))
            for key, each in json.loads(self._get("held")).items()
        }  # fmt: skip
        gone = frozenset(json.loads(self._get("gone")))
        return Change(self.source, held, gone, self.batches, self.tokens, self.token_form)

    def batches(self, wanted: Collection[str]) -> Iterator[tuple[list[Chunk], Vectors]]:
        """The wanted chunks that are here, with vectors of shape (n, dimension)."""
        ids = sorted(wanted)
        for start in range(0, len(ids), _BATCH):
            some = ids[start : start + _BATCH]
            marks = ",".join("?" * len(some))
            rows = self._rows(
                f"SELECT chunk, vector FROM chunks WHERE id IN ({marks}) AND vector IS NOT NULL",
                *some,
            )
            if rows:
                vectors = np.stack([np.frombuffer(vector, np.float32) for _, vector in rows])
                yield [_decoded(chunk) for chunk, _ in rows], vectors

    def tokens(self, wanted: Collection[str]) -> dict[str, Tokens]:
        """The token vectors of the wanted chunks, by id, as far as they are here."""
        form = self.token_form
        found: dict[str, Tokens] = {}
        ids = sorted(wanted) if form else []
        for start in range(0, len(ids), _BATCH):
            some = ids[start : start + _BATCH]
            marks = ",".join("?" * len(some))
            found.update(
                (chunk_id, np.frombuffer(row, np.int8).reshape(-1, form.width))
                for chunk_id, row in self._rows(
                    f"SELECT id, tokens FROM chunks WHERE id IN ({marks}) AND tokens IS NOT NULL",
                    *some,
                )
                if form is not None
            )
        return found

    def clear(self) -> None:
        """Empties the journal, so that the next run starts from nothing."""
        self.mark.unlink(missing_ok=True)
        with self._transaction() as db:
            db.execute("DELETE FROM chunks")
            db.execute("DELETE FROM run WHERE name NOT IN ('source', 'made_by')")

    def discard(self) -> None:
        """Closes the journal and deletes it, once the index has its contents."""
        self._db.close()
        # The mark goes last, because without it nobody would look for the files of a killed
        # process.
        for path in (*self._path.parent.glob(f"{self._path.name}*"), self.mark):
            path.unlink(missing_ok=True)
        self._lock.release()

    def close(self) -> None:
        """Closes the journal; calling it again does nothing. Its contents stay for the next run."""
        self._db.close()
        self._lock.release()

    def _get(self, name: str) -> str:
        rows = self._rows("SELECT value FROM run WHERE name = ?", name)
        return str(rows[0][0]) if rows else ""

    def _set(self, **values: str) -> None:
        self._write("INSERT OR REPLACE INTO run VALUES (?, ?)", list(values.items()))

    def _write(self, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
        with self._transaction() as db:
            db.executemany(statement, rows)

    def _rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with self._mapped():
            return self._db.execute(query, values).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._mapped(), transaction(self._db) as db:
            yield db

    def _mapped(self) -> AbstractContextManager[None]:
        return mapped(f"The journal {self._path}", "Remove it and index again.")


def set_aside(path: Path) -> None:
    """Renames a journal that cannot be read, so that nobody opens it again."""
    path.with_suffix(".ready").unlink(missing_ok=True)
    path.replace(path.with_suffix(".damaged"))
    for rest in path.parent.glob(f"{path.name}-*"):
        rest.unlink(missing_ok=True)


def _characters(chunk: Chunk) -> int:
    return len(chunk.text)


def _encoded(chunk: Chunk) -> bytes:
    return _encode(values(chunk))


def _decoded(data: bytes) -> Chunk:
    return unpacked(_decode(data))


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Any]).decode
