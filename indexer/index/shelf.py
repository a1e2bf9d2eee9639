"""The chunks of all small sources in one collection, beside a collection of vectors for each.

A search costs half a millisecond and more for each collection that it asks, however small, and a
filter inside a collection costs more than that (8 ms where 250 of 10,000 chunks may be found). So a
search of one source asks that source's own collection, and a search of many asks the shelf, once.
The price: vectors of small sources are kept twice. What is in a source's own collection is here.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from indexer.index.chroma import asked, written
from indexer.types import Near, Vectors

SMALL = 25_000  # chunks of a source, at most: 45 MB of vectors and their graph
_KEY = 32  # characters of the name of a source's collection, before a chunk's id


class Shelf:
    """Chunks by the name of their source's collection, the key, and their id."""

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
        """As ``get`` of a collection answers, by the chunks' own ids; None when it is gone."""
        ids = [each for key, some in wanted.items() for each in _joined(key, some)]
        result = asked(self._collection.get, ids=ids, include=include)
        return result and {**result, "ids": [each[_KEY:] for each in result["ids"]]}

    def nearest(
        self, vector: Vectors, count: int, keys: Mapping[str, str], only: Collection[str]
    ) -> list[Near] | None:
        """Best first, at most ``count``, of the sources ``only``; ``keys`` tells names from keys.

        None when so few of the nearest are of them that others may have been missed.
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
