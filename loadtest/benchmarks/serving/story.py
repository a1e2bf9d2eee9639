"""The seed story's ladder again: one model, three ways to serve it, the same ten users.

    python -m loadtest.benchmarks.serving.story                      # make ladder

In the story a team put a Hugging Face pipeline behind FastAPI, then vLLM, then Ray Serve with
replicas, and load-tested each with the same scenario. Answers took 11 s, 3 s, and less than 1 s.
Here each stage is started in turn and asked by `glossator loadtest --scenario developer`, whose
users think between questions, ask for answers of all lengths and go on with conversations. The
report has the story's table and this one.

Limits: the model is tiny and so are its times, so compare the ratios of the stages. Replicas share
one machine, so the last stage gains from work that overlaps but not from more machines.
"""

import argparse
import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path

from loadtest.benchmarks.command import Study, say
from loadtest.benchmarks.drivers import turns
from loadtest.benchmarks.models import tiny_model
from loadtest.benchmarks.servers import paths
from loadtest.benchmarks.servers.engine import Engine
from loadtest.benchmarks.servers.paths import Route, Setting
from loadtest.benchmarks.servers.process import finished
from loadtest.experiments import machine, markdown
from loadtest.experiments.log import Experiment, read

SCENARIO = "developer"


@dataclass(frozen=True, slots=True)
class Stage:
    """``told`` is how long an answer took in the story, ``api`` what the server speaks."""

    name: str
    told: str
    start: Callable[[Setting], AbstractAsyncContextManager[dict[str, Route]]]
    path: str
    api: str


STAGES = (
    Stage("0: FastAPI + Hugging Face pipeline", "11 s",
          paths.pipeline, paths.PIPELINE, "websocket"),
    Stage("1: vLLM", "3 s", paths.vllm_serve, paths.VLLM_SERVE, "openai"),
    Stage("2: Ray Serve, 2 replicas of vLLM", "below 1 s",
          paths.two_replicas, paths.RAY_TWO, "websocket"),
)  # fmt: skip


async def _climb(arguments: argparse.Namespace, folder: Path) -> str:
    await turns.quiet("Before anything was started")
    engine = Engine(await asyncio.to_thread(tiny_model.make, arguments.models.resolve() / "tiny"))
    data, config = await paths.indexed(folder), folder / "glossator.toml"
    # In the story nobody was shed; everybody waited.
    config.write_text(f"{engine.settings()}[admission]\nmax_wait_s = 600\n")
    setting = Setting(engine, 0, lambda question: [], {}, data, config, folder)
    runs = []
    for stage in STAGES:
        say(f"Stage {stage.name}: starting ...")
        async with stage.start(setting) as routes:
            runs.append(await _measure(stage, routes[stage.path], arguments, folder))
        say(f"  answers: p50 {runs[-1].figures['e2e_p50']:,.0f} ms")
    return report(runs)


async def _measure(
    stage: Stage, route: Route, arguments: argparse.Namespace, folder: Path
) -> Experiment:
    log = arguments.log.resolve()
    load = ["loadtest", "--url", route.url, "--api", stage.api, "--scenario", SCENARIO, "--bare"]
    load += ["--think", str(arguments.think), "--slo", "failed<100%"]
    # The first requests compile, connect and allocate. Their seed differs, so that no cache knows
    # the questions that follow.
    warm = paths.glossator(*load, "--seconds", "8", "--seed", "1", "--log", str(folder / "warm-up"))
    await finished("warm-up", warm, folder)
    kept = ["--seconds", str(arguments.seconds), "--log", str(log), "--note", f"stage {stage.name}"]
    await finished("loadtest", paths.glossator(*load, *kept), folder)
    return read(log, "last")


def report(runs: Sequence[Experiment]) -> str:
    """The story's table and ours, in Markdown. ``runs`` are in the order of ``STAGES``."""
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
    study = Study(__spec__, __doc__)
    study.number("--seconds", 45.0, "time of each stage")
    study.number("--think", 0.25, "factor on the users' pauses")
    study.models()
    study.folder("--log", "experiments", "folder of the experiment log")
    study.run(_climb, given)


if __name__ == "__main__":
    main()
