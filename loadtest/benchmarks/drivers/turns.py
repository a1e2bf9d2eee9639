"""Paths take turns: each turn is metered, told while the run goes on, and held to the same work."""

import asyncio
import os
import sys
from collections.abc import Iterable
from statistics import fmean

import msgspec

from loadtest.benchmarks import summary
from loadtest.benchmarks.drivers.closed_loop import Pass
from loadtest.benchmarks.servers.paths import Route
from loadtest.experiments import machine

QUIET_S = 3.0
BUSY_CORES = 0.25  # beyond this the machine has other things to do, and the figures suffer
SLACK_TOKENS = 4.0  # request ids are part of some prompts, and do not all have as many tokens


class Unfair(Exception):
    """The paths did not do the same work."""


def expect_fair(done: dict[str, Pass]) -> None:
    """Raises ``Unfair`` unless all paths read equally long prompts, equally cached."""
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


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


async def quiet(when: str) -> float:
    busy = await asyncio.to_thread(machine.busy_cores, QUIET_S)
    say(f"{when}: {busy:.2f} cores busy")
    if busy > BUSY_CORES:
        say("  that is not quiet: the figures will say less than they could")
    return busy
