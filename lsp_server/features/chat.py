"""``glossator/chat``: a question in, partial results over ``$/progress``, the whole answer out.

``$/cancelRequest`` cancels the handler's coroutine; that closes the answer's iterator, which
sends ``Cancel`` to the backend, and pygls answers the request with RequestCancelled.
"""

import uuid
from contextlib import aclosing
from typing import Any

from lsprotocol.types import PROGRESS, Position, ProgressParams, Range
from pygls.lsp.server import LanguageServer

from backend import wire
from lsp_server import protocol, rpc, translate
from lsp_server.context import clean, context_at
from lsp_server.conversation import Conversations
from lsp_server.protocol import ChatParams, ChatResult, End, EndReason, Progress
from lsp_server.session import Session


def attach(server: LanguageServer, session: Session) -> None:
    conversations = Conversations()

    @server.feature(protocol.CHAT)
    async def chat(params: Any) -> Any:
        with rpc.clear_errors():
            request = rpc.parse(params, ChatParams)
            answer = await _answer(server, session, conversations, request)
            return protocol.to_json(answer)


async def _answer(
    server: LanguageServer, session: Session, conversations: Conversations, request: ChatParams
) -> ChatResult:
    def report(progress: Progress) -> None:
        if request.partial_result_token is not None:
            value = protocol.to_json(progress)
            server.protocol.notify(PROGRESS, ProgressParams(request.partial_result_token, value))

    ask = wire.Ask(
        id=uuid.uuid4().hex,
        question=clean(request.prompt),
        context=_context(server, request),
        history=conversations.history(request.tab_id),
        sources=request.context.sources if request.context else None,
    )
    texts: list[str] = []
    citations: tuple[wire.Citation, ...] = ()
    end: EndReason = "cancelled"  # what is true if nothing below says otherwise
    try:
        async with aclosing(session.ask(ask)) as frames:
            async for frame in frames:
                if (progress := translate.partial_result(frame)) is not None:
                    report(progress)
                if isinstance(frame, wire.Delta):
                    texts.append(frame.text)
                elif isinstance(frame, wire.Citations):
                    citations = frame.citations
        if isinstance(frame, wire.Failed):
            raise rpc.failure(frame)
        assert isinstance(frame, wire.Finished)
        end = frame.reason
    except Exception:  # not CancelledError
        end = "failed"
        raise
    finally:
        report(End(end))
    text = "".join(texts)
    if text and frame.reason in ("stop", "length"):
        conversations.add(request.tab_id, ask.question, text)
    return translate.result(text, citations, frame)


def _context(server: LanguageServer, request: ChatParams) -> wire.Context | None:
    if request.text_document is None:
        return None
    uri = request.text_document.uri
    document = server.workspace.text_documents.get(uri)
    if document is None:
        return wire.Context(uri=uri)
    return context_at(
        uri,
        document.language_id or "",
        document.source,
        _place(request),
        server.workspace.position_encoding or "utf-16",
    )


def _place(request: ChatParams) -> Range:
    for cursor in request.cursor_state:
        if cursor.range is not None:
            return cursor.range
        if cursor.position is not None:
            return Range(cursor.position, cursor.position)
    return Range(Position(0, 0), Position(0, 0))
