"""What idle editors cost: thousands of open websockets on one gateway, and one user who asks.

    python -m loadtest.benchmarks.serving.idle --sessions 2000

The gateway serves locally, in one process with the real engine. Its resident memory is read before
and after the sessions open. TTFT of one user is measured without them and with them.

Limits: memory is that of the gateway's process as Linux counts it, so an allocator that keeps what
was freed hides some of it. The sessions do nothing except for the websocket's own pings.
"""

import argparse
import asyncio
import itertools
import resource
from contextlib import AsyncExitStack
from pathlib import Path

from loadtest.benchmarks.command import Study, StudyFailed, say
from loadtest.benchmarks.drivers.closed_loop import closed_loop
from loadtest.benchmarks.drivers.users import PATIENCE_S, asking, dial, websocket_users
from loadtest.benchmarks.models import tiny_model
from loadtest.benchmarks.servers.cluster import serving
from loadtest.benchmarks.servers.engine import Engine
from loadtest.benchmarks.summary import ttft_p50_ms, ttft_p95_ms
from loadtest.experiments.machine import resident_mib
from loadtest.experiments.markdown import table
from loadtest.scenarios import questions

AT_ONCE = 50  # handshakes at the same time
FILES_BESIDES = 200  # file descriptors for everything but sessions


async def _ttft_ms(url: str, serial: "itertools.count[int]", count: int) -> tuple[float, float]:
    asked = questions.unique(serial, count)
    async with websocket_users(url, 1, asking(32)) as users:
        done = await closed_loop(users, asked)
    return ttft_p50_ms(done), ttft_p95_ms(done)


async def _open(stack: AsyncExitStack, url: str, count: int) -> None:
    free = asyncio.Semaphore(AT_ONCE)

    async def one() -> None:
        async with free:
            await stack.enter_async_context(dial(url, ping_timeout=PATIENCE_S))

    await asyncio.gather(*(one() for _ in range(count)))


def _allow_files(wanted: int) -> None:
    """Raises ``StudyFailed`` where the limit on open files is lower and cannot be raised."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise StudyFailed(f"this needs `ulimit -n {wanted}`; it is {hard}.")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))


async def _run(arguments: argparse.Namespace, folder: Path) -> str:
    _allow_files(arguments.sessions + FILES_BESIDES)
    engine = Engine(tiny_model.make(arguments.model.resolve()))
    serial = itertools.count(1000)
    async with serving(folder, engine, "local", {}) as backend, AsyncExitStack() as stack:
        await _ttft_ms(backend.url, serial, arguments.questions)  # warms up
        alone = await _ttft_ms(backend.url, serial, arguments.questions)
        before = resident_mib(backend.pid)
        await _open(stack, backend.url, arguments.sessions)
        after = resident_mib(backend.pid)
        say(f"{arguments.sessions} sessions are open")
        beside = await _ttft_ms(backend.url, serial, arguments.questions)
    rows = [
        ["0", f"{before:.0f}", f"{alone[0]:.1f}", f"{alone[1]:.1f}"],
        [str(arguments.sessions), f"{after:.0f}", f"{beside[0]:.1f}", f"{beside[1]:.1f}"],
    ]
    heads = ["idle sessions", "gateway's memory, MiB", "TTFT p50, ms", "TTFT p95, ms"]
    return (
        f"{table(heads, rows)}\n\n"
        f"Memory for each session: {1024 * (after - before) / arguments.sessions:.1f} KiB; "
        f"TTFT p50 with them to without: {beside[0] / alone[0]:.2f}"
    )


def main() -> None:
    study = Study(__spec__, __doc__)
    study.number("--sessions", 2000, "sessions that are opened")
    study.number("--questions", 30, "questions of the one user")
    study.model()
    study.run(_run)


if __name__ == "__main__":
    main()
