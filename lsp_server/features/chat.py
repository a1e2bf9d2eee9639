"""``glossator/chat``: answers a question, with partial results over ``$/progress``."""

import uuid
from typing import Any

from cachetools import LRUCache
from pygls.lsp.server import LanguageServer

from backend.protocol import wire
from lsp_server import rpc
from lsp_server.answers import translate
from lsp_server.answers.stream import AnswerStream
from lsp_server.configuration import Configuration
from lsp_server.context import prompt
from lsp_server.context.conversation import Conversations
from lsp_server.context.surroundings import Surroundings, place_of
from lsp_server.documents.open_documents import opened
from lsp_server.documents.text import clean
from lsp_server.protocol.chat import CHAT, ChatContext, ChatParams

_TABS = 64  # tabs whose last context is remembered


def attach(
    server: LanguageServer,
    stream: AnswerStream,
    surroundings: Surroundings,
    conversations: Conversations,
    configuration: Configuration,
) -> None:
    latest: LRUCache[str, wire.Context] = LRUCache(_TABS)

    @server.feature(CHAT)
    async def chat(params: Any) -> Any:
        with rpc.clear_errors():
            request = rpc.parse(params, ChatParams)
            ask, notices = await _ask(request, latest.get(request.tab_id))
            if ask.context is not None:
                latest[request.tab_id] = ask.context
            answer = await stream.answer(ask, request.partial_result_token, notices)
            if answer.whole:
                conversations.add(
                    request.tab_id, clean(request.prompt), answer.raw, answer.citations
                )
            return rpc.to_json(translate.result(answer))

    async def _ask(request: ChatParams, before: wire.Context | None) -> tuple[wire.Ask, list[str]]:
        options = configuration.options
        said = prompt.parse(clean(request.prompt))
        documents = opened(server)
        context: wire.Context | None = None
        notices: list[str] = []
        if request.text_document is not None:
            context, notices = surroundings.at(
                documents,
                request.text_document.uri,
                place_of(request.cursor_state),
                options.context_tokens,
                before,
            )
        more = request.context or ChatContext()
        if said.mentions:
            context, further = await surroundings.mentioned(
                documents, context, said.mentions, more.diagnostics, options.context_tokens
            )
            notices = [*notices, *further]
        ask = wire.Ask(
            id=uuid.uuid4().hex,
            question=said.question,
            task=said.task,
            context=context,
            history=conversations.get(request.tab_id).history(),
            sources=prompt.sources(said, more.sources, options.sources),
        )
        return ask, notices
