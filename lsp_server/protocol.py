"""Everything the language server adds to LSP: custom methods, their parameters and results.

Mirrored by ``docs/lsp.md`` and by the type files of the editor plugins. Members are camelCase on
the wire. Lines and characters count as in LSP (from 0, in the negotiated position encoding), also
where ``backend.protocol.wire`` counts from 1.
"""

from typing import Annotated, Any, Literal

import msgspec
from lsprotocol.types import (
    Diagnostic,
    Position,
    Range,
    TextDocumentIdentifier,
    VersionedTextDocumentIdentifier,
)
from msgspec import Meta, Struct

from backend.protocol import wire

CHAT = "glossator/chat"
EXPLAIN = "glossator/explain"
REWRITE = "glossator/rewrite"
ACCEPT = "glossator/accept"
MENTIONS = "glossator/mentions"
LIST_CONVERSATIONS = "glossator/conversations/list"
GET_CONVERSATION = "glossator/conversations/get"
DELETE_CONVERSATION = "glossator/conversations/delete"
PREPARE = "glossator/prepare"
STATUS = "glossator/didChangeStatus"

# The commands of our code actions; an editor that sets ``previews`` runs them itself.
REWRITE_COMMAND = "glossator.rewrite"
EXPLAIN_COMMAND = "glossator.explain"
# Of a completion: run by the editor when the user takes it.
TAKEN_COMMAND = "glossator.taken"

# LSP 3.17: the request was well-formed and could not be answered; the message says why.
REQUEST_FAILED = -32803

EndReason = Literal["stop", "length", "cancelled", "blocked", "failed"]
RewriteKind = Literal["optimize", "document", "fix", "rewrite"]
Token = str | int


class Options(Struct, frozen=True, rename="camel"):
    """``initializationOptions``, and ``settings.glossator`` in ``didChangeConfiguration``.

    A wrong value is reported, and its default used.
    """

    sources: tuple[str, ...] | None = None  # null: all that is indexed
    hover_budget_ms: Annotated[float, Meta(ge=0)] = 300.0
    inline_completion: bool = True
    context_tokens: Annotated[int, Meta(ge=200)] = 3000
    ruff: str = ""  # empty: the trusted workspace's own, else the one installed with the server
    history_folder: str = ""  # empty: the user's data folder
    previews: bool = False
    trusted: bool = False  # whether programs of the workspace may be run
    document_characters: Annotated[int, Meta(ge=0)] = 2_000_000  # of a longer one nothing is read


class CursorState(Struct, frozen=True, rename="camel"):
    """Where the user is: a selection (``range``), or a cursor (``position``)."""

    position: Position | None = None
    range: Range | None = None


class ChatContext(Struct, frozen=True, rename="camel"):
    """What to answer from (without ``sources``: as the options say), and what only editors know."""

    sources: tuple[str, ...] | None = None
    diagnostics: tuple[Diagnostic, ...] = ()


class ChatParams(Struct, frozen=True, rename="camel"):
    """``glossator/chat``, request. Requests with the same ``tabId`` are one conversation.

    The first entry of ``cursorState`` counts; a document that is not open gives its name alone.
    The prompt may begin with a slash command and hold mentions.
    """

    tab_id: str
    prompt: Annotated[str, Meta(min_length=1)]
    text_document: TextDocumentIdentifier | None = None
    cursor_state: tuple[CursorState, ...] = ()
    context: ChatContext | None = None
    partial_result_token: Token | None = None


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


class Finding(Struct, frozen=True, rename="camel"):
    """What a linter says of the selected code; ``fixable``: it brings its own fix."""

    code: str
    message: str
    range: Range
    url: str = ""
    fixable: bool = False


class Evidence(Struct, frozen=True, rename="camel", tag_field="kind", tag="evidence"):
    """Partial result of a rewrite: what was found before the model was asked."""

    findings: tuple[Finding, ...]


class Code(Struct, frozen=True, rename="camel", tag_field="kind", tag="code"):
    """Partial result of a rewrite: the next piece of the new code, where ``delta`` is prose."""

    text: str


Progress = Queued | Admitted | Citations | Notice | Evidence | Code | Delta | End


class ExplainParams(Struct, frozen=True, rename="camel"):
    """``glossator/explain``, request: explain the code in ``range``, or answer ``question`` there.

    An empty range is a cursor: the scope around it is meant. Answered as ``glossator/chat`` is,
    outside of any conversation, and before chats where the backend is busy.
    """

    text_document: TextDocumentIdentifier
    range: Range
    question: str = ""
    context: ChatContext | None = None
    partial_result_token: Token | None = None


class RewriteParams(Struct, frozen=True, rename="camel"):
    """``glossator/rewrite``, request, and the argument of the command ``glossator.rewrite``.

    ``range`` grows to whole lines, an empty one to the statement or definition around it.
    """

    kind: RewriteKind
    text_document: VersionedTextDocumentIdentifier
    range: Range
    instruction: str = ""  # of kind "rewrite": what to do
    diagnostics: tuple[Diagnostic, ...] = ()  # of kind "fix": what to fix
    partial_result_token: Token | None = None


class Hunk(Struct, frozen=True, rename="camel"):
    """One change that can be accepted alone: whole lines of the document as it was asked about."""

    id: int
    range: Range
    old_text: str
    new_text: str


class RewriteResult(Struct, frozen=True, rename="camel"):
    """A proposal; nothing is changed before ``glossator/accept``.

    ``applicable`` false: the rewrite failed a check, ``problems`` say which, and it can only be
    shown. ``hunks`` is empty then, and when there is nothing to change.
    """

    id: str  # for glossator/accept
    text_document: VersionedTextDocumentIdentifier
    range: Range  # what ``code`` would replace
    text: str  # the explanation, Markdown
    code: str
    applicable: bool
    problems: tuple[str, ...]
    hunks: tuple[Hunk, ...]
    findings: tuple[Finding, ...]
    citations: tuple[Citation, ...]
    finish_reason: wire.FinishReason
    usage: Usage
    timings: Timings


class AcceptParams(Struct, frozen=True, rename="camel"):
    """``glossator/accept``, request: apply these hunks of a rewrite; null means all of them."""

    id: str
    hunks: tuple[int, ...] | None = None


class AcceptResult(Struct, frozen=True, rename="camel"):
    """``applied`` false: nothing was changed, and ``reason`` tells the user why."""

    applied: bool
    accepted: tuple[int, ...]  # every hunk of this rewrite that is in the document now
    reason: str = ""


class MentionsParams(Struct, frozen=True, rename="camel"):
    """``glossator/mentions``, request: what could complete ``prefix``, a word of a prompt.

    It begins with ``@`` or ``/`` and ends at the cursor.
    """

    prefix: str
    text_document: TextDocumentIdentifier | None = None


class Mention(Struct, frozen=True, rename="camel"):
    """One way to complete it: ``label`` replaces the prefix."""

    label: str
    detail: str = ""


class Turn(Struct, frozen=True, rename="camel"):
    """One message of a conversation; an answer has its citations."""

    role: Literal["user", "assistant"]
    text: str
    citations: tuple[Citation, ...] = ()


class TabParams(Struct, frozen=True, rename="camel"):
    """Which conversation: of ``glossator/conversations/get`` and ``/delete``, requests."""

    tab_id: str


class ConversationSummary(Struct, frozen=True, rename="camel"):
    """``updatedAt`` in seconds since the epoch; ``title`` begins its first question."""

    tab_id: str
    title: str
    updated_at: float
    turns: int


class Conversation(Struct, frozen=True, rename="camel"):
    """All that was said in a tab, oldest first; empty when nothing was."""

    tab_id: str
    turns: tuple[Turn, ...]


class PrepareParams(Struct, frozen=True, rename="camel"):
    """``glossator/prepare``, notification: a question is likely to come; warm its path.

    To send when the chat gets the focus, when a selection has settled, and while the user types.
    """

    tab_id: str = ""
    prompt: str = ""
    text_document: TextDocumentIdentifier | None = None
    cursor_state: tuple[CursorState, ...] = ()


class FailureData(Struct, frozen=True, rename="camel", omit_defaults=True):
    """``data`` of an error response with code -32803."""

    code: wire.Code
    retry_after_ms: float | None = None


class StatusParams(Struct, frozen=True, rename="camel"):
    """``glossator/didChangeStatus``, notification: the connection to the backend.

    ``reason`` tells the user why it is offline and what to do about it. Whether the backend's
    model can complete code is known once it was asked to.
    """

    state: Literal["connecting", "ready", "degraded", "offline"]
    url: str
    reason: str = ""
    inline_completion: Literal["unknown", "available", "unavailable", "disabled"] = "unknown"
    inline_completion_reason: str = ""


def to_json(message: Struct) -> Any:
    """As plain values, for a JSON encoder that does not know msgspec."""
    return msgspec.to_builtins(message)
