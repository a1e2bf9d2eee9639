"""Decides when the next delta of each answer leaves: at the first engine step after its pause.

Deltas that leave together cost one write here and one read at the other end. With a timer for each
answer, every delta would leave alone.
"""

import asyncio
from collections.abc import Iterable

# An answer waits at most this much longer after its pause, because a step may take long.
LATE_S = 0.02


class Pacing:
    """The answers of one engine; all of it runs on one event loop."""

    def __init__(self) -> None:
        self._ended: dict[str, bool] = {}  # for all answers that have begun
        self._paused: dict[str, tuple[float, asyncio.Future[None]]] = {}  # and until when
        self._alarm: asyncio.TimerHandle | None = None

    def begin(self, answer: str) -> None:
        """Registers an answer; ``forget`` it afterwards."""
        self._ended[answer] = False

    def forget(self, answer: str) -> None:
        self._ended.pop(answer, None)

    async def pause(self, answer: str, until: float) -> None:
        """Waits for the first step after ``until``, or for the step that ends the answer."""
        if self._ended[answer]:
            return
        woken = asyncio.get_running_loop().create_future()
        self._paused[answer] = until, woken
        self._arm(until + LATE_S)
        try:
            await woken
        finally:
            self._paused.pop(answer, None)

    def step(self, ended: Iterable[str] = ()) -> None:
        """Called when the deltas of a step can be pulled. ``ended`` are the answers it ended."""
        for answer in ended:
            if answer in self._ended:
                self._ended[answer] = True
            if answer in self._paused:
                _wake(self._paused.pop(answer)[1])
        self._wake_due()

    def _wake_due(self) -> None:
        now = asyncio.get_running_loop().time()
        due = [answer for answer, (until, _) in self._paused.items() if until <= now]
        for answer in due:
            _wake(self._paused.pop(answer)[1])

    def _arm(self, at: float) -> None:
        """Sets the one timer for all answers. A step usually comes before it."""
        if self._alarm:
            if self._alarm.when() <= at:
                return
            self._alarm.cancel()
        self._alarm = asyncio.get_running_loop().call_at(at, self._late)

    def _late(self) -> None:
        self._alarm = None
        self._wake_due()
        if self._paused:
            self._arm(min(until for until, _ in self._paused.values()) + LATE_S)


def _wake(paused: asyncio.Future[None]) -> None:
    if not paused.done():  # its answer may have been cancelled
        paused.set_result(None)
