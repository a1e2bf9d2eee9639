"""Inline help: what the index knows about one symbol. No model is asked.

A function of the same name in another library would mislead, so an ambiguous name gets no answer.
"""

from collections.abc import Sequence

from backend.answering.answer import Answer
from backend.answering.prompt import visible
from backend.errors import GlossatorError
from backend.ports import Retriever
from backend.protocol.wire import Entry, Found, Lookup
from backend.settings import Settings
from indexer.screening.markup import strip_markup, strip_prose
from indexer.types import Chunk, Passage, Scope

_LIMIT = 8


class Lookups:
    """Answers ``Lookup`` with exactly one ``Found`` or ``Failed``."""

    def __init__(self, settings: Settings, retriever: Retriever) -> None:
        self._settings = settings
        self._retriever = retriever

    async def answer(self, request: Lookup, answer: Answer) -> None:
        tenant = self._settings.tenants.get(answer.caller.tenant)
        sources = visible(request.sources, tenant.sources if tenant else None)
        scope = Scope(sources, request.packages)
        try:
            found = await self._retriever.lookup(request.symbol, scope, _LIMIT)
        except GlossatorError as error:
            answer.fail(error)
            return
        chunks = meant(request.symbol, request.packages, found)
        answer.emit(Found, entries=tuple(map(_entry, chunks)))


def meant(symbol: str, packages: Sequence[str], found: Sequence[Passage]) -> list[Chunk]:
    """The entries that ``symbol`` can mean where ``packages`` are imported, best first. Pure.

    A name under an imported package is looked for in that package alone. A bare name, such as a
    method of an unknown object, counts only if exactly one entry of the imported packages has it.
    """
    chunks = [passage.chunk for passage in found]
    first, dot, _ = symbol.partition(".")
    if dot and first in packages:
        return [chunk for chunk in chunks if _package(chunk) == first]
    exact = [chunk for chunk in chunks if chunk.symbol == symbol]
    if exact:
        return exact
    imported = [chunk for chunk in chunks if _package(chunk) in packages]
    return imported if len(imported) == 1 else []


def _package(chunk: Chunk) -> str:
    return chunk.symbol.partition(".")[0]


def _entry(chunk: Chunk) -> Entry:
    return Entry(
        symbol=chunk.symbol,
        uri=chunk.uri,
        signature=chunk.signature,
        summary=strip_prose(chunk.summary),
        example=strip_markup(chunk.example),
        line=chunk.line,
        source=chunk.source,
        version=chunk.version,
    )
