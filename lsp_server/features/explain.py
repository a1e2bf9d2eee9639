"""``glossator/explain``: explains the code at a place, or answers a question about it."""

import uuid
from dataclasses import dataclass
from typing import Any

from lsprotocol.types import Position, Range
from pygls.lsp.server import LanguageServer

from backend.protocol import wire
from lsp_server import rpc
from lsp_server.answers import translate
from lsp_server.answers.complete import CompleteAnswer
from lsp_server.answers.stream import AnswerStream
from lsp_server.configuration import Configuration
from lsp_server.context import prompt
from lsp_server.context.surroundings import Surroundings
from lsp_server.documents import syntax
from lsp_server.documents.open_documents import Document, opened
from lsp_server.documents.text import clean
from lsp_server.protocol.explain import EXPLAIN, ExplainParams


@dataclass(frozen=True, slots=True)
class Explainer:
    """Answers beside the code. A busy backend takes it before chats, and it is not remembered."""

    server: LanguageServer
    stream: AnswerStream
    surroundings: Surroundings
    configuration: Configuration

    async def answer(self, request: ExplainParams) -> CompleteAnswer:
        options = self.configuration.options
        documents = opened(self.server)
        document = documents.find(request.text_document.uri)
        place = request.range
        if document is not None and not request.question and place.start == place.end:
            place = _around(document, place.start.line)
        context, notices = self.surroundings.at(
            documents, request.text_document.uri, place, options.context_tokens
        )
        asked = request.context.sources if request.context else None
        default = prompt.COMMANDS["explain"][1]
        ask = wire.Ask(
            id=uuid.uuid4().hex,
            question=clean(request.question) or default,
            kind="help",
            task="answer" if request.question else "explain",
            context=context,
            sources=options.sources if asked is None else asked,
        )
        return await self.stream.answer(ask, request.partial_result_token, notices)


def attach(server: LanguageServer, explainer: Explainer) -> None:
    @server.feature(EXPLAIN)
    async def explain(params: Any) -> Any:
        with rpc.clear_errors():
            answer = await explainer.answer(rpc.parse(params, ExplainParams))
            return rpc.to_json(translate.result(answer))


def _around(document: Document, row: int) -> Range:
    """The definition or statement around a row, as whole lines."""
    first, last = syntax.statement(document.language, document.source, row)
    return Range(Position(first, 0), Position(last + 1, 0))
