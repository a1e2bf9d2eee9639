"""The ports of the pipeline: what it needs from outside, as Protocols.

Each one has a contract suite in ``tests/contracts``, which every adapter passes. Adapters raise
only the errors of ``backend.errors``.
"""

import math
from collections.abc import AsyncGenerator, Hashable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Literal, Protocol

from backend.protocol.wire import Kind, Usage
from indexer.types import Passage, Scope, Unknown

Role = Literal["system", "user", "assistant"]
Finish = Literal["stop", "length"]


@dataclass(frozen=True, slots=True)
class Message:
    role: Role
    text: str


@dataclass(frozen=True, slots=True)
class Gap:
    """Code around a cursor, for a generator that ``fills`` what is missing in between."""

    prefix: str
    suffix: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a generator gets: messages for a model, question and passages for ``extractive``.

    ``answerable`` is the probability that something indexed answers the question.
    If there is a ``gap``, the answer is what fills it and nothing else. ``late`` says that there
    are no passages because the search was too slow. A smaller ``priority`` runs first.
    ``cache_salt`` keeps the prefix caches of tenants apart. ``begun`` are token ids of the
    beginning of the answer, if another stream has made them from this prompt. The engine's own
    span is a part of ``traceparent``.
    """

    messages: tuple[Message, ...]
    question: str = ""
    passages: tuple[Passage, ...] = ()
    late: bool = False
    answerable: float | None = None
    priority: int = 0
    cache_salt: str = ""
    gap: Gap | None = None
    begun: tuple[int, ...] = ()
    traceparent: str = ""


@dataclass(frozen=True, slots=True)
class Sampling:
    """``seed`` makes an answer repeatable at a temperature above 0, if the engine can do that."""

    max_tokens: int = 512
    temperature: float = 0.0
    seed: int | None = None
    stop: tuple[str, ...] = ()
    ignore_eos: bool = False  # for benchmarks: always generate max_tokens


@dataclass(frozen=True, slots=True)
class TextDelta:
    """The text since the last delta, in ``tokens`` tokens. ``finish`` marks the last delta.

    Token counts are the engine's own; a generator without a tokenizer leaves them 0. ``ids`` are
    the new tokens, for ``Prompt.begun``; a generator that cannot go on from them leaves them out.
    They may be ahead of ``text``, which always ends with a whole character.
    """

    text: str
    tokens: int = 0
    ids: tuple[int, ...] = ()
    prompt_tokens: int = 0
    cached_tokens: int = 0
    finish: Finish | None = None


@dataclass(frozen=True, slots=True)
class Load:
    """The requests in the engine now, and the used share of its KV cache (0 to 1).

    ``max_requests`` and ``max_tokens`` are the most that it holds at once; 0 if it does not say.
    """

    running: int = 0
    waiting: int = 0
    kv_use: float = 0.0
    max_requests: int = 0
    max_tokens: int = 0


class Generator(Protocol):
    """Streams an answer. Closing the iterator early aborts the request in the engine."""

    model: str  # the name clients see
    fills: bool  # whether it answers a prompt with a ``gap``

    def stream(
        self, prompt: Prompt, sampling: Sampling, request_id: str
    ) -> AsyncGenerator[TextDelta]:
        """Ends after the delta with ``finish``. Raises ``BadFrame`` for a prompt that can't fit.

        It is always the whole answer. The part that ``prompt.begun`` stands for is in the deltas,
        in the token counts and in ``max_tokens``. A generator without ids makes that part again.
        """
        ...

    async def warm(self, prompt: Prompt) -> Usage:
        """Prefills the prompt, so that a later ``stream`` finds it in the prefix cache.

        Returns the cost, which is nothing when nothing was read.
        """
        ...

    async def load(self) -> Load: ...

    async def check(self) -> None:
        """Raises ``Unavailable`` when the engine cannot answer."""
        ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Retrieved:
    """``dataset`` is the version of the index. ``late`` says that the time budget ran out first,
    and ``failed`` that the index could not be searched.

    More is known about the question once it is embedded: ``similarity`` is its cosine to the
    nearest chunk (None if there was none), and ``subjects`` has its cosine to each phrase that the
    retriever was given. ``sources`` are those that the search could look into. ``answerable`` is
    the probability that something indexed answers the question; None when nobody knows.
    """

    passages: tuple[Passage, ...] = ()
    dataset: str = ""
    late: bool = False
    failed: bool = False
    similarity: float | None = None
    subjects: Mapping[str, float] = field(default_factory=dict)
    sources: tuple[str, ...] = ()
    answerable: float | None = None


class Retriever(Protocol):
    async def search(self, query: str, scope: Scope, limit: int, budget_ms: float) -> Retrieved:
        """The best passages, best first. Raises ``Unavailable``, but never because it is late."""
        ...

    async def lookup(self, symbol: str, scope: Scope, limit: int) -> list[Passage]:
        """The API entries of this name, or else those whose name ends with it. Embeds nothing."""
        ...

    async def unknown(self, names: Sequence[str], scope: Scope) -> list[Unknown]:
        """Those of the fully qualified names that an indexed package surely does not have."""
        ...


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open range of characters, and what was found there."""

    start: int
    end: int
    kind: str


Part = Literal["question", "conversation", "code"]


class Rail(Protocol):
    """Finds problems in texts. What to do about them is decided by a policy.

    ``name`` is the rail's section under ``[rails]`` in the settings, and ``parts`` are the parts of
    a request that it reads. A rail that judges a text as a whole returns one span over all of it.
    """

    name: str
    parts: frozenset[Part]

    def start(self) -> None:
        """Begins to load what the rail needs, and returns at once. Needs a running event loop."""
        ...

    async def check(self, texts: Sequence[str]) -> list[tuple[Span, ...]]:
        """The findings in each text, in order. Raises ``Unavailable`` when the rail cannot tell."""
        ...

    async def state(self) -> str:
        """Empty when the rail works as configured, else the reason: "loading", "no weights"."""
        ...

    async def close(self) -> None: ...


class StreamGuard(Protocol):
    """Judges one answer as it streams. Holds back only text that could still become a match."""

    def feed(self, text: str) -> str:
        """The text that may be shown now. Raises ``Blocked`` to end the answer."""
        ...

    def flush(self) -> str:
        """The text that was still held back, when the answer is complete."""
        ...


Work = Kind | Literal["prepare"]


@dataclass(frozen=True, slots=True)
class Demand:
    """What is known about a request when it arrives.

    Requests with the same ``user`` share their part of the engine. ``prompt_tokens`` is an estimate
    of what the client sent. After ``deadline``, in seconds on the event loop's clock, nobody waits
    for the answer any more.
    """

    kind: Work
    user: Hashable = ""
    prompt_tokens: float = 0.0
    max_tokens: int = 512
    deadline: float = math.inf


class Slot(Protocol):
    """A slot in the engine, or a position in the queue for one."""

    position: int | None
    """About how many requests go before this one; None when it has its slot."""

    async def admitted(self) -> None:
        """Returns when its turn has come. Raises ``DeadlineExceeded`` when that is too late."""
        ...

    def used(self, usage: Usage, *, whole: bool) -> None:
        """Notes the cost, as the engine counts it; ``whole`` says that it ran to its own end."""
        ...


class Admission(Protocol):
    """Decides which requests enter, and when. It is used on one event loop."""

    def enter(self, demand: Demand) -> AbstractContextManager[Slot]:
        """Queues at once, and gives the slot back when the block is left, on every way out.

        Raises ``Overloaded`` at once rather than let a request wait too long. A ``prepare`` never
        waits, and the task that entered for it is cancelled when others need the slot.
        """
        ...
