"""Measures our gateway beside vLLM's own server: TTFT and tokens/s, in one run (`make bench`).

The paths are vLLM's AsyncLLM in process, `vllm serve` over HTTP, and our gateway, local and on Ray
Serve, with the tiny model. Every path runs the same engine configuration and gets the very prompts
that our backend builds. All servers are started first and then take turns; while one answers, the
others are idle.

TTFT counts from sending the question to the first text; tokens/s are the engine's counts over the
wall time of a pass; CPU is that of all of the server's processes. The order of the paths is
reversed from pass to pass, so that drift of the machine affects all of them equally. Every figure
is the median over the quieter half of the passes, in which the rest of the machine did least, with
the extremes in brackets. Look at the ratios, because absolute figures depend on this machine. The
Markdown goes to standard output, progress to standard error. The defaults take about 8 minutes on a
quiet machine.
"""

import argparse
import asyncio
import itertools
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path

import msgspec

from loadtest.benchmarks import summary
from loadtest.benchmarks.command import Study, say
from loadtest.benchmarks.drivers import turns
from loadtest.benchmarks.drivers.capture import prepared
from loadtest.benchmarks.drivers.closed_loop import Pass
from loadtest.benchmarks.models import tiny_model
from loadtest.benchmarks.servers import paths
from loadtest.benchmarks.servers.engine import Engine
from loadtest.benchmarks.servers.paths import Route, Setting
from loadtest.experiments import machine
from loadtest.scenarios import questions

Servers = Callable[[Setting], AbstractAsyncContextManager[dict[str, Route]]]

SERVERS: dict[str, Servers] = {
    "engine": paths.async_llm,
    "vllm-serve": paths.vllm_serve,
    "local": paths.local_gateway,
    "ray": paths.ray_gateway,
}
RETRIEVAL = (  # with retrieval, the same prompts without it, short prompts without it
    (paths.LOCAL_RETRIEVAL, paths.LOCAL_DOCUMENTED, paths.LOCAL),
    (paths.RAY_RETRIEVAL, paths.RAY_DOCUMENTED, paths.RAY),
)
ROUNDS = 6  # questions of each user, at least


async def _measure(
    arguments: argparse.Namespace, routes: dict[str, Route]
) -> dict[tuple[str, int], list[Pass]]:
    """The passes by path and number of users. The first turn warms up and is dropped."""
    bare = [path for path in routes if not any(path in each[:2] for each in RETRIEVAL)]
    longer = [path for path in routes if path not in bare]
    passes: dict[tuple[str, int], list[Pass]] = {}
    serial = itertools.count(1000)

    async def take_turns(turn: int, users: int, names: list[str], asked: list[str]) -> None:
        done = {}
        for path in names if turn % 2 else names[::-1]:
            done[path] = await turns.watched(routes[path], users, asked)
            turns.tell(turn, users, path, done[path])
        turns.expect_fair(done)
        if turn:
            for path in names:
                passes.setdefault((path, users), []).append(done[path])

    for turn in range(arguments.passes + 1):
        for users in arguments.users:
            count = max(arguments.requests, ROUNDS * users) if turn else max(4, 2 * users)
            await take_turns(turn, users, bare, questions.unique(serial, count))
        if longer:
            await take_turns(turn, 1, longer, list(questions.TOPICS))
    return passes


async def _compare(arguments: argparse.Namespace, folder: Path) -> str:
    before = await turns.quiet("Before anything was started")
    model = await asyncio.to_thread(tiny_model.make, arguments.model.resolve())
    setting = await prepared(Engine(model), arguments.tokens, questions.TOPICS, folder)
    async with AsyncExitStack() as stack:
        routes: dict[str, Route] = {}
        for name in arguments.only:
            say(f"Starting {name} ...")
            routes |= await stack.enter_async_context(SERVERS[name](setting))
        # Only the ladder asks `vllm serve` with passages.
        routes.pop(paths.VLLM_DOCUMENTED, None)
        idle = await turns.quiet("All servers up and idle")
        measured = await _measure(arguments, routes)
    if arguments.json:
        raw = [
            {"path": path, "users": users, "passes": done}
            for (path, users), done in measured.items()
        ]
        arguments.json.write_bytes(
            msgspec.json.encode({"machine": machine.describe(), "busy_cores": idle, "results": raw})
        )
    quiet = summary.quieter_half(measured)
    return _report(arguments, before, idle, quiet)


def _report(
    arguments: argparse.Namespace,
    before: float,
    idle: float,
    passes: summary.Passes,
) -> str:
    gateways = [path for path in (paths.ASYNC_LLM, paths.LOCAL, paths.RAY) if _has(passes, path)]
    parts = [
        f"{turns.conditions()} The quieter half of {arguments.passes} passes, "
        f"{arguments.tokens} tokens an answer. Busy cores before the start: {before:.2f}; "
        f"with all servers up and idle: {idle:.2f}; by everything else while measuring: "
        f"{turns.others(passes)}.",
    ]
    if _has(passes, paths.VLLM_SERVE) and gateways:
        parts += [
            "Ratios to `vllm serve`, by users (ahead: TTFT and CPU below 1, tokens/s above 1):",
            summary.ratios_table(passes, gateways, paths.VLLM_SERVE),
        ]
    parts += ["Figures:", summary.figures_table(passes)]
    if any((path, 1) in passes for *_, path in RETRIEVAL):
        parts += ["What retrieval adds for one user:", summary.added_table(passes, RETRIEVAL)]
    parts += ["Tokens per answer, and what the client cost:", summary.fairness_table(passes)]
    return "\n\n".join(parts)


def _has(passes: summary.Passes, path: str) -> bool:
    return any(name == path for name, _ in passes)


def main(given: Sequence[str] | None = None) -> None:
    study = Study(__spec__, __doc__)
    study.number("--users", [1, 8, 32], "users at once; each asks again when it is answered")
    study.number("--tokens", 64, "tokens of an answer")
    study.number(
        "--requests", 24,
        f"answers per path, number of users and pass; {ROUNDS} for each user if that is more",
    )  # fmt: skip
    study.number("--passes", 4, "measured passes")
    study.add_argument(
        "--only", nargs="+", choices=SERVERS, default=list(SERVERS), metavar="NAME",
        help=f"measure only these: {', '.join(SERVERS)}",
    )  # fmt: skip
    study.model()
    study.add_argument("--json", type=Path, metavar="FILE", help="write every answer there")
    study.run(_compare, given)


if __name__ == "__main__":
    main()
