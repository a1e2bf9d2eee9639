"""Keeps the chunks of all small sources in one collection, besides the vectors of each source.

A search takes half a millisecond or more for each collection it asks, however small. A filter
inside a collection costs more (8 ms when 250 of 10,000 chunks may be found). So a search of one
source asks the collection of that source, and a search of many asks the shelf once. In exchange,
vectors of small sources are stored twice. All chunks in the collections of small sources are also
here.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from indexer.index.chroma import asked, written
from indexer.types import Near, Vectors

SMALL = 25_000  # chunks of a source, at most: 45 MB for its vectors and their graph
_KEY = 32  # characters of a collection's name that precede a chunk's id


class Shelf:
    """Chunks by the name of their source's collection (the key) and their id."""

    def __init__(self, collection: Any) -> None:
        self._collection = collection

    @property
    def name(self) -> str:
        return str(self._collection.name)

    def put(
        self, key: str, ids: Sequence[str], vectors: Vectors, metadatas: Sequence[dict[str, str]]
    ) -> None:
        written(
            self._collection.upsert,
            ids=_joined(key, ids),
            embeddings=vectors,
            metadatas=list(metadatas),
        )

    def remove(self, key: str, ids: Sequence[str]) -> None:
        written(self._collection.delete, ids=_joined(key, ids))

    def get(self, wanted: Mapping[str, Collection[str]], include: Sequence[str]) -> Any:
        """The result of ``get`` on a collection, with the chunks' own ids; None when the collection
        is gone.
        """
        ids = [each for key, some in wanted.items() for each in _joined(key, some)]
        result = asked(self._collection.get, ids=ids, include=include)
        return result and {**result, "ids": [each[_KEY:] for each in result["ids"]]}

    def nearest(
        self, vector: Vectors, count: int, keys: Mapping[str, str], only: Collection[str]
    ) -> list[Near] | None:
        """The nearest chunks of the sources ``only``, at most ``count``; ``keys`` maps names to
        keys.

        Returns None when so few of the nearest belong to these sources that some may be missing.
        """
        some = len(only) < len(keys)
        looked_at = count * 4 if some else count
        result = asked(
            self._collection.query,
            query_embeddings=[vector.reshape(-1)],
            n_results=looked_at,
            include=["distances"],
        )
        if result is None:
            return []
        ids, distances = result["ids"][0], result["distances"][0]
        found = [
            Near(source, each[_KEY:], 1.0 - distance)
            for each, distance in zip(ids, distances, strict=True)
            if (source := keys.get(each[:_KEY], "")) in only
        ]
        if some and len(found) < count and len(ids) == looked_at:
            return None
        return found[:count]


def _joined(key: str, ids: Collection[str]) -> list[str]:
    return [key + chunk_id for chunk_id in ids]
