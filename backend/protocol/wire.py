"""Wire protocol, version 1: every message that crosses the websocket, and nothing else.

The backend and the language server share this module, so it imports only msgspec and ``fields``.
One JSON text frame holds one message, and its ``type`` field names the struct (lower case, ``_``).
``Ask``, ``Lookup`` or ``Complete`` opens a request, and exactly one ``Terminal`` ends it. ``seq``
counts the frames of a request from 0 without gaps, so that ``Resume`` can name the last one.
``docs/protocol.md`` is generated from these classes.
"""

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from backend.protocol.fields import (
    Headers,
    Line,
    Milliseconds,
    Model,
    Name,
    Packages,
    Patience,
    RequestId,
    Saying,
    Sources,
    Stops,
    Symbol,
    Symbols,
    Text,
    Tokens,
    Traceparent,
    Uri,
    Versions,
)

SUBPROTOCOL = "glossator.v1"
PATH = "/v1/session"
EXTRACTIVE = "extractive"  # the name of the model when there is none

Kind = Literal["help", "chat", "optimize"]
Task = Literal["answer", "explain", "optimize", "document", "fix", "rewrite", "tests"]
FinishReason = Literal["stop", "length", "cancelled", "blocked"]
Code = Literal[
    "bad_frame",
    "too_large",
    "unauthorized",
    "forbidden",
    "quota",
    "unknown_model",
    "unknown_request",
    "unsupported",
    "blocked",
    "overloaded",
    "deadline",
    "unavailable",
    "upstream",
    "internal",
]


class Selection(Struct, frozen=True, omit_defaults=True):
    """The code that the user selected. Lines are 1-based and inclusive."""

    text: Text
    first_line: Line
    last_line: Line


class File(Struct, frozen=True, omit_defaults=True):
    """Another piece of code that the user named."""

    uri: Uri
    text: Text
    language: Name = ""
    first_line: Line = 1  # of the text, in its document


class Remark(Struct, frozen=True, omit_defaults=True):
    """What a compiler or linter reports about some lines of the document."""

    message: Saying
    first_line: Line
    last_line: Line
    source: Name = ""  # "ruff", "mypy"
    code: Name = ""  # "PERF401"
    fix: Text = ""  # the lines as the tool would change them


Remarks = Annotated[tuple[Remark, ...], Meta(max_length=1000)]
Files = Annotated[tuple[File, ...], Meta(max_length=50)]


class Context(Struct, frozen=True, omit_defaults=True):
    """What the editor knows about the code from which the question was asked."""

    uri: Uri
    language: Name = ""
    text: Text = ""  # an excerpt of the document around the cursor
    first_line: Line = 1  # of the excerpt, in the document
    selection: Selection | None = None
    packages: Packages = ()  # top-level packages the document imports
    symbols: Symbols = ()  # at the cursor, resolved through the imports: numpy.fft.rfft
    versions: Versions = {}  # of the packages, as installed beside the document
    scope: Headers = ""  # the definitions around the cursor, outermost first: "class A › def f(x)"
    remarks: Remarks = ()
    files: Files = ()
    diff: Text = ""  # unified, of the workspace


class Turn(Struct, frozen=True):
    """One earlier message of the conversation."""

    role: Literal["user", "assistant"]
    text: Text


History = Annotated[tuple[Turn, ...], Meta(max_length=1000)]


class Ask(Struct, frozen=True, omit_defaults=True, tag="ask"):
    """Asks a question. Everything that the backend needs is in this one message."""

    id: RequestId  # of the client's choice; 1 to 128 characters
    question: Annotated[str, Meta(min_length=1, max_length=500_000)]
    kind: Kind = "chat"  # its priority: help before chat before optimize
    task: Task = "answer"  # what to do; all except "answer" are about the code of the context
    context: Context | None = None  # the code it is about
    history: History = ()  # the conversation so far, oldest first
    instructions: Text = ""  # of the caller, added to the backend's system message
    model: Model | None = None  # null: the one that the backend serves
    sources: Sources | None = None  # null: all sources; empty: answer without retrieval
    excerpts: bool = False  # whether citations come with the text that the model read
    max_tokens: Tokens | None = None  # never more than the backend's own limit
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    stop: Stops = ()  # the answer ends before any of these
    deadline_ms: Patience | None = None  # from arrival to the last delta
    continue_from: Text = ""  # text of this answer that is not sent again, if its gateway is gone
    traceparent: Traceparent = ""  # W3C Trace Context: the trace that this request is a part of


class Prepare(Struct, frozen=True, omit_defaults=True, tag="prepare"):
    """Warms retrieval and prefill for a question that is likely to come. It gets no answer."""

    id: RequestId
    question: Text = ""
    context: Context | None = None
    history: History = ()
    sources: Sources | None = None


class Lookup(Struct, frozen=True, omit_defaults=True, tag="lookup"):
    """Asks what the index knows about a symbol. ``Found`` answers it, and no model is asked."""

    id: RequestId
    symbol: Symbol  # imports resolved, if possible
    packages: Packages = ()  # top-level packages the document imports
    sources: Sources | None = None
    traceparent: Traceparent = ""  # as in `ask`


class Complete(Struct, frozen=True, omit_defaults=True, tag="complete"):
    """Asks for the code between ``prefix`` and ``suffix``. The frames are as for ``Ask``."""

    id: RequestId
    prefix: Text
    suffix: Text = ""
    max_tokens: Tokens = 64
    traceparent: Traceparent = ""  # as in `ask`


class Cancel(Struct, frozen=True, tag="cancel"):
    """Cancels a request: the engine aborts it, and ``Finished(reason="cancelled")`` ends it."""

    id: RequestId


class Resume(Struct, frozen=True, tag="resume"):
    """Asks again for all frames of a request after ``after_seq``, after a dropped connection."""

    id: RequestId
    after_seq: Annotated[int, Meta(ge=-1, le=2**31 - 1)] = -1


class Queued(Struct, frozen=True, tag="queued"):
    """The request waits for admission, with ``position`` requests before it."""

    id: str
    seq: int
    position: int


class Admitted(Struct, frozen=True, tag="admitted"):
    """The request left the waiting room after ``queue_ms``, and ``model`` will answer it."""

    id: str
    seq: int
    queue_ms: Milliseconds
    model: str


class Citation(Struct, frozen=True, omit_defaults=True):
    """One source, to which the answer may refer as ``[number]``."""

    number: int
    title: str
    uri: str
    breadcrumb: str = ""
    line: int | None = None  # 1-based
    version: str = ""  # of the source, such as the installed package's
    score: float = 0.0  # higher is better; comparable only within one answer
    excerpt: str = ""  # what the model read of it, where the question asked for `excerpts`


class Citations(Struct, frozen=True, omit_defaults=True, tag="citations"):
    """The sources of the answer. They come before its first delta."""

    id: str
    seq: int
    citations: tuple[Citation, ...]
    dataset: str = ""  # version of the index that was searched
    late: bool = False  # the search took too long, and the answer goes on without it


class Entry(Struct, frozen=True, omit_defaults=True):
    """One API entry of the index."""

    symbol: str  # fully qualified
    uri: str
    signature: str = ""
    summary: str = ""  # its first paragraph
    example: str = ""  # the first one in the documentation
    line: int | None = None  # 1-based
    source: str = ""
    version: str = ""


class Found(Struct, frozen=True, tag="found"):
    """Terminal: the entries that a ``Lookup`` can mean, best first. There may be none."""

    id: str
    seq: int
    entries: tuple[Entry, ...]


class Notice(Struct, frozen=True, omit_defaults=True, tag="notice"):
    """Something that the user should know, such as what a rail redacted.

    One about ``names`` marks a name in the answer that the indexed version does not have.
    """

    id: str
    seq: int
    about: str
    message: str
    start: int | None = None  # where in the answer's text, in characters (Unicode code points)
    end: int | None = None  # exclusive
    instead: str = ""  # the nearest name that exists
    uri: str = ""  # where that is documented
    line: int | None = None  # 1-based


class Thinking(Struct, frozen=True, tag="thinking"):
    """The model has begun to think, before it answers. What it thinks is not sent."""

    id: str
    seq: int


class Delta(Struct, frozen=True, tag="delta"):
    """The next piece of the answer's text."""

    id: str
    seq: int
    text: str


class Usage(Struct, frozen=True):
    """Tokens, as the engine counted them. All are 0 for a generator without a tokenizer."""

    prompt_tokens: int = 0
    cached_tokens: int = 0  # of the prompt, found in the prefix cache
    completion_tokens: int = 0


class Timings(Struct, frozen=True):
    """Where the time went. ``ttft_ms`` and ``total_ms`` count from the request's arrival."""

    queue_ms: Milliseconds = 0.0  # in the waiting room
    rails_ms: Milliseconds = 0.0  # input rails, side by side with retrieval
    retrieval_ms: Milliseconds = 0.0
    ttft_ms: Milliseconds = 0.0  # to the first delta; 0 when there was none
    total_ms: Milliseconds = 0.0  # to this frame


class Finished(Struct, frozen=True, omit_defaults=True, tag="finished"):
    """Terminal: the answer ended.

    ``cited`` are the numbers of the citations that support it; what supports nothing is no source.
    """

    id: str
    seq: int
    reason: FinishReason
    usage: Usage
    timings: Timings
    cited: tuple[int, ...] | None = None  # null: nobody knows


class Failed(Struct, frozen=True, omit_defaults=True, tag="failed"):
    """Terminal: no answer, or no more of it. ``id`` is null if the frame named no request."""

    id: str | None
    seq: int
    code: Code
    message: str
    retry_after_ms: float | None = None


class Status(Struct, frozen=True, tag="status"):
    """What does not work as configured. Sent on connecting, and when it changes."""

    degraded: tuple[str, ...]


class GoAway(Struct, frozen=True, tag="goaway"):
    """The server is leaving. Reconnect elsewhere once no answer is in flight."""

    reason: str


Request = Ask | Lookup | Complete
ClientFrame = Request | Prepare | Cancel | Resume
Terminal = Finished | Failed | Found
AnswerFrame = Queued | Admitted | Citations | Notice | Thinking | Delta | Terminal
ServerFrame = AnswerFrame | Status | GoAway

_encoder = msgspec.json.Encoder()
_client_decoder: msgspec.json.Decoder[ClientFrame] = msgspec.json.Decoder(ClientFrame)
_server_decoder: msgspec.json.Decoder[ServerFrame] = msgspec.json.Decoder(ServerFrame)


def outcome(last: AnswerFrame) -> str:
    """How a request ended, in one word: the reason of ``Finished`` or the code of ``Failed``.

    ``last`` is its last frame. If that is not a terminal frame, the word is ``broken off``.
    """
    match last:
        case Finished(reason=reason):
            return reason
        case Failed(code=code):
            return code
        case Found():
            return "found"
        case _:
            return "broken off"


def supporting(citations: Sequence[Citation], end: Finished) -> tuple[Citation, ...]:
    """The citations that support an answer; all of them where nobody knows."""
    cited = end.cited
    return tuple(each for each in citations if cited is None or each.number in cited)


def encode(frame: ClientFrame | ServerFrame) -> str:
    """The text of the websocket frame for a message."""
    return _encoder.encode(frame).decode()


def decode_client(text: str | bytes) -> ClientFrame:
    """Raises ``msgspec.DecodeError`` (malformed) or its ``ValidationError`` (wrong shape)."""
    return _client_decoder.decode(text)


def decode_server(text: str | bytes) -> ServerFrame:
    """Raises ``msgspec.DecodeError`` (malformed) or its ``ValidationError`` (wrong shape)."""
    return _server_decoder.decode(text)
