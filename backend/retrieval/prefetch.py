"""Keeps the results of searches that ``prepare`` has made, for the question that follows."""

import asyncio
import contextvars
from collections.abc import Sequence
from dataclasses import dataclass

from backend.ports import Retrieved, Retriever
from indexer.types import Passage, Scope, Unknown

# A question replaces its own ``prepare``, and for a moment nobody waits for the search.
ABANDONED_S = 0.05


@dataclass(frozen=True, slots=True)
class _Search:
    query: str
    scope: Scope
    limit: int


class _Shared:
    """A search that runs or is done, and how many callers wait for it."""

    def __init__(self, search: _Search, task: asyncio.Task[Retrieved]) -> None:
        self.search = search
        self.task = task
        self.waiting = 0


class Prefetched:
    """A ``Retriever`` that keeps results for ``keep_s``, and lets equal searches of a tenant share
    one.

    A search is cancelled when the last caller has left. Only the newest abandoned one goes on for
    ``ABANDONED_S``, in case somebody else comes; so a client that asks and leaves again and again
    has at most one search running. Late and failed searches are forgotten at once. Documents that
    are indexed meanwhile are missing from kept results. At most ``keep`` results are kept.
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
            # The task has its own context and is shielded, because the caller that began it may be
            # cancelled by the question that it was meant for, which then waits for it.
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

    async def unknown(self, names: Sequence[str], scope: Scope) -> list[Unknown]:
        return await self._retriever.unknown(names, scope)

    def _abandon(self, shared: _Shared) -> None:
        """Called when the last caller has left."""
        self._give_up()
        self._abandoned = shared
        self._patience = asyncio.get_running_loop().call_later(ABANDONED_S, self._give_up)

    def _give_up(self) -> None:
        """Ends the abandoned search if nobody came for it."""
        shared, self._abandoned = self._abandoned, None
        if self._patience:
            self._patience.cancel()
        if shared and not shared.waiting:
            self._forget(shared)  # at once, so that a new caller is not cancelled with it
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
        """Forgets a result, unless the same search was made again since."""
        if self._searches.get(shared.search) is shared:
            del self._searches[shared.search]


async def _ended(retriever: Retriever, search: _Search, budget_ms: float) -> Retrieved:
    return await retriever.search(search.query, search.scope, search.limit, budget_ms)
