"""When paused answers go on, on a real event loop."""

import asyncio

import pytest

from backend.generators import pacing
from backend.generators.pacing import Pacing
from tests.fixtures.loop import settled

AGES = 60.0


def now() -> float:
    return asyncio.get_running_loop().time()


async def paused(pacing: Pacing, answer: str, for_s: float) -> asyncio.Task[None]:
    pacing.begin(answer)
    task = asyncio.create_task(pacing.pause(answer, now() + for_s))
    await asyncio.sleep(0)
    return task


@pytest.fixture
def steps_alone(monkeypatch):
    """The engine is never late."""
    monkeypatch.setattr(pacing, "LATE_S", AGES)


async def test_a_step_lets_all_go_on_whose_pause_is_over_and_no_other(steps_alone) -> None:
    steps = Pacing()
    over = [await paused(steps, name, 0) for name in "ab"]
    early = await paused(steps, "c", AGES)
    await settled()
    assert not any(task.done() for task in over)
    steps.step()
    await asyncio.gather(*over)
    assert not early.done()
    early.cancel()


async def test_who_has_ended_does_not_wait_for_its_pause(steps_alone) -> None:
    steps = Pacing()
    waiting = await paused(steps, "a", AGES)
    steps.step(ended=["a", "unknown"])
    await waiting
    await steps.pause("a", now() + AGES)  # nor when it pauses after that


async def test_where_no_step_comes_the_pause_ends_a_little_later() -> None:
    steps = Pacing()
    began = now()
    long = await paused(steps, "long", AGES)
    await (await paused(steps, "short", 0.01))
    assert pacing.LATE_S < now() - began < 1
    await (await paused(steps, "again", 0.01))  # though another still waits
    assert not long.done()
    long.cancel()


async def test_one_that_is_cancelled_is_left_alone(steps_alone) -> None:
    steps = Pacing()
    gone, stays = await paused(steps, "gone", 0), await paused(steps, "stays", 0)
    gone.cancel()
    steps.step(ended=["gone"])
    await stays
    with pytest.raises(asyncio.CancelledError):
        await gone
    steps.forget("gone")
    steps.forget("gone")
