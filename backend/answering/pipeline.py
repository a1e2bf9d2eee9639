"""The path of one question: admit → redact ∥ retrieve → prompt → generate → guard → frames.

Rails that can only warn or block run beside all of that; the first delta waits for them.

Knows ports only. Every way out of ``answer`` leaves exactly one terminal frame behind.
"""

import asyncio
import logging
import time
import zlib
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from backend.answering import prompt as prompts
from backend.answering.answer import NOBODY, Answer
from backend.answering.passage_budget import fit
from backend.answering.progress import Progress
from backend.errors import (
    Blocked,
    DeadlineExceeded,
    GlossatorError,
    TooLarge,
    Unavailable,
    UnknownModel,
    Unsupported,
)
from backend.generators.replay import Replay
from backend.identity.caller import Caller
from backend.metrics import Metrics
from backend.ports import (
    Admission,
    Demand,
    Generator,
    Place,
    Prompt,
    Rail,
    Retrieved,
    Retriever,
    Sampling,
    Span,
    StreamGuard,
    TextDelta,
    Work,
)
from backend.protocol.tracing import Trace
from backend.protocol.wire import (
    EXTRACTIVE,
    Admitted,
    Ask,
    Citations,
    Complete,
    Delta,
    Failed,
    Finished,
    FinishReason,
    Notice,
    Prepare,
    Queued,
)
from backend.rails.input import topic as topics
from backend.rails.output.hold_back import Tell
from backend.rails.output.outgoing import Outgoing
from backend.rails.passages import disarm
from backend.rails.placeholders import Vault
from backend.rails.policy import Guarded, Policy, guarded, policy
from backend.rails.screen import Screen
from backend.records.audit import Audit
from backend.retrieval.citing import cite
from backend.settings import Settings
from indexer.types import Passage

log = logging.getLogger(__name__)

_UNKNOWN = "Without a search nobody can tell whether the question is on topic. Try again."
QUOTES_WAIT_MS = 10_000.0
UNGROUNDED = (
    "The documentation cannot be searched now, so this answer is not from it. The operator finds "
    "the reason at /readyz and in the log."
)
_LEAST_PASSAGE_TOKENS = 150.0


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A prompt, what it was made from, and what to tell the user about it.

    ``found`` has the passages that the prompt holds, of all the ``passages`` that were retrieved;
    ``ask`` is the question as the model sees it.
    """

    ask: Ask
    prompt: Prompt
    found: Retrieved
    notices: list[str]
    vault: Vault
    passages: tuple[Passage, ...]
    passage_tokens: float
    shortened: str


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
        self._retriever = retriever
        self._rails = rails
        self._guard = guard
        self._admission = admission
        self._metrics = metrics
        self._audit = Audit(metrics)
        self._index_fails = ""  # why the last search could not be made

    @property
    def model(self) -> str:
        return self._generator.model

    async def degraded(self) -> dict[str, str]:
        """Rails that do not work as configured, by name, and why."""
        states = await asyncio.gather(*(rail.state() for rail in self._rails))
        found = {rail.name: state for rail, state in zip(self._rails, states, strict=True) if state}
        return found | ({"index": self._index_fails} if self._index_fails else {})

    async def answer(self, ask: Ask, answer: Answer) -> None:
        """Emits every frame of the answer. Raises nothing but cancellation, which it reports."""
        now = time.monotonic()
        deadline_ms = ask.deadline_ms or self._settings.server.default_deadline_s * 1000
        progress = Progress(now, now + deadline_ms / 1000, answer.trace)
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
            if not isinstance(error, DeadlineExceeded | Blocked):
                progress.refused()
            answer.fail(error)
        except Exception:
            # Without the text of the question: logs hold no content.
            log.exception("request %s failed", ask.id)
            answer.emit(
                Failed, code="internal", message="The backend failed; its log says why. Ask again."
            )
        finally:
            answer.cost = progress.cost()
            self._metrics.ended(ask.kind, answer.frames[-1], progress.ttft_ms / 1000)

    async def complete(self, request: Complete, answer: Answer) -> None:
        """What fills the gap, by the same path as an answer: rails, admission, deadline."""
        await self.answer(prompts.Filling.of(request), answer)

    async def prepare(
        self,
        request: Prepare,
        caller: Caller = NOBODY,
        spend: Callable[[int], None] = lambda tokens: None,
    ) -> None:
        """Warms retrieval and prefix for a likely question, in places that nobody needs.

        Tells ``spend`` what it has cost, however it ends. Raises ``Overloaded`` when there is no
        place; the calling task is cancelled when others come.
        """
        ask = Ask(
            id=request.id,
            question=request.question or " ",
            context=request.context,
            history=request.history,
            sources=request.sources,
            max_tokens=1,
        )
        progress = Progress(started=time.monotonic())
        demand = self._demand("prepare", ask, caller, progress)
        try:
            with self._admission.enter(demand) as place:
                prepared = await self._prepared(
                    ask, self._screen(caller.tenant), caller.tenant, progress
                )
                self._ask(prepared.prompt, progress)
                progress.warmed(await self._generator.warm(prepared.prompt))
                place.used(progress.usage(), whole=True)
        except GlossatorError:
            progress.refused()
            raise
        finally:
            spend(progress.cost())

    def _demand(self, kind: Work, ask: Ask, caller: Caller, progress: Progress) -> Demand:
        return Demand(
            kind=kind,
            user=caller.party,
            prompt_tokens=prompts.estimate_sent(ask, self._settings.generation.history_chars),
            max_tokens=self._sampling(ask).max_tokens,
            deadline=progress.deadline,
        )

    async def _answer(self, ask: Ask, answer: Answer, progress: Progress) -> FinishReason:
        if ask.model not in (None, self._generator.model):
            raise UnknownModel(
                f"Model {ask.model!r} is not served here; this backend serves "
                f"{self._generator.model!r}. Leave `model` out to take it."
            )
        if isinstance(ask, prompts.Filling) and not self._generator.fills:
            raise Unsupported(
                f"{self._generator.model} cannot complete code: it has no fill-in-the-middle "
                "tokens, or stands behind an API without them. Serve a coder model with vLLM, "
                "such as Qwen2.5-Coder."
            )
        demand = self._demand(ask.kind, ask, answer.caller, progress)
        with self._admission.enter(demand) as place:
            if place.position is not None:
                answer.emit(Queued, position=place.position)
            with progress.trace.span("admission"):
                await place.admitted()
            progress.queue_ms = progress.elapsed_ms()
            answer.emit(Admitted, queue_ms=progress.queue_ms, model=self._generator.model)
            return await self._admitted(ask, answer, place, progress)

    async def _admitted(
        self, ask: Ask, answer: Answer, place: Place, progress: Progress
    ) -> FinishReason:
        screen = self._screen(answer.caller.tenant)
        gate = asyncio.create_task(self._gate(screen, ask, progress))
        whole = False
        try:
            prepared = await self._prepared(ask, screen, answer.caller.tenant, progress)
            prepared.notices.extend(await self._on_topic(ask, prepared.found, answer.caller.tenant))
            reason = await self._generate(ask, prepared, gate, answer, progress)
            whole = reason in ("stop", "length")
            return reason
        finally:
            gate.cancel()
            place.used(progress.usage(), whole=whole)

    async def _on_topic(self, ask: Ask, found: Retrieved, tenant: str) -> list[str]:
        """A warning, if any, from what retrieval knows anyway. Raises ``Blocked``."""
        topic = policy(self._settings, "topic", tenant)
        unknown = found.late or found.failed
        if topic.action == "off" or (unknown and topic.on_failure == "allow"):
            return []
        if isinstance(ask, prompts.Filling):
            return []
        if unknown:
            refusal = _UNKNOWN
        elif earlier := topics.earlier(ask.history, ask.question):
            refusal = await self._follows(ask, earlier, found, tenant, topic)
        else:
            refusal = topics.judge(found, self._settings.rails.topic)
        action = topic.action if refusal else "allow"
        whole = [Span(0, len(ask.question), "off topic")] if refusal else []
        self._audit.record(ask.id, tenant, "topic", action, whole, 0.0)
        if refusal and topic.action == "block":
            raise Blocked(refusal)
        return [refusal] if refusal and topic.action == "warn" else []

    async def _follows(
        self, ask: Ask, earlier: str, found: Retrieved, tenant: str, topic: Policy
    ) -> str:
        """Why a follow-up is not answered, if it is not. Searches only where it may be blocked."""
        rail = self._settings.rails.topic
        refusal = topics.denied(found, rail)
        if refusal or topic.action != "block" or not topics.judge(found, rail):
            return refusal
        before, together = await asyncio.gather(
            *(self._find(query, ask, tenant) for query in (earlier, f"{earlier}\n{ask.question}"))
        )
        if any(each.late or each.failed for each in (before, together)):
            return _UNKNOWN if topic.on_failure == "block" else ""
        return topics.judge_follow_up(before, together, rail)

    def _screen(self, tenant: str) -> Screen:
        return Screen(guarded(self._settings, self._rails, tenant), self._audit, tenant)

    async def _gate(self, screen: Screen, ask: Ask, progress: Progress) -> list[str]:
        started = time.monotonic()
        try:
            with progress.trace.span("rails.judge"):
                return await screen.judge(ask)
        finally:
            progress.rails_ms = max(progress.rails_ms, (time.monotonic() - started) * 1000)

    async def _prepared(
        self, ask: Ask, screen: Screen, tenant: str, progress: Progress
    ) -> _Prepared:
        """Redaction and retrieval side by side. Retrieval sees the question before it is redacted:
        both stay on the company's machines, and only the redacted text reaches the model."""
        searching = asyncio.create_task(self._search(ask, tenant, progress))
        started = time.monotonic()
        try:
            with progress.trace.span("rails.redact"):
                clean, notices = await screen.redact(ask)
            progress.rails_ms = (time.monotonic() - started) * 1000
            found = await searching
        finally:
            # A question that was blocked or cancelled needs no passages.
            searching.cancel()
        how = self._settings.rails.injection.passages
        passages = disarm(found.passages, how)
        tokens = float(self._settings.retrieval.passage_tokens)
        fitted = fit(passages, clean.question, tokens)
        found = replace(found, passages=fitted.passages)
        history_chars = self._settings.generation.history_chars
        prompt = prompts.build(clean, found.passages, history_chars, salt=tenant)
        prompt = replace(prompt, late=found.late, traceparent=progress.trace.traceparent)
        return _Prepared(clean, prompt, found, notices, screen.vault, passages, tokens, fitted.said)

    def _with_less(self, prepared: _Prepared) -> _Prepared:
        """With a quarter of the room for passages; with none of them, when that is little."""
        tokens = prepared.passage_tokens / 4
        if tokens < _LEAST_PASSAGE_TOKENS:
            tokens = 0
        ask, before = prepared.ask, prepared.prompt
        fitted = fit(prepared.passages, ask.question, tokens)
        history_chars = self._settings.generation.history_chars
        prompt = prompts.build(ask, fitted.passages, history_chars, salt=before.cache_salt)
        return replace(
            prepared,
            prompt=replace(prompt, late=before.late, traceparent=before.traceparent),
            found=replace(prepared.found, passages=fitted.passages),
            passage_tokens=tokens,
            shortened=fitted.said,
        )

    async def _search(self, ask: Ask, tenant: str, progress: Progress) -> Retrieved:
        started = time.monotonic()
        with progress.trace.span("retrieval"):
            found = await self._find(prompts.search_query(ask), ask, tenant)
        progress.retrieval_ms = (time.monotonic() - started) * 1000
        return found

    async def _find(self, query: str, ask: Ask, tenant: str) -> Retrieved:
        """What is found for it where the question looks. An index that fails fails no answer."""
        own = self._settings.tenants.get(tenant)
        scope = prompts.scope(ask, own.sources if own else None)
        if scope.sources == ():
            return Retrieved()
        limit, budget_ms = self._settings.retrieval.limit, self._search_budget_ms()
        try:
            found = await self._retriever.search(query, scope, limit=limit, budget_ms=budget_ms)
        except Unavailable as error:
            self._index_fails = error.message
            if self._generator.model == EXTRACTIVE:  # it has nothing else to say
                raise
            log.warning("answering without documentation: %s", error.message)
            return Retrieved(failed=True)
        self._index_fails = ""
        return found

    def _search_budget_ms(self) -> float:
        """Who only quotes has nothing to say without passages, and waits for them."""
        budget = self._settings.retrieval.budget_ms
        return max(budget, QUOTES_WAIT_MS) if self._generator.model == EXTRACTIVE else budget

    async def _generate(
        self,
        ask: Ask,
        prepared: _Prepared,
        gate: asyncio.Task[list[str]],
        answer: Answer,
        progress: Progress,
    ) -> FinishReason:
        def tell(action: str, spans: Sequence[Span]) -> None:
            self._audit.record(ask.id, answer.caller.tenant, "answer", action, spans, 0.0)

        guards = [self._guard(answer.caller.tenant, tell), prepared.vault.restore()]
        # After the guards, as the client's text was: they see the whole answer every time.
        replay = Replay(ask.continue_from)
        reason: FinishReason = "stop"
        prepared, stream, delta = await self._begun(ask, prepared, gate, progress)
        # Closing the iterator is what aborts the engine, on every way out of this block.
        async with (
            aclosing(stream) as deltas,
            Outgoing(guards, self._judge(answer), tell) as outgoing,
        ):
            self._introduce(prepared, gate.result(), answer)
            try:
                with progress.trace.span("decode"):
                    while delta is not None:
                        progress.count(delta)
                        self._show(replay.feed(outgoing.feed(delta.text)), answer, progress)
                        if delta.finish is not None:
                            reason = delta.finish
                        delta = await anext(deltas, None)
                self._show(replay.feed(outgoing.flush()), answer, progress)
                replay.end()
                await outgoing.settle()
            except Blocked as blocked:
                answer.emit(Notice, about="rails", message=blocked.message)
                return "blocked"
        return reason

    def _ask(self, prompt: Prompt, progress: Progress) -> None:
        """From here on the engine works for the request."""
        if self._generator.model != EXTRACTIVE:  # which reads no tokens
            progress.asked_tokens = prompts.estimate_tokens(prompt)

    def _judge(self, answer: Answer) -> Guarded | None:
        """The rail that may end this answer while it streams."""
        judging = guarded(self._settings, self._rails, answer.caller.tenant)
        return next(
            (
                one
                for one in judging
                if one.rail.name == "toxicity" and one.policy.action == "block"
            ),
            None,
        )

    async def _begun(
        self, ask: Ask, prepared: _Prepared, gate: asyncio.Task[list[str]], progress: Progress
    ) -> tuple[_Prepared, AsyncGenerator[TextDelta], TextDelta | None]:
        """A stream, its first delta, and what it answers.

        Only the generator knows how many tokens a prompt really has. Where it is too long, it is
        made anew with less of the passages: the user, who has not chosen them, could do nothing.
        """
        while True:
            self._ask(prepared.prompt, progress)
            stream = self._generator.stream(prepared.prompt, self._sampling(ask), ask.id)
            try:
                return prepared, stream, await self._first(stream, gate, progress.trace)
            except BaseException as error:
                await stream.aclose()
                if not isinstance(error, TooLarge) or not prepared.prompt.passages:
                    raise
            prepared = self._with_less(prepared)

    @staticmethod
    async def _first(
        deltas: AsyncGenerator[TextDelta], gate: asyncio.Task[list[str]], trace: Trace
    ) -> TextDelta | None:
        """The first delta, once the gate is open. A gate that blocks does not wait for prefill."""

        async def prefilled() -> TextDelta | None:
            with trace.span("prefill"):
                return await anext(deltas, None)

        first = asyncio.ensure_future(prefilled())
        try:
            await gate
            return await first
        finally:
            # The iterator may be closed only when nobody is inside it.
            first.cancel()
            await asyncio.wait([first])

    @staticmethod
    def _introduce(prepared: _Prepared, warnings: list[str], answer: Answer) -> None:
        for message in (*prepared.notices, *warnings):
            answer.emit(Notice, about="rails", message=message)
        if prepared.shortened:
            answer.emit(Notice, about="passages", message=prepared.shortened)
        found = prepared.found
        if found.failed:
            answer.emit(Notice, about="retrieval", message=UNGROUNDED)
        citations, _ = cite(found.passages)
        answer.emit(Citations, citations=citations, dataset=found.dataset, late=found.late)

    def _show(self, text: str, answer: Answer, progress: Progress) -> None:
        if not text:
            return
        if not progress.ttft_ms:
            progress.ttft_ms = progress.elapsed_ms()
        answer.emit(Delta, text=text)

    def _finish(self, answer: Answer, reason: FinishReason, progress: Progress) -> None:
        answer.emit(Finished, reason=reason, usage=progress.usage(), timings=progress.timings())

    def _sampling(self, ask: Ask) -> Sampling:
        generation = self._settings.generation
        temperature = generation.temperature if ask.temperature is None else ask.temperature
        return Sampling(
            max_tokens=min(ask.max_tokens or generation.max_tokens, generation.max_tokens),
            temperature=temperature,
            # The same request has the same answer again, should it have to be made twice.
            seed=zlib.crc32(ask.id.encode()) if temperature else None,
            stop=ask.stop,
        )
