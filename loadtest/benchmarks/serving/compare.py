"""`make bench`: what our gateway costs, and saves, beside vLLM's own server. One run, one table.

Every path runs the same engine configuration (``loadtest.benchmarks.servers.engine``) and gets the
very prompts our backend builds (``loadtest.benchmarks.drivers.capture``). All servers are started
first and then take turns; while one answers, the others are idle.
"""

import argparse
import asyncio
import datetime
import itertools
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path
from statistics import fmean

import msgspec

from loadtest.benchmarks import command, summary
from loadtest.benchmarks.drivers import turns
from loadtest.benchmarks.drivers.capture import captured
from loadtest.benchmarks.drivers.closed_loop import Pass
from loadtest.benchmarks.models import tiny_model
from loadtest.benchmarks.servers import paths
from loadtest.benchmarks.servers.engine import Engine
from loadtest.benchmarks.servers.paths import Route, Setting
from loadtest.benchmarks.servers.process import finished
from loadtest.experiments import machine
from loadtest.scenarios import questions

Servers = Callable[[Setting], AbstractAsyncContextManager[dict[str, Route]]]

SERVERS: dict[str, Servers] = {
    "engine": paths.async_llm,
    "vllm-serve": paths.vllm_serve,
    "local": paths.local_gateway,
    "ray": paths.ray_gateway,
}
RETRIEVAL = (  # with retrieval; the same prompts without it; short prompts without it
    (paths.LOCAL_RETRIEVAL, paths.LOCAL_DOCUMENTED, paths.LOCAL),
    (paths.RAY_RETRIEVAL, paths.RAY_DOCUMENTED, paths.RAY),
)
ROUNDS = 6  # questions of each user, at least

EPILOG = """\
TTFT counts from sending the question to the first text; tokens/s are the engine's counts over the
wall time of a pass; CPU is that of all of the server's processes. Paths take turns within each
pass, in an order that is reversed from pass to pass, so that drift of the machine hits all alike.
Every figure is the median over the quieter half of the passes, in which the rest of the machine
did least, with the extremes in brackets. Look at the ratios: absolute figures are this machine's
own. The Markdown goes to standard output, progress to standard error. Defaults take about 8
minutes on a quiet machine.
"""


def _arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m loadtest.benchmarks.serving.compare",
        description="Measure TTFT and tokens/s of vLLM's AsyncLLM in process, of `vllm serve` "
        "over HTTP, and of our gateway, local and on Ray Serve, with the tiny model.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--users", type=int, nargs="+", default=[1, 8, 32], metavar="N",
        help="concurrent users, each asking again as soon as it is answered (default: 1 8 32)",
    )  # fmt: skip
    parser.add_argument(
        "--tokens", type=int, default=64, metavar="N", help="tokens of an answer (default: 64)"
    )
    parser.add_argument(
        "--requests", type=int, default=24, metavar="N",
        help=f"answers per path, number of users and pass; more where {ROUNDS} for each user "
        "are more (default: 24)",
    )  # fmt: skip
    parser.add_argument(
        "--passes", type=int, default=4, metavar="K", help="measured passes (default: 4)"
    )
    parser.add_argument(
        "--only", nargs="+", choices=SERVERS, default=list(SERVERS), metavar="NAME",
        help=f"measure only these: {', '.join(SERVERS)}",
    )  # fmt: skip
    parser.add_argument(
        "--model", type=Path, default=Path(".models/tiny"), metavar="FOLDER",
        help="the tiny model; made there if need be (default: .models/tiny)",
    )  # fmt: skip
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every answer there")
    arguments = parser.parse_args(given)
    numbers = [*arguments.users, arguments.tokens, arguments.requests, arguments.passes]
    if min(numbers) < 1:
        parser.error("numbers must be 1 or more")
    return arguments


async def _measure(
    arguments: argparse.Namespace, routes: dict[str, Route]
) -> dict[tuple[str, int], list[Pass]]:
    """By path and users, in the order of the arguments. The first turn warms up and is dropped."""
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
    turns.say(f"Indexing {questions.INDEXED} ...")
    data = folder / "data"
    index = paths.glossator("index", questions.INDEXED, "--data", str(data))
    await finished("index", index, folder, {})
    engine = Engine(model)
    config = folder / "glossator.toml"
    config.write_text(engine.settings())
    prompts = await captured(data, config, questions.TOPICS)
    setting = Setting(
        engine, arguments.tokens, prompts.messages, prompts.documented, data, config, folder
    )
    async with AsyncExitStack() as stack:
        routes: dict[str, Route] = {}
        for name in arguments.only:
            turns.say(f"Starting {name} ...")
            routes |= await stack.enter_async_context(SERVERS[name](setting))
        # Of the ladder, which asks it about the topics alone.
        routes.pop(paths.VLLM_DOCUMENTED, None)
        idle = await turns.quiet("All servers up and idle")
        measured = await _measure(arguments, routes)
    described = machine.describe()
    if arguments.json:
        raw = [
            {"path": path, "users": users, "passes": done}
            for (path, users), done in measured.items()
        ]
        arguments.json.write_bytes(
            msgspec.json.encode({"machine": described, "busy_cores": idle, "results": raw})
        )
    quiet = summary.quieter_half(measured)
    return _report(arguments, described, before, idle, quiet)


def _report(
    arguments: argparse.Namespace,
    described: machine.Machine,
    before: float,
    idle: float,
    passes: summary.Passes,
) -> str:
    others = [each.others_cores for done in passes.values() for each in done]
    versions = ", ".join(f"{name} {version}" for name, version in described.versions.items())
    gateways = [path for path in (paths.ASYNC_LLM, paths.LOCAL, paths.RAY) if _has(passes, path)]
    parts = [
        f"{datetime.datetime.now(datetime.UTC):%d %B %Y}, {described.cores} cores of "
        f"{described.cpu}, Python {described.python}, {versions}. "
        f"The quieter half of {arguments.passes} passes, "
        f"{arguments.tokens} tokens an answer. Busy cores before the start: {before:.2f}; "
        f"with all servers up and idle: {idle:.2f}; by everything else while measuring: "
        f"{fmean(others):.2f} ({min(others):.2f}–{max(others):.2f}).",
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
    arguments = _arguments(given)
    command.run("compare", lambda folder: _compare(arguments, folder))


if __name__ == "__main__":
    main()
