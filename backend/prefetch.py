"""Searches that ``prepare`` has done or begun are there when the question comes."""

import asyncio
import contextvars
from dataclasses import dataclass

from backend.ports import Retrieved, Retriever
from indexer.types import Passage, Scope


@dataclass(frozen=True, slots=True)
class _Search:
    query: str
    scope: Scope
    limit: int


class Prefetched:
    """A ``Retriever`` that keeps what it found for ``keep_s``, and joins a search under way.

    Late and failed searches are forgotten at once. What is indexed meanwhile is missed for as
    long as that.
    """

    def __init__(self, retriever: Retriever, keep_s: float = 10.0) -> None:
        self._retriever = retriever
        self._keep_s = keep_s
        self._searches: dict[_Search, asyncio.Task[Retrieved]] = {}

    async def search(self, query: str, scope: Scope, limit: int, budget_ms: float) -> Retrieved:
        search = _Search(query, scope, limit)
        task = self._searches.get(search)
        if task is None:
            # In a context of its own and shielded: whoever began it may be cancelled, by the
            # question it was meant for, and others wait for it then.
            task = self._searches[search] = asyncio.create_task(
                _ended(self._retriever, search, budget_ms), context=contextvars.Context()
            )
            task.add_done_callback(lambda done: self._keep(search, done))
        return await asyncio.shield(task)

    async def lookup(self, symbol: str, scope: Scope, limit: int) -> list[Passage]:
        return await self._retriever.lookup(symbol, scope, limit)

    def _keep(self, search: _Search, done: asyncio.Task[Retrieved]) -> None:
        useful = not done.cancelled() and done.exception() is None and not done.result().late
        if useful:
            asyncio.get_running_loop().call_later(self._keep_s, self._searches.pop, search, None)
        else:
            self._searches.pop(search, None)


async def _ended(retriever: Retriever, search: _Search, budget_ms: float) -> Retrieved:
    return await retriever.search(search.query, search.scope, search.limit, budget_ms)
