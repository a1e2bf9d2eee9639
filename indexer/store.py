"""Chunks and their vectors in Chroma, embedded or a server: the one file that imports it.

One collection per source: filtering by source inside one large collection costs a hundred times
as much as the search itself. Embedded Chroma loses vectors when two processes write to one folder:
whoever opens one must own the folder (``indexer.index_folder``). What is stored here may be more
than what a search shows (``indexer.catalog``).
"""

import hashlib
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, Self, cast
from urllib.parse import urlsplit

import numpy as np

from indexer.types import Chunk, IndexerError, Kind, Near, Stored, Vectors

NEAREST = 200  # the most that Chroma is asked for
_AT_ONCE = 1000  # chunks that are written or read in one request
# Recall@10 of 0.99 at 10,000 chunks, where Chroma's defaults reach 0.92.
_HNSW = {"space": "cosine", "max_neighbors": 32, "ef_construction": 200, "ef_search": NEAREST}
_FIELDS = ("source", "uri", "title", "kind", "breadcrumb", "version", "symbol", "signature",
           "summary", "example", "section", "suspicion")  # fmt: skip


class ChromaStore:
    """A ``VectorStore``. Any thread may use it. Raises ``IndexerError`` when Chroma fails.

    ``index`` tells the collections of several indexes on one server apart.
    """

    def __init__(self, client: Any, index: str = "") -> None:
        self._client = client
        self._index = index
        self._writing = threading.Lock()
        self._known: dict[str, Any] = {}
        self._list()

    @classmethod
    def embedded(cls, folder: Path) -> Self:
        """In a folder of this process's own."""
        chromadb, settings = _chroma()
        try:
            return cls(chromadb.PersistentClient(folder, settings=settings))
        except Exception as error:
            raise IndexerError(
                f"The index in {folder.parent} cannot be opened ({error}). "
                "Rebuild it: glossator index --rebuild SOURCE…"
            ) from error

    @classmethod
    def served(cls, url: str, index: str) -> Self:
        """On a server: `chroma run`."""
        chromadb, settings = _chroma()
        place = urlsplit(url)
        if place.scheme not in ("http", "https") or not place.hostname:
            raise IndexerError(f"{url!r} is not the address of a Chroma server: http://HOST:PORT")
        try:
            return cls(
                chromadb.HttpClient(
                    host=place.hostname,
                    port=place.port or (443 if place.scheme == "https" else 80),
                    ssl=place.scheme == "https",
                    settings=settings,
                ),
                index,
            )
        except Exception as error:
            raise IndexerError(
                f"There is no Chroma server at {url} ({error}). Start one: chroma run --path "
                "FOLDER, or leave retrieval.chroma_url empty."
            ) from error

    def upsert(self, chunks: Sequence[Chunk], vectors: Vectors) -> None:
        rows: dict[str, dict[str, int]] = {}
        for row, chunk in enumerate(chunks):
            rows.setdefault(chunk.source, {})[chunk.id] = row
        with self._writing:
            for source, by_id in rows.items():
                collection = self._collection(source)
                ids = list(by_id)
                for start in range(0, len(ids), _AT_ONCE):
                    some = ids[start : start + _AT_ONCE]
                    wanted = [chunks[by_id[chunk_id]] for chunk_id in some]
                    _written(
                        collection.upsert,
                        ids=some,
                        embeddings=vectors[[by_id[chunk_id] for chunk_id in some]],
                        documents=[_encodable(chunk.text) for chunk in wanted],
                        metadatas=[_to_metadata(chunk) for chunk in wanted],
                    )

    def delete(self, stored: Stored) -> None:
        """A source without chunks is gone."""
        with self._writing:
            for source, ids in stored.items():
                collection = self._known.get(source)
                if collection is None or not ids:
                    continue
                gone = list(ids)
                for start in range(0, len(gone), _AT_ONCE):
                    _written(collection.delete, ids=gone[start : start + _AT_ONCE])
                if not collection.count():
                    self._known = {name: each for name, each in self._known.items()
                                   if name != source}  # fmt: skip
                    _written(self._client.delete_collection, name=collection.name)

    def ids(self, source: str) -> set[str]:
        collection = self._known.get(source)
        result = _asked(collection.get, include=[]) if collection is not None else None
        return set(result["ids"]) if result is not None else set()

    def sources(self) -> tuple[str, ...]:
        return tuple(sorted(self._known))

    def count(self) -> int:
        return sum(_asked(collection.count) or 0 for collection in self._known.values())

    def nearest(
        self, vector: Vectors, count: int, sources: Collection[str] | None = None
    ) -> list[Near]:
        """200 at most."""
        found: list[Near] = []
        if count < 1:
            return found
        known = self._known
        for source in known if sources is None else dict.fromkeys(sources):
            if source not in known:
                continue
            result = _asked(
                known[source].query,
                query_embeddings=[vector.reshape(-1)],
                n_results=min(count, NEAREST),
                include=["distances"],
            )
            if result is not None:
                near = zip(result["ids"][0], result["distances"][0], strict=True)
                found += [Near(source, chunk_id, 1.0 - distance) for chunk_id, distance in near]
        found.sort(key=lambda each: -each.cosine)
        return found[:count]

    def cosines(self, stored: Stored, vector: Vectors) -> dict[str, float]:
        similar: dict[str, float] = {}
        for result in self._read(stored, ["embeddings"]):
            cosines = np.asarray(result["embeddings"], dtype=np.float32) @ vector.reshape(-1)
            similar.update(zip(result["ids"], cosines.tolist(), strict=True))
        return similar

    def get(self, stored: Stored) -> dict[str, Chunk]:
        return {
            chunk_id: chunk
            for result in self._read(stored, ["documents", "metadatas"])
            for chunk_id, chunk in zip(result["ids"], _chunks(result), strict=True)
        }

    def export(self, source: str) -> Iterator[tuple[list[Chunk], Vectors]]:
        ids = sorted(self.ids(source))
        for start in range(0, len(ids), _AT_ONCE):
            stored = {source: ids[start : start + _AT_ONCE]}
            for result in self._read(stored, ["documents", "metadatas", "embeddings"]):
                yield _chunks(result), np.asarray(result["embeddings"], dtype=np.float32)

    def refresh(self) -> None:
        """See sources that another process has added or removed since."""
        with self._writing:
            self._list()

    def close(self) -> None:
        """Idempotent. The store cannot be used after it."""
        self._client.close()

    def _list(self) -> None:
        self._known = {
            collection.metadata["source"]: collection
            for collection in _written(self._client.list_collections)
            if (collection.metadata or {}).get("index", "") == self._index
            and "source" in (collection.metadata or {})
        }

    def _read(self, stored: Stored, include: list[str]) -> Iterator[Any]:
        known = self._known
        for source, ids in stored.items():
            if ids and source in known:
                result = _asked(known[source].get, ids=list(dict.fromkeys(ids)), include=include)
                if result is not None:
                    yield result

    def _collection(self, source: str) -> Any:
        if source not in self._known:
            named = f"{self._index}\n{source}".encode("utf-8", "replace")
            collection = _written(
                self._client.get_or_create_collection,
                name=hashlib.blake2b(named, digest_size=16).hexdigest(),
                embedding_function=None,
                metadata={"source": source, "index": self._index},
                configuration={"hnsw": _HNSW},
            )
            # Searches read what stands here without waiting: replaced, never changed.
            self._known = {**self._known, source: collection}
        return self._known[source]


def _chroma() -> tuple[Any, Any]:
    try:
        import chromadb
        from chromadb.config import Settings
    except ImportError as error:
        raise IndexerError("The index needs Chroma: pip install 'glossator[serve]'.") from error
    return chromadb, Settings(anonymized_telemetry=False)


def _asked(question: Callable[..., Any], **terms: Any) -> Any:
    """What Chroma answers; None for a collection that a writer has deleted meanwhile."""
    try:
        return question(**terms)
    except Exception as error:
        if "does not exist" in str(error):
            return None
        raise IndexerError(f"The index cannot be searched: {error}") from error


def _written(write: Callable[..., Any], **terms: Any) -> Any:
    try:
        return write(**terms)
    except Exception as error:
        raise IndexerError(f"Chroma failed: {error}") from error


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _to_metadata(chunk: Chunk) -> dict[str, str | int]:
    metadata: dict[str, str | int] = {
        name: _encodable(getattr(chunk, name)) for name in _FIELDS if getattr(chunk, name)
    }
    if chunk.line is not None:
        metadata["line"] = chunk.line
    return metadata


def _chunks(result: Any) -> list[Chunk]:
    return [
        _to_chunk(text, metadata)
        for text, metadata in zip(result["documents"], result["metadatas"], strict=True)
    ]


def _to_chunk(text: str, metadata: dict[str, Any]) -> Chunk:
    fields = {name: metadata.get(name, "") for name in _FIELDS}
    fields["kind"] = cast("Kind", fields["kind"])
    return Chunk(text=text, line=metadata.get("line"), **fields)
