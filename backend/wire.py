"""Wire protocol, version 1: every message that crosses the websocket, and nothing else.

Shared by the backend and the language server, so it imports msgspec alone.
One JSON text frame holds one message; its ``type`` field names the struct (lower case, ``_``).
A request is opened by ``Ask``, ``Lookup`` or ``Complete`` and ended by exactly one ``Terminal``;
``seq`` counts the frames of a request from 0 without gaps, so that ``Resume`` can name the last.
``docs/protocol.md`` is generated from these classes.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

SUBPROTOCOL = "glossator.v1"
PATH = "/v1/session"
EXTRACTIVE = "extractive"  # the name of the model where there is none

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
Traceparent = Annotated[str, Meta(max_length=128)]
RequestId = Annotated[str, Meta(min_length=1, max_length=128)]
Line = Annotated[int, Meta(ge=1)]
Milliseconds = Annotated[float, Meta(ge=0)]


class Selection(Struct, frozen=True, omit_defaults=True):
    """The code the user selected; lines are 1-based and inclusive."""

    text: str
    first_line: Line
    last_line: Line


class File(Struct, frozen=True, omit_defaults=True):
    """Another piece of code that the user named."""

    uri: str
    text: str
    language: str = ""
    first_line: Line = 1  # of the text, in its document


class Remark(Struct, frozen=True, omit_defaults=True):
    """What a compiler or a linter says of some lines of the document."""

    message: str
    first_line: Line
    last_line: Line
    source: str = ""  # "ruff", "mypy"
    code: str = ""  # "PERF401"
    fix: str = ""  # the lines as the tool itself would have them


class Context(Struct, frozen=True, omit_defaults=True):
    """What the editor knows about the place the question was asked from."""

    uri: str
    language: str = ""
    text: str = ""  # an excerpt of the document around the cursor
    first_line: Line = 1  # of the excerpt, in the document
    selection: Selection | None = None
    packages: tuple[str, ...] = ()  # top-level packages the document imports
    symbols: tuple[str, ...] = ()  # at the cursor, resolved through the imports: numpy.fft.rfft
    versions: dict[str, str] = {}  # of the packages, as installed beside the document
    scope: str = ""  # the definitions around the place, outermost first: "class A › def f(x)"
    remarks: tuple[Remark, ...] = ()
    files: tuple[File, ...] = ()
    diff: str = ""  # unified, of the workspace


class Turn(Struct, frozen=True):
    """One earlier message of the conversation."""

    role: Literal["user", "assistant"]
    text: str


class Ask(Struct, frozen=True, omit_defaults=True, tag="ask"):
    """Ask a question; everything the backend needs is in this one message."""

    id: RequestId  # of the client's choice; 1 to 128 characters
    question: Annotated[str, Meta(min_length=1)]
    kind: Kind = "chat"  # its priority: help before chat before optimize
    task: Task = "answer"  # what to do; all but "answer" are about the context's code
    context: Context | None = None  # the code it is about
    history: tuple[Turn, ...] = ()  # the conversation so far, oldest first
    instructions: str = ""  # the caller's own, added to the backend's system message
    model: str | None = None  # null: whatever the backend serves
    sources: tuple[str, ...] | None = None  # null: all sources; empty: answer without retrieval
    max_tokens: Annotated[int, Meta(ge=1)] | None = None  # at most the backend's own limit
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    stop: tuple[str, ...] = ()  # the answer ends before any of these
    deadline_ms: Annotated[float, Meta(gt=0)] | None = None  # from arrival to the last delta
    continue_from: str = ""  # this answer's text so far, if its gateway is gone: not sent again
    traceparent: Traceparent = ""  # W3C Trace Context: the trace that this request is a part of


class Prepare(Struct, frozen=True, omit_defaults=True, tag="prepare"):
    """Warm retrieval and prefill for a question that is likely to come. Never answered."""

    id: RequestId
    question: str = ""
    context: Context | None = None
    history: tuple[Turn, ...] = ()
    sources: tuple[str, ...] | None = None


class Lookup(Struct, frozen=True, omit_defaults=True, tag="lookup"):
    """What does the index know of a symbol? Answered by ``Found``; no model is asked."""

    id: RequestId
    symbol: Annotated[str, Meta(min_length=1, max_length=256)]  # imports resolved, if possible
    packages: tuple[str, ...] = ()  # top-level packages the document imports
    sources: tuple[str, ...] | None = None
    traceparent: Traceparent = ""  # as in `ask`


class Complete(Struct, frozen=True, omit_defaults=True, tag="complete"):
    """What stands between ``prefix`` and ``suffix``? Answered as ``Ask``, by nothing but code."""

    id: RequestId
    prefix: str
    suffix: str = ""
    max_tokens: Annotated[int, Meta(ge=1)] = 64
    traceparent: Traceparent = ""  # as in `ask`


class Cancel(Struct, frozen=True, tag="cancel"):
    """Stop a request: the engine aborts it and ``Finished(reason="cancelled")`` ends it."""

    id: RequestId


class Resume(Struct, frozen=True, tag="resume"):
    """After a dropped connection: send again every frame of a request after ``after_seq``."""

    id: RequestId
    after_seq: Annotated[int, Meta(ge=-1)] = -1


class Queued(Struct, frozen=True, tag="queued"):
    """The request waits for admission, ``position`` requests before it."""

    id: str
    seq: int
    position: int


class Admitted(Struct, frozen=True, tag="admitted"):
    """The request left the waiting room after ``queue_ms``; ``model`` will answer it."""

    id: str
    seq: int
    queue_ms: Milliseconds
    model: str


class Citation(Struct, frozen=True, omit_defaults=True):
    """One source the answer may refer to as ``[number]``."""

    number: int
    title: str
    uri: str
    breadcrumb: str = ""
    line: int | None = None  # 1-based
    version: str = ""  # of the source, such as the installed package's
    score: float = 0.0  # higher is better; comparable within one answer only


class Citations(Struct, frozen=True, omit_defaults=True, tag="citations"):
    """The sources of the answer, before its first delta."""

    id: str
    seq: int
    citations: tuple[Citation, ...]
    dataset: str = ""  # version of the index that was searched
    late: bool = False  # retrieval ran out of its time budget and the answer goes on without it


class Entry(Struct, frozen=True, omit_defaults=True):
    """One API entry of the index."""

    symbol: str  # fully qualified
    uri: str
    signature: str = ""
    summary: str = ""  # its first paragraph
    example: str = ""  # the documentation's own first one
    line: int | None = None  # 1-based
    source: str = ""
    version: str = ""


class Found(Struct, frozen=True, tag="found"):
    """Terminal: the entries that a ``Lookup`` can mean, best first; none is an answer too."""

    id: str
    seq: int
    entries: tuple[Entry, ...]


class Notice(Struct, frozen=True, tag="notice"):
    """Something the user should know, such as what a rail redacted."""

    id: str
    seq: int
    about: str
    message: str


class Delta(Struct, frozen=True, tag="delta"):
    """The next piece of the answer's text."""

    id: str
    seq: int
    text: str


class Usage(Struct, frozen=True):
    """Tokens as the engine counted them; all 0 for a generator without a tokenizer."""

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


class Finished(Struct, frozen=True, tag="finished"):
    """Terminal: the answer ended."""

    id: str
    seq: int
    reason: FinishReason
    usage: Usage
    timings: Timings


class Failed(Struct, frozen=True, omit_defaults=True, tag="failed"):
    """Terminal: no (further) answer. ``id`` is null when the frame at fault named no request."""

    id: str | None
    seq: int
    code: Code
    message: str
    retry_after_ms: float | None = None


class Status(Struct, frozen=True, tag="status"):
    """On connecting when something does not work as configured, and when that changes: what."""

    degraded: tuple[str, ...]


class GoAway(Struct, frozen=True, tag="goaway"):
    """The server is leaving: reconnect elsewhere once no answer is in flight."""

    reason: str


Request = Ask | Lookup | Complete
ClientFrame = Request | Prepare | Cancel | Resume
Terminal = Finished | Failed | Found
AnswerFrame = Queued | Admitted | Citations | Notice | Delta | Terminal
ServerFrame = AnswerFrame | Status | GoAway

_encoder = msgspec.json.Encoder()
_client_decoder: msgspec.json.Decoder[ClientFrame] = msgspec.json.Decoder(ClientFrame)
_server_decoder: msgspec.json.Decoder[ServerFrame] = msgspec.json.Decoder(ServerFrame)


def outcome(last: AnswerFrame) -> str:
    """How a request ended, in one word: the reason it finished for, or the code it failed with.

    ``last`` is its last frame; ``broken off`` where that is no terminal one.
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


def encode(frame: ClientFrame | ServerFrame) -> str:
    """One message as the text of one websocket frame."""
    return _encoder.encode(frame).decode()


def decode_client(text: str | bytes) -> ClientFrame:
    """Raises ``msgspec.DecodeError`` (malformed) or its ``ValidationError`` (wrong shape)."""
    return _client_decoder.decode(text)


def decode_server(text: str | bytes) -> ServerFrame:
    """Raises ``msgspec.DecodeError`` (malformed) or its ``ValidationError`` (wrong shape)."""
    return _server_decoder.decode(text)
