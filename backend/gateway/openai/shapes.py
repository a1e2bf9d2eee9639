"""The JSON of the OpenAI API's chat completions and models, as far as this backend has it.

Shapes follow the OpenAI API reference. ``citations`` and ``notices`` are our additions, which
OpenAI clients pass through. The OpenAPI document is made from these classes, so it is always true.
"""

import uuid
from typing import Annotated, Literal

from msgspec import Meta, Struct

from backend.errors import BadFrame
from backend.protocol.fields import Model as ModelName
from backend.protocol.fields import Name, Stop, Stops, Text, Tokens
from backend.protocol.wire import Ask, Citation, Turn, Usage


class Part(Struct):
    """A piece of a message. Only texts are read."""

    type: Name
    text: Text = ""


class Message(Struct):
    role: Literal["system", "developer", "user", "assistant"]
    content: Text | Annotated[list[Part], Meta(max_length=1000)]

    @property
    def text(self) -> str:
        if isinstance(self.content, str):
            return self.content
        return "".join(part.text for part in self.content if part.type == "text")


class StreamOptions(Struct):
    include_usage: bool = False


class ChatRequest(Struct):
    """The last message is the question. It must be the user's, with a text."""

    messages: Annotated[list[Message], Meta(min_length=1, max_length=1000)]
    model: ModelName | None = None
    stream: bool = False
    stream_options: StreamOptions | None = None
    max_tokens: Tokens | None = None
    max_completion_tokens: Tokens | None = None
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    stop: Stop | Stops | None = None
    user: Annotated[str, Meta(max_length=512)] | None = None  # of the caller's: each gets a share

    def ask(self, traceparent: str = "") -> Ask:
        """Raises ``BadFrame`` when the last message is not a question."""
        spoken = [m for m in self.messages if m.role not in ("system", "developer")]
        if not spoken or spoken[-1].role != "user" or not spoken[-1].text:
            raise BadFrame("The last message must be the user's, with a text.")
        *earlier, last = spoken
        return Ask(
            id=f"chatcmpl-{uuid.uuid4().hex}",
            question=last.text,
            history=tuple(
                Turn("user" if m.role == "user" else "assistant", m.text) for m in earlier
            ),
            instructions="\n\n".join(
                m.text for m in self.messages if m.role in ("system", "developer")
            ),
            model=self.model,
            max_tokens=self.max_completion_tokens or self.max_tokens,
            temperature=self.temperature,
            stop=(self.stop,) if isinstance(self.stop, str) else self.stop or (),
            traceparent=traceparent,
        )


class PromptTokens(Struct, frozen=True):
    cached_tokens: int


class TokenUsage(Struct, frozen=True):
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: PromptTokens

    @classmethod
    def of(cls, usage: Usage) -> "TokenUsage":
        return cls(
            usage.prompt_tokens,
            usage.completion_tokens,
            usage.prompt_tokens + usage.completion_tokens,
            PromptTokens(usage.cached_tokens),
        )


class Reply(Struct, frozen=True):
    content: str
    role: Literal["assistant"] = "assistant"


class Choice(Struct, frozen=True):
    message: Reply
    finish_reason: str
    index: int = 0


class ChatCompletion(Struct, frozen=True):
    id: str
    created: int  # seconds since 1970
    model: str
    choices: tuple[Choice, ...]
    usage: TokenUsage
    citations: tuple[Citation, ...]
    notices: tuple[str, ...]
    object: Literal["chat.completion"] = "chat.completion"


class Model(Struct, frozen=True):
    id: str
    object: Literal["model"] = "model"
    created: int = 0
    owned_by: str = "glossator"


class Models(Struct, frozen=True):
    data: tuple[Model, ...]
    object: Literal["list"] = "list"


class ErrorDetail(Struct, frozen=True):
    """``type`` and ``code`` are both the code of the wire protocol. ``message`` says what to do."""

    message: str
    type: str
    code: str
    param: str | None = None


class ErrorBody(Struct, frozen=True):
    error: ErrorDetail
