"""Paths are measured in turns. Each turn is metered and reported at once, and all paths have to do
the same work.
"""

import asyncio
import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from statistics import fmean
from typing import Any

import msgspec

from loadtest.benchmarks import summary
from loadtest.benchmarks.command import StudyFailed, say
from loadtest.benchmarks.drivers.closed_loop import Pass
from loadtest.benchmarks.servers.paths import Route
from loadtest.experiments import machine

QUIET_S = 3.0
BUSY_CORES = 0.25  # above this other work on the machine disturbs the figures
SLACK_TOKENS = 4.0  # some prompts hold request ids, which differ in their number of tokens


class Unfair(StudyFailed):
    """The paths did not do the same work."""


def expect_fair(done: dict[str, Pass]) -> None:
    """Raises ``Unfair`` unless all paths read equally long prompts, of which as much was cached."""
    means = {
        path: (
            fmean(answer.prompt_tokens for answer in each.answers),
            fmean(answer.cached_tokens for answer in each.answers),
        )
        for path, each in done.items()
    }
    prompts, cached = zip(*means.values(), strict=True)
    if max(prompts) - min(prompts) > SLACK_TOKENS or max(cached) - min(cached) > SLACK_TOKENS:
        shown = "; ".join(
            f"{path} {prompt:.1f}, {hit:.1f} of them cached"
            for path, (prompt, hit) in means.items()
        )
        raise Unfair(f"the paths read different prompts, in tokens: {shown}")


async def watched(route: Route, users: int, asked: Iterable[str]) -> Pass:
    meter = machine.Meter()
    done = await route.measure(users, asked)
    others_s = meter.machine_s() - meter.tree_s(os.getpid())
    return msgspec.structs.replace(
        done,
        server_cpu_s=meter.tree_s(route.pid),
        others_cores=max(0.0, others_s / meter.elapsed_s()),
    )


def tell(turn: int, users: int, path: str, done: Pass) -> None:
    say(
        f"{f'pass {turn}' if turn else 'warm-up'}  {users:3} users  {path:36}"
        f" TTFT p50 {summary.ttft_p50_ms(done):7.1f} ms  p95 {summary.ttft_p95_ms(done):7.1f} ms"
        f"  {done.tokens_per_s:6.0f} tok/s  {1000 * summary.server_cpu_s(done):5.0f} CPU ms"
        f"{f'  (others: {done.others_cores:.1f} cores)' if done.others_cores > BUSY_CORES else ''}"
    )


def conditions() -> str:
    """When and on what a measurement ran: the first sentence of a report."""
    about = machine.describe()
    versions = ", ".join(f"{name} {version}" for name, version in about.versions.items())
    return (
        f"{datetime.now(UTC):%d %B %Y}, {about.cores} cores of {about.cpu}, "
        f"Python {about.python}, {versions}."
    )


def others(passes: Mapping[Any, Sequence[Pass]]) -> str:
    """Cores that everything else kept busy during the passes: the mean and the extremes."""
    cores = [each.others_cores for done in passes.values() for each in done]
    return f"{fmean(cores):.2f} ({min(cores):.2f}–{max(cores):.2f})"


async def quiet(when: str) -> float:
    busy = await asyncio.to_thread(machine.busy_cores, QUIET_S)
    say(f"{when}: {busy:.2f} cores busy")
    if busy > BUSY_CORES:
        say("  that is not quiet: the figures will say less than they could")
    return busy
