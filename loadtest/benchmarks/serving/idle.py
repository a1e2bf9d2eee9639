"""What an idle editor costs: thousands of open websockets on one gateway, and one that asks.

    python -m loadtest.benchmarks.serving.idle --sessions 2000

The gateway serves locally, in one process, beside the real engine; its resident memory is read
before and after the sessions open, and TTFT of one user is taken without them and with them.

Limits: memory is that of the gateway process as Linux counts it, so an allocator that keeps what
it freed hides some; the sessions are idle but for the websocket's own pings.
"""

import argparse
import asyncio
import itertools
import resource
import sys
import tempfile
import uuid
from contextlib import AsyncExitStack
from pathlib import Path

import psutil
import uvloop

from backend.protocol.wire import Ask
from loadtest.benchmarks.drivers.closed_loop import closed_loop
from loadtest.benchmarks.drivers.users import PATIENCE_S, dial, websocket_users
from loadtest.benchmarks.models import tiny_model
from loadtest.benchmarks.servers.cluster import serving
from loadtest.benchmarks.servers.engine import Engine
from loadtest.benchmarks.servers.process import ProcessFailed
from loadtest.benchmarks.summary import ttft_p50_ms, ttft_p95_ms
from loadtest.scenarios import questions

AT_ONCE = 50  # handshakes side by side
FILES_BESIDES = 200  # file descriptors that are not sessions


def _request(question: str) -> Ask:
    return Ask(id=uuid.uuid4().hex, question=question, sources=(), max_tokens=32, temperature=0.0)


async def _ttft_ms(url: str, serial: "itertools.count[int]", count: int) -> tuple[float, float]:
    asked = questions.unique(serial, count)
    async with websocket_users(url, 1, _request) as users:
        done = await closed_loop(users, asked)
    return ttft_p50_ms(done), ttft_p95_ms(done)


async def _open(stack: AsyncExitStack, url: str, count: int) -> None:
    free = asyncio.Semaphore(AT_ONCE)

    async def one() -> None:
        async with free:
            await stack.enter_async_context(dial(url, ping_timeout=PATIENCE_S))

    await asyncio.gather(*(one() for _ in range(count)))


def _resident_kib(pid: int) -> float:
    return float(psutil.Process(pid).memory_info().rss) / 1024


async def _run(arguments: argparse.Namespace, folder: Path) -> str:
    engine = Engine(tiny_model.make(arguments.model.resolve()))
    serial = itertools.count(1000)
    async with serving(folder, engine, "local", {}) as backend, AsyncExitStack() as stack:
        await _ttft_ms(backend.url, serial, arguments.questions)  # warms up
        alone = await _ttft_ms(backend.url, serial, arguments.questions)
        before = _resident_kib(backend.pid)
        await _open(stack, backend.url, arguments.sessions)
        after = _resident_kib(backend.pid)
        print(f"{arguments.sessions} sessions are open", file=sys.stderr, flush=True)
        beside = await _ttft_ms(backend.url, serial, arguments.questions)
    return "\n".join(
        [
            "| idle sessions | gateway's memory, MiB | TTFT p50, ms | TTFT p95, ms |",
            "| --- " * 4 + "|",
            f"| 0 | {before / 1024:.0f} | {alone[0]:.1f} | {alone[1]:.1f} |",
            f"| {arguments.sessions} | {after / 1024:.0f} | {beside[0]:.1f} | {beside[1]:.1f} |",
            "",
            f"Memory for each session: {(after - before) / arguments.sessions:.1f} KiB; "
            f"TTFT p50 with them to without: {beside[0] / alone[0]:.2f}",
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m loadtest.benchmarks.serving.idle",
        description=(__doc__ or "").partition("\n")[0],
    )
    parser.add_argument("--sessions", type=int, default=2000, metavar="N", help="open (2000)")
    parser.add_argument("--questions", type=int, default=30, metavar="N", help="asked (30)")
    parser.add_argument(
        "--model", type=Path, default=Path(".models/tiny"), metavar="FOLDER",
        help="the tiny model; made there if need be (.models/tiny)",
    )  # fmt: skip
    arguments = parser.parse_args()
    wanted = arguments.sessions + FILES_BESIDES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        sys.exit(f"idle: {arguments.sessions} sessions need `ulimit -n {wanted}`; it is {hard}.")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    try:
        with tempfile.TemporaryDirectory(prefix="glossator-idle-") as folder:
            print(uvloop.run(_run(arguments, Path(folder))))
    except (ProcessFailed, OSError) as error:
        sys.exit(f"idle: {error}")


if __name__ == "__main__":
    main()
