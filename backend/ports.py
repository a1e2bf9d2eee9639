"""The ports of the pipeline: what it needs from the outside, as Protocols.

Each has a contract suite in ``tests/contracts`` that every adapter passes. Adapters raise only
the errors of ``backend.errors``.
"""

import math
from collections.abc import AsyncGenerator, Hashable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Literal, Protocol

from backend.protocol.wire import Kind, Usage
from indexer.types import Passage, Scope

Role = Literal["system", "user", "assistant"]
Finish = Literal["stop", "length"]


@dataclass(frozen=True, slots=True)
class Message:
    role: Role
    text: str


@dataclass(frozen=True, slots=True)
class Gap:
    """Code around a cursor, for a generator that can ``fill`` what is missing between."""

    prefix: str
    suffix: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a generator answers: the messages for a model; question and passages for ``extractive``;
    of a ``gap`` what fills it, and nothing else.

    ``late``: it has no passages because the search was too slow. ``priority``: smaller runs
    first. ``cache_salt`` keeps the prefix caches of tenants apart. ``begun``: token ids of the
    beginning of the answer, when another stream that was given this prompt has made them already.
    ``traceparent``: what the engine's own span is a part of.
    """

    messages: tuple[Message, ...]
    question: str = ""
    passages: tuple[Passage, ...] = ()
    late: bool = False
    priority: int = 0
    cache_salt: str = ""
    gap: Gap | None = None
    begun: tuple[int, ...] = ()
    traceparent: str = ""


@dataclass(frozen=True, slots=True)
class Sampling:
    """``seed`` makes an answer repeatable at a temperature above 0, where the engine can."""

    max_tokens: int = 512
    temperature: float = 0.0
    seed: int | None = None
    stop: tuple[str, ...] = ()
    ignore_eos: bool = False  # for benchmarks: always generate max_tokens


@dataclass(frozen=True, slots=True)
class TextDelta:
    """New text since the last delta, of ``tokens`` tokens; ``finish`` marks the last one.

    Token counts are the engine's own; a generator without a tokenizer leaves them 0. ``ids`` are
    the new tokens themselves, for ``Prompt.begun``; a generator that cannot go on from them has
    none. They may be ahead of ``text``, which ends where a character does.
    """

    text: str
    tokens: int = 0
    ids: tuple[int, ...] = ()
    prompt_tokens: int = 0
    cached_tokens: int = 0
    finish: Finish | None = None


@dataclass(frozen=True, slots=True)
class Load:
    """Requests in the engine now, and the share of its KV cache in use (0 to 1).

    ``max_requests`` and ``max_tokens`` are what it holds at once; 0: it does not say.
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

        Always the whole answer: what ``prompt.begun`` stands for is part of the deltas, of the
        token counts and of ``max_tokens``; a generator that knows no ids makes it anew.
        """
        ...

    async def warm(self, prompt: Prompt) -> Usage:
        """Prefill the prompt so that a later ``stream`` finds it in the prefix cache.

        Returns what that has cost; nothing where nothing was read.
        """
        ...

    async def load(self) -> Load: ...

    async def check(self) -> None:
        """Raises ``Unavailable`` when the engine cannot answer."""
        ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Retrieved:
    """``dataset`` is the version of the index; ``late``: the budget ran out first; ``failed``: the
    index could not be searched.

    What else is known of the question once it is embedded: ``similarity``, its cosine to the
    nearest chunk (None: there was none to compare with), and its cosine to each of the subjects
    that the retriever was given, by their phrases. ``sources`` is what the scope let be searched.
    """

    passages: tuple[Passage, ...] = ()
    dataset: str = ""
    late: bool = False
    failed: bool = False
    similarity: float | None = None
    subjects: Mapping[str, float] = field(default_factory=dict)
    sources: tuple[str, ...] = ()


class Retriever(Protocol):
    async def search(self, query: str, scope: Scope, limit: int, budget_ms: float) -> Retrieved:
        """The best passages, best first. Never raises for lateness, but ``Unavailable``."""
        ...

    async def lookup(self, symbol: str, scope: Scope, limit: int) -> list[Passage]:
        """The API entries of this name, else those whose name ends with it. Embeds nothing."""
        ...


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open range of characters and what was found there."""

    start: int
    end: int
    kind: str


Part = Literal["question", "conversation", "code"]


class Rail(Protocol):
    """Finds what a policy may act upon; it decides nothing itself.

    ``name`` is its section under ``[rails]`` in the settings, ``parts`` what it wants to read of
    a question. A rail that judges a text as a whole returns one span over all of it.
    """

    name: str
    parts: frozenset[Part]

    def start(self) -> None:
        """Begins to load what it needs, and returns at once. Needs a running event loop."""
        ...

    async def check(self, texts: Sequence[str]) -> list[tuple[Span, ...]]:
        """What was found in each text, in order. Raises ``Unavailable`` when it cannot say."""
        ...

    async def state(self) -> str:
        """Empty when it works as configured, else why it does not: "loading", "no weights"."""
        ...

    async def close(self) -> None: ...


class StreamGuard(Protocol):
    """Judges one answer as it streams; holds back only what could still become a match."""

    def feed(self, text: str) -> str:
        """The text that is safe to show now. Raises ``Blocked`` to end the answer."""
        ...

    def flush(self) -> str:
        """What was still held back, once the answer is complete."""
        ...


Work = Kind | Literal["prepare"]


@dataclass(frozen=True, slots=True)
class Demand:
    """What is known of a request on its arrival.

    ``user`` is whoever is to be treated as one, ``prompt_tokens`` an estimate of what the client
    sent, ``deadline`` when nobody waits any more, in seconds on the event loop's clock.
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
    """Decides who enters, and when. Used on one event loop."""

    def enter(self, demand: Demand) -> AbstractContextManager[Slot]:
        """Queues at once, and gives the slot back when the block is left, on every way out.

        Raises ``Overloaded`` at once rather than let a request wait too long. A ``prepare`` never
        waits, and the task that entered for it is cancelled when others need the slot.
        """
        ...
