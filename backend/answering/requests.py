"""The requests that a model answers: a question, and a gap in code. Pure.

Each kind says how it is checked, measured, searched for and written as a prompt, so that the
pipeline treats both alike.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Protocol, Self

from backend.answering import prompt as prompts
from backend.answering.written.completion_end import CompletionEnd, Unended
from backend.errors import UnknownModel, Unsupported
from backend.ports import Generator, Prompt, Sampling
from backend.protocol.wire import Ask, Complete, Kind, Prepare, Turn
from backend.rails.screen import Screen
from backend.settings import Generation
from indexer.types import Passage, Scope

_NOWHERE = Scope(())


class Asked(Protocol):
    """A request as the pipeline sees it. ``question`` is empty where there is none to judge."""

    @property
    def id(self) -> str: ...

    @property
    def kind(self) -> Kind: ...

    @property
    def question(self) -> str: ...

    @property
    def history(self) -> Sequence[Turn]: ...

    @property
    def query(self) -> str:
        """What retrieval looks for."""
        ...

    @property
    def refers(self) -> bool:
        """Whether earlier questions are searched for together with this one."""
        ...

    @property
    def deadline_ms(self) -> float | None: ...

    @property
    def continue_from(self) -> str: ...

    @property
    def cites(self) -> bool:
        """Whether the answer is prose about documentation, and not code for a file."""
        ...

    @property
    def excerpts(self) -> bool:
        """Whether citations come with the text of their passages."""
        ...

    @property
    def code(self) -> str:
        """The user's own code. Its imports tell what names in an answer mean."""
        ...

    def check(self, generator: Generator) -> None:
        """Raises ``GlossatorError`` for a request that this generator cannot answer."""
        ...

    def scope(self, allowed: Sequence[str] | None) -> Scope:
        """Where retrieval looks, within what the tenant may see (None: everything)."""
        ...

    def tokens_sent(self, generation: Generation) -> float:
        """An estimate of what the client sent."""
        ...

    def sampling(self, generation: Generation) -> Sampling: ...

    def prompt(self, passages: Sequence[Passage], generation: Generation, salt: str) -> Prompt: ...

    def end(self) -> CompletionEnd | Unended:
        """Where the answer ends, if not where its model ends it."""
        ...

    async def redacted(self, screen: Screen) -> tuple[Self, list[str]]:
        """The request as the model may see it, and notices. Raises ``Blocked``."""
        ...

    async def judged(self, screen: Screen) -> list[str]:
        """Notices. Raises ``Blocked``."""
        ...


@dataclass(frozen=True, slots=True)
class Question:
    """An ``Ask``."""

    frame: Ask

    @classmethod
    def likely(cls, request: Prepare) -> "Question":
        """The question that a ``Prepare`` expects, as far as its prompt is known."""
        return cls(
            Ask(
                id=request.id,
                question=request.question or " ",
                context=request.context,
                history=request.history,
                sources=request.sources,
                max_tokens=1,
            )
        )

    @property
    def id(self) -> str:
        return self.frame.id

    @property
    def kind(self) -> Kind:
        return self.frame.kind

    @property
    def question(self) -> str:
        return self.frame.question

    @property
    def history(self) -> Sequence[Turn]:
        return self.frame.history

    @property
    def query(self) -> str:
        return prompts.search_query(self.frame)

    @property
    def refers(self) -> bool:
        return bool(prompts.referred(self.frame))

    @property
    def deadline_ms(self) -> float | None:
        return self.frame.deadline_ms

    @property
    def continue_from(self) -> str:
        return self.frame.continue_from

    @property
    def cites(self) -> bool:
        return self.frame.kind != "optimize" and self.frame.task in ("answer", "explain")

    @property
    def excerpts(self) -> bool:
        return self.frame.excerpts

    @property
    def code(self) -> str:
        context = self.frame.context
        return (
            context.text or (context.selection.text if context.selection else "") if context else ""
        )

    def check(self, generator: Generator) -> None:
        if self.frame.model not in (None, generator.model):
            raise UnknownModel(
                f"Model {self.frame.model!r} is not served here; this backend serves "
                f"{generator.model!r}. Leave `model` out to take it."
            )

    def scope(self, allowed: Sequence[str] | None) -> Scope:
        return prompts.scope(self.frame, allowed)

    def tokens_sent(self, generation: Generation) -> float:
        return prompts.estimate_sent(self.frame, generation.history_chars)

    def sampling(self, generation: Generation) -> Sampling:
        ask = self.frame
        temperature = generation.temperature if ask.temperature is None else ask.temperature
        return _sampling(ask.id, ask.max_tokens, temperature, ask.stop, generation)

    def prompt(self, passages: Sequence[Passage], generation: Generation, salt: str) -> Prompt:
        return prompts.build(self.frame, passages, generation.history_chars, salt)

    def end(self) -> Unended:
        return Unended()

    async def redacted(self, screen: Screen) -> "tuple[Question, list[str]]":
        frame, notices = await screen.redact(self.frame)
        return replace(self, frame=frame), notices

    async def judged(self, screen: Screen) -> list[str]:
        return await screen.judge(self.frame)


@dataclass(frozen=True, slots=True)
class Completion:
    """A ``Complete``. Nothing is searched for it: a gap needs the code around it alone."""

    frame: Complete

    kind: ClassVar[Kind] = "help"  # somebody waits with the cursor in the gap
    question: ClassVar[str] = ""
    query: ClassVar[str] = ""
    refers: ClassVar[bool] = False
    history: ClassVar[Sequence[Turn]] = ()
    deadline_ms: ClassVar[float | None] = None
    continue_from: ClassVar[str] = ""
    cites: ClassVar[bool] = False
    excerpts: ClassVar[bool] = False
    code: ClassVar[str] = ""

    @property
    def id(self) -> str:
        return self.frame.id

    def check(self, generator: Generator) -> None:
        if not generator.fills:
            raise Unsupported(
                f"{generator.model} cannot complete code: it has no fill-in-the-middle "
                "tokens, or stands behind an API without them. Serve a coder model with vLLM, "
                "such as Qwen2.5-Coder."
            )

    def scope(self, allowed: Sequence[str] | None) -> Scope:
        return _NOWHERE

    def tokens_sent(self, generation: Generation) -> float:
        return (len(self.frame.prefix) + len(self.frame.suffix)) / 4

    def sampling(self, generation: Generation) -> Sampling:
        request = self.frame
        stop = ("\n\n\n",)
        return _sampling(request.id, request.max_tokens, generation.temperature, stop, generation)

    def prompt(self, passages: Sequence[Passage], generation: Generation, salt: str) -> Prompt:
        return prompts.fill(self.frame, salt)

    def end(self) -> CompletionEnd:
        return CompletionEnd(self.frame.prefix, self.frame.suffix)

    async def redacted(self, screen: Screen) -> "tuple[Completion, list[str]]":
        frame, notices = await screen.redact(self.frame)
        return replace(self, frame=frame), notices

    async def judged(self, screen: Screen) -> list[str]:
        return await screen.judge(self.frame)


def _sampling(
    request_id: str,
    max_tokens: int | None,
    temperature: float,
    stop: tuple[str, ...],
    generation: Generation,
) -> Sampling:
    return Sampling(
        max_tokens=min(max_tokens or generation.max_tokens, generation.max_tokens),
        temperature=temperature,
        # The same request gets the same answer again, should it have to be generated twice.
        seed=zlib.crc32(request_id.encode()) if temperature else None,
        stop=stop,
    )
