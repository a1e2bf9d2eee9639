"""The loop that times every path."""

import asyncio
import itertools

import pytest

from loadtest.benchmarks.drivers.closed_loop import Answered, User, closed_loop, lasting

ANSWER = Answered(0.1, 0.2, 10, 0, 5)


async def test_every_question_is_asked_once_by_users_that_start_together() -> None:
    """Nobody gets an answer before all four have asked."""
    asked: list[str] = []
    together = asyncio.Barrier(4)

    async def user(question: str) -> Answered:
        asked.append(question)
        await together.wait()
        return ANSWER

    questions = [str(n) for n in range(12)]
    async with asyncio.timeout(60):
        done = await closed_loop([user] * 4, questions)
    assert sorted(asked) == sorted(questions)
    assert (done.users, len(done.answers)) == (4, 12)


async def test_a_user_asks_again_only_when_it_is_answered() -> None:
    running = 0

    async def user(question: str) -> Answered:
        nonlocal running
        running += 1
        assert running == 1
        await asyncio.sleep(0)
        running -= 1
        return ANSWER

    await closed_loop([user], ["a", "b", "c"])


async def test_a_user_that_fails_ends_the_pass_for_all() -> None:
    ended = asyncio.Event()

    async def waits(question: str) -> Answered:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return ANSWER

    async def fails(question: str) -> Answered:
        raise ConnectionError("gone")

    users: list[User] = [waits, fails]
    with pytest.raises(ExceptionGroup) as group:
        await closed_loop(users, ["a", "b"])
    assert group.group_contains(ConnectionError, match="gone")
    assert ended.is_set()


def test_endless_questions_end_when_their_time_is_up() -> None:
    """Counted from the first one, whenever that is asked; a second passes per look at the clock."""
    now = itertools.count(100.0)
    asked = list(lasting(10.0, map(str, itertools.count()), clock=lambda: next(now)))
    assert asked == [str(number) for number in range(10)]
