"""Finds the passages of one request. A failing index fails no answer that can do without it."""

import logging
import time
from dataclasses import replace

from backend.answering.answer import Answer
from backend.answering.pace import Pace
from backend.answering.progress import Progress
from backend.answering.requests import Asked
from backend.answering.written.names_check import NamesCheck
from backend.errors import Unavailable
from backend.ports import Generator, Retrieved, Retriever
from backend.protocol.wire import EXTRACTIVE
from backend.settings import Settings
from indexer.types import Scope

log = logging.getLogger(__name__)

QUOTES_WAIT_MS = 10_000.0


class Search:
    """``failing`` says why the last search failed; empty when it did not.

    The extractive generator can only quote. So its searches get more time, and one that fails
    raises ``Unavailable``.
    """

    def __init__(
        self, settings: Settings, retriever: Retriever, generator: Generator, pace: Pace
    ) -> None:
        self._settings = settings
        self._retriever = retriever
        self._generator = generator
        self._pace = pace
        self.failing = ""

    async def passages(self, request: Asked, tenant: str, progress: Progress) -> Retrieved:
        """What is found for the request itself."""
        started = time.monotonic()
        with progress.trace.span("retrieval"):
            found = await self.find(request.query, request, tenant)
        progress.retrieval_ms = (time.monotonic() - started) * 1000
        return found

    def names_check(self, request: Asked, answer: Answer) -> NamesCheck:
        """Checks the names in the answer, unless that is switched off or no model writes it."""
        scope = self._scope(request, answer.caller.tenant)
        if not self._settings.generation.check_names or self._generator.model == EXTRACTIVE:
            scope = Scope(())
        return NamesCheck(self._retriever, scope, request.code, answer)

    async def find(self, query: str, request: Asked, tenant: str) -> Retrieved:
        """What is found for ``query``, where the request may look."""
        scope = self._scope(request, tenant)
        if scope.sources == ():
            return Retrieved()
        retrieval = self._settings.retrieval
        tokens = request.tokens_sent(self._settings.generation) + retrieval.passage_tokens
        budget_ms = self._pace.search_ms(retrieval.budget_ms, tokens)
        only_quotes = self._generator.model == EXTRACTIVE
        if only_quotes:
            budget_ms = max(budget_ms, QUOTES_WAIT_MS)
        try:
            found = await self._retriever.search(
                query, scope, limit=retrieval.limit, budget_ms=budget_ms
            )
        except Unavailable as error:
            self.failing = error.message
            if only_quotes:
                raise
            log.warning("answering without documentation: %s", error.message)
            return Retrieved(failed=True)
        self.failing = ""
        return found

    def _scope(self, request: Asked, tenant: str) -> Scope:
        """Where the request may look."""
        own = self._settings.tenants.get(tenant)
        # The time of an answer must not tell what another tenant has asked.
        return replace(request.scope(own.sources if own else None), tenant=tenant)
