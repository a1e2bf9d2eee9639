"""The path of one request: admit → redact ∥ retrieve → prompt → generate → guard → frames.

Rails that can only warn or block run beside all of that; the first delta waits for them.

The pipeline knows ports only. However ``answer`` ends, exactly one terminal frame was emitted.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace

from backend.answering.answer import NOBODY, Answer
from backend.answering.draft import Draft
from backend.answering.opening import Verdict, hand_over, opened
from backend.answering.pace import Pace
from backend.answering.progress import Progress
from backend.answering.requests import Asked, Completion, Question
from backend.answering.search import Search
from backend.answering.telling import (
    LOOP,
    ONLY_THOUGHT,
    UNSUPPORTED,
    Shown,
    finish,
    introduce,
    show,
    warn,
)
from backend.errors import Blocked, DeadlineExceeded, GlossatorError
from backend.generators.chat.thinking import Thinking
from backend.generators.replay import Replay
from backend.identity.caller import Caller
from backend.metrics import Metrics
from backend.ports import (
    Admission,
    Demand,
    Generator,
    Rail,
    Retrieved,
    Retriever,
    Slot,
    StreamGuard,
    TextDelta,
    Work,
)
from backend.protocol import wire
from backend.protocol.wire import (
    Admitted,
    Ask,
    Complete,
    Failed,
    FinishReason,
    Notice,
    Prepare,
    Queued,
)
from backend.rails.output.hold_back import Tell
from backend.rails.output.outgoing import Outgoing
from backend.rails.screen import Screen
from backend.rails.stages import Stages
from backend.records.audit import Audit
from backend.settings import Settings

log = logging.getLogger(__name__)


class Pipeline:
    """``guard`` makes the output guard of one answer, for its tenant; the rest is shared."""

    def __init__(
        self,
        *,
        settings: Settings,
        generator: Generator,
        retriever: Retriever,
        rails: Sequence[Rail],
        guard: Callable[[str, Tell], StreamGuard],
        admission: Admission,
        metrics: Metrics,
    ) -> None:
        self._settings = settings
        self._generator = generator
        self._pace = Pace()
        self._search = Search(settings, retriever, generator, self._pace)
        self._rails = Stages(settings, rails, guard, Audit(metrics))
        self._admission = admission
        self._metrics = metrics

    @property
    def model(self) -> str:
        return self._generator.model

    async def degraded(self) -> dict[str, str]:
        """The parts that do not work as configured, by name, and why."""
        index = {"index": self._search.failing} if self._search.failing else {}
        return await self._rails.degraded() | index

    async def answer(self, ask: Ask, answer: Answer) -> None:
        """Emits every frame of the answer.

        Never raises, except when cancelled; then it still emits the last frame.
        """
        await self._answer(Question(ask), answer)

    async def complete(self, request: Complete, answer: Answer) -> None:
        """Emits what fills the gap, in the same way."""
        await self._answer(Completion(request), answer)

    async def prepare(
        self,
        request: Prepare,
        caller: Caller = NOBODY,
        spend: Callable[[int], None] = lambda tokens: None,
    ) -> None:
        """Warms retrieval and prefix cache for a likely question, where a slot is to spare.

        Calls ``spend`` with the cost, however it ends. Raises ``Overloaded`` when no slot is to
        spare; the calling task is cancelled when others need the slot.
        """
        question = Question.likely(request)
        progress = Progress(started=time.monotonic())
        try:
            with self._admission.enter(self._demand("prepare", question, caller, progress)) as slot:
                screen = self._rails.screen(caller.tenant)
                draft, _ = await self._draft(question, screen, caller.tenant, progress)
                hand_over(draft.prompt, self._generator, progress)
                progress.warmed(await self._generator.warm(draft.prompt))
                slot.used(progress.usage(), whole=True)
        except GlossatorError:
            progress.refused()
            raise
        finally:
            spend(progress.cost())

    async def _answer(self, request: Asked, answer: Answer) -> None:
        now = time.monotonic()
        deadline_ms = request.deadline_ms or self._settings.server.default_deadline_s * 1000
        progress = Progress(now, now + deadline_ms / 1000, answer.trace)
        try:
            try:
                async with asyncio.timeout(deadline_ms / 1000):
                    reason = await self._admitted(request, answer, progress)
            except TimeoutError:
                raise DeadlineExceeded(
                    f"The answer was not complete after {deadline_ms:.0f} ms."
                ) from None
            finish(answer, reason, progress)
        except asyncio.CancelledError:
            finish(answer, "cancelled", progress)
            raise
        except GlossatorError as error:
            if not isinstance(error, DeadlineExceeded | Blocked):
                progress.refused()
            answer.fail(error)
        except Exception:
            # Without the text of the question: logs hold no content.
            log.exception("request %s failed", request.id)
            answer.emit(
                Failed, code="internal", message="The backend failed; its log says why. Ask again."
            )
        finally:
            answer.cost = progress.cost()
            self._metrics.ended(request.kind, answer.frames[-1], progress.ttft_ms / 1000)

    async def _admitted(self, request: Asked, answer: Answer, progress: Progress) -> FinishReason:
        request.check(self._generator)
        demand = self._demand(request.kind, request, answer.caller, progress)
        with self._admission.enter(demand) as slot:
            if slot.position is not None:
                answer.emit(Queued, position=slot.position)
            with progress.trace.span("admission"):
                await slot.admitted()
            progress.queue_ms = progress.elapsed_ms()
            answer.emit(Admitted, queue_ms=progress.queue_ms, model=self._generator.model)
            return await self._screened(request, answer, slot, progress)

    async def _screened(
        self, request: Asked, answer: Answer, slot: Slot, progress: Progress
    ) -> FinishReason:
        tenant = answer.caller.tenant
        screen = self._rails.screen(tenant)
        verdict = asyncio.create_task(_judged(request, screen, progress))
        whole = False
        try:
            draft, notices = await self._draft(request, screen, tenant, progress)
            notices += await self._relevant(request, draft.found, tenant)
            outgoing = self._rails.outgoing(request.id, tenant, screen.vault)
            reason = await self._generate(draft, notices, verdict, outgoing, answer, progress)
            whole = reason in ("stop", "length")
            return reason
        finally:
            verdict.cancel()
            self._pace.learn(progress.prompt_tokens - progress.cached_tokens, progress.prefill_s)
            slot.used(progress.usage(), whole=whole)

    async def _draft(
        self, request: Asked, screen: Screen, tenant: str, progress: Progress
    ) -> tuple[Draft, list[str]]:
        """Redacts and retrieves side by side; returns notices too.

        Retrieval sees the question before it is redacted: both stay on the company's machines,
        and only the redacted text reaches the model.
        """
        searching = asyncio.create_task(self._search.passages(request, tenant, progress))
        started = time.monotonic()
        try:
            with progress.trace.span("rails.redact"):
                clean, notices = await request.redacted(screen)
            progress.rails_ms = (time.monotonic() - started) * 1000
            found = await searching
        finally:
            # A question that was blocked or cancelled needs no passages.
            searching.cancel()
        most = float(self._settings.retrieval.passage_tokens)
        room = self._room(clean, most)
        draft = Draft.of(
            clean,
            replace(found, passages=self._rails.disarm(found.passages)),
            self._settings.generation,
            room,
            sparing=room < most,
            salt=tenant,
            traceparent=progress.trace.traceparent,
        )
        return draft, notices

    def _room(self, request: Asked, most: float) -> float:
        """The tokens that passages may take on this machine."""
        generation = self._settings.generation
        return self._pace.passage_tokens(most, request.tokens_sent(generation), generation.read_s)

    async def _relevant(self, request: Asked, found: Retrieved, tenant: str) -> list[str]:
        if not request.question:
            return []

        async def search(query: str) -> Retrieved:
            return await self._search.find(query, request, tenant)

        return await self._rails.relevant(
            request.id,
            request.question,
            request.history,
            found,
            tenant,
            search,
            joined=request.refers,
        )

    async def _generate(
        self,
        draft: Draft,
        notices: list[str],
        verdict: Verdict,
        outgoing: Outgoing,
        answer: Answer,
        progress: Progress,
    ) -> FinishReason:
        draft, stream, delta = await opened(self._generator, draft, verdict, progress)
        # Closing the iterator aborts the engine, on every way out of this block.
        names = self._search.names_check(draft.request, answer)
        async with aclosing(stream) as deltas, outgoing, names:
            introduce(answer, draft, (*notices, *verdict.result()), self.model)
            citing = draft.attribution(self.model)
            shown = Shown(outgoing, citing, names, Replay(draft.request.continue_from))
            try:
                with progress.trace.span("decode"):
                    reason = await _stream(delta, deltas, draft, shown, answer, progress)
                show(answer, shown.end(), progress)
                await outgoing.settle()
                await names.settle()
            except Blocked as blocked:
                warn(answer, blocked.message)
                return "blocked"
            finally:
                progress.cited = tuple(sorted(citing.cited))
            if not citing.grounded:
                answer.emit(Notice, about="citations", message=UNSUPPORTED)
        return reason

    def _demand(self, kind: Work, request: Asked, caller: Caller, progress: Progress) -> Demand:
        generation = self._settings.generation
        return Demand(
            kind=kind,
            user=caller.party,
            prompt_tokens=request.tokens_sent(generation),
            max_tokens=request.sampling(generation).max_tokens,
            deadline=progress.deadline,
        )


async def _judged(request: Asked, screen: Screen, progress: Progress) -> list[str]:
    started = time.monotonic()
    try:
        with progress.trace.span("rails.judge"):
            return await request.judged(screen)
    finally:
        progress.rails_ms = max(progress.rails_ms, (time.monotonic() - started) * 1000)


async def _stream(
    delta: TextDelta | None,
    deltas: AsyncGenerator[TextDelta],
    draft: Draft,
    shown: Shown,
    answer: Answer,
    progress: Progress,
) -> FinishReason:
    reason: FinishReason = "stop"
    end, loops = draft.request.end(), draft.loops
    thinking = Thinking(possible=draft.prompt.gap is None)
    told = False
    while delta is not None:
        progress.count(delta)
        show(answer, shown.feed(end.feed(thinking.feed(delta.text))), progress)
        if thinking.thought and not told:
            told = True
            answer.emit(wire.Thinking)
        if end.ended:
            await deltas.aclose()  # the engine stops now, and not after what is shown last
            return "stop"
        if delta.finish is not None:
            reason = delta.finish
        if loops and loops.feed(delta.text):
            answer.emit(Notice, about="loop", message=LOOP)
            return "stop"
        delta = await anext(deltas, None)
    show(answer, shown.feed(end.feed(thinking.flush()) + end.flush()), progress)
    if thinking.thought and not thinking.said:
        answer.emit(Notice, about="thinking", message=ONLY_THOUGHT)
    return reason
