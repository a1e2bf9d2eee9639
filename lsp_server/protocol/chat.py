"""``glossator/chat``: a question in a conversation."""

from typing import Annotated

from lsprotocol.types import Diagnostic, Position, Range, TextDocumentIdentifier
from msgspec import Meta, Struct

from backend.protocol import wire
from lsp_server.protocol.answer import Citation, Timings, Usage
from lsp_server.protocol.progress import Token

CHAT = "glossator/chat"


class CursorState(Struct, frozen=True, rename="camel"):
    """Where the user is: a selection (``range``), or a cursor (``position``)."""

    position: Position | None = None
    range: Range | None = None


class ChatContext(Struct, frozen=True, rename="camel"):
    """The sources to answer from (the options decide when absent), and the editor's diagnostics."""

    sources: tuple[str, ...] | None = None
    diagnostics: tuple[Diagnostic, ...] = ()


class ChatParams(Struct, frozen=True, rename="camel"):
    """``glossator/chat``, request. Requests with the same ``tabId`` form one conversation.

    Only the first entry of ``cursorState`` counts. A document that is not open gives only its name.
    The prompt may begin with a slash command and contain mentions.
    """

    tab_id: str
    prompt: Annotated[str, Meta(min_length=1)]
    text_document: TextDocumentIdentifier | None = None
    cursor_state: tuple[CursorState, ...] = ()
    context: ChatContext | None = None
    partial_result_token: Token | None = None


class ChatResult(Struct, frozen=True, rename="camel"):
    """The whole answer, also when it was streamed."""

    text: str
    citations: tuple[Citation, ...]
    finish_reason: wire.FinishReason
    usage: Usage
    timings: Timings
