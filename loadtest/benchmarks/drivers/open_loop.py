"""An open loop: requests arrive independently of how the server copes.

A closed loop slows down with its server and so never overloads it. Here the gaps between arrivals
are drawn from an exponential distribution (a Poisson process). Each request has one user until it
ends, and one more connection is opened when all others wait for an answer.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence

from msgspec import Struct

from loadtest.benchmarks.drivers.closed_loop import Answered, User
from loadtest.benchmarks.drivers.users import AnswerFailed, Shed


class Outcome(Struct, frozen=True):
    """How one request ended. ``arrived_s`` and ``ended_s`` count from the loop's start.

    ``answered`` is None for a request that was shed, refused or still unanswered at the end.
    """

    arrived_s: float
    ended_s: float
    answered: Answered | None = None
    shed: bool = False
    error: str = ""
    unanswered: bool = False

    @property
    def lasted_s(self) -> float:
        return self.ended_s - self.arrived_s


class Crowd:
    """Connected users who are idle, and a way to connect one more."""

    def __init__(self, connect: Callable[[], Awaitable[User]]) -> None:
        self._connect = connect
        self._idle: list[User] = []

    async def gather(self, count: int) -> None:
        """Connects this many users before the measurement."""
        while len(self._idle) < count:
            self._idle.append(await self._connect())

    async def ask(self, question: str) -> Answered:
        user = self._idle.pop() if self._idle else await self._connect()
        try:
            return await user(question)
        finally:
            # Frames of an abandoned request may still arrive, so its user is not asked again.
            if not asyncio.current_task().cancelling():  # type: ignore[union-attr]
                self._idle.append(user)


def poisson(rate: float, seconds: float, chance: random.Random) -> list[float]:
    """Arrival times in ``[0, seconds)``, on average ``rate`` a second."""
    times, now = [], chance.expovariate(rate)
    while now < seconds:
        times.append(now)
        now += chance.expovariate(rate)
    return times


async def open_loop(
    ask: User, arrivals: Sequence[float], questions: Iterator[str], patience_s: float
) -> list[Outcome]:
    """The outcome of every arrival. What hangs is given up ``patience_s`` after the last one."""
    loop_started = time.perf_counter()
    outcomes: list[Outcome] = []

    async def one(question: str) -> None:
        arrived_s = time.perf_counter() - loop_started

        def ended(**what: object) -> None:
            now = time.perf_counter() - loop_started
            outcomes.append(Outcome(arrived_s, now, **what))  # type: ignore[arg-type]

        try:
            ended(answered=await ask(question))
        except Shed:
            ended(shed=True)
        except AnswerFailed as error:
            ended(error=str(error))
        except asyncio.CancelledError:
            ended(unanswered=True)
            raise

    tasks = set()
    for at in arrivals:
        # Late arrivals are not skipped. A client that falls behind sends them in a burst.
        await asyncio.sleep(max(0.0, at - (time.perf_counter() - loop_started)))
        tasks.add(asyncio.create_task(one(next(questions))))
    if tasks:
        _, hanging = await asyncio.wait(tasks, timeout=patience_s)
        for task in hanging:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return outcomes
