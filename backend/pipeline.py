"""The path of one question: admit → rails ∥ retrieve → prompt → generate → guard → frames.

Knows ports only. Every way out of ``answer`` leaves exactly one terminal frame behind.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from backend import prompt as prompts
from backend.answer import Answer
from backend.errors import Blocked, DeadlineExceeded, GlossatorError, UnknownModel
from backend.metrics import Metrics
from backend.ports import (
    Admission,
    Generator,
    Prompt,
    Rail,
    Retrieved,
    Retriever,
    Sampling,
    StreamGuard,
)
from backend.rails.screen import screen
from backend.settings import Settings
from backend.wire import (
    Admitted,
    Ask,
    Citations,
    Delta,
    Failed,
    Finished,
    FinishReason,
    Notice,
    Prepare,
    Queued,
    Timings,
    Usage,
)

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Progress:
    """What is known of a request so far; its terminal frame reports it."""

    started: float
    queue_ms: float = 0.0
    rails_ms: float = 0.0
    retrieval_ms: float = 0.0
    ttft_ms: float = 0.0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0

    def elapsed_ms(self) -> float:
        return (time.monotonic() - self.started) * 1000

    def timings(self) -> Timings:
        return Timings(
            queue_ms=round(self.queue_ms, 2),
            rails_ms=round(self.rails_ms, 2),
            retrieval_ms=round(self.retrieval_ms, 2),
            ttft_ms=round(self.ttft_ms, 2),
            total_ms=round(self.elapsed_ms(), 2),
        )

    def usage(self) -> Usage:
        return Usage(self.prompt_tokens, self.cached_tokens, self.completion_tokens)


class Pipeline:
    """``guard`` makes a fresh output guard for each answer; the rest is shared."""

    def __init__(
        self,
        *,
        settings: Settings,
        generator: Generator,
        retriever: Retriever,
        rails: Sequence[Rail],
        guard: Callable[[], StreamGuard],
        admission: Admission,
        metrics: Metrics,
    ) -> None:
        self._settings = settings
        self._generator = generator
        self._retriever = retriever
        self._rails = rails
        self._guard = guard
        self._admission = admission
        self._metrics = metrics

    @property
    def model(self) -> str:
        return self._generator.model

    async def answer(self, ask: Ask, answer: Answer) -> None:
        """Emits every frame of the answer. Raises nothing but cancellation, which it reports."""
        progress = _Progress(started=time.monotonic())
        deadline_ms = ask.deadline_ms or self._settings.server.default_deadline_s * 1000
        try:
            try:
                async with asyncio.timeout(deadline_ms / 1000):
                    reason = await self._answer(ask, answer, progress)
            except TimeoutError:
                raise DeadlineExceeded(
                    f"The answer was not complete after {deadline_ms:.0f} ms."
                ) from None
            self._finish(answer, reason, progress)
        except asyncio.CancelledError:
            self._finish(answer, "cancelled", progress)
            raise
        except GlossatorError as error:
            answer.fail(error)
        except Exception:
            # Without the text of the question: logs hold no content.
            log.exception("request %s failed", ask.id)
            answer.emit(
                Failed, code="internal", message="The backend failed; its log says why. Ask again."
            )
        finally:
            self._metrics.ended(ask.kind, answer, progress.ttft_ms / 1000)

    async def prepare(self, request: Prepare) -> None:
        """Warms retrieval and prefix for a likely question; a busy backend has better to do."""
        if self._admission.waiting:
            return
        ask = Ask(
            id=request.id,
            question=request.question or " ",
            context=request.context,
            history=request.history,
            sources=request.sources,
        )
        prompt, _ = await self._prompt(ask, _Progress(started=time.monotonic()))
        await self._generator.warm(prompt)

    async def _answer(self, ask: Ask, answer: Answer, progress: _Progress) -> FinishReason:
        if ask.model not in (None, self._generator.model):
            raise UnknownModel(
                f"Model {ask.model!r} is not served here; this backend serves "
                f"{self._generator.model!r}. Leave `model` out to take it."
            )
        if self._admission.full:
            answer.emit(Queued, position=self._admission.waiting)
        tokens = len(ask.question) // 4 + self._sampling(ask).max_tokens
        async with self._admission.admit(ask.kind, tokens):
            progress.queue_ms = progress.elapsed_ms()
            answer.emit(Admitted, queue_ms=progress.queue_ms, model=self._generator.model)
            prompt, found = await self._prompt(ask, progress, answer)
            citations, _ = prompts.cite(found.passages)
            answer.emit(Citations, citations=citations, dataset=found.dataset, late=found.late)
            return await self._generate(ask, prompt, answer, progress)

    async def _prompt(
        self, ask: Ask, progress: _Progress, answer: Answer | None = None
    ) -> tuple[Prompt, Retrieved]:
        """Rails and retrieval side by side. Retrieval sees the question before it is redacted:
        both stay on the company's machines, and only the rails' text reaches the model."""
        searching = asyncio.create_task(self._search(ask, progress))
        try:
            clean, notices = await self._screen(ask, progress)
            found = await searching
        finally:
            # A question that was blocked or cancelled needs no passages.
            searching.cancel()
        if answer is not None:
            for notice in notices:
                answer.emit(Notice, about="rails", message=notice)
        history_chars = self._settings.generation.history_chars
        return prompts.build(clean, found.passages, history_chars), found

    async def _screen(self, ask: Ask, progress: _Progress) -> tuple[Ask, list[str]]:
        started = time.monotonic()
        try:
            return await screen(ask, self._rails, self._settings.rails.budget_ms)
        finally:
            progress.rails_ms = (time.monotonic() - started) * 1000

    async def _search(self, ask: Ask, progress: _Progress) -> Retrieved:
        if ask.sources is not None and not ask.sources:
            return Retrieved()
        started = time.monotonic()
        found = await self._retriever.search(
            prompts.search_query(ask),
            ask.sources,
            limit=self._settings.retrieval.limit,
            budget_ms=self._settings.retrieval.budget_ms,
        )
        progress.retrieval_ms = (time.monotonic() - started) * 1000
        return found

    async def _generate(
        self, ask: Ask, prompt: Prompt, answer: Answer, progress: _Progress
    ) -> FinishReason:
        guard = self._guard()
        reason: FinishReason = "stop"
        stream = self._generator.stream(prompt, self._sampling(ask), ask.id)
        # Closing the iterator is what aborts the engine, on every way out of this block.
        async with aclosing(stream) as deltas:
            try:
                async for delta in deltas:
                    progress.completion_tokens += delta.tokens
                    progress.prompt_tokens = delta.prompt_tokens or progress.prompt_tokens
                    progress.cached_tokens = delta.cached_tokens or progress.cached_tokens
                    self._show(guard.feed(delta.text), answer, progress)
                    if delta.finish is not None:
                        reason = delta.finish
                self._show(guard.flush(), answer, progress)
            except Blocked as blocked:
                answer.emit(Notice, about="rails", message=blocked.message)
                return "blocked"
        return reason

    def _show(self, text: str, answer: Answer, progress: _Progress) -> None:
        if not text:
            return
        if not progress.ttft_ms:
            progress.ttft_ms = progress.elapsed_ms()
        answer.emit(Delta, text=text)

    def _finish(self, answer: Answer, reason: FinishReason, progress: _Progress) -> None:
        answer.emit(Finished, reason=reason, usage=progress.usage(), timings=progress.timings())

    def _sampling(self, ask: Ask) -> Sampling:
        generation = self._settings.generation
        return Sampling(
            max_tokens=min(ask.max_tokens or generation.max_tokens, generation.max_tokens),
            temperature=generation.temperature if ask.temperature is None else ask.temperature,
            stop=ask.stop,
        )
