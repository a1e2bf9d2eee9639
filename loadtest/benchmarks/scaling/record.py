"""Lets simulated people ask a running backend, and records what they asked as a trace.

    python -m loadtest.benchmarks.scaling.record FILE

The requests are real. Each person asks, reads the whole answer, and thinks. The trace has the
arrivals and the engine's own counts of tokens, but no text.
"""

import argparse
import asyncio
import itertools
import random
import time
import uuid
from collections.abc import Sequence
from pathlib import Path

from backend.protocol.wire import Ask
from loadtest.benchmarks.command import Study
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


async def _record(arguments: argparse.Namespace, folder: Path) -> str:
    draw = random.Random(arguments.seed)

    def request(question: str) -> Ask:
        return Ask(
            id=uuid.uuid4().hex, question=question, max_tokens=draw.choice((24, 48, 96, 192))
        )

    async with websocket_users(arguments.url, arguments.users, request) as users:
        trace = await recorded(users, arguments.seconds, arguments.think, arguments.seed)
    traffic.write(trace, arguments.file)
    return f"{len(trace)} requests in {arguments.file}"


def main(given: Sequence[str] | None = None) -> None:
    study = Study(__spec__, __doc__)
    study.add_argument("file", type=Path, metavar="FILE", help="where to write the trace")
    study.add_argument("--url", default="http://127.0.0.1:8765", help="(default: %(default)s)")
    study.number("--users", 10, "people")
    study.number("--seconds", 60.0, "how long they ask")
    study.number("--think", 5.0, "seconds that they think, on average")
    study.number("--seed", 20, "seed of everything random", zero=True)
    study.run(_record, given)


if __name__ == "__main__":
    main()
