"""When the next delta of each answer leaves: with the first step of the engine after its pause.

Deltas that leave together cost one write here and one reading at the other end, and a timer for
each would have each leave on its own.
"""

import asyncio
from collections.abc import Iterable

# After its pause an answer waits so much longer, should a step take long: it may have text.
LATE_S = 0.02


class Pacing:
    """The answers of one engine; all of it runs on one event loop."""

    def __init__(self) -> None:
        self._ended: dict[str, bool] = {}  # of all answers that have begun
        self._paused: dict[str, tuple[float, asyncio.Future[None]]] = {}  # and until when
        self._alarm: asyncio.TimerHandle | None = None

    def begin(self, answer: str) -> None:
        """``forget`` it afterwards."""
        self._ended[answer] = False

    def forget(self, answer: str) -> None:
        self._ended.pop(answer, None)

    async def pause(self, answer: str, until: float) -> None:
        """Up to the first step after ``until``, or to the one that ends the answer."""
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
        """What the engine has made can be pulled, and the last of those that ``ended``."""
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
        """One timer for all, which steps forestall."""
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
