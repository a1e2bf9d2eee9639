"""What people asked of a running backend, as a trace.

    python -m loadtest.benchmarks.scaling.record

Simulated people, but real requests: each asks, reads as long as it takes, and thinks. Written are
arrivals and the engine's own counts of tokens; no text.
"""

import argparse
import asyncio
import itertools
import random
import time
import uuid
from collections.abc import Sequence
from pathlib import Path

import uvloop

from backend.protocol.wire import Ask
from loadtest.benchmarks.drivers.closed_loop import User
from loadtest.benchmarks.drivers.users import websocket_users
from loadtest.scenarios import questions
from loadtest.simulation import traffic
from loadtest.simulation.traffic import Asked


async def recorded(users: Sequence[User], seconds: float, think_s: float, seed: int) -> list[Asked]:
    """Every user thinks for ``think_s`` on average before each question."""
    draw = random.Random(seed)
    trace: list[Asked] = []
    topics = itertools.cycle(questions.TOPICS)
    began = time.perf_counter()

    async def live(name: str, user: User) -> None:
        while True:
            await asyncio.sleep(draw.expovariate(1 / think_s))
            at_s = time.perf_counter() - began
            if at_s > seconds:
                return
            answered = await user(next(topics))
            trace.append(
                Asked(
                    round(at_s, 3),
                    name,
                    "chat",
                    answered.prompt_tokens,
                    answered.cached_tokens,
                    max(1, answered.completion_tokens),
                )
            )

    async with asyncio.TaskGroup() as group:
        for number, user in enumerate(users):
            group.create_task(live(f"u{number}", user))
    return sorted(trace, key=lambda asked: asked.at_s)


async def _record(arguments: argparse.Namespace) -> list[Asked]:
    draw = random.Random(arguments.seed)

    def request(question: str) -> Ask:
        return Ask(
            id=uuid.uuid4().hex, question=question, max_tokens=draw.choice((24, 48, 96, 192))
        )

    async with websocket_users(arguments.url, arguments.users, request) as users:
        return await recorded(users, arguments.seconds, arguments.think, arguments.seed)


def main(given: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m loadtest.benchmarks.scaling.record",
        description="Let people ask a running backend, and write what that was as a trace.",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="where to write the trace")
    parser.add_argument("--url", default="http://127.0.0.1:8765", help="(default: %(default)s)")
    parser.add_argument("--users", type=int, default=10, metavar="N", help="(default: 10)")
    parser.add_argument("--seconds", type=float, default=60.0, metavar="S", help="(default: 60)")
    parser.add_argument("--think", type=float, default=5.0, metavar="S", help="(default: 5)")
    parser.add_argument("--seed", type=int, default=20, metavar="N", help="(default: 20)")
    arguments = parser.parse_args(given)
    trace = uvloop.run(_record(arguments))
    traffic.write(trace, arguments.file)
    print(f"{len(trace)} requests in {arguments.file}")


if __name__ == "__main__":
    main()
