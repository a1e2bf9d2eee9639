"""Opens Chroma, embedded or as a server, and maps its exceptions. Only this file imports it."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from indexer.types import IndexDamaged, IndexerError

# Chroma's ef_search: the chunks that a search keeps in view, and usually the most that it is asked
# for
NEAREST = 200
AT_ONCE = 5000  # chunks in a request; after each request Chroma rewrites all ids of the collection
# This finds all of the nearest ten among 7,000 real chunks, and 99.99% of the nearest 100. An
# ef_construction of 200 does the same for half as much work again. Chroma's defaults find 92% of
# synthetic vectors.
HNSW = {"space": "cosine", "max_neighbors": 32, "ef_construction": 100, "ef_search": NEAREST}
# Chroma says this when a search comes while the first graph of a collection is being written. It is
# no damage.
_NO_GRAPH_YET = "Nothing found on disk"
_FULL = "disk is full"  # messages of SQLite that Chroma passes on
_PAUSES_S = (0.01, 0.02, 0.05, 0.1, 0.2)  # seconds until it is asked again


def embedded(folder: Path) -> Any:
    """Opens Chroma in a folder that this process owns."""
    chromadb, settings = _chroma()
    try:
        return chromadb.PersistentClient(folder, settings=settings)
    except Exception as error:
        # Chroma keeps a client that failed halfway, and would return it to the next caller.
        chromadb.api.client.SharedSystemClient._identifier_to_system.pop(str(folder), None)
        if _FULL in str(error):
            raise IndexerError(f"The index in {folder.parent} cannot be opened: {error}") from error
        raise IndexDamaged(
            f"The index in {folder.parent} cannot be opened ({error}). "
            "Rebuild it: glossator index --rebuild SOURCE…"
        ) from error


def served(url: str) -> Any:
    """Connects to a Chroma server (`chroma run`)."""
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
    """The collection with this name; it is made if there is none."""
    return written(
        client.get_or_create_collection,
        name=name,
        embedding_function=None,  # otherwise Chroma downloads a model
        metadata=metadata,
        configuration={"hnsw": HNSW},
    )


def asked(question: Callable[..., Any], **terms: Any) -> Any:
    """The answer of Chroma; None when a writer has deleted the collection in the meantime."""
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
