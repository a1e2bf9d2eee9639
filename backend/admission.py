"""Admission: a bounded waiting room in front of the generators, in priority order.

A first implementation of the ``Admission`` port: it counts requests. One event loop owns it.
"""

import asyncio
import heapq
import itertools
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from backend.errors import Overloaded
from backend.prompt import PRIORITY
from backend.wire import Kind

_SMOOTHING = 0.1  # weight of the newest request in the mean time a place is held


class BoundedAdmission:
    """At most ``max_running`` requests run and ``max_waiting`` wait; one more is shed at once."""

    def __init__(self, max_running: int, max_waiting: int) -> None:
        self._max_running = max_running
        self._max_waiting = max_waiting
        self._running = 0
        self._order = itertools.count()
        self._queue: list[tuple[int, int, asyncio.Future[None]]] = []
        self._held_s = 1.0

    @property
    def running(self) -> int:
        return self._running

    @property
    def waiting(self) -> int:
        return sum(not turn.done() for *_, turn in self._queue)

    @property
    def full(self) -> bool:
        return self._running >= self._max_running

    @asynccontextmanager
    async def admit(self, kind: Kind, tokens: int) -> AsyncIterator[None]:
        await self._enter(kind)
        entered = time.monotonic()
        try:
            yield
        finally:
            self._held_s += _SMOOTHING * (time.monotonic() - entered - self._held_s)
            self._leave()

    async def _enter(self, kind: Kind) -> None:
        if not self.full:
            self._running += 1
            return
        waiting = self.waiting
        if waiting >= self._max_waiting:
            wait_s = self._held_s * (waiting + 1) / self._max_running
            raise Overloaded(
                f"All {self._max_running} places are taken and {waiting} requests wait. "
                f"Try again in {wait_s:.0f} s.",
                retry_after_ms=round(1000 * wait_s),
            )
        turn = asyncio.get_running_loop().create_future()
        heapq.heappush(self._queue, (PRIORITY[kind], next(self._order), turn))
        try:
            await turn
        except asyncio.CancelledError:
            # The place may have been handed over in the same tick as the cancellation.
            if turn.done() and not turn.cancelled():
                self._leave()
            raise

    def _leave(self) -> None:
        """Hands the place to the next in line, so that ``running`` never dips below the truth."""
        while self._queue:
            *_, turn = heapq.heappop(self._queue)
            if not turn.done():
                turn.set_result(None)
                return
        self._running -= 1
