"""Stores chunks and their vectors in Chroma, embedded or on a server.

There is a collection per source, because filtering by source inside one large collection costs a
hundred times as much as the search itself. The chunks of small sources are on one shelf, for
searches of many sources (``indexer.index.shelf``); their own collections hold only vectors.
Embedded Chroma loses vectors when two processes write to one folder, so a process must own the
folder before it opens a store (``indexer.index.folder``). A search may show less than what is
stored here (``indexer.index.catalog``).
"""

import hashlib
import threading
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import msgspec
import numpy as np

from indexer.index import chroma
from indexer.index.chroma import AT_ONCE, NEAREST, asked, written
from indexer.index.packed import unpacked, values
from indexer.index.shelf import SMALL, Shelf
from indexer.types import Chunk, Near, Stored, Vectors

_FEW = 3  # up to this many collections are asked one by one instead of the shelf
_READ = 1000  # chunks


class ChromaStore:
    """A ``VectorStore``. Any thread may use it. Raises ``IndexerError`` when Chroma fails.

    ``index`` keeps the collections of several indexes on one server apart.
    """

    def __init__(self, client: Any, index: str = "") -> None:
        self._client = client
        self._index = index
        self._shelf_name = _name(f"{index}\nsmall sources\n")
        self._writing = threading.Lock()
        # Searches read these without a lock, so they are replaced and never changed.
        self._known: dict[str, Any] = {}
        self._shelf: Shelf | None = None
        self._list()

    @classmethod
    def embedded(cls, folder: Path) -> Self:
        """Opens a store in a folder that this process owns."""
        return cls(chroma.embedded(folder))

    @classmethod
    def served(cls, url: str, index: str) -> Self:
        """Opens a store on a Chroma server (`chroma run`)."""
        return cls(chroma.served(url), index)

    def upsert(self, chunks: Sequence[Chunk], vectors: Vectors, in_all: int = 0) -> None:
        rows: dict[str, dict[str, int]] = {}
        for row, chunk in enumerate(chunks):
            rows.setdefault(chunk.source, {})[chunk.id] = row
        with self._writing:
            for source, by_id in rows.items():
                collection = self._opened(source, max(in_all, len(by_id)))
                ids = list(by_id)
                for start in range(0, len(ids), AT_ONCE):
                    some = ids[start : start + AT_ONCE]
                    placed = [by_id[chunk_id] for chunk_id in some]
                    metadatas: list[dict[str, str]] | None
                    metadatas = [_to_metadata(chunks[row]) for row in placed]
                    if _is_small(collection):
                        # The shelf comes first, so that it always has what a source's own
                        # collection has.
                        self._opened_shelf().put(collection.name, some, vectors[placed], metadatas)
                        metadatas = None
                    written(
                        collection.upsert,
                        ids=some,
                        embeddings=vectors[placed],
                        metadatas=metadatas,
                    )

    def delete(self, stored: Stored) -> None:
        """Deletes chunks; a source without chunks disappears."""
        with self._writing:
            for source, ids in stored.items():
                collection = self._known.get(source)
                if collection is None or not ids:
                    continue
                gone = list(ids)
                for start in range(0, len(gone), AT_ONCE):
                    some = gone[start : start + AT_ONCE]
                    written(collection.delete, ids=some)
                    if self._shelf is not None and _is_small(collection):
                        self._shelf.remove(collection.name, some)
                if not collection.count():
                    self._known = {name: each for name, each in self._known.items()
                                   if name != source}  # fmt: skip
                    written(self._client.delete_collection, name=collection.name)
            if self._shelf is not None and not any(map(_is_small, self._known.values())):
                written(self._client.delete_collection, name=self._shelf.name)
                self._shelf = None

    def ids(self, source: str) -> set[str]:
        collection = self._known.get(source)
        result = asked(collection.get, include=[]) if collection is not None else None
        return set(result["ids"]) if result is not None else set()

    def sources(self) -> tuple[str, ...]:
        return tuple(sorted(self._known))

    def count(self) -> int:
        return sum(asked(collection.count) or 0 for collection in self._known.values())

    def nearest(
        self, vector: Vectors, count: int, sources: Collection[str] | None = None
    ) -> list[Near]:
        """The nearest chunks, at most 200."""
        count, known = min(count, NEAREST), self._known
        if count < 1:
            return []
        wanted = known if sources is None else [each for each in dict.fromkeys(sources)
                                                if each in known]  # fmt: skip
        small = {source for source in wanted if _is_small(known[source])}
        together = self._on_shelf(vector, count, known, small) if len(small) > _FEW else None
        found = together or []
        for source in wanted:
            if together is None or source not in small:
                found += _of_source(known[source], source, vector, count)
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
        for start in range(0, len(ids), _READ):
            stored = {source: ids[start : start + _READ]}
            for result in self._read(stored, ["documents", "metadatas", "embeddings"]):
                yield _chunks(result), np.asarray(result["embeddings"], dtype=np.float32)

    def refresh(self) -> None:
        """Notices sources that another process has added or removed."""
        with self._writing:
            self._list()

    def close(self) -> None:
        """Closes the store for good; calling it again does nothing."""
        self._client.close()

    def _list(self) -> None:
        ours = [
            collection
            for collection in written(self._client.list_collections)
            if (collection.metadata or {}).get("index", "") == self._index
        ]
        self._known = {each.metadata["source"]: each for each in ours
                       if "source" in (each.metadata or {})}  # fmt: skip
        shelf = [each for each in ours if each.name == self._shelf_name]
        self._shelf = Shelf(shelf[0]) if shelf else None

    def _read(self, stored: Stored, include: list[str]) -> Iterator[Any]:
        known, shelf = self._known, self._shelf
        wanted = {source: list(dict.fromkeys(ids)) for source, ids in stored.items()
                  if ids and source in known}  # fmt: skip
        small = {known[source].name: ids for source, ids in wanted.items()
                 if _is_small(known[source])}  # fmt: skip
        results = [shelf.get(small, include)] if small and shelf is not None else []
        results += [
            asked(known[source].get, ids=ids, include=include)
            for source, ids in wanted.items()
            if not _is_small(known[source])
        ]
        yield from (result for result in results if result and result["ids"])

    def _on_shelf(
        self, vector: Vectors, count: int, known: dict[str, Any], only: Collection[str]
    ) -> list[Near] | None:
        shelf = self._shelf
        keys = {each.name: source for source, each in known.items() if _is_small(each)}
        return shelf.nearest(vector, count, keys, only) if shelf is not None else None

    def _opened(self, source: str, in_all: int) -> Any:
        """The collection of a source. Where its vectors go is decided when it is made."""
        if source not in self._known:
            metadata = {"source": source, "index": self._index, "small": in_all <= SMALL}
            made = chroma.collection(self._client, _name(f"{self._index}\n{source}"), metadata)
            self._known = {**self._known, source: made}
        return self._known[source]

    def _opened_shelf(self) -> Shelf:
        if self._shelf is None:
            metadata = {"index": self._index}
            self._shelf = Shelf(chroma.collection(self._client, self._shelf_name, metadata))
        return self._shelf


def _name(of: str) -> str:
    return hashlib.blake2b(of.encode("utf-8", "replace"), digest_size=16).hexdigest()


def _is_small(collection: Any) -> bool:
    """Whether the chunks are on the shelf. A collection from before the
    shelf has its own chunks.
    """
    return bool(collection.metadata.get("small"))


def _of_source(collection: Any, source: str, vector: Vectors, count: int) -> list[Near]:
    result = asked(
        collection.query,
        query_embeddings=[vector.reshape(-1)],
        n_results=count,
        include=["distances"],
    )
    if result is None:
        return []
    near = zip(result["ids"][0], result["distances"][0], strict=True)
    return [Near(source, chunk_id, 1.0 - distance) for chunk_id, distance in near]


def _to_metadata(chunk: Chunk) -> dict[str, str]:
    """Puts a chunk into one field, because Chroma writes a row per field and indexes the trigrams
    of documents.
    """
    return {"chunk": msgspec.json.encode(values(chunk)).decode()}


def _chunks(result: Any) -> list[Chunk]:
    return [
        unpacked(msgspec.json.decode(metadata["chunk"]))
        if "chunk" in metadata
        else _unpacked_before(text, metadata)
        for text, metadata in zip(result["documents"], result["metadatas"], strict=True)
    ]


def _unpacked_before(text: str, metadata: dict[str, Any]) -> Chunk:
    """A chunk as it was stored before there was a shelf: one field each, without empty ones."""
    return Chunk(**{"source": "", "uri": "", "title": "", "text": text, **metadata})
