"""Chunks and their vectors in embedded Chroma: the one file that imports it.

One collection per source: filtering by source inside one large collection costs a hundred times
as much as the search itself. Embedded Chroma loses vectors when two processes write to one
folder, so the folder has one owner at a time, held by a lock which the kernel releases when the
process dies. What identifies the index stands in ``index.json`` beside Chroma's own files.
"""

import hashlib
import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self, cast

import numpy as np

from indexer.lock import FolderLock
from indexer.types import Chunk, IndexerError, IndexMismatch, Kind, Passage, Vectors

SCHEMA = 2  # of what is stored per chunk; another one means rebuilding
_MANIFEST = "index.json"
_CHROMA = "chroma"
LEXICAL = "lexical"  # the index of words beside Chroma's, made from it
_LOCK = "index.lock"
_EF_SEARCH = 200  # also the most that Chroma returns
# Recall@10 of 0.99 at 10,000 chunks, where Chroma's defaults reach 0.92.
_HNSW = {"space": "cosine", "max_neighbors": 32, "ef_construction": 200, "ef_search": _EF_SEARCH}
_CHUNKS_PER_ENTRY = 4  # of those that are nearest to a question, seldom more
_FIELDS = ("source", "uri", "title", "kind", "breadcrumb", "version", "symbol", "signature",
           "summary", "example", "section", "suspicion")  # fmt: skip


class ChromaStore:
    """A ``VectorStore`` in a folder of this machine. Any thread may use it.

    Open it with ``ChromaStore.open``; ``close`` it (or leave the ``with`` block) to give the
    folder back. Writers are serialised; searches run beside them.
    """

    def __init__(self, client: Any, lock: FolderLock) -> None:
        self._client = client
        self._lock = lock
        self._writing = threading.Lock()
        # Writers replace what stands here and never change it: searches need not wait for them.
        self._collections: dict[str, Any] = {
            collection.metadata["source"]: collection for collection in client.list_collections()
        }
        self._ids: dict[str, set[str]] = {
            source: set(collection.get(include=[])["ids"])
            for source, collection in self._collections.items()
        }
        self._dataset = _version(self._ids)

    @classmethod
    def open(
        cls, path: Path | str, *, embedder_name: str, dimension: int, writable: bool = True
    ) -> Self:
        """Open the index in ``path``, creating it when ``writable``.

        Readers share the folder with each other, a writer has it alone. Raises ``IndexInUse``
        when another process is in the way, ``IndexMismatch`` when the index was made by another
        embedder, ``IndexerError`` when there is none to read.
        """
        folder = Path(path).expanduser()
        if not writable and not (folder / _MANIFEST).exists():
            raise IndexerError(f"There is no index in {folder}: make one with `glossator index`.")
        _make(folder)
        lock = FolderLock(folder / _LOCK, exclusive=writable)
        try:
            _check_manifest(folder, {"schema": SCHEMA, "embedder": embedder_name,
                                     "dimension": dimension})  # fmt: skip
            return cls(_open_chroma(folder / _CHROMA), lock)
        except BaseException:
            lock.release()
            raise

    @staticmethod
    def wipe(path: Path | str) -> None:
        """Remove the index in ``path``, and nothing else there. Raises ``IndexInUse``."""
        folder = Path(path).expanduser()
        if not folder.exists():
            return
        lock = FolderLock(folder / _LOCK, exclusive=True)
        try:
            # The manifest goes last: an interrupted wipe is still a mismatch, never a mixture.
            for name in (_CHROMA, LEXICAL):
                shutil.rmtree(folder / name, ignore_errors=True)
            (folder / _MANIFEST).unlink(missing_ok=True)
        finally:
            lock.release()

    def upsert(self, chunks: Sequence[Chunk], vectors: Vectors) -> None:
        """Store the chunks, row ``i`` of ``vectors`` (n, dimension) for chunk ``i``."""
        rows: dict[str, dict[str, int]] = {}
        for row, chunk in enumerate(chunks):
            rows.setdefault(chunk.source, {})[chunk.id] = row
        with self._writing:
            for source, by_id in rows.items():
                wanted = [chunks[row] for row in by_id.values()]
                self._collection(source).upsert(
                    ids=list(by_id),
                    embeddings=vectors[list(by_id.values())],
                    documents=[_encodable(chunk.text) for chunk in wanted],
                    metadatas=[_to_metadata(chunk) for chunk in wanted],
                )
                self._remember(source, self._ids.get(source, set()).union(by_id))

    def delete(self, ids: Sequence[str]) -> None:
        """Forget the chunks; unknown ids are ignored. A source without chunks is gone."""
        with self._writing:
            for source, stored in self._ids.items():
                gone = stored.intersection(ids)
                if not gone:
                    continue
                if gone == stored:
                    name = self._collections[source].name
                    self._collections = _without(self._collections, source)
                    self._client.delete_collection(name)
                else:
                    self._collections[source].delete(ids=sorted(gone))
                self._remember(source, stored - gone)

    def ids(self, source: str) -> set[str]:
        return set(self._ids.get(source, ()))

    def sources(self) -> tuple[str, ...]:
        return tuple(sorted(self._ids))

    def count(self) -> int:
        return sum(len(ids) for ids in self._ids.values())

    def search(
        self, vector: Vectors, limit: int, sources: Sequence[str] | None = None
    ) -> list[Passage]:
        """The nearest chunks to one vector, best first; one per API entry, its nearest.

        ``vector`` has shape (dimension,) or (1, dimension). ``limit`` is 200 at most. ``sources``
        None means all; unknown ones are empty.
        """
        if limit < 1:
            return []
        near = self.nearest(vector, min(limit * _CHUNKS_PER_ENTRY, _EF_SEARCH), sources)
        chunks = self.get([chunk_id for chunk_id, _ in near])
        nearest: dict[str, Passage] = {}
        for chunk_id, score in near:
            chunk = chunks.get(chunk_id)
            if chunk is not None:
                nearest.setdefault(chunk.symbol or chunk.id, Passage(chunk, score))
        return list(nearest.values())[:limit]

    def nearest(
        self, vector: Vectors, count: int, sources: Sequence[str] | None = None
    ) -> list[tuple[str, float]]:
        """Ids of the nearest chunks with their cosines, best first; 200 per source at most."""
        found: list[tuple[str, float]] = []
        for collection in self._selected(sources):
            result = _asked(
                collection.query,
                query_embeddings=[vector.reshape(-1)],
                n_results=min(count, _EF_SEARCH),
                include=["distances"],
            )
            if result is not None:
                cosines = [1.0 - distance for distance in result["distances"][0]]
                found += zip(result["ids"][0], cosines, strict=True)
        found.sort(key=lambda pair: -pair[1])
        return found[:count]

    def cosines(self, ids: Sequence[str], vector: Vectors) -> dict[str, float]:
        """Similarity of one vector to stored chunks, by id; of unknown ones, none."""
        similar: dict[str, float] = {}
        for result in self._read(ids, ["embeddings"]):
            cosines = np.asarray(result["embeddings"], dtype=np.float32) @ vector.reshape(-1)
            similar.update(zip(result["ids"], cosines.tolist(), strict=True))
        return similar

    def get(self, ids: Sequence[str]) -> dict[str, Chunk]:
        """Stored chunks by id; of unknown ids, none."""
        return {
            chunk_id: _to_chunk(text, metadata)
            for result in self._read(ids, ["documents", "metadatas"])
            for chunk_id, text, metadata in zip(
                result["ids"], result["documents"], result["metadatas"], strict=True
            )
        }

    @property
    def dataset(self) -> str:
        """Version of the content: a hash of the stored ids, the same wherever they are stored."""
        return self._dataset

    def close(self) -> None:
        """Give the folder back. The store cannot be used after it."""
        self._client.close()
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _read(self, ids: Sequence[str], include: list[str]) -> Iterator[Any]:
        for source, collection in self._collections.items():
            stored = self._ids.get(source, ())
            here = [chunk_id for chunk_id in dict.fromkeys(ids) if chunk_id in stored]
            result = _asked(collection.get, ids=here, include=include) if here else None
            if result is not None:
                yield result

    def _selected(self, sources: Sequence[str] | None) -> list[Any]:
        collections = self._collections
        names = collections if sources is None else dict.fromkeys(sources)
        return [collections[name] for name in names if name in collections]

    def _collection(self, source: str) -> Any:
        if source not in self._collections:
            name = hashlib.blake2b(source.encode("utf-8", "replace"), digest_size=16).hexdigest()
            collection = self._client.get_or_create_collection(
                name,
                embedding_function=None,
                metadata={"source": source},
                configuration={"hnsw": _HNSW},
            )
            self._collections = {**self._collections, source: collection}
        return self._collections[source]

    def _remember(self, source: str, ids: set[str]) -> None:
        self._ids = {**self._ids, source: ids} if ids else _without(self._ids, source)
        self._dataset = _version(self._ids)


def _asked(question: Callable[..., Any], **terms: Any) -> Any:
    """What Chroma answers; None for a collection that a writer has deleted meanwhile."""
    try:
        return question(**terms)
    except Exception as error:
        if "does not exist" in str(error):
            return None
        raise IndexerError(f"The index cannot be searched: {error}") from error


def _without(mapping: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in mapping.items() if name != key}


def _version(ids: Mapping[str, set[str]]) -> str:
    """Of ids in any order; adding them up keeps this linear where sorting would not."""
    digest = hashlib.blake2b(digest_size=6)
    for source in sorted(ids):
        total = sum(int(chunk_id, 16) for chunk_id in ids[source])
        digest.update(f"{source}\n{total}\n".encode("utf-8", "replace"))
    return digest.hexdigest()


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise IndexerError(f"The index folder {folder} cannot be made: {error}") from error


def _open_chroma(folder: Path) -> Any:
    try:
        import chromadb
        from chromadb.config import Settings
    except ImportError as error:
        raise IndexerError("The index needs Chroma: pip install 'glossator[serve]'.") from error
    try:
        return chromadb.PersistentClient(folder, settings=Settings(anonymized_telemetry=False))
    except Exception as error:
        raise IndexerError(
            f"The index in {folder.parent} cannot be opened ({error}). "
            "Rebuild it: glossator index --rebuild SOURCE…"
        ) from error


def _check_manifest(folder: Path, expected: dict[str, Any]) -> None:
    """Write the manifest of a new index, or raise ``IndexMismatch`` when an old one differs."""
    path = folder / _MANIFEST
    try:
        made_with = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        temporary = path.with_suffix(".new")
        temporary.write_text(json.dumps(expected, indent=1), "utf-8")
        os.replace(temporary, path)  # noqa: PTH105 — atomic, and says so
        return
    except ValueError:
        made_with = {}
    if not isinstance(made_with, dict):
        made_with = {}
    if made_with == expected:
        return
    mend = "Rebuild it: glossator index --rebuild SOURCE…"
    if made_with.get("schema") != expected["schema"]:
        raise IndexMismatch(
            f"The index in {folder} was made by another version of Glossator. {mend}"
        )
    raise IndexMismatch(
        f"The index in {folder} was made with the embedding model {made_with.get('embedder')!r} "
        f"({made_with.get('dimension')} dimensions), not {expected['embedder']!r} "
        f"({expected['dimension']}). {mend}, or set retrieval.embedder to the former."
    )


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _to_metadata(chunk: Chunk) -> dict[str, str | int]:
    metadata: dict[str, str | int] = {
        name: _encodable(getattr(chunk, name)) for name in _FIELDS if getattr(chunk, name)
    }
    if chunk.line is not None:
        metadata["line"] = chunk.line
    return metadata


def _to_chunk(text: str, metadata: dict[str, Any]) -> Chunk:
    fields = {name: metadata.get(name, "") for name in _FIELDS}
    fields["kind"] = cast("Kind", fields["kind"])
    return Chunk(text=text, line=metadata.get("line"), **fields)
