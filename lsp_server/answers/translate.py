"""Translates the backend's frames into what the editor is told. Pure.

The websocket counts lines from 1, the editor from 0.
"""

from collections.abc import Sequence

import msgspec

from backend.protocol import wire
from indexer.screening.escaping import escape
from indexer.screening.markdown import is_address
from lsp_server.answers.complete import CompleteAnswer
from lsp_server.context.conversation import Conversation, Turn
from lsp_server.protocol import conversations
from lsp_server.protocol.answer import Citation, Timings, Usage
from lsp_server.protocol.chat import ChatResult
from lsp_server.protocol.progress import (
    Admitted,
    Citations,
    Delta,
    Notice,
    Progress,
    Queued,
    Thinking,
)


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


def addresses(citations: Sequence[wire.Citation]) -> list[str]:
    """The addresses an answer may link to: its citations, with and without their line."""
    found = [each.uri for each in citations]
    found += [f"{each.uri}#L{each.line}" for each in citations if each.line is not None]
    return [each for each in found if is_address(each)]


def partial_result(frame: wire.AnswerFrame) -> Progress | None:
    """The partial result for a frame; None for a terminal frame."""
    match frame:
        case wire.Queued():
            return Queued(frame.position)
        case wire.Admitted():
            return Admitted(frame.model, frame.queue_ms)
        case wire.Citations():
            return Citations(tuple(map(citation, frame.citations)), frame.late)
        case wire.Notice():
            return Notice(frame.about, frame.message)
        case wire.Thinking():
            return Thinking()
        case wire.Delta():
            return Delta(frame.text)
        case wire.Finished() | wire.Failed() | wire.Found():
            return None


def result(answer: CompleteAnswer) -> ChatResult:
    return ChatResult(
        text=answer.text,
        citations=tuple(map(citation, answer.citations)),
        finish_reason=answer.finished.reason,
        usage=usage(answer.finished),
        timings=timings(answer.finished),
    )


def usage(finished: wire.Finished) -> Usage:
    return Usage(**msgspec.structs.asdict(finished.usage))


def timings(finished: wire.Finished) -> Timings:
    return Timings(**msgspec.structs.asdict(finished.timings))


def summary(conversation: Conversation) -> conversations.ConversationSummary:
    return conversations.ConversationSummary(
        tab_id=conversation.tab_id,
        title=conversation.title,
        updated_at=conversation.updated_at,
        turns=len(conversation.turns),
    )


def conversation(kept: Conversation) -> conversations.Conversation:
    return conversations.Conversation(
        tab_id=kept.tab_id,
        turns=tuple(
            conversations.Turn(turn.role, _shown(turn), tuple(map(citation, turn.citations)))
            for turn in kept.turns
        ),
    )


def _shown(turn: Turn) -> str:
    """An editor draws an answer as Markdown, but shows a question as it was typed."""
    return escape(turn.text, addresses(turn.citations)) if turn.role == "assistant" else turn.text
