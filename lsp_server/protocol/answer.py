"""What every answer has, for any request."""

from msgspec import Struct


class Citation(Struct, frozen=True, rename="camel"):
    """A source that the text cites as ``[number]``. ``line`` counts from 0."""

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
