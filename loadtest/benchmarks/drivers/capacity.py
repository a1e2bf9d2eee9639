"""How many answers a second a fully loaded server gives."""

import asyncio
import time
from collections.abc import Iterator, Sequence

from loadtest.benchmarks.drivers.closed_loop import User


async def capacity(users: Sequence[User], asked: Iterator[str], seconds: float) -> float:
    """Answers per second for these users in a closed loop. The first fifth of the time warms up.

    Users who start together also end together, so a count of ended answers could be off by as many.
    An answer that lies partly within the time therefore counts by that part.
    """
    began = time.perf_counter()
    spans: list[tuple[float, float]] = []

    async def ask(user: User) -> None:
        while (asked_at := time.perf_counter() - began) < seconds:
            await user(next(asked))
            spans.append((asked_at, time.perf_counter() - began))

    await asyncio.gather(*(ask(user) for user in users))
    return within(spans, seconds / 5, seconds) / (seconds * 4 / 5)


def within(spans: Sequence[tuple[float, float]], start: float, end: float) -> float:
    """How many spans lie in a window. A span that lies partly in it counts by that part."""
    return sum(max(0.0, min(b, end) - max(a, start)) / (b - a) for a, b in spans)
