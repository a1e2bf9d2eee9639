"""Runs the scans of long texts on one thread, in short turns.

A short text is scanned at once on the event loop, because a thread would cost more than the scan. A
scan that has not ended after ``ON_LOOP_S`` goes on in the thread, a few milliseconds at a time.
Scans take turns, so a long one delays a short one by one turn only. Between turns the thread rests
until the event loop gives it another one, so the loop never waits longer than a turn for Python's
lock. A scan whose caller is cancelled, because its time is up, gets no more turns.
"""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from indexer.screening.windows import Steps

ON_LOOP_S = 0.002
TURN_S = 0.002

Out = TypeVar("Out")


class Scans:
    """Shared by the rails of a process."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="scan")

    async def result(self, steps: Steps[Out]) -> Out:
        """The result of the steps. Each should be short: a turn can end only between steps."""
        done = _advance(steps, ON_LOOP_S)
        loop = asyncio.get_running_loop()
        while done is None:
            done = await loop.run_in_executor(self._thread, _advance, steps, TURN_S)
        return done[0]


def _advance(steps: Steps[Out], seconds: float) -> tuple[Out] | None:
    """The result, once there is one; ``None`` when the time was up before."""
    until = time.perf_counter() + seconds
    try:
        next(steps)
        while time.perf_counter() < until:
            next(steps)
    except StopIteration as stop:
        return (stop.value,)
    return None
