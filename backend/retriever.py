"""The retriever: embeds a query and searches the index, within a budget, off the event loop."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from backend.errors import Unavailable
from backend.ports import Retrieved
from indexer.types import Embedder, Passage, VectorStore


class Index(VectorStore, Protocol):
    """A vector store that knows the version of what it holds."""

    @property
    def dataset(self) -> str: ...


class IndexRetriever:
    """Owns its threads, not the index. Whoever indexes meanwhile uses the same ``store``."""

    def __init__(self, embedder: Embedder, store: Index, threads: int = 1) -> None:
        self._embedder = embedder
        self._store = store
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="retrieve")

    async def search(
        self, query: str, sources: Sequence[str] | None, limit: int, budget_ms: float
    ) -> Retrieved:
        loop = asyncio.get_running_loop()
        work = loop.run_in_executor(self._threads, self._search, query, sources, limit)
        try:
            async with asyncio.timeout(budget_ms / 1000):
                passages = await work
        except TimeoutError:
            return Retrieved(dataset=self._store.dataset, late=True)
        except Exception as error:
            raise Unavailable(f"The index could not be searched: {error}") from error
        return Retrieved(tuple(passages), self._store.dataset)

    def close(self) -> None:
        self._threads.shutdown(cancel_futures=True)

    def _search(self, query: str, sources: Sequence[str] | None, limit: int) -> list[Passage]:
        return self._store.search(self._embedder.embed([query]), limit, sources)
