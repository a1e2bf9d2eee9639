"""Measures an engine's speed for the simulation, and how well the simulation then predicts.

    python -m loadtest.benchmarks.scaling.calibrate FILE

FILE is for ``python -m loadtest.benchmarks.scaling.simulate --speed FILE``. The engine is vLLM's
own, in this process, and gets prompts and answers of exact lengths. Three kinds of measurement
determine the four costs of a step (``loadtest.simulation.speed``): single prompts of growing
length, and batches of growing size that decode behind short and behind long prompts. Then a trace
is played to the engine and to the simulation, and their times to first token are compared.

The costs come from least squares on the times of steps; a cost below zero is taken as zero. They
hold for one machine. Another model, type of weights or number of threads needs a new calibration.
"""

import argparse
import asyncio
import importlib
import itertools
import os
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from loadtest.benchmarks.command import Study, say
from loadtest.benchmarks.models import tiny_model
from loadtest.benchmarks.servers.engine import Engine
from loadtest.experiments import machine, markdown
from loadtest.experiments.quantile import quantile
from loadtest.simulation import speed as speeds
from loadtest.simulation.replica import Request
from loadtest.simulation.scaling import Fixed
from loadtest.simulation.speed import Speed
from loadtest.simulation.traffic import Asked
from loadtest.simulation.world import World

PROMPTS = (64, 256, 1024, 2048)
BATCHES = (1, 4, 8, 16, 32)
SHORT, LONG = 64, 1024  # tokens of the prompts behind which is decoded
DECODED = 64
REPEATED = 5


@dataclass(frozen=True, slots=True)
class Step:
    """The mean step of a measurement, and how long it took."""

    sequences: int
    kv_tokens: float
    prefill_tokens: float
    seconds: float


def fit(steps: Sequence[Step]) -> tuple[float, float, float, float]:
    """``step_s, sequence_s, kv_token_s, prefill_s`` (per token), none of them below zero."""
    rows = np.array([[1.0, step.sequences, step.kv_tokens, step.prefill_tokens] for step in steps])
    times = np.array([step.seconds for step in steps])
    weights = 1 / times  # an error of a tenth counts the same in long and in short steps
    free = [0, 1, 2, 3]
    while True:
        costs = np.zeros(4)
        costs[free] = np.linalg.lstsq(
            rows[:, free] * weights[:, None], times * weights, rcond=None
        )[0]
        if costs.min() >= 0:
            return tuple(float(cost) for cost in costs)  # type: ignore[return-value]
        free.remove(int(costs.argmin()))


class _Measured:
    """One engine and its clock."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine
        self._serial = itertools.count()
        self._draw = random.Random(7)

    async def ask(self, prompt_tokens: int, output_tokens: int) -> list[tuple[float, int]]:
        """When each output came (``time.perf_counter``), and how many tokens it had."""
        from vllm import SamplingParams
        from vllm.inputs import tokens_input
        from vllm.sampling_params import RequestOutputKind

        params = SamplingParams(
            max_tokens=output_tokens, min_tokens=output_tokens, temperature=0.0, ignore_eos=True,
            detokenize=False, output_kind=RequestOutputKind.DELTA,
        )  # fmt: skip
        tokens = [self._draw.randrange(100, 4000) for _ in range(prompt_tokens)]
        outputs = self._engine.generate(tokens_input(tokens), params, f"c{next(self._serial)}")
        return [(time.perf_counter(), len(output.outputs[0].token_ids)) async for output in outputs]

    async def ttft_s(self, prompt_tokens: int, output_tokens: int) -> float:
        asked_at = time.perf_counter()
        return (await self.ask(prompt_tokens, output_tokens))[0][0] - asked_at

    async def prefill(self, prompt_tokens: int, budget: int) -> Step:
        """The mean step, for a prompt that needs several."""
        times = [await self.ttft_s(prompt_tokens, 1) for _ in range(REPEATED)]
        steps = -(-prompt_tokens // budget)
        read = prompt_tokens / steps
        return Step(1, read * (steps - 1) / 2, read, quantile(times, 0.5) / steps)

    async def decode(self, batch: int, prompt_tokens: int) -> Step:
        """The mean of the steps in which the whole batch decodes."""
        answers = await asyncio.gather(*(self.ask(prompt_tokens, DECODED) for _ in range(batch)))
        begin = max(answer[0][0] for answer in answers)
        end = min(answer[-1][0] for answer in answers)
        written = [sum(tokens for at, tokens in each if begin < at <= end) for each in answers]
        steps = quantile(written, 0.5)
        return Step(batch, batch * (prompt_tokens + DECODED / 2), 0, (end - begin) / steps)

    async def play(self, trace: Sequence[Asked]) -> list[float]:
        """The times to first token of a trace."""
        began = time.perf_counter()

        async def play(asked: Asked) -> float:
            await asyncio.sleep(began + asked.at_s - time.perf_counter())
            return await self.ttft_s(asked.prompt_tokens, asked.output_tokens)

        return list(await asyncio.gather(*(play(asked) for asked in trace)))


def validation(seconds: float, per_s: float, seed: int) -> list[Asked]:
    """Questions and answers so short that a CPU can take several a second."""
    draw = random.Random(seed)
    at_s = 0.0
    asked: list[Asked] = []
    while (at_s := at_s + draw.expovariate(per_s)) < seconds:
        lengths = draw.randrange(32, 600), draw.randrange(8, 64)
        asked.append(Asked(at_s, f"u{len(asked) % 20}", "chat", lengths[0], 0, lengths[1]))
    return asked


def predicted(trace: Sequence[Asked], speed: Speed) -> list[float]:
    outcome = World(speed, Fixed(1), 1).run(trace)
    return [_ttft(request) for request in outcome.requests]


def _ttft(request: Request) -> float:
    assert request.first_at_s is not None
    return request.first_at_s - request.at_s


async def _measured(arguments: argparse.Namespace, engine: Engine) -> tuple[Speed, str]:
    os.environ |= engine.environment()
    # A stack frame of this import lives on, and would keep the engine alive. A thread's does not.
    await asyncio.to_thread(importlib.import_module, "vllm.v1.engine.async_llm")
    from vllm.engine.arg_utils import AsyncEngineArgs
    from vllm.v1.engine.async_llm import AsyncLLM

    began = time.perf_counter()
    running = AsyncLLM.from_engine_args(AsyncEngineArgs(**engine.arguments()))
    startup_s = time.perf_counter() - began
    try:
        measured = _Measured(running)
        for _ in range(3):
            await measured.ask(SHORT, 8)
        steps = []
        for prompt in PROMPTS:
            say(f"reading {prompt} tokens")
            steps.append(await measured.prefill(prompt, engine.max_num_batched_tokens))
        for prompt, batch in itertools.product((SHORT, LONG), BATCHES):
            say(f"{batch} answers behind {prompt} tokens")
            steps.append(await measured.decode(batch, prompt))
        step_s, sequence_s, kv_token_s, prefill_s = fit(steps)
        described = machine.describe()
        speed = Speed(
            source="measured by `python -m loadtest.benchmarks.scaling.calibrate`: "
            f"{engine.name} model, "
            f"{engine.threads} threads of {described.cpu}",
            step_s=step_s, sequence_s=sequence_s, kv_token_s=kv_token_s,
            prefill_tokens_per_s=1 / prefill_s if prefill_s else 1e9,
            startup_s=round(startup_s, 1),
            kv_tokens=running.vllm_config.cache_config.num_gpu_blocks
            * running.vllm_config.cache_config.block_size,
            max_num_seqs=engine.max_num_seqs,
            max_num_batched_tokens=engine.max_num_batched_tokens,
        )  # fmt: skip
        rows = []
        for share in arguments.loads:
            rate = share * speed.tokens_per_s(316, 36) / (316 + 36)
            trace = validation(arguments.seconds, rate, seed=11)
            say(f"playing {len(trace)} requests, {share:.0%} of what it should carry")
            real = await measured.play(trace)
            rows.append(_row(share, len(trace), predicted(trace, speed), real))
        return speed, _table(rows)
    finally:
        running.shutdown()


def _row(share: float, count: int, simulated: list[float], real: list[float]) -> list[str]:
    cells = [f"{share:.0%}", str(count)]
    for quantile_of in (0.5, 0.99):
        ours, theirs = quantile(simulated, quantile_of), quantile(real, quantile_of)
        cells += [f"{1000 * ours:.1f}", f"{1000 * theirs:.1f}", f"{ours / theirs:.2f}"]
    return cells


def _table(rows: Sequence[Sequence[str]]) -> str:
    header = ["load", "requests"]
    for name in ("p50", "p99"):
        header += [f"TTFT {name} predicted, ms", "measured, ms", "ratio"]
    return markdown.table(header, rows)


async def _calibrate(arguments: argparse.Namespace, folder: Path) -> str:
    engine = Engine(await asyncio.to_thread(tiny_model.make, arguments.models.resolve() / "tiny"))
    speed, table = await _measured(arguments, engine)
    speeds.write(speed, arguments.file)
    return f"{arguments.file} holds:\n\n{arguments.file.read_text()}\n{table}"


def main(given: Sequence[str] | None = None) -> None:
    study = Study(__spec__, __doc__)
    study.add_argument("file", type=Path, metavar="FILE", help="where to write the speed")
    study.models()
    study.number("--seconds", 15.0, "length of each comparison")
    study.number("--loads", [0.3, 0.6, 0.9], "shares of the predicted capacity to compare at")
    study.run(_calibrate, given)


if __name__ == "__main__":
    main()
