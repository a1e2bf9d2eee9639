"""Everything the language server adds to LSP: custom methods, their parameters and results.

Mirrored by ``docs/lsp.md`` and by the type files of the editor plugins. Members are camelCase on
the wire. Lines and characters count as in LSP (from 0, in the negotiated position encoding), also
where ``backend.wire`` counts from 1.
"""

from typing import Annotated, Any, Literal

import msgspec
from lsprotocol.types import Position, Range, TextDocumentIdentifier
from msgspec import Meta, Struct

from backend import wire

CHAT = "glossator/chat"
STATUS = "glossator/didChangeStatus"

# LSP 3.17: the request was well-formed and could not be answered; the message says why.
REQUEST_FAILED = -32803

EndReason = Literal["stop", "length", "cancelled", "blocked", "failed"]


class CursorState(Struct, frozen=True, rename="camel"):
    """Where the user is: a selection (``range``), or a cursor (``position``)."""

    position: Position | None = None
    range: Range | None = None


class ChatContext(Struct, frozen=True, rename="camel"):
    """What to answer from; without ``sources``, from everything that is indexed."""

    sources: tuple[str, ...] | None = None


class ChatParams(Struct, frozen=True, rename="camel"):
    """``glossator/chat``, request. Requests with the same ``tabId`` are one conversation.

    The first entry of ``cursorState`` counts; a document that is not open gives its name alone.
    """

    tab_id: str
    prompt: Annotated[str, Meta(min_length=1)]
    text_document: TextDocumentIdentifier | None = None
    cursor_state: tuple[CursorState, ...] = ()
    context: ChatContext | None = None
    partial_result_token: str | int | None = None


class Citation(Struct, frozen=True, rename="camel"):
    """A source that the text refers to as ``[number]``; ``line`` counts from 0."""

    number: int
    title: str
    uri: str
    breadcrumb: str = ""
    line: int | None = None
    version: str = ""
    score: float = 0.0


class Usage(Struct, frozen=True, rename="camel"):
    """Tokens as the engine counted them."""

    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int


class Timings(Struct, frozen=True, rename="camel"):
    """Milliseconds in the backend; ``ttftMs`` and ``totalMs`` count from the request's arrival."""

    queue_ms: float
    rails_ms: float
    retrieval_ms: float
    ttft_ms: float
    total_ms: float


class ChatResult(Struct, frozen=True, rename="camel"):
    """The whole answer, also when it was streamed before."""

    text: str
    citations: tuple[Citation, ...]
    finish_reason: wire.FinishReason
    usage: Usage
    timings: Timings


class Queued(Struct, frozen=True, rename="camel", tag_field="kind", tag="queued"):
    """Partial result: ``position`` requests are before this one."""

    position: int


class Admitted(Struct, frozen=True, rename="camel", tag_field="kind", tag="admitted"):
    """Partial result: ``model`` begins to answer."""

    model: str
    queue_ms: float


class Citations(Struct, frozen=True, rename="camel", tag_field="kind", tag="citations"):
    """Partial result: the sources, before the first delta. ``late``: retrieval took too long."""

    citations: tuple[Citation, ...]
    late: bool


class Notice(Struct, frozen=True, rename="camel", tag_field="kind", tag="notice"):
    """Partial result: something to know, such as what a guardrail redacted."""

    about: str
    message: str


class Delta(Struct, frozen=True, rename="camel", tag_field="kind", tag="delta"):
    """Partial result: the next piece of the text."""

    text: str


class End(Struct, frozen=True, rename="camel", tag_field="kind", tag="end"):
    """The last partial result, always sent, before the response (or error) itself.

    Some editors drop the response of a request that they cancelled; this they see.
    """

    reason: EndReason


Progress = Queued | Admitted | Citations | Notice | Delta | End


class FailureData(Struct, frozen=True, rename="camel", omit_defaults=True):
    """``data`` of an error response with code -32803."""

    code: wire.Code
    retry_after_ms: float | None = None


class StatusParams(Struct, frozen=True, rename="camel"):
    """``glossator/didChangeStatus``, notification: the connection to the backend.

    ``reason`` tells the user why it is offline and what to do about it.
    """

    state: Literal["connecting", "ready", "degraded", "offline"]
    url: str
    reason: str = ""


def to_json(message: Struct) -> Any:
    """As plain values, for a JSON encoder that does not know msgspec."""
    return msgspec.to_builtins(message)


def citation(source: wire.Citation) -> Citation:
    return Citation(
        number=source.number,
        title=source.title,
        uri=source.uri,
        breadcrumb=source.breadcrumb,
        line=None if source.line is None else max(source.line - 1, 0),
        version=source.version,
        score=source.score,
    )


def partial_result(frame: wire.AnswerFrame) -> Progress | None:
    """What the editor is told of a frame; None for a terminal one."""
    match frame:
        case wire.Queued():
            return Queued(frame.position)
        case wire.Admitted():
            return Admitted(frame.model, frame.queue_ms)
        case wire.Citations():
            return Citations(tuple(map(citation, frame.citations)), frame.late)
        case wire.Notice():
            return Notice(frame.about, frame.message)
        case wire.Delta():
            return Delta(frame.text)
        case wire.Finished() | wire.Failed():
            return None


def result(text: str, citations: tuple[wire.Citation, ...], finished: wire.Finished) -> ChatResult:
    return ChatResult(
        text=text,
        citations=tuple(map(citation, citations)),
        finish_reason=finished.reason,
        usage=Usage(**msgspec.structs.asdict(finished.usage)),
        timings=Timings(**msgspec.structs.asdict(finished.timings)),
    )
