"""Marks API names in an answer that the indexed version does not have, while it streams.

It runs beside the stream, so no delta waits. What it finds is told in a notice with the place, and
nothing in the answer is changed.
"""

import asyncio
import logging
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Self

from backend.answering.answer import Answer
from backend.answering.written.api_use import Keyword, Use, imported, parameters, uses
from backend.answering.written.code_spans import Code, CodeSpans
from backend.errors import GlossatorError
from backend.ports import Retriever
from backend.protocol.wire import Notice
from indexer.types import Chunk, Scope, Unknown

_MOST = 20  # notices of one answer
_LOOKUPS = 40  # calls of one answer whose keywords are looked up
_PATIENCE_S = 1.0  # for the last block, when the answer is complete

log = logging.getLogger(__name__)


class NamesCheck:
    """``feed`` what the reader sees, and ``settle`` before the answer ends.

    ``code`` is the user's own: its imports say what names mean. In a scope without sources
    nothing is looked up.
    """

    def __init__(self, retriever: Retriever, scope: Scope, code: str, answer: Answer) -> None:
        self._retriever = retriever
        self._scope = Scope(scope.sources)
        self._answer = answer
        self._spans = CodeSpans()
        self._code = code
        self._imports: dict[str, str] = {}
        self._told: set[str] = set()
        self._lookups = 0
        self._pending: asyncio.Queue[Code | None] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    def feed(self, text: str) -> None:
        if self._scope.sources == ():
            return
        for code in self._spans.feed(text):
            self._put(code)

    async def settle(self) -> None:
        """Waits for what is being looked up, for a second at most."""
        for code in self._spans.flush():
            self._put(code)
        if self._task is None:
            return
        self._pending.put_nowait(None)
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await self._task
        except TimeoutError:
            log.info("the names of an answer were not looked up in time")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        if self._task:
            self._task.cancel()

    def _put(self, code: Code) -> None:
        if self._task is None:
            self._task = asyncio.create_task(self._work())
        self._pending.put_nowait(code)

    async def _work(self) -> None:
        self._imports = imported(self._code)
        while code := await self._pending.get():
            found = uses(code, self._imports)
            if code.block:
                self._imports |= imported(code.text)
            try:
                await self._check(found)
            except GlossatorError:
                return  # without an index nothing is known of any name

    async def _check(self, found: Sequence[Use]) -> None:
        if not found:
            return
        names = list(dict.fromkeys(use.name for use in found))
        lacking = {each.name: each for each in await self._retriever.unknown(names, self._scope)}
        for use in found:
            if use.name in lacking:
                await self._tell_name(use, lacking[use.name])
            elif use.keywords and self._lookups < _LOOKUPS:
                self._lookups += 1
                await self._check_keywords(use)

    async def _tell_name(self, use: Use, unknown: Unknown) -> None:
        if unknown.lacking in self._told:
            return
        nearest = await self._entry(unknown.nearest) if unknown.nearest else None
        package = unknown.lacking.partition(".")[0]
        version = f" {nearest.version}" if nearest and nearest.version else ""
        instead = f" The nearest name is `{unknown.nearest}`." if unknown.nearest else ""
        message = f"`{unknown.lacking}` does not exist in {package}{version}.{instead}"
        self._tell(unknown.lacking, message, use, unknown.nearest, nearest)

    async def _check_keywords(self, use: Use) -> None:
        entry = await self._entry(use.name)
        known = parameters(entry.signature) if entry else None
        if entry is None or known is None:
            return
        for keyword in use.keywords:
            if keyword.name not in known:
                alike = get_close_matches(keyword.name, sorted(known), 1)
                nearest = f" The nearest is `{alike[0]}`." if alike else ""
                message = f"`{use.name}` has no parameter `{keyword.name}`.{nearest}"
                self._tell(f"{use.name}({keyword.name})", message, keyword, use.name, entry)

    async def _entry(self, symbol: str) -> Chunk | None:
        found = await self._retriever.lookup(symbol, self._scope, 1)
        return found[0].chunk if found and found[0].chunk.symbol == symbol else None

    def _tell(
        self, what: str, message: str, place: Use | Keyword, instead: str, entry: Chunk | None
    ) -> None:
        if what in self._told or len(self._told) >= _MOST:
            return
        self._told.add(what)
        self._answer.emit(
            Notice,
            about="names",
            message=message,
            start=place.start,
            end=place.end,
            instead=instead,
            uri=entry.uri if entry else "",
            line=entry.line if entry else None,
        )
