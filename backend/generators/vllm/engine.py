"""The product's generator: vLLM's asynchronous engine, in this process.

Only this module and ``startup`` import vLLM, and only when an engine starts, because the import
takes seconds and reads the environment. The scheduler and the model run in vLLM's own process.
Tokenizing, detokenizing and stop strings run here, on the event loop that streams.
"""

import asyncio
import itertools
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backend.errors import BadFrame, EngineFailed, StartupFailed, TooLarge, Unavailable
from backend.generators.begun import taken_over
from backend.generators.chat.stops import spoken
from backend.generators.pacing import Pacing
from backend.generators.vllm.startup import engine_args, import_vllm, local_folder, startup_message
from backend.generators.vllm.tokenizing import Tokenizing
from backend.ports import Finish, Load, Prompt, Sampling, TextDelta
from backend.protocol.wire import Usage
from backend.settings import Vllm

if TYPE_CHECKING:
    from vllm import SamplingParams
    from vllm.outputs import RequestOutput
    from vllm.v1.engine.async_llm import AsyncLLM

# vLLM runs smaller priorities first, so no request of a user ever waits for a warm-up.
WARM_PRIORITY = 1 << 30
# The first few tokens leave as they come. The first one alone may be half a character, or the start
# of something that an output rail looks for, and then the user sees nothing before the next.
UNPACED_TOKENS = 4
# Each message costs every hop a fraction of a millisecond. With more answers than this in the
# engine, deltas gather for longer, so that messages do not take the time that tokens need.
FULL_RATE_ANSWERS = 8


class VllmGenerator:
    """Streams from one ``AsyncLLM``, which it owns until ``close``. Made by ``start``."""

    def __init__(
        self,
        engine: "AsyncLLM",
        steps: "_Steps",
        model: str,
        coalesce_ms: float,
        *,
        thinking: bool = True,
    ) -> None:
        self.model = model
        self._open: AsyncLLM | None = engine
        self._steps = steps
        self._coalesce_s = coalesce_ms / 1000
        self._context = int(engine.model_config.max_model_len)
        self._tokenizing = Tokenizing(
            engine.get_tokenizer(), model, self._context, thinking=thinking
        )
        self.fills = self._tokenizing.fills
        self._serial = itertools.count()

    @classmethod
    async def start(
        cls,
        model: str,
        settings: Vllm,
        coalesce_ms: float = 20.0,
        traces: str = "",
        *,
        thinking: bool = True,
    ) -> "VllmGenerator":
        """Loads ``model``, a local folder or a hub name, which takes 20 seconds and more.

        The event loop stays free meanwhile. If there is a URL ``traces``, the engine posts a span
        of each request that has a ``traceparent`` to it. Raises ``StartupFailed``.
        """
        local = local_folder(model)
        # This is a separate call, because something in this import keeps a stack frame for good,
        # with everything that its callers hold. That must not be the engine.
        await asyncio.to_thread(import_vllm, settings)
        building = asyncio.ensure_future(asyncio.to_thread(_build, model, local, settings, traces))
        try:
            engine, steps = await asyncio.shield(building)
        except asyncio.CancelledError:
            # The thread cannot be stopped, but the engine that it may still start must not stay.
            building.add_done_callback(_discard)
            raise
        try:
            return cls(engine, steps, Path(model).name or model, coalesce_ms, thinking=thinking)
        except StartupFailed:  # by its chat template
            await asyncio.to_thread(engine.shutdown)
            raise

    def stream(
        self, prompt: Prompt, sampling: Sampling, request_id: str
    ) -> AsyncGenerator[TextDelta]:
        """One delta per pull, as ``_answer`` says. A model that may think is given no stop strings,
        because the engine would find them in the thinking.
        """
        template = self._tokenizing.template
        if prompt.gap is not None or not (
            template.thinks or (template.may_think and sampling.stop)
        ):
            return self._answer(prompt, sampling, request_id)
        answer = self._answer(prompt, replace(sampling, stop=()), request_id)
        return spoken(answer, template.thinks, sampling.stop)

    async def _answer(
        self, prompt: Prompt, sampling: Sampling, request_id: str
    ) -> AsyncGenerator[TextDelta]:
        """One delta per pull, with everything that the engine has made since the last pull.

        The first tokens leave at once. A later delta leaves with the first step of the engine that
        ends ``coalesce_ms`` after the delta before it; the last one leaves at once.
        """
        tokens = await self._tokenizing.tokens(prompt, sampling.max_tokens)
        room = self._context - len(tokens)
        # The answer is worth more than passages: with fewer of them, a shorter prompt is made.
        least = min(sampling.max_tokens, self._context // 4) if prompt.passages else 1
        if room < least:
            raise TooLarge(
                f"The prompt has at least {len(tokens)} tokens, but {self.model} takes "
                f"{self._context} with the answer. Select less code, ask with less history, or "
                "serve a model with a longer context."
            )
        most = min(sampling.max_tokens, room)
        begun, text = taken_over(self._tokenizing.text, tokens, prompt.begun, sampling.stop)
        if begun:
            finish: Finish | None = "length" if len(begun) >= most else None
            yield TextDelta(text, len(begun), begun, len(tokens), finish=finish)
            if finish:
                return
        outputs = self._generate(
            [*tokens, *begun],
            _sampling_params(
                sampling,
                max_tokens=most - len(begun),
                end=self._tokenizing.ends(prompt),
            ),
            request_id,
            prompt,
        )
        async with aclosing(outputs):
            async for output in outputs:
                yield _delta(output, prompt_tokens=len(tokens))

    async def warm(self, prompt: Prompt) -> Usage:
        """Prefills at the lowest priority. Does nothing for a prompt that cannot fit."""
        tokens = await self._tokenizing.tokens(prompt)
        if len(tokens) >= self._context:
            return Usage()
        params = _sampling_params(Sampling(), max_tokens=1)
        outputs = self._generate(tokens, params, "warm", replace(prompt, priority=WARM_PRIORITY))
        used = Usage(len(tokens))
        async with aclosing(outputs):
            async for output in outputs:
                read = _delta(output, prompt_tokens=len(tokens))
                used = Usage(len(tokens), read.cached_tokens)
        return used

    async def load(self) -> Load:
        """``running`` is the scheduler's own count after its last step.

        ``waiting`` also counts what was submitted since and no step has seen yet.
        """
        running = self._steps.running
        engine = self._engine
        cache, scheduler = engine.vllm_config.cache_config, engine.vllm_config.scheduler_config
        return Load(
            running,
            max(0, engine.get_num_unfinished_requests() - running),
            self._steps.kv_use,
            max_requests=scheduler.max_num_seqs,
            max_tokens=(cache.num_gpu_blocks or 0) * cache.block_size,
        )

    async def check(self) -> None:
        with _mapped(self.model):
            await self._engine.check_health()

    async def close(self) -> None:
        """Ends the engine's process, and running answers with ``Unavailable``."""
        from vllm.v1.engine.exceptions import EngineDeadError

        engine, self._open = self._open, None
        if engine is None:
            return
        # Shutdown alone would leave the iterators of these answers waiting for ever, and log the
        # end of the engine as a failure.
        engine.output_processor.propagate_error(EngineDeadError())
        if engine.output_handler is not None:
            engine.output_handler.cancel()
        await asyncio.to_thread(engine.shutdown, 5.0)

    def _trace_headers(self, prompt: Prompt) -> dict[str, str] | None:
        traced = prompt.traceparent and self._engine.observability_config.otlp_traces_endpoint
        return {"traceparent": prompt.traceparent} if traced else None

    def _pace_s(self) -> float:
        """The time between two deltas. Beyond ``FULL_RATE_ANSWERS``, all share one message rate."""
        return self._coalesce_s * max(1.0, self._steps.running / FULL_RATE_ANSWERS)

    @property
    def _engine(self) -> "AsyncLLM":
        if self._open is None:
            raise Unavailable(f"The engine of {self.model} was closed. Start the server again.")
        return self._open

    async def _generate(
        self,
        tokens: list[int],
        params: "SamplingParams",
        request_id: str,
        prompt: Prompt,
    ) -> "AsyncGenerator[RequestOutput]":
        """The engine's outputs, paced. If this ends early, the engine aborts the request."""
        from vllm.inputs import tokens_input

        # Ids come from clients and may repeat, but an abort must end only this request.
        engine_id = f"{request_id}#{next(self._serial)}"
        engine = self._engine
        if engine.errored:  # another answer did it, so this prompt is not suspected
            raise Unavailable(_dead(self.model))
        outputs = engine.generate(
            tokens_input(tokens, cache_salt=prompt.cache_salt or None),
            params,
            engine_id,
            priority=prompt.priority,
            trace_headers=self._trace_headers(prompt),
        )
        loop = asyncio.get_running_loop()
        pacing = self._steps.pacing
        pacing.begin(engine_id)
        finished = False
        sent = 0
        try:
            with _mapped(self.model, EngineFailed):
                async with aclosing(outputs):
                    async for output in outputs:
                        finished = output.finished
                        next_pull = loop.time() + self._pace_s()
                        sent += len(output.outputs[0].token_ids)
                        yield output
                        # vLLM merges the deltas that arrive while nobody pulls.
                        if not finished and sent >= UNPACED_TOKENS and next_pull > loop.time():
                            await pacing.pause(engine_id, next_pull)
        finally:
            pacing.forget(engine_id)
            if not finished and self._open is not None:
                # vLLM aborts a request when its iterator is closed or cancelled, except while the
                # request is still on its way to the engine. Aborting twice is harmless.
                await engine.abort(engine_id)


class _Steps:
    """Receives the figures of each engine step, through vLLM's stat logger interface.

    vLLM calls it on the event loop, when the outputs of the step can be pulled.
    """

    def __init__(self) -> None:
        self.running = 0  # requests, as the scheduler counts them
        self.kv_use = 0.0
        self.pacing = Pacing()

    def record(self, scheduler_stats: Any, iteration_stats: Any, **_: Any) -> None:
        if scheduler_stats is not None:
            self.running = scheduler_stats.num_running_reqs
            self.kv_use = scheduler_stats.kv_cache_usage
        if iteration_stats is not None:
            self.pacing.step(request.request_id for request in iteration_stats.finished_requests)

    def log_engine_initialized(self) -> None: ...

    def log(self) -> None: ...

    def record_sleep_state(self, is_awake: int, level: int) -> None: ...


def _sampling_params(
    sampling: Sampling, max_tokens: int, end: Sequence[int] = ()
) -> "SamplingParams":
    from vllm import SamplingParams
    from vllm.sampling_params import RequestOutputKind

    return SamplingParams(
        max_tokens=max_tokens,
        temperature=sampling.temperature,
        seed=sampling.seed,
        stop=list(sampling.stop),
        stop_token_ids=list(end),
        ignore_eos=sampling.ignore_eos,
        output_kind=RequestOutputKind.DELTA,
        skip_clone=True,
    )


def _delta(output: "RequestOutput", prompt_tokens: int) -> TextDelta:
    completion = output.outputs[0]
    finish = completion.finish_reason
    if finish not in (None, "stop", "length"):
        raise EngineFailed(f"The engine ended the answer early ({finish}). Ask again.")
    return TextDelta(
        text=completion.text,
        tokens=len(completion.token_ids),
        ids=tuple(completion.token_ids),
        prompt_tokens=prompt_tokens,
        cached_tokens=min(output.num_cached_tokens or 0, prompt_tokens),
        finish=finish,
    )


@contextmanager
def _mapped(model: str, failed: type[Unavailable] = Unavailable) -> Iterator[None]:
    """Turns vLLM's exceptions into ours: into ``failed`` if the engine failed."""
    from vllm.exceptions import VLLMClientError, VLLMError
    from vllm.v1.engine.exceptions import EngineDeadError

    try:
        yield
    except EngineDeadError as error:
        raise failed(_dead(model)) from error
    except VLLMClientError as error:
        raise BadFrame(f"vLLM refused the request: {error}") from error
    except VLLMError as error:
        raise failed(f"vLLM could not go on with the answer: {error}. Ask again.") from error


def _dead(model: str) -> str:
    return f"The engine that serves {model} has died; its log says why. Restart the server."


def _build(model: str, local: bool, settings: Vllm, traces: str) -> "tuple[AsyncLLM, _Steps]":
    """Blocks until the engine can answer. Raises ``StartupFailed``."""
    from vllm import envs
    from vllm.v1.engine.async_llm import AsyncLLM
    from vllm.v1.metrics.loggers import PrometheusStatLogger

    steps = _Steps()
    envs.disable_envs_cache()  # an earlier engine may have filled it
    try:
        engine = AsyncLLM.from_engine_args(
            engine_args(str(Path(model).expanduser()) if local else model, settings, traces),
            stat_loggers=[lambda _config, _index: steps, PrometheusStatLogger],
        )
    except Exception as error:
        raise StartupFailed(startup_message(model, local, error)) from error
    # Without the cache, counting every token looks up environment variables.
    envs.enable_envs_cache()
    if not getattr(engine.get_tokenizer(), "chat_template", None):
        engine.shutdown()
        raise StartupFailed(f"{model} has no chat template. Serve an instruct or chat model.")
    return engine, steps


def _discard(building: "asyncio.Future[tuple[AsyncLLM, _Steps]]") -> None:
    if not building.cancelled() and building.exception() is None:
        building.result()[0].shutdown()
