"""Chroma, embedded or a server: the one file that imports it. Opens it and maps what it raises."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from indexer.types import IndexDamaged, IndexerError

NEAREST = 200  # chunks that a search keeps in view, and the most that it is asked for as a rule
AT_ONCE = 5000  # chunks in one request; after each Chroma writes all ids of the collection anew
# Finds all of the nearest ten of 7,000 real chunks, 99.99% of the nearest 100. So does an
# ef_construction of 200, at half as much work again. Chroma's defaults find 92% of synthetic ones.
HNSW = {"space": "cosine", "max_neighbors": 32, "ef_construction": 100, "ef_search": NEAREST}
# Said to a search that comes while a collection's first graph is being written; no damage.
_NO_GRAPH_YET = "Nothing found on disk"
_FULL = "disk is full"  # SQLite's words, which Chroma passes on
_PAUSES_S = (0.01, 0.02, 0.05, 0.1, 0.2)  # before it is asked again


def embedded(folder: Path) -> Any:
    """A client of Chroma in a folder of this process's own."""
    chromadb, settings = _chroma()
    try:
        return chromadb.PersistentClient(folder, settings=settings)
    except Exception as error:
        # Chroma keeps the half-made client, and would hand it to whoever opens this path next.
        chromadb.api.client.SharedSystemClient._identifier_to_system.pop(str(folder), None)
        if _FULL in str(error):
            raise IndexerError(f"The index in {folder.parent} cannot be opened: {error}") from error
        raise IndexDamaged(
            f"The index in {folder.parent} cannot be opened ({error}). "
            "Rebuild it: glossator index --rebuild SOURCE…"
        ) from error


def served(url: str) -> Any:
    """A client of a server: `chroma run`."""
    chromadb, settings = _chroma()
    place = urlsplit(url)
    if place.scheme not in ("http", "https") or not place.hostname:
        raise IndexerError(f"{url!r} is not the address of a Chroma server: http://HOST:PORT")
    try:
        return chromadb.HttpClient(
            host=place.hostname,
            port=place.port or (443 if place.scheme == "https" else 80),
            ssl=place.scheme == "https",
            settings=settings,
        )
    except Exception as error:
        raise IndexerError(
            f"There is no Chroma server at {url} ({error}). Start one: chroma run --path "
            "FOLDER, or leave retrieval.chroma_url empty."
        ) from error


def collection(client: Any, name: str, metadata: dict[str, Any]) -> Any:
    """The one of this name, made if there is none."""
    return written(
        client.get_or_create_collection,
        name=name,
        embedding_function=None,  # else it fetches a model
        metadata=metadata,
        configuration={"hnsw": HNSW},
    )


def asked(question: Callable[..., Any], **terms: Any) -> Any:
    """What Chroma answers; None for a collection that a writer has deleted meanwhile."""
    pauses = iter(_PAUSES_S)
    while True:
        try:
            return question(**terms)
        except Exception as error:
            if "does not exist" in str(error):
                return None
            pause_s = next(pauses, None) if _NO_GRAPH_YET in str(error) else None
            if pause_s is None:
                raise IndexerError(f"The index cannot be searched: {error}") from error
        time.sleep(pause_s)


def written(write: Callable[..., Any], **terms: Any) -> Any:
    try:
        return write(**terms)
    except Exception as error:
        raise IndexerError(f"Chroma failed: {error}") from error


def _chroma() -> tuple[Any, Any]:
    try:
        import chromadb
        from chromadb.config import Settings
    except ImportError as error:
        raise IndexerError("The index needs Chroma: pip install 'glossator[serve]'.") from error
    return chromadb, Settings(anonymized_telemetry=False)
