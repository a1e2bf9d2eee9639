"""A closed loop: each user asks the next question when the last answer has ended.

It knows nothing about any path, so the same few lines time all of them.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence

from msgspec import Struct


class Answered(Struct, frozen=True):
    """One answer as its user saw it. ``ttft_s`` is from asking to the first text.

    Tokens are the engine's own counts. ``cached_tokens`` of the prompt came from its prefix cache.
    """

    ttft_s: float
    total_s: float
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int


class Pass(Struct, frozen=True):
    """All answers of one closed loop, its wall time, and the CPU time of the users' process.

    ``turns.watched`` adds ``server_cpu_s``, of all of the server's processes, and ``others_cores``,
    which everything outside the comparison kept busy meanwhile.
    """

    users: int
    answers: list[Answered]
    wall_s: float
    cpu_s: float
    server_cpu_s: float = 0.0
    others_cores: float = 0.0

    @property
    def tokens_per_s(self) -> float:
        return sum(answer.completion_tokens for answer in self.answers) / self.wall_s


User = Callable[[str], Awaitable[Answered]]


async def closed_loop(users: Sequence[User], questions: Iterable[str]) -> Pass:
    """Shares ``questions`` among ``users``, all of whom start at once.

    Raises what the first failing user raised; the others are cancelled.
    """
    left = iter(questions)
    answers: list[Answered] = []

    async def ask(user: User) -> None:
        answers.extend([await user(question) for question in left])

    cpu, started = time.process_time(), time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for user in users:
            group.create_task(ask(user))
    wall_s = time.perf_counter() - started
    return Pass(len(users), answers, wall_s, time.process_time() - cpu)


def lasting(
    seconds: float, questions: Iterable[str], clock: Callable[[], float] = time.perf_counter
) -> Iterator[str]:
    """``questions`` until ``seconds`` after the first one. Answers under way may still end."""
    ends: float | None = None
    for question in questions:
        ends = clock() + seconds if ends is None else ends
        if clock() > ends:
            return
        yield question
