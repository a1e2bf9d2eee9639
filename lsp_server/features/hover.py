"""``textDocument/hover``: what the index knows of the symbol under the cursor, within a budget.

No model is asked. When the answer is late, unknown or ambiguous, nothing is shown: nobody asked for
a hover, so it must not mislead or report errors.
"""

import asyncio
import builtins
import keyword
import logging
import re
import uuid
from contextlib import aclosing

from cachetools import TTLCache
from lsprotocol.types import (
    TEXT_DOCUMENT_HOVER,
    Hover,
    HoverParams,
    MarkupContent,
    MarkupKind,
)
from pygls.lsp.server import LanguageServer

from backend.protocol.wire import Entry, Found, Lookup
from indexer.screening.escaping import escape
from indexer.screening.markdown import fenced, link
from lsp_server.client.client import Client, ClientError
from lsp_server.configuration import Configuration
from lsp_server.context.surroundings import Surroundings
from lsp_server.documents.imports import dotted_at, imported_names, imported_packages, resolve
from lsp_server.documents.open_documents import Document, opened
from lsp_server.documents.text import locate

_REMEMBERED = 512  # symbols
_FRESH_S = 600.0  # an index changes seldom, and a new entry can wait
_EXAMPLE_LINES = 15

_AFTER_A_DOT = re.compile(r"\.\s*\w*$")

log = logging.getLogger(__name__)


class Glossary:
    """Looks up entries by symbol, and remembers them for a while."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._known: TTLCache[Lookup, tuple[Entry, ...]] = TTLCache(_REMEMBERED, _FRESH_S)

    async def entries(
        self, symbol: str, packages: tuple[str, ...], sources: tuple[str, ...] | None
    ) -> tuple[Entry, ...]:
        """The entries for a symbol, best first. Raises ``ClientError``."""
        key = Lookup(id="-", symbol=symbol, packages=packages, sources=sources)
        known = self._known.get(key)
        if known is not None:
            return known
        request = Lookup(uuid.uuid4().hex, symbol, packages, sources)
        async with aclosing(self._client.ask(request)) as frames:
            async for frame in frames:
                if isinstance(frame, Found):
                    self._known[key] = frame.entries
                    return frame.entries
        return ()


def attach(
    server: LanguageServer,
    client: Client,
    surroundings: Surroundings,
    configuration: Configuration,
) -> None:
    glossary = Glossary(client)

    @server.feature(TEXT_DOCUMENT_HOVER)
    async def hover(params: HoverParams) -> Hover | None:
        documents = opened(server)
        document = documents.find(params.text_document.uri)
        if document is None or surroundings.secret(documents, document.uri):
            return None
        options = configuration.options
        row, column = locate(document.lines, params.position, document.encoding)
        symbol, packages = symbol_at(document, row, column)
        if not symbol:
            return None
        try:
            async with asyncio.timeout(options.hover_budget_ms / 1000):
                entries = await glossary.entries(symbol, packages, options.sources)
        except (TimeoutError, ClientError) as error:
            log.debug("no hover for %s: %s", symbol, error)
            return None
        if not entries:
            return None
        return Hover(MarkupContent(MarkupKind.Markdown, markdown(entries[0], document.language)))


def symbol_at(document: Document, row: int, column: int) -> tuple[str, tuple[str, ...]]:
    """The symbol to look up and the imported packages; "" when the index cannot know it."""
    line = document.lines[row]
    name = dotted_at(line, column)
    if not name or keyword.iskeyword(name):
        return "", ()
    if document.language != "python":
        return name, ()
    names = imported_names(document.source)
    packages = imported_packages(document.source)
    head = name.partition(".")[0]
    if head in ("self", "cls"):
        return "", ()
    attribute = "." in name or _AFTER_A_DOT.search(line[:column])
    if attribute or head in names or head in packages or hasattr(builtins, name):
        return resolve(name, names), packages
    return "", ()  # a name that this document defines


def markdown(entry: Entry, language: str) -> str:
    """Signature, first paragraph, example, and where it stands."""
    parts = [fenced(entry.signature or entry.symbol, language)]
    if entry.summary:
        parts.append(escape(entry.summary))
    if entry.example:
        lines = entry.example.splitlines()
        shown = "\n".join([*lines[:_EXAMPLE_LINES], *(["…"] if lines[_EXAMPLE_LINES:] else [])])
        parts.append(fenced(shown, language))
    address = entry.uri + (f"#L{entry.line}" if entry.line else "")
    title = " ".join(part for part in (entry.symbol, entry.version) if part)
    parts.append(link(title, address))
    return "\n\n".join(parts)
