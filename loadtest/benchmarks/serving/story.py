"""The seed story's ladder, climbed again: one model, three ways to serve it, the same ten users.

    python -m loadtest.benchmarks.serving.story                      # make ladder

The story: a team put a Hugging Face pipeline behind FastAPI, then vLLM, then Ray Serve with
replicas, and load-tested each with the same scenario; answers took 11 s, 3 s, and less than one.
Here each stage is started in turn and asked by `glossator loadtest --scenario developer`, whose
users think between questions, ask for answers of all lengths and go on with conversations.

Limits: the model is tiny and so are its times; the stages' ratios are what compares. Replicas share
one machine, so the last stage gains what overlaps and not what more machines would give.
"""

import argparse
import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from loadtest.benchmarks import command
from loadtest.benchmarks.drivers import turns
from loadtest.benchmarks.models import tiny_model
from loadtest.benchmarks.servers import paths
from loadtest.benchmarks.servers.engine import Engine
from loadtest.benchmarks.servers.paths import Route, Setting
from loadtest.benchmarks.servers.process import finished
from loadtest.experiments import machine, markdown
from loadtest.experiments.log import Experiment, read
from loadtest.scenarios import questions

SCENARIO = "developer"


@dataclass(frozen=True, slots=True)
class Stage:
    """``told``: how long an answer took in the story. ``api``: what its server speaks."""

    name: str
    told: str
    start: Callable[[Setting], AbstractAsyncContextManager[Route]]
    api: str


@asynccontextmanager
async def _pipeline(setting: Setting) -> AsyncIterator[Route]:
    async with paths.pipeline(setting) as routes:
        yield routes[paths.PIPELINE]


@asynccontextmanager
async def _vllm(setting: Setting) -> AsyncIterator[Route]:
    async with paths.vllm_serve(setting) as routes:
        yield routes[paths.VLLM_SERVE]


@asynccontextmanager
async def _ray(setting: Setting) -> AsyncIterator[Route]:
    async with paths.two_replicas(setting) as routes:
        yield routes[paths.RAY_TWO]


STAGES = (
    Stage("0: FastAPI + Hugging Face pipeline", "11 s", _pipeline, "websocket"),
    Stage("1: vLLM", "3 s", _vllm, "openai"),
    Stage("2: Ray Serve, 2 replicas of vLLM", "below 1 s", _ray, "websocket"),
)


async def _climb(arguments: argparse.Namespace, folder: Path) -> str:
    await turns.quiet("Before anything was started")
    engine = Engine(await asyncio.to_thread(tiny_model.make, arguments.models.resolve() / "tiny"))
    data, config = folder / "data", folder / "glossator.toml"
    index = paths.glossator("index", questions.INDEXED, "--data", str(data))
    await finished("index", index, folder, {})
    # In the story nobody was turned away: everybody waited.
    config.write_text(f"{engine.settings()}[admission]\nmax_wait_s = 600\n")
    setting = Setting(engine, 0, lambda question: [], {}, data, config, folder)
    runs = []
    for stage in STAGES:
        turns.say(f"Stage {stage.name}: starting ...")
        async with stage.start(setting) as route:
            runs.append(await _measure(stage, route, arguments, folder))
        turns.say(f"  answers: p50 {runs[-1].figures['e2e_p50']:,.0f} ms")
    return report(runs)


async def _measure(
    stage: Stage, route: Route, arguments: argparse.Namespace, folder: Path
) -> Experiment:
    log = arguments.log.resolve()
    load = ["loadtest", "--url", route.url, "--api", stage.api, "--scenario", SCENARIO, "--bare"]
    load += ["--think", str(arguments.think), "--slo", "failed<100%"]
    # First requests compile, connect and allocate. Another seed: no cache knows what follows.
    warm = paths.glossator(*load, "--seconds", "8", "--seed", "1", "--log", str(folder / "warm-up"))
    await finished("warm-up", warm, folder, {})
    kept = ["--seconds", str(arguments.seconds), "--log", str(log), "--note", f"stage {stage.name}"]
    await finished("loadtest", paths.glossator(*load, *kept), folder, {})
    return read(log, "last")


def report(runs: Sequence[Experiment]) -> str:
    """The story's table and ours, Markdown; ``runs`` in the order of ``STAGES``."""
    slowest = runs[0].figures["e2e_p50"]
    theirs = [[stage.name, stage.told] for stage in STAGES]
    ours = [
        [
            stage.name,
            f"{run.figures['e2e_p50']:,.0f} / {run.figures['e2e_p95']:,.0f}",
            f"{run.figures['e2e_p50'] / slowest:.2f}",
            f"{run.figures['ttft_p50']:,.0f} / {run.figures['ttft_p95']:,.0f}",
            f"{run.figures['tokens_per_s']:,.0f}",
            f"{run.figures.requests:,}",
            f"{100 * (run.figures['failed'] + run.figures['shed']):.0f} %",
        ]
        for stage, run in zip(STAGES, runs, strict=True)
    ]
    header = ["stage", "answer p50 / p95, ms", "of stage 0", "TTFT p50 / p95, ms", "tokens/s",
              "requests", "failed or shed"]  # fmt: skip
    options = runs[0].options
    described = machine.describe()
    return "\n\n".join(
        [
            "The seed story, ten users:",
            markdown.table(["stage", "answer"], theirs),
            f"Here, the scenario `{SCENARIO}` ({runs[0].users} users, pauses × "
            f"{options['think']:g}), {runs[0].wall_s:.0f} s a stage, the tiny model, "
            f"{described.cores} cores of {described.cpu}:",
            markdown.table(header, ours),
        ]
    )


def main(given: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m loadtest.benchmarks.serving.story",
        description="Serve one model as FastAPI with a Hugging Face pipeline, by vLLM, and on Ray "
        "Serve; ask each with the same scenario; print the seed story's table and this one.",
    )
    parser.add_argument("--seconds", type=float, default=45.0, help="per stage; default: 45")
    parser.add_argument("--think", type=float, default=0.25,
                        help="factor on the users' pauses; default: 0.25")  # fmt: skip
    parser.add_argument("--models", type=Path, default=Path(".models"), metavar="FOLDER",
                        help="where the tiny model is made; default: .models")  # fmt: skip
    parser.add_argument("--log", type=Path, default=Path("experiments"), metavar="FOLDER",
                        help="folder of the experiment log; default: experiments")  # fmt: skip
    arguments = parser.parse_args(given)
    if min(arguments.seconds, arguments.think) <= 0:
        parser.error("numbers must be more than 0")
    command.run("ladder", lambda folder: _climb(arguments, folder))


if __name__ == "__main__":
    main()
