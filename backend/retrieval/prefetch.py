"""Searches that ``prepare`` has done or begun are there when the question comes."""

import asyncio
import contextvars
from dataclasses import dataclass

from backend.ports import Retrieved, Retriever
from indexer.types import Passage, Scope

# A question takes the place of its own prepare: for that moment nobody waits for the search.
ABANDONED_S = 0.05


@dataclass(frozen=True, slots=True)
class _Search:
    query: str
    scope: Scope
    limit: int


class _Shared:
    """A search under way or done, and how many wait for it."""

    def __init__(self, search: _Search, task: asyncio.Task[Retrieved]) -> None:
        self.search = search
        self.task = task
        self.waiting = 0


class Prefetched:
    """A ``Retriever`` that keeps what it found for ``keep_s``, and joins a search under way.

    A search ends with the last who waits for it. One at a time, the newest, is given
    ``ABANDONED_S`` for somebody else to come: whoever asks and leaves, however often, has one
    search under way at most. Late and failed searches are forgotten at once. What is indexed
    meanwhile is missed for as long as that. At most ``keep`` results are kept.
    """

    def __init__(self, retriever: Retriever, keep_s: float = 10.0, keep: int = 1000) -> None:
        self._retriever = retriever
        self._keep_s = keep_s
        self._keep_most = keep
        self._searches: dict[_Search, _Shared] = {}
        self._abandoned: _Shared | None = None
        self._patience: asyncio.TimerHandle | None = None

    async def search(self, query: str, scope: Scope, limit: int, budget_ms: float) -> Retrieved:
        search = _Search(query, scope, limit)
        shared = self._searches.get(search)
        if shared is None:
            # In a context of its own and shielded: whoever began it may be cancelled, by the
            # question it was meant for, and others wait for it then.
            task = asyncio.create_task(
                _ended(self._retriever, search, budget_ms), context=contextvars.Context()
            )
            begun = shared = self._searches[search] = _Shared(search, task)
            task.add_done_callback(lambda _: self._keep(begun))
        shared.waiting += 1
        try:
            return await asyncio.shield(shared.task)
        finally:
            shared.waiting -= 1
            if not shared.waiting and not shared.task.done():
                self._abandon(shared)

    async def lookup(self, symbol: str, scope: Scope, limit: int) -> list[Passage]:
        return await self._retriever.lookup(symbol, scope, limit)

    def _abandon(self, shared: _Shared) -> None:
        """The last who waited has left."""
        self._give_up()
        self._abandoned = shared
        self._patience = asyncio.get_running_loop().call_later(ABANDONED_S, self._give_up)

    def _give_up(self) -> None:
        """Ends the search that nobody came for."""
        shared, self._abandoned = self._abandoned, None
        if self._patience:
            self._patience.cancel()
        if shared and not shared.waiting:
            self._forget(shared)  # at once: who comes now must not be cancelled with it
            shared.task.cancel()

    def _keep(self, shared: _Shared) -> None:
        done = shared.task
        useful = not done.cancelled() and done.exception() is None and not done.result().late
        if useful and len(self._searches) <= self._keep_most:
            loop = asyncio.get_running_loop()
            loop.call_later(self._keep_s, self._forget, shared)
        else:
            self._forget(shared)

    def _forget(self, shared: _Shared) -> None:
        """The same may be searched anew by then, which is not this one's to forget."""
        if self._searches.get(shared.search) is shared:
            del self._searches[shared.search]


async def _ended(retriever: Retriever, search: _Search, budget_ms: float) -> Retrieved:
    return await retriever.search(search.query, search.scope, search.limit, budget_ms)
