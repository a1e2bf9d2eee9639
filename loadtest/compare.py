"""`make bench`: what our gateway costs, and saves, beside vLLM's own server. One run, one table.

Every path runs the same engine configuration (``loadtest.engine``) and gets the very prompts our
backend builds (``loadtest.capture``). All servers are started first and then take turns; while
one answers, the others are idle.
"""

import argparse
import asyncio
import datetime
import itertools
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path
from statistics import fmean

import msgspec
import uvloop

from loadtest import machine, paths, questions, summary, tiny_model
from loadtest.capture import captured
from loadtest.closed_loop import Pass
from loadtest.engine import Engine
from loadtest.paths import Route, Setting
from loadtest.process import ProcessFailed, finished
from loadtest.users import AnswerFailed

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
QUIET_S = 3.0
BUSY_CORES = 0.25  # beyond this the machine has other things to do, and the figures suffer
SLACK_TOKENS = 4.0  # request ids are part of some prompts, and do not all have as many tokens

EPILOG = """\
TTFT counts from sending the question to the first text; tokens/s are the engine's counts over the
wall time of a pass; CPU is that of all of the server's processes. Paths take turns within each
pass, in an order that is reversed from pass to pass, so that drift of the machine hits all alike.
Every figure is the median over the quieter half of the passes, in which the rest of the machine
did least, with the extremes in brackets. Look at the ratios: absolute figures are this machine's
own. The Markdown goes to standard output, progress to standard error. Defaults take about 8
minutes on a quiet machine.
"""


class Unfair(Exception):
    """The paths did not do the same work."""


def _arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m loadtest.compare",
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
            done[path] = await _watched(routes[path], users, asked)
            _tell(turn, users, path, done[path])
        expect_fair(done)
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


async def _watched(route: Route, users: int, asked: list[str]) -> Pass:
    meter = machine.Meter()
    done = await route.measure(users, asked)
    others_s = meter.machine_s() - meter.tree_s(os.getpid())
    return msgspec.structs.replace(
        done,
        server_cpu_s=meter.tree_s(route.pid),
        others_cores=max(0.0, others_s / meter.elapsed_s()),
    )


def _tell(turn: int, users: int, path: str, done: Pass) -> None:
    _say(
        f"{f'pass {turn}' if turn else 'warm-up'}  {users:3} users  {path:36}"
        f" TTFT p50 {summary.ttft_p50_ms(done):7.1f} ms  p95 {summary.ttft_p95_ms(done):7.1f} ms"
        f"  {done.tokens_per_s:6.0f} tok/s  {1000 * summary.server_cpu_s(done):5.0f} CPU ms"
        f"{f'  (others: {done.others_cores:.1f} cores)' if done.others_cores > BUSY_CORES else ''}"
    )


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


async def _quiet(when: str) -> float:
    busy = await asyncio.to_thread(machine.busy_cores, QUIET_S)
    _say(f"{when}: {busy:.2f} cores busy")
    if busy > BUSY_CORES:
        _say("  that is not quiet: the figures will say less than they could")
    return busy


async def _compare(arguments: argparse.Namespace, folder: Path) -> str:
    before = await _quiet("Before anything was started")
    model = await asyncio.to_thread(tiny_model.make, arguments.model.resolve())
    _say(f"Indexing {questions.INDEXED} ...")
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
            _say(f"Starting {name} ...")
            routes |= await stack.enter_async_context(SERVERS[name](setting))
        idle = await _quiet("All servers up and idle")
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


async def _until_signalled(arguments: argparse.Namespace) -> str:
    """A SIGTERM ends it as Ctrl-C does: every server is stopped first."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    with tempfile.TemporaryDirectory(prefix="glossator-compare-") as folder:
        return await _compare(arguments, Path(folder))


def main(given: Sequence[str] | None = None) -> None:
    arguments = _arguments(given)
    try:
        print(uvloop.run(_until_signalled(arguments)))
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.exit("Stopped; so are all servers.")
    except (ProcessFailed, AnswerFailed, Unfair, OSError) as error:
        sys.exit(f"compare: {error}")
    except BaseExceptionGroup as group:
        # A pass fails with all users at once, mostly for one reason.
        sys.exit(f"compare: {group.exceptions[0]}")


if __name__ == "__main__":
    main()
