"""Embeds a query and searches the index, within a time budget and off the event loop."""

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from backend.errors import Unavailable
from backend.ports import Retrieved
from backend.retrieval.reranking import DEPTH, Reranking
from indexer.types import Embedder, Passage, Scope, SearchIndex, Unknown, Vectors, ask


class IndexRetriever:
    """Owns its threads, but not the index; a task that indexes meanwhile uses the same ``store``.

    ``subjects`` are short phrases. Every question is compared with them, which costs one small
    matrix product, because the query is embedded anyway.
    """

    def __init__(
        self,
        embedder: Embedder,
        store: SearchIndex,
        threads: int = 1,
        subjects: Sequence[str] = (),
        reranking: Reranking | None = None,
    ) -> None:
        self._embedder = embedder
        self._reranking = reranking
        self._store = store
        self._subjects = tuple(dict.fromkeys(subjects))
        self._directions = embedder.embed(self._subjects) if self._subjects else None
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="retrieve")
        # Inline help takes a few milliseconds, and must not wait for embeddings.
        self._quick = ThreadPoolExecutor(1, thread_name_prefix="lookup")

    async def search(self, query: str, scope: Scope, limit: int, budget_ms: float) -> Retrieved:
        loop = asyncio.get_running_loop()
        deadline = time.monotonic() + budget_ms / 1000
        work = loop.run_in_executor(self._threads, self._search, query, scope, limit, deadline)
        try:
            async with asyncio.timeout(budget_ms / 1000):
                return await work
        except TimeoutError:
            return Retrieved(
                dataset=self._store.dataset, late=True, sources=scope.within(self._store.sources())
            )
        except Exception as error:
            raise Unavailable(f"The index could not be searched: {error}") from error

    async def lookup(self, symbol: str, scope: Scope, limit: int) -> list[Passage]:
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._quick, self._store.lookup, symbol, limit, scope)
        except Exception as error:
            raise Unavailable(f"The index could not be searched: {error}") from error

    async def unknown(self, names: Sequence[str], scope: Scope) -> list[Unknown]:
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._quick, self._store.unknown, names, scope)
        except Exception as error:
            raise Unavailable(f"The index could not be searched: {error}") from error

    def close(self) -> None:
        self._threads.shutdown(cancel_futures=True)
        self._quick.shutdown(cancel_futures=True)

    def _search(self, query: str, scope: Scope, limit: int, deadline: float) -> Retrieved:
        asked = ask(self._embedder, query)
        depth = max(limit, DEPTH) if self._reranking else limit
        found = self._store.results(query, asked, depth, scope)
        passages: Sequence[Passage] = found.passages
        similarity = max((passage.score for passage in passages[:limit]), default=None)
        if self._reranking is not None:
            left_ms = (deadline - time.monotonic()) * 1000
            passages = self._reranking.order(query, passages, left_ms)
        return Retrieved(
            tuple(passages[:limit]),
            self._store.dataset,
            similarity=similarity,
            subjects=self._compare(asked.vector),
            sources=scope.within(self._store.sources()),
            answerable=found.answerable,
        )

    def _compare(self, vector: Vectors) -> dict[str, float]:
        """The cosine of one vector, of shape (1, dimension), to each subject."""
        if self._directions is None:
            return {}
        cosines = self._directions @ vector[0]
        return dict(zip(self._subjects, cosines.tolist(), strict=True))
