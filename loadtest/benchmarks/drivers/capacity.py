"""What a server answers when it has as much to do as it can take."""

import asyncio
import time
from collections.abc import Iterator, Sequence

from loadtest.benchmarks.drivers.closed_loop import User


async def capacity(users: Sequence[User], asked: Iterator[str], seconds: float) -> float:
    """Answers per second of so many users in a closed loop, after a fifth of the time.

    Who starts together ends together, and a count of ends would be off by as many: an answer that
    lies partly within counts by that part.
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
    """How many spans lie in a window, parts counting as parts."""
    return sum(max(0.0, min(b, end) - max(a, start)) / (b - a) for a, b in spans)
